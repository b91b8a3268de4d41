/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contract as a user-space program sees it: the header comes first and
 * needs nothing beside it, twice is as good as once, and its macros are
 * constant expressions.
 */
#include "mynic_abi.h"
#include "mynic_abi.h"

_Static_assert(MYNIC_BIT(31) == 0x80000000U, "BIT is unsigned");
_Static_assert(MYNIC_BIT64(63) == 0x8000000000000000ULL, "BIT64 is 64 bits");
_Static_assert(MYNIC_GENMASK(31, 0) == 0xffffffffU, "GENMASK whole word");
_Static_assert(MYNIC_GENMASK(15, 8) == 0xff00U, "GENMASK byte");
_Static_assert(MYNIC_GENMASK64(63, 0) == 0xffffffffffffffffULL,
	       "GENMASK64 whole");
_Static_assert(MYNIC_GENMASK64(47, 32) == 0xffff00000000ULL,
	       "GENMASK64 upper half");

/* Fields of one word do not overlap. */
_Static_assert(!(MYNIC_ID_MAGIC_MASK & MYNIC_ID_MAJOR_MASK) &&
	       !(MYNIC_ID_MAJOR_MASK & MYNIC_ID_MINOR_MASK), "ID");
_Static_assert(!(MYNIC_STATUS_ERROR_MASK &
		 (MYNIC_STATUS_READY | MYNIC_STATUS_ENABLED |
		  MYNIC_STATUS_FATAL | MYNIC_STATUS_LINK_UP)), "STATUS");
_Static_assert(!(MYNIC_LIMITS_LOG2_MIN_MASK & MYNIC_LIMITS_LOG2_MAX_MASK) &&
	       !(MYNIC_LIMITS_LOG2_MAX_MASK & MYNIC_LIMITS_TX_SLOTS_MASK),
	       "TX_LIMITS");
_Static_assert(!(MYNIC_RSS_LIMITS_TABLE_MASK & MYNIC_RSS_LIMITS_KEY_MASK) &&
	       !(MYNIC_RSS_LIMITS_KEY_MASK & MYNIC_RSS_LIMITS_CTX_MASK),
	       "RSS_LIMITS");
_Static_assert(!(MYNIC_RX_HASH_TYPE_MASK & MYNIC_CQE_PHASE), "info");

/* Fields hold the largest value that the contract allows. */
_Static_assert(MYNIC_RSS_TABLE_SIZE <= 0xffff && MYNIC_RSS_KEY_SIZE <= 0xff,
	       "RSS_LIMITS");
_Static_assert(2 * MYNIC_MAX_QUEUE_PAIRS <= MYNIC_CQ_NONE,
	       "queue numbers leave CQ_NONE free");
_Static_assert(MYNIC_MODERATION_USECS_MAX <= 0xffff, "usecs");
_Static_assert(sizeof(struct mynic_rss_config) <= MYNIC_ADMIN_DATA_MAX &&
	       sizeof(struct mynic_port_stats) <= MYNIC_ADMIN_DATA_MAX &&
	       MYNIC_VLAN_BITMAP_SIZE <= MYNIC_ADMIN_DATA_MAX,
	       "data fits a command");
_Static_assert(MYNIC_CQ_TX(MYNIC_MAX_QUEUE_PAIRS - 1) ==
	       2 * MYNIC_MAX_QUEUE_PAIRS - 1, "last completion queue");

/* Each side's line of the control block can be a cache line of its own. */
_Static_assert(sizeof(struct mynic_queue_ctl) == 2 * MYNIC_CTL_ALIGN,
	       "queue_ctl");
