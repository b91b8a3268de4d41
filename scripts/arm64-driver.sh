#!/bin/bash
# Builds the driver for an arm64 kernel; build/modules/KERNEL_RELEASE/mynic.ko.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/arm64-driver.sh arm64|arm64-16k [VARIABLE=VALUE]...
#
# Prints the module.  As scripts/driver-build.sh does, in the same build root,
# with a compiler for arm64; VARIABLEs go to kbuild.
# MYNIC_DRIVER=DIR below the checkout builds another module called mynic, into
# MYNIC_MODULES=DIR.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

source_dir=$(realpath -- "${MYNIC_DRIVER:-$MYNIC_ROOT/driver}")
modules_dir=${MYNIC_MODULES:-$MYNIC_BUILD/modules}
# Where the build root sees it; see scripts/arm64-kernel.sh.
cross=/usr/src/cross-arm64/usr

dir=$("$MYNIC_ROOT/scripts/arm64-kernel.sh" "${1:-}")
shift
release=${dir##*/kernel-}

compile()
{
	# The names of the tools are in the headers' own settings.
	"$MYNIC_ROOT/scripts/build-root.sh" exec -- \
		env LD_LIBRARY_PATH="$cross/lib/x86_64-linux-gnu" \
		PATH="$cross/bin:/usr/bin" \
		make -j "$MYNIC_JOBS" --no-print-directory \
		-C "/usr/src/linux-headers-$release" ARCH=arm64 \
		M="$1/driver" "${@:2}" modules
}

out=$modules_dir/$release
mkdir -p "$out/obj/driver"
ln -sfn "$MYNIC_ROOT/include" "$out/obj/include"
for f in "$source_dir"/*.[chS] "$source_dir"/Kbuild "$source_dir"/Makefile; do
	[ ! -e "$f" ] || ln -sfn "$f" "$out/obj/driver/${f##*/}"
done
find "$out/obj/driver" -maxdepth 1 -xtype l -delete
"$MYNIC_ROOT/scripts/build-root.sh" >/dev/null
run_logged "driver-$release" "building the driver for $release" \
	compile "$out/obj" "$@"
grep -aE 'warning:' -A 4 "$MYNIC_LOG/driver-$release.log" >&2 || :
if ! cmp -s "$out/obj/driver/mynic.ko" "$out/mynic.ko"; then
	cp "$out/obj/driver/mynic.ko" "$out/mynic.ko.new"
	mv "$out/mynic.ko.new" "$out/mynic.ko"
fi
printf '%s\n' "$out/mynic.ko"
