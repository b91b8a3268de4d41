#!/bin/bash
# Interrupts and NAPI: vectors, masks, threaded and busy polling, netpoll.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

# irq_of QUEUE: the Linux interrupt of a channel.
irq_of()
{
	local napi
	napi=$(genl queues "$nic" | awk -v q="$1" '
		$1 == "rx" && $2 == q { sub(/.*=/, "", $3); print $3 }')
	genl napis "$nic" | awk -v id="$napi" '
		$2 == id && match($0, /irq=[0-9]+/) {
			print substr($0, RSTART + 4, RLENGTH - 4)
		}'
}

# count_of IRQ [CPU]: how often it came, on one CPU or on all.
count_of()
{
	awk -v irq="$1:" -v cpu="${2:-}" -v cpus="$(nproc)" '
		$1 == irq {
			for (i = 0; i < cpus; i++)
				if (cpu == "" || cpu == i)
					n += $(i + 2)
			print n + 0
		}' /proc/interrupts
}

A2_only_the_vector_of_the_busy_queue_fires()
{
	mynic_only
	fresh
	need_queues 2
	ethtool -L "$nic" combined "$(max_queues)"
	ethtool -X "$nic" start 1 equal 1
	local irq before other
	irq=$(irq_of 1)
	wait_for 10 "interrupts of queue 0 to rest" rests "$(irq_of 0)"
	before=$(count_of "$irq")
	other=$(count_of "$(irq_of 0)")
	burst 1000 1000 200
	wait_for 10 "interrupts of queue 1" holds \
		"\$(count_of $irq) > $before"
	le $(($(count_of "$(irq_of 0)") - other)) 10 "interrupts of queue 0"
}

rests()
{
	local one
	one=$(count_of "$1")
	sleep 0.3
	[ "$(count_of "$1")" = "$one" ]
}

A2_affinity_is_followed()
{
	mynic_only
	fresh
	ethtool -X "$nic" equal 1
	local irq cpu before
	irq=$(irq_of 0)
	for cpu in 1 0; do
		echo "$cpu" >"/proc/irq/$irq/smp_affinity_list"
		burst 1000 1000 50
		before=$(count_of "$irq" "$cpu")
		burst 1000 1000 200
		wait_for 10 "interrupts on CPU $cpu" holds \
			"\$(count_of $irq $cpu) > $before"
	done
}

A2_an_interrupt_masked_meanwhile_is_not_lost()
{
	mynic_only
	fresh
	# Changing the affinity masks and unmasks the vector.
	local i irq list=()
	for irq in "/sys/bus/pci/devices/$pci/msi_irqs/"*; do
		list+=("/proc/irq/${irq##*/}/smp_affinity_list")
	done
	stir
	for i in $(seq 100); do
		for irq in "${list[@]}"; do
			# A vector that nobody uses has none.
			[ ! -e "$irq" ] || echo $((i % 2)) >"$irq"
		done
	done
	flows_live
}

A2_admin_vector_reports_events()
{
	mynic_only
	fresh
	local irq before
	irq=$(awk -v name="mynic-admin@$pci" '$NF == name {
		sub(":", "", $1); print $1 }' /proc/interrupts)
	[ -n "$irq" ] || fail "no admin vector in /proc/interrupts"
	before=$(count_of "$irq")
	host link net0 off
	defer host link net0 on
	wait_for 10 "no carrier" carrier 0
	host link net0 on
	wait_for 10 "carrier" carrier 1
	ge $(($(count_of "$irq") - before)) 2 "interrupts for two events"
}

B4_threaded_NAPI_on_and_off_under_traffic()
{
	fresh
	stir
	for _ in 1 2; do
		echo 1 >"/sys/class/net/$nic/threaded"
		flows_live
		ge "$(pgrep -c "napi/$nic")" "$(queues)" "NAPI threads"
		echo 0 >"/sys/class/net/$nic/threaded"
		flows_live
	done
}

B4_threaded_NAPI_with_channels_that_change()
{
	mynic_only
	fresh
	need_queues 2
	echo 1 >"/sys/class/net/$nic/threaded"
	stir
	ethtool -L "$nic" combined 1
	flows_live
	ethtool -L "$nic" combined 2
	flows_live
	eq "$(pgrep -c "napi/$nic")" 2 "NAPI threads"
	ip link set "$nic" down
	addresses
	echo 0 >"/sys/class/net/$nic/threaded"
	reach
}

busy_polled()
{
	nstat -az TcpExtBusyPollRxPackets | awk '/Busy/ { print $2 }'
}

B4_busy_polling_of_sockets()
{
	fresh
	# For longer than an emulated peer takes to answer.
	sysctl -qw net.core.busy_read=5000 net.core.busy_poll=5000
	defer sysctl -qw net.core.busy_read=0 net.core.busy_poll=0
	local before
	before=$(busy_polled)
	ping -nqf -c 200 "$HOST4"
	iperf 5M >/dev/null
	iperf 5M -R >/dev/null
	receive_checked 4
	[ "$DRIVER" = e1000e ] ||
		ge "$(busy_polled)" $((before + 1)) \
			"packets received by busy polling"
}

B4_deferred_interrupts()
{
	fresh
	stir
	echo 200000 >"/sys/class/net/$nic/gro_flush_timeout"
	echo 2 >"/sys/class/net/$nic/napi_defer_hard_irqs"
	flows_live
	echo 0 >"/sys/class/net/$nic/napi_defer_hard_irqs"
	echo 0 >"/sys/class/net/$nic/gro_flush_timeout"
	flows_live
}

B4_settings_of_a_NAPI_survive_down_and_up()
{
	mynic_only
	# Settings of a single NAPI came to the kernel in 6.13.
	case $(uname -r) in
	6.[0-9].* | 6.1[0-2].*)
		skip "this kernel has no settings of a NAPI"
		;;
	esac
	fresh
	local id
	id=$(genl napis "$nic" | awk 'NR == 1 { print $2 }')
	genl napi-set "$id" defer-hard-irqs=3 ||
		fail "napi-set is refused"
	ip link set "$nic" down
	addresses
	match "$(genl napis "$nic" | head -n 1)" "^napi $id " "identity"
	match "$(genl napis "$nic" | head -n 1)" 'defer-hard-irqs=3' \
		"settings"
}

B4_netpoll_sends_with_budget_zero()
{
	fresh
	modprobe netconsole || skip "this kernel has no netconsole"
	defer rmmod netconsole
	local target=/sys/kernel/config/netconsole/test word
	mountpoint -q /sys/kernel/config ||
		mount -t configfs none /sys/kernel/config
	mkdir "$target"
	defer rmdir "$target"
	echo "$nic" >"$target/dev_name"
	echo "$HOST4" >"$target/remote_ip"
	echo "$GUEST4" >"$target/local_ip"
	peer ip -o link show "$peer_if" |
		grep -oE 'link/ether [^ ]+' | cut -d ' ' -f 2 >"$target/remote_mac"
	echo 6200 >"$target/remote_port"
	peer_bg log "socat -u UDP4-RECV:6200 STDOUT"
	wait_for 10 "the peer's socat" peer_listens 6200 udp
	echo 1 >"$target/enabled"
	defer sh -c "echo 0 >$target/enabled"
	word=netpoll$RANDOM
	local level
	level=$(cut -f 1 /proc/sys/kernel/printk)
	dmesg -n 8
	defer dmesg -n "$level"
	local i
	for i in $(seq 50); do
		echo "<1>$word $i" >/dev/kmsg
	done
	wait_for 20 "50 lines of the kernel's log at the peer" peer_sh \
		"[ \$(grep -c $word log.out) -ge 50 ]"
	# Under traffic, from whatever context printk is called.
	stir
	for i in $(seq 50); do
		echo "<1>again$word $i" >/dev/kmsg
	done
	wait_for 20 "lines under traffic" peer_sh \
		"[ \$(grep -c again$word log.out) -ge 25 ]"
	flows_live
}

of_the_device A2_only_the_vector_of_the_busy_queue_fires \
	A2_an_interrupt_masked_meanwhile_is_not_lost \
	A2_admin_vector_reports_events
run_cases
