/*
 * libqos: driver of the mynic network card
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "hw/pci/pci_regs.h"
#include "../libqtest.h"
#include "libqos-malloc.h"
#include "mynic.h"
#include "mynic-wire.h"

#define ADMIN_SIZE (1u << QMYNIC_ADMIN_LOG2)
#define EVENT_SIZE (1u << QMYNIC_EVENT_LOG2)

#define RX_LOG2 6
#define TX_LOG2 7

/* Registers and doorbells */

uint32_t mynic_read(QMynic *d, uint32_t reg)
{
    return qpci_io_readl(&d->dev, d->regs, reg);
}

void mynic_write(QMynic *d, uint32_t reg, uint32_t value)
{
    qpci_io_writel(&d->dev, d->regs, reg, value);
}

void mynic_doorbell(QMynic *d, unsigned int pair, uint32_t offset,
                    uint32_t value)
{
    uint32_t stride = mynic_read(d, MYNIC_REG_DOORBELL_STRIDE);

    qpci_io_writel(&d->dev, d->doorbells, pair * stride + offset, value);
}

void mynic_reset(QMynic *d)
{
    mynic_write(d, MYNIC_REG_CTRL, MYNIC_CTRL_RESET);
    MYNIC_WAIT_FOR(mynic_read(d, MYNIC_REG_STATUS) & MYNIC_STATUS_READY);
}

static void pci_reset(QMynic *d, void (*reset)(QMynic *d))
{
    uint32_t bars[6];
    uint16_t command;
    int i;

    command = qpci_config_readw(&d->dev, PCI_COMMAND);
    for (i = 0; i < 6; i++) {
        bars[i] = qpci_config_readl(&d->dev, PCI_BASE_ADDRESS_0 + 4 * i);
    }
    reset(d);
    g_assert_cmphex(qpci_config_readw(&d->dev, PCI_COMMAND) &
                    PCI_COMMAND_MASTER, ==, 0);
    for (i = 0; i < 6; i++) {
        qpci_config_writel(&d->dev, PCI_BASE_ADDRESS_0 + 4 * i, bars[i]);
    }
    qpci_config_writew(&d->dev, PCI_COMMAND, command);
    MYNIC_WAIT_FOR(mynic_read(d, MYNIC_REG_STATUS) & MYNIC_STATUS_READY);
    /* Off since then; the addresses that it kept still hold. */
    qpci_msix_disable(&d->dev);
    mynic_irq_setup(d);
}

static void flr(QMynic *d)
{
    uint8_t cap = qpci_find_capability(&d->dev, PCI_CAP_ID_EXP, 0);

    g_assert_cmphex(cap, !=, 0);
    g_assert_cmphex(qpci_config_readl(&d->dev, cap + PCI_EXP_DEVCAP) &
                    PCI_EXP_DEVCAP_FLR, !=, 0);
    qpci_config_writew(&d->dev, cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
}

void mynic_flr(QMynic *d)
{
    pci_reset(d, flr);
}

static void system_reset(QMynic *d)
{
    qtest_system_reset(d->qts);
}

void mynic_system_reset(QMynic *d)
{
    pci_reset(d, system_reset);
}

uint64_t mynic_offer(QMynic *d)
{
    return mynic_read(d, MYNIC_REG_DEV_FEATURES_LO) |
           (uint64_t)mynic_read(d, MYNIC_REG_DEV_FEATURES_HI) << 32;
}

static void mynic_write64(QMynic *d, uint32_t reg, uint64_t value)
{
    mynic_write(d, reg, value);
    mynic_write(d, reg + 4, value >> 32);
}

void mynic_setup(QMynic *d, uint64_t features)
{
    d->features = features;
    d->asq_tail = d->acq_head = d->aeq_head = 0;
    qtest_memset(d->qts, d->asq, 0,
                 ADMIN_SIZE * sizeof(struct mynic_admin_cmd));
    qtest_memset(d->qts, d->acq, 0,
                 ADMIN_SIZE * sizeof(struct mynic_admin_cqe));
    qtest_memset(d->qts, d->aeq, 0, EVENT_SIZE * sizeof(struct mynic_event));

    mynic_write(d, MYNIC_REG_DRIVER_ID,
                MYNIC_ID_MAGIC << 16 | MYNIC_ABI_MAJOR << 8 | MYNIC_ABI_MINOR);
    mynic_write64(d, MYNIC_REG_DRV_FEATURES_LO, features);
    mynic_write64(d, MYNIC_REG_ASQ_LO, d->asq + d->iova);
    mynic_write64(d, MYNIC_REG_ACQ_LO, d->acq + d->iova);
    mynic_write64(d, MYNIC_REG_AEQ_LO, d->aeq + d->iova);
    mynic_write(d, MYNIC_REG_ADMIN_SIZES,
                QMYNIC_EVENT_LOG2 << 8 | QMYNIC_ADMIN_LOG2);
}

unsigned int mynic_enable(QMynic *d)
{
    uint32_t status;

    mynic_write(d, MYNIC_REG_CTRL, MYNIC_CTRL_ENABLE);
    MYNIC_WAIT_FOR((status = mynic_read(d, MYNIC_REG_STATUS)) &
                   (MYNIC_STATUS_ENABLED | MYNIC_STATUS_ERROR_MASK));
    return (status & MYNIC_STATUS_ERROR_MASK) >> 8;
}

void mynic_start(QMynic *d, uint64_t features)
{
    mynic_reset(d);
    mynic_setup(d, features);
    g_assert_cmpuint(mynic_enable(d), ==, 0);
}

/* Interrupts */

static uint64_t msix_entry(QMynic *d, unsigned int vector)
{
    return d->dev.msix_table_off + vector * PCI_MSIX_ENTRY_SIZE;
}

void mynic_irq_mask(QMynic *d, unsigned int vector, bool mask)
{
    qpci_io_writel(&d->dev, d->dev.msix_table_bar,
                   msix_entry(d, vector) + PCI_MSIX_ENTRY_VECTOR_CTRL,
                   mask ? PCI_MSIX_ENTRY_CTRL_MASKBIT : 0);
}

void mynic_irq_setup(QMynic *d)
{
    unsigned int i, vectors = qpci_msix_table_size(&d->dev);
    QPCIBar bar;

    if (!d->dev.msix_enabled) {
        qpci_msix_enable(&d->dev);
    }
    bar = d->dev.msix_table_bar;
    qtest_memset(d->qts, d->irq_words, 0, 4 * vectors);
    for (i = 0; i < vectors; i++) {
        uint64_t entry = msix_entry(d, i);
        uint64_t word = d->irq_words + 4 * i + d->iova;

        qpci_io_writel(&d->dev, bar, entry + PCI_MSIX_ENTRY_LOWER_ADDR, word);
        qpci_io_writel(&d->dev, bar, entry + PCI_MSIX_ENTRY_UPPER_ADDR,
                       word >> 32);
        qpci_io_writel(&d->dev, bar, entry + PCI_MSIX_ENTRY_DATA, i + 1);
        mynic_irq_mask(d, i, false);
    }
}

bool mynic_irq_take(QMynic *d, unsigned int vector)
{
    uint64_t word = d->irq_words + 4 * vector;
    uint32_t value = qtest_readl(d->qts, word);

    if (!value) {
        return false;
    }
    g_assert_cmpuint(value, ==, vector + 1);
    qtest_writel(d->qts, word, 0);
    return true;
}

/* The admin queue */

uint16_t mynic_admin_post(QMynic *d, const struct mynic_admin_cmd *cmd)
{
    struct mynic_admin_cmd slot = *cmd;

    slot.tag = cpu_to_le16(++d->tag);
    qtest_memwrite(d->qts, d->asq + d->asq_tail % ADMIN_SIZE * sizeof(slot),
                   &slot, sizeof(slot));
    d->asq_tail++;
    return d->tag;
}

void mynic_admin_ring(QMynic *d)
{
    mynic_write(d, MYNIC_REG_ASQ_TAIL, d->asq_tail);
}

static bool mynic_is_new(uint32_t info, uint32_t index, unsigned int log2)
{
    return !!(info & MYNIC_CQE_PHASE) == !(index >> log2 & 1);
}

bool mynic_admin_poll(QMynic *d, struct mynic_admin_cqe *cqe)
{
    qtest_memread(d->qts, d->acq + d->acq_head % ADMIN_SIZE * sizeof(*cqe),
                  cqe, sizeof(*cqe));
    if (!mynic_is_new(le32_to_cpu(cqe->info), d->acq_head,
                      QMYNIC_ADMIN_LOG2)) {
        return false;
    }
    g_assert_cmphex(le32_to_cpu(cqe->info) & ~MYNIC_CQE_PHASE, ==, 0);
    g_assert_cmphex(cqe->reserved, ==, 0);
    d->acq_head++;
    return true;
}

void mynic_admin_wait(QMynic *d, struct mynic_admin_cqe *cqe)
{
    MYNIC_WAIT_FOR(mynic_admin_poll(d, cqe));
}

unsigned int mynic_admin(QMynic *d, const struct mynic_admin_cmd *cmd,
                         struct mynic_admin_cqe *cqe)
{
    struct mynic_admin_cqe local;
    uint16_t tag = mynic_admin_post(d, cmd);

    cqe = cqe ?: &local;
    mynic_admin_ring(d);
    mynic_admin_wait(d, cqe);
    g_assert_cmpuint(le16_to_cpu(cqe->tag), ==, tag);
    return le16_to_cpu(cqe->status);
}

unsigned int mynic_admin_data(QMynic *d, struct mynic_admin_cmd *cmd,
                              const void *in, void *out, uint32_t len)
{
    unsigned int status;

    g_assert_cmpuint(len, <=, QMYNIC_DATA_SIZE);
    cmd->data = cpu_to_le64(d->data + d->iova);
    cmd->data_len = cpu_to_le32(len);
    if (in && len) {
        qtest_memwrite(d->qts, d->data, in, len);
    }
    status = mynic_admin(d, cmd, NULL);
    if (out && len) {
        qtest_memread(d->qts, d->data, out, len);
    }
    return status;
}

void mynic_sync(QMynic *d)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_ECHO);

    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
}

struct mynic_admin_cmd mynic_cmd(enum mynic_admin_op op)
{
    struct mynic_admin_cmd cmd = { .opcode = cpu_to_le16(op) };

    return cmd;
}

struct mynic_admin_cmd mynic_cmd_queue(enum mynic_admin_op op, uint16_t id)
{
    struct mynic_admin_cmd cmd = mynic_cmd(op);

    cmd.params.queue.id = cpu_to_le16(id);
    return cmd;
}

void mynic_set_rx_filter(QMynic *d, uint16_t flags)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_RX_FILTER);

    cmd.params.rx_filter.flags = cpu_to_le16(flags);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
}

void mynic_set_offloads(QMynic *d, uint32_t rx)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_OFFLOADS);

    cmd.params.offloads.rx = cpu_to_le32(rx);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
}

static void mynic_stats(QMynic *d, unsigned int scope, uint16_t id,
                        void *stats, size_t len)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_GET_STATS);
    uint64_t *words = stats;
    size_t i;

    cmd.params.stats.scope = cpu_to_le16(scope);
    cmd.params.stats.id = cpu_to_le16(id);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, NULL, stats, len), ==,
                     MYNIC_OK);
    for (i = 0; i < len / 8; i++) {
        words[i] = le64_to_cpu(words[i]);
    }
}

void mynic_port_stats(QMynic *d, struct mynic_port_stats *stats)
{
    mynic_stats(d, MYNIC_STATS_PORT, 0, stats, sizeof(*stats));
}

void mynic_set_rule(QMynic *d, unsigned int location,
                    const struct mynic_flow_rule *rule)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_SET_RULE);

    cmd.params.rule.location = cpu_to_le16(location);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, rule, NULL, sizeof(*rule)), ==,
                     MYNIC_OK);
}

uint64_t mynic_rule_packets(QMynic *d, unsigned int location)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_GET_STATS);
    struct mynic_rule_stats stats;

    cmd.params.stats.scope = cpu_to_le16(MYNIC_STATS_RULE);
    cmd.params.stats.id = cpu_to_le16(location);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, NULL, &stats, sizeof(stats)),
                     ==, MYNIC_OK);
    return le64_to_cpu(stats.packets);
}

void mynic_queue_stats(QMynic *d, unsigned int scope, uint16_t id,
                       struct mynic_queue_stats *stats)
{
    mynic_stats(d, scope, id, stats, sizeof(*stats));
}

/* Events */

bool mynic_event_poll(QMynic *d, struct mynic_event *event)
{
    qtest_memread(d->qts, d->aeq + d->aeq_head % EVENT_SIZE * sizeof(*event),
                  event, sizeof(*event));
    if (!mynic_is_new(le32_to_cpu(event->info), d->aeq_head,
                      QMYNIC_EVENT_LOG2)) {
        return false;
    }
    d->aeq_head++;
    return true;
}

void mynic_event_wait(QMynic *d, struct mynic_event *event)
{
    MYNIC_WAIT_FOR(mynic_event_poll(d, event));
}

void mynic_event_ack(QMynic *d)
{
    mynic_write(d, MYNIC_REG_AEQ_HEAD, d->aeq_head);
}

/* Transmit */

uint32_t mynic_ctl_read(QMynic *d, uint64_t ctl, size_t field)
{
    return qtest_readl(d->qts, ctl + field);
}

static uint64_t alloc_zeroed(QMynic *d, size_t len)
{
    uint64_t addr = guest_alloc(d->alloc, len);

    g_assert_cmphex(addr, !=, 0);
    qtest_memset(d->qts, addr, 0, len);
    return addr;
}

void mynic_txq_alloc(QMynic *d, QMynicTxq *q, uint16_t id, unsigned int log2)
{
    memset(q, 0, sizeof(*q));
    q->d = d;
    q->id = id;
    q->log2 = log2;
    q->vector = 1 + id;
    q->ring = alloc_zeroed(d, sizeof(union mynic_tx_slot) << log2);
    q->ctl = alloc_zeroed(d, sizeof(struct mynic_queue_ctl));
    q->mem = guest_alloc(d->alloc, QMYNIC_TX_MEM);
}

struct mynic_admin_cmd mynic_txq_cmd(const QMynicTxq *q)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_CREATE_TXQ);

    cmd.params.txq.id = cpu_to_le16(q->id);
    cmd.params.txq.vector = cpu_to_le16(q->vector);
    cmd.params.txq.log2_size = cpu_to_le16(q->log2);
    cmd.params.txq.cq = cpu_to_le16(MYNIC_CQ_NONE);
    cmd.params.txq.ring = cpu_to_le64(q->ring + q->d->iova);
    cmd.params.txq.ctl = cpu_to_le64(q->ctl + q->d->iova);
    return cmd;
}

void mynic_txq_create(QMynic *d, QMynicTxq *q, uint16_t id)
{
    struct mynic_admin_cmd cmd;

    mynic_txq_alloc(d, q, id, TX_LOG2);
    cmd = mynic_txq_cmd(q);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
}

void mynic_txq_destroy(QMynicTxq *q)
{
    struct mynic_admin_cmd cmd = mynic_cmd_queue(MYNIC_ADMIN_DESTROY_TXQ,
                                                 q->id);

    g_assert_cmpuint(mynic_admin(q->d, &cmd, NULL), ==, MYNIC_OK);
    mynic_txq_free(q);
}

void mynic_txq_free(QMynicTxq *q)
{
    guest_free(q->d->alloc, q->ring);
    guest_free(q->d->alloc, q->ctl);
    guest_free(q->d->alloc, q->mem);
}

void mynic_tx_slot(QMynicTxq *q, const void *slot)
{
    uint32_t at = q->filled & ((1u << q->log2) - 1);

    qtest_memwrite(q->d->qts, q->ring + at * sizeof(union mynic_tx_slot),
                   slot, sizeof(union mynic_tx_slot));
    q->filled++;
}

void mynic_tx_frag(QMynicTxq *q, uint64_t addr, uint32_t len, uint16_t flags)
{
    struct mynic_tx_frag frag = {
        .addr = cpu_to_le64(addr + q->d->iova),
        .len = cpu_to_le32(len),
        .flags = cpu_to_le16(flags | MYNIC_TX_TYPE_FRAG),
    };

    mynic_tx_slot(q, &frag);
}

void mynic_tx_meta(QMynicTxq *q, const struct mynic_offload_hdr *hdr,
                   int vlan_tci)
{
    struct mynic_tx_meta meta = {
        .flags = cpu_to_le16(MYNIC_TX_TYPE_META |
                             (vlan_tci >= 0 ? MYNIC_TX_VLAN : 0)),
        .vlan_tci = cpu_to_le16(vlan_tci >= 0 ? vlan_tci : 0),
    };

    if (hdr) {
        meta.hdr.flags = hdr->flags;
        meta.hdr.gso_type = hdr->gso_type;
        meta.hdr.hdr_len = cpu_to_le16(hdr->hdr_len);
        meta.hdr.gso_size = cpu_to_le16(hdr->gso_size);
        meta.hdr.csum_start = cpu_to_le16(hdr->csum_start);
        meta.hdr.csum_offset = cpu_to_le16(hdr->csum_offset);
        meta.hdr.num_buffers = cpu_to_le16(hdr->num_buffers);
    }
    mynic_tx_slot(q, &meta);
}

/* Publishes a tail as the features say; whether the doorbell was rung. */
static bool mynic_publish(QMynic *d, uint64_t ctl, uint16_t id,
                          uint32_t doorbell, uint32_t old, uint32_t new)
{
    uint32_t kick;

    if (d->features & MYNIC_F_SHADOW) {
        qtest_writel(d->qts, ctl + offsetof(struct mynic_queue_ctl, tail),
                     new);
        kick = mynic_ctl_read(d, ctl, offsetof(struct mynic_queue_ctl, kick));
        if (new - kick - 1 >= new - old) {
            return false;
        }
    }
    mynic_doorbell(d, id, doorbell, new);
    return true;
}

bool mynic_tx_publish(QMynicTxq *q)
{
    uint32_t old = q->tail;

    q->tail = q->filled;
    return mynic_publish(q->d, q->ctl, q->id, MYNIC_DB_TX_TAIL, old, q->tail);
}

void mynic_tx_wait(QMynicTxq *q)
{
    MYNIC_WAIT_FOR(mynic_ctl(q, head) == q->tail);
    g_assert_cmpuint(mynic_ctl(q, error), ==, 0);
}

void mynic_tx_packet(QMynicTxq *q, const GByteArray *packet,
                     const struct mynic_offload_hdr *hdr, int vlan_tci,
                     uint32_t frag)
{
    uint32_t at = 0, len;

    g_assert_cmpuint(packet->len, <=, QMYNIC_TX_MEM);
    qtest_memwrite(q->d->qts, q->mem, packet->data, packet->len);
    if (hdr || vlan_tci >= 0) {
        mynic_tx_meta(q, hdr, vlan_tci);
    }
    while (at < packet->len) {
        len = packet->len - at;
        if (frag) {
            len = MIN(len, frag);
        }
        mynic_tx_frag(q, q->mem + at, len,
                      at + len == packet->len ? MYNIC_TX_EOP : 0);
        at += len;
    }
}

struct mynic_offload_hdr mynic_tx_offload(const QMynicPacket *packet,
                                          uint16_t gso_size)
{
    struct mynic_offload_hdr hdr = { .flags = MYNIC_HDR_F_NEEDS_CSUM };
    g_autoptr(GByteArray) b = NULL;
    QMynicLayout lay;

    b = mynic_packet_build(packet, &lay);
    hdr.csum_start = lay.l4;
    hdr.csum_offset = lay.csum - lay.l4;
    if (gso_size) {
        hdr.gso_size = gso_size;
        hdr.hdr_len = lay.payload;
        if (packet->proto == QMYNIC_IP_UDP) {
            hdr.gso_type = MYNIC_HDR_GSO_UDP_L4;
        } else {
            hdr.gso_type = packet->ipv6 ? MYNIC_HDR_GSO_TCPV6
                                        : MYNIC_HDR_GSO_TCPV4;
            if (packet->cwr_once) {
                hdr.gso_type |= MYNIC_HDR_GSO_ECN;
            }
        }
    }
    return hdr;
}

/* Receive */

void mynic_rxq_alloc(QMynic *d, QMynicRxq *q, uint16_t id, unsigned int log2,
                     uint32_t buf_len)
{
    memset(q, 0, sizeof(*q));
    q->d = d;
    q->id = id;
    q->cq = MYNIC_CQ_RX(id);
    q->log2 = log2;
    q->vector = 1 + id;
    q->buf_len = buf_len;
    q->ring = alloc_zeroed(d, sizeof(struct mynic_rx_buf) << log2);
    q->ctl = alloc_zeroed(d, sizeof(struct mynic_queue_ctl));
    q->cq_ring = alloc_zeroed(d, sizeof(struct mynic_rx_cqe) << log2);
    q->cq_ctl = alloc_zeroed(d, sizeof(struct mynic_queue_ctl));
    q->mem = guest_alloc(d->alloc, (size_t)buf_len << log2);
}

struct mynic_admin_cmd mynic_cq_cmd(const QMynicRxq *q)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_CREATE_CQ);

    cmd.params.cq.id = cpu_to_le16(q->cq);
    cmd.params.cq.vector = cpu_to_le16(q->vector);
    cmd.params.cq.log2_size = cpu_to_le16(q->log2);
    cmd.params.cq.ring = cpu_to_le64(q->cq_ring + q->d->iova);
    cmd.params.cq.ctl = cpu_to_le64(q->cq_ctl + q->d->iova);
    return cmd;
}

struct mynic_admin_cmd mynic_rxq_cmd(const QMynicRxq *q)
{
    struct mynic_admin_cmd cmd = mynic_cmd(MYNIC_ADMIN_CREATE_RXQ);

    cmd.params.rxq.id = cpu_to_le16(q->id);
    cmd.params.rxq.cq = cpu_to_le16(q->cq);
    cmd.params.rxq.log2_size = cpu_to_le16(q->log2);
    cmd.params.rxq.ring = cpu_to_le64(q->ring + q->d->iova);
    cmd.params.rxq.ctl = cpu_to_le64(q->ctl + q->d->iova);
    return cmd;
}

void mynic_rxq_create(QMynic *d, QMynicRxq *q, uint16_t id, uint32_t buf_len)
{
    struct mynic_admin_cmd cmd;

    mynic_rxq_alloc(d, q, id, RX_LOG2, buf_len);
    cmd = mynic_cq_cmd(q);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    cmd = mynic_rxq_cmd(q);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    mynic_rx_fill(q, 1u << q->log2);
    mynic_rx_publish(q);
}

void mynic_rxq_destroy(QMynicRxq *q)
{
    struct mynic_admin_cmd cmd;

    cmd = mynic_cmd_queue(MYNIC_ADMIN_DESTROY_RXQ, q->id);
    g_assert_cmpuint(mynic_admin(q->d, &cmd, NULL), ==, MYNIC_OK);
    cmd = mynic_cmd_queue(MYNIC_ADMIN_DESTROY_CQ, q->cq);
    g_assert_cmpuint(mynic_admin(q->d, &cmd, NULL), ==, MYNIC_OK);
    mynic_rxq_free(q);
}

void mynic_rxq_free(QMynicRxq *q)
{
    guest_free(q->d->alloc, q->ring);
    guest_free(q->d->alloc, q->ctl);
    guest_free(q->d->alloc, q->cq_ring);
    guest_free(q->d->alloc, q->cq_ctl);
    guest_free(q->d->alloc, q->mem);
}

uint64_t mynic_rx_addr(const QMynicRxq *q, uint32_t index)
{
    return q->mem + (uint64_t)(index & ((1u << q->log2) - 1)) * q->buf_len;
}

void mynic_rx_fill(QMynicRxq *q, unsigned int count)
{
    while (count--) {
        uint32_t at = q->filled & ((1u << q->log2) - 1);
        struct mynic_rx_buf buf = {
            .addr = cpu_to_le64(mynic_rx_addr(q, q->filled) + q->d->iova),
            .len = cpu_to_le32(q->buf_len),
        };

        qtest_memwrite(q->d->qts, q->ring + at * sizeof(buf), &buf,
                       sizeof(buf));
        q->filled++;
    }
}

bool mynic_rx_publish(QMynicRxq *q)
{
    uint32_t old = q->tail;

    q->tail = q->filled;
    return mynic_publish(q->d, q->ctl, q->id, MYNIC_DB_RX_TAIL, old, q->tail);
}

bool mynic_rx_poll(QMynicRxq *q, struct mynic_rx_cqe *cqe)
{
    uint32_t at = q->cq_head & ((1u << q->log2) - 1);

    qtest_memread(q->d->qts, q->cq_ring + at * sizeof(*cqe), cqe,
                  sizeof(*cqe));
    if (!mynic_is_new(le32_to_cpu(cqe->info), q->cq_head, q->log2)) {
        return false;
    }
    q->cq_head++;
    return true;
}

GByteArray *mynic_rx_wait(QMynicRxq *q, struct mynic_rx_cqe *cqe)
{
    GByteArray *packet = g_byte_array_new();
    struct mynic_rx_cqe local;
    unsigned int i, buffers;
    uint32_t len, at = 0, n;

    cqe = cqe ?: &local;
    MYNIC_WAIT_FOR(mynic_rx_poll(q, cqe));
    len = le32_to_cpu(cqe->len);
    buffers = le16_to_cpu(cqe->hdr.num_buffers);
    g_assert_cmpuint(buffers, ==, DIV_ROUND_UP(len, q->buf_len));
    g_assert_cmpint((int32_t)(q->tail - q->consumed - buffers), >=, 0);
    g_byte_array_set_size(packet, len);
    for (i = 0; i < buffers; i++) {
        n = MIN(len - at, q->buf_len);
        qtest_memread(q->d->qts, mynic_rx_addr(q, q->consumed),
                      packet->data + at, n);
        q->consumed++;
        at += n;
    }
    return packet;
}

void mynic_rx_expect(QMynicRxq *q, const GByteArray *packet,
                     struct mynic_rx_cqe *cqe)
{
    g_autoptr(GByteArray) got = mynic_rx_wait(q, cqe);

    g_assert_cmpmem(got->data, got->len, packet->data, packet->len);
}

/* The node of the graph */

static void *mynic_get_driver(void *obj, const char *interface)
{
    QMynic *d = obj;

    if (!g_strcmp0(interface, "pci-device")) {
        return &d->dev;
    }
    if (g_str_has_prefix(interface, "mynic-")) {
        return d;
    }
    fprintf(stderr, "%s not present in mynic\n", interface);
    g_assert_not_reached();
}

static void mynic_start_hw(QOSGraphObject *obj)
{
    QMynic *d = (QMynic *)obj;

    qpci_device_enable(&d->dev);
    d->regs = qpci_iomap(&d->dev, MYNIC_BAR_REGS, NULL);
    d->doorbells = qpci_iomap(&d->dev, MYNIC_BAR_DOORBELLS, NULL);
    mynic_irq_setup(d);
}

static void mynic_destructor(QOSGraphObject *obj)
{
    QMynic *d = (QMynic *)obj;

    if (d->dev.msix_enabled) {
        qpci_msix_disable(&d->dev);
    }
    guest_free(d->alloc, d->asq);
    guest_free(d->alloc, d->acq);
    guest_free(d->alloc, d->aeq);
    guest_free(d->alloc, d->data);
    guest_free(d->alloc, d->irq_words);
}

static void *mynic_create(void *pci_bus, QGuestAllocator *alloc, void *addr)
{
    QMynic *d = g_new0(QMynic, 1);
    QPCIBus *bus = pci_bus;

    qpci_device_init(&d->dev, bus, addr);
    d->qts = bus->qts;
    d->alloc = alloc;
    d->asq = guest_alloc(alloc, ADMIN_SIZE * sizeof(struct mynic_admin_cmd));
    d->acq = guest_alloc(alloc, ADMIN_SIZE * sizeof(struct mynic_admin_cqe));
    d->aeq = guest_alloc(alloc, EVENT_SIZE * sizeof(struct mynic_event));
    d->data = guest_alloc(alloc, QMYNIC_DATA_SIZE);
    d->irq_words = guest_alloc(alloc, 4 * (MYNIC_MAX_QUEUE_PAIRS + 1));

    d->obj.get_driver = mynic_get_driver;
    d->obj.start_hw = mynic_start_hw;
    d->obj.destructor = mynic_destructor;
    return &d->obj;
}

QMynic *mynic_new(QPCIBus *bus, QGuestAllocator *alloc)
{
    QPCIAddress addr = {
        .devfn = QPCI_DEVFN(4, 0),
        .vendor_id = MYNIC_PCI_VENDOR_ID,
        .device_id = MYNIC_PCI_DEVICE_ID,
    };
    QMynic *d = mynic_create(bus, alloc, &addr);

    mynic_start_hw(&d->obj);
    return d;
}

void mynic_free(QMynic *d)
{
    mynic_destructor(&d->obj);
    g_free(d);
}

QMynic *mynic_migrated(const QMynic *d, QPCIBus *bus, QGuestAllocator *alloc)
{
    QMynic *new = g_memdup2(d, sizeof(*d));

    new->dev.bus = bus;
    new->qts = bus->qts;
    new->alloc = alloc;
    return new;
}

/*
 * Groups of tests, each an interface: a node of the graph with all of the
 * tests behind it would be more than qgraph's search has room for.
 */
static const char *const groups[] = {
    "mynic-regs", "mynic-admin", "mynic-tx", "mynic-rx", "mynic-rss",
    "mynic-rules", "mynic-irq", "mynic-error", "mynic-life", "mynic-tap",
    "mynic-iommu", "mynic-bell",
};

void mynic_add_test(const char *group, const char *name, QOSTestFunc func,
                    const char *props)
{
    QOSGraphTestOptions opts = {
        .before = mynic_wire_before,
        .edge.extra_device_opts = props ?: QMYNIC_PROPS,
    };

    qos_add_test(name, group, func, &opts);
}

void mynic_add_tap_test(const char *group, const char *name, QOSTestFunc func,
                        const char *props)
{
    QOSGraphTestOptions opts = {
        .before = mynic_tap_before,
        .edge.extra_device_opts = props ?: QMYNIC_PROPS,
    };

    qos_add_test(name, group, func, &opts);
}

static void mynic_register_nodes(void)
{
    QPCIAddress addr = {
        .devfn = QPCI_DEVFN(4, 0),
        .vendor_id = MYNIC_PCI_VENDOR_ID,
        .device_id = MYNIC_PCI_DEVICE_ID,
    };
    QOSGraphEdgeOptions opts = {
        .extra_device_opts = "addr=04.0",
    };
    unsigned int i;

    add_qpci_address(&opts, &addr);
    qos_node_create_driver("mynic", mynic_create);
    qos_node_consumes("mynic", "pci-bus", &opts);
    qos_node_produces("mynic", "pci-device");
    for (i = 0; i < G_N_ELEMENTS(groups); i++) {
        qos_node_produces("mynic", groups[i]);
    }
}

libqos_init(mynic_register_nodes);
