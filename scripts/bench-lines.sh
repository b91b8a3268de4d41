# shellcheck shell=bash
# The lines of "make bench": how each load is started, counted and ended.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2153,SC2154 # shared with scripts/bench.sh
#
# Sourced after bench-vm.sh.  A line's name says all there is to know of it:
#
#   tcp-tx-N, tcp-rx-N    N TCP streams from or to the guest (iperf3); unit bit
#   tcp-rr, udp-rr        one byte there and back; unit transaction
#   pktgen-S-Qq[-burst]   frames of S bytes on Q queues; burst: 32 at a time,
#                         one skb sent again and again; unit packet
#   drop-tc, drop-xdp     60-byte frames dropped in tc or native XDP; packet
#   xdp-tx                60-byte frames sent back by native XDP; packet
#   forward               60-byte frames routed to a second such card; packet
#   drop-tc-fN, tcp-rr-S  N flows (16); messages of S bytes
#   setup                 no load: time of probe, up, ethtool -L and -G, memory
#
# In front of these, iommu- says that the guest has a strict IOMMU, big- that
# BIG TCP is on, qN- that the card has N queue pairs, all in use.
#
#   line_start LINE   status 1 if the card has no such thing, 2 if it has and it
#                     failed; REPLY says why
#   line_count LINE   prints time in us and units so far (for streams: bytes)
#   line_stop LINE

BENCH_BURST=32
BENCH_BIG=262144
# What the loads need to get going, in seconds.
bench_settle=0.4
bench_port=5300

BENCH_TCP=(tcp-tx-1 tcp-tx-4 tcp-tx-16 tcp-rx-1 tcp-rx-4 tcp-rx-16)
BENCH_RR=(tcp-rr udp-rr)
BENCH_PKTGEN=(pktgen-60-1q pktgen-60-2q pktgen-60-4q
	      pktgen-60-1q-burst pktgen-60-2q-burst pktgen-60-4q-burst
	      pktgen-1500-1q pktgen-1500-2q pktgen-1500-4q
	      pktgen-1500-1q-burst pktgen-1500-2q-burst pktgen-1500-4q-burst)
BENCH_RX=(drop-tc drop-xdp xdp-tx forward)
BENCH_BIGTCP=(big-tcp-tx-1 big-tcp-tx-4 big-tcp-rx-1 big-tcp-rx-4)
BENCH_IOMMU=("${BENCH_TCP[@]/#/iommu-}" iommu-pktgen-60-1q iommu-pktgen-60-2q
	     iommu-drop-tc)
# How things grow; for cards that have many queues, fewer rounds than the others.
BENCH_GROWTH=(drop-tc-f{1,10,100,1000,10000} tcp-rr-{64,256,1024,4096,16384,65536})
for n in 1 2 4 8 64; do
	BENCH_GROWTH+=("q$n-setup" "q$n-pktgen-60-1q" "q$n-drop-tc" "q$n-tcp-tx-4"
		       "q$n-tcp-rx-4" "q$n-tcp-rr")
done
BENCH_QUICK=(tcp-tx-1 tcp-tx-4 tcp-rx-1 tcp-rx-4 tcp-rr udp-rr
	     pktgen-60-1q pktgen-60-2q drop-tc)

# line_base LINE: without what is in front.
line_base()
{
	local line=${1#iommu-}

	line=${line#big-}
	[[ ! $line =~ ^q[0-9]+- ]] || line=${line#*-}
	echo "$line"
}

# line_known LINE: true if there is such a line.
line_known()
{
	local n='[1-9][0-9]{0,4}' known

	known="tcp-[rt]x-$n|(tcp|udp)-rr(-$n)?|pktgen-$n-${n}q(-burst)?"
	known+="|drop-tc(-f$n)?|drop-xdp|xdp-tx|forward|setup"
	[[ $(line_base "$1") =~ ^($known)$ ]]
}

# line_group LINE: the guest that it wants, "IOMMU QUEUES".
line_group()
{
	local iommu=off queues=$BENCH_QUEUES

	[[ $1 != iommu-* ]] || iommu=strict
	[[ ! $1 =~ ^(iommu-)?q([0-9]+)- ]] || queues=${BASH_REMATCH[2]}
	echo "$iommu $queues"
}

# line_grows LINE: true if it is there for a plot of growth.
line_grows()
{
	[[ " ${BENCH_GROWTH[*]} " == *" $1 "* ]]
}

# line_unit LINE: bit, transaction or packet.
line_unit()
{
	case $(line_base "$1") in
	tcp-[rt]x-*)	echo bit ;;
	*-rr)		echo transaction ;;
	*)		echo packet ;;
	esac
}

# line_queues LINE: queue pairs that are to be in use.
line_queues()
{
	if [[ $1 =~ ^q([0-9]+)- ]]; then
		echo "${BASH_REMATCH[1]}"
	elif [[ $1 =~ -([0-9]+)q ]] && [ "${BASH_REMATCH[1]}" -gt "$BENCH_SMP" ]; then
		echo "${BASH_REMATCH[1]}"
	else
		echo "$BENCH_SMP"
	fi
}

line_start()
{
	local line base size queues burst=1 want rc=0

	line=$1
	base=$(line_base "$line")
	want=$(line_queues "$line")
	# A card of fewer queues does with what it has, if the line allows it.
	vm_ask channels "$want" || rc=$?
	[ "$rc" -ne 2 ] || return 2
	if [ "$rc" = 1 ] && [[ $base == pktgen-*q* ]] &&
	   [ "$want" -gt "$BENCH_SMP" ]; then
		return 1
	fi
	if [[ $line == *big-* ]]; then
		vm_ask big "$BENCH_BIG" || return
	fi
	case $base in
	tcp-[rt]x-*)
		stream_start "$base"
		;;
	tcp-rr* | udp-rr*)
		size=${base#???-rr}
		size=${size#-}
		"$bench_dir/rr" serve 7777 &
		line_child=$!
		until ss -Hltn "sport = :7777" | grep -q .; do
			sleep 0.02
		done
		vm_ask rr "${base%%-*}" "${size:-1}" || return
		;;
	pktgen-*)
		IFS=- read -r _ size queues want <<<"$base"
		[ -z "$want" ] || burst=$BENCH_BURST
		vm_ask pktgen "$size" "${queues%q}" "$burst"
		;;
	drop-tc*)
		vm_ask drop || return
		size=${base#drop-tc}
		blast 52:54:00:6d:79:01 198.18.0.2 60 "${size:+${size#-f}}"
		;;
	drop-xdp | xdp-tx)
		vm_ask xdp "$(sed "s/-xdp//; s/xdp-//" <<<"$base")" || return
		blast 52:54:00:6d:79:01 198.18.0.2
		;;
	forward)
		vm_ask forward || return
		blast 52:54:00:6d:79:01 198.19.0.2
		;;
	*)
		die "there is no line called \"$line\"" \
		    "scripts/bench-lines.sh says what there is"
		;;
	esac || return
	flows "$line" || return
	sleep "$bench_settle"
}

# flows LINE: waits until the load has got going.
flows()
{
	local i first now

	read -r _ first < <(line_count "$1")
	for ((i = 0; i < 100; i++)); do
		read -r _ now < <(line_count "$1")
		[ "$now" -lt $((first + 50)) ] || return 0
		sleep 0.1
	done
	REPLY="nothing moved for 10 s"
	return 2
}

# stream_start tcp-tx-N|tcp-rx-N: a server of its own for each, so that nobody
# has to wait until the last one has ended.
stream_start()
{
	local n=${1##*-} way=() i

	bench_port=$((bench_port + 1))
	# shellcheck disable=SC2086 # a command of several words
	$BENCH_IPERF3 -s -1 -p "$bench_port" >/dev/null 2>&1 &
	line_child=$!
	until ss -Hltn "sport = :$bench_port" | grep -q .; do
		sleep 0.02
	done
	[[ $1 != tcp-rx-* ]] || way=(-R)
	vm_ask iperf -p "$bench_port" -P "$n" "${way[@]}" || return
	for ((i = 0; i < 200; i++)); do
		[ "$(streams "$bench_port")" -le "$n" ] || return 0
		sleep 0.05
	done
	REPLY="$(streams "$bench_port") connections of $((n + 1)) came up"
	return 2
}

# blast MAC ADDRESS [SIZE [FLOWS]]: the host's small packets.
blast()
{
	# shellcheck disable=SC2068 # no number of flows is no word
	"$bench_dir/blast" tap0 $@ >/dev/null &
	line_child=$!
}

line_count()
{
	case $(line_base "$1") in
	tcp-[rt]x-*)
		echo "$(now_us) $(stream_bytes "$bench_port")"
		;;
	tcp-rr* | udp-rr*)
		echo "$(now_us) $(tap_packets tap0 to)"
		;;
	pktgen-* | xdp-tx)
		echo "$(now_us) $(tap_packets tap0 from)"
		;;
	forward)
		echo "$(now_us) $(tap_packets tap1 from)"
		;;
	drop-tc*)
		vm_ask softnet
		echo "$REPLY"
		;;
	drop-xdp)
		vm_ask xdpcount
		echo "$REPLY"
		;;
	esac
}

line_stop()
{
	local base

	base=$(line_base "$1")
	[[ $base != drop-* && $base != xdp-tx && $base != forward ]] ||
		child_stop
	vm_ask stop || :
	child_stop
	[[ $base != drop-tc* ]] || vm_ask undrop || :
	[[ $1 != *big-* ]] || vm_ask big 65536 || :
}

child_stop()
{
	[ -n "${line_child:-}" ] || return 0
	kill "$line_child" 2>/dev/null || :
	wait "$line_child" 2>/dev/null || :
	line_child=
}
