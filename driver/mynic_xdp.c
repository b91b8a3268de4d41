// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP: programs that judge packets before the stack sees them, and packets
 * that others redirect to us.
 *
 * What a program sends back, and what is redirected to us, goes into the
 * transmit ring of a pair, which is shared with the stack under the queue's
 * _xmit_lock, taken once a batch. So XDP needs no queues of its own, and can
 * be had with any number of them.
 *
 * A program sees a packet without its offload header. As long as one is
 * attached the device is told to deliver only packets that can do without.
 */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/filter.h>
#include <linux/netdevice.h>
#include <net/xdp.h>

#include "mynic.h"
#include "mynic_ring.h"

/* Bytes of a packet that one buffer holds while there is a program. */
#define MYNIC_XDP_CAPACITY	(MYNIC_RX_BUF_MIN - MYNIC_RX_XDP_HEADROOM - \
				 MYNIC_RX_TAILROOM)

/**
 * mynic_xdp_unfit() - features that do not go with a program
 * @mn: the network device
 * @prog: the program, or NULL
 *
 * Merged packets are none that came over the wire. A tag that was taken out
 * would be lost to the program and to whom the packet is sent, except for a
 * program that is bound to the device, which can ask for it. Without means to
 * have partial checksums filled in, none may be left to us at all.
 *
 * Return: NETIF_F_*
 */
netdev_features_t mynic_xdp_unfit(const struct mynic_net *mn,
				  const struct bpf_prog *prog)
{
	netdev_features_t unfit = NETIF_F_GRO_HW;

	if (!prog)
		return 0;
	if (!bpf_prog_is_dev_bound(prog->aux))
		unfit |= NETIF_F_HW_VLAN_CTAG_RX;
	if (!mynic_has(mn->mdev, MYNIC_F_RX_CSUM_FILL))
		unfit |= NETIF_F_RXCSUM;

	return unfit;
}

static u32 mynic_xdp_max_mtu(const struct mynic_net *mn,
			     const struct bpf_prog *prog)
{
	u32 bufs = 1;

	if (!prog)
		return mn->mdev->hw.max_mtu;
	if (prog->aux->xdp_has_frags)
		bufs += MAX_SKB_FRAGS;

	return min(mn->mdev->hw.max_mtu,
		   bufs * MYNIC_XDP_CAPACITY - MYNIC_RX_L2_MAX);
}

/**
 * mynic_xdp_check_cfg() - whether the program can see any packet
 * @mn: the network device
 * @cfg: configuration
 * @extack: receives what is wrong
 *
 * Return: 0 or -EINVAL
 */
int mynic_xdp_check_cfg(const struct mynic_net *mn,
			const struct mynic_queue_cfg *cfg,
			struct netlink_ext_ack *extack)
{
	u32 max = mynic_xdp_max_mtu(mn, cfg->xdp_prog);

	if (cfg->mtu <= max)
		return 0;

	if (cfg->xdp_prog->aux->xdp_has_frags)
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "MTU %u: with an XDP program at most %u",
				       cfg->mtu, max);
	else
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "MTU %u: with an XDP program without frags at most %u",
				       cfg->mtu, max);
	return -EINVAL;
}

/**
 * mynic_xdp_run() - run the program on one packet
 * @ring: receive ring
 * @prog: the program
 * @buff: the packet
 *
 * Context: NAPI, the ring's syncp begun.
 * Return: what the caller is to do with the packet's buffers
 */
enum mynic_xdp_verdict mynic_xdp_run(struct mynic_rx_ring *ring,
				     struct bpf_prog *prog,
				     struct mynic_xdp_buff *buff)
{
	struct xdp_buff *xdp = &buff->xdp;
	struct xdp_frame *frame;
	u32 act;

	act = bpf_prog_run_xdp(prog, xdp);
	switch (act) {
	case XDP_PASS:
		u64_stats_inc(&ring->stats.xdp_pass);
		return MYNIC_XDP_PASS;
	case XDP_DROP:
		u64_stats_inc(&ring->stats.xdp_drop);
		return MYNIC_XDP_FREE;
	case XDP_TX:
		frame = xdp_convert_buff_to_frame(xdp);
		if (unlikely(!frame))
			break;
		if (ring->xdp_tx_num == MYNIC_XDP_BATCH)
			mynic_xdp_flush(ring);
		ring->xdp_tx[ring->xdp_tx_num++] = frame;
		u64_stats_inc(&ring->stats.xdp_tx);
		return MYNIC_XDP_TAKEN;
	case XDP_REDIRECT:
		if (unlikely(xdp_do_redirect(ring->netdev, xdp, prog)))
			break;
		ring->xdp_redirected = true;
		u64_stats_inc(&ring->stats.xdp_redirect);
		return MYNIC_XDP_TAKEN;
	default:
		bpf_warn_invalid_xdp_action(ring->netdev, prog, act);
		fallthrough;
	case XDP_ABORTED:
		break;
	}

	trace_xdp_exception(ring->netdev, prog, act);
	u64_stats_inc(&ring->stats.xdp_errors);
	return MYNIC_XDP_FREE;
}

static void mynic_xdp_flush_tx(struct mynic_rx_ring *rx)
{
	struct mynic_tx_ring *tx = rx->vec->tx;
	u32 num = rx->xdp_tx_num, sent;

	__netif_tx_lock(tx->txq, smp_processor_id());
	sent = mynic_tx_xdp(tx, rx->xdp_tx, num, true);
	mynic_tx_publish(tx);
	__netif_tx_unlock(tx->txq);

	while (sent < num)
		xdp_return_frame_rx_napi(rx->xdp_tx[sent++]);
	rx->xdp_tx_num = 0;
}

/**
 * mynic_xdp_flush() - send on what programs did not want here
 * @ring: receive ring
 *
 * Context: NAPI, behind the last packet of a poll, or when a batch is full.
 */
void mynic_xdp_flush(struct mynic_rx_ring *ring)
{
	if (ring->xdp_tx_num)
		mynic_xdp_flush_tx(ring);
	if (ring->xdp_redirected) {
		ring->xdp_redirected = false;
		xdp_do_flush();
	}
}

/**
 * mynic_xdp_xmit() - ndo_xdp_xmit
 * @netdev: the network device
 * @num: number of frames
 * @frames: packets that others have redirected to us
 * @flags: XDP_XMIT_*
 *
 * Needs no program.
 *
 * Context: NAPI of any device.
 * Return: number of frames taken, the first ones; or a negative errno
 */
int mynic_xdp_xmit(struct net_device *netdev, int num,
		   struct xdp_frame **frames, u32 flags)
{
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_tx_ring *ring;
	u32 cpu, sent;

	if (unlikely(flags & ~XDP_XMIT_FLAGS_MASK))
		return -EINVAL;
	/* Rings go, and their number changes, only after this bit was cleared
	 * and all who saw it have left; see mynic_queues_quiesce().
	 */
	if (unlikely(!test_bit(MYNIC_STATE_UP, mn->mdev->state) ||
		     !netif_carrier_ok(netdev)))
		return -ENETDOWN;

	cpu = smp_processor_id();
	ring = mn->tx[cpu % mn->cfg.channels];

	__netif_tx_lock(ring->txq, cpu);
	sent = mynic_tx_xdp(ring, frames, num, false);
	if (flags & XDP_XMIT_FLUSH)
		mynic_tx_publish(ring);
	__netif_tx_unlock(ring->txq);

	return sent;
}

/* The rings run another program, or none, from now on. */
static void mynic_xdp_exchange(struct mynic_net *mn, struct bpf_prog *prog)
{
	u16 i;

	mn->cfg.xdp_prog = prog;
	for (i = 0; i < mn->mdev->max_channels; i++)
		if (mn->rx[i])
			WRITE_ONCE(mn->rx[i]->xdp_prog, prog);
}

static int mynic_xdp_setup(struct mynic_net *mn, struct bpf_prog *prog,
			   struct netlink_ext_ack *extack)
{
	struct net_device *netdev = mn->netdev;
	struct bpf_prog *old = mn->cfg.xdp_prog;
	struct mynic_queue_cfg cfg = mn->cfg;
	int err;

	mynic_assert_locked(netdev);

	cfg.xdp_prog = prog;
	cfg.rx_gro = mynic_wants_gro(mn, netdev->wanted_features &
					 ~mynic_xdp_unfit(mn, prog));

	if (old && prog &&
	    mynic_xdp_unfit(mn, old) == mynic_xdp_unfit(mn, prog)) {
		err = mynic_queue_cfg_check(mn, &cfg, extack);
		if (!err)
			mynic_xdp_exchange(mn, prog);
	} else {
		err = mynic_reconfigure(mn, &cfg, extack);
	}
	if (err && prog)
		return err;

	/* A program can always go; rings that suit it do without it too, until
	 * others are made.
	 */
	if (err)
		mynic_xdp_exchange(mn, NULL);

	WRITE_ONCE(netdev->max_mtu, mynic_xdp_max_mtu(mn, prog));
	if (netdev->reg_state == NETREG_REGISTERED)
		netdev_update_features(netdev);
	/* Freed when the polls that run it have ended. */
	if (old)
		bpf_prog_put(old);
	return 0;
}

/**
 * mynic_bpf() - ndo_bpf
 * @netdev: the network device
 * @bpf: what to do
 *
 * Context: process, control locks held.
 * Return: 0 or a negative errno
 */
int mynic_bpf(struct net_device *netdev, struct netdev_bpf *bpf)
{
	struct mynic_net *mn = netdev_priv(netdev);

	switch (bpf->command) {
	case XDP_SETUP_PROG:
		return mynic_xdp_setup(mn, bpf->prog, bpf->extack);
	default:
		return -EINVAL;
	}
}

static int mynic_xdp_rx_hash(const struct xdp_md *ctx, u32 *hash,
			     enum xdp_rss_hash_type *rss_type)
{
	const struct mynic_xdp_buff *buff = (const void *)ctx;
	u32 info = le32_to_cpu(buff->cqe->info);

	if (!(buff->xdp.rxq->dev->features & NETIF_F_RXHASH))
		return -ENODATA;

	switch (FIELD_GET(MYNIC_RX_HASH_TYPE_MASK, info)) {
	case MYNIC_HASH_L3:
		/* Over which kind of address is not said. */
		*rss_type = XDP_RSS_TYPE_NONE;
		break;
	case MYNIC_HASH_L4:
		*rss_type = XDP_RSS_TYPE_L4_ANY;
		break;
	default:
		return -ENODATA;
	}
	*hash = le32_to_cpu(buff->cqe->hash);
	return 0;
}

static int mynic_xdp_rx_vlan_tag(const struct xdp_md *ctx, __be16 *vlan_proto,
				 u16 *vlan_tci)
{
	const struct mynic_xdp_buff *buff = (const void *)ctx;

	if (!(le32_to_cpu(buff->cqe->info) & MYNIC_RX_VLAN))
		return -ENODATA;

	*vlan_proto = htons(ETH_P_8021Q);
	*vlan_tci = le16_to_cpu(buff->cqe->vlan_tci);
	return 0;
}

const struct xdp_metadata_ops mynic_xdp_metadata_ops = {
	.xmo_rx_hash		= mynic_xdp_rx_hash,
	.xmo_rx_vlan_tag	= mynic_xdp_rx_vlan_tag,
};
