// SPDX-License-Identifier: GPL-2.0-only
/*
 * ethtool -S: the driver's counters of each ring, the device's counters of
 * each queue and of the port, resets by reason; and the standard groups.
 *
 * What "ip -s link" shows is not repeated.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>

#include "mynic.h"
#include "mynic_ethtool.h"
#include "mynic_ring.h"
#include "mynic_stats.h"

/* Counters of a queue that only the device has. */
static const struct {
	const char *name;
	u16 offset;
} mynic_dev_counters[] = {
	{ "dev_drop_error", offsetof(struct mynic_queue_stats, drop_error) },
	{ "dev_interrupts", offsetof(struct mynic_queue_stats, interrupts) },
	{ "dev_doorbells", offsetof(struct mynic_queue_stats, doorbells) },
	/* Receive only: keep last. */
	{ "dev_drop_no_buffer",
	  offsetof(struct mynic_queue_stats, drop_no_buffer) },
};

#define MYNIC_DEV_COUNTERS_RX	ARRAY_SIZE(mynic_dev_counters)
#define MYNIC_DEV_COUNTERS_TX	(ARRAY_SIZE(mynic_dev_counters) - 1)

/* Counters of the port that are in no standard group. */
static const struct {
	const char *name;
	u16 word;
} mynic_port_counters[] = {
	{ "port_rx_unicast", MYNIC_PORT(rx_unicast) },
	{ "port_rx_drop_disabled", MYNIC_PORT(rx_drop_disabled) },
	{ "port_rx_drop_filter", MYNIC_PORT(rx_drop_filter) },
	{ "port_rx_drop_too_long", MYNIC_PORT(rx_drop_too_long) },
	{ "port_rx_drop_malformed", MYNIC_PORT(rx_drop_malformed) },
	{ "port_rx_drop_no_queue", MYNIC_PORT(rx_drop_no_queue) },
	{ "port_rx_drop_no_buffer", MYNIC_PORT(rx_drop_no_buffer) },
	{ "port_rx_drop_error", MYNIC_PORT(rx_drop_error) },
	{ "port_rx_drop_rule", MYNIC_PORT(rx_drop_rule) },
	{ "port_rx_csum_good", MYNIC_PORT(rx_csum_good) },
	{ "port_rx_csum_bad", MYNIC_PORT(rx_csum_bad) },
	{ "port_rx_gro_packets", MYNIC_PORT(rx_gro_packets) },
	{ "port_tx_unicast", MYNIC_PORT(tx_unicast) },
	{ "port_tx_gso_packets", MYNIC_PORT(tx_gso_packets) },
	{ "port_tx_drop_link", MYNIC_PORT(tx_drop_link) },
	{ "port_tx_drop_backend", MYNIC_PORT(tx_drop_backend) },
};

/**
 * mynic_ethtool_stats_count() - number of counters of ethtool -S
 * @netdev: the network device
 *
 * Changes with the number of channels. Control locks held, as for all below.
 *
 * Return: the number of names and values
 */
int mynic_ethtool_stats_count(struct net_device *netdev)
{
	struct mynic_net *mn = netdev_priv(netdev);
	size_t queue = mynic_tx_counters_num + MYNIC_DEV_COUNTERS_TX +
		       mynic_rx_counters_num + MYNIC_DEV_COUNTERS_RX;

	return mn->cfg.channels * queue + ARRAY_SIZE(mynic_port_counters) +
	       MYNIC_RESET_COUNT;
}

static void mynic_queue_strings(u8 **data, const char *queue, u16 idx,
				const struct mynic_counter *counters,
				size_t num, size_t num_dev)
{
	size_t i;

	for (i = 0; i < num; i++)
		ethtool_sprintf(data, "%s%u_%s", queue, idx,
				counters[i].name);
	for (i = 0; i < num_dev; i++)
		ethtool_sprintf(data, "%s%u_%s", queue, idx,
				mynic_dev_counters[i].name);
}

/**
 * mynic_ethtool_stats_strings() - names of the counters
 * @netdev: the network device
 * @data: receives them, ETH_GSTRING_LEN bytes each
 */
void mynic_ethtool_stats_strings(struct net_device *netdev, u8 *data)
{
	struct mynic_net *mn = netdev_priv(netdev);
	size_t i;
	u16 q;

	for (q = 0; q < mn->cfg.channels; q++) {
		mynic_queue_strings(&data, "rx", q, mynic_rx_counters,
				    mynic_rx_counters_num,
				    MYNIC_DEV_COUNTERS_RX);
		mynic_queue_strings(&data, "tx", q, mynic_tx_counters,
				    mynic_tx_counters_num,
				    MYNIC_DEV_COUNTERS_TX);
	}
	for (i = 0; i < ARRAY_SIZE(mynic_port_counters); i++)
		ethtool_puts(&data, mynic_port_counters[i].name);
	for (i = 0; i < MYNIC_RESET_COUNT; i++)
		ethtool_sprintf(&data, "reset_%s", mynic_reset_names[i]);
}

static u64 *mynic_queue_values(struct mynic_net *mn, u64 *data,
			       const void *ring, u16 scope, u16 idx,
			       const struct mynic_counter *counters,
			       size_t num, size_t num_dev)
{
	struct mynic_queue_stats dev;
	size_t i;

	for (i = 0; i < num; i++)
		*data++ = ring ? mynic_counter_read(ring, &counters[i]) : 0;

	mynic_stats_queue(mn, scope, idx, &dev);
	for (i = 0; i < num_dev; i++) {
		const __le64 *value;

		value = (void *)&dev + mynic_dev_counters[i].offset;
		*data++ = le64_to_cpu(*value);
	}

	return data;
}

/**
 * mynic_get_ethtool_stats() - values of the counters
 * @netdev: the network device
 * @stats: unused; the core has asked for their number
 * @data: receives them, in the order of their names
 *
 * Context: process; asks the device, with a command for each queue.
 */
void mynic_get_ethtool_stats(struct net_device *netdev,
			     struct ethtool_stats *stats, u64 *data)
{
	struct mynic_net *mn = netdev_priv(netdev);
	u64 port[MYNIC_PORT_COUNTERS];
	size_t i;
	u16 q;

	mynic_assert_locked(netdev);

	for (q = 0; q < mn->cfg.channels; q++) {
		data = mynic_queue_values(mn, data, mn->rx[q],
					  MYNIC_STATS_RXQ, q,
					  mynic_rx_counters,
					  mynic_rx_counters_num,
					  MYNIC_DEV_COUNTERS_RX);
		data = mynic_queue_values(mn, data, mn->tx[q],
					  MYNIC_STATS_TXQ, q,
					  mynic_tx_counters,
					  mynic_tx_counters_num,
					  MYNIC_DEV_COUNTERS_TX);
	}

	/* On an error what was counted before is still right. */
	mynic_stats_port(mn, port);
	for (i = 0; i < ARRAY_SIZE(mynic_port_counters); i++)
		*data++ = port[mynic_port_counters[i].word];
	for (i = 0; i < MYNIC_RESET_COUNT; i++)
		*data++ = mn->mdev->reset_counts[i];
}

/**
 * mynic_get_eth_mac_stats() - the group of IEEE 802.3
 * @netdev: the network device
 * @stats: receives what the device counts, and nothing if it does not answer
 *
 * A packet that the card segments is one frame here: that is how it goes to
 * the other end. Context: process.
 */
void mynic_get_eth_mac_stats(struct net_device *netdev,
			     struct ethtool_eth_mac_stats *stats)
{
	u64 port[MYNIC_PORT_COUNTERS];

	if (mynic_stats_port(netdev_priv(netdev), port))
		return;

	stats->FramesTransmittedOK = port[MYNIC_PORT(tx_packets)];
	stats->OctetsTransmittedOK = port[MYNIC_PORT(tx_bytes)];
	stats->MulticastFramesXmittedOK = port[MYNIC_PORT(tx_multicast)];
	stats->BroadcastFramesXmittedOK = port[MYNIC_PORT(tx_broadcast)];
	stats->FramesReceivedOK = port[MYNIC_PORT(rx_packets)] -
				  port[MYNIC_PORT(rx_drop_too_long)] -
				  port[MYNIC_PORT(rx_drop_malformed)];
	stats->OctetsReceivedOK = port[MYNIC_PORT(rx_bytes)];
	stats->MulticastFramesReceivedOK = port[MYNIC_PORT(rx_multicast)];
	stats->BroadcastFramesReceivedOK = port[MYNIC_PORT(rx_broadcast)];
	stats->FrameTooLongErrors = port[MYNIC_PORT(rx_drop_too_long)];
}

/* As struct mynic_port_stats says of its histograms. */
static const struct ethtool_rmon_hist_range mynic_rmon_ranges[] = {
	{    0,   64 },
	{   65,  127 },
	{  128,  255 },
	{  256,  511 },
	{  512, 1023 },
	{ 1024, 1518 },
	{ 1519, U16_MAX },
	{}
};

static_assert(ARRAY_SIZE(mynic_rmon_ranges) == MYNIC_STATS_HIST + 1);

/**
 * mynic_get_rmon_stats() - the group of RFC 2819: frames by length
 * @netdev: the network device
 * @stats: receives what the device counts, and nothing if it does not answer
 * @ranges: receives the classes of length
 *
 * Context: process.
 */
void mynic_get_rmon_stats(struct net_device *netdev,
			  struct ethtool_rmon_stats *stats,
			  const struct ethtool_rmon_hist_range **ranges)
{
	u64 port[MYNIC_PORT_COUNTERS];
	int i;

	if (mynic_stats_port(netdev_priv(netdev), port))
		return;

	*ranges = mynic_rmon_ranges;
	for (i = 0; i < MYNIC_STATS_HIST; i++) {
		stats->hist[i] = port[MYNIC_PORT(rx_hist) + i];
		stats->hist_tx[i] = port[MYNIC_PORT(tx_hist) + i];
	}
}
