/* What bytes that stand as an entry may be wrong in all by themselves (PROTOCOL E9). Whatever is called wrong here every
 * correct member looks at before it votes (N3), and it comes out the same for whoever looks, whenever. What needs the ledger
 * below is left alone: a key and what it may sign, a seq, what is in the ledger already, an epoch that is over. */
#include "ledger/entry.h"

static struct rota_status judge_proposal(const struct rota_proposal *proposal, const struct rota_membership *membership)
{
    return rota_hash_equal(&proposal->ledger_id, &membership->ledger_id)
               ? rota_ok()
               : rota_fail(ROTA_WRONG_LEDGER, "a proposal for another ledger");
}

/* Evidence of an earlier epoch is judged by members who are not these. Evidence of a body in evidence of a body would have
 * no end. */
static struct rota_status judge_evidence(const struct rota_evidence *evidence, const struct rota_membership *membership)
{
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR)
        return judge_proposal(evidence->first, membership);
    if (evidence->epoch > membership->epoch)
        return rota_fail(ROTA_WRONG_LEDGER, "evidence of an epoch that has not begun");
    if (evidence->epoch < membership->epoch || rota_evidence_is_of_entry(evidence))
        return rota_ok();
    return rota_evidence_verify(evidence, membership, NULL);
}

/* A recovery manifest is approved by the members of the epoch before, who are not these. */
static struct rota_status judge_change(const struct rota_epoch_change *change, const struct rota_membership *membership)
{
    if (rota_epoch_is_discontinuity(&change->next))
        return rota_ok();
    struct rota_epoch current = {.membership =
                                     *membership}; /* limits and timers of the epoch before are no part of the rule */
    return rota_epoch_change_verify(change, &current);
}

struct rota_status rota_entry_judge(enum rota_entry_kind kind, struct rota_view bytes,
                                    const struct rota_membership *membership)
{
    struct rota_entry entry;
    ROTA_TRY(rota_entry_parse(&entry, kind, bytes));
    struct rota_status status = rota_ok();
    if (kind == ROTA_ENTRY_PROPOSAL)
        status = judge_proposal(entry.proposal, membership);
    else if (kind == ROTA_ENTRY_EVIDENCE)
        status = judge_evidence(entry.evidence, membership);
    else if (kind == ROTA_ENTRY_RECORD)
        status = rota_record_verify(entry.record, membership);
    else
        status = judge_change(entry.change, membership);
    rota_entry_release(&entry);
    return status;
}
