#!/bin/bash
# Fetches Debian's QEMU source package into the cache; prints its .dsc file.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/qemu-source.sh
#
# The version is pinned, since the device is compiled against QEMU's internal
# interfaces; another of the same stable series serves when the archive has
# moved on.

. "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"

suites=trixie,trixie-security
pinned='1:10.0.13+ds-*'
series='1:10.0.*'
dir=$MYNIC_CACHE/sources/qemu-10.0

# Leaves the source package in a directory that appears only when complete.
# Version and checksums are apt's business, against Debian's signed index.
fetch()
{
	local tmp versions glob=$series

	! cache_ready "$dir" || return 0
	need_space "$MYNIC_CACHE" 4500 "QEMU's source and its build"
	tmp=$(cache_begin "$dir" resume)
	versions=$(apt_versions "$suites" --src qemu "$pinned")
	if [ -n "$versions" ]; then
		glob=$pinned
	else
		say "QEMU $pinned is no longer in ${suites//,/, }; another 10.0 is taken"
	fi
	run_logged qemu-source "downloading QEMU's source (about 30 MB)" \
		fetch_source "$suites" qemu "$glob" "$tmp"
	cache_commit "$tmp" "$dir"
}

need_packages dpkg-dev
with_lock qemu-source fetch
dsc=("$dir"/qemu_*.dsc)
[ -e "${dsc[0]}" ] ||
	die "no .dsc file in $dir" "remove that directory and try again"
# A resumed download may have left an older version beside the one wanted.
printf '%s\n' "${dsc[@]}" | sort -V | tail -n 1
