#!/bin/bash
# Suspend and resume as far as the kernel's pm_test goes.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

# freeze: suspends the devices, stays so for a second, and resumes.
freeze()
{
	echo 1 >/sys/module/suspend/parameters/pm_test_delay
	echo freeze >/sys/power/state
}

C5_suspend_and_resume_of_devices_under_traffic()
{
	fresh
	[ -e /sys/power/pm_test ] || skip "this kernel has no pm_test"
	grep -q freeze /sys/power/state || skip "this kernel cannot suspend"
	kernel_may_say 'PM: '
	stir
	echo devices >/sys/power/pm_test
	defer sh -c "echo none >/sys/power/pm_test"
	freeze
	wait_for 20 "carrier" carrier 1
	flows_live
	send_checked 4
}

C5_suspend_and_resume_while_down()
{
	fresh
	[ -e /sys/power/pm_test ] || skip "this kernel has no pm_test"
	grep -q freeze /sys/power/state || skip "this kernel cannot suspend"
	ip link set "$nic" down
	echo devices >/sys/power/pm_test
	defer sh -c "echo none >/sys/power/pm_test"
	freeze
	addresses
	send_checked 4
}

run_cases
