/* The core's front: dispatch, start, emission. The acts have files of their own.
 *
 *                      V1 suspicions, V2 others' view changes, V3 timer
 *      +--------+ --------------------------------------------------> +----------+
 *      | ACTIVE |                                                     | CHANGING |  ---> V3, V1, V2: next view
 *      +--------+ <-------------------------------------------------- +----------+
 *                      V9 NEW-VIEW of this view or a later one
 *
 *      Both: a certificate of a later view (N8) leads to CHANGING in that view. More liars than f: HALTED, for good.
 *      A CONFIG block that became final: ENDED, for good; the next epoch has a core of its own (M7).
 */
#include "consensus/state.h"

size_t rota_core_bytes(void)
{
    return sizeof(struct rota_core);
}

void rota_core_init(struct rota_core *core, const struct rota_core_setup *setup)
{
    ROTA_ASSERT(setup->membership->count >= 1 && setup->membership->count <= ROTA_MEMBERS_MAX);
    ROTA_ASSERT(setup->self < setup->membership->count);
    ROTA_ASSERT(setup->limits.window >= 1 && setup->limits.window <= ROTA_WINDOW);
    memset(core, 0, sizeof *core);
    core->membership = setup->membership;
    core->timers = setup->timers;
    core->window = setup->limits.window;
    core->self = setup->self;
    core->n = setup->membership->count;
    core->f = rota_fault_bound(core->n, setup->membership->profile);
    core->quorum = rota_quorum(core->n, setup->membership->profile);
    core->crash_profile = setup->membership->profile == ROTA_PROFILE_CRASH;
    core->prepare_quorum = rota_prepare_quorum(core->n, setup->membership->profile);
    core->join = rota_join_threshold(core->n, setup->membership->profile);
    core->fetch_peer = core->self;
}

const struct rota_durable *rota_core_durable(const struct rota_core *core)
{
    return &core->durable;
}

bool rota_core_is_primary(const struct rota_core *core)
{
    return rota_primary(core->membership, core->durable.view) == core->self;
}

struct rota_anchor rota_core_anchor(const struct rota_core *core)
{
    if (!core->durable.active || !core->has_new_view)
        return (struct rota_anchor){.epoch = core->membership->epoch};
    return (struct rota_anchor){.epoch = core->membership->epoch,
                                .view = core->durable.view,
                                .nv = core->durable.nv,
                                .signature = core->new_view.signature};
}

/* ---- emission ----------------------------------------------------------------------------------------------------- */

struct rota_action *rota_core_emit(struct rota_core *core, enum rota_action_kind kind)
{
    ROTA_ASSERT(core->actions->count < ROTA_ACTIONS_MAX);
    struct rota_action *action = &core->actions->items[core->actions->count++];
    memset(action, 0, sizeof *action);
    action->kind = kind;
    return action;
}

void rota_core_save(struct rota_core *core)
{
    if (core->save_said)
        return;
    core->save_said = true;
    rota_core_emit(core, ROTA_ACTION_SAVE);
}

struct rota_message *rota_core_say(struct rota_core *core, uint32_t to, enum rota_message_kind kind)
{
    struct rota_action *action = rota_core_emit(core, ROTA_ACTION_SAY);
    action->say.to = to;
    action->say.message.kind = kind;
    action->say.message.epoch = core->membership->epoch;
    action->say.message.sender = core->self;
    return &action->say.message;
}

struct rota_message *rota_core_relay(struct rota_core *core, uint32_t to, uint32_t signer, enum rota_message_kind kind)
{
    struct rota_message *message = rota_core_say(core, to, kind);
    message->sender = signer;
    core->actions->items[core->actions->count - 1].say.is_signed = true;
    return message;
}

void rota_core_halt(struct rota_core *core, const char *why)
{
    if (core->halted)
        return;
    core->halted = why;
    rota_core_emit(core, ROTA_ACTION_HALT)->halt = why;
}

void rota_core_contradicted(struct rota_core *core)
{
    if (core->crash_profile)
        rota_core_halt(core,
                       "a member signed two things that contradict each other: this ledger has the crash profile, which "
                       "tolerates no liar");
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

/* R1: the view change and the NEW-VIEW of the view that we were in. */
static void start_resume_view(struct rota_core *core, const struct rota_event *event)
{
    const struct rota_message *change = event->start.view_change, *new_view = event->start.new_view;
    if (change && change->epoch == core->membership->epoch && change->view_change->new_view == core->durable.view) {
        core->has_change[core->self] = true;
        core->changes[core->self] = *change->view_change;
        core->changes[core->self].sender = core->self;
        core->changes[core->self].signature = change->signature;
        core->own_change_content = rota_view_change_content(change->view_change);
        core->own_change_content_view = change->view_change->new_view;
    }
    if (core->durable.view == 0)
        return;
    bool is_kept = new_view && new_view->epoch == core->membership->epoch && new_view->new_view.view == core->durable.view;
    if (ROTA_BROKEN(lost_new_view_is_no_loss, core->durable.active && !is_kept, false)) /* they are written together */
        core->recovering_why = "the journal does not hold the NEW-VIEW of the view that it says was accepted";
    core->durable.active = false;
    if (!is_kept)
        return;
    if (rota_new_view_is_nothing(core, &new_view->new_view)) /* by now: the ledger has grown since it was accepted */
        return;
    rota_new_view_accept(core, new_view);
    core->tip_pending = false; /* muted: no PREPARE in this view anyway */
}

/* The lock's headers must reach down to the ledger. They do not when the ledger file is older than the journal. */
static void start_compare_lock(struct rota_core *core)
{
    struct rota_durable *durable = &core->durable;
    uint32_t count = durable->best_header_count;
    bool fits =
        count == 0 ? durable->best.vote.height <= core->committed : durable->best_headers[0].height <= core->committed + 1;
    if (!durable->has_best || fits)
        return;
    durable->has_best = false;
    durable->best_header_count = 0;
    core->recovering_why = "the ledger file is older than the journal beside it";
}

static void core_start(struct rota_core *core, const struct rota_event *event)
{
    core->boot = event->start.boot;
    core->committed = event->start.committed;
    core->committed_block = event->start.committed_block;
    core->committed_time_ms = event->start.committed_time_ms;
    core->floors = event->start.floors;
    core->valid_height = core->committed;
    core->voted_height = core->committed;
    core->voted_block = core->committed_block;
    core->entered_ms = core->now_ms;
    core->entered_height = core->committed;
    core->durable.active = true;
    if (event->start.durable &&
        ROTA_BROKEN(old_epochs_record_resumed, event->start.durable->epoch == core->membership->epoch, true)) /* R5 */
        core->durable = *event->start.durable;
    core->durable.epoch = core->membership->epoch;
    core->durable.view = ROTA_BROKEN(view_forgotten_at_restart, core->durable.view, 0);
    core->durable.has_best = ROTA_BROKEN(lock_forgotten_at_restart, core->durable.has_best, false);
    core->durable.best_header_count = ROTA_BROKEN(lock_forgotten_at_restart, core->durable.best_header_count, 0);
    start_compare_lock(core);
    if (event->start.certificate) {
        core->has_committed_certificate = true;
        core->committed_certificate = *event->start.certificate;
        rota_certify_start(core);
        /* R4: the ledger is a turn ahead */
        if (ROTA_BROKEN(ledger_ahead_ignored, core->durable.view < core->committed_certificate.vote.view, false)) {
            core->durable.view = core->committed_certificate.vote.view;
            core->durable.active = false;
        }
    }
    start_resume_view(core, event);
    core->muted = ROTA_BROKEN(prepares_again_after_restart, event->start.restarted, false);
    core->resign_due = core->muted && core->durable.active && rota_core_is_primary(core); /* R3 */
    rota_core_save(core);
    rota_hello_start(core, event);
    rota_floors_learn(core, &core->floors);
    rota_status_say(core, ROTA_TO_ALL);
}

/* M9: what another epoch's members say of themselves is here a claim of a height, and nothing else. */
static void core_foreign(struct rota_core *core, const struct rota_message *message)
{
    if (message->kind == ROTA_MESSAGE_STATUS)
        rota_claim_hear(core, message->sender, message->status.committed);
    else if (message->kind == ROTA_MESSAGE_HEARTBEAT)
        rota_claim_hear(core, message->sender, message->heartbeat.committed);
    else
        core->dropped++;
}

static void core_message(struct rota_core *core, const struct rota_message *message)
{
    ROTA_ASSERT(message->sender < core->n);
    if (ROTA_BROKEN(another_epochs_word_counts, message->epoch != core->membership->epoch, false)) {
        core_foreign(core, message);
        return;
    }
    if (message->sender == core->self && rota_twin_check(core, message))
        return;
    if (ROTA_BROKEN(old_statements_show_life, !rota_message_is_signed(message->kind),
                    true)) /* only the link vouches for these: nobody else can repeat them (T8) */
        rota_peer_hear(core, message->sender);
    rota_hello_nudge(core, message->sender);
    switch (message->kind) {
    case ROTA_MESSAGE_PREPREPARE:
        rota_preprepare_admit(core, message);
        break;
    case ROTA_MESSAGE_PREPARE:
    case ROTA_MESSAGE_COMMIT:
        rota_window_vote(core, message->sender, &message->vote, &message->signature);
        break;
    case ROTA_MESSAGE_SUSPECT:
        rota_suspect_admit(core, message);
        break;
    case ROTA_MESSAGE_VIEW_CHANGE:
        rota_view_change_admit(core, message);
        break;
    case ROTA_MESSAGE_NEW_VIEW:
        rota_new_view_admit(core, message);
        break;
    case ROTA_MESSAGE_STATUS:
        rota_status_admit(core, message);
        break;
    case ROTA_MESSAGE_HEARTBEAT:
        rota_claim_hear(core, message->sender, message->heartbeat.committed);
        break;
    case ROTA_MESSAGE_BLOCK:
        rota_block_admit(core, message);
        break;
    case ROTA_MESSAGE_READ_INDEX:
        rota_read_index_admit(core, message);
        break;
    case ROTA_MESSAGE_READ_INDEX_REPLY:
        rota_read_reply_admit(core, message);
        break;
    case ROTA_MESSAGE_HELLO:
        rota_hello_admit(core, message);
        break;
    case ROTA_MESSAGE_HELLO_REPLY:
        rota_hello_reply_admit(core, message);
        break;
    case ROTA_MESSAGE_RECOVERED:
        rota_word_admit(core, message);
        break;
    }
}

/* Whatever the event changed: go on until nothing more follows from what we hold. */
static void core_advance(struct rota_core *core)
{
    rota_recover_consider(core);
    rota_change_view_consider(core);
    bool more = true;
    while (more && !core->halted) {
        rota_view_judge(core);
        more = rota_vote_prepare(core);
        more |= rota_certify_prepared(core);
        rota_certify_committed(core);
        if (rota_certify_commit(core)) {
            rota_recover_consider(core);
            more = true;
        }
    }
    if (core->ended)
        return;
    rota_vote_check_next(core);
    rota_propose(core);
    rota_catch_up(core);
    rota_read_advance(core);
}

void rota_core_step(struct rota_core *core, const struct rota_event *event, struct rota_actions *actions)
{
    actions->count = 0;
    core->actions = actions;
    core->save_said = false;
    core->final_count = 0;
    core->accused_chain = false;
    if (event->at_ms > core->now_ms)
        core->now_ms = event->at_ms;
    core->wall_ms = event->wall_ms;
    if (core->ended) { /* M7: no word of this epoch above its CONFIG block */
        core->actions = NULL;
        return;
    }
    switch (event->kind) {
    case ROTA_EVENT_START:
        core_start(core, event);
        break;
    case ROTA_EVENT_MESSAGE:
        core_message(core, event->message);
        break;
    case ROTA_EVENT_WOKEN:
        break;
    case ROTA_EVENT_DEMAND:
        core->waiting = event->demand.waiting;
        core->waiting_full = event->demand.full;
        core->waiting_since_ms = ROTA_BROKEN(any_commit_is_progress, event->demand.since_ms, core->now_ms);
        break;
    case ROTA_EVENT_BUILT:
        rota_propose_built(core, event);
        break;
    case ROTA_EVENT_CHECKED:
        rota_vote_checked(core, event);
        break;
    case ROTA_EVENT_EVIDENCE:
        if (event->evidence_epoch == core->membership->epoch) /* an earlier epoch may have tolerated its liars (P4) */
            rota_core_contradicted(core);
        break;
    case ROTA_EVENT_SERVED:
        rota_contract_served(core, event->waited_ms);
        break;
    case ROTA_EVENT_READ:
        rota_read_want(core, event->read_token);
        break;
    case ROTA_EVENT_LINKED:
        rota_hello_linked(core, event->linked);
        break;
    case ROTA_EVENT_CONVICTED:
        if (event->convicted.epoch == core->membership->epoch)
            rota_accuse_convicted(core, event->convicted.view);
        break;
    }
    rota_timers_run(core);
    core_advance(core);
    if (!core->ended)
        rota_timers_arm(core);
    rota_core_check_invariants(core);
    core->actions = NULL;
}

static enum rota_mode core_mode(const struct rota_core *core)
{
    if (core->halted)
        return core->quarantined ? ROTA_MODE_QUARANTINED : ROTA_MODE_HALTED;
    if (core->ended)
        return ROTA_MODE_ENDED;
    if (core->durable.standing == ROTA_STANDING_RECOVERING)
        return ROTA_MODE_RECOVERING;
    if (core->greeting)
        return ROTA_MODE_GREETING;
    return core->durable.active ? ROTA_MODE_ACTIVE : ROTA_MODE_CHANGING;
}

void rota_core_inspect(struct rota_core_view *out, const struct rota_core *core)
{
    memset(out, 0, sizeof *out);
    out->mode = core_mode(core);
    out->halted = core->halted;
    out->view = core->durable.view;
    out->primary = rota_primary(core->membership, core->durable.view);
    out->muted = core->muted;
    out->standing = core->durable.standing;
    out->incarnation = core->durable.incarnation;
    out->greeting = core->greeting;
    out->recovering_why = core->durable.standing == ROTA_STANDING_RECOVERING ? core->recovering_why : NULL;
    out->recover_view = core->durable.recover_view;
    out->recorded = rota_word_is_recorded(core);
    out->answers_count = rota_recover_answers(core);
    out->answers_needed = rota_recover_answers_needed(core);
    out->committed = core->committed;
    out->committed_block = core->committed_block;
    out->in_flight = (uint32_t)(core->valid_height - core->committed);
    out->failed_views = core->failed_views;
    if (core->durable.has_best) {
        out->best_view = core->durable.best.vote.view;
        out->best_height = core->durable.best.vote.height;
    }
    out->view_changes = core->view_changes;
    out->dropped = core->dropped;
    for (uint32_t i = 0; i < core->n; i++) {
        out->answered |= core->greetings[i].answered ? UINT32_C(1) << i : 0;
        out->recovering |= core->greetings[i].recovering ? UINT32_C(1) << i : 0;
        if (i == core->self || rota_peer_is_heard(core, i, core->timers.suspect_ms))
            out->heard |= UINT32_C(1) << i;
    }
}
