#!/bin/bash
# TCP and UDP through the card, one and several streams, contents compared.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

# moved_all OUTPUT-OF-iperf BYTES
moved_all()
{
	local sent received
	read -r sent received <<<"$1"
	ge "$sent" "$2" "bytes sent"
	ge "$received" "$2" "bytes received"
}

A9_one_stream_to_the_peer()
{
	fresh
	moved_all "$(iperf 30M)" 30000000
}

A9_one_stream_from_the_peer()
{
	addresses
	moved_all "$(iperf 30M -R)" 30000000
}

A9_four_streams_to_the_peer()
{
	addresses
	[ "$(max_queues)" -eq 1 ] || ethtool -L "$nic" combined "$(max_queues)"
	moved_all "$(iperf 1s -P 4)" 500000
}

A9_four_streams_from_the_peer()
{
	addresses
	moved_all "$(iperf 1s -P 4 -R)" 500000
}

A9_streams_both_ways_at_once()
{
	addresses
	moved_all "$(iperf 1s -P 2 --bidir)" 500000
}

A9_streams_over_IPv6()
{
	addresses
	HOST4=$HOST6
	moved_all "$(iperf 1s -6 -P 2)" 500000
	moved_all "$(iperf 1s -6 -P 2 -R)" 500000
}

A9_UDP_both_ways()
{
	addresses
	local sent received
	read -r sent received <<<"$(iperf 2M -u -b 100M -l 1400)"
	ge "$sent" 2000000 "bytes sent"
	read -r sent received <<<"$(iperf 2M -u -b 100M -l 1400 -R)"
	# How much is lost is a matter of rate; that most arrives is not.
	ge "$received" 1000000 "bytes received"
}

A4_contents_to_the_peer_are_intact()
{
	addresses
	send_checked 4
	send_checked 6
}

A4_contents_from_the_peer_are_intact()
{
	addresses
	receive_checked 4
	receive_checked 6
}

A4_contents_of_small_writes_are_intact()
{
	addresses
	local digest
	peer_bg sink "socat -u TCP4-LISTEN:6001,reuseaddr STDOUT | sha256sum"
	wait_for 10 "the peer's socat" peer_listens 6001
	head -c 300000 "$BLOB" >"$CASE_DIR/blob"
	socat -u -b 100 "FILE:$CASE_DIR/blob" "TCP4:$HOST4:6001,nodelay"
	peer_wait sink 30
	digest=$(peer_out sink | cut -d ' ' -f 1)
	eq "$digest" "$(sha256sum <"$CASE_DIR/blob" | cut -d ' ' -f 1)" "digest"
}

A4_contents_of_UDP_in_fragments_are_intact()
{
	addresses
	udp_checked 4 1000
	udp_checked 4 30000
	udp_checked 6 30000
}

of_the_device A9_one_stream_to_the_peer \
	A9_one_stream_from_the_peer \
	A9_four_streams_to_the_peer \
	A9_four_streams_from_the_peer
run_cases
