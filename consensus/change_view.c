/* Leaving a view and entering the next (PROTOCOL V1..V11): SUSPECT, VIEW-CHANGE, NEW-VIEW. */
#include "consensus/state.h"

/* ---- SUSPECT ------------------------------------------------------------------------------------------------------ */

void rota_suspect_say(struct rota_core *core, enum rota_suspicion reason)
{
    bool resigns = reason == ROTA_SUSPECT_RESIGN && !core->resigned; /* also after it suspected its own view */
    if ((core->suspected && !resigns) || rota_core_is_silent(core))
        return;
    core->suspected = true;
    core->resigned |= resigns;
    struct rota_message *message = rota_core_say(core, ROTA_TO_ALL, ROTA_MESSAGE_SUSPECT);
    message->suspect = (struct rota_suspect){core->durable.view, reason};
}

void rota_suspect_admit(struct rota_core *core, const struct rota_message *message)
{
    struct rota_suspicion_cell *cell = &core->suspects[message->sender];
    const struct rota_suspect *suspect = &message->suspect;
    bool news = !cell->has || suspect->view > cell->suspect.view ||
                (suspect->view == cell->suspect.view && suspect->reason == ROTA_SUSPECT_RESIGN);
    if (suspect->view < core->durable.view || !news) {
        core->dropped++;
        return;
    }
    *cell = (struct rota_suspicion_cell){true, *suspect, message->signature};
}

static bool suspects_view(const struct rota_core *core, uint32_t member)
{
    const struct rota_suspicion_cell *cell = &core->suspects[member];
    return cell->has && cell->suspect.view == core->durable.view;
}

/* The view that a member is known to have come to, by its own word. */
static uint64_t view_reached(const struct rota_core *core, uint32_t member)
{
    uint64_t suspected = core->suspects[member].has ? core->suspects[member].suspect.view : 0;
    uint64_t target = core->has_change[member] ? core->changes[member].new_view : 0;
    return suspected > target ? suspected : target;
}

/* Whoever has gone on suspects no less for it: its word about our view may be lost, and it will not say it again. */
static bool has_left(const struct rota_core *core, uint32_t member)
{
    return view_reached(core, member) > core->durable.view;
}

/* V1: enough suspicions, or the primary's own resignation: said, or shown by its going on to a later view. */
static bool suspicion_suffices(const struct rota_core *core)
{
    uint32_t count = 0, primary = rota_primary(core->membership, core->durable.view);
    if (core->has_change[primary] && core->changes[primary].new_view > core->durable.view)
        return true;
    for (uint32_t i = 0; i < core->n; i++) {
        if (suspects_view(core, i) && core->suspects[i].suspect.reason == ROTA_SUSPECT_RESIGN)
            return true;
        count += suspects_view(core, i) || has_left(core, i);
    }
    return count >= core->join;
}

/* Leaving is transferable: the others get the suspicions that made us go, also those of later views. */
static void suspicions_relay(struct rota_core *core)
{
    for (uint32_t i = 0; i < core->n; i++) {
        const struct rota_suspicion_cell *cell = &core->suspects[i];
        if (i == core->self || !cell->has || cell->suspect.view < core->durable.view)
            continue;
        struct rota_message *message = rota_core_relay(core, ROTA_TO_ALL, i, ROTA_MESSAGE_SUSPECT);
        message->suspect = cell->suspect;
        message->signature = cell->signature;
    }
}

/* ---- VIEW-CHANGE -------------------------------------------------------------------------------------------------- */

/* What every entry of a view resets. */
static void view_enter(struct rota_core *core, uint64_t view)
{
    ROTA_ASSERT(view > core->durable.view);
    rota_contract_end(core);
    core->durable.view = view;
    core->durable.active = false;
    memset(&core->durable.nv, 0, sizeof core->durable.nv);
    core->suspected = core->resigned = core->new_view_said = core->has_new_view = false;
    core->tip_pending = false;
    core->view_change_ms = 0;
    core->progress_ms = core->request_ms = 0;
    core->entered_ms = core->now_ms;
    core->failed_views = core->failed_views < UINT32_MAX ? core->failed_views + 1 : UINT32_MAX;
    core->view_changes++;
    rota_window_new_view(core);
}

static void own_change_make(struct rota_core *core, uint64_t new_view)
{
    struct rota_view_change *change = &core->own_change;
    memset(change, 0, sizeof *change);
    change->sender = core->self;
    change->new_view = new_view;
    change->incarnation = core->durable.incarnation;
    change->has_best = ROTA_BROKEN(view_change_without_lock, core->durable.has_best, core->has_committed_certificate);
    if (change->has_best)
        change->best = ROTA_BROKEN(view_change_without_lock, core->durable.best, core->committed_certificate);
    change->has_committed = core->has_committed_certificate;
    if (change->has_committed)
        change->committed = core->committed_certificate;
    change->header_count = ROTA_BROKEN(view_change_without_lock, core->durable.best_header_count, 0);
    memcpy(change->headers, core->durable.best_headers, change->header_count * sizeof change->headers[0]);
    core->own_change_content = rota_view_change_content(change);
    core->own_change_content_view = change->new_view;
    ROTA_ASSERT(!change->has_best || change->best.vote.view < change->new_view);
}

/* V5: stop voting below, make the lock and the view change durable, say it. */
void rota_change_view(struct rota_core *core, uint64_t view)
{
    if (ROTA_BROKEN(left_view_voted_in, true, rota_primary(core->membership, view) == core->self))
        view_enter(core, view);
    own_change_make(core, view);
    if (ROTA_BROKEN(view_change_before_saved, true, false))
        rota_core_save(core);
    struct rota_action *save = rota_core_emit(core, ROTA_ACTION_SAVE_MESSAGE);
    save->say.message.kind = ROTA_MESSAGE_VIEW_CHANGE;
    save->say.message.epoch = core->membership->epoch;
    save->say.message.sender = core->self;
    save->say.message.view_change = &core->own_change;
    rota_core_say(core, ROTA_TO_ALL, ROTA_MESSAGE_VIEW_CHANGE)->view_change = &core->own_change;
}

void rota_view_change_admit(struct rota_core *core, const struct rota_message *message)
{
    const struct rota_view_change *change = message->view_change;
    uint32_t sender = message->sender;
    rota_accuse_view_change(core, message);
    bool useful = change->new_view > core->durable.view || (change->new_view == core->durable.view && !core->durable.active);
    if (!useful || rota_view_change_is_stale(core, change) ||
        (core->has_change[sender] && core->changes[sender].new_view >= change->new_view)) {
        core->dropped++;
        return;
    }
    rota_peer_hear(core, sender);
    core->has_change[sender] = true;
    core->change_ms[sender] = core->now_ms;
    core->changes[sender] = *change;
    core->changes[sender].sender = sender;
    core->changes[sender].signature = message->signature;
    rota_accuse_lock(core, sender);
}

/* V2: the J-th largest view above ours that others have come to, 0 when fewer than J went further. */
static uint64_t join_target(const struct rota_core *core)
{
    uint64_t targets[ROTA_MEMBERS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < core->n; i++) {
        uint64_t view = view_reached(core, i);
        if (view <= core->durable.view)
            continue;
        uint32_t at = count++;
        for (; at > 0 && targets[at - 1] < view; at--)
            targets[at] = targets[at - 1];
        targets[at] = view;
    }
    return count >= ROTA_BROKEN(others_are_not_followed, core->join, UINT32_MAX) ? targets[core->join - 1] : 0;
}

static uint32_t changes_held(const struct rota_core *core)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < core->n; i++)
        count += core->has_change[i] && core->changes[i].new_view == core->durable.view;
    return count;
}

/* V3: members that are known to have come as far as this view, or further: one that went on does not speak for this view any
 * more, and those who wait here would wait for ever if it did not count. */
static uint32_t changes_reached(const struct rota_core *core)
{
    uint32_t count = 1; /* ourselves: also when a certificate brought us here without a VIEW-CHANGE (N8) */
    for (uint32_t i = 0; i < core->n; i++)
        count += i != core->self && core->has_change[i] && core->changes[i].new_view >= core->durable.view;
    return count;
}

/* V8: the new primary shows a quorum of view changes and what follows from them. Bodies and blocks that it lacks it fetches
 * afterwards like everybody; only when it is too far behind it hands over at once. */
static void new_view_make(struct rota_core *core)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < core->n && taken < core->quorum; i++)
        if (core->has_change[i] && core->changes[i].new_view == core->durable.view)
            core->new_view_changes[taken++] = core->changes[i];
    ROTA_ASSERT(taken == core->quorum);
    struct rota_tip tip;
    if (!rota_is_ok(rota_new_view_select(&tip, core->membership, core->new_view_changes, taken))) {
        rota_core_halt(core, "view changes that show two histories: more members lie than the ledger tolerates");
        return;
    }
    if (tip.base > core->committed + ROTA_SLOTS) {
        rota_suspect_say(core, ROTA_SUSPECT_RESIGN);
        return;
    }
    struct rota_message *message = &core->new_view;
    memset(message, 0, sizeof *message);
    message->kind = ROTA_MESSAGE_NEW_VIEW;
    message->epoch = core->membership->epoch;
    message->sender = core->self;
    message->new_view.view = core->durable.view;
    message->new_view.change_count = taken;
    message->new_view.changes = core->new_view_changes;
    message->new_view.tip_height = tip.height;
    message->new_view.tip = tip.block;
    message->new_view.nv = rota_new_view_digest(core->membership, &message->new_view);
    core->new_view_said = true;
    rota_core_emit(core, ROTA_ACTION_SAVE_MESSAGE)->say.message = *message;
    *rota_core_say(core, ROTA_TO_ALL, ROTA_MESSAGE_NEW_VIEW) = *message;
}

void rota_change_view_consider(struct rota_core *core)
{
    if (rota_core_is_silent(core))
        return; /* it follows by NEW-VIEW and by certificates */
    uint64_t target = join_target(core);
    if (target == 0 && core->durable.view != UINT64_MAX && suspicion_suffices(core))
        target = core->durable.view + 1;
    if (target != 0 && ROTA_BROKEN(suspicions_not_passed_on, true, false))
        suspicions_relay(core);
    if (ROTA_BROKEN(left_view_voted_in, target != 0, target > core->own_change.new_view)) {
        rota_change_view(core, target);
        return;
    }
    if (core->durable.active)
        return;
    if (core->view_change_ms == 0 && changes_reached(core) >= core->quorum) { /* V3's timer starts only now */
        core->view_change_ms = core->now_ms + rota_timers_grown(core, core->timers.view_change_ms);
        core->turn_ms = core->now_ms;
    }
    if (rota_core_is_primary(core) && !core->new_view_said && changes_held(core) >= core->quorum)
        new_view_make(core);
}

/* N8: a certificate of a later view is proof that a quorum went there. */
void rota_change_view_fast_forward(struct rota_core *core, uint64_t view)
{
    if (view <= core->durable.view || core->halted)
        return;
    view_enter(core, view);
    rota_core_save(core);
    rota_status_say(core, ROTA_TO_ALL);
}

/* ---- NEW-VIEW ----------------------------------------------------------------------------------------------------- */

/* A tip below what an earlier view committed. Blocks of this very view may be committed already: we come late, or back. */
static bool tip_contradicts(const struct rota_core *core, uint64_t view, uint64_t height, const struct rota_hash *tip)
{
    if (height < core->committed)
        return core->committed_certificate.vote.view < view;
    return height == core->committed && core->committed > 0 && !rota_hash_equal(tip, &core->committed_block);
}

/* H7: that shows more than f liars only if nobody has taken back what it is made of. */
bool rota_new_view_is_nothing(const struct rota_core *core, const struct rota_new_view *new_view)
{
    bool own = false, others = false;
    for (uint32_t i = 0; i < new_view->change_count; i++) {
        const struct rota_view_change *change = &new_view->changes[i];
        own |= change->sender == core->self && change->incarnation < core->durable.floor;
        others |= change->incarnation < core->floors.floor[change->sender];
    }
    return own || (ROTA_BROKEN(old_words_stop_others, others, false) &&
                   tip_contradicts(core, new_view->view, new_view->tip_height, &new_view->tip));
}

void rota_new_view_install(struct rota_core *core)
{
    ROTA_ASSERT(core->has_new_view);
    if (core->tip.height == core->membership->base_height)
        return;
    const struct rota_view_change *source = &core->new_view_changes[core->tip.source];
    /* What it shows above the tip is a lock of an earlier view that was passed over: given up, and in nobody's way. */
    for (uint32_t i = 0; i < source->header_count && source->headers[i].height <= core->tip.height; i++) {
        struct rota_hash block = rota_header_hash(&source->headers[i]);
        (void)rota_window_put(core, &source->headers[i], &block, ROTA_SLOT_PROPOSED);
    }
    for (uint32_t i = 0; i < core->new_view.new_view.change_count; i++) {
        const struct rota_view_change *change = &core->new_view_changes[i];
        if (change->has_committed)
            rota_window_certify(core, &change->committed);
        if (change->has_best)
            rota_window_certify(core, &change->best); /* ignores prepare certificates */
    }
}

void rota_new_view_accept(struct rota_core *core, const struct rota_message *message)
{
    ROTA_ASSERT(!core->durable.active);
    const struct rota_new_view *new_view = &message->new_view;
    if (new_view->changes != core->new_view_changes)
        memcpy(core->new_view_changes, new_view->changes, new_view->change_count * sizeof core->new_view_changes[0]);
    core->new_view = *message;
    core->new_view.new_view.changes = core->new_view_changes;
    core->has_new_view = true;
    core->new_view.new_view.nv = rota_new_view_digest(core->membership, &core->new_view.new_view);
    struct rota_status selected =
        rota_new_view_select(&core->tip, core->membership, core->new_view_changes, new_view->change_count);
    ROTA_ASSERT(rota_is_ok(selected)); /* verified before it came here */
    if (tip_contradicts(core, new_view->view, core->tip.height, &core->tip.block)) {
        rota_core_halt(core, "a new view forgets a committed block: more members lie than the ledger tolerates");
        return;
    }
    struct rota_durable *durable = &core->durable;
    durable->active = true;
    durable->nv = core->new_view.new_view.nv;
    durable->tip_height = core->tip.height;
    durable->tip = core->tip.block;
    core->muted = core->tip_judged = core->view_is_void = false;
    core->helped = false;
    core->failed_views = ROTA_BROKEN(timeouts_back_at_new_view, core->failed_views, 0);
    bool passed = ROTA_BROKEN(tip_prepared_last, core->committed >= core->tip.height, true);
    core->voted_height = passed ? core->committed : core->tip.height;
    core->voted_block = passed ? core->committed_block : core->tip.block;
    core->tip_pending = !passed && !core->tip.committed;
    core->view_change_ms = 0;
    core->progress_ms = core->request_ms = 0;
    core->entered_ms = core->now_ms;
    core->entered_height = core->committed;
    core->peers[rota_primary(core->membership, durable->view)].heard_ms = core->now_ms;
    rota_window_new_view(core);
    rota_new_view_install(core);
    if (ROTA_BROKEN(old_view_not_taken_back, true, false))
        rota_core_emit(core, ROTA_ACTION_ROLLBACK);
}

void rota_new_view_admit(struct rota_core *core, const struct rota_message *message)
{
    uint64_t view = message->new_view.view;
    rota_accuse_new_view(core, message);
    bool halted = ROTA_BROKEN(halted_member_enters_views, core->halted != NULL, false); /* nor does it save any more */
    if (halted || rota_new_view_is_nothing(core, &message->new_view) || view < core->durable.view ||
        (view == core->durable.view && core->durable.active)) {
        core->dropped++;
        return;
    }
    if (view > core->durable.view)
        view_enter(core, view);
    rota_new_view_accept(core, message);
    if (core->halted)
        return;
    rota_core_save(core);
    struct rota_action *save = rota_core_emit(core, ROTA_ACTION_SAVE_MESSAGE);
    save->say.message = core->new_view;
    save->say.is_signed = true;
    rota_status_say(core, ROTA_TO_ALL);
}
