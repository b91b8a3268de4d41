# shellcheck shell=bash
# What the tests of scripts share; sourced by tests/scripts/test-*.sh.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each test is a function test_NAME.  It runs in a subshell under "set -e", in
# an empty directory of its own, $T, with a cache of its own, and fails with
# the first command that does.  Status 4 skips (see scripts/ktap.sh).

unset CDPATH
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
export ROOT
# shellcheck source-path=SCRIPTDIR/../..
. "$ROOT/scripts/lib.sh"
. "$ROOT/scripts/ktap.sh"
# Nothing of the user's settings leaks into a test.
unset YES JOBS MYNIC_T0 MYNIC_LOCKS MYNIC_MIRROR MYNIC_APT_ETC MYNIC_OS_RELEASE

# fails COMMAND...: COMMAND fails, saying what is then in $OUT.
fails()
{
	if OUT=$("$@" 2>&1); then
		echo "succeeded, but should have failed: $*"
		return 1
	fi
	echo "$OUT"
}

# says TEXT: $OUT has TEXT in it.
says()
{
	[[ $OUT == *"$1"* ]] && return
	echo "does not say: $1"
	return 1
}

# omits TEXT: $OUT does not.  ("! says" would never fail a test: set -e does
# not heed commands after "!".)
omits()
{
	[[ $OUT != *"$1"* ]] && return
	echo "should not say: $1"
	return 1
}

# equal GOT WANTED
equal()
{
	[ "$1" = "$2" ] && return
	printf 'got:    %s\nwanted: %s\n' "$1" "$2"
	return 1
}

# fake NAME TEXT: a program called NAME, which is found before the real one.
fake()
{
	mkdir -p "$T/bin"
	printf '#!/bin/bash\n%s\n' "$2" >"$T/bin/$1"
	chmod +x "$T/bin/$1"
	[[ $PATH == "$T/bin:"* ]] || PATH=$T/bin:$PATH
}

_run_test()
{
	export HOME=$T/home MYNIC_CACHE=$T/cache
	mkdir -p "$HOME"
	cd "$T"
	"$1"
}

# run_tests [WORD]...: runs the functions test_* of the file that calls it,
# with WORDs only those whose name has one of them.
run_tests()
{
	local tests name words n=0 dir

	mapfile -t tests < <(compgen -A function test_)
	dir=$(mktemp -d)
	# shellcheck disable=SC2064 # the name of now is meant
	trap "rm -rf '$dir'" EXIT
	ktap_begin "$@"
	for name in "${tests[@]}"; do
		n=$((n + 1))
		export T=$dir/$n
		words=${name#test_}
		ktap "${words//_/ }" _run_test "$name"
	done
	ktap_end
}
