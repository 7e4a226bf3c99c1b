/* rota-sim: random runs. Each seed breaks a network at random, then heals it and demands progress (PROTOCOL §8). */
#include "tests/sim/sim.h"

#include <argp.h>

struct plan {
    uint64_t first_seed, seeds;
    uint32_t members; /* 0: drawn from the seed */
    uint32_t rounds;
    bool verbose, twice;
};

static const uint32_t sizes[] = {1, 3, 4, 4, 4, 5, 6, 7, 10};

static struct sim *seed_cluster(uint64_t seed, const struct plan *plan)
{
    /* The shape of the run is drawn from the seed apart from the run's own stream, so that it does not move it. */
    uint64_t shape = seed * UINT64_C(0x9e3779b97f4a7c15);
    shape ^= shape >> 29;
    struct sim_options options = {.seed = seed, .verbose = plan->verbose};
    options.members = plan->members ? plan->members : sizes[shape % (sizeof sizes / sizeof sizes[0])];
    shape /= 64;
    options.delay_min_ms = 1;
    options.delay_max_ms = shape % 3 == 0 ? 2 : shape % 3 == 1 ? 20 : 120;
    shape /= 8;
    options.loss_percent = shape % 2 == 0 ? 0 : (uint32_t)(shape / 2 % 25);
    shape /= 64;
    options.duplicate_percent = shape % 2 == 0 ? 0 : (uint32_t)(shape / 2 % 20);
    return sim_new(&options);
}

static uint32_t any_member(struct sim *sim)
{
    return (uint32_t)sim_random(sim, sim->membership.count);
}

static void break_partition(struct sim *sim)
{
    uint32_t n = sim->membership.count;
    uint32_t side = (uint32_t)sim_random(sim, UINT64_C(1) << n);
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = 0; b < n; b++)
            if ((side >> a & 1) != (side >> b & 1))
                sim_cut(sim, a, b);
}

static void break_crash(struct sim *sim, uint32_t member)
{
    char who[12];
    snprintf(who, sizeof who, "%u", member);
    switch (sim_random(sim, 3)) {
    case 0:
        sim_crash(sim, who);
        break;
    case 1:
        sim_crash_at_save(sim, who, 1 + (uint32_t)sim_random(sim, 12), (enum sim_crash_point)sim_random(sim, 3));
        break;
    default:
        sim_crash(sim, who);
        sim_restart(sim, who);
        break;
    }
}

/* One thing goes wrong, or right again. */
static void break_something(struct sim *sim)
{
    uint32_t member = any_member(sim);
    switch (sim_random(sim, 8)) {
    case 0:
        break_partition(sim);
        break;
    case 1:
        sim_cut(sim, member, any_member(sim));
        break;
    case 2:
    case 3:
        break_crash(sim, member);
        break;
    case 4:
        sim_heal(sim);
        break;
    case 5:
        sim_restart(sim, "all");
        break;
    case 6:
        sim->replicas[member].clock_offset_ms = (int64_t)sim_random(sim, 1200) - 600;
        break;
    default:
        if (sim_random(sim, 6) == 0) {
            sim_crash(sim, "all");
            sim_restart(sim, "all");
        }
        break;
    }
}

static void mend_everything(struct sim *sim)
{
    sim_heal(sim);
    sim->options.loss_percent = sim->options.duplicate_percent = 0;
    if (sim->options.delay_max_ms > 20)
        sim->options.delay_max_ms = 20;
    for (uint32_t i = 0; i < sim->membership.count; i++) {
        sim->replicas[i].crash_at = 0;
        sim->replicas[i].clock_offset_ms = 0;
    }
    sim_restart(sim, "all");
}

static struct sim *seed_run(uint64_t seed, const struct plan *plan)
{
    struct sim *sim = seed_cluster(seed, plan);
    for (uint32_t round = 0; round < plan->rounds; round++) {
        if (sim_random(sim, 3) != 0)
            sim_submit(sim, sim_random(sim, 2) ? "all" : "up", 1 + (uint32_t)sim_random(sim, 12));
        sim_run_ms(sim, sim_random(sim, 700));
        break_something(sim);
    }
    mend_everything(sim);
    sim_run_ms(sim, 2000);
    sim_resubmit(sim);
    sim_submit(sim, "all", 5);
    sim_expect(sim, sim_run_until_settled(sim, 120000), "no progress after everything was mended");
    sim_expect_one_history(sim, "all");
    return sim;
}

static void seed_twice(uint64_t seed, const struct plan *plan, uint64_t trace)
{
    struct sim *again = seed_run(seed, plan);
    sim_expect(again, again->trace == trace, "the same seed took another course: something is not deterministic");
    sim_free(again);
}

static void plan_run(const struct plan *plan)
{
    struct sim_stats total = {0};
    uint64_t mended_ms = 0;
    for (uint64_t seed = plan->first_seed; seed < plan->first_seed + plan->seeds; seed++) {
        struct sim *sim = seed_run(seed, plan);
        total.steps += sim->stats.steps;
        total.messages += sim->stats.messages;
        total.lost += sim->stats.lost;
        total.commits += sim->stats.commits;
        total.crashes += sim->stats.crashes;
        total.fetches += sim->stats.fetches;
        for (uint32_t i = 0; i < sim->membership.count; i++)
            total.view_changes += sim_view(sim, i).view_changes;
        mended_ms += sim->now_ms;
        uint64_t trace = sim->trace;
        if (plan->verbose)
            printf("seed %llu: %u members, height %llu, %llu ms, trace %016llx\n", (unsigned long long)seed,
                   sim->membership.count, (unsigned long long)sim->agreed_height, (unsigned long long)sim->now_ms,
                   (unsigned long long)trace);
        sim_free(sim);
        if (plan->twice)
            seed_twice(seed, plan, trace);
    }
    printf("%llu seeds from %llu: %llu blocks agreed, %llu messages (%llu lost), %llu crashes, %llu views entered, %llu "
           "fetches, "
           "%llu virtual seconds, no violation\n",
           (unsigned long long)plan->seeds, (unsigned long long)plan->first_seed, (unsigned long long)total.commits,
           (unsigned long long)total.messages, (unsigned long long)total.lost, (unsigned long long)total.crashes,
           (unsigned long long)total.view_changes, (unsigned long long)total.fetches,
           (unsigned long long)(mended_ms / 1000));
}

static const struct argp_option options[] = {
    {"seed", 's', "S", 0, "run this seed alone, or start from it with --seeds", 0},
    {"seeds", 'n', "N", 0, "how many seeds (1)", 0},
    {"members", 'm', "M", 0, "members of the network (drawn from the seed)", 0},
    {"rounds", 'r', "R", 0, "things that go wrong in each run (40)", 0},
    {"twice", 't', NULL, 0, "run each seed twice and compare the traces", 0},
    {"verbose", 'v', NULL, 0, "one line for each seed", 0},
    {0},
};

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct plan *plan = state->input;
    switch (key) {
    case 's':
        plan->first_seed = strtoull(text, NULL, 10);
        return 0;
    case 'n':
        plan->seeds = strtoull(text, NULL, 10);
        return 0;
    case 'm':
        plan->members = (uint32_t)strtoul(text, NULL, 10);
        if (plan->members < 1 || plan->members > ROTA_MEMBERS_MAX)
            argp_error(state, "members: 1 to %d", ROTA_MEMBERS_MAX);
        return 0;
    case 'r':
        plan->rounds = (uint32_t)strtoul(text, NULL, 10);
        return 0;
    case 't':
        plan->twice = true;
        return 0;
    case 'v':
        plan->verbose = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    struct plan plan = {.first_seed = 1, .seeds = 1, .rounds = 40};
    const struct argp argp = {
        options, option_parse, NULL, "Simulates networks of facilities in virtual time and checks every step.",
        NULL,    NULL,         NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &plan);
    plan_run(&plan);
    return 0;
}
