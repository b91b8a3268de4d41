// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: registers, the state of each ring as the driver and as the device
 * see it, and hits of flow rules, under mynic/PCI-ADDRESS/.
 */
#include <linux/debugfs.h>
#include <linux/netdevice.h>
#include <linux/seq_file.h>

#include "mynic.h"
#include "mynic_ethtool.h"
#include "mynic_ring.h"
#include "mynic_rules.h"

#define MYNIC_REG_NAMED(_name)	{ #_name, MYNIC_REG_##_name }

/* Registers that can be read; reading changes nothing. */
static const struct {
	const char *name;
	u32 offset;
} mynic_regs[] = {
	MYNIC_REG_NAMED(ID),
	MYNIC_REG_NAMED(DRIVER_ID),
	MYNIC_REG_NAMED(CTRL),
	MYNIC_REG_NAMED(STATUS),
	MYNIC_REG_NAMED(DEV_FEATURES_LO),
	MYNIC_REG_NAMED(DEV_FEATURES_HI),
	MYNIC_REG_NAMED(DRV_FEATURES_LO),
	MYNIC_REG_NAMED(DRV_FEATURES_HI),
	MYNIC_REG_NAMED(MAX_QUEUE_PAIRS),
	MYNIC_REG_NAMED(MAX_VECTORS),
	MYNIC_REG_NAMED(TX_LIMITS),
	MYNIC_REG_NAMED(RX_LIMITS),
	MYNIC_REG_NAMED(TX_MAX_LEN),
	MYNIC_REG_NAMED(MAX_MTU),
	MYNIC_REG_NAMED(RSS_LIMITS),
	MYNIC_REG_NAMED(MAC_FILTERS),
	MYNIC_REG_NAMED(DOORBELL_STRIDE),
	MYNIC_REG_NAMED(ADMIN_LIMITS),
	MYNIC_REG_NAMED(RULE_LIMITS),
	MYNIC_REG_NAMED(ASQ_LO),
	MYNIC_REG_NAMED(ASQ_HI),
	MYNIC_REG_NAMED(ACQ_LO),
	MYNIC_REG_NAMED(ACQ_HI),
	MYNIC_REG_NAMED(AEQ_LO),
	MYNIC_REG_NAMED(AEQ_HI),
	MYNIC_REG_NAMED(ADMIN_SIZES),
	MYNIC_REG_NAMED(TEST_ECHO),
};

/* Bytes of the dump: each register at its own offset, 0 between them. */
#define MYNIC_REGS_LEN		(MYNIC_REG_TEST_ECHO + sizeof(u32))

static struct dentry *mynic_debugfs_root;

/* A register as it is; 0 for one that the device does not have. */
static u32 mynic_reg_value(struct mynic_dev *mdev, u32 offset)
{
	if (offset == MYNIC_REG_RULE_LIMITS && !mdev->hw.rules)
		return 0;
	return mynic_hw_read(mdev, offset);
}

/**
 * mynic_regs_len() - bytes that mynic_regs_read() writes
 *
 * Return: their number
 */
int mynic_regs_len(void)
{
	return MYNIC_REGS_LEN;
}

/**
 * mynic_regs_read() - read the registers for ethtool -d
 * @mdev: the card
 * @words: receives them, zeroed: the register of an offset at that offset
 */
void mynic_regs_read(struct mynic_dev *mdev, u32 *words)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mynic_regs); i++)
		words[mynic_regs[i].offset / sizeof(*words)] =
			mynic_reg_value(mdev, mynic_regs[i].offset);
}

static int mynic_registers_show(struct seq_file *s, void *unused)
{
	struct mynic_dev *mdev = s->private;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mynic_regs); i++)
		seq_printf(s, "%03x  %08x  %s\n", mynic_regs[i].offset,
			   mynic_reg_value(mdev, mynic_regs[i].offset),
			   mynic_regs[i].name);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mynic_registers);

static void mynic_ctl_show(struct seq_file *s, const char *name,
			   const struct mynic_queue_ctl *ctl, dma_addr_t dma)
{
	seq_printf(s, "  %s control block at %pad: tail %u arm %u | head %u kick %u error %u\n",
		   name, &dma, le32_to_cpu(READ_ONCE(ctl->tail)),
		   le32_to_cpu(READ_ONCE(ctl->arm)),
		   le32_to_cpu(READ_ONCE(ctl->head)),
		   le32_to_cpu(READ_ONCE(ctl->kick)),
		   le32_to_cpu(READ_ONCE(ctl->error)));
}

static void mynic_tx_ring_show(struct seq_file *s,
			       const struct mynic_tx_ring *ring)
{
	u32 index, use = READ_ONCE(ring->next_to_use);

	seq_printf(s, "tx%u: %u slots at %pad, %s%s\n", ring->idx,
		   ring->mask + 1, &ring->dma,
		   netif_tx_queue_stopped(ring->txq) ? "stopped" : "running",
		   ring->broken ? ", broken" : "");
	seq_printf(s, "  driver: next_to_use %u published %u next_to_clean %u armed %u\n",
		   use, ring->published, ring->next_to_clean, ring->armed);
	mynic_ctl_show(s, "TX", ring->ctl, ring->ctl_dma);

	for (index = ring->next_to_clean; (s32)(use - index) > 0; index++) {
		u32 i = index & ring->mask;
		const union mynic_tx_slot *slot = &ring->slots[i];

		seq_printf(s, "  %6u: %*ph%s\n", i, (int)sizeof(*slot), slot,
			   ring->info[i].skb ? "  first of a packet" : "");
	}
}

static void mynic_rx_ring_show(struct seq_file *s,
			       struct mynic_rx_ring *ring)
{
	seq_printf(s, "rx%u: %u buffers at %pad, completions at %pad%s\n",
		   ring->idx, ring->mask + 1, &ring->dma, &ring->cq_dma,
		   ring->broken ? ", broken" : "");
	seq_printf(s, "  driver: next_to_post %u published %u next_to_clean %u cq_head %u\n",
		   ring->next_to_post, ring->published, ring->next_to_clean,
		   ring->cq_head);
	seq_printf(s, "  driver: %u bytes posted, next buffers %u bytes, average packet %lu bytes\n",
		   ring->posted_bytes, ring->buf_size,
		   ewma_mynic_len_read(&ring->avg_len));
	mynic_ctl_show(s, "RX", ring->ctl, ring->ctl_dma);
	mynic_ctl_show(s, "CQ", ring->cq_ctl, ring->cq_ctl_dma);
}

/* Slots change while they are shown, rings do not: both locks are held. */
static int mynic_tx_rings_show(struct seq_file *s, void *unused)
{
	struct mynic_dev *mdev = s->private;
	struct mynic_net *mn = netdev_priv(mdev->netdev);
	u16 i;

	mynic_lock(mdev->netdev);
	for (i = 0; i < mdev->max_channels; i++)
		if (mn->tx[i])
			mynic_tx_ring_show(s, mn->tx[i]);
	mynic_unlock(mdev->netdev);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mynic_tx_rings);

static int mynic_rx_rings_show(struct seq_file *s, void *unused)
{
	struct mynic_dev *mdev = s->private;
	struct mynic_net *mn = netdev_priv(mdev->netdev);
	u16 i;

	mynic_lock(mdev->netdev);
	for (i = 0; i < mdev->max_channels; i++)
		if (mn->rx[i])
			mynic_rx_ring_show(s, mn->rx[i]);
	mynic_unlock(mdev->netdev);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mynic_rx_rings);

static int mynic_flow_rules_show(struct seq_file *s, void *unused)
{
	struct mynic_dev *mdev = s->private;

	mynic_lock(mdev->netdev);
	mynic_rules_show(netdev_priv(mdev->netdev), s);
	mynic_unlock(mdev->netdev);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mynic_flow_rules);

/**
 * mynic_debugfs_add() - make a card's directory
 * @mdev: the card, its net_device registered
 */
void mynic_debugfs_add(struct mynic_dev *mdev)
{
	struct dentry *dir;

	dir = debugfs_create_dir(pci_name(mdev->pdev), mynic_debugfs_root);
	debugfs_create_file("registers", 0400, dir, mdev,
			    &mynic_registers_fops);
	debugfs_create_file("tx_rings", 0400, dir, mdev, &mynic_tx_rings_fops);
	debugfs_create_file("rx_rings", 0400, dir, mdev, &mynic_rx_rings_fops);
	debugfs_create_file("flow_rules", 0400, dir, mdev,
			    &mynic_flow_rules_fops);
	mdev->debugfs = dir;
}

/**
 * mynic_debugfs_remove() - undo mynic_debugfs_add()
 * @mdev: the card
 */
void mynic_debugfs_remove(struct mynic_dev *mdev)
{
	debugfs_remove_recursive(mdev->debugfs);
	mdev->debugfs = NULL;
}

/**
 * mynic_debugfs_module_init() - make the driver's directory
 */
void mynic_debugfs_module_init(void)
{
	mynic_debugfs_root = debugfs_create_dir(MYNIC_DRV_NAME, NULL);
}

/**
 * mynic_debugfs_module_exit() - undo mynic_debugfs_module_init()
 */
void mynic_debugfs_module_exit(void)
{
	debugfs_remove_recursive(mynic_debugfs_root);
}
