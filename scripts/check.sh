#!/bin/bash
# make check: runs every test there is and adds up what they say.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/check.sh [PART]...
#
# PARTs, in the order in which they run; without any, all:
#   contract    header, specification and generated tables agree
#   scripts     the scripts' own tests
#   bad-input   what is refused on the host, and how it is said
#   lint        style, warnings, comments, licences
#   unit        parts of the device alone
#   qtest       the device, driven by QEMU's qtest
#   guest-7.2   card and driver in a booted guest, newest kernel
#   guest-6.12  the same on the long-term kernel
# and, only when it is named:
#   guest-debug the same on a kernel with lockdep and DMA_API_DEBUG
#
# Each part's output is in build/log/check-PART.log.  The last line is "N
# passed, N failed, N skipped"; the exit status is 0 if nothing failed.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

scripts=$MYNIC_ROOT/scripts
# Files of tests/guest that have been seen to pass as a whole, from a fresh
# clone.  The others are run by scripts/guest-test.sh until they have.
guest_files=(identity reach traffic mtu)
all=(contract scripts bad-input lint unit qtest guest-7.2 guest-6.12)

# Tests that are programs with KTAP of their own; the first failure does not
# keep the others from running.
each_of()
{
	local t rc=0

	for t in "$@"; do
		"$t" || rc=$?
	done
	return "$rc"
}

# The commands of a part; what they need is made first, as part of them.
part()
{
	case $1 in
	contract)
		"$scripts/check-abi.sh"
		;;
	scripts)
		each_of "$MYNIC_ROOT"/tests/scripts/test-*.sh
		;;
	bad-input)
		"$scripts/qemu-build.sh"
		each_of "$MYNIC_ROOT"/tests/bad-input/test-*.sh
		;;
	lint)
		"$scripts/lint.sh"
		;;
	unit)
		"$scripts/qemu-build.sh"
		"$scripts/device-unit.sh"
		;;
	qtest)
		"$scripts/qtest.sh"
		;;
	guest-*)
		"$scripts/qemu-build.sh"
		"$scripts/driver-build.sh" "${1#guest-}"
		"$scripts/guest-test.sh" --kernel "${1#guest-}" --boot one \
			"${guest_files[@]}"
		;;
	esac
}

# Prints how far a part is, now and then, until standard input ends.
ticker()
{
	local name=$1 log=$2 t0=$3 period=30 rc line

	[ ! -t 2 ] || period=1
	while :; do
		rc=0
		read -r -t "$period" line || rc=$?
		[ "$rc" -gt 128 ] || break
		line="$name: $(grep -cE '^(not )?ok ' "$log") done"
		line+=", $(grep -c '^not ok ' "$log") failed, $(elapsed "$t0")"
		if [ -t 2 ]; then
			printf '\r\033[K[%6s] %s' "$(elapsed)" "$line" >&2
		else
			say "$line"
		fi
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
}

# count REGEX LOG: lines that match.
count()
{
	grep -cE "$1" "$2" || :
}

passed=0
failed=0
skipped=0

run_part()
{
	local name=$1 log=$MYNIC_LOG/check-$1.log t0 rc=0 tick pid bad skip good
	t0=$(date +%s)

	say "$name ..."
	: >"$log"
	exec {tick}> >(ticker "$name" "$log" "$t0")
	pid=$!
	# Not behind "||": errors within must end the part.
	set +e
	(
		exec {tick}>&-
		set -e
		part "$name"
	) >>"$log" 2>&1 </dev/null
	rc=$?
	set -e
	exec {tick}>&-
	wait "$pid" 2>/dev/null || :

	bad=$(count '^not ok ' "$log")
	skip=$(count '^ok .*# SKIP' "$log")
	good=$(($(count '^ok ' "$log") - skip))
	if [ "$bad" -eq 0 ] && { [ "$rc" -ne 0 ] || [ "$good" -eq 0 ]; }; then
		echo "not ok 0 $name: ended with status $rc after $good tests" \
			>>"$log"
		bad=1
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	[ "$bad" -eq 0 ] || broken+=("$name")
	say "$name: $good passed, $bad failed, $skip skipped in $(elapsed "$t0")"
}

# What did not pass in a part, for the end.
report()
{
	local name=$1 log=$MYNIC_LOG/check-$1.log

	echo
	echo "$name, build/log/check-$name.log:"
	# A failure, and the explanation that stands before it.
	awk '
		/^not ok / {
			print "  " $0
			for (i = n > 12 ? n - 11 : 1; i <= n; i++)
				print "    " why[i]
		}
		/^(not )?ok / { n = 0 }
		/^#/ { why[++n] = $0 }' "$log" | head -n 200
	! grep -q '^not ok 0 ' "$log" || tail -n 15 "$log" | sed 's/^/    /'
}

parts=("$@")
[ $# -gt 0 ] || parts=("${all[@]}")
for p in "${parts[@]}"; do
	[[ " ${all[*]} guest-debug " == *" $p "* ]] ||
		die "\"$p\" is no part of the tests" \
		    "parts are: ${all[*]} guest-debug"
done
"$scripts/prereqs.sh" check
mkdir -p "$MYNIC_LOG"
broken=()
for p in "${parts[@]}"; do
	run_part "$p"
done

for p in "${parts[@]}"; do
	grep -hE '^ok .*# SKIP' "$MYNIC_LOG/check-$p.log" |
		sed "s/^ok [0-9]* /skipped, $p: /" || :
done
for p in "${broken[@]}"; do
	report "$p"
done
echo
say "everything took $(elapsed)"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
