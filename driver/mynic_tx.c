// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transmit: from ndo_start_xmit or XDP into the ring, and back by the device's
 * head.
 *
 * One side fills slots under the queue's _xmit_lock, the other gives them
 * back in poll; they share next_to_use and next_to_clean and nothing else.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/iommu.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/netdev_queues.h>
#include <net/page_pool/helpers.h>
#include <net/xdp.h>

#include "mynic.h"
#include "mynic_tx.h"

/* Counts one event of ndo_start_xmit. */
static void mynic_tx_inc(struct mynic_tx_ring *ring, u64_stats_t *counter)
{
	u64_stats_update_begin(&ring->xmit_syncp);
	u64_stats_inc(counter);
	u64_stats_update_end(&ring->xmit_syncp);
}

/* Ends the mapping of a slot, if it has one of its own. */
static void mynic_tx_unmap(struct mynic_tx_ring *ring, u32 index)
{
	struct mynic_tx_info *info = &ring->info[index & ring->mask];

	if (!info->len)
		return;

	if (info->mapping == MYNIC_TX_PAGE)
		dma_unmap_page(ring->dev, info->dma, info->len, DMA_TO_DEVICE);
	else
		dma_unmap_single(ring->dev, info->dma, info->len,
				 DMA_TO_DEVICE);
	info->len = 0;
}

/* Ends those in the window, of slots that the device has read. */
static void mynic_tx_unlink(struct mynic_tx_ring *ring, u32 index, u32 end)
{
	if (ring->window_pages)
		mynic_tx_window_unlink(ring, index, end);
}

/**
 * mynic_tx_publish() - tell the device of everything up to next_to_use
 * @ring: the ring
 *
 * Context: under the queue's _xmit_lock, bottom halves off.
 */
void mynic_tx_publish(struct mynic_tx_ring *ring)
{
	u32 old = ring->published, new = ring->next_to_use;

	if (old == new)
		return;
	ring->published = new;

	if (ring->shadow) {
		/* Slots before the tail that covers them. */
		dma_wmb();
		WRITE_ONCE(ring->ctl->tail, cpu_to_le32(new));
		/* The tail before we look whether the device still polls; the
		 * device writes kick, then looks at the tail once more.
		 */
		mb();
		if (!mynic_kick_wanted(le32_to_cpu(READ_ONCE(ring->ctl->kick)),
				       old, new))
			return;
	}

	mynic_hw_doorbell(ring->hw, ring->idx, MYNIC_DB_TX_TAIL, new);
	mynic_tx_inc(ring, &ring->xmit.doorbells);
}

static bool mynic_tx_needs_meta(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_PARTIAL || skb_is_gso(skb) ||
	       skb_vlan_tag_present(skb);
}

/* Length of the headers of a GSO packet, 0 if the device cannot cut it. */
static u32 mynic_tx_gso(const struct sk_buff *skb,
			struct mynic_offload_hdr *hdr)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	u32 hdr_len;
	u8 type;

	if (shinfo->gso_type & SKB_GSO_TCPV4)
		type = MYNIC_HDR_GSO_TCPV4;
	else if (shinfo->gso_type & SKB_GSO_TCPV6)
		type = MYNIC_HDR_GSO_TCPV6;
	else if (shinfo->gso_type & SKB_GSO_UDP_L4)
		type = MYNIC_HDR_GSO_UDP_L4;
	else
		return 0;

	hdr_len = mynic_tx_hdr_len(skb);
	if (hdr_len > min_t(u32, skb->len, U16_MAX))
		return 0;

	if (shinfo->gso_type & SKB_GSO_TCP_ECN)
		type |= MYNIC_HDR_GSO_ECN;

	hdr->gso_type = type;
	hdr->gso_size = cpu_to_le16(shinfo->gso_size);
	hdr->hdr_len = cpu_to_le16(hdr_len);

	return hdr_len;
}

/* Offloads of a packet; false if the contract cannot express them, which the
 * device would answer by stopping the queue.
 */
static bool mynic_tx_fill_meta(const struct sk_buff *skb,
			       struct mynic_tx_meta *meta, u32 *hdr_len)
{
	u16 flags = MYNIC_TX_TYPE_META;

	memset(meta, 0, sizeof(*meta));
	*hdr_len = 0;

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		u32 start = skb_checksum_start_offset(skb);

		if (start > U16_MAX ||
		    start + skb->csum_offset + sizeof(__sum16) > skb->len)
			return false;
		meta->hdr.flags = MYNIC_HDR_F_NEEDS_CSUM;
		meta->hdr.csum_start = cpu_to_le16(start);
		meta->hdr.csum_offset = cpu_to_le16(skb->csum_offset);
	}

	if (skb_is_gso(skb)) {
		if (skb->ip_summed != CHECKSUM_PARTIAL)
			return false;
		*hdr_len = mynic_tx_gso(skb, &meta->hdr);
		if (!*hdr_len)
			return false;
	}

	if (skb_vlan_tag_present(skb)) {
		meta->vlan_tci = cpu_to_le16(skb_vlan_tag_get(skb));
		flags |= MYNIC_TX_VLAN;
	}
	meta->flags = cpu_to_le16(flags);

	return true;
}

/* The whole packet is copied into memory of its first slot. */
static bool mynic_tx_copies_all(const struct mynic_tx_ring *ring,
				const struct sk_buff *skb)
{
	return skb->len <= ring->copybreak;
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

/* Links a piece into the window; false if there is no room in it. */
static bool mynic_tx_link(struct mynic_tx_ring *ring, u32 index,
			  phys_addr_t phys, u32 len)
{
	dma_addr_t dma;

	if (!mynic_tx_window_link(ring, phys, len, &dma))
		return false;
	mynic_tx_fill_frag(ring, index, dma, len, MYNIC_TX_LINKED);

	return true;
}

/* Takes back slots that the device was not told of. */
static void mynic_tx_undo(struct mynic_tx_ring *ring, u32 first, u32 end,
			  u32 window_head)
{
	if (ring->window_pages)
		mynic_tx_window_undo(ring, first, end, window_head);

	while (end != first)
		mynic_tx_unmap(ring, --end);
}

/* A call of it for each packet would show. */
static __always_inline bool mynic_tx_map_linear(struct mynic_tx_ring *ring,
						u32 index, void *data, u32 len)
{
	dma_addr_t dma;

	if (len <= ring->copybreak) {
		memcpy(mynic_tx_fill_copy(ring, index, len), data, len);
		return true;
	}
	if (ring->window_pages &&
	    mynic_tx_link(ring, index, virt_to_phys(data), len))
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

	if (ring->window_pages &&
	    mynic_tx_link(ring, index, page_to_phys(skb_frag_page(frag)) +
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

/* Maps or copies head and fragments of a packet into the slots from @index on.
 * Returns the index behind the last slot, or @index if nothing was mapped.
 */
static u32 mynic_tx_map(struct mynic_tx_ring *ring, const struct sk_buff *skb,
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

	if (ring->window_head != window_head &&
	    unlikely(!mynic_tx_window_sync(ring, window_head)))
		goto err_undo;
	mynic_tx_end(ring, index);

	return index;

err_undo:
	mynic_tx_undo(ring, first, index, window_head);
	return first;
}

static void mynic_tx_count(struct mynic_tx_ring *ring,
			   const struct sk_buff *skb, u32 hdr_len)
{
	u64_stats_update_begin(&ring->xmit_syncp);
	if (mynic_tx_copies_all(ring, skb) ||
	    (skb_headlen(skb) && skb_headlen(skb) <= ring->copybreak))
		u64_stats_inc(&ring->xmit.copied);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		u64_stats_inc(&ring->xmit.needs_csum);
	else
		u64_stats_inc(&ring->xmit.csum_none);
	if (hdr_len) {
		u32 more = mynic_tx_segs_beyond(skb);

		u64_stats_inc(&ring->xmit.gso_packets);
		u64_stats_add(&ring->xmit.gso_bytes, skb->len);
		u64_stats_add(&ring->xmit.gso_wire_packets, 1 + more);
		u64_stats_add(&ring->xmit.gso_wire_bytes,
			      skb->len + more * hdr_len);
	}
	if (skb_vlan_tag_present(skb))
		u64_stats_inc(&ring->xmit.vlan);
	u64_stats_update_end(&ring->xmit_syncp);
}

static u32 mynic_tx_count_slots(const struct mynic_tx_ring *ring,
				const struct sk_buff *skb)
{
	if (mynic_tx_copies_all(ring, skb))
		return 1 + mynic_tx_needs_meta(skb);

	return !!skb_headlen(skb) + skb_shinfo(skb)->nr_frags +
	       mynic_tx_needs_meta(skb);
}

/**
 * mynic_xmit() - ndo_start_xmit
 * @skb: the packet
 * @netdev: the network device
 *
 * Context: under the queue's _xmit_lock, bottom halves off.
 * Return: NETDEV_TX_OK, the packet taken or dropped; NETDEV_TX_BUSY only if
 * the stack sends into a full ring, which it is kept from
 */
netdev_tx_t mynic_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct mynic_net *mn = netdev_priv(netdev);
	struct mynic_tx_ring *ring = mn->tx[skb_get_queue_mapping(skb)];
	u32 first, index, slots, hdr_len = 0;
	bool more = netdev_xmit_more();
	struct mynic_tx_info *info;
	int stopped;

	/* The stack keeps to the queues in use; pktgen does not. */
	if (unlikely(!ring)) {
		dev_kfree_skb_any(skb);
		dev_core_stats_tx_dropped_inc(netdev);
		return NETDEV_TX_OK;
	}
	first = ring->next_to_use;

	if (unlikely(!mynic_strip_jumbo(skb))) {
		mynic_tx_inc(ring, &ring->xmit.drop_linearize);
		goto drop;
	}

	slots = mynic_tx_count_slots(ring, skb);
	if (unlikely(slots > ring->max_slots)) {
		if (skb_linearize(skb)) {
			mynic_tx_inc(ring, &ring->xmit.drop_linearize);
			goto drop;
		}
		mynic_tx_inc(ring, &ring->xmit.linearized);
		slots = mynic_tx_count_slots(ring, skb);
	}

	if (unlikely(mynic_tx_free_slots(ring) < slots)) {
		netif_tx_stop_queue(ring->txq);
		mynic_tx_inc(ring, &ring->xmit.busy);
		mynic_tx_publish(ring);
		return NETDEV_TX_BUSY;
	}

	if (unlikely(!mynic_tx_len_ok(ring->hw, skb))) {
		mynic_tx_inc(ring, &ring->xmit.drop_length);
		goto drop;
	}

	index = first;
	info = &ring->info[first & ring->mask];
	if (mynic_tx_needs_meta(skb)) {
		struct mynic_tx_meta *meta;

		meta = &ring->slots[index++ & ring->mask].meta;
		if (unlikely(!mynic_tx_fill_meta(skb, meta, &hdr_len))) {
			mynic_tx_inc(ring, &ring->xmit.drop_offload);
			goto drop;
		}
		info->len = 0;
	}

	index = mynic_tx_map(ring, skb, index);
	if (unlikely(index - first != slots)) {
		mynic_tx_inc(ring, &ring->xmit.drop_map);
		goto drop;
	}

	info->skb = skb;
	info->slots = slots;
	info->xdp = false;
	mynic_tx_count(ring, skb, hdr_len);
	skb_tx_timestamp(skb);

	/* Poll looks at it once the device's head covers these slots. */
	WRITE_ONCE(ring->next_to_use, index);

	stopped = netif_txq_maybe_stop(ring->txq, mynic_tx_free_slots(ring),
				       ring->stop_thresh, ring->wake_thresh);
	if (unlikely(!stopped))
		mynic_tx_inc(ring, &ring->xmit.stop);

	if (__netdev_tx_sent_queue(ring->txq, skb->len, more))
		mynic_tx_publish(ring);

	return NETDEV_TX_OK;

drop:
	dev_kfree_skb_any(skb);
	/* The packets before this one may have been told that more follow. */
	if (!more)
		mynic_tx_publish(ring);
	return NETDEV_TX_OK;
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

/* As mynic_tx_map(), of an XDP frame. */
static u32 mynic_tx_map_xdp(struct mynic_tx_ring *ring,
			    struct xdp_frame *frame, bool pooled, u32 index)
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

	if (ring->window_head != window_head &&
	    unlikely(!mynic_tx_window_sync(ring, window_head)))
		goto err_undo;
	mynic_tx_end(ring, index);

	return index;

err_undo:
	mynic_tx_undo(ring, first, index, window_head);
	return first;
}

/* One XDP frame; false if it was not taken. */
static bool mynic_tx_xdp_frame(struct mynic_tx_ring *ring,
			       struct xdp_frame *frame, bool pooled)
{
	u32 first = ring->next_to_use, index;
	u32 len = xdp_get_frame_len(frame);
	struct mynic_tx_info *info;
	u32 frags = 0;

	if (xdp_frame_has_frags(frame))
		frags = xdp_get_shared_info_from_frame(frame)->nr_frags;
	/* The stack's queue, as long as it runs, finds room for any packet. */
	if (mynic_tx_free_slots(ring) < 1 + frags + ring->stop_thresh ||
	    1 + frags > ring->max_slots || len < ETH_HLEN ||
	    len > ring->hw->tx_frame_max)
		return false;

	index = mynic_tx_map_xdp(ring, frame, pooled, first);
	if (index == first)
		return false;

	info = &ring->info[first & ring->mask];
	info->xdpf = frame;
	info->slots = index - first;
	info->xdp = true;

	/* Poll looks at it once the device's head covers these slots. */
	WRITE_ONCE(ring->next_to_use, index);
	return true;
}

/**
 * mynic_tx_xdp() - put frames of XDP into the ring
 * @ring: the ring
 * @frames: the frames
 * @num: their number
 * @pooled: they lie in the page pool of this pair's receive ring
 *
 * The caller publishes, and frees those that were not taken, which are the
 * last ones.
 *
 * Context: under the queue's _xmit_lock, bottom halves off.
 * Return: number of frames taken
 */
u32 mynic_tx_xdp(struct mynic_tx_ring *ring, struct xdp_frame **frames,
		 u32 num, bool pooled)
{
	u32 n = 0;

	/* The stack is kept waiting by us, not by the device. */
	txq_trans_cond_update(ring->txq);

	while (n < num && mynic_tx_xdp_frame(ring, frames[n], pooled))
		n++;

	u64_stats_update_begin(&ring->xmit_syncp);
	u64_stats_add(&ring->xmit.xdp_packets, n);
	u64_stats_add(&ring->xmit.drop_xdp, num - n);
	u64_stats_update_end(&ring->xmit_syncp);

	return n;
}

/**
 * mynic_tx_poll() - give back what the device has sent
 * @ring: the ring
 * @budget: of the poll, 0 from netpoll, which leaves frames of XDP alone
 *
 * Context: NAPI, or bottom halves off and NAPI disabled.
 */
void mynic_tx_poll(struct mynic_tx_ring *ring, int budget)
{
	u32 head = le32_to_cpu(READ_ONCE(ring->ctl->head));
	u32 index = ring->next_to_clean;
	u32 packets = 0, bytes = 0, xdp_packets = 0, xdp_bytes = 0;
	u32 more_packets = 0, more_bytes = 0;
	struct mynic_dev *mdev;
	int woken;

	if (head == index || unlikely(ring->broken))
		return;

	/* The head before what xmit wrote about the slots that it covers. */
	dma_rmb();

	if (unlikely(head - index > READ_ONCE(ring->next_to_use) - index)) {
		ring->broken = true;
		u64_stats_update_begin(&ring->clean_syncp);
		u64_stats_inc(&ring->clean.bad_head);
		u64_stats_update_end(&ring->clean_syncp);
		mynic_reset_schedule(ring->vec->mn->mdev,
				     MYNIC_RESET_BAD_VALUE);
		return;
	}

	mynic_tx_unlink(ring, index, head);

	while (index != head) {
		struct mynic_tx_info *info = &ring->info[index & ring->mask];
		u32 slots = info->slots;
		struct sk_buff *skb;

		/* Only part of a packet: its other slots are still read. */
		if (unlikely(head - index < slots))
			break;

		if (unlikely(info->xdp)) {
			struct xdp_frame *frame = info->xdpf;

			if (!budget)
				break;
			info->xdpf = NULL;
			xdp_packets++;
			xdp_bytes += xdp_get_frame_len(frame);
			while (slots--)
				mynic_tx_unmap(ring, index++);
			xdp_return_frame(frame);
			continue;
		}

		skb = info->skb;
		info->skb = NULL;
		packets++;
		bytes += skb->len;
		if (skb_is_gso(skb)) {
			u32 more = mynic_tx_segs_beyond(skb);

			more_packets += more;
			more_bytes += more * mynic_tx_hdr_len(skb);
		}
		while (slots--)
			mynic_tx_unmap(ring, index++);
		napi_consume_skb(skb, budget);
	}
	/* The slots are given back before xmit may see that they are free. */
	smp_store_release(&ring->next_to_clean, index);

	/* BQL brings the barrier behind next_to_clean, and knows nothing of
	 * XDP.
	 */
	if (!bytes)
		smp_mb(); /* pairs with that in netif_txq_try_stop() */
	mdev = ring->vec->mn->mdev;
	woken = __netif_txq_completed_wake(ring->txq, packets + xdp_packets,
					   bytes, mynic_tx_free_slots(ring),
					   ring->wake_thresh,
					   !test_bit(MYNIC_STATE_UP,
						     mdev->state));

	u64_stats_update_begin(&ring->clean_syncp);
	u64_stats_add(&ring->clean.packets,
		      packets + more_packets + xdp_packets);
	u64_stats_add(&ring->clean.bytes, bytes + more_bytes + xdp_bytes);
	if (!woken)
		u64_stats_inc(&ring->clean.wake);
	u64_stats_update_end(&ring->clean_syncp);
}

/**
 * mynic_tx_arm() - ask for an interrupt
 * @ring: the ring
 *
 * Asks for one when three quarters of what is under way are done, or with the
 * next slot if nothing is. With indices in memory the caller issues a full
 * barrier and then asks mynic_tx_pending().
 *
 * Context: NAPI, behind napi_complete_done().
 * Return: index of the slot whose completion raises the interrupt
 */
u32 mynic_tx_arm(struct mynic_tx_ring *ring)
{
	u32 index = READ_ONCE(ring->next_to_clean);
	u32 under_way = READ_ONCE(ring->next_to_use) - index;

	index += under_way - under_way / 4;
	if (under_way)
		index--;

	if (ring->shadow)
		WRITE_ONCE(ring->ctl->arm, cpu_to_le32(index));
	else if (index != ring->armed ||
		 mynic_index_passed(le32_to_cpu(READ_ONCE(ring->ctl->head)),
				    index))
		mynic_hw_doorbell(ring->hw, ring->idx, MYNIC_DB_TX_ARM, index);
	ring->armed = index;

	return index;
}

/**
 * mynic_tx_pending() - whether the armed slot is done already
 * @ring: the ring
 * @index: what mynic_tx_arm() returned
 *
 * Context: NAPI, behind mynic_tx_arm() and a full barrier.
 * Return: true if no interrupt will come for it
 */
bool mynic_tx_pending(const struct mynic_tx_ring *ring, u32 index)
{
	return !ring->broken &&
	       mynic_index_passed(le32_to_cpu(READ_ONCE(ring->ctl->head)),
				  index);
}

static size_t mynic_tx_copies_size(const struct mynic_tx_ring *ring)
{
	return array_size(ring->mask + 1, MYNIC_TX_COPYBREAK_MAX);
}

/**
 * mynic_tx_copybreak_default() - what is copied if nobody says otherwise
 * @mdev: the card
 *
 * Behind an IOMMU that translates, a mapping costs more than a copy of some
 * bytes, and its end, in strict mode, a flush besides.
 *
 * Return: the length for &struct mynic_queue_cfg, in bytes
 */
u16 mynic_tx_copybreak_default(const struct mynic_dev *mdev)
{
	struct iommu_domain *domain;

	domain = iommu_get_domain_for_dev(&mdev->pdev->dev);
	if (!domain || domain->type == IOMMU_DOMAIN_IDENTITY)
		return 0;

	return MYNIC_TX_COPYBREAK_MAX;
}

/**
 * mynic_tx_ring_alloc() - memory of a transmit ring
 * @vec: the channel
 * @cfg: configuration
 *
 * Context: process.
 * Return: the ring, of which the device knows nothing yet, or an ERR_PTR()
 */
struct mynic_tx_ring *mynic_tx_ring_alloc(struct mynic_vector *vec,
					  const struct mynic_queue_cfg *cfg)
{
	struct mynic_net *mn = vec->mn;
	struct mynic_dev *mdev = mn->mdev;
	int node = dev_to_node(&mdev->pdev->dev);
	struct mynic_tx_ring *ring;

	ring = kzalloc_node(sizeof(*ring), MYNIC_GFP_RING, node);
	if (!ring)
		return ERR_PTR(-ENOMEM);

	ring->vec = vec;
	ring->netdev = mn->netdev;
	ring->txq = netdev_get_tx_queue(mn->netdev, vec->idx);
	ring->dev = &mdev->pdev->dev;
	ring->hw = &mdev->hw;
	ring->idx = vec->idx;
	ring->mask = cfg->tx_slots - 1;
	ring->max_slots = min_t(u32, mdev->hw.tx_max_slots, cfg->tx_slots - 1);
	ring->stop_thresh = min_t(u32, ring->max_slots, MYNIC_TX_SLOTS_MAX);
	ring->wake_thresh = max_t(u32, ring->stop_thresh, cfg->tx_slots / 4);
	ring->shadow = mynic_has(mdev, MYNIC_F_SHADOW);
	u64_stats_init(&ring->xmit_syncp);
	u64_stats_init(&ring->clean_syncp);

	ring->info = kvcalloc_node(cfg->tx_slots, sizeof(*ring->info),
				   MYNIC_GFP_RING, node);
	if (!ring->info)
		goto err_free_ring;

	ring->slots = dma_alloc_coherent(ring->dev,
					 array_size(cfg->tx_slots,
						    sizeof(*ring->slots)),
					 &ring->dma, MYNIC_GFP_RING);
	if (!ring->slots)
		goto err_free_info;

	ring->ctl = dma_alloc_coherent(ring->dev, sizeof(*ring->ctl),
				       &ring->ctl_dma, MYNIC_GFP_RING);
	if (!ring->ctl)
		goto err_free_slots;

	if (cfg->tx_copybreak) {
		ring->copies = dma_alloc_coherent(ring->dev,
						  mynic_tx_copies_size(ring),
						  &ring->copies_dma,
						  MYNIC_GFP_RING);
		if (!ring->copies)
			goto err_free_ctl;
		ring->copybreak = cfg->tx_copybreak;
	}
	mynic_tx_window_open(ring);

	return ring;

err_free_ctl:
	dma_free_coherent(ring->dev, sizeof(*ring->ctl), ring->ctl,
			  ring->ctl_dma);
err_free_slots:
	dma_free_coherent(ring->dev,
			  array_size(cfg->tx_slots, sizeof(*ring->slots)),
			  ring->slots, ring->dma);
err_free_info:
	kvfree(ring->info);
err_free_ring:
	kfree(ring);
	return ERR_PTR(-ENOMEM);
}

/**
 * mynic_tx_ring_free() - free a transmit ring that the device does not know
 * @ring: the ring, or NULL
 */
void mynic_tx_ring_free(struct mynic_tx_ring *ring)
{
	if (!ring)
		return;

	mynic_tx_window_close(ring);
	if (ring->copies)
		dma_free_coherent(ring->dev, mynic_tx_copies_size(ring),
				  ring->copies, ring->copies_dma);
	dma_free_coherent(ring->dev, sizeof(*ring->ctl), ring->ctl,
			  ring->ctl_dma);
	dma_free_coherent(ring->dev,
			  array_size(ring->mask + 1, sizeof(*ring->slots)),
			  ring->slots, ring->dma);
	kvfree(ring->info);
	kfree(ring);
}

/**
 * mynic_tx_ring_describe() - what the create command says of a ring
 * @ring: the ring
 * @cmd: receives size and addresses
 */
void mynic_tx_ring_describe(const struct mynic_tx_ring *ring,
			    struct mynic_cmd_txq *cmd)
{
	cmd->log2_size = cpu_to_le16(ilog2(ring->mask + 1));
	cmd->ring = cpu_to_le64(ring->dma);
	cmd->ctl = cpu_to_le64(ring->ctl_dma);
}

/**
 * mynic_tx_ring_start() - begin with a ring that the device has created
 * @ring: the ring
 *
 * Context: process, NAPI disabled. Cannot fail.
 */
void mynic_tx_ring_start(struct mynic_tx_ring *ring)
{
	/* With tails in memory the zeroed control block arms slot 0. */
	if (!ring->shadow)
		mynic_hw_doorbell(ring->hw, ring->idx, MYNIC_DB_TX_ARM, 0);
}

/**
 * mynic_tx_ring_clean() - drop what is in a ring that the device forgot
 * @ring: the ring
 *
 * Afterwards the ring is as mynic_tx_ring_alloc() made it, counters apart.
 *
 * Context: process, NAPI disabled and the transmit queue stopped.
 */
void mynic_tx_ring_clean(struct mynic_tx_ring *ring)
{
	u32 index, dropped = 0;

	mynic_tx_unlink(ring, ring->next_to_clean, ring->next_to_use);
	for (index = ring->next_to_clean; index != ring->next_to_use; index++)
		mynic_tx_unmap(ring, index);

	for (index = ring->next_to_clean; index != ring->next_to_use; index++) {
		struct mynic_tx_info *info = &ring->info[index & ring->mask];

		if (info->skb) {
			if (info->xdp)
				xdp_return_frame(info->xdpf);
			else
				dev_kfree_skb_any(info->skb);
			info->skb = NULL;
			dropped++;
		}
	}

	local_bh_disable();
	u64_stats_update_begin(&ring->clean_syncp);
	u64_stats_add(&ring->clean.drop_reset, dropped);
	u64_stats_update_end(&ring->clean_syncp);
	local_bh_enable();

	netdev_tx_reset_queue(ring->txq);
	memset(ring->ctl, 0, sizeof(*ring->ctl));
	ring->next_to_use = 0;
	ring->published = 0;
	ring->next_to_clean = 0;
	ring->armed = 0;
	ring->broken = false;
}
