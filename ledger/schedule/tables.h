/* The tables of the schedule: their numbers, and the byte form of every key and value (FORMATS §9). This is the only file
 * that knows how a row looks; it does not know what a row is for. Bytes read here were written here.
 *
 * Each table has `_get` (false: no such row), `_put`, and where rows are walked, `_read`, which reads one row.
 */
#ifndef ROTA_LEDGER_SCHEDULE_TABLES_H
#define ROTA_LEDGER_SCHEDULE_TABLES_H

#include "ledger/schedule/rows.h"
#include "ledger/schedule/state.h"

/* Stable numbers: they are hashed. Never reused. */
enum rota_table {
    ROTA_TABLE_PERSON = 1,
    ROTA_TABLE_CODE = 2,
    ROTA_TABLE_COORDINATOR = 3,
    ROTA_TABLE_SEQ = 4,
    ROTA_TABLE_ASSIGNMENT = 5,
    ROTA_TABLE_ASSIGNMENT_INDEX = 6,
    ROTA_TABLE_DAY_CARD = 7,
    ROTA_TABLE_MEMBER_EVIDENCE = 8,
    ROTA_TABLE_COORDINATOR_EVIDENCE = 9,
    ROTA_TABLE_ANCHOR = 10,
    ROTA_TABLE_RECOVERY = 11,
    ROTA_TABLE_AMNESIA = 12,
    ROTA_TABLE_EPOCH = 14,
};

enum { ROTA_KEY_BYTES_MAX = 64, ROTA_VALUE_BYTES_MAX = 160 };

/* A key, or the beginning of one, with its table in front. */
struct rota_key {
    uint8_t bytes[ROTA_KEY_BYTES_MAX];
    size_t len;
};

static inline struct rota_view rota_key_view(const struct rota_key *key)
{
    return rota_view(key->bytes, key->len);
}

/* The beginning of every key of a table; of every assignment of a person; of every seq of a coordinator. */
struct rota_key rota_key_table(enum rota_table table);
struct rota_key rota_key_assignments(const struct rota_token *person);
struct rota_key rota_key_seqs(const struct rota_kid *kid);
/* Where a person's assignments begin that start at this minute or later. */
struct rota_key rota_key_assignments_from(const struct rota_token *person, int64_t start_minute);

bool rota_table_person_get(struct rota_person *out, const struct rota_rows *rows, const struct rota_token *id);
void rota_table_person_put(struct rota_rows *rows, const struct rota_person *person);
void rota_table_person_read(struct rota_person *out, const struct rota_row *row);

bool rota_table_code_get(struct rota_code_info *out, const struct rota_rows *rows, const struct rota_token *id);
void rota_table_code_put(struct rota_rows *rows, const struct rota_code_info *code);
void rota_table_code_read(struct rota_code_info *out, const struct rota_row *row);

/* seq_highest is no field of the row: it is the number of the key's last seq row. */
bool rota_table_coordinator_get(struct rota_coordinator *out, const struct rota_rows *rows, const struct rota_kid *kid);
void rota_table_coordinator_put(struct rota_rows *rows, const struct rota_coordinator *coordinator);
void rota_table_coordinator_read(struct rota_coordinator *out, const struct rota_rows *rows, const struct rota_row *row);

/* Which proposal used a seq. */
bool rota_table_seq_get(struct rota_hash *out_proposal, const struct rota_rows *rows, const struct rota_kid *kid,
                        uint64_t seq);
void rota_table_seq_put(struct rota_rows *rows, const struct rota_kid *kid, uint64_t seq, const struct rota_hash *proposal);
uint64_t rota_table_seq_read(const struct rota_row *row);

/* By id, through the index. put writes the row only; add writes the row and its index. */
bool rota_table_assignment_get(struct rota_assignment *out, const struct rota_rows *rows,
                               const uint8_t id[ROTA_ASSIGNMENT_ID_BYTES]);
void rota_table_assignment_put(struct rota_rows *rows, const struct rota_assignment *assignment);
void rota_table_assignment_add(struct rota_rows *rows, const struct rota_assignment *assignment);
void rota_table_assignment_read(struct rota_assignment *out, const struct rota_row *row);

/* 0 when there is no row. */
uint32_t rota_table_revision_get(const struct rota_rows *rows, const struct rota_token *person, int32_t day);
void rota_table_revision_put(struct rota_rows *rows, const struct rota_token *person, int32_t day, uint32_t revision);

/* What a member said when it came back from a loss of memory. */
struct rota_recovery {
    uint64_t floor, run, view;
    uint64_t height; /* of the block that says so */
};
/* Its newest one in an epoch; the first with a floor above a run's number. False: none. */
bool rota_table_recovery_last(struct rota_recovery *out, const struct rota_rows *rows, uint32_t epoch, uint32_t member);
bool rota_table_recovery_above(struct rota_recovery *out, const struct rota_rows *rows, uint32_t epoch, uint32_t member,
                               uint64_t run_number);
void rota_table_recovery_put(struct rota_rows *rows, uint32_t epoch, uint32_t member, const struct rota_recovery *recovery);

/* The newest anchor of an epoch. */
bool rota_table_anchor_get(struct rota_anchored *out, const struct rota_rows *rows, uint32_t epoch);
void rota_table_anchor_put(struct rota_rows *rows, uint32_t epoch, const struct rota_anchored *anchored);

/* Which document rules from which height on; epoch 0 has no row. */
void rota_table_epoch_put(struct rota_rows *rows, uint32_t epoch, const struct rota_hash *config_hash, uint64_t from_height);

/* Kind decides the table: a member's votes, or a coordinator's proposals. `_get` also finds what accuses nobody: evidence of
 * a member that had lost its memory has a table of its own. */
bool rota_table_evidence_get(struct rota_hash *out_id, const struct rota_rows *rows, const struct rota_evidence *evidence);
void rota_table_evidence_put(struct rota_rows *rows, const struct rota_evidence *evidence);
bool rota_table_amnesia_get(struct rota_hash *out_id, const struct rota_rows *rows, const struct rota_evidence *evidence);
void rota_table_amnesia_put(struct rota_rows *rows, const struct rota_evidence *evidence);
/* Rows about a member in an epoch, of both tables. */
uint32_t rota_table_evidence_count(const struct rota_rows *rows, uint32_t epoch, uint32_t member);

#endif
