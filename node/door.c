/* The door: accepts connections, one at a time. Strangers cost little: few may stand in the door at once, the one that has
 * stood there longest makes room, and when there are many the next is let in a little later. */
#include "node/links.h"

enum { DOOR_CROWD = LINK_PENDING_MAX / 2, DOOR_CROWD_PAUSE_MS = 5 };

static struct rota_status door_failure(int error)
{
    if (error == NNG_EADDRINUSE)
        return rota_fail(ROTA_IO, "the port for facilities is taken: does another rotad run here?");
    if (error == NNG_EADDRINVAL)
        return rota_fail(ROTA_IO, "the address for facilities is not one of this machine");
    return rota_fail(ROTA_IO, "cannot listen for facilities");
}

struct rota_status rota_door_open(struct rota_peers *peers, const char *address)
{
    ROTA_TRY(link_operation_init(&peers->accept, &peers->wake));
    int error = nng_stream_listener_alloc(&peers->listener, address);
    if (error == 0)
        error = nng_stream_listener_listen(peers->listener);
    return error == 0 ? rota_ok() : door_failure(error);
}

void rota_door_close(struct rota_peers *peers)
{
    if (peers->listener)
        nng_stream_listener_close(peers->listener);
    link_operation_free(&peers->accept);
    if (peers->listener)
        nng_stream_listener_free(peers->listener);
    peers->listener = NULL;
}

/* How many stand in the door, and who came first (new links go to the head of the list). */
static uint32_t door_count(const struct rota_peers *peers, struct rota_link **out_oldest)
{
    uint32_t count = 0;
    for (struct rota_link *link = peers->links; link; link = link->next) {
        if (link->dialled || atomic_load(&link->phase) != LINK_HANDSHAKE || atomic_load(&link->broken))
            continue;
        *out_oldest = link;
        count++;
    }
    return count;
}

static void door_admit(struct rota_peers *peers, nng_stream *stream, uint64_t now_ms)
{
    struct rota_link *link, *oldest = NULL;
    uint32_t count = door_count(peers, &oldest);
    if (count >= LINK_PENDING_MAX)
        rota_link_break(oldest, "too many callers at once");
    if (count >= DOOR_CROWD)
        peers->accept_ms = now_ms + DOOR_CROWD_PAUSE_MS;
    if (!rota_is_ok(rota_link_new(&link, peers, stream, UINT32_MAX))) {
        peers->accept_ms = now_ms + LINK_ACCEPT_PAUSE_MS;
        return;
    }
    link->next = peers->links;
    peers->links = link;
    rota_handshake_start(link);
}

void rota_door_tend(struct rota_peers *peers, uint64_t now_ms)
{
    int error;
    nng_stream *stream;
    if (link_operation_finished(&peers->accept, &error, &stream)) {
        if (stream)
            door_admit(peers, stream, now_ms);
        else
            peers->accept_ms = now_ms + LINK_ACCEPT_PAUSE_MS; /* no descriptor left, most likely: not in a circle */
    }
    if (atomic_load(&peers->accept.state) != LINK_IDLE)
        return;
    if (now_ms < peers->accept_ms) {
        link_wake_by(peers, peers->accept_ms);
        return;
    }
    link_operation_begin(&peers->accept);
    nng_stream_listener_accept(peers->listener, peers->accept.aio);
}
