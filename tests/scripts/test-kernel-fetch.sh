#!/bin/bash
# Tests scripts/kernel-fetch.sh on an archive of small packages.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # single quotes: expanded by the fakes

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# package NAME FILE...: a Debian package with those files, in the pool.
package()
{
	local name=$1 dir=$T/packages/$1 f
	shift

	mkdir -p "$dir/DEBIAN" "$T/pool"
	printf '%s\n' "Package: $name" "Version: 1-1" "Architecture: amd64" \
		"Maintainer: nobody <nobody@example.org>" "Description: test" \
		>"$dir/DEBIAN/control"
	for f in "$@"; do
		mkdir -p "$dir/${f%/*}"
		echo "$name" >"$dir/$f"
	done
	dpkg-deb -b "$dir" "$T/pool/${name}_1-1_amd64.deb" >/dev/null
	echo "$name" >>"$T/names"
}

# Packages of RELEASE as Debian divides them today.
new_kernel()
{
	local r=$1

	package "linux-image-$r"
	package "linux-binary-$r" "usr/lib/modules/$r/vmlinuz"
	package "linux-base-$r" "usr/lib/modules/$r/"{config,System.map}
	package "linux-modules-$r" "usr/lib/modules/$r/kernel/a.txt"
	package "linux-headers-$r" "usr/src/linux-headers-$r/Makefile"
	package "linux-headers-${r%-amd64}-common" \
		"usr/src/linux-headers-${r%-amd64}-common/Makefile"
	package "linux-kbuild-${r%-amd64}" \
		"usr/lib/linux-kbuild-${r%-amd64}/scripts/fixdep"
}

# And as it did at the time of 6.12.
old_kernel()
{
	local r=$1

	package "linux-image-$r" "boot/vmlinuz-$r" "boot/config-$r" \
		"boot/System.map-$r" "usr/lib/modules/$r/kernel/a.txt"
	package "linux-headers-$r" "usr/src/linux-headers-$r/Makefile"
	package "linux-kbuild-${r%-amd64}" \
		"usr/lib/linux-kbuild-${r%-amd64}/scripts/fixdep"
}

fetch()
{
	fake apt-cache 'case $1 in
		pkgnames)	grep "^$2" "$T/names" ;;
		madison)	echo "$2 | 1-1 | archive Packages" ;;
		esac'
	fake apt-get 'for what; do :; done
		case $* in
		*download*)
			echo "$what" >>"$T/downloads"
			cp "$T/pool/${what%=*}_1-1_amd64.deb" . || {
				echo "E: 404 Not Found"
				exit 1
			}
			;;
		esac'
	MYNIC_MIRROR=http://mirror.example.org/debian \
		"$ROOT/scripts/kernel-fetch.sh" "$@"
}

test_image_in_parts_and_in_one_are_laid_out_alike()
{
	local dir

	new_kernel 7.2.9+deb13-amd64
	old_kernel 6.12.5+deb13-amd64
	fetch all >places
	equal "$(cat places)" "$MYNIC_CACHE/kernel-7.2.9+deb13-amd64
$MYNIC_CACHE/kernel-6.12.5+deb13-amd64"
	while IFS= read -r dir; do
		[ -s "$dir/vmlinuz" ]
		[ -s "$dir/config" ]
		[ -s "$dir/System.map" ]
		[ -e "$dir/lib/modules/${dir##*/kernel-}/modules.dep" ]
		[ -e "$dir/usr/src/linux-headers-${dir##*/kernel-}/Makefile" ]
	done <places
}

test_newest_release_of_the_series_is_taken()
{
	new_kernel 7.2.9+deb13-amd64
	new_kernel 7.2.12+deb13-amd64
	new_kernel 7.2.13+deb13-rt-amd64
	new_kernel 7.3.1+deb13-amd64
	# Signed images come later than headers.
	package linux-headers-7.2.14+deb13-amd64
	equal "$(fetch 7.2)" "$MYNIC_CACHE/kernel-7.2.12+deb13-amd64"
}

test_a_kernel_that_the_mirror_lacks_gives_way_to_an_older_one()
{
	new_kernel 7.2.9+deb13-amd64
	new_kernel 7.2.12+deb13-amd64
	rm "$T/pool/linux-modules-7.2.12+deb13-amd64_1-1_amd64.deb"
	fetch 7.2 >place 2>said
	equal "$(cat place)" "$MYNIC_CACHE/kernel-7.2.9+deb13-amd64"
	grep -q "kernel 7.2.12+deb13-amd64 cannot be had" said
	[ ! -e "$MYNIC_CACHE/kernel-7.2.12+deb13-amd64" ]
	[ ! -e "$MYNIC_CACHE/kernel-7.2.12+deb13-amd64.part" ]
}

test_a_second_run_asks_nobody_and_newest_does()
{
	new_kernel 7.2.9+deb13-amd64
	fetch 7.2
	new_kernel 7.2.12+deb13-amd64
	rm downloads
	equal "$(fetch 7.2)" "$MYNIC_CACHE/kernel-7.2.9+deb13-amd64"
	[ ! -e downloads ]
	equal "$(fetch --newest 7.2)" "$MYNIC_CACHE/kernel-7.2.12+deb13-amd64"
	equal "$(fetch 7.2)" "$MYNIC_CACHE/kernel-7.2.12+deb13-amd64"
}

test_a_series_that_is_gone_is_said_so()
{
	new_kernel 7.3.1+deb13-amd64
	fails fetch 7.2
	says "no longer has a kernel 7.2"
	says "KDIR"
	fails fetch 5.10
	says '"5.10" is no series of kernels'
}

run_tests "$@"
