/*
 * QTest of mynic: every rule of the rings broken on purpose
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The queue concerned stops, says why, and can be created anew; the others
 * do not notice.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "libqtest.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"

#define ALL (MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_PROMISC)

static void send_plain(QMynicTxq *q, QMynicWire *wire)
{
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);

    mynic_tx_packet(q, frame, NULL, -1, 0);
    mynic_tx_publish(q);
    mynic_wire_expect(wire, frame);
    mynic_tx_wait(q);
}

static void assert_event(QMynic *d, enum mynic_event_type type, uint16_t id,
                         enum mynic_queue_error error)
{
    struct mynic_event event;

    mynic_event_wait(d, &event);
    g_assert_cmpuint(le16_to_cpu(event.type), ==, type);
    g_assert_cmpuint(le16_to_cpu(event.id), ==, id);
    g_assert_cmpuint(le32_to_cpu(event.code), ==, error);
    g_assert_cmpuint(le32_to_cpu(event.lost), ==, 0);
    mynic_event_ack(d);
}

static void assert_no_event(QMynic *d)
{
    struct mynic_event event;

    mynic_sync(d);
    g_assert_false(mynic_event_poll(d, &event));
}

/* A rule of the transmit ring, and how it is broken. */
typedef struct TxRule {
    const char *name;
    void (*break_it)(QMynicTxq *q);
    enum mynic_queue_error error;
} TxRule;

static void slot(QMynicTxq *q, uint16_t flags)
{
    struct mynic_tx_frag frag = {
        .addr = cpu_to_le64(q->mem),
        .len = cpu_to_le32(64),
        .flags = cpu_to_le16(flags),
    };

    mynic_tx_slot(q, &frag);
}

static void meta_flags(QMynicTxq *q, uint16_t flags)
{
    struct mynic_tx_meta meta = {
        .flags = cpu_to_le16(MYNIC_TX_TYPE_META | flags),
    };

    mynic_tx_slot(q, &meta);
}

static void ext(QMynicTxq *q, uint16_t flags)
{
    struct mynic_tx_ext e = {
        .flags = cpu_to_le16(MYNIC_TX_TYPE_EXT | flags),
    };

    mynic_tx_slot(q, &e);
}

static void reserved_type(QMynicTxq *q)
{
    slot(q, 3 | MYNIC_TX_EOP);
}

static void meta_twice(QMynicTxq *q)
{
    meta_flags(q, 0);
    meta_flags(q, 0);
    slot(q, MYNIC_TX_EOP);
}

static void meta_behind_frag(QMynicTxq *q)
{
    slot(q, 0);
    meta_flags(q, 0);
    slot(q, MYNIC_TX_EOP);
}

static void ext_first(QMynicTxq *q)
{
    ext(q, 0);
    slot(q, MYNIC_TX_EOP);
}

static void ext_behind_frag(QMynicTxq *q)
{
    slot(q, 0);
    ext(q, 0);
    slot(q, MYNIC_TX_EOP);
}

static void ext_without_feature(QMynicTxq *q)
{
    meta_flags(q, 0);
    ext(q, 0);
    slot(q, MYNIC_TX_EOP);
}

static void ext_launch(QMynicTxq *q)
{
    meta_flags(q, 0);
    ext(q, MYNIC_TX_LAUNCH);
    slot(q, MYNIC_TX_EOP);
}

static void ext_tunnel(QMynicTxq *q)
{
    meta_flags(q, 0);
    ext(q, MYNIC_TX_TUNNEL);
    slot(q, MYNIC_TX_EOP);
}

static void meta_timestamp(QMynicTxq *q)
{
    meta_flags(q, MYNIC_TX_TIMESTAMP);
    slot(q, MYNIC_TX_EOP);
}

static void meta_eop(QMynicTxq *q)
{
    meta_flags(q, MYNIC_TX_EOP);
}

static void frag_vlan(QMynicTxq *q)
{
    slot(q, MYNIC_TX_EOP | MYNIC_TX_VLAN);
}

static void frag_timestamp(QMynicTxq *q)
{
    slot(q, MYNIC_TX_EOP | MYNIC_TX_TIMESTAMP);
}

static void frag_unknown_flag(QMynicTxq *q)
{
    slot(q, MYNIC_TX_EOP | 0x8000);
}

static void frag_empty(QMynicTxq *q)
{
    mynic_tx_frag(q, q->mem, 64, 0);
    mynic_tx_frag(q, q->mem, 0, MYNIC_TX_EOP);
}

static void short_packet(QMynicTxq *q)
{
    mynic_tx_frag(q, q->mem, 13, MYNIC_TX_EOP);
}

static void too_many_slots(QMynicTxq *q)
{
    unsigned int i, n = mynic_read(q->d, MYNIC_REG_TX_LIMITS) >> 16;

    for (i = 0; i < n; i++) {
        mynic_tx_frag(q, q->mem, 64, 0);
    }
    mynic_tx_frag(q, q->mem, 64, MYNIC_TX_EOP);
}

/* META is one of them. */
static void too_many_with_meta(QMynicTxq *q)
{
    unsigned int i, n = mynic_read(q->d, MYNIC_REG_TX_LIMITS) >> 16;

    meta_flags(q, 0);
    for (i = 1; i < n; i++) {
        mynic_tx_frag(q, q->mem, 64, 0);
    }
    mynic_tx_frag(q, q->mem, 64, MYNIC_TX_EOP);
}

/* No end in sight: the device does not wait for it. */
static void endless(QMynicTxq *q)
{
    unsigned int i, n = mynic_read(q->d, MYNIC_REG_TX_LIMITS) >> 16;

    for (i = 0; i <= n; i++) {
        mynic_tx_frag(q, q->mem, 64, 0);
    }
}

static void too_long(QMynicTxq *q)
{
    uint32_t max = mynic_read(q->d, MYNIC_REG_TX_MAX_LEN);

    mynic_tx_frag(q, q->mem, 100000, 0);
    while (max >= 100000) {
        mynic_tx_frag(q, q->mem, 100000, 0);
        max -= 100000;
    }
    mynic_tx_frag(q, q->mem, 64, MYNIC_TX_EOP);
}

/* To be cut it might be so long, but it is not to be cut. */
static void frame_too_long(QMynicTxq *q)
{
    mynic_tx_frag(q, q->mem, MYNIC_TX_FRAME_MAX, 0);
    mynic_tx_frag(q, q->mem, 1, MYNIC_TX_EOP);
}

static void too_long_wraps(QMynicTxq *q)
{
    mynic_tx_frag(q, q->mem, 0xffffffc0, 0);
    mynic_tx_frag(q, q->mem, 0x80, MYNIC_TX_EOP);
}

static void unreadable(QMynicTxq *q)
{
    mynic_tx_frag(q, q->mem, 64, 0);
    mynic_tx_frag(q, QMYNIC_NOWHERE, 64, MYNIC_TX_EOP);
}

static void unreadable_end(QMynicTxq *q)
{
    mynic_tx_frag(q, ~0ull - 31, 64, MYNIC_TX_EOP);
}

static const TxRule tx_rules[] = {
    { "reserved type", reserved_type, MYNIC_QERR_BAD_DESC },
    { "META twice", meta_twice, MYNIC_QERR_BAD_DESC },
    { "META behind FRAG", meta_behind_frag, MYNIC_QERR_BAD_DESC },
    { "EXT first", ext_first, MYNIC_QERR_BAD_DESC },
    { "EXT behind FRAG", ext_behind_frag, MYNIC_QERR_BAD_DESC },
    { "EXT without use", ext_without_feature, MYNIC_QERR_BAD_DESC },
    { "EXT with LAUNCH", ext_launch, MYNIC_QERR_BAD_DESC },
    { "EXT with TUNNEL", ext_tunnel, MYNIC_QERR_BAD_DESC },
    { "META with TIMESTAMP", meta_timestamp, MYNIC_QERR_BAD_DESC },
    { "META with EOP", meta_eop, MYNIC_QERR_BAD_DESC },
    { "FRAG with VLAN", frag_vlan, MYNIC_QERR_BAD_DESC },
    { "FRAG with TIMESTAMP", frag_timestamp, MYNIC_QERR_BAD_DESC },
    { "FRAG with unknown flag", frag_unknown_flag, MYNIC_QERR_BAD_DESC },
    { "FRAG of no bytes", frag_empty, MYNIC_QERR_BAD_DESC },
    { "packet of 13 bytes", short_packet, MYNIC_QERR_BAD_DESC },
    { "too many slots", too_many_slots, MYNIC_QERR_BAD_DESC },
    { "too many slots with META", too_many_with_meta, MYNIC_QERR_BAD_DESC },
    { "no EOP", endless, MYNIC_QERR_BAD_DESC },
    { "too long", too_long, MYNIC_QERR_TOO_LONG },
    { "frame too long", frame_too_long, MYNIC_QERR_TOO_LONG },
    { "too long, sum wraps", too_long_wraps, MYNIC_QERR_TOO_LONG },
    { "unreadable", unreadable, MYNIC_QERR_DMA },
    { "beyond the address space", unreadable_end, MYNIC_QERR_DMA },
};

/* What all of these have in common. */
static void tx_stopped(QMynicTxq *q, QMynicTxq *other, QMynicWire *wire,
                       enum mynic_queue_error error)
{
    QMynic *d = q->d;
    struct mynic_queue_stats stats;
    uint32_t head;

    assert_event(d, MYNIC_EVENT_TXQ_ERROR, q->id, error);
    MYNIC_WAIT_FOR(mynic_ctl(q, error) == error);
    head = mynic_ctl(q, head);
    send_plain(other, wire);
    /* Deaf, and the memory is not touched again. */
    slot(q, MYNIC_TX_EOP);
    mynic_doorbell(d, q->id, MYNIC_DB_TX_TAIL, q->filled);
    mynic_doorbell(d, q->id, MYNIC_DB_TX_ARM, 0);
    assert_no_event(d);
    g_assert_cmpuint(mynic_ctl(q, head), ==, head);
    g_assert_true(mynic_wire_quiet(wire));
    mynic_queue_stats(d, MYNIC_STATS_TXQ, q->id, &stats);
    send_plain(other, wire);
    /* Created anew, it works. */
    mynic_txq_destroy(q);
    mynic_txq_create(d, q, 0);
    send_plain(q, wire);
}

static void test_tx_rules(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicTxq q, other;
    unsigned int i, shadow;

    for (shadow = 0; shadow < 2; shadow++) {
        /* Nothing that has to do with timestamps and tunnels. */
        mynic_start(d, (mynic_offer(d) & ~MYNIC_F_SHADOW) |
                    (shadow ? MYNIC_F_SHADOW : 0));
        mynic_txq_create(d, &q, 0);
        mynic_txq_create(d, &other, 1);
        for (i = 0; i < G_N_ELEMENTS(tx_rules); i++) {
            g_test_message("%s", tx_rules[i].name);
            send_plain(&q, data);
            tx_rules[i].break_it(&q);
            mynic_tx_publish(&q);
            tx_stopped(&q, &other, data, tx_rules[i].error);
        }
        mynic_txq_destroy(&q);
        mynic_txq_destroy(&other);
    }
}

/* Offload headers that are wrong, or that nobody negotiated. */
static void test_tx_offload_rules(void *obj, void *data,
                                  QGuestAllocator *alloc)
{
    QMynic *d = obj;
    const uint64_t all = MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO | MYNIC_F_TX_USO |
                         MYNIC_F_TX_VLAN;
    QMynicPacket tcp = { .payload_len = 2000, .csum = QMYNIC_CSUM_PARTIAL };
    QMynicPacket udp = { .payload_len = 2000, .csum = QMYNIC_CSUM_PARTIAL,
                         .proto = QMYNIC_IP_UDP };
    g_autoptr(GByteArray) frame = mynic_packet_build(&tcp, NULL);
    const struct mynic_offload_hdr tso = mynic_tx_offload(&tcp, 1000);
    const struct mynic_offload_hdr uso = mynic_tx_offload(&udp, 1000);
    const struct mynic_offload_hdr csum = mynic_tx_offload(&tcp, 0);
    const struct mynic_offload_hdr none = {};
    struct mynic_offload_hdr hdr;
    QMynicTxq q, other;

#define REFUSE(features, base, vlan, change)                            \
    do {                                                                \
        g_test_message("%s, %s", #base, #change);                       \
        mynic_start(d, features);                                       \
        mynic_txq_create(d, &q, 0);                                     \
        mynic_txq_create(d, &other, 1);                                 \
        hdr = base;                                                     \
        change;                                                         \
        mynic_tx_packet(&q, frame, &hdr, vlan, 500);                    \
        mynic_tx_publish(&q);                                           \
        tx_stopped(&q, &other, data, MYNIC_QERR_BAD_DESC);              \
        mynic_txq_destroy(&q);                                          \
        mynic_txq_destroy(&other);                                      \
    } while (0)

    REFUSE(0, csum, -1, (void)0);
    REFUSE(MYNIC_F_TX_CSUM, tso, -1, (void)0);
    REFUSE(MYNIC_F_TX_CSUM | MYNIC_F_TX_USO, tso, -1, (void)0);
    REFUSE(MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO, uso, -1, (void)0);
    REFUSE(all & ~MYNIC_F_TX_VLAN, none, 5, (void)0);
    REFUSE(all, csum, -1, hdr.flags |= 0x80);
    REFUSE(all, csum, -1, hdr.flags |= MYNIC_HDR_F_DATA_VALID);
    REFUSE(all, none, -1, hdr.flags = 0x04);
    REFUSE(all, csum, -1, hdr.csum_start = frame->len);
    REFUSE(all, csum, -1, hdr.csum_offset = frame->len - hdr.csum_start - 1);
    REFUSE(all, csum, -1, hdr.csum_offset = 0xffff);
    REFUSE(all, csum, -1, hdr.csum_start = 0xffff; hdr.csum_offset = 0xffff);
    REFUSE(all, csum, 5, hdr.csum_start = 0xfffe);
    REFUSE(all, csum, -1, hdr.num_buffers = 1);
    REFUSE(all, tso, -1, hdr.flags = 0);
    REFUSE(all, tso, -1, hdr.gso_size = 0);
    REFUSE(all, tso, -1, hdr.gso_type = 2);
    REFUSE(all, tso, -1, hdr.gso_type = 3);
    REFUSE(all, tso, -1, hdr.gso_type = 0x7f);
    REFUSE(all, tso, -1, hdr.hdr_len = frame->len + 1);
    REFUSE(all, tso, -1, hdr.hdr_len = 0xffff);
    REFUSE(all, tso, -1, hdr.csum_start = frame->len);
#undef REFUSE
}

static void test_tx_bad_tail(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int shadow, i;
    QMynicTxq q, other;

    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_txq_create(d, &q, 0);
        mynic_txq_create(d, &other, 1);
        for (i = 0; i < 4; i++) {
            uint32_t bad;

            send_plain(&q, data);
            send_plain(&q, data);
            bad = i == 0 ? q.tail + (1u << q.log2) + 1 :
                  i == 1 ? q.tail - 1 : i == 2 ? q.tail + 0x80000000 : 0;
            if (shadow) {
                qtest_writel(d->qts, q.ctl, bad);
            }
            mynic_doorbell(d, 0, MYNIC_DB_TX_TAIL, bad);
            tx_stopped(&q, &other, data, MYNIC_QERR_BAD_TAIL);
        }
        mynic_txq_destroy(&q);
        mynic_txq_destroy(&other);
    }
}

/* A ring or a control block where there is no memory. */
static void test_tx_dma(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_admin_cmd cmd;
    unsigned int shadow;
    QMynicTxq q, other;

    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_txq_create(d, &other, 1);
        mynic_txq_alloc(d, &q, 0, 7);
        cmd = mynic_txq_cmd(&q);
        cmd.params.txq.ring = cpu_to_le64(QMYNIC_NOWHERE);
        g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
        slot(&q, MYNIC_TX_EOP);
        mynic_tx_publish(&q);
        tx_stopped(&q, &other, data, MYNIC_QERR_DMA);
        mynic_txq_destroy(&q);

        mynic_txq_alloc(d, &q, 0, 7);
        cmd = mynic_txq_cmd(&q);
        cmd.params.txq.ctl = cpu_to_le64(QMYNIC_NOWHERE);
        if (mynic_admin(d, &cmd, NULL) == MYNIC_OK) {
            slot(&q, MYNIC_TX_EOP);
            mynic_doorbell(d, 0, MYNIC_DB_TX_TAIL, 1);
            assert_event(d, MYNIC_EVENT_TXQ_ERROR, 0, MYNIC_QERR_DMA);
            /* It may have sent before it found that it cannot say so. */
            while (!mynic_wire_quiet(data)) {
                g_byte_array_unref(mynic_wire_recv(data));
            }
            send_plain(&other, data);
            mynic_txq_destroy(&q);
        } else {
            mynic_txq_free(&q);
        }
        mynic_txq_destroy(&other);
    }
}

/* All that a queue does is stopped with the others waiting behind it. */
static void rx_stopped(QMynicRxq *q, QMynicWire *wire,
                       enum mynic_event_type type, uint16_t id,
                       enum mynic_queue_error error)
{
    QMynic *d = q->d;
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_port_stats before, after;
    struct mynic_rx_cqe cqe;
    QMynicTxq tx;

    assert_event(d, type, id, error);
    mynic_port_stats(d, &before);
    mynic_wire_send(wire, frame);
    MYNIC_WAIT_FOR((mynic_port_stats(d, &after), after.rx_packets) ==
                   before.rx_packets + 1);
    g_assert_cmpuint(after.rx_drop_error, ==, before.rx_drop_error + 1);
    mynic_doorbell(d, q->id, MYNIC_DB_RX_TAIL, q->tail);
    mynic_doorbell(d, q->id, MYNIC_DB_RX_TAIL, q->tail + 1000000);
    assert_no_event(d);
    g_assert_false(mynic_rx_poll(q, &cqe));
    mynic_txq_create(d, &tx, 1);
    send_plain(&tx, wire);
    mynic_txq_destroy(&tx);
    mynic_rxq_destroy(q);
    mynic_rxq_create(d, q, 0, 2048);
    mynic_wire_send(wire, frame);
    mynic_rx_expect(q, frame, NULL);
}

static void test_rx_bad_tail(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int shadow, i;
    QMynicRxq q;

    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_rxq_create(d, &q, 0, 2048);
        mynic_set_rx_filter(d, ALL);
        for (i = 0; i < 2; i++) {
            QMynicPacket p = { .payload_len = 100 };
            g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
            uint32_t bad = i ? q.tail + 2 : -1u;

            if (shadow) {
                qtest_writel(d->qts, q.ctl, bad);
            }
            mynic_doorbell(d, 0, MYNIC_DB_RX_TAIL, bad);
            rx_stopped(&q, data, MYNIC_EVENT_RXQ_ERROR, 0,
                       MYNIC_QERR_BAD_TAIL);
        }
        mynic_rxq_destroy(&q);
    }
}

/* Buffers that cannot be used. */
static void test_rx_buffers(void *obj, void *data, QGuestAllocator *alloc)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
        enum mynic_queue_error error;
    } rows[] = {
        { 0, 0, MYNIC_QERR_BAD_DESC },
        { QMYNIC_NOWHERE, 2048, MYNIC_QERR_DMA },
        { ~0ull - 15, 2048, MYNIC_QERR_DMA },
    };
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_admin_cmd cmd;
    unsigned int shadow, i;
    QMynicRxq q;

    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_set_rx_filter(d, ALL);
        for (i = 0; i < G_N_ELEMENTS(rows); i++) {
            struct mynic_rx_buf buf = {
                .addr = cpu_to_le64(rows[i].addr),
                .len = cpu_to_le32(rows[i].len),
            };

            mynic_rxq_alloc(d, &q, 0, 6, 2048);
            cmd = mynic_cq_cmd(&q);
            g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
            cmd = mynic_rxq_cmd(&q);
            g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
            /* A good one, a bad one. */
            mynic_rx_fill(&q, 2);
            if (!rows[i].addr) {
                buf.addr = cpu_to_le64(q.mem);
            }
            qtest_memwrite(d->qts, q.ring + sizeof(buf), &buf, sizeof(buf));
            mynic_rx_publish(&q);
            mynic_wire_send(data, frame);
            mynic_rx_expect(&q, frame, NULL);
            mynic_wire_send(data, frame);
            MYNIC_WAIT_FOR(mynic_ctl(&q, error) == rows[i].error);
            rx_stopped(&q, data, MYNIC_EVENT_RXQ_ERROR, 0, rows[i].error);
            mynic_rxq_destroy(&q);
        }
    }
}

static void test_rx_dma(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_admin_cmd cmd;
    unsigned int which;
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_set_rx_filter(d, ALL);
    /* The ring; the ring of completions, whose fault stops both queues. */
    for (which = 0; which < 2; which++) {
        mynic_rxq_alloc(d, &q, 0, 6, 2048);
        cmd = mynic_cq_cmd(&q);
        if (which == 1) {
            cmd.params.cq.ring = cpu_to_le64(QMYNIC_NOWHERE);
        }
        g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
        cmd = mynic_rxq_cmd(&q);
        if (which == 0) {
            cmd.params.rxq.ring = cpu_to_le64(QMYNIC_NOWHERE);
        }
        g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
        mynic_rx_fill(&q, 64);
        mynic_rx_publish(&q);
        mynic_wire_send(data, frame);
        if (which == 1) {
            MYNIC_WAIT_FOR(mynic_cq_ctl(&q, error) == MYNIC_QERR_DMA);
            rx_stopped(&q, data, MYNIC_EVENT_CQ_ERROR, q.cq, MYNIC_QERR_DMA);
        } else {
            MYNIC_WAIT_FOR(mynic_ctl(&q, error) == MYNIC_QERR_DMA);
            rx_stopped(&q, data, MYNIC_EVENT_RXQ_ERROR, 0, MYNIC_QERR_DMA);
        }
        mynic_rxq_destroy(&q);
    }
}

/* A stopped queue and a reset of the device go together, too. */
static void test_reset_recovers(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i;
    QMynicTxq q;

    for (i = 0; i < 3; i++) {
        mynic_start(d, 0);
        mynic_txq_create(d, &q, 0);
        send_plain(&q, data);
        reserved_type(&q);
        mynic_tx_publish(&q);
        assert_event(d, MYNIC_EVENT_TXQ_ERROR, 0, MYNIC_QERR_BAD_DESC);
        mynic_reset(d);
        mynic_txq_free(&q);
    }
}

/* A value of the sort that breaks things, now and then any. */
static uint64_t odd(GRand *rand)
{
    static const uint64_t values[] = {
        0, 1, 2, 3, 4, 13, 14, 15, 16, 54, 60, 63, 64, 65, 127, 128, 129,
        255, 256, 1500, 2048, 4096, 0x7fff, 0x8000, 0xffff, 0x10000,
        0x7fffffff, 0x80000000, 0xffffffff, QMYNIC_NOWHERE, ~0ull, ~0ull - 63,
    };

    switch (g_rand_int_range(rand, 0, 8)) {
    case 0:
        return (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
    case 1:
        return g_rand_int_range(rand, 0, 64);
    default:
        return values[g_rand_int_range(rand, 0, G_N_ELEMENTS(values))];
    }
}

/* Memory that the device may scribble on, or none. */
static uint64_t somewhere(GRand *rand, uint64_t mem)
{
    return g_rand_int_range(rand, 0, 16) ? mem + odd(rand) % 65536 : odd(rand);
}

static void random_slot(QMynicTxq *q, GRand *rand)
{
    union mynic_tx_slot s = {};

    if (g_rand_int_range(rand, 0, 3)) {
        s.frag.addr = cpu_to_le64(somewhere(rand, q->mem));
        s.frag.len = cpu_to_le32(odd(rand) % 70000);
        s.frag.flags = cpu_to_le16(g_rand_boolean(rand) ? MYNIC_TX_EOP : 0);
    } else {
        QMynicPacket p = { .ipv6 = g_rand_boolean(rand), .payload_len = 100,
                           .proto = g_rand_boolean(rand) ? 17 : 6 };

        s.meta.hdr = mynic_tx_offload(&p, odd(rand));
        s.meta.flags = cpu_to_le16(MYNIC_TX_TYPE_META);
        if (g_rand_boolean(rand)) {
            s.meta.flags |= cpu_to_le16(MYNIC_TX_VLAN);
        }
    }
    if (!g_rand_int_range(rand, 0, 10)) {
        ((uint8_t *)&s)[g_rand_int_range(rand, 0, sizeof(s))] = odd(rand);
    }
    mynic_tx_slot(q, &s);
}

static void random_command(QMynic *d, GRand *rand)
{
    static const uint8_t ops[] = {
        MYNIC_ADMIN_ECHO, MYNIC_ADMIN_GET_INFO, MYNIC_ADMIN_CREATE_CQ,
        MYNIC_ADMIN_DESTROY_CQ, MYNIC_ADMIN_CREATE_TXQ,
        MYNIC_ADMIN_DESTROY_TXQ, MYNIC_ADMIN_CREATE_RXQ,
        MYNIC_ADMIN_DESTROY_RXQ, MYNIC_ADMIN_MODIFY_TXQ,
        MYNIC_ADMIN_MODIFY_CQ, MYNIC_ADMIN_SET_RX_FILTER,
        MYNIC_ADMIN_SET_VLAN_FILTER, MYNIC_ADMIN_SET_MAC, MYNIC_ADMIN_SET_MTU,
        MYNIC_ADMIN_SET_OFFLOADS, MYNIC_ADMIN_SET_RSS, MYNIC_ADMIN_GET_LINK,
        MYNIC_ADMIN_GET_STATS, MYNIC_ADMIN_DELETE_RSS, MYNIC_ADMIN_SET_RULE,
        MYNIC_ADMIN_DELETE_RULE,
    };
    struct mynic_admin_cmd cmd = mynic_cmd(
        ops[g_rand_int_range(rand, 0, sizeof(ops))]);
    unsigned int i;

    for (i = g_rand_int_range(rand, 0, 5); i; i--) {
        uint16_t v = cpu_to_le16(odd(rand));

        memcpy(&cmd.params.raw[2 * g_rand_int_range(rand, 0, 20)], &v, 2);
    }
    if (g_rand_boolean(rand)) {
        cmd.data = cpu_to_le64(somewhere(rand, d->data) &
                               (QMYNIC_DATA_SIZE / 2 - 1));
        cmd.data += cpu_to_le64(d->data);
        cmd.data_len = cpu_to_le32(odd(rand) % 5000);
    }
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), <, MYNIC_STATUS_COUNT);
}

/* Nonsense of all sorts; the same at each run. The card gets over it. */
static void test_random(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    GRand *rand = g_rand_new_with_seed(6006);
    QMynicTxq q, other;
    unsigned int round, i;

    for (round = 0; round < 150; round++) {
        mynic_start(d, mynic_offer(d) & ~(g_rand_boolean(rand) ?
                                          MYNIC_F_SHADOW : 0));
        mynic_txq_create(d, &q, 0);
        for (i = g_rand_int_range(rand, 0, 60); i; i--) {
            random_slot(&q, rand);
        }
        if (!g_rand_int_range(rand, 0, 10)) {
            q.filled = odd(rand);
        }
        mynic_tx_publish(&q);
        for (i = g_rand_int_range(rand, 0, 10); i; i--) {
            random_command(d, rand);
        }
        for (i = g_rand_int_range(rand, 0, 10); i; i--) {
            mynic_doorbell(d, g_rand_int_range(rand, 0, QMYNIC_QUEUES),
                           4 * g_rand_int_range(rand, 0, 8), odd(rand));
        }
        mynic_sync(d);
        g_assert_cmphex(mynic_read(d, MYNIC_REG_STATUS), ==,
                        MYNIC_STATUS_READY | MYNIC_STATUS_ENABLED |
                        MYNIC_STATUS_LINK_UP);
        mynic_reset(d);
        mynic_txq_free(&q);
    }
    mynic_start(d, mynic_offer(d));
    mynic_txq_create(d, &other, 1);
    slot(&other, MYNIC_TX_EOP);
    mynic_tx_publish(&other);
    mynic_tx_wait(&other);
    mynic_txq_destroy(&other);
    g_rand_free(rand);
}

static void register_tests(void)
{
    /* Frames of nonsense go nowhere. */
    QOSGraphTestOptions quiet = { .edge.extra_device_opts = "queues=4" };

    qos_add_test("random", "mynic-error", test_random, &quiet);
    mynic_add_test("mynic-error", "tx-rules", test_tx_rules, NULL);
    mynic_add_test("mynic-error", "tx-offload-rules", test_tx_offload_rules,
                   NULL);
    mynic_add_test("mynic-error", "tx-bad-tail", test_tx_bad_tail, NULL);
    mynic_add_test("mynic-error", "tx-dma", test_tx_dma, NULL);
    mynic_add_test("mynic-error", "rx-bad-tail", test_rx_bad_tail, NULL);
    mynic_add_test("mynic-error", "rx-buffers", test_rx_buffers, NULL);
    mynic_add_test("mynic-error", "rx-dma", test_rx_dma, NULL);
    mynic_add_test("mynic-error", "reset-recovers", test_reset_recovers, NULL);
}

libqos_init(register_tests);
