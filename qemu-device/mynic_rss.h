/*
 * mynic: receive-side scaling: from a frame to its hash and queue
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_MYNIC_RSS_H
#define HW_NET_MYNIC_RSS_H

#include "qemu/iov.h"
#include "mynic_abi.h"

/**
 * MynicRss - one RSS context, in host byte order
 * @key: hash key; on a 4-byte boundary, as net_toeplitz_key_init() reads it
 * @fields: by enum mynic_flow_class, MYNIC_RSS_FIELD_*
 * @table: receive queues
 * @table_len: entries in use, a power of two
 *
 * Plain numbers all of them, so that VMState can carry them.
 */
typedef struct MynicRss {
    uint8_t key[MYNIC_RSS_KEY_SIZE] __attribute__((aligned(4)));
    uint8_t fields[MYNIC_RSS_FLOW_CLASSES];
    uint16_t table[MYNIC_RSS_TABLE_SIZE];
    uint16_t table_len;
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
 * mynic_rss_valid - whether the context can be used
 * @rss: the context, perhaps from a migration stream
 * @queues: number of queue pairs of the device
 */
bool mynic_rss_valid(const MynicRss *rss, unsigned int queues);

/**
 * mynic_rss_classify - hash a frame and choose its queue
 * @rss: the context
 * @iov: the frame from its Ethernet header on
 * @iovcnt: number of pieces
 * @result: hash and queue
 *
 * Tags of 802.1Q and 802.1ad are skipped, two at most. A fragment belongs to
 * the class of its IP version: only the first one has ports, and all of them
 * must go the same way. Addresses are those of the IP header itself, whatever
 * a routing header or a home address option may say.
 */
void mynic_rss_classify(const MynicRss *rss, const struct iovec *iov,
                        unsigned int iovcnt, MynicRssResult *result);

#endif /* HW_NET_MYNIC_RSS_H */
