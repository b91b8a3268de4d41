// SPDX-License-Identifier: GPL-2.0-only
/*
 * Admin queue: synchronous commands, errors, and the event ring.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>

#include "mynic.h"

/* The device runs one command at a time; some copy a page, none waits. */
#define MYNIC_ADMIN_TIMEOUT	(3 * HZ)
/* How often to look without an interrupt, in case one was lost. */
#define MYNIC_ADMIN_LOOK	(HZ / 10 ?: 1)
/* How often to look before interrupts are known to work. */
#define MYNIC_ADMIN_POLL_US	50

#define MYNIC_ADMIN_LOG2_SIZE	4
#define MYNIC_EVENT_LOG2_SIZE	7

static const int mynic_status_errno[MYNIC_STATUS_COUNT] = {
	[MYNIC_OK]		= 0,
	[MYNIC_ERR_OPCODE]	= -EOPNOTSUPP,
	[MYNIC_ERR_PARAM]	= -EINVAL,
	[MYNIC_ERR_ID]		= -ENXIO,
	[MYNIC_ERR_EXISTS]	= -EEXIST,
	[MYNIC_ERR_NOT_FOUND]	= -ENOENT,
	[MYNIC_ERR_BUSY]	= -EBUSY,
	[MYNIC_ERR_SIZE]	= -ERANGE,
	[MYNIC_ERR_ADDRESS]	= -EFAULT,
	[MYNIC_ERR_VECTOR]	= -ERANGE,
	[MYNIC_ERR_LENGTH]	= -EMSGSIZE,
	[MYNIC_ERR_DMA]		= -EREMOTEIO,
	[MYNIC_ERR_FEATURE]	= -EOPNOTSUPP,
	[MYNIC_ERR_VERSION]	= -EPROTO,
	[MYNIC_ERR_INTERNAL]	= -EIO,
};

/**
 * mynic_status_to_errno() - the kernel's word for a status of the device
 * @status: enum mynic_status, or anything else
 *
 * Return: 0 or a negative errno, -EPROTO for what the contract does not know.
 */
int mynic_status_to_errno(u16 status)
{
	if (status >= ARRAY_SIZE(mynic_status_errno))
		return -EPROTO;
	return mynic_status_errno[status];
}

/* Has the entry of index @i been written? Body may be read if so. */
static bool mynic_phase_ok(__le32 info, u32 i, u8 log2_size)
{
	bool phase = le32_to_cpu(info) & MYNIC_CQE_PHASE;

	return phase == !((i >> log2_size) & 1);
}

static struct mynic_admin_cqe *mynic_admin_peek(struct mynic_admin *admin)
{
	struct mynic_admin_cqe *cqe;

	cqe = &admin->acq[admin->head & (BIT(admin->log2_size) - 1)];
	if (!mynic_phase_ok(READ_ONCE(cqe->info), admin->head,
			    admin->log2_size))
		return NULL;
	/* The phase before the body that it vouches for. */
	dma_rmb();
	return cqe;
}

/* The admin queue is not to be trusted any more: nothing is sent until the
 * reset path has been through, and who waits for an answer need not go on.
 */
static void mynic_admin_broken(struct mynic_dev *mdev,
			       enum mynic_reset_reason reason)
{
	clear_bit(MYNIC_STATE_ENABLED, mdev->state);
	if (!mynic_hw_gone(mdev))
		mynic_reset_schedule(mdev, reason);
	complete(&mdev->admin.done);
}

/* Does the device still take commands? Whoever sees first that it does not
 * says so. Returns 0 or a negative errno.
 */
static int mynic_admin_look(struct mynic_dev *mdev)
{
	u32 status = mynic_hw_read(mdev, MYNIC_REG_STATUS);
	enum mynic_reset_reason reason;
	bool fatal;

	if (mynic_hw_gone(mdev)) {
		mynic_admin_broken(mdev, MYNIC_RESET_FATAL);
		return -ENODEV;
	}
	fatal = status & MYNIC_STATUS_FATAL;
	if (!fatal && status & MYNIC_STATUS_ENABLED)
		return 0;

	reason = fatal ? MYNIC_RESET_FATAL : MYNIC_RESET_ADMIN_TIMEOUT;
	if (test_and_clear_bit(MYNIC_STATE_ENABLED, mdev->state))
		dev_err(&mdev->pdev->dev, "the device %s: status 0x%08x\n",
			fatal ? "reports a fatal error" :
				"is not enabled any more", status);
	mynic_admin_broken(mdev, reason);
	return -EIO;
}

/* Returns the answer, or an ERR_PTR() if none will come. */
static struct mynic_admin_cqe *mynic_admin_wait(struct mynic_dev *mdev)
{
	struct mynic_admin *admin = &mdev->admin;
	unsigned long end = jiffies + MYNIC_ADMIN_TIMEOUT;
	unsigned long look = jiffies + MYNIC_ADMIN_LOOK;
	struct mynic_admin_cqe *cqe;
	bool last;
	int err;

	do {
		last = time_after(jiffies, end);
		cqe = mynic_admin_peek(admin);
		if (cqe)
			return cqe;
		if (!test_bit(MYNIC_STATE_ENABLED, mdev->state))
			return ERR_PTR(-EIO);
		if (time_after_eq(jiffies, look)) {
			err = mynic_admin_look(mdev);
			if (err)
				return ERR_PTR(err);
			look = jiffies + MYNIC_ADMIN_LOOK;
		}
		if (READ_ONCE(admin->irq_works))
			wait_for_completion_timeout(&admin->done,
						    MYNIC_ADMIN_LOOK);
		else
			usleep_range(MYNIC_ADMIN_POLL_US,
				     2 * MYNIC_ADMIN_POLL_US);
	} while (!last);

	return ERR_PTR(-ETIMEDOUT);
}

static int mynic_admin_finish(struct mynic_dev *mdev,
			      struct mynic_admin_req *req,
			      const struct mynic_admin_cqe *cqe, u16 tag)
{
	struct device *dev = &mdev->pdev->dev;
	struct mynic_admin *admin = &mdev->admin;
	u16 status = le16_to_cpu(cqe->status);
	u32 len = le32_to_cpu(cqe->data_len);

	admin->head++;
	if (le16_to_cpu(cqe->tag) != tag || status >= MYNIC_STATUS_COUNT ||
	    len > req->out_len) {
		dev_err(dev, "nonsense answer to admin command 0x%02x: tag %u for %u, status %u, %u bytes for %u\n",
			req->op, le16_to_cpu(cqe->tag), tag, status, len,
			req->out_len);
		mynic_admin_broken(mdev, MYNIC_RESET_BAD_VALUE);
		return -EIO;
	}

	req->status = status;
	req->result[0] = le64_to_cpu(cqe->result[0]);
	req->result[1] = le64_to_cpu(cqe->result[1]);
	req->out_len = len;
	if (len)
		memcpy(req->out, admin->data, len);
	if (status && !req->may_fail)
		dev_err(dev, "admin command 0x%02x failed with status %u\n",
			req->op, status);
	return mynic_status_to_errno(status);
}

/**
 * mynic_admin_exec() - run one admin command and wait for its answer
 * @mdev: the card
 * @req: the command; receives the answer
 *
 * Process context; takes mynic_admin.lock. A command that is not answered in
 * time, or answered with nonsense, schedules a reset, and until that is done
 * every command fails at once.
 *
 * Return: 0; the errno that stands for the status of the device, which then
 * has changed nothing; -ENETDOWN if the device is not enabled; -ETIMEDOUT or
 * -EIO if the device does not work; -ENODEV if it is gone.
 */
int mynic_admin_exec(struct mynic_dev *mdev, struct mynic_admin_req *req)
{
	struct mynic_admin *admin = &mdev->admin;
	u32 len = max(req->in_len, req->out_len);
	struct mynic_admin_cqe *cqe;
	struct mynic_admin_cmd *cmd;
	u16 tag;
	int err;

	might_sleep();
	req->status = -1;
	if (WARN_ON_ONCE(len > MYNIC_ADMIN_DATA_MAX))
		return -EMSGSIZE;

	mutex_lock(&admin->lock);
	if (!test_bit(MYNIC_STATE_ENABLED, mdev->state)) {
		err = -ENETDOWN;
		goto out;
	}

	tag = admin->tail;
	cmd = &admin->asq[admin->tail & (BIT(admin->log2_size) - 1)];
	memset(cmd, 0, sizeof(*cmd));
	cmd->opcode = cpu_to_le16(req->op);
	cmd->tag = cpu_to_le16(tag);
	cmd->params = req->params;
	if (len) {
		cmd->data_len = cpu_to_le32(len);
		cmd->data = cpu_to_le64(admin->data_dma);
		memset(admin->data, 0, len);
		if (req->in_len)
			memcpy(admin->data, req->in, req->in_len);
	}

	reinit_completion(&admin->done);
	admin->tail++;
	mynic_hw_write(mdev, MYNIC_REG_ASQ_TAIL, admin->tail);

	cqe = mynic_admin_wait(mdev);
	err = PTR_ERR_OR_ZERO(cqe);
	if (!err) {
		err = mynic_admin_finish(mdev, req, cqe, tag);
	} else if (err == -ETIMEDOUT) {
		dev_err(&mdev->pdev->dev,
			"admin command 0x%02x was not answered within %u ms\n",
			req->op, jiffies_to_msecs(MYNIC_ADMIN_TIMEOUT));
		mynic_admin_broken(mdev, MYNIC_RESET_ADMIN_TIMEOUT);
	}
out:
	mutex_unlock(&admin->lock);
	return err;
}

static const char *mynic_queue_error_name(u32 code)
{
	switch (code) {
	case MYNIC_QERR_BAD_TAIL:
		return "tail out of range";
	case MYNIC_QERR_BAD_DESC:
		return "bad descriptor";
	case MYNIC_QERR_TOO_LONG:
		return "packet too long";
	case MYNIC_QERR_DMA:
		return "DMA failed";
	default:
		return "unknown error";
	}
}

static void mynic_event(struct mynic_dev *mdev, const struct mynic_event *ev)
{
	u16 type = le16_to_cpu(ev->type), id = le16_to_cpu(ev->id);
	struct net_device *netdev = mdev->netdev;
	u32 code = le32_to_cpu(ev->code);
	const char *what;

	switch (type) {
	case MYNIC_EVENT_LINK:
		mynic_link_update(netdev_priv(netdev),
				  le64_to_cpu(ev->data[0]));
		return;
	case MYNIC_EVENT_TXQ_ERROR:
		what = "transmit";
		break;
	case MYNIC_EVENT_RXQ_ERROR:
		what = "receive";
		break;
	case MYNIC_EVENT_CQ_ERROR:
		what = "completion";
		break;
	default:
		/* A later minor version may have more of them. */
		netdev_dbg(netdev, "event of unknown type %u\n", type);
		return;
	}

	if (net_ratelimit())
		netdev_err(netdev, "the device stopped %s queue %u: %s (%u)\n",
			   what, id, mynic_queue_error_name(code), code);
	mynic_reset_schedule(mdev, MYNIC_RESET_QUEUE_ERROR);
}

/* An event told of others before it that the ring had no room for: ask for
 * what they would have said.
 */
static void mynic_events_lost(struct mynic_dev *mdev, u32 lost)
{
	struct mynic_net *mn = netdev_priv(mdev->netdev);

	if (net_ratelimit())
		netdev_warn(mdev->netdev, "%u events were lost, looking at link and queues\n",
			    lost - mdev->events_lost);
	mdev->events_lost = lost;

	/* If that fails it has scheduled a reset, which does more. */
	mynic_link_query(mn);
	if (test_bit(MYNIC_STATE_UP, mdev->state) && mynic_queues_error(mn))
		mynic_reset_schedule(mdev, MYNIC_RESET_QUEUE_ERROR);
}

/* Read the event ring. Takes none of the control locks. */
static void mynic_event_work(struct work_struct *work)
{
	struct mynic_admin *admin = container_of(work, struct mynic_admin,
						 event_work);
	struct mynic_dev *mdev = container_of(admin, struct mynic_dev, admin);
	u32 size = BIT(admin->aeq_log2_size), lost = mdev->events_lost, done;
	struct mynic_event *ev;

	if (!test_bit(MYNIC_STATE_ENABLED, mdev->state))
		return;

	/* Once round the ring, so that no device keeps this up for ever. */
	for (done = 0; done < size; done++) {
		ev = &admin->aeq[admin->aeq_head & (size - 1)];
		if (!mynic_phase_ok(READ_ONCE(ev->info), admin->aeq_head,
				    admin->aeq_log2_size))
			break;
		/* The phase before the body that it vouches for. */
		dma_rmb();
		admin->aeq_head++;
		lost = le32_to_cpu(ev->lost);
		mynic_event(mdev, ev);
	}
	if (done)
		mynic_hw_write(mdev, MYNIC_REG_AEQ_HEAD, admin->aeq_head);
	if (done == size)
		schedule_work(&admin->event_work);
	if (lost != mdev->events_lost)
		mynic_events_lost(mdev, lost);

	mynic_admin_look(mdev);
}

/**
 * mynic_admin_irq() - vector 0 was raised
 * @mdev: the card
 *
 * Hard interrupt context.
 */
void mynic_admin_irq(struct mynic_dev *mdev)
{
	WRITE_ONCE(mdev->admin.irq_works, true);
	complete(&mdev->admin.done);
	schedule_work(&mdev->admin.event_work);
}

/**
 * mynic_admin_init() - allocate the admin rings
 * @mdev: the card, limits known
 *
 * Return: 0 or -ENOMEM.
 */
int mynic_admin_init(struct mynic_dev *mdev)
{
	struct mynic_admin *admin = &mdev->admin;
	struct device *dev = &mdev->pdev->dev;

	mutex_init(&admin->lock);
	init_completion(&admin->done);
	INIT_WORK(&admin->event_work, mynic_event_work);
	admin->log2_size = min_t(u8, MYNIC_ADMIN_LOG2_SIZE,
				 mdev->hw.admin_log2_max);
	admin->aeq_log2_size = min_t(u8, MYNIC_EVENT_LOG2_SIZE,
				     mdev->hw.admin_log2_max);

	admin->asq = dma_alloc_coherent(dev, sizeof(*admin->asq) <<
					admin->log2_size, &admin->asq_dma,
					GFP_KERNEL);
	admin->acq = dma_alloc_coherent(dev, sizeof(*admin->acq) <<
					admin->log2_size, &admin->acq_dma,
					GFP_KERNEL);
	admin->aeq = dma_alloc_coherent(dev, sizeof(*admin->aeq) <<
					admin->aeq_log2_size, &admin->aeq_dma,
					GFP_KERNEL);
	admin->data = dma_alloc_coherent(dev, MYNIC_ADMIN_DATA_MAX,
					 &admin->data_dma, GFP_KERNEL);
	if (admin->asq && admin->acq && admin->aeq && admin->data)
		return 0;

	mynic_admin_free(mdev);
	return -ENOMEM;
}

/**
 * mynic_admin_free() - free the admin rings
 * @mdev: the card, stopped
 */
void mynic_admin_free(struct mynic_dev *mdev)
{
	struct mynic_admin *admin = &mdev->admin;
	struct device *dev = &mdev->pdev->dev;

	if (admin->asq)
		dma_free_coherent(dev, sizeof(*admin->asq) << admin->log2_size,
				  admin->asq, admin->asq_dma);
	if (admin->acq)
		dma_free_coherent(dev, sizeof(*admin->acq) << admin->log2_size,
				  admin->acq, admin->acq_dma);
	if (admin->aeq)
		dma_free_coherent(dev, sizeof(*admin->aeq) <<
				  admin->aeq_log2_size, admin->aeq,
				  admin->aeq_dma);
	if (admin->data)
		dma_free_coherent(dev, MYNIC_ADMIN_DATA_MAX, admin->data,
				  admin->data_dma);
	admin->asq = NULL;
	admin->acq = NULL;
	admin->aeq = NULL;
	admin->data = NULL;
	mutex_destroy(&admin->lock);
}

/**
 * mynic_admin_start() - enable the device with fresh admin rings
 * @mdev: the card, reset
 *
 * Process context.
 *
 * Return: 0, or a negative errno with a message.
 */
int mynic_admin_start(struct mynic_dev *mdev)
{
	struct mynic_admin_req req = {
		.op = MYNIC_ADMIN_GET_INFO,
		.out = &mdev->info,
		.out_len = sizeof(mdev->info),
	};
	struct mynic_admin *admin = &mdev->admin;
	int err;

	mutex_lock(&admin->lock);
	memset(admin->asq, 0, sizeof(*admin->asq) << admin->log2_size);
	memset(admin->acq, 0, sizeof(*admin->acq) << admin->log2_size);
	memset(admin->aeq, 0, sizeof(*admin->aeq) << admin->aeq_log2_size);
	admin->tail = 0;
	admin->head = 0;
	admin->aeq_head = 0;
	mdev->events_lost = 0;
	/* Interrupts have to show anew that they arrive. */
	WRITE_ONCE(admin->irq_works, false);
	err = mynic_hw_enable(mdev);
	if (!err)
		set_bit(MYNIC_STATE_ENABLED, mdev->state);
	mutex_unlock(&admin->lock);
	if (err)
		return err;

	err = mynic_admin_exec(mdev, &req);
	if (err)
		return err;
	if (req.out_len < sizeof(mdev->info)) {
		dev_err(&mdev->pdev->dev,
			"GET_INFO gave %u bytes of %zu\n", req.out_len,
			sizeof(mdev->info));
		return -EPROTO;
	}
	mdev->info.fw_version[sizeof(mdev->info.fw_version) - 1] = 0;
	return 0;
}

/**
 * mynic_admin_stop() - no command and no event from here on
 * @mdev: the card
 *
 * The device itself goes on until it is reset. Process context.
 */
void mynic_admin_stop(struct mynic_dev *mdev)
{
	struct mynic_admin *admin = &mdev->admin;

	/* Under the lock, so that a running command has ended. */
	mutex_lock(&admin->lock);
	clear_bit(MYNIC_STATE_ENABLED, mdev->state);
	mutex_unlock(&admin->lock);
	cancel_work_sync(&admin->event_work);
}
