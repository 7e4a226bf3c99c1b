/* Recovery manifests while the node runs (PROTOCOL M11, M12): the one that its operator has put in is waited for and begun
 * with; one that others began with is told of, and nothing more. */
#include "node/inside.h"
#include "node/manifest.h"

enum { MANIFEST_TELL_MS = 10000 };

static struct rota_status manifest_refuse(struct rota_node *node, const struct rota_epoch_change *manifest,
                                          const struct rota_manifest_verdict *verdict)
{
    rota_log(ROTA_LOG_ERROR, "recovery-manifest", "epoch=%u kept=%llu block=%s height=%llu why=\"%s\" next=\"%s\"",
             manifest->next.membership.epoch, (unsigned long long)manifest->next.discontinuity.height,
             rota_log_hash(&manifest->next.discontinuity.block).text, (unsigned long long)node->chain.height,
             verdict->why.why,
             verdict->standing == ROTA_MANIFEST_GIVES_UP
                 ? "move the ledger file with its -wal and -shm to another folder and keep it as evidence, then start rotad "
                   "again: it begins empty and fetches the ledger up to the kept block"
                 : "compare this ledger with the other survivors' before anything else; if the manifest was put in by "
                   "mistake, move it out of the node's directory");
    bool of_the_machine = verdict->why.code == ROTA_IO || verdict->why.code == ROTA_NO_MEMORY;
    return of_the_machine ? verdict->why : rota_fail(ROTA_WRONG_LEDGER, verdict->why.why);
}

/* Every manifest of the directory fits the ledger, or the node does not start. */
struct rota_status rota_node_check_manifests(struct rota_node *node)
{
    struct rota_epoch_change *manifest = NULL;
    struct rota_status status = rota_manifest_next(&manifest, node->config.directory, 0);
    while (rota_is_ok(status)) {
        struct rota_manifest_verdict verdict;
        uint32_t epoch = manifest->next.membership.epoch;
        rota_manifest_judge(&verdict, &node->chain, manifest);
        if (!rota_is_ok(verdict.why))
            status = manifest_refuse(node, manifest, &verdict);
        rota_epoch_change_release(manifest);
        ROTA_TRY(status);
        status = rota_manifest_next(&manifest, node->config.directory, epoch);
    }
    return status.code == ROTA_NOT_FOUND ? rota_ok() : status;
}

static void discontinuity_log(const struct rota_epoch_change *manifest, const char *text)
{
    rota_log(ROTA_LOG_WARNING, "DISCONTINUITY", "epoch=%u kept=%llu block=%s text=\"%s\"", manifest->next.membership.epoch,
             (unsigned long long)manifest->next.discontinuity.height,
             rota_log_hash(&manifest->next.discontinuity.block).text, text);
}

struct rota_status rota_node_meet_own_manifest(struct rota_node *node)
{
    struct rota_epoch_change *manifest = NULL;
    struct rota_manifest_verdict verdict;
    rota_epoch_change_release(node->manifest);
    node->manifest = NULL;
    struct rota_status status =
        rota_manifest_next(&manifest, node->config.directory, rota_chain_epoch(&node->chain)->membership.epoch);
    if (!rota_is_ok(status))
        return status.code == ROTA_NOT_FOUND ? rota_ok() : status;
    rota_manifest_judge(&verdict, &node->chain, manifest);
    if (!rota_is_ok(verdict.why)) {
        status = manifest_refuse(node, manifest, &verdict);
    } else if (verdict.standing == ROTA_MANIFEST_AHEAD) {
        node->manifest = rota_epoch_change_retain(manifest);
        discontinuity_log(manifest, "a recovery manifest was put in: the node fetches the ledger up to the kept block, and "
                                    "then begins the manifest's epoch");
    } else {
        status = rota_chain_discontinue(&node->chain, manifest);
        discontinuity_log(manifest,
                          "a quorum was lost, and the administrators decided: the next epoch begins above the kept "
                          "block; whatever others hold above it is given up, and every audit shows it");
    }
    rota_epoch_change_release(manifest);
    return rota_is_ok(status) ? rota_ok() : status;
}

void rota_node_offer_manifest(struct rota_node *node)
{
    struct rota_waiting *waiting = NULL;
    if (!rota_state_begins_anew(node->chain.state))
        return;
    struct rota_entry entry = rota_entry_of_change(node->chain.manifest);
    if (!rota_pool_find(&node->pool, &entry.id))
        (void)!rota_is_ok(rota_pool_add(&node->pool, &waiting, &entry, false, node->turn.now_ms)); /* others offer it too */
    rota_entry_release(&entry);
}

uint64_t rota_node_height_max(const struct rota_node *node)
{
    return node->manifest ? node->manifest->next.discontinuity.height : UINT64_MAX;
}

/* A former member that comes back knows us as members of its epoch, and nothing else would tell it why nobody votes there
 * any more. What it does with that is its operator's decision (PROTOCOL M12). */
void rota_node_tell_manifest(struct rota_node *node)
{
    const struct rota_epoch *now = &node->epoch;
    if (!node->is_member || !rota_epoch_is_discontinuity(now) || node->turn.now_ms < node->manifest_told_ms)
        return;
    node->manifest_told_ms = node->turn.now_ms + MANIFEST_TELL_MS;
    struct rota_entry entry = rota_entry_of_change(node->chain.manifest);
    for (uint32_t i = now->membership.count; i < node->directory.count; i++)
        if (i != node->self)
            rota_outbox_entry(&node->turn.outbox, i, &entry);
    rota_entry_release(&entry);
}

/* It was verified against the members of this node's epoch. */
void rota_node_hear_manifest(struct rota_node *node, const struct rota_epoch_change *manifest)
{
    const struct rota_epoch *next = &manifest->next;
    const struct rota_membership *now = &rota_chain_epoch(&node->chain)->membership;
    if (node->manifest || next->membership.epoch != now->epoch + 1 ||
        (node->met.any && rota_hash_equal(&node->met.config_hash, &next->membership.config_hash)))
        return;
    node->met.any = true;
    node->met.epoch = next->membership.epoch;
    node->met.kept = next->discontinuity;
    node->met.config_hash = next->membership.config_hash;
    discontinuity_log(
        manifest, node->chain.height > next->discontinuity.height
                      ? "other facilities went on from this block with a recovery manifest, and gave up what this ledger "
                        "holds above it; this node stays where it is until its operator decides (rota node recover)"
                      : "other facilities went on from this block with a recovery manifest; this node does not follow "
                        "them until its operator puts the manifest in (rota node recover)");
}
