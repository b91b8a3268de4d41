/*
 * mynic: where queue pairs run, and what keeps others from them meanwhile
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "Contexts and locks" in mynic_core.h has the rules.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "system/cpu-timers.h"
#include "system/replay.h"
#include "mynic_core.h"
#include "mynic_pair.h"
#include "trace.h"

/* Pages behind an IOMMU: rings and buffers of default size, twice as many. */
#define MYNIC_PAIR_IOTLB_PAGES  4096

static void mynic_pair_raw_lock(MynicPair *pair)
{
    if (pair->thread) {
        qemu_mutex_lock(&pair->lock);
    }
}

static void mynic_pair_raw_unlock(MynicPair *pair)
{
    if (pair->thread) {
        qemu_mutex_unlock(&pair->lock);
    }
}

void mynic_pair_lock(MynicPair *pair)
{
    mynic_pair_raw_lock(pair);
}

bool mynic_pair_enter(MynicPair *pair)
{
    mynic_pair_raw_lock(pair);
    if (pair->ctx == qemu_get_current_aio_context()) {
        return true;
    }
    mynic_pair_raw_unlock(pair);
    return false;
}

/*
 * With the BQL. Until then the interrupts stay in the pair's list, so that who
 * stops a queue, or the guest, finds them there, and none comes late. While the
 * card may not write to memory its messages would be lost: mynic_core_resume()
 * raises them.
 */
static void mynic_pair_raise(MynicPair *pair)
{
    uint16_t vectors[ARRAY_SIZE(pair->due)];
    unsigned int i, n = 0;

    if (!mynic_core_masters(pair->core)) {
        return;
    }
    mynic_pair_raw_lock(pair);
    for (i = 0; i < pair->num_due; i++) {
        if (pair->due[i]->due) {
            pair->due[i]->due = false;
            pair->due[i]->raised++;
            vectors[n++] = pair->due[i]->vector;
        }
    }
    pair->num_due = 0;
    mynic_pair_raw_unlock(pair);
    for (i = 0; i < n; i++) {
        mynic_irq_raise(pair->core, vectors[i]);
    }
}

void mynic_pair_unlock(MynicPair *pair)
{
    bool due = pair->num_due;

    mynic_pair_raw_unlock(pair);
    if (!due) {
        return;
    }
    if (bql_locked()) {
        mynic_pair_raise(pair);
    } else if (pair->core->shared) {
        qemu_bh_schedule(pair->core->raise_bh);
    } else {
        bql_lock();
        mynic_pair_raise(pair);
        bql_unlock();
    }
}

void mynic_pair_release(MynicPair *pair)
{
    if (bql_locked()) {
        mynic_pair_unlock(pair);
        return;
    }
    if (pair->num_due) {
        qemu_bh_schedule(pair->raise_bh);
    }
    mynic_pair_raw_unlock(pair);
}

static void mynic_pair_raise_bh(void *opaque)
{
    MynicPair *pair = opaque;

    if (mynic_pair_enter(pair)) {
        mynic_pair_unlock(pair);
    }
}

bool mynic_pair_run(MynicPair *pair, void (*fn)(void *opaque), void *opaque)
{
    bool missed;

    if (!mynic_pair_enter(pair)) {
        return false;
    }
    fn(opaque);
    missed = pair->dma.missed;
    /* Or who has the BQL would take an error of its own for a miss. */
    pair->dma.missed = false;
    mynic_pair_unlock(pair);
    if (!missed) {
        return true;
    }

    /* Nobody but us uses the IOThread, see mynic_core_place(). */
    bql_lock();
    if (mynic_pair_enter(pair)) {
        trace_mynic_pair_again(pair->txq.id);
        fn(opaque);
        mynic_pair_unlock(pair);
    }
    bql_unlock();
    return true;
}

void mynic_raise_bh(void *opaque)
{
    MynicCore *core = opaque;
    uint32_t i;

    for (i = 0; i < core->num_pairs; i++) {
        mynic_pair_raise(&core->pairs[i]);
    }
}

void mynic_core_lock(MynicCore *core)
{
    uint32_t i;

    if (core->locked++) {
        return;
    }
    for (i = 0; i < core->num_pairs; i++) {
        if (&core->pairs[i].dma != core->map.asker) {
            mynic_pair_raw_lock(&core->pairs[i]);
        }
    }
}

/* Returns whether interrupts are due, and may be raised. */
static bool mynic_core_raw_unlock(MynicCore *core)
{
    bool due = false;
    uint32_t i;

    if (--core->locked) {
        return false;
    }
    for (i = core->num_pairs; i > 0; i--) {
        due |= core->pairs[i - 1].num_due;
        if (&core->pairs[i - 1].dma != core->map.asker) {
            mynic_pair_raw_unlock(&core->pairs[i - 1]);
        }
    }
    return due;
}

void mynic_core_release(MynicCore *core)
{
    if (mynic_core_raw_unlock(core)) {
        qemu_bh_schedule(core->raise_bh);
    }
}

void mynic_core_unlock(MynicCore *core)
{
    uint32_t i;

    if (!mynic_core_raw_unlock(core)) {
        return;
    }
    for (i = 0; i < core->num_pairs; i++) {
        mynic_pair_raise(&core->pairs[i]);
    }
}

void mynic_schedule(MynicPair *pair, QEMUBH *bh)
{
    if (pair->thread) {
        qemu_bh_schedule(bh);
    } else {
        replay_bh_schedule_event(bh);
    }
}

/* A bottom half of ours reaches no MMIO; in a thread it must not say it may. */
static QEMUBH *mynic_pair_bh(MynicPair *pair, QEMUBHFunc *fn, void *opaque)
{
    if (pair->ctx == qemu_get_aio_context()) {
        return aio_bh_new_guarded(pair->ctx, fn, opaque,
                        &DEVICE(pair->core->pdev)->mem_reentrancy_guard);
    }
    return aio_bh_new(pair->ctx, fn, opaque);
}

static void mynic_pair_wire_bh(void *opaque)
{
    MynicWire *wire = opaque;

    mynic_pair_run(wire->pair, mynic_tap_receive, wire);
}

void mynic_pair_add_wire(MynicPair *pair, MynicWire *wire)
{
    g_clear_pointer(&wire->bh, qemu_bh_delete);
    wire->pair = pair;
    wire->bh = mynic_pair_bh(pair, mynic_pair_wire_bh, wire);
}

/* With the lock, and with the BQL. */
static void mynic_pair_move(MynicPair *pair, AioContext *ctx)
{
    MynicCore *core = pair->core;
    uint32_t i;

    trace_mynic_pair_move(pair->txq.id, ctx != qemu_get_aio_context());
    g_clear_pointer(&pair->txq.bh, qemu_bh_delete);
    g_clear_pointer(&pair->rxq.bh, qemu_bh_delete);
    g_clear_pointer(&pair->raise_bh, qemu_bh_delete);
    mynic_bell_unwatch(&pair->txq.bell);
    mynic_bell_unwatch(&pair->rxq.bell);
    pair->ctx = ctx;
    mynic_bell_watch(&pair->txq.bell);
    mynic_bell_watch(&pair->rxq.bell);
    pair->raise_bh = mynic_pair_bh(pair, mynic_pair_raise_bh, pair);
    pair->txq.bh = mynic_pair_bh(pair, mynic_tx_bh, &pair->txq);
    pair->rxq.bh = mynic_pair_bh(pair, mynic_rx_bh, &pair->rxq);
    mynic_tx_move(&pair->txq);
    mynic_intr_move(&pair->cq[0].intr, ctx);
    mynic_intr_move(&pair->cq[1].intr, ctx);
    /* What was to be done by the old ones, and may have no doorbell. */
    qemu_bh_schedule(pair->raise_bh);
    mynic_tx_schedule(&pair->txq);
    mynic_rx_schedule(&pair->rxq);
    for (i = 0; i < core->num_wires; i++) {
        MynicWire *wire = &core->wires[i];

        if (wire->pair == pair) {
            mynic_pair_add_wire(pair, wire);
            if (wire->kept) {
                mynic_tap_wake(wire);
            }
        }
    }
}

void mynic_core_place(MynicCore *core)
{
    bool direct = mynic_core_enabled(core) && mynic_tap_possible(core);
    bool asks = core->map.bus.translated && (core->map.deaf || core->shared);
    bool threads = direct && !asks && !icount_enabled();
    bool changed = core->direct != direct;
    uint32_t i;

    mynic_core_lock(core);
    if (core->direct && !direct) {
        for (i = 0; i < core->num_wires; i++) {
            mynic_tap_detach(&core->wires[i]);
        }
    }
    for (i = 0; i < core->num_pairs; i++) {
        MynicPair *pair = &core->pairs[i];
        AioContext *ctx = threads && pair->thread ? pair->thread
                                                  : qemu_get_aio_context();
        uint32_t w;

        if (pair->ctx == ctx) {
            continue;
        }
        if (core->direct && direct) {
            for (w = i; w < core->num_wires; w += core->num_pairs) {
                mynic_tap_unwatch(&core->wires[w]);
            }
        }
        mynic_pair_move(pair, ctx);
    }
    core->direct = direct;
    for (i = 0; direct && i < core->num_wires; i++) {
        mynic_tap_attach(&core->wires[i]);
    }
    mynic_core_release(core);
    if (changed) {
        mynic_steer_update(core);
    }
}

static void mynic_parked(void *opaque)
{
    qemu_sem_post(opaque);
}

void mynic_core_park(MynicCore *core)
{
    unsigned int waiting = 0;
    QemuSemaphore parked;
    uint32_t i, j;

    qemu_sem_init(&parked, 0);
    for (i = 0; i < core->num_pairs; i++) {
        AioContext *thread = core->pairs[i].thread;

        for (j = 0; j < i && core->pairs[j].thread != thread; j++) {
            continue;
        }
        if (thread && j == i) {
            aio_bh_schedule_oneshot(thread, mynic_parked, &parked);
            waiting++;
        }
    }
    if (waiting) {
        bql_unlock();
        while (waiting--) {
            qemu_sem_wait(&parked);
        }
        bql_lock();
    }
    qemu_sem_destroy(&parked);
}

void mynic_pair_realize(MynicPair *pair, MynicCore *core, unsigned int id,
                        AioContext *thread)
{
    pair->core = core;
    pair->thread = thread;
    qemu_mutex_init(&pair->lock);
    mynic_dma_add_user(&core->map, &pair->dma, MYNIC_PAIR_IOTLB_PAGES);
    mynic_tx_realize(&pair->txq, pair, id);
    mynic_rx_realize(&pair->rxq, pair, id);
    mynic_cq_realize(&pair->cq[0], pair, MYNIC_CQ_RX(id));
    mynic_cq_realize(&pair->cq[1], pair, MYNIC_CQ_TX(id));
    mynic_pair_move(pair, qemu_get_aio_context());
}

void mynic_pair_unrealize(MynicPair *pair)
{
    mynic_tx_unrealize(&pair->txq);
    mynic_rx_unrealize(&pair->rxq);
    mynic_cq_unrealize(&pair->cq[0]);
    mynic_cq_unrealize(&pair->cq[1]);
    g_clear_pointer(&pair->raise_bh, qemu_bh_delete);
    qemu_mutex_destroy(&pair->lock);
}
