/*
 * mynic: admin commands and events
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Commands run from a bottom half, in order, one at a time, each on a copy of
 * its slot. A command either does all of what it says or changes nothing.
 */

#include "qemu/osdep.h"
#include "net/net.h"
#include "qemu/cutils.h"
#include "system/replay.h"
#include "mynic_core.h"
#include "mynic_pair.h"
#include "trace.h"

/* Commands after which others may run. */
#define MYNIC_ADMIN_BURST 16

/**
 * MynicCmd - a command while it runs
 * @core: the card
 * @cmd: copy of the slot
 * @len: bytes of the data buffer
 * @data: copy of the data buffer
 * @cqe: the completion, but for what all completions have
 */
typedef struct MynicCmd {
    MynicCore *core;
    struct mynic_admin_cmd cmd;
    uint32_t len;
    uint8_t data[MYNIC_ADMIN_DATA_MAX];
    struct mynic_admin_cqe cqe;
} MynicCmd;

void mynic_event(MynicCore *core, enum mynic_event_type type, uint16_t id,
                 uint32_t code, uint64_t data)
{
    struct mynic_event event;

    if (!mynic_core_active(core)) {
        return;
    }
    trace_mynic_event(type, id, code, data);
    if (core->aeq.head - core->aeq.tail == core->aeq.size) {
        core->events_lost++;
        return;
    }
    event = (struct mynic_event) {
        .type = cpu_to_le16(type),
        .id = cpu_to_le16(id),
        .code = cpu_to_le32(code),
        .data[0] = cpu_to_le64(data),
        .lost = cpu_to_le32(core->events_lost),
    };
    if (!mynic_ring_complete(&core->aeq, &core->dma, &event, sizeof(event))) {
        mynic_core_fatal(core, "event ring cannot be written");
        return;
    }
    mynic_irq_raise(core, MYNIC_VECTOR_ADMIN);
}

void mynic_admin_events_read(MynicCore *core, uint32_t head)
{
    if (!mynic_core_enabled(core)) {
        mynic_guest_error(core, "AEQ_HEAD while not enabled");
        return;
    }
    if (head - core->aeq.tail > core->aeq.head - core->aeq.tail) {
        mynic_guest_error(core, "AEQ_HEAD %" PRIu32 ", unread events are %"
                          PRIu32 " to %" PRIu32, head, core->aeq.tail,
                          core->aeq.head);
        return;
    }
    core->aeq.tail = head;
}

#define MYNIC_RESERVED_OK(field) buffer_is_zero(&(field), sizeof(field))

/* Reads the data buffer; commands that want data call it first. */
static enum mynic_status mynic_cmd_get_data(MynicCmd *c)
{
    return mynic_dma_read(&c->core->dma, le64_to_cpu(c->cmd.data), c->data,
                          c->len) ? MYNIC_OK : MYNIC_ERR_DMA;
}

/* Writes the data buffer. */
static enum mynic_status mynic_cmd_put_data(MynicCmd *c, const void *data,
                                            uint32_t len)
{
    if (!mynic_dma_write(&c->core->dma, le64_to_cpu(c->cmd.data), data, len)) {
        return MYNIC_ERR_DMA;
    }
    c->cqe.data_len = cpu_to_le32(len);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_echo(MynicCmd *c)
{
    enum mynic_status status = mynic_cmd_get_data(c);
    uint32_t i;

    if (status != MYNIC_OK) {
        return status;
    }
    for (i = 0; i < c->len; i++) {
        c->data[i] = ~c->data[i];
    }
    return mynic_cmd_put_data(c, c->data, c->len);
}

static enum mynic_status mynic_cmd_get_info(MynicCmd *c)
{
    struct mynic_device_info info = { };

    memcpy(info.perm_addr, c->core->mac.a, sizeof(info.perm_addr));
    pstrcpy(info.fw_version, sizeof(info.fw_version), MYNIC_FW_VERSION);
    return mynic_cmd_put_data(c, &info, MIN(c->len, sizeof(info)));
}

static enum mynic_status
mynic_check_moderation(const MynicCore *core,
                       const struct mynic_cmd_moderation *mod)
{
    if ((mod->usecs || mod->frames) && !mynic_has(core, MYNIC_F_MODERATION)) {
        return MYNIC_ERR_FEATURE;
    }
    return le16_to_cpu(mod->usecs) <= MYNIC_MODERATION_USECS_MAX ?
           MYNIC_OK : MYNIC_ERR_PARAM;
}

/* What the rings of all kinds of queues have in common. */
static enum mynic_status mynic_check_ring(const MynicCore *core,
                                          uint16_t log2_size, uint64_t ring,
                                          uint64_t ctl)
{
    uint16_t log2 = le16_to_cpu(log2_size);

    if (log2 < MYNIC_RING_LOG2_MIN || log2 > ctz32(core->ring_max)) {
        return MYNIC_ERR_SIZE;
    }
    if (le64_to_cpu(ring) % MYNIC_RING_ALIGN ||
        le64_to_cpu(ctl) % MYNIC_CTL_ALIGN) {
        return MYNIC_ERR_ADDRESS;
    }
    return MYNIC_OK;
}

static enum mynic_status mynic_check_vector(const MynicCore *core,
                                            uint16_t vector)
{
    return le16_to_cpu(vector) < mynic_num_vectors(core) ?
           MYNIC_OK : MYNIC_ERR_VECTOR;
}

/* Evaluates to the first status that is not MYNIC_OK. */
#define MYNIC_TRY(expr) \
    do { \
        enum mynic_status status_ = (expr); \
        if (status_ != MYNIC_OK) { \
            return status_; \
        } \
    } while (0)

static enum mynic_status mynic_cmd_create_cq(MynicCmd *c)
{
    MynicCore *core = c->core;
    const struct mynic_cmd_cq *p = &c->cmd.params.cq;
    uint16_t id = le16_to_cpu(p->id);

    if (p->reserved || !MYNIC_RESERVED_OK(p->reserved2)) {
        return MYNIC_ERR_PARAM;
    }
    if (id >= mynic_num_cqs(core)) {
        return MYNIC_ERR_ID;
    }
    if (mynic_cq(core, id)->ring.created) {
        return MYNIC_ERR_EXISTS;
    }
    MYNIC_TRY(mynic_check_vector(core, p->vector));
    MYNIC_TRY(mynic_check_ring(core, p->log2_size, p->ring, p->ctl));
    MYNIC_TRY(mynic_check_moderation(core, &p->moderation));
    mynic_core_lock(core);
    mynic_cq_start(mynic_cq(core, id), p);
    mynic_core_unlock(core);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_destroy_cq(MynicCmd *c)
{
    const struct mynic_cmd_queue *p = &c->cmd.params.queue;
    uint16_t id = le16_to_cpu(p->id);
    MynicCq *cq;

    if (!MYNIC_RESERVED_OK(p->reserved)) {
        return MYNIC_ERR_PARAM;
    }
    if (id >= mynic_num_cqs(c->core)) {
        return MYNIC_ERR_ID;
    }
    cq = mynic_cq(c->core, id);
    if (!cq->ring.created) {
        return MYNIC_ERR_NOT_FOUND;
    }
    if (cq->rxq) {
        return MYNIC_ERR_BUSY;
    }
    mynic_core_lock(c->core);
    mynic_cq_stop(cq);
    mynic_core_unlock(c->core);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_create_txq(MynicCmd *c)
{
    MynicCore *core = c->core;
    const struct mynic_cmd_txq *p = &c->cmd.params.txq;
    uint16_t id = le16_to_cpu(p->id);

    if (!MYNIC_RESERVED_OK(p->reserved)) {
        return MYNIC_ERR_PARAM;
    }
    if (id >= core->num_pairs) {
        return MYNIC_ERR_ID;
    }
    if (core->pairs[id].txq.ring.created) {
        return MYNIC_ERR_EXISTS;
    }
    /* Timestamps are what it would be for. */
    if (le16_to_cpu(p->cq) != MYNIC_CQ_NONE) {
        return MYNIC_ERR_FEATURE;
    }
    MYNIC_TRY(mynic_check_vector(core, p->vector));
    MYNIC_TRY(mynic_check_ring(core, p->log2_size, p->ring, p->ctl));
    MYNIC_TRY(mynic_check_moderation(core, &p->moderation));
    mynic_core_lock(core);
    mynic_tx_start(&core->pairs[id].txq, p);
    mynic_core_unlock(core);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_destroy_txq(MynicCmd *c)
{
    const struct mynic_cmd_queue *p = &c->cmd.params.queue;
    uint16_t id = le16_to_cpu(p->id);

    if (!MYNIC_RESERVED_OK(p->reserved)) {
        return MYNIC_ERR_PARAM;
    }
    if (id >= c->core->num_pairs) {
        return MYNIC_ERR_ID;
    }
    if (!c->core->pairs[id].txq.ring.created) {
        return MYNIC_ERR_NOT_FOUND;
    }
    mynic_core_lock(c->core);
    mynic_tx_stop(&c->core->pairs[id].txq);
    mynic_core_unlock(c->core);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_create_rxq(MynicCmd *c)
{
    MynicCore *core = c->core;
    const struct mynic_cmd_rxq *p = &c->cmd.params.rxq;
    uint16_t id = le16_to_cpu(p->id);
    uint16_t cq_id = le16_to_cpu(p->cq);
    MynicCq *cq;

    if (!MYNIC_RESERVED_OK(p->reserved)) {
        return MYNIC_ERR_PARAM;
    }
    if (id >= core->num_pairs || cq_id >= mynic_num_cqs(core)) {
        return MYNIC_ERR_ID;
    }
    if (core->pairs[id].rxq.ring.created) {
        return MYNIC_ERR_EXISTS;
    }
    cq = mynic_cq(core, cq_id);
    if (!cq->ring.created) {
        return MYNIC_ERR_NOT_FOUND;
    }
    if (cq->rxq) {
        return MYNIC_ERR_BUSY;
    }
    if (p->hdr_stride || p->hdr_base) {
        return MYNIC_ERR_FEATURE;
    }
    MYNIC_TRY(mynic_check_ring(core, p->log2_size, p->ring, p->ctl));
    if (1U << le16_to_cpu(p->log2_size) > cq->ring.size) {
        return MYNIC_ERR_SIZE;
    }
    mynic_core_lock(core);
    mynic_rx_start(&core->pairs[id].rxq, p);
    mynic_core_unlock(core);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_destroy_rxq(MynicCmd *c)
{
    const struct mynic_cmd_queue *p = &c->cmd.params.queue;
    uint16_t id = le16_to_cpu(p->id);

    if (!MYNIC_RESERVED_OK(p->reserved)) {
        return MYNIC_ERR_PARAM;
    }
    if (id >= c->core->num_pairs) {
        return MYNIC_ERR_ID;
    }
    if (!c->core->pairs[id].rxq.ring.created) {
        return MYNIC_ERR_NOT_FOUND;
    }
    mynic_core_lock(c->core);
    mynic_rx_stop(&c->core->pairs[id].rxq);
    mynic_core_unlock(c->core);
    return MYNIC_OK;
}

/* MODIFY_TXQ and MODIFY_CQ. */
static enum mynic_status mynic_cmd_modify(MynicCmd *c, bool cq)
{
    MynicCore *core = c->core;
    const struct mynic_cmd_modify *p = &c->cmd.params.modify;
    uint16_t id = le16_to_cpu(p->id);
    MynicRing *ring;
    MynicIntr *intr;

    if (!MYNIC_RESERVED_OK(p->reserved)) {
        return MYNIC_ERR_PARAM;
    }
    if (id >= (cq ? mynic_num_cqs(core) : core->num_pairs)) {
        return MYNIC_ERR_ID;
    }
    ring = cq ? &mynic_cq(core, id)->ring : &core->pairs[id].txq.ring;
    intr = cq ? &mynic_cq(core, id)->intr : &core->pairs[id].txq.intr;
    if (!ring->created) {
        return MYNIC_ERR_NOT_FOUND;
    }
    MYNIC_TRY(mynic_check_vector(core, p->vector));
    MYNIC_TRY(mynic_check_moderation(core, &p->moderation));
    mynic_pair_lock(intr->owner);
    mynic_intr_modify(intr, le16_to_cpu(p->vector),
                      le16_to_cpu(p->moderation.usecs),
                      le16_to_cpu(p->moderation.frames));
    mynic_pair_unlock(intr->owner);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_modify_txq(MynicCmd *c)
{
    return mynic_cmd_modify(c, false);
}

static enum mynic_status mynic_cmd_modify_cq(MynicCmd *c)
{
    return mynic_cmd_modify(c, true);
}

static enum mynic_status mynic_cmd_set_rx_filter(MynicCmd *c)
{
    enum mynic_status status;

    MYNIC_TRY(mynic_cmd_get_data(c));
    mynic_core_lock(c->core);
    status = mynic_filter_set(&c->core->filter, &c->cmd.params.rx_filter,
                              (const struct mynic_mac_entry *)c->data, c->len);
    mynic_core_unlock(c->core);
    if (status == MYNIC_OK) {
        mynic_core_flush(c->core);
    }
    return status;
}

static enum mynic_status mynic_cmd_set_vlan_filter(MynicCmd *c)
{
    enum mynic_status status;

    if (!MYNIC_RESERVED_OK(c->cmd.params)) {
        return MYNIC_ERR_PARAM;
    }
    if (!mynic_has(c->core, MYNIC_F_VLAN_FILTER)) {
        return MYNIC_ERR_FEATURE;
    }
    MYNIC_TRY(mynic_cmd_get_data(c));
    mynic_core_lock(c->core);
    status = mynic_filter_set_vlan(&c->core->filter, c->data, c->len);
    mynic_core_unlock(c->core);
    return status;
}

static enum mynic_status mynic_cmd_set_mac(MynicCmd *c)
{
    enum mynic_status status;

    mynic_core_lock(c->core);
    status = mynic_filter_set_station(&c->core->filter, &c->cmd.params.mac);
    mynic_core_unlock(c->core);
    MYNIC_TRY(status);
    mynic_core_show_mac(c->core);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_set_mtu(MynicCmd *c)
{
    const struct mynic_cmd_mtu *p = &c->cmd.params.mtu;
    uint32_t mtu = le32_to_cpu(p->mtu);

    if (!MYNIC_RESERVED_OK(p->reserved) || mtu < MYNIC_MIN_MTU ||
        mtu > MYNIC_MAX_MTU) {
        return MYNIC_ERR_PARAM;
    }
    mynic_core_lock(c->core);
    c->core->mtu = mtu;
    mynic_core_unlock(c->core);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_set_offloads(MynicCmd *c)
{
    static const struct {
        uint32_t offload;
        uint64_t feature;
        uint32_t needs;
    } known[] = {
        { MYNIC_OFFLOAD_RX_CSUM, MYNIC_F_RX_CSUM, 0 },
        { MYNIC_OFFLOAD_RX_GRO, MYNIC_F_RX_GRO, MYNIC_OFFLOAD_RX_CSUM },
        { MYNIC_OFFLOAD_RX_GRO_UDP, MYNIC_F_RX_GRO_UDP, MYNIC_OFFLOAD_RX_GRO },
        { MYNIC_OFFLOAD_RX_VLAN, MYNIC_F_RX_VLAN, 0 },
        { MYNIC_OFFLOAD_VLAN_FILTER, MYNIC_F_VLAN_FILTER, 0 },
        { MYNIC_OFFLOAD_RX_HASH, MYNIC_F_RSS, 0 },
        { MYNIC_OFFLOAD_RX_CSUM_FILL, MYNIC_F_RX_CSUM_FILL,
          MYNIC_OFFLOAD_RX_CSUM },
    };
    const struct mynic_cmd_offloads *p = &c->cmd.params.offloads;
    uint32_t rx = le32_to_cpu(p->rx);
    uint32_t unknown = rx;
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(known); i++) {
        unknown &= ~known[i].offload;
    }
    if (!MYNIC_RESERVED_OK(p->reserved) || unknown) {
        return MYNIC_ERR_PARAM;
    }
    for (i = 0; i < ARRAY_SIZE(known); i++) {
        if (!(rx & known[i].offload)) {
            continue;
        }
        if (!mynic_has(c->core, known[i].feature)) {
            return MYNIC_ERR_FEATURE;
        }
        if (known[i].needs & ~rx) {
            return MYNIC_ERR_PARAM;
        }
    }
    /* A merged packet has no checksum that could be filled in. */
    if (rx & MYNIC_OFFLOAD_RX_CSUM_FILL && rx & MYNIC_OFFLOAD_RX_GRO) {
        return MYNIC_ERR_PARAM;
    }
    mynic_core_set_offloads(c->core, rx);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_set_rss(MynicCmd *c)
{
    const struct mynic_cmd_rss *p = &c->cmd.params.rss;
    uint16_t context = le16_to_cpu(p->context);
    const struct mynic_rss_config *config;
    enum mynic_status status;

    if (!MYNIC_RESERVED_OK(p->reserved)) {
        return MYNIC_ERR_PARAM;
    }
    if (!mynic_has(c->core, MYNIC_F_RSS)) {
        return MYNIC_ERR_FEATURE;
    }
    if (context >= MYNIC_RSS_CONTEXTS) {
        return MYNIC_ERR_ID;
    }
    MYNIC_TRY(mynic_cmd_get_data(c));
    /* The buffer is larger than what the guest gave, and zeroed behind that. */
    config = (const struct mynic_rss_config *)c->data;
    if (mynic_rss_needs(config) & ~c->core->drv_features) {
        return MYNIC_ERR_FEATURE;
    }
    mynic_core_lock(c->core);
    status = mynic_rss_set(mynic_rss_context(c->core, context), config, c->len,
                           c->core->num_pairs);
    if (status == MYNIC_OK) {
        c->core->rss_exist |= MYNIC_BIT64(context);
    }
    mynic_core_unlock(c->core);
    MYNIC_TRY(status);
    if (!context) {
        mynic_steer_update(c->core);
    }
    /* A frame that waits for buffers may go to another queue now. */
    mynic_core_flush(c->core);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_delete_rss(MynicCmd *c)
{
    const struct mynic_cmd_rss *p = &c->cmd.params.rss;
    uint16_t context = le16_to_cpu(p->context);
    MynicCore *core = c->core;

    if (!MYNIC_RESERVED_OK(p->reserved) || !context) {
        return MYNIC_ERR_PARAM;
    }
    if (!mynic_has(core, MYNIC_F_RSS)) {
        return MYNIC_ERR_FEATURE;
    }
    if (context >= MYNIC_RSS_CONTEXTS) {
        return MYNIC_ERR_ID;
    }
    if (!(core->rss_exist & MYNIC_BIT64(context))) {
        return MYNIC_ERR_NOT_FOUND;
    }
    if (mynic_rules_use(&core->rules, context)) {
        return MYNIC_ERR_BUSY;
    }
    /* Without a rule no frame comes to it, so the data path may go on. */
    core->rss_exist &= ~MYNIC_BIT64(context);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_set_rule(MynicCmd *c)
{
    const struct mynic_cmd_rule *p = &c->cmd.params.rule;
    MynicRuleLimits limits = mynic_rule_limits(c->core);
    enum mynic_status status;

    if (!MYNIC_RESERVED_OK(p->reserved)) {
        return MYNIC_ERR_PARAM;
    }
    if (!mynic_has(c->core, MYNIC_F_FLOW_RULES)) {
        return MYNIC_ERR_FEATURE;
    }
    MYNIC_TRY(mynic_cmd_get_data(c));
    mynic_core_lock(c->core);
    status = mynic_rules_set(&c->core->rules, le16_to_cpu(p->location),
                             (const struct mynic_flow_rule *)c->data, c->len,
                             &limits);
    mynic_core_unlock(c->core);
    MYNIC_TRY(status);
    /* As for SET_RSS. */
    mynic_core_flush(c->core);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_delete_rule(MynicCmd *c)
{
    const struct mynic_cmd_rule *p = &c->cmd.params.rule;
    enum mynic_status status;

    if (!MYNIC_RESERVED_OK(p->reserved)) {
        return MYNIC_ERR_PARAM;
    }
    if (!mynic_has(c->core, MYNIC_F_FLOW_RULES)) {
        return MYNIC_ERR_FEATURE;
    }
    mynic_core_lock(c->core);
    status = mynic_rules_delete(&c->core->rules, le16_to_cpu(p->location));
    mynic_core_unlock(c->core);
    MYNIC_TRY(status);
    mynic_core_flush(c->core);
    return MYNIC_OK;
}

static enum mynic_status mynic_cmd_get_link(MynicCmd *c)
{
    c->cqe.result[0] = cpu_to_le64(mynic_core_link_state(c->core));
    return MYNIC_OK;
}

static void mynic_stats_to_le(uint64_t *words, size_t n)
{
    while (n--) {
        words[n] = cpu_to_le64(words[n]);
    }
}

static enum mynic_status mynic_cmd_port_stats(MynicCmd *c)
{
    MynicPortStats sum;

    mynic_core_sum_stats(c->core);
    sum = c->core->port_stats;
    mynic_stats_to_le(sum.words, ARRAY_SIZE(sum.words));
    return mynic_cmd_put_data(c, &sum, MIN(c->len, sizeof(sum)));
}

static enum mynic_status mynic_cmd_rule_stats(MynicCmd *c, uint16_t location)
{
    struct mynic_rule_stats stats;

    if (!mynic_has(c->core, MYNIC_F_FLOW_RULES)) {
        return MYNIC_ERR_FEATURE;
    }
    MYNIC_TRY(mynic_rules_stats(&c->core->rules, location, &stats));
    return mynic_cmd_put_data(c, &stats, MIN(c->len, sizeof(stats)));
}

static enum mynic_status mynic_cmd_get_stats(MynicCmd *c)
{
    MynicCore *core = c->core;
    const struct mynic_cmd_stats *p = &c->cmd.params.stats;
    uint16_t scope = le16_to_cpu(p->scope);
    uint16_t id = le16_to_cpu(p->id);
    MynicQueueStats stats;
    MynicPair *pair;

    if (!MYNIC_RESERVED_OK(p->reserved) || scope > MYNIC_STATS_RULE ||
        (scope == MYNIC_STATS_PORT && id)) {
        return MYNIC_ERR_PARAM;
    }
    if (scope == MYNIC_STATS_PORT) {
        return mynic_cmd_port_stats(c);
    }
    if (scope == MYNIC_STATS_RULE) {
        return mynic_cmd_rule_stats(c, id);
    }
    if (id >= core->num_pairs) {
        return MYNIC_ERR_ID;
    }
    pair = &core->pairs[id];
    if (!(scope == MYNIC_STATS_TXQ ? pair->txq.ring.created
                                   : pair->rxq.ring.created)) {
        return MYNIC_ERR_NOT_FOUND;
    }
    mynic_pair_lock(pair);
    if (scope == MYNIC_STATS_TXQ) {
        mynic_bell_settle(&pair->txq.bell);
        stats = pair->txq.stats;
        stats.s.interrupts = pair->txq.intr.raised;
    } else {
        mynic_bell_settle(&pair->rxq.bell);
        stats = pair->rxq.stats;
        stats.s.interrupts = mynic_cq(core, pair->rxq.cq_id)->intr.raised;
    }
    mynic_pair_unlock(pair);
    mynic_stats_to_le(stats.words, ARRAY_SIZE(stats.words));
    return mynic_cmd_put_data(c, &stats, MIN(c->len, sizeof(stats)));
}

/* Commands by opcode, with whether the parameters are all reserved. */
static const struct {
    enum mynic_status (*run)(MynicCmd *c);
    bool no_params;
} mynic_cmds[] = {
    [MYNIC_ADMIN_ECHO] = { mynic_cmd_echo, true },
    [MYNIC_ADMIN_GET_INFO] = { mynic_cmd_get_info, true },
    [MYNIC_ADMIN_CREATE_CQ] = { mynic_cmd_create_cq },
    [MYNIC_ADMIN_DESTROY_CQ] = { mynic_cmd_destroy_cq },
    [MYNIC_ADMIN_CREATE_TXQ] = { mynic_cmd_create_txq },
    [MYNIC_ADMIN_DESTROY_TXQ] = { mynic_cmd_destroy_txq },
    [MYNIC_ADMIN_CREATE_RXQ] = { mynic_cmd_create_rxq },
    [MYNIC_ADMIN_DESTROY_RXQ] = { mynic_cmd_destroy_rxq },
    [MYNIC_ADMIN_MODIFY_TXQ] = { mynic_cmd_modify_txq },
    [MYNIC_ADMIN_MODIFY_CQ] = { mynic_cmd_modify_cq },
    [MYNIC_ADMIN_SET_RX_FILTER] = { mynic_cmd_set_rx_filter },
    [MYNIC_ADMIN_SET_VLAN_FILTER] = { mynic_cmd_set_vlan_filter, true },
    [MYNIC_ADMIN_SET_MAC] = { mynic_cmd_set_mac },
    [MYNIC_ADMIN_SET_MTU] = { mynic_cmd_set_mtu },
    [MYNIC_ADMIN_SET_OFFLOADS] = { mynic_cmd_set_offloads },
    [MYNIC_ADMIN_SET_RSS] = { mynic_cmd_set_rss },
    [MYNIC_ADMIN_DELETE_RSS] = { mynic_cmd_delete_rss },
    [MYNIC_ADMIN_SET_RULE] = { mynic_cmd_set_rule },
    [MYNIC_ADMIN_DELETE_RULE] = { mynic_cmd_delete_rule },
    [MYNIC_ADMIN_GET_LINK] = { mynic_cmd_get_link, true },
    [MYNIC_ADMIN_GET_STATS] = { mynic_cmd_get_stats },
};

static enum mynic_status mynic_cmd_run(MynicCmd *c)
{
    uint16_t opcode = le16_to_cpu(c->cmd.opcode);

    if (opcode >= ARRAY_SIZE(mynic_cmds) || !mynic_cmds[opcode].run) {
        return MYNIC_ERR_OPCODE;
    }
    c->len = le32_to_cpu(c->cmd.data_len);
    if (c->len > MYNIC_ADMIN_DATA_MAX) {
        return MYNIC_ERR_LENGTH;
    }
    if (c->cmd.reserved || (mynic_cmds[opcode].no_params &&
                            !MYNIC_RESERVED_OK(c->cmd.params))) {
        return MYNIC_ERR_PARAM;
    }
    return mynic_cmds[opcode].run(c);
}

/* Returns false after a fatal error. */
static bool mynic_admin_one(MynicCore *core)
{
    MynicRing *asq = &core->asq;
    g_autofree MynicCmd *c = g_new0(MynicCmd, 1);
    enum mynic_status status;

    c->core = core;
    if (!mynic_dma_read(&core->dma, asq->base + (asq->head & (asq->size - 1)) *
                        sizeof(c->cmd), &c->cmd, sizeof(c->cmd))) {
        mynic_core_fatal(core, "admin submission ring cannot be read");
        return false;
    }
    asq->head++;
    status = mynic_cmd_run(c);
    trace_mynic_admin(le16_to_cpu(c->cmd.opcode), le16_to_cpu(c->cmd.tag),
                      c->len, status);
    if (!mynic_core_enabled(core)) {
        return false;
    }
    if (status != MYNIC_OK) {
        mynic_guest_error(core, "admin command 0x%x refused, status %d",
                          le16_to_cpu(c->cmd.opcode), status);
        c->cqe.data_len = 0;
    }
    c->cqe.tag = c->cmd.tag;
    c->cqe.status = cpu_to_le16(status);
    if (!mynic_ring_complete(&core->acq, &core->dma, &c->cqe,
                             sizeof(c->cqe))) {
        mynic_core_fatal(core, "admin completion ring cannot be written");
        return false;
    }
    return true;
}

void mynic_admin_bh(void *opaque)
{
    MynicCore *core = opaque;
    unsigned int n;

    if (!mynic_core_active(core) || core->asq.head == core->asq.tail) {
        return;
    }
    for (n = 0; n < MYNIC_ADMIN_BURST; n++) {
        if (core->asq.head == core->asq.tail) {
            break;
        }
        if (!mynic_admin_one(core)) {
            return;
        }
    }
    if (core->asq.head != core->asq.tail) {
        replay_bh_schedule_event(core->admin_bh);
    }
    mynic_bells_update(core);
    mynic_irq_raise(core, MYNIC_VECTOR_ADMIN);
}

void mynic_admin_doorbell(MynicCore *core, uint32_t tail)
{
    if (!mynic_core_enabled(core)) {
        mynic_guest_error(core, "ASQ_TAIL while not enabled");
        return;
    }
    if (!mynic_ring_set_tail(&core->asq, tail)) {
        mynic_core_fatal(core, "ASQ_TAIL too far ahead");
        return;
    }
    replay_bh_schedule_event(core->admin_bh);
}
