/* rota-sim: its command line. */
#include "tests/sim/sim_run.h"
#include "tests/sim/sim_twins.h"

#include <argp.h>
#include <inttypes.h>

struct command {
    struct sim_run run;
    const char *scenario; /* plays this file instead of seeds */
    const char *output;
    uint32_t power;
    bool shrink, show, twins;
    struct twins_run twins_run;
};

enum { KEY_CANARY = 256, KEY_REQUIRE, KEY_SHRINK, KEY_SHOW, KEY_TRACES, KEY_TWINS, KEY_ROUNDS, KEY_SHARD, KEY_POWER };

static const struct argp_option options[] = {
    {"seed", 's', "S", 0, "run this seed alone, or start from it with --seeds", 0},
    {"seeds", 'n', "N", 0, "how many seeds (1)", 0},
    {"members", 'm', "M", 0, "members of the network (drawn from the seed)", 0},
    {"jobs", 'j', "N", 0, "workers (1): processes that share the seeds", 0},
    {"minutes", 'M', "N", 0, "start no seed after this long", 0},
    {"twice", 't', NULL, 0, "run each seed twice and compare the traces", 0},
    {"traces", KEY_TRACES, NULL, 0, "print each seed's trace, for comparing builds", 0},
    {"require-reached", KEY_REQUIRE, "common|all", 0, "fail when these states were never seen", 0},
    {"scenario", 'f', "FILE", 0, "play this file", 0},
    {"show", KEY_SHOW, NULL, 0, "write the seed's plan to --output, and play nothing", 0},
    {"shrink", KEY_SHRINK, NULL, 0, "make the failing seed or file as short as it gets, and write it to --output", 0},
    {"output", 'o', "FILE", 0, "where to write a plan (standard output)", 0},
    {"power", KEY_POWER, "N", 0, "cut the power at every sync while N blocks are committed", 0},
    {"canary", KEY_CANARY, NULL, 0, "every hundredth seed forgets to save: it must be caught", 0},
    {"twins", KEY_TWINS, NULL, 0, "no seeds: one of four members runs twice, and every split of every round is tried", 0},
    {"rounds", KEY_ROUNDS, "R", 0, "rounds of --twins (3)", 0},
    {"shard", KEY_SHARD, "I/N", 0, "this part of --twins, I from 0", 0},
    {"verbose", 'v', NULL, 0, "one line for each seed", 0},
    {0},
};

static error_t number_parse(struct sim_run *run, int key, const char *text, struct argp_state *state)
{
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    if (end == text || *end)
        argp_error(state, "a number is needed, not %s", text);
    if (key == 's')
        run->first_seed = number;
    else if (key == 'n')
        run->seeds = number;
    else if (key == 'm' && number >= 1 && number <= ROTA_MEMBERS_MAX)
        run->members = (uint32_t)number;
    else if (key == 'j' && number >= 1 && number <= SIM_JOBS_MAX)
        run->jobs = (uint32_t)number;
    else if (key == 'M' && number <= 10000)
        run->minutes = (uint32_t)number;
    else
        argp_error(state, "%s is out of range", text);
    return 0;
}

static error_t twins_parse(struct twins_run *run, int key, char *text, struct argp_state *state)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (key == KEY_ROUNDS && end != text && !*end && number >= 1 && number <= TWINS_ROUNDS_MAX) {
        run->rounds = (uint32_t)number;
        return 0;
    }
    unsigned long parts = *end == '/' ? strtoul(end + 1, NULL, 10) : 0;
    if (key != KEY_SHARD || number >= parts || parts > 1000000)
        argp_error(state, "%s is out of range", text);
    run->shard = (uint32_t)number;
    run->shards = (uint32_t)parts;
    return 0;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct command *command = state->input;
    struct sim_run *run = &command->run;
    switch (key) {
    case 's':
    case 'n':
    case 'm':
    case 'j':
    case 'M':
        return number_parse(run, key, text, state);
    case 't':
        run->twice = true;
        return 0;
    case 'v':
        run->verbose = true;
        return 0;
    case 'f':
        command->scenario = text;
        return 0;
    case 'o':
        command->output = text;
        return 0;
    case KEY_TRACES:
        run->traces = true;
        return 0;
    case KEY_REQUIRE:
        run->require = strcmp(text, "all") == 0 ? SIM_REQUIRE_ALL : SIM_REQUIRE_COMMON;
        return 0;
    case KEY_SHRINK:
        command->shrink = true;
        return 0;
    case KEY_SHOW:
        command->show = true;
        return 0;
    case KEY_TWINS:
        command->twins = true;
        return 0;
    case KEY_ROUNDS:
    case KEY_SHARD:
        return twins_parse(&command->twins_run, key, text, state);
    case KEY_POWER:
        command->power = (uint32_t)strtoul(text, NULL, 10);
        return 0;
    case KEY_CANARY:
        run->canary = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool plan_load(struct sim_plan *plan, const struct command *command)
{
    if (!command->scenario) {
        sim_seed_plan(plan, command->run.first_seed, &command->run);
        return true;
    }
    FILE *file = fopen(command->scenario, "re");
    if (!file) {
        perror(command->scenario);
        return false;
    }
    bool good = sim_plan_read(plan, file);
    fclose(file);
    return good;
}

static int plan_save(const struct sim_plan *plan, const struct command *command)
{
    FILE *file = command->output ? fopen(command->output, "we") : stdout;
    if (!file) {
        perror(command->output);
        return 2;
    }
    sim_plan_write(file, plan);
    return file != stdout && fclose(file) != 0 ? 2 : 0;
}

/* 1 when the plan fails, as without --shrink; the file is written then. */
static int plan_shrink(struct sim_plan *plan, const struct command *command)
{
    if (!sim_shrink(plan)) {
        fprintf(stderr, "nothing fails\n");
        return 0;
    }
    int written = plan_save(plan, command);
    return written ? written : 1;
}

static int plan_play(const struct sim_plan *plan)
{
    struct sim *sim = sim_play(plan);
    printf("%u members, %u faults, height %llu, %llu ms, trace %016llx, no violation\n", sim->membership.count, plan->count,
           (unsigned long long)sim->agreed_height, (unsigned long long)sim->now_ms, (unsigned long long)sim->trace);
    sim_free(sim);
    return 0;
}

/* With a scenario the seed is in the file; --canary and --members are part of what a seed means. */
static void again_note(const struct command *command)
{
    char text[512] = "";
    size_t len = 0;
    if (command->run.members)
        len += (size_t)snprintf(text, sizeof text, " --members %" PRIu32, command->run.members);
    if (command->run.canary)
        len += (size_t)snprintf(text + len, sizeof text - len, " --canary");
    if (command->power)
        len += (size_t)snprintf(text + len, sizeof text - len, " --power %" PRIu32, command->power);
    if (command->scenario)
        (void)snprintf(text + len, sizeof text - len, " --scenario %s", command->scenario);
    sim_again(text);
}

int main(int argc, char **argv)
{
    struct command command = {.run = {.first_seed = 1, .seeds = 1, .jobs = 1}, .twins_run = {3, 0, 1}};
    const struct argp argp = {
        options, option_parse, NULL, "Simulates networks of facilities in virtual time and checks every step.",
        NULL,    NULL,         NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &command);
    again_note(&command);
    if (command.twins)
        return twins_enumerate(&command.twins_run);
    if (command.power > 0)
        return sim_power_run(command.run.first_seed, command.power);
    if (!command.scenario && !command.shrink && !command.show)
        return sim_jobs_run(&command.run);
    struct sim_plan *plan = malloc(sizeof *plan);
    ROTA_ASSERT(plan);
    int code = !plan_load(plan, &command) ? 2
               : command.shrink           ? plan_shrink(plan, &command)
               : command.show             ? plan_save(plan, &command)
                                          : plan_play(plan);
    free(plan);
    return code;
}
