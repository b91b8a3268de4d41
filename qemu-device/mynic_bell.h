/*
 * mynic: doorbells that arrive by a file descriptor
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A write to the doorbell of a queue whose tail is in memory (MYNIC_F_SHADOW)
 * says no more than that it happened. So KVM may answer it in the kernel, by
 * an eventfd that the context of the queue's pair watches: the vCPU goes on at
 * once, and nobody takes the BQL. The value is lost on the way; without SHADOW
 * it is the tail, and the doorbell stays a register.
 */

#ifndef HW_NET_MYNIC_BELL_H
#define HW_NET_MYNIC_BELL_H

#include "exec/memory.h"
#include "qapi/qapi-types-common.h"
#include "qemu/event_notifier.h"

typedef struct MynicCore MynicCore;
typedef struct MynicPair MynicPair;

/**
 * MynicBell - the doorbell of a queue's tail
 * @pair: pair of the queue
 * @offset: of the doorbell in the pair's page
 * @event: is written instead of the doorbell
 * @made: there is @event
 * @set: @event is in the doorbell's place, and watched in the pair's context
 */
typedef struct MynicBell {
    MynicPair *pair;
    hwaddr offset;
    EventNotifier event;
    bool made;
    bool set;
} MynicBell;

/**
 * mynic_bells_realize - decide whether doorbells may arrive so
 * @core: the card
 * @mode: what the user asked for
 * @mr: BAR of the doorbells
 */
void mynic_bells_realize(MynicCore *core, OnOffAuto mode, MemoryRegion *mr);

/**
 * mynic_bells_update - put an eventfd in the place of each doorbell that may
 *                      have one now, and take away the others
 * @core: the card
 *
 * With the BQL and no lock, whenever a queue or the features have changed.
 * Until then an event for a queue that is gone does nothing.
 */
void mynic_bells_update(MynicCore *core);

/**
 * mynic_bell_settle - let the queue hear at once what was rung until now
 * @bell: the doorbell, with its pair's lock
 */
void mynic_bell_settle(MynicBell *bell);

/**
 * mynic_bell_forget - what was rung is nothing to the queue that starts now
 * @bell: the doorbell, with its pair's lock
 */
void mynic_bell_forget(MynicBell *bell);

/**
 * mynic_bell_unwatch - before the pair runs in another context
 * @bell: the doorbell, with the BQL and its pair's lock
 */
void mynic_bell_unwatch(MynicBell *bell);

/**
 * mynic_bell_watch - now it does
 * @bell: the doorbell, with the BQL and its pair's lock
 */
void mynic_bell_watch(MynicBell *bell);

void mynic_bell_init(MynicBell *bell, MynicPair *pair, hwaddr offset);
void mynic_bell_cleanup(MynicBell *bell);

#endif /* HW_NET_MYNIC_BELL_H */
