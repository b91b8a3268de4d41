// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a receive ring, and its buffers: out of a page pool into the ring.
 *
 * Buffers are posted, filled and read in order. Each has room before and
 * behind what the device writes, so that the first one of a packet becomes
 * the linear part of its skb as it is, and the others fragments.
 */
#include <linux/slab.h>

#include "mynic.h"
#include "mynic_rx.h"

/* Buffers are posted this many at a time, so that the device's shared line is
 * not written for each.
 */
#define MYNIC_RX_BATCH		16

/* Free pages that a page pool is asked to keep: so many also if the ring posts
 * less, for readers of several flows give back more than that at once; and no
 * more than this.
 */
#define MYNIC_RX_POOL_KEEP	512
#define MYNIC_RX_POOL_MAX	16384

/* How often in a row memory that was made free does not help a new ring. */
#define MYNIC_RX_FILL_TRIES	8

/* Longest frame that may come in. */
static u32 mynic_rx_frame_max(const struct mynic_queue_cfg *cfg)
{
	u32 frame = cfg->mtu + MYNIC_RX_L2_MAX;

	return cfg->rx_gro ? max_t(u32, frame, MYNIC_RX_GRO_MAX) : frame;
}

/* Buffers of the smallest size that it fills. */
static u32 mynic_rx_bufs_max(const struct mynic_queue_cfg *cfg)
{
	return DIV_ROUND_UP(mynic_rx_frame_max(cfg),
			    MYNIC_RX_BUF_MIN - mynic_rx_headroom(cfg) -
			    MYNIC_RX_TAILROOM);
}

/* Most bytes posted. Larger buffers are fewer, so that what a ring of a size
 * takes of the memory does not depend on the traffic.
 */
static u32 mynic_rx_bytes_max(const struct mynic_rx_ring *ring)
{
	return (ring->mask + 1) * MYNIC_RX_BUF_MIN;
}

/* Tells the device of everything up to next_to_post. */
static void mynic_rx_publish(struct mynic_rx_ring *ring)
{
	u32 old = ring->published, new = ring->next_to_post;

	if (old == new)
		return;
	ring->published = new;

	/* Buffers before the tail or the doorbell that covers them. It also
	 * gives back the completions that have been read, so loads too come
	 * before it, of which writel() says nothing.
	 */
	dma_mb();
	if (ring->shadow) {
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

/* Fills a ring that is not in use. The pool must not sleep, since it keeps the
 * list of its mapped pages with bottom halves off: memory is made free here,
 * and the pool takes what is there. Nobody is killed for a ring.
 */
static int mynic_rx_fill_new(struct mynic_rx_ring *ring)
{
	u32 order = ring->pool->p.order;
	u32 in_vain = 0;

	while (in_vain < MYNIC_RX_FILL_TRIES) {
		u32 posted = ring->next_to_post;
		struct page *page;

		mynic_rx_fill(ring, GFP_NOWAIT | __GFP_NOWARN);
		if (!u64_stats_read(&ring->stats.alloc_fail))
			return 0;
		u64_stats_set(&ring->stats.alloc_fail, 0);

		page = alloc_pages_node(ring->pool->p.nid,
					MYNIC_GFP_RING | __GFP_COMP, order);
		if (!page)
			break;
		__free_pages(page, order);
		in_vain = ring->next_to_post == posted ? in_vain + 1 : 0;
	}

	return -ENOMEM;
}

/**
 * mynic_rx_refill() - post what buffers are missing
 * @ring: the ring
 *
 * Context: NAPI, at the end of a poll.
 * Return: false if the ring holds so little that the device may be unable to
 * go on, and no interrupt would ever ask again
 */
bool mynic_rx_refill(struct mynic_rx_ring *ring)
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
	u32 order = get_order(cfg->rx_gro ? MYNIC_RX_BUF_MAX :
					    MYNIC_RX_BUF_MIN);
	u32 size = PAGE_SIZE << order;
	u32 pages = max_t(u32, mynic_rx_bytes_max(ring) / size,
			  min_t(u32, cfg->rx_slots, MYNIC_RX_POOL_KEEP));
	struct page_pool_params params = {
		.order = order,
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = min_t(u32, pages, MYNIC_RX_POOL_MAX),
		.nid = dev_to_node(ring->dev),
		.dev = ring->dev,
		.netdev = ring->netdev,
		.queue_idx = ring->idx,
		.dma_dir = cfg->xdp_prog ? DMA_BIDIRECTIONAL : DMA_FROM_DEVICE,
		.max_len = size,
	};

	/* Belongs to the NAPI only between start() and clean(), which are
	 * called while it is disabled.
	 */
	return page_pool_create(&params);
}

static int mynic_rx_xdp_register(struct mynic_rx_ring *ring)
{
	u32 frag_size = 0;
	int err;

	/* A fragment may grow up to the end of its page, if that is ours. */
	if (IS_ALIGNED(MYNIC_RX_BUF_MIN, PAGE_SIZE))
		frag_size = PAGE_SIZE;

	err = __xdp_rxq_info_reg(&ring->xdp_rxq, ring->netdev, ring->idx,
				 ring->vec->napi.napi_id, frag_size);
	if (err)
		return err;
	err = xdp_rxq_info_reg_mem_model(&ring->xdp_rxq, MEM_TYPE_PAGE_POOL,
					 ring->pool);
	if (err)
		xdp_rxq_info_unreg(&ring->xdp_rxq);
	return err;
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

	if (xdp_rxq_info_is_reg(&ring->xdp_rxq))
		xdp_rxq_info_unreg(&ring->xdp_rxq);
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
		     (MYNIC_RX_BUF_MIN - MYNIC_RX_HEADROOM -
		      MYNIC_RX_TAILROOM));

	ring = kzalloc_node(sizeof(*ring), MYNIC_GFP_RING, node);
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
	ring->headroom = mynic_rx_headroom(cfg);
	ring->xdp_prog = cfg->xdp_prog;
	ring->low_bytes = max(mynic_rx_bytes_max(ring) / 4,
			      mynic_rx_bufs_max(cfg) * MYNIC_RX_BUF_MIN);
	ring->buf_size = MYNIC_RX_BUF_MIN;
	ewma_mynic_len_init(&ring->avg_len);
	u64_stats_init(&ring->syncp);

	ring->info = kvcalloc_node(cfg->rx_slots, sizeof(*ring->info),
				   MYNIC_GFP_RING, node);
	if (!ring->info)
		goto err_free;

	ring->bufs = dma_alloc_coherent(ring->dev,
					array_size(cfg->rx_slots,
						   sizeof(*ring->bufs)),
					&ring->dma, MYNIC_GFP_RING);
	if (!ring->bufs)
		goto err_free;

	ring->cqes = dma_alloc_coherent(ring->dev,
					array_size(cfg->rx_slots,
						   sizeof(*ring->cqes)),
					&ring->cq_dma, MYNIC_GFP_RING);
	if (!ring->cqes)
		goto err_free;

	ring->ctl = dma_alloc_coherent(ring->dev, 2 * sizeof(*ring->ctl),
				       &ring->ctl_dma, MYNIC_GFP_RING);
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

	if (ring->xdp_prog) {
		err = mynic_rx_xdp_register(ring);
		if (err)
			goto err_free;
	}

	err = mynic_rx_fill_new(ring);
	if (err)
		goto err_free;

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

		mynic_rx_reuse(ring, &buf, mynic_rx_capacity(ring, buf.size));
	}

	memset(ring->cqes, 0, array_size(size, sizeof(*ring->cqes)));
	memset(ring->ctl, 0, 2 * sizeof(*ring->ctl));
}
