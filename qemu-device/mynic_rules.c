/*
 * mynic: flow rules: which frames are dropped or steered by their headers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rules are tried one after the other, by location. A rule costs a handful of
 * comparisons, and without rules there is nothing to do at all.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "mynic_rules.h"

/* Classes that exist. */
#define MYNIC_RULE_CLASSES \
    (MYNIC_RULE_NO_IP | (MYNIC_BIT(MYNIC_FLOW_COUNT) - 1))

/* Bit of a frame's class in MynicRule.classes. */
static uint16_t mynic_rule_class_bit(const MynicFlow *flow)
{
    return flow->class == MYNIC_FLOW_NO_IP ? MYNIC_RULE_NO_IP
                                           : MYNIC_BIT(flow->class);
}

void mynic_rules_reset(MynicRules *rules)
{
    memset(rules, 0, sizeof(*rules));
}

/* After a rule was added or taken away. */
static void mynic_rules_sort(MynicRules *rules)
{
    uint32_t i;

    rules->num = 0;
    for (i = 0; i < MYNIC_RULES_MAX; i++) {
        if (rules->rule[i].classes) {
            rules->order[rules->num++] = i;
        }
    }
}

static enum mynic_status mynic_rule_check(const MynicRule *rule,
                                          const MynicRuleLimits *limits)
{
    unsigned int i;

    if (!rule->classes || rule->classes & ~MYNIC_RULE_CLASSES ||
        rule->action > MYNIC_RULE_RSS ||
        (rule->action == MYNIC_RULE_DROP && rule->queue) ||
        (rule->action != MYNIC_RULE_RSS && rule->context)) {
        return MYNIC_ERR_PARAM;
    }
    for (i = 0; i < ARRAY_SIZE(rule->value.words); i++) {
        if (rule->value.words[i] & ~rule->mask.words[i]) {
            return MYNIC_ERR_PARAM;
        }
    }
    if (rule->action == MYNIC_RULE_RSS && !limits->contexts) {
        return MYNIC_ERR_FEATURE;
    }
    if (rule->queue >= limits->queues ||
        (rule->action == MYNIC_RULE_RSS &&
         rule->context >= limits->contexts)) {
        return MYNIC_ERR_ID;
    }
    if (rule->action == MYNIC_RULE_RSS &&
        !(limits->exist & MYNIC_BIT64(rule->context))) {
        return MYNIC_ERR_NOT_FOUND;
    }
    return MYNIC_OK;
}

enum mynic_status mynic_rules_set(MynicRules *rules, unsigned int location,
                                  const struct mynic_flow_rule *data,
                                  size_t len, const MynicRuleLimits *limits)
{
    MynicRule rule = { };
    enum mynic_status status;

    if (location >= MYNIC_RULES_MAX) {
        return MYNIC_ERR_ID;
    }
    if (len < sizeof(*data)) {
        return MYNIC_ERR_LENGTH;
    }
    if (data->reserved) {
        return MYNIC_ERR_PARAM;
    }
    rule.classes = le16_to_cpu(data->classes);
    rule.action = data->action;
    rule.queue = le16_to_cpu(data->queue);
    rule.context = le16_to_cpu(data->context);
    rule.value.key = data->value;
    rule.mask.key = data->mask;
    status = mynic_rule_check(&rule, limits);
    if (status == MYNIC_OK) {
        rules->rule[location] = rule;
        mynic_rules_sort(rules);
    }
    return status;
}

/* Whether there is a rule at a location. */
static enum mynic_status mynic_rules_find(const MynicRules *rules,
                                          unsigned int location)
{
    if (location >= MYNIC_RULES_MAX) {
        return MYNIC_ERR_ID;
    }
    return rules->rule[location].classes ? MYNIC_OK : MYNIC_ERR_NOT_FOUND;
}

enum mynic_status mynic_rules_delete(MynicRules *rules, unsigned int location)
{
    enum mynic_status status = mynic_rules_find(rules, location);

    if (status == MYNIC_OK) {
        rules->rule[location] = (MynicRule) { };
        mynic_rules_sort(rules);
    }
    return status;
}

enum mynic_status mynic_rules_stats(const MynicRules *rules,
                                    unsigned int location,
                                    struct mynic_rule_stats *stats)
{
    enum mynic_status status = mynic_rules_find(rules, location);

    if (status == MYNIC_OK) {
        const MynicRule *rule = &rules->rule[location];

        stats->packets = cpu_to_le64(stat64_get(&rule->packets));
        stats->bytes = cpu_to_le64(stat64_get(&rule->bytes));
    }
    return status;
}

bool mynic_rules_use(const MynicRules *rules, unsigned int context)
{
    uint32_t i;

    for (i = 0; i < rules->num; i++) {
        const MynicRule *rule = &rules->rule[rules->order[i]];

        if (rule->action == MYNIC_RULE_RSS && rule->context == context) {
            return true;
        }
    }
    return false;
}

bool mynic_rules_load(MynicRules *rules, const MynicRuleLimits *limits)
{
    uint32_t i;

    for (i = 0; i < MYNIC_RULES_MAX; i++) {
        if (rules->rule[i].classes &&
            mynic_rule_check(&rules->rule[i], limits) != MYNIC_OK) {
            return false;
        }
    }
    mynic_rules_sort(rules);
    return true;
}

static bool mynic_rule_matches(const MynicRule *rule, const MynicFlow *flow)
{
    uint64_t differ = 0;
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(rule->value.words); i++) {
        differ |= (flow->key.words[i] & rule->mask.words[i]) ^
                  rule->value.words[i];
    }
    return !differ;
}

int mynic_rules_match(const MynicRules *rules, const MynicFlow *flow)
{
    uint16_t class = mynic_rule_class_bit(flow);
    uint32_t i;

    for (i = 0; i < rules->num; i++) {
        const MynicRule *rule = &rules->rule[rules->order[i]];

        if (rule->classes & class && mynic_rule_matches(rule, flow)) {
            return rules->order[i];
        }
    }
    return MYNIC_RULE_NONE;
}

void mynic_rules_hit(MynicRules *rules, int location, size_t len)
{
    if (location != MYNIC_RULE_NONE) {
        stat64_add(&rules->rule[location].packets, 1);
        stat64_add(&rules->rule[location].bytes, len);
    }
}
