# shellcheck shell=bash
# Counts for "make bench" what a packet costs: instructions, MMIO, interrupts.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # shared with scripts/bench.sh
#
# Sourced after bench-lines.sh; never in a window that is timed.
#
#   count_live LINE        in a running guest, the load being there: prints
#                          "METRIC VALUE" of interrupts and system calls
#   count_boot CARD IOMMU  a guest of one processor whose clock is its
#                          instructions, under tests/bench/count.c
#   count_insns LINE       in that guest: prints "METRIC VALUE" of guest
#                          instructions and MMIO writes

# The functions of the kernel that are there for interrupts of devices only.
bench_irq_path='^(asm_)?common_interrupt$|^handle_(edge|fasteoi)_irq$'
bench_irq_path+='|^_*handle_irq_event(_percpu)?$|^note_interrupt$'
bench_irq_path+='|^apic_ack_(edge|irq)$|^irq_chip_ack_parent$|^native_apic_'
bench_irq_path+='|^(dmar_)?msi_|^intel_ir_|^vector_'
bench_count_seconds=0.5

# What a card's driver consists of, as regular expressions: modules, and
# functions where a part of it is built into the kernel.
card_modules()
{
	case $1 in
	virtio-net)	echo 'virtio|virtio_net|virtio_ring|virtio_pci.*|net_failover|failover' ;;
	*)		card_driver "$1" ;;
	esac
}

card_functions()
{
	case $1 in
	virtio-net)	echo '^(__)?(virtqueue|vring|virtio|vp)_|^(detach_buf|more_used|alloc_indirect|virtnet)' ;;
	*)		echo '^$' ;;
	esac
}

# Memory that belongs to a card, in QEMU's words.
card_memory()
{
	case $1 in
	virtio-net)	echo 'virtio-pci-.*-virtio-net|msix-.*' ;;
	*)		echo "$1-.*|$1|msix-.*" ;;
	esac
}

# calls_of PID SECONDS: system calls that QEMU makes meanwhile.  perf counts
# them without slowing anything down; where it may not, strace does.
calls_of()
{
	local n

	n=$(perf stat -x , -e raw_syscalls:sys_enter -p "$1" \
		-- sleep "$2" 2>&1 | awk -F , '/sys_enter/ { print $1 }') || :
	if [[ ! $n =~ ^[0-9]+$ ]]; then
		timeout -s INT "$2" strace -c -f -p "$1" \
			-o "$vm_dir/strace" 2>/dev/null || :
		n=$(awk '$NF == "total" { print $(NF - 1 - ($(NF - 1) !~ /^[0-9]+$/)) }' \
			"$vm_dir/strace" | head -n 1)
	fi
	echo "${n:-}"
}

count_live()
{
	local ua ub ia ib calls

	vm_ask irqs || return
	ia=$REPLY
	read -r _ ua < <(line_count "$1")
	calls=$(calls_of "$vm_pid" "$bench_count_seconds")
	read -r _ ub < <(line_count "$1")
	vm_ask irqs || return
	ib=$REPLY
	echo "units $((ub - ua))"
	echo "irqs $((ib - ia))"
	[ -z "$calls" ] || echo "syscalls $calls"
}

count_boot()
{
	count_fifo=$bench_dir/commands
	rm -f "$count_fifo"
	mkfifo "$count_fifo"
	vm_boot "$1" "$2" "$BENCH_QUEUES" --smp 1 --icount \
		--qemu-arg -plugin \
		--qemu-arg "$bench_dir/count.so,commands=$count_fifo" ||
		return
	count_card=$1
	# The kernel's symbols, for telling whose an instruction is: 1 for the
	# driver and the interrupt path, 2 for pktgen, which turns round and
	# round while a queue is full, as often as the host likes.
	vm_ask symbols || return
	awk -v modules="^($(card_modules "$1"))\$" -v irq="$bench_irq_path" \
		-v functions="$(card_functions "$1")" '
		$2 ~ /^[tTwW]$/ {
			m = $4
			gsub(/[][]/, "", m)
			class = 0
			if (m == "pktgen" || $3 == "kthread_should_stop")
				class = 2
			else if (m == "" ? $3 ~ irq || $3 ~ functions : m ~ modules)
				class = 1
			print $1, class, $3
		}' "$MYNIC_BUILD/results/bench-kallsyms" | sort >"$vm_dir/symbols"
}

# count_dump NAME: the guest stands still, so all counters are of one moment.
count_dump()
{
	local file=$vm_dir/$1

	rm -f "$file"
	"$MYNIC_ROOT/scripts/qmp.sh" "$MYNIC_BUILD/run/bench-$count_card.qmp" \
		stop >/dev/null
	echo "$file" >"$count_fifo"
	until [ -e "$file" ]; do
		sleep 0.01
	done
}

count_go_on()
{
	"$MYNIC_ROOT/scripts/qmp.sh" "$MYNIC_BUILD/run/bench-$count_card.qmp" \
		cont >/dev/null
}

# count_diff A B: what came between two dumps: "insns N", "driver_insns N" and
# "mmio N"; pktgen itself is left out.  With a third argument, a profile by function goes into that file.
count_diff()
{
	awk -v memory="^($(card_memory "$count_card"))\$" \
		-v profile="${3:-/dev/null}" '
	FILENAME == ARGV[1] { address[++n] = $1; ours[n] = $2; name[n] = $3; next }
	{ sign = FILENAME == ARGV[2] ? -1 : 1 }
	$1 == "insns" { insns += sign * $2 }
	$1 == "mmio" {
		count = $NF
		sub(/^mmio /, "")
		sub(/ [0-9]+$/, "")
		if ($0 ~ memory)
			mmio += sign * count
	}
	$1 == "lost" { lost = $2 }
	$1 == "block" { runs[$2 " " $3] += sign * $4 }
	# Addresses of the kernel have 16 digits: as words they sort as numbers.
	function symbol(pc,	low, high, mid) {
		low = 1
		high = n
		while (low < high) {
			mid = int((low + high + 1) / 2)
			if (address[mid] "" <= pc "")
				low = mid
			else
				high = mid - 1
		}
		return low
	}
	END {
		for (b in runs) {
			if (!runs[b])
				continue
			split(b, part, " ")
			s = symbol(part[1])
			of[s] += runs[b] * part[2]
		}
		for (s in of) {
			sum[ours[s]] += of[s]
			printf "%.0f %s%s\n", of[s], name[s],
				ours[s] == 1 ? " *" : "" >profile
		}
		printf "insns %.0f\nmmio %.0f\n", insns - sum[2], mmio
		# Better nothing than a part of it.
		if (!lost)
			printf "driver_insns %.0f\n", sum[1]
	}' "$vm_dir/symbols" "$1" "$2"
}

# count_units LINE: while the guest stands still.  What is dropped is counted
# where QEMU reads it, since the guest cannot be asked.
count_units()
{
	case $(line_base "$1") in
	drop-*)	tap_packets tap0 to ;;
	*)	line_count "$1" | cut -d ' ' -f 2 ;;
	esac
}

count_insns()
{
	local ua ub

	count_dump a
	ua=$(count_units "$1")
	count_go_on
	sleep "$bench_count_seconds"
	count_dump b
	ub=$(count_units "$1")
	count_go_on
	echo "units $((ub - ua))"
	count_diff "$vm_dir/a" "$vm_dir/b" "$bench_dir/profile-$count_card-$1.new"
	sort -nr "$bench_dir/profile-$count_card-$1.new" \
		>"$bench_dir/profile-$count_card-$1"
	rm "$bench_dir/profile-$count_card-$1.new"
}
