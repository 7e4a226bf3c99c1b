#include "node/tools/replay.h"

#include "node/tools/files.h"
#include "node/tools/output.h"

void rota_replay_close(struct rota_replay *replay)
{
    if (replay->state != NULL)
        rota_state_free(replay->state);
    if (replay->store != NULL)
        rota_store_close(replay->store);
    rota_genesis_free(&replay->genesis);
    *replay = (struct rota_replay){0};
}

static struct rota_status replay_block(struct rota_replay *replay, uint64_t height)
{
    struct rota_block *block = NULL;
    struct rota_outcomes outcomes = {0};
    uint32_t bad;
    ROTA_TRY(rota_store_block(&block, replay->store, height));
    const struct rota_epoch_change *manifest = rota_entries_discontinuity(block->entries, block->entry_count);
    struct rota_status status =
        manifest ? rota_state_discontinue(replay->state, manifest, &block->header.prev_hash) : rota_ok();
    if (rota_is_ok(status))
        status = rota_state_execute(replay->state, &outcomes, &bad, height, block->entries, block->entry_count);
    if (rota_is_ok(status)) {
        rota_state_finalise(replay->state);
        rota_state_stand(replay->state, &block->hash);
        if (!rota_hash_equal(&outcomes.root, &block->header.outcome_hash))
            status = rota_fail(ROTA_REFUSED, "the outcomes do not follow from the entries");
        rota_outcomes_free(&outcomes);
    }
    rota_block_release(block);
    return status;
}

static int replay_open_files(struct rota_replay *out, const struct rota_common *common)
{
    const char *detail = NULL;
    if (common->genesis == NULL)
        return rota_wrong(common, ROTA_EXIT_USAGE, "name the genesis that you trust", "--ledger needs --genesis");
    struct rota_status status = rota_genesis_load(&out->genesis, common->genesis);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "%s is no valid genesis", common->genesis);
    status = rota_store_open_hostile(&out->store, common->ledger, &detail);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, "a running node's file is copied with sqlite3's .backup, not with cp",
                                 "cannot read the ledger %s%s%s", common->ledger, detail != NULL ? ": " : "",
                                 detail != NULL ? detail : "");
    if (!rota_view_equal(rota_store_genesis(out->store), rota_view(out->genesis.bytes, out->genesis.len)))
        return rota_wrong(common, ROTA_EXIT_NEGATIVE, "compare the twelve words: rota genesis words",
                          "%s is the ledger of another genesis", common->ledger);
    status = rota_state_new(&out->state, &out->genesis);
    return rota_is_ok(status) ? 0 : rota_wrong_status(common, status, NULL, "cannot start the schedule");
}

int rota_replay_open(struct rota_replay *out, const struct rota_common *common, uint64_t height)
{
    *out = (struct rota_replay){0};
    int code = replay_open_files(out, common);
    if (code != 0)
        return code;
    uint64_t last = rota_store_height(out->store);
    if (height > last)
        return rota_wrong(common, ROTA_EXIT_NEGATIVE, NULL, "%s ends at block %llu", common->ledger,
                          (unsigned long long)last);
    for (uint64_t h = 1; h <= (height != 0 ? height : last); h++) {
        struct rota_status status = replay_block(out, h);
        if (!rota_is_ok(status))
            return rota_wrong(common, ROTA_EXIT_NEGATIVE, "rota-verify says more", "%s, block %llu: %s", common->ledger,
                              (unsigned long long)h, status.why);
        out->height = h;
    }
    return 0;
}
