// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS contexts for ethtool: made, changed and removed beside the default one.
 * The core chooses their numbers, and keeps a copy of key and table; packets
 * come to them by flow rules.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "mynic.h"
#include "mynic_rss.h"
#include "mynic_rules.h"

/* Changes context @context, which exists. */
static int mynic_rss_change(struct mynic_net *mn, u32 context,
			    const struct ethtool_rxfh_param *rxfh,
			    struct netlink_ext_ack *extack)
{
	const struct mynic_rss *old = mynic_rss_find(mn, context);
	struct mynic_rss *rss;

	if (!old) {
		mynic_refuse(mn->netdev, extack, "there is no RSS context %u",
			     context);
		return -ENOENT;
	}
	rss = kmemdup(old, sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return -ENOMEM;

	return mynic_rss_set(mn, context, rss, rxfh, extack);
}

/**
 * mynic_set_rxfh() - ethtool_ops.set_rxfh: change context 0
 * @netdev: the interface
 * @rxfh: what is wanted
 * @extack: receives the reason of a failure
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_set_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh,
		   struct netlink_ext_ack *extack)
{
	return mynic_rss_change(netdev_priv(netdev), 0, rxfh, extack);
}

/**
 * mynic_create_rxfh_context() - ethtool_ops.create_rxfh_context
 * @netdev: the interface
 * @ctx: the core's copy; receives what @rxfh does not say
 * @rxfh: what is wanted
 * @extack: receives the reason of a failure
 *
 * What is not asked for is as in context 0, but the table is even.
 *
 * Context: process, control locks and the core's rss_lock held.
 * Return: 0 or a negative errno
 */
int mynic_create_rxfh_context(struct net_device *netdev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack)
{
	struct mynic_net *mn = netdev_priv(netdev);
	u32 context = rxfh->rss_context, *indir, i;
	struct mynic_rss *rss;
	int err;

	if (!mynic_has(mn->mdev, MYNIC_F_RSS))
		return -EOPNOTSUPP;
	if (context >= mn->mdev->hw.rss_contexts) {
		mynic_refuse(netdev, extack,
			     "RSS context %u: the device has 0 to %u", context,
			     mn->mdev->hw.rss_contexts - 1);
		return -ENOSPC;
	}
	rss = kmemdup(mn->rss[0], sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return -ENOMEM;

	mynic_rss_spread(rss, mn->cfg.channels);
	err = mynic_rss_set(mn, context, rss, rxfh, extack);
	if (err)
		return err;

	if (!rxfh->indir) {
		indir = ethtool_rxfh_context_indir(ctx);
		for (i = 0; i < rss->table_len; i++)
			indir[i] = rss->table[i];
	}
	if (!rxfh->key)
		memcpy(ethtool_rxfh_context_key(ctx), rss->key, rss->key_len);
	ctx->hfunc = ETH_RSS_HASH_TOP;
	ctx->input_xfrm = mynic_rss_rxh_xfrm(rss);
	return 0;
}

/**
 * mynic_modify_rxfh_context() - ethtool_ops.modify_rxfh_context
 * @netdev: the interface
 * @ctx: the core's copy
 * @rxfh: what is wanted
 * @extack: receives the reason of a failure
 *
 * Context: process, control locks and the core's rss_lock held.
 * Return: 0 or a negative errno
 */
int mynic_modify_rxfh_context(struct net_device *netdev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack)
{
	return mynic_rss_change(netdev_priv(netdev), rxfh->rss_context, rxfh,
				extack);
}

/**
 * mynic_remove_rxfh_context() - ethtool_ops.remove_rxfh_context
 * @netdev: the interface
 * @ctx: the core's copy
 * @context: its number
 * @extack: receives the reason of a failure
 *
 * A device that is not enabled has forgotten it already, and one whose
 * interface goes away is reset: rules that use the context go with it.
 *
 * Context: process, control locks and the core's rss_lock held.
 * Return: 0 or a negative errno
 */
int mynic_remove_rxfh_context(struct net_device *netdev,
			      struct ethtool_rxfh_context *ctx,
			      u32 context, struct netlink_ext_ack *extack)
{
	struct mynic_admin_req req = {
		.op = MYNIC_ADMIN_DELETE_RSS,
		.params.rss.context = cpu_to_le16(context),
	};
	struct mynic_net *mn = netdev_priv(netdev);
	int err = 0;

	if (!context || !mynic_rss_find(mn, context))
		return -ENOENT;
	if (netdev->reg_state != NETREG_REGISTERED)
		goto out_free;
	if (mynic_rules_use_context(mn, context)) {
		mynic_refuse(netdev, extack,
			     "a flow rule uses RSS context %u, delete that first",
			     context);
		return -EBUSY;
	}
	if (test_bit(MYNIC_STATE_ENABLED, mn->mdev->state))
		err = mynic_admin_exec(mn->mdev, &req);
	if (err) {
		mynic_refuse(netdev, extack,
			     "the device does not delete the RSS context");
		return err;
	}
out_free:
	kfree(mn->rss[context]);
	mn->rss[context] = NULL;
	return 0;
}
