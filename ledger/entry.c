#include "ledger/entry.h"

#include "ledger/tree.h"

struct rota_view rota_entry_bytes(const struct rota_entry *entry)
{
    if (entry->kind == ROTA_ENTRY_PROPOSAL)
        return entry->proposal->jws.text;
    if (entry->kind == ROTA_ENTRY_RECORD)
        return rota_view(entry->record->bytes, entry->record->len);
    if (entry->kind == ROTA_ENTRY_CONFIG)
        return rota_view(entry->change->bytes, entry->change->len);
    ROTA_ASSERT(entry->kind == ROTA_ENTRY_EVIDENCE);
    return rota_view(entry->evidence->bytes, entry->evidence->len);
}

/* signature: NULL but for a proposal. */
static struct rota_hash entry_leaf(enum rota_entry_kind kind, const struct rota_hash *id,
                                   const struct rota_signature *signature)
{
    uint8_t record[1 + ROTA_HASH_BYTES + ROTA_SIGNATURE_BYTES];
    struct rota_writer writer = rota_writer(record, sizeof record);
    rota_write_u8(&writer, (uint8_t)kind);
    rota_write_hash(&writer, id);
    if (signature)
        rota_write_signature(&writer, signature);
    ROTA_ASSERT(!writer.bad);
    return rota_tree_leaf(rota_view(record, writer.len));
}

struct rota_hash rota_entry_leaf(const struct rota_entry *entry)
{
    bool proposal = entry->kind == ROTA_ENTRY_PROPOSAL;
    return entry_leaf(entry->kind, &entry->id, proposal ? &entry->proposal->jws.signature : NULL);
}

/* From the end: what stands before the last dot was signed, what stands behind it is the signature. */
static bool entry_leaf_of_text(struct rota_hash *out, struct rota_view text)
{
    enum { SIGNATURE_CHARS = 86 };
    struct rota_signature signature;
    size_t len;
    if (text.len < SIGNATURE_CHARS + 1 || text.data[text.len - SIGNATURE_CHARS - 1] != '.')
        return false;
    struct rota_view encoded = rota_view(text.data + text.len - SIGNATURE_CHARS, SIGNATURE_CHARS);
    if (!rota_is_ok(rota_base64url_decode(signature.b, &len, sizeof signature.b, encoded)) || len != sizeof signature.b)
        return false;
    struct rota_hash id = rota_hash_of(NULL, rota_view(text.data, text.len - SIGNATURE_CHARS - 1));
    *out = entry_leaf(ROTA_ENTRY_PROPOSAL, &id, &signature);
    return true;
}

bool rota_entry_leaf_of_bytes(struct rota_hash *out, enum rota_entry_kind kind, struct rota_view bytes)
{
    if (kind == ROTA_ENTRY_PROPOSAL)
        return entry_leaf_of_text(out, bytes);
    const char *tag = kind == ROTA_ENTRY_EVIDENCE ? ROTA_TAG("evidence")
                      : kind == ROTA_ENTRY_RECORD ? ROTA_TAG("record")
                      : kind == ROTA_ENTRY_CONFIG ? ROTA_TAG("config")
                                                  : NULL;
    if (tag == NULL)
        return false;
    struct rota_hash id = rota_hash_of(tag, bytes);
    *out = entry_leaf(kind, &id, NULL);
    return true;
}

struct rota_hash rota_block_leaf(const struct rota_hash *block_hash)
{
    uint8_t record[1 + ROTA_HASH_BYTES];
    record[0] = ROTA_ENTRY_BLOCK;
    memcpy(record + 1, block_hash->b, sizeof block_hash->b);
    return rota_tree_leaf(rota_view(record, sizeof record));
}

struct rota_entry rota_entry_of_proposal(struct rota_proposal *proposal)
{
    return (struct rota_entry){.kind = ROTA_ENTRY_PROPOSAL, .id = proposal->id, .proposal = rota_proposal_retain(proposal)};
}

struct rota_entry rota_entry_of_evidence(struct rota_evidence *evidence)
{
    return (struct rota_entry){.kind = ROTA_ENTRY_EVIDENCE, .id = evidence->id, .evidence = rota_evidence_retain(evidence)};
}

struct rota_entry rota_entry_of_record(struct rota_record *record)
{
    return (struct rota_entry){.kind = ROTA_ENTRY_RECORD, .id = record->id, .record = rota_record_retain(record)};
}

struct rota_entry rota_entry_of_change(struct rota_epoch_change *change)
{
    return (struct rota_entry){.kind = ROTA_ENTRY_CONFIG, .id = change->id, .change = rota_epoch_change_retain(change)};
}

struct rota_entry rota_entry_share(const struct rota_entry *entry)
{
    if (entry->kind == ROTA_ENTRY_PROPOSAL)
        return rota_entry_of_proposal(entry->proposal);
    if (entry->kind == ROTA_ENTRY_RECORD)
        return rota_entry_of_record(entry->record);
    if (entry->kind == ROTA_ENTRY_CONFIG)
        return rota_entry_of_change(entry->change);
    ROTA_ASSERT(entry->kind == ROTA_ENTRY_EVIDENCE);
    return rota_entry_of_evidence(entry->evidence);
}

bool rota_entry_is_tick(const struct rota_entry *entry)
{
    return entry->kind == ROTA_ENTRY_RECORD && entry->record->kind == ROTA_RECORD_TICK;
}

const char *rota_entry_kind_name(enum rota_entry_kind kind)
{
    return kind == ROTA_ENTRY_PROPOSAL   ? "proposal"
           : kind == ROTA_ENTRY_EVIDENCE ? "evidence"
           : kind == ROTA_ENTRY_CONFIG   ? "config"
                                         : "record";
}

struct rota_status rota_entry_parse(struct rota_entry *out, enum rota_entry_kind kind, struct rota_view bytes)
{
    memset(out, 0, sizeof *out);
    if (kind == ROTA_ENTRY_PROPOSAL) {
        ROTA_TRY(rota_proposal_parse(&out->proposal, NULL, bytes, false));
        out->id = out->proposal->id;
    } else if (kind == ROTA_ENTRY_EVIDENCE) {
        ROTA_TRY(rota_evidence_parse(&out->evidence, bytes));
        out->id = out->evidence->id;
    } else if (kind == ROTA_ENTRY_RECORD) {
        ROTA_TRY(rota_record_parse(&out->record, bytes));
        out->id = out->record->id;
    } else if (kind == ROTA_ENTRY_CONFIG) {
        ROTA_TRY(rota_epoch_change_parse(&out->change, bytes));
        out->id = out->change->id;
    } else {
        return rota_fail(ROTA_MALFORMED, "an entry of no known kind");
    }
    out->kind = kind;
    return rota_ok();
}

void rota_entry_release(struct rota_entry *entry)
{
    if (entry->kind == ROTA_ENTRY_PROPOSAL)
        rota_proposal_release(entry->proposal);
    else if (entry->kind == ROTA_ENTRY_EVIDENCE)
        rota_evidence_release(entry->evidence);
    else if (entry->kind == ROTA_ENTRY_RECORD)
        rota_record_release(entry->record);
    else if (entry->kind == ROTA_ENTRY_CONFIG)
        rota_epoch_change_release(entry->change);
    memset(entry, 0, sizeof *entry);
}
