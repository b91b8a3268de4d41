/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Life of the rings: allocated, handed to the device, started, stopped,
 * exchanged.
 */
#ifndef MYNIC_QUEUE_H
#define MYNIC_QUEUE_H

#include <linux/types.h>

struct mynic_cmd_moderation;
struct mynic_net;
struct mynic_queue_cfg;
struct mynic_vector;
struct netdev_queue_mgmt_ops;
struct netlink_ext_ack;

extern const struct netdev_queue_mgmt_ops mynic_queue_mgmt_ops;

int mynic_queues_alloc(struct mynic_net *mn);
void mynic_queues_free(struct mynic_net *mn);
int mynic_queues_up(struct mynic_net *mn);
void mynic_queues_quiesce(struct mynic_net *mn);
void mynic_queues_clean(struct mynic_net *mn);
void mynic_queues_down(struct mynic_net *mn);
bool mynic_queues_error(struct mynic_net *mn);
int mynic_queue_cfg_check(const struct mynic_net *mn,
			  const struct mynic_queue_cfg *cfg,
			  struct netlink_ext_ack *extack);
int mynic_reconfigure(struct mynic_net *mn, const struct mynic_queue_cfg *cfg,
		      struct netlink_ext_ack *extack);
int mynic_queue_set_moderation(struct mynic_vector *vec,
			       const struct mynic_cmd_moderation *rx,
			       const struct mynic_cmd_moderation *tx);

#endif /* MYNIC_QUEUE_H */
