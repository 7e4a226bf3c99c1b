/* Inside of the audit: what its files share. Nobody else includes this.
 *
 * The file is read in batches that end at a certified block, so that a header is judged with the certificate that covers it
 * at hand. Forms and signatures of a batch are checked by several threads; everything else, and every finding, happens on
 * one thread in ledger order. Memory: one batch, the schedule and the tree. */
#ifndef ROTA_LEDGER_AUDIT_INSIDE_H
#define ROTA_LEDGER_AUDIT_INSIDE_H

#include "ledger/audit/audit.h"
#include "ledger/audit/kept_views.h"
#include "ledger/schedule/operation.h"
#include "ledger/schedule/state.h"
#include "ledger/store/store.h"

#include <sys/stat.h>

/* The checks of FORMATS §14, in the order in which reports list them. */
enum audit_check {
    CHECK_A1,
    CHECK_A2,
    CHECK_A3,
    CHECK_A4,
    CHECK_A5,
    CHECK_A6,
    CHECK_B1,
    CHECK_B2,
    CHECK_B3,
    CHECK_B4,
    CHECK_C1,
    CHECK_C2,
    CHECK_C3,
    CHECK_C4,
    CHECK_C5,
    CHECK_C6,
    CHECK_C7,
    CHECK_D1,
    CHECK_D2,
    CHECK_D3,
    CHECK_D4,
    CHECK_D5,
    CHECK_D6,
    CHECK_D7,
    CHECK_D8,
    CHECK_D9,
    CHECK_D10,
    CHECK_D13,
    CHECK_D14,
    CHECK_E1,
    CHECK_E2,
    CHECK_E3,
    CHECK_E4,
    CHECK_F1,
    CHECK_H1,
    CHECK_H2,
    CHECK_X1,
    CHECK_X2,
    CHECK_J1,
    CHECK_J2,
    CHECK_J3,
    CHECK_COUNT,
};

/* How much a finding weighs; the verdict is the heaviest. */
enum audit_weight {
    WEIGHT_INCOMPLETE = 1,
    WEIGHT_INVALID = 2,
    WEIGHT_EQUIVOCATION = 4,
    WEIGHT_UNREADABLE = 8,
    WEIGHT_UNSUPPORTED = 16,
};

enum {
    AUDIT_BATCH_ENTRIES = 512,
    AUDIT_BATCH_BYTES = 4 * 1024 * 1024,
    AUDIT_BATCH_BLOCKS_MAX = 1024, /* without a certificate in sight, a batch ends here all the same */
    AUDIT_JOBS_MAX = 64,
};

/* One row of the table entry, copied, and what the threads found out about it. */
struct audit_entry {
    uint64_t leaf_index;
    uint64_t height;
    uint32_t index;
    uint32_t kind;
    struct rota_status row; /* is it a row that a node writes? */
    uint8_t *bytes;         /* owned: bytes, then outcome */
    size_t bytes_len;
    size_t outcome_len;
    struct rota_hash id;      /* as the file says */
    struct rota_hash real_id; /* as its bytes say */
    struct rota_status form;  /* of the JWS alone, or of the evidence */
    struct rota_status json;  /* of the payload as JSON */
    struct rota_status parse; /* of the whole */
    bool parsed;
    struct rota_entry entry; /* owned when parsed */
    bool key_known;
    struct rota_status signature;
};

/* One row of the table block with its certificate, copied. */
struct audit_block {
    uint64_t height;
    bool header_fits;
    uint8_t bytes[ROTA_HEADER_BYTES];
    struct rota_status form; /* of the header */
    struct rota_header header;
    struct rota_hash hash;
    bool has_certificate;
    struct rota_status certificate_form;
    struct rota_status certificate_status;
    struct rota_certificate certificate;
    bool names_this;    /* the certificate is a commit certificate for this height and hash */
    bool attested;      /* covered by a good certificate, through an unbroken line of headers */
    size_t cover;       /* index in the batch of the block whose certificate covers this one; SIZE_MAX: none */
    size_t first_entry; /* in the batch */
    size_t entry_count;
};

struct audit_batch {
    struct audit_block *blocks;
    size_t block_count, block_room;
    struct audit_entry *entries;
    size_t entry_count, entry_room;
    size_t bytes;
};

/* Every coordinator's key that genesis or a grant names, sorted by kid. Only for checking signatures: whether a key may
 * sign at a height is the schedule's word. */
struct audit_keys {
    struct rota_es256k_public *items;
    size_t count, room;
};

struct audit {
    const struct rota_audit_options *options;
    struct rota_audit_report *report;
    struct stat file; /* as it was when it was hashed */
    struct rota_genesis genesis;
    struct rota_epoch epoch; /* in force for the block that is judged; a batch lies within one */
    uint64_t manifest_leaf;  /* of the latest recovery manifest that began an epoch; UINT64_MAX: none */
    bool members_doubtful;   /* an epoch began without the approvals for it: whoever made the file may have its keys */
    struct rota_store *store;
    struct rota_state *state;
    struct rota_tree tree;
    struct audit_keys keys;
    struct audit_batch batch;
    struct audit_entry ahead; /* the entry row after the batch */
    bool has_ahead, blocks_ended, entries_ended;
    unsigned weights;   /* mask of enum audit_weight */
    bool full;          /* no room for more findings: stop */
    bool broken;        /* a failure below: what needs everything before it is no longer checked */
    bool skip_previous; /* the line to the block before is broken, and that has been said */
    bool no_memory;
    uint64_t expected_height;
    struct rota_hash previous_hash;
    uint64_t previous_time_ms, parent_time_ms; /* of the newest block that was judged, and of the one below it */
    uint64_t next_leaf;
    uint64_t sound_height;             /* newest block of which everything holds, with a certificate */
    struct rota_placed_anchors placed; /* of NEW-VIEWs, in the chain */
    uint32_t anchors_held;
    uint32_t *receipt_order; /* indexes of usable receipts by height */
    uint32_t receipt_count, receipt_next;
};

/* checks.c */
void audit_pass(struct audit *audit, enum audit_check check, uint64_t times);
__attribute__((format(printf, 6, 7))) void audit_fail(struct audit *audit, enum audit_check check, enum audit_weight weight,
                                                      uint64_t height, uint64_t leaf_index, const char *format, ...);
void audit_checks_init(struct rota_audit_report *report);
void audit_out_of_memory(struct audit *audit);

/* container.c: file, container and genesis; false when nothing more can be checked. */
bool audit_container(struct audit *audit);
void audit_file_is_same(struct audit *audit);

/* batch.c: false at the end of the file. */
bool audit_batch_read(struct audit *audit);
void audit_batch_clear(struct audit *audit);
void audit_batch_free(struct audit *audit);
struct rota_view audit_entry_outcome(const struct audit_entry *entry);
/* The change of epoch in a row that may hold one, parsed for the caller; NULL: the row holds none. */
struct rota_epoch_change *audit_entry_change(const struct audit_entry *entry);

/* crew.c */
void audit_crew_check(struct audit *audit);
const struct rota_es256k_public *audit_key_find(const struct audit_keys *keys, const struct rota_kid *kid);
bool audit_key_add(struct audit_keys *keys, const struct rota_es256k_public *key);

/* chain.c, entries.c, replay.c, anchors.c: one block each. */
void audit_chain_attest(struct audit *audit);
bool audit_chain_judge(struct audit *audit, size_t at);
void audit_chain_end(struct audit *audit);
bool audit_entries_judge(struct audit *audit, const struct audit_block *block);
bool audit_replay_judge(struct audit *audit, const struct audit_block *block);
bool audit_anchors_prepare(struct audit *audit);
void audit_anchors_meet(struct audit *audit, const struct audit_block *block);
void audit_anchors_end(struct audit *audit);
/* fresh.c: once everything else is said. */
void audit_fresh_judge(struct audit *audit);

/* epochs.c */
bool audit_epochs_open(struct audit *audit);
/* A batch that begins with a recovery manifest is of the epoch that the manifest begins. */
void audit_epochs_meet(struct audit *audit);
/* The manifest that gave up a block of this epoch and height; NULL: none in this file. */
const struct rota_audit_discontinuity *audit_given_up(const struct audit *audit, uint32_t epoch, uint64_t height);
bool audit_epoch_change_judge(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry);
void audit_epochs_advance(struct audit *audit, const struct audit_block *block);

/* new_views.c: an executed record, which may be an anchor; then all that were kept. */
void audit_new_views_anchor(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry);
void audit_new_views_judge(struct audit *audit);

/* words.c */
enum { AUDIT_HASH_CHARS = 2 * ROTA_HASH_BYTES + 1, AUDIT_NAMES_MAX = 160 };
struct audit_short {
    char text[16];
};
/* The first 8 digits and three dots. */
struct audit_short audit_short_hex(const uint8_t *bytes);
/* "alpha, bravo and delta". */
void audit_member_names(char out[AUDIT_NAMES_MAX], const struct rota_membership *membership, uint32_t mask);
/* Where an entry comes from, for people: "proposal 12ab34cd... of key 9f3c12ab... (chief-west, west)". */
void audit_entry_words(char *out, size_t size, const struct audit *audit, const struct audit_entry *entry);
bool audit_anomaly_add(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry);
/* The same of a record, if it is a RECOVERED. */
bool audit_recovery_add(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry);
/* Of evidence that the file makes but does not hold, at that place. */
bool audit_anomaly_add_found(struct audit *audit, uint64_t height, uint64_t leaf_index,
                             const struct rota_evidence *evidence);

#endif
