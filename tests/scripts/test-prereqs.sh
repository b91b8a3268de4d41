#!/bin/bash
# Tests scripts/prereqs.sh and who asks it: once, and for all that is needed.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # single quotes: expanded by the fakes

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# lacking REGEX: an ordinary user of a machine on which these are not installed
# and nobody answers questions.
lacking()
{
	fake dpkg-query '[[ ! $4 =~ ^('"$1"')$ ]] || exit 1
		echo "install ok installed"'
	fake id 'case $1 in
		-u) echo 4242 ;;
		-un) echo mynic-tester ;;
		*) exec /usr/bin/id "$@" ;;
		esac'
	fake sudo 'echo sudo was used; exit 1'
	# What comes after the question.
	fake unshare 'echo the namespace was made >&2; exit 1'
}

test_check_asks_once_for_what_all_its_parts_need()
{
	lacking 'clang|cpio|dpkg-dev|gnuplot-nox|jq|libfdt-dev|mmdebstrap|ninja-build|procps|shellcheck|uidmap'
	fails "$ROOT/scripts/check.sh" </dev/null
	says "missing Debian packages: clang cpio dpkg-dev gnuplot-nox jq mmdebstrap ninja-build procps shellcheck uidmap
"
	fails "$ROOT/scripts/check.sh" --full </dev/null
	says " libfdt-dev "
}

test_check_asks_for_no_more_than_its_part_needs()
{
	lacking 'clang|mmdebstrap|ninja-build|shellcheck'
	fails "$ROOT/scripts/check.sh" contract </dev/null
	says "missing Debian packages: clang
"
	fails "$ROOT/scripts/check.sh" qtest </dev/null
	says "missing Debian packages: ninja-build
"
	fails "$ROOT/scripts/check.sh" guest-6.12 </dev/null
	says "missing Debian packages: mmdebstrap ninja-build
"
}

test_demo_asks_once_for_all_it_needs()
{
	lacking 'clang|cpio|dpkg-dev|gnuplot-nox|mmdebstrap|ninja-build|shellcheck|socat|uidmap'
	fails "$ROOT/scripts/demo.sh" </dev/null
	says "missing Debian packages: cpio dpkg-dev gnuplot-nox mmdebstrap ninja-build socat uidmap
"
}

test_subordinate_ids_are_asked_for_before_anything_is_built()
{
	local c

	lacking none
	for c in check demo; do
		fails "$ROOT/scripts/$c.sh" </dev/null
		says "mynic-tester has no subordinate ids"
		says "sudo usermod --add-subuids"
		omits "building"
		omits "namespace was made"
	done
	fails "$ROOT/scripts/check.sh" unit </dev/null
	omits "subordinate ids"
}

# What a script asks for by itself is in the lists, or a part of make check
# asks in vain.
test_all_that_scripts_ask_for_is_asked_for_at_the_start()
{
	local all p asked

	all=$("$ROOT/scripts/prereqs.sh" --list qemu guest contract lint check)
	asked=$(sed -nE 's/^[ \t]*need_packages ([a-z].*)/\1/p' "$ROOT"/scripts/*.sh)
	[ -n "$asked" ]
	for p in $asked; do
		grep -qxF -- "$p" <<<"$all" || {
			echo "$p is in no list of scripts/prereqs.sh"
			return 1
		}
	done
}

run_tests "$@"
