#!/bin/bash
# Finds what can run guests, KVM or TCG, by booting one; prints "kvm" or "tcg".
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/accel.sh [--args]
#
# With --args, prints QEMU's arguments instead, one a line.  There are machines
# whose /dev/kvm opens and then cannot run an ordinary kernel, so only a kernel
# that says a word counts.  The answer is kept for this machine and this QEMU;
# ACCEL=kvm or ACCEL=tcg in the environment forces one.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

qemu=${MYNIC_QEMU:-$MYNIC_BUILD/bin/qemu-system-x86_64}
probe_seconds=20

# args_of ACCEL: one argument a line.  Under TCG a fifth level of page tables
# only makes each TLB miss longer; and a kernel that believes in fast "rep movsb"
# copies byte by byte, what it copies eight bytes at a time without.
args_of()
{
	case $1 in
	kvm)	printf '%s\n' -accel kvm -cpu host ;;
	tcg)	printf '%s\n' -accel tcg,thread=multi,tb-size=512 \
			-cpu max,la57=off,erms=off,fsrm=off,fzrm=off,fsrs=off,fsrc=off ;;
	esac
}

# True when a kernel runs on ACCEL as far as its first program.
boots()
{
	local accel=$1 files kernel initrd args log

	log=$MYNIC_LOG/accel-$accel.log
	mkdir -p "$MYNIC_LOG"
	files=$("$MYNIC_ROOT/scripts/guest-image.sh" 7.2) || exit
	read -r _ kernel initrd _ < <(tail -n 1 <<<"$files")
	mapfile -t args < <(args_of "$accel")
	{ timeout -k 1 "$probe_seconds" "$qemu" -nodefaults -no-user-config \
		-display none -M q35 "${args[@]}" -m 256 -no-reboot \
		-kernel "$kernel" -initrd "$initrd" \
		-append "console=ttyS0 panic=-1 mynic.probe" \
		-serial stdio </dev/null || :; } >"$log" 2>&1
	grep -q mynic-guest-runs "$log"
}

# Sets accel and reason.
find_out()
{
	accel=tcg
	if [ ! -e /dev/kvm ]; then
		reason="there is no /dev/kvm"
	elif ! { : <>/dev/kvm; } 2>/dev/null; then
		reason="/dev/kvm may not be opened by $(id -un); as a member of the group kvm it may"
	elif boots kvm; then
		accel=kvm
		reason="a kernel started on it"
	else
		reason="/dev/kvm is there, but no kernel started on it (build/log/accel-kvm.log)"
	fi
}

# Sets accel, by the note of an earlier run or by finding out.
recall()
{
	local note key identity access=no reason

	identity=$(uname -nr; grep -m 1 '^model name' /proc/cpuinfo;
		stat -L -c '%s %Y' "$qemu")
	{ : <>/dev/kvm; } 2>/dev/null && access=yes
	key=$(hash_of "$identity" "$access")
	note=$MYNIC_CACHE/accel/$key
	if [ -e "$note" ]; then
		accel=$(cat "$note")
		return
	fi
	find_out
	mkdir -p "${note%/*}"
	printf '%s\n' "$accel" >"$note.$$"
	mv "$note.$$" "$note"
	say "guests run under ${accel^^}: $reason"
}

case ${1:-} in
'' | --args)	;;
*)	die "\"$1\" is not understood" "usage: scripts/accel.sh [--args]" ;;
esac
case ${ACCEL:-} in
kvm)
	{ : <>/dev/kvm; } 2>/dev/null ||
		die "ACCEL=kvm was asked for, but /dev/kvm cannot be opened" \
		    "leave ACCEL unset, or make /dev/kvm available to $(id -un)"
	accel=kvm
	;;
tcg)
	accel=tcg
	;;
'')
	[ -x "$qemu" ] || "$MYNIC_ROOT/scripts/qemu-build.sh"
	recall
	;;
*)
	die "ACCEL=$ACCEL is not known" "it may be kvm or tcg, or be left unset"
	;;
esac
if [ "${1:-}" = --args ]; then
	args_of "$accel"
else
	echo "$accel"
fi
