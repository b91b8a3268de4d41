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

/**
 * MynicDmaIommu - an IOMMU
 * @map: for whom
 * @mr: its memory region
 * @sections: pieces of it in the card's address space
 * @n: hears of what it forgets
 * @heard: @n is registered
 */
typedef struct MynicDmaIommu {
    MynicDmaMap *map;
    MemoryRegion *mr;
    unsigned int sections;
    IOMMUNotifier n;
    bool heard;
} MynicDmaIommu;

/* Asks the IOMMU, which reports what it refuses to the guest. */
static bool mynic_dma_ask(MynicDma *dma, uint64_t addr, bool write,
                          uint64_t *gpa)
{
    MynicDmaMap *map = dma->map;
    IOMMUTLBEntry e;

    if (!bql_locked()) {
        dma->missed = true;
        return false;
    }
    map->asker = dma;
    WITH_RCU_READ_LOCK_GUARD() {
        e = address_space_get_iotlb_entry(map->bus.as, addr, write,
                                          mynic_dma_attrs);
    }
    map->asker = NULL;
    if (e.target_as != map->ram.as) {
        return false;
    }
    *gpa = e.translated_addr | (addr & e.addr_mask);
    trace_mynic_dma_translate(addr, write, *gpa);
    /* Or nobody would tell that it is no longer so. */
    if (map->bus.translated && !map->deaf) {
        mynic_iotlb_put(&dma->tlb, addr, write, *gpa);
    }
    return true;
}

bool mynic_dma_ready(MynicDma *dma, uint64_t addr, size_t len, bool write)
{
    uint64_t end = addr + len, gpa;

    if (!dma->map->bus.translated || bql_locked()) {
        return true;
    }
    for (; addr < end; addr = QEMU_ALIGN_DOWN(addr, MYNIC_IOTLB_PAGE) +
                              MYNIC_IOTLB_PAGE) {
        if (!mynic_iotlb_get(&dma->tlb, addr, write, &gpa)) {
            dma->missed = true;
            return false;
        }
    }
    return true;
}

/* As mynic_dma_ptr(), but an address in the guest's memory. */
static bool mynic_dma_translate(MynicDma *dma, uint64_t addr, size_t *len,
                                bool write, uint64_t *gpa)
{
    size_t have = 0;
    uint64_t next;

    while (have < *len) {
        if (!mynic_iotlb_get(&dma->tlb, addr + have, write, &next) &&
            !mynic_dma_ask(dma, addr + have, write, &next)) {
            break;
        }
        if (!have) {
            *gpa = next;
        } else if (next != *gpa + have) {
            break;
        }
        have += MYNIC_IOTLB_PAGE - next % MYNIC_IOTLB_PAGE;
    }
    *len = MIN(*len, have);
    return have;
}

/* The window of an address, and where in it; NULL if there is none. */
static MynicDmaWindow *mynic_dma_window(MynicDma *dma, uint64_t addr,
                                        size_t *len, bool write, uint64_t *at)
{
    const GArray *windows = dma->map->bus.windows;
    unsigned int i;

    if (dma->map->bus.translated) {
        if (!mynic_dma_translate(dma, addr, len, write, &addr)) {
            return NULL;
        }
        windows = dma->map->ram.windows;
    }
    for (i = 0; i < windows->len; i++) {
        MynicDmaWindow *w = &g_array_index(windows, MynicDmaWindow, i);

        *at = addr - w->base;
        if (*at < w->size) {
            *len = MIN(*len, w->size - *at);
            return write && w->readonly ? NULL : w;
        }
    }
    return NULL;
}

static void *mynic_dma_at(const MynicDmaWindow *w, uint64_t at)
{
    return (uint8_t *)w->cache.ptr + at;
}

void *mynic_dma_ptr(MynicDma *dma, uint64_t addr, size_t *len, bool write)
{
    uint64_t at;
    MynicDmaWindow *w = mynic_dma_window(dma, addr, len, write, &at);

    return w ? mynic_dma_at(w, at) : NULL;
}

bool mynic_dma_read(MynicDma *dma, uint64_t addr, void *buf, size_t len)
{
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
    while (len) {
        size_t chunk = len;
        uint64_t at;
        MynicDmaWindow *w = mynic_dma_window(dma, addr, &chunk, true, &at);
        void *ptr;

        if (!w) {
            return false;
        }
        ptr = mynic_dma_at(w, at);
        if (ptr != buf) {
            memmove(ptr, buf, chunk);
        }
        address_space_cache_invalidate(&w->cache, at, chunk);
        addr += chunk;
        buf = (const uint8_t *)buf + chunk;
        len -= chunk;
    }
    return true;
}

bool mynic_dma_load32(MynicDma *dma, uint64_t addr, uint32_t *value)
{
    size_t len = sizeof(*value);
    const uint32_t *ptr = mynic_dma_ptr(dma, addr, &len, false);

    if (!ptr || len < sizeof(*value)) {
        return false;
    }
    *value = le32_to_cpu(qatomic_read(ptr));
    return true;
}

bool mynic_dma_store32(MynicDma *dma, uint64_t addr, uint32_t value)
{
    size_t len = sizeof(value);
    uint64_t at;
    MynicDmaWindow *w = mynic_dma_window(dma, addr, &len, true, &at);

    if (!w || len < sizeof(value)) {
        return false;
    }
    qatomic_store_release((uint32_t *)mynic_dma_at(w, at), cpu_to_le32(value));
    address_space_cache_invalidate(&w->cache, at, len);
    return true;
}

/* With the BQL; a user in a thread is done with its batch before. */
static void mynic_dma_drop(MynicDmaMap *map, uint64_t addr, uint64_t size)
{
    MynicDma *dma;

    map->freeze(map->opaque);
    QLIST_FOREACH(dma, &map->users, next) {
        mynic_iotlb_drop(&dma->tlb, addr, size);
    }
    map->thaw(map->opaque);
}

void mynic_dma_reset(MynicDmaMap *map)
{
    mynic_dma_drop(map, 0, 0);
}

static void mynic_dma_forget(IOMMUNotifier *n, IOMMUTLBEntry *entry)
{
    trace_mynic_dma_forget(entry->iova, entry->addr_mask);
    mynic_dma_drop(container_of(n, MynicDmaIommu, n)->map, entry->iova,
                   entry->addr_mask + 1);
}

/* Whether an IOMMU tells of all that it forgets; amd-iommu does not. */
static bool mynic_dma_iommu_tells(MemoryRegion *mr)
{
    static const char * const types[] = {
        "intel-iommu-iommu-memory-region",
        "smmuv3-iommu-memory-region",
        "virtio-iommu-memory-region",
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(types); i++) {
        if (object_dynamic_cast(OBJECT(mr), types[i])) {
            return true;
        }
    }
    return false;
}

static MynicDmaIommu *mynic_dma_iommu_find(MynicDmaMap *map, MemoryRegion *mr)
{
    GSList *l;

    for (l = map->iommus; l; l = l->next) {
        MynicDmaIommu *iommu = l->data;

        if (iommu->mr == mr) {
            return iommu;
        }
    }
    return NULL;
}

/*
 * One notifier for all of the IOMMU: QEMU takes it for an error if what is
 * forgotten is more than a notifier is for, and the guest may have it forget
 * what is on both sides of the hole that interrupts make.
 */
static MynicDmaIommu *mynic_dma_iommu_new(MynicDmaMap *map, MemoryRegion *mr)
{
    MynicDmaIommu *iommu = g_new0(MynicDmaIommu, 1);

    iommu->map = map;
    iommu->mr = mr;
    iommu_notifier_init(&iommu->n, mynic_dma_forget, IOMMU_NOTIFIER_UNMAP,
                        0, UINT64_MAX,
                        memory_region_iommu_attrs_to_index(
                            IOMMU_MEMORY_REGION(mr), mynic_dma_attrs));
    iommu->heard = mynic_dma_iommu_tells(mr) &&
                   !memory_region_register_iommu_notifier(mr, &iommu->n,
                                                          NULL);
    map->iommus = g_slist_prepend(map->iommus, iommu);
    return iommu;
}

static bool mynic_dma_iommu_deaf(const MynicDmaIommu *iommu,
                                 const MemoryRegionSection *section)
{
    /* If addresses are not the same, what is forgotten has others. */
    return !iommu->heard || section->offset_within_region !=
                            section->offset_within_address_space;
}

static void mynic_dma_iommu_add(MynicDmaMap *map, MemoryRegionSection *section)
{
    MynicDmaIommu *iommu = mynic_dma_iommu_find(map, section->mr) ?:
                           mynic_dma_iommu_new(map, section->mr);

    iommu->sections++;
    map->deaf += mynic_dma_iommu_deaf(iommu, section);
}

static void mynic_dma_iommu_del(MynicDmaMap *map, MemoryRegionSection *section)
{
    MynicDmaIommu *iommu = mynic_dma_iommu_find(map, section->mr);

    map->deaf -= mynic_dma_iommu_deaf(iommu, section);
    mynic_dma_reset(map);
    if (--iommu->sections) {
        return;
    }
    if (iommu->heard) {
        memory_region_unregister_iommu_notifier(iommu->mr, &iommu->n);
    }
    map->iommus = g_slist_remove(map->iommus, iommu);
    g_free(iommu);
}

static void mynic_dma_region(MemoryListener *listener,
                             MemoryRegionSection *section)
{
    MynicDmaView *view = container_of(listener, MynicDmaView, listener);
    MynicDmaWindow window = {
        .base = section->offset_within_address_space,
        .size = int128_get64(int128_min(section->size,
                                        int128_make64(UINT64_MAX))),
        .readonly = section->readonly,
        .mr = section->mr,
        .offset = section->offset_within_region,
    };

    view->changed = true;
    if (memory_region_is_iommu(section->mr)) {
        view->next_translated = true;
    } else if (memory_region_is_ram(section->mr) &&
               !memory_region_is_ram_device(section->mr)) {
        g_array_append_val(view->next, window);
    }
}

static void mynic_dma_region_add(MemoryListener *listener,
                                 MemoryRegionSection *section)
{
    MynicDmaView *view = container_of(listener, MynicDmaView, listener);

    if (memory_region_is_iommu(section->mr)) {
        mynic_dma_iommu_add(view->map, section);
    }
    mynic_dma_region(listener, section);
}

static void mynic_dma_region_del(MemoryListener *listener,
                                 MemoryRegionSection *section)
{
    MynicDmaView *view = container_of(listener, MynicDmaView, listener);

    if (memory_region_is_iommu(section->mr)) {
        mynic_dma_iommu_del(view->map, section);
    }
    view->changed = true;
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

/* Whether the windows to be, sorted and not yet mapped, are there already. */
static bool mynic_dma_same(const MynicDmaView *view)
{
    unsigned int i;

    if (view->translated != view->next_translated ||
        view->windows->len != view->next->len) {
        return false;
    }
    for (i = 0; i < view->next->len; i++) {
        const MynicDmaWindow *a, *b;

        a = &g_array_index(view->windows, MynicDmaWindow, i);
        b = &g_array_index(view->next, MynicDmaWindow, i);
        if (a->base != b->base || a->size != b->size || a->mr != b->mr ||
            a->offset != b->offset || a->readonly != b->readonly) {
            return false;
        }
    }
    return true;
}

/* Maps what is to be mapped, and leaves out what cannot. */
static void mynic_dma_map_windows(MynicDmaView *view)
{
    unsigned int i = 0;

    while (i < view->next->len) {
        MynicDmaWindow *w = &g_array_index(view->next, MynicDmaWindow, i);

        w->size = address_space_cache_init(&w->cache, view->as, w->base,
                                           w->size, !w->readonly);
        if (w->cache.ptr) {
            i++;
        } else {
            address_space_cache_destroy(&w->cache);
            g_array_remove_index(view->next, i);
        }
    }
}

/* There is memory for translations once there was an IOMMU. */
static void mynic_dma_make_room(MynicDmaMap *map)
{
    MynicDma *dma;

    QLIST_FOREACH(dma, &map->users, next) {
        if (map->bus.translated && !dma->tlb.entries) {
            mynic_iotlb_init(&dma->tlb, dma->pages);
        }
    }
}

static void mynic_dma_commit(MemoryListener *listener)
{
    MynicDmaView *view = container_of(listener, MynicDmaView, listener);
    MynicDmaMap *map = view->map;
    GArray *old = view->windows;

    if (!view->changed) {
        return;
    }
    if (view->next_translated) {
        /* Whatever lies beside the IOMMU is reached by translation, too. */
        g_array_set_size(view->next, 0);
    }
    g_array_sort(view->next, mynic_dma_larger);
    if (mynic_dma_same(view)) {
        g_array_set_size(view->next, 0);
    } else {
        mynic_dma_map_windows(view);
        trace_mynic_dma_windows(view == &map->bus, view->next->len,
                                view->next_translated);

        map->freeze(map->opaque);
        view->windows = view->next;
        view->translated = view->next_translated;
        mynic_dma_make_room(map);
        map->thaw(map->opaque);
        if (map->asker) {
            qemu_bh_schedule(map->moved_bh);
        } else {
            map->moved(map->opaque);
        }

        mynic_dma_free(old);
        view->next = mynic_dma_new();
    }
    view->next_translated = false;
    view->changed = false;
}

static void mynic_dma_view_init(MynicDmaView *view, MynicDmaMap *map,
                                AddressSpace *as)
{
    view->map = map;
    view->as = as;
    view->windows = mynic_dma_new();
    view->next = mynic_dma_new();
    view->listener = (MemoryListener) {
        .name = "mynic",
        .region_add = mynic_dma_region_add,
        .region_nop = mynic_dma_region,
        .region_del = mynic_dma_region_del,
        .commit = mynic_dma_commit,
    };
}

static void mynic_dma_view_destroy(MynicDmaView *view)
{
    memory_listener_unregister(&view->listener);
    mynic_dma_free(view->windows);
    mynic_dma_free(view->next);
    view->windows = NULL;
    view->next = NULL;
}

void mynic_dma_add_user(MynicDmaMap *map, MynicDma *dma, size_t pages)
{
    dma->map = map;
    dma->pages = pages;
    QLIST_INSERT_HEAD(&map->users, dma, next);
}

void mynic_dma_realize(MynicDmaMap *map, PCIDevice *pdev,
                       void (*freeze)(void *opaque),
                       void (*thaw)(void *opaque),
                       void (*moved)(void *opaque), void *opaque)
{
    map->freeze = freeze;
    map->thaw = thaw;
    map->moved = moved;
    map->opaque = opaque;
    map->moved_bh = qemu_bh_new(moved, opaque);
    mynic_dma_view_init(&map->bus, map, pci_get_address_space(pdev));
    mynic_dma_view_init(&map->ram, map, &address_space_memory);
    memory_listener_register(&map->ram.listener, map->ram.as);
    memory_listener_register(&map->bus.listener, map->bus.as);
}

void mynic_dma_unrealize(MynicDmaMap *map)
{
    MynicDma *dma, *next;

    mynic_dma_view_destroy(&map->bus);
    mynic_dma_view_destroy(&map->ram);
    g_clear_pointer(&map->moved_bh, qemu_bh_delete);
    QLIST_FOREACH_SAFE(dma, &map->users, next, next) {
        QLIST_REMOVE(dma, next);
        mynic_iotlb_destroy(&dma->tlb);
    }
}
