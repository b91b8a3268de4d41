#!/bin/bash
# XDP where buffers change hands: sent back, redirected, moved, several of them.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Also with a strict IOMMU: what is mapped is what the device reaches.

# shellcheck disable=SC2016 # what holds() is given is expanded there
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/xdp-lib.sh"

B10_tx_sends_back_what_came()
{
	setup
	attach tx
	local n
	peer_capture back "ether src $mac and ether proto 0x88b5"
	for n in 60 257 1514; do
		frames 3 "$n"
		wait_for 10 "frames of $n bytes sent back" captured back 3 \
			"$mac > 02:00:00:00:00:01.* length $n:"
	done
	eq "$(xdp xdp_tx)" 9 "packets sent back"
	wait_for 10 "their count on transmit" counted xdp_packets 0 9
	eq "$(xdp drop_xdp)" 0 "packets dropped"
}

B10_tx_under_traffic_never_fills_the_ring_for_the_stack()
{
	setup
	ethtool -G "$nic" tx 256
	ethtool -L "$nic" combined 1
	stir
	attach tx
	# The tap loses some of them, when it is full.
	until [ "$(xdp xdp_tx)" -ge 600 ]; do
		frames 200
		flows_live
	done
	eq "$(xdp busy)" 0 "packets given back to the stack"
}

B10_redirect_to_another_card()
{
	setup
	local out
	find_nic cable
	out=$nic
	ip link set "$out" up
	wait_for 30 "carrier" carrier 1
	find_nic dut
	attach redirect "$(cat "/sys/class/net/$out/ifindex")"
	tcpdump_far
	frames 4
	wait_for 10 "redirected frames" far_has 4
	wait_for 10 "their count" counted xdp_redirect 0 4
}

# What "far" receives, in the namespace at the other end of the cable.
tcpdump_far()
{
	ip netns exec cable tcpdump -i far -nn -e -l -U "ether proto 0x88b5" \
		>"$CASE_DIR/far" 2>"$CASE_DIR/far.err" &
	defer kill $!
	wait_for 20 "tcpdump" grep -q 'listening on' "$CASE_DIR/far.err"
}

far_has()
{
	[ "$(grep -c 0x88b5 "$CASE_DIR/far")" -ge "$1" ]
}

B10_redirect_to_us_without_a_program_here()
{
	setup
	local dut=$nic count
	peer_capture in "ether proto 0x88b5"
	count=$(xdp xdp_packets)
	at_cable
	find_nic cable
	ip link set "$nic" up
	wait_for 30 "carrier" carrier 1
	mac=$(mac_of "$nic")
	attach redirect "$(cat "/sys/class/net/$dut/ifindex")"
	frames 6
	PEER=host peer_if=tap0
	wait_for 10 "frames redirected to the host" captured in 6 '0x88b5'
	detach
	find_nic dut
	! attached || fail "there is a program on the target"
	eq $(($(xdp xdp_packets) - count)) 6 "frames sent for XDP"
	# Nobody takes them while the target is down.
	ip link set "$nic" down
	traffic_of_cable_to_a_target_that_is_down
}

traffic_of_cable_to_a_target_that_is_down()
{
	local dut=$nic before
	at_cable
	find_nic cable
	attach redirect "$(cat "/sys/class/net/$dut/ifindex")"
	before=$(xdp xdp_redirect)
	frames 3
	wait_for 10 "frames judged" holds \
		"\$(xdp xdp_redirect) + \$(xdp xdp_errors) >= $before + 3"
	detach
	PEER=host peer_if=tap0
	find_nic dut
	addresses
	traffic_both_ways
}

B10_head_and_tail_move()
{
	setup
	capture "ether proto 0x88b5"
	attach push 32
	frames 1 100
	wait_for 10 "a longer frame" have 1 'length 132:'
	frames 1 1000
	wait_for 10 "a longer frame" have 1 'length 1032:'
	attach trim 20
	frames 1 200
	wait_for 10 "a shorter frame" have 1 'length 180:'
	attach grow 40
	frames 1 300
	wait_for 10 "a frame grown at its end" have 1 'length 340:'
	attach push 208
	frames 1 60
	wait_for 10 "a frame that takes most of the headroom" have 1 'length 268:'
	attach meta
	frames 1 61
	frames 1 400
	wait_for 10 "a small frame with metadata" have 1 'length 61:'
	wait_for 10 "a frame with metadata" have 1 'length 400:'
	eq "$(xdp xdp_errors)" 0 "errors"
}

# blob_frame LENGTH: the peer sends a frame with random contents.
blob_frame()
{
	local header
	header=$(_escapes "$mac 020000000001 88b5")
	peer_sh "[ -s blob ] || head -c 3M /dev/urandom >blob
		{ printf '$header'; head -c $(($1 - 14)) blob; } >frames
		$(_sender frames "$1" "$peer_if")"
}

# blob_came_back LENGTH: in the peer's capture "back", byte by byte.
blob_came_back()
{
	wait_for 10 "a frame of $1 bytes sent back" captured back 1 "length $1:"
	eq "$(contents "$1")" "$(peer_sh "head -c $(($1 - 14)) blob |
		od -An -v -tx1 | tr -d ' \\n' | sha256sum")" \
		"contents of the frame of $1 bytes"
}

# contents LENGTH: digest of the captured frame of that length, in hex digits,
# without its header.
contents()
{
	peer_sh "awk '/length $1:/ { p = 1; next } /^[0-9]/ { p = 0 }
		p { for (i = 2; i <= NF; i++) printf \"%s\", \$i }' back.out |
		cut -c 29- | tr -d '\\n' | sha256sum"
}

B10_several_buffers()
{
	setup
	local n
	peer ip link set "$peer_if" mtu 9000
	defer peer ip link set "$peer_if" mtu 1500
	attach --frags tx
	ip link set "$nic" mtu 9000
	peer_capture back "ether src $mac and ether proto 0x88b5" -xx
	for n in 3520 3521 3600 7040 7041 9014; do
		blob_frame "$n"
		blob_came_back "$n"
	done
	eq "$(xdp xdp_tx)" 6 "frames sent back"
	traffic_both_ways
	attach --frags drop
	for n in 1 2 3 4 5; do
		blob_frame 9000
	done
	wait_for 10 "long frames dropped" counted xdp_drop 0 5
	attach --frags trim 6000
	capture "ether proto 0x88b5"
	blob_frame 9000
	blob_frame 9000
	wait_for 10 "frames cut short" have 2 'length 3000:'
	attach --frags grow 64
	blob_frame 8000
	wait_for 10 "a frame grown at its end" have 1 'length 8064:'
	attach --frags pass
	blob_frame 8500
	wait_for 10 "a long frame" have 1 'length 8500:'
	traffic_both_ways
}

B10_several_buffers_redirected()
{
	setup
	local dut=$nic
	peer ip link set "$peer_if" mtu 9000
	defer peer ip link set "$peer_if" mtu 1500
	ip link set "$nic" mtu 9000
	defer ip link set "$nic" mtu 1500
	# To itself: in by one card and out by the same, as any card's frames.
	attach --frags redirect "$(cat "/sys/class/net/$dut/ifindex")"
	peer_capture back "ether dst $mac and ether proto 0x88b5" "-xx -Q in"
	blob_frame 9000
	blob_came_back 9000
	wait_for 10 "its count" counted xdp_redirect 0 1
}

B10_programs_come_and_go_under_traffic()
{
	setup
	local n
	stir
	for n in 1 2 3; do
		attach drop
		attach pass
		attach --frags tx
		! has_btf || attach --bound "$nic" hash
		flows_live
		detach
		flows_live
	done
	! attached || fail "a program stayed"
	eq "$(feature rx-gro-hw)" on "merging"
}

run_cases
