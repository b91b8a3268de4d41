/*
 * mynic: addresses that an IOMMU has translated for the card
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * As the address translation cache of a PCIe card: what was translated once is
 * not asked for again until the IOMMU says that it is no longer so. Direct
 * mapped, as the addresses that a guest gives out lie together.
 */

#ifndef HW_NET_MYNIC_IOTLB_H
#define HW_NET_MYNIC_IOTLB_H

/* What is translated at a time; larger pages take several entries. */
#define MYNIC_IOTLB_PAGE        4096ULL

/**
 * MynicIotlbEntry - one page
 * @iova: its address on the bus, and in the low bits what is allowed
 * @gpa: where it lies in the guest's memory
 */
typedef struct MynicIotlbEntry {
    uint64_t iova;
    uint64_t gpa;
} MynicIotlbEntry;

/**
 * MynicIotlb - the cache
 * @entries: MynicIotlbEntry by page number
 * @mask: number of @entries, a power of two, less one
 */
typedef struct MynicIotlb {
    MynicIotlbEntry *entries;
    uint64_t mask;
} MynicIotlb;

/**
 * mynic_iotlb_init - a cache that knows nothing
 * @tlb: the cache
 * @entries: a power of two
 */
void mynic_iotlb_init(MynicIotlb *tlb, size_t entries);
void mynic_iotlb_destroy(MynicIotlb *tlb);

/**
 * mynic_iotlb_get - look an address up
 * @tlb: the cache
 * @iova: address on the bus
 * @write: whether the card writes
 * @gpa: receives the address in the guest's memory
 *
 * Returns false if it is not known that the card may.
 */
bool mynic_iotlb_get(const MynicIotlb *tlb, uint64_t iova, bool write,
                     uint64_t *gpa);

/**
 * mynic_iotlb_put - remember what was translated
 * @tlb: the cache
 * @iova: address on the bus
 * @write: whether that was asked for writing, or for reading
 * @gpa: address in the guest's memory
 */
void mynic_iotlb_put(MynicIotlb *tlb, uint64_t iova, bool write, uint64_t gpa);

/**
 * mynic_iotlb_drop - forget a range
 * @tlb: the cache
 * @iova: first address on the bus
 * @size: bytes, 0 for all that are behind it
 *
 * A cache that was never made, or destroyed, knows nothing to forget.
 */
void mynic_iotlb_drop(MynicIotlb *tlb, uint64_t iova, uint64_t size);

#endif /* HW_NET_MYNIC_IOTLB_H */
