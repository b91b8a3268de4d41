/*
 * libqos: frames for the tests of mynic, and what they look like when cut
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Nothing of QEMU is used here, its checksums least of all.
 */

#include "qemu/osdep.h"
#include "mynic-packet.h"

static void put8(GByteArray *b, guint8 v)
{
    g_byte_array_append(b, &v, 1);
}

static void put16(GByteArray *b, guint16 v)
{
    put8(b, v >> 8);
    put8(b, v);
}

static void put32(GByteArray *b, guint32 v)
{
    put16(b, v >> 16);
    put16(b, v);
}

static void set16(GByteArray *b, gsize at, guint16 v)
{
    b->data[at] = v >> 8;
    b->data[at + 1] = v;
}

static guint32 sum16(guint32 sum, const guint8 *p, gsize len)
{
    gsize i;

    for (i = 0; i < len; i++) {
        sum += i & 1 ? p[i] : p[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

guint8 mynic_packet_pattern(gsize at)
{
    return at * 7 + (at >> 8) * 13 + 1;
}

static gboolean all_zero(const guint8 *p, gsize len)
{
    while (len--) {
        if (*p++) {
            return FALSE;
        }
    }
    return TRUE;
}

static void put_addr(GByteArray *b, const guint8 *addr, gsize len,
                     guint8 fallback)
{
    gsize i;

    if (!all_zero(addr, len)) {
        g_byte_array_append(b, addr, len);
        return;
    }
    for (i = 0; i < len; i++) {
        put8(b, i == 0 ? (len == 4 ? 10 : 0xfd) : fallback + i);
    }
}

static void put_ethernet(GByteArray *b, const QMynicPacket *p)
{
    static const guint8 mac[6] = QMYNIC_MAC;
    static const guint8 peer[6] = { 0x52, 0x54, 0x00, 0x70, 0x65, 0x72 };
    guint i;

    g_byte_array_append(b, all_zero(p->dst, 6) ? mac : p->dst, 6);
    g_byte_array_append(b, all_zero(p->src, 6) ? peer : p->src, 6);
    for (i = 0; i < p->tags; i++) {
        put16(b, p->tpid[i] ?: 0x8100);
        put16(b, p->tci[i]);
    }
    put16(b, p->ethertype ?: p->ipv6 ? 0x86dd : 0x0800);
}

static void put_ipv4(GByteArray *b, const QMynicPacket *p, guint8 proto,
                     gsize l4_len)
{
    gsize at = b->len;
    guint i;

    put8(b, 0x40 | (5 + p->ip_options / 4));
    put8(b, p->tos);
    put16(b, 20 + p->ip_options + l4_len);
    put16(b, p->ip_id);
    put16(b, p->fragment ? 0x2000 : 0);
    put8(b, 64);
    put8(b, proto);
    put16(b, 0);
    put_addr(b, p->saddr, 4, 1);
    put_addr(b, p->daddr, 4, 2);
    for (i = 0; i < p->ip_options; i++) {
        put8(b, 1);
    }
    set16(b, at + 10, ~sum16(0, b->data + at, b->len - at));
}

static void put_ipv6(GByteArray *b, const QMynicPacket *p, guint8 proto,
                     gsize l4_len)
{
    guint8 next = proto;
    guint i;

    if (p->fragment) {
        next = 44;
    }
    put32(b, 0x60000000 | p->tos << 20 | p->flow_label);
    put16(b, l4_len + p->ip6_hop_by_hop + (p->fragment ? 8 : 0));
    put8(b, p->ip6_hop_by_hop ? 0 : next);
    put8(b, 64);
    put_addr(b, p->saddr, 16, 1);
    put_addr(b, p->daddr, 16, 2);
    if (p->ip6_hop_by_hop) {
        put8(b, next);
        put8(b, p->ip6_hop_by_hop / 8 - 1);
        put8(b, 1);
        put8(b, p->ip6_hop_by_hop - 4);
        for (i = 4; i < p->ip6_hop_by_hop; i++) {
            put8(b, 0);
        }
    }
    if (p->fragment) {
        put8(b, proto);
        put8(b, 0);
        put16(b, 1);
        put32(b, 0x12345678);
    }
}

GByteArray *mynic_packet_build(const QMynicPacket *p, QMynicLayout *layout)
{
    GByteArray *b = g_byte_array_new();
    QMynicLayout lay = {};
    guint8 proto = p->proto ?: QMYNIC_IP_TCP;
    gsize l4_hdr = 0, l4_len, i;
    guint32 sum;
    guint16 csum;

    if (proto == QMYNIC_IP_TCP) {
        l4_hdr = 20 + p->tcp_options;
    } else if (proto == QMYNIC_IP_UDP) {
        l4_hdr = 8;
    } else if (proto == QMYNIC_IP_SCTP) {
        l4_hdr = 12;
    }
    l4_len = l4_hdr + p->payload_len;

    put_ethernet(b, p);
    lay.l3 = lay.l4 = lay.payload = b->len;
    if (!p->ethertype) {
        if (p->ipv6) {
            put_ipv6(b, p, proto, l4_len);
        } else {
            put_ipv4(b, p, proto, l4_len);
        }
        lay.l4 = b->len;
        if (l4_hdr) {
            put16(b, p->sport);
            put16(b, p->dport);
        }
        if (proto == QMYNIC_IP_TCP) {
            put32(b, p->seq);
            put32(b, 0x0badcafe);
            put8(b, l4_hdr / 4 << 4);
            put8(b, p->tcp_flags);
            put16(b, 0x4000);
            lay.csum = b->len;
            put16(b, 0);
            put16(b, 0);
            for (i = 0; i < p->tcp_options; i++) {
                put8(b, 1);
            }
        } else if (proto == QMYNIC_IP_UDP) {
            put16(b, l4_len);
            lay.csum = b->len;
            put16(b, 0);
        } else if (proto == QMYNIC_IP_SCTP) {
            put32(b, 0x01020304);
            put32(b, 0);
        }
        lay.payload = b->len;
    }
    for (i = 0; i < p->payload_len; i++) {
        put8(b, mynic_packet_pattern(p->payload_at + i));
    }

    if (lay.csum) {
        if (p->ipv6) {
            sum = sum16(0, b->data + lay.l3 + 8, 32);
        } else {
            sum = sum16(0, b->data + lay.l3 + 12, 8);
        }
        sum += proto + (l4_len & 0xffff) + (l4_len >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        if (p->csum == QMYNIC_CSUM_PARTIAL) {
            csum = (sum & 0xffff) + (sum >> 16);
        } else {
            csum = ~sum16(sum, b->data + lay.l4, l4_len);
            if (!csum) {
                csum = 0xffff;
            }
            if (p->csum == QMYNIC_CSUM_BAD) {
                csum ^= 0x0101;
            }
        }
        set16(b, lay.csum, csum);
    }
    if (layout) {
        *layout = lay;
    }
    return b;
}

/* Bytes @off to @off + @len of the payload, behind @index segments. */
static GByteArray *build_part(const QMynicPacket *packet, gsize off, gsize len,
                              guint index, QMynicCsum csum)
{
    QMynicPacket p = *packet;

    if (off >= p.payload_len) {
        return NULL;
    }
    p.payload_at += off;
    p.payload_len = MIN(p.payload_len - off, len);
    p.seq += off;
    p.ip_id += index;
    if (off + p.payload_len < packet->payload_len) {
        p.tcp_flags &= ~(QMYNIC_TCP_FIN | QMYNIC_TCP_PSH);
    }
    if (off && p.cwr_once) {
        p.tcp_flags &= ~QMYNIC_TCP_CWR;
    }
    p.csum = csum;
    return mynic_packet_build(&p, NULL);
}

GByteArray *mynic_packet_segment(const QMynicPacket *packet, gsize gso_size,
                                 guint index)
{
    return build_part(packet, index * gso_size, gso_size, index,
                      QMYNIC_CSUM_FULL);
}

GByteArray *mynic_packet_piece(const QMynicPacket *packet, gsize gso_size,
                               guint index)
{
    QMynicLayout lay;
    QMynicPacket empty = *packet;
    g_autoptr(GByteArray) headers = NULL;
    guint segs;

    empty.payload_len = 0;
    headers = mynic_packet_build(&empty, &lay);
    segs = (65535 - (headers->len - lay.l3)) / gso_size;
    return build_part(packet, index * segs * gso_size, segs * gso_size,
                      index * segs, QMYNIC_CSUM_PARTIAL);
}
