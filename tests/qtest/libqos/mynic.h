/*
 * libqos: driver of the mynic network card
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Does what the data sheet tells a driver to do, in small steps, so that a
 * test can do any of them wrongly. Waits for what must come and gives up
 * after some seconds; nothing here sleeps.
 */

#ifndef QGRAPH_MYNIC_H
#define QGRAPH_MYNIC_H

#include "qgraph.h"
#include "pci.h"
#include "mynic_abi.h"
#include "mynic-packet.h"

/* Properties of the device in tests that do not ask for others. */
#define QMYNIC_PROPS "netdev=hs0,mac=" QMYNIC_MAC_TEXT ",queues=4"
#define QMYNIC_QUEUES 4

/* Sizes of the admin ring and of the event ring, log2. */
#define QMYNIC_ADMIN_LOG2 3
#define QMYNIC_EVENT_LOG2 2

/* Bytes of guest memory set aside for data of commands. */
#define QMYNIC_DATA_SIZE 8192

/**
 * QMynic - the card and what the driver keeps about it
 * @iova: what is added to the address in memory of all that the card is to
 *        find, for an IOMMU that translates it back; 0 without one
 * @features: negotiated
 * @asq_tail: index of the next command
 * @acq_head: index of the next completion
 * @aeq_head: index of the next event
 */
typedef struct QMynic {
    QOSGraphObject obj;
    QPCIDevice dev;
    QPCIBar regs;
    QPCIBar doorbells;
    QGuestAllocator *alloc;
    QTestState *qts;

    uint64_t iova;
    uint64_t features;
    uint64_t asq;
    uint64_t acq;
    uint64_t aeq;
    uint64_t data;
    uint64_t irq_words;
    uint32_t asq_tail;
    uint32_t acq_head;
    uint32_t aeq_head;
    uint16_t tag;
} QMynic;

/**
 * QMynicTxq - a transmit queue
 * @filled: index after the last slot filled
 * @tail: index after the last slot published
 */
typedef struct QMynicTxq {
    QMynic *d;
    uint16_t id;
    unsigned int log2;
    uint16_t vector;
    uint64_t ring;
    uint64_t ctl;
    uint64_t mem;
    uint32_t filled;
    uint32_t tail;
} QMynicTxq;

/* Bytes of memory for packets that come with each transmit queue. */
#define QMYNIC_TX_MEM (256 * 1024)

/**
 * QMynicRxq - a receive queue and its completion queue
 * @buf_len: bytes of each buffer
 * @filled: index after the last buffer written to the ring
 * @tail: index after the last buffer published
 * @consumed: buffers whose completion was read
 * @cq_head: index of the next completion
 */
typedef struct QMynicRxq {
    QMynic *d;
    uint16_t id;
    uint16_t cq;
    unsigned int log2;
    uint16_t vector;
    uint32_t buf_len;
    uint64_t ring;
    uint64_t ctl;
    uint64_t cq_ring;
    uint64_t cq_ctl;
    uint64_t mem;
    uint32_t filled;
    uint32_t tail;
    uint32_t consumed;
    uint32_t cq_head;
} QMynicRxq;

/**
 * MYNIC_WAIT_FOR - wait until a condition that asks the device is true
 */
#define MYNIC_WAIT_FOR(cond)                                            \
    do {                                                                \
        gint64 give_up_ = g_get_monotonic_time() + 20 * G_USEC_PER_SEC; \
                                                                        \
        while (!(cond)) {                                               \
            if (g_get_monotonic_time() > give_up_) {                    \
                g_error("%s:%d: waited in vain for %s",                 \
                        __FILE__, __LINE__, #cond);                     \
            }                                                           \
        }                                                               \
    } while (0)

/* The card */

/**
 * mynic_add_test - a test of the card, with a backend made by the test
 * @group: interface of the node: mynic-regs, mynic-tx, ...
 * @name: its name, unique in the group
 * @func: the test; its data is a QMynicWire
 * @props: properties of the device, NULL for QMYNIC_PROPS
 */
void mynic_add_test(const char *group, const char *name, QOSTestFunc func,
                    const char *props);

/**
 * mynic_add_tap_test - the same with a tap; the test may have to be skipped
 */
void mynic_add_tap_test(const char *group, const char *name, QOSTestFunc func,
                        const char *props);

/**
 * mynic_new - the card in a machine that is not of the graph
 *
 * At address 04.0. Ends with mynic_free().
 */
QMynic *mynic_new(QPCIBus *bus, QGuestAllocator *alloc);
void mynic_free(QMynic *d);

/**
 * mynic_migrated - the card behind a migration
 * @d: the card before
 * @bus: bus of the machine that it has come to
 *
 * All that the driver keeps, queues apart, as it was. Ends with g_free().
 */
QMynic *mynic_migrated(const QMynic *d, QPCIBus *bus, QGuestAllocator *alloc);

uint32_t mynic_read(QMynic *d, uint32_t reg);
void mynic_write(QMynic *d, uint32_t reg, uint32_t value);
void mynic_doorbell(QMynic *d, unsigned int pair, uint32_t offset,
                    uint32_t value);

/**
 * mynic_reset - CTRL.RESET, and wait for READY
 */
void mynic_reset(QMynic *d);

/**
 * mynic_flr - function level reset, then the PCI set-up of before
 */
void mynic_flr(QMynic *d);

/**
 * mynic_system_reset - reset of the machine, then the PCI set-up of before
 */
void mynic_system_reset(QMynic *d);

/**
 * mynic_offer - the features that the device offers
 */
uint64_t mynic_offer(QMynic *d);

/**
 * mynic_setup - fill all registers for ENABLE, with fresh admin rings
 */
void mynic_setup(QMynic *d, uint64_t features);

/**
 * mynic_enable - write ENABLE and wait for the answer
 *
 * Returns STATUS.ERROR, 0 if the device is enabled.
 */
unsigned int mynic_enable(QMynic *d);

/**
 * mynic_start - everything up to a device that takes commands
 */
void mynic_start(QMynic *d, uint64_t features);

/* An address at which there is nothing, and that fits all alignments. */
#define QMYNIC_NOWHERE 0x30000000

/* Interrupts: each vector stores a word in memory. */

void mynic_irq_setup(QMynic *d);
void mynic_irq_mask(QMynic *d, unsigned int vector, bool mask);

/**
 * mynic_irq_take - whether the vector was raised since the last call
 */
bool mynic_irq_take(QMynic *d, unsigned int vector);

/* The admin queue */

/**
 * mynic_admin_post - write a command into the ring, without the doorbell
 *
 * Returns the tag that it was given.
 */
uint16_t mynic_admin_post(QMynic *d, const struct mynic_admin_cmd *cmd);
void mynic_admin_ring(QMynic *d);

/**
 * mynic_admin_poll - take a completion if there is one
 */
bool mynic_admin_poll(QMynic *d, struct mynic_admin_cqe *cqe);
void mynic_admin_wait(QMynic *d, struct mynic_admin_cqe *cqe);

/**
 * mynic_admin - execute a command
 * @cqe: receives the completion; may be NULL
 *
 * Returns its status.
 */
unsigned int mynic_admin(QMynic *d, const struct mynic_admin_cmd *cmd,
                         struct mynic_admin_cqe *cqe);

/**
 * mynic_admin_data - execute a command with a data buffer
 * @in: data for the device, may be NULL
 * @out: receives the buffer's contents afterwards, may be NULL
 * @len: bytes of it
 */
unsigned int mynic_admin_data(QMynic *d, struct mynic_admin_cmd *cmd,
                              const void *in, void *out, uint32_t len);

/**
 * mynic_sync - wait until the device has done what it was told before
 *
 * An ECHO of no bytes; whatever waits in QEMU's main loop ran before.
 */
void mynic_sync(QMynic *d);

struct mynic_admin_cmd mynic_cmd(enum mynic_admin_op op);
struct mynic_admin_cmd mynic_cmd_queue(enum mynic_admin_op op, uint16_t id);

/* Commands that must succeed */

void mynic_set_rx_filter(QMynic *d, uint16_t flags);
void mynic_set_offloads(QMynic *d, uint32_t rx);
void mynic_set_rule(QMynic *d, unsigned int location,
                    const struct mynic_flow_rule *rule);
/* Packets that followed the rule. */
uint64_t mynic_rule_packets(QMynic *d, unsigned int location);
void mynic_port_stats(QMynic *d, struct mynic_port_stats *stats);
void mynic_queue_stats(QMynic *d, unsigned int scope, uint16_t id,
                       struct mynic_queue_stats *stats);

/* Events */

bool mynic_event_poll(QMynic *d, struct mynic_event *event);
void mynic_event_wait(QMynic *d, struct mynic_event *event);
/* Says to the device that the events so far were read. */
void mynic_event_ack(QMynic *d);

/* Transmit */

void mynic_txq_alloc(QMynic *d, QMynicTxq *q, uint16_t id,
                     unsigned int log2);
struct mynic_admin_cmd mynic_txq_cmd(const QMynicTxq *q);
void mynic_txq_create(QMynic *d, QMynicTxq *q, uint16_t id);
void mynic_txq_destroy(QMynicTxq *q);
void mynic_txq_free(QMynicTxq *q);

void mynic_tx_slot(QMynicTxq *q, const void *slot);
void mynic_tx_frag(QMynicTxq *q, uint64_t addr, uint32_t len, uint16_t flags);
void mynic_tx_meta(QMynicTxq *q, const struct mynic_offload_hdr *hdr,
                   int vlan_tci);

/**
 * mynic_tx_publish - make the slots filled so far known to the device
 *
 * Returns whether the doorbell was rung.
 */
bool mynic_tx_publish(QMynicTxq *q);
void mynic_tx_wait(QMynicTxq *q);

/**
 * mynic_tx_packet - fill slots for a packet
 * @hdr: offloads, in host order; may be NULL
 * @vlan_tci: tag to be inserted, or -1
 * @frag: bytes of each fragment, 0 for one
 */
void mynic_tx_packet(QMynicTxq *q, const GByteArray *packet,
                     const struct mynic_offload_hdr *hdr, int vlan_tci,
                     uint32_t frag);

/**
 * mynic_tx_offload - the offload header that goes with a packet
 */
struct mynic_offload_hdr mynic_tx_offload(const QMynicPacket *packet,
                                          uint16_t gso_size);

uint32_t mynic_ctl_read(QMynic *d, uint64_t ctl, size_t field);
#define mynic_ctl(q, field) \
    mynic_ctl_read((q)->d, (q)->ctl, offsetof(struct mynic_queue_ctl, field))
#define mynic_cq_ctl(q, field)              \
    mynic_ctl_read((q)->d, (q)->cq_ctl,     \
                   offsetof(struct mynic_queue_ctl, field))

/* Receive */

void mynic_rxq_alloc(QMynic *d, QMynicRxq *q, uint16_t id,
                     unsigned int log2, uint32_t buf_len);
struct mynic_admin_cmd mynic_cq_cmd(const QMynicRxq *q);
struct mynic_admin_cmd mynic_rxq_cmd(const QMynicRxq *q);
/* Queue @id with its completion queue and all of its buffers posted. */
void mynic_rxq_create(QMynic *d, QMynicRxq *q, uint16_t id,
                      uint32_t buf_len);
void mynic_rxq_destroy(QMynicRxq *q);
void mynic_rxq_free(QMynicRxq *q);

/* Where the buffer of an index lies. */
uint64_t mynic_rx_addr(const QMynicRxq *q, uint32_t index);
void mynic_rx_fill(QMynicRxq *q, unsigned int count);
bool mynic_rx_publish(QMynicRxq *q);

bool mynic_rx_poll(QMynicRxq *q, struct mynic_rx_cqe *cqe);

/**
 * mynic_rx_wait - wait for a packet
 * @cqe: receives its completion
 *
 * Returns the packet; its buffers are not posted again.
 */
GByteArray *mynic_rx_wait(QMynicRxq *q, struct mynic_rx_cqe *cqe);

/* As mynic_rx_wait(), and compares the packet. */
void mynic_rx_expect(QMynicRxq *q, const GByteArray *packet,
                     struct mynic_rx_cqe *cqe);

#endif
