// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive-side scaling: key, indirection table and the header fields that are
 * hashed. Kept here, sent to the device as a whole.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "mynic.h"
#include "mynic_rss.h"

#define MYNIC_RSS_L3	(MYNIC_RSS_FIELD_SRC_ADDR | MYNIC_RSS_FIELD_DST_ADDR)
#define MYNIC_RSS_L4	(MYNIC_RSS_FIELD_SRC_PORT | MYNIC_RSS_FIELD_DST_PORT)

/**
 * struct mynic_rss - what the device is told to do
 * @table_len: entries of @table
 * @key_len: bytes of @key
 * @fields: MYNIC_RSS_FIELD_* by enum mynic_flow_class
 * @key: hash key
 * @table: receive queue by hash value
 */
struct mynic_rss {
	u16 table_len;
	u16 key_len;
	u8 fields[MYNIC_RSS_FLOW_CLASSES];
	u8 key[MYNIC_RSS_KEY_SIZE];
	u16 table[MYNIC_RSS_TABLE_SIZE];
};

static void mynic_rss_spread(struct mynic_rss *rss, u16 channels)
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

	mn->rss = rss;
	return 0;
}

/**
 * mynic_rss_free() - undo mynic_rss_init()
 * @mn: the network device
 */
void mynic_rss_free(struct mynic_net *mn)
{
	kfree(mn->rss);
	mn->rss = NULL;
}

/**
 * mynic_rss_check_channels() - whether the user's table allows fewer channels
 * @mn: the network device
 * @channels: their new number
 * @extack: receives the reason if not; may be NULL
 *
 * Return: 0 or -EINVAL
 */
int mynic_rss_check_channels(struct mynic_net *mn, u16 channels,
			     struct netlink_ext_ack *extack)
{
	const struct mynic_rss *rss = mn->rss;
	u16 i;

	if (!netif_is_rxfh_configured(mn->netdev))
		return 0;

	for (i = 0; i < rss->table_len; i++) {
		if (rss->table[i] < channels)
			continue;
		mynic_refuse(mn->netdev, extack,
			     "entry %u of the RSS table uses queue %u, change it before there are only %u",
			     i, rss->table[i], channels);
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
		mynic_rss_spread(mn->rss, channels);
}

static int mynic_rss_send(struct mynic_net *mn, const struct mynic_rss *rss)
{
	struct mynic_admin_req req = { .op = MYNIC_ADMIN_SET_RSS };
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
 * mynic_rss_push() - tell the device
 * @mn: the network device
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rss_push(struct mynic_net *mn)
{
	return mynic_rss_send(mn, mn->rss);
}

/* Exchanges what is in use for @rss, or leaves it as it is on an error. A
 * device that is not enabled hears of it from the reset path.
 */
static int mynic_rss_replace(struct mynic_net *mn, struct mynic_rss *rss,
			     struct netlink_ext_ack *extack)
{
	int err = 0;

	if (test_bit(MYNIC_STATE_ENABLED, mn->mdev->state))
		err = mynic_rss_send(mn, rss);
	if (err) {
		mynic_refuse(mn->netdev, extack,
			     "the device refused the RSS configuration");
		kfree(rss);
		return err;
	}
	kfree(mn->rss);
	mn->rss = rss;

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
	return mynic_has(mn->mdev, MYNIC_F_RSS) ? mn->rss->table_len : 0;
}

/**
 * mynic_rss_key_len() - bytes of the hash key
 * @mn: the network device
 *
 * Return: their number, 0 without RSS
 */
u32 mynic_rss_key_len(const struct mynic_net *mn)
{
	return mynic_has(mn->mdev, MYNIC_F_RSS) ? mn->rss->key_len : 0;
}

/**
 * mynic_rss_get() - key and table for ethtool
 * @mn: the network device
 * @rxfh: receives them
 */
void mynic_rss_get(const struct mynic_net *mn, struct ethtool_rxfh_param *rxfh)
{
	const struct mynic_rss *rss = mn->rss;
	u16 i;

	rxfh->hfunc = ETH_RSS_HASH_TOP;
	if (rxfh->key)
		memcpy(rxfh->key, rss->key, rss->key_len);
	if (rxfh->indir)
		for (i = 0; i < rss->table_len; i++)
			rxfh->indir[i] = rss->table[i];
}

/**
 * mynic_rss_set() - other key or table, from ethtool
 * @mn: the network device
 * @rxfh: what is wanted; the core has checked the sizes, and the queues
 *	against those that exist
 * @extack: receives the reason of a failure
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rss_set(struct mynic_net *mn, const struct ethtool_rxfh_param *rxfh,
		  struct netlink_ext_ack *extack)
{
	struct mynic_rss *rss;
	u16 i;

	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE &&
	    rxfh->hfunc != ETH_RSS_HASH_TOP) {
		mynic_refuse(mn->netdev, extack,
			     "the only hash function is toeplitz");
		return -EOPNOTSUPP;
	}

	rss = kmemdup(mn->rss, sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return -ENOMEM;

	if (rxfh->key)
		memcpy(rss->key, rxfh->key, rss->key_len);
	if (rxfh->indir)
		for (i = 0; i < rss->table_len; i++)
			rss->table[i] = rxfh->indir[i];

	return mynic_rss_replace(mn, rss, extack);
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
};

/**
 * mynic_rss_get_fields() - header fields that are hashed, for ethtool
 * @mn: the network device
 * @flow_type: as in ethtool, TCP_V4_FLOW for instance
 * @data: receives RXH_*
 *
 * Return: 0, or -EINVAL for packets that are not told apart
 */
int mynic_rss_get_fields(const struct mynic_net *mn, u32 flow_type, u64 *data)
{
	int class = mynic_rss_class(flow_type);
	size_t i;

	if (!mynic_has(mn->mdev, MYNIC_F_RSS))
		return -EOPNOTSUPP;
	if (class < 0)
		return class;

	*data = 0;
	for (i = 0; i < ARRAY_SIZE(mynic_rss_fields); i++)
		if (mn->rss->fields[class] & mynic_rss_fields[i].field)
			*data |= mynic_rss_fields[i].rxh;
	return 0;
}

/**
 * mynic_rss_set_fields() - other header fields, from ethtool
 * @mn: the network device
 * @flow_type: as in ethtool, TCP_V4_FLOW for instance
 * @data: RXH_*
 * @extack: receives the reason of a failure; may be NULL
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_rss_set_fields(struct mynic_net *mn, u32 flow_type, u64 data,
			 struct netlink_ext_ack *extack)
{
	int class = mynic_rss_class(flow_type);
	struct mynic_rss *rss;
	u8 fields = 0;
	size_t i;

	if (!mynic_has(mn->mdev, MYNIC_F_RSS))
		return -EOPNOTSUPP;
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
			     "only addresses and ports can be hashed");
		return -EINVAL;
	}
	if ((class == MYNIC_FLOW_IPV4 || class == MYNIC_FLOW_IPV6) &&
	    fields & MYNIC_RSS_L4) {
		mynic_refuse(mn->netdev, extack,
			     "IP packets without TCP, UDP or SCTP have no ports to hash");
		return -EINVAL;
	}

	rss = kmemdup(mn->rss, sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return -ENOMEM;
	rss->fields[class] = fields;

	return mynic_rss_replace(mn, rss, extack);
}
