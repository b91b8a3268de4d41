#!/bin/bash
# Traffic behind an IOMMU in strict mode: every access must have been mapped.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

need_iommu()
{
	fresh
	[ -e "/sys/bus/pci/devices/$pci/iommu_group" ] ||
		skip "this guest has no IOMMU"
}

group_type()
{
	cat "/sys/bus/pci/devices/$pci/iommu_group/type"
}

faults()
{
	dmesg | grep -c 'DMAR: \[.*fault\|DMAR:.*Request device' || :
}

B2_the_domain_is_strict()
{
	need_iommu
	eq "$(group_type)" DMA "domain"
}

B2_contents_both_ways()
{
	need_iommu
	send_checked 4
	receive_checked 4
	send_checked 6
	receive_checked 6
}

B2_streams_both_ways()
{
	need_iommu
	[ "$(max_queues)" -eq 1 ] || ethtool -L "$nic" combined "$(max_queues)"
	iperf 1s -P 4
	iperf 1s -P 4 -R
}

copybreak()
{
	ethtool --get-tunable "$nic" tx-copybreak | awk '{ print $2 }'
}

# pings_copied N: of ten pings N are copied, or more; none if N is 0.
pings_copied()
{
	local before after
	before=$(sum "$(per_queue tx-copied)")
	ping -nq -c 10 -i 0.01 "$HOST4"
	after=$(sum "$(per_queue tx-copied)")
	ge $((after - before)) "$1" "packets copied"
	[ "$1" -gt 0 ] || eq "$after" "$before" "packets copied"
}

B2_short_packets_are_copied()
{
	need_iommu
	mynic_only
	eq "$(copybreak)" 256 "length that is copied"
	pings_copied 10
	ethtool --set-tunable "$nic" tx-copybreak 0
	pings_copied 0
	send_checked 4
	ethtool --set-tunable "$nic" tx-copybreak 100
	pings_copied 10
	send_checked 4
	kernel_may_say 'tx-copybreak 257'
	refused '' ethtool --set-tunable "$nic" tx-copybreak 257
	kernel_said 'tx-copybreak 257: must be 0 to 256' || fail "no reason"
	eq "$(copybreak)" 100 "length that is copied"
	send_checked 4
}

# Whether the kernel's functions have one of that name.
kernel_has()
{
	grep -q " $1\$" /proc/kallsyms
}

# Many pieces, one flush: the end of each mapping is one in strict mode.
B2_what_was_sent_is_unmapped_together()
{
	local trace=/sys/kernel/tracing maps unmaps
	need_iommu
	mynic_only
	kernel_has dma_iova_link ||
		skip "this kernel has no addresses without a mapping"
	ethtool -L "$nic" combined 1
	mountpoint -q "$trace" || mount -t tracefs trace "$trace"
	defer sh -c "echo 0 >$trace/events/iommu/enable; echo >$trace/trace"
	echo 16384 >"$trace/buffer_size_kb"
	echo 1 >"$trace/events/iommu/map/enable"
	echo 1 >"$trace/events/iommu/unmap/enable"
	send_checked 4
	echo 0 >"$trace/events/iommu/enable"
	maps=$(grep -c ' map: ' "$trace/trace")
	unmaps=$(grep -c ' unmap: ' "$trace/trace")
	echo "# $maps mapped, $unmaps unmapped"
	ge "$maps" 20 "pieces mapped"
	ge $((maps * 3 / 4)) "$unmaps" "three quarters of the pieces mapped"
}

B2_jumbo_frames()
{
	need_iommu
	peer ip link set "$peer_if" mtu 9000
	defer peer ip link set "$peer_if" mtu 1500
	ip link set "$nic" mtu 9000
	defer ip link set "$nic" mtu 1500
	send_checked 4
	receive_checked 4
}

B2_reconfiguration_under_traffic()
{
	need_iommu
	mynic_only
	stir
	local i
	for i in 1 2 3; do
		ethtool -L "$nic" combined $((i % $(max_queues) + 1))
		ethtool -G "$nic" rx $((256 << i % 2)) tx $((256 << i % 2))
		ip link set "$nic" mtu $((1500 + i))
		flows_live
	done
}

B2_down_and_up_under_traffic_leaves_no_access_behind()
{
	need_iommu
	local before
	before=$(faults)
	stir
	for _ in $(seq 5); do
		ip link set "$nic" down
		ip link set "$nic" up
	done
	stir_end
	addresses
	eq "$(faults)" "$before" "faults reported"
}

B2_unbind_under_traffic_leaves_no_access_behind()
{
	need_iommu
	mynic_only
	local before
	before=$(faults)
	stir
	echo "$pci" >/sys/bus/pci/drivers/mynic/unbind
	stir_end
	echo "$pci" >/sys/bus/pci/drivers/mynic/bind
	wait_for 20 "the card under test" _has_nic dut
	addresses
	eq "$(faults)" "$before" "faults reported"
}

B2_function_reset_under_traffic()
{
	need_iommu
	mynic_only
	stir
	echo 1 >"/sys/bus/pci/devices/$pci/reset"
	wait_for 20 "carrier" carrier 1
	flows_live
}

run_cases
