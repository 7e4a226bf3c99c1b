/* The supervisor: one thread that makes, watches and frees links. It sleeps until a deadline, or until a callback rings. */
#include "node/links.h"

/* ---- operations ----------------------------------------------------------------------------------------------------- */

static void operation_on_done(void *context)
{
    struct rota_link_operation *operation = context;
    atomic_store(&operation->state, ROTA_LINK_DONE);
    rota_bell_ring(operation->bell);
}

struct rota_status rota_link_operation_init(struct rota_link_operation *operation, struct rota_bell *bell)
{
    operation->bell = bell;
    atomic_init(&operation->state, ROTA_LINK_IDLE);
    if (nng_aio_alloc(&operation->aio, operation_on_done, operation) != 0)
        return rota_fail(ROTA_NO_MEMORY, "no memory for connections");
    return rota_ok();
}

bool rota_link_operation_finished(struct rota_link_operation *operation, int *out_error, nng_stream **out_stream)
{
    if (atomic_load(&operation->state) != ROTA_LINK_DONE)
        return false;
    *out_error = nng_aio_result(operation->aio);
    *out_stream = *out_error == 0 ? nng_aio_get_output(operation->aio, 0) : NULL;
    atomic_store(&operation->state, ROTA_LINK_IDLE);
    return true;
}

void rota_link_operation_begin(struct rota_link_operation *operation)
{
    ROTA_ASSERT(atomic_load(&operation->state) == ROTA_LINK_IDLE);
    atomic_store(&operation->state, ROTA_LINK_BUSY);
}

void rota_link_operation_free(struct rota_link_operation *operation)
{
    int error;
    nng_stream *stream = NULL;
    if (!operation->aio)
        return;
    nng_aio_stop(operation->aio);
    if (rota_link_operation_finished(operation, &error, &stream) && stream)
        nng_stream_free(stream);
    nng_aio_free(operation->aio);
    operation->aio = NULL;
}

/* ---- links ---------------------------------------------------------------------------------------------------------- */

void rota_link_wake_by(struct rota_peers *peers, uint64_t at_ms)
{
    if (at_ms < peers->wake_ms)
        peers->wake_ms = at_ms;
}

static void supervise_greeting(struct rota_link *link, uint64_t now_ms)
{
    if (now_ms >= link->deadline_ms)
        rota_link_break(link, "the handshake took more than 2 s");
    else
        rota_link_wake_by(link->peers, link->deadline_ms);
}

/* The peer has proved itself: the link is its link now, and replaces an earlier one. */
static void supervise_install(struct rota_link *link, uint64_t now_ms)
{
    struct rota_link *replaced = rota_link_install(link);
    if (replaced)
        rota_link_break(replaced, "a newer connection took its place");
    link->ping_due_ms = now_ms;
    link->peers->peers[link->peer].failures = 0;
    rota_receive_start(link);
    rota_bell_ring(link->peers->bell);
}

static void supervise_ping(struct rota_link *link, uint64_t now_ms)
{
    struct rota_peer *peer = &link->peers->peers[link->peer];
    if (now_ms >= link->ping_due_ms) {
        link->ping_due_ms = now_ms + ROTA_LINK_PING_MS;
        ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
        link->ping_wanted = true;
        ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
        rota_transmit_kick(peer);
    }
    rota_link_wake_by(link->peers, link->ping_due_ms);
}

/* Silence counts only while we listen. */
static void supervise_up(struct rota_link *link, uint64_t now_ms)
{
    if (atomic_load(&link->stalled)) {
        rota_receive_resume(link);
    } else {
        uint64_t deadline_ms = atomic_load(&link->heard_ms) + ROTA_LINK_SILENCE_MS;
        if (now_ms >= deadline_ms)
            rota_link_break(link, "the peer fell silent");
        rota_link_wake_by(link->peers, deadline_ms);
    }
    supervise_ping(link, now_ms);
}

static void supervise_link(struct rota_link *link, uint64_t now_ms)
{
    if (atomic_load(&link->phase) == ROTA_LINK_GREETED)
        supervise_install(link, now_ms);
    if (atomic_load(&link->phase) == ROTA_LINK_UP)
        supervise_up(link, now_ms);
    else
        supervise_greeting(link, now_ms);
}

/* Who it was that could not shake hands is known only when we called. */
static void supervise_note_end(struct rota_link *link, bool was_up)
{
    struct rota_peers *peers = link->peers;
    const char *why = atomic_load(&link->broken);
    struct rota_peer *peer = &peers->peers[was_up || link->dialled ? link->peer : peers->self];
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    if (was_up) {
        peer->info.down_reason = why;
    } else {
        peer->info.refused_handshakes++;
        peer->info.last_refusal = why;
    }
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
}

static void supervise_bury(struct rota_link *link)
{
    struct rota_peers *peers = link->peers;
    bool was_up = atomic_load(&link->phase) == ROTA_LINK_UP;
    uint32_t peer = link->peer;
    bool dialled = link->dialled;
    supervise_note_end(link, was_up);
    rota_link_free(link);
    if (dialled)
        rota_dialler_retry(peers, peer, was_up);
    if (was_up)
        rota_bell_ring(peers->bell);
}

static void supervise_links(struct rota_peers *peers, uint64_t now_ms)
{
    struct rota_link **at = &peers->links;
    while (*at) {
        struct rota_link *link = *at;
        if (!atomic_load(&link->broken))
            supervise_link(link, now_ms);
        if (atomic_load(&link->broken)) {
            *at = link->next;
            supervise_bury(link);
        } else {
            at = &link->next;
        }
    }
}

void *rota_supervise(void *context)
{
    struct rota_peers *peers = context;
    while (!atomic_load(&peers->stopping)) {
        uint64_t now_ms = rota_clock_monotonic_ms();
        peers->wake_ms = UINT64_MAX;
        rota_listener_tend(peers, now_ms);
        supervise_links(peers, now_ms);
        for (uint32_t i = 0; i < peers->count; i++)
            if (peers->directory->contacts[i].call)
                rota_dialler_tend(peers, i, now_ms);
        rota_bell_wait(&peers->wake, peers->wake_ms);
    }
    return NULL;
}
