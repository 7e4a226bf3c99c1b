/* What the log says of the node's work: one line a block while there are few, one a second when there are many; a line for
 * everything that changes who may vote. */
#include "node/inside.h"
#include "node/recovery.h"

enum { REPORT_LINES_PER_SECOND = 10 };

const char *rota_report_suspicion(enum rota_suspicion reason)
{
    switch (reason) {
    case ROTA_SUSPECT_HEARTBEAT:
        return "silent-primary";
    case ROTA_SUSPECT_PROGRESS:
        return "block-does-not-commit";
    case ROTA_SUSPECT_REQUEST:
        return "request-not-taken-up";
    case ROTA_SUSPECT_INVALID:
        return "invalid-proposal";
    case ROTA_SUSPECT_RESIGN:
        return "primary-hands-over";
    case ROTA_SUSPECT_LATENCY:
        return "slow-primary";
    }
    return "unknown";
}

static void report_summary(struct rota_node *node)
{
    if (node->commits.blocks > 0)
        rota_log(ROTA_LOG_INFO, "commits", "height=%llu blocks=%u entries=%u", (unsigned long long)node->commits.height,
                 node->commits.blocks, node->commits.entries);
    node->commits.blocks = node->commits.entries = 0;
}

static void report_count(struct rota_node *node, const struct rota_executed *executed)
{
    node->counts.committed_entries += executed->block->entry_count;
    for (uint32_t i = 0; i < executed->block->entry_count; i++) {
        struct rota_op_outcome ops[ROTA_PROPOSAL_OPS_MAX];
        uint32_t count = 0;
        const struct rota_outcome *outcome = &executed->outcomes.items[i];
        if (!rota_is_ok(rota_outcome_read(ops, &count, ROTA_PROPOSAL_OPS_MAX, rota_view(outcome->record, outcome->len))))
            continue;
        for (uint32_t k = 0; k < count; k++)
            node->counts.refused_ops += rota_outcome_is_refused(ops[k].code);
    }
}

void rota_report_commit(struct rota_node *node, const struct rota_executed *executed)
{
    const struct rota_header *header = &executed->block->header;
    uint64_t second_ms = node->turn.now_ms / 1000, wall_ms = rota_clock_wall_ms();
    report_count(node, executed);
    if (second_ms != node->commits.second_ms) {
        report_summary(node);
        node->commits.second_ms = second_ms;
        node->commits.lines = 0;
    }
    if (node->commits.lines < REPORT_LINES_PER_SECOND) {
        node->commits.lines++;
        rota_log(ROTA_LOG_INFO, "commit", "height=%llu view=%llu entries=%u ms=%llu block=%s",
                 (unsigned long long)header->height, (unsigned long long)node->view.view, header->entry_count,
                 (unsigned long long)(wall_ms > header->time_ms ? wall_ms - header->time_ms : 0),
                 rota_log_hash(&executed->block->hash).text);
        return;
    }
    node->commits.blocks++;
    node->commits.entries += header->entry_count;
    node->commits.height = header->height;
}

static const char *report_mode(enum rota_mode mode)
{
    return mode == ROTA_MODE_ACTIVE        ? "active"
           : mode == ROTA_MODE_CHANGING    ? "changing"
           : mode == ROTA_MODE_ENDED       ? "ended"
           : mode == ROTA_MODE_FOLLOWING   ? "following"
           : mode == ROTA_MODE_RECOVERING  ? "recovering"
           : mode == ROTA_MODE_GREETING    ? "greeting"
           : mode == ROTA_MODE_QUARANTINED ? "quarantined"
                                           : "halted";
}

/* ~ The last hop of a turn: what people see of it. */
void rota_report_turn(struct rota_node *node)
{
    static const struct rota_core_view nothing;
    struct rota_core_view *before = &node->reported;
    const struct rota_core_view *now = &node->view;
    bool first = memcmp(before, &nothing, sizeof nothing) == 0;
    if (first || before->view != now->view || before->mode != now->mode)
        rota_log(ROTA_LOG_INFO, "view", "view=%llu mode=%s primary=%s failed=%u", (unsigned long long)now->view,
                 report_mode(now->mode), node->epoch.membership.members[now->primary].id.text, now->failed_views);
    if (first || before->heard != now->heard)
        rota_log(ROTA_LOG_INFO, "heard", "facilities=%d of=%u quorum=%u",
                 __builtin_popcount(now->heard | (node->is_member ? 1U << node->self : 0)), node->epoch.membership.count,
                 node->quorum);
    rota_recovery_report(before, now, &node->epoch.membership, node->self);
    *before = *now;
    if (node->turn.now_ms / 1000 != node->commits.second_ms)
        report_summary(node);
}

void rota_report_halt(struct rota_node *node, const char *why)
{
    node->halted = why;
    rota_log_fatal("this node stops voting and only answers questions from now on", node->config.ledger, why,
                   "the ledger file is as it was; nothing was deleted",
                   "keep the file, compare it with the other facilities' files with rota-verify, and call them");
}
