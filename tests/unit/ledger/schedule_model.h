/* The rules of FORMATS §9 a second time, the slowest way: plain arrays that are searched from end to end. Random blocks
 * must come out alike here and in the schedule. */
#ifndef ROTA_TESTS_UNIT_LEDGER_SCHEDULE_MODEL_H
#define ROTA_TESTS_UNIT_LEDGER_SCHEDULE_MODEL_H

#include "ledger/schedule/operation.h"

enum { MODEL_ROOM = 4096 };

struct model_seq {
    struct rota_kid kid;
    uint64_t seq;
    struct rota_hash id;
};

struct model_card {
    struct rota_token person;
    int32_t day;
    uint32_t revision;
};

struct model {
    const struct rota_genesis *genesis;
    struct rota_person people[MODEL_ROOM];
    struct rota_code_info codes[MODEL_ROOM];
    struct rota_coordinator coordinators[MODEL_ROOM];
    struct rota_assignment assignments[MODEL_ROOM];
    struct model_seq seqs[MODEL_ROOM];
    struct model_card cards[MODEL_ROOM];
    uint32_t person_count, code_count, coordinator_count, assignment_count, seq_count, card_count;
};

struct model *model_new(const struct rota_genesis *genesis);
void model_free(struct model *model);

struct rota_coordinator *model_coordinator(struct model *model, const struct rota_kid *kid); /* NULL: unknown */
uint32_t model_revision(const struct model *model, const struct rota_token *person, int32_t day);
/* May it stand in the block of this height, after all that was executed? */
bool model_admits(struct model *model, uint64_t height, const struct rota_proposal *proposal);
/* Outcomes go to out[0 .. op_count). */
void model_execute(struct model *model, uint64_t height, const struct rota_proposal *proposal, struct rota_op_outcome *out);
void model_suspend(struct model *model, uint64_t height, const struct rota_kid *kid);

#endif
