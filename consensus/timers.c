/* Time (PROTOCOL T1..T8). The core has no clock: it looks at the time its events carry and asks to be woken. */
#include "consensus/state.h"

uint64_t rota_timers_grown(const struct rota_core *core, uint64_t base_ms)
{
    uint32_t free_views = core->f + 1;
    uint32_t growth = core->failed_views > free_views ? core->failed_views - free_views : 0;
    growth = ROTA_BROKEN(timeouts_do_not_grow, growth, 0);
    return base_ms << ROTA_BROKEN(timeouts_grow_without_end, growth > 5 ? 5 : growth, growth);
}

void rota_peer_hear(struct rota_core *core, uint32_t member)
{
    core->peers[member].heard_ms = core->now_ms;
}

bool rota_peer_is_heard(const struct rota_core *core, uint32_t member, uint32_t grace_ms)
{
    uint64_t heard_ms = core->peers[member].heard_ms;
    return heard_ms != 0 && core->now_ms - heard_ms <= 2 * (uint64_t)core->timers.status_ms + grace_ms;
}

uint32_t rota_peers_heard(const struct rota_core *core, uint32_t besides)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < core->n; i++)
        count += i != besides && (i == core->self || rota_peer_is_heard(core, i, 0));
    return count;
}

/* T1: what was learnt while no quorum could be reached says nothing about the time that a quorum needs. */
static void quorum_watch(struct rota_core *core)
{
    if (rota_peers_heard(core, core->n) < core->quorum) {
        core->apart_ms = core->apart_ms != 0 ? core->apart_ms : core->now_ms;
        return;
    }
    if (core->apart_ms != 0 && core->now_ms - core->apart_ms > rota_timers_grown(core, core->timers.view_change_ms)) {
        core->failed_views = 0;
        if (core->view_change_ms != 0)
            core->view_change_ms = core->now_ms + core->timers.view_change_ms;
    }
    core->apart_ms = 0;
}

/* T8: when the turn of a primary that nobody hears may end, 0 when its turn has not begun or it is heard. */
static uint64_t turn_end(const struct rota_core *core)
{
    uint32_t primary = rota_primary(core->membership, core->durable.view);
    if (core->durable.active || core->view_change_ms == 0 || primary == core->self)
        return 0;
    uint64_t soonest_ms = core->turn_ms + core->timers.heartbeat_ms;
    uint64_t heard_ms = core->peers[primary].heard_ms;
    uint64_t silent_ms = heard_ms == 0 ? 0 : heard_ms + 2 * (uint64_t)core->timers.status_ms + 1;
    return silent_ms > soonest_ms ? silent_ms : soonest_ms;
}

static void suspect_absent(struct rota_core *core)
{
    uint64_t end_ms = turn_end(core);
    if (ROTA_BROKEN(absent_primary_keeps_its_turn, end_ms != 0 && core->now_ms >= end_ms, false))
        rota_suspect_say(core, ROTA_SUSPECT_HEARTBEAT);
}

/* T2: the primary is silent, and we do hear enough others to go on without it. */
static void suspect_silence(struct rota_core *core)
{
    uint32_t primary = rota_primary(core->membership, core->durable.view);
    if (primary == core->self || !core->durable.active)
        return;
    uint64_t since = core->peers[primary].heard_ms > core->entered_ms ? core->peers[primary].heard_ms : core->entered_ms;
    if (core->now_ms - since >= core->timers.suspect_ms && rota_peers_heard(core, primary) >= core->quorum)
        rota_suspect_say(core, ROTA_SUSPECT_HEARTBEAT);
}

/* Its time or its anchor is not right, and may never be; the requests in it wait in no pool. */
static bool next_is_untimely(const struct rota_core *core)
{
    const struct rota_slot *next = &core->slots[(core->valid_height + 1) % ROTA_SLOTS];
    bool looked_at = next->check == ROTA_SLOT_UNTIMELY || next->check == ROTA_SLOT_ASKED;
    return next->height == core->valid_height + 1 && next->source != ROTA_SLOT_EMPTY && looked_at;
}

/* T3, T4: an accepted block does not commit; a request is not taken up. */
static void suspect_stall(struct rota_core *core)
{
    if (!core->durable.active)
        return;
    bool waits = ROTA_BROKEN(untimely_block_stops_the_clocks, next_is_untimely(core), false);
    bool in_flight = core->valid_height > core->committed || core->tip_pending || waits;
    if (!in_flight)
        core->progress_ms = 0;
    else if (core->progress_ms == 0)
        core->progress_ms = core->now_ms;
    core->request_ms = 0;
    if (core->waiting > 0 && !rota_core_is_primary(core)) /* its clock starts again with every view */
        core->request_ms = core->waiting_since_ms > core->entered_ms ? core->waiting_since_ms : core->entered_ms;
    if (core->progress_ms != 0 && core->now_ms - core->progress_ms >= rota_timers_grown(core, core->timers.progress_ms))
        rota_suspect_say(core, ROTA_SUSPECT_PROGRESS);
    if (core->request_ms != 0 && core->now_ms - core->request_ms >= rota_timers_grown(core, core->timers.request_ms))
        rota_suspect_say(core, ROTA_SUSPECT_REQUEST);
}

static void heartbeat_say(struct rota_core *core)
{
    if (core->n == 1 || !core->durable.active || rota_core_is_silent(core) || !rota_core_is_primary(core) ||
        core->now_ms < core->heartbeat_ms)
        return;
    struct rota_message *message = rota_core_say(core, ROTA_TO_ALL, ROTA_MESSAGE_HEARTBEAT);
    message->heartbeat = (struct rota_heartbeat){core->durable.view, core->committed};
    core->heartbeat_ms = core->now_ms + core->timers.heartbeat_ms;
}

void rota_timers_run(struct rota_core *core)
{
    if (core->halted)
        return;
    rota_hello_run(core); /* H1 */
    quorum_watch(core);
    if (!rota_core_is_silent(core) && !core->durable.active && core->view_change_ms != 0 &&
        core->now_ms >= core->view_change_ms && core->durable.view != UINT64_MAX)
        rota_change_view(core, core->durable.view + 1); /* V3 */
    suspect_silence(core);
    suspect_absent(core);
    suspect_stall(core);
    rota_tick_watch(core);
    rota_contract_run(core);
    rota_courtesy_meet(core);
    heartbeat_say(core);
    if (core->now_ms >= core->status_ms)
        rota_status_say(core, ROTA_TO_ALL);
}

static void earlier(uint64_t *at_ms, uint64_t candidate_ms)
{
    if (candidate_ms != 0 && candidate_ms < *at_ms)
        *at_ms = candidate_ms;
}

/* The next moment at which time alone could make us act. Never in the past, so that the loop cannot spin. */
void rota_timers_arm(struct rota_core *core)
{
    uint64_t at_ms = core->now_ms + 1000;
    bool watches = !core->suspected && !rota_core_is_silent(core);
    if (core->halted) { /* nothing runs any more: what was due stays due */
        rota_core_emit(core, ROTA_ACTION_WAKE_AT)->wake_at_ms = at_ms;
        return;
    }
    if (core->n > 1) {
        earlier(&at_ms, core->status_ms);
        if (core->durable.active && rota_core_is_primary(core))
            earlier(&at_ms, core->heartbeat_ms);
        if (core->durable.active && watches)
            earlier(&at_ms, core->now_ms + core->timers.heartbeat_ms);
    }
    if (!rota_core_is_silent(core))
        earlier(&at_ms, core->view_change_ms);
    if (core->greeting && core->greeting_ms > core->now_ms)
        earlier(&at_ms, core->greeting_ms);
    earlier(&at_ms, core->hello_ms);
    if (watches)
        earlier(&at_ms, turn_end(core));
    if (!core->suspected)
        earlier(&at_ms, rota_tick_deadline(core));
    earlier(&at_ms, core->untimely_ms);
    earlier(&at_ms, rota_catch_up_deadline(core));
    earlier(&at_ms, rota_read_deadline(core));
    if (core->progress_ms != 0 && watches)
        earlier(&at_ms, core->progress_ms + rota_timers_grown(core, core->timers.progress_ms));
    if (core->request_ms != 0 && watches)
        earlier(&at_ms, core->request_ms + rota_timers_grown(core, core->timers.request_ms));
    rota_core_emit(core, ROTA_ACTION_WAKE_AT)->wake_at_ms = at_ms > core->now_ms ? at_ms : core->now_ms + 1;
}
