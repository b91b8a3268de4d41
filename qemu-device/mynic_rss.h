/*
 * mynic: receive-side scaling: from a frame to its hash and queue
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_MYNIC_RSS_H
#define HW_NET_MYNIC_RSS_H

#include "mynic_abi.h"
#include "mynic_flow.h"

/* The number of contexts in MYNIC_REG_RSS_LIMITS. */
#define MYNIC_RSS_CONTEXTS 32

/**
 * MynicRss - one RSS context, in host byte order
 * @key: hash key; on a 4-byte boundary, as net_toeplitz_key_init() reads it
 * @fields: by enum mynic_flow_class, MYNIC_RSS_FIELD_*
 * @table: receive queues
 * @table_len: entries in use, a power of two
 * @xfrm: MYNIC_RSS_XFRM_*
 *
 * Plain numbers all of them, so that VMState can carry them.
 */
typedef struct MynicRss {
    uint8_t key[MYNIC_RSS_KEY_SIZE] __attribute__((aligned(4)));
    uint8_t fields[MYNIC_RSS_FLOW_CLASSES];
    uint16_t table[MYNIC_RSS_TABLE_SIZE];
    uint16_t table_len;
    uint8_t xfrm;
} MynicRss;

/**
 * MynicRssResult - what a frame was hashed to
 * @hash: 0 without a hash
 * @type: what the hash covers
 * @queue: receive queue
 */
typedef struct MynicRssResult {
    uint32_t hash;
    enum mynic_hash_type type;
    uint16_t queue;
} MynicRssResult;

/**
 * mynic_rss_reset - the state after a device reset: everything to queue 0
 * @rss: the context
 */
void mynic_rss_reset(MynicRss *rss);

/**
 * mynic_rss_set - replace the context by what the driver sent
 * @rss: the context; unchanged unless %MYNIC_OK is returned
 * @config: data of SET_RSS, little-endian, a copy the guest cannot reach
 * @len: bytes of it that the driver gave; more than it has are legal
 * @queues: number of queue pairs of the device
 *
 * Returns %MYNIC_OK, %MYNIC_ERR_LENGTH, %MYNIC_ERR_PARAM or %MYNIC_ERR_ID.
 */
enum mynic_status mynic_rss_set(MynicRss *rss,
                                const struct mynic_rss_config *config,
                                size_t len, unsigned int queues);

/**
 * mynic_rss_needs - the features that a configuration needs beside RSS
 * @config: data of SET_RSS, which may be shorter than the structure behind
 *          its fields
 *
 * Returns MYNIC_F_*.
 */
uint64_t mynic_rss_needs(const struct mynic_rss_config *config);

/**
 * mynic_rss_valid - whether the context can be used
 * @rss: the context, perhaps from a migration stream
 * @queues: number of queue pairs of the device
 */
bool mynic_rss_valid(const MynicRss *rss, unsigned int queues);

/**
 * mynic_rss_classify - hash a frame and choose its queue
 * @rss: the context
 * @flow: the frame's class and header fields
 * @result: hash and queue
 */
void mynic_rss_classify(const MynicRss *rss, const MynicFlow *flow,
                        MynicRssResult *result);

#endif /* HW_NET_MYNIC_RSS_H */
