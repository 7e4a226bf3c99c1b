/* The dialler: one for each contact that we call. Connects with a deadline, and after a failure again, a little later each
 * time and never in step with others. */
#include "node/links.h"

#include <sodium.h>

enum { DIALLER_GROWTH_MS = 150 };

struct rota_status rota_dialler_open(struct rota_peers *peers, uint32_t peer)
{
    struct rota_peer *dialled = &peers->peers[peer];
    ROTA_TRY(rota_link_operation_init(&dialled->dial, &peers->wake));
    nng_aio_set_timeout(dialled->dial.aio, ROTA_LINK_CONNECT_MS);
    if (nng_stream_dialer_alloc(&dialled->dialer, peers->directory->contacts[peer].address) != 0 ||
        nng_stream_dialer_set_bool(dialled->dialer, NNG_OPT_TCP_NODELAY, true) != 0)
        return rota_fail(ROTA_USAGE, "the members' document gives a facility an address that cannot be dialled");
    return rota_ok();
}

void rota_dialler_close(struct rota_peers *peers, uint32_t peer)
{
    struct rota_peer *dialled = &peers->peers[peer];
    if (dialled->dialer)
        nng_stream_dialer_close(dialled->dialer);
    rota_link_operation_free(&dialled->dial);
    if (dialled->dialer)
        nng_stream_dialer_free(dialled->dialer);
    dialled->dialer = NULL;
}

void rota_dialler_retry(struct rota_peers *peers, uint32_t peer, bool was_up)
{
    struct rota_peer *dialled = &peers->peers[peer];
    uint32_t bound = ROTA_LINK_REDIAL_MS_FIRST + DIALLER_GROWTH_MS * dialled->failures;
    if (bound > ROTA_LINK_REDIAL_MS_MAX)
        bound = ROTA_LINK_REDIAL_MS_MAX;
    else if (!was_up)
        dialled->failures++;
    dialled->engaged = false;
    dialled->redial_ms =
        rota_clock_monotonic_ms() + ROTA_LINK_REDIAL_MS_MIN + randombytes_uniform(bound - ROTA_LINK_REDIAL_MS_MIN + 1);
    rota_link_wake_by(peers, dialled->redial_ms);
}

static void dialler_engage(struct rota_peers *peers, uint32_t peer, nng_stream *stream)
{
    struct rota_link *link;
    if (!rota_is_ok(rota_link_new(&link, peers, stream, peer))) {
        rota_dialler_retry(peers, peer, false);
        return;
    }
    peers->peers[peer].engaged = true;
    link->next = peers->links;
    peers->links = link;
    rota_handshake_start(link);
    rota_link_wake_by(peers, link->deadline_ms);
}

void rota_dialler_tend(struct rota_peers *peers, uint32_t peer, uint64_t now_ms)
{
    struct rota_peer *dialled = &peers->peers[peer];
    int error;
    nng_stream *stream;
    if (rota_link_operation_finished(&dialled->dial, &error, &stream)) {
        if (stream)
            dialler_engage(peers, peer, stream);
        else
            rota_dialler_retry(peers, peer, false);
    }
    if (dialled->engaged || atomic_load(&dialled->dial.state) != ROTA_LINK_IDLE)
        return;
    if (rota_link_is_up(peers, peer)) /* they called us, from another epoch */
        dialled->redial_ms = now_ms + ROTA_LINK_REDIAL_MS_MAX;
    if (now_ms < dialled->redial_ms) {
        rota_link_wake_by(peers, dialled->redial_ms);
        return;
    }
    rota_link_operation_begin(&dialled->dial);
    nng_stream_dialer_dial(dialled->dialer, dialled->dial.aio);
}
