#include "node/packet.h"

#include <stdlib.h>

static struct rota_packet *packet_new(const struct rota_writer *writer)
{
    ROTA_ASSERT(!writer->bad); /* the formats of ledger and consensus are bounded below a frame */
    struct rota_packet *packet = malloc(sizeof *packet + writer->len);
    if (!packet)
        return NULL;
    packet->references = 1;
    packet->len = writer->len;
    memcpy(packet->bytes, writer->data, writer->len);
    return packet;
}

struct rota_packet *rota_packet_retain(struct rota_packet *packet)
{
    __atomic_add_fetch(&packet->references, 1, __ATOMIC_RELAXED);
    return packet;
}

void rota_packet_release(struct rota_packet *packet)
{
    if (packet && __atomic_sub_fetch(&packet->references, 1, __ATOMIC_ACQ_REL) == 0)
        free(packet);
}

struct rota_packet *rota_packet_of_message(uint8_t *room, const struct rota_message *message, const struct rota_block *block)
{
    struct rota_writer writer = rota_writer(room, ROTA_FRAME_PLAIN_MAX);
    rota_write_u8(&writer, ROTA_FRAME_CONSENSUS);
    rota_message_encode(&writer, message);
    if (block)
        rota_block_encode_body(&writer, block);
    return packet_new(&writer);
}

struct rota_packet *rota_packet_of_entry(uint8_t *room, const struct rota_entry *entry)
{
    struct rota_writer writer = rota_writer(room, ROTA_FRAME_PLAIN_MAX);
    struct rota_view bytes = rota_entry_bytes(entry);
    rota_write_u8(&writer, ROTA_FRAME_ENTRY);
    rota_write_u8(&writer, (uint8_t)entry->kind);
    rota_write_bytes(&writer, bytes.data, bytes.len);
    return packet_new(&writer);
}

struct rota_packet *rota_packet_of_fetch(uint8_t *room, const struct rota_fetch *fetch)
{
    struct rota_writer writer = rota_writer(room, ROTA_FRAME_PLAIN_MAX);
    rota_write_u8(&writer, ROTA_FRAME_FETCH);
    rota_write_u64(&writer, fetch->from);
    rota_write_u64(&writer, fetch->to);
    rota_write_hash(&writer, &fetch->block);
    return packet_new(&writer);
}
