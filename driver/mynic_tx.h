/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the halves of a transmit ring share: mynic_tx.c, its packets, and
 * mynic_tx_map.c, their pieces as the device reaches them.
 */
#ifndef MYNIC_TX_H
#define MYNIC_TX_H

#include "mynic_ring.h"

/* The whole packet is copied into memory of its first slot. */
static inline bool mynic_tx_copies_all(const struct mynic_tx_ring *ring,
				       const struct sk_buff *skb)
{
	return skb->len <= ring->copybreak;
}

void mynic_tx_unmap_slot(struct mynic_tx_ring *ring,
			 struct mynic_tx_info *info);

/* Ends the mapping of a slot, if it has one of its own. */
static inline void mynic_tx_unmap(struct mynic_tx_ring *ring, u32 index)
{
	struct mynic_tx_info *info = &ring->info[index & ring->mask];

	if (info->len)
		mynic_tx_unmap_slot(ring, info);
}

u32 mynic_tx_map(struct mynic_tx_ring *ring, const struct sk_buff *skb,
		 u32 index);
u32 mynic_tx_map_xdp(struct mynic_tx_ring *ring,
		     struct xdp_frame *frame, bool pooled, u32 index);
void mynic_tx_unlink(struct mynic_tx_ring *ring, u32 index, u32 end);
void mynic_tx_window_open(struct mynic_tx_ring *ring);
void mynic_tx_window_close(struct mynic_tx_ring *ring);

#endif /* MYNIC_TX_H */
