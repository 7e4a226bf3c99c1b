#include "node/send_ring.h"

#include <stdlib.h>

struct rota_status rota_send_ring_init(struct rota_send_ring *ring, uint32_t frames_max, size_t bytes_max)
{
    *ring = (struct rota_send_ring){
        .slots = calloc(frames_max, sizeof(struct rota_packet *)), .room = frames_max, .bytes_max = bytes_max};
    return ring->slots ? rota_ok() : rota_fail(ROTA_NO_MEMORY, "no memory for a send ring");
}

void rota_send_ring_free(struct rota_send_ring *ring)
{
    rota_send_ring_clear(ring);
    free(ring->slots);
    *ring = (struct rota_send_ring){0};
}

bool rota_send_ring_put(struct rota_send_ring *ring, struct rota_packet *packet)
{
    if (ring->count == ring->room || packet->len > ring->bytes_max - ring->bytes)
        return false;
    ring->slots[(ring->first + ring->count) % ring->room] = rota_packet_retain(packet);
    ring->count++;
    ring->bytes += packet->len;
    return true;
}

struct rota_packet *rota_send_ring_first(const struct rota_send_ring *ring)
{
    return ring->count ? ring->slots[ring->first] : NULL;
}

struct rota_packet *rota_send_ring_take(struct rota_send_ring *ring)
{
    struct rota_packet *packet = rota_send_ring_first(ring);
    if (!packet)
        return NULL;
    ROTA_ASSERT(ring->bytes >= packet->len);
    ring->slots[ring->first] = NULL;
    ring->first = (ring->first + 1) % ring->room;
    ring->count--;
    ring->bytes -= packet->len;
    return packet;
}

void rota_send_ring_clear(struct rota_send_ring *ring)
{
    while (ring->count)
        rota_packet_release(rota_send_ring_take(ring));
}
