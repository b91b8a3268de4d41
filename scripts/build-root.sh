#!/bin/bash
# Makes a Debian root in which what the guest runs is built, and runs
# commands in it.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/build-root.sh [--suite]                   makes it; prints its place
#        scripts/build-root.sh [--suite] exec -- COMMAND   runs COMMAND in it
#
# It is Debian 13; with --suite the next Debian, with what the kernel's own tests
# want (scripts/netdev-image.sh).
#
# COMMAND sees the checkout at its usual place, read-only but for build/; the
# current directory is kept when it is below the checkout.  The headers of
# every kernel in the cache are at /usr/src/linux-headers-RELEASE; MYNIC_BIND=DIR
# adds a directory at its own place.  All mounts are in a namespace of COMMAND's
# own and end with it.

suite=
if [ "${1:-}" = --suite ]; then
	suite=$1
	DEBOOTSTRAP_SUITES=forky
	shift
fi
. "$(dirname "${BASH_SOURCE[0]}")/debootstrap.sh"

# pahole and the libraries are what Debian's kbuild packages depend on, which
# are mounted, not installed.
packages=(
	gcc-14 gcc libc6-dev make bc bison flex cpio kmod rsync xz-utils zstd
	libelf-dev libssl-dev zlib1g-dev pahole
	sparse perl python3-minimal python3-yaml
)
# Programs of BPF and io_uring want the newest compiler and library.
[ -z "$suite" ] || packages=(
	gcc libc6-dev make clang llvm bison flex rsync xz-utils
	libelf-dev zlib1g-dev liburing-dev libmnl-dev pkg-config
	python3-minimal python3-yaml python3-jsonschema
)
key=$(hash_of "$DEBOOTSTRAP_KEY" "${packages[*]}")
root=$MYNIC_CACHE/build-root-$key

make_root()
{
	local tmp

	! cache_ready "$root" || return 0
	need_space "$MYNIC_CACHE" 1200 "the build root"
	tmp=$(cache_begin "$root")
	run_logged "build-root$suite" \
		"making the build root of Debian ${DEBOOTSTRAP_SUITES%%,*}" \
		debootstrap_into_dir "$tmp" "${packages[@]}"
	cache_commit "$tmp" "$root"
}

# bind FROM TO: FROM is seen at TO too.
bind()
{
	if [ -d "$1" ]; then
		mkdir -p -- "$2"
	else
		mkdir -p -- "${2%/*}"
		[ -e "$2" ] || : >"$2"
	fi
	mount --rbind -- "$1" "$2"
}

# In the namespace: mounts, then COMMAND.
inside()
{
	local kernel dir

	mount --make-rprivate /
	mount --rbind /proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs -o mode=1777 tmp "$root/tmp"
	for kernel in "$MYNIC_CACHE"/kernel-*; do
		[[ $kernel != *.part ]] || continue
		for dir in "$kernel"/usr/src/* "$kernel"/usr/lib/linux-kbuild-*; do
			if [ -d "$dir" ] && [ ! -L "$dir" ]; then
				bind "$dir" "$root${dir#"$kernel"}"
			fi
		done
	done
	mkdir -p "$MYNIC_BUILD"
	bind "$MYNIC_ROOT" "$root$MYNIC_ROOT"
	[ -z "${MYNIC_BIND:-}" ] || bind "$MYNIC_BIND" "$root$MYNIC_BIND"
	# Refused by some user namespaces; it guards, nothing depends on it.
	mount -o remount,bind,ro "$root$MYNIC_ROOT" 2>/dev/null || :
	mount --bind "$MYNIC_BUILD" "$root$MYNIC_BUILD"

	dir=/
	[[ $PWD/ != "$MYNIC_ROOT"/* ]] || dir=$PWD
	unset TMPDIR BASH_ENV ENV
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	export HOME=/tmp
	# shellcheck disable=SC2016 # for the shell inside
	exec chroot "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$dir" "$@"
}

case ${1:-} in
'')
	debootstrap_prereqs
	with_lock "build-root-$key" make_root
	printf '%s\n' "$root"
	;;
exec)
	[[ ${2:-} == -- && $# -gt 2 ]] ||
		die "no command to run" "usage: scripts/build-root.sh exec -- COMMAND"
	shift 2
	if ! cache_ready "$root"; then
		debootstrap_prereqs
		with_lock "build-root-$key" make_root
	fi
	ns=(unshare --mount)
	[ "$(id -u)" -eq 0 ] || ns=(unshare --user --map-root-user --mount)
	reason=$("${ns[@]}" true 2>&1) ||
		die "this machine refuses a private mount namespace: $reason" \
		    "run it as root, and in a container with --cap-add SYS_ADMIN"
	exec "${ns[@]}" "${BASH_SOURCE[0]}" ${suite:+"$suite"} --inside "$@"
	;;
--inside)
	shift
	inside "$@"
	;;
*)
	die "\"$1\" is not understood" \
	    "usage: scripts/build-root.sh [--suite] [exec -- COMMAND]"
	;;
esac
