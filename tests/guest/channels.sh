#!/bin/bash
# ethtool -L: fewer and more channels under traffic, and what is refused.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

setup()
{
	fresh
	need_queues 2
}

# all_used: with as many flows, every one of the queues in use gets packets.
all_used()
{
	local before got n
	n=$(queues)
	before=$(per_queue rx-packets)
	burst 10000 10255 1
	wait_for 20 "256 packets" received_since "$before" 256
	got=$(minus "$(per_queue rx-packets)" "$before")
	eq "$(busy_queues "$got" 1)" "$n" "busy receive queues of $got"
}

received_since()
{
	[ "$(sum "$(minus "$(per_queue rx-packets)" "$1")")" -ge "$2" ]
}

A8_every_number_of_channels_works()
{
	setup
	local n
	for n in $(seq "$(max_queues)") 1 "$(max_queues)"; do
		ethtool -L "$nic" combined "$n"
		eq "$(queues)" "$n" "channels"
		all_used
	done
}

A8_channels_change_under_traffic_without_losing_flows_or_link()
{
	setup
	ethtool -L "$nic" combined "$(max_queues)"
	stir
	local n events=$CASE_DIR/events
	link_events "$events"
	for n in 1 "$(max_queues)" 2; do
		ethtool -L "$nic" combined "$n"
		eq "$(queues)" "$n" "channels"
		carrier 1 || fail "no carrier after -L $n"
		flows_live
	done
	! grep -q 'NO-CARRIER\|state DOWN' "$events" ||
		fail "the link went away: $(grep -m 1 NO-CARRIER "$events")"
}

A8_channels_change_many_times_under_traffic()
{
	setup
	stir
	local i max
	max=$(max_queues)
	for i in $(seq 12); do
		ethtool -L "$nic" combined $((i % max + 1)) ||
			[ $((i % max + 1)) = "$(queues)" ]
	done
	flows_live
}

A8_channels_change_while_down()
{
	setup
	ethtool -L "$nic" combined "$(max_queues)"
	ip link set "$nic" down
	ethtool -L "$nic" combined 1
	addresses
	eq "$(queues)" 1 "channels"
	ip link set "$nic" down
	ethtool -L "$nic" combined 2
	addresses
	eq "$(queues)" 2 "channels"
	all_used
}

A8_channels_survive_down_and_up()
{
	setup
	ethtool -L "$nic" combined "$(max_queues)"
	ip link set "$nic" down
	addresses
	eq "$(queues)" "$(max_queues)" "channels"
	all_used
}

A8_channels_beyond_the_limit_are_refused_and_nothing_changes()
{
	setup
	local n
	n=$(queues)
	refused 'exceed|maximum' \
		ethtool -L "$nic" combined $(($(max_queues) + 1))
	refused 'exceed|maximum' ethtool -L "$nic" combined 65535
	refused 'no RX or TX|must be|at least' ethtool -L "$nic" combined 0
	eq "$(queues)" "$n" "channels"
	all_used
}

A8_separate_channels_are_refused()
{
	setup
	refused 'exceed|maximum' ethtool -L "$nic" rx 1 tx 1 combined 1
	refused 'exceed|maximum' ethtool -L "$nic" other 5
	reach
}

A8_counters_survive_a_change_of_channels()
{
	setup
	ethtool -L "$nic" combined "$(max_queues)"
	iperf 1s -P 4 >/dev/null
	local rx tx
	rx=$(counter rx_packets)
	tx=$(counter tx_packets)
	ethtool -L "$nic" combined 1
	ge "$(counter rx_packets)" "$rx" "packets received"
	ge "$(counter tx_packets)" "$tx" "packets sent"
	ethtool -L "$nic" combined "$(max_queues)"
	ge "$(counter rx_packets)" "$rx" "packets received"
	ge "$(counter tx_packets)" "$tx" "packets sent"
}

A8_interrupts_follow_the_channels()
{
	mynic_only
	setup
	ethtool -L "$nic" combined 1
	local few
	few=$(grep -c "$nic" /proc/interrupts)
	ethtool -L "$nic" combined "$(max_queues)"
	eq "$(grep -c "$nic" /proc/interrupts)" \
		$((few + $(max_queues) - 1)) "interrupts of the interface"
}

of_the_device A8_every_number_of_channels_works
run_cases
