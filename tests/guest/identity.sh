#!/bin/bash
# What the card and the driver say about themselves: lspci, ethtool -i, queues.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

power_of_two_at_least()
{
	local n=1
	while [ "$n" -lt "$1" ]; do
		n=$((n * 2))
	done
	echo "$n"
}

A11_lspci_names_driver_and_class()
{
	find_nic dut
	local out
	out=$(lspci -nnvvv -s "$pci")
	match "$out" 'Ethernet controller \[0200\]' "class"
	match "$out" "Kernel driver in use: ${DRIVER//_/.}" "driver"
	mynic_only
	match "$out" '\[1af4:10f0\] \(rev 01\)' "ids"
}

A11_lspci_shows_the_three_BARs()
{
	mynic_only
	find_nic dut
	local out kib
	out=$(lspci -vvv -s "$pci")
	kib=$((4 * $(power_of_two_at_least "$(max_queues)")))
	match "$out" 'Region 0: Memory at .*64-bit.*\[size=4K\]' "registers"
	match "$out" "Region 2: Memory at .*64-bit.*\[size=${kib}K\]" \
		"doorbells"
	match "$out" 'Region 4: Memory at .*64-bit' "MSI-X"
	no_match "$out" 'Region .*disabled|unassigned' "BARs"
}

A11_lspci_shows_express_endpoint_with_FLR_and_link()
{
	mynic_only
	find_nic dut
	local out
	out=$(lspci -vvv -s "$pci")
	match "$out" 'Capabilities: .* Express \(v2\) Endpoint' "capability"
	match "$out" 'FLReset\+' "function level reset"
	match "$out" 'LnkCap:.*Speed [0-9.]+GT/s' "link capability"
	match "$out" 'LnkSta:.*Speed [0-9.]+GT/s.*Width x' "link status"
	match "$out" 'Power Management version' "power management"
}

A11_lspci_shows_AER_without_errors()
{
	mynic_only
	find_nic dut
	local out
	out=$(lspci -vvv -s "$pci")
	match "$out" 'Advanced Error Reporting' "AER"
	no_match "$(grep -E 'UESta|CESta' <<<"$out")" '[A-Z][A-Za-z]+\+' \
		"error status"
	no_match "$(grep -E 'DevSta' <<<"$out")" '(Corr|NonFatal|Fatal|Unsup)Err\+' \
		"device status"
}

A2_MSIX_has_a_vector_for_each_pair_and_one_more()
{
	mynic_only
	find_nic dut
	match "$(lspci -vvv -s "$pci")" \
		"MSI-X: Enable\+ Count=$(($(max_queues) + 1)) Masked-" "MSI-X"
}

A2_every_vector_is_named_and_its_own()
{
	mynic_only
	fresh
	local n irq
	ethtool -L "$nic" combined "$(max_queues)"
	n=$(find "/sys/bus/pci/devices/$pci/msi_irqs" -type f | wc -l)
	eq "$n" "$(($(max_queues) + 1))" "vectors of the device"
	eq "$(for irq in "/sys/bus/pci/devices/$pci/msi_irqs/"*; do
		awk -v irq="${irq##*/}:" '$1 == irq { print $NF }' \
			/proc/interrupts
	done | sort -u | wc -l)" "$n" "names in /proc/interrupts"
}

A5_default_channels_are_device_limit_or_local_CPUs()
{
	mynic_only
	fresh
	local cpus want
	cpus=$(nproc)
	want=$(max_queues)
	[ "$cpus" -ge "$want" ] || want=$cpus
	eq "$(queues)" "$want" "channels"
}

A5_queues_of_the_netdev_are_the_limit_of_the_device()
{
	mynic_only
	fresh
	local msix
	msix=$(lspci -vvv -s "$pci" | sed -nE 's/.*MSI-X: .*Count=([0-9]+).*/\1/p')
	eq "$(max_queues)" $((msix - 1)) "largest number of channels"
	ethtool -L "$nic" combined "$(max_queues)"
	eq "$(find "/sys/class/net/$nic/queues" -name 'tx-*' | wc -l)" \
		"$(max_queues)" "transmit queues"
	eq "$(find "/sys/class/net/$nic/queues" -name 'rx-*' | wc -l)" \
		"$(max_queues)" "receive queues"
}

A5_each_pair_has_one_NAPI_linked_to_its_interrupt()
{
	mynic_only
	fresh
	local n queue napi irq list
	n=$(queues)
	list=$(genl queues "$nic")
	eq "$(wc -l <<<"$list")" $((2 * n)) "queues"
	for ((queue = 0; queue < n; queue++)); do
		napi=$(awk -v q="$queue" '$2 == q { print $3 }' <<<"$list" |
			sort -u)
		match "$napi" '^napi-id=[1-9][0-9]*$' "NAPI of pair $queue"
		irq=$(genl napis "$nic" | awk -v id="${napi#*=}" \
			'$2 == id' | grep -oE 'irq=[0-9]+')
		[ -d "/proc/irq/${irq#irq=}" ] || fail "no interrupt ${irq#*=}"
		grep -qE "^ *${irq#*=}:.*$nic" /proc/interrupts ||
			fail "interrupt ${irq#*=} is not $nic's"
	done
	eq "$(genl napis "$nic" | wc -l)" "$n" "NAPI instances"
}

A5_ethtool_i_names_driver_version_bus_and_firmware()
{
	mynic_only
	find_nic dut
	local out
	out=$(ethtool -i "$nic")
	match "$out" '^driver: mynic$' "driver"
	match "$out" "^bus-info: $pci$" "bus"
	match "$out" '^version: [0-9]' "version"
	match "$out" '^firmware-version: .*[0-9]' "firmware"
	match "$out" '^supports-statistics: yes$' "statistics"
}

A5_driver_has_no_parameters_and_its_licence()
{
	mynic_only
	local out
	out=$(modinfo "$MODULE")
	no_match "$out" '^parm:' "module parameters"
	match "$out" '^license: +GPL' "licence"
	match "$out" '^alias: +pci:v00001AF4d000010F0' "PCI table"
}

D2_ethtool_d_dumps_registers()
{
	mynic_only
	find_nic dut
	ge "$(ethtool -d "$nic" raw on | wc -c)" 64 "bytes of the dump"
}

run_cases
