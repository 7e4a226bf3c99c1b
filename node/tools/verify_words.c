/* The report for people: words before hashes, the result before the figures, no guess about intent. */
#include "node/tools/verify.h"

#include "crypto/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

void verify_time_format(char out[VERIFY_TIME_CHARS], uint64_t time_ms)
{
    struct tm parts;
    time_t seconds = (time_t)(time_ms / 1000);
    if (gmtime_r(&seconds, &parts) == NULL || strftime(out, VERIFY_TIME_CHARS, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(out, VERIFY_TIME_CHARS, "unknown");
}

int verify_exit_code(const struct verify_run *run)
{
    if (run->report->verdict == ROTA_VERDICT_VALID_UNANCHORED)
        return run->require_anchor ? ROTA_VERDICT_INCOMPLETE : ROTA_VERDICT_VALID;
    return (int)run->report->verdict;
}

/* What the certificates in the file can stand at all: no proof is stronger than the profile it was made under. */
static void words_profile(const struct rota_membership *membership)
{
    uint32_t liars = rota_fault_bound(membership->count, membership->profile);
    uint32_t needed = rota_quorum(membership->count, membership->profile);
    if (membership->profile == ROTA_PROFILE_CRASH)
        printf("profile   crash: %u of %u facilities decide; it tolerates no liar\n", needed, membership->count);
    else
        printf("profile   byzantine: %u of %u facilities decide; it tolerates %u liar%s\n", needed, membership->count, liars,
               liars == 1 ? "" : "s");
}

static void words_head(const struct verify_run *run)
{
    char hex[2 * ROTA_HASH_BYTES + 1], words[ROTA_WORDS_CHARS_MAX];
    const struct rota_audit_report *report = run->report;
    printf("rota-verify %s   format 1\n", ROTA_VERSION);
    rota_hex_encode(hex, rota_view(report->file_hash.b, sizeof report->file_hash.b));
    printf("file      %s   %" PRIu64 " bytes\n          sha256 %s\n", run->path, report->file_bytes, hex);
    rota_words_format(words, &report->ledger_id);
    printf("ledger    %s   %s\n", run->genesis != NULL ? run->genesis->name.text : "(the genesis given is not well formed)",
           words);
    if (run->genesis != NULL)
        words_profile(&run->genesis->membership);
}

static const char *verdict_meaning(const struct verify_run *run)
{
    switch (run->report->verdict) {
    case ROTA_VERDICT_VALID:
        return "everything holds, and what you gave is part of it";
    case ROTA_VERDICT_VALID_UNANCHORED:
        if (run->options->fresh_ms != 0)
            return "nothing is wrong inside, and the newest block is as young as it must be";
        return "nothing is wrong inside, but nothing you gave shows that it is the whole or the newest ledger";
    case ROTA_VERDICT_INVALID:
        return "the file is damaged or was altered";
    case ROTA_VERDICT_INCOMPLETE:
        return "good as far as it goes, but it is not the whole ledger, or an anchor could not be used";
    case ROTA_VERDICT_EQUIVOCATION:
        return "facilities signed two histories, and here is the proof";
    case ROTA_VERDICT_UNREADABLE:
        return "the file could not be read as a ledger; nothing is known about what it holds";
    case ROTA_VERDICT_UNSUPPORTED:
        return "the file has a newer format";
    }
    return "";
}

static void words_where(const struct rota_audit_failure *failure)
{
    if (failure->height == 0)
        printf("the file as a whole");
    else
        printf("block %" PRIu64, failure->height);
    if (failure->leaf_index != UINT64_MAX)
        printf(", leaf %" PRIu64 " of the tree", failure->leaf_index);
}

static const char *check_title(const struct rota_audit_report *report, const char *id)
{
    for (uint32_t i = 0; i < report->check_count; i++) {
        if (strcmp(report->checks[i].id, id) == 0)
            return report->checks[i].title;
    }
    return "";
}

static void words_intact(const struct rota_audit_report *report)
{
    if (report->intact_height > 1)
        printf("intact    blocks 1 to %" PRIu64 " hold: agreed by a quorum, signed by their coordinators\n",
               report->intact_height);
    else if (report->intact_height == 1)
        printf("intact    block 1 holds: agreed by a quorum, signed by its coordinators\n");
    else if (report->verdict == ROTA_VERDICT_INVALID)
        printf("intact    nothing below it\n");
}

static void words_failures(const struct rota_audit_report *report)
{
    const struct rota_audit_failure *first = report->failures;
    if (report->failure_count == 0)
        return;
    printf("what      %s\nwhere     ", first->text);
    words_where(first);
    printf("\nhow       check %s: %s\n", first->check, check_title(report, first->check));
    words_intact(report);
    for (uint32_t i = 1; i < report->failure_count; i++) {
        printf("%s%s  ", i == 1 ? "also      " : "          ", report->failures[i].check);
        words_where(&report->failures[i]);
        printf(": %s\n", report->failures[i].text);
    }
    if (report->failure_count == ROTA_AUDIT_FAILURES_MAX)
        printf("          (the list ends here; the rest of the file was not looked at)\n");
    if (report->verdict == ROTA_VERDICT_INVALID)
        printf("next      check another facility's file of the same ledger; keep this one as it is\n");
}

static void words_figures(const struct verify_run *run)
{
    const struct rota_audit_report *report = run->report;
    uint64_t ms = run->elapsed_ms > 0 ? run->elapsed_ms : 1;
    printf("checked   %" PRIu64 " blocks   %" PRIu64 " proposals   %" PRIu64 " certificates   %" PRIu64
           " pieces of evidence\n",
           report->height, report->proposals, report->certificates, report->evidences);
    printf("          %" PRIu64 " operations done, %" PRIu64 " refused by the rules\n", report->ok_ops, report->refused_ops);
    if (report->height > 0) {
        char hex[2 * ROTA_HASH_BYTES + 1], time[VERIFY_TIME_CHARS];
        rota_hex_encode(hex, rota_view(report->head_hash.b, sizeof report->head_hash.b));
        verify_time_format(time, report->last_time_ms);
        printf("head      block %" PRIu64 " of %s\n          %s\n", report->height, time, hex);
    }
    printf("time      %" PRIu64 ".%03" PRIu64 " s, %" PRIu32 " threads, %" PRIu64 " proposals/s\n", run->elapsed_ms / 1000,
           run->elapsed_ms % 1000, run->jobs, report->proposals * 1000 / ms);
}

/* Only where the members ever changed. */
static void words_epochs(const struct rota_audit_report *report)
{
    for (uint32_t i = 0; report->epoch_count > 1 && i < report->epoch_count; i++) {
        const struct rota_audit_epoch *epoch = &report->epochs[i];
        printf("%sepoch %" PRIu32 " from block %" PRIu64 ": %" PRIu32 " facilities, %" PRIu32 " decide, %" PRIu32
               " may lie%s\n",
               i == 0 ? "members   " : "          ", epoch->number, epoch->from_height, epoch->members, epoch->quorum,
               epoch->liars, epoch->discontinuity ? "   DISCONTINUITY" : "");
    }
}

static void words_anomalies(const struct rota_audit_report *report)
{
    for (uint32_t i = 0; i < report->anomaly_count; i++)
        printf("%sblock %" PRIu64 ": %s\n", i == 0 ? "proven    " : "          ", report->anomalies[i].height,
               report->anomalies[i].text);
}

static void words_recoveries(const struct rota_audit_report *report)
{
    for (uint32_t i = 0; i < report->recovery_count; i++)
        printf("%sblock %" PRIu64 ": %s\n", i == 0 ? "recovered " : "          ", report->recoveries[i].height,
               report->recoveries[i].text);
}

/* For ever, and in red where there is colour. */
static void words_discontinuities(const struct rota_audit_report *report)
{
    bool colour = isatty(STDOUT_FILENO) == 1;
    for (uint32_t i = 0; i < report->discontinuity_count; i++) {
        const struct rota_audit_discontinuity *each = &report->discontinuities[i];
        char hex[2 * ROTA_HASH_BYTES + 1];
        rota_hex_encode(hex, rota_view(each->block.b, sizeof each->block.b));
        printf("%sDISCONTINUITY above block %" PRIu64 ": a recovery manifest began epoch %" PRIu32
               "; whatever others hold above that block was given up%s\n",
               colour ? "\033[1;31m" : "", each->height, each->epoch, colour ? "\033[0m" : "");
        printf("          kept to %s\n          approved by the administrators of %s\n", hex, each->approved_by);
    }
}

/* "1 h", "76 min", "90 s" */
enum { VERIFY_SPAN_CHARS = 32 };

static void words_span(char out[VERIFY_SPAN_CHARS], uint64_t ms)
{
    uint64_t seconds = ms / 1000;
    if (seconds >= 3600 && seconds % 3600 == 0)
        snprintf(out, VERIFY_SPAN_CHARS, "%" PRIu64 " h", seconds / 3600);
    else if (seconds >= 300)
        snprintf(out, VERIFY_SPAN_CHARS, "%" PRIu64 " min", seconds / 60);
    else
        snprintf(out, VERIFY_SPAN_CHARS, "%" PRIu64 " s", seconds);
}

static void words_ticks(const struct verify_run *run)
{
    const struct rota_audit_report *report = run->report;
    char period[VERIFY_SPAN_CHARS], age[VERIFY_SPAN_CHARS], most[VERIFY_SPAN_CHARS], at[VERIFY_TIME_CHARS];
    if (report->tick_ms == 0) {
        printf("ticks     none: how old the newest block is does not tell whether newer ones were cut off\n");
        return;
    }
    words_span(period, report->tick_ms);
    printf("ticks     a network that stands adds a block at the latest every %s\n", period);
    if (run->options->fresh_ms == 0)
        return;
    uint64_t fresh_ms = run->options->fresh_ms;
    words_span(age, fresh_ms > report->last_time_ms ? fresh_ms - report->last_time_ms : 0);
    words_span(most, rota_audit_fresh_for(report->tick_ms));
    verify_time_format(at, fresh_ms);
    printf("fresh     at %s the newest block was %s old; a whole file's is %s at the most\n", at, age, most);
}

bool verify_print_words(const struct verify_run *run)
{
    const struct rota_audit_report *report = run->report;
    words_head(run);
    printf("\nRESULT    %s: %s\n", rota_verdict_name(report->verdict), verdict_meaning(run));
    words_failures(report);
    if (report->verdict == ROTA_VERDICT_VALID_UNANCHORED && report->height > 0)
        printf("next      note the head below, or keep a receipt, and give it next time with --known-block or --receipt\n");
    printf("\n");
    if (report->verdict != ROTA_VERDICT_UNREADABLE && report->verdict != ROTA_VERDICT_UNSUPPORTED)
        words_figures(run);
    if (report->verdict != ROTA_VERDICT_UNREADABLE && report->verdict != ROTA_VERDICT_UNSUPPORTED)
        words_ticks(run);
    words_epochs(report);
    words_discontinuities(report);
    words_anomalies(report);
    words_recoveries(report);
    printf("unshown   blocks after the last one here; whether coordinators were kept from submitting\n");
    return fflush(stdout) != 0 || ferror(stdout) != 0;
}
