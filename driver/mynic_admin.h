/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Admin queue: one command at a time, its answer, and events.
 */
#ifndef MYNIC_ADMIN_H
#define MYNIC_ADMIN_H

#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "mynic_abi.h"

struct mynic_dev;

/**
 * struct mynic_admin - admin queue and event ring of a device
 * @lock: serializes commands; also owns @data
 * @asq: submission ring
 * @acq: completion ring, of the same size
 * @aeq: event ring
 * @data: buffer of MYNIC_ADMIN_DATA_MAX bytes for the command's data
 * @asq_dma: address of @asq
 * @acq_dma: address of @acq
 * @aeq_dma: address of @aeq
 * @data_dma: address of @data
 * @tail: commands submitted since the device was enabled
 * @head: completions read since then
 * @aeq_head: events read since then
 * @log2_size: size of @asq and @acq
 * @aeq_log2_size: size of @aeq
 * @irq_works: vector 0 has been seen to arrive
 * @done: completed by the interrupt, and when no answer will come
 * @event_work: reads the event ring
 */
struct mynic_admin {
	struct mutex lock; /* one command at a time */
	struct mynic_admin_cmd *asq;
	struct mynic_admin_cqe *acq;
	struct mynic_event *aeq;
	void *data;
	dma_addr_t asq_dma;
	dma_addr_t acq_dma;
	dma_addr_t aeq_dma;
	dma_addr_t data_dma;
	u32 tail;
	u32 head;
	u32 aeq_head;
	u8 log2_size;
	u8 aeq_log2_size;
	bool irq_works;
	struct completion done;
	struct work_struct event_work;
};

/**
 * struct mynic_admin_req - one admin command and its answer
 * @op: enum mynic_admin_op
 * @params: parameters, little-endian, the rest 0
 * @in: data for the device, or NULL
 * @in_len: bytes of @in
 * @out: where its data goes, or NULL
 * @out_len: room in @out; on return the bytes written
 * @result: result words, in the CPU's byte order
 * @status: enum mynic_status, or -1 if there was no answer
 * @may_fail: the device may refuse the command and nothing is logged
 */
struct mynic_admin_req {
	enum mynic_admin_op op;
	union mynic_cmd_params params;
	const void *in;
	u32 in_len;
	void *out;
	u32 out_len;
	u64 result[2];
	int status;
	bool may_fail;
};

int mynic_admin_init(struct mynic_dev *mdev);
void mynic_admin_free(struct mynic_dev *mdev);
int mynic_admin_start(struct mynic_dev *mdev);
void mynic_admin_stop(struct mynic_dev *mdev);
void mynic_admin_irq(struct mynic_dev *mdev);
int mynic_admin_exec(struct mynic_dev *mdev, struct mynic_admin_req *req);
int mynic_status_to_errno(u16 status);

#endif /* MYNIC_ADMIN_H */
