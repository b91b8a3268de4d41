/*
 * mynic: guest memory as the card sees it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The data path of a queue may run without the BQL, where QEMU's general way
 * to guest memory is not open: an access that meets a device takes the BQL,
 * and one that an IOMMU refuses raises the IOMMU's interrupt. So the RAM that
 * the card reaches is kept here as a list of windows, each mapped once, and an
 * access is a comparison and a pointer. What is in no window is no RAM, and an
 * access to it fails.
 *
 * Behind an IOMMU the windows are those of the guest's memory, and the address
 * is translated before. What was translated once is kept in mynic_iotlb.c, if
 * this IOMMU says when it is no longer so. To ask it is allowed with the BQL
 * only. Without, what is not known is missed: the access fails, and who made it
 * goes back to where nothing had happened, to try again with the BQL.
 */

#ifndef HW_NET_MYNIC_DMA_H
#define HW_NET_MYNIC_DMA_H

#include "exec/memory.h"
#include "hw/pci/pci_device.h"
#include "mynic_iotlb.h"

typedef struct MynicDmaMap MynicDmaMap;

/**
 * MynicDmaWindow - a piece of RAM
 * @base: its address in the address space of the view
 * @size: bytes
 * @readonly: the card must not write to it
 * @mr: whose RAM it is, to see whether it is another one
 * @offset: of it in @mr
 * @cache: the mapping
 */
typedef struct MynicDmaWindow {
    uint64_t base;
    uint64_t size;
    bool readonly;
    MemoryRegion *mr;
    uint64_t offset;
    MemoryRegionCache cache;
} MynicDmaWindow;

/**
 * MynicDmaView - the RAM in an address space
 * @map: whose view it is
 * @as: the address space
 * @listener: hears of its changes
 * @windows: MynicDmaWindow, largest first
 * @next: the windows to be, while the memory map changes
 * @translated: an IOMMU is in it
 * @next_translated: likewise, while the memory map changes
 * @changed: @next is to replace @windows
 */
typedef struct MynicDmaView {
    MynicDmaMap *map;
    AddressSpace *as;
    MemoryListener listener;
    GArray *windows;
    GArray *next;
    bool translated;
    bool next_translated;
    bool changed;
} MynicDmaView;

/**
 * MynicDma - guest memory, for one user
 * @map: guest memory
 * @tlb: what an IOMMU translated for this user
 * @pages: how many it keeps, a power of two
 * @missed: an access failed for want of the BQL; false but in a batch
 *
 * Under the user's lock: a pair's, or the BQL.
 */
typedef struct MynicDma {
    MynicDmaMap *map;
    MynicIotlb tlb;
    size_t pages;
    bool missed;
    QLIST_ENTRY(MynicDma) next;
} MynicDma;

/**
 * MynicDmaMap - guest memory
 * @freeze: called before anything here changes, so that no user is at it
 * @thaw: called afterwards
 * @moved: called when there is an IOMMU or none any more, behind @thaw
 * @opaque: argument of them
 * @moved_bh: calls @moved
 * @asker: who is asking an IOMMU, with its lock held: it may find that it has
 *         nothing to translate, and go at once, so that all this is called from
 *         there. @freeze leaves that lock alone
 * @bus: what is in the card's address space
 * @ram: what is in the guest's memory, to which an IOMMU translates
 * @iommus: MynicDmaIommu, those that translate
 * @deaf: in how many ranges they do not say what they forget, so that nothing
 *        is kept
 * @users: everybody
 *
 * Written with the BQL, between @freeze and @thaw; read by whoever @freeze
 * keeps out.
 */
struct MynicDmaMap {
    void (*freeze)(void *opaque);
    void (*thaw)(void *opaque);
    void (*moved)(void *opaque);
    void *opaque;
    QEMUBH *moved_bh;
    MynicDma *asker;
    MynicDmaView bus;
    MynicDmaView ram;
    GSList *iommus;
    unsigned int deaf;
    QLIST_HEAD(, MynicDma) users;
};

/**
 * mynic_dma_realize - start to follow the guest's memory map
 * @map: guest memory
 * @pdev: the device
 * @freeze: see MynicDmaMap
 * @thaw: likewise
 * @moved: likewise
 * @opaque: argument of them
 */
void mynic_dma_realize(MynicDmaMap *map, PCIDevice *pdev,
                       void (*freeze)(void *opaque),
                       void (*thaw)(void *opaque),
                       void (*moved)(void *opaque), void *opaque);
void mynic_dma_unrealize(MynicDmaMap *map);

/**
 * mynic_dma_reset - forget all that an IOMMU has translated
 * @map: guest memory
 *
 * With the BQL.
 */
void mynic_dma_reset(MynicDmaMap *map);

/**
 * mynic_dma_add_user - let somebody reach guest memory
 * @map: guest memory, not realized yet
 * @dma: the user
 * @pages: how many an IOMMU's translation is kept of, a power of two
 */
void mynic_dma_add_user(MynicDmaMap *map, MynicDma *dma, size_t pages);

/**
 * mynic_dma_ready - whether an access without the BQL would be missed
 * @dma: the user
 * @addr: address on the bus
 * @len: bytes
 * @write: whether the card writes
 *
 * What is ready stays so until the user's lock is released.
 *
 * Returns false if it would, and notes that.
 */
bool mynic_dma_ready(MynicDma *dma, uint64_t addr, size_t len, bool write);

/**
 * mynic_dma_ptr - RAM as a pointer
 * @dma: the user
 * @addr: address on the bus
 * @len: bytes wanted; on return those that lie together
 * @write: whether the card writes; mynic_dma_write() of the same memory says so
 *         afterwards
 *
 * Returns NULL if there is no RAM, or an IOMMU does not allow it.
 */
void *mynic_dma_ptr(MynicDma *dma, uint64_t addr, size_t *len, bool write);

/**
 * mynic_dma_read - copy from guest memory
 * @dma: the user
 * @addr: address on the bus
 * @buf: destination
 * @len: bytes
 *
 * Returns false if a part of it could not be read.
 */
bool mynic_dma_read(MynicDma *dma, uint64_t addr, void *buf, size_t len);

/**
 * mynic_dma_write - copy to guest memory
 * @dma: the user
 * @addr: address on the bus
 * @buf: source; it may be the very memory, or overlap with it
 * @len: bytes
 *
 * Returns false if a part of it could not be written.
 */
bool mynic_dma_write(MynicDma *dma, uint64_t addr, const void *buf,
                     size_t len);

/**
 * mynic_dma_load32 - load a word, whole
 * @dma: the user
 * @addr: address on the bus, a multiple of 4
 * @value: the word, host byte order
 *
 * Returns false if it could not be read.
 */
bool mynic_dma_load32(MynicDma *dma, uint64_t addr, uint32_t *value);

/**
 * mynic_dma_store32 - store a word, whole, after all stores before
 * @dma: the user
 * @addr: address on the bus, a multiple of 4
 * @value: the word, host byte order
 *
 * Returns false if it could not be written.
 */
bool mynic_dma_store32(MynicDma *dma, uint64_t addr, uint32_t value);

#endif /* HW_NET_MYNIC_DMA_H */
