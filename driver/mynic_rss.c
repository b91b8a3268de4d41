// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive-side scaling: key, indirection table and the header fields that are
 * hashed, by context. Kept here, sent to the device as a whole. Context 0 takes
 * what no flow rule sends elsewhere; mynic_rss_ctx.c makes the others.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "mynic.h"
#include "mynic_rss.h"
#include "mynic_rules.h"

#define MYNIC_RSS_L3	(MYNIC_RSS_FIELD_SRC_ADDR | MYNIC_RSS_FIELD_DST_ADDR)
#define MYNIC_RSS_L4	(MYNIC_RSS_FIELD_SRC_PORT | MYNIC_RSS_FIELD_DST_PORT)

/**
 * mynic_rss_spread() - an even table
 * @rss: the context
 * @channels: over so many queues
 */
void mynic_rss_spread(struct mynic_rss *rss, u16 channels)
{
	u16 i;

	for (i = 0; i < rss->table_len; i++)
		rss->table[i] = ethtool_rxfh_indir_default(i, channels);
}

/**
 * mynic_rss_init() - a random key, an even table, all of the headers
 * @mn: the network device, cfg set
 *
 * Return: 0 or -ENOMEM
 */
int mynic_rss_init(struct mynic_net *mn)
{
	const struct mynic_hw *hw = &mn->mdev->hw;
	struct mynic_rss *rss;
	int class;

	mn->rss = kcalloc(hw->rss_contexts, sizeof(*mn->rss), GFP_KERNEL);
	if (!mn->rss)
		return -ENOMEM;
	rss = kzalloc(sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return -ENOMEM;

	rss->table_len = min_t(u16, hw->rss_table_max, MYNIC_RSS_TABLE_SIZE);
	rss->key_len = min_t(u16, hw->rss_key_len, MYNIC_RSS_KEY_SIZE);
	netdev_rss_key_fill(rss->key, rss->key_len);
	mynic_rss_spread(rss, mn->cfg.channels);

	for (class = 0; class < MYNIC_FLOW_COUNT; class++)
		rss->fields[class] = MYNIC_RSS_L3 | MYNIC_RSS_L4;
	rss->fields[MYNIC_FLOW_IPV4] = MYNIC_RSS_L3;
	rss->fields[MYNIC_FLOW_IPV6] = MYNIC_RSS_L3;

	mn->rss[0] = rss;
	return 0;
}

/**
 * mynic_rss_free() - undo mynic_rss_init(), and free all contexts
 * @mn: the network device
 */
void mynic_rss_free(struct mynic_net *mn)
{
	u16 i;

	for (i = 0; mn->rss && i < mn->mdev->hw.rss_contexts; i++)
		kfree(mn->rss[i]);
	kfree(mn->rss);
	mn->rss = NULL;
}

/**
 * mynic_rss_find() - a context by its number
 * @mn: the network device
 * @context: the number, 0 for the default context
 *
 * Return: the context, NULL if there is none.
 */
struct mynic_rss *mynic_rss_find(const struct mynic_net *mn, u32 context)
{
	return context < mn->mdev->hw.rss_contexts ? mn->rss[context] : NULL;
}

/**
 * mynic_rss_max_queue() - the last queue of a context
 * @rss: the context
 *
 * Return: the largest number in its table.
 */
u16 mynic_rss_max_queue(const struct mynic_rss *rss)
{
	u16 max = 0, i;

	for (i = 0; i < rss->table_len; i++)
		max = max(max, rss->table[i]);
	return max;
}

/**
 * mynic_rss_check_channels() - whether the users' tables allow fewer channels
 * @mn: the network device
 * @channels: their new number
 * @extack: receives the reason if not; may be NULL
 *
 * The default table of context 0 follows the number; those of other contexts
 * stay as they are, as the core expects it.
 *
 * Return: 0 or -EINVAL
 */
int mynic_rss_check_channels(struct mynic_net *mn, u16 channels,
			     struct netlink_ext_ack *extack)
{
	u16 i, max;

	for (i = 0; i < mn->mdev->hw.rss_contexts; i++) {
		if (!mn->rss[i] ||
		    (!i && !netif_is_rxfh_configured(mn->netdev)))
			continue;
		max = mynic_rss_max_queue(mn->rss[i]);
		if (max < channels)
			continue;
		mynic_refuse(mn->netdev, extack,
			     "the table of RSS context %u uses queue %u, change it before there are only %u",
			     i, max, channels);
		return -EINVAL;
	}
	return 0;
}

/**
 * mynic_rss_set_channels() - spread the default table over other channels
 * @mn: the network device
 * @channels: their number
 *
 * A table that the user has set stays. The device is told by
 * mynic_rss_push().
 */
void mynic_rss_set_channels(struct mynic_net *mn, u16 channels)
{
	if (!netif_is_rxfh_configured(mn->netdev))
		mynic_rss_spread(mn->rss[0], channels);
}

static int mynic_rss_send(struct mynic_net *mn, u16 context,
			  const struct mynic_rss *rss)
{
	struct mynic_admin_req req = {
		.op = MYNIC_ADMIN_SET_RSS,
		.params.rss.context = cpu_to_le16(context),
	};
	struct mynic_rss_config *config;
	int err;
	u16 i;

	if (!mynic_has(mn->mdev, MYNIC_F_RSS))
		return 0;

	config = kzalloc(sizeof(*config), GFP_KERNEL);
	if (!config)
		return -ENOMEM;

	config->table_len = cpu_to_le16(rss->table_len);
	config->key_len = cpu_to_le16(rss->key_len);
	config->function = MYNIC_RSS_TOEPLITZ;
	config->xfrm = rss->xfrm;
	memcpy(config->fields, rss->fields, sizeof(config->fields));
	memcpy(config->key, rss->key, rss->key_len);
	for (i = 0; i < rss->table_len; i++)
		config->table[i] = cpu_to_le16(rss->table[i]);

	req.in = config;
	req.in_len = sizeof(*config);
	err = mynic_admin_exec(mn->mdev, &req);
	kfree(config);

	return err;
}

/**
 * mynic_rss_push() - tell the device of context 0
 * @mn: the network device
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rss_push(struct mynic_net *mn)
{
	return mynic_rss_send(mn, 0, mn->rss[0]);
}

/**
 * mynic_rss_push_contexts() - tell the device of all contexts but 0
 * @mn: the network device
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rss_push_contexts(struct mynic_net *mn)
{
	int err = 0;
	u16 i;

	for (i = 1; i < mn->mdev->hw.rss_contexts && !err; i++)
		if (mn->rss[i])
			err = mynic_rss_send(mn, i, mn->rss[i]);
	return err;
}

/* Of a symmetric hash both directions of a flow must look the same. */
static int mynic_rss_check_symmetry(const struct mynic_net *mn,
				    const struct mynic_rss *rss,
				    struct netlink_ext_ack *extack)
{
	u8 fields;
	int class;

	if (rss->xfrm == MYNIC_RSS_XFRM_NONE)
		return 0;
	for (class = 0; class < MYNIC_FLOW_COUNT; class++) {
		fields = rss->fields[class];
		if (!(fields & MYNIC_RSS_FIELD_FLOW_LABEL) &&
		    !(fields & MYNIC_RSS_FIELD_SRC_ADDR) ==
		    !(fields & MYNIC_RSS_FIELD_DST_ADDR) &&
		    !(fields & MYNIC_RSS_FIELD_SRC_PORT) ==
		    !(fields & MYNIC_RSS_FIELD_DST_PORT))
			continue;
		mynic_refuse(mn->netdev, extack,
			     "a symmetric hash takes both addresses or none, both ports or none, and no flow label");
		return -EINVAL;
	}
	return 0;
}

/**
 * mynic_rss_replace() - another configuration of a context
 * @mn: the network device
 * @context: number of the context, which need not exist
 * @rss: its configuration, which is taken over; freed on failure
 * @extack: receives the reason of a failure; may be NULL
 *
 * On failure everything stays as it is. A device that is not enabled hears of
 * it from the reset path.
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rss_replace(struct mynic_net *mn, u16 context, struct mynic_rss *rss,
		      struct netlink_ext_ack *extack)
{
	int err;

	err = mynic_rss_check_symmetry(mn, rss, extack);
	if (!err)
		err = mynic_rules_check_context(mn, context, rss, extack);
	if (err) {
		kfree(rss);
		return err;
	}
	if (test_bit(MYNIC_STATE_ENABLED, mn->mdev->state))
		err = mynic_rss_send(mn, context, rss);
	if (err) {
		mynic_refuse(mn->netdev, extack,
			     "the device refused the RSS configuration");
		kfree(rss);
		return err;
	}
	kfree(mn->rss[context]);
	mn->rss[context] = rss;

	return 0;
}

/**
 * mynic_rss_table_len() - entries of the indirection table
 * @mn: the network device
 *
 * Return: their number, 0 without RSS
 */
u32 mynic_rss_table_len(const struct mynic_net *mn)
{
	return mynic_has(mn->mdev, MYNIC_F_RSS) ? mn->rss[0]->table_len : 0;
}

/**
 * mynic_rss_key_len() - bytes of the hash key
 * @mn: the network device
 *
 * Return: their number, 0 without RSS
 */
u32 mynic_rss_key_len(const struct mynic_net *mn)
{
	return mynic_has(mn->mdev, MYNIC_F_RSS) ? mn->rss[0]->key_len : 0;
}

/**
 * mynic_rss_rxh_xfrm() - what becomes of the fields before they are hashed
 * @rss: the context
 *
 * Return: RXH_XFRM_*, 0 for nothing
 */
u8 mynic_rss_rxh_xfrm(const struct mynic_rss *rss)
{
	switch (rss->xfrm) {
	case MYNIC_RSS_XFRM_SYM_XOR:
		return RXH_XFRM_SYM_XOR;
	case MYNIC_RSS_XFRM_SYM_OR_XOR:
		return RXH_XFRM_SYM_OR_XOR;
	default:
		return 0;
	}
}

/* MYNIC_RSS_XFRM_*, or a negative errno. */
static int mynic_rss_xfrm(const struct mynic_net *mn, u8 rxh)
{
	if (!rxh)
		return MYNIC_RSS_XFRM_NONE;
	if (!mynic_has(mn->mdev, MYNIC_F_RSS_SYMMETRIC))
		return -EOPNOTSUPP;

	switch (rxh) {
	case RXH_XFRM_SYM_XOR:
		return MYNIC_RSS_XFRM_SYM_XOR;
	case RXH_XFRM_SYM_OR_XOR:
		return MYNIC_RSS_XFRM_SYM_OR_XOR;
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * mynic_rss_get() - key and table of context 0 for ethtool
 * @mn: the network device
 * @rxfh: receives them
 */
void mynic_rss_get(const struct mynic_net *mn, struct ethtool_rxfh_param *rxfh)
{
	const struct mynic_rss *rss = mn->rss[0];
	u16 i;

	rxfh->hfunc = ETH_RSS_HASH_TOP;
	rxfh->input_xfrm = mynic_rss_rxh_xfrm(rss);
	if (rxfh->key)
		memcpy(rxfh->key, rss->key, rss->key_len);
	if (rxfh->indir)
		for (i = 0; i < rss->table_len; i++)
			rxfh->indir[i] = rss->table[i];
}

/**
 * mynic_rss_set() - other key or table, from ethtool
 * @mn: the network device
 * @context: number of the context
 * @rss: the context, a copy; taken over, or freed on failure
 * @rxfh: what is wanted; the core has checked the sizes, and the queues
 *	against those that exist
 * @extack: receives the reason of a failure
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rss_set(struct mynic_net *mn, u16 context, struct mynic_rss *rss,
		  const struct ethtool_rxfh_param *rxfh,
		  struct netlink_ext_ack *extack)
{
	u16 i;

	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE &&
	    rxfh->hfunc != ETH_RSS_HASH_TOP) {
		mynic_refuse(mn->netdev, extack,
			     "the only hash function is toeplitz");
		kfree(rss);
		return -EOPNOTSUPP;
	}
	if (rxfh->input_xfrm != RXH_XFRM_NO_CHANGE) {
		int xfrm = mynic_rss_xfrm(mn, rxfh->input_xfrm);

		if (xfrm < 0) {
			mynic_refuse(mn->netdev, extack,
				     "the device does not transform its input like that");
			kfree(rss);
			return xfrm;
		}
		rss->xfrm = xfrm;
	}

	if (rxfh->key)
		memcpy(rss->key, rxfh->key, rss->key_len);
	if (rxfh->indir)
		for (i = 0; i < rss->table_len; i++)
			rss->table[i] = rxfh->indir[i];

	return mynic_rss_replace(mn, context, rss, extack);
}

/* Class of ethtool's flow types, or a negative errno. */
static int mynic_rss_class(u32 flow_type)
{
	switch (flow_type) {
	case IPV4_FLOW:
		return MYNIC_FLOW_IPV4;
	case TCP_V4_FLOW:
		return MYNIC_FLOW_TCPV4;
	case UDP_V4_FLOW:
		return MYNIC_FLOW_UDPV4;
	case SCTP_V4_FLOW:
		return MYNIC_FLOW_SCTPV4;
	case IPV6_FLOW:
		return MYNIC_FLOW_IPV6;
	case TCP_V6_FLOW:
		return MYNIC_FLOW_TCPV6;
	case UDP_V6_FLOW:
		return MYNIC_FLOW_UDPV6;
	case SCTP_V6_FLOW:
		return MYNIC_FLOW_SCTPV6;
	default:
		return -EINVAL;
	}
}

static const struct {
	u64 rxh;
	u8 field;
} mynic_rss_fields[] = {
	{ RXH_IP_SRC, MYNIC_RSS_FIELD_SRC_ADDR },
	{ RXH_IP_DST, MYNIC_RSS_FIELD_DST_ADDR },
	{ RXH_L4_B_0_1, MYNIC_RSS_FIELD_SRC_PORT },
	{ RXH_L4_B_2_3, MYNIC_RSS_FIELD_DST_PORT },
	{ RXH_IP6_FL, MYNIC_RSS_FIELD_FLOW_LABEL },
};

/**
 * mynic_rss_get_fields() - header fields that are hashed, for ethtool
 * @mn: the network device
 * @context: number of the context
 * @flow_type: as in ethtool, TCP_V4_FLOW for instance
 * @data: receives RXH_*
 *
 * Return: 0, -EINVAL for packets that are not told apart, -ENOENT if there is
 * no such context
 */
int mynic_rss_get_fields(const struct mynic_net *mn, u32 context,
			 u32 flow_type, u64 *data)
{
	const struct mynic_rss *rss = mynic_rss_find(mn, context);
	int class = mynic_rss_class(flow_type);
	size_t i;

	if (!mynic_has(mn->mdev, MYNIC_F_RSS))
		return -EOPNOTSUPP;
	if (!rss)
		return -ENOENT;
	if (class < 0)
		return class;

	*data = 0;
	for (i = 0; i < ARRAY_SIZE(mynic_rss_fields); i++)
		if (rss->fields[class] & mynic_rss_fields[i].field)
			*data |= mynic_rss_fields[i].rxh;
	return 0;
}

/**
 * mynic_rss_set_fields() - other header fields, from ethtool
 * @mn: the network device
 * @context: number of the context
 * @flow_type: as in ethtool, TCP_V4_FLOW for instance
 * @data: RXH_*
 * @extack: receives the reason of a failure; may be NULL
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rss_set_fields(struct mynic_net *mn, u32 context, u32 flow_type,
			 u64 data, struct netlink_ext_ack *extack)
{
	const struct mynic_rss *old = mynic_rss_find(mn, context);
	int class = mynic_rss_class(flow_type);
	struct mynic_rss *rss;
	u8 fields = 0;
	size_t i;

	if (!mynic_has(mn->mdev, MYNIC_F_RSS))
		return -EOPNOTSUPP;
	if (!old)
		return -ENOENT;
	if (class < 0) {
		mynic_refuse(mn->netdev, extack,
			     "only IPv4, IPv6, and TCP, UDP and SCTP over them are told apart");
		return class;
	}

	for (i = 0; i < ARRAY_SIZE(mynic_rss_fields); i++) {
		if (!(data & mynic_rss_fields[i].rxh))
			continue;
		fields |= mynic_rss_fields[i].field;
		data &= ~mynic_rss_fields[i].rxh;
	}
	if (data) {
		mynic_refuse(mn->netdev, extack,
			     "only addresses, ports and the flow label of IPv6 can be hashed");
		return -EINVAL;
	}
	if ((class == MYNIC_FLOW_IPV4 || class == MYNIC_FLOW_IPV6) &&
	    fields & MYNIC_RSS_L4) {
		mynic_refuse(mn->netdev, extack,
			     "IP packets without TCP, UDP or SCTP have no ports to hash");
		return -EINVAL;
	}
	if (fields & MYNIC_RSS_FIELD_FLOW_LABEL) {
		if (class < MYNIC_FLOW_IPV6) {
			mynic_refuse(mn->netdev, extack,
				     "IPv4 has no flow label");
			return -EINVAL;
		}
		if (!mynic_has(mn->mdev, MYNIC_F_RSS_FLOW_LABEL)) {
			mynic_refuse(mn->netdev, extack,
				     "the device does not hash flow labels");
			return -EOPNOTSUPP;
		}
	}

	rss = kmemdup(old, sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return -ENOMEM;
	rss->fields[class] = fields;

	return mynic_rss_replace(mn, context, rss, extack);
}
