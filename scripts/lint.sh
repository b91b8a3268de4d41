#!/bin/bash
# Checks style, warnings, comments and licences of everything in the checkout.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/lint.sh [WORD]...
#
# With WORDs only the checks whose name contains one of them.  Prints KTAP and
# a closing line.  What is meant to be as it is stands in
# scripts/lint-exceptions.  checkpatch and kernel-doc are those of the newest
# kernel that mynic is made for; QEMU's checkpatch is that of its source.

. "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"
. "$MYNIC_ROOT/scripts/ktap.sh"

# Tests point this at a copy of the checkout.
LINT_ROOT=${LINT_ROOT:-$MYNIC_ROOT}
exceptions=$LINT_ROOT/scripts/lint-exceptions
max_lines=900
# Debian packages no checkpatch and no kernel-doc apart from the whole source.
kernel_source=linux-source-7.2
kernel_tools=$MYNIC_CACHE/kernel-tools-7.2

work=$MYNIC_BUILD/lint
mkdir -p "$work"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# fetch_kernel_tools: checkpatch, kernel-doc and what they need, 1 MB, out of
# the kernel's source package, 165 MB.
fetch_kernel_tools()
{
	local dir deb

	! cache_ready "$kernel_tools" || return 0
	need_space "$MYNIC_CACHE" 400 "the kernel's source package"
	dir=$(cache_begin "$kernel_tools")
	deb=$(fetch_deb trixie-backports "$kernel_source" "$dir") || exit
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/$kernel_source.tar.xz" |
		tar -xJ -C "$dir" --strip-components=1 \
			"$kernel_source/scripts/checkpatch.pl" \
			"$kernel_source/scripts/const_structs.checkpatch" \
			"$kernel_source/scripts/spelling.txt" \
			"$kernel_source/tools/docs/kernel-doc" \
			"$kernel_source/tools/lib/python"
	rm -f "$deb"
	cache_commit "$dir" "$kernel_tools"
}

# fetch_sparse: kernels since 6.15 use a keyword, __typeof_unqual__, that sparse
# knows since 0.6.5.  It runs in the build root, which sees build/ only.
fetch_sparse()
{
	unpack_debs forky "$MYNIC_CACHE/sparse-0.6.5" 'sparse=0.6.[5-9]*'
	mkdir -p "$work/bin"
	cp "$MYNIC_CACHE/sparse-0.6.5/usr/bin/sparse" "$work/bin/sparse.new"
	mv "$work/bin/sparse.new" "$work/bin/sparse"
}

# files PATTERN...: files of the checkout that git keeps or would keep, whose
# names match one of PATTERNs (of the shell); relative.
files()
{
	local name pattern

	if [ -e "$LINT_ROOT/.git" ] && command -v git >/dev/null; then
		git -C "$LINT_ROOT" -c safe.directory="*" ls-files -co --exclude-standard |
			sort -u
	else
		(cd "$LINT_ROOT" && find . -path ./build -prune -o \
			-path ./.git -prune -o -type f -printf '%P\n' | sort)
	fi | while IFS= read -r name; do
		# Deleted, but not yet for git.
		[ -f "$LINT_ROOT/$name" ] || continue
		for pattern in "$@"; do
			# shellcheck disable=SC2254 # a pattern is meant
			case $name in
			$pattern)
				printf '%s\n' "$name"
				break
				;;
			esac
		done
	done
}

# shell_scripts: by name or by first line.
shell_scripts()
{
	files '*' | while IFS= read -r name; do
		if [[ $name == *.sh ]] ||
		   head -n 1 "$LINT_ROOT/$name" | grep -aqE '^#!.*\b(ba|da)?sh\b'; then
			printf '%s\n' "$name"
		fi
	done
}

# verdict CHECK: prints the findings on standard input that no exception
# covers, one a line; fails if there are any or an exception is useless.
verdict()
{
	local check=$1 bad=0 pattern line

	sed "s#$LINT_ROOT/##g" >"$tmp/findings"
	while IFS= read -r line; do
		[[ $line =~ ^$check\ \|\ (.*)\ \|\ ..* ]] || continue
		pattern=${BASH_REMATCH[1]}
		if ! grep -qE -- "$pattern" "$tmp/findings"; then
			echo "scripts/lint-exceptions: nothing matches any more: $check | $pattern"
			bad=1
		fi
		grep -vE -- "$pattern" "$tmp/findings" >"$tmp/rest" || :
		mv "$tmp/rest" "$tmp/findings"
	done <"$exceptions"
	[ ! -s "$tmp/findings" ] || bad=1
	cat "$tmp/findings"
	return "$bad"
}

# some NAME...: dies when a check would look at nothing.
some()
{
	[ $# -gt 0 ] || {
		echo "no file to look at"
		return 1
	}
}

kernel_checkpatch()
{
	local list

	mapfile -t list < <(files 'driver/*.[ch]' 'include/*.h')
	some "${list[@]}"
	# It writes a file where it stands.
	cd "$work"
	{ perl "$kernel_tools/scripts/checkpatch.pl" --no-tree --strict \
		--max-line-length=80 --terse --show-types --no-summary \
		-f "${list[@]/#/$LINT_ROOT/}" 2>&1 || :; } |
		sed -E '/^Use of uninitialized value .root/d
			/^find: .*include.*: No such file/d
			s/^([^:]*):([0-9]+): (ERROR|WARNING|CHECK)/\1:\2: \3/
			/^$/d' | verdict checkpatch
}

kernel_doc()
{
	local list

	mapfile -t list < <(files 'driver/*.[ch]' 'include/*.h')
	some "${list[@]}"
	cd "$LINT_ROOT"
	{ python3 "$kernel_tools/tools/docs/kernel-doc" -none -Wall \
		"${list[@]}" 2>&1 || echo "kernel-doc ended with an error"; } |
		verdict kernel-doc
}

qemu_checkpatch()
{
	local list

	mapfile -t list < <(files 'qemu-device/*.[ch]' 'tests/qtest/*.[ch]' \
		'tests/device/*.[ch]')
	some "${list[@]}"
	# What it allows depends on the name, as seen from the top of the tree.
	cd "$LINT_ROOT"
	{ perl "$MYNIC_BUILD/qemu/src/scripts/checkpatch.pl" --no-tree --strict \
		--terse --no-summary -f "${list[@]}" 2>&1 || :; } |
		sed '/^$/d' | verdict qemu-checkpatch
}

# It takes half of all that lint does: a file in which it found nothing is looked
# at again when it changes, or one of those that others source.
shell_check()
{
	local list rest=() name key keys=() common clean=$MYNIC_CACHE/shellcheck/clean

	mapfile -t list < <(shell_scripts)
	some "${list[@]}"
	cd "$LINT_ROOT"
	common=$({
		shellcheck --version
		cat .shellcheckrc 2>/dev/null || :
		{ grep -l '^# shellcheck shell=' "${list[@]}" || :; } |
			xargs sha256sum -- "$exceptions"
	} | sha256sum)
	common=${common%% *}
	# Whether an exception is of use only all files tell.
	! grep -q '^shellcheck |' "$exceptions" || clean=/dev/null
	while read -r key name; do
		key=$common:$key:$name
		grep -qxF "$key" "$clean" 2>/dev/null || {
			rest+=("$name")
			keys+=("$key")
		}
	done < <(sha256sum -- "${list[@]}")
	[ "${#rest[@]}" -gt 0 ] || return 0
	{ shellcheck -x -f gcc "${rest[@]}" 2>&1 || :; } | verdict shellcheck
	mkdir -p "${clean%/*}"
	printf '%s\n' "${keys[@]}" >>"$clean"
}

python_compiles()
{
	local list

	mapfile -t list < <(files '*.py')
	[ "${#list[@]}" -gt 0 ] || return 0
	cd "$LINT_ROOT"
	python3 - "${list[@]}" <<-'PYTHON'
	import ast, sys
	bad = 0
	for name in sys.argv[1:]:
	    try:
	        ast.parse(open(name, encoding="utf-8").read(), name)
	    except SyntaxError as e:
	        print(f"{name}:{e.lineno}: {e.msg}")
	        bad = 1
	sys.exit(bad)
	PYTHON
}

# The licence that COPYING promises for a file.
licence_of()
{
	case $1 in
	driver/*)
		echo "GPL-2.0-only" ;;
	include/mynic_abi.h)
		echo "(GPL-2.0 WITH Linux-syscall-note) OR BSD-2-Clause" ;;
	*)
		echo "GPL-2.0-or-later" ;;
	esac
}

spdx()
{
	local name want got

	files '*' | while IFS= read -r name; do
		case $name in
		LICENSES/*) continue ;;
		*.svg | *.png | *.json) continue ;;
		esac
		want=$(licence_of "$name")
		got=$(sed -nE 's/^.*SPDX-License-Identifier: ([^*>"]*[^*>" -]).*$/\1/p' \
			"$LINT_ROOT/$name" | head -n 1)
		[ "$got" = "$want" ] ||
			echo "$name: SPDX-License-Identifier is \"$got\", should be \"$want\""
	done | verdict spdx
}

length()
{
	local name n

	files '*' | while IFS= read -r name; do
		# Nobody wrote the lines of a picture, nor reads them.
		[[ $name != LICENSES/* && $name != *.svg ]] || continue
		n=$(wc -l <"$LINT_ROOT/$name")
		[ "$n" -le "$max_lines" ] ||
			echo "$name: $n lines, more than $max_lines: divide it by what it is about"
	done | verdict length
}

whitespace()
{
	files '*' | while IFS= read -r name; do
		# A line of a patch's context may be one blank.
		[[ $name != LICENSES/* && $name != *.patch && $name != *.svg ]] ||
			continue
		awk -v name="$name" '
		/[ \t]$/ { print name ":" FNR ": white space at the end of the line" }
		{ last = $0 }
		END { if (NR && last == "") print name ": empty line at the end" }' \
			"$LINT_ROOT/$name"
		[ -z "$(tail -c 1 "$LINT_ROOT/$name")" ] ||
			echo "$name: no newline at the end"
	done | verdict whitespace
}

second_line()
{
	files '*' | while IFS= read -r name; do
		head -n 1 "$LINT_ROOT/$name" | grep -aq '^#!' || [[ $name == *.sh ]] ||
			continue
		# In Python it is the documentation of the module.
		sed -n '2p; /^"""/{p; q}; 6q' "$LINT_ROOT/$name" |
			grep -v SPDX | grep -qE '^(# |""")[A-Za-z][^ ]* .' ||
			echo "$name:2: should say in a sentence what the script is for"
	done | verdict second-line
}

executable()
{
	files '*' | while IFS= read -r name; do
		if head -n 1 "$LINT_ROOT/$name" | grep -aq '^#!'; then
			[ -x "$LINT_ROOT/$name" ] ||
				echo "$name: has #! but is not executable"
		elif [ -x "$LINT_ROOT/$name" ]; then
			echo "$name: is executable but has no #!"
		fi
	done | verdict executable
}

documents_render()
{
	local name

	files 'docs/*.rst' | while IFS= read -r name; do
		rst2html --report=2 --halt=5 --no-raw --no-generator \
			"$LINT_ROOT/$name" "$tmp/html" 2>&1 || :
	done | verdict documents
}

# Files that documents refer to are there.
links()
{
	local name target

	files '*.md' | while IFS= read -r name; do
		{ grep -oE '\]\([^)#]+[)#]' "$LINT_ROOT/$name" || :; } |
			sed -E 's/^\]\(//; s/[)#]$//' | while IFS= read -r target; do
			[[ $target != *://* ]] || continue
			[ -e "$LINT_ROOT/$(dirname "$name")/$target" ] ||
				echo "$name: refers to $target, which is not there"
		done
	done >"$tmp/links"
	# Names in literals, with a directory of ours in front.
	files '*.md' '*.rst' | while IFS= read -r name; do
		# shellcheck disable=SC2016 # a quote of the document
		{ grep -oE '`(driver|qemu-device|include|scripts|tests|docs)/[A-Za-z0-9_./*-]+`' \
			"$LINT_ROOT/$name" || :; } | tr -d '\140' | sort -u |
			while IFS= read -r target; do
				compgen -G "$LINT_ROOT/$target" >/dev/null ||
					echo "$name: names $target, which is not there"
			done
	done >>"$tmp/links"
	verdict links <"$tmp/links"
}

# What ethtool -S shows, by the names in the driver's tables.
counters_explained()
{
	local name

	{
		sed -nE 's/^\tMYNIC_(XMIT|CLEAN|RX)\(([a-z_0-9]+),.*/\2/p' \
			"$LINT_ROOT/driver/mynic_stats.c"
		grep -ohE '"(dev|port)_[a-z_0-9]+"' \
			"$LINT_ROOT/driver/mynic_ethtool_stats.c" | tr -d '"'
		sed -nE 's/^\t\[MYNIC_RESET_[A-Z_]+\]\t*= "([a-z_]+)",/\1/p' \
			"$LINT_ROOT/driver/mynic_reset.c"
	} | sort -u >"$tmp/counters"
	[ "$(wc -l <"$tmp/counters")" -gt 50 ]
	while IFS= read -r name; do
		grep -qF "\`\`$name\`\`" "$LINT_ROOT/docs/driver.rst" ||
			echo "docs/driver.rst does not explain the counter $name"
	done <"$tmp/counters" | verdict counters
}

# The file table of docs/architecture.md names each file, or a pattern.
map_complete()
{
	local map=$LINT_ROOT/docs/architecture.md name pattern patterns found

	# shellcheck disable=SC2016 # a quote of the document
	mapfile -t patterns < <(sed -n '/^## Files$/,$p' "$map" |
		grep -oE '`[^`]+`' | tr -d '\140' | sort -u)
	files '*' | while IFS= read -r name; do
		found=
		for pattern in "${patterns[@]}"; do
			# A pattern does not reach into directories.
			# shellcheck disable=SC2053 # a pattern is meant
			if [[ $name == $pattern ]] &&
			   [[ ${name%/*} == "${pattern%/*}" || $name != */* ]]; then
				found=1
				break
			fi
		done
		[ -n "$found" ] ||
			echo "docs/architecture.md has no place for $name in its file table"
	done | verdict map
}

machine_names()
{
	files '*' | while IFS= read -r name; do
		[[ $name != LICENSES/* ]] || continue
		grep -nHE '(^|[^A-Za-z0-9_.$}/-])/(root|work|home/[a-z]+)/' \
			"$LINT_ROOT/$name" || :
		grep -nHE 'https?://[a-z0-9.-]*(deb|mirror|ftp|archive|snapshot|pypi)[a-z0-9.-]*\.' \
			"$LINT_ROOT/$name" | grep -vE '//[a-z.]*example\.' || :
	done | verdict machine-names
}

# compiles SERIES: the driver builds for Debian's kernel SERIES, and neither the
# compiler with W=1 nor sparse says anything about it.  The objects are those of
# "make driver", which are there only if the compiler said nothing; sparse looks
# at all files again.
#
# Debian's kbuild lacks the script by which the kernel makes sure of sparse, and
# then does without a word: KBUILD_CHECKSRC insists, the log proves it.
compiles()
{
	local series=$1 name release log all seen
	local modules=$MYNIC_BUILD/modules

	[ "$LINT_ROOT" = "$MYNIC_ROOT" ] || modules=$work/module
	name=$(MYNIC_MODULES=$modules MYNIC_DRIVER=$LINT_ROOT/driver \
		"$MYNIC_ROOT/scripts/driver-build.sh" "$series" \
		C=2 KBUILD_CHECKSRC=2 CHECK="$work/bin/sparse")
	[ -s "$name" ]
	release=$(basename "$(dirname "$name")")
	log=$MYNIC_LOG/driver-${modules##*/}-$release.log
	{ grep -aE '(warning|error):' "$log" || :; } | verdict compiles
	all=$(find "$LINT_ROOT/driver" -name 'mynic*.c' ! -name '*.mod.c' | wc -l)
	seen=$(grep -ac '^  CHECK ' "$log")
	[ "$seen" -ge "$all" ] || {
		echo "sparse looked at $seen of $all files, see $log"
		return 1
	}
}

"$MYNIC_ROOT/scripts/prereqs.sh" lint
ktap_begin "$@"
if ktap_wanted "kernel checkpatch --strict" || ktap_wanted "kernel-doc -Wall"; then
	with_lock kernel-tools fetch_kernel_tools
fi
if ktap_wanted "QEMU's checkpatch --strict"; then
	[ -e "$MYNIC_BUILD/qemu/src/scripts/checkpatch.pl" ] ||
		"$MYNIC_ROOT/scripts/qemu-build.sh"
fi
ktap "kernel checkpatch --strict" kernel_checkpatch
ktap "kernel-doc -Wall" kernel_doc
for series in 7.2 6.12; do
	! ktap_wanted "W=1 and sparse on $series" ||
		with_lock sparse fetch_sparse
	ktap "W=1 and sparse on $series" compiles "$series"
done
ktap "QEMU's checkpatch --strict" qemu_checkpatch
ktap "shellcheck" shell_check
ktap "Python parses" python_compiles
ktap "licence of every file" spdx
ktap "length of files" length
ktap "white space" whitespace
ktap "scripts say what they are for" second_line
ktap "mode of scripts" executable
ktap "documents render without warnings" documents_render
ktap "documents refer to what is there" links
ktap "file table is complete" map_complete
ktap "counters are explained" counters_explained
ktap "no names of machines" machine_names
ktap_end
