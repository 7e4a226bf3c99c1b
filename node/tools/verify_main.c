/* rota-verify: checks a ledger file with nothing but the genesis. No network, no node. */
#include "node/tools/verify.h"

#include <argp.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

const char *argp_program_version = "rota-verify " ROTA_VERSION;

struct verify_arguments {
    const char *path;
    const char *genesis_path;
    uint8_t *genesis_bytes;        /* owned */
    struct rota_receipt *receipts; /* owned */
    struct rota_audit_options options;
    bool require_anchor, json, quiet;
};

/* The whole file, NULL with errno set when it cannot be read or is larger than `size_max`. */
static uint8_t *file_read(const char *path, size_t size_max, size_t *out_len)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return NULL;
    uint8_t *bytes = malloc(size_max + 1);
    *out_len = bytes != NULL ? fread(bytes, 1, size_max + 1, file) : 0;
    bool bad = bytes == NULL || ferror(file) != 0 || *out_len > size_max;
    if (bad) {
        errno = bytes != NULL && *out_len > size_max ? EFBIG : errno;
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

static void arguments_receipt(struct verify_arguments *arguments, const char *path, struct argp_state *state)
{
    size_t len = 0;
    uint8_t *text = file_read(path, ROTA_RECEIPT_BYTES_MAX, &len);
    if (text == NULL)
        argp_failure(state, ROTA_EXIT_USAGE, errno, "the receipt %s cannot be read", path);
    struct rota_audit_options *options = &arguments->options;
    struct rota_receipt *grown = realloc(arguments->receipts, (options->receipt_count + 1) * sizeof *grown);
    if (grown == NULL)
        argp_failure(state, ROTA_EXIT_BUG, ENOMEM, "the receipt %s", path);
    arguments->receipts = grown;
    options->receipts = grown;
    struct rota_status status = rota_receipt_parse(&grown[options->receipt_count], rota_view(text, len));
    free(text);
    if (!rota_is_ok(status))
        argp_failure(state, ROTA_EXIT_USAGE, 0, "%s is not a receipt: %s", path, status.why);
    options->receipt_count++;
}

static void arguments_known_block(struct verify_arguments *arguments, const char *text, struct argp_state *state)
{
    char *end = NULL;
    errno = 0;
    unsigned long long height = strtoull(text, &end, 10);
    struct rota_audit_options *options = &arguments->options;
    if (errno != 0 || *text < '1' || *text > '9' || *end != ':' ||
        !rota_is_ok(rota_hex_decode(options->known_block.b, sizeof options->known_block.b, rota_view_text(end + 1))))
        argp_error(state, "--known-block wants HEIGHT:HASH, the hash as 64 lower-case hex digits");
    options->known_height = height;
}

/* When the file is to be fresh: now, or the minute in which it was handed over. */
static uint64_t arguments_fresh(const char *text, struct argp_state *state)
{
    int64_t minute = 0;
    if (text == NULL)
        return (uint64_t)time(NULL) * 1000;
    if (!rota_is_ok(rota_time_parse_minute(&minute, rota_view_text(text))) || minute <= 0)
        argp_error(state, "--fresh wants a minute, such as 2026-12-25T12:30Z, or nothing for now");
    return (uint64_t)minute * 60000;
}

static uint32_t arguments_jobs(const char *text, struct argp_state *state)
{
    char *end = NULL;
    unsigned long jobs = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || jobs > 64)
        argp_error(state, "--jobs wants a number from 0 (as many as processors) to 64");
    return (uint32_t)jobs;
}

static error_t arguments_take(int key, char *value, struct argp_state *state)
{
    struct verify_arguments *arguments = state->input;
    switch (key) {
    case 'g':
        arguments->genesis_path = value;
        return 0;
    case 'r':
        arguments_receipt(arguments, value, state);
        return 0;
    case 'k':
        arguments_known_block(arguments, value, state);
        return 0;
    case 'a':
        arguments->require_anchor = true;
        return 0;
    case 'f':
        arguments->options.fresh_ms = arguments_fresh(value, state);
        return 0;
    case 'j':
        arguments->options.jobs = arguments_jobs(value, state);
        return 0;
    case 'J':
        arguments->json = true;
        return 0;
    case 'q':
        arguments->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->path != NULL)
            argp_error(state, "one file at a time: %s is one too many", value);
        arguments->path = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->path == NULL)
            argp_error(state, "which ledger file?");
        if (arguments->genesis_path == NULL)
            argp_error(state, "--genesis is needed: your own copy, not one that came with the file");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option verify_options[] = {
    {"genesis", 'g', "GENESIS", 0, "Your own copy of the ledger's genesis file", 0},
    {"receipt", 'r', "RECEIPT", 0, "A receipt whose entry must be in the file; may be given several times", 0},
    {"known-block", 'k', "HEIGHT:HASH", 0, "A block that you noted earlier and that must be in the file", 0},
    {"require-anchor", 'a', NULL, 0, "Exit with 3 when nothing given shows that the file is whole", 0},
    {"fresh", 'f', "MINUTE", OPTION_ARG_OPTIONAL,
     "Exit with 3 unless the newest block is as young as a whole ledger's must be: by this machine's clock, or at MINUTE, "
     "such as 2026-12-25T12:30Z, when the file was handed over",
     0},
    {"jobs", 'j', "N", 0, "Threads for checking signatures (default: one for each processor)", 0},
    {"json", 'J', NULL, 0, "Print one JSON object, schema rotaledger.verify/1", 0},
    {"quiet", 'q', NULL, 0, "Print nothing; the exit code is the answer", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp verify_argp = {
    .options = verify_options,
    .parser = arguments_take,
    .args_doc = "FILE --genesis GENESIS",
    .doc =
        "Checks a Rotaledger file offline: every signature, every hash, every decision of the schedule."
        "\vExit codes: 0 valid, 1 invalid, 2 wrong use, 3 incomplete, 4 two histories proven, 5 unreadable, 6 newer format.",
};

static void progress_show(void *context, uint64_t height, uint64_t height_max)
{
    (void)context;
    fprintf(stderr, "\rblock %llu of %llu", (unsigned long long)height, (unsigned long long)height_max);
    fflush(stderr);
}

static uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint32_t processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > 64 ? 64 : (uint32_t)count;
}

static int verify_run_and_print(struct verify_arguments *arguments)
{
    struct rota_audit_options *options = &arguments->options;
    struct rota_audit_report report;
    struct rota_genesis genesis;
    bool known = rota_is_ok(rota_genesis_parse(&genesis, options->genesis));
    bool terminal = isatty(STDERR_FILENO) == 1 && !arguments->quiet;
    options->path = arguments->path;
    options->jobs = options->jobs > 0 ? options->jobs : processors();
    options->progress = terminal ? progress_show : NULL;
    uint64_t begin = clock_ms();
    rota_audit_run(&report, options);
    struct verify_run run = {.path = arguments->path,
                             .options = options,
                             .report = &report,
                             .genesis = known ? &genesis : NULL,
                             .require_anchor = arguments->require_anchor,
                             .jobs = options->jobs,
                             .elapsed_ms = clock_ms() - begin};
    if (terminal)
        fprintf(stderr, "\r\033[K");
    bool bad = false;
    if (!arguments->quiet)
        bad = arguments->json ? verify_print_json(&run) : verify_print_words(&run);
    int code = verify_exit_code(&run);
    rota_audit_report_free(&report);
    if (known)
        rota_genesis_free(&genesis);
    if (bad)
        fprintf(stderr, "rota-verify: the report could not be written\n");
    return bad ? ROTA_EXIT_BUG : code;
}

int main(int argc, char **argv)
{
    struct verify_arguments arguments = {0};
    size_t len = 0;
    if (sodium_init() < 0)
        return ROTA_EXIT_BUG;
    argp_err_exit_status = ROTA_EXIT_USAGE;
    if (argp_parse(&verify_argp, argc, argv, 0, NULL, &arguments) != 0)
        return ROTA_EXIT_USAGE;
    arguments.genesis_bytes = file_read(arguments.genesis_path, ROTA_GENESIS_BYTES_MAX, &len);
    if (arguments.genesis_bytes == NULL) {
        fprintf(stderr, "rota-verify: the genesis %s cannot be read: %s\n", arguments.genesis_path, strerror(errno));
        return ROTA_EXIT_USAGE;
    }
    arguments.options.genesis = rota_view(arguments.genesis_bytes, len);
    int code = verify_run_and_print(&arguments);
    for (uint32_t i = 0; i < arguments.options.receipt_count; i++)
        rota_receipt_free(&arguments.receipts[i]);
    free(arguments.receipts);
    free(arguments.genesis_bytes);
    return code;
}
