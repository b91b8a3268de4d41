#!/bin/bash
# Flow rules and RSS contexts: packets go where ethtool -N and -X say.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "$0")/lib.sh"

setup()
{
	fresh
	need_feature ntuple-filters
	mynic_only
	need_queues 4
	ethtool -L "$nic" combined 4
	# What is not ruled goes to queue 0.
	ethtool -X "$nic" equal 1
}

# rule WORDS...: inserts it, prints its location.
rule()
{
	ethtool -N "$nic" "$@" | awk '{ print $NF }'
}

# context WORDS...: makes an RSS context, prints its number.
context()
{
	ethtool -X "$nic" context new "$@" | awk '{ print $NF }'
}

rules()
{
	ethtool -n "$nic" 2>/dev/null | awk '/^Filter:/ { printf "%s ", $2 }'
}

arrivals_of()
{
	[ "$(sum "$(minus "$(per_queue rx-packets)" "$1")")" -ge "$2" ]
}

# arrive COUNT: how COUNT datagrams of as many flows to port 6100 fall on the
# queues.
arrive()
{
	local before
	before=$(per_queue rx-packets)
	burst 10000 $((9999 + $1)) 1
	wait_for 20 "$1 packets" arrivals_of "$before" "$1"
	minus "$(per_queue rx-packets)" "$before"
}

# to_queues FIRST LAST WHAT: 64 datagrams come to these queues only; others get
# no more than what is on the wire anyway.
to_queues()
{
	local got here
	got=$(arrive 64)
	here=$(sum "$(cut -d ' ' -f $(($1 + 1))-$(($2 + 1)) <<<"$got")")
	ge "$here" 64 "$3: packets of queues $1 to $2 in $got"
	le $(($(sum "$got") - here)) 20 "$3: packets of other queues in $got"
}

dropped()
{
	[ "$(hw port_rx_drop_rule)" -ge "$1" ]
}

A6_rule_names_a_queue()
{
	setup
	local location
	to_queues 0 0 "without a rule"
	location=$(rule flow-type udp4 dst-port 6100 action 2)
	to_queues 2 2 "by port"
	ethtool -N "$nic" delete "$location"
	to_queues 0 0 "deleted"
	rule flow-type ip4 src-ip "$HOST4" dst-ip "$GUEST4" l4proto 17 \
		action 1 >/dev/null
	to_queues 1 1 "by address and protocol"
	rule flow-type ether src 02:00:00:00:00:01 m 00:00:00:00:00:00 \
		action 3 loc 0 >/dev/null
	to_queues 3 3 "by station"
	mountpoint -q /sys/kernel/debug ||
		mount -t debugfs none /sys/kernel/debug 2>/dev/null || return 0
	match "$(<"/sys/kernel/debug/mynic/$pci/flow_rules")" \
		'^0: .* [0-9]{2,} packets' "hits"
}

A6_masks_leave_bits_out()
{
	setup
	# 6100 is 0x17d4.
	rule flow-type udp4 dst-port 0x17d0 m 0x000f action 1 >/dev/null
	to_queues 1 1 "12 bits of the port"
	ethtool -N "$nic" delete "$(rules | tr -d ' ')"
	rule flow-type udp4 dst-port 0x17e0 m 0x000f action 1 >/dev/null
	to_queues 0 0 "another 12 bits"
}

A6_rule_drops()
{
	setup
	local before location
	before=$(hw port_rx_drop_rule)
	location=$(rule flow-type udp4 dst-port 6100 action -1)
	burst 10000 10009 1
	wait_for 20 "packets dropped" dropped $((before + 10))
	reach
	ethtool -N "$nic" delete "$location"
	to_queues 0 0 "deleted"
}

A6_first_location_is_followed()
{
	setup
	rule flow-type udp4 dst-port 6100 action 1 loc 7 >/dev/null
	rule flow-type udp4 action 2 loc 8 >/dev/null
	to_queues 1 1 "the more exact one first"
	rule flow-type ip4 action 3 loc 6 >/dev/null
	to_queues 3 3 "the less exact one first"
	eq "$(rules)" "6 7 8 " "rules"
}

A6_later_rule_is_followed_first()
{
	setup
	rule flow-type udp4 action 1 >/dev/null
	rule flow-type udp4 dst-port 6100 action 2 >/dev/null
	to_queues 2 2 "the later one"
	rule flow-type ip4 l4proto 17 action 3 >/dev/null
	to_queues 3 3 "the latest one"
}

A6_contexts_have_tables_of_their_own()
{
	setup
	local a b
	a=$(context start 2 equal 2)
	b=$(context)
	rule flow-type udp4 dst-port 6100 context "$a" loc 0 >/dev/null
	to_queues 2 3 "two queues"
	ethtool -X "$nic" context "$a" weight 0 1
	to_queues 1 1 "another table"
	rule flow-type udp4 dst-port 6100 context "$b" loc 0 >/dev/null
	le "$(cut -d ' ' -f 1 <<<"$(arrive 400)")" 200 "packets of queue 0"
	ethtool -X "$nic" context "$a" delete
	refused 'busy|use' ethtool -X "$nic" context "$b" delete
	ethtool -N "$nic" delete 0
	ethtool -X "$nic" context "$b" delete
	refused 'no such|invalid|not' ethtool -x "$nic" context "$b"
}

A6_rule_adds_to_the_queues_of_a_context()
{
	setup
	local c
	c=$(context equal 2)
	rule flow-type udp4 dst-port 6100 context "$c" action 2 >/dev/null ||
		skip "this kernel refuses it"
	to_queues 2 3 "two queues further"
	refused_saying 'flow rule .* adds 2 to the queues' \
		ethtool -X "$nic" context "$c" equal 3
	refused_saying 'queue 4 does not exist' ethtool -N "$nic" \
		flow-type udp4 dst-port 6101 context "$c" action 3
}

A6_rules_and_contexts_survive_down_and_reset()
{
	setup
	local c before
	c=$(context start 2 equal 2)
	rule flow-type udp4 dst-port 6100 context "$c" >/dev/null
	before=$(ethtool -n "$nic"; ethtool -x "$nic" context "$c")
	ip link set "$nic" down
	addresses
	to_queues 2 3 "down and up"
	echo 1 >"/sys/bus/pci/devices/$pci/reset"
	wait_for 20 "carrier" carrier 1
	wait_for 20 "an answer" reach
	to_queues 2 3 "reset"
	ip link set "$nic" down
	echo 1 >"/sys/bus/pci/devices/$pci/reset"
	addresses
	to_queues 2 3 "reset while down"
	eq "$(ethtool -n "$nic"; ethtool -x "$nic" context "$c")" "$before" \
		"rules and context"
}

A6_queues_of_rules_and_contexts_stay()
{
	setup
	local c
	c=$(context start 3 equal 1)
	refused 'indirection|RSS|table|invalid' ethtool -L "$nic" combined 3
	ethtool -X "$nic" context "$c" equal 1
	rule flow-type udp4 dst-port 6100 action 2 >/dev/null
	refused 'ntuple|rule|invalid' ethtool -L "$nic" combined 2
	ethtool -L "$nic" combined 3
	to_queues 2 2 "fewer channels"
}

A6_same_match_replaces_or_is_refused()
{
	setup
	local first
	first=$(rule flow-type udp4 dst-port 6100 action 1)
	eq "$(rule flow-type udp4 dst-port 6100 action 2)" "$first" "location"
	to_queues 2 2 "replaced"
	refused_saying 'matches the same packets' ethtool -N "$nic" \
		flow-type udp4 dst-port 6100 action 3 loc $((first - 1))
	eq "$(rules)" "$first " "rules"
}

A6_wrong_rules_are_refused()
{
	setup
	local try=(ethtool -N "$nic" flow-type udp4 dst-port 6100)
	refused_saying 'queue 4 does not exist' "${try[@]}" action 4
	refused_saying 'no use for user-def' "${try[@]}" user-def 1 action 1
	refused_saying 'there are 0 to [0-9]+' "${try[@]}" action 1 loc 100000
	refused 'invalid|no such' "${try[@]}" context 9
	refused_saying 'cannot wake' "${try[@]}" action -2
	refused_saying 'can be matched' ethtool -N "$nic" flow-type esp4 \
		spi 1 action 1
	refused 'no such|cannot|not' ethtool -N "$nic" delete 3
	eq "$(rules)" "" "rules"
	reach
}

A6_contexts_have_a_limit()
{
	setup
	local n=0
	while context equal 1 >/dev/null 2>"$CASE_DIR/said"; do
		n=$((n + 1))
		le "$n" 255 "contexts"
	done
	ge "$n" 15 "contexts"
	reach
}

A6_ntuple_off_forgets_the_rules()
{
	setup
	rule flow-type udp4 dst-port 6100 action 1 >/dev/null
	ethtool -K "$nic" ntuple off
	eq "$(rules)" "" "rules"
	to_queues 0 0 "off"
	refused_saying 'ntuple-filters is off' \
		ethtool -N "$nic" flow-type udp4 dst-port 6100 action 1
	ethtool -K "$nic" ntuple on
	to_queues 0 0 "on again"
}

A6_symmetric_hash_wants_both_directions()
{
	setup
	ethtool -X "$nic" xfrm symmetric-xor 2>/dev/null ||
		skip "this kernel or ethtool has no symmetric hash"
	match "$(ethtool -x "$nic")" 'symmetric-xor: on' "configuration"
	refused 'symmetric|invalid' ethtool -N "$nic" rx-flow-hash udp4 sdf
	ethtool -X "$nic" equal 4
	ge "$(busy_queues "$(arrive 256)" 5)" 2 "busy queues"
	ethtool -X "$nic" xfrm none
}

of_the_device A6_masks_leave_bits_out A6_rule_drops \
	A6_first_location_is_followed
run_cases
