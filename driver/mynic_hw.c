// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers: access, identity, limits, reset and enable handshakes.
 */
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/log2.h>
#include <linux/netdevice.h>

#include "mynic.h"

/* The device answers within microseconds; a host under load takes longer. */
#define MYNIC_HW_POLL_US	20
#define MYNIC_HW_TIMEOUT_US	(2 * USEC_PER_SEC)

#define MYNIC_DRIVER_ID \
	(FIELD_PREP_CONST(MYNIC_ID_MAGIC_MASK, MYNIC_ID_MAGIC) | \
	 FIELD_PREP_CONST(MYNIC_ID_MAJOR_MASK, MYNIC_ABI_MAJOR) | \
	 FIELD_PREP_CONST(MYNIC_ID_MINOR_MASK, MYNIC_ABI_MINOR))

/* Far above any sensible device, far below what would overflow a u32. */
#define MYNIC_SANE_LOG2_MAX	16

/**
 * mynic_hw_gone() - has the device stopped answering?
 * @mdev: the card
 *
 * Any context.
 *
 * Return: true from the first all-ones read that was confirmed until
 * mynic_hw_attach().
 */
bool mynic_hw_gone(const struct mynic_dev *mdev)
{
	return !READ_ONCE(mdev->hw.regs);
}

/**
 * mynic_hw_attach() - start, or resume, to access the device
 * @mdev: the card, BARs mapped
 */
void mynic_hw_attach(struct mynic_dev *mdev)
{
	WRITE_ONCE(mdev->hw.db, mdev->hw.db_base);
	WRITE_ONCE(mdev->hw.regs, mdev->hw.regs_base);
}

/**
 * mynic_hw_detach() - stop to access the device
 * @mdev: the card
 *
 * Later reads give all ones and writes do nothing. Any context.
 */
void mynic_hw_detach(struct mynic_dev *mdev)
{
	WRITE_ONCE(mdev->hw.regs, NULL);
	WRITE_ONCE(mdev->hw.db, NULL);
}

/**
 * mynic_hw_read() - read a register
 * @mdev: the card
 * @reg: MYNIC_REG_*
 *
 * All ones may be a value, and so may 0, which is what some hypervisors let
 * read where there is nothing. That the identity is not ours either means that
 * nothing is there any more: the network device is detached then, and no
 * further access takes place. Any context.
 *
 * Return: the value, all ones once the device is gone.
 */
u32 mynic_hw_read(struct mynic_dev *mdev, u32 reg)
{
	void __iomem *regs = READ_ONCE(mdev->hw.regs);
	u32 val, id;

	if (unlikely(!regs))
		return MYNIC_ALL_ONES;

	val = readl(regs + reg);
	if (likely(val && val != MYNIC_ALL_ONES))
		return val;
	id = readl(regs + MYNIC_REG_ID);
	if (FIELD_GET(MYNIC_ID_MAGIC_MASK, id) == MYNIC_ID_MAGIC)
		return val;

	mynic_hw_detach(mdev);
	dev_err(&mdev->pdev->dev,
		"the device is gone: register 0x%03x reads 0x%08x and the identity 0x%08x\n",
		reg, val, id);
	if (mdev->netdev)
		netif_device_detach(mdev->netdev);
	return MYNIC_ALL_ONES;
}

/**
 * mynic_hw_write() - write a register
 * @mdev: the card
 * @reg: MYNIC_REG_*
 * @val: the value
 *
 * Orders earlier writes to memory before it. Does nothing once the device is
 * gone. Any context.
 */
void mynic_hw_write(struct mynic_dev *mdev, u32 reg, u32 val)
{
	void __iomem *regs = READ_ONCE(mdev->hw.regs);

	if (likely(regs))
		writel(val, regs + reg);
}

static void mynic_hw_write64(struct mynic_dev *mdev, u32 reg_lo, u64 val)
{
	mynic_hw_write(mdev, reg_lo, lower_32_bits(val));
	mynic_hw_write(mdev, reg_lo + 4, upper_32_bits(val));
}

/**
 * mynic_hw_identify() - is this a card that the driver can drive?
 * @mdev: the card, registers mapped
 *
 * Return: 0, or -ENODEV with a message.
 */
int mynic_hw_identify(struct mynic_dev *mdev)
{
	struct device *dev = &mdev->pdev->dev;
	u32 id = mynic_hw_read(mdev, MYNIC_REG_ID);
	u32 major = FIELD_GET(MYNIC_ID_MAJOR_MASK, id);

	if (id == MYNIC_ALL_ONES)
		return -ENODEV;
	if (FIELD_GET(MYNIC_ID_MAGIC_MASK, id) != MYNIC_ID_MAGIC) {
		dev_err(dev, "not a mynic card: identity 0x%08x, expected 0x%04xXXXX\n",
			id, MYNIC_ID_MAGIC);
		return -ENODEV;
	}
	if (major != MYNIC_ABI_MAJOR) {
		dev_err(dev, "the device has version %u.%u of the contract and this driver needs %u.x: use a driver and a device of the same release\n",
			major, (u32)FIELD_GET(MYNIC_ID_MINOR_MASK, id),
			MYNIC_ABI_MAJOR);
		return -ENODEV;
	}
	return 0;
}

/* One limit from the device: refused when outside what the driver can use. */
static bool mynic_hw_bad_limit(struct mynic_dev *mdev, const char *what,
			       u32 val, u32 min, u32 max)
{
	if (val >= min && val <= max)
		return false;
	dev_err(&mdev->pdev->dev, "the device reports %u as %s, outside %u to %u\n",
		val, what, min, max);
	return true;
}

/**
 * mynic_hw_read_limits() - read features and limits, and distrust them
 * @mdev: the card, identified
 *
 * Return: 0, or -ENODEV with a message if a limit makes no sense.
 */
int mynic_hw_read_limits(struct mynic_dev *mdev)
{
	struct mynic_hw *hw = &mdev->hw;
	u32 val, tx_min_slots;

	hw->dev_features = mynic_hw_read(mdev, MYNIC_REG_DEV_FEATURES_HI);
	hw->dev_features <<= 32;
	hw->dev_features |= mynic_hw_read(mdev, MYNIC_REG_DEV_FEATURES_LO);

	val = mynic_hw_read(mdev, MYNIC_REG_MAX_QUEUE_PAIRS);
	if (mynic_hw_bad_limit(mdev, "its number of queue pairs", val, 1,
			       MYNIC_MAX_QUEUE_PAIRS))
		return -ENODEV;
	hw->max_pairs = val;

	val = mynic_hw_read(mdev, MYNIC_REG_MAX_VECTORS);
	if (mynic_hw_bad_limit(mdev, "its number of MSI-X vectors", val, 2,
			       2048))
		return -ENODEV;
	hw->max_vectors = val;

	val = mynic_hw_read(mdev, MYNIC_REG_TX_LIMITS);
	hw->tx_log2_min = FIELD_GET(MYNIC_LIMITS_LOG2_MIN_MASK, val);
	hw->tx_log2_max = FIELD_GET(MYNIC_LIMITS_LOG2_MAX_MASK, val);
	hw->tx_max_slots = FIELD_GET(MYNIC_LIMITS_TX_SLOTS_MASK, val);
	tx_min_slots = 3;
	if (mynic_hw_bad_limit(mdev, "log2 of its largest transmit ring",
			       hw->tx_log2_max, 1, MYNIC_SANE_LOG2_MAX) ||
	    mynic_hw_bad_limit(mdev, "log2 of its smallest transmit ring",
			       hw->tx_log2_min, 0, hw->tx_log2_max) ||
	    mynic_hw_bad_limit(mdev, "its most slots of a packet",
			       hw->tx_max_slots, tx_min_slots, U16_MAX))
		return -ENODEV;

	val = mynic_hw_read(mdev, MYNIC_REG_RX_LIMITS);
	hw->rx_log2_min = FIELD_GET(MYNIC_LIMITS_LOG2_MIN_MASK, val);
	hw->rx_log2_max = FIELD_GET(MYNIC_LIMITS_LOG2_MAX_MASK, val);
	if (mynic_hw_bad_limit(mdev, "log2 of its largest receive ring",
			       hw->rx_log2_max, 1, MYNIC_SANE_LOG2_MAX) ||
	    mynic_hw_bad_limit(mdev, "log2 of its smallest receive ring",
			       hw->rx_log2_min, 0, hw->rx_log2_max))
		return -ENODEV;

	hw->tx_max_len = mynic_hw_read(mdev, MYNIC_REG_TX_MAX_LEN);
	hw->max_mtu = mynic_hw_read(mdev, MYNIC_REG_MAX_MTU);
	if (mynic_hw_bad_limit(mdev, "its largest MTU", hw->max_mtu,
			       ETH_DATA_LEN, U16_MAX) ||
	    mynic_hw_bad_limit(mdev, "its longest packet", hw->tx_max_len,
			       hw->max_mtu + VLAN_ETH_HLEN, SZ_16M))
		return -ENODEV;
	hw->tx_frame_max = min_t(u32, hw->tx_max_len, MYNIC_TX_FRAME_MAX);

	val = mynic_hw_read(mdev, MYNIC_REG_RSS_LIMITS);
	hw->rss_table_max = FIELD_GET(MYNIC_RSS_LIMITS_TABLE_MASK, val);
	hw->rss_key_len = FIELD_GET(MYNIC_RSS_LIMITS_KEY_MASK, val);
	/* There is one even if it does not hash. */
	hw->rss_contexts = max(FIELD_GET(MYNIC_RSS_LIMITS_CTX_MASK, val), 1U);
	if ((hw->dev_features & MYNIC_F_RSS) &&
	    (mynic_hw_bad_limit(mdev, "entries of its indirection table",
				hw->rss_table_max, 1, MYNIC_RSS_TABLE_SIZE) ||
	     mynic_hw_bad_limit(mdev, "bytes of its hash key",
				hw->rss_key_len, MYNIC_RSS_KEY_SIZE,
				MYNIC_RSS_KEY_SIZE)))
		return -ENODEV;
	if (hw->dev_features & MYNIC_F_RSS)
		hw->rss_table_max = rounddown_pow_of_two(hw->rss_table_max);

	if (hw->dev_features & MYNIC_F_FLOW_RULES) {
		val = mynic_hw_read(mdev, MYNIC_REG_RULE_LIMITS);
		hw->rules = FIELD_GET(MYNIC_RULE_LIMITS_RULES_MASK, val);
		if (mynic_hw_bad_limit(mdev, "its number of flow rules",
				       hw->rules, 1, U16_MAX))
			return -ENODEV;
	}

	/* More than one command can carry would be of no use. */
	val = mynic_hw_read(mdev, MYNIC_REG_MAC_FILTERS);
	hw->mac_filters = min_t(u32, val, MYNIC_ADMIN_DATA_MAX /
					  sizeof(struct mynic_mac_entry));

	val = mynic_hw_read(mdev, MYNIC_REG_DOORBELL_STRIDE);
	if (mynic_hw_bad_limit(mdev, "bytes between doorbell pages", val,
			       MYNIC_DB_CQ_ARM_ODD + sizeof(u32), SZ_64K) ||
	    mynic_hw_bad_limit(mdev, "odd bytes between doorbell pages",
			       val % sizeof(u32), 0, 0))
		return -ENODEV;
	hw->db_stride = val;

	val = mynic_hw_read(mdev, MYNIC_REG_ADMIN_LIMITS);
	hw->admin_log2_max = FIELD_GET(MYNIC_ADMIN_LIMITS_LOG2_MASK, val);
	if (mynic_hw_bad_limit(mdev, "log2 of its largest admin ring",
			       hw->admin_log2_max, 1, MYNIC_SANE_LOG2_MAX))
		return -ENODEV;

	return mynic_hw_gone(mdev) ? -ENODEV : 0;
}

static int mynic_hw_wait(struct mynic_dev *mdev, u32 wanted, u32 *status)
{
	int err;

	err = read_poll_timeout(mynic_hw_read, *status,
				*status == MYNIC_ALL_ONES || *status & wanted,
				MYNIC_HW_POLL_US, MYNIC_HW_TIMEOUT_US, false,
				mdev, MYNIC_REG_STATUS);
	if (*status == MYNIC_ALL_ONES)
		return -ENODEV;
	return err;
}

/**
 * mynic_hw_reset() - reset the device and wait until it is ready
 * @mdev: the card
 *
 * On success the device has forgotten all queues; no DMA and no interrupt
 * happen any more. Process context.
 *
 * Return: 0, -ENODEV if the device is gone, or -ETIMEDOUT with a message.
 */
int mynic_hw_reset(struct mynic_dev *mdev)
{
	u32 status;
	int err;

	mynic_hw_write(mdev, MYNIC_REG_CTRL, MYNIC_CTRL_RESET);
	err = mynic_hw_wait(mdev, MYNIC_STATUS_READY, &status);
	if (err == -ETIMEDOUT)
		dev_err(&mdev->pdev->dev,
			"the device did not become ready after reset: status 0x%08x\n",
			status);
	return err;
}

/**
 * mynic_hw_enable() - hand the admin rings over and enable the device
 * @mdev: the card, reset; features and admin rings set
 *
 * Process context.
 *
 * Return: 0, or a negative errno with a message.
 */
int mynic_hw_enable(struct mynic_dev *mdev)
{
	const struct mynic_admin *admin = &mdev->admin;
	struct device *dev = &mdev->pdev->dev;
	u32 status, code;
	int err;

	mynic_hw_write(mdev, MYNIC_REG_DRIVER_ID, MYNIC_DRIVER_ID);
	mynic_hw_write64(mdev, MYNIC_REG_DRV_FEATURES_LO, mdev->features);
	mynic_hw_write64(mdev, MYNIC_REG_ASQ_LO, admin->asq_dma);
	mynic_hw_write64(mdev, MYNIC_REG_ACQ_LO, admin->acq_dma);
	mynic_hw_write64(mdev, MYNIC_REG_AEQ_LO, admin->aeq_dma);
	mynic_hw_write(mdev, MYNIC_REG_ADMIN_SIZES,
		       FIELD_PREP(MYNIC_ADMIN_SIZES_ASQ_MASK,
				  admin->log2_size) |
		       FIELD_PREP(MYNIC_ADMIN_SIZES_AEQ_MASK,
				  admin->aeq_log2_size));
	mynic_hw_write(mdev, MYNIC_REG_CTRL, MYNIC_CTRL_ENABLE);

	err = mynic_hw_wait(mdev, MYNIC_STATUS_ENABLED |
				  MYNIC_STATUS_ERROR_MASK, &status);
	if (err == -ENODEV)
		return err;
	code = FIELD_GET(MYNIC_STATUS_ERROR_MASK, status);
	if (!err && !code)
		return 0;

	if (err)
		dev_err(dev, "the device did not answer ENABLE: status 0x%08x\n",
			status);
	else if (code == MYNIC_ERR_VERSION)
		dev_err(dev, "the device refuses a driver of version %u.%u of the contract: use a driver and a device of the same release\n",
			MYNIC_ABI_MAJOR, MYNIC_ABI_MINOR);
	else if (code == MYNIC_ERR_FEATURE)
		dev_err(dev, "the device refuses features 0x%llx of the 0x%llx it offers\n",
			mdev->features, mdev->hw.dev_features);
	else
		dev_err(dev, "the device refuses to be enabled: error %u\n",
			code);
	return err ?: mynic_status_to_errno(code);
}

/**
 * mynic_hw_test_echo() - self-test of register access
 * @mdev: the card
 *
 * Each bit and its neighbours in both states.
 *
 * Return: 0, or the number, from 1, of the pattern that did not come back
 * complemented.
 */
int mynic_hw_test_echo(struct mynic_dev *mdev)
{
	static const u32 patterns[] = {
		0, ~0U, 0x55555555, 0xaaaaaaaa, 0x01234567, 0xfedcba98,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		mynic_hw_write(mdev, MYNIC_REG_TEST_ECHO, patterns[i]);
		if (mynic_hw_read(mdev, MYNIC_REG_TEST_ECHO) != ~patterns[i])
			return i + 1;
	}
	return 0;
}

/**
 * mynic_hw_test_irq() - self-test: have the device raise an MSI-X vector
 * @mdev: the card
 * @vector: its number
 */
void mynic_hw_test_irq(struct mynic_dev *mdev, u16 vector)
{
	mynic_hw_write(mdev, MYNIC_REG_TEST_IRQ, vector);
}
