/*
 * libqos: the other end of a network card's backend
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
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

#define TAP_NAME "mynictap"
#define TAP_QUEUES 4

static gboolean write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    gboolean ok = fd >= 0 && write(fd, text, strlen(text)) == strlen(text);

    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* A network of our own, once a process. */
static const char *enter_namespace(void)
{
    static gboolean done;

    if (done || unshare(CLONE_NEWNET) == 0) {
        done = TRUE;
        return NULL;
    }
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
        return "no network namespace is allowed here";
    }
    done = TRUE;
    return NULL;
}

/* The interface, which stays without anybody who has it open. */
static const char *make_tap(void)
{
    struct ifreq ifr = {
        .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_VNET_HDR,
    };
    int tun, s;

    tun = open("/dev/net/tun", O_RDWR);
    if (tun < 0) {
        return "/dev/net/tun cannot be opened";
    }
    g_strlcpy(ifr.ifr_name, TAP_NAME, sizeof(ifr.ifr_name));
    if (ioctl(tun, TUNSETIFF, &ifr) < 0) {
        close(tun);
        return "no tap can be made here";
    }
    g_assert_cmpint(ioctl(tun, TUNSETPERSIST, 1), ==, 0);
    close(tun);

    /* Or the host's kernel has something to say on it. */
    write_text("/proc/sys/net/ipv6/conf/" TAP_NAME "/disable_ipv6", "1");
    s = socket(AF_INET, SOCK_DGRAM, 0);
    ifr.ifr_flags = IFF_UP | IFF_NOARP;
    g_assert_cmpint(ioctl(s, SIOCSIFFLAGS, &ifr), ==, 0);
    ifr.ifr_mtu = 9216;
    g_assert_cmpint(ioctl(s, SIOCSIFMTU, &ifr), ==, 0);
    close(s);
    return NULL;
}

static int open_packet_socket(void)
{
    struct sockaddr_ll addr = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(0x0003), /* ETH_P_ALL */
        .sll_ifindex = if_nametoindex(TAP_NAME),
    };
    int fd = socket(AF_PACKET, SOCK_RAW, htons(0x0003));
    int one = 1;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
                               sizeof(one)), ==, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    qemu_set_cloexec(fd);
    return fd;
}

static void tap_free(void *opaque)
{
    QMynicWire *wire = opaque;

    if (wire->fd >= 0) {
        close(wire->fd);
    }
    qos_invalidate_command_line();
    g_free(wire->missing);
    g_free(wire);
}

void *mynic_tap_before(GString *cmd_line, void *arg)
{
    QMynicWire *wire = g_new0(QMynicWire, 1);
    const char *missing = enter_namespace() ?: make_tap();

    wire->tap = TRUE;
    wire->qemu_fd = -1;
    wire->fd = -1;
    wire->missing = g_strdup(missing);
    if (missing) {
        g_string_append(cmd_line, " -netdev hubport,id=hs0,hubid=9 ");
    } else {
        wire->fd = open_packet_socket();
        g_string_append_printf(cmd_line, " -netdev tap,id=hs0,ifname=" TAP_NAME
                               ",script=no,downscript=no,vhost=off,queues=%d ",
                               TAP_QUEUES);
    }
    g_test_queue_destroy(tap_free, wire);
    return wire;
}

gboolean mynic_tap_missing(QMynicWire *wire)
{
    if (wire->missing) {
        g_test_skip(wire->missing);
    }
    return wire->missing != NULL;
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

    if (wire->tap) {
        g_assert_cmpint(send(wire->fd, frame->data, frame->len, 0), ==,
                        frame->len);
        return;
    }
    wire_write(wire, &len, sizeof(len));
    wire_write(wire, frame->data, frame->len);
}

GByteArray *mynic_wire_recv(QMynicWire *wire)
{
    GByteArray *frame = g_byte_array_new();
    uint32_t len;

    if (wire->tap) {
        struct pollfd p = { .fd = wire->fd, .events = POLLIN };
        ssize_t n;

        g_byte_array_set_size(frame, 1 << 17);
        if (poll(&p, 1, WIRE_TIMEOUT_MS) != 1) {
            g_error("no frame came out of the device");
        }
        n = recv(wire->fd, frame->data, frame->len, 0);
        g_assert_cmpint(n, >, 0);
        g_byte_array_set_size(frame, n);
        return frame;
    }
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

void mynic_wire_drain(QMynicWire *wire)
{
    uint8_t buf[4096];

    while (!mynic_wire_quiet(wire)) {
        g_assert_cmpint(recv(wire->fd, buf, sizeof(buf), 0), >, 0);
    }
}

guint mynic_wire_waiting(QMynicWire *wire, guint len)
{
    int bytes;

    g_assert_cmpint(ioctl(wire->fd, FIONREAD, &bytes), ==, 0);
    return bytes / (sizeof(uint32_t) + len);
}
