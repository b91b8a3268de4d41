/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mynic_tx.c, packets and rings, has of mynic_tx_window.c, mappings
 * behind an IOMMU.
 */
#ifndef MYNIC_TX_H
#define MYNIC_TX_H

#include "mynic_ring.h"

void mynic_tx_window_open(struct mynic_tx_ring *ring);
void mynic_tx_window_close(struct mynic_tx_ring *ring);
bool mynic_tx_window_link(struct mynic_tx_ring *ring, phys_addr_t phys, u32 len,
			  dma_addr_t *dma);
bool mynic_tx_window_sync(struct mynic_tx_ring *ring, u32 from);
void mynic_tx_window_unlink(struct mynic_tx_ring *ring, u32 index, u32 end);
void mynic_tx_window_undo(struct mynic_tx_ring *ring, u32 index, u32 end,
			  u32 window_head);

#endif /* MYNIC_TX_H */
