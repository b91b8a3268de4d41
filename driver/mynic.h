/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mynic: the two structures that everything hangs on, and who calls whom.
 *
 * Open this file first. struct mynic_dev lives as long as the PCI device is
 * bound and survives resets; struct mynic_net is the private part of the
 * net_device. Rings are in mynic_ring.h, registers in mynic_hw.h, admin
 * commands in mynic_admin.h.
 *
 * Lock order, outermost first:
 *
 *   1. rtnl_lock
 *   2. netdev->lock (kernels on which drivers can ask for it; see
 *      mynic_assert_locked() in mynic_compat.h)
 *   3. mynic_admin.lock, a mutex: one admin command at a time
 *   4. a transmit queue's _xmit_lock
 *   5. mynic_net.stats_lock and mynic_net.link_lock, spinlocks taken with
 *	bottom halves off, never both
 *
 * 1 and 2 together are "the control locks": everything that changes the
 * configuration, the set of rings or the state of the device holds them (a
 * few ethtool getters hold only 2 and change nothing). The reset work takes
 * both. The event work takes neither. Nothing that runs under 3 or below
 * takes 1 or 2, so DIM and event works can be cancelled under the control
 * locks.
 */
#ifndef MYNIC_H
#define MYNIC_H

#include <linux/cpumask.h>
#include <linux/dim.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "mynic_abi.h"
#include "mynic_admin.h"
#include "mynic_compat.h"
#include "mynic_hw.h"
#include "mynic_queue.h"

#define MYNIC_DRV_NAME		"mynic"

#define MYNIC_DEFAULT_RING_SIZE	1024

struct bpf_prog;
struct dentry;
struct mynic_net;
struct mynic_rx_ring;
struct mynic_tx_ring;

/**
 * enum mynic_reset_reason - why the device is reset; counted one by one
 * @MYNIC_RESET_TX_TIMEOUT: the stack's transmit watchdog expired
 * @MYNIC_RESET_ADMIN_TIMEOUT: an admin command was not completed in time
 * @MYNIC_RESET_ADMIN_ERROR: the device refused a command that cannot fail
 * @MYNIC_RESET_QUEUE_ERROR: the device stopped a queue
 * @MYNIC_RESET_BAD_VALUE: the device wrote a value outside its bounds
 * @MYNIC_RESET_FATAL: the device set STATUS.FATAL
 * @MYNIC_RESET_AER: PCI error recovery
 * @MYNIC_RESET_FLR: somebody reset the function, as through sysfs
 * @MYNIC_RESET_PM: return from suspend
 * @MYNIC_RESET_USER: ethtool --reset
 */
enum mynic_reset_reason {
	MYNIC_RESET_TX_TIMEOUT,
	MYNIC_RESET_ADMIN_TIMEOUT,
	MYNIC_RESET_ADMIN_ERROR,
	MYNIC_RESET_QUEUE_ERROR,
	MYNIC_RESET_BAD_VALUE,
	MYNIC_RESET_FATAL,
	MYNIC_RESET_AER,
	MYNIC_RESET_FLR,
	MYNIC_RESET_PM,
	MYNIC_RESET_USER,
	/* private: one more than the last; not a reason */
	MYNIC_RESET_COUNT
};

/**
 * enum mynic_state - bits of mynic_dev.state
 * @MYNIC_STATE_ENABLED: the device is enabled and takes admin commands
 * @MYNIC_STATE_UP: the rings of mynic_net are started
 * @MYNIC_STATE_SUSPENDED: stopped for PM or PCI error recovery, which will
 *	start it again; the reset work keeps off
 * @MYNIC_STATE_REMOVING: no further reset may be scheduled
 * @MYNIC_STATE_FAILED: recovery was given up; only removal helps
 * @MYNIC_STATE_PROBING: there is no network device to reset yet; what is
 *	asked for waits for mynic_reset_allow()
 */
enum mynic_state {
	MYNIC_STATE_ENABLED,
	MYNIC_STATE_UP,
	MYNIC_STATE_SUSPENDED,
	MYNIC_STATE_REMOVING,
	MYNIC_STATE_FAILED,
	MYNIC_STATE_PROBING,
	/* private: */
	MYNIC_STATE_COUNT
};

/**
 * struct mynic_dev - one card, from probe to remove
 * @pdev: the PCI function
 * @netdev: its network device
 * @hw: registers, doorbells and limits
 * @features: MYNIC_F_* that were negotiated
 * @info: what GET_INFO said; fw_version ends with 0
 * @admin: admin queue and event ring
 * @state: bits, enum mynic_state
 * @num_vectors: MSI-X vectors allocated, one of them for admin
 * @max_channels: queue pairs that can be used: limited by device and vectors
 * @admin_irq_name: as in /proc/interrupts
 * @reset_work: runs mynic_reset_work()
 * @reset_last: jiffies of the last reset
 * @reset_pending: bits, enum mynic_reset_reason
 * @reset_failures: resets that failed in a row
 * @reset_counts: resets by reason, since probe
 * @events_lost: events that the device could not report, since it was enabled
 * @debugfs: directory of this card
 */
struct mynic_dev {
	struct pci_dev *pdev;
	struct net_device *netdev;
	struct mynic_hw hw;
	u64 features;
	struct mynic_device_info info;
	struct mynic_admin admin;
	DECLARE_BITMAP(state, MYNIC_STATE_COUNT);

	u16 num_vectors;
	u16 max_channels;
	char admin_irq_name[32];

	struct delayed_work reset_work;
	unsigned long reset_last;
	unsigned long reset_pending;
	unsigned int reset_failures;
	u64 reset_counts[MYNIC_RESET_COUNT];
	u32 events_lost;

	struct dentry *debugfs;
};

/**
 * struct mynic_queue_cfg - everything that a set of rings is made from
 * @channels: queue pairs
 * @tx_slots: slots of each transmit ring, a power of two
 * @rx_slots: buffers of each receive ring, a power of two
 * @tx_copybreak: packets and linear parts up to this length are copied into
 *	memory that is always mapped, 0 for none
 * @mtu: largest packet without Ethernet header
 * @rx_gro: the device merges segments (HW-GRO): packets of 64 KiB come in,
 *	for which receive rings have larger buffers
 * @xdp_prog: XDP program, or NULL; not together with @rx_gro
 *
 * Reconfiguration copies the current one, changes the copy and passes it to
 * mynic_reconfigure(). Ring code takes its sizes from here, never from the
 * net_device.
 */
struct mynic_queue_cfg {
	u16 channels;
	u32 tx_slots;
	u32 rx_slots;
	u16 tx_copybreak;
	u32 mtu;
	bool rx_gro;
	struct bpf_prog *xdp_prog;
};

/**
 * struct mynic_coalesce - interrupt moderation of one channel
 * @rx_usecs: microseconds a receive interrupt may wait
 * @rx_frames: packets after which it waits no longer, 0 for none
 * @tx_usecs: microseconds a transmit interrupt may wait
 * @tx_frames: packets after which it waits no longer, 0 for none
 * @adaptive_rx: DIM chooses @rx_usecs and @rx_frames
 * @adaptive_tx: DIM chooses @tx_usecs and @tx_frames
 */
struct mynic_coalesce {
	u16 rx_usecs;
	u16 rx_frames;
	u16 tx_usecs;
	u16 tx_frames;
	bool adaptive_rx;
	bool adaptive_tx;
};

/**
 * struct mynic_vector - one channel: MSI-X vector, NAPI and a pair of rings
 * @napi: polls both rings
 * @tx: transmit ring, NULL while there is none
 * @rx: receive ring, NULL while there is none
 * @mn: whose channel it is
 * @idx: number of the channel, of its queues and of its NAPI
 * @msix: number of the MSI-X vector, @idx + 1
 * @irq: Linux interrupt number
 * @tx_dim: adaptive moderation of transmit
 * @rx_dim: adaptive moderation of receive
 * @dim_events: interrupts since the vector was made, for DIM
 * @affinity: CPUs near the device that it was spread to
 * @name: as in /proc/interrupts
 *
 * Lives from open to stop, or until a reconfiguration drops the channel;
 * rings come and go underneath.
 */
struct mynic_vector {
	struct napi_struct napi;
	struct mynic_tx_ring *tx;
	struct mynic_rx_ring *rx;
	struct mynic_net *mn;
	u16 idx;
	u16 msix;
	int irq;
	u16 dim_events;
	struct dim tx_dim;
	struct dim rx_dim;

	/* Slow path fields follow. */
	cpumask_t affinity;
	char name[IFNAMSIZ + 16];
};

struct mynic_rss;
struct mynic_rule;
struct mynic_stats;

/**
 * struct mynic_net - private part of the net_device
 * @tx: transmit rings by queue number, max_channels of them; NULL where
 *	there is none. Written under the control locks, the transmit queues
 *	stopped, and @stats_lock; so both ndo_start_xmit and holders of
 *	@stats_lock may use what they find.
 * @rx: receive rings by queue number, likewise, NAPI disabled
 * @vectors: channels by number, NULL where there is none
 * @mdev: the card
 * @netdev: the network device
 * @cfg: configuration of the rings, current ones or those of the next open
 * @coal: moderation by channel, max_channels of them
 * @placed: channels whose interrupt has been given its CPUs, a bit for each
 * @rss: RSS contexts by number, hw.rss_contexts of them; NULL where there is
 *	none, which [0] never is; owned by mynic_rss.c
 * @rules: flow rules by location, hw.rules of them; NULL where there is none;
 *	owned by mynic_rules.c
 * @num_rules: number of flow rules
 * @stats: owned by mynic_stats.c
 * @stats_lock: rings in @tx and @rx appear, disappear and are folded into
 *	the history under it
 * @rx_mode_work: sends the receive filter on kernels that set it in atomic
 *	context
 * @vlans: VLAN identifiers that pass, as SET_VLAN_FILTER wants them
 * @rx_mode: flags of SET_RX_FILTER as last sent
 * @offloads: MYNIC_OFFLOAD_RX_* in use
 * @link_lock: the carrier follows STATUS.LINK_UP under it
 * @link_speed: of the last report, Mb/s, or SPEED_UNKNOWN
 * @link_duplex: of the last report, DUPLEX_*
 * @msg_enable: message level of ethtool
 */
struct mynic_net {
	struct mynic_tx_ring **tx;
	struct mynic_rx_ring **rx;
	struct mynic_vector **vectors;

	struct mynic_dev *mdev;
	struct net_device *netdev;

	/* Slow path fields follow. */
	struct mynic_queue_cfg cfg;
	struct mynic_coalesce *coal;
	unsigned long *placed;
	struct mynic_rss **rss;
	struct mynic_rule **rules;
	u32 num_rules;
	struct mynic_stats *stats;
	spinlock_t stats_lock; /* publishes and retires rings */
	struct work_struct rx_mode_work;
	DECLARE_BITMAP(vlans, VLAN_N_VID);
	u16 rx_mode;
	u32 offloads;
	spinlock_t link_lock; /* reads the link's state, sets the carrier */
	u32 link_speed;
	u8 link_duplex;
	u32 msg_enable;
};

static inline bool mynic_has(const struct mynic_dev *mdev, u64 feature)
{
	return (mdev->features & feature) == feature;
}

/* mynic_ethtool.c */
__printf(3, 4)
void mynic_refuse(const struct net_device *netdev,
		  struct netlink_ext_ack *extack, const char *fmt, ...);

/* mynic_tx.c: ring_alloc may fail and touches no hardware. The device knows
 * nothing of a ring until its create command. describe() fills ring, ctl and
 * log2_size of the command. start() is called behind the create command, the
 * NAPI still disabled, and cannot fail. clean() is called once the device has
 * forgotten the queue and NAPI is disabled: it drops what is outstanding,
 * resets BQL and puts every index and the control block back to 0, so that
 * the ring could be created again.
 */
struct mynic_tx_ring *mynic_tx_ring_alloc(struct mynic_vector *vec,
					  const struct mynic_queue_cfg *cfg);
void mynic_tx_ring_free(struct mynic_tx_ring *ring);
void mynic_tx_ring_describe(const struct mynic_tx_ring *ring,
			    struct mynic_cmd_txq *cmd);
void mynic_tx_ring_start(struct mynic_tx_ring *ring);
void mynic_tx_ring_clean(struct mynic_tx_ring *ring);
netdev_tx_t mynic_xmit(struct sk_buff *skb, struct net_device *netdev);
u16 mynic_tx_copybreak_default(const struct mynic_dev *mdev);

/* mynic_rx.c: as above. ring_alloc also takes the first buffers, so that
 * memory is found wanting while the old rings still work. start() posts.
 * poll() serves vec->tx and vec->rx, whichever is not NULL.
 */
struct mynic_rx_ring *mynic_rx_ring_alloc(struct mynic_vector *vec,
					  const struct mynic_queue_cfg *cfg);
void mynic_rx_ring_free(struct mynic_rx_ring *ring);
void mynic_rx_ring_describe(const struct mynic_rx_ring *ring,
			    struct mynic_cmd_rxq *rxq,
			    struct mynic_cmd_cq *cq);
void mynic_rx_ring_start(struct mynic_rx_ring *ring);
void mynic_rx_ring_clean(struct mynic_rx_ring *ring);
int mynic_txrx_poll(struct napi_struct *napi, int budget);

/* mynic_xdp.c: unfit() says which features would let packets come in as a
 * program cannot know or send on; they are off while it is attached.
 */
extern const struct xdp_metadata_ops mynic_xdp_metadata_ops;
int mynic_bpf(struct net_device *netdev, struct netdev_bpf *bpf);
int mynic_xdp_xmit(struct net_device *netdev, int num,
		   struct xdp_frame **frames, u32 flags);
int mynic_xdp_check_cfg(const struct mynic_net *mn,
			const struct mynic_queue_cfg *cfg,
			struct netlink_ext_ack *extack);
netdev_features_t mynic_xdp_unfit(const struct mynic_net *mn,
				  const struct bpf_prog *prog);

/* mynic_stats.c: fold_*() add a ring's counters to the history; the caller
 * holds stats_lock and takes the ring out of mn->tx or mn->rx in the same
 * section. port_fold() is called, the admin queue working if it can, before
 * the device is reset and its counters fall to 0.
 */
extern const struct netdev_stat_ops mynic_stat_ops;
int mynic_stats_init(struct mynic_net *mn);
void mynic_stats_stop(struct mynic_net *mn);
void mynic_stats_free(struct mynic_net *mn);
void mynic_stats_fold_tx(struct mynic_net *mn, struct mynic_tx_ring *ring);
void mynic_stats_fold_rx(struct mynic_net *mn, struct mynic_rx_ring *ring);
void mynic_stats_get64(struct net_device *netdev,
		       struct rtnl_link_stats64 *stats);
void mynic_stats_port_fold(struct mynic_net *mn);

/* mynic_rss.c: free() is also called when init() was not. init() chooses key
 * and an even table over cfg.channels. set_channels() is called with the new
 * number, nothing failed, before push(): it spreads the default table anew
 * and leaves a user's alone. check_channels() refuses a number that a user's
 * table does not allow. push() is for context 0, push_contexts() for the
 * others, which survive ifdown.
 */
int mynic_rss_init(struct mynic_net *mn);
void mynic_rss_free(struct mynic_net *mn);
int mynic_rss_check_channels(struct mynic_net *mn, u16 channels,
			     struct netlink_ext_ack *extack);
void mynic_rss_set_channels(struct mynic_net *mn, u16 channels);
int mynic_rss_push(struct mynic_net *mn);
int mynic_rss_push_contexts(struct mynic_net *mn);

/* mynic_coalesce.c: the moderation a queue is created with, and DIM's start
 * and stop around the life of a vector's rings.
 */
void mynic_coalesce_init(struct mynic_net *mn);
void mynic_coalesce_tx(const struct mynic_vector *vec,
		       struct mynic_cmd_moderation *mod);
void mynic_coalesce_rx(const struct mynic_vector *vec,
		       struct mynic_cmd_moderation *mod);
void mynic_dim_start(struct mynic_vector *vec);
void mynic_dim_stop(struct mynic_vector *vec);

/* mynic_ethtool.c, mynic_debugfs.c */
extern const struct ethtool_ops mynic_ethtool_ops;
void mynic_debugfs_module_init(void);
void mynic_debugfs_module_exit(void);
void mynic_debugfs_add(struct mynic_dev *mdev);
void mynic_debugfs_remove(struct mynic_dev *mdev);

/* mynic_netdev.c */
extern const struct net_device_ops mynic_netdev_ops;
struct net_device *mynic_netdev_alloc(struct mynic_dev *mdev);
int mynic_netdev_init(struct mynic_net *mn);
void mynic_netdev_free(struct mynic_net *mn);
u64 mynic_netdev_features(const struct mynic_hw *hw);
void mynic_link_update(struct mynic_net *mn, u64 link);
int mynic_link_query(struct mynic_net *mn);
int mynic_mtu_push(struct mynic_net *mn, u32 mtu);
int mynic_rx_mode_push(struct mynic_net *mn);
int mynic_config_push(struct mynic_net *mn);
bool mynic_wants_gro(const struct mynic_net *mn, netdev_features_t features);
int mynic_offloads_push(struct mynic_net *mn, netdev_features_t features,
			const struct bpf_prog *prog);

/* mynic_irq.c */
int mynic_irq_init(struct mynic_dev *mdev);
void mynic_irq_free(struct mynic_dev *mdev);
void mynic_irq_sync_admin(struct mynic_dev *mdev);
struct mynic_vector *mynic_vector_alloc(struct mynic_net *mn, u16 idx);
void mynic_vector_free(struct mynic_vector *vec);
void mynic_vector_enable(struct mynic_vector *vec);
void mynic_vector_disable(struct mynic_vector *vec);

/* mynic_reset.c */
extern const char *const mynic_reset_names[MYNIC_RESET_COUNT];
void mynic_reset_init(struct mynic_dev *mdev);
const char *mynic_reset_wanted(const struct mynic_dev *mdev);
void mynic_reset_allow(struct mynic_dev *mdev);
void mynic_reset_schedule(struct mynic_dev *mdev,
			  enum mynic_reset_reason reason);
void mynic_reset_cancel(struct mynic_dev *mdev);
void mynic_reset_kill(struct mynic_dev *mdev, enum mynic_reset_reason reason);
void mynic_reset_prepare(struct mynic_dev *mdev);
int mynic_reset_done(struct mynic_dev *mdev, enum mynic_reset_reason reason);

#endif /* MYNIC_H */
