#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads and sets the kernel's "netdev" netlink family, which no packaged tool does.

The kernel's own client, tools/net/ynl, is not packaged and wants the kernel
source; this covers the few commands that the tests need.

Usage: netdev-genl.py qstats IFACE          a line for each queue, with counters
       netdev-genl.py qstats-sum IFACE      a line: of all queues ever, and of none
       netdev-genl.py queues IFACE          a line for each queue, with its NAPI
       netdev-genl.py napis IFACE           a line for each NAPI instance
       netdev-genl.py napi-set ID NAME=N... threaded, defer-hard-irqs, ...

A line is "rx|tx|napi|netdev NUMBER NAME=VALUE...".
"""

import os
import socket
import struct
import sys

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
SOL_NETLINK, NETLINK_EXT_ACK, NLMSGERR_ATTR_MSG = 270, 11, 1
NLM_F_ACK_TLVS, NLM_F_CAPPED = 0x200, 0x100

QUEUE_GET, NAPI_GET, QSTATS_GET, NAPI_SET = 10, 11, 12, 14

# Names as in Documentation/netlink/specs/netdev.yaml of the kernel.
QUEUE = {1: "id", 2: "ifindex", 3: "type", 4: "napi-id"}
NAPI = {1: "ifindex", 2: "id", 3: "irq", 4: "pid", 5: "defer-hard-irqs",
        6: "gro-flush-timeout", 7: "irq-suspend-timeout", 8: "threaded"}
QSTATS = {1: "ifindex", 2: "type", 3: "id", 4: "scope"}
QSTATS.update(enumerate((
    "rx-packets", "rx-bytes", "tx-packets", "tx-bytes", "rx-alloc-fail",
    "rx-hw-drops", "rx-hw-drop-overruns", "rx-csum-complete",
    "rx-csum-unnecessary", "rx-csum-none", "rx-csum-bad",
    "rx-hw-gro-packets", "rx-hw-gro-bytes", "rx-hw-gro-wire-packets",
    "rx-hw-gro-wire-bytes", "rx-hw-drop-ratelimits", "tx-hw-drops",
    "tx-hw-drop-errors", "tx-csum-none", "tx-needs-csum",
    "tx-hw-gso-packets", "tx-hw-gso-bytes", "tx-hw-gso-wire-packets",
    "tx-hw-gso-wire-bytes", "tx-hw-drop-ratelimits", "tx-stop",
    "tx-wake"), start=8))


def attrs(data):
    """Yields (type, payload) of the netlink attributes in data."""
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3fff, data[4:size]
        data = data[(size + 3) & ~3:]


def attr(kind, payload):
    """Encodes one attribute."""
    size = 4 + len(payload)
    return struct.pack("=HH", size, kind) + payload + b"\0" * (-size % 4)


def u32(value):
    """Encodes an unsigned number of 32 bits."""
    return struct.pack("=I", value)


class Genl:
    """One socket to one generic netlink family."""

    def __init__(self, name):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sock.bind((0, 0))
        reply = self.call(GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
                          attr(CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0"))
        self.family = struct.unpack(
            "=H", dict(attrs(reply[0]))[CTRL_ATTR_FAMILY_ID])[0]

    def call(self, family, cmd, payload, flags=NLM_F_ACK):
        """Sends a command; returns the attribute bytes of every reply."""
        msg = struct.pack("=BBH", cmd, 1, 0) + payload
        self.sock.send(struct.pack("=IHHII", 16 + len(msg), family,
                                   NLM_F_REQUEST | flags, 1, 0) + msg)
        replies = []
        while True:
            data = self.sock.recv(1 << 20)
            while data:
                size, kind, nl_flags = struct.unpack_from("=IHH", data)
                body, data = data[16:size], data[(size + 3) & ~3:]
                if kind == NLMSG_DONE:
                    return replies
                if kind != NLMSG_ERROR:
                    replies.append(body[4:])
                    continue
                self.check(body, nl_flags)
                return replies

    @staticmethod
    def check(body, nl_flags):
        """Raises what the kernel answered, with its extended message."""
        errno = -struct.unpack_from("=i", body)[0]
        if errno == 0:
            return
        msg = os.strerror(errno)
        if nl_flags & NLM_F_ACK_TLVS:
            request = struct.unpack_from("=I", body, 4)[0]
            skip = 4 + (16 if nl_flags & NLM_F_CAPPED else request)
            ext = dict(attrs(body[(skip + 3) & ~3:]))
            if NLMSGERR_ATTR_MSG in ext:
                msg += ": " + ext[NLMSGERR_ATTR_MSG].rstrip(b"\0").decode()
        raise OSError(errno, msg)

    def dump(self, cmd, payload, names):
        """Dumps a command's objects as dictionaries by name."""
        for reply in self.call(self.family, cmd, payload, NLM_F_DUMP):
            yield {names.get(kind, f"attr-{kind}"):
                   int.from_bytes(data, sys.byteorder)
                   for kind, data in attrs(reply)}


def show(kind, number, obj, hidden=("ifindex", "id", "type", "scope")):
    """Prints one object on a line."""
    print(kind, number, *(f"{name}={value}" for name, value in obj.items()
                          if name not in hidden))


def main(args):
    """Runs the command named by args."""
    if len(args) < 2 or args[0] not in ("qstats", "qstats-sum", "queues",
                                        "napis", "napi-set"):
        sys.exit(__doc__)
    cmd, genl = args[0], Genl("netdev")
    if cmd == "napi-set":
        ids = {name: number for number, name in NAPI.items()}
        payload = attr(ids["id"], u32(int(args[1])))
        for setting in args[2:]:
            name, value = setting.split("=")
            payload += attr(ids[name], u32(int(value)))
        genl.call(genl.family, NAPI_SET, payload)
        return
    index = u32(socket.if_nametoindex(args[1]))
    if cmd == "napis":
        for obj in genl.dump(NAPI_GET, attr(1, index), NAPI):
            show("napi", obj["id"], obj)
        return
    if cmd == "qstats-sum":
        for obj in genl.dump(QSTATS_GET, attr(1, index), QSTATS):
            show("netdev", obj["ifindex"], obj)
        return
    if cmd == "queues":
        objs = genl.dump(QUEUE_GET, attr(2, index), QUEUE)
    else:
        objs = genl.dump(QSTATS_GET,
                         attr(1, index) + attr(4, struct.pack("=Q", 1)),
                         QSTATS)
    for obj in objs:
        show("tx" if obj["type"] else "rx", obj["id"], obj)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as err:
        sys.exit(f"netdev-genl.py: {err.strerror or err}")
