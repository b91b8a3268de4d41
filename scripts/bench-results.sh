#!/bin/bash
# Makes results of the samples of "make bench": JSON, then tables as text.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/bench-results.sh [DIR]
#
# DIR (build/bench) has samples.tsv and about.json; bench.json and table.txt are
# made in it.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

dir=${1:-$MYNIC_BUILD/bench}
[ -s "$dir/samples.tsv" ] ||
	die "$dir/samples.tsv is not there or empty" "make bench writes it"

bench_jq()
{
	jq -L "$MYNIC_ROOT/scripts" "$@"
}

# aligned: columns of tab-separated text, the first to the left.
aligned()
{
	awk -F '\t' '
	{
		for (i = 1; i <= NF; i++) {
			cell[NR, i] = $i
			if (length($i) > width[i])
				width[i] = length($i)
		}
		columns = NF > columns ? NF : columns
	}
	END {
		for (r = 1; r <= NR; r++) {
			line = ""
			for (i = 1; i <= columns; i++)
				line = line sprintf(i <= 2 ? "%-*s  " : "%*s  ",
						    width[i], cell[r, i])
			sub(/ +$/, "", line)
			print line
		}
	}'
}

# table TITLE FILTER
table()
{
	local text

	text=$(bench_jq -r "include \"bench\"; $2" "$dir/bench.json")
	[ -n "$text" ] || return 0
	printf '\n%s\n\n' "$1"
	aligned <<<"$text"
}

[ -s "$dir/about.json" ] || echo '{}' >"$dir/about.json"
bench_jq -R -s --slurpfile about "$dir/about.json" \
	'include "bench"; results' "$dir/samples.tsv" >"$dir/bench.new"
mv "$dir/bench.new" "$dir/bench.json"
{
	bench_jq -r '.about | to_entries[] | "\(.key): \(.value)"' "$dir/bench.json"
	table "Rates: median (lowest..highest)" rate_table
	table "Host processor time of QEMU, us" 'cost_table("cpu_us")'
	table "Guest instructions" 'cost_table("insns")'
	table "of these, in the card's driver" 'cost_table("driver_insns")'
	table "MMIO writes to the card" 'cost_table("mmio")'
	table "Interrupts" 'cost_table("irqs")'
	table "System calls of QEMU" 'cost_table("syscalls")'
	table "Setup: memory of the guest for one card and of QEMU, KiB; probe, up, ethtool -L to half and back, -G to half and back, us" fact_table
	reasons=$(bench_jq -r 'include "bench"; reasons' "$dir/bench.json")
	[ -z "$reasons" ] || printf '\nNot there:\n%s\n' "$reasons"
} >"$dir/table.txt"
