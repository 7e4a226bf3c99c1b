#include "ledger/header.h"

static const char header_magic[4] = {'R', 'L', 'B', '1'};

void rota_header_encode(uint8_t out[ROTA_HEADER_BYTES], const struct rota_header *header)
{
    struct rota_writer writer = rota_writer(out, ROTA_HEADER_BYTES);
    rota_write_bytes(&writer, header_magic, sizeof header_magic);
    rota_write_hash(&writer, &header->ledger_id);
    rota_write_u32(&writer, header->epoch);
    rota_write_u64(&writer, header->height);
    rota_write_u64(&writer, header->time_ms);
    rota_write_hash(&writer, &header->prev_hash);
    rota_write_hash(&writer, &header->config_hash);
    rota_write_u64(&writer, header->tree_size);
    rota_write_hash(&writer, &header->tree_root);
    rota_write_hash(&writer, &header->outcome_hash);
    rota_write_u32(&writer, header->proposer);
    rota_write_u32(&writer, header->entry_count);
    ROTA_ASSERT(!writer.bad);
    ROTA_ASSERT(writer.len == ROTA_HEADER_BYTES);
}

struct rota_status rota_header_decode(struct rota_header *out, const uint8_t in[ROTA_HEADER_BYTES])
{
    struct rota_reader reader = rota_reader(rota_view(in, ROTA_HEADER_BYTES));
    char magic[sizeof header_magic];
    memset(out, 0, sizeof *out);
    rota_read_bytes(&reader, magic, sizeof magic);
    if (memcmp(magic, header_magic, sizeof magic) != 0)
        return rota_fail(ROTA_MALFORMED, "a block header that does not begin with RLB1");
    rota_read_hash(&reader, &out->ledger_id);
    out->epoch = rota_read_u32(&reader);
    out->height = rota_read_u64(&reader);
    out->time_ms = rota_read_u64(&reader);
    rota_read_hash(&reader, &out->prev_hash);
    rota_read_hash(&reader, &out->config_hash);
    out->tree_size = rota_read_u64(&reader);
    rota_read_hash(&reader, &out->tree_root);
    rota_read_hash(&reader, &out->outcome_hash);
    out->proposer = rota_read_u32(&reader);
    out->entry_count = rota_read_u32(&reader);
    return rota_reader_finish(&reader);
}

struct rota_hash rota_header_hash(const struct rota_header *header)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    rota_header_encode(bytes, header);
    return rota_hash_of(ROTA_TAG("block"), rota_view(bytes, sizeof bytes));
}
