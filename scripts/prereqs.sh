#!/bin/bash
# Installs the Debian packages that the named parts of mynic need on the host.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/prereqs.sh [--list] PART...
# PART: qemu driver guest lint check demo bench arm64

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# packages_of PART: what PART needs beyond Debian's essential packages.
packages_of()
{
	case $1 in
	qemu)
		echo build-essential dpkg-dev ninja-build pkg-config bison flex \
			patch xz-utils python3-minimal python3-venv \
			libglib2.0-dev zlib1g-dev libslirp-dev libcap-ng-dev \
			libattr1-dev libbpf-dev liburing-dev
		;;
	driver)
		echo build-essential
		;;
	guest)
		echo mmdebstrap arch-test debian-archive-keyring uidmap \
			cpio zstd xz-utils squashfs-tools kmod socat iproute2
		;;
	lint)
		echo shellcheck perl python3-minimal
		;;
	check)
		echo build-essential python3-minimal iproute2 jq procps
		;;
	demo)
		echo iproute2 gnuplot-nox iperf3
		;;
	bench)
		echo build-essential iproute2 gnuplot-nox jq linux-perf strace
		;;
	arm64)
		echo libfdt-dev binutils cpio kmod xz-utils
		;;
	*)
		die "unknown part \"$1\"" "known: qemu driver guest lint check demo bench arm64"
		;;
	esac
}

list=
if [ "${1:-}" = --list ]; then
	list=1
	shift
fi
[ $# -gt 0 ] || die "no part named" "usage: scripts/prereqs.sh [--list] PART..."

packages=()
for part in "$@"; do
	words=$(packages_of "$part")
	read -ra more <<<"$words"
	packages+=("${more[@]}")
done
mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)

if [ -n "$list" ]; then
	printf '%s\n' "${packages[@]}"
else
	need_packages "${packages[@]}"
fi
