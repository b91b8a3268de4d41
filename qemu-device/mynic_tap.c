/*
 * mynic: a tap whose descriptor is ours
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * While the card is enabled, and nothing else is to see the frames, each wire
 * to a tap takes the tap's descriptor from the net layer, as vhost does, and
 * watches it in the context of its queue pair.
 *
 * Transmit writes a packet from guest memory. Receive reads a frame in three
 * pieces: its beginning to private memory, where filter and RSS judge it; what
 * it is likely to have beyond that to the buffers that the guest posted next;
 * and what is left, if it was longer, to private memory again. So no frame is
 * cut off, none is judged by memory that the guest can change, and a long one
 * is copied once. If it turns out to be for another queue, or must be changed,
 * it is collected in private memory first.
 *
 * A frame that finds too few buffers stays in private memory, and the
 * descriptor is not watched until there are more: the tap's queue, in the
 * kernel, is where frames wait.
 */

#include "qemu/osdep.h"
#include "qemu/iov.h"
#include "qemu/main-loop.h"
#include "net/tap.h"
#include "system/replay.h"
#include "mynic_core.h"
#include "mynic_pair.h"
#include "trace.h"

#define MYNIC_TAP_HDR sizeof(struct mynic_offload_hdr)
/* Of a frame, with its offload header, that is in private memory always. */
#define MYNIC_TAP_HEAD (MYNIC_TAP_HDR + MYNIC_RX_HEAD)

bool mynic_tap_possible(MynicCore *core)
{
    uint32_t i;

    if (!core->vnet_hdr || core->num_wires < core->num_pairs ||
        qemu_get_nic(core->wires[0].nc)->peer_deleted ||
        replay_mode != REPLAY_MODE_NONE) {
        return false;
    }
    for (i = 0; i < core->num_wires; i++) {
        NetClientState *nc = core->wires[i].nc;

        if (nc->peer->info->type != NET_CLIENT_DRIVER_TAP ||
            tap_get_fd(nc->peer) < 0 ||
            !QTAILQ_EMPTY(&nc->filters) || !QTAILQ_EMPTY(&nc->peer->filters)) {
            return false;
        }
    }
    return true;
}

static void mynic_tap_readable(void *opaque)
{
    MynicWire *wire = opaque;

    mynic_pair_run(wire->pair, mynic_tap_receive, wire);
}

static void mynic_tap_writable(void *opaque)
{
    MynicWire *wire = opaque;
    MynicCore *core = wire->core;
    uint32_t i;

    if (!mynic_pair_enter(wire->pair)) {
        return;
    }
    if (wire->fd >= 0) {
        wire->full = false;
        mynic_tap_watch(wire);
        for (i = wire->pair->txq.id; i < core->num_pairs;
             i += core->num_wires) {
            mynic_tx_schedule(&core->pairs[i].txq);
        }
    }
    mynic_pair_unlock(wire->pair);
}

static void mynic_tap_set_watch(MynicWire *wire, bool reads, bool writes)
{
    AioContext *ctx = wire->pair->ctx;

    if (wire->reads == reads && wire->writes == writes) {
        return;
    }
    wire->reads = reads;
    wire->writes = writes;
    if (ctx == qemu_get_aio_context()) {
        /* Not from within a nested event loop of the block layer. */
        ctx = iohandler_get_aio_context();
    }
    aio_set_fd_handler(ctx, wire->fd, reads ? mynic_tap_readable : NULL,
                       writes ? mynic_tap_writable : NULL, NULL, NULL, wire);
}

void mynic_tap_watch(MynicWire *wire)
{
    if (wire->fd >= 0) {
        bool running = wire->core->vm_running;

        mynic_tap_set_watch(wire, running && !wire->kept,
                            running && wire->full);
    }
}

void mynic_tap_unwatch(MynicWire *wire)
{
    if (wire->fd >= 0) {
        mynic_tap_set_watch(wire, false, false);
    }
}

void mynic_tap_attach(MynicWire *wire)
{
    NetClientState *peer = wire->nc->peer;

    if (wire->fd < 0) {
        /* Or the net layer would watch the descriptor when they are gone. */
        qemu_purge_queued_packets(peer);
        qemu_purge_queued_packets(wire->nc);
        peer->info->poll(peer, false);
        wire->fd = tap_get_fd(peer);
        wire->reads = false;
        wire->writes = false;
        wire->full = false;
        wire->kept = 0;
        wire->placed = 0;
        wire->expect = 0;
        qatomic_set(&wire->waits_for, NULL);
        trace_mynic_tap_attach(wire->index, wire->fd);
    }
    mynic_tap_watch(wire);
}

void mynic_tap_detach(MynicWire *wire)
{
    NetClientState *peer = wire->nc->peer;

    if (wire->fd < 0) {
        return;
    }
    trace_mynic_tap_detach(wire->index, wire->fd);
    mynic_tap_unwatch(wire);
    wire->fd = -1;
    wire->full = false;
    wire->kept = 0;
    qatomic_set(&wire->waits_for, NULL);
    if (!qemu_get_nic(wire->nc)->peer_deleted) {
        peer->info->poll(peer, true);
    }
}

void mynic_tap_wake(MynicWire *wire)
{
    qemu_bh_schedule(wire->bh);
}

int mynic_tap_send(MynicWire *wire, const struct iovec *iov,
                   unsigned int iovcnt)
{
    ssize_t len = RETRY_ON_EINTR(writev(wire->fd, iov, iovcnt));

    if (len >= 0) {
        return 1;
    }
    if (errno != EAGAIN) {
        return -errno;
    }
    trace_mynic_tap_full(wire->index);
    wire->full = true;
    mynic_tap_watch(wire);
    return 0;
}

void mynic_tap_collect(MynicWire *wire)
{
    uint8_t *rest = wire->buf + MYNIC_TAP_HEAD;
    size_t placed = wire->placed;

    if (!placed) {
        return;
    }
    memmove(rest + placed, rest, wire->len - MYNIC_TAP_HEAD - placed);
    iov_to_buf(&wire->iov[1], wire->num_placed, 0, rest, placed);
    wire->placed = 0;
    wire->iov[0].iov_len = wire->len;
    wire->iovcnt = 1;
}

/*
 * Reads one frame. Returns false if there is none, or none that can be right:
 * one that fills NET_BUFSIZE may have been cut off.
 */
static bool mynic_tap_read(MynicWire *wire)
{
    const size_t rest = NET_BUFSIZE - MYNIC_TAP_HEAD;
    struct iovec *iov = wire->iov;
    unsigned int n = 0;
    size_t frame, room;
    ssize_t len;

    if (wire->expect > MYNIC_RX_HEAD) {
        n = mynic_rx_place(&wire->pair->rxq, MYNIC_RX_HEAD,
                           wire->expect - MYNIC_RX_HEAD, &iov[1],
                           MYNIC_RX_IOV_MAX - 2);
    }
    room = iov_size(&iov[1], n);
    iov[0].iov_base = wire->buf;
    if (n) {
        iov[0].iov_len = MYNIC_TAP_HEAD;
        iov[n + 1].iov_base = wire->buf + MYNIC_TAP_HEAD;
        iov[n + 1].iov_len = rest - MIN(room, rest);
        len = RETRY_ON_EINTR(readv(wire->fd, iov, n + 2));
    } else {
        iov[0].iov_len = NET_BUFSIZE;
        len = RETRY_ON_EINTR(read(wire->fd, wire->buf, NET_BUFSIZE));
    }
    if (len <= 0) {
        return false;
    }
    if (len >= NET_BUFSIZE) {
        wire->stats.s.rx_packets++;
        wire->stats.s.rx_drop_malformed++;
        return false;
    }

    wire->len = len;
    wire->num_placed = n;
    wire->placed = n && len > MYNIC_TAP_HEAD ? MIN(room, len - MYNIC_TAP_HEAD)
                                             : 0;
    wire->iovcnt = iov_copy(iov, n + 2, iov, n ? n + 2 : 1, 0, len);
    frame = len > MYNIC_TAP_HDR ? len - MYNIC_TAP_HDR : 0;
    wire->expect = MAX(frame, wire->expect - wire->expect / 8);
    return true;
}

void mynic_tap_receive(void *opaque)
{
    MynicWire *wire = opaque;
    MynicCore *core = wire->core;
    MynicPair *pair = wire->pair;
    unsigned int n;

    for (n = 0; n < MYNIC_RX_BURST && !wire->busy && wire->fd >= 0 &&
                core->vm_running; n++) {
        if (!wire->kept && !mynic_tap_read(wire)) {
            break;
        }
        if (mynic_rx_receive(wire, wire->iov, wire->iovcnt)) {
            wire->kept = 0;
        } else if (wire->fd >= 0) {
            mynic_tap_collect(wire);
            wire->kept = wire->len;
            if (pair->ctx != qemu_get_current_aio_context()) {
                /* As below; who moved the pair saw no kept frame. */
                mynic_tap_wake(wire);
            }
            break;
        }
        wire->placed = 0;
        if (pair->ctx != qemu_get_current_aio_context()) {
            /* Moved while the lock was released: this is its work now. */
            mynic_tap_wake(wire);
            return;
        }
    }
    if (mynic_core_active(core)) {
        mynic_rx_publish(&pair->rxq);
    }
    mynic_tap_watch(wire);
}
