/* Receiving: the stream is cut into sealed frames, each is opened and put into the peer's inbox. One receive is outstanding
 * at a time, so all this runs on one thread at a time. A full inbox stops the reading, and TCP tells the peer. */
#include "node/links.h"

#include <stdlib.h>

enum receive_state { RECEIVE_MORE, RECEIVE_STALLED, RECEIVE_BROKEN };

static struct rota_peer *receive_peer(const struct rota_link *link)
{
    return &link->peers->peers[link->peer];
}

/* PING: its bytes go back with our clock. One answer waits at most, so a flood of pings costs the flooder's link only. */
static void receive_ping(struct rota_link *link, struct rota_reader *reader)
{
    struct rota_peer *peer = receive_peer(link);
    uint64_t echo = rota_read_u64(reader);
    if (!rota_is_ok(rota_reader_finish(reader)))
        return;
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    link->pong_wanted = true;
    link->pong_echo = echo;
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
    rota_transmit_kick(peer);
}

/* PONG: our clock when the ping left, and theirs when it came back from them: half-way, as far as anybody can tell. */
static void receive_pong(struct rota_link *link, struct rota_reader *reader)
{
    struct rota_peer *peer = receive_peer(link);
    uint64_t echo = rota_read_u64(reader), theirs = rota_read_u64(reader);
    if (!rota_is_ok(rota_reader_finish(reader)))
        return;
    uint64_t now_us = rota_clock_monotonic_us();
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    if (link->ping_value != 0 && link->ping_value == echo) {
        uint64_t trip_us = now_us - link->ping_sent_us;
        peer->info.round_trip_us = trip_us ? trip_us : 1;
        peer->info.clock_offset_ms = (int64_t)(theirs - (echo + trip_us / 2000));
        link->ping_value = 0;
    }
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
}

/* Keeps the frame for the loop, or in `held` when there is no room. */
static enum receive_state receive_put(struct rota_link *link, struct rota_raw *raw)
{
    if (rota_workers_put(link->peers->workers, link->peer, raw)) {
        link->held = NULL;
        return RECEIVE_MORE;
    }
    link->held = raw;
    return RECEIVE_STALLED;
}

static enum receive_state receive_frame(struct rota_link *link, struct rota_raw *raw)
{
    struct rota_reader reader = rota_reader(rota_view(raw->bytes, raw->len));
    uint8_t kind = rota_read_u8(&reader);
    if (kind != ROTA_FRAME_PING && kind != ROTA_FRAME_PONG)
        return receive_put(link, raw);
    if (kind == ROTA_FRAME_PING)
        receive_ping(link, &reader);
    else
        receive_pong(link, &reader);
    free(raw);
    return RECEIVE_MORE;
}

static enum receive_state receive_break(struct rota_link *link, const char *why)
{
    struct rota_peer *peer = receive_peer(link);
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    peer->info.refused_in++;
    peer->info.last_refusal = why;
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
    rota_link_break(link, why);
    return RECEIVE_BROKEN;
}

static enum receive_state receive_sealed(struct rota_link *link, struct rota_view sealed)
{
    struct rota_peer *peer = receive_peer(link);
    struct rota_raw *raw = rota_raw_new(sealed.len - ROTA_CHANNEL_SEAL_BYTES);
    if (!raw) {
        rota_link_break(link, "no memory for a frame");
        return RECEIVE_BROKEN;
    }
    struct rota_status status = rota_channel_open(link->channel, raw->bytes, &raw->len, sealed);
    if (!rota_is_ok(status)) {
        free(raw);
        return receive_break(link, status.why);
    }
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    peer->info.frames_in++;
    peer->info.bytes_in += ROTA_FRAME_LENGTH_BYTES + sealed.len;
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
    return receive_frame(link, raw);
}

/* A frame that is larger than the stage gets a buffer of its own and is read right into it. */
static enum receive_state receive_begin_large(struct rota_link *link, size_t at, size_t len)
{
    link->large = malloc(len);
    if (!link->large) {
        rota_link_break(link, "no memory for a frame");
        return RECEIVE_BROKEN;
    }
    link->large_len = len;
    link->large_at = link->stage_len - at;
    memcpy(link->large, link->stage + at, link->large_at);
    link->stage_len = 0;
    return RECEIVE_MORE;
}

static enum receive_state receive_large(struct rota_link *link)
{
    if (link->large_at < link->large_len)
        return RECEIVE_MORE;
    enum receive_state state = receive_sealed(link, rota_view(link->large, link->large_len));
    free(link->large);
    link->large = NULL;
    return state;
}

/* Length of the sealed frame at `at`; 0 when its length has not come yet, SIZE_MAX when no frame has it. */
static size_t receive_length(const struct rota_link *link, size_t at)
{
    struct rota_reader reader = rota_reader(rota_view(link->stage + at, link->stage_len - at));
    size_t len = rota_read_u32(&reader);
    if (reader.bad)
        return 0;
    return len > ROTA_CHANNEL_SEAL_BYTES && len <= ROTA_FRAME_BYTES_MAX ? len : SIZE_MAX;
}

/* All whole frames of the stage; what is left moves to its beginning. */
static enum receive_state receive_stage(struct rota_link *link)
{
    enum receive_state state = RECEIVE_MORE;
    size_t at = 0;
    while (state == RECEIVE_MORE && !link->large) {
        size_t len = receive_length(link, at);
        if (len == SIZE_MAX)
            return receive_break(link, "a frame of a length that no frame has");
        if (len == 0)
            break;
        if (ROTA_FRAME_LENGTH_BYTES + len > ROTA_LINK_STAGE_BYTES)
            return receive_begin_large(link, at + ROTA_FRAME_LENGTH_BYTES, len);
        if (link->stage_len - at < ROTA_FRAME_LENGTH_BYTES + len)
            break;
        state = receive_sealed(link, rota_view(link->stage + at + ROTA_FRAME_LENGTH_BYTES, len));
        at += ROTA_FRAME_LENGTH_BYTES + len;
    }
    link->stage_len -= at;
    memmove(link->stage, link->stage + at, link->stage_len);
    return state;
}

static void receive_post(struct rota_link *link)
{
    nng_iov iov = {.iov_buf = link->stage + link->stage_len, .iov_len = ROTA_LINK_STAGE_BYTES - link->stage_len};
    if (link->large)
        iov = (nng_iov){.iov_buf = link->large + link->large_at, .iov_len = link->large_len - link->large_at};
    ROTA_ASSERT(iov.iov_len > 0 && nng_aio_set_iov(link->rx, 1, &iov) == 0);
    nng_stream_recv(link->stream, link->rx);
}

/* Goes on with what is here, then asks for more. A stalled link is the supervisor's until it resumes. */
static void receive_continue(struct rota_link *link)
{
    enum receive_state state = link->held ? receive_put(link, link->held) : RECEIVE_MORE;
    if (state == RECEIVE_MORE && link->large)
        state = receive_large(link);
    if (state == RECEIVE_MORE && !link->large)
        state = receive_stage(link);
    if (state == RECEIVE_MORE) {
        receive_post(link);
    } else if (state == RECEIVE_STALLED) {
        atomic_store(&link->stalled, true);
        rota_bell_ring(&link->peers->wake); /* room may have come before the supervisor could see that we wait */
    }
}

void rota_receive_start(struct rota_link *link)
{
    receive_post(link);
}

void rota_receive_advance(struct rota_link *link, size_t moved)
{
    atomic_store(&link->heard_ms, rota_clock_monotonic_ms());
    if (link->large)
        link->large_at += moved;
    else
        link->stage_len += moved;
    receive_continue(link);
}

void rota_receive_resume(struct rota_link *link)
{
    struct rota_raw *held = link->held;
    ROTA_ASSERT(held);
    atomic_store(&link->heard_ms, rota_clock_monotonic_ms()); /* it could not be heard while we did not listen */
    if (receive_put(link, held) == RECEIVE_STALLED)
        return;
    atomic_store(&link->stalled, false);
    receive_continue(link);
}
