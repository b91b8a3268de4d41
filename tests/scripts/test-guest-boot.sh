#!/bin/bash
# Boots real guests: both kernels, a module built for each, shares, a crash.
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

boots()
{
	local kernel=$1 ko rc=0

	module
	ko=$(build "$kernel")
	equal "$(cd "$dir/source" && echo *)" "Kbuild main.c"
	mkdir "$dir/results"
	vm --kernel "$kernel" --share "$dir/results" -- "
		uname -r
		insmod /mynic/${ko#"$ROOT"/} && dmesg | tail -n 1
		uname -r >/results/release
		touch /mynic/build/x 2>/dev/null && echo the checkout can be written
		exit 42" >out || rc=$?
	cat out
	equal "$rc" 42
	[[ $(head -n 1 out) == "$kernel".* ]]
	[[ $(tail -n 1 out) == *"the test's module is here" ]]
	equal "$(cat "$dir/results/release")" "$(head -n 1 out)"
	[ ! -e "$ROOT/build/x" ]
}

test_guest_with_the_newest_kernel()
{
	boots 7.2
}

test_guest_with_the_long_term_kernel()
{
	boots 6.12
}

test_a_kernel_that_crashes_is_reported()
{
	local rc=0

	vm -- 'echo c >/proc/sysrq-trigger' >out 2>&1 || rc=$?
	equal "$rc" 99
	grep -q 'Kernel panic - not syncing: sysrq triggered crash' out
}

test_two_nodes_an_iommu_and_the_monitor()
{
	local name=test-nodes-$$ line rc=0

	# shellcheck disable=SC2016 # for the guest
	vm --log "$name" --smp 4 --numa 2 --iommu strict \
		--qemu-arg -netdev --qemu-arg user,id=net0 --qemu-arg -device \
		--qemu-arg e1000e,id=nic0,bus=rp1,netdev=net0 -- '
		nic=$(echo /sys/bus/pci/drivers/e1000e/*/net/*)
		numactl -H | sed -n "s/^available: //p"
		echo node $(cat $nic/device/numa_node)
		[ -e $nic/device/iommu_group ] && echo translated
		ip link set ${nic##*/} up
		until [ $(cat $nic/carrier) = 1 ]; do sleep 0.1; done
		echo linked
		until [ $(cat $nic/carrier) = 0 ]; do sleep 0.1; done
		echo pulled' | while IFS= read -r line; do
		printf '%s\n' "$line"
		[ "$line" != linked ] ||
			"$ROOT/scripts/qmp.sh" "$ROOT/build/run/$name.qmp" \
				set_link '{"name": "nic0", "up": false}'
	done >out || rc=$?
	rm -f "$ROOT/build/run/$name.lock"
	equal "$(cat out)" "2 nodes (0-1)
node 1
translated
linked
{\"return\": {}}
pulled"
	equal "$rc" 0
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
	printf 'mynic-reload; ethtool -i eth0; exit\n' >&"$to"
	text=$(timeout 60 cat <&"$from")
	printf '%s\n' "$text"
	[[ $text == *10.0.2.15*driver:\ mynic* ]]
}

run_tests "$@"
