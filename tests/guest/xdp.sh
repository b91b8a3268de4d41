#!/bin/bash
# XDP: verdicts, checks of what is attached, metadata, offloads, rings that change.
# SPDX-License-Identifier: GPL-2.0-or-later

# shellcheck disable=SC2016 # what holds() is given is expanded there
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/xdp-lib.sh"

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
	has_btf || skip "this kernel has no BTF"
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
	has_btf || skip "this kernel has no BTF"
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
	for n in 1 "$(max_queues)"; do
		ethtool -L "$nic" combined "$n"
		flows_live
	done
	for n in 128 2048; do
		ethtool -G "$nic" rx "$n" tx "$n"
		flows_live
	done
	for n in 9000 1500; do
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

of_the_device B10_drop_of_every_length
run_cases
