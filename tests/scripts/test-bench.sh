#!/bin/bash
# Tests the arithmetic and the tables of "make bench", on samples made up here.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$ROOT/scripts/bench-cards.sh"
. "$ROOT/scripts/bench-vm.sh"
. "$ROOT/scripts/bench-lines.sh"
. "$ROOT/scripts/bench-count.sh"

bench()
{
	command -v jq >/dev/null || {
		echo "jq is not installed"
		return 4
	}
	jq -c -L "$ROOT/scripts" "$@"
}

# value FILTER INPUT: what a filter of bench.jq makes of INPUT.
value()
{
	bench -n "include \"bench\"; $2 | $1"
}

# window ROUND CARD LINE US UNITS CPU: the three samples of a timed window.
window()
{
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" us "$4" \
		"$1" "$2" "$3" units "$5" "$1" "$2" "$3" cpu_us "$6"
}

# results: makes them of $T/samples.tsv; get FILTER: looks at them.
results()
{
	"$ROOT/scripts/bench-results.sh" "$T"
}

get()
{
	bench -r "$1" "$T/bench.json"
}

test_medians_and_quartiles()
{
	equal "$(value median '[3]')" 3
	equal "$(value median '[9,1,5]')" 5
	equal "$(value median '[4,1,3,2]')" 2.5
	equal "$(value median '[]')" null
	equal "$(value 'quantile(0.25)' '[1,2,3,4,5]')" 2
	equal "$(value 'quantile(0.75)' '[1,2,3,4]')" 3.25
	equal "$(value 'spread | [.min, .median, .max]' '[7,2,5]')" "[2,5,7]"
}

test_numbers_are_rounded_as_people_do()
{
	equal "$(value 'fixed(2)' 1.005001)" '"1.01"'
	equal "$(value 'fixed(2)' 2)" '"2.00"'
	equal "$(value 'fixed(1)' 0.04)" '"0.0"'
	equal "$(value 'fixed(3)' 0.0123)" '"0.012"'
	equal "$(value 'fixed(0)' 1234.5)" '"1235"'
	equal "$(value short 1234.4)" '"1234"'
	equal "$(value short 12.34)" '"12.3"'
	equal "$(value short 0.0123)" '"0.012"'
}

test_rates_costs_and_the_ratio()
{
	{
		window 1 mynic drop-tc 1000000 200000 1000000
		window 2 mynic drop-tc 2000000 800000 1000000
		window 3 mynic drop-tc 1000000 300000 900000
		window 1 igb drop-tc 1000000 100000 1000000
		window 1 virtio-net drop-tc 1000000 150000 1500000
	} >"$T/samples.tsv"
	results
	equal "$(get '.lines[0].cards.mynic.rate | [.median, .min, .max]')" \
		"[300000,200000,400000]"
	equal "$(get '.lines[0].cards.mynic.cpu_us')" 3
	equal "$(get '.lines[0].best_peer')" virtio-net
	equal "$(get '.lines[0].ratio')" 2
	grep -qE '^drop-tc +kpps +300.0 \(200.0..400.0\) +100.0 +150.0 +2.00 virtio-net$' \
		"$T/table.txt"
}

test_streams_are_told_in_bits_and_kib()
{
	window 1 mynic iommu-tcp-tx-4 500000 125000000 250000 >"$T/samples.tsv"
	results
	equal "$(get '.lines[0].cards.mynic.rate.median')" 2000000000
	equal "$(get '.lines[0].cards.mynic.cpu_us')" 2.048
	grep -qE '^iommu-tcp-tx-4 +Gb/s +2.00 +-$' "$T/table.txt"
}

test_what_was_counted_is_no_rate()
{
	{
		window 1 mynic udp-rr 1000000 4000 100000
		printf '%s\n' "c mynic udp-rr units 1000" \
			"c mynic udp-rr insns 20000000" \
			"c mynic udp-rr mmio 0" | tr ' ' '\t'
	} >"$T/samples.tsv"
	results
	equal "$(get '.lines[0].cards.mynic.rate.values')" "[4000]"
	equal "$(get '.lines[0].cards.mynic.insns')" 20000
	equal "$(get '.lines[0].cards.mynic.mmio')" 0
}

test_no_number_comes_with_its_reason()
{
	{
		printf '1\tvmxnet3\txdp-tx\tnone\tno native XDP\n'
		window 1 mynic xdp-tx 1000000 1000 1000
	} >"$T/samples.tsv"
	results
	equal "$(get '.lines[0].ratio')" null
	grep -qx 'vmxnet3: no native XDP (xdp-tx)' "$T/table.txt"
}

test_what_is_no_number_is_refused_before_anything_is_done()
{
	local n

	for n in x -1 1001 1.5; do
		fails env ROUNDS="$n" "$ROOT/scripts/bench.sh"
		says "ROUNDS=\"$n\" is no number of rounds"
	done
	for n in 0 0.0 . 1000 -1 1s; do
		fails env SECONDS_EACH="$n" "$ROOT/scripts/bench.sh"
		says "SECONDS_EACH=\"$n\" is no time"
	done
}

test_a_line_that_does_not_exist_is_refused_before_anything_is_done()
{
	local line

	for line in nope tcp-tx- tcp-tx-0 iommu- pktgen-60 tcp-rr-x; do
		fails env LINES="tcp-rr $line" "$ROOT/scripts/bench.sh"
		says "LINES: there is no line called \"$line\""
	done
	for line in "${BENCH_TCP[@]}" "${BENCH_RR[@]}" "${BENCH_PKTGEN[@]}" \
		    "${BENCH_RX[@]}" "${BENCH_BIGTCP[@]}" "${BENCH_IOMMU[@]}" \
		    "${BENCH_GROWTH[@]}" "${BENCH_QUICK[@]}"; do
		line_known "$line"
	done
}

test_a_failed_run_is_not_hidden()
{
	{
		window 1 igb forward 1000000 1000 1000
		printf '2\tigb\tforward\tfailed\tthe guest died\n'
		printf '2\tigb\tboot\tfailed\tthe guest ended with status 99\n'
	} >"$T/samples.tsv"
	results
	grep -qE '^forward +kpps +1.0 1 FAILED' "$T/table.txt"
	grep -qx 'igb: FAILED in round 2: the guest died (forward)' "$T/table.txt"
	grep -qx 'igb: FAILED in round 2: the guest ended with status 99' "$T/table.txt"
	BENCH_PAGE=$T/page.md "$ROOT/scripts/bench-report.sh" "$T"
	grep -qx -- '- igb: FAILED in round 2: the guest died (forward)' "$T/page.md"
	grep -qx -- '- igb: FAILED in round 2: the guest ended with status 99' "$T/page.md"
}

# measured COMMANDS: the samples of a window of a card on drop-tc, once COMMANDS
# have put something else in the place of what starts and counts it.
# shellcheck disable=SC2034,SC2317 # used by what is sourced
measured()
{
	sed -n '/^refused()/,/^}/p; /^measure()/,/^}/p; /^record()/,/^}/p' \
		"$ROOT/scripts/bench.sh" >"$T/measure"
	(
		# shellcheck source=/dev/null
		. "$T/measure"
		samples=$T/samples.tsv each=0.01 rounds=5
		line_start() { :; }
		line_stop() { :; }
		line_count() { echo "$EPOCHSECONDS 7"; }
		vm_cpu_us() { echo 1; }
		eval "$1"
		: >"$samples"
		measure 1 igb drop-tc
	)
	cat "$T/samples.tsv"
}

test_what_the_card_has_not_is_told_from_what_failed()
{
	equal "$(measured 'line_start() { REPLY="no queues"; return 1; }')" \
		"$(printf '1\tigb\tdrop-tc\tnone\tno queues')"
	equal "$(measured 'line_start() { REPLY="no tool"; return 2; }')" \
		"$(printf '1\tigb\tdrop-tc\tfailed\tno tool')"
	equal "$(measured :)" \
		"$(printf '1\tigb\tdrop-tc\tfailed\tnothing moved any more while it was measured')"
}

test_samples_that_are_no_numbers_are_refused()
{
	printf '1\tmynic\tdrop-tc\tus\tmany\n1\tmynic\tdrop-tc\tunits\t1\n1\tmynic\tdrop-tc\tcpu_us\t1\n' \
		>"$T/samples.tsv"
	fails results
	says '"many" is no number'
	[ ! -e "$T/bench.json" ]
}

test_the_page_is_made_of_the_results()
{
	window 1 mynic drop-tc 1000000 300000 900000 >"$T/samples.tsv"
	echo '{"guest":"Linux 7.2"}' >"$T/about.json"
	results
	BENCH_PAGE=$T/page.md "$ROOT/scripts/bench-report.sh" "$T"
	grep -qx '| guest | Linux 7.2 |' "$T/page.md"
	grep -qx '| drop-tc | kpps | 300.0 | - |' "$T/page.md"
	grep -q '^Not measured: KVM' "$T/page.md"
}

test_a_thread_of_QEMU_that_ends_does_not_end_the_bench()
{
	vm_pid=$$
	# As if the file of a thread were gone once its name is known.
	cat() { command cat /proc/self/schedstat; return 1; }
	local us
	us=$(vm_cpu_us)
	[ "$us" -ge 0 ]
}

test_what_was_not_measured_has_no_plot()
{
	command -v gnuplot >/dev/null || {
		echo "gnuplot is not installed"
		return 4
	}
	window 1 mynic iommu-tcp-tx-1 1000000 300000 900000 >"$T/samples.tsv"
	results
	"$ROOT/scripts/bench-plots.sh" "$T"
	grep -q 'iommu-tcp-tx-1' "$T/rates.svg"
	[ ! -e "$T/work.svg" ]
	[ ! -e "$T/growth.svg" ]
	BENCH_PAGE=$T/page.md "$ROOT/scripts/bench-report.sh" "$T"
	grep -qF '](performance/rates.svg)' "$T/page.md"
	grep -c '^!\[' "$T/page.md" | grep -qx 1
	[ -s "$T/page/rates.svg" ]
}

test_results_without_samples_are_refused()
{
	fails results
	says "make bench writes it"
}

test_what_a_line_is_by_its_name()
{
	equal "$(line_base iommu-tcp-tx-4)" tcp-tx-4
	equal "$(line_base q64-drop-tc)" drop-tc
	equal "$(line_group drop-tc)" "off 4"
	equal "$(line_group iommu-drop-tc)" "strict 4"
	equal "$(line_group q64-drop-tc)" "off 64"
	BENCH_SMP=2
	equal "$(line_queues pktgen-60-1q)" 2
	equal "$(line_queues pktgen-60-4q-burst)" 4
	equal "$(line_queues q8-tcp-rr)" 8
	line_grows q8-tcp-rr
	line_grows drop-tc-f100
	fails line_grows drop-tc
}

# symbols: of a made-up guest, 1 for those of driver and interrupt path.
symbols()
{
	mkdir -p "$T/vm"
	printf '%s\n' "ffffffff81000000 0 memset" "ffffffff81000100 1 handle_edge_irq" \
		"ffffffffc0000000 1 mynic_poll" "ffffffffc0000200 0 other" \
		"ffffffffc0000300 2 pktgen_thread_worker" \
		>"$T/vm/symbols"
	vm_dir=$T/vm count_card=mynic
}

test_instructions_and_mmio_between_two_dumps()
{
	symbols
	printf '%s\n' "insns 1000" "mmio mynic-doorbells 5" "mmio apic-msi 7" \
		"block ffffffff81000010 4 10" "block ffffffffc0000010 3 1" >"$T/a"
	printf '%s\n' "insns 1500" "mmio mynic-doorbells 9" "mmio apic-msi 99" \
		"mmio mynic-bar 0 1" "block ffffffff81000010 4 60" \
		"block ffffffff81000100 2 10" "block ffffffffc0000010 3 11" \
		"block ffffffffc0000210 5 2" "block ffffffffc0000310 6 5" >"$T/b"
	OUT=$(count_diff "$T/a" "$T/b" "$T/profile")
	says "insns 470"
	says "driver_insns 50"
	says "mmio 5"
	grep -qx '200 memset' "$T/profile"
	grep -qx '30 mynic_poll \*' "$T/profile"
	grep -qx '20 handle_edge_irq \*' "$T/profile"
	grep -qx '10 other' "$T/profile"
}

test_part_of_the_blocks_is_no_figure()
{
	symbols
	echo "insns 1" >"$T/a"
	printf '%s\n' "insns 2" "block ffffffffc0000010 3 11" "lost 7" >"$T/b"
	OUT=$(count_diff "$T/a" "$T/b")
	says "insns 1"
	omits driver_insns
}

# answer PIECE...: what vm_answer makes of a line that comes in these pieces, each
# but the first once the one before was waited for in vain; status and REPLY.
answer()
{
	local pieces=("$@") rc=0 vm_from vm_child=1 vm_dir=$T

	rm -f "$T/port"
	mkfifo "$T/port"
	exec {vm_from}<>"$T/port"
	# Its look at the guest comes after each wait that was in vain.
	kill()
	{
		[ "${#pieces[@]}" -gt 0 ] || return
		printf '%b' "${pieces[0]}" >&"$vm_from"
		pieces=("${pieces[@]:1}")
	}
	kill
	vm_answer || rc=$?
	echo "$rc $REPLY"
}

test_an_answer_of_the_guest_in_pieces()
{
	equal "$(answer 'ok ' 're' 'ady\n')" "0 ready"
}

test_answers_of_the_guest()
{
	equal "$(answer 'ok 1 2\n')" "0 1 2"
	equal "$(answer 'no such line\n')" "1 such line"
	equal "$(answer 'ok \n')" "0 "
	equal "$(answer 'bad tc: no memory\n')" "2 tc: no memory"
	equal "$(answer 'ready\n')" '2 the guest answered "ready", which is none of ok, no and bad'
}

test_options_of_the_cards()
{
	equal "$(card_queues vmxnet3)" 1
	equal "$(card_queues virtio-net 64)" 64
	equal "$(card_queues igb 64)" 8
	equal "$(card_device mynic off 2)" "mynic,queues=2"
	OUT=$(card_device virtio-net off 4)
	says "mq=on,vectors=10,"
	omits iommu_platform
	omits packed
	OUT=$(card_device virtio-net strict 4)
	says "iommu_platform=on,disable-legacy=on,packed=on"
	OUT=$(card_vm_args e1000e off)
	omits queues=
	says "netdev=net1"
}

run_tests "$@"
