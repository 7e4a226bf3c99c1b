/* The handshake of a link: the channel's steps as a table, moved by nng's callbacks (FORMATS §12). The supervisor keeps the
 * deadline. Both sides know each other before either sends a frame. */
#include "node/links.h"

struct handshake_step {
    bool send;
    size_t bytes;
    struct rota_status (*run)(struct rota_link *link); /* fills step_bytes before they go, or judges them once they came */
};

static struct rota_status handshake_write_hello(struct rota_link *link)
{
    rota_channel_write_hello(link->channel, link->step_bytes);
    return rota_ok();
}

static struct rota_status handshake_read_hello(struct rota_link *link)
{
    return rota_channel_read_hello(link->channel, link->step_bytes);
}

static struct rota_status handshake_write_welcome(struct rota_link *link)
{
    rota_channel_write_welcome(link->channel, link->step_bytes);
    return rota_ok();
}

static struct rota_status handshake_read_welcome(struct rota_link *link)
{
    return rota_channel_read_welcome(link->channel, link->step_bytes);
}

static struct rota_status handshake_write_proof(struct rota_link *link)
{
    rota_channel_write_proof(link->channel, link->step_bytes);
    rota_channel_write_header(link->channel, link->step_bytes + ROTA_CHANNEL_PROOF_BYTES);
    return rota_ok();
}

/* One side of each pair calls (node/directory.c). Two sides that are in different epochs may both think that it is theirs:
 * then the first call holds, and only a second one is a mistake. */
static struct rota_status handshake_read_proof(struct rota_link *link)
{
    ROTA_TRY(rota_channel_read_proof(link->channel, link->step_bytes));
    link->peer = rota_channel_peer(link->channel);
    if (link->peers->directory->contacts[link->peer].call && rota_link_is_up(link->peers, link->peer))
        return rota_fail(ROTA_REFUSED, "the caller is a facility that we have called");
    return rota_channel_read_header(link->channel, link->step_bytes + ROTA_CHANNEL_PROOF_BYTES);
}

static struct rota_status handshake_write_header(struct rota_link *link)
{
    rota_channel_write_header(link->channel, link->step_bytes);
    return rota_ok();
}

static struct rota_status handshake_read_header(struct rota_link *link)
{
    return rota_channel_read_header(link->channel, link->step_bytes);
}

enum { HANDSHAKE_STEPS = 4 };

static const struct handshake_step handshake_dials[HANDSHAKE_STEPS] = {
    {true, ROTA_CHANNEL_HELLO_BYTES, handshake_write_hello},
    {false, ROTA_CHANNEL_WELCOME_BYTES, handshake_read_welcome},
    {true, ROTA_CHANNEL_PROOF_BYTES + ROTA_CHANNEL_HEADER_BYTES, handshake_write_proof},
    {false, ROTA_CHANNEL_HEADER_BYTES, handshake_read_header},
};

static const struct handshake_step handshake_listens[HANDSHAKE_STEPS] = {
    {false, ROTA_CHANNEL_HELLO_BYTES, handshake_read_hello},
    {true, ROTA_CHANNEL_WELCOME_BYTES, handshake_write_welcome},
    {false, ROTA_CHANNEL_PROOF_BYTES + ROTA_CHANNEL_HEADER_BYTES, handshake_read_proof},
    {true, ROTA_CHANNEL_HEADER_BYTES, handshake_write_header},
};

static const struct handshake_step *handshake_step_of(const struct rota_link *link)
{
    return link->dialled ? &handshake_dials[link->step] : &handshake_listens[link->step];
}

/* What is left of this step's bytes. */
static void handshake_move(struct rota_link *link, const struct handshake_step *step)
{
    nng_iov iov = {.iov_buf = link->step_bytes + link->step_at, .iov_len = step->bytes - link->step_at};
    ROTA_ASSERT(nng_aio_set_iov(link->rx, 1, &iov) == 0);
    if (step->send)
        nng_stream_send(link->stream, link->rx);
    else
        nng_stream_recv(link->stream, link->rx);
}

static void handshake_begin_step(struct rota_link *link)
{
    const struct handshake_step *step = handshake_step_of(link);
    ROTA_ASSERT(step->bytes <= sizeof link->step_bytes);
    link->step_at = 0;
    if (step->send && !rota_is_ok(step->run(link)))
        return; /* writers do not fail */
    handshake_move(link, step);
}

void rota_handshake_start(struct rota_link *link)
{
    handshake_begin_step(link);
}

void rota_handshake_advance(struct rota_link *link, size_t moved)
{
    const struct handshake_step *step = handshake_step_of(link);
    link->step_at += moved;
    if (link->step_at < step->bytes) {
        handshake_move(link, step);
        return;
    }
    struct rota_status status = step->send ? rota_ok() : step->run(link);
    if (!rota_is_ok(status)) {
        rota_link_break(link, status.why);
        return;
    }
    if (++link->step < HANDSHAKE_STEPS) {
        handshake_begin_step(link);
        return;
    }
    atomic_store(&link->phase, ROTA_LINK_GREETED);
    rota_bell_ring(&link->peers->wake);
}
