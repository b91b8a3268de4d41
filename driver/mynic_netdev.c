// SPDX-License-Identifier: GPL-2.0-only
/*
 * The net_device: its operations, features, filters and link.
 *
 * What the stack sets is kept in the net_device and mynic_net and sent to
 * the device by *_push() functions, which the reset path uses to replay it.
 */
#include <linux/crc32.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/topology.h>

#include "mynic.h"
#include "mynic_ring.h"
#include "mynic_rules.h"

/* Each feature, and those that it needs; a later one may need an earlier. */
static const struct {
	u64 feature;
	u64 needs;
} mynic_feature_deps[] = {
	{ MYNIC_F_SHADOW },
	{ MYNIC_F_TX_CSUM },
	{ MYNIC_F_TX_TSO, MYNIC_F_TX_CSUM },
	{ MYNIC_F_TX_USO, MYNIC_F_TX_CSUM },
	{ MYNIC_F_TX_VLAN },
	{ MYNIC_F_RX_CSUM },
	{ MYNIC_F_RX_GRO, MYNIC_F_RX_CSUM },
	{ MYNIC_F_RX_GRO_UDP, MYNIC_F_RX_GRO },
	{ MYNIC_F_RX_VLAN },
	{ MYNIC_F_VLAN_FILTER },
	{ MYNIC_F_RSS },
	{ MYNIC_F_MODERATION },
	{ MYNIC_F_RX_CSUM_FILL, MYNIC_F_RX_CSUM },
	{ MYNIC_F_FLOW_RULES },
	{ MYNIC_F_RSS_SYMMETRIC, MYNIC_F_RSS },
	{ MYNIC_F_RSS_FLOW_LABEL, MYNIC_F_RSS },
};

/* Features that SET_OFFLOADS turns on and off. */
static const struct {
	netdev_features_t netdev;
	u64 feature;
	u32 offload;
} mynic_rx_offloads[] = {
	{ NETIF_F_RXCSUM, MYNIC_F_RX_CSUM, MYNIC_OFFLOAD_RX_CSUM },
	{ NETIF_F_GRO_HW, MYNIC_F_RX_GRO, MYNIC_OFFLOAD_RX_GRO },
	{ NETIF_F_GRO_HW, MYNIC_F_RX_GRO_UDP, MYNIC_OFFLOAD_RX_GRO_UDP },
	{ NETIF_F_HW_VLAN_CTAG_RX, MYNIC_F_RX_VLAN, MYNIC_OFFLOAD_RX_VLAN },
	{ NETIF_F_HW_VLAN_CTAG_FILTER, MYNIC_F_VLAN_FILTER,
	  MYNIC_OFFLOAD_VLAN_FILTER },
	{ NETIF_F_RXHASH, MYNIC_F_RSS, MYNIC_OFFLOAD_RX_HASH },
};

/**
 * mynic_netdev_features() - what to accept of what a device offers
 * @hw: the hardware, limits read
 *
 * Return: MYNIC_F_* that the driver knows and whose needs are met.
 */
u64 mynic_netdev_features(const struct mynic_hw *hw)
{
	u64 features = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mynic_feature_deps); i++)
		if ((hw->dev_features & mynic_feature_deps[i].feature) &&
		    (features & mynic_feature_deps[i].needs) ==
		    mynic_feature_deps[i].needs)
			features |= mynic_feature_deps[i].feature;
	return features;
}

/**
 * mynic_link_update() - let the carrier follow the link
 * @mn: the network device
 * @link: MYNIC_LINK_*, for speed and duplex
 *
 * Whether the link is up is read anew under the lock, so that of two callers
 * the later one is right. Any context that may take a spinlock.
 */
void mynic_link_update(struct mynic_net *mn, u64 link)
{
	struct net_device *netdev = mn->netdev;
	u32 status;
	bool up;

	spin_lock_bh(&mn->link_lock);
	status = mynic_hw_read(mn->mdev, MYNIC_REG_STATUS);
	up = status != MYNIC_ALL_ONES && status & MYNIC_STATUS_LINK_UP &&
	     netif_running(netdev);
	WRITE_ONCE(mn->link_speed, FIELD_GET(MYNIC_LINK_SPEED_MASK, link) ?:
				   (u32)SPEED_UNKNOWN);
	WRITE_ONCE(mn->link_duplex, link & MYNIC_LINK_FULL_DUPLEX ?
				    DUPLEX_FULL : DUPLEX_HALF);
	if (up && !netif_carrier_ok(netdev)) {
		netif_carrier_on(netdev);
		netif_info(mn, link, netdev, "link up, %u Mb/s\n",
			   mn->link_speed);
	} else if (!up && netif_carrier_ok(netdev)) {
		netif_carrier_off(netdev);
		netif_info(mn, link, netdev, "link down\n");
	}
	spin_unlock_bh(&mn->link_lock);
}

/**
 * mynic_link_query() - ask the device for the link and follow it
 * @mn: the network device
 *
 * Process context.
 *
 * Return: 0 or a negative errno.
 */
int mynic_link_query(struct mynic_net *mn)
{
	struct mynic_admin_req req = { .op = MYNIC_ADMIN_GET_LINK };
	int err;

	err = mynic_admin_exec(mn->mdev, &req);
	if (!err)
		mynic_link_update(mn, req.result[0]);
	return err;
}

static int mynic_mac_push(struct mynic_net *mn, const u8 *addr)
{
	struct mynic_admin_req req = { .op = MYNIC_ADMIN_SET_MAC };

	ether_addr_copy(req.params.mac.addr, addr);
	return mynic_admin_exec(mn->mdev, &req);
}

/**
 * mynic_mtu_push() - tell the device the MTU
 * @mn: the network device
 * @mtu: the MTU
 *
 * Process context.
 *
 * Return: 0 or a negative errno.
 */
int mynic_mtu_push(struct mynic_net *mn, u32 mtu)
{
	struct mynic_admin_req req = {
		.op = MYNIC_ADMIN_SET_MTU,
		.params.mtu.mtu = cpu_to_le32(mtu),
	};

	return mynic_admin_exec(mn->mdev, &req);
}

static int mynic_vlan_push(struct mynic_net *mn)
{
	u8 map[MYNIC_VLAN_BITMAP_SIZE] = {};
	struct mynic_admin_req req = {
		.op = MYNIC_ADMIN_SET_VLAN_FILTER,
		.in = map,
		.in_len = sizeof(map),
	};
	unsigned int vid;

	if (!mynic_has(mn->mdev, MYNIC_F_VLAN_FILTER))
		return 0;

	for_each_set_bit(vid, mn->vlans, VLAN_N_VID)
		map[vid / 8] |= BIT(vid % 8);
	return mynic_admin_exec(mn->mdev, &req);
}

/**
 * mynic_offloads_push() - switch the device's receive offloads
 * @mn: the network device
 * @features: NETIF_F_* wanted
 * @prog: XDP program that is going to see what comes in, or NULL
 *
 * Process context, control locks held.
 *
 * Return: 0 or a negative errno.
 */
int mynic_offloads_push(struct mynic_net *mn, netdev_features_t features,
			const struct bpf_prog *prog)
{
	struct mynic_admin_req req = { .op = MYNIC_ADMIN_SET_OFFLOADS };
	u32 offloads = 0;
	size_t i;
	int err;

	features &= ~mynic_xdp_unfit(mn, prog);
	for (i = 0; i < ARRAY_SIZE(mynic_rx_offloads); i++)
		if ((features & mynic_rx_offloads[i].netdev) &&
		    mynic_has(mn->mdev, mynic_rx_offloads[i].feature))
			offloads |= mynic_rx_offloads[i].offload;
	if (prog && offloads & MYNIC_OFFLOAD_RX_CSUM)
		offloads |= MYNIC_OFFLOAD_RX_CSUM_FILL;
	/* Who asks for everything wants foreign VLANs too. */
	if (mn->rx_mode & MYNIC_RX_FILTER_PROMISC)
		offloads &= ~MYNIC_OFFLOAD_VLAN_FILTER;

	req.params.offloads.rx = cpu_to_le32(offloads);
	err = mynic_admin_exec(mn->mdev, &req);
	if (!err)
		mn->offloads = offloads;
	return err;
}

/* The device's hash: top 6 bits of the CRC, most significant bit first. */
static u64 mynic_mc_hash_bit(const u8 *addr)
{
	return BIT_ULL(ether_crc(ETH_ALEN, addr) >> 26);
}

static u32 mynic_rx_mode_add(struct mynic_mac_entry *table, u32 n,
			     const u8 *addr)
{
	ether_addr_copy(table[n].addr, addr);
	return n + 1;
}

/* The filter for two address lists: perfect as far as the device has room,
 * else everything for unicast and the hash for multicast addresses.
 */
static void mynic_rx_mode_build(const struct mynic_net *mn,
				struct netdev_hw_addr_list *uc,
				struct netdev_hw_addr_list *mc,
				struct mynic_mac_entry *table,
				struct mynic_admin_req *req)
{
	u32 room = mn->mdev->hw.mac_filters, n = 0;
	u16 flags = MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_BROADCAST;
	struct netdev_hw_addr *ha;
	u64 hash = 0;

	if (mn->netdev->flags & IFF_PROMISC)
		flags |= MYNIC_RX_FILTER_PROMISC;
	if (mn->netdev->flags & IFF_ALLMULTI)
		flags |= MYNIC_RX_FILTER_ALLMULTI;

	if (netdev_hw_addr_list_count(uc) > room) {
		flags |= MYNIC_RX_FILTER_PROMISC;
	} else {
		netdev_hw_addr_list_for_each(ha, uc)
			n = mynic_rx_mode_add(table, n, ha->addr);
	}

	if (netdev_hw_addr_list_count(mc) > room - n) {
		netdev_hw_addr_list_for_each(ha, mc)
			hash |= mynic_mc_hash_bit(ha->addr);
	} else {
		netdev_hw_addr_list_for_each(ha, mc)
			n = mynic_rx_mode_add(table, n, ha->addr);
	}

	req->params.rx_filter.flags = cpu_to_le16(flags);
	req->params.rx_filter.count = cpu_to_le16(n);
	req->params.rx_filter.hash = cpu_to_le64(hash);
	req->in_len = n * sizeof(*table);
}

static int mynic_rx_mode_send(struct mynic_net *mn,
			      struct mynic_admin_req *req)
{
	u16 flags = le16_to_cpu(req->params.rx_filter.flags);
	bool promisc_changed;
	int err;

	err = mynic_admin_exec(mn->mdev, req);
	if (err)
		return err;

	promisc_changed = (mn->rx_mode ^ flags) & MYNIC_RX_FILTER_PROMISC;
	mn->rx_mode = flags;
	if (promisc_changed)
		err = mynic_offloads_push(mn, mn->netdev->features,
					  mn->cfg.xdp_prog);
	return err;
}

/* Room for the longest list, also when the device has room for none. */
static struct mynic_mac_entry *mynic_rx_mode_table(const struct mynic_net *mn)
{
	return kcalloc(mn->mdev->hw.mac_filters + 1,
		       sizeof(struct mynic_mac_entry), GFP_KERNEL);
}

/**
 * mynic_rx_mode_push() - send the receive filter that the stack wants now
 * @mn: the network device
 *
 * Process context, control locks held.
 *
 * Return: 0 or a negative errno.
 */
int mynic_rx_mode_push(struct mynic_net *mn)
{
	struct mynic_admin_req req = { .op = MYNIC_ADMIN_SET_RX_FILTER };
	struct net_device *netdev = mn->netdev;
	struct mynic_mac_entry *table;
	int err;

	mynic_assert_locked(netdev);

	table = mynic_rx_mode_table(mn);
	if (!table)
		return -ENOMEM;
	netif_addr_lock_bh(netdev);
	mynic_rx_mode_build(mn, &netdev->uc, &netdev->mc, table, &req);
	netif_addr_unlock_bh(netdev);

	req.in = table;
	err = mynic_rx_mode_send(mn, &req);
	kfree(table);
	return err;
}

/* Receive nothing. */
static void mynic_rx_mode_off(struct mynic_net *mn)
{
	struct mynic_admin_req req = { .op = MYNIC_ADMIN_SET_RX_FILTER };

	mynic_rx_mode_send(mn, &req);
}

#if MYNIC_OPS_LOCKED

static int mynic_set_rx_mode_async(struct net_device *netdev,
				   struct netdev_hw_addr_list *uc,
				   struct netdev_hw_addr_list *mc)
{
	struct mynic_admin_req req = { .op = MYNIC_ADMIN_SET_RX_FILTER };
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_mac_entry *table;
	int err;

	/* Otherwise mynic_queues_up() will do it. */
	if (!test_bit(MYNIC_STATE_UP, mn->mdev->state))
		return 0;

	table = mynic_rx_mode_table(mn);
	if (!table)
		return -ENOMEM;
	mynic_rx_mode_build(mn, uc, mc, table, &req);

	req.in = table;
	err = mynic_rx_mode_send(mn, &req);
	kfree(table);
	return err;
}

#else /* !MYNIC_OPS_LOCKED */

static void mynic_set_rx_mode(struct net_device *netdev)
{
	struct mynic_net *mn = netdev_priv(netdev);

	schedule_work(&mn->rx_mode_work);
}

#endif /* MYNIC_OPS_LOCKED */

static void mynic_rx_mode_work(struct work_struct *work)
{
	struct mynic_net *mn = container_of(work, struct mynic_net,
					    rx_mode_work);

	mynic_lock(mn->netdev);
	if (test_bit(MYNIC_STATE_UP, mn->mdev->state) &&
	    mynic_rx_mode_push(mn))
		netdev_err(mn->netdev, "cannot set the receive filter\n");
	mynic_unlock(mn->netdev);
}

/**
 * mynic_config_push() - replay what survives ifdown, after a device reset
 * @mn: the network device
 *
 * MAC, MTU, VLANs, offloads, RSS contexts and flow rules; mynic_queues_up()
 * does the rest. Process context, control locks held.
 *
 * Return: 0 or a negative errno.
 */
int mynic_config_push(struct mynic_net *mn)
{
	int err;

	mynic_assert_locked(mn->netdev);

	err = mynic_mac_push(mn, mn->netdev->dev_addr);
	if (!err)
		err = mynic_mtu_push(mn, mn->cfg.mtu);
	if (!err)
		err = mynic_vlan_push(mn);
	if (!err)
		err = mynic_offloads_push(mn, mn->netdev->features,
					  mn->cfg.xdp_prog);
	if (!err)
		err = mynic_rss_push_contexts(mn);
	/* Behind the contexts that they name. */
	if (!err)
		err = mynic_rules_push(mn);
	return err;
}

static int mynic_open(struct net_device *netdev)
{
	struct mynic_net *mn = netdev_priv(netdev);
	int err;

	if (!test_bit(MYNIC_STATE_ENABLED, mn->mdev->state)) {
		netdev_err(netdev, "the device is being reset or has failed\n");
		return -ENETDOWN;
	}

	err = mynic_queues_alloc(mn);
	if (err)
		return err;

	err = mynic_queues_up(mn);
	if (!err)
		err = mynic_link_query(mn);
	if (err) {
		netdev_err(netdev, "the device does not start: %pe\n",
			   ERR_PTR(err));
		mynic_queues_down(mn);
		mynic_queues_free(mn);
	}
	return err;
}

static int mynic_stop(struct net_device *netdev)
{
	struct mynic_net *mn = netdev_priv(netdev);

	if (test_bit(MYNIC_STATE_UP, mn->mdev->state))
		mynic_rx_mode_off(mn);
	mynic_queues_down(mn);
	mynic_queues_free(mn);
	netif_carrier_off(netdev);
	return 0;
}

static netdev_features_t mynic_features_check(struct sk_buff *skb,
					      struct net_device *netdev,
					      netdev_features_t features)
{
	const struct mynic_net *mn = netdev_priv(netdev);
	const struct mynic_hw *hw = &mn->mdev->hw;

	/* A slot for the offloads, one for the linear part, one a fragment. */
	if (unlikely(skb_shinfo(skb)->nr_frags + 2 > hw->tx_max_slots))
		features &= ~(NETIF_F_SG | NETIF_F_GSO_MASK);
	if (unlikely(skb->len > hw->tx_max_len))
		features &= ~NETIF_F_GSO_MASK;

	/* Segmentation knows one pair of headers. */
	if (skb->encapsulation && skb_is_gso(skb))
		features &= ~NETIF_F_GSO_MASK;

	return vlan_features_check(skb, features);
}

/**
 * mynic_wants_gro() - whether features mean that merged packets come in
 * @mn: the network device
 * @features: NETIF_F_*
 *
 * Return: as mynic_queue_cfg.rx_gro
 */
bool mynic_wants_gro(const struct mynic_net *mn, netdev_features_t features)
{
	return (features & NETIF_F_GRO_HW) && (features & NETIF_F_RXCSUM) &&
	       mynic_has(mn->mdev, MYNIC_F_RX_GRO);
}

static netdev_features_t mynic_fix_features(struct net_device *netdev,
					    netdev_features_t features)
{
	const struct mynic_net *mn = netdev_priv(netdev);

	return features & ~mynic_xdp_unfit(mn, mn->cfg.xdp_prog);
}

/* Before merged packets come in the rings must have room for them, and no
 * more come in before the rings have not.
 */
static int mynic_change_offloads(struct mynic_net *mn,
				 netdev_features_t features)
{
	struct mynic_queue_cfg cfg = mn->cfg;
	int err;

	cfg.rx_gro = mynic_wants_gro(mn, features);
	if (cfg.rx_gro && !mn->cfg.rx_gro) {
		err = mynic_reconfigure(mn, &cfg, NULL);
		if (err)
			return err;
	}
	err = mynic_offloads_push(mn, features, mn->cfg.xdp_prog);
	if (err)
		return err;
	if (!cfg.rx_gro && mn->cfg.rx_gro) {
		err = mynic_reconfigure(mn, &cfg, NULL);
		if (err)
			mynic_offloads_push(mn, mn->netdev->features,
					    mn->cfg.xdp_prog);
	}
	return err;
}

static int mynic_set_features(struct net_device *netdev,
			      netdev_features_t features)
{
	struct mynic_net *mn = netdev_priv(netdev);
	netdev_features_t changed = netdev->features ^ features;
	netdev_features_t ours = 0;
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mynic_rx_offloads); i++)
		ours |= mynic_rx_offloads[i].netdev;

	if (changed & ours)
		err = mynic_change_offloads(mn, features);
	if (!err && changed & ~features & NETIF_F_NTUPLE)
		err = mynic_rules_flush(mn);
	if (err)
		netdev_err(netdev, "the features stay as they were: %pe\n",
			   ERR_PTR(err));
	return err;
}

static int mynic_set_mac_address(struct net_device *netdev, void *p)
{
	struct mynic_net *mn = netdev_priv(netdev);
	const struct sockaddr *addr = p;
	int err;

	err = eth_prepare_mac_addr_change(netdev, p);
	if (!err)
		err = mynic_mac_push(mn, addr->sa_data);
	if (!err)
		eth_commit_mac_addr_change(netdev, p);
	return err;
}

static int mynic_change_mtu(struct net_device *netdev, int mtu)
{
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_queue_cfg cfg = mn->cfg;
	int err;

	cfg.mtu = mtu;
	err = mynic_reconfigure(mn, &cfg, NULL);
	if (!err)
		WRITE_ONCE(netdev->mtu, mtu);
	else
		netdev_err(netdev, "the MTU stays %u, %d was refused: %pe\n",
			   netdev->mtu, mtu, ERR_PTR(err));
	return err;
}

static int mynic_vlan_rx_add_vid(struct net_device *netdev, __be16 proto,
				 u16 vid)
{
	struct mynic_net *mn = netdev_priv(netdev);
	int err;

	__set_bit(vid, mn->vlans);
	/* A device being reset learns it by the replay. */
	if (!test_bit(MYNIC_STATE_ENABLED, mn->mdev->state))
		return 0;
	err = mynic_vlan_push(mn);
	if (err)
		__clear_bit(vid, mn->vlans);
	return err;
}

static int mynic_vlan_rx_kill_vid(struct net_device *netdev, __be16 proto,
				  u16 vid)
{
	struct mynic_net *mn = netdev_priv(netdev);

	__clear_bit(vid, mn->vlans);
	if (!test_bit(MYNIC_STATE_ENABLED, mn->mdev->state))
		return 0;
	return mynic_vlan_push(mn);
}

static void mynic_tx_timeout(struct net_device *netdev, unsigned int txqueue)
{
	struct mynic_net *mn = netdev_priv(netdev);

	netdev_err(netdev, "transmit queue %u is stuck\n", txqueue);
	mynic_reset_schedule(mn->mdev, MYNIC_RESET_TX_TIMEOUT);
}

const struct net_device_ops mynic_netdev_ops = {
	.ndo_open		= mynic_open,
	.ndo_stop		= mynic_stop,
	.ndo_start_xmit		= mynic_xmit,
	.ndo_features_check	= mynic_features_check,
	.ndo_fix_features	= mynic_fix_features,
	.ndo_set_features	= mynic_set_features,
#if MYNIC_OPS_LOCKED
	.ndo_set_rx_mode_async	= mynic_set_rx_mode_async,
#else
	.ndo_set_rx_mode	= mynic_set_rx_mode,
#endif
	.ndo_set_mac_address	= mynic_set_mac_address,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_change_mtu		= mynic_change_mtu,
	.ndo_vlan_rx_add_vid	= mynic_vlan_rx_add_vid,
	.ndo_vlan_rx_kill_vid	= mynic_vlan_rx_kill_vid,
	.ndo_tx_timeout		= mynic_tx_timeout,
	.ndo_get_stats64	= mynic_stats_get64,
	.ndo_bpf		= mynic_bpf,
	.ndo_xdp_xmit		= mynic_xdp_xmit,
};

/* Channels to start with: the CPUs near the device, as far as it has them. */
static u16 mynic_default_channels(const struct mynic_dev *mdev)
{
	int node = dev_to_node(&mdev->pdev->dev);
	unsigned int cpus = num_online_cpus();

	if (node != NUMA_NO_NODE)
		cpus = cpumask_weight_and(cpumask_of_node(node),
					  cpu_online_mask) ?: cpus;
	return min_t(unsigned int, cpus, mdev->max_channels);
}

static void mynic_netdev_set_features(struct mynic_net *mn)
{
	struct net_device *netdev = mn->netdev;
	struct mynic_dev *mdev = mn->mdev;
	netdev_features_t features = NETIF_F_SG;
	size_t i;

	if (mynic_has(mdev, MYNIC_F_TX_CSUM))
		features |= NETIF_F_HW_CSUM;
	if (mynic_has(mdev, MYNIC_F_TX_TSO))
		features |= NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN;
	if (mynic_has(mdev, MYNIC_F_TX_USO))
		features |= NETIF_F_GSO_UDP_L4;
	/* What also works beneath a VLAN device. */
	netdev->vlan_features = features | NETIF_F_HIGHDMA;

	if (mynic_has(mdev, MYNIC_F_TX_VLAN))
		features |= NETIF_F_HW_VLAN_CTAG_TX;
	for (i = 0; i < ARRAY_SIZE(mynic_rx_offloads); i++)
		if (mynic_has(mdev, mynic_rx_offloads[i].feature))
			features |= mynic_rx_offloads[i].netdev;
	if (mynic_has(mdev, MYNIC_F_FLOW_RULES))
		features |= NETIF_F_NTUPLE;

	netdev->hw_features = features;
	netdev->features = features | NETIF_F_HIGHDMA;
	netdev->priv_flags |= IFF_UNICAST_FLT | IFF_LIVE_ADDR_CHANGE;
	/* BIG TCP, if somebody asks for it; the core knows its own limit. */
	netif_set_tso_max_size(netdev, mdev->hw.tx_max_len);
}

/**
 * mynic_netdev_alloc() - make the net_device, not yet initialized
 * @mdev: the card, limits known
 *
 * Return: the net_device or NULL.
 */
struct net_device *mynic_netdev_alloc(struct mynic_dev *mdev)
{
	u16 max = mdev->hw.max_pairs;
	struct net_device *netdev;
	struct mynic_net *mn;

	netdev = alloc_etherdev_mqs(sizeof(*mn), max, max);
	if (!netdev)
		return NULL;

	SET_NETDEV_DEV(netdev, &mdev->pdev->dev);
	mn = netdev_priv(netdev);
	mn->netdev = netdev;
	mn->mdev = mdev;
	mn->link_speed = SPEED_UNKNOWN;
	mn->link_duplex = DUPLEX_UNKNOWN;
	mn->msg_enable = NETIF_MSG_DRV | NETIF_MSG_PROBE | NETIF_MSG_LINK;
	spin_lock_init(&mn->stats_lock);
	spin_lock_init(&mn->link_lock);
	INIT_WORK(&mn->rx_mode_work, mynic_rx_mode_work);
	return netdev;
}

/**
 * mynic_netdev_init() - everything that register_netdev() needs
 * @mn: the network device; vectors allocated, device enabled
 *
 * Return: 0 or a negative errno.
 */
int mynic_netdev_init(struct mynic_net *mn)
{
	struct net_device *netdev = mn->netdev;
	struct mynic_dev *mdev = mn->mdev;
	struct mynic_hw *hw = &mdev->hw;
	u16 max = mdev->max_channels;
	int err;

	/* Any queue that the net_device has may be asked for. */
	mn->tx = kcalloc(netdev->num_tx_queues, sizeof(*mn->tx), GFP_KERNEL);
	mn->rx = kcalloc(max, sizeof(*mn->rx), GFP_KERNEL);
	mn->vectors = kcalloc(max, sizeof(*mn->vectors), GFP_KERNEL);
	mn->coal = kcalloc(max, sizeof(*mn->coal), GFP_KERNEL);
	mn->placed = bitmap_zalloc(max, GFP_KERNEL);
	if (!mn->tx || !mn->rx || !mn->vectors || !mn->coal || !mn->placed)
		return -ENOMEM;

	netdev->netdev_ops = &mynic_netdev_ops;
	netdev->ethtool_ops = &mynic_ethtool_ops;
	netdev->stat_ops = &mynic_stat_ops;
	netdev->xdp_metadata_ops = &mynic_xdp_metadata_ops;
	netdev->xdp_features = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			       NETDEV_XDP_ACT_NDO_XMIT |
			       NETDEV_XDP_ACT_RX_SG |
			       NETDEV_XDP_ACT_NDO_XMIT_SG;
#if MYNIC_OPS_LOCKED
	netdev->queue_mgmt_ops = &mynic_queue_mgmt_ops;
#endif
	netdev->watchdog_timeo = 5 * HZ;
	netdev->min_mtu = MYNIC_MIN_MTU;
	netdev->max_mtu = hw->max_mtu;
	netdev->mtu = ETH_DATA_LEN;
	mynic_netdev_set_features(mn);

	if (is_valid_ether_addr(mdev->info.perm_addr)) {
		eth_hw_addr_set(netdev, mdev->info.perm_addr);
	} else {
		dev_warn(&mdev->pdev->dev, "the device has no valid MAC address (%pM), using a random one\n",
			 mdev->info.perm_addr);
		eth_hw_addr_random(netdev);
	}

	mn->cfg.channels = mynic_default_channels(mdev);
	mn->cfg.mtu = netdev->mtu;
	mn->cfg.rx_gro = mynic_wants_gro(mn, netdev->features);
	mn->cfg.tx_slots = clamp_t(u32, MYNIC_DEFAULT_RING_SIZE,
				   BIT(hw->tx_log2_min),
				   BIT(hw->tx_log2_max));
	mn->cfg.rx_slots = clamp_t(u32, MYNIC_DEFAULT_RING_SIZE,
				   BIT(hw->rx_log2_min),
				   BIT(hw->rx_log2_max));
	mn->cfg.tx_copybreak = mynic_tx_copybreak_default(mdev);
	err = netif_set_real_num_queues(netdev, mn->cfg.channels,
					mn->cfg.channels);
	if (err)
		return err;
	err = mynic_queue_cfg_check(mn, &mn->cfg, NULL);
	if (err) {
		dev_err(&mdev->pdev->dev, "no rings can be made within the device's limits: %u to %u transmit slots, %u to %u receive buffers\n",
			(u32)BIT(hw->tx_log2_min), (u32)BIT(hw->tx_log2_max),
			(u32)BIT(hw->rx_log2_min), (u32)BIT(hw->rx_log2_max));
		return err;
	}

	mynic_coalesce_init(mn);
	err = mynic_stats_init(mn);
	if (err)
		return err;
	err = mynic_rss_init(mn);
	if (err)
		return err;
	err = mynic_rules_init(mn);
	if (err)
		return err;

	netif_carrier_off(netdev);
	return mynic_config_push(mn);
}

/**
 * mynic_netdev_free() - undo mynic_netdev_alloc() and mynic_netdev_init()
 * @mn: the network device, not registered
 */
void mynic_netdev_free(struct mynic_net *mn)
{
	cancel_work_sync(&mn->rx_mode_work);
	mynic_rules_free(mn);
	mynic_rss_free(mn);
	mynic_stats_free(mn);
	bitmap_free(mn->placed);
	kfree(mn->coal);
	kfree(mn->vectors);
	kfree(mn->rx);
	kfree(mn->tx);
	free_netdev(mn->netdev);
}
