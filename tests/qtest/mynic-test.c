/*
 * QTest of mynic: identity, registers, set-up, and reset
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "hw/pci/pci_regs.h"
#include "libqtest.h"
#include "libqos/mynic.h"
#include "libqos/mynic-wire.h"

typedef enum Access { RO, RW, WO } Access;

/* What is not in here is a hole. @mask: bits that can be written. */
static const struct {
    uint16_t offset;
    Access access;
    uint32_t mask;
} registers[] = {
    { MYNIC_REG_ID, RO },
    { MYNIC_REG_DRIVER_ID, RW, ~0u },
    { MYNIC_REG_CTRL, RW },
    { MYNIC_REG_STATUS, RO },
    { MYNIC_REG_DEV_FEATURES_LO, RO },
    { MYNIC_REG_DEV_FEATURES_HI, RO },
    { MYNIC_REG_DRV_FEATURES_LO, RW, ~0u },
    { MYNIC_REG_DRV_FEATURES_HI, RW, ~0u },
    { MYNIC_REG_MAX_QUEUE_PAIRS, RO },
    { MYNIC_REG_MAX_VECTORS, RO },
    { MYNIC_REG_TX_LIMITS, RO },
    { MYNIC_REG_RX_LIMITS, RO },
    { MYNIC_REG_TX_MAX_LEN, RO },
    { MYNIC_REG_MAX_MTU, RO },
    { MYNIC_REG_RSS_LIMITS, RO },
    { MYNIC_REG_MAC_FILTERS, RO },
    { MYNIC_REG_DOORBELL_STRIDE, RO },
    { MYNIC_REG_ADMIN_LIMITS, RO },
    { MYNIC_REG_RULE_LIMITS, RO },
    { MYNIC_REG_ASQ_LO, RW, ~0u },
    { MYNIC_REG_ASQ_HI, RW, ~0u },
    { MYNIC_REG_ACQ_LO, RW, ~0u },
    { MYNIC_REG_ACQ_HI, RW, ~0u },
    { MYNIC_REG_AEQ_LO, RW, ~0u },
    { MYNIC_REG_AEQ_HI, RW, ~0u },
    { MYNIC_REG_ADMIN_SIZES, RW,
      MYNIC_ADMIN_SIZES_ASQ_MASK | MYNIC_ADMIN_SIZES_AEQ_MASK },
    { MYNIC_REG_ASQ_TAIL, WO },
    { MYNIC_REG_AEQ_HEAD, WO },
    { MYNIC_REG_TEST_ECHO, RW },
    { MYNIC_REG_TEST_IRQ, WO },
};

#define KNOWN_FEATURES \
    (MYNIC_F_SHADOW | MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO | MYNIC_F_TX_USO | \
     MYNIC_F_TX_VLAN | MYNIC_F_RX_CSUM | MYNIC_F_RX_GRO | \
     MYNIC_F_RX_GRO_UDP | MYNIC_F_RX_VLAN | MYNIC_F_VLAN_FILTER | \
     MYNIC_F_RSS | MYNIC_F_MODERATION | MYNIC_F_RX_CSUM_FILL | \
     MYNIC_F_FLOW_RULES | MYNIC_F_RSS_SYMMETRIC | MYNIC_F_RSS_FLOW_LABEL)

static uint32_t status(QMynic *d)
{
    return mynic_read(d, MYNIC_REG_STATUS);
}

static unsigned int log2_max(QMynic *d)
{
    return mynic_read(d, MYNIC_REG_ADMIN_LIMITS) & MYNIC_ADMIN_LIMITS_LOG2_MASK;
}

static void assert_reset_state(QMynic *d)
{
    unsigned int i;

    g_assert_cmphex(status(d), ==, MYNIC_STATUS_READY | MYNIC_STATUS_LINK_UP);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_CTRL), ==, 0);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_TEST_ECHO), ==, ~0u);
    for (i = 0; i < G_N_ELEMENTS(registers); i++) {
        if (registers[i].access == WO ||
            (registers[i].access == RW && registers[i].mask)) {
            g_assert_cmphex(mynic_read(d, registers[i].offset), ==, 0);
        }
    }
}

static void test_pci(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QPCIDevice *dev = &d->dev;
    uint8_t cap;
    uint64_t size;

    g_assert_cmphex(qpci_config_readw(dev, PCI_VENDOR_ID), ==,
                    MYNIC_PCI_VENDOR_ID);
    g_assert_cmphex(qpci_config_readw(dev, PCI_DEVICE_ID), ==,
                    MYNIC_PCI_DEVICE_ID);
    g_assert_cmphex(qpci_config_readl(dev, PCI_CLASS_REVISION), ==,
                    0x02000000 | MYNIC_PCI_REVISION);
    g_assert_cmphex(qpci_config_readb(dev, PCI_INTERRUPT_PIN), ==, 0);

    g_assert_cmphex(qpci_find_capability(dev, PCI_CAP_ID_PM, 0), !=, 0);
    cap = qpci_find_capability(dev, PCI_CAP_ID_EXP, 0);
    g_assert_cmphex(cap, !=, 0);
    g_assert_cmphex(qpci_config_readl(dev, cap + PCI_EXP_DEVCAP) &
                    PCI_EXP_DEVCAP_FLR, !=, 0);

    cap = qpci_find_capability(dev, PCI_CAP_ID_MSIX, 0);
    g_assert_cmphex(cap, !=, 0);
    g_assert_cmpuint(qpci_msix_table_size(dev), ==, QMYNIC_QUEUES + 1);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_MAX_VECTORS), ==,
                     QMYNIC_QUEUES + 1);
    g_assert_cmphex(qpci_config_readl(dev, cap + PCI_MSIX_TABLE), ==,
                    MYNIC_BAR_MSIX);
    g_assert_cmphex(qpci_config_readl(dev, cap + PCI_MSIX_PBA), ==,
                    0x800 | MYNIC_BAR_MSIX);

    /* All three of 64 bits. */
    g_assert_cmphex(qpci_config_readl(dev, PCI_BASE_ADDRESS_0) & 7, ==, 4);
    g_assert_cmphex(qpci_config_readl(dev, PCI_BASE_ADDRESS_2) & 7, ==, 4);
    g_assert_cmphex(qpci_config_readl(dev, PCI_BASE_ADDRESS_4) & 7, ==, 4);
    qpci_iomap(dev, MYNIC_BAR_REGS, &size);
    g_assert_cmphex(size, ==, MYNIC_BAR_REGS_SIZE);
    qpci_iomap(dev, MYNIC_BAR_DOORBELLS, &size);
    g_assert_cmphex(size, ==, QMYNIC_QUEUES * 4096);
}

/* The doorbell BAR is rounded up, the number of queues is not. */
static void test_three_queues(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    uint64_t size;

    g_assert_cmpuint(mynic_read(d, MYNIC_REG_MAX_QUEUE_PAIRS), ==, 3);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_MAX_VECTORS), ==, 4);
    g_assert_cmpuint(qpci_msix_table_size(&d->dev), ==, 4);
    d->doorbells = qpci_iomap(&d->dev, MYNIC_BAR_DOORBELLS, &size);
    g_assert_cmphex(size, ==, 4 * 4096);
    /* The page of no pair is a hole. */
    g_assert_cmphex(qpci_io_readl(&d->dev, d->doorbells, 3 * 4096), ==, 0);
    mynic_start(d, 0);
    mynic_doorbell(d, 3, MYNIC_DB_TX_TAIL, 1);
    mynic_doorbell(d, 3, MYNIC_DB_CQ_ARM, 1);
    mynic_sync(d);
}

static void test_max_queues(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    uint64_t size;
    unsigned int i;

    g_assert_cmpuint(mynic_read(d, MYNIC_REG_MAX_QUEUE_PAIRS), ==, 64);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_MAX_VECTORS), ==, 65);
    d->doorbells = qpci_iomap(&d->dev, MYNIC_BAR_DOORBELLS, &size);
    g_assert_cmphex(size, ==, 64 * 4096);
    for (i = 0; i <= 64; i++) {
        mynic_write(d, MYNIC_REG_TEST_IRQ, i);
        g_assert_true(mynic_irq_take(d, i));
    }
}

static void test_identity(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;

    g_assert_cmphex(mynic_read(d, MYNIC_REG_ID), ==,
                    MYNIC_ID_MAGIC << 16 | MYNIC_ABI_MAJOR << 8 |
                    MYNIC_ABI_MINOR);
}

static void test_reset_values(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    uint32_t limits;

    assert_reset_state(d);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_MAX_QUEUE_PAIRS), ==,
                     QMYNIC_QUEUES);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_DOORBELL_STRIDE), ==, 4096);

    limits = mynic_read(d, MYNIC_REG_TX_LIMITS);
    g_assert_cmpuint(limits & 0xff, >=, 1);
    g_assert_cmpuint(limits >> 8 & 0xff, >=, limits & 0xff);
    g_assert_cmpuint(limits >> 8 & 0xff, <, 32);
    /* The longest packet fits the smallest ring. */
    g_assert_cmpuint(limits >> 16, >=, 19);
    g_assert_cmpuint(limits >> 16, <=, 1u << (limits & 0xff));

    limits = mynic_read(d, MYNIC_REG_RX_LIMITS);
    g_assert_cmpuint(limits & 0xff, >=, 1);
    g_assert_cmpuint(limits >> 8 & 0xff, >=, limits & 0xff);
    g_assert_cmpuint(limits >> 8 & 0xff, <, 32);
    g_assert_cmpuint(limits >> 16, ==, 0);

    g_assert_cmpuint(mynic_read(d, MYNIC_REG_TX_MAX_LEN), >=, 65535);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_MAX_MTU), >=, 9000);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_MAX_MTU), <=, 65535);
    limits = mynic_read(d, MYNIC_REG_RSS_LIMITS);
    g_assert_cmpuint(limits & 0xffff, >=, 128);
    g_assert_cmpuint(limits & 0xffff, <=, MYNIC_RSS_TABLE_SIZE);
    g_assert_cmpuint(limits >> 16 & 0xff, ==, MYNIC_RSS_KEY_SIZE);
    g_assert_cmpuint(limits >> 24, >=, 1);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_MAC_FILTERS), >=, 1);
    g_assert_cmpuint(mynic_read(d, MYNIC_REG_MAC_FILTERS) *
                     sizeof(struct mynic_mac_entry), <=,
                     MYNIC_ADMIN_DATA_MAX);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_ADMIN_LIMITS) &
                    ~MYNIC_ADMIN_LIMITS_LOG2_MASK, ==, 0);
    g_assert_cmpuint(log2_max(d), >=, QMYNIC_ADMIN_LOG2);
}

/* RO stays, RW keeps what a field has room for, WO reads 0. */
static void test_register_access(void *obj, void *data, QGuestAllocator *alloc)
{
    static const uint32_t values[] = { ~0u, 0xa5a55a5a, 1, 0 };
    QMynic *d = obj;
    unsigned int i, j;

    for (i = 0; i < G_N_ELEMENTS(registers); i++) {
        uint16_t reg = registers[i].offset;
        uint32_t before = mynic_read(d, reg);

        for (j = 0; j < G_N_ELEMENTS(values); j++) {
            uint32_t v = values[j];

            switch (registers[i].access) {
            case RO:
                mynic_write(d, reg, v);
                g_assert_cmphex(mynic_read(d, reg), ==, before);
                break;
            case WO:
                mynic_write(d, reg, v);
                g_assert_cmphex(mynic_read(d, reg), ==, 0);
                break;
            case RW:
                if (reg == MYNIC_REG_TEST_ECHO) {
                    mynic_write(d, reg, v);
                    g_assert_cmphex(mynic_read(d, reg), ==, ~v);
                } else if (reg == MYNIC_REG_CTRL) {
                    /* All but the two bits that mean something. */
                    mynic_write(d, reg, v & ~(MYNIC_CTRL_ENABLE |
                                              MYNIC_CTRL_RESET));
                    g_assert_cmphex(mynic_read(d, reg), ==, 0);
                } else {
                    mynic_write(d, reg, v);
                    g_assert_cmphex(mynic_read(d, reg), ==,
                                    v & registers[i].mask);
                }
                break;
            }
        }
    }
    g_assert_cmphex(status(d), ==, MYNIC_STATUS_READY | MYNIC_STATUS_LINK_UP);
}

static void test_holes(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    uint32_t before[G_N_ELEMENTS(registers)];
    unsigned int i, next, offset;

    for (i = 0; i < G_N_ELEMENTS(registers); i++) {
        before[i] = mynic_read(d, registers[i].offset);
    }
    for (next = offset = 0; offset < MYNIC_BAR_REGS_SIZE; offset += 4) {
        if (next < G_N_ELEMENTS(registers) &&
            registers[next].offset == offset) {
            next++;
            continue;
        }
        g_assert_cmphex(mynic_read(d, offset), ==, 0);
        mynic_write(d, offset, ~0u);
        g_assert_cmphex(mynic_read(d, offset), ==, 0);
    }
    g_assert_cmpuint(next, ==, G_N_ELEMENTS(registers));
    for (i = 0; i < G_N_ELEMENTS(registers); i++) {
        g_assert_cmphex(mynic_read(d, registers[i].offset), ==, before[i]);
    }
    /* Doorbells read 0, and so does what lies between them. */
    for (offset = 0; offset < QMYNIC_QUEUES * 4096; offset += 4) {
        if (offset % 4096 < 0x40 || offset % 4096 == 4092) {
            g_assert_cmphex(qpci_io_readl(&d->dev, d->doorbells, offset), ==,
                            0);
            qpci_io_writel(&d->dev, d->doorbells, offset, 1);
        }
    }
}

/* Anything but aligned words reads 0 and changes nothing. */
static void test_access_sizes(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QPCIDevice *dev = &d->dev;
    const uint32_t value = 0x11223344;
    unsigned int i;

    for (i = 0; i < G_N_ELEMENTS(registers); i++) {
        uint16_t reg = registers[i].offset;

        g_assert_cmphex(qpci_io_readb(dev, d->regs, reg), ==, 0);
        g_assert_cmphex(qpci_io_readw(dev, d->regs, reg), ==, 0);
        g_assert_cmphex(qpci_io_readl(dev, d->regs, reg + 2), ==, 0);
        g_assert_cmphex(qpci_io_readl(dev, d->regs, reg + 1), ==, 0);
    }

    mynic_write(d, MYNIC_REG_DRIVER_ID, value);
    qpci_io_writeb(dev, d->regs, MYNIC_REG_DRIVER_ID, 0xff);
    qpci_io_writeb(dev, d->regs, MYNIC_REG_DRIVER_ID + 3, 0xff);
    qpci_io_writew(dev, d->regs, MYNIC_REG_DRIVER_ID, 0xffff);
    qpci_io_writew(dev, d->regs, MYNIC_REG_DRIVER_ID + 2, 0xffff);
    qpci_io_writel(dev, d->regs, MYNIC_REG_DRIVER_ID + 2, ~0u);
    qpci_io_writel(dev, d->regs, MYNIC_REG_DRIVER_ID - 2, ~0u);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_DRIVER_ID), ==, value);

    /* A byte at CTRL neither resets nor enables. */
    qpci_io_writeb(dev, d->regs, MYNIC_REG_CTRL + 3, 0x80);
    qpci_io_writew(dev, d->regs, MYNIC_REG_CTRL + 2, 0x8000);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_DRIVER_ID), ==, value);
}

static void test_access_64(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    QPCIDevice *dev = &d->dev;
    const uint32_t value = 0x11223344;
    unsigned int i;

    for (i = 0; i < G_N_ELEMENTS(registers); i++) {
        if (!(registers[i].offset & 7)) {
            g_assert_cmphex(qpci_io_readq(dev, d->regs,
                                          registers[i].offset), ==, 0);
        }
    }
    mynic_write(d, MYNIC_REG_ASQ_LO, value);
    mynic_write(d, MYNIC_REG_ASQ_HI, value);
    qpci_io_writeq(dev, d->regs, MYNIC_REG_ASQ_LO, ~0ull);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_ASQ_LO), ==, value);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_ASQ_HI), ==, value);
}

static void test_irq(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i;

    for (i = 0; i <= QMYNIC_QUEUES; i++) {
        mynic_write(d, MYNIC_REG_TEST_IRQ, i);
        g_assert_true(mynic_irq_take(d, i));
        g_assert_false(mynic_irq_take(d, i));
    }
    mynic_write(d, MYNIC_REG_TEST_IRQ, QMYNIC_QUEUES + 1);
    mynic_write(d, MYNIC_REG_TEST_IRQ, ~0u);
    for (i = 0; i <= QMYNIC_QUEUES; i++) {
        g_assert_false(mynic_irq_take(d, i));
    }

    /* Masked, it is pending; unmasked, it arrives. */
    mynic_irq_mask(d, 1, true);
    mynic_write(d, MYNIC_REG_TEST_IRQ, 1);
    g_assert_false(mynic_irq_take(d, 1));
    g_assert_true(qpci_msix_pending(&d->dev, 1));
    mynic_irq_mask(d, 1, false);
    g_assert_true(mynic_irq_take(d, 1));
    g_assert_false(qpci_msix_pending(&d->dev, 1));
}

/* Dependencies of the data sheet. */
static uint64_t needs(uint64_t feature)
{
    switch (feature) {
    case MYNIC_F_TX_TSO:
    case MYNIC_F_TX_USO:
        return MYNIC_F_TX_CSUM;
    case MYNIC_F_RX_GRO:
        return MYNIC_F_RX_CSUM;
    case MYNIC_F_RX_GRO_UDP:
        return MYNIC_F_RX_GRO;
    case MYNIC_F_RX_CSUM_FILL:
        return MYNIC_F_RX_CSUM;
    case MYNIC_F_RSS_SYMMETRIC:
    case MYNIC_F_RSS_FLOW_LABEL:
        return MYNIC_F_RSS;
    default:
        return 0;
    }
}

static void test_features(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    uint64_t offer = mynic_offer(d);
    unsigned int i;

    g_assert_cmphex(offer & ~KNOWN_FEATURES, ==, 0);
    /* What this backend cannot give, the device does itself. */
    g_assert_cmphex(offer & (MYNIC_F_SHADOW | MYNIC_F_TX_CSUM |
                             MYNIC_F_TX_TSO | MYNIC_F_TX_USO |
                             MYNIC_F_TX_VLAN | MYNIC_F_RX_VLAN |
                             MYNIC_F_VLAN_FILTER | MYNIC_F_RSS |
                             MYNIC_F_MODERATION), ==,
                    MYNIC_F_SHADOW | MYNIC_F_TX_CSUM | MYNIC_F_TX_TSO |
                    MYNIC_F_TX_USO | MYNIC_F_TX_VLAN | MYNIC_F_RX_VLAN |
                    MYNIC_F_VLAN_FILTER | MYNIC_F_RSS | MYNIC_F_MODERATION);

    for (i = 0; i < 64; i++) {
        uint64_t bit = 1ull << i, with = bit, need = needs(bit);

        g_assert_true(!(offer & bit) || !need || offer & need);
        while (need) {
            with |= need;
            need = needs(need);
        }

        mynic_reset(d);
        mynic_setup(d, with);
        if (!(offer & bit)) {
            g_assert_cmpuint(mynic_enable(d), ==, MYNIC_ERR_FEATURE);
            continue;
        }
        g_assert_cmpuint(mynic_enable(d), ==, MYNIC_OK);
        mynic_sync(d);
        if (needs(bit)) {
            mynic_reset(d);
            mynic_setup(d, with & ~needs(bit));
            g_assert_cmpuint(mynic_enable(d), ==, MYNIC_ERR_FEATURE);
        }
    }
    mynic_start(d, offer);
    mynic_sync(d);
}

static void test_enable_refused(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    const uint32_t id = MYNIC_ID_MAGIC << 16 | MYNIC_ABI_MAJOR << 8;
    const struct {
        uint16_t reg;
        uint32_t value;
        enum mynic_status error;
    } rows[] = {
        { MYNIC_REG_DRIVER_ID, 0, MYNIC_ERR_VERSION },
        { MYNIC_REG_DRIVER_ID, id + 0x100, MYNIC_ERR_VERSION },
        { MYNIC_REG_DRIVER_ID, id - 0x100, MYNIC_ERR_VERSION },
        { MYNIC_REG_DRIVER_ID, id | 0xff00, MYNIC_ERR_VERSION },
        { MYNIC_REG_DRIVER_ID, id ^ 0x10000, MYNIC_ERR_VERSION },
        { MYNIC_REG_DRIVER_ID, ~0u, MYNIC_ERR_VERSION },
        { MYNIC_REG_DRV_FEATURES_LO, MYNIC_F_TX_TSO, MYNIC_ERR_FEATURE },
        { MYNIC_REG_DRV_FEATURES_LO, 1u << 31, MYNIC_ERR_FEATURE },
        { MYNIC_REG_DRV_FEATURES_HI, 1u << 31, MYNIC_ERR_FEATURE },
        { MYNIC_REG_DRV_FEATURES_HI, 1, MYNIC_ERR_FEATURE },
        { MYNIC_REG_ADMIN_SIZES, 0, MYNIC_ERR_SIZE },
        { MYNIC_REG_ADMIN_SIZES, 0x0100, MYNIC_ERR_SIZE },
        { MYNIC_REG_ADMIN_SIZES, 0x0001, MYNIC_ERR_SIZE },
        { MYNIC_REG_ADMIN_SIZES, 0x0100 | (log2_max(d) + 1), MYNIC_ERR_SIZE },
        { MYNIC_REG_ADMIN_SIZES, (log2_max(d) + 1) << 8 | 1, MYNIC_ERR_SIZE },
        { MYNIC_REG_ADMIN_SIZES, 0xffff, MYNIC_ERR_SIZE },
        { MYNIC_REG_ASQ_LO, 0x100020, MYNIC_ERR_ADDRESS },
        { MYNIC_REG_ACQ_LO, 0x100001, MYNIC_ERR_ADDRESS },
        { MYNIC_REG_AEQ_LO, 0x100010, MYNIC_ERR_ADDRESS },
    };
    unsigned int i, j;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint32_t before[G_N_ELEMENTS(registers)], good;

        mynic_reset(d);
        mynic_setup(d, 0);
        good = mynic_read(d, rows[i].reg);
        mynic_write(d, rows[i].reg, rows[i].value);
        for (j = 0; j < G_N_ELEMENTS(registers); j++) {
            before[j] = mynic_read(d, registers[j].offset);
        }

        g_assert_cmpuint(mynic_enable(d), ==, rows[i].error);
        g_assert_cmphex(status(d), ==,
                        MYNIC_STATUS_READY | MYNIC_STATUS_LINK_UP |
                        rows[i].error << 8);
        g_assert_cmphex(mynic_read(d, MYNIC_REG_CTRL), ==, 0);
        for (j = 0; j < G_N_ELEMENTS(registers); j++) {
            if (registers[j].offset != MYNIC_REG_STATUS) {
                g_assert_cmphex(mynic_read(d, registers[j].offset), ==,
                                before[j]);
            }
        }

        /* Put right and tried again, without a reset. */
        mynic_write(d, rows[i].reg, good);
        mynic_write(d, MYNIC_REG_CTRL, MYNIC_CTRL_ENABLE);
        MYNIC_WAIT_FOR(status(d) & MYNIC_STATUS_ENABLED);
        g_assert_cmphex(status(d) & MYNIC_STATUS_ERROR_MASK, ==, 0);
        mynic_sync(d);
    }
}

static void test_enable_order(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;

    mynic_reset(d);
    /* Everything is wrong. The address alone would be right: 0. */
    mynic_write(d, MYNIC_REG_DRV_FEATURES_HI, ~0u);
    mynic_write(d, MYNIC_REG_ASQ_LO, 1);
    g_assert_cmpuint(mynic_enable(d), ==, MYNIC_ERR_VERSION);
    /* Another minor version is none of the device's business. */
    mynic_write(d, MYNIC_REG_DRIVER_ID,
                MYNIC_ID_MAGIC << 16 | MYNIC_ABI_MAJOR << 8 | 0xff);
    g_assert_cmpuint(mynic_enable(d), ==, MYNIC_ERR_FEATURE);
    mynic_write(d, MYNIC_REG_DRV_FEATURES_HI, 0);
    g_assert_cmpuint(mynic_enable(d), ==, MYNIC_ERR_SIZE);
    mynic_write(d, MYNIC_REG_ADMIN_SIZES, 0x0101);
    g_assert_cmpuint(mynic_enable(d), ==, MYNIC_ERR_ADDRESS);
    mynic_write(d, MYNIC_REG_ASQ_LO, d->asq);
    g_assert_cmpuint(mynic_enable(d), ==, MYNIC_OK);
}

/* While enabled, set-up registers keep their values and CTRL is deaf. */
static void test_enabled(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i;

    mynic_start(d, 0);
    mynic_sync(d);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_CTRL), ==, MYNIC_CTRL_ENABLE);
    for (i = 0; i < G_N_ELEMENTS(registers); i++) {
        if (registers[i].access == RW && registers[i].mask) {
            uint32_t before = mynic_read(d, registers[i].offset);

            mynic_write(d, registers[i].offset, ~before);
            g_assert_cmphex(mynic_read(d, registers[i].offset), ==, before);
        }
    }
    mynic_write(d, MYNIC_REG_CTRL, 0);
    g_assert_cmphex(mynic_read(d, MYNIC_REG_CTRL), ==, MYNIC_CTRL_ENABLE);
    mynic_sync(d);
    /* Indices of the rings are kept. */
    mynic_write(d, MYNIC_REG_CTRL, MYNIC_CTRL_ENABLE);
    mynic_sync(d);
    g_assert_cmphex(status(d), ==, MYNIC_STATUS_READY | MYNIC_STATUS_ENABLED |
                    MYNIC_STATUS_LINK_UP);
    /* RESET wins. */
    mynic_write(d, MYNIC_REG_CTRL, MYNIC_CTRL_RESET | MYNIC_CTRL_ENABLE);
    MYNIC_WAIT_FOR(status(d) & MYNIC_STATUS_READY);
    assert_reset_state(d);
}

static void test_doorbells_before_enable(void *obj, void *data,
                                         QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i;

    mynic_reset(d);
    mynic_setup(d, 0);
    mynic_write(d, MYNIC_REG_ASQ_TAIL, 1);
    mynic_write(d, MYNIC_REG_AEQ_HEAD, 1);
    for (i = 0; i < QMYNIC_QUEUES; i++) {
        mynic_doorbell(d, i, MYNIC_DB_TX_TAIL, 1);
        mynic_doorbell(d, i, MYNIC_DB_RX_TAIL, 1);
        mynic_doorbell(d, i, MYNIC_DB_TX_ARM, 1);
        mynic_doorbell(d, i, MYNIC_DB_CQ_ARM, 1);
        mynic_doorbell(d, i, MYNIC_DB_CQ_ARM_ODD, 1);
    }
    g_assert_cmpuint(mynic_enable(d), ==, MYNIC_OK);
    /* Ignored, not kept for later. */
    mynic_sync(d);
    g_assert_cmpuint(d->acq_head, ==, 1);
}

/* A state that differs from that of a reset in all respects. */
static void unsettle(QMynic *d, QMynicTxq *tx, QMynicRxq *rx)
{
    static const uint8_t mac[6] = { 0x52, 0x54, 0, 9, 9, 9 };
    struct mynic_admin_cmd cmd;
    uint8_t bitmap[MYNIC_VLAN_BITMAP_SIZE];
    struct mynic_rss_config rss = {
        .table_len = cpu_to_le16(1),
        .key_len = cpu_to_le16(MYNIC_RSS_KEY_SIZE),
        .function = MYNIC_RSS_TOEPLITZ,
        .table = { cpu_to_le16(1) },
    };
    struct mynic_flow_rule rule = {
        .classes = cpu_to_le16(MYNIC_BIT(MYNIC_FLOW_TCPV4)),
        .action = MYNIC_RULE_RSS,
        .context = cpu_to_le16(1),
    };

    mynic_start(d, mynic_offer(d));
    mynic_txq_create(d, tx, 0);
    mynic_rxq_create(d, rx, 0, 2048);
    mynic_set_rx_filter(d, MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_PROMISC);
    mynic_set_offloads(d, MYNIC_OFFLOAD_RX_VLAN | MYNIC_OFFLOAD_VLAN_FILTER);

    cmd = mynic_cmd(MYNIC_ADMIN_SET_MTU);
    cmd.params.mtu.mtu = cpu_to_le32(MYNIC_MIN_MTU);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    cmd = mynic_cmd(MYNIC_ADMIN_SET_MAC);
    memcpy(cmd.params.mac.addr, mac, sizeof(mac));
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_OK);
    memset(bitmap, 0xff, sizeof(bitmap));
    cmd = mynic_cmd(MYNIC_ADMIN_SET_VLAN_FILTER);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, bitmap, NULL, sizeof(bitmap)),
                     ==, MYNIC_OK);
    cmd = mynic_cmd(MYNIC_ADMIN_SET_RSS);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, &rss, NULL, sizeof(rss)),
                     ==, MYNIC_OK);
    cmd.params.rss.context = cpu_to_le16(1);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, &rss, NULL, sizeof(rss)),
                     ==, MYNIC_OK);
    cmd = mynic_cmd(MYNIC_ADMIN_SET_RULE);
    g_assert_cmpuint(mynic_admin_data(d, &cmd, &rule, NULL, sizeof(rule)),
                     ==, MYNIC_OK);
}

/* After a reset: the defaults of the data sheet, seen from outside. */
static void assert_defaults(QMynic *d, QMynicWire *wire)
{
    QMynicPacket p = { .payload_len = 1500 - 40 };
    struct mynic_port_stats stats;
    struct mynic_admin_cmd cmd;
    struct mynic_rx_cqe cqe;
    g_autoptr(GByteArray) frame = NULL;
    QMynicTxq tx;
    QMynicRxq rx;

    mynic_setup(d, mynic_offer(d));
    g_assert_cmpuint(mynic_enable(d), ==, MYNIC_OK);
    mynic_port_stats(d, &stats);
    g_assert_cmpuint(stats.rx_packets, ==, 0);
    g_assert_cmpuint(stats.tx_packets, ==, 0);
    g_assert_cmpuint(stats.rx_drop_disabled, ==, 0);

    /* There are no flow rules, nor contexts but the default one. */
    cmd = mynic_cmd(MYNIC_ADMIN_DELETE_RULE);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_ERR_NOT_FOUND);
    cmd = mynic_cmd(MYNIC_ADMIN_DELETE_RSS);
    cmd.params.rss.context = cpu_to_le16(1);
    g_assert_cmpuint(mynic_admin(d, &cmd, NULL), ==, MYNIC_ERR_NOT_FOUND);

    /* The queues are gone: they can be created. */
    mynic_txq_create(d, &tx, 0);
    mynic_rxq_create(d, &rx, 0, 2048);

    /* Nothing is received before the filter lets it in. */
    frame = mynic_packet_build(&p, NULL);
    mynic_wire_send(wire, frame);
    MYNIC_WAIT_FOR((mynic_port_stats(d, &stats), stats.rx_packets) == 1);
    g_assert_cmpuint(stats.rx_drop_disabled, ==, 1);

    /*
     * Permanent address, MTU of 1500, no hash, queue 0; VLAN tags stay and
     * are not filtered.
     */
    mynic_set_rx_filter(d, MYNIC_RX_FILTER_ENABLE);
    mynic_wire_send(wire, frame);
    mynic_rx_expect(&rx, frame, &cqe);
    g_assert_cmphex(le32_to_cpu(cqe.info) & ~MYNIC_CQE_PHASE, ==, 0);
    g_byte_array_unref(frame);
    p.tags = 1;
    p.tci[0] = 100;
    frame = mynic_packet_build(&p, NULL);
    mynic_wire_send(wire, frame);
    mynic_rx_expect(&rx, frame, &cqe);
    g_byte_array_unref(frame);
    p.payload_len++;
    frame = mynic_packet_build(&p, NULL);
    mynic_wire_send(wire, frame);
    MYNIC_WAIT_FOR((mynic_port_stats(d, &stats), stats.rx_packets) == 4);
    g_assert_cmpuint(stats.rx_drop_too_long, ==, 1);
    mynic_rxq_destroy(&rx);
    mynic_txq_destroy(&tx);
}

static void check_reset(QMynic *d, QMynicWire *wire,
                        void (*reset)(QMynic *d))
{
    QMynicPacket p = { .payload_len = 60 };
    g_autoptr(GByteArray) frame = mynic_packet_build(&p, NULL);
    g_autofree uint8_t *before = g_malloc(QMYNIC_TX_MEM);
    g_autofree uint8_t *after = g_malloc(QMYNIC_TX_MEM);
    struct mynic_port_stats stats;
    struct mynic_queue_ctl ctl;
    QMynicTxq tx;
    QMynicRxq rx;
    size_t len;
    int i;

    unsettle(d, &tx, &rx);
    len = (size_t)rx.buf_len << rx.log2;
    /* Something to count. */
    mynic_tx_packet(&tx, frame, NULL, -1, 0);
    mynic_tx_publish(&tx);
    mynic_wire_expect(wire, frame);
    mynic_wire_send(wire, frame);
    MYNIC_WAIT_FOR((mynic_port_stats(d, &stats), stats.rx_packets) == 1);
    g_assert_cmpuint(stats.tx_packets, ==, 1);
    reset(d);
    assert_reset_state(d);

    /* Old doorbells touch no memory, and frames from the wire neither. */
    memset(&ctl, 0x55, sizeof(ctl));
    qtest_memwrite(d->qts, rx.ctl, &ctl, sizeof(ctl));
    qtest_memwrite(d->qts, tx.ctl, &ctl, sizeof(ctl));
    qtest_memread(d->qts, rx.mem, before, len);
    for (i = 0; i <= QMYNIC_QUEUES; i++) {
        mynic_irq_take(d, i);
    }
    mynic_tx_packet(&tx, frame, NULL, -1, 0);
    mynic_doorbell(d, 0, MYNIC_DB_TX_TAIL, tx.filled);
    mynic_doorbell(d, 0, MYNIC_DB_RX_TAIL, rx.tail);
    assert_defaults(d, wire);
    qtest_memread(d->qts, rx.mem, after, len);
    g_assert_cmpmem(before, len, after, len);
    qtest_memread(d->qts, rx.ctl, after, sizeof(ctl));
    g_assert_cmpmem(&ctl, sizeof(ctl), after, sizeof(ctl));
    qtest_memread(d->qts, tx.ctl, after, sizeof(ctl));
    g_assert_cmpmem(&ctl, sizeof(ctl), after, sizeof(ctl));
    g_assert_true(mynic_wire_quiet(wire));
    mynic_rxq_free(&rx);
    mynic_txq_free(&tx);
}

static void test_reset_ctrl(void *obj, void *data, QGuestAllocator *alloc)
{
    check_reset(obj, data, mynic_reset);
}

static void test_reset_flr(void *obj, void *data, QGuestAllocator *alloc)
{
    check_reset(obj, data, mynic_flr);
}

static void test_reset_system(void *obj, void *data, QGuestAllocator *alloc)
{
    check_reset(obj, data, mynic_system_reset);
}

/* The device's own reset leaves PCI alone. */
static void test_reset_keeps_pci(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    uint32_t before[64];
    unsigned int i;

    mynic_start(d, 0);
    for (i = 0; i < 64; i++) {
        before[i] = qpci_config_readl(&d->dev, i * 4);
    }
    mynic_irq_mask(d, 2, true);
    mynic_reset(d);
    for (i = 0; i < 64; i++) {
        g_assert_cmphex(qpci_config_readl(&d->dev, i * 4), ==, before[i]);
    }
    g_assert_true(qpci_msix_masked(&d->dev, 2));
    g_assert_false(qpci_msix_masked(&d->dev, 1));
    mynic_write(d, MYNIC_REG_TEST_IRQ, 1);
    g_assert_true(mynic_irq_take(d, 1));
}

static void test_reset_again(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    unsigned int i;

    for (i = 0; i < 50; i++) {
        mynic_start(d, mynic_offer(d));
        mynic_sync(d);
        g_assert_true(mynic_irq_take(d, MYNIC_VECTOR_ADMIN));
    }
    mynic_reset(d);
    mynic_reset(d);
    assert_reset_state(d);
}

static char *log_name;

static void log_free(void *opaque)
{
    unlink(log_name);
    g_clear_pointer(&log_name, g_free);
    qos_invalidate_command_line();
}

static void *log_before(GString *cmd_line, void *arg)
{
    int fd = g_file_open_tmp("mynic-log-XXXXXX", &log_name, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_string_append_printf(cmd_line, " -d guest_errors -D %s ", log_name);
    g_test_queue_destroy(log_free, NULL);
    return NULL;
}

/* Whether the log has grown by a line about the device since the last call. */
static bool logged(void)
{
    static size_t seen;
    g_autofree char *text = NULL;
    size_t len;
    bool found;

    g_assert_true(g_file_get_contents(log_name, &text, &len, NULL));
    g_assert_cmpuint(len, >=, seen);
    found = strcasestr(text + seen, "mynic");
    seen = len;
    return found;
}

/* Who debugs a driver is told what it did wrong, and nothing else. */
static void test_guest_errors(void *obj, void *data, QGuestAllocator *alloc)
{
    QMynic *d = obj;
    struct mynic_admin_cmd bad = mynic_cmd(0);

    mynic_start(d, mynic_offer(d));
    mynic_sync(d);
    g_assert_false(logged());

#define ASSERT_LOGGED(what)         \
    do {                            \
        what;                       \
        g_assert_true(logged());    \
    } while (0)

    ASSERT_LOGGED(mynic_read(d, 0x7c));
    ASSERT_LOGGED(mynic_write(d, 0xffc, 0));
    ASSERT_LOGGED(mynic_write(d, MYNIC_REG_ID, 0));
    ASSERT_LOGGED(mynic_write(d, MYNIC_REG_DRIVER_ID, 0));
    ASSERT_LOGGED(mynic_write(d, MYNIC_REG_TEST_IRQ, 99));
    ASSERT_LOGGED(mynic_write(d, MYNIC_REG_AEQ_HEAD, 5));
    ASSERT_LOGGED(qpci_io_readw(&d->dev, d->regs, MYNIC_REG_ID));
    ASSERT_LOGGED(qpci_io_writeb(&d->dev, d->regs, MYNIC_REG_CTRL, 0));
    ASSERT_LOGGED(qpci_io_readq(&d->dev, d->regs, MYNIC_REG_ID));
    ASSERT_LOGGED(mynic_doorbell(d, 0, MYNIC_DB_TX_TAIL, 0));
    ASSERT_LOGGED(mynic_doorbell(d, 0, 0x18, 0));
    ASSERT_LOGGED(g_assert_cmpuint(mynic_admin(d, &bad, NULL), ==,
                                   MYNIC_ERR_OPCODE));
    ASSERT_LOGGED(mynic_write(d, MYNIC_REG_ASQ_TAIL, 1000));
    mynic_reset(d);
    ASSERT_LOGGED(mynic_write(d, MYNIC_REG_ASQ_TAIL, 1));
    ASSERT_LOGGED(mynic_doorbell(d, 0, MYNIC_DB_TX_TAIL, 0));
    ASSERT_LOGGED(g_assert_cmpuint(mynic_enable(d), ==, MYNIC_ERR_VERSION));
#undef ASSERT_LOGGED
}

static void register_tests(void)
{
    QOSGraphTestOptions log_opts = { .before = log_before };

    qos_add_test("guest-errors", "mynic-regs", test_guest_errors, &log_opts);
    mynic_add_test("mynic-regs", "pci", test_pci, NULL);
    mynic_add_test("mynic-regs", "three-queues", test_three_queues,
                   "netdev=hs0,queues=3");
    mynic_add_test("mynic-regs", "max-queues", test_max_queues,
                   "netdev=hs0,queues=64");
    mynic_add_test("mynic-regs", "identity", test_identity, NULL);
    mynic_add_test("mynic-regs", "reset-values", test_reset_values, NULL);
    mynic_add_test("mynic-regs", "register-access", test_register_access, NULL);
    mynic_add_test("mynic-regs", "holes", test_holes, NULL);
    mynic_add_test("mynic-regs", "access-sizes", test_access_sizes, NULL);
    mynic_add_test("mynic-regs", "access-64", test_access_64, NULL);
    mynic_add_test("mynic-regs", "test-irq", test_irq, NULL);
    mynic_add_test("mynic-regs", "features", test_features, NULL);
    mynic_add_test("mynic-regs", "enable-refused", test_enable_refused, NULL);
    mynic_add_test("mynic-regs", "enable-order", test_enable_order, NULL);
    mynic_add_test("mynic-regs", "enabled", test_enabled, NULL);
    mynic_add_test("mynic-regs", "doorbells-before-enable",
                   test_doorbells_before_enable,
                   NULL);
    mynic_add_test("mynic-regs", "reset-ctrl", test_reset_ctrl, NULL);
    mynic_add_test("mynic-regs", "reset-flr", test_reset_flr, NULL);
    mynic_add_test("mynic-regs", "reset-system", test_reset_system, NULL);
    mynic_add_test("mynic-regs", "reset-keeps-pci", test_reset_keeps_pci, NULL);
    mynic_add_test("mynic-regs", "reset-again", test_reset_again, NULL);
}

libqos_init(register_tests);
