#!/bin/bash
# Checks that a packet costs the guest no more instructions than it should.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/work-test.sh
#
# Counts instructions of one guest with mynic and one with virtio-net, under
# -icount, and compares: a limit in tests/bench/work-limits is a percentage of
# virtio-net's, so that it holds for any kernel and compiler that both were
# built with.  Prints KTAP.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$MYNIC_ROOT/scripts/ktap.sh"

limits=$MYNIC_ROOT/tests/bench/work-limits
dir=$MYNIC_BUILD/work

# share LINE COST: ours in per cent of virtio-net's.
share()
{
	jq -r --arg line "$1" --arg cost "$2" '.lines[] | select(.line == $line) |
		.cards | if .mynic[$cost] == null or ."virtio-net"[$cost] == null
		then empty else .mynic[$cost] * 100 / ."virtio-net"[$cost] end' \
		"$dir/bench.json"
}

# below LINE COST LIMIT
below()
{
	local got

	got=$(share "$1" "$2")
	[ -n "$got" ] || {
		echo "$1 was not counted:"
		cat "$dir/table.txt"
		return 1
	}
	echo "$1: $2 are $got % of virtio-net's, allowed are $3 %"
	awk -v got="$got" -v limit="$3" 'BEGIN { exit !(got <= limit) }'
}

mapfile -t lines < <(awk '!/^#/ && NF { print $1 }' "$limits" | sort -u)
ktap_begin "$@"
BENCH_DIR=${dir##*/} BENCH_LINES="${lines[*]}" NICS="mynic virtio-net" \
	ROUNDS=0 COUNT=1 "$MYNIC_ROOT/scripts/bench.sh" >&2 || :
while read -r line cost limit; do
	[[ $line != \#* && -n $line ]] || continue
	ktap "$line: $cost at most $limit % of virtio-net's" \
		below "$line" "$cost" "$limit"
done <"$limits"
ktap_end
