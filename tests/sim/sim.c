/* The cluster: building it, breaking it, running it, and expecting things of it. */
#include "tests/sim/sim_liar.h"

#include <sodium.h>

/* ---- build and end -------------------------------------------------------------------------------------------------- */

static bool toy_verify(const struct rota_ed25519_public *key, struct rota_view message,
                       const struct rota_signature *signature)
{
    uint8_t mac[crypto_shorthash_BYTES];
    crypto_shorthash(mac, message.data, message.len, key->b);
    return memcmp(mac, signature->b, sizeof mac) == 0 &&
           sodium_is_zero(signature->b + sizeof mac, sizeof signature->b - sizeof mac);
}

static void membership_fill(struct sim *sim)
{
    struct rota_membership *membership = &sim->membership;
    membership->profile = sim->options.profile ? sim->options.profile : ROTA_PROFILE_BYZANTINE;
    membership->count = sim->options.members;
    membership->verify = toy_verify;
    memset(membership->ledger_id.b, 0x11, sizeof membership->ledger_id.b);
    memset(membership->config_hash.b, 0x22, sizeof membership->config_hash.b);
    for (uint32_t i = 0; i < membership->count; i++)
        memset(membership->members[i].key.b, (int)(i + 1), sizeof membership->members[i].key.b);
}

enum { FOUNDING_MS_MAX = 20000 }; /* in the worst weather */

struct sim *sim_new(const struct sim_options *options)
{
    ROTA_ASSERT(sodium_init() >= 0);
    ROTA_ASSERT(options->members >= 1 && options->members + options->joiners <= ROTA_MEMBERS_MAX);
    struct sim *sim = calloc(1, sizeof *sim);
    ROTA_ASSERT(sim);
    sim->options = *options;
    sim->facility_count = options->members + options->joiners;
    if (options->delay_max_ms == 0)
        sim->options.delay_min_ms = 1, sim->options.delay_max_ms = 3;
    sim_streams_open(sim->streams, options->seed);
    sim->timers = (struct rota_timers){
        100, 500, 1000, 1300, 1000, 500, 500, 400, options->rotate_ms, options->rotate_blocks, options->tick_ms};
    sim->limits = (struct rota_limits){SIM_BLOCK_REQUESTS_MAX, 262144, ROTA_WINDOW};
    sim->actions = malloc(sizeof *sim->actions);
    sim->scratch = malloc(sizeof *sim->scratch);
    sim->reached = calloc(1, sizeof *sim->reached);
    ROTA_ASSERT(sim->actions && sim->scratch && sim->reached);
    sim_replica_room(sim);
    membership_fill(sim);
    if (options->furnish)
        options->furnish(sim);
    sim_epochs_open(sim);
    sim_check_open(sim);
    if (options->liars)
        sim_liars_make(sim, options->liars, options->lies);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        sim->replicas[i].index = i;
        sim->replicas[i].member = SIM_NOBODY;
        sim->replicas[i].epoch = sim->latest;
        sim->replicas[i].core = malloc(rota_core_bytes());
        ROTA_ASSERT(sim->replicas[i].core);
    }
    for (uint32_t i = 0; i < sim->facility_count; i++)
        sim_replica_start(sim, &sim->replicas[i]);
    while (!options->unfounded && !sim_is_founded(sim) && sim->now_ms < FOUNDING_MS_MAX)
        sim_run_ms(sim, 1);
    return sim;
}

void sim_free(struct sim *sim)
{
    if (sim->parts)
        sim->parts->close(sim);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        sim_disk_free(&sim->replicas[i].disk);
        if (sim->backups[i])
            sim_disk_free(sim->backups[i]);
        free(sim->backups[i]);
        free(sim->replicas[i].core);
    }
    for (uint32_t i = 0; i < sim->piece_count; i++)
        rota_evidence_release(sim->pieces[i].proof);
    for (size_t i = 0; i < sim->queue_count; i++)
        free(sim->queue[i].bytes);
    for (size_t i = 0; i < sim->block_count; i++) {
        rota_block_release(sim->blocks[i]->real);
        free(sim->blocks[i]);
    }
    free(sim->queue);
    free(sim->blocks);
    free(sim->actions);
    free(sim->turn);
    free(sim->scratch);
    free(sim->reached);
    sim_check_close(sim);
    sim_liars_free(sim);
    free(sim);
}

/* ---- who ------------------------------------------------------------------------------------------------------------ */

struct rota_core_view sim_view(struct sim *sim, uint32_t facility)
{
    const struct sim_replica *replica = &sim->replicas[facility];
    struct rota_core_view view = {.mode = ROTA_MODE_FOLLOWING, .primary = SIM_NOBODY, .committed = replica->disk.height};
    if (replica->member != SIM_NOBODY)
        rota_core_inspect(&view, replica->core);
    return view;
}

/* The primary of the highest view of the latest epoch that is active anywhere. */
static uint32_t primary_index(struct sim *sim)
{
    uint64_t highest = 0;
    uint32_t primary = sim->latest->seats[0];
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        struct rota_core_view view = sim_view(sim, i);
        const struct sim_replica *replica = &sim->replicas[i];
        if (replica->up && replica->epoch == sim->latest && view.mode == ROTA_MODE_ACTIVE && view.view >= highest) {
            highest = view.view;
            primary = sim->latest->seats[view.primary];
        }
    }
    return primary;
}

uint32_t sim_who(struct sim *sim, const char *who)
{
    uint32_t all = sim->facility_count == 32 ? UINT32_MAX : (UINT32_C(1) << sim->facility_count) - 1;
    if (strcmp(who, "all") == 0)
        return all;
    if (strcmp(who, "primary") == 0)
        return UINT32_C(1) << primary_index(sim);
    if (strcmp(who, "backups") == 0)
        return all & ~(UINT32_C(1) << primary_index(sim));
    uint32_t members = 0;
    if (strcmp(who, "up") == 0) {
        for (uint32_t i = 0; i < sim->facility_count; i++)
            members |= sim->replicas[i].up ? UINT32_C(1) << i : 0;
        return members;
    }
    for (const char *at = who; *at;) {
        char *end;
        unsigned long index = strtoul(at, &end, 10);
        ROTA_ASSERT(end != at && index < sim->facility_count);
        members |= UINT32_C(1) << index;
        at = end + strspn(end, " ");
    }
    return members;
}

/* ---- break and mend ------------------------------------------------------------------------------------------------- */

void sim_cut(struct sim *sim, uint32_t from, uint32_t to)
{
    sim->cut[from][to] = true;
}

void sim_heal(struct sim *sim)
{
    memset(sim->cut, 0, sizeof sim->cut);
    memset(sim->cut_until_ms, 0, sizeof sim->cut_until_ms);
    memset(sim->clogged_until_ms, 0, sizeof sim->clogged_until_ms);
}

void sim_partition(struct sim *sim, const char *groups)
{
    uint32_t group_of[ROTA_MEMBERS_MAX] = {0}, group = 1;
    for (const char *at = groups; *at; at++) {
        if (*at == '|')
            group++;
        else if (*at != ' ') {
            char *end;
            unsigned long index = strtoul(at, &end, 10);
            ROTA_ASSERT(end != at && index < sim->facility_count);
            group_of[index] = group;
            at = end - 1;
        }
    }
    for (uint32_t a = 0; a < sim->facility_count; a++)
        for (uint32_t b = 0; b < sim->facility_count; b++)
            sim->cut[a][b] = group_of[a] != group_of[b];
}

void sim_crash(struct sim *sim, const char *who)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t i = 0; i < sim->facility_count; i++)
        if (members >> i & 1)
            sim_replica_stop(sim, &sim->replicas[i]);
}

void sim_restart(struct sim *sim, const char *who)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t i = 0; i < sim->facility_count; i++)
        if ((members >> i & 1) && !sim->replicas[i].up)
            sim_replica_start(sim, &sim->replicas[i]);
}

void sim_crash_at_save(struct sim *sim, const char *who, uint32_t k, enum sim_crash_point point)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        if (!(members >> i & 1))
            continue;
        sim->replicas[i].crash_at = k;
        sim->replicas[i].restart_after_ms = 0;
        sim->replicas[i].crash_point = point;
    }
}

/* ---- go ------------------------------------------------------------------------------------------------------------- */

void sim_submit(struct sim *sim, const char *who, uint32_t count)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t k = 0; k < count && sim->request_count < SIM_REQUESTS_MAX; k++) {
        uint32_t request = sim->request_count++;
        sim->request_sent_ms[request] = sim->now_ms;
        for (uint32_t i = 0; i < sim->facility_count; i++)
            if (members >> i & 1)
                sim_send_request(sim, i, request);
    }
}

void sim_censor(struct sim *sim, const char *who, uint32_t count)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t i = 0; i < sim->facility_count; i++)
        for (uint32_t k = 1; (members >> i & 1) && k <= count && k <= sim->request_count; k++)
            sim->replicas[i].censors[sim->request_count - k] = true;
}

void sim_resubmit(struct sim *sim)
{
    for (uint32_t r = 0; r < sim->request_count; r++)
        for (uint32_t i = 0; i < sim->facility_count && !sim->committed_at[r]; i++)
            if (sim->replicas[i].up && !sim_document_is_stale(sim, r) && !sim_piece_of(sim, r))
                sim_send_request(sim, i, r);
}

void sim_forge(struct sim *sim, uint32_t liar, uint32_t to, struct rota_message *message)
{
    sim->liars |= UINT32_C(1) << liar;
    message->sender = sim->replicas[liar].member;
    message->epoch = sim->replicas[liar].epoch->membership.epoch;
    sim_sign(sim, liar, message);
    sim_check_left(sim, &sim->replicas[liar], message);
    sim_send(sim, liar, to, message, NULL);
}

/* When this replica does something of its own: comes back, or wakes as it wished. UINT64_MAX: never. */
static uint64_t replica_due_ms(const struct sim_replica *replica)
{
    if (!replica->up)
        return replica->restart_ms ? replica->restart_ms : UINT64_MAX;
    return replica->wake_ms > replica->paused_until_ms ? replica->wake_ms : replica->paused_until_ms;
}

static struct sim_replica *replica_next(struct sim *sim, uint64_t *out_ms)
{
    struct sim_replica *next = NULL;
    *out_ms = UINT64_MAX;
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        uint64_t due_ms = replica_due_ms(&sim->replicas[i]);
        if (due_ms < *out_ms) {
            *out_ms = due_ms;
            next = &sim->replicas[i];
        }
    }
    return next;
}

static void replica_do(struct sim *sim, struct sim_replica *replica)
{
    if (!replica->up)
        sim_replica_start(sim, replica);
    else
        sim_replica_wake(sim, replica);
}

static void delivery_arrive(struct sim *sim, struct sim_delivery *delivery)
{
    struct sim_replica *to = &sim->replicas[delivery->to];
    if (to->up && to->paused_until_ms > sim->now_ms) { /* waits at its door */
        delivery->at_ms = to->paused_until_ms;
        sim_queue_push(sim, delivery);
        return;
    }
    if (delivery->request == UINT32_MAX)
        sim->under_way[delivery->from][delivery->to]--;
    if (to->up && !sim_is_cut(sim, delivery->from, delivery->to))
        sim_replica_deliver(sim, to, delivery);
    free(delivery->bytes);
}

/* The next thing that happens, not later than until_ms; false when there is none. */
static bool sim_step(struct sim *sim, uint64_t until_ms)
{
    if (sim->forked)
        return false;
    uint64_t due_ms, queue_ms = sim_queue_next_ms(sim);
    struct sim_replica *replica = replica_next(sim, &due_ms);
    uint64_t at_ms = due_ms < queue_ms ? due_ms : queue_ms;
    if (at_ms > until_ms) {
        sim->now_ms = until_ms;
        return false;
    }
    if (at_ms > sim->now_ms)
        sim->now_ms = at_ms;
    sim_trace(sim, sim->now_ms);
    if (replica && due_ms <= queue_ms) {
        sim_trace(sim, replica->index);
        replica_do(sim, replica);
        return true;
    }
    struct sim_delivery delivery;
    ROTA_ASSERT(sim_queue_pop(sim, &delivery));
    sim_trace(sim, delivery.order * 31 + delivery.to);
    delivery_arrive(sim, &delivery);
    return true;
}

void sim_run_ms(struct sim *sim, uint64_t ms)
{
    uint64_t until_ms = sim->now_ms + ms;
    while (sim_step(sim, until_ms))
        ;
}

uint32_t sim_committed_requests(const struct sim *sim)
{
    uint32_t committed = 0;
    for (uint32_t r = 0; r < sim->request_count; r++)
        committed += sim->committed_at[r] != 0;
    return committed;
}

static bool sim_is_settled(const struct sim *sim)
{
    for (uint32_t r = 0; r < sim->request_count; r++)
        if (!sim->committed_at[r] && !sim_document_is_stale(sim, r) &&
            !sim_piece_of(sim, r)) /* evidence is asked for apart */
            return false;
    for (uint32_t i = 0; i < sim->facility_count; i++)
        if (sim->replicas[i].up && !sim_is_liar(sim, i) && sim->replicas[i].disk.height != sim->agreed_height)
            return false;
    return true;
}

bool sim_run_until_settled(struct sim *sim, uint64_t limit_ms)
{
    uint64_t until_ms = sim->now_ms + limit_ms;
    while (!sim_is_settled(sim))
        if (!sim_step(sim, until_ms))
            return sim_is_settled(sim);
    return true;
}

bool sim_run_until_height(struct sim *sim, const char *who, uint64_t height, uint64_t limit_ms)
{
    uint64_t until_ms = sim->now_ms + limit_ms;
    for (;;) {
        uint32_t members = sim_who(sim, who), there = 0;
        for (uint32_t i = 0; i < sim->facility_count; i++)
            there |= sim->replicas[i].disk.height >= height ? UINT32_C(1) << i : 0;
        if ((members & ~there) == 0)
            return true;
        if (!sim_step(sim, until_ms))
            return false;
    }
}

/* ---- expect --------------------------------------------------------------------------------------------------------- */

void sim_expect(struct sim *sim, bool fact, const char *sentence)
{
    if (!fact)
        sim_fail(sim, SIM_EXPECTATION, sentence);
}

void sim_expect_height(struct sim *sim, const char *who, uint64_t at_least)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t i = 0; i < sim->facility_count; i++)
        if ((members >> i & 1) && sim->replicas[i].disk.height < at_least)
            sim_fail(sim, SIM_EXPECTATION, "a replica is below the expected height");
}

void sim_expect_one_history(struct sim *sim, const char *who)
{
    uint32_t members = sim_who(sim, who) & ~sim->liars;
    for (uint32_t i = 0; i < sim->facility_count; i++)
        for (uint64_t h = 1; (members >> i & 1) && h <= sim->replicas[i].disk.height; h++)
            if (sim->replicas[i].disk.chain[h] != sim->agreed[h])
                sim_fail(sim, SIM_AGREEMENT, "a replica holds another history");
}
