#!/bin/bash
# Which frames the card lets through: addresses, multicast, promiscuous, VLANs.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tcpdump runs without promiscuous mode, so it sees what the card delivers,
# for whatever host.  That something does not arrive is judged when a
# broadcast sent behind it has arrived.

. "$(dirname "$0")/lib.sh"

OTHER=020000000099
GROUP=01005e112233
marker=0

setup()
{
	addresses
	capture "ether proto 0x88b5 or (vlan and ether proto 0x88b5)" "-p -xx"
}

# passes ADDRESS [TAG]: sends a frame, and a broadcast behind it; whether the
# first arrives too.
passes()
{
	marker=$((marker + 1))
	word=$(printf '%03x' "$marker")
	inject 1 "$1 020000000001 ${2:-} 88b5 a$word+64" \
		"ffffffffffff 020000000001 88b5 b$word+64"
	wait_for 10 "the broadcast behind it" have 1 " b$word( |\$)"
	have 1 " a$word( |\$)"
}

kept_out()
{
	! passes "$@"
}

# The kernel tells the card of a changed filter when it finds the time.
lets_through()
{
	wait_for 40 "a frame to $1 ${2:-} that arrives" passes "$@"
}

keeps_out()
{
	wait_for 40 "a frame to $1 ${2:-} that does not arrive" kept_out "$@"
}

own()
{
	mac_of "$nic" | tr -d :
}

C1_own_address_and_broadcast_pass_others_do_not()
{
	fresh
	setup
	lets_through "$(own)"
	keeps_out "$OTHER"
}

C1_promiscuous_mode_lets_everything_through()
{
	setup
	ip link set "$nic" promisc on
	defer ip link set "$nic" promisc off
	lets_through "$OTHER"
	lets_through "$GROUP"
	ip link set "$nic" promisc off
	keeps_out "$OTHER"
}

C1_group_passes_once_joined_and_no_longer_when_left()
{
	setup
	keeps_out "$GROUP"
	ip maddress add 01:00:5e:11:22:33 dev "$nic"
	defer ip maddress del 01:00:5e:11:22:33 dev "$nic"
	lets_through "$GROUP"
	ip maddress del 01:00:5e:11:22:33 dev "$nic"
	keeps_out "$GROUP"
}

C1_all_multicast_lets_every_group_through()
{
	setup
	ip link set "$nic" allmulticast on
	defer ip link set "$nic" allmulticast off
	lets_through "$GROUP"
	keeps_out "$OTHER"
	ip link set "$nic" allmulticast off
	keeps_out "$GROUP"
}

# groups COUNT: the card has so many of the groups that are joined below.
groups()
{
	[ "$(ip maddress show dev "$nic" | grep -c '01:00:5e:7f:00:')" -eq "$1" ]
}

C1_more_groups_than_filters_are_all_received()
{
	setup
	local i all=
	# One socket joins them all, and leaves them with its end.
	sysctl -qw net.ipv4.igmp_max_memberships=100
	for i in $(seq 0 79); do
		all+=",ip-add-membership=239.127.0.$i:$nic"
	done
	socat -u "UDP4-RECV:6200$all" - &
	local socket=$!
	defer kill "$socket"
	wait_for 10 "80 groups" groups 80
	for i in 0 15 63 64; do
		lets_through "$(printf '01005e7f00%02x' "$i")"
	done
	lets_through 01005e7f004f
	kill "$socket"
	wait_for 10 "no group" groups 0
	keeps_out 01005e7f0001
}

C1_second_unicast_address_passes()
{
	setup
	bridge fdb add 02:00:00:00:00:99 dev "$nic" self
	defer bridge fdb del 02:00:00:00:00:99 dev "$nic" self
	lets_through "$OTHER"
	keeps_out 020000000098
	bridge fdb del 02:00:00:00:00:99 dev "$nic" self
	keeps_out "$OTHER"
}

C1_more_unicast_addresses_than_filters_are_all_received()
{
	setup
	local i
	for i in $(seq 0 79); do
		printf 'fdb add 02:00:00:00:01:%02x dev %s self\n' "$i" "$nic"
	done >"$CASE_DIR/fdb"
	sed 's/ add / del /' "$CASE_DIR/fdb" >"$CASE_DIR/fdb.del"
	bridge -batch "$CASE_DIR/fdb"
	defer bridge -batch "$CASE_DIR/fdb.del"
	for i in 00 1f 20 21 3f 40 4f; do
		lets_through "0200000001$i"
	done
	bridge -batch "$CASE_DIR/fdb.del"
	keeps_out 020000000101
}

C1_macvlan_gets_its_frames()
{
	addresses
	ip link add link "$nic" name mv0 address 02:00:00:00:00:77 type macvlan
	defer ip link del mv0
	ip link set mv0 up
	ip address add 192.0.2.77/24 dev mv0
	peer ping -nq -c 2 -i 0.2 -W 5 192.0.2.77
}

C1_address_changes_while_up()
{
	setup
	local old
	old=$(own)
	defer ip link set "$nic" address "$(mac_of "$nic")"
	ip link set "$nic" address 02:00:00:00:00:55
	lets_through 020000000055
	keeps_out "$old"
	peer ip neigh flush dev "$peer_if"
	reach
	match "$(peer ip neigh show "$GUEST4")" 02:00:00:00:00:55 "neighbour"
}

C1_address_changes_while_down()
{
	addresses
	defer ip link set "$nic" address "$(mac_of "$nic")"
	ip link set "$nic" down
	ip link set "$nic" address 02:00:00:00:00:56
	setup
	lets_through 020000000056
}

C1_bad_addresses_are_refused_and_nothing_changes()
{
	addresses
	local old bad
	old=$(mac_of "$nic")
	for bad in 01:00:5e:00:00:01 00:00:00:00:00:00 ff:ff:ff:ff:ff:ff; do
		refused 'cannot assign|invalid|address' \
			ip link set "$nic" address "$bad"
		eq "$(mac_of "$nic")" "$old" "address"
	done
	reach
}

C1_filters_survive_down_and_up()
{
	addresses
	ip maddress add 01:00:5e:11:22:33 dev "$nic"
	defer ip maddress del 01:00:5e:11:22:33 dev "$nic"
	ip link set "$nic" down
	setup
	lets_through "$GROUP"
	lets_through "$(own)"
	keeps_out "$OTHER"
}

C1_dropped_frames_are_counted_as_filtered()
{
	mynic_only
	setup
	local before
	before=$(hw port_rx_drop_filter)
	keeps_out "$OTHER"
	ge $(($(hw port_rx_drop_filter) - before)) 1 "frames counted"
}

C1_vlan_filter_passes_known_tags_only()
{
	need_feature_dut rx-vlan-filter
	setup
	ethtool -K "$nic" rx-vlan-filter on rxvlan off
	defer ethtool -K "$nic" rxvlan on
	ip link add link "$nic" name v100 type vlan id 100
	defer ip link del v100
	ip link set v100 up
	lets_through "$(own)" 81000064
	keeps_out "$(own)" 81000065
	# Priority tags belong to no VLAN.
	lets_through "$(own)" 8100e000
	ip link del v100
	keeps_out "$(own)" 81000064
}

C1_vlan_filter_off_passes_all_tags()
{
	need_feature_dut rx-vlan-filter
	setup
	ethtool -K "$nic" rx-vlan-filter off rxvlan off
	defer ethtool -K "$nic" rx-vlan-filter on rxvlan on
	lets_through "$(own)" 81000065
	ethtool -K "$nic" rx-vlan-filter on
	keeps_out "$(own)" 81000065
}

C1_promiscuous_mode_sees_all_tags()
{
	need_feature_dut rx-vlan-filter
	setup
	ethtool -K "$nic" rxvlan off
	defer ethtool -K "$nic" rxvlan on
	ip link set "$nic" promisc on
	defer ip link set "$nic" promisc off
	lets_through "$OTHER" 81000065
	ip link set "$nic" promisc off
	keeps_out "$(own)" 81000065
}

C1_many_vlans()
{
	need_feature_dut rx-vlan-filter
	setup
	ethtool -K "$nic" rxvlan off
	defer ethtool -K "$nic" rxvlan on
	local id
	for id in 1 2 63 64 2047 4094; do
		ip link add link "$nic" name "v$id" type vlan id "$id"
		defer ip link del "v$id"
		ip link set "v$id" up
	done
	for id in 1 2 63 64 2047 4094; do
		lets_through "$(own)" "8100$(printf '%04x' "$id")"
	done
	for id in 3 65 4093; do
		keeps_out "$(own)" "8100$(printf '%04x' "$id")"
	done
}

need_feature_dut()
{
	find_nic dut
	need_feature "$@"
}

run_cases
