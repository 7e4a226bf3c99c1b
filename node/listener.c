/* The listener: accepts connections, one at a time. Strangers cost little: few may wait to prove who they are, the one that
 * has waited longest makes room, and when there are many the next is let in a little later. */
#include "node/links.h"

enum { LISTENER_CROWD = ROTA_LINK_PENDING_MAX / 2, LISTENER_CROWD_PAUSE_MS = 5 };

static struct rota_status listener_failure(int error)
{
    if (error == NNG_EADDRINUSE)
        return rota_fail(ROTA_IO, "the port for facilities is taken: does another rotad run here?");
    if (error == NNG_EADDRINVAL)
        return rota_fail(ROTA_IO, "the address for facilities is not one of this machine");
    return rota_fail(ROTA_IO, "cannot listen for facilities");
}

struct rota_status rota_listener_open(struct rota_peers *peers, const char *address)
{
    ROTA_TRY(rota_link_operation_init(&peers->accept, &peers->wake));
    int error = nng_stream_listener_alloc(&peers->listener, address);
    if (error == 0) /* off in the packaged version: a vote would wait for the acknowledgement of the one before */
        error = nng_stream_listener_set_bool(peers->listener, NNG_OPT_TCP_NODELAY, true);
    if (error == 0)
        error = nng_stream_listener_listen(peers->listener);
    return error == 0 ? rota_ok() : listener_failure(error);
}

void rota_listener_close(struct rota_peers *peers)
{
    if (peers->listener)
        nng_stream_listener_close(peers->listener);
    rota_link_operation_free(&peers->accept);
    if (peers->listener)
        nng_stream_listener_free(peers->listener);
    peers->listener = NULL;
}

/* How many have not proved who they are, and who of them came first (new links go to the head of the list). */
static uint32_t listener_count(const struct rota_peers *peers, struct rota_link **out_oldest)
{
    uint32_t count = 0;
    for (struct rota_link *link = peers->links; link; link = link->next) {
        if (link->dialled || atomic_load(&link->phase) != ROTA_LINK_HANDSHAKE || atomic_load(&link->broken))
            continue;
        *out_oldest = link;
        count++;
    }
    return count;
}

static void listener_admit(struct rota_peers *peers, nng_stream *stream, uint64_t now_ms)
{
    struct rota_link *link, *oldest = NULL;
    uint32_t count = listener_count(peers, &oldest);
    if (count >= ROTA_LINK_PENDING_MAX)
        rota_link_break(oldest, "too many callers at once");
    if (count >= LISTENER_CROWD)
        peers->accept_ms = now_ms + LISTENER_CROWD_PAUSE_MS;
    if (!rota_is_ok(rota_link_new(&link, peers, stream, UINT32_MAX))) {
        peers->accept_ms = now_ms + ROTA_LINK_ACCEPT_PAUSE_MS;
        return;
    }
    link->next = peers->links;
    peers->links = link;
    rota_handshake_start(link);
}

void rota_listener_tend(struct rota_peers *peers, uint64_t now_ms)
{
    int error;
    nng_stream *stream;
    if (rota_link_operation_finished(&peers->accept, &error, &stream)) {
        if (stream)
            listener_admit(peers, stream, now_ms);
        else
            peers->accept_ms = now_ms + ROTA_LINK_ACCEPT_PAUSE_MS; /* no descriptor left, most likely: not in a circle */
    }
    if (atomic_load(&peers->accept.state) != ROTA_LINK_IDLE)
        return;
    if (now_ms < peers->accept_ms) {
        rota_link_wake_by(peers, peers->accept_ms);
        return;
    }
    rota_link_operation_begin(&peers->accept);
    nng_stream_listener_accept(peers->listener, peers->accept.aio);
}
