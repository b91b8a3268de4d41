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
#include "trace.h"

void mynic_irq_raise(MynicCore *core, unsigned int vector)
{
    trace_mynic_irq_raise(vector);
    msix_notify(core->pdev, vector);
}

static void mynic_intr_report(MynicIntr *intr)
{
    intr->pending = false;
    timer_del(intr->timer);
    intr->raised++;
    mynic_irq_raise(intr->core, intr->vector);
}

/* In the queue's context. */
static void mynic_intr_timer(void *opaque)
{
    MynicIntr *intr = opaque;

    if (intr->pending) {
        mynic_intr_report(intr);
    }
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

void mynic_intr_realize(MynicIntr *intr, MynicCore *core, AioContext *ctx)
{
    intr->core = core;
    intr->timer = aio_timer_new(ctx, QEMU_CLOCK_VIRTUAL, SCALE_NS,
                                mynic_intr_timer, intr);
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

bool mynic_intr_batch(MynicIntr *intr, const MynicRing *ring, uint32_t from,
                      uint32_t packets)
{
    bool cause = false;
    uint32_t arm;

    if (mynic_has(intr->core, MYNIC_F_SHADOW)) {
        if (!mynic_ctl_read(ring, intr->core->pdev,
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

const VMStateDescription vmstate_mynic_intr = {
    .name = "mynic-intr",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER_PTR(timer, MynicIntr),
        VMSTATE_UINT16(vector, MynicIntr),
        VMSTATE_UINT16(usecs, MynicIntr),
        VMSTATE_UINT16(frames, MynicIntr),
        VMSTATE_BOOL(pending, MynicIntr),
        VMSTATE_UINT32(packets, MynicIntr),
        VMSTATE_BOOL(armed, MynicIntr),
        VMSTATE_UINT32(arm, MynicIntr),
        VMSTATE_UINT64(raised, MynicIntr),
        VMSTATE_END_OF_LIST()
    }
};
