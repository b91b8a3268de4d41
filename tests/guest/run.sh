#!/bin/bash
# Prepares a booted guest for the tests and runs the named files; prints KTAP.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage, in the guest: tests/guest/run.sh [FILE]...
#
# scripts/guest-test.sh starts the guest for it and says in the environment:
#   DRIVER     driver of the cards: mynic, virtio_net or e1000e
#   MODULE     file of the driver, for mynic
#   AGENT      name of the virtio port to tests/guest/host-agent.sh
#   OTHER_MODULE  likewise, of another major version of the contract
#   WRONG_ASQ_MODULE  likewise, with a wrong address of the admin queue
#   MASK32_MODULE  likewise, with a DMA mask of 32 bits
#   RX_RESTART_MODULE  file of tests/guest/rx-restart, where the kernel can do it
#   PLUG_JSON  arguments of QEMU's device_add for the card under test
#   DONE       output of guests before this one: their results are not repeated
#   CASES      regular expression of the cases wanted, all without
#   DEVICE_CASES  which of the cases of the device, see tests/guest/cases.sh
#
# Cards are known by the last byte of their address:
#   01 dut     the card under test, on the host's tap
#   02 cable   joined to 03, "far", in the network namespace "cable"
#   04 user    on QEMU's user network
#   05 dgram   joined to 06 by datagrams

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
export MYNIC_RUN=/run/mynic-tests

# From memory it is faster, nobody changes it meanwhile, and a guest that was
# suspended has no 9p share any more: a bash that is told of one as OLDPWD looks
# at it when it starts, and waits for ever.
if [ "$here" != "$MYNIC_RUN/tests" ]; then
	mkdir -p "$MYNIC_RUN/peer"
	cp -r "$here" "$MYNIC_RUN/tests"
	sed -nE 's/^(not )?ok [1-9][0-9]* ([a-z-]+: [^#]*[^# ]).*/\2/p' "$DONE" \
		>"$MYNIC_RUN/done"
	cp -r /mynic/build/guest-tools "$MYNIC_RUN/tools"
	if [ "$DRIVER" = mynic ]; then
		cp "$MODULE" "$MYNIC_RUN/"
		[ ! -e "$OTHER_MODULE" ] ||
			cp "$OTHER_MODULE" "$MYNIC_RUN/other.ko"
		[ ! -e "$WRONG_ASQ_MODULE" ] ||
			cp "$WRONG_ASQ_MODULE" "$MYNIC_RUN/wrong-asq.ko"
		[ ! -e "$MASK32_MODULE" ] ||
			cp "$MASK32_MODULE" "$MYNIC_RUN/mask32.ko"
		[ ! -e "$RX_RESTART_MODULE" ] ||
			cp "$RX_RESTART_MODULE" "$MYNIC_RUN/rx-restart.ko"
		export MODULE=$MYNIC_RUN/mynic.ko
	fi
	# A third of all processes are these, and an emulated processor takes
	# twice as long to start one that is linked when it starts.
	mkdir "$MYNIC_RUN/bin"
	for tool in awk basename cat cut dirname dmesg grep mkdir rm sed seq \
		    sort tail tr wc; do
		ln -s "$(command -v busybox)" "$MYNIC_RUN/bin/$tool"
	done
	cd "$MYNIC_RUN"
	unset OLDPWD
	export PATH=$MYNIC_RUN/bin:/usr/sbin:/usr/bin:/sbin:/bin
	exec "$MYNIC_RUN/tests/run.sh" "$@"
fi

for name in /sys/class/virtio-ports/*/name; do
	port=${name%/name}
	[ "$(<"$name")" != "$AGENT" ] || port_of_agent=/dev/${port##*/}
done
: "${port_of_agent:?there is no such port}"
sysctl -qw net.ipv6.conf.default.accept_dad=0 \
	net.ipv6.conf.default.accept_ra=0

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
modprobe "$FAR_DRIVER"

# nic_with BYTE: interface with that address.
nic_with()
{
	local dir
	for dir in /sys/class/net/*; do
		if [ "$(cat "$dir/address")" = "52:54:00:6d:79:$1" ]; then
			basename "$dir"
			return
		fi
	done
	return 1
}

pci_of()
{
	local dir
	dir=$(readlink -f "/sys/class/net/$1/device")
	[[ $dir != */virtio* ]] || dir=$(dirname "$dir")
	basename "$dir"
}

role()
{
	local nic
	for _ in $(seq 100); do
		if nic=$(nic_with "$1"); then
			pci_of "$nic" >"$MYNIC_RUN/pci.$2"
			return
		fi
		sleep 0.1
	done
	echo "# there is no card 52:54:00:6d:79:$1 ($2)"
	return 1
}

far()
{
	local nic
	nic=$(nic_with "$1")
	ip link set "$nic" name "$2" netns cable
	ip -n cable address add "$3/24" dev "$2"
	[ -z "${4:-}" ] || ip -n cable address add "$4/64" dev "$2" nodad
	ip -n cable link set "$2" up
}

ip link set lo up
role 01 dut
role 02 cable
role 03 far
role 04 user
role 05 dgram
role 06 far2
ip netns add cable
ip -n cable link set lo up
far 03 far 198.51.100.1 fd00:6d7a::1
far 06 far2 198.51.101.1

# The first case need not look through what was said until here.
dmesg -c >/dev/null
head -c 3M /dev/urandom >"$MYNIC_RUN/blob"
cat >"$MYNIC_RUN/env" <<-ENV
	DRIVER=$DRIVER
	MODULE=${MODULE:-}
	AGENT=$port_of_agent
	PLUG_JSON=$(printf '%q' "$PLUG_JSON")
	OTHER_MODULE=$MYNIC_RUN/other.ko
	WRONG_ASQ_MODULE=$MYNIC_RUN/wrong-asq.ko
	MASK32_MODULE=$MYNIC_RUN/mask32.ko
	RX_RESTART_MODULE=$MYNIC_RUN/rx-restart.ko
	HOST4=192.0.2.1 GUEST4=192.0.2.2
	HOST6=fd00:6d79::1 GUEST6=fd00:6d79::2
	BLOB=$MYNIC_RUN/blob
	BLOB_SHA=$(sha256sum <"$MYNIC_RUN/blob" | cut -d ' ' -f 1)
ENV

# renumber: one stream of results of those of all the files.
renumber()
{
	local line n=0 passed=0 failed=0 skipped=0

	echo "KTAP version 1"
	while IFS= read -r line; do
		case $line in
		KTAP\ * | 1..*)
			continue
			;;
		not\ ok\ *)
			failed=$((failed + 1))
			;;
		ok\ *\#\ SKIP\ *)
			skipped=$((skipped + 1))
			;;
		ok\ *)
			passed=$((passed + 1))
			;;
		*)
			printf '%s\n' "$line"
			continue
			;;
		esac
		n=$((n + 1))
		[[ $line =~ ^(ok|not\ ok)\ [0-9]+\ (.*) ]]
		printf '%s %d %s\n' "${BASH_REMATCH[1]}" "$n" "${BASH_REMATCH[2]}"
	done
	echo "1..$n"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ] && [ "$n" -gt 0 ]
}

for file in "$@"; do
	t0=$SECONDS
	timeout 900 bash "$here/$file.sh" || {
		rc=$?
		# 1 says that a case failed; anything else ended the file, as a
		# case does that the kernel does not let go: no other would be
		# worth waiting for.
		[ "$rc" -eq 1 ] || {
			echo "not ok 0 $file: ended with status $rc"
			break
		}
	}
	echo "# $file: $((SECONDS - t0)) s"
done 2>&1 | renumber
