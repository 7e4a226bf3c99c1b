/* Random proposals that come near every rule: few people, few days, few keys, so that they collide. */
#ifndef ROTA_TESTS_UNIT_LEDGER_SCHEDULE_RANDOM_H
#define ROTA_TESTS_UNIT_LEDGER_SCHEDULE_RANDOM_H

#include "fixture.h"
#include "schedule_model.h"

enum { RANDOM_ENTRIES_MAX = 8, RANDOM_OPS_MAX = 4 };

/* One proposal, often acceptable, for the block of this height; the model knows what there is to refer to. */
struct rota_proposal *random_proposal(struct fixture_random *random, struct model *model, uint64_t height);

struct random_block {
    struct rota_entry entries[RANDOM_ENTRIES_MAX];
    uint32_t count;
    struct rota_op_outcome ops[RANDOM_ENTRIES_MAX][RANDOM_OPS_MAX]; /* what the model says */
};

/* A block that may be ordered, and what the model makes of it. *refused, when not NULL: a proposal that may not stand at
 * its end, or NULL; given to the caller. */
void random_block(struct random_block *out, struct rota_proposal **refused, struct fixture_random *random,
                  struct model *model, uint64_t height);
void random_block_release(struct random_block *block);

#endif
