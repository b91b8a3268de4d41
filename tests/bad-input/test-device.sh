#!/bin/bash
# What -device mynic refuses: each wrong property in one clear sentence.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

QEMU=$MYNIC_BUILD/bin/qemu-system-x86_64

# card OPTIONS: QEMU with one card, which ends at once if it takes it.
card()
{
	timeout 30 "$QEMU" -M q35,accel=tcg -display none -nodefaults -S \
		-monitor stdio -netdev user,id=net0 -device "mynic$1" <<<quit
}

# refused OPTIONS TEXT: in one line, which ends with TEXT.
refused()
{
	fails card "$1"
	equal "$(grep -c 'mynic' <<<"$OUT")" 1
	OUT=$(grep 'mynic' <<<"$OUT")
	equal "${OUT#*-device "mynic$1": }" "$2"
}

test_a_card_with_right_values_starts()
{
	card ,netdev=net0,queues=1
	card ,netdev=net0,queues=64
	card ,netdev=net0,mac=52:54:00:12:34:56
}

test_every_property_may_be_off()
{
	local property properties
	properties=$("$QEMU" -device mynic,help |
		sed -nE 's/^ +([a-z][a-z0-9-]*)=<bool>.*/\1/p')
	for property in $properties; do
		card ",netdev=net0,$property=off" || return
	done
	grep -qx aer <<<"$properties"
}

test_no_queues()
{
	refused ,netdev=net0,queues=0 "mynic: queues=0 is not from 1 to 64"
}

test_too_many_queues()
{
	refused ,netdev=net0,queues=65 "mynic: queues=65 is not from 1 to 64"
	refused ,netdev=net0,queues=4294967296 \
		"mynic: queues=4294967296 is not from 1 to 64"
}

test_negative_queues()
{
	refused ,netdev=net0,queues=-1 "mynic: queues=-1 is not from 1 to 64"
}

test_queues_that_are_no_number()
{
	refused ,netdev=net0,queues=abc "Parameter 'queues' expects integer"
}

test_bad_mac_address()
{
	refused ,netdev=net0,mac=52:54:00 \
		"Property 'mynic.mac' doesn't take value '52:54:00'"
}

test_multicast_mac_address()
{
	refused ,netdev=net0,mac=01:00:5e:00:00:01 \
		"mynic: mac=01:00:5e:00:00:01 is a group address, a station has a unicast address"
}

test_speed_out_of_range()
{
	refused ,netdev=net0,speed=0 \
		"mynic: speed=0 is not from 10 to 800000 Mb/s"
}

test_ring_that_is_no_power_of_two()
{
	refused ,netdev=net0,max-ring=100 \
		"mynic: max-ring=100 is not a power of two from 64 to 16384"
}

test_iothreads_out_of_range()
{
	refused ,netdev=net0,iothreads=65 \
		"mynic: iothreads=65 is not from -1 to 64"
}

test_tx_poll_out_of_range()
{
	refused ,netdev=net0,tx-poll=1000001 \
		"mynic: tx-poll=1000001 is not from 0 to 1000000 microseconds"
	refused ,netdev=net0,tx-poll=4294967295 \
		"mynic: tx-poll=4294967295 is not from 0 to 1000000 microseconds"
	card ,netdev=net0,tx-poll=1000000
}


test_ioeventfd_that_is_no_mode()
{
	refused ,netdev=net0,ioeventfd=perhaps \
		"Parameter 'ioeventfd' does not accept value 'perhaps'"
}

test_iothreads_beside_a_mapping()
{
	fails "$QEMU" -M q35,accel=tcg -display none -nodefaults -S \
		-netdev user,id=net0 -object iothread,id=io0 -device \
		'{"driver": "mynic", "netdev": "net0", "iothreads": 1, "iothread-vq-mapping": [{"iothread": "io0"}]}'
	says "iothreads and iothread-vq-mapping exclude each other"
}

test_mapping_to_an_unknown_iothread()
{
	fails "$QEMU" -M q35,accel=tcg -display none -nodefaults -S \
		-netdev user,id=net0 -device \
		'{"driver": "mynic", "netdev": "net0", "iothread-vq-mapping": [{"iothread": "io0"}]}'
	says 'IOThread "io0" object does not exist'
}

test_unknown_property()
{
	refused ,netdev=net0,quues=4 "Property 'mynic.quues' not found"
}

test_unknown_netdev()
{
	refused ,netdev=nowhere \
		"Property 'mynic.netdev' can't find value 'nowhere'"
}

test_tap_with_fewer_queues_than_the_card()
{
	fails "$ROOT/scripts/netns-run.sh" -- "$QEMU" -M q35,accel=tcg \
		-display none -nodefaults -S \
		-netdev tap,id=net0,ifname=tap0,script=no,downscript=no,queues=2 \
		-device mynic,netdev=net0,queues=4
	says "queues=4"
}

test_help_documents_every_property()
{
	local out property
	out=$("$QEMU" -device mynic,help)
	for property in queues mac netdev speed max-ring aer shadow moderation rss \
			tx-csum tso uso tx-vlan rx-csum rx-gro rx-gro-udp \
			rx-csum-fill rx-vlan vlan-filter flow-rules \
			rss-symmetric rss-flow-label iothreads \
			iothread-vq-mapping ebpf ioeventfd tx-poll; do
		grep -qE "^ +$property=<[A-Za-z0-9]+> +- [A-Za-z]" <<<"$out" || {
			echo "no description of $property"
			return 1
		}
	done
}

run_tests "$@"
