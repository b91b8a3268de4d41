#!/bin/bash
# Reaching the other end by ping and arping, and frames as they are, both ways.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

# A type for local experiments: nobody answers to it.
TYPE=88b5

pings()
{
	local out
	out=$("$@" 2>&1) || fail "$*: $out"
	match "$out" ' 0% packet loss' "$*"
}

C6_ping_over_IPv4_and_IPv6()
{
	fresh
	pings ping -nq -i 0.01 -c 20 "$HOST4"
	pings ping -nq -i 0.01 -c 20 "$HOST6"
}

C6_ping_of_every_length()
{
	addresses
	local size
	for size in 0 1 17 18 19 45 46 47 100 1471 1472; do
		pings ping -nq -c 1 -W 5 -M 'do' -s "$size" "$HOST4"
	done
}

C6_ping_in_fragments()
{
	addresses
	pings ping -nq -i 0.01 -c 5 -s 8000 "$HOST4"
	pings ping -nq -i 0.01 -c 5 -s 8000 "$HOST6"
}

C6_ping_from_the_peer()
{
	addresses
	pings peer ping -nq -i 0.01 -c 20 "$GUEST4"
	pings peer ping -nq -i 0.01 -c 20 -s 1472 "$GUEST4"
	pings peer ping -nq -i 0.01 -c 20 "$GUEST6"
}

C6_ping_flood_loses_nothing()
{
	addresses
	pings ping -nqf -c 1000 "$HOST4"
}

C6_arping_from_both_ends()
{
	addresses
	local out
	out=$(arping -c 2 -w 10 -I "$nic" "$HOST4")
	match "$out" '[Uu]nicast reply from|bytes from' "arping"
	out=$(peer arping -c 2 -w 10 -I "$peer_if" "$GUEST4")
	match "${out,,}" "$(mac_of "$nic")" "arping of the peer"
}

C6_tcpdump_at_both_ends_sees_the_same_frame()
{
	addresses
	local word=mynic$RANDOM
	capture "udp port 6100" "-A"
	peer_capture far "udp port 6100" "-A"
	echo "$word" | socat -u STDIN "UDP4-SENDTO:$HOST4:6100"
	wait_for 10 "the datagram at this end" have 1 "$word"
	wait_for 10 "the datagram at the peer" captured far 1 "$word"
}

C6_frames_of_the_peer_arrive_as_they_were_sent()
{
	addresses
	local mac
	mac=$(mac_of "$nic")
	capture "ether proto 0x$TYPE" "-xx"
	inject 3 "$mac 02:00:00:00:00:01 $TYPE 0000 0123456789abcdef+60"
	wait_for 10 "three frames" have 3 '0123 4567 89ab cdef'
	have 3 "02:00:00:00:00:01 > $mac" || fail "addresses changed"
}

C6_frames_to_the_peer_arrive_as_they_were_sent()
{
	addresses
	peer_capture far "ether proto 0x$TYPE" "-xx"
	emit 3 "020000000002 020000000001 $TYPE 0000 fedcba9876543210+60"
	wait_for 10 "three frames at the peer" captured far 3 \
		'fedc ba98 7654 3210'
}

C6_frames_of_every_length_from_the_peer()
{
	addresses
	local mac length
	mac=$(mac_of "$nic")
	capture "ether proto 0x$TYPE"
	# The shortest are below what a wire carries, a tap may send them.
	for length in 15 33 59 60 61 128 511 1513 1514; do
		inject 1 "$mac 02:00:00:00:00:01 $TYPE+$length"
	done
	wait_for 10 "nine frames" have 9 "$TYPE"
	# Padding up to 60 bytes is allowed, cutting or growing is not.
	for length in 60 61 128 511 1513 1514; do
		have 1 "length $length:" || fail "no frame of $length bytes"
	done
}

C6_frame_that_is_only_a_header_does_no_harm()
{
	fresh
	inject 5 "ffffffffffff 020000000001 0800"
	use_cable
	inject 5 "ffffffffffff 020000000001 0800"
	reach
}

run_cases
