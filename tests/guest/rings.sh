#!/bin/bash
# ethtool -G: ring sizes under traffic, and what is refused.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

# ring RX|TX [Pre-set]: current or largest size.
ring()
{
	ethtool -g "$nic" | awk -v what="$1:" -v part="${2:-Current}" '
		/^Pre-set/ { p = "Pre-set" }
		/^Current/ { p = "Current" }
		p == part && $1 == what { print $2 }'
}

setup()
{
	fresh
	[ "$DRIVER" != virtio_net ] || skip "virtio_net cannot grow its rings"
}

sizes_are()
{
	eq "$(ring RX) $(ring TX)" "$1 $2" "sizes of the rings"
}

B5_sizes_are_told()
{
	setup
	ge "$(ring RX Pre-set)" "$(ring RX)" "largest receive ring"
	ge "$(ring TX Pre-set)" "$(ring TX)" "largest transmit ring"
}

B5_sizes_change_and_traffic_goes_on()
{
	setup
	local max
	max=$(ring RX Pre-set)
	ethtool -G "$nic" rx "$max" tx "$(ring TX Pre-set)"
	sizes_are "$max" "$(ring TX Pre-set)"
	send_checked 4
	receive_checked 4
	ethtool -G "$nic" rx 256 tx 256
	sizes_are 256 256
	send_checked 4
	receive_checked 4
}

B5_smallest_sizes_work()
{
	mynic_only
	setup
	local rx tx n
	# From below, the first power of two that is taken.
	for ((rx = 2; rx < 1024; rx *= 2)); do
		! ethtool -G "$nic" rx "$rx" 2>/dev/null || break
	done
	for ((tx = 2; tx < 1024; tx *= 2)); do
		! ethtool -G "$nic" tx "$tx" 2>/dev/null || break
	done
	sizes_are "$rx" "$tx"
	ethtool -L "$nic" combined 1
	for n in 1 2; do
		send_checked 4
		receive_checked 4
	done
	send_checked 6
}

B5_sizes_change_under_traffic_without_losing_flows()
{
	setup
	stir
	local n
	for n in 128 2048 256 1024; do
		ethtool -G "$nic" rx "$n" tx "$n"
		carrier 1 || fail "no carrier"
		flows_live
	done
}

B5_one_receive_queue_restarts_under_traffic()
{
	mynic_only
	fresh
	need_queues 2
	local i
	[ -e "$RX_RESTART_MODULE" ] || skip "this kernel does not do it"
	ethtool -L "$nic" combined 2
	insmod "$RX_RESTART_MODULE"
	defer rmmod rx_restart
	stir
	for i in $(seq 20); do
		echo "$nic $((i % 2))" \
			>/sys/module/rx_restart/parameters/restart
	done
	carrier 1
	flows_live
	eq "$(hw reset_queue_error) $(hw reset_admin_error)" "0 0" "resets"
	receive_checked 4
	# Down, there is no ring to exchange.
	ip link set "$nic" down
	echo "$nic 0" >/sys/module/rx_restart/parameters/restart || :
	addresses
	receive_checked 4
}

B5_sizes_that_are_no_power_of_two_are_refused()
{
	mynic_only
	setup
	local rx tx
	rx=$(ring RX)
	tx=$(ring TX)
	refused 'power of two|power of 2' ethtool -G "$nic" rx 1000
	refused 'power of two|power of 2' ethtool -G "$nic" tx 257
	sizes_are "$rx" "$tx"
	reach
}

B5_sizes_too_small_or_too_large_are_refused()
{
	mynic_only
	setup
	local rx tx n
	rx=$(ring RX)
	tx=$(ring TX)
	for n in 0 1 2; do
		refused "rx ring $n: needs a power of two" \
			ethtool -G "$nic" rx $n
		refused "tx ring $n: needs a power of two" \
			ethtool -G "$nic" tx $n
	done
	refused 'exceeds maximum' \
		ethtool -G "$nic" rx $((2 * $(ring RX Pre-set)))
	refused 'exceeds maximum' \
		ethtool -G "$nic" tx $((2 * $(ring TX Pre-set)))
	sizes_are "$rx" "$tx"
	reach
}

B5_a_transmit_ring_below_the_worst_packet_is_refused()
{
	mynic_only
	setup
	# A packet of 64 KiB may take MAX_SKB_FRAGS + 3 slots, and there is to be
	# room for another one.
	refused 'tx ring 32: needs a power of two, 64 to' \
		ethtool -G "$nic" tx 32
	ethtool -G "$nic" tx 64
	send_checked 4
}

B5_a_receive_ring_below_the_worst_packet_is_refused_with_jumbo()
{
	mynic_only
	setup
	ip link set "$nic" mtu 9000
	refused 'rx ring 32: needs a power of two, 64 to' \
		ethtool -G "$nic" rx 32
	ethtool -G "$nic" rx 64
	receive_checked 4
}

# available: KiB of memory, as the kernel thinks.
available()
{
	awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo
}

# At 4096 buffers a queue has 16 MiB of them, and the old ones are there until
# the new ones are.
B5_rings_for_which_there_is_no_memory_kill_nobody()
{
	mynic_only
	fresh
	local known size mib eaten=$CASE_DIR/eaten huge=/proc/sys/vm/nr_hugepages
	size=$(ring RX)
	ethtool -L "$nic" combined "$(max_queues)"
	known=$(ethtool -g "$nic")
	# Huge pages are taken without being cleared, files to the byte.
	defer eval "echo 0 >$huge"
	echo $((($(available) / 1024 - 128) / 2)) >"$huge"
	mkdir "$eaten"
	mount -t tmpfs -o size=100% eaten "$eaten"
	defer umount "$eaten"
	mib=$(($(available) / 1024 - 64))
	[ "$mib" -gt 0 ] || mib=1
	fallocate -l "${mib}M" "$eaten/all"
	# There is more than the kernel thinks; what there was room for just
	# now there is room to eat a part of.
	while ethtool -G "$nic" rx 4096 2>"$CASE_DIR/said"; do
		ethtool -G "$nic" rx "$size"
		mib=$((mib + 16))
		fallocate -l "${mib}M" "$eaten/all"
	done
	grep -q 'allocate memory' "$CASE_DIR/said" || fail "$(<"$CASE_DIR/said")"
	! dmesg | grep -i 'oom' || fail "processes were killed for it"
	eq "$(ethtool -g "$nic")" "$known" "sizes"
	reach
	rm "$eaten/all"
	echo 0 >"$huge"
	ethtool -G "$nic" rx 4096
	reach
}

B5_header_split_and_other_rings_are_refused()
{
	mynic_only
	setup
	refused 'support|exceed|maximum|invalid' \
		ethtool -G "$nic" rx-jumbo 64
	refused 'support|exceed|maximum|invalid' \
		ethtool -G "$nic" tcp-data-split on
	reach
}

B5_sizes_change_while_down_and_survive_up()
{
	setup
	ip link set "$nic" down
	ethtool -G "$nic" rx 512 tx 256
	addresses
	sizes_are 512 256
	send_checked 4
	receive_checked 4
	ip link set "$nic" down
	addresses
	sizes_are 512 256
}

B5_sizes_and_channels_and_mtu_together()
{
	mynic_only
	setup
	stir
	ethtool -L "$nic" combined 1
	ethtool -G "$nic" rx 256 tx 512
	ip link set "$nic" mtu 3000
	ethtool -L "$nic" combined "$(max_queues)"
	sizes_are 256 512
	eq "$(cat "/sys/class/net/$nic/mtu")" 3000 "MTU"
	ip link set "$nic" mtu 1500
	flows_live
}

run_cases
