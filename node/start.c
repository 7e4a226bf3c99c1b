/* What the core is told first: what the ledger and the journal say about the life before. */
#include "node/inside.h"

/* A block of ours that was in flight; what is final meanwhile is left out by the chain. */
static bool start_block(void *context, struct rota_block *block)
{
    struct rota_node *node = context;
    rota_chain_hold(&node->chain, block, node->self, false);
    struct rota_held *held = rota_blocks_find(&node->chain.blocks, &block->hash);
    if (held)
        held->kept = true;
    return true;
}

static void start_log(const struct rota_node *node, const struct rota_journal_contents *recovered)
{
    rota_log(ROTA_LOG_INFO, "start", "member=%s of=%u quorum=%u height=%llu head=%s run=%llu view=%llu",
             node->is_member ? node->epoch.membership.members[node->self].id.text : "(none: follower)",
             node->epoch.membership.count, node->quorum, (unsigned long long)node->chain.height,
             rota_log_hash(&node->chain.head).text, (unsigned long long)recovered->incarnation,
             (unsigned long long)(recovered->durable ? recovered->durable->view : 0));
}

struct rota_status rota_node_start_core(struct rota_node *node)
{
    struct rota_journal_contents recovered = rota_journal_recovered(node->journal);
    struct rota_event event = {.kind = ROTA_EVENT_START};
    ROTA_TRY(rota_journal_blocks(node->journal, start_block, node));
    event.start.restarted = recovered.restarted || node->chain.height > 0;
    event.start.incarnation = recovered.incarnation;
    randombytes_buf(&event.start.boot, sizeof event.start.boot);
    event.start.committed = node->chain.height;
    event.start.committed_block = node->chain.head;
    event.start.committed_time_ms = node->chain.head_time_ms;
    rota_state_floors(&event.start.floors, node->chain.state, node->epoch.membership.epoch);
    event.start.certificate = node->chain.height > node->epoch.membership.base_height ? &node->chain.certificate : NULL;
    event.start.durable = recovered.durable;
    event.start.view_change = recovered.view_change;
    event.start.new_view = recovered.new_view;
    start_log(node, &recovered);
    rota_node_offer_manifest(node);
    rota_loop_step(node, &event);
    rota_watch_recover(node, recovered.evidence);
    rota_watch_remind(node);
    return node->failed;
}
