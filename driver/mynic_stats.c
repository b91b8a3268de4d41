// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics: one table names each counter of a ring, for ethtool, for the
 * netdev's queue statistics and for the totals of the network device.
 *
 * Rings come and go; what they counted is folded into a history, so that the
 * totals survive ifdown and changes of the channels. The port's counters are
 * the device's, which forgets them in a reset; they have a history too.
 */
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/netdev_queues.h>

#include "mynic.h"
#include "mynic_ring.h"

#define MYNIC_NO_QSTAT		(-1)

#define MYNIC_XMIT(_member, _qstat, _kind) {				\
	.name = #_member,						\
	.offset = offsetof(struct mynic_tx_ring, xmit._member),		\
	.syncp = offsetof(struct mynic_tx_ring, xmit_syncp),		\
	.qstat = _qstat,						\
	.kind = MYNIC_COUNT_##_kind,					\
}

#define MYNIC_CLEAN(_member, _qstat, _kind) {				\
	.name = #_member,						\
	.offset = offsetof(struct mynic_tx_ring, clean._member),	\
	.syncp = offsetof(struct mynic_tx_ring, clean_syncp),		\
	.qstat = _qstat,						\
	.kind = MYNIC_COUNT_##_kind,					\
}

#define MYNIC_RX(_member, _qstat, _kind) {				\
	.name = #_member,						\
	.offset = offsetof(struct mynic_rx_ring, stats._member),	\
	.syncp = offsetof(struct mynic_rx_ring, syncp),			\
	.qstat = _qstat,						\
	.kind = MYNIC_COUNT_##_kind,					\
}

#define MYNIC_TXQ(_member)	offsetof(struct netdev_queue_stats_tx, _member)
#define MYNIC_RXQ(_member)	offsetof(struct netdev_queue_stats_rx, _member)

const struct mynic_counter mynic_tx_counters[] = {
	MYNIC_CLEAN(packets, MYNIC_TXQ(packets), PACKETS),
	MYNIC_CLEAN(bytes, MYNIC_TXQ(bytes), BYTES),
	MYNIC_XMIT(csum_none, MYNIC_TXQ(csum_none), EVENT),
	MYNIC_XMIT(needs_csum, MYNIC_TXQ(needs_csum), EVENT),
	MYNIC_XMIT(gso_packets, MYNIC_TXQ(hw_gso_packets), EVENT),
	MYNIC_XMIT(gso_bytes, MYNIC_TXQ(hw_gso_bytes), EVENT),
	MYNIC_XMIT(gso_wire_packets, MYNIC_TXQ(hw_gso_wire_packets), EVENT),
	MYNIC_XMIT(gso_wire_bytes, MYNIC_TXQ(hw_gso_wire_bytes), EVENT),
	MYNIC_XMIT(vlan, MYNIC_NO_QSTAT, EVENT),
	MYNIC_XMIT(linearized, MYNIC_NO_QSTAT, EVENT),
	MYNIC_XMIT(copied, MYNIC_NO_QSTAT, EVENT),
	MYNIC_XMIT(doorbells, MYNIC_NO_QSTAT, EVENT),
	MYNIC_XMIT(stop, MYNIC_TXQ(stop), EVENT),
	MYNIC_CLEAN(wake, MYNIC_TXQ(wake), EVENT),
	MYNIC_XMIT(busy, MYNIC_NO_QSTAT, EVENT),
	MYNIC_XMIT(drop_linearize, MYNIC_NO_QSTAT, DROP),
	MYNIC_XMIT(drop_offload, MYNIC_NO_QSTAT, DROP),
	MYNIC_XMIT(drop_length, MYNIC_NO_QSTAT, DROP),
	MYNIC_XMIT(drop_map, MYNIC_NO_QSTAT, DROP),
	MYNIC_XMIT(xdp_packets, MYNIC_NO_QSTAT, EVENT),
	MYNIC_XMIT(drop_xdp, MYNIC_NO_QSTAT, DROP),
	MYNIC_CLEAN(drop_reset, MYNIC_NO_QSTAT, DROP),
	MYNIC_CLEAN(bad_head, MYNIC_NO_QSTAT, ERROR),
};

const struct mynic_counter mynic_rx_counters[] = {
	MYNIC_RX(packets, MYNIC_RXQ(packets), PACKETS),
	MYNIC_RX(bytes, MYNIC_RXQ(bytes), BYTES),
	MYNIC_RX(multicast, MYNIC_NO_QSTAT, MULTICAST),
	MYNIC_RX(csum_unnecessary, MYNIC_RXQ(csum_unnecessary), EVENT),
	MYNIC_RX(csum_partial, MYNIC_NO_QSTAT, EVENT),
	MYNIC_RX(csum_none, MYNIC_RXQ(csum_none), EVENT),
	MYNIC_RX(gro_packets, MYNIC_RXQ(hw_gro_packets), EVENT),
	MYNIC_RX(gro_bytes, MYNIC_RXQ(hw_gro_bytes), EVENT),
	MYNIC_RX(gro_wire_packets, MYNIC_RXQ(hw_gro_wire_packets), EVENT),
	MYNIC_RX(gro_wire_bytes, MYNIC_RXQ(hw_gro_wire_bytes), EVENT),
	MYNIC_RX(vlan, MYNIC_NO_QSTAT, EVENT),
	MYNIC_RX(copied, MYNIC_NO_QSTAT, EVENT),
	MYNIC_RX(doorbells, MYNIC_NO_QSTAT, EVENT),
	MYNIC_RX(alloc_fail, MYNIC_RXQ(alloc_fail), EVENT),
	MYNIC_RX(refill_retry, MYNIC_NO_QSTAT, EVENT),
	MYNIC_RX(drop_alloc, MYNIC_NO_QSTAT, DROP),
	MYNIC_RX(drop_offload, MYNIC_NO_QSTAT, ERROR),
	MYNIC_RX(bad_cqe, MYNIC_NO_QSTAT, ERROR),
	MYNIC_RX(xdp_pass, MYNIC_NO_QSTAT, EVENT),
	MYNIC_RX(xdp_drop, MYNIC_NO_QSTAT, EVENT),
	MYNIC_RX(xdp_tx, MYNIC_NO_QSTAT, EVENT),
	MYNIC_RX(xdp_redirect, MYNIC_NO_QSTAT, EVENT),
	MYNIC_RX(xdp_errors, MYNIC_NO_QSTAT, ERROR),
};

/* A counter that is missing above would be lost with its ring. */
static_assert(ARRAY_SIZE(mynic_tx_counters) * sizeof(u64_stats_t) ==
	      sizeof(struct mynic_tx_xmit_stats) +
	      sizeof(struct mynic_tx_clean_stats));
static_assert(ARRAY_SIZE(mynic_rx_counters) * sizeof(u64_stats_t) ==
	      sizeof(struct mynic_rx_stats));

const size_t mynic_tx_counters_num = ARRAY_SIZE(mynic_tx_counters);
const size_t mynic_rx_counters_num = ARRAY_SIZE(mynic_rx_counters);

/**
 * struct mynic_stats - what was counted by what is gone
 * @tx: by mynic_tx_counters, of transmit rings that were freed
 * @rx: by mynic_rx_counters, of receive rings that were freed
 * @port: words of struct mynic_port_stats, from before the last reset
 * @port_seen: the same since probe, as they were when the device was last asked
 * @port_time: when that was, in jiffies
 * @port_work: asks the device for @port_seen
 * @mn: the network device
 *
 * Protected by mynic_net.stats_lock.
 */
struct mynic_stats {
	u64 tx[ARRAY_SIZE(mynic_tx_counters)];
	u64 rx[ARRAY_SIZE(mynic_rx_counters)];
	u64 port[MYNIC_PORT_COUNTERS];
	u64 port_seen[MYNIC_PORT_COUNTERS];
	unsigned long port_time;
	struct work_struct port_work;
	struct mynic_net *mn;
};

/* How old what ndo_get_stats64 tells of the device may be before it is asked
 * again.
 */
#define MYNIC_STATS_AGE		(HZ / 10)

/**
 * mynic_counter_read() - value of one counter of a ring
 * @ring: struct mynic_tx_ring or mynic_rx_ring, as the table of @counter
 * @counter: the counter
 *
 * Any context.
 * Return: its value since the ring was made
 */
u64 mynic_counter_read(const void *ring, const struct mynic_counter *counter)
{
	const struct u64_stats_sync *syncp = ring + counter->syncp;
	const u64_stats_t *value = ring + counter->offset;
	unsigned int start;
	u64 val;

	do {
		start = u64_stats_fetch_begin(syncp);
		val = u64_stats_read(value);
	} while (u64_stats_fetch_retry(syncp, start));

	return val;
}

/* The device's own count, since its reset; @words are zeroed on failure. */
static int mynic_stats_port_read(struct mynic_net *mn, __le64 *words)
{
	struct mynic_admin_req req = {
		.op = MYNIC_ADMIN_GET_STATS,
		.params.stats.scope = cpu_to_le16(MYNIC_STATS_PORT),
		.out = words,
		.out_len = sizeof(struct mynic_port_stats),
	};

	memset(words, 0, sizeof(struct mynic_port_stats));
	if (!test_bit(MYNIC_STATE_ENABLED, mn->mdev->state))
		return -ENETDOWN;

	return mynic_admin_exec(mn->mdev, &req);
}

/**
 * mynic_stats_port() - counters of the port since probe
 * @mn: the network device
 * @port: receives them, MYNIC_PORT_COUNTERS; use MYNIC_PORT() as index
 *
 * Context: process, control locks held.
 * Return: 0, or a negative errno and what was counted when the device was last
 * asked
 */
int mynic_stats_port(struct mynic_net *mn, u64 *port)
{
	__le64 words[MYNIC_PORT_COUNTERS];
	size_t i;
	int err;

	err = mynic_stats_port_read(mn, words);

	spin_lock_bh(&mn->stats_lock);
	for (i = 0; !err && i < MYNIC_PORT_COUNTERS; i++)
		mn->stats->port_seen[i] = mn->stats->port[i] +
					  le64_to_cpu(words[i]);
	memcpy(port, mn->stats->port_seen, sizeof(mn->stats->port_seen));
	mn->stats->port_time = jiffies;
	spin_unlock_bh(&mn->stats_lock);

	return err;
}

/**
 * mynic_stats_port_fold() - keep the port's counters before a reset
 * @mn: the network device
 *
 * What was counted since the device was last asked is lost if it cannot be
 * asked any more.
 *
 * Context: process, control locks held.
 */
void mynic_stats_port_fold(struct mynic_net *mn)
{
	u64 port[MYNIC_PORT_COUNTERS];

	mynic_stats_port(mn, port);

	spin_lock_bh(&mn->stats_lock);
	memcpy(mn->stats->port, port, sizeof(port));
	spin_unlock_bh(&mn->stats_lock);
}

/**
 * mynic_stats_queue() - what the device counts of a queue since its creation
 * @mn: the network device
 * @scope: MYNIC_STATS_RXQ or MYNIC_STATS_TXQ
 * @idx: number of the queue
 * @stats: receives the counters, zeros for a queue that the device has not
 *
 * Context: process, control locks held.
 */
void mynic_stats_queue(struct mynic_net *mn, u16 scope, u16 idx,
		       struct mynic_queue_stats *stats)
{
	struct mynic_admin_req req = {
		.op = MYNIC_ADMIN_GET_STATS,
		.params.stats.scope = cpu_to_le16(scope),
		.params.stats.id = cpu_to_le16(idx),
		.out = stats,
		.out_len = sizeof(*stats),
		.may_fail = true,
	};

	memset(stats, 0, sizeof(*stats));
	if (test_bit(MYNIC_STATE_UP, mn->mdev->state) &&
	    mynic_admin_exec(mn->mdev, &req))
		memset(stats, 0, sizeof(*stats));
}

static void mynic_stats_port_work(struct work_struct *work)
{
	struct mynic_stats *stats = container_of(work, struct mynic_stats,
						 port_work);
	u64 port[MYNIC_PORT_COUNTERS];

	mynic_lock(stats->mn->netdev);
	mynic_stats_port(stats->mn, port);
	mynic_unlock(stats->mn->netdev);
}

/**
 * mynic_stats_init() - make an empty history
 * @mn: the network device
 *
 * Return: 0 or -ENOMEM
 */
int mynic_stats_init(struct mynic_net *mn)
{
	mn->stats = kzalloc(sizeof(*mn->stats), GFP_KERNEL);
	if (!mn->stats)
		return -ENOMEM;

	mn->stats->mn = mn;
	mn->stats->port_time = jiffies;
	INIT_WORK(&mn->stats->port_work, mynic_stats_port_work);

	return 0;
}

/**
 * mynic_stats_stop() - ask the device no more
 * @mn: the network device, not registered any more
 *
 * Context: process, no control locks.
 */
void mynic_stats_stop(struct mynic_net *mn)
{
	cancel_work_sync(&mn->stats->port_work);
}

/**
 * mynic_stats_free() - undo mynic_stats_init()
 * @mn: the network device, stopped if it was registered
 */
void mynic_stats_free(struct mynic_net *mn)
{
	kfree(mn->stats);
	mn->stats = NULL;
}

static void mynic_stats_fold(u64 *history, void *ring,
			     const struct mynic_counter *counters, size_t num)
{
	size_t i;

	for (i = 0; i < num; i++) {
		history[i] += mynic_counter_read(ring, &counters[i]);
		/* Nobody counts any more; whoever uses it again begins at 0. */
		u64_stats_set(ring + counters[i].offset, 0);
	}
}

/**
 * mynic_stats_fold_tx() - keep what a transmit ring has counted
 * @mn: the network device
 * @ring: the ring, not used any more
 *
 * Context: stats_lock held; the caller takes the ring out of mn->tx.
 */
void mynic_stats_fold_tx(struct mynic_net *mn, struct mynic_tx_ring *ring)
{
	lockdep_assert_held(&mn->stats_lock);
	mynic_stats_fold(mn->stats->tx, ring, mynic_tx_counters,
			 ARRAY_SIZE(mynic_tx_counters));
}

/**
 * mynic_stats_fold_rx() - keep what a receive ring has counted
 * @mn: the network device
 * @ring: the ring, not used any more
 *
 * Context: stats_lock held; the caller takes the ring out of mn->rx.
 */
void mynic_stats_fold_rx(struct mynic_net *mn, struct mynic_rx_ring *ring)
{
	lockdep_assert_held(&mn->stats_lock);
	mynic_stats_fold(mn->stats->rx, ring, mynic_rx_counters,
			 ARRAY_SIZE(mynic_rx_counters));
}

/* Sum of one counter over history and all rings; stats_lock held. */
static u64 mynic_stats_sum(const struct mynic_net *mn, u64 history,
			   void *const *rings,
			   const struct mynic_counter *counter)
{
	u64 sum = history;
	u16 i;

	for (i = 0; i < mn->mdev->max_channels; i++)
		if (rings[i])
			sum += mynic_counter_read(rings[i], counter);

	return sum;
}

/* Frames that the device had no room for, of the port's counters. */
static u64 mynic_stats_missed(const u64 *port)
{
	return port[MYNIC_PORT(rx_drop_no_queue)] +
	       port[MYNIC_PORT(rx_drop_no_buffer)] +
	       port[MYNIC_PORT(rx_drop_error)];
}

/**
 * mynic_stats_get64() - ndo_get_stats64
 * @netdev: the network device
 * @stats: receives the totals since probe
 *
 * What the device counts is what it said when it was last asked, which may take
 * a while and is done elsewhere: here, if that was long ago, it is only begun.
 *
 * Context: any that may take a spinlock.
 */
void mynic_stats_get64(struct net_device *netdev,
		       struct rtnl_link_stats64 *stats)
{
	struct mynic_net *mn = netdev_priv(netdev);
	const u64 *port = mn->stats->port_seen;
	u64 rx[MYNIC_COUNT_KINDS] = {};
	u64 tx[MYNIC_COUNT_KINDS] = {};
	bool old;
	size_t i;

	spin_lock_bh(&mn->stats_lock);
	for (i = 0; i < ARRAY_SIZE(mynic_tx_counters); i++)
		if (mynic_tx_counters[i].kind != MYNIC_COUNT_EVENT)
			tx[mynic_tx_counters[i].kind] +=
				mynic_stats_sum(mn, mn->stats->tx[i],
						(void **)mn->tx,
						&mynic_tx_counters[i]);
	for (i = 0; i < ARRAY_SIZE(mynic_rx_counters); i++)
		if (mynic_rx_counters[i].kind != MYNIC_COUNT_EVENT)
			rx[mynic_rx_counters[i].kind] +=
				mynic_stats_sum(mn, mn->stats->rx[i],
						(void **)mn->rx,
						&mynic_rx_counters[i]);
	stats->rx_missed_errors = mynic_stats_missed(port);
	stats->rx_length_errors = port[MYNIC_PORT(rx_drop_too_long)];
	stats->rx_frame_errors = port[MYNIC_PORT(rx_drop_malformed)];
	old = time_after(jiffies, mn->stats->port_time + MYNIC_STATS_AGE);
	spin_unlock_bh(&mn->stats_lock);

	if (old)
		schedule_work(&mn->stats->port_work);

	stats->tx_packets = tx[MYNIC_COUNT_PACKETS];
	stats->tx_bytes = tx[MYNIC_COUNT_BYTES];
	stats->tx_dropped = tx[MYNIC_COUNT_DROP];
	stats->tx_errors = tx[MYNIC_COUNT_ERROR];
	stats->rx_packets = rx[MYNIC_COUNT_PACKETS];
	stats->rx_bytes = rx[MYNIC_COUNT_BYTES];
	stats->multicast = rx[MYNIC_COUNT_MULTICAST];
	stats->rx_dropped = rx[MYNIC_COUNT_DROP];
	stats->rx_errors = rx[MYNIC_COUNT_ERROR] + stats->rx_length_errors +
			   stats->rx_frame_errors;
}

static void mynic_stats_to_qstat(void *qstats, const void *ring,
				 const u64 *history,
				 const struct mynic_counter *counters,
				 size_t num)
{
	size_t i;

	for (i = 0; i < num; i++) {
		u64 *qstat = qstats + counters[i].qstat;

		if (counters[i].qstat == MYNIC_NO_QSTAT)
			continue;
		*qstat = ring ? mynic_counter_read(ring, &counters[i]) :
				history[i];
	}
}

/* Of all three: rings stay while the core holds its lock. */
static void mynic_get_queue_stats_rx(struct net_device *netdev, int idx,
				     struct netdev_queue_stats_rx *stats)
{
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_queue_stats dev;

	if (!mn->rx[idx])
		return;

	mynic_stats_to_qstat(stats, mn->rx[idx], NULL, mynic_rx_counters,
			     ARRAY_SIZE(mynic_rx_counters));
	mynic_stats_queue(mn, MYNIC_STATS_RXQ, idx, &dev);
	stats->hw_drops = le64_to_cpu(dev.drop_no_buffer);
	stats->hw_drop_overruns = stats->hw_drops;
}

static void mynic_get_queue_stats_tx(struct net_device *netdev, int idx,
				     struct netdev_queue_stats_tx *stats)
{
	struct mynic_net *mn = netdev_priv(netdev);

	if (mn->tx[idx])
		mynic_stats_to_qstat(stats, mn->tx[idx], NULL,
				     mynic_tx_counters,
				     ARRAY_SIZE(mynic_tx_counters));
}

/* What the device dropped for other reasons than that a queue of today had no
 * buffers: of no queue, or of one that was there before.
 */
static void mynic_base_hw_drops(struct mynic_net *mn,
				struct netdev_queue_stats_rx *rx)
{
	u64 port[MYNIC_PORT_COUNTERS];
	struct mynic_queue_stats dev;
	u64 of_queues = 0;
	u64 drops = 0;
	u64 overruns;
	u16 i;

	/* First, so that the port's are no fewer. */
	for (i = 0; i < mn->cfg.channels; i++) {
		if (!mn->rx[i])
			continue;
		mynic_stats_queue(mn, MYNIC_STATS_RXQ, i, &dev);
		of_queues += le64_to_cpu(dev.drop_no_buffer);
	}
	if (mynic_stats_port(mn, port))
		return;

	for (i = MYNIC_PORT(rx_drop_disabled);
	     i <= MYNIC_PORT(rx_drop_error); i++)
		drops += port[i];
	overruns = port[MYNIC_PORT(rx_drop_no_queue)] +
		   port[MYNIC_PORT(rx_drop_no_buffer)];
	/* The device counts a frame in two steps, the queue's first. */
	rx->hw_drops = drops - min(drops, of_queues);
	rx->hw_drop_overruns = overruns - min(overruns, of_queues);
}

static void mynic_get_base_stats(struct net_device *netdev,
				 struct netdev_queue_stats_rx *rx,
				 struct netdev_queue_stats_tx *tx)
{
	struct mynic_net *mn = netdev_priv(netdev);

	mynic_stats_to_qstat(rx, NULL, mn->stats->rx, mynic_rx_counters,
			     ARRAY_SIZE(mynic_rx_counters));
	mynic_base_hw_drops(mn, rx);
	mynic_stats_to_qstat(tx, NULL, mn->stats->tx, mynic_tx_counters,
			     ARRAY_SIZE(mynic_tx_counters));
}

const struct netdev_stat_ops mynic_stat_ops = {
	.get_queue_stats_rx	= mynic_get_queue_stats_rx,
	.get_queue_stats_tx	= mynic_get_queue_stats_tx,
	.get_base_stats		= mynic_get_base_stats,
};
