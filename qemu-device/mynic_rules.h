/*
 * mynic: flow rules: which frames are dropped or steered by their headers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_MYNIC_RULES_H
#define HW_NET_MYNIC_RULES_H

#include "qemu/stats64.h"
#include "mynic_abi.h"
#include "mynic_flow.h"

/* The limit in MYNIC_REG_RULE_LIMITS. */
#define MYNIC_RULES_MAX 256

/* No rule matched. */
#define MYNIC_RULE_NONE (-1)

/**
 * MynicRule - one flow rule, in host byte order
 * @classes: classes of frames that can match, 0 if there is no rule
 * @action: MYNIC_RULE_*
 * @queue: queue, or what is added to that of the context
 * @context: RSS context
 * @value: what the frame must have in the bits of @mask
 * @mask: bits that are looked at
 * @packets: frames that followed it; counted in several threads
 * @bytes: their bytes
 */
typedef struct MynicRule {
    uint16_t classes;
    uint8_t action;
    uint16_t queue;
    uint16_t context;
    MynicFlowKey value;
    MynicFlowKey mask;
    Stat64 packets;
    Stat64 bytes;
} MynicRule;

/**
 * MynicRules - the rules by location
 * @rule: the rules
 * @order: locations at which there is one, in order
 * @num: number of rules
 */
typedef struct MynicRules {
    MynicRule rule[MYNIC_RULES_MAX];
    uint16_t order[MYNIC_RULES_MAX];
    uint32_t num;
} MynicRules;

/**
 * MynicRuleLimits - what a rule may name
 * @queues: number of queue pairs of the device
 * @contexts: number of RSS contexts of the device; 0 without RSS
 * @exist: bit for each RSS context that exists
 */
typedef struct MynicRuleLimits {
    unsigned int queues;
    unsigned int contexts;
    uint64_t exist;
} MynicRuleLimits;

/**
 * mynic_rules_reset - the state after a device reset: none
 * @rules: the rules
 */
void mynic_rules_reset(MynicRules *rules);

/**
 * mynic_rules_set - make or replace a rule as SET_RULE says
 * @rules: the rules; unchanged unless %MYNIC_OK is returned
 * @location: its location
 * @data: data of the command, little-endian, a copy the guest cannot reach
 * @len: bytes of it that the driver gave; more than it has are legal
 * @limits: what the rule may name
 *
 * Returns %MYNIC_OK, or the error that the contract has for it.
 */
enum mynic_status mynic_rules_set(MynicRules *rules, unsigned int location,
                                  const struct mynic_flow_rule *data,
                                  size_t len, const MynicRuleLimits *limits);

/**
 * mynic_rules_delete - take a rule away
 * @rules: the rules
 * @location: its location
 *
 * Returns %MYNIC_OK, %MYNIC_ERR_ID or %MYNIC_ERR_NOT_FOUND.
 */
enum mynic_status mynic_rules_delete(MynicRules *rules,
                                     unsigned int location);

/**
 * mynic_rules_stats - counters of a rule
 * @rules: the rules
 * @location: its location
 * @stats: receives them, little-endian
 *
 * Returns %MYNIC_OK, %MYNIC_ERR_ID or %MYNIC_ERR_NOT_FOUND.
 */
enum mynic_status mynic_rules_stats(const MynicRules *rules,
                                    unsigned int location,
                                    struct mynic_rule_stats *stats);

/**
 * mynic_rules_use - whether a rule uses an RSS context
 * @rules: the rules
 * @context: number of the context
 */
bool mynic_rules_use(const MynicRules *rules, unsigned int context);

/**
 * mynic_rules_load - check and complete rules from a migration stream
 * @rules: the rules
 * @limits: what they may name
 *
 * Returns false if they cannot be used.
 */
bool mynic_rules_load(MynicRules *rules, const MynicRuleLimits *limits);

/**
 * mynic_rules_match - the rule that a frame follows
 * @rules: the rules
 * @flow: class and fields of the frame
 *
 * Returns its location, or %MYNIC_RULE_NONE.
 */
int mynic_rules_match(const MynicRules *rules, const MynicFlow *flow);

/**
 * mynic_rules_hit - count a frame that followed a rule
 * @rules: the rules
 * @location: as mynic_rules_match() returned it
 * @len: bytes of the frame
 */
void mynic_rules_hit(MynicRules *rules, int location, size_t len);

#endif /* HW_NET_MYNIC_RULES_H */
