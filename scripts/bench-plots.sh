#!/bin/bash
# Draws the results of "make bench": rates.svg, work.svg, growth.svg.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/bench-plots.sh [DIR]
#
# DIR (build/bench) has bench.json; the plots and their data are made in it.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

dir=${1:-$MYNIC_BUILD/bench}
json=$dir/bench.json
[ -s "$json" ] || die "$json is not there" "scripts/bench-results.sh makes it"

bench_jq()
{
	jq -r -L "$MYNIC_ROOT/scripts" "include \"bench\"; $1" "$json"
}

# panel FILE TITLE UNIT REGEX SCALE WHAT: lines that match, for each card the
# middle, lowest and highest.
panel()
{
	local text

	text=$(bench_jq ".cards as \$cards | .lines[] |
		select(.unit == \"$3\" and (.line | test(\"$4\"))) | . as \$l |
		[\"\\\"\" + .line + \"\\\"\"] + [\$cards[] | \$l.cards[.] |
			$6 | if . == null then \"-\", \"-\", \"-\" else map(. / $5)[] end] |
		@tsv" | tr -d "\\\\" | sed 's/""*/"/g')
	[ -z "$text" ] || printf '# %s\n%s\n' "$2" "$text" >"$dir/$1.dat"
}

# growth N TITLE START END WHAT SCALE
growth()
{
	local text

	text=$(bench_jq "series(\"$3\"; \"$4\"; \"$5\")" |
		awk -v OFS='\t' -v scale="$6" '{
			for (i = 2; i <= NF; i++)
				if ($i != "-")
					$i /= scale
			print
		}')
	[ -z "$text" ] || printf '# %s\n%s\n' "$2" "$text" >"$dir/growth-$1.dat"
}

rm -f "$dir"/*.dat
rate='(if .rate then [.rate.median, .rate.min, .rate.max] else null end)'
panel rates-streams "TCP, Gb/s" bit '^(big-|iommu-)?tcp' 1e9 "$rate"
panel rates-transactions "one byte there and back, 1/s" transaction '^(tcp|udp)-rr$' 1 "$rate"
panel rates-packets "packets, kpps" packet '^(pktgen|drop-(tc|xdp)$|xdp|forward)' 1e3 "$rate"
panel rates-iommu "packets behind a strict IOMMU, kpps" packet '^iommu' 1e3 "$rate"
insns='(if .insns then [.insns, .insns, .insns] else null end)'
panel work-streams "guest instructions for a KiB of TCP" bit '^(big-|iommu-)?tcp' 1 "$insns"
panel work-transactions "guest instructions for a byte there and back" transaction '^(tcp|udp)-rr$' 1 "$insns"
panel work-packets "guest instructions for a packet" packet '^(pktgen|drop-(tc|xdp)$|xdp|forward)' 1 "$insns"
panel work-iommu "guest instructions for a packet, strict IOMMU" packet '^iommu' 1 "$insns"

growth 1 "queue pairs: 60-byte frames sent on one, kpps" q -pktgen-60-1q rate 1000
growth 2 "queue pairs: received and dropped, kpps" q -drop-tc rate 1000
growth 3 "queue pairs: 4 TCP streams sent, Gb/s" q -tcp-tx-4 rate 1e9
growth 4 "queue pairs: QEMU's time for a dropped packet, us" q -drop-tc cpu_us 1
growth 5 "flows: received and dropped, kpps" drop-tc-f '' rate 1000
growth 6 "bytes of a message: there and back, 1/s" tcp-rr- '' rate 1
growth 7 "queue pairs: memory of the guest, MiB" q -setup guest_kb 1024
growth 8 "queue pairs: memory of QEMU, MiB" q -setup own_kb 1024
growth 9 "queue pairs: probe, ms" q -setup probe_us 1000
gnuplot -e "dir='$dir'" \
	-e "what='$(jq -r '.about | "\(.guest // ""), \(.qemu // "")"' "$json" |
		tr -d "'" | sed 's/_/\\\\_/g')'" \
	-e "cards='$(jq -r '.cards | join(" ")' "$json")'" \
	"$MYNIC_ROOT/scripts/bench.gp"
# Of a plot that nothing was measured for gnuplot makes an empty picture.
for plot in rates work growth; do
	grep -qs '[0-9]$' "$dir/$plot"-*.dat || rm -f "$dir/$plot.svg"
done
