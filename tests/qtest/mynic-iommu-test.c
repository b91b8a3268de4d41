/*
 * QTest of mynic: behind an IOMMU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VT-d in legacy mode. All of the memory is mapped high above itself, where
 * nothing is unless somebody translates; pages are then taken away, moved and
 * given back, and the card must not go by what was true before.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "libqtest.h"
#include "libqos/libqos-pc.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"
#include "hw/i386/intel_iommu_internal.h"

#define ALL (MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_PROMISC)

#define PAGE VTD_PAGE_SIZE
#define RAM_SIZE (32 * MiB)
/* What is added to an address in memory: half of the 39 bits of an IOVA. */
#define IOVA (1ULL << 38)
#define DOMAIN 7
#define RW (VTD_SL_R | VTD_SL_W)

/* The machine, with the card enabled behind its IOMMU. */
typedef struct Machine {
    QOSState *qs;
    QTestState *qts;
    QMynicWire *wire;
    QMynic *d;
    uint64_t context;
    uint64_t table;
    uint64_t iq;
    unsigned int iq_tail;
} Machine;

/* The IOMMU */

static uint64_t new_page(Machine *m)
{
    uint64_t page = guest_alloc(&m->qs->alloc, PAGE);

    g_assert_cmphex(page, !=, 0);
    g_assert_cmphex(page % PAGE, ==, 0);
    qtest_memset(m->qts, page, 0, PAGE);
    return page;
}

static uint64_t vtd_read(Machine *m, unsigned int reg)
{
    return qtest_readq(m->qts, Q35_HOST_BRIDGE_IOMMU_ADDR + reg);
}

static void vtd_write(Machine *m, unsigned int reg, uint64_t value)
{
    qtest_writeq(m->qts, Q35_HOST_BRIDGE_IOMMU_ADDR + reg, value);
}

/* A global command: all of the bits that are to be set from now on. */
static void vtd_command(Machine *m, uint32_t bits)
{
    qtest_writel(m->qts, Q35_HOST_BRIDGE_IOMMU_ADDR + DMAR_GCMD_REG, bits);
    g_assert_cmphex(qtest_readl(m->qts, Q35_HOST_BRIDGE_IOMMU_ADDR +
                                DMAR_GSTS_REG) & bits, ==, bits);
}

/* Where the entry of a page is; tables in between are made as needed. */
static uint64_t vtd_entry(Machine *m, uint64_t iova)
{
    uint64_t table = m->table, at, next;
    unsigned int level;

    for (level = VTD_PDP_LEVEL; ; level--) {
        at = table + 8 * (iova >> (VTD_PAGE_SHIFT + VTD_LEVEL_BITS *
                                   (level - 1)) & (VTD_PT_ENTRY_NR - 1));
        if (level == VTD_PT_LEVEL) {
            return at;
        }
        next = qtest_readq(m->qts, at);
        if (!next) {
            next = new_page(m) | RW;
            qtest_writeq(m->qts, at, next);
        }
        table = next & ~(PAGE - 1);
    }
}

static void vtd_map(Machine *m, uint64_t iova, uint64_t to, uint64_t rights)
{
    qtest_writeq(m->qts, vtd_entry(m, iova), to | rights);
}

static void vtd_unmap(Machine *m, uint64_t iova)
{
    qtest_writeq(m->qts, vtd_entry(m, iova), 0);
}

static void vtd_flush(Machine *m, uint64_t what)
{
    vtd_write(m, DMAR_IOTLB_REG, VTD_TLB_IVT | what |
              (uint64_t)DOMAIN << 32);
    g_assert_cmphex(vtd_read(m, DMAR_IOTLB_REG) & VTD_TLB_IVT, ==, 0);
}

static void flush_pages(Machine *m, uint64_t iova, unsigned int log2)
{
    vtd_write(m, DMAR_IVA_REG, (iova & -(PAGE << log2)) | log2);
    vtd_flush(m, VTD_TLB_PSI_FLUSH);
}

static void flush_page(Machine *m, uint64_t iova)
{
    flush_pages(m, iova, 0);
}

static void flush_16_pages(Machine *m, uint64_t iova)
{
    flush_pages(m, iova, 4);
}

static void flush_domain(Machine *m, uint64_t iova)
{
    vtd_flush(m, VTD_TLB_DSI_FLUSH);
}

static void flush_all(Machine *m, uint64_t iova)
{
    vtd_flush(m, VTD_TLB_GLOBAL_FLUSH);
}

static void vtd_queue(Machine *m, uint64_t lo, uint64_t hi)
{
    qtest_writeq(m->qts, m->iq + 16 * m->iq_tail, lo);
    qtest_writeq(m->qts, m->iq + 16 * m->iq_tail + 8, hi);
    m->iq_tail = (m->iq_tail + 1) % (PAGE / 16);
    vtd_write(m, DMAR_IQT_REG, m->iq_tail << 4);
    g_assert_cmphex(vtd_read(m, DMAR_IQH_REG), ==, m->iq_tail << 4);
}

static void queue_page(Machine *m, uint64_t iova)
{
    vtd_queue(m, VTD_INV_DESC_IOTLB | VTD_INV_DESC_IOTLB_PAGE | DOMAIN << 16,
              iova);
}

static void queue_domain(Machine *m, uint64_t iova)
{
    vtd_queue(m, VTD_INV_DESC_IOTLB | VTD_INV_DESC_IOTLB_DOMAIN |
              DOMAIN << 16, 0);
}

static void queue_all(Machine *m, uint64_t iova)
{
    vtd_queue(m, VTD_INV_DESC_IOTLB | VTD_INV_DESC_IOTLB_GLOBAL, 0);
}

static bool vtd_faulted(Machine *m)
{
    return vtd_read(m, DMAR_FRCD_REG_0_2) & VTD_FRCD_F;
}

/* The IOMMU has refused this to the card, and nothing else before. */
static void expect_fault(Machine *m, uint64_t iova, bool write)
{
    uint64_t record = vtd_read(m, DMAR_FRCD_REG_0_2);

    g_assert_true(record & VTD_FRCD_F);
    g_assert_cmphex(vtd_read(m, DMAR_FRCD_REG_0_0), ==, iova);
    g_assert_cmphex(VTD_FRCD_SID(record), ==, QPCI_DEVFN(4, 0));
    g_assert_cmpint(!(record & VTD_FRCD_T), ==, write);
    vtd_write(m, DMAR_FRCD_REG_0_2, VTD_FRCD_F);
    g_assert_false(vtd_faulted(m));
}

static void vtd_context(Machine *m, uint64_t lo)
{
    qtest_writeq(m->qts, m->context, lo);
}

static void flush_context(Machine *m)
{
    vtd_write(m, DMAR_CCMD_REG, VTD_CCMD_ICC | VTD_CCMD_DEVICE_INVL |
              QPCI_DEVFN(4, 0) << 16 | DOMAIN);
    g_assert_cmphex(vtd_read(m, DMAR_CCMD_REG) & VTD_CCMD_ICC, ==, 0);
    flush_domain(m, 0);
}

static void vtd_setup(Machine *m)
{
    uint64_t root = new_page(m), contexts = new_page(m);
    uint64_t leaf[VTD_PT_ENTRY_NR], page;
    unsigned int i;

    m->table = new_page(m);
    m->context = contexts + 16 * QPCI_DEVFN(4, 0);
    qtest_writeq(m->qts, root, contexts | VTD_ROOT_ENTRY_P);
    /* 1: three levels, 39 bits. */
    qtest_writeq(m->qts, m->context + 8, DOMAIN << 8 | 1);
    vtd_context(m, m->table | VTD_CONTEXT_TT_MULTI_LEVEL |
                VTD_CONTEXT_ENTRY_P);
    for (page = 0; page < RAM_SIZE; page += sizeof(leaf) / 8 * PAGE) {
        for (i = 0; i < G_N_ELEMENTS(leaf); i++) {
            leaf[i] = cpu_to_le64((page + i * PAGE) | RW);
        }
        qtest_memwrite(m->qts, vtd_entry(m, IOVA + page), leaf, sizeof(leaf));
    }
    vtd_write(m, DMAR_RTADDR_REG, root);
    vtd_command(m, VTD_GCMD_SRTP);
    vtd_command(m, VTD_GCMD_TE);
}

static void start(Machine *m, uint64_t features)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_MTU);

    mynic_irq_setup(m->d);
    mynic_start(m->d, features);
    mynic_set_rx_filter(m->d, ALL);
    cmd.params.mtu.mtu = cpu_to_le32(9000);
    g_assert_cmpuint(mynic_admin(m->d, &cmd, NULL), ==, MYNIC_OK);
}

/*
 * @props: of the IOMMU, with a comma in front
 * @tap: a tap, with which queues may run in a thread
 */
static bool boot_with(Machine *m, const char *props, bool tap)
{
    g_autoptr(GString) netdev = g_string_new("");

    if (strcmp(qtest_get_arch(), "x86_64")) {
        g_test_skip("written for the IOMMU of a PC");
        return false;
    }
    memset(m, 0, sizeof(*m));
    if (tap) {
        m->wire = mynic_tap_before(netdev, NULL);
        if (mynic_tap_missing(m->wire)) {
            return false;
        }
    } else {
        m->wire = mynic_wire_before(netdev, NULL);
    }
    m->qs = qtest_pc_boot("-machine q35 -m %u -device intel-iommu%s %s "
                          "-device mynic,addr=04.0," QMYNIC_PROPS,
                          (unsigned int)(RAM_SIZE / MiB), props, netdev->str);
    m->qts = m->qs->qts;
    m->d = mynic_new(m->qs->pcibus, &m->qs->alloc);
    vtd_setup(m);
    m->d->iova = IOVA;
    start(m, mynic_offer(m->d));
    return true;
}

static bool boot(Machine *m)
{
    return boot_with(m, "", false);
}

static void shutdown_machine(Machine *m)
{
    mynic_free(m->d);
    qtest_shutdown(m->qs);
}

/* Packets */

static GByteArray *frame_new(unsigned int len, uint8_t mark)
{
    QMynicPacket p = { .payload_len = len };
    GByteArray *frame = mynic_packet_build(&p, NULL);

    memset(frame->data + frame->len - len, mark, len);
    return frame;
}

/* What lies at an address in memory goes out of the card from an IOVA. */
static void send_from(QMynicTxq *q, QMynicWire *wire, uint64_t iova,
                      uint64_t at, uint8_t mark)
{
    g_autoptr(GByteArray) frame = frame_new(500, mark);

    qtest_memwrite(q->d->qts, at, frame->data, frame->len);
    mynic_tx_frag(q, iova - q->d->iova, frame->len, MYNIC_TX_EOP);
    mynic_tx_publish(q);
    mynic_wire_expect(wire, frame);
    mynic_tx_wait(q);
}

static void send_plain(QMynicTxq *q, QMynicWire *wire)
{
    send_from(q, wire, q->mem + q->d->iova, q->mem, 1);
}

/* The same is refused. */
static void send_refused(Machine *m, QMynicTxq *q, uint64_t iova)
{
    struct mynic_event event;

    mynic_tx_frag(q, iova - q->d->iova, 500, MYNIC_TX_EOP);
    mynic_tx_publish(q);
    mynic_event_wait(m->d, &event);
    g_assert_cmpuint(le16_to_cpu(event.type), ==, MYNIC_EVENT_TXQ_ERROR);
    g_assert_cmpuint(le32_to_cpu(event.code), ==, MYNIC_QERR_DMA);
    mynic_event_ack(m->d);
    g_assert_cmpuint(mynic_ctl(q, error), ==, MYNIC_QERR_DMA);
    g_assert_true(mynic_wire_quiet(m->wire));
    expect_fault(m, iova & ~(PAGE - 1), false);
    mynic_txq_destroy(q);
    mynic_txq_create(m->d, q, 0);
    send_plain(q, m->wire);
}

static void receive(QMynicRxq *q, QMynicWire *wire)
{
    g_autoptr(GByteArray) frame = frame_new(700, 2);

    mynic_wire_send(wire, frame);
    mynic_rx_expect(q, frame, NULL);
    mynic_rx_fill(q, 1);
    mynic_rx_publish(q);
}

/* Every buffer once, so that the card has had them all translated. */
static void receive_round(QMynicRxq *q, QMynicWire *wire)
{
    unsigned int i;

    for (i = 0; i < 1u << q->log2; i++) {
        receive(q, wire);
    }
}

/* A packet that the next buffer must not take. */
static void receive_refused(Machine *m, QMynicRxq *q)
{
    g_autoptr(GByteArray) frame = frame_new(700, 3);
    uint64_t page = mynic_rx_addr(q, q->consumed);
    g_autofree uint8_t *before = g_malloc(PAGE), *after = g_malloc(PAGE);
    struct mynic_event event;
    struct mynic_rx_cqe cqe;

    qtest_memread(m->qts, page, before, PAGE);
    mynic_wire_send(m->wire, frame);
    mynic_event_wait(m->d, &event);
    g_assert_cmpuint(le16_to_cpu(event.type), ==, MYNIC_EVENT_RXQ_ERROR);
    g_assert_cmpuint(le32_to_cpu(event.code), ==, MYNIC_QERR_DMA);
    mynic_event_ack(m->d);
    g_assert_cmpuint(mynic_ctl(q, error), ==, MYNIC_QERR_DMA);
    g_assert_false(mynic_rx_poll(q, &cqe));
    qtest_memread(m->qts, page, after, PAGE);
    g_assert_cmpmem(after, PAGE, before, PAGE);
    mynic_rxq_destroy(q);
}

/* Reads or writes the page of command data; returns the status. */
static unsigned int data_read(QMynic *d)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_VLAN_FILTER);
    uint8_t bitmap[MYNIC_VLAN_BITMAP_SIZE] = {};

    return mynic_admin_data(d, &cmd, bitmap, NULL, sizeof(bitmap));
}

static unsigned int data_write(QMynic *d)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_GET_STATS);
    struct mynic_port_stats stats;
    unsigned int status;

    cmd.params.stats.scope = cpu_to_le16(MYNIC_STATS_PORT);
    memset(&stats, 0xa5, sizeof(stats));
    status = mynic_admin_data(d, &cmd, &stats, &stats, sizeof(stats));
    g_assert_cmpint(stats.tx_packets == 0xa5a5a5a5a5a5a5a5, ==,
                    status != MYNIC_OK);
    return status;
}

/* Tests */

/* Where two pages that lie together for the card are in memory. */
static void map_two(Machine *m, uint64_t at, uint64_t first, uint64_t second)
{
    vtd_map(m, at + IOVA, first, RW);
    vtd_map(m, at + IOVA + PAGE, second, RW);
    flush_all(m, 0);
}

/* All that a card does, by translated addresses and no others. */
static void test_works(void *obj, void *data, QGuestAllocator *alloc)
{
    g_autoptr(GByteArray) big = frame_new(8000, 4);
    g_autofree uint8_t *got = g_malloc(2 * PAGE);
    struct mynic_admin_cmd cmd;
    unsigned int shadow;
    uint64_t at;
    QMynicTxq tx;
    QMynicRxq rx;
    Machine m;

    if (!boot(&m)) {
        return;
    }
    for (shadow = 0; shadow < 2; shadow++) {
        start(&m, (mynic_offer(m.d) & ~MYNIC_F_SHADOW) |
              (shadow ? MYNIC_F_SHADOW : 0));
        mynic_txq_create(m.d, &tx, 0);
        mynic_rxq_create(m.d, &rx, 0, 4 * PAGE);
        g_assert_cmpuint(data_read(m.d), ==, MYNIC_OK);
        g_assert_cmpuint(data_write(m.d), ==, MYNIC_OK);
        send_plain(&tx, m.wire);
        receive_round(&rx, m.wire);

        /* A packet in each direction, whose second page is before its first. */
        map_two(&m, tx.mem, tx.mem + PAGE, tx.mem);
        qtest_memwrite(m.qts, tx.mem + PAGE, big->data, PAGE);
        qtest_memwrite(m.qts, tx.mem, big->data + PAGE, big->len - PAGE);
        mynic_tx_frag(&tx, tx.mem, big->len, MYNIC_TX_EOP);
        mynic_tx_publish(&tx);
        mynic_wire_expect(m.wire, big);
        mynic_tx_wait(&tx);
        map_two(&m, tx.mem, tx.mem, tx.mem + PAGE);
        at = mynic_rx_addr(&rx, rx.consumed);
        map_two(&m, at, at + PAGE, at);
        mynic_wire_send(m.wire, big);
        g_byte_array_unref(mynic_rx_wait(&rx, NULL));
        qtest_memread(m.qts, at, got, 2 * PAGE);
        g_assert_cmpmem(got + PAGE, PAGE, big->data, PAGE);
        g_assert_cmpmem(got, big->len - PAGE, big->data + PAGE,
                        big->len - PAGE);
        map_two(&m, at, at, at + PAGE);

        mynic_rxq_destroy(&rx);
        mynic_txq_destroy(&tx);
    }
    g_assert_true(mynic_irq_take(m.d, 0));
    g_assert_false(vtd_faulted(&m));

    /* As it is in memory an address is of no use to the card. */
    cmd = mynic_cmd(MYNIC_ADMIN_GET_STATS);
    cmd.params.stats.scope = cpu_to_le16(MYNIC_STATS_PORT);
    cmd.data = cpu_to_le64(m.d->data);
    cmd.data_len = cpu_to_le32(sizeof(struct mynic_port_stats));
    g_assert_cmpuint(mynic_admin(m.d, &cmd, NULL), ==, MYNIC_ERR_DMA);
    expect_fault(&m, m.d->data, true);
    shutdown_machine(&m);
}

static void test_unmapped(void *obj, void *data, QGuestAllocator *alloc)
{
    uint64_t page;
    QMynicTxq tx;
    QMynicRxq rx;
    Machine m;

    if (!boot(&m)) {
        return;
    }
    mynic_txq_create(m.d, &tx, 0);
    mynic_rxq_create(m.d, &rx, 0, PAGE);
    page = tx.mem + 5 * PAGE;
    send_from(&tx, m.wire, page + IOVA, page, 5);
    vtd_unmap(&m, page + IOVA);
    flush_page(&m, page + IOVA);
    send_refused(&m, &tx, page + IOVA);

    receive_round(&rx, m.wire);
    page = mynic_rx_addr(&rx, rx.consumed);
    vtd_unmap(&m, page + IOVA);
    flush_page(&m, page + IOVA);
    receive_refused(&m, &rx);
    expect_fault(&m, page + IOVA, true);
    mynic_txq_destroy(&tx);
    shutdown_machine(&m);
}

/* What is not there is not remembered: it may be later. */
static void test_mapped_later(void *obj, void *data, QGuestAllocator *alloc)
{
    uint64_t page;
    QMynicTxq tx;
    Machine m;

    if (!boot(&m)) {
        return;
    }
    mynic_txq_create(m.d, &tx, 0);
    page = new_page(&m);
    vtd_unmap(&m, page + IOVA);
    send_refused(&m, &tx, page + IOVA);
    vtd_map(&m, page + IOVA, page, RW);
    send_from(&tx, m.wire, page + IOVA, page, 6);

    page = m.d->data;
    vtd_unmap(&m, page + IOVA);
    g_assert_cmpuint(data_write(m.d), ==, MYNIC_ERR_DMA);
    expect_fault(&m, page + IOVA, true);
    vtd_map(&m, page + IOVA, page, RW);
    g_assert_cmpuint(data_write(m.d), ==, MYNIC_OK);
    g_assert_false(vtd_faulted(&m));
    mynic_txq_destroy(&tx);
    shutdown_machine(&m);
}

/*
 * To have read is not to be allowed to write, nor the other way. QEMU's VT-d
 * records no fault where it knows the page.
 */
static void test_rights(void *obj, void *data, QGuestAllocator *alloc)
{
    uint64_t page;
    QMynicTxq tx;
    QMynicRxq rx;
    Machine m;

    if (!boot(&m)) {
        return;
    }
    page = m.d->data;
    vtd_map(&m, page + IOVA, page, VTD_SL_R);
    g_assert_cmpuint(data_read(m.d), ==, MYNIC_OK);
    g_assert_cmpuint(data_write(m.d), ==, MYNIC_ERR_DMA);
    g_assert_cmpuint(data_read(m.d), ==, MYNIC_OK);

    vtd_map(&m, page + IOVA, page, VTD_SL_W);
    flush_page(&m, page + IOVA);
    g_assert_cmpuint(data_write(m.d), ==, MYNIC_OK);
    g_assert_cmpuint(data_read(m.d), ==, MYNIC_ERR_DMA);
    g_assert_cmpuint(data_write(m.d), ==, MYNIC_OK);

    vtd_map(&m, page + IOVA, page, RW);
    flush_page(&m, page + IOVA);
    g_assert_cmpuint(data_write(m.d), ==, MYNIC_OK);
    g_assert_cmpuint(data_read(m.d), ==, MYNIC_OK);

    /* A buffer that was written to, and that was sent from since then. */
    mynic_txq_create(m.d, &tx, 0);
    mynic_rxq_create(m.d, &rx, 0, PAGE);
    receive_round(&rx, m.wire);
    page = mynic_rx_addr(&rx, rx.consumed);
    vtd_map(&m, page + IOVA, page, VTD_SL_R);
    flush_page(&m, page + IOVA);
    send_from(&tx, m.wire, page + IOVA, page, 7);
    receive_refused(&m, &rx);
    mynic_txq_destroy(&tx);
    shutdown_machine(&m);
}

typedef struct Way {
    const char *name;
    void (*flush)(Machine *m, uint64_t iova);
} Way;

/* Pages move; each way to say so is tried with a page for each direction. */
static void move_pages(Machine *m, const Way *ways, unsigned int n)
{
    g_autoptr(GByteArray) frame = frame_new(700, 8);
    g_autofree uint8_t *got = g_malloc(PAGE), *old = g_malloc(PAGE);
    uint64_t page, place = new_page(m);
    struct mynic_rx_cqe cqe;
    unsigned int i;
    QMynicTxq tx;
    QMynicRxq rx;

    mynic_txq_create(m->d, &tx, 0);
    mynic_rxq_create(m->d, &rx, 0, PAGE);
    for (i = 0; i < n; i++) {
        g_test_message("%s", ways[i].name);
        /* In the middle of what is flushed, however much that is. */
        page = ROUND_UP(tx.mem, 16 * PAGE) + 5 * PAGE;
        send_from(&tx, m->wire, page + IOVA, page, 9);
        vtd_map(m, page + IOVA, place, RW);
        ways[i].flush(m, page + IOVA);
        send_from(&tx, m->wire, page + IOVA, place, 10);
        vtd_map(m, page + IOVA, page, RW);
        ways[i].flush(m, page + IOVA);
        send_from(&tx, m->wire, page + IOVA, page, 11);

        receive_round(&rx, m->wire);
        while ((mynic_rx_addr(&rx, rx.consumed) + IOVA) / PAGE % 16 != 5) {
            receive(&rx, m->wire);
        }
        page = mynic_rx_addr(&rx, rx.consumed);
        qtest_memread(m->qts, page, old, PAGE);
        vtd_map(m, page + IOVA, place, RW);
        ways[i].flush(m, page + IOVA);
        mynic_wire_send(m->wire, frame);
        MYNIC_WAIT_FOR(mynic_rx_poll(&rx, &cqe));
        rx.consumed++;
        mynic_rx_fill(&rx, 1);
        mynic_rx_publish(&rx);
        qtest_memread(m->qts, place, got, frame->len);
        g_assert_cmpmem(got, frame->len, frame->data, frame->len);
        qtest_memread(m->qts, page, got, PAGE);
        g_assert_cmpmem(got, PAGE, old, PAGE);
        vtd_map(m, page + IOVA, page, RW);
        ways[i].flush(m, page + IOVA);
        receive_round(&rx, m->wire);
    }
    g_assert_false(vtd_faulted(m));
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);
}

static const Way registers[] = {
    { "page", flush_page }, { "16 pages", flush_16_pages },
    { "domain", flush_domain }, { "all", flush_all },
};

static void test_moved(void *obj, void *data, QGuestAllocator *alloc)
{
    static const Way queue[] = {
        { "page, queued", queue_page }, { "domain, queued", queue_domain },
        { "all, queued", queue_all },
    };
    Machine m;

    if (!boot(&m)) {
        return;
    }
    move_pages(&m, registers, G_N_ELEMENTS(registers));
    m.iq = new_page(&m);
    vtd_write(&m, DMAR_IQA_REG, m.iq);
    vtd_command(&m, VTD_GCMD_TE | VTD_GCMD_QIE);
    move_pages(&m, queue, G_N_ELEMENTS(queue));
    shutdown_machine(&m);
}

/* This one refuses to say what it forgets; nothing may be kept. */
static void test_moved_untold(void *obj, void *data, QGuestAllocator *alloc)
{
    Machine m;

    if (!boot_with(&m, ",snoop-control=on", false)) {
        return;
    }
    move_pages(&m, registers, G_N_ELEMENTS(registers));
    shutdown_machine(&m);
}

/* Around the addresses of interrupts, which cut the IOMMU's range in two. */
static void test_interrupt_range(void *obj, void *data,
                                 QGuestAllocator *alloc)
{
    static const uint64_t iovas[] = {
        VTD_INTERRUPT_ADDR_FIRST - PAGE, VTD_INTERRUPT_ADDR_LAST + 1,
    };
    uint64_t old, place;
    unsigned int i, log2;
    QMynicTxq tx;
    Machine m;

    if (!boot(&m)) {
        return;
    }
    mynic_txq_create(m.d, &tx, 0);
    old = new_page(&m);
    place = new_page(&m);
    /* From 4 MiB up to as much as can be said. */
    for (log2 = 10; log2 <= VTD_MAMV; log2++) {
        for (i = 0; i < G_N_ELEMENTS(iovas); i++) {
            vtd_map(&m, iovas[i], old, RW);
            send_from(&tx, m.wire, iovas[i], old, 12);
            vtd_map(&m, iovas[i], place, RW);
        }
        flush_pages(&m, VTD_INTERRUPT_ADDR_FIRST, log2);
        for (i = 0; i < G_N_ELEMENTS(iovas); i++) {
            send_from(&tx, m.wire, iovas[i], place, 13);
        }
        flush_all(&m, 0);
    }
    g_assert_false(vtd_faulted(&m));
    mynic_txq_destroy(&tx);
    shutdown_machine(&m);
}

/* Off, addresses are as in memory; on again, nothing is left of before. */
static void test_switched_off(void *obj, void *data, QGuestAllocator *alloc)
{
    struct mynic_admin_cmd cmd;
    uint64_t page, place;
    QMynicTxq tx;
    QMynicRxq rx;
    Machine m;

    if (!boot(&m)) {
        return;
    }
    page = new_page(&m);
    place = new_page(&m);
    mynic_txq_create(m.d, &tx, 0);
    send_from(&tx, m.wire, page + IOVA, page, 14);
    mynic_txq_destroy(&tx);

    mynic_reset(m.d);
    vtd_command(&m, 0);
    m.d->iova = 0;
    start(&m, mynic_offer(m.d) & ~MYNIC_F_SHADOW);
    mynic_txq_create(m.d, &tx, 0);
    mynic_rxq_create(m.d, &rx, 0, 2048);
    send_plain(&tx, m.wire);
    receive_round(&rx, m.wire);
    g_assert_cmpuint(data_read(m.d), ==, MYNIC_OK);
    g_assert_cmpuint(data_write(m.d), ==, MYNIC_OK);
    cmd = mynic_cmd(MYNIC_ADMIN_GET_STATS);
    cmd.params.stats.scope = cpu_to_le16(MYNIC_STATS_PORT);
    cmd.data = cpu_to_le64(m.d->data + IOVA);
    cmd.data_len = cpu_to_le32(sizeof(struct mynic_port_stats));
    g_assert_cmpuint(mynic_admin(m.d, &cmd, NULL), ==, MYNIC_ERR_DMA);
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);

    mynic_reset(m.d);
    vtd_map(&m, page + IOVA, place, RW);
    vtd_command(&m, VTD_GCMD_TE);
    m.d->iova = IOVA;
    start(&m, mynic_offer(m.d));
    mynic_txq_create(m.d, &tx, 0);
    send_from(&tx, m.wire, page + IOVA, place, 15);
    g_assert_false(vtd_faulted(&m));
    mynic_txq_destroy(&tx);
    shutdown_machine(&m);
}

/* The IOMMU lets the card through, in the middle of what the card does. */
static void test_passed_through(void *obj, void *data, QGuestAllocator *alloc)
{
    const uint64_t pass = VTD_CONTEXT_TT_PASS_THROUGH | VTD_CONTEXT_ENTRY_P;
    uint64_t page;
    QMynicTxq tx;
    Machine m;

    if (!boot_with(&m, "", true)) {
        return;
    }
    page = new_page(&m);
    mynic_txq_create(m.d, &tx, 0);
    send_from(&tx, m.wire, page + IOVA, page, 16);
    mynic_txq_destroy(&tx);
    mynic_reset(m.d);
    vtd_context(&m, pass);
    flush_context(&m);
    m.d->iova = 0;
    start(&m, mynic_offer(m.d) & ~MYNIC_F_SHADOW);
    mynic_txq_create(m.d, &tx, 0);
    send_from(&tx, m.wire, page, page, 17);

    /* The IOMMU finds out when it is asked, which is by a queue. */
    vtd_command(&m, 0);
    vtd_context(&m, 0);
    vtd_command(&m, VTD_GCMD_TE);
    vtd_context(&m, pass);
    send_from(&tx, m.wire, page, page, 18);
    g_assert_cmpuint(data_write(m.d), ==, MYNIC_OK);
    g_assert_false(vtd_faulted(&m));
    mynic_txq_destroy(&tx);
    shutdown_machine(&m);
}

/*
 * A queue in a thread meets pages that it does not know, in the middle of a
 * frame, too: nothing is lost, changed or counted as an error.
 */
static void test_missed(void *obj, void *data, QGuestAllocator *alloc)
{
    static const uint8_t tag[] = { 0x81, 0x00, 0x00, 0x05 };
    g_autoptr(GByteArray) big = frame_new(7000, 0);
    g_autoptr(GByteArray) tagged = g_byte_array_new();
    struct mynic_queue_stats stats;
    unsigned int i, round;
    QMynicTxq tx;
    QMynicRxq rx;
    Machine m;

    if (!boot_with(&m, "", true)) {
        return;
    }
    for (i = 100; i < big->len; i++) {
        big->data[i] = i * 7 + i / 256;
    }
    g_byte_array_append(tagged, big->data, 12);
    g_byte_array_append(tagged, tag, sizeof(tag));
    g_byte_array_append(tagged, big->data + 12, big->len - 12);

    mynic_txq_create(m.d, &tx, 0);
    mynic_rxq_create(m.d, &rx, 0, PAGE);
    mynic_set_offloads(m.d, MYNIC_OFFLOAD_RX_VLAN);
    receive_round(&rx, m.wire);
    for (round = 0; round < 5; round++) {
        /* The first buffer of the two is known, and used at once. */
        flush_page(&m, mynic_rx_addr(&rx, rx.consumed + 1) + IOVA);
        mynic_wire_send(m.wire, tagged);
        mynic_rx_expect(&rx, big, NULL);
        mynic_rx_fill(&rx, 2);
        mynic_rx_publish(&rx);
        flush_page(&m, tx.mem + IOVA);
        send_plain(&tx, m.wire);
        flush_page(&m, rx.ring + IOVA);
        receive_round(&rx, m.wire);
        flush_all(&m, 0);
        send_plain(&tx, m.wire);
        /* So many that no more than one buffer is expected to be needed. */
        receive_round(&rx, m.wire);
    }
    mynic_queue_stats(m.d, MYNIC_STATS_TXQ, 0, &stats);
    g_assert_cmpuint(stats.packets, ==, 10);
    g_assert_cmpuint(stats.drop_error, ==, 0);
    mynic_queue_stats(m.d, MYNIC_STATS_RXQ, 0, &stats);
    g_assert_cmpuint(stats.packets, ==, 5 + 11 * (1u << rx.log2));
    g_assert_cmpuint(stats.drop_error, ==, 0);
    g_assert_false(vtd_faulted(&m));
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);
    shutdown_machine(&m);
}

static void register_tests(void)
{
    static const struct {
        const char *name;
        QOSTestFunc func;
    } tests[] = {
        { "works", test_works },
        { "unmapped", test_unmapped },
        { "mapped-later", test_mapped_later },
        { "rights", test_rights },
        { "moved", test_moved },
        { "moved-untold", test_moved_untold },
        { "interrupt-range", test_interrupt_range },
        { "switched-off", test_switched_off },
        { "passed-through", test_passed_through },
        { "missed", test_missed },
    };
    QOSGraphTestOptions opts = {};
    unsigned int i;

    for (i = 0; i < G_N_ELEMENTS(tests); i++) {
        qos_add_test(tests[i].name, "mynic-iommu", tests[i].func, &opts);
    }
}

libqos_init(register_tests);
