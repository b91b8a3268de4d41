#!/bin/bash
# Checksum, scatter-gather, TSO, USO and GRO: on, off and mixed, contents right.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# That an offload is really in the card, and really out of it when switched
# off, is read from the netlink counters tx-needs-csum, tx-hw-gso-packets,
# rx-csum-unnecessary and rx-hw-gro-packets, and from what the peer captures.

. "$(dirname "$0")/lib.sh"

# gained COUNTER COMMAND...: by how much a queue counter grows, all queues.
gained()
{
	local counter=$1 before
	shift

	before=$(sum "$(per_queue "$counter")")
	"$@" >&2
	echo $(($(sum "$(per_queue "$counter")") - before))
}

# set_feature FEATURE on|off: until the case ends.
set_feature()
{
	defer ethtool -K "$nic" "$1" "$(feature "$1")"
	ethtool -K "$nic" "$1" "$2"
	eq "$(feature "$1")" "$2" "$1"
}

# contents [SEND RECEIVE]: over these versions of IP.
contents()
{
	send_checked "${1:-4}"
	receive_checked "${2:-6}"
}

C2_features_offered_are_the_ones_claimed()
{
	mynic_only
	fresh
	local f
	for f in rx-checksumming tx-checksumming scatter-gather \
		 tcp-segmentation-offload tx-tcp-segmentation \
		 tx-tcp6-segmentation tx-udp-segmentation \
		 generic-segmentation-offload generic-receive-offload \
		 rx-vlan-offload tx-vlan-offload rx-vlan-filter \
		 receive-hashing rx-gro-hw highdma; do
		match "$(feature "$f")" '^(on|off)$' "$f"
	done
	for f in rx-checksumming tx-checksumming scatter-gather \
		 tx-tcp-segmentation tx-tcp6-segmentation \
		 tx-udp-segmentation rx-vlan-offload tx-vlan-offload \
		 rx-gro-hw; do
		eq "$(feature "$f")" on "$f by default"
	done
}

C2_transmit_checksums_are_the_cards_work_when_on()
{
	mynic_only
	fresh
	ge "$(gained tx-needs-csum send_checked 4)" 30 "packets for the card"
	set_feature tx-checksumming off
	eq "$(gained tx-needs-csum send_checked 4)" 0 "packets for the card"
}

C2_transmit_checksums_are_right_on_the_wire_when_off()
{
	addresses
	need_feature tx-checksumming
	set_feature tx-checksumming off
	peer_capture far "udp and port 6100" "-vv"
	echo word | socat -u STDIN "UDP4-SENDTO:$HOST4:6100"
	echo word | socat -u STDIN "UDP6-SENDTO:[$HOST6]:6100"
	wait_for 10 "datagrams with right checksums" captured far 2 \
		'udp sum ok'
}

C2_receive_checksums_are_the_cards_work_when_on()
{
	mynic_only
	fresh
	# What comes from the tap has no checksum yet; the cable's has.
	use_cable
	ge "$(gained rx-csum-unnecessary receive_checked 4)" 30 \
		"packets verified by the card"
	set_feature rx-checksumming off
	eq "$(gained rx-csum-unnecessary receive_checked 4)" 0 \
		"packets verified by the card"
}

# wrong_checksum: a UDP datagram to port 6100 whose checksum is wrong.
wrong_checksum()
{
	local mac ip
	mac=$(mac_of "$nic")
	# 192.0.2.1 to 192.0.2.2, UDP 1234 to 6100, 8 bytes of data
	ip="45000024 00004000 4011b6c5 c0000201 c0000202"
	inject "$1" "$mac 020000000001 0800 $ip 04d217d4 0010dead 4141414141414141"
}

udp_errors()
{
	nstat -az UdpInCsumErrors | awk '/^Udp/ { print $2 }'
}

C2_wrong_checksums_are_found_with_the_offload_on_and_off()
{
	addresses
	need_feature rx-checksumming
	local on before
	socat -u UDP4-RECV:6100 CREATE:"$CASE_DIR/got" &
	defer kill $!
	for on in on off; do
		set_feature rx-checksumming "$on"
		before=$(udp_errors)
		wrong_checksum 3
		wait_for 10 "three checksum errors, offload $on" \
			holds "\$(udp_errors) - $before == 3"
	done
	[ ! -s "$CASE_DIR/got" ] || fail "wrong data was delivered"
}

C2_scatter_gather_off_and_on()
{
	fresh
	need_feature scatter-gather
	set_feature scatter-gather off
	eq "$(feature tcp-segmentation-offload)" off "TSO without SG"
	send_checked 4
	set_feature scatter-gather on
	ethtool -K "$nic" tso on
	send_checked 4
}

C2_TSO_cuts_in_the_card_when_on()
{
	mynic_only
	fresh
	local f
	for f in 4 6; do
		ge "$(gained tx-hw-gso-packets send_checked "$f")" 30 \
			"TSO packets, IPv$f"
	done
	set_feature tx-tcp-segmentation off
	set_feature tx-tcp6-segmentation off
	for f in 4 6; do
		eq "$(gained tx-hw-gso-packets send_checked "$f")" 0 \
			"TSO packets, IPv$f"
	done
}

C2_TSO_segments_are_whole_at_a_plain_peer()
{
	mynic_only
	fresh
	# The far end of the cable understands no offload: the card itself
	# must cut and sum.
	use_cable
	ge "$(gained tx-hw-gso-packets send_checked 4)" 30 "TSO packets"
	ge "$(gained tx-hw-gso-packets send_checked 6)" 30 "TSO packets"
	# The peer's stack merges before its tcpdump looks.
	peer ethtool -K "$peer_if" gro off
	defer peer ethtool -K "$peer_if" gro on
	peer_capture far "tcp port 6001 and greater 1515"
	send_checked 4
	! captured far 1 'ethertype' || fail "a segment is longer than the MTU"
	eq "$(peer nstat -az TcpInCsumErrors | awk '/^Tcp/ { print $2 }')" 0 \
		"checksum errors at the peer"
}

gso_option()
{
	# SOL_UDP, UDP_SEGMENT
	echo ",setsockopt-int=17:103:$1"
}

C2_USO_cuts_in_the_card_when_on()
{
	mynic_only
	fresh
	local f
	for f in 4 6; do
		ge "$(gained tx-hw-gso-packets \
			udp_checked "$f" 30000 "$(gso_option 1000)")" 1 \
			"USO packets, IPv$f"
		# A last segment that is shorter.
		udp_checked "$f" 29999 "$(gso_option 1400)"
		udp_checked "$f" 1001 "$(gso_option 1000)"
	done
	set_feature tx-udp-segmentation off
	eq "$(gained tx-hw-gso-packets \
		udp_checked 4 30000 "$(gso_option 1000)")" 0 "USO packets"
}

C2_USO_segments_are_whole_at_a_plain_peer()
{
	mynic_only
	fresh
	use_cable
	peer_capture far "udp port 6003"
	ge "$(gained tx-hw-gso-packets \
		udp_checked 4 10000 "$(gso_option 1000)")" 1 "USO packets"
	wait_for 10 "ten datagrams of 1000 bytes" captured far 10 'length 1000'
	udp_checked 6 10000 "$(gso_option 1000)"
	eq "$(peer nstat -az UdpInCsumErrors | awk '/^Udp/ { print $2 }')" 0 \
		"checksum errors at the peer"
}

C2_GSO_off_and_on()
{
	fresh
	set_feature generic-segmentation-offload off
	send_checked 4
	udp_checked 4 30000
	set_feature generic-segmentation-offload on
	send_checked 4
}

C2_GRO_off_and_on()
{
	fresh
	set_feature generic-receive-offload off
	receive_checked 4
	set_feature generic-receive-offload on
	receive_checked 4
}

C2_HW_GRO_delivers_merged_packets_when_on()
{
	mynic_only
	fresh
	local f
	for f in 4 6; do
		ge "$(gained rx-hw-gro-packets receive_checked "$f")" 20 \
			"merged packets, IPv$f"
	done
	ge "$(sum "$(per_queue rx-hw-gro-wire-packets)")" \
		"$((2 * $(sum "$(per_queue rx-hw-gro-packets)")))" \
		"packets they were merged from"
}

C2_HW_GRO_off_delivers_packets_of_the_MTU()
{
	mynic_only
	fresh
	set_feature rx-gro-hw off
	set_feature generic-receive-offload off
	capture "tcp port 6002 and greater 1515"
	eq "$(gained rx-hw-gro-packets receive_checked 4)" 0 "merged packets"
	eq "$(gained rx-hw-gro-packets receive_checked 6)" 0 "merged packets"
	! have 1 'length' || fail "a packet is longer than the MTU"
}

C2_GRO_keeps_what_forwarding_needs()
{
	# What was merged must be cut again just as it was: from the peer
	# through this guest to its own namespace.
	addresses
	ip netns add inner
	defer ip netns del inner
	ip link add v0 type veth peer name v1 netns inner
	defer ip link del v0
	ip address add 203.0.113.1/24 dev v0
	ip link set v0 up
	ip -n inner address add 203.0.113.2/24 dev v1
	ip -n inner link set v1 up
	ip -n inner route add default via 203.0.113.1
	sysctl -qw net.ipv4.ip_forward=1
	defer sysctl -qw net.ipv4.ip_forward=0
	peer ip route add 203.0.113.0/24 via "$GUEST4"
	defer peer ip route del 203.0.113.0/24
	ip netns exec inner socat -u TCP4-LISTEN:6004,reuseaddr \
		OPEN:"$CASE_DIR/inner",creat,trunc &
	local sink=$!
	wait_for 10 "the inner socat" ip netns exec inner \
		bash -c 'ss -Hltn "sport = :6004" | grep -q .'
	peer_sh '[ -s blob ] || head -c 3M /dev/urandom >blob
		socat -u FILE:blob TCP4:203.0.113.2:6004,connect-timeout=5'
	wait "$sink"
	eq "$(sha256sum <"$CASE_DIR/inner" | cut -d ' ' -f 1)" \
		"$(peer_sh 'sha256sum <blob' | cut -d ' ' -f 1)" "digest"
}

# link_limit NAME: a number that "ip -d" tells of the interface.
link_limit()
{
	ip -d link show "$nic" | grep -oE "\<$1 [0-9]+" | cut -d ' ' -f 2
}

# big_tcp BYTES: packets of so many bytes, both ways, until the case ends.
big_tcp()
{
	local limit

	for limit in gso_max_size gso_ipv4_max_size gro_max_size \
		     gro_ipv4_max_size; do
		defer ip link set "$nic" "$limit" "$(link_limit "$limit")"
		ip link set "$nic" "$limit" "$1"
		eq "$(link_limit "$limit")" "$1" "$limit"
	done
	# Or TCP makes them shorter where an answer takes long.
	defer sysctl -qw "net.ipv4.tcp_tso_rtt_log=$(sysctl -n \
		net.ipv4.tcp_tso_rtt_log)"
	sysctl -qw net.ipv4.tcp_tso_rtt_log=30
}

# bigs_sent FAMILY: a file in large writes, of which the driver was given some
# packets that are longer than IP can say.
bigs_sent()
{
	# No word of TCP, which a jumbogram option of the stack would hide.
	capture "greater 66000" "-s 128"
	send_checked "$1" 1000000
	wait_for 5 "packets of more than 64 KiB, IPv$1" have 3 length
}

C2_BIG_TCP_is_offered_as_far_as_the_card_goes()
{
	mynic_only
	addresses
	local limit most
	most=$(link_limit tso_max_size)
	eq "$most" 262144 tso_max_size
	for limit in gso_max_size gso_ipv4_max_size; do
		eq "$(link_limit "$limit")" 65536 "$limit by default"
		! ip link set "$nic" "$limit" $((most + 1)) ||
			fail "$limit may be more than the card takes"
		eq "$(link_limit "$limit")" 65536 "$limit after a refusal"
	done
}

# What the peer's IP found wrong with headers and lengths so far.
ip_errors()
{
	peer nstat -asz | awk '/^Ip6?In(HdrErrors|TruncatedPkts)/ { n += $2 }
		END { print n + 0 }'
}

C2_BIG_TCP_contents_are_intact_both_ways()
{
	mynic_only
	addresses
	local f dropped errors
	big_tcp 196608
	dropped=$(hw port_tx_drop_backend)
	errors=$(ip_errors)
	for f in 4 6; do
		bigs_sent "$f"
		receive_checked "$f"
	done
	eq "$(hw port_tx_drop_backend)" "$dropped" \
		"packets that the device could not cut"
	eq "$(ip_errors)" "$errors" "packets that the peer's IP did not like"
}

C2_mixed_offloads_keep_contents()
{
	fresh
	need_feature tx-checksumming rx-checksumming tcp-segmentation-offload
	ethtool -K "$nic" tx-checksumming off
	contents 4 6
	ethtool -K "$nic" rx-checksumming off
	contents 4 6
	contents 6 4
	ethtool -K "$nic" tx-checksumming on tcp-segmentation-offload on
	contents 4 6
	ethtool -K "$nic" tcp-segmentation-offload off \
		generic-receive-offload off
	contents 6 4
	ethtool -K "$nic" rx-checksumming on
	contents 4 6
}

C2_features_are_switched_under_traffic()
{
	fresh
	stir
	local f
	for f in tx-checksumming rx-checksumming tcp-segmentation-offload \
		 generic-receive-offload rx-gro-hw scatter-gather; do
		ethtool -k "$nic" | grep -qE "^\s*$f: on$" || continue
		ethtool -K "$nic" "$f" off
		ethtool -K "$nic" "$f" on
	done
	flows_live
}

C2_features_survive_down_and_up()
{
	fresh
	need_feature rx-checksumming tcp-segmentation-offload
	set_feature rx-checksumming off
	set_feature tcp-segmentation-offload off
	ip link set "$nic" down
	addresses
	eq "$(feature rx-checksumming)" off "rx-checksumming"
	eq "$(feature tcp-segmentation-offload)" off "TSO"
	send_checked 4
	receive_checked 4
}

run_cases
