#!/bin/bash
# Fetches Debian's arm64 kernels and the compiler for their modules.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/arm64-kernel.sh arm64|arm64-16k
#
# Prints the directory of the kernel, $MYNIC_CACHE/kernel-RELEASE, laid out as
# scripts/kernel-fetch.sh does.  arm64 has pages of 4 KiB, arm64-16k of 16 KiB.
# The release is the one that the x86_64 guests run, so that these headers fit
# that kernel's common ones and its kbuild, whose programs run on this machine.
#
# The compiler of the same Debian is in $MYNIC_CACHE/kernel-cross-arm64, in
# usr/src/cross-arm64: scripts/build-root.sh shows usr/src of every directory
# of this kind.

. "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"

usage='usage: scripts/arm64-kernel.sh arm64|arm64-16k'
suites=trixie-backports

unpack_compiler()
{
	unpack_debs trixie "$1" {gcc,cpp}-14-aarch64-linux-gnu \
		binutils-aarch64-linux-gnu
	rm -rf "${1:?}/usr/share"
}

fetch_compiler()
{
	local dir=$1 tmp

	! cache_ready "$dir" || return 0
	tmp=$(cache_begin "$dir")
	run_logged arm64-compiler "downloading the compiler for arm64" \
		unpack_compiler "$tmp/usr/src/cross-arm64"
	cache_commit "$tmp" "$dir"
}

unpack_kernel()
{
	local tmp=$1 release=$2 pkg packages=() names f

	names=$(apt_private "$suites" apt-cache pkgnames linux-)
	for pkg in linux-{image,binary,modules,base,headers}-"$release"; do
		! grep -qxF "$pkg" <<<"$names" || packages+=("$pkg")
	done
	arm64_unpack "$suites" "$tmp" "${packages[@]}"
	rm -rf "${tmp:?}/usr/share"
	[ -e "$tmp/lib" ] || ln -s usr/lib "$tmp/lib"
	for f in vmlinuz System.map config; do
		if [ -e "$tmp/boot/$f-$release" ]; then
			mv "$tmp/boot/$f-$release" "$tmp/$f"
		else
			ln -s "lib/modules/$release/$f" "$tmp/$f"
		fi
		[ -e "$tmp/$f" ] || die "no $f in the packages of $release"
	done
	[ -d "$tmp/usr/src/linux-headers-$release" ] ||
		die "no headers in the packages of $release"
	depmod -b "$tmp" "$release"
}

fetch_kernel()
{
	local dir=$1 release=$2 names tmp

	! cache_ready "$dir" || return 0
	names=$(apt_private "$suites" apt-cache pkgnames linux-) || exit
	grep -qxF "linux-image-$release" <<<"$names" ||
		die "Debian's $suites has no arm64 kernel $release, which is the release of the x86_64 guests" \
		    "take a newer one for both: scripts/kernel-fetch.sh --newest 7.2"
	need_space "$MYNIC_CACHE" 600 "the kernel $release"
	tmp=$(cache_begin "$dir")
	run_logged "arm64-kernel-$release" "downloading kernel $release" \
		unpack_kernel "$tmp" "$release"
	cache_commit "$tmp" "$dir"
}

flavour=${1:-}
case $flavour in
arm64 | arm64-16k)	;;
*)	die "\"$flavour\" is no kind of arm64 kernel" "$usage" ;;
esac
base=$("$MYNIC_ROOT/scripts/kernel-fetch.sh" 7.2)
base=${base##*/kernel-}
release=${base%-amd64}-$flavour
dir=$MYNIC_CACHE/kernel-$release
compiler=$MYNIC_CACHE/kernel-cross-arm64
if ! cache_ready "$dir" || ! cache_ready "$compiler"; then
	"$MYNIC_ROOT/scripts/prereqs.sh" arm64
	with_lock "kernel-arm64" fetch_compiler "$compiler"
	# The compiler is a program of x86_64, the kernel is not.
	. "$MYNIC_ROOT/scripts/arm64-apt.sh"
	with_lock "kernel-arm64" fetch_kernel "$dir" "$release"
fi
printf '%s\n' "$dir"
