/* Linearizable reads from any replica (PROTOCOL L1..L3): ask everybody, take a quorum of answers, wait until the highest
 * certificate among them is covered or overtaken. No lease, no clock, no trust in the primary. */
#include "consensus/pace.h"
#include "consensus/state.h"

enum {
    READ_AGAIN_MS = 150,
    READ_PAUSE_MS = 2,   /* between the beginnings of two attempts, so that no correct reader asks more than it is told */
    ANSWER_PAUSE_MS = 1, /* an answer costs a signature: to one member not more often than this, ... */
    ANSWERS_AHEAD = 64,  /* ... but some at once */
};

static bool read_is_asked(const struct rota_core *core, const struct rota_read_nonce *nonce)
{
    bool same_boot = ROTA_BROKEN(read_nonce_of_an_earlier_life, nonce->boot == core->boot, true);
    return core->read.active && same_boot && ROTA_BROKEN(read_nonce_used_again, nonce->count == core->read.count, true);
}

static void read_cell_fill(struct rota_read_cell *cell, const struct rota_certificate *best)
{
    *cell = (struct rota_read_cell){.has = true};
    if (!best)
        return;
    cell->prepared_only = best->vote.kind == ROTA_VOTE_PREPARE;
    cell->view = best->vote.view;
    cell->height = best->vote.height;
}

/* To everybody who has not answered this attempt yet. */
static void read_say(struct rota_core *core)
{
    for (uint32_t i = 0; i < core->n; i++) {
        if (i == core->self || core->read.cells[i].has)
            continue;
        struct rota_message *message = rota_core_say(core, i, ROTA_MESSAGE_READ_INDEX);
        message->read_index = (struct rota_read_nonce){core->boot, core->read.count};
    }
    core->read.again_ms = core->now_ms + READ_AGAIN_MS;
}

/* One attempt for all reads that wait: those that come while it runs need answers that begin after them. */
static void read_begin(struct rota_core *core)
{
    struct rota_read *read = &core->read;
    read->active = true;
    read->token = read->wanted;
    read->count++;
    read->deadline_ms = core->now_ms + core->timers.progress_ms;
    read->next_ms = core->n > 1 ? core->now_ms + READ_PAUSE_MS : 0;
    memset(read->cells, 0, sizeof read->cells);
    if (!rota_core_is_silent(core)) /* nor does our own lock count while we may have forgotten one */
        read_cell_fill(&read->cells[core->self], core->durable.has_best ? &core->durable.best : NULL);
    read_say(core);
}

static void read_end(struct rota_core *core, bool covered)
{
    struct rota_action *action = rota_core_emit(core, ROTA_ACTION_READ_DONE);
    action->read.token = core->read.token;
    action->read.covered = covered;
    core->read.active = false;
}

void rota_read_want(struct rota_core *core, uint64_t token)
{
    ROTA_ASSERT(token > core->read.wanted);
    core->read.wanted = token;
    if (ROTA_BROKEN(read_joins_an_attempt, false, core->read.active))
        core->read.token = token;
}

/* False: this member has had enough for now. It asks again what it still wants to know. */
static bool read_answer_allowed(struct rota_core *core, uint32_t member)
{
    bool paid = rota_pace(&core->peers[member].answer_ms, core->now_ms, ANSWER_PAUSE_MS, ANSWERS_AHEAD);
    return ROTA_BROKEN(readers_are_answered_without_end, paid, true);
}

/* What we show is our lock: whatever was committed before the question, one of any quorum holds a lock at least as high. */
void rota_read_index_admit(struct rota_core *core, const struct rota_message *message)
{
    if (ROTA_BROKEN(silent_member_answers_readers, rota_core_is_silent(core), false))
        return; /* what it locked it may have forgotten (H5) */
    if (!read_answer_allowed(core, message->sender)) {
        core->dropped++;
        return;
    }
    struct rota_message *answer = rota_core_say(core, message->sender, ROTA_MESSAGE_READ_INDEX_REPLY);
    struct rota_read_reply *reply = &answer->read_reply;
    reply->reader = message->sender;
    reply->nonce = message->read_index;
    reply->view = core->durable.view;
    reply->committed = core->committed;
    reply->committed_block = core->committed_block;
    reply->has_best = core->durable.has_best;
    if (reply->has_best)
        reply->best = core->durable.best;
}

void rota_read_reply_admit(struct rota_core *core, const struct rota_message *message)
{
    const struct rota_read_reply *reply = &message->read_reply;
    struct rota_read_cell *cell = &core->read.cells[message->sender];
    if (reply->reader != core->self || !read_is_asked(core, &reply->nonce) || cell->has) {
        core->dropped++;
        return;
    }
    read_cell_fill(cell, reply->has_best ? &reply->best : NULL);
}

/* Covered: the ledger has it. Overtaken: a later view went on without it, and everything that this view rests on is in the
 * ledger: a block that an earlier view only prepared is either below that or can never be committed. */
static bool read_is_settled(const struct rota_core *core, const struct rota_read_cell *cell)
{
    if (cell->height <= core->committed || ROTA_BROKEN(read_does_not_wait, false, true))
        return true;
    if (!cell->prepared_only)
        return false;
    bool committed_later = core->has_committed_certificate && core->committed_certificate.vote.view > cell->view;
    bool left_behind = core->durable.active && core->durable.view > cell->view &&
                       core->durable.tip_height <= core->committed && core->tip_judged && !core->view_is_void;
    return ROTA_BROKEN(left_behind_lock_holds_up_reads, committed_later || left_behind, committed_later);
}

static bool read_is_covered(const struct rota_core *core)
{
    uint32_t settled = 0;
    for (uint32_t i = 0; i < core->n; i++)
        settled += core->read.cells[i].has && read_is_settled(core, &core->read.cells[i]);
    return settled >= ROTA_BROKEN(read_of_one_replica, core->quorum, 1); /* whichever: any quorum's answers will do */
}

void rota_read_advance(struct rota_core *core)
{
    struct rota_read *read = &core->read;
    if (core->halted && read->active)
        read_end(core, false);
    if (core->halted)
        return;
    if (read->active && read_is_covered(core))
        read_end(core, true);
    else if (read->active && core->now_ms >= read->deadline_ms)
        read_end(core, false);
    else if (read->active && core->now_ms >= read->again_ms)
        read_say(core);
    if (!read->active && read->wanted > read->token && core->now_ms >= read->next_ms)
        read_begin(core);
    if (read->active && read_is_covered(core)) /* one member alone answers itself */
        read_end(core, true);
}

uint64_t rota_read_deadline(const struct rota_core *core)
{
    const struct rota_read *read = &core->read;
    if (!read->active)
        return read->wanted > read->token ? read->next_ms : 0;
    return read->again_ms < read->deadline_ms ? read->again_ms : read->deadline_ms;
}
