/*
 * libqos: the other end of a network card's backend
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef QGRAPH_MYNIC_WIRE_H
#define QGRAPH_MYNIC_WIRE_H

#include <glib.h>

/**
 * QMynicWire - one end of a socket pair; the other is "-netdev socket"
 */
typedef struct QMynicWire {
    int fd;
    int qemu_fd;
} QMynicWire;

/**
 * mynic_wire_before - for QOSGraphTestOptions: netdev "hs0" and its wire
 */
void *mynic_wire_before(GString *cmd_line, void *arg);

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

/**
 * mynic_wire_waiting - how many whole frames of a length wait to be read
 * @len: of each of them
 */
guint mynic_wire_waiting(QMynicWire *wire, guint len);

#endif
