/* Executing entries (FORMATS §9). An entry is decided, its rows go through rows.h, and its outcome record is written from
 * the log that they left there. */
#include "crypto/broken.h"
#include "ledger/schedule/private.h"
#include "ledger/tree.h"

#include <stdlib.h>

enum { RECORD_OP_BYTES = 2 + 4 + 1 + 2, RECORD_ROW_BYTES = 1 + 2 + 2 + 2 };

/* Where the rows of the entry begin in the log, and where its envelope ends. */
struct execution_span {
    uint32_t begin;
    uint32_t envelope_end;
    uint32_t op_count;
};

enum rota_outcome_code rota_execution_own_facility(const struct rota_execution *execution, const struct rota_token *facility)
{
    const struct rota_membership *membership = &rota_state_epoch(execution->state)->membership;
    if (rota_member_find(membership, facility) == membership->count)
        return ROTA_OUTCOME_UNKNOWN_FACILITY;
    if (!rota_token_equal(facility, &execution->author.facility))
        return ROTA_OUTCOME_WRONG_FACILITY;
    return ROTA_OUTCOME_OK;
}

void rota_execution_touch_day(struct rota_execution *execution, const struct rota_token *person, int64_t start_minute)
{
    struct rota_rows *rows = &execution->state->rows;
    int32_t day = rota_civil_day(start_minute);
    uint32_t revision = rota_table_revision_get(rows, person, day);
    ROTA_ASSERT(revision < UINT32_MAX);
    rota_table_revision_put(rows, person, day, revision + 1);
}

/* The seq is used, whatever becomes of the operations. When it is the new highest, the rows that fall out below the
 * window go. */
static void envelope_execute(struct rota_execution *execution)
{
    struct rota_rows *rows = &execution->state->rows;
    const struct rota_proposal *proposal = execution->proposal;
    struct rota_key prefix = rota_key_seqs(&proposal->jws.kid);
    rota_table_seq_put(rows, &proposal->jws.kid, proposal->seq, &proposal->id);
    if (proposal->seq <= execution->author.seq_highest || proposal->seq <= ROTA_SEQ_WINDOW)
        return;
    while (!rows->no_memory) {
        const struct rota_row *row = rota_row_from(rows, rota_key_view(&prefix));
        ROTA_ASSERT(rota_row_begins(row, rota_key_view(&prefix)));
        if (rota_table_seq_read(row) >= proposal->seq - ROTA_SEQ_WINDOW)
            return;
        rota_row_delete(rows, rota_row_key(row));
    }
}

/* Detail: which expectation, the revision there is, the revision wanted. */
static struct rota_op_outcome expectations_decide(const struct rota_execution *execution)
{
    const struct rota_proposal *proposal = execution->proposal;
    struct rota_op_outcome outcome = rota_op_outcome_of(ROTA_OUTCOME_OK);
    for (uint32_t i = 0; i < proposal->expectation_count; i++) {
        const struct rota_expectation *expected = &proposal->expectations[i];
        uint32_t have = rota_table_revision_get(&execution->state->rows, &expected->person, expected->day);
        if (have == expected->revision)
            continue;
        outcome.code = ROTA_OUTCOME_STALE_REVISION;
        struct rota_writer detail = rota_writer(outcome.detail, sizeof outcome.detail);
        rota_write_u32(&detail, i);
        rota_write_u32(&detail, have);
        rota_write_u32(&detail, expected->revision);
        ROTA_ASSERT(!detail.bad);
        outcome.detail_len = (uint8_t)detail.len;
        return outcome;
    }
    return outcome;
}

/* What hits every operation of the proposal alike; OK when nothing does. */
static struct rota_op_outcome proposal_decide(const struct rota_execution *execution)
{
    if (execution->height > execution->proposal->exp)
        return rota_op_outcome_of(ROTA_OUTCOME_EXPIRED);
    if (execution->author.suspended_at != 0)
        return rota_op_outcome_of(ROTA_OUTCOME_KEY_SUSPENDED);
    if (execution->author.revoked_at != 0)
        return rota_op_outcome_of(ROTA_OUTCOME_KEY_REVOKED);
    return expectations_decide(execution);
}

static struct rota_op_outcome operation_execute(struct rota_execution *execution, const struct rota_operation *operation)
{
    ROTA_ASSERT(operation->kind != NULL);
    if ((execution->author.roles & operation->kind->roles) == 0)
        return rota_op_outcome_of(ROTA_OUTCOME_ROLE_MISSING);
    struct rota_op_outcome outcome = operation->kind->execute(execution, operation);
    ROTA_ASSERT(outcome.detail_len <= ROTA_OUTCOME_DETAIL_MAX);
    return outcome;
}

static void proposal_execute(struct rota_execution *execution, struct execution_span *span)
{
    struct rota_state *state = execution->state;
    const struct rota_proposal *proposal = execution->proposal;
    ROTA_ASSERT(proposal->op_count >= 1 && proposal->op_count <= ROTA_PROPOSAL_OPS_MAX);
    ROTA_ASSERT(rota_kid_equal(&execution->author.key.kid, &proposal->jws.kid));
    envelope_execute(execution);
    span->envelope_end = state->rows.log.count;
    span->op_count = proposal->op_count;
    struct rota_op_outcome all = proposal_decide(execution);
    for (uint32_t i = 0; i < proposal->op_count; i++) {
        execution->op_index = i;
        state->ops[i] = rota_outcome_is_refused(all.code) ? all : operation_execute(execution, &proposal->ops[i]);
        state->op_ends[i] = state->rows.log.count;
    }
}

static void evidence_execute(struct rota_state *state, uint64_t height, const struct rota_evidence *evidence)
{
    if (ROTA_BROKEN(amnesia_convicts, rota_state_is_amnesia(state, evidence), false))
        rota_table_amnesia_put(&state->rows, evidence); /* it had lost its memory, and said so: it is not flagged (E4) */
    else
        rota_table_evidence_put(&state->rows, evidence);
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR) {
        struct rota_coordinator accused;
        bool known = rota_table_coordinator_get(&accused, &state->rows, &evidence->first->jws.kid);
        ROTA_ASSERT(known);
        accused.suspended_at = height;
        rota_table_coordinator_put(&state->rows, &accused);
    }
}

static struct rota_view change_value(const struct rota_row *row)
{
    return row != NULL ? rota_row_value(row) : rota_view(NULL, 0);
}

static size_t record_bytes(const struct rota_state *state, const struct execution_span *span)
{
    const struct rota_changes *log = &state->rows.log;
    size_t bytes = 1 + 2 + 2;
    for (uint32_t i = span->begin; i < log->count; i++) {
        const struct rota_change *change = &log->items[i];
        const struct rota_row *row = change->after != NULL ? change->after : change->before;
        bytes += RECORD_ROW_BYTES + rota_row_key(row).len - 1;
        bytes += change_value(change->before).len + change_value(change->after).len;
    }
    for (uint32_t i = 0; i < span->op_count; i++)
        bytes += RECORD_OP_BYTES + state->ops[i].detail_len;
    return bytes;
}

static void record_write_rows(struct rota_writer *writer, const struct rota_changes *log, uint32_t begin, uint32_t end)
{
    ROTA_ASSERT(begin <= end && end - begin <= UINT16_MAX);
    rota_write_u16(writer, (uint16_t)(end - begin));
    for (uint32_t i = begin; i < end; i++) {
        const struct rota_change *change = &log->items[i];
        struct rota_view key = rota_row_key(change->after != NULL ? change->after : change->before);
        rota_write_u8(writer, key.data[0]);
        rota_write_short(writer, rota_view(key.data + 1, key.len - 1));
        rota_write_short(writer, change_value(change->before));
        rota_write_short(writer, change_value(change->after));
    }
}

static void record_write(struct rota_writer *writer, const struct rota_state *state, const struct execution_span *span,
                         enum rota_entry_kind kind)
{
    const struct rota_changes *log = &state->rows.log;
    uint32_t begin = span->envelope_end;
    rota_write_u8(writer, (uint8_t)kind);
    record_write_rows(writer, log, span->begin, span->envelope_end);
    rota_write_u16(writer, (uint16_t)span->op_count);
    for (uint32_t i = 0; i < span->op_count; i++) {
        const struct rota_op_outcome *op = &state->ops[i];
        rota_write_u16(writer, op->code);
        rota_write_u32(writer, op->flags);
        rota_write_u8(writer, op->detail_len);
        rota_write_bytes(writer, op->detail, op->detail_len);
        record_write_rows(writer, log, begin, state->op_ends[i]);
        begin = state->op_ends[i];
    }
    ROTA_ASSERT(begin == log->count);
}

/* Executes one entry that may stand where it does and makes its record. */
static struct rota_status entry_execute(struct rota_execution *execution, struct rota_outcome *out,
                                        const struct rota_entry *entry)
{
    struct rota_state *state = execution->state;
    struct execution_span span = {.begin = state->rows.log.count};
    if (entry->kind == ROTA_ENTRY_PROPOSAL)
        proposal_execute(execution, &span);
    else if (entry->kind == ROTA_ENTRY_RECORD)
        rota_state_execute_record(state, execution->height, entry->record);
    else if (entry->kind == ROTA_ENTRY_CONFIG)
        ROTA_TRY(rota_epochs_begin(state, entry->change, execution->height));
    else
        evidence_execute(state, execution->height, entry->evidence);
    if (entry->kind != ROTA_ENTRY_PROPOSAL) /* no operations: every row is of the envelope */
        span.envelope_end = state->rows.log.count;
    if (state->rows.no_memory)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the rows of a block");
    size_t len = record_bytes(state, &span);
    out->record = malloc(len);
    if (out->record == NULL)
        return rota_fail(ROTA_NO_MEMORY, "no memory for an outcome");
    struct rota_writer writer = rota_writer(out->record, len);
    record_write(&writer, state, &span, entry->kind);
    ROTA_ASSERT(!writer.bad);
    ROTA_ASSERT(writer.len == len);
    out->len = len;
    return rota_ok();
}

/* A key that this very block grants signs from the next block on: so the keys that check a block's signatures are those
 * of the state below it. */
static struct rota_status proposal_check(struct rota_execution *execution, const struct rota_proposal *proposal)
{
    struct rota_status status = rota_state_admit_proposal(&execution->author, execution->state, proposal);
    if (status.code != ROTA_OK)
        return rota_fail(ROTA_REFUSED, status.why);
    if (execution->author.from_height >= execution->height)
        return rota_fail(ROTA_REFUSED, "the key is granted by this block: it may sign from the next block on");
    execution->proposal = proposal;
    return rota_ok();
}

/* Records come first, then evidence, then proposals, or in their place an epoch change, alone and last (M6). */
static int entry_rank(const struct rota_entry *entry)
{
    return entry->kind == ROTA_ENTRY_RECORD ? 0 : entry->kind == ROTA_ENTRY_EVIDENCE ? 1 : 2;
}

static bool change_is_alone(const struct rota_entry *entries, uint32_t index, uint32_t count)
{
    return index + 1 == count && (index == 0 || entry_rank(&entries[index - 1]) < 2);
}

/* PROTOCOL M11. The first block of an epoch that begins with a manifest holds it, and behind it the records of that epoch;
 * no other block holds one. */
static struct rota_status anew_check(bool begins_anew, const struct rota_entry *entries, uint32_t index)
{
    bool manifest = entries[index].kind == ROTA_ENTRY_CONFIG && rota_epoch_is_discontinuity(&entries[index].change->next);
    if (begins_anew && index == 0 && !manifest)
        return rota_fail(ROTA_REFUSED, "the first block of this epoch begins with the recovery manifest");
    if (begins_anew && ROTA_BROKEN(beside_the_manifest, index > 0 && entries[index].kind != ROTA_ENTRY_RECORD, false))
        return rota_fail(ROTA_REFUSED, "beside a recovery manifest there are records and nothing else");
    if (manifest && !(begins_anew && index == 0))
        return rota_fail(ROTA_REFUSED, "a recovery manifest stands where its epoch begins, and nowhere else");
    return rota_ok();
}

/* T11: a block in which somebody has something to say needs no TICK. */
static bool tick_is_alone(const struct rota_entry *entries, uint32_t index, uint32_t count)
{
    for (uint32_t i = 0; i < index; i++)
        if (entries[i].kind != ROTA_ENTRY_RECORD)
            return false;
    return index + 1 == count;
}

/* Evidence may fill a part of a block only, whoever sends it (PROTOCOL §7): so many pieces, and a quarter of the bytes; one
 * that is larger stands alone. */
static bool evidence_has_room(const struct rota_state *state, const struct rota_entry *entries, uint32_t index)
{
    uint32_t count = 0;
    size_t bytes = 0;
    for (uint32_t i = 0; i <= index; i++) {
        if (entries[i].kind != ROTA_ENTRY_EVIDENCE)
            continue;
        count++;
        bytes += entries[i].evidence->len;
    }
    return count == 1 ||
           (count <= ROTA_EVIDENCE_IN_BLOCK_MAX && bytes <= rota_state_epoch(state)->limits.block_bytes_max / 4);
}

/* May this entry stand here in this block? For a proposal, execution learns whose it is. */
static struct rota_status entry_check(struct rota_execution *execution, const struct rota_entry *entries, uint32_t index,
                                      uint32_t count)
{
    const struct rota_entry *entry = &entries[index];
    ROTA_TRY(anew_check(execution->begins_anew, entries, index));
    if (!execution->begins_anew && index > 0 && entry_rank(&entries[index - 1]) > entry_rank(entry))
        return rota_fail(ROTA_REFUSED, "records stand before evidence, and evidence before proposals");
    if (!execution->begins_anew && entry->kind == ROTA_ENTRY_CONFIG && !change_is_alone(entries, index, count))
        return rota_fail(ROTA_REFUSED, "an epoch change stands last in its block, with no proposal beside it");
    if (rota_entry_is_tick(entry) && ROTA_BROKEN(tick_beside_others, !tick_is_alone(entries, index, count), false))
        return rota_fail(ROTA_REFUSED, "a TICK stands last in its block, with nothing beside it but records");
    if (entry->kind == ROTA_ENTRY_PROPOSAL)
        return proposal_check(execution, entry->proposal);
    if (entry->kind == ROTA_ENTRY_EVIDENCE && !evidence_has_room(execution->state, entries, index))
        return rota_fail(ROTA_REFUSED, "more evidence than a block may hold");
    struct rota_status status = rota_state_admit(execution->state, entry);
    return status.code == ROTA_OK ? rota_ok() : rota_fail(ROTA_REFUSED, status.why);
}

static struct rota_status entries_execute(struct rota_state *state, struct rota_outcomes *out, uint32_t *out_bad_entry,
                                          uint64_t height, const struct rota_entry *entries, uint32_t count)
{
    struct rota_tree ROTA_CLEANUP(rota_tree_free) tree;
    rota_tree_init(&tree);
    bool begins_anew = rota_state_begins_anew(state);
    for (uint32_t i = 0; i < count; i++) {
        struct rota_execution execution = {.state = state, .height = height, .begins_anew = begins_anew};
        struct rota_status status = entry_check(&execution, entries, i, count);
        if (status.code != ROTA_OK) {
            *out_bad_entry = i;
            return status;
        }
        ROTA_TRY(entry_execute(&execution, &out->items[i], &entries[i]));
        struct rota_hash leaf = rota_outcome_leaf(rota_view(out->items[i].record, out->items[i].len));
        ROTA_TRY(rota_tree_append(&tree, &leaf));
    }
    out->root = rota_tree_root(&tree, count);
    return rota_ok();
}

/* Room for one more block that may be taken back. */
static struct rota_status pending_reserve(struct rota_state *state)
{
    if (state->depth < state->room)
        return rota_ok();
    uint32_t room = state->room == 0 ? 16 : state->room * 2;
    struct rota_pending_block *pending = realloc(state->pending, room * sizeof *pending);
    if (pending == NULL)
        return rota_fail(ROTA_NO_MEMORY, "no memory for another block");
    state->pending = pending;
    state->room = room;
    return rota_ok();
}

struct rota_status rota_state_execute(struct rota_state *state, struct rota_outcomes *out, uint32_t *out_bad_entry,
                                      uint64_t height, const struct rota_entry *entries, uint32_t count)
{
    ROTA_ASSERT(height > rota_state_height(state));
    ROTA_ASSERT(state->rows.log.count == 0);
    *out = (struct rota_outcomes){.count = 0};
    *out_bad_entry = UINT32_MAX;
    ROTA_TRY(pending_reserve(state));
    out->items = calloc(count > 0 ? count : 1, sizeof *out->items);
    if (out->items == NULL)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the outcomes of a block");
    out->count = count;
    struct rota_status status = entries_execute(state, out, out_bad_entry, height, entries, count);
    if (status.code != ROTA_OK) {
        rota_epochs_undo(state, height);
        rota_rows_undo(&state->rows, &state->rows.log);
        rota_outcomes_free(out);
        return status;
    }
    state->pending[state->depth++] = (struct rota_pending_block){.height = height, .changes = rota_rows_take(&state->rows)};
    return rota_ok();
}
