#!/bin/bash
# Lays our device and its qtest over a QEMU source tree, or takes them out.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/qemu-overlay.sh apply|unapply QEMU_SOURCE_TREE
#
#   qemu-device/*                     -> hw/net/mynic/
#   include/mynic_abi.h               -> include/
#   tests/qtest/mynic-*.[ch]          -> tests/qtest/
#   tests/qtest/libqos/mynic*.[ch]    -> tests/qtest/libqos/
#
# and one line in each of the parents' build files.  Every such line contains
# "mynic", no line of QEMU does: that is how they are found again.  Files are
# written only when their content differs, so applying again after an edit
# makes ninja build what was edited and nothing else.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Our side; tests point this elsewhere.
OVERLAY_FROM=${OVERLAY_FROM:-$MYNIC_ROOT}

edited=(meson.build hw/net/meson.build hw/net/Kconfig
	tests/qtest/meson.build tests/qtest/libqos/meson.build)

check_tree()
{
	local f

	[ -d "$1" ] || die "$1 is not a directory"
	for f in VERSION "${edited[@]}"; do
		[ -f "$1/$f" ] ||
			die "$1 is not a QEMU source tree: it has no $f" \
			    "give the directory that scripts/qemu-build.sh prepared, build/qemu/src"
	done
}

# install_text FILE: standard input becomes FILE, unless it already is.
install_text()
{
	local new=$1.mynic-new

	cat >"$new"
	if cmp -s "$new" "$1"; then
		rm -f "$new"
	else
		mv "$new" "$1"
	fi
}

# The text of TREE/FILE without our lines.
pristine()
{
	sed '/mynic/d' "$1/$2"
}

# insert_before PATTERN LINE: copies standard input with LINE before the first
# line that matches; fails when none does.
insert_before()
{
	pat=$1 line=$2 awk '
		!done && $0 ~ ENVIRON["pat"] { print ENVIRON["line"]; done = 1 }
		{ print }
		END { exit !done }'
}

# Names of FILES... as a Meson list, none when there are none.
meson_list()
{
	local f out=''

	for f in "$@"; do
		[ ! -f "$f" ] || out+="${out:+, }'${f##*/}'"
	done
	printf '%s' "$out"
}

# wanted TREE FILE: FILE of the tree as it is to be with our lines.
wanted()
{
	local tree=$1 file=$2 from=$OVERLAY_FROM list

	case $file in
	meson.build)
		if [ -f "$from/qemu-device/trace-events" ]; then
			pristine "$tree" "$file" |
				insert_before "^    'hw/nubus',$" \
					"    'hw/net/mynic',"
			return
		fi
		;;
	hw/net/meson.build)
		if [ -f "$from/qemu-device/meson.build" ]; then
			pristine "$tree" "$file"
			echo "subdir('mynic')"
			return
		fi
		;;
	hw/net/Kconfig)
		if [ -f "$from/qemu-device/Kconfig" ]; then
			pristine "$tree" "$file"
			echo "source mynic/Kconfig"
			return
		fi
		;;
	tests/qtest/meson.build)
		list=$(meson_list "$from"/tests/qtest/mynic-*.c)
		if [ -n "$list" ]; then
			pristine "$tree" "$file" |
				insert_before '^tpmemu_files = ' \
					"qos_test_ss.add(files($list))"
			return
		fi
		;;
	tests/qtest/libqos/meson.build)
		list=$(meson_list "$from"/tests/qtest/libqos/mynic*.c)
		if [ -n "$list" ]; then
			pristine "$tree" "$file" |
				insert_before '^if have_virtfs$' \
					"libqos_srcs += files($list)"
			return
		fi
		;;
	esac
	pristine "$tree" "$file"
}

# Prints "SOURCE<TAB>PLACE" for each file that we bring along.
our_files()
{
	local from=$OVERLAY_FROM f

	if [ -d "$from/qemu-device" ]; then
		(cd "$from/qemu-device" &&
			find . -type f ! -name '.*' ! -name '*.md' ! -name '*~' \
				-printf '%P\n') | sort |
			while IFS= read -r f; do
				printf '%s\t%s\n' "$from/qemu-device/$f" \
					"hw/net/mynic/$f"
			done
	fi
	f=$from/include/mynic_abi.h
	[ ! -f "$f" ] || printf '%s\tinclude/mynic_abi.h\n' "$f"
	for f in "$from"/tests/qtest/mynic-*.[ch]; do
		[ ! -f "$f" ] || printf '%s\ttests/qtest/%s\n' "$f" "${f##*/}"
	done
	for f in "$from"/tests/qtest/libqos/mynic*.[ch]; do
		[ ! -f "$f" ] ||
			printf '%s\ttests/qtest/libqos/%s\n' "$f" "${f##*/}"
	done
}

# Prints the files of ours that are in TREE now.
placed_files()
{
	(cd "$1" && find hw/net/mynic include/mynic_abi.h \
		tests/qtest -path tests/qtest/fuzz -prune -o \
		\( -path 'hw/net/mynic/*' -o -path include/mynic_abi.h -o \
		   -path 'tests/qtest/mynic-*' -o \
		   -path 'tests/qtest/libqos/mynic*' \) -type f -print \
		2>/dev/null) || :
}

apply()
{
	local tree=$1 file src dst list new

	# All of the new texts first: a tree that does not fit is left as it is.
	new=$(mktemp -d)
	# shellcheck disable=SC2064 # the name of now is meant
	trap "rm -rf '$new'" EXIT
	for file in "${edited[@]}"; do
		wanted "$tree" "$file" >"$new/${file//\//_}" ||
			die "$tree/$file has no place for our line" \
			    "this QEMU differs from the 10.0 series that scripts/qemu-overlay.sh knows"
	done
	list=$(our_files)
	while IFS=$'\t' read -r src dst; do
		[ -n "$src" ] || continue
		mkdir -p "$tree/${dst%/*}"
		install_text "$tree/$dst" <"$src"
	done <<<"$list"
	for file in "${edited[@]}"; do
		install_text "$tree/$file" <"$new/${file//\//_}"
	done
	# What we no longer have goes, after nothing refers to it.
	while IFS= read -r dst; do
		[ -n "$dst" ] || continue
		grep -qxF "$dst" <(cut -f 2 <<<"$list") || rm -f "$tree/${dst:?}"
	done < <(placed_files "$tree")
}

unapply()
{
	local tree=$1 file dst

	for file in "${edited[@]}"; do
		pristine "$tree" "$file" | install_text "$tree/$file"
	done
	while IFS= read -r dst; do
		[ -z "$dst" ] || rm -f "$tree/${dst:?}"
	done < <(placed_files "$tree")
	rm -rf "$tree/hw/net/mynic"
}

[ $# -eq 2 ] || die "two arguments are needed" \
	"usage: scripts/qemu-overlay.sh apply|unapply QEMU_SOURCE_TREE"
case $1 in
apply | unapply)
	check_tree "$2"
	"$1" "$2"
	;;
*)
	die "\"$1\" is not understood" \
	    "usage: scripts/qemu-overlay.sh apply|unapply QEMU_SOURCE_TREE"
	;;
esac
