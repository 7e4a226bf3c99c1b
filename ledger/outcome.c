#include "ledger/outcome.h"

#include "ledger/tree.h"

struct outcome_row {
    uint16_t code;
    const char *name;
    const char *text;
};

static const struct outcome_row outcome_rows[] = {
    {ROTA_OUTCOME_OK, "ok", "Done."},
    {ROTA_OUTCOME_FLAGGED, "flagged", "Done, with a flag that somebody should look at."},
    {ROTA_OUTCOME_EXPIRED, "expired",
     "The ledger had passed the last height this proposal allows; sign it again with a later one."},
    {ROTA_OUTCOME_KEY_SUSPENDED, "key-suspended",
     "This key signed two different proposals with one number and is suspended; a director has to grant a new key."},
    {ROTA_OUTCOME_KEY_REVOKED, "key-revoked", "This key was revoked; use the coordinator's current key."},
    {ROTA_OUTCOME_ROLE_MISSING, "role-missing",
     "The key's roles do not allow this operation; ask somebody whose key has the role."},
    {ROTA_OUTCOME_WRONG_FACILITY, "wrong-facility",
     "The key belongs to another facility; a coordinator of the facility concerned has to sign."},
    {ROTA_OUTCOME_STALE_REVISION, "stale-revision", "The day was changed since it was read; read it again and decide anew."},
    {ROTA_OUTCOME_UNKNOWN_PERSON, "unknown-person", "No such person is enrolled; enrol the person first."},
    {ROTA_OUTCOME_UNKNOWN_CODE, "unknown-code", "No such code is defined; define the code first."},
    {ROTA_OUTCOME_UNKNOWN_FACILITY, "unknown-facility", "No such facility is a member of this ledger."},
    {ROTA_OUTCOME_UNKNOWN_ASSIGNMENT, "unknown-assignment", "No such assignment was ever made."},
    {ROTA_OUTCOME_UNKNOWN_KEY, "unknown-key", "No coordinator has this key."},
    {ROTA_OUTCOME_OVERLAP, "overlap",
     "The person is assigned elsewhere during this time; end that assignment or choose another time."},
    {ROTA_OUTCOME_NOT_ACTIVE, "not-active", "The assignment was ended before."},
    {ROTA_OUTCOME_EXISTS, "exists", "It is there already; nothing was changed."},
};

static const struct outcome_row *outcome_find(uint16_t code)
{
    for (size_t i = 0; i < sizeof outcome_rows / sizeof outcome_rows[0]; i++)
        if (outcome_rows[i].code == code)
            return &outcome_rows[i];
    return NULL;
}

const char *rota_outcome_name(uint16_t code)
{
    const struct outcome_row *row = outcome_find(code);
    return row ? row->name : "unknown";
}

const char *rota_outcome_text(uint16_t code)
{
    const struct outcome_row *row = outcome_find(code);
    return row ? row->text : "An outcome that this version of the program does not know.";
}

static void rows_skip(struct rota_reader *reader)
{
    uint16_t count = rota_read_u16(reader);
    for (uint16_t i = 0; i < count && !reader->bad; i++) {
        (void)rota_read_u8(reader);
        for (int field = 0; field < 3; field++)
            (void)rota_read_short(reader);
    }
}

static void op_read(struct rota_reader *reader, struct rota_op_outcome *out)
{
    memset(out, 0, sizeof *out);
    out->code = rota_read_u16(reader);
    out->flags = rota_read_u32(reader);
    out->detail_len = rota_read_u8(reader);
    if (out->detail_len > ROTA_OUTCOME_DETAIL_MAX) {
        reader->bad = true;
        out->detail_len = 0;
    }
    rota_read_bytes(reader, out->detail, out->detail_len);
    rows_skip(reader);
}

struct rota_status rota_outcome_read(struct rota_op_outcome *out, uint32_t *out_count, uint32_t room,
                                     struct rota_view record)
{
    struct rota_reader reader = rota_reader(record);
    *out_count = 0;
    (void)rota_read_u8(&reader); /* entry kind */
    rows_skip(&reader);
    uint16_t count = rota_read_u16(&reader);
    if (count > room)
        return rota_fail(ROTA_TOO_LARGE, "an outcome record of more operations than there is room for");
    for (uint16_t i = 0; i < count && !reader.bad; i++)
        op_read(&reader, &out[i]);
    ROTA_TRY(rota_reader_finish(&reader));
    *out_count = count;
    return rota_ok();
}

struct rota_hash rota_outcome_leaf(struct rota_view record)
{
    struct rota_digest digest;
    rota_digest_start(&digest, NULL); /* a leaf of RFC 9162: its first byte comes before our tag */
    rota_digest_add_u8(&digest, 0x00);
    rota_digest_add(&digest, ROTA_TAG("outcome"), strlen(ROTA_TAG("outcome")));
    rota_digest_add(&digest, record.data, record.len);
    return rota_digest_finish(&digest);
}
