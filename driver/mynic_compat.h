/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels: the only version tests of the driver.
 *
 * Two worlds. From 7.2 on the driver is "ops locked": the core calls it under
 * netdev->lock, ethtool even without rtnl_lock, and the driver uses the
 * *_locked calls. Before, down to 6.12, rtnl_lock alone protects everything.
 * See Documentation/networking/netdevices.rst.
 */
#ifndef MYNIC_COMPAT_H
#define MYNIC_COMPAT_H

#include <linux/dim.h>
#include <linux/dma-mapping.h>
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/version.h>
#include <net/ipv6.h>
#include <net/page_pool/types.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "mynic needs Linux 6.12 or newer"
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
/* ops locked; ndo_set_rx_mode_async; queue_mgmt_ops with a queue's config */
#define MYNIC_OPS_LOCKED	1
#else
#define MYNIC_OPS_LOCKED	0
#endif

#if MYNIC_OPS_LOCKED

#include <net/netdev_lock.h>
#include <net/netdev_queues.h>

/* Take and release the control locks: see "Lock order" in mynic.h. */
static inline void mynic_lock(struct net_device *netdev)
{
	rtnl_lock();
	netdev_lock(netdev);
}

static inline void mynic_unlock(struct net_device *netdev)
{
	netdev_unlock(netdev);
	rtnl_unlock();
}

/* The innermost control lock is held, or nobody can see the device yet. */
static inline void mynic_assert_locked(const struct net_device *netdev)
{
	netdev_assert_locked_or_invisible(netdev);
}

static inline void mynic_napi_add(struct net_device *netdev,
				  struct napi_struct *napi,
				  int (*poll)(struct napi_struct *, int),
				  int index, int irq)
{
	netif_napi_add_config_locked(netdev, napi, poll, index);
	netif_napi_set_irq_locked(napi, irq);
}

static inline void mynic_napi_del(struct napi_struct *napi)
{
	netif_napi_del_locked(napi);
}

static inline void mynic_napi_enable(struct napi_struct *napi)
{
	napi_enable_locked(napi);
}

static inline void mynic_napi_disable(struct napi_struct *napi)
{
	napi_disable_locked(napi);
}

#else /* !MYNIC_OPS_LOCKED */

#include <net/netdev_queues.h>

static inline void mynic_lock(struct net_device *netdev)
{
	rtnl_lock();
}

static inline void mynic_unlock(struct net_device *netdev)
{
	rtnl_unlock();
}

static inline void mynic_assert_locked(const struct net_device *netdev)
{
	if (netdev->reg_state == NETREG_REGISTERED ||
	    netdev->reg_state == NETREG_UNREGISTERING)
		ASSERT_RTNL();
}

static inline void mynic_napi_add(struct net_device *netdev,
				  struct napi_struct *napi,
				  int (*poll)(struct napi_struct *, int),
				  int index, int irq)
{
	netif_napi_add(netdev, napi, poll);
	netif_napi_set_irq(napi, irq);
}

static inline void mynic_napi_del(struct napi_struct *napi)
{
	netif_napi_del(napi);
}

static inline void mynic_napi_enable(struct napi_struct *napi)
{
	napi_enable(napi);
}

static inline void mynic_napi_disable(struct napi_struct *napi)
{
	napi_disable(napi);
}

#endif /* MYNIC_OPS_LOCKED */

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
/* ethtool_ops has get_rxfh_fields and set_rxfh_fields, by context if the
 * driver wants that, and a driver says how it can transform the hash's input
 */
#define MYNIC_RXFH_FIELDS	1
#else
#define MYNIC_RXFH_FIELDS	0
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
/* a flow rule may add to the queues of an RSS context, if a driver says so */
#define MYNIC_RXNFC_ADDS	1
#else
#define MYNIC_RXNFC_ADDS	0
#endif

#ifndef RXH_IP6_FL
/* Earlier kernels do not ask for it. */
#define RXH_IP6_FL		BIT(9)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
/* ethtool_ops has get_rx_ring_count */
#define MYNIC_RX_RING_COUNT	1
#else
#define MYNIC_RX_RING_COUNT	0
#endif

/* Memory that the fragments of a packet of XDP take, each of them @size. */
static inline void mynic_xdp_set_truesize(struct skb_shared_info *sinfo,
					  u32 size)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
	sinfo->xdp_frags_truesize = sinfo->nr_frags * size;
#endif
}

static inline void mynic_net_dim(struct dim *dim,
				 const struct dim_sample *sample)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	net_dim(dim, sample);
#else
	net_dim(dim, *sample);
#endif
}

/* Takes out what the stack puts into packets over IPv6 that are longer than
 * their header can say, before 7.0; it is not for the wire. False if there is
 * no memory to do so.
 */
static inline bool mynic_strip_jumbo(struct sk_buff *skb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
	return !ipv6_hopopt_jumbo_remove(skb);
#else
	return true;
#endif
}

/* The pool's pages may go back without a lock while @napi, which is disabled
 * now, runs; until page_pool_disable_direct_recycling().
 */
static inline void mynic_page_pool_link(struct page_pool *pool,
					struct napi_struct *napi)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	page_pool_enable_direct_recycling(pool, napi);
#else
	WRITE_ONCE(pool->p.napi, napi);
#endif
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)

/* No addresses without a mapping yet: as behind no IOMMU on later kernels. */
struct dma_iova_state {
	dma_addr_t addr;
};

static inline bool dma_iova_try_alloc(struct device *dev,
				      struct dma_iova_state *state,
				      phys_addr_t phys, size_t size)
{
	return false;
}

static inline void dma_iova_free(struct device *dev,
				 struct dma_iova_state *state)
{
}

static inline int dma_iova_link(struct device *dev,
				struct dma_iova_state *state,
				phys_addr_t phys, size_t offset, size_t size,
				enum dma_data_direction dir,
				unsigned long attrs)
{
	return -EOPNOTSUPP;
}

static inline int dma_iova_sync(struct device *dev,
				struct dma_iova_state *state, size_t offset,
				size_t size)
{
	return -EOPNOTSUPP;
}

static inline void dma_iova_unlink(struct device *dev,
				   struct dma_iova_state *state, size_t offset,
				   size_t size, enum dma_data_direction dir,
				   unsigned long attrs)
{
}

#endif

#endif /* MYNIC_COMPAT_H */
