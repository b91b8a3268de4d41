/*
 * mynic: life of the card: enable, reset, errors, link, migration
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "system/replay.h"
#include "net/net.h"
#include "../net_rx_pkt.h"
#include "mynic_core.h"
#include "mynic_pair.h"
#include "trace.h"

/* Pages behind an IOMMU: for commands, events and their data. */
#define MYNIC_CORE_IOTLB_PAGES  64

unsigned int mynic_hist_class(size_t len)
{
    /* Largest frame of a class, with FCS; the last class has none. */
    static const uint16_t limits[MYNIC_STATS_HIST - 1] = {
        64, 127, 255, 511, 1023, 1518,
    };
    unsigned int i;

    len += ETH_FCS_LEN;
    for (i = 0; i < ARRAY_SIZE(limits) && len > limits[i]; i++) {
        continue;
    }
    return i;
}

void mynic_guest_error(const MynicCore *core, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    if (!qemu_loglevel_mask(LOG_GUEST_ERROR) &&
        !trace_event_get_state_backends(TRACE_MYNIC_GUEST_ERROR)) {
        return;
    }
    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    trace_mynic_guest_error(core->pdev->name, text);
    qemu_log_mask(LOG_GUEST_ERROR, "mynic: %s\n", text);
}

void mynic_queue_stop(MynicPair *pair, MynicRing *ring,
                      enum mynic_queue_error error)
{
    ring->error = error;
    /* If the control block is what cannot be written, the event says so. */
    mynic_ctl_write(ring, &pair->dma, offsetof(struct mynic_queue_ctl, error),
                    error);
}

bool mynic_queue_failed(MynicPair *pair, enum mynic_event_type event,
                        unsigned int id, MynicRing *ring,
                        enum mynic_queue_error error, const char *why)
{
    static const char *const names[] = {
        [MYNIC_EVENT_TXQ_ERROR] = "transmit queue",
        [MYNIC_EVENT_RXQ_ERROR] = "receive queue",
        [MYNIC_EVENT_CQ_ERROR] = "completion queue",
    };

    if (error == MYNIC_QERR_DMA && pair->dma.missed) {
        return false;
    }
    if (ring->error) {
        return true;
    }
    trace_mynic_queue_failed(names[event], id, error, why);
    mynic_guest_error(pair->core, "%s %u: %s", names[event], id, why);
    mynic_queue_stop(pair, ring, error);
    ring->report = true;
    qemu_bh_schedule(pair->core->report_bh);
    return true;
}

/* Whether the driver is to be told of an error; from now on it is. */
static bool mynic_report_take(MynicPair *pair, MynicRing *ring, uint32_t *error)
{
    bool report;

    mynic_pair_lock(pair);
    report = ring->created && ring->report;
    *error = ring->error;
    ring->report = false;
    mynic_pair_unlock(pair);
    return report;
}

/* In the main loop. */
static void mynic_report_bh(void *opaque)
{
    MynicCore *core = opaque;
    uint32_t error, i;

    if (!mynic_core_active(core)) {
        /* mynic_core_resume() comes back to it. */
        return;
    }
    for (i = 0; i < core->num_pairs; i++) {
        MynicPair *pair = &core->pairs[i];
        unsigned int c;

        if (mynic_report_take(pair, &pair->txq.ring, &error)) {
            mynic_event(core, MYNIC_EVENT_TXQ_ERROR, i, error, 0);
        }
        if (mynic_report_take(pair, &pair->rxq.ring, &error)) {
            mynic_event(core, MYNIC_EVENT_RXQ_ERROR, i, error, 0);
        }
        for (c = 0; c < ARRAY_SIZE(pair->cq); c++) {
            MynicCq *cq = &pair->cq[c];

            if (mynic_report_take(cq->intr.owner, &cq->ring, &error)) {
                mynic_event(core, MYNIC_EVENT_CQ_ERROR, cq->id, error, 0);
            }
        }
    }
}

void mynic_core_fatal(MynicCore *core, const char *why)
{
    if (core->status & MYNIC_STATUS_FATAL) {
        return;
    }
    mynic_guest_error(core, "fatal: %s", why);
    mynic_core_stop(core);
    mynic_core_lock(core);
    core->status |= MYNIC_STATUS_FATAL;
    mynic_core_unlock(core);
    mynic_irq_raise(core, MYNIC_VECTOR_ADMIN);
    mynic_core_flush(core);
}

bool mynic_core_masters(const MynicCore *core)
{
    const PCIDevice *pdev = core->pdev;
    uint16_t command = pci_get_word(pdev->config + PCI_COMMAND);
    uint16_t power = pci_get_word(pdev->config + pdev->pm_cap + PCI_PM_CTRL);

    return command & PCI_COMMAND_MASTER && !(power & PCI_PM_CTRL_STATE_MASK);
}

bool mynic_core_active(const MynicCore *core)
{
    return mynic_core_enabled(core) && core->vm_running &&
           mynic_core_masters(core);
}

void mynic_core_resume(MynicCore *core)
{
    uint32_t i;

    if (!mynic_core_active(core)) {
        return;
    }
    /* It may differ after migration. */
    mynic_core_link_changed(core);
    replay_bh_schedule_event(core->admin_bh);
    mynic_core_lock(core);
    for (i = 0; i < core->num_pairs; i++) {
        MynicPair *pair = &core->pairs[i];

        if (pair->txq.ring.created) {
            mynic_tx_schedule(&pair->txq);
        }
        if (pair->rxq.ring.created) {
            mynic_rx_schedule(&pair->rxq);
        }
    }
    mynic_core_unlock(core);
    qemu_bh_schedule(core->report_bh);
}

void mynic_core_run(MynicCore *core, bool running)
{
    uint32_t i;

    mynic_core_lock(core);
    if (!running && mynic_core_active(core)) {
        for (i = 0; i < core->num_pairs; i++) {
            mynic_bell_settle(&core->pairs[i].txq.bell);
            mynic_bell_settle(&core->pairs[i].rxq.bell);
            mynic_tx_settle(&core->pairs[i].txq);
            mynic_rx_publish(&core->pairs[i].rxq);
        }
    }
    core->vm_running = running;
    for (i = 0; i < core->num_wires; i++) {
        mynic_tap_watch(&core->wires[i]);
    }
    mynic_core_unlock(core);
    if (running) {
        mynic_core_resume(core);
        mynic_core_flush(core);
    }
}

void mynic_core_flush(MynicCore *core)
{
    uint32_t i;

    for (i = 0; i < core->num_wires; i++) {
        if (core->direct) {
            mynic_tap_wake(&core->wires[i]);
        } else {
            qemu_flush_queued_packets(core->wires[i].nc);
        }
    }
}

/* Which features the driver may not accept one without the other. */
static bool mynic_features_complete(uint64_t features)
{
    static const uint64_t needs[][2] = {
        { MYNIC_F_TX_TSO, MYNIC_F_TX_CSUM },
        { MYNIC_F_TX_USO, MYNIC_F_TX_CSUM },
        { MYNIC_F_RX_GRO, MYNIC_F_RX_CSUM },
        { MYNIC_F_RX_GRO_UDP, MYNIC_F_RX_GRO },
        { MYNIC_F_RX_CSUM_FILL, MYNIC_F_RX_CSUM },
        { MYNIC_F_RSS_SYMMETRIC, MYNIC_F_RSS },
        { MYNIC_F_RSS_FLOW_LABEL, MYNIC_F_RSS },
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(needs); i++) {
        if (features & needs[i][0] && !(features & needs[i][1])) {
            return false;
        }
    }
    return true;
}

static enum mynic_status mynic_core_check(MynicCore *core)
{
    uint32_t id = mynic_reg(core, MYNIC_REG_DRIVER_ID);
    uint64_t features = mynic_reg64(core, MYNIC_REG_DRV_FEATURES_LO);
    uint32_t sizes = mynic_reg(core, MYNIC_REG_ADMIN_SIZES);
    uint32_t asq = MYNIC_FIELD_GET(MYNIC_ADMIN_SIZES_ASQ_MASK, sizes);
    uint32_t aeq = MYNIC_FIELD_GET(MYNIC_ADMIN_SIZES_AEQ_MASK, sizes);

    if (MYNIC_FIELD_GET(MYNIC_ID_MAGIC_MASK, id) != MYNIC_ID_MAGIC ||
        MYNIC_FIELD_GET(MYNIC_ID_MAJOR_MASK, id) != MYNIC_ABI_MAJOR) {
        mynic_guest_error(core, "ENABLE: driver of version 0x%08" PRIx32
                          ", this card is of major version %d", id,
                          MYNIC_ABI_MAJOR);
        return MYNIC_ERR_VERSION;
    }
    if (features & ~core->dev_features || !mynic_features_complete(features)) {
        mynic_guest_error(core, "ENABLE: features 0x%" PRIx64 ", offered are "
                          "0x%" PRIx64, features, core->dev_features);
        return MYNIC_ERR_FEATURE;
    }
    if (!asq || asq > MYNIC_ADMIN_LOG2_MAX ||
        !aeq || aeq > MYNIC_ADMIN_LOG2_MAX) {
        mynic_guest_error(core, "ENABLE: ADMIN_SIZES 0x%" PRIx32, sizes);
        return MYNIC_ERR_SIZE;
    }
    if ((mynic_reg64(core, MYNIC_REG_ASQ_LO) |
         mynic_reg64(core, MYNIC_REG_ACQ_LO) |
         mynic_reg64(core, MYNIC_REG_AEQ_LO)) % MYNIC_RING_ALIGN) {
        mynic_guest_error(core, "ENABLE: address of a ring not aligned");
        return MYNIC_ERR_ADDRESS;
    }
    return MYNIC_OK;
}

void mynic_core_enable(MynicCore *core)
{
    enum mynic_status status;
    uint32_t sizes = mynic_reg(core, MYNIC_REG_ADMIN_SIZES);
    uint32_t asq, aeq;

    if (core->gone || core->status & MYNIC_STATUS_ENABLED) {
        return;
    }
    status = mynic_core_check(core);
    core->status &= ~MYNIC_STATUS_ERROR_MASK;
    core->status |= MYNIC_FIELD_PREP(MYNIC_STATUS_ERROR_MASK, (uint32_t)status);
    trace_mynic_enable(status, mynic_reg64(core, MYNIC_REG_DRV_FEATURES_LO));
    if (status != MYNIC_OK) {
        return;
    }

    asq = 1U << MYNIC_FIELD_GET(MYNIC_ADMIN_SIZES_ASQ_MASK, sizes);
    aeq = 1U << MYNIC_FIELD_GET(MYNIC_ADMIN_SIZES_AEQ_MASK, sizes);
    mynic_ring_init(&core->asq, mynic_reg64(core, MYNIC_REG_ASQ_LO), 0, asq);
    mynic_ring_init(&core->acq, mynic_reg64(core, MYNIC_REG_ACQ_LO), 0, asq);
    mynic_ring_init(&core->aeq, mynic_reg64(core, MYNIC_REG_AEQ_LO), 0, aeq);
    core->drv_features = mynic_reg64(core, MYNIC_REG_DRV_FEATURES_LO);
    core->link_up = mynic_core_link_state(core) & MYNIC_LINK_UP;
    core->status |= MYNIC_STATUS_ENABLED;
    mynic_core_place(core);
}

void mynic_core_stop(MynicCore *core)
{
    uint32_t i;

    qemu_bh_cancel(core->admin_bh);
    mynic_core_lock(core);
    for (i = 0; i < core->num_pairs; i++) {
        MynicPair *pair = &core->pairs[i];

        mynic_tx_stop(&pair->txq);
        mynic_rx_stop(&pair->rxq);
    }
    for (i = 0; i < core->num_pairs; i++) {
        mynic_cq_stop(&core->pairs[i].cq[0]);
        mynic_cq_stop(&core->pairs[i].cq[1]);
    }
    mynic_core_unlock(core);
}

void mynic_core_show_mac(MynicCore *core)
{
    qemu_format_nic_info_str(qemu_get_queue(core->nic), core->filter.station);
}

void mynic_core_reset(MynicCore *core)
{
    uint32_t i;

    trace_mynic_reset();
    core->status &= ~MYNIC_STATUS_READY;
    mynic_core_stop(core);
    mynic_irq_forget(core);
    /* As a card's own cache; smmuv3 does not say that it was reset, too. */
    mynic_dma_reset(&core->map);

    mynic_regs_reset(core);
    core->drv_features = 0;
    core->asq = (MynicRing) { };
    core->acq = (MynicRing) { };
    core->aeq = (MynicRing) { };
    core->events_lost = 0;
    mynic_core_set_offloads(core, 0);
    mynic_core_lock(core);
    core->mtu = MYNIC_DEFAULT_MTU;
    mynic_filter_reset(&core->filter, core->mac.a);
    mynic_rules_reset(&core->rules);
    mynic_rss_reset(&core->rss);
    core->rss_exist = MYNIC_BIT64(0);
    for (i = 0; i < core->num_wires; i++) {
        memset(&core->wires[i].stats, 0, sizeof(core->wires[i].stats));
    }
    /* A stream need not have all of them. */
    memset(&core->port_stats, 0, sizeof(core->port_stats));
    core->status = MYNIC_STATUS_READY;
    mynic_core_unlock(core);
    mynic_core_show_mac(core);
    mynic_core_place(core);
    mynic_bells_update(core);

    /* What the net layer kept for us is dropped now, not by the next driver. */
    mynic_core_flush(core);
}

void mynic_core_set_offloads(MynicCore *core, uint32_t offloads)
{
    bool csum = offloads & MYNIC_OFFLOAD_RX_CSUM &&
                !(offloads & MYNIC_OFFLOAD_RX_CSUM_FILL);
    bool gro = offloads & MYNIC_OFFLOAD_RX_GRO;
    bool gro_udp = offloads & MYNIC_OFFLOAD_RX_GRO_UDP;
    uint32_t i;

    mynic_core_lock(core);
    core->offloads = offloads;
    for (i = 0; core->vnet_hdr && i < core->num_wires; i++) {
        qemu_set_offload(core->wires[i].nc->peer, csum, gro, gro, gro, 0,
                         gro_udp, gro_udp);
    }
    mynic_core_unlock(core);
}

uint64_t mynic_core_link_state(MynicCore *core)
{
    uint64_t state = MYNIC_FIELD_PREP(MYNIC_LINK_SPEED_MASK,
                                      (uint64_t)core->speed) |
                     MYNIC_LINK_FULL_DUPLEX;

    if (!core->wires[0].nc->link_down) {
        state |= MYNIC_LINK_UP;
    }
    return state;
}

void mynic_core_link_changed(MynicCore *core)
{
    uint64_t state = mynic_core_link_state(core);
    bool up = state & MYNIC_LINK_UP;
    uint32_t i;

    if (up == core->link_up) {
        return;
    }
    /* If the driver cannot be told now, mynic_core_resume() comes back. */
    if (mynic_core_active(core)) {
        core->link_up = up;
    }
    trace_mynic_link(up);
    /* Nobody is in between looking at the link and sending any more. */
    mynic_core_lock(core);
    mynic_core_unlock(core);
    if (!up) {
        /* The peer may be gone, or its tap full for good: do not wait. */
        for (i = 0; i < core->num_wires; i++) {
            qemu_purge_queued_packets(core->wires[i].nc);
        }
        for (i = 0; i < core->num_pairs; i++) {
            mynic_tx_schedule(&core->pairs[i].txq);
        }
    } else {
        mynic_core_flush(core);
    }
    mynic_event(core, MYNIC_EVENT_LINK, 0, 0, state);
}

static void mynic_core_freeze(void *opaque)
{
    mynic_core_lock(opaque);
}

static void mynic_core_thaw(void *opaque)
{
    mynic_core_release(opaque);
}

static void mynic_core_moved(void *opaque)
{
    mynic_core_place(opaque);
}

static QEMUBH *mynic_core_bh(MynicCore *core, QEMUBHFunc *fn)
{
    return aio_bh_new_guarded(qemu_get_aio_context(), fn, core,
                              &DEVICE(core->pdev)->mem_reentrancy_guard);
}

void mynic_core_realize(MynicCore *core, AioContext **threads, bool shared)
{
    uint32_t i;

    core->shared = shared;
    core->admin_bh = mynic_core_bh(core, mynic_admin_bh);
    core->report_bh = mynic_core_bh(core, mynic_report_bh);
    core->raise_bh = mynic_core_bh(core, mynic_raise_bh);
    core->pairs = g_new0(MynicPair, core->num_pairs);
    for (i = 0; i < core->num_pairs; i++) {
        mynic_pair_realize(&core->pairs[i], core, i,
                           threads ? threads[i] : NULL);
    }
}

void mynic_core_connect(MynicCore *core, uint32_t num_wires, bool vnet_hdr)
{
    uint32_t i;

    core->vnet_hdr = vnet_hdr;
    core->num_wires = num_wires;
    core->wires = g_new0(MynicWire, num_wires);
    for (i = 0; i < num_wires; i++) {
        MynicWire *wire = &core->wires[i];

        wire->core = core;
        mynic_pair_add_wire(&core->pairs[i % core->num_pairs], wire);
        wire->index = i;
        wire->fd = -1;
        wire->buf = g_malloc(NET_BUFSIZE);
        wire->nc = qemu_get_subqueue(core->nic, i);
        wire->linear = g_malloc(NET_BUFSIZE);
        net_rx_pkt_init(&wire->rx_pkt);
        mynic_gso_init(&wire->gso, MYNIC_RX_IOV_MAX);
    }
    for (i = 0; i < core->num_pairs; i++) {
        core->pairs[i].txq.wire = &core->wires[i % num_wires];
    }
    mynic_steer_realize(core);
    mynic_core_place(core);
    mynic_dma_add_user(&core->map, &core->dma, MYNIC_CORE_IOTLB_PAGES);
    mynic_dma_realize(&core->map, core->pdev, mynic_core_freeze,
                      mynic_core_thaw, mynic_core_moved, core);
}

void mynic_core_unrealize(MynicCore *core)
{
    uint32_t i;

    core->gone = true;
    core->status = 0;
    mynic_core_stop(core);
    mynic_bells_update(core);
    mynic_core_place(core);
    mynic_core_park(core);
    mynic_steer_unrealize(core);
    mynic_dma_unrealize(&core->map);
    for (i = 0; i < core->num_wires; i++) {
        /* Or the net layer would call back for what it keeps. */
        qemu_purge_queued_packets(core->wires[i].nc);
    }
    for (i = 0; i < core->num_pairs; i++) {
        mynic_pair_unrealize(&core->pairs[i]);
    }
    g_clear_pointer(&core->admin_bh, qemu_bh_delete);
    g_clear_pointer(&core->report_bh, qemu_bh_delete);
    g_clear_pointer(&core->raise_bh, qemu_bh_delete);
    for (i = 0; i < core->num_wires; i++) {
        MynicWire *wire = &core->wires[i];

        qemu_bh_delete(wire->bh);
        g_free(wire->linear);
        g_free(wire->buf);
        net_rx_pkt_uninit(wire->rx_pkt);
        mynic_gso_cleanup(&wire->gso);
    }
    core->num_wires = 0;
    g_clear_pointer(&core->wires, g_free);
    g_clear_pointer(&core->pairs, g_free);
    core->num_pairs = 0;
}

void mynic_core_sum_stats(MynicCore *core)
{
    MynicPortStats *sum = &core->port_stats;
    uint32_t i, w;

    mynic_core_lock(core);
    memset(sum, 0, sizeof(*sum));
    for (i = 0; i < core->num_wires; i++) {
        for (w = 0; w < ARRAY_SIZE(sum->words); w++) {
            sum->words[w] += core->wires[i].stats.words[w];
        }
    }
    mynic_core_unlock(core);
}

static bool mynic_intr_valid(const MynicCore *core, const MynicIntr *intr)
{
    return intr->vector < mynic_num_vectors(core) &&
           intr->usecs <= MYNIC_MODERATION_USECS_MAX;
}

static bool mynic_ring_valid(const MynicCore *core, const MynicRing *ring)
{
    return ring->size >= MYNIC_RING_MIN && ring->size <= core->ring_max;
}

static bool mynic_tail_valid(const MynicRing *ring)
{
    return ring->tail - ring->head <= ring->size;
}

/* What is wrong with the queues that a migration brought, NULL for nothing. */
static const char *mynic_check_queues(MynicCore *core)
{
    uint32_t i;

    for (i = 0; i < mynic_num_cqs(core); i++) {
        MynicCq *cq = mynic_cq(core, i);

        cq->rxq = NULL;
        mynic_intr_set_owner(&cq->intr, &core->pairs[i / 2]);
        if (cq->ring.created && (!mynic_ring_valid(core, &cq->ring) ||
                                 !mynic_intr_valid(core, &cq->intr))) {
            return "completion queue";
        }
    }
    for (i = 0; i < core->num_pairs; i++) {
        MynicTxq *txq = &core->pairs[i].txq;
        MynicRxq *rxq = &core->pairs[i].rxq;
        MynicCq *cq;

        if (txq->ring.created && (!mynic_ring_valid(core, &txq->ring) ||
                                  !mynic_tail_valid(&txq->ring) ||
                                  !mynic_intr_valid(core, &txq->intr))) {
            return "transmit queue";
        }
        if (!rxq->ring.created) {
            continue;
        }
        if (!mynic_ring_valid(core, &rxq->ring) ||
            !mynic_tail_valid(&rxq->ring) ||
            rxq->cq_id >= mynic_num_cqs(core)) {
            return "receive queue";
        }
        cq = mynic_cq(core, rxq->cq_id);
        if (!cq->ring.created || cq->rxq || cq->ring.size < rxq->ring.size) {
            return "completion queue of a receive queue";
        }
        cq->rxq = rxq;
        mynic_intr_set_owner(&cq->intr, rxq->pair);
    }
    return NULL;
}

static const char *mynic_check_state(MynicCore *core)
{
    MynicRuleLimits limits = mynic_rule_limits(core);
    unsigned int i;

    if (core->mtu < MYNIC_MIN_MTU || core->mtu > MYNIC_MAX_MTU) {
        return "MTU";
    }
    if (!mynic_filter_valid(&core->filter)) {
        return "receive filter";
    }
    if (!(core->rss_exist & MYNIC_BIT64(0)) ||
        core->rss_exist >> MYNIC_RSS_CONTEXTS) {
        return "set of RSS contexts";
    }
    for (i = 0; i < MYNIC_RSS_CONTEXTS; i++) {
        if (core->rss_exist & MYNIC_BIT64(i) &&
            !mynic_rss_valid(mynic_rss_context(core, i), core->num_pairs)) {
            return "RSS context";
        }
    }
    if (!mynic_rules_load(&core->rules, &limits)) {
        return "flow rule";
    }
    if (core->status & MYNIC_STATUS_ENABLED &&
        (!core->asq.created || !core->acq.created || !core->aeq.created ||
         core->acq.size != core->asq.size || !mynic_tail_valid(&core->asq) ||
         core->aeq.head - core->aeq.tail > core->aeq.size)) {
        return "admin ring";
    }
    return mynic_check_queues(core);
}

/* The stream is no more to be trusted than the guest is. */
int mynic_core_post_load(MynicCore *core)
{
    const char *wrong;
    uint32_t i;

    if (core->drv_features & ~core->dev_features) {
        error_report("mynic: features 0x%" PRIx64 " are in use, this card "
                     "offers 0x%" PRIx64 "; give it the same properties and "
                     "kind of netdev", core->drv_features, core->dev_features);
        return -EINVAL;
    }
    wrong = mynic_check_state(core);
    if (wrong) {
        error_report("mynic: the migrated state is not valid: %s", wrong);
        return -EINVAL;
    }
    mynic_core_set_offloads(core, core->offloads);
    mynic_core_show_mac(core);
    for (i = 0; i < core->num_wires; i++) {
        memset(&core->wires[i].stats, 0, sizeof(core->wires[i].stats));
    }
    core->wires[0].stats = core->port_stats;
    mynic_core_place(core);
    mynic_bells_update(core);
    return 0;
}
