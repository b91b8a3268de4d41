#!/bin/bash
# Sends one command to the monitor of a running guest; prints the answer.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/qmp.sh SOCKET '{"execute": "query-status"}'
#        scripts/qmp.sh SOCKET COMMAND [JSON-ARGUMENTS]
#        scripts/qmp.sh SOCKET hmp TEXT
#
# SOCKET is build/run/NAME.qmp of scripts/vm-run.sh --log NAME.  QMP answers
# are printed as JSON, those of the human monitor as text; an error goes to
# standard error, with status 1.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage="usage: scripts/qmp.sh SOCKET 'JSON' | COMMAND ['JSON'] | hmp TEXT"
[ $# -ge 2 ] || die "a socket and a command are wanted" "$usage"
socket=$1
[ -S "$socket" ] || die "there is no monitor at $socket" \
	"it exists while scripts/vm-run.sh --log NAME runs, at build/run/NAME.qmp"
need_packages socat

human=
case $2 in
\{*)
	command=$2
	;;
hmp)
	human=1
	text=${*:3}
	text=${text//\\/\\\\}
	text=${text//\"/\\\"}
	command='{"execute": "human-monitor-command", "arguments": {"command-line": "'$text'"}}'
	;;
*)
	command='{"execute": "'$2'", "arguments": '${3:-"{}"}'}'
	;;
esac

coproc monitor { exec socat - "UNIX-CONNECT:$socket"; }
# shellcheck disable=SC2154 # made by coproc
exec {from}<&"${monitor[0]}" {to}>&"${monitor[1]}"

# answer: the next line that is no event.
answer()
{
	local line

	while IFS= read -r -t 30 -u "$from" line; do
		case $line in
		*'"return":'* | *'"error":'*)
			printf '%s\n' "${line%$'\r'}"
			return
			;;
		esac
	done
	die "QEMU did not answer on $socket" \
	    "only one program at a time can talk to a monitor"
}

echo '{"execute": "qmp_capabilities"}' >&"$to"
answer >/dev/null
printf '%s\n' "$command" >&"$to"
reply=$(answer)
if [[ $reply == *'"error":'* ]]; then
	sed -E 's/.*"desc": "(([^"\\]|\\.)*)".*/\1/' <<<"$reply" >&2
	exit 1
fi
if [ -n "$human" ]; then
	reply=${reply#*'"return": "'}
	reply=${reply%'"}'}
	# JSON's escapes, as far as the monitor uses them.
	reply=${reply//\\r/}
	reply=${reply//\\\"/\"}
	printf '%b' "$reply"
else
	printf '%s\n' "$reply"
fi
