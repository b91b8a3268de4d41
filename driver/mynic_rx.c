// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive: packets out of the completion ring, to the XDP program and to the
 * stack, and the poll function of a channel.
 */
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/tcp.h>
#include <linux/virtio_net.h>

#include "mynic.h"
#include "mynic_rx.h"

static_assert(sizeof(struct mynic_offload_hdr) ==
	      sizeof(struct virtio_net_hdr_v1));
static_assert(offsetof(struct mynic_offload_hdr, gso_size) ==
	      offsetof(struct virtio_net_hdr, gso_size));
static_assert(offsetof(struct mynic_offload_hdr, csum_offset) ==
	      offsetof(struct virtio_net_hdr, csum_offset));

/* Segments that a merged packet came in as, at least 1. */
static u32 mynic_rx_gso_segs(const struct sk_buff *skb, u32 *hdr_len)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	u32 len = 0;

	if (skb_transport_header_was_set(skb)) {
		len = skb_transport_offset(skb);
		if (shinfo->gso_type & SKB_GSO_UDP_L4)
			len += sizeof(struct udphdr);
		else if (len + sizeof(struct tcphdr) <= skb_headlen(skb))
			len += tcp_hdrlen(skb);
	}
	*hdr_len = len;
	if (len >= skb->len)
		return 1;

	return clamp_t(u32, DIV_ROUND_UP(skb->len - len, shinfo->gso_size),
		       1, GSO_MAX_SEGS);
}

/* Checksum and segmentation of a packet that begins at its Ethernet header;
 * false if what the device says of it cannot be true.
 */
static bool mynic_rx_offload(struct mynic_rx_ring *ring, struct sk_buff *skb,
			     const struct mynic_offload_hdr *hdr)
{
	u32 segs, hdr_len;

	if (hdr->flags & MYNIC_HDR_F_NEEDS_CSUM) {
		u64_stats_inc(&ring->stats.csum_partial);
	} else if (hdr->flags & MYNIC_HDR_F_DATA_VALID) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		u64_stats_inc(&ring->stats.csum_unnecessary);
	} else {
		u64_stats_inc(&ring->stats.csum_none);
		if (hdr->gso_type == MYNIC_HDR_GSO_NONE)
			return true;
	}

	/* Bounds every offset, and marks merged packets as from a source that
	 * is not to be trusted.
	 */
	if (hdr->flags & MYNIC_HDR_F_NEEDS_CSUM ||
	    hdr->gso_type != MYNIC_HDR_GSO_NONE) {
		const struct virtio_net_hdr *vhdr;

		vhdr = (const struct virtio_net_hdr *)hdr;
		if (virtio_net_hdr_to_skb(skb, vhdr, true))
			return false;
	}

	if (skb_is_gso(skb)) {
		segs = mynic_rx_gso_segs(skb, &hdr_len);
		skb_shinfo(skb)->gso_segs = segs;
		u64_stats_inc(&ring->stats.gro_packets);
		u64_stats_add(&ring->stats.gro_bytes, skb->len);
		u64_stats_add(&ring->stats.gro_wire_packets, segs);
		u64_stats_add(&ring->stats.gro_wire_bytes,
			      skb->len + (segs - 1) * hdr_len);
		/* All but the first, which is counted like any packet. */
		u64_stats_add(&ring->stats.packets, segs - 1);
		u64_stats_add(&ring->stats.bytes, (segs - 1) * hdr_len);
	}

	return true;
}

/* An skb of its own for a small packet; the buffer is posted again. */
static struct sk_buff *mynic_rx_copy(struct mynic_rx_ring *ring, u32 len)
{
	struct mynic_rx_info buf = mynic_rx_take(ring);
	struct sk_buff *skb;

	page_pool_dma_sync_for_cpu(ring->pool, buf.page,
				   buf.offset + ring->headroom, len);
	skb = napi_alloc_skb(&ring->vec->napi, len);
	if (likely(skb)) {
		skb_put_data(skb, page_address(buf.page) + buf.offset +
			     ring->headroom, len);
		u64_stats_inc(&ring->stats.copied);
	}
	mynic_rx_reuse(ring, &buf, len);

	return skb;
}

/* Takes a packet that cannot be used out of the ring. */
static void mynic_rx_discard(struct mynic_rx_ring *ring, u32 num)
{
	while (num--) {
		struct mynic_rx_info buf = mynic_rx_take(ring);

		mynic_rx_reuse(ring, &buf, mynic_rx_capacity(ring, buf.size));
	}
}

/* An skb around the oldest @num buffers, which hold @len bytes. */
static struct sk_buff *mynic_rx_build(struct mynic_rx_ring *ring, u32 len,
				      u32 num)
{
	struct mynic_rx_info buf = mynic_rx_take(ring);
	u32 part = min(len, mynic_rx_capacity(ring, buf.size));
	void *data = page_address(buf.page) + buf.offset;
	struct sk_buff *skb;

	page_pool_dma_sync_for_cpu(ring->pool, buf.page,
				   buf.offset + ring->headroom, part);
	net_prefetch(data + ring->headroom);
	ewma_mynic_len_add(&ring->avg_len, len);

	skb = napi_build_skb(data, buf.size);
	if (unlikely(!skb)) {
		mynic_rx_reuse(ring, &buf, part);
		mynic_rx_discard(ring, num - 1);
		return NULL;
	}
	skb_mark_for_recycle(skb);
	skb_reserve(skb, ring->headroom);
	__skb_put(skb, part);

	while (--num) {
		len -= part;
		buf = mynic_rx_take(ring);
		part = min(len, mynic_rx_capacity(ring, buf.size));
		page_pool_dma_sync_for_cpu(ring->pool, buf.page,
					   buf.offset + ring->headroom,
					   part);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, buf.page,
				buf.offset + ring->headroom, part,
				buf.size);
	}

	return skb;
}

/* The program's view of the oldest @num buffers, which hold @len bytes, of
 * which the first is @first.
 */
static void mynic_rx_xdp_prepare(struct mynic_rx_ring *ring,
				 struct xdp_buff *xdp,
				 const struct mynic_rx_info *first,
				 u32 len, u32 num)
{
	u32 part = min(len, mynic_rx_capacity(ring, first->size));
	void *start = page_address(first->page) + first->offset;
	struct skb_shared_info *sinfo;

	page_pool_dma_sync_for_cpu(ring->pool, first->page,
				   first->offset + ring->headroom, part);
	net_prefetch(start + ring->headroom);
	xdp_init_buff(xdp, first->size, &ring->xdp_rxq);
	xdp_prepare_buff(xdp, start, ring->headroom, part, true);
	if (likely(num == 1))
		return;

	sinfo = xdp_get_shared_info_from_buff(xdp);
	sinfo->nr_frags = 0;
	sinfo->xdp_frags_size = len - part;
	xdp_buff_set_frags_flag(xdp);
	while (--num) {
		struct mynic_rx_info buf = mynic_rx_take(ring);

		len -= part;
		part = min(len, mynic_rx_capacity(ring, buf.size));
		page_pool_dma_sync_for_cpu(ring->pool, buf.page,
					   buf.offset + ring->headroom, part);
		skb_frag_fill_page_desc(&sinfo->frags[sinfo->nr_frags++],
					buf.page, buf.offset + ring->headroom,
					part);
		if (page_is_pfmemalloc(buf.page))
			xdp_buff_set_frag_pfmemalloc(xdp);
	}
	mynic_xdp_set_truesize(sinfo, first->size);
}

/* A copy of a small packet that the program passed. */
static struct sk_buff *mynic_rx_xdp_copy(struct mynic_rx_ring *ring,
					 const struct xdp_buff *xdp)
{
	u32 meta = xdp->data - xdp->data_meta;
	u32 len = xdp->data_end - xdp->data;
	struct sk_buff *skb;

	skb = napi_alloc_skb(&ring->vec->napi, meta + len);
	if (unlikely(!skb))
		return NULL;
	skb_put_data(skb, xdp->data_meta, meta + len);
	if (meta) {
		__skb_pull(skb, meta);
		skb_metadata_set(skb, meta);
	}
	u64_stats_inc(&ring->stats.copied);

	return skb;
}

/* An skb around a packet that the program passed. */
static struct sk_buff *mynic_rx_xdp_build(const struct xdp_buff *xdp)
{
	u32 meta = xdp->data - xdp->data_meta;
	struct skb_shared_info *sinfo;
	u32 frags = 0, len = 0;
	struct sk_buff *skb;

	if (unlikely(xdp_buff_has_frags(xdp))) {
		sinfo = xdp_get_shared_info_from_buff(xdp);
		frags = sinfo->nr_frags;
		len = sinfo->xdp_frags_size;
	}

	skb = napi_build_skb(xdp->data_hard_start, xdp->frame_sz);
	if (unlikely(!skb))
		return NULL;
	skb_mark_for_recycle(skb);
	skb_reserve(skb, xdp->data - xdp->data_hard_start);
	__skb_put(skb, xdp->data_end - xdp->data);
	if (meta)
		skb_metadata_set(skb, meta);
	if (unlikely(frags)) {
		/* The fragments themselves are where they have to be. */
		sinfo = skb_shinfo(skb);
		sinfo->nr_frags = frags;
		sinfo->destructor_arg = NULL;
		skb->len += len;
		skb->data_len += len;
		skb->truesize += frags * MYNIC_RX_BUF_MIN;
		if (xdp->flags & XDP_FLAGS_FRAGS_PF_MEMALLOC)
			skb->pfmemalloc = true;
	}

	return skb;
}

/* Lets the program judge the oldest @num buffers, which hold @len bytes.
 * Returns the skb, if one is to be delivered; NULL, or an ERR_PTR() if the
 * packet is lost.
 */
static struct sk_buff *mynic_rx_xdp(struct mynic_rx_ring *ring,
				    struct bpf_prog *prog,
				    const struct mynic_rx_cqe *cqe,
				    u32 len, u32 num)
{
	struct mynic_rx_info buf = mynic_rx_take(ring);
	struct mynic_xdp_buff buff;
	struct xdp_buff *xdp = &buff.xdp;
	struct sk_buff *skb = NULL;
	void *start;

	mynic_rx_xdp_prepare(ring, xdp, &buf, len, num);
	start = xdp->data;
	buff.cqe = cqe;

	switch (mynic_xdp_run(ring, prog, &buff)) {
	case MYNIC_XDP_TAKEN:
		return NULL;
	case MYNIC_XDP_PASS:
		if (xdp->data_end - xdp->data > MYNIC_RX_COPYBREAK ||
		    xdp_buff_has_frags(xdp)) {
			skb = mynic_rx_xdp_build(xdp);
			if (likely(skb))
				return skb;
		} else {
			skb = mynic_rx_xdp_copy(ring, xdp);
		}
		if (unlikely(!skb))
			skb = ERR_PTR(-ENOMEM);
		break;
	case MYNIC_XDP_FREE:
		break;
	}

	/* The program may have given back some of the fragments. */
	if (unlikely(xdp_buff_has_frags(xdp)))
		xdp_return_buff(xdp);
	else
		mynic_rx_reuse(ring, &buf, max_t(long, xdp->data_end - start,
						 len));
	return skb;
}

/* Whether a packet is one that a program may see: all of it is there, nothing
 * is left to do, and the program can read it.
 */
static bool mynic_rx_xdp_fit(const struct bpf_prog *prog,
			     const struct mynic_offload_hdr *hdr, u32 num)
{
	return !(hdr->flags & MYNIC_HDR_F_NEEDS_CSUM) &&
	       hdr->gso_type == MYNIC_HDR_GSO_NONE &&
	       (num == 1 || prog->aux->xdp_has_frags);
}

/* Whether a completion names buffers that the device has, of which the packet
 * fills all but the last one.
 */
static bool mynic_rx_sane(const struct mynic_rx_ring *ring, u32 len, u32 num)
{
	u32 capacity = 0, last = 0, i;

	if (!num || num > ring->published - ring->next_to_clean ||
	    num > MAX_SKB_FRAGS + 1 || len < ETH_HLEN)
		return false;

	for (i = 0; i < num; i++) {
		u32 slot = (ring->next_to_clean + i) & ring->mask;

		last = capacity;
		capacity += mynic_rx_capacity(ring, ring->info[slot].size);
	}

	return len > last && len <= capacity;
}

/* One packet; false if the completion makes no sense. */
static bool mynic_rx_packet(struct mynic_rx_ring *ring,
			    const struct mynic_rx_cqe *shared, u32 info)
{
	/* Copied once, so that what was checked is what is used. */
	struct mynic_rx_cqe cqe = *shared;
	u32 num = le16_to_cpu(cqe.hdr.num_buffers);
	u32 len = le32_to_cpu(cqe.len);
	struct bpf_prog *prog;
	struct sk_buff *skb;
	u32 hash_type;

	barrier_data(&cqe);
	if (unlikely(!mynic_rx_sane(ring, len, num)))
		return false;

	u64_stats_update_begin(&ring->syncp);

	prog = READ_ONCE(ring->xdp_prog);
	if (prog) {
		if (unlikely(!mynic_rx_xdp_fit(prog, &cqe.hdr, num))) {
			mynic_rx_discard(ring, num);
			u64_stats_inc(&ring->stats.drop_offload);
			goto out;
		}
		skb = mynic_rx_xdp(ring, prog, &cqe, len, num);
		if (!skb) {
			u64_stats_inc(&ring->stats.packets);
			u64_stats_add(&ring->stats.bytes, len);
			goto out;
		}
		if (IS_ERR(skb))
			skb = NULL;
	} else if (len <= MYNIC_RX_COPYBREAK) {
		skb = mynic_rx_copy(ring, len);
	} else {
		skb = mynic_rx_build(ring, len, num);
	}
	if (unlikely(!skb)) {
		u64_stats_inc(&ring->stats.drop_alloc);
		goto out;
	}

	/* The parsing of headers below asks for it. */
	skb->dev = ring->netdev;
	if (unlikely(!mynic_rx_offload(ring, skb, &cqe.hdr))) {
		u64_stats_inc(&ring->stats.drop_offload);
		dev_kfree_skb_any(skb);
		goto out;
	}

	hash_type = FIELD_GET(MYNIC_RX_HASH_TYPE_MASK, info);
	if (hash_type != MYNIC_HASH_NONE &&
	    ring->netdev->features & NETIF_F_RXHASH)
		skb_set_hash(skb, le32_to_cpu(cqe.hash),
			     hash_type == MYNIC_HASH_L4 ? PKT_HASH_TYPE_L4 :
							  PKT_HASH_TYPE_L3);
	if (info & MYNIC_RX_VLAN) {
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q),
				       le16_to_cpu(cqe.vlan_tci));
		u64_stats_inc(&ring->stats.vlan);
	}
	skb_record_rx_queue(skb, ring->idx);
	skb->protocol = eth_type_trans(skb, ring->netdev);

	if (skb->pkt_type == PACKET_MULTICAST)
		u64_stats_inc(&ring->stats.multicast);
	u64_stats_inc(&ring->stats.packets);
	u64_stats_add(&ring->stats.bytes, len);
	u64_stats_update_end(&ring->syncp);

	napi_gro_receive(&ring->vec->napi, skb);
	return true;

out:
	u64_stats_update_end(&ring->syncp);
	return true;
}

/* Delivers up to @budget packets; @budget if there is more to do. */
static int mynic_rx_poll(struct mynic_rx_ring *ring, int budget)
{
	int done = 0;

	while (done < budget && likely(!ring->broken)) {
		const struct mynic_rx_cqe *cqe;
		u32 info;

		cqe = &ring->cqes[ring->cq_head & ring->mask];
		info = le32_to_cpu(READ_ONCE(cqe->info));
		if ((info & MYNIC_CQE_PHASE) !=
		    mynic_cqe_phase(ring->cq_head, ring->mask))
			break;

		/* The phase before the rest of the completion. */
		dma_rmb();

		if (unlikely(!mynic_rx_packet(ring, cqe, info))) {
			ring->broken = true;
			mynic_rx_inc(ring, &ring->stats.bad_cqe);
			mynic_reset_schedule(ring->vec->mn->mdev,
					     MYNIC_RESET_BAD_VALUE);
			break;
		}
		ring->cq_head++;
		done++;
	}

	if (ring->xdp_tx_num || ring->xdp_redirected)
		mynic_xdp_flush(ring);

	if (likely(!ring->broken) && !mynic_rx_refill(ring))
		return budget;

	return done;
}

/* Whether the armed completion is there already. */
static bool mynic_rx_pending(const struct mynic_rx_ring *ring, u32 index)
{
	const struct mynic_rx_cqe *cqe = &ring->cqes[index & ring->mask];

	return !ring->broken &&
	       (le32_to_cpu(READ_ONCE(cqe->info)) & MYNIC_CQE_PHASE) ==
	       mynic_cqe_phase(index, ring->mask);
}

/* Arms both rings behind napi_complete_done(). Another CPU may poll already,
 * and arm further on, before this one writes what is older by then: it finds
 * its own index passed and schedules a poll, which arms anew.
 */
static void mynic_arm(struct napi_struct *napi, struct mynic_tx_ring *tx,
		      struct mynic_rx_ring *rx)
{
	u32 tx_index = 0, rx_index = 0;
	bool shadow = false;

	if (tx) {
		tx_index = mynic_tx_arm(tx);
		shadow = tx->shadow;
	}
	if (rx) {
		rx_index = READ_ONCE(rx->cq_head);
		mynic_rx_arm(rx, rx_index);
		shadow = rx->shadow;
	}
	if (!shadow)
		return;

	/* What is armed before what is done; the device publishes what is
	 * done, then reads what is armed.
	 */
	mb();
	if ((tx && mynic_tx_pending(tx, tx_index)) ||
	    (rx && mynic_rx_pending(rx, rx_index)))
		napi_schedule(napi);
}

/**
 * mynic_txrx_poll() - NAPI poll of a channel
 * @napi: its NAPI
 * @budget: most packets to receive, 0 for transmit only
 *
 * Context: NAPI, netpoll with @budget 0, or busy poll.
 * Return: packets received, or @budget to be called again
 */
int mynic_txrx_poll(struct napi_struct *napi, int budget)
{
	struct mynic_vector *vec = container_of(napi, struct mynic_vector,
						napi);
	struct mynic_tx_ring *tx = vec->tx;
	struct mynic_rx_ring *rx = vec->rx;
	int done = 0;

	if (tx)
		mynic_tx_poll(tx, budget);
	if (unlikely(!budget))
		return 0;
	if (rx)
		done = mynic_rx_poll(rx, budget);
	if (done >= budget)
		return budget;

	mynic_dim_update(vec, tx, rx);
	if (likely(napi_complete_done(napi, done)))
		mynic_arm(napi, tx, rx);

	return done;
}
