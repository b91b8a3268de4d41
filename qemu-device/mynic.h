/*
 * mynic: an open multiqueue network card, the PCI device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_MYNIC_H
#define HW_NET_MYNIC_H

#include "hw/pci/pci_device.h"
#include "qapi/qapi-types-virtio.h"
#include "net/net.h"
#include "qom/object.h"
#include "system/iothread.h"
#include "system/runstate.h"
#include "mynic_core.h"
#include "mynic_pair.h"

#define TYPE_MYNIC "mynic"
OBJECT_DECLARE_SIMPLE_TYPE(MynicState, MYNIC)

/* IOThreads: as many as are of use. */
#define MYNIC_THREADS_AUTO (-1)

/**
 * MynicState - the PCI function
 * @parent_obj: PCI device
 * @core: the card
 * @vm_state: notifier of guest stop and start
 * @regs: BAR 0
 * @doorbells: BAR 2
 * @msix: BAR 4
 * @conf: property mac, netdev, bootindex
 * @queues: property, 0 if not given
 * @features: properties by feature bit
 * @aer: property
 * @ioeventfd: property
 * @own_threads: property iothreads, MYNIC_THREADS_AUTO if not given
 * @mapping: property iothread-vq-mapping
 * @mapped: @mapping is in use
 * @threads: IOThreads that the device made
 * @num_threads: number of these
 */
struct MynicState {
    PCIDevice parent_obj;

    MynicCore core;
    VMChangeStateEntry *vm_state;
    MemoryRegion regs;
    MemoryRegion doorbells;
    MemoryRegion msix;

    NICConf conf;
    uint32_t queues;
    uint64_t features;
    bool aer;
    OnOffAuto ioeventfd;
    int32_t own_threads;
    IOThreadVirtQueueMappingList *mapping;
    bool mapped;
    IOThread **threads;
    uint32_t num_threads;
};

/* mynic_migrate.c: RSS and flow rules in a migration stream ---------------- */

/* Counters of the port that have always been in the stream. */
#define MYNIC_PORT_STATS_BASE \
    (offsetof(struct mynic_port_stats, rx_drop_rule) / sizeof(uint64_t))

extern const VMStateDescription vmstate_mynic_rss;
/* Subsections of the card's. */
extern const VMStateDescription vmstate_mynic_contexts;
extern const VMStateDescription vmstate_mynic_rules;

#endif /* HW_NET_MYNIC_H */
