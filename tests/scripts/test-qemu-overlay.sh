#!/bin/bash
# Tests scripts/qemu-overlay.sh on a skeleton of QEMU's tree.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A tree with the places that the overlay knows, and a device for it.
trees()
{
	mkdir -p qemu/hw/net qemu/include qemu/tests/qtest/libqos \
		ours/qemu-device ours/include ours/tests/qtest/libqos
	echo 10.0.13 >qemu/VERSION
	printf "  trace_events_subdirs += [\n    'hw/net',\n    'hw/nubus',\n  ]\n" \
		>qemu/meson.build
	echo "subdir('can')" >qemu/hw/net/meson.build
	printf 'config IGB_PCI_EXPRESS\n    bool\n' >qemu/hw/net/Kconfig
	printf "tpmemu_files = ['tpm-emu.c']\n" >qemu/tests/qtest/meson.build
	printf "libqos_srcs = files('igb.c')\nif have_virtfs\nendif\n" \
		>qemu/tests/qtest/libqos/meson.build
	echo 'int igb;' >qemu/tests/qtest/igb-test.c
	cp -a qemu pristine

	for f in mynic.c meson.build Kconfig trace-events trace.h README.md; do
		echo "device $f" >"ours/qemu-device/$f"
	done
	echo contract >ours/include/mynic_abi.h
	echo test >ours/tests/qtest/mynic-test.c
	echo node >ours/tests/qtest/libqos/mynic.c
}

overlay()
{
	OVERLAY_FROM=$T/ours "$ROOT/scripts/qemu-overlay.sh" "$@"
}

test_apply_brings_files_and_lines()
{
	trees
	overlay apply qemu
	cmp ours/qemu-device/mynic.c qemu/hw/net/mynic/mynic.c
	cmp ours/qemu-device/trace-events qemu/hw/net/mynic/trace-events
	cmp ours/include/mynic_abi.h qemu/include/mynic_abi.h
	cmp ours/tests/qtest/mynic-test.c qemu/tests/qtest/mynic-test.c
	cmp ours/tests/qtest/libqos/mynic.c qemu/tests/qtest/libqos/mynic.c
	[ ! -e qemu/hw/net/mynic/README.md ]
	equal "$(cat qemu/hw/net/meson.build)" "subdir('can')
subdir('mynic')"
	grep -qx 'source mynic/Kconfig' qemu/hw/net/Kconfig
	grep -qx "    'hw/net/mynic'," qemu/meson.build
	equal "$(head -n 1 qemu/tests/qtest/meson.build)" \
		"qos_test_ss.add(files('mynic-test.c'))"
	grep -qx "libqos_srcs += files('mynic.c')" \
		qemu/tests/qtest/libqos/meson.build
}

test_unapply_restores_every_byte()
{
	trees
	overlay apply qemu
	fails diff -r pristine qemu
	overlay unapply qemu
	diff -r pristine qemu
}

test_apply_twice_is_apply_once()
{
	trees
	overlay apply qemu
	cp -a qemu once
	touch -d @1000000000 qemu/hw/net/mynic/mynic.c qemu/meson.build
	overlay apply qemu
	diff -r once qemu
	# Nothing was written, hence nothing will be compiled.
	equal "$(stat -c %Y qemu/hw/net/mynic/mynic.c qemu/meson.build | xargs)" \
		"1000000000 1000000000"
}

test_a_changed_file_is_newer_and_the_others_are_not()
{
	trees
	overlay apply qemu
	find qemu -type f -exec touch -d @1000000000 {} +
	echo changed >ours/qemu-device/mynic.c
	# Older than the object, as after a change of branches.
	touch -d @900000000 ours/qemu-device/mynic.c
	overlay apply qemu
	equal "$(find qemu -type f -newermt @1000000000)" \
		qemu/hw/net/mynic/mynic.c
}

test_new_and_removed_files_follow()
{
	trees
	overlay apply qemu
	rm ours/tests/qtest/mynic-test.c ours/qemu-device/trace.h
	echo more >ours/tests/qtest/mynic-more-test.c
	overlay apply qemu
	[ ! -e qemu/tests/qtest/mynic-test.c ]
	[ ! -e qemu/hw/net/mynic/trace.h ]
	grep -qx "qos_test_ss.add(files('mynic-more-test.c'))" \
		qemu/tests/qtest/meson.build
	overlay unapply qemu
	diff -r pristine qemu
}

test_nothing_to_bring_changes_nothing()
{
	trees
	mkdir none
	OVERLAY_FROM=$T/none "$ROOT/scripts/qemu-overlay.sh" apply qemu
	diff -r pristine qemu
}

test_a_tree_that_does_not_fit_is_left_alone()
{
	trees
	sed -i /nubus/d qemu/meson.build pristine/meson.build
	fails overlay apply qemu
	says "qemu/meson.build has no place for our line"
	diff -r pristine qemu
}

test_a_directory_that_is_not_qemu_is_refused()
{
	mkdir other
	fails overlay apply other
	says "is not a QEMU source tree"
	fails overlay apply nowhere
	says "nowhere is not a directory"
	fails overlay destroy other
	says '"destroy" is not understood'
}

run_tests "$@"
