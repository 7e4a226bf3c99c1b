/* Whose node this is in the epoch in force, and the way from one epoch into the next while it runs (PROTOCOL M7, M10). */
#include "node/inside.h"

#include <sodium.h>
#include <stdlib.h>

/* The former members are guests: whoever of them lags learns here where their epoch ended. Below a recovery manifest the
 * members are those who went on, and the blocks are those of the ledger's own epoch (PROTOCOL M12). */
static void epoch_directory(struct rota_node *node)
{
    const struct rota_membership *now = &node->epoch.membership;
    const struct rota_epoch *of_ledger = rota_chain_epoch(&node->chain);
    const struct rota_epoch *before = now->epoch > 0 ? rota_state_epoch_number(node->chain.state, now->epoch - 1) : NULL;
    if (node->manifest)
        before = of_ledger;
    rota_directory_make(&node->directory, now, before ? &before->membership : NULL, &node->key->facility.public_key,
                        node->config.readers, node->config.reader_count);
    node->directory.certifiers = node->manifest ? &of_ledger->membership : now;
}

static struct rota_status epoch_core(struct rota_node *node)
{
    if (!node->core)
        node->core = calloc(1, rota_core_bytes());
    if (!node->core)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the consensus core");
    struct rota_core_setup setup = {&node->epoch.membership, node->epoch.timers, node->epoch.limits, node->self};
    rota_core_init(node->core, &setup);
    return rota_ok();
}

struct rota_status rota_node_enter_epoch(struct rota_node *node)
{
    ROTA_ASSERT(node->chain.depth == 0);
    ROTA_TRY(rota_node_meet_own_manifest(node));
    node->epoch = node->manifest ? node->manifest->next : *rota_chain_epoch(&node->chain);
    if (node->manifest) { /* where it will stand */
        node->epoch.membership.base_height = node->epoch.discontinuity.height;
        node->epoch.membership.base = node->epoch.discontinuity.block;
    }
    node->met.any = false;
    const struct rota_membership *membership = &node->epoch.membership;
    epoch_directory(node);
    node->self = node->directory.self;
    node->chain.self = node->self;
    node->is_member = node->self < membership->count && !node->manifest;
    node->quorum = rota_quorum(membership->count, membership->profile);
    node->follow = (struct rota_follow){.peer = membership->count - 1};
    node->told.any = false;
    node->halted = NULL;
    memset(node->allowances, 0, sizeof node->allowances);
    memset(node->said, 0, sizeof node->said);
    memset(node->divergence, 0, sizeof node->divergence);
    return node->is_member ? epoch_core(node) : rota_ok();
}

static const char *address_in(const struct rota_membership *membership, const struct rota_ed25519_public *key)
{
    for (uint32_t i = 0; i < membership->count; i++)
        if (memcmp(membership->members[i].key.b, key->b, sizeof key->b) == 0)
            return membership->members[i].address;
    return NULL;
}

/* Where rotad.conf says; else where the newest members' document says that has us: who was removed follows from the door
 * that others know (PROTOCOL M10). NULL: nothing says so. */
static const char *epoch_listen(const struct rota_node *node)
{
    const struct rota_ed25519_public *key = &node->key->facility.public_key;
    if (node->config.listen[0] != '\0')
        return node->config.listen;
    const char *address = address_in(&node->epoch.membership, key);
    for (uint32_t past = node->epoch.membership.epoch; !address && past > 0; past--) {
        const struct rota_epoch *epoch = rota_state_epoch_number(node->chain.state, past - 1);
        address = epoch ? address_in(&epoch->membership, key) : NULL;
    }
    return address;
}

struct rota_status rota_node_open_links(struct rota_node *node)
{
    const char *listen = epoch_listen(node);
    if (!listen)
        return rota_fail(ROTA_USAGE, "this facility was never a member, so no members' document names an address to listen "
                                     "at: say \"listen\" in rotad.conf");
    struct rota_peers_setup setup = {.directory = &node->directory,
                                     .secret = &node->key->facility,
                                     .listen = listen,
                                     .bell = &node->bell,
                                     .keyring = node->keyring,
                                     .workers = node->config.workers};
    memset(node->connects, 0, sizeof node->connects);
    return rota_peers_open(&node->peers, &setup);
}

static void epoch_log(const struct rota_node *node)
{
    const struct rota_membership *membership = &node->epoch.membership;
    rota_log(ROTA_LOG_INFO, "epoch", "number=%u from=%llu members=%u quorum=%u liars=%u ours=%s", membership->epoch,
             (unsigned long long)membership->base_height + 1, membership->count, node->quorum,
             rota_fault_bound(membership->count, membership->profile), node->is_member ? "member" : "follower");
    if (!node->is_member && !node->manifest)
        rota_log(ROTA_LOG_WARNING, "follower",
                 "text=\"this facility's key is of no member of the present epoch: the node follows the ledger and answers "
                 "readers, and votes no more\"");
}

/* The record of the epoch that ends: it shows the next core that this disk was there all the time (PROTOCOL R5). */
static void epoch_keep_past(struct rota_node *node)
{
    const struct rota_durable *found = rota_journal_recovered(node->journal).durable;
    if (node->is_member) {
        struct rota_core_view view;
        rota_core_inspect(&view, node->core);
        node->past = *rota_core_durable(node->core);
        node->past_untrusted = view.greeting;
    } else if (!node->has_past && found) {
        node->past = *found;
        node->past_untrusted = true;
    }
    node->has_past |= node->is_member || found;
}

/* What the core is told first in an epoch that it has not spoken in. */
static void epoch_start(struct rota_node *node)
{
    struct rota_event event = {.kind = ROTA_EVENT_START};
    event.start.restarted = node->past_untrusted;
    event.start.incarnation = rota_journal_recovered(node->journal).incarnation;
    randombytes_buf(&event.start.boot, sizeof event.start.boot);
    event.start.durable = node->past.epoch < node->epoch.membership.epoch && node->has_past ? &node->past : NULL;
    event.start.committed = node->chain.height;
    event.start.committed_block = node->chain.head;
    event.start.committed_time_ms = node->chain.head_time_ms;
    rota_loop_step(node, &event);
}

struct rota_status rota_node_next_epoch(struct rota_node *node)
{
    node->epoch_due = false;
    epoch_keep_past(node);
    rota_node_read_done(node, node->read_asked, false);
    rota_peers_close(node->peers);
    node->peers = NULL;
    rota_chain_rollback(&node->chain);
    node->failed_file = node->config.directory;
    ROTA_TRY(rota_node_enter_epoch(node));
    node->failed_file = node->config.listen;
    ROTA_TRY(rota_node_open_links(node));
    node->pool.slack_ms = rota_node_forward_ms(node);
    node->review = true; /* what waits may be of no use to the new members */
    epoch_log(node);
    rota_node_offer_manifest(node);
    epoch_start(node);
    return node->failed;
}
