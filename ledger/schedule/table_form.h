/* How the files that know the byte form of rows write it: tokens, numbers that sort, keys. For tables*.c only. */
#ifndef ROTA_LEDGER_SCHEDULE_TABLE_FORM_H
#define ROTA_LEDGER_SCHEDULE_TABLE_FORM_H

#include "crypto/codec.h"
#include "ledger/schedule/tables.h"

/* A signed number moved so that its big-endian bytes sort as the numbers do. */
static inline uint64_t rota_order_i64(int64_t value)
{
    return (uint64_t)value ^ (UINT64_C(1) << 63);
}

static inline uint32_t rota_order_i32(int32_t value)
{
    return (uint32_t)value ^ (UINT32_C(1) << 31);
}

static inline int64_t rota_unorder_i64(uint64_t value)
{
    return (int64_t)(value ^ (UINT64_C(1) << 63));
}

/* The empty token (a code without a pool) is length 0. */
static inline void rota_write_token(struct rota_writer *writer, const struct rota_token *token)
{
    size_t len = strnlen(token->text, sizeof token->text);
    ROTA_ASSERT(len <= ROTA_TOKEN_CHARS_MAX);
    rota_write_u8(writer, (uint8_t)len);
    rota_write_bytes(writer, token->text, len);
}

static inline struct rota_token rota_read_token(struct rota_reader *reader)
{
    struct rota_token token = {.text = ""};
    size_t len = rota_read_u8(reader);
    ROTA_ASSERT(len <= ROTA_TOKEN_CHARS_MAX);
    rota_read_bytes(reader, token.text, len);
    return token;
}

/* What was written here reads back whole. */
static inline void rota_row_finish(const struct rota_reader *reader)
{
    ROTA_ASSERT(!reader->bad);
    ROTA_ASSERT(reader->at == reader->len);
}

static inline struct rota_writer rota_key_start(struct rota_key *key, enum rota_table table)
{
    struct rota_writer writer = rota_writer(key->bytes, sizeof key->bytes);
    rota_write_u8(&writer, (uint8_t)table);
    return writer;
}

static inline void rota_key_finish(struct rota_key *key, const struct rota_writer *writer)
{
    ROTA_ASSERT(!writer->bad);
    ROTA_ASSERT(writer->len > 0);
    key->len = writer->len;
}

static inline struct rota_key rota_key_of_token(enum rota_table table, const struct rota_token *token)
{
    struct rota_key key;
    struct rota_writer writer = rota_key_start(&key, table);
    rota_write_token(&writer, token);
    rota_key_finish(&key, &writer);
    return key;
}

static inline struct rota_key rota_key_of_kid(enum rota_table table, const struct rota_kid *kid)
{
    struct rota_key key;
    struct rota_writer writer = rota_key_start(&key, table);
    rota_write_bytes(&writer, kid->b, sizeof kid->b);
    rota_key_finish(&key, &writer);
    return key;
}

static inline struct rota_reader rota_key_read(const struct rota_row *row, enum rota_table table)
{
    struct rota_reader reader = rota_reader(rota_row_key(row));
    uint8_t number = rota_read_u8(&reader);
    ROTA_ASSERT(number == (uint8_t)table);
    return reader;
}

static inline void rota_table_put(struct rota_rows *rows, const struct rota_key *key, const struct rota_writer *value)
{
    ROTA_ASSERT(!value->bad);
    rota_row_put(rows, rota_key_view(key), rota_view(value->data, value->len), rota_view(NULL, 0));
}

#endif
