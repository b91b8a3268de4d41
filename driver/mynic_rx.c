// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive: buffers out of a page pool into the ring, packets out of the
 * completion ring to the stack, and the poll function of a channel.
 *
 * Buffers are posted, filled and read in order. Each has room before and
 * behind what the device writes, so that the first one of a packet becomes
 * the linear part of its skb as it is, and the others fragments.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/virtio_net.h>
#include <net/page_pool/helpers.h>

#include "mynic.h"
#include "mynic_ring.h"

/* Buffers are posted this many at a time, so that the device's shared line is
 * not written for each.
 */
#define MYNIC_RX_BATCH		16

/* Most free pages that a page pool is asked to keep. */
#define MYNIC_RX_POOL_MAX	16384

static_assert(sizeof(struct mynic_offload_hdr) ==
	      sizeof(struct virtio_net_hdr_v1));
static_assert(offsetof(struct mynic_offload_hdr, gso_size) ==
	      offsetof(struct virtio_net_hdr, gso_size));
static_assert(offsetof(struct mynic_offload_hdr, csum_offset) ==
	      offsetof(struct virtio_net_hdr, csum_offset));

static u32 mynic_rx_capacity(u32 buf_size)
{
	return buf_size - MYNIC_RX_OVERHEAD;
}

/* Longest frame that may come in. */
static u32 mynic_rx_frame_max(const struct mynic_queue_cfg *cfg)
{
	u32 frame = cfg->mtu + VLAN_ETH_HLEN + VLAN_HLEN;

	return cfg->rx_gro ? max_t(u32, frame, MYNIC_RX_GRO_MAX) : frame;
}

/* Buffers of the smallest size that it fills. */
static u32 mynic_rx_bufs_max(const struct mynic_queue_cfg *cfg)
{
	return DIV_ROUND_UP(mynic_rx_frame_max(cfg),
			    mynic_rx_capacity(MYNIC_RX_BUF_MIN));
}

/* Most bytes posted. Larger buffers are fewer, so that what a ring of a size
 * takes of the memory does not depend on the traffic.
 */
static u32 mynic_rx_bytes_max(const struct mynic_rx_ring *ring)
{
	return (ring->mask + 1) * MYNIC_RX_BUF_MIN;
}

static void mynic_rx_inc(struct mynic_rx_ring *ring, u64_stats_t *counter)
{
	u64_stats_update_begin(&ring->syncp);
	u64_stats_inc(counter);
	u64_stats_update_end(&ring->syncp);
}

/* Puts a buffer into the next slot; the device hears of it by publish(). */
static void mynic_rx_post(struct mynic_rx_ring *ring,
			  const struct mynic_rx_info *buf)
{
	u32 slot = ring->next_to_post++ & ring->mask;
	struct mynic_rx_buf *desc = &ring->bufs[slot];

	ring->info[slot] = *buf;
	ring->posted_bytes += buf->size;
	desc->addr = cpu_to_le64(page_pool_get_dma_addr(buf->page) +
				 buf->offset + MYNIC_RX_HEADROOM);
	desc->len = cpu_to_le32(mynic_rx_capacity(buf->size));
	desc->reserved = 0;
}

/* Takes the oldest buffer out of the ring. */
static struct mynic_rx_info mynic_rx_take(struct mynic_rx_ring *ring)
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
static void mynic_rx_reuse(struct mynic_rx_ring *ring,
			   const struct mynic_rx_info *buf, u32 len)
{
	dma_sync_single_range_for_device(ring->dev,
					 page_pool_get_dma_addr(buf->page),
					 buf->offset + MYNIC_RX_HEADROOM,
					 len, DMA_FROM_DEVICE);
	mynic_rx_post(ring, buf);
}

/* Tells the device of everything up to next_to_post. */
static void mynic_rx_publish(struct mynic_rx_ring *ring)
{
	u32 old = ring->published, new = ring->next_to_post;

	if (old == new)
		return;
	ring->published = new;

	if (ring->shadow) {
		/* Buffers before the tail that covers them; it also gives
		 * back the completions that have been read.
		 */
		dma_mb();
		WRITE_ONCE(ring->ctl->tail, cpu_to_le32(new));
		/* The tail before we look whether the device ran dry; the
		 * device writes kick, then looks at the tail once more.
		 */
		mb();
		if (!mynic_kick_wanted(le32_to_cpu(READ_ONCE(ring->ctl->kick)),
				       old, new))
			return;
	}

	mynic_hw_doorbell(ring->hw, ring->idx, MYNIC_DB_RX_TAIL, new);
	mynic_rx_inc(ring, &ring->stats.doorbells);
}

/* Fills the ring up with buffers as large as the traffic asks for. */
static void mynic_rx_fill(struct mynic_rx_ring *ring, gfp_t gfp)
{
	u32 bytes_max = mynic_rx_bytes_max(ring);

	while (ring->next_to_post - ring->next_to_clean <= ring->mask &&
	       ring->posted_bytes + ring->buf_size <= bytes_max) {
		struct mynic_rx_info buf = { .size = ring->buf_size };

		buf.page = page_pool_alloc(ring->pool, &buf.offset, &buf.size,
					   gfp);
		if (unlikely(!buf.page)) {
			mynic_rx_inc(ring, &ring->stats.alloc_fail);
			break;
		}
		mynic_rx_post(ring, &buf);
	}
}

/* Refills the ring; false if it holds so little that the device may be unable
 * to go on, and no interrupt would ever ask again.
 */
static bool mynic_rx_refill(struct mynic_rx_ring *ring)
{
	u32 missing = mynic_rx_bytes_max(ring) - ring->posted_bytes;

	if (missing >= MYNIC_RX_BATCH * ring->buf_size ||
	    missing >= mynic_rx_bytes_max(ring) / 4) {
		/* Merged packets fill large buffers, others waste them. */
		ring->buf_size = MYNIC_RX_BUF_MIN;
		if (ring->gro && ewma_mynic_len_read(&ring->avg_len) >
				 2 * MYNIC_RX_BUF_MIN)
			ring->buf_size = MYNIC_RX_BUF_MAX;

		mynic_rx_fill(ring, GFP_ATOMIC | __GFP_NOWARN);
	}
	mynic_rx_publish(ring);

	if (likely(ring->posted_bytes >= ring->low_bytes))
		return true;

	mynic_rx_inc(ring, &ring->stats.refill_retry);
	return false;
}

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
	}

	return true;
}

/* An skb of its own for a small packet; the buffer is posted again. */
static struct sk_buff *mynic_rx_copy(struct mynic_rx_ring *ring, u32 len)
{
	struct mynic_rx_info buf = mynic_rx_take(ring);
	struct sk_buff *skb;

	page_pool_dma_sync_for_cpu(ring->pool, buf.page,
				   buf.offset + MYNIC_RX_HEADROOM, len);
	skb = napi_alloc_skb(&ring->vec->napi, len);
	if (likely(skb)) {
		skb_put_data(skb, page_address(buf.page) + buf.offset +
			     MYNIC_RX_HEADROOM, len);
		u64_stats_inc(&ring->stats.copied);
	}
	mynic_rx_reuse(ring, &buf, len);

	return skb;
}

/* An skb around the oldest @num buffers, which hold @len bytes. */
static struct sk_buff *mynic_rx_build(struct mynic_rx_ring *ring, u32 len,
				      u32 num)
{
	struct mynic_rx_info buf = mynic_rx_take(ring);
	u32 part = min(len, mynic_rx_capacity(buf.size));
	void *data = page_address(buf.page) + buf.offset;
	struct sk_buff *skb;

	page_pool_dma_sync_for_cpu(ring->pool, buf.page,
				   buf.offset + MYNIC_RX_HEADROOM, part);
	net_prefetch(data + MYNIC_RX_HEADROOM);
	ewma_mynic_len_add(&ring->avg_len, len);

	skb = napi_build_skb(data, buf.size);
	if (unlikely(!skb)) {
		mynic_rx_reuse(ring, &buf, part);
		while (--num) {
			buf = mynic_rx_take(ring);
			mynic_rx_reuse(ring, &buf,
				       mynic_rx_capacity(buf.size));
		}
		return NULL;
	}
	skb_mark_for_recycle(skb);
	skb_reserve(skb, MYNIC_RX_HEADROOM);
	__skb_put(skb, part);

	while (--num) {
		len -= part;
		buf = mynic_rx_take(ring);
		part = min(len, mynic_rx_capacity(buf.size));
		page_pool_dma_sync_for_cpu(ring->pool, buf.page,
					   buf.offset + MYNIC_RX_HEADROOM,
					   part);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, buf.page,
				buf.offset + MYNIC_RX_HEADROOM, part,
				buf.size);
	}

	return skb;
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
		capacity += mynic_rx_capacity(ring->info[slot].size);
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
	struct sk_buff *skb;
	u32 hash_type;

	barrier_data(&cqe);
	if (unlikely(!mynic_rx_sane(ring, len, num)))
		return false;

	u64_stats_update_begin(&ring->syncp);

	if (len <= MYNIC_RX_COPYBREAK)
		skb = mynic_rx_copy(ring, len);
	else
		skb = mynic_rx_build(ring, len, num);
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

	if (likely(!ring->broken) && !mynic_rx_refill(ring))
		return budget;

	return done;
}

/* Asks for an interrupt with the next completion. */
static void mynic_rx_arm(const struct mynic_rx_ring *ring, u32 index)
{
	if (ring->shadow)
		WRITE_ONCE(ring->cq_ctl->arm, cpu_to_le32(index));
	else
		mynic_hw_doorbell(ring->hw, ring->idx, MYNIC_DB_CQ_ARM, index);
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

/**
 * mynic_rx_check_cfg() - whether rings of a configuration hold any packet
 * @mn: the network device
 * @cfg: configuration
 * @extack: receives what is wrong
 *
 * Return: 0 or -EINVAL
 */
int mynic_rx_check_cfg(const struct mynic_net *mn,
		       const struct mynic_queue_cfg *cfg,
		       struct netlink_ext_ack *extack)
{
	u32 need = mynic_rx_bufs_max(cfg);

	if (cfg->rx_slots >= need)
		return 0;

	NL_SET_ERR_MSG_FMT_MOD(extack,
			       "rx %u: cannot hold a frame of %u bytes, needs at least %lu",
			       cfg->rx_slots, mynic_rx_frame_max(cfg),
			       roundup_pow_of_two(need));
	return -EINVAL;
}

static struct page_pool *mynic_rx_pool_create(struct mynic_rx_ring *ring,
					      const struct mynic_queue_cfg *cfg)
{
	u32 size = cfg->rx_gro ? MYNIC_RX_BUF_MAX : MYNIC_RX_BUF_MIN;
	struct page_pool_params params = {
		.order = get_order(size),
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = min_t(u32, cfg->rx_slots, MYNIC_RX_POOL_MAX),
		.nid = dev_to_node(ring->dev),
		.dev = ring->dev,
		.netdev = ring->netdev,
		.queue_idx = ring->idx,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE << get_order(size),
	};

	/* Belongs to the NAPI only between start() and clean(), which are
	 * called while it is disabled.
	 */
	return page_pool_create(&params);
}

static void mynic_rx_free_bufs(struct mynic_rx_ring *ring)
{
	while (ring->next_to_clean != ring->next_to_post) {
		struct mynic_rx_info buf = mynic_rx_take(ring);

		page_pool_put_full_page(ring->pool, buf.page, false);
	}
}

/**
 * mynic_rx_ring_free() - free a receive ring that the device does not know
 * @ring: the ring, or NULL
 */
void mynic_rx_ring_free(struct mynic_rx_ring *ring)
{
	if (!ring)
		return;

	if (ring->pool) {
		mynic_rx_free_bufs(ring);
		page_pool_destroy(ring->pool);
	}
	if (ring->ctl)
		dma_free_coherent(ring->dev, 2 * sizeof(*ring->ctl),
				  ring->ctl, ring->ctl_dma);
	if (ring->cqes)
		dma_free_coherent(ring->dev,
				  array_size(ring->mask + 1,
					     sizeof(*ring->cqes)),
				  ring->cqes, ring->cq_dma);
	if (ring->bufs)
		dma_free_coherent(ring->dev,
				  array_size(ring->mask + 1,
					     sizeof(*ring->bufs)),
				  ring->bufs, ring->dma);
	kvfree(ring->info);
	kfree(ring);
}

/**
 * mynic_rx_ring_alloc() - memory and buffers of a receive ring
 * @vec: the channel
 * @cfg: configuration
 *
 * Context: process.
 * Return: the ring, of which the device knows nothing yet, or an ERR_PTR()
 */
struct mynic_rx_ring *mynic_rx_ring_alloc(struct mynic_vector *vec,
					  const struct mynic_queue_cfg *cfg)
{
	struct mynic_net *mn = vec->mn;
	struct mynic_dev *mdev = mn->mdev;
	int node = dev_to_node(&mdev->pdev->dev);
	struct mynic_rx_ring *ring;
	int err = -ENOMEM;

	/* A merged packet in the smallest buffers: a head and fragments. */
	BUILD_BUG_ON(MYNIC_RX_GRO_MAX > (MAX_SKB_FRAGS + 1) *
		     (MYNIC_RX_BUF_MIN - MYNIC_RX_OVERHEAD));

	ring = kzalloc_node(sizeof(*ring), GFP_KERNEL, node);
	if (!ring)
		return ERR_PTR(err);

	ring->vec = vec;
	ring->netdev = mn->netdev;
	ring->dev = &mdev->pdev->dev;
	ring->hw = &mdev->hw;
	ring->idx = vec->idx;
	ring->mask = cfg->rx_slots - 1;
	ring->shadow = mynic_has(mdev, MYNIC_F_SHADOW);
	ring->gro = cfg->rx_gro;
	ring->low_bytes = max(mynic_rx_bytes_max(ring) / 4,
			      mynic_rx_bufs_max(cfg) * MYNIC_RX_BUF_MIN);
	ring->buf_size = MYNIC_RX_BUF_MIN;
	ewma_mynic_len_init(&ring->avg_len);
	u64_stats_init(&ring->syncp);

	ring->info = kvcalloc_node(cfg->rx_slots, sizeof(*ring->info),
				   GFP_KERNEL, node);
	if (!ring->info)
		goto err_free;

	ring->bufs = dma_alloc_coherent(ring->dev,
					array_size(cfg->rx_slots,
						   sizeof(*ring->bufs)),
					&ring->dma, GFP_KERNEL);
	if (!ring->bufs)
		goto err_free;

	ring->cqes = dma_alloc_coherent(ring->dev,
					array_size(cfg->rx_slots,
						   sizeof(*ring->cqes)),
					&ring->cq_dma, GFP_KERNEL);
	if (!ring->cqes)
		goto err_free;

	ring->ctl = dma_alloc_coherent(ring->dev, 2 * sizeof(*ring->ctl),
				       &ring->ctl_dma, GFP_KERNEL);
	if (!ring->ctl)
		goto err_free;
	ring->cq_ctl = ring->ctl + 1;
	ring->cq_ctl_dma = ring->ctl_dma + sizeof(*ring->ctl);

	ring->pool = mynic_rx_pool_create(ring, cfg);
	if (IS_ERR(ring->pool)) {
		err = PTR_ERR(ring->pool);
		ring->pool = NULL;
		goto err_free;
	}

	mynic_rx_fill(ring, GFP_KERNEL);
	if (u64_stats_read(&ring->stats.alloc_fail)) {
		err = -ENOMEM;
		goto err_free;
	}

	return ring;

err_free:
	mynic_rx_ring_free(ring);
	return ERR_PTR(err);
}

/**
 * mynic_rx_ring_describe() - what the create commands say of a ring
 * @ring: the ring
 * @rxq: receives size and addresses of the receive ring
 * @cq: receives size and addresses of the completion ring
 */
void mynic_rx_ring_describe(const struct mynic_rx_ring *ring,
			    struct mynic_cmd_rxq *rxq,
			    struct mynic_cmd_cq *cq)
{
	__le16 log2_size = cpu_to_le16(ilog2(ring->mask + 1));

	rxq->log2_size = log2_size;
	rxq->ring = cpu_to_le64(ring->dma);
	rxq->ctl = cpu_to_le64(ring->ctl_dma);
	cq->log2_size = log2_size;
	cq->ring = cpu_to_le64(ring->cq_dma);
	cq->ctl = cpu_to_le64(ring->cq_ctl_dma);
}

/**
 * mynic_rx_ring_start() - begin with a ring that the device has created
 * @ring: the ring
 *
 * Posts the buffers that it holds.
 *
 * Context: process, NAPI disabled. Cannot fail.
 */
void mynic_rx_ring_start(struct mynic_rx_ring *ring)
{
	mynic_page_pool_link(ring->pool, &ring->vec->napi);
	/* With indices in memory the zeroed control block arms entry 0. */
	if (!ring->shadow)
		mynic_rx_arm(ring, 0);
	mynic_rx_publish(ring);
}

/* Reverses the order of the slots from @first up to, not including, @end. */
static void mynic_rx_reverse(struct mynic_rx_ring *ring, u32 first, u32 end)
{
	/* swap() evaluates its arguments twice. */
	for (; first + 1 < end; first++) {
		end--;
		swap(ring->info[first], ring->info[end]);
	}
}

/**
 * mynic_rx_ring_clean() - put a ring that the device forgot back to its start
 * @ring: the ring
 *
 * Keeps the buffers, from slot 0 on, so that the ring can be started again.
 *
 * Context: process, NAPI disabled.
 */
void mynic_rx_ring_clean(struct mynic_rx_ring *ring)
{
	u32 size = ring->mask + 1, first = ring->next_to_clean & ring->mask;
	u32 count = ring->next_to_post - ring->next_to_clean;
	u32 i;

	page_pool_disable_direct_recycling(ring->pool);

	/* Turn the array so that the oldest buffer comes first. */
	mynic_rx_reverse(ring, 0, first);
	mynic_rx_reverse(ring, first, size);
	mynic_rx_reverse(ring, 0, size);

	ring->next_to_clean = 0;
	ring->next_to_post = 0;
	ring->published = 0;
	ring->posted_bytes = 0;
	ring->cq_head = 0;
	ring->broken = false;

	for (i = 0; i < count; i++) {
		struct mynic_rx_info buf = ring->info[i];

		mynic_rx_reuse(ring, &buf, mynic_rx_capacity(buf.size));
	}

	memset(ring->cqes, 0, array_size(size, sizeof(*ring->cqes)));
	memset(ring->ctl, 0, 2 * sizeof(*ring->ctl));
}
