/* The durable record of a replica as bytes (PROTOCOL §5). Strict both ways; the node adds the checksum. */
#include "consensus/core.h"

enum { DURABLE_VERSION = 2 };

static void own_vote_write(struct rota_writer *writer, const struct rota_own_vote *vote)
{
    rota_write_u64(writer, vote->height);
    rota_write_u8(writer, (uint8_t)((vote->prepared ? 1 : 0) | (vote->committed ? 2 : 0) | (vote->crossed ? 4 : 0)));
    rota_write_u64(writer, vote->view);
    rota_write_hash(writer, &vote->nv);
    rota_write_hash(writer, &vote->block);
}

static void own_vote_read(struct rota_reader *reader, struct rota_own_vote *out)
{
    out->height = rota_read_u64(reader);
    uint8_t flags = rota_read_u8(reader);
    out->prepared = (flags & 1) != 0;
    out->committed = (flags & 2) != 0;
    out->crossed = (flags & 4) != 0;
    if (flags > 7)
        reader->bad = true;
    out->view = rota_read_u64(reader);
    rota_read_hash(reader, &out->nv);
    rota_read_hash(reader, &out->block);
}

void rota_durable_encode(struct rota_writer *writer, const struct rota_durable *durable)
{
    rota_write_u8(writer, DURABLE_VERSION);
    rota_write_u32(writer, durable->epoch);
    rota_write_u64(writer, durable->incarnation);
    rota_write_u8(writer, (uint8_t)durable->standing);
    rota_write_u64(writer, durable->recover_view);
    rota_write_u64(writer, durable->floor);
    rota_write_u64(writer, durable->view);
    rota_write_u8(writer, durable->active);
    rota_write_hash(writer, &durable->nv);
    rota_write_u64(writer, durable->tip_height);
    rota_write_hash(writer, &durable->tip);
    rota_write_u8(writer, durable->has_best);
    if (durable->has_best)
        rota_certificate_encode(writer, &durable->best);
    rota_write_u16(writer, (uint16_t)durable->best_header_count);
    for (uint32_t i = 0; i < durable->best_header_count; i++) {
        uint8_t header[ROTA_HEADER_BYTES];
        rota_header_encode(header, &durable->best_headers[i]);
        rota_write_bytes(writer, header, sizeof header);
    }
    for (uint32_t i = 0; i < ROTA_SLOTS; i++)
        own_vote_write(writer, &durable->votes[i]);
}

struct rota_status rota_durable_decode(struct rota_durable *out, struct rota_view bytes)
{
    struct rota_reader reader = rota_reader(bytes);
    memset(out, 0, sizeof *out);
    if (rota_read_u8(&reader) != DURABLE_VERSION)
        return rota_fail(ROTA_UNSUPPORTED, "the journal was written by another version of this program");
    out->epoch = rota_read_u32(&reader);
    out->incarnation = rota_read_u64(&reader);
    uint8_t standing = rota_read_u8(&reader);
    if (standing < ROTA_STANDING_NEW || standing > ROTA_STANDING_RECOVERING)
        reader.bad = true;
    out->standing = (enum rota_standing)standing;
    out->recover_view = rota_read_u64(&reader);
    out->floor = rota_read_u64(&reader);
    out->view = rota_read_u64(&reader);
    out->active = rota_read_u8(&reader) == 1;
    rota_read_hash(&reader, &out->nv);
    out->tip_height = rota_read_u64(&reader);
    rota_read_hash(&reader, &out->tip);
    out->has_best = rota_read_u8(&reader) == 1;
    if (out->has_best)
        rota_certificate_decode(&reader, &out->best);
    out->best_header_count = rota_read_u16(&reader);
    if (out->best_header_count > ROTA_SLOTS)
        return rota_fail(ROTA_MALFORMED, "the journal's lock is damaged");
    for (uint32_t i = 0; i < out->best_header_count && !reader.bad; i++) {
        uint8_t header[ROTA_HEADER_BYTES];
        rota_read_bytes(&reader, header, sizeof header);
        if (!rota_is_ok(rota_header_decode(&out->best_headers[i], header)))
            reader.bad = true;
    }
    for (uint32_t i = 0; i < ROTA_SLOTS; i++)
        own_vote_read(&reader, &out->votes[i]);
    return rota_reader_finish(&reader);
}
