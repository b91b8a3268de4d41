/*
 * mynic: doorbells that arrive by a file descriptor
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "block/aio.h"
#include "system/kvm.h"
#include "system/replay.h"
#include "mynic_core.h"
#include "mynic_pair.h"
#include "trace.h"

/* How often it was rung since the last call. */
static uint64_t mynic_bell_take(MynicBell *bell)
{
    uint64_t times;
    ssize_t len;

    if (!bell->made) {
        return 0;
    }
    len = RETRY_ON_EINTR(read(event_notifier_get_fd(&bell->event), &times,
                              sizeof(times)));
    return len == sizeof(times) ? times : 0;
}

void mynic_bell_settle(MynicBell *bell)
{
    MynicPair *pair = bell->pair;
    uint64_t times = mynic_bell_take(bell);

    if (!times) {
        return;
    }
    trace_mynic_bell(pair->txq.id, bell->offset, times);
    if (bell == &pair->txq.bell) {
        if (mynic_ring_runs(&pair->txq.ring)) {
            pair->txq.stats.s.doorbells += times - 1;
            mynic_tx_doorbell(&pair->txq, 0);
        }
    } else if (mynic_ring_runs(&pair->rxq.ring)) {
        pair->rxq.stats.s.doorbells += times - 1;
        mynic_rx_doorbell(&pair->rxq, 0);
    }
}

/* If the pair has moved, who watches the event there finds it. */
static void mynic_bell_rung(EventNotifier *event)
{
    MynicBell *bell = container_of(event, MynicBell, event);

    if (mynic_pair_enter(bell->pair)) {
        mynic_bell_settle(bell);
        mynic_pair_unlock(bell->pair);
    }
}

void mynic_bell_forget(MynicBell *bell)
{
    mynic_bell_take(bell);
}

void mynic_bell_unwatch(MynicBell *bell)
{
    if (bell->set) {
        aio_set_event_notifier(bell->pair->ctx, &bell->event, NULL, NULL, NULL);
    }
}

void mynic_bell_watch(MynicBell *bell)
{
    if (bell->set) {
        aio_set_event_notifier(bell->pair->ctx, &bell->event, mynic_bell_rung,
                               NULL, NULL);
    }
}

/* A host that has no eventfd left has a register. */
static void mynic_bell_set(MynicBell *bell, bool set)
{
    MynicPair *pair = bell->pair;
    MemoryRegion *mr = pair->core->bells;
    hwaddr addr = pair->txq.id * MYNIC_DOORBELL_STRIDE + bell->offset;

    if (bell->set == set) {
        return;
    }
    mynic_pair_lock(pair);
    if (!bell->made && event_notifier_init(&bell->event, 0) < 0) {
        mynic_pair_unlock(pair);
        return;
    }
    bell->made = true;
    mynic_bell_unwatch(bell);
    bell->set = set;
    mynic_bell_watch(bell);
    mynic_pair_unlock(pair);
    if (set) {
        memory_region_add_eventfd(mr, addr, sizeof(uint32_t), false, 0,
                                  &bell->event);
    } else {
        memory_region_del_eventfd(mr, addr, sizeof(uint32_t), false, 0,
                                  &bell->event);
    }
}

void mynic_bells_update(MynicCore *core)
{
    bool use = mynic_core_enabled(core) && mynic_has(core, MYNIC_F_SHADOW);
    uint32_t i;

    if (!core->bells) {
        return;
    }
    memory_region_transaction_begin();
    for (i = 0; i < core->num_pairs; i++) {
        MynicPair *pair = &core->pairs[i];

        mynic_bell_set(&pair->txq.bell, use && pair->txq.ring.created);
        mynic_bell_set(&pair->rxq.bell, use && pair->rxq.ring.created);
    }
    memory_region_transaction_commit();
}

void mynic_bells_realize(MynicCore *core, OnOffAuto mode, MemoryRegion *mr)
{
    /* When an event is seen is not recorded. */
    bool possible = replay_mode == REPLAY_MODE_NONE;

    if (possible && (mode == ON_OFF_AUTO_ON ||
                     (mode == ON_OFF_AUTO_AUTO && kvm_enabled()))) {
        core->bells = mr;
    }
}

void mynic_bell_init(MynicBell *bell, MynicPair *pair, hwaddr offset)
{
    bell->pair = pair;
    bell->offset = offset;
}

void mynic_bell_cleanup(MynicBell *bell)
{
    assert(!bell->set);
    if (bell->made) {
        event_notifier_cleanup(&bell->event);
        bell->made = false;
    }
}
