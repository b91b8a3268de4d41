#!/bin/bash
# Runs our tests of the device alone, QEMU's qtest, and prints KTAP.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/qtest.sh [WORD]...
#
# With WORDs only tests whose name contains one of them; QEMU's own tests of
# other devices are never run.  With QTEST_LOG=1 in the environment the
# conversation with the device is in build/log/qtest-NAME.log, of each test.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/glib-test.sh"

"$MYNIC_ROOT/scripts/qemu-build.sh"
export QTEST_QEMU_BINARY=$MYNIC_BUILD/bin/qemu-system-x86_64
qos_test=$MYNIC_BUILD/bin/qos-test

list=$(glib_tests "$qos_test" 2>"$MYNIC_LOG/qtest-list.log") ||
	die "qos-test cannot list its tests" "see build/log/qtest-list.log"
paths=$(grep '/mynic/mynic-' <<<"$list") ||
	die "qos-test has no test of the device" "see build/log/qtest-list.log"

ktap_begin "$@"
# .../mynic/mynic-tx/mynic-tx-tests/vlan is tx-vlan.
while IFS= read -r path; do
	group=${path%/*}
	group=${group##*/mynic-}
	name=${group%-tests}-${path##*/}
	log=${QTEST_LOG+$MYNIC_LOG/qtest-$name.log}
	ktap "$name" glib_test "$qos_test" "$path" "$log"
	[ -z "$log" ] || ! ktap_wanted "$name" ||
		echo "# the conversation with the device: ${log#"$MYNIC_ROOT"/}"
done <<<"$paths"
ktap_end
