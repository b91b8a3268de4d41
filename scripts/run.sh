#!/bin/bash
# Starts an interactive guest with the card ("make run").
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/run.sh
#
# Settings, in the environment:
#   KERNEL=7.2|6.12|DIR  the guest's kernel (7.2)
#   NET=tap|user         where the card is connected; without it a tap, or
#                        QEMU's user network where there can be no tap
#   QUEUES=N             queue pairs of the card (4)
#   SMP=N MEM=MIB        processors (2) and memory (1024)

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

kernel=${KERNEL:-7.2}
queues=${QUEUES:-4}
net=${NET:-}

# In the namespace of the tap, or without one.
start()
{
	local backend address prepare='' vm=()

	case $net in
	tap)
		backend="tap,id=net0,ifname=${MYNIC_TAP:?},script=no,downscript=no,vhost=off,queues=$queues"
		address="$MYNIC_GUEST4/24 $MYNIC_GUEST6/64"
		;;
	user)
		backend="user,id=net0"
		address="10.0.2.15/24 via 10.0.2.2"
		prepare='echo nameserver 10.0.2.3 >/etc/resolv.conf; '
		;;
	esac
	vm=("$MYNIC_ROOT/scripts/vm-run.sh" --no-exec --kernel "$kernel"
	    --smp "${SMP:-2}" --mem "${MEM:-1024}"
	    --qemu-arg -netdev --qemu-arg "$backend"
	    --qemu-arg -device
	    --qemu-arg "mynic,id=nic0,bus=rp0,netdev=net0,queues=$queues,mac=52:54:00:6d:79:01")
	exec "${vm[@]}" -- "${prepare}mynic-reload $address && mynic-welcome"
}

tap_possible()
{
	"$MYNIC_ROOT/scripts/netns-run.sh" -- true >/dev/null 2>&1 </dev/null
}

# make_driver: for the guest's kernel.  A directory may be that of a kernel which
# driver-build.sh knows by another name; of others nobody knows what they were
# built in.
make_driver()
{
	local series=$kernel link release

	case $kernel in
	7.2 | 6.12)
		"$MYNIC_ROOT/scripts/driver-build.sh" "$kernel" >/dev/null
		return
		;;
	esac
	for link in "$MYNIC_CACHE"/kernels/*; do
		[ ! "$link" -ef "$kernel" ] || series=${link##*/}
	done
	[ "$series" = "$kernel" ] ||
		"$MYNIC_ROOT/scripts/driver-build.sh" "${series%%-*}" >/dev/null
	for release in "$kernel"/lib/modules/*; do
		release=${release##*/}
	done
	[ -e "$MYNIC_BUILD/modules/$release/mynic.ko" ] ||
		die "there is no driver for $release, the kernel in $kernel" \
		    "run: make driver KDIR=DIR, with the tree that this kernel was built in"
}

if [ "${1:-}" = --inside ]; then
	start
fi
[ $# -eq 0 ] || die "\"$1\" is not understood" "usage: scripts/run.sh, settings are in the environment"
[[ -t 0 && -t 1 ]] || die "an interactive guest wants a terminal" \
	"run it in one; scripts/vm-run.sh runs single commands"
number_in "$queues" 1 64 ||
	die "QUEUES=$queues is out of range" "the card has 1 to 64 queue pairs"
case $net in
tap | user | '')	;;
*)	die "NET=$net is not known" "it may be tap or user" ;;
esac
[[ $kernel == 7.2 || $kernel == 6.12 || -d $kernel/lib/modules ]] ||
	die "KERNEL=$kernel is not known" \
	    "it may be 7.2, 6.12 or the directory of a kernel, with vmlinuz and lib/modules/RELEASE"
queues=$((10#$queues))
number_in "${SMP:-2}" 1 255 ||
	die "SMP=$SMP is out of range" "a guest has 1 to 255 processors"
number_in "${MEM:-1024}" 256 1048576 ||
	die "MEM=$MEM is out of range" "a guest has 256 to 1048576 MiB"
# What cannot work is said before anything is built for it.
[ -z "${ACCEL:-}" ] || "$MYNIC_ROOT/scripts/accel.sh" >/dev/null

if [ -z "$net" ]; then
	net=user
	! tap_possible || net=tap
fi
"$MYNIC_ROOT/scripts/prereqs.sh" qemu guest
make_driver
"$MYNIC_ROOT/scripts/qemu-build.sh"
export NET=$net QUEUES=$queues
case $net in
tap)
	say "the card is on a tap; its far end is $(
		sed -n 's/.*MYNIC_HOST4=\([0-9.]*\).*/\1/p' \
			"$MYNIC_ROOT/scripts/netns-run.sh")"
	tap=()
	((queues > 1)) || tap=(--one-queue)
	exec "$MYNIC_ROOT/scripts/netns-run.sh" "${tap[@]}" -- \
		"${BASH_SOURCE[0]}" --inside
	;;
user)
	say "the card is on QEMU's user network, which reaches what this machine reaches"
	start
	;;
esac
