/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The offload header is the virtio standard's, so that it passes through to
 * and from a backend unchanged.
 */
#include <stddef.h>
#include <linux/virtio_net.h>
#include "mynic_abi.h"

#define SAME(ours, theirs) \
	_Static_assert(offsetof(struct mynic_offload_hdr, ours) == \
		       offsetof(struct virtio_net_hdr_v1, theirs) && \
		       sizeof(((struct mynic_offload_hdr *)0)->ours) == \
		       sizeof(((struct virtio_net_hdr_v1 *)0)->theirs), #ours)

SAME(flags, flags);
SAME(gso_type, gso_type);
SAME(hdr_len, hdr_len);
SAME(gso_size, gso_size);
SAME(csum_start, csum_start);
SAME(csum_offset, csum_offset);
SAME(num_buffers, num_buffers);
_Static_assert(sizeof(struct mynic_offload_hdr) ==
	       sizeof(struct virtio_net_hdr_v1), "size");

_Static_assert(MYNIC_HDR_F_NEEDS_CSUM == VIRTIO_NET_HDR_F_NEEDS_CSUM, "csum");
_Static_assert(MYNIC_HDR_F_DATA_VALID == VIRTIO_NET_HDR_F_DATA_VALID, "valid");
_Static_assert(MYNIC_HDR_GSO_NONE == VIRTIO_NET_HDR_GSO_NONE, "none");
_Static_assert(MYNIC_HDR_GSO_TCPV4 == VIRTIO_NET_HDR_GSO_TCPV4, "tcpv4");
_Static_assert(MYNIC_HDR_GSO_TCPV6 == VIRTIO_NET_HDR_GSO_TCPV6, "tcpv6");
_Static_assert(MYNIC_HDR_GSO_ECN == VIRTIO_NET_HDR_GSO_ECN, "ecn");
/* linux-libc-dev of Debian 12 is older than this one. */
#ifdef VIRTIO_NET_HDR_GSO_UDP_L4
_Static_assert(MYNIC_HDR_GSO_UDP_L4 == VIRTIO_NET_HDR_GSO_UDP_L4, "udp_l4");
#endif
