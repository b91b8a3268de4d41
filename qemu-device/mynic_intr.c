/*
 * mynic: vectors and interrupt moderation
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A queue's interrupt has a cause when the slot or entry that the driver armed
 * is done: its index is in the control block (MYNIC_F_SHADOW) or was written
 * to the doorbell. The cause is reported at once, or, with moderation, when
 * the interval ends or enough packets were completed.
 */

#include "qemu/osdep.h"
#include "hw/pci/msix.h"
#include "migration/vmstate.h"
#include "qemu/timer.h"
#include "mynic_core.h"
#include "mynic_pair.h"
#include "trace.h"

void mynic_irq_raise(MynicCore *core, unsigned int vector)
{
    trace_mynic_irq_raise(vector);
    msix_notify(core->pdev, vector);
}

void mynic_irq_forget(MynicCore *core)
{
    int vector;

    for (vector = 0; vector < core->pdev->msix_entries_nr; vector++) {
        msix_clr_pending(core->pdev, vector);
    }
}

/* It is raised when the owner's lock is released. */
static void mynic_intr_set_due(MynicIntr *intr)
{
    MynicPair *owner = intr->owner;

    if (!intr->due) {
        intr->due = true;
        assert(owner->num_due < ARRAY_SIZE(owner->due));
        owner->due[owner->num_due++] = intr;
    }
}

static void mynic_intr_clear_due(MynicIntr *intr)
{
    MynicPair *owner = intr->owner;
    unsigned int i;

    for (i = 0; intr->due; i++) {
        if (owner->due[i] == intr) {
            owner->due[i] = owner->due[--owner->num_due];
            intr->due = false;
        }
    }
}

static void mynic_intr_report(MynicIntr *intr)
{
    intr->pending = false;
    timer_del(intr->timer);
    mynic_intr_set_due(intr);
}

/*
 * In the context of the queue's pair, which need not be the owner. Who stops
 * the guest has the BQL and waits for timers to return: what interrupts need
 * the BQL for is left to a bottom half.
 */
static void mynic_intr_timer(void *opaque)
{
    MynicIntr *intr = opaque;
    MynicPair *owner = qatomic_read(&intr->owner);

    mynic_pair_lock(owner);
    while (owner != intr->owner) {
        mynic_pair_release(owner);
        owner = qatomic_read(&intr->owner);
        mynic_pair_lock(owner);
    }
    if (intr->pending) {
        mynic_intr_report(intr);
    }
    mynic_pair_release(owner);
}

/* When the interval ends, -1 if none runs. */
static int64_t mynic_intr_deadline(const MynicIntr *intr)
{
    return intr->timer && timer_pending(intr->timer) ?
           timer_expire_time_ns(intr->timer) : -1;
}

static void mynic_intr_set_timer(MynicIntr *intr)
{
    timer_mod(intr->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                           intr->usecs * SCALE_US);
}

static void mynic_intr_cause(MynicIntr *intr)
{
    if (intr->pending) {
        return;
    }
    if (!intr->usecs) {
        mynic_intr_report(intr);
        return;
    }
    intr->pending = true;
    intr->packets = 0;
    mynic_intr_set_timer(intr);
}

void mynic_intr_realize(MynicIntr *intr, MynicPair *pair)
{
    intr->core = pair->core;
    intr->owner = pair;
}

void mynic_intr_move(MynicIntr *intr, AioContext *ctx)
{
    int64_t deadline = mynic_intr_deadline(intr);

    g_clear_pointer(&intr->timer, timer_free);
    intr->timer = aio_timer_new(ctx, QEMU_CLOCK_VIRTUAL, SCALE_NS,
                                mynic_intr_timer, intr);
    if (deadline >= 0) {
        timer_mod(intr->timer, deadline);
    }
}

void mynic_intr_set_owner(MynicIntr *intr, MynicPair *owner)
{
    bool due = intr->due;

    mynic_intr_clear_due(intr);
    qatomic_set(&intr->owner, owner);
    if (due) {
        mynic_intr_set_due(intr);
    }
}

void mynic_intr_unrealize(MynicIntr *intr)
{
    g_clear_pointer(&intr->timer, timer_free);
}

void mynic_intr_start(MynicIntr *intr, uint16_t vector, uint16_t usecs,
                      uint16_t frames)
{
    intr->vector = vector;
    intr->usecs = usecs;
    intr->frames = frames;
    intr->pending = false;
    intr->packets = 0;
    intr->armed = false;
    intr->arm = 0;
    intr->raised = 0;
}

void mynic_intr_modify(MynicIntr *intr, uint16_t vector, uint16_t usecs,
                       uint16_t frames)
{
    intr->vector = vector;
    intr->usecs = usecs;
    intr->frames = frames;
}

void mynic_intr_stop(MynicIntr *intr)
{
    intr->pending = false;
    intr->armed = false;
    timer_del(intr->timer);
    mynic_intr_clear_due(intr);
}

void mynic_intr_arm(MynicIntr *intr, uint32_t index, uint32_t published)
{
    if (mynic_has(intr->core, MYNIC_F_SHADOW)) {
        return;
    }
    if ((int32_t)(published - index) > 0) {
        intr->armed = false;
        mynic_intr_cause(intr);
    } else {
        intr->armed = true;
        intr->arm = index;
    }
}

bool mynic_intr_batch(MynicIntr *intr, const MynicRing *ring, MynicDma *dma,
                      uint32_t from, uint32_t packets)
{
    bool cause = false;
    uint32_t arm;

    if (mynic_has(intr->core, MYNIC_F_SHADOW)) {
        if (!mynic_ctl_read(ring, dma,
                            offsetof(struct mynic_queue_ctl, arm), &arm)) {
            return false;
        }
        cause = mynic_index_crossed(arm, from, ring->head);
    } else if (intr->armed &&
               mynic_index_crossed(intr->arm, from, ring->head)) {
        intr->armed = false;
        cause = true;
    }
    if (cause) {
        mynic_intr_cause(intr);
    }
    if (intr->pending) {
        intr->packets += packets;
        if (intr->frames && intr->packets >= intr->frames) {
            mynic_intr_report(intr);
        }
    }
    return true;
}

static int mynic_intr_pre_save(void *opaque)
{
    MynicIntr *intr = opaque;

    /* What is due, and cannot be raised yet, is so again at once. */
    intr->deadline = intr->due ? 0 : mynic_intr_deadline(intr);
    return 0;
}

static int mynic_intr_post_load(void *opaque, int version_id)
{
    MynicIntr *intr = opaque;

    intr->pending = intr->deadline >= 0;
    if (intr->pending) {
        timer_mod(intr->timer, intr->deadline);
    } else {
        timer_del(intr->timer);
    }
    return 0;
}

const VMStateDescription vmstate_mynic_intr = {
    .name = "mynic-intr",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = mynic_intr_pre_save,
    .post_load = mynic_intr_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_INT64(deadline, MynicIntr),
        VMSTATE_UINT16(vector, MynicIntr),
        VMSTATE_UINT16(usecs, MynicIntr),
        VMSTATE_UINT16(frames, MynicIntr),
        VMSTATE_UINT32(packets, MynicIntr),
        VMSTATE_BOOL(armed, MynicIntr),
        VMSTATE_UINT32(arm, MynicIntr),
        VMSTATE_UINT64(raised, MynicIntr),
        VMSTATE_END_OF_LIST()
    }
};
