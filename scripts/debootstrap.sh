# shellcheck shell=bash
# Makes Debian systems with mmdebstrap, as a directory or as an image.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced, never run.  Root is not needed where the machine has user namespaces
# and the user a range of subordinate ids: mmdebstrap uses them, and what it
# made reaches us as a tar file.  So directories belong to the user, who can
# remove them like any other.

. "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"

# Debian 13, unless who sources this says otherwise; the first is the release.
DEBOOTSTRAP_SUITES=${DEBOOTSTRAP_SUITES:-trixie,trixie-updates,trixie-security}

# Neither has to be read by anybody.
_debootstrap_options=(
	--mode=auto --variant=essential --format=tar
	--aptopt='APT::Install-Recommends "false"'
	--aptopt='Acquire::Languages "none"'
	--dpkgopt='path-exclude=/usr/share/doc/*'
	--dpkgopt='path-exclude=/usr/share/man/*'
	--dpkgopt='path-exclude=/usr/share/info/*'
	--dpkgopt='path-exclude=/usr/share/locale/*'
	--dpkgopt='path-exclude=/usr/share/lintian/*'
)

# A mirror may lag behind a release that changes daily for longer than its index
# is valid; it is signed nevertheless, and what is made runs in guests.
[[ $DEBOOTSTRAP_SUITES == trixie* ]] ||
	_debootstrap_options+=(--aptopt='Acquire::Check-Valid-Until "false"')

# Goes into the hash of what is made.
# shellcheck disable=SC2034 # used by those who source this
DEBOOTSTRAP_KEY="$DEBOOTSTRAP_SUITES ${_debootstrap_options[*]}"

# debootstrap_prereqs: what the functions below need from the machine.
debootstrap_prereqs()
{
	"$MYNIC_ROOT/scripts/prereqs.sh" root
}

# debootstrap_tar [OPTION]... -- PACKAGE...: a tar file on standard output.
# OPTIONs go to mmdebstrap.
debootstrap_tar()
{
	local conf options=() include

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	apt_private_update "$DEBOOTSTRAP_SUITES"
	conf=$(apt_private_conf "$DEBOOTSTRAP_SUITES")
	include=$(IFS=,; echo "$*")
	mmdebstrap "${_debootstrap_options[@]}" "${options[@]}" \
		--include="$include" "${DEBOOTSTRAP_SUITES%%,*}" - \
		"${conf%/*}/sources.list.d/debian.sources"
}

# debootstrap_into_dir DIR PACKAGE...: a Debian system in DIR, to chroot into.
debootstrap_into_dir()
{
	local dir=$1 owner=(--no-same-owner)
	shift

	# Device nodes can only be made by root; they are mounted anyway.
	[ "$(id -u)" -ne 0 ] || owner=(--same-owner)
	debootstrap_tar -- "$@" |
		tar -x -C "$dir" "${owner[@]}" --exclude='./dev/*'
}
