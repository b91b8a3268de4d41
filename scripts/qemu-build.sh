#!/bin/bash
# Builds QEMU with our device; result in build/bin and build/share/qemu.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/qemu-build.sh [--arm64]
#
# Source and objects live in the cache, by the hash of QEMU's version, the patch,
# the configuration and the compiler: a new checkout whose QEMU is the same builds
# only the device.  build/qemu is a link to them.  QEMU itself is changed in one
# place, by scripts/qemu-tcg-view.patch, which says why.  Results are
#   build/bin/qemu-system-x86_64   finds its firmware in build/share/qemu
#   build/bin/qos-test             QEMU's device tests with ours among them
# --arm64 builds, from the same source and in a directory beside, nothing but
#   build/bin/qemu-system-aarch64  the machine "virt" with our device, no more

. "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"

patch=$MYNIC_ROOT/scripts/qemu-tcg-view.patch
targets=(qemu-system-x86_64 tests/qtest/qos-test)
configure_flags=(
	--target-list=x86_64-softmmu
	--without-default-features
	--disable-download --disable-install-blobs --disable-docs
	--disable-tools --disable-debug-info
	--enable-tcg --enable-plugins --enable-kvm --enable-slirp
	--enable-attr --enable-cap-ng --enable-virtfs
	--enable-vhost-net --enable-vhost-kernel --enable-vhost-user
	--enable-bpf --enable-linux-io-uring --enable-avx2
	--enable-trace-backends=log
)

arm64_targets=(qemu-system-aarch64)
arm64_flags=(
	--target-list=aarch64-softmmu
	--without-default-features --without-default-devices
	--with-devices-aarch64=mynic
	--disable-download --disable-install-blobs --disable-docs
	--disable-tools --disable-debug-info
	--enable-tcg --enable-fdt=system
	--enable-trace-backends=log
)

# The compilers that QEMU 10.0 was written for find nothing to warn about in
# it; newer ones may, which is no fault of the device.
werror()
{
	local major

	major=$(gcc -dumpversion)
	if [ "${major%%.*}" -le 14 ]; then
		echo --enable-werror
	else
		echo --disable-werror
	fi
}

# The Meson that QEMU asks for is newer than that of the oldest Debian we run
# on: a Python environment with trixie's, in DIR.
prepare_python()
{
	local dir=$1 tmp site

	! cache_ready "$dir" || return 0
	unpack_debs trixie "$dir.debs" meson python3-pycotap
	tmp=$(cache_begin "$dir")
	/usr/bin/python3 -m venv --system-site-packages --without-pip "$tmp"
	site=$("$tmp/bin/python3" -c \
		'import sysconfig; print(sysconfig.get_path("purelib"))')
	cp -R "$dir.debs/usr/lib/python3/dist-packages/." "$site/"
	cache_commit "$tmp" "$dir"
}

# change_source TREE: a version that the patch does not fit is taken as it is.
change_source()
{
	local rc=0

	patch -d "$1" -p1 -fsF0 --dry-run <"$patch" >/dev/null || rc=$?
	case $rc in
	0)	patch -d "$1" -p1 -fsF0 <"$patch" ;;
	1)	say "QEMU differs where scripts/qemu-tcg-view.patch changes it and is built without: see there what guests under TCG may miss" ;;
	*)	die "scripts/qemu-tcg-view.patch cannot be tried: patch ended with status $rc" ;;
	esac
}

prepare_source()
{
	local dir=$1 dsc=$2 tmp

	! cache_ready "$dir" || return 0
	tmp=$(cache_begin "$dir")
	run_logged qemu-unpack "unpacking QEMU's source" \
		dpkg-source --no-check -x "$dsc" "$tmp/qemu"
	change_source "$tmp/qemu"
	cache_commit "$tmp/qemu" "$dir"
	rm -rf -- "$tmp"
}

# configure TREE DIR FLAGS...: makes TREE/DIR.
configure()
{
	local tree=$1 dir=$1/$2
	shift 2

	# Half a configuration is worth nothing, objects without one neither.
	rm -rf "$dir"
	mkdir "$dir"
	cd "$dir"
	../src/configure --python="$tree/python/bin/python3" --cc=gcc "$@"
	touch "$dir/configured"
}

# compile DIR TARGETS...
# Names files of the device as they are called in the checkout.
compile()
{
	local dir=$1
	shift

	ninja -C "$dir" -j "$MYNIC_JOBS" "$@" 2>&1 |
		sed -u -e 's#\.\./src/hw/net/mynic/#qemu-device/#g' \
		    -e 's#\.\./src/\(tests/qtest/.*mynic\)#\1#g'
}

# place FROM TO: TO becomes a copy, in one step, so that a running QEMU keeps
# its file and an interrupted copy is never run.
place()
{
	! cmp -s "$1" "$2" || return 0
	cp "$1" "$2.new"
	mv "$2.new" "$2"
}

# SeaBIOS and option ROMs, which Debian's QEMU source leaves out.  QEMU looks
# for them in ../share/qemu from where it is run.
place_firmware()
{
	local from=$1/usr/share to=$MYNIC_BUILD/share/qemu f

	mkdir -p "$to"
	for f in "$from"/seabios/{bios-256k,bios,vgabios-stdvga}.bin \
		 "$from"/qemu/{kvmvapic,linuxboot,linuxboot_dma}.bin \
		 "$from"/qemu/{multiboot,multiboot_dma,pvh}.bin \
		 "$from"/qemu/efi-{e1000,e1000e,virtio,vmxnet3}.rom; do
		place "$f" "$to/${f##*/}"
	done
}

build()
{
	local dsc=$1 tree=$2 firmware=$MYNIC_CACHE/qemu-firmware t

	prepare_source "$tree/src" "$dsc"
	prepare_python "$tree/python"
	unpack_debs trixie "$firmware" seabios ipxe-qemu qemu-system-data
	"$MYNIC_ROOT/scripts/qemu-overlay.sh" apply "$tree/src"
	if [ ! -e "$tree/build/configured" ]; then
		run_logged qemu-configure "configuring QEMU" \
			configure "$tree" build "${configure_flags[@]}"
	fi
	run_logged qemu-build "building QEMU" \
		compile "$tree/build" "${targets[@]}"

	mkdir -p "$MYNIC_BUILD/bin"
	for t in "${targets[@]}"; do
		place "$tree/build/$t" "$MYNIC_BUILD/bin/${t##*/}"
	done
	place_firmware "$firmware"
	ln -sfn "$tree" "$MYNIC_BUILD/qemu"
}

# The devices of the arm64 machine: what it cannot do without, ports, ours.
arm64_devices()
{
	printf 'CONFIG_%s=y\n' ARM_VIRT PCIE_PORT E1000E_PCI_EXPRESS MYNIC
}

build_arm64()
{
	local dsc=$1 tree=$2 dir t devices

	dir=build-arm64-$(hash_of "${arm64_flags[*]}" "$(arm64_devices)")
	prepare_source "$tree/src" "$dsc"
	prepare_python "$tree/python"
	"$MYNIC_ROOT/scripts/qemu-overlay.sh" apply "$tree/src"
	devices=$tree/src/configs/devices/aarch64-softmmu/mynic.mak
	[ "$(cat "$devices" 2>/dev/null)" = "$(arm64_devices)" ] ||
		arm64_devices >"$devices"
	if [ ! -e "$tree/$dir/configured" ]; then
		run_logged qemu-arm64-configure "configuring QEMU for arm64" \
			configure "$tree" "$dir" "${arm64_flags[@]}"
	fi
	run_logged qemu-arm64-build "building QEMU for arm64" \
		compile "$tree/$dir" "${arm64_targets[@]}"

	mkdir -p "$MYNIC_BUILD/bin"
	for t in "${arm64_targets[@]}"; do
		place "$tree/$dir/$t" "$MYNIC_BUILD/bin/$t"
	done
}

build=build
case ${1:-} in
'')	;;
--arm64) build=build_arm64 ;;
*)	die "\"$1\" is not understood" "usage: scripts/qemu-build.sh [--arm64]" ;;
esac

"$MYNIC_ROOT/scripts/prereqs.sh" qemu
[ "$build" = build ] || "$MYNIC_ROOT/scripts/prereqs.sh" arm64
need_space "$MYNIC_CACHE" 500 "building QEMU"
need_space "$MYNIC_BUILD" 200 "QEMU's programs"
dsc=$("$MYNIC_ROOT/scripts/qemu-source.sh")
configure_flags+=("$(werror)")
arm64_flags+=("$(werror)")
# shellcheck source=/dev/null
system=$(. /etc/os-release && echo "$ID ${VERSION_ID:-}")
version=${dsc##*/qemu_}
version=${version%.dsc}
key=$(hash_of "$version" "$(sed '1,/^--- /d' "$patch")" "${configure_flags[*]}" "$system" \
	"$(gcc -dumpfullversion)")
tree=$MYNIC_CACHE/qemu-${version%%[+-]*}-$key
mkdir -p "$tree"
with_lock "qemu-$key" "$build" "$dsc" "$tree"
