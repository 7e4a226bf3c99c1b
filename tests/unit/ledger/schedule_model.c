#include "schedule_model.h"

#include "schedule_play.h"

#include <stdlib.h>

/* The index of a new last element. */
static uint32_t model_add(uint32_t *count)
{
    cr_assert(*count < MODEL_ROOM);
    return (*count)++;
}

struct model *model_new(const struct rota_genesis *genesis)
{
    struct model *model = calloc(1, sizeof *model);
    cr_assert(model != NULL);
    model->genesis = genesis;
    for (uint32_t i = 0; i < genesis->person_count; i++)
        model->people[model->person_count++] = (struct rota_person){genesis->people[i].id, genesis->people[i].home, 0};
    for (uint32_t i = 0; i < genesis->code_count; i++)
        model->codes[model->code_count++] = (struct rota_code_info){genesis->codes[i].id, genesis->codes[i].pool, 0};
    for (uint32_t i = 0; i < genesis->coordinator_count; i++) {
        const struct rota_genesis_coordinator *given = &genesis->coordinators[i];
        model->coordinators[model->coordinator_count++] = (struct rota_coordinator){
            .label = given->label, .key = given->key, .facility = given->facility, .roles = given->roles};
    }
    return model;
}

void model_free(struct model *model)
{
    free(model);
}

struct rota_coordinator *model_coordinator(struct model *model, const struct rota_kid *kid)
{
    for (uint32_t i = 0; i < model->coordinator_count; i++)
        if (rota_kid_equal(&model->coordinators[i].key.kid, kid))
            return &model->coordinators[i];
    return NULL;
}

static bool model_knows_person(const struct model *model, const struct rota_token *id)
{
    for (uint32_t i = 0; i < model->person_count; i++)
        if (rota_token_equal(&model->people[i].id, id))
            return true;
    return false;
}

static bool model_knows_code(const struct model *model, const struct rota_token *id)
{
    for (uint32_t i = 0; i < model->code_count; i++)
        if (rota_token_equal(&model->codes[i].id, id))
            return true;
    return false;
}

static struct model_card *model_card(const struct model *model, const struct rota_token *person, int32_t day)
{
    for (uint32_t i = 0; i < model->card_count; i++)
        if (rota_token_equal(&model->cards[i].person, person) && model->cards[i].day == day)
            return (struct model_card *)(uintptr_t)&model->cards[i];
    return NULL;
}

uint32_t model_revision(const struct model *model, const struct rota_token *person, int32_t day)
{
    const struct model_card *card = model_card(model, person, day);
    return card != NULL ? card->revision : 0;
}

/* Minutes of the tests are not negative. */
static void model_touch(struct model *model, const struct rota_assignment *assignment)
{
    int32_t day = (int32_t)(assignment->start_minute / 1440);
    struct model_card *card = model_card(model, &assignment->person, day);
    if (card == NULL) {
        card = &model->cards[model_add(&model->card_count)];
        *card = (struct model_card){assignment->person, day, 0};
    }
    card->revision++;
}

bool model_admits(struct model *model, uint64_t height, const struct rota_proposal *proposal)
{
    const struct rota_coordinator *author = model_coordinator(model, &proposal->jws.kid);
    if (author == NULL || author->from_height >= height || proposal->seq + 256 < author->seq_highest)
        return false;
    for (uint32_t i = 0; i < model->seq_count; i++)
        if (rota_kid_equal(&model->seqs[i].kid, &proposal->jws.kid) && model->seqs[i].seq == proposal->seq)
            return false;
    return rota_hash_equal(&proposal->ledger_id, &model->genesis->ledger_id);
}

static enum rota_outcome_code model_facility(const struct model *model, const struct rota_coordinator *author,
                                             const struct rota_token *facility)
{
    for (uint32_t i = 0; i < model->genesis->membership.count; i++)
        if (rota_token_equal(&model->genesis->membership.members[i].id, facility))
            return rota_token_equal(facility, &author->facility) ? ROTA_OUTCOME_OK : ROTA_OUTCOME_WRONG_FACILITY;
    return ROTA_OUTCOME_UNKNOWN_FACILITY;
}

/* Minute by minute, so that nothing is shared with how the schedule thinks of it. */
static bool model_shares_a_minute(const struct rota_assignment *a, const struct rota_assignment *b)
{
    for (int64_t minute = a->start_minute; minute < a->start_minute + a->minutes; minute++)
        if (minute >= b->start_minute && minute < b->start_minute + b->minutes)
            return true;
    return false;
}

static const struct rota_assignment *model_conflict(const struct model *model, const struct rota_assignment *wanted)
{
    const struct rota_assignment *first = NULL;
    for (uint32_t i = 0; i < model->assignment_count; i++) {
        const struct rota_assignment *other = &model->assignments[i];
        if (other->to_height != 0 || !rota_token_equal(&other->person, &wanted->person) ||
            !model_shares_a_minute(wanted, other))
            continue;
        if (first == NULL || other->start_minute < first->start_minute)
            first = other;
    }
    return first;
}

static enum rota_outcome_code model_assign(struct model *model, uint64_t height, const struct rota_coordinator *author,
                                           const struct rota_operation *op, const struct rota_hash *id, uint32_t index,
                                           struct rota_op_outcome *out)
{
    struct rota_assignment made = {.person = op->person,
                                   .facility = op->facility,
                                   .code = op->code,
                                   .start_minute = op->start_minute,
                                   .minutes = op->minutes,
                                   .from_height = height,
                                   .proposal = *id};
    enum rota_outcome_code facility = model_facility(model, author, &op->facility);
    if (facility != ROTA_OUTCOME_OK)
        return facility;
    if (!model_knows_person(model, &op->person))
        return ROTA_OUTCOME_UNKNOWN_PERSON;
    if (!model_knows_code(model, &op->code))
        return ROTA_OUTCOME_UNKNOWN_CODE;
    const struct rota_assignment *conflict = model_conflict(model, &made);
    if (conflict != NULL) {
        out->detail_len = 32;
        memcpy(out->detail, conflict->proposal.b, 32);
        return ROTA_OUTCOME_OVERLAP;
    }
    play_assignment_id(made.id, id, index);
    model->assignments[model_add(&model->assignment_count)] = made;
    model_touch(model, &made);
    return ROTA_OUTCOME_OK;
}

static enum rota_outcome_code model_unassign(struct model *model, uint64_t height, const struct rota_coordinator *author,
                                             const struct rota_operation *op)
{
    for (uint32_t i = 0; i < model->assignment_count; i++) {
        struct rota_assignment *assignment = &model->assignments[i];
        if (memcmp(assignment->id, op->assignment, sizeof assignment->id) != 0)
            continue;
        if (assignment->to_height != 0)
            return ROTA_OUTCOME_NOT_ACTIVE;
        if (!rota_token_equal(&assignment->facility, &author->facility))
            return ROTA_OUTCOME_WRONG_FACILITY;
        assignment->to_height = height;
        model_touch(model, assignment);
        return ROTA_OUTCOME_OK;
    }
    return ROTA_OUTCOME_UNKNOWN_ASSIGNMENT;
}

static enum rota_outcome_code model_enrol(struct model *model, uint64_t height, const struct rota_coordinator *author,
                                          const struct rota_operation *op)
{
    enum rota_outcome_code facility = model_facility(model, author, &op->facility);
    if (facility != ROTA_OUTCOME_OK)
        return facility;
    if (model_knows_person(model, &op->person))
        return ROTA_OUTCOME_EXISTS;
    model->people[model_add(&model->person_count)] = (struct rota_person){op->person, op->facility, height};
    return ROTA_OUTCOME_OK;
}

static enum rota_outcome_code model_define(struct model *model, uint64_t height, const struct rota_operation *op)
{
    if (model_knows_code(model, &op->code))
        return ROTA_OUTCOME_EXISTS;
    model->codes[model_add(&model->code_count)] = (struct rota_code_info){op->code, op->pool, height};
    return ROTA_OUTCOME_OK;
}

static enum rota_outcome_code model_grant(struct model *model, uint64_t height, const struct rota_coordinator *author,
                                          const struct rota_operation *op)
{
    enum rota_outcome_code facility = model_facility(model, author, &op->facility);
    if (facility != ROTA_OUTCOME_OK)
        return facility;
    if (model_coordinator(model, &op->key.kid) != NULL)
        return ROTA_OUTCOME_EXISTS;
    model->coordinators[model_add(&model->coordinator_count)] = (struct rota_coordinator){
        .label = op->label, .key = op->key, .facility = op->facility, .roles = op->roles, .from_height = height};
    return ROTA_OUTCOME_OK;
}

static enum rota_outcome_code model_revoke(struct model *model, uint64_t height, const struct rota_coordinator *author,
                                           const struct rota_operation *op)
{
    struct rota_coordinator *coordinator = model_coordinator(model, &op->kid);
    if (coordinator == NULL)
        return ROTA_OUTCOME_UNKNOWN_KEY;
    if (coordinator->revoked_at != 0)
        return ROTA_OUTCOME_NOT_ACTIVE;
    if (!rota_token_equal(&coordinator->facility, &author->facility))
        return ROTA_OUTCOME_WRONG_FACILITY;
    coordinator->revoked_at = height;
    return ROTA_OUTCOME_OK;
}

static enum rota_outcome_code model_operation(struct model *model, uint64_t height, const struct rota_coordinator *author,
                                              const struct rota_proposal *proposal, uint32_t index,
                                              struct rota_op_outcome *out)
{
    const struct rota_operation *op = &proposal->ops[index];
    const char *name = op->kind->name;
    bool scheduling = strcmp(name, "assign") == 0 || strcmp(name, "unassign") == 0;
    if ((author->roles & (scheduling ? 1U : 2U)) == 0)
        return ROTA_OUTCOME_ROLE_MISSING;
    if (strcmp(name, "assign") == 0)
        return model_assign(model, height, author, op, &proposal->id, index, out);
    if (strcmp(name, "unassign") == 0)
        return model_unassign(model, height, author, op);
    if (strcmp(name, "person.enrol") == 0)
        return model_enrol(model, height, author, op);
    if (strcmp(name, "code.define") == 0)
        return model_define(model, height, op);
    if (strcmp(name, "coordinator.grant") == 0)
        return model_grant(model, height, author, op);
    return model_revoke(model, height, author, op);
}

static enum rota_outcome_code model_whole(const struct model *model, uint64_t height, const struct rota_coordinator *author,
                                          const struct rota_proposal *proposal, struct rota_op_outcome *out)
{
    if (height > proposal->exp)
        return ROTA_OUTCOME_EXPIRED;
    if (author->suspended_at != 0)
        return ROTA_OUTCOME_KEY_SUSPENDED;
    if (author->revoked_at != 0)
        return ROTA_OUTCOME_KEY_REVOKED;
    for (uint32_t i = 0; i < proposal->expectation_count; i++) {
        const struct rota_expectation *expected = &proposal->expectations[i];
        uint32_t have = model_revision(model, &expected->person, expected->day);
        if (have == expected->revision)
            continue;
        out->detail_len = 12;
        out->detail[3] = (uint8_t)i;
        out->detail[7] = (uint8_t)have;
        out->detail[11] = (uint8_t)expected->revision;
        return ROTA_OUTCOME_STALE_REVISION;
    }
    return ROTA_OUTCOME_OK;
}

void model_execute(struct model *model, uint64_t height, const struct rota_proposal *proposal, struct rota_op_outcome *out)
{
    struct rota_coordinator *row = model_coordinator(model, &proposal->jws.kid);
    ROTA_ASSERT(row != NULL);
    struct rota_coordinator author = *row;
    struct rota_op_outcome whole = {.code = 0};
    row->seq_highest = proposal->seq > row->seq_highest ? proposal->seq : row->seq_highest;
    model->seqs[model_add(&model->seq_count)] = (struct model_seq){proposal->jws.kid, proposal->seq, proposal->id};
    whole.code = (uint16_t)model_whole(model, height, &author, proposal, &whole);
    for (uint32_t i = 0; i < proposal->op_count; i++) {
        out[i] = whole;
        if (whole.code == ROTA_OUTCOME_OK)
            out[i].code = (uint16_t)model_operation(model, height, &author, proposal, i, &out[i]);
    }
}

void model_suspend(struct model *model, uint64_t height, const struct rota_kid *kid)
{
    struct rota_coordinator *row = model_coordinator(model, kid);
    ROTA_ASSERT(row != NULL);
    row->suspended_at = height;
}
