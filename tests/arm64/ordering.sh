#!/bin/bash
# Rings, interrupts and contents on a machine that orders memory weakly.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A lost kick or interrupt stops a queue for good, so that a case which waits
# for an answer fails; a slot or entry read too early carries what the ring
# held before, so that a digest differs or the driver resets the card.

. "$(dirname "$0")/../guest/lib.sh"

STREAMS=4

# pair shadow|doorbell: the case goes on with these two cards.
pair()
{
	local net=1
	[ "$1" = shadow ] || net=3
	at_cable
	peer_if=far-$1
	cp "$MYNIC_RUN/pci.$1" "$MYNIC_RUN/pci.cable"
	HOST4=10.79.$net.1 GUEST4=10.79.$net.2
	HOST6=fd00:79:$net::1 GUEST6=fd00:79:$net::2
	addresses
}

far()
{
	ip netns exec cable "$@"
}

# resets IFACE [COMMAND...]: how often the card was reset, for any reason.
resets()
{
	local iface=$1
	shift
	"$@" ethtool -S "$iface" | awk '
		/ reset_/ { n += $2; found = 1 }
		END { print found ? n : "unknown" }'
}

### What each pair has to do

answers()
{
	local net=${GUEST4%.*} i pids=() pid
	# Flows of several addresses go to several queues.
	for i in 2 11 12 13; do
		ip address replace "$net.$i/24" dev "$nic"
		ping -nq -f -c 1500 -I "$net.$i" "$HOST4" \
			>"$CASE_DIR/ping.$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "ping: $(cat "$CASE_DIR"/ping.*)"
	done
	for i in 2 11 12 13; do
		match "$(cat "$CASE_DIR/ping.$i")" ' 1500 received' "ping"
	done
	ping -nq -c 5 -i 0.2 "$HOST6" || fail "no answer over IPv6"
}

# contents [STREAMS]: files both ways at once, compared by digest.
contents()
{
	local n=${1:-$STREAMS} i pids=() pid
	for i in $(seq "$n"); do
		peer_bg "sink$i" "socat -u TCP-LISTEN:600$i,reuseaddr STDOUT |
			sha256sum"
		peer_bg "source$i" "socat -u FILE:$BLOB \
			TCP-LISTEN:610$i,reuseaddr"
	done
	for i in $(seq "$n"); do
		wait_for 20 "the peer's socat" peer_listens "600$i"
		wait_for 20 "the peer's socat" peer_listens "610$i"
	done
	for i in $(seq "$n"); do
		socat -u "FILE:$BLOB" "TCP:$HOST4:600$i" &
		pids+=($!)
		socat -u "TCP:$HOST4:610$i" STDOUT |
			sha256sum >"$CASE_DIR/got.$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "a transfer ended with an error"
	done
	for i in $(seq "$n"); do
		peer_wait "sink$i" 30
		eq "$(peer_out "sink$i" | cut -d ' ' -f 1)" "$BLOB_SHA" \
			"digest of sent file $i"
		eq "$(cut -d ' ' -f 1 "$CASE_DIR/got.$i")" "$BLOB_SHA" \
			"digest of received file $i"
	done
	eq "$(resets "$nic")" 0 "resets"
	eq "$(resets "$peer_if" far)" 0 "resets of the far card"
}

# sums COMMAND...: what the card sent to the wire; and what it got from there,
# delivered or dropped.
sums()
{
	"$@" | awk '
		{ sub(":", "", $1) }
		$1 ~ /^tx[0-9]+_(packets|gso_wire_packets)$/ { tx += $2 }
		$1 ~ /^tx[0-9]+_gso_packets$/ { tx -= $2 }
		$1 ~ /^rx[0-9]+_packets$/ { rx += $2 }
		$1 ~ /^port_rx_drop_/ { rx += $2 }
		END { print tx, rx }'
}

near_sums()
{
	sums ethtool -S "$nic"
}

far_sums()
{
	sums far ethtool -S "$peer_if"
}

balanced()
{
	local near far n f
	near=$(near_sums)
	far=$(far_sums)
	read -ra n < <(minus "$near" "$1")
	read -ra f < <(minus "$far" "$2")
	[ "${n[0]}" -gt 0 ] && [ "${n[0]}" -eq "${f[1]}" ] &&
		[ "${f[0]}" -eq "${n[1]}" ]
}

counters_agree()
{
	local near far all
	# What is sent between two readings would be in one of them only.
	until [ "${all:-}" = "$(near_sums) $(far_sums)" ]; do
		near=$(near_sums)
		far=$(far_sums)
		all="$near $far"
	done
	contents 2
	iperf3 -c "$HOST4" -u -b 0 -l 700 -n 2M -P 2 >"$CASE_DIR/iperf" ||
		fail "$(tail -n 3 "$CASE_DIR/iperf")"
	wait_for 20 "sent and received packets to be the same: before \
$near / $far, now $(near_sums) / $(far_sums)" balanced "$near" "$far"
}

rings_wrap()
{
	local rx tx before
	before=$(ethtool -g "$nic" | awk '/^RX:/ { rx = $2 }
		/^TX:/ { tx = $2 } END { print "rx " rx " tx " tx }')
	# shellcheck disable=SC2086 # words
	defer ethtool -G "$nic" $before
	defer ethtool -L "$nic" combined 4
	defer ethtool -K "$nic" tso on gso on
	# One queue of 64 slots, and small packets.
	ethtool -L "$nic" combined 1
	ethtool -G "$nic" rx 64 tx 64
	ethtool -K "$nic" tso off gso off
	rx=$(hw rx0_packets)
	tx=$(hw tx0_packets)
	contents
	ge $(($(hw rx0_packets) - rx)) 5000 "packets through 64 entries"
	ge $(($(hw tx0_packets) - tx)) 5000 "packets through 64 slots"
}

# Several streams each way; "--bidir -n" of one iperf3 ends with an error now
# and then, whatever the card.
streams()
{
	local pid
	iperf3 -c "$HOST4" -p 5202 -P "$STREAMS" -n 16M -R \
		>"$CASE_DIR/back" 2>&1 &
	pid=$!
	iperf3 -c "$HOST4" -P "$STREAMS" -n 16M >"$CASE_DIR/there" 2>&1 ||
		fail "there: $(tail -n 3 "$CASE_DIR/there")"
	wait "$pid" || fail "back: $(tail -n 3 "$CASE_DIR/back")"
	eq "$(resets "$nic")" 0 "resets"
}

jumbo()
{
	defer ip link set "$nic" mtu 1500
	defer ip -n cable link set "$peer_if" mtu 1500
	ip link set "$nic" mtu 9000
	far ip link set "$peer_if" mtu 9000
	wait_for 20 "an answer to 8900 bytes" \
		ping -nq -c 1 -W 1 -M "do" -s 8900 "$HOST4"
	contents
}

changes()
{
	local n
	defer ethtool -L "$nic" combined 4
	stir
	for n in 1 3 2 4; do
		ethtool -L "$nic" combined "$n"
		ethtool -G "$nic" rx $((128 << n)) tx $((2048 >> n))
		flows_live
	done
	eq "$(resets "$nic")" 0 "resets"
}

rebinds()
{
	local driver=/sys/bus/pci/drivers/mynic pid
	# Nothing that either end would have to remember.
	peer_bg flood "ping -nq -f $GUEST4"
	for _ in 1 2 3; do
		ping -nq -f "$HOST4" >/dev/null 2>&1 &
		pid=$!
		wait_for 20 "traffic" moved_beyond $(($(moved) + 20000))
		echo "$pci" >"$driver/unbind"
		kill "$pid"
		echo "$pci" >"$driver/bind"
		wait_for 20 "the card" _has_nic cable
		addresses
	done
	contents 1
}

### Cases

F7_arm64_guest_is_what_it_should_be()
{
	local size group
	eq "$(uname -m)" aarch64 "machine"
	size=$(awk '/^KernelPageSize:/ { print $2; exit }' /proc/self/smaps)
	eq "$size" "$WANT_PAGES" "KiB in a page"
	eq "$(nproc)" "$WANT_CPUS" "CPUs"
	pair shadow
	match "$(ethtool -i "$nic")" '^driver: mynic' "driver"
	eq "$(queues)" 4 "queues"
	eq "$(grep -c "ITS-PCI-MSIX-$pci .*mynic-admin" /proc/interrupts)" 1 \
		"admin interrupts by the ITS"
	eq "$(grep -c "ITS-PCI-MSIX-$pci .*$nic-TxRx-" /proc/interrupts)" 4 \
		"queues' interrupts by the ITS"
	group=/sys/bus/pci/devices/$pci/iommu_group/type
	if [ "$WANT_IOMMU" = on ]; then
		eq "$(cat "$group")" DMA "kind of the card's IOMMU domain"
	else
		[ ! -e "$group" ] || fail "there is an IOMMU"
	fi
}

B3_shadow_answers_every_ping() { pair shadow; answers; }
B3_doorbell_answers_every_ping() { pair doorbell; answers; }
B3_shadow_contents_arrive_both_ways() { pair shadow; contents; }
B3_doorbell_contents_arrive_both_ways() { pair doorbell; contents; }
B3_shadow_rings_wrap_many_times() { pair shadow; rings_wrap; }
B3_doorbell_rings_wrap_many_times() { pair doorbell; rings_wrap; }
B3_shadow_streams_go_both_ways() { pair shadow; streams; }
B3_doorbell_streams_go_both_ways() { pair doorbell; streams; }
B3_shadow_counters_agree() { pair shadow; counters_agree; }
B3_doorbell_counters_agree() { pair doorbell; counters_agree; }
B3_shadow_jumbo_frames_arrive() { pair shadow; jumbo; }
B3_doorbell_jumbo_frames_arrive() { pair doorbell; jumbo; }
B3_shadow_rings_change_under_traffic() { pair shadow; changes; }
B3_doorbell_rings_change_under_traffic() { pair doorbell; changes; }
B3_shadow_driver_unbinds_and_binds() { pair shadow; rebinds; }
B3_doorbell_driver_unbinds_and_binds() { pair doorbell; rebinds; }

run_cases
