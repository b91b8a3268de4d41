/*
 * mynic: where queue pairs run, the tap that they own, their interrupts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "Contexts and locks" in mynic_core.h has the rules.
 */

#ifndef HW_NET_MYNIC_PAIR_H
#define HW_NET_MYNIC_PAIR_H

#include "mynic_core.h"

/* mynic_pair.c: where queue pairs run -------------------------------------- */

void mynic_pair_realize(MynicPair *pair, MynicCore *core, unsigned int id,
                        AioContext *thread);
void mynic_pair_unrealize(MynicPair *pair);

/**
 * mynic_pair_add_wire - let a wire run with a pair
 * @pair: the pair
 * @wire: the wire
 */
void mynic_pair_add_wire(MynicPair *pair, MynicWire *wire);

/**
 * mynic_pair_lock - keep everybody else from a pair
 * @pair: the pair
 *
 * See "Contexts and locks".
 */
void mynic_pair_lock(MynicPair *pair);

/**
 * mynic_pair_unlock - undo that, and raise the interrupts that became due
 * @pair: the pair
 */
void mynic_pair_unlock(MynicPair *pair);

/**
 * mynic_pair_release - undo it in a timer's callback
 * @pair: the pair
 *
 * In an IOThread the interrupts that became due are raised a little later.
 */
void mynic_pair_release(MynicPair *pair);

/**
 * mynic_raise_bh - raise all interrupts that are due
 * @opaque: the card
 */
void mynic_raise_bh(void *opaque);

/**
 * mynic_pair_enter - take the lock in a callback of the pair's context
 * @pair: the pair
 *
 * Returns false, without the lock, if the pair has moved to another context.
 */
bool mynic_pair_enter(MynicPair *pair);

/**
 * mynic_pair_run - run a batch in a callback of the pair's context
 * @pair: the pair
 * @fn: the batch, with the lock held
 * @opaque: its argument
 *
 * If an access to guest memory was missed, MynicDma.missed, @fn is called once
 * more with the BQL held as well, where none is. Until then it left everything
 * in a state from which it can go on.
 *
 * Returns false if the pair has moved to another context.
 */
bool mynic_pair_run(MynicPair *pair, void (*fn)(void *opaque), void *opaque);

/**
 * mynic_core_lock - keep everybody from all pairs
 * @core: the card
 *
 * With the BQL, to change what the data path reads. Who asks an IOMMU, and is
 * called back from there, has its own lock already (MynicDmaMap.asker), or, at
 * the end of batches when the guest stops, all of them.
 */
void mynic_core_lock(MynicCore *core);
void mynic_core_unlock(MynicCore *core);

/**
 * mynic_core_release - undo mynic_core_lock(), and raise interrupts later
 * @core: the card
 *
 * For who may be called in the middle of a write to the very device that an
 * interrupt passes, an IOMMU: QEMU would drop the interrupt there.
 */
void mynic_core_release(MynicCore *core);

/**
 * mynic_core_place - let pairs run where they can run best now
 * @core: the card
 *
 * With the BQL and no lock. While the card is enabled the descriptors of a tap
 * are ours, and pairs run in the IOThreads that they were given, unless an
 * IOMMU is in between that says nothing of what it forgets, or that would have
 * to be asked in an IOThread of others. Otherwise the net layer and the main
 * loop have everything.
 */
void mynic_core_place(MynicCore *core);

/**
 * mynic_core_park - wait until no IOThread is in a callback of ours
 * @core: the card, whose pairs all run in the main loop
 *
 * The BQL is released meanwhile.
 */
void mynic_core_park(MynicCore *core);

/**
 * mynic_schedule - run a bottom half of a pair
 * @pair: the pair; its lock or the BQL is held
 * @bh: the bottom half
 */
void mynic_schedule(MynicPair *pair, QEMUBH *bh);

/* mynic_tap.c: a tap whose descriptor is ours ------------------------------ */

/**
 * mynic_tap_possible - whether the peers are taps that we may take over
 * @core: the card
 */
bool mynic_tap_possible(MynicCore *core);

/**
 * mynic_tap_attach - take the descriptor from the net layer, or move it
 * @wire: the wire, whose pair's context is where it is watched from now on
 *
 * With the BQL and the pair's lock.
 */
void mynic_tap_attach(MynicWire *wire);

/**
 * mynic_tap_detach - give the descriptor back to the net layer
 * @wire: the wire; a frame that it kept is dropped
 *
 * With the BQL and the pair's lock.
 */
void mynic_tap_detach(MynicWire *wire);

/**
 * mynic_tap_unwatch - stop watching the descriptor, in the pair's context
 * @wire: the wire, with its pair's lock
 */
void mynic_tap_unwatch(MynicWire *wire);

/**
 * mynic_tap_receive - read frames, a burst at most
 * @opaque: the wire, with its pair's lock, which is released in between
 */
void mynic_tap_receive(void *opaque);

/**
 * mynic_tap_collect - bring the whole frame to private memory, @buf
 * @wire: the wire, with its pair's lock
 */
void mynic_tap_collect(MynicWire *wire);

/**
 * mynic_tap_watch - watch the descriptor for what is wanted now
 * @wire: the wire, with its pair's lock
 */
void mynic_tap_watch(MynicWire *wire);

/**
 * mynic_tap_send - write one frame
 * @wire: the wire, with its pair's lock
 * @iov: the frame behind its offload header
 * @iovcnt: number of pieces
 *
 * Returns 1 when it was sent, 0 when the tap is full, and the transmit queues
 * of this wire will be scheduled when it is not; or a negative errno.
 */
int mynic_tap_send(MynicWire *wire, const struct iovec *iov,
                   unsigned int iovcnt);

/**
 * mynic_tap_wake - take the frame that waits, and go on reading
 * @wire: the wire, with its pair's lock or the BQL
 */
void mynic_tap_wake(MynicWire *wire);

/* mynic_steer.c: RSS in the tap -------------------------------------------- */

void mynic_steer_realize(MynicCore *core);
void mynic_steer_unrealize(MynicCore *core);

/**
 * mynic_steer_update - let the tap steer as the card does, if it can
 * @core: the card
 *
 * With the BQL, whenever RSS or @direct has changed.
 */
void mynic_steer_update(MynicCore *core);

/* mynic_intr.c: vectors and moderation ------------------------------------- */

/**
 * mynic_irq_raise - raise a vector
 * @core: the card
 * @vector: MSI-X vector, valid
 *
 * With the BQL and no pair's lock.
 */
void mynic_irq_raise(MynicCore *core, unsigned int vector);

/**
 * mynic_irq_forget - drop what is pending because its vector is masked
 * @core: the card
 *
 * With the BQL.
 */
void mynic_irq_forget(MynicCore *core);

/**
 * mynic_intr_realize - an interrupt of a queue
 * @intr: the interrupt
 * @pair: the pair of the queue
 *
 * All functions on it are called with its owner's lock. Its timer comes with
 * mynic_intr_move().
 */
void mynic_intr_realize(MynicIntr *intr, MynicPair *pair);
void mynic_intr_unrealize(MynicIntr *intr);

/**
 * mynic_intr_move - the queue runs in another context
 * @intr: the interrupt
 * @ctx: the context
 */
void mynic_intr_move(MynicIntr *intr, AioContext *ctx);

/**
 * mynic_intr_set_owner - another pair's lock protects it from now on
 * @intr: the interrupt
 * @owner: the pair; its lock is held, and so is that of the owner before
 */
void mynic_intr_set_owner(MynicIntr *intr, MynicPair *owner);

/**
 * mynic_intr_start - a new queue uses it
 * @intr: the interrupt
 * @vector: MSI-X vector, valid
 * @usecs: moderation, as in struct mynic_cmd_moderation
 * @frames: likewise
 */
void mynic_intr_start(MynicIntr *intr, uint16_t vector, uint16_t usecs,
                      uint16_t frames);

/**
 * mynic_intr_modify - change vector and moderation
 * @intr: the interrupt
 * @vector: MSI-X vector, valid
 * @usecs: moderation, as in struct mynic_cmd_moderation
 * @frames: likewise
 *
 * Moderation of the next cause, that is; one that waits goes on waiting.
 */
void mynic_intr_modify(MynicIntr *intr, uint16_t vector, uint16_t usecs,
                       uint16_t frames);

/**
 * mynic_intr_stop - no interrupt from here on
 * @intr: the interrupt
 */
void mynic_intr_stop(MynicIntr *intr);

/**
 * mynic_intr_arm - the doorbell was written; of no effect with SHADOW
 * @intr: the interrupt
 * @index: slot or entry that is waited for
 * @published: head that the driver knows of; if it covers @index already, that
 *             is a cause
 */
void mynic_intr_arm(MynicIntr *intr, uint32_t index, uint32_t published);

/**
 * mynic_intr_batch - decide on an interrupt, once for a batch
 * @intr: the interrupt
 * @ring: its ring, just published
 * @dma: guest memory
 * @from: head published before
 * @packets: packets that were completed
 *
 * Returns false if the control block could not be read.
 */
bool mynic_intr_batch(MynicIntr *intr, const MynicRing *ring, MynicDma *dma,
                      uint32_t from, uint32_t packets);

extern const VMStateDescription vmstate_mynic_intr;

#endif /* HW_NET_MYNIC_PAIR_H */
