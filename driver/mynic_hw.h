/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers and doorbells: the only place that reads or writes them.
 */
#ifndef MYNIC_HW_H
#define MYNIC_HW_H

#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/types.h>

#include "mynic_abi.h"

struct mynic_dev;

/**
 * struct mynic_hw - BARs and what the device says of itself
 * @db: doorbell BAR, or NULL once the device is gone
 * @db_stride: bytes from one queue pair's doorbell page to the next
 * @regs: register BAR, or NULL once the device is gone
 * @db_base: doorbell BAR as mapped
 * @regs_base: register BAR as mapped
 * @dev_features: MYNIC_F_* that the device offers
 * @max_pairs: queue pairs
 * @max_vectors: MSI-X vectors
 * @tx_log2_min: smallest transmit ring in log2
 * @tx_log2_max: largest transmit ring in log2
 * @tx_max_slots: most slots of a packet
 * @tx_max_len: largest packet of transmit, bytes with all headers
 * @tx_frame_max: the same of packets that are not to be cut
 * @rx_log2_min: smallest receive ring in log2
 * @rx_log2_max: largest receive ring in log2
 * @max_mtu: largest MTU
 * @rss_table_max: entries of the indirection table
 * @rss_key_len: bytes of the hash key
 * @rss_contexts: RSS contexts, the default one included
 * @rules: flow rules, 0 if the device has none
 * @mac_filters: perfect-match addresses beside the station address
 * @admin_log2_max: largest admin and event ring in log2
 */
struct mynic_hw {
	void __iomem *db;
	u32 db_stride;
	void __iomem *regs;
	void __iomem *db_base;
	void __iomem *regs_base;
	u64 dev_features;
	u16 max_pairs;
	u16 max_vectors;
	u8 tx_log2_min;
	u8 tx_log2_max;
	u16 tx_max_slots;
	u32 tx_max_len;
	u32 tx_frame_max;
	u8 rx_log2_min;
	u8 rx_log2_max;
	u32 max_mtu;
	u16 rss_table_max;
	u16 rss_key_len;
	u16 rss_contexts;
	u16 rules;
	u16 mac_filters;
	u8 admin_log2_max;
};

/**
 * mynic_hw_doorbell() - write one doorbell of a queue pair
 * @hw: the hardware
 * @pair: number of the queue pair
 * @reg: MYNIC_DB_*
 * @val: free-running index
 *
 * Orders earlier writes to memory before the doorbell, as writel() does.
 * Does nothing once the device is gone. Any context.
 */
static inline void mynic_hw_doorbell(const struct mynic_hw *hw, u32 pair,
				     u32 reg, u32 val)
{
	void __iomem *db = READ_ONCE(hw->db);

	if (likely(db))
		writel(val, db + (size_t)pair * hw->db_stride + reg);
}

u32 mynic_hw_read(struct mynic_dev *mdev, u32 reg);
void mynic_hw_write(struct mynic_dev *mdev, u32 reg, u32 val);
bool mynic_hw_gone(const struct mynic_dev *mdev);
void mynic_hw_attach(struct mynic_dev *mdev);
void mynic_hw_detach(struct mynic_dev *mdev);
int mynic_hw_identify(struct mynic_dev *mdev);
int mynic_hw_read_limits(struct mynic_dev *mdev);
int mynic_hw_reset(struct mynic_dev *mdev);
int mynic_hw_enable(struct mynic_dev *mdev);
int mynic_hw_test_echo(struct mynic_dev *mdev);
void mynic_hw_test_irq(struct mynic_dev *mdev, u16 vector);

#endif /* MYNIC_HW_H */
