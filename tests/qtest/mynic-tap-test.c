/*
 * QTest of mynic: a tap whose descriptors are the card's, and IOThreads
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each test runs with the queues in the main loop and in IOThreads of the
 * card.
 */

#include "qemu/osdep.h"
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "libqtest.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"

#define ALL (MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_PROMISC)

#define PROPS_MAIN QMYNIC_PROPS ",iothreads=0,id=card"
#define PROPS_THREADS QMYNIC_PROPS ",iothreads=2,id=card"

/* A frame of @len bytes that no other @seed gives. */
static GByteArray *make_frame(unsigned int len, unsigned int seed)
{
    GByteArray *frame = g_byte_array_new();
    unsigned int i;

    g_byte_array_set_size(frame, len);
    for (i = 0; i < len; i++) {
        frame->data[i] = i * 7 + (i >> 8) * 31 + seed * 13;
    }
    memset(frame->data, 0x02, 12);
    /* A type that nobody parses. */
    frame->data[12] = 0x88;
    frame->data[13] = 0xb5;
    return frame;
}

static void send_frame(QMynicWire *wire, unsigned int len, unsigned int seed)
{
    g_autoptr(GByteArray) frame = make_frame(len, seed);

    mynic_wire_send(wire, frame);
}

static void expect_frame(QMynicRxq *q, unsigned int len, unsigned int seed)
{
    g_autoptr(GByteArray) frame = make_frame(len, seed);
    struct mynic_rx_cqe cqe;

    mynic_rx_expect(q, frame, &cqe);
    mynic_rx_fill(q, le16_to_cpu(cqe.hdr.num_buffers));
    mynic_rx_publish(q);
}

static void start(QMynic *d, QMynicRxq *q, uint64_t features, uint32_t buf_len)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_MTU);

    mynic_start(d, features);
    cmd.params.mtu.mtu = cpu_to_le32(9216);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    mynic_rxq_create(d, q, 0, buf_len);
    mynic_set_rx_filter(d, ALL);
}

/*
 * Lengths up and down, so that the guess of what comes next is wrong in both
 * directions: all private, all placed, some of each.
 */
static const unsigned int lengths[] = {
    60, 255, 256, 257, 1514, 300, 4000, 4000, 4000, 60, 9000, 9000, 1514, 2048,
    2304, 2305, 9000, 64, 9000, 257, 256, 1000, 4096, 8192, 9000, 61,
};

static void test_receive(void *obj, void *data, QGuestAllocator *alloc)
{
    static const uint32_t buf_lens[] = { 128, 256, 300, 2048, 16384 };
    unsigned int shadow, b, i;
    QMynic *d = obj;
    QMynicRxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    for (shadow = 0; shadow < 2; shadow++) {
        for (b = 0; b < G_N_ELEMENTS(buf_lens); b++) {
            start(d, &q, shadow ? MYNIC_F_SHADOW : 0, buf_lens[b]);
            for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
                if (lengths[i] <= buf_lens[b] * 30) {
                    send_frame(data, lengths[i], i);
                    expect_frame(&q, lengths[i], i);
                }
            }
            mynic_rxq_destroy(&q);
        }
    }
}

/* The tag is taken out of frames of which a part is in its place already. */
static void test_vlan(void *obj, void *data, QGuestAllocator *alloc)
{
    struct mynic_rx_cqe cqe;
    QMynic *d = obj;
    unsigned int i;
    QMynicRxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    start(d, &q, MYNIC_F_SHADOW | MYNIC_F_RX_VLAN, 512);
    mynic_set_offloads(d, MYNIC_OFFLOAD_RX_VLAN);
    for (i = 0; i < 20; i++) {
        g_autoptr(GByteArray) plain = make_frame(1400, i);
        g_autoptr(GByteArray) tagged = make_frame(1400, i);
        const uint8_t tag[] = { 0x81, 0x00, 0x20, i };

        g_byte_array_set_size(tagged, 0);
        g_byte_array_append(tagged, plain->data, 12);
        g_byte_array_append(tagged, tag, sizeof(tag));
        g_byte_array_append(tagged, plain->data + 12, plain->len - 12);
        mynic_wire_send(data, tagged);
        mynic_rx_expect(&q, plain, &cqe);
        g_assert_true(le32_to_cpu(cqe.info) & MYNIC_RX_VLAN);
        g_assert_cmphex(le16_to_cpu(cqe.vlan_tci), ==, 0x2000 | i);
        mynic_rx_fill(&q, le16_to_cpu(cqe.hdr.num_buffers));
        mynic_rx_publish(&q);
    }
    mynic_rxq_destroy(&q);
}

/* Too few buffers: frames wait, whole and in order, whatever their length. */
static void test_starved(void *obj, void *data, QGuestAllocator *alloc)
{
    struct mynic_port_stats stats;
    struct mynic_rx_cqe cqe;
    unsigned int shadow, i;
    QMynic *d = obj;
    QMynicRxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    for (shadow = 0; shadow < 2; shadow++) {
        struct mynic_admin_cmd cmd;

        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_rxq_alloc(d, &q, 0, 6, 512);
        cmd = mynic_cq_cmd(&q);
        g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
        cmd = mynic_rxq_cmd(&q);
        g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
        mynic_set_rx_filter(d, ALL);
        for (i = 0; i < 20; i++) {
            send_frame(data, 1400 + i, i);
        }
        for (i = 0; i < 20; i++) {
            g_autoptr(GByteArray) frame = make_frame(1400 + i, i);

            mynic_rx_fill(&q, 2);
            mynic_rx_publish(&q);
            if (shadow) {
                MYNIC_WAIT_FOR(mynic_ctl(&q, kick) == q.tail);
            }
            mynic_sync(d);
            g_assert_false(mynic_rx_poll(&q, &cqe));
            mynic_rx_fill(&q, 1);
            g_assert_true(mynic_rx_publish(&q));
            mynic_rx_expect(&q, frame, &cqe);
        }
        mynic_port_stats(d, &stats);
        g_assert_cmpuint(stats.rx_packets, ==, 20);
        g_assert_cmpuint(stats.rx_drop_no_buffer, ==, 0);
        mynic_rxq_destroy(&q);
    }
}

/* What the filter refuses goes nowhere, also if a part was placed. */
static void test_filter(void *obj, void *data, QGuestAllocator *alloc)
{
    struct mynic_port_stats stats;
    QMynic *d = obj;
    unsigned int i;
    QMynicRxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    start(d, &q, MYNIC_F_SHADOW, 1024);
    for (i = 0; i < 20; i++) {
        send_frame(data, 3000, i);
        expect_frame(&q, 3000, i);
        mynic_set_rx_filter(d, MYNIC_RX_FILTER_ENABLE);
        send_frame(data, 3000, 99);
        MYNIC_WAIT_FOR((mynic_port_stats(d, &stats),
                        stats.rx_drop_filter == i + 1));
        mynic_set_rx_filter(d, ALL);
    }
    mynic_rxq_destroy(&q);
}

static void test_transmit(void *obj, void *data, QGuestAllocator *alloc)
{
    unsigned int shadow, i, n;
    QMynic *d = obj;
    QMynicTxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        for (n = 0; n < QMYNIC_QUEUES; n++) {
            mynic_txq_create(d, &q, n);
            for (i = 0; i < 40; i++) {
                g_autoptr(GByteArray) frame = make_frame(60 + 37 * i, i);

                mynic_tx_packet(&q, frame, NULL, -1,
                                i % 5 ? frame->len / (i % 5) : 0);
                mynic_tx_publish(&q);
                mynic_wire_expect(data, frame);
            }
            mynic_tx_wait(&q);
            mynic_txq_destroy(&q);
        }
    }
}

/* One of the pieces that the tap is to cut, and that it is told to cut it. */
static void expect_piece(QMynicWire *wire, const QMynicPacket *p,
                         uint16_t gso_size, const GByteArray *want)
{
    struct mynic_offload_hdr hdr = mynic_tx_offload(p, gso_size);
    g_autoptr(GByteArray) got = mynic_wire_recv(wire);
    struct virtio_net_hdr vnet;

    g_assert_cmpuint(got->len, >, sizeof(vnet));
    memcpy(&vnet, got->data, sizeof(vnet));
    g_assert_cmpmem(got->data + sizeof(vnet), got->len - sizeof(vnet),
                    want->data, want->len);
    g_assert_cmpuint(vnet.flags, ==, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    g_assert_cmpuint(vnet.gso_type, ==, hdr.gso_type);
    g_assert_cmpuint(vnet.gso_size, ==, hdr.gso_size);
    g_assert_cmpuint(vnet.csum_start, ==, hdr.csum_start);
    g_assert_cmpuint(vnet.csum_offset, ==, hdr.csum_offset);
}

/* BIG TCP: what not every tap takes goes out in pieces that they do. */
static void test_big(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicWire *wire = data;
    QMynicPacket p = {
        .sport = 1, .dport = 2, .seq = 0xffff0000, .ip_id = 0xfff0,
        .tcp_flags = QMYNIC_TCP_ACK | QMYNIC_TCP_PSH,
        .csum = QMYNIC_CSUM_PARTIAL,
    };
    uint32_t max = mynic_read(d, MYNIC_REG_TX_MAX_LEN);
    struct mynic_port_stats stats;
    int on = 1, room = 1 << 20;
    unsigned int i;
    QMynicTxq q;

    if (mynic_tap_missing(wire)) {
        return;
    }
    g_assert_cmpint(setsockopt(wire->fd, SOL_PACKET, PACKET_VNET_HDR, &on,
                               sizeof(on)), ==, 0);
    /* All the pieces of a packet at once; an ordinary user may have that. */
    g_assert_cmpint(setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUF, &room,
                               sizeof(room)), ==, 0);
    mynic_start(d, MYNIC_F_SHADOW | MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO);
    mynic_txq_create(d, &q, 0);
    for (p.ipv6 = 0; p.ipv6 < 2; p.ipv6++) {
        uint16_t gso_size = p.ipv6 ? 1440 : 1460;
        g_autoptr(GByteArray) packet = NULL;
        struct mynic_offload_hdr hdr;

        p.payload_len = max - 14 - (p.ipv6 ? 40 : 20) - 20;
        packet = mynic_packet_build(&p, NULL);
        hdr = mynic_tx_offload(&p, gso_size);
        mynic_tx_packet(&q, packet, &hdr, -1, max / 16 + 1);
        mynic_tx_publish(&q);
        for (i = 0; ; i++) {
            g_autoptr(GByteArray) piece =
                mynic_packet_piece(&p, gso_size, i);

            if (!piece) {
                break;
            }
            expect_piece(wire, &p, gso_size, piece);
        }
        g_assert_cmpuint(i, ==, DIV_ROUND_UP(max, 65535));
        mynic_tx_wait(&q);
        g_assert_true(mynic_wire_quiet(wire));
    }
    /* Each counts once. */
    mynic_port_stats(d, &stats);
    g_assert_cmpuint(stats.tx_packets, ==, 2);
    g_assert_cmpuint(stats.tx_gso_packets, ==, 2);
    g_assert_cmpuint(stats.tx_bytes, ==, 2 * max);
    g_assert_cmpuint(stats.tx_drop_backend, ==, 0);
    mynic_txq_destroy(&q);
}

/*
 * While packets follow one another the card looks for them itself: no
 * doorbell, no MMIO. When they stop it wants to hear of the next one.
 */
static void test_poll(void *obj, void *data, QGuestAllocator *alloc)
{
    struct mynic_queue_stats stats;
    QMynic *d = obj;
    unsigned int i;
    QMynicTxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    mynic_start(d, MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 0);
    for (i = 0; i < 6; i++) {
        g_autoptr(GByteArray) frame = make_frame(100 + i, i);

        mynic_tx_packet(&q, frame, NULL, -1, 0);
        /* The first came after a pause, the second soon after another one. */
        g_assert_cmpint(mynic_tx_publish(&q), ==, i < 2);
        mynic_wire_expect(data, frame);
        mynic_tx_wait(&q);
    }
    MYNIC_WAIT_FOR(mynic_ctl(&q, kick) == q.tail);
    mynic_queue_stats(d, MYNIC_STATS_TXQ, 0, &stats);
    g_assert_cmpuint(stats.packets, ==, 6);
    g_assert_cmpuint(stats.doorbells, ==, 2);
    mynic_txq_destroy(&q);
}

static void set_link(QMynic *d, bool up)
{
    qtest_qmp_assert_success(d->qts, "{'execute': 'set_link', 'arguments': "
                             "{'name': 'hs0', 'up': %i}}", up);
}

/* Writes 0x5a to all buffers. */
static void mark_buffers(QMynicRxq *q)
{
    qtest_memset(q->d->qts, q->mem, 0x5a, q->buf_len << q->log2);
}

static void assert_untouched(QMynicRxq *q)
{
    size_t len = q->buf_len << q->log2, i;
    g_autofree uint8_t *mem = g_malloc(len);

    qtest_memread(q->d->qts, q->mem, mem, len);
    for (i = 0; i < len; i++) {
        g_assert_cmphex(mem[i], ==, 0x5a);
    }
}

/* Once a queue is gone, or the card reset, its memory is not written to. */
static void test_no_late_dma(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i, how;
    QMynicRxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    for (i = 0; i < 30; i++) {
        start(d, &q, MYNIC_F_SHADOW, 2048);
        send_frame(data, 4000, i);
        expect_frame(&q, 4000, i);
        for (how = 0; how < 50; how++) {
            send_frame(data, 4000, how);
        }
        switch (i % 3) {
        case 0: {
            struct mynic_admin_cmd cmd =
                mynic_cmd_queue(MYNIC_ADMIN_DESTROY_RXQ, 0);

            g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
            break;
        }
        case 1:
            mynic_flr(d);
            break;
        case 2:
            mynic_reset(d);
            break;
        }
        mark_buffers(&q);
        for (how = 0; how < 50; how++) {
            send_frame(data, 4000, how);
        }
        if (i % 3 == 0) {
            mynic_sync(d);
        }
        assert_untouched(&q);
        mynic_reset(d);
        mynic_rxq_free(&q);
    }
}

/* While the guest is stopped frames stay in the tap. */
static void test_stop_and_go(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i, n;
    QMynicRxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    start(d, &q, MYNIC_F_SHADOW, 2048);
    for (i = 0; i < 20; i++) {
        send_frame(data, 3000, 0);
        qtest_qmp_assert_success(d->qts, "{'execute': 'stop'}");
        qtest_qmp_eventwait(d->qts, "STOP");
        for (n = 1; n < 10; n++) {
            send_frame(data, 3000, n);
        }
        qtest_qmp_assert_success(d->qts, "{'execute': 'cont'}");
        qtest_qmp_eventwait(d->qts, "RESUME");
        for (n = 0; n < 10; n++) {
            expect_frame(&q, 3000, n);
        }
    }
    mynic_rxq_destroy(&q);
}

/* The guest is stopped just when the interval of an interrupt ends. */
static void test_stop_moderated(void *obj, void *data, QGuestAllocator *alloc)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_MODIFY_CQ);
    QMynic *d = obj;
    unsigned int i;
    QMynicRxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    start(d, &q, MYNIC_F_SHADOW | MYNIC_F_MODERATION, 2048);
    cmd.params.modify.vector = cpu_to_le16(1);
    cmd.params.modify.moderation.usecs = cpu_to_le16(100);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    for (i = 0; i < 100; i++) {
        qtest_writel(d->qts, q.cq_ctl + offsetof(struct mynic_queue_ctl, arm),
                     q.cq_head);
        send_frame(data, 100, i);
        expect_frame(&q, 100, i);
        qtest_qmp_send(d->qts, "{'execute': 'stop'}");
        qtest_clock_step(d->qts, 100000);
        qtest_qmp_eventwait(d->qts, "STOP");
        qtest_qmp_assert_success(d->qts, "{'execute': 'cont'}");
        qtest_qmp_eventwait(d->qts, "RESUME");
        MYNIC_WAIT_FOR(mynic_irq_take(d, 1));
    }
    mynic_rxq_destroy(&q);
}

static void test_link(void *obj, void *data, QGuestAllocator *alloc)
{
    struct mynic_port_stats stats;
    QMynic *d = obj;
    unsigned int i;
    QMynicRxq q;
    QMynicTxq t;

    if (mynic_tap_missing(data)) {
        return;
    }
    start(d, &q, MYNIC_F_SHADOW, 2048);
    mynic_txq_create(d, &t, 0);
    for (i = 0; i < 10; i++) {
        g_autoptr(GByteArray) lost = make_frame(500, 1);
        g_autoptr(GByteArray) frame = make_frame(501, 2);

        set_link(d, false);
        mynic_tx_packet(&t, lost, NULL, -1, 0);
        mynic_tx_publish(&t);
        mynic_tx_wait(&t);
        mynic_port_stats(d, &stats);
        g_assert_cmpuint(stats.tx_drop_link, ==, i + 1);
        send_frame(data, 700, 3);
        MYNIC_WAIT_FOR((mynic_port_stats(d, &stats),
                        stats.rx_drop_disabled == i + 1));
        set_link(d, true);
        mynic_tx_packet(&t, frame, NULL, -1, 300);
        mynic_tx_publish(&t);
        mynic_wire_expect(data, frame);
        send_frame(data, 701, 4);
        expect_frame(&q, 701, 4);
    }
    mynic_txq_destroy(&t);
    mynic_rxq_destroy(&q);
}

/* The netdev goes while frames come in; the card stays, on nothing. */
static void test_netdev_del(void *obj, void *data, QGuestAllocator *alloc)
{
    struct mynic_port_stats stats;
    QMynic *d = obj;
    unsigned int i;
    QMynicRxq q;
    QMynicTxq t;

    if (mynic_tap_missing(data)) {
        return;
    }
    start(d, &q, MYNIC_F_SHADOW, 2048);
    mynic_txq_create(d, &t, 0);
    for (i = 0; i < 100; i++) {
        send_frame(data, 3000, i);
    }
    qtest_qmp_assert_success(d->qts, "{'execute': 'netdev_del', 'arguments': "
                             "{'id': 'hs0'}}");
    for (i = 0; i < 10; i++) {
        g_autoptr(GByteArray) frame = make_frame(500, i);

        mynic_tx_packet(&t, frame, NULL, -1, 0);
        mynic_tx_publish(&t);
        mynic_tx_wait(&t);
    }
    mynic_port_stats(d, &stats);
    g_assert_cmpuint(stats.tx_drop_link, ==, 10);
    mynic_reset(d);
    mynic_start(d, 0);
}

/* Unplugged while frames come in. */
static void test_unplug(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i;
    QMynicRxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    if (d->dev.bus->not_hotpluggable) {
        g_test_skip("the PCI bus of this machine has no hot plug");
        return;
    }
    start(d, &q, MYNIC_F_SHADOW, 2048);
    for (i = 0; i < 300; i++) {
        send_frame(data, 3000, i);
    }
    qpci_unplug_acpi_device_test(d->qts, "card", 4);
    /* There is no card to be put back in order behind the test. */
    d->dev.msix_enabled = false;
    mynic_rxq_free(&q);
}

static const struct {
    const char *name;
    QOSTestFunc func;
} tests[] = {
    { "receive", test_receive },
    { "vlan", test_vlan },
    { "starved", test_starved },
    { "filter", test_filter },
    { "transmit", test_transmit },
    { "big", test_big },
    { "no-late-dma", test_no_late_dma },
    { "stop-and-go", test_stop_and_go },
    { "stop-moderated", test_stop_moderated },
    { "link", test_link },
    { "netdev-del", test_netdev_del },
};

static void register_tests(void)
{
    unsigned int i;

    for (i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *threads = g_strdup_printf("%s-threads", tests[i].name);

        mynic_add_tap_test("mynic-tap", tests[i].name, tests[i].func,
                           PROPS_MAIN);
        mynic_add_tap_test("mynic-tap", threads, tests[i].func, PROPS_THREADS);
    }
    /* A second, so that a slow host makes no difference. */
    mynic_add_tap_test("mynic-tap", "poll", test_poll,
                       PROPS_MAIN ",tx-poll=1000000");
    mynic_add_tap_test("mynic-tap", "poll-threads", test_poll,
                       PROPS_THREADS ",tx-poll=1000000");
    mynic_add_tap_test("mynic-tap", "unplug", test_unplug, PROPS_MAIN);
    mynic_add_tap_test("mynic-tap", "unplug-threads", test_unplug,
                       PROPS_THREADS);
}

libqos_init(register_tests);
