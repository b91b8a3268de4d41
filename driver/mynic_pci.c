// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI function: probe, remove, error recovery, power management.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/pm.h>

#include "mynic.h"

static const struct pci_device_id mynic_pci_ids[] = {
	{ PCI_DEVICE(MYNIC_PCI_VENDOR_ID, MYNIC_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, mynic_pci_ids);

static void mynic_unmap(struct mynic_dev *mdev)
{
	mynic_hw_detach(mdev);
	if (mdev->hw.db_base)
		pci_iounmap(mdev->pdev, mdev->hw.db_base);
	if (mdev->hw.regs_base)
		pci_iounmap(mdev->pdev, mdev->hw.regs_base);
}

static int mynic_map(struct mynic_dev *mdev)
{
	struct pci_dev *pdev = mdev->pdev;
	resource_size_t len = pci_resource_len(pdev, MYNIC_BAR_REGS);

	if (len < MYNIC_BAR_REGS_SIZE) {
		dev_err(&pdev->dev, "register BAR of %llu bytes, %u are needed\n",
			(u64)len, MYNIC_BAR_REGS_SIZE);
		return -ENODEV;
	}
	mdev->hw.regs_base = pci_iomap(pdev, MYNIC_BAR_REGS, 0);
	mdev->hw.db_base = pci_iomap(pdev, MYNIC_BAR_DOORBELLS, 0);
	if (!mdev->hw.regs_base || !mdev->hw.db_base) {
		dev_err(&pdev->dev, "cannot map the BARs\n");
		mynic_unmap(mdev);
		return -ENOMEM;
	}
	mynic_hw_attach(mdev);
	return 0;
}

static int mynic_set_dma_mask(struct pci_dev *pdev)
{
	int err;

	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (err)
		dev_err(&pdev->dev, "no usable DMA addressing: %pe\n",
			ERR_PTR(err));
	return err;
}

/* Find out who is there and what it can do; leaves the device reset. */
static int mynic_discover(struct mynic_dev *mdev)
{
	struct pci_dev *pdev = mdev->pdev;
	resource_size_t len = pci_resource_len(pdev, MYNIC_BAR_DOORBELLS);
	int err;

	err = mynic_hw_identify(mdev);
	if (!err)
		err = mynic_hw_reset(mdev);
	if (!err)
		err = mynic_hw_read_limits(mdev);
	if (err)
		return err;

	if (len < (u64)mdev->hw.max_pairs * mdev->hw.db_stride) {
		dev_err(&pdev->dev, "doorbell BAR of %llu bytes is too small for %u queue pairs with %u bytes each\n",
			(u64)len, mdev->hw.max_pairs, mdev->hw.db_stride);
		return -ENODEV;
	}
	if (mynic_hw_test_echo(mdev)) {
		dev_err(&pdev->dev, "register self-test failed: what is written does not come back\n");
		return -EIO;
	}
	return 0;
}

/* For good: the device does no DMA and gets no commands on return. */
static void mynic_stop_device(struct mynic_dev *mdev)
{
	mynic_reset_cancel(mdev);
	mynic_admin_stop(mdev);
	if (mynic_hw_reset(mdev))
		pci_clear_master(mdev->pdev);
}

static int mynic_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *netdev;
	struct mynic_dev *mdev;
	struct mynic_net *mn;
	const char *reason;
	int err;

	mdev = kzalloc(sizeof(*mdev), GFP_KERNEL);
	if (!mdev)
		return -ENOMEM;
	mdev->pdev = pdev;
	pci_set_drvdata(pdev, mdev);
	mynic_reset_init(mdev);

	err = pci_enable_device_mem(pdev);
	if (err) {
		dev_err(&pdev->dev, "cannot enable the device: %pe\n",
			ERR_PTR(err));
		goto err_free;
	}
	err = pci_request_mem_regions(pdev, MYNIC_DRV_NAME);
	if (err) {
		dev_err(&pdev->dev, "cannot reserve the BARs: %pe\n",
			ERR_PTR(err));
		goto err_disable;
	}
	err = mynic_set_dma_mask(pdev);
	if (err)
		goto err_release;
	err = mynic_map(mdev);
	if (err)
		goto err_release;
	err = mynic_discover(mdev);
	if (err)
		goto err_unmap;
	/* Not before the reset: whoever had the device last may have lost it
	 * with queues that run, into memory that is somebody else's by now.
	 */
	pci_set_master(pdev);

	netdev = mynic_netdev_alloc(mdev);
	if (!netdev) {
		err = -ENOMEM;
		goto err_unmap;
	}
	mdev->netdev = netdev;
	mn = netdev_priv(netdev);

	err = mynic_admin_init(mdev);
	if (err)
		goto err_netdev;
	err = mynic_irq_init(mdev);
	if (err)
		goto err_admin;
	mdev->features = mynic_netdev_features(&mdev->hw);
	err = mynic_admin_start(mdev);
	if (err)
		goto err_stop;
	err = mynic_netdev_init(mn);
	if (err)
		goto err_stop;
	mynic_debugfs_add(mdev);
	pci_save_state(pdev);

	/* All went well, and yet the device may have given up meanwhile. */
	if (mynic_reset_wanted(mdev) || mynic_hw_gone(mdev)) {
		err = -EIO;
		goto err_debugfs;
	}
	err = register_netdev(netdev);
	if (err) {
		dev_err(&pdev->dev, "cannot register the network device: %pe\n",
			ERR_PTR(err));
		goto err_debugfs;
	}
	mynic_reset_allow(mdev);
	netdev_info(netdev, "mynic %s, %u queue pairs, %pM\n",
		    mdev->info.fw_version, mdev->max_channels,
		    netdev->dev_addr);
	return 0;

err_debugfs:
	mynic_stats_stop(mn);
	mynic_debugfs_remove(mdev);
err_stop:
	/* It may have found the device broken, which ended the probe, and not
	 * have come to say why.
	 */
	flush_work(&mdev->admin.event_work);
	reason = mynic_reset_wanted(mdev);
	if (reason)
		dev_err(&pdev->dev, "the device failed while it was set up (%s) and is left alone; binding the driver again tries again\n",
			reason);
	mynic_stop_device(mdev);
	mynic_irq_free(mdev);
	/* Behind the interrupt, which schedules it. */
	cancel_work_sync(&mdev->admin.event_work);
	mynic_reset_cancel(mdev);
err_admin:
	mynic_admin_free(mdev);
err_netdev:
	mdev->netdev = NULL;
	mynic_netdev_free(mn);
err_unmap:
	mynic_unmap(mdev);
err_release:
	pci_release_mem_regions(pdev);
err_disable:
	pci_disable_device(pdev);
err_free:
	kfree(mdev);
	return err;
}

static void mynic_remove(struct pci_dev *pdev)
{
	struct mynic_dev *mdev = pci_get_drvdata(pdev);
	struct mynic_net *mn = netdev_priv(mdev->netdev);

	mynic_reset_cancel(mdev);
	unregister_netdev(mdev->netdev);
	mynic_stats_stop(mn);
	mynic_debugfs_remove(mdev);
	mynic_stop_device(mdev);
	mynic_irq_free(mdev);
	/* Behind the interrupt, which schedules it. */
	cancel_work_sync(&mdev->admin.event_work);
	mynic_reset_cancel(mdev);
	mynic_admin_free(mdev);
	mdev->netdev = NULL;
	mynic_netdev_free(mn);
	mynic_unmap(mdev);
	pci_release_mem_regions(pdev);
	/* Not if error recovery disabled it and did not come to an end. */
	if (pci_is_enabled(pdev))
		pci_disable_device(pdev);
	kfree(mdev);
}

static void mynic_shutdown(struct pci_dev *pdev)
{
	struct mynic_dev *mdev = pci_get_drvdata(pdev);

	mynic_reset_cancel(mdev);
	/* The next kernel must find a device that leaves memory alone. */
	mynic_reset_prepare(mdev);
	pci_clear_master(pdev);
}

static pci_ers_result_t mynic_error_detected(struct pci_dev *pdev,
					     pci_channel_state_t state)
{
	struct mynic_dev *mdev = pci_get_drvdata(pdev);

	netdev_warn(mdev->netdev, "PCI error, channel state %u\n", state);
	/* The link works, and our own reset is enough, without that of the
	 * slot, which others may share.
	 */
	if (state == pci_channel_io_normal) {
		mynic_reset_prepare(mdev);
		return PCI_ERS_RESULT_CAN_RECOVER;
	}

	/* In any other state there is nobody to talk to. */
	mynic_hw_detach(mdev);
	mynic_reset_prepare(mdev);
	if (state == pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_DISCONNECT;
	pci_disable_device(pdev);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t mynic_slot_reset(struct pci_dev *pdev)
{
	struct mynic_dev *mdev = pci_get_drvdata(pdev);
	int err = 0;

	/* It still is if the slot is reset for the sake of another one. */
	if (!pci_is_enabled(pdev))
		err = pci_enable_device_mem(pdev);
	if (err) {
		dev_err(&pdev->dev, "cannot enable the device after a slot reset: %pe\n",
			ERR_PTR(err));
		return PCI_ERS_RESULT_DISCONNECT;
	}
	pci_set_master(pdev);
	pci_restore_state(pdev);
	pci_save_state(pdev);
	mynic_hw_attach(mdev);
	if (mynic_hw_identify(mdev))
		return PCI_ERS_RESULT_DISCONNECT;
	return PCI_ERS_RESULT_RECOVERED;
}

static void mynic_error_resume(struct pci_dev *pdev)
{
	mynic_reset_done(pci_get_drvdata(pdev), MYNIC_RESET_AER);
}

static void mynic_flr_prepare(struct pci_dev *pdev)
{
	mynic_reset_prepare(pci_get_drvdata(pdev));
}

static void mynic_flr_done(struct pci_dev *pdev)
{
	mynic_reset_done(pci_get_drvdata(pdev), MYNIC_RESET_FLR);
}

static const struct pci_error_handlers mynic_error_handlers = {
	.error_detected	= mynic_error_detected,
	.slot_reset	= mynic_slot_reset,
	.resume		= mynic_error_resume,
	.reset_prepare	= mynic_flr_prepare,
	.reset_done	= mynic_flr_done,
};

static int mynic_suspend(struct device *dev)
{
	mynic_reset_prepare(dev_get_drvdata(dev));
	return 0;
}

static int mynic_resume(struct device *dev)
{
	return mynic_reset_done(dev_get_drvdata(dev), MYNIC_RESET_PM);
}

static DEFINE_SIMPLE_DEV_PM_OPS(mynic_pm_ops, mynic_suspend, mynic_resume);

static struct pci_driver mynic_pci_driver = {
	.name		= MYNIC_DRV_NAME,
	.id_table	= mynic_pci_ids,
	.probe		= mynic_probe,
	.remove		= mynic_remove,
	.shutdown	= mynic_shutdown,
	.err_handler	= &mynic_error_handlers,
	.driver.pm	= pm_sleep_ptr(&mynic_pm_ops),
};

static int __init mynic_module_init(void)
{
	int err;

	mynic_debugfs_module_init();
	err = pci_register_driver(&mynic_pci_driver);
	if (err)
		mynic_debugfs_module_exit();
	return err;
}
module_init(mynic_module_init);

static void __exit mynic_module_exit(void)
{
	pci_unregister_driver(&mynic_pci_driver);
	mynic_debugfs_module_exit();
}
module_exit(mynic_module_exit);

MODULE_DESCRIPTION("mynic multiqueue network card");
MODULE_AUTHOR("mynic contributors");
MODULE_LICENSE("GPL");
