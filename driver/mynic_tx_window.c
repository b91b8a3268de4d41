// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transmit behind an IOMMU in strict mode, where each end of a mapping is a
 * flush, for which the processor waits. There a ring has a window, addresses
 * that stay its own, into which pieces of packets are linked one behind the
 * other. Whatever the device has read by the time of a poll is unlinked
 * together, with one flush, before any of its memory is freed. Whole pages are
 * linked: an IOMMU maps nothing less.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pci.h>

#include "mynic.h"
#include "mynic_tx.h"

/* Smallest window: what is under way of small rings. */
#define MYNIC_TX_WINDOW_MIN	512

/**
 * mynic_tx_window_open() - let pieces be linked, where that is worth it
 * @ring: a new ring
 *
 * Without an IOMMU that flushes with each end of a mapping, with a device that
 * may see no more than the bytes meant for it, or without addresses to
 * spare the ring has no window, and pieces are mapped one by one.
 *
 * Context: process.
 */
void mynic_tx_window_open(struct mynic_tx_ring *ring)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(ring->dev);
	u32 pages = max_t(u32, ring->mask + 1, MYNIC_TX_WINDOW_MIN);

	if (!domain || domain->type != IOMMU_DOMAIN_DMA ||
	    to_pci_dev(ring->dev)->untrusted)
		return;
	if (dma_iova_try_alloc(ring->dev, &ring->window, 0,
			       (size_t)pages << PAGE_SHIFT))
		ring->window_pages = pages;
}

/**
 * mynic_tx_window_close() - give the addresses back
 * @ring: the ring, with nothing linked
 *
 * Context: process.
 */
void mynic_tx_window_close(struct mynic_tx_ring *ring)
{
	if (ring->window_pages)
		dma_iova_free(ring->dev, &ring->window);
	ring->window_pages = 0;
}

static size_t mynic_tx_window_offset(const struct mynic_tx_ring *ring, u32 page)
{
	return (size_t)(page & (ring->window_pages - 1)) << PAGE_SHIFT;
}

/**
 * mynic_tx_window_link() - link a piece into the window
 * @ring: the ring, with a window
 * @phys: where the piece is
 * @len: its bytes
 * @dma: receives its address for the device, once mynic_tx_window_sync() was
 *	called
 *
 * Context: under the queue's _xmit_lock.
 * Return: false if there is no room, or the IOMMU refuses
 */
bool mynic_tx_window_link(struct mynic_tx_ring *ring, phys_addr_t phys, u32 len,
			  dma_addr_t *dma)
{
	u32 offset = offset_in_page(phys);
	u32 pages = PFN_UP(offset + len);
	u32 next = ring->window_head;
	size_t at;

	/* A piece lies together: behind the last one, or where the window
	 * begins.
	 */
	if (pages > ring->window_pages - (next & (ring->window_pages - 1)))
		next = round_up(next, ring->window_pages);

	/* pairs with mynic_tx_window_unlink() */
	if (next + pages - smp_load_acquire(&ring->window_tail) >
	    ring->window_pages)
		return false;

	at = mynic_tx_window_offset(ring, next);
	if (dma_iova_link(ring->dev, &ring->window, phys - offset, at,
			  (size_t)pages << PAGE_SHIFT, DMA_TO_DEVICE, 0))
		return false;
	ring->window_head = next + pages;
	*dma = ring->window.addr + at + offset;

	return true;
}

/**
 * mynic_tx_window_sync() - let the device find what was linked
 * @ring: the ring, with a window
 * @from: window_head before the first of it
 *
 * Context: under the queue's _xmit_lock.
 * Return: false if it cannot
 */
bool mynic_tx_window_sync(struct mynic_tx_ring *ring, u32 from)
{
	u32 pages = ring->window_head - from;
	u32 first;

	first = min(pages, ring->window_pages -
			   (from & (ring->window_pages - 1)));
	if (dma_iova_sync(ring->dev, &ring->window,
			  mynic_tx_window_offset(ring, from),
			  (size_t)first << PAGE_SHIFT))
		return false;

	return first == pages ||
	       !dma_iova_sync(ring->dev, &ring->window, 0,
			      (size_t)(pages - first) << PAGE_SHIFT);
}

/* Unlinks pages that lie together. */
static void mynic_tx_unlink_pages(struct mynic_tx_ring *ring, u32 from, u32 to)
{
	if (from != to)
		dma_iova_unlink(ring->dev, &ring->window,
				mynic_tx_window_offset(ring, from),
				(size_t)(to - from) << PAGE_SHIFT,
				DMA_TO_DEVICE, 0);
}

/* Unlinks what the slots from @index to @end have in the window, the first of
 * it at page @at or where the window begins anew. Returns the page behind the
 * last.
 */
static u32 mynic_tx_unlink_slots(struct mynic_tx_ring *ring, u32 index, u32 end,
				 u32 at)
{
	u32 from = at;

	for (; index != end; index++) {
		struct mynic_tx_info *info = &ring->info[index & ring->mask];

		if (!info->len || info->mapping != MYNIC_TX_LINKED)
			continue;

		if (info->dma - ring->window.addr < PAGE_SIZE) {
			mynic_tx_unlink_pages(ring, from, at);
			at = round_up(at, ring->window_pages);
			from = at;
		}
		at += PFN_UP(offset_in_page(info->dma) + info->len);
		info->len = 0;
	}
	mynic_tx_unlink_pages(ring, from, at);

	return at;
}

/**
 * mynic_tx_window_unlink() - end the mappings of slots that the device has read
 * @ring: the ring, with a window
 * @index: first slot, behind all that were unlinked before
 * @end: slot behind the last one
 *
 * Pieces that are not in the window stay mapped.
 *
 * Context: the owner of next_to_clean.
 */
void mynic_tx_window_unlink(struct mynic_tx_ring *ring, u32 index, u32 end)
{
	/* Before xmit links other pages there: pairs with
	 * mynic_tx_window_link().
	 */
	smp_store_release(&ring->window_tail,
			  mynic_tx_unlink_slots(ring, index, end,
						ring->window_tail));
}

/**
 * mynic_tx_window_undo() - unlink slots that the device was not told of
 * @ring: the ring, with a window
 * @index: first slot
 * @end: slot behind the last one
 * @window_head: as it was before they were filled
 *
 * Context: under the queue's _xmit_lock.
 */
void mynic_tx_window_undo(struct mynic_tx_ring *ring, u32 index, u32 end,
			  u32 window_head)
{
	mynic_tx_unlink_slots(ring, index, end, window_head);
	ring->window_head = window_head;
}
