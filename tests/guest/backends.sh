#!/bin/bash
# Other backends of QEMU than a tap: cables of streams and datagrams, user.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

A1_cable_ping_and_arping()
{
	fresh
	use_cable
	ping -nq -i 0.01 -c 20 "$HOST4"
	ping -nq -i 0.01 -c 20 "$HOST6"
	peer ping -nq -i 0.01 -c 20 "$GUEST4"
	arping -c 2 -w 10 -I "$nic" "$HOST4"
	peer arping -c 2 -w 10 -I "$peer_if" "$GUEST4"
}

A1_cable_contents_both_ways()
{
	use_cable
	send_checked 4
	receive_checked 4
	send_checked 6
	receive_checked 6
	udp_checked 4 30000
}

A1_cable_iperf3_both_ways()
{
	use_cable
	peer_bg iperf3 "iperf3 -s"
	wait_for 10 "the peer's iperf3" peer_listens 5201
	iperf 1s -P 2
	iperf 1s -P 2 -R
}

A1_cable_jumbo_frames()
{
	use_cable
	peer ip link set "$peer_if" mtu 9000
	defer peer ip link set "$peer_if" mtu 1500
	ip link set "$nic" mtu 9000
	defer ip link set "$nic" mtu 1500
	ping -nq -c 2 -i 0.2 -W 5 -M 'do' -s 8972 "$HOST4"
	send_checked 4
	receive_checked 4
}

A1_cable_spreads_over_queues_by_the_cards_own_hash()
{
	mynic_only
	use_cable
	need_queues 2
	ethtool -L "$nic" combined 2
	local before
	before=$(per_queue rx-packets)
	burst 10000 10127 1
	wait_for 10 "packets on both queues" spread_since "$before"
}

spread_since()
{
	[ "$(busy_queues "$(minus "$(per_queue rx-packets)" "$1")" 30)" -ge 2 ]
}

A1_cable_link_down_at_one_end()
{
	use_cable
	host link cable0 off
	defer host link cable0 on
	wait_for 10 "no carrier" carrier 0
	host link cable0 on
	wait_for 10 "carrier" carrier 1
	wait_for 20 "an answer" reach
}

A1_cable_of_datagrams()
{
	find_nic dgram
	ip link set "$nic" up
	ip address replace 198.51.101.2/24 dev "$nic"
	wait_for 20 "the far end" ping -nq -c 1 -W 1 198.51.101.1
	ping -nqf -c 200 198.51.101.1
	ping -nq -c 5 -i 0.05 -s 8000 198.51.101.1
}

user_net()
{
	find_nic user
	ip link set "$nic" up
	ip address replace 10.0.2.15/24 dev "$nic"
	HOST4=10.0.2.2
	wait_for 20 "the user network" reach
}

A1_user_network_ping()
{
	user_net
	ping -nq -i 0.05 -c 10 -s 1000 "$HOST4"
}

A1_user_network_iperf3_both_ways()
{
	user_net
	# SLIRP leads its own address to the host's loopback.
	iperf 5M
	iperf 5M -R
}

A1_user_network_contents()
{
	user_net
	local want
	want=$BLOB_SHA
	peer_bg sink "socat -u TCP4-LISTEN:6001,reuseaddr STDOUT | sha256sum"
	wait_for 10 "the peer's socat" peer_listens 6001
	socat -u "FILE:$BLOB" "TCP4:10.0.2.2:6001,connect-timeout=5"
	peer_wait sink 60
	eq "$(peer_out sink | cut -d ' ' -f 1)" "$want" "digest"
}

run_cases
