/* A member that names another block of a height than our certified ledger has (PROTOCOL E8). One of the two ledgers is
 * damaged, somebody lies, or there are two histories: that is for people to find out. After a fork an honest member says
 * such words of its own history, so nobody is accused, nothing is ordered, and nothing is done about it but telling. */
#include "node/inside.h"

enum { DIVERGE_LOG_MS = 60000 };

/* What a message says of its sender's own ledger. */
struct diverge_said {
    uint64_t height; /* 0: nothing */
    struct rota_hash block;
};

static struct diverge_said diverge_read(const struct rota_message *message)
{
    if (message->kind == ROTA_MESSAGE_STATUS)
        return (struct diverge_said){message->status.committed, message->status.committed_block};
    if (message->kind == ROTA_MESSAGE_HELLO)
        return (struct diverge_said){message->hello.committed, message->hello.committed_block};
    if (message->kind == ROTA_MESSAGE_HELLO_REPLY)
        return (struct diverge_said){message->hello_reply.committed, message->hello_reply.committed_block};
    if (message->kind == ROTA_MESSAGE_READ_INDEX_REPLY)
        return (struct diverge_said){message->read_reply.committed, message->read_reply.committed_block};
    return (struct diverge_said){0};
}

static bool diverge_ours(struct rota_hash *out, const struct rota_node *node, uint64_t height)
{
    struct rota_header header;
    if (height == node->chain.height)
        *out = node->chain.head;
    else if (rota_is_ok(rota_store_header(&header, node->chain.store, height)))
        *out = rota_header_hash(&header);
    else
        return false;
    return true;
}

/* Once a minute at most: a liar may say it all the time. */
static void diverge_log(const struct rota_node *node, uint32_t member, struct rota_divergence *seen, bool over)
{
    if (!over && seen->logged_ms != 0 && node->turn.now_ms < seen->logged_ms + DIVERGE_LOG_MS)
        return;
    seen->logged_ms = node->turn.now_ms;
    rota_log(over ? ROTA_LOG_INFO : ROTA_LOG_WARNING, over ? "divergence-over" : "divergence",
             "member=%s height=%llu theirs=%s ours=%s", node->epoch.membership.members[member].id.text,
             (unsigned long long)seen->height, rota_log_hash(&seen->theirs).text, rota_log_hash(&seen->ours).text);
}

void rota_node_compare(struct rota_node *node, const struct rota_message *message)
{
    struct diverge_said said = diverge_read(message);
    struct rota_hash ours;
    if (said.height == 0 || said.height > node->chain.height || message->epoch != node->epoch.membership.epoch ||
        message->sender >= node->epoch.membership.count || !diverge_ours(&ours, node, said.height))
        return;
    struct rota_divergence *seen = &node->divergence[message->sender];
    bool differs = !rota_hash_equal(&said.block, &ours);
    if (differs) {
        seen->any = true;
        seen->said++;
        seen->height = said.height;
        seen->theirs = said.block;
        seen->ours = ours;
        diverge_log(node, message->sender, seen, false);
    } else if (seen->any && said.height >= seen->height) { /* by the links its ledger is ours below that too */
        seen->any = false;
        diverge_log(node, message->sender, seen, true);
    }
}
