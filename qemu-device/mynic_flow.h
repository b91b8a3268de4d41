/*
 * mynic: what the headers of a frame say, for RSS and flow rules
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_MYNIC_FLOW_H
#define HW_NET_MYNIC_FLOW_H

#include "qemu/iov.h"
#include "mynic_abi.h"

/* The class of frames that have none of enum mynic_flow_class. */
#define MYNIC_FLOW_NO_IP MYNIC_FLOW_COUNT

/**
 * MynicFlowKey - header fields as in the contract, and as words to compare
 * @key: the fields, in network byte order
 * @bytes: the same, for VMState
 * @words: the same, to compare fast
 */
typedef union MynicFlowKey {
    struct mynic_flow_key key;
    uint8_t bytes[sizeof(struct mynic_flow_key)];
    uint64_t words[sizeof(struct mynic_flow_key) / sizeof(uint64_t)];
} MynicFlowKey;

/**
 * MynicFlow - a frame's class and header fields
 * @key: the fields; what the frame does not have is 0
 * @class: enum mynic_flow_class, or MYNIC_FLOW_NO_IP
 * @addr_len: bytes of an address, 0 without an IP header
 * @label: flow label of IPv6, in the low 20 bits; network byte order
 */
typedef struct MynicFlow {
    MynicFlowKey key;
    unsigned int class;
    size_t addr_len;
    uint8_t label[4];
} MynicFlow;

/**
 * mynic_flow_parse - find out what a frame's headers say
 * @flow: receives it
 * @iov: the frame from its Ethernet header on
 * @iovcnt: number of pieces
 *
 * Tags of 802.1Q and 802.1ad are skipped, two at most. A fragment belongs to
 * the class of its IP version: only the first one has ports, and all of them
 * must go the same way. Addresses are those of the IP header itself, whatever
 * a routing header or a home address option may say.
 */
void mynic_flow_parse(MynicFlow *flow, const struct iovec *iov,
                      unsigned int iovcnt);

#endif /* HW_NET_MYNIC_FLOW_H */
