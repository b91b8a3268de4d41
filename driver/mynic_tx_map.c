// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transmit: the pieces of a packet as the device reaches them, copied into
 * memory that is always mapped, or mapped until the device has read them.
 *
 * Behind an IOMMU in strict mode each end of a mapping is a flush, for which
 * the processor waits. There a ring has a window, addresses that stay its own,
 * into which pieces are linked one behind the other. Whatever the device has
 * read by the time of a poll is unlinked together, with one flush, before any
 * of its memory is freed. Whole pages are linked: an IOMMU maps nothing less.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/skbuff.h>
#include <net/page_pool/helpers.h>
#include <net/xdp.h>

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

/* Fills one slot for a piece of the packet; a piece has no flags yet. */
static void mynic_tx_fill_frag(struct mynic_tx_ring *ring, u32 index,
			       dma_addr_t dma, u32 len,
			       enum mynic_tx_mapping mapping)
{
	struct mynic_tx_info *info = &ring->info[index & ring->mask];
	struct mynic_tx_frag *frag = &ring->slots[index & ring->mask].frag;

	frag->addr = cpu_to_le64(dma);
	frag->len = cpu_to_le32(len);
	frag->reserved = 0;
	frag->flags = cpu_to_le16(MYNIC_TX_TYPE_FRAG);

	info->dma = dma;
	info->len = len;
	info->mapping = mapping;
}

/* Fills one slot for @len bytes, at most as the ring's copybreak says, in
 * memory of the slot's own. Returns where the caller puts them.
 */
static void *mynic_tx_fill_copy(struct mynic_tx_ring *ring, u32 index, u32 len)
{
	size_t at = (index & ring->mask) * MYNIC_TX_COPYBREAK_MAX;

	mynic_tx_fill_frag(ring, index, ring->copies_dma + at, len,
			   MYNIC_TX_SINGLE);
	ring->info[index & ring->mask].len = 0;

	return ring->copies + at;
}

/* Links a piece into the window; false if there is none, or no room in it. */
static bool mynic_tx_link(struct mynic_tx_ring *ring, u32 index,
			  phys_addr_t phys, u32 len)
{
	u32 pages, offset, next;
	size_t at;

	if (!ring->window_pages)
		return false;

	/* A piece lies together: behind the last one, or where the window
	 * begins.
	 */
	offset = offset_in_page(phys);
	pages = PFN_UP(offset + len);
	next = ring->window_head;
	if (pages > ring->window_pages - (next & (ring->window_pages - 1)))
		next = round_up(next, ring->window_pages);

	/* pairs with mynic_tx_unlink() */
	if (next + pages - smp_load_acquire(&ring->window_tail) >
	    ring->window_pages)
		return false;

	at = mynic_tx_window_offset(ring, next);
	if (dma_iova_link(ring->dev, &ring->window, phys - offset, at,
			  (size_t)pages << PAGE_SHIFT, DMA_TO_DEVICE, 0))
		return false;
	ring->window_head = next + pages;
	mynic_tx_fill_frag(ring, index, ring->window.addr + at + offset, len,
			   MYNIC_TX_LINKED);

	return true;
}

/* What was linked since @from is there for the device; false if it is not. */
static bool mynic_tx_sync(struct mynic_tx_ring *ring, u32 from)
{
	u32 pages = ring->window_head - from;
	u32 first;

	if (!pages)
		return true;

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
 * mynic_tx_unlink() - end the mappings of slots that the device has read
 * @ring: the ring
 * @index: first slot, behind all that were unlinked before
 * @end: slot behind the last one
 *
 * Pieces that are not in the window stay mapped.
 *
 * Context: the owner of next_to_clean.
 */
void mynic_tx_unlink(struct mynic_tx_ring *ring, u32 index, u32 end)
{
	if (!ring->window_pages)
		return;

	/* Before xmit links other pages there: pairs with mynic_tx_link(). */
	smp_store_release(&ring->window_tail,
			  mynic_tx_unlink_slots(ring, index, end,
						ring->window_tail));
}

/**
 * mynic_tx_unmap_slot() - end the mapping of a piece that has one of its own
 * @ring: the ring
 * @info: the slot
 */
void mynic_tx_unmap_slot(struct mynic_tx_ring *ring,
			 struct mynic_tx_info *info)
{
	if (info->mapping == MYNIC_TX_PAGE)
		dma_unmap_page(ring->dev, info->dma, info->len, DMA_TO_DEVICE);
	else
		dma_unmap_single(ring->dev, info->dma, info->len,
				 DMA_TO_DEVICE);
	info->len = 0;
}

/* Takes back slots that the device was not told of. */
static void mynic_tx_undo(struct mynic_tx_ring *ring, u32 first, u32 end,
			  u32 window_head)
{
	if (ring->window_pages)
		mynic_tx_unlink_slots(ring, first, end, window_head);
	ring->window_head = window_head;

	while (end != first)
		mynic_tx_unmap(ring, --end);
}

static bool mynic_tx_map_linear(struct mynic_tx_ring *ring, u32 index,
				void *data, u32 len)
{
	dma_addr_t dma;

	if (len <= ring->copybreak) {
		memcpy(mynic_tx_fill_copy(ring, index, len), data, len);
		return true;
	}
	if (mynic_tx_link(ring, index, virt_to_phys(data), len))
		return true;

	dma = dma_map_single(ring->dev, data, len, DMA_TO_DEVICE);
	if (unlikely(dma_mapping_error(ring->dev, dma)))
		return false;
	mynic_tx_fill_frag(ring, index, dma, len, MYNIC_TX_SINGLE);

	return true;
}

static bool mynic_tx_map_frag(struct mynic_tx_ring *ring, u32 index,
			      const skb_frag_t *frag)
{
	u32 len = skb_frag_size(frag);
	dma_addr_t dma;

	if (mynic_tx_link(ring, index, page_to_phys(skb_frag_page(frag)) +
				       skb_frag_off(frag), len))
		return true;

	dma = skb_frag_dma_map(ring->dev, frag, 0, len, DMA_TO_DEVICE);
	if (unlikely(dma_mapping_error(ring->dev, dma)))
		return false;
	mynic_tx_fill_frag(ring, index, dma, len, MYNIC_TX_PAGE);

	return true;
}

/* The packet ends with the slot before @index. */
static void mynic_tx_end(struct mynic_tx_ring *ring, u32 index)
{
	ring->slots[(index - 1) & ring->mask].frag.flags |=
		cpu_to_le16(MYNIC_TX_EOP);
}

/**
 * mynic_tx_map() - map or copy head and fragments of a packet
 * @ring: the ring
 * @skb: the packet
 * @index: first slot to fill
 *
 * Context: under the queue's _xmit_lock.
 * Return: index behind the last slot, or @index if nothing was mapped
 */
u32 mynic_tx_map(struct mynic_tx_ring *ring, const struct sk_buff *skb,
		 u32 index)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	u32 window_head = ring->window_head;
	u32 first = index;
	int i;

	if (mynic_tx_copies_all(ring, skb)) {
		skb_copy_bits(skb, 0, mynic_tx_fill_copy(ring, index, skb->len),
			      skb->len);
		mynic_tx_end(ring, ++index);
		return index;
	}

	if (skb_headlen(skb) &&
	    !mynic_tx_map_linear(ring, index++, skb->data, skb_headlen(skb)))
		goto err_undo;

	for (i = 0; i < shinfo->nr_frags; i++)
		if (!mynic_tx_map_frag(ring, index++, &shinfo->frags[i]))
			goto err_undo;

	if (unlikely(!mynic_tx_sync(ring, window_head)))
		goto err_undo;
	mynic_tx_end(ring, index);

	return index;

err_undo:
	mynic_tx_undo(ring, first, index, window_head);
	return first;
}

/* A piece of an XDP frame. What lies in the page pool of this pair is mapped
 * already, and stays so.
 */
static bool mynic_tx_map_xdp_piece(struct mynic_tx_ring *ring, u32 index,
				   void *data, u32 len, bool pooled)
{
	struct page *page;
	dma_addr_t dma;

	if (!pooled)
		return mynic_tx_map_linear(ring, index, data, len);

	page = virt_to_head_page(data);
	dma = page_pool_get_dma_addr(page) + (data - page_address(page));
	dma_sync_single_for_device(ring->dev, dma, len, DMA_BIDIRECTIONAL);
	mynic_tx_fill_frag(ring, index, dma, len, MYNIC_TX_SINGLE);
	ring->info[index & ring->mask].len = 0;

	return true;
}

/**
 * mynic_tx_map_xdp() - map or copy the pieces of an XDP frame
 * @ring: the ring
 * @frame: the frame
 * @pooled: it lies in the page pool of this pair's receive ring
 * @index: first slot to fill
 *
 * Context: under the queue's _xmit_lock.
 * Return: index behind the last slot, or @index if nothing was mapped
 */
u32 mynic_tx_map_xdp(struct mynic_tx_ring *ring, struct xdp_frame *frame,
		     bool pooled, u32 index)
{
	u32 window_head = ring->window_head;
	struct skb_shared_info *shinfo;
	u32 first = index;
	u32 i;

	if (!mynic_tx_map_xdp_piece(ring, index++, frame->data, frame->len,
				    pooled))
		goto err_undo;

	if (xdp_frame_has_frags(frame)) {
		shinfo = xdp_get_shared_info_from_frame(frame);
		for (i = 0; i < shinfo->nr_frags; i++) {
			const skb_frag_t *frag = &shinfo->frags[i];

			if (!mynic_tx_map_xdp_piece(ring, index++,
						    skb_frag_address(frag),
						    skb_frag_size(frag),
						    pooled))
				goto err_undo;
		}
	}

	if (unlikely(!mynic_tx_sync(ring, window_head)))
		goto err_undo;
	mynic_tx_end(ring, index);

	return index;

err_undo:
	mynic_tx_undo(ring, first, index, window_head);
	return first;
}
