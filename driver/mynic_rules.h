/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flow rules: ethtool -N, and what others must ask of them.
 */
#ifndef MYNIC_RULES_H
#define MYNIC_RULES_H

#include <linux/types.h>

struct ethtool_rxnfc;
struct mynic_net;
struct mynic_rss;
struct netlink_ext_ack;
struct seq_file;

int mynic_rules_init(struct mynic_net *mn);
void mynic_rules_free(struct mynic_net *mn);
int mynic_rules_push(struct mynic_net *mn);
int mynic_rules_flush(struct mynic_net *mn);
int mynic_rules_check_channels(const struct mynic_net *mn, u16 channels,
			       struct netlink_ext_ack *extack);
int mynic_rules_check_context(const struct mynic_net *mn, u32 context,
			      const struct mynic_rss *rss,
			      struct netlink_ext_ack *extack);
bool mynic_rules_use_context(const struct mynic_net *mn, u32 context);
int mynic_rules_get(struct mynic_net *mn, struct ethtool_rxnfc *info,
		    u32 *locations);
int mynic_rules_set(struct mynic_net *mn, struct ethtool_rxnfc *info);
void mynic_rules_show(struct mynic_net *mn, struct seq_file *s);

#endif /* MYNIC_RULES_H */
