#!/bin/bash
# A guest with two nodes: interrupts stay near the card, irqbalance may move them.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

need_nodes()
{
	fresh
	[ -d /sys/devices/system/node/node1 ] ||
		skip "this guest has one node"
	node=$(cat "/sys/bus/pci/devices/$pci/numa_node")
	[ "$node" -ge 0 ] || fail "the card knows no node"
	near=$(cat "/sys/devices/system/node/node$node/cpulist")
}

# cpus LIST: one number a line.
cpus()
{
	local part
	for part in ${1//,/ }; do
		seq "${part%-*}" "${part#*-}"
	done
}

irqs()
{
	genl napis "$nic" | grep -oE 'irq=[0-9]+' | cut -d = -f 2 | sort -n
}

# placed FILE: as many channels as the node of the card has CPUs are there, one
# on each; those that come after are on CPUs of other nodes.
placed()
{
	local irq is=() want=() n
	for irq in $(irqs); do
		is+=("$(cat "/proc/irq/$irq/$1")")
	done
	mapfile -t want < <(
		cpus "$near"
		cpus "$(cat /sys/devices/system/cpu/online)" |
			grep -vxFf <(cpus "$near")
	)
	n=$(cpus "$near" | wc -l)
	eq "$(sorted "${is[@]:0:n}")" \
		"$(sorted "${want[@]:0:n < ${#is[@]} ? n : ${#is[@]}}")" \
		"$1 of the first channels"
	eq "$(sorted "${is[@]}")" "$(sorted "${want[@]:0:${#is[@]}}")" \
		"$1 of all channels"
}

sorted()
{
	printf '%s\n' "$@" | sort -n | tr '\n' ' '
}

A7_interrupts_are_on_the_node_of_the_card()
{
	mynic_only
	need_nodes
	local irq
	ge "$(irqs | wc -l)" 2 "interrupts of channels"
	placed smp_affinity_list
	placed effective_affinity_list
	for irq in $(irqs); do
		eq "$(cat "/proc/irq/$irq/node")" "$node" \
			"node of interrupt $irq"
	done
}

A7_more_channels_than_near_cpus_go_on_to_the_far_ones()
{
	mynic_only
	need_nodes
	ethtool -L "$nic" combined "$(max_queues)"
	eq "$(irqs | wc -l)" "$(max_queues)" "interrupts of channels"
	placed smp_affinity_list
}

A7_default_channels_are_the_cpus_of_the_node()
{
	mynic_only
	need_nodes
	local want
	want=$(cpus "$near" | wc -l)
	[ "$want" -le "$(max_queues)" ] || want=$(max_queues)
	eq "$(queues)" "$want" "channels"
}

A7_placement_follows_channels_and_down_and_up()
{
	mynic_only
	need_nodes
	ethtool -L "$nic" combined 1
	placed smp_affinity_list
	ethtool -L "$nic" combined "$(max_queues)"
	ip link set "$nic" down
	addresses
	placed smp_affinity_list
	# The hint is in hexadecimal, as irqbalance reads it.
	local irq
	irq=$(irqs | head -n 1)
	ge $((16#$(tr -d , <"/proc/irq/$irq/affinity_hint"))) 1 "hint"
	send_checked 4
}

A7_affinity_of_the_user_holds_under_traffic_and_changes()
{
	mynic_only
	need_nodes
	local irq
	irq=$(irqs | head -n 1)
	echo 0 >"/proc/irq/$irq/smp_affinity_list"
	iperf 1s -P 4 >/dev/null
	eq "$(cat "/proc/irq/$irq/smp_affinity_list")" 0 "affinity"
	ip link set "$nic" down
	addresses
	eq "$(cat "/proc/irq/$irq/smp_affinity_list")" 0 "affinity after down and up"
	ethtool -G "$nic" rx 512
	eq "$(cat "/proc/irq/$irq/smp_affinity_list")" 0 "affinity after -G"
}

A7_irqbalance_runs_and_the_flows_live()
{
	need_nodes
	[ "$(max_queues)" -eq 1 ] || ethtool -L "$nic" combined "$(max_queues)"
	stir
	irqbalance --foreground --interval=1 >"$CASE_DIR/irqbalance" 2>&1 &
	local daemon=$! before
	defer kill "$daemon"
	before=$(moved)
	wait_for 30 "megabytes while irqbalance works" moved_beyond \
		$((before + 5000000))
	kill -0 "$daemon" || fail "irqbalance ended: $(cat "$CASE_DIR/irqbalance")"
	flows_live
	# It has seen the card's interrupts, and moved them or not.
	for irq in $(irqs); do
		cpus "$(cat "/proc/irq/$irq/effective_affinity_list")" >/dev/null
	done
}

A7_rings_of_the_far_node_work()
{
	need_nodes
	local cpu
	for cpu in 0 $(($(nproc) - 1)); do
		taskset -c "$cpu" iperf3 -c "$HOST4" -n 5M >/dev/null
		taskset -c "$cpu" iperf3 -c "$HOST4" -n 5M -R >/dev/null
	done
}

run_cases
