#!/bin/bash
# Boots a guest, runs one command in it, and ends with the command's status.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/vm-run.sh [OPTION]... -- COMMAND
#
#   --kernel 7.2|6.12|DIR  the guest's kernel (7.2)
#   --root FILE            root image (that of scripts/guest-image.sh)
#   --smp N                processors (2)
#   --mem MIB              memory (1024)
#   --numa 2               two nodes, each with half of processors and memory
#   --iommu MODE           off (default), strict or lazy: an Intel IOMMU
#   --icount               a nanosecond of the guest is one instruction (TCG, one
#                          processor), whatever the host does meanwhile
#   --share DIR[:TAG]      DIR is /TAG in the guest, writable (TAG: results)
#   --qemu-arg ARG         for QEMU, as often as wanted
#   --append ARGS          for the kernel's command line
#   --log NAME             names the files below (the first free guest-N)
#   --timeout SECONDS      ends the guest (600)
#   --allow-splat[=REGEX]  warnings of the kernel (that match) are no failure
#   --no-exec              a shell on this terminal, after COMMAND if any
#
# COMMAND is a line for bash in the guest; its output appears at once.  The
# checkout is /mynic there, read-only; /results is build/results, writable.
# Cards go into the PCIe ports rp0 and, with --numa, rp1 on the second node
# (rp0 is then on the first, and a card without bus= is refused):
# --qemu-arg -device --qemu-arg mynic,bus=rp1
#
# Status: COMMAND's; 98 the emulator failed, see below; 99 the guest's kernel
# complained; 124 out of time, or the guest went on for MYNIC_OFF_TIMEOUT seconds
# (60) after COMMAND; 125 the guest did not start or died.
# Files: build/log/NAME.console.log and NAME.qemu.log (QEMU's own words and
# what the guest did wrong to devices), build/run/NAME.qmp for scripts/qmp.sh.
#
# QEMU 10.0 under TCG, without scripts/qemu-tcg-view.patch, may lose what an
# emulated processor writes to its local APIC: a vector stays in service, and the
# processor takes no other interrupt of that priority any more, the timer's among
# them.  That is looked for while a guest runs under TCG; it is ended then, with
# status 98.  The same fault makes QEMU abort in iotlb_to_section(): that is status
# 98, too.  A guest whose processor stopped while it still boots is started again,
# twice at most, also when it did not come to COMMAND in MYNIC_BOOT_TIMEOUT seconds
# (120).  All this is said, and nothing is repeated here once COMMAND runs.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

kernel=7.2 smp=2 mem=1024 numa=1 iommu=off icount='' append='' name=
timeout=600 allow='' exec=1
root='' shares=() extra=() ports=()
usage='usage: scripts/vm-run.sh [OPTION]... -- COMMAND; the file begins with the options'

# What a kernel says when something is wrong with it or its drivers.
splat='BUG: |kernel BUG at|Oops: |WARNING: |Kernel panic|Call Trace:'
splat+='|general protection fault|INFO: (task|rcu|possible|trying)'
splat+='|possible (circular|recursive|irq lock)|suspicious RCU|UBSAN: '
splat+='|DMA-API: |refcount_t: |NETDEV WATCHDOG|nobody cared'
splat+='|unregister_netdevice: waiting|page_pool.*(stalled|inflight)'
splat+='|kmemleak: [1-9]|list_(add|del) corruption|blocked for more than'
# Said of the machine, by every kernel.
harmless='Spectre V2 : WARNING|DMA-API: (preallocated|debugging enabled)'

# number OPTION VALUE LOW HIGH
number()
{
	number_in "$2" "$3" "$4" ||
		die "$1 $2 is out of range" "$1 may be $3 to $4"
}

while [ $# -gt 0 ]; do
	opt=$1
	shift
	case $opt in
	--no-exec)		exec='' ; continue ;;
	--icount)		icount=1 ; continue ;;
	--allow-splat)		allow=. ; continue ;;
	--allow-splat=*)	allow=${opt#*=} ; continue ;;
	--)			break ;;
	--kernel | --root | --smp | --mem | --numa | --iommu | --share | --qemu-arg | \
	--append | --log | --timeout)
		[ $# -gt 0 ] || die "$opt wants a value" "$usage"
		;;
	*)	die "vm-run.sh does not know \"$opt\"" "$usage" ;;
	esac
	case $opt in
	--kernel)
		[[ $1 == 7.2 || $1 == 6.12 || -d $1 ]] ||
			die "--kernel $1 is not known" "it may be 7.2, 6.12 or the directory of a kernel"
		kernel=$1
		;;
	--root)
		[ -f "$1" ] || die "--root $1: there is no such file" "scripts/guest-image.sh makes one"
		root=$1
		;;
	--smp)		number --smp "$1" 1 255; smp=$((10#$1)) ;;
	--mem)		number --mem "$1" 256 1048576; mem=$((10#$1)) ;;
	--numa)		number --numa "$1" 1 2; numa=$((10#$1)) ;;
	--iommu)
		[[ $1 == off || $1 == strict || $1 == lazy ]] ||
			die "--iommu $1 is not known" "it may be off, strict or lazy"
		iommu=$1
		;;
	--share)	shares+=("$1") ;;
	--qemu-arg)	extra+=("$1") ;;
	--append)	append+=" $1" ;;
	--log)
		[[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] ||
			die "--log $1 is no name for files" "use letters, digits, . _ -"
		name=$1
		;;
	--timeout)	number --timeout "$1" 1 1000000; timeout=$((10#$1)) ;;
	esac
	shift
done
[ -z "$exec" ] || [ $# -gt 0 ] || die "no command for the guest" "$usage"
[ -n "$exec" ] || [ -t 0 ] ||
	die "--no-exec wants a terminal" "run it in one, or give a command alone"
[ -z "$icount" ] || [ "$smp" = 1 ] ||
	die "--icount is for one processor, --smp $smp was asked for" \
	    "say --smp 1, which is not what it is without"
if [ "$numa" = 2 ] && ((smp % 2)); then
	die "--smp $smp cannot be divided between two nodes" "use an even number with --numa 2"
fi

run=$MYNIC_BUILD/run
mkdir -p "$run" "$MYNIC_LOG" "$MYNIC_BUILD/results"

# take NAME: true when no other guest has it.
take()
{
	exec {lock}>"$run/$1.lock"
	flock -n "$lock" || {
		exec {lock}>&-
		return 1
	}
}

if [ -n "$name" ]; then
	take "$name" || die "another guest called $name is running" \
		"give each its own --log NAME"
else
	n=1
	until take "guest-$n"; do
		n=$((n + 1))
	done
	name=guest-$n
fi
log=$MYNIC_LOG/$name
[ "${#run}" -le $((100 - ${#name})) ] ||
	die "the name of the socket $run/$name.qmp is too long for Linux" \
	    "use a shorter --log, or a checkout with a shorter path"

qemu=${MYNIC_QEMU:-$MYNIC_BUILD/bin/qemu-system-x86_64}
# What cannot work is said before anything is built for it.
[ -z "${ACCEL:-}" ] || "$MYNIC_ROOT/scripts/accel.sh" >/dev/null
[ -x "$qemu" ] || "$MYNIC_ROOT/scripts/qemu-build.sh"
accel=tcg
[ -n "$icount" ] || accel=$("$MYNIC_ROOT/scripts/accel.sh")
mapfile -t accel_args < <(ACCEL=$accel "$MYNIC_ROOT/scripts/accel.sh" --args)
# Instructions can only be counted by one thread.
[ -z "$icount" ] ||
	accel_args=("${accel_args[@]/thread=multi/thread=single}" -icount shift=0)
files=$("$MYNIC_ROOT/scripts/guest-image.sh" "$kernel")
{
	read -r root_image
	root_image=${root:-$root_image}
	read -r release vmlinuz initrd modules_image
} <<<"$files"

# Commas separate what an option of QEMU consists of.
q()
{
	printf '%s' "${1//,/,,}"
}

machine=q35
[ "$accel" = tcg ] || [ "$iommu" = off ] || machine+=,kernel-irqchip=split
args=(-nodefaults -no-user-config -display none -no-reboot
      -name "mynic-$name" -machine "$machine" "${accel_args[@]}"
      -kernel "$vmlinuz" -initrd "$initrd"
      -d guest_errors -D "$log.qemu.log"
      -qmp "unix:$(q "$run/$name.qmp"),server=on,wait=off"
      -qmp "unix:$(q "$run/$name.apic"),server=on,wait=off")

# Before the devices that it is to translate for.
case $iommu in
strict)	args+=(-device intel-iommu); append="intel_iommu=on iommu.strict=1$append" ;;
lazy)	args+=(-device intel-iommu); append="intel_iommu=on iommu.strict=0$append" ;;
esac

if [ "$numa" = 2 ]; then
	half=$((smp / 2))
	args+=(-smp "$smp,sockets=2,cores=$half,threads=1" -m "$((mem / 2 * 2))M")
	for node in 0 1; do
		args+=(-object "memory-backend-ram,id=mem$node,size=$((mem / 2))M"
		       -numa "node,nodeid=$node,memdev=mem$node,cpus=$((node * half))-$((node * half + half - 1))")
		# After all else: QEMU puts a device without "bus=" on the
		# bridge that was made last.
		ports+=(-device "pxb-pcie,id=pxb$node,bus=pcie.0,bus_nr=$((64 + node * 64)),numa_node=$node"
		       -device "pcie-root-port,id=rp$node,bus=pxb$node,chassis=$((node + 1)),slot=$((node + 1))")
	done
else
	args+=(-smp "$smp" -m "${mem}M")
	ports+=(-device "pcie-root-port,id=rp0,bus=pcie.0,chassis=1,slot=1")
fi

disk()
{
	args+=(-drive "file=$(q "$2"),if=none,id=$1,format=raw,readonly=on"
	       -device "virtio-blk-pci,drive=$1,serial=mynic-$1")
}
disk root "$root_image"
disk modules "$modules_image"

# share TAG DIR [readonly=on]
share()
{
	args+=(-fsdev "local,id=fs-$1,path=$(q "$2"),security_model=none,multidevs=remap${3:+,$3}"
	       -device "virtio-9p-pci,fsdev=fs-$1,mount_tag=$1")
}
share mynic "$MYNIC_ROOT" readonly=on
results=$MYNIC_BUILD/results
for s in "${shares[@]}"; do
	dir=${s%%:*}
	tag=results
	[[ $s != *:* ]] || tag=${s#*:}
	[ -d "$dir" ] || die "--share $s: there is no directory $dir"
	[[ $tag =~ ^[a-z][a-z0-9-]{0,30}$ && $tag != mynic ]] ||
		die "--share $s: \"$tag\" cannot name a share" "use small letters, digits and -; mynic is taken"
	if [ "$tag" = results ]; then
		results=$dir
	else
		share "$tag" "$(realpath -- "$dir")"
	fi
done
share results "$(realpath -- "$results")"

# An oops ends the guest: what comes after it is worth nothing.
loglevel=7
[ -n "$exec" ] || loglevel=4
cmdline="console=ttyS0 loglevel=$loglevel panic=-1 oops=panic tsc=reliable"
cmdline+=" rcupdate.rcu_cpu_stall_timeout=120 $append"
# Mitigations of processors' faults do not apply to TCG's and cost much there.
[ "$accel" = kvm ] || cmdline+=" mitigations=off"
args+=(-append "$cmdline")

title="guest $name: Linux $release, $smp CPUs"
[ "$numa" = 1 ] || title+=" on $numa nodes"
title+=", $mem MiB, ${accel^^}"
[ "$iommu" = off ] || title+=", IOMMU $iommu"
say "$title"

rm -f "$run/$name".{qmp,apic,status,late,stuck,on} "$log".{console,qemu}.log
printf '%s\n' "$*" >"$run/$name.command"
args+=(-fw_cfg "name=opt/mynic/command,file=$(q "$run/$name.command")")
if [ -z "$exec" ]; then
	read -r rows columns < <(stty size)
	args+=(-chardev "stdio,id=console,mux=on,signal=off,logfile=$(q "$log.console.log")"
	       -serial chardev:console -mon console
	       -fw_cfg "name=opt/mynic/terminal,string=$rows $columns ${TERM:-linux}")
	exec "$qemu" "${args[@]}" "${ports[@]}" "${extra[@]}"
fi

args+=(-device virtio-serial-pci
       -serial "file:$(q "$log.console.log")"
       -chardev "file,id=status,path=$(q "$run/$name.status")"
       -device "virtserialport,chardev=status,name=mynic.status")

# shellcheck disable=SC2317 # reached by the trap
cleanup()
{
	trap - EXIT
	# A child that is ended before it has forgotten our traps has no part
	# in this.
	[ "$BASHPID" -eq $$ ] || exit
	if [ -n "${child:-}" ]; then
		kill "$child" 2>/dev/null || :
		wait "$child" 2>/dev/null || :
	fi
	[ -z "${watches[*]:-}" ] || kill "${watches[@]}" 2>/dev/null || :
	rm -f "$run/$name".{qmp,apic,status,late,stuck,on,command}
}
trap cleanup EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
trap 'exit 129' HUP

# start: runs QEMU until the guest ends; its status in rc.
start()
{
	local output relay

	# QEMU makes what it writes to non-blocking, which is no way to treat
	# the standard output that we share with our callers: a cat is between.
	exec {output}> >(exec cat)
	relay=$!
	# Should this script be killed, timeout gets a signal and passes it on.
	setpriv --pdeathsig TERM timeout -k 5 "$timeout" \
		"$qemu" "${args[@]}" \
		-chardev "file,id=output,path=/dev/fd/$output" \
		-device "virtserialport,chardev=output,name=mynic.output" \
		"${ports[@]}" "${extra[@]}" \
		</dev/null >>"$log.qemu.log" 2>&1 {lock}>&- &
	child=$!
	exec {output}>&-
	watches=()
	if [ "$accel" = tcg ]; then
		started_in_time {lock}>&- &
		watches+=($!)
		keeps_running {lock}>&- &
		watches+=($!)
	fi
	powers_off {lock}>&- &
	watches+=($!)
	rc=0
	wait "$child" || rc=$?
	child=
	[ -z "${watches[*]:-}" ] || kill "${watches[@]}" 2>/dev/null || :
	watches=()
	wait "$relay" || :
}

# nap SECONDS: while QEMU runs.  A sleep of its own would outlive a watch that is
# ended, and keep the caller's output open.
exec {never}<> <(:)
nap()
{
	read -rt "$1" -u "$never" || :
	kill -0 "$child" 2>/dev/null
}

# The first word that the guest says to the status port is "started".
started_in_time()
{
	local n

	for ((n = 0; n < ${MYNIC_BOOT_TIMEOUT:-120}; n++)); do
		nap 1 || return
		[ ! -s "$run/$name.status" ] || return
	done
	: >"$run/$name.late"
	kill "$child"
}

# The second line there is COMMAND's status; a driver may keep a guest from more.
powers_off()
{
	local n=0

	while [ "$n" -lt "${MYNIC_OFF_TIMEOUT:-60}" ]; do
		nap 1 || return
		[ "$(wc -l 2>/dev/null <"$run/$name.status")" != 2 ] ||
			n=$((n + 1))
	done
	: >"$run/$name.on"
	kill "$child"
}

# stuck: names a processor that has a vector in service.
stuck()
{
	local n

	for ((n = 0; n < smp; n++)); do
		"$MYNIC_ROOT/scripts/qmp.sh" "$run/$name.apic" \
			human-monitor-command \
			"{\"command-line\": \"info lapic $n\"}" 2>/dev/null |
			grep -qE 'ISR(\\t| )+[0-9]' || continue
		echo "$n"
		return
	done
	return 1
}

# A handler of the kernel's is in service for microseconds.
keeps_running()
{
	local cpu again n

	while :; do
		nap 10 || return
		cpu=$(stuck) || continue
		for ((n = 0; n < 4; n++)); do
			nap 0.5 || return
			again=$(stuck) || break
			[ "$again" = "$cpu" ] || break
		done
		[ "$n" -lt 4 ] || break
	done
	echo "$cpu" >"$run/$name.stuck"
	kill "$child"
}

tries=3
start
while [ -e "$run/$name.late" ] ||
      { [ -e "$run/$name.stuck" ] && [ ! -s "$run/$name.status" ]; }; do
	[ $((--tries)) -gt 0 ] || break
	say "guest $name: it did not come to its command and starts again (build/log/$name.late.console.log)"
	mv "$log.console.log" "$log.late.console.log"
	rm -f "$run/$name".{status,late,stuck}
	start
done
if [ -e "$run/$name.stuck" ]; then
	say "guest $name: its emulated processor $(cat "$run/$name.stuck") lost the end of an interrupt, and the guest was ended"
	exit 98
fi

if [ "$accel" = tcg ] && grep -q 'iotlb_to_section: Assertion' "$log.qemu.log"; then
	say "guest $name: QEMU aborted in iotlb_to_section(), where its TCG races with devices that go away"
	exit 98
fi

last_lines()
{
	[ ! -s "$1" ] || tail -n 5 "$1" | sed 's/^/    /; s/\r$//' >&2
}

complaint()
{
	grep -aE "$splat" "$log.console.log" 2>/dev/null |
		grep -avE "$harmless" |
		if [ -n "$allow" ]; then grep -avE "$allow"; else cat; fi || :
}

status=$(tail -n 1 "$run/$name.status" 2>/dev/null || :)
complaints=$(complaint)
if [ -n "$complaints" ]; then
	say "guest $name: its kernel complains (build/log/$name.console.log):"
	grep -aF -A 40 -m 1 -- "${complaints%%$'\n'*}" "$log.console.log" |
		sed 's/^/    /; s/\r$//' >&2
	[ -z "$status" ] || say "guest $name: the command itself ended with status $status"
	exit 99
fi
case $rc in
124 | 137)
	say "guest $name: ended after $timeout s without an answer; the last lines of build/log/$name.console.log:"
	last_lines "$log.console.log"
	exit 124
	;;
esac
if [ -e "$run/$name.on" ]; then
	say "guest $name: its command ended with status $status, but the guest did not end; the last lines of build/log/$name.console.log:"
	last_lines "$log.console.log"
	exit 124
fi
if [[ ! $status =~ ^[0-9]+$ ]]; then
	say "guest $name: it died, QEMU's status was $rc; see build/log/$name.console.log and $name.qemu.log"
	last_lines "$log.qemu.log"
	last_lines "$log.console.log"
	exit 125
fi
exit "$status"
