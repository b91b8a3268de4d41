/*
 * QTest of mynic: flow rules, RSS contexts, symmetric hash, flow label
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "libqtest.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"
#include "libqos/mynic-rss-vectors.h"

#define ADDRS (MYNIC_RSS_FIELD_SRC_ADDR | MYNIC_RSS_FIELD_DST_ADDR)
#define PORTS (MYNIC_RSS_FIELD_SRC_PORT | MYNIC_RSS_FIELD_DST_PORT)
#define FEATURES \
    (MYNIC_F_RSS | MYNIC_F_FLOW_RULES | MYNIC_F_RSS_SYMMETRIC | \
     MYNIC_F_RSS_FLOW_LABEL)
#define ALL_CLASSES (MYNIC_RULE_NO_IP | ((1 << MYNIC_FLOW_COUNT) - 1))

/* A context that hashes all there is and sends everything to one queue. */
static struct mynic_rss_config config(unsigned int queue)
{
    static const uint8_t key[] = QMYNIC_RSS_KEY;
    struct mynic_rss_config c = {
        .table_len = cpu_to_le16(1),
        .key_len = cpu_to_le16(MYNIC_RSS_KEY_SIZE),
        .function = MYNIC_RSS_TOEPLITZ,
        .table[0] = cpu_to_le16(queue),
    };
    unsigned int i;

    memcpy(c.key, key, sizeof(key));
    for (i = 0; i < MYNIC_FLOW_COUNT; i++) {
        c.fields[i] = ADDRS | PORTS;
    }
    c.fields[MYNIC_FLOW_IPV4] = c.fields[MYNIC_FLOW_IPV6] = ADDRS;
    return c;
}

static unsigned int set_rss(QMynic *d, unsigned int context,
                            const struct mynic_rss_config *c)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_RSS);

    cmd.params.rss.context = cpu_to_le16(context);
    return mynic_admin_data(d, &cmd, c, NULL, sizeof(*c));
}

static unsigned int delete_rss(QMynic *d, unsigned int context)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_DELETE_RSS);

    cmd.params.rss.context = cpu_to_le16(context);
    return mynic_admin(d, &cmd, NULL);
}

static unsigned int try_rule(QMynic *d, unsigned int location,
                             const struct mynic_flow_rule *rule, uint32_t len)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_RULE);

    cmd.params.rule.location = cpu_to_le16(location);
    return mynic_admin_data(d, &cmd, rule, NULL, len);
}

static unsigned int delete_rule(QMynic *d, unsigned int location)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_DELETE_RULE);

    cmd.params.rule.location = cpu_to_le16(location);
    return mynic_admin(d, &cmd, NULL);
}

static struct mynic_flow_rule to_queue(unsigned int queue, uint16_t classes)
{
    return (struct mynic_flow_rule) {
        .classes = cpu_to_le16(classes),
        .action = MYNIC_RULE_QUEUE,
        .queue = cpu_to_le16(queue),
    };
}

static struct mynic_flow_rule to_context(unsigned int context,
                                         uint16_t classes)
{
    return (struct mynic_flow_rule) {
        .classes = cpu_to_le16(classes),
        .action = MYNIC_RULE_RSS,
        .context = cpu_to_le16(context),
    };
}

static unsigned int num_rules(QMynic *d)
{
    return mynic_read(d, MYNIC_REG_RULE_LIMITS) & MYNIC_RULE_LIMITS_RULES_MASK;
}

static unsigned int num_contexts(QMynic *d)
{
    return mynic_read(d, MYNIC_REG_RSS_LIMITS) >> 24;
}

static void start(QMynic *d, QMynicRxq *q, uint64_t features)
{
    unsigned int i;

    mynic_start(d, features);
    for (i = 0; i < QMYNIC_QUEUES; i++) {
        mynic_rxq_create(d, &q[i], i, 2048);
    }
    mynic_set_rx_filter(d, MYNIC_RX_FILTER_ENABLE);
    if (features & MYNIC_F_RSS) {
        mynic_set_offloads(d, MYNIC_OFFLOAD_RX_HASH);
    }
}

static void stop(QMynicRxq *q)
{
    unsigned int i;

    for (i = 0; i < QMYNIC_QUEUES; i++) {
        mynic_rxq_destroy(&q[i]);
    }
}

/* Sends @p, which must come to queue @id and to no other. Returns its hash. */
static uint32_t check(QMynicRxq *q, QMynicWire *wire, const QMynicPacket *p,
                      unsigned int id)
{
    g_autoptr(GByteArray) frame = mynic_packet_build(p, NULL);
    struct mynic_rx_cqe cqe, other;
    unsigned int i;

    mynic_wire_send(wire, frame);
    mynic_rx_expect(&q[id], frame, &cqe);
    mynic_rx_fill(&q[id], 1);
    mynic_rx_publish(&q[id]);
    for (i = 0; i < QMYNIC_QUEUES; i++) {
        g_assert_false(mynic_rx_poll(&q[i], &other));
    }
    return le32_to_cpu(cqe.hash);
}

static void test_set_rule(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_flow_rule r;
    struct mynic_admin_cmd cmd;
    unsigned int i;

    mynic_start(d, FEATURES);
    g_assert_cmpuint(num_rules(d), >=, 256);
#define EXPECT(status, change)                                          \
    do {                                                                \
        r = to_queue(1, 2);                                             \
        change;                                                         \
        g_assert_cmpuint(try_rule(d, 0, &r, sizeof(r)), ==, status);    \
    } while (0)

    EXPECT(MYNIC_OK, (void)0);
    EXPECT(MYNIC_OK, r.queue = cpu_to_le16(QMYNIC_QUEUES - 1));
    EXPECT(MYNIC_OK, r.action = MYNIC_RULE_DROP; r.queue = 0);
    EXPECT(MYNIC_OK, r.action = MYNIC_RULE_RSS);
    EXPECT(MYNIC_OK, r.classes = cpu_to_le16(ALL_CLASSES));
    EXPECT(MYNIC_ERR_ID, r.queue = cpu_to_le16(QMYNIC_QUEUES));
    EXPECT(MYNIC_ERR_ID, r.action = MYNIC_RULE_RSS;
           r.context = cpu_to_le16(num_contexts(d)));
    EXPECT(MYNIC_ERR_NOT_FOUND, r.action = MYNIC_RULE_RSS;
           r.context = cpu_to_le16(1));
    EXPECT(MYNIC_ERR_PARAM, r.classes = 0);
    EXPECT(MYNIC_ERR_PARAM, r.classes = cpu_to_le16(MYNIC_BIT(14)));
    EXPECT(MYNIC_ERR_PARAM, r.action = 3);
    EXPECT(MYNIC_ERR_PARAM, r.reserved = 1);
    EXPECT(MYNIC_ERR_PARAM, r.context = cpu_to_le16(1));
    EXPECT(MYNIC_ERR_PARAM, r.action = MYNIC_RULE_DROP);
    EXPECT(MYNIC_ERR_PARAM, r.value.src_mac[5] = 1);
#undef EXPECT

    r = to_queue(1, 2);
    g_assert_cmpuint(try_rule(d, 0, &r, sizeof(r) - 1), ==, MYNIC_ERR_LENGTH);
    g_assert_cmpuint(try_rule(d, num_rules(d), &r, sizeof(r)), ==,
                     MYNIC_ERR_ID);
    g_assert_cmpuint(delete_rule(d, num_rules(d)), ==, MYNIC_ERR_ID);
    g_assert_cmpuint(delete_rule(d, 1), ==, MYNIC_ERR_NOT_FOUND);
    g_assert_cmpuint(delete_rule(d, 0), ==, MYNIC_OK);
    g_assert_cmpuint(delete_rule(d, 0), ==, MYNIC_ERR_NOT_FOUND);

    /* All of them. */
    for (i = 0; i < num_rules(d); i++) {
        mynic_set_rule(d, i, &r);
    }
    cmd = mynic_cmd(MYNIC_ADMIN_SET_RULE);
    cmd.params.rule.reserved[18] = 1;
    g_assert_cmpuint(mynic_admin_data(d, &cmd, &r, NULL, sizeof(r)), ==,
                     MYNIC_ERR_PARAM);
    cmd.data = cpu_to_le64(QMYNIC_NOWHERE);
    cmd.params.rule.reserved[18] = 0;
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_ERR_DMA);
    cmd = mynic_cmd(MYNIC_ADMIN_DELETE_RULE);
    cmd.params.rule.reserved[0] = 1;
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_ERR_PARAM);

    /* What was not negotiated is not there. */
    mynic_start(d, FEATURES & ~MYNIC_F_FLOW_RULES);
    g_assert_cmpuint(try_rule(d, 0, &r, sizeof(r)), ==, MYNIC_ERR_FEATURE);
    g_assert_cmpuint(delete_rule(d, 0), ==, MYNIC_ERR_FEATURE);
    mynic_start(d, MYNIC_F_FLOW_RULES);
    g_assert_cmpuint(try_rule(d, 0, &r, sizeof(r)), ==, MYNIC_OK);
    r = to_context(0, 2);
    g_assert_cmpuint(try_rule(d, 0, &r, sizeof(r)), ==, MYNIC_ERR_FEATURE);
}

static void test_contexts(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int n = num_contexts(d), i;
    struct mynic_rss_config c = config(0);
    struct mynic_flow_rule r;

    g_assert_cmpuint(n, >=, 16);
    mynic_start(d, FEATURES);
    g_assert_cmpuint(delete_rss(d, 0), ==, MYNIC_ERR_PARAM);
    g_assert_cmpuint(delete_rss(d, 1), ==, MYNIC_ERR_NOT_FOUND);
    g_assert_cmpuint(delete_rss(d, n), ==, MYNIC_ERR_ID);
    for (i = 0; i < n; i++) {
        g_assert_cmpuint(set_rss(d, i, &c), ==, MYNIC_OK);
    }
    r = to_context(n - 1, 2);
    mynic_set_rule(d, 3, &r);
    g_assert_cmpuint(delete_rss(d, n - 1), ==, MYNIC_ERR_BUSY);
    g_assert_cmpuint(delete_rss(d, n - 2), ==, MYNIC_OK);
    g_assert_cmpuint(delete_rss(d, n - 2), ==, MYNIC_ERR_NOT_FOUND);
    g_assert_cmpuint(delete_rule(d, 3), ==, MYNIC_OK);
    g_assert_cmpuint(delete_rss(d, n - 1), ==, MYNIC_OK);

    c.xfrm = MYNIC_RSS_XFRM_SYM_OR_XOR;
    g_assert_cmpuint(set_rss(d, 1, &c), ==, MYNIC_OK);
    c.xfrm++;
    g_assert_cmpuint(set_rss(d, 1, &c), ==, MYNIC_ERR_PARAM);
    c = config(0);
    c.fields[MYNIC_FLOW_TCPV6] |= MYNIC_RSS_FIELD_FLOW_LABEL;
    g_assert_cmpuint(set_rss(d, 1, &c), ==, MYNIC_OK);
    c.xfrm = MYNIC_RSS_XFRM_SYM_XOR;
    g_assert_cmpuint(set_rss(d, 1, &c), ==, MYNIC_ERR_PARAM);

    mynic_start(d, MYNIC_F_RSS);
    c = config(0);
    c.xfrm = MYNIC_RSS_XFRM_SYM_XOR;
    g_assert_cmpuint(set_rss(d, 1, &c), ==, MYNIC_ERR_FEATURE);
    c = config(0);
    c.fields[MYNIC_FLOW_TCPV6] |= MYNIC_RSS_FIELD_FLOW_LABEL;
    g_assert_cmpuint(set_rss(d, 1, &c), ==, MYNIC_ERR_FEATURE);
    mynic_start(d, MYNIC_F_FLOW_RULES);
    g_assert_cmpuint(delete_rss(d, 1), ==, MYNIC_ERR_FEATURE);
}

/* Packets by class and field, the first rule that matches, hits. */
static void test_match(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket tcp = { .dport = 80, .payload_len = 60 };
    QMynicPacket udp = { .dport = 80, .proto = QMYNIC_IP_UDP,
                         .payload_len = 60 };
    QMynicPacket arp = { .ethertype = 0x0806, .payload_len = 60 };
    struct mynic_rss_config c = config(0);
    struct mynic_flow_rule r;
    QMynicRxq q[QMYNIC_QUEUES];
    uint32_t hash;

    start(d, q, FEATURES);
    g_assert_cmpuint(set_rss(d, 0, &c), ==, MYNIC_OK);
    hash = check(q, data, &tcp, 0);
    r = to_queue(1, 1 << MYNIC_FLOW_TCPV4);
    memset(&r.mask.l4[2], 0xff, 2);
    r.value.l4[3] = 80;
    mynic_set_rule(d, 10, &r);
    /* The hash is that of context 0 still. */
    g_assert_cmphex(check(q, data, &tcp, 1), ==, hash);
    check(q, data, &udp, 0);
    tcp.dport = 81;
    check(q, data, &tcp, 0);
    /* 80 and 81. */
    r.mask.l4[3] = 0xfe;
    mynic_set_rule(d, 10, &r);
    check(q, data, &tcp, 1);
    g_assert_cmpuint(mynic_rule_packets(d, 10), ==, 1);
    tcp.fragment = true;
    check(q, data, &tcp, 0);
    tcp.fragment = false;

    r = to_queue(2, ALL_CLASSES);
    mynic_set_rule(d, 11, &r);
    check(q, data, &tcp, 1);
    check(q, data, &udp, 2);
    check(q, data, &arp, 2);
    mynic_set_rule(d, 9, &r);
    check(q, data, &tcp, 2);
    g_assert_cmpuint(mynic_rule_packets(d, 9), ==, 1);
    g_assert_cmpuint(mynic_rule_packets(d, 10), ==, 2);
    g_assert_cmpuint(mynic_rule_packets(d, 11), ==, 2);

    /* Tagged or not, by the tag. */
    r = to_queue(3, ALL_CLASSES);
    memset(r.mask.vlan_tci, 0xff, 2);
    r.mask.vlan_tci[0] = 0x0f;
    r.value.vlan_tci[1] = 5;
    mynic_set_rule(d, 0, &r);
    tcp.tags = 1;
    tcp.tci[0] = 0xa005;
    check(q, data, &tcp, 3);
    tcp.tci[0] = 0xa006;
    check(q, data, &tcp, 2);

    /* Also without RSS. */
    stop(q);
    start(d, q, MYNIC_F_FLOW_RULES);
    r = to_queue(3, 1 << MYNIC_FLOW_TCPV4);
    mynic_set_rule(d, 0, &r);
    g_assert_cmphex(check(q, data, &tcp, 3), ==, 0);
    check(q, data, &udp, 0);
    stop(q);
}

static void test_drop(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket tcp = { .payload_len = 60 };
    QMynicPacket udp = { .proto = QMYNIC_IP_UDP, .payload_len = 60 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&tcp, NULL);
    struct mynic_flow_rule r = {
        .classes = cpu_to_le16(1 << MYNIC_FLOW_TCPV4),
        .action = MYNIC_RULE_DROP,
    };
    struct mynic_port_stats stats;
    QMynicRxq q[QMYNIC_QUEUES];
    unsigned int i;

    start(d, q, FEATURES);
    mynic_set_rule(d, 0, &r);
    for (i = 1; i <= 3; i++) {
        mynic_wire_send(data, frame);
        MYNIC_WAIT_FOR((mynic_port_stats(d, &stats), stats.rx_drop_rule) == i);
        check(q, data, &udp, 0);
    }
    g_assert_cmpuint(stats.rx_packets, ==, 5);
    g_assert_cmpuint(stats.rx_drop_no_queue, ==, 0);
    g_assert_cmpuint(mynic_rule_packets(d, 0), ==, 3);
    g_assert_cmpuint(delete_rule(d, 0), ==, MYNIC_OK);
    check(q, data, &tcp, 0);
    stop(q);
}

/* Contexts have tables, keys and fields of their own; a rule may add. */
static void test_to_context(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .sport = 1, .dport = 2, .payload_len = 60 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_rss_config c = config(0);
    struct mynic_port_stats stats;
    struct mynic_flow_rule r;
    QMynicRxq q[QMYNIC_QUEUES];
    uint32_t l4, l3;

    start(d, q, FEATURES);
    g_assert_cmpuint(set_rss(d, 0, &c), ==, MYNIC_OK);
    l4 = check(q, data, &p, 0);
    c = config(1);
    c.fields[MYNIC_FLOW_TCPV4] = ADDRS;
    g_assert_cmpuint(set_rss(d, 5, &c), ==, MYNIC_OK);
    r = to_context(5, 1 << MYNIC_FLOW_TCPV4);
    mynic_set_rule(d, 0, &r);
    l3 = check(q, data, &p, 1);
    g_assert_cmphex(l3, !=, l4);
    c.key[0] ^= 0xff;
    g_assert_cmpuint(set_rss(d, 5, &c), ==, MYNIC_OK);
    g_assert_cmphex(check(q, data, &p, 1), !=, l3);
    r.queue = cpu_to_le16(2);
    mynic_set_rule(d, 0, &r);
    check(q, data, &p, 3);
    /* Context 0 itself, also behind a rule. */
    r = to_context(0, 1 << MYNIC_FLOW_TCPV4);
    r.queue = cpu_to_le16(1);
    mynic_set_rule(d, 0, &r);
    g_assert_cmphex(check(q, data, &p, 1), ==, l4);

    /* Further than there are queues. */
    c = config(QMYNIC_QUEUES - 1);
    g_assert_cmpuint(set_rss(d, 0, &c), ==, MYNIC_OK);
    mynic_wire_send(data, frame);
    MYNIC_WAIT_FOR((mynic_port_stats(d, &stats),
                    stats.rx_drop_no_queue) == 1);
    g_assert_cmpuint(mynic_rule_packets(d, 0), ==, 2);
    stop(q);
}

/*
 * A packet that waits for buffers of one queue is steered anew when a rule
 * comes, and counted once.
 */
static void test_waiting(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 60 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_flow_rule r = to_queue(1, 1 << MYNIC_FLOW_TCPV4);
    QMynicRxq q[QMYNIC_QUEUES];
    unsigned int i;

    start(d, q, FEATURES | MYNIC_F_SHADOW);
    mynic_set_rule(d, 1, &r);
    for (i = 0; i < 1u << q[1].log2; i++) {
        mynic_wire_send(data, frame);
        mynic_rx_expect(&q[1], frame, NULL);
    }
    mynic_wire_send(data, frame);
    mynic_sync(d);
    mynic_sync(d);
    g_assert_cmpuint(mynic_rule_packets(d, 1), ==, 1u << q[1].log2);
    r = to_queue(2, 1 << MYNIC_FLOW_TCPV4);
    mynic_set_rule(d, 0, &r);
    mynic_rx_expect(&q[2], frame, NULL);
    g_assert_cmpuint(mynic_rule_packets(d, 0), ==, 1);
    g_assert_cmpuint(mynic_rule_packets(d, 1), ==, 1u << q[1].log2);
    stop(q);
}

/* Both directions of a flow have one hash, and share the queue of it. */
static void test_symmetric(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .saddr = { 192, 0, 2, 1 }, .daddr = { 198, 51, 100, 7 },
                       .sport = 1234, .dport = 80, .payload_len = 60 };
    QMynicPacket back = { .saddr = { 198, 51, 100, 7 },
                          .daddr = { 192, 0, 2, 1 },
                          .sport = 80, .dport = 1234, .payload_len = 60 };
    struct mynic_rss_config c = config(2);
    QMynicRxq q[QMYNIC_QUEUES];
    uint8_t xfrm;

    start(d, q, FEATURES);
    for (xfrm = 0; xfrm <= MYNIC_RSS_XFRM_SYM_OR_XOR; xfrm++) {
        uint32_t there;

        c.xfrm = xfrm;
        g_assert_cmpuint(set_rss(d, 0, &c), ==, MYNIC_OK);
        there = check(q, data, &p, 2);
        if (xfrm) {
            g_assert_cmphex(check(q, data, &back, 2), ==, there);
        } else {
            g_assert_cmphex(check(q, data, &back, 2), !=, there);
        }
    }
    stop(q);
}

static void test_flow_label(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .ipv6 = true, .proto = QMYNIC_IP_UDP,
                       .flow_label = 0x12345, .payload_len = 60 };
    struct mynic_rss_config c = config(0);
    QMynicRxq q[QMYNIC_QUEUES];
    uint32_t hash;

    start(d, q, FEATURES);
    g_assert_cmpuint(set_rss(d, 0, &c), ==, MYNIC_OK);
    hash = check(q, data, &p, 0);
    p.flow_label++;
    g_assert_cmphex(check(q, data, &p, 0), ==, hash);
    c.fields[MYNIC_FLOW_UDPV6] |= MYNIC_RSS_FIELD_FLOW_LABEL;
    g_assert_cmpuint(set_rss(d, 0, &c), ==, MYNIC_OK);
    hash = check(q, data, &p, 0);
    g_assert_cmphex(check(q, data, &p, 0), ==, hash);
    p.flow_label++;
    g_assert_cmphex(check(q, data, &p, 0), !=, hash);
    stop(q);
}

static void register_tests(void)
{
    mynic_add_test("mynic-rules", "set-rule", test_set_rule, NULL);
    mynic_add_test("mynic-rules", "contexts", test_contexts, NULL);
    mynic_add_test("mynic-rules", "match", test_match, NULL);
    mynic_add_test("mynic-rules", "drop", test_drop, NULL);
    mynic_add_test("mynic-rules", "to-context", test_to_context, NULL);
    mynic_add_test("mynic-rules", "waiting", test_waiting, NULL);
    mynic_add_test("mynic-rules", "symmetric", test_symmetric, NULL);
    mynic_add_test("mynic-rules", "flow-label", test_flow_label, NULL);
}

libqos_init(register_tests);
