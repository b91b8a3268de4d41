/*
 * mynic: state of the card
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The core knows registers, rings and frames; of QEMU's object model it knows
 * nothing. mynic.c is the PCI device around it.
 *
 * Contexts and locks
 *
 * Control state (registers, admin and event rings, filters, RSS, flow rules,
 * offloads, MTU, which queues exist) is written by the main loop and by vCPUs
 * in MMIO, both of which hold the BQL.
 *
 * Data path state belongs to a queue pair: MynicTxq, MynicRxq, both MynicCq,
 * their rings and MynicIntr, and each MynicWire whose @pair it is. A pair runs
 * in one AioContext at a time, MynicPair.ctx: the main loop's, or an
 * IOThread's. Bottom halves, timers and handlers of file descriptors are
 * created in it.
 *
 * Each pair has a lock. Its context holds it for one bounded batch. Who has
 * the BQL takes it to change what the data path reads: one pair's lock for a
 * queue of that pair, all pairs' locks (mynic_core_lock()) for control state.
 * So the data path reads control state under its own lock, and writes none.
 *
 * Order: BQL, then pairs by number. The data path takes neither the BQL nor a
 * second pair's lock while it holds one, and calls nothing that does: its
 * accesses to guest memory are to RAM (mynic_dma.h), and what needs the BQL
 * waits until the lock is released:
 *
 * - an address that an IOMMU has to be asked for: the batch ends where nothing
 *   has happened yet, and mynic_pair_run() runs it again with the BQL
 * - interrupts: collected in MynicPair.due, raised by mynic_pair_unlock(),
 *   once a batch. It takes the BQL if nobody but us uses the IOThread; else
 *   some other device's main loop code may be waiting for the IOThread with
 *   the BQL held (AIO_WAIT_WHILE()), and the main loop raises them. Timers
 *   never do: with the BQL held, QEMU waits for them when the guest stops, so
 *   they call mynic_pair_release()
 * - errors of queues: the queue stops at once, mynic_report_bh() tells the
 *   driver from the main loop
 * - a frame for a queue of another pair: the lock of the own pair is exchanged
 *   for that of the other one meanwhile, see mynic_rx_queue()
 *
 * A pair that can never run outside the main loop (@thread is NULL) has no use
 * for its lock: the BQL does for it, and the net layer may call back while a
 * queue sends.
 *
 * Field by field, where it is not the pair's lock:
 *
 * MynicCq of another pair   that of the pair whose receive queue uses it, as
 *                           @intr.owner says; changed with BQL and both locks
 * MynicPair.ctx, MynicWire.fd, MynicBell.set, MynicBell.made
 *                           changed with BQL and lock: either one to read
 * MynicRule.packets, bytes  counted atomically
 * MynicWire.waits_for       set with the lock of the queue that it names,
 *                           cleared and compared atomically
 * MynicWire.nc->link_down   written with the BQL; mynic_core_link_changed()
 *                           takes all locks once before it says so
 * vm_running, status        written with BQL and all locks
 *
 * Nothing waits for a context but mynic_core_unrealize(), which frees what
 * late callbacks use. It releases the BQL while it waits, since a context may
 * be waiting for that. Other callbacks that come late, after their pair was
 * moved to another context, find that MynicPair.ctx is not theirs and do
 * nothing.
 */

#ifndef HW_NET_MYNIC_CORE_H
#define HW_NET_MYNIC_CORE_H

#include "block/aio.h"
#include "ebpf/ebpf_rss.h"
#include "hw/pci/pci_device.h"
#include "net/net.h"
#include "qemu/units.h"
#include "mynic_abi.h"
#include "mynic_bell.h"
#include "mynic_bits.h"
#include "mynic_dma.h"
#include "mynic_filter.h"
#include "mynic_gso.h"
#include "mynic_ring.h"
#include "mynic_rss.h"
#include "mynic_rules.h"

/* Registers end here, the rest of BAR 0 is a hole. */
#define MYNIC_REGS_END 0x100
#define MYNIC_NUM_REGS (MYNIC_REGS_END / sizeof(uint32_t))

/* What the limit registers say. */
#define MYNIC_RING_LOG2_MIN 6
#define MYNIC_RING_MIN (1 << MYNIC_RING_LOG2_MIN)
#define MYNIC_RING_MAX 16384
#define MYNIC_RING_DEFAULT 4096
#define MYNIC_TX_SLOTS 64
#define MYNIC_TX_MAX_LEN (256 * KiB)
#define MYNIC_MAX_MTU 9216
#define MYNIC_DEFAULT_MTU 1500
#define MYNIC_ADMIN_LOG2_MAX 10
#define MYNIC_DOORBELL_STRIDE 4096

/* Packets, or frames cut from them, after which a transmit queue yields. */
#define MYNIC_TX_BURST 64
/* Packets after which a receive queue does not wait for the end of a batch. */
#define MYNIC_RX_BATCH 64
/* Frames from a tap after which others run. */
#define MYNIC_RX_BURST 64

/* A packet's pieces in host memory; more, and it is copied together. */
#define MYNIC_TX_IOV_MAX (2 * MYNIC_TX_SLOTS)
/* Pieces of a frame from the backend; more, and it is copied together. */
#define MYNIC_RX_IOV_MAX 32
/* Bytes of a frame from a tap that are read to private memory, at least. */
#define MYNIC_RX_HEAD 256

#define MYNIC_SPEED_DEFAULT 25000
#define MYNIC_SPEED_MIN 10
#define MYNIC_SPEED_MAX 800000

#define MYNIC_FW_VERSION "1.0.0"

struct NetRxPkt;
typedef struct MynicCq MynicCq;
typedef struct MynicRxq MynicRxq;
typedef struct MynicTxq MynicTxq;

/*
 * Counters in host byte order. The fields are those of the contract, so that
 * they are stated once; @words is for what treats them all alike.
 */
typedef union MynicPortStats {
    struct mynic_port_stats s;
    uint64_t words[sizeof(struct mynic_port_stats) / sizeof(uint64_t)];
} MynicPortStats;

typedef union MynicQueueStats {
    struct mynic_queue_stats s;
    uint64_t words[sizeof(struct mynic_queue_stats) / sizeof(uint64_t)];
} MynicQueueStats;

/**
 * MynicIntr - when a queue raises its vector
 * @core: the card
 * @owner: the pair whose lock it is under
 * @timer: end of the moderation interval, in the context of the queue's pair
 * @deadline: the same in a migration stream, -1 for none
 * @vector: MSI-X vector
 * @usecs: moderation interval, 0 for none
 * @frames: packets that end the interval early, 0 for no such number
 * @pending: a cause waits for the end of its interval
 * @packets: completed since the cause
 * @armed: @arm was written to the doorbell and not reached yet
 * @arm: index of the slot or entry whose completion is a cause
 * @due: it is in @owner's list of interrupts to be raised
 * @raised: interrupts raised, for the statistics
 */
typedef struct MynicIntr {
    MynicCore *core;
    MynicPair *owner;
    QEMUTimer *timer;
    int64_t deadline;
    uint16_t vector;
    uint16_t usecs;
    uint16_t frames;
    bool pending;
    uint32_t packets;
    bool armed;
    uint32_t arm;
    bool due;
    uint64_t raised;
} MynicIntr;

/**
 * MynicWire - one net client: a way to the backend, shared by the transmit
 * queues that map to it, and where frames arrive
 * @core: the card
 * @pair: the pair whose context and lock it is under
 * @nc: the net client
 * @index: its number
 * @stats: this wire's part of the port's counters
 * @inflight: frames that the net layer keeps because the peer is busy; as
 *            long as there are any, nothing else is sent here
 * @waits_for: receive queue that had too few buffers for the frame that the
 *             net layer, or @buf, keeps for us
 * @rx_pkt: scratch for verifying checksums
 * @gso: scratch for frames with offloads that are switched off
 * @linear: scratch for frames of too many pieces
 *
 * With a tap whose descriptor is ours, see mynic_tap.c:
 *
 * @fd: the descriptor; -1 while the net layer has it
 * @reads: the descriptor is watched for frames
 * @writes: the descriptor is watched for room
 * @full: the tap took no more; nothing is sent until there is room
 * @bh: goes on reading, in the pair's context
 * @busy: a frame is under way without the pair's lock; hands off what follows
 * @buf: offload header and frame, or what of them is in private memory: the
 *       first MYNIC_RX_HEAD bytes, and what follows the placed ones
 * @len: bytes of offload header and frame
 * @iov: where they are
 * @iovcnt: number of pieces
 * @num_placed: pieces, from the second one on, that are buffers of the pair's
 *              receive queue
 * @placed: bytes of the frame that are there
 * @kept: bytes in @buf of a frame that waits, 0 for none
 * @expect: bytes that the next frame may have, judged by those before it
 */
typedef struct MynicWire {
    MynicCore *core;
    MynicPair *pair;
    NetClientState *nc;
    unsigned int index;
    MynicPortStats stats;
    unsigned int inflight;
    MynicRxq *waits_for;
    struct NetRxPkt *rx_pkt;
    MynicGso gso;
    uint8_t *linear;

    int fd;
    bool reads;
    bool writes;
    bool full;
    QEMUBH *bh;
    bool busy;
    uint8_t *buf;
    size_t len;
    struct iovec iov[MYNIC_RX_IOV_MAX];
    unsigned int iovcnt;
    unsigned int num_placed;
    size_t placed;
    size_t kept;
    size_t expect;
} MynicWire;

/**
 * MynicTxq - transmit queue
 * @core: the card
 * @pair: its pair
 * @wire: where it sends to
 * @bh: does the work, in the pair's context
 * @poll: does the work without having been asked for, likewise
 * @seen: when there was work, on the clock of @poll
 * @bell: its doorbell
 * @id: number of the queue
 * @ring: slots
 * @slots: copies of the slots between ring.head and ring.fetched
 * @busy: slots of the packet that is on its way, since it is not cut to its end
 *        yet or the net layer still keeps it; they follow ring.head
 * @part: how far it is cut, if the device does that
 * @done: packets completed since ring.published
 * @intr: when the vector is raised
 * @stats: counters, host byte order
 * @gso: scratch for cutting
 * @iov: the packet in host memory; [0] is for the offload header
 * @iov_tag: the same with a VLAN tag
 * @tag_buf: memory of the tag
 * @bounce: a packet that could not be mapped, NULL until there was one
 */
struct MynicTxq {
    MynicCore *core;
    MynicPair *pair;
    MynicWire *wire;
    QEMUBH *bh;
    QEMUTimer *poll;
    int64_t seen;
    MynicBell bell;
    unsigned int id;
    MynicRing ring;
    union mynic_tx_slot *slots;
    uint32_t busy;
    MynicGsoPart part;
    uint32_t done;
    MynicIntr intr;
    MynicQueueStats stats;
    MynicGso gso;
    struct iovec iov[1 + MYNIC_TX_IOV_MAX];
    struct iovec iov_tag[2 + MYNIC_TX_IOV_MAX];
    uint8_t tag_buf[MYNIC_VLAN_INSERT_LEN];
    uint8_t *bounce;
};

/**
 * MynicCq - completion queue
 * @core: the card
 * @id: number of the queue
 * @ring: entries
 * @intr: when the vector is raised
 * @rxq: receive queue that uses it, or NULL
 */
struct MynicCq {
    MynicCore *core;
    unsigned int id;
    MynicRing ring;
    MynicIntr intr;
    MynicRxq *rxq;
};

/**
 * MynicRxq - receive queue
 * @core: the card
 * @pair: its pair
 * @bh: ends a batch, and wakes wires that wait for buffers; in the pair's
 *      context
 * @bell: its doorbell
 * @id: number of the queue
 * @cq_id: number of its completion queue
 * @ring: posted buffers
 * @bufs: copies of the slots between ring.head and ring.fetched
 * @done: packets delivered since ring.published
 * @rung: the doorbell was written, the tail is to be looked at
 * @stats: counters, host byte order
 */
struct MynicRxq {
    MynicCore *core;
    MynicPair *pair;
    QEMUBH *bh;
    MynicBell bell;
    unsigned int id;
    uint16_t cq_id;
    MynicRing ring;
    struct mynic_rx_buf *bufs;
    uint32_t done;
    bool rung;
    MynicQueueStats stats;
};

/**
 * MynicPair - a queue pair, with the completion queues of the same page
 * @core: the card
 * @thread: IOThread that it may run in, or NULL; never changes
 * @ctx: context that it runs in
 * @lock: see "Contexts and locks"; in use only if @thread is set
 * @due: interrupts to be raised
 * @num_due: number of these
 * @raise_bh: raises them, in @ctx
 * @dma: guest memory, for both queues
 * @txq: transmit queue
 * @rxq: receive queue
 * @cq: completion queues 2 * n and 2 * n + 1
 */
struct MynicPair {
    MynicCore *core;
    AioContext *thread;
    AioContext *ctx;
    QemuMutex lock;
    /* One of the transmit queue, those of @cq, and one of another page. */
    MynicIntr *due[4];
    unsigned int num_due;
    QEMUBH *raise_bh;
    MynicDma dma;
    MynicTxq txq;
    MynicRxq rxq;
    MynicCq cq[2];
};

/**
 * MynicCore - the card
 * @pdev: its PCI function
 * @nic: its net clients
 * @mac: permanent address
 * @num_pairs: queue pairs
 * @ring_max: most slots of a ring, a power of two
 * @speed: of the link, Mb/s
 * @tx_poll: microseconds after which busy transmit queues are looked at
 *           without a doorbell, 0 for never
 * @dev_features: features offered
 * @wires: by net client
 * @num_wires: number of net clients
 * @vnet_hdr: the backend takes and gives offload headers
 * @vm_running: the guest runs; otherwise its memory is left alone
 * @gone: the card was unplugged; vCPUs that were on their way to a register
 *        then find none
 * @map: guest memory
 * @dma: the same for commands and events
 * @bells: BAR of the doorbells, if these may arrive by eventfd, or NULL
 * @direct: the descriptors of the tap are ours
 * @use_ebpf: property: the tap may steer by eBPF
 * @steer: its eBPF program
 * @steer_tried: it was tried to load the program
 * @steers: the tap steers by it
 *
 * From here on what reset resets and migration carries:
 *
 * @regs: registers that hold what was written, by number
 * @status: STATUS but for LINK_UP
 * @drv_features: features in use, 0 until ENABLE
 * @asq: admin submission ring
 * @acq: admin completion ring
 * @aeq: event ring; its tail is how far the driver has read
 * @link_up: the link as the driver was told, or saw at ENABLE
 * @events_lost: events that found the ring full
 * @port_stats: counters of the port as migrated, the sum over all wires
 * @mtu: frames above it are dropped
 * @offloads: MYNIC_OFFLOAD_RX_*
 * @filter: receive filter
 * @rss: RSS context 0
 * @rss_others: the other RSS contexts, from context 1 on
 * @rss_exist: bit for each RSS context that exists
 * @rules: flow rules
 * @pairs: queues
 *
 * @admin_bh: runs admin commands
 * @report_bh: tells the driver of queues that failed
 * @raise_bh: raises interrupts, where IOThreads must not
 * @shared: others use the IOThreads of the pairs, too
 * @locked: how many times all pairs' locks were taken by who has the BQL
 */
struct MynicCore {
    PCIDevice *pdev;
    NICState *nic;
    MACAddr mac;
    uint32_t num_pairs;
    uint32_t ring_max;
    uint32_t speed;
    uint32_t tx_poll;
    uint64_t dev_features;
    MynicWire *wires;
    uint32_t num_wires;
    bool vnet_hdr;
    bool vm_running;
    bool gone;
    MynicDmaMap map;
    MynicDma dma;
    MemoryRegion *bells;
    bool direct;
    bool use_ebpf;
    struct EBPFRSSContext steer;
    bool steer_tried;
    bool steers;

    uint32_t regs[MYNIC_NUM_REGS];
    uint32_t status;
    uint64_t drv_features;
    MynicRing asq;
    MynicRing acq;
    MynicRing aeq;
    bool link_up;
    uint32_t events_lost;
    MynicPortStats port_stats;
    uint32_t mtu;
    uint32_t offloads;
    MynicFilter filter;
    MynicRss rss;
    MynicRss rss_others[MYNIC_RSS_CONTEXTS - 1];
    uint64_t rss_exist;
    MynicRules rules;
    MynicPair *pairs;

    QEMUBH *admin_bh;
    QEMUBH *report_bh;
    QEMUBH *raise_bh;
    bool shared;
    unsigned int locked;
};

static inline bool mynic_has(const MynicCore *core, uint64_t feature)
{
    return core->drv_features & feature;
}

/* An RSS context, whether it exists or not. */
static inline MynicRss *mynic_rss_context(MynicCore *core, unsigned int id)
{
    return id ? &core->rss_others[id - 1] : &core->rss;
}

static inline MynicRuleLimits mynic_rule_limits(const MynicCore *core)
{
    return (MynicRuleLimits) {
        .queues = core->num_pairs,
        .contexts = mynic_has(core, MYNIC_F_RSS) ? MYNIC_RSS_CONTEXTS : 0,
        .exist = core->rss_exist,
    };
}

static inline uint32_t mynic_num_vectors(const MynicCore *core)
{
    return core->num_pairs + 1;
}

static inline uint32_t mynic_num_cqs(const MynicCore *core)
{
    return 2 * core->num_pairs;
}

static inline MynicCq *mynic_cq(MynicCore *core, unsigned int id)
{
    return &core->pairs[id / 2].cq[id % 2];
}

/* Counts a frame of @len bytes to @dst; PART is rx or tx. */
#define MYNIC_COUNT_FRAME(stats, PART, dst, len) \
    do { \
        (stats)->s.PART##_packets++; \
        (stats)->s.PART##_bytes += (len); \
        if (!is_multicast_ether_addr(dst)) { \
            (stats)->s.PART##_unicast++; \
        } else if (is_broadcast_ether_addr(dst)) { \
            (stats)->s.PART##_broadcast++; \
        } else { \
            (stats)->s.PART##_multicast++; \
        } \
        (stats)->s.PART##_hist[mynic_hist_class(len)]++; \
    } while (0)

/**
 * mynic_hist_class - class of a frame in the histograms
 * @len: bytes without FCS
 */
unsigned int mynic_hist_class(size_t len);

/* mynic_core.c: life of the card ------------------------------------------ */

/**
 * mynic_core_realize - allocate what the card consists of
 * @core: the card, with what its properties say; the wires are not there yet
 * @threads: contexts of the IOThreads of all pairs, or NULL
 * @shared: others use the IOThreads, too
 */
void mynic_core_realize(MynicCore *core, AioContext **threads, bool shared);

/**
 * mynic_core_connect - take over the net clients
 * @core: the card; @nic is set
 * @num_wires: number of net clients
 * @vnet_hdr: whether all of their peers take and give offload headers
 */
void mynic_core_connect(MynicCore *core, uint32_t num_wires, bool vnet_hdr);

/**
 * mynic_core_unrealize - stop and free everything
 * @core: the card; its net clients exist still
 */
void mynic_core_unrealize(MynicCore *core);

/**
 * mynic_core_stop - no DMA and no interrupt from here on
 * @core: the card; what it knows of rings is kept
 */
void mynic_core_stop(MynicCore *core);

/**
 * mynic_core_reset - everything as after power-on
 * @core: the card
 */
void mynic_core_reset(MynicCore *core);

/**
 * mynic_core_enable - check what the driver set up, and start
 * @core: the card
 *
 * STATUS tells the outcome; on a refusal nothing else changes.
 */
void mynic_core_enable(MynicCore *core);

/**
 * mynic_core_fatal - the driver broke the rules so that nothing can go on
 * @core: the card
 * @why: what it did, for the log
 */
void mynic_core_fatal(MynicCore *core, const char *why);

/**
 * mynic_core_enabled - whether queues work
 * @core: the card
 *
 * Not before ENABLE, nor after a fatal error.
 */
static inline bool mynic_core_enabled(const MynicCore *core)
{
    return (core->status & (MYNIC_STATUS_ENABLED | MYNIC_STATUS_FATAL)) ==
           MYNIC_STATUS_ENABLED;
}

/**
 * mynic_core_masters - whether the function may access memory
 * @core: the card
 *
 * Only if it is bus master, and in D0: PCI Bus Power Management 1.2, 5.4.1.
 * Messages of MSI-X are such accesses, too.
 */
bool mynic_core_masters(const MynicCore *core);

/**
 * mynic_core_active - whether memory of the guest may be touched
 * @core: the card
 *
 * Only if it is enabled, mynic_core_masters(), and the guest runs. What waits
 * for one of these is started by mynic_core_resume().
 */
bool mynic_core_active(const MynicCore *core);

/**
 * mynic_core_resume - look after all queues, something allows it again
 * @core: the card
 */
void mynic_core_resume(MynicCore *core);

/**
 * mynic_core_run - the guest stops or runs again
 * @core: the card
 * @running: whether it runs
 *
 * Before it stops guest memory is brought up to date: batches are ended, so
 * that nothing but the rings has to be migrated.
 */
void mynic_core_run(MynicCore *core, bool running);

/**
 * mynic_core_sum_stats - counters of the port, into @port_stats
 * @core: the card
 */
void mynic_core_sum_stats(MynicCore *core);

/**
 * mynic_core_post_load - check and complete the state that a migration brought
 * @core: the card
 *
 * Returns 0 or a negative errno.
 */
int mynic_core_post_load(MynicCore *core);

/**
 * mynic_core_set_offloads - switch receive offloads, here and in the backend
 * @core: the card
 * @offloads: MYNIC_OFFLOAD_RX_*
 */
void mynic_core_set_offloads(MynicCore *core, uint32_t offloads);

/**
 * mynic_core_show_mac - tell the monitor the station address
 * @core: the card
 */
void mynic_core_show_mac(MynicCore *core);

/**
 * mynic_core_link_state - MYNIC_LINK_* of now
 * @core: the card
 */
uint64_t mynic_core_link_state(MynicCore *core);

/**
 * mynic_core_link_changed - the link may have gone up or down
 * @core: the card
 *
 * The driver is told if it did.
 */
void mynic_core_link_changed(MynicCore *core);

/**
 * mynic_core_flush - let the net layer deliver what it keeps for us
 * @core: the card
 */
void mynic_core_flush(MynicCore *core);

/**
 * mynic_queue_failed - stop a queue because of an error
 * @pair: whose lock is held
 * @event: MYNIC_EVENT_*_ERROR, by the kind of queue
 * @id: its number
 * @ring: its ring
 * @error: what was wrong
 * @why: the same for the log
 *
 * The driver is told from the main loop.
 *
 * Returns false, and nothing has happened, if an access to guest memory was
 * only missed, see mynic_pair_run().
 */
bool mynic_queue_failed(MynicPair *pair, enum mynic_event_type event,
                        unsigned int id, MynicRing *ring,
                        enum mynic_queue_error error, const char *why);

/**
 * mynic_queue_stop - the same without telling anybody but the control block
 * @pair: whose lock is held
 * @ring: its ring
 * @error: what was wrong
 */
void mynic_queue_stop(MynicPair *pair, MynicRing *ring,
                      enum mynic_queue_error error);

/**
 * mynic_guest_error - tell whoever looks what the guest did wrong
 * @core: the card
 * @fmt: as of printf(), without a newline
 */
void G_GNUC_PRINTF(2, 3) mynic_guest_error(const MynicCore *core,
                                           const char *fmt, ...);

/* mynic_regs.c: BAR 0 and BAR 2; the BQL is held --------------------------- */

uint32_t mynic_regs_read(MynicCore *core, hwaddr addr);
void mynic_regs_write(MynicCore *core, hwaddr addr, uint32_t value);
void mynic_regs_reset(MynicCore *core);

/* A register as last written, and two of them as one. */
static inline uint32_t mynic_reg(const MynicCore *core, hwaddr addr)
{
    return core->regs[addr / sizeof(uint32_t)];
}

static inline uint64_t mynic_reg64(const MynicCore *core, hwaddr lo)
{
    return mynic_reg(core, lo) |
           (uint64_t)mynic_reg(core, lo + sizeof(uint32_t)) << 32;
}

void mynic_doorbell_write(MynicCore *core, hwaddr addr, uint32_t value);

/* mynic_admin.c: admin commands and events --------------------------------- */

/**
 * mynic_admin_bh - run the commands that are waiting, in order
 * @opaque: the card
 */
void mynic_admin_bh(void *opaque);

/**
 * mynic_admin_doorbell - the driver submitted commands
 * @core: the card
 * @tail: index after the last one
 */
void mynic_admin_doorbell(MynicCore *core, uint32_t tail);

/**
 * mynic_admin_events_read - the driver has read events
 * @core: the card
 * @head: index after the last one
 */
void mynic_admin_events_read(MynicCore *core, uint32_t head);

/**
 * mynic_event - report something to the driver
 * @core: the card
 * @type: what happened
 * @id: of the queue
 * @code: enum mynic_queue_error
 * @data: by type
 *
 * Nothing happens if the card is not enabled.
 */
void mynic_event(MynicCore *core, enum mynic_event_type type, uint16_t id,
                 uint32_t code, uint64_t data);

/* mynic_tx.c --------------------------------------------------------------- */

/*
 * All functions on a queue are called with the lock of its pair; the last but
 * one word of each name tells whose: tx, rx, cq.
 */
void mynic_tx_realize(MynicTxq *txq, MynicPair *pair, unsigned int id);
void mynic_tx_unrealize(MynicTxq *txq);

/* The bottom half of the queue, in the pair's context. */
void mynic_tx_bh(void *opaque);

/**
 * mynic_tx_move - the pair runs in another context
 * @txq: the queue
 */
void mynic_tx_move(MynicTxq *txq);

/**
 * mynic_tx_start - start a queue that was just created
 * @txq: the queue; parameters were checked
 * @cmd: parameters
 */
void mynic_tx_start(MynicTxq *txq, const struct mynic_cmd_txq *cmd);

/**
 * mynic_tx_stop - no DMA and no interrupt from here on; the queue is gone
 * @txq: the queue
 */
void mynic_tx_stop(MynicTxq *txq);

/**
 * mynic_tx_schedule - let the queue look for work
 * @txq: the queue
 */
void mynic_tx_schedule(MynicTxq *txq);

/**
 * mynic_tx_doorbell - the driver filled slots
 * @txq: the queue, which runs
 * @tail: index after the last one; with SHADOW the control block has it
 */
void mynic_tx_doorbell(MynicTxq *txq, uint32_t tail);

/**
 * mynic_tx_settle - publish what is done
 * @txq: the queue
 */
void mynic_tx_settle(MynicTxq *txq);

extern const VMStateDescription vmstate_mynic_txq;

/* mynic_rx.c --------------------------------------------------------------- */

void mynic_rx_realize(MynicRxq *rxq, MynicPair *pair, unsigned int id);
void mynic_rx_unrealize(MynicRxq *rxq);

/* The bottom half of the queue, in the pair's context. */
void mynic_rx_bh(void *opaque);

/**
 * mynic_rx_start - start a queue that was just created
 * @rxq: the queue; parameters were checked
 * @cmd: parameters
 */
void mynic_rx_start(MynicRxq *rxq, const struct mynic_cmd_rxq *cmd);

/**
 * mynic_rx_stop - no DMA from here on; the queue is gone
 * @rxq: the queue
 */
void mynic_rx_stop(MynicRxq *rxq);

/**
 * mynic_rx_schedule - end the batch, and wake who waits for buffers
 * @rxq: the queue
 */
void mynic_rx_schedule(MynicRxq *rxq);

/**
 * mynic_rx_doorbell - the driver posted buffers
 * @rxq: the queue, which runs
 * @tail: index after the last one; with SHADOW the control block has it
 */
void mynic_rx_doorbell(MynicRxq *rxq, uint32_t tail);

void mynic_cq_realize(MynicCq *cq, MynicPair *pair, unsigned int id);
void mynic_cq_unrealize(MynicCq *cq);

/**
 * mynic_cq_start - start a completion queue that was just created
 * @cq: the queue; parameters were checked
 * @cmd: parameters
 */
void mynic_cq_start(MynicCq *cq, const struct mynic_cmd_cq *cmd);

/**
 * mynic_cq_stop - no DMA and no interrupt from here on; the queue is gone
 * @cq: the queue, which no receive queue uses any more
 */
void mynic_cq_stop(MynicCq *cq);

/**
 * mynic_rx_publish - end a batch: publish heads, decide on an interrupt
 * @rxq: the queue
 */
void mynic_rx_publish(MynicRxq *rxq);

/**
 * mynic_rx_place - where the next frame may go at once
 * @rxq: the queue
 * @skip: first bytes of the frame to be left out
 * @want: bytes wanted
 * @iov: receives memory of the buffers posted next, from @skip on
 * @max: pieces that @iov has room for
 *
 * Returns the number of pieces, 0 if there are no such buffers.
 */
unsigned int mynic_rx_place(MynicRxq *rxq, size_t skip, size_t want,
                            struct iovec *iov, unsigned int max);

/**
 * mynic_rx_receive - a frame arrives
 * @wire: where; with its pair's lock, which is released in between
 * @iov: the frame, behind its offload header if the backend has these
 * @iovcnt: number of pieces
 *
 * Returns the bytes of the frame when it was delivered or dropped, 0 when the
 * net layer is to keep it until mynic_rx_schedule() found buffers, or the
 * guest runs again.
 */
ssize_t mynic_rx_receive(MynicWire *wire, const struct iovec *iov, int iovcnt);

extern const VMStateDescription vmstate_mynic_rxq;
extern const VMStateDescription vmstate_mynic_cq;

#endif /* HW_NET_MYNIC_CORE_H */
