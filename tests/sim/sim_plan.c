/* A plan as text: one line for the network, one for its weather, one for each thing that goes wrong. */
#include "tests/sim/sim_plan.h"

#include <inttypes.h>

static const char *const fault_names[] = {
#define SIM_FAULT_NAME(name, text) [SIM_FAULT_##name] = text,
    SIM_FAULT_LIST(SIM_FAULT_NAME)
#undef SIM_FAULT_NAME
};

/* ---- writing -------------------------------------------------------------------------------------------------------- */

static void write_members(FILE *file, const char *name, uint32_t members)
{
    if (members == 0)
        return;
    char separator = '=';
    fprintf(file, " %s", name);
    for (uint32_t i = 0; i < 32; i++)
        if (members >> i & 1) {
            fprintf(file, "%c%" PRIu32, separator, i);
            separator = ',';
        }
}

static void write_number(FILE *file, const char *name, int64_t value)
{
    if (value != 0)
        fprintf(file, " %s=%" PRId64, name, value);
}

static void write_event(FILE *file, const struct sim_fault_event *event)
{
    fprintf(file, "%" PRIu64 " %s", event->at_ms, fault_names[event->fault]);
    write_members(file, "who", event->who);
    write_members(file, "whom", event->whom);
    write_number(file, "value", event->value);
    write_number(file, "point", event->point);
    write_number(file, "for", event->for_ms);
    fputc('\n', file);
}

void sim_plan_write(FILE *file, const struct sim_plan *plan)
{
    const struct sim_options *options = &plan->options;
    fprintf(file, "network");
    write_number(file, "members", options->members);
    write_number(file, "joiners", options->joiners);
    write_number(file, "crash-profile", options->profile == ROTA_PROFILE_CRASH);
    write_number(file, "draws", (int64_t)options->seed);
    write_number(file, "chaos", plan->chaos_ms);
    write_members(file, "core", plan->core);
    write_number(file, "real", plan->real);
    write_number(file, "tick", options->tick_ms);
    write_number(file, "rotate-ms", options->rotate_ms);
    write_number(file, "rotate-blocks", options->rotate_blocks);
    write_number(file, "forgets-saves", plan->forgets_saves);
    write_members(file, "liars", options->liars);
    write_number(file, "lies", (int64_t)options->lies);
    fprintf(file, "\nweather");
    write_number(file, "min", options->delay_min_ms);
    write_number(file, "max", options->delay_max_ms);
    write_number(file, "slow", options->slow_ms);
    write_number(file, "loss", options->loss_percent);
    write_number(file, "duplicate", options->duplicate_percent);
    write_number(file, "reorder", options->reorder_percent);
    write_number(file, "tail", options->tail_percent);
    write_number(file, "corrupt", options->corrupt_percent);
    write_number(file, "capacity", options->link_capacity);
    fputc('\n', file);
    for (uint32_t i = 0; i < plan->count; i++)
        write_event(file, &plan->events[i]);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* One "name=value" of a line. */
struct pair {
    char *name;
    int64_t number;
    uint32_t members;
};

static bool read_pair(struct pair *out, char *text)
{
    char *value = strchr(text, '=');
    if (!value)
        return false;
    *value++ = '\0';
    *out = (struct pair){.name = text, .number = strtoll(value, NULL, 10)};
    for (char *at = value, *end; *at; at = *end == ',' ? end + 1 : end) {
        long long member = strtoll(at, &end, 10);
        if (end == at)
            return false;
        if (member >= 0 && member < ROTA_MEMBERS_MAX)
            out->members |= UINT32_C(1) << member;
    }
    return true;
}

static bool set_network(struct sim_plan *plan, const struct pair *pair)
{
    if (strcmp(pair->name, "members") == 0)
        plan->options.members = (uint32_t)pair->number;
    else if (strcmp(pair->name, "joiners") == 0)
        plan->options.joiners = (uint32_t)pair->number;
    else if (strcmp(pair->name, "crash-profile") == 0)
        plan->options.profile = ROTA_PROFILE_CRASH;
    else if (strcmp(pair->name, "draws") == 0)
        plan->options.seed = (uint64_t)pair->number;
    else if (strcmp(pair->name, "chaos") == 0)
        plan->chaos_ms = (uint32_t)pair->number;
    else if (strcmp(pair->name, "core") == 0)
        plan->core = pair->members;
    else if (strcmp(pair->name, "liars") == 0)
        plan->options.liars = pair->members;
    else if (strcmp(pair->name, "lies") == 0)
        plan->options.lies = (uint64_t)pair->number;
    else if (strcmp(pair->name, "tick") == 0)
        plan->options.tick_ms = (uint32_t)pair->number;
    else if (strcmp(pair->name, "rotate-ms") == 0)
        plan->options.rotate_ms = (uint32_t)pair->number;
    else if (strcmp(pair->name, "rotate-blocks") == 0)
        plan->options.rotate_blocks = (uint32_t)pair->number;
    else if (strcmp(pair->name, "real") == 0)
        plan->real = true;
    else if (strcmp(pair->name, "forgets-saves") == 0)
        plan->forgets_saves = true;
    else
        return false;
    return true;
}

static bool set_weather(struct sim_plan *plan, const struct pair *pair)
{
    struct sim_options *options = &plan->options;
    const struct {
        const char *name;
        uint32_t *value;
    } fields[] = {
        {"slow", &options->slow_ms},
        {"min", &options->delay_min_ms},
        {"max", &options->delay_max_ms},
        {"loss", &options->loss_percent},
        {"duplicate", &options->duplicate_percent},
        {"reorder", &options->reorder_percent},
        {"tail", &options->tail_percent},
        {"corrupt", &options->corrupt_percent},
        {"capacity", &options->link_capacity},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(pair->name, fields[i].name) == 0) {
            *fields[i].value = (uint32_t)pair->number;
            return true;
        }
    return false;
}

static bool set_event(struct sim_plan *plan, const struct pair *pair)
{
    struct sim_fault_event *event = &plan->events[plan->count - 1];
    if (strcmp(pair->name, "who") == 0)
        event->who = pair->members;
    else if (strcmp(pair->name, "whom") == 0)
        event->whom = pair->members;
    else if (strcmp(pair->name, "value") == 0)
        event->value = pair->number;
    else if (strcmp(pair->name, "point") == 0)
        event->point = (uint32_t)pair->number;
    else if (strcmp(pair->name, "for") == 0)
        event->for_ms = (uint32_t)pair->number;
    else
        return false;
    return true;
}

/* The line's first words: what its pairs are about. */
static bool (*read_head(struct sim_plan *plan, char **rest))(struct sim_plan *plan, const struct pair *pair)
{
    char *word = strtok_r(NULL, " \n", rest);
    for (uint32_t fault = 0; word && fault < SIM_FAULTS && plan->count < SIM_PLAN_EVENTS_MAX; fault++)
        if (strcmp(word, fault_names[fault]) == 0) {
            plan->events[plan->count++] = (struct sim_fault_event){.fault = (enum sim_fault)fault};
            return set_event;
        }
    return NULL;
}

static bool read_line(struct sim_plan *plan, char *line)
{
    char *rest, *word = strtok_r(line, " \n", &rest);
    if (!word || *word == '#')
        return true;
    bool (*set)(struct sim_plan * plan, const struct pair *pair) = NULL;
    if (strcmp(word, "network") == 0) {
        set = set_network;
    } else if (strcmp(word, "weather") == 0) {
        set = set_weather;
    } else {
        set = read_head(plan, &rest);
        if (!set)
            return false;
        plan->events[plan->count - 1].at_ms = strtoull(word, NULL, 10);
    }
    struct pair pair;
    while ((word = strtok_r(NULL, " \n", &rest)))
        if (!read_pair(&pair, word) || !set(plan, &pair))
            return false;
    return true;
}

bool sim_plan_read(struct sim_plan *plan, FILE *file)
{
    char line[1024];
    memset(plan, 0, sizeof *plan);
    for (uint32_t number = 1; fgets(line, sizeof line, file); number++)
        if (!read_line(plan, line)) {
            fprintf(stderr, "line %" PRIu32 " is not understood\n", number);
            return false;
        }
    if (plan->options.members < 1 || plan->options.joiners > ROTA_MEMBERS_MAX ||
        plan->options.members + plan->options.joiners > ROTA_MEMBERS_MAX || plan->core == 0) {
        fprintf(stderr, "members or core are missing\n");
        return false;
    }
    return true;
}
