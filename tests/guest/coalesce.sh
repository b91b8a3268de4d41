#!/bin/bash
# ethtool -C: moderation and adaptive moderation, and what is refused.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

setup()
{
	mynic_only
	fresh
}

# coal NAME: a value as ethtool -c tells it.
coal()
{
	ethtool -c "$nic" | awk -v n="$1:" '$1 == n { print $2 }'
}

adaptive()
{
	ethtool -c "$nic" | grep '^Adaptive'
}

values()
{
	echo "$(coal rx-usecs) $(coal rx-frames) $(coal tx-usecs) $(coal \
		tx-frames)"
}

# Interrupts of all the channels of the interface so far.
interrupts()
{
	awk -v n="$nic" '$NF ~ n { for (i = 2; $i ~ /^[0-9]+$/; i++) t += $i }
		END { print t + 0 }' /proc/interrupts
}

B5_values_are_set_and_told()
{
	setup
	ethtool -C "$nic" adaptive-rx off adaptive-tx off
	ethtool -C "$nic" rx-usecs 50 rx-frames 16 tx-usecs 100 tx-frames 32
	eq "$(values)" "50 16 100 32" "moderation"
	send_checked 4
	receive_checked 4
	ethtool -C "$nic" rx-usecs 0 rx-frames 0 tx-usecs 0 tx-frames 0
	eq "$(values)" "0 0 0 0" "moderation"
	send_checked 4
	receive_checked 4
}

B5_largest_values_work()
{
	setup
	ethtool -C "$nic" adaptive-rx off adaptive-tx off
	ethtool -C "$nic" rx-usecs 10000 tx-usecs 10000
	ping -nq -c 3 -i 0.2 -W 5 "$HOST4"
	send_checked 4
}

B5_moderation_makes_fewer_interrupts()
{
	setup
	local without with sent
	ethtool -C "$nic" adaptive-rx off adaptive-tx off
	ethtool -C "$nic" rx-usecs 0 rx-frames 0 tx-usecs 0 tx-frames 0
	sent=$(interrupts)
	ping -nqf -c 600 "$HOST4"
	without=$(($(interrupts) - sent))
	ge "$without" 300 "interrupts without moderation"
	# A flood of pings waits for each answer: so does its interrupt.
	ethtool -C "$nic" rx-usecs 5000 tx-usecs 5000
	sent=$(interrupts)
	burst 1000 1000 600
	with=$(($(interrupts) - sent))
	le "$with" 300 "interrupts of 600 packets with moderation"
}

B5_frames_end_the_wait()
{
	setup
	local t0
	ethtool -C "$nic" adaptive-rx off adaptive-tx off
	# Ten milliseconds each way, unless the first packet is enough.
	ethtool -C "$nic" rx-usecs 10000 rx-frames 1
	t0=$(date +%s%N)
	ping -nqf -c 100 "$HOST4"
	le $((($(date +%s%N) - t0) / 1000000)) 900 \
		"milliseconds of 100 pings that do not wait"
}

B5_adaptive_moderation_is_switched_and_traffic_goes_on()
{
	setup
	stir
	local on
	for on in on off on; do
		ethtool -C "$nic" adaptive-rx "$on" adaptive-tx "$on"
		match "$(adaptive)" "RX: $on +TX: $on" "adaptive"
		flows_live
	done
}

B5_channels_have_values_of_their_own()
{
	setup
	need_queues 2
	ethtool -L "$nic" combined 2
	ethtool -C "$nic" adaptive-rx off adaptive-tx off
	ethtool -Q "$nic" queue_mask 0x2 --coalesce rx-usecs 77
	match "$(ethtool -Q "$nic" queue_mask 0x2 --show-coalesce)" \
		'rx-usecs: +77' "queue 1"
	no_match "$(ethtool -Q "$nic" queue_mask 0x1 --show-coalesce)" \
		'rx-usecs: +77' "queue 0"
	reach
}

B5_values_survive_down_and_up_and_channels()
{
	setup
	ethtool -C "$nic" adaptive-rx off adaptive-tx off
	ethtool -C "$nic" rx-usecs 60 tx-usecs 70
	ip link set "$nic" down
	addresses
	ethtool -L "$nic" combined 1
	ethtool -L "$nic" combined "$(max_queues)"
	eq "$(coal rx-usecs) $(coal tx-usecs)" "60 70" "moderation"
}

B5_values_out_of_range_are_refused_and_nothing_changes()
{
	setup
	local before
	ethtool -C "$nic" adaptive-rx off adaptive-tx off
	ethtool -C "$nic" rx-usecs 20 tx-usecs 30
	before=$(values)
	refused 'usecs|at most|exceed' \
		ethtool -C "$nic" rx-usecs 10001
	refused 'usecs|at most|exceed' \
		ethtool -C "$nic" tx-usecs 100000
	refused 'frames|at most|exceed' \
		ethtool -C "$nic" rx-frames 70000
	eq "$(values)" "$before" "moderation"
}

B5_unsupported_parameters_are_refused()
{
	setup
	local before parameter
	before=$(values)
	for parameter in rx-usecs-irq tx-frames-irq rx-usecs-low pkt-rate-high \
			 stats-block-usecs sample-interval; do
		refused 'support' ethtool -C "$nic" "$parameter" 10
	done
	eq "$(values)" "$before" "moderation"
}

B5_bad_values_of_one_queue_are_refused()
{
	setup
	mynic_only
	local before n
	n=$(queues)
	before=$(ethtool --per-queue "$nic" --show-coalesce)
	# ethtool complains, and ends with 0.
	ethtool --per-queue "$nic" queue_mask 0x1 --coalesce rx-usecs 20000 || :
	wait_for 5 "the reason" kernel_said 'usecs 20000: must be 0 to 10000'
	ethtool --per-queue "$nic" queue_mask "$(printf '0x%x' $((1 << n)))" \
		--coalesce rx-usecs 2 || :
	wait_for 5 "the reason" kernel_said "queue $n: there are $n"
	eq "$(ethtool --per-queue "$nic" --show-coalesce)" "$before" "moderation"
}

run_cases
