#!/bin/bash
# Serves the guest tests on the host: commands of the peer, the cable, hotplug.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: tests/guest/host-agent.sh DIR MONITOR
#
# Runs in the namespace of the tap (scripts/netns-run.sh).  DIR holds the
# FIFOs that QEMU's "chardev pipe" wants: agent.in and agent.out, the far end
# of a virtio port of the guest.  MONITOR is a socket for scripts/qmp.sh.
#
# The guest sends lines "ID VERB TEXT", and gets "ID STATUS TEXT"; in both TEXTs
# a newline is \n and a backslash \\:
#   sh SHELL-COMMANDS   as the peer of the card: unprivileged, with rights over
#                       this namespace's network only, in DIR/peer
#   link NETDEV on|off  QEMU's set_link
#   unplug DEVICE       QEMU's device_del
#   plug JSON           QEMU's device_add; a network card only
#   aer DEVICE ERROR    QEMU's pcie_aer_inject_error
#   qom PATH NAME JSON  QEMU's qom-set; below /machine/peripheral only

set -euo pipefail
export LC_ALL=C

dir=$1
monitor=$2
scripts=$(cd "$(dirname "$0")/../../scripts" && pwd -P)

mkdir -p "$dir/peer"
caps=-all,+net_admin,+net_raw,+net_bind_service
confine=(setpriv --no-new-privs "--inh-caps=$caps" "--ambient-caps=$caps"
	 "--bounding-set=$caps")
if [ "$(id -u)" -eq 0 ] && grep -q 4294967295 /proc/self/uid_map; then
	chown 65534:65534 "$dir/peer"
	chmod 711 "$dir"
	confine+=(--reuid=65534 --regid=65534 --clear-groups)
fi
# In a user's own namespace (or as a user) there is no right to shed beyond
# what the namespace grants, and no second identity to take.
(cd "$dir/peer" && "${confine[@]}" true) 2>/dev/null || confine=()

exec {from_guest}<>"$dir/agent.out" {to_guest}<>"$dir/agent.in"

# qmp COMMAND ARGUMENTS: one QMP command; prints an error's text.
qmp()
{
	"$scripts/qmp.sh" "$monitor" "$1" "$2" 2>&1
}

# True for a word that needs no quoting in JSON or in QOM paths.
plain()
{
	[[ $1 =~ ^[A-Za-z0-9_-]+$ ]]
}

serve()
{
	local verb=$1 text=$2 a b c

	read -r a b c <<<"$text" || :
	case $verb in
	sh)
		(
			cd "$dir/peer"
			exec {from_guest}>&- {to_guest}>&-
			exec timeout 120 "${confine[@]}" bash -c "$text" \
				</dev/null 2>&1
		)
		;;
	link)
		plain "$a" && [[ $b == on || $b == off ]] || return 2
		[ "$b" = on ] && b=true || b=false
		qmp set_link "{\"name\": \"$a\", \"up\": $b}"
		;;
	unplug)
		plain "$a" || return 2
		qmp device_del "{\"id\": \"$a\"}"
		;;
	plug)
		[[ $text =~ ^\{\"driver\":\ \"(mynic|virtio-net-pci|e1000e)\" ]] ||
			return 2
		qmp device_add "$text"
		;;
	aer)
		plain "$a" && plain "$b" || return 2
		a=$(qmp human-monitor-command \
			"{\"command-line\": \"pcie_aer_inject_error $a $b\"}")
		echo "$a"
		[[ $a == *"OK id:"* ]]
		;;
	qom)
		[[ $a =~ ^[A-Za-z0-9_-]+$ ]] && plain "$b" || return 2
		qmp qom-set "{\"path\": \"/machine/peripheral/$a\",
			\"property\": \"$b\", \"value\": $c}"
		;;
	*)
		echo "host-agent.sh does not know $verb"
		return 2
		;;
	esac
}

while IFS= read -r -u "$from_guest" line; do
	tag=${line%% *}
	line=${line#* }
	printf -v text '%b' "${line#* }"
	rc=0
	out=$(serve "${line%% *}" "$text") || rc=$?
	out=${out//\\/\\\\}
	printf '%s %d %s\n' "$tag" "$rc" "${out//$'\n'/\\n}" >&"$to_guest"
done
