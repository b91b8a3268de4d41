# shellcheck shell=bash
# Boots a guest for "make bench", asks it for things and counts around it.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # shared with scripts/bench.sh
#
# Sourced after lib.sh and bench-cards.sh, in the namespace of
# scripts/netns-run.sh.
#
#   vm_boot CARD IOMMU QUEUES VM-OPTION...   a guest with two such cards; status
#                      1 if it did not come up, the reason is then in REPLY
#   vm_ask COMMAND...  sends it to scripts/bench-guest.sh; the answer's words
#                      are in REPLY; status 1 if the card has no such thing,
#                      2 if it failed or the guest did not answer, the reason
#                      is then in REPLY
#   vm_end             ends the guest
#   now_us, vm_cpu_us, vm_own_kb, tap_packets, stream_bytes   counters, printed

# Below build/, which the guest sees: the tools, and what a run leaves behind.
bench_dir=$MYNIC_BUILD/${BENCH_DIR:-bench}
vm_dir=$bench_dir/vm
# scripts/vm-run.sh starts a guest again that hangs while it boots.
vm_boot_seconds=400
vm_answer_seconds=30

# make_tap NAME QUEUES: with offload headers; a card of one queue cannot open
# a tap of several.
make_tap()
{
	local name=$1 multi=multi_queue

	[ "$2" -gt 1 ] || multi=
	ip link delete "$name" 2>/dev/null || :
	# shellcheck disable=SC2086 # no word or one
	ip tuntap add dev "$name" mode tap vnet_hdr $multi
	ip link set "$name" up
}

vm_boot()
{
	local card=$1 iommu=$2 queues=$3 args n command
	shift 3

	REPLY=
	n=$(card_queues "$card" "$queues")
	make_tap tap0 "$n"
	make_tap tap1 "$n"
	ip address add "$MYNIC_HOST4/24" dev tap0
	rm -rf "$vm_dir"
	mkdir -p "$vm_dir"
	mkfifo "$vm_dir"/port.{in,out}
	exec {vm_from}<>"$vm_dir/port.out" {vm_to}<>"$vm_dir/port.in"
	mapfile -t args < <(card_vm_args "$card" "$iommu" "$queues")
	command="DRIVER=$(card_driver "$card") TOOLS=/mynic/build/${bench_dir##*/}"
	# shellcheck disable=SC2016 # expanded in the guest
	command+=' MODULE=/mynic/build/modules/$(uname -r)/mynic.ko'
	command+=' exec bash /mynic/scripts/bench-guest.sh'
	"$MYNIC_ROOT/scripts/vm-run.sh" --log "bench-$card" --timeout 1200 \
		--iommu "$iommu" "${args[@]}" \
		--qemu-arg -pidfile --qemu-arg "$vm_dir/pid" \
		--qemu-arg -chardev --qemu-arg "pipe,id=bench,path=$vm_dir/port" \
		--qemu-arg -device \
		--qemu-arg virtserialport,chardev=bench,name=mynic.bench \
		"$@" -- "$command" >"$vm_dir/log" 2>&1 &
	vm_child=$!
	vm_hung=
	vm_answer "$vm_boot_seconds" || {
		[ -n "$REPLY" ] || REPLY="the guest did not start: $(tail -n 1 "$vm_dir/log")"
		vm_end
		return 1
	}
	vm_pid=$(cat "$vm_dir/pid")
}

# vm_answer [SECONDS]: waits for a line of the guest; looks now and then whether
# it still lives.  One that did not answer is not waited for again.
vm_answer()
{
	local line='' part patience=${1:-$vm_answer_seconds} end

	end=$((SECONDS + patience))

	# Where the time runs out in the middle of a line, its beginning is read.
	until IFS= read -r -t 1 -u "$vm_from" part; do
		line+=$part
		if ! kill -0 "$vm_child" 2>/dev/null; then
			REPLY="the guest died: $(tail -n 1 "$vm_dir/log")"
			return 2
		elif [ "$SECONDS" -gt "$end" ]; then
			REPLY="no answer in $patience s"
			vm_hung=1
			return 2
		fi
	done
	line+=$part
	REPLY=${line#* }
	case ${line%% *} in
	ok)	return 0 ;;
	no)	return 1 ;;
	bad)	return 2 ;;
	esac
	REPLY="the guest answered \"$line\", which is none of ok, no and bad"
	return 2
}

vm_ask()
{
	[ -z "$vm_hung" ] || {
		REPLY="the guest hangs"
		return 2
	}
	echo "$*" >&"$vm_to"
	vm_answer
}

vm_end()
{
	local i

	[ -n "${vm_child:-}" ] || return 0
	echo end >&"$vm_to"
	[ -z "$vm_hung" ] || kill "$vm_child" 2>/dev/null || :
	for ((i = 0; i < 100; i++)); do
		kill -0 "$vm_child" 2>/dev/null || break
		sleep 0.1
	done
	kill "$vm_child" 2>/dev/null || :
	wait "$vm_child" && vm_status=0 || vm_status=$?
	vm_child=
	exec {vm_from}<&- {vm_to}>&-
}

now_us()
{
	echo "${EPOCHREALTIME/./}"
}

# vm_cpu_us: what QEMU has had of the processors, user and system.
vm_cpu_us()
{
	# A thread may end between its name and its numbers.
	{ cat "/proc/$vm_pid"/task/*/schedstat 2>/dev/null || :; } |
		awk '{ ns += $1 } END { printf "%d\n", ns / 1000 }'
}

# vm_own_kb: memory of QEMU that is resident, but for the guest's memory and the
# translated code, which are the two large pieces.
vm_own_kb()
{
	awk '$1 == "Size:" { large = $2 >= 262144 }
		$1 == "Rss:" && !large { kb += $2 }
		END { printf "%d\n", kb }' "/proc/$vm_pid/smaps"
}

# tap_packets TAP from|to: packets that the guest sent or QEMU has read.
tap_packets()
{
	awk -v tap="$1:" -v way="$2" '$1 == tap {
		print way == "from" ? $3 : $11 }' /proc/self/net/dev
}

# stream_bytes PORT: payload that the host's end has got, or knows arrived.
stream_bytes()
{
	ss -Htin state established "sport = :$1" | awk '
		{
			for (i = 1; i <= NF; i++)
				if ($i ~ /^bytes_(acked|received):/) {
					sub(/.*:/, "", $i)
					n += $i
				}
		}
		END { printf "%d\n", n }'
}

# streams PORT: connections there.
streams()
{
	ss -Htn state established "sport = :$1" | wc -l
}
