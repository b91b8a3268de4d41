#!/bin/bash
# The guest's part of "make bench": does what the host asks for over a port.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage, in the guest: scripts/bench-guest.sh
#
# DRIVER, MODULE and TOOLS (a directory) are in the environment.  The host
# (scripts/bench-vm.sh) sends a line "COMMAND ARGUMENT..." and gets "ok WORD...",
# "no REASON" of what the card has not, or "bad REASON" of what failed.  Commands
# are the functions do_*; they start and stop loads, set the card up and read
# counters.  Rates are worked out on the host.

set -u

# Names of the two cards' interfaces, once they are there.
nic0='' nic1=''
HOST4=192.0.2.1 GUEST4=192.0.2.2
# Where forwarded packets seem to come from and where they go, RFC 2544.
FAR4=198.19.0.2 FAR_MAC=02:00:00:00:00:02
pktgen=/proc/net/pktgen
run=/run/mynic-bench

ok()
{
	echo "ok $*" >&"$port"
}

no()
{
	echo "no $*" >&"$port"
}

bad()
{
	echo "bad $*" >&"$port"
}

# quietly COMMAND...: its last line is the reason if it fails.
quietly()
{
	local rc=0 reason

	"$@" >"$run/out" 2>&1 || rc=$?
	[ "$rc" -ne 0 ] || return 0
	reason=$(tail -n 1 "$run/out")
	bad "$1${2:+ $2}: ${reason:-status $rc}"
	return 1
}

nic_with()
{
	local dir

	for dir in /sys/class/net/*; do
		[ "$(<"$dir/address")" != "$1" ] || echo "${dir##*/}"
	done
}

pci_of()
{
	local dir

	dir=$(readlink -f "/sys/class/net/$1/device")
	[[ $dir != */virtio* ]] || dir=${dir%/*}
	echo "${dir##*/}"
}

# wait_for COMMAND...: a minute at most.
wait_for()
{
	local end=$((SECONDS + 60))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

both()
{
	nic0=$(nic_with 52:54:00:6d:79:01)
	nic1=$(nic_with 52:54:00:6d:79:02)
	[ -n "$nic0" ] && [ -n "$nic1" ]
}

link_is_up()
{
	[ "$(<"/sys/class/net/$nic0/operstate")" = up ]
}

up()
{
	local n

	if [ "$DRIVER" = mynic ]; then
		for n in $(modinfo -F depends "$MODULE" | tr ',' ' '); do
			modprobe "$n"
		done
		insmod "$MODULE" || return
	else
		modprobe "$DRIVER" || return
	fi
	modprobe pktgen
	wait_for both || return
	pci=$(pci_of "$nic0")
	sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip address add "$GUEST4/24" dev "$nic0"
	ip link set "$nic0" up
	ip link set "$nic1" up
	# Drivers that leave it to chance get the same as the others: queue i
	# on processor i.
	spread
	wait_for ping -nq -c 1 -W 1 "$HOST4" >/dev/null || return
	# What is dropped must not be missed.
	ip neighbour change "$HOST4" dev "$nic0" nud permanent lladdr \
		"$(ip neighbour show "$HOST4" | awk '{ print $5 }')"
}

spread()
{
	local irq name

	for irq in /sys/class/net/"$nic0"/device/msi_irqs/* \
		   /sys/class/net/"$nic1"/device/msi_irqs/*; do
		irq=${irq##*/}
		name=$(echo /proc/irq/"$irq"/*-*)
		[[ $name =~ [Rr]x-?([0-9]+)$ ]] || continue
		echo $((BASH_REMATCH[1] % $(nproc))) \
			>"/proc/irq/$irq/smp_affinity_list"
	done 2>/dev/null
}

# channels N: N combined, or N of each kind.
do_channels()
{
	local max

	[ "$(current)" != "$1" ] || { ok; return; }
	max=$(ethtool -l "$nic0" 2>/dev/null |
		awk '$1 == "Combined:" { print $2; exit }')
	if [ -z "$max" ] || [ "$max" = n/a ]; then
		no "the card has one queue pair"
	elif [ "$max" -lt "$1" ]; then
		no "the driver offers $max queue pairs"
	else
		quietly ethtool -L "$nic0" combined "$1" || return 0
		spread
		wait_for link_is_up
		ok
	fi
}

current()
{
	local q=("/sys/class/net/$nic0/queues"/tx-*)

	echo "${#q[@]}"
}

pg()
{
	echo "$2" >"$pktgen/$1" 2>/dev/null || {
		bad "pktgen refuses \"$2\": $(sed -n 's/^Result: //p' "$pktgen/$1")"
		return 1
	}
}

# pktgen SIZE QUEUES BURST [COUNT]: queue i on processor i.
do_pktgen()
{
	local size=$1 queues=$2 burst=$3 count=${4:-0} q cpus

	cpus=$(nproc)
	[ "$(current)" -ge "$queues" ] || {
		no "the driver has $(current) transmit queues"
		return 0
	}
	for ((q = 0; q < cpus; q++)); do
		pg "kpktgend_$q" rem_device_all || return 0
	done
	for ((q = 0; q < queues; q++)); do
		pg "kpktgend_$((q % cpus))" "add_device $nic0@$q" || return 0
		for line in "count $count" "delay 0" "pkt_size $size" \
			    "queue_map_min $q" "queue_map_max $q" \
			    "dst $FAR4" "dst_mac $FAR_MAC" \
			    "udp_src_min $((9000 + q))" "udp_src_max $((9000 + q))" \
			    "burst $burst" "clone_skb $((burst > 1 ? 1000 : 0))"; do
			pg "$nic0@$q" "$line" || return 0
		done
	done
	echo start >"$pktgen/pgctrl" &
	load=$!
	ok
}

do_iperf()
{
	iperf3 -c "$HOST4" -t 600 "$@" >"$run/load" 2>&1 &
	load=$!
	ok
}

# rr tcp|udp SIZE
do_rr()
{
	"$TOOLS/rr" "$1" "$HOST4" 7777 "$2" >"$run/load" 2>&1 &
	load=$!
	ok
}

# tc drops all that comes in.
do_drop()
{
	quietly tc qdisc add dev "$nic0" clsact || return 0
	quietly tc filter add dev "$nic0" ingress matchall action drop || return 0
	ok
}

do_undrop()
{
	quietly tc qdisc del dev "$nic0" clsact || return 0
	ok
}

# forward: what comes in at the first card for far away leaves by the second.
do_forward()
{
	sysctl -qw net.ipv4.ip_forward=1
	ip address replace 198.19.0.1/24 dev "$nic1"
	ip neighbour replace "$FAR4" lladdr "$FAR_MAC" dev "$nic1" nud permanent
	ip address replace 198.18.0.2/24 dev "$nic0"
	ok
}

# xdp drop|tx: in the driver.  What stands in its way is switched off, as the
# drivers' manuals ask for.
do_xdp()
{
	local word

	[ "$DRIVER" != virtio_net ] ||
		ethtool -K "$nic0" rx-gro-hw off >/dev/null 2>&1
	coproc xdp { exec "$TOOLS/xdp" "$nic0" "$1" 2>&1; }
	read -r -u "${xdp[0]}" word
	if [ "$word" != attached ]; then
		no "no native XDP${word##*"$nic0"}"
		do_unxdp
		return 0
	fi
	ok
}

# xdpcount: time in us, and packets so far.
do_xdpcount()
{
	local words

	echo >&"${xdp[1]}"
	read -r -u "${xdp[0]}" words
	ok "$words"
}

do_unxdp()
{
	local pid=${xdp_PID:-}

	[ -z "$pid" ] || {
		kill "$pid"
		wait "$pid"
	} 2>/dev/null
	[ "$DRIVER" != virtio_net ] ||
		ethtool -K "$nic0" rx-gro-hw on >/dev/null 2>&1
}

# big BYTES: BIG TCP in both directions; 65536 switches it off.
do_big()
{
	local max

	max=$(ip -d link show "$nic0" | grep -o 'tso_max_size [0-9]*')
	if [ "${max#* }" -lt "$1" ]; then
		no "the driver's tso_max_size is ${max#* }"
		return 0
	fi
	quietly ip link set "$nic0" gso_ipv4_max_size "$1" \
		gro_ipv4_max_size "$1" || return 0
	ok
}

# stop: ends the load.  pktgen heeds no signal that a shell's background
# command would get.
do_stop()
{
	if [ -n "${load:-}" ]; then
		[ ! -e "$pktgen/pgctrl" ] || echo stop >"$pktgen/pgctrl"
		kill -TERM "$load" 2>/dev/null
		# Many threads of iperf3 do not always end when asked to.
		for _ in $(seq 100); do
			kill -0 "$load" 2>/dev/null || break
			sleep 0.05
		done
		kill -KILL "$load" 2>/dev/null
		wait "$load" 2>/dev/null
		load=
	fi
	[ -z "${xdp_PID:-}" ] || do_unxdp
	ok
}

# softnet: time in us, and packets that drivers have given to the stack.
do_softnet()
{
	local first rest sum=0

	while read -r first rest; do
		sum=$((sum + 16#$first))
	done </proc/net/softnet_stat
	ok "${EPOCHREALTIME/./} $sum"
}

# counter NAME: time in us, and a counter of the first card.
do_counter()
{
	ok "${EPOCHREALTIME/./} $(<"/sys/class/net/$nic0/statistics/$1")"
}

# irqs: interrupts of the first card so far.
do_irqs()
{
	local irq sum=0 line words i cpus

	declare -A ours=()
	for irq in /sys/bus/pci/devices/"$pci"/msi_irqs/*; do
		ours[${irq##*/}:]=1
	done
	cpus=$(nproc)
	while read -r -a words; do
		[ -n "${words[0]:-}" ] || continue
		[ -n "${ours[${words[0]}]:-}" ] || continue
		for ((i = 1; i <= cpus; i++)); do
			sum=$((sum + words[i]))
		done
	done </proc/interrupts
	ok "$sum"
}

free_kb()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '$1 == "MemFree:" { print $2 }' /proc/meminfo
}

# took COMMAND...: adds its time in us to the answer; -1 if it fails.
took()
{
	local t=${EPOCHREALTIME/./}

	if "$@" >/dev/null 2>&1; then
		times+=" $((${EPOCHREALTIME/./} - t))"
	else
		times+=" -1"
	fi
}

# bind_driver NAME SYSFS-OF-DRIVER SYSFS-OF-DEVICE
bind_driver()
{
	echo "$1" >"$2/bind"
	wait_for test -d "$3/net"
}

# setup: the first card is taken from its driver and given back.  Answers: KiB
# that the guest had more before, us of probe, of up, of ethtool -L to half of the
# queues and back, of -G to another size and back.
do_setup()
{
	local dev sysfs name before after times='' n rx

	dev=$(readlink -f "/sys/class/net/$nic0/device")
	sysfs=$(readlink -f "$dev/driver")
	name=${dev##*/}
	n=$(current)
	ip link set "$nic0" down
	echo "$name" >"$sysfs/unbind"
	before=$(free_kb)
	took bind_driver "$name" "$sysfs" "$dev"
	nic0=$(nic_with 52:54:00:6d:79:01)
	ip address add "$GUEST4/24" dev "$nic0"
	took ip link set "$nic0" up
	wait_for link_is_up
	[ "$(current)" = "$n" ] || ethtool -L "$nic0" combined "$n"
	after=$(free_kb)
	if [ "$n" -gt 1 ]; then
		took ethtool -L "$nic0" combined $((n / 2))
		took ethtool -L "$nic0" combined "$n"
	else
		times+=' -1 -1'
	fi
	rx=$(ethtool -g "$nic0" 2>/dev/null |
		awk '$1 == "RX:" { v = $2 } END { print v }')
	took ethtool -G "$nic0" rx $((${rx:-0} / 2))
	took ethtool -G "$nic0" rx "${rx:-0}"
	wait_for ping -nq -c 1 -W 1 "$HOST4" >/dev/null
	ok "$((before - after))$times"
}

# wait: until the load has come to its end by itself.
do_wait()
{
	wait "$load"
	load=
	ok
}

# symbols: where the kernel's functions are, for the host.
do_symbols()
{
	quietly cp /proc/kallsyms /results/bench-kallsyms || return 0
	ok
}

# sh COMMAND: for those who look for a fault.
do_sh()
{
	ok "$(eval "$*" 2>&1 | tr '\n' '|')"
}

do_about()
{
	ok "$(uname -r) $(nproc) $(current)"
}

mkdir -p "$run"
for name in /sys/class/virtio-ports/*/name; do
	[ "$(<"$name")" != mynic.bench ] || {
		name=${name%/name}
		exec {port}<>"/dev/${name##*/}"
	}
done
# Ahead of the loads: an answer that comes late is a rate that is wrong.
renice -n -10 $$ >/dev/null
up || {
	bad "the card did not come up"
	exit 1
}
ok ready
while read -r -u "$port" command words; do
	[ "$command" != end ] || exit 0
	# shellcheck disable=SC2086 # words are meant
	"do_$command" $words
done
