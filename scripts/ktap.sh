# shellcheck shell=bash
# KTAP lines and the closing line of check scripts that run on the host.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced after lib.sh:
#
#   ktap_begin [WORD]...   WORDS: only checks whose name has one of them
#   ktap NAME COMMAND...   one check, in a subshell under "set -e"; passes if
#                          COMMAND succeeds, is a skip if it ends with
#                          status 4, whose last line is then the reason, and
#                          else fails and shows its output
#   ktap_end               prints the plan and "N passed, N failed, N skipped";
#                          exit status 0 if none failed and one was run

KTAP_WORDS=()
KTAP_PASSED=0
KTAP_FAILED=0
KTAP_SKIPPED=0

ktap_begin()
{
	KTAP_WORDS=("$@")
	echo "KTAP version 1"
}

# ktap_wanted NAME: true if ktap would run a check of this name.
ktap_wanted()
{
	local word

	[ "${#KTAP_WORDS[@]}" -gt 0 ] || return 0
	for word in "${KTAP_WORDS[@]}"; do
		[[ $1 != *"$word"* ]] || return 0
	done
	return 1
}

ktap()
{
	local name=$1 out rc=0 n t0=$SECONDS
	shift

	ktap_wanted "$name" || return 0
	n=$((KTAP_PASSED + KTAP_FAILED + KTAP_SKIPPED + 1))
	out=$(mktemp)
	# "set -e" must hold inside, so no "||" behind the subshell.
	set +e
	(
		set -e
		"$@"
	) >"$out" 2>&1 </dev/null
	rc=$?
	set -e
	case $rc in
	0)
		KTAP_PASSED=$((KTAP_PASSED + 1))
		echo "ok $n $name"
		;;
	4)
		KTAP_SKIPPED=$((KTAP_SKIPPED + 1))
		echo "ok $n $name # SKIP $(tail -n 1 "$out")"
		;;
	*)
		KTAP_FAILED=$((KTAP_FAILED + 1))
		head -n 100 "$out" | sed 's/^/# /'
		echo "not ok $n $name"
		;;
	esac
	rm -f "$out"
	[ $((SECONDS - t0)) -lt 2 ] || echo "# took $((SECONDS - t0)) s"
}

ktap_end()
{
	local n=$((KTAP_PASSED + KTAP_FAILED + KTAP_SKIPPED))

	echo "1..$n"
	echo "$KTAP_PASSED passed, $KTAP_FAILED failed, $KTAP_SKIPPED skipped"
	[ "$n" -gt 0 ] || die "no check has \"${KTAP_WORDS[*]}\" in its name"
	[ "$KTAP_FAILED" -eq 0 ]
}
