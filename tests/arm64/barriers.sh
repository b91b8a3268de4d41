#!/bin/bash
# The driver's barriers, found in the arm64 module's instructions.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: tests/arm64/barriers.sh [MODULE [WORD]...]
#
# On x86_64 dma_wmb() and dma_rmb() are no instructions, and a machine that
# orders memory strongly runs without them; on arm64 each is one.  The data
# sheet says in "Barriers that each side owes" what has to be where.  The rules
# below name accesses by the function and a piece of the line in which they are
# written, and follow every path that the instructions can take.

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
. "$MYNIC_ROOT/scripts/ktap.sh"

cross=/usr/src/cross-arm64/usr
module=${1:-}
[ -n "$module" ] || module=$("$MYNIC_ROOT/scripts/arm64-driver.sh" arm64)
sources=${module%/*}/obj/driver

# Each instruction as
#   FUNCTION<TAB>ADDRESS<TAB>INSTRUCTION<TAB>CALLER: LINE<TAB>CALLER: LINE...
# FUNCTION is that of the object file, LINEs the sources from which it comes,
# innermost first, each with the function that it is written in.
instructions()
{
	"$MYNIC_ROOT/scripts/build-root.sh" exec -- \
		env LD_LIBRARY_PATH="$cross/lib/x86_64-linux-gnu" \
		"$cross/bin/aarch64-linux-gnu-objdump" -d -l --inlines \
		--no-show-raw-insn "$module" | awk '
	# The lines of a file with the functions that they are in.
	function read_source(file, text, n, fn) {
		if (file in known)
			return
		known[file] = 1
		while ((getline text < file) > 0) {
			n++
			if (text ~ /^[a-z].*[a-z0-9_]\(/ && text !~ /;$/) {
				fn = text
				sub(/\(.*/, "", fn)
				sub(/.*[ *]/, "", fn)
			}
			gsub(/\t/, " ", text)
			source[file ":" n] = fn ": " text
		}
		close(file)
	}
	function place(where) {
		sub(/ \(.*/, "", where)
		if (where !~ /\/driver\/mynic_[a-z_]*\.[ch]:[0-9]+$/)
			return ""
		read_source(substr(where, 1, match(where, /:[0-9]+$/) - 1))
		return "\t" source[where]
	}
	/^[0-9a-f]+ <.*>:$/ {
		symbol = $2
		gsub(/[<>:]/, "", symbol)
		next
	}
	/^inlined by / { chain = chain place(substr($0, 12)); next }
	/^\/.*:[0-9]+/ { chain = place($0); next }
	/^ *[0-9a-f]+:\t/ {
		address = $1
		sub(/:/, "", address)
		sub(/^ *[0-9a-f]+:\t/, "")
		sub(/ *\/\/.*/, "")
		gsub(/\t/, " ")
		print symbol "\t" address "\t" $0 chain
	}'
}

# What both kinds of rules start with: instructions by number, who follows
# whom, and what an access is: "KIND FUNCTION TEXT", an instruction that begins
# with KIND (ld, st or bl) and comes from a line of FUNCTION with TEXT in it.
# shellcheck disable=SC2016 # awk
flow='
function follow(from, to) {
	next_of[from] = next_of[from] " " to
	before[to] = before[to] " " from
}
function is_access(i, what, kind, text, n, j, part) {
	n = index(what, " ")
	kind = substr(what, 1, n - 1)
	what = substr(what, n + 1)
	n = index(what, " ")
	text = substr(what, n + 1)
	what = substr(what, 1, n - 1) ": "
	if (index(insn[i], kind) != 1)
		return 0
	n = split(chain[i], part, "\t")
	for (j = 1; j <= n; j++)
		if (index(part[j], what) == 1 && index(part[j], text))
			return 1
	return 0
}
# A full barrier does the work of any.
function orders(i) {
	return insn[i] == ENVIRON["barrier"] || insn[i] == "dsb sy" ||
		insn[i] == "dmb osh"
}
{
	symbol[NR] = $1
	at[$1, $2] = NR
	insn[NR] = $3
	chain[NR] = $4
	for (i = 5; i <= NF; i++)
		chain[NR] = chain[NR] "\t" $i
}
END {
	for (i = 1; i <= NR; i++) {
		split(insn[i], w, " ")
		if (w[1] ~ /^(b|b\..*|cbn?z|tbn?z)$/ &&
		    match(insn[i], /[0-9a-f]+ </)) {
			to = substr(insn[i], RSTART, RLENGTH - 2)
			if ((symbol[i], to) in at)
				follow(i, at[symbol[i], to])
		}
		if (w[1] !~ /^(b|br|ret|retaa)$/ && symbol[i + 1] == symbol[i])
			follow(i, i + 1)
	}
}'

# preceded BARRIER ACCESS: on every way to each such access the last barrier is
# BARRIER.
preceded()
{
	barrier=$1 access=$2 awk -F '\t' "$flow"'
	END {
		for (i = 1; i <= NR; i++) {
			if (!is_access(i, ENVIRON["access"]))
				continue
			found++
			split("", seen)
			n = split(before[i], todo, " ")
			bad = !n
			while (n) {
				j = todo[n--]
				if (j in seen)
					continue
				seen[j] = 1
				if (insn[j] ~ /^d[ms]b /) {
					bad = bad || !orders(j)
					continue
				}
				m = split(before[j], more, " ")
				bad = bad || !m
				while (m)
					todo[++n] = more[m--]
			}
			if (bad)
				print "in " symbol[i] " not before: " insn[i]
			good += !bad
		}
		if (!found)
			print "there is no such access any more"
		exit !found || good < found
	}' "$list"
}

# between FIRST BARRIER SECOND: no way leads from an access FIRST to an access
# SECOND without BARRIER.
between()
{
	first=$1 barrier=$2 second=$3 awk -F '\t' "$flow"'
	END {
		for (i = 1; i <= NR; i++) {
			second += is_access(i, ENVIRON["second"])
			if (!is_access(i, ENVIRON["first"]))
				continue
			first++
			split("", seen)
			n = split(next_of[i], todo, " ")
			while (n) {
				j = todo[n--]
				if (j in seen)
					continue
				seen[j] = 1
				if (orders(j))
					continue
				if (is_access(j, ENVIRON["second"])) {
					print "in " symbol[i] " from " insn[i] \
						" to " insn[j]
					bad++
				}
				m = split(next_of[j], more, " ")
				while (m)
					todo[++n] = more[m--]
			}
		}
		if (!first || !second)
			print "there are no such accesses any more: " \
				first + 0 " and " second + 0
		exit !first || !second || bad
	}' "$list"
}

list=$(mktemp)
trap 'rm -f "$list"' EXIT
instructions >"$list"
grep -q . "$list" || die "$module has no instructions with lines of $sources" \
	"it must be built with debugging information, by scripts/arm64-driver.sh"

ktap_begin "${@:2}"
ktap "B3 a transmit tail is stored behind the slots" \
	preceded "dmb oshst" "st mynic_tx_publish ctl->tail"
ktap "B3 a receive tail is stored behind the buffers, and behind what was read" \
	preceded "dmb osh" "st mynic_rx_publish ctl->tail"
ktap "B3 without a tail a doorbell is rung behind the buffers and what was read" \
	between "ld mynic_rx_publish ring->published" "dmb osh" \
		"st mynic_rx_publish mynic_hw_doorbell("
ktap "B3 transmit: the tail is visible before kick is read" \
	preceded "dsb sy" "ld mynic_tx_publish ctl->kick"
ktap "B3 receive: the tail is visible before kick is read" \
	preceded "dsb sy" "ld mynic_rx_publish ctl->kick"
ktap "B3 a doorbell is written behind everything else" \
	preceded "dmb oshst" "st mynic_hw_doorbell writel("
ktap "B3 a register is written behind everything else" \
	preceded "dmb oshst" "st mynic_hw_write writel("
ktap "B3 the transmit head is read before the slots" \
	between "ld mynic_tx_poll ctl->head" "dmb oshld" \
		"ld mynic_tx_poll info->slots"
ktap "B3 a receive phase is read before the entry" \
	between "ld mynic_rx_poll cqe->info" "dmb oshld" \
		"ld mynic_rx_packet *shared"
ktap "B3 an admin phase is read before the entry" \
	between "ld mynic_admin_peek cqe->info" "dmb oshld" \
		"ld mynic_admin_finish cqe->status"
ktap "B3 an event's phase is read before the event" \
	between "ld mynic_event_work ev->info" "dmb oshld" \
		"ld mynic_event ev->type"
ktap "B3 transmit: arm is visible before head is read again" \
	preceded "dsb sy" "bl mynic_arm mynic_tx_pending("
ktap "B3 receive: arm is visible before info is read again" \
	preceded "dsb sy" "ld mynic_rx_pending cqe->info"
ktap_end
