#include "node/tools/membership_ledger.h"

#include "node/tools/files.h"
#include "node/tools/output.h"
#include "node/tools/replay.h"

static json_t *epoch_json(const struct rota_epoch *epoch)
{
    const struct rota_membership *membership = &epoch->membership;
    json_t *object = json_object();
    rota_result_number(object, "epoch", membership->epoch);
    rota_result_number(object, "from_height", membership->base_height + 1);
    rota_result_number(object, "members", membership->count);
    rota_result_number(object, "quorum", rota_quorum(membership->count, membership->profile));
    rota_result_hex(object, "config_hash", rota_view(membership->config_hash.b, ROTA_HASH_BYTES));
    if (rota_epoch_is_discontinuity(epoch)) {
        rota_result_number(object, "kept_height", epoch->discontinuity.height);
        rota_result_hex(object, "kept_block", rota_view(epoch->discontinuity.block.b, ROTA_HASH_BYTES));
    }
    return object;
}

static void epoch_print(const struct rota_epoch *epoch)
{
    const struct rota_membership *membership = &epoch->membership;
    (void)printf("epoch %-5u from block %llu: %u facilities, %u decide", membership->epoch,
                 (unsigned long long)membership->base_height + 1, membership->count,
                 rota_quorum(membership->count, membership->profile));
    if (rota_epoch_is_discontinuity(epoch))
        (void)printf("   %sDISCONTINUITY%s: it began with a recovery manifest, and what was above block %llu was given up",
                     rota_red(stdout), rota_plain(stdout), (unsigned long long)epoch->discontinuity.height);
    (void)putchar('\n');
}

static void epochs_say(const struct rota_common *common, const struct rota_state *state)
{
    const struct rota_membership *last = &rota_state_epoch(state)->membership;
    json_t *result = common->json ? rota_result_new("membership-ledger") : NULL, *list = common->json ? json_array() : NULL;
    for (uint32_t i = 0; i <= last->epoch; i++) {
        const struct rota_epoch *epoch = rota_state_epoch_number(state, i);
        if (list)
            (void)json_array_append_new(list, epoch_json(epoch));
        else
            epoch_print(epoch);
    }
    if (result) {
        rota_result_set(result, "epochs", list);
        rota_result_print(result);
        return;
    }
    for (uint32_t i = 0; i < last->count; i++)
        (void)printf("%s %2u  %-20s %s\n", i == 0 ? "members    " : "           ", i, last->members[i].id.text,
                     last->members[i].address);
}

/* Byte for byte: the genesis, or the document in the ledger. */
static struct rota_status document_save(const struct rota_replay *replay, const char *out)
{
    struct rota_epoch_change *change = NULL;
    const struct rota_epoch *last = rota_state_epoch(replay->state);
    if (last->membership.epoch == 0)
        return rota_file_create(out, rota_view(replay->genesis.bytes, replay->genesis.len), 0644);
    ROTA_TRY(rota_store_change(&change, replay->store, last));
    struct rota_status status = rota_file_create(out, change->document, 0644);
    rota_epoch_change_release(change);
    return status;
}

int rota_membership_show_ledger(const struct rota_common *common, const char *out)
{
    ROTA_CLEANUP(rota_replay_close) struct rota_replay replay;
    int code = rota_replay_open(&replay, common, 0);
    if (code != 0)
        return code;
    struct rota_status status = out ? document_save(&replay, out) : rota_ok();
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "cannot write %s", out);
    epochs_say(common, replay.state);
    return 0;
}
