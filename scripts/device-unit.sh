#!/bin/bash
# Builds and runs the unit tests of the device's parts, and prints KTAP.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/device-unit.sh [WORD]...
#
# The parts that know nothing of QOM are linked with the few files of QEMU
# that they use, and with the address and undefined behaviour sanitizers.  The
# programs are build/unit/gso, rss, rules, filter and iotlb.  With WORDs only tests
# whose name, such as rss-vectors, contains one of them.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/glib-test.sh"

qemu=$MYNIC_BUILD/qemu
tests=$MYNIC_ROOT/tests/device
to=$MYNIC_BUILD/unit

[ -e "$qemu/build/config-host.h" ] || "$MYNIC_ROOT/scripts/qemu-build.sh"

flags=(-std=gnu11 -g -O1 -Wall -Wextra -Werror -Wno-unused-parameter
	-Wno-sign-compare -Wno-missing-field-initializers
	"-fsanitize=address,undefined" -fno-sanitize-recover=all
	-D_GNU_SOURCE -include config-host.h
	-I"$MYNIC_ROOT/include"
	-I"$qemu/build" -I"$qemu/src" -I"$qemu/src/include"
	-I"$qemu/src/host/include/generic" -I"$MYNIC_ROOT/qemu-device"
	-I"$MYNIC_ROOT/tests/qtest/libqos")
read -ra cflags < <(pkg-config --cflags glib-2.0)
read -ra libs < <(pkg-config --libs glib-2.0)

# build PART: build/unit/PART, if it is older than what it is made of.
build()
{
	local part=$1 program=$to/$1 f sources headers stale=''

	sources=("$tests/test-mynic-$part.c" "$tests/stubs.c"
		"$MYNIC_ROOT/qemu-device/mynic_$part.c"
		"$MYNIC_ROOT/qemu-device/mynic_flow.c"
		"$MYNIC_ROOT/tests/qtest/libqos/mynic-packet.c"
		"$qemu/src/net/eth.c" "$qemu/src/net/checksum.c"
		"$qemu/src/util/iov.c")
	headers=("$MYNIC_ROOT/include/mynic_abi.h"
		"$MYNIC_ROOT/qemu-device/mynic_$part.h"
		"$MYNIC_ROOT/qemu-device/mynic_flow.h"
		"$MYNIC_ROOT/tests/qtest/libqos"/mynic-*.h
		"${BASH_SOURCE[0]}")
	for f in "${sources[@]}" "${headers[@]}"; do
		[ "$program" -nt "$f" ] || stale=1
	done
	[ -n "$stale" ] || return 0
	run_logged "unit-$part" "building the unit tests of mynic_$part" \
		gcc "${flags[@]}" "${cflags[@]}" -o "$program" \
		"${sources[@]}" "${libs[@]}"
}

mkdir -p "$to"
parts=()
for test in "$tests"/test-mynic-*.c; do
	part=${test##*/test-mynic-}
	parts+=("${part%.c}")
	build "${parts[-1]}"
done

ktap_begin "$@"
for part in "${parts[@]}"; do
	while IFS= read -r path; do
		ktap "$part-${path##*/}" glib_test "$to/$part" "$path"
	done < <(glib_tests "$to/$part")
done
ktap_end
