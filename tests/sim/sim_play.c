/* Playing a plan in two phases: everything goes wrong as it is written; then a part of the network is mended and must make
 * progress alone, then the rest, and all must end with one ledger (PROTOCOL §8). */
#include "tests/sim/sim_plan.h"
#include "tests/sim/sim_real.h"

enum {
    PLAY_PROGRESS_MS = 90000,  /* every pending request final within this, after mending */
    PLAY_CATCH_UP_MS = 90000,  /* who comes back last has the whole ledger within this */
    PLAY_RECOVERY_MS = 60000,  /* who lost its memory may vote again within this */
    PLAY_EVIDENCE_MS = 60000,  /* what convicts a liar is in the ledger within this */
    PLAY_RETRY_MS = 3000,      /* a client asks again */
    PLAY_SLOW_TIMES = 16,      /* all of this where messages take longer than the timers */
    PLAY_REST_MS = 2000,       /* nothing is to be done for so long */
    PLAY_TICK_SLACK_MS = 500,  /* a block takes its time */
    PLAY_LIARS_TURN_MS = 3000, /* so long a liar that leads may hold up an idle network */
    PLAY_VIEWS = 64,           /* so many may pass until there is progress */
    PLAY_VIEWS_GROWING = 16,   /* f + 6 at most until timeouts have grown to their longest (PROTOCOL T1) */
};

static void fault_crash(struct sim *sim, const struct sim_fault_event *event)
{
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        struct sim_replica *replica = &sim->replicas[i];
        if (!(event->who >> i & 1) || !replica->up)
            continue;
        replica->restart_after_ms = event->for_ms + 1;
        if (event->fault == SIM_FAULT_CRASH) {
            sim_replica_stop(sim, replica);
            continue;
        }
        replica->crash_at = (uint32_t)event->value;
        replica->crash_point = (enum sim_crash_point)(event->point % 3);
    }
}

static void fault_ring(struct sim *sim, uint64_t until_ms)
{
    uint32_t n = sim->facility_count;
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = 0; b < n; b++)
            if ((a + 1) % n != b && (b + 1) % n != a)
                sim_cut_until(sim, UINT32_C(1) << a, UINT32_C(1) << b, until_ms);
}

static void fault_of_clock(struct sim *sim, const struct sim_fault_event *event)
{
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        struct sim_replica *replica = &sim->replicas[i];
        if (!(event->who >> i & 1))
            continue;
        if (event->fault == SIM_FAULT_CLOCK)
            sim_set_clock(sim, replica, event->value);
        else
            replica->disk_ms = (uint32_t)event->value, replica->disk_slow_until_ms = sim->now_ms + event->for_ms;
    }
}

static void fault_bad_disk(struct sim *sim, const struct sim_fault_event *event)
{
    for (uint32_t i = 0; sim->parts && i < sim->facility_count; i++)
        if ((event->who >> i & 1) && sim->replicas[i].up) {
            sim->replicas[i].restart_after_ms = event->for_ms + 1;
            sim->parts->break_disk(sim, &sim->replicas[i], (uint32_t)event->value, event->point);
        }
}

/* In an empty epoch nobody can tell who is new from who forgot: what was said there may be said again. And whoever has not
 * left an earlier epoch yet could be told there that nothing was said. */
static bool others_have_blocks(const struct sim *sim, uint32_t facility)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        const struct sim_replica *replica = &sim->replicas[i];
        bool behind = replica->epoch != sim->latest && !sim_is_liar(sim, i) && replica->disk.has_durable;
        if (behind)
            return false;
        bool counts = i != facility && sim->latest->facilities >> i & 1;
        count += counts && replica->disk.height > sim->latest->membership.base_height;
    }
    return count >= rota_quorum(sim->latest->membership.count, sim->membership.profile);
}

/* A document may still be ordered, and its new members may come late. */
static bool change_is_due(const struct sim *sim)
{
    bool due = false;
    for (uint32_t i = 0; i < sim->document_count; i++)
        due |= !sim_document_is_stale(sim, sim->documents[i].request);
    return due;
}

/* Every epoch so far could bear one more that is faulty. */
static bool one_more_may_fail(const struct sim *sim)
{
    bool may = true;
    for (uint32_t i = 0; i < sim->epoch_count; i++) {
        uint32_t liars = (uint32_t)__builtin_popcount(sim->liars & sim->epochs[i].facilities);
        may &= liars + 1 <= rota_fault_bound(sim->epochs[i].membership.count, sim->membership.profile);
    }
    return may;
}

/* Of those that keep the rules: what a liar's core does is its own affair. */
static bool somebody_halted(const struct sim *sim)
{
    return (sim->halted & ~sim->liars) != 0;
}

/* One at a time, and only where a liar could be borne: whoever lost its memory counts as one until it is back (PROTOCOL M2).
 */
static void fault_forget(struct sim *sim, const struct sim_fault_event *event)
{
    uint32_t member = 0;
    while (member < sim->facility_count && !(event->who >> member & 1))
        member++;
    if (member == sim->facility_count || sim_is_liar(sim, member) || !one_more_may_fail(sim) || change_is_due(sim))
        return;
    char who[12];
    snprintf(who, sizeof who, "%u", member);
    if (event->fault == SIM_FAULT_BACKUP) {
        if (!sim->replicas[member].disk.unsure)
            sim_backup(sim, who);
        return;
    }
    if (!sim_memory_is_whole(sim) || somebody_halted(sim) || !others_have_blocks(sim, member) ||
        (sim->clock_set >> member & 1) || /* PROTOCOL section 8, What remains */
        (event->point % 3 == 2 && !sim->backups[member]))
        return;
    sim->replicas[member].restart_after_ms = event->for_ms + 1;
    if (sim->replicas[member].up)
        sim_replica_stop(sim, &sim->replicas[member]);
    sim_reach(sim, SIM_REACHED_MEMORY_LOST);
    if (event->point % 3 == 0)
        sim_wipe(sim, who);
    else if (event->point % 3 == 1)
        sim_wipe_journal(sim, who);
    else
        sim_restore(sim, who);
}

/* Who changes the members sees to it that none of them recovers while another one lies (PROTOCOL section 8, Late joiners).
 */
static void fault_config(struct sim *sim, const struct sim_fault_event *event)
{
    if ((event->who & sim->liars) && !sim_memory_is_whole(sim))
        return;
    (void)sim_submit_document(sim, event->who, (uint64_t)event->value, event->whom);
}

static void fault_submit(struct sim *sim, const struct sim_fault_event *event)
{
    for (int64_t k = 0; k < event->value && sim->request_count < SIM_REQUESTS_MAX; k++) {
        uint32_t request = sim->request_count++;
        sim->request_sent_ms[request] = sim->now_ms;
        for (uint32_t i = 0; i < sim->facility_count; i++)
            if (event->who >> i & 1)
                sim_send_request(sim, i, request);
    }
}

static void fault_happen(struct sim *sim, const struct sim_fault_event *event)
{
    uint64_t until_ms = sim->now_ms + event->for_ms;
    switch (event->fault) {
    case SIM_FAULT_SUBMIT:
        fault_submit(sim, event);
        break;
    case SIM_FAULT_SPLIT:
        sim_split(sim, event->who, until_ms);
        break;
    case SIM_FAULT_ONE_WAY:
        sim_cut_until(sim, event->who, event->whom, until_ms);
        break;
    case SIM_FAULT_RING:
        fault_ring(sim, until_ms);
        break;
    case SIM_FAULT_BRIDGE:
        sim_cut_until(sim, event->who & ~event->whom, ~event->who & ~event->whom, until_ms);
        sim_cut_until(sim, ~event->who & ~event->whom, event->who & ~event->whom, until_ms);
        break;
    case SIM_FAULT_CLOG:
        sim_clog(sim, event->who, event->whom, until_ms);
        break;
    case SIM_FAULT_CRASH:
    case SIM_FAULT_CRASH_SAVE:
        fault_crash(sim, event);
        break;
    case SIM_FAULT_PAUSE:
        sim_pause(sim, event->who, until_ms);
        break;
    case SIM_FAULT_CLOCK:
        sim->clock_set |= event->who;
        fault_of_clock(sim, event);
        break;
    case SIM_FAULT_SLOW_DISK:
        fault_of_clock(sim, event);
        break;
    case SIM_FAULT_BACKUP:
    case SIM_FAULT_FORGET:
        fault_forget(sim, event);
        break;
    case SIM_FAULT_BAD_DISK:
        fault_bad_disk(sim, event);
        break;
    case SIM_FAULT_CONFIG:
        fault_config(sim, event);
        break;
    case SIM_FAULT_DRIFT:
        sim_drift(sim, event->who, (int32_t)event->value);
        break;
    case SIM_FAULTS:
        break;
    }
}

static void play_chaos(struct sim *sim, const struct sim_plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        if (plan->events[i].at_ms > sim->now_ms)
            sim_run_ms(sim, plan->events[i].at_ms - sim->now_ms);
        fault_happen(sim, &plan->events[i]);
        sim_read(sim, "up");
    }
    if (plan->chaos_ms > sim->now_ms)
        sim_run_ms(sim, plan->chaos_ms - sim->now_ms);
}

/* Nobody is alive and waits for nothing: whoever is up has a timer that is due some day (heartbeats go on for ever). */
static void judge_not_wedged(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->facility_count; i++)
        if (sim->replicas[i].up && sim->facility_count > 1 && sim->replicas[i].wake_ms > sim->now_ms + 60000)
            sim_fail(sim, SIM_LIVENESS, "a live replica waits for nothing");
}

static uint64_t highest_view(struct sim *sim)
{
    uint64_t highest = 0;
    for (uint32_t i = 0; i < sim->facility_count; i++)
        if (sim->replicas[i].up && sim->replicas[i].seen.view > highest)
            highest = sim->replicas[i].seen.view;
    return highest;
}

/* Whoever was put back, met words of its own that it did not know and stopped for good, gets an empty disk from its
 * operator: then it is one that knows that it forgot. */
static void operators_help(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        char who[12];
        if (!(sim->halted & sim->put_back & ~sim->liars & UINT32_C(1) << i))
            continue;
        snprintf(who, sizeof who, "%u", i);
        sim->halted &= ~(UINT32_C(1) << i);
        sim_replica_stop(sim, &sim->replicas[i]);
        sim_wipe(sim, who);
        sim_replica_start(sim, &sim->replicas[i]);
    }
}

/* Clients ask again and again, as they do; false when it was not enough. */
static bool progress(struct sim *sim, uint64_t within_ms)
{
    uint64_t times = sim->options.slow_ms > 0 ? PLAY_SLOW_TIMES : 1;
    for (uint64_t end_ms = sim->now_ms + times * within_ms; sim->now_ms < end_ms;) {
        operators_help(sim);
        sim_resubmit(sim);
        if (sim_run_until_settled(sim, PLAY_RETRY_MS))
            return true;
    }
    return false;
}

/* Since these were the highest. After a block timeouts are at their base, and where that is too short they grow anew. */
static void judge_views(struct sim *sim, uint64_t view, uint64_t height)
{
    uint64_t slow_blocks = sim->options.slow_ms > 0 ? sim->agreed_height - height : 0;
    if (highest_view(sim) > view + PLAY_VIEWS + slow_blocks * PLAY_VIEWS_GROWING)
        sim_fail(sim, SIM_LIVENESS, "views ran away after everything was mended");
}

static void play_core(struct sim *sim, const struct sim_plan *plan)
{
    /* A member that is recovering does not vote yet: no quorum can be left out then. */
    uint32_t core = sim_is_founded(sim) && sim->forgetful == 0 && !somebody_halted(sim) ? plan->core : UINT32_MAX;
    sim_mend(sim);
    for (uint32_t i = 0; sim->parts && i < sim->facility_count; i++)
        sim->parts->break_disk(sim, &sim->replicas[i], 0, 0);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        struct sim_replica *replica = &sim->replicas[i];
        replica->restart_after_ms = 0;
        if (!(core >> i & 1))
            sim_replica_stop(sim, replica);
        else if (!replica->up)
            sim_replica_start(sim, replica);
    }
    uint64_t view = highest_view(sim), height = sim->agreed_height;
    sim_submit(sim, "up", 5);
    if (!progress(sim, PLAY_PROGRESS_MS))
        sim_fail(sim, SIM_LIVENESS, "no progress after everything was mended");
    judge_not_wedged(sim);
    judge_views(sim, view, height);
}

/* Whoever lost its memory is back among the voters before long, if there is something to commit now and then. */
static void play_recovery(struct sim *sim)
{
    uint64_t end_ms = sim->now_ms + PLAY_RECOVERY_MS;
    while (!sim_is_founded(sim) && sim->now_ms < end_ms) {
        sim_submit(sim, "all", 1);
        sim_run_ms(sim, 500);
    }
    if (!sim_is_founded(sim) && !somebody_halted(sim))
        sim_fail(sim, SIM_LIVENESS, "who lost its memory never votes again");
    if (!progress(sim, PLAY_PROGRESS_MS))
        sim_fail(sim, SIM_LIVENESS, "no progress after a member has recovered");
}

/* By a clock that is right, which in the end all are. A network whose clocks were ahead waits until they are there. Liars
 * that lead one after the other may each cost a turn. */
static void judge_ticks(struct sim *sim)
{
    uint64_t turns_ms = PLAY_LIARS_TURN_MS * (uint64_t)__builtin_popcount(sim->liars);
    uint64_t slack_ms = sim->timers.clock_ms + sim->timers.request_ms + PLAY_TICK_SLACK_MS + turns_ms;
    if (sim->timers.tick_ms == 0 || somebody_halted(sim))
        return;
    sim_run_ms(sim, sim->timers.tick_ms + slack_ms); /* long enough to miss one */
    uint64_t head_ms = sim->agreed_height > 0 ? sim->agreed[sim->agreed_height]->header.time_ms : SIM_CREATED_MS;
    if (sim_wall_ms(sim, &sim->replicas[0]) > head_ms + sim->timers.tick_ms + slack_ms)
        sim_fail(sim, SIM_LIVENESS, "an idle network whose newest block is too old, and no TICK");
}

/* Blocks above this height with the word of a liar that lost nothing: four of each at once (PROTOCOL H5). */
static uint64_t words_of_liars(const struct sim *sim, uint64_t height)
{
    uint64_t blocks = 0;
    for (uint64_t h = height + 1; h <= sim->agreed_height; h++)
        blocks += sim->agreed[h]->word_count > 0 && sim->agreed[h]->request_count == 0;
    uint64_t liars = (uint64_t)__builtin_popcount(sim->liars);
    return blocks < 4 * liars ? blocks : 4 * liars;
}

/* Whoever is proved to have lied is in the ledger in the end, whatever primaries would rather leave out (PROTOCOL §7, T4).
 */
static void play_evidence(struct sim *sim)
{
    for (uint64_t end_ms = sim->now_ms + PLAY_EVIDENCE_MS; sim->now_ms < end_ms && !sim_evidence_is_ordered(sim);)
        sim_run_ms(sim, 100);
    if (!sim_evidence_is_ordered(sim))
        sim_fail(sim, SIM_EVIDENCE, "evidence that a correct member holds does not come into the ledger");
    if (!progress(sim, PLAY_CATCH_UP_MS))
        sim_fail(sim, SIM_LIVENESS, "no progress after evidence was ordered");
}

/* Those that came with evidence alone: liars go on. */
static uint64_t evidence_blocks(const struct sim *sim, uint64_t above)
{
    uint64_t blocks = 0;
    for (uint64_t h = above + 1; h <= sim->agreed_height; h++)
        blocks += sim->agreed[h]->request_count > 0 && sim_piece_of(sim, sim->agreed[h]->requests[0]);
    return blocks;
}

/* Nothing to do: no blocks but TICKs, and among honest members no view changes but at the end of a turn (PROTOCOL T10), for
 * which somebody has to have decided something. */
static void play_rest(struct sim *sim)
{
    if (sim->options.slow_ms > 0) /* views go on failing until something commits */
        return;
    if (sim->held_until_ms > sim->now_ms)
        sim_run_ms(sim, sim->held_until_ms - sim->now_ms);
    sim_run_ms(sim, 1000 + 2 * sim->timers.rotate_ms); /* what was under way when the last request was committed */
    uint64_t height = sim->agreed_height, view = highest_view(sim);
    sim_run_ms(sim, PLAY_REST_MS);
    /* A liar that says it is recovering gets one block without requests in each view (PROTOCOL H6). */
    uint64_t courtesy = sim->liars == 0 ? 0 : highest_view(sim) - view + 1;
    uint64_t ticks = sim->timers.tick_ms == 0 ? 0 : PLAY_REST_MS / sim->timers.tick_ms + 1;
    if (sim->agreed_height - height > courtesy + ticks + words_of_liars(sim, height) + evidence_blocks(sim, height))
        sim_fail(sim, SIM_QUIESCENCE, "blocks without requests");
    bool rotates = sim->timers.rotate_ms != 0 || sim->timers.rotate_blocks != 0;
    if (sim->liars == 0 && highest_view(sim) - view > (rotates ? sim->agreed_height - height : 0))
        sim_fail(sim, SIM_QUIESCENCE, "a view change although nothing is wrong");
    judge_ticks(sim);
    if (!sim_run_until_settled(sim, PLAY_RETRY_MS)) /* a TICK, or a liar's word, may be on its way */
        sim_fail(sim, SIM_LIVENESS, "a block without requests that does not come to everybody");
}

struct sim *sim_play(const struct sim_plan *plan)
{
    struct sim_options options = plan->options;
    options.furnish = plan->real ? sim_real_furnish : NULL;
    struct sim *sim = sim_new(&options);
    sim->forgets_saves = plan->forgets_saves;
    play_chaos(sim, plan);
    sim->chaos_requests = sim_committed_requests(sim);
    if (sim_lies_too_many(sim)) /* nothing is promised but that whoever did it can be named: sim_check_fork */
        return sim;
    play_core(sim, plan);
    sim_restart(sim, "all");
    sim_submit(sim, "all", 3);
    if (!progress(sim, PLAY_CATCH_UP_MS))
        sim_fail(sim, SIM_LIVENESS, "who came back last does not catch up");
    play_recovery(sim);
    play_evidence(sim);
    sim_expect_one_history(sim, "all");
    play_rest(sim);
    if (plan->real)
        sim_real_judge(sim);
    return sim;
}
