#include "node/tools/membership_file.h"

#include <stdlib.h>

static bool document_is_genesis(struct rota_view bytes)
{
    ROTA_CLEANUP(rota_json_release) json_t *root = NULL;
    struct rota_view format;
    return rota_is_ok(rota_json_parse(&root, bytes, ROTA_GENESIS_BYTES_MAX)) &&
           rota_is_ok(rota_json_text(&format, root, "format")) && rota_view_equal(format, rota_view_text("rotaledger/v1"));
}

static struct rota_status document_parse(struct rota_epoch *out, struct rota_view bytes)
{
    struct rota_genesis genesis;
    if (!document_is_genesis(bytes))
        return rota_epoch_parse(out, bytes);
    ROTA_TRY(rota_genesis_parse(&genesis, bytes));
    rota_epoch_of_genesis(out, &genesis);
    rota_genesis_free(&genesis);
    return rota_ok();
}

int rota_epoch_load(struct rota_epoch *out, struct rota_blob *out_document, const struct rota_common *common,
                    const char *path)
{
    struct rota_status status = rota_file_read(out_document, path, ROTA_GENESIS_BYTES_MAX);
    if (rota_is_ok(status))
        status = document_parse(out, rota_blob_view(out_document));
    if (rota_is_ok(status))
        return 0;
    return rota_wrong_status(common, status, "give the genesis, or the document that rota membership show --out saves",
                             "cannot use %s as a list of members", path);
}

char *rota_approval_format(const struct rota_epoch *current, const struct rota_hash *document,
                           const struct rota_approval *approval)
{
    ROTA_CLEANUP(rota_json_release) json_t *root = json_object();
    rota_result_text(root, "format", "rotaledger/approval/v1");
    rota_result_number(root, "epoch", current->membership.epoch);
    rota_result_hex(root, "document", rota_view(document->b, ROTA_HASH_BYTES));
    rota_result_text(root, "member", current->membership.members[approval->member].id.text);
    rota_result_hex(root, "signature", rota_view(approval->signature.b, ROTA_SIGNATURE_BYTES));
    return json_dumps(root, JSON_INDENT(1));
}

static struct rota_status approval_parse(struct rota_approval *out, const struct rota_membership *current,
                                         const struct rota_hash *document, struct rota_view bytes)
{
    static const char *const names[] = {"format", "epoch", "document", "member", "signature", NULL};
    ROTA_CLEANUP(rota_json_release) json_t *root = NULL;
    struct rota_hash about;
    struct rota_token member;
    ROTA_TRY(rota_json_parse(&root, bytes, 4096));
    if (!rota_json_only(root, names))
        return rota_fail(ROTA_MALFORMED, "it is no approval that rota membership approve has written");
    ROTA_TRY(rota_json_hex(about.b, sizeof about.b, root, "document"));
    ROTA_TRY(rota_json_token(&member, root, "member"));
    ROTA_TRY(rota_json_hex(out->signature.b, sizeof out->signature.b, root, "signature"));
    out->member = rota_member_find(current, &member);
    if (!rota_hash_equal(&about, document))
        return rota_fail(ROTA_REFUSED, "it approves of another document");
    if (out->member == current->count)
        return rota_fail(ROTA_UNKNOWN_KEY, "it is of a facility that is no member now");
    if (!rota_approval_verify(current, document, out))
        return rota_fail(ROTA_BAD_SIGNATURE, "its signature is not that facility's administrator's");
    return rota_ok();
}

int rota_approval_load(struct rota_approval *out, const struct rota_common *common, const struct rota_epoch *current,
                       const struct rota_hash *document, const char *path)
{
    ROTA_CLEANUP(rota_blob_free) struct rota_blob text = {0};
    struct rota_status status = rota_file_read(&text, path, 4096);
    if (rota_is_ok(status))
        status = approval_parse(out, &current->membership, document, rota_blob_view(&text));
    return rota_is_ok(status) ? 0 : rota_wrong_status(common, status, NULL, "cannot use the approval %s", path);
}

static int approval_order(const void *a, const void *b)
{
    uint32_t first = ((const struct rota_approval *)a)->member, second = ((const struct rota_approval *)b)->member;
    return first < second ? -1 : first > second;
}

void rota_approved_files_add(struct rota_approved_files *files, const char *path, const struct argp_state *state)
{
    if (files->approval_count == ROTA_MEMBERS_MAX)
        rota_usage_fail(state, "more approvals than a ledger has members");
    files->approvals[files->approval_count++] = path;
}

int rota_change_collect(struct rota_epoch_change **out, struct rota_epoch *current, struct rota_epoch *next,
                        const struct rota_common *common, const struct rota_approved_files *files)
{
    ROTA_CLEANUP(rota_blob_free) struct rota_blob present = {0};
    ROTA_CLEANUP(rota_blob_free) struct rota_blob document = {0};
    struct rota_approval approvals[ROTA_MEMBERS_MAX];
    int code = rota_epoch_load(current, &present, common, files->current);
    if (code == 0)
        code = rota_epoch_load(next, &document, common, files->document);
    for (uint32_t i = 0; code == 0 && i < files->approval_count; i++)
        code = rota_approval_load(&approvals[i], common, current, &next->membership.config_hash, files->approvals[i]);
    if (code != 0)
        return code;
    qsort(approvals, files->approval_count, sizeof approvals[0], approval_order);
    struct rota_status status = rota_epoch_change_new(out, rota_blob_view(&document), approvals, files->approval_count);
    return rota_is_ok(status) ? 0 : rota_wrong_status(common, status, NULL, "these approvals cannot be put together");
}
