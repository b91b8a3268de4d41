#!/bin/bash
# Builds the driver; result in build/modules/KERNEL_RELEASE/mynic.ko.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/driver-build.sh [7.2|6.12|all|debug] [KDIR=DIR] [VARIABLE=VALUE]...
#
# Without KDIR for Debian's kernels, in the build root; with KDIR for any
# configured kernel tree, with the machine's own compiler.  Other variables go
# to kbuild.  Unless W= is given, W=1 is set, and for Debian's kernels W=1e: a
# warning is an error, so what is there has none.
#
# For tests of this script, MYNIC_DRIVER=DIR builds another module called mynic,
# and MYNIC_MODULES=DIR takes the place of build/modules; both are below the
# checkout.  The log is build/log/driver-RELEASE.log, with MYNIC_MODULES
# driver-NAME-RELEASE.log, NAME being the last part of DIR.
#
# The sources are seen through links in build/modules/KERNEL_RELEASE/obj, so
# that objects stay out of driver/ and each kernel has its own; not every
# kernel supports kbuild's MO=.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

source_dir=$(realpath -- "${MYNIC_DRIVER:-$MYNIC_ROOT/driver}")
modules_dir=${MYNIC_MODULES:-$MYNIC_BUILD/modules}
usage='usage: scripts/driver-build.sh [7.2|6.12|all|debug] [KDIR=DIR] [VARIABLE=VALUE]...'

# link_sources OBJ: OBJ/driver has a link for each source, and for none that
# is gone.
link_sources()
{
	local obj=$1 f

	mkdir -p "$obj/driver"
	ln -sfn "$MYNIC_ROOT/include" "$obj/include"
	for f in "$source_dir"/*.[chS] "$source_dir"/Kbuild "$source_dir"/Makefile; do
		[ -e "$f" ] || continue
		[ "$(readlink "$obj/driver/${f##*/}")" = "$f" ] ||
			ln -sfn "$f" "$obj/driver/${f##*/}"
	done
	find "$obj/driver" -maxdepth 1 -xtype l -delete
}

# What the compiler says, in the names that the checkout uses.
name_sources()
{
	sed -u -e "s#$1/driver/#driver/#g" -e "s#$1/include/#include/#g" \
		-e "s#^\\(\\./\\)\\?\\(mynic[a-z_]*\\.[ch]:[0-9]\\)#driver/\\2#"
}

# kbuild WHERE OBJ ARGUMENTS...: make, in the build "root" or on the "host".
# What is loaded has no debugging information, which a guest would only read;
# it stays in OBJ/driver/mynic.ko, for decode_stacktrace.sh and the like.
kbuild()
{
	local where=$1 obj=$2 run=()
	shift 2

	[ "$where" = host ] ||
		run=("$MYNIC_ROOT/scripts/build-root.sh" exec --)
	"${run[@]}" make -j "$MYNIC_JOBS" --no-print-directory "$@" \
		M="$obj/driver" modules 2>&1 | name_sources "$obj"
	"${run[@]}" strip --strip-debug -o "$obj/mynic.ko" "$obj/driver/mynic.ko"
}

# build WHERE RELEASE KDIR VARIABLES...
build()
{
	local where=$1 release=$2 kdir=$3 out=$modules_dir/$2 log=driver-$2 lock
	shift 3

	[ -z "${MYNIC_MODULES:-}" ] || log=driver-${modules_dir##*/}-$release
	need_space "$modules_dir" 50 "the driver"
	# One at a time: kbuild does not expect another one in its directory.
	mkdir -p "$out"
	exec {lock}>"$out/lock"
	flock "$lock"
	link_sources "$out/obj"
	run_logged "$log" "building the driver for $release" \
		kbuild "$where" "$out/obj" -C "$kdir" "$@"
	grep -aE 'warning:' -A 4 "$MYNIC_LOG/$log.log" >&2 || :
	if ! cmp -s "$out/obj/mynic.ko" "$out/mynic.ko"; then
		cp "$out/obj/mynic.ko" "$out/mynic.ko.new"
		mv "$out/mynic.ko.new" "$out/mynic.ko"
	fi
	exec {lock}>&-
	printf '%s\n' "$out/mynic.ko"
}

# build_debian SERIES VARIABLES...
build_debian()
{
	local dir release
	if [ "$1" = debug ]; then
		dir=$("$MYNIC_ROOT/scripts/kernel-debug.sh") || exit
	else
		dir=$("$MYNIC_ROOT/scripts/kernel-fetch.sh" "$1") || exit
	fi
	shift
	release=${dir##*/kernel-}
	"$MYNIC_ROOT/scripts/build-root.sh" >/dev/null
	build root "$release" "/usr/src/linux-headers-$release" W=1e "$@"
}

# The kernel's options that the driver does not build, or load, without.
options_needed=(MODULES NET PCI_MSI PAGE_POOL DIMLIB)

# check_options KDIR: of a tree that says what is set.
check_options()
{
	local conf=$1/include/config/auto.conf option without=

	[ -f "$conf" ] || return 0
	for option in "${options_needed[@]}"; do
		grep -qE "^CONFIG_$option=[ym]$" "$conf" ||
			without+="${without:+, }CONFIG_$option"
	done
	[ -z "$without" ] ||
		die "the kernel tree $1 is configured without $without, which the driver wants" \
		    "switch it on; CONFIG_VIRTIO_NET brings PAGE_POOL and DIMLIB, which cannot be chosen"
}

# build_tree KDIR VARIABLES...
build_tree()
{
	local kdir release hint
	kdir=$(realpath -m -- "$1")
	hint="give the directory of a configured kernel, such as /lib/modules/\$(uname -r)/build"
	[[ ! $1 =~ ^(/usr)?/lib/modules/([^/]+)/build/*$ ]] ||
		hint="install its headers, in Debian the package linux-headers-${BASH_REMATCH[2]}, or give the directory of another kernel"
	[ -f "$kdir/Makefile" ] ||
		die "KDIR=$1 is no kernel tree: it has no Makefile" "$hint"
	[[ ! $kdir =~ [^[:alnum:]/._+,@~=^-] ]] ||
		die "KDIR=$1 has the character \"${BASH_REMATCH[0]}\" in its path $kdir, which the kernel's build does not take" \
		    "move the tree, or make a copy"
	shift
	release=$(cat "$kdir/include/config/kernel.release" 2>/dev/null) || :
	[ -n "$release" ] ||
		die "the kernel tree $kdir is not configured" \
		    "run in it: make defconfig && make modules_prepare"
	check_options "$kdir"
	"$MYNIC_ROOT/scripts/prereqs.sh" driver
	# A tree that was configured and not built knows no symbols of the
	# kernel; the module is as good, its symbols are looked up when loaded.
	if [ ! -e "$kdir/Module.symvers" ]; then
		say "the kernel tree $kdir was not built: symbols of the kernel are not checked"
		set -- "$@" KBUILD_MODPOST_WARN=1
	fi
	build host "$release" "$kdir" W=1 "$@"
}

series=()
kdir=
variables=()
for arg in "$@"; do
	case $arg in
	7.2 | 6.12 | debug) series+=("$arg") ;;
	all)		series+=(7.2 6.12) ;;
	KDIR=*)		kdir=${arg#KDIR=} ;;
	[A-Z]*=*)	variables+=("$arg") ;;
	*)		die "driver-build.sh does not know \"$arg\"" "$usage" ;;
	esac
done
if [ -n "$kdir" ]; then
	[ "${#series[@]}" -eq 0 ] ||
		die "KDIR names a kernel, and so does \"${series[*]}\"" "give one of them"
	build_tree "$kdir" "${variables[@]}"
else
	[ "${#series[@]}" -gt 0 ] || series=(7.2)
	for s in "${series[@]}"; do
		build_debian "$s" "${variables[@]}"
	done
fi
