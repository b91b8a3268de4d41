/*
 * mynic: checksums, segmentation and VLAN insertion in software
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For backends that do not understand offload headers (user, stream, dgram,
 * a tap without vnet_hdr): turns one packet of the guest into the frames that
 * go on the wire. For those that do: cuts a packet that is longer than IP can
 * say (BIG TCP) into such that are not. Everything that comes from the guest -
 * the frame and the offload header - is distrusted; what does not fit is
 * refused.
 *
 * QEMU's NetTxPkt does a part of this, but it cannot cut UDP into datagrams
 * (USO, VIRTIO_NET_HDR_GSO_UDP_L4), and it takes the place of the checksum
 * from the headers where our contract, like virtio, states it.
 */

#ifndef HW_NET_MYNIC_GSO_H
#define HW_NET_MYNIC_GSO_H

#include "qemu/iov.h"
#include "net/eth.h"
#include "mynic_abi.h"

/*
 * Most bytes of headers in front of the payload of a segmented packet, with
 * the inserted VLAN tag. Two tags, IPv6, TCP with all options: 22 + 40 + 60;
 * the rest is room for IPv6 extension headers.
 */
#define MYNIC_GSO_HDR_MAX 512

/* Bytes that mynic_vlan_insert() needs for the new start of the frame. */
#define MYNIC_VLAN_INSERT_LEN (ETH_HLEN + sizeof(struct vlan_header))

/**
 * MynicGso - scratch memory for one packet at a time
 * @iov_max: pieces that a packet given to mynic_gso_send() may have
 * @vlan_iov: the packet with its VLAN tag, @iov_max + 1 pieces
 * @out_iov: the frame for the callback, @iov_max + 4 pieces
 * @vlan_hdr: start of the packet with its VLAN tag
 * @csum: the completed checksum, in network byte order
 * @hdr: headers of the segment
 * @out_hdr: offload header of what is still to be cut
 */
typedef struct MynicGso {
    unsigned int iov_max;
    struct iovec *vlan_iov;
    struct iovec *out_iov;
    uint8_t vlan_hdr[MYNIC_VLAN_INSERT_LEN];
    uint16_t csum;
    uint8_t hdr[MYNIC_GSO_HDR_MAX];
    struct mynic_offload_hdr out_hdr;
} MynicGso;

/**
 * MynicGsoPart - how much of a packet is sent at a time
 * @next: number of the segment to begin with; then of the one to go on with, or
 *        0 if the packet is done with or nothing of it was sent
 * @max: most frames to send
 */
typedef struct MynicGsoPart {
    uint32_t next;
    uint32_t max;
} MynicGsoPart;

/**
 * MynicGsoSend - takes one frame that is ready for the wire
 * @opaque: as given to mynic_gso_send()
 * @iov: the frame; valid until the callback returns
 * @iovcnt: number of pieces
 *
 * Returns 1 if it took the frame; 0 if it wants the same one again later, which
 * is possible with a MynicGsoPart only; a negative errno to drop what is left
 * of the packet.
 */
typedef int MynicGsoSend(void *opaque, const struct iovec *iov,
                         unsigned int iovcnt);

/**
 * mynic_gso_init - allocate the scratch memory
 * @gso: the context
 * @iov_max: pieces that a packet may have, at least 1
 */
void mynic_gso_init(MynicGso *gso, unsigned int iov_max);

/**
 * mynic_gso_cleanup - free the scratch memory
 * @gso: the context; all zero is fine
 */
void mynic_gso_cleanup(MynicGso *gso);

/**
 * mynic_gso_send - hand a packet to the wire as one or more plain frames
 * @gso: the context
 * @iov: the packet from its Ethernet header on; it is not written to
 * @iovcnt: number of pieces, at most @iov_max
 * @hdr: what is to be done, in host byte order; NULL for nothing
 * @vlan: whether a VLAN tag is inserted
 * @vlan_tci: the tag
 * @part: which segments to send, and how many; NULL for the whole packet
 * @send: called for each frame, in order
 * @opaque: first argument of @send
 *
 * With %MYNIC_HDR_F_NEEDS_CSUM the field at csum_start + csum_offset holds
 * the sum of the pseudo header and is completed. A packet with a gso_type is
 * cut behind its transport header into pieces of gso_size bytes; hdr_len is
 * not relied on, the length is taken from the transport header. A packet that
 * has no more payload than one segment goes out as it is, with its checksum.
 *
 * Returns the number of frames that @send took; what @send returned if that was
 * negative; or -EINVAL for a packet or header that makes no sense.
 */
int mynic_gso_send(MynicGso *gso, const struct iovec *iov,
                   unsigned int iovcnt, const struct mynic_offload_hdr *hdr,
                   bool vlan, uint16_t vlan_tci, MynicGsoPart *part,
                   MynicGsoSend *send, void *opaque);

/**
 * mynic_gso_split - hand a packet to the wire as several that IP can describe
 * @gso: the context
 * @iov: the packet from its Ethernet header on; it is not written to
 * @iovcnt: number of pieces, at most @iov_max
 * @hdr: what is to be done, in host byte order, with a gso_type
 * @vlan: whether a VLAN tag is inserted
 * @vlan_tci: the tag
 * @part: which segments to send, and in how many packets; NULL for all
 * @send: called for each packet, in order; its offload header is in front
 * @opaque: first argument of @send
 *
 * Each holds as many segments as make an IP datagram of at most 65535 bytes,
 * and whoever cuts it further makes of all together what he would have made of
 * the whole: sequence numbers and identifications go on, FIN and PSH are in the
 * last one, CWR is in the first if the sender wants to say it once.
 *
 * Returns as mynic_gso_send(), counting packets.
 */
int mynic_gso_split(MynicGso *gso, const struct iovec *iov,
                    unsigned int iovcnt, const struct mynic_offload_hdr *hdr,
                    bool vlan, uint16_t vlan_tci, MynicGsoPart *part,
                    MynicGsoSend *send, void *opaque);

/**
 * mynic_vlan_insert - put an 802.1Q tag behind the addresses of a frame
 * @iov: the frame from its Ethernet header on; it is not written to
 * @iovcnt: number of pieces
 * @tci: the tag
 * @buf: memory for the new start of the frame, in use as long as @out is
 * @out: receives the pieces of the new frame
 * @out_max: room in @out, @iovcnt + 1 is always enough
 * @hdr: offsets to be moved along, in host byte order; may be NULL
 *
 * Returns the number of pieces in @out, or -EINVAL if the frame is shorter
 * than an Ethernet header or an offset would leave its field.
 */
int mynic_vlan_insert(const struct iovec *iov, unsigned int iovcnt,
                      uint16_t tci, uint8_t buf[MYNIC_VLAN_INSERT_LEN],
                      struct iovec *out, unsigned int out_max,
                      struct mynic_offload_hdr *hdr);

#endif /* HW_NET_MYNIC_GSO_H */
