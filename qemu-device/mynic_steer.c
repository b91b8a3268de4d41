/*
 * mynic: RSS in the tap, by eBPF
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A tap of several queues chooses the queue of a frame itself, by flows that
 * it has seen. Where the host permits it, it does so by QEMU's eBPF program
 * for RSS instead, with our key and table, and frames arrive at the queue that
 * they belong to. The device computes the hash all the same: it is reported,
 * and it has the last word on the queue. So the program may be missing, or not
 * be able to express everything, flow rules and the contexts that they lead to
 * for instance; that costs time, and nothing else.
 */

#include "qemu/osdep.h"
#include "mynic_core.h"
#include "mynic_pair.h"
#include "standard-headers/linux/virtio_net.h"
#include "trace.h"
#ifdef CONFIG_EBPF
#include <bpf/libbpf.h>
#endif

/* Entries of the program's table. */
#define MYNIC_STEER_TABLE 128

#define MYNIC_STEER_L3 (MYNIC_RSS_FIELD_SRC_ADDR | MYNIC_RSS_FIELD_DST_ADDR)
#define MYNIC_STEER_L4 (MYNIC_STEER_L3 | MYNIC_RSS_FIELD_SRC_PORT | \
                        MYNIC_RSS_FIELD_DST_PORT)

/*
 * What the program is to hash. It knows ports and addresses together or
 * addresses alone, the latter for all that has not the former.
 */
static uint32_t mynic_steer_types(const MynicRss *rss)
{
    static const struct {
        enum mynic_flow_class class;
        uint8_t fields;
        uint32_t type;
    } types[] = {
        { MYNIC_FLOW_IPV4, MYNIC_STEER_L3, VIRTIO_NET_RSS_HASH_TYPE_IPv4 },
        { MYNIC_FLOW_TCPV4, MYNIC_STEER_L4, VIRTIO_NET_RSS_HASH_TYPE_TCPv4 },
        { MYNIC_FLOW_UDPV4, MYNIC_STEER_L4, VIRTIO_NET_RSS_HASH_TYPE_UDPv4 },
        { MYNIC_FLOW_IPV6, MYNIC_STEER_L3, VIRTIO_NET_RSS_HASH_TYPE_IPv6 },
        { MYNIC_FLOW_TCPV6, MYNIC_STEER_L4, VIRTIO_NET_RSS_HASH_TYPE_TCPv6 },
        { MYNIC_FLOW_UDPV6, MYNIC_STEER_L4, VIRTIO_NET_RSS_HASH_TYPE_UDPv6 },
    };
    uint32_t result = 0;
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(types); i++) {
        if (rss->fields[types[i].class] == types[i].fields) {
            result |= types[i].type;
        }
    }
    return result;
}

/* Loads the program once. Silent: most users may not, and need not know. */
static bool mynic_steer_load(MynicCore *core)
{
#ifdef CONFIG_EBPF
    if (!core->steer_tried) {
        libbpf_print_fn_t print = libbpf_set_print(NULL);

        core->steer_tried = true;
        ebpf_rss_load(&core->steer, NULL);
        libbpf_set_print(print);
    }
#endif
    return ebpf_rss_is_loaded(&core->steer);
}

static bool mynic_steer_attach(MynicCore *core, int fd)
{
    NetClientState *peer = core->wires[0].nc->peer;

    return peer->info->set_steering_ebpf &&
           peer->info->set_steering_ebpf(peer, fd);
}

static void mynic_steer_detach(MynicCore *core)
{
    if (core->steers && !qemu_get_nic(core->wires[0].nc)->peer_deleted) {
        mynic_steer_attach(core, -1);
    }
    core->steers = false;
}

void mynic_steer_update(MynicCore *core)
{
    MynicRss *rss = &core->rss;
    struct EBPFRSSConfig config = {
        .redirect = true,
        .hash_types = mynic_has(core, MYNIC_F_RSS) ? mynic_steer_types(rss) : 0,
        .indirections_len = MIN(rss->table_len, MYNIC_STEER_TABLE),
        .default_queue = rss->table[0],
    };

    /* Of a symmetric hash it knows nothing, and all its queues are wrong. */
    if (!core->direct || core->num_wires == 1 || !core->use_ebpf ||
        rss->xfrm != MYNIC_RSS_XFRM_NONE ||
        !mynic_steer_load(core) ||
        !ebpf_rss_set_all(&core->steer, &config, rss->table, rss->key, NULL)) {
        mynic_steer_detach(core);
    } else if (!core->steers) {
        core->steers = mynic_steer_attach(core, core->steer.program_fd);
    }
    trace_mynic_steer(core->steers, config.hash_types);
}

void mynic_steer_realize(MynicCore *core)
{
    ebpf_rss_init(&core->steer);
}

void mynic_steer_unrealize(MynicCore *core)
{
    mynic_steer_detach(core);
    ebpf_rss_unload(&core->steer);
}
