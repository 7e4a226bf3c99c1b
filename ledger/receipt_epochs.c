/* The chain of epoch changes in a receipt: from the genesis to the members who certified its block, each step decided by the
 * members before it (FORMATS §10, PROTOCOL M7). */
#include "crypto/json.h"
#include "ledger/receipt_private.h"

#include <stdlib.h>

static struct rota_status refused(const char *why)
{
    return rota_fail(ROTA_REFUSED, why);
}

static json_t *epoch_json(const struct rota_receipt_epoch *epoch)
{
    json_t *object = json_object();
    json_object_set_new(object, "change", rota_receipt_hex_json(rota_view(epoch->change->bytes, epoch->change->len)));
    if (!rota_epoch_is_discontinuity(&epoch->change->next)) {
        json_object_set_new(object, "leaf_index", json_integer((json_int_t)epoch->leaf_index));
        json_object_set_new(object, "tree_path", rota_receipt_path_json(&epoch->tree_path));
    }
    json_object_set_new(object, "header", rota_receipt_header_json(&epoch->header));
    json_object_set_new(object, "certificate", rota_receipt_certificate_json(&epoch->certificate));
    return object;
}

json_t *rota_receipt_epochs_json(const struct rota_receipt *receipt)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < receipt->epoch_count; i++)
        json_array_append_new(list, epoch_json(&receipt->epochs[i]));
    return list;
}

static struct rota_status epoch_read(struct rota_receipt_epoch *out, const json_t *object)
{
    static const char *const names[] = {"change", "leaf_index", "tree_path", "header", "certificate", NULL};
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (!rota_json_only(object, names))
        return rota_fail(ROTA_MALFORMED, "an epoch change of a receipt has a member that this format does not know");
    struct rota_status status = rota_receipt_read_blob(&bytes, &len, object, "change", ROTA_EPOCH_CHANGE_BYTES_MAX);
    if (rota_is_ok(status))
        status = rota_epoch_change_parse(&out->change, rota_view(bytes, len));
    free(bytes);
    ROTA_TRY(status);
    bool discontinuity = rota_epoch_is_discontinuity(&out->change->next);
    if (discontinuity && (json_object_get(object, "leaf_index") || json_object_get(object, "tree_path")))
        return rota_fail(ROTA_MALFORMED, "a recovery manifest has no place in the block that it keeps");
    if (!discontinuity) {
        ROTA_TRY(rota_json_u64(&out->leaf_index, object, "leaf_index"));
        ROTA_TRY(rota_receipt_read_path(&out->tree_path, object, "tree_path"));
    }
    ROTA_TRY(rota_receipt_read_header(&out->header, json_object_get(object, "header")));
    return rota_receipt_read_certificate(&out->certificate, object);
}

struct rota_status rota_receipt_read_epochs(struct rota_receipt *out, const json_t *root)
{
    const json_t *list = json_object_get(root, "epochs");
    if (!list)
        return rota_ok();
    if (!json_is_array(list) || json_array_size(list) > ROTA_RECEIPT_EPOCHS_MAX)
        return rota_fail(ROTA_MALFORMED, "\"epochs\" of a receipt is a list of epoch changes");
    out->epochs = calloc(json_array_size(list) + 1, sizeof *out->epochs);
    if (!out->epochs)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a receipt");
    for (size_t i = 0; i < json_array_size(list); i++) {
        out->epoch_count = (uint32_t)i + 1;
        ROTA_TRY(epoch_read(&out->epochs[i], json_array_get(list, i)));
    }
    return rota_ok();
}

void rota_receipt_epochs_free(struct rota_receipt *receipt)
{
    for (uint32_t i = 0; i < receipt->epoch_count; i++)
        rota_epoch_change_release(receipt->epochs[i].change);
    free(receipt->epochs);
    receipt->epochs = NULL;
    receipt->epoch_count = 0;
}

/* ---- verifying ------------------------------------------------------------------------------------------------------ */

/* The header of a step is of a block that the members of the epoch before certified. */
static struct rota_status step_block_verify(const struct rota_receipt_epoch *step, const struct rota_membership *members)
{
    const struct rota_header *header = &step->header;
    const struct rota_vote *vote = &step->certificate.vote;
    struct rota_hash hash = rota_header_hash(header);
    if (!rota_hash_equal(&header->ledger_id, &members->ledger_id) || header->epoch != members->epoch ||
        !rota_hash_equal(&header->config_hash, &members->config_hash))
        return refused("an epoch change of the receipt stands in a block of another epoch than the one that it ends");
    if (header->height <= members->base_height || vote->kind != ROTA_VOTE_COMMIT || vote->height != header->height ||
        !rota_hash_equal(&vote->block, &hash))
        return refused("the certificate of an epoch change is for another block");
    return rota_certificate_verify(members, &step->certificate);
}

/* No block of the epoch before holds the manifest: its administrators alone speak for it. An epoch that they gave up before
 * it had a block stands on the same one, which the step before has proven. */
static struct rota_status step_discontinuity_verify(const struct rota_receipt_epoch *step, const struct rota_epoch *before)
{
    struct rota_discontinuity tip = {step->header.height, rota_header_hash(&step->header)};
    const struct rota_membership *members = &before->membership;
    bool is_base = members->epoch > 0 && tip.height == members->base_height && rota_hash_equal(&tip.block, &members->base);
    if (!is_base)
        ROTA_TRY(step_block_verify(step, members));
    return rota_discontinuity_verify(step->change, before, &tip);
}

/* One step: a block of the epoch before, certified by its members, holds this change, and they approve of it. */
static struct rota_status step_verify(const struct rota_receipt_epoch *step, const struct rota_epoch *before)
{
    const struct rota_header *header = &step->header;
    if (rota_epoch_is_discontinuity(&step->change->next))
        return step_discontinuity_verify(step, before);
    ROTA_TRY(step_block_verify(step, &before->membership));
    struct rota_entry entry = {.kind = ROTA_ENTRY_CONFIG, .id = step->change->id, .change = step->change};
    struct rota_hash leaf = rota_entry_leaf(&entry);
    if (step->leaf_index + 1 != header->tree_size ||
        !rota_tree_path_verify(&step->tree_path, &leaf, step->leaf_index, header->tree_size, &header->tree_root))
        return refused("an epoch change is not where the receipt says in its block's tree");
    return rota_epoch_change_verify(step->change, before);
}

struct rota_status rota_receipt_step(struct rota_epoch *out, const struct rota_receipt_epoch *step,
                                     const struct rota_epoch *before)
{
    ROTA_TRY(step_verify(step, before));
    *out = step->change->next;
    out->membership.base_height = step->header.height;
    out->membership.base = rota_header_hash(&step->header);
    return rota_ok();
}

struct rota_status rota_receipt_epochs_verify(struct rota_epoch *out, const struct rota_receipt *receipt,
                                              const struct rota_genesis *genesis)
{
    rota_epoch_of_genesis(out, genesis);
    for (uint32_t i = 0; i < receipt->epoch_count; i++) {
        struct rota_epoch before = *out;
        ROTA_TRY(rota_receipt_step(out, &receipt->epochs[i], &before));
    }
    return rota_ok();
}
