#include "ledger/schedule/table_form.h"

struct rota_key rota_key_table(enum rota_table table)
{
    struct rota_key key;
    struct rota_writer writer = rota_key_start(&key, table);
    rota_key_finish(&key, &writer);
    return key;
}

/* person: token -> home token, from_height u64; code: token -> pool token or empty, from_height u64 */

static void named_read(enum rota_table table, const struct rota_row *row, struct rota_token *out_id,
                       struct rota_token *out_second, uint64_t *out_height)
{
    struct rota_reader key = rota_key_read(row, table);
    struct rota_reader value = rota_reader(rota_row_value(row));
    *out_id = rota_read_token(&key);
    *out_second = rota_read_token(&value);
    *out_height = rota_read_u64(&value);
    rota_row_finish(&key);
    rota_row_finish(&value);
}

static const struct rota_row *named_find(const struct rota_rows *rows, enum rota_table table, const struct rota_token *id)
{
    struct rota_key key = rota_key_of_token(table, id);
    return rota_row_get(rows, rota_key_view(&key));
}

static void named_put(struct rota_rows *rows, enum rota_table table, const struct rota_token *id,
                      const struct rota_token *second, uint64_t height)
{
    uint8_t bytes[ROTA_VALUE_BYTES_MAX];
    struct rota_writer value = rota_writer(bytes, sizeof bytes);
    struct rota_key key = rota_key_of_token(table, id);
    rota_write_token(&value, second);
    rota_write_u64(&value, height);
    rota_table_put(rows, &key, &value);
}

void rota_table_person_read(struct rota_person *out, const struct rota_row *row)
{
    named_read(ROTA_TABLE_PERSON, row, &out->id, &out->home, &out->from_height);
}

bool rota_table_person_get(struct rota_person *out, const struct rota_rows *rows, const struct rota_token *id)
{
    const struct rota_row *row = named_find(rows, ROTA_TABLE_PERSON, id);
    if (row != NULL)
        rota_table_person_read(out, row);
    return row != NULL;
}

void rota_table_person_put(struct rota_rows *rows, const struct rota_person *person)
{
    named_put(rows, ROTA_TABLE_PERSON, &person->id, &person->home, person->from_height);
}

void rota_table_code_read(struct rota_code_info *out, const struct rota_row *row)
{
    named_read(ROTA_TABLE_CODE, row, &out->id, &out->pool, &out->from_height);
}

bool rota_table_code_get(struct rota_code_info *out, const struct rota_rows *rows, const struct rota_token *id)
{
    const struct rota_row *row = named_find(rows, ROTA_TABLE_CODE, id);
    if (row != NULL)
        rota_table_code_read(out, row);
    return row != NULL;
}

void rota_table_code_put(struct rota_rows *rows, const struct rota_code_info *code)
{
    named_put(rows, ROTA_TABLE_CODE, &code->id, &code->pool, code->from_height);
}

/* seq: kid, seq u64 -> proposal id */

struct rota_key rota_key_seqs(const struct rota_kid *kid)
{
    return rota_key_of_kid(ROTA_TABLE_SEQ, kid);
}

static struct rota_key key_of_seq(const struct rota_kid *kid, uint64_t seq)
{
    struct rota_key key;
    struct rota_writer writer = rota_key_start(&key, ROTA_TABLE_SEQ);
    rota_write_bytes(&writer, kid->b, sizeof kid->b);
    rota_write_u64(&writer, seq);
    rota_key_finish(&key, &writer);
    return key;
}

uint64_t rota_table_seq_read(const struct rota_row *row)
{
    struct rota_reader key = rota_key_read(row, ROTA_TABLE_SEQ);
    struct rota_kid kid;
    rota_read_bytes(&key, kid.b, sizeof kid.b);
    uint64_t seq = rota_read_u64(&key);
    rota_row_finish(&key);
    return seq;
}

bool rota_table_seq_get(struct rota_hash *out_proposal, const struct rota_rows *rows, const struct rota_kid *kid,
                        uint64_t seq)
{
    struct rota_key key = key_of_seq(kid, seq);
    const struct rota_row *row = rota_row_get(rows, rota_key_view(&key));
    if (row == NULL)
        return false;
    struct rota_reader value = rota_reader(rota_row_value(row));
    rota_read_hash(&value, out_proposal);
    rota_row_finish(&value);
    return true;
}

void rota_table_seq_put(struct rota_rows *rows, const struct rota_kid *kid, uint64_t seq, const struct rota_hash *proposal)
{
    struct rota_key key = key_of_seq(kid, seq);
    rota_row_put(rows, rota_key_view(&key), rota_view(proposal->b, sizeof proposal->b), rota_view(NULL, 0));
}

/* The window never lets go of the highest number, so its row is always there. */
static uint64_t seq_highest(const struct rota_rows *rows, const struct rota_kid *kid)
{
    struct rota_key prefix = rota_key_seqs(kid), end = key_of_seq(kid, UINT64_MAX);
    const struct rota_row *row = rota_row_before(rows, rota_key_view(&end));
    return rota_row_begins(row, rota_key_view(&prefix)) ? rota_table_seq_read(row) : 0;
}

/* coordinator: kid -> label, key 33, facility, roles u32, from, suspended, revoked, seq_highest u64; the parsed key beside
 * it */

void rota_table_coordinator_read(struct rota_coordinator *out, const struct rota_rows *rows, const struct rota_row *row)
{
    struct rota_reader key = rota_key_read(row, ROTA_TABLE_COORDINATOR);
    struct rota_reader value = rota_reader(rota_row_value(row));
    struct rota_view side = rota_row_side(row);
    rota_read_bytes(&key, out->key.kid.b, sizeof out->key.kid.b);
    out->label = rota_read_token(&value);
    rota_read_bytes(&value, out->key.compressed, sizeof out->key.compressed);
    out->facility = rota_read_token(&value);
    out->roles = rota_read_u32(&value);
    out->from_height = rota_read_u64(&value);
    out->suspended_at = rota_read_u64(&value);
    out->revoked_at = rota_read_u64(&value);
    out->seq_highest = seq_highest(rows, &out->key.kid);
    ROTA_ASSERT(side.len == sizeof out->key.parsed);
    memcpy(out->key.parsed, side.data, side.len);
    rota_row_finish(&key);
    rota_row_finish(&value);
}

bool rota_table_coordinator_get(struct rota_coordinator *out, const struct rota_rows *rows, const struct rota_kid *kid)
{
    struct rota_key key = rota_key_of_kid(ROTA_TABLE_COORDINATOR, kid);
    const struct rota_row *row = rota_row_get(rows, rota_key_view(&key));
    if (row != NULL)
        rota_table_coordinator_read(out, rows, row);
    return row != NULL;
}

void rota_table_coordinator_put(struct rota_rows *rows, const struct rota_coordinator *coordinator)
{
    uint8_t bytes[ROTA_VALUE_BYTES_MAX];
    struct rota_writer value = rota_writer(bytes, sizeof bytes);
    struct rota_key key = rota_key_of_kid(ROTA_TABLE_COORDINATOR, &coordinator->key.kid);
    rota_write_token(&value, &coordinator->label);
    rota_write_bytes(&value, coordinator->key.compressed, sizeof coordinator->key.compressed);
    rota_write_token(&value, &coordinator->facility);
    rota_write_u32(&value, coordinator->roles);
    rota_write_u64(&value, coordinator->from_height);
    rota_write_u64(&value, coordinator->suspended_at);
    rota_write_u64(&value, coordinator->revoked_at);
    ROTA_ASSERT(!value.bad);
    rota_row_put(rows, rota_key_view(&key), rota_view(value.data, value.len),
                 rota_view(coordinator->key.parsed, sizeof coordinator->key.parsed));
}

/* member evidence, amnesia: epoch u32, member u32, kind u8, view u64, height u64 -> evidence id; coordinator evidence: kid
 * -> evidence id */

static struct rota_writer key_start_member(struct rota_key *key, enum rota_table table, uint32_t epoch, uint32_t member)
{
    struct rota_writer writer = rota_key_start(key, table);
    rota_write_u32(&writer, epoch);
    rota_write_u32(&writer, member);
    return writer;
}

static struct rota_key key_of_evidence(enum rota_table table, const struct rota_evidence *evidence)
{
    struct rota_key key;
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR)
        return rota_key_of_kid(ROTA_TABLE_COORDINATOR_EVIDENCE, &evidence->first->jws.kid);
    struct rota_writer writer = key_start_member(&key, table, evidence->epoch, evidence->member);
    rota_write_u8(&writer, (uint8_t)evidence->kind);
    rota_write_u64(&writer, evidence->view);
    rota_write_u64(&writer, evidence->height);
    rota_key_finish(&key, &writer);
    return key;
}

static void evidence_put(struct rota_rows *rows, enum rota_table table, const struct rota_evidence *evidence)
{
    struct rota_key key = key_of_evidence(table, evidence);
    rota_row_put(rows, rota_key_view(&key), rota_view(evidence->id.b, sizeof evidence->id.b), rota_view(NULL, 0));
}

static bool evidence_get(struct rota_hash *out_id, const struct rota_rows *rows, enum rota_table table,
                         const struct rota_evidence *evidence)
{
    struct rota_key key = key_of_evidence(table, evidence);
    const struct rota_row *row = rota_row_get(rows, rota_key_view(&key));
    if (row == NULL)
        return false;
    struct rota_reader value = rota_reader(rota_row_value(row));
    rota_read_hash(&value, out_id);
    rota_row_finish(&value);
    return true;
}

bool rota_table_evidence_get(struct rota_hash *out_id, const struct rota_rows *rows, const struct rota_evidence *evidence)
{
    return evidence_get(out_id, rows, ROTA_TABLE_MEMBER_EVIDENCE, evidence) ||
           rota_table_amnesia_get(out_id, rows, evidence);
}

bool rota_table_amnesia_get(struct rota_hash *out_id, const struct rota_rows *rows, const struct rota_evidence *evidence)
{
    return evidence->kind == ROTA_EVIDENCE_HIDDEN_LOCK && evidence_get(out_id, rows, ROTA_TABLE_AMNESIA, evidence);
}

void rota_table_evidence_put(struct rota_rows *rows, const struct rota_evidence *evidence)
{
    evidence_put(rows, ROTA_TABLE_MEMBER_EVIDENCE, evidence);
}

void rota_table_amnesia_put(struct rota_rows *rows, const struct rota_evidence *evidence)
{
    evidence_put(rows, ROTA_TABLE_AMNESIA, evidence);
}

static uint32_t rows_of_member(const struct rota_rows *rows, enum rota_table table, uint32_t epoch, uint32_t member)
{
    struct rota_key prefix;
    struct rota_writer writer = key_start_member(&prefix, table, epoch, member);
    rota_key_finish(&prefix, &writer);
    uint32_t count = 0;
    const struct rota_row *row = rota_row_from(rows, rota_key_view(&prefix));
    for (; rota_row_begins(row, rota_key_view(&prefix)); row = rota_row_next(row))
        count++;
    return count;
}

uint32_t rota_table_evidence_count(const struct rota_rows *rows, uint32_t epoch, uint32_t member)
{
    return rows_of_member(rows, ROTA_TABLE_MEMBER_EVIDENCE, epoch, member) +
           rows_of_member(rows, ROTA_TABLE_AMNESIA, epoch, member);
}

/* recovery: epoch u32, member u32, floor u64 -> run u64, view u64, height u64 */

static struct rota_key key_of_recovery(uint32_t epoch, uint32_t member, uint64_t floor)
{
    struct rota_key key;
    struct rota_writer writer = key_start_member(&key, ROTA_TABLE_RECOVERY, epoch, member);
    rota_write_u64(&writer, floor);
    rota_key_finish(&key, &writer);
    return key;
}

/* False when the row (which may be NULL) is of another member. */
static bool recovery_read(struct rota_recovery *out, const struct rota_row *row, uint32_t epoch, uint32_t member)
{
    struct rota_key prefix;
    struct rota_writer writer = key_start_member(&prefix, ROTA_TABLE_RECOVERY, epoch, member);
    rota_key_finish(&prefix, &writer);
    if (!rota_row_begins(row, rota_key_view(&prefix)))
        return false;
    struct rota_reader key = rota_key_read(row, ROTA_TABLE_RECOVERY), value = rota_reader(rota_row_value(row));
    (void)rota_read_u32(&key);
    (void)rota_read_u32(&key);
    out->floor = rota_read_u64(&key);
    out->run = rota_read_u64(&value);
    out->view = rota_read_u64(&value);
    out->height = rota_read_u64(&value);
    rota_row_finish(&key);
    rota_row_finish(&value);
    return true;
}

bool rota_table_recovery_last(struct rota_recovery *out, const struct rota_rows *rows, uint32_t epoch, uint32_t member)
{
    struct rota_key end = key_of_recovery(epoch, member, UINT64_MAX); /* which no floor is */
    return recovery_read(out, rota_row_before(rows, rota_key_view(&end)), epoch, member);
}

bool rota_table_recovery_above(struct rota_recovery *out, const struct rota_rows *rows, uint32_t epoch, uint32_t member,
                               uint64_t run_number)
{
    struct rota_key from = key_of_recovery(epoch, member, run_number < UINT64_MAX ? run_number + 1 : UINT64_MAX);
    return recovery_read(out, rota_row_from(rows, rota_key_view(&from)), epoch, member);
}

void rota_table_recovery_put(struct rota_rows *rows, uint32_t epoch, uint32_t member, const struct rota_recovery *recovery)
{
    uint8_t bytes[ROTA_VALUE_BYTES_MAX];
    struct rota_writer value = rota_writer(bytes, sizeof bytes);
    struct rota_key key = key_of_recovery(epoch, member, recovery->floor);
    rota_write_u64(&value, recovery->run);
    rota_write_u64(&value, recovery->view);
    rota_write_u64(&value, recovery->height);
    rota_table_put(rows, &key, &value);
}

/* anchor: epoch u32 -> view u64, nv */

static struct rota_key key_of_anchor(uint32_t epoch)
{
    struct rota_key key;
    struct rota_writer writer = rota_key_start(&key, ROTA_TABLE_ANCHOR);
    rota_write_u32(&writer, epoch);
    rota_key_finish(&key, &writer);
    return key;
}

bool rota_table_anchor_get(struct rota_anchored *out, const struct rota_rows *rows, uint32_t epoch)
{
    struct rota_key key = key_of_anchor(epoch);
    const struct rota_row *row = rota_row_get(rows, rota_key_view(&key));
    if (row == NULL)
        return false;
    struct rota_reader value = rota_reader(rota_row_value(row));
    out->view = rota_read_u64(&value);
    rota_read_hash(&value, &out->nv);
    rota_row_finish(&value);
    return true;
}

void rota_table_anchor_put(struct rota_rows *rows, uint32_t epoch, const struct rota_anchored *anchored)
{
    uint8_t bytes[ROTA_VALUE_BYTES_MAX];
    struct rota_writer value = rota_writer(bytes, sizeof bytes);
    struct rota_key key = key_of_anchor(epoch);
    rota_write_u64(&value, anchored->view);
    rota_write_hash(&value, &anchored->nv);
    rota_table_put(rows, &key, &value);
}

/* ---- epoch: number u32 -> config hash 32, from_height u64 ----------------------------------------------------------- */

void rota_table_epoch_put(struct rota_rows *rows, uint32_t epoch, const struct rota_hash *config_hash, uint64_t from_height)
{
    uint8_t bytes[ROTA_VALUE_BYTES_MAX];
    struct rota_key key;
    struct rota_writer name = rota_key_start(&key, ROTA_TABLE_EPOCH), value = rota_writer(bytes, sizeof bytes);
    rota_write_u32(&name, epoch);
    rota_key_finish(&key, &name);
    rota_write_hash(&value, config_hash);
    rota_write_u64(&value, from_height);
    rota_table_put(rows, &key, &value);
}
