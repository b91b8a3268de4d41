/*
 * mynic: a frame from the backend, before it has a queue
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_MYNIC_RX_FRAME_H
#define HW_NET_MYNIC_RX_FRAME_H

#include "net/eth.h"
#include "mynic_core.h"

/**
 * MynicRxFrame - a frame on its way to a queue
 * @iov: its pieces, without offload header
 * @iovcnt: number of pieces
 * @len: bytes
 * @head: the first bytes of it
 * @hdr: offload header, host byte order
 * @info: MYNIC_RX_*, without the hash type
 * @vlan_tci: tag that was taken out
 * @rss: queue and hash
 * @rule: flow rule that it follows, or %MYNIC_RULE_NONE
 * @part: a part of a frame that had offloads which are switched off; it cannot
 *        wait
 * @csum_good: the checksum is known to be right
 * @csum_bad: the checksum is known to be wrong
 */
typedef struct MynicRxFrame {
    struct iovec iov[MYNIC_RX_IOV_MAX + 1];
    unsigned int iovcnt;
    size_t len;
    uint8_t head[MYNIC_FILTER_HDR_LEN + sizeof(struct vlan_header)];
    struct mynic_offload_hdr hdr;
    uint32_t info;
    uint16_t vlan_tci;
    MynicRssResult rss;
    int rule;
    bool part;
    bool csum_good;
    bool csum_bad;
} MynicRxFrame;

/**
 * mynic_rx_frame_split - separate offload header and frame
 * @frame: receives both
 * @wire: where it came in, and memory for a frame of too many pieces
 * @iov: what came in
 * @iovcnt: its pieces
 *
 * Returns false if there is no whole header.
 */
bool mynic_rx_frame_split(MynicRxFrame *frame, MynicWire *wire,
                          const struct iovec *iov, int iovcnt);

/**
 * mynic_rx_frame_valid - whether the offload header makes sense for the frame
 * @frame: the frame, whose header is put right where backends differ
 */
bool mynic_rx_frame_valid(MynicRxFrame *frame);

/**
 * mynic_rx_frame_unwanted - whether the driver cannot take it as it is
 * @frame: the frame
 * @offloads: MYNIC_OFFLOAD_RX_* that the driver switched on
 */
bool mynic_rx_frame_unwanted(const MynicRxFrame *frame, uint32_t offloads);

/**
 * mynic_rx_frame_fits - whether the frame keeps to the MTU
 * @frame: the frame; of a merged one, each segment has to
 * @mtu: bytes behind the Ethernet header and its tags
 */
bool mynic_rx_frame_fits(const MynicRxFrame *frame, uint32_t mtu);

/**
 * enum MynicRxSteered - where flow rules and RSS want a frame to go
 * @MYNIC_RX_STEERED: to the queue in @rss
 * @MYNIC_RX_STEERED_AWAY: it is dropped by a rule
 * @MYNIC_RX_STEERED_ASTRAY: to a queue that this card does not have
 */
typedef enum MynicRxSteered {
    MYNIC_RX_STEERED,
    MYNIC_RX_STEERED_AWAY,
    MYNIC_RX_STEERED_ASTRAY,
} MynicRxSteered;

/**
 * mynic_rx_frame_steer - find the frame's flow rule, hash and queue
 * @frame: the frame, its VLAN tag not yet taken out
 * @core: the card
 *
 * The rule's counters are left to who knows that the frame does not come again.
 */
MynicRxSteered mynic_rx_frame_steer(MynicRxFrame *frame, MynicCore *core);

/**
 * mynic_rx_frame_csum - checksum state for the completion
 * @frame: the frame
 * @pkt: for what QEMU finds out about it
 *
 * What the backend does not tell is found out here, where summing is cheaper
 * than in the guest.
 */
void mynic_rx_frame_csum(MynicRxFrame *frame, struct NetRxPkt *pkt);

/**
 * mynic_rx_frame_strip - take out the outer tag, if there is one
 * @frame: the frame; its first piece is in @head afterwards
 */
void mynic_rx_frame_strip(MynicRxFrame *frame);

#endif /* HW_NET_MYNIC_RX_FRAME_H */
