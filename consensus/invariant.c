/* What must hold after every step, in every build: a replica that cannot trust itself stops. */
#include "consensus/state.h"

static void lock_invariants(const struct rota_core *core)
{
    const struct rota_durable *durable = &core->durable;
    ROTA_ASSERT(durable->best_header_count <= ROTA_SLOTS);
    if (!durable->has_best) {
        ROTA_ASSERT(durable->best_header_count == 0);
        return;
    }
    ROTA_ASSERT(durable->best.vote.view <= durable->view);
    uint64_t best = durable->best.vote.height;
    ROTA_ASSERT(durable->best_header_count == (best > core->committed ? best - core->committed : 0));
}

void rota_core_check_invariants(const struct rota_core *core)
{
    if (core->halted || core->ended) /* its last certificate may be of a view that it never entered */
        return;
    ROTA_ASSERT(core->valid_height >= core->committed);
    ROTA_ASSERT(core->valid_height - core->committed <= ROTA_SLOTS);
    ROTA_ASSERT(!core->durable.active || core->voted_height >= core->committed);
    ROTA_ASSERT(core->committed == core->membership->base_height || core->has_committed_certificate);
    ROTA_ASSERT(!core->tip_pending || core->durable.active);
    lock_invariants(core);
}
