/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rings: their structures, grouped by who writes, and index arithmetic.
 *
 * Indices are free-running 32-bit counters, as in the contract; a slot is
 * index & mask. What lies between two indices is their difference, which
 * stays right when they wrap.
 */
#ifndef MYNIC_RING_H
#define MYNIC_RING_H

#include <linux/average.h>
#include <linux/cache.h>
#include <linux/dma-mapping.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/u64_stats_sync.h>
#include <linux/udp.h>
#include <net/xdp.h>

#include "mynic.h"
#include "mynic_compat.h"
#include "mynic_stats.h"

struct page_pool;

/* Most slots of a packet: offloads, linear part, fragments. */
#define MYNIC_TX_SLOTS_MAX	(MAX_SKB_FRAGS + 2)

/* Space before and behind what the device writes, for an skb's own needs, and
 * for what a program may put in front of a packet.
 */
#define MYNIC_RX_HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN)
#define MYNIC_RX_XDP_HEADROOM	(XDP_PACKET_HEADROOM + NET_IP_ALIGN)
#define MYNIC_RX_TAILROOM	SKB_DATA_ALIGN(sizeof(struct skb_shared_info))

/* Smallest buffer. A packet of 64 KiB fills a head and MAX_SKB_FRAGS of it. */
#define MYNIC_RX_BUF_MIN	4096
/* Largest buffer, used while merged packets (HW-GRO) come in. */
#define MYNIC_RX_BUF_MAX	16384

/* Packets up to this size are copied, and their buffer is posted again. */
#define MYNIC_RX_COPYBREAK	256

/* Most bytes of a packet that are copied into memory that is always mapped.
 * Each transmit slot has as many, in rings that copy.
 */
#define MYNIC_TX_COPYBREAK_MAX	256

/* Largest merged packet of HW-GRO: an IP datagram and its Ethernet header. */
#define MYNIC_RX_GRO_MAX	(U16_MAX + VLAN_ETH_HLEN)

/* What may stand before the MTU's bytes: an Ethernet header and two tags. */
#define MYNIC_RX_L2_MAX		(VLAN_ETH_HLEN + VLAN_HLEN)

/* Packets that a program sends back, until they go into the transmit ring. */
#define MYNIC_XDP_BATCH		32

/* A ring may have to wait for its memory, and nobody is killed for it. */
#define MYNIC_GFP_RING	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

DECLARE_EWMA(mynic_len, 4, 32)

/**
 * enum mynic_tx_mapping - how a piece of a packet is mapped
 * @MYNIC_TX_SINGLE: by itself, as a linear buffer
 * @MYNIC_TX_PAGE: by itself, as a page
 * @MYNIC_TX_LINKED: in the ring's window
 */
enum mynic_tx_mapping {
	MYNIC_TX_SINGLE,
	MYNIC_TX_PAGE,
	MYNIC_TX_LINKED,
} __packed;

/**
 * struct mynic_tx_info - what the driver remembers of a transmit slot
 * @skb: the packet, in its first slot; NULL in the others
 * @xdpf: the packet, likewise, if @xdp is set
 * @dma: address to unmap
 * @len: bytes to unmap, 0 for a slot without a mapping of its own
 * @slots: slots of the packet, in its first slot
 * @mapping: how to unmap, if @len is not 0
 * @xdp: the packet is an XDP frame; valid in its first slot
 */
struct mynic_tx_info {
	union {
		struct sk_buff *skb;
		struct xdp_frame *xdpf;
	};
	dma_addr_t dma;
	u32 len;
	u16 slots;
	enum mynic_tx_mapping mapping;
	bool xdp;
};

/**
 * struct mynic_tx_ring - transmit ring
 * @slots: the ring, coherent memory that the device reads
 * @info: what belongs to each slot
 * @ctl: control block shared with the device
 * @copies: MYNIC_TX_COPYBREAK_MAX bytes for each slot, which the device reads;
 *	NULL if nothing is copied
 * @txq: the stack's queue
 * @netdev: the network device
 * @dev: for DMA
 * @hw: doorbells
 * @mask: slots - 1
 * @max_slots: most slots of a packet that the device takes
 * @stop_thresh: free slots below which the queue is stopped
 * @wake_thresh: free slots at which a stopped queue goes on
 * @idx: number of the queue
 * @shadow: MYNIC_F_SHADOW was negotiated
 * @copybreak: packets and linear parts up to this length are copied
 * @window_pages: size of @window, a power of two; 0 if there is none
 * @window: addresses that pieces are linked into, see mynic_tx_window.c
 * @next_to_use: index of the next slot to fill
 * @published: tail that the device was last told
 * @window_head: pages of @window that were linked or skipped
 * @xmit_syncp: protects @xmit
 * @xmit: counters of ndo_start_xmit
 * @next_to_clean: index of the oldest slot not yet given back
 * @armed: index last armed
 * @window_tail: pages of @window that were unlinked again, or skipped
 * @broken: the device wrote nonsense and a reset is due
 * @clean_syncp: protects @clean
 * @clean: counters of reclaim
 * @dma: address of @slots
 * @ctl_dma: address of @ctl
 * @copies_dma: address of @copies
 * @vec: the channel
 */
struct mynic_tx_ring {
	/* Set when the ring is made, read by everybody. */
	union mynic_tx_slot *slots;
	struct mynic_tx_info *info;
	struct mynic_queue_ctl *ctl;
	u8 *copies;
	struct netdev_queue *txq;
	struct net_device *netdev;
	struct device *dev;
	const struct mynic_hw *hw;
	u32 mask;
	u16 max_slots;
	u16 stop_thresh;
	u32 wake_thresh;
	u16 idx;
	u16 copybreak;
	bool shadow;
	u32 window_pages;
	dma_addr_t copies_dma;
	struct dma_iova_state window;

	/* Written by ndo_start_xmit, under the queue's _xmit_lock. */
	u32 next_to_use ____cacheline_aligned_in_smp;
	u32 published;
	u32 window_head;
	struct u64_stats_sync xmit_syncp;
	struct mynic_tx_xmit_stats xmit;

	/* Written by poll. */
	u32 next_to_clean ____cacheline_aligned_in_smp;
	u32 armed;
	u32 window_tail;
	bool broken;
	struct u64_stats_sync clean_syncp;
	struct mynic_tx_clean_stats clean;

	/* Slow path fields follow. */
	dma_addr_t dma ____cacheline_aligned_in_smp;
	dma_addr_t ctl_dma;
	struct mynic_vector *vec;
};

/**
 * struct mynic_rx_info - what the driver remembers of a receive slot
 * @page: page of the pool that the buffer lies in, NULL in an empty slot
 * @offset: of the buffer in the page
 * @size: of the buffer, with head- and tailroom
 */
struct mynic_rx_info {
	struct page *page;
	u32 offset;
	u32 size;
};

/**
 * struct mynic_rx_ring - receive ring and its completion ring
 * @bufs: the ring of empty buffers, coherent memory that the device reads
 * @info: what belongs to each slot of @bufs
 * @cqes: completion ring, coherent memory that the device writes
 * @ctl: control block of the receive ring
 * @cq_ctl: control block of the completion ring
 * @pool: where the buffers come from, mapped for DMA
 * @vec: the channel
 * @netdev: the network device
 * @dev: for DMA
 * @hw: doorbells
 * @low_bytes: with fewer bytes posted the device may be unable to go on
 * @mask: buffers - 1, and completion entries - 1
 * @idx: number of the queue
 * @headroom: bytes before what the device writes into a buffer
 * @shadow: MYNIC_F_SHADOW was negotiated
 * @gro: merged packets may come in
 * @xdp_prog: program to run, or NULL; exchanged while packets come in
 * @next_to_post: index of the next buffer to post
 * @published: tail that the device was last told
 * @next_to_clean: index of the oldest buffer posted
 * @cq_head: index of the next completion
 * @posted_bytes: sum of the sizes of the buffers between the two
 * @buf_size: size of the buffers being posted
 * @avg_len: average length of the packets that were not copied
 * @broken: the device wrote nonsense and a reset is due
 * @xdp_redirected: packets were redirected in this poll
 * @xdp_tx_num: packets in @xdp_tx
 * @syncp: protects @stats
 * @stats: counters
 * @xdp_tx: packets to send back, put into the transmit ring together
 * @xdp_rxq: what XDP knows of this ring, registered if it has a program
 * @dma: address of @bufs
 * @cq_dma: address of @cqes
 * @ctl_dma: address of @ctl
 * @cq_ctl_dma: address of @cq_ctl
 */
struct mynic_rx_ring {
	/* Set when the ring is made, read by poll. */
	struct mynic_rx_buf *bufs;
	struct mynic_rx_info *info;
	struct mynic_rx_cqe *cqes;
	struct mynic_queue_ctl *ctl;
	struct mynic_queue_ctl *cq_ctl;
	struct page_pool *pool;
	struct mynic_vector *vec;
	struct net_device *netdev;
	struct device *dev;
	const struct mynic_hw *hw;
	u32 low_bytes;
	u32 mask;
	u16 idx;
	u16 headroom;
	bool shadow;
	bool gro;
	struct bpf_prog *xdp_prog;

	/* Written by poll. */
	u32 next_to_post ____cacheline_aligned_in_smp;
	u32 published;
	u32 next_to_clean;
	u32 cq_head;
	u32 posted_bytes;
	u32 buf_size;
	struct ewma_mynic_len avg_len;
	bool broken;
	bool xdp_redirected;
	u16 xdp_tx_num;
	struct u64_stats_sync syncp;
	struct mynic_rx_stats stats;
	struct xdp_frame *xdp_tx[MYNIC_XDP_BATCH];

	struct xdp_rxq_info xdp_rxq;

	/* Slow path fields follow. */
	dma_addr_t dma ____cacheline_aligned_in_smp;
	dma_addr_t cq_dma;
	dma_addr_t ctl_dma;
	dma_addr_t cq_ctl_dma;
};

/**
 * mynic_tx_free_slots() - slots of a transmit ring that can be filled
 * @ring: the ring
 *
 * Called by the owner of either index; what the other side does meanwhile
 * can only raise the truth above (xmit) or below (poll) what is returned.
 *
 * Return: number of slots
 */
static inline u32 mynic_tx_free_slots(const struct mynic_tx_ring *ring)
{
	return ring->mask + 1 -
	       (READ_ONCE(ring->next_to_use) - READ_ONCE(ring->next_to_clean));
}

/**
 * mynic_tx_len_ok() - whether the device takes a packet of this length
 * @hw: limits
 * @skb: the packet; BIG TCP makes some that are far longer than a frame
 *
 * Return: false if it is to be dropped
 */
static inline bool mynic_tx_len_ok(const struct mynic_hw *hw,
				   const struct sk_buff *skb)
{
	if (unlikely(skb->len > hw->tx_frame_max))
		return skb_is_gso(skb) && skb->len <= hw->tx_max_len;

	return likely(skb->len >= ETH_HLEN);
}

/**
 * mynic_tx_hdr_len() - length of the headers that each segment has
 * @skb: a GSO packet of TCP or UDP
 *
 * Return: bytes, from the Ethernet header on
 */
static inline u32 mynic_tx_hdr_len(const struct sk_buff *skb)
{
	if (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4)
		return skb_transport_offset(skb) + sizeof(struct udphdr);

	return skb_tcp_all_headers(skb);
}

/**
 * mynic_tx_segs_beyond() - how many more packets of a GSO packet are sent
 * @skb: the packet
 *
 * Return: segments but for the first one
 */
static inline u32 mynic_tx_segs_beyond(const struct sk_buff *skb)
{
	return max_t(u32, skb_shinfo(skb)->gso_segs, 1) - 1;
}

/**
 * mynic_index_passed() - whether the slot of an index is done
 * @head: index after the last slot done
 * @index: the slot in question
 *
 * Return: true if @head lies behind @index
 */
static inline bool mynic_index_passed(u32 head, u32 index)
{
	return (s32)(head - index) > 0;
}

/**
 * mynic_kick_wanted() - whether the other side asked to hear of a move
 * @kick: index whose passing it wants to hear of
 * @old: index before the move
 * @new: index after it
 *
 * Return: true if @kick lies in [@old, @new)
 */
static inline bool mynic_kick_wanted(u32 kick, u32 old, u32 new)
{
	return new - kick - 1 < new - old;
}

/**
 * mynic_cqe_phase() - phase of a valid entry of a completion ring
 * @index: index of the entry
 * @mask: entries - 1
 *
 * The device writes 1 on its first way round, then 0, and so on.
 *
 * Return: what MYNIC_CQE_PHASE must be, in its place
 */
static inline u32 mynic_cqe_phase(u32 index, u32 mask)
{
	return index & (mask + 1) ? 0 : MYNIC_CQE_PHASE;
}

/**
 * mynic_rx_headroom() - bytes before a packet in its buffer
 * @cfg: configuration that the ring is made from
 *
 * Return: bytes
 */
static inline u32 mynic_rx_headroom(const struct mynic_queue_cfg *cfg)
{
	return cfg->xdp_prog ? MYNIC_RX_XDP_HEADROOM : MYNIC_RX_HEADROOM;
}

/**
 * struct mynic_xdp_buff - a packet for a program, and what is known of it
 * @xdp: the packet, first: it is all that XDP knows
 * @cqe: the device's completion, of which metadata is read
 */
struct mynic_xdp_buff {
	struct xdp_buff xdp;
	const struct mynic_rx_cqe *cqe;
};

/**
 * enum mynic_xdp_verdict - what is to become of the buffers of a packet
 * @MYNIC_XDP_PASS: an skb
 * @MYNIC_XDP_TAKEN: they belong to somebody else now
 * @MYNIC_XDP_FREE: they are free
 */
enum mynic_xdp_verdict {
	MYNIC_XDP_PASS,
	MYNIC_XDP_TAKEN,
	MYNIC_XDP_FREE,
};

int mynic_rx_check_cfg(const struct mynic_net *mn,
		       const struct mynic_queue_cfg *cfg,
		       struct netlink_ext_ack *extack);

/* mynic_tx.c for mynic_rx.c, which has the poll function */
void mynic_tx_poll(struct mynic_tx_ring *ring, int budget);
u32 mynic_tx_arm(struct mynic_tx_ring *ring);
bool mynic_tx_pending(const struct mynic_tx_ring *ring, u32 index);
u32 mynic_tx_xdp(struct mynic_tx_ring *ring, struct xdp_frame **frames,
		 u32 num, bool pooled);
void mynic_tx_publish(struct mynic_tx_ring *ring);

/* mynic_xdp.c for mynic_rx.c; flush() is called at the end of a poll in which
 * there was a program
 */
enum mynic_xdp_verdict mynic_xdp_run(struct mynic_rx_ring *ring,
				     struct bpf_prog *prog,
				     struct mynic_xdp_buff *buff);
void mynic_xdp_flush(struct mynic_rx_ring *ring);

/* mynic_coalesce.c for mynic_rx.c */
void mynic_dim_update(struct mynic_vector *vec, struct mynic_tx_ring *tx,
		      struct mynic_rx_ring *rx);

#endif /* MYNIC_RING_H */
