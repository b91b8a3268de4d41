/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of rings. How each is called by ethtool and in which field of the
 * netdev's queue statistics it ends up stands in one table in mynic_stats.c.
 */
#ifndef MYNIC_STATS_H
#define MYNIC_STATS_H

#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

#include "mynic_abi.h"

struct mynic_net;

/**
 * struct mynic_tx_xmit_stats - counters of ndo_start_xmit
 * @csum_none: packets without checksum work
 * @needs_csum: packets whose checksum the device completes
 * @gso_packets: packets that the device cuts into segments
 * @gso_bytes: their bytes
 * @gso_wire_packets: segments that they become
 * @gso_wire_bytes: bytes of the segments, headers repeated
 * @vlan: packets into which the device inserts a tag
 * @linearized: packets copied together, having too many fragments
 * @copied: packets of the stack, or their linear parts, copied into memory that
 *	is always mapped
 * @stop: times that the queue was stopped for want of room
 * @doorbells: doorbells written
 * @busy: packets given back to the stack because the ring was full
 * @drop_linearize: dropped: no memory to copy the packet together
 * @drop_offload: dropped: checksum offsets or segmentation out of bounds
 * @drop_length: dropped: longer than the device takes, or no Ethernet header
 * @drop_map: dropped: DMA mapping failed
 * @xdp_packets: packets sent by XDP
 * @drop_xdp: dropped: sent by XDP into a full ring, or not to be mapped
 */
struct mynic_tx_xmit_stats {
	u64_stats_t csum_none;
	u64_stats_t needs_csum;
	u64_stats_t gso_packets;
	u64_stats_t gso_bytes;
	u64_stats_t gso_wire_packets;
	u64_stats_t gso_wire_bytes;
	u64_stats_t vlan;
	u64_stats_t linearized;
	u64_stats_t copied;
	u64_stats_t stop;
	u64_stats_t doorbells;
	u64_stats_t busy;
	u64_stats_t drop_linearize;
	u64_stats_t drop_offload;
	u64_stats_t drop_length;
	u64_stats_t drop_map;
	u64_stats_t xdp_packets;
	u64_stats_t drop_xdp;
};

/**
 * struct mynic_tx_clean_stats - counters of transmit reclaim
 * @packets: packets that the device has taken
 * @bytes: their bytes
 * @wake: times that a stopped queue was started again
 * @drop_reset: dropped: outstanding when the queue went away
 * @bad_head: impossible indices from the device
 */
struct mynic_tx_clean_stats {
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t wake;
	u64_stats_t drop_reset;
	u64_stats_t bad_head;
};

/**
 * struct mynic_rx_stats - counters of a receive ring
 * @packets: packets delivered to the stack, XDP included
 * @bytes: their bytes
 * @multicast: of these packets, to a group, and not to everybody
 * @csum_unnecessary: packets whose checksum the device verified
 * @csum_partial: packets whose checksum is not filled in, from this host
 * @csum_none: packets left to the stack's own check
 * @gro_packets: merged packets
 * @gro_bytes: their bytes
 * @gro_wire_packets: packets that they were merged from
 * @gro_wire_bytes: bytes of these, headers repeated
 * @vlan: packets whose tag the device took out
 * @copied: packets copied out of their buffer
 * @doorbells: doorbells written
 * @alloc_fail: buffers that could not be had
 * @refill_retry: polls repeated because too few buffers were posted
 * @drop_alloc: dropped: no memory for an skb
 * @drop_offload: dropped: checksum offsets or segmentation out of bounds
 * @bad_cqe: impossible completions from the device
 * @xdp_pass: packets that the XDP program passed on
 * @xdp_drop: packets that it dropped
 * @xdp_tx: packets that it sent back
 * @xdp_redirect: packets that it redirected
 * @xdp_errors: packets lost because it was aborted, or its verdict failed
 */
struct mynic_rx_stats {
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t multicast;
	u64_stats_t csum_unnecessary;
	u64_stats_t csum_partial;
	u64_stats_t csum_none;
	u64_stats_t gro_packets;
	u64_stats_t gro_bytes;
	u64_stats_t gro_wire_packets;
	u64_stats_t gro_wire_bytes;
	u64_stats_t vlan;
	u64_stats_t copied;
	u64_stats_t doorbells;
	u64_stats_t alloc_fail;
	u64_stats_t refill_retry;
	u64_stats_t drop_alloc;
	u64_stats_t drop_offload;
	u64_stats_t bad_cqe;
	u64_stats_t xdp_pass;
	u64_stats_t xdp_drop;
	u64_stats_t xdp_tx;
	u64_stats_t xdp_redirect;
	u64_stats_t xdp_errors;
};

/**
 * enum mynic_counter_kind - where else a counter of a ring is added up
 * @MYNIC_COUNT_EVENT: nowhere
 * @MYNIC_COUNT_PACKETS: rx_packets, tx_packets of the network device
 * @MYNIC_COUNT_BYTES: rx_bytes, tx_bytes
 * @MYNIC_COUNT_MULTICAST: multicast, received
 * @MYNIC_COUNT_DROP: rx_dropped, tx_dropped
 * @MYNIC_COUNT_ERROR: rx_errors, tx_errors
 */
enum mynic_counter_kind {
	MYNIC_COUNT_EVENT,
	MYNIC_COUNT_PACKETS,
	MYNIC_COUNT_BYTES,
	MYNIC_COUNT_MULTICAST,
	MYNIC_COUNT_DROP,
	MYNIC_COUNT_ERROR,
	/* private: one more than the last; not a kind */
	MYNIC_COUNT_KINDS
};

/**
 * struct mynic_counter - one counter of a ring
 * @name: as ethtool calls it, behind the queue's name
 * @offset: of the u64_stats_t in the ring
 * @syncp: offset of what protects it in the ring
 * @qstat: offset in the netdev's queue statistics, or -1
 * @kind: where else it is added up
 */
struct mynic_counter {
	const char *name;
	u16 offset;
	u16 syncp;
	s16 qstat;
	enum mynic_counter_kind kind;
};

extern const struct mynic_counter mynic_tx_counters[];
extern const struct mynic_counter mynic_rx_counters[];
extern const size_t mynic_tx_counters_num;
extern const size_t mynic_rx_counters_num;

u64 mynic_counter_read(const void *ring, const struct mynic_counter *counter);
int mynic_stats_port(struct mynic_net *mn, u64 *port);
void mynic_stats_queue(struct mynic_net *mn, u16 scope, u16 idx,
		       struct mynic_queue_stats *stats);

/* Counters of the port, each a little-endian 64-bit word of the contract. */
#define MYNIC_PORT_COUNTERS	(sizeof(struct mynic_port_stats) / sizeof(u64))
#define MYNIC_PORT(member) \
	(offsetof(struct mynic_port_stats, member) / sizeof(u64))

#endif /* MYNIC_STATS_H */
