/*
 * mynic: receive filter: which frames are for this station
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "net/net.h"
#include "mynic_filter.h"

#define MYNIC_RX_FILTER_KNOWN \
    (MYNIC_RX_FILTER_ENABLE | MYNIC_RX_FILTER_PROMISC | \
     MYNIC_RX_FILTER_ALLMULTI | MYNIC_RX_FILTER_BROADCAST)

void mynic_filter_reset(MynicFilter *filter,
                        const uint8_t permanent[ETH_ALEN])
{
    memset(filter, 0, sizeof(*filter));
    memcpy(filter->station, permanent, ETH_ALEN);
}

enum mynic_status mynic_filter_set(MynicFilter *filter,
                                   const struct mynic_cmd_rx_filter *cmd,
                                   const struct mynic_mac_entry *entries,
                                   size_t len)
{
    uint16_t flags = le16_to_cpu(cmd->flags);
    uint16_t count = le16_to_cpu(cmd->count);
    unsigned int i;

    if (flags & ~MYNIC_RX_FILTER_KNOWN || count > MYNIC_FILTER_MACS_MAX ||
        cmd->reserved ||
        !buffer_is_zero(cmd->reserved2, sizeof(cmd->reserved2))) {
        return MYNIC_ERR_PARAM;
    }
    if (len < count * sizeof(*entries)) {
        return MYNIC_ERR_LENGTH;
    }
    for (i = 0; i < count; i++) {
        if (!buffer_is_zero(entries[i].reserved,
                            sizeof(entries[i].reserved))) {
            return MYNIC_ERR_PARAM;
        }
    }

    filter->flags = flags;
    filter->count = count;
    filter->hash = le64_to_cpu(cmd->hash);
    memset(filter->macs, 0, sizeof(filter->macs));
    for (i = 0; i < count; i++) {
        memcpy(filter->macs[i], entries[i].addr, ETH_ALEN);
    }
    return MYNIC_OK;
}

enum mynic_status mynic_filter_set_station(MynicFilter *filter,
                                           const struct mynic_cmd_mac *cmd)
{
    if (is_multicast_ether_addr(cmd->addr) ||
        buffer_is_zero(cmd->addr, ETH_ALEN) ||
        !buffer_is_zero(cmd->reserved, sizeof(cmd->reserved))) {
        return MYNIC_ERR_PARAM;
    }
    memcpy(filter->station, cmd->addr, ETH_ALEN);
    return MYNIC_OK;
}

enum mynic_status mynic_filter_set_vlan(MynicFilter *filter,
                                        const uint8_t *bitmap, size_t len)
{
    if (len < sizeof(filter->vlan)) {
        return MYNIC_ERR_LENGTH;
    }
    memcpy(filter->vlan, bitmap, sizeof(filter->vlan));
    return MYNIC_OK;
}

bool mynic_filter_valid(const MynicFilter *filter)
{
    return filter->count <= MYNIC_FILTER_MACS_MAX &&
           !(filter->flags & ~MYNIC_RX_FILTER_KNOWN);
}

static bool mynic_filter_address(const MynicFilter *filter,
                                 const uint8_t *dst)
{
    unsigned int i;

    if (filter->flags & MYNIC_RX_FILTER_PROMISC) {
        return true;
    }
    if (!memcmp(dst, filter->station, ETH_ALEN)) {
        return true;
    }
    if (is_broadcast_ether_addr(dst)) {
        if (filter->flags & MYNIC_RX_FILTER_BROADCAST) {
            return true;
        }
    } else if (is_multicast_ether_addr(dst)) {
        if (filter->flags & MYNIC_RX_FILTER_ALLMULTI) {
            return true;
        }
        if (filter->hash &&
            filter->hash & MYNIC_BIT64(net_crc32(dst, ETH_ALEN) >> 26)) {
            return true;
        }
    }
    for (i = 0; i < filter->count; i++) {
        if (!memcmp(dst, filter->macs[i], ETH_ALEN)) {
            return true;
        }
    }
    return false;
}

MynicFilterResult mynic_filter_check(const MynicFilter *filter,
                                     bool vlan_filter,
                                     const uint8_t *hdr, size_t len)
{
    const size_t type_at = offsetof(struct eth_header, h_proto);
    uint16_t vid;

    if (!(filter->flags & MYNIC_RX_FILTER_ENABLE)) {
        return MYNIC_FILTER_DISABLED;
    }
    if (len < ETH_HLEN) {
        return MYNIC_FILTER_MALFORMED;
    }
    if (!mynic_filter_address(filter, hdr)) {
        return MYNIC_FILTER_ADDRESS;
    }
    if (vlan_filter && lduw_be_p(hdr + type_at) == ETH_P_VLAN) {
        if (len < MYNIC_FILTER_HDR_LEN) {
            return MYNIC_FILTER_MALFORMED;
        }
        /* Identifier 0 is no VLAN, only a priority. */
        vid = lduw_be_p(hdr + type_at + 2) & VLAN_VID_MASK;
        if (vid && !(filter->vlan[vid / 8] & 1 << vid % 8)) {
            return MYNIC_FILTER_VLAN;
        }
    }
    return MYNIC_FILTER_PASS;
}
