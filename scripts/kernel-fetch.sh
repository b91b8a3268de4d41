#!/bin/bash
# Fetches Debian's kernels for the guests into the cache; prints their places.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/kernel-fetch.sh [--newest] 7.2|6.12|all
#
# Prints the directory of each kernel, $MYNIC_CACHE/kernel-RELEASE, with
#   vmlinuz, System.map, config
#   lib/modules/RELEASE          as Debian packages them, with modules.dep
#   usr/src, usr/lib             headers and kbuild, for scripts/build-root.sh
# The newest release of a series that can be had is taken, and kept from then
# on; --newest looks for a newer one.  Packages are unpacked aside, not
# installed: nothing of the machine changes, and no package's dependencies
# have to fit the suite of the guest.

. "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"

arch=amd64
usage='usage: scripts/kernel-fetch.sh [--newest] 7.2|6.12|all'

suites_of()
{
	case $1 in
	7.2)	echo trixie-backports ;;
	6.12)	echo trixie,trixie-security ;;
	*)	die "\"$1\" is no series of kernels that mynic is made for" "$usage" ;;
	esac
}

# Prints the releases of SERIES in SUITES, newest first, image and headers both.
releases_of()
{
	local series=$1 suites=$2 names release

	names=$(apt_private "$suites" apt-cache pkgnames "linux-") || exit
	sed -nE "s/^linux-image-(${series//./\\.}\\.[0-9][^-]*-$arch)\$/\\1/p" \
		<<<"$names" | sort -rV | while read -r release; do
		! grep -qxF "linux-headers-$release" <<<"$names" ||
			printf '%s\n' "$release"
	done
}

# parts_of RELEASE SUITES: the packages that make up RELEASE.  Since 7.0
# Debian divides the image into several.
parts_of()
{
	local release=$1 suites=$2 names p

	names=$(apt_private "$suites" apt-cache pkgnames "linux-") || exit
	for p in "linux-image-$release" "linux-binary-$release" \
		 "linux-modules-$release" "linux-base-$release" \
		 "linux-headers-$release" \
		 "linux-headers-${release%-"$arch"}-common" \
		 "linux-kbuild-${release%-"$arch"}"; do
		! grep -qxF "$p" <<<"$names" || printf '%s\n' "$p"
	done
}

# download RELEASE SUITES DIR: the packages of one release into DIR.
download()
{
	local release=$1 suites=$2 dir=$3 packages p

	packages=$(parts_of "$release" "$suites")
	for p in $packages; do
		fetch_deb "$suites" "$p" "$dir"
	done
}

# unpack TMP RELEASE: TMP/debs become the tree described above.
unpack()
{
	local tmp=$1 release=$2 deb f

	for deb in "$tmp"/debs/*.deb; do
		dpkg-deb -x "$deb" "$tmp"
	done
	rm -rf "$tmp/debs" "${tmp:?}/usr/share"
	[ -e "$tmp/lib" ] || ln -s usr/lib "$tmp/lib"
	for f in vmlinuz System.map config; do
		if [ -e "$tmp/boot/$f-$release" ]; then
			mv "$tmp/boot/$f-$release" "$tmp/$f"
		else
			ln -s "lib/modules/$release/$f" "$tmp/$f"
		fi
		[ -e "$tmp/$f" ] || die "no $f in the packages of $release"
	done
	[ -d "$tmp/lib/modules/$release/kernel" ] ||
		die "no modules in the packages of $release"
	[ -d "$tmp/usr/src/linux-headers-$release" ] ||
		die "no headers in the packages of $release"
	depmod -b "$tmp" "$release"
}

# fetch SERIES NEWEST: sets the link $MYNIC_CACHE/kernels/SERIES.
fetch()
{
	local series=$1 newest=$2 link=$MYNIC_CACHE/kernels/$1
	local suites releases release dir tmp

	if [ -z "$newest" ] && [ -d "$link/." ]; then
		return 0
	fi
	suites=$(suites_of "$series") || exit
	releases=$(releases_of "$series" "$suites")
	[ -n "$releases" ] ||
		die "Debian's ${suites//,/, } no longer has a kernel $series" \
		    "give a configured kernel of your own: make driver KDIR=DIR"
	mkdir -p "$MYNIC_CACHE/kernels"
	for release in $releases; do
		dir=$MYNIC_CACHE/kernel-$release
		if ! cache_ready "$dir"; then
			need_space "$MYNIC_CACHE" 900 "the kernel $release"
			tmp=$(cache_begin "$dir")
			# A mirror's pool may lag behind its index: the next
			# older release serves as well.
			(run_logged "kernel-$series-download" \
				"downloading kernel $release" \
				download "$release" "$suites" "$tmp/debs") || {
				rm -rf -- "$tmp"
				say "kernel $release cannot be had; trying an older one"
				continue
			}
			run_logged "kernel-$series-unpack" \
				"unpacking kernel $release" \
				unpack "$tmp" "$release"
			cache_commit "$tmp" "$dir"
		fi
		ln -sfn "../kernel-$release" "$link"
		return 0
	done
	die "no kernel $series could be downloaded from ${suites//,/, }" \
	    "see build/log/kernel-$series-download.log; a mirror that is being updated works again later"
}

newest=
if [ "${1:-}" = --newest ]; then
	newest=1
	shift
fi
case ${1:-} in
all)	set -- 7.2 6.12 ;;
7.2 | 6.12)	;;
*)	die "\"${1:-}\" is no series of kernels that mynic is made for" "$usage" ;;
esac
for series in "$@"; do
	if [ -n "$newest" ] || [ ! -d "$MYNIC_CACHE/kernels/$series/." ]; then
		need_packages kmod
		with_lock "kernel-$series" fetch "$series" "$newest"
	fi
	readlink -f "$MYNIC_CACHE/kernels/$series"
done
