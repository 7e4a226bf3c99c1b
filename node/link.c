/* The life of one link: made around a stream, installed when the peer has proved itself, broken by whoever finds a reason,
 * freed by the supervisor. */
#include "node/links.h"

#include <stdlib.h>

void rota_link_break(struct rota_link *link, const char *why)
{
    const char *whole = NULL;
    atomic_compare_exchange_strong(&link->broken, &whole, why);
    rota_bell_ring(&link->peers->wake);
}

/* nng: the handshake's step, or bytes received. */
static void link_on_rx(void *context)
{
    struct rota_link *link = context;
    bool greeting = atomic_load(&link->phase) == ROTA_LINK_HANDSHAKE;
    if (nng_aio_result(link->rx) != 0)
        rota_link_break(link, greeting ? "the connection ended during the handshake" : "the connection ended");
    else if (greeting)
        rota_handshake_advance(link, nng_aio_count(link->rx));
    else
        rota_receive_advance(link, nng_aio_count(link->rx));
}

/* nng: bytes sent. */
static void link_on_tx(void *context)
{
    struct rota_link *link = context;
    if (nng_aio_result(link->tx) != 0)
        rota_link_break(link, "the connection ended");
    else
        rota_transmit_advance(link, nng_aio_count(link->tx));
}

static struct rota_status link_allocate(struct rota_link *link)
{
    if (nng_aio_alloc(&link->rx, link_on_rx, link) != 0 || nng_aio_alloc(&link->tx, link_on_tx, link) != 0)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a link");
    nng_aio_set_timeout(link->rx, NNG_DURATION_INFINITE); /* the deadlines are the supervisor's */
    nng_aio_set_timeout(link->tx, NNG_DURATION_INFINITE);
    link->stage = malloc(ROTA_LINK_STAGE_BYTES);
    if (!link->stage)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a link");
    if (link->dialled)
        return rota_channel_new_dialler(&link->channel, &link->peers->identity, link->peer);
    return rota_channel_new_listener(&link->channel, &link->peers->identity);
}

struct rota_status rota_link_new(struct rota_link **out, struct rota_peers *peers, nng_stream *stream, uint32_t peer)
{
    *out = NULL;
    struct rota_link *link = calloc(1, sizeof *link);
    if (!link) {
        nng_stream_free(stream);
        return rota_fail(ROTA_NO_MEMORY, "no memory for a link");
    }
    link->peers = peers;
    link->stream = stream;
    link->peer = peer;
    link->dialled = peer != UINT32_MAX;
    atomic_init(&link->phase, ROTA_LINK_HANDSHAKE);
    atomic_init(&link->broken, NULL);
    atomic_init(&link->stalled, false);
    atomic_init(&link->heard_ms, rota_clock_monotonic_ms());
    link->deadline_ms = rota_clock_monotonic_ms() + ROTA_LINK_HANDSHAKE_MS;
    struct rota_status status = link_allocate(link);
    if (!rota_is_ok(status)) {
        rota_link_free(link);
        return status;
    }
    *out = link;
    return rota_ok();
}

/* Frames that wait for a connection that is gone are dropped: STATUS brings back what matters. */
static void link_clear_rings(struct rota_peer *peer)
{
    for (size_t i = 0; i < ROTA_LINK_CLASSES; i++)
        rota_send_ring_clear(&peer->rings[i]);
}

struct rota_link *rota_link_install(struct rota_link *link)
{
    struct rota_peer *peer = &link->peers->peers[link->peer];
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    struct rota_link *replaced = peer->link;
    link_clear_rings(peer);
    peer->link = link;
    peer->info.up = true;
    peer->info.since_ms = rota_clock_monotonic_ms();
    peer->info.round_trip_us = 0;
    peer->info.connects++;
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
    atomic_store(&link->heard_ms, rota_clock_monotonic_ms());
    atomic_store(&link->phase, ROTA_LINK_UP);
    return replaced;
}

bool rota_link_is_up(struct rota_peers *peers, uint32_t peer)
{
    ROTA_ASSERT(pthread_mutex_lock(&peers->peers[peer].mutex) == 0);
    bool up = peers->peers[peer].link != NULL;
    ROTA_ASSERT(pthread_mutex_unlock(&peers->peers[peer].mutex) == 0);
    return up;
}

/* From here on nobody finds the link any more; waits for those who had. */
static void link_remove(struct rota_link *link)
{
    struct rota_peer *peer = &link->peers->peers[link->peer];
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    if (peer->link == link) {
        peer->link = NULL;
        peer->info.up = false;
        peer->info.since_ms = rota_clock_monotonic_ms();
        link_clear_rings(peer);
    }
    while (link->users > 0)
        ROTA_ASSERT(pthread_cond_wait(&peer->unused, &peer->mutex) == 0);
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
}

void rota_link_free(struct rota_link *link)
{
    nng_stream_close(link->stream); /* ends what is on its way, so that nobody below waits long */
    if (atomic_load(&link->phase) == ROTA_LINK_UP)
        link_remove(link);
    if (link->rx)
        nng_aio_stop(link->rx);
    if (link->tx)
        nng_aio_stop(link->tx);
    nng_aio_free(link->rx);
    nng_aio_free(link->tx);
    nng_stream_free(link->stream);
    rota_transmit_drop(link);
    rota_channel_free(link->channel);
    free(link->held);
    free(link->stage);
    free(link->large);
    free(link->out);
    free(link);
}
