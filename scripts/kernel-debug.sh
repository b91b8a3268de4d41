#!/bin/bash
# Builds the newest kernel with what finds drivers' mistakes; prints its place.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/kernel-debug.sh
#
# From Debian's linux-source package, configured by tests/guest/debug.config:
# lockdep, DMA_API_DEBUG, DEBUG_ATOMIC_SLEEP, DEBUG_NET, fault injection; and by
# what the kernel's own tests of network drivers ask for.  In the cache by release
# and hash of the configuration, laid out like the kernels of
# scripts/kernel-fetch.sh; with two processors 10 minutes, once.

. "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"

series=7.2
suites=trixie-backports
fragment=$MYNIC_ROOT/tests/guest/debug.config

# in_root TREE COMMAND...: COMMAND in the build root, which sees TREE.
in_root()
{
	MYNIC_BIND=$1 "$MYNIC_ROOT/scripts/build-root.sh" exec -- "${@:2}"
}

# unpack DEB TREE: the kernel's source.
unpack()
{
	local tmp=$2.unpack

	rm -rf -- "$tmp"
	mkdir -p -- "$tmp" "$2"
	dpkg-deb --fsys-tarfile "$1" |
		tar -xO --wildcards "./usr/src/linux-source-$series.tar.xz" |
		tar -xJ -C "$2" --strip-components=1
	rm -rf -- "$tmp"
}

configure()
{
	local tree=$1 local_version=$2 wanted

	cat "$tree"/tools/testing/selftests/drivers/net/{,hw/}config \
		>"$tree/kernel/configs/netdev-suite.config"
	cp "$fragment" "$tree/kernel/configs/mynic.config"
	in_root "$tree" make -C "$tree" x86_64_defconfig kvm_guest.config \
		netdev-suite.config mynic.config
	in_root "$tree" "$tree/scripts/config" --file "$tree/.config" \
		--set-str LOCALVERSION "$local_version" \
		--disable LOCALVERSION_AUTO
	in_root "$tree" make -C "$tree" olddefconfig
	# What the tests rely on must have survived the dependencies.
	while IFS= read -r wanted; do
		grep -qxF "$wanted" "$tree/.config" ||
			echo "not possible in this kernel: $wanted"
	done < <(grep -h '^CONFIG_.*=[ym]$' "$fragment" \
		"$tree/kernel/configs/netdev-suite.config")
	for wanted in PROVE_LOCKING DMA_API_DEBUG DEBUG_ATOMIC_SLEEP DEBUG_NET \
		      DEBUG_INFO_BTF; do
		grep -qx "CONFIG_$wanted=y" "$tree/.config" ||
			die "the debug kernel would lack $wanted" \
			    "see tests/guest/debug.config"
	done
}

# install TREE DIR RELEASE: image and modules where guests look for them.
install_kernel()
{
	local tree=$1 dir=$2 release=$3

	cp "$tree/arch/x86/boot/bzImage" "$dir/vmlinuz"
	cp "$tree/System.map" "$dir/System.map"
	cp "$tree/.config" "$dir/config"
	MYNIC_BIND=$dir "$MYNIC_ROOT/scripts/build-root.sh" exec -- \
		make -C "$tree" -s modules_install INSTALL_MOD_PATH="$dir" \
		INSTALL_MOD_STRIP=1
	rm -f "$dir/lib/modules/$release/build" \
		"$dir/lib/modules/$release/source"
}

# build DEB DIR RELEASE
build()
{
	local deb=$1 dir=$2 release=$3 tmp tree

	! cache_ready "$dir" || return 0
	need_space "$MYNIC_CACHE" 9000 "the debug kernel"
	tmp=$(cache_begin "$dir" resume)
	tree=$tmp/usr/src/linux-headers-$release
	if [ ! -e "$tmp/unpacked" ]; then
		run_logged kernel-debug-unpack "unpacking the kernel's source" \
			unpack "$deb" "$tree"
		: >"$tmp/unpacked"
	fi
	run_logged kernel-debug-configure "configuring the debug kernel" \
		configure "$tree" "-${release#*-}"
	run_logged kernel-debug-build \
		"building the debug kernel (10 minutes, once)" \
		in_root "$tree" make -C "$tree" -j "$MYNIC_JOBS" bzImage modules
	run_logged kernel-debug-install "installing the debug kernel" \
		install_kernel "$tree" "$tmp" "$release"
	# What stays is what modules are built against.
	find "$tree" \( -name '*.o' -o -name '*.a' -o -name '*.c' -o \
		-name '*.ko' -o -name 'vmlinux*' \) -type f \
		! -path '*/scripts/*' ! -path '*/tools/*' -delete
	rm -rf "${tree:?}/Documentation"
	cache_commit "$tmp" "$dir"
}

[ $# -eq 0 ] || die "\"$1\" is not understood" "usage: scripts/kernel-debug.sh"

key=$(hash_of "$fragment")
link=$MYNIC_CACHE/kernels/debug-$key
if [ ! -d "$link/." ]; then
	debs=$MYNIC_CACHE/kernel-source-$series
	if [ -z "$(ls "$debs"/linux-source-*.deb 2>/dev/null)" ]; then
		run_logged kernel-debug-download "downloading the kernel's source" \
			fetch_deb "$suites" "linux-source-$series" "$debs"
	fi
	deb=$(printf '%s\n' "$debs"/linux-source-*.deb | sort -V | tail -n 1)
	version=$(dpkg-deb -f "$deb" Version)
	release=${version%%-*}-mynicdebug-${key:0:6}
	"$MYNIC_ROOT/scripts/build-root.sh" >/dev/null
	with_lock kernel-debug build "$deb" "$MYNIC_CACHE/kernel-$release" \
		"$release"
	mkdir -p "$MYNIC_CACHE/kernels"
	ln -sfn "../kernel-$release" "$link"
fi
readlink -f "$link"
