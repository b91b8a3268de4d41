#!/bin/bash
# Resets: FLR, ethtool, watchdogs, PCI errors; traffic and settings live on.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

function_reset()
{
	echo 1 >"/sys/bus/pci/devices/$pci/reset"
}

need_reset()
{
	mynic_only
	fresh
	[ -e "/sys/bus/pci/devices/$pci/reset" ] ||
		fail "the function cannot be reset"
}

B9_function_is_reset_by_FLR()
{
	need_reset
	match "$(cat "/sys/bus/pci/devices/$pci/reset_method")" flr "methods"
	function_reset
	wait_for 20 "carrier" carrier 1
	wait_for 20 "an answer" reach
	send_checked 4
	receive_checked 4
}

B9_FLR_under_traffic_keeps_the_flows()
{
	need_reset
	stir
	for _ in 1 2 3; do
		function_reset
		wait_for 20 "carrier" carrier 1
		flows_live
	done
}

B9_FLR_while_down()
{
	need_reset
	ip link set "$nic" down
	function_reset
	addresses
	send_checked 4
}

B9_FLR_restores_every_setting()
{
	need_reset
	need_queues 2
	local before counts
	ethtool -L "$nic" combined 2
	ethtool -G "$nic" rx 512 tx 256
	ethtool -X "$nic" weight 1 3
	ethtool -C "$nic" adaptive-rx off adaptive-tx off rx-usecs 33
	ethtool -K "$nic" rx off
	ip link set "$nic" mtu 2000
	ip link set "$nic" address 02:00:00:00:00:57
	ip maddress add 01:00:5e:11:22:33 dev "$nic"
	wait_for 20 "an answer" reach
	before=$(settings)
	counts=$(counter tx_packets)
	function_reset
	wait_for 20 "carrier" carrier 1
	eq "$(settings)" "$before" "settings"
	ge "$(counter tx_packets)" "$counts" "packets counted"
	peer ip neigh flush dev "$peer_if"
	wait_for 20 "an answer" reach
	# The card knows it, not only the driver: frames to the group pass.
	capture "ether proto 0x88b5" "-p -xx"
	inject 1 "01005e112233 020000000001 88b5 abab+64"
	wait_for 10 "a frame to the group" have 1 'abab'
	! have 1 '02:00:00:00:00:99' || fail "a frame for another host"
	inject 1 "020000000099 020000000001 88b5 cdcd+64"
	inject 1 "ffffffffffff 020000000001 88b5 efef+64"
	wait_for 10 "a broadcast" have 1 'efef'
	! have 1 'cdcd' || fail "a frame for another host"
}

settings()
{
	ethtool -l "$nic"
	ethtool -g "$nic"
	ethtool -x "$nic"
	ethtool -c "$nic"
	ethtool -k "$nic"
	cat "/sys/class/net/$nic/"{mtu,address}
}

B9_ethtool_reset()
{
	mynic_only
	fresh
	stir
	ethtool --reset "$nic" all || ethtool --reset "$nic" mgmt dma
	wait_for 20 "carrier" carrier 1
	flows_live
}

B9_resets_and_reconfiguration_at_once()
{
	need_reset
	need_queues 2
	stir
	(
		for i in $(seq 10); do
			# Refused while a reset is under way.
			ethtool -L "$nic" combined $((i % 2 + 1)) || :
			ethtool -S "$nic" >/dev/null 2>&1 || :
		done
	) &
	local worker=$!
	for _ in 1 2 3 4; do
		function_reset
	done
	wait "$worker"
	wait_for 20 "carrier" carrier 1
	flows_live
}

# stand_still: a card with settings and traffic, which from now on does nothing
# and says nothing of it, as it has no bus mastering.
stand_still()
{
	mynic_only
	fresh
	ethtool -G "$nic" rx 512 tx 64
	ip link set "$nic" mtu 1400
	known=$(settings)
	stir
	setpci -s "$pci" COMMAND=0:4
}

# works_again REASON: the driver finds out and resets the card for that.
works_again()
{
	wait_said 30 "a reset" "resetting the device: $1"
	wait_said 20 "its end" 'the device works again'
	ge "$(hw "reset_$1")" 1 "resets counted"
	eq "$(settings)" "$known" "settings"
	flows_live
	send_checked 4
}

B9_command_that_gets_no_answer_resets()
{
	kernel_may_say 'mynic .*(admin_timeout|was not answered)'
	stand_still
	ethtool -S "$nic" >/dev/null || :
	works_again admin_timeout
}

B9_transmit_queue_that_is_stuck_resets()
{
	# No command here: its answer would be missed first.
	kernel_may_say 'mynic .*(NETDEV WATCHDOG|tx_timeout)'
	stand_still
	# More than the ring holds, which stops the queue; TCP holds back what
	# is not sent, and ping too, but for -S.
	ping -fqc 500 -S 200000 "$HOST4" >/dev/null &
	defer kill $!
	works_again tx_timeout
}

B9_PCI_error_that_is_not_fatal_is_recovered()
{
	mynic_only
	fresh
	# A completion timeout, as the kernel names it.
	kernel_may_say 'mynic .*(PCIe Bus Error|error status/mask|PCI error)'
	stir
	host aer nic0 COMP_TIME
	wait_said 20 "recovery" 'AER: device recovery successful'
	wait_for 20 "carrier" carrier 1
	eq "$(hw reset_aer)" 1 "resets counted"
	flows_live
}

B9_reset_is_counted_by_its_reason()
{
	need_reset
	local before
	before=$(hw reset_flr)
	function_reset
	wait_for 20 "carrier" carrier 1
	eq $(($(hw reset_flr) - before)) 1 "resets counted"
}

of_the_device B9_transmit_queue_that_is_stuck_resets
run_cases
