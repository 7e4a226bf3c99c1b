/* rota-sim: its command line. */
#include "tests/sim/sim_run.h"

#include <argp.h>

static const struct argp_option options[] = {
    {"seed", 's', "S", 0, "run this seed alone, or start from it with --seeds", 0},
    {"seeds", 'n', "N", 0, "how many seeds (1)", 0},
    {"members", 'm', "M", 0, "members of the network (drawn from the seed)", 0},
    {"rounds", 'r', "R", 0, "things that go wrong in each run (40)", 0},
    {"jobs", 'j', "N", 0, "workers (1): processes that share the seeds", 0},
    {"minutes", 'M', "N", 0, "start no seed after this long", 0},
    {"twice", 't', NULL, 0, "run each seed twice and compare the traces", 0},
    {"verbose", 'v', NULL, 0, "one line for each seed", 0},
    {0},
};

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct sim_run *run = state->input;
    switch (key) {
    case 's':
        run->first_seed = strtoull(text, NULL, 10);
        return 0;
    case 'n':
        run->seeds = strtoull(text, NULL, 10);
        return 0;
    case 'm':
        run->members = (uint32_t)strtoul(text, NULL, 10);
        if (run->members < 1 || run->members > ROTA_MEMBERS_MAX)
            argp_error(state, "members: 1 to %d", ROTA_MEMBERS_MAX);
        return 0;
    case 'r':
        run->rounds = (uint32_t)strtoul(text, NULL, 10);
        return 0;
    case 'j':
        run->jobs = (uint32_t)strtoul(text, NULL, 10);
        if (run->jobs < 1 || run->jobs > SIM_JOBS_MAX)
            argp_error(state, "jobs: 1 to %d", SIM_JOBS_MAX);
        return 0;
    case 'M':
        run->minutes = (uint32_t)strtoul(text, NULL, 10);
        return 0;
    case 't':
        run->twice = true;
        return 0;
    case 'v':
        run->verbose = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    struct sim_run run = {.first_seed = 1, .seeds = 1, .rounds = 40, .jobs = 1};
    const struct argp argp = {
        options, option_parse, NULL, "Simulates networks of facilities in virtual time and checks every step.",
        NULL,    NULL,         NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &run);
    return sim_jobs_run(&run);
}
