#!/bin/bash
# A driver and a device that do not fit each other: probe refuses, all else lives.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

B1_driver_of_another_major_version_is_refused()
{
	mynic_only
	fresh
	kernel_may_say 'mynic .*version'
	rmmod mynic
	insmod "$OTHER_MODULE"
	defer rmmod mynic
	wait_for 10 "a message" kernel_said \
		'mynic .*has version 1\.[0-9]+ .* driver needs 2\.'
	gone || fail "the driver took the card"
	rmmod mynic
	_load
	present
	send_checked 4
}

B1_device_that_fails_in_probe_is_left_alone()
{
	mynic_only
	fresh
	kernel_may_say 'mynic .*(fatal|probe with driver mynic failed)'
	rmmod mynic
	insmod "$WRONG_ASQ_MODULE"
	defer rmmod mynic
	wait_for 10 "a message" kernel_said \
		"mynic $pci: the device failed while it was set up \(fatal\)"
	! kernel_said 'was not answered' || fail "an answer was waited for"
	gone || fail "the driver took the card"
	rmmod mynic
	_load
	present
	send_checked 4
}

run_cases
