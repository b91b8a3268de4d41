/*
 * mynic: rings in guest memory and their control blocks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "migration/vmstate.h"
#include "mynic_ring.h"

void mynic_ring_init(MynicRing *ring, uint64_t base, uint64_t ctl,
                     uint32_t size)
{
    *ring = (MynicRing) {
        .base = base,
        .ctl = ctl,
        .size = size,
        .created = true,
    };
}

bool mynic_ring_set_tail(MynicRing *ring, uint32_t tail)
{
    if (tail - ring->head > ring->size) {
        return false;
    }
    if (ring->fetched - ring->head > tail - ring->head) {
        /* Taken back, though it was announced: such slots are read again. */
        ring->fetched = tail;
    }
    ring->tail = tail;
    return true;
}

bool mynic_ring_fetch(MynicRing *ring, MynicDma *dma, void *slots,
                      size_t slot_size)
{
    uint32_t todo = MIN(ring->tail - ring->fetched, MYNIC_FETCH_MAX);

    while (todo) {
        uint32_t slot = ring->fetched & (ring->size - 1);
        uint32_t n = MIN(todo, ring->size - slot);
        size_t offset = slot * slot_size;

        if (!mynic_dma_read(dma, ring->base + offset,
                            (uint8_t *)slots + offset, n * slot_size)) {
            return false;
        }
        ring->fetched += n;
        todo -= n;
    }
    return true;
}

static uint64_t mynic_ring_entry(const MynicRing *ring, size_t entry_size)
{
    return ring->base + (uint64_t)(ring->head & (ring->size - 1)) * entry_size;
}

bool mynic_ring_ready(const MynicRing *ring, MynicDma *dma, bool reads)
{
    const size_t len = sizeof(struct mynic_queue_ctl);

    return !ring->created ||
           (mynic_dma_ready(dma, ring->ctl, len, true) &&
            (!reads || mynic_dma_ready(dma, ring->ctl, len, false)));
}

bool mynic_ring_entry_ready(const MynicRing *ring, MynicDma *dma,
                            size_t entry_size)
{
    return !ring->created ||
           mynic_dma_ready(dma, mynic_ring_entry(ring, entry_size), entry_size,
                           true);
}

bool mynic_ring_complete(MynicRing *ring, MynicDma *dma, const void *entry,
                         size_t entry_size)
{
    size_t body = entry_size - sizeof(uint32_t);
    uint64_t addr = mynic_ring_entry(ring, entry_size);
    uint32_t info = ldl_le_p((const uint8_t *)entry + body);

    /* The first pass writes phase 1: ring->size is the bit of the pass. */
    if (!(ring->head & ring->size)) {
        info |= MYNIC_CQE_PHASE;
    }
    if (!mynic_dma_write(dma, addr, entry, body)) {
        return false;
    }
    /* The phase hands the body over; pairs with dma_rmb() there. */
    if (!mynic_dma_store32(dma, addr + body, info)) {
        return false;
    }
    ring->head++;
    return true;
}

bool mynic_ring_publish(MynicRing *ring, MynicDma *dma)
{
    /* The head gives back what was read, and is last. */
    if (!mynic_dma_store32(dma,
                           ring->ctl + offsetof(struct mynic_queue_ctl, head),
                           ring->head)) {
        return false;
    }
    ring->published = ring->head;
    return true;
}

bool mynic_ctl_read(const MynicRing *ring, MynicDma *dma, size_t offset,
                    uint32_t *value)
{
    bool ok;

    smp_mb(); /* head or kick is visible before this is looked at */
    ok = mynic_dma_load32(dma, ring->ctl + offset, value);
    smp_rmb(); /* what the word announces is read after it */
    return ok;
}

bool mynic_ctl_write(const MynicRing *ring, MynicDma *dma, size_t offset,
                     uint32_t value)
{
    return mynic_dma_store32(dma, ring->ctl + offset, value);
}

/* Slots between head and tail are copied again after migration. */
static int mynic_ring_post_load(void *opaque, int version_id)
{
    MynicRing *ring = opaque;

    ring->fetched = ring->head;
    if (!ring->created) {
        return 0;
    }
    return is_power_of_2(ring->size) && ring->size <= 1 << 16 ? 0 : -EINVAL;
}

const VMStateDescription vmstate_mynic_ring = {
    .name = "mynic-ring",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = mynic_ring_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(base, MynicRing),
        VMSTATE_UINT64(ctl, MynicRing),
        VMSTATE_UINT32(size, MynicRing),
        VMSTATE_UINT32(head, MynicRing),
        VMSTATE_UINT32(tail, MynicRing),
        VMSTATE_UINT32(published, MynicRing),
        VMSTATE_UINT32(error, MynicRing),
        VMSTATE_BOOL(report, MynicRing),
        VMSTATE_BOOL(created, MynicRing),
        VMSTATE_END_OF_LIST()
    }
};
