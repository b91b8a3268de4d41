/*
 * libqos: the other end of a network card's backend
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef QGRAPH_MYNIC_WIRE_H
#define QGRAPH_MYNIC_WIRE_H

#include <glib.h>

/**
 * QMynicWire - the other end of a netdev
 * @fd: one end of a socket pair, the other is "-netdev socket"; or a packet
 *      socket of a tap's interface
 * @qemu_fd: the other end, -1 with a tap
 * @tap: it is a tap
 * @missing: why there is no tap, NULL if there is one
 */
typedef struct QMynicWire {
    int fd;
    int qemu_fd;
    gboolean tap;
    char *missing;
} QMynicWire;

/**
 * mynic_wire_before - for QOSGraphTestOptions: netdev "hs0" and its wire
 */
void *mynic_wire_before(GString *cmd_line, void *arg);

/**
 * mynic_tap_before - the same with a tap of four queues and offload headers
 *
 * In a network namespace that the test makes for itself, which needs no
 * privilege where user namespaces are allowed. If there can be none, "hs0" is a
 * netdev that leads nowhere, and the test is to be skipped with
 * mynic_tap_missing().
 */
void *mynic_tap_before(GString *cmd_line, void *arg);

/**
 * mynic_tap_missing - skip the test if there is no tap
 *
 * Returns whether it is skipped.
 */
gboolean mynic_tap_missing(QMynicWire *wire);

void mynic_wire_send(QMynicWire *wire, const GByteArray *frame);

/**
 * mynic_wire_recv - wait for a frame; the caller frees it
 */
GByteArray *mynic_wire_recv(QMynicWire *wire);

/**
 * mynic_wire_expect - wait for a frame and compare it
 */
void mynic_wire_expect(QMynicWire *wire, const GByteArray *frame);

/**
 * mynic_wire_quiet - whether nothing has arrived that was not read
 */
gboolean mynic_wire_quiet(QMynicWire *wire);

/* Takes what there is, whole frames or not. */
void mynic_wire_drain(QMynicWire *wire);

/**
 * mynic_wire_waiting - how many whole frames of a length wait to be read
 * @len: of each of them
 */
guint mynic_wire_waiting(QMynicWire *wire, guint len);

#endif
