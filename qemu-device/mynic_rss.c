/*
 * mynic: receive-side scaling: from a frame to its hash and queue
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/host-utils.h"
#include "net/checksum.h"
#include "mynic_rss.h"

#define MYNIC_RSS_FIELDS_L3 \
    (MYNIC_RSS_FIELD_SRC_ADDR | MYNIC_RSS_FIELD_DST_ADDR)
#define MYNIC_RSS_FIELDS_L4 \
    (MYNIC_RSS_FIELD_SRC_PORT | MYNIC_RSS_FIELD_DST_PORT)

/* Two addresses of IPv6, two ports, and a flow label. */
#define MYNIC_RSS_INPUT_MAX 40

/*
 * Toeplitz takes 32 bits of key more than it has input, as many as
 * mynic_rss_classify() repeats.
 */
QEMU_BUILD_BUG_ON(MYNIC_RSS_INPUT_MAX > MYNIC_RSS_KEY_SIZE);
QEMU_BUILD_BUG_ON(offsetof(MynicRss, key) % 4);

void mynic_rss_reset(MynicRss *rss)
{
    memset(rss, 0, sizeof(*rss));
    rss->table_len = 1;
}

static bool mynic_rss_fields_valid(const uint8_t *fields)
{
    unsigned int i;
    uint8_t known;

    for (i = 0; i < MYNIC_RSS_FLOW_CLASSES; i++) {
        if (i >= MYNIC_FLOW_COUNT) {
            known = 0;
        } else if (i == MYNIC_FLOW_IPV4 || i == MYNIC_FLOW_IPV6) {
            known = MYNIC_RSS_FIELDS_L3;
        } else {
            known = MYNIC_RSS_FIELDS_L3 | MYNIC_RSS_FIELDS_L4;
        }
        if (i >= MYNIC_FLOW_IPV6 && i < MYNIC_FLOW_COUNT) {
            known |= MYNIC_RSS_FIELD_FLOW_LABEL;
        }
        if (fields[i] & ~known) {
            return false;
        }
    }
    return true;
}

/* Whether all fields are the same in both directions of a flow. */
static bool mynic_rss_fields_symmetric(const uint8_t *fields)
{
    static const uint8_t pairs[] = { MYNIC_RSS_FIELDS_L3, MYNIC_RSS_FIELDS_L4 };
    unsigned int i, p;

    for (i = 0; i < MYNIC_FLOW_COUNT; i++) {
        if (fields[i] & MYNIC_RSS_FIELD_FLOW_LABEL) {
            return false;
        }
        for (p = 0; p < ARRAY_SIZE(pairs); p++) {
            if (fields[i] & pairs[p] && (fields[i] & pairs[p]) != pairs[p]) {
                return false;
            }
        }
    }
    return true;
}

static bool mynic_rss_xfrm_valid(uint8_t xfrm, const uint8_t *fields)
{
    return xfrm == MYNIC_RSS_XFRM_NONE ||
           (xfrm <= MYNIC_RSS_XFRM_SYM_OR_XOR &&
            mynic_rss_fields_symmetric(fields));
}

static bool mynic_rss_table_valid(const MynicRss *rss, unsigned int queues)
{
    unsigned int i;

    for (i = 0; i < rss->table_len; i++) {
        if (rss->table[i] >= queues) {
            return false;
        }
    }
    return true;
}

static bool mynic_rss_table_len_valid(unsigned int len)
{
    return len && len <= MYNIC_RSS_TABLE_SIZE && is_power_of_2(len);
}

uint64_t mynic_rss_needs(const struct mynic_rss_config *config)
{
    uint64_t features = 0;
    unsigned int i;

    if (config->xfrm != MYNIC_RSS_XFRM_NONE) {
        features |= MYNIC_F_RSS_SYMMETRIC;
    }
    for (i = 0; i < MYNIC_FLOW_COUNT; i++) {
        if (config->fields[i] & MYNIC_RSS_FIELD_FLOW_LABEL) {
            features |= MYNIC_F_RSS_FLOW_LABEL;
        }
    }
    return features;
}

bool mynic_rss_valid(const MynicRss *rss, unsigned int queues)
{
    return mynic_rss_table_len_valid(rss->table_len) &&
           mynic_rss_fields_valid(rss->fields) &&
           mynic_rss_xfrm_valid(rss->xfrm, rss->fields) &&
           mynic_rss_table_valid(rss, queues);
}

enum mynic_status mynic_rss_set(MynicRss *rss,
                                const struct mynic_rss_config *config,
                                size_t len, unsigned int queues)
{
    const size_t table_at = offsetof(struct mynic_rss_config, table);
    MynicRss new = {};
    unsigned int i;

    if (len < table_at) {
        return MYNIC_ERR_LENGTH;
    }
    new.table_len = le16_to_cpu(config->table_len);
    if (!mynic_rss_table_len_valid(new.table_len) ||
        le16_to_cpu(config->key_len) != MYNIC_RSS_KEY_SIZE ||
        config->function != MYNIC_RSS_TOEPLITZ ||
        !buffer_is_zero(config->reserved, sizeof(config->reserved)) ||
        !mynic_rss_fields_valid(config->fields) ||
        !mynic_rss_xfrm_valid(config->xfrm, config->fields)) {
        return MYNIC_ERR_PARAM;
    }
    if (len < table_at + new.table_len * sizeof(config->table[0])) {
        return MYNIC_ERR_LENGTH;
    }
    new.xfrm = config->xfrm;
    memcpy(new.key, config->key, sizeof(new.key));
    memcpy(new.fields, config->fields, sizeof(new.fields));
    for (i = 0; i < new.table_len; i++) {
        new.table[i] = le16_to_cpu(config->table[i]);
    }
    if (!mynic_rss_table_valid(&new, queues)) {
        return MYNIC_ERR_ID;
    }
    *rss = new;
    return MYNIC_OK;
}

/* Replaces @src and @dst by what is the same whichever of them is which. */
static void mynic_rss_transform(uint8_t xfrm, uint8_t *src, uint8_t *dst,
                                size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        uint8_t s = src[i], d = dst[i];

        src[i] = xfrm == MYNIC_RSS_XFRM_SYM_XOR ? s ^ d : s | d;
        dst[i] = s ^ d;
    }
}

/* Neither function of QEMU writes to the input or to the key. */
static void mynic_rss_add(MynicRssResult *result, net_toeplitz_key *key,
                          const uint8_t *input, size_t len)
{
    net_toeplitz_add(&result->hash, (uint8_t *)input, len, key);
}

void mynic_rss_classify(const MynicRss *rss, const MynicFlow *flow,
                        MynicRssResult *result)
{
    uint8_t repeated[MYNIC_RSS_KEY_SIZE + sizeof(flow->label)] QEMU_ALIGNED(4);
    const struct mynic_flow_key *in = &flow->key.key;
    struct mynic_flow_key transformed;
    net_toeplitz_key key;
    uint8_t fields;

    result->hash = 0;
    result->type = MYNIC_HASH_NONE;
    result->queue = rss->table[0];

    if (flow->class == MYNIC_FLOW_NO_IP) {
        return;
    }
    fields = rss->fields[flow->class];
    if (!fields) {
        return;
    }

    net_toeplitz_key_init(&key, (uint8_t *)rss->key);
    if (fields & MYNIC_RSS_FIELD_FLOW_LABEL) {
        /* The key goes on with its beginning, the input may need it. */
        memcpy(repeated, rss->key, MYNIC_RSS_KEY_SIZE);
        memcpy(repeated + MYNIC_RSS_KEY_SIZE, rss->key,
               sizeof(repeated) - MYNIC_RSS_KEY_SIZE);
        net_toeplitz_key_init(&key, repeated);
    }
    if (rss->xfrm != MYNIC_RSS_XFRM_NONE) {
        transformed = *in;
        mynic_rss_transform(rss->xfrm, transformed.src_addr,
                            transformed.dst_addr, flow->addr_len);
        mynic_rss_transform(rss->xfrm, transformed.l4, transformed.l4 + 2, 2);
        in = &transformed;
    }
    if (fields & MYNIC_RSS_FIELD_SRC_ADDR) {
        mynic_rss_add(result, &key, in->src_addr, flow->addr_len);
    }
    if (fields & MYNIC_RSS_FIELD_DST_ADDR) {
        mynic_rss_add(result, &key, in->dst_addr, flow->addr_len);
    }
    if (fields & MYNIC_RSS_FIELD_SRC_PORT) {
        mynic_rss_add(result, &key, in->l4, 2);
    }
    if (fields & MYNIC_RSS_FIELD_DST_PORT) {
        mynic_rss_add(result, &key, in->l4 + 2, 2);
    }
    if (fields & MYNIC_RSS_FIELD_FLOW_LABEL) {
        mynic_rss_add(result, &key, flow->label, sizeof(flow->label));
    }
    result->type = fields & MYNIC_RSS_FIELDS_L4 ? MYNIC_HASH_L4
                                                : MYNIC_HASH_L3;
    result->queue = rss->table[result->hash & (rss->table_len - 1)];
}
