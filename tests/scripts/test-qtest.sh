#!/bin/bash
# Tests scripts/qtest.sh with a qos-test that only pretends.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# qtest WORD...: in a checkout of its own; "works" passes, "breaks" does not,
# "waits" is skipped.  Behind QTEST_LOG a long conversation is on standard error,
# whose last line is not finished when the test is.
qtest()
{
	mkdir -p "$T/checkout/build/"{bin,log}
	cp -r "$ROOT/scripts" "$T/checkout/"
	printf '#!/bin/bash\n' >"$T/checkout/scripts/qemu-build.sh"
	cat >"$T/checkout/build/bin/qos-test" <<-'TEXT'
		#!/bin/bash
		tests=/x86_64/mynic/mynic-tx/mynic-tx-tests
		if [ "$1" = -l ]; then
			printf '%s\n' $tests/{works,breaks,waits}
			exit
		fi
		path=${*: -1}
		if [ -n "${QTEST_LOG+set}" ]; then
			for ((i = 0; i < 500; i++)); do
				printf '[R +0.1] readl 0x%x\n[S +0.1] OK\n' $i
			done >&2
			printf '[I +0.2] ' >&2
		fi
		case $path in
		*/works)	echo "ok 1 $path" ;;
		*/waits)	echo "ok 1 $path # SKIP nothing to do" ;;
		*/breaks)	echo "not ok 1 $path" ;;
		esac
		[ -z "${QTEST_LOG+set}" ] || echo CLOSED >&2
		[[ $path != */breaks ]] || {
			echo "ERROR: 3 is not 4" >&2
			exit 1
		}
	TEXT
	chmod +x "$T/checkout/build/bin/qos-test"
	OUT=$("$T/checkout/scripts/qtest.sh" "$@") || :
	echo "$OUT"
}

test_results()
{
	qtest
	says "ok 1 tx-works"
	says "# ERROR: 3 is not 4"
	says "not ok 2 tx-breaks"
	says "ok 3 tx-waits # SKIP nothing to do"
	says "1 passed, 1 failed, 1 skipped"
	equal "$(ls "$T/checkout/build/log")" qtest-list.log
}

test_results_with_the_conversation()
{
	local log=$T/checkout/build/log f

	QTEST_LOG=1 qtest tx-
	says "ok 1 tx-works
# the conversation with the device: build/log/qtest-tx-works.log"
	says "# ERROR: 3 is not 4"
	says "1 passed, 1 failed, 1 skipped"
	omits readl
	for f in works breaks waits; do
		equal "$(grep -c readl "$log/qtest-tx-$f.log")" 500
		grep -qx '\[I +0.2\] CLOSED' "$log/qtest-tx-$f.log"
	done
}

test_conversation_of_one_test()
{
	QTEST_LOG=1 qtest works
	omits breaks
	equal "$(echo "$T/checkout/build/log/qtest-tx"*)" \
		"$T/checkout/build/log/qtest-tx-works.log"
}

run_tests "$@"
