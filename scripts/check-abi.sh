#!/bin/bash
# Checks that the contract is stated once and that everybody keeps to it.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/check-abi.sh [WORD]...
#
# With WORDs only the checks whose name contains one of them.  Prints KTAP and
# a closing line.  That the header compiles as kernel and as QEMU code shows
# in their builds.  The last checks break each of the others' subjects in a
# copy, by tests/abi/mutants.sh, and expect them to fail.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$MYNIC_ROOT/scripts/ktap.sh"

# The mutants are copies of the checkout.
ABI_ROOT=${ABI_ROOT:-$MYNIC_ROOT}
export ABI_ROOT
header=$ABI_ROOT/include/mynic_abi.h
spec=$ABI_ROOT/docs/specs/mynic.rst

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# compile CC MODEL FILE: FILE compiles without a warning.  The kernel's types
# are looked for behind all else: -m32 finds them in the 64-bit machine's
# directory, so no second libc is needed.
compile()
{
	"$1" "$2" -std=gnu11 -I "$ABI_ROOT/include" \
		-idirafter "/usr/include/$(gcc -print-multiarch)" \
		-Wall -Wextra -Wpadded -Wpedantic -Werror \
		-x c -c -o "$tmp/object.o" "$3"
}

# Each structure is laid out alike whoever compiles it.
same_layout()
{
	"$MYNIC_ROOT/scripts/gen-abi.sh" --asserts >"$tmp/asserts.c"
	grep -q '^_Static_assert' "$tmp/asserts.c"
	compile "$1" "$2" "$tmp/asserts.c"
}

tables_current()
{
	"$MYNIC_ROOT/scripts/gen-abi.sh" --stdout >"$tmp/spec.rst"
	if ! diff -u "$spec" "$tmp/spec.rst"; then
		echo "run scripts/gen-abi.sh and commit docs/specs/mynic.rst"
		return 1
	fi
}

renders()
{
	rst2html --report=2 --halt=2 --no-raw --no-generator \
		"$spec" "$tmp/spec.html"
}

# Files that could restate numbers.
others()
{
	find "$ABI_ROOT"/{driver,qemu-device,tests,scripts} \
		-path "$ABI_ROOT/tests/abi" -prune -o \
		-type f ! -name '*.mod.c' \
		\( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' \) -print
}

not_restated()
{
	"$MYNIC_ROOT/scripts/gen-abi.sh" --values >"$tmp/values"
	others | sort >"$tmp/files"
	for dir in driver qemu-device; do
		grep -q "^$ABI_ROOT/$dir/.*\.c$" "$tmp/files" ||
			{ echo "no C files in $dir"; return 1; }
	done
	xargs -d '\n' awk -f "$MYNIC_ROOT/tests/abi/restated.awk" \
		"$tmp/values" <"$tmp/files"
}

# names PREFIX...: names in the header that start so.
names()
{
	"$MYNIC_ROOT/scripts/gen-abi.sh" --values >"$tmp/values"
	local p
	for p in "$@"; do
		grep -oE "^${p}[A-Z0-9_]+" "$tmp/values" ||
			{ echo "the header has no $p"; return 1; }
	done
}

# code PLACE: its C without comments.
code()
{
	find "$ABI_ROOT/$1" -maxdepth 1 -name '*.[ch]' ! -name '*.mod.c' \
		-exec gcc -fpreprocessed -dD -E -P -w {} \;
}

# prose: the specification without what is generated, so that being in a
# table is not enough to count as described.
prose()
{
	sed '/^\.\. begin-generated/,/^\.\. end-generated/d' "$spec"
}

# all_in NAMES TEXT WHERE [STRIP]: each of NAMES is a word of TEXT, without
# the prefix STRIP.
all_in()
{
	local name bad=0

	while IFS= read -r name; do
		grep -qw -- "${name#"${4:-}"}" "$2" && continue
		echo "$name is not $3"
		bad=1
	done <"$1"
	return "$bad"
}

status_in_driver()
{
	names MYNIC_OK MYNIC_ERR_ >"$tmp/names" || names MYNIC_ERR_ >"$tmp/names"
	# Only what is an index of the table counts.
	code driver | grep -oE '\[MYNIC_[A-Z_]+\][ \t]*=[ \t]*-?[A-Z0-9]+' \
		>"$tmp/text" || :
	all_in "$tmp/names" "$tmp/text" "mapped to an errno by the driver"
}

status_in_device()
{
	# Nothing that this device allocates can run out.
	names MYNIC_ERR_ | grep -vx MYNIC_ERR_INTERNAL >"$tmp/names"
	code qemu-device >"$tmp/text"
	all_in "$tmp/names" "$tmp/text" "returned by the device"
}

status_in_spec()
{
	names MYNIC_ERR_ >"$tmp/names"
	prose >"$tmp/text"
	all_in "$tmp/names" "$tmp/text" "explained by the specification" MYNIC_
}

opcodes_in_device()
{
	names MYNIC_ADMIN_ | grep -vE '_(MAX|MASK)$' >"$tmp/names"
	code qemu-device >"$tmp/text"
	all_in "$tmp/names" "$tmp/text" "known to the device"
}

opcodes_in_spec()
{
	names MYNIC_ADMIN_ | grep -vE '_(MAX|MASK)$' >"$tmp/names"
	prose >"$tmp/text"
	all_in "$tmp/names" "$tmp/text" "explained by the specification" \
		MYNIC_ADMIN_
}

registers_in_device()
{
	names MYNIC_REG_ MYNIC_DB_ >"$tmp/names"
	# The table of registers has macros that put the prefix in front.
	code qemu-device |
		sed -E 's/MYNIC_REG(_[A-Z]+)?\(([A-Z_]+)/MYNIC_REG_\2 /g' \
			>"$tmp/text"
	all_in "$tmp/names" "$tmp/text" "known to the device"
}

# Features above bit 31 are not offered yet: the device must not know them.
offered()
{
	"$MYNIC_ROOT/scripts/gen-abi.sh" --values |
		awk -v want="$1" '/^MYNIC_F_/ {
			if ((length($2) <= 10) == (want == "offered"))
				print $1
		}'
}

features_in_both()
{
	offered offered >"$tmp/names"
	[ -s "$tmp/names" ]
	code qemu-device >"$tmp/text"
	all_in "$tmp/names" "$tmp/text" "known to the device"
	code driver >"$tmp/text"
	all_in "$tmp/names" "$tmp/text" "known to the driver"
	prose >"$tmp/text"
	all_in "$tmp/names" "$tmp/text" "explained by the specification" MYNIC_F_
}

queue_errors()
{
	names MYNIC_QERR_ | grep -v NONE >"$tmp/names"
	code qemu-device >"$tmp/text"
	all_in "$tmp/names" "$tmp/text" "known to the device"
	prose >"$tmp/text"
	all_in "$tmp/names" "$tmp/text" "explained by the specification" MYNIC_
}

# mutant NAME CHECK TEXT: the mutation NAME makes CHECK fail, which says TEXT.
mutant()
{
	"$MYNIC_ROOT/tests/abi/mutants.sh" "$1" "$tmp/mutant"
	if ABI_ROOT=$tmp/mutant MYNIC_ABI_MUTANT=1 \
	    "$MYNIC_ROOT/scripts/check-abi.sh" "$2" >"$tmp/out" 2>&1; then
		echo "the check \"$2\" passes although the contract is broken"
		return 1
	fi
	# It failed as a check does, and because of the mutation.
	if ! grep -q "^not ok .*$2" "$tmp/out" || ! grep -qF -- "$3" "$tmp/out"; then
		cat "$tmp/out"
		echo "the check \"$2\" fails, but does not say \"$3\""
		return 1
	fi
}

[ -n "${MYNIC_ABI_MUTANT:-}" ] ||
	"$MYNIC_ROOT/scripts/prereqs.sh" contract
[ -f "$header" ] || die "there is no $header"

ktap_begin "$@"
for cc in gcc clang; do
	for model in -m64 -m32; do
		ktap "header alone, $cc $model" \
			compile "$cc" "$model" "$ABI_ROOT/tests/abi/header.c"
		ktap "layout is the same, $cc $model" same_layout "$cc" "$model"
	done
done
ktap "offload header is virtio's" compile gcc -m64 "$ABI_ROOT/tests/abi/virtio.c"
ktap "tables of the specification are current" tables_current
ktap "specification renders without warnings" renders
ktap "no number of the contract is restated" not_restated
ktap "every status is mapped by the driver" status_in_driver
ktap "every status is returned by the device" status_in_device
ktap "every status is explained" status_in_spec
ktap "every opcode is known to the device" opcodes_in_device
ktap "every opcode is explained" opcodes_in_spec
ktap "every register and doorbell is known to the device" registers_in_device
ktap "every offered feature is known to all" features_in_both
ktap "every queue error is known and explained" queue_errors
if [ -z "${MYNIC_ABI_MUTANT:-}" ]; then
	while IFS=$'\t' read -r name check says what; do
		ktap "fails when broken: $what" mutant "$name" "$check" "$says"
	done < <("$MYNIC_ROOT/tests/abi/mutants.sh" --list)
fi
ktap_end
