#!/bin/bash
# Tests scripts/lib.sh: errors, steps, locks, cache directories, packages.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # single quotes: expanded by the shell under test

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# lib COMMAND...: runs COMMAND in a shell of its own with lib.sh loaded.  Logs
# go to a copy of the checkout that has nothing but the library.
lib()
{
	mkdir -p "$T/checkout/scripts"
	cp "$ROOT"/scripts/*.sh "$T/checkout/scripts/"
	bash -c '. "$1/scripts/lib.sh"; shift; eval "$@"' lib "$T/checkout" "$@"
}

test_die_says_what_and_what_to_do()
{
	fails lib 'die "the ring is too small" "use 64 or more"'
	equal "$OUT" "mynic: error: the ring is too small
mynic: use 64 or more"
}

test_an_ordinary_user_has_the_tools_of_the_system()
{
	local PATH=/usr/local/bin:/usr/bin:/bin

	mkdir "$T/bin"
	printf '#!/bin/sh\necho mine\n' >"$T/bin/ldconfig"
	chmod +x "$T/bin/ldconfig"
	lib 'command -v ldconfig'
	# Behind what the user has, and once.
	equal "$(PATH=$T/bin:$PATH lib ldconfig)" mine
	equal "$(lib 'bash -c ". $T/checkout/scripts/lib.sh; echo \$PATH"')" \
		"$PATH:/usr/local/sbin:/usr/sbin:/sbin"
}

test_an_exported_CDPATH_leads_nowhere_else()
{
	mkdir -p "$T/elsewhere/scripts" "$T/elsewhere/tests/scripts"
	cd "$ROOT"
	export CDPATH=$T/elsewhere:.
	equal "$(bash -c '. scripts/lib.sh; echo "$MYNIC_ROOT ${CDPATH-none}"')" \
		"$ROOT none"
	equal "$(bash -c '. tests/scripts/lib.sh; echo "$ROOT ${CDPATH-none}"')" \
		"$ROOT none"
	tests/abi/mutants.sh pad "$T/mutant"
	[ -e "$T/mutant/include/mynic_abi.h" ]
}

test_the_locale_is_the_same_everywhere()
{
	equal "$(LC_ALL=POSIX LANG=de_DE.UTF-8 LANGUAGE=de \
		lib 'sh -c "echo $LC_ALL ${LANG-none} ${LANGUAGE-none}"')" \
		"C.UTF-8 none none"
}

test_no_decimal_comma_in_numbers()
{
	printf '%s\n' LC_NUMERIC 'decimal_point ","' 'thousands_sep "."' \
		'grouping 3;3' 'END LC_NUMERIC' >"$T/source"
	localedef -c -i "$T/source" "$T/comma" 2>/dev/null || :
	export LOCPATH=$T LC_ALL=comma
	[ "$(bash -c 'printf %.1f 1,5' 2>&1)" = 1,5 ] || {
		echo "localedef makes no locale without the package locales"
		return 4
	}
	equal "$(lib 'awk "BEGIN { print 3 / 2 }"; printf "%.1f\n" 1.5')" "1.5
1.5"
	[[ $(lib '. "$MYNIC_ROOT/scripts/bench-vm.sh"; now_us') =~ ^[0-9]{16}$ ]]
}

test_need_space_passes_when_there_is_some()
{
	lib 'need_space "$T/not/there/yet" 1 "a test"'
}

test_need_space_refuses_a_small_disk()
{
	fails lib 'need_space "$MYNIC_CACHE/not/there/yet" 999999999999 "a test"'
	says "a test needs 999999999999 MiB under $T/cache/not/there/yet, only "
	says "MYNIC_CACHE"
	# build/ stays where it is.
	fails lib 'need_space "$MYNIC_BUILD" 999999999999 "a test"'
	says "a test needs 999999999999 MiB under $T/checkout/build, only "
	says "move the checkout"
	omits "MYNIC_CACHE"
}

test_run_logged_keeps_output_in_the_log()
{
	OUT=$(lib 'run_logged step "a step" echo hello' 2>&1)
	says "a step: done in 0:0"
	omits hello
	grep -qx hello "$T/checkout/build/log/step.log"
}

test_run_logged_shows_the_end_of_a_failure()
{
	fails lib 'f() { seq 100; false; echo no; }; run_logged step "a step" f'
	says "    100"
	omits "    80
"
	omits "    no"
	says "mynic: error: a step failed (status 1)"
	says "build/log/step.log"
}

test_run_logged_reads_the_percentage_of_ninja()
{
	printf '[1/200] a\n[50/200] b\n' >"$T/log"
	equal "$(lib '_log_percent "$T/log"')" " 25%"
	echo "nothing of the kind" >"$T/log"
	equal "$(lib '_log_percent "$T/log"')" ""
}

test_with_lock_keeps_a_second_run_waiting()
{
	mkfifo "$T/entered" "$T/leave"
	lib 'f() { echo >"$T/entered"; read -r _ <"$T/leave"; echo first; }
	     with_lock l f' >>"$T/order" &
	read -r _ <"$T/entered"
	# The second takes the lock only after it said that it waits.
	lib 'with_lock l echo second' >>"$T/order" 2> >(
		read -r line
		[[ $line == *waiting* ]] && echo >"$T/leave"
	)
	wait $!
	wait
	equal "$(cat "$T/order")" "first
second"
}

test_with_lock_may_nest()
{
	equal "$(lib 'f() { with_lock l echo inner; }; with_lock l f')" inner
}

test_cache_directory_appears_complete_or_not_at_all()
{
	local make='tmp=$(cache_begin "$T/cache/d"); [ ! -e "$tmp/half" ]
		: >"$tmp/half"; eval "$1"
		: >"$tmp/whole"; cache_commit "$tmp" "$T/cache/d"'

	# Interrupted half way: not there.
	fails lib "set -- 'kill -TERM \$\$; read -r _'; $make"
	fails lib 'cache_ready "$T/cache/d"'
	# The next run starts clean and completes.
	lib "set -- :; $make; cache_ready \"\$T/cache/d\""
	[ -e "$T/cache/d/whole" ]
	[ ! -e "$T/cache/d.part" ]
}

test_cache_begin_resume_keeps_what_is_there()
{
	lib 'tmp=$(cache_begin "$T/cache/d"); echo half >"$tmp/file"'
	equal "$(lib 'tmp=$(cache_begin "$T/cache/d" resume); cat "$tmp/file"')" half
}

test_hash_of_depends_on_content_not_on_names()
{
	echo content >a
	cp a b
	echo other >c
	equal "$(lib "hash_of $T/a flag")" "$(lib "hash_of $T/b flag")"
	[ "$(lib "hash_of $T/a flag")" != "$(lib "hash_of $T/c flag")" ]
	[ "$(lib "hash_of $T/a flag")" != "$(lib "hash_of $T/a flags")" ]
	[[ $(lib "hash_of x") =~ ^[0-9a-f]{12}$ ]]
}

test_need_packages_does_nothing_when_all_are_there()
{
	fake dpkg-query 'echo "install ok installed"'
	fake apt-get 'echo apt-get was called; exit 1'
	equal "$(lib 'need_packages one two 2>&1')" ""
}

test_need_packages_installs_exactly_the_missing_ones()
{
	fake id 'echo 0'
	fake dpkg-query '
		[ "$4" != two ] || [ -e "$T/two" ] || exit 1
		echo "install ok installed"'
	fake apt-get 'echo "$@" >>"$T/asked"; : >"$T/two"'
	lib 'need_packages one two "gone|one"'
	grep -q -- '--no-install-recommends install two$' "$T/asked"
	equal "$(wc -l <"$T/asked")" 1
}

test_need_packages_names_what_could_not_be_installed()
{
	fake id 'echo 0'
	fake dpkg-query 'exit 1'
	fake apt-get 'echo "E: no network"; exit 100'
	fails lib 'need_packages one two'
	says "missing Debian packages: one two"
	says "installing 2 Debian packages failed (status 100)"
	says "E: no network"
	says "build/log/packages.log"
}

test_need_packages_does_not_use_sudo_unasked()
{
	fake id 'echo 1000'
	fake dpkg-query 'exit 1'
	fake sudo 'echo sudo was used; exit 0'
	fails lib 'need_packages one two'
	says "missing Debian packages: one two"
	says "YES=1"
	omits "sudo was used"
}

test_need_packages_without_sudo_says_what_root_should_do()
{
	local tools=$T/tools c

	fake id 'echo 1000'
	fake dpkg-query 'exit 1'
	fake apt-get 'exit 1'
	mkdir "$tools"
	for c in bash date dirname nproc uname cp mkdir; do
		ln -s "$(command -v "$c")" "$tools/$c"
	done
	PATH=$T/bin:$tools
	fails lib 'need_packages one two'
	says "missing Debian packages: one two"
	says "as root, run: apt-get install --no-install-recommends one two"
}

test_need_host_refuses_another_machine()
{
	fake uname '[ "$1" = -s ] && echo Linux || echo riscv64'
	fails lib 'need_packages one'
	says "mynic is built on Linux on x86_64, this is Linux on riscv64"
}

test_need_host_refuses_a_system_without_apt()
{
	local tools=$T/tools c

	mkdir "$tools"
	for c in bash date dirname nproc uname cp mkdir; do
		ln -s "$(command -v "$c")" "$tools/$c"
	done
	PATH=$tools
	fails lib 'need_packages one two'
	says "no apt-get and dpkg"
	says "the packages needed here are: one two"
}

test_clean_leaves_a_directory_that_is_not_ours()
{
	lib :
	mkdir -p "$T/precious"
	: >"$T/precious/thesis"
	fails env MYNIC_CACHE="$T/precious" \
		bash "$T/checkout/scripts/clean.sh" --cache
	says "was not made by mynic"
	[ -e "$T/precious/thesis" ]
	# Others mark their caches too.
	printf '%s\n' 'Signature: 8a477f597d28d172789f06886806bc55' \
		'# This file is a cache directory tag created by cargo.' \
		>"$T/precious/CACHEDIR.TAG"
	fails env MYNIC_CACHE="$T/precious" \
		bash "$T/checkout/scripts/clean.sh" --cache
	says "was not made by mynic"
	[ -e "$T/precious/thesis" ]
	# Nor does use make such a directory ours.
	MYNIC_CACHE=$T/precious lib 'with_lock one true'
	fails env MYNIC_CACHE="$T/precious" \
		bash "$T/checkout/scripts/clean.sh" --cache
	[ -e "$T/precious/thesis" ]
}

test_clean_removes_build_and_the_cache()
{
	lib 'make_cache; mkdir -p "$MYNIC_BUILD"'
	bash "$T/checkout/scripts/clean.sh"
	[ ! -e "$T/checkout/build" ]
	[ -e "$T/cache" ]
	bash "$T/checkout/scripts/clean.sh" --cache
	[ ! -e "$T/cache" ]
}

run_tests "$@"
