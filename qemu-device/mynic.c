/*
 * mynic: an open multiqueue network card, the PCI device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The card is described in docs/specs/mynic.rst of its project; its contract
 * with the driver is mynic_abi.h. Here is what makes it a device of QEMU:
 * properties, PCI capabilities, BARs, net clients, reset, migration. What the
 * card does is in mynic_core.h and the files named there.
 *
 *     -netdev tap,id=n0,queues=4 -device mynic,netdev=n0,queues=4
 */

#include "qemu/osdep.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "hw/virtio/iothread-vq-mapping.h"
#include "migration/vmstate.h"
#include "net/eth.h"
#include "net/net.h"
#include "qapi/error.h"
#include "qapi/qapi-types-net.h"
#include "qapi/visitor.h"
#include "qemu/module.h"
#include "qemu/range.h"
#include "system/system.h"
#include "mynic.h"
#include "trace.h"

#define MYNIC_MSIX_BAR_SIZE 0x1000
#define MYNIC_MSIX_TABLE 0
#define MYNIC_MSIX_PBA 0x800

#define MYNIC_AER_OFFSET 0x100
#define MYNIC_DSN_OFFSET 0x150

/* Length of the offload header in front of frames of a tap. */
#define MYNIC_VNET_HDR_LEN sizeof(struct mynic_offload_hdr)

#define MYNIC_DEFAULT_QUEUES 2
#define MYNIC_THREADS_DEFAULT 1
#define MYNIC_TX_POLL_DEFAULT 50
#define MYNIC_TX_POLL_MAX 1000000

/* BARs --------------------------------------------------------------------- */

/* Registers and doorbells are aligned words; other accesses do nothing. */
static bool mynic_mmio_is_word(MynicCore *core, hwaddr addr, unsigned int size)
{
    if (size == sizeof(uint32_t) && addr % sizeof(uint32_t) == 0) {
        return true;
    }
    mynic_guest_error(core, "access of %u bytes at 0x%" HWADDR_PRIx
                      ", registers are aligned words", size, addr);
    return false;
}

static uint64_t mynic_mmio_read(void *opaque, hwaddr addr, unsigned int size)
{
    return mynic_mmio_is_word(opaque, addr, size) ?
           mynic_regs_read(opaque, addr) : 0;
}

static void mynic_mmio_write(void *opaque, hwaddr addr, uint64_t value,
                             unsigned int size)
{
    if (mynic_mmio_is_word(opaque, addr, size)) {
        mynic_regs_write(opaque, addr, value);
    }
}

static uint64_t mynic_mmio_doorbell_read(void *opaque, hwaddr addr,
                                         unsigned int size)
{
    mynic_mmio_is_word(opaque, addr, size);
    return 0;
}

static void mynic_mmio_doorbell_write(void *opaque, hwaddr addr,
                                      uint64_t value, unsigned int size)
{
    if (mynic_mmio_is_word(opaque, addr, size)) {
        mynic_doorbell_write(opaque, addr, value);
    }
}

/* All sizes are let through: QEMU would cut them, or drop them silently. */
#define MYNIC_MMIO_SIZES \
    .valid = { .min_access_size = 1, .max_access_size = 8, \
               .unaligned = true }, \
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true }

static const MemoryRegionOps mynic_mmio_ops = {
    .read = mynic_mmio_read,
    .write = mynic_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    MYNIC_MMIO_SIZES,
};

static const MemoryRegionOps mynic_doorbell_ops = {
    .read = mynic_mmio_doorbell_read,
    .write = mynic_mmio_doorbell_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    MYNIC_MMIO_SIZES,
};

static void mynic_register_bars(MynicState *s)
{
    const uint8_t type = PCI_BASE_ADDRESS_SPACE_MEMORY |
                         PCI_BASE_ADDRESS_MEM_TYPE_64;

    memory_region_init_io(&s->regs, OBJECT(s), &mynic_mmio_ops, &s->core,
                          "mynic-regs", MYNIC_BAR_REGS_SIZE);
    pci_register_bar(PCI_DEVICE(s), MYNIC_BAR_REGS, type, &s->regs);

    memory_region_init_io(&s->doorbells, OBJECT(s), &mynic_doorbell_ops,
                          &s->core, "mynic-doorbells",
                          pow2ceil(s->core.num_pairs * MYNIC_DOORBELL_STRIDE));
    pci_register_bar(PCI_DEVICE(s), MYNIC_BAR_DOORBELLS, type, &s->doorbells);

    memory_region_init(&s->msix, OBJECT(s), "mynic-msix", MYNIC_MSIX_BAR_SIZE);
    pci_register_bar(PCI_DEVICE(s), MYNIC_BAR_MSIX, type, &s->msix);
}

/* Net clients -------------------------------------------------------------- */

static MynicWire *mynic_nc_wire(NetClientState *nc)
{
    MynicCore *core = qemu_get_nic_opaque(nc);

    return &core->wires[nc->queue_index];
}

static bool mynic_nc_can_receive(NetClientState *nc)
{
    const MynicWire *wire = mynic_nc_wire(nc);

    /* The net layer hears before us that the guest runs again. */
    return wire->core->vm_running && !qatomic_read(&wire->waits_for);
}

static ssize_t mynic_nc_receive_iov(NetClientState *nc,
                                    const struct iovec *iov, int iovcnt)
{
    MynicWire *wire = mynic_nc_wire(nc);
    ssize_t ret;

    mynic_pair_lock(wire->pair);
    ret = mynic_rx_receive(wire, iov, iovcnt);
    mynic_pair_unlock(wire->pair);
    return ret;
}

static ssize_t mynic_nc_receive(NetClientState *nc, const uint8_t *buf,
                                size_t size)
{
    const struct iovec iov = { .iov_base = (void *)buf, .iov_len = size };

    return mynic_nc_receive_iov(nc, &iov, 1);
}

/* Called for the first net client only. */
static void mynic_nc_link_status_changed(NetClientState *nc)
{
    MynicCore *core = qemu_get_nic_opaque(nc);

    if (qemu_get_nic(nc)->peer_deleted) {
        /* Its descriptors are about to be closed. */
        mynic_core_place(core);
    }
    mynic_core_link_changed(core);
}

static RxState mynic_rx_state(bool all, bool some)
{
    return all ? RX_STATE_ALL : some ? RX_STATE_NORMAL : RX_STATE_NONE;
}

static RxFilterInfo *mynic_nc_query_rx_filter(NetClientState *nc)
{
    MynicCore *core = qemu_get_nic_opaque(nc);
    const MynicFilter *filter = &core->filter;
    bool enabled = filter->flags & MYNIC_RX_FILTER_ENABLE;
    RxFilterInfo *info = g_new0(RxFilterInfo, 1);
    bool promisc = filter->flags & MYNIC_RX_FILTER_PROMISC;
    bool allmulti = filter->flags & MYNIC_RX_FILTER_ALLMULTI;
    unsigned int i;

    info->name = g_strdup(nc->name);
    info->promiscuous = enabled && promisc;
    info->broadcast_allowed = enabled &&
                              filter->flags & MYNIC_RX_FILTER_BROADCAST;
    info->main_mac = qemu_mac_strdup_printf(filter->station);
    for (i = 0; i < filter->count; i++) {
        char *mac = qemu_mac_strdup_printf(filter->macs[i]);

        if (is_multicast_ether_addr(filter->macs[i])) {
            QAPI_LIST_PREPEND(info->multicast_table, mac);
        } else {
            QAPI_LIST_PREPEND(info->unicast_table, mac);
        }
    }
    info->multicast_overflow = filter->hash;
    info->unicast = mynic_rx_state(enabled && promisc, enabled);
    info->multicast = mynic_rx_state(enabled && (promisc || allmulti),
                                     enabled && (info->multicast_table ||
                                                 filter->hash));
    if (core->offloads & MYNIC_OFFLOAD_VLAN_FILTER) {
        for (i = 0; i < MYNIC_VLAN_BITMAP_SIZE * BITS_PER_BYTE; i++) {
            if (filter->vlan[i / BITS_PER_BYTE] & 1 << i % BITS_PER_BYTE) {
                QAPI_LIST_PREPEND(info->vlan_table, i);
            }
        }
        info->vlan = mynic_rx_state(false, info->vlan_table);
    } else {
        info->vlan = RX_STATE_ALL;
    }
    return info;
}

static NetClientInfo mynic_nc_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .can_receive = mynic_nc_can_receive,
    .receive = mynic_nc_receive,
    .receive_iov = mynic_nc_receive_iov,
    .link_status_changed = mynic_nc_link_status_changed,
    .query_rx_filter = mynic_nc_query_rx_filter,
};

/* All peers must understand offload headers, or none is given any. */
static bool mynic_use_vnet_hdr(MynicState *s, uint32_t num_wires)
{
    uint32_t i;

    for (i = 0; i < num_wires; i++) {
        NetClientState *peer = qemu_get_subqueue(s->core.nic, i)->peer;

        if (!peer || !qemu_has_vnet_hdr(peer) ||
            !qemu_has_vnet_hdr_len(peer, MYNIC_VNET_HDR_LEN)) {
            return false;
        }
    }
    for (i = 0; i < num_wires; i++) {
        NetClientState *peer = qemu_get_subqueue(s->core.nic, i)->peer;

        qemu_set_vnet_hdr_len(peer, MYNIC_VNET_HDR_LEN);
        qemu_set_vnet_le(peer, true);
    }
    return true;
}

static bool mynic_peers_have_uso(MynicState *s, uint32_t num_wires)
{
    uint32_t i;

    for (i = 0; i < num_wires; i++) {
        if (!qemu_has_uso(qemu_get_subqueue(s->core.nic, i)->peer)) {
            return false;
        }
    }
    return true;
}

/* What the properties allow and the backend can do. */
static uint64_t mynic_offer(MynicState *s)
{
    MynicCore *core = &s->core;
    uint64_t features = s->features;

    if (!core->vnet_hdr) {
        features &= ~MYNIC_F_RX_GRO;
    } else if (!mynic_peers_have_uso(s, core->num_wires)) {
        features &= ~MYNIC_F_RX_GRO_UDP;
    }
    if (!(features & MYNIC_F_TX_CSUM)) {
        features &= ~(MYNIC_F_TX_TSO | MYNIC_F_TX_USO);
    }
    if (!(features & MYNIC_F_RX_CSUM)) {
        features &= ~(MYNIC_F_RX_GRO | MYNIC_F_RX_CSUM_FILL);
    }
    if (!(features & MYNIC_F_RX_GRO)) {
        features &= ~MYNIC_F_RX_GRO_UDP;
    }
    if (!(features & MYNIC_F_RSS)) {
        features &= ~(MYNIC_F_RSS_SYMMETRIC | MYNIC_F_RSS_FLOW_LABEL);
    }
    return features;
}

static void mynic_connect(MynicState *s)
{
    DeviceState *dev = DEVICE(s);
    uint32_t num_wires = MAX(1, s->conf.peers.queues);
    uint32_t i;

    qemu_macaddr_default_if_unset(&s->conf.macaddr);
    s->core.mac = s->conf.macaddr;
    s->core.nic = qemu_new_nic(&mynic_nc_info, &s->conf,
                               object_get_typename(OBJECT(s)), dev->id,
                               &dev->mem_reentrancy_guard, &s->core);
    for (i = 0; i < num_wires; i++) {
        qemu_get_subqueue(s->core.nic, i)->do_not_pad = true;
    }
    mynic_core_connect(&s->core, num_wires, mynic_use_vnet_hdr(s, num_wires));
    s->core.dev_features = mynic_offer(s);
}

/* PCI ---------------------------------------------------------------------- */

static void mynic_write_config(PCIDevice *pdev, uint32_t addr, uint32_t value,
                               int len)
{
    MynicState *s = MYNIC(pdev);

    pci_default_write_config(pdev, addr, value, len);
    pcie_cap_flr_write_config(pdev, addr, value, len);
    if (s->aer) {
        pcie_aer_write_config(pdev, addr, value, len);
    }
    if (range_covers_byte(addr, len, PCI_COMMAND) ||
        range_covers_byte(addr, len, pdev->pm_cap + PCI_PM_CTRL)) {
        mynic_core_resume(&s->core);
    }
}

static bool mynic_add_pm(PCIDevice *pdev, Error **errp)
{
    int pos = pci_pm_init(pdev, 0, errp);

    if (pos < 0) {
        return false;
    }
    pci_set_word(pdev->config + pos + PCI_PM_PMC, PCI_PM_CAP_VER_1_2);
    pci_set_word(pdev->config + pos + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
    pci_set_word(pdev->wmask + pos + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
    return true;
}

/* EUI-64 of the MAC address. */
static uint64_t mynic_serial(const uint8_t *mac)
{
    return (uint64_t)mac[0] << 56 | (uint64_t)mac[1] << 48 |
           (uint64_t)mac[2] << 40 | 0xfffeULL << 24 |
           (uint64_t)mac[3] << 16 | (uint64_t)mac[4] << 8 | mac[5];
}

static bool mynic_add_capabilities(MynicState *s, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(s);
    uint32_t i;

    if (pcie_endpoint_cap_init(pdev, 0) < 0) {
        error_setg(errp, "mynic: no room for the PCI Express capability");
        return false;
    }
    if (!pci_bus_is_root(pci_get_bus(pdev))) {
        pcie_cap_fill_link_ep_usp(pdev, QEMU_PCI_EXP_LNK_X8,
                                  QEMU_PCI_EXP_LNK_16GT);
    }
    pcie_cap_deverr_init(pdev);
    pcie_cap_flr_init(pdev);

    if (!mynic_add_pm(pdev, errp) ||
        msix_init(pdev, mynic_num_vectors(&s->core),
                  &s->msix, MYNIC_BAR_MSIX, MYNIC_MSIX_TABLE,
                  &s->msix, MYNIC_BAR_MSIX, MYNIC_MSIX_PBA, 0, errp) < 0) {
        goto no_msix;
    }
    for (i = 0; i < mynic_num_vectors(&s->core); i++) {
        msix_vector_use(pdev, i);
    }
    if (s->aer && pcie_aer_init(pdev, PCI_ERR_VER, MYNIC_AER_OFFSET,
                                PCI_ERR_SIZEOF, errp) < 0) {
        goto no_aer;
    }
    /* The list of extended capabilities begins where AER would be. */
    pcie_dev_ser_num_init(pdev, s->aer ? MYNIC_DSN_OFFSET : MYNIC_AER_OFFSET,
                          mynic_serial(s->conf.macaddr.a));
    return true;

no_aer:
    msix_unuse_all_vectors(pdev);
    msix_uninit(pdev, &s->msix, &s->msix);
no_msix:
    pcie_cap_exit(pdev);
    return false;
}

static bool mynic_check_properties(MynicState *s, Error **errp)
{
    MynicCore *core = &s->core;
    NetClientState *peer = s->conf.peers.ncs[0];
    uint32_t peer_queues = MAX(0, s->conf.peers.queues);
    bool tap = peer && peer->info->type == NET_CLIENT_DRIVER_TAP;

    if (tap && s->queues > peer_queues) {
        error_setg(errp, "mynic: queues=%" PRIu32 ", but netdev '%s' has %"
                   PRIu32 ": give it queues=%" PRIu32 ", or the device at most "
                   "as many as the netdev", s->queues, peer->name, peer_queues,
                   s->queues);
        return false;
    }
    if (peer_queues > MYNIC_MAX_QUEUE_PAIRS) {
        error_setg(errp, "mynic: netdev '%s' has %" PRIu32 " queues, the "
                   "device has at most %d", peer->name, peer_queues,
                   MYNIC_MAX_QUEUE_PAIRS);
        return false;
    }
    if (!s->queues) {
        s->queues = tap ? peer_queues : MAX(MYNIC_DEFAULT_QUEUES, peer_queues);
    }
    core->num_pairs = s->queues;

    if (s->own_threads < MYNIC_THREADS_AUTO ||
        s->own_threads > MYNIC_MAX_QUEUE_PAIRS) {
        error_setg(errp, "mynic: iothreads=%" PRId32 " is not from %d to %d",
                   s->own_threads, MYNIC_THREADS_AUTO, MYNIC_MAX_QUEUE_PAIRS);
        return false;
    }
    if (core->tx_poll > MYNIC_TX_POLL_MAX) {
        error_setg(errp, "mynic: tx-poll=%" PRIu32 " is not from 0 to %d "
                   "microseconds", core->tx_poll, MYNIC_TX_POLL_MAX);
        return false;
    }
    if (s->own_threads != MYNIC_THREADS_AUTO && s->mapping) {
        error_setg(errp, "mynic: iothreads and iothread-vq-mapping exclude "
                   "each other, give one of them");
        return false;
    }
    if (!is_power_of_2(core->ring_max) || core->ring_max < MYNIC_RING_MIN ||
        core->ring_max > MYNIC_RING_MAX) {
        error_setg(errp, "mynic: max-ring=%" PRIu32 " is not a power of two "
                   "from %d to %d", core->ring_max, MYNIC_RING_MIN,
                   MYNIC_RING_MAX);
        return false;
    }
    if (core->speed < MYNIC_SPEED_MIN || core->speed > MYNIC_SPEED_MAX) {
        error_setg(errp, "mynic: speed=%" PRIu32 " is not from %d to %d Mb/s",
                   core->speed, MYNIC_SPEED_MIN, MYNIC_SPEED_MAX);
        return false;
    }
    if (is_multicast_ether_addr(s->conf.macaddr.a)) {
        g_autofree char *mac = qemu_mac_strdup_printf(s->conf.macaddr.a);

        error_setg(errp, "mynic: mac=%s is a group address, a station has a "
                   "unicast address", mac);
        return false;
    }
    return true;
}

/* IOThreads ---------------------------------------------------------------- */

/* Threads of our own, for pairs with a tap; others could never use them. */
static uint32_t mynic_wanted_threads(const MynicState *s)
{
    if (s->own_threads == MYNIC_THREADS_AUTO) {
        return MYNIC_THREADS_DEFAULT;
    }
    return MIN(s->own_threads, s->core.num_pairs);
}

/*
 * The contexts of all pairs, or NULL for the main loop's; the caller frees it.
 */
static AioContext **mynic_make_threads(MynicState *s, Error **errp)
{
    static unsigned int serial;
    NetClientState *peer = s->conf.peers.ncs[0];
    bool tap = peer && peer->info->type == NET_CLIENT_DRIVER_TAP;
    uint32_t wanted = tap ? mynic_wanted_threads(s) : 0;
    g_autofree AioContext **ctx = g_new0(AioContext *, s->core.num_pairs);
    uint32_t i;

    if (s->mapping) {
        if (!iothread_vq_mapping_apply(s->mapping, ctx, s->core.num_pairs,
                                       errp)) {
            return NULL;
        }
        s->mapped = true;
        return tap ? g_steal_pointer(&ctx) : NULL;
    }
    if (!wanted) {
        return NULL;
    }
    s->threads = g_new0(IOThread *, wanted);
    while (s->num_threads < wanted) {
        g_autofree char *id = g_strdup_printf("mynic-%u", serial++);

        s->threads[s->num_threads++] = iothread_create(id, &error_abort);
    }
    for (i = 0; i < s->core.num_pairs; i++) {
        ctx[i] = iothread_get_aio_context(s->threads[i % wanted]);
    }
    return g_steal_pointer(&ctx);
}

static void mynic_free_threads(MynicState *s)
{
    while (s->num_threads) {
        iothread_destroy(s->threads[--s->num_threads]);
    }
    g_clear_pointer(&s->threads, g_free);
    if (s->mapped) {
        iothread_vq_mapping_cleanup(s->mapping);
        s->mapped = false;
    }
}

/* What guest memory shows while the guest is stopped is what is migrated. */
static void mynic_vm_state_changed(void *opaque, bool running, RunState state)
{
    MynicState *s = opaque;

    trace_mynic_vm_state(running);
    mynic_core_run(&s->core, running);
}

static void mynic_pci_realize(PCIDevice *pdev, Error **errp)
{
    MynicState *s = MYNIC(pdev);
    g_autofree AioContext **threads = NULL;
    ERRP_GUARD();

    s->core.pdev = pdev;
    if (!mynic_check_properties(s, errp)) {
        return;
    }
    pdev->config_write = mynic_write_config;
    /* An access to no memory must fail, not be bounced; see mynic_tx.c. */
    pdev->bus_master_as.max_bounce_buffer_size = 0;

    threads = mynic_make_threads(s, errp);
    if (*errp) {
        return;
    }
    mynic_register_bars(s);
    qemu_macaddr_default_if_unset(&s->conf.macaddr);
    if (!mynic_add_capabilities(s, errp)) {
        mynic_free_threads(s);
        return;
    }
    mynic_core_realize(&s->core, threads, s->mapping);
    mynic_bells_realize(&s->core, s->ioeventfd, &s->doorbells);
    mynic_connect(s);
    s->core.vm_running = runstate_is_running();
    s->vm_state = qdev_add_vm_change_state_handler(DEVICE(s),
                                                   mynic_vm_state_changed, s);
    trace_mynic_realize(pdev->name, s->core.num_pairs, s->core.num_wires,
                        s->core.vnet_hdr, s->core.dev_features);
}

static void mynic_pci_exit(PCIDevice *pdev)
{
    MynicState *s = MYNIC(pdev);

    qemu_del_vm_change_state_handler(s->vm_state);
    mynic_core_unrealize(&s->core);
    qemu_del_nic(s->core.nic);
    mynic_free_threads(s);
    if (s->aer) {
        pcie_aer_exit(pdev);
    }
    msix_unuse_all_vectors(pdev);
    msix_uninit(pdev, &s->msix, &s->msix);
    pcie_cap_exit(pdev);
}

static void mynic_reset_enter(Object *obj, ResetType type)
{
    mynic_core_stop(&MYNIC(obj)->core);
}

static void mynic_reset_hold(Object *obj, ResetType type)
{
    MynicState *s = MYNIC(obj);

    mynic_core_reset(&s->core);
    pcie_cap_deverr_reset(PCI_DEVICE(s));
}

/* Migration ---------------------------------------------------------------- */

static int mynic_pre_save(void *opaque)
{
    MynicState *s = opaque;

    mynic_core_sum_stats(&s->core);
    return 0;
}

static int mynic_post_load(void *opaque, int version_id)
{
    MynicState *s = opaque;

    return mynic_core_post_load(&s->core);
}

static const VMStateDescription vmstate_mynic_filter = {
    .name = "mynic-filter",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8_ARRAY(station, MynicFilter, ETH_ALEN),
        VMSTATE_UINT16(flags, MynicFilter),
        VMSTATE_UINT16(count, MynicFilter),
        VMSTATE_UINT8_2DARRAY(macs, MynicFilter, MYNIC_FILTER_MACS_MAX,
                              ETH_ALEN),
        VMSTATE_UINT64(hash, MynicFilter),
        VMSTATE_UINT8_ARRAY(vlan, MynicFilter, MYNIC_VLAN_BITMAP_SIZE),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_mynic_pair = {
    .name = "mynic-pair",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(txq, MynicPair, 1, vmstate_mynic_txq, MynicTxq),
        VMSTATE_STRUCT(rxq, MynicPair, 1, vmstate_mynic_rxq, MynicRxq),
        VMSTATE_STRUCT_ARRAY(cq, MynicPair, 2, 1, vmstate_mynic_cq, MynicCq),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_mynic = {
    .name = "mynic",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = mynic_pre_save,
    .post_load = mynic_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, MynicState),
        VMSTATE_MSIX(parent_obj, MynicState),
        VMSTATE_UINT32_EQUAL(core.num_pairs, MynicState,
                             "number of queue pairs (queues=) differs"),
        VMSTATE_UINT8_ARRAY(core.mac.a, MynicState, ETH_ALEN),
        VMSTATE_UINT32_ARRAY(core.regs, MynicState, MYNIC_NUM_REGS),
        VMSTATE_UINT32(core.status, MynicState),
        VMSTATE_UINT64(core.drv_features, MynicState),
        VMSTATE_STRUCT(core.asq, MynicState, 1, vmstate_mynic_ring, MynicRing),
        VMSTATE_STRUCT(core.acq, MynicState, 1, vmstate_mynic_ring, MynicRing),
        VMSTATE_STRUCT(core.aeq, MynicState, 1, vmstate_mynic_ring, MynicRing),
        VMSTATE_BOOL(core.link_up, MynicState),
        VMSTATE_UINT32(core.events_lost, MynicState),
        /* The rest is in a subsection. */
        VMSTATE_UINT64_SUB_ARRAY(core.port_stats.words, MynicState, 0,
                                 MYNIC_PORT_STATS_BASE),
        VMSTATE_UINT32(core.mtu, MynicState),
        VMSTATE_UINT32(core.offloads, MynicState),
        VMSTATE_STRUCT(core.filter, MynicState, 1, vmstate_mynic_filter,
                       MynicFilter),
        VMSTATE_STRUCT(core.rss, MynicState, 1, vmstate_mynic_rss, MynicRss),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(core.pairs, MynicState,
                                             core.num_pairs,
                                             vmstate_mynic_pair, MynicPair),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_mynic_contexts,
        &vmstate_mynic_rules,
        NULL
    }
};

/* Properties and type ------------------------------------------------------ */

#define MYNIC_PROP_FEATURE(name, feature) \
    DEFINE_PROP_BIT64(name, MynicState, features, \
                      __builtin_ctzll(feature), true)

static const Property mynic_properties[] = {
    DEFINE_NIC_PROPERTIES(MynicState, conf),
    DEFINE_PROP_UINT32("speed", MynicState, core.speed, MYNIC_SPEED_DEFAULT),
    DEFINE_PROP_UINT32("max-ring", MynicState, core.ring_max,
                       MYNIC_RING_DEFAULT),
    DEFINE_PROP_BOOL("aer", MynicState, aer, true),
    DEFINE_PROP_INT32("iothreads", MynicState, own_threads,
                      MYNIC_THREADS_AUTO),
    DEFINE_PROP_IOTHREAD_VQ_MAPPING_LIST("iothread-vq-mapping", MynicState,
                                         mapping),
    DEFINE_PROP_UINT32("tx-poll", MynicState, core.tx_poll,
                       MYNIC_TX_POLL_DEFAULT),
    DEFINE_PROP_BOOL("ebpf", MynicState, core.use_ebpf, true),
    DEFINE_PROP_ON_OFF_AUTO("ioeventfd", MynicState, ioeventfd,
                            ON_OFF_AUTO_AUTO),
    MYNIC_PROP_FEATURE("shadow", MYNIC_F_SHADOW),
    MYNIC_PROP_FEATURE("tx-csum", MYNIC_F_TX_CSUM),
    MYNIC_PROP_FEATURE("tso", MYNIC_F_TX_TSO),
    MYNIC_PROP_FEATURE("uso", MYNIC_F_TX_USO),
    MYNIC_PROP_FEATURE("tx-vlan", MYNIC_F_TX_VLAN),
    MYNIC_PROP_FEATURE("rx-csum", MYNIC_F_RX_CSUM),
    MYNIC_PROP_FEATURE("rx-gro", MYNIC_F_RX_GRO),
    MYNIC_PROP_FEATURE("rx-gro-udp", MYNIC_F_RX_GRO_UDP),
    MYNIC_PROP_FEATURE("rx-vlan", MYNIC_F_RX_VLAN),
    MYNIC_PROP_FEATURE("vlan-filter", MYNIC_F_VLAN_FILTER),
    MYNIC_PROP_FEATURE("rss", MYNIC_F_RSS),
    MYNIC_PROP_FEATURE("moderation", MYNIC_F_MODERATION),
    MYNIC_PROP_FEATURE("rx-csum-fill", MYNIC_F_RX_CSUM_FILL),
    MYNIC_PROP_FEATURE("flow-rules", MYNIC_F_FLOW_RULES),
    MYNIC_PROP_FEATURE("rss-symmetric", MYNIC_F_RSS_SYMMETRIC),
    MYNIC_PROP_FEATURE("rss-flow-label", MYNIC_F_RSS_FLOW_LABEL),
};

static const struct {
    const char *name;
    const char *text;
} mynic_descriptions[] = {
    { "queues", "queue pairs, 1 to 64; a tap needs as many queues (default: "
      "those of a tap; 2 or those of another netdev)" },
    { "speed", "link speed that is reported, 10 to 800000 Mb/s" },
    { "max-ring", "most slots of a ring, a power of two from 64 to 16384" },
    { "aer", "PCI Express advanced error reporting" },
    { "mac", "permanent MAC address" },
    { "netdev", "id of the -netdev that the card is connected to" },
    { "iothreads", "threads of its own for queue pairs with a tap, 0 to 64; 0: "
      "they run in the main loop; -1: as many as seem best, today 1" },
    { "iothread-vq-mapping", "IOThreads for queue pairs with a tap, as that of "
      "virtio-blk; a vq is a queue pair" },
    { "tx-poll", "microseconds after which a busy transmit queue is looked at "
      "without a doorbell, up to 1000000, 0 for never" },
    { "ebpf", "let a tap choose the queue of a frame by eBPF, where the host "
      "permits it" },
    { "ioeventfd", "doorbells of queues whose tail is in memory arrive by "
      "eventfd; auto: with KVM" },
    { "shadow", "tails and interrupt arming in guest memory" },
    { "tx-csum", "checksums on transmit" },
    { "tso", "TCP segmentation, needs tx-csum" },
    { "uso", "UDP segmentation, needs tx-csum" },
    { "tx-vlan", "VLAN tag insertion" },
    { "rx-csum", "checksum verification on receive" },
    { "rx-gro", "merged TCP segments on receive, needs rx-csum and a netdev "
      "with vnet_hdr" },
    { "rx-gro-udp", "merged UDP segments on receive, needs rx-gro and a host "
      "with USO" },
    { "rx-vlan", "VLAN tag stripping" },
    { "vlan-filter", "receive filter by VLAN" },
    { "rss", "receive-side scaling and hash" },
    { "moderation", "interrupt moderation" },
    { "rx-csum-fill", "partial checksums filled in on receive, where the "
      "driver asks for it, needs rx-csum" },
    { "flow-rules", "frames dropped or steered by what their headers say" },
    { "rss-symmetric", "hash that is the same in both directions of a flow, "
      "needs rss" },
    { "rss-flow-label", "flow label of IPv6 in the hash, needs rss" },
};

static void mynic_get_queues(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    int64_t value = MYNIC(obj)->queues;

    visit_type_int(v, name, &value, errp);
}

static void mynic_set_queues(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    int64_t value;

    if (DEVICE(obj)->realized) {
        error_setg(errp, "mynic: queues cannot be changed any more");
        return;
    }
    if (!visit_type_int(v, name, &value, errp)) {
        return;
    }
    if (value < 1 || value > MYNIC_MAX_QUEUE_PAIRS) {
        error_setg(errp, "mynic: queues=%" PRId64 " is not from 1 to %d",
                   value, MYNIC_MAX_QUEUE_PAIRS);
        return;
    }
    MYNIC(obj)->queues = value;
}

static void mynic_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);
    ResettableClass *rc = RESETTABLE_CLASS(oc);
    unsigned int i;

    pc->realize = mynic_pci_realize;
    pc->exit = mynic_pci_exit;
    pc->vendor_id = MYNIC_PCI_VENDOR_ID;
    pc->device_id = MYNIC_PCI_DEVICE_ID;
    pc->revision = MYNIC_PCI_REVISION;
    pc->class_id = PCI_CLASS_NETWORK_ETHERNET;
    rc->phases.enter = mynic_reset_enter;
    rc->phases.hold = mynic_reset_hold;
    dc->desc = "mynic multiqueue network card";
    dc->vmsd = &vmstate_mynic;
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
    device_class_set_props(dc, mynic_properties);
    object_class_property_add(oc, "queues", "int", mynic_get_queues,
                              mynic_set_queues, NULL, NULL);
    for (i = 0; i < ARRAY_SIZE(mynic_descriptions); i++) {
        object_class_property_set_description(oc, mynic_descriptions[i].name,
                                              mynic_descriptions[i].text);
    }
}

static void mynic_instance_init(Object *obj)
{
    device_add_bootindex_property(obj, &MYNIC(obj)->conf.bootindex,
                                  "bootindex", "/ethernet-phy@0", DEVICE(obj));
}

static const TypeInfo mynic_info = {
    .name = TYPE_MYNIC,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(MynicState),
    .instance_init = mynic_instance_init,
    .class_init = mynic_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void mynic_register_types(void)
{
    type_register_static(&mynic_info);
}

type_init(mynic_register_types)
