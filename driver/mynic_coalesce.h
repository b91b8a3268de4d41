/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt moderation, as far as ethtool sees it.
 */
#ifndef MYNIC_COALESCE_H
#define MYNIC_COALESCE_H

#include <linux/types.h>

struct ethtool_coalesce;
struct mynic_net;
struct netlink_ext_ack;

void mynic_coalesce_get(const struct mynic_net *mn, u32 idx,
			struct ethtool_coalesce *ec);
int mynic_coalesce_set(struct mynic_net *mn, u32 first, u32 num,
		       const struct ethtool_coalesce *ec,
		       struct netlink_ext_ack *extack);

#endif /* MYNIC_COALESCE_H */
