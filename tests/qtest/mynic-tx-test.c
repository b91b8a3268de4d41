/*
 * QTest of mynic: transmit; what leaves is compared byte for byte
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "libqtest.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"

#define FRAME_MIN 60

static void pad(GByteArray *frame)
{
    guint len = frame->len;

    if (len < FRAME_MIN) {
        g_byte_array_set_size(frame, FRAME_MIN);
        memset(frame->data + len, 0, FRAME_MIN - len);
    }
}

/*
 * Sends @p, cut at @gso_size if that is not 0, and compares all frames.
 * @frag: bytes of each fragment; @tci: tag that the device inserts, or -1.
 */
static void check(QMynicTxq *q, QMynicWire *wire, QMynicPacket p,
                  uint16_t gso_size, int tci, uint32_t frag)
{
    struct mynic_offload_hdr hdr;
    g_autoptr(GByteArray) packet = NULL;
    QMynicPacket want = p;
    unsigned int i;

    p.csum = QMYNIC_CSUM_PARTIAL;
    packet = mynic_packet_build(&p, NULL);
    hdr = mynic_tx_offload(&p, gso_size);
    if (tci >= 0) {
        want.tci[1] = p.tci[0];
        want.tpid[1] = p.tpid[0];
        want.tci[0] = tci;
        want.tpid[0] = 0x8100;
        want.tags++;
    }
    mynic_tx_packet(q, packet, &hdr, tci, frag);
    mynic_tx_publish(q);
    for (i = 0; ; i++) {
        g_autoptr(GByteArray) frame = mynic_packet_segment(
            &want, gso_size ?: p.payload_len, i);

        if (!frame) {
            break;
        }
        pad(frame);
        mynic_wire_expect(wire, frame);
    }
    mynic_tx_wait(q);
    g_assert_true(mynic_wire_quiet(wire));
}

static void send_plain(QMynicTxq *q, QMynicWire *wire, size_t payload)
{
    QMynicPacket p = { .payload_len = payload };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);

    mynic_tx_packet(q, frame, NULL, -1, 0);
    mynic_tx_publish(q);
    mynic_wire_expect(wire, frame);
    mynic_tx_wait(q);
}

static void test_one(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicTxq q;
    unsigned int i;

    for (i = 0; i < 2; i++) {
        mynic_start(d, i ? MYNIC_F_SHADOW : 0);
        mynic_txq_create(d, &q, 0);
        send_plain(&q, data, 100);
        g_assert_cmpuint(mynic_ctl(&q, head), ==, 1);
        send_plain(&q, data, 1460);
        mynic_txq_destroy(&q);
    }
}

/* As small as an Ethernet header; the wire wants more. */
static void test_short(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .ethertype = 0x88b5 };
    unsigned int len;
    QMynicTxq q;

    mynic_start(d, MYNIC_F_TX_VLAN);
    mynic_txq_create(d, &q, 0);
    for (len = 0; len < 50; len++) {
        g_autoptr(GByteArray) frame = NULL;

        p.payload_len = len;
        p.tags = 0;
        frame = mynic_packet_build(&p, NULL);
        mynic_tx_packet(&q, frame, NULL, len % 2 ? 5 : -1, 7);
        mynic_tx_publish(&q);
        if (len % 2) {
            p.tags = 1;
            p.tci[0] = 5;
            g_byte_array_unref(frame);
            frame = mynic_packet_build(&p, NULL);
        }
        pad(frame);
        mynic_wire_expect(data, frame);
        mynic_tx_wait(&q);
    }
    mynic_txq_destroy(&q);
}

static void test_sg(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int slots = mynic_read(d, MYNIC_REG_TX_LIMITS) >> 16, i;
    QMynicPacket p = { .payload_len = 3000 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    uint32_t at;
    QMynicTxq q;

    mynic_start(d, 0);
    mynic_txq_create(d, &q, 0);
    /* As many slots as there may be; the first ones of one byte each. */
    qtest_memwrite(d->qts, q.mem, frame->data, frame->len);
    for (i = 0; i < slots - 1; i++) {
        mynic_tx_frag(&q, q.mem + i, 1, 0);
    }
    mynic_tx_frag(&q, q.mem + i, frame->len - i, MYNIC_TX_EOP);
    mynic_tx_publish(&q);
    mynic_wire_expect(data, frame);
    mynic_tx_wait(&q);

    /* Fragments in any order of addresses, across pages. */
    for (at = 0; at < frame->len; at += 1009) {
        uint32_t len = MIN(1009, frame->len - at);
        uint64_t addr = q.mem + 100000 - at * 3 + 1;

        qtest_memwrite(d->qts, addr, frame->data + at, len);
        mynic_tx_frag(&q, addr, len,
                      at + len == frame->len ? MYNIC_TX_EOP : 0);
    }
    mynic_tx_publish(&q);
    mynic_wire_expect(data, frame);
    mynic_tx_wait(&q);
    mynic_txq_destroy(&q);
}

static void test_csum(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .sport = 1, .dport = 2 };
    static const size_t lens[] = { 1, 2, 99, 1460 };
    unsigned int i, ipv6, udp;
    QMynicTxq q;

    mynic_start(d, MYNIC_F_TX_CSUM);
    mynic_txq_create(d, &q, 0);
    for (i = 0; i < G_N_ELEMENTS(lens); i++) {
        for (ipv6 = 0; ipv6 < 2; ipv6++) {
            for (udp = 0; udp < 2; udp++) {
                p.payload_len = lens[i];
                p.ipv6 = ipv6;
                p.proto = udp ? QMYNIC_IP_UDP : QMYNIC_IP_TCP;
                check(&q, data, p, 0, -1, 0);
                check(&q, data, p, 0, -1, 93);
            }
        }
    }
    mynic_txq_destroy(&q);
}

static void test_tso(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = {
        .sport = 80, .dport = 60000, .seq = 0xfffff000, .ip_id = 0xffff,
        .tcp_flags = QMYNIC_TCP_ACK | QMYNIC_TCP_PSH | QMYNIC_TCP_FIN,
        .tcp_options = 12, .payload_len = 10000,
    };
    QMynicTxq q;

    mynic_start(d, MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO);
    mynic_txq_create(d, &q, 0);
    for (p.ipv6 = 0; p.ipv6 < 2; p.ipv6++) {
        check(&q, data, p, 1448, -1, 0);
        check(&q, data, p, 1448, -1, 1000);
        check(&q, data, p, 1000, -1, 700);
        check(&q, data, p, 9999, -1, 0);
        check(&q, data, p, 10000, -1, 0);
    }
    p.ipv6 = false;
    p.cwr_once = true;
    p.tcp_flags |= QMYNIC_TCP_CWR;
    check(&q, data, p, 1448, -1, 0);
    mynic_txq_destroy(&q);
}

/* The largest packet that IP can describe, and the largest one at all. */
static void test_tso_large(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    uint32_t max = mynic_read(d, MYNIC_REG_TX_MAX_LEN);
    QMynicPacket p = { .payload_len = 65535 - 40 };
    QMynicTxq q;

    mynic_start(d, MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO | MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 0);
    check(&q, data, p, 1460, -1, 4096);
    /* BIG TCP: the lengths in the headers mean nothing. */
    p.tcp_flags = QMYNIC_TCP_ACK | QMYNIC_TCP_PSH;
    p.payload_len = max - 14 - 20 - 20;
    check(&q, data, p, 1460, -1, max / 16 + 1);
    p.ipv6 = true;
    p.payload_len = max - 14 - 40 - 20;
    check(&q, data, p, 1440, -1, max / 16 + 1);
    /* Of more pieces than are mapped at once. */
    check(&q, data, p, 9000, -1, max / 62 + 1);
    mynic_txq_destroy(&q);
}

/* The longest frame that is not to be cut. */
static void test_frame_max(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicTxq q;

    mynic_start(d, 0);
    mynic_txq_create(d, &q, 0);
    send_plain(&q, data, MYNIC_TX_FRAME_MAX - 14 - 20 - 20);
    mynic_txq_destroy(&q);
}

/* More frames than a batch: others run between, and none is lost or doubled. */
static void test_tso_many(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .sport = 1, .dport = 2, .payload_len = 1000 };
    QMynicTxq q;

    mynic_start(d, MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO | MYNIC_F_TX_VLAN |
                   MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 0);
    check(&q, data, p, 1, -1, 0);
    check(&q, data, p, 7, 5, 300);
    p.payload_len = 64;
    check(&q, data, p, 1, -1, 0);
    p.payload_len = 128;
    check(&q, data, p, 1, -1, 0);
    g_assert_cmpuint(mynic_ctl(&q, head), ==, q.tail);
    mynic_txq_destroy(&q);
}

static void test_uso(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = {
        .proto = QMYNIC_IP_UDP, .sport = 443, .dport = 4433, .ip_id = 1,
        .payload_len = 12345,
    };
    QMynicTxq q;

    mynic_start(d, MYNIC_F_TX_CSUM | MYNIC_F_TX_USO);
    mynic_txq_create(d, &q, 0);
    for (p.ipv6 = 0; p.ipv6 < 2; p.ipv6++) {
        check(&q, data, p, 1200, -1, 0);
        check(&q, data, p, 1472, -1, 999);
        check(&q, data, p, 12345, -1, 0);
    }
    mynic_txq_destroy(&q);
}

static void test_vlan(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 5000 }, tagged;
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    g_autoptr(GByteArray) want = NULL;
    QMynicTxq q;

    mynic_start(d, MYNIC_F_TX_VLAN | MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO |
                MYNIC_F_TX_USO);
    mynic_txq_create(d, &q, 0);
    /* The tag alone. */
    tagged = p;
    tagged.tags = 1;
    tagged.tci[0] = 0xbabe;
    want = mynic_packet_build(&tagged, NULL);
    mynic_tx_packet(&q, frame, NULL, 0xbabe, 3333);
    mynic_tx_publish(&q);
    mynic_wire_expect(data, want);
    mynic_tx_wait(&q);

    check(&q, data, p, 0, 100, 0);
    check(&q, data, p, 1000, 4095, 13 + 1000);
    /* Behind a tag that the packet has already. */
    check(&q, data, tagged, 1000, 7, 0);
    p.ipv6 = true;
    p.proto = QMYNIC_IP_UDP;
    check(&q, data, p, 0, 0, 0);
    check(&q, data, p, 1400, 1, 120);
    mynic_txq_destroy(&q);
}

/* Promised one thing and brought another: completed, and not sent. */
static void test_gso_mismatch(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 3000, .csum = QMYNIC_CSUM_PARTIAL };
    g_autoptr(GByteArray) tcp4 = mynic_packet_build(&p, NULL);
    struct mynic_offload_hdr good = mynic_tx_offload(&p, 1000), hdr;
    QMynicTxq q;
    unsigned int i;

    mynic_start(d, MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO | MYNIC_F_TX_USO);
    mynic_txq_create(d, &q, 0);
    for (i = 0; i < 3; i++) {
        hdr = good;
        if (i == 0) {
            hdr.gso_type = MYNIC_HDR_GSO_TCPV6;
        } else if (i == 1) {
            hdr.gso_type = MYNIC_HDR_GSO_UDP_L4;
        } else {
            hdr.csum_start += 2;
        }
        mynic_tx_packet(&q, tcp4, &hdr, -1, 0);
        mynic_tx_publish(&q);
        mynic_tx_wait(&q);
    }
    send_plain(&q, data, 100);
    mynic_txq_destroy(&q);
}

/* Many packets in one go, and more slots than the ring has. */
static void test_wrap(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int round, i, shadow;
    QMynicTxq q;

    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_txq_create(d, &q, 0);
        for (round = 0; round < 20; round++) {
            for (i = 0; i < 42; i++) {
                QMynicPacket p = { .payload_len = 60, .payload_at = i };
                g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
                uint64_t at = q.mem + i * 256;

                qtest_memwrite(d->qts, at, frame->data, frame->len);
                mynic_tx_frag(&q, at, 50, 0);
                mynic_tx_frag(&q, at + 50, 50, 0);
                mynic_tx_frag(&q, at + 100, frame->len - 100, MYNIC_TX_EOP);
            }
            mynic_tx_publish(&q);
            for (i = 0; i < 42; i++) {
                QMynicPacket p = { .payload_len = 60, .payload_at = i };
                g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);

                mynic_wire_expect(data, frame);
            }
            mynic_tx_wait(&q);
        }
        mynic_txq_destroy(&q);
    }
}

/* A ring that is full to its last slot. */
static void test_full_ring(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 60 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    unsigned int i, round;
    QMynicTxq q;

    mynic_start(d, 0);
    mynic_txq_create(d, &q, 0);
    for (round = 0; round < 3; round++) {
        for (i = 0; i < 1u << q.log2; i++) {
            mynic_tx_packet(&q, frame, NULL, -1, 0);
        }
        mynic_tx_publish(&q);
        for (i = 0; i < 1u << q.log2; i++) {
            mynic_wire_expect(data, frame);
        }
        mynic_tx_wait(&q);
    }
    mynic_txq_destroy(&q);
}

/* The tail may end inside a packet. */
static void test_incomplete(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 1000, .csum = QMYNIC_CSUM_PARTIAL };
    g_autoptr(GByteArray) packet = mynic_packet_build(&p, NULL);
    struct mynic_offload_hdr hdr = mynic_tx_offload(&p, 0);
    g_autoptr(GByteArray) want = NULL;
    unsigned int shadow;
    QMynicTxq q;

    p.csum = QMYNIC_CSUM_FULL;
    want = mynic_packet_build(&p, NULL);
    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, MYNIC_F_TX_CSUM | (shadow ? MYNIC_F_SHADOW : 0));
        mynic_txq_create(d, &q, 0);
        /* A whole one in front, so that head has something to stop at. */
        send_plain(&q, data, 100);
        qtest_memwrite(d->qts, q.mem, packet->data, packet->len);
        mynic_tx_meta(&q, &hdr, -1);
        mynic_tx_publish(&q);
        mynic_sync(d);
        g_assert_cmpuint(mynic_ctl(&q, head), ==, 1);
        mynic_tx_frag(&q, q.mem, 400, 0);
        mynic_tx_publish(&q);
        mynic_sync(d);
        g_assert_cmpuint(mynic_ctl(&q, head), ==, 1);
        g_assert_true(mynic_wire_quiet(data));
        mynic_tx_frag(&q, q.mem + 400, packet->len - 400, MYNIC_TX_EOP);
        mynic_tx_publish(&q);
        mynic_wire_expect(data, want);
        mynic_tx_wait(&q);
        g_assert_cmpuint(mynic_ctl(&q, error), ==, 0);
        mynic_txq_destroy(&q);
    }
}

/* Shadow tails: when a doorbell is asked for, and that its value is not read */
static void test_shadow(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_queue_stats stats;
    unsigned int i;
    QMynicTxq q;

    mynic_start(d, MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 0);
    g_assert_cmpuint(mynic_ctl(&q, kick), ==, 0);
    for (i = 0; i < 10; i++) {
        /* It sleeps: the next slot rings. */
        mynic_tx_packet(&q, frame, NULL, -1, 0);
        g_assert_true(mynic_tx_publish(&q));
        mynic_wire_expect(data, frame);
        mynic_tx_wait(&q);
        MYNIC_WAIT_FOR(mynic_ctl(&q, kick) == q.tail);
    }
    /* Rung with another value: ctl.tail is what counts. */
    mynic_tx_packet(&q, frame, NULL, -1, 0);
    qtest_writel(d->qts, q.ctl, q.filled);
    q.tail = q.filled;
    mynic_doorbell(d, 0, MYNIC_DB_TX_TAIL, 0xdeadbeef);
    mynic_wire_expect(data, frame);
    mynic_tx_wait(&q);
    /* Rung for nothing. */
    mynic_doorbell(d, 0, MYNIC_DB_TX_TAIL, q.tail);
    mynic_sync(d);
    g_assert_cmpuint(mynic_ctl(&q, error), ==, 0);
    mynic_queue_stats(d, MYNIC_STATS_TXQ, 0, &stats);
    g_assert_cmpuint(stats.doorbells, ==, 12);
    mynic_txq_destroy(&q);
}

/* Without SHADOW the control block's first half is not looked at. */
static void test_doorbell_only(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicTxq q;

    mynic_start(d, 0);
    mynic_txq_create(d, &q, 0);
    qtest_writel(d->qts, q.ctl + offsetof(struct mynic_queue_ctl, tail),
                 0x77777777);
    qtest_writel(d->qts, q.ctl + offsetof(struct mynic_queue_ctl, kick),
                 0x66666666);
    send_plain(&q, data, 200);
    send_plain(&q, data, 201);
    g_assert_cmphex(mynic_ctl(&q, tail), ==, 0x77777777);
    /* A doorbell that moves nothing is legal. */
    mynic_doorbell(d, 0, MYNIC_DB_TX_TAIL, q.tail);
    mynic_sync(d);
    g_assert_cmpuint(mynic_ctl(&q, error), ==, 0);
    mynic_txq_destroy(&q);
}

/* The other side does not read: packets wait, and none is lost. */
static void test_busy_backend(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 60000, .ipv6 = true };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    unsigned int i, n = 120, shadow;
    QMynicTxq q, other;

    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_txq_create(d, &q, 0);
        mynic_txq_create(d, &other, 1);
        for (i = 0; i < n; i++) {
            mynic_tx_packet(&q, frame, NULL, -1, 0);
        }
        mynic_tx_publish(&q);
        mynic_sync(d);
        mynic_sync(d);
        g_assert_cmpuint(mynic_ctl(&q, head), <, n);
        /* One that is half out is not done. */
        g_assert_cmpuint(mynic_ctl(&q, head), ==,
                         mynic_wire_waiting(data, frame->len));
        /* Another queue waits as well, and admin commands do not. */
        mynic_tx_packet(&other, frame, NULL, -1, 0);
        mynic_tx_publish(&other);
        mynic_sync(d);
        for (i = 0; i < n + 1; i++) {
            mynic_wire_expect(data, frame);
        }
        mynic_tx_wait(&q);
        mynic_tx_wait(&other);

        /* A queue that is destroyed while it waits. */
        for (i = 0; i < n; i++) {
            mynic_tx_packet(&q, frame, NULL, -1, 0);
        }
        mynic_tx_publish(&q);
        mynic_sync(d);
        mynic_txq_destroy(&q);
        mynic_txq_create(d, &q, 0);
        mynic_tx_packet(&q, frame, NULL, -1, 0);
        mynic_tx_publish(&q);
        while (mynic_ctl(&q, head) != q.tail) {
            if (!mynic_wire_quiet(data)) {
                g_byte_array_unref(mynic_wire_recv(data));
            }
        }
        mynic_sync(d);
        while (!mynic_wire_quiet(data)) {
            mynic_wire_expect(data, frame);
        }
        mynic_txq_destroy(&other);
        mynic_txq_destroy(&q);
    }
}

static void test_queues(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicTxq q[QMYNIC_QUEUES];
    unsigned int i, round;

    mynic_start(d, MYNIC_F_SHADOW);
    for (i = 0; i < QMYNIC_QUEUES; i++) {
        mynic_txq_create(d, &q[i], QMYNIC_QUEUES - 1 - i);
    }
    for (round = 0; round < 10; round++) {
        for (i = 0; i < QMYNIC_QUEUES; i++) {
            send_plain(&q[i], data, 100 + 10 * i + round);
        }
        /* One of them anew; its indices start with 0, the others run on. */
        i = round % QMYNIC_QUEUES;
        mynic_txq_destroy(&q[i]);
        mynic_doorbell(d, QMYNIC_QUEUES - 1 - i, MYNIC_DB_TX_TAIL, 1);
        send_plain(&q[(i + 1) % QMYNIC_QUEUES], data, 77);
        mynic_txq_create(d, &q[i], QMYNIC_QUEUES - 1 - i);
        g_assert_cmpuint(mynic_ctl(&q[i], head), ==, 0);
    }
    for (i = 0; i < QMYNIC_QUEUES; i++) {
        mynic_txq_destroy(&q[i]);
    }
}

static void test_link_down(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_port_stats stats;
    QMynicTxq q;

    mynic_start(d, 0);
    mynic_txq_create(d, &q, 0);
    qtest_qmp_assert_success(d->qts, "{'execute': 'set_link', 'arguments': "
                             "{'name': 'hs0', 'up': false}}");
    mynic_tx_packet(&q, frame, NULL, -1, 0);
    mynic_tx_packet(&q, frame, NULL, -1, 0);
    mynic_tx_publish(&q);
    mynic_tx_wait(&q);
    mynic_port_stats(d, &stats);
    g_assert_cmpuint(stats.tx_drop_link, ==, 2);
    g_assert_cmpuint(stats.tx_packets, ==, 0);
    qtest_qmp_assert_success(d->qts, "{'execute': 'set_link', 'arguments': "
                             "{'name': 'hs0', 'up': true}}");
    send_plain(&q, data, 101);
    mynic_txq_destroy(&q);
}

static void test_stats(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    /* Length of the frame without FCS, class of the histogram. */
    static const struct {
        size_t len;
        unsigned int class;
    } rows[] = {
        { 60, 0 }, { 61, 1 }, { 123, 1 }, { 124, 2 }, { 251, 2 }, { 252, 3 },
        { 507, 3 }, { 508, 4 }, { 1019, 4 }, { 1020, 5 }, { 1514, 5 },
        { 1515, 6 }, { 9000, 6 },
    };
    static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
    struct mynic_queue_stats qs;
    struct mynic_port_stats ps;
    struct mynic_offload_hdr hdr;
    QMynicPacket p = { .ethertype = 0x88b5 };
    uint64_t hist[MYNIC_STATS_HIST] = {}, bytes = 0;
    g_autoptr(GByteArray) gso = NULL;
    unsigned int i;
    QMynicTxq q, other;

    mynic_start(d, MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO);
    mynic_txq_create(d, &q, 2);
    mynic_txq_create(d, &other, 0);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) frame = NULL;

        p.payload_len = rows[i].len - 14;
        memset(p.dst, 0, 6);
        if (i % 3 == 1) {
            p.dst[0] = 0x33;
        } else if (i % 3 == 2) {
            memcpy(p.dst, broadcast, 6);
        }
        frame = mynic_packet_build(&p, NULL);
        mynic_tx_packet(&q, frame, NULL, -1, 0);
        mynic_tx_publish(&q);
        mynic_wire_expect(data, frame);
        mynic_tx_wait(&q);
        hist[rows[i].class]++;
        bytes += rows[i].len;
    }
    mynic_port_stats(d, &ps);
    g_assert_cmpuint(ps.tx_packets, ==, 13);
    g_assert_cmpuint(ps.tx_bytes, ==, bytes);
    g_assert_cmpuint(ps.tx_unicast, ==, 5);
    g_assert_cmpuint(ps.tx_multicast, ==, 4);
    g_assert_cmpuint(ps.tx_broadcast, ==, 4);
    g_assert_cmpuint(ps.tx_gso_packets, ==, 0);
    for (i = 0; i < MYNIC_STATS_HIST; i++) {
        g_assert_cmpuint(ps.tx_hist[i], ==, hist[i]);
    }
    mynic_queue_stats(d, MYNIC_STATS_TXQ, 2, &qs);
    g_assert_cmpuint(qs.packets, ==, 13);
    g_assert_cmpuint(qs.bytes, ==, bytes);
    g_assert_cmpuint(qs.doorbells, ==, 13);
    g_assert_cmpuint(qs.drop_error, ==, 0);
    mynic_queue_stats(d, MYNIC_STATS_TXQ, 0, &qs);
    g_assert_cmpuint(qs.packets, ==, 0);

    /* A packet counts once, however many frames it becomes. */
    p = (QMynicPacket){ .payload_len = 3000, .csum = QMYNIC_CSUM_PARTIAL };
    gso = mynic_packet_build(&p, NULL);
    hdr = mynic_tx_offload(&p, 1000);
    mynic_tx_packet(&q, gso, &hdr, -1, 0);
    mynic_tx_publish(&q);
    for (i = 0; i < 3; i++) {
        g_byte_array_unref(mynic_wire_recv(data));
    }
    mynic_tx_wait(&q);
    mynic_port_stats(d, &ps);
    g_assert_cmpuint(ps.tx_packets, ==, 14);
    g_assert_cmpuint(ps.tx_gso_packets, ==, 1);
    g_assert_cmpuint(ps.tx_bytes, ==, bytes + gso->len);

    /* Counters of a queue end with it, those of the port do not. */
    mynic_txq_destroy(&q);
    mynic_txq_create(d, &q, 2);
    mynic_queue_stats(d, MYNIC_STATS_TXQ, 2, &qs);
    g_assert_cmpuint(qs.packets, ==, 0);
    mynic_port_stats(d, &ps);
    g_assert_cmpuint(ps.tx_packets, ==, 14);
    mynic_txq_destroy(&other);
    mynic_txq_destroy(&q);
}

static void register_tests(void)
{
    mynic_add_test("mynic-tx", "one", test_one, NULL);
    mynic_add_test("mynic-tx", "short", test_short, NULL);
    mynic_add_test("mynic-tx", "sg", test_sg, NULL);
    mynic_add_test("mynic-tx", "csum", test_csum, NULL);
    mynic_add_test("mynic-tx", "tso", test_tso, NULL);
    mynic_add_test("mynic-tx", "tso-large", test_tso_large, NULL);
    mynic_add_test("mynic-tx", "frame-max", test_frame_max, NULL);
    mynic_add_test("mynic-tx", "tso-many", test_tso_many, NULL);
    mynic_add_test("mynic-tx", "uso", test_uso, NULL);
    mynic_add_test("mynic-tx", "vlan", test_vlan, NULL);
    mynic_add_test("mynic-tx", "gso-mismatch", test_gso_mismatch, NULL);
    mynic_add_test("mynic-tx", "wrap", test_wrap, NULL);
    mynic_add_test("mynic-tx", "full-ring", test_full_ring, NULL);
    mynic_add_test("mynic-tx", "incomplete", test_incomplete, NULL);
    mynic_add_test("mynic-tx", "shadow", test_shadow, NULL);
    mynic_add_test("mynic-tx", "doorbell-only", test_doorbell_only, NULL);
    mynic_add_test("mynic-tx", "busy-backend", test_busy_backend, NULL);
    mynic_add_test("mynic-tx", "queues", test_queues, NULL);
    mynic_add_test("mynic-tx", "link-down", test_link_down, NULL);
    mynic_add_test("mynic-tx", "stats", test_stats, NULL);
}

libqos_init(register_tests);
