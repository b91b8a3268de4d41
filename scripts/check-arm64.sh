#!/bin/bash
# make check-arm64: the driver's memory ordering, and both on arm64 guests.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/check-arm64.sh [--case REGEX] [PART]...
#
# PARTs, all without any:
#   barriers   tests/arm64/barriers.sh: the instructions that order memory
#   4k         tests/arm64/ordering.sh in a guest with pages of 4 KiB
#   16k        the same with pages of 16 KiB and a strict IOMMU
#
# A guest has two pairs of cards, one with indices in memory and one without.
# Both ends are in it, joined by datagrams, so nothing of the host's network is
# used.  Its console is in build/log/arm64-PART.log.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage='usage: scripts/check-arm64.sh [--case REGEX] [PART]...'
qemu=$MYNIC_BUILD/bin/qemu-system-aarch64
cpus=4
cases=

# card NUMBER FAR OPTIONS: a port, a card in it, its end of the cable.
card()
{
	args+=(-device "pcie-root-port,id=port$1,chassis=$1"
	       -netdev "dgram,id=net$1,local.type=unix,local.path=$1,remote.type=unix,remote.path=$2"
	       -device "mynic,bus=port$1,netdev=net$1,queues=$cpus,mac=52:54:00:6d:79:0$1$3")
}

# run_guest FLAVOUR MACHINE WANTED...: boots it; its console, then what the
# device had to complain about.
run_guest()
{
	local flavour=$1 machine=$2 module initrd kernel dir args=() rc=0
	shift 2

	module=$("$MYNIC_ROOT/scripts/arm64-driver.sh" "$flavour")
	initrd=$("$MYNIC_ROOT/scripts/arm64-guest.sh" "$flavour" "$module")
	kernel=$("$MYNIC_ROOT/scripts/arm64-kernel.sh" "$flavour")/vmlinuz
	dir=$(mktemp -d "$MYNIC_BUILD/arm64/guest.XXXXXX")
	# shellcheck disable=SC2064 # the value of now is meant
	trap "rm -rf '$dir'" EXIT
	card 1 2 ''
	card 2 1 ''
	card 3 4 ,shadow=off
	card 4 3 ,shadow=off

	# Names of sockets are short, wherever the checkout is.
	cd "$dir"
	timeout --foreground -k 10 1500 "$qemu" -nodefaults -nographic \
		-no-user-config -no-reboot \
		-M "virt,gic-version=3,its=on$machine" -cpu neoverse-n1 \
		-accel tcg,thread=multi -smp "$cpus" -m 1024 \
		-kernel "$kernel" -initrd "$initrd" -serial stdio \
		-d guest_errors -D errors "${args[@]}" \
		-append "console=ttyAMA0 loglevel=1 panic=-1 oops=panic $* ${cases:+mynic.cases=$cases}" \
		</dev/null 2>&1 || rc=$?
	[ "$rc" -eq 0 ] || echo "not ok 0 the guest ended with status $rc"
	if grep -i mynic errors | head -n 20 | sed 's/^/# /' | grep .; then
		echo "not ok 0 B3 the driver makes no guest error"
	else
		echo "ok 0 B3 the driver makes no guest error"
	fi
}

part()
{
	case $1 in
	barriers)
		"$MYNIC_ROOT/tests/arm64/barriers.sh"
		;;
	4k)
		run_guest arm64 '' WANT_PAGES=4 WANT_CPUS=$cpus WANT_IOMMU=off
		;;
	16k)
		run_guest arm64-16k ,iommu=smmuv3 WANT_PAGES=16 \
			WANT_CPUS=$cpus WANT_IOMMU=on iommu.passthrough=0 \
			iommu.strict=1
		;;
	esac
}

total=0
passed=0
failed=0
skipped=0

# result "ok"|"not ok" TEXT: one line, numbered and counted.
result()
{
	total=$((total + 1))
	case "$1 $2" in
	not*)		failed=$((failed + 1)) ;;
	*"# SKIP"*)	skipped=$((skipped + 1)) ;;
	*)		passed=$((passed + 1)) ;;
	esac
	printf '%s %d %s\n' "$1" "$total" "$2"
}

# output_of PART: what it prints, without "set -e" being off in it.
output_of()
{
	local rc

	set +e
	(
		set -e
		part "$1"
	)
	rc=$?
	set -e
	[ "$rc" -le 1 ] || echo "not ok 0 it ended with status $rc"
}

# one_part PART: its results, and a failure when not all that its plans
# announced have come.
one_part()
{
	local name=$1 log=$MYNIC_LOG/arm64-$1.log plan=0 seen=0 line

	say "$name ..."
	while IFS= read -r line; do
		if [[ $line =~ ^1\.\.([0-9]+)$ ]]; then
			plan=$((plan + BASH_REMATCH[1]))
		elif [[ $line =~ ^((not )?ok)\ ([0-9]+)\ (ordering: )?(.*)$ ]]; then
			[ "${BASH_REMATCH[3]}" -eq 0 ] || seen=$((seen + 1))
			result "${BASH_REMATCH[1]}" "$name: ${BASH_REMATCH[5]}"
		elif [[ ! $line =~ ^KTAP|^[0-9]+\ passed,\  ]]; then
			printf '%s\n' "$line"
		fi
	done < <(output_of "$name" | sed -u 's/\r$//' | tee "$log")
	if [ "$plan" -eq 0 ] || [ "$seen" -lt "$plan" ]; then
		result "not ok" "$name: all cases are run ($seen of ${plan/#0/?} were, see build/log/arm64-$name.log)"
	fi
}

parts=()
while [ $# -gt 0 ]; do
	case $1 in
	--case)
		cases=${2:-}
		[[ $cases && $cases != *[[:space:]]* ]] ||
			die "--case wants a regular expression without blanks" "$usage"
		shift
		;;
	barriers | 4k | 16k)
		parts+=("$1")
		;;
	*)
		die "check-arm64.sh does not know \"$1\"" "$usage"
		;;
	esac
	shift
done
[ "${#parts[@]}" -gt 0 ] || parts=(barriers 4k 16k)

mkdir -p "$MYNIC_BUILD/arm64" "$MYNIC_LOG"
"$MYNIC_ROOT/scripts/qemu-build.sh" --arm64

echo "KTAP version 1"
for p in "${parts[@]}"; do
	one_part "$p"
done
echo "1..$total"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
