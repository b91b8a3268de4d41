#!/bin/bash
# Builds the guest tests' own kernel module, and prints its file.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/guest-module.sh [7.2|debug]
#
# tests/guest/rx-restart, in the build root, as scripts/driver-build.sh builds
# the driver; 6.12 does not let modules restart queues.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-7.2} in
7.2)
	dir=$("$MYNIC_ROOT/scripts/kernel-fetch.sh" 7.2)
	;;
debug)
	dir=$("$MYNIC_ROOT/scripts/kernel-debug.sh")
	;;
*)
	die "there is no module for tests on \"$1\"" "use 7.2 or debug"
	;;
esac
release=${dir##*/kernel-}
obj=$MYNIC_BUILD/rx-restart/$release

"$MYNIC_ROOT/scripts/build-root.sh" >/dev/null
mkdir -p "$obj"
exec {lock}>"$obj/lock"
flock "$lock"
for f in "$MYNIC_ROOT"/tests/guest/rx-restart/*; do
	ln -sfn "$f" "$obj/${f##*/}"
done
run_logged "guest-module-$release" "building the tests' module for $release" \
	"$MYNIC_ROOT/scripts/build-root.sh" exec -- \
	make --no-print-directory -C "/usr/src/linux-headers-$release" \
	M="$obj" W=1 modules
printf '%s\n' "$obj/rx-restart.ko"
