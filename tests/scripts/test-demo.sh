#!/bin/bash
# Tests what "make demo" does about the hash of its streams.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # single quotes: expanded by the fakes

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$ROOT/scripts/demo-guest.sh"

# left N: the ports that "scattered N" leaves to the streams.
left()
{
	local first last range port=0 ranges

	read -r first last </proc/sys/net/ipv4/ip_local_port_range
	IFS=, read -ra ranges < <(scattered "$1")
	for range in "${ranges[@]}" "$((last + 1))-"; do
		for ((port = first; port < ${range%-*}; port++)); do
			echo "$port"
		done
		first=$((${range#*-} + 1))
	done
}

# missed PORT...: for how many of 200 keys the hash of these ports misses one of
# four queues.  The last two bits of Toeplitz's hash are, for each bit of the
# port that is set, two bits of the key at that place.
missed()
{
	local key port bits bit hash queues missed=0

	RANDOM=1
	for ((key = 0; key < 200; key++)); do
		bits=$((RANDOM << 2 | RANDOM & 3))
		queues=()
		for port in "$@"; do
			hash=0
			for ((bit = 0; port >> bit; bit++)); do
				((!(port >> bit & 1))) ||
					((hash ^= bits >> bit & 3, 1))
			done
			queues[hash]=1
		done
		[ "${#queues[@]}" -eq 4 ] || missed=$((missed + 1))
	done
	echo "$missed"
}

test_ports_are_left_to_the_streams()
{
	local first last

	read -r first last </proc/sys/net/ipv4/ip_local_port_range
	equal "$(left 41 | wc -l)" 41
	equal "$(left 1 | wc -l)" 1
	equal "$(left $((last - first + 1)) | wc -l)" $((last - first + 1))
	[ "$(left 41)" != "$(left 41)" ]
}

test_streams_find_every_queue()
{
	local ports n

	mapfile -t ports < <(left "$streams")
	n=$(missed "${ports[@]}")
	echo "missed with $n keys"
	[ "$n" -le 8 ]
	# As the kernel chooses by itself.
	mapfile -t ports < <(seq 40000 2 $((40000 + 2 * streams - 2)))
	n=$(missed "${ports[@]}")
	echo "missed with $n keys"
	[ "$n" -gt 8 ]
}

test_queues_that_had_no_packet()
{
	equal "$(idle 4 "1 2 3 4 " "5 2 4 4 ")" "1 3"
	equal "$(idle 4 "1 2 3 4 " "5 6 7 8 ")" ""
	equal "$(idle 1 "1 2 3 4 " "5 2 3 4 ")" ""
}

# streams COMMANDS: the demo's streams, of an iperf3 that does just this.
streams()
{
	export T
	fake iperf3 "$1"
	server=- said=$T/said patience=3
	reserve() { :; }
	all_packets() { date +%s%N; }
	flows() { ! kill -0 "$client" 2>/dev/null || cat "$T/flows"; }
	: >"$T/flows"
}

test_streams_that_come_go_on()
{
	streams 'echo "1 2" >"$T/flows"; exec sleep 100'
	run_streams 2 -R
	stop_streams
	! kill -0 "$client" 2>/dev/null || return 1
}

test_streams_of_which_the_server_is_busy_come_again()
{
	streams 'if mkdir "$T/once" 2>/dev/null; then echo busy; exit 1; fi
		echo "1 2" >"$T/flows"; exec sleep 100'
	run_streams 2 -R
	stop_streams
}

test_streams_that_do_not_come_are_told()
{
	streams 'echo "unable to connect"; exit 1'
	fails run_streams 2 -R
	says "iperf3 -c - -R: no traffic on 2 connections"
	says "unable to connect"
	streams 'echo "1" >"$T/flows"; exec sleep 100'
	patience=1
	fails run_streams 2 -R
	says "no traffic on 2 connections"
}

test_streams_that_do_not_end_are_ended()
{
	streams 'trap "" TERM; echo "1 2" >"$T/flows"; exec sleep 100'
	run_streams 2 -R
	stop_streams
	! kill -0 "$client" 2>/dev/null || return 1
}

run_tests "$@"
