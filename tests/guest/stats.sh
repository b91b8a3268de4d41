#!/bin/bash
# Counters: ethtool -S, netlink per queue, standard groups; they add up and stay.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

# proc_dev FIELD: of /proc/net/dev; 2 bytes, 3 packets received, 10, 11 sent.
proc_dev()
{
	tr ':' ' ' </proc/net/dev | awk -v n="$nic" -v f="$1" '
		$1 == n { print $f }'
}

# What all queues say together, in the order of interface().
totals()
{
	genl qstats "$nic" | awk '
		{
			for (i = 3; i <= NF; i++)
				if (split($i, a, "=") == 2)
					n[a[1]] += a[2]
		}
		END {
			print n["rx-packets"], n["tx-packets"], n["rx-bytes"],
				n["tx-bytes"]
		}'
}

interface()
{
	echo "$(counter rx_packets) $(counter tx_packets) $(counter \
		rx_bytes) $(counter tx_bytes)"
}

# quiet: until two readings in a row agree.
quiet()
{
	local one
	one=$(interface)
	sleep 0.2
	[ "$(interface)" = "$one" ]
}

D1_queues_add_up_to_the_interface()
{
	mynic_only
	fresh
	ethtool -L "$nic" combined "$(max_queues)"
	# What came before is in the history of rings that are gone.
	wait_for 30 "quiet" readings
	local queues all
	queues=$(<"$CASE_DIR/queues")
	all=$(<"$CASE_DIR/all")
	iperf 1s -P 4 >/dev/null
	iperf 1s -P 4 -R >/dev/null
	# Stray IPv6 chatter may come in between two readings.
	wait_for 30 "totals of queues and interface that agree" \
		totals_agree "$queues" "$all"
}

# readings: of all queues, and of the interface, of one moment.
readings()
{
	interface >"$CASE_DIR/all"
	totals >"$CASE_DIR/queues"
	[ "$(interface)" = "$(<"$CASE_DIR/all")" ]
}

totals_agree()
{
	readings &&
		[ "$(minus "$(<"$CASE_DIR/queues")" "$1")" = \
		  "$(minus "$(<"$CASE_DIR/all")" "$2")" ]
}

D1_interface_agrees_with_proc_net_dev()
{
	addresses
	wait_for 20 "/proc/net/dev that agrees" proc_agrees
}

proc_agrees()
{
	[ "$(proc_dev 3) $(proc_dev 11) $(proc_dev 2) $(proc_dev 10)" = \
	  "$(interface)" ]
}

D1_packets_are_counted_one_by_one()
{
	fresh
	local before got
	wait_for 20 "quiet" quiet
	before=$(counter rx_packets)
	inject 100 "$(mac_of "$nic") 020000000001 88b5+100"
	wait_for 10 "100 packets" holds \
		"\$(counter rx_packets) - $before >= 100"
	got=$(($(counter rx_packets) - before))
	le "$got" 110 "packets counted for 100"
	before=$(counter tx_packets)
	emit 100 "020000000002 020000000001 88b5+60"
	wait_for 10 "100 packets sent" holds \
		"\$(counter tx_packets) - $before >= 100"
	le $(($(counter tx_packets) - before)) 110 "packets counted for 100"
}

# Of 5 MB there are at most 1460 bytes in each packet of the wire.
D1_packets_are_those_of_the_wire()
{
	mynic_only
	fresh
	local before
	before=$(counter tx_packets)
	iperf 5M >/dev/null
	wait_for 10 "the segments of what was sent" holds \
		"\$(counter tx_packets) - $before >= 5 * 1024 * 1024 / 1460"
	before=$(counter rx_packets)
	iperf 5M -R >/dev/null
	ge "$(hw port_rx_gro_packets)" 1 "merged packets"
	wait_for 10 "the segments of what was received" holds \
		"\$(counter rx_packets) - $before >= 5 * 1024 * 1024 / 1460"
}

D1_bytes_are_those_of_the_frames()
{
	mynic_only
	fresh
	ethtool -K "$nic" gro off rx-gro-hw off
	local packets bytes
	wait_for 20 "quiet" quiet
	packets=$(counter rx_packets)
	bytes=$(counter rx_bytes)
	inject 10 "$(mac_of "$nic") 020000000001 88b5+1000"
	wait_for 10 "10 packets" holds "\$(counter rx_packets) - $packets >= 10"
	ge $(($(counter rx_bytes) - bytes)) 10000 "bytes of 10 packets of 1000"
	le $(($(counter rx_bytes) - bytes)) 11000 "bytes of 10 packets of 1000"
}

D1_ethtool_S_has_counters_of_each_queue_and_the_port()
{
	mynic_only
	fresh
	ethtool -L "$nic" combined "$(max_queues)"
	local names q
	names=$(ethtool -S "$nic" | awk '{ print $1 }')
	for q in $(seq 0 $(($(max_queues) - 1))); do
		match "$names" "rx_?(queue_?)?${q}_packets:" "queue $q"
		match "$names" "tx_?(queue_?)?${q}_packets:" "queue $q"
		match "$names" "tx_?(queue_?)?${q}_.*stop" "queue $q"
		match "$names" "tx_?(queue_?)?${q}_.*wake" "queue $q"
	done
	match "$names" 'port_rx_drop_filter:' "the port"
	eq "$(sort <<<"$names" | uniq -d)" "" "names that occur twice"
}

D1_ethtool_S_agrees_with_netlink()
{
	mynic_only
	fresh
	iperf 5M >/dev/null
	wait_for 20 "the same counts" same_counts
}

same_counts()
{
	local s
	s=$(ethtool -S "$nic" | awk '
		$1 ~ /^rx_?(queue_?)?[0-9]+_packets:$/ { n += $2 }
		END { print n }')
	[ "$s" = "$(sum "$(qstats rx-packets)")" ]
}

D1_netlink_tells_stop_and_wake_and_offloads()
{
	mynic_only
	fresh
	local out
	out=$(genl qstats "$nic")
	match "$out" '^tx 0 .*tx-stop=[0-9]+ .*tx-wake=[0-9]+' "transmit"
	match "$out" '^tx 0 .*tx-needs-csum=' "transmit"
	match "$out" '^tx 0 .*tx-hw-gso-packets=' "transmit"
	match "$out" '^rx 0 .*rx-alloc-fail=' "receive"
	match "$out" '^rx 0 .*rx-csum-unnecessary=' "receive"
	match "$out" '^rx 0 .*rx-hw-gro-packets=' "receive"
}

D1_standard_groups_MAC_and_RMON()
{
	mynic_only
	fresh
	iperf 5M >/dev/null
	local out
	out=$(ethtool -S "$nic" --groups eth-mac rmon)
	match "$out" 'eth-mac-FramesTransmittedOK: [1-9]' "MAC group"
	match "$out" 'eth-mac-FramesReceivedOK: [1-9]' "MAC group"
	match "$out" 'rmon-etherStatsPkts.*Octets: [0-9]' "RMON group"
}

D1_multicast_is_counted()
{
	fresh
	local before
	before=$(counter multicast)
	inject 10 "333300000001 020000000001 88b5+64"
	wait_for 10 "10 multicast packets" holds \
		"\$(counter multicast) - $before >= 10"
}

D1_counters_survive_down_and_up()
{
	fresh
	iperf 5M >/dev/null
	local before i
	wait_for 20 "quiet" quiet
	before=$(interface)
	ip link set "$nic" down
	eq "$(busy_queues "$(minus "$before" "$(interface)")" 1)" 0 \
		"counters that fell while down"
	addresses
	eq "$(busy_queues "$(minus "$before" "$(interface)")" 1)" 0 \
		"counters that fell"
	for i in 1 2 3; do
		ip link set "$nic" down
		ip link set "$nic" up
	done
	eq "$(busy_queues "$(minus "$before" "$(interface)")" 1)" 0 \
		"counters that fell"
}

D1_counters_never_fall_under_reconfiguration()
{
	mynic_only
	fresh
	stir
	local before i now
	before=$(interface)
	for i in 1 2 3 4; do
		ethtool -L "$nic" combined $((i % $(max_queues) + 1))
		ethtool -G "$nic" rx $((256 << i % 2))
		now=$(interface)
		eq "$(busy_queues "$(minus "$before" "$now")" 1)" 0 \
			"counters that fell from $before to $now"
		before=$now
	done
}

D1_reading_counters_while_down_and_while_changing()
{
	fresh
	ip link set "$nic" down
	ethtool -S "$nic" >/dev/null
	genl qstats "$nic" >/dev/null
	addresses
	(
		for _ in $(seq 4); do
			ethtool -S "$nic" >/dev/null
			genl qstats "$nic" >/dev/null
		done
	) &
	local reader=$!
	while kill -0 "$reader" 2>/dev/null; do
		ip link set "$nic" down
		ip link set "$nic" up
	done
	wait "$reader"
	addresses
}

of_the_device D1_queues_add_up_to_the_interface \
	D1_packets_are_counted_one_by_one
run_cases
