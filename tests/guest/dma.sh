#!/bin/bash
# DMA where memory for it is short: bounce buffers, a narrow mask, no mapping.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In a guest whose DMA all goes through bounce buffers (swiotlb=force) of 32 MiB.

. "$(dirname "$0")/lib.sh"

setup()
{
	mynic_only
	fresh
	find_nic dut
	[ -d "$SWIOTLB" ] || skip "this guest has no bounce buffers"
	ethtool -L "$nic" combined 1
}

SWIOTLB=/sys/kernel/debug/swiotlb

# Bounce buffers that are free, in slots of 2 KiB.
free_slots()
{
	local all used
	read -r all <"$SWIOTLB/io_tlb_nslabs"
	read -r used <"$SWIOTLB/io_tlb_used"
	echo $((all - used))
}

settings()
{
	ethtool -g "$nic" | awk '/^Current/ { now = 1 }
		now && /^[RT]X:/ { print $2 }'
	queues
	cat "/sys/class/net/$nic/mtu"
}

contents()
{
	send_checked 4
	receive_checked 4
	send_checked 6
	receive_checked 6
}

B2_contents_through_bounce_buffers()
{
	local before
	setup
	before=$(free_slots)
	ge $((16384 - before)) 2048 "slots in use for a ring of 4 MiB"
	contents
}

B2_mask_of_32_bits()
{
	setup
	rmmod mynic
	insmod "$MASK32_MODULE"
	defer _load
	defer rmmod mynic
	present
	eq "$(<"/sys/bus/pci/devices/$pci/dma_mask_bits")" 32 "bits of the mask"
	contents
}

# A queue of the largest ring has 16 MiB of buffers.
B5_no_memory_for_new_rings_leaves_the_old_ones()
{
	local known

	setup
	ethtool -L "$nic" combined "$(max_queues)"
	stir
	known=$(settings)
	refused 'allocate memory' ethtool -G "$nic" rx 4096
	eq "$(settings)" "$known" "settings"
	flows_live
	ethtool -L "$nic" combined 1
	ethtool -G "$nic" rx 4096
	known=$(settings)
	refused 'allocate memory' ethtool -L "$nic" combined "$(max_queues)"
	eq "$(settings)" "$known" "settings"
	refused 'allocate memory' ip link set "$nic" mtu 9000
	eq "$(settings)" "$known" "settings"
	carrier 1
	flows_live
	contents
}

dropped()
{
	ethtool -S "$nic" | awk '$1 ~ /^tx[0-9]+_drop_map:$/ { n += $2 }
		END { print n + 0 }'
}

B2_packets_that_cannot_be_mapped_are_dropped_and_counted()
{
	local before wmem dut free

	kernel_may_say 'mynic .*(tx_timeout|NETDEV WATCHDOG)'
	setup
	dut=$nic
	ip link set "$nic" down
	free=$(free_slots)
	addresses
	ethtool -G "$nic" rx 4096 tx 4096
	# Another card takes 12 MiB, so that 4 are left.
	find_nic cable
	ethtool -L "$nic" combined 3
	ip link set "$nic" up
	defer ip link set "$nic" down
	find_nic dut
	eq "$nic" "$dut" "interface"
	before=$(dropped)
	# The queue takes what it can, and nothing is given back.
	wmem=$(sysctl -n net.core.wmem_max)
	sysctl -qw net.core.wmem_max=32000000
	defer sysctl -qw "net.core.wmem_max=$wmem"
	echo 100000000 >"/sys/class/net/$nic/queues/tx-0/byte_queue_limits/limit_min"
	setpci -s "$pci" COMMAND=0:4
	head -c 12000000 /dev/zero | timeout 4 socat -u -b 60000 STDIN \
		"UDP4-SENDTO:$HOST4:6100,sndbuf=32000000,setsockopt-int=17:103:1400" || :
	setpci -s "$pci" COMMAND=4:4
	wait_for 30 "an answer" reach
	ge $(($(dropped) - before)) 1 "packets that could not be mapped"
	find_nic cable
	ip link set "$nic" down
	find_nic dut
	contents
	ip link set "$nic" down
	wait_for 10 "bounce buffers given back" holds \
		"\$(free_slots) == $free"
}

run_cases
