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
 * Behind an IOMMU there are no windows. Accesses then go through QEMU's
 * translation, which is allowed with the BQL only: mynic_tap.c keeps queues in
 * the main loop for as long.
 */

#ifndef HW_NET_MYNIC_DMA_H
#define HW_NET_MYNIC_DMA_H

#include "exec/memory.h"
#include "hw/pci/pci_device.h"

/**
 * MynicDmaWindow - a piece of RAM
 * @base: its address on the bus
 * @size: bytes
 * @readonly: the card must not write to it
 * @cache: the mapping
 */
typedef struct MynicDmaWindow {
    uint64_t base;
    uint64_t size;
    bool readonly;
    MemoryRegionCache cache;
} MynicDmaWindow;

/**
 * MynicDma - guest memory
 * @pdev: the device
 * @listener: hears of changes to the guest's memory map
 * @freeze: called before the windows change, so that nobody uses them
 * @thaw: called afterwards
 * @opaque: argument of both
 * @windows: MynicDmaWindow, largest first
 * @next: the windows to be, while the memory map changes
 * @next_translated: likewise
 * @changed: @next is to replace @windows
 * @translated: an IOMMU is in between
 *
 * Written with the BQL, between @freeze and @thaw; read by whoever @freeze
 * keeps out.
 */
typedef struct MynicDma {
    PCIDevice *pdev;
    MemoryListener listener;
    void (*freeze)(void *opaque);
    void (*thaw)(void *opaque);
    void *opaque;
    GArray *windows;
    GArray *next;
    bool next_translated;
    bool changed;
    bool translated;
} MynicDma;

/**
 * mynic_dma_realize - start to follow the guest's memory map
 * @dma: the guest's memory
 * @pdev: the device
 * @freeze: see MynicDma
 * @thaw: likewise
 * @opaque: argument of both
 */
void mynic_dma_realize(MynicDma *dma, PCIDevice *pdev,
                       void (*freeze)(void *opaque),
                       void (*thaw)(void *opaque), void *opaque);
void mynic_dma_unrealize(MynicDma *dma);

/**
 * mynic_dma_ptr - RAM as a pointer
 * @dma: the guest's memory
 * @addr: address on the bus
 * @len: bytes wanted; on return those that lie together
 * @write: whether the card writes, and calls mynic_dma_dirty() afterwards
 *
 * Returns NULL if there is no RAM, or an IOMMU.
 */
void *mynic_dma_ptr(MynicDma *dma, uint64_t addr, size_t *len, bool write);

/**
 * mynic_dma_dirty - what mynic_dma_ptr() gave was written to
 * @dma: the guest's memory
 * @addr: address on the bus
 * @len: bytes, not more than lie together
 */
void mynic_dma_dirty(MynicDma *dma, uint64_t addr, size_t len);

/**
 * mynic_dma_read - copy from guest memory
 * @dma: the guest's memory
 * @addr: address on the bus
 * @buf: destination
 * @len: bytes
 *
 * Returns false if a part of it could not be read.
 */
bool mynic_dma_read(MynicDma *dma, uint64_t addr, void *buf, size_t len);

/**
 * mynic_dma_write - copy to guest memory
 * @dma: the guest's memory
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
 * @dma: the guest's memory
 * @addr: address on the bus, a multiple of 4
 * @value: the word, host byte order
 *
 * Returns false if it could not be read.
 */
bool mynic_dma_load32(MynicDma *dma, uint64_t addr, uint32_t *value);

/**
 * mynic_dma_store32 - store a word, whole, after all stores before
 * @dma: the guest's memory
 * @addr: address on the bus, a multiple of 4
 * @value: the word, host byte order
 *
 * Returns false if it could not be written.
 */
bool mynic_dma_store32(MynicDma *dma, uint64_t addr, uint32_t value);

/**
 * mynic_dma_map - memory that the card reads, for longer than a copy
 * @dma: the guest's memory
 * @addr: address on the bus
 * @len: bytes wanted; on return those that lie together
 *
 * Returns NULL if there is no RAM. Undone by mynic_dma_unmap().
 */
void *mynic_dma_map(MynicDma *dma, uint64_t addr, size_t *len);
void mynic_dma_unmap(MynicDma *dma, void *ptr, size_t len);

#endif /* HW_NET_MYNIC_DMA_H */
