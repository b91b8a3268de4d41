/*
 * QTest of mynic: admin commands, each with success and every error
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "libqtest.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"

/* Executes @make after @change, a statement about c, and wants @status. */
#define EXPECT(status, make, change)                                    \
    do {                                                                \
        struct mynic_admin_cmd c = make;                                \
                                                                        \
        change;                                                         \
        g_assert_cmpuint(mynic_admin(d, &c, NULL), ==, status);         \
    } while (0)

#define SAME ((void)0)

static const uint16_t opcodes[] = {
    MYNIC_ADMIN_ECHO, MYNIC_ADMIN_GET_INFO, MYNIC_ADMIN_CREATE_CQ,
    MYNIC_ADMIN_DESTROY_CQ, MYNIC_ADMIN_CREATE_TXQ, MYNIC_ADMIN_DESTROY_TXQ,
    MYNIC_ADMIN_CREATE_RXQ, MYNIC_ADMIN_DESTROY_RXQ, MYNIC_ADMIN_MODIFY_TXQ,
    MYNIC_ADMIN_MODIFY_CQ, MYNIC_ADMIN_SET_RX_FILTER,
    MYNIC_ADMIN_SET_VLAN_FILTER, MYNIC_ADMIN_SET_MAC, MYNIC_ADMIN_SET_MTU,
    MYNIC_ADMIN_SET_OFFLOADS, MYNIC_ADMIN_SET_RSS, MYNIC_ADMIN_DELETE_RSS,
    MYNIC_ADMIN_SET_RULE, MYNIC_ADMIN_DELETE_RULE, MYNIC_ADMIN_GET_LINK,
    MYNIC_ADMIN_GET_STATS,
};

static bool known(uint16_t opcode)
{
    unsigned int i;

    for (i = 0; i < G_N_ELEMENTS(opcodes); i++) {
        if (opcodes[i] == opcode) {
            return true;
        }
    }
    return false;
}

/* Each of the bytes of the parameters from @used on must be 0. */
static void check_reserved(QMynic *d, const struct mynic_admin_cmd *good,
                           unsigned int used)
{
    unsigned int i;

    for (i = used; i < sizeof(good->params); i++) {
        EXPECT(MYNIC_ERR_PARAM, *good, c.params.raw[i] = 1);
    }
    EXPECT(MYNIC_ERR_PARAM, *good, c.reserved = cpu_to_le64(1));
    EXPECT(MYNIC_ERR_PARAM, *good, c.reserved = cpu_to_le64(1ull << 63));
}

static void check_data_errors(QMynic *d, const struct mynic_admin_cmd *good)
{
    EXPECT(MYNIC_ERR_LENGTH, *good,
           c.data_len = cpu_to_le32(MYNIC_ADMIN_DATA_MAX + 1));
    EXPECT(MYNIC_ERR_LENGTH, *good, c.data_len = cpu_to_le32(~0u));
    EXPECT(MYNIC_ERR_DMA, *good, c.data = cpu_to_le64(QMYNIC_NOWHERE));
    EXPECT(MYNIC_ERR_DMA, *good, c.data = cpu_to_le64(~0ull - 64));
}

static struct mynic_admin_cmd with_data(QMynic *d, enum mynic_admin_op op,
                                        uint32_t len)
{
    struct mynic_admin_cmd cmd = mynic_cmd(op);

    cmd.data = cpu_to_le64(d->data);
    cmd.data_len = cpu_to_le32(len);
    return cmd;
}

static void test_opcodes(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int op;

    mynic_start(d, 0);
    for (op = 0; op <= 0x100; op++) {
        if (!known(op)) {
            EXPECT(MYNIC_ERR_OPCODE, mynic_cmd(op), SAME);
        }
    }
    EXPECT(MYNIC_ERR_OPCODE, mynic_cmd(0xffff), SAME);
    /* Whatever else is wrong. */
    EXPECT(MYNIC_ERR_OPCODE, mynic_cmd(0),
           c.data_len = ~0u; c.reserved = ~0ull);
    /* A length that is too large is wrong even if no data are wanted. */
    EXPECT(MYNIC_ERR_LENGTH, mynic_cmd(MYNIC_ADMIN_GET_LINK),
           c.data_len = cpu_to_le32(MYNIC_ADMIN_DATA_MAX + 1));
    EXPECT(MYNIC_ERR_LENGTH, mynic_cmd(MYNIC_ADMIN_SET_OFFLOADS),
           c.data_len = cpu_to_le32(MYNIC_ADMIN_DATA_MAX + 1));
}

/* Several at once: in order, each with its tag, over the end of the ring. */
static void test_batch(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int round, i, n = 1 << QMYNIC_ADMIN_LOG2;

    mynic_start(d, 0);
    for (round = 0; round < 5; round++) {
        uint16_t tags[1 << QMYNIC_ADMIN_LOG2];

        mynic_irq_take(d, MYNIC_VECTOR_ADMIN);
        for (i = 0; i < n; i++) {
            struct mynic_admin_cmd cmd = mynic_cmd(i % 2 ? MYNIC_ADMIN_ECHO
                                                         : 0x7f);

            tags[i] = mynic_admin_post(d, &cmd);
        }
        mynic_admin_ring(d);
        for (i = 0; i < n; i++) {
            struct mynic_admin_cqe cqe;

            mynic_admin_wait(d, &cqe);
            g_assert_cmpuint(le16_to_cpu(cqe.tag), ==, tags[i]);
            g_assert_cmpuint(le16_to_cpu(cqe.status), ==,
                             i % 2 ? MYNIC_OK : MYNIC_ERR_OPCODE);
        }
        MYNIC_WAIT_FOR(mynic_irq_take(d, MYNIC_VECTOR_ADMIN));
        /* One that is out of step, so that the wrap comes elsewhere. */
        mynic_sync(d);
    }
}

static void test_echo(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    g_autofree uint8_t *in = g_malloc(QMYNIC_DATA_SIZE);
    g_autofree uint8_t *out = g_malloc(QMYNIC_DATA_SIZE);
    static const uint32_t lens[] = { 0, 1, 7, 4095, 4096 };
    struct mynic_admin_cmd cmd;
    struct mynic_admin_cqe cqe;
    unsigned int i, j;

    mynic_start(d, 0);
    for (i = 0; i < QMYNIC_DATA_SIZE; i++) {
        in[i] = mynic_packet_pattern(i);
    }
    for (i = 0; i < G_N_ELEMENTS(lens); i++) {
        /* At an odd address, too. */
        qtest_memwrite(d->qts, d->data, in, QMYNIC_DATA_SIZE);
        cmd = with_data(d, MYNIC_ADMIN_ECHO, lens[i]);
        cmd.data = cpu_to_le64(d->data + 3);
        g_assert_cmpuint(mynic_admin(d, &cmd, &cqe), ==, MYNIC_OK);
        g_assert_cmpuint(le32_to_cpu(cqe.data_len), ==, lens[i]);
        qtest_memread(d->qts, d->data, out, QMYNIC_DATA_SIZE);
        for (j = 0; j < QMYNIC_DATA_SIZE; j++) {
            bool inside = j >= 3 && j < 3 + lens[i];

            g_assert_cmphex(out[j], ==, in[j] ^ (inside ? 0xff : 0));
        }
    }
    cmd = with_data(d, MYNIC_ADMIN_ECHO, 8);
    check_data_errors(d, &cmd);
    check_reserved(d, &cmd, 0);
    /* Without data the address is nobody's business. */
    EXPECT(MYNIC_OK, mynic_cmd(MYNIC_ADMIN_ECHO),
           c.data = cpu_to_le64(QMYNIC_NOWHERE));
}

static void test_get_info(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    static const uint8_t mac[6] = QMYNIC_MAC;
    uint8_t zero[24] = {};
    struct mynic_device_info info, part;
    struct mynic_admin_cmd cmd;
    struct mynic_admin_cqe cqe;

    mynic_start(d, 0);
    memset(&info, 0xff, sizeof(info));
    cmd = mynic_cmd(MYNIC_ADMIN_GET_INFO);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, &info, &info, sizeof(info)),
                     ==, MYNIC_OK);
    g_assert_cmpmem(info.perm_addr, 6, mac, 6);
    g_assert_cmpmem(info.reserved, 2, zero, 2);
    g_assert_cmpmem(info.reserved2, 24, zero, 24);
    g_assert_cmpuint(strnlen(info.fw_version, 32), >, 0);
    g_assert_cmpuint(strnlen(info.fw_version, 32), <, 32);
    g_assert_true(g_str_is_ascii(info.fw_version));

    /* The beginning only, and not a byte more. */
    memset(&part, 0xee, sizeof(part));
    qtest_memwrite(d->qts, d->data, &part, sizeof(part));
    cmd = with_data(d, MYNIC_ADMIN_GET_INFO, 6);
    g_assert_cmpuint(mynic_admin(d, &cmd, &cqe), ==, MYNIC_OK);
    g_assert_cmpuint(le32_to_cpu(cqe.data_len), ==, 6);
    qtest_memread(d->qts, d->data, &part, sizeof(part));
    g_assert_cmpmem(part.perm_addr, 6, mac, 6);
    g_assert_cmphex(part.reserved[0], ==, 0xee);

    cmd = with_data(d, MYNIC_ADMIN_GET_INFO, 4096);
    g_assert_cmpuint(mynic_admin(d, &cmd, &cqe), ==, MYNIC_OK);
    g_assert_cmpuint(le32_to_cpu(cqe.data_len), ==, sizeof(info));
    check_data_errors(d, &cmd);
    check_reserved(d, &cmd, 0);
}

static unsigned int limit(QMynic *d, uint32_t reg, bool max)
{
    return mynic_read(d, reg) >> (max ? 8 : 0) & 0xff;
}

static void test_create_cq(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int min = limit(d, MYNIC_REG_RX_LIMITS, false);
    unsigned int max = limit(d, MYNIC_REG_RX_LIMITS, true);
    struct mynic_admin_cmd good;
    unsigned int i;
    QMynicRxq q;

    mynic_start(d, MYNIC_F_MODERATION);
    mynic_rxq_alloc(d, &q, 0, min, 64);
    good = mynic_cq_cmd(&q);
    EXPECT(MYNIC_ERR_ID, good, c.params.cq.id = cpu_to_le16(8));
    EXPECT(MYNIC_ERR_ID, good, c.params.cq.id = cpu_to_le16(0xffff));
    EXPECT(MYNIC_ERR_VECTOR, good, c.params.cq.vector = cpu_to_le16(5));
    EXPECT(MYNIC_ERR_VECTOR, good, c.params.cq.vector = cpu_to_le16(0xffff));
    EXPECT(MYNIC_ERR_SIZE, good, c.params.cq.log2_size = 0);
    EXPECT(MYNIC_ERR_SIZE, good, c.params.cq.log2_size = cpu_to_le16(min - 1));
    EXPECT(MYNIC_ERR_SIZE, good, c.params.cq.log2_size = cpu_to_le16(max + 1));
    EXPECT(MYNIC_ERR_SIZE, good,
           c.params.cq.log2_size = cpu_to_le16(0x100 | min));
    EXPECT(MYNIC_ERR_SIZE, good, c.params.cq.log2_size = cpu_to_le16(0xffff));
    EXPECT(MYNIC_ERR_ADDRESS, good,
           c.params.cq.ring = cpu_to_le64(q.cq_ring + 32));
    EXPECT(MYNIC_ERR_ADDRESS, good,
           c.params.cq.ctl = cpu_to_le64(q.cq_ctl + 64));
    EXPECT(MYNIC_ERR_PARAM, good,
           c.params.cq.moderation.usecs =
           cpu_to_le16(MYNIC_MODERATION_USECS_MAX + 1));
    EXPECT(MYNIC_ERR_PARAM, good, c.params.cq.reserved = cpu_to_le16(1));
    check_reserved(d, &good, offsetof(struct mynic_cmd_cq, reserved2));

    /* None of these left anything behind. */
    EXPECT(MYNIC_OK, good,
           c.params.cq.moderation.usecs =
           cpu_to_le16(MYNIC_MODERATION_USECS_MAX);
           c.params.cq.moderation.frames = cpu_to_le16(0xffff));
    EXPECT(MYNIC_ERR_EXISTS, good, SAME);
    for (i = 1; i < 2 * QMYNIC_QUEUES; i++) {
        EXPECT(MYNIC_OK, good, c.params.cq.id = cpu_to_le16(i);
               c.params.cq.vector = 0);
    }
    EXPECT(MYNIC_OK, mynic_cmd_queue(MYNIC_ADMIN_DESTROY_CQ, 3), SAME);
    EXPECT(MYNIC_OK, good, c.params.cq.id = cpu_to_le16(3);
           c.params.cq.log2_size = cpu_to_le16(max));

    mynic_start(d, 0);
    EXPECT(MYNIC_ERR_FEATURE, good,
           c.params.cq.moderation.usecs = cpu_to_le16(1));
    EXPECT(MYNIC_ERR_FEATURE, good,
           c.params.cq.moderation.frames = cpu_to_le16(1));
    EXPECT(MYNIC_OK, good, SAME);
    mynic_reset(d);
    mynic_rxq_free(&q);
}

static void test_create_txq(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int min = limit(d, MYNIC_REG_TX_LIMITS, false);
    unsigned int max = limit(d, MYNIC_REG_TX_LIMITS, true);
    struct mynic_admin_cmd good;
    unsigned int i;
    QMynicTxq q;

    mynic_start(d, MYNIC_F_MODERATION);
    mynic_txq_alloc(d, &q, 0, min);
    good = mynic_txq_cmd(&q);
    EXPECT(MYNIC_ERR_ID, good, c.params.txq.id = cpu_to_le16(QMYNIC_QUEUES));
    EXPECT(MYNIC_ERR_ID, good, c.params.txq.id = cpu_to_le16(0xffff));
    EXPECT(MYNIC_ERR_VECTOR, good, c.params.txq.vector = cpu_to_le16(5));
    EXPECT(MYNIC_ERR_SIZE, good, c.params.txq.log2_size = 0);
    EXPECT(MYNIC_ERR_SIZE, good,
           c.params.txq.log2_size = cpu_to_le16(min - 1));
    EXPECT(MYNIC_ERR_SIZE, good,
           c.params.txq.log2_size = cpu_to_le16(max + 1));
    EXPECT(MYNIC_ERR_SIZE, good, c.params.txq.log2_size = cpu_to_le16(0x8000));
    EXPECT(MYNIC_ERR_ADDRESS, good,
           c.params.txq.ring = cpu_to_le64(q.ring + 16));
    EXPECT(MYNIC_ERR_ADDRESS, good,
           c.params.txq.ctl = cpu_to_le64(q.ctl + 64));
    EXPECT(MYNIC_ERR_PARAM, good,
           c.params.txq.moderation.usecs =
           cpu_to_le16(MYNIC_MODERATION_USECS_MAX + 1));
    EXPECT(MYNIC_ERR_FEATURE, good, c.params.txq.cq = 0);
    check_reserved(d, &good, offsetof(struct mynic_cmd_txq, reserved));

    EXPECT(MYNIC_OK, good, SAME);
    EXPECT(MYNIC_ERR_EXISTS, good, SAME);
    for (i = 1; i < QMYNIC_QUEUES; i++) {
        EXPECT(MYNIC_OK, good, c.params.txq.id = cpu_to_le16(i);
               c.params.txq.log2_size = cpu_to_le16(max));
    }
    mynic_start(d, 0);
    EXPECT(MYNIC_ERR_FEATURE, good,
           c.params.txq.moderation.usecs = cpu_to_le16(1));
    EXPECT(MYNIC_ERR_FEATURE, good,
           c.params.txq.moderation.frames = cpu_to_le16(1));
    mynic_reset(d);
    mynic_txq_free(&q);
}

static void test_create_rxq(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int min = limit(d, MYNIC_REG_RX_LIMITS, false);
    unsigned int max = limit(d, MYNIC_REG_RX_LIMITS, true);
    struct mynic_admin_cmd good, cq;
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_rxq_alloc(d, &q, 0, min + 1, 64);
    good = mynic_rxq_cmd(&q);
    EXPECT(MYNIC_ERR_NOT_FOUND, good, SAME);
    cq = mynic_cq_cmd(&q);
    EXPECT(MYNIC_OK, cq, SAME);

    EXPECT(MYNIC_ERR_ID, good, c.params.rxq.id = cpu_to_le16(QMYNIC_QUEUES));
    EXPECT(MYNIC_ERR_ID, good, c.params.rxq.cq = cpu_to_le16(8));
    EXPECT(MYNIC_ERR_ID, good, c.params.rxq.cq = cpu_to_le16(MYNIC_CQ_NONE));
    EXPECT(MYNIC_ERR_NOT_FOUND, good, c.params.rxq.cq = cpu_to_le16(1));
    EXPECT(MYNIC_ERR_SIZE, good, c.params.rxq.log2_size = 0);
    EXPECT(MYNIC_ERR_SIZE, good,
           c.params.rxq.log2_size = cpu_to_le16(min - 1));
    EXPECT(MYNIC_ERR_SIZE, good,
           c.params.rxq.log2_size = cpu_to_le16(max + 1));
    /* Allowed, but more than the completion queue has room for. */
    EXPECT(MYNIC_ERR_SIZE, good,
           c.params.rxq.log2_size = cpu_to_le16(min + 2));
    EXPECT(MYNIC_ERR_ADDRESS, good,
           c.params.rxq.ring = cpu_to_le64(q.ring + 16));
    EXPECT(MYNIC_ERR_ADDRESS, good,
           c.params.rxq.ctl = cpu_to_le64(q.ctl + 64));
    EXPECT(MYNIC_ERR_FEATURE, good,
           c.params.rxq.hdr_stride = cpu_to_le16(256));
    EXPECT(MYNIC_ERR_FEATURE, good, c.params.rxq.hdr_base = cpu_to_le64(64));
    check_reserved(d, &good, offsetof(struct mynic_cmd_rxq, reserved));

    /* A smaller ring than the completion queue is fine. */
    EXPECT(MYNIC_OK, good, c.params.rxq.log2_size = cpu_to_le16(min));
    EXPECT(MYNIC_ERR_EXISTS, good, SAME);
    EXPECT(MYNIC_ERR_BUSY, good, c.params.rxq.id = cpu_to_le16(1));
    /* Any completion queue will do. */
    EXPECT(MYNIC_OK, cq, c.params.cq.id = cpu_to_le16(7));
    EXPECT(MYNIC_OK, good, c.params.rxq.id = cpu_to_le16(1);
           c.params.rxq.cq = cpu_to_le16(7));
    mynic_reset(d);
    mynic_rxq_free(&q);
}

static void test_destroy(void *obj, void *data, QGuestAllocator *alloc)
{
    static const enum mynic_admin_op ops[] = {
        MYNIC_ADMIN_DESTROY_CQ, MYNIC_ADMIN_DESTROY_TXQ,
        MYNIC_ADMIN_DESTROY_RXQ,
    };
    QMynic *d = obj;
    struct mynic_admin_cmd cmd;
    unsigned int i;
    QMynicRxq rx;
    QMynicTxq tx;

    mynic_start(d, 0);
    for (i = 0; i < G_N_ELEMENTS(ops); i++) {
        unsigned int count = QMYNIC_QUEUES << (i == 0);

        EXPECT(MYNIC_ERR_NOT_FOUND, mynic_cmd_queue(ops[i], 0), SAME);
        EXPECT(MYNIC_ERR_NOT_FOUND, mynic_cmd_queue(ops[i], count - 1), SAME);
        EXPECT(MYNIC_ERR_ID, mynic_cmd_queue(ops[i], count), SAME);
        EXPECT(MYNIC_ERR_ID, mynic_cmd_queue(ops[i], 0xffff), SAME);
        cmd = mynic_cmd_queue(ops[i], 0);
        check_reserved(d, &cmd, 2);
    }
    mynic_txq_create(d, &tx, 1);
    mynic_rxq_create(d, &rx, 1, 256);
    EXPECT(MYNIC_ERR_BUSY, mynic_cmd_queue(MYNIC_ADMIN_DESTROY_CQ, rx.cq),
           SAME);
    for (i = 0; i < 3; i++) {
        mynic_txq_destroy(&tx);
        mynic_rxq_destroy(&rx);
        mynic_txq_create(d, &tx, 1);
        mynic_rxq_create(d, &rx, 1, 256);
    }
    mynic_txq_destroy(&tx);
    mynic_rxq_destroy(&rx);
    EXPECT(MYNIC_ERR_NOT_FOUND, mynic_cmd_queue(MYNIC_ADMIN_DESTROY_TXQ, 1),
           SAME);
    EXPECT(MYNIC_ERR_NOT_FOUND, mynic_cmd_queue(MYNIC_ADMIN_DESTROY_RXQ, 1),
           SAME);
}

static struct mynic_admin_cmd modify(enum mynic_admin_op op, uint16_t id,
                                     uint16_t vector)
{
    struct mynic_admin_cmd cmd = mynic_cmd(op);

    cmd.params.modify.id = cpu_to_le16(id);
    cmd.params.modify.vector = cpu_to_le16(vector);
    return cmd;
}

static void test_modify(void *obj, void *data, QGuestAllocator *alloc)
{
    static const enum mynic_admin_op ops[] = {
        MYNIC_ADMIN_MODIFY_TXQ, MYNIC_ADMIN_MODIFY_CQ,
    };
    QMynic *d = obj;
    unsigned int i, round;
    QMynicRxq rx;
    QMynicTxq tx;

    for (round = 0; round < 2; round++) {
        mynic_start(d, round ? MYNIC_F_MODERATION : 0);
        mynic_txq_create(d, &tx, 0);
        mynic_rxq_create(d, &rx, 0, 256);
        for (i = 0; i < G_N_ELEMENTS(ops); i++) {
            struct mynic_admin_cmd good = modify(ops[i], 0, 2);

            EXPECT(MYNIC_OK, good, SAME);
            EXPECT(MYNIC_ERR_ID, good,
                   c.params.modify.id = cpu_to_le16(QMYNIC_QUEUES << i));
            EXPECT(MYNIC_ERR_NOT_FOUND, good,
                   c.params.modify.id = cpu_to_le16(1));
            EXPECT(MYNIC_ERR_VECTOR, good,
                   c.params.modify.vector = cpu_to_le16(5));
            EXPECT(round ? MYNIC_OK : MYNIC_ERR_FEATURE, good,
                   c.params.modify.moderation.usecs = cpu_to_le16(5));
            EXPECT(round ? MYNIC_OK : MYNIC_ERR_FEATURE, good,
                   c.params.modify.moderation.frames = cpu_to_le16(5));
            if (round) {
                EXPECT(MYNIC_ERR_PARAM, good,
                       c.params.modify.moderation.usecs =
                       cpu_to_le16(MYNIC_MODERATION_USECS_MAX + 1));
            }
            check_reserved(d, &good, offsetof(struct mynic_cmd_modify,
                                              reserved));
        }
        mynic_rxq_destroy(&rx);
        mynic_txq_destroy(&tx);
    }
}

static void test_set_rx_filter(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int max = mynic_read(d, MYNIC_REG_MAC_FILTERS);
    struct mynic_admin_cmd good;
    uint32_t len = max * sizeof(struct mynic_mac_entry);

    mynic_start(d, 0);
    qtest_memset(d->qts, d->data, 0, QMYNIC_DATA_SIZE);
    good = with_data(d, MYNIC_ADMIN_SET_RX_FILTER, len);
    good.params.rx_filter.count = cpu_to_le16(max);
    good.params.rx_filter.flags = cpu_to_le16(0xf);
    good.params.rx_filter.hash = cpu_to_le64(~0ull);
    EXPECT(MYNIC_OK, good, SAME);
    EXPECT(MYNIC_OK, good, c.data_len = cpu_to_le32(len + 8));
    EXPECT(MYNIC_ERR_PARAM, good, c.params.rx_filter.flags = cpu_to_le16(16));
    EXPECT(MYNIC_ERR_PARAM, good,
           c.params.rx_filter.flags = cpu_to_le16(0x8001));
    EXPECT(MYNIC_ERR_PARAM, good,
           c.params.rx_filter.count = cpu_to_le16(max + 1);
           c.data_len = cpu_to_le32(4096));
    EXPECT(MYNIC_ERR_LENGTH, good, c.data_len = cpu_to_le32(len - 1));
    EXPECT(MYNIC_ERR_LENGTH, good, c.data_len = 0);
    EXPECT(MYNIC_ERR_PARAM, good, c.params.rx_filter.reserved = 1);
    qtest_writeb(d->qts, d->data + len - 1, 1);
    EXPECT(MYNIC_ERR_PARAM, good, SAME);
    qtest_writeb(d->qts, d->data + len - 1, 0);
    check_data_errors(d, &good);
    check_reserved(d, &good, offsetof(struct mynic_cmd_rx_filter, reserved2));
    EXPECT(MYNIC_OK, good, SAME);
    EXPECT(MYNIC_OK, mynic_cmd(MYNIC_ADMIN_SET_RX_FILTER), SAME);
}

static void test_set_vlan_filter(void *obj, void *data,
                                 QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_admin_cmd good;

    mynic_start(d, MYNIC_F_VLAN_FILTER);
    good = with_data(d, MYNIC_ADMIN_SET_VLAN_FILTER, MYNIC_VLAN_BITMAP_SIZE);
    EXPECT(MYNIC_OK, good, SAME);
    EXPECT(MYNIC_OK, good, c.data_len = cpu_to_le32(4096));
    EXPECT(MYNIC_ERR_LENGTH, good,
           c.data_len = cpu_to_le32(MYNIC_VLAN_BITMAP_SIZE - 1));
    EXPECT(MYNIC_ERR_LENGTH, good, c.data_len = 0);
    check_data_errors(d, &good);
    check_reserved(d, &good, 0);
    mynic_start(d, mynic_offer(d) & ~MYNIC_F_VLAN_FILTER);
    EXPECT(MYNIC_ERR_FEATURE, good, SAME);
}

static void test_set_mac(void *obj, void *data, QGuestAllocator *alloc)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
    QMynic *d = obj;
    struct mynic_admin_cmd good = mynic_cmd(MYNIC_ADMIN_SET_MAC);

    mynic_start(d, 0);
    memcpy(good.params.mac.addr, mac, sizeof(mac));
    EXPECT(MYNIC_OK, good, SAME);
    EXPECT(MYNIC_ERR_PARAM, good, c.params.mac.addr[0] = 3);
    EXPECT(MYNIC_ERR_PARAM, good, memset(c.params.mac.addr, 0xff, 6));
    EXPECT(MYNIC_ERR_PARAM, good, memset(c.params.mac.addr, 0, 6));
    check_reserved(d, &good, 6);
}

static void test_set_mtu(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    uint32_t max = mynic_read(d, MYNIC_REG_MAX_MTU);
    struct mynic_admin_cmd good = mynic_cmd(MYNIC_ADMIN_SET_MTU);

    mynic_start(d, 0);
    good.params.mtu.mtu = cpu_to_le32(MYNIC_MIN_MTU);
    EXPECT(MYNIC_OK, good, SAME);
    EXPECT(MYNIC_OK, good, c.params.mtu.mtu = cpu_to_le32(max));
    EXPECT(MYNIC_ERR_PARAM, good, c.params.mtu.mtu = cpu_to_le32(max + 1));
    EXPECT(MYNIC_ERR_PARAM, good,
           c.params.mtu.mtu = cpu_to_le32(MYNIC_MIN_MTU - 1));
    EXPECT(MYNIC_ERR_PARAM, good, c.params.mtu.mtu = 0);
    EXPECT(MYNIC_ERR_PARAM, good, c.params.mtu.mtu = cpu_to_le32(~0u));
    EXPECT(MYNIC_ERR_PARAM, good, c.params.mtu.mtu = cpu_to_le32(0x105dc));
    check_reserved(d, &good, 4);
}

static void test_set_offloads(void *obj, void *data, QGuestAllocator *alloc)
{
    static const struct {
        uint32_t bits;
        uint64_t features;
    } rows[] = {
        { MYNIC_OFFLOAD_RX_CSUM, MYNIC_F_RX_CSUM },
        { MYNIC_OFFLOAD_RX_CSUM | MYNIC_OFFLOAD_RX_GRO,
          MYNIC_F_RX_CSUM | MYNIC_F_RX_GRO },
        { MYNIC_OFFLOAD_RX_CSUM | MYNIC_OFFLOAD_RX_GRO |
          MYNIC_OFFLOAD_RX_GRO_UDP,
          MYNIC_F_RX_CSUM | MYNIC_F_RX_GRO | MYNIC_F_RX_GRO_UDP },
        { MYNIC_OFFLOAD_RX_VLAN, MYNIC_F_RX_VLAN },
        { MYNIC_OFFLOAD_VLAN_FILTER, MYNIC_F_VLAN_FILTER },
        { MYNIC_OFFLOAD_RX_HASH, MYNIC_F_RSS },
        { MYNIC_OFFLOAD_RX_CSUM | MYNIC_OFFLOAD_RX_CSUM_FILL,
          MYNIC_F_RX_CSUM | MYNIC_F_RX_CSUM_FILL },
    };
    QMynic *d = obj;
    uint64_t offer = mynic_offer(d);
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_OFFLOADS);
    unsigned int i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].features & ~offer) {
            continue;
        }
        mynic_start(d, rows[i].features);
        EXPECT(MYNIC_OK, cmd,
               c.params.offloads.rx = cpu_to_le32(rows[i].bits));
        EXPECT(MYNIC_OK, cmd, SAME);
        mynic_start(d, 0);
        EXPECT(MYNIC_ERR_FEATURE, cmd,
               c.params.offloads.rx = cpu_to_le32(rows[i].bits));
    }
    mynic_start(d, offer);
    for (i = 7; i < 32; i++) {
        EXPECT(MYNIC_ERR_PARAM, cmd,
               c.params.offloads.rx = cpu_to_le32(1u << i));
    }
    EXPECT(MYNIC_ERR_PARAM, cmd,
           c.params.offloads.rx = cpu_to_le32(MYNIC_OFFLOAD_RX_CSUM_FILL));
    if (offer & MYNIC_F_RX_GRO) {
        EXPECT(MYNIC_ERR_PARAM, cmd,
               c.params.offloads.rx = cpu_to_le32(MYNIC_OFFLOAD_RX_GRO));
        EXPECT(MYNIC_ERR_PARAM, cmd,
               c.params.offloads.rx = cpu_to_le32(MYNIC_OFFLOAD_RX_CSUM |
                                                  MYNIC_OFFLOAD_RX_GRO |
                                                  MYNIC_OFFLOAD_RX_CSUM_FILL));
    }
    if (offer & MYNIC_F_RX_GRO_UDP) {
        EXPECT(MYNIC_ERR_PARAM, cmd,
               c.params.offloads.rx = cpu_to_le32(MYNIC_OFFLOAD_RX_CSUM |
                                                  MYNIC_OFFLOAD_RX_GRO_UDP));
    }
    check_reserved(d, &cmd, 4);
}

static void test_set_rss(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_rss_config rss = {
        .table_len = cpu_to_le16(128),
        .key_len = cpu_to_le16(MYNIC_RSS_KEY_SIZE),
        .function = MYNIC_RSS_TOEPLITZ,
    }, bad;
    uint32_t len = offsetof(struct mynic_rss_config, table) + 2 * 128;
    unsigned int contexts = mynic_read(d, MYNIC_REG_RSS_LIMITS) >> 24;
    struct mynic_admin_cmd good;

#define REFUSE(error, change)                                           \
    do {                                                                \
        bad = rss;                                                      \
        change;                                                         \
        qtest_memwrite(d->qts, d->data, &bad, sizeof(bad));             \
        EXPECT(error, good, SAME);                                      \
    } while (0)

    mynic_start(d, MYNIC_F_RSS);
    good = with_data(d, MYNIC_ADMIN_SET_RSS, len);
    REFUSE(MYNIC_OK, SAME);
    EXPECT(MYNIC_OK, good, c.data_len = cpu_to_le32(4096));
    EXPECT(MYNIC_ERR_LENGTH, good, c.data_len = cpu_to_le32(len - 1));
    EXPECT(MYNIC_ERR_LENGTH, good, c.data_len = cpu_to_le32(1));
    EXPECT(MYNIC_ERR_LENGTH, good, c.data_len = 0);
    EXPECT(MYNIC_ERR_ID, good, c.params.rss.context = cpu_to_le16(contexts));
    EXPECT(MYNIC_ERR_ID, good, c.params.rss.context = cpu_to_le16(0xffff));
    check_data_errors(d, &good);
    check_reserved(d, &good, 2);
    REFUSE(MYNIC_ERR_PARAM, bad.table_len = 0);
    REFUSE(MYNIC_ERR_PARAM, bad.table_len = cpu_to_le16(127));
    REFUSE(MYNIC_ERR_PARAM, bad.key_len = cpu_to_le16(20));
    REFUSE(MYNIC_ERR_PARAM, bad.function = 0);
    REFUSE(MYNIC_ERR_PARAM, bad.reserved[0] = 1);
    REFUSE(MYNIC_ERR_PARAM, bad.fields[1] = 0x80);
    REFUSE(MYNIC_ERR_PARAM, bad.fields[15] = 1);
    REFUSE(MYNIC_ERR_PARAM,
           bad.fields[MYNIC_FLOW_IPV4] = MYNIC_RSS_FIELD_SRC_PORT);
    REFUSE(MYNIC_ERR_ID, bad.table[127] = cpu_to_le16(QMYNIC_QUEUES));
    REFUSE(MYNIC_OK, bad.table[127] = cpu_to_le16(QMYNIC_QUEUES - 1));
    mynic_start(d, mynic_offer(d) & ~(MYNIC_F_RSS | MYNIC_F_RSS_SYMMETRIC |
                                      MYNIC_F_RSS_FLOW_LABEL));
    REFUSE(MYNIC_ERR_FEATURE, SAME);
#undef REFUSE
}

static void test_get_link(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_GET_LINK);
    struct mynic_admin_cqe cqe;
    uint64_t up, down;

    mynic_start(d, 0);
    g_assert_cmpuint(mynic_admin(d, &cmd, &cqe), ==, MYNIC_OK);
    up = le64_to_cpu(cqe.result[0]);
    g_assert_cmphex(up & MYNIC_LINK_UP, !=, 0);
    g_assert_cmphex(up & MYNIC_LINK_FULL_DUPLEX, !=, 0);
    g_assert_cmpuint(up & MYNIC_LINK_SPEED_MASK, >=, 10);
    g_assert_cmphex(up >> 34, ==, 0);
    qtest_qmp_assert_success(d->qts, "{'execute': 'set_link', 'arguments': "
                             "{'name': 'hs0', 'up': false}}");
    g_assert_cmpuint(mynic_admin(d, &cmd, &cqe), ==, MYNIC_OK);
    down = le64_to_cpu(cqe.result[0]);
    g_assert_cmphex(down, ==, up & ~MYNIC_LINK_UP);
    check_reserved(d, &cmd, 0);
}

static void test_get_stats(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    static const struct {
        unsigned int scope;
        uint32_t size;
    } rows[] = {
        { MYNIC_STATS_PORT, sizeof(struct mynic_port_stats) },
        { MYNIC_STATS_TXQ, sizeof(struct mynic_queue_stats) },
        { MYNIC_STATS_RXQ, sizeof(struct mynic_queue_stats) },
    };
    struct mynic_admin_cmd cmd;
    struct mynic_admin_cqe cqe;
    unsigned int i;
    QMynicRxq rx;
    QMynicTxq tx;

    mynic_start(d, 0);
    mynic_txq_create(d, &tx, 1);
    mynic_rxq_create(d, &rx, 1, 256);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        bool queue = rows[i].scope != MYNIC_STATS_PORT;

        cmd = with_data(d, MYNIC_ADMIN_GET_STATS, 4096);
        cmd.params.stats.scope = cpu_to_le16(rows[i].scope);
        cmd.params.stats.id = cpu_to_le16(queue);
        g_assert_cmpuint(mynic_admin(d, &cmd, &cqe), ==, MYNIC_OK);
        g_assert_cmpuint(le32_to_cpu(cqe.data_len), ==, rows[i].size);
        check_data_errors(d, &cmd);
        check_reserved(d, &cmd, 4);

        qtest_memset(d->qts, d->data, 0xee, 4096);
        cmd.data_len = cpu_to_le32(12);
        g_assert_cmpuint(mynic_admin(d, &cmd, &cqe), ==, MYNIC_OK);
        g_assert_cmpuint(le32_to_cpu(cqe.data_len), ==, 12);
        g_assert_cmphex(qtest_readl(d->qts, d->data + 8), !=, 0xeeeeeeee);
        g_assert_cmphex(qtest_readl(d->qts, d->data + 12), ==, 0xeeeeeeee);

        if (queue) {
            EXPECT(MYNIC_ERR_NOT_FOUND, cmd, c.params.stats.id = 0);
            EXPECT(MYNIC_ERR_ID, cmd,
                   c.params.stats.id = cpu_to_le16(QMYNIC_QUEUES));
        } else {
            EXPECT(MYNIC_ERR_PARAM, cmd, c.params.stats.id = cpu_to_le16(1));
        }
        EXPECT(MYNIC_ERR_PARAM, cmd, c.params.stats.scope = cpu_to_le16(4));
    }
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);
}

/*
 * Every status that an admin command can return is returned by one of these.
 * VERSION is for ENABLE only, INTERNAL cannot be provoked.
 */
static void test_every_status(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    bool seen[MYNIC_STATUS_COUNT] = {
        [MYNIC_ERR_VERSION] = true, [MYNIC_ERR_INTERNAL] = true,
    };
    struct mynic_admin_cmd cmds[16];
    unsigned int i, n = 0, status;
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_rxq_alloc(d, &q, 0, 6, 64);
    cmds[n++] = mynic_cmd(0);
    cmds[n] = mynic_cmd(MYNIC_ADMIN_ECHO);
    cmds[n++].reserved = 1;
    cmds[n++] = mynic_cmd_queue(MYNIC_ADMIN_DESTROY_RXQ, 100);
    cmds[n++] = mynic_cmd_queue(MYNIC_ADMIN_DESTROY_RXQ, 0);
    cmds[n++] = mynic_cq_cmd(&q);
    cmds[n++] = mynic_cq_cmd(&q);
    cmds[n++] = mynic_rxq_cmd(&q);
    cmds[n++] = mynic_cmd_queue(MYNIC_ADMIN_DESTROY_CQ, 0);
    cmds[n] = mynic_cq_cmd(&q);
    cmds[n].params.cq.id = cpu_to_le16(1);
    cmds[n++].params.cq.log2_size = cpu_to_le16(31);
    cmds[n] = mynic_cq_cmd(&q);
    cmds[n].params.cq.id = cpu_to_le16(1);
    cmds[n++].params.cq.ctl = cpu_to_le64(q.cq_ctl + 1);
    cmds[n] = mynic_cq_cmd(&q);
    cmds[n].params.cq.id = cpu_to_le16(1);
    cmds[n++].params.cq.vector = cpu_to_le16(100);
    cmds[n++] = with_data(d, MYNIC_ADMIN_ECHO, 5000);
    cmds[n] = with_data(d, MYNIC_ADMIN_ECHO, 8);
    cmds[n++].data = cpu_to_le64(QMYNIC_NOWHERE);
    cmds[n++] = with_data(d, MYNIC_ADMIN_SET_VLAN_FILTER, 512);

    for (i = 0; i < n; i++) {
        status = mynic_admin(d, &cmds[i], NULL);
        g_assert_cmpuint(status, <, MYNIC_STATUS_COUNT);
        seen[status] = true;
    }
    for (i = 0; i < MYNIC_STATUS_COUNT; i++) {
        if (!seen[i]) {
            g_error("no command returned status %u", i);
        }
    }
    mynic_reset(d);
    mynic_rxq_free(&q);
}

/* Stopped for good: reads, TEST_ECHO and reset, nothing else. */
static void assert_fatal(QMynic *d)
{
    uint32_t acq_head = d->acq_head;
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_ECHO);
    struct mynic_admin_cqe cqe;

    MYNIC_WAIT_FOR(mynic_read(d, MYNIC_REG_STATUS) & MYNIC_STATUS_FATAL);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_STATUS), ==,
                    MYNIC_STATUS_READY | MYNIC_STATUS_ENABLED |
                    MYNIC_STATUS_FATAL | MYNIC_STATUS_LINK_UP);
    g_assert_true(mynic_irq_take(d, MYNIC_VECTOR_ADMIN));
    mynic_admin_post(d, &cmd);
    mynic_admin_ring(d);
    mynic_write(d, MYNIC_REG_CTRL, MYNIC_CTRL_ENABLE);
    mynic_write(d, MYNIC_REG_TEST_ECHO, 0x5555aaaa);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_TEST_ECHO), ==, 0xaaaa5555);
    g_assert_false(mynic_admin_poll(d, &cqe));
    g_assert_cmpuint(d->acq_head, ==, acq_head);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_STATUS) & MYNIC_STATUS_FATAL, !=,
                    0);
    g_assert_false(mynic_irq_take(d, MYNIC_VECTOR_ADMIN));
    mynic_start(d, 0);
    mynic_sync(d);
    g_assert_true(mynic_irq_take(d, MYNIC_VECTOR_ADMIN));
}

static void test_fatal(void *obj, void *data, QGuestAllocator *alloc)
{
    static const uint32_t bases[] = { MYNIC_REG_ASQ_LO, MYNIC_REG_ACQ_LO };
    QMynic *d = obj;
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_ECHO);
    uint32_t n = 1 << QMYNIC_ADMIN_LOG2;
    unsigned int i;

    mynic_start(d, 0);
    mynic_sync(d);
    mynic_irq_take(d, MYNIC_VECTOR_ADMIN);
    /* As far ahead as is allowed, and one further. */
    mynic_write(d, MYNIC_REG_ASQ_TAIL, d->asq_tail + n + 1);
    assert_fatal(d);
    mynic_irq_take(d, MYNIC_VECTOR_ADMIN);
    /* Backwards is far ahead. */
    mynic_write(d, MYNIC_REG_ASQ_TAIL, d->asq_tail - 1);
    assert_fatal(d);

    for (i = 0; i < G_N_ELEMENTS(bases); i++) {
        mynic_reset(d);
        mynic_setup(d, 0);
        mynic_write(d, bases[i], QMYNIC_NOWHERE);
        g_assert_cmpuint(mynic_enable(d), ==, MYNIC_OK);
        mynic_irq_take(d, MYNIC_VECTOR_ADMIN);
        mynic_admin_post(d, &cmd);
        mynic_admin_ring(d);
        assert_fatal(d);
    }
}

/* A queue that ran before stops as well. */
static void test_fatal_stops_queues(void *obj, void *data,
                                    QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicWire *wire = data;
    QMynicPacket p = { .payload_len = 60 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    QMynicTxq q;

    mynic_start(d, 0);
    mynic_txq_create(d, &q, 0);
    mynic_tx_packet(&q, frame, NULL, -1, 0);
    mynic_tx_publish(&q);
    mynic_wire_expect(wire, frame);
    mynic_tx_wait(&q);
    mynic_write(d, MYNIC_REG_ASQ_TAIL, 1000);
    MYNIC_WAIT_FOR(mynic_read(d, MYNIC_REG_STATUS) & MYNIC_STATUS_FATAL);
    mynic_tx_packet(&q, frame, NULL, -1, 0);
    mynic_tx_publish(&q);
    mynic_start(d, 0);
    mynic_sync(d);
    g_assert_true(mynic_wire_quiet(wire));
    g_assert_cmpuint(mynic_ctl(&q, head), ==, 1);
    mynic_txq_free(&q);
}

static void register_tests(void)
{
    mynic_add_test("mynic-admin", "opcodes", test_opcodes, NULL);
    mynic_add_test("mynic-admin", "batch", test_batch, NULL);
    mynic_add_test("mynic-admin", "echo", test_echo, NULL);
    mynic_add_test("mynic-admin", "get-info", test_get_info, NULL);
    mynic_add_test("mynic-admin", "create-cq", test_create_cq, NULL);
    mynic_add_test("mynic-admin", "create-txq", test_create_txq, NULL);
    mynic_add_test("mynic-admin", "create-rxq", test_create_rxq, NULL);
    mynic_add_test("mynic-admin", "destroy", test_destroy, NULL);
    mynic_add_test("mynic-admin", "modify", test_modify, NULL);
    mynic_add_test("mynic-admin", "set-rx-filter", test_set_rx_filter, NULL);
    mynic_add_test("mynic-admin", "set-vlan-filter", test_set_vlan_filter,
                   NULL);
    mynic_add_test("mynic-admin", "set-mac", test_set_mac, NULL);
    mynic_add_test("mynic-admin", "set-mtu", test_set_mtu, NULL);
    mynic_add_test("mynic-admin", "set-offloads", test_set_offloads, NULL);
    mynic_add_test("mynic-admin", "set-rss", test_set_rss, NULL);
    mynic_add_test("mynic-admin", "get-link", test_get_link, NULL);
    mynic_add_test("mynic-admin", "get-stats", test_get_stats, NULL);
    mynic_add_test("mynic-admin", "every-status", test_every_status, NULL);
    mynic_add_test("mynic-admin", "fatal", test_fatal, NULL);
    mynic_add_test("mynic-admin", "fatal-stops-queues",
                   test_fatal_stops_queues, NULL);
}

libqos_init(register_tests);
