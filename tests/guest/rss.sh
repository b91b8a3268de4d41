#!/bin/bash
# RSS: tables by ethtool -X as asked for, and packets where the hash says.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

# The key of Microsoft's specification, whose vectors everybody knows.
KEY=6d:5a:56:da:25:5b:0e:c2:41:67:25:3d:43:a3:8f:b0:d0:ca:2b:cb:ae:7b:30:b4
KEY+=:77:cb:2d:a3:80:30:f2:0c:6a:42:b7:3b:be:ac:01:fa

setup()
{
	fresh
	ethtool -x "$nic" >/dev/null 2>&1 || skip "$DRIVER has no RSS table"
	need_queues 2
	ethtool -L "$nic" combined "$(max_queues)"
}

# The table, one queue a word.
table()
{
	ethtool -x "$nic" | awk '
		/^RSS hash key/ { exit }
		/^ *[0-9]+:/ { for (i = 2; i <= NF; i++) printf "%d ", $i }'
}

key()
{
	ethtool -x "$nic" | awk 'f { print; exit } /^RSS hash key/ { f = 1 }'
}

# share_of QUEUE: entries of the table that name it.
share_of()
{
	table | tr ' ' '\n' | grep -c "^$1$" || :
}

# toeplitz KEY HEX: the hash of the bytes in HEX.
toeplitz()
{
	local k=${1//:/} data=$2 hash=0 window next=8 byte i bit
	window=$((16#${k:0:8}))
	for ((i = 0; i < ${#data}; i += 2)); do
		byte=$((16#${data:i:2}))
		local more=$((16#${k:next:2}))
		next=$((next + 2))
		for ((bit = 7; bit >= 0; bit--)); do
			((byte >> bit & 1)) && hash=$((hash ^ window))
			window=$(((window << 1 | (more >> bit & 1)) & 0xffffffff))
		done
	done
	echo "$hash"
}

hex4()
{
	local a
	IFS=. read -ra a <<<"$1"
	printf '%02x' "${a[@]}"
}

# arrived BEFORE: packets received since, by queue.
arrived()
{
	minus "$(per_queue rx-packets)" "$1"
}

arrivals_of()
{
	[ "$(sum "$(arrived "$1")")" -ge "$2" ]
}

# spread COUNT: how COUNT packets of as many flows fall on the queues.
spread()
{
	local before
	before=$(per_queue rx-packets)
	burst 10000 $((9999 + $1)) 1
	wait_for 20 "$1 packets" arrivals_of "$before" "$1"
	arrived "$before"
}

A6_vector_of_the_specification()
{
	# 66.9.149.187:2794 to 161.142.100.80:1766
	eq "$(printf '%08x' "$(toeplitz $KEY "$(hex4 66.9.149.187)$(hex4 \
		161.142.100.80)$(printf '%04x%04x' 2794 1766)")")" 51ccc178 \
		"the hash that this file computes"
}

A6_default_table_is_even_over_the_queues()
{
	setup
	local n q
	n=$(queues)
	ge "$(table | wc -w)" 128 "entries"
	for ((q = 0; q < n; q++)); do
		eq "$(share_of "$q")" $(($(table | wc -w) / n)) \
			"entries of queue $q"
	done
	ge "$(key | tr -d ':\n' | wc -c)" 80 "digits of the key"
}

A6_equal_spreads_over_the_queues_asked_for()
{
	setup
	ethtool -X "$nic" equal 2
	eq "$(share_of 0) $(share_of 1)" "$(($(table | wc -w) / 2)) $((
		$(table | wc -w) / 2))" "entries of queues 0 and 1"
	local got
	got=$(spread 256)
	eq "$(busy_queues "$got" 20)" 2 "busy queues of $got"
}

A6_equal_with_start_leaves_the_first_queues_alone()
{
	setup
	ethtool -X "$nic" start 1 equal 1
	local got
	got=$(spread 64)
	ge "$(cut -d ' ' -f 2 <<<"$got")" 64 "packets of queue 1 in $got"
}

A6_weights_are_followed_by_table_and_packets()
{
	setup
	need_queues 3
	local n got
	n=$(table | wc -w)
	ethtool -X "$nic" weight 3 1 0
	eq "$(share_of 0) $(share_of 1) $(share_of 2)" \
		"$((n * 3 / 4)) $((n / 4)) 0" "entries by weight"
	got=$(spread 400)
	ge "$(cut -d ' ' -f 1 <<<"$got")" 220 "packets of queue 0 in $got"
	ge "$(cut -d ' ' -f 2 <<<"$got")" 40 "packets of queue 1 in $got"
	le "$(cut -d ' ' -f 3 <<<"$got")" 10 "packets of queue 2 in $got"
}

A6_every_packet_goes_where_its_hash_says()
{
	mynic_only
	setup
	local key port hash want before got entries
	for key in "$KEY" "${KEY/#6d:5a/91:22}"; do
		ethtool -X "$nic" hkey "$key" equal "$(max_queues)"
		eq "$(key)" "$key" "key"
		read -ra entries <<<"$(table)"
		for port in 10001 10100 65535; do
			hash=$(toeplitz "$key" "$(hex4 "$HOST4")$(hex4 \
				"$GUEST4")$(printf '%04x%04x' "$port" 6100)")
			want=${entries[hash % ${#entries[@]}]}
			before=$(per_queue rx-packets)
			burst "$port" "$port" 50
			wait_for 20 "50 packets" arrivals_of "$before" 50
			got=$(arrived "$before")
			ge "$(cut -d ' ' -f $((want + 1)) <<<"$got")" 50 \
				"packets of queue $want in $got, port $port"
		done
	done
}

A6_table_entry_by_entry_is_followed()
{
	mynic_only
	setup
	local n got
	n=$(max_queues)
	# Everything to the last queue, by weight.
	# shellcheck disable=SC2046 # words are meant
	ethtool -X "$nic" weight $(printf '0 %.0s' $(seq 2 "$n")) 1
	got=$(spread 100)
	ge "$(awk '{ print $NF }' <<<"$got")" 100 \
		"packets of the last queue in $got"
}

A6_default_is_had_back()
{
	setup
	local before
	before=$(table)
	ethtool -X "$nic" weight 1 3
	[ "$(table)" != "$before" ] || fail "weights changed nothing"
	ethtool -X "$nic" default
	eq "$(table)" "$before" "table"
}

A6_a_queue_that_does_not_exist_is_refused()
{
	setup
	local before n
	before=$(table)$(key)
	n=$(queues)
	refused 'invalid|range|queue|not' ethtool -X "$nic" equal $((n + 1))
	refused 'invalid|range|queue|not' ethtool -X "$nic" start "$n" equal 1
	eq "$(table)$(key)" "$before" "table and key"
	reach
}

A6_a_key_of_a_wrong_length_or_another_function_is_refused()
{
	setup
	local before
	before=$(table)$(key)
	refused 'key|invalid' ethtool -X "$nic" hkey "${KEY#6d:}"
	refused 'support|invalid|hfunc|function' ethtool -X "$nic" hfunc crc32
	refused_saying 'only hash function is toeplitz' \
		ethtool -X "$nic" hfunc xor
	eq "$(table)$(key)" "$before" "table and key"
}

A6_fields_that_cannot_be_hashed_are_refused()
{
	setup
	local before
	before=$(ethtool -n "$nic" rx-flow-hash udp4)
	refused_saying 'only addresses, ports and the flow label' \
		ethtool -N "$nic" rx-flow-hash udp4 m
	refused_saying 'only IPv4, IPv6' ethtool -N "$nic" rx-flow-hash ah4 sd
	eq "$(ethtool -n "$nic" rx-flow-hash udp4)" "$before" "fields"
}

A6_channels_below_a_queue_in_use_are_refused()
{
	setup
	local n
	n=$(max_queues)
	# shellcheck disable=SC2046 # words are meant
	ethtool -X "$nic" weight $(printf '0 %.0s' $(seq 2 "$n")) 1
	refused 'indirection|RSS|rx flow|invalid|table' \
		ethtool -L "$nic" combined 1
	eq "$(queues)" "$n" "channels"
	ethtool -X "$nic" default
	ethtool -L "$nic" combined 1
	eq "$(queues)" 1 "channels"
}

A6_default_table_follows_the_channels()
{
	setup
	ethtool -L "$nic" combined 1
	eq "$(share_of 0)" "$(table | wc -w)" "entries of queue 0"
	ethtool -L "$nic" combined 2
	eq "$(share_of 1)" "$(($(table | wc -w) / 2))" "entries of queue 1"
}

A6_table_and_key_survive_down_and_up()
{
	setup
	ethtool -X "$nic" weight 1 3
	mynic_only
	ethtool -X "$nic" hkey "$KEY"
	local before got
	before=$(table)$(key)
	ip link set "$nic" down
	addresses
	eq "$(table)$(key)" "$before" "table and key"
	got=$(spread 200)
	ge "$(cut -d ' ' -f 2 <<<"$got")" 100 "packets of queue 1 in $got"
}

A6_tables_change_under_traffic_without_losing_flows()
{
	setup
	stir
	local i
	for i in 1 2 3 4 5; do
		ethtool -X "$nic" equal 1
		ethtool -X "$nic" weight 1 $((i + 1))
		ethtool -X "$nic" default
	done
	flows_live
}

A6_hashing_off_and_on()
{
	mynic_only
	setup
	ethtool -K "$nic" rxhash off
	defer ethtool -K "$nic" rxhash on
	# The hash is no longer reported; steering goes on.
	local got
	got=$(spread 200)
	ge "$(busy_queues "$got" 10)" 2 "busy queues of $got"
}

A6_transmit_spreads_over_the_queues()
{
	setup
	local before got
	before=$(per_queue tx-packets)
	iperf 1s -P 8 >/dev/null
	got=$(minus "$(per_queue tx-packets)" "$before")
	ge "$(busy_queues "$got" 10)" 2 "busy transmit queues of $got"
}

of_the_device A6_vector_of_the_specification \
	A6_default_table_is_even_over_the_queues \
	A6_equal_spreads_over_the_queues_asked_for \
	A6_equal_with_start_leaves_the_first_queues_alone \
	A6_every_packet_goes_where_its_hash_says \
	A6_table_entry_by_entry_is_followed
run_cases
