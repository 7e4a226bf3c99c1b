/* A frame on its way out: its plain bytes, made once and shared by every link it goes to; each link seals it for itself,
 * at the moment of sending (FORMATS §12). */
#ifndef ROTA_NODE_PACKET_H
#define ROTA_NODE_PACKET_H

#include "node/peers.h"

enum {
    ROTA_FRAME_PLAIN_MAX = ROTA_FRAME_BYTES_MAX - ROTA_CHANNEL_SEAL_BYTES,
    ROTA_FRAME_LENGTH_BYTES = 4,
    ROTA_PING_BYTES = 1 + 8,
    ROTA_PONG_BYTES = 1 + 8 + 8,
};

/* Reference counted, immutable once made. */
struct rota_packet {
    unsigned references; /* atomic */
    size_t len;
    uint8_t bytes[];
};

/* What a packet takes on the wire. */
static inline size_t rota_packet_wire_bytes(const struct rota_packet *packet)
{
    return ROTA_FRAME_LENGTH_BYTES + packet->len + ROTA_CHANNEL_SEAL_BYTES;
}

struct rota_packet *rota_packet_retain(struct rota_packet *packet);
void rota_packet_release(struct rota_packet *packet); /* NULL is fine */

/* One reference each, or NULL when memory is out. room: ROTA_FRAME_PLAIN_MAX bytes to write in. */
struct rota_packet *rota_packet_of_message(uint8_t *room, const struct rota_message *message,
                                           const struct rota_block *block);
struct rota_packet *rota_packet_of_entry(uint8_t *room, const struct rota_entry *entry);
struct rota_packet *rota_packet_of_fetch(uint8_t *room, const struct rota_fetch *fetch);

#endif
