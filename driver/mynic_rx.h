/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a receive ring's two halves share: mynic_rx_ring.c, its life and its
 * buffers, and mynic_rx.c, its packets.
 */
#ifndef MYNIC_RX_H
#define MYNIC_RX_H

#include <linux/dma-mapping.h>
#include <net/page_pool/helpers.h>

#include "mynic_ring.h"

/* What the device may write into a buffer. */
static inline u32 mynic_rx_capacity(const struct mynic_rx_ring *ring,
				    u32 buf_size)
{
	return buf_size - ring->headroom - MYNIC_RX_TAILROOM;
}

static inline void mynic_rx_inc(struct mynic_rx_ring *ring,
				u64_stats_t *counter)
{
	u64_stats_update_begin(&ring->syncp);
	u64_stats_inc(counter);
	u64_stats_update_end(&ring->syncp);
}

/* Puts a buffer into the next slot; the device hears of it by publish(). */
static inline void mynic_rx_post(struct mynic_rx_ring *ring,
				 const struct mynic_rx_info *buf)
{
	u32 slot = ring->next_to_post++ & ring->mask;
	struct mynic_rx_buf *desc = &ring->bufs[slot];

	ring->info[slot] = *buf;
	ring->posted_bytes += buf->size;
	desc->addr = cpu_to_le64(page_pool_get_dma_addr(buf->page) +
				 buf->offset + ring->headroom);
	desc->len = cpu_to_le32(mynic_rx_capacity(ring, buf->size));
	desc->reserved = 0;
}

/* Takes the oldest buffer out of the ring. */
static inline struct mynic_rx_info mynic_rx_take(struct mynic_rx_ring *ring)
{
	struct mynic_rx_info *slot;
	struct mynic_rx_info buf;

	slot = &ring->info[ring->next_to_clean++ & ring->mask];
	buf = *slot;
	slot->page = NULL;
	ring->posted_bytes -= buf.size;

	return buf;
}

/* Posts a buffer again whose content is not needed any more. */
static inline void mynic_rx_reuse(struct mynic_rx_ring *ring,
				  const struct mynic_rx_info *buf, u32 len)
{
	dma_sync_single_range_for_device(ring->dev,
					 page_pool_get_dma_addr(buf->page),
					 buf->offset + ring->headroom, len,
					 page_pool_get_dma_dir(ring->pool));
	mynic_rx_post(ring, buf);
}

/* Asks for an interrupt with the next completion. */
static inline void mynic_rx_arm(const struct mynic_rx_ring *ring, u32 index)
{
	if (ring->shadow)
		WRITE_ONCE(ring->cq_ctl->arm, cpu_to_le32(index));
	else
		mynic_hw_doorbell(ring->hw, ring->idx, MYNIC_DB_CQ_ARM, index);
}

/* mynic_rx_ring.c for mynic_rx.c */
bool mynic_rx_refill(struct mynic_rx_ring *ring);

#endif /* MYNIC_RX_H */
