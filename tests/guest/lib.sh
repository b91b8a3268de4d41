# shellcheck shell=bash
# What the guest tests share: cases in KTAP, waiting, both ends, traffic.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A test file sources this, defines functions named ROW_what_is_claimed (ROW as
# A6 or B1) in the order in which they are to run, and ends with run_cases.
# Each function runs in a shell of its own under "set -e": any command that
# fails, fails the case.  What the kernel says meanwhile counts too.
#
# tests/guest/run.sh sets the environment; see there.

set -euo pipefail

# shellcheck source=/dev/null
. "${MYNIC_RUN:=/run/mynic-tests}/env"

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
FILE_NAME=$(basename "$0" .sh)
. "$TESTS/cases.sh"
. "$TESTS/frames.sh"

### Comparing

# eq IS WANTED WHAT, ge IS LEAST WHAT, le IS MOST WHAT: compare or fail.
eq()
{
	[ "$1" = "$2" ] || fail "$3: is \"$1\", wanted \"$2\""
}

ge()
{
	[ "$1" -ge "$2" ] || fail "$3: is $1, wanted at least $2"
}

le()
{
	[ "$1" -le "$2" ] || fail "$3: is $1, wanted at most $2"
}

# match TEXT REGEX WHAT: TEXT matches the extended REGEX or the case fails.
match()
{
	grep -qE -- "$2" <<<"$1" || fail "$3: no \"$2\" in: $1"
}

# no_match TEXT REGEX WHAT
no_match()
{
	! grep -qE -- "$2" <<<"$1" || fail "$3: \"$2\" in: $1"
}

# refused REGEX COMMAND...: COMMAND must fail and say something like REGEX,
# case ignored.
refused()
{
	local regex=$1 said
	shift

	! said=$("$@" 2>&1) || fail "not refused: $*${said:+ ($said)}"
	grep -qiE -- "$regex" <<<"$said" ||
		fail "refused without \"$regex\": $*: $said"
}

# refused_saying REGEX COMMAND...: likewise; what mynic says of it may be in the
# kernel's log, where the request has no place for it.
refused_saying()
{
	local regex=$1 said
	shift

	! said=$("$@" 2>&1) || fail "not refused: $*${said:+ ($said)}"
	[ "$DRIVER" != mynic ] || grep -qE -- "$regex" <<<"$said" ||
		wait_for 5 "a reason like \"$regex\": $*" kernel_said "$regex"
}

# nap: 50 ms, without a process of its own, which costs an emulated processor
# about as much.
exec {NAP}<> <(:)
nap()
{
	read -rt 0.05 -u "$NAP" || :
}

# wait_for SECONDS WHAT COMMAND...: until COMMAND succeeds, or fails.
wait_for()
{
	local deadline what=$2
	deadline=$((SECONDS + $1))
	shift 2

	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] ||
			fail "waited in vain for $what"
		nap
	done
}

# holds EXPRESSION: true when the shell's arithmetic says so; for wait_for.
holds()
{
	eval "(($1))"
}

# stays SECONDS WHAT COMMAND...: COMMAND holds all the time.
stays()
{
	local deadline what=$2
	deadline=$((SECONDS + $1))
	shift 2

	while [ "$SECONDS" -lt "$deadline" ]; do
		"$@" >/dev/null 2>&1 || fail "does not stay: $what"
		nap
	done
}

### The cards

# find_nic ROLE: sets nic to the interface of the card with that role (dut,
# cable, far, user) and pci to its PCI address; see run.sh.
find_nic()
{
	local dir
	[ -e "$MYNIC_RUN/pci.$1" ] ||
		skip "there is no $1 card in this guest"
	read -r pci <"$MYNIC_RUN/pci.$1"
	: >"$MYNIC_RUN/used.$1"
	nic=
	for dir in "/sys/bus/pci/devices/$pci"/{,virtio*/}net/*; do
		[ ! -d "$dir" ] || nic=${dir##*/}
	done
	[ -n "$nic" ]
}

# mynic_only: the case tells something of mynic that other cards do not have.
mynic_only()
{
	[ "$DRIVER" = mynic ] || skip "only mynic has this, not $DRIVER"
}

# need_queues N: skips cards with fewer queues.
need_queues()
{
	[ "$(max_queues)" -ge "$1" ] || skip "the card has $(max_queues) queues"
}

max_queues()
{
	channels_of Pre-set
}

queues()
{
	channels_of Current
}

# channels_of Pre-set|Current: the number of combined channels, 1 without.
channels_of()
{
	local n
	n=$(ethtool -l "$nic" 2>/dev/null | awk -v part="$1" '
		/^Pre-set/ { p = "Pre-set" }
		/^Current/ { p = "Current" }
		p == part && $1 == "Combined:" { print $2 }') || :
	[[ $n =~ ^[0-9]+$ ]] || n=1
	echo "$n"
}

_load()
{
	case $DRIVER in
	mynic)
		insmod "$MODULE" 2>/dev/null
		;;
	*)
		modprobe "$DRIVER"
		;;
	esac
}

_has_nic()
{
	(find_nic "$1")
}

gone()
{
	! _has_nic dut
}

# present: waits for the card under test, and gives it its addresses.
present()
{
	wait_for 20 "the card under test" _has_nic dut
	addresses
}

# _probe_again ROLE: takes the driver from a card and gives it back; fails where
# it has none.
_probe_again()
{
	local bus=/sys/bus/pci name=${DRIVER/virtio_net/virtio-pci} pci

	read -r pci <"$MYNIC_RUN/pci.$1"
	[ -e "$bus/drivers/$name/$pci" ] || return
	echo "$pci" >"$bus/drivers/$name/unbind"
	echo "$pci" >"$bus/drivers/$name/bind"
}

# fresh: brings the card under test back to what probe leaves, and all others
# that were used meanwhile, with addresses, and waits until the peer answers.
fresh()
{
	local role

	: >"$MYNIC_RUN/used.dut"
	for role in "$MYNIC_RUN"/used.*; do
		role=${role##*.}
		_probe_again "$role" 2>/dev/null || {
			# No driver, or a card that it does not get.
			rmmod "$DRIVER" 2>/dev/null || :
			_load
			break
		}
		[ "$role" = dut ] || rm "$MYNIC_RUN/used.$role"
	done
	present
}

# addresses: gives the card under test its addresses, up and reachable; or the
# cable's card, after use_cable.
addresses()
{
	find_nic "$([ "$PEER" = host ] && echo dut || echo cable)"
	ip -batch - <<-BATCH
		link set $nic up
		address replace $GUEST4/24 dev $nic
		address replace $GUEST6/64 dev $nic nodad
	BATCH
	wait_for 30 "carrier" carrier 1
	wait_for 60 "an answer of the peer" reach
}

carrier()
{
	local is
	read -r is <"/sys/class/net/$nic/carrier"
	[ "$is" = "$1" ]
}

# reach: one ping over IPv4.
reach()
{
	ping -nq -c 1 -W 1 "$HOST4"
}

# mac_of IFACE
mac_of()
{
	local mac
	read -r mac <"/sys/class/net/$1/address"
	echo "$mac"
}

# feature NAME: on or off, as ethtool -k says, without "[fixed]".
feature()
{
	ethtool -k "$nic" | awk -v f="$1:" '$1 == f { print $2; found = 1 }
		END { if (!found) print "missing" }'
}

# need_feature NAME...: skips when the card cannot switch a feature.
need_feature()
{
	local f
	for f in "$@"; do
		ethtool -k "$nic" | grep -qE "^\s*$f: (on|off)$" ||
			skip "$DRIVER cannot switch $f"
	done
}

### Counters

# counter NAME: a counter of the interface.
counter()
{
	local value
	read -r value <"/sys/class/net/$nic/statistics/$1"
	echo "$value"
}

# hw NAME: a counter of ethtool -S.
hw()
{
	ethtool -S "$nic" | awk -v f="$1:" '$1 == f { print $2; found = 1 }
		END { exit !found }'
}

# genl ARGUMENTS...: the netlink tool; without site packages Python starts fast.
genl()
{
	python3 -IS "$TESTS/netdev-genl.py" "$@"
}

# qstats COUNTER: its value for each queue in order by netlink, as rx-packets.
qstats()
{
	genl qstats "$nic" | awk -v c="$1" -v t="${1%%-*}" '
		$1 == t {
			v[$2] = 0
			if ($2 + 1 > n)
				n = $2 + 1
			for (i = 3; i <= NF; i++)
				if (split($i, a, "=") == 2 && a[1] == c)
					v[$2] = a[2]
		}
		END { for (i = 0; i < n; i++) printf "%d ", v[i] }'
}

# per_queue COUNTER: likewise, from ethtool -S where that is the same and is
# had in less time.
per_queue()
{
	local name=${1#*-}
	if [ "$DRIVER" != mynic ]; then
		qstats "$1"
		return
	fi
	name=${name#hw-}
	ethtool -S "$nic" | awk -v c="${name//-/_}" -v t="${1%%-*}" '
		match($1, "^" t "[0-9]+_" c ":$") {
			printf "%d ", $2
			found = 1
		}
		END { exit !found }'
}

# minus "A B C" "a b c": the differences, number by number.
minus()
{
	local -a a b
	local i
	read -ra a <<<"$1"
	read -ra b <<<"$2"
	for i in "${!a[@]}"; do
		printf '%d ' $((a[i] - ${b[i]:-0}))
	done
}

sum()
{
	local n total=0
	for n in $1; do
		total=$((total + n))
	done
	echo "$total"
}

# busy_queues "A B C" LEAST: how many numbers are LEAST or more.
busy_queues()
{
	local n count=0
	for n in $1; do
		[ "$n" -lt "$2" ] || count=$((count + 1))
	done
	echo "$count"
}

### The other end

# The host, through a serial line and tests/guest/host-agent.sh; or, after
# "use_cable", a network namespace of this guest.
PEER=host
peer_if=tap0

# host VERB WORD...: one request to the host's agent.  All in the shell itself;
# the port can be open only once, which keeps requests apart.
host()
{
	local LC_ALL=C tag=$RANDOM$RANDOM line='' asked='' verb=$1 text
	shift

	text=${*//\\/\\\\}
	text=${text//$'\n'/\\n}
	until [ -n "$asked" ]; do
		{
			asked=1
			printf '%s %s %s\n' "$tag" "$verb" "$text" >&8
			while [[ $line != "$tag "* ]]; do
				IFS= read -r -t 150 -u 8 line || break
			done
		} 2>/dev/null 8<>"$AGENT" || nap
	done
	[[ $line == "$tag "* ]] || {
		echo "the host does not answer"
		return 1
	}
	line=${line#* }
	text=${line#* }
	[ -z "$text" ] || printf '%b\n' "$text"
	return "${line%% *}"
}

# _cable_agent DIR: what host-agent.sh is for the host; a shell in DIR, in the
# namespace of the cable, which serves requests as long as there can be any.
_cable_agent()
{
	local line text rc

	cd "$1" || return
	while IFS= read -r line; do
		printf -v text '%b' "$line"
		rc=0
		text=$(eval "$text" 2>&1 </dev/null) || rc=$?
		text=${text//\\/\\\\}
		printf '%d %s\n' "$rc" "${text//$'\n'/\\n}"
	done
}

# cable TEXT: as "host sh TEXT", in the namespace.
cable()
{
	local text=${1//\\/\\\\} line

	printf '%s\n' "${text//$'\n'/\\n}" >&"$CABLE_TO"
	IFS= read -r -t 150 -u "$CABLE_FROM" line || {
		echo "the shell at the cable's far end does not answer"
		return 1
	}
	text=${line#* }
	[ -z "$text" ] || printf '%b\n' "$text"
	return "${line%% *}"
}

# peer_sh TEXT: shell commands at the other end.
peer_sh()
{
	if [ "$PEER" = host ]; then
		host sh "$1"
	else
		cable "$1"
	fi
}

# peer COMMAND...: one command at the other end.
peer()
{
	local text

	printf -v text '%q ' "$@"
	peer_sh "$text"
}

# peer_bg NAME TEXT: shell commands at the other end in the background, until
# the case ends; their output is had with peer_out NAME.
peer_bg()
{
	peer_sh "rm -f $1.out $1.rc
		setsid bash -c $(printf '%q' "$2; echo \$? >$1.rc") \
			>$1.out 2>&1 </dev/null &
		echo \$! >$1.pid"
	defer peer_stop "$1"
}

peer_stop()
{
	peer_sh "kill -INT -- -\$(cat $1.pid) 2>/dev/null
		for i in \$(seq 40); do
			kill -0 -- -\$(cat $1.pid) 2>/dev/null || exit 0
			sleep 0.05
		done
		kill -KILL -- -\$(cat $1.pid) 2>/dev/null; :"
}

peer_out()
{
	peer cat "$1.out"
}

# peer_wait NAME SECONDS: waits until a background command has ended; its
# status.
peer_wait()
{
	wait_for "$2" "the peer's $1" peer test -e "$1.rc"
	return "$(peer cat "$1.rc")"
}

# peer_listens PORT [udp]: something waits there; for wait_for.
peer_listens()
{
	peer_sh "ss -Hln$([ "${2:-tcp}" = udp ] && echo u || echo t) \
		'sport = :$1' | grep -q ."
}

# use_cable: the case goes on with another card of the same kind, joined to a
# plain one in a network namespace of this guest, which is now the peer.
use_cable()
{
	HOST4=198.51.100.1 GUEST4=198.51.100.2
	HOST6=fd00:6d7a::1 GUEST6=fd00:6d7a::2
	at_cable
	addresses
}

# at_cable: the peer is from now on the namespace at the cable's far end.  Its
# shell ends with the last process of the case that could write to it.
at_cable()
{
	PEER=cable
	peer_if=far
	[ -z "${CABLE_FROM:-}" ] || return 0
	coproc exec setsid nsenter --net=/run/netns/cable bash -c \
		"$(declare -f _cable_agent); _cable_agent $MYNIC_RUN/peer"
	# Subshells have no descriptors of a coprocess, but copies of them.
	exec {CABLE_FROM}<&"${COPROC[0]}" {CABLE_TO}>&"${COPROC[1]}"
}

# peer_capture NAME FILTER [OPTIONS]: tcpdump at the other end, ready on return.
peer_capture()
{
	peer_bg "$1" "tcpdump -i $peer_if -nn -e -l -U ${3:-} '$2'"
	wait_for 20 "tcpdump at the peer" peer grep -q 'listening on' "$1.out"
}

# link_events FILE: what ip tells of the interface into FILE, ready on return.
link_events()
{
	ip -o monitor link dev "$nic" >"$1" &
	defer kill $!
	wait_for 10 "ip monitor" _some_event "$1"
}

_some_event()
{
	ip link set dev "$nic" alias "test $RANDOM" && [ -s "$1" ]
}

# captured NAME COUNT REGEX: COUNT lines or more match; for wait_for.
captured()
{
	[ "$(peer_sh "grep -cE '$3' $1.out")" -ge "$2" ]
}

# capture FILTER [OPTIONS]: tcpdump at this end into $CASE_DIR/capture.
capture()
{
	# shellcheck disable=SC2086 # options are words
	tcpdump -i "$nic" -nn -e -l -U ${2:-} "$1" \
		>"$CASE_DIR/capture" 2>"$CASE_DIR/capture.err" &
	defer kill $!
	wait_for 20 "tcpdump" grep -q 'listening on' "$CASE_DIR/capture.err"
}

# have COUNT REGEX: the capture at this end has so many lines; for wait_for.
have()
{
	[ "$(grep -cE -- "$2" "$CASE_DIR/capture")" -ge "$1" ]
}

### Traffic

# iperf BYTES|SECONDSs [OPTIONS]: iperf3 to the peer; nothing but its status and
# the bytes moved count.  Prints bytes sent and received.  With several streams
# only by time: their threads count bytes together without a lock, and an
# iperf3 that lost count does not end.
iperf()
{
	local amount=$1 how=-n tries=0
	shift

	[[ $amount != *s ]] || how=-t
	# It looks whether all is sent once in an interval.  A server that is
	# still about the end of the test before says so, or hangs up.
	until iperf3 -c "$HOST4" "$how" "${amount%s}" -i 0.1 \
		--connect-timeout 5000 -J "$@" >"$CASE_DIR/iperf" 2>&1; do
		if [ $((tries += 1)) -eq 40 ] ||
		   ! grep -qE 'is busy|reset by peer' "$CASE_DIR/iperf"; then
			grep -o '"error":.*' "$CASE_DIR/iperf" ||
				cat "$CASE_DIR/iperf"
			fail "iperf3 $amount $*"
		fi
		nap
	done
	awk '/^\t"end":/ { end = 1 }
		end && /^\t\t"[a-z_]+":/ { part = $1 }
		end && $1 == "\"bytes\":" { bytes[part] = $2 + 0 }
		END {
			all = bytes["\"sum\":"]
			sent = bytes["\"sum_sent\":"]
			received = bytes["\"sum_received\":"]
			print sent ? sent : all, received ? received : all
		}' "$CASE_DIR/iperf"
}

# stir: traffic both ways in the background until the case ends, or stir_end.
# Not all that the guest can do, or the case itself has no processor left.
stir()
{
	# A port and a server of its own: one whose client was cut off with
	# the card would wait for it.  Those from 6000 on are others'.
	stir_port=$((5300 + RANDOM % 600))
	peer_bg "stir$stir_port" "iperf3 -s -p $stir_port"
	wait_for 20 "the peer's iperf3" peer_listens "$stir_port"
	iperf3 -c "$HOST4" -p "$stir_port" -t 600 -P 2 --bidir \
		-b 40M >"$CASE_DIR/stir" 2>&1 &
	stir_pid=$!
	defer kill "$stir_pid"
	wait_for 20 "background traffic" stirred
	stir_flows=$(flows)
}

stir_end()
{
	kill "$stir_pid" 2>/dev/null || :
	# Many threads of iperf3 do not always end when asked to.
	for _ in $(seq 100); do
		kill -0 "$stir_pid" 2>/dev/null || break
		nap
	done
	kill -KILL "$stir_pid" 2>/dev/null || :
	wait "$stir_pid" || :
}

# Bytes that the card has moved so far, the smaller of both directions.
moved()
{
	local rx tx
	rx=$(counter rx_bytes)
	tx=$(counter tx_bytes)
	echo $((rx < tx ? rx : tx))
}

stirred()
{
	local ports
	read -ra ports < <(flows)
	[ "${#ports[@]}" -ge 5 ]
}

# The local ports of the background flows that are established, in hex digits and
# in order; read by the shell itself, which is asked for them again and again.
flows()
{
	local far ports=() _ here there state

	printf -v far '%04X' "$stir_port"
	while read -r _ here there state _; do
		[[ $there != *:"$far" || $state != 01 ]] ||
			ports[16#${here#*:}]=${here#*:}
	done </proc/net/tcp
	echo "${ports[*]}"
}

# flows_live: the very same flows are there, and bytes move both ways.
flows_live()
{
	local before
	kill -0 "$stir_pid" 2>/dev/null ||
		fail "background iperf3 ended: $(tail -n 3 "$CASE_DIR/stir")"
	eq "$(flows)" "$stir_flows" "flows that survived"
	before=$(moved)
	wait_for 20 "bytes of the background flows" moved_beyond \
		$((before + 300000))
}

moved_beyond()
{
	[ "$(moved)" -gt "$1" ]
}

# address FAMILY: the peer's address as socat and iperf3 take it.
socat_host()
{
	[ "${1:-4}" = 6 ] && echo "[$HOST6]" || echo "$HOST4"
}

# send_checked FAMILY [BYTES]: a file over TCP to the peer, compared by digest;
# so many bytes are given to the stack at a time.
send_checked()
{
	local f=$1 block=${2:-8192} digest
	peer_bg sink "socat -u TCP$f-LISTEN:6001,reuseaddr STDOUT 2>sink.err |
		sha256sum"
	wait_for 10 "the peer's socat" peer_listens 6001
	socat -u -b "$block" "FILE:$BLOB" \
		"TCP$f:$(socat_host "$f"):6001,connect-timeout=5"
	peer_wait sink 30
	digest=$(peer_out sink)
	[ "${digest%% *}" = "$BLOB_SHA" ] ||
		fail "what the peer received has another digest: $digest" \
		     "$(peer cat sink.err)"
}

# receive_checked FAMILY: a file over TCP from the peer, likewise.
receive_checked()
{
	local f=$1 digest want
	peer_sh '[ -s blob ] || head -c 3M /dev/urandom >blob'
	want=$(peer_sh 'sha256sum <blob')
	peer_bg source "socat -u FILE:blob TCP$f-LISTEN:6002,reuseaddr"
	wait_for 10 "the peer's socat" peer_listens 6002
	digest=$(socat -u "TCP$f:$(socat_host "$f"):6002,connect-timeout=5" \
		STDOUT | sha256sum)
	eq "$digest" "$want" "digest of what was received"
}

# udp_checked FAMILY BYTES [SOCAT-OPTIONS]: one UDP write to the peer, as one
# datagram or cut as the options say; compared by digest.
udp_checked()
{
	local f=$1 bytes=$2 options=${3:-} want
	head -c "$bytes" "$BLOB" >"$CASE_DIR/datagram"
	want=$(sha256sum <"$CASE_DIR/datagram")
	# What an earlier call left would do for the wait below.
	peer rm -f usink.bin
	peer_bg usink "socat -u -b 65535 UDP$f-RECV:6003,reuseaddr,rcvbuf=4000000 \
		OPEN:usink.bin,creat,trunc"
	wait_for 10 "the peer's socat" peer_listens 6003 udp
	socat -u -b 65535 "FILE:$CASE_DIR/datagram" \
		"UDP$f-SENDTO:$(socat_host "$f"):6003$options"
	wait_for 10 "$bytes bytes of UDP at the peer" peer_sh \
		"[ \$(stat -c %s usink.bin) -ge $bytes ]"
	# Two sockets could have the port, and the older one what is sent next.
	peer_stop usink
	eq "$(peer_sh 'sha256sum <usink.bin')" "$want" \
		"digest of the UDP bytes"
}
