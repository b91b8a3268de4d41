#!/bin/bash
# Installs the Debian packages that the named parts of mynic need on the host.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/prereqs.sh [--list] PART...
#
# PARTs; what runs several names all of theirs at its start, so that a user is
# asked once:
#   qemu      QEMU's build
#   root      Debian systems: the build root, the guest's; what is built in one
#   guest     guests: their images, booting them on a tap
#   driver    the driver for a kernel tree of the user's, KDIR=
#   contract  scripts/check-abi.sh
#   lint      scripts/lint.sh
#   check     scripts/check.sh, and the host's side of the guest tests
#   demo      scripts/demo.sh
#   bench     scripts/bench.sh
#   arm64     the driver on arm64

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
	root)
		echo mmdebstrap arch-test debian-archive-keyring \
			squashfs-tools xz-utils zstd kmod
		[ "$(id -u)" -eq 0 ] || echo uidmap
		;;
	guest)
		packages_of root
		echo cpio socat iproute2
		;;
	driver)
		echo build-essential bc libelf-dev
		;;
	contract)
		echo gcc clang linux-libc-dev libc6-dev python3-docutils
		;;
	lint)
		echo shellcheck perl python3 python3-docutils
		;;
	check)
		echo build-essential python3-minimal iproute2 jq procps \
			iperf3 tcpdump iputils-arping iputils-ping socat
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
		die "unknown part \"$1\"" "known: qemu root guest driver contract lint check demo bench arm64"
		;;
	esac
}

# What a user needs to make Debian systems without root; only root can give it.
need_ids()
{
	local user

	[ "$(id -u)" -ne 0 ] || return 0
	user=$(id -un)
	if ! grep -qs "^$user:" /etc/subuid || ! grep -qs "^$user:" /etc/subgid; then
		die "$user has no subordinate ids, which making a Debian system without root needs" \
		    "run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $user"
	fi
	unshare --user --map-root-user true 2>/dev/null ||
		die "this machine allows no user namespaces, which making a Debian system without root needs" \
		    "run it as root, or see sysctl kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns"
}

list=
if [ "${1:-}" = --list ]; then
	list=1
	shift
fi
[ $# -gt 0 ] || die "no part named" "usage: scripts/prereqs.sh [--list] PART..."

words=$(for part in "$@"; do packages_of "$part"; done)
mapfile -t packages < <(sort -u <<<"${words// /$'\n'}")

if [ -n "$list" ]; then
	printf '%s\n' "${packages[@]}"
	exit
fi
need_packages "${packages[@]}"
[[ " $* " != *\ root\ * && " $* " != *\ guest\ * ]] || need_ids
