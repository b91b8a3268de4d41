#!/bin/bash
# Builds what the guest tests have of their own in C, into build/guest-tools.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/guest-tools.sh
#
# Each tests/guest/NAME.c becomes a program NAME, made in the build root, whose
# C library is the guest's.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

out=$MYNIC_BUILD/guest-tools
mkdir -p "$out"
for source in "$MYNIC_ROOT"/tests/guest/*.c; do
	program=$out/$(basename "$source" .c)
	[ "$source" -nt "$program" ] || continue
	run_logged "guest-tool-${program##*/}" "building ${program##*/}" \
		"$MYNIC_ROOT/scripts/build-root.sh" exec -- \
		gcc -O2 -Wall -Wextra -Werror -o "$program.$$" "$source"
	# Two parts of make check may make it at the same time.
	mv "$program.$$" "$program"
done
