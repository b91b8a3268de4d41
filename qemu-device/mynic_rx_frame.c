/*
 * mynic: a frame from the backend, before it has a queue
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/iov.h"
#include "../net_rx_pkt.h"
#include "mynic_rx_frame.h"

bool mynic_rx_frame_split(MynicRxFrame *frame, MynicWire *wire,
                          const struct iovec *iov, int iovcnt)
{
    size_t skip = 0;
    struct iovec one;

    if (wire->core->vnet_hdr) {
        struct mynic_offload_hdr hdr;

        skip = sizeof(hdr);
        if (iov_to_buf(iov, iovcnt, 0, &hdr, skip) < skip) {
            return false;
        }
        frame->hdr.flags = hdr.flags &
                           (MYNIC_HDR_F_NEEDS_CSUM | MYNIC_HDR_F_DATA_VALID);
        frame->hdr.gso_type = hdr.gso_type;
        frame->hdr.hdr_len = le16_to_cpu(hdr.hdr_len);
        frame->hdr.gso_size = le16_to_cpu(hdr.gso_size);
        frame->hdr.csum_start = le16_to_cpu(hdr.csum_start);
        frame->hdr.csum_offset = le16_to_cpu(hdr.csum_offset);
    }
    if (iovcnt > MYNIC_RX_IOV_MAX) {
        one.iov_base = wire->linear;
        one.iov_len = iov_to_buf(iov, iovcnt, 0, wire->linear, NET_BUFSIZE);
        iov = &one;
        iovcnt = 1;
    }
    frame->iovcnt = iov_copy(frame->iov, MYNIC_RX_IOV_MAX, iov, iovcnt, skip,
                             SIZE_MAX);
    frame->len = iov_size(frame->iov, frame->iovcnt);
    iov_to_buf(frame->iov, frame->iovcnt, 0, frame->head, sizeof(frame->head));
    return true;
}

/* EtherType of the tag at @tags tags, 0 behind the copied bytes. */
static uint16_t mynic_rx_type(const MynicRxFrame *frame, unsigned int tags)
{
    size_t at = offsetof(struct eth_header, h_proto) +
                tags * sizeof(struct vlan_header);

    return at + 2 <= MIN(frame->len, sizeof(frame->head)) ?
           lduw_be_p(frame->head + at) : 0;
}

static unsigned int mynic_rx_tags(const MynicRxFrame *frame)
{
    unsigned int tags = 0;

    while (tags < 2 && (mynic_rx_type(frame, tags) == ETH_P_VLAN ||
                        mynic_rx_type(frame, tags) == ETH_P_DVLAN)) {
        tags++;
    }
    return tags;
}

/*
 * hdr_len of a merged frame is the length of the headers, which is not what
 * every backend writes there (Linux: the linear part of the packet).
 */
static bool mynic_rx_fix_hdr_len(MynicRxFrame *frame)
{
    struct mynic_offload_hdr *hdr = &frame->hdr;
    size_t l4 = hdr->csum_start;
    size_t len = l4 + sizeof(struct udp_header);

    if (hdr->gso_type != MYNIC_HDR_GSO_UDP_L4) {
        struct tcp_header tcp;

        if (iov_to_buf(frame->iov, frame->iovcnt, l4, &tcp, sizeof(tcp)) <
            sizeof(tcp) || TCP_HEADER_DATA_OFFSET(&tcp) < sizeof(tcp)) {
            return false;
        }
        len = l4 + TCP_HEADER_DATA_OFFSET(&tcp);
    }
    hdr->hdr_len = len;
    return len <= MIN(frame->len, UINT16_MAX);
}

bool mynic_rx_frame_valid(MynicRxFrame *frame)
{
    const struct mynic_offload_hdr *hdr = &frame->hdr;
    uint8_t type = hdr->gso_type & ~MYNIC_HDR_GSO_ECN;

    if (hdr->flags & MYNIC_HDR_F_NEEDS_CSUM &&
        (size_t)hdr->csum_start + hdr->csum_offset + 2 > frame->len) {
        return false;
    }
    if (type == MYNIC_HDR_GSO_NONE) {
        return hdr->gso_type == MYNIC_HDR_GSO_NONE;
    }
    if (type != MYNIC_HDR_GSO_TCPV4 && type != MYNIC_HDR_GSO_TCPV6 &&
        type != MYNIC_HDR_GSO_UDP_L4) {
        return false;
    }
    return hdr->flags & MYNIC_HDR_F_NEEDS_CSUM && hdr->gso_size &&
           mynic_rx_fix_hdr_len(frame);
}

bool mynic_rx_frame_fits(const MynicRxFrame *frame, uint32_t mtu)
{
    size_t l2 = ETH_HLEN + mynic_rx_tags(frame) * sizeof(struct vlan_header);
    size_t len = frame->len;

    if (frame->hdr.gso_type != MYNIC_HDR_GSO_NONE) {
        len = MIN(len, (size_t)frame->hdr.hdr_len + frame->hdr.gso_size);
    }
    return len <= l2 + mtu;
}

MynicRxSteered mynic_rx_frame_steer(MynicRxFrame *frame, MynicCore *core)
{
    const MynicRss *rss = &core->rss;
    const MynicRule *rule = NULL;
    uint32_t queue;
    MynicFlow flow;

    frame->rule = MYNIC_RULE_NONE;
    frame->rss.queue = rss->table[0];
    if (!mynic_has(core, MYNIC_F_RSS) && !core->rules.num) {
        return MYNIC_RX_STEERED;
    }
    mynic_flow_parse(&flow, frame->iov, frame->iovcnt);
    frame->rule = mynic_rules_match(&core->rules, &flow);
    if (frame->rule != MYNIC_RULE_NONE) {
        rule = &core->rules.rule[frame->rule];
        if (rule->action == MYNIC_RULE_DROP) {
            return MYNIC_RX_STEERED_AWAY;
        }
        if (rule->action == MYNIC_RULE_RSS) {
            rss = mynic_rss_context(core, rule->context);
        }
    }
    if (mynic_has(core, MYNIC_F_RSS)) {
        mynic_rss_classify(rss, &flow, &frame->rss);
    }
    if (!rule) {
        return MYNIC_RX_STEERED;
    }
    queue = rule->queue;
    if (rule->action == MYNIC_RULE_RSS) {
        queue += frame->rss.queue;
    }
    if (queue >= core->num_pairs) {
        return MYNIC_RX_STEERED_ASTRAY;
    }
    frame->rss.queue = queue;
    return MYNIC_RX_STEERED;
}

void mynic_rx_frame_strip(MynicRxFrame *frame)
{
    const size_t tag = sizeof(struct vlan_header);
    const size_t at = offsetof(struct eth_header, h_proto);
    struct iovec iov[MYNIC_RX_IOV_MAX];
    unsigned int n = frame->iovcnt;

    if (mynic_rx_type(frame, 0) != ETH_P_VLAN || frame->len < ETH_HLEN + tag) {
        return;
    }
    memcpy(iov, frame->iov, n * sizeof(*iov));
    frame->info |= MYNIC_RX_VLAN;
    frame->vlan_tci = lduw_be_p(frame->head + at + 2);
    frame->iov[0].iov_base = frame->head;
    frame->iov[0].iov_len = at;
    frame->iovcnt = 1 + iov_copy(&frame->iov[1], MYNIC_RX_IOV_MAX, iov, n,
                                 at + tag, SIZE_MAX);
    frame->len -= tag;
    if (frame->hdr.flags & MYNIC_HDR_F_NEEDS_CSUM) {
        frame->hdr.csum_start -= MIN(frame->hdr.csum_start, tag);
    }
    if (frame->hdr.gso_type != MYNIC_HDR_GSO_NONE) {
        frame->hdr.hdr_len -= MIN(frame->hdr.hdr_len, tag);
    }
}

bool mynic_rx_frame_unwanted(const MynicRxFrame *frame, uint32_t offloads)
{
    const struct mynic_offload_hdr *hdr = &frame->hdr;
    uint32_t need = 0;

    if (hdr->flags & MYNIC_HDR_F_NEEDS_CSUM) {
        if (offloads & MYNIC_OFFLOAD_RX_CSUM_FILL) {
            return true;
        }
        need |= MYNIC_OFFLOAD_RX_CSUM;
    }
    if (hdr->gso_type == MYNIC_HDR_GSO_UDP_L4) {
        need |= MYNIC_OFFLOAD_RX_GRO_UDP;
    } else if (hdr->gso_type != MYNIC_HDR_GSO_NONE) {
        need |= MYNIC_OFFLOAD_RX_GRO;
    }
    return need & ~offloads;
}

void mynic_rx_frame_csum(MynicRxFrame *frame, struct NetRxPkt *pkt)
{
    EthL4HdrProto proto;
    bool ip4, ip6, good;

    if (frame->hdr.flags & MYNIC_HDR_F_NEEDS_CSUM) {
        return;
    }
    if (frame->hdr.flags & MYNIC_HDR_F_DATA_VALID) {
        frame->csum_good = true;
        return;
    }
    net_rx_pkt_attach_iovec(pkt, frame->iov, frame->iovcnt, 0, false);
    net_rx_pkt_get_protocols(pkt, &ip4, &ip6, &proto);
    if ((proto != ETH_L4_HDR_PROTO_TCP && proto != ETH_L4_HDR_PROTO_UDP) ||
        (ip6 && net_rx_pkt_get_ip6_info(pkt)->fragment) ||
        !net_rx_pkt_validate_l4_csum(pkt, &good)) {
        return;
    }
    if (good) {
        frame->hdr.flags |= MYNIC_HDR_F_DATA_VALID;
        frame->csum_good = true;
    } else {
        frame->csum_bad = true;
    }
}
