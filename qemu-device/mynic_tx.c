/*
 * mynic: transmit queues
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Life of a packet: a doorbell schedules the queue's bottom half. That reads
 * the tail, copies the new slots, and takes packet after packet from the
 * copies: parse and check, map the pieces, send, complete. Heads are published
 * and an interrupt is decided on once a run. When the ring is empty the driver
 * is asked for a doorbell, and the tail is looked at once more.
 *
 * When the net layer's peer is busy it has copied what it could not send, and
 * calls mynic_tx_sent() when it is gone; until then the wire sends nothing
 * else, so that packets stay in order. A tap of ours that is full has taken
 * nothing: the packet, or what is left of one that is cut here, stays first in
 * the ring until there is room.
 *
 * A backend that understands offload headers gets them as they are, with one
 * exception: what is longer than IP can say (BIG TCP). Of a tap, Linux takes
 * that intact from 6.3 on over IPv4 and from 7.0 on over IPv6, a bridge would
 * cut it to the MTU, and what the net layer carries ends with NET_BUFSIZE. So
 * it goes out in pieces that are as long as IP can say, and still to be cut.
 */

#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "net/eth.h"
#include "qemu/iov.h"
#include "system/cpu-timers.h"
#include "mynic_core.h"
#include "mynic_pair.h"
#include "trace.h"

/**
 * MynicTxPkt - a packet as parsed from slots
 * @hdr: offload header, host byte order
 * @vlan: a tag is to be inserted
 * @vlan_tci: the tag
 * @frags: number of slots before the first piece
 * @slots: number of all slots
 * @len: bytes of all pieces
 */
typedef struct MynicTxPkt {
    struct mynic_offload_hdr hdr;
    bool vlan;
    uint16_t vlan_tci;
    uint32_t frags;
    uint32_t slots;
    uint32_t len;
} MynicTxPkt;

/* What parsing found; an error of the queue is what is left. */
#define MYNIC_TX_COMPLETE 0
#define MYNIC_TX_INCOMPLETE (-1)

static void mynic_tx_fail(MynicTxq *txq, enum mynic_queue_error error,
                          const char *why)
{
    if (mynic_queue_failed(txq->pair, MYNIC_EVENT_TXQ_ERROR, txq->id,
                           &txq->ring, error, why)) {
        txq->stats.s.drop_error++;
    }
}

static int mynic_tx_bad(MynicTxq *txq, const char *why)
{
    mynic_tx_fail(txq, MYNIC_QERR_BAD_DESC, why);
    return MYNIC_QERR_BAD_DESC;
}

static int mynic_tx_long(MynicTxq *txq, const char *why)
{
    mynic_tx_fail(txq, MYNIC_QERR_TOO_LONG, why);
    return MYNIC_QERR_TOO_LONG;
}

static const union mynic_tx_slot *mynic_tx_slot(const MynicTxq *txq,
                                                uint32_t index)
{
    return &txq->slots[index & (txq->ring.size - 1)];
}

/* The offload header of the META slot; offsets are checked when all is known */
static int mynic_tx_parse_meta(MynicTxq *txq, const struct mynic_tx_meta *meta,
                               MynicTxPkt *pkt)
{
    MynicCore *core = txq->core;
    uint16_t flags = le16_to_cpu(meta->flags);
    uint64_t need = 0;

    if (flags & ~(MYNIC_TX_TYPE_MASK | MYNIC_TX_VLAN | MYNIC_TX_TIMESTAMP) ||
        meta->hdr.flags & ~MYNIC_HDR_F_NEEDS_CSUM || meta->hdr.num_buffers) {
        return mynic_tx_bad(txq, "META with unknown flags");
    }
    pkt->hdr.flags = meta->hdr.flags;
    pkt->hdr.gso_type = meta->hdr.gso_type;
    pkt->hdr.hdr_len = le16_to_cpu(meta->hdr.hdr_len);
    pkt->hdr.gso_size = le16_to_cpu(meta->hdr.gso_size);
    pkt->hdr.csum_start = le16_to_cpu(meta->hdr.csum_start);
    pkt->hdr.csum_offset = le16_to_cpu(meta->hdr.csum_offset);

    if (flags & MYNIC_TX_VLAN) {
        pkt->vlan = true;
        pkt->vlan_tci = le16_to_cpu(meta->vlan_tci);
        need |= MYNIC_F_TX_VLAN;
    }
    if (flags & MYNIC_TX_TIMESTAMP) {
        need |= MYNIC_F_TX_TIMESTAMP;
    }
    if (pkt->hdr.flags & MYNIC_HDR_F_NEEDS_CSUM) {
        need |= MYNIC_F_TX_CSUM;
    }
    switch (pkt->hdr.gso_type) {
    case MYNIC_HDR_GSO_NONE:
        break;
    case MYNIC_HDR_GSO_TCPV4:
    case MYNIC_HDR_GSO_TCPV6:
    case MYNIC_HDR_GSO_TCPV4 | MYNIC_HDR_GSO_ECN:
    case MYNIC_HDR_GSO_TCPV6 | MYNIC_HDR_GSO_ECN:
        need |= MYNIC_F_TX_TSO;
        break;
    case MYNIC_HDR_GSO_UDP_L4:
        need |= MYNIC_F_TX_USO;
        break;
    default:
        return mynic_tx_bad(txq, "gso_type unknown");
    }
    if (need & ~core->drv_features) {
        return mynic_tx_bad(txq, "offload used that was not negotiated");
    }
    return MYNIC_TX_COMPLETE;
}

static int mynic_tx_check_hdr(MynicTxq *txq, const MynicTxPkt *pkt)
{
    const struct mynic_offload_hdr *hdr = &pkt->hdr;

    if (pkt->len < ETH_HLEN) {
        return mynic_tx_bad(txq, "packet shorter than an Ethernet header");
    }
    if (hdr->flags & MYNIC_HDR_F_NEEDS_CSUM &&
        (uint32_t)hdr->csum_start + hdr->csum_offset + 2 > pkt->len) {
        return mynic_tx_bad(txq, "checksum outside the packet");
    }
    if (hdr->gso_type != MYNIC_HDR_GSO_NONE) {
        if (!(hdr->flags & MYNIC_HDR_F_NEEDS_CSUM)) {
            return mynic_tx_bad(txq, "segmentation without NEEDS_CSUM");
        }
        if (!hdr->gso_size) {
            return mynic_tx_bad(txq, "gso_size 0");
        }
        if (hdr->hdr_len > pkt->len) {
            return mynic_tx_bad(txq, "hdr_len outside the packet");
        }
    } else if (pkt->len > MYNIC_TX_FRAME_MAX) {
        return mynic_tx_long(txq, "frame too long");
    }
    return MYNIC_TX_COMPLETE;
}

/* The packet that starts at head. */
static int mynic_tx_parse(MynicTxq *txq, MynicTxPkt *pkt)
{
    MynicRing *ring = &txq->ring;
    const union mynic_tx_slot *slot;
    uint64_t len = 0;
    uint16_t flags;
    int ret;

    memset(pkt, 0, sizeof(*pkt));
    for (;;) {
        if (pkt->slots == MYNIC_TX_SLOTS) {
            return mynic_tx_bad(txq, "packet of too many slots");
        }
        if (ring->head + pkt->slots == ring->tail) {
            return MYNIC_TX_INCOMPLETE;
        }
        if (ring->head + pkt->slots == ring->fetched &&
            !mynic_ring_fetch(ring, &txq->pair->dma, txq->slots,
                              sizeof(*txq->slots))) {
            mynic_tx_fail(txq, MYNIC_QERR_DMA, "ring cannot be read");
            return MYNIC_QERR_DMA;
        }
        slot = mynic_tx_slot(txq, ring->head + pkt->slots);
        flags = le16_to_cpu(slot->frag.flags);

        switch (flags & MYNIC_TX_TYPE_MASK) {
        case MYNIC_TX_TYPE_META:
            if (pkt->slots != 0) {
                return mynic_tx_bad(txq, "META out of place");
            }
            ret = mynic_tx_parse_meta(txq, &slot->meta, pkt);
            if (ret != MYNIC_TX_COMPLETE) {
                return ret;
            }
            pkt->frags = 1;
            break;
        case MYNIC_TX_TYPE_EXT:
            /* What it would be for is not offered. */
            return mynic_tx_bad(txq, "EXT without a feature that needs it");
        case MYNIC_TX_TYPE_FRAG:
            if (flags & ~(MYNIC_TX_TYPE_MASK | MYNIC_TX_EOP)) {
                return mynic_tx_bad(txq, "piece with unknown flags");
            }
            if (!slot->frag.len) {
                return mynic_tx_bad(txq, "piece of no bytes");
            }
            len += le32_to_cpu(slot->frag.len);
            if (len > MYNIC_TX_MAX_LEN) {
                return mynic_tx_long(txq, "packet too long");
            }
            if (flags & MYNIC_TX_EOP) {
                pkt->slots++;
                pkt->len = len;
                return mynic_tx_check_hdr(txq, pkt);
            }
            break;
        default:
            return mynic_tx_bad(txq, "slot of reserved type");
        }
        pkt->slots++;
    }
}

/* Maps one slot; @n counts the pieces. False if it cannot be mapped whole. */
static bool mynic_tx_map_frag(MynicTxq *txq, const struct mynic_tx_frag *frag,
                              unsigned int *n)
{
    uint64_t addr = le64_to_cpu(frag->addr);
    size_t left = le32_to_cpu(frag->len);

    while (left) {
        struct iovec *iov = &txq->iov[1 + *n];
        size_t len = left;

        if (*n == MYNIC_TX_IOV_MAX) {
            return false;
        }
        iov->iov_base = mynic_dma_ptr(&txq->pair->dma, addr, &len, false);
        if (!iov->iov_base) {
            return false;
        }
        iov->iov_len = len;
        (*n)++;
        addr += len;
        left -= len;
    }
    return true;
}

/* Copies the packet together. Returns whether that was possible. */
static bool mynic_tx_bounce(MynicTxq *txq, const MynicTxPkt *pkt)
{
    uint8_t *p;
    uint32_t i;

    if (!txq->bounce) {
        txq->bounce = g_malloc(MYNIC_TX_MAX_LEN);
    }
    p = txq->bounce;
    for (i = pkt->frags; i < pkt->slots; i++) {
        const struct mynic_tx_frag *frag =
            &mynic_tx_slot(txq, txq->ring.head + i)->frag;
        uint32_t len = le32_to_cpu(frag->len);

        if (!mynic_dma_read(&txq->pair->dma, le64_to_cpu(frag->addr), p,
                            len)) {
            return false;
        }
        p += len;
    }
    txq->iov[1].iov_base = txq->bounce;
    txq->iov[1].iov_len = pkt->len;
    return true;
}

/*
 * Makes iov[1] and on the packet in host memory. What is in too many pieces is
 * copied. Returns the number of pieces, 0 if one cannot be read.
 */
static unsigned int mynic_tx_map(MynicTxq *txq, const MynicTxPkt *pkt)
{
    unsigned int n = 0;
    uint32_t i;

    for (i = pkt->frags; i < pkt->slots; i++) {
        const struct mynic_tx_frag *frag =
            &mynic_tx_slot(txq, txq->ring.head + i)->frag;

        if (!mynic_tx_map_frag(txq, frag, &n)) {
            return !txq->pair->dma.missed && mynic_tx_bounce(txq, pkt) ? 1 : 0;
        }
    }
    return n;
}

/*
 * The net layer is done with a frame that it kept. The queues of this wire go
 * on from their bottom halves: nothing is sent from within the net layer.
 */
static void mynic_tx_sent(NetClientState *nc, ssize_t ret)
{
    MynicCore *core = qemu_get_nic_opaque(nc);
    MynicWire *wire = &core->wires[nc->queue_index];
    uint32_t i;

    if (!wire->inflight || --wire->inflight) {
        return;
    }
    /* With the BQL; to schedule needs no more. */
    for (i = 0; i < core->num_pairs; i++) {
        MynicTxq *txq = &core->pairs[i].txq;

        if (txq->wire == wire) {
            mynic_tx_schedule(txq);
        }
    }
}

/*
 * To the tap, or the net layer, with the offload header if the peer wants one.
 * Returns 1 for a frame that is done with, 0 for one that the tap had no room
 * for, a negative errno for one that was dropped.
 */
static int mynic_tx_push(MynicTxq *txq, const struct iovec *iov,
                         unsigned int iovcnt)
{
    MynicWire *wire = txq->wire;
    ssize_t ret;

    if (wire->fd >= 0) {
        return mynic_tap_send(wire, iov, iovcnt);
    }
    ret = qemu_sendv_packet_async(wire->nc, iov, iovcnt, mynic_tx_sent);
    if (ret == 0) {
        wire->inflight++;
    }
    return ret < 0 ? ret : 1;
}

/* One frame of at least @min bytes; what is missing are zeros. */
static int mynic_tx_push_padded(MynicTxq *txq, const struct iovec *iov,
                                unsigned int iovcnt, size_t len, size_t min)
{
    static const uint8_t zeros[ETH_ZLEN];
    struct iovec padded[ETH_ZLEN + 2];

    if (len >= min) {
        return mynic_tx_push(txq, iov, iovcnt);
    }
    /* So short a frame has not more pieces than bytes. */
    iovcnt = iov_copy(padded, ARRAY_SIZE(padded) - 1, iov, iovcnt, 0, len);
    padded[iovcnt].iov_base = (void *)zeros;
    padded[iovcnt].iov_len = min - len;
    return mynic_tx_push(txq, padded, iovcnt + 1);
}

static int mynic_tx_frame(void *opaque, const struct iovec *iov,
                          unsigned int iovcnt)
{
    return mynic_tx_push_padded(opaque, iov, iovcnt, iov_size(iov, iovcnt),
                                ETH_ZLEN);
}

/* One that the peer goes on to cut, if it is longer than a segment. */
static int mynic_tx_piece(void *opaque, const struct iovec *iov,
                          unsigned int iovcnt)
{
    return mynic_tx_push_padded(opaque, iov, iovcnt, iov_size(iov, iovcnt),
                                sizeof(struct mynic_offload_hdr) + ETH_ZLEN);
}

/* To a peer that does the offloads itself; returns as mynic_tx_push() */
static int mynic_tx_send_vnet(MynicTxq *txq, MynicTxPkt *pkt, unsigned int n)
{
    struct iovec *iov = txq->iov;
    size_t len = sizeof(struct mynic_offload_hdr) + pkt->len;
    struct mynic_offload_hdr hdr;

    if (pkt->vlan) {
        int ret = mynic_vlan_insert(&txq->iov[1], n, pkt->vlan_tci,
                                    txq->tag_buf, &txq->iov_tag[1],
                                    ARRAY_SIZE(txq->iov_tag) - 1, &pkt->hdr);

        if (ret < 0) {
            return ret;
        }
        iov = txq->iov_tag;
        n = ret;
        len += sizeof(struct vlan_header);
    }

    hdr = (struct mynic_offload_hdr) {
        .flags = pkt->hdr.flags,
        .gso_type = pkt->hdr.gso_type,
        .hdr_len = cpu_to_le16(pkt->hdr.hdr_len),
        .gso_size = cpu_to_le16(pkt->hdr.gso_size),
        .csum_start = cpu_to_le16(pkt->hdr.csum_start),
        .csum_offset = cpu_to_le16(pkt->hdr.csum_offset),
    };
    iov[0].iov_base = &hdr;
    iov[0].iov_len = sizeof(hdr);
    return mynic_tx_push_padded(txq, iov, n + 1, len,
                                hdr.gso_type == MYNIC_HDR_GSO_NONE ?
                                sizeof(hdr) + ETH_ZLEN : 0);
}

/*
 * To a peer that wants plain frames, or in pieces that it can cut. Up to
 * @budget of them at a time; txq->part says whether there are more. Returns as
 * mynic_tx_push().
 */
static int mynic_tx_send_cut(MynicTxq *txq, const MynicTxPkt *pkt,
                             unsigned int n, unsigned int *budget)
{
    const struct iovec *iov = &txq->iov[1];
    int frames;

    txq->part.max = *budget;
    if (txq->core->vnet_hdr) {
        frames = mynic_gso_split(&txq->gso, iov, n, &pkt->hdr, pkt->vlan,
                                 pkt->vlan_tci, &txq->part, mynic_tx_piece,
                                 txq);
    } else {
        frames = mynic_gso_send(&txq->gso, iov, n, &pkt->hdr, pkt->vlan,
                                pkt->vlan_tci, &txq->part, mynic_tx_frame,
                                txq);
    }
    if (frames <= 0) {
        return frames;
    }
    /* The caller counts one. */
    *budget -= frames - 1;
    return 1;
}

/* Longer than the headers can say, which no peer is sure to understand. */
static bool mynic_tx_is_big(const MynicTxPkt *pkt)
{
    return pkt->len > ETH_HLEN + ETH_MAX_IP_DGRAM_LEN &&
           pkt->hdr.gso_type != MYNIC_HDR_GSO_NONE;
}

typedef enum MynicTxResult {
    MYNIC_TX_DONE,
    MYNIC_TX_MORE,
    MYNIC_TX_FULL,
    MYNIC_TX_STOPPED,
} MynicTxResult;

static MynicTxResult mynic_tx_send(MynicTxq *txq, MynicTxPkt *pkt,
                                   unsigned int *budget)
{
    MynicWire *wire = txq->wire;
    uint8_t dst[ETH_ALEN];
    unsigned int n;
    int sent;

    trace_mynic_tx_packet(txq->id, txq->ring.head, pkt->slots, pkt->len,
                          pkt->hdr.gso_type);
    if (wire->nc->link_down) {
        wire->stats.s.tx_drop_link++;
        txq->part.next = 0;
        return MYNIC_TX_DONE;
    }

    n = mynic_tx_map(txq, pkt);
    if (!n) {
        mynic_tx_fail(txq, MYNIC_QERR_DMA, "packet cannot be read");
        return MYNIC_TX_STOPPED;
    }
    if (txq->core->vnet_hdr && !mynic_tx_is_big(pkt)) {
        sent = mynic_tx_send_vnet(txq, pkt, n);
    } else {
        sent = mynic_tx_send_cut(txq, pkt, n, budget);
        if (txq->part.next) {
            return wire->full ? MYNIC_TX_FULL : MYNIC_TX_MORE;
        }
    }

    if (sent > 0) {
        iov_to_buf(&txq->iov[1], n, 0, dst, sizeof(dst));
        MYNIC_COUNT_FRAME(&wire->stats, tx, dst, pkt->len);
        if (pkt->hdr.gso_type != MYNIC_HDR_GSO_NONE) {
            wire->stats.s.tx_gso_packets++;
        }
        txq->stats.s.packets++;
        txq->stats.s.bytes += pkt->len;
    } else if (sent < 0) {
        wire->stats.s.tx_drop_backend++;
        txq->stats.s.drop_error++;
    }
    return sent ? MYNIC_TX_DONE : MYNIC_TX_FULL;
}

/* The packet that was on its way is done with. */
static void mynic_tx_complete(MynicTxq *txq)
{
    txq->ring.head += txq->busy;
    txq->busy = 0;
    txq->done++;
}

/* Publishes the head; decides on an interrupt. */
static void mynic_tx_publish(MynicTxq *txq)
{
    MynicRing *ring = &txq->ring;
    uint32_t from = ring->published;

    if (ring->head == from || !mynic_ring_runs(ring)) {
        return;
    }
    if (!mynic_ring_publish(ring, &txq->pair->dma) ||
        !mynic_intr_batch(&txq->intr, ring, &txq->pair->dma, from, txq->done)) {
        mynic_tx_fail(txq, MYNIC_QERR_DMA, "control block not accessible");
    }
    trace_mynic_tx_batch(txq->id, ring->head, txq->done);
    txq->done = 0;
}

/* Returns false if the queue stopped. */
static bool mynic_tx_set_tail(MynicTxq *txq, uint32_t tail)
{
    /* Slots of a packet that is on its way cannot be taken back. */
    if (tail - txq->ring.head < txq->busy ||
        !mynic_ring_set_tail(&txq->ring, tail)) {
        mynic_tx_fail(txq, MYNIC_QERR_BAD_TAIL, "tail too far ahead");
        return false;
    }
    return true;
}

/* Returns false if the queue stopped. */
static bool mynic_tx_read_tail(MynicTxq *txq)
{
    uint32_t tail;

    if (!mynic_ctl_read(&txq->ring, &txq->pair->dma,
                        offsetof(struct mynic_queue_ctl, tail), &tail)) {
        mynic_tx_fail(txq, MYNIC_QERR_DMA, "control block cannot be read");
        return false;
    }
    return mynic_tx_set_tail(txq, tail);
}

/*
 * Everything up to the tail was looked at: asks for a doorbell, and looks once
 * more for what came too early to ring it. Returns whether there is more.
 */
static bool mynic_tx_drained(MynicTxq *txq)
{
    uint32_t tail = txq->ring.tail;

    if (!mynic_has(txq->core, MYNIC_F_SHADOW)) {
        return false;
    }
    if (!mynic_ctl_write(&txq->ring, &txq->pair->dma,
                         offsetof(struct mynic_queue_ctl, kick), tail)) {
        mynic_tx_fail(txq, MYNIC_QERR_DMA, "control block not writable");
        return false;
    }
    return mynic_tx_read_tail(txq) && txq->ring.tail != tail;
}

/*
 * Packets up to the tail, or as many as make @budget frames. Returns whether
 * the queue is to go on looking.
 */
static bool mynic_tx_packets(MynicTxq *txq, unsigned int *budget)
{
    MynicTxResult sent;
    MynicTxPkt pkt;

    while (*budget) {
        int ret = mynic_tx_parse(txq, &pkt);

        if (ret == MYNIC_TX_INCOMPLETE) {
            return true;
        }
        if (ret != MYNIC_TX_COMPLETE) {
            return false;
        }
        sent = mynic_tx_send(txq, &pkt, budget);
        if (sent == MYNIC_TX_STOPPED) {
            return false;
        }
        if (sent == MYNIC_TX_FULL) {
            txq->busy = txq->part.next ? pkt.slots : 0;
            return false;
        }
        (*budget)--;
        txq->busy = pkt.slots;
        if (txq->wire->inflight) {
            return false;
        }
        if (sent == MYNIC_TX_DONE) {
            mynic_tx_complete(txq);
        }
    }
    /* Others first. */
    mynic_tx_schedule(txq);
    return false;
}

/*
 * The ring is empty. Returns whether the queue will be looked at soon without
 * being asked for, so that no doorbell is wanted: while packets follow one
 * another so closely that waiting for the next is cheaper than its doorbell.
 */
static bool mynic_tx_polls(MynicTxq *txq, bool worked)
{
    int64_t period = (int64_t)txq->core->tx_poll * SCALE_US;
    int64_t now, since;

    if (!worked || !period || !mynic_has(txq->core, MYNIC_F_SHADOW) ||
        icount_enabled()) {
        return false;
    }
    now = qemu_clock_get_ns(QEMU_CLOCK_REALTIME);
    since = now - txq->seen;
    txq->seen = now;
    if (since > 2 * period) {
        return false;
    }
    timer_mod(txq->poll, now + period);
    return true;
}

static void mynic_tx_run(void *opaque)
{
    MynicTxq *txq = opaque;
    unsigned int budget = MYNIC_TX_BURST;
    uint32_t head = txq->ring.head;

    if (!mynic_ring_runs(&txq->ring) || !mynic_core_active(txq->core) ||
        txq->wire->inflight ||
        (txq->wire->full && !txq->wire->nc->link_down) ||
        !mynic_ring_ready(&txq->ring, &txq->pair->dma,
                          mynic_has(txq->core, MYNIC_F_SHADOW))) {
        return;
    }
    if (txq->busy && !txq->part.next) {
        mynic_tx_complete(txq);
    }
    if (mynic_has(txq->core, MYNIC_F_SHADOW) && !mynic_tx_read_tail(txq)) {
        return;
    }
    do {
        bool more = mynic_tx_packets(txq, &budget);

        mynic_tx_publish(txq);
        if (!more || !mynic_ring_runs(&txq->ring) ||
            mynic_tx_polls(txq, txq->ring.head != head)) {
            break;
        }
    } while (mynic_tx_drained(txq));
}

void mynic_tx_bh(void *opaque)
{
    MynicTxq *txq = opaque;

    mynic_pair_run(txq->pair, mynic_tx_run, txq);
}

void mynic_tx_move(MynicTxq *txq)
{
    g_clear_pointer(&txq->poll, timer_free);
    txq->poll = aio_timer_new(txq->pair->ctx, QEMU_CLOCK_REALTIME, SCALE_NS,
                              mynic_tx_bh, txq);
    mynic_intr_move(&txq->intr, txq->pair->ctx);
}

void mynic_tx_schedule(MynicTxq *txq)
{
    mynic_schedule(txq->pair, txq->bh);
}

void mynic_tx_doorbell(MynicTxq *txq, uint32_t tail)
{
    txq->stats.s.doorbells++;
    if (mynic_has(txq->core, MYNIC_F_SHADOW) ||
        mynic_tx_set_tail(txq, tail)) {
        mynic_tx_schedule(txq);
    }
}

void mynic_tx_settle(MynicTxq *txq)
{
    if (mynic_ring_runs(&txq->ring)) {
        mynic_tx_publish(txq);
    }
}

void mynic_tx_start(MynicTxq *txq, const struct mynic_cmd_txq *cmd)
{
    uint32_t size = 1U << le16_to_cpu(cmd->log2_size);

    mynic_ring_init(&txq->ring, le64_to_cpu(cmd->ring), le64_to_cpu(cmd->ctl),
                    size);
    g_free(txq->slots);
    txq->slots = g_new(union mynic_tx_slot, size);
    memset(&txq->stats, 0, sizeof(txq->stats));
    mynic_bell_forget(&txq->bell);
    mynic_intr_start(&txq->intr, le16_to_cpu(cmd->vector),
                     le16_to_cpu(cmd->moderation.usecs),
                     le16_to_cpu(cmd->moderation.frames));
}

void mynic_tx_stop(MynicTxq *txq)
{
    qemu_bh_cancel(txq->bh);
    timer_del(txq->poll);
    mynic_intr_stop(&txq->intr);
    /* Of the next queue here none is on its way, nor done. */
    txq->busy = 0;
    txq->part.next = 0;
    txq->done = 0;
    /* The slots may be in use by who calls this because of an error. */
    txq->ring.created = false;
}

void mynic_tx_realize(MynicTxq *txq, MynicPair *pair, unsigned int id)
{
    txq->core = pair->core;
    txq->pair = pair;
    txq->id = id;
    mynic_bell_init(&txq->bell, pair, MYNIC_DB_TX_TAIL);
    mynic_intr_realize(&txq->intr, pair);
    mynic_gso_init(&txq->gso, MYNIC_TX_IOV_MAX);
}

void mynic_tx_unrealize(MynicTxq *txq)
{
    mynic_tx_stop(txq);
    g_clear_pointer(&txq->bh, qemu_bh_delete);
    g_clear_pointer(&txq->poll, timer_free);
    mynic_bell_cleanup(&txq->bell);
    mynic_intr_unrealize(&txq->intr);
    mynic_gso_cleanup(&txq->gso);
    g_clear_pointer(&txq->slots, g_free);
    g_clear_pointer(&txq->bounce, g_free);
}

/* A packet that the net layer kept was not published: it is sent again. */
static int mynic_tx_post_load(void *opaque, int version_id)
{
    MynicTxq *txq = opaque;

    if (txq->ring.created) {
        g_free(txq->slots);
        txq->slots = g_new(union mynic_tx_slot, txq->ring.size);
    }
    return 0;
}

const VMStateDescription vmstate_mynic_txq = {
    .name = "mynic-txq",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = mynic_tx_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(ring, MynicTxq, 1, vmstate_mynic_ring, MynicRing),
        VMSTATE_STRUCT(intr, MynicTxq, 1, vmstate_mynic_intr, MynicIntr),
        VMSTATE_UINT64_ARRAY(stats.words, MynicTxq,
                             sizeof(MynicQueueStats) / sizeof(uint64_t)),
        VMSTATE_END_OF_LIST()
    }
};
