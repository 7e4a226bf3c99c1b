/* Greetings (PROTOCOL H1..H3, H6): a replica that starts tells everybody so, and everybody answers with what it holds of
 * that replica's past. That is how a disk that forgot something is found out. */
#include "consensus/pace.h"
#include "consensus/state.h"

enum {
    PATIENCE_MS = 200,         /* a whole disk is trusted after this long without answers (H2) */
    ANSWER_PAUSE_MS = 10,      /* an answer costs a signature: to one member not more often than this, ... */
    ANSWERS_AHEAD = 8,         /* ... but a few at once */
    NUDGE_PAUSE_MS = 100,      /* between two questions to one member that we hear */
    COURTESY_AGE_MS = 500,     /* a view this young is not handed over */
    COURTESY_PAUSE_MS = 30000, /* one hand-over at a member's request */
};

static void hello_say(struct rota_core *core, uint32_t to)
{
    struct rota_hello *hello = &rota_core_say(core, to, ROTA_MESSAGE_HELLO)->hello;
    hello->incarnation = core->durable.incarnation;
    hello->boot = core->boot;
    hello->standing = core->durable.standing;
    hello->recover_view = core->durable.recover_view;
    hello->committed = core->committed;
    hello->committed_block = core->committed_block;
}

void rota_hello_again(struct rota_core *core)
{
    if (core->n > 1)
        core->hello_ms = core->now_ms;
}

/* What we knew of ourselves. A record of an earlier epoch shows that this disk was there before this epoch began: what it
 * does not know of this epoch was not said (M7). A member that was recovering then may have said things in this one too. */
static void hello_resume(struct rota_core *core, const struct rota_durable *before)
{
    struct rota_durable *durable = &core->durable;
    if (!before) {
        durable->standing = ROTA_STANDING_NEW;
        durable->recover_view = UINT64_MAX;
    } else if (before->epoch != core->membership->epoch) {
        durable->standing = before->standing;
        durable->floor = before->floor;
        durable->recover_view = UINT64_MAX;
    }
}

/* H1: a new number for a new run, durable before anything is said in it. */
void rota_hello_start(struct rota_core *core, const struct rota_event *event)
{
    const struct rota_durable *before = event->start.durable;
    uint64_t next = before ? before->incarnation + 1 : 1;
    hello_resume(core, before);
    core->durable.incarnation = event->start.incarnation > next ? event->start.incarnation : next;
    core->greetings[core->self].floor = core->durable.floor;
    if (core->floors.floor[core->self] >= core->durable.incarnation) {
        core->durable.incarnation = core->floors.floor[core->self] + 1;
        core->recovering_why = "the ledger knows a run of this member that its disk does not know of";
    }
    bool was_there = before && before->epoch != core->membership->epoch && /* when this epoch began */
                     ROTA_BROKEN(earlier_epoch_trusted, !event->start.restarted, true);
    core->greeting = !was_there || core->durable.standing != ROTA_STANDING_MEMBER;
    core->greeting_ms = core->now_ms + PATIENCE_MS;
    rota_recover_start(core, before);
    if (core->n > 1)
        hello_say(core, ROTA_TO_ALL);
    core->hello_ms = core->n > 1 ? core->now_ms + core->timers.status_ms : 0;
}

/* A member that has not answered yet, or has to know better, is heard: it is asked again. */
void rota_hello_nudge(struct rota_core *core, uint32_t peer)
{
    struct rota_greeting *greeting = &core->greetings[peer];
    if (peer == core->self || (greeting->answered && !greeting->ask_again) || core->now_ms < greeting->asked_ms)
        return;
    greeting->asked_ms = core->now_ms + NUDGE_PAUSE_MS;
    hello_say(core, peer);
}

void rota_hello_linked(struct rota_core *core, uint32_t peer)
{
    ROTA_ASSERT(peer < core->n && peer != core->self);
    core->greetings[peer].ask_again |= ROTA_BROKEN(new_connection_is_no_reason_to_ask, true, false);
}

void rota_hello_run(struct rota_core *core)
{
    if (core->hello_ms == 0 || core->now_ms < core->hello_ms)
        return;
    bool wanted = core->durable.standing != ROTA_STANDING_MEMBER;
    hello_say(core, ROTA_TO_ALL);
    wanted |= rota_word_say(core);
    core->hello_ms = wanted ? core->now_ms + core->timers.status_ms : 0;
}

/* ---- answering ------------------------------------------------------------------------------------------------------ */

static void past_add_change(struct rota_past *past, const struct rota_view_change *change)
{
    if (past->has_change && past->change_view >= change->new_view)
        return;
    past->has_change = true;
    past->change_view = change->new_view;
    past->change_incarnation = change->incarnation;
    past->change_content = rota_view_change_content(change);
    past->change_signature = change->signature;
}

static void past_add_vote(struct rota_past *past, const struct rota_slot *slot, const struct rota_vote_cell *cell,
                          enum rota_vote_kind kind)
{
    bool higher = !past->has_vote || cell->view > past->vote.view ||
                  (cell->view == past->vote.view && slot->height >= past->vote.height);
    if (!cell->has || !higher)
        return;
    past->has_vote = true;
    past->vote =
        (struct rota_vote){.kind = kind, .view = cell->view, .nv = cell->nv, .height = slot->height, .block = cell->block};
    past->vote_signature = cell->signature;
}

/* H3: the highest of each kind that we hold of the asker's own statements. */
static void past_fill(struct rota_core *core, struct rota_past *past, uint32_t asker)
{
    const struct rota_greeting *greeting = &core->greetings[asker];
    past->has_hello = greeting->has;
    if (greeting->has) {
        past->hello = greeting->hello;
        past->hello_signature = greeting->signature;
    }
    if (core->has_change[asker])
        past_add_change(past, &core->changes[asker]);
    for (uint32_t i = 0; core->has_new_view && i < core->new_view.new_view.change_count; i++)
        if (core->new_view_changes[i].sender == asker)
            past_add_change(past, &core->new_view_changes[i]);
    for (uint64_t h = core->committed + 1; h <= core->committed + ROTA_SLOTS; h++) {
        const struct rota_slot *slot = rota_window_slot(core, h);
        past_add_vote(past, slot, &slot->prepares[asker], ROTA_VOTE_PREPARE);
        past_add_vote(past, slot, &slot->commits[asker], ROTA_VOTE_COMMIT);
    }
}

static void reply_say(struct rota_core *core, uint32_t asker, uint64_t boot)
{
    struct rota_hello_reply *reply = &rota_core_say(core, asker, ROTA_MESSAGE_HELLO_REPLY)->hello_reply;
    reply->asker = asker;
    reply->boot = boot;
    reply->standing = core->durable.standing;
    reply->view = core->durable.view;
    reply->committed = core->committed;
    reply->committed_block = core->committed_block;
    reply->has_certificate = core->has_committed_certificate && core->committed_certificate.epoch == core->membership->epoch;
    if (reply->has_certificate)
        reply->certificate = core->committed_certificate;
    past_fill(core, &reply->past, asker);
}

/* H6: one hand-over for one member, now and then: a liar that asks for it cannot make the views spin. The others note it as
 * well, whoever leads next. */
static void courtesy_grant(struct rota_core *core, uint32_t member)
{
    struct rota_greeting *greeting = &core->greetings[member];
    if (!core->durable.active || core->now_ms < greeting->courtesy_ms || core->now_ms - core->entered_ms < COURTESY_AGE_MS)
        return;
    greeting->courtesy_ms = core->now_ms + COURTESY_PAUSE_MS;
    if (rota_core_is_primary(core))
        rota_suspect_say(core, ROTA_SUSPECT_RESIGN);
}

/* A member that recovers waits for a later view. */
static void courtesy_consider(struct rota_core *core, uint32_t member, const struct rota_hello *hello)
{
    if (hello->standing == ROTA_STANDING_RECOVERING && hello->recover_view != UINT64_MAX &&
        hello->recover_view >= core->durable.view)
        courtesy_grant(core, member);
}

/* V13: one view further, and nobody followed for so long: it is not on its way with us, it waits there. */
void rota_courtesy_meet(struct rota_core *core)
{
    for (uint32_t i = 0; i < core->n; i++) {
        bool waits = i != core->self && core->has_change[i] && core->changes[i].new_view - 1 == core->durable.view &&
                     core->now_ms - core->change_ms[i] >= COURTESY_AGE_MS && rota_peer_is_heard(core, i, 0);
        if (ROTA_BROKEN(one_ahead_is_left_alone, waits, false))
            courtesy_grant(core, i);
    }
}

void rota_hello_admit(struct rota_core *core, const struct rota_message *message)
{
    const struct rota_hello *hello = &message->hello;
    struct rota_greeting *greeting = &core->greetings[message->sender];
    if (message->sender == core->self)
        return;
    bool newer = !greeting->has || hello->incarnation > greeting->hello.incarnation;
    bool older = greeting->has && hello->incarnation < greeting->hello.incarnation;
    if (ROTA_BROKEN(old_greetings_count, !older, true)) {
        greeting->recovering = hello->standing == ROTA_STANDING_RECOVERING;
        greeting->recover_view = hello->recover_view;
    }
    if (newer) {
        greeting->has = true;
        greeting->ask_again = true; /* H1: what its last run knew of us may be forgotten */
        greeting->hello = *hello;
        greeting->signature = message->signature;
    }
    /* Anybody can say an old one again: only the first of a run takes a height back (PROTOCOL C1). */
    if (ROTA_BROKEN(old_greetings_count, newer || hello->committed > core->peers[message->sender].claimed, true))
        rota_claim_hear(core, message->sender, hello->committed);
    if (rota_pace(&greeting->answer_ms, core->now_ms, ANSWER_PAUSE_MS, ANSWERS_AHEAD))
        reply_say(core, message->sender, hello->boot);
    courtesy_consider(core, message->sender, hello);
}

void rota_hello_reply_admit(struct rota_core *core, const struct rota_message *message)
{
    const struct rota_hello_reply *reply = &message->hello_reply;
    struct rota_greeting *greeting = &core->greetings[message->sender];
    if (reply->asker != core->self || message->sender == core->self || reply->boot != core->boot) {
        core->dropped++;
        return;
    }
    bool first = !greeting->answered;
    if (first || greeting->standing != reply->standing) /* H4: what it said first of its view is what counts */
        greeting->view = reply->view;
    greeting->answered = true;
    greeting->ask_again = false;
    greeting->standing = reply->standing;
    greeting->recovering = reply->standing == ROTA_STANDING_RECOVERING;
    rota_claim_hear(core, message->sender, reply->committed);
    rota_past_judge(core, &reply->past, first);
    rota_past_judge_certificate(core, reply, first);
}
