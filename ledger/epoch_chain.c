#include "ledger/epoch_chain.h"

#include <stdlib.h>

static struct rota_status chain_grow(struct rota_epoch_chain *chain)
{
    struct rota_epoch *epochs = realloc(chain->epochs, (chain->count + 1) * sizeof *epochs);
    if (epochs)
        chain->epochs = epochs;
    struct rota_receipt_epoch *steps = realloc(chain->steps, (chain->count + 1) * sizeof *steps);
    if (steps)
        chain->steps = steps;
    return epochs && steps ? rota_ok() : rota_fail(ROTA_NO_MEMORY, "no memory for an epoch");
}

struct rota_status rota_epoch_chain_begin(struct rota_epoch_chain *out, const struct rota_genesis *genesis)
{
    memset(out, 0, sizeof *out);
    struct rota_status status = chain_grow(out);
    if (!rota_is_ok(status)) {
        rota_epoch_chain_free(out);
        return status;
    }
    memset(&out->steps[0], 0, sizeof out->steps[0]);
    rota_epoch_of_genesis(&out->epochs[0], genesis);
    out->count = 1;
    return rota_ok();
}

struct rota_status rota_epoch_chain_add(struct rota_epoch_chain *chain, const struct rota_receipt_epoch *step)
{
    if (chain->count > ROTA_RECEIPT_EPOCHS_MAX)
        return rota_fail(ROTA_TOO_LARGE, "so many epochs are too many");
    ROTA_TRY(chain_grow(chain));
    ROTA_TRY(rota_receipt_step(&chain->epochs[chain->count], step, &chain->epochs[chain->count - 1]));
    chain->steps[chain->count] = *step;
    (void)rota_epoch_change_retain(step->change);
    chain->count++;
    return rota_ok();
}

struct rota_status rota_epoch_chain_of_receipt(struct rota_epoch_chain *out, const struct rota_genesis *genesis,
                                               const struct rota_receipt *receipt)
{
    struct rota_status status = rota_epoch_chain_begin(out, genesis);
    for (uint32_t i = 0; i < receipt->epoch_count && rota_is_ok(status); i++)
        status = rota_epoch_chain_add(out, &receipt->epochs[i]);
    if (!rota_is_ok(status))
        rota_epoch_chain_free(out);
    return status;
}

const struct rota_epoch *rota_epoch_chain_find(const struct rota_epoch_chain *chain, uint32_t epoch)
{
    return epoch < chain->count ? &chain->epochs[epoch] : NULL;
}

void rota_epoch_chain_free(struct rota_epoch_chain *chain)
{
    for (uint32_t i = 1; i < chain->count; i++)
        rota_epoch_change_release(chain->steps[i].change);
    free(chain->epochs);
    free(chain->steps);
    memset(chain, 0, sizeof *chain);
}
