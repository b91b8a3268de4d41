#!/bin/bash
# XDP: each verdict, several buffers, redirection, metadata, offloads, changes
# of rings while a program is attached.
# SPDX-License-Identifier: GPL-2.0-or-later

# shellcheck disable=SC2016 # what holds() is given is expanded there
. "$(dirname "$0")/lib.sh"

XDP_PROG=$MYNIC_RUN/tools/xdp-prog
PINS=/sys/fs/bpf

# Frames of type 0x88b5 are what the programs act on; all others pass.
setup()
{
	mynic_only
	mountpoint -q "$PINS" || mount -t bpf bpf "$PINS"
	fresh
	mac=$(mac_of "$nic")
	defer detach
}

# program [OPTION]... PROGRAM [ARGUMENT]: loads it, pinned at $PINS/test.
program()
{
	local options=()
	while [[ $1 == --* ]]; do
		options+=("$1")
		[ "$1" != --bound ] || {
			options+=("$2")
			shift
		}
		shift
	done
	"$XDP_PROG" "${options[@]}" "$1" "$PINS/test" "${@:2}"
}

# attach [OPTION]... PROGRAM [ARGUMENT]: loads it and attaches it to the card.
attach()
{
	program "$@"
	ip -force link set dev "$nic" xdpdrv pinned "$PINS/test"
}

detach()
{
	ip link set dev "$nic" xdpdrv off
}

attached()
{
	ip link show dev "$nic" | grep -q 'prog/xdp'
}

# xdp COUNTER: its sum over the queues of both directions.
xdp()
{
	ethtool -S "$nic" | awk -v c="$1" '
		match($1, "^[rt]x[0-9]+_" c ":$") { n += $2; found = 1 }
		END { if (!found) exit 1; print n + 0 }'
}

# counted COUNTER BEFORE COUNT: it grew by so much; for wait_for.
counted()
{
	[ $(($(xdp "$1") - $2)) -eq "$3" ]
}

# frames COUNT [LENGTH]: the peer sends frames for the programs.
frames()
{
	inject "$1" "$mac 020000000001 88b5 6d796e6963+${2:-60}"
}

# last: a frame that no program touches has come through after all others.
last()
{
	inject 1 "$mac 020000000001 88b6+60"
	wait_for 10 "the last frame" have 1 'ethertype Unknown \(0x88b6\)'
}

traffic_both_ways()
{
	send_checked 4
	receive_checked 4
}

B10_features_are_advertised()
{
	setup
	local f said
	said=$(xdp-loader features "$nic")
	for f in BASIC REDIRECT NDO_XMIT RX_SG NDO_XMIT_SG; do
		match "$said" "NETDEV_XDP_ACT_$f:\s+yes" "features"
	done
	match "$said" "NETDEV_XDP_ACT_HW_OFFLOAD:\s+no" "features"
}

B10_pass()
{
	setup
	attach pass
	attached || fail "no program attached"
	capture "ether proto 0x88b5"
	frames 5
	wait_for 10 "frames that passed" have 5 '0x88b5'
	wait_for 10 "their count" holds '$(xdp xdp_pass) >= 5'
	eq "$(xdp xdp_errors)" 0 "errors"
	traffic_both_ways
}

B10_drop_and_others_live_on()
{
	setup
	stir
	attach drop
	capture "ether proto 0x88b5 or ether proto 0x88b6"
	frames 5
	wait_for 10 "dropped frames counted" counted xdp_drop 0 5
	last
	! have 1 '0x88b5' || fail "a dropped frame came through"
	flows_live
	detach
	frames 1
	wait_for 10 "a frame without a program" have 1 '0x88b5'
	flows_live
}

B10_drop_of_every_length()
{
	setup
	local n
	attach drop
	for n in 14 60 256 257 1514; do
		inject 3 "$mac 020000000001 88b5+$n"
	done
	wait_for 10 "dropped frames counted" counted xdp_drop 0 15
	traffic_both_ways
}

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

B10_aborted_is_traced_and_counted()
{
	setup
	local tracing=/sys/kernel/tracing
	mountpoint -q "$tracing" || mount -t tracefs tracefs "$tracing"
	echo >"$tracing/trace"
	echo 1 >"$tracing/events/xdp/xdp_exception/enable"
	defer eval "echo 0 >$tracing/events/xdp/xdp_exception/enable"
	attach aborted
	capture "ether proto 0x88b5 or ether proto 0x88b6"
	frames 3
	wait_for 10 "aborted frames counted" counted xdp_errors 0 3
	last
	! have 1 '0x88b5' || fail "an aborted frame came through"
	eq "$(grep -c 'xdp_exception.*action=ABORTED' "$tracing/trace")" 3 \
		"traces of the exception"
}

B10_a_verdict_that_there_is_none_of()
{
	setup
	kernel_may_say 'Illegal XDP return value'
	attach invalid
	frames 2
	wait_for 10 "frames counted as errors" counted xdp_errors 0 2
	traffic_both_ways
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
	PEER=cable peer_if=far
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
	PEER=cable peer_if=far
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
	peer_sh "[ -s blob ] || head -c 8M /dev/urandom >blob
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

B10_mtu_and_frags_are_checked()
{
	setup
	local max
	ip link set "$nic" mtu 9000
	program drop
	refused 'MTU 9000.*without frags at most [0-9]+' \
		ip link set dev "$nic" xdpdrv pinned "$PINS/test"
	! attached || fail "attached all the same"
	eq "$(feature rx-gro-hw)" on "merging, after the refusal"
	traffic_both_ways
	attach --frags drop
	program drop
	refused 'MTU 9000.*without frags at most [0-9]+' \
		ip -force link set dev "$nic" xdpdrv pinned "$PINS/test"
	ip link set "$nic" mtu 1500
	attach drop
	max=$(ip -d link show "$nic" | grep -oE 'maxmtu [0-9]+' | cut -d ' ' -f 2)
	refused 'mtu' ip link set "$nic" mtu $((max + 1))
	ip link set "$nic" mtu "$max"
	peer ip link set "$peer_if" mtu "$max"
	defer peer ip link set "$peer_if" mtu 1500
	traffic_both_ways
	detach
	ip link set "$nic" mtu 9000
	ip link set "$nic" mtu 1500
}

B10_offloads_go_and_come_back()
{
	setup
	local f before partial merged
	receive_checked 4
	[ "$(sum "$(per_queue rx-csum-partial)")" -gt 0 ] ||
		fail "this peer leaves no checksum partial"
	attach pass
	for f in rx-gro-hw rx-vlan-offload; do
		eq "$(feature $f)" off "$f with a program"
	done
	for f in rx-checksumming tx-checksumming tcp-segmentation-offload \
		receive-hashing; do
		eq "$(feature $f)" on "$f with a program"
	done
	before=$(sum "$(per_queue rx-csum-unnecessary)")
	partial=$(sum "$(per_queue rx-csum-partial)")
	merged=$(sum "$(per_queue rx-gro-packets)")
	receive_checked 4
	eq "$(sum "$(per_queue rx-csum-partial)")" "$partial" \
		"packets with a partial checksum"
	eq "$(sum "$(per_queue rx-gro-packets)")" "$merged" "merged packets"
	ge $(($(sum "$(per_queue rx-csum-unnecessary)") - before)) 1000 \
		"packets whose checksum the device verified"
	# Wanted, but not to be had; nothing breaks.
	ethtool -K "$nic" rx-gro-hw on || :
	eq "$(feature rx-gro-hw)" off "merging, asked for"
	ethtool -K "$nic" rx off
	receive_checked 4
	ethtool -K "$nic" rx on
	ip link set "$nic" down
	addresses
	eq "$(feature rx-gro-hw)" off "merging after down and up"
	detach
	for f in rx-gro-hw rx-vlan-offload rx-checksumming; do
		eq "$(feature $f)" on "$f without a program"
	done
	receive_checked 4
	ge "$(sum "$(per_queue rx-gro-packets)")" 1 "merged packets again"
	ge "$(sum "$(per_queue rx-csum-partial)")" 1 "partial checksums again"
}

B10_udp_of_this_host_has_its_checksum()
{
	setup
	attach pass
	local out
	capture "udp port 6111" -vv
	peer_sh "head -c 700 /dev/urandom |
		socat -u STDIN UDP4-SENDTO:$GUEST4:6111"
	wait_for 10 "the datagram" have 1 'udp sum ok'
	out=$(cat "$CASE_DIR/capture")
	no_match "$out" 'bad udp' "checksum"
}

B10_a_tagged_frame_reaches_the_program_whole()
{
	setup
	attach drop
	capture "ether proto 0x88b6 or vlan"
	# Behind its tag it is of the type that is dropped.
	inject 2 "$mac 020000000001 81000064 88b5+64"
	wait_for 10 "a tagged frame" have 2 'vlan 100'
	eq "$(xdp xdp_drop)" 0 "frames dropped"
}

B10_metadata_hash()
{
	setup
	local said
	attach --bound "$nic" --all hash
	capture "udp port 6100"
	burst 7000 7003 1
	# Four bytes of hash, then XDP_RSS_L4.
	wait_for 10 "hashed packets" have 4 ' ..:..:..:..:08:00 > '
	said=$(grep -oE '..:..:..:..:08:00 >' "$CASE_DIR/capture" | sort -u)
	eq "$(wc -l <<<"$said")" 4 "different hashes of four flows"
	detach
	ethtool -K "$nic" rxhash off
	attach --bound "$nic" --all hash
	burst 7000 7003 1
	wait_for 10 "packets without hash" have 4 '02:00:00:00:00:01 > '
}

B10_metadata_vlan_tag()
{
	setup
	attach --bound "$nic" vlan
	eq "$(feature rx-vlan-offload)" on "stripping for a bound program"
	capture ""
	inject 2 "$mac 020000000001 81000064 88b5+64"
	# What was the source address: protocol and contents of the tag.
	wait_for 10 "frames whose tag was told" have 2 '81:00:00:00:64:00 > '
	attach drop
	eq "$(feature rx-vlan-offload)" off "stripping for another program"
}

B10_rings_and_mtu_change_under_a_program()
{
	setup
	local changes n
	changes=$(cat "/sys/class/net/$nic/carrier_changes")
	stir
	attach --frags drop
	flows_live
	for n in 1 "$(max_queues)" 2; do
		ethtool -L "$nic" combined "$n"
		flows_live
	done
	for n in 128 2048 1024; do
		ethtool -G "$nic" rx "$n" tx "$n"
		flows_live
	done
	for n in 9000 3000 1500; do
		ip link set "$nic" mtu "$n"
		flows_live
	done
	before=$(xdp xdp_drop)
	frames 3
	wait_for 10 "frames dropped" counted xdp_drop "$before" 3
	detach
	flows_live
	eq "$(cat "/sys/class/net/$nic/carrier_changes")" "$changes" \
		"changes of the carrier"
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
		attach --bound "$nic" hash
		flows_live
		detach
		flows_live
	done
	! attached || fail "a program stayed"
	eq "$(feature rx-gro-hw)" on "merging"
}

B10_every_number_of_queues()
{
	setup
	local n before
	for n in 1 2 "$(max_queues)"; do
		ethtool -L "$nic" combined "$n"
		attach tx
		before=$(xdp xdp_tx)
		frames 3
		wait_for 10 "frames sent back" counted xdp_tx "$before" 3
		detach
	done
}

B10_a_program_survives_down_and_reset()
{
	setup
	local before
	attach drop
	ip link set "$nic" down
	addresses
	frames 2
	wait_for 10 "frames dropped" holds '$(xdp xdp_drop) >= 2'
	before=$(xdp xdp_drop)
	kernel_may_say 'reset'
	ethtool --reset "$nic" all
	wait_for 30 "the end of the reset" reach
	frames 2
	wait_for 10 "frames dropped after the reset" holds \
		"\$(xdp xdp_drop) >= $before + 2"
	eq "$(feature rx-gro-hw)" off "merging"
	receive_checked 4
}

B10_attached_while_down()
{
	setup
	ip link set "$nic" down
	attach drop
	addresses
	frames 2
	wait_for 10 "frames dropped" counted xdp_drop 0 2
	ip link set "$nic" down
	detach
	addresses
	traffic_both_ways
}

B10_a_queue_is_restarted_under_a_program()
{
	setup
	stir
	attach tx
	frames 50
	wait_for 10 "frames sent back" counted xdp_tx 0 50
	flows_live
	# The whole set of rings, with frames of XDP under way.
	frames 500 &
	ethtool -G "$nic" rx 512
	wait $!
	flows_live
}

B10_the_driver_is_unloaded_with_a_program()
{
	setup
	attach --frags drop
	stir
	kernel_may_say 'reset'
	rmmod "$DRIVER"
	fresh
	! attached || fail "a program on a new device"
}

run_cases
