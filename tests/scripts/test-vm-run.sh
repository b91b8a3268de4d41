#!/bin/bash
# Tests scripts/vm-run.sh and accel.sh, with a QEMU that only pretends.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # single quotes: expanded by the fakes

# Guests are made in the user's cache, those of the tests would take minutes.
real_cache=${MYNIC_CACHE:-$HOME/.cache/mynic}

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# qemu TEXT: a QEMU that does TEXT, with the files it was given in $console,
# $status, $output, and its arguments in $T/args.
qemu()
{
	cat >"$T/qemu" <<-END
		#!/bin/bash
		printf '%s\n' "\$@" >"$T/args"
		for a; do
			case \$a in
			file:*.console.log)	console=\${a#file:} ;;
			file,id=status,path=*)	status=\${a#*path=} ;;
			file,id=output,path=*)	output=\${a#*path=} ;;
			esac
		done
		$1
	END
	chmod +x "$T/qemu"
}

vm()
{
	MYNIC_CACHE=$real_cache MYNIC_QEMU=$T/qemu ACCEL=tcg \
		"$ROOT/scripts/vm-run.sh" "$@"
}

# ends STATUS COMMAND...: it ends with STATUS, saying what is then in $OUT.
ends()
{
	local wanted=$1 rc=0
	shift

	OUT=$("$@" 2>&1) || rc=$?
	echo "$OUT"
	equal "$rc" "$wanted"
}

test_output_and_status_of_the_command_are_passed_on()
{
	qemu 'echo some words >"$output"; echo 42 >"$status"'
	ends 42 vm -- true
	says "some words"
	qemu 'echo 0 >"$status"'
	ends 0 vm -- true
}

test_complaints_of_the_kernel_are_failures_of_their_own()
{
	local line

	while IFS= read -r line; do
		qemu "printf '%s\n' fine '[ 1.0] $line' >\"\$console\"
			echo 0 >\"\$status\""
		ends 99 vm -- true
		says "$line"
	done <<-TEXT
		WARNING: CPU: 0 PID: 1 at net/core/dev.c:1 f+0x1/0x2
		WARNING: net/core/dev.c:1 at f+0x1/0x2, CPU#0: x/1
		BUG: unable to handle page fault for address: 0000000000000010
		Oops: general protection fault, probably for non-canonical address
		Kernel panic - not syncing: sysrq triggered crash
		WARNING: possible circular locking dependency detected
		INFO: task ip:1 blocked for more than 120 seconds.
		rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
		DMA-API: mynic 0000:01:00.0: device driver frees DMA memory
		mynic 0000:01:00.0 eth0: NETDEV WATCHDOG: CPU: 1: transmit queue 0
		unregister_netdevice: waiting for eth0 to become free.
		page_pool_release_retry() stalled pool shutdown: id 1, 1 inflight
	TEXT
}

test_complaints_of_the_kernel_may_be_allowed()
{
	qemu 'echo "WARNING: at one" >"$console"; echo 3 >"$status"'
	ends 99 vm -- true
	says "the command itself ended with status 3"
	ends 3 vm --allow-splat -- true
	ends 3 vm --allow-splat='at one' -- true
	ends 99 vm --allow-splat='at two' -- true
}

test_what_every_kernel_says_is_no_complaint()
{
	qemu 'echo "Spectre V2 : WARNING: Unprivileged eBPF is enabled" >"$console"
		echo "mynic: module verification failed: signature missing" >>"$console"
		echo 0 >"$status"'
	ends 0 vm -- true
}

test_a_guest_that_dies_is_said_so()
{
	qemu 'echo "no such device" >&2; exit 1'
	ends 125 vm -- true
	says "it died"
	says "no such device"
	# A guest that ends in good order but says nothing died as well.
	qemu 'exit 0'
	ends 125 vm -- true
}

test_time_runs_out()
{
	qemu 'echo "last line" >"$console"; exec sleep 1000'
	ends 124 vm --timeout 1 -- true
	says "after 1 s"
	says "last line"
}

test_a_guest_that_hangs_while_it_boots_is_started_again()
{
	qemu '[ -e "$0.again" ] || {
			: >"$0.again"
			echo hangs >"$console"
			exec sleep 60
		}
		echo started >"$status"
		echo 7 >>"$status"'
	ends 7 env MYNIC_BOOT_TIMEOUT=1 MYNIC_CACHE="$real_cache" \
		MYNIC_QEMU="$T/qemu" ACCEL=tcg "$ROOT/scripts/vm-run.sh" -- true
	says "starts again"
}

test_a_guest_that_runs_its_command_is_not_started_again()
{
	qemu 'echo once >>"$0.runs"
		echo started >"$status"
		sleep 3
		echo 0 >>"$status"'
	ends 0 env MYNIC_BOOT_TIMEOUT=1 MYNIC_CACHE="$real_cache" \
		MYNIC_QEMU="$T/qemu" ACCEL=tcg "$ROOT/scripts/vm-run.sh" -- true
	equal "$(wc -l <"$T/qemu.runs")" 1
}

test_no_guest_outlives_the_script()
{
	local signal pid i

	# A shell's background commands ignore SIGINT.
	for signal in TERM HUP KILL; do
		rm -f "$T/pid"
		qemu 'echo $$ >"$T/pid.new"; mv "$T/pid.new" "$T/pid"
			exec sleep 1000'
		# Not by way of the function: its shell would get the signal.
		MYNIC_CACHE=$real_cache MYNIC_QEMU=$T/qemu ACCEL=tcg \
			"$ROOT/scripts/vm-run.sh" -- true &
		for ((i = 0; i < 300; i++)); do
			[ ! -e "$T/pid" ] || break
			sleep 0.1
		done
		pid=$(cat "$T/pid")
		kill -0 "$pid"
		kill -"$signal" "$!"
		wait "$!" || :
		for ((i = 0; i < 100; i++)); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		fails kill -0 "$pid"
	done
}

test_two_guests_cannot_have_one_name()
{
	local fd

	qemu 'echo 0 >"$status"'
	mkdir -p "$ROOT/build/run"
	exec {fd}>"$ROOT/build/run/test-taken-$$.lock"
	flock "$fd"
	ends 1 vm --log "test-taken-$$" -- true
	says "another guest called test-taken-$$ is running"
	exec {fd}>&-
	ends 0 vm --log "test-taken-$$" -- true
	rm "$ROOT/build/run/test-taken-$$.lock"
}

test_two_nodes_with_a_port_on_each()
{
	qemu 'echo 0 >"$status"'
	vm --smp 4 --mem 2048 --numa 2 --qemu-arg -device \
		--qemu-arg e1000e,bus=rp1 -- true
	grep -qx 'node,nodeid=0,memdev=mem0,cpus=0-1' args
	grep -qx 'node,nodeid=1,memdev=mem1,cpus=2-3' args
	grep -qx 'memory-backend-ram,id=mem1,size=1024M' args
	grep -qx 'pcie-root-port,id=rp0,bus=pxb0,.*' args
	grep -qx 'pcie-root-port,id=rp1,bus=pxb1,.*' args
	grep -qx 'pxb-pcie,id=pxb1,.*numa_node=1' args
	equal "$(tail -n 1 args)" "e1000e,bus=rp1"
}

test_instructions_as_the_clock()
{
	qemu 'echo 0 >"$status"'
	vm --icount --smp 1 -- true
	grep -qx 'shift=0' args
	grep -q 'thread=single' args
	fails vm --icount -- true
	says "--icount is for one processor, --smp 2 was asked for"
}

test_options_out_of_range_are_refused()
{
	qemu 'echo 0 >"$status"'
	fails vm --smp 0 -- true
	says "--smp 0 is out of range"
	fails vm --mem 10 -- true
	says "--mem may be 256 to"
	fails vm --smp 3 --numa 2 -- true
	says "cannot be divided"
	fails vm --iommu on -- true
	says "off, strict or lazy"
	fails vm --share /does/not/exist -- true
	says "/does/not/exist"
	fails vm --share "$T:mynic" -- true
	says "mynic is taken"
	fails vm --log a/b -- true
	says "no name for files"
	fails vm --kernel 2.4 -- true
	says "2.4"
	fails vm --smp
	says "--smp wants a value"
	fails vm
	says "no command"
	[ ! -e args ]
}

accel()
{
	MYNIC_QEMU=$T/qemu "$ROOT/scripts/accel.sh" "$@"
}

test_acceleration_can_be_forced()
{
	equal "$(ACCEL=tcg accel)" tcg
	OUT=$(ACCEL=tcg accel --args)
	says "thread=multi"
	ACCEL=xen fails accel
	says "kvm or tcg"
	if [ ! -w /dev/kvm ]; then
		ACCEL=kvm fails accel
		says "/dev/kvm cannot be opened"
	fi
}

test_only_a_kernel_that_ran_counts_as_acceleration()
{
	[ -w /dev/kvm ] || {
		echo "/dev/kvm cannot be opened here"
		return 4
	}
	# A cache that knows everything but the acceleration.
	MYNIC_CACHE=$real_cache "$ROOT/scripts/guest-image.sh" 7.2
	mkdir "$T/cache"
	ln -s "$real_cache"/* "$T/cache/"
	rm -f "$T/cache/accel"
	qemu 'exit 1'
	equal "$(accel)" tcg
	qemu 'echo booting; echo mynic-guest-runs'
	equal "$(accel)" kvm
	# Found out once.
	rm args
	equal "$(accel)" kvm
	[ ! -e args ]
}

# monitored SHELL-EXPRESSION: a QEMU whose guest runs for 14 s, and whose local
# APICs have in service what SHELL-EXPRESSION prints; $looks counts the looks.
monitored()
{
	cat >"$T/monitor" <<-END
		#!/bin/bash
		echo '{"QMP": {}}'
		while read -r line; do
			case \$line in
			*"info lapic 1"*)
				echo x >>"$T/looks"
				looks=\$(wc -l <"$T/looks")
				echo '{"return": "ISR\\t '"\$($1)"'\\r\\n"}'
				;;
			*)	echo '{"return": {}}' ;;
			esac
		done
	END
	chmod +x "$T/monitor"
	qemu 'for a; do
			[[ $a != unix:*.apic,* ]] || apic=${a#unix:}
		done
		socat "UNIX-LISTEN:${apic%%,*},fork" "EXEC:'"$T"'/monitor" &
		trap "kill $!; exit 1" TERM
		echo started >"$status"
		sleep 14 &
		wait $!
		kill %1
		echo 0 >"$status"'
}

test_a_guest_that_does_not_power_off_is_ended()
{
	qemu 'echo started >"$status"; echo 0 >>"$status"
		echo "the last words" >"$console"; exec sleep 50'
	MYNIC_OFF_TIMEOUT=2 ends 124 vm -- true
	says "its command ended with status 0, but the guest did not end"
	says "the last words"
}

test_a_processor_that_lost_the_end_of_an_interrupt_ends_the_guest()
{
	monitored 'echo 236'
	ends 98 vm --smp 2 -- true
	says "emulated processor 1 lost the end of an interrupt"
}

test_an_abort_of_the_emulator_is_told_from_others()
{
	qemu 'echo started >"$status"
		echo "physmem.c:1: iotlb_to_section: Assertion failed." >&2
		kill -ABRT $$'
	ends 98 vm -- true
	says "aborted in iotlb_to_section()"
	qemu 'echo started >"$status"
		echo "mynic.c:1: mynic_tx: Assertion failed." >&2
		kill -ABRT $$'
	ends 125 vm -- true
}

test_a_processor_that_is_in_a_handler_now_and_then_does_not()
{
	# In two looks of three, which are half a second apart.
	monitored '((looks % 3)) && echo 236 || echo "(none)"'
	ends 0 vm --smp 2 -- true
	[ "$(wc -l <looks)" -ge 3 ]
}

run_tests "$@"
