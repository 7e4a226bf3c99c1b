/* Evidence that is accepted has one encoding, and nobody is named by signatures that do not hold. Records come along, and
 * what the same bytes are as an entry of a block. */
#include "ledger/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool refuse(const struct rota_ed25519_public *key, struct rota_view message, const struct rota_signature *signature)
{
    (void)key;
    (void)message;
    (void)signature;
    return false;
}

/* An entry that parses has the leaf that its bytes have; one that may stand in a block parses. */
static void judge(enum rota_entry_kind kind, struct rota_view bytes, const struct rota_membership *membership)
{
    struct rota_entry entry;
    struct rota_hash leaf, of_bytes;
    bool has_leaf = rota_entry_leaf_of_bytes(&of_bytes, kind, bytes);
    bool parsed = rota_is_ok(rota_entry_parse(&entry, kind, bytes));
    ROTA_ASSERT(parsed || !rota_is_ok(rota_entry_judge(kind, bytes, membership)));
    if (!parsed)
        return;
    leaf = rota_entry_leaf(&entry);
    ROTA_ASSERT(has_leaf && rota_hash_equal(&leaf, &of_bytes));
    rota_entry_release(&entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rota_membership membership = {.profile = ROTA_PROFILE_BYZANTINE, .count = 4, .verify = refuse};
    struct rota_evidence *evidence = NULL;
    struct rota_record *record = NULL;
    if (rota_is_ok(rota_evidence_parse(&evidence, rota_view(data, size)))) {
        ROTA_ASSERT(rota_view_equal(rota_view(evidence->bytes, evidence->len), rota_view(data, size)));
        membership.epoch = evidence->epoch;
        ROTA_ASSERT(!rota_is_ok(rota_evidence_verify(evidence, &membership, NULL)));
    }
    rota_evidence_release(evidence);
    if (rota_is_ok(rota_record_parse(&record, rota_view(data, size))))
        ROTA_ASSERT(rota_view_equal(rota_view(record->bytes, record->len), rota_view(data, size)));
    rota_record_release(record);
    membership.epoch = 0;
    for (int kind = ROTA_ENTRY_PROPOSAL; kind <= ROTA_ENTRY_CONFIG; kind++)
        judge((enum rota_entry_kind)kind, rota_view(data, size), &membership);
    return 0;
}
