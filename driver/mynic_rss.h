/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Receive-side scaling: its contexts, and what ethtool sees of them.
 */
#ifndef MYNIC_RSS_H
#define MYNIC_RSS_H

#include <linux/types.h>

#include "mynic_abi.h"

struct ethtool_rxfh_context;
struct ethtool_rxfh_param;
struct mynic_net;
struct net_device;
struct netlink_ext_ack;

/* Of more contexts the device cannot tell in RSS_LIMITS. */
#define MYNIC_RSS_CONTEXTS_MAX	255

/**
 * struct mynic_rss - what the device is told to do, one context
 * @table_len: entries of @table
 * @key_len: bytes of @key
 * @xfrm: MYNIC_RSS_XFRM_*
 * @fields: MYNIC_RSS_FIELD_* by enum mynic_flow_class
 * @key: hash key
 * @table: receive queue by hash value
 */
struct mynic_rss {
	u16 table_len;
	u16 key_len;
	u8 xfrm;
	u8 fields[MYNIC_RSS_FLOW_CLASSES];
	u8 key[MYNIC_RSS_KEY_SIZE];
	u16 table[MYNIC_RSS_TABLE_SIZE];
};

struct mynic_rss *mynic_rss_find(const struct mynic_net *mn, u32 context);
void mynic_rss_spread(struct mynic_rss *rss, u16 channels);
u16 mynic_rss_max_queue(const struct mynic_rss *rss);
u8 mynic_rss_rxh_xfrm(const struct mynic_rss *rss);
int mynic_rss_replace(struct mynic_net *mn, u16 context, struct mynic_rss *rss,
		      struct netlink_ext_ack *extack);

u32 mynic_rss_table_len(const struct mynic_net *mn);
u32 mynic_rss_key_len(const struct mynic_net *mn);
void mynic_rss_get(const struct mynic_net *mn, struct ethtool_rxfh_param *rxfh);
int mynic_rss_set(struct mynic_net *mn, u16 context, struct mynic_rss *rss,
		  const struct ethtool_rxfh_param *rxfh,
		  struct netlink_ext_ack *extack);
int mynic_rss_get_fields(const struct mynic_net *mn, u32 context,
			 u32 flow_type, u64 *data);
int mynic_rss_set_fields(struct mynic_net *mn, u32 context, u32 flow_type,
			 u64 data, struct netlink_ext_ack *extack);

/* mynic_rss_ctx.c: operations of ethtool */
int mynic_set_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh,
		   struct netlink_ext_ack *extack);
int mynic_create_rxfh_context(struct net_device *netdev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack);
int mynic_modify_rxfh_context(struct net_device *netdev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack);
int mynic_remove_rxfh_context(struct net_device *netdev,
			      struct ethtool_rxfh_context *ctx,
			      u32 context, struct netlink_ext_ack *extack);

#endif /* MYNIC_RSS_H */
