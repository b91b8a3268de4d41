// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one way a device is stopped and started again, whatever the reason:
 * watchdog, admin timeout, queue error, PCI error recovery, function reset,
 * power management. State is replayed from what the driver remembers.
 */
#include <linux/jiffies.h>
#include <linux/netdevice.h>

#include "mynic.h"

/* Attempts before the driver gives the device up. */
#define MYNIC_RESET_ATTEMPTS	5
/* At most one reset in this time, so that a sick device costs little. */
#define MYNIC_RESET_INTERVAL	HZ

const char *const mynic_reset_names[MYNIC_RESET_COUNT] = {
	[MYNIC_RESET_TX_TIMEOUT]	= "tx_timeout",
	[MYNIC_RESET_ADMIN_TIMEOUT]	= "admin_timeout",
	[MYNIC_RESET_ADMIN_ERROR]	= "admin_error",
	[MYNIC_RESET_QUEUE_ERROR]	= "queue_error",
	[MYNIC_RESET_BAD_VALUE]		= "bad_value",
	[MYNIC_RESET_FATAL]		= "fatal",
	[MYNIC_RESET_AER]		= "aer",
	[MYNIC_RESET_FLR]		= "flr",
	[MYNIC_RESET_PM]		= "pm",
	[MYNIC_RESET_USER]		= "user",
};

/* Stop the device and make sure that it touches no memory any more. */
static void mynic_reset_silence(struct mynic_dev *mdev)
{
	mynic_admin_stop(mdev);
	/* If it does not obey take its access to memory away; also if it does
	 * not answer, for it may only have been made deaf.
	 */
	if (mynic_hw_reset(mdev))
		pci_clear_master(mdev->pdev);
	mynic_irq_sync_admin(mdev);
}

/**
 * mynic_reset_kill() - stop a device that does not obey
 * @mdev: the card
 * @reason: why
 *
 * On return the device touches no memory and takes no command; a reset is
 * scheduled. Process context, control locks held.
 */
void mynic_reset_kill(struct mynic_dev *mdev, enum mynic_reset_reason reason)
{
	mynic_assert_locked(mdev->netdev);

	mynic_reset_silence(mdev);
	mynic_reset_schedule(mdev, reason);
}

static void mynic_reset_stop(struct mynic_dev *mdev)
{
	struct mynic_net *mn = netdev_priv(mdev->netdev);

	mynic_assert_locked(mdev->netdev);

	mynic_stats_port_fold(mn);
	mynic_queues_quiesce(mn);
	mynic_reset_silence(mdev);
	mynic_queues_clean(mn);
	/* What was reported until here, the coming start repairs. */
	xchg(&mdev->reset_pending, 0);
}

static int mynic_reset_start(struct mynic_dev *mdev)
{
	struct mynic_net *mn = netdev_priv(mdev->netdev);
	int err;

	mynic_assert_locked(mdev->netdev);

	mynic_hw_attach(mdev);
	err = mynic_hw_identify(mdev);
	if (!err)
		err = mynic_hw_reset(mdev);
	if (!err) {
		/* A device that did not obey may still have had queues. */
		pci_set_master(mdev->pdev);
		err = mynic_admin_start(mdev);
	}
	if (!err)
		err = mynic_config_push(mn);
	if (!err && mn->vectors[0]) {
		err = mynic_queues_up(mn);
		if (!err)
			err = mynic_link_query(mn);
	}
	mdev->reset_last = jiffies;
	if (err)
		return err;

	mdev->reset_failures = 0;
	clear_bit(MYNIC_STATE_FAILED, mdev->state);
	if (!netif_device_present(mdev->netdev))
		netif_device_attach(mdev->netdev);
	return 0;
}

/* Try again later, or give up. */
static void mynic_reset_failed(struct mynic_dev *mdev, int err,
			       enum mynic_reset_reason reason)
{
	struct net_device *netdev = mdev->netdev;

	mynic_reset_stop(mdev);
	/* Nothing can be sent, and nobody need take the queues for stuck. */
	netif_carrier_off(netdev);
	if (!mynic_hw_gone(mdev) &&
	    ++mdev->reset_failures < MYNIC_RESET_ATTEMPTS) {
		netdev_err(netdev, "reset failed: %pe, attempt %u of %u\n",
			   ERR_PTR(err), mdev->reset_failures,
			   MYNIC_RESET_ATTEMPTS);
		mynic_reset_schedule(mdev, reason);
		return;
	}

	set_bit(MYNIC_STATE_FAILED, mdev->state);
	netif_device_detach(netdev);
	netdev_err(netdev, "reset failed: %pe, the device is given up; a function reset (%s/reset) or a reload of the driver may help\n",
		   ERR_PTR(err), pci_name(mdev->pdev));
}

static void mynic_reset_work(struct work_struct *work)
{
	struct mynic_dev *mdev = container_of(to_delayed_work(work),
					      struct mynic_dev, reset_work);
	struct net_device *netdev = mdev->netdev;
	enum mynic_reset_reason first;
	unsigned long pending, bit;
	int err;

	mynic_lock(netdev);
	pending = xchg(&mdev->reset_pending, 0);
	if (!pending || test_bit(MYNIC_STATE_REMOVING, mdev->state) ||
	    test_bit(MYNIC_STATE_SUSPENDED, mdev->state))
		goto out;

	first = __ffs(pending);
	for_each_set_bit(bit, &pending, MYNIC_RESET_COUNT)
		mdev->reset_counts[bit]++;
	netdev_warn(netdev, "resetting the device: %s\n",
		    mynic_reset_names[first]);

	mynic_reset_stop(mdev);
	err = mynic_reset_start(mdev);
	if (err)
		mynic_reset_failed(mdev, err, first);
	else
		netdev_info(netdev, "the device works again\n");
out:
	mynic_unlock(netdev);
}

/**
 * mynic_reset_init() - make mynic_reset_schedule() possible
 * @mdev: the card
 *
 * No reset takes place before mynic_reset_allow().
 */
void mynic_reset_init(struct mynic_dev *mdev)
{
	INIT_DELAYED_WORK(&mdev->reset_work, mynic_reset_work);
	mdev->reset_last = jiffies - MYNIC_RESET_INTERVAL;
	set_bit(MYNIC_STATE_PROBING, mdev->state);
}

/**
 * mynic_reset_wanted() - has a reset been asked for that did not take place?
 * @mdev: the card
 *
 * Return: the name of the reason, as ethtool -S has it, or NULL.
 */
const char *mynic_reset_wanted(const struct mynic_dev *mdev)
{
	unsigned long pending = READ_ONCE(mdev->reset_pending);

	return pending ? mynic_reset_names[__ffs(pending)] : NULL;
}

static void mynic_reset_queue_work(struct mynic_dev *mdev)
{
	unsigned long next = READ_ONCE(mdev->reset_last) +
			     MYNIC_RESET_INTERVAL;

	schedule_delayed_work(&mdev->reset_work,
			      time_before(jiffies, next) ?
			      MYNIC_RESET_INTERVAL : 0);
}

/**
 * mynic_reset_allow() - the network device is registered and can be reset
 * @mdev: the card
 *
 * Makes up for what was asked for too early.
 */
void mynic_reset_allow(struct mynic_dev *mdev)
{
	clear_bit(MYNIC_STATE_PROBING, mdev->state);
	/* Pairs with mynic_reset_schedule(): one of both sees the other's. */
	smp_mb__after_atomic();
	if (mynic_reset_wanted(mdev))
		mynic_reset_queue_work(mdev);
}

/**
 * mynic_reset_schedule() - have the device reset soon
 * @mdev: the card
 * @reason: why
 *
 * Any context. Several reasons before the reset make one reset.
 */
void mynic_reset_schedule(struct mynic_dev *mdev,
			  enum mynic_reset_reason reason)
{
	if (test_bit(MYNIC_STATE_REMOVING, mdev->state))
		return;
	set_bit(reason, &mdev->reset_pending);
	/* Pairs with mynic_reset_allow(). */
	smp_mb__after_atomic();
	if (!test_bit(MYNIC_STATE_PROBING, mdev->state))
		mynic_reset_queue_work(mdev);
}

/**
 * mynic_reset_cancel() - no further reset
 * @mdev: the card
 *
 * Process context, control locks not held.
 */
void mynic_reset_cancel(struct mynic_dev *mdev)
{
	set_bit(MYNIC_STATE_REMOVING, mdev->state);
	cancel_delayed_work_sync(&mdev->reset_work);
}

/**
 * mynic_reset_prepare() - stop the device for somebody who resets it
 * @mdev: the card
 *
 * For PM and PCI error recovery; mynic_reset_done() is the way back. Process
 * context, takes the control locks.
 */
void mynic_reset_prepare(struct mynic_dev *mdev)
{
	mynic_lock(mdev->netdev);
	netif_device_detach(mdev->netdev);
	mynic_reset_stop(mdev);
	set_bit(MYNIC_STATE_SUSPENDED, mdev->state);
	mynic_unlock(mdev->netdev);
}

/**
 * mynic_reset_done() - start the device after mynic_reset_prepare()
 * @mdev: the card
 * @reason: why it was stopped
 *
 * Process context, takes the control locks. If it fails, further attempts
 * are scheduled.
 *
 * Return: 0 or a negative errno.
 */
int mynic_reset_done(struct mynic_dev *mdev, enum mynic_reset_reason reason)
{
	int err;

	mynic_lock(mdev->netdev);
	clear_bit(MYNIC_STATE_SUSPENDED, mdev->state);
	mdev->reset_counts[reason]++;
	err = mynic_reset_start(mdev);
	if (err)
		mynic_reset_failed(mdev, err, reason);
	mynic_unlock(mdev->netdev);
	return err;
}
