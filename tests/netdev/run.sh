#!/bin/bash
# In the guest: runs files of the kernel's own driver tests on a card.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage, in the guest: tests/netdev/run.sh TARGET:FILE...
#
# scripts/check-netdev.sh starts the guest for it, with two cards joined by a
# cable, and says in the environment:
#   DRIVER     driver of the cards
#   MODULE     its file, for mynic
#
# The card with 01 at the end of its address is tested, the one with 02 is the
# remote end, in a namespace.  Both are called eth0: the tests that are shell
# scripts want one name.  Those of them that know of no remote end want two ports
# with a cable between them here: 03 and 04, swp1 and swp2.  For each file there are in /results its output
# (FILE.log), what the kernel said (FILE.dmesg), and at its end status and
# seconds (FILE.end); a guest that ends before is known by a file without.

set -euo pipefail

suite=/ksft
results=/results

case $DRIVER in
mynic)
	for dependency in $(modinfo -F depends "$MODULE" | tr ',' ' '); do
		modprobe "$dependency"
	done
	insmod "$MODULE"
	;;
*)
	modprobe "$DRIVER"
	;;
esac

# nic_with BYTE: waits for the interface with that address, and prints it.
nic_with()
{
	local dir n

	for ((n = 0; n < 100; n++)); do
		for dir in /sys/class/net/*; do
			if [ "$(<"$dir/address")" = "52:54:00:6d:79:$1" ]; then
				echo "${dir##*/}"
				return
			fi
		done
		sleep 0.1
	done
	echo "there is no card 52:54:00:6d:79:$1"
	return 1
}

# As Documentation of the tests asks: addresses that stay while the interface is
# down, and a way back to the prefix that they give to namespaces of their own.
sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1 \
	net.ipv6.conf.default.keep_addr_on_down=1 \
	net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1 \
	net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0
far=$(nic_with 02)
near=$(nic_with 01)
ip netns add remote
ip -n remote link set lo up
ip link set "$far" name far0
ip link set far0 netns remote
ip -n remote link set far0 name eth0
[ "$near" = eth0 ] || ip link set "$near" name eth0
ip link set "$(nic_with 03)" name swp1
ip link set "$(nic_with 04)" name swp2
cat >"$suite/net/forwarding/forwarding.config" <<-CONFIG
	NETIFS[p1]=swp1
	NETIFS[p2]=swp2
	NETIF_CREATE=no
CONFIG
ip link set lo up
ip netns exec remote sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1

export NETIF=eth0 REMOTE_TYPE=netns REMOTE_ARGS=remote
export LOCAL_V4=192.0.2.1 REMOTE_V4=192.0.2.2
export LOCAL_V6=2001:db8:1::1 REMOTE_V6=2001:db8:1::2
export LOCAL_PREFIX_V6=2001:db8:2::0/64
# Of TCG: some tests then wait longer.
export KSFT_MACHINE_SLOW=yes
ip address add "$LOCAL_V4/24" dev eth0
ip address add "$LOCAL_V6/64" dev eth0 nodad
ip link set eth0 up
ip -n remote address add "$REMOTE_V4/24" dev eth0
ip -n remote address add "$REMOTE_V6/64" dev eth0 nodad
ip -n remote link set eth0 up
ip -n remote route add 2001:db8:2::/64 via "$LOCAL_V6"
modprobe -qa netconsole netdevsim || :
for n in $(seq 100); do
	ping -nq -c 1 -W 1 "$REMOTE_V4" >/dev/null && break
	[ "$n" -lt 100 ] || {
		echo "the remote end does not answer"
		exit 1
	}
done

# command FILE: sets command; one that has no run bit gets its interpreter, as
# in the kernel's own runner.
command_of()
{
	command=("./$1")
	[ -x "$1" ] || read -ra command < <(
		sed -n '1s/^#! *//p' "$1" | tr '\n' ' '
		echo "./$1")
}

for test in "$@"; do
	dir=$suite/${test%:*}
	file=${test#*:}
	out=$results/${test//[:\/]/_}
	dmesg -C
	echo "# $test"
	rc=0
	t0=$SECONDS
	(
		cd "$dir"
		command_of "$file"
		exec timeout -k 10 "${FILE_TIMEOUT:-1800}" "${command[@]}"
	) >"$out.log" 2>&1 </dev/null || rc=$?
	dmesg >"$out.dmesg"
	sync
	echo "$rc $((SECONDS - t0))" >"$out.end"
done
