/*
 * mynic: what the headers of a frame say, for RSS and flow rules
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "net/eth.h"
#include "mynic_flow.h"

QEMU_BUILD_BUG_ON(sizeof(struct mynic_flow_key) % sizeof(uint64_t));
QEMU_BUILD_BUG_ON(MYNIC_FLOW_TCPV6 - MYNIC_FLOW_IPV6 !=
                  MYNIC_FLOW_TCPV4 - MYNIC_FLOW_IPV4);
QEMU_BUILD_BUG_ON(MYNIC_FLOW_UDPV6 - MYNIC_FLOW_IPV6 !=
                  MYNIC_FLOW_UDPV4 - MYNIC_FLOW_IPV4);
QEMU_BUILD_BUG_ON(MYNIC_FLOW_SCTPV6 - MYNIC_FLOW_IPV6 !=
                  MYNIC_FLOW_SCTPV4 - MYNIC_FLOW_IPV4);

/* Addresses, and types and contents of up to two tags with what follows. */
typedef struct MynicFlowL2 {
    uint8_t dst[ETH_ALEN];
    uint8_t src[ETH_ALEN];
    uint16_t types[5];
} MynicFlowL2;

/*
 * The fields of the Ethernet header. Returns the bytes of the tags between the
 * addresses and the type. Offset by so many, the frame looks to
 * eth_get_protocols() as if it had none, which spares us what that function
 * makes of two tags of the same kind.
 */
static size_t mynic_flow_parse_l2(MynicFlow *flow, const struct iovec *iov,
                                  unsigned int iovcnt)
{
    struct mynic_flow_key *key = &flow->key.key;
    MynicFlowL2 l2 = { };
    unsigned int tags = 0, room;
    size_t len;

    len = iov_to_buf(iov, iovcnt, 0, &l2, sizeof(l2));
    /* Tags that are there as a whole. */
    room = len > sizeof(l2.dst) + sizeof(l2.src) ?
           (len - sizeof(l2.dst) - sizeof(l2.src)) /
           sizeof(struct vlan_header) : 0;
    while (tags < MIN(room, 2u) &&
           (be16_to_cpu(l2.types[2 * tags]) == ETH_P_VLAN ||
            be16_to_cpu(l2.types[2 * tags]) == ETH_P_DVLAN)) {
        tags++;
    }
    memcpy(key->dst_mac, l2.dst, sizeof(key->dst_mac));
    memcpy(key->src_mac, l2.src, sizeof(key->src_mac));
    memcpy(key->eth_type, &l2.types[2 * tags], sizeof(key->eth_type));
    if (tags) {
        memcpy(key->vlan_type, &l2.types[0], sizeof(key->vlan_type));
        memcpy(key->vlan_tci, &l2.types[1], sizeof(key->vlan_tci));
    }
    return tags * sizeof(struct vlan_header);
}

static void mynic_flow_set_ip4(MynicFlow *flow, const struct ip_header *ip)
{
    struct mynic_flow_key *key = &flow->key.key;

    flow->class = MYNIC_FLOW_IPV4;
    flow->addr_len = sizeof(ip->ip_src);
    memcpy(key->src_addr, &ip->ip_src, flow->addr_len);
    memcpy(key->dst_addr, &ip->ip_dst, flow->addr_len);
    key->ip_proto = ip->ip_p;
    key->tos = ip->ip_tos;
}

static void mynic_flow_set_ip6(MynicFlow *flow, const eth_ip6_hdr_info *info)
{
    const struct ip6_header *ip = &info->ip6_hdr;
    struct mynic_flow_key *key = &flow->key.key;
    uint32_t word = be32_to_cpu(ip->ip6_ctlun.ip6_un1.ip6_un1_flow);

    flow->class = MYNIC_FLOW_IPV6;
    flow->addr_len = sizeof(ip->ip6_src);
    memcpy(key->src_addr, &ip->ip6_src, flow->addr_len);
    memcpy(key->dst_addr, &ip->ip6_dst, flow->addr_len);
    key->ip_proto = info->l4proto;
    key->tos = word >> 20;
    stl_be_p(flow->label, word & 0xfffff);
}

void mynic_flow_parse(MynicFlow *flow, const struct iovec *iov,
                      unsigned int iovcnt)
{
    struct mynic_flow_key *key = &flow->key.key;
    bool has_ip4, has_ip6, fragment;
    size_t l3 = 0, l4 = 0, l5 = 0, tags;
    eth_ip6_hdr_info ip6 = { };
    eth_ip4_hdr_info ip4 = { };
    eth_l4_hdr_info l4_info;
    uint8_t first[sizeof(key->l4)];

    *flow = (MynicFlow) { .class = MYNIC_FLOW_NO_IP };
    tags = mynic_flow_parse_l2(flow, iov, iovcnt);
    eth_get_protocols(iov, iovcnt, tags, &has_ip4, &has_ip6, &l3, &l4, &l5,
                      &ip6, &ip4, &l4_info);
    if (has_ip4) {
        if (IP_HDR_GET_LEN((uint8_t *)&ip4.ip4_hdr) < sizeof(ip4.ip4_hdr)) {
            return;
        }
        mynic_flow_set_ip4(flow, &ip4.ip4_hdr);
        fragment = ip4.fragment;
    } else if (has_ip6) {
        mynic_flow_set_ip6(flow, &ip6);
        fragment = ip6.fragment;
    } else {
        return;
    }

    /* All three begin with their ports; a frame cut off there has none. */
    if (fragment ||
        iov_to_buf(iov, iovcnt, l4, first, sizeof(first)) < sizeof(first)) {
        return;
    }
    memcpy(key->l4, first, sizeof(first));
    switch (key->ip_proto) {
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
