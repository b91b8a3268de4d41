# shellcheck shell=bash
# Runs single tests of glib test programs as checks of ktap.sh.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced after ktap.sh.  Each test gets a process of its own: one that breaks
# down does not hide those behind it.

# Seconds after which a test is taken for hung, also on a busy machine.
GLIB_TEST_SECONDS=180

# glib_tests PROGRAM: prints the paths of its tests.
glib_tests()
{
	"$1" -l | grep '^/'
}

# glib_test PROGRAM PATH [LOG]: runs one test, for use as the command of ktap.
# LOG keeps the whole standard error, where QTEST_LOG has QEMU's lines between
# those of the test; without the former it is shown with the output.
glib_test()
{
	local out err=${3:-} rc=0

	[ -n "$err" ] || err=$(mktemp)
	# Apart: two programs that write to one pipe break each other's lines.
	out=$(timeout "$GLIB_TEST_SECONDS" "$1" --tap -k -p "$2" 2>"$err") ||
		rc=$?
	printf '%s\n' "$out"
	grep -av '^\[[IRS] +' "$err" || :
	[ -n "${3:-}" ] || rm -f "$err"
	if [ "$rc" -eq 124 ]; then
		echo "no end after $GLIB_TEST_SECONDS seconds"
	fi
	[ "$rc" -eq 0 ] || return 1
	# A test that does not exist would pass.
	grep -q '^ok 1 ' <<<"$out" || return 1
	if grep -q '^ok 1 .*# SKIP' <<<"$out"; then
		sed -n 's/^ok 1 .*# SKIP *//p' <<<"$out"
		return 4
	fi
}
