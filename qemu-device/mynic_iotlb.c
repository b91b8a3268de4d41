/*
 * mynic: addresses that an IOMMU has translated for the card
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "mynic_iotlb.h"

/* In the low bits of MynicIotlbEntry.iova; no entry has none of them. */
#define MYNIC_IOTLB_READ        1ULL
#define MYNIC_IOTLB_WRITE       2ULL

static uint64_t mynic_iotlb_page(uint64_t addr)
{
    return addr & ~(MYNIC_IOTLB_PAGE - 1);
}

static MynicIotlbEntry *mynic_iotlb_entry(const MynicIotlb *tlb, uint64_t iova)
{
    return &tlb->entries[iova / MYNIC_IOTLB_PAGE & tlb->mask];
}

void mynic_iotlb_init(MynicIotlb *tlb, size_t entries)
{
    assert(is_power_of_2(entries));
    tlb->entries = g_new0(MynicIotlbEntry, entries);
    tlb->mask = entries - 1;
}

void mynic_iotlb_destroy(MynicIotlb *tlb)
{
    g_clear_pointer(&tlb->entries, g_free);
}

bool mynic_iotlb_get(const MynicIotlb *tlb, uint64_t iova, bool write,
                     uint64_t *gpa)
{
    const MynicIotlbEntry *e = mynic_iotlb_entry(tlb, iova);
    uint64_t right = write ? MYNIC_IOTLB_WRITE : MYNIC_IOTLB_READ;

    if (mynic_iotlb_page(e->iova) != mynic_iotlb_page(iova) ||
        !(e->iova & right)) {
        return false;
    }
    *gpa = e->gpa + iova % MYNIC_IOTLB_PAGE;
    return true;
}

void mynic_iotlb_put(MynicIotlb *tlb, uint64_t iova, bool write, uint64_t gpa)
{
    MynicIotlbEntry *e = mynic_iotlb_entry(tlb, iova);
    uint64_t page = mynic_iotlb_page(iova);

    if (mynic_iotlb_page(e->iova) != page || e->gpa != mynic_iotlb_page(gpa)) {
        e->iova = page;
        e->gpa = mynic_iotlb_page(gpa);
    }
    e->iova |= write ? MYNIC_IOTLB_WRITE : MYNIC_IOTLB_READ;
}

void mynic_iotlb_drop(MynicIotlb *tlb, uint64_t iova, uint64_t size)
{
    uint64_t page = mynic_iotlb_page(iova);
    uint64_t last = mynic_iotlb_page(iova + size - 1);

    if (!tlb->entries) {
        return;
    }
    if ((last - page) / MYNIC_IOTLB_PAGE >= tlb->mask) {
        memset(tlb->entries, 0, (tlb->mask + 1) * sizeof(*tlb->entries));
        return;
    }
    for (;; page += MYNIC_IOTLB_PAGE) {
        MynicIotlbEntry *e = mynic_iotlb_entry(tlb, page);

        if (mynic_iotlb_page(e->iova) == page) {
            e->iova = 0;
        }
        if (page == last) {
            break;
        }
    }
}
