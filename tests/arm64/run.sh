#!/bin/bash
# Prepares the arm64 guest for the tests, and runs them; prints KTAP.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the guest, out of the initramfs of scripts/arm64-guest.sh.  Cards are
# known by the last byte of their address:
#   01 shadow     with indices in memory, joined to 02 in the namespace "cable"
#   03 doorbell   without, likewise joined to 04

set -euo pipefail

export MYNIC_RUN=/run/mynic-tests
mkdir -p "$MYNIC_RUN/peer"
sysctl -qw net.ipv6.conf.default.accept_dad=0 kernel.printk="1 4 1 7"

while read -r module; do
	insmod "/modules/$module"
done </modules/order

# nic_with BYTE: interface with that address; the driver probes in insmod.
nic_with()
{
	local dir
	for dir in /sys/class/net/*; do
		if [ "$(cat "$dir/address")" = "52:54:00:6d:79:$1" ]; then
			basename "$dir"
			return
		fi
	done
	echo "Bail out! there is no card 52:54:00:6d:79:$1"
	dmesg | tail -n 20
	return 1
}

# pair NAME NEAR FAR NET: the cards' places, and the address of the far one.
pair()
{
	local near far
	near=$(nic_with "$2")
	far=$(nic_with "$3")
	basename "$(readlink -f "/sys/class/net/$near/device")" \
		>"$MYNIC_RUN/pci.$1"
	ip link set "$far" name "far-$1" netns cable
	ip -n cable address add "10.79.$4.1/24" dev "far-$1"
	ip -n cable address add "fd00:79:$4::1/64" dev "far-$1" nodad
	ip -n cable link set "far-$1" up
}

ip link set lo up
ip netns add cable
ip -n cable link set lo up
pair shadow 01 02 1
pair doorbell 03 04 3
ip netns exec cable iperf3 -s -p 5201 >/dev/null 2>&1 &
ip netns exec cable iperf3 -s -p 5202 >/dev/null 2>&1 &

head -c 2097152 /dev/urandom >"$MYNIC_RUN/blob"
cat >"$MYNIC_RUN/env" <<-ENV
	DRIVER=mynic
	MODULE=/modules/mynic.ko
	BLOB=$MYNIC_RUN/blob
	BLOB_SHA=$(sha256sum <"$MYNIC_RUN/blob" | cut -d ' ' -f 1)
	$(tr ' ' '\n' </proc/cmdline | grep -E '^WANT_[A-Z_]+=[a-z0-9]+$')
ENV
CASE_TIMEOUT=180 CASES=$(sed -n 's/.*mynic\.cases=\([^ ]*\).*/\1/p' \
	/proc/cmdline) bash /tests/arm64/ordering.sh
