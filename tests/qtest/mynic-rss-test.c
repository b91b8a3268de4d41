/*
 * QTest of mynic: receive-side scaling, several queues, queue restart
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include <arpa/inet.h>
#include "libqtest.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"
#include "libqos/mynic-rss-vectors.h"

#define ADDRS (MYNIC_RSS_FIELD_SRC_ADDR | MYNIC_RSS_FIELD_DST_ADDR)
#define PORTS (MYNIC_RSS_FIELD_SRC_PORT | MYNIC_RSS_FIELD_DST_PORT)

static struct mynic_rss_config config(void)
{
    static const uint8_t key[] = QMYNIC_RSS_KEY;
    struct mynic_rss_config c = {
        .table_len = cpu_to_le16(128),
        .key_len = cpu_to_le16(MYNIC_RSS_KEY_SIZE),
        .function = MYNIC_RSS_TOEPLITZ,
    };
    unsigned int i;

    memcpy(c.key, key, sizeof(key));
    for (i = 0; i < MYNIC_FLOW_COUNT; i++) {
        c.fields[i] = ADDRS | PORTS;
    }
    c.fields[MYNIC_FLOW_IPV4] = c.fields[MYNIC_FLOW_IPV6] = ADDRS;
    for (i = 0; i < MYNIC_RSS_TABLE_SIZE; i++) {
        c.table[i] = cpu_to_le16(i % QMYNIC_QUEUES);
    }
    return c;
}

static void set_rss(QMynic *d, const struct mynic_rss_config *c,
                    enum mynic_status want)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_RSS);

    g_assert_cmpuint(mynic_admin_data(d, &cmd, c, NULL, sizeof(*c)), ==,
                     want);
}

static QMynicPacket flow(unsigned int i)
{
    const QMynicRssVector *v = &qmynic_rss_vectors[i];
    QMynicPacket p = { .sport = v->sport, .dport = v->dport,
                       .payload_len = 100 + i };
    int family = strchr(v->saddr, ':') ? AF_INET6 : AF_INET;

    p.ipv6 = family == AF_INET6;
    g_assert_cmpint(inet_pton(family, v->saddr, p.saddr), ==, 1);
    g_assert_cmpint(inet_pton(family, v->daddr, p.daddr), ==, 1);
    return p;
}

/* Sends @p, which must come to queue @id with @hash. */
static void check(QMynicRxq *q, QMynicWire *wire, const QMynicPacket *p,
                  unsigned int id, uint32_t hash, enum mynic_hash_type type)
{
    g_autoptr(GByteArray) frame = mynic_packet_build(p, NULL);
    struct mynic_rx_cqe cqe, other;
    unsigned int i;

    mynic_wire_send(wire, frame);
    mynic_rx_expect(&q[id], frame, &cqe);
    g_assert_cmphex(le32_to_cpu(cqe.hash), ==, hash);
    g_assert_cmpuint((le32_to_cpu(cqe.info) & MYNIC_RX_HASH_TYPE_MASK) >> 8,
                     ==, type);
    mynic_rx_fill(&q[id], 1);
    mynic_rx_publish(&q[id]);
    for (i = 0; i < QMYNIC_QUEUES; i++) {
        g_assert_false(mynic_rx_poll(&q[i], &other));
    }
}

static void start(QMynic *d, QMynicRxq *q, uint64_t features)
{
    unsigned int i;

    mynic_start(d, features);
    for (i = 0; i < QMYNIC_QUEUES; i++) {
        mynic_rxq_create(d, &q[i], i, 2048);
    }
    mynic_set_rx_filter(d, MYNIC_RX_FILTER_ENABLE);
}

static void stop(QMynicRxq *q)
{
    unsigned int i;

    for (i = 0; i < QMYNIC_QUEUES; i++) {
        mynic_rxq_destroy(&q[i]);
    }
}

static void test_vectors(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_rss_config c = config();
    QMynicRxq q[QMYNIC_QUEUES];
    unsigned int i;

    start(d, q, MYNIC_F_RSS | MYNIC_F_SHADOW);
    set_rss(d, &c, MYNIC_OK);
    for (i = 0; i < G_N_ELEMENTS(qmynic_rss_vectors); i++) {
        const QMynicRssVector *v = &qmynic_rss_vectors[i];
        QMynicPacket p = flow(i);
        unsigned int l4 = v->l4 % 128 % QMYNIC_QUEUES;
        unsigned int l3 = v->l3 % 128 % QMYNIC_QUEUES;

        /* Spread without the hash being asked for, and with it. */
        mynic_set_offloads(d, 0);
        check(q, data, &p, l4, 0, MYNIC_HASH_NONE);
        mynic_set_offloads(d, MYNIC_OFFLOAD_RX_HASH);
        check(q, data, &p, l4, v->l4, MYNIC_HASH_L4);
        p.proto = QMYNIC_IP_UDP;
        check(q, data, &p, l4, v->l4, MYNIC_HASH_L4);
        p.tags = 1;
        p.tci[0] = 5;
        check(q, data, &p, l4, v->l4, MYNIC_HASH_L4);
        p.fragment = true;
        check(q, data, &p, l3, v->l3, MYNIC_HASH_L3);
        p.fragment = false;
        p.proto = 1;
        check(q, data, &p, l3, v->l3, MYNIC_HASH_L3);
    }
    stop(q);
}

static void test_table(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_rss_config c = config();
    QMynicPacket p = flow(0), arp = { .ethertype = 0x0806, .payload_len = 50 };
    uint32_t hash = qmynic_rss_vectors[0].l4;
    QMynicRxq q[QMYNIC_QUEUES];
    unsigned int len;

    start(d, q, MYNIC_F_RSS);
    mynic_set_offloads(d, MYNIC_OFFLOAD_RX_HASH);
    /* The default: no hash, queue 0. */
    check(q, data, &p, 0, 0, MYNIC_HASH_NONE);

    for (len = 1; len <= (mynic_read(d, MYNIC_REG_RSS_LIMITS) & 0xffff);
         len *= 2) {
        memset(c.table, 0, sizeof(c.table));
        c.table_len = cpu_to_le16(len);
        c.table[hash % len] = cpu_to_le16(3);
        set_rss(d, &c, MYNIC_OK);
        check(q, data, &p, 3, hash, MYNIC_HASH_L4);
    }
    /* What has no hash goes to the queue of the first entry. */
    c.table[0] = cpu_to_le16(2);
    set_rss(d, &c, MYNIC_OK);
    check(q, data, &arp, 2, 0, MYNIC_HASH_NONE);
    c.fields[MYNIC_FLOW_TCPV4] = 0;
    set_rss(d, &c, MYNIC_OK);
    check(q, data, &p, 2, 0, MYNIC_HASH_NONE);
    c.fields[MYNIC_FLOW_TCPV4] = ADDRS;
    set_rss(d, &c, MYNIC_OK);
    check(q, data, &p, c.table[qmynic_rss_vectors[0].l3 %
                               le16_to_cpu(c.table_len)] ? 2 : 0,
          qmynic_rss_vectors[0].l3, MYNIC_HASH_L3);
    /* Refused, and therefore as before. */
    c.table[0] = cpu_to_le16(QMYNIC_QUEUES);
    set_rss(d, &c, MYNIC_ERR_ID);
    check(q, data, &arp, 2, 0, MYNIC_HASH_NONE);

    /* Without the feature there is neither. */
    stop(q);
    start(d, q, 0);
    check(q, data, &p, 0, 0, MYNIC_HASH_NONE);
    stop(q);
}

/* Another key gives another hash. */
static void test_key(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_rss_config c = config();
    QMynicPacket p = flow(1);
    QMynicRxq q[QMYNIC_QUEUES];

    start(d, q, MYNIC_F_RSS);
    mynic_set_offloads(d, MYNIC_OFFLOAD_RX_HASH);
    /* A key of zeros but for one bit picks one bit of the input. */
    memset(c.key, 0, sizeof(c.key));
    c.key[3] = 1;
    p.saddr[0] = 0x80;
    p.saddr[1] = p.saddr[2] = p.saddr[3] = 0;
    set_rss(d, &c, MYNIC_OK);
    check(q, data, &p, 1, 1, MYNIC_HASH_L4);
    p.saddr[0] = 0x01;
    check(q, data, &p, 0, 0x80, MYNIC_HASH_L4);
    stop(q);
}

static void test_no_queue(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_rss_config c = config();
    QMynicPacket p = flow(0);
    uint32_t hash = qmynic_rss_vectors[0].l4;
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    unsigned int id = hash % 128 % QMYNIC_QUEUES, round;
    struct mynic_port_stats stats;
    QMynicRxq q[QMYNIC_QUEUES];

    start(d, q, MYNIC_F_RSS);
    mynic_set_offloads(d, MYNIC_OFFLOAD_RX_HASH);
    set_rss(d, &c, MYNIC_OK);
    for (round = 1; round <= 3; round++) {
        QMynicPacket other = flow(2);
        unsigned int other_id = qmynic_rss_vectors[2].l4 % 128 %
                                QMYNIC_QUEUES;

        g_assert_cmpuint(id, !=, other_id);
        check(q, data, &p, id, hash, MYNIC_HASH_L4);
        mynic_rxq_destroy(&q[id]);
        mynic_wire_send(data, frame);
        MYNIC_WAIT_FOR((mynic_port_stats(d, &stats),
                        stats.rx_drop_no_queue) == round);
        /* The others run on. */
        {
            g_autoptr(GByteArray) b = mynic_packet_build(&other, NULL);

            mynic_wire_send(data, b);
            mynic_rx_expect(&q[other_id], b, NULL);
            mynic_rx_fill(&q[other_id], 1);
            mynic_rx_publish(&q[other_id]);
        }
        /* It starts anew, with indices of 0. */
        mynic_rxq_create(d, &q[id], id, 2048);
        check(q, data, &p, id, hash, MYNIC_HASH_L4);
        check(q, data, &other, other_id, qmynic_rss_vectors[2].l4,
              MYNIC_HASH_L4);
    }
    stop(q);
}

/* One queue lacks buffers; what is meant for another comes when it can. */
static void test_starved_queue(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_rss_config c = config();
    QMynicPacket p = flow(0), other = flow(2);
    unsigned int id = qmynic_rss_vectors[0].l4 % 128 % QMYNIC_QUEUES, i;
    unsigned int other_id = qmynic_rss_vectors[2].l4 % 128 % QMYNIC_QUEUES;
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    g_autoptr(GByteArray) other_frame = mynic_packet_build(&other, NULL);
    QMynicRxq q[QMYNIC_QUEUES];

    start(d, q, MYNIC_F_RSS | MYNIC_F_SHADOW);
    set_rss(d, &c, MYNIC_OK);
    for (i = 0; i < 1u << q[id].log2; i++) {
        mynic_wire_send(data, frame);
        mynic_rx_expect(&q[id], frame, NULL);
    }
    mynic_wire_send(data, frame);
    mynic_wire_send(data, other_frame);
    mynic_sync(d);
    mynic_sync(d);
    mynic_rx_fill(&q[id], 1u << q[id].log2);
    g_assert_true(mynic_rx_publish(&q[id]));
    mynic_rx_expect(&q[id], frame, NULL);
    mynic_rx_expect(&q[other_id], other_frame, NULL);
    stop(q);
}

static void register_tests(void)
{
    mynic_add_test("mynic-rss", "vectors", test_vectors, NULL);
    mynic_add_test("mynic-rss", "table", test_table, NULL);
    mynic_add_test("mynic-rss", "key", test_key, NULL);
    mynic_add_test("mynic-rss", "no-queue", test_no_queue, NULL);
    mynic_add_test("mynic-rss", "starved-queue", test_starved_queue, NULL);
}

libqos_init(register_tests);
