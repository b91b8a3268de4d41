#!/bin/bash
# Probe and remove in every order: module, driver, device, plug; under traffic.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

B1_module_reloads_many_times()
{
	mynic_only
	fresh
	for _ in $(seq 10); do
		rmmod mynic
		[ ! -d "/sys/bus/pci/devices/$pci/msi_irqs" ] ||
			fail "interrupts are left behind"
		! grep -q mynic /proc/interrupts || fail "interrupts are left"
		insmod "$MODULE"
	done
	present
	send_checked 4
}

B1_module_unloads_under_traffic()
{
	mynic_only
	fresh
	local i
	for i in 1 2 3; do
		stir
		rmmod mynic
		stir_end
		_load
		present
	done
}

B1_driver_unbinds_and_binds_under_traffic()
{
	fresh
	local dev driver
	dev=/sys/bus/pci/devices/$pci
	[ "$DRIVER" != virtio_net ] || skip "virtio_net is not a PCI driver"
	driver=/sys/bus/pci/drivers/$DRIVER
	for _ in 1 2 3; do
		stir
		echo "$pci" >"$driver/unbind"
		[ ! -e "$dev/driver" ] || fail "still bound"
		stir_end
		echo "$pci" >"$driver/bind"
		present
	done
	send_checked 4
}

B1_device_is_removed_and_found_again_under_traffic()
{
	fresh
	stir
	echo 1 >"/sys/bus/pci/devices/$pci/remove"
	wait_for 10 "removal" gone
	stir_end
	echo 1 >/sys/bus/pci/rescan
	present
	send_checked 4
}

B1_remove_while_the_interface_is_down()
{
	fresh
	ip link set "$nic" down
	echo 1 >"/sys/bus/pci/devices/$pci/remove"
	wait_for 10 "removal" gone
	echo 1 >/sys/bus/pci/rescan
	present
}

B1_remove_with_users_of_the_interface()
{
	fresh
	ip link add link "$nic" name v7 type vlan id 7
	ip link add link "$nic" name mv7 type macvlan
	ip link set v7 up
	ip link set mv7 up
	tc qdisc replace dev "$nic" clsact
	tcpdump -i "$nic" -w /dev/null 2>/dev/null &
	echo 1 >"/sys/bus/pci/devices/$pci/remove"
	wait_for 10 "removal" gone
	[ ! -e /sys/class/net/v7 ] || fail "the VLAN is left behind"
	echo 1 >/sys/bus/pci/rescan
	present
}

B1_card_is_unplugged_under_traffic_and_plugged_again()
{
	fresh
	local mac
	mac=$(mac_of "$nic")
	stir
	host unplug nic0
	wait_for 30 "removal" gone
	stir_end
	# QEMU lets go of the card a moment after the guest does.
	wait_for 20 "the slot" host plug "$PLUG_JSON"
	wait_for 30 "the card under test" _has_nic dut
	find_nic dut
	eq "$(mac_of "$nic")" "$mac" "address"
	addresses
	send_checked 4
	receive_checked 4
}

B1_memory_decoding_switched_off_is_survived()
{
	mynic_only
	fresh
	# The card does not answer, as one that is gone: the driver must give
	# up in good order and the machine go on.
	kernel_may_say 'mynic'
	stir
	local command
	command=$(setpci -s "$pci" COMMAND)
	setpci -s "$pci" COMMAND="$(printf '%04x' $((16#$command & ~2)))"
	ethtool -S "$nic" >/dev/null 2>&1 || :
	ethtool -L "$nic" combined 1 >/dev/null 2>&1 || :
	ip link set "$nic" down 2>/dev/null || :
	stir_end
	echo 1 >"/sys/bus/pci/devices/$pci/remove"
	wait_for 30 "removal" gone
	kernel_said 'the device is gone' || fail "nothing was said"
	# One look is enough, where no answer can come.
	! kernel_said 'was not answered' || fail "an answer was waited for"
	echo 1 >/sys/bus/pci/rescan
	present
	send_checked 4
}

# extra DRIVER,OPTIONS...: plugs a second card on a backend of its own.
extra()
{
	local ports
	ports=$(lspci -d 1af4:10f0 | wc -l)
	host plug "$1"
	defer host unplug extra
	wait_for 20 "another card" holds \
		"\$(lspci -d 1af4:10f0 | wc -l) > $ports"
}

extra_nic()
{
	local dir
	for dir in /sys/class/net/*; do
		[ "$(cat "$dir/address")" != 52:54:00:6d:79:0e ] ||
			basename "$dir"
	done
}

has_extra()
{
	[ -n "$(extra_nic)" ]
}

card_with_pairs()
{
	extra "{\"driver\": \"mynic\", \"id\": \"extra\", \"bus\": \"rpx\",
		\"netdev\": \"spare\", \"mac\": \"52:54:00:6d:79:0e\",
		\"queues\": $1}"
	wait_for 20 "its interface" has_extra
	nic=$(extra_nic)
	eq "$(max_queues)" "$1" "largest number of channels"
	ethtool -L "$nic" combined "$1" 2>/dev/null ||
		[ "$(queues)" = "$1" ]
	ip link set "$nic" up
	eq "$(queues)" "$1" "channels"
	eq "$(genl napis "$nic" | wc -l)" "$1" "NAPI instances"
	ip address replace 10.0.3.15/24 dev "$nic"
	wait_for 20 "an answer of the user network" \
		ping -nq -c 1 -W 1 10.0.3.2
	host unplug extra
	wait_for 30 "its removal" lacks_extra
}

lacks_extra()
{
	! has_extra
}

B1_card_with_one_pair()
{
	mynic_only
	fresh
	card_with_pairs 1
}

B1_card_with_64_pairs()
{
	mynic_only
	fresh
	card_with_pairs 64
}

B1_nothing_is_left_behind()
{
	mynic_only
	fresh
	rmmod mynic
	! grep -qw mynic /proc/interrupts || fail "interrupts"
	! grep -qw mynic /proc/iomem || fail "memory regions"
	[ ! -e /sys/kernel/debug/mynic ] || fail "debugfs directory"
	_load
	present
}

of_the_device B1_card_with_one_pair \
	B1_card_with_64_pairs
run_cases
