#include "crypto/codec.h"

/* ---- writing -------------------------------------------------------------------------------------------------------- */

static uint8_t *writer_room(struct rota_writer *writer, size_t len)
{
    ROTA_ASSERT(writer->len <= writer->size);
    if (writer->bad || writer->size - writer->len < len) {
        writer->bad = true;
        return NULL;
    }
    uint8_t *at = writer->data + writer->len;
    writer->len += len;
    return at;
}

static void writer_integer(struct rota_writer *writer, uint64_t value, size_t bytes)
{
    uint8_t *at = writer_room(writer, bytes);
    for (size_t i = bytes; at && i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
}

void rota_write_u8(struct rota_writer *writer, uint8_t value)
{
    writer_integer(writer, value, 1);
}

void rota_write_u16(struct rota_writer *writer, uint16_t value)
{
    writer_integer(writer, value, 2);
}

void rota_write_u32(struct rota_writer *writer, uint32_t value)
{
    writer_integer(writer, value, 4);
}

void rota_write_u64(struct rota_writer *writer, uint64_t value)
{
    writer_integer(writer, value, 8);
}

void rota_write_bytes(struct rota_writer *writer, const void *data, size_t len)
{
    uint8_t *at = writer_room(writer, len);
    if (at && len > 0)
        memcpy(at, data, len);
}

void rota_write_hash(struct rota_writer *writer, const struct rota_hash *hash)
{
    rota_write_bytes(writer, hash->b, sizeof hash->b);
}

void rota_write_signature(struct rota_writer *writer, const struct rota_signature *signature)
{
    rota_write_bytes(writer, signature->b, sizeof signature->b);
}

void rota_write_short(struct rota_writer *writer, struct rota_view bytes)
{
    if (bytes.len > UINT16_MAX)
        writer->bad = true;
    rota_write_u16(writer, (uint16_t)bytes.len);
    rota_write_bytes(writer, bytes.data, bytes.len);
}

void rota_write_long(struct rota_writer *writer, struct rota_view bytes)
{
    if (bytes.len > UINT32_MAX)
        writer->bad = true;
    rota_write_u32(writer, (uint32_t)bytes.len);
    rota_write_bytes(writer, bytes.data, bytes.len);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static const uint8_t *reader_take(struct rota_reader *reader, size_t len)
{
    ROTA_ASSERT(reader->at <= reader->len);
    if (reader->bad || reader->len - reader->at < len) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *at = reader->data + reader->at;
    reader->at += len;
    return at;
}

static uint64_t reader_integer(struct rota_reader *reader, size_t bytes)
{
    const uint8_t *at = reader_take(reader, bytes);
    uint64_t value = 0;
    for (size_t i = 0; at && i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

uint8_t rota_read_u8(struct rota_reader *reader)
{
    return (uint8_t)reader_integer(reader, 1);
}

bool rota_read_flag(struct rota_reader *reader)
{
    uint8_t flag = rota_read_u8(reader);
    if (flag > 1)
        reader->bad = true;
    return flag == 1;
}

uint16_t rota_read_u16(struct rota_reader *reader)
{
    return (uint16_t)reader_integer(reader, 2);
}

uint32_t rota_read_u32(struct rota_reader *reader)
{
    return (uint32_t)reader_integer(reader, 4);
}

uint64_t rota_read_u64(struct rota_reader *reader)
{
    return reader_integer(reader, 8);
}

void rota_read_bytes(struct rota_reader *reader, void *out, size_t len)
{
    const uint8_t *at = reader_take(reader, len);
    if (at && len > 0)
        memcpy(out, at, len);
    else
        memset(out, 0, len);
}

void rota_read_hash(struct rota_reader *reader, struct rota_hash *out)
{
    rota_read_bytes(reader, out->b, sizeof out->b);
}

void rota_read_signature(struct rota_reader *reader, struct rota_signature *out)
{
    rota_read_bytes(reader, out->b, sizeof out->b);
}

struct rota_view rota_read_view(struct rota_reader *reader, size_t len)
{
    const uint8_t *at = reader_take(reader, len);
    return rota_view(at, at ? len : 0);
}

struct rota_view rota_read_short(struct rota_reader *reader)
{
    return rota_read_view(reader, rota_read_u16(reader));
}

struct rota_view rota_read_long(struct rota_reader *reader)
{
    return rota_read_view(reader, rota_read_u32(reader));
}

struct rota_status rota_reader_finish(const struct rota_reader *reader)
{
    if (reader->bad)
        return rota_fail(ROTA_MALFORMED, "bytes that end too early or hold what no writer makes");
    if (reader->at != reader->len)
        return rota_fail(ROTA_MALFORMED, "bytes after the end");
    return rota_ok();
}
