# shellcheck shell=bash
# What every script shares: places, progress, errors, locks, cache, packages.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced, never run:   . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#
# Settings a user may give in the environment:
#   MYNIC_CACHE  sources, QEMU, kernels, package lists (~/.cache/mynic)
#   YES=1        answers yes to every question, for machines
#   JOBS         parallel jobs of builds (the number of processors)

[ -n "${MYNIC_LIB_LOADED:-}" ] && return 0
MYNIC_LIB_LOADED=1

set -euo pipefail
if [ "${BASH_VERSINFO[0]}${BASH_VERSINFO[1]}" -lt 44 ]; then
	echo "mynic: bash 4.4 or newer is needed, this is $BASH_VERSION" >&2
	exit 1
fi

# Numbers have a point and messages are the same everywhere: what one command
# prints, another reads.
unset LANG LANGUAGE
export LC_ALL=C.UTF-8
# With it cd prints where it went, and goes elsewhere.
unset CDPATH
# Debian's ordinary users do not have these in their PATH; depmod is there.
for MYNIC_DIR in /usr/local/sbin /usr/sbin /sbin; do
	[[ :$PATH: == *:$MYNIC_DIR:* ]] || PATH+=:$MYNIC_DIR
done
unset MYNIC_DIR
export PATH

MYNIC_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
MYNIC_BUILD=$MYNIC_ROOT/build
MYNIC_LOG=$MYNIC_BUILD/log
MYNIC_CACHE=${MYNIC_CACHE:-${HOME:-$MYNIC_BUILD}/.cache/mynic}
[[ $MYNIC_CACHE == /* ]] || MYNIC_CACHE=$PWD/$MYNIC_CACHE
# shellcheck disable=SC2034 # used by those who source this
MYNIC_JOBS=${JOBS:-$(nproc 2>/dev/null || echo 2)}
# Start of the outermost script: elapsed time counts from the command that
# the user typed, not from the script that happens to report.
MYNIC_T0=${MYNIC_T0:-$(date +%s)}
export MYNIC_CACHE MYNIC_T0
# Builds that we start have a number of jobs and variables of their own.
unset MAKEFLAGS MFLAGS MAKELEVEL

# elapsed [SINCE]: minutes and seconds since SINCE (default: the command).
elapsed()
{
	local s=$(($(date +%s) - ${1:-$MYNIC_T0}))

	printf '%d:%02d' $((s / 60)) $((s % 60))
}

# say TEXT: one line of progress with the elapsed time.
say()
{
	printf '[%6s] %s\n' "$(elapsed)" "$*" >&2
}

# die TEXT [HINT]: one sentence on what is wrong, one on what to do; exit 1.
die()
{
	printf 'mynic: error: %s\n' "$1" >&2
	[ -z "${2:-}" ] || printf 'mynic: %s\n' "$2" >&2
	exit 1
}

[[ $MYNIC_JOBS =~ ^[1-9][0-9]{0,3}$ ]] ||
	die "JOBS=$MYNIC_JOBS is no number of jobs" "give a number from 1, or leave it out"
[[ $MYNIC_ROOT != *[[:space:]:]* ]] ||
	die "the checkout's path \"$MYNIC_ROOT\" has a blank or a colon in it, which the builds of the kernel and of QEMU do not take" \
	    "move the checkout"
[[ $MYNIC_CACHE != *[[:space:]:]* ]] ||
	die "MYNIC_CACHE=\"$MYNIC_CACHE\" has a blank or a colon in it, which QEMU's build does not take" \
	    "set MYNIC_CACHE to a directory without"

# number_in VALUE LOW HIGH: true for a decimal number in that range, which may
# have zeros in front: bash takes such a one for octal unless told 10#.
number_in()
{
	[[ $1 =~ ^[0-9]{1,9}$ ]] && ((10#$1 >= $2 && 10#$1 <= $3))
}

# confirm QUESTION: true when the user (or YES=1) says yes.  Without a
# terminal and without YES=1 the answer is no.
confirm()
{
	local reply

	[ "${YES:-}" = 1 ] && return 0
	[ -t 0 ] && [ -t 2 ] || return 1
	read -r -p "mynic: $1 [y/N] " reply || return 1
	[[ $reply == [yY]* ]]
}

# The last "[n/m]" that ninja wrote into LOG, as " 42%"; else nothing.
_log_percent()
{
	local last

	last=$(tail -c 4096 "$1" 2>/dev/null | tr '\r' '\n' |
		grep -aoE '^\[[0-9]+/[0-9]+\]' | tail -n 1) || return 0
	if [[ $last =~ ^\[([0-9]+)/([0-9]+)\]$ ]] && ((BASH_REMATCH[2])); then
		printf ' %d%%' $((BASH_REMATCH[1] * 100 / BASH_REMATCH[2]))
	fi
}

# Prints progress of a step until standard input ends, which happens when the
# script that started it does, whatever way.
_step_ticker()
{
	local what=$1 log=$2 t0=$3 period=60 width=79 rc line

	if [ -t 2 ]; then
		period=1
		line=$(stty size <&2 2>/dev/null) && width=$((${line#* } - 1))
		[ "$width" -gt 20 ] || width=79
	fi
	while :; do
		rc=0
		read -r -t "$period" line || rc=$?
		[ "$rc" -gt 128 ] || break
		line="$what:$(_log_percent "$log") $(elapsed "$t0")"
		if [ -t 2 ]; then
			printf -v line '[%6s] %s' "$(elapsed)" "$line"
			printf '\r\033[K%s' "${line:0:width}" >&2
		else
			say "$line"
		fi
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
}

# run_logged NAME WHAT COMMAND...: a long step.  All output goes to
# build/log/NAME.log; the screen shows WHAT, the percentage where the tool
# writes ninja's "[n/m]", and the time.  On failure: the last 20 lines, the
# log's name, and exit 1.  COMMAND may be a shell function; it runs in a
# subshell under "set -e".
run_logged()
{
	local name=$1 what=$2 log t0 rc=0 tick ticker had_e=
	shift 2

	log=$MYNIC_LOG/$name.log
	mkdir -p "$(dirname "$log")"
	t0=$(date +%s)
	printf '# %s\n# %s\n' "$what" "$*" >"$log"
	say "$what ..."
	exec {tick}> >(_step_ticker "$what" "$log" "$t0")
	ticker=$!
	[[ $- == *e* ]] && had_e=1
	set +e
	(
		exec {tick}>&-
		set -e
		"$@"
	) >>"$log" 2>&1 </dev/null
	rc=$?
	[ -z "$had_e" ] || set -e
	exec {tick}>&-
	wait "$ticker" 2>/dev/null || :
	if [ "$rc" -ne 0 ]; then
		say "$what: FAILED after $(elapsed "$t0"); the last lines:"
		tail -n 20 "$log" | cut -c 1-300 | sed 's/^/    /' >&2
		die "$what failed (status $rc)" \
		    "the whole log is ${log#"$MYNIC_ROOT"/}; the same command tries again and keeps what was finished"
	fi
	say "$what: done in $(elapsed "$t0")"
}

# Which of the caches that carry a CACHEDIR.TAG is ours.
_cache_mark="# mynic's cache; see README.md"

# make_cache: the cache is made on first use, with the mark by which backups
# skip it and "make distclean" knows it for ours.
make_cache()
{
	[ -d "$MYNIC_CACHE/lock" ] && return
	if [ -z "$(ls -A "$MYNIC_CACHE" 2>/dev/null)" ]; then
		mkdir -p "$MYNIC_CACHE" ||
			die "the cache $MYNIC_CACHE cannot be made" \
			    "set MYNIC_CACHE to a directory that you may write"
		printf '%s\n' 'Signature: 8a477f597d28d172789f06886806bc55' \
			"$_cache_mark" >"$MYNIC_CACHE/CACHEDIR.TAG"
	fi
	mkdir -p "$MYNIC_CACHE/lock" ||
		die "the cache $MYNIC_CACHE cannot be written" \
		    "set MYNIC_CACHE to a directory that you may write"
}

# cache_is_ours: true when make_cache made the directory.
cache_is_ours()
{
	grep -qxF -- "$_cache_mark" "$MYNIC_CACHE/CACHEDIR.TAG" 2>/dev/null
}

# with_lock NAME COMMAND...: one run at a time for all that share the cache.
# A lock already held by a caller is not taken twice.
with_lock()
{
	local name=$1 fd rc=0
	shift

	if [[ ${MYNIC_LOCKS:-:} == *":$name:"* ]]; then
		"$@"
		return
	fi
	make_cache
	exec {fd}>>"$MYNIC_CACHE/lock/$name"
	if ! flock -n "$fd"; then
		say "waiting for another run that holds \"$name\""
		flock "$fd"
	fi
	local MYNIC_LOCKS="${MYNIC_LOCKS:-:}$name:"
	export MYNIC_LOCKS
	"$@"
	rc=$?
	exec {fd}>&-
	return "$rc"
}

# cache_ready DIR: true when DIR was completed by cache_commit.
cache_ready()
{
	[ -d "$1" ]
}

# cache_begin DIR [resume]: prints the name of the working directory for DIR,
# created, and empty unless "resume".  Call under with_lock.
cache_begin()
{
	local tmp=$1.part

	make_cache
	[ "${2:-}" = resume ] || rm -rf -- "$tmp"
	mkdir -p -- "$tmp"
	printf '%s\n' "$tmp"
}

# cache_commit TMP DIR: TMP becomes DIR in one rename.  What was interrupted
# before leaves no DIR behind, so nothing half made is ever used.
cache_commit()
{
	[ -d "$1" ] || die "cache_commit: $1 is not a directory"
	if [ -e "$2" ]; then
		rm -rf -- "$2.old"
		mv -T -- "$2" "$2.old"
	fi
	mv -T -- "$1" "$2"
	rm -rf -- "$2.old"
}

# hash_of ARGUMENT...: 12 hex digits over the contents of those arguments
# that are files and the text of those that are not.
hash_of()
{
	local a

	for a in "$@"; do
		if [ -f "$a" ]; then
			sha256sum <"$a"
		else
			printf '%s\0' "$a"
		fi
	done | sha256sum | cut -c 1-12
}

# need_space PATH MIB WHAT: refuses when the disk under PATH has less.  Only the
# cache can be put elsewhere.
need_space()
{
	local path=$1 need=$2 what=$3 free
	local hint="free some space, or move the checkout to a larger disk"

	[[ $1/ != "$MYNIC_CACHE"/* ]] ||
		hint="free some space, or set MYNIC_CACHE to a directory on a larger disk"
	while [ ! -e "$path" ]; do
		path=$(dirname "$path")
	done
	free=$(df -Pk -- "$path" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$free" -ge "$need" ] ||
		die "$what needs $need MiB under $1, only $free MiB are free" \
		    "$hint"
}

# as_root COMMAND...: runs COMMAND as root, through sudo when needed.
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo -- "$@"
	fi
}

_installed()
{
	[[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == *" installed" ]]
}

# missing_packages PACKAGE...: prints those not installed.  "a|b" is
# satisfied by either and asks for a.
missing_packages()
{
	local spec alt ok alts

	for spec in "$@"; do
		ok=
		IFS='|' read -ra alts <<<"$spec"
		for alt in "${alts[@]}"; do
			! _installed "$alt" || ok=1
		done
		[ -n "$ok" ] || printf '%s\n' "${alts[0]}"
	done
}

# need_host PACKAGE...: refuses a machine on which mynic cannot be built.
need_host()
{
	local libc

	[ "$(uname -s)/$(uname -m)" = Linux/x86_64 ] ||
		die "mynic is built on Linux on x86_64, this is $(uname -s) on $(uname -m)" \
		    "use an x86_64 machine or virtual machine with Debian 12 or newer"
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		die "this machine has no apt-get and dpkg: mynic installs what it needs from Debian packages" \
		    "use Debian 12 or newer, for example in a container; the packages needed here are: $*"
	fi
	libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || :
	[[ ! $libc =~ ^glibc\ 2\.([0-9]+) ]] || [ "${BASH_REMATCH[1]}" -ge 36 ] ||
		die "this system is older than Debian 12: its C library is $libc, QEMU's build wants what came with 2.36" \
		    "use Debian 12 or newer, for example in a container"
}

_apt_install()
{
	local lock=(-o DPkg::Lock::Timeout=600)
	local env=(env DEBIAN_FRONTEND=noninteractive)
	local install=("${env[@]}" apt-get "${lock[@]}" -y
		--no-install-recommends install "$@")

	# A fresh container has no lists, an old machine stale ones.
	as_root "${install[@]}" || {
		as_root "${env[@]}" apt-get "${lock[@]}" update
		as_root "${install[@]}"
	}
}

# need_packages PACKAGE...: installs the missing Debian packages, asking
# first when that takes sudo.  Returns with all of them installed or dies
# naming the missing ones.  Nothing but the set of packages is changed.
need_packages()
{
	local missing

	need_host "$@"
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0

	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "missing Debian packages: ${missing[*]}" \
			    "as root, run: apt-get install --no-install-recommends ${missing[*]}"
		confirm "install with sudo apt-get: ${missing[*]}?" ||
			die "missing Debian packages: ${missing[*]}" \
			    "answer yes, or set YES=1, or run: sudo apt-get install --no-install-recommends ${missing[*]}"
		# The password, if one is wanted, is asked for before output
		# goes to the log.
		sudo -v || die "sudo was refused; missing Debian packages: ${missing[*]}"
	fi
	say "missing Debian packages: ${missing[*]}"
	with_lock packages run_logged packages \
		"installing ${#missing[@]} Debian packages" \
		_apt_install "${missing[@]}"
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -eq 0 ] ||
		die "still missing Debian packages: ${missing[*]}" \
		    "see build/log/packages.log"
}
