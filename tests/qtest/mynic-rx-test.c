/*
 * QTest of mynic: receive: buffers, filters, offloads, back-pressure
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "libqtest.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"

#define ALL (MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_PROMISC)

static void send_packet(QMynicWire *wire, const QMynicPacket *p)
{
    g_autoptr(GByteArray) frame = mynic_packet_build(p, NULL);

    mynic_wire_send(wire, frame);
}

static void expect_packet(QMynicRxq *q, const QMynicPacket *p,
                          struct mynic_rx_cqe *cqe)
{
    g_autoptr(GByteArray) frame = mynic_packet_build(p, NULL);

    mynic_rx_expect(q, frame, cqe);
}

static void deliver(QMynicWire *wire, QMynicRxq *q, const QMynicPacket *p,
                    struct mynic_rx_cqe *cqe)
{
    send_packet(wire, p);
    expect_packet(q, p, cqe);
    mynic_rx_fill(q, le16_to_cpu(cqe->hdr.num_buffers));
    mynic_rx_publish(q);
}

/* Sends @p; it must not arrive, a frame sent after it must. */
static void refuse(QMynicWire *wire, QMynicRxq *q, const QMynicPacket *p)
{
    QMynicPacket marker = { .payload_len = 99, .payload_at = 12345 };
    struct mynic_rx_cqe cqe;

    send_packet(wire, p);
    deliver(wire, q, &marker, &cqe);
}

static void assert_plain(const struct mynic_rx_cqe *cqe)
{
    g_assert_cmpuint(cqe->hdr.flags, ==, 0);
    g_assert_cmpuint(cqe->hdr.gso_type, ==, 0);
    g_assert_cmpuint(cqe->hdr.hdr_len, ==, 0);
    g_assert_cmpuint(cqe->hdr.gso_size, ==, 0);
    g_assert_cmpuint(cqe->hdr.csum_start, ==, 0);
    g_assert_cmpuint(cqe->hdr.csum_offset, ==, 0);
    g_assert_cmpuint(cqe->hash, ==, 0);
    g_assert_cmpuint(cqe->vlan_tci, ==, 0);
    g_assert_cmpuint(cqe->mark, ==, 0);
    g_assert_cmpuint(cqe->timestamp, ==, 0);
    g_assert_cmphex(le32_to_cpu(cqe->info) & ~MYNIC_CQE_PHASE, ==, 0);
}

static void test_one(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 100 };
    struct mynic_rx_cqe cqe;
    unsigned int shadow;
    QMynicRxq q;

    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_rxq_create(d, &q, 0, 2048);
        mynic_set_rx_filter(d, MYNIC_RX_FILTER_ENABLE);
        deliver(data, &q, &p, &cqe);
        assert_plain(&cqe);
        g_assert_cmpuint(le16_to_cpu(cqe.hdr.num_buffers), ==, 1);
        MYNIC_WAIT_FOR(mynic_cq_ctl(&q, head) == 1);
        MYNIC_WAIT_FOR(mynic_ctl(&q, head) == 1);
        mynic_rxq_destroy(&q);
    }
}

/* Buffers of all sorts of sizes, and packets that fill them to the byte. */
static void test_multi_buffer(void *obj, void *data, QGuestAllocator *alloc)
{
    static const uint32_t lens[] = { 1, 59, 60, 64, 100, 127, 1514, 4096 };
    QMynic *d = obj;
    struct mynic_rx_cqe cqe;
    unsigned int i, j;
    QMynicRxq q;

    mynic_start(d, MYNIC_F_SHADOW);
    mynic_set_rx_filter(d, ALL);
    for (i = 0; i < G_N_ELEMENTS(lens); i++) {
        uint32_t ring = lens[i] * 64;

        mynic_rxq_create(d, &q, 0, lens[i]);
        for (j = 60; j <= MIN(ring, 1514); j += j < 64 ? 1 : 145) {
            QMynicPacket p = { .ethertype = 0x88b5, .payload_len = j - 14,
                               .payload_at = j };

            deliver(data, &q, &p, &cqe);
            assert_plain(&cqe);
        }
        mynic_rxq_destroy(&q);
    }
}

static void test_jumbo(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_MTU);
    uint32_t max = mynic_read(d, MYNIC_REG_MAX_MTU);
    QMynicPacket p = { .ethertype = 0x88b5, .payload_len = max };
    struct mynic_rx_cqe cqe;
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_rxq_create(d, &q, 0, 2000);
    mynic_set_rx_filter(d, ALL);
    cmd.params.mtu.mtu = cpu_to_le32(max);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    deliver(data, &q, &p, &cqe);
    p.payload_len = 9000;
    deliver(data, &q, &p, &cqe);
    g_assert_cmpuint(le16_to_cpu(cqe.hdr.num_buffers), ==, 5);
    mynic_rxq_destroy(&q);
}

/* More packets than the rings have entries: in order, phase after phase. */
static void test_wrap(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int shadow, round, i;
    struct mynic_rx_cqe cqe;
    QMynicRxq q;

    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_rxq_create(d, &q, 0, 128);
        mynic_set_rx_filter(d, ALL);
        for (round = 0; round < 30; round++) {
            /* 1 + 2 + ... + 7 buffers. */
            for (i = 0; i < 7; i++) {
                QMynicPacket p = { .ethertype = 0x88b5, .payload_at = round,
                                   .payload_len = 100 + 128 * i };

                send_packet(data, &p);
            }
            for (i = 0; i < 7; i++) {
                QMynicPacket p = { .ethertype = 0x88b5, .payload_at = round,
                                   .payload_len = 100 + 128 * i };

                expect_packet(&q, &p, &cqe);
            }
            mynic_rx_fill(&q, 28);
            mynic_rx_publish(&q);
        }
        MYNIC_WAIT_FOR(mynic_ctl(&q, head) == 30 * 28);
        g_assert_cmpuint(mynic_cq_ctl(&q, head), ==, 30 * 7);
        mynic_rxq_destroy(&q);
    }
}

/* No buffers: the backend waits, and nothing is lost. */
static void test_no_buffer(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_port_stats stats;
    struct mynic_rx_cqe cqe;
    unsigned int shadow, i;
    QMynicRxq q;

    for (shadow = 0; shadow < 2; shadow++) {
        struct mynic_admin_cmd cmd;

        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_rxq_alloc(d, &q, 0, 6, 256);
        cmd = mynic_cq_cmd(&q);
        g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
        cmd = mynic_rxq_cmd(&q);
        g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
        mynic_set_rx_filter(d, ALL);

        for (i = 0; i < 20; i++) {
            QMynicPacket p = { .payload_len = 700, .payload_at = i };

            send_packet(data, &p);
        }
        mynic_sync(d);
        mynic_sync(d);
        g_assert_false(mynic_rx_poll(&q, &cqe));
        /* Too few: three buffers for a packet that needs three and a bit. */
        for (i = 0; i < 20; i++) {
            QMynicPacket p = { .payload_len = 700, .payload_at = i };

            mynic_rx_fill(&q, 2);
            mynic_rx_publish(&q);
            mynic_sync(d);
            g_assert_false(mynic_rx_poll(&q, &cqe));
            if (shadow) {
                /* It lacks buffers: it wants to hear of the next one. */
                MYNIC_WAIT_FOR(mynic_ctl(&q, kick) == q.tail);
            }
            mynic_rx_fill(&q, 1);
            g_assert_true(mynic_rx_publish(&q));
            expect_packet(&q, &p, &cqe);
        }
        mynic_port_stats(d, &stats);
        g_assert_cmpuint(stats.rx_packets, ==, 20);
        g_assert_cmpuint(stats.rx_drop_no_buffer, ==, 0);
        mynic_rxq_destroy(&q);
    }
}

/* A packet that no number of posted buffers could hold. */
static void test_ring_too_small(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 1400 };
    struct mynic_queue_stats qs;
    struct mynic_port_stats stats;
    struct mynic_rx_cqe cqe;
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_rxq_create(d, &q, 0, 16);
    mynic_set_rx_filter(d, ALL);
    send_packet(data, &p);
    p.payload_len = 60;
    deliver(data, &q, &p, &cqe);
    mynic_port_stats(d, &stats);
    g_assert_cmpuint(stats.rx_drop_no_buffer, ==, 1);
    g_assert_cmpuint(stats.rx_packets, ==, 2);
    mynic_queue_stats(d, MYNIC_STATS_RXQ, 0, &qs);
    g_assert_cmpuint(qs.drop_no_buffer, ==, 1);
    g_assert_cmpuint(qs.packets, ==, 1);
    mynic_rxq_destroy(&q);
}

static void set_filter(QMynic *d, uint16_t flags, const uint8_t (*macs)[6],
                       unsigned int count, uint64_t hash,
                       enum mynic_status want)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_RX_FILTER);
    struct mynic_mac_entry entries[8] = {};
    unsigned int i;

    for (i = 0; i < count; i++) {
        memcpy(entries[i].addr, macs[i], 6);
    }
    cmd.params.rx_filter.flags = cpu_to_le16(flags);
    cmd.params.rx_filter.count = cpu_to_le16(count);
    cmd.params.rx_filter.hash = cpu_to_le64(hash);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, entries, NULL,
                                      count * sizeof(entries[0])), ==, want);
}

/* Which of some frames come through. */
static void check_filter(QMynic *d, QMynicWire *wire, QMynicRxq *q,
                         const char *want)
{
    /* In the order of letters: station, other, group, v6 group, broadcast. */
    static const uint8_t dst[][6] = {
        QMYNIC_MAC,
        { 0x52, 0x54, 0x00, 0x6d, 0x79, 0x02 },
        { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 },
        { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 },
        { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
    };
    static const char letters[] = "sogvb";
    struct mynic_port_stats before, after;
    struct mynic_rx_cqe cqe;
    unsigned int i, dropped = 0;

    mynic_port_stats(d, &before);
    for (i = 0; i < G_N_ELEMENTS(dst); i++) {
        QMynicPacket p = { .payload_len = 60, .payload_at = i };

        memcpy(p.dst, dst[i], 6);
        if (strchr(want, letters[i])) {
            deliver(wire, q, &p, &cqe);
        } else {
            send_packet(wire, &p);
            dropped++;
        }
    }
    MYNIC_WAIT_FOR((mynic_port_stats(d, &after), after.rx_packets) ==
                   before.rx_packets + G_N_ELEMENTS(dst));
    g_assert_cmpuint(after.rx_drop_filter - before.rx_drop_filter, ==,
                     dropped);
    g_assert_false(mynic_rx_poll(q, &cqe));
}

static void test_filter(void *obj, void *data, QGuestAllocator *alloc)
{
    static const uint8_t macs[][6] = {
        { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 },
        { 0x52, 0x54, 0x00, 0x6d, 0x79, 0x02 },
        { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
    };
    QMynic *d = obj;
    struct mynic_admin_cmd cmd;
    struct mynic_port_stats stats;
    QMynicPacket p = { .payload_len = 60 };
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_rxq_create(d, &q, 0, 256);

    /* Not enabled: flags alone let nothing in. */
    set_filter(d, MYNIC_RX_FILTER_PROMISC, NULL, 0, 0, MYNIC_OK);
    send_packet(data, &p);
    MYNIC_WAIT_FOR((mynic_port_stats(d, &stats), stats.rx_packets) == 1);
    g_assert_cmpuint(stats.rx_drop_disabled, ==, 1);

    set_filter(d, MYNIC_RX_FILTER_ENABLE, NULL, 0, 0, MYNIC_OK);
    check_filter(d, data, &q, "s");
    set_filter(d, MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_BROADCAST, NULL, 0,
               0, MYNIC_OK);
    check_filter(d, data, &q, "sb");
    set_filter(d, MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_ALLMULTI, NULL, 0,
               0, MYNIC_OK);
    check_filter(d, data, &q, "sgv");
    set_filter(d, ALL, NULL, 0, 0, MYNIC_OK);
    check_filter(d, data, &q, "sogvb");
    set_filter(d, MYNIC_RX_FILTER_ENABLE, macs, 1, 0, MYNIC_OK);
    check_filter(d, data, &q, "sv");
    set_filter(d, MYNIC_RX_FILTER_ENABLE, macs, 3, 0, MYNIC_OK);
    check_filter(d, data, &q, "sovb");
    /* The example of the data sheet: 01:00:5e:00:00:01 is bit 31. */
    set_filter(d, MYNIC_RX_FILTER_ENABLE, NULL, 0, 1ull << 31, MYNIC_OK);
    check_filter(d, data, &q, "sg");
    set_filter(d, MYNIC_RX_FILTER_ENABLE, NULL, 0, ~(1ull << 31), MYNIC_OK);
    check_filter(d, data, &q, "sv");
    /* Refused: the filter is the one of before. */
    set_filter(d, ALL | 0x10, macs, 3, ~0ull, MYNIC_ERR_PARAM);
    check_filter(d, data, &q, "sv");

    /* Another station address. */
    cmd = mynic_cmd(MYNIC_ADMIN_SET_MAC);
    memcpy(cmd.params.mac.addr, macs[1], 6);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    check_filter(d, data, &q, "ov");
    cmd.params.mac.addr[0] |= 1;
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_ERR_PARAM);
    check_filter(d, data, &q, "ov");
    mynic_rxq_destroy(&q);
}

static void test_mtu(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_MTU);
    static const uint32_t mtus[] = { 1500, 68, 576, 9000 };
    struct mynic_port_stats stats;
    struct mynic_rx_cqe cqe;
    uint64_t dropped = 0;
    unsigned int i, tags;
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_rxq_create(d, &q, 0, 1000);
    mynic_set_rx_filter(d, ALL);
    for (i = 0; i < G_N_ELEMENTS(mtus); i++) {
        if (i) {
            cmd.params.mtu.mtu = cpu_to_le32(mtus[i]);
            g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
            cmd.params.mtu.mtu = cpu_to_le32(MYNIC_MIN_MTU - 1);
            g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==,
                             MYNIC_ERR_PARAM);
        }
        for (tags = 0; tags <= 2; tags++) {
            QMynicPacket p = { .ethertype = 0x88b5, .tags = tags,
                               .payload_len = mtus[i] };

            /* The marker of refuse() would be too long. */
            if (mtus[i] < 200) {
                deliver(data, &q, &p, &cqe);
                p.payload_len++;
                send_packet(data, &p);
                p.payload_len--;
            } else {
                deliver(data, &q, &p, &cqe);
                p.payload_len++;
                refuse(data, &q, &p);
                p.payload_len--;
            }
            dropped++;
            deliver(data, &q, &p, &cqe);
        }
        mynic_port_stats(d, &stats);
        g_assert_cmpuint(stats.rx_drop_too_long, ==, dropped);
    }
    mynic_rxq_destroy(&q);
}

static void test_vlan_strip(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 80, .tags = 1, .tci = { 0xe123, 7 } };
    QMynicPacket stripped = { .payload_len = 80 };
    struct mynic_rx_cqe cqe;
    QMynicRxq q;

    mynic_start(d, MYNIC_F_RX_VLAN);
    mynic_rxq_create(d, &q, 0, 2048);
    mynic_set_rx_filter(d, ALL);
    /* Negotiated, and not switched on. */
    deliver(data, &q, &p, &cqe);
    assert_plain(&cqe);

    mynic_set_offloads(d, MYNIC_OFFLOAD_RX_VLAN);
    send_packet(data, &p);
    expect_packet(&q, &stripped, &cqe);
    g_assert_cmphex(le16_to_cpu(cqe.vlan_tci), ==, 0xe123);
    g_assert_cmphex(le32_to_cpu(cqe.info) & ~MYNIC_CQE_PHASE, ==,
                    MYNIC_RX_VLAN);
    /* The outermost one only. */
    p.tags = 2;
    stripped.tags = 1;
    stripped.tci[0] = 7;
    send_packet(data, &p);
    expect_packet(&q, &stripped, &cqe);
    g_assert_cmphex(le16_to_cpu(cqe.vlan_tci), ==, 0xe123);
    /* Not one of a provider, nor what is behind that. */
    p.tpid[0] = 0x88a8;
    deliver(data, &q, &p, &cqe);
    assert_plain(&cqe);
    /* Without a tag there is none. */
    p.tags = 0;
    deliver(data, &q, &p, &cqe);
    assert_plain(&cqe);
    /* Off again. */
    mynic_set_offloads(d, 0);
    p.tags = 1;
    p.tpid[0] = 0;
    deliver(data, &q, &p, &cqe);
    assert_plain(&cqe);
    mynic_rxq_destroy(&q);
}

static void test_vlan_filter(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_VLAN_FILTER);
    uint8_t bitmap[MYNIC_VLAN_BITMAP_SIZE] = {};
    QMynicPacket p = { .payload_len = 80, .tags = 1 }, stripped = p;
    struct mynic_port_stats stats;
    struct mynic_rx_cqe cqe;
    QMynicRxq q;

    mynic_start(d, MYNIC_F_VLAN_FILTER | MYNIC_F_RX_VLAN);
    mynic_rxq_create(d, &q, 0, 2048);
    mynic_set_rx_filter(d, ALL);
    bitmap[100 / 8] |= 1 << 100 % 8;
    bitmap[511] |= 0x80;
    g_assert_cmpuint(mynic_admin_data(d, &cmd, bitmap, NULL, sizeof(bitmap)),
                     ==, MYNIC_OK);
    /* The map alone does nothing. */
    p.tci[0] = 101;
    deliver(data, &q, &p, &cqe);
    /* Promiscuous mode does not override it. */
    mynic_set_offloads(d, MYNIC_OFFLOAD_VLAN_FILTER);
    refuse(data, &q, &p);
    p.tci[0] = 100;
    deliver(data, &q, &p, &cqe);
    p.tci[0] = 0xf064;
    deliver(data, &q, &p, &cqe);
    p.tci[0] = 4095;
    deliver(data, &q, &p, &cqe);
    p.tci[0] = 0xe000;
    deliver(data, &q, &p, &cqe);
    p.tci[0] = 4094;
    refuse(data, &q, &p);
    p.tpid[0] = 0x88a8;
    deliver(data, &q, &p, &cqe);
    p.tpid[0] = 0;
    mynic_port_stats(d, &stats);
    g_assert_cmpuint(stats.rx_drop_filter, ==, 2);

    /* Together with stripping. */
    mynic_set_offloads(d, MYNIC_OFFLOAD_VLAN_FILTER | MYNIC_OFFLOAD_RX_VLAN);
    refuse(data, &q, &p);
    p.tci[0] = 100;
    stripped.tags = 0;
    send_packet(data, &p);
    expect_packet(&q, &stripped, &cqe);
    g_assert_cmpuint(le16_to_cpu(cqe.vlan_tci), ==, 100);
    mynic_rxq_destroy(&q);
}

static void test_csum(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 333, .sport = 9, .dport = 10 };
    unsigned int ipv6, udp, tags, good = 0, bad = 0;
    struct mynic_port_stats stats;
    struct mynic_rx_cqe cqe;
    QMynicRxq q;

    if (!(mynic_offer(d) & MYNIC_F_RX_CSUM)) {
        g_test_skip("this backend leaves RX_CSUM out");
        return;
    }
    mynic_start(d, MYNIC_F_RX_CSUM | MYNIC_F_RX_VLAN);
    mynic_rxq_create(d, &q, 0, 100);
    mynic_set_rx_filter(d, ALL);
    deliver(data, &q, &p, &cqe);
    assert_plain(&cqe);
    mynic_set_offloads(d, MYNIC_OFFLOAD_RX_CSUM);
    for (ipv6 = 0; ipv6 < 2; ipv6++) {
        for (udp = 0; udp < 2; udp++) {
            for (tags = 0; tags < 2; tags++) {
                p.ipv6 = ipv6;
                p.proto = udp ? QMYNIC_IP_UDP : QMYNIC_IP_TCP;
                p.tags = tags;
                p.csum = QMYNIC_CSUM_FULL;
                deliver(data, &q, &p, &cqe);
                g_assert_cmphex(cqe.hdr.flags, ==, MYNIC_HDR_F_DATA_VALID);
                good++;
                p.csum = QMYNIC_CSUM_BAD;
                deliver(data, &q, &p, &cqe);
                assert_plain(&cqe);
                bad++;
            }
        }
    }
    mynic_port_stats(d, &stats);
    g_assert_cmpuint(stats.rx_csum_good, ==, good);
    g_assert_cmpuint(stats.rx_csum_bad, ==, bad);

    /* Nothing to verify, nothing said. */
    p = (QMynicPacket){ .ethertype = 0x88b5, .payload_len = 100 };
    deliver(data, &q, &p, &cqe);
    assert_plain(&cqe);
    p = (QMynicPacket){ .fragment = true, .payload_len = 100 };
    deliver(data, &q, &p, &cqe);
    assert_plain(&cqe);
    p.ipv6 = true;
    deliver(data, &q, &p, &cqe);
    assert_plain(&cqe);
    mynic_rxq_destroy(&q);
}

static void test_link_down(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 100 };
    struct mynic_rx_cqe cqe;
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_rxq_create(d, &q, 0, 2048);
    mynic_set_rx_filter(d, ALL);
    deliver(data, &q, &p, &cqe);
    qtest_qmp_assert_success(d->qts, "{'execute': 'set_link', 'arguments': "
                             "{'name': 'hs0', 'up': false}}");
    send_packet(data, &p);
    mynic_sync(d);
    mynic_sync(d);
    g_assert_false(mynic_rx_poll(&q, &cqe));
    qtest_qmp_assert_success(d->qts, "{'execute': 'set_link', 'arguments': "
                             "{'name': 'hs0', 'up': true}}");
    p.payload_at = 1;
    deliver(data, &q, &p, &cqe);
    mynic_rxq_destroy(&q);
}

/* Shorter than an Ethernet header; QEMU may fill it up on the way. */
static void test_runt(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_port_stats stats;
    struct mynic_rx_cqe cqe;
    unsigned int len;
    QMynicRxq q;

    mynic_start(d, MYNIC_F_RX_VLAN);
    mynic_rxq_create(d, &q, 0, 2048);
    mynic_set_rx_filter(d, ALL);
    mynic_set_offloads(d, MYNIC_OFFLOAD_RX_VLAN);
    for (len = 1; len < 20; len++) {
        g_byte_array_set_size(frame, len);
        mynic_wire_send(data, frame);
    }
    MYNIC_WAIT_FOR((mynic_port_stats(d, &stats), stats.rx_packets) == 19);
    g_assert_cmpuint(stats.rx_drop_malformed == 13 ||
                     stats.rx_drop_malformed == 0, ==, 1);
    while (mynic_rx_poll(&q, &cqe)) {
        q.consumed++;
    }
    mynic_rx_fill(&q, q.consumed);
    mynic_rx_publish(&q);
    deliver(data, &q, &p, &cqe);
    mynic_rxq_destroy(&q);
}

static void test_stats(void *obj, void *data, QGuestAllocator *alloc)
{
    static const struct {
        size_t len;
        unsigned int class;
    } rows[] = {
        { 60, 0 }, { 61, 1 }, { 123, 1 }, { 124, 2 }, { 251, 2 }, { 252, 3 },
        { 507, 3 }, { 508, 4 }, { 1019, 4 }, { 1020, 5 }, { 1514, 5 },
        { 1515, 6 }, { 9000, 6 },
    };
    QMynic *d = obj;
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_MTU);
    QMynicPacket p = { .ethertype = 0x88b5 };
    uint64_t hist[MYNIC_STATS_HIST] = {}, bytes = 0;
    struct mynic_queue_stats qs;
    struct mynic_port_stats ps;
    struct mynic_rx_cqe cqe;
    unsigned int i;
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_rxq_create(d, &q, 0, 2048);
    mynic_set_rx_filter(d, ALL);
    cmd.params.mtu.mtu = cpu_to_le32(9000);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        p.payload_len = rows[i].len - 14;
        memset(p.dst, i % 3 == 2 ? 0xff : 0, 6);
        if (i % 3 == 1) {
            p.dst[0] = 1;
        }
        deliver(data, &q, &p, &cqe);
        hist[rows[i].class]++;
        bytes += rows[i].len;
    }
    mynic_port_stats(d, &ps);
    g_assert_cmpuint(ps.rx_packets, ==, 13);
    g_assert_cmpuint(ps.rx_bytes, ==, bytes);
    g_assert_cmpuint(ps.rx_unicast, ==, 5);
    g_assert_cmpuint(ps.rx_multicast, ==, 4);
    g_assert_cmpuint(ps.rx_broadcast, ==, 4);
    for (i = 0; i < MYNIC_STATS_HIST; i++) {
        g_assert_cmpuint(ps.rx_hist[i], ==, hist[i]);
    }
    mynic_queue_stats(d, MYNIC_STATS_RXQ, 0, &qs);
    g_assert_cmpuint(qs.packets, ==, 13);
    g_assert_cmpuint(qs.bytes, ==, bytes);
    /* One for the first buffers, one for each packet given back. */
    g_assert_cmpuint(qs.doorbells, ==, 14);
    mynic_rxq_destroy(&q);
    mynic_rxq_create(d, &q, 0, 2048);
    mynic_queue_stats(d, MYNIC_STATS_RXQ, 0, &qs);
    g_assert_cmpuint(qs.packets, ==, 0);
    mynic_rxq_destroy(&q);
}

static void register_tests(void)
{
    mynic_add_test("mynic-rx", "one", test_one, NULL);
    mynic_add_test("mynic-rx", "multi-buffer", test_multi_buffer, NULL);
    mynic_add_test("mynic-rx", "jumbo", test_jumbo, NULL);
    mynic_add_test("mynic-rx", "wrap", test_wrap, NULL);
    mynic_add_test("mynic-rx", "no-buffer", test_no_buffer, NULL);
    mynic_add_test("mynic-rx", "ring-too-small", test_ring_too_small, NULL);
    mynic_add_test("mynic-rx", "filter", test_filter, NULL);
    mynic_add_test("mynic-rx", "mtu", test_mtu, NULL);
    mynic_add_test("mynic-rx", "vlan-strip", test_vlan_strip, NULL);
    mynic_add_test("mynic-rx", "vlan-filter", test_vlan_filter, NULL);
    mynic_add_test("mynic-rx", "csum", test_csum, NULL);
    mynic_add_test("mynic-rx", "link-down", test_link_down, NULL);
    mynic_add_test("mynic-rx", "runt", test_runt, NULL);
    mynic_add_test("mynic-rx", "stats", test_stats, NULL);
}

libqos_init(register_tests);
