#include "ledger/record.h"

#include "crypto/broken.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- kind 1: the anchor of a NEW-VIEW ------------------------------------------------------------------------------- */

static void anchor_encode(struct rota_writer *writer, const struct rota_record *record)
{
    rota_write_u32(writer, record->anchor.epoch);
    rota_write_u64(writer, record->anchor.view);
    rota_write_hash(writer, &record->anchor.nv);
    rota_write_signature(writer, &record->anchor.signature);
}

static struct rota_status anchor_decode(struct rota_record *out, struct rota_reader *reader)
{
    out->anchor.epoch = rota_read_u32(reader);
    out->anchor.view = rota_read_u64(reader);
    rota_read_hash(reader, &out->anchor.nv);
    rota_read_signature(reader, &out->anchor.signature);
    if (!reader->bad && out->anchor.view == 0)
        return rota_fail(ROTA_MALFORMED, "view 0 has no NEW-VIEW");
    return rota_ok();
}

size_t rota_anchor_preimage(uint8_t out[ROTA_ANCHOR_PREIMAGE_MAX], const struct rota_membership *membership, uint64_t view,
                            const struct rota_hash *nv)
{
    struct rota_writer writer = rota_writer(out, ROTA_ANCHOR_PREIMAGE_MAX);
    rota_write_bytes(&writer, ROTA_TAG("newview"), strlen(ROTA_TAG("newview")));
    rota_write_hash(&writer, &membership->ledger_id);
    rota_write_u32(&writer, membership->epoch);
    rota_write_hash(&writer, &membership->config_hash);
    rota_write_u64(&writer, view);
    rota_write_hash(&writer, nv);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

static struct rota_status anchor_verify(const struct rota_record *record, const struct rota_membership *membership)
{
    const struct rota_anchor *anchor = &record->anchor;
    uint8_t preimage[ROTA_ANCHOR_PREIMAGE_MAX];
    if (anchor->epoch != membership->epoch)
        return rota_fail(ROTA_WRONG_LEDGER, "the anchor of a NEW-VIEW of another epoch");
    size_t len = rota_anchor_preimage(preimage, membership, anchor->view, &anchor->nv);
    const struct rota_member *primary = &membership->members[rota_primary(membership, anchor->view)];
    if (ROTA_BROKEN(anchor_unsigned, !membership->verify(&primary->key, rota_view(preimage, len), &anchor->signature),
                    false))
        return rota_fail(ROTA_BAD_SIGNATURE, "the anchor of a NEW-VIEW that its primary did not sign");
    return rota_ok();
}

/* ---- kind 2: RECOVERED ---------------------------------------------------------------------------------------------- */

void rota_recovered_write(struct rota_writer *writer, const struct rota_recovered *recovered)
{
    rota_write_u64(writer, recovered->floor);
    rota_write_u64(writer, recovered->run);
    rota_write_u64(writer, recovered->view);
}

void rota_recovered_read(struct rota_reader *reader, struct rota_recovered *out)
{
    out->floor = rota_read_u64(reader);
    out->run = rota_read_u64(reader);
    out->view = rota_read_u64(reader);
    if (out->floor == 0 || out->floor == UINT64_MAX || out->view == UINT64_MAX)
        reader->bad = true;
}

static void recovered_encode(struct rota_writer *writer, const struct rota_record *record)
{
    rota_write_u32(writer, record->recovered.epoch);
    rota_write_u32(writer, record->recovered.member);
    rota_recovered_write(writer, &record->recovered);
    rota_write_signature(writer, &record->recovered.signature);
}

static struct rota_status recovered_decode(struct rota_record *out, struct rota_reader *reader)
{
    out->recovered.epoch = rota_read_u32(reader);
    out->recovered.member = rota_read_u32(reader);
    rota_recovered_read(reader, &out->recovered);
    rota_read_signature(reader, &out->recovered.signature);
    return rota_ok();
}

size_t rota_recovered_preimage(uint8_t out[ROTA_RECOVERED_PREIMAGE_MAX], const struct rota_membership *membership,
                               const struct rota_recovered *recovered)
{
    struct rota_writer writer = rota_writer(out, ROTA_RECOVERED_PREIMAGE_MAX);
    rota_write_bytes(&writer, ROTA_TAG("recovered"), strlen(ROTA_TAG("recovered")));
    rota_write_hash(&writer, &membership->ledger_id);
    rota_write_u32(&writer, membership->epoch);
    rota_write_hash(&writer, &membership->config_hash);
    rota_write_u32(&writer, recovered->member);
    rota_recovered_write(&writer, recovered);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

struct rota_status rota_recovered_verify(const struct rota_recovered *recovered, const struct rota_membership *membership)
{
    uint8_t preimage[ROTA_RECOVERED_PREIMAGE_MAX];
    if (recovered->epoch != membership->epoch)
        return rota_fail(ROTA_WRONG_LEDGER, "a RECOVERED of another epoch");
    if (recovered->member >= membership->count)
        return rota_fail(ROTA_UNKNOWN_KEY, "a RECOVERED of a member that this ledger does not have");
    size_t len = rota_recovered_preimage(preimage, membership, recovered);
    const struct rota_ed25519_public *key = &membership->members[recovered->member].key;
    if (!membership->verify(key, rota_view(preimage, len), &recovered->signature))
        return rota_fail(ROTA_BAD_SIGNATURE, "a RECOVERED that its member did not sign");
    return rota_ok();
}

void rota_recovered_words(char *out, size_t size, const struct rota_recovered *recovered,
                          const struct rota_membership *membership)
{
    const char *who = recovered->member < membership->count ? membership->members[recovered->member].id.text : "?";
    snprintf(out, size, "facility %s had lost its memory, and came back in its run %" PRIu64 " past view %" PRIu64, who,
             recovered->floor, recovered->view);
}

static struct rota_status recovered_verify(const struct rota_record *record, const struct rota_membership *membership)
{
    return rota_recovered_verify(&record->recovered, membership);
}

/* ---- kind 3: TICK --------------------------------------------------------------------------------------------------- */

static void tick_encode(struct rota_writer *writer, const struct rota_record *record)
{
    rota_write_u32(writer, record->tick.epoch);
    rota_write_u64(writer, record->tick.height);
}

static struct rota_status tick_decode(struct rota_record *out, struct rota_reader *reader)
{
    out->tick.epoch = rota_read_u32(reader);
    out->tick.height = rota_read_u64(reader);
    if (!reader->bad && out->tick.height == 0)
        return rota_fail(ROTA_MALFORMED, "a TICK of no block");
    return rota_ok();
}

static struct rota_status tick_verify(const struct rota_record *record, const struct rota_membership *membership)
{
    if (record->tick.epoch != membership->epoch)
        return rota_fail(ROTA_WRONG_LEDGER, "a TICK of another epoch");
    return rota_ok();
}

bool rota_tick_may(uint64_t time_ms, uint64_t parent_ms, uint32_t tick_ms)
{
    return tick_ms != 0 && time_ms >= parent_ms && time_ms - parent_ms >= tick_ms;
}

/* ---- every kind ----------------------------------------------------------------------------------------------------- */

struct record_form {
    void (*encode)(struct rota_writer *writer, const struct rota_record *record);
    struct rota_status (*decode)(struct rota_record *out, struct rota_reader *reader);
    struct rota_status (*verify)(const struct rota_record *record, const struct rota_membership *membership);
};

static const struct record_form record_forms[] = {
    [ROTA_RECORD_NEW_VIEW] = {anchor_encode, anchor_decode, anchor_verify},
    [ROTA_RECORD_RECOVERED] = {recovered_encode, recovered_decode, recovered_verify},
    [ROTA_RECORD_TICK] = {tick_encode, tick_decode, tick_verify},
};

static bool record_is_known(uint8_t kind)
{
    return kind < sizeof record_forms / sizeof record_forms[0] && record_forms[kind].encode;
}

static struct rota_status record_new(struct rota_record **out, enum rota_record_kind kind)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a record");
    (*out)->references = 1;
    (*out)->kind = kind;
    return rota_ok();
}

/* The bytes and the id of a record whose fields are filled. */
static void record_close(struct rota_record *record)
{
    struct rota_writer writer = rota_writer(record->bytes, sizeof record->bytes);
    rota_write_u8(&writer, (uint8_t)record->kind);
    record_forms[record->kind].encode(&writer, record);
    ROTA_ASSERT(!writer.bad);
    record->len = writer.len;
    record->id = rota_hash_of(ROTA_TAG("record"), rota_view(record->bytes, record->len));
}

struct rota_status rota_record_of_anchor(struct rota_record **out, const struct rota_anchor *anchor)
{
    ROTA_ASSERT(anchor->view > 0);
    ROTA_TRY(record_new(out, ROTA_RECORD_NEW_VIEW));
    (*out)->anchor = *anchor;
    record_close(*out);
    return rota_ok();
}

struct rota_status rota_record_of_recovered(struct rota_record **out, const struct rota_recovered *recovered)
{
    ROTA_TRY(record_new(out, ROTA_RECORD_RECOVERED));
    (*out)->recovered = *recovered;
    record_close(*out);
    return rota_ok();
}

struct rota_status rota_record_of_tick(struct rota_record **out, const struct rota_tick *tick)
{
    ROTA_ASSERT(tick->height > 0);
    ROTA_TRY(record_new(out, ROTA_RECORD_TICK));
    (*out)->tick = *tick;
    record_close(*out);
    return rota_ok();
}

struct rota_status rota_record_parse(struct rota_record **out, struct rota_view bytes)
{
    *out = NULL;
    if (bytes.len > ROTA_RECORD_BYTES_MAX)
        return rota_fail(ROTA_TOO_LARGE, "a record larger than any");
    struct rota_reader reader = rota_reader(bytes);
    uint8_t kind = rota_read_u8(&reader);
    if (!record_is_known(kind))
        return rota_fail(ROTA_MALFORMED, "a record of no known kind");
    struct rota_record *record = NULL;
    ROTA_TRY(record_new(&record, (enum rota_record_kind)kind));
    struct rota_status status = record_forms[kind].decode(record, &reader);
    if (rota_is_ok(status))
        status = rota_reader_finish(&reader);
    if (!rota_is_ok(status)) {
        rota_record_release(record);
        return status;
    }
    record_close(record);
    ROTA_ASSERT(rota_view_equal(rota_view(record->bytes, record->len), bytes)); /* fixed fields: one encoding */
    *out = record;
    return rota_ok();
}

struct rota_status rota_record_verify(const struct rota_record *record, const struct rota_membership *membership)
{
    return record_forms[record->kind].verify(record, membership);
}

struct rota_record *rota_record_retain(struct rota_record *record)
{
    __atomic_add_fetch(&record->references, 1, __ATOMIC_RELAXED);
    return record;
}

void rota_record_release(struct rota_record *record)
{
    if (record && __atomic_sub_fetch(&record->references, 1, __ATOMIC_ACQ_REL) == 0)
        free(record);
}
