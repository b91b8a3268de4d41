// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt moderation: what the user sets by ethtool -C, and what DIM finds.
 */
#include <linux/dim.h>
#include <linux/ethtool.h>
#include <linux/netdevice.h>

#include "mynic.h"
#include "mynic_coalesce.h"
#include "mynic_queue.h"
#include "mynic_ring.h"

/* The device's timer starts with the first cause of an interrupt. */
#define MYNIC_DIM_MODE		DIM_CQ_PERIOD_MODE_START_FROM_EQE

/**
 * mynic_coalesce_init() - moderation of a new network device: none
 * @mn: the network device
 *
 * Waiting costs latency and a timer in the device, and pays only under load,
 * which whoever has it knows or DIM finds out.
 */
void mynic_coalesce_init(struct mynic_net *mn)
{
	memset(mn->coal, 0, mn->mdev->max_channels * sizeof(*mn->coal));
}

static void mynic_coalesce_moderation(u16 usecs, u16 frames,
				      struct mynic_cmd_moderation *mod)
{
	mod->usecs = cpu_to_le16(usecs);
	mod->frames = cpu_to_le16(frames);
}

/**
 * mynic_coalesce_tx() - moderation of a channel's transmit queue
 * @vec: the channel
 * @mod: receives it, for the device
 */
void mynic_coalesce_tx(const struct mynic_vector *vec,
		       struct mynic_cmd_moderation *mod)
{
	const struct mynic_coalesce *coal = &vec->mn->coal[vec->idx];

	mynic_coalesce_moderation(coal->tx_usecs, coal->tx_frames, mod);
}

/**
 * mynic_coalesce_rx() - moderation of a channel's receive queue
 * @vec: the channel
 * @mod: receives it, for the device
 */
void mynic_coalesce_rx(const struct mynic_vector *vec,
		       struct mynic_cmd_moderation *mod)
{
	const struct mynic_coalesce *coal = &vec->mn->coal[vec->idx];

	mynic_coalesce_moderation(coal->rx_usecs, coal->rx_frames, mod);
}

static void mynic_dim_work_rx(struct work_struct *work)
{
	struct dim *dim = container_of(work, struct dim, work);
	struct mynic_vector *vec = container_of(dim, struct mynic_vector,
						rx_dim);
	struct mynic_coalesce *coal = &vec->mn->coal[vec->idx];
	struct mynic_cmd_moderation mod;
	struct dim_cq_moder moder;

	/* Turned off after DIM had decided: the user's values stand. */
	if (!READ_ONCE(coal->adaptive_rx))
		return;

	moder = net_dim_get_rx_moderation(dim->mode, dim->profile_ix);
	coal->rx_usecs = min_t(u32, moder.usec, MYNIC_MODERATION_USECS_MAX);
	coal->rx_frames = moder.pkts;
	mynic_coalesce_rx(vec, &mod);
	/* On an error the reset path sets it again. */
	mynic_queue_set_moderation(vec, &mod, NULL);
	dim->state = DIM_START_MEASURE;
}

static void mynic_dim_work_tx(struct work_struct *work)
{
	struct dim *dim = container_of(work, struct dim, work);
	struct mynic_vector *vec = container_of(dim, struct mynic_vector,
						tx_dim);
	struct mynic_coalesce *coal = &vec->mn->coal[vec->idx];
	struct mynic_cmd_moderation mod;
	struct dim_cq_moder moder;

	if (!READ_ONCE(coal->adaptive_tx))
		return;

	moder = net_dim_get_tx_moderation(dim->mode, dim->profile_ix);
	coal->tx_usecs = min_t(u32, moder.usec, MYNIC_MODERATION_USECS_MAX);
	coal->tx_frames = moder.pkts;
	mynic_coalesce_tx(vec, &mod);
	mynic_queue_set_moderation(vec, NULL, &mod);
	dim->state = DIM_START_MEASURE;
}

/**
 * mynic_dim_start() - let DIM watch a channel
 * @vec: the channel, NAPI disabled
 *
 * Whether it does is decided by mynic_net.coal at every poll.
 */
void mynic_dim_start(struct mynic_vector *vec)
{
	INIT_WORK(&vec->rx_dim.work, mynic_dim_work_rx);
	vec->rx_dim.mode = MYNIC_DIM_MODE;
	vec->rx_dim.state = DIM_START_MEASURE;

	INIT_WORK(&vec->tx_dim.work, mynic_dim_work_tx);
	vec->tx_dim.mode = MYNIC_DIM_MODE;
	vec->tx_dim.state = DIM_START_MEASURE;
}

/**
 * mynic_dim_stop() - undo mynic_dim_start()
 * @vec: the channel, NAPI disabled
 *
 * Context: process.
 */
void mynic_dim_stop(struct mynic_vector *vec)
{
	cancel_work_sync(&vec->rx_dim.work);
	cancel_work_sync(&vec->tx_dim.work);
}

/**
 * mynic_dim_update() - give DIM what a channel has done
 * @vec: the channel
 * @tx: its transmit ring, or NULL
 * @rx: its receive ring, or NULL
 *
 * Context: NAPI.
 */
void mynic_dim_update(struct mynic_vector *vec, struct mynic_tx_ring *tx,
		      struct mynic_rx_ring *rx)
{
	const struct mynic_coalesce *coal = &vec->mn->coal[vec->idx];
	struct dim_sample sample = {};

	if (rx && READ_ONCE(coal->adaptive_rx)) {
		dim_update_sample(vec->dim_events,
				  u64_stats_read(&rx->stats.packets),
				  u64_stats_read(&rx->stats.bytes), &sample);
		mynic_net_dim(&vec->rx_dim, &sample);
	}
	if (tx && READ_ONCE(coal->adaptive_tx)) {
		dim_update_sample(vec->dim_events,
				  u64_stats_read(&tx->clean.packets),
				  u64_stats_read(&tx->clean.bytes), &sample);
		mynic_net_dim(&vec->tx_dim, &sample);
	}
}

/**
 * mynic_coalesce_get() - moderation of a channel, for ethtool
 * @mn: the network device
 * @idx: number of the channel
 * @ec: receives it
 */
void mynic_coalesce_get(const struct mynic_net *mn, u32 idx,
			struct ethtool_coalesce *ec)
{
	const struct mynic_coalesce *coal = &mn->coal[idx];

	ec->rx_coalesce_usecs = coal->rx_usecs;
	ec->rx_max_coalesced_frames = coal->rx_frames;
	ec->tx_coalesce_usecs = coal->tx_usecs;
	ec->tx_max_coalesced_frames = coal->tx_frames;
	ec->use_adaptive_rx_coalesce = coal->adaptive_rx;
	ec->use_adaptive_tx_coalesce = coal->adaptive_tx;
}

static int mynic_coalesce_check(const struct mynic_net *mn,
				const struct ethtool_coalesce *ec,
				struct netlink_ext_ack *extack)
{
	u32 usecs = max(ec->rx_coalesce_usecs, ec->tx_coalesce_usecs);
	u32 frames = max(ec->rx_max_coalesced_frames,
			 ec->tx_max_coalesced_frames);

	if (usecs > MYNIC_MODERATION_USECS_MAX) {
		mynic_refuse(mn->netdev, extack, "usecs %u: must be 0 to %u",
			     usecs, MYNIC_MODERATION_USECS_MAX);
		return -EINVAL;
	}
	if (frames > U16_MAX) {
		mynic_refuse(mn->netdev, extack, "frames %u: must be 0 to %u",
			     frames, U16_MAX);
		return -EINVAL;
	}
	if (!mynic_has(mn->mdev, MYNIC_F_MODERATION) &&
	    (usecs || frames || ec->use_adaptive_rx_coalesce ||
	     ec->use_adaptive_tx_coalesce)) {
		mynic_refuse(mn->netdev, extack,
			     "the device has no interrupt moderation");
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Takes DIM's hands off a channel, then sets what is wanted. */
static int mynic_coalesce_apply(struct mynic_net *mn, u32 idx,
				const struct mynic_coalesce *coal)
{
	struct mynic_vector *vec = mn->vectors[idx];
	struct mynic_cmd_moderation rx, tx;
	bool up = vec && test_bit(MYNIC_STATE_UP, mn->mdev->state);

	if (up) {
		WRITE_ONCE(mn->coal[idx].adaptive_rx, false);
		WRITE_ONCE(mn->coal[idx].adaptive_tx, false);
		mynic_dim_stop(vec);
	}
	mn->coal[idx] = *coal;
	if (!up || !mynic_has(mn->mdev, MYNIC_F_MODERATION))
		return 0;

	vec->rx_dim.state = DIM_START_MEASURE;
	vec->tx_dim.state = DIM_START_MEASURE;
	mynic_coalesce_rx(vec, &rx);
	mynic_coalesce_tx(vec, &tx);

	return mynic_queue_set_moderation(vec, &rx, &tx);
}

/**
 * mynic_coalesce_set() - change the moderation of channels, from ethtool
 * @mn: the network device
 * @first: number of the first channel
 * @num: how many channels
 * @ec: what is wanted
 * @extack: receives the reason of a failure; may be NULL
 *
 * Of all channels or, on a failure, of none. The control locks are held.
 *
 * Return: 0 or a negative errno
 */
int mynic_coalesce_set(struct mynic_net *mn, u32 first, u32 num,
		       const struct ethtool_coalesce *ec,
		       struct netlink_ext_ack *extack)
{
	struct mynic_coalesce coal = {
		.rx_usecs = ec->rx_coalesce_usecs,
		.rx_frames = ec->rx_max_coalesced_frames,
		.tx_usecs = ec->tx_coalesce_usecs,
		.tx_frames = ec->tx_max_coalesced_frames,
		.adaptive_rx = ec->use_adaptive_rx_coalesce,
		.adaptive_tx = ec->use_adaptive_tx_coalesce,
	};
	struct mynic_coalesce *old;
	u32 i;
	int err;

	err = mynic_coalesce_check(mn, ec, extack);
	if (err)
		return err;

	old = kmemdup(&mn->coal[first], num * sizeof(*old), GFP_KERNEL);
	if (!old)
		return -ENOMEM;

	for (i = 0; i < num && !err; i++)
		err = mynic_coalesce_apply(mn, first + i, &coal);
	if (err) {
		mynic_refuse(mn->netdev, extack,
			     "the device refused the moderation");
		while (i--)
			mynic_coalesce_apply(mn, first + i, &old[i]);
	}
	kfree(old);

	return err;
}
