/*
 * libqos: the other end of a network card's backend
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include <poll.h>
#include <sys/ioctl.h>
#include "qemu/sockets.h"
#include "qgraph.h"
#include "mynic-wire.h"

/* Longer than anything takes; a test that waits so long has failed. */
#define WIRE_TIMEOUT_MS 20000

static void wire_free(void *opaque)
{
    QMynicWire *wire = opaque;

    close(wire->fd);
    /* The next test cannot go on with a QEMU that has lost its peer. */
    qos_invalidate_command_line();
    close(wire->qemu_fd);
    g_free(wire);
}

void *mynic_wire_before(GString *cmd_line, void *arg)
{
    QMynicWire *wire = g_new0(QMynicWire, 1);
    int fds[2];

    g_assert_cmpint(socketpair(PF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    wire->fd = fds[0];
    wire->qemu_fd = fds[1];
    qemu_set_cloexec(wire->fd);
    /* Not "stream", which drops frames until a thread has connected it. */
    g_string_append_printf(cmd_line, " -netdev socket,id=hs0,fd=%d ",
                           wire->qemu_fd);
    g_test_queue_destroy(wire_free, wire);
    return wire;
}

static void wire_write(QMynicWire *wire, const void *buf, size_t len)
{
    while (len) {
        ssize_t n = send(wire->fd, buf, len, MSG_NOSIGNAL);

        g_assert_cmpint(n, >, 0);
        buf += n;
        len -= n;
    }
}

static void wire_read(QMynicWire *wire, void *buf, size_t len)
{
    while (len) {
        struct pollfd p = { .fd = wire->fd, .events = POLLIN };
        ssize_t n;

        if (poll(&p, 1, WIRE_TIMEOUT_MS) != 1) {
            g_error("no frame came out of the device");
        }
        n = recv(wire->fd, buf, len, 0);
        g_assert_cmpint(n, >, 0);
        buf += n;
        len -= n;
    }
}

void mynic_wire_send(QMynicWire *wire, const GByteArray *frame)
{
    uint32_t len = cpu_to_be32(frame->len);

    wire_write(wire, &len, sizeof(len));
    wire_write(wire, frame->data, frame->len);
}

GByteArray *mynic_wire_recv(QMynicWire *wire)
{
    GByteArray *frame = g_byte_array_new();
    uint32_t len;

    wire_read(wire, &len, sizeof(len));
    len = be32_to_cpu(len);
    g_assert_cmpuint(len, <=, 1 << 20);
    g_byte_array_set_size(frame, len);
    wire_read(wire, frame->data, len);
    return frame;
}

void mynic_wire_expect(QMynicWire *wire, const GByteArray *frame)
{
    g_autoptr(GByteArray) got = mynic_wire_recv(wire);

    g_assert_cmpmem(got->data, got->len, frame->data, frame->len);
}

gboolean mynic_wire_quiet(QMynicWire *wire)
{
    struct pollfd p = { .fd = wire->fd, .events = POLLIN };

    return poll(&p, 1, 0) == 0;
}

guint mynic_wire_waiting(QMynicWire *wire, guint len)
{
    int bytes;

    g_assert_cmpint(ioctl(wire->fd, FIONREAD, &bytes), ==, 0);
    return bytes / (sizeof(uint32_t) + len);
}
