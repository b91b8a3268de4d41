// SPDX-License-Identifier: GPL-2.0-only
/*
 * ethtool: checks what it is given, then calls those who own it.
 */
#include <linux/ethtool.h>
#include <linux/linkmode.h>
#include <linux/netdevice.h>

#include "mynic.h"
#include "mynic_coalesce.h"
#include "mynic_ethtool.h"
#include "mynic_queue.h"
#include "mynic_ring.h"
#include "mynic_rss.h"
#include "mynic_rules.h"

static void mynic_get_drvinfo(struct net_device *netdev,
			      struct ethtool_drvinfo *info)
{
	struct mynic_net *mn = netdev_priv(netdev);

	strscpy(info->driver, MYNIC_DRV_NAME);
	strscpy(info->fw_version, mn->mdev->info.fw_version);
	strscpy(info->bus_info, pci_name(mn->mdev->pdev));
}

static int mynic_get_regs_len(struct net_device *netdev)
{
	return mynic_regs_len();
}

static void mynic_get_regs(struct net_device *netdev,
			   struct ethtool_regs *regs, void *data)
{
	struct mynic_net *mn = netdev_priv(netdev);

	regs->version = MYNIC_ABI_MAJOR << 8 | MYNIC_ABI_MINOR;
	mynic_regs_read(mn->mdev, data);
}

static u32 mynic_get_msglevel(struct net_device *netdev)
{
	struct mynic_net *mn = netdev_priv(netdev);

	return mn->msg_enable;
}

static void mynic_set_msglevel(struct net_device *netdev, u32 level)
{
	struct mynic_net *mn = netdev_priv(netdev);

	mn->msg_enable = level;
}

/**
 * mynic_refuse() - say why a user's request is refused
 * @netdev: the interface
 * @extack: receives the reason; NULL for requests that have no place for one,
 *	such as those by ioctl: it goes into the log then
 * @fmt: the reason, without a full stop and newline
 *
 * Context: process.
 */
void mynic_refuse(const struct net_device *netdev,
		  struct netlink_ext_ack *extack, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	if (extack)
		NL_SET_ERR_MSG_FMT_MOD(extack, "%pV", &vaf);
	else
		netdev_err(netdev, "%pV\n", &vaf);
	va_end(args);
}

static int mynic_get_link_ksettings(struct net_device *netdev,
				    struct ethtool_link_ksettings *settings)
{
	struct mynic_net *mn = netdev_priv(netdev);
	bool up = netif_carrier_ok(netdev);

	ethtool_link_ksettings_zero_link_mode(settings, supported);
	ethtool_link_ksettings_zero_link_mode(settings, advertising);
	settings->base.port = PORT_OTHER;
	settings->base.autoneg = AUTONEG_DISABLE;
	settings->base.speed = up ? READ_ONCE(mn->link_speed) : SPEED_UNKNOWN;
	settings->base.duplex = up ? READ_ONCE(mn->link_duplex) :
				     DUPLEX_UNKNOWN;

	return 0;
}

/* The link is the device's: only what it is anyway can be asked for. */
static int
mynic_set_link_ksettings(struct net_device *netdev,
			 const struct ethtool_link_ksettings *settings)
{
	const struct ethtool_link_settings *base = &settings->base;
	struct mynic_net *mn = netdev_priv(netdev);
	u32 speed = READ_ONCE(mn->link_speed);

	if (base->autoneg == AUTONEG_DISABLE && base->port == PORT_OTHER &&
	    (base->speed == speed || base->speed == (u32)SPEED_UNKNOWN) &&
	    base->duplex != DUPLEX_HALF &&
	    linkmode_empty(settings->link_modes.advertising))
		return 0;

	mynic_refuse(netdev, NULL,
		     "the link is the device's: %u Mb/s, full duplex, no autonegotiation; the property speed= of QEMU's device sets it",
		     speed);
	return -EINVAL;
}

static int mynic_get_coalesce(struct net_device *netdev,
			      struct ethtool_coalesce *ec,
			      struct kernel_ethtool_coalesce *kernel_ec,
			      struct netlink_ext_ack *extack)
{
	/* Of channel 0, as all are until somebody sets a single one. */
	mynic_coalesce_get(netdev_priv(netdev), 0, ec);

	return 0;
}

static int mynic_set_coalesce(struct net_device *netdev,
			      struct ethtool_coalesce *ec,
			      struct kernel_ethtool_coalesce *kernel_ec,
			      struct netlink_ext_ack *extack)
{
	struct mynic_net *mn = netdev_priv(netdev);

	return mynic_coalesce_set(mn, 0, mn->mdev->max_channels, ec, extack);
}

static bool mynic_channel_exists(const struct mynic_net *mn, u32 channel)
{
	if (channel < mn->cfg.channels)
		return true;

	mynic_refuse(mn->netdev, NULL, "queue %u: there are %u", channel,
		     mn->cfg.channels);
	return false;
}

static int mynic_get_per_queue_coalesce(struct net_device *netdev, u32 queue,
					struct ethtool_coalesce *ec)
{
	struct mynic_net *mn = netdev_priv(netdev);

	if (!mynic_channel_exists(mn, queue))
		return -EINVAL;
	mynic_coalesce_get(mn, queue, ec);

	return 0;
}

static int mynic_set_per_queue_coalesce(struct net_device *netdev, u32 queue,
					struct ethtool_coalesce *ec)
{
	struct mynic_net *mn = netdev_priv(netdev);

	if (!mynic_channel_exists(mn, queue))
		return -EINVAL;

	return mynic_coalesce_set(mn, queue, 1, ec, NULL);
}

static void mynic_get_ringparam(struct net_device *netdev,
				struct ethtool_ringparam *ring,
				struct kernel_ethtool_ringparam *kernel_ring,
				struct netlink_ext_ack *extack)
{
	struct mynic_net *mn = netdev_priv(netdev);

	ring->rx_max_pending = BIT(mn->mdev->hw.rx_log2_max);
	ring->tx_max_pending = BIT(mn->mdev->hw.tx_log2_max);
	ring->rx_pending = mn->cfg.rx_slots;
	ring->tx_pending = mn->cfg.tx_slots;
}

static int mynic_set_ringparam(struct net_device *netdev,
			       struct ethtool_ringparam *ring,
			       struct kernel_ethtool_ringparam *kernel_ring,
			       struct netlink_ext_ack *extack)
{
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_queue_cfg cfg = mn->cfg;

	cfg.rx_slots = ring->rx_pending;
	cfg.tx_slots = ring->tx_pending;
	if (cfg.rx_slots == mn->cfg.rx_slots &&
	    cfg.tx_slots == mn->cfg.tx_slots)
		return 0;

	return mynic_reconfigure(mn, &cfg, extack);
}

static int mynic_get_tunable(struct net_device *netdev,
			     const struct ethtool_tunable *tuna, void *data)
{
	struct mynic_net *mn = netdev_priv(netdev);

	if (tuna->id != ETHTOOL_TX_COPYBREAK)
		return -EOPNOTSUPP;

	*(u32 *)data = mn->cfg.tx_copybreak;
	return 0;
}

static int mynic_set_tunable(struct net_device *netdev,
			     const struct ethtool_tunable *tuna,
			     const void *data)
{
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_queue_cfg cfg = mn->cfg;
	u32 copybreak;

	if (tuna->id != ETHTOOL_TX_COPYBREAK)
		return -EOPNOTSUPP;

	copybreak = *(const u32 *)data;
	if (copybreak > MYNIC_TX_COPYBREAK_MAX) {
		mynic_refuse(netdev, NULL, "tx-copybreak %u: must be 0 to %u",
			     copybreak, MYNIC_TX_COPYBREAK_MAX);
		return -EINVAL;
	}
	if (copybreak == mn->cfg.tx_copybreak)
		return 0;

	cfg.tx_copybreak = copybreak;
	return mynic_reconfigure(mn, &cfg, NULL);
}

static void mynic_get_channels(struct net_device *netdev,
			       struct ethtool_channels *channels)
{
	struct mynic_net *mn = netdev_priv(netdev);

	channels->max_combined = mn->mdev->max_channels;
	channels->combined_count = mn->cfg.channels;
}

static int mynic_set_channels(struct net_device *netdev,
			      struct ethtool_channels *channels)
{
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_queue_cfg cfg = mn->cfg;

	cfg.channels = channels->combined_count;

	/* The core has refused what is beyond the limit, and says so. */
	return mynic_reconfigure(mn, &cfg, NULL);
}

#if MYNIC_RX_RING_COUNT
static u32 mynic_get_rx_ring_count(struct net_device *netdev)
{
	struct mynic_net *mn = netdev_priv(netdev);

	return mn->cfg.channels;
}
#endif

#if MYNIC_RXFH_FIELDS
static int mynic_get_rxfh_fields(struct net_device *netdev,
				 struct ethtool_rxfh_fields *fields)
{
	u64 data;
	int err;

	err = mynic_rss_get_fields(netdev_priv(netdev), fields->rss_context,
				   fields->flow_type, &data);
	if (!err)
		fields->data = data;

	return err;
}

static int mynic_set_rxfh_fields(struct net_device *netdev,
				 const struct ethtool_rxfh_fields *fields,
				 struct netlink_ext_ack *extack)
{
	return mynic_rss_set_fields(netdev_priv(netdev), fields->rss_context,
				    fields->flow_type, fields->data, extack);
}
#endif

static int mynic_get_rxnfc(struct net_device *netdev,
			   struct ethtool_rxnfc *info, u32 *rule_locs)
{
	struct mynic_net *mn = netdev_priv(netdev);

	switch (info->cmd) {
#if !MYNIC_RX_RING_COUNT
	case ETHTOOL_GRXRINGS:
		info->data = mn->cfg.channels;
		return 0;
#endif
#if !MYNIC_RXFH_FIELDS
	case ETHTOOL_GRXFH:
		return mynic_rss_get_fields(mn, 0, info->flow_type,
					    &info->data);
#endif
	default:
		return mynic_rules_get(mn, info, rule_locs);
	}
}

static int mynic_set_rxnfc(struct net_device *netdev,
			   struct ethtool_rxnfc *info)
{
	struct mynic_net *mn = netdev_priv(netdev);

#if !MYNIC_RXFH_FIELDS
	if (info->cmd == ETHTOOL_SRXFH)
		return mynic_rss_set_fields(mn, 0, info->flow_type, info->data,
					    NULL);
#endif
	return mynic_rules_set(mn, info);
}

static u32 mynic_get_rxfh_key_size(struct net_device *netdev)
{
	return mynic_rss_key_len(netdev_priv(netdev));
}

static u32 mynic_get_rxfh_indir_size(struct net_device *netdev)
{
	return mynic_rss_table_len(netdev_priv(netdev));
}

static int mynic_get_rxfh(struct net_device *netdev,
			  struct ethtool_rxfh_param *rxfh)
{
	mynic_rss_get(netdev_priv(netdev), rxfh);

	return 0;
}

static int mynic_get_sset_count(struct net_device *netdev, int sset)
{
	switch (sset) {
	case ETH_SS_STATS:
		return mynic_ethtool_stats_count(netdev);
	case ETH_SS_TEST:
		return mynic_selftest_count();
	default:
		return -EOPNOTSUPP;
	}
}

static void mynic_get_strings(struct net_device *netdev, u32 sset, u8 *data)
{
	switch (sset) {
	case ETH_SS_STATS:
		mynic_ethtool_stats_strings(netdev, data);
		break;
	case ETH_SS_TEST:
		mynic_selftest_strings(data);
		break;
	}
}

/* The parts of the card that a reset puts back, all of them at once. */
#define MYNIC_RESET_PARTS	(ETH_RESET_IRQ | ETH_RESET_DMA | \
				 ETH_RESET_FILTER | ETH_RESET_OFFLOAD | \
				 ETH_RESET_MAC)

static int mynic_reset(struct net_device *netdev, u32 *flags)
{
	struct mynic_net *mn = netdev_priv(netdev);

	if ((*flags & MYNIC_RESET_PARTS) != MYNIC_RESET_PARTS)
		return -EOPNOTSUPP;

	mynic_reset_schedule(mn->mdev, MYNIC_RESET_USER);
	*flags &= ~MYNIC_RESET_PARTS;

	return 0;
}

const struct ethtool_ops mynic_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_USECS |
				     ETHTOOL_COALESCE_MAX_FRAMES |
				     ETHTOOL_COALESCE_USE_ADAPTIVE,
	.rxfh_max_num_contexts	= MYNIC_RSS_CONTEXTS_MAX,
	.rxfh_per_ctx_key	= 1,
#if MYNIC_RXFH_FIELDS
	.rxfh_per_ctx_fields	= 1,
	.supported_input_xfrm	= RXH_XFRM_SYM_XOR | RXH_XFRM_SYM_OR_XOR,
#endif
#if MYNIC_RXNFC_ADDS
	.cap_rss_rxnfc_adds	= 1,
#endif
#if MYNIC_OPS_LOCKED
	.op_needs_rtnl		= ETHTOOL_OP_NEEDS_RTNL_SCHANNELS |
				  ETHTOOL_OP_NEEDS_RTNL_GLINK,
#endif
	.get_drvinfo		= mynic_get_drvinfo,
	.get_regs_len		= mynic_get_regs_len,
	.get_regs		= mynic_get_regs,
	.get_msglevel		= mynic_get_msglevel,
	.set_msglevel		= mynic_set_msglevel,
	.get_link		= ethtool_op_get_link,
	.get_coalesce		= mynic_get_coalesce,
	.set_coalesce		= mynic_set_coalesce,
	.get_ringparam		= mynic_get_ringparam,
	.set_ringparam		= mynic_set_ringparam,
	.get_tunable		= mynic_get_tunable,
	.set_tunable		= mynic_set_tunable,
	.self_test		= mynic_selftest,
	.get_strings		= mynic_get_strings,
	.get_ethtool_stats	= mynic_get_ethtool_stats,
	.get_sset_count		= mynic_get_sset_count,
#if MYNIC_RX_RING_COUNT
	.get_rx_ring_count	= mynic_get_rx_ring_count,
#endif
#if MYNIC_RXFH_FIELDS
	.get_rxfh_fields	= mynic_get_rxfh_fields,
	.set_rxfh_fields	= mynic_set_rxfh_fields,
#endif
	.get_rxnfc		= mynic_get_rxnfc,
	.set_rxnfc		= mynic_set_rxnfc,
	.reset			= mynic_reset,
	.get_rxfh_key_size	= mynic_get_rxfh_key_size,
	.get_rxfh_indir_size	= mynic_get_rxfh_indir_size,
	.get_rxfh		= mynic_get_rxfh,
	.set_rxfh		= mynic_set_rxfh,
	.create_rxfh_context	= mynic_create_rxfh_context,
	.modify_rxfh_context	= mynic_modify_rxfh_context,
	.remove_rxfh_context	= mynic_remove_rxfh_context,
	.get_channels		= mynic_get_channels,
	.set_channels		= mynic_set_channels,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_per_queue_coalesce	= mynic_get_per_queue_coalesce,
	.set_per_queue_coalesce	= mynic_set_per_queue_coalesce,
	.get_link_ksettings	= mynic_get_link_ksettings,
	.set_link_ksettings	= mynic_set_link_ksettings,
	.get_eth_mac_stats	= mynic_get_eth_mac_stats,
	.get_rmon_stats		= mynic_get_rmon_stats,
};
