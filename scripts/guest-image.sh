#!/bin/bash
# Makes what a guest boots from: root image, modules image, initramfs.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/guest-image.sh [--kernel] [7.2|6.12|all|DIR]...
#
# Prints a line with the root image, then for each kernel one with four words:
# release, kernel, initramfs, modules image.  DIR is a kernel
# of your own, laid out like those of scripts/kernel-fetch.sh (vmlinuz and
# lib/modules/RELEASE).  Everything is in the cache, by the hash of what it is
# made from.

. "$(dirname "${BASH_SOURCE[0]}")/debootstrap.sh"

guest=$MYNIC_ROOT/tests/guest

# A Debian without service manager and package manager; python3-yaml is what
# the kernel's selftests want, busybox-static is for tests/guest/run.sh, the rest
# are tools of the tests and of people.
packages=(
	mount busybox-static iproute2 ethtool pciutils pci.ids kmod procps iperf3
	irqbalance numactl
	tcpdump iputils-ping iputils-arping socat ncat nftables bpftool
	xdp-tools python3 python3-yaml strace less netbase ncurses-base
)

# Modules that tests may want: networks, cards to compare with, buses, file
# systems of the guest.  What they depend on comes with them.
seeds='^kernel/(
net/(core|ipv4|ipv6|sched|netfilter|bridge|8021q|802|llc|9p|packet|xfrm|xdp|key
|unix|netlink|psample|mpls|tls|devlink|vmw_vsock|openvswitch|dsa|hsr|mptcp)/
|drivers/net/[^/]*$
|drivers/net/(bonding|team|netdevsim|vmxnet3|vxlan|geneve|ipvlan|macsec|netkit
|ovpn|wireguard)/
|drivers/net/ethernet/intel/(e1000|e1000e|igb|igbvf|igc)/
|drivers/(virtio|vhost|vfio|iommu|pci|ptp|pps|uio|dca)/
|drivers/block/(virtio_blk|loop|null_blk)
|drivers/firmware/qemu_fw_cfg
|drivers/char/hw_random/virtio
|fs/(9p|netfs|overlayfs|squashfs|fuse|configfs)/
|(lib|mm|kernel|crypto)/
|arch/x86/crypto/
)'
seeds=${seeds//$'\n'/}

# In the order in which they have to be loaded.
early_modules='squashfs overlay virtio_blk'

comp=(-comp lz4 -noappend -quiet -no-progress -processors "$MYNIC_JOBS")

make_root_image()
{
	local dir=$1 tmp

	! cache_ready "$dir" || return 0
	need_space "$MYNIC_CACHE" 900 "the guest's root image"
	tmp=$(cache_begin "$dir")
	run_logged guest-root "making the guest's Debian 13 root image" \
		root_image "$tmp/root.img"
	cache_commit "$tmp" "$dir"
}

root_image()
{
	# shellcheck disable=SC2016 # for mmdebstrap's shell
	debootstrap_tar \
		--customize-hook='rm -rf "$1"/usr/lib/modules "$1"/var/cache/apt "$1"/var/lib/apt' \
		--customize-hook='mkdir -p "$1"/usr/lib/modules "$1"/mynic "$1"/results' \
		--customize-hook='echo mynic >"$1"/etc/hostname' \
		--customize-hook='printf "127.0.0.1 localhost mynic\n::1 localhost mynic\n" >"$1"/etc/hosts' \
		--customize-hook='rm -f "$1"/etc/resolv.conf; : >"$1"/etc/resolv.conf' \
		--customize-hook='chroot "$1" passwd -d root' \
		-- "${packages[@]}" |
		mksquashfs - "$1" -tar "${comp[@]}"
}

# Prints those of the modules of DIR (lib/modules/RELEASE) that match SEEDS,
# and all they depend on, dependencies first.
closure()
{
	local dir=$1 seeds=$2

	awk -v seeds="$seeds" '
	function visit(m, i, n, d) {
		if (m in seen)
			return
		seen[m] = 1
		n = split(deps[m], d, " ")
		for (i = n; i > 0; i--)
			visit(d[i])
		print m
	}
	{
		m = substr($1, 1, length($1) - 1)
		$1 = ""
		deps[m] = $0
		if (m ~ seeds)
			wanted[++count] = m
	}
	END {
		for (i = 1; i <= count; i++)
			visit(wanted[i])
	}' "$dir/modules.dep"
}

# copy_module FILE TO: uncompressed, which the guest would spend its time on.
copy_module()
{
	mkdir -p "${2%/*}"
	case $1 in
	*.xz)	xz -dc "$1" >"${2%.xz}" ;;
	*.zst)	zstd -dcq "$1" >"${2%.zst}" ;;
	*.gz)	gzip -dc "$1" >"${2%.gz}" ;;
	*)	cp "$1" "$2" ;;
	esac
}

# modules_image FROM RELEASE TMP: the modules of one kernel.
modules_image()
{
	local from=$1 release=$2 tmp=$3 tree=$3/tree/lib/modules/$2 list m

	[ -e "$from/modules.dep" ] ||
		die "$from has no modules.dep" "run: depmod -b DIR $release"
	list=$(closure "$from" "$seeds")
	for m in $list; do
		copy_module "$from/$m" "$tree/$m"
	done
	for m in builtin builtin.modinfo order; do
		cp "$from/modules.$m" "$tree/"
	done
	depmod -b "$tmp/tree" "$release"
	mksquashfs "$tmp/tree/lib/modules" "$tmp/modules.img" \
		-all-root "${comp[@]}"

	# The few that are wanted before the image can be mounted.
	mkdir "$tmp/early"
	list=$(closure "$tree" "/(${early_modules// /|})\\.ko")
	for m in $list; do
		cp "$tree/$m" "$tmp/early/"
		printf '%s\n' "${m##*/}" >>"$tmp/early/order"
	done
	rm -rf "$tmp/tree"
}

# initramfs MODULES OUT: small and not compressed, QEMU reads it at once.
initramfs()
{
	local modules=$1 tmp=$2.tree

	rm -rf "$tmp"
	mkdir -p "$tmp"/{bin,dev,proc,sys,modules}
	cp "$MYNIC_CACHE/busybox/usr/bin/busybox" "$tmp/bin/"
	cp "$modules"/early/* "$tmp/modules/"
	install -m 755 "$guest/init-early" "$tmp/init"
	install -m 755 "$guest/init" "$tmp/guest-init"
	(cd "$tmp" && find . | cpio -o -H newc -R 0:0 --quiet) >"$2.new"
	rm -rf "$tmp"
	mv "$2.new" "$2"
}

# make_kernel FROM RELEASE MODULES INITRD
make_kernel()
{
	local from=$1 release=$2 modules=$3 initrd=$4 tmp

	if ! cache_ready "$modules"; then
		need_space "$MYNIC_CACHE" 600 "the guest's modules"
		tmp=$(cache_begin "$modules")
		run_logged "guest-modules-$release" \
			"making the modules image for $release" \
			modules_image "$from" "$release" "$tmp"
		cache_commit "$tmp" "$modules"
	fi
	unpack_debs trixie "$MYNIC_CACHE/busybox" busybox-static
	# One for each state of tests/guest/init; another checkout may be
	# starting from its own.
	[ -e "$initrd" ] || initramfs "$modules" "$initrd"
}

# one_kernel 7.2|6.12|DIR: makes it, prints its line.
one_kernel()
{
	local dir=$1 release kernel modules initrd identity

	case $1 in
	7.2 | 6.12)
		dir=$("$MYNIC_ROOT/scripts/kernel-fetch.sh" "$1") || exit
		;;
	esac
	for release in "$dir"/lib/modules/*; do
		release=${release##*/}
	done
	[ -e "$dir/lib/modules/$release/modules.dep" ] ||
		die "$dir has no lib/modules/RELEASE with modules.dep" \
		    "make modules_install INSTALL_MOD_PATH=$dir does it"
	kernel=$dir/vmlinuz
	[ -e "$kernel" ] ||
		die "$dir has no vmlinuz" "arch/x86/boot/bzImage of a built kernel is one"

	identity=$(stat -L -c '%s %Y' "$kernel" "$dir/lib/modules/$release/modules.dep")
	modules=$MYNIC_CACHE/guest-modules-$(hash_of "$release" "$identity" \
		"$seeds" "$early_modules" "${comp[*]:0:2}")
	initrd=$modules/initramfs-$(hash_of "$guest/init" "$guest/init-early")
	if ! cache_ready "$modules" || [ ! -e "$initrd" ]; then
		"$MYNIC_ROOT/scripts/prereqs.sh" guest
		with_lock "${modules##*/}" make_kernel \
			"$dir/lib/modules/$release" "$release" \
			"$modules" "$initrd"
	fi
	printf '%s %s %s %s\n' "$release" "$kernel" "$initrd" \
		"$modules/modules.img"
}

kernels=()
[ "${1:-}" != --kernel ] || shift
for k in "${@:-all}"; do
	case $k in
	all)
		kernels+=(7.2 6.12)
		;;
	7.2 | 6.12)
		kernels+=("$k")
		;;
	*)
		[ -d "$k" ] ||
			die "\"$k\" is neither 7.2 nor 6.12 nor the directory of a kernel" \
			    "the directory of a kernel has vmlinuz and lib/modules/RELEASE"
		kernels+=("$(realpath -- "$k")")
		;;
	esac
done
root=$MYNIC_CACHE/guest-root-$(hash_of "$DEBOOTSTRAP_KEY" "${packages[*]}" \
	"$(declare -f root_image)" "${comp[*]:0:2}")
if ! cache_ready "$root"; then
	debootstrap_prereqs
	with_lock "guest-root" make_root_image "$root"
fi
printf '%s\n' "$root/root.img"
for k in "${kernels[@]}"; do
	one_kernel "$k"
done
