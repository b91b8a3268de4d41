#!/bin/bash
# The MTU: its limits, jumbo frames, changes under traffic, what is too long.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

mtu_limit()
{
	ip -d link show "$nic" | grep -oE "$1 [0-9]+" | cut -d ' ' -f 2
}

mtu()
{
	cat "/sys/class/net/$nic/mtu"
}

# peer_mtu N: until the case ends.
peer_mtu()
{
	peer ip link set "$peer_if" mtu "$1"
	defer peer ip link set "$peer_if" mtu 1500
}

# ping_whole MTU: an unfragmented packet of that size, both ways.
ping_whole()
{
	ping -nq -c 2 -i 0.2 -W 5 -M 'do' -s $(($1 - 28)) "$HOST4"
	peer ping -nq -c 2 -i 0.2 -W 5 -M 'do' -s $(($1 - 28)) "$GUEST4"
}

C1_limits_are_told_and_jumbo()
{
	fresh
	le "$(mtu_limit minmtu)" 1280 "smallest MTU"
	ge "$(mtu_limit maxmtu)" 9000 "largest MTU"
}

C1_mtu_out_of_range_is_refused_and_nothing_changes()
{
	addresses
	local n
	for n in 0 $(($(mtu_limit minmtu) - 1)) $(($(mtu_limit maxmtu) + 1)); do
		refused 'mtu' ip link set "$nic" mtu "$n"
		eq "$(mtu)" 1500 "MTU"
	done
	reach
}

C1_jumbo_frames_both_ways()
{
	addresses
	peer_mtu 9000
	ip link set "$nic" mtu 9000
	defer ip link set "$nic" mtu 1500
	ping_whole 9000
	send_checked 4
	receive_checked 4
}

C1_largest_mtu_works()
{
	addresses
	local n
	n=$(mtu_limit maxmtu)
	[ "$n" -le 65000 ] || n=65000
	peer_mtu "$n"
	ip link set "$nic" mtu "$n"
	defer ip link set "$nic" mtu 1500
	ping_whole "$n"
	send_checked 4
	receive_checked 4
}

C1_smallest_mtu_works()
{
	fresh
	ip link set "$nic" mtu "$(mtu_limit minmtu)"
	defer fresh
	ping -nq -c 2 -i 0.2 -W 5 -s 8 "$HOST4"
}

C1_mtu_changes_while_the_interface_is_down()
{
	fresh
	peer_mtu 4000
	ip link set "$nic" down
	ip link set "$nic" mtu 4000
	defer ip link set "$nic" mtu 1500
	addresses
	ping_whole 4000
}

C1_mtu_changes_under_traffic_without_losing_flows()
{
	fresh
	defer ip link set "$nic" mtu 1500
	stir
	local n
	for n in 9000 1500 4000 1500; do
		ip link set "$nic" mtu "$n"
		flows_live
	done
}

C1_mtu_survives_down_and_up()
{
	addresses
	ip link set "$nic" mtu 3000
	defer ip link set "$nic" mtu 1500
	peer_mtu 3000
	ip link set "$nic" down
	addresses
	eq "$(mtu)" 3000 "MTU"
	ping_whole 3000
}

# of_all NAME: what the kernel's statistics of queues say of the interface.
of_all()
{
	genl qstats-sum "$nic" | grep -oE " $1=[0-9]+" | cut -d = -f 2
}

# too_long N: rx_length_errors; to read it makes the driver ask the device.
too_long()
{
	[ "$(counter rx_length_errors)" -eq "$1" ]
}

C1_frames_above_the_mtu_are_dropped_and_counted()
{
	mynic_only
	fresh
	peer_mtu 9000
	local mac before drops overruns missed errors
	mac=$(mac_of "$nic")
	before=$(hw port_rx_drop_too_long)
	drops=$(of_all rx-hw-drops)
	overruns=$(of_all rx-hw-drop-overruns)
	wait_for 5 "rx_length_errors as the port has it" too_long "$before"
	missed=$(counter rx_missed_errors)
	errors=$(counter rx_errors)
	capture "ether proto 0x88b5"
	inject 5 "$mac 020000000001 88b5+2000"
	inject 1 "$mac 020000000001 88b5+1514"
	wait_for 10 "a frame that fits" have 1 'length 1514:'
	! have 1 'length 2000:' || fail "a frame above the MTU was delivered"
	eq $(($(hw port_rx_drop_too_long) - before)) 5 "frames counted as too long"
	wait_for 5 "five more rx_length_errors" too_long $((before + 5))
	eq "$(counter rx_errors)" $((errors + 5)) rx_errors
	eq "$(counter rx_missed_errors)" "$missed" rx_missed_errors
	ge "$(of_all rx-hw-drops)" $((drops + 5)) "rx-hw-drops of the interface"
	eq "$(of_all rx-hw-drop-overruns)" "$overruns" rx-hw-drop-overruns
}

run_cases
