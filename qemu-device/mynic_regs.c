/*
 * mynic: registers and doorbells
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "mynic_core.h"
#include "mynic_pair.h"
#include "trace.h"

typedef enum MynicAccess {
    MYNIC_HOLE,
    MYNIC_RO,
    MYNIC_RW,
    MYNIC_WO,
} MynicAccess;

/**
 * MynicReg - one register
 * @name: for messages
 * @access: what the driver may do
 * @setup: writes are ignored while the card is enabled
 * @mask: bits that it has, of a register that holds what was written
 * @reset: value after reset, of a register that holds what was written
 * @read: computes the value; NULL for a register that holds it
 * @write: acts on a write; NULL for a register that holds it
 */
typedef struct MynicReg {
    const char *name;
    MynicAccess access;
    bool setup;
    uint32_t mask;
    uint32_t reset;
    uint32_t (*read)(MynicCore *core);
    void (*write)(MynicCore *core, uint32_t value);
} MynicReg;

static uint32_t mynic_read_id(MynicCore *core)
{
    return MYNIC_FIELD_PREP(MYNIC_ID_MAGIC_MASK, MYNIC_ID_MAGIC) |
           MYNIC_FIELD_PREP(MYNIC_ID_MAJOR_MASK, MYNIC_ABI_MAJOR) |
           MYNIC_FIELD_PREP(MYNIC_ID_MINOR_MASK, MYNIC_ABI_MINOR);
}

static uint32_t mynic_read_ctrl(MynicCore *core)
{
    return core->status & MYNIC_STATUS_ENABLED ? MYNIC_CTRL_ENABLE : 0;
}

static void mynic_write_ctrl(MynicCore *core, uint32_t value)
{
    if (value & MYNIC_CTRL_RESET) {
        mynic_core_reset(core);
    } else if (value & MYNIC_CTRL_ENABLE) {
        mynic_core_enable(core);
    }
}

static uint32_t mynic_read_status(MynicCore *core)
{
    uint32_t status = core->status;

    if (mynic_core_link_state(core) & MYNIC_LINK_UP) {
        status |= MYNIC_STATUS_LINK_UP;
    }
    return status;
}

static uint32_t mynic_read_features_lo(MynicCore *core)
{
    return core->dev_features;
}

static uint32_t mynic_read_features_hi(MynicCore *core)
{
    return core->dev_features >> 32;
}

static uint32_t mynic_read_max_queue_pairs(MynicCore *core)
{
    return core->num_pairs;
}

static uint32_t mynic_read_max_vectors(MynicCore *core)
{
    return mynic_num_vectors(core);
}

static uint32_t mynic_read_ring_limits(MynicCore *core)
{
    return MYNIC_FIELD_PREP(MYNIC_LIMITS_LOG2_MIN_MASK, MYNIC_RING_LOG2_MIN) |
           MYNIC_FIELD_PREP(MYNIC_LIMITS_LOG2_MAX_MASK,
                            (uint32_t)ctz32(core->ring_max));
}

static uint32_t mynic_read_tx_limits(MynicCore *core)
{
    return mynic_read_ring_limits(core) |
           MYNIC_FIELD_PREP(MYNIC_LIMITS_TX_SLOTS_MASK, MYNIC_TX_SLOTS);
}

static uint32_t mynic_read_tx_max_len(MynicCore *core)
{
    return MYNIC_TX_MAX_LEN;
}

static uint32_t mynic_read_max_mtu(MynicCore *core)
{
    return MYNIC_MAX_MTU;
}

static uint32_t mynic_read_rss_limits(MynicCore *core)
{
    return MYNIC_FIELD_PREP(MYNIC_RSS_LIMITS_TABLE_MASK,
                            MYNIC_RSS_TABLE_SIZE) |
           MYNIC_FIELD_PREP(MYNIC_RSS_LIMITS_KEY_MASK, MYNIC_RSS_KEY_SIZE) |
           MYNIC_FIELD_PREP(MYNIC_RSS_LIMITS_CTX_MASK, MYNIC_RSS_CONTEXTS);
}

static uint32_t mynic_read_mac_filters(MynicCore *core)
{
    return MYNIC_FILTER_MACS_MAX;
}

static uint32_t mynic_read_doorbell_stride(MynicCore *core)
{
    return MYNIC_DOORBELL_STRIDE;
}

static uint32_t mynic_read_admin_limits(MynicCore *core)
{
    return MYNIC_FIELD_PREP(MYNIC_ADMIN_LIMITS_LOG2_MASK, MYNIC_ADMIN_LOG2_MAX);
}

static uint32_t mynic_read_rule_limits(MynicCore *core)
{
    return core->dev_features & MYNIC_F_FLOW_RULES ?
           MYNIC_FIELD_PREP(MYNIC_RULE_LIMITS_RULES_MASK, MYNIC_RULES_MAX) : 0;
}

static void mynic_write_test_echo(MynicCore *core, uint32_t value)
{
    core->regs[MYNIC_REG_TEST_ECHO / sizeof(uint32_t)] = ~value;
}

static void mynic_write_test_irq(MynicCore *core, uint32_t value)
{
    if (value >= mynic_num_vectors(core)) {
        mynic_guest_error(core, "TEST_IRQ: no vector %" PRIu32, value);
        return;
    }
    mynic_irq_raise(core, value);
}

#define MYNIC_REG(reg) [(MYNIC_REG_##reg) / sizeof(uint32_t)]
#define MYNIC_REG_LIMIT(reg, fn) \
    MYNIC_REG(reg) = { .name = #reg, .access = MYNIC_RO, .read = fn }
#define MYNIC_REG_SETUP(reg) \
    MYNIC_REG_SETUP_MASK(reg, MYNIC_ALL_ONES)
#define MYNIC_REG_SETUP_MASK(reg, bits) \
    MYNIC_REG(reg) = { \
        .name = #reg, .access = MYNIC_RW, .setup = true, .mask = bits, \
    }

static const MynicReg mynic_regs[MYNIC_NUM_REGS] = {
    MYNIC_REG_LIMIT(ID, mynic_read_id),
    MYNIC_REG_SETUP(DRIVER_ID),
    MYNIC_REG(CTRL) = {
        .name = "CTRL", .access = MYNIC_RW,
        .read = mynic_read_ctrl, .write = mynic_write_ctrl,
    },
    MYNIC_REG_LIMIT(STATUS, mynic_read_status),
    MYNIC_REG_LIMIT(DEV_FEATURES_LO, mynic_read_features_lo),
    MYNIC_REG_LIMIT(DEV_FEATURES_HI, mynic_read_features_hi),
    MYNIC_REG_SETUP(DRV_FEATURES_LO),
    MYNIC_REG_SETUP(DRV_FEATURES_HI),
    MYNIC_REG_LIMIT(MAX_QUEUE_PAIRS, mynic_read_max_queue_pairs),
    MYNIC_REG_LIMIT(MAX_VECTORS, mynic_read_max_vectors),
    MYNIC_REG_LIMIT(TX_LIMITS, mynic_read_tx_limits),
    MYNIC_REG_LIMIT(RX_LIMITS, mynic_read_ring_limits),
    MYNIC_REG_LIMIT(TX_MAX_LEN, mynic_read_tx_max_len),
    MYNIC_REG_LIMIT(MAX_MTU, mynic_read_max_mtu),
    MYNIC_REG_LIMIT(RSS_LIMITS, mynic_read_rss_limits),
    MYNIC_REG_LIMIT(MAC_FILTERS, mynic_read_mac_filters),
    MYNIC_REG_LIMIT(DOORBELL_STRIDE, mynic_read_doorbell_stride),
    MYNIC_REG_LIMIT(ADMIN_LIMITS, mynic_read_admin_limits),
    MYNIC_REG_LIMIT(RULE_LIMITS, mynic_read_rule_limits),
    MYNIC_REG_SETUP(ASQ_LO),
    MYNIC_REG_SETUP(ASQ_HI),
    MYNIC_REG_SETUP(ACQ_LO),
    MYNIC_REG_SETUP(ACQ_HI),
    MYNIC_REG_SETUP(AEQ_LO),
    MYNIC_REG_SETUP(AEQ_HI),
    MYNIC_REG_SETUP_MASK(ADMIN_SIZES, MYNIC_ADMIN_SIZES_ASQ_MASK |
                                      MYNIC_ADMIN_SIZES_AEQ_MASK),
    MYNIC_REG(ASQ_TAIL) = {
        .name = "ASQ_TAIL", .access = MYNIC_WO, .write = mynic_admin_doorbell,
    },
    MYNIC_REG(AEQ_HEAD) = {
        .name = "AEQ_HEAD", .access = MYNIC_WO,
        .write = mynic_admin_events_read,
    },
    MYNIC_REG(TEST_ECHO) = {
        .name = "TEST_ECHO", .access = MYNIC_RW, .reset = MYNIC_ALL_ONES,
        .write = mynic_write_test_echo,
    },
    MYNIC_REG(TEST_IRQ) = {
        .name = "TEST_IRQ", .access = MYNIC_WO, .write = mynic_write_test_irq,
    },
};

static const MynicReg *mynic_reg_at(hwaddr addr)
{
    static const MynicReg hole = { .name = "hole", .access = MYNIC_HOLE };

    return addr < MYNIC_REGS_END && mynic_regs[addr / sizeof(uint32_t)].name ?
           &mynic_regs[addr / sizeof(uint32_t)] : &hole;
}

uint32_t mynic_regs_read(MynicCore *core, hwaddr addr)
{
    const MynicReg *reg = mynic_reg_at(addr);
    uint32_t value = 0;

    if (core->gone) {
        return MYNIC_ALL_ONES;
    }
    switch (reg->access) {
    case MYNIC_HOLE:
        mynic_guest_error(core, "read of no register, 0x%" HWADDR_PRIx, addr);
        break;
    case MYNIC_WO:
        break;
    case MYNIC_RO:
    case MYNIC_RW:
        value = reg->read ? reg->read(core) : mynic_reg(core, addr);
        break;
    }
    trace_mynic_reg_read(addr, reg->name, value);
    return value;
}

void mynic_regs_write(MynicCore *core, hwaddr addr, uint32_t value)
{
    const MynicReg *reg = mynic_reg_at(addr);

    if (core->gone) {
        return;
    }
    trace_mynic_reg_write(addr, reg->name, value);
    if (reg->access == MYNIC_HOLE) {
        mynic_guest_error(core, "write to no register, 0x%" HWADDR_PRIx, addr);
    } else if (reg->access == MYNIC_RO) {
        mynic_guest_error(core, "write to %s, which is read only", reg->name);
    } else if (reg->setup && core->status & MYNIC_STATUS_ENABLED) {
        mynic_guest_error(core, "write to %s while enabled", reg->name);
    } else if (reg->write) {
        reg->write(core, value);
    } else {
        core->regs[addr / sizeof(uint32_t)] = value & reg->mask;
    }
}

void mynic_regs_reset(MynicCore *core)
{
    unsigned int i;

    for (i = 0; i < MYNIC_NUM_REGS; i++) {
        core->regs[i] = mynic_regs[i].reset;
    }
}

/* With the lock of the queue. Returns whether there is such a queue. */
static bool mynic_doorbell_ring(MynicCore *core, MynicPair *pair, hwaddr offset,
                                uint32_t value)
{
    MynicCq *cq = &pair->cq[offset == MYNIC_DB_CQ_ARM_ODD];
    const MynicRing *ring;

    switch (offset) {
    case MYNIC_DB_TX_TAIL:
        ring = &pair->txq.ring;
        if (mynic_ring_runs(ring)) {
            mynic_tx_doorbell(&pair->txq, value);
        }
        break;
    case MYNIC_DB_RX_TAIL:
        ring = &pair->rxq.ring;
        if (mynic_ring_runs(ring)) {
            mynic_rx_doorbell(&pair->rxq, value);
        }
        break;
    case MYNIC_DB_TX_ARM:
        ring = &pair->txq.ring;
        if (mynic_ring_runs(ring)) {
            mynic_intr_arm(&pair->txq.intr, value, ring->published);
        }
        break;
    case MYNIC_DB_CQ_ARM:
    case MYNIC_DB_CQ_ARM_ODD:
        ring = &cq->ring;
        if (mynic_ring_runs(ring)) {
            mynic_intr_arm(&cq->intr, value, ring->published);
        }
        break;
    default:
        mynic_guest_error(core, "write to no doorbell, 0x%" HWADDR_PRIx
                          " of queue pair %u", offset, pair->txq.id);
        return true;
    }
    return ring->created;
}

void mynic_doorbell_write(MynicCore *core, hwaddr addr, uint32_t value)
{
    unsigned int id = addr / MYNIC_DOORBELL_STRIDE;
    hwaddr offset = addr % MYNIC_DOORBELL_STRIDE;
    MynicPair *pair, *owner;
    bool created;

    trace_mynic_doorbell(id, offset, value);
    if (id >= core->num_pairs) {
        mynic_guest_error(core, "doorbell of queue pair %u, there are %" PRIu32,
                          id, core->num_pairs);
        return;
    }
    if (!mynic_core_enabled(core)) {
        mynic_guest_error(core, "doorbell while not enabled");
        return;
    }
    pair = &core->pairs[id];
    if (offset == MYNIC_DB_CQ_ARM || offset == MYNIC_DB_CQ_ARM_ODD) {
        /* The BQL keeps the owner. */
        owner = pair->cq[offset == MYNIC_DB_CQ_ARM_ODD].intr.owner;
    } else {
        owner = pair;
    }
    mynic_pair_lock(owner);
    created = mynic_doorbell_ring(core, pair, offset, value);
    mynic_pair_unlock(owner);
    if (!created) {
        mynic_guest_error(core, "doorbell 0x%" HWADDR_PRIx " of no queue",
                          addr);
    }
}
