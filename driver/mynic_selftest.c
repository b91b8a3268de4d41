// SPDX-License-Identifier: GPL-2.0-only
/*
 * ethtool -t: whether registers, DMA, interrupts and link work. All tests
 * leave the traffic alone.
 */
#include <linux/ethtool.h>
#include <linux/iopoll.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "mynic.h"
#include "mynic_ethtool.h"

/* Longest that an interrupt may take to arrive, in microseconds. */
#define MYNIC_TEST_IRQ_TIMEOUT	(USEC_PER_SEC)

static u64 mynic_test_registers(struct mynic_net *mn)
{
	return mynic_hw_test_echo(mn->mdev);
}

static bool mynic_test_echo(struct mynic_net *mn, u8 *in, u8 *out, u32 len)
{
	struct mynic_admin_req req = {
		.op = MYNIC_ADMIN_ECHO,
		.in = in,
		.in_len = len,
		.out = out,
		.out_len = len,
		.may_fail = true,
	};
	u32 i;

	memset(out, 0, len);
	if (mynic_admin_exec(mn->mdev, &req) || req.out_len != len)
		return false;
	for (i = 0; i < len; i++)
		if (out[i] != (u8)~in[i])
			return false;
	return true;
}

/* The device reads a buffer, complements it and writes it back. */
static u64 mynic_test_dma(struct mynic_net *mn)
{
	static const u32 lengths[] = { 1, 7, 64, 1000, MYNIC_ADMIN_DATA_MAX };
	u64 result = 0;
	u8 *in, *out;
	size_t i;

	in = kmalloc(MYNIC_ADMIN_DATA_MAX, GFP_KERNEL);
	out = kmalloc(MYNIC_ADMIN_DATA_MAX, GFP_KERNEL);
	if (!in || !out) {
		result = ARRAY_SIZE(lengths) + 1;
		goto out_free;
	}

	for (i = 0; i < MYNIC_ADMIN_DATA_MAX; i++)
		in[i] = i * 37 + (i >> 8);
	for (i = 0; i < ARRAY_SIZE(lengths) && !result; i++)
		if (!mynic_test_echo(mn, in, out, lengths[i]))
			result = i + 1;

out_free:
	kfree(out);
	kfree(in);
	return result;
}

/* The admin vector has to have come with the echo above; that of each channel
 * is raised.
 */
static u64 mynic_test_interrupts(struct mynic_net *mn)
{
	u16 i;

	if (!READ_ONCE(mn->mdev->admin.irq_works))
		return MYNIC_VECTOR_ADMIN + 1;
	if (!test_bit(MYNIC_STATE_UP, mn->mdev->state))
		return 0;

	for (i = 0; i < mn->cfg.channels; i++) {
		struct mynic_vector *vec = mn->vectors[i];
		u16 before = READ_ONCE(vec->dim_events), now;

		mynic_hw_write(mn->mdev, MYNIC_REG_TEST_IRQ, vec->msix);
		if (read_poll_timeout(READ_ONCE, now, now != before, 50,
				      MYNIC_TEST_IRQ_TIMEOUT, false,
				      vec->dim_events))
			return vec->msix + 1;
	}
	return 0;
}

static u64 mynic_test_link(struct mynic_net *mn)
{
	return !(mynic_hw_read(mn->mdev, MYNIC_REG_STATUS) &
		 MYNIC_STATUS_LINK_UP);
}

static const struct {
	const char *name;
	u64 (*run)(struct mynic_net *mn);
} mynic_tests[] = {
	{ "Registers (pattern that failed)", mynic_test_registers },
	{ "DMA by admin echo", mynic_test_dma },
	{ "Interrupts (vector + 1)", mynic_test_interrupts },
	{ "Link", mynic_test_link },
};

/**
 * mynic_selftest_count() - number of tests
 *
 * Return: the number of strings and results
 */
int mynic_selftest_count(void)
{
	return ARRAY_SIZE(mynic_tests);
}

/**
 * mynic_selftest_strings() - names of the tests
 * @data: receives them
 */
void mynic_selftest_strings(u8 *data)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mynic_tests); i++)
		ethtool_puts(&data, mynic_tests[i].name);
}

/**
 * mynic_selftest() - self_test of ethtool
 * @netdev: the network device
 * @test: receives whether any failed
 * @data: receives the results, 0 for what works
 *
 * Context: process, control locks held.
 */
void mynic_selftest(struct net_device *netdev, struct ethtool_test *test,
		    u64 *data)
{
	struct mynic_net *mn = netdev_priv(netdev);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mynic_tests); i++) {
		data[i] = mynic_tests[i].run(mn);
		if (data[i])
			test->flags |= ETH_TEST_FL_FAILED;
	}
}
