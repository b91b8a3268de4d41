#!/bin/bash
# Makes the root image with the kernel's own tests of network drivers.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/netdev-image.sh
#
# Prints the image, for scripts/vm-run.sh --root.  The tests are those of
# tools/testing/selftests/drivers/net and drivers/net/hw in Debian's linux-source
# package, as they are, built in the root of scripts/build-root.sh --suite; they
# are in /ksft, and beside them is what they ask for, of the next Debian: the
# newest ethtool, iproute2, bpftrace.  In the cache by what it is made from.

DEBOOTSTRAP_SUITES=forky
. "$(dirname "${BASH_SOURCE[0]}")/debootstrap.sh"

series=7.2
suites=trixie-backports
targets='drivers/net drivers/net/hw'

# Like those of scripts/guest-image.sh, and what the tests look for by name; one
# reads the names of link modes in a header.
packages=(
	mount busybox-static iproute2 ethtool pciutils kmod procps psmisc iperf3
	tcpdump iputils-ping iputils-arping iputils-tracepath socat ncat nftables
	bpftool bpftrace netsniff-ng xdp-tools jq file
	python3 python3-yaml python3-jsonschema liburing2 libmnl0 libelf1t64
	strace netbase ncurses-base util-linux gawk
	linux-libc-dev
)

# in_root TREE COMMAND...: COMMAND in the build root, which sees TREE.
in_root()
{
	MYNIC_BIND=$1 "$MYNIC_ROOT/scripts/build-root.sh" --suite exec -- "${@:2}"
}

unpack()
{
	dpkg-deb --fsys-tarfile "$1" |
		tar -xO --wildcards "./usr/src/linux-source-$series.tar.xz" |
		tar -xJ -C "$2" --strip-components=1
}

# The Makefiles want bash; gcc of today leaves out libraries that are named
# before what uses them.
build_suite()
{
	local tree=$1/linux

	in_root "$1" make -C "$tree" -s headers
	in_root "$1" make -C "$tree/tools/testing/selftests" -j "$MYNIC_JOBS" \
		SHELL=/bin/bash CC="gcc -Wl,--no-as-needed" FORCE_TARGETS=1 \
		TARGETS="$targets" INSTALL_PATH="$1/ksft" install
}

# suite DEB DIR: DIR/ksft is what "make install" of the tests leaves.
suite()
{
	local deb=$1 dir=$2 tmp

	! cache_ready "$dir" || return 0
	need_space "$MYNIC_CACHE" 3000 "the kernel's own tests"
	tmp=$(cache_begin "$dir")
	mkdir "$tmp/linux"
	run_logged netdev-unpack "unpacking the kernel's source" \
		unpack "$deb" "$tmp/linux"
	run_logged netdev-build "building the kernel's own tests of drivers" \
		build_suite "$tmp"
	rm -rf "${tmp:?}/linux"
	cache_commit "$tmp" "$dir"
}

root_image()
{
	# shellcheck disable=SC2016 # for mmdebstrap's shell
	debootstrap_tar \
		--customize-hook="copy-in '$1/ksft' /" \
		--customize-hook='rm -rf "$1"/usr/lib/modules "$1"/var/cache/apt "$1"/var/lib/apt' \
		--customize-hook='mkdir -p "$1"/usr/lib/modules "$1"/mynic "$1"/results' \
		--customize-hook='echo mynic >"$1"/etc/hostname' \
		--customize-hook='printf "127.0.0.1 localhost mynic\n::1 localhost mynic\n" >"$1"/etc/hosts' \
		--customize-hook='rm -f "$1"/etc/resolv.conf; : >"$1"/etc/resolv.conf' \
		-- "${packages[@]}" |
		mksquashfs - "$2" -tar -comp lz4 -noappend -quiet -no-progress \
			-processors "$MYNIC_JOBS"
}

make_image()
{
	local dir=$2 tmp

	! cache_ready "$dir" || return 0
	need_space "$MYNIC_CACHE" 1500 "the root image for the kernel's own tests"
	tmp=$(cache_begin "$dir")
	run_logged netdev-image "making the root image for the kernel's own tests" \
		root_image "$1" "$tmp/root.img"
	cache_commit "$tmp" "$dir"
}

[ $# -eq 0 ] || die "\"$1\" is not understood" "usage: scripts/netdev-image.sh"
debs=$MYNIC_CACHE/kernel-source-$series
if [ -z "$(ls "$debs"/linux-source-*.deb 2>/dev/null)" ]; then
	debootstrap_prereqs
	run_logged netdev-download "downloading the kernel's source" \
		fetch_deb "$suites" "linux-source-$series" "$debs"
fi
deb=$(printf '%s\n' "$debs"/linux-source-*.deb | sort -V | tail -n 1)
tests=$MYNIC_CACHE/netdev-suite-$(hash_of "${deb##*/}" "$targets" \
	"$(declare -f build_suite)")
image=$MYNIC_CACHE/netdev-root-$(hash_of "$DEBOOTSTRAP_KEY" "${packages[*]}" \
	"${tests##*/}" "$(declare -f root_image)")
if ! cache_ready "$image"; then
	debootstrap_prereqs
	"$MYNIC_ROOT/scripts/build-root.sh" --suite >/dev/null
	with_lock netdev-suite suite "$deb" "$tests"
	with_lock netdev-root make_image "$tests" "$image"
fi
printf '%s\n' "$image/root.img"
