#!/bin/bash
# VLAN tags: inserted and stripped by the card or not, contents and wire right.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

# vlan_both ID: the same VLAN at both ends; the case's peer is then in it.
# Where the host's kernel knows no VLANs, that is over the cable.
vlan_both()
{
	if ! peer_vlan "$peer_if" "p$1" 802.1Q "$1"; then
		use_cable
		peer_vlan "$peer_if" "p$1" 802.1Q "$1"
	fi
	peer ip address add 198.18.0.1/24 dev "p$1"
	peer ip address add fd00:6d7b::1/64 dev "p$1" nodad
	peer ip link set "p$1" up
	ip link add link "$nic" name "v$1" type vlan id "$1"
	defer ip link del "v$1"
	ip link set "v$1" up
	ip address add 198.18.0.2/24 dev "v$1"
	ip address add fd00:6d7b::2/64 dev "v$1" nodad
	HOST4=198.18.0.1
	HOST6=fd00:6d7b::1
	wait_for 10 "the peer in VLAN $1" reach
}

peer_vlan()
{
	peer ip link add link "$1" name "$2" type vlan proto "$3" id "$4" &&
		defer peer ip link del "$2"
}

tagging()
{
	defer ethtool -K "$nic" rxvlan on txvlan on
	ethtool -K "$nic" rxvlan "$1" txvlan "$2"
	eq "$(feature rx-vlan-offload)$(feature tx-vlan-offload)" "$1$2" \
		"stripping and insertion"
}

need_vlan()
{
	fresh
	need_feature rx-vlan-offload tx-vlan-offload
}

contents()
{
	send_checked 4
	receive_checked 6
}

C2_tags_by_the_card_both_ways()
{
	need_vlan
	vlan_both 100
	tagging on on
	contents
}

C2_tags_by_the_stack_both_ways()
{
	need_vlan
	vlan_both 100
	tagging off off
	contents
}

C2_tags_inserted_by_the_card_not_stripped()
{
	need_vlan
	vlan_both 100
	tagging off on
	contents
}

C2_tags_stripped_by_the_card_not_inserted()
{
	need_vlan
	vlan_both 100
	tagging on off
	contents
}

C2_tag_on_the_wire_is_the_one_of_the_vlan()
{
	need_vlan
	vlan_both 100
	peer_capture far "vlan and icmp"
	tagging on on
	reach
	wait_for 10 "tagged request and reply" captured far 2 'vlan 100'
	tagging on off
	reach
	wait_for 10 "tagged request and reply" captured far 4 'vlan 100'
	! captured far 1 'vlan [^1]' || fail "another tag on the wire"
}

C2_priority_of_the_tag_is_kept()
{
	need_vlan
	vlan_both 100
	ip link set v100 type vlan egress 0:5
	peer_capture far "vlan and icmp"
	reach
	wait_for 10 "a tag with priority" captured far 1 'vlan 100, p 5'
}

C2_tag_and_offloads_are_counted()
{
	mynic_only
	need_vlan
	vlan_both 100
	tagging on on
	local rx tx
	rx=$(vlan_count rx)
	tx=$(vlan_count tx)
	reach
	ge $(($(vlan_count rx) - rx)) 1 "tags stripped"
	ge $(($(vlan_count tx) - tx)) 1 "tags inserted"
}

vlan_count()
{
	ethtool -S "$nic" | awk -v d="$1" '
		$1 ~ "^" d ".*vlan" { n += $2 } END { print n + 0 }'
}

C2_service_tag_outside_passes_untouched()
{
	need_vlan
	use_cable
	peer_vlan "$peer_if" q200 802.1ad 200
	peer ip link add link q200 name q201 type vlan id 201
	peer ip address add 198.18.1.1/24 dev q201
	peer ip link set q200 up
	peer ip link set q201 up
	ip link add link "$nic" name q200 type vlan proto 802.1ad id 200
	defer ip link del q200
	ip link add link q200 name q201 type vlan id 201
	ip address add 198.18.1.2/24 dev q201
	ip link set q200 up
	ip link set q201 up
	HOST4=198.18.1.1
	wait_for 10 "the peer behind two tags" reach
	send_checked 4
	receive_checked 4
}

C2_tagged_datagrams_over_the_tap()
{
	need_vlan
	ip link add link "$nic" name v100 type vlan id 100
	defer ip link del v100
	ip link set v100 up
	ip address add 198.18.0.2/24 dev v100
	ip neigh add 198.18.0.1 lladdr 02:00:00:00:00:01 dev v100
	local on word
	for on in on off; do
		tagging "$on" "$on"
		word=mynic$RANDOM
		peer_capture "far$on" "vlan 100 and udp port 6100" "-A"
		socat -u STDIN UDP4-SENDTO:198.18.0.1:6100 <<<"$word"
		wait_for 10 "a tagged datagram at the peer" captured "far$on" \
			1 "$word"
		socat -u UDP4-RECV:6100 CREATE:"$CASE_DIR/got$on" &
		defer kill $!
		wait_for 10 "socat" sh -c "ss -Hlnu 'sport = :6100' | grep -q ."
		# 198.18.0.1 to 198.18.0.2, UDP 1234 to 6100, "ABCDEFGH"
		inject 3 "$(mac_of "$nic") 020000000001 81000064 0800
			45000024 00004000 4011aea1 c6120001 c6120002
			04d217d4 00100000 4142434445464748"
		wait_for 10 "tagged datagrams of the peer" holds \
			"\$(grep -o ABCDEFGH '$CASE_DIR/got$on' | wc -l) == 3"
		kill $!
	done
}

C2_vlan_at_a_plain_peer()
{
	mynic_only
	need_vlan
	use_cable
	vlan_both 100
	tagging on on
	contents
	tagging off off
	contents
}

C2_tagging_is_switched_under_traffic()
{
	need_vlan
	vlan_both 100
	stir
	tagging off off
	flows_live
	tagging on on
	flows_live
}

run_cases
