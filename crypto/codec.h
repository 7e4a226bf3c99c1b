/* Cursors over bytes: fixed-width big-endian integers, length-prefixed strings. A cursor cannot overrun: the first
 * operation that does not fit makes it `bad`, later ones do nothing, and the caller looks once, at the end. */
#ifndef ROTA_CRYPTO_CODEC_H
#define ROTA_CRYPTO_CODEC_H

#include "crypto/bytes.h"

struct rota_writer {
    uint8_t *data;
    size_t size; /* room */
    size_t len;  /* written */
    bool bad;
};

struct rota_reader {
    const uint8_t *data;
    size_t len;
    size_t at;
    bool bad;
};

static inline struct rota_writer rota_writer(void *data, size_t size)
{
    return (struct rota_writer){(uint8_t *)data, size, 0, false};
}

static inline struct rota_reader rota_reader(struct rota_view bytes)
{
    return (struct rota_reader){bytes.data, bytes.len, 0, false};
}

void rota_write_u8(struct rota_writer *writer, uint8_t value);
void rota_write_u16(struct rota_writer *writer, uint16_t value);
void rota_write_u32(struct rota_writer *writer, uint32_t value);
void rota_write_u64(struct rota_writer *writer, uint64_t value);
void rota_write_bytes(struct rota_writer *writer, const void *data, size_t len); /* no length prefix */
void rota_write_hash(struct rota_writer *writer, const struct rota_hash *hash);
void rota_write_signature(struct rota_writer *writer, const struct rota_signature *signature);
void rota_write_short(struct rota_writer *writer, struct rota_view bytes); /* u16 length, then bytes */
void rota_write_long(struct rota_writer *writer, struct rota_view bytes);  /* u32 length, then bytes */

uint8_t rota_read_u8(struct rota_reader *reader);
bool rota_read_flag(struct rota_reader *reader); /* a u8 that is 0 or 1: one value, one encoding */
uint16_t rota_read_u16(struct rota_reader *reader);
uint32_t rota_read_u32(struct rota_reader *reader);
uint64_t rota_read_u64(struct rota_reader *reader);
void rota_read_bytes(struct rota_reader *reader, void *out, size_t len); /* zeroes out when it does not fit */
void rota_read_hash(struct rota_reader *reader, struct rota_hash *out);
void rota_read_signature(struct rota_reader *reader, struct rota_signature *out);
struct rota_view rota_read_view(struct rota_reader *reader, size_t len); /* borrowed from the reader's bytes */
struct rota_view rota_read_short(struct rota_reader *reader);
struct rota_view rota_read_long(struct rota_reader *reader);

/* ROTA_OK only when nothing was bad and every byte was consumed. */
ROTA_CHECKED struct rota_status rota_reader_finish(const struct rota_reader *reader);

#endif
