/*
 * mynic: RSS and flow rules in a migration stream
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What not every driver uses is in subsections, so that a card of which it is
 * not used can be moved to and from a QEMU that does not know it.
 */

#include "qemu/osdep.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "mynic.h"

static bool mynic_rss_xfrm_needed(void *opaque)
{
    const MynicRss *rss = opaque;

    return rss->xfrm != MYNIC_RSS_XFRM_NONE;
}

static const VMStateDescription vmstate_mynic_rss_xfrm = {
    .name = "mynic-rss/xfrm",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = mynic_rss_xfrm_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(xfrm, MynicRss),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription vmstate_mynic_rss = {
    .name = "mynic-rss",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8_ARRAY(key, MynicRss, MYNIC_RSS_KEY_SIZE),
        VMSTATE_UINT8_ARRAY(fields, MynicRss, MYNIC_RSS_FLOW_CLASSES),
        VMSTATE_UINT16_ARRAY(table, MynicRss, MYNIC_RSS_TABLE_SIZE),
        VMSTATE_UINT16(table_len, MynicRss),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_mynic_rss_xfrm,
        NULL
    }
};

static bool mynic_contexts_needed(void *opaque)
{
    const MynicState *s = opaque;

    return s->core.rss_exist != MYNIC_BIT64(0);
}

const VMStateDescription vmstate_mynic_contexts = {
    .name = "mynic/rss-contexts",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = mynic_contexts_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(core.rss_exist, MynicState),
        VMSTATE_STRUCT_ARRAY(core.rss_others, MynicState,
                             MYNIC_RSS_CONTEXTS - 1, 1, vmstate_mynic_rss,
                             MynicRss),
        VMSTATE_END_OF_LIST()
    }
};

static int mynic_get_stat64(QEMUFile *f, void *pv, size_t size,
                            const VMStateField *field)
{
    stat64_init(pv, qemu_get_be64(f));
    return 0;
}

static int mynic_put_stat64(QEMUFile *f, void *pv, size_t size,
                            const VMStateField *field, JSONWriter *vmdesc)
{
    qemu_put_be64(f, stat64_get(pv));
    return 0;
}

static const VMStateInfo mynic_info_stat64 = {
    .name = "mynic-stat64",
    .get = mynic_get_stat64,
    .put = mynic_put_stat64,
};

static const VMStateDescription vmstate_mynic_rule = {
    .name = "mynic-rule",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT16(classes, MynicRule),
        VMSTATE_UINT8(action, MynicRule),
        VMSTATE_UINT16(queue, MynicRule),
        VMSTATE_UINT16(context, MynicRule),
        VMSTATE_UINT8_ARRAY(value.bytes, MynicRule, sizeof(MynicFlowKey)),
        VMSTATE_UINT8_ARRAY(mask.bytes, MynicRule, sizeof(MynicFlowKey)),
        VMSTATE_SINGLE(packets, MynicRule, 0, mynic_info_stat64, Stat64),
        VMSTATE_SINGLE(bytes, MynicRule, 0, mynic_info_stat64, Stat64),
        VMSTATE_END_OF_LIST()
    }
};

static bool mynic_rules_needed(void *opaque)
{
    const MynicState *s = opaque;

    return s->core.rules.num || s->core.port_stats.s.rx_drop_rule;
}

const VMStateDescription vmstate_mynic_rules = {
    .name = "mynic/flow-rules",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = mynic_rules_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(core.rules.rule, MynicState, MYNIC_RULES_MAX, 1,
                             vmstate_mynic_rule, MynicRule),
        VMSTATE_UINT64_SUB_ARRAY(core.port_stats.words, MynicState,
                                 MYNIC_PORT_STATS_BASE, 1),
        VMSTATE_END_OF_LIST()
    }
};
