/* Sending: what waits in the peer's rings is sealed in batches and written, one write on its way at a time. Frames are
 * sealed in the order in which they leave. Whoever finds the link idle starts the write; nng's callback goes on with the
 * next. */
#include "node/links.h"

#include <stdlib.h>

static struct rota_peer *transmit_peer(const struct rota_link *link)
{
    return &link->peers->peers[link->peer];
}

/* PONG first, then PING: they measure. Locked by the caller. */
static void transmit_gather_control(struct rota_link *link)
{
    struct rota_writer writer = rota_writer(link->control, sizeof link->control);
    link->control_pong = link->pong_wanted;
    link->control_ping = link->ping_wanted;
    link->pong_wanted = link->ping_wanted = false;
    uint64_t now_ms = rota_clock_wall_ms();
    if (link->control_pong) {
        rota_write_u8(&writer, ROTA_FRAME_PONG);
        rota_write_u64(&writer, link->pong_echo);
        rota_write_u64(&writer, now_ms);
    }
    if (link->control_ping) {
        rota_write_u8(&writer, ROTA_FRAME_PING);
        rota_write_u64(&writer, now_ms);
        if (link->ping_value == 0) {
            link->ping_value = now_ms;
            link->ping_sent_us = rota_clock_monotonic_us();
        }
    }
    ROTA_ASSERT(!writer.bad);
}

/* The next packets, higher classes first: as many as fit a stage, but at least one. Locked by the caller. */
static size_t transmit_gather_packets(struct rota_link *link, struct rota_peer *peer)
{
    size_t bytes = 0;
    for (size_t class = 0; class < ROTA_LINK_CLASSES; class ++) {
        const struct rota_packet *packet;
        while ((packet = rota_send_ring_first(&peer->rings[class])) && link->batch_count < ROTA_LINK_BATCH_FRAMES) {
            size_t wire = rota_packet_wire_bytes(packet);
            if (link->batch_count > 0 && bytes + wire > ROTA_LINK_STAGE_BYTES)
                return bytes;
            link->batch[link->batch_count++] = rota_send_ring_take(&peer->rings[class]);
            bytes += wire;
        }
    }
    return bytes;
}

/* Fills the batch. Returns its size on the wire, 0 when nothing waits. Locked by the caller, who owns `sending`. */
static size_t transmit_gather(struct rota_link *link, struct rota_peer *peer)
{
    enum { OVERHEAD = ROTA_FRAME_LENGTH_BYTES + ROTA_CHANNEL_SEAL_BYTES };
    transmit_gather_control(link);
    size_t bytes = transmit_gather_packets(link, peer);
    if (link->control_pong)
        bytes += ROTA_PONG_BYTES + OVERHEAD;
    if (link->control_ping)
        bytes += ROTA_PING_BYTES + OVERHEAD;
    peer->info.frames_out += link->batch_count + link->control_pong + link->control_ping;
    peer->info.bytes_out += bytes;
    return bytes;
}

void rota_transmit_drop(struct rota_link *link)
{
    for (unsigned i = 0; i < link->batch_count; i++)
        rota_packet_release(link->batch[i]);
    link->batch_count = 0;
}

static void transmit_seal(struct rota_link *link, struct rota_view plain)
{
    struct rota_writer writer = rota_writer(link->out + link->out_len, ROTA_FRAME_LENGTH_BYTES);
    size_t sealed = plain.len + ROTA_CHANNEL_SEAL_BYTES;
    ROTA_ASSERT(link->out_len + ROTA_FRAME_LENGTH_BYTES + sealed <= link->out_room);
    rota_write_u32(&writer, (uint32_t)sealed);
    rota_channel_seal(link->channel, link->out + link->out_len + ROTA_FRAME_LENGTH_BYTES, plain);
    link->out_len += ROTA_FRAME_LENGTH_BYTES + sealed;
}

/* Room for one batch; what a large frame needed is given back with the next small one. */
static bool transmit_make_room(struct rota_link *link, size_t bytes)
{
    enum { USUAL = ROTA_LINK_STAGE_BYTES + 256 };
    size_t room = bytes > USUAL ? bytes : USUAL;
    if (link->out && link->out_room == room)
        return true;
    free(link->out);
    link->out = malloc(room);
    link->out_room = link->out ? room : 0;
    return link->out != NULL;
}

static void transmit_post(struct rota_link *link)
{
    nng_iov iov = {.iov_buf = link->out + link->out_at, .iov_len = link->out_len - link->out_at};
    ROTA_ASSERT(iov.iov_len > 0 && nng_aio_set_iov(link->tx, 1, &iov) == 0);
    nng_stream_send(link->stream, link->tx);
}

/* Seals the batch and writes it. */
static void transmit_batch(struct rota_link *link, size_t bytes)
{
    link->out_len = link->out_at = 0;
    if (!transmit_make_room(link, bytes)) {
        rota_transmit_drop(link);
        rota_link_break(link, "no memory for sending");
        return;
    }
    size_t ping_at = link->control_pong ? ROTA_PONG_BYTES : 0;
    if (link->control_pong)
        transmit_seal(link, rota_view(link->control, ROTA_PONG_BYTES));
    if (link->control_ping)
        transmit_seal(link, rota_view(link->control + ping_at, ROTA_PING_BYTES));
    for (unsigned i = 0; i < link->batch_count; i++)
        transmit_seal(link, rota_view(link->batch[i]->bytes, link->batch[i]->len));
    rota_transmit_drop(link);
    transmit_post(link);
}

void rota_transmit_advance(struct rota_link *link, size_t moved)
{
    struct rota_peer *peer = transmit_peer(link);
    link->out_at += moved;
    if (link->out_at < link->out_len) {
        transmit_post(link);
        return;
    }
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    size_t bytes = peer->link == link ? transmit_gather(link, peer) : 0;
    link->sending = bytes > 0;
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
    if (bytes > 0)
        transmit_batch(link, bytes);
}

void rota_transmit_kick(struct rota_peer *peer)
{
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    struct rota_link *link = peer->link;
    size_t bytes = link && !link->sending ? transmit_gather(link, peer) : 0;
    if (bytes > 0) {
        link->sending = true;
        link->users++;
    }
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
    if (bytes == 0)
        return;
    transmit_batch(link, bytes);
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    if (--link->users == 0)
        ROTA_ASSERT(pthread_cond_broadcast(&peer->unused) == 0);
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
}
