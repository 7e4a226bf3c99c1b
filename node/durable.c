/* The durable point of a turn. The ledger goes first: what is in it is certified by a quorum and may be there early; the
 * journal then forgets what the ledger has. Either failing ends the process: a node that cannot remember must not speak
 * (PROTOCOL D2, D3). */
#include "node/inside.h"

bool rota_node_give_up(struct rota_node *node, const char *what, const char *next)
{
    const char *file = node->failed_file ? node->failed_file : "";
    rota_log_fatal(what, file, node->failed.why, "what was durable before is safe; what clients were told is in the ledger",
                   next);
    rota_outbox_drop(&node->turn.outbox);
    rota_store_give_up(node->chain.store);
    rota_journal_give_up(node->journal);
    return false;
}

static bool durable_fail(struct rota_node *node, const char *what)
{
    return rota_node_give_up(node, what, "look at the disk and at the memory of this machine, then start rotad again");
}

static struct rota_status durable_ledger(struct rota_node *node)
{
    node->failed_file = node->config.ledger;
    if (!node->chain.in_transaction)
        return rota_ok();
    ROTA_TRY(rota_chain_sync(&node->chain));
    node->counts.fsyncs++;
    node->dirty = true;
    rota_journal_forget(node->journal, node->chain.height);
    return rota_ok();
}

static struct rota_status durable_journal(struct rota_node *node)
{
    bool synced = false;
    node->failed_file = node->config.journal;
    if (node->turn.save)
        ROTA_TRY(rota_journal_save(node->journal, rota_core_durable(node->core)));
    if (node->turn.save_evidence)
        ROTA_TRY(rota_watch_save(node));
    ROTA_TRY(rota_journal_sync(node->journal, &synced));
    node->counts.fsyncs += synced;
    node->dirty |= synced;
    return rota_ok();
}

static const char durable_turn[] = "the node stops: a turn could not be made durable, nothing of it was said to anybody";
static const char durable_log[] = "the node stops: a log could not be written into its file";

/* ~ Next hop: node/outbox.c rota_outbox_release for peers, node/door.c rota_door_answer for clients. */
bool rota_node_make_durable(struct rota_node *node)
{
    if (!rota_is_ok(node->failed))
        return durable_fail(node, durable_turn);
    node->failed = durable_ledger(node);
    if (rota_is_ok(node->failed))
        node->failed = durable_journal(node);
    return rota_is_ok(node->failed) ? true : durable_fail(node, durable_turn);
}

static struct rota_status durable_fold(struct rota_node *node)
{
    node->failed_file = node->config.ledger;
    ROTA_TRY(rota_store_checkpoint(node->chain.store));
    node->failed_file = node->config.journal;
    return rota_journal_checkpoint(node->journal);
}

bool rota_node_fold_logs(struct rota_node *node)
{
    node->failed = durable_fold(node);
    return rota_is_ok(node->failed) ? true : durable_fail(node, durable_log);
}
