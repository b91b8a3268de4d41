#!/bin/bash
# Tests how scripts/driver-build.sh builds for a kernel tree of the user's own.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # single quotes: expanded by the fakes

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# tree: a configured kernel in $T/linux, and a "make" that writes down what it
# was asked for and, as modpost does, refuses symbols that nobody knows.
tree()
{
	mkdir -p "$T/linux/include/config"
	: >"$T/linux/Makefile"
	echo 7.2.0-fake >"$T/linux/include/config/kernel.release"
	fake dpkg-query 'echo "install ok installed"'
	fake strip 'cp "${@: -1}" "$3"'
	fake make 'printf "%s\n" "$@" >"$T/asked"
		[ -e "$T/linux/Module.symvers" ] ||
			[[ " $* " == *" KBUILD_MODPOST_WARN=1 "* ]] || {
			echo "ERROR: modpost: \"memset\" undefined!"
			exit 1
		}
		for a in "$@"; do
			[[ $a != M=* ]] || echo module >"${a#M=}/mynic.ko"
		done'
}

# builds VARIABLE...: for that kernel, by a checkout whose build/ goes with the
# test; what is said is then in $OUT.
builds()
{
	local f

	mkdir -p "$T/checkout"
	cp -r "$ROOT/scripts" "$T/checkout/"
	for f in driver include; do
		ln -sfn "$ROOT/$f" "$T/checkout/$f"
	done
	OUT=$(checkout/scripts/driver-build.sh KDIR=linux "$@" 2>&1) || {
		echo "$OUT"
		return 1
	}
}

test_a_tree_that_was_built()
{
	tree
	: >"$T/linux/Module.symvers"
	builds C=0
	omits "not checked"
	says "/7.2.0-fake/mynic.ko"
	grep -qx W=1 "$T/asked"
	grep -qx C=0 "$T/asked"
	! grep MODPOST "$T/asked" || return 1
}

test_a_tree_that_was_configured_and_not_built()
{
	tree
	builds
	says "the kernel tree $T/linux was not built: symbols of the kernel are not checked"
	says "/7.2.0-fake/mynic.ko"
}

test_a_tree_without_what_the_driver_wants_is_refused()
{
	tree
	printf 'CONFIG_%s\n' MODULES=y NET=y PCI_MSI=y DIMLIB=m \
		>"$T/linux/include/config/auto.conf"
	fails builds
	says "is configured without CONFIG_PAGE_POOL, which the driver wants"
	[ ! -e "$T/asked" ]
	echo CONFIG_PAGE_POOL=y >>"$T/linux/include/config/auto.conf"
	builds
	says "/7.2.0-fake/mynic.ko"
}

test_variables_for_a_tree_that_was_not_built()
{
	tree
	builds C=0 W=12
	says "the kernel tree $T/linux was not built"
	grep -qx C=0 "$T/asked"
	grep -qx W=12 "$T/asked"
}

run_tests "$@"
