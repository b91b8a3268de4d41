/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mynic_ethtool.c, which has the operations, calls in other files.
 */
#ifndef MYNIC_ETHTOOL_H
#define MYNIC_ETHTOOL_H

#include <linux/types.h>

struct ethtool_eth_mac_stats;
struct ethtool_rmon_hist_range;
struct ethtool_rmon_stats;
struct ethtool_stats;
struct ethtool_test;
struct mynic_dev;
struct net_device;

/* mynic_ethtool_stats.c */
int mynic_ethtool_stats_count(struct net_device *netdev);
void mynic_ethtool_stats_strings(struct net_device *netdev, u8 *data);
void mynic_get_ethtool_stats(struct net_device *netdev,
			     struct ethtool_stats *stats, u64 *data);
void mynic_get_eth_mac_stats(struct net_device *netdev,
			     struct ethtool_eth_mac_stats *stats);
void mynic_get_rmon_stats(struct net_device *netdev,
			  struct ethtool_rmon_stats *stats,
			  const struct ethtool_rmon_hist_range **ranges);

/* mynic_selftest.c */
int mynic_selftest_count(void);
void mynic_selftest_strings(u8 *data);
void mynic_selftest(struct net_device *netdev, struct ethtool_test *test,
		    u64 *data);

/* mynic_debugfs.c */
int mynic_regs_len(void);
void mynic_regs_read(struct mynic_dev *mdev, u32 *words);

#endif /* MYNIC_ETHTOOL_H */
