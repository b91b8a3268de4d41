/*
 * mynic: receive filter: which frames are for this station
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_MYNIC_FILTER_H
#define HW_NET_MYNIC_FILTER_H

#include "net/eth.h"
#include "mynic_abi.h"

/* Perfect-match addresses: the limit in MYNIC_REG_MAC_FILTERS. */
#define MYNIC_FILTER_MACS_MAX 64

/* Bytes of a frame that mynic_filter_check() wants to see, if it has them. */
#define MYNIC_FILTER_HDR_LEN (ETH_HLEN + sizeof(struct vlan_header))

/**
 * MynicFilter - the filter, in host byte order
 * @station: the station address
 * @flags: MYNIC_RX_FILTER_*
 * @count: entries in use of @macs
 * @macs: perfect-match addresses
 * @hash: multicast hash, bit by number
 * @vlan: bit for each VLAN identifier, LSB first
 *
 * Plain numbers all of them, so that VMState can carry them.
 */
typedef struct MynicFilter {
    uint8_t station[ETH_ALEN];
    uint16_t flags;
    uint16_t count;
    uint8_t macs[MYNIC_FILTER_MACS_MAX][ETH_ALEN];
    uint64_t hash;
    uint8_t vlan[MYNIC_VLAN_BITMAP_SIZE];
} MynicFilter;

/**
 * enum MynicFilterResult - what becomes of a frame
 * @MYNIC_FILTER_PASS: it is received
 * @MYNIC_FILTER_DISABLED: dropped, receive is not enabled
 * @MYNIC_FILTER_MALFORMED: dropped, shorter than an Ethernet header
 * @MYNIC_FILTER_ADDRESS: dropped, for another station or group
 * @MYNIC_FILTER_VLAN: dropped, of a VLAN that is not wanted
 */
typedef enum MynicFilterResult {
    MYNIC_FILTER_PASS,
    MYNIC_FILTER_DISABLED,
    MYNIC_FILTER_MALFORMED,
    MYNIC_FILTER_ADDRESS,
    MYNIC_FILTER_VLAN,
} MynicFilterResult;

/**
 * mynic_filter_reset - the state after a device reset: nothing is received
 * @filter: the filter
 * @permanent: the permanent address, which becomes the station address
 */
void mynic_filter_reset(MynicFilter *filter,
                        const uint8_t permanent[ETH_ALEN]);

/**
 * mynic_filter_set - replace flags, addresses and hash by SET_RX_FILTER's
 * @filter: the filter; unchanged unless %MYNIC_OK is returned
 * @cmd: parameters of the command, little-endian
 * @entries: its data, a copy the guest cannot reach
 * @len: bytes of @entries
 *
 * Returns %MYNIC_OK, %MYNIC_ERR_PARAM or %MYNIC_ERR_LENGTH.
 */
enum mynic_status mynic_filter_set(MynicFilter *filter,
                                   const struct mynic_cmd_rx_filter *cmd,
                                   const struct mynic_mac_entry *entries,
                                   size_t len);

/**
 * mynic_filter_set_station - replace the station address by SET_MAC's
 * @filter: the filter; unchanged unless %MYNIC_OK is returned
 * @cmd: parameters of the command
 *
 * Returns %MYNIC_OK or %MYNIC_ERR_PARAM.
 */
enum mynic_status mynic_filter_set_station(MynicFilter *filter,
                                           const struct mynic_cmd_mac *cmd);

/**
 * mynic_filter_set_vlan - replace the VLAN bitmap by SET_VLAN_FILTER's
 * @filter: the filter; unchanged unless %MYNIC_OK is returned
 * @bitmap: data of the command
 * @len: bytes of it
 *
 * Returns %MYNIC_OK or %MYNIC_ERR_LENGTH.
 */
enum mynic_status mynic_filter_set_vlan(MynicFilter *filter,
                                        const uint8_t *bitmap, size_t len);

/**
 * mynic_filter_valid - whether the filter can be used
 * @filter: the filter, perhaps from a migration stream
 */
bool mynic_filter_valid(const MynicFilter *filter);

/**
 * mynic_filter_check - decide on one frame
 * @filter: the filter
 * @vlan_filter: whether %MYNIC_OFFLOAD_VLAN_FILTER is on
 * @hdr: the first bytes of the frame, %MYNIC_FILTER_HDR_LEN or all it has
 * @len: bytes in @hdr
 *
 * Broadcast frames pass by PROMISC, BROADCAST, or as an address of the list;
 * ALLMULTI and the hash are for the other groups. Only the outermost tag is
 * looked at, and only if it is an 802.1Q tag.
 */
MynicFilterResult mynic_filter_check(const MynicFilter *filter,
                                     bool vlan_filter,
                                     const uint8_t *hdr, size_t len);

#endif /* HW_NET_MYNIC_FILTER_H */
