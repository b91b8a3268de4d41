// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI-X vectors: vector 0 for admin and events, vector i + 1 for channel i
 * with its NAPI, near the device.
 */
#include <linux/interrupt.h>
#include <linux/netdevice.h>

#include "mynic.h"

static irqreturn_t mynic_irq_admin(int irq, void *data)
{
	mynic_admin_irq(data);
	return IRQ_HANDLED;
}

static irqreturn_t mynic_irq_channel(int irq, void *data)
{
	struct mynic_vector *vec = data;

	/* Interrupts are armed by index, so there is nothing to mask. */
	vec->dim_events++;
	napi_schedule_irqoff(&vec->napi);
	return IRQ_HANDLED;
}

/**
 * mynic_irq_init() - allocate the MSI-X vectors and request that of admin
 * @mdev: the card, limits known
 *
 * Sets num_vectors and max_channels.
 *
 * Return: 0, or a negative errno with a message.
 */
int mynic_irq_init(struct mynic_dev *mdev)
{
	struct pci_dev *pdev = mdev->pdev;
	int wanted, got, err;

	wanted = min(mdev->hw.max_vectors, mdev->hw.max_pairs + 1);
	got = pci_alloc_irq_vectors(pdev, 2, wanted, PCI_IRQ_MSIX);
	if (got < 0) {
		dev_err(&pdev->dev, "cannot get MSI-X vectors, at least 2 of %d are needed: %pe\n",
			wanted, ERR_PTR(got));
		return got;
	}
	mdev->num_vectors = got;
	mdev->max_channels = got - 1;
	if (got < wanted)
		dev_warn(&pdev->dev, "only %d of %d MSI-X vectors: %u queue pairs can be used\n",
			 got, wanted, mdev->max_channels);

	snprintf(mdev->admin_irq_name, sizeof(mdev->admin_irq_name),
		 MYNIC_DRV_NAME "-admin@%s", pci_name(pdev));
	err = request_irq(pci_irq_vector(pdev, MYNIC_VECTOR_ADMIN),
			  mynic_irq_admin, 0, mdev->admin_irq_name, mdev);
	if (err) {
		dev_err(&pdev->dev, "cannot request the admin interrupt: %pe\n",
			ERR_PTR(err));
		pci_free_irq_vectors(pdev);
	}
	return err;
}

/**
 * mynic_irq_free() - undo mynic_irq_init()
 * @mdev: the card, all channels gone
 */
void mynic_irq_free(struct mynic_dev *mdev)
{
	free_irq(pci_irq_vector(mdev->pdev, MYNIC_VECTOR_ADMIN), mdev);
	pci_free_irq_vectors(mdev->pdev);
}

/**
 * mynic_irq_sync_admin() - wait for a running handler of vector 0
 * @mdev: the card
 */
void mynic_irq_sync_admin(struct mynic_dev *mdev)
{
	synchronize_irq(pci_irq_vector(mdev->pdev, MYNIC_VECTOR_ADMIN));
}

/**
 * mynic_vector_alloc() - make a channel: interrupt and NAPI, no rings yet
 * @mn: the network device
 * @idx: number of the channel
 *
 * The first time the interrupt goes to a CPU near the device, other channels to
 * others; from then on it is where the user, or irqbalance, has put it. The
 * queue's transmit packet steering is to the CPU near the device. NAPI is
 * disabled. The control locks are held.
 *
 * Return: the channel or an ERR_PTR().
 */
struct mynic_vector *mynic_vector_alloc(struct mynic_net *mn, u16 idx)
{
	struct pci_dev *pdev = mn->mdev->pdev;
	int node = dev_to_node(&pdev->dev);
	struct mynic_vector *vec;
	int err;

	mynic_assert_locked(mn->netdev);

	vec = kzalloc_node(sizeof(*vec), GFP_KERNEL, node);
	if (!vec)
		return ERR_PTR(-ENOMEM);

	vec->mn = mn;
	vec->idx = idx;
	vec->msix = MYNIC_VECTOR_ADMIN + 1 + idx;
	vec->irq = pci_irq_vector(pdev, vec->msix);
	snprintf(vec->name, sizeof(vec->name), "%s-TxRx-%u",
		 netdev_name(mn->netdev), idx);

	err = request_irq(vec->irq, mynic_irq_channel, IRQF_NO_AUTOEN,
			  vec->name, vec);
	if (err) {
		netdev_err(mn->netdev, "cannot request the interrupt of channel %u: %pe\n",
			   idx, ERR_PTR(err));
		kfree(vec);
		return ERR_PTR(err);
	}

	cpumask_set_cpu(cpumask_local_spread(idx, node), &vec->affinity);
	/* Where the interrupt goes stays known while nobody requests it. */
	if (__test_and_set_bit(idx, mn->placed))
		irq_update_affinity_hint(vec->irq, &vec->affinity);
	else
		irq_set_affinity_and_hint(vec->irq, &vec->affinity);
	netif_set_xps_queue(mn->netdev, &vec->affinity, idx);

	mynic_napi_add(mn->netdev, &vec->napi, mynic_txrx_poll, idx, vec->irq);
	return vec;
}

/**
 * mynic_vector_free() - undo mynic_vector_alloc()
 * @vec: the channel, without rings, NAPI disabled; or NULL
 *
 * The control locks are held.
 */
void mynic_vector_free(struct mynic_vector *vec)
{
	if (!vec)
		return;

	irq_update_affinity_hint(vec->irq, NULL);
	free_irq(vec->irq, vec);
	mynic_napi_del(&vec->napi);
	kfree(vec);
}

/**
 * mynic_vector_enable() - let the channel's interrupt and NAPI run
 * @vec: the channel, rings attached
 *
 * Polls once, whatever the interrupts do. The control locks are held.
 */
void mynic_vector_enable(struct mynic_vector *vec)
{
	struct net_device *netdev = vec->mn->netdev;

	mynic_napi_enable(&vec->napi);
	netif_queue_set_napi(netdev, vec->idx, NETDEV_QUEUE_TYPE_RX,
			     &vec->napi);
	netif_queue_set_napi(netdev, vec->idx, NETDEV_QUEUE_TYPE_TX,
			     &vec->napi);
	enable_irq(vec->irq);

	local_bh_disable();
	napi_schedule(&vec->napi);
	local_bh_enable();
}

/**
 * mynic_vector_disable() - stop the channel's interrupt and NAPI
 * @vec: the channel, enabled
 *
 * On return neither handler nor poll runs. The control locks are held.
 */
void mynic_vector_disable(struct mynic_vector *vec)
{
	struct net_device *netdev = vec->mn->netdev;

	disable_irq(vec->irq);
	netif_queue_set_napi(netdev, vec->idx, NETDEV_QUEUE_TYPE_TX, NULL);
	netif_queue_set_napi(netdev, vec->idx, NETDEV_QUEUE_TYPE_RX, NULL);
	mynic_napi_disable(&vec->napi);
}
