/* rota import: a roster as many signed proposals. */
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/import_enrol.h"
#include "node/tools/import_report.h"
#include "node/tools/key_open.h"
#include "node/tools/remote.h"

#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    IMPORT_OPTION_MAP = 'm',
    IMPORT_OPTION_KEY = 'k',
    IMPORT_OPTION_JOBS = 'j',
    IMPORT_OPTION_ENROL = 0x2000,
    IMPORT_OPTION_PEOPLE,
    IMPORT_OPTION_REPORT,
    IMPORT_OPTION_EXP_IN,
};

struct import_options {
    struct rota_common common;
    const char *file, *map, *key, *people, *report;
    bool enrol;
    uint32_t jobs;
    uint64_t exp_in;
};

static void import_finish_options(struct import_options *options, const struct argp_state *state)
{
    if (options->file == NULL || options->map == NULL || options->key == NULL)
        rota_usage_fail(state, "needs a CSV file, --map and --key");
    if (options->jobs == 0)
        options->jobs = 8;
    if (options->exp_in == 0)
        options->exp_in = 100000;
}

static error_t import_parse(int key, char *arg, struct argp_state *state)
{
    struct import_options *options = state->input;
    switch (key) {
    case IMPORT_OPTION_MAP:
        options->map = arg;
        return 0;
    case IMPORT_OPTION_KEY:
        options->key = arg;
        return 0;
    case IMPORT_OPTION_JOBS:
        options->jobs = (uint32_t)rota_usage_number(state, "--jobs", arg, 1, 128);
        return 0;
    case IMPORT_OPTION_ENROL:
        options->enrol = true;
        return 0;
    case IMPORT_OPTION_PEOPLE:
        options->people = arg;
        return 0;
    case IMPORT_OPTION_REPORT:
        options->report = arg;
        return 0;
    case IMPORT_OPTION_EXP_IN:
        options->exp_in = rota_usage_number(state, "--exp-in", arg, 1, 1ULL << 32);
        return 0;
    case ARGP_KEY_ARG:
        rota_usage_argument(state, &options->file, arg);
        return 0;
    case ARGP_KEY_END:
        import_finish_options(options, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option import_argp_options[] = {
    {"map", IMPORT_OPTION_MAP, "FILE", 0, "Which column is what", 0},
    {"key", IMPORT_OPTION_KEY, "FILE", 0, "The coordinator's secret key", 0},
    {"people", IMPORT_OPTION_PEOPLE, "FILE", 0,
     "Who is which token; 0600, never sent (default: people.csv beside the roster)", 0},
    {"enrol", IMPORT_OPTION_ENROL, NULL, 0, "First enrol people and codes that the ledger does not know (director role)", 0},
    {"jobs", IMPORT_OPTION_JOBS, "N", 0, "Proposals on their way at once (default 8)", 0},
    {"report", IMPORT_OPTION_REPORT, "OUT.csv", 0, "Write what became of every row", 0},
    {"exp-in", IMPORT_OPTION_EXP_IN, "BLOCKS", 0, "For how many blocks the proposals stay good (default 100000)", 0},
    {0}};

static const struct argp import_argp = {
    .options = import_argp_options,
    .parser = import_parse,
    .args_doc = "FILE.csv",
    .doc =
        "Import a roster. Each row becomes an assignment; people appear in the ledger as random tokens only. Interrupted, "
        "or "
        "tired of waiting: run the same command again, the journal beside the people file makes sure that nothing is signed "
        "or ordered twice.\vThe map has lines such as\n  person = \"employee\"\n  date = \"date\"\n  start = \"start\"\n  "
        "end = "
        "\"end\"            (or minutes = \"column\")\n  code = \"shift\"\n  facility = \"alpha\"       (or facility_column "
        "= "
        "\"column\")\n  utc_offset_minutes = 60\n  ops_per_proposal = 1\nand optionally person_is_token, home, pool, "
        "reason, "
        "delimiter."};

/* Everything that an import holds. */
struct import_work {
    const struct import_options *options;
    struct rota_csv_map map;
    struct rota_roster roster;
    struct rota_people people;
    struct rota_secret_key *key;
    struct rota_import_journal journal;
    struct rota_hash ledger_id;
    uint64_t height, seq_highest;
    struct rota_import_place *places;
    char folder[PATH_MAX]; /* of the people file and the journal */
    char people_path[PATH_MAX];
};

static atomic_bool import_stop; /* lock-free: set by a signal handler, read by threads */

static void import_on_signal(int number)
{
    (void)number;
    atomic_store(&import_stop, true);
}

/* From here on an interruption ends the work in good order instead of the process. */
static void import_catch_signals(void)
{
    struct sigaction action = {.sa_handler = import_on_signal};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

static int import_read_files(struct import_work *work)
{
    char error[512] = "";
    uint64_t line = 0;
    const struct import_options *options = work->options;
    if (!rota_is_ok(rota_csv_map_read(&work->map, options->map, error, sizeof error)))
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, "rota help import shows a map", "%s", error);
    struct rota_status status = rota_roster_read(&work->roster, options->file, &work->map, error, sizeof error);
    if (!rota_is_ok(status))
        return rota_wrong(&options->common, rota_exit_of(status), NULL, "%s: %s", options->file,
                          error[0] != '\0' ? error : status.why);
    if (work->map.person_is_token)
        return 0;
    status = rota_people_read(&work->people, work->people_path, &line);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s, line %llu", work->people_path,
                                 (unsigned long long)line);
    return 0;
}

static int import_ask_node(struct import_work *work)
{
    const struct rota_common *common = &work->options->common;
    struct rota_known_key known;
    char why[160];
    int code = rota_remote_ledger_id(&work->ledger_id, common);
    if (code == 0)
        code = rota_remote_height(&work->height, common);
    if (code == 0)
        code = rota_remote_find_key(&known, common, &work->key->coordinator.public_key.kid);
    if (code == 0 && rota_known_key_why_not(why, sizeof why, &known))
        return rota_wrong(common, ROTA_EXIT_KEY, "sign with a key that may act, or let a director grant one", "%s", why);
    work->seq_highest = known.seq_highest;
    return code;
}

/* The people file and the journal live side by side: beside the roster unless --people says otherwise. */
static int import_find_places(struct import_work *work)
{
    char copy[PATH_MAX];
    const struct import_options *options = work->options;
    const char *base = options->people != NULL ? options->people : options->file;
    if (strlen(base) >= PATH_MAX - 64)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "the path is too long");
    (void)snprintf(copy, sizeof copy, "%s", base);
    (void)snprintf(work->folder, sizeof work->folder, "%s", dirname(copy));
    if (options->people != NULL)
        (void)snprintf(work->people_path, sizeof work->people_path, "%s", options->people);
    else
        (void)snprintf(work->people_path, sizeof work->people_path, "%.*s/people.csv", PATH_MAX - 16, work->folder);
    return 0;
}

static int import_open_journal(struct import_work *work)
{
    char file[PATH_MAX], path[PATH_MAX];
    const struct import_options *options = work->options;
    (void)snprintf(file, sizeof file, "%s", options->file);
    int len = snprintf(path, sizeof path, "%s/%s.import-journal", work->folder, basename(file));
    if (len < 0 || (size_t)len >= sizeof path)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "the path is too long");
    struct rota_status status =
        rota_import_journal_open(&work->journal, path, &work->ledger_id, &work->key->coordinator.public_key.kid);
    if (status.code == ROTA_PERMISSION)
        return rota_wrong_status(&options->common, status, "--people FILE moves people file and journal to FILE's folder",
                                 "cannot write the journal %s", path);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, "move it away if that import is over", "journal %s", path);
    if (json_object_size(work->journal.signed_before) > 0)
        rota_remark(&options->common, "%s: %zu proposals signed before are used again", path,
                    json_object_size(work->journal.signed_before));
    return 0;
}

static void import_run_prepare(struct rota_import_run *run, const struct import_work *work)
{
    *run = (struct rota_import_run){.common = &work->options->common,
                                    .key = work->key,
                                    .key_path = work->options->key,
                                    .stop = &import_stop,
                                    .ledger_id = work->ledger_id,
                                    .reason = work->map.reason.text,
                                    .exp = work->height + work->options->exp_in,
                                    .seq_highest = work->seq_highest,
                                    .jobs = work->options->jobs};
    rota_import_run_init(run);
}

static int import_enrol_people(struct import_work *work)
{
    struct rota_import_run run;
    size_t count = 0;
    const struct import_options *options = work->options;
    struct rota_status status = rota_people_write(&work->people, work->people_path);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, "nobody was enrolled", "cannot write %s", work->people_path);
    import_run_prepare(&run, work);
    run.journal = &work->journal;
    int code = rota_import_enrol(&count, &run, &work->roster, &work->map);
    if (code == 0)
        rota_import_run_all(&run, "enrolling");
    if (code == 0 && !rota_is_ok(run.failure))
        code = rota_wrong_status(&options->common, run.failure, NULL, "cannot sign");
    if (code == 0)
        code = rota_import_enrol_check(&run);
    rota_import_run_free(&run);
    return code;
}

/* Good rows, ops_per_proposal at a time, in the order of the file. */
static void import_add_rows(struct rota_import_run *run, struct import_work *work)
{
    json_t *part = json_array();
    for (size_t i = 0; i < work->roster.count; i++) {
        const struct rota_roster_row *row = &work->roster.rows[i];
        work->places[i] = (struct rota_import_place){.item = SIZE_MAX};
        if (row->bad != NULL)
            continue;
        work->places[i] = (struct rota_import_place){run->count, (uint32_t)json_array_size(part)};
        (void)json_array_append_new(part, rota_roster_operation(row));
        if (json_array_size(part) < work->map.ops_per_proposal)
            continue;
        (void)rota_import_run_add(run, part);
        part = json_array();
    }
    if (json_array_size(part) > 0)
        (void)rota_import_run_add(run, part);
    else
        json_decref(part);
}

static int import_rows(struct import_work *work)
{
    struct rota_import_run run;
    const struct import_options *options = work->options;
    work->places = calloc(work->roster.count + 1, sizeof *work->places);
    if (work->places == NULL)
        return ROTA_EXIT_BUG;
    import_run_prepare(&run, work);
    run.journal = &work->journal;
    import_add_rows(&run, work);
    uint64_t started = rota_monotonic_ms();
    rota_import_run_all(&run, "importing");
    struct rota_import_report report = {.common = &options->common,
                                        .roster = &work->roster,
                                        .run = &run,
                                        .places = work->places,
                                        .csv_path = options->report,
                                        .seconds = (double)(rota_monotonic_ms() - started) / 1000};
    int code = rota_import_report(&report);
    if (!rota_is_ok(run.failure))
        code =
            rota_wrong_status(&options->common, run.failure, "nothing is lost: run the same command again", "cannot sign");
    rota_import_run_free(&run);
    return code;
}

static int import_work_do(struct import_work *work)
{
    const struct import_options *options = work->options;
    int code = import_find_places(work);
    if (code == 0)
        code = import_read_files(work);
    if (code == 0)
        code = rota_key_open(work->key, &options->common, options->key, ROTA_KEY_COORDINATOR);
    if (code == 0)
        code = import_ask_node(work);
    if (code == 0)
        code = import_open_journal(work);
    if (code != 0)
        return code;
    import_catch_signals();
    rota_import_name_rows(&work->roster, &work->people, options->enrol);
    if (options->enrol)
        code = import_enrol_people(work);
    return code == 0 ? import_rows(work) : code;
}

static int import_run(void *input)
{
    const struct import_options *options = input;
    struct import_work work = {.options = options, .key = sodium_malloc(sizeof *work.key), .journal = {.fd = -1}};
    if (work.key == NULL)
        return rota_wrong(&options->common, ROTA_EXIT_BUG, NULL, "no locked memory for the key");
    sodium_memzero(work.key, sizeof *work.key);
    int code = import_work_do(&work);
    rota_secret_key_wipe(work.key);
    sodium_free(work.key);
    rota_import_journal_close(&work.journal);
    rota_people_free(&work.people);
    rota_roster_free(&work.roster);
    free(work.places);
    return code;
}

const struct rota_command rota_command_import = {.name = "import",
                                                 .summary = "import a roster from a CSV file",
                                                 .argp = &import_argp,
                                                 .uses = ROTA_USES_NODE | ROTA_USES_PASSPHRASE,
                                                 .options_size = sizeof(struct import_options),
                                                 .run = import_run};
