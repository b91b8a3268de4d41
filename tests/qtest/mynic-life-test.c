/*
 * QTest of mynic: properties, backends, hot plug, migration
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/module.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "qemu/sockets.h"
#include "libqtest.h"
#include "libqos/libqos-pc.h"
#include "libqos/pci-pc.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"
#include "libqos/mynic-rss-vectors.h"

#define ALL (MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_PROMISC)
#define USEC 1000ll

static void send_plain(QMynicTxq *q, QMynicWire *wire, size_t payload)
{
    QMynicPacket p = { .payload_len = payload };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);

    mynic_tx_packet(q, frame, NULL, -1, 0);
    mynic_tx_publish(q);
    if (wire) {
        mynic_wire_expect(wire, frame);
    }
    mynic_tx_wait(q);
}

static void receive(QMynicRxq *q, QMynicWire *wire, size_t payload)
{
    QMynicPacket p = { .payload_len = payload };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_rx_cqe cqe;

    mynic_wire_send(wire, frame);
    mynic_rx_expect(q, frame, &cqe);
    mynic_rx_fill(q, le16_to_cpu(cqe.hdr.num_buffers));
    mynic_rx_publish(q);
}

/* Properties that are refused, with the words that must be in the message. */
static const struct {
    const char *prop;
    const char *value;
    const char *words[3];
} refused[] = {
    { "queues", "0", { "queues", "0", "64" } },
    { "queues", "65", { "queues", "65", "64" } },
    { "queues", "-1", { "queues", "-1", "64" } },
    { "queues", "4294967297", { "queues", "4294967297", "64" } },
    { "queues", "many", { "queues" } },
    { "mac", "01:00:5e:00:00:01", { "mac", "01:00:5e:00:00:01", "unicast" } },
    { "mac", "52:54:00:12:34", { "mac", "52:54:00:12:34" } },
    { "speed", "9", { "speed", "9", "10" } },
    { "speed", "4000000000", { "speed", "4000000000" } },
    { "max-ring", "100", { "max-ring", "100", "64" } },
    { "max-ring", "32", { "max-ring", "32", "64" } },
    { "max-ring", "32768", { "max-ring", "32768", "16384" } },
    { "max-ring", "0", { "max-ring", "0", "64" } },
    { "netdev", "nosuch", { "netdev", "nosuch" } },
    { "aer", "perhaps", { "aer" } },
    { "tso", "1000", { "tso" } },
    { "ioeventfd", "maybe", { "ioeventfd", "maybe" } },
    { "nosuch", "1", { "nosuch" } },
};

static void assert_words(const char *text, unsigned int row)
{
    unsigned int i;

    for (i = 0; i < 3 && refused[row].words[i]; i++) {
        if (!strstr(text, refused[row].words[i])) {
            g_error("%s=%s: \"%s\" is not in the message: %s",
                    refused[row].prop, refused[row].value,
                    refused[row].words[i], text);
        }
    }
}

/* Each refused when plugged in; the machine goes on, and takes a good one. */
static void test_properties(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i;

    for (i = 0; i < G_N_ELEMENTS(refused); i++) {
        QDict *args = qdict_new(), *rsp;
        int64_t number;

        qdict_put_str(args, "driver", "mynic");
        qdict_put_str(args, "id", "bad");
        qdict_put_str(args, "addr", "6");
        if (!qemu_strtoi64(refused[i].value, NULL, 10, &number)) {
            qdict_put_int(args, refused[i].prop, number);
        } else {
            qdict_put_str(args, refused[i].prop, refused[i].value);
        }
        rsp = qtest_qmp(d->qts, "{'execute': 'device_add', 'arguments': %p}",
                        args);
        g_assert_true(qdict_haskey(rsp, "error"));
        assert_words(qdict_get_str(qdict_get_qdict(rsp, "error"), "desc"), i);
        qobject_unref(rsp);
    }
    qtest_qmp_device_add(d->qts, "mynic", "good", "{'addr': '6'}");
    mynic_start(d, mynic_offer(d));
    mynic_sync(d);
}

/* What a user sees who starts QEMU so: one line, and no QEMU. */
static void test_start_refused(void *obj, void *data, QGuestAllocator *alloc)
{
    unsigned int i;

    for (i = 0; i < G_N_ELEMENTS(refused); i += 5) {
        g_autofree char *device = g_strdup_printf(
            "mynic,%s=%s", refused[i].prop, refused[i].value);
        /* timeout is for the case that it starts. */
        const char *argv[] = {
            "timeout", "20", getenv("QTEST_QEMU_BINARY"), "-machine", "pc",
            "-accel", "qtest", "-nodefaults", "-display", "none", "-S",
            "-device", device, NULL
        };
        g_autofree char *err = NULL;
        int status;

        g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL,
                                   G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &err,
                                   &status, NULL));
        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), ==, 1);
        assert_words(err, i);
        g_assert_null(strchr(g_strchomp(err), '\n'));
    }
}

/* Every property has a description that a user can look up. */
static void test_help(void *obj, void *data, QGuestAllocator *alloc)
{
    static const char *const props[] = {
        "queues", "speed", "max-ring", "aer", "mac", "netdev", "shadow",
        "tx-csum", "tso", "uso", "tx-vlan", "rx-csum", "rx-gro", "rx-gro-udp",
        "rx-vlan", "vlan-filter", "rss", "moderation", "ioeventfd",
    };
    const char *argv[] = {
        getenv("QTEST_QEMU_BINARY"), "-device", "mynic,help", NULL
    };
    g_autofree char *out = NULL;
    unsigned int i;
    int status;

    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL, &out,
                               NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    for (i = 0; i < G_N_ELEMENTS(props); i++) {
        g_autofree char *start = g_strdup_printf("\n  %s=<", props[i]);
        const char *line = strstr(out, start);
        g_autofree char *text = NULL;

        if (!line) {
            g_error("%s is not in the help", props[i]);
        }
        line++;
        text = g_strndup(line, strcspn(line, "\n"));
        g_assert_nonnull(strstr(text, " - "));
    }
}

/* Features switched off are not offered, nor what depends on them. */
static void test_features_off(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    uint64_t offer = mynic_offer(d);

    g_assert_cmphex(offer & (MYNIC_F_SHADOW | MYNIC_F_TX_CSUM |
                             MYNIC_F_TX_TSO | MYNIC_F_TX_USO |
                             MYNIC_F_RX_CSUM | MYNIC_F_RX_GRO |
                             MYNIC_F_RSS | MYNIC_F_RSS_SYMMETRIC |
                             MYNIC_F_RSS_FLOW_LABEL), ==, 0);
    g_assert_cmphex(offer & MYNIC_F_TX_VLAN, !=, 0);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_TX_LIMITS) >> 8 & 0xff, ==, 8);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_RX_LIMITS) >> 8 & 0xff, ==, 8);
    mynic_start(d, offer);
    mynic_sync(d);
}

/* Without a backend everything works, and leads nowhere. */
static void test_no_netdev(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicTxq tx;
    QMynicRxq rx;

    mynic_start(d, mynic_offer(d));
    mynic_txq_create(d, &tx, 0);
    mynic_rxq_create(d, &rx, 0, 2048);
    mynic_set_rx_filter(d, ALL);
    send_plain(&tx, NULL, 100);
    send_plain(&tx, NULL, 100);
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);
}

static void *before_user(GString *cmd_line, void *arg)
{
    g_string_append(cmd_line, " -netdev user,id=hs0 ");
    return NULL;
}

/* QEMU's user mode network answers when it is asked for its address. */
static void test_user(void *obj, void *data, QGuestAllocator *alloc)
{
    static const uint8_t request[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0x00, 0x6d, 0x79, 0x01,
        0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1,
        0x52, 0x54, 0x00, 0x6d, 0x79, 0x01, 10, 0, 2, 15,
        0, 0, 0, 0, 0, 0, 10, 0, 2, 2,
    };
    static const uint8_t sender[] = { 10, 0, 2, 2 };
    QMynic *d = obj;
    g_autoptr(GByteArray) frame = g_byte_array_new();
    g_autoptr(GByteArray) reply = NULL;
    QMynicTxq tx;
    QMynicRxq rx;

    mynic_start(d, mynic_offer(d));
    mynic_txq_create(d, &tx, 0);
    mynic_rxq_create(d, &rx, 0, 2048);
    mynic_set_rx_filter(d, MYNIC_RX_FILTER_ENABLE);
    g_byte_array_append(frame, request, sizeof(request));
    mynic_tx_packet(&tx, frame, NULL, -1, 10);
    mynic_tx_publish(&tx);
    mynic_tx_wait(&tx);
    reply = mynic_rx_wait(&rx, NULL);
    g_assert_cmpuint(reply->len, >=, 42);
    g_assert_cmpuint(reply->data[21], ==, 2);
    g_assert_cmpmem(reply->data + 28, 4, sender, 4);
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);
}

static void *before_dgram(GString *cmd_line, void *arg)
{
    int *fds = g_new(int, 2);

    g_assert_cmpint(socketpair(PF_UNIX, SOCK_DGRAM, 0, fds), ==, 0);
    qemu_set_cloexec(fds[0]);
    g_string_append_printf(cmd_line, " -netdev dgram,id=hs0,local.type=fd,"
                           "local.str=%d ", fds[1]);
    return fds;
}

static void test_dgram(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    int *fds = data;
    QMynicPacket p = { .payload_len = 5000, .csum = QMYNIC_CSUM_PARTIAL };
    g_autoptr(GByteArray) packet = mynic_packet_build(&p, NULL);
    struct mynic_offload_hdr hdr = mynic_tx_offload(&p, 1000);
    unsigned int i;
    QMynicTxq tx;
    QMynicRxq rx;

    mynic_start(d, mynic_offer(d));
    mynic_txq_create(d, &tx, 0);
    mynic_rxq_create(d, &rx, 0, 500);
    mynic_set_rx_filter(d, ALL);
    mynic_tx_packet(&tx, packet, &hdr, -1, 0);
    mynic_tx_publish(&tx);
    for (i = 0; i < 5; i++) {
        g_autoptr(GByteArray) want = mynic_packet_segment(&p, 1000, i);
        uint8_t buf[2000];
        ssize_t len = recv(fds[0], buf, sizeof(buf), 0);

        g_assert_cmpmem(buf, len, want->data, want->len);
        g_assert_cmpint(send(fds[0], buf, len, 0), ==, len);
        mynic_rx_expect(&rx, want, NULL);
    }
    mynic_tx_wait(&tx);
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);
    close(fds[0]);
    close(fds[1]);
    g_free(fds);
    qos_invalidate_command_line();
}

static void test_hotplug(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;

    if (d->dev.bus->not_hotpluggable) {
        g_test_skip("the PCI bus of this machine has no hot plug");
        return;
    }
    qtest_qmp_device_add(d->qts, "mynic", "second",
                         "{'addr': '0x06', 'queues': 64}");
    qpci_unplug_acpi_device_test(d->qts, "second", 0x06);
}

/* Out in the middle of everything: a busy backend, timers, waiting frames. */
static void test_unplug_busy(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 60000, .ipv6 = true };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_admin_cmd cmd;
    unsigned int i;
    QMynicTxq tx;
    QMynicRxq rx;

    if (d->dev.bus->not_hotpluggable) {
        g_test_skip("the PCI bus of this machine has no hot plug");
        return;
    }
    mynic_start(d, mynic_offer(d));
    mynic_txq_alloc(d, &tx, 0, 7);
    cmd = mynic_txq_cmd(&tx);
    cmd.params.txq.moderation.usecs = cpu_to_le16(1000);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    mynic_rxq_alloc(d, &rx, 0, 6, 256);
    cmd = mynic_cq_cmd(&rx);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    cmd = mynic_rxq_cmd(&rx);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    mynic_set_rx_filter(d, ALL);
    for (i = 0; i < 120; i++) {
        mynic_tx_packet(&tx, frame, NULL, -1, 0);
    }
    mynic_tx_publish(&tx);
    p.payload_len = 100;
    g_byte_array_unref(frame);
    frame = mynic_packet_build(&p, NULL);
    mynic_wire_send(data, frame);
    mynic_sync(d);
    qpci_unplug_acpi_device_test(d->qts, "card", 4);
    qtest_clock_step(d->qts, 10000 * USEC);
    qtest_qmp_assert_success(d->qts, "{'execute': 'query-status'}");
    /* There is no card to be put back in order behind the test. */
    d->dev.msix_enabled = false;
    mynic_txq_free(&tx);
    mynic_rxq_free(&rx);
}

static QMynicWire *wire_new(GString *cmd_line)
{
    return mynic_wire_before(cmd_line, NULL);
}

static QOSState *boot(QMynicWire **wire, const char *more)
{
    g_autoptr(GString) netdev = g_string_new("");

    *wire = wire_new(netdev);
    return qtest_pc_boot("-machine pc %s -device mynic,addr=04.0,"
                         QMYNIC_PROPS " %s", netdev->str, more);
}

static bool file_has(const char *path, const char *text)
{
    g_autofree char *all = NULL;

    return g_file_get_contents(path, &all, NULL, NULL) && strstr(all, text);
}

static void test_migration(void *obj, void *data, QGuestAllocator *alloc)
{
    static const uint8_t key[] = QMYNIC_RSS_KEY;
    g_autofree char *dir = g_dir_make_tmp("mynic-XXXXXX", NULL);
    g_autofree char *uri = g_strdup_printf("unix:%s/migration", dir);
    g_autofree char *bells = g_strdup_printf("%s/bells", dir);
    /* How doorbells arrive is nothing that the two have to agree on. */
    g_autofree char *incoming = g_strdup_printf("-incoming %s "
        "-global mynic.ioeventfd=on -d trace:mynic_bell -D %s", uri, bells);
    g_autofree char *path = g_strdup_printf("%s/migration", dir);
    struct mynic_rss_config rss = {
        .table_len = cpu_to_le16(128),
        .key_len = cpu_to_le16(MYNIC_RSS_KEY_SIZE),
        .function = MYNIC_RSS_TOEPLITZ,
    };
    struct mynic_port_stats before, after;
    struct mynic_queue_stats queue_before, queue_after;
    struct mynic_event event;
    struct mynic_admin_cmd cmd;
    struct mynic_flow_rule rule = {
        .classes = cpu_to_le16(MYNIC_BIT(MYNIC_FLOW_UDPV4)),
        .action = MYNIC_RULE_RSS,
        .context = cpu_to_le16(7),
        .value.l4[3] = 53,
        .mask.l4 = { 0, 0, 0xff, 0xff },
    };
    QMynicPacket p = { .payload_len = 500 };
    QMynicPacket dns = { .proto = QMYNIC_IP_UDP, .dport = 53,
                         .payload_len = 60 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    g_autoptr(GByteArray) ruled = mynic_packet_build(&dns, NULL);
    uint32_t ruled_hash;
    QMynicWire *wire, *wire2;
    QOSState *src, *dst;
    QMynic *d, *d2;
    QMynicTxq tx, broken;
    QMynicRxq rx;
    struct mynic_rx_cqe cqe;
    unsigned int i;
    uint32_t reg, hash;
    int64_t now;

    if (strcmp(qtest_get_arch(), "x86_64")) {
        g_test_skip("written for a PC");
        return;
    }
    src = boot(&wire, "");
    dst = boot(&wire2, incoming);
    d = mynic_new(src->pcibus, &src->alloc);

    mynic_start(d, mynic_offer(d));
    mynic_txq_create(d, &tx, 0);
    mynic_txq_create(d, &broken, 2);
    mynic_rxq_create(d, &rx, 3, 2048);
    mynic_set_rx_filter(d, ALL);
    mynic_set_offloads(d, MYNIC_OFFLOAD_RX_HASH | MYNIC_OFFLOAD_RX_VLAN);
    memcpy(rss.key, key, sizeof(key));
    memset(rss.fields, 0xf, MYNIC_FLOW_COUNT);
    rss.fields[MYNIC_FLOW_IPV4] = rss.fields[MYNIC_FLOW_IPV6] = 3;
    for (i = 0; i < 128; i++) {
        rss.table[i] = cpu_to_le16(3);
    }
    cmd = mynic_cmd(MYNIC_ADMIN_SET_RSS);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, &rss, NULL, sizeof(rss)), ==,
                     MYNIC_OK);
    /* Another context, and what leads to it. */
    rss.xfrm = MYNIC_RSS_XFRM_SYM_XOR;
    cmd.params.rss.context = cpu_to_le16(7);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, &rss, NULL, sizeof(rss)), ==,
                     MYNIC_OK);
    mynic_set_rule(d, 200, &rule);
    mynic_wire_send(wire, ruled);
    mynic_rx_expect(&rx, ruled, &cqe);
    ruled_hash = le32_to_cpu(cqe.hash);
    mynic_rx_fill(&rx, 1);
    mynic_rx_publish(&rx);
    g_assert_cmpuint(mynic_rule_packets(d, 200), ==, 1);

    for (i = 0; i < 5; i++) {
        send_plain(&tx, wire, 100 + i);
        receive(&rx, wire, 200 + i);
    }
    mynic_wire_send(wire, frame);
    mynic_rx_expect(&rx, frame, &cqe);
    hash = le32_to_cpu(cqe.hash);
    g_assert_cmphex(hash, !=, 0);
    /* One that is stopped by an error, and its event not yet read. */
    mynic_tx_frag(&broken, broken.mem, 0, MYNIC_TX_EOP);
    mynic_tx_publish(&broken);
    MYNIC_WAIT_FOR(mynic_ctl(&broken, error));
    /* Half a packet, and an interrupt that waits for 500 us. */
    cmd = mynic_cmd(MYNIC_ADMIN_MODIFY_TXQ);
    cmd.params.modify.vector = cpu_to_le16(1);
    cmd.params.modify.moderation.usecs = cpu_to_le16(500);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    qtest_writel(d->qts, tx.ctl + offsetof(struct mynic_queue_ctl, arm), 5);
    mynic_irq_take(d, 1);
    send_plain(&tx, wire, 99);
    qtest_memwrite(d->qts, tx.mem, frame->data, frame->len);
    mynic_tx_frag(&tx, tx.mem, 100, 0);
    mynic_tx_publish(&tx);
    mynic_sync(d);
    g_assert_false(mynic_irq_take(d, 1));
    now = qtest_clock_step(d->qts, 200 * USEC);
    mynic_port_stats(d, &before);
    mynic_queue_stats(d, MYNIC_STATS_TXQ, 0, &queue_before);

    /* Frames of QEMU's own would come between ours. */
    qtest_qmp_assert_success(dst->qts, "{'execute': 'migrate-set-parameters', "
                             "'arguments': {'announce-rounds': 0}}");
    /* Elsewhere the clock of the guest comes along, here it is the test's. */
    qtest_clock_set(dst->qts, now);
    migrate(src, dst, uri);
    d2 = mynic_migrated(d, dst->pcibus, &dst->alloc);
    tx.d = broken.d = rx.d = d2;

    /* Arrives so at once, before there is any command. */
    mynic_doorbell(d2, 3, MYNIC_DB_RX_TAIL, 0);
    MYNIC_WAIT_FOR(file_has(bells, "mynic_bell pair 3, offset 0x4:"));

    for (reg = 0; reg <= MYNIC_REG_TEST_ECHO; reg += 4) {
        g_assert_cmphex(mynic_read(d2, reg), ==, mynic_read(d, reg));
    }
    mynic_port_stats(d2, &after);
    g_assert_cmpmem(&after, sizeof(after), &before, sizeof(before));
    mynic_queue_stats(d2, MYNIC_STATS_TXQ, 0, &queue_after);
    g_assert_cmpmem(&queue_after, sizeof(queue_after),
                    &queue_before, sizeof(queue_before));

    /* The rest of the 500 us. */
    g_assert_false(mynic_irq_take(d2, 1));
    qtest_clock_step(d2->qts, 299 * USEC);
    g_assert_false(mynic_irq_take(d2, 1));
    qtest_clock_step(d2->qts, 2 * USEC);
    MYNIC_WAIT_FOR(mynic_irq_take(d2, 1));

    /* The rest of the packet; packets and buffers where they were. */
    mynic_tx_frag(&tx, tx.mem + 100, frame->len - 100, MYNIC_TX_EOP);
    mynic_tx_publish(&tx);
    mynic_wire_expect(wire2, frame);
    mynic_tx_wait(&tx);
    for (i = 0; i < 100; i++) {
        send_plain(&tx, wire2, 100 + i);
        receive(&rx, wire2, 200 + i);
    }
    /* Flow rules and their contexts. */
    g_assert_cmpuint(mynic_rule_packets(d2, 200), ==, 1);
    mynic_wire_send(wire2, ruled);
    mynic_rx_expect(&rx, ruled, &cqe);
    g_assert_cmphex(le32_to_cpu(cqe.hash), ==, ruled_hash);
    mynic_rx_fill(&rx, 1);
    mynic_rx_publish(&rx);
    g_assert_cmpuint(mynic_rule_packets(d2, 200), ==, 2);
    cmd = mynic_cmd(MYNIC_ADMIN_DELETE_RSS);
    cmd.params.rss.context = cpu_to_le16(7);
    g_assert_cmpuint(mynic_admin(d2, &cmd, NULL), ==, MYNIC_ERR_BUSY);
    /* Offloads and hash key. */
    p.tags = 1;
    p.tci[0] = 77;
    g_byte_array_unref(frame);
    frame = mynic_packet_build(&p, NULL);
    mynic_wire_send(wire2, frame);
    p.tags = 0;
    g_byte_array_unref(frame);
    frame = mynic_packet_build(&p, NULL);
    mynic_rx_expect(&rx, frame, &cqe);
    g_assert_cmpuint(le16_to_cpu(cqe.vlan_tci), ==, 77);
    g_assert_cmphex(le32_to_cpu(cqe.hash), ==, hash);
    mynic_event_wait(d2, &event);
    g_assert_cmpuint(le16_to_cpu(event.type), ==, MYNIC_EVENT_TXQ_ERROR);
    g_assert_cmpuint(mynic_ctl(&broken, error), ==, MYNIC_QERR_BAD_DESC);
    /* It was not tried once more here. */
    mynic_doorbell(d2, broken.id, MYNIC_DB_TX_TAIL, broken.tail);
    mynic_sync(d2);
    g_assert_false(mynic_event_poll(d2, &event));
    mynic_txq_destroy(&broken);
    mynic_txq_create(d2, &broken, 2);
    send_plain(&broken, wire2, 300);

    mynic_txq_destroy(&broken);
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);
    mynic_free(d2);
    g_free(d);
    qtest_shutdown(src);
    qtest_shutdown(dst);
    unlink(path);
    unlink(bells);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

/* Stopped and continued: nothing happens between, and nothing is lost. */
static void test_stop_cont(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    struct mynic_admin_cmd echo = mynic_cmd(MYNIC_ADMIN_ECHO);
    struct mynic_admin_cqe acqe;
    struct mynic_rx_cqe cqe;
    QMynicTxq tx;
    QMynicRxq rx;

    mynic_start(d, mynic_offer(d));
    mynic_txq_create(d, &tx, 0);
    mynic_rxq_create(d, &rx, 0, 2048);
    mynic_set_rx_filter(d, ALL);
    send_plain(&tx, data, 100);
    qtest_qmp_assert_success(d->qts, "{'execute': 'stop'}");
    mynic_tx_packet(&tx, frame, NULL, -1, 0);
    mynic_tx_publish(&tx);
    mynic_wire_send(data, frame);
    mynic_admin_post(d, &echo);
    mynic_admin_ring(d);
    qtest_qmp_assert_success(d->qts, "{'execute': 'query-status'}");
    qtest_qmp_assert_success(d->qts, "{'execute': 'query-status'}");
    g_assert_false(mynic_admin_poll(d, &acqe));
    g_assert_cmpuint(mynic_ctl(&tx, head), ==, 1);
    g_assert_true(mynic_wire_quiet(data));
    g_assert_false(mynic_rx_poll(&rx, &cqe));
    qtest_qmp_assert_success(d->qts, "{'execute': 'cont'}");
    mynic_admin_wait(d, &acqe);
    mynic_wire_expect(data, frame);
    mynic_tx_wait(&tx);
    mynic_rx_expect(&rx, frame, NULL);
    receive(&rx, data, 101);
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);
}

/* Bus mastering off: the card stands still, and goes on when it is on. */
static void test_bus_master(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    uint16_t command = qpci_config_readw(&d->dev, PCI_COMMAND);
    struct mynic_admin_cmd echo = mynic_cmd(MYNIC_ADMIN_ECHO);
    struct mynic_admin_cqe acqe;
    struct mynic_port_stats stats;
    struct mynic_rx_cqe cqe;
    unsigned int shadow;
    QMynicTxq tx;
    QMynicRxq rx;

    for (shadow = 0; shadow < 2; shadow++) {
        mynic_start(d, shadow ? MYNIC_F_SHADOW : 0);
        mynic_txq_create(d, &tx, 0);
        mynic_rxq_create(d, &rx, 0, 2048);
        mynic_set_rx_filter(d, ALL);
        send_plain(&tx, data, 100);
        receive(&rx, data, 100);
        qpci_config_writew(&d->dev, PCI_COMMAND,
                           command & ~PCI_COMMAND_MASTER);
        mynic_tx_packet(&tx, frame, NULL, -1, 0);
        mynic_tx_publish(&tx);
        mynic_admin_post(d, &echo);
        mynic_admin_ring(d);
        mynic_wire_send(data, frame);
        qtest_qmp_assert_success(d->qts, "{'execute': 'query-status'}");
        qtest_qmp_assert_success(d->qts, "{'execute': 'query-status'}");
        g_assert_true(mynic_wire_quiet(data));
        g_assert_false(mynic_admin_poll(d, &acqe));
        g_assert_false(mynic_rx_poll(&rx, &cqe));
        g_assert_cmpuint(mynic_ctl(&tx, head), ==, 1);

        qpci_config_writew(&d->dev, PCI_COMMAND, command);
        mynic_wire_expect(data, frame);
        mynic_tx_wait(&tx);
        mynic_admin_wait(d, &acqe);
        g_assert_cmpuint(le16_to_cpu(acqe.status), ==, MYNIC_OK);
        mynic_port_stats(d, &stats);
        g_assert_cmpuint(stats.rx_drop_disabled, ==, 1);
        receive(&rx, data, 101);
        send_plain(&tx, data, 101);
        mynic_rxq_destroy(&rx);
        mynic_txq_destroy(&tx);
    }
}

/* In D3hot it accesses no memory; it is what it was when it is in D0 again. */
static void test_d3hot(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket p = { .payload_len = 100 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    uint8_t pm = qpci_find_capability(&d->dev, PCI_CAP_ID_PM, 0);
    struct mynic_port_stats stats;
    struct mynic_rx_cqe cqe;
    QMynicTxq tx;
    QMynicRxq rx;

    mynic_start(d, MYNIC_F_SHADOW);
    mynic_txq_create(d, &tx, 0);
    mynic_rxq_create(d, &rx, 0, 2048);
    mynic_set_rx_filter(d, ALL);
    receive(&rx, data, 100);
    qpci_config_writew(&d->dev, pm + PCI_PM_CTRL, 3);
    mynic_wire_send(data, frame);
    qtest_qmp_assert_success(d->qts, "{'execute': 'query-status'}");
    qtest_qmp_assert_success(d->qts, "{'execute': 'query-status'}");
    g_assert_false(mynic_rx_poll(&rx, &cqe));
    qpci_config_writew(&d->dev, pm + PCI_PM_CTRL, 0);
    mynic_port_stats(d, &stats);
    g_assert_cmpuint(stats.rx_drop_disabled, ==, 1);
    receive(&rx, data, 101);
    send_plain(&tx, data, 101);
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);
}

/* Waits until the only job there is has come to its end. */
static void job_wait(QTestState *qts)
{
    for (;;) {
        g_autoptr(QDict) event = qtest_qmp_eventwait_ref(qts,
                                                         "JOB_STATUS_CHANGE");
        QDict *job = qdict_get_qdict(event, "data");

        g_assert_cmpstr(qdict_get_str(job, "status"), !=, "aborting");
        if (!strcmp(qdict_get_str(job, "status"), "concluded")) {
            return;
        }
    }
}

/* snapshot-save or snapshot-load, of "s" */
static void snapshot(QTestState *qts, const char *command)
{
    qtest_qmp_assert_success(qts, "{'execute': %s, 'arguments': {"
                             "'job-id': %s, 'tag': 's', 'vmstate': 'disk', "
                             "'devices': ['disk']}}", command, command);
    job_wait(qts);
}

/*
 * Back to a state of before, while the net layer keeps a packet of the present:
 * the queue is that of the snapshot. QEMU's socket goes on in the middle of
 * that packet with the next one, so there is nothing to be compared.
 */
static void test_snapshot(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QMynicPacket big = { .payload_len = 60000, .ipv6 = true };
    g_autoptr(GByteArray) frame = mynic_packet_build(&big, NULL);
    g_autofree char *file = NULL;
    QMynicTxq tx, saved_tx;
    unsigned int i;
    QMynic saved;
    int fd;

    fd = g_file_open_tmp("mynic-XXXXXX", &file, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    qtest_qmp_assert_success(d->qts, "{'execute': 'blockdev-add', "
                             "'arguments': {'driver': 'file', "
                             "'node-name': 'file', 'filename': %s}}", file);
    qtest_qmp_assert_success(d->qts, "{'execute': 'blockdev-create', "
                             "'arguments': {'job-id': 'create', 'options': {"
                             "'driver': 'qcow2', 'file': 'file', "
                             "'size': 1048576}}}");
    job_wait(d->qts);
    qtest_qmp_assert_success(d->qts, "{'execute': 'blockdev-add', "
                             "'arguments': {'driver': 'qcow2', "
                             "'node-name': 'disk', 'file': 'file'}}");

    mynic_start(d, mynic_offer(d));
    mynic_txq_create(d, &tx, 0);
    send_plain(&tx, data, 100);
    saved = *d;
    saved_tx = tx;
    snapshot(d->qts, "snapshot-save");
    for (i = 0; i < 120; i++) {
        mynic_tx_packet(&tx, frame, NULL, -1, 0);
    }
    mynic_tx_publish(&tx);
    mynic_sync(d);
    mynic_sync(d);
    g_assert_cmpuint(mynic_ctl(&tx, head), <, tx.tail);
    snapshot(d->qts, "snapshot-load");
    *d = saved;
    tx = saved_tx;
    for (i = 0; i < 10; i++) {
        mynic_wire_drain(data);
        mynic_sync(d);
        g_assert_cmpuint(mynic_ctl(&tx, head), ==, tx.tail);
        g_assert_cmpuint(mynic_ctl(&tx, error), ==, 0);
    }
    mynic_tx_packet(&tx, frame, NULL, -1, 0);
    mynic_tx_publish(&tx);
    MYNIC_WAIT_FOR((mynic_wire_drain(data), mynic_ctl(&tx, head) == tx.tail));
    g_assert_cmpuint(mynic_ctl(&tx, error), ==, 0);
    mynic_txq_destroy(&tx);
    unlink(file);
}

static void add(const char *name, QOSTestFunc func, QOSBeforeTest before,
                const char *props)
{
    QOSGraphTestOptions opts = {
        .before = before,
        .edge.extra_device_opts = props,
    };

    qos_add_test(name, "mynic-life", func, &opts);
}

static void register_tests(void)
{
    mynic_add_test("mynic-life", "properties", test_properties, NULL);
    add("start-refused", test_start_refused, NULL, NULL);
    add("help", test_help, NULL, NULL);
    add("features-off", test_features_off, NULL,
        "max-ring=256,shadow=off,tx-csum=off,rx-csum=off,rss=off");
    add("no-netdev", test_no_netdev, NULL, NULL);
    add("user", test_user, before_user, QMYNIC_PROPS);
    add("dgram", test_dgram, before_dgram, QMYNIC_PROPS);
    add("hotplug", test_hotplug, NULL, NULL);
    mynic_add_test("mynic-life", "unplug-busy", test_unplug_busy,
                   QMYNIC_PROPS ",id=card");
    add("migration", test_migration, NULL, NULL);
    mynic_add_test("mynic-life", "stop-cont", test_stop_cont, NULL);
    mynic_add_test("mynic-life", "bus-master", test_bus_master, NULL);
    mynic_add_test("mynic-life", "d3hot", test_d3hot, NULL);
    mynic_add_test("mynic-life", "snapshot", test_snapshot, NULL);
}

libqos_init(register_tests);
