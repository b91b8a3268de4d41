/*
 * mynic: completion queues, which a receive queue writes to
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "mynic_core.h"
#include "mynic_pair.h"

void mynic_cq_start(MynicCq *cq, const struct mynic_cmd_cq *cmd)
{
    mynic_ring_init(&cq->ring, le64_to_cpu(cmd->ring), le64_to_cpu(cmd->ctl),
                    1U << le16_to_cpu(cmd->log2_size));
    mynic_intr_start(&cq->intr, le16_to_cpu(cmd->vector),
                     le16_to_cpu(cmd->moderation.usecs),
                     le16_to_cpu(cmd->moderation.frames));
}

void mynic_cq_stop(MynicCq *cq)
{
    mynic_intr_stop(&cq->intr);
    cq->ring.created = false;
}

void mynic_cq_realize(MynicCq *cq, MynicPair *pair, unsigned int id)
{
    cq->core = pair->core;
    cq->id = id;
    mynic_intr_realize(&cq->intr, pair);
}

void mynic_cq_unrealize(MynicCq *cq)
{
    mynic_intr_unrealize(&cq->intr);
}

const VMStateDescription vmstate_mynic_cq = {
    .name = "mynic-cq",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(ring, MynicCq, 1, vmstate_mynic_ring, MynicRing),
        VMSTATE_STRUCT(intr, MynicCq, 1, vmstate_mynic_intr, MynicIntr),
        VMSTATE_END_OF_LIST()
    }
};
