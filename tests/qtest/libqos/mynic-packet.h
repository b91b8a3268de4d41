/*
 * libqos: frames for the tests of mynic, and what they look like when cut
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A frame is described by a struct and built from it. The segments that a
 * device has to make of it are built in the same way from a changed
 * description, not by editing bytes: they are a second opinion.
 */

#ifndef QGRAPH_MYNIC_PACKET_H
#define QGRAPH_MYNIC_PACKET_H

#include <glib.h>

enum {
    QMYNIC_IP_TCP = 6,
    QMYNIC_IP_UDP = 17,
    QMYNIC_IP_SCTP = 132,
};

enum {
    QMYNIC_TCP_FIN = 0x01,
    QMYNIC_TCP_PSH = 0x08,
    QMYNIC_TCP_ACK = 0x10,
    QMYNIC_TCP_ECE = 0x40,
    QMYNIC_TCP_CWR = 0x80,
};

/**
 * QMynicCsum - what stands in the checksum of TCP and UDP
 * @QMYNIC_CSUM_FULL: the right one
 * @QMYNIC_CSUM_PARTIAL: the sum of the pseudo header
 * @QMYNIC_CSUM_BAD: a wrong one
 */
typedef enum QMynicCsum {
    QMYNIC_CSUM_FULL,
    QMYNIC_CSUM_PARTIAL,
    QMYNIC_CSUM_BAD,
} QMynicCsum;

/**
 * QMynicPacket - description of a frame; zero is a good value everywhere
 * @dst: destination address; all zero for the default of the tests' device
 * @src: source address; all zero for another default
 * @tags: number of VLAN tags
 * @tci: their contents
 * @tpid: their types, 0 for 0x8100
 * @ethertype: of a frame that is not IP: payload only; 0 for IP
 * @ipv6: IPv6, otherwise IPv4
 * @saddr: source address, 4 or 16 bytes; all zero for a default
 * @daddr: destination address
 * @ip_options: bytes of IPv4 options, a multiple of 4
 * @ip6_hop_by_hop: bytes of a hop-by-hop header, a multiple of 8
 * @tos: type of service, or traffic class
 * @flow_label: flow label (IPv6)
 * @fragment: the frame is a first fragment
 * @proto: 0 for TCP
 * @ip_id: identification (IPv4)
 * @sport: source port
 * @dport: destination port
 * @seq: sequence number (TCP)
 * @tcp_flags: flags (TCP)
 * @cwr_once: CWR goes to the first segment only (TCP)
 * @tcp_options: bytes of TCP options, a multiple of 4
 * @payload_at: the payload starts at this byte of the pattern
 * @payload_len: bytes of payload
 * @csum: what stands in the checksum
 */
typedef struct QMynicPacket {
    guint8 dst[6];
    guint8 src[6];
    guint tags;
    guint16 tci[2];
    guint16 tpid[2];
    guint16 ethertype;
    gboolean ipv6;
    guint8 saddr[16];
    guint8 daddr[16];
    guint ip_options;
    guint ip6_hop_by_hop;
    guint8 tos;
    guint32 flow_label;
    gboolean fragment;
    guint8 proto;
    guint16 ip_id;
    guint16 sport;
    guint16 dport;
    guint32 seq;
    guint8 tcp_flags;
    gboolean cwr_once;
    guint tcp_options;
    gsize payload_at;
    gsize payload_len;
    QMynicCsum csum;
} QMynicPacket;

/**
 * QMynicLayout - offsets from the start of the frame
 * @l3: IP header
 * @l4: transport header
 * @csum: checksum of the transport header
 * @payload: payload
 */
typedef struct QMynicLayout {
    gsize l3;
    gsize l4;
    gsize csum;
    gsize payload;
} QMynicLayout;

/* The address of the tests' device, permanent and at first station address. */
#define QMYNIC_MAC { 0x52, 0x54, 0x00, 0x6d, 0x79, 0x01 }
#define QMYNIC_MAC_TEXT "52:54:00:6d:79:01"

/**
 * mynic_packet_build - build a frame
 * @packet: its description
 * @layout: receives the offsets; may be NULL
 *
 * Returns the frame; the caller frees it.
 */
GByteArray *mynic_packet_build(const QMynicPacket *packet,
                               QMynicLayout *layout);

/**
 * mynic_packet_segment - one of the frames into which a packet is to be cut
 * @packet: description of the packet
 * @gso_size: bytes of payload in each frame
 * @index: which of them
 *
 * Returns the frame with its checksum, or NULL behind the last one.
 */
GByteArray *mynic_packet_segment(const QMynicPacket *packet, gsize gso_size,
                                 guint index);

/**
 * mynic_packet_piece - one of those into which a packet longer than IP can say
 *                      is to be cut, for a peer that cuts them further
 * @packet: description of the packet
 * @gso_size: bytes of payload in each frame that becomes of it
 * @index: which of them
 *
 * Returns the frame, its checksum partial, or NULL behind the last one.
 */
GByteArray *mynic_packet_piece(const QMynicPacket *packet, gsize gso_size,
                               guint index);

/**
 * mynic_packet_pattern - byte number @at of every payload
 */
guint8 mynic_packet_pattern(gsize at);

#endif
