#include "ledger/schedule/private.h"

#include <stdlib.h>

static void state_load_coordinators(struct rota_state *state)
{
    for (uint32_t i = 0; i < state->genesis->coordinator_count; i++) {
        const struct rota_genesis_coordinator *given = &state->genesis->coordinators[i];
        struct rota_coordinator coordinator = {
            .label = given->label, .key = given->key, .facility = given->facility, .roles = given->roles};
        rota_table_coordinator_put(&state->rows, &coordinator);
    }
}

/* The genesis is block 0: its rows are there before anything is executed and no outcome tells of them. */
static void state_load(struct rota_state *state)
{
    const struct rota_genesis *genesis = state->genesis;
    for (uint32_t i = 0; i < genesis->person_count; i++) {
        struct rota_person person = {.id = genesis->people[i].id, .home = genesis->people[i].home};
        rota_table_person_put(&state->rows, &person);
    }
    for (uint32_t i = 0; i < genesis->code_count; i++) {
        struct rota_code_info code = {.id = genesis->codes[i].id, .pool = genesis->codes[i].pool};
        rota_table_code_put(&state->rows, &code);
    }
    state_load_coordinators(state);
}

struct rota_status rota_state_new(struct rota_state **out, const struct rota_genesis *genesis)
{
    ROTA_ASSERT(genesis != NULL);
    ROTA_ASSERT(genesis->membership.count > 0);
    *out = NULL;
    struct rota_state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the schedule");
    state->genesis = genesis;
    rota_rows_init(&state->rows);
    state_load(state);
    if (!rota_is_ok(rota_epochs_open(state)) || state->rows.no_memory) {
        rota_state_free(state);
        return rota_fail(ROTA_NO_MEMORY, "no memory for the people, codes and coordinators of the genesis");
    }
    struct rota_changes first = rota_rows_take(&state->rows);
    rota_changes_settle(&first);
    *out = state;
    return rota_ok();
}

void rota_state_free(struct rota_state *state)
{
    if (state == NULL)
        return;
    for (uint32_t i = 0; i < state->depth; i++)
        rota_changes_settle(&state->pending[i].changes);
    free(state->pending);
    rota_epochs_free(state);
    rota_rows_free(&state->rows);
    free(state);
}

uint64_t rota_state_height(const struct rota_state *state)
{
    return state->depth == 0 ? state->final_height : state->pending[state->depth - 1].height;
}

uint32_t rota_state_depth(const struct rota_state *state)
{
    return state->depth;
}

void rota_state_undo(struct rota_state *state)
{
    ROTA_ASSERT(state->depth > 0);
    ROTA_ASSERT(state->rows.log.count == 0);
    struct rota_pending_block *top = &state->pending[--state->depth];
    rota_rows_undo(&state->rows, &top->changes);
    rota_epochs_undo(state, top->height);
}

void rota_state_finalise(struct rota_state *state)
{
    ROTA_ASSERT(state->depth > 0);
    ROTA_ASSERT(state->pending[0].height > state->final_height);
    state->final_height = state->pending[0].height;
    rota_changes_settle(&state->pending[0].changes);
    state->depth--;
    memmove(state->pending, state->pending + 1, state->depth * sizeof *state->pending);
}

static void digest_add_short(struct rota_digest *digest, struct rota_view bytes)
{
    const uint8_t len[2] = {(uint8_t)(bytes.len >> 8), (uint8_t)bytes.len};
    ROTA_ASSERT(bytes.len <= UINT16_MAX);
    rota_digest_add(digest, len, sizeof len);
    rota_digest_add(digest, bytes.data, bytes.len);
}

static void digest_add_table(struct rota_digest *digest, const struct rota_rows *rows, uint8_t table)
{
    const struct rota_row *row = rota_row_from(rows, rota_view(&table, 1));
    for (; row != NULL; row = rota_row_next(row)) {
        struct rota_view key = rota_row_key(row);
        rota_digest_add_u8(digest, table);
        digest_add_short(digest, rota_view(key.data + 1, key.len - 1));
        digest_add_short(digest, rota_row_value(row));
    }
}

struct rota_hash rota_state_digest(const struct rota_state *state)
{
    struct rota_digest digest;
    rota_digest_start(&digest, ROTA_TAG("state"));
    for (uint8_t table = 0; table < ROTA_TABLES_MAX; table++)
        digest_add_table(&digest, &state->rows, table);
    return rota_digest_finish(&digest);
}

void rota_outcomes_free(struct rota_outcomes *outcomes)
{
    for (uint32_t i = 0; i < outcomes->count; i++)
        free(outcomes->items[i].record);
    free(outcomes->items);
    *outcomes = (struct rota_outcomes){.count = 0};
}
