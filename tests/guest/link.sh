#!/bin/bash
# The link: QEMU's set_link, carrier, ethtool's settings and states.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

unplug()
{
	host link net0 off
	defer host link net0 on
	wait_for 10 "no carrier" carrier 0
}

plug()
{
	host link net0 on
	wait_for 10 "carrier" carrier 1
}

C3_link_down_and_up_are_events()
{
	fresh
	local events=$CASE_DIR/events
	link_events "$events"
	unplug
	wait_for 5 "an event" grep -q 'NO-CARRIER' "$events"
	match "$(ethtool "$nic")" 'Link detected: no' "ethtool"
	plug
	match "$(ethtool "$nic")" 'Link detected: yes' "ethtool"
	wait_for 20 "an answer" reach
}

C3_link_down_stops_traffic_and_up_resumes_the_flows()
{
	fresh
	stir
	unplug
	# Nothing may hang or warn: the stack stops the queues.
	refused '.*' ping -nq -c 1 -W 1 "$HOST4"
	plug
	flows_live
}

C3_link_flaps_end_in_the_last_state()
{
	fresh
	defer host link net0 on
	local i
	for i in $(seq 10); do
		host link net0 off
		host link net0 on
	done
	wait_for 10 "carrier" carrier 1
	wait_for 20 "an answer" reach
	for i in $(seq 5); do
		host link net0 on
		host link net0 off
	done
	wait_for 10 "no carrier" carrier 0
}

C3_link_that_changes_while_down_is_known_when_up()
{
	fresh
	ip link set "$nic" down
	host link net0 off
	defer host link net0 on
	ip link set "$nic" up
	stays 1 "no carrier" carrier 0
	ip link set "$nic" down
	host link net0 on
	addresses
}

C3_probe_with_the_link_down()
{
	fresh
	unplug
	rmmod "$DRIVER"
	_load
	wait_for 20 "the card under test" _has_nic dut
	find_nic dut
	ip link set "$nic" up
	stays 1 "no carrier" carrier 0
	plug
	addresses
}

C3_settings_tell_speed_and_duplex()
{
	mynic_only
	fresh
	local out
	out=$(ethtool "$nic")
	match "$out" 'Speed: [1-9][0-9]*Mb/s' "speed"
	match "$out" 'Duplex: Full' "duplex"
	match "$out" 'Link detected: yes' "link"
	eq "$(cat "/sys/class/net/$nic/duplex")" full "duplex"
	ge "$(cat "/sys/class/net/$nic/speed")" 1000 "speed"
	unplug
	match "$(ethtool "$nic")" 'Speed: Unknown' "speed without link"
}

C3_settings_that_a_card_without_a_phy_cannot_have_are_refused()
{
	mynic_only
	fresh
	local said speed
	said=$(ethtool "$nic")
	[[ $said =~ Speed:\ ([0-9]+)Mb/s ]]
	speed=${BASH_REMATCH[1]}
	refused_saying "the link is the device's: $speed Mb/s" \
		ethtool -s "$nic" speed 10 duplex half autoneg off
	refused_saying "no autonegotiation" ethtool -s "$nic" autoneg on
	refused_saying "no autonegotiation" ethtool -s "$nic" advertise 0x1
	eq "$(ethtool "$nic")" "$said" "settings"
	# What is so anyway.
	ethtool -s "$nic" speed "$speed" duplex full autoneg off
	reach
}

C3_link_and_operstate_agree()
{
	fresh
	eq "$(cat "/sys/class/net/$nic/operstate")" up "operstate"
	unplug
	wait_for 5 "operstate down" grep -q down \
		"/sys/class/net/$nic/operstate"
	plug
	wait_for 5 "operstate up" grep -q up "/sys/class/net/$nic/operstate"
}

C3_link_changes_while_channels_change()
{
	mynic_only
	fresh
	need_queues 2
	defer host link net0 on
	(
		for i in $(seq 20); do
			ethtool -L "$nic" combined $((i % 2 + 1))
		done
	) &
	local changer=$! _
	for _ in $(seq 5); do
		host link net0 off
		host link net0 on
	done
	wait "$changer"
	wait_for 10 "carrier" carrier 1
	wait_for 20 "an answer" reach
}

C3_link_is_asked_for_after_events_were_lost()
{
	mynic_only
	fresh
	# Interrupts are held back while more events come than the driver's
	# ring of 128 has room for.  The next one tells of the loss.  Nothing
	# is sent meanwhile, or the watchdog would miss an interrupt.
	ip link set "$nic" down
	defer host link net0 on
	defer setpci -s "$pci" CAP_MSIX+2.w=0:4000
	setpci -s "$pci" CAP_MSIX+2.w=4000:4000
	for _ in $(seq 66); do
		host link net0 off
		host link net0 on
	done >/dev/null
	setpci -s "$pci" CAP_MSIX+2.w=0:4000
	addresses
	host link net0 off
	wait_for 10 "no carrier" carrier 0
	kernel_said 'events were lost, looking' || fail "nothing was lost"
	plug
	wait_for 20 "an answer" reach
}

run_cases
