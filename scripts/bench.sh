#!/bin/bash
# make bench: mynic beside the other cards of QEMU, in one run, in one table.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/bench.sh
#
# Settings, in the environment:
#   QUICK=1          three minutes: fewer lines, one round (says so)
#   NICS="A B"       the cards (mynic virtio-net vmxnet3 igb e1000e)
#   LINES="A B"      the lines; scripts/bench-lines.sh says what there is
#   ROUNDS=N         rounds (5)
#   SECONDS_EACH=S   what is measured of each line (1)
#
# Each round boots each card once and runs every line on it; a second boot has
# a strict IOMMU.  Results: build/bench/table.txt, bench.json, *.svg and
# samples.tsv, of which all else is made.

. "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"
for part in cards vm lines; do
	# shellcheck source=/dev/null
	. "$MYNIC_ROOT/scripts/bench-$part.sh"
done

out=$MYNIC_BUILD/bench
samples=$out/samples.tsv
BENCH_SMP=2
# bash keeps LINES for the height of a terminal.
lines_wanted=${BENCH_LINES:-${LINES:-}}

# The iperf3 that the guest has: before 3.16 all streams share a thread.
prepare_iperf3()
{
	local dir=$MYNIC_CACHE/bench-iperf3-1

	unpack_debs trixie "$dir" iperf3 libiperf0 libsctp1 libssl3t64 libc6 zlib1g libzstd1
	BENCH_IPERF3="$dir/usr/lib64/ld-linux-x86-64.so.2 --library-path $dir/usr/lib/x86_64-linux-gnu $dir/usr/bin/iperf3"
}

prepare()
{
	"$MYNIC_ROOT/scripts/prereqs.sh" bench
	"$MYNIC_ROOT/scripts/qemu-build.sh"
	"$MYNIC_ROOT/scripts/driver-build.sh" 7.2 >/dev/null
	"$MYNIC_ROOT/scripts/guest-image.sh" 7.2 >/dev/null
	"$MYNIC_ROOT/scripts/accel.sh" >/dev/null
	prepare_iperf3
	build_tools
}

# Those that run in the guest are static: it has another C library.
build_tools()
{
	local t

	for t in blast rr xdp; do
		gcc -O2 -Wall -Wextra -pthread -static -o "$out/$t" \
			"$MYNIC_ROOT/tests/bench/$t.c"
	done
}

# setting NAME VALUE: one of those given, as one would type it.
setting()
{
	[ -z "$2" ] || printf ' %s=%q' "$1" "$2"
}

# What the figures are of, as JSON.
about()
{
	local card words=()

	[ -z "${QUICK:-}" ] ||
		words+=(note "QUICK: few lines, short windows, few rounds; good for a look, not to be quoted")
	words+=(command "make bench$(setting QUICK "${QUICK:-}"; setting NICS "${NICS:-}"
			setting LINES "${lines_wanted:-}"; setting ROUNDS "${ROUNDS:-}"
			setting SECONDS_EACH "${SECONDS_EACH:-}")"
		date "$(date -u +%Y-%m-%d)"
		version "$(git -C "$MYNIC_ROOT" describe --always --dirty 2>/dev/null || echo unknown)"
		host "$(nproc) processors ($(sed -n 's/^model name\t: //p' /proc/cpuinfo | head -n 1)), Linux $(uname -r)"
		qemu "$("$MYNIC_BUILD/bin/qemu-system-x86_64" --version | head -n 1), $("$MYNIC_ROOT/scripts/accel.sh")"
		guest "Linux $("$MYNIC_ROOT/scripts/guest-image.sh" 7.2 | awk 'NR == 2 { print $1 }'), $BENCH_SMP processors"
		measured "$rounds rounds of $each s for each line, the cards in turn"
		"small packets of the host" "a C program, sendmmsg() on a packet socket; by itself $(cat "$out/ceiling")")
	for card in "${nics[@]}"; do
		words+=("$card" "-device $(card_device "$card" off), $(card_queues "$card") queues of a tap with vnet_hdr")
	done
	jq -n '[$ARGS.positional | _nwise(2) | { (.[0]): .[1] }] | add' \
		--args "${words[@]}"
}

# record ROUND CARD LINE METRIC VALUE
record()
{
	(IFS=$'\t'; echo "$*") >>"$samples"
}

# progress WHAT: where we are, and how long the rest will take.
progress()
{
	local left=

	done_steps=$((done_steps + 1))
	[ "$done_steps" -lt 3 ] || left=$(((SECONDS - t0) * (all_steps - done_steps) / done_steps))
	if [ -t 2 ]; then
		printf '\r\033[K%s' "$1${left:+, $((left / 60)):$(printf %02d $((left % 60))) left}" >&2
	else
		say "$1${left:+, $((left / 60)):$(printf %02d $((left % 60))) left}"
	fi
}

# measure ROUND CARD LINE: one window.
measure()
{
	local round=$1 card=$2 line=$3 ta ua tb ub ca cb

	REPLY=
	if ! line_start "$line"; then
		record "$round" "$card" "$line" none "${REPLY:-unknown}"
	else
		ca=$(vm_cpu_us)
		read -r ta ua < <(line_count "$line")
		sleep "$each"
		read -r tb ub < <(line_count "$line")
		cb=$(vm_cpu_us)
		record "$round" "$card" "$line" us $((tb - ta))
		record "$round" "$card" "$line" units $((ub - ua))
		record "$round" "$card" "$line" cpu_us $((cb - ca))
	fi
	line_stop "$line"
}

# boot_and_measure ROUND CARD IOMMU LINE...
boot_and_measure()
{
	local round=$1 card=$2 iommu=$3 line
	shift 3

	if ! vm_boot "$card" "$iommu" "$BENCH_QUEUES" --smp "$BENCH_SMP"; then
		for line in "$@"; do
			record "$round" "$card" "$line" failed "$REPLY"
			progress "round $round of $rounds, $card: FAILED, $REPLY"
		done
		return
	fi
	for line in "$@"; do
		progress "round $round of $rounds, $card, $line"
		if kill -0 "$vm_child" 2>/dev/null; then
			measure "$round" "$card" "$line"
		else
			record "$round" "$card" "$line" failed \
				"the guest died: $(tail -n 1 "$vm_dir/log")"
		fi
	done
	vm_end
	[ "$vm_status" = 0 ] ||
		record "$round" "$card" boot failed \
			"the guest ended with status $vm_status: $(tail -n 1 "$vm_dir/log")"
}

inside()
{
	local plain=() strict=() line round card

	for line in "${lines[@]}"; do
		case $line in
		iommu-*)	strict+=("$line") ;;
		*)		plain+=("$line") ;;
		esac
	done
	all_steps=$((rounds * ${#nics[@]} * ${#lines[@]}))
	done_steps=0
	t0=$SECONDS
	for ((round = 1; round <= rounds; round++)); do
		for card in "${nics[@]}"; do
			[ "${#plain[@]}" -eq 0 ] ||
				boot_and_measure "$round" "$card" off "${plain[@]}"
			[ "${#strict[@]}" -eq 0 ] ||
				boot_and_measure "$round" "$card" strict "${strict[@]}"
		done
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
}

read -ra nics <<<"${NICS:-${BENCH_CARDS[*]}}"
rounds=${ROUNDS:-5}
each=${SECONDS_EACH:-1}
if [ -n "$lines_wanted" ] && [[ ! $lines_wanted =~ ^[0-9]+$ ]]; then
	read -ra lines <<<"$lines_wanted"
elif [ -n "${QUICK:-}" ]; then
	rounds=${ROUNDS:-1}
	each=${SECONDS_EACH:-0.7}
	lines=("${BENCH_QUICK[@]}")
else
	lines=("${BENCH_TCP[@]}" "${BENCH_RR[@]}" "${BENCH_PKTGEN[@]}"
	       "${BENCH_RX[@]}" "${BENCH_BIGTCP[@]}" "${BENCH_IOMMU[@]}")
fi
if [ "${1:-}" = --inside ]; then
	inside
	exit
fi
for card in "${nics[@]}"; do
	[[ " ${BENCH_CARDS[*]} " == *" $card "* ]] ||
		die "NICS: \"$card\" is no card of the bench" \
		    "there are: ${BENCH_CARDS[*]}"
done
rm -rf "$out"
mkdir -p "$out"
: >"$samples"
prepare
"$MYNIC_ROOT/scripts/netns-run.sh" --no-tap -- "$out/blast" --ceiling \
	>"$out/ceiling"
about >"$out/about.json"
export BENCH_IPERF3 BENCH_LINES="${lines[*]}" NICS="${nics[*]}" ROUNDS=$rounds
say "$((rounds * ${#nics[@]})) guests and more, ${#lines[@]} lines each ..."
"$MYNIC_ROOT/scripts/netns-run.sh" --no-tap -- "${BASH_SOURCE[0]}" --inside
"$MYNIC_ROOT/scripts/bench-results.sh" "$out"
echo
cat "$out/table.txt"
echo
say "done in $(elapsed); the table is build/bench/table.txt, all figures are in bench.json"
! grep -qP '\tfailed\t' "$samples" || die "something failed, see above" \
	"the guests' consoles are build/log/bench-CARD.console.log"
