#!/bin/bash
# make check, make check-full: runs the tests and adds up what they say.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/check.sh [--full|PART...]
#
# PARTs; without any, these:
#   contract    header, specification and generated tables agree
#   scripts     the scripts' own tests
#   bad-input   what is refused on the host, and how it is said
#   lint        style, warnings, comments, licences
#   unit        parts of the device alone
#   qtest       the device, driven by QEMU's qtest
#   guest-7.2   card and driver in a booted guest, newest kernel
#   guest-7.2-more  other tests in another such guest
#   guest-dma   two nodes and a strict IOMMU; bounce buffers
#   guest-6.12  the long-term kernel: what is up to the kernel
#   work        what a packet costs in guest instructions, beside virtio-net
# and with --full also:
#   guest-6.12-rest  the long-term kernel: all other guest tests
#   guest-debug      the guest tests on a kernel with lockdep and DMA_API_DEBUG
#   arm64            barriers, and card and driver in arm64 guests
#
# Named parts run one after the other.  All of them run in lanes where there are
# two processors: what guests wait for, others can use.
#
# Each part's output is in build/log/check-PART.log.  The last line is "N
# passed, N failed, N skipped"; the exit status is 0 if nothing failed.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

scripts=$MYNIC_ROOT/scripts
# Two lanes take the next part in this order, so that neither ends much later; a
# third one, beside them, takes only what needs no guest.
order=(guest-debug guest-7.2-more guest-7.2 guest-6.12 guest-6.12-rest guest-dma
       work arm64)
without_guest=(lint qtest scripts contract bad-input unit)
all=(contract scripts bad-input lint unit qtest guest-7.2 guest-7.2-more
     guest-dma guest-6.12 work)
full=("${all[@]}" guest-6.12-rest guest-debug arm64)

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

# with_qemu COMMAND...: after QEMU was built, unless make_all has done it.
with_qemu()
{
	[ -n "${made:-}" ] || "$scripts/qemu-build.sh"
	"$@"
}

# guest KERNEL [ARGUMENT]...: of guest-test.sh, which makes what else it needs.
guest()
{
	with_qemu "$scripts/guest-test.sh" --kernel "$@"
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
		with_qemu each_of "$MYNIC_ROOT"/tests/bad-input/test-*.sh
		;;
	lint)
		"$scripts/lint.sh"
		;;
	unit)
		with_qemu "$scripts/device-unit.sh"
		;;
	qtest)
		"$scripts/qtest.sh"
		;;
	work)
		"$scripts/work-test.sh"
		;;
	arm64)
		"$scripts/check-arm64.sh"
		;;
	guest-7.2)
		guest 7.2 --boot one
		;;
	guest-7.2-more)
		guest 7.2 --boot two
		;;
	guest-dma)
		guest 7.2 --boot three,four
		;;
	guest-6.12)
		guest 6.12 --short
		;;
	guest-6.12-rest)
		guest 6.12 --rest
		;;
	guest-*)
		guest "${1#guest-}"
		;;
	esac
}

# needs PART: what scripts/prereqs.sh calls what it takes; asked for before any
# part runs, since none of them can ask.
needs()
{
	case $1 in
	contract)	printf '%s\n' contract ;;
	lint)		printf '%s\n' lint qemu root ;;
	unit | qtest)	printf '%s\n' qemu ;;
	scripts)	printf '%s\n' qemu guest lint ;;
	work)		printf '%s\n' qemu guest bench ;;
	arm64)		printf '%s\n' qemu root arm64 ;;
	*)		printf '%s\n' qemu guest ;;
	esac
}

# count REGEX LOG: lines that match.
count()
{
	grep -cE "$1" "$2" || :
}

# One line about the parts that run, by the files that name them.
progress()
{
	local f name t0 log line=

	for f in "$running"/*; do
		[ -s "$f" ] || continue
		name=${f##*/}
		log=$MYNIC_LOG/check-$name.log
		t0=$(<"$f")
		line+="${line:+; }$name: $(count '^(not )?ok ' "$log") done"
		line+=", $(count '^not ok ' "$log") failed, $(elapsed "$t0")"
	done
	printf '%s' "$line"
}

# Prints progress now and then, until standard input ends.
ticker()
{
	local period=30 rc line

	[ ! -t 2 ] || period=1
	while :; do
		rc=0
		read -r -t "$period" line || rc=$?
		[ "$rc" -gt 128 ] || break
		line=$(progress)
		if [ -t 2 ]; then
			printf '\r\033[K[%6s] %.70s' "$(elapsed)" "$line" >&2
		elif [ -n "$line" ]; then
			say "$line"
		fi
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
}

# tell TEXT: a line of its own, also where the ticker left half of one.
tell()
{
	[ ! -t 2 ] || printf '\r\033[K' >&2
	say "$*"
}

# results PART: sets good, bad and skip by the part's log.
results()
{
	local log=$MYNIC_LOG/check-$1.log

	bad=$(count '^not ok ' "$log")
	skip=$(count '^ok .*# SKIP' "$log")
	good=$(($(count '^ok ' "$log") - skip))
}

run_part()
{
	local name=$1 log=$MYNIC_LOG/check-$1.log t0 rc=0 good bad skip
	t0=$(date +%s)

	tell "$name ..."
	echo "$t0" >"$running/$name"
	# Not behind "||": errors within must end the part.
	set +e
	(
		[ -z "${tick:-}" ] || exec {tick}>&-
		set -e
		part "$name"
	) >>"$log" 2>&1 </dev/null
	rc=$?
	set -e
	rm -f "$running/$name"

	results "$name"
	if [ "$bad" -eq 0 ] && { [ "$rc" -ne 0 ] || [ "$good" -eq 0 ]; }; then
		echo "not ok 0 $name: ended with status $rc after $good tests" \
			>>"$log"
		bad=1
	fi
	tell "$name: $good passed, $bad failed, $skip skipped in $(elapsed "$t0")"
}

run_lane()
{
	local name

	for name in "$@"; do
		run_part "$name"
	done
}

# Everything that the first parts need, made once; a failure shows in each.
make_all()
{
	"$scripts/qemu-build.sh" >/dev/null || return 0
	"$scripts/driver-build.sh" 7.2 >/dev/null || return 0
	"$scripts/guest-image.sh" all >/dev/null || return 0
	"$scripts/accel.sh" >/dev/null || return 0
	made=1
}

# Whether parts may run in the background: where a namespace takes sudo, its
# question must reach the terminal.
can_have_lanes()
{
	[ "$MYNIC_JOBS" -ge 2 ] || return
	[ "$(id -u)" -eq 0 ] ||
		unshare --user --map-root-user --net true 2>/dev/null
}

# run_next PART...: those that nobody else has taken.
run_next()
{
	local name

	for name in "$@"; do
		[[ " ${parts[*]} " == *" $name "* ]] || continue
		! mkdir "$taken/$name" 2>/dev/null || run_part "$name"
	done
}

run_lanes()
{
	local pids=()

	# Each is a process group of its own, which ends with this script.
	set -m
	run_next "${order[@]}" "${without_guest[@]}" &
	pids+=($!)
	run_next "${order[@]}" "${without_guest[@]}" &
	pids+=($!)
	run_next "${without_guest[@]}" &
	pids+=($!)
	set +m
	# shellcheck disable=SC2064 # the values of now are meant
	trap "kill -TERM ${pids[*]/#/-} 2>/dev/null || :; exit 130" INT TERM HUP
	wait "${pids[@]}" || :
	trap - INT TERM HUP
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
	! grep -qE '^not ok (0 .*|.*: ended with status [0-9]+)$' "$log" ||
		tail -n 25 "$log" | sed 's/^/    /'
}

parts=("$@")
named=1
case "$*" in
'')	parts=("${all[@]}") named= ;;
--full)	parts=("${full[@]}") named= ;;
esac
for p in "${parts[@]}"; do
	[[ " ${full[*]} " == *" $p "* ]] ||
		die "\"$p\" is no part of the tests" "parts are: ${full[*]}"
done
mapfile -t needed < <(for p in "${parts[@]}"; do needs "$p"; done | sort -u)
"$scripts/prereqs.sh" check "${needed[@]}"
# What cannot work is said before anything is built for it.
[ -z "${ACCEL:-}" ] || "$scripts/accel.sh" >/dev/null
"$scripts/netns-run.sh" -- true
mkdir -p "$MYNIC_LOG"
running=$(mktemp -d "$MYNIC_BUILD/check.XXXXXX")
taken=$(mktemp -d "$MYNIC_BUILD/check.XXXXXX")
trap 'rm -rf "$running" "$taken"' EXIT

# Nothing of an earlier run counts.
for p in "${parts[@]}"; do
	: >"$MYNIC_LOG/check-$p.log"
done

exec {tick}> >(ticker)
ticker_pid=$!
if [ -z "$named" ] && can_have_lanes; then
	make_all
	run_lanes
else
	run_lane "${parts[@]}"
fi
exec {tick}>&-
wait "$ticker_pid" 2>/dev/null || :

passed=0
failed=0
skipped=0
broken=()
for p in "${parts[@]}"; do
	results "$p"
	if [ $((good + bad)) -eq 0 ]; then
		echo "not ok 0 $p: was not run" >>"$MYNIC_LOG/check-$p.log"
		bad=1
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	[ "$bad" -eq 0 ] || broken+=("$p")
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
