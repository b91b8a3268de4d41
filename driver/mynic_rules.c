// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flow rules: what ethtool -N asks for, in the words of the device. Kept here
 * by location, sent to the device one by one, replayed after a reset.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "mynic.h"
#include "mynic_rss.h"
#include "mynic_rules.h"

/* Classes of the flow types that cover more than one of them. */
#define MYNIC_RULE_IPV4	(BIT(MYNIC_FLOW_IPV4) | BIT(MYNIC_FLOW_TCPV4) | \
			 BIT(MYNIC_FLOW_UDPV4) | BIT(MYNIC_FLOW_SCTPV4))
#define MYNIC_RULE_IPV6	(BIT(MYNIC_FLOW_IPV6) | BIT(MYNIC_FLOW_TCPV6) | \
			 BIT(MYNIC_FLOW_UDPV6) | BIT(MYNIC_FLOW_SCTPV6))
#define MYNIC_RULE_ALL	(MYNIC_RULE_IPV4 | MYNIC_RULE_IPV6 | MYNIC_RULE_NO_IP)

/* Bits of a flow type that say what comes beside it. */
#define MYNIC_RULE_FLAGS	(FLOW_EXT | FLOW_MAC_EXT | FLOW_RSS)

/**
 * struct mynic_rule - one rule
 * @fs: as the user gave it
 * @context: RSS context, of rules with FLOW_RSS
 * @dev: as the device has it
 */
struct mynic_rule {
	struct ethtool_rx_flow_spec fs;
	u32 context;
	struct mynic_flow_rule dev;
};

/**
 * mynic_rules_init() - no rules
 * @mn: the network device
 *
 * Return: 0 or -ENOMEM
 */
int mynic_rules_init(struct mynic_net *mn)
{
	mn->rules = kvcalloc(max(mn->mdev->hw.rules, 1), sizeof(*mn->rules),
			     GFP_KERNEL);
	return mn->rules ? 0 : -ENOMEM;
}

static void mynic_rules_forget(struct mynic_net *mn)
{
	u32 i;

	for (i = 0; i < mn->mdev->hw.rules; i++) {
		kfree(mn->rules[i]);
		mn->rules[i] = NULL;
	}
	mn->num_rules = 0;
}

/**
 * mynic_rules_free() - undo mynic_rules_init(), which may not have been called
 * @mn: the network device
 */
void mynic_rules_free(struct mynic_net *mn)
{
	if (mn->rules)
		mynic_rules_forget(mn);
	kvfree(mn->rules);
	mn->rules = NULL;
}

static int mynic_rule_send(struct mynic_net *mn, const struct mynic_rule *rule)
{
	struct mynic_admin_req req = {
		.op = MYNIC_ADMIN_SET_RULE,
		.params.rule.location = cpu_to_le16(rule->fs.location),
		.in = &rule->dev,
		.in_len = sizeof(rule->dev),
	};

	return mynic_admin_exec(mn->mdev, &req);
}

static int mynic_rule_unsend(struct mynic_net *mn, u32 location)
{
	struct mynic_admin_req req = {
		.op = MYNIC_ADMIN_DELETE_RULE,
		.params.rule.location = cpu_to_le16(location),
	};

	return mynic_admin_exec(mn->mdev, &req);
}

/**
 * mynic_rules_push() - tell the device of all rules
 * @mn: the network device; the device knows of their RSS contexts
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rules_push(struct mynic_net *mn)
{
	int err = 0;
	u32 i;

	for (i = 0; i < mn->mdev->hw.rules && mn->num_rules && !err; i++)
		if (mn->rules[i])
			err = mynic_rule_send(mn, mn->rules[i]);
	return err;
}

/**
 * mynic_rules_flush() - delete all rules
 * @mn: the network device
 *
 * Context: process, control locks held.
 * Return: 0, or a negative errno and some rules may be left
 */
int mynic_rules_flush(struct mynic_net *mn)
{
	int err;
	u32 i;

	for (i = 0; i < mn->mdev->hw.rules; i++) {
		if (!mn->rules[i])
			continue;
		if (test_bit(MYNIC_STATE_ENABLED, mn->mdev->state)) {
			err = mynic_rule_unsend(mn, i);
			if (err)
				return err;
		}
		kfree(mn->rules[i]);
		mn->rules[i] = NULL;
		mn->num_rules--;
	}
	return 0;
}

static bool mynic_rule_drops(const struct mynic_rule *rule)
{
	return rule->fs.ring_cookie == RX_CLS_FLOW_DISC;
}

static bool mynic_rule_spreads(const struct mynic_rule *rule)
{
	return rule->fs.flow_type & FLOW_RSS;
}

/* The last queue that a rule may choose, with @rss as its context. */
static u64 mynic_rule_max_queue(const struct mynic_rule *rule,
				const struct mynic_rss *rss)
{
	return rule->fs.ring_cookie + (rss ? mynic_rss_max_queue(rss) : 0);
}

/**
 * mynic_rules_check_channels() - whether the rules allow fewer channels
 * @mn: the network device
 * @channels: their new number
 * @extack: receives the reason if not; may be NULL
 *
 * What tables say on their own is for mynic_rss_check_channels().
 *
 * Return: 0 or -EINVAL
 */
int mynic_rules_check_channels(const struct mynic_net *mn, u16 channels,
			       struct netlink_ext_ack *extack)
{
	const struct mynic_rule *rule;
	const struct mynic_rss *rss;
	u64 max;
	u32 i;

	for (i = 0; i < mn->mdev->hw.rules && mn->num_rules; i++) {
		rule = mn->rules[i];
		if (!rule || mynic_rule_drops(rule) ||
		    (mynic_rule_spreads(rule) && !rule->fs.ring_cookie))
			continue;
		rss = mynic_rule_spreads(rule) ?
		      mynic_rss_find(mn, rule->context) : NULL;
		max = mynic_rule_max_queue(rule, rss);
		if (max < channels)
			continue;
		mynic_refuse(mn->netdev, extack,
			     "flow rule %u uses queue %llu, delete it before there are only %u",
			     i, max, channels);
		return -EINVAL;
	}
	return 0;
}

/**
 * mynic_rules_check_context() - whether the rules allow another table
 * @mn: the network device
 * @context: number of the RSS context
 * @rss: as it is to be
 * @extack: receives the reason if not; may be NULL
 *
 * Return: 0 or -EINVAL
 */
int mynic_rules_check_context(const struct mynic_net *mn, u32 context,
			      const struct mynic_rss *rss,
			      struct netlink_ext_ack *extack)
{
	const struct mynic_rule *rule;
	u64 max;
	u32 i;

	for (i = 0; i < mn->mdev->hw.rules && mn->num_rules; i++) {
		rule = mn->rules[i];
		if (!rule || !mynic_rule_spreads(rule) ||
		    rule->context != context || !rule->fs.ring_cookie)
			continue;
		max = mynic_rule_max_queue(rule, rss);
		if (max < mn->cfg.channels)
			continue;
		mynic_refuse(mn->netdev, extack,
			     "flow rule %u adds %llu to the queues of RSS context %u, and there is no queue %llu",
			     i, rule->fs.ring_cookie, context, max);
		return -EINVAL;
	}
	return 0;
}

/**
 * mynic_rules_use_context() - whether a rule leads to an RSS context
 * @mn: the network device
 * @context: number of the context
 *
 * Return: true if one does.
 */
bool mynic_rules_use_context(const struct mynic_net *mn, u32 context)
{
	u32 i;

	for (i = 0; i < mn->mdev->hw.rules && mn->num_rules; i++)
		if (mn->rules[i] && mynic_rule_spreads(mn->rules[i]) &&
		    mn->rules[i]->context == context)
			return true;
	return false;
}

/* @len bytes of value and mask at @offset of the device's. */
static void mynic_rule_bytes(struct mynic_flow_rule *dev, size_t offset,
			     const void *v, const void *m, size_t len)
{
	u8 *value = (u8 *)&dev->value + offset;
	u8 *mask = (u8 *)&dev->mask + offset;
	const u8 *vb = v, *mb = m;
	size_t i;

	for (i = 0; i < len; i++) {
		value[i] = vb[i] & mb[i];
		mask[i] = mb[i];
	}
}

/* A field of the device's rule, or its beginning, from one of ethtool's; both
 * are in network byte order.
 */
#define MYNIC_RULE_FIELD(dev, field, v, m)				\
	mynic_rule_bytes(dev, offsetof(struct mynic_flow_key, field),	\
			 &(v), &(m), sizeof(v))

static void mynic_rule_tcp4(struct mynic_flow_rule *dev,
			    const struct ethtool_tcpip4_spec *v,
			    const struct ethtool_tcpip4_spec *m)
{
	MYNIC_RULE_FIELD(dev, src_addr, v->ip4src, m->ip4src);
	MYNIC_RULE_FIELD(dev, dst_addr, v->ip4dst, m->ip4dst);
	MYNIC_RULE_FIELD(dev, tos, v->tos, m->tos);
	MYNIC_RULE_FIELD(dev, l4[0], v->psrc, m->psrc);
	MYNIC_RULE_FIELD(dev, l4[2], v->pdst, m->pdst);
}

static void mynic_rule_tcp6(struct mynic_flow_rule *dev,
			    const struct ethtool_tcpip6_spec *v,
			    const struct ethtool_tcpip6_spec *m)
{
	MYNIC_RULE_FIELD(dev, src_addr, v->ip6src, m->ip6src);
	MYNIC_RULE_FIELD(dev, dst_addr, v->ip6dst, m->ip6dst);
	MYNIC_RULE_FIELD(dev, tos, v->tclass, m->tclass);
	MYNIC_RULE_FIELD(dev, l4[0], v->psrc, m->psrc);
	MYNIC_RULE_FIELD(dev, l4[2], v->pdst, m->pdst);
}

static int mynic_rule_ip4(const struct mynic_net *mn,
			  struct mynic_flow_rule *dev,
			  const struct ethtool_usrip4_spec *v,
			  const struct ethtool_usrip4_spec *m)
{
	if (v->ip_ver != ETH_RX_NFC_IP4 || m->ip_ver) {
		mynic_refuse(mn->netdev, NULL,
			     "flow rule: the IP version of an ip4 rule is 4, without a mask");
		return -EINVAL;
	}
	MYNIC_RULE_FIELD(dev, src_addr, v->ip4src, m->ip4src);
	MYNIC_RULE_FIELD(dev, dst_addr, v->ip4dst, m->ip4dst);
	MYNIC_RULE_FIELD(dev, l4, v->l4_4_bytes, m->l4_4_bytes);
	MYNIC_RULE_FIELD(dev, tos, v->tos, m->tos);
	MYNIC_RULE_FIELD(dev, ip_proto, v->proto, m->proto);
	return 0;
}

static void mynic_rule_ip6(struct mynic_flow_rule *dev,
			   const struct ethtool_usrip6_spec *v,
			   const struct ethtool_usrip6_spec *m)
{
	MYNIC_RULE_FIELD(dev, src_addr, v->ip6src, m->ip6src);
	MYNIC_RULE_FIELD(dev, dst_addr, v->ip6dst, m->ip6dst);
	MYNIC_RULE_FIELD(dev, l4, v->l4_4_bytes, m->l4_4_bytes);
	MYNIC_RULE_FIELD(dev, tos, v->tclass, m->tclass);
	MYNIC_RULE_FIELD(dev, ip_proto, v->l4_proto, m->l4_proto);
}

static void mynic_rule_ether(struct mynic_flow_rule *dev,
			     const struct ethhdr *v, const struct ethhdr *m)
{
	MYNIC_RULE_FIELD(dev, dst_mac, v->h_dest, m->h_dest);
	MYNIC_RULE_FIELD(dev, src_mac, v->h_source, m->h_source);
	MYNIC_RULE_FIELD(dev, eth_type, v->h_proto, m->h_proto);
}

/* Classes and header fields by flow type. */
static int mynic_rule_match(const struct mynic_net *mn,
			    const struct ethtool_rx_flow_spec *fs,
			    struct mynic_flow_rule *dev)
{
	const union ethtool_flow_union *v = &fs->h_u, *m = &fs->m_u;
	u32 type = fs->flow_type & ~MYNIC_RULE_FLAGS;
	u16 classes;
	int err = 0;

	switch (type) {
	case TCP_V4_FLOW:
		classes = BIT(MYNIC_FLOW_TCPV4);
		break;
	case UDP_V4_FLOW:
		classes = BIT(MYNIC_FLOW_UDPV4);
		break;
	case SCTP_V4_FLOW:
		classes = BIT(MYNIC_FLOW_SCTPV4);
		break;
	case IPV4_USER_FLOW:
		classes = MYNIC_RULE_IPV4;
		break;
	case TCP_V6_FLOW:
		classes = BIT(MYNIC_FLOW_TCPV6);
		break;
	case UDP_V6_FLOW:
		classes = BIT(MYNIC_FLOW_UDPV6);
		break;
	case SCTP_V6_FLOW:
		classes = BIT(MYNIC_FLOW_SCTPV6);
		break;
	case IPV6_USER_FLOW:
		classes = MYNIC_RULE_IPV6;
		break;
	case ETHER_FLOW:
		classes = MYNIC_RULE_ALL;
		break;
	default:
		mynic_refuse(mn->netdev, NULL,
			     "flow rule: of the flow types ether, ip4, ip6, and tcp, udp and sctp over them can be matched");
		return -EOPNOTSUPP;
	}
	dev->classes = cpu_to_le16(classes);

	/* The structures of TCP, UDP and SCTP are the same. */
	if (type == ETHER_FLOW)
		mynic_rule_ether(dev, &v->ether_spec, &m->ether_spec);
	else if (type == IPV4_USER_FLOW)
		err = mynic_rule_ip4(mn, dev, &v->usr_ip4_spec,
				     &m->usr_ip4_spec);
	else if (type == IPV6_USER_FLOW)
		mynic_rule_ip6(dev, &v->usr_ip6_spec, &m->usr_ip6_spec);
	else if (classes & MYNIC_RULE_IPV4)
		mynic_rule_tcp4(dev, &v->tcp_ip4_spec, &m->tcp_ip4_spec);
	else
		mynic_rule_tcp6(dev, &v->tcp_ip6_spec, &m->tcp_ip6_spec);
	return err;
}

/* Destination address and VLAN tag beside the flow type's fields. */
static int mynic_rule_match_ext(const struct mynic_net *mn,
				const struct ethtool_rx_flow_spec *fs,
				struct mynic_flow_rule *dev)
{
	const struct ethtool_flow_ext *v = &fs->h_ext, *m = &fs->m_ext;
	const __be16 tag = htons(ETH_P_8021Q), all = htons(0xffff);

	if (fs->flow_type & FLOW_MAC_EXT) {
		if ((fs->flow_type & ~MYNIC_RULE_FLAGS) == ETHER_FLOW &&
		    !is_zero_ether_addr(fs->m_u.ether_spec.h_dest)) {
			mynic_refuse(mn->netdev, NULL,
				     "flow rule: dst and dst-mac are the same field, give one of them");
			return -EINVAL;
		}
		MYNIC_RULE_FIELD(dev, dst_mac, v->h_dest, m->h_dest);
	}
	if (!(fs->flow_type & FLOW_EXT))
		return 0;
	if (m->data[0] || m->data[1]) {
		mynic_refuse(mn->netdev, NULL,
			     "flow rule: the device has no use for user-def");
		return -EINVAL;
	}
	MYNIC_RULE_FIELD(dev, vlan_type, v->vlan_etype, m->vlan_etype);
	MYNIC_RULE_FIELD(dev, vlan_tci, v->vlan_tci, m->vlan_tci);
	/* A packet without a tag has none with contents of 0 either. */
	if (m->vlan_tci && !m->vlan_etype)
		MYNIC_RULE_FIELD(dev, vlan_type, tag, all);
	return 0;
}

/* What becomes of a packet that matches. */
static int mynic_rule_action(struct mynic_net *mn, struct mynic_rule *rule)
{
	u64 cookie = rule->fs.ring_cookie, max;
	const struct mynic_rss *rss = NULL;

	if (mynic_rule_drops(rule)) {
		if (mynic_rule_spreads(rule)) {
			mynic_refuse(mn->netdev, NULL,
				     "flow rule: packets that are dropped need no RSS context");
			return -EINVAL;
		}
		rule->dev.action = MYNIC_RULE_DROP;
		return 0;
	}
	if (cookie == RX_CLS_FLOW_WAKE ||
	    ethtool_get_flow_spec_ring_vf(cookie)) {
		mynic_refuse(mn->netdev, NULL,
			     "flow rule: the device cannot wake the system, nor has it virtual functions");
		return -EOPNOTSUPP;
	}
	if (mynic_rule_spreads(rule)) {
		rss = mynic_rss_find(mn, rule->context);
		if (!rss || !mynic_has(mn->mdev, MYNIC_F_RSS)) {
			mynic_refuse(mn->netdev, NULL,
				     "flow rule: there is no RSS context %u",
				     rule->context);
			return -EINVAL;
		}
	}
	max = mynic_rule_max_queue(rule, rss);
	/* The default table of context 0 follows the number of channels. */
	if (max >= mn->cfg.channels) {
		mynic_refuse(mn->netdev, NULL,
			     "flow rule: queue %llu does not exist, there are %u",
			     max, mn->cfg.channels);
		return -EINVAL;
	}
	rule->dev.action = rss ? MYNIC_RULE_RSS : MYNIC_RULE_QUEUE;
	rule->dev.queue = cpu_to_le16(cookie);
	rule->dev.context = cpu_to_le16(rss ? rule->context : 0);
	return 0;
}

static bool mynic_rule_same_match(const struct mynic_rule *a,
				  const struct mynic_rule *b)
{
	return a->dev.classes == b->dev.classes &&
	       !memcmp(&a->dev.value, &b->dev.value, sizeof(a->dev.value)) &&
	       !memcmp(&a->dev.mask, &b->dev.mask, sizeof(a->dev.mask));
}

/* Location of the rule that matches the same, -ENOENT if there is none. */
static int mynic_rule_find_same(const struct mynic_net *mn,
				const struct mynic_rule *rule)
{
	u32 i;

	for (i = 0; i < mn->mdev->hw.rules && mn->num_rules; i++)
		if (mn->rules[i] && mynic_rule_same_match(mn->rules[i], rule))
			return i;
	return -ENOENT;
}

static int mynic_rule_find_free(const struct mynic_net *mn, bool first)
{
	u32 num = mn->mdev->hw.rules, i, location;

	for (i = 0; i < num; i++) {
		location = first ? i : num - 1 - i;
		if (!mn->rules[location])
			return location;
	}
	return -ENOSPC;
}

/* Where the rule goes: that which matches the same is replaced if the location
 * is left to us, and is in the way if it is not. Left to us, rules are placed
 * from the last location on, as ethtool does for those who leave it that: of
 * two that match, the later one is followed.
 */
static int mynic_rule_place(const struct mynic_net *mn,
			    const struct mynic_rule *rule)
{
	u32 num = mn->mdev->hw.rules, location = rule->fs.location;
	int same = mynic_rule_find_same(mn, rule), found;

	switch (location) {
	case RX_CLS_LOC_ANY:
	case RX_CLS_LOC_FIRST:
	case RX_CLS_LOC_LAST:
		if (same >= 0)
			return same;
		found = mynic_rule_find_free(mn,
					     location == RX_CLS_LOC_FIRST);
		if (found < 0)
			mynic_refuse(mn->netdev, NULL,
				     "flow rule: all %u locations are taken",
				     num);
		return found;
	}
	if (location >= num) {
		mynic_refuse(mn->netdev, NULL,
			     "flow rule: location %u, there are 0 to %u",
			     location, num - 1);
		return -EINVAL;
	}
	if (same >= 0 && same != location) {
		mynic_refuse(mn->netdev, NULL,
			     "flow rule: that of location %d matches the same packets, delete it first",
			     same);
		return -EEXIST;
	}
	return location;
}

static int mynic_rule_insert(struct mynic_net *mn, struct ethtool_rxnfc *info)
{
	struct mynic_rule *rule;
	int location, err;

	if (!(mn->netdev->features & NETIF_F_NTUPLE)) {
		mynic_refuse(mn->netdev, NULL,
			     "flow rule: ntuple-filters is off, switch it on by ethtool -K");
		return -EOPNOTSUPP;
	}
	rule = kzalloc(sizeof(*rule), GFP_KERNEL);
	if (!rule)
		return -ENOMEM;

	rule->fs = info->fs;
	rule->context = info->fs.flow_type & FLOW_RSS ? info->rss_context : 0;
	err = mynic_rule_match(mn, &rule->fs, &rule->dev);
	if (!err)
		err = mynic_rule_match_ext(mn, &rule->fs, &rule->dev);
	if (!err)
		err = mynic_rule_action(mn, rule);
	if (err)
		goto err_free;

	location = mynic_rule_place(mn, rule);
	if (location < 0) {
		err = location;
		goto err_free;
	}
	rule->fs.location = location;
	if (test_bit(MYNIC_STATE_ENABLED, mn->mdev->state))
		err = mynic_rule_send(mn, rule);
	if (err) {
		mynic_refuse(mn->netdev, NULL,
			     "flow rule: the device refused it");
		goto err_free;
	}

	if (!mn->rules[location])
		mn->num_rules++;
	kfree(mn->rules[location]);
	mn->rules[location] = rule;
	info->fs.location = location;
	return 0;

err_free:
	kfree(rule);
	return err;
}

static int mynic_rule_delete(struct mynic_net *mn, u32 location)
{
	int err = 0;

	if (location >= mn->mdev->hw.rules || !mn->rules[location])
		return -ENOENT;
	if (test_bit(MYNIC_STATE_ENABLED, mn->mdev->state))
		err = mynic_rule_unsend(mn, location);
	if (err)
		return err;

	kfree(mn->rules[location]);
	mn->rules[location] = NULL;
	mn->num_rules--;
	return 0;
}

/**
 * mynic_rules_set() - insert or delete a rule, from ethtool
 * @mn: the network device
 * @info: ETHTOOL_SRXCLSRLINS or ETHTOOL_SRXCLSRLDEL; receives the location
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rules_set(struct mynic_net *mn, struct ethtool_rxnfc *info)
{
	if (!mynic_has(mn->mdev, MYNIC_F_FLOW_RULES))
		return -EOPNOTSUPP;

	switch (info->cmd) {
	case ETHTOOL_SRXCLSRLINS:
		return mynic_rule_insert(mn, info);
	case ETHTOOL_SRXCLSRLDEL:
		return mynic_rule_delete(mn, info->fs.location);
	default:
		return -EOPNOTSUPP;
	}
}

static int mynic_rules_list(const struct mynic_net *mn,
			    struct ethtool_rxnfc *info, u32 *locations)
{
	u32 i, n = 0;

	if (info->rule_cnt < mn->num_rules)
		return -EMSGSIZE;
	for (i = 0; i < mn->mdev->hw.rules; i++)
		if (mn->rules[i])
			locations[n++] = i;
	info->rule_cnt = n;
	info->data = mn->mdev->hw.rules;
	return 0;
}

/**
 * mynic_rules_get() - rules for ethtool
 * @mn: the network device
 * @info: ETHTOOL_GRXCLSRLCNT, ETHTOOL_GRXCLSRULE or ETHTOOL_GRXCLSRLALL;
 *	receives what was asked for
 * @locations: receives the locations, of the last of these
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rules_get(struct mynic_net *mn, struct ethtool_rxnfc *info,
		    u32 *locations)
{
	u32 location = info->fs.location;

	switch (info->cmd) {
	case ETHTOOL_GRXCLSRLCNT:
		info->rule_cnt = mn->num_rules;
		/* The core asks this of a device without rules, too. */
		info->data = mn->mdev->hw.rules;
		if (info->data)
			info->data |= RX_CLS_LOC_SPECIAL;
		return 0;
	case ETHTOOL_GRXCLSRULE:
		if (location >= mn->mdev->hw.rules || !mn->rules[location])
			return -ENOENT;
		info->fs = mn->rules[location]->fs;
		info->rss_context = mn->rules[location]->context;
		return 0;
	case ETHTOOL_GRXCLSRLALL:
		return mynic_rules_list(mn, info, locations);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * mynic_rules_show() - rules and what the device counts for them, for debugfs
 * @mn: the network device
 * @s: where to
 *
 * Context: process, control locks held.
 */
void mynic_rules_show(struct mynic_net *mn, struct seq_file *s)
{
	struct mynic_rule_stats stats;
	u32 i;

	for (i = 0; i < mn->mdev->hw.rules; i++) {
		struct mynic_admin_req req = {
			.op = MYNIC_ADMIN_GET_STATS,
			.params.stats.scope = cpu_to_le16(MYNIC_STATS_RULE),
			.params.stats.id = cpu_to_le16(i),
			.out = &stats,
			.out_len = sizeof(stats),
		};
		const struct mynic_rule *rule = mn->rules[i];

		if (!rule)
			continue;
		memset(&stats, 0, sizeof(stats));
		if (mynic_admin_exec(mn->mdev, &req))
			return;
		seq_printf(s, "%u: classes 0x%04x action %u queue %u context %u: %llu packets %llu bytes\n",
			   i, le16_to_cpu(rule->dev.classes), rule->dev.action,
			   le16_to_cpu(rule->dev.queue),
			   le16_to_cpu(rule->dev.context),
			   le64_to_cpu(stats.packets),
			   le64_to_cpu(stats.bytes));
	}
}
