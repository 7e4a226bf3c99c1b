/* rota genesis new: puts the members' and coordinators' public keys together into a draft that everybody can read. */
#include "ledger/proposal.h"
#include "node/tools/commands.h"
#include "node/tools/csv_rows.h"
#include "node/tools/files.h"
#include "node/tools/genesis_words.h"
#include "node/tools/output.h"

#include <stdlib.h>
#include <time.h>

enum {
    DRAFT_OPTION_NAME = 'n',
    DRAFT_OPTION_MEMBER = 'm',
    DRAFT_OPTION_COORDINATOR = 'c',
    DRAFT_OPTION_OUT = 'o',
    DRAFT_OPTION_PEOPLE = 0x2000,
    DRAFT_OPTION_CODES,
    DRAFT_OPTION_PROFILE,
    DRAFT_OPTION_CREATED,
    DRAFT_OPTION_LIMIT,
    DRAFT_OPTION_TIMER,
    DRAFT_OPTION_ADMIN,
    DRAFT_COORDINATORS_MAX = 512,
    DRAFT_TEXT_MAX = 1024,
};

/* A named number that may be overridden. */
struct draft_number {
    const char *name;
    uint64_t value;
};

struct draft_options {
    struct rota_common common;
    struct rota_token name;
    uint32_t member_count, admin_count, coordinator_count;
    const char *members[ROTA_MEMBERS_MAX];
    const char *admins[ROTA_MEMBERS_MAX];
    const char *coordinators[DRAFT_COORDINATORS_MAX];
    const char *people, *codes, *created, *out;
    bool crash;
    struct draft_number limits[4], timers[12];
};

static const struct draft_number draft_limits[4] = {{"block_entries", 256}, {"block_bytes", 262144}, {"window", 16}};
static const struct draft_number draft_timers[12] = {
    {"heartbeat_ms", 100},    {"suspect_ms", 500},     {"progress_ms", 1000}, {"request_ms", 1300},
    {"view_change_ms", 1000}, {"status_ms", 500},      {"clock_ms", 500},     {"latency_ms", 400},
    {"rotate_ms", 600000},    {"rotate_blocks", 4096}, {"tick_ms", 3600000}};

/* "window=32" */
static void draft_override(struct draft_number *numbers, const char *text, const struct argp_state *state,
                           const char *option)
{
    size_t len = strcspn(text, "=");
    for (; numbers->name != NULL; numbers++)
        if (strlen(numbers->name) == len && strncmp(numbers->name, text, len) == 0 && text[len] == '=') {
            numbers->value = rota_usage_number(state, numbers->name, text + len + 1, 0, UINT32_MAX);
            return;
        }
    rota_usage_fail(state, "%s takes NAME=NUMBER with a known name, not \"%s\"", option, text);
}

static void draft_take_profile(struct draft_options *options, const char *text, const struct argp_state *state)
{
    options->crash = strcmp(text, "crash") == 0;
    if (!options->crash && strcmp(text, "byzantine") != 0)
        rota_usage_fail(state, "--profile is byzantine or crash, not \"%s\"", text);
}

static void draft_start(struct draft_options *options)
{
    memcpy(options->limits, draft_limits, sizeof draft_limits);
    memcpy(options->timers, draft_timers, sizeof draft_timers);
}

static void draft_check(const struct draft_options *options, const struct argp_state *state)
{
    if (options->name.text[0] == '\0' || options->member_count == 0 || options->coordinator_count == 0 ||
        options->out == NULL)
        rota_usage_fail(state, "needs --name, at least one --member and one --coordinator, and --out");
}

static error_t draft_parse(int key, char *arg, struct argp_state *state)
{
    struct draft_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        draft_start(options);
        return 0;
    case DRAFT_OPTION_NAME:
        if (!rota_is_ok(rota_token_parse(&options->name, rota_view_text(arg))))
            rota_usage_fail(state, "--name must be 1 to 32 of A-Z a-z 0-9 . _ -, not \"%s\"", arg);
        return 0;
    case DRAFT_OPTION_MEMBER:
        if (options->member_count == ROTA_MEMBERS_MAX)
            rota_usage_fail(state, "a ledger has at most %d members", ROTA_MEMBERS_MAX);
        options->members[options->member_count++] = arg;
        return 0;
    case DRAFT_OPTION_ADMIN:
        if (options->admin_count == ROTA_MEMBERS_MAX)
            rota_usage_fail(state, "more admin keys than a ledger has members");
        options->admins[options->admin_count++] = arg;
        return 0;
    case DRAFT_OPTION_COORDINATOR:
        if (options->coordinator_count == DRAFT_COORDINATORS_MAX)
            rota_usage_fail(state, "at most %d coordinators here; grant the others later", DRAFT_COORDINATORS_MAX);
        options->coordinators[options->coordinator_count++] = arg;
        return 0;
    case DRAFT_OPTION_PROFILE:
        draft_take_profile(options, arg, state);
        return 0;
    case DRAFT_OPTION_LIMIT:
        draft_override(options->limits, arg, state, "--limit");
        return 0;
    case DRAFT_OPTION_TIMER:
        draft_override(options->timers, arg, state, "--timer");
        return 0;
    case DRAFT_OPTION_PEOPLE:
        options->people = arg;
        return 0;
    case DRAFT_OPTION_CODES:
        options->codes = arg;
        return 0;
    case DRAFT_OPTION_CREATED:
        options->created = arg;
        return 0;
    case DRAFT_OPTION_OUT:
        options->out = arg;
        return 0;
    case ARGP_KEY_END:
        draft_check(options, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option draft_argp_options[] = {
    {"name", DRAFT_OPTION_NAME, "NAME", 0, "What the ledger is called", 0},
    {"member", DRAFT_OPTION_MEMBER, "ID=PUBFILE@tcp://HOST:PORT", 0,
     "A facility: its id, its .pub file, where its peers reach it. Repeat; the order numbers the replicas", 0},
    {"admin", DRAFT_OPTION_ADMIN, "ID=PUBFILE", 0,
     "Another key than the facility's own approves for it of changes of members: the .pub file of an admin key. Repeat", 0},
    {"coordinator", DRAFT_OPTION_COORDINATOR, "PUBFILE@FACILITY:ROLES", 0,
     "A coordinator: .pub file, facility, and scheduler, director or scheduler+director. Repeat", 0},
    {"people", DRAFT_OPTION_PEOPLE, "CSV", 0, "People known from the start: columns id,home", 0},
    {"codes", DRAFT_OPTION_CODES, "CSV", 0, "Schedule codes known from the start: columns id,pool (pool may be empty)", 0},
    {"profile", DRAFT_OPTION_PROFILE, "PROFILE", 0, "byzantine (default) or crash", 0},
    {"created", DRAFT_OPTION_CREATED, "MINUTE", 0, "Instead of now, such as 2026-12-25T12:30Z", 0},
    {"limit", DRAFT_OPTION_LIMIT, "NAME=N", 0, "Override block_entries, block_bytes or window", 0},
    {"timer", DRAFT_OPTION_TIMER, "NAME=MS", 0,
     "Override heartbeat_ms, suspect_ms, progress_ms, request_ms, view_change_ms, status_ms, clock_ms, latency_ms, "
     "rotate_ms or rotate_blocks",
     0},
    {"out", DRAFT_OPTION_OUT, "DRAFT", 0, "Where to write the draft", 0},
    {0}};

static const struct argp draft_argp = {
    .options = draft_argp_options,
    .parser = draft_parse,
    .doc =
        "Write the draft of a genesis: who the members are, who may sign, and the rules that never change. Everybody reads "
        "it with rota genesis show; one of them seals it with rota genesis seal, and all compare the twelve words."};

static json_t *draft_numbers(const struct draft_number *numbers)
{
    json_t *object = json_object();
    for (; numbers->name != NULL; numbers++)
        rota_result_number(object, numbers->name, numbers->value);
    return object;
}

/* A .pub file of a role; complains otherwise. */
static int draft_load_key(struct rota_public_key *out, const struct draft_options *options, const char *path,
                          enum rota_key_role role)
{
    struct rota_status status = rota_public_key_load(out, path);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, "ask its owner for the .pub file", "cannot use %s", path);
    if (out->role != role)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "%s is a %s key", path, rota_key_role_name(out->role));
    return 0;
}

/* Cuts "alpha=alpha.pub@tcp://host:7101" in its three parts, in place. */
static bool draft_cut_member(char *text, char **out_file, char **out_address)
{
    char *equals = strchr(text, '=');
    char *at = equals != NULL ? strstr(equals, "@tcp://") : NULL;
    if (at == NULL)
        return false;
    *equals = '\0';
    *at = '\0';
    *out_file = equals + 1;
    *out_address = at + 1;
    return true;
}

static int draft_add_member(const struct draft_options *options, json_t *list, const char *text)
{
    char copy[DRAFT_TEXT_MAX];
    char *file, *address;
    struct rota_public_key key;
    int len = snprintf(copy, sizeof copy, "%s", text);
    if (len < 0 || (size_t)len >= sizeof copy || !draft_cut_member(copy, &file, &address))
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL,
                          "--member must look like alpha=alpha.pub@tcp://host:7101, not \"%s\"", text);
    int code = draft_load_key(&key, options, file, ROTA_KEY_FACILITY);
    if (code != 0)
        return code;
    if (strcmp(key.label.text, copy) != 0)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, "a member's id is the label of its key",
                          "%s is the key of \"%s\", not of \"%s\"", file, key.label.text, copy);
    json_t *member = json_object();
    rota_result_text(member, "id", copy);
    rota_result_hex(member, "key", rota_view(key.facility.b, sizeof key.facility.b));
    rota_result_hex(member, "possession", rota_view(key.possession.b, sizeof key.possession.b));
    rota_result_text(member, "address", address);
    return json_array_append_new(list, member) == 0 ? 0 : ROTA_EXIT_BUG;
}

static json_t *draft_member_named(const json_t *members, const char *id)
{
    size_t index;
    json_t *member;
    json_array_foreach(members, index,
                       member) if (strcmp(json_string_value(json_object_get(member, "id")), id) == 0) return member;
    return NULL;
}

/* "alpha=alpha-admin.pub": who approves for a member that is in the list. */
static int draft_add_admin(const struct draft_options *options, const json_t *members, const char *text)
{
    char copy[DRAFT_TEXT_MAX];
    struct rota_public_key key;
    int len = snprintf(copy, sizeof copy, "%s", text);
    char *equals = len > 0 && (size_t)len < sizeof copy ? strchr(copy, '=') : NULL;
    if (!equals)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "--admin must look like alpha=admin.pub, not \"%s\"",
                          text);
    *equals = '\0';
    json_t *member = draft_member_named(members, copy);
    if (!member || json_object_get(member, "admin"))
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL,
                          member ? "two admin keys for \"%s\"" : "--admin for \"%s\", which is no --member", copy);
    int code = draft_load_key(&key, options, equals + 1, ROTA_KEY_ADMIN);
    if (code != 0)
        return code;
    if (strcmp(key.label.text, copy) != 0)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, "the label of an admin key is the id of its facility",
                          "%s is the admin key of \"%s\", not of \"%s\"", equals + 1, key.label.text, copy);
    rota_result_hex(member, "admin", rota_view(key.facility.b, sizeof key.facility.b));
    rota_result_hex(member, "admin_possession", rota_view(key.possession.b, sizeof key.possession.b));
    return 0;
}

/* Cuts "rivera.pub@alpha:scheduler" in its three parts, in place. */
static bool draft_cut_coordinator(char *text, char **out_facility, char **out_roles)
{
    char *at = strrchr(text, '@');
    char *colon = at != NULL ? strchr(at, ':') : NULL;
    if (colon == NULL)
        return false;
    *at = '\0';
    *colon = '\0';
    *out_facility = at + 1;
    *out_roles = colon + 1;
    return true;
}

static int draft_add_coordinator(const struct draft_options *options, json_t *list, const char *text)
{
    char copy[DRAFT_TEXT_MAX];
    char *facility, *role_text;
    struct rota_public_key key;
    int len = snprintf(copy, sizeof copy, "%s", text);
    if (len < 0 || (size_t)len >= sizeof copy || !draft_cut_coordinator(copy, &facility, &role_text))
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL,
                          "--coordinator must look like rivera.pub@alpha:scheduler+director, not \"%s\"", text);
    int code = draft_load_key(&key, options, copy, ROTA_KEY_COORDINATOR);
    if (code != 0)
        return code;
    json_t *roles = rota_roles_from_words(role_text);
    if (roles == NULL)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, "roles are scheduler and director, joined by +",
                          "unknown role in \"%s\"", text);
    json_t *coordinator = json_object();
    rota_result_text(coordinator, "label", key.label.text);
    rota_result_hex(coordinator, "key", rota_view(key.coordinator.compressed, sizeof key.coordinator.compressed));
    rota_result_hex(coordinator, "possession", rota_view(key.possession.b, sizeof key.possession.b));
    rota_result_text(coordinator, "facility", facility);
    rota_result_set(coordinator, "roles", roles);
    return json_array_append_new(list, coordinator) == 0 ? 0 : ROTA_EXIT_BUG;
}

/* Rows of a CSV with the columns id and `second`, as objects. */
static int draft_add_rows(const struct draft_options *options, json_t *list, const char *path, const char *second)
{
    ROTA_CLEANUP(rota_csv_free) struct rota_csv csv = {0};
    struct rota_status status = rota_csv_read(&csv, path, ',');
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s, line %llu", path, (unsigned long long)csv.bad_line);
    int id = rota_csv_column(&csv, "id");
    int other = rota_csv_column(&csv, second);
    if (id < 0)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "%s: the first line must be id,%s", path, second);
    for (size_t i = 0; i < csv.row_count; i++) {
        json_t *row = json_object();
        const char *value = rota_csv_field(&csv.rows[i], other);
        rota_result_text(row, "id", rota_csv_field(&csv.rows[i], id));
        if (value[0] != '\0')
            rota_result_text(row, second, value);
        if (json_array_append_new(list, row) != 0)
            return ROTA_EXIT_BUG;
    }
    return 0;
}

static int draft_fill(const struct draft_options *options, json_t *draft)
{
    int code = 0;
    json_t *members = json_array();
    rota_result_set(draft, "members", members);
    for (uint32_t i = 0; code == 0 && i < options->member_count; i++)
        code = draft_add_member(options, members, options->members[i]);
    for (uint32_t i = 0; code == 0 && i < options->admin_count; i++)
        code = draft_add_admin(options, members, options->admins[i]);
    json_t *coordinators = json_array();
    rota_result_set(draft, "coordinators", coordinators);
    for (uint32_t i = 0; code == 0 && i < options->coordinator_count; i++)
        code = draft_add_coordinator(options, coordinators, options->coordinators[i]);
    json_t *people = json_array();
    rota_result_set(draft, "people", people);
    if (code == 0 && options->people != NULL)
        code = draft_add_rows(options, people, options->people, "home");
    json_t *codes = json_array();
    rota_result_set(draft, "codes", codes);
    if (code == 0 && options->codes != NULL)
        code = draft_add_rows(options, codes, options->codes, "pool");
    rota_result_set(draft, "limits", draft_numbers(options->limits));
    rota_result_set(draft, "timers", draft_numbers(options->timers));
    return code;
}

static json_t *draft_begin(const struct draft_options *options)
{
    char now[ROTA_TIME_CHARS_MAX];
    json_t *draft = json_object();
    rota_time_format_minute(now, time(NULL) / 60);
    rota_result_text(draft, "format", "rotaledger/v1");
    rota_result_text(draft, "name", options->name.text);
    rota_result_text(draft, "created", options->created != NULL ? options->created : now);
    rota_result_text(draft, "profile", options->crash ? "crash" : "byzantine");
    return draft;
}

/* A draft that could not be sealed is not written. */
static int draft_write(const struct draft_options *options, const json_t *draft)
{
    struct rota_genesis genesis;
    char *text = json_dumps(draft, JSON_INDENT(1));
    if (text == NULL)
        return ROTA_EXIT_BUG;
    struct rota_status status = rota_genesis_parse(&genesis, rota_view_text(text));
    if (!rota_is_ok(status)) {
        free(text);
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "this would be no valid genesis: %s", status.why);
    }
    rota_genesis_free(&genesis);
    status = rota_file_create(options->out, rota_view_text(text), 0644);
    free(text);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
    return 0;
}

static int draft_run(void *input)
{
    const struct draft_options *options = input;
    ROTA_CLEANUP(rota_json_release) json_t *draft = draft_begin(options);
    int code = draft_fill(options, draft);
    if (code == 0)
        code = draft_write(options, draft);
    if (code != 0)
        return code;
    if (!options->common.json) {
        (void)printf("draft       %s: %u member%s, %u coordinator%s\nnext        all read it: rota genesis show %s\n"
                     "            then one seals it: rota genesis seal %s --out genesis.json\n",
                     options->out, options->member_count, options->member_count == 1 ? "" : "s", options->coordinator_count,
                     options->coordinator_count == 1 ? "" : "s", options->out, options->out);
        return ROTA_EXIT_DONE;
    }
    json_t *result = rota_result_new("genesis-draft");
    rota_result_text(result, "file", options->out);
    rota_result_number(result, "members", options->member_count);
    rota_result_number(result, "coordinators", options->coordinator_count);
    rota_result_print(result);
    return ROTA_EXIT_DONE;
}

const struct rota_command rota_command_genesis_new = {.name = "genesis new",
                                                      .summary = "write the draft of a new ledger's genesis",
                                                      .argp = &draft_argp,
                                                      .options_size = sizeof(struct draft_options),
                                                      .run = draft_run};
