#!/bin/bash
# The guest's part of "make demo": shows the card at work, and measures.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage, in the guest: scripts/demo-guest.sh traffic|nodes
#
# scripts/demo.sh boots the guest; DRIVER, MODULE, SECONDS_EACH, HOST4 and
# GUEST4 are in the environment.  Lines that start with "@" are for its table
# and its plot, all else is for the reader.

set -euo pipefail

# Enough that the hash finds each of four queues, but for one time in 2500.
streams=32
# Seconds that iperf3 has, until traffic flows and until it is gone.
patience=30
said=/tmp/iperf3
genl=$(dirname "$0")/../tests/guest/netdev-genl.py

title()
{
	printf '\n=== %s\n' "$*"
}

# show COMMAND...: the command as one would type it, and what it prints.
show()
{
	printf '\n# %s\n' "$*"
	"$@"
}

up()
{
	local dir

	if [ "$DRIVER" = mynic ]; then
		for dependency in $(modinfo -F depends "$MODULE" | tr ',' ' '); do
			modprobe "$dependency"
		done
		show insmod "$MODULE"
	else
		modprobe "$DRIVER"
	fi
	for _ in $(seq 100); do
		for dir in /sys/class/net/*; do
			[ "$(cat "$dir/address")" != 52:54:00:6d:79:01 ] ||
				nic=$(basename "$dir")
		done
		[ -z "${nic:-}" ] || break
		sleep 0.1
	done
	pci=$(readlink -f "/sys/class/net/$nic/device")
	[[ $pci != */virtio* ]] || pci=$(dirname "$pci")
	pci=$(basename "$pci")
	ip address add "$GUEST4/24" dev "$nic"
	ip link set "$nic" up
	until ping -nq -c 1 -W 1 "$server" >/dev/null; do
		[ "$SECONDS" -lt 60 ]
	done
	max=$(ethtool -l "$nic" | awk '$1 == "Combined:" { print $2; exit }')
}

# packets rx|tx: of each queue so far.
packets()
{
	ethtool -S "$nic" | awk -v d="$1" '
		match($1, "^" d "[0-9]+_packets:$") { printf "%d ", $2 }'
}

# share BEFORE AFTER: of each queue in per cent; those not there count 0.
share()
{
	awk -v a="$1" -v b="$2" -v max="$max" 'BEGIN {
		split(a, x)
		split(b, y)
		for (i = 1; i <= max; i++)
			t += d[i] = y[i] - x[i] > 0 ? y[i] - x[i] : 0
		for (i = 1; i <= max; i++)
			printf "%d%s", t ? d[i] * 100 / t + 0.5 : 0,
				i < max ? " " : ""
	}'
}

# idle QUEUES BEFORE AFTER: those of so many queues that had no packet.
idle()
{
	awk -v queues="$1" -v a="$2" -v b="$3" 'BEGIN {
		split(a, x)
		split(b, y)
		for (i = 1; i <= queues; i++)
			if (y[i] == x[i])
				printf "%s%d", n++ ? " " : "", i - 1
	}'
}

# moved tx|rx: bytes of frames so far, and the time in seconds.
moved()
{
	echo "$(cat "/sys/class/net/$nic/statistics/$1_bytes") $(cut -d ' ' \
		-f 1 /proc/uptime)"
}

# scattered N: all local ports but N of them, anywhere, as the kernel wants its
# reserved ones.
scattered()
{
	local first last

	read -r first last </proc/sys/net/ipv4/ip_local_port_range
	shuf -i "$first-$last" -n "$1" | sort -n |
		awk -v first="$first" -v last="$last" '
		function range(from, to) {
			if (from <= to)
				printf "%s%d-%d", n++ ? "," : "", from, to
		}
		{
			range(first, $1 - 1)
			first = $1 + 1
		}
		END {
			range(first, last)
			print ""
		}'
}

# reserve N: the streams get one of N ports, not next to one another: the hash is
# linear, and with about one key in eight 16 such ports leave a queue of four
# without any.
reserve()
{
	# In one write, as the next one would add to it.
	scattered "$1" | dd bs=64K iflag=fullblock status=none \
		of=/proc/sys/net/ipv4/ip_local_reserved_ports
}

# run_streams CONNECTIONS OPTION...: iperf3 in the background; goes on once so
# many TCP connections are there and traffic flows.  Tries again if that does not
# happen, as the server may still be busy with the streams before.
run_streams()
{
	local connections=$1 tries=3
	shift

	# More than are needed: a port of the streams before may still be
	# waiting.
	reserve $((connections + 8))
	while :; do
		nice -n 10 iperf3 -c "$server" -t 600 "$@" >"$said" 2>&1 &
		client=$!
		! flowing "$connections" || return 0
		stop_streams
		[ $((--tries)) -gt 0 ] || break
	done
	echo "iperf3 -c $server $*: no traffic on $connections connections; it said:"
	cat "$said"
	return 1
}

# flowing CONNECTIONS: waits until there are so many, with traffic; fails if iperf3
# ends before, or needs too long.
flowing()
{
	local start='' end=$((SECONDS + patience))

	while kill -0 "$client" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do
		if [ -n "$start" ]; then
			[ "$(all_packets)" -lt $((start + 1000)) ] || return 0
		elif [ "$(flows | wc -w)" -ge "$1" ]; then
			start=$(all_packets)
		fi
		sleep 0.1
	done
	return 1
}

all_packets()
{
	local dir=/sys/class/net/$nic/statistics
	echo $(($(cat "$dir/rx_packets") + $(cat "$dir/tx_packets")))
}

# Many threads of iperf3 do not always end when asked to.
stop_streams()
{
	local end=$((SECONDS + 5))

	kill "$client" 2>/dev/null || :
	while kill -0 "$client" 2>/dev/null; do
		[ "$SECONDS" -lt "$end" ] || kill -KILL "$client" || :
		sleep 0.1
	done
	wait "$client" || :
	# The server ends its part before it takes the next client.
	end=$((SECONDS + patience))
	while [ "$(flows | wc -w)" -gt 0 ] && [ "$SECONDS" -lt "$end" ]; do
		sleep 0.1
	done
}

# measure QUEUES to|from: several streams that way, the rate and the spread.
# Rates are those of the card's own counters over the time between: many
# threads of iperf3 on few processors do not stop in time.
measure()
{
	local queues=$1 way=$2 dir=tx reverse=() before after start rate idle
	if [ "$way" = from ]; then
		dir=rx
		reverse=(-R)
	fi
	echo
	echo "# iperf3 -c $server -P $streams ${reverse[*]}"
	run_streams $((streams + 1)) -P "$streams" "${reverse[@]}"
	before=$(packets "$dir")
	start=$(moved "$dir")
	sleep "$each"
	rate=$(awk '{ printf "%d", ($3 - $1) * 8 / ($4 - $2) / 1e6 }' \
		<<<"$start $(moved "$dir")")
	after=$(packets "$dir")
	stop_streams
	printf '%d Mb/s %s the host\n' "$rate" "$way"
	printf 'packets of each queue, %s: before %s- after %s\n' "$dir" \
		"$before" "$after"
	echo "@rate $queues $way $rate"
	echo "@share $queues $way $(share "$before" "$after")"
	idle=$(idle "$queues" "$before" "$after")
	[ -z "$idle" ] || {
		echo "NO PACKET OF $streams STREAMS WAS ON QUEUE $idle"
		echo "@idle $queues $way $idle"
	}
}

# abridged: a table of RSS that is longer than anybody reads.
abridged()
{
	awk '/^ +[0-9]+:/ {
		if (++n <= 4) print
		if (n == 5) print "  ..."
		next
	} { print }'
}

# table: RSS as set, and how many entries of its table each queue has.
table()
{
	show ethtool -x "$nic" | abridged
	ethtool -x "$nic" | awk -v max="$max" '
		/^ +[0-9]+:/ { for (i = 2; i <= NF; i++) n[$i]++ }
		END {
			printf "entries of each queue:"
			for (i = 0; i < max; i++)
				printf " %d", n[i]
			print ""
		}'
}

# interrupts: the card's lines of /proc/interrupts.
interrupts()
{
	printf '\n# cat /proc/interrupts\n'
	grep -E "CPU0|$nic|mynic.*$pci" /proc/interrupts
}

channels()
{
	ethtool -L "$nic" combined "$1" || [ "$(ethtool -l "$nic" | awk '
		$1 == "Combined:" { n = $2 } END { print n }')" = "$1" ]
}

# Channels change while four streams run; what each half second moved.
live()
{
	local plan n t lived before step
	plan="1 $max 2 $max 1 $max"
	step=$(awk -v e="$each" 'BEGIN { print (2 * e + 4) / 7 }')
	run_streams 5 -P 4 -i 0.5 -f m --forceflush
	before=$(flows)
	t=$(cut -d ' ' -f 1 /proc/uptime)
	echo "@channels 0 $max"
	for n in $plan; do
		sleep "$step"
		show ethtool -L "$nic" combined "$n"
		awk -v t="$t" -v n="$n" '{
			printf "@channels %.2f %d\n", $1 - t, n }' /proc/uptime
	done
	sleep "$step"
	lived=$(flows)
	stop_streams
	awk '/^\[SUM\]/ && !/sender|receiver/ {
		# The last interval, which was cut short, is left out.
		if (line)
			print line
		split($2, a, "-")
		line = "@live " a[2] " " $6
	}' "$said"
	if [ "$lived" != "$before" ]; then
		echo "connections before: $before"
		echo "connections after: $lived"
		echo "@flows CONNECTIONS WERE LOST through ethtool -L $plan"
		return 1
	fi
	if [ "$(cat "/sys/class/net/$nic/carrier_down_count")" != "$downs" ]; then
		echo "@flows THE LINK WENT DOWN through ethtool -L $plan"
		return 1
	fi
	echo "@flows all connections lived and the link stayed up through ethtool -L $plan"
}

flows()
{
	ss -Htn state established "dport = :5201" |
		awk '{ sub(/.*:/, "", $3); print $3 }' | sort -n | tr '\n' ' '
}

# weights NAME WORD...: how received packets of many flows, each as fast as the
# next, fall on the queues after ethtool -X.
weights()
{
	local before name=$1
	shift
	show ethtool -X "$nic" "$@"
	echo "# iperf3 -c $server -R -P 128 -b 100K"
	run_streams 129 -R -P 128 -b 100K -l 200 -N
	before=$(packets rx)
	sleep "$each"
	echo "@spread $name $(share "$before" "$(packets rx)")"
	stop_streams
}

traffic()
{
	local weight
	title "The card"
	show lspci -nn -s "$pci"
	show lspci -vvv -s "$pci"
	show ethtool -i "$nic"
	show ethtool -l "$nic"
	echo "@kernel $(uname -r)"
	echo "@queues $max"
	echo "@cpus $(nproc)"
	channels "$max"
	interrupts
	table
	echo "@streams $streams"
	title "$streams streams over 1 queue"
	channels 1
	measure 1 to
	measure 1 from
	title "$streams streams over $max queues"
	channels "$max"
	measure "$max" to
	measure "$max" from
	downs=$(cat "/sys/class/net/$nic/carrier_down_count")
	title "ethtool -L while four streams run"
	live
	title "ethtool -X: the spread of what is received"
	if ethtool -x "$nic" >/dev/null 2>&1; then
		weights equal equal "$max"
		weight=$(for ((i = max; i > 0; i--)); do echo "$i"; done)
		# shellcheck disable=SC2086 # words are meant
		echo "@weight" $weight
		# shellcheck disable=SC2086
		weights weight weight $weight
		table
		show ethtool -X "$nic" default
	fi
	title "Counters"
	show ethtool -S "$nic" |
		grep -E '[0-9]_(packets|bytes|stop|dev_interrupts|dev_doorbells):|port_'
	interrupts
}

# placement WORD: the CPUs on which the channels' interrupts are.
placement()
{
	local irq cpus=
	printf '%s:\n' "$1"
	for irq in $("$genl" napis "$nic" | grep -oE 'irq=[0-9]+' |
		     cut -d = -f 2 | sort -n); do
		printf '  interrupt %s (%s): CPU %s\n' "$irq" \
			"$(awk -v i="$irq:" '$1 == i { print $NF }' \
				/proc/interrupts)" \
			"$(cat "/proc/irq/$irq/effective_affinity_list")"
		cpus+="$(cat "/proc/irq/$irq/effective_affinity_list") "
	done
	echo "@placed $1: CPU $cpus"
}

nodes()
{
	local node
	title "Two nodes: interrupts are near the card"
	node=$(cat "/sys/bus/pci/devices/$pci/numa_node")
	show lscpu -e=CPU,NODE
	echo "the card is on node $node"
	echo "@node $node, CPUs $(cat "/sys/devices/system/node/node$node/cpulist")"
	placement "after probe"
	irqbalance --foreground --interval=1 >/tmp/irqbalance 2>&1 &
	run_streams 9 -P 4 --bidir
	sleep $((each + 3))
	placement "with irqbalance, under traffic"
	stop_streams
	interrupts
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	server=$HOST4
	each=$SECONDS_EACH
	# Ahead of the many threads of iperf3, which get all that is left.
	renice -n -10 $$ >/dev/null
	up
	"$1"
fi
