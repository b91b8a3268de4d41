/*
 * mynic: guest memory as the card sees it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "mynic_dma.h"
#include "trace.h"

/* Where QEMU translates for us: RAM only, so that nothing calls us back. */
static const MemTxAttrs mynic_dma_attrs = { .memory = 1 };

static MynicDmaWindow *mynic_dma_window(MynicDma *dma, uint64_t addr,
                                        bool write)
{
    unsigned int i;

    for (i = 0; i < dma->windows->len; i++) {
        MynicDmaWindow *w = &g_array_index(dma->windows, MynicDmaWindow, i);

        if (addr - w->base < w->size) {
            return write && w->readonly ? NULL : w;
        }
    }
    return NULL;
}

static void *mynic_dma_window_ptr(MynicDmaWindow *w, uint64_t addr, size_t *len)
{
    *len = MIN(*len, w->size - (addr - w->base));
    return (uint8_t *)w->cache.ptr + (addr - w->base);
}

void *mynic_dma_ptr(MynicDma *dma, uint64_t addr, size_t *len, bool write)
{
    MynicDmaWindow *w = mynic_dma_window(dma, addr, write);

    return w ? mynic_dma_window_ptr(w, addr, len) : NULL;
}

void mynic_dma_dirty(MynicDma *dma, uint64_t addr, size_t len)
{
    MynicDmaWindow *w = mynic_dma_window(dma, addr, true);

    address_space_cache_invalidate(&w->cache, addr - w->base, len);
}

bool mynic_dma_read(MynicDma *dma, uint64_t addr, void *buf, size_t len)
{
    if (dma->translated) {
        return bql_locked() &&
               pci_dma_rw(dma->pdev, addr, buf, len, DMA_DIRECTION_TO_DEVICE,
                          mynic_dma_attrs) == MEMTX_OK;
    }
    while (len) {
        size_t chunk = len;
        const void *ptr = mynic_dma_ptr(dma, addr, &chunk, false);

        if (!ptr) {
            return false;
        }
        memcpy(buf, ptr, chunk);
        addr += chunk;
        buf = (uint8_t *)buf + chunk;
        len -= chunk;
    }
    return true;
}

bool mynic_dma_write(MynicDma *dma, uint64_t addr, const void *buf,
                     size_t len)
{
    if (dma->translated) {
        return bql_locked() &&
               pci_dma_rw(dma->pdev, addr, (void *)buf, len,
                          DMA_DIRECTION_FROM_DEVICE,
                          mynic_dma_attrs) == MEMTX_OK;
    }
    while (len) {
        MynicDmaWindow *w = mynic_dma_window(dma, addr, true);
        size_t chunk = len;
        void *ptr;

        if (!w) {
            return false;
        }
        ptr = mynic_dma_window_ptr(w, addr, &chunk);
        if (ptr != buf) {
            memmove(ptr, buf, chunk);
        }
        address_space_cache_invalidate(&w->cache, addr - w->base, chunk);
        addr += chunk;
        buf = (const uint8_t *)buf + chunk;
        len -= chunk;
    }
    return true;
}

bool mynic_dma_load32(MynicDma *dma, uint64_t addr, uint32_t *value)
{
    size_t len = sizeof(*value);
    const uint32_t *ptr;
    MemTxResult result;

    if (dma->translated) {
        if (!bql_locked()) {
            return false;
        }
        *value = address_space_ldl_le(pci_get_address_space(dma->pdev), addr,
                                      mynic_dma_attrs, &result);
        return result == MEMTX_OK;
    }
    ptr = mynic_dma_ptr(dma, addr, &len, false);
    if (!ptr || len < sizeof(*value)) {
        return false;
    }
    *value = le32_to_cpu(qatomic_read(ptr));
    return true;
}

bool mynic_dma_store32(MynicDma *dma, uint64_t addr, uint32_t value)
{
    MynicDmaWindow *w;
    size_t len = sizeof(value);
    MemTxResult result;
    uint32_t *ptr;

    if (dma->translated) {
        if (!bql_locked()) {
            return false;
        }
        smp_mb_release();
        address_space_stl_le(pci_get_address_space(dma->pdev), addr, value,
                             mynic_dma_attrs, &result);
        return result == MEMTX_OK;
    }
    w = mynic_dma_window(dma, addr, true);
    ptr = w ? mynic_dma_window_ptr(w, addr, &len) : NULL;
    if (!ptr || len < sizeof(value)) {
        return false;
    }
    qatomic_store_release(ptr, cpu_to_le32(value));
    address_space_cache_invalidate(&w->cache, addr - w->base, len);
    return true;
}

void *mynic_dma_map(MynicDma *dma, uint64_t addr, size_t *len)
{
    dma_addr_t mapped = *len;
    void *ptr;

    if (!dma->translated) {
        return mynic_dma_ptr(dma, addr, len, false);
    }
    ptr = bql_locked() ? pci_dma_map(dma->pdev, addr, &mapped,
                                     DMA_DIRECTION_TO_DEVICE) : NULL;
    *len = mapped;
    return ptr;
}

void mynic_dma_unmap(MynicDma *dma, void *ptr, size_t len)
{
    if (dma->translated) {
        pci_dma_unmap(dma->pdev, ptr, len, DMA_DIRECTION_TO_DEVICE, 0);
    }
}

static void mynic_dma_region(MemoryListener *listener,
                             MemoryRegionSection *section)
{
    MynicDma *dma = container_of(listener, MynicDma, listener);
    MynicDmaWindow window = {
        .base = section->offset_within_address_space,
        .size = int128_get64(int128_min(section->size,
                                        int128_make64(UINT64_MAX))),
        .readonly = section->readonly,
    };

    dma->changed = true;
    if (memory_region_is_iommu(section->mr)) {
        dma->next_translated = true;
    } else if (memory_region_is_ram(section->mr) &&
               !memory_region_is_ram_device(section->mr)) {
        g_array_append_val(dma->next, window);
    }
}

static void mynic_dma_region_del(MemoryListener *listener,
                                 MemoryRegionSection *section)
{
    container_of(listener, MynicDma, listener)->changed = true;
}

static gint mynic_dma_larger(gconstpointer a, gconstpointer b)
{
    const MynicDmaWindow *wa = a, *wb = b;

    return wa->size < wb->size ? 1 : wa->size > wb->size ? -1 : 0;
}

static void mynic_dma_free(GArray *windows)
{
    unsigned int i;

    for (i = 0; i < windows->len; i++) {
        address_space_cache_destroy(&g_array_index(windows, MynicDmaWindow,
                                                   i).cache);
    }
    g_array_unref(windows);
}

static GArray *mynic_dma_new(void)
{
    return g_array_new(false, true, sizeof(MynicDmaWindow));
}

/* Maps what is to be mapped, and leaves out what cannot. */
static void mynic_dma_map_windows(MynicDma *dma)
{
    AddressSpace *as = pci_get_address_space(dma->pdev);
    unsigned int i = 0;

    while (i < dma->next->len) {
        MynicDmaWindow *w = &g_array_index(dma->next, MynicDmaWindow, i);

        w->size = address_space_cache_init(&w->cache, as, w->base, w->size,
                                           !w->readonly);
        if (w->cache.ptr) {
            i++;
        } else {
            address_space_cache_destroy(&w->cache);
            g_array_remove_index(dma->next, i);
        }
    }
    g_array_sort(dma->next, mynic_dma_larger);
}

static void mynic_dma_commit(MemoryListener *listener)
{
    MynicDma *dma = container_of(listener, MynicDma, listener);
    GArray *old = dma->windows;

    if (!dma->changed) {
        return;
    }
    if (dma->next_translated) {
        /* Whatever lies beside the IOMMU is reached by translation, too. */
        g_array_set_size(dma->next, 0);
    }
    mynic_dma_map_windows(dma);
    trace_mynic_dma_windows(dma->next->len, dma->next_translated);

    dma->freeze(dma->opaque);
    dma->windows = dma->next;
    dma->translated = dma->next_translated;
    dma->thaw(dma->opaque);

    mynic_dma_free(old);
    dma->next = mynic_dma_new();
    dma->next_translated = false;
    dma->changed = false;
}

void mynic_dma_realize(MynicDma *dma, PCIDevice *pdev,
                       void (*freeze)(void *opaque),
                       void (*thaw)(void *opaque), void *opaque)
{
    dma->pdev = pdev;
    dma->freeze = freeze;
    dma->thaw = thaw;
    dma->opaque = opaque;
    dma->windows = mynic_dma_new();
    dma->next = mynic_dma_new();
    dma->listener = (MemoryListener) {
        .name = "mynic",
        .region_add = mynic_dma_region,
        .region_nop = mynic_dma_region,
        .region_del = mynic_dma_region_del,
        .commit = mynic_dma_commit,
    };
    memory_listener_register(&dma->listener, pci_get_address_space(pdev));
}

void mynic_dma_unrealize(MynicDma *dma)
{
    memory_listener_unregister(&dma->listener);
    mynic_dma_free(dma->windows);
    mynic_dma_free(dma->next);
    dma->windows = NULL;
    dma->next = NULL;
}
