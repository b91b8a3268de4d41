#!/bin/bash
# Full transmit rings: stop and wake with BQL, no busy, no stall.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

# busy: what ndo_start_xmit gave back as NETDEV_TX_BUSY, so far.
busy()
{
	ethtool -S "$nic" | awk '$1 ~ /busy/ { n += $2 } END { print n + 0 }'
}

# flood SECONDS: small UDP packets as fast as the stack gives them.
flood()
{
	iperf "$1" -u -b 0 -l 64 -P 4 >/dev/null
}

B8_a_flood_stops_and_wakes_queues_and_none_is_busy()
{
	mynic_only
	fresh
	local stop wake
	# The smallest ring that is taken fills soon.
	ethtool -L "$nic" combined 1
	smallest_tx_ring
	ethtool -K "$nic" tso off gso off
	stop=$(sum "$(per_queue tx-stop)")
	wake=$(sum "$(per_queue tx-wake)")
	bql_off
	flood 2s
	ge $(($(sum "$(per_queue tx-stop)") - stop)) 1 "stops"
	wait_for 10 "a wake for each stop" woken_all
	ge $(($(sum "$(per_queue tx-wake)") - wake)) 1 "wakes"
	eq "$(busy)" 0 "packets given back as busy"
	reach
}

smallest_tx_ring()
{
	local n
	for ((n = 2; n < 1024; n *= 2)); do
		! ethtool -G "$nic" tx "$n" 2>/dev/null || break
	done
}

# No stop without a wake.  The other way round there may be: poll wakes a queue
# that xmit has stopped, and xmit, which looks once more, finds room and counts
# no stop.
woken_all()
{
	[ "$(sum "$(per_queue tx-stop)")" -le "$(sum "$(per_queue tx-wake)")" ]
}

# bql_off: lets the ring fill instead of the byte limit.
bql_off()
{
	local limit
	for limit in "/sys/class/net/$nic/queues/"tx-*/byte_queue_limits; do
		echo max >"$limit/limit_min"
	done
}

B8_a_flood_over_all_queues_does_not_stall()
{
	fresh
	[ "$(max_queues)" -eq 1 ] || ethtool -L "$nic" combined "$(max_queues)"
	flood 2s
	reach
	send_checked 4
	eq "$(busy)" 0 "packets given back as busy"
}

B8_BQL_follows_what_is_in_flight()
{
	fresh
	local dir=/sys/class/net/$nic/queues/tx-0/byte_queue_limits
	[ -d "$dir" ] || skip "this kernel has no BQL"
	[ "$DRIVER" != virtio_net ] || skip "virtio_net uses no BQL by default"
	[ "$(queues)" -eq 1 ] || ethtool -L "$nic" combined 1
	iperf 20M >/dev/null
	wait_for 10 "nothing in flight" grep -qx 0 "$dir/inflight"
	ge "$(cat "$dir/limit")" 1500 "limit that BQL found"
}

B8_BQL_is_reset_by_down_and_up()
{
	mynic_only
	fresh
	local i queue
	stir
	for i in 1 2 3; do
		ethtool -G "$nic" tx $((256 << i))
	done
	flows_live
	stir_end
	ip link set "$nic" down
	for queue in "/sys/class/net/$nic/queues/"tx-*; do
		eq "$(cat "$queue/byte_queue_limits/inflight")" 0 \
			"bytes in flight of ${queue##*/} while down"
	done
	addresses
}

B8_no_stall_with_qdisc_and_xmit_more()
{
	fresh
	[ "$(queues)" -eq 1 ] || ethtool -L "$nic" combined 1
	# Two queues of the stack on one ring, and packets by the burst.
	tc qdisc replace dev "$nic" root fq
	defer tc qdisc del dev "$nic" root
	flood 1s
	send_checked 4
	iperf 1s -P 8 >/dev/null
	no_match "$(tc -s qdisc show dev "$nic")" 'requeues [1-9][0-9]{4,}' \
		"requeues"
}

B8_pktgen_in_bursts_does_not_stall()
{
	fresh
	modprobe pktgen || skip "this kernel has no pktgen"
	defer rmmod pktgen
	local thread=/proc/net/pktgen/kpktgend_0 dev=/proc/net/pktgen/$nic
	echo "add_device $nic" >"$thread"
	printf '%s\n' "count 20000" "burst 8" "pkt_size 60" "delay 0" |
	while read -r line; do
		echo "$line" >"$dev"
	done
	echo "dst_mac 02:00:00:00:00:02" >"$dev"
	echo "dst $HOST4" >"$dev"
	local before
	before=$(counter tx_packets)
	echo start >/proc/net/pktgen/pgctrl
	match "$(cat "$dev")" 'Result: OK' "pktgen"
	wait_for 10 "20000 packets" holds \
		"\$(counter tx_packets) - $before >= 20000"
	reach
}

B8_traffic_without_a_reader_at_the_peer_does_not_stall()
{
	fresh
	# The tap is down: the host takes nothing, or drops all.
	peer ip link set "$peer_if" down
	defer peer ip link set "$peer_if" up
	peer_sh ':'
	emit 5000 "020000000002 020000000001 88b5+60"
	peer ip link set "$peer_if" up
	peer ip address replace "$HOST6/64" dev "$peer_if" nodad
	wait_for 20 "an answer" reach
}

run_cases
