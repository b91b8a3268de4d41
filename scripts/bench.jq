# Turns the samples of "make bench" into its results, and results into tables.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Called by scripts/bench-results.sh as
#   jq -R -s --slurpfile about about.json 'include "bench"; results' samples.tsv
#   jq -r 'include "bench"; rate_table' bench.json
#
# A sample is a line "ROUND CARD LINE METRIC VALUE" with tabs between.  Of one
# window come us (how long it was), units (bytes, transactions or packets) and
# what they cost: cpu_us in timed rounds, insns, driver_insns, mmio, irqs and
# syscalls in counted ones.  none and failed come with a reason.

def number: tonumber? // error("\"\(.)\" is no number");

# Linear interpolation between the two nearest, as in R and numpy.
def quantile($p):
	sort | if length == 0 then null else
		((length - 1) * $p) as $at | ($at | floor) as $low |
		.[$low] + (($at - $low) * ((.[$low + 1] // .[$low]) - .[$low]))
	end;

def median: quantile(0.5);

def spread: { median: median, min: min, max: max,
	      q1: quantile(0.25), q3: quantile(0.75), values: . };

def unit:
	sub("^((iommu|big)-)+"; "") | sub("^q[0-9]+-"; "") |
	if . == "setup" then "none"
	elif test("^tcp-[rt]x-") then "bit"
	elif test("-rr(-|$)") then "transaction"
	else "packet" end;

# What the cost is told by: a KiB of a stream, else the unit.
def cost_unit: if . == "bit" then "KiB" else . end;

# What stands for itself, not for a unit.
def facts: ["guest_kb", "own_kb", "probe_us", "up_us", "less_us", "more_us",
	    "smaller_us", "larger_us"];

def costs: ["cpu_us", "insns", "driver_insns", "mmio", "irqs", "syscalls"];

# The rows of one card on one line.
def summary($unit):
	(group_by(.round) | map(map({(.metric): .value, round}) | add)) as $windows |
	($windows | map(select(.us != null and .cpu_us != null) |
		(.units | number) * (if $unit == "bit" then 8 else 1 end) *
		1000000 / (.us | number))) as $rates |
	{ rate: (if $rates == [] then null else $rates | spread end),
	  none: ($windows | map(.none // empty) | first),
	  failed: ($windows | map(select(.failed) | "in round \(.round): \(.failed)")) } +
	([costs[] as $c | { ($c):
		($windows | map(select(.[$c] != null and (.units | number) > 0) |
			(.[$c] | number) * (if $unit == "bit" then 1024 else 1 end) /
			(.units | number)) | median) }] | add) +
	([facts[] as $f | { ($f): ($windows | map(.[$f] // empty | number) | median) } |
		select(.[$f] != null)] | add // {});

# The best of those that are not ours.
def best_peer:
	to_entries | map(select(.key != "mynic" and .value.rate != null)) |
	max_by(.value.rate.median) | .key // null;

# The order of the samples is that of the lines and the cards.
def unique_in_order: reduce .[] as $x ([]; if index([$x]) then . else . + [$x] end);

def results:
	split("\n") | map(select(length > 0) | split("\t") |
		{ round: .[0], card: .[1], line: .[2], metric: .[3], value: .[4] }) |
	. as $rows | (map(.line) | unique_in_order) as $lines |
	(map(.card) | unique_in_order) as $cards |
	{ about: ($about[0] // {}), cards: $cards, lines: [
		$lines[] | select(. != "boot") as $line | ($line | unit) as $unit |
		{ line: $line, unit: $unit, cards: ([$cards[] as $card | { ($card):
			($rows | map(select(.line == $line and .card == $card)) |
			 summary($unit)) }] | add) } |
		.best_peer = (.cards | best_peer) |
		.ratio = (if .best_peer != null and .cards.mynic.rate != null and
			     .cards[.best_peer].rate.median > 0
			  then .cards.mynic.rate.median /
			       .cards[.best_peer].rate.median
			  else null end)],
	  boots_failed: ($rows | map(select(.line == "boot" and .metric == "failed"))) };

# round_to N: digits after the point.
def fixed($n):
	pow(10; $n) as $f | (. * $f | round) as $r |
	if $n == 0 then "\($r)" else
		($r | if . < 0 then -. else . end) as $a |
		(if $r < 0 then "-" else "" end) + "\($a / $f | floor)." +
		("000\($a % $f)" | .[length - $n:])
	end;

# Three digits that mean something.
def short:
	if . == null then "" elif . >= 100 then fixed(0) elif . >= 10 then fixed(1)
	elif . >= 0.1 then fixed(2) else fixed(3) end;

def in_unit($unit):
	if $unit == "bit" then . / 1e9 | fixed(2)
	elif $unit == "packet" then . / 1e3 | fixed(1)
	else fixed(0) end;

def unit_name: { bit: "Gb/s", packet: "kpps", transaction: "1/s" }[.];

def rate_cell($unit):
	if .rate == null then (if (.failed | length) > 0 then "FAILED" else "-" end)
	else (.rate.median | in_unit($unit)) +
		(if (.rate.values | length) > 1 then
			" (\(.rate.min | in_unit($unit))..\(.rate.max | in_unit($unit)))"
		 else "" end) +
		(if (.failed | length) > 0 then " \(.failed | length) FAILED" else "" end)
	end;

def rate_table:
	.cards as $cards |
	if [.lines[].cards[] | select(.rate != null or .none != null or
				      (.failed | length) > 0)] == [] then empty else
	(["line", "unit"] + $cards + ["ours/best"]),
	(.lines[] | select(.unit != "none") | . as $l | [.line, (.unit | unit_name)] +
		[$cards[] | $l.cards[.] | rate_cell($l.unit)] +
		[if .ratio == null then "-"
		 else "\(.ratio | fixed(2)) \(.best_peer)" end])
	end | @tsv;

# cost_table("cpu_us"): one cost of all lines that have it.
def cost_table($cost):
	.cards as $cards |
	[.lines[] | select([.cards[][$cost] | values] | length > 0)] |
	if length == 0 then empty else
		(["line", "per"] + $cards),
		(.[] | . as $l | [.line, (.unit | cost_unit)] +
			[$cards[] | $l.cards[.][$cost] | short | if . == "" then "-" else . end])
	end | @tsv;

# fact_table: what was measured without a load.
def fact_table:
	.cards as $cards |
	[.lines[] | select(.unit == "none")] | if length == 0 then empty else
		(["line", "card"] + facts),
		(.[] | . as $l | $cards[] | . as $card | $l.cards[$card] |
			select(.own_kb != null) | . as $c |
			[$l.line, $card] + [facts[] | $c[.] |
				if . == null then "-" else fixed(0) end])
	end | @tsv;

# series("drop-tc-f"): for a plot, "X" and for each card rate and what of it.
def series($before; $after; $what):
	.cards as $cards | .lines[] | select(.line | startswith($before) and endswith($after)) |
	(.line[($before | length):(.line | length) - ($after | length)]) as $x |
	select($x | test("^[0-9]+$")) | . as $l |
	[$x] + [$cards[] | $l.cards[.] | (if $what == "rate" then .rate.median // null
		else .[$what] end) // "-"] | @tsv;

# Why there is no number: one line for each reason.
def reasons:
	.boots_failed as $boots | .cards as $cards | [.lines[] | . as $l | $cards[] | . as $card |
		$l.cards[$card] | select(.none != null or (.failed | length) > 0) |
		{ card: $card, line: $l.line,
		  why: (if (.failed | length) > 0
			then .failed[] | "FAILED \(.)" else .none end) }] |
	(group_by([.card, .why]) | .[] |
	 "\(.[0].card): \(.[0].why) (\(map(.line) | join(", ")))"),
	($boots[] | "\(.card): FAILED in round \(.round): \(.value)");
