/*
 * QTest of mynic: interrupts, their arming and moderation, and events
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Time stands still in a qtest unless the test moves it.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "hw/pci/pci_regs.h"
#include "libqtest.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"

#define USEC 1000ll

#define ALL (MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_PROMISC)

static void set_link(QMynic *d, bool up)
{
    qtest_qmp_assert_success(d->qts, "{'execute': 'set_link', 'arguments': "
                             "{'name': 'hs0', 'up': %i}}", up);
}

/* Sends @n packets of one slot and waits until they are done. */
static void transmit(QMynicTxq *q, QMynicWire *wire, unsigned int n)
{
    QMynicPacket p = { .payload_len = 60 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    unsigned int i;

    for (i = 0; i < n; i++) {
        mynic_tx_packet(q, frame, NULL, -1, 0);
    }
    mynic_tx_publish(q);
    for (i = 0; i < n; i++) {
        mynic_wire_expect(wire, frame);
    }
    mynic_tx_wait(q);
    mynic_sync(q->d);
}

static void receive(QMynicRxq *q, QMynicWire *wire, unsigned int n)
{
    QMynicPacket p = { .payload_len = 60 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    unsigned int i;

    for (i = 0; i < n; i++) {
        mynic_wire_send(wire, frame);
    }
    for (i = 0; i < n; i++) {
        mynic_rx_expect(q, frame, NULL);
    }
    mynic_rx_fill(q, n);
    mynic_rx_publish(q);
    MYNIC_WAIT_FOR(mynic_cq_ctl(q, head) == q->cq_head);
    mynic_sync(q->d);
}

static void arm_memory(QMynic *d, uint64_t ctl, uint32_t index)
{
    qtest_writel(d->qts, ctl + offsetof(struct mynic_queue_ctl, arm), index);
}

static void test_tx_doorbell(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_queue_stats stats;
    QMynicTxq q;

    mynic_start(d, 0);
    mynic_txq_create(d, &q, 0);
    /* A queue starts unarmed. */
    transmit(&q, data, 3);
    g_assert_false(mynic_irq_take(d, 1));
    /* Passed already: at once. The last slot done counts as passed. */
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 0);
    MYNIC_WAIT_FOR(mynic_irq_take(d, 1));
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 2);
    MYNIC_WAIT_FOR(mynic_irq_take(d, 1));
    /* Used up. */
    transmit(&q, data, 1);
    g_assert_false(mynic_irq_take(d, 1));
    /* The next one, and one further off. */
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 4);
    mynic_sync(d);
    g_assert_false(mynic_irq_take(d, 1));
    transmit(&q, data, 1);
    g_assert_true(mynic_irq_take(d, 1));
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 7);
    transmit(&q, data, 2);
    g_assert_false(mynic_irq_take(d, 1));
    transmit(&q, data, 2);
    g_assert_true(mynic_irq_take(d, 1));
    /* The second word replaces the first. */
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 9);
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 20);
    transmit(&q, data, 5);
    g_assert_false(mynic_irq_take(d, 1));
    /* In the middle of a batch, once. */
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 16);
    transmit(&q, data, 10);
    g_assert_true(mynic_irq_take(d, 1));
    g_assert_false(mynic_irq_take(d, 1));
    mynic_queue_stats(d, MYNIC_STATS_TXQ, 0, &stats);
    g_assert_cmpuint(stats.interrupts, ==, 5);
    mynic_txq_destroy(&q);
}

static void test_tx_shadow(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicTxq q;

    mynic_start(d, MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 0);
    /* The zeros in the control block arm slot 0. */
    transmit(&q, data, 1);
    g_assert_true(mynic_irq_take(d, 1));
    transmit(&q, data, 3);
    g_assert_false(mynic_irq_take(d, 1));
    arm_memory(d, q.ctl, 5);
    transmit(&q, data, 1);
    g_assert_false(mynic_irq_take(d, 1));
    transmit(&q, data, 1);
    g_assert_true(mynic_irq_take(d, 1));
    transmit(&q, data, 1);
    g_assert_false(mynic_irq_take(d, 1));
    /* An index that was passed never interrupts: the driver looks again. */
    arm_memory(d, q.ctl, 6);
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 6);
    transmit(&q, data, 2);
    g_assert_false(mynic_irq_take(d, 1));
    arm_memory(d, q.ctl, 10);
    transmit(&q, data, 5);
    g_assert_true(mynic_irq_take(d, 1));
    g_assert_false(mynic_irq_take(d, 1));
    mynic_txq_destroy(&q);
}

static void test_rx_doorbell(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_queue_stats stats;
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_rxq_create(d, &q, 0, 256);
    mynic_set_rx_filter(d, ALL);
    receive(&q, data, 2);
    g_assert_false(mynic_irq_take(d, 1));
    mynic_doorbell(d, 0, MYNIC_DB_CQ_ARM, 1);
    MYNIC_WAIT_FOR(mynic_irq_take(d, 1));
    mynic_doorbell(d, 0, MYNIC_DB_CQ_ARM, 2);
    mynic_sync(d);
    g_assert_false(mynic_irq_take(d, 1));
    receive(&q, data, 1);
    g_assert_true(mynic_irq_take(d, 1));
    receive(&q, data, 1);
    g_assert_false(mynic_irq_take(d, 1));
    mynic_doorbell(d, 0, MYNIC_DB_CQ_ARM, 6);
    receive(&q, data, 2);
    g_assert_false(mynic_irq_take(d, 1));
    receive(&q, data, 4);
    g_assert_true(mynic_irq_take(d, 1));
    mynic_queue_stats(d, MYNIC_STATS_RXQ, 0, &stats);
    g_assert_cmpuint(stats.interrupts, ==, 3);
    mynic_rxq_destroy(&q);
}

static void test_rx_shadow(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicRxq q;

    mynic_start(d, MYNIC_F_SHADOW);
    mynic_rxq_create(d, &q, 0, 256);
    mynic_set_rx_filter(d, ALL);
    receive(&q, data, 1);
    g_assert_true(mynic_irq_take(d, 1));
    receive(&q, data, 1);
    g_assert_false(mynic_irq_take(d, 1));
    arm_memory(d, q.cq_ctl, 2);
    receive(&q, data, 1);
    g_assert_true(mynic_irq_take(d, 1));
    arm_memory(d, q.cq_ctl, 2);
    mynic_doorbell(d, 0, MYNIC_DB_CQ_ARM, 0);
    receive(&q, data, 3);
    g_assert_false(mynic_irq_take(d, 1));
    mynic_rxq_destroy(&q);
}

/* A completion queue of an odd number has a doorbell of its own. */
static void test_cq_odd(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_admin_cmd cmd;
    QMynicRxq q;

    mynic_start(d, 0);
    mynic_rxq_alloc(d, &q, 0, 6, 256);
    q.cq = 5;
    q.vector = 4;
    cmd = mynic_cq_cmd(&q);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    cmd = mynic_rxq_cmd(&q);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    mynic_rx_fill(&q, 64);
    mynic_rx_publish(&q);
    mynic_set_rx_filter(d, ALL);
    /* Those of other queues. */
    mynic_doorbell(d, 2, MYNIC_DB_CQ_ARM, 0);
    mynic_doorbell(d, 0, MYNIC_DB_CQ_ARM, 0);
    mynic_doorbell(d, 0, MYNIC_DB_CQ_ARM_ODD, 0);
    receive(&q, data, 1);
    g_assert_false(mynic_irq_take(d, 4));
    mynic_doorbell(d, 2, MYNIC_DB_CQ_ARM_ODD, 1);
    receive(&q, data, 1);
    g_assert_true(mynic_irq_take(d, 4));
    g_assert_false(mynic_irq_take(d, 1));
    mynic_rxq_destroy(&q);
}

/* Vectors shared, changed while the queue runs, and masked. */
static void test_vectors(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_MODIFY_TXQ);
    QMynicTxq q;
    QMynicRxq rx;

    mynic_start(d, 0);
    mynic_txq_create(d, &q, 0);
    mynic_rxq_create(d, &rx, 0, 256);
    mynic_set_rx_filter(d, ALL);
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 0);
    transmit(&q, data, 1);
    g_assert_true(mynic_irq_take(d, 1));
    mynic_doorbell(d, 0, MYNIC_DB_CQ_ARM, 0);
    receive(&rx, data, 1);
    g_assert_true(mynic_irq_take(d, 1));

    cmd.params.modify.vector = cpu_to_le16(3);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 1);
    transmit(&q, data, 1);
    g_assert_false(mynic_irq_take(d, 1));
    g_assert_true(mynic_irq_take(d, 3));
    /* Refused: the vector of before. */
    cmd.params.modify.vector = cpu_to_le16(99);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_ERR_VECTOR);
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 2);
    transmit(&q, data, 1);
    g_assert_true(mynic_irq_take(d, 3));

    cmd = mynic_cmd(MYNIC_ADMIN_MODIFY_CQ);
    cmd.params.modify.vector = cpu_to_le16(4);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    mynic_irq_mask(d, 4, true);
    mynic_doorbell(d, 0, MYNIC_DB_CQ_ARM, 1);
    receive(&rx, data, 1);
    g_assert_false(mynic_irq_take(d, 4));
    g_assert_true(qpci_msix_pending(&d->dev, 4));
    mynic_irq_mask(d, 4, false);
    g_assert_true(mynic_irq_take(d, 4));
    mynic_txq_destroy(&q);
    mynic_rxq_destroy(&rx);
}

/* What a mask held back does not come out of a reset. */
static void test_pending(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;

    mynic_start(d, 0);
    mynic_irq_mask(d, 2, true);
    mynic_write(d, MYNIC_REG_TEST_IRQ, 2);
    g_assert_true(qpci_msix_pending(&d->dev, 2));
    mynic_reset(d);
    mynic_irq_mask(d, 2, false);
    g_assert_false(mynic_irq_take(d, 2));
    mynic_write(d, MYNIC_REG_TEST_IRQ, 2);
    g_assert_true(mynic_irq_take(d, 2));
}

static void moderate(QMynic *d, enum mynic_admin_op op, uint16_t usecs,
                     uint16_t frames)
{
    struct mynic_admin_cmd cmd = mynic_cmd(op);

    cmd.params.modify.vector = cpu_to_le16(1);
    cmd.params.modify.moderation.usecs = cpu_to_le16(usecs);
    cmd.params.modify.moderation.frames = cpu_to_le16(frames);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
}

static void test_tx_moderation(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicTxq q;

    mynic_start(d, MYNIC_F_MODERATION);
    mynic_txq_create(d, &q, 0);
    moderate(d, MYNIC_ADMIN_MODIFY_TXQ, 100, 0);

    /* It follows its cause by 100 us, not by 99. */
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 0);
    transmit(&q, data, 1);
    g_assert_false(mynic_irq_take(d, 1));
    qtest_clock_step(d->qts, 99 * USEC);
    g_assert_false(mynic_irq_take(d, 1));
    /* More work does not start it again. */
    transmit(&q, data, 5);
    qtest_clock_step(d->qts, 1 * USEC);
    g_assert_true(mynic_irq_take(d, 1));
    qtest_clock_step(d->qts, 1000 * USEC);
    g_assert_false(mynic_irq_take(d, 1));

    /* Or by a number of packets, whichever is first. */
    moderate(d, MYNIC_ADMIN_MODIFY_TXQ, 10000, 4);
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 6);
    transmit(&q, data, 1);
    transmit(&q, data, 1);
    g_assert_false(mynic_irq_take(d, 1));
    transmit(&q, data, 4);
    g_assert_true(mynic_irq_take(d, 1));
    qtest_clock_step(d->qts, 20000 * USEC);
    g_assert_false(mynic_irq_take(d, 1));
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 12);
    transmit(&q, data, 1);
    qtest_clock_step(d->qts, 10000 * USEC);
    g_assert_true(mynic_irq_take(d, 1));

    /* No time means at once, whatever the number. */
    moderate(d, MYNIC_ADMIN_MODIFY_TXQ, 0, 100);
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 13);
    transmit(&q, data, 1);
    g_assert_true(mynic_irq_take(d, 1));

    /* A change is for the next cause. */
    moderate(d, MYNIC_ADMIN_MODIFY_TXQ, 50, 0);
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 14);
    transmit(&q, data, 1);
    moderate(d, MYNIC_ADMIN_MODIFY_TXQ, 10000, 0);
    qtest_clock_step(d->qts, 50 * USEC);
    g_assert_true(mynic_irq_take(d, 1));

    /* It dies with its queue. */
    mynic_doorbell(d, 0, MYNIC_DB_TX_ARM, 15);
    transmit(&q, data, 1);
    mynic_txq_destroy(&q);
    qtest_clock_step(d->qts, 20000 * USEC);
    g_assert_false(mynic_irq_take(d, 1));
}

static void test_rx_moderation(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i;
    QMynicRxq q;

    mynic_start(d, MYNIC_F_MODERATION | MYNIC_F_SHADOW);
    mynic_rxq_create(d, &q, 0, 256);
    mynic_set_rx_filter(d, ALL);
    moderate(d, MYNIC_ADMIN_MODIFY_CQ, 200, 0);
    for (i = 0; i < 3; i++) {
        arm_memory(d, q.cq_ctl, q.cq_head);
        receive(&q, data, 2);
        g_assert_false(mynic_irq_take(d, 1));
        qtest_clock_step(d->qts, 199 * USEC);
        g_assert_false(mynic_irq_take(d, 1));
        qtest_clock_step(d->qts, 1 * USEC);
        g_assert_true(mynic_irq_take(d, 1));
    }
    moderate(d, MYNIC_ADMIN_MODIFY_CQ, 200, 3);
    arm_memory(d, q.cq_ctl, q.cq_head);
    receive(&q, data, 1);
    g_assert_false(mynic_irq_take(d, 1));
    receive(&q, data, 3);
    g_assert_true(mynic_irq_take(d, 1));

    /* And with the device. */
    arm_memory(d, q.cq_ctl, q.cq_head);
    receive(&q, data, 1);
    mynic_reset(d);
    mynic_irq_take(d, 1);
    qtest_clock_step(d->qts, 1000 * USEC);
    g_assert_false(mynic_irq_take(d, 1));
    mynic_rxq_free(&q);
}

/* Takes the function the right to access memory, or gives it back. */
static void forbid(QMynic *d, bool by_power, bool forbidden)
{
    uint8_t pm = qpci_find_capability(&d->dev, PCI_CAP_ID_PM, 0);
    uint16_t command = qpci_config_readw(&d->dev, PCI_COMMAND);

    if (by_power) {
        qpci_config_writew(&d->dev, pm + PCI_PM_CTRL, forbidden ? 3 : 0);
    } else if (forbidden) {
        qpci_config_writew(&d->dev, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
    } else {
        qpci_config_writew(&d->dev, PCI_COMMAND, command | PCI_COMMAND_MASTER);
    }
}

/* An interval that ends when no message can be sent: it is when one can. */
static void test_held(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int by_power;
    QMynicRxq q;

    for (by_power = 0; by_power < 2; by_power++) {
        mynic_start(d, MYNIC_F_MODERATION | MYNIC_F_SHADOW);
        mynic_rxq_create(d, &q, 0, 256);
        mynic_set_rx_filter(d, ALL);
        moderate(d, MYNIC_ADMIN_MODIFY_CQ, 200, 0);
        arm_memory(d, q.cq_ctl, q.cq_head);
        receive(&q, data, 1);
        forbid(d, by_power, true);
        qtest_clock_step(d->qts, 300 * USEC);
        g_assert_false(mynic_irq_take(d, 1));
        forbid(d, by_power, false);
        g_assert_true(mynic_irq_take(d, 1));
        qtest_clock_step(d->qts, 300 * USEC);
        g_assert_false(mynic_irq_take(d, 1));
        mynic_rxq_destroy(&q);
    }
}

static void assert_link_event(QMynic *d, bool up, uint32_t lost)
{
    struct mynic_event event;

    mynic_event_wait(d, &event);
    g_assert_cmpuint(le16_to_cpu(event.type), ==, MYNIC_EVENT_LINK);
    g_assert_cmpuint(le16_to_cpu(event.id), ==, 0);
    g_assert_cmpuint(le32_to_cpu(event.code), ==, 0);
    g_assert_cmphex(le64_to_cpu(event.data[0]) & MYNIC_LINK_UP, ==,
                    up ? MYNIC_LINK_UP : 0);
    g_assert_cmphex(le64_to_cpu(event.data[0]) >> 34, ==, 0);
    g_assert_cmphex(le64_to_cpu(event.data[1]), ==, 0);
    g_assert_cmpuint(le32_to_cpu(event.lost), ==, lost);
    g_assert_cmphex(le32_to_cpu(event.info) & ~MYNIC_CQE_PHASE, ==, 0);
}

static void test_link_events(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_event event;
    unsigned int i;

    /* Not while there is nobody to be told. */
    set_link(d, false);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_STATUS) & MYNIC_STATUS_LINK_UP,
                    ==, 0);
    mynic_start(d, 0);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_STATUS) & MYNIC_STATUS_LINK_UP,
                    ==, 0);
    mynic_sync(d);
    g_assert_false(mynic_event_poll(d, &event));
    mynic_irq_take(d, MYNIC_VECTOR_ADMIN);

    for (i = 0; i < 11; i++) {
        bool up = !(i & 1);

        set_link(d, up);
        assert_link_event(d, up, 0);
        MYNIC_WAIT_FOR(mynic_irq_take(d, MYNIC_VECTOR_ADMIN));
        g_assert_cmphex(mynic_read(d, MYNIC_REG_STATUS) &
                        MYNIC_STATUS_LINK_UP, ==,
                        up ? MYNIC_STATUS_LINK_UP : 0);
        mynic_event_ack(d);
    }
    /* The same once more is no change. */
    set_link(d, true);
    mynic_sync(d);
    g_assert_false(mynic_event_poll(d, &event));

    /* What happens while the driver cannot be told, it is told then. */
    qtest_qmp_assert_success(d->qts, "{'execute': 'stop'}");
    set_link(d, false);
    qtest_qmp_assert_success(d->qts, "{'execute': 'cont'}");
    assert_link_event(d, false, 0);
    mynic_event_ack(d);
    for (i = 0; i < 2; i++) {
        forbid(d, i, true);
        set_link(d, !i);
        forbid(d, i, false);
        assert_link_event(d, !i, 0);
        mynic_event_ack(d);
    }
    qtest_qmp_assert_success(d->qts, "{'execute': 'stop'}");
    set_link(d, true);
    set_link(d, false);
    qtest_qmp_assert_success(d->qts, "{'execute': 'cont'}");
    mynic_sync(d);
    g_assert_false(mynic_event_poll(d, &event));
}

static void test_lost_events(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i, n = 1 << QMYNIC_EVENT_LOG2;
    struct mynic_event event;

    mynic_start(d, 0);
    /* The ring holds four; five more are lost. */
    for (i = 0; i < n + 5; i++) {
        set_link(d, i & 1);
    }
    mynic_sync(d);
    for (i = 0; i < n; i++) {
        assert_link_event(d, i & 1, 0);
    }
    mynic_sync(d);
    g_assert_false(mynic_event_poll(d, &event));
    /* What was never written, and what was given back before, is ignored. */
    mynic_write(d, MYNIC_REG_AEQ_HEAD, n + 1);
    mynic_write(d, MYNIC_REG_AEQ_HEAD, ~0u);
    set_link(d, true);
    mynic_sync(d);
    g_assert_false(mynic_event_poll(d, &event));
    mynic_write(d, MYNIC_REG_AEQ_HEAD, 2);
    mynic_write(d, MYNIC_REG_AEQ_HEAD, 1);
    set_link(d, false);
    assert_link_event(d, false, 6);
    set_link(d, true);
    assert_link_event(d, true, 6);
    set_link(d, false);
    mynic_sync(d);
    g_assert_false(mynic_event_poll(d, &event));
    mynic_event_ack(d);
    set_link(d, true);
    assert_link_event(d, true, 7);
    /* A reset counts anew. */
    mynic_start(d, 0);
    set_link(d, false);
    assert_link_event(d, false, 0);
}

static void test_event_ring_fatal(void *obj, void *data,
                                  QGuestAllocator *alloc)
{
    QMynic *d = obj;

    mynic_reset(d);
    mynic_setup(d, 0);
    mynic_write(d, MYNIC_REG_AEQ_LO, QMYNIC_NOWHERE);
    g_assert_cmpuint(mynic_enable(d), ==, MYNIC_OK);
    mynic_irq_take(d, MYNIC_VECTOR_ADMIN);
    set_link(d, false);
    MYNIC_WAIT_FOR(mynic_read(d, MYNIC_REG_STATUS) & MYNIC_STATUS_FATAL);
    MYNIC_WAIT_FOR(mynic_irq_take(d, MYNIC_VECTOR_ADMIN));
    mynic_start(d, 0);
    mynic_sync(d);
    set_link(d, true);
    assert_link_event(d, true, 0);
}

static void register_tests(void)
{
    mynic_add_test("mynic-irq", "tx-doorbell", test_tx_doorbell, NULL);
    mynic_add_test("mynic-irq", "tx-shadow", test_tx_shadow, NULL);
    mynic_add_test("mynic-irq", "rx-doorbell", test_rx_doorbell, NULL);
    mynic_add_test("mynic-irq", "rx-shadow", test_rx_shadow, NULL);
    mynic_add_test("mynic-irq", "cq-odd", test_cq_odd, NULL);
    mynic_add_test("mynic-irq", "vectors", test_vectors, NULL);
    mynic_add_test("mynic-irq", "pending", test_pending, NULL);
    mynic_add_test("mynic-irq", "tx-moderation", test_tx_moderation, NULL);
    mynic_add_test("mynic-irq", "rx-moderation", test_rx_moderation, NULL);
    mynic_add_test("mynic-irq", "held", test_held, NULL);
    mynic_add_test("mynic-irq", "event-link", test_link_events, NULL);
    mynic_add_test("mynic-irq", "event-lost", test_lost_events, NULL);
    mynic_add_test("mynic-irq", "event-ring-fatal", test_event_ring_fatal,
                   NULL);
}

libqos_init(register_tests);
