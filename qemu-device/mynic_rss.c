/*
 * mynic: receive-side scaling: from a frame to its hash and queue
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/host-utils.h"
#include "net/checksum.h"
#include "net/eth.h"
#include "mynic_rss.h"

#define MYNIC_RSS_FIELDS_L3 \
    (MYNIC_RSS_FIELD_SRC_ADDR | MYNIC_RSS_FIELD_DST_ADDR)
#define MYNIC_RSS_FIELDS_L4 \
    (MYNIC_RSS_FIELD_SRC_PORT | MYNIC_RSS_FIELD_DST_PORT)

/* Two addresses of IPv6 and two ports. */
#define MYNIC_RSS_INPUT_MAX 36

/* Toeplitz takes 32 bits of key more than it has input. */
QEMU_BUILD_BUG_ON(MYNIC_RSS_INPUT_MAX + 4 > MYNIC_RSS_KEY_SIZE);
QEMU_BUILD_BUG_ON(offsetof(MynicRss, key) % 4);

/* What a frame has to offer to the hash. */
typedef struct MynicRssFlow {
    enum mynic_flow_class class;
    size_t addr_len;
    uint8_t src[16];
    uint8_t dst[16];
    uint8_t ports[4];
} MynicRssFlow;

void mynic_rss_reset(MynicRss *rss)
{
    memset(rss, 0, sizeof(*rss));
    rss->table_len = 1;
}

static bool mynic_rss_fields_valid(const uint8_t *fields)
{
    unsigned int i;
    uint8_t known;

    for (i = 0; i < MYNIC_RSS_FLOW_CLASSES; i++) {
        if (i >= MYNIC_FLOW_COUNT) {
            known = 0;
        } else if (i == MYNIC_FLOW_IPV4 || i == MYNIC_FLOW_IPV6) {
            known = MYNIC_RSS_FIELDS_L3;
        } else {
            known = MYNIC_RSS_FIELDS_L3 | MYNIC_RSS_FIELDS_L4;
        }
        if (fields[i] & ~known) {
            return false;
        }
    }
    return true;
}

static bool mynic_rss_table_valid(const MynicRss *rss, unsigned int queues)
{
    unsigned int i;

    for (i = 0; i < rss->table_len; i++) {
        if (rss->table[i] >= queues) {
            return false;
        }
    }
    return true;
}

static bool mynic_rss_table_len_valid(unsigned int len)
{
    return len && len <= MYNIC_RSS_TABLE_SIZE && is_power_of_2(len);
}

bool mynic_rss_valid(const MynicRss *rss, unsigned int queues)
{
    return mynic_rss_table_len_valid(rss->table_len) &&
           mynic_rss_fields_valid(rss->fields) &&
           mynic_rss_table_valid(rss, queues);
}

enum mynic_status mynic_rss_set(MynicRss *rss,
                                const struct mynic_rss_config *config,
                                size_t len, unsigned int queues)
{
    const size_t table_at = offsetof(struct mynic_rss_config, table);
    MynicRss new = {};
    unsigned int i;

    if (len < table_at) {
        return MYNIC_ERR_LENGTH;
    }
    new.table_len = le16_to_cpu(config->table_len);
    if (!mynic_rss_table_len_valid(new.table_len) ||
        le16_to_cpu(config->key_len) != MYNIC_RSS_KEY_SIZE ||
        config->function != MYNIC_RSS_TOEPLITZ ||
        !buffer_is_zero(config->reserved, sizeof(config->reserved)) ||
        !mynic_rss_fields_valid(config->fields)) {
        return MYNIC_ERR_PARAM;
    }
    if (len < table_at + new.table_len * sizeof(config->table[0])) {
        return MYNIC_ERR_LENGTH;
    }
    memcpy(new.key, config->key, sizeof(new.key));
    memcpy(new.fields, config->fields, sizeof(new.fields));
    for (i = 0; i < new.table_len; i++) {
        new.table[i] = le16_to_cpu(config->table[i]);
    }
    if (!mynic_rss_table_valid(&new, queues)) {
        return MYNIC_ERR_ID;
    }
    *rss = new;
    return MYNIC_OK;
}

/*
 * Bytes of the tags between the addresses and the type. Offset by so many,
 * the frame looks to eth_get_protocols() as if it had none, which spares us
 * what that function makes of two tags of the same kind.
 */
static size_t mynic_rss_tags(const struct iovec *iov, unsigned int iovcnt)
{
    uint16_t types[4], type;
    size_t i, n;

    n = iov_to_buf(iov, iovcnt, offsetof(struct eth_header, h_proto),
                   types, sizeof(types)) / sizeof(struct vlan_header);
    for (i = 0; i < n; i++) {
        type = be16_to_cpu(types[2 * i]);
        if (type != ETH_P_VLAN && type != ETH_P_DVLAN) {
            break;
        }
    }
    return i * sizeof(struct vlan_header);
}

/* Finds class, addresses and ports; false if the frame has no IP header. */
static bool mynic_rss_parse(const struct iovec *iov, unsigned int iovcnt,
                            MynicRssFlow *flow)
{
    bool has_ip4, has_ip6, fragment, has_ports;
    size_t l3 = 0, l4 = 0, l5 = 0;
    eth_ip6_hdr_info ip6 = {};
    eth_ip4_hdr_info ip4 = {};
    eth_l4_hdr_info l4_info;
    uint8_t proto;

    eth_get_protocols(iov, iovcnt, mynic_rss_tags(iov, iovcnt),
                      &has_ip4, &has_ip6, &l3, &l4, &l5,
                      &ip6, &ip4, &l4_info);
    if (has_ip4) {
        if (IP_HDR_GET_LEN((uint8_t *)&ip4.ip4_hdr) < sizeof(ip4.ip4_hdr)) {
            return false;
        }
        flow->addr_len = sizeof(ip4.ip4_hdr.ip_src);
        memcpy(flow->src, &ip4.ip4_hdr.ip_src, flow->addr_len);
        memcpy(flow->dst, &ip4.ip4_hdr.ip_dst, flow->addr_len);
        flow->class = MYNIC_FLOW_IPV4;
        proto = ip4.ip4_hdr.ip_p;
        fragment = ip4.fragment;
    } else if (has_ip6) {
        flow->addr_len = sizeof(ip6.ip6_hdr.ip6_src);
        memcpy(flow->src, &ip6.ip6_hdr.ip6_src, flow->addr_len);
        memcpy(flow->dst, &ip6.ip6_hdr.ip6_dst, flow->addr_len);
        flow->class = MYNIC_FLOW_IPV6;
        proto = ip6.l4proto;
        fragment = ip6.fragment;
    } else {
        return false;
    }

    /* All three begin with their ports; a frame cut off there has none. */
    has_ports = !fragment &&
                iov_to_buf(iov, iovcnt, l4, flow->ports,
                           sizeof(flow->ports)) == sizeof(flow->ports);
    if (has_ports) {
        switch (proto) {
        case IP_PROTO_TCP:
            flow->class += MYNIC_FLOW_TCPV4 - MYNIC_FLOW_IPV4;
            break;
        case IP_PROTO_UDP:
            flow->class += MYNIC_FLOW_UDPV4 - MYNIC_FLOW_IPV4;
            break;
        case IP_PROTO_SCTP:
            flow->class += MYNIC_FLOW_SCTPV4 - MYNIC_FLOW_IPV4;
            break;
        }
    }
    return true;
}

QEMU_BUILD_BUG_ON(MYNIC_FLOW_TCPV6 - MYNIC_FLOW_IPV6 !=
                  MYNIC_FLOW_TCPV4 - MYNIC_FLOW_IPV4);
QEMU_BUILD_BUG_ON(MYNIC_FLOW_UDPV6 - MYNIC_FLOW_IPV6 !=
                  MYNIC_FLOW_UDPV4 - MYNIC_FLOW_IPV4);
QEMU_BUILD_BUG_ON(MYNIC_FLOW_SCTPV6 - MYNIC_FLOW_IPV6 !=
                  MYNIC_FLOW_SCTPV4 - MYNIC_FLOW_IPV4);

void mynic_rss_classify(const MynicRss *rss, const struct iovec *iov,
                        unsigned int iovcnt, MynicRssResult *result)
{
    net_toeplitz_key key;
    MynicRssFlow flow;
    uint8_t fields;

    result->hash = 0;
    result->type = MYNIC_HASH_NONE;
    result->queue = rss->table[0];

    if (!mynic_rss_parse(iov, iovcnt, &flow)) {
        return;
    }
    fields = rss->fields[flow.class];
    if (!fields) {
        return;
    }

    /* Neither function writes to the key. */
    net_toeplitz_key_init(&key, (uint8_t *)rss->key);
    if (fields & MYNIC_RSS_FIELD_SRC_ADDR) {
        net_toeplitz_add(&result->hash, flow.src, flow.addr_len, &key);
    }
    if (fields & MYNIC_RSS_FIELD_DST_ADDR) {
        net_toeplitz_add(&result->hash, flow.dst, flow.addr_len, &key);
    }
    if (fields & MYNIC_RSS_FIELD_SRC_PORT) {
        net_toeplitz_add(&result->hash, flow.ports, 2, &key);
    }
    if (fields & MYNIC_RSS_FIELD_DST_PORT) {
        net_toeplitz_add(&result->hash, flow.ports + 2, 2, &key);
    }
    result->type = fields & MYNIC_RSS_FIELDS_L4 ? MYNIC_HASH_L4
                                                : MYNIC_HASH_L3;
    result->queue = rss->table[result->hash & (rss->table_len - 1)];
}
