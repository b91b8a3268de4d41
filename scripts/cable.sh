#!/bin/bash
# Joins two TCP ports of this host, as a cable between two cards of guests.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/cable.sh PORT PORT
#
# Both ends are clients of it, "-netdev stream,server=off,reconnect-ms=100": in one
# process a server may listen too late for its client, and QEMU writes to a
# connection that it accepted until all is written, which nobody reads meanwhile.
# A cable ends with its clients, and there is a new one: for as long as the
# namespace of scripts/netns-run.sh, in which this runs.

set -euo pipefail

at=bind=127.0.0.1,reuseaddr
while :; do
	socat "TCP4-LISTEN:$1,$at" "TCP4-LISTEN:$2,$at" || sleep 0.2
done
