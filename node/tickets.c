/* What other threads ask, and the calls by which they ask it (node.h). */
#include "node/inside.h"

#include <stdlib.h>

enum { TICKET_PATIENCE_MS = 5000 };

/* ---- the loop's side ------------------------------------------------------------------------------------------------ */

/* An entry of the ledger, from the file. */
void rota_node_committed(struct rota_node *node, struct rota_submission *out, uint64_t height, uint32_t index)
{
    *out = (struct rota_submission){.state = ROTA_SUBMISSION_COMMITTED,
                                    .height = height,
                                    .entry_index = index,
                                    .leaf_index = rota_chain_leaf(&node->chain, height) + index};
    struct rota_status status = rota_store_outcome(&out->outcome, node->chain.store, height, index);
    if (rota_is_ok(status) || !rota_is_ok(node->failed))
        return;
    node->failed = status; /* our own file does not answer: better silent than wrong */
    node->failed_file = node->config.ledger;
}

/* Everybody has an outcome of his own to free. */
static void submission_copy(struct rota_submission *out, const struct rota_submission *what)
{
    bool was_known = out->was_known;
    *out = *what;
    out->was_known = was_known;
    if (!what->outcome.record)
        return;
    out->outcome.record = malloc(what->outcome.len);
    if (out->outcome.record)
        memcpy(out->outcome.record, what->outcome.record, what->outcome.len);
    else
        *out = (struct rota_submission){.state = ROTA_SUBMISSION_PENDING, .was_known = true};
}

void rota_node_tell(struct rota_node *node, const struct rota_hash *id, const struct rota_submission *what)
{
    struct rota_ticket *next = NULL;
    for (struct rota_ticket *ticket = rota_door_leave(&node->door, id); ticket; ticket = next) {
        next = ticket->next;
        submission_copy(&ticket->submission, what);
        rota_door_ready(&node->door, ticket);
    }
}

static void ticket_settle(struct rota_node *node, struct rota_ticket *ticket)
{
    if (ticket->submission.state == ROTA_SUBMISSION_PENDING && ticket->wait_ms > 0)
        rota_door_wait(&node->door, ticket, node->turn.now_ms);
    else
        rota_door_ready(&node->door, ticket);
}

static uint32_t facts_peers_up(const struct rota_node *node)
{
    uint32_t up = 1;
    for (uint32_t i = 0; i < node->epoch.membership.count; i++) {
        struct rota_peer_info info;
        if (i == node->self)
            continue;
        rota_peers_info(&info, node->peers, i);
        up += info.up;
    }
    return up;
}

static void facts_fill(struct rota_facts *facts, const struct rota_node *node)
{
    *facts = (struct rota_facts){.genesis = &node->genesis,
                                 .state = node->chain.state,
                                 .tree = &node->chain.tree,
                                 .store = node->chain.store,
                                 .core = node->view,
                                 .membership = &node->epoch.membership,
                                 .self = node->self,
                                 .is_member = node->is_member,
                                 .directory = &node->directory,
                                 .height = node->chain.height,
                                 .head = node->chain.head,
                                 .head_time_ms = node->chain.head_time_ms,
                                 .tick_ms = node->epoch.timers.tick_ms,
                                 .pending = node->pool.count,
                                 .divergence = node->divergence,
                                 .peers_up = facts_peers_up(node),
                                 .started_ms = node->started_ms,
                                 .turns = node->counts.turns,
                                 .fsyncs = node->counts.fsyncs,
                                 .committed_entries = node->counts.committed_entries,
                                 .refused_ops = node->counts.refused_ops,
                                 .evidence_count = node->chain.evidence_count,
                                 .evidence_heights = node->chain.evidence,
                                 .said = node->said,
                                 .manifest_met = &node->met,
                                 .manifest_awaited = node->manifest ? &node->manifest->next : NULL,
                                 .last_commit_ms = node->counts.last_commit_ms,
                                 .peers = node->peers,
                                 .node = node};
}

/* What is known here is answered whatever the state says of its author by now. */
static bool ticket_allowed(struct rota_node *node, const struct rota_ticket *ticket, const struct rota_entry *entry)
{
    struct rota_facts facts;
    if (!ticket->allow || rota_node_knows(node, entry))
        return true;
    facts_fill(&facts, node);
    return ticket->allow(ticket->context, &facts);
}

static void ticket_submit(struct rota_node *node, struct rota_ticket *ticket)
{
    struct rota_entry entry =
        ticket->change ? rota_entry_of_change(ticket->change) : rota_entry_of_proposal(ticket->proposal);
    if (ticket_allowed(node, ticket, &entry))
        rota_node_take_in(node, &ticket->submission, &entry, true);
    else
        ticket->submission.state = ROTA_SUBMISSION_UNKNOWN;
    rota_entry_release(&entry);
    ticket_settle(node, ticket);
}

static enum rota_submission_state id_state(const struct rota_node *node, const struct rota_hash *id, uint64_t *out_height,
                                           uint32_t *out_index)
{
    if (rota_chain_find(&node->chain, id, out_height, out_index))
        return ROTA_SUBMISSION_COMMITTED;
    bool waits = rota_pool_find(&node->pool, id) != NULL || rota_chain_in_flight(&node->chain, id);
    return waits ? ROTA_SUBMISSION_PENDING : ROTA_SUBMISSION_UNKNOWN;
}

enum rota_submission_state rota_facts_find(const struct rota_facts *facts, const struct rota_hash *id)
{
    uint64_t height;
    uint32_t index;
    return id_state(facts->node, id, &height, &index);
}

static void ticket_lookup(struct rota_node *node, struct rota_ticket *ticket)
{
    uint64_t height;
    uint32_t index;
    ticket->submission.state = id_state(node, &ticket->id, &height, &index);
    if (ticket->submission.state == ROTA_SUBMISSION_COMMITTED)
        rota_node_committed(node, &ticket->submission, height, index);
    ticket_settle(node, ticket);
}

static void ticket_dry_run(struct rota_node *node, struct rota_ticket *ticket)
{
    struct rota_entry entry = rota_entry_of_proposal(ticket->proposal);
    ticket->status = rota_chain_try(&node->chain, &ticket->outcome, &entry);
    rota_entry_release(&entry);
    rota_door_ready(&node->door, ticket);
}

/* ---- reads (PROTOCOL L1) --------------------------------------------------------------------------------------------- */

static struct rota_hash read_name(uint64_t token)
{
    struct rota_hash name = {{0}};
    memcpy(name.b, &token, sizeof token);
    return name;
}

/* ~ Next hop: consensus/read_index.c; comes back as ROTA_ACTION_READ_DONE. */
static void ticket_read(struct rota_node *node, struct rota_ticket *ticket)
{
    ticket->status = rota_fail(ROTA_INCOMPLETE, "a quorum of facilities did not say in time what the latest block is");
    if (!atomic_load_explicit(&node->has_quorum, memory_order_relaxed)) {
        rota_door_ready(&node->door, ticket);
        return;
    }
    ticket->id = read_name(++node->read_asked);
    ticket->wait_ms = TICKET_PATIENCE_MS + 2 * node->epoch.timers.progress_ms;
    rota_door_wait(&node->door, ticket, node->turn.now_ms);
    rota_loop_step(node, &(struct rota_event){.kind = ROTA_EVENT_READ, .read_token = node->read_asked});
}

void rota_node_read_done(struct rota_node *node, uint64_t token, bool covered)
{
    while (node->read_done < token) {
        struct rota_hash name = read_name(++node->read_done);
        struct rota_ticket *next = NULL;
        for (struct rota_ticket *ticket = rota_door_leave(&node->door, &name); ticket; ticket = next) {
            next = ticket->next;
            if (covered)
                ticket->status = rota_ok();
            rota_door_ready(&node->door, ticket);
        }
    }
}

/* ~ From node/loop.c loop_take. Next hop of a proposal: node/admission.c rota_node_take_in. */
void rota_node_ticket(struct rota_node *node, struct rota_ticket *ticket)
{
    switch (ticket->kind) {
    case ROTA_TICKET_SUBMIT:
        ticket_submit(node, ticket);
        break;
    case ROTA_TICKET_LOOKUP:
        ticket_lookup(node, ticket);
        break;
    case ROTA_TICKET_VISIT:
        node->turn.visits[node->turn.visit_count++] = ticket; /* between turns: after the durable point */
        rota_door_ready(&node->door, ticket);
        break;
    case ROTA_TICKET_DRY_RUN:
        ticket_dry_run(node, ticket);
        break;
    case ROTA_TICKET_READ:
        ticket_read(node, ticket);
        break;
    }
}

void rota_node_visits(struct rota_node *node)
{
    struct rota_facts facts;
    if (node->turn.visit_count == 0)
        return;
    facts_fill(&facts, node);
    for (uint32_t i = 0; i < node->turn.visit_count; i++)
        node->turn.visits[i]->visit(node->turn.visits[i]->context, &facts);
}

/* ---- any thread ----------------------------------------------------------------------------------------------------- */

static void ticket_ask(struct rota_submission *out, struct rota_node *node, struct rota_ticket *ticket)
{
    bool closed = false;
    if (rota_door_call(&node->door, ticket, TICKET_PATIENCE_MS, &closed))
        *out = ticket->submission;
    else
        *out = (struct rota_submission){.state = closed ? ROTA_SUBMISSION_STOPPING : ROTA_SUBMISSION_FULL};
}

/* ~ From the HTTP door. Next hop, across the thread boundary: node/loop.c loop_take. */
void rota_node_submit(struct rota_submission *out, struct rota_node *node, struct rota_proposal *proposal, uint32_t wait_ms)
{
    struct rota_ticket ticket = {.kind = ROTA_TICKET_SUBMIT, .wait_ms = wait_ms, .proposal = proposal, .id = proposal->id};
    ticket_ask(out, node, &ticket);
}

void rota_node_submit_if(struct rota_submission *out, struct rota_node *node, struct rota_proposal *proposal,
                         uint32_t wait_ms, bool (*allow)(void *context, const struct rota_facts *facts), void *context)
{
    struct rota_ticket ticket = {.kind = ROTA_TICKET_SUBMIT,
                                 .wait_ms = wait_ms,
                                 .proposal = proposal,
                                 .id = proposal->id,
                                 .allow = allow,
                                 .context = context};
    ticket_ask(out, node, &ticket);
}

void rota_node_submit_change(struct rota_submission *out, struct rota_node *node, struct rota_epoch_change *change,
                             uint32_t wait_ms)
{
    struct rota_ticket ticket = {.kind = ROTA_TICKET_SUBMIT, .wait_ms = wait_ms, .change = change, .id = change->id};
    ticket_ask(out, node, &ticket);
}

void rota_node_lookup(struct rota_submission *out, struct rota_node *node, const struct rota_hash *id, uint32_t wait_ms)
{
    struct rota_ticket ticket = {.kind = ROTA_TICKET_LOOKUP, .wait_ms = wait_ms, .id = *id};
    ticket_ask(out, node, &ticket);
}

struct rota_status rota_node_visit(struct rota_node *node, void (*visit)(void *context, const struct rota_facts *facts),
                                   void *context)
{
    bool closed = false;
    struct rota_ticket ticket = {.kind = ROTA_TICKET_VISIT, .visit = visit, .context = context, .status = rota_ok()};
    if (rota_door_call(&node->door, &ticket, TICKET_PATIENCE_MS, &closed))
        return ticket.status;
    return rota_fail(ROTA_FULL, closed ? "the node is stopping" : "the node is too busy to answer now");
}

struct rota_status rota_node_dry_run(struct rota_outcome *out, struct rota_node *node, struct rota_proposal *proposal)
{
    bool closed = false;
    struct rota_ticket ticket = {.kind = ROTA_TICKET_DRY_RUN, .proposal = proposal, .status = rota_ok()};
    memset(out, 0, sizeof *out);
    if (!rota_door_call(&node->door, &ticket, TICKET_PATIENCE_MS, &closed))
        return rota_fail(ROTA_FULL, closed ? "the node is stopping" : "the node is too busy to answer now");
    *out = ticket.outcome;
    return ticket.status;
}

struct rota_status rota_node_read_latest(struct rota_node *node)
{
    bool closed = false;
    struct rota_ticket ticket = {.kind = ROTA_TICKET_READ, .status = rota_ok()};
    if (rota_door_call(&node->door, &ticket, TICKET_PATIENCE_MS, &closed))
        return ticket.status;
    return rota_fail(ROTA_FULL, closed ? "the node is stopping" : "the node is too busy to answer now");
}
