/*
 * mynic: checksums, segmentation and VLAN insertion in software
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The frame stays in the guest's memory and may change under our hands:
 * headers are copied once and then judged by the copy; of the payload only
 * the sum is taken, so that a change gives a wrong checksum and no more.
 */

#include "qemu/osdep.h"
#include "net/checksum.h"
#include "mynic_gso.h"

/* Where things are in the copied headers of a packet that is to be cut. */
typedef struct MynicGsoLayout {
    uint16_t l3_proto;
    size_t l3;
    size_t l4;
    size_t hdr_len;
    size_t csum_at;
} MynicGsoLayout;

/* The byte of a TCP header that holds its flags. */
#define TCP_FLAGS_OFFSET 13

void mynic_gso_init(MynicGso *gso, unsigned int iov_max)
{
    memset(gso, 0, sizeof(*gso));
    gso->iov_max = iov_max;
    gso->vlan_iov = g_new(struct iovec, iov_max + 1);
    gso->out_iov = g_new(struct iovec, iov_max + 4);
}

void mynic_gso_cleanup(MynicGso *gso)
{
    g_clear_pointer(&gso->vlan_iov, g_free);
    g_clear_pointer(&gso->out_iov, g_free);
    gso->iov_max = 0;
}

int mynic_vlan_insert(const struct iovec *iov, unsigned int iovcnt,
                      uint16_t tci, uint8_t buf[MYNIC_VLAN_INSERT_LEN],
                      struct iovec *out, unsigned int out_max,
                      struct mynic_offload_hdr *hdr)
{
    const size_t tag_at = offsetof(struct eth_header, h_proto);
    const size_t grow = sizeof(struct vlan_header);
    uint8_t *tag = buf + tag_at;

    if (out_max < 1 ||
        iov_to_buf(iov, iovcnt, 0, buf, ETH_HLEN) < ETH_HLEN) {
        return -EINVAL;
    }
    if (hdr && ((hdr->flags & MYNIC_HDR_F_NEEDS_CSUM &&
                 hdr->csum_start > UINT16_MAX - grow) ||
                (hdr->gso_type != MYNIC_HDR_GSO_NONE &&
                 hdr->hdr_len > UINT16_MAX - grow))) {
        return -EINVAL;
    }

    memmove(tag + grow, tag, ETH_HLEN - tag_at);
    stw_be_p(tag, ETH_P_VLAN);
    stw_be_p(tag + 2, tci);

    if (hdr && hdr->flags & MYNIC_HDR_F_NEEDS_CSUM) {
        hdr->csum_start += grow;
    }
    if (hdr && hdr->gso_type != MYNIC_HDR_GSO_NONE) {
        hdr->hdr_len += grow;
    }
    out[0].iov_base = buf;
    out[0].iov_len = MYNIC_VLAN_INSERT_LEN;
    return 1 + iov_copy(out + 1, out_max - 1, iov, iovcnt, ETH_HLEN, SIZE_MAX);
}

/* One frame, with its checksum completed where that is asked for. */
static int mynic_gso_send_one(MynicGso *gso, const struct iovec *iov,
                              unsigned int iovcnt, size_t len,
                              const struct mynic_offload_hdr *hdr,
                              MynicGsoSend *send, void *opaque)
{
    struct iovec *out = gso->out_iov;
    unsigned int max = gso->iov_max + 4;
    size_t start, at;
    unsigned int n;
    uint32_t sum;

    if (!(hdr->flags & MYNIC_HDR_F_NEEDS_CSUM)) {
        return send(opaque, iov, iovcnt);
    }

    start = hdr->csum_start;
    at = start + hdr->csum_offset;
    if (at + sizeof(gso->csum) > len) {
        return -EINVAL;
    }
    sum = net_checksum_add_iov(iov, iovcnt, start, len - start, 0);
    /* 0 in this place would say that there is no checksum (UDP). */
    gso->csum = cpu_to_be16(net_checksum_finish_nozero(sum));

    n = iov_copy(out, max, iov, iovcnt, 0, at);
    out[n].iov_base = &gso->csum;
    out[n].iov_len = sizeof(gso->csum);
    n++;
    at += sizeof(gso->csum);
    n += iov_copy(out + n, max - n, iov, iovcnt, at, len - at);
    return send(opaque, out, n);
}

/*
 * Finds the headers of a packet that is to be cut and copies them to
 * gso->hdr. False if they are not what the offload header says.
 */
static bool mynic_gso_parse(MynicGso *gso, const struct iovec *iov,
                            unsigned int iovcnt,
                            const struct mynic_offload_hdr *hdr,
                            MynicGsoLayout *lay)
{
    uint8_t gso_type = hdr->gso_type & ~MYNIC_HDR_GSO_ECN;
    size_t have = iov_to_buf(iov, iovcnt, 0, gso->hdr, sizeof(gso->hdr));
    const uint8_t *h = gso->hdr;
    uint8_t l4_proto;

    lay->l3 = ETH_HLEN;
    if (have < ETH_HLEN) {
        return false;
    }
    lay->l3_proto = lduw_be_p(h + lay->l3 - 2);
    while (lay->l3_proto == ETH_P_VLAN || lay->l3_proto == ETH_P_DVLAN) {
        lay->l3 += sizeof(struct vlan_header);
        if (lay->l3 > have) {
            return false;
        }
        lay->l3_proto = lduw_be_p(h + lay->l3 - 2);
    }

    lay->l4 = hdr->csum_start;
    if (lay->l3_proto == ETH_P_IP && gso_type != MYNIC_HDR_GSO_TCPV6) {
        if (lay->l3 + sizeof(struct ip_header) > have ||
            h[lay->l3] >> 4 != IP_HEADER_VERSION_4 ||
            IP_HDR_GET_LEN(h + lay->l3) < sizeof(struct ip_header) ||
            lay->l3 + IP_HDR_GET_LEN(h + lay->l3) != lay->l4) {
            return false;
        }
        l4_proto = IP_HDR_GET_P(h + lay->l3);
    } else if (lay->l3_proto == ETH_P_IPV6 &&
               gso_type != MYNIC_HDR_GSO_TCPV4) {
        if (lay->l3 + sizeof(struct ip6_header) > have ||
            h[lay->l3] >> 4 != IP_HEADER_VERSION_6 ||
            lay->l3 + sizeof(struct ip6_header) > lay->l4) {
            return false;
        }
        /* Behind extension headers the driver knows where it is. */
        l4_proto = gso_type == MYNIC_HDR_GSO_UDP_L4 ? IP_PROTO_UDP
                                                     : IP_PROTO_TCP;
    } else {
        return false;
    }

    switch (gso_type) {
    case MYNIC_HDR_GSO_TCPV4:
    case MYNIC_HDR_GSO_TCPV6:
        if (l4_proto != IP_PROTO_TCP ||
            hdr->csum_offset != offsetof(struct tcp_header, th_sum) ||
            lay->l4 + sizeof(struct tcp_header) > have) {
            return false;
        }
        lay->hdr_len = lay->l4 +
                       (h[lay->l4 + TCP_FLAGS_OFFSET - 1] >> 4) * 4;
        if (lay->hdr_len < lay->l4 + sizeof(struct tcp_header)) {
            return false;
        }
        break;
    case MYNIC_HDR_GSO_UDP_L4:
        if (l4_proto != IP_PROTO_UDP ||
            hdr->csum_offset != offsetof(struct udp_header, uh_sum)) {
            return false;
        }
        lay->hdr_len = lay->l4 + sizeof(struct udp_header);
        break;
    default:
        return false;
    }
    lay->csum_at = lay->l4 + hdr->csum_offset;

    /* Each segment must fit the length fields of its headers. */
    return lay->hdr_len <= have && hdr->gso_size &&
           lay->hdr_len - lay->l3 + hdr->gso_size <= ETH_MAX_IP_DGRAM_LEN;
}

/* Makes gso->hdr the headers of the segment number @nr with @len bytes. */
static void mynic_gso_edit(MynicGso *gso, const MynicGsoLayout *lay,
                           bool is_tcp, size_t len, uint32_t seq,
                           uint16_t ip_id, uint8_t tcp_flags)
{
    uint8_t *l3 = gso->hdr + lay->l3;
    uint8_t *l4 = gso->hdr + lay->l4;
    size_t l3_len = lay->l4 - lay->l3;

    if (lay->l3_proto == ETH_P_IP) {
        stw_be_p(l3 + offsetof(struct ip_header, ip_len),
                 lay->hdr_len - lay->l3 + len);
        stw_be_p(l3 + offsetof(struct ip_header, ip_id), ip_id);
        stw_be_p(l3 + offsetof(struct ip_header, ip_sum), 0);
        stw_be_p(l3 + offsetof(struct ip_header, ip_sum),
                 net_raw_checksum(l3, l3_len));
    } else {
        stw_be_p(l3 + offsetof(struct ip6_header, ip6_plen),
                 lay->hdr_len - lay->l3 - sizeof(struct ip6_header) + len);
    }
    if (is_tcp) {
        stl_be_p(l4 + offsetof(struct tcp_header, th_seq), seq);
        l4[TCP_FLAGS_OFFSET] = tcp_flags;
    } else {
        stw_be_p(l4 + offsetof(struct udp_header, uh_ulen),
                 sizeof(struct udp_header) + len);
    }
}

/* Sum of 16-bit words, carries folded in. */
static uint32_t mynic_gso_fold(uint32_t sum)
{
    return (uint16_t)~net_checksum_finish(sum);
}

/* What the frames of a packet have in common. */
typedef struct MynicGsoCut {
    const struct iovec *iov;
    unsigned int iovcnt;
    size_t len;
    struct mynic_offload_hdr hdr;
    MynicGsoLayout lay;
    /* Segments in each frame that is handed on to be cut; 0: one, and ready */
    uint32_t split;
} MynicGsoCut;

/* The offload header in front of a frame with @len bytes of payload. */
static void mynic_gso_describe(MynicGso *gso, const MynicGsoCut *cut,
                               size_t len, bool first)
{
    bool more = len > cut->hdr.gso_size;
    uint8_t gso_type = cut->hdr.gso_type;

    if (!first) {
        gso_type &= ~MYNIC_HDR_GSO_ECN;
    }
    gso->out_hdr = (struct mynic_offload_hdr) {
        .flags = MYNIC_HDR_F_NEEDS_CSUM,
        .gso_type = more ? gso_type : MYNIC_HDR_GSO_NONE,
        .hdr_len = cpu_to_le16(cut->lay.hdr_len),
        .gso_size = cpu_to_le16(more ? cut->hdr.gso_size : 0),
        .csum_start = cpu_to_le16(cut->lay.l4),
        .csum_offset = cpu_to_le16(cut->hdr.csum_offset),
    };
}

/*
 * The checksum of a frame whose headers are in gso->hdr, and whose payload are
 * @len bytes from @off on. @pseudo is the sum of the pseudo header without its
 * length, which comes in here.
 */
static void mynic_gso_sum(MynicGso *gso, const MynicGsoCut *cut, size_t off,
                          size_t len, uint32_t pseudo)
{
    uint8_t *l4 = gso->hdr + cut->lay.l4;
    size_t l4_hdr_len = cut->lay.hdr_len - cut->lay.l4;
    uint32_t sum = mynic_gso_fold(pseudo + l4_hdr_len + len);

    if (!cut->split) {
        stw_be_p(gso->hdr + cut->lay.csum_at, 0);
        sum += net_checksum_add(l4_hdr_len, l4);
        sum = mynic_gso_fold(sum) +
              net_checksum_add_iov(cut->iov, cut->iovcnt, off, len,
                                   l4_hdr_len);
        sum = net_checksum_finish_nozero(sum);
    }
    stw_be_p(gso->hdr + cut->lay.csum_at, sum);
}

/* Makes gso->out_iov the frame; returns the number of its pieces. */
static unsigned int mynic_gso_frame(MynicGso *gso, const MynicGsoCut *cut,
                                    size_t off, size_t len)
{
    struct iovec *out = gso->out_iov;
    unsigned int n = 0;

    if (cut->split) {
        mynic_gso_describe(gso, cut, len, off == cut->lay.hdr_len);
        out[n].iov_base = &gso->out_hdr;
        out[n].iov_len = sizeof(gso->out_hdr);
        n++;
    }
    out[n].iov_base = gso->hdr;
    out[n].iov_len = cut->lay.hdr_len;
    n++;
    return n + iov_copy(out + n, gso->iov_max + 4 - n, cut->iov, cut->iovcnt,
                        off, len);
}

static void mynic_gso_done(MynicGsoPart *part)
{
    if (part) {
        part->next = 0;
    }
}

static int mynic_gso_segment(MynicGso *gso, const MynicGsoCut *cut,
                             MynicGsoPart *part, MynicGsoSend *send,
                             void *opaque)
{
    const struct mynic_offload_hdr *hdr = &cut->hdr;
    const MynicGsoLayout *lay = &cut->lay;
    bool is_tcp = hdr->csum_offset == offsetof(struct tcp_header, th_sum);
    uint8_t *l3 = gso->hdr + lay->l3;
    uint8_t *l4 = gso->hdr + lay->l4;
    uint16_t ip_id = lduw_be_p(l3 + offsetof(struct ip_header, ip_id));
    uint32_t seq = ldl_be_p(l4 + offsetof(struct tcp_header, th_seq));
    uint8_t all_flags = is_tcp ? l4[TCP_FLAGS_OFFSET] : 0, flags;
    uint32_t segs = cut->split ?: 1;
    uint32_t at = part ? part->next : 0;
    size_t off, piece;
    uint32_t pseudo;
    int frames = 0;
    int ret;

    mynic_gso_done(part);
    off = lay->hdr_len + (size_t)at * hdr->gso_size;
    if (off >= cut->len) {
        /* Nothing to cut, or headers that the guest changed meanwhile. */
        return -EINVAL;
    }

    /*
     * The pseudo header's sum as the driver gave it has the length of the
     * whole packet in it: out with that (adding the complement subtracts),
     * each segment then puts its own in. The addresses need not be known,
     * which matters with a routing header.
     */
    pseudo = lduw_be_p(gso->hdr + lay->csum_at);
    pseudo += (uint16_t)~mynic_gso_fold(cut->len - lay->l4);

    for (; off < cut->len; off += piece) {
        if (part && frames == part->max) {
            part->next = at;
            break;
        }
        piece = MIN(cut->len - off, (size_t)segs * hdr->gso_size);
        flags = all_flags;
        if (off + piece < cut->len) {
            flags &= ~(TH_FIN | TH_PUSH);
        }
        if (off != lay->hdr_len && hdr->gso_type & MYNIC_HDR_GSO_ECN) {
            /* The sender reduced its window once and says so once. */
            flags &= ~TH_CWR;
        }
        mynic_gso_edit(gso, lay, is_tcp, piece, seq + at * hdr->gso_size,
                       ip_id + at, flags);
        mynic_gso_sum(gso, cut, off, piece, pseudo);
        ret = send(opaque, gso->out_iov,
                   mynic_gso_frame(gso, cut, off, piece));
        if (ret < 0) {
            return ret;
        }
        if (!ret) {
            if (part) {
                part->next = at;
            }
            break;
        }
        frames++;
        at += segs;
    }
    return frames;
}

/*
 * Begins with a packet: @cut is made all of it but the segments in each frame,
 * with its VLAN tag. Returns -EINVAL for one that makes no sense.
 */
static int mynic_gso_begin(MynicGso *gso, MynicGsoCut *cut,
                           const struct iovec *iov, unsigned int iovcnt,
                           const struct mynic_offload_hdr *hdr, bool vlan,
                           uint16_t vlan_tci)
{
    int n;

    if (!iovcnt || iovcnt > gso->iov_max) {
        return -EINVAL;
    }
    cut->hdr = hdr ? *hdr : (struct mynic_offload_hdr) { };
    cut->iov = iov;
    cut->iovcnt = iovcnt;
    cut->split = 0;
    if (vlan) {
        n = mynic_vlan_insert(iov, iovcnt, vlan_tci, gso->vlan_hdr,
                              gso->vlan_iov, gso->iov_max + 1, &cut->hdr);
        if (n < 0) {
            return n;
        }
        cut->iov = gso->vlan_iov;
        cut->iovcnt = n;
    }
    cut->len = iov_size(cut->iov, cut->iovcnt);

    /* A sum that nobody asked for cannot be adjusted. */
    if (cut->hdr.gso_type != MYNIC_HDR_GSO_NONE &&
        (!(cut->hdr.flags & MYNIC_HDR_F_NEEDS_CSUM) ||
         !mynic_gso_parse(gso, cut->iov, cut->iovcnt, &cut->hdr,
                          &cut->lay))) {
        return -EINVAL;
    }
    return 0;
}

int mynic_gso_send(MynicGso *gso, const struct iovec *iov,
                   unsigned int iovcnt, const struct mynic_offload_hdr *hdr,
                   bool vlan, uint16_t vlan_tci, MynicGsoPart *part,
                   MynicGsoSend *send, void *opaque)
{
    MynicGsoCut cut;
    int ret;

    ret = mynic_gso_begin(gso, &cut, iov, iovcnt, hdr, vlan, vlan_tci);
    if (ret < 0) {
        mynic_gso_done(part);
        return ret;
    }
    if (cut.hdr.gso_type != MYNIC_HDR_GSO_NONE &&
        cut.len - cut.lay.hdr_len > cut.hdr.gso_size) {
        return mynic_gso_segment(gso, &cut, part, send, opaque);
    }
    mynic_gso_done(part);
    return mynic_gso_send_one(gso, cut.iov, cut.iovcnt, cut.len, &cut.hdr,
                              send, opaque);
}

int mynic_gso_split(MynicGso *gso, const struct iovec *iov,
                    unsigned int iovcnt, const struct mynic_offload_hdr *hdr,
                    bool vlan, uint16_t vlan_tci, MynicGsoPart *part,
                    MynicGsoSend *send, void *opaque)
{
    MynicGsoCut cut;
    int ret;

    ret = mynic_gso_begin(gso, &cut, iov, iovcnt, hdr, vlan, vlan_tci);
    if (!ret && cut.hdr.gso_type == MYNIC_HDR_GSO_NONE) {
        ret = -EINVAL;
    }
    if (ret < 0) {
        mynic_gso_done(part);
        return ret;
    }
    /* At least one: the parser saw to that. */
    cut.split = (ETH_MAX_IP_DGRAM_LEN - (cut.lay.hdr_len - cut.lay.l3)) /
                cut.hdr.gso_size;
    return mynic_gso_segment(gso, &cut, part, send, opaque);
}
