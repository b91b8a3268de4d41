// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Restarts one receive queue of an interface through its queue_mgmt_ops, as
 * the kernel does for AF_XDP and zero-copy receive:
 *
 *   echo eth0 1 >/sys/module/rx_restart/parameters/restart
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <net/net_namespace.h>
#include <net/netdev_lock.h>
#include <net/netdev_rx_queue.h>

static int rx_restart_set(const char *val, const struct kernel_param *kp)
{
	struct net_device *netdev;
	netdevice_tracker tracker;
	char name[IFNAMSIZ];
	unsigned int rxq;
	int err;

	if (sscanf(val, "%15s %u", name, &rxq) != 2)
		return -EINVAL;
	netdev = netdev_get_by_name(&init_net, name, &tracker, GFP_KERNEL);
	if (!netdev)
		return -ENODEV;

	netdev_lock(netdev);
	if (!netdev->queue_mgmt_ops)
		err = -EOPNOTSUPP;
	else if (rxq >= netdev->real_num_rx_queues)
		err = -ERANGE;
	else
		err = netdev_rx_queue_restart(netdev, rxq);
	netdev_unlock(netdev);

	netdev_put(netdev, &tracker);
	return err;
}

static const struct kernel_param_ops rx_restart_ops = {
	.set = rx_restart_set,
};

module_param_cb(restart, &rx_restart_ops, NULL, 0200);
MODULE_PARM_DESC(restart, "interface and number of the receive queue");

MODULE_DESCRIPTION("Restarts one receive queue, for tests");
MODULE_AUTHOR("mynic contributors");
MODULE_IMPORT_NS("NETDEV_INTERNAL");
MODULE_LICENSE("GPL");
