/* The offline audit: a file, a genesis, and nothing else (FORMATS §14). No network, no node, no trust in the operator.
 * Every check is counted when it succeeds, never inferred. */
#ifndef ROTA_LEDGER_AUDIT_AUDIT_H
#define ROTA_LEDGER_AUDIT_AUDIT_H

#include "ledger/genesis.h"
#include "ledger/receipt.h"

/* The exit code of rota-verify is the verdict's number, except that both kinds of valid are 0. */
enum rota_verdict {
    ROTA_VERDICT_VALID = 0,             /* everything holds; complete up to the anchors given */
    ROTA_VERDICT_INVALID = 1,           /* damage or tampering, named */
    ROTA_VERDICT_INCOMPLETE = 3,        /* good as far as it goes, but an anchor shows that more existed */
    ROTA_VERDICT_EQUIVOCATION = 4,      /* proof that named facilities signed two histories */
    ROTA_VERDICT_UNREADABLE = 5,        /* not a ledger file, or damaged container: integrity unknown */
    ROTA_VERDICT_UNSUPPORTED = 6,       /* newer format */
    ROTA_VERDICT_VALID_UNANCHORED = 10, /* nothing is wrong inside; nothing given shows that it is whole */
};

/* One kind of check, identified as in FORMATS §14 ("C2"). */
struct rota_audit_check {
    const char *id;
    const char *title;
    uint64_t passed;
    uint64_t failed;
};

enum { ROTA_AUDIT_FAILURES_MAX = 32, ROTA_AUDIT_CHECKS_MAX = 48, ROTA_AUDIT_TEXT_MAX = 256 };

struct rota_audit_failure {
    const char *check;
    uint64_t height;     /* 0: not about a block */
    uint64_t leaf_index; /* UINT64_MAX: not about an entry */
    char text[ROTA_AUDIT_TEXT_MAX];
};

/* Something the ledger holds that a person should know: proven equivocation, in words. */
struct rota_audit_anomaly {
    uint64_t height;
    uint64_t leaf_index;
    struct rota_hash evidence;
    bool amnesia; /* it accuses nobody: the member had lost its memory and said so (PROTOCOL E4) */
    char text[ROTA_AUDIT_TEXT_MAX];
};

/* A member that lost its memory and came back, in words. */
struct rota_audit_recovery {
    uint64_t height;
    uint64_t leaf_index;
    char text[ROTA_AUDIT_TEXT_MAX];
};

/* One stretch of heights with one member list. */
struct rota_audit_epoch {
    uint32_t number;
    uint64_t from_height;
    uint32_t members, quorum, liars; /* n, Q, f */
    uint32_t tick_ms;                /* 0: no TICKs */
    struct rota_hash config_hash;
    bool discontinuity; /* began with a recovery manifest */
};

/* An epoch that began with a recovery manifest: what others may hold above the kept block was given up (PROTOCOL M11). */
struct rota_audit_discontinuity {
    uint32_t epoch;  /* that it began */
    uint64_t height; /* of the last block that was kept */
    struct rota_hash block;
    uint32_t approvers;                    /* mask of members of the epoch before */
    char approved_by[ROTA_AUDIT_TEXT_MAX]; /* their names */
};

struct rota_audit_options {
    const char *path;
    struct rota_view genesis; /* the auditor's own copy */
    uint32_t receipt_count;
    const struct rota_receipt *receipts; /* anchors: entries that must be in the file */
    uint64_t known_height;               /* anchor: 0 = none */
    struct rota_hash known_block;        /* the hash of the block of that height */
    uint64_t fresh_ms;                   /* be fresh at this time, since 1970 (check J3); 0: no matter */
    uint32_t jobs;                       /* threads for signature checks, 0 = one */
    void (*progress)(void *context, uint64_t height, uint64_t height_max);
    void *progress_context;
};

/* How old the newest block of a whole file may be where there are TICKs: the period, a quarter of it for a network that lost
 * its primary or its quorum for a while, and a minute for clocks. */
uint64_t rota_audit_fresh_for(uint32_t tick_ms);

struct rota_audit_report {
    enum rota_verdict verdict;
    struct rota_hash file_hash;
    uint64_t file_bytes;
    struct rota_hash ledger_id;
    struct rota_hash head_hash;
    uint64_t height, intact_height; /* blocks below the first failure */
    uint64_t proposals, refused_ops, ok_ops, evidences, records, certificates;
    uint64_t tree_size;
    struct rota_hash tree_root;
    uint64_t last_time_ms; /* of the newest block; of the genesis where there is none */
    uint32_t tick_ms;      /* in force after the newest block (PROTOCOL T11); 0: no TICKs */
    uint32_t check_count;
    struct rota_audit_check checks[ROTA_AUDIT_CHECKS_MAX];
    uint32_t failure_count; /* stored ones; the first is the first found in ledger order */
    struct rota_audit_failure failures[ROTA_AUDIT_FAILURES_MAX];
    uint32_t epoch_count;
    struct rota_audit_epoch *epochs; /* owned; the genesis first */
    uint32_t discontinuity_count;
    struct rota_audit_discontinuity *discontinuities; /* owned */
    uint32_t anomaly_count;
    struct rota_audit_anomaly *anomalies; /* owned */
    uint32_t recovery_count;
    struct rota_audit_recovery *recoveries; /* owned */
};

/* Never fails: what goes wrong is in the report. */
void rota_audit_run(struct rota_audit_report *out, const struct rota_audit_options *options);
void rota_audit_report_free(struct rota_audit_report *report);
const char *rota_verdict_name(enum rota_verdict verdict);

#endif
