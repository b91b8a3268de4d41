/*
 * mynic: rings in guest memory and their control blocks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Everything that the data path reads from or writes to a ring passes through
 * here, so that the rules are in one place: an index is believed only after it
 * was checked, a slot is copied once and the copy is what is judged, and what
 * tells the driver of new entries is stored after the entries.
 *
 * A ring belongs to the context of its queue (see MynicTxq and MynicRxq).
 */

#ifndef HW_NET_MYNIC_RING_H
#define HW_NET_MYNIC_RING_H

#include "mynic_abi.h"
#include "mynic_dma.h"

/* Slots copied from the guest at a time, at most. */
#define MYNIC_FETCH_MAX 64

/**
 * MynicRing - one ring, with or without a control block
 * @base: address of the slots
 * @ctl: address of struct mynic_queue_ctl
 * @size: number of slots, a power of two
 * @head: index of the first slot that is not done (of a completion ring: the
 *        first that is not written)
 * @tail: index after the last slot that the driver filled, checked
 * @fetched: index after the last slot that was copied
 * @published: @head as the driver was told
 * @error: enum mynic_queue_error; the queue is stopped if it is not 0
 * @report: the driver is to be told of @error
 * @created: the queue exists
 */
typedef struct MynicRing {
    uint64_t base;
    uint64_t ctl;
    uint32_t size;
    uint32_t head;
    uint32_t tail;
    uint32_t fetched;
    uint32_t published;
    uint32_t error;
    bool report;
    bool created;
} MynicRing;

extern const VMStateDescription vmstate_mynic_ring;

/* Whether the queue exists and works. */
static inline bool mynic_ring_runs(const MynicRing *ring)
{
    return ring->created && ring->error == MYNIC_QERR_NONE;
}

/**
 * mynic_ring_init - start a ring at index 0
 * @ring: the ring
 * @base: address of the slots
 * @ctl: address of the control block, 0 if it has none
 * @size: number of slots, a power of two
 */
void mynic_ring_init(MynicRing *ring, uint64_t base, uint64_t ctl,
                     uint32_t size);

/**
 * mynic_ring_set_tail - take over a tail, wherever it came from
 * @ring: the ring
 * @tail: index after the last slot filled
 *
 * Returns false, and keeps the former tail, if the ring has not so many slots.
 */
bool mynic_ring_set_tail(MynicRing *ring, uint32_t tail);

/**
 * mynic_ring_fetch - copy the next slots, once and for all
 * @ring: the ring; @fetched moves on
 * @dma: guest memory
 * @slots: copies of all slots, by slot number
 * @slot_size: bytes of a slot
 *
 * Copies up to %MYNIC_FETCH_MAX of the slots that are filled and not copied.
 * Returns false if they could not be read.
 */
bool mynic_ring_fetch(MynicRing *ring, MynicDma *dma, void *slots,
                      size_t slot_size);

/**
 * mynic_ring_complete - write the next entry of a completion or event ring
 * @ring: the ring; @head moves on
 * @dma: guest memory
 * @entry: the entry, little-endian, its last word without the phase
 * @entry_size: bytes of the entry; the last four are the info word
 *
 * The info word with the phase is stored after everything else. Returns false
 * if the entry could not be written.
 */
bool mynic_ring_complete(MynicRing *ring, MynicDma *dma, const void *entry,
                         size_t entry_size);

/**
 * mynic_ring_publish - tell the driver of the head, after all that it covers
 * @ring: the ring
 * @dma: guest memory
 *
 * Returns false if the control block could not be written.
 */
bool mynic_ring_publish(MynicRing *ring, MynicDma *dma);

/**
 * mynic_ctl_read - read a word of the driver's part of the control block
 * @ring: the ring
 * @dma: guest memory
 * @offset: of the word in struct mynic_queue_ctl
 * @value: result
 *
 * Not before what this device stored earlier is visible to the driver: between
 * the two lies the race that the driver closes from the other side. Returns
 * false if the word could not be read.
 */
bool mynic_ctl_read(const MynicRing *ring, MynicDma *dma, size_t offset,
                    uint32_t *value);

/**
 * mynic_ctl_write - store a word of the device's part of the control block
 * @ring: the ring
 * @dma: guest memory
 * @offset: of the word in struct mynic_queue_ctl
 * @value: the word
 *
 * Returns false if the word could not be written.
 */
bool mynic_ctl_write(const MynicRing *ring, MynicDma *dma, size_t offset,
                     uint32_t value);

/**
 * mynic_index_crossed - whether moving an index reached a certain one
 * @index: the slot waited for
 * @from: index before
 * @to: index after the last slot done now
 */
static inline bool mynic_index_crossed(uint32_t index, uint32_t from,
                                       uint32_t to)
{
    return to - index - 1 < to - from;
}

/**
 * mynic_ring_ready - whether the control block can be reached without the BQL
 * @ring: the ring
 * @dma: guest memory
 * @reads: whether it is read, too (MYNIC_F_SHADOW)
 *
 * As mynic_dma_ready(); true if there is no such ring.
 */
bool mynic_ring_ready(const MynicRing *ring, MynicDma *dma, bool reads);

/**
 * mynic_ring_entry_ready - likewise, for the next entry of a completion ring
 * @ring: the ring
 * @dma: guest memory
 * @entry_size: bytes
 */
bool mynic_ring_entry_ready(const MynicRing *ring, MynicDma *dma,
                            size_t entry_size);

#endif /* HW_NET_MYNIC_RING_H */
