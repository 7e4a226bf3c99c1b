#include "node/tools/evidence_ground.h"

#include "ledger/schedule/operation.h"
#include "node/tools/files.h"
#include "node/tools/ledger_file.h"

void rota_evidence_ground_close(struct rota_evidence_ground *ground)
{
    rota_placed_recoveries_free(&ground->recoveries);
    rota_epoch_chain_free(&ground->epochs);
    rota_store_close(ground->ledger);
    rota_genesis_free(&ground->genesis);
}

int rota_evidence_ground_open(struct rota_evidence_ground *ground, const struct rota_common *common)
{
    struct rota_status status = rota_genesis_load(&ground->genesis, common->genesis);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "%s is no valid genesis", common->genesis);
    int code = common->ledger != NULL ? rota_ledger_file_open(&ground->ledger, &ground->genesis, common, common->ledger) : 0;
    if (code != 0)
        return code;
    status = ground->ledger != NULL ? rota_epoch_chain_of_ledger(&ground->epochs, &ground->genesis, ground->ledger)
                                    : rota_epoch_chain_begin(&ground->epochs, &ground->genesis);
    if (rota_is_ok(status) && ground->ledger != NULL)
        status = rota_placed_recoveries_of_ledger(&ground->recoveries, &ground->epochs, ground->ledger);
    return rota_is_ok(status)
               ? 0
               : rota_wrong_status(common, status, "rota-verify says more",
                                   "the changes of members in %s do not hold, or it cannot be read", common->ledger);
}

static bool grant_names(struct rota_es256k_public *out, const struct rota_proposal *proposal, const struct rota_kid *kid)
{
    for (uint32_t i = 0; i < proposal->op_count; i++) {
        *out = proposal->ops[i].key;
        if (proposal->ops[i].roles != 0 && rota_kid_equal(&out->kid, kid)) /* only a grant names roles */
            return true;
    }
    return false;
}

/* A key that the ledger names. The file is not believed: a kid is the hash of its key, so no other key fits. */
static bool grant_find(struct rota_es256k_public *out, struct rota_store *ledger, const struct rota_kid *kid)
{
    struct rota_store_entry row;
    bool found = false;
    rota_store_rewind(ledger);
    while (!found && rota_is_ok(rota_store_next_entry(&row, ledger))) {
        struct rota_proposal *proposal = NULL;
        if (row.kind == ROTA_ENTRY_PROPOSAL && rota_is_ok(rota_proposal_parse(&proposal, NULL, row.bytes, false)))
            found = grant_names(out, proposal, kid);
        rota_proposal_release(proposal);
    }
    return found;
}

/* The coordinator's key that it may depend on, from the genesis or the ledger. */
static bool ground_key(struct rota_es256k_public *out, const struct rota_evidence *evidence,
                       const struct rota_evidence_ground *ground)
{
    const struct rota_genesis *genesis = &ground->genesis;
    const struct rota_kid *kid = rota_evidence_kid(evidence);
    for (uint32_t i = 0; i < genesis->coordinator_count && kid != NULL; i++) {
        *out = genesis->coordinators[i].key;
        if (rota_kid_equal(&out->kid, kid))
            return true;
    }
    return kid != NULL && ground->ledger != NULL && grant_find(out, ground->ledger, kid);
}

struct rota_status rota_evidence_judge(const struct rota_evidence *evidence, const struct rota_evidence_ground *ground)
{
    struct rota_es256k_public key;
    const struct rota_epoch *epoch = rota_epoch_chain_find(&ground->epochs, evidence->epoch);
    if (epoch == NULL)
        return rota_fail(ROTA_NOT_FOUND, "it is of an epoch that is not known here");
    return rota_evidence_verify(evidence, &epoch->membership, ground_key(&key, evidence, ground) ? &key : NULL);
}

bool rota_evidence_excused(const struct rota_evidence *evidence, const struct rota_evidence_ground *ground)
{
    return rota_placed_recoveries_excuse(&ground->recoveries, evidence);
}

void rota_evidence_tell(char *out, size_t size, const struct rota_evidence *evidence,
                        const struct rota_evidence_ground *ground, struct rota_status verdict)
{
    char kid[ROTA_KID_CHARS + 1];
    const struct rota_epoch *epoch = rota_epoch_chain_find(&ground->epochs, evidence->epoch);
    if (!rota_is_ok(verdict) || epoch == NULL) {
        (void)snprintf(out, size, "does not verify, and names nobody: %s", verdict.why);
    } else if (evidence->kind == ROTA_EVIDENCE_COORDINATOR) {
        rota_hex_encode(kid, rota_view(evidence->first->jws.kid.b, ROTA_KID_BYTES));
        (void)snprintf(out, size, "key %s signed two different proposals with number %llu", kid,
                       (unsigned long long)evidence->first->seq);
    } else if (rota_evidence_excused(evidence, ground)) {
        rota_evidence_amnesia_words(out, size, evidence, &epoch->membership);
    } else {
        rota_evidence_words(out, size, evidence, &epoch->membership);
    }
}
