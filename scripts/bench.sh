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
#   ROUNDS=N         rounds (5); 0 only counts
#   SECONDS_EACH=S   what is measured of each line (1)
#   COUNT=1|0        guest instructions are counted, or not (1; with QUICK 0)
#   BENCH_DIR=NAME   build/NAME instead of build/bench
#
# Each round boots each card once and runs every line on it; a second boot has
# a strict IOMMU.  Results: build/bench/table.txt, bench.json, *.svg and
# samples.tsv, of which all else is made.

. "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"
. "$MYNIC_ROOT/scripts/bench-cards.sh"
. "$MYNIC_ROOT/scripts/bench-vm.sh"
. "$MYNIC_ROOT/scripts/bench-lines.sh"
. "$MYNIC_ROOT/scripts/bench-count.sh"

samples=$bench_dir/samples.tsv
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
	"$MYNIC_ROOT/scripts/prereqs.sh" qemu guest bench
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
	local t flags

	for t in blast rr xdp; do
		gcc -O2 -Wall -Wextra -pthread -static -o "$bench_dir/$t" \
			"$MYNIC_ROOT/tests/bench/$t.c"
	done
	read -ra flags < <(pkg-config --cflags glib-2.0)
	gcc -O2 -Wall -Wextra -shared -fPIC "${flags[@]}" \
		-I"$MYNIC_BUILD/qemu/src/include/qemu" -o "$bench_dir/count.so" \
		"$MYNIC_ROOT/tests/bench/count.c"
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
		"small packets of the host" "a C program, sendmmsg() on a packet socket; by itself $(cat "$bench_dir/ceiling")")
	for card in "${nics[@]}"; do
		words+=("$card" "-device $(card_device "$card" off), $(card_queues "$card") queues of a tap with vnet_hdr")
		[[ " ${lines[*]}" != *" iommu-"* ]] ||
			[ "$(card_device "$card" strict)" = "$(card_device "$card" off)" ] ||
			words+=("$card behind the IOMMU" "-device $(card_device "$card" strict)")
	done
	printf '%s\t%s\n' "${words[@]}" | jq -R -s 'split("\n") |
		map(select(length > 0) | split("\t") | { (.[0]): .[1] }) | add'
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

# measure_setup ROUND CARD LINE: what is measured without a load.
measure_setup()
{
	local name value values

	vm_ask channels "$(line_queues "$3")" || :
	vm_ask setup || {
		record "$@" failed "$REPLY"
		return
	}
	read -ra values <<<"$REPLY"
	values+=("$(vm_own_kb)")
	for name in guest_kb probe_us up_us less_us more_us smaller_us larger_us own_kb; do
		value=${values[0]}
		values=("${values[@]:1}")
		[ "$value" = -1 ] || record "$@" "$name" "$value"
	done
}

# refused ROUND CARD LINE STATUS: what line_start ended with, and why.
refused()
{
	record "$1" "$2" "$3" "$([ "$4" = 1 ] && echo none || echo failed)" \
		"${REPLY:-unknown}"
}

# measure ROUND CARD LINE: one window.
measure()
{
	local round=$1 card=$2 line=$3 ta ua tb ub ca cb rc=0

	REPLY=
	if [ "$(line_base "$line")" = setup ]; then
		measure_setup "$@"
		return
	fi
	line_start "$line" || rc=$?
	if [ "$rc" -ne 0 ]; then
		refused "$round" "$card" "$line" "$rc"
	else
		ca=$(vm_cpu_us)
		read -r ta ua < <(line_count "$line")
		sleep "$each"
		read -r tb ub < <(line_count "$line")
		cb=$(vm_cpu_us)
		if [ "$ub" -le "$ua" ]; then
			record "$round" "$card" "$line" failed \
				"nothing moved any more while it was measured"
		else
			record "$round" "$card" "$line" us $((tb - ta))
			record "$round" "$card" "$line" units $((ub - ua))
			record "$round" "$card" "$line" cpu_us $((cb - ca))
			[ "$round" -lt "$rounds" ] ||
				counted c "$card" "$line" count_live
		fi
	fi
	line_stop "$line"
}

# counted ROUND CARD LINE COMMAND: what COMMAND counts on LINE.
counted()
{
	local metric value

	"$4" "$3" >"$vm_dir/counted" || return 0
	while read -r metric value; do
		record "$1" "$2" "$3" "$metric" "$value"
	done <"$vm_dir/counted"
}

# boot_and_count CARD IOMMU LINE...: once, with one processor.
boot_and_count()
{
	local card=$1 iommu=$2 line rc BENCH_SMP=1
	shift 2

	count_boot "$card" "$iommu" || {
		record i "$card" boot failed "$REPLY"
		vm_end
		return
	}
	for line in "$@"; do
		progress "instructions, $card, $line"
		rc=0
		line_start "$line" || rc=$?
		if [ "$rc" = 0 ]; then
			counted i "$card" "$line" count_insns
		else
			refused i "$card" "$line" "$rc"
		fi
		line_stop "$line"
	done
	vm_end
	[ "$vm_status" = 0 ] ||
		record i "$card" boot failed \
			"the guest ended with status $vm_status: $(tail -n 1 "$vm_dir/log")"
}

# boot_and_measure ROUND CARD IOMMU QUEUES LINE...
boot_and_measure()
{
	local round=$1 card=$2 iommu=$3 queues=$4 line
	shift 4

	if ! vm_boot "$card" "$iommu" "$queues" --smp "$BENCH_SMP"; then
		for line in "$@"; do
			record "$round" "$card" "$line" failed "$REPLY"
			progress "round $round of $rounds, $card: FAILED, $REPLY"
		done
		return
	fi
	for line in "$@"; do
		progress "round $round of $rounds, $card, $line"
		if [ -n "$vm_hung" ]; then
			record "$round" "$card" "$line" failed "the guest hangs"
		elif kill -0 "$vm_child" 2>/dev/null; then
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

# wanted ROUND CARD GROUP: the lines that are its business.  Growth is plotted
# for cards of many queues, from fewer rounds; instructions (round i) are counted
# with one processor, to which several queues are nothing.
wanted()
{
	local line

	for line in "${lines[@]}"; do
		[ "$(line_group "$line")" = "$3" ] || continue
		if line_grows "$line"; then
			[ "$1" != i ] || continue
			[ "$1" -le "$growth_rounds" ] || continue
			[ "$(card_queues "$2" 64)" = 64 ] || continue
		elif [ "$1" = i ]; then
			[[ ! $line =~ -[2-9]q ]] || continue
		fi
		echo "$line"
	done
}

# all COMMAND...: COMMAND ROUND CARD IOMMU QUEUES LINE... for each guest.
all()
{
	local round card group mine

	for round in $(seq "$rounds") i; do
		[ "$round" != i ] || [ "$count" = 1 ] || continue
		for card in "${nics[@]}"; do
			for group in "${groups[@]}"; do
				mapfile -t mine < <(wanted "$round" "$card" "$group")
				[ "${#mine[@]}" -gt 0 ] || continue
				# shellcheck disable=SC2086 # two words
				"$@" "$round" "$card" $group "${mine[@]}"
			done
		done
	done
}

plan()
{
	all_steps=$((all_steps + $# - 4))
	all_guests=$((all_guests + 1))
}

one_guest()
{
	if [ "$1" = i ]; then
		boot_and_count "$2" "$3" "${@:5}"
	else
		boot_and_measure "$@"
	fi
}

inside()
{
	done_steps=0
	t0=$SECONDS
	all one_guest
	[ ! -t 2 ] || printf '\r\033[K' >&2
}

read -ra nics <<<"${NICS:-${BENCH_CARDS[*]}}"
rounds=${ROUNDS:-5}
each=${SECONDS_EACH:-1}
count=${COUNT:-1}
growth_rounds=3
if [ -n "$lines_wanted" ] && [[ ! $lines_wanted =~ ^[0-9]+$ ]]; then
	read -ra lines <<<"$lines_wanted"
elif [ -n "${QUICK:-}" ]; then
	rounds=${ROUNDS:-1}
	each=${SECONDS_EACH:-0.7}
	count=${COUNT:-0}
	lines=("${BENCH_QUICK[@]}")
else
	lines=("${BENCH_TCP[@]}" "${BENCH_RR[@]}" "${BENCH_PKTGEN[@]}"
	       "${BENCH_RX[@]}" "${BENCH_BIGTCP[@]}" "${BENCH_IOMMU[@]}"
	       "${BENCH_GROWTH[@]}")
fi
number_in "$rounds" 0 1000 ||
	die "ROUNDS=\"$rounds\" is no number of rounds" \
	    "it may be 0 to 1000; 0 only counts instructions"
rounds=$((10#$rounds))
[[ $each =~ ^[0-9]{1,3}(\.[0-9]{1,3})?$ && $each =~ [1-9] ]] ||
	die "SECONDS_EACH=\"$each\" is no time" \
	    "it may be 0.001 to 999 seconds, as in SECONDS_EACH=0.5"
for line in "${lines[@]}"; do
	line_known "$line" ||
		die "LINES: there is no line called \"$line\"" \
		    "scripts/bench-lines.sh says what there is, as in LINES=\"tcp-rr iommu-tcp-tx-4\""
done
mapfile -t groups < <(for line in "${lines[@]}"; do line_group "$line"; done |
	awk '!seen[$0]++')
all_steps=0 all_guests=0
all plan
if [ "${1:-}" = --inside ]; then
	inside
	exit
fi
for card in "${nics[@]}"; do
	[[ " ${BENCH_CARDS[*]} " == *" $card "* ]] ||
		die "NICS: \"$card\" is no card of the bench" \
		    "there are: ${BENCH_CARDS[*]}"
done
rm -rf "$bench_dir"
mkdir -p "$bench_dir"
: >"$samples"
prepare
"$MYNIC_ROOT/scripts/netns-run.sh" --no-tap -- "$bench_dir/blast" --ceiling \
	>"$bench_dir/ceiling"
about >"$bench_dir/about.json"
export BENCH_IPERF3 BENCH_LINES="${lines[*]}" NICS="${nics[*]}" ROUNDS=$rounds
export SECONDS_EACH=$each COUNT=$count
say "$all_guests guests, $all_steps windows ..."
"$MYNIC_ROOT/scripts/netns-run.sh" --no-tap -- "${BASH_SOURCE[0]}" --inside
"$MYNIC_ROOT/scripts/bench-results.sh" "$bench_dir"
[ "$rounds" = 0 ] || "$MYNIC_ROOT/scripts/bench-plots.sh" "$bench_dir"
echo
cat "$bench_dir/table.txt"
echo
say "done in $(elapsed); the table is ${bench_dir#"$MYNIC_ROOT/"}/table.txt; beside it bench.json and plots"
! grep -qP '\tfailed\t' "$samples" || die "something failed, see above" \
	"the guests' consoles are build/log/bench-CARD.console.log"
