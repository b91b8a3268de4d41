/*
 * Unit tests: flow rules of mynic
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "mynic_rules.h"
#include "mynic-packet.h"

#define ALL (MYNIC_RULE_NO_IP | ((1 << MYNIC_FLOW_COUNT) - 1))

static const MynicRuleLimits limits = {
    .queues = 4, .contexts = 32, .exist = 1 | 1 << 3,
};

static MynicRules *fresh(void)
{
    MynicRules *rules = g_new(MynicRules, 1);

    mynic_rules_reset(rules);
    return rules;
}

/* A rule for @classes that sends to queue 2; the test adds what it matches. */
static struct mynic_flow_rule to_queue(uint16_t classes)
{
    return (struct mynic_flow_rule) {
        .classes = cpu_to_le16(classes),
        .action = MYNIC_RULE_QUEUE,
        .queue = cpu_to_le16(2),
    };
}

static enum mynic_status set(MynicRules *rules, unsigned int location,
                             const struct mynic_flow_rule *r)
{
    return mynic_rules_set(rules, location, r, sizeof(*r), &limits);
}

static int match(const MynicRules *rules, const QMynicPacket *p)
{
    g_autoptr(GByteArray) b = mynic_packet_build(p, NULL);
    struct iovec iov = { b->data, b->len };
    MynicFlow flow;

    mynic_flow_parse(&flow, &iov, 1);
    return mynic_rules_match(rules, &flow);
}

/* One rule for one class, and a packet of each. */
static void test_classes(void)
{
    static const uint8_t protos[] = {
        1, QMYNIC_IP_TCP, QMYNIC_IP_UDP, QMYNIC_IP_SCTP
    };
    QMynicPacket arp = { .ethertype = 0x0806, .payload_len = 46 };
    guint class, i;

    for (class = 0; class < MYNIC_FLOW_COUNT; class++) {
        g_autofree MynicRules *rules = fresh();
        struct mynic_flow_rule r = to_queue(1 << class);

        g_assert_cmpint(set(rules, 0, &r), ==, MYNIC_OK);
        for (i = 0; i < MYNIC_FLOW_COUNT; i++) {
            QMynicPacket p = { .ipv6 = i >= 4, .proto = protos[i % 4],
                               .payload_len = 8 };

            g_assert_cmpint(match(rules, &p), ==,
                            i == class ? 0 : MYNIC_RULE_NONE);
            p.fragment = true;
            g_assert_cmpint(match(rules, &p), ==,
                            i / 4 * 4 == class ? 0 : MYNIC_RULE_NONE);
        }
        g_assert_cmpint(match(rules, &arp), ==, MYNIC_RULE_NONE);
        r = to_queue(MYNIC_RULE_NO_IP);
        g_assert_cmpint(set(rules, 0, &r), ==, MYNIC_OK);
        g_assert_cmpint(match(rules, &arp), ==, 0);
    }
}

/* Each field: under a full mask, under half of it, and with another value. */
static void test_fields(void)
{
    static const QMynicPacket packet = {
        .dst = { 2, 0x11, 0x22, 0x33, 0x44, 0x55 },
        .src = { 6, 0x11, 0x22, 0x33, 0x44, 0x66 },
        .tags = 1, .tci = { 0xe123 }, .tpid = { 0x88a8 },
        .ipv6 = true, .tos = 0xb9, .sport = 0x1234, .dport = 0x5678,
        .proto = QMYNIC_IP_UDP, .payload_len = 8,
        .saddr = { 0x20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
        .daddr = { 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
    };
    static const struct {
        size_t at, len;
        uint8_t bytes[16];
    } fields[] = {
#define AT(f) offsetof(struct mynic_flow_key, f)
        { AT(dst_mac), 6, { 2, 0x11, 0x22, 0x33, 0x44, 0x55 } },
        { AT(src_mac), 6, { 6, 0x11, 0x22, 0x33, 0x44, 0x66 } },
        { AT(vlan_type), 2, { 0x88, 0xa8 } },
        { AT(vlan_tci), 2, { 0xe1, 0x23 } },
        { AT(eth_type), 2, { 0x86, 0xdd } },
        { AT(ip_proto), 1, { 17 } },
        { AT(tos), 1, { 0xb9 } },
        { AT(l4), 4, { 0x12, 0x34, 0x56, 0x78 } },
        { AT(src_addr), 16, { 0x20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                              14, 15 } },
        { AT(dst_addr), 16, { 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                              14, 15 } },
#undef AT
    };
    g_autofree MynicRules *rules = fresh();
    guint i, k;

    for (i = 0; i < G_N_ELEMENTS(fields); i++) {
        for (k = 0; k < fields[i].len; k++) {
            struct mynic_flow_rule r = to_queue(ALL);
            uint8_t *value = (uint8_t *)&r.value + fields[i].at;
            uint8_t *mask = (uint8_t *)&r.mask + fields[i].at;

            memset(mask, 0xff, fields[i].len);
            memcpy(value, fields[i].bytes, fields[i].len);
            g_assert_cmpint(set(rules, 7, &r), ==, MYNIC_OK);
            g_assert_cmpint(match(rules, &packet), ==, 7);
            value[k] ^= 0x10;
            g_assert_cmpint(set(rules, 7, &r), ==, MYNIC_OK);
            g_assert_cmpint(match(rules, &packet), ==, MYNIC_RULE_NONE);
            /* The bit that differs is not looked at. */
            mask[k] &= ~0x10;
            value[k] &= ~0x10;
            g_assert_cmpint(set(rules, 7, &r), ==, MYNIC_OK);
            g_assert_cmpint(match(rules, &packet), ==, 7);
        }
    }
}

/* What a packet does not have is 0, and its ports are not a fragment's. */
static void test_absent(void)
{
    QMynicPacket p = { .sport = 80, .dport = 80, .proto = QMYNIC_IP_UDP,
                       .payload_len = 8 };
    g_autofree MynicRules *rules = fresh();
    struct mynic_flow_rule r = to_queue(ALL);

    memset(r.mask.vlan_type, 0xff, 2);
    g_assert_cmpint(set(rules, 0, &r), ==, MYNIC_OK);
    g_assert_cmpint(match(rules, &p), ==, 0);
    p.tags = 2;
    g_assert_cmpint(match(rules, &p), ==, MYNIC_RULE_NONE);

    /* The type is behind both tags. */
    r = to_queue(ALL);
    memset(r.mask.eth_type, 0xff, 2);
    r.value.eth_type[0] = 8;
    for (p.tags = 0; p.tags <= 2; p.tags++) {
        g_assert_cmpint(set(rules, 0, &r), ==, MYNIC_OK);
        g_assert_cmpint(match(rules, &p), ==, 0);
    }

    p.tags = 0;
    r = to_queue(ALL);
    memset(r.mask.l4, 0xff, 4);
    r.value.l4[1] = r.value.l4[3] = 80;
    g_assert_cmpint(set(rules, 0, &r), ==, MYNIC_OK);
    g_assert_cmpint(match(rules, &p), ==, 0);
    p.fragment = true;
    g_assert_cmpint(match(rules, &p), ==, MYNIC_RULE_NONE);

    /* An address of IPv4 is the beginning of the field. */
    p = (QMynicPacket) { .saddr = { 192, 0, 2, 1 }, .payload_len = 8 };
    r = to_queue(ALL);
    memset(r.mask.src_addr, 0xff, 16);
    memcpy(r.value.src_addr, p.saddr, 4);
    g_assert_cmpint(set(rules, 0, &r), ==, MYNIC_OK);
    g_assert_cmpint(match(rules, &p), ==, 0);
}

/* Of several rules that match the first one is followed. */
static void test_order(void)
{
    g_autofree MynicRules *rules = fresh();
    struct mynic_flow_rule r = to_queue(ALL);
    QMynicPacket p = { .payload_len = 8 };

    g_assert_cmpint(match(rules, &p), ==, MYNIC_RULE_NONE);
    g_assert_cmpint(set(rules, MYNIC_RULES_MAX - 1, &r), ==, MYNIC_OK);
    g_assert_cmpint(match(rules, &p), ==, MYNIC_RULES_MAX - 1);
    g_assert_cmpint(set(rules, 9, &r), ==, MYNIC_OK);
    g_assert_cmpint(match(rules, &p), ==, 9);
    g_assert_cmpint(set(rules, 5, &r), ==, MYNIC_OK);
    g_assert_cmpint(match(rules, &p), ==, 5);
    g_assert_cmpint(mynic_rules_delete(rules, 5), ==, MYNIC_OK);
    g_assert_cmpint(match(rules, &p), ==, 9);
    g_assert_cmpint(mynic_rules_delete(rules, MYNIC_RULES_MAX - 1), ==,
                    MYNIC_OK);
    g_assert_cmpint(rules->num, ==, 1);
    mynic_rules_reset(rules);
    g_assert_cmpint(match(rules, &p), ==, MYNIC_RULE_NONE);
}

static void test_refused(void)
{
    g_autofree MynicRules *rules = fresh();
    struct mynic_flow_rule r;
    MynicRuleLimits no_rss = limits;

    no_rss.contexts = 0;
#define REFUSE(location, len, limits, status, change)                       \
    do {                                                                    \
        r = to_queue(ALL);                                                  \
        change;                                                             \
        g_assert_cmpint(mynic_rules_set(rules, location, &r, len, limits),  \
                        ==, status);                                        \
        g_assert_cmpint(rules->num, ==, 0);                                 \
    } while (0)
#define WRONG(status, change) REFUSE(0, sizeof(r), &limits, status, change)

    REFUSE(MYNIC_RULES_MAX, sizeof(r), &limits, MYNIC_ERR_ID, (void)0);
    REFUSE(0, sizeof(r) - 1, &limits, MYNIC_ERR_LENGTH, (void)0);
    WRONG(MYNIC_ERR_PARAM, r.classes = 0);
    WRONG(MYNIC_ERR_PARAM, r.classes = cpu_to_le16(1 << MYNIC_FLOW_COUNT));
    WRONG(MYNIC_ERR_PARAM, r.action = MYNIC_RULE_RSS + 1);
    WRONG(MYNIC_ERR_PARAM, r.reserved = 1);
    WRONG(MYNIC_ERR_PARAM, r.context = cpu_to_le16(3));
    WRONG(MYNIC_ERR_PARAM, r.action = MYNIC_RULE_DROP);
    WRONG(MYNIC_ERR_PARAM, r.value.tos = 1);
    WRONG(MYNIC_ERR_PARAM, r.value.dst_addr[15] = 3;
          r.mask.dst_addr[15] = 2);
    WRONG(MYNIC_ERR_ID, r.queue = cpu_to_le16(4));
    WRONG(MYNIC_ERR_ID, r.action = MYNIC_RULE_RSS;
          r.context = cpu_to_le16(32));
    WRONG(MYNIC_ERR_NOT_FOUND, r.action = MYNIC_RULE_RSS;
          r.context = cpu_to_le16(4));
    REFUSE(0, sizeof(r), &no_rss, MYNIC_ERR_FEATURE,
           r.action = MYNIC_RULE_RSS);
#undef WRONG
#undef REFUSE

    g_assert_cmpint(mynic_rules_delete(rules, 0), ==, MYNIC_ERR_NOT_FOUND);
    g_assert_cmpint(mynic_rules_delete(rules, MYNIC_RULES_MAX), ==,
                    MYNIC_ERR_ID);
}

static void test_contexts(void)
{
    g_autofree MynicRules *rules = fresh();
    struct mynic_flow_rule r = to_queue(ALL);
    MynicRuleLimits fewer = limits;

    r.action = MYNIC_RULE_RSS;
    r.context = cpu_to_le16(3);
    g_assert_false(mynic_rules_use(rules, 3));
    g_assert_cmpint(set(rules, 20, &r), ==, MYNIC_OK);
    g_assert_true(mynic_rules_use(rules, 3));
    g_assert_false(mynic_rules_use(rules, 0));

    /* As from a stream. */
    rules->num = 0;
    g_assert_true(mynic_rules_load(rules, &limits));
    g_assert_cmpint(rules->num, ==, 1);
    g_assert_true(mynic_rules_use(rules, 3));
    fewer.exist = 1;
    g_assert_false(mynic_rules_load(rules, &fewer));
    fewer = limits;
    fewer.queues = 2;
    g_assert_false(mynic_rules_load(rules, &fewer));

    /* Replaced by one that does not. */
    r = to_queue(ALL);
    g_assert_cmpint(set(rules, 20, &r), ==, MYNIC_OK);
    g_assert_false(mynic_rules_use(rules, 3));
}

static void test_stats(void)
{
    g_autofree MynicRules *rules = fresh();
    struct mynic_flow_rule r = to_queue(ALL);
    struct mynic_rule_stats s;

    g_assert_cmpint(mynic_rules_stats(rules, 1, &s), ==, MYNIC_ERR_NOT_FOUND);
    g_assert_cmpint(mynic_rules_stats(rules, MYNIC_RULES_MAX, &s), ==,
                    MYNIC_ERR_ID);
    g_assert_cmpint(set(rules, 1, &r), ==, MYNIC_OK);
    mynic_rules_hit(rules, 1, 60);
    mynic_rules_hit(rules, 1, 1500);
    mynic_rules_hit(rules, MYNIC_RULE_NONE, 1);
    g_assert_cmpint(mynic_rules_stats(rules, 1, &s), ==, MYNIC_OK);
    g_assert_cmpuint(le64_to_cpu(s.packets), ==, 2);
    g_assert_cmpuint(le64_to_cpu(s.bytes), ==, 1560);
    /* A rule that is replaced begins anew. */
    g_assert_cmpint(set(rules, 1, &r), ==, MYNIC_OK);
    g_assert_cmpint(mynic_rules_stats(rules, 1, &s), ==, MYNIC_OK);
    g_assert_cmpuint(s.packets, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mynic/rules/classes", test_classes);
    g_test_add_func("/mynic/rules/fields", test_fields);
    g_test_add_func("/mynic/rules/absent", test_absent);
    g_test_add_func("/mynic/rules/order", test_order);
    g_test_add_func("/mynic/rules/refused", test_refused);
    g_test_add_func("/mynic/rules/contexts", test_contexts);
    g_test_add_func("/mynic/rules/stats", test_stats);
    return g_test_run();
}
