# shellcheck shell=bash
# Runs the cases of a file of guest tests: time limit, the kernel's log, KTAP.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by tests/guest/lib.sh, which says what a case is.

CASE_TIMEOUT=${CASE_TIMEOUT:-90}

# What of the kernel's log fails a case, whatever else happened.
TROUBLE='WARNING: |BUG: |Oops|general protection|Call Trace|UBSAN|KASAN'
TROUBLE+='|DMA-API|DMAR: .*[Ff]ault|NETDEV WATCHDOG|possible .* lock'
TROUBLE+='|inconsistent lock|suspicious RCU|INFO: task|soft lockup|refcount_t'
TROUBLE+='|page_pool_release_retry|scheduling while atomic'
TROUBLE+='|mynic.*([Ee]rror|[Ff]ailed|[Tt]imed out|[Tt]imeout|[Bb]ad )'

### Outcome of a case

# fail TEXT: ends the case as failed.
fail()
{
	echo "$*"
	exit 1
}

# skip REASON: ends the case as skipped.
skip()
{
	printf '%s\n' "$*" >"$CASE_DIR/skip"
	exit 4
}

# defer COMMAND...: runs COMMAND when the case ends, last one first.
defer()
{
	local command

	printf -v command '%q ' "$@"
	DEFERRED=("$command" "${DEFERRED[@]}")
}

# kernel_may_say REGEX: lines of the kernel's log that do not fail this case.
kernel_may_say()
{
	printf '%s\n' "$1" >>"$CASE_DIR/may-say"
}

_end_case()
{
	local rc=$? command

	trap - ERR
	set +eE
	for command in "${DEFERRED[@]}"; do
		eval "$command" >/dev/null 2>&1
	done
	exit "$rc"
}

_failed_at()
{
	echo "line $1: failed ($3): $2"
}

### The kernel's log

# What was looked at is taken out of the log, which else takes longer each time
# that it is read; the console keeps everything.
_kernel_trouble()
{
	local mark=$1 may_say=$2 said

	said=$(dmesg -c)
	said=${said#*"$mark"}
	[[ $said =~ $TROUBLE ]] || return
	grep -E -- "$TROUBLE" <<<"$said" | {
		if [ -s "$may_say" ]; then
			grep -vEf "$may_say"
		else
			cat
		fi
	}
}

# kernel_said REGEX: the kernel said so since the case began; to wait, see below.
kernel_said()
{
	local said
	said=$(dmesg)
	grep -qE -- "$1" <<<"${said#*"$CASE_MARK"}"
}

# wait_said SECONDS WHAT REGEX: until the kernel has said so since the case began.
# Busybox's dmesg cannot wait.
wait_said()
{
	local log reader

	exec {log}< <(exec /usr/bin/dmesg --follow)
	reader=$!
	timeout "$1" grep -qE -- "$3" <&"$log" || fail "waited in vain for $2"
	kill "$reader"
	exec {log}<&-
}

### Running

_cases()
{
	local fn

	shopt -s extdebug
	for fn in $(compgen -A function | grep -E '^[A-F][0-9]+_'); do
		declare -F "$fn"
	done | sort -k 2n | cut -d ' ' -f 1
	shopt -u extdebug
}

# _where GROUP: what its processes wait for in the kernel.
_where()
{
	local dir stat

	for dir in /proc/[0-9]*; do
		read -r stat <"$dir/stat" || continue
		[[ $stat =~ \)\ [A-Z]\ [0-9]+\ $1\  ]] || continue
		echo "$(tr '\0' ' ' <"$dir/cmdline") waits in:"
		cat "$dir/stack"
	done 2>/dev/null
}

# _watch GROUP: ends a case that takes too long; and the file, where the kernel
# does not let the case end.
_watch()
{
	read -rt "$CASE_TIMEOUT" -u "$NAP" || :
	: >"$CASE_DIR/late"
	{
		echo "still running after $CASE_TIMEOUT s"
		_where "$1" || :
	} >>"$CASE_DIR/output"
	kill -TERM -- "-$1" 2>/dev/null
	sleep 5
	kill -KILL -- "-$1" 2>/dev/null || return
	sleep 5
	kill -0 -- "-$1" 2>/dev/null || return
	sed 's/^/# /' "$CASE_DIR/output" >&"$STDOUT"
	echo "not ok 0 $FILE_NAME: ${2//_/ }" >&"$STDOUT"
	kill -KILL $$
}

_run_case()
{
	local number=$1 fn=$2 name rc=0 group watch trouble t0=${EPOCHREALTIME/./}

	name="$FILE_NAME: ${fn//_/ }"
	CASE_DIR=$MYNIC_RUN/case
	CASE_MARK="mynic-test: $FILE_NAME $fn $$.$number"
	rm -rf "$CASE_DIR"
	mkdir -p "$CASE_DIR"
	echo "$CASE_MARK" >/dev/kmsg
	set -m
	(
		set +m
		set -eE
		DEFERRED=()
		trap '_failed_at "$LINENO" "$BASH_COMMAND" $?' ERR
		trap _end_case EXIT
		"$fn"
	) >"$CASE_DIR/output" 2>&1 </dev/null {STDOUT}>&- &
	group=$!
	_watch "$group" "$fn" >/dev/null 2>&1 &
	watch=$!
	set +m
	wait "$group" || rc=$?
	kill -TERM -- "-$group" 2>/dev/null || :
	# One that took too long, the watch goes on to look at.
	[ -e "$CASE_DIR/late" ] || kill -TERM -- "-$watch" 2>/dev/null || :
	wait "$watch" 2>/dev/null || :

	trouble=$(_kernel_trouble "$CASE_MARK" "$CASE_DIR/may-say") || :
	if [ -n "$trouble" ]; then
		rc=1
		echo "the kernel said:" >>"$CASE_DIR/output"
		head -n 30 <<<"$trouble" >>"$CASE_DIR/output"
	fi
	case $rc in
	0)
		echo "ok $number $name"
		;;
	4)
		echo "ok $number $name # SKIP $(cat "$CASE_DIR/skip")"
		;;
	*)
		tail -n 40 "$CASE_DIR/output" | sed 's/^/# /'
		echo "not ok $number $name"
		FAILED=1
		;;
	esac
	t0=$(((${EPOCHREALTIME/./} - t0) / 100000))
	echo "# took $((t0 / 10)).$((t0 % 10)) s"
}

# of_the_device CASE...: what comes out of these is up to the device, not to the
# kernel.  On a second kernel they are left out, scripts/guest-test.sh --short.
OF_THE_DEVICE=()
of_the_device()
{
	declare -F "$@" >/dev/null || {
		echo "not ok 0 $FILE_NAME: of_the_device names no case: $*"
		exit 1
	}
	OF_THE_DEVICE+=("$@")
}

# _wanted: with DEVICE_CASES=without those that are not of the device, with
# DEVICE_CASES="only FILE..." those that are, in these files.
_wanted()
{
	local fn of which=

	case ${DEVICE_CASES:-} in
	without)
		which=others
		;;
	only\ *)
		[[ " $DEVICE_CASES " != *" $FILE_NAME "* ]] || which=device
		;;
	esac
	while read -r fn; do
		of=others
		[[ " ${OF_THE_DEVICE[*]} " != *" $fn "* ]] || of=device
		[[ -n $which && $which != "$of" ]] || echo "$fn"
	done
}

# _not_done: without those that a guest before this one had a result of.
_not_done()
{
	local fn

	while read -r fn; do
		grep -qxF "$FILE_NAME: ${fn//_/ }" "$MYNIC_RUN/done" ||
			echo "$fn"
	done
}

# run_cases: runs the functions of the file that are named as rows; those
# matching $CASES only, if set.
run_cases()
{
	local cases number=0 fn

	mapfile -t cases < <(_cases | grep -E -- "${CASES:-.}" | _wanted |
		_not_done)
	[ "${#cases[@]}" -gt 0 ] || exit 0
	FAILED=
	exec {STDOUT}>&1
	echo "KTAP version 1"
	echo "1..${#cases[@]}"
	for fn in "${cases[@]}"; do
		number=$((number + 1))
		_run_case "$number" "$fn"
	done
	[ -z "$FAILED" ] || exit 1
}
