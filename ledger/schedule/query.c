/* Questions about the schedule. Nothing here changes a row. */
#include "crypto/broken.h"
#include "ledger/schedule/private.h"

struct rota_status rota_state_coordinator(struct rota_coordinator *out, const struct rota_state *state,
                                          const struct rota_kid *kid)
{
    if (!rota_table_coordinator_get(out, &state->rows, kid))
        return rota_fail(ROTA_UNKNOWN_KEY, "no coordinator of this ledger has this key");
    return rota_ok();
}

/* What became of a seq of a key whose highest is known. */
static struct rota_status seq_look_up(struct rota_hash *out_id, const struct rota_state *state, const struct rota_kid *kid,
                                      uint64_t highest, uint64_t seq)
{
    if (seq == 0)
        return rota_fail(ROTA_REFUSED, "seq 0 is not used: the first is 1");
    if (highest > ROTA_SEQ_WINDOW &&
        seq < ROTA_BROKEN(seq_window_short_by_one, highest - ROTA_SEQ_WINDOW, highest - ROTA_SEQ_WINDOW + 1))
        return rota_fail(ROTA_REFUSED, "this seq is below the window of the key: use one above its highest");
    if (!rota_table_seq_get(out_id, &state->rows, kid, seq))
        return rota_fail(ROTA_NOT_FOUND, "this seq is free");
    return rota_ok();
}

struct rota_status rota_state_seq(struct rota_hash *out_id, const struct rota_state *state, const struct rota_kid *kid,
                                  uint64_t seq)
{
    struct rota_coordinator coordinator;
    ROTA_TRY(rota_state_coordinator(&coordinator, state, kid));
    return seq_look_up(out_id, state, kid, coordinator.seq_highest, seq);
}

struct rota_status rota_state_admit_proposal(struct rota_coordinator *out_author, const struct rota_state *state,
                                             const struct rota_proposal *proposal)
{
    struct rota_hash used;
    ROTA_TRY(rota_state_coordinator(out_author, state, &proposal->jws.kid));
    if (!rota_hash_equal(&proposal->ledger_id, &state->genesis->ledger_id))
        return rota_fail(ROTA_WRONG_LEDGER, "the proposal is signed for another ledger");
    struct rota_status status = seq_look_up(&used, state, &proposal->jws.kid, out_author->seq_highest, proposal->seq);
    if (status.code == ROTA_NOT_FOUND || ROTA_BROKEN(seq_used_again, false, status.code == ROTA_OK))
        return rota_ok();
    if (status.code != ROTA_OK)
        return status;
    if (rota_hash_equal(&used, &proposal->id))
        return rota_fail(ROTA_EXISTS, "this proposal is in the ledger already");
    return rota_fail(ROTA_REFUSED, "another proposal of this key has this seq");
}

static struct rota_status admit_coordinator_evidence(const struct rota_state *state, const struct rota_evidence *evidence)
{
    const struct rota_hash *ledger = &state->genesis->ledger_id;
    struct rota_coordinator accused;
    struct rota_hash known;
    ROTA_TRY(rota_state_coordinator(&accused, state, &evidence->first->jws.kid));
    if (!rota_hash_equal(&evidence->first->ledger_id, ledger) || !rota_hash_equal(&evidence->second->ledger_id, ledger))
        return rota_fail(ROTA_WRONG_LEDGER, "the two proposals are not both signed for this ledger");
    if (rota_table_evidence_get(&known, &state->rows, evidence) && rota_hash_equal(&known, &evidence->id))
        return rota_fail(ROTA_EXISTS, "this evidence is in the ledger already");
    if (accused.suspended_at != 0)
        return rota_fail(ROTA_REFUSED, "this key is suspended already");
    return rota_ok();
}

/* What depends on a coordinator's key counts where this ledger knows the key: then everybody judges it alike. */
static struct rota_status admit_evidence_key(const struct rota_state *state, const struct rota_evidence *evidence)
{
    struct rota_coordinator author;
    if (!evidence->first || !rota_hash_equal(&evidence->first->ledger_id, &state->genesis->ledger_id))
        return rota_ok();
    return ROTA_BROKEN(false_signature_of_an_unknown_key, rota_state_coordinator(&author, state, &evidence->first->jws.kid),
                       rota_ok());
}

static struct rota_status admit_member_evidence(const struct rota_state *state, const struct rota_evidence *evidence)
{
    struct rota_hash known;
    const struct rota_epoch *epoch = rota_state_epoch_number(state, evidence->epoch);
    if (epoch == NULL)
        return rota_fail(ROTA_WRONG_LEDGER, "the evidence is of an epoch that has not begun");
    if (evidence->member >= epoch->membership.count)
        return rota_fail(ROTA_UNKNOWN_KEY, "the evidence names a member that this ledger does not have");
    ROTA_TRY(admit_evidence_key(state, evidence));
    if (rota_table_evidence_get(&known, &state->rows, evidence))
        return rota_hash_equal(&known, &evidence->id)
                   ? rota_fail(ROTA_EXISTS, "this evidence is in the ledger already")
                   : rota_fail(ROTA_REFUSED, "this lie of the member is in the ledger already");
    uint32_t count = rota_table_evidence_count(&state->rows, evidence->epoch, evidence->member);
    ROTA_ASSERT(count <= ROTA_MEMBER_EVIDENCE_MAX);
    if (count == ROTA_MEMBER_EVIDENCE_MAX)
        return rota_fail(ROTA_REFUSED, "the ledger holds enough evidence against this member");
    return rota_ok();
}

struct rota_status rota_state_admit(const struct rota_state *state, const struct rota_entry *entry)
{
    struct rota_coordinator author;
    if (entry->kind == ROTA_ENTRY_PROPOSAL)
        return rota_state_admit_proposal(&author, state, entry->proposal);
    if (entry->kind == ROTA_ENTRY_CONFIG)
        return rota_epochs_admit(state, entry->change);
    if (entry->kind == ROTA_ENTRY_RECORD)
        return rota_state_admit_record(state, entry->record);
    ROTA_ASSERT(entry->kind == ROTA_ENTRY_EVIDENCE);
    return entry->evidence->kind == ROTA_EVIDENCE_COORDINATOR ? admit_coordinator_evidence(state, entry->evidence)
                                                              : admit_member_evidence(state, entry->evidence);
}

struct rota_status rota_state_person(struct rota_person *out, const struct rota_state *state, const struct rota_token *id)
{
    if (!rota_table_person_get(out, &state->rows, id))
        return rota_fail(ROTA_NOT_FOUND, "no such person");
    return rota_ok();
}

struct rota_status rota_state_code(struct rota_code_info *out, const struct rota_state *state, const struct rota_token *id)
{
    if (!rota_table_code_get(out, &state->rows, id))
        return rota_fail(ROTA_NOT_FOUND, "no such code");
    return rota_ok();
}

struct rota_status rota_state_assignment(struct rota_assignment *out, const struct rota_state *state,
                                         const uint8_t id[ROTA_ASSIGNMENT_ID_BYTES])
{
    if (!rota_table_assignment_get(out, &state->rows, id))
        return rota_fail(ROTA_NOT_FOUND, "no such assignment");
    return rota_ok();
}

uint32_t rota_state_revision(const struct rota_state *state, const struct rota_token *person, int32_t day)
{
    return rota_table_revision_get(&state->rows, person, day);
}

/* The assignment as it stood after that block; false when it is not to be shown. */
static bool assignment_at(struct rota_assignment *assignment, uint64_t at_height, bool include_ended)
{
    if (ROTA_BROKEN(schedule_shows_what_is_not_final, assignment->from_height > at_height, false))
        return false;
    if (assignment->to_height > at_height)
        assignment->to_height = 0;
    return assignment->to_height == 0 || include_ended;
}

void rota_state_each_assignment(const struct rota_state *state, const struct rota_token *person, uint64_t at_height,
                                bool include_ended, bool (*fn)(void *context, const struct rota_assignment *assignment),
                                void *context)
{
    struct rota_key prefix = person != NULL ? rota_key_assignments(person) : rota_key_table(ROTA_TABLE_ASSIGNMENT);
    const struct rota_row *row = rota_row_from(&state->rows, rota_key_view(&prefix));
    for (; rota_row_begins(row, rota_key_view(&prefix)); row = rota_row_next(row)) {
        struct rota_assignment assignment;
        rota_table_assignment_read(&assignment, row);
        if (assignment_at(&assignment, at_height, include_ended) && !fn(context, &assignment))
            return;
    }
}

void rota_state_each_person(const struct rota_state *state, bool (*fn)(void *context, const struct rota_person *person),
                            void *context)
{
    struct rota_key prefix = rota_key_table(ROTA_TABLE_PERSON);
    const struct rota_row *row = rota_row_from(&state->rows, rota_key_view(&prefix));
    for (; rota_row_begins(row, rota_key_view(&prefix)); row = rota_row_next(row)) {
        struct rota_person person;
        rota_table_person_read(&person, row);
        if (!fn(context, &person))
            return;
    }
}

void rota_state_each_code(const struct rota_state *state, bool (*fn)(void *context, const struct rota_code_info *code),
                          void *context)
{
    struct rota_key prefix = rota_key_table(ROTA_TABLE_CODE);
    const struct rota_row *row = rota_row_from(&state->rows, rota_key_view(&prefix));
    for (; rota_row_begins(row, rota_key_view(&prefix)); row = rota_row_next(row)) {
        struct rota_code_info code;
        rota_table_code_read(&code, row);
        if (!fn(context, &code))
            return;
    }
}

void rota_state_each_coordinator(const struct rota_state *state,
                                 bool (*fn)(void *context, const struct rota_coordinator *coordinator), void *context)
{
    struct rota_key prefix = rota_key_table(ROTA_TABLE_COORDINATOR);
    const struct rota_row *row = rota_row_from(&state->rows, rota_key_view(&prefix));
    for (; rota_row_begins(row, rota_key_view(&prefix)); row = rota_row_next(row)) {
        struct rota_coordinator coordinator;
        rota_table_coordinator_read(&coordinator, &state->rows, row);
        if (!fn(context, &coordinator))
            return;
    }
}

bool rota_state_has_evidence(const struct rota_state *state, uint32_t epoch)
{
    for (uint32_t member = 0; member < ROTA_MEMBERS_MAX; member++)
        if (rota_table_evidence_count(&state->rows, epoch, member) > 0)
            return true;
    return false;
}
