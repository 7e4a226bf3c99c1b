/* What waits to be sent on one link in one class: a ring bounded in frames and in bytes. Not locked: its owner is. */
#ifndef ROTA_NODE_SEND_RING_H
#define ROTA_NODE_SEND_RING_H

#include "node/packet.h"

struct rota_send_ring {
    struct rota_packet **slots; /* room of them, owned; each holds a reference */
    uint32_t room;
    uint32_t first;
    uint32_t count;
    size_t bytes; /* plain bytes that wait */
    size_t bytes_max;
};

ROTA_CHECKED struct rota_status rota_send_ring_init(struct rota_send_ring *ring, uint32_t frames_max, size_t bytes_max);
void rota_send_ring_free(struct rota_send_ring *ring); /* releases what waits */
/* Takes its own reference. False when the ring is full: nothing changes. */
ROTA_CHECKED bool rota_send_ring_put(struct rota_send_ring *ring, struct rota_packet *packet);
/* The oldest one, still in the ring; NULL when it is empty. */
struct rota_packet *rota_send_ring_first(const struct rota_send_ring *ring);
/* Takes the oldest one out; its reference passes to the caller. NULL when empty. */
struct rota_packet *rota_send_ring_take(struct rota_send_ring *ring);
void rota_send_ring_clear(struct rota_send_ring *ring);

#endif
