/* Evidence that is accepted has one encoding, and nobody is named by signatures that do not hold. Records come along. */
#include "ledger/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool refuse(const struct rota_ed25519_public *key, struct rota_view message, const struct rota_signature *signature)
{
    (void)key;
    (void)message;
    (void)signature;
    return false;
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
    return 0;
}
