#!/bin/bash
# Makes the initramfs of the arm64 guest: tools, modules, driver, tests.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/arm64-guest.sh arm64|arm64-16k MODULE
#
# Prints its name.  Debian's packages are unpacked and none of their scripts is
# run, so nothing of arm64 runs on this machine.  MODULE is the driver.

. "$(dirname "${BASH_SOURCE[0]}")/arm64-apt.sh"

usage='usage: scripts/arm64-guest.sh arm64|arm64-16k MODULE'
tests=$MYNIC_ROOT/tests/arm64
packages=(bash busybox-static iproute2 ethtool iperf3 iputils-ping
	pciutils socat)
# What they depend on to be configured, or only their maintainer scripts do.
unwanted='adduser|base-passwd|debconf|init-system-helpers|libaudit-common
|libdebconfclient0|libpam.*|libsemanage.*|libtirpc-common|login.defs|passwd
|pci.ids|gcc-14-base|base-files|debianutils'
unwanted=${unwanted//$'\n'/}

# The root of the guest as an archive, uncompressed: QEMU reads it at once.
pack()
{
	(cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet)
}

base_tree()
{
	local to=$1 d wanted

	mkdir -p "$to"/{dev,proc,sys,run,tmp,root,etc,var} "$to"/usr/{bin,sbin,lib}
	for d in bin sbin lib; do
		ln -s "usr/$d" "$to/$d"
	done
	ln -s ../run "$to/var/run"
	echo "root:x:0:0:root:/root:/bin/sh" >"$to/etc/passwd"
	echo "root:x:0:" >"$to/etc/group"
	wanted=$(arm64_closure trixie "${packages[@]}" | grep -vxE "$unwanted")
	# shellcheck disable=SC2086 # names of packages are words
	arm64_unpack trixie "$to" $wanted
	rm -rf "${to:?}"/usr/{share,lib/systemd,lib/*/gconv,lib/*/perl}
}

make_base()
{
	local dir=$1 tmp

	! cache_ready "$dir" || return 0
	need_space "$MYNIC_CACHE" 300 "the arm64 guest"
	tmp=$(cache_begin "$dir")
	run_logged arm64-guest "downloading the arm64 guest's programs" \
		base_tree "$tmp/tree"
	pack "$tmp/tree" >"$tmp/base.cpio"
	rm -rf "$tmp/tree"
	cache_commit "$tmp" "$dir"
}

# Prints FROM's modules that MODULE needs, in the order of loading.
dependencies()
{
	local from=$1 release=$2 module=$3 name

	for name in $(modinfo -F depends "$module" | tr ',' ' '); do
		modprobe --show-depends -d "$from" -S "$release" "$name"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# What changes with the checkout, as a second archive.
own_tree()
{
	local to=$1 from=$2 release=$3 module=$4 m name

	mkdir -p "$to"/modules "$to"/tests/{arm64,guest}
	for m in $(dependencies "$from" "$release" "$module"); do
		name=${m##*/}
		case $name in
		*.xz)	xz -dc "$m" >"$to/modules/${name%.xz}" ;;
		*)	cp "$m" "$to/modules/" ;;
		esac
		printf '%s\n' "${name%.xz}" >>"$to/modules/order"
	done
	echo mynic.ko >>"$to/modules/order"
	cp "$module" "$to/modules/mynic.ko"
	install -m 755 "$tests/init" "$to/init"
	cp "$tests"/*.sh "$to/tests/arm64/"
	cp "$MYNIC_ROOT"/tests/guest/*.sh "$to/tests/guest/"
}

flavour=${1:-}
module=${2:-}
[ -e "$module" ] || die "there is no module \"$module\"" "$usage"
from=$("$MYNIC_ROOT/scripts/arm64-kernel.sh" "$flavour")
release=${from##*/kernel-}
"$MYNIC_ROOT/scripts/prereqs.sh" arm64

base=$MYNIC_CACHE/arm64-guest-$(hash_of "${packages[*]}" "$unwanted" \
	"$(declare -f base_tree)")
cache_ready "$base" || with_lock arm64-guest make_base "$base"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
own_tree "$tmp/own" "$from" "$release" "$module"
image=$MYNIC_BUILD/arm64/initramfs-$release
mkdir -p "${image%/*}"
{
	cat "$base/base.cpio"
	pack "$tmp/own"
} >"$image.new"
mv "$image.new" "$image"
printf '%s\n' "$image"
