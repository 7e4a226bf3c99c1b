#include "ledger/schedule/table_form.h"

/* assignment: person, start i64, id -> facility, code, minutes u32, from, to u64, proposal id; index: id -> person, start */

struct rota_key rota_key_assignments(const struct rota_token *person)
{
    return rota_key_of_token(ROTA_TABLE_ASSIGNMENT, person);
}

struct rota_key rota_key_assignments_from(const struct rota_token *person, int64_t start_minute)
{
    struct rota_key key;
    struct rota_writer writer = rota_key_start(&key, ROTA_TABLE_ASSIGNMENT);
    rota_write_token(&writer, person);
    rota_write_u64(&writer, rota_order_i64(start_minute));
    rota_key_finish(&key, &writer);
    return key;
}

static struct rota_key key_of_assignment(const struct rota_token *person, int64_t start_minute, const uint8_t *id)
{
    struct rota_key key = rota_key_assignments_from(person, start_minute);
    ROTA_ASSERT(key.len + ROTA_ASSIGNMENT_ID_BYTES <= sizeof key.bytes);
    memcpy(key.bytes + key.len, id, ROTA_ASSIGNMENT_ID_BYTES);
    key.len += ROTA_ASSIGNMENT_ID_BYTES;
    return key;
}

static struct rota_key key_of_assignment_id(const uint8_t id[ROTA_ASSIGNMENT_ID_BYTES])
{
    struct rota_key key;
    struct rota_writer writer = rota_key_start(&key, ROTA_TABLE_ASSIGNMENT_INDEX);
    rota_write_bytes(&writer, id, ROTA_ASSIGNMENT_ID_BYTES);
    rota_key_finish(&key, &writer);
    return key;
}

void rota_table_assignment_read(struct rota_assignment *out, const struct rota_row *row)
{
    struct rota_reader key = rota_key_read(row, ROTA_TABLE_ASSIGNMENT);
    struct rota_reader value = rota_reader(rota_row_value(row));
    out->person = rota_read_token(&key);
    out->start_minute = rota_unorder_i64(rota_read_u64(&key));
    rota_read_bytes(&key, out->id, sizeof out->id);
    out->facility = rota_read_token(&value);
    out->code = rota_read_token(&value);
    out->minutes = rota_read_u32(&value);
    out->from_height = rota_read_u64(&value);
    out->to_height = rota_read_u64(&value);
    rota_read_hash(&value, &out->proposal);
    rota_row_finish(&key);
    rota_row_finish(&value);
}

bool rota_table_assignment_get(struct rota_assignment *out, const struct rota_rows *rows,
                               const uint8_t id[ROTA_ASSIGNMENT_ID_BYTES])
{
    struct rota_key index_key = key_of_assignment_id(id);
    const struct rota_row *index = rota_row_get(rows, rota_key_view(&index_key));
    if (index == NULL)
        return false;
    struct rota_reader value = rota_reader(rota_row_value(index));
    struct rota_token person = rota_read_token(&value);
    int64_t start_minute = rota_unorder_i64(rota_read_u64(&value));
    rota_row_finish(&value);
    struct rota_key key = key_of_assignment(&person, start_minute, id);
    const struct rota_row *row = rota_row_get(rows, rota_key_view(&key));
    ROTA_ASSERT(row != NULL);
    rota_table_assignment_read(out, row);
    return true;
}

void rota_table_assignment_put(struct rota_rows *rows, const struct rota_assignment *assignment)
{
    uint8_t bytes[ROTA_VALUE_BYTES_MAX];
    struct rota_writer value = rota_writer(bytes, sizeof bytes);
    struct rota_key key = key_of_assignment(&assignment->person, assignment->start_minute, assignment->id);
    rota_write_token(&value, &assignment->facility);
    rota_write_token(&value, &assignment->code);
    rota_write_u32(&value, assignment->minutes);
    rota_write_u64(&value, assignment->from_height);
    rota_write_u64(&value, assignment->to_height);
    rota_write_hash(&value, &assignment->proposal);
    rota_table_put(rows, &key, &value);
}

void rota_table_assignment_add(struct rota_rows *rows, const struct rota_assignment *assignment)
{
    uint8_t bytes[ROTA_VALUE_BYTES_MAX];
    struct rota_writer value = rota_writer(bytes, sizeof bytes);
    struct rota_key key = key_of_assignment_id(assignment->id);
    rota_table_assignment_put(rows, assignment);
    rota_write_token(&value, &assignment->person);
    rota_write_u64(&value, rota_order_i64(assignment->start_minute));
    rota_table_put(rows, &key, &value);
}

/* day card: person, day i32 -> revision u32 */

static struct rota_key key_of_day(const struct rota_token *person, int32_t day)
{
    struct rota_key key;
    struct rota_writer writer = rota_key_start(&key, ROTA_TABLE_DAY_CARD);
    rota_write_token(&writer, person);
    rota_write_u32(&writer, rota_order_i32(day));
    rota_key_finish(&key, &writer);
    return key;
}

uint32_t rota_table_revision_get(const struct rota_rows *rows, const struct rota_token *person, int32_t day)
{
    struct rota_key key = key_of_day(person, day);
    const struct rota_row *row = rota_row_get(rows, rota_key_view(&key));
    if (row == NULL)
        return 0;
    struct rota_reader value = rota_reader(rota_row_value(row));
    uint32_t revision = rota_read_u32(&value);
    rota_row_finish(&value);
    return revision;
}

void rota_table_revision_put(struct rota_rows *rows, const struct rota_token *person, int32_t day, uint32_t revision)
{
    uint8_t bytes[ROTA_VALUE_BYTES_MAX];
    struct rota_writer value = rota_writer(bytes, sizeof bytes);
    struct rota_key key = key_of_day(person, day);
    rota_write_u32(&value, revision);
    rota_table_put(rows, &key, &value);
}
