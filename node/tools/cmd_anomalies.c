/* rota anomalies: what the ledger proves about keys that signed two things. */
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/remote.h"

#include "ledger/audit/audit.h"

struct anomalies_options {
    struct rota_common common;
};

static error_t anomalies_parse(int key, char *arg, struct argp_state *state)
{
    (void)arg;
    (void)state;
    return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp anomalies_argp = {
    .parser = anomalies_parse,
    .doc = "List the proven equivocations that the ledger holds, in words. Exit code 0: there are none; 4: "
           "there are. A member that had lost its memory and said so is told of, and is none."};

/* One anomaly, whatever the source. */
static json_t *anomalies_item(uint64_t height, const char *evidence, const char *text, bool amnesia)
{
    json_t *item = json_object();
    rota_result_number(item, "height", height);
    rota_result_text(item, "evidence", evidence);
    rota_result_text(item, "text", text);
    if (amnesia)
        rota_result_set(item, "amnesia", json_true());
    return item;
}

static void anomalies_of_document(json_t *list, const json_t *document)
{
    size_t index;
    json_t *item;
    char evidence[2 * ROTA_HASH_BYTES + 1];
    char text[512];
    json_array_foreach(rota_json_list(document, "anomalies"), index, item)
    {
        rota_json_printable(text, sizeof text, item, "text");
        rota_json_printable(evidence, sizeof evidence, item, json_object_get(item, "evidence") != NULL ? "evidence" : "id");
        (void)json_array_append_new(list, anomalies_item(rota_json_number(item, "height", 0), evidence, text,
                                                         json_is_true(json_object_get(item, "amnesia"))));
    }
}

/* One page; *offset is where the next one begins, 0 when this was the last. */
static int anomalies_page(json_t *list, uint64_t *offset, const struct rota_common *common)
{
    char path[64];
    uint64_t from = *offset;
    ROTA_CLEANUP(rota_json_release) json_t *document = NULL;
    (void)snprintf(path, sizeof path, "/v1/anomalies?offset=%llu", (unsigned long long)from);
    int code = rota_remote_get_json(&document, common, path);
    if (code != 0)
        return code;
    anomalies_of_document(list, document);
    *offset = rota_json_number(document, "next_offset", 0);
    if (*offset != 0 && *offset <= from)
        return rota_wrong(common, ROTA_EXIT_UNREADABLE, "is there really a rotad at that address?",
                          "the node's pages of anomalies do not go on");
    return 0;
}

/* Evidence is only ever added behind, so pages that are asked for one after the other fit together. */
static int anomalies_from_node(json_t *list, const struct rota_common *common)
{
    uint64_t offset = 0;
    int code;
    do
        code = anomalies_page(list, &offset, common);
    while (code == 0 && offset != 0);
    return code;
}

/* The whole audit: nothing is reported from a file that does not hold. */
static int anomalies_from_ledger(json_t *list, const struct rota_common *common)
{
    struct rota_audit_report report = {0};
    char evidence[2 * ROTA_HASH_BYTES + 1];
    ROTA_CLEANUP(rota_blob_free) struct rota_blob genesis = {0};
    if (common->genesis == NULL)
        return rota_wrong(common, ROTA_EXIT_USAGE, "name the genesis that you trust", "--ledger needs --genesis");
    struct rota_status status = rota_file_read(&genesis, common->genesis, ROTA_GENESIS_BYTES_MAX);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "cannot read %s", common->genesis);
    struct rota_audit_options options = {.path = common->ledger, .genesis = rota_blob_view(&genesis), .jobs = 2};
    rota_audit_run(&report, &options);
    for (uint32_t i = 0; i < report.anomaly_count; i++) {
        rota_hex_encode(evidence, rota_view(report.anomalies[i].evidence.b, ROTA_HASH_BYTES));
        (void)json_array_append_new(list, anomalies_item(report.anomalies[i].height, evidence, report.anomalies[i].text,
                                                         report.anomalies[i].amnesia));
    }
    int code = report.verdict == ROTA_VERDICT_VALID_UNANCHORED ? 0 : (int)report.verdict;
    if (code != 0 && code != ROTA_EXIT_EQUIVOCATION)
        code =
            rota_wrong(common, code, "rota-verify says more", "%s: %s: %s", common->ledger,
                       rota_verdict_name(report.verdict), report.failure_count > 0 ? report.failures[0].text : "no details");
    else
        code = 0;
    rota_audit_report_free(&report);
    return code;
}

static void anomalies_print(const json_t *list)
{
    size_t index;
    json_t *item;
    if (json_array_size(list) == 0)
        (void)puts("none: the ledger holds no evidence against any key");
    json_array_foreach(list, index, item)(void)
        printf("block %-6lld %s\n             evidence %s\n", (long long)json_integer_value(json_object_get(item, "height")),
               json_string_value(json_object_get(item, "text")), json_string_value(json_object_get(item, "evidence")));
}

/* Not a member that had lost its memory and said so. */
static bool anomalies_accuse(const json_t *list)
{
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item) if (!json_is_true(json_object_get(item, "amnesia"))) return true;
    return false;
}

static int anomalies_run(void *input)
{
    const struct rota_common *common = &((const struct anomalies_options *)input)->common;
    ROTA_CLEANUP(rota_json_release) json_t *list = json_array();
    int code = common->ledger != NULL ? anomalies_from_ledger(list, common) : anomalies_from_node(list, common);
    if (code != 0)
        return code;
    bool any = anomalies_accuse(list);
    if (common->json) {
        json_t *result = rota_result_new("anomalies");
        rota_result_set(result, "anomalies", json_incref(list));
        rota_result_print(result);
    } else {
        anomalies_print(list);
    }
    return any ? ROTA_EXIT_EQUIVOCATION : ROTA_EXIT_DONE;
}

const struct rota_command rota_command_anomalies = {.name = "anomalies",
                                                    .summary = "list proven equivocations",
                                                    .argp = &anomalies_argp,
                                                    .uses = ROTA_USES_NODE | ROTA_USES_LEDGER | ROTA_USES_GENESIS,
                                                    .options_size = sizeof(struct anomalies_options),
                                                    .run = anomalies_run};
