/*
 * Unit tests: receive-side scaling of mynic
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include <arpa/inet.h>
#include "mynic_rss.h"
#include "mynic-packet.h"
#include "mynic-rss-vectors.h"

#define ADDRS (MYNIC_RSS_FIELD_SRC_ADDR | MYNIC_RSS_FIELD_DST_ADDR)
#define PORTS (MYNIC_RSS_FIELD_SRC_PORT | MYNIC_RSS_FIELD_DST_PORT)
#define QUEUES 4

static struct mynic_rss_config config(void)
{
    static const uint8_t key[] = QMYNIC_RSS_KEY;
    struct mynic_rss_config c = {
        .table_len = cpu_to_le16(128),
        .key_len = cpu_to_le16(MYNIC_RSS_KEY_SIZE),
        .function = MYNIC_RSS_TOEPLITZ,
    };
    guint i;

    for (i = 0; i < MYNIC_FLOW_COUNT; i++) {
        c.fields[i] = ADDRS | PORTS;
    }
    c.fields[MYNIC_FLOW_IPV4] = ADDRS;
    c.fields[MYNIC_FLOW_IPV6] = ADDRS;
    memcpy(c.key, key, sizeof(key));
    for (i = 0; i < MYNIC_RSS_TABLE_SIZE; i++) {
        c.table[i] = cpu_to_le16(i % 3 + 1);
    }
    return c;
}

static size_t config_len(guint entries)
{
    return offsetof(struct mynic_rss_config, table) + 2 * entries;
}

static MynicRss ready(void)
{
    struct mynic_rss_config c = config();
    MynicRss rss;

    mynic_rss_reset(&rss);
    g_assert_cmpint(mynic_rss_set(&rss, &c, config_len(128), QUEUES),
                    ==, MYNIC_OK);
    return rss;
}

static MynicRssResult classify(const MynicRss *rss, const GByteArray *b)
{
    MynicRssResult first = {}, r;
    size_t i;

    /* However the frame lies in memory. */
    for (i = 0; i <= b->len; i++) {
        g_autofree uint8_t *head = g_memdup2(b->data, i);
        g_autofree uint8_t *tail = g_memdup2(b->data + i, b->len - i);
        struct iovec iov[] = { { head, i }, { tail, b->len - i } };
        MynicFlow flow;

        mynic_flow_parse(&flow, iov, 2);
        mynic_rss_classify(rss, &flow, &r);
        if (!i) {
            first = r;
        }
        g_assert_cmphex(r.hash, ==, first.hash);
        g_assert_cmpint(r.type, ==, first.type);
        g_assert_cmpint(r.queue, ==, first.queue);
    }
    return first;
}

static MynicRssResult classify_packet(const MynicRss *rss,
                                      const QMynicPacket *p)
{
    g_autoptr(GByteArray) b = mynic_packet_build(p, NULL);

    return classify(rss, b);
}

static QMynicPacket vector_packet(const QMynicRssVector *v)
{
    QMynicPacket p = { .sport = v->sport, .dport = v->dport,
                       .payload_len = 4 };
    int family = strchr(v->saddr, ':') ? AF_INET6 : AF_INET;

    p.ipv6 = family == AF_INET6;
    g_assert_cmpint(inet_pton(family, v->saddr, p.saddr), ==, 1);
    g_assert_cmpint(inet_pton(family, v->daddr, p.daddr), ==, 1);
    return p;
}

static void expect(const MynicRss *rss, const QMynicPacket *p,
                   uint32_t hash, enum mynic_hash_type type)
{
    MynicRssResult r = classify_packet(rss, p);

    g_assert_cmphex(r.hash, ==, hash);
    g_assert_cmpint(r.type, ==, type);
    if (type == MYNIC_HASH_NONE) {
        g_assert_cmpint(r.queue, ==, rss->table[0]);
    } else {
        g_assert_cmpint(r.queue, ==, hash % 128 % 3 + 1);
    }
}

static void test_vectors(void)
{
    static const uint8_t protos[] = {
        QMYNIC_IP_TCP, QMYNIC_IP_UDP, QMYNIC_IP_SCTP
    };
    MynicRss rss = ready();
    guint i, j;

    for (i = 0; i < G_N_ELEMENTS(qmynic_rss_vectors); i++) {
        const QMynicRssVector *v = &qmynic_rss_vectors[i];
        QMynicPacket p = vector_packet(v);

        for (j = 0; j < G_N_ELEMENTS(protos); j++) {
            p.proto = protos[j];
            expect(&rss, &p, v->l4, MYNIC_HASH_L4);
            p.tags = 1;
            p.tci[0] = 0xe123;
            expect(&rss, &p, v->l4, MYNIC_HASH_L4);
            p.tpid[0] = 0x88a8;
            p.tags = 2;
            expect(&rss, &p, v->l4, MYNIC_HASH_L4);
            p.tpid[0] = 0x8100;
            expect(&rss, &p, v->l4, MYNIC_HASH_L4);
            p.tags = 0;

            p.ip_options = 12;
            p.ip6_hop_by_hop = 16;
            expect(&rss, &p, v->l4, MYNIC_HASH_L4);
            p.fragment = true;
            expect(&rss, &p, v->l3, MYNIC_HASH_L3);
            p.ip_options = p.ip6_hop_by_hop = 0;
            expect(&rss, &p, v->l3, MYNIC_HASH_L3);
            p.fragment = false;
        }
        p.proto = 1;
        expect(&rss, &p, v->l3, MYNIC_HASH_L3);
    }
}

/* A class is hashed over what was chosen for it, in the order of the spec. */
static void test_fields(void)
{
    QMynicPacket p = vector_packet(&qmynic_rss_vectors[0]);
    MynicRss rss = ready();
    uint32_t src, dst, sport;

    rss.fields[MYNIC_FLOW_TCPV4] = 0;
    expect(&rss, &p, 0, MYNIC_HASH_NONE);
    p.proto = QMYNIC_IP_UDP;
    expect(&rss, &p, qmynic_rss_vectors[0].l4, MYNIC_HASH_L4);
    rss.fields[MYNIC_FLOW_UDPV4] = ADDRS;
    expect(&rss, &p, qmynic_rss_vectors[0].l3, MYNIC_HASH_L3);

    /* One field alone starts at the first bit of the key. */
    rss.fields[MYNIC_FLOW_UDPV4] = MYNIC_RSS_FIELD_SRC_ADDR;
    src = classify_packet(&rss, &p).hash;
    memcpy(p.daddr, p.saddr, 4);
    rss.fields[MYNIC_FLOW_UDPV4] = MYNIC_RSS_FIELD_DST_ADDR;
    dst = classify_packet(&rss, &p).hash;
    g_assert_cmphex(src, ==, dst);

    rss.fields[MYNIC_FLOW_UDPV4] = MYNIC_RSS_FIELD_SRC_PORT;
    g_assert_cmpint(classify_packet(&rss, &p).type, ==, MYNIC_HASH_L4);
    sport = classify_packet(&rss, &p).hash;
    p.dport = p.sport;
    rss.fields[MYNIC_FLOW_UDPV4] = MYNIC_RSS_FIELD_DST_PORT;
    g_assert_cmphex(classify_packet(&rss, &p).hash, ==, sport);
}

/*
 * The hash as the data sheet has it: the key goes on with its beginning where
 * the input is longer than it.
 */
static uint32_t toeplitz(const uint8_t *in, guint len)
{
    static const uint8_t key[] = QMYNIC_RSS_KEY;
    uint32_t hash = 0, window;
    guint bit, i;

    for (bit = 0; bit < 8 * len; bit++) {
        if (!(in[bit / 8] >> (7 - bit % 8) & 1)) {
            continue;
        }
        window = 0;
        for (i = bit; i < bit + 32; i++) {
            guint at = i % (8 * sizeof(key));

            window = window << 1 | (key[at / 8] >> (7 - at % 8) & 1);
        }
        hash ^= window;
    }
    return hash;
}

static void test_flow_label(void)
{
    QMynicPacket p = { .ipv6 = true, .sport = 0x1234, .dport = 0x5678,
                       .flow_label = 0xabcde, .tos = 0xff, .payload_len = 4 };
    MynicRss rss = ready();
    uint8_t in[40];

    memset(p.saddr, 0x5a, 16);
    memset(p.daddr, 0xc3, 16);
    memcpy(in, p.saddr, 16);
    memcpy(in + 16, p.daddr, 16);
    stw_be_p(in + 32, p.sport);
    stw_be_p(in + 34, p.dport);
    stl_be_p(in + 36, p.flow_label);

    expect(&rss, &p, toeplitz(in, 36), MYNIC_HASH_L4);
    rss.fields[MYNIC_FLOW_TCPV6] |= MYNIC_RSS_FIELD_FLOW_LABEL;
    expect(&rss, &p, toeplitz(in, 40), MYNIC_HASH_L4);
    rss.fields[MYNIC_FLOW_TCPV6] = MYNIC_RSS_FIELD_FLOW_LABEL;
    expect(&rss, &p, toeplitz(in + 36, 4), MYNIC_HASH_L3);
    p.ip6_hop_by_hop = 8;
    expect(&rss, &p, toeplitz(in + 36, 4), MYNIC_HASH_L3);
}

/* As of a packet that has in both places what becomes of the two. */
static void test_symmetric(void)
{
    guint i, k;

    for (i = 0; i < G_N_ELEMENTS(qmynic_rss_vectors); i++) {
        QMynicPacket p = vector_packet(&qmynic_rss_vectors[i]), swapped = p;
        QMynicPacket xor = p, or_xor = p;
        uint32_t want_xor, want_or_xor;
        MynicRss rss = ready();

        memcpy(swapped.saddr, p.daddr, 16);
        memcpy(swapped.daddr, p.saddr, 16);
        swapped.sport = p.dport;
        swapped.dport = p.sport;
        for (k = 0; k < 16; k++) {
            xor.saddr[k] = xor.daddr[k] = p.saddr[k] ^ p.daddr[k];
            or_xor.saddr[k] = p.saddr[k] | p.daddr[k];
            or_xor.daddr[k] = p.saddr[k] ^ p.daddr[k];
        }
        xor.sport = xor.dport = p.sport ^ p.dport;
        or_xor.sport = p.sport | p.dport;
        or_xor.dport = p.sport ^ p.dport;

        g_assert_cmphex(classify_packet(&rss, &p).hash, !=,
                        classify_packet(&rss, &swapped).hash);
        want_xor = classify_packet(&rss, &xor).hash;
        want_or_xor = classify_packet(&rss, &or_xor).hash;

        rss.xfrm = MYNIC_RSS_XFRM_SYM_XOR;
        expect(&rss, &p, want_xor, MYNIC_HASH_L4);
        expect(&rss, &swapped, want_xor, MYNIC_HASH_L4);
        rss.xfrm = MYNIC_RSS_XFRM_SYM_OR_XOR;
        expect(&rss, &p, want_or_xor, MYNIC_HASH_L4);
        expect(&rss, &swapped, want_or_xor, MYNIC_HASH_L4);
    }
}

static void test_not_ip(void)
{
    QMynicPacket p = { .ethertype = 0x0806, .payload_len = 46 };
    MynicRss rss = ready();
    g_autoptr(GByteArray) b = NULL;
    QMynicLayout lay;
    guint len;

    expect(&rss, &p, 0, MYNIC_HASH_NONE);
    /* It says IP and is none: wrong version, header too short. */
    p.ethertype = 0x0800;
    expect(&rss, &p, 0, MYNIC_HASH_NONE);
    p.ethertype = 0;
    b = mynic_packet_build(&p, &lay);
    b->data[lay.l3] = 0x44;
    g_assert_cmpint(classify(&rss, b).type, ==, MYNIC_HASH_NONE);

    /* Cut off anywhere: no hash, or that of the addresses. */
    for (p.ipv6 = 0; p.ipv6 <= 1; p.ipv6++) {
        p.ip6_hop_by_hop = 16;
        p.tags = 2;
        for (len = 0; ; len++) {
            g_autoptr(GByteArray) c = mynic_packet_build(&p, &lay);
            MynicRssResult r;

            if (len > lay.l4 + 4) {
                break;
            }
            g_byte_array_set_size(c, len);
            r = classify(&rss, c);
            if (len < lay.l4) {
                g_assert_cmpint(r.type, !=, MYNIC_HASH_L4);
            }
            if (len < lay.l3 + (p.ipv6 ? 40 : 20)) {
                g_assert_cmpint(r.type, ==, MYNIC_HASH_NONE);
                g_assert_cmpint(r.queue, ==, 1);
            }
        }
    }
}

static void test_reset(void)
{
    QMynicPacket p = { .payload_len = 4 };
    MynicRss rss = ready();
    MynicRssResult r;

    mynic_rss_reset(&rss);
    g_assert_true(mynic_rss_valid(&rss, 1));
    r = classify_packet(&rss, &p);
    g_assert_cmpint(r.type, ==, MYNIC_HASH_NONE);
    g_assert_cmpint(r.queue, ==, 0);
}

static void test_set(void)
{
    struct mynic_rss_config c;
    MynicRss rss = ready(), before = rss;
    guint i;

#define REFUSE(len, status, change)                                         \
    do {                                                                    \
        c = config();                                                       \
        change;                                                             \
        g_assert_cmpint(mynic_rss_set(&rss, &c, len, QUEUES), ==, status);  \
        g_assert_cmpmem(&rss, sizeof(rss), &before, sizeof(before));        \
    } while (0)

    REFUSE(0, MYNIC_ERR_LENGTH, (void)0);
    REFUSE(config_len(0) - 1, MYNIC_ERR_LENGTH, (void)0);
    REFUSE(config_len(127), MYNIC_ERR_LENGTH, (void)0);
    REFUSE(config_len(128) - 1, MYNIC_ERR_LENGTH, (void)0);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.table_len = 0);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.table_len = cpu_to_le16(96));
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.table_len = cpu_to_le16(1024));
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.key_len = cpu_to_le16(39));
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.key_len = cpu_to_le16(52));
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.function = 0);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.function = 2);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.reserved[1] = 1);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.xfrm = 3);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.xfrm = MYNIC_RSS_XFRM_SYM_XOR;
           c.fields[MYNIC_FLOW_UDPV4] = ADDRS | MYNIC_RSS_FIELD_SRC_PORT);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.xfrm = MYNIC_RSS_XFRM_SYM_OR_XOR;
           c.fields[MYNIC_FLOW_IPV6] = MYNIC_RSS_FIELD_DST_ADDR);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.xfrm = MYNIC_RSS_XFRM_SYM_XOR;
           c.fields[MYNIC_FLOW_UDPV6] = MYNIC_RSS_FIELD_FLOW_LABEL);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.fields[MYNIC_FLOW_TCPV6] = 0x20);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.fields[MYNIC_FLOW_TCPV4] = 0x10);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.fields[MYNIC_FLOW_IPV4] = PORTS);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.fields[MYNIC_FLOW_IPV6] = PORTS);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.fields[MYNIC_FLOW_COUNT] = ADDRS);
    REFUSE(sizeof(c), MYNIC_ERR_PARAM, c.fields[15] = ADDRS);
    REFUSE(sizeof(c), MYNIC_ERR_ID, c.table[127] = cpu_to_le16(QUEUES));
    REFUSE(sizeof(c), MYNIC_ERR_ID, c.table[0] = cpu_to_le16(0xffff));
#undef REFUSE

    c = config();
    g_assert_cmphex(mynic_rss_needs(&c), ==, 0);
    c.fields[MYNIC_FLOW_UDPV6] = MYNIC_RSS_FIELD_FLOW_LABEL;
    g_assert_cmphex(mynic_rss_needs(&c), ==, MYNIC_F_RSS_FLOW_LABEL);
    g_assert_cmpint(mynic_rss_set(&rss, &c, sizeof(c), QUEUES), ==, MYNIC_OK);
    c = config();
    c.xfrm = MYNIC_RSS_XFRM_SYM_XOR;
    g_assert_cmphex(mynic_rss_needs(&c), ==, MYNIC_F_RSS_SYMMETRIC);
    g_assert_cmpint(mynic_rss_set(&rss, &c, sizeof(c), QUEUES), ==, MYNIC_OK);
    g_assert_true(mynic_rss_valid(&rss, QUEUES));
    rss.fields[MYNIC_FLOW_TCPV4] = MYNIC_RSS_FIELD_SRC_ADDR;
    g_assert_false(mynic_rss_valid(&rss, QUEUES));

    /* Entries that are not in use are nobody's business. */
    c = config();
    c.table[128] = cpu_to_le16(0xffff);
    g_assert_cmpint(mynic_rss_set(&rss, &c, sizeof(c), QUEUES), ==, MYNIC_OK);
    for (i = 1; i <= MYNIC_RSS_TABLE_SIZE; i *= 2) {
        c = config();
        c.table_len = cpu_to_le16(i);
        g_assert_cmpint(mynic_rss_set(&rss, &c, config_len(i), QUEUES),
                        ==, MYNIC_OK);
        g_assert_cmpint(rss.table_len, ==, i);
        g_assert_true(mynic_rss_valid(&rss, QUEUES));
    }
    g_assert_false(mynic_rss_valid(&rss, QUEUES - 1));
    rss.table_len = 3;
    g_assert_false(mynic_rss_valid(&rss, QUEUES));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mynic/rss/vectors", test_vectors);
    g_test_add_func("/mynic/rss/fields", test_fields);
    g_test_add_func("/mynic/rss/flow-label", test_flow_label);
    g_test_add_func("/mynic/rss/symmetric", test_symmetric);
    g_test_add_func("/mynic/rss/not-ip", test_not_ip);
    g_test_add_func("/mynic/rss/reset", test_reset);
    g_test_add_func("/mynic/rss/set", test_set);
    return g_test_run();
}
