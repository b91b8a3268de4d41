#!/bin/bash
# Writes docs/performance.md and its plots from the results of "make bench".
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/bench-report.sh [DIR]
#
# DIR (build/bench) has bench.json and the plots.  Nothing in the page is typed
# by hand: what it says is here or in the JSON.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

dir=${1:-$MYNIC_BUILD/bench}
page=${BENCH_PAGE:-$MYNIC_ROOT/docs/performance.md}
json=$dir/bench.json
[ -s "$json" ] || die "$json is not there" "make bench makes it"

bench_jq()
{
	jq -r -L "$MYNIC_ROOT/scripts" "include \"bench\"; $1" "$json"
}

# markdown: a table of tab-separated text.
markdown()
{
	awk -F '\t' '{
		line = "|"
		for (i = 1; i <= NF; i++)
			line = line " " $i " |"
		print line
		if (NR == 1) {
			line = "|"
			for (i = 1; i <= NF; i++)
				line = line (i == 1 ? "---|" : "---:|")
			print line
		}
	}'
}

# section TITLE TEXT FILTER: nothing if there is nothing to show.
section()
{
	local text

	text=$(bench_jq "$3" | markdown)
	[ -n "$text" ] || return 0
	printf '\n## %s\n\n%s\n\n%s\n' "$1" "$2" "$text"
}

# plot FILE TEXT
plot()
{
	[ -s "$dir/$1.svg" ] || return 0
	mkdir -p "${page%.md}"
	cp "$dir/$1.svg" "${page%.md}/"
	printf '\n![%s](performance/%s.svg)\n' "$2" "$1"
}

{
	cat <<-'TEXT'
		<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
		<!-- Made by scripts/bench-report.sh of a run of make bench. -->
		# Performance

		mynic beside the other network cards of QEMU: same guest, same kernel, same
		QEMU program, one run in which the cards take turns round by round.

		| | |
		|---|---|
	TEXT
	bench_jq '.about | to_entries[] | "| \(.key) | \(.value) |"' |
		sed -E 's/_/\\_/g'
	cat <<-'TEXT'

		Rates are the median of the rounds with the lowest and the highest; the last
		column is ours divided by the best other card's. On emulated processors rates
		depend on what else the host does; what a packet costs in the guest does not.
		Small packets received are 60 bytes in 16 flows. `burst` is pktgen's, 32 packets
		announced at once. "-" has its reason at the end.

		Not measured: KVM (no kernel started on the machine's), and so what doorbells by
		eventfd gain there; vhost (what is compared are cards that QEMU's own process
		serves), other hosts and processors, networks beyond the host's tap.
	TEXT
	section Rates "Streams in Gb/s, packets in thousands a second, transactions a second." rate_table
	plot rates "rates of all cards"
	section "Guest instructions" "All that the guest ran (but for pktgen itself), for a packet, a transaction or a KiB. Guest of one processor, \`-icount shift=0\`, counted by \`tests/bench/count.c\`." 'cost_table("insns")'
	section "Guest instructions of driver and interrupt path" "Of these, those in the card's driver and in the kernel's handling of its interrupts." 'cost_table("driver_insns")'
	plot work "guest instructions of all cards"
	section "MMIO writes" "To the card's memory, in the same run." 'cost_table("mmio")'
	section Interrupts "Of the card, from /proc/interrupts, two processors." 'cost_table("irqs")'
	section "System calls" "Of QEMU, all threads, two processors." 'cost_table("syscalls")'
	section "Host processor time" "Of QEMU, all threads, in us, in the timed windows. It includes running the guest." 'cost_table("cpu_us")'
	section "Growth" "Memory in KiB: of the guest for one card (rings, buffers), of QEMU without the guest's memory and translated code. Times in us: probe, up, \`ethtool -L\` to half the queues and back, \`-G\` to half the slots and back." fact_table
	plot growth "growth with queues, flows and sizes"
	reasons=$(bench_jq reasons)
	[ -z "$reasons" ] || printf '\n## What is not there\n\n%s\n' \
		"$(sed 's/^/- /; s/_/\\_/g' <<<"$reasons")"
} >"$page.new"
mv "$page.new" "$page"
say "written: ${page#"$MYNIC_ROOT/"}"
