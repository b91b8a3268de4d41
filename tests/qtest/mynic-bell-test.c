/*
 * QTest of mynic: doorbells that arrive by eventfd
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest cannot tell how a doorbell arrived; QEMU's log can. Each test runs
 * with the queues in the main loop and in IOThreads of the card. Without KVM
 * it is QEMU that writes to the eventfd.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "libqtest.h"
#include "libqos/libqos-pc.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"

#define ALL (MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_PROMISC)

/* Every doorbell that is wanted is rung: no queue looks by itself. */
#define PROPS QMYNIC_PROPS ",tx-poll=0,id=card,ioeventfd="

static char *log_path;

static void forget_log(void *opaque)
{
    unlink(log_path);
    g_clear_pointer(&log_path, g_free);
}

static void *before(GString *cmd_line, void *arg)
{
    void *wire = mynic_tap_before(cmd_line, arg);
    int fd = g_file_open_tmp("mynic-bell-XXXXXX", &log_path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_string_append_printf(cmd_line, " -d trace:mynic_bell,"
                           "trace:mynic_doorbell -D %s ", log_path);
    g_test_queue_destroy(forget_log, NULL);
    return wire;
}

/* How often a doorbell was rung that arrived by eventfd. */
static unsigned int rung(uint32_t offset)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    unsigned int i, sum = 0;

    g_assert_true(g_file_get_contents(log_path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        const char *what = strstr(lines[i], "mynic_bell pair ");
        unsigned int pair, at, times;

        if (what && sscanf(what, "mynic_bell pair %u, offset 0x%x: rung %u",
                           &pair, &at, &times) == 3 && at == offset) {
            sum += times;
        }
    }
    return sum;
}

/* Whether one arrived as a register that is written. */
static bool register_rung(void)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(log_path, &text, NULL, NULL));
    return strstr(text, "mynic_doorbell pair ");
}

static GByteArray *make_frame(unsigned int seed)
{
    QMynicPacket p = { .payload_len = 100 + seed };

    return mynic_packet_build(&p, NULL);
}

/* One frame out; returns whether the doorbell was rung. */
static bool transmit(QMynicTxq *q, QMynicWire *wire, unsigned int seed)
{
    g_autoptr(GByteArray) frame = make_frame(seed);
    bool wanted;

    mynic_tx_packet(q, frame, NULL, -1, 0);
    wanted = mynic_tx_publish(q);
    mynic_wire_expect(wire, frame);
    mynic_tx_wait(q);
    return wanted;
}

static uint64_t tx_doorbells(QMynic *d, unsigned int id)
{
    struct mynic_queue_stats stats;

    mynic_queue_stats(d, MYNIC_STATS_TXQ, id, &stats);
    return le64_to_cpu(stats.doorbells);
}

/* Each wakes its queue, and is counted as any other. */
static void test_transmit(void *obj, void *data, QGuestAllocator *alloc)
{
    unsigned int n, i, sum = 0;
    QMynic *d = obj;
    QMynicTxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    mynic_start(d, MYNIC_F_SHADOW);
    for (n = 0; n < QMYNIC_QUEUES; n++) {
        unsigned int mine = 0;

        mynic_txq_create(d, &q, n);
        for (i = 0; i < 20; i++) {
            mine += transmit(&q, data, i);
        }
        g_assert_cmpuint(mine, >, 0);
        g_assert_cmpuint(tx_doorbells(d, n), ==, mine);
        sum += mine;
        g_assert_cmpuint(rung(MYNIC_DB_TX_TAIL), ==, sum);
        mynic_txq_destroy(&q);
    }
}

/* A frame waits for buffers, and the doorbell is all that can wake it. */
static void test_receive(void *obj, void *data, QGuestAllocator *alloc)
{
    struct mynic_queue_stats stats;
    struct mynic_admin_cmd cmd;
    struct mynic_rx_cqe cqe;
    QMynic *d = obj;
    unsigned int i;
    QMynicRxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    mynic_start(d, MYNIC_F_SHADOW);
    mynic_rxq_alloc(d, &q, 0, 6, 2048);
    cmd = mynic_cq_cmd(&q);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    cmd = mynic_rxq_cmd(&q);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    mynic_set_rx_filter(d, ALL);
    for (i = 0; i < 20; i++) {
        g_autoptr(GByteArray) frame = make_frame(i);

        mynic_wire_send(data, frame);
        MYNIC_WAIT_FOR(mynic_ctl(&q, kick) == q.tail);
        mynic_rx_fill(&q, 1);
        g_assert_true(mynic_rx_publish(&q));
        mynic_rx_expect(&q, frame, &cqe);
    }
    mynic_queue_stats(d, MYNIC_STATS_RXQ, 0, &stats);
    g_assert_cmpuint(le64_to_cpu(stats.doorbells), ==, 20);
    g_assert_cmpuint(rung(MYNIC_DB_RX_TAIL), ==, 20);
    mynic_rxq_destroy(&q);
}

/* Without shadow tails the value is the tail, and has to be seen. */
static void test_switch(void *obj, void *data, QGuestAllocator *alloc)
{
    unsigned int round, i, sum = 0;
    QMynic *d = obj;
    QMynicTxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    for (round = 0; round < 6; round++) {
        bool shadow = round % 2;

        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_txq_create(d, &q, 1);
        for (i = 0; i < 10; i++) {
            bool wanted = transmit(&q, data, i);

            g_assert_true(wanted || shadow);
            sum += wanted && shadow;
        }
        mynic_sync(d);
        g_assert_cmpuint(rung(MYNIC_DB_TX_TAIL), ==, sum);
        /* The queue is gone with the card's state, its memory by hand. */
        mynic_reset(d);
        mynic_txq_free(&q);
    }
    g_assert_cmpuint(sum, >, 0);
}

/* A reset takes the eventfd away, not the next driver. */
static void test_reset(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicTxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    mynic_start(d, MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 1);
    g_assert_true(transmit(&q, data, 0));
    g_assert_false(register_rung());
    mynic_reset(d);
    mynic_doorbell(d, 1, MYNIC_DB_TX_TAIL, 0);
    g_assert_true(register_rung());
    mynic_txq_free(&q);
}

/* Whatever ends the queue may come right behind the doorbell. */
static void test_gone(void *obj, void *data, QGuestAllocator *alloc)
{
    g_autoptr(GByteArray) frame = make_frame(7);
    QMynic *d = obj;
    unsigned int i;
    QMynicTxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    for (i = 0; i < 60; i++) {
        struct mynic_admin_cmd cmd;

        mynic_start(d, MYNIC_F_SHADOW);
        mynic_txq_create(d, &q, 2);
        mynic_tx_packet(&q, frame, NULL, -1, 0);
        mynic_tx_publish(&q);
        switch (i % 4) {
        case 0:
            cmd = mynic_cmd_queue(MYNIC_ADMIN_DESTROY_TXQ, 2);
            g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
            mynic_txq_free(&q);
            mynic_txq_create(d, &q, 2);
            g_assert_cmpuint(tx_doorbells(d, 2), ==, 0);
            mynic_reset(d);
            break;
        case 1:
            mynic_reset(d);
            break;
        case 2:
            mynic_flr(d);
            break;
        case 3:
            mynic_system_reset(d);
            break;
        }
        mynic_txq_free(&q);
        mynic_wire_drain(data);
    }
    mynic_start(d, MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 2);
    g_assert_true(transmit(&q, data, 0));
    g_assert_cmpuint(tx_doorbells(d, 2), ==, 1);
    mynic_txq_destroy(&q);
}

/* A stop right behind the doorbell: it is heard once, and not lost. */
static void test_stop(void *obj, void *data, QGuestAllocator *alloc)
{
    g_autoptr(GByteArray) frame = make_frame(7);
    QMynic *d = obj;
    unsigned int i;
    QMynicTxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    mynic_start(d, MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 3);
    for (i = 0; i < 20; i++) {
        mynic_tx_packet(&q, frame, NULL, -1, 0);
        g_assert_true(mynic_tx_publish(&q));
        qtest_qmp_assert_success(d->qts, "{'execute': 'stop'}");
        g_assert_cmpuint(rung(MYNIC_DB_TX_TAIL), ==, i + 1);
        qtest_qmp_assert_success(d->qts, "{'execute': 'cont'}");
        mynic_wire_expect(data, frame);
        mynic_tx_wait(&q);
        MYNIC_WAIT_FOR(mynic_ctl(&q, kick) == q.tail);
    }
    mynic_txq_destroy(&q);
}

/* The pair runs in another context from now on, and still hears of it. */
static void test_move(void *obj, void *data, QGuestAllocator *alloc)
{
    struct mynic_port_stats stats;
    QMynic *d = obj;
    unsigned int i;
    QMynicTxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    mynic_start(d, MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 0);
    g_assert_true(transmit(&q, data, 0));
    qtest_qmp_assert_success(d->qts, "{'execute': 'netdev_del', 'arguments': "
                             "{'id': 'hs0'}}");
    for (i = 0; i < 10; i++) {
        g_autoptr(GByteArray) frame = make_frame(i);

        MYNIC_WAIT_FOR(mynic_ctl(&q, kick) == q.tail);
        mynic_tx_packet(&q, frame, NULL, -1, 0);
        g_assert_true(mynic_tx_publish(&q));
        mynic_tx_wait(&q);
    }
    mynic_port_stats(d, &stats);
    g_assert_cmpuint(le64_to_cpu(stats.tx_drop_link), ==, 10);
    g_assert_cmpuint(rung(MYNIC_DB_TX_TAIL), ==, 11);
    mynic_txq_destroy(&q);
}

static void test_unplug(void *obj, void *data, QGuestAllocator *alloc)
{
    g_autoptr(GByteArray) frame = make_frame(7);
    QMynic *d = obj;
    unsigned int i;
    QMynicTxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    if (d->dev.bus->not_hotpluggable) {
        g_test_skip("the PCI bus of this machine has no hot plug");
        return;
    }
    mynic_start(d, MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 0);
    for (i = 0; i < 20; i++) {
        mynic_tx_packet(&q, frame, NULL, -1, 0);
        mynic_tx_publish(&q);
        mynic_doorbell(d, 0, MYNIC_DB_TX_TAIL, 0);
    }
    qpci_unplug_acpi_device_test(d->qts, "card", 4);
    qtest_qmp_assert_success(d->qts, "{'execute': 'query-status'}");
    /* There is no card to be put back in order behind the test. */
    d->dev.msix_enabled = false;
    mynic_txq_free(&q);
}

/* Without KVM they are registers, as they are by choice. */
static void test_off(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicTxq q;

    if (mynic_tap_missing(data)) {
        return;
    }
    mynic_start(d, MYNIC_F_SHADOW);
    mynic_txq_create(d, &q, 0);
    g_assert_true(transmit(&q, data, 0));
    g_assert_cmpuint(tx_doorbells(d, 0), ==, 1);
    g_assert_cmpuint(rung(MYNIC_DB_TX_TAIL), ==, 0);
    mynic_txq_destroy(&q);
}

/*
 * What the virtual CPU of a machine with KVM runs instead of a BIOS: whenever
 * there is an address at 0x500 it stores the word at 0x504 there, and clears
 * the address. It begins at f000:ff00.
 *
 *         cli                          lgdtl %cs:0xff40
 *         mov %cr0, %eax               and $0x1fffffff, %eax
 *         or $1, %eax                  mov %eax, %cr0
 *         ljmpl $8, $0xfff60
 */
static const uint8_t vcpu_start[] = {
    0xfa, 0x66, 0x2e, 0x0f, 0x01, 0x16, 0x40, 0xff,
    0x0f, 0x20, 0xc0, 0x66, 0x25, 0xff, 0xff, 0xff,
    0x1f, 0x66, 0x83, 0xc8, 0x01, 0x0f, 0x22, 0xc0,
    0x66, 0xea, 0x60, 0xff, 0x0f, 0x00, 0x08, 0x00,
};

/* At ff40: limit and address of what follows at ff48, flat code and data. */
static const uint8_t vcpu_gdt[] = {
    0x17, 0x00, 0x48, 0xff, 0x0f, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0xcf, 0x00,
    0xff, 0xff, 0x00, 0x00, 0x00, 0x93, 0xcf, 0x00,
};

/*
 * At ff60:
 *         mov $16, %eax                mov %eax, %ds, %es, %ss
 * 1:      mov 0x500, %eax              test %eax, %eax
 *         jz 1b                        mov 0x504, %ecx
 *         mov %ecx, (%eax)             movl $0, 0x500
 *         jmp 1b
 */
static const uint8_t vcpu_loop[] = {
    0xb8, 0x10, 0x00, 0x00, 0x00, 0x8e, 0xd8, 0x8e,
    0xc0, 0x8e, 0xd0, 0xa1, 0x00, 0x05, 0x00, 0x00,
    0x85, 0xc0, 0x74, 0xf7, 0x8b, 0x0d, 0x04, 0x05,
    0x00, 0x00, 0x89, 0x08, 0xc7, 0x05, 0x00, 0x05,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xeb, 0xe3,
};

/* At fff0, where it wakes up: ljmp $0xf000, $0xff00 */
static const uint8_t vcpu_reset[] = { 0xea, 0x00, 0xff, 0x00, 0xf0 };

#define VCPU_ADDR 0x500
#define VCPU_VALUE 0x504

static char *make_bios(void)
{
    g_autofree uint8_t *bios = g_malloc0(64 * KiB);
    char *path;
    int fd = g_file_open_tmp("mynic-bios-XXXXXX", &path, NULL);

    memcpy(bios + 0xff00, vcpu_start, sizeof(vcpu_start));
    memcpy(bios + 0xff40, vcpu_gdt, sizeof(vcpu_gdt));
    memcpy(bios + 0xff60, vcpu_loop, sizeof(vcpu_loop));
    memcpy(bios + 0xfff0, vcpu_reset, sizeof(vcpu_reset));
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, bios, 64 * KiB), ==, 64 * KiB);
    close(fd);
    return path;
}

/* Lets the virtual CPU store a word; returns whether it did, before long. */
static bool vcpu_store(QTestState *qts, uint64_t addr, uint32_t value)
{
    gint64 give_up = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

    qtest_writel(qts, VCPU_VALUE, value);
    qtest_writel(qts, VCPU_ADDR, addr);
    while (qtest_readl(qts, VCPU_ADDR)) {
        if (g_get_monotonic_time() > give_up) {
            return false;
        }
    }
    return true;
}

/* One frame out whose doorbell the virtual CPU rings. */
static void vcpu_transmit(QMynicTxq *q, QMynicWire *wire, unsigned int seed)
{
    g_autoptr(GByteArray) frame = make_frame(seed);
    QMynic *d = q->d;

    mynic_tx_packet(q, frame, NULL, -1, 0);
    q->tail = q->filled;
    if (d->features & MYNIC_F_SHADOW) {
        MYNIC_WAIT_FOR(mynic_ctl(q, kick) == q->tail - 1);
        qtest_writel(d->qts, q->ctl + offsetof(struct mynic_queue_ctl, tail),
                     q->tail);
    }
    g_assert_true(vcpu_store(d->qts, d->doorbells.addr + MYNIC_DB_TX_TAIL +
                             q->id * mynic_read(d, MYNIC_REG_DOORBELL_STRIDE),
                             q->tail));
    mynic_wire_expect(wire, frame);
    mynic_tx_wait(q);
}

/* The kernel's eventfd, by the stores of a processor. */
static void test_kvm(void *obj, void *data, QGuestAllocator *alloc)
{
    g_autoptr(GString) netdev = g_string_new("");
    g_autofree char *bios = NULL;
    unsigned int round, i, sum = 0;
    QMynicWire *wire;
    QOSState *pc;
    QMynicTxq q;
    QMynic *d;

    if (strcmp(qtest_get_arch(), "x86_64") || !qtest_has_accel("kvm")) {
        g_test_skip("there is no KVM");
        return;
    }
    bios = make_bios();
    wire = mynic_wire_before(netdev, NULL);
    pc = qtest_pc_boot("-machine pc -accel kvm -cpu qemu64 -bios %s %s "
                       "-d trace:mynic_bell -D %s -device mynic,addr=04.0,%s",
                       bios, netdev->str, log_path, PROPS "auto");
    unlink(bios);
    if (!vcpu_store(pc->qts, VCPU_ADDR + 0x100, 1)) {
        g_test_skip("KVM runs no code of ours");
        qtest_shutdown(pc);
        return;
    }
    d = mynic_new(pc->pcibus, &pc->alloc);
    for (round = 0; round < 6; round++) {
        mynic_start(d, round % 2 ? MYNIC_F_SHADOW : 0);
        mynic_txq_create(d, &q, 1);
        for (i = 0; i < 10; i++) {
            vcpu_transmit(&q, wire, i);
        }
        g_assert_cmpuint(tx_doorbells(d, 1), ==, 10);
        sum += round % 2 ? 10 : 0;
        g_assert_cmpuint(rung(MYNIC_DB_TX_TAIL), ==, sum);
        mynic_txq_destroy(&q);
        mynic_reset(d);
    }
    mynic_free(d);
    qtest_shutdown(pc);
}

static void add(const char *name, QOSTestFunc func, const char *props)
{
    QOSGraphTestOptions opts = {
        .before = before,
        .edge.extra_device_opts = props,
    };

    qos_add_test(name, "mynic-bell", func, &opts);
}

static const struct {
    const char *name;
    QOSTestFunc func;
} tests[] = {
    { "transmit", test_transmit },
    { "receive", test_receive },
    { "switch", test_switch },
    { "reset", test_reset },
    { "gone", test_gone },
    { "stop", test_stop },
    { "move", test_move },
    { "unplug", test_unplug },
};

static void register_tests(void)
{
    unsigned int i;

    for (i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *threads = g_strdup_printf("%s-threads", tests[i].name);

        add(tests[i].name, tests[i].func, PROPS "on,iothreads=0");
        add(threads, tests[i].func, PROPS "on,iothreads=2");
    }
    add("off", test_off, PROPS "off");
    add("auto", test_off, PROPS "auto");
    add("kvm", test_kvm, PROPS "auto");
}

libqos_init(register_tests);
