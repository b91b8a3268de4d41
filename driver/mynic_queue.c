// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of the rings: allocation, the device's queues, exchange of all rings
 * for others (mynic_reconfigure()) and restart of a single receive queue.
 *
 * Two halves, kept apart. What may fail for want of memory happens while the
 * old rings work. What the device may refuse happens afterwards; a device
 * that refuses a queue with parameters in its own limits does not work, and
 * is reset: the reset path then starts the new rings.
 */
#include <linux/delay.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "mynic.h"
#include "mynic_queue.h"
#include "mynic_ring.h"
#include "mynic_rules.h"

/* How long packets under way may hold up the end of a queue. */
#define MYNIC_DRAIN_TIME	msecs_to_jiffies(50)

/**
 * struct mynic_ring_set - rings, and channels that do not exist yet
 * @n: number of channels
 * @vec: channel by number: those of the net_device, or new ones
 * @tx: transmit ring by number
 * @rx: receive ring by number
 *
 * Collects what is allocated, before it is exchanged for what is in use.
 */
struct mynic_ring_set {
	u16 n;
	struct mynic_vector *vec[MYNIC_MAX_QUEUE_PAIRS];
	struct mynic_tx_ring *tx[MYNIC_MAX_QUEUE_PAIRS];
	struct mynic_rx_ring *rx[MYNIC_MAX_QUEUE_PAIRS];
};

/* Frees the rings of @set, and its channels that the net_device has not. */
static void mynic_ring_set_free(struct mynic_net *mn,
				struct mynic_ring_set *set)
{
	u16 i;

	for (i = 0; i < set->n; i++) {
		if (set->tx[i])
			mynic_tx_ring_free(set->tx[i]);
		if (set->rx[i])
			mynic_rx_ring_free(set->rx[i]);
		if (set->vec[i] != mn->vectors[i])
			mynic_vector_free(set->vec[i]);
	}
	kfree(set);
}

/* Allocates all that @cfg needs and does not disturb what is in use. */
static struct mynic_ring_set *
mynic_ring_set_alloc(struct mynic_net *mn, const struct mynic_queue_cfg *cfg)
{
	struct mynic_ring_set *set;
	void *p;
	u16 i;

	set = kzalloc(sizeof(*set), GFP_KERNEL);
	if (!set)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < cfg->channels; i++) {
		set->n = i + 1;
		set->vec[i] = mn->vectors[i];
		if (!set->vec[i]) {
			p = mynic_vector_alloc(mn, i);
			if (IS_ERR(p))
				goto err;
			set->vec[i] = p;
		}
		p = mynic_tx_ring_alloc(set->vec[i], cfg);
		if (IS_ERR(p))
			goto err;
		set->tx[i] = p;
		p = mynic_rx_ring_alloc(set->vec[i], cfg);
		if (IS_ERR(p))
			goto err;
		set->rx[i] = p;
	}
	return set;

err:
	mynic_ring_set_free(mn, set);
	return p;
}

/* The rings and channels of the net_device and those of @set change places,
 * under names that everybody finds them by. Rings that go leave their
 * counters behind.
 */
static void mynic_ring_set_swap(struct mynic_net *mn,
				struct mynic_ring_set *set)
{
	u16 i, max = mn->mdev->max_channels;

	mynic_assert_locked(mn->netdev);

	spin_lock_bh(&mn->stats_lock);
	for (i = 0; i < max; i++) {
		if (mn->tx[i])
			mynic_stats_fold_tx(mn, mn->tx[i]);
		if (mn->rx[i])
			mynic_stats_fold_rx(mn, mn->rx[i]);
		swap(mn->tx[i], set->tx[i]);
		swap(mn->rx[i], set->rx[i]);
		swap(mn->vectors[i], set->vec[i]);
		if (!mn->vectors[i])
			continue;
		mn->vectors[i]->tx = mn->tx[i];
		mn->vectors[i]->rx = mn->rx[i];
	}
	set->n = max;
	spin_unlock_bh(&mn->stats_lock);
}

static int mynic_queue_destroy(struct mynic_net *mn, enum mynic_admin_op op,
			       u16 id)
{
	struct mynic_admin_req req = {
		.op = op,
		.params.queue.id = cpu_to_le16(id),
	};

	return mynic_admin_exec(mn->mdev, &req);
}

static int mynic_queue_create_rx(struct mynic_vector *vec)
{
	struct mynic_admin_req cq = { .op = MYNIC_ADMIN_CREATE_CQ };
	struct mynic_admin_req rxq = { .op = MYNIC_ADMIN_CREATE_RXQ };
	int err;

	mynic_rx_ring_describe(vec->rx, &rxq.params.rxq, &cq.params.cq);
	cq.params.cq.id = cpu_to_le16(MYNIC_CQ_RX(vec->idx));
	cq.params.cq.vector = cpu_to_le16(vec->msix);
	mynic_coalesce_rx(vec, &cq.params.cq.moderation);
	rxq.params.rxq.id = cpu_to_le16(vec->idx);
	rxq.params.rxq.cq = cpu_to_le16(MYNIC_CQ_RX(vec->idx));

	err = mynic_admin_exec(vec->mn->mdev, &cq);
	if (err)
		return err;
	return mynic_admin_exec(vec->mn->mdev, &rxq);
}

static int mynic_queue_create_tx(struct mynic_vector *vec)
{
	struct mynic_admin_req txq = { .op = MYNIC_ADMIN_CREATE_TXQ };

	mynic_tx_ring_describe(vec->tx, &txq.params.txq);
	txq.params.txq.id = cpu_to_le16(vec->idx);
	txq.params.txq.vector = cpu_to_le16(vec->msix);
	txq.params.txq.cq = cpu_to_le16(MYNIC_CQ_NONE);
	mynic_coalesce_tx(vec, &txq.params.txq.moderation);

	return mynic_admin_exec(vec->mn->mdev, &txq);
}

static int mynic_queue_destroy_rx(struct mynic_vector *vec)
{
	int err;

	err = mynic_queue_destroy(vec->mn, MYNIC_ADMIN_DESTROY_RXQ, vec->idx);
	if (err)
		return err;
	return mynic_queue_destroy(vec->mn, MYNIC_ADMIN_DESTROY_CQ,
				   MYNIC_CQ_RX(vec->idx));
}

/**
 * mynic_queue_set_moderation() - change interrupt moderation of a channel
 * @vec: the channel, its rings started
 * @rx: for receive, or NULL to leave it
 * @tx: for transmit, or NULL to leave it
 *
 * Process context; needs no lock beyond what keeps @vec.
 *
 * Return: 0 or a negative errno.
 */
int mynic_queue_set_moderation(struct mynic_vector *vec,
			       const struct mynic_cmd_moderation *rx,
			       const struct mynic_cmd_moderation *tx)
{
	struct mynic_admin_req req = {
		.params.modify.vector = cpu_to_le16(vec->msix),
	};
	int err;

	if (rx) {
		req.op = MYNIC_ADMIN_MODIFY_CQ;
		req.params.modify.id = cpu_to_le16(MYNIC_CQ_RX(vec->idx));
		req.params.modify.moderation = *rx;
		err = mynic_admin_exec(vec->mn->mdev, &req);
		if (err)
			return err;
	}
	if (tx) {
		req.op = MYNIC_ADMIN_MODIFY_TXQ;
		req.params.modify.id = cpu_to_le16(vec->idx);
		req.params.modify.moderation = *tx;
		err = mynic_admin_exec(vec->mn->mdev, &req);
		if (err)
			return err;
	}
	return 0;
}

/**
 * mynic_queues_up() - create the device's queues and start traffic
 * @mn: the network device; rings attached, device enabled and configured
 *
 * The control locks are held. The driver's side is up in any case, so that
 * there is one way down; transmit queues are woken only on success.
 *
 * Return: 0, or the errno with which the device refused a queue.
 */
int mynic_queues_up(struct mynic_net *mn)
{
	struct mynic_vector *vec;
	int err = 0;
	u16 i;

	mynic_assert_locked(mn->netdev);

	for (i = 0; i < mn->cfg.channels && !err; i++) {
		vec = mn->vectors[i];
		err = mynic_queue_create_rx(vec);
		if (!err)
			err = mynic_queue_create_tx(vec);
	}
	for (i = 0; i < mn->cfg.channels; i++) {
		vec = mn->vectors[i];
		mynic_tx_ring_start(vec->tx);
		mynic_rx_ring_start(vec->rx);
		mynic_dim_start(vec);
		mynic_vector_enable(vec);
	}
	set_bit(MYNIC_STATE_UP, mn->mdev->state);

	if (!err)
		err = mynic_rss_push(mn);
	if (!err)
		err = mynic_rx_mode_push(mn);
	/* Those without a ring too, or the watchdog takes them for stuck. */
	if (!err)
		netif_tx_wake_all_queues(mn->netdev);
	return err;
}

/**
 * mynic_queues_quiesce() - stop the driver's side of all rings
 * @mn: the network device, its rings started or not
 *
 * On return there is no xmit, no poll, no interrupt and no DIM. The device
 * still owns the memory. The control locks are held.
 */
void mynic_queues_quiesce(struct mynic_net *mn)
{
	u16 i;

	mynic_assert_locked(mn->netdev);

	if (!test_and_clear_bit(MYNIC_STATE_UP, mn->mdev->state))
		return;

	for (i = 0; i < mn->cfg.channels; i++) {
		mynic_vector_disable(mn->vectors[i]);
		mynic_dim_stop(mn->vectors[i]);
	}
	/* A poll still arms its rings behind napi_complete_done(), where
	 * napi_disable() does not wait for it any more.
	 */
	synchronize_net();
	/* Behind NAPI, which wakes queues. */
	netif_tx_disable(mn->netdev);
}

/**
 * mynic_queues_clean() - take back what the device had
 * @mn: the network device, quiesced; the device has forgotten its queues
 *
 * The control locks are held.
 */
void mynic_queues_clean(struct mynic_net *mn)
{
	u16 i;

	mynic_assert_locked(mn->netdev);

	for (i = 0; i < mn->mdev->max_channels; i++) {
		if (mn->tx[i])
			mynic_tx_ring_clean(mn->tx[i]);
		if (mn->rx[i])
			mynic_rx_ring_clean(mn->rx[i]);
	}
}

/* Let the device send what it was given, for a while: a reconfiguration need
 * not lose packets. Whoever wants to know how many it did asks the counters.
 */
static void mynic_queues_drain(struct mynic_net *mn)
{
	unsigned long end = jiffies + MYNIC_DRAIN_TIME;
	struct mynic_tx_ring *ring;
	u16 i;

	for (i = 0; i < mn->cfg.channels; i++) {
		ring = mn->tx[i];
		for (;;) {
			local_bh_disable();
			mynic_tx_poll(ring, 1);
			local_bh_enable();
			if (ring->next_to_clean == ring->next_to_use ||
			    ring->broken || time_after(jiffies, end))
				break;
			usleep_range(50, 100);
		}
	}
}

/**
 * mynic_queues_down() - stop traffic and destroy the device's queues
 * @mn: the network device, its rings started or not
 *
 * Cannot fail: a device that does not let go of a queue is reset, and the
 * reset path puts it to work again. The control locks are held.
 */
void mynic_queues_down(struct mynic_net *mn)
{
	bool was_up = test_bit(MYNIC_STATE_UP, mn->mdev->state);
	int err = 0;
	u16 i;

	if (!was_up)
		return;

	mynic_queues_quiesce(mn);
	if (test_bit(MYNIC_STATE_ENABLED, mn->mdev->state))
		mynic_queues_drain(mn);
	for (i = 0; i < mn->cfg.channels && !err; i++) {
		err = mynic_queue_destroy(mn, MYNIC_ADMIN_DESTROY_TXQ, i);
		if (!err)
			err = mynic_queue_destroy_rx(mn->vectors[i]);
	}
	if (err)
		mynic_reset_kill(mn->mdev, MYNIC_RESET_ADMIN_ERROR);
	mynic_queues_clean(mn);
}

static bool mynic_ctl_error(const struct mynic_queue_ctl *ctl)
{
	return le32_to_cpu(READ_ONCE(ctl->error)) != MYNIC_QERR_NONE;
}

/**
 * mynic_queues_error() - has the device stopped a queue?
 * @mn: the network device, its rings started
 *
 * For those who missed an event. Process context; takes stats_lock.
 *
 * Return: true if the control block of any queue says so.
 */
bool mynic_queues_error(struct mynic_net *mn)
{
	bool error = false;
	u16 i;

	spin_lock_bh(&mn->stats_lock);
	for (i = 0; i < mn->mdev->max_channels && !error; i++)
		error = (mn->tx[i] && mynic_ctl_error(mn->tx[i]->ctl)) ||
			(mn->rx[i] && (mynic_ctl_error(mn->rx[i]->ctl) ||
				       mynic_ctl_error(mn->rx[i]->cq_ctl)));
	spin_unlock_bh(&mn->stats_lock);
	return error;
}

/**
 * mynic_queues_alloc() - allocate and attach rings and channels for mn->cfg
 * @mn: the network device, without rings
 *
 * The control locks are held.
 *
 * Return: 0 or a negative errno.
 */
int mynic_queues_alloc(struct mynic_net *mn)
{
	struct mynic_ring_set *set;

	set = mynic_ring_set_alloc(mn, &mn->cfg);
	if (IS_ERR(set))
		return PTR_ERR(set);
	mynic_ring_set_swap(mn, set);
	mynic_ring_set_free(mn, set);
	return 0;
}

/**
 * mynic_queues_free() - detach and free all rings and channels
 * @mn: the network device; down
 *
 * The control locks are held.
 */
void mynic_queues_free(struct mynic_net *mn)
{
	struct mynic_tx_ring *tx;
	struct mynic_rx_ring *rx;
	u16 i;

	mynic_assert_locked(mn->netdev);

	for (i = 0; i < mn->mdev->max_channels; i++) {
		if (!mn->vectors[i])
			continue;
		spin_lock_bh(&mn->stats_lock);
		tx = mn->tx[i];
		rx = mn->rx[i];
		mynic_stats_fold_tx(mn, tx);
		mynic_stats_fold_rx(mn, rx);
		mn->tx[i] = NULL;
		mn->rx[i] = NULL;
		spin_unlock_bh(&mn->stats_lock);

		mynic_tx_ring_free(tx);
		mynic_rx_ring_free(rx);
		mynic_vector_free(mn->vectors[i]);
		mn->vectors[i] = NULL;
	}
}

/**
 * mynic_queue_cfg_check() - can rings be made from a configuration?
 * @mn: the network device
 * @cfg: the configuration
 * @extack: receives the reason if not; may be NULL
 *
 * Return: 0 or a negative errno.
 */
int mynic_queue_cfg_check(const struct mynic_net *mn,
			  const struct mynic_queue_cfg *cfg,
			  struct netlink_ext_ack *extack)
{
	const struct mynic_hw *hw = &mn->mdev->hw;
	u32 min;

	if (cfg->channels < 1 || cfg->channels > mn->mdev->max_channels) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "%u channels: must be 1 to %u",
				       cfg->channels, mn->mdev->max_channels);
		return -EINVAL;
	}

	/* One packet of the worst shape must fit beside the one under way. */
	min = max_t(u32, BIT(hw->tx_log2_min),
		    roundup_pow_of_two(2 * MYNIC_TX_SLOTS_MAX));
	if (!is_power_of_2(cfg->tx_slots) || cfg->tx_slots < min ||
	    cfg->tx_slots > BIT(hw->tx_log2_max)) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "tx ring %u: needs a power of two, %u to %u",
				       cfg->tx_slots, min,
				       (u32)BIT(hw->tx_log2_max));
		return -EINVAL;
	}
	if (!is_power_of_2(cfg->rx_slots) ||
	    cfg->rx_slots < BIT(hw->rx_log2_min) ||
	    cfg->rx_slots > BIT(hw->rx_log2_max)) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "rx ring %u: needs a power of two, %u to %u",
				       cfg->rx_slots,
				       (u32)BIT(hw->rx_log2_min),
				       (u32)BIT(hw->rx_log2_max));
		return -EINVAL;
	}
	if (cfg->mtu < MYNIC_MIN_MTU || cfg->mtu > hw->max_mtu) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "MTU %u: must be %u to %u",
				       cfg->mtu, MYNIC_MIN_MTU, hw->max_mtu);
		return -EINVAL;
	}
	if (mynic_xdp_check_cfg(mn, cfg, extack))
		return -EINVAL;
	return mynic_rx_check_cfg(mn, cfg, extack);
}

/* Tell stack and device; the last things that may fail. Undone on failure. */
static int mynic_reconfigure_commit(struct mynic_net *mn,
				    const struct mynic_queue_cfg *cfg,
				    struct netlink_ext_ack *extack)
{
	bool xdp = cfg->xdp_prog != mn->cfg.xdp_prog;
	bool mtu = cfg->mtu != mn->cfg.mtu;
	int err;

	if (mtu) {
		err = mynic_mtu_push(mn, cfg->mtu);
		if (err) {
			NL_SET_ERR_MSG_MOD(extack,
					   "the device refused the MTU");
			return err;
		}
	}
	if (xdp) {
		err = mynic_offloads_push(mn, mn->netdev->features,
					  cfg->xdp_prog);
		if (err) {
			NL_SET_ERR_MSG_MOD(extack,
					   "the device refused the offloads that go with XDP");
			goto err_mtu;
		}
	}
	if (cfg->channels == mn->cfg.channels)
		return 0;

	err = netif_set_real_num_queues(mn->netdev, cfg->channels,
					cfg->channels);
	if (!err)
		return 0;

	NL_SET_ERR_MSG_MOD(extack, "the stack refused the number of queues");
	if (xdp)
		mynic_offloads_push(mn, mn->netdev->features,
				    mn->cfg.xdp_prog);
err_mtu:
	if (mtu)
		mynic_mtu_push(mn, mn->cfg.mtu);
	return err;
}

static void mynic_reconfigure_start(struct mynic_net *mn)
{
	if (mynic_queues_up(mn))
		mynic_reset_schedule(mn->mdev, MYNIC_RESET_ADMIN_ERROR);
}

/**
 * mynic_reconfigure() - exchange all rings for those of a new configuration
 * @mn: the network device, up or down
 * @cfg: a changed copy of mn->cfg
 * @extack: receives the reason of a failure; may be NULL
 *
 * The one way to change ring sizes, channels, MTU and what else is in a
 * configuration: allocate, stop the old
 * rings, tell stack and device, exchange, start. On failure everything is as
 * before. The carrier stays as it is. The control locks are held, and
 * rtnl_lock too if the number of channels changes.
 *
 * Return: 0 or a negative errno.
 */
int mynic_reconfigure(struct mynic_net *mn, const struct mynic_queue_cfg *cfg,
		      struct netlink_ext_ack *extack)
{
	struct mynic_dev *mdev = mn->mdev;
	struct mynic_ring_set *set = NULL;
	bool up;
	int err;

	mynic_assert_locked(mn->netdev);
	if (cfg->channels != mn->cfg.channels)
		ASSERT_RTNL();

	err = mynic_queue_cfg_check(mn, cfg, extack);
	if (!err)
		err = mynic_rss_check_channels(mn, cfg->channels, extack);
	if (!err)
		err = mynic_rules_check_channels(mn, cfg->channels, extack);
	if (err)
		return err;
	if (!test_bit(MYNIC_STATE_ENABLED, mdev->state)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the device is being reset or has failed, try again");
		return -EBUSY;
	}

	up = test_bit(MYNIC_STATE_UP, mdev->state);
	if (up) {
		set = mynic_ring_set_alloc(mn, cfg);
		if (IS_ERR(set)) {
			NL_SET_ERR_MSG_MOD(extack,
					   "no memory or interrupt for the new rings");
			return PTR_ERR(set);
		}
		mynic_queues_down(mn);
	}

	err = mynic_reconfigure_commit(mn, cfg, extack);
	if (err) {
		if (up) {
			mynic_reconfigure_start(mn);
			mynic_ring_set_free(mn, set);
		}
		return err;
	}

	/* Nothing can fail past this point. */
	mn->cfg = *cfg;
	mynic_rss_set_channels(mn, cfg->channels);
	if (up) {
		mynic_ring_set_swap(mn, set);
		mynic_reconfigure_start(mn);
		mynic_ring_set_free(mn, set);
	}
	return 0;
}

#if MYNIC_OPS_LOCKED

/* Restart of one receive queue while all others run. The core allocates a
 * ring, stops the queue, which hands out the old one, starts the queue with
 * the new one and frees the old. Everything under netdev->lock.
 */
struct mynic_queue_mem {
	struct mynic_rx_ring *ring; /* NULL while the interface is down */
};

static int mynic_queue_mem_alloc(struct net_device *netdev,
				 struct netdev_queue_config *qcfg,
				 void *per_queue_mem, int idx)
{
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_queue_mem *mem = per_queue_mem;
	struct mynic_rx_ring *ring;

	mem->ring = NULL;
	if (!netif_running(netdev))
		return 0;
	/* Up for the stack, but a reset has failed or is still due. */
	if (!test_bit(MYNIC_STATE_UP, mn->mdev->state))
		return -ENETDOWN;

	ring = mynic_rx_ring_alloc(mn->vectors[idx], &mn->cfg);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	mem->ring = ring;
	return 0;
}

static void mynic_queue_mem_free(struct net_device *netdev,
				 void *per_queue_mem)
{
	struct mynic_queue_mem *mem = per_queue_mem;

	if (mem->ring)
		mynic_rx_ring_free(mem->ring);
	mem->ring = NULL;
}

static void mynic_queue_attach_rx(struct mynic_vector *vec,
				  struct mynic_rx_ring *ring)
{
	struct mynic_net *mn = vec->mn;

	spin_lock_bh(&mn->stats_lock);
	if (vec->rx)
		mynic_stats_fold_rx(mn, vec->rx);
	vec->rx = ring;
	mn->rx[vec->idx] = ring;
	spin_unlock_bh(&mn->stats_lock);
}

static int mynic_queue_stop(struct net_device *netdev, void *per_queue_mem,
			    int idx)
{
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_queue_mem *mem = per_queue_mem;
	struct mynic_vector *vec = mn->vectors[idx];
	int err;

	mynic_assert_locked(netdev);

	/* A page pool is single-consumer: poll must be out of the way. The
	 * transmit ring of the pair only waits to be reclaimed meanwhile.
	 */
	mynic_vector_disable(vec);
	mynic_dim_stop(vec);
	/* As in mynic_queues_quiesce(). */
	synchronize_net();
	err = mynic_queue_destroy_rx(vec);
	if (err) {
		/* The whole device stops. start() attaches the ring, and the
		 * reset that is due starts it.
		 */
		mynic_reset_kill(mn->mdev, MYNIC_RESET_ADMIN_ERROR);
	}
	mynic_rx_ring_clean(vec->rx);
	mem->ring = vec->rx;
	mynic_queue_attach_rx(vec, NULL);
	return 0;
}

static int mynic_queue_start(struct net_device *netdev,
			     struct netdev_queue_config *qcfg,
			     void *per_queue_mem, int idx)
{
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_queue_mem *mem = per_queue_mem;
	struct mynic_vector *vec = mn->vectors[idx];
	int err;

	mynic_assert_locked(netdev);

	mynic_queue_attach_rx(vec, mem->ring);
	mem->ring = NULL;
	err = mynic_queue_create_rx(vec);
	mynic_rx_ring_start(vec->rx);
	mynic_dim_start(vec);
	mynic_vector_enable(vec);
	if (err)
		mynic_reset_schedule(mn->mdev, MYNIC_RESET_ADMIN_ERROR);
	return 0;
}

const struct netdev_queue_mgmt_ops mynic_queue_mgmt_ops = {
	.ndo_queue_mem_size	= sizeof(struct mynic_queue_mem),
	.ndo_queue_mem_alloc	= mynic_queue_mem_alloc,
	.ndo_queue_mem_free	= mynic_queue_mem_free,
	.ndo_queue_start	= mynic_queue_start,
	.ndo_queue_stop		= mynic_queue_stop,
};

#endif /* MYNIC_OPS_LOCKED */
