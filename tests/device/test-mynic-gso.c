/*
 * Unit tests: checksums, segmentation and VLAN insertion of mynic
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The packet lies in pieces that were allocated one by one, so that an
 * address sanitizer sees every byte read or written outside.
 */

#include "qemu/osdep.h"
#include "mynic_gso.h"
#include "mynic-packet.h"

#define PIECES_MAX 40

typedef struct Frames {
    GPtrArray *list;
    guint stop_after;
    gboolean refused;
} Frames;

static int collect(void *opaque, const struct iovec *iov,
                   unsigned int iovcnt)
{
    Frames *f = opaque;
    size_t len = iov_size(iov, iovcnt);
    GByteArray *frame;

    if (f->stop_after && f->list->len == f->stop_after) {
        return -EPIPE;
    }
    frame = g_byte_array_new();
    g_byte_array_set_size(frame, len);
    g_assert_cmpuint(iov_to_buf(iov, iovcnt, 0, frame->data, len), ==, len);
    g_ptr_array_add(f->list, frame);
    return 1;
}

static void frames_init(Frames *f)
{
    f->list = g_ptr_array_new_with_free_func(
        (GDestroyNotify)g_byte_array_unref);
    f->stop_after = 0;
    f->refused = FALSE;
}

static void assert_frame(const Frames *f, guint i, const GByteArray *want)
{
    const GByteArray *got;

    g_assert_cmpuint(f->list->len, >, i);
    got = g_ptr_array_index(f->list, i);
    g_assert_cmpmem(got->data, got->len, want->data, want->len);
}

/* Cuts @b into pieces of @first, then @step bytes (0: one piece). */
static guint cut(const GByteArray *b, size_t first, size_t step,
                 struct iovec *iov)
{
    size_t at = 0, len;
    guint n = 0;

    while (at < b->len) {
        len = b->len - at;
        if (n == 0 && first) {
            len = MIN(len, first);
        } else if (step && n + 1 < PIECES_MAX) {
            len = MIN(len, step);
        }
        iov[n].iov_base = g_memdup2(b->data + at, len);
        iov[n].iov_len = len;
        at += len;
        n++;
    }
    return n;
}

static void uncut(struct iovec *iov, guint n)
{
    while (n--) {
        g_free(iov[n].iov_base);
    }
}

static struct mynic_offload_hdr offload(const QMynicLayout *lay,
                                        uint8_t gso_type, uint16_t gso_size)
{
    struct mynic_offload_hdr hdr = {
        .flags = MYNIC_HDR_F_NEEDS_CSUM,
        .gso_type = gso_type,
        .gso_size = gso_size,
        .csum_start = lay->l4,
        .csum_offset = lay->csum - lay->l4,
        .hdr_len = gso_size ? lay->payload : 0,
    };

    return hdr;
}

static uint8_t gso_type_of(const QMynicPacket *p)
{
    if (p->proto == QMYNIC_IP_UDP) {
        return MYNIC_HDR_GSO_UDP_L4;
    }
    return (p->ipv6 ? MYNIC_HDR_GSO_TCPV6 : MYNIC_HDR_GSO_TCPV4) |
           (p->cwr_once ? MYNIC_HDR_GSO_ECN : 0);
}

/* Sends @p in many ways of cutting its memory; compares all of the frames. */
static void check(QMynicPacket p, uint16_t gso_size, int tci)
{
    static const size_t cuts[][2] = {
        { 0, 0 }, { 14, 0 }, { 1, 3 }, { 54, 1000 }, { 35, 1 }, { 13, 977 },
    };
    struct iovec iov[PIECES_MAX];
    struct mynic_offload_hdr hdr;
    g_autoptr(GByteArray) b = NULL;
    QMynicPacket want = p;
    QMynicLayout lay;
    MynicGso gso;
    guint i, n, s;
    int ret;

    p.csum = QMYNIC_CSUM_PARTIAL;
    b = mynic_packet_build(&p, &lay);
    hdr = offload(&lay, gso_size ? gso_type_of(&p) : MYNIC_HDR_GSO_NONE,
                  gso_size);
    if (tci >= 0) {
        /* The new tag stands in front of those that are there. */
        want.tci[1] = p.tci[0];
        want.tpid[1] = p.tpid[0];
        want.tci[0] = tci;
        want.tpid[0] = 0x8100;
        want.tags++;
    }

    for (i = 0; i < G_N_ELEMENTS(cuts); i++) {
        struct mynic_offload_hdr before = hdr;
        /* The first time all of it at once, then so many frames at a time. */
        MynicGsoPart part = { .max = i };
        guint sent = 0;
        Frames f;

        frames_init(&f);
        n = cut(b, cuts[i][0], cuts[i][1], iov);
        mynic_gso_init(&gso, n);
        do {
            ret = mynic_gso_send(&gso, iov, n, &hdr, tci >= 0, tci,
                                 i ? &part : NULL, collect, &f);
            g_assert_cmpint(ret, >, 0);
            g_assert_true(!i || ret == i || !part.next);
            sent += ret;
            g_assert_cmpuint(part.next, ==, part.next ? sent : 0);
        } while (part.next);
        g_assert_cmpuint(sent, ==, f.list->len);
        g_assert_cmpmem(&hdr, sizeof(hdr), &before, sizeof(before));
        for (s = 0; ; s++) {
            g_autoptr(GByteArray) seg = mynic_packet_segment(
                &want, gso_size ?: p.payload_len, s);

            if (!seg) {
                break;
            }
            assert_frame(&f, s, seg);
        }
        g_assert_cmpuint(f.list->len, ==, s);
        /* The guest's memory is the guest's. */
        {
            g_autofree uint8_t *after = g_malloc(b->len);

            iov_to_buf(iov, n, 0, after, b->len);
            g_assert_cmpmem(after, b->len, b->data, b->len);
        }
        uncut(iov, n);
        mynic_gso_cleanup(&gso);
        g_ptr_array_unref(f.list);
    }
}

static void test_csum(void)
{
    QMynicPacket p = { .sport = 1000, .dport = 2000, .payload_len = 1001 };

    check(p, 0, -1);
    check(p, 0, 5);
    p.ipv6 = true;
    check(p, 0, -1);
    p.proto = QMYNIC_IP_UDP;
    check(p, 0, 0xefff);
    p.ipv6 = false;
    p.payload_len = 1;
    check(p, 0, -1);
}

/* A UDP sum of 0 must be sent as 0xffff: 0 would say that there is none. */
static void test_csum_zero(void)
{
    QMynicPacket p = { .proto = QMYNIC_IP_UDP, .payload_len = 2,
                       .csum = QMYNIC_CSUM_PARTIAL };
    g_autoptr(GByteArray) b = NULL;
    struct mynic_offload_hdr hdr;
    struct iovec iov;
    QMynicLayout lay;
    MynicGso gso;
    Frames f;
    guint v;
    uint8_t *got;

    b = mynic_packet_build(&p, &lay);
    hdr = offload(&lay, MYNIC_HDR_GSO_NONE, 0);
    iov.iov_base = b->data;
    iov.iov_len = b->len;
    mynic_gso_init(&gso, 1);
    frames_init(&f);
    /* One of all payloads of two bytes gives that sum. */
    for (v = 0; v <= 0xffff; v++) {
        b->data[lay.payload] = v >> 8;
        b->data[lay.payload + 1] = v;
        g_ptr_array_set_size(f.list, 0);
        g_assert_cmpint(mynic_gso_send(&gso, &iov, 1, &hdr, false, 0,
                                       NULL, collect, &f), ==, 1);
        got = ((GByteArray *)g_ptr_array_index(f.list, 0))->data + lay.csum;
        g_assert_false(got[0] == 0 && got[1] == 0);
    }
    g_ptr_array_unref(f.list);
    mynic_gso_cleanup(&gso);
}

static void test_plain(void)
{
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) b = mynic_packet_build(&p, NULL);
    struct mynic_offload_hdr hdr = {};
    struct iovec iov = { b->data, b->len };
    MynicGso gso;
    Frames f;

    mynic_gso_init(&gso, 1);
    frames_init(&f);
    g_assert_cmpint(mynic_gso_send(&gso, &iov, 1, NULL, false, 0,
                                   NULL, collect, &f), ==, 1);
    g_assert_cmpint(mynic_gso_send(&gso, &iov, 1, &hdr, false, 0,
                                   NULL, collect, &f), ==, 1);
    assert_frame(&f, 0, b);
    assert_frame(&f, 1, b);
    g_ptr_array_unref(f.list);
    mynic_gso_cleanup(&gso);
}

static void test_tso(void)
{
    QMynicPacket p = {
        .sport = 1, .dport = 0xffff, .seq = 0xffffff00, .ip_id = 0xfffe,
        .tcp_flags = QMYNIC_TCP_ACK | QMYNIC_TCP_PSH | QMYNIC_TCP_FIN |
                     QMYNIC_TCP_CWR | QMYNIC_TCP_ECE,
        .payload_len = 5000,
    };

    check(p, 1448, -1);         /* CWR means nothing special */
    p.cwr_once = true;
    check(p, 1448, -1);
    check(p, 1000, -1);         /* the last one is full */
    check(p, 4999, 7);          /* the last one has one byte */
    check(p, 5000, -1);         /* one frame, with its flags */
    check(p, 65000, 7);
    check(p, 333, -1);          /* odd: sums of pieces out of step */
    p.tcp_options = 12;
    p.ip_options = 8;
    check(p, 1448, 0x6abc);
    p.tags = 1;
    p.tci[0] = 99;
    check(p, 1448, -1);
    check(p, 1448, 100);
    p.ip_options = 0;
    p.ipv6 = true;
    check(p, 1428, -1);
    p.ip6_hop_by_hop = 16;
    check(p, 1429, 100);
    p.payload_len = 65000;
    check(p, 1400, -1);
}

static void test_uso(void)
{
    QMynicPacket p = {
        .proto = QMYNIC_IP_UDP, .sport = 53, .dport = 53, .ip_id = 7,
        .payload_len = 4001,
    };

    check(p, 1000, -1);
    check(p, 1, -1);
    check(p, 1472, 1);
    check(p, 4001, -1);
    p.ipv6 = true;
    check(p, 1111, -1);
    p.ip6_hop_by_hop = 8;
    check(p, 1111, 2);
}

/* More bytes than the length fields of IP can tell: cut all the same. */
static void test_big(void)
{
    QMynicPacket p = {
        .tcp_flags = QMYNIC_TCP_ACK | QMYNIC_TCP_PSH, .ip_id = 0xfff0,
        .seq = 0xffff0000, .payload_len = 200000,
    };

    check(p, 1448, -1);
    p.ipv6 = true;
    check(p, 1440, -1);
    check(p, 60000, 5);
}

/* Takes a packet with the offload header in front, refusing at first. */
static int collect_later(void *opaque, const struct iovec *iov,
                         unsigned int iovcnt)
{
    Frames *f = opaque;

    f->refused = !f->refused;
    return f->refused ? 0 : collect(opaque, iov, iovcnt);
}

/* What the peer makes of a piece are the next of the segments of @want. */
static void cut_further(const GByteArray *piece, const QMynicPacket *want,
                        uint16_t gso_size, guint *next)
{
    struct mynic_offload_hdr hdr;
    struct iovec iov = {
        piece->data + sizeof(hdr), piece->len - sizeof(hdr),
    };
    MynicGso gso;
    Frames f;
    guint i;

    memcpy(&hdr, piece->data, sizeof(hdr));
    hdr.hdr_len = le16_to_cpu(hdr.hdr_len);
    hdr.gso_size = le16_to_cpu(hdr.gso_size);
    hdr.csum_start = le16_to_cpu(hdr.csum_start);
    hdr.csum_offset = le16_to_cpu(hdr.csum_offset);

    mynic_gso_init(&gso, 1);
    frames_init(&f);
    g_assert_cmpint(mynic_gso_send(&gso, &iov, 1, &hdr, false, 0, NULL,
                                   collect, &f), >, 0);
    for (i = 0; i < f.list->len; i++) {
        g_autoptr(GByteArray) seg = mynic_packet_segment(want, gso_size,
                                                         (*next)++);

        g_assert_nonnull(seg);
        assert_frame(&f, i, seg);
    }
    g_ptr_array_unref(f.list);
    mynic_gso_cleanup(&gso);
}

/* Splits @p; what comes of it, cut further, is what @p would have become. */
static void check_split(QMynicPacket p, uint16_t gso_size, int tci)
{
    struct mynic_offload_hdr hdr;
    struct iovec iov[PIECES_MAX];
    g_autoptr(GByteArray) b = NULL;
    QMynicPacket want = p;
    QMynicLayout lay;
    guint i, n, s;

    p.csum = QMYNIC_CSUM_PARTIAL;
    b = mynic_packet_build(&p, &lay);
    hdr = offload(&lay, gso_type_of(&p), gso_size);
    if (tci >= 0) {
        want.tci[0] = tci;
        want.tags = 1;
    }
    n = cut(b, 54, 7777, iov);

    /* At once; one at a time; each of them offered twice. */
    for (i = 0; i < 3; i++) {
        MynicGsoPart part = { .max = i == 1 ? 1 : 1000 };
        guint sent = 0, next = 0;
        MynicGso gso;
        Frames f;

        mynic_gso_init(&gso, n);
        frames_init(&f);
        do {
            int ret = mynic_gso_split(&gso, iov, n, &hdr, tci >= 0, tci,
                                      i ? &part : NULL,
                                      i == 2 ? collect_later : collect, &f);

            g_assert_cmpint(ret, >=, i == 2 ? 0 : 1);
            sent += ret;
        } while (part.next || !sent);
        g_assert_cmpuint(sent, ==, f.list->len);
        for (s = 0; s < f.list->len; s++) {
            const GByteArray *got = g_ptr_array_index(f.list, s);
            g_autoptr(GByteArray) piece =
                mynic_packet_piece(&want, gso_size, s);

            uint8_t gso_type = hdr.gso_type;

            g_assert_nonnull(piece);
            if (s) {
                gso_type &= ~MYNIC_HDR_GSO_ECN;
            }
            if (piece->len - lay.payload - (tci >= 0 ? 4 : 0) <= gso_size) {
                gso_type = MYNIC_HDR_GSO_NONE;
            }
            g_assert_cmphex(got->data[offsetof(struct mynic_offload_hdr,
                                               gso_type)], ==, gso_type);
            g_assert_cmpmem(got->data + sizeof(hdr), got->len - sizeof(hdr),
                            piece->data, piece->len);
            cut_further(got, &want, gso_size, &next);
        }
        g_assert_null(mynic_packet_piece(&want, gso_size, s));
        g_assert_null(mynic_packet_segment(&want, gso_size, next));
        g_ptr_array_unref(f.list);
        mynic_gso_cleanup(&gso);
    }
    uncut(iov, n);
}

static void test_split(void)
{
    QMynicPacket p = {
        .sport = 1, .dport = 2, .seq = 0xffff0000, .ip_id = 0xfff0,
        .tcp_flags = QMYNIC_TCP_ACK | QMYNIC_TCP_PSH | QMYNIC_TCP_FIN |
                     QMYNIC_TCP_CWR | QMYNIC_TCP_ECE,
        .tcp_options = 12, .payload_len = 196000,
    };

    for (p.ipv6 = 0; p.ipv6 < 2; p.ipv6++) {
        for (p.cwr_once = 0; p.cwr_once < 2; p.cwr_once++) {
            check_split(p, 1448, -1);
            check_split(p, 1428, 77);
        }
        check_split(p, 9000, -1);
        /* One segment in each, with nothing left to be cut. */
        check_split(p, 65000, -1);
        check_split(p, 40000, 1);
    }
    /* A last one of one byte; all of them full; no more than fits. */
    p.payload_len = 4 * 45 * 1448 + 1;
    check_split(p, 1448, -1);
    p.payload_len = 4 * 45 * 1448;
    check_split(p, 1448, -1);
    p.payload_len = 65000;
    check_split(p, 1448, 5);
    p.proto = QMYNIC_IP_UDP;
    p.payload_len = 150000;
    check_split(p, 1400, -1);
}

/* What is refused to be cut to the end is refused to be split. */
static void test_split_refused(void)
{
    QMynicPacket p = { .payload_len = 80000, .csum = QMYNIC_CSUM_PARTIAL };
    QMynicLayout lay;
    g_autoptr(GByteArray) b = mynic_packet_build(&p, &lay);
    struct mynic_offload_hdr good = offload(&lay, MYNIC_HDR_GSO_TCPV4, 1000);
    struct iovec iov = { b->data, b->len };
    MynicGsoPart part = { .next = 80 };
    struct mynic_offload_hdr hdr;
    MynicGso gso;
    Frames f;

    mynic_gso_init(&gso, 1);
    frames_init(&f);
#define REFUSE(change)                                                      \
    do {                                                                    \
        hdr = good;                                                         \
        change;                                                             \
        g_assert_cmpint(mynic_gso_split(&gso, &iov, 1, &hdr, false, 0,      \
                                        &part, collect, &f), ==, -EINVAL);  \
        g_assert_cmpuint(part.next, ==, 0);                                 \
    } while (0)

    /* Behind its end, of which the guest changed its mind. */
    REFUSE();
    REFUSE(hdr.gso_type = MYNIC_HDR_GSO_NONE);
    REFUSE(hdr.gso_type = MYNIC_HDR_GSO_TCPV6);
    REFUSE(hdr.flags = 0);
    REFUSE(hdr.gso_size = 0);
    REFUSE(hdr.gso_size = 65535);
    REFUSE(hdr.csum_start += 4);
    iov.iov_len = lay.payload;
    REFUSE();
#undef REFUSE
    g_assert_cmpuint(f.list->len, ==, 0);
    g_ptr_array_unref(f.list);
    mynic_gso_cleanup(&gso);
}

static void test_stop(void)
{
    QMynicPacket p = { .payload_len = 5000, .csum = QMYNIC_CSUM_PARTIAL };
    QMynicLayout lay;
    g_autoptr(GByteArray) b = mynic_packet_build(&p, &lay);
    struct mynic_offload_hdr hdr = offload(&lay, MYNIC_HDR_GSO_TCPV4, 1000);
    struct iovec iov = { b->data, b->len };
    MynicGso gso;
    Frames f;

    mynic_gso_init(&gso, 1);
    frames_init(&f);
    f.stop_after = 2;
    g_assert_cmpint(mynic_gso_send(&gso, &iov, 1, &hdr, false, 0,
                                   NULL, collect, &f), ==, -EPIPE);
    g_assert_cmpuint(f.list->len, ==, 2);
    g_ptr_array_unref(f.list);
    mynic_gso_cleanup(&gso);
}

static void refuse(const GByteArray *b, struct mynic_offload_hdr hdr,
                   bool vlan)
{
    struct iovec iov[PIECES_MAX];
    guint n = cut(b, 0, 0, iov);
    MynicGso gso;
    Frames f;

    mynic_gso_init(&gso, MAX(n, 1));
    frames_init(&f);
    g_assert_cmpint(mynic_gso_send(&gso, iov, n, &hdr, vlan, 0, NULL, collect,
                                   &f), ==, -EINVAL);
    g_assert_cmpuint(f.list->len, ==, 0);
    g_ptr_array_unref(f.list);
    mynic_gso_cleanup(&gso);
    uncut(iov, n);
}

static void test_refused(void)
{
    QMynicPacket p = { .payload_len = 3000, .csum = QMYNIC_CSUM_PARTIAL };
    QMynicLayout lay;
    g_autoptr(GByteArray) tcp4 = mynic_packet_build(&p, &lay);
    struct mynic_offload_hdr good = offload(&lay, MYNIC_HDR_GSO_TCPV4, 1000);
    struct mynic_offload_hdr hdr;
    g_autoptr(GByteArray) b = NULL;
    guint len;

#define REFUSE(change)                          \
    do {                                        \
        hdr = good;                             \
        change;                                 \
        refuse(tcp4, hdr, false);               \
        refuse(tcp4, hdr, true);                \
    } while (0)

    REFUSE(hdr.flags = 0);
    REFUSE(hdr.gso_size = 0);
    REFUSE(hdr.gso_size = 65535);
    REFUSE(hdr.gso_type = MYNIC_HDR_GSO_TCPV6);
    REFUSE(hdr.gso_type = MYNIC_HDR_GSO_UDP_L4);
    REFUSE(hdr.gso_type = 3);
    REFUSE(hdr.gso_type = MYNIC_HDR_GSO_ECN);
    REFUSE(hdr.csum_start += 4);
    REFUSE(hdr.csum_start = 0);
    REFUSE(hdr.csum_start = 65535);
    REFUSE(hdr.csum_offset = 6);
    REFUSE(hdr.csum_offset = 65535);
    REFUSE(hdr.gso_type = 0; hdr.csum_offset = tcp4->len - hdr.csum_start - 1);
    REFUSE(hdr.gso_type = 0; hdr.csum_start = 65535; hdr.csum_offset = 65535);
#undef REFUSE

    /* Every length at which the headers are cut off. */
    for (len = 0; len < lay.payload; len++) {
        g_autoptr(GByteArray) cut_off = g_byte_array_new();

        g_byte_array_append(cut_off, tcp4->data, len);
        refuse(cut_off, good, false);
        refuse(cut_off, good, true);
    }

    /* A TCP header that says it is shorter than it can be, or too long. */
    b = g_byte_array_new();
    g_byte_array_append(b, tcp4->data, tcp4->len);
    b->data[lay.l4 + 12] = 4 << 4;
    refuse(b, good, false);
    b->data[lay.l4 + 12] = 15 << 4;
    g_byte_array_set_size(b, lay.l4 + 59);
    refuse(b, good, false);

    /* No Ethernet header to put a tag into. */
    memset(&hdr, 0, sizeof(hdr));
    g_byte_array_set_size(b, 13);
    refuse(b, hdr, true);
}

static void test_too_many_pieces(void)
{
    uint8_t byte[64] = {};
    struct iovec iov[2] = { { byte, 32 }, { byte + 32, 32 } };
    MynicGso gso;
    Frames f;

    mynic_gso_init(&gso, 1);
    frames_init(&f);
    g_assert_cmpint(mynic_gso_send(&gso, iov, 2, NULL, false, 0, NULL, collect,
                                   &f), ==, -EINVAL);
    g_ptr_array_unref(f.list);
    mynic_gso_cleanup(&gso);
}

/* Whatever the headers say: no byte outside, no frame that grew. */
static void test_random(void)
{
    GRand *rand = g_rand_new_with_seed(20240607);
    guint round;

    for (round = 0; round < 20000; round++) {
        QMynicPacket p = {
            .ipv6 = g_rand_boolean(rand),
            .proto = g_rand_boolean(rand) ? QMYNIC_IP_UDP : QMYNIC_IP_TCP,
            .payload_len = g_rand_int_range(rand, 0, 300),
            .tags = g_rand_int_range(rand, 0, 3),
        };
        QMynicLayout lay;
        g_autoptr(GByteArray) b = mynic_packet_build(&p, &lay);
        struct mynic_offload_hdr hdr = offload(&lay, gso_type_of(&p),
                                               g_rand_int_range(rand, 1, 100));
        struct iovec iov[PIECES_MAX];
        guint i, n, size = b->len;
        MynicGso gso;
        Frames f;
        int ret;

        for (i = g_rand_int_range(rand, 0, 4); i; i--) {
            b->data[g_rand_int_range(rand, 0, MIN(size, 80))] =
                g_rand_int(rand);
        }
        for (i = g_rand_int_range(rand, 0, 3); i; i--) {
            ((uint8_t *)&hdr)[g_rand_int_range(rand, 0, sizeof(hdr))] =
                g_rand_int(rand);
        }
        if (g_rand_int_range(rand, 0, 4) == 0) {
            g_byte_array_set_size(b, g_rand_int_range(rand, 0, size));
        }
        n = cut(b, g_rand_int_range(rand, 0, 80),
                g_rand_int_range(rand, 0, 80), iov);
        mynic_gso_init(&gso, MAX(n, 1));
        frames_init(&f);
        ret = mynic_gso_send(&gso, iov, n, &hdr, round & 1, round, NULL,
                             collect, &f);
        g_assert_cmpint(ret, ==, ret < 0 ? -EINVAL : (int)f.list->len);
        for (i = 0; i < f.list->len; i++) {
            GByteArray *frame = g_ptr_array_index(f.list, i);

            g_assert_cmpuint(frame->len, <=, b->len + 4);
        }
        g_ptr_array_unref(f.list);
        mynic_gso_cleanup(&gso);
        uncut(iov, n);
    }
    g_rand_free(rand);
}

static void test_vlan_insert(void)
{
    QMynicPacket p = { .payload_len = 50 };
    QMynicLayout lay;
    g_autoptr(GByteArray) b = mynic_packet_build(&p, &lay);
    struct mynic_offload_hdr hdr = offload(&lay, MYNIC_HDR_GSO_TCPV4, 10);
    struct mynic_offload_hdr far = hdr;
    struct iovec iov[PIECES_MAX], out[PIECES_MAX];
    uint8_t buf[MYNIC_VLAN_INSERT_LEN];
    guint n = cut(b, 5, 20, iov);
    g_autoptr(GByteArray) want = NULL;
    int m;

    p.tags = 1;
    p.tci[0] = 0xa123;
    want = mynic_packet_build(&p, &lay);

    m = mynic_vlan_insert(iov, n, 0xa123, buf, out, n + 1, &hdr);
    g_assert_cmpint(m, >, 0);
    g_assert_cmpuint(iov_size(out, m), ==, want->len);
    {
        g_autofree uint8_t *got = g_malloc(want->len);

        iov_to_buf(out, m, 0, got, want->len);
        g_assert_cmpmem(got, want->len, want->data, want->len);
    }
    g_assert_cmpuint(hdr.csum_start, ==, lay.l4);
    g_assert_cmpuint(hdr.hdr_len, ==, lay.payload);

    /* Offsets that are not in use are not touched, nor may they overflow. */
    memset(&hdr, 0, sizeof(hdr));
    hdr.csum_start = hdr.hdr_len = 65535;
    g_assert_cmpint(mynic_vlan_insert(iov, n, 1, buf, out, n + 1, &hdr),
                    >, 0);
    g_assert_cmpuint(hdr.csum_start, ==, 65535);
    g_assert_cmpuint(hdr.hdr_len, ==, 65535);

    far.csum_start = 65532;
    g_assert_cmpint(mynic_vlan_insert(iov, n, 1, buf, out, n + 1, &far),
                    ==, -EINVAL);
    far.csum_start = 0;
    far.hdr_len = 65532;
    g_assert_cmpint(mynic_vlan_insert(iov, n, 1, buf, out, n + 1, &far),
                    ==, -EINVAL);
    uncut(iov, n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mynic/gso/plain", test_plain);
    g_test_add_func("/mynic/gso/csum", test_csum);
    g_test_add_func("/mynic/gso/csum-zero", test_csum_zero);
    g_test_add_func("/mynic/gso/tso", test_tso);
    g_test_add_func("/mynic/gso/uso", test_uso);
    g_test_add_func("/mynic/gso/big", test_big);
    g_test_add_func("/mynic/gso/split", test_split);
    g_test_add_func("/mynic/gso/split-refused", test_split_refused);
    g_test_add_func("/mynic/gso/stop", test_stop);
    g_test_add_func("/mynic/gso/refused", test_refused);
    g_test_add_func("/mynic/gso/too-many-pieces", test_too_many_pieces);
    g_test_add_func("/mynic/gso/random", test_random);
    g_test_add_func("/mynic/gso/vlan-insert", test_vlan_insert);
    return g_test_run();
}
