/* The epochs that the executed blocks make: the genesis, then one for each CONFIG entry (PROTOCOL M6, M8) and one for each
 * recovery manifest (M11). */
#include "ledger/schedule/private.h"

#include "crypto/broken.h"

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

/* The manifest that the next block must bring: of the document that is in force here already, with approvals of its own. */
static struct rota_status discontinuity_admit(const struct rota_state *state, const struct rota_epoch_change *change)
{
    const struct rota_epoch *newest = rota_state_epoch(state);
    const struct rota_membership *now = &newest->membership;
    bool in_force = rota_hash_equal(&now->config_hash, &change->next.membership.config_hash);
    if (in_force && !rota_state_begins_anew(state))
        return rota_fail(ROTA_EXISTS, "this recovery manifest is in the ledger already");
    if (ROTA_BROKEN(manifest_of_anybody, !in_force, false))
        return rota_fail(ROTA_REFUSED, "a recovery manifest that this facility's operator has not put in");
    return rota_discontinuity_verify(change, state->epochs[state->epoch_count - 2],
                                     &(struct rota_discontinuity){now->base_height, now->base});
}

/* The rules M8 and M11 whole, approvals' signatures included: they are few, and so nobody can leave them out. */
struct rota_status rota_epochs_admit(const struct rota_state *state, const struct rota_epoch_change *change)
{
    if (rota_epoch_is_discontinuity(&change->next))
        return discontinuity_admit(state, change);
    return rota_epoch_change_verify(change, rota_state_epoch(state));
}

/* An ordinary one begins above its block; a manifest's epoch has begun below it. */
struct rota_status rota_epochs_begin(struct rota_state *state, const struct rota_epoch_change *change, uint64_t height)
{
    struct rota_epoch next = change->next;
    bool has_begun = rota_epoch_is_discontinuity(&next);
    next.membership.base_height = height;
    if (!has_begun)
        ROTA_TRY(epochs_push(state, &next));
    rota_table_epoch_put(&state->rows, next.membership.epoch, &next.membership.config_hash, has_begun ? height : height + 1);
    return rota_ok();
}

struct rota_status rota_state_discontinue(struct rota_state *state, const struct rota_epoch_change *change,
                                          const struct rota_hash *head)
{
    struct rota_discontinuity tip = {state->final_height, *head};
    struct rota_epoch next = change->next;
    ROTA_ASSERT(state->depth == 0);
    if (rota_state_begins_anew(state))
        return rota_fail(ROTA_EXISTS,
                         "an epoch has begun here with a recovery manifest, and its first block is not known yet");
    ROTA_TRY(rota_discontinuity_verify(change, rota_state_epoch(state), &tip));
    next.membership.base_height = tip.height;
    next.membership.base = tip.block;
    return epochs_push(state, &next);
}

bool rota_state_begins_anew(const struct rota_state *state)
{
    const struct rota_epoch *newest = rota_state_epoch(state);
    return rota_epoch_is_discontinuity(newest) && rota_state_height(state) == newest->membership.base_height;
}

void rota_state_stand(struct rota_state *state, const struct rota_hash *block)
{
    struct rota_epoch *newest = state->epochs[state->epoch_count - 1];
    if (state->epoch_count > 1 && newest->membership.base_height == rota_state_height(state))
        newest->membership.base = *block; /* below a manifest it is what the manifest says */
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
