/*
 * mynic: receive queues
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Life of a frame: the net layer hands it to a wire. It is filtered, checked
 * against the MTU, and steered to a queue by flow rules and its hash, whichever
 * wire it came by. Its bytes go straight to posted buffers, then the completion
 * entry is written. The queue's bottom half ends the batch: it publishes heads
 * and decides on an interrupt.
 *
 * A queue that has too few buffers makes the net layer keep the frame (and the
 * backend stop reading), asks the driver for a doorbell, and takes the frame
 * when that comes. A frame never waits for a queue that is not there, that
 * failed, or whose ring is half full of buffers and yet too small.
 */

#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "net/eth.h"
#include "qemu/iov.h"
#include "qemu/main-loop.h"
#include "../net_rx_pkt.h"
#include "mynic_core.h"
#include "mynic_pair.h"
#include "mynic_rx_frame.h"
#include "trace.h"

/*
 * What became of a frame; the first, WAITS, DROPPED and MISSED are not counted
 * yet. MISSED: comes again with the BQL, see mynic_pair_run().
 */
typedef enum MynicRxResult {
    MYNIC_RX_DELIVERED,
    MYNIC_RX_WAITS,
    MYNIC_RX_DROPPED,
    MYNIC_RX_MISSED,
    MYNIC_RX_NO_QUEUE,
    MYNIC_RX_NO_BUFFER,
    MYNIC_RX_ERROR,
    MYNIC_RX_DISABLED,
} MynicRxResult;

static void mynic_rx_fail(MynicRxq *rxq, enum mynic_queue_error error,
                          const char *why)
{
    if (mynic_queue_failed(rxq->pair, MYNIC_EVENT_RXQ_ERROR, rxq->id,
                           &rxq->ring, error, why)) {
        rxq->stats.s.drop_error++;
        mynic_rx_schedule(rxq);
    }
}

/* Its completion queue failed, and with it this queue; one event tells both */
static void mynic_rx_fail_cq(MynicRxq *rxq, const char *why)
{
    MynicCq *cq = mynic_cq(rxq->core, rxq->cq_id);

    if (rxq->pair->dma.missed) {
        return;
    }
    rxq->stats.s.drop_error++;
    mynic_queue_stop(rxq->pair, &rxq->ring, MYNIC_QERR_DMA);
    mynic_queue_failed(rxq->pair, MYNIC_EVENT_CQ_ERROR, cq->id, &cq->ring,
                       MYNIC_QERR_DMA, why);
    mynic_rx_schedule(rxq);
}

static bool mynic_rx_set_tail(MynicRxq *rxq, uint32_t tail)
{
    if (!mynic_ring_set_tail(&rxq->ring, tail)) {
        mynic_rx_fail(rxq, MYNIC_QERR_BAD_TAIL, "tail too far ahead");
        return false;
    }
    return true;
}

static bool mynic_rx_read_tail(MynicRxq *rxq)
{
    uint32_t tail;

    if (!mynic_ctl_read(&rxq->ring, &rxq->pair->dma,
                        offsetof(struct mynic_queue_ctl, tail), &tail)) {
        mynic_rx_fail(rxq, MYNIC_QERR_DMA, "control block cannot be read");
        return false;
    }
    return mynic_rx_set_tail(rxq, tail);
}

/* More slots to look at than @have. */
static bool mynic_rx_more(MynicRxq *rxq, uint32_t have)
{
    MynicRing *ring = &rxq->ring;

    if (have == ring->tail - ring->head &&
        mynic_has(rxq->core, MYNIC_F_SHADOW) && !mynic_rx_read_tail(rxq)) {
        return false;
    }
    return have != ring->tail - ring->head;
}

/* Asks for a doorbell; looks once more for what came too early to ring it. */
static bool mynic_rx_starved(MynicRxq *rxq, uint32_t have)
{
    if (!mynic_has(rxq->core, MYNIC_F_SHADOW)) {
        return true;
    }
    if (!mynic_ctl_write(&rxq->ring, &rxq->pair->dma,
                         offsetof(struct mynic_queue_ctl, kick),
                         rxq->ring.tail)) {
        mynic_rx_fail(rxq, MYNIC_QERR_DMA, "control block not writable");
        return true;
    }
    return !mynic_rx_more(rxq, have);
}

/*
 * Finds buffers for @len bytes. Returns their number, 0 if there are too few,
 * also if the queue failed.
 */
static uint32_t mynic_rx_find(MynicRxq *rxq, size_t len)
{
    MynicRing *ring = &rxq->ring;
    uint64_t room = 0;
    uint32_t n = 0;

    do {
        uint32_t buf_len;

        if (!mynic_rx_more(rxq, n) &&
            (!mynic_ring_runs(ring) || mynic_rx_starved(rxq, n))) {
            return 0;
        }
        if (ring->head + n == ring->fetched &&
            !mynic_ring_fetch(ring, &rxq->pair->dma, rxq->bufs,
                              sizeof(*rxq->bufs))) {
            mynic_rx_fail(rxq, MYNIC_QERR_DMA, "ring cannot be read");
            return 0;
        }
        buf_len = le32_to_cpu(rxq->bufs[(ring->head + n) &
                                        (ring->size - 1)].len);
        if (!buf_len) {
            mynic_rx_fail(rxq, MYNIC_QERR_BAD_DESC, "buffer of no bytes");
            return 0;
        }
        room += buf_len;
        n++;
    } while (room < len);
    return n;
}

/* What is in posted buffers already goes to private memory. */
static void mynic_rx_collect(MynicWire *wire, MynicRxFrame *frame)
{
    size_t behind = 0;

    if (!wire->placed) {
        return;
    }
    mynic_tap_collect(wire);
    frame->iovcnt = 0;
    if (frame->info & MYNIC_RX_VLAN) {
        /* The first piece stays, see mynic_rx_frame_strip(). */
        behind = frame->iov[0].iov_len;
        frame->iovcnt = 1;
    }
    frame->iov[frame->iovcnt].iov_len = frame->len - behind;
    frame->iov[frame->iovcnt].iov_base = wire->buf + wire->len -
                                         (frame->len - behind);
    frame->iovcnt++;
}

/*
 * Memory of one slot: @left bytes from byte @skip of the buffer on. Returns the
 * number of pieces, 0 if it has none.
 */
static unsigned int mynic_rx_place_buf(MynicRxq *rxq,
                                       const struct mynic_rx_buf *buf,
                                       size_t skip, size_t left,
                                       struct iovec *iov, unsigned int max)
{
    uint64_t addr = le64_to_cpu(buf->addr) + skip;
    unsigned int n = 0;

    while (left) {
        if (n == max) {
            return 0;
        }
        iov[n].iov_len = left;
        iov[n].iov_base = mynic_dma_ptr(&rxq->pair->dma, addr, &iov[n].iov_len,
                                        true);
        if (!iov[n].iov_base) {
            return 0;
        }
        addr += iov[n].iov_len;
        left -= iov[n].iov_len;
        n++;
    }
    return n;
}

unsigned int mynic_rx_place(MynicRxq *rxq, size_t skip, size_t want,
                            struct iovec *iov, unsigned int max)
{
    MynicRing *ring = &rxq->ring;
    unsigned int n = 0;
    uint32_t slot = 0;
    size_t room = 0;

    if (!mynic_ring_runs(ring) || !mynic_core_active(rxq->core) ||
        !mynic_ring_ready(ring, &rxq->pair->dma,
                          mynic_has(rxq->core, MYNIC_F_SHADOW))) {
        return 0;
    }
    while (room < want && mynic_rx_more(rxq, slot)) {
        const struct mynic_rx_buf *buf;
        unsigned int pieces;
        size_t len;

        if (ring->head + slot == ring->fetched &&
            !mynic_ring_fetch(ring, &rxq->pair->dma, rxq->bufs,
                              sizeof(*rxq->bufs))) {
            break;
        }
        buf = &rxq->bufs[(ring->head + slot) & (ring->size - 1)];
        /* No frame is longer; each page may have to be asked for. */
        len = MIN(le32_to_cpu(buf->len), NET_BUFSIZE);
        pieces = len > skip ? mynic_rx_place_buf(rxq, buf, skip, len - skip,
                                                 &iov[n], max - n) : 0;
        if (!pieces) {
            break;
        }
        room += len - skip;
        skip = 0;
        n += pieces;
        slot++;
    }
    return n;
}

/*
 * Whether @n buffers can be filled without the BQL. To find that one cannot
 * when others were filled is too late: a frame without its tag is moved within
 * the buffers where it lies, and could not be collected from there again.
 */
static bool mynic_rx_bufs_ready(MynicRxq *rxq, size_t len, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        const struct mynic_rx_buf *buf =
            &rxq->bufs[(rxq->ring.head + i) & (rxq->ring.size - 1)];
        size_t room = MIN(le32_to_cpu(buf->len), len);

        if (!mynic_dma_ready(&rxq->pair->dma, le64_to_cpu(buf->addr), room,
                             true)) {
            return false;
        }
        len -= room;
    }
    return true;
}

/* Fills @n buffers from the frame; what is there already is not copied. */
static bool mynic_rx_fill(MynicRxq *rxq, const MynicRxFrame *frame, uint32_t n)
{
    const struct iovec *iov = frame->iov;
    size_t iov_off = 0;
    size_t left = frame->len;
    uint32_t i;

    for (i = 0; i < n; i++) {
        const struct mynic_rx_buf *buf =
            &rxq->bufs[(rxq->ring.head + i) & (rxq->ring.size - 1)];
        uint64_t addr = le64_to_cpu(buf->addr);
        size_t room = MIN(le32_to_cpu(buf->len), left);

        left -= room;
        while (room) {
            size_t chunk = MIN(room, iov->iov_len - iov_off);

            if (!mynic_dma_write(&rxq->pair->dma, addr,
                                 (uint8_t *)iov->iov_base + iov_off, chunk)) {
                return false;
            }
            addr += chunk;
            room -= chunk;
            iov_off += chunk;
            if (iov_off == iov->iov_len) {
                iov++;
                iov_off = 0;
            }
        }
    }
    return true;
}

static bool mynic_rx_complete(MynicRxq *rxq, const MynicRxFrame *frame,
                              uint32_t n)
{
    MynicCore *core = rxq->core;
    uint32_t info = frame->info;
    uint32_t hash = 0;
    struct mynic_rx_cqe cqe;

    if (core->offloads & MYNIC_OFFLOAD_RX_HASH) {
        info |= MYNIC_FIELD_PREP(MYNIC_RX_HASH_TYPE_MASK,
                                 (uint32_t)frame->rss.type);
        hash = frame->rss.hash;
    }
    cqe = (struct mynic_rx_cqe) {
        .hdr = {
            .flags = frame->hdr.flags,
            .gso_type = frame->hdr.gso_type,
            .hdr_len = cpu_to_le16(frame->hdr.hdr_len),
            .gso_size = cpu_to_le16(frame->hdr.gso_size),
            .csum_start = cpu_to_le16(frame->hdr.csum_start),
            .csum_offset = cpu_to_le16(frame->hdr.csum_offset),
            .num_buffers = cpu_to_le16(n),
        },
        .hash = cpu_to_le32(hash),
        .len = cpu_to_le32(frame->len),
        .vlan_tci = cpu_to_le16(frame->vlan_tci),
        .info = cpu_to_le32(info),
    };
    return mynic_ring_complete(&mynic_cq(core, rxq->cq_id)->ring,
                               &rxq->pair->dma, &cqe, sizeof(cqe));
}

/* Whether all that has to be written once a frame is in can be. */
static bool mynic_rx_ready(MynicRxq *rxq)
{
    const MynicRing *cq = &mynic_cq(rxq->core, rxq->cq_id)->ring;
    MynicDma *dma = &rxq->pair->dma;
    bool reads = mynic_has(rxq->core, MYNIC_F_SHADOW);

    return !rxq->ring.created ||
           (mynic_ring_ready(&rxq->ring, dma, reads) &&
            mynic_ring_ready(cq, dma, reads) &&
            mynic_ring_entry_ready(cq, dma, sizeof(struct mynic_rx_cqe)));
}

void mynic_rx_publish(MynicRxq *rxq)
{
    MynicCore *core = rxq->core;
    MynicCq *cq = mynic_cq(core, rxq->cq_id);
    uint32_t from = cq->ring.published;

    if (!rxq->done || !mynic_ring_runs(&rxq->ring) ||
        !mynic_ring_runs(&cq->ring) || !mynic_rx_ready(rxq)) {
        return;
    }
    if (!mynic_ring_publish(&rxq->ring, &rxq->pair->dma)) {
        mynic_rx_fail(rxq, MYNIC_QERR_DMA, "control block not writable");
        return;
    }
    if (!mynic_ring_publish(&cq->ring, &rxq->pair->dma) ||
        !mynic_intr_batch(&cq->intr, &cq->ring, &rxq->pair->dma, from,
                          rxq->done)) {
        mynic_rx_fail_cq(rxq, "control block not accessible");
    }
    trace_mynic_rx_batch(rxq->id, rxq->ring.head, rxq->done);
    rxq->done = 0;
}

/* With the lock of the queue's pair. */
static MynicRxResult mynic_rx_enqueue(MynicRxq *rxq, MynicRxFrame *frame,
                                      bool schedule)
{
    MynicRing *ring = &rxq->ring;
    bool written = false;
    uint32_t n;

    if (!ring->created) {
        return MYNIC_RX_NO_QUEUE;
    }
    if (ring->error) {
        rxq->stats.s.drop_error++;
        return MYNIC_RX_ERROR;
    }
    if (!mynic_rx_ready(rxq)) {
        return MYNIC_RX_MISSED;
    }
    n = mynic_rx_find(rxq, frame->len);
    if (!n && mynic_ring_runs(ring)) {
        if (rxq->pair->dma.missed) {
            return MYNIC_RX_MISSED;
        }
        if (!frame->part && ring->tail - ring->head < ring->size / 2) {
            return MYNIC_RX_WAITS;
        }
        rxq->stats.s.drop_no_buffer++;
        return MYNIC_RX_NO_BUFFER;
    }
    if (!n) {
        return MYNIC_RX_ERROR;
    }
    if (!mynic_rx_bufs_ready(rxq, frame->len, n)) {
        return MYNIC_RX_MISSED;
    }
    if (!mynic_rx_fill(rxq, frame, n)) {
        mynic_rx_fail(rxq, MYNIC_QERR_DMA, "buffer cannot be written");
    } else if (!mynic_rx_complete(rxq, frame, n)) {
        mynic_rx_fail_cq(rxq, "ring cannot be written");
    } else {
        written = true;
    }
    if (!written) {
        return mynic_ring_runs(ring) ? MYNIC_RX_MISSED : MYNIC_RX_ERROR;
    }

    trace_mynic_rx_packet(rxq->id, ring->head, n, frame->len,
                          frame->hdr.gso_type, frame->rss.hash);
    ring->head += n;
    rxq->stats.s.packets++;
    rxq->stats.s.bytes += frame->len;
    rxq->done++;
    if (rxq->done >= MYNIC_RX_BATCH) {
        mynic_rx_publish(rxq);
    } else if (schedule && rxq->done == 1) {
        mynic_rx_schedule(rxq);
    }
    return MYNIC_RX_DELIVERED;
}

/*
 * To the queue that the frame was steered to. If that is another pair's, our
 * lock is exchanged for its lock meanwhile, and taken again afterwards. By
 * then everything may have changed but what @busy keeps for us.
 */
static MynicRxResult mynic_rx_queue(MynicWire *wire, MynicRxFrame *frame)
{
#define MYNIC_RX_DROP(counter) \
    (offsetof(struct mynic_port_stats, rx_drop_##counter) / sizeof(uint64_t))
    static const unsigned int drops[] = {
        [MYNIC_RX_NO_QUEUE] = MYNIC_RX_DROP(no_queue),
        [MYNIC_RX_NO_BUFFER] = MYNIC_RX_DROP(no_buffer),
        [MYNIC_RX_ERROR] = MYNIC_RX_DROP(error),
        [MYNIC_RX_DISABLED] = MYNIC_RX_DROP(disabled),
    };
    MynicCore *core = wire->core;
    MynicRxq *rxq = &core->pairs[frame->rss.queue].rxq;
    bool foreign = rxq->pair != wire->pair;
    MynicRxResult result;
    bool missed = false;

    if (foreign) {
        mynic_rx_collect(wire, frame);
        wire->busy = true;
        mynic_pair_unlock(wire->pair);
        mynic_pair_lock(rxq->pair);
        missed = rxq->pair->dma.missed;
        rxq->pair->dma.missed = false;
    }
    if (!mynic_core_active(core)) {
        result = MYNIC_RX_DISABLED;
    } else {
        /* Who reads from a tap ends the batch of the own queue itself. */
        result = mynic_rx_enqueue(rxq, frame, foreign || wire->fd < 0);
    }
    if (result == MYNIC_RX_WAITS) {
        qatomic_set(&wire->waits_for, rxq);
        trace_mynic_rx_waits(wire->index, rxq->id);
    }
    if (foreign) {
        rxq->pair->dma.missed = missed;
        mynic_pair_unlock(rxq->pair);
        mynic_pair_lock(wire->pair);
        wire->busy = false;
        wire->pair->dma.missed |= result == MYNIC_RX_MISSED;
    }

    if (result == MYNIC_RX_DELIVERED) {
        wire->stats.s.rx_gro_packets +=
            frame->hdr.gso_type != MYNIC_HDR_GSO_NONE;
    } else if (drops[result]) {
        wire->stats.words[drops[result]]++;
    }
    return result;
}

/* A frame whose offloads the driver wants. */
static MynicRxResult mynic_rx_deliver(MynicWire *wire, MynicRxFrame *frame)
{
    MynicCore *core = wire->core;
    size_t len = frame->len;
    MynicRxResult result;

    if (!mynic_rx_frame_fits(frame, core->mtu)) {
        wire->stats.s.rx_drop_too_long++;
        return MYNIC_RX_DROPPED;
    }
    switch (mynic_rx_frame_steer(frame, core)) {
    case MYNIC_RX_STEERED:
        break;
    case MYNIC_RX_STEERED_AWAY:
        wire->stats.s.rx_drop_rule++;
        mynic_rules_hit(&core->rules, frame->rule, len);
        return MYNIC_RX_DROPPED;
    case MYNIC_RX_STEERED_ASTRAY:
        wire->stats.s.rx_drop_no_queue++;
        mynic_rules_hit(&core->rules, frame->rule, len);
        return MYNIC_RX_DROPPED;
    }
    if (core->offloads & MYNIC_OFFLOAD_RX_CSUM) {
        mynic_rx_frame_csum(frame, wire->rx_pkt);
    } else {
        frame->hdr.flags = 0;
    }
    if (core->offloads & MYNIC_OFFLOAD_RX_VLAN) {
        mynic_rx_frame_strip(frame);
    }
    result = mynic_rx_queue(wire, frame);
    if (result != MYNIC_RX_WAITS && result != MYNIC_RX_MISSED) {
        mynic_rules_hit(&core->rules, frame->rule, len);
    }
    if (result == MYNIC_RX_DELIVERED) {
        wire->stats.s.rx_csum_good += frame->csum_good;
        wire->stats.s.rx_csum_bad += frame->csum_bad;
    }
    return result;
}

/* One frame of one that had offloads which are switched off. */
static int mynic_rx_plain(void *opaque, const struct iovec *iov,
                          unsigned int iovcnt)
{
    MynicWire *wire = opaque;
    MynicRxFrame frame = { .part = true };

    frame.len = iov_size(iov, iovcnt);
    if (iovcnt > MYNIC_RX_IOV_MAX) {
        return -EINVAL;
    }
    memcpy(frame.iov, iov, iovcnt * sizeof(*iov));
    frame.iovcnt = iovcnt;
    iov_to_buf(iov, iovcnt, 0, frame.head, sizeof(frame.head));
    mynic_rx_deliver(wire, &frame);
    return 1;
}

/* Whether the frame is for this station; counts it if it is not. */
static bool mynic_rx_filter(MynicWire *wire, const MynicRxFrame *frame)
{
    MynicCore *core = wire->core;

    switch (mynic_filter_check(&core->filter,
                               core->offloads & MYNIC_OFFLOAD_VLAN_FILTER,
                               frame->head,
                               MIN(frame->len, MYNIC_FILTER_HDR_LEN))) {
    case MYNIC_FILTER_PASS:
        return true;
    case MYNIC_FILTER_DISABLED:
        wire->stats.s.rx_drop_disabled++;
        break;
    case MYNIC_FILTER_MALFORMED:
        wire->stats.s.rx_drop_malformed++;
        break;
    case MYNIC_FILTER_ADDRESS:
    case MYNIC_FILTER_VLAN:
        wire->stats.s.rx_drop_filter++;
        break;
    }
    return false;
}

static MynicRxResult mynic_rx_frame(MynicWire *wire, MynicRxFrame *frame)
{
    MynicCore *core = wire->core;

    if (!mynic_core_active(core) || wire->nc->link_down) {
        wire->stats.s.rx_drop_disabled++;
        return MYNIC_RX_DROPPED;
    }
    if (!mynic_rx_filter(wire, frame)) {
        return MYNIC_RX_DROPPED;
    }
    if (!mynic_rx_frame_valid(frame)) {
        wire->stats.s.rx_drop_malformed++;
        return MYNIC_RX_DROPPED;
    }
    if (mynic_rx_frame_unwanted(frame, core->offloads)) {
        if (core->map.bus.translated && !bql_locked()) {
            /* Of many parts none could come again alone. */
            wire->pair->dma.missed = true;
            return MYNIC_RX_MISSED;
        }
        mynic_rx_collect(wire, frame);
        if (mynic_gso_send(&wire->gso, frame->iov, frame->iovcnt, &frame->hdr,
                           false, 0, NULL, mynic_rx_plain, wire) < 0) {
            wire->stats.s.rx_drop_malformed++;
        }
        return MYNIC_RX_DROPPED;
    }
    return mynic_rx_deliver(wire, frame);
}

ssize_t mynic_rx_receive(MynicWire *wire, const struct iovec *iov, int iovcnt)
{
    ssize_t size = iov_size(iov, iovcnt);
    MynicRxFrame frame;
    MynicRxResult result;
    size_t len;

    frame.hdr = (struct mynic_offload_hdr) { };
    frame.info = 0;
    frame.vlan_tci = 0;
    frame.rss = (MynicRssResult) { };
    frame.part = false;
    frame.csum_good = false;
    frame.csum_bad = false;
    memset(frame.head, 0, sizeof(frame.head));

    if (!wire->core->vm_running) {
        return 0;
    }
    qatomic_set(&wire->waits_for, NULL);
    if (!mynic_rx_frame_split(&frame, wire, iov, iovcnt)) {
        wire->stats.s.rx_packets++;
        wire->stats.s.rx_drop_malformed++;
        return size;
    }
    len = frame.len;
    result = mynic_rx_frame(wire, &frame);
    if (result == MYNIC_RX_WAITS || result == MYNIC_RX_MISSED) {
        return 0;
    }
    MYNIC_COUNT_FRAME(&wire->stats, rx, frame.head, len);
    return size;
}

/*
 * Who waits for the queue is to try again. Without a lock: the net layer would
 * call us back, and a wire may be another pair's.
 */
static void mynic_rx_wake(MynicRxq *rxq)
{
    MynicCore *core = rxq->core;
    uint32_t i;

    for (i = 0; i < core->num_wires; i++) {
        MynicWire *wire = &core->wires[i];
        bool tap;

        if (qatomic_read(&wire->waits_for) != rxq) {
            continue;
        }
        mynic_pair_lock(wire->pair);
        tap = wire->fd >= 0;
        if (tap) {
            mynic_tap_wake(wire);
        }
        mynic_pair_unlock(wire->pair);
        if (!tap && bql_locked()) {
            qatomic_set(&wire->waits_for, NULL);
            qemu_flush_queued_packets(wire->nc);
        }
    }
}

static void mynic_rx_run(void *opaque)
{
    MynicRxq *rxq = opaque;
    MynicCore *core = rxq->core;

    if (!mynic_core_active(core) || !mynic_rx_ready(rxq)) {
        return;
    }
    mynic_rx_publish(rxq);
    if (rxq->rung && mynic_ring_runs(&rxq->ring) &&
        mynic_has(core, MYNIC_F_SHADOW)) {
        mynic_rx_read_tail(rxq);
    }
    rxq->rung = false;
}

void mynic_rx_bh(void *opaque)
{
    MynicRxq *rxq = opaque;

    if (mynic_pair_run(rxq->pair, mynic_rx_run, rxq)) {
        mynic_rx_wake(rxq);
    }
}

void mynic_rx_schedule(MynicRxq *rxq)
{
    mynic_schedule(rxq->pair, rxq->bh);
}

void mynic_rx_doorbell(MynicRxq *rxq, uint32_t tail)
{
    rxq->stats.s.doorbells++;
    rxq->rung = true;
    if (mynic_has(rxq->core, MYNIC_F_SHADOW) ||
        mynic_rx_set_tail(rxq, tail)) {
        mynic_rx_schedule(rxq);
    }
}

void mynic_rx_start(MynicRxq *rxq, const struct mynic_cmd_rxq *cmd)
{
    uint32_t size = 1U << le16_to_cpu(cmd->log2_size);
    MynicCq *cq;

    mynic_ring_init(&rxq->ring, le64_to_cpu(cmd->ring), le64_to_cpu(cmd->ctl),
                    size);
    g_free(rxq->bufs);
    rxq->bufs = g_new(struct mynic_rx_buf, size);
    rxq->cq_id = le16_to_cpu(cmd->cq);
    memset(&rxq->stats, 0, sizeof(rxq->stats));
    mynic_bell_forget(&rxq->bell);
    cq = mynic_cq(rxq->core, rxq->cq_id);
    cq->rxq = rxq;
    mynic_intr_set_owner(&cq->intr, rxq->pair);
    cq->intr.raised = 0;
    mynic_rx_schedule(rxq);
}

void mynic_rx_stop(MynicRxq *rxq)
{
    MynicCq *cq;

    if (!rxq->ring.created) {
        return;
    }
    /* The slots may be in use by who calls this because of an error. */
    rxq->ring.created = false;
    rxq->done = 0;
    rxq->rung = false;
    cq = mynic_cq(rxq->core, rxq->cq_id);
    cq->rxq = NULL;
    mynic_intr_set_owner(&cq->intr, &rxq->core->pairs[cq->id / 2]);
    /* Who waited for this queue waits no longer. */
    mynic_rx_schedule(rxq);
}

void mynic_rx_realize(MynicRxq *rxq, MynicPair *pair, unsigned int id)
{
    rxq->core = pair->core;
    rxq->pair = pair;
    rxq->id = id;
    mynic_bell_init(&rxq->bell, pair, MYNIC_DB_RX_TAIL);
}

void mynic_rx_unrealize(MynicRxq *rxq)
{
    mynic_rx_stop(rxq);
    g_clear_pointer(&rxq->bh, qemu_bh_delete);
    mynic_bell_cleanup(&rxq->bell);
    g_clear_pointer(&rxq->bufs, g_free);
}

static int mynic_rx_post_load(void *opaque, int version_id)
{
    MynicRxq *rxq = opaque;

    if (rxq->ring.created) {
        g_free(rxq->bufs);
        rxq->bufs = g_new(struct mynic_rx_buf, rxq->ring.size);
    }
    return 0;
}

const VMStateDescription vmstate_mynic_rxq = {
    .name = "mynic-rxq",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = mynic_rx_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(ring, MynicRxq, 1, vmstate_mynic_ring, MynicRing),
        VMSTATE_UINT16(cq_id, MynicRxq),
        VMSTATE_UINT64_ARRAY(stats.words, MynicRxq,
                             sizeof(MynicQueueStats) / sizeof(uint64_t)),
        VMSTATE_END_OF_LIST()
    }
};
