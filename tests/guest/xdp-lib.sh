# shellcheck shell=bash
# What the tests of XDP share: programs that come and go, frames for them, counts.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced after lib.sh.  After setup, mac is the address of the card under test.
# shellcheck disable=SC2154 # nic is find_nic's

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

# A program that asks for metadata finds the kernel's functions by BTF.
has_btf()
{
	[ -e /sys/kernel/btf/vmlinux ]
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
