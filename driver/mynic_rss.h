/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Receive-side scaling, as far as ethtool sees it.
 */
#ifndef MYNIC_RSS_H
#define MYNIC_RSS_H

#include <linux/types.h>

struct ethtool_rxfh_param;
struct mynic_net;
struct netlink_ext_ack;

u32 mynic_rss_table_len(const struct mynic_net *mn);
u32 mynic_rss_key_len(const struct mynic_net *mn);
void mynic_rss_get(const struct mynic_net *mn, struct ethtool_rxfh_param *rxfh);
int mynic_rss_set(struct mynic_net *mn, const struct ethtool_rxfh_param *rxfh,
		  struct netlink_ext_ack *extack);
int mynic_rss_get_fields(const struct mynic_net *mn, u32 flow_type, u64 *data);
int mynic_rss_set_fields(struct mynic_net *mn, u32 flow_type, u64 data,
			 struct netlink_ext_ack *extack);

#endif /* MYNIC_RSS_H */
