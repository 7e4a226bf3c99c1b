/* The report for programs: one object, members always in this order, the same bytes for the same file but for `timing`. */
#include "node/tools/verify.h"

#include <jansson.h>
#include <stdio.h>

static json_t *json_number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *json_hash(const struct rota_hash *hash)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    rota_hex_encode(hex, rota_view(hash->b, sizeof hash->b));
    return json_string(hex);
}

static json_t *json_checks(const struct rota_audit_report *report)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < report->check_count; i++) {
        const struct rota_audit_check *check = &report->checks[i];
        const char *status = check->failed > 0 ? "fail" : check->passed > 0 ? "pass" : "not-run";
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s,s:o,s:o}", "id", check->id, "title", check->title, "status", status,
                                        "passed", json_number(check->passed), "failed", json_number(check->failed)));
    }
    return list;
}

static void json_profile(json_t *input, const struct rota_genesis *genesis)
{
    if (genesis == NULL)
        return;
    const struct rota_membership *membership = &genesis->membership;
    json_object_set_new(input, "profile", json_string(membership->profile == ROTA_PROFILE_CRASH ? "crash" : "byzantine"));
    json_object_set_new(input, "tolerates_liars", json_integer(rota_fault_bound(membership->count, membership->profile)));
}

static json_t *json_leaf(uint64_t leaf_index)
{
    return leaf_index == UINT64_MAX ? json_null() : json_number(leaf_index);
}

static json_t *json_failures(const struct rota_audit_report *report)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < report->failure_count; i++) {
        const struct rota_audit_failure *failure = &report->failures[i];
        json_array_append_new(list, json_pack("{s:s,s:o,s:o,s:s}", "check", failure->check, "height",
                                              failure->height == 0 ? json_null() : json_number(failure->height),
                                              "leaf_index", json_leaf(failure->leaf_index), "text", failure->text));
    }
    return list;
}

static json_t *json_anomalies(const struct rota_audit_report *report)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < report->anomaly_count; i++) {
        const struct rota_audit_anomaly *anomaly = &report->anomalies[i];
        json_t *item =
            json_pack("{s:o,s:o,s:o,s:s}", "height", json_number(anomaly->height), "leaf_index",
                      json_leaf(anomaly->leaf_index), "evidence", json_hash(&anomaly->evidence), "text", anomaly->text);
        if (anomaly->amnesia)
            json_object_set_new(item, "amnesia", json_true());
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *json_recoveries(const struct rota_audit_report *report)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < report->recovery_count; i++) {
        const struct rota_audit_recovery *recovery = &report->recoveries[i];
        json_array_append_new(list, json_pack("{s:o,s:o,s:s}", "height", json_number(recovery->height), "leaf_index",
                                              json_leaf(recovery->leaf_index), "text", recovery->text));
    }
    return list;
}

static json_t *json_covered(const struct rota_audit_report *report)
{
    char time[VERIFY_TIME_CHARS];
    verify_time_format(time, report->last_time_ms);
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "to_height", json_number(report->height), "intact_height",
                     json_number(report->intact_height), "head", json_hash(&report->head_hash), "head_time",
                     report->height > 0 ? json_string(time) : json_null(), "tree_size", json_number(report->tree_size),
                     "tree_root", json_hash(&report->tree_root));
}

static json_t *json_counts(const struct rota_audit_report *report)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "proposals", json_number(report->proposals), "operations_done",
                     json_number(report->ok_ops), "operations_refused", json_number(report->refused_ops), "evidence",
                     json_number(report->evidences), "records", json_number(report->records), "certificates",
                     json_number(report->certificates));
}

static json_t *json_anchors(const struct verify_run *run)
{
    const struct rota_audit_options *options = run->options;
    return json_pack("{s:o,s:o,s:b}", "receipts", json_number(options->receipt_count), "known_height",
                     options->known_height == 0 ? json_null() : json_number(options->known_height), "required",
                     (int)run->require_anchor);
}

static json_t *json_fresh(const struct verify_run *run)
{
    const struct rota_audit_report *report = run->report;
    char at[VERIFY_TIME_CHARS];
    uint64_t at_ms = run->options->fresh_ms;
    if (at_ms == 0)
        return json_null();
    verify_time_format(at, at_ms);
    uint64_t age_ms = at_ms > report->last_time_ms ? at_ms - report->last_time_ms : 0;
    return json_pack("{s:s,s:o,s:o}", "at", at, "age_ms", json_number(age_ms), "age_max_ms",
                     report->tick_ms == 0 ? json_null() : json_number(rota_audit_fresh_for(report->tick_ms)));
}

static json_t *json_epochs(const struct rota_audit_report *report)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < report->epoch_count; i++) {
        const struct rota_audit_epoch *epoch = &report->epochs[i];
        json_array_append_new(list, json_pack("{s:i,s:o,s:i,s:i,s:i,s:o,s:o,s:b}", "epoch", (int)epoch->number,
                                              "from_height", json_number(epoch->from_height), "members", (int)epoch->members,
                                              "quorum", (int)epoch->quorum, "tolerates_liars", (int)epoch->liars, "tick_ms",
                                              json_number(epoch->tick_ms), "config_hash", json_hash(&epoch->config_hash),
                                              "discontinuity", (int)epoch->discontinuity));
    }
    return list;
}

static json_t *json_discontinuities(const struct rota_audit_report *report)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < report->discontinuity_count; i++) {
        const struct rota_audit_discontinuity *each = &report->discontinuities[i];
        json_array_append_new(list, json_pack("{s:i,s:o,s:o,s:s}", "epoch", (int)each->epoch, "kept_height",
                                              json_number(each->height), "kept_block", json_hash(&each->block),
                                              "approved_by", each->approved_by));
    }
    return list;
}

bool verify_print_json(const struct verify_run *run)
{
    const struct rota_audit_report *report = run->report;
    json_t *all = json_object();
    json_object_set_new(all, "schema", json_string("rotaledger.verify/1"));
    json_object_set_new(all, "tool", json_pack("{s:s,s:s}", "name", "rota-verify", "version", ROTA_VERSION));
    json_object_set_new(all, "input",
                        json_pack("{s:o,s:o,s:o,s:o}", "sha256", json_hash(&report->file_hash), "bytes",
                                  json_number(report->file_bytes), "ledger_id", json_hash(&report->ledger_id), "name",
                                  run->genesis != NULL ? json_string(run->genesis->name.text) : json_null()));
    json_profile(json_object_get(all, "input"), run->genesis);
    json_object_set_new(all, "verdict", json_string(rota_verdict_name(report->verdict)));
    json_object_set_new(all, "exit_code", json_integer(verify_exit_code(run)));
    json_object_set_new(all, "covered", json_covered(report));
    json_object_set_new(all, "counts", json_counts(report));
    json_object_set_new(all, "anchors", json_anchors(run));
    json_object_set_new(all, "fresh", json_fresh(run));
    json_object_set_new(all, "checks", json_checks(report));
    json_object_set_new(all, "epochs", json_epochs(report));
    json_object_set_new(all, "discontinuities", json_discontinuities(report));
    json_object_set_new(all, "failures", json_failures(report));
    json_object_set_new(all, "anomalies", json_anomalies(report));
    json_object_set_new(all, "recoveries", json_recoveries(report));
    json_object_set_new(
        all, "timing",
        json_pack("{s:o,s:o}", "milliseconds", json_number(run->elapsed_ms), "threads", json_number(run->jobs)));
    bool bad = json_dumpf(all, stdout, JSON_INDENT(1)) != 0 || printf("\n") != 1 || fflush(stdout) != 0;
    json_decref(all);
    return bad;
}
