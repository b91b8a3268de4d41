# shellcheck shell=bash
# Debian's packages for arm64, asked for and unpacked like those of the host.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced, never run.  The functions of scripts/apt-private.sh, on lists and
# state of their own, speak of arm64 from here on.  Use a subshell to have both.

. "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"

APT_PRIVATE=$MYNIC_CACHE/apt/arm64

apt-get()
{
	command apt-get -o APT::Architecture=arm64 "$@"
}

apt-cache()
{
	command apt-cache -o APT::Architecture=arm64 "$@"
}

# arm64_closure SUITES PACKAGE...: prints PACKAGEs and all that they depend on.
arm64_closure()
{
	local suites=$1
	shift

	apt_private "$suites" -qq --simulate install "$@" |
		awk '$1 == "Inst" { print $2 }'
}

# arm64_unpack SUITES DIR PACKAGE...: unpacks PACKAGEs into DIR.  Nothing of
# them is run.
arm64_unpack()
{
	local suites=$1 dir=$2 archives=$APT_PRIVATE/archives pkg deb
	shift 2

	for pkg in "$@"; do
		_fetch_newest "$suites" '' "$pkg" '*' "$archives" _download_deb
		for deb in "$archives/${pkg}_${FETCHED//:/%3a}"_{arm64,all}.deb; do
			[ ! -e "$deb" ] || break
		done
		dpkg-deb -x "$deb" "$dir"
		rm "$deb"
	done
}
