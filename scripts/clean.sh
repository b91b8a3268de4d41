#!/bin/bash
# Removes build/, with --cache also the cache.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/clean.sh [--cache]

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# remove DIR: nothing outside DIR goes, even with something mounted below.
remove()
{
	[ -e "$1" ] || return 0
	say "removing $1 ($(du -shx "$1" 2>/dev/null | cut -f 1))"
	rm -rf --one-file-system -- "$1"
}

case "${1:-}" in
'')
	remove "$MYNIC_BUILD"
	;;
--cache)
	[ ! -e "$MYNIC_CACHE" ] || cache_is_ours ||
		die "$MYNIC_CACHE was not made by mynic: it has no CACHEDIR.TAG that says so" \
		    "remove by hand what you no longer want there"
	remove "$MYNIC_BUILD"
	remove "$MYNIC_CACHE"
	;;
*)
	die "\"$1\" is not understood" "usage: scripts/clean.sh [--cache]"
	;;
esac
