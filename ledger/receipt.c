#include "crypto/json.h"
#include "ledger/receipt_private.h"

#include <stdlib.h>

/* ---- writing -------------------------------------------------------------------------------------------------------- */

json_t *rota_receipt_hex_json(struct rota_view bytes)
{
    char *text = malloc(2 * bytes.len + 1);
    if (!text)
        return NULL;
    rota_hex_encode(text, bytes);
    json_t *value = json_string(text);
    free(text);
    return value;
}

json_t *rota_receipt_path_json(const struct rota_tree_path *path)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < path->count; i++)
        json_array_append_new(list, rota_receipt_hex_json(rota_view(path->hashes[i].b, ROTA_HASH_BYTES)));
    return list;
}

json_t *rota_receipt_header_json(const struct rota_header *header)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    rota_header_encode(bytes, header);
    return rota_receipt_hex_json(rota_view(bytes, sizeof bytes));
}

static json_t *headers_json(const struct rota_receipt *receipt)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < receipt->header_count; i++)
        json_array_append_new(list, rota_receipt_header_json(&receipt->headers[i]));
    return list;
}

json_t *rota_receipt_certificate_json(const struct rota_certificate *certificate)
{
    uint8_t bytes[ROTA_CERTIFICATE_BYTES_MAX];
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    rota_certificate_encode(&writer, certificate);
    ROTA_ASSERT(!writer.bad);
    return rota_receipt_hex_json(rota_view(bytes, writer.len));
}

char *rota_receipt_format(const struct rota_receipt *receipt)
{
    json_t *root ROTA_CLEANUP(rota_json_release) = json_object();
    json_object_set_new(root, "receipt", json_string("rotaledger/v1"));
    json_object_set_new(root, "ledger", rota_receipt_hex_json(rota_view(receipt->ledger_id.b, ROTA_HASH_BYTES)));
    json_object_set_new(root, "proposal", json_string(receipt->proposal->text));
    json_object_set_new(root, "leaf_index", json_integer((json_int_t)receipt->leaf_index));
    json_object_set_new(root, "entry_index", json_integer((json_int_t)receipt->entry_index));
    json_object_set_new(root, "tree_path", rota_receipt_path_json(&receipt->tree_path));
    json_object_set_new(root, "outcome", rota_receipt_hex_json(rota_view(receipt->outcome.record, receipt->outcome.len)));
    json_object_set_new(root, "outcome_path", rota_receipt_path_json(&receipt->outcome_path));
    json_object_set_new(root, "headers", headers_json(receipt));
    json_object_set_new(root, "certificate", rota_receipt_certificate_json(&receipt->certificate));
    if (receipt->epoch_count > 0)
        json_object_set_new(root, "epochs", rota_receipt_epochs_json(receipt));
    return json_object_size(root) == 10 + (receipt->epoch_count > 0) ? json_dumps(root, JSON_INDENT(1)) : NULL;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

struct rota_status rota_receipt_read_path(struct rota_tree_path *out, const json_t *root, const char *name)
{
    const json_t *list = json_object_get(root, name);
    if (!json_is_array(list) || json_array_size(list) > ROTA_TREE_PATH_MAX)
        return rota_fail(ROTA_MALFORMED, "a receipt's path is a list of hashes");
    out->count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < out->count; i++) {
        const json_t *item = json_array_get(list, i);
        struct rota_view text = rota_view(json_string_value(item), json_string_length(item));
        ROTA_TRY(rota_hex_decode(out->hashes[i].b, ROTA_HASH_BYTES, text));
    }
    return rota_ok();
}

struct rota_status rota_receipt_read_header(struct rota_header *out, const json_t *text)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    ROTA_TRY(rota_hex_decode(bytes, sizeof bytes, rota_view(json_string_value(text), json_string_length(text))));
    return rota_header_decode(out, bytes);
}

static struct rota_status headers_read(struct rota_receipt *out, const json_t *root)
{
    const json_t *list = json_object_get(root, "headers");
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > ROTA_RECEIPT_HEADERS_MAX)
        return rota_fail(ROTA_MALFORMED, "a receipt has 1 to 33 headers");
    out->header_count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < out->header_count; i++)
        ROTA_TRY(rota_receipt_read_header(&out->headers[i], json_array_get(list, i)));
    return rota_ok();
}

/* A hex member of any length up to `max` bytes; *out is malloc'd. */
struct rota_status rota_receipt_read_blob(uint8_t **out, size_t *out_len, const json_t *root, const char *name, size_t max)
{
    struct rota_view text;
    ROTA_TRY(rota_json_text(&text, root, name));
    if (text.len % 2 != 0 || text.len / 2 > max)
        return rota_fail(ROTA_MALFORMED, "a receipt with a part of an impossible length");
    *out = malloc(text.len / 2 + 1);
    if (!*out)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a receipt");
    *out_len = text.len / 2;
    return rota_hex_decode(*out, *out_len, text);
}

struct rota_status rota_receipt_read_certificate(struct rota_certificate *out, const json_t *root)
{
    uint8_t *bytes = NULL;
    size_t len;
    struct rota_status status = rota_receipt_read_blob(&bytes, &len, root, "certificate", ROTA_CERTIFICATE_BYTES_MAX);
    if (rota_is_ok(status)) {
        struct rota_reader reader = rota_reader(rota_view(bytes, len));
        rota_certificate_decode(&reader, out);
        status = rota_reader_finish(&reader);
    }
    free(bytes);
    return status;
}

static struct rota_status receipt_read(struct rota_receipt *out, const json_t *root)
{
    static const char *const names[] = {"receipt", "ledger",       "proposal", "leaf_index",  "entry_index", "tree_path",
                                        "outcome", "outcome_path", "headers",  "certificate", "epochs",      NULL};
    struct rota_view format, proposal;
    uint64_t entry_index;
    if (!rota_json_only(root, names))
        return rota_fail(ROTA_MALFORMED, "a receipt with a member that this format does not know");
    ROTA_TRY(rota_json_text(&format, root, "receipt"));
    if (!rota_view_equal(format, rota_view_text("rotaledger/v1")))
        return rota_fail(ROTA_UNSUPPORTED, "a receipt of another format than rotaledger/v1");
    ROTA_TRY(rota_json_hex(out->ledger_id.b, ROTA_HASH_BYTES, root, "ledger"));
    ROTA_TRY(rota_json_text(&proposal, root, "proposal"));
    ROTA_TRY(rota_proposal_parse(&out->proposal, NULL, proposal, false));
    ROTA_TRY(rota_json_u64(&out->leaf_index, root, "leaf_index"));
    ROTA_TRY(rota_json_u64(&entry_index, root, "entry_index"));
    if (entry_index >= ROTA_BODY_ENTRIES_MAX)
        return rota_fail(ROTA_MALFORMED, "a receipt for an entry that no block has room for");
    out->entry_index = (uint32_t)entry_index;
    ROTA_TRY(rota_receipt_read_path(&out->tree_path, root, "tree_path"));
    ROTA_TRY(rota_receipt_read_blob(&out->outcome.record, &out->outcome.len, root, "outcome", ROTA_RECEIPT_BYTES_MAX));
    ROTA_TRY(rota_receipt_read_path(&out->outcome_path, root, "outcome_path"));
    ROTA_TRY(headers_read(out, root));
    ROTA_TRY(rota_receipt_read_epochs(out, root));
    return rota_receipt_read_certificate(&out->certificate, root);
}

struct rota_status rota_receipt_parse(struct rota_receipt *out, struct rota_view text)
{
    memset(out, 0, sizeof *out);
    json_t *root ROTA_CLEANUP(rota_json_release) = NULL;
    ROTA_TRY(rota_json_parse(&root, text, ROTA_RECEIPT_BYTES_MAX));
    struct rota_status status = receipt_read(out, root);
    if (!rota_is_ok(status))
        rota_receipt_free(out);
    return status;
}

void rota_receipt_free(struct rota_receipt *receipt)
{
    rota_proposal_release(receipt->proposal);
    free(receipt->outcome.record);
    rota_receipt_epochs_free(receipt);
    memset(receipt, 0, sizeof *receipt);
}

/* ---- verifying ------------------------------------------------------------------------------------------------------ */

static struct rota_status refused(const char *why)
{
    return rota_fail(ROTA_REFUSED, why);
}

/* The entry stands in the tree of its block's header, at the place that it says. */
static struct rota_status entry_verify(const struct rota_receipt *receipt)
{
    const struct rota_header *header = &receipt->headers[0];
    if (receipt->entry_index >= header->entry_count || header->tree_size < header->entry_count ||
        receipt->leaf_index != header->tree_size - header->entry_count + receipt->entry_index)
        return refused("the receipt's place in the block is not its place in the tree");
    struct rota_entry entry = {.kind = ROTA_ENTRY_PROPOSAL, .id = receipt->proposal->id, .proposal = receipt->proposal};
    struct rota_hash leaf = rota_entry_leaf(&entry);
    if (!rota_tree_path_verify(&receipt->tree_path, &leaf, receipt->leaf_index, header->tree_size, &header->tree_root))
        return refused("the proposal is not where the receipt says in the block's tree");
    leaf = rota_outcome_leaf(rota_view(receipt->outcome.record, receipt->outcome.len));
    if (!rota_tree_path_verify(&receipt->outcome_path, &leaf, receipt->entry_index, header->entry_count,
                               &header->outcome_hash))
        return refused("the outcome is not the one that the block certifies");
    return rota_ok();
}

/* The headers belong to this ledger and lead to the block that the certificate names. */
static struct rota_status headers_verify(const struct rota_receipt *receipt, const struct rota_membership *membership)
{
    struct rota_hash hash = {{0}};
    for (uint32_t i = 0; i < receipt->header_count; i++) {
        const struct rota_header *header = &receipt->headers[i];
        if (!rota_hash_equal(&header->ledger_id, &membership->ledger_id) || header->epoch != membership->epoch ||
            !rota_hash_equal(&header->config_hash, &membership->config_hash))
            return rota_fail(ROTA_WRONG_LEDGER, "a header of another ledger or epoch");
        if (i > 0 && (header->height != receipt->headers[i - 1].height + 1 || !rota_hash_equal(&header->prev_hash, &hash)))
            return refused("the receipt's headers do not link");
        hash = rota_header_hash(header);
    }
    const struct rota_vote *vote = &receipt->certificate.vote;
    if (vote->kind != ROTA_VOTE_COMMIT || vote->height != receipt->headers[receipt->header_count - 1].height ||
        !rota_hash_equal(&vote->block, &hash))
        return refused("the certificate is for another block");
    return rota_certificate_verify(membership, &receipt->certificate);
}

static struct rota_status author_verify(const struct rota_receipt *receipt, const struct rota_genesis *genesis,
                                        bool *out_key_known)
{
    *out_key_known = false;
    for (uint32_t i = 0; i < genesis->coordinator_count; i++) {
        if (!rota_kid_equal(&genesis->coordinators[i].key.kid, &receipt->proposal->jws.kid))
            continue;
        *out_key_known = true;
        return rota_jws_verify(&receipt->proposal->jws, &genesis->coordinators[i].key);
    }
    return rota_ok(); /* granted later: the quorum that certified the block checked it */
}

struct rota_status rota_receipt_verify(const struct rota_receipt *receipt, const struct rota_genesis *genesis,
                                       bool *out_key_known)
{
    bool known;
    struct rota_epoch epoch;
    if (!rota_hash_equal(&receipt->ledger_id, &genesis->ledger_id) ||
        !rota_hash_equal(&receipt->proposal->ledger_id, &genesis->ledger_id))
        return rota_fail(ROTA_WRONG_LEDGER, "the receipt is for another ledger than this genesis");
    ROTA_TRY(rota_receipt_epochs_verify(&epoch, receipt, genesis));
    ROTA_TRY(headers_verify(receipt, &epoch.membership));
    ROTA_TRY(entry_verify(receipt));
    return author_verify(receipt, genesis, out_key_known ? out_key_known : &known);
}
