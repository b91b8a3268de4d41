#!/bin/bash
# make demo: builds all there is, boots guests and shows the card's main job.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/demo.sh
#
# QUICK=1 measures for a second where it is five otherwise.  KERNEL=6.12 takes
# the older kernel.  NIC=virtio-net puts another card in the place of ours.
# The table ends up in build/demo/report.txt, the plot in report.svg, all that
# was shown in log.txt.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

KERNEL=${KERNEL:-7.2}
NIC=${NIC:-mynic}
QUEUES=4
out=$MYNIC_BUILD/demo
each=5
[ -z "${QUICK:-}" ] || each=1

case $NIC in
mynic)
	driver=mynic
	card=mynic,queues=$QUEUES
	;;
virtio-net)
	driver=virtio_net
	card=virtio-net-pci,mq=on,vectors=$((2 * QUEUES + 2)),rss=on,hash=on
	;;
*)
	die "NIC=\"$NIC\" cannot be shown: the demo wants several queues" \
	    "use NIC=mynic or NIC=virtio-net"
	;;
esac

# boot NAME PORT VM-OPTION...: a guest with the card on the tap and in PORT; in
# it runs the part of demo-guest.sh called NAME.
boot()
{
	local name=$1 port=$2
	shift 2

	"$MYNIC_ROOT/scripts/vm-run.sh" --kernel "$KERNEL" \
		--log "demo-$name" --timeout 600 "$@" \
		--qemu-arg -netdev --qemu-arg "tap,id=net0,ifname=${MYNIC_TAP:?},script=no,downscript=no,vhost=off,queues=$QUEUES" \
		--qemu-arg -device --qemu-arg "$card,id=nic0,netdev=net0,mac=52:54:00:6d:79:01,bus=$port" \
		-- "cd /mynic && DRIVER=$driver \
		MODULE=/mynic/build/modules/\$(uname -r)/mynic.ko \
		SECONDS_EACH=$each HOST4=$MYNIC_HOST4 GUEST4=$MYNIC_GUEST4 \
		scripts/demo-guest.sh $name"
}

# In the namespace: the host's iperf3, then two guests one after the other.
inside()
{
	iperf3 -s >/dev/null 2>&1 &
	boot traffic rp0 --smp 2
	boot nodes rp1 --smp 4 --numa 2
}

# had WORD...: what the guest said behind "@WORD...".
had()
{
	sed -n "s/^@$* //p" "$out/log.txt" | tr -d '\r'
}

# column WORDS: numbers in one row, one line each.
column()
{
	tr -s ' ' '\n' <<<"$1" | grep .
}

# Splits what the guests said into the plot's files.
collect()
{
	local way name

	for way in to from; do
		name="$way the host"
		printf '"%s" %s %s\n' "$name" \
			"$(had rate 1 "$way" | awk '{ print $1 / 1000 }')" \
			"$(had rate "$QUEUES" "$way" |
				awk '{ print $1 / 1000 }')"
	done >"$out/rate.dat"
	paste -d ' ' <(seq 0 $((QUEUES - 1))) \
		<(column "$(had share "$QUEUES" to)") \
		<(column "$(had share "$QUEUES" from)") >"$out/share.dat"
	had live >"$out/live.dat"
	had channels >"$out/channels.dat"
	# The steps go on to the end of the curve.
	awk 'NR == FNR { end = $1; next } { last = $2; print }
		END { print end, last }' "$out/live.dat" \
		"$out/channels.dat" >"$out/channels.new"
	mv "$out/channels.new" "$out/channels.dat"
	paste -d ' ' <(seq 0 $((QUEUES - 1))) \
		<(column "$(had spread equal)") \
		<(column "$(had spread weight)") \
		<(column "$(had weight)" | awk '{ v[NR] = $1; t += $1 }
			END { for (i = 1; i <= NR; i++)
				print v[i] * 100 / t }') >"$out/spread.dat"
}

# rate QUEUES WAY: in Gb/s; per_cent ...: the shares of the queues.
rate()
{
	had rate "$1" "$2" | awk '{ printf "%.2f Gb/s", $1 / 1000 }'
}

per_cent()
{
	sed 's/ / : /g; s/$/ %/' <<<"$1"
}

table()
{
	local way idle line='%-36s %-22s %s\n'

	echo "$what"
	echo
	# shellcheck disable=SC2059 # one format for all rows
	{
		printf "$line" "$(had streams) TCP streams" "1 queue" "$QUEUES queues"
		for way in to from; do
			printf "$line" "  $way the host" "$(rate 1 "$way")" \
				"$(rate "$QUEUES" "$way")"
		done
		for way in to from; do
			printf "$line" "  packets by queue, $way the host" \
				"$(per_cent "$(had share 1 "$way")")" \
				"$(per_cent "$(had share "$QUEUES" "$way")")"
			idle=$(had idle "$QUEUES" "$way")
			[ -z "$idle" ] ||
				echo "  NO STREAM $way the host was on queue $idle"
		done
		echo
		printf "$line" "128 received streams, ethtool -X" \
			"equal" "weight $(had weight)"
		printf "$line" "  packets by queue" \
			"$(per_cent "$(had spread equal)")" \
			"$(per_cent "$(had spread weight)")"
	}
	echo
	echo "ethtool -L under traffic: $(had flows)"
	echo
	echo "interrupts of the channels, card on node $(had node)"
	had placed | sed 's/^/  /'
}

if [ "${1:-}" = --inside ]; then
	inside
	exit
fi

[[ $KERNEL == 7.2 || $KERNEL == 6.12 ]] ||
	die "KERNEL=$KERNEL is not known" "it may be 7.2 or 6.12"
"$MYNIC_ROOT/scripts/prereqs.sh" qemu guest demo
# What cannot work is said before anything is built for it.
[ -z "${ACCEL:-}" ] || "$MYNIC_ROOT/scripts/accel.sh" >/dev/null
"$MYNIC_ROOT/scripts/netns-run.sh" -- true
# All that takes the network is done before there is none.
"$MYNIC_ROOT/scripts/qemu-build.sh"
[ "$NIC" != mynic ] || "$MYNIC_ROOT/scripts/driver-build.sh" "$KERNEL" >/dev/null
"$MYNIC_ROOT/scripts/guest-image.sh" "$KERNEL" >/dev/null
"$MYNIC_ROOT/scripts/accel.sh" >/dev/null
rm -rf "$out"
mkdir -p "$out"
say "two guests, about $((each * 10 + 60)) seconds ..."
rc=0
"$MYNIC_ROOT/scripts/netns-run.sh" -- "${BASH_SOURCE[0]}" --inside 2>&1 |
	tee "$out/log.txt" | grep --line-buffered -v '^@' || rc=$?
[ "$rc" -eq 0 ] ||
	die "the demo ended with status $rc" \
	    "what was shown is in build/demo/log.txt, the guests' consoles in build/log"
what="Linux $(had kernel), $NIC with $QUEUES queue pairs, $(had cpus) vCPUs"
what+=" under $("$MYNIC_ROOT/scripts/accel.sh" | tr '[:lower:]' '[:upper:]')"
collect
gnuplot -e "dir='$out'; queues=$QUEUES; streams=$(had streams)" \
	-e "what='${what//_/\\_}'" \
	"$MYNIC_ROOT/scripts/demo.gp"
table >"$out/report.txt"
echo
cat "$out/report.txt"
echo
say "done; the table is build/demo/report.txt, the plot build/demo/report.svg"
