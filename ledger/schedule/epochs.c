/* The epochs that the executed blocks make: the genesis, then one for each CONFIG entry (PROTOCOL M6, M8). */
#include "ledger/schedule/private.h"

#include <stdlib.h>

static struct rota_status epochs_push(struct rota_state *state, const struct rota_epoch *epoch)
{
    struct rota_epoch **grown = realloc(state->epochs, (state->epoch_count + 1) * sizeof(struct rota_epoch *));
    if (grown == NULL)
        return rota_fail(ROTA_NO_MEMORY, "no memory for another epoch");
    state->epochs = grown;
    struct rota_epoch *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return rota_fail(ROTA_NO_MEMORY, "no memory for another epoch");
    *copy = *epoch;
    state->epochs[state->epoch_count++] = copy;
    return rota_ok();
}

struct rota_status rota_epochs_open(struct rota_state *state)
{
    struct rota_epoch first;
    rota_epoch_of_genesis(&first, state->genesis);
    return epochs_push(state, &first);
}

void rota_epochs_free(struct rota_state *state)
{
    for (uint32_t i = 0; i < state->epoch_count; i++)
        free(state->epochs[i]);
    free(state->epochs);
}

/* The rule M8 whole, approvals' signatures included: they are few, and so nobody can leave them out. */
struct rota_status rota_epochs_admit(const struct rota_state *state, const struct rota_epoch_change *change)
{
    return rota_epoch_change_verify(change, rota_state_epoch(state));
}

struct rota_status rota_epochs_begin(struct rota_state *state, const struct rota_epoch_change *change, uint64_t height)
{
    struct rota_epoch next = change->next;
    next.membership.base_height = height;
    ROTA_TRY(epochs_push(state, &next));
    rota_table_epoch_put(&state->rows, next.membership.epoch, &next.membership.config_hash, height + 1);
    return rota_ok();
}

void rota_state_stand(struct rota_state *state, const struct rota_hash *block)
{
    struct rota_epoch *newest = state->epochs[state->epoch_count - 1];
    if (state->epoch_count > 1 && newest->membership.base_height == rota_state_height(state))
        newest->membership.base = *block;
}

/* The block of this height is taken back: what it began has never been. */
void rota_epochs_undo(struct rota_state *state, uint64_t height)
{
    ROTA_ASSERT(state->epoch_count > 0);
    if (state->epoch_count > 1 && state->epochs[state->epoch_count - 1]->membership.base_height >= height)
        free(state->epochs[--state->epoch_count]);
}

const struct rota_epoch *rota_state_epoch(const struct rota_state *state)
{
    return state->epochs[state->epoch_count - 1];
}

const struct rota_epoch *rota_state_epoch_number(const struct rota_state *state, uint32_t number)
{
    return number < state->epoch_count ? state->epochs[number] : NULL;
}

const struct rota_epoch *rota_state_epoch_at(const struct rota_state *state, uint64_t height)
{
    uint32_t number = state->epoch_count - 1;
    while (number > 0 && state->epochs[number]->membership.base_height >= height)
        number--;
    return state->epochs[number];
}
