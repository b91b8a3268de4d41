#!/bin/bash
# Boots real guests: a module built for one, shares, a crash, an interactive one.
# SPDX-License-Identifier: GPL-2.0-or-later

# Guests are made in the user's cache, those of the tests would take minutes.
real_cache=${MYNIC_CACHE:-$HOME/.cache/mynic}

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

vm()
{
	MYNIC_CACHE=$real_cache "$ROOT/scripts/vm-run.sh" --timeout 120 "$@"
}

# A module called mynic with an include of the checkout, below the checkout,
# where the build root sees it; $dir goes with the test.
module()
{
	mkdir -p "$ROOT/build"
	dir=$(mktemp -d "$ROOT/build/test-module.XXXXXX")
	trap 'rm -rf "$dir"' EXIT
	mkdir "$dir/source"
	printf '%s\n' 'obj-m := mynic.o' 'mynic-y := main.o' >"$dir/source/Kbuild"
	cat >"$dir/source/main.c" <<-'TEXT'
		// SPDX-License-Identifier: GPL-2.0-only
		#include <linux/module.h>
		#include "../include/mynic_abi.h"

		static int __init test_init(void)
		{
			pr_info("the test's module is here\n");
			return 0;
		}
		module_init(test_init);

		static void __exit test_exit(void)
		{
		}
		module_exit(test_exit);

		MODULE_DESCRIPTION("test");
		MODULE_LICENSE("GPL");
	TEXT
}

build()
{
	MYNIC_CACHE=$real_cache MYNIC_DRIVER=$dir/source \
		MYNIC_MODULES=$dir/modules "$ROOT/scripts/driver-build.sh" "$@"
}

test_guest_with_a_module()
{
	local ko rc=0

	module
	ko=$(build 7.2)
	equal "$(cd "$dir/source" && echo *)" "Kbuild main.c"
	mkdir "$dir/results"
	vm --share "$dir/results" -- "
		uname -r
		insmod /mynic/${ko#"$ROOT"/} && dmesg | tail -n 1
		uname -r >/results/release
		cp /etc/resolv.conf /results/
		touch /mynic/build/x 2>/dev/null && echo the checkout can be written
		exit 42" >out || rc=$?
	cat out
	equal "$rc" 42
	[[ $(head -n 1 out) == 7.2.* ]]
	[[ $(tail -n 1 out) == *"the test's module is here" ]]
	equal "$(cat "$dir/results/release")" "$(head -n 1 out)"
	[ ! -e "$ROOT/build/x" ]
	# Nothing of the machine that made the image.
	equal "$(cat "$dir/results/resolv.conf")" ""
}

test_a_kernel_that_crashes_is_reported()
{
	local rc=0

	vm -- 'echo c >/proc/sysrq-trigger' >out 2>&1 || rc=$?
	equal "$rc" 99
	grep -q 'Kernel panic - not syncing: sysrq triggered crash' out
}

# Under TCG QEMU 10.0 takes an access to one device for one to another, or aborts,
# while another processor changes the memory map: scripts/qemu-tcg-view.patch.
test_a_processor_reads_the_device_that_it_means_while_the_memory_map_changes()
{
	local rc=0

	mkdir -p "$ROOT/build"
	dir=$(mktemp -d "$ROOT/build/test-reader.XXXXXX")
	trap 'rm -rf "$dir"' EXIT
	gcc -xc -O2 -static -o "$dir/reader" - <<-'TEXT'
		#include <fcntl.h>
		#include <stdint.h>
		#include <stdio.h>
		#include <sys/mman.h>

		int main(int argc, char **argv)
		{
			volatile uint32_t *id;
			uint32_t first, now;
			unsigned long n;

			id = mmap(NULL, 4096, PROT_READ, MAP_SHARED,
				  open(argv[1], O_RDWR), 0);
			if (id == MAP_FAILED)
				return 1;
			first = *id;
			for (n = 1; n; n++) {
				now = *id;
				if (now == first)
					continue;
				printf("read %lu: 0x%08x, not 0x%08x\n", n, now,
				       first);
				return 1;
			}
		}
	TEXT
	# Vendor and device are not changed by a write: with the command behind
	# them, one write to the beginning switches memory decoding.
	# shellcheck disable=SC2016 # expanded in the guest
	vm --smp 2 --qemu-arg -device --qemu-arg mynic,bus=rp0 \
		--qemu-arg -device --qemu-arg mynic,bus=pcie.0,addr=1e.0 \
		--share "$dir:reader" -- '
		set -e
		pci=/sys/bus/pci/devices
		changed=$(echo $pci/0000:00:*/0000:01:00.0/config)
		echo 1 >$pci/0000:00:1e.0/enable
		taskset -c 1 /reader/reader $pci/0000:00:1e.0/resource0 &
		taskset -pc 0 $$
		for ((i = 0; i < 400; i++)); do
			printf "\xf4\x1a\xf0\x10\x00\x00" >$changed
			printf "\xf4\x1a\xf0\x10\x02\x00" >$changed
		done
		kill -0 $! && exit 42' >out 2>&1 || rc=$?
	cat out
	equal "$rc" 42
}

test_an_interactive_guest_reloads_the_driver()
{
	local text from to

	coproc terminal {
		MYNIC_CACHE=$real_cache NET=user KERNEL=7.2 QUEUES=2 \
			exec script -qec "$ROOT/scripts/run.sh" /dev/null 2>&1
	}
	# shellcheck disable=SC2154 # made by coproc
	exec {from}<&"${terminal[0]}" {to}>&"${terminal[1]}"
	while IFS= read -r -t 300 -d '#' -u "$from" text; do
		printf '%s\n' "$text"
		[[ $text != *root@mynic:* ]] || break
	done
	[[ $text == *10.0.2.15*exit*ends\ the\ guest* ]]
	# Another one beside it; its QEMU only says that it was started.
	printf '#!/bin/sh\necho one more guest\n' >"$T/qemu"
	chmod +x "$T/qemu"
	MYNIC_CACHE=$real_cache MYNIC_QEMU=$T/qemu NET=user \
		script -qec "$ROOT/scripts/run.sh" /dev/null </dev/null >second 2>&1 || :
	cat second
	grep -q "one more guest" second
	printf 'mynic-reload; ethtool -i eth0; cat /etc/resolv.conf; exit\n' >&"$to"
	text=$(timeout 60 cat <&"$from")
	printf '%s\n' "$text"
	[[ $text == *10.0.2.15*driver:\ mynic*nameserver\ 10.0.2.3* ]]
}

run_tests "$@"
