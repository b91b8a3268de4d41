#!/bin/bash
# Runs a command in a private network namespace with a multiqueue tap.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/netns-run.sh [--no-tap | --one-queue] -- COMMAND...
#
# COMMAND sees a loopback and the tap $MYNIC_TAP (multiqueue, offload headers)
# with $MYNIC_HOST4 and $MYNIC_HOST6; QEMU and the peers of the guest run here.
# QEMU's "queues=1" opens no tap that is multiqueue: that wants --one-queue.
# The namespaces have no name: they, the tap and every process in them end
# with COMMAND, whatever way it ends.  An ordinary user needs no root where the
# machine allows user namespaces; elsewhere sudo is asked for.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

MYNIC_TUN=${MYNIC_TUN:-/dev/net/tun}

usage='usage: scripts/netns-run.sh [--no-tap | --one-queue] -- COMMAND...'

export MYNIC_TAP=tap0
export MYNIC_HOST4=192.0.2.1 MYNIC_GUEST4=192.0.2.2
export MYNIC_HOST6=fd00:6d79::1 MYNIC_GUEST6=fd00:6d79::2

# In the namespace, as its first process: set up, run, end.
inside()
{
	local queues=$1 child rc=0 multi=multi_queue
	shift

	# The first process of a PID namespace has no default actions.
	trap 'exit 143' TERM
	trap 'exit 130' INT
	trap 'exit 129' HUP
	ip link set lo up
	if [ "$queues" != none ]; then
		[ "$queues" = several ] || multi=
		# shellcheck disable=SC2086 # no word or one
		ip tuntap add dev "$MYNIC_TAP" mode tap $multi vnet_hdr ||
			die "a tap device cannot be made in a network namespace" \
			    "see whether another process may use $MYNIC_TUN"
		echo 0 >"/proc/sys/net/ipv6/conf/$MYNIC_TAP/accept_dad" || :
		ip address add "$MYNIC_HOST4/24" dev "$MYNIC_TAP"
		ip address add "$MYNIC_HOST6/64" dev "$MYNIC_TAP" nodad
		ip link set "$MYNIC_TAP" up
	fi
	# A background command would lose the terminal as its input.
	"$@" <&0 &
	child=$!
	wait "$child" || rc=$?
	exit "$rc"
}

check_tun()
{
	[ -e "$MYNIC_TUN" ] ||
		die "there is no $MYNIC_TUN on this machine, which tap networking needs" \
		    "load the module (modprobe tun), or start the container with --device /dev/net/tun"
	[ -c "$MYNIC_TUN" ] ||
		die "$MYNIC_TUN is no character device" \
		    "make it: rm $MYNIC_TUN; mknod $MYNIC_TUN c 10 200; chmod 666 $MYNIC_TUN"
	if ! { : <>"$MYNIC_TUN"; } 2>/dev/null; then
		die "$MYNIC_TUN cannot be opened: ${USER:-this user} may not, or the kernel has no tun module" \
		    "as root: modprobe tun; chmod 666 $MYNIC_TUN"
	fi
}

if [ "${1:-}" = --inside ]; then
	shift
	inside "$@"
fi

queues=several
while [ $# -gt 0 ]; do
	case $1 in
	--no-tap)
		queues=none
		;;
	--one-queue)
		queues=one
		;;
	--)
		shift
		break
		;;
	*)
		die "netns-run.sh does not know \"$1\"" "$usage"
		;;
	esac
	shift
done
[ $# -gt 0 ] || die "no command to run" "$usage"
need_packages iproute2
[ "$queues" = none ] || check_tun

ns=(unshare --net --pid --fork --kill-child --mount-proc)
as_user=()
if [ "$(id -u)" -ne 0 ]; then
	user=(unshare --user --map-root-user "${ns[@]:1}")
	if "${user[@]}" true 2>/dev/null; then
		ns=("${user[@]}")
	elif command -v sudo >/dev/null &&
	     confirm "make a network namespace with sudo?"; then
		# Only the namespace is root's work: what runs in it is the
		# user's, with rights over the namespace's network.
		mapfile -d '' -t environment < <(env -0)
		ns=(sudo -- env -i "${environment[@]}" "${ns[@]}")
		caps=-all,+net_admin,+net_raw,+net_bind_service
		as_user=(setpriv "--reuid=$(id -u)" "--regid=$(id -g)"
			 --init-groups "--inh-caps=$caps"
			 "--ambient-caps=$caps" "--bounding-set=$caps")
	fi
fi
reason=$("${ns[@]}" true 2>&1) ||
	die "this machine refuses a private network namespace: $reason" \
	    "run it as root, and in a container with --cap-add SYS_ADMIN --cap-add NET_ADMIN"
rc=0
"${ns[@]}" "${BASH_SOURCE[0]}" --inside "$queues" "${as_user[@]}" "$@" <&0 &
child=$!
# --kill-child ends the namespace with unshare.
trap 'kill -KILL "$child" 2>/dev/null || :' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
wait "$child" || rc=$?
trap - EXIT
exit "$rc"
