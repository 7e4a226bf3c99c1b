/* The inside of the transport: what its files share. Nobody else includes this.
 *
 *   listener.c   accepts connections             -> new inbound link
 *   dialler.c    connects to whom we call        -> new outbound link
 *   handshake.c  authenticates a new link        -> a link that is greeted
 *   supervise.c  one thread that owns the life of all links: takes in new ones, installs greeted ones, keeps deadlines and
 *                heartbeats, takes broken ones down and frees them
 *   receive.c    bytes -> opened frames -> the workers' inbox; stops reading while that is full
 *   transmit.c   send rings -> sealed frames -> bytes, one write on its way at a time
 *   peers.c      the public face
 *
 * Threads: nng's callbacks (handshake, receive, transmit), the supervisor, the loop (send, take), the workers. A link is
 * made and freed by the supervisor only. Callbacks reach their link safely because it is freed after nng_aio_stop; everybody
 * else reaches it by peer->link under peer->mutex and counts itself in link->users. No mutex is held across a call of nng.
 */
#ifndef ROTA_NODE_LINKS_H
#define ROTA_NODE_LINKS_H

#include "node/send_ring.h"
#include "node/workers.h"

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    ROTA_LINK_CONNECT_MS = 1500,
    ROTA_LINK_HANDSHAKE_MS = 2000,
    ROTA_LINK_PING_MS = 250,
    ROTA_LINK_SILENCE_MS = 1500,
    ROTA_LINK_REDIAL_MS_MIN = 50,
    ROTA_LINK_REDIAL_MS_FIRST = 400, /* upper bound of the first delay */
    ROTA_LINK_REDIAL_MS_MAX = 1000,
    ROTA_LINK_ACCEPT_PAUSE_MS = 200, /* after a failed accept: no file descriptor, no memory */
    ROTA_LINK_PENDING_MAX = 16,      /* inbound connections that have not proved who they are */
    ROTA_LINK_STAGE_BYTES = 64 * 1024,
    ROTA_LINK_BATCH_FRAMES = 64, /* at most so many frames in one write */
    ROTA_LINK_STEP_BYTES_MAX = ROTA_CHANNEL_HELLO_BYTES + ROTA_CHANNEL_WELCOME_BYTES,
    ROTA_LINK_CLASSES = 3,
};

/* An operation of nng that the supervisor starts and looks after: its callback only says that it is done. */
enum rota_link_operation_state { ROTA_LINK_IDLE = 0, ROTA_LINK_BUSY, ROTA_LINK_DONE };
struct rota_link_operation {
    nng_aio *aio;
    atomic_int state; /* enum rota_link_operation_state */
    struct rota_bell *bell;
};

enum rota_link_phase {
    ROTA_LINK_HANDSHAKE = 0, /* callbacks of the handshake */
    ROTA_LINK_GREETED,       /* waits for the supervisor */
    ROTA_LINK_UP,            /* callbacks of receive and transmit */
};

struct rota_link {
    struct rota_peers *peers;
    struct rota_link *next; /* supervisor's list */
    nng_stream *stream;
    nng_aio *rx, *tx;
    struct rota_channel *channel;
    bool dialled;
    uint32_t peer;                /* dialled: from the start; else from ROTA_LINK_GREETED on */
    uint64_t deadline_ms;         /* of the handshake */
    uint64_t ping_due_ms;         /* supervisor's */
    atomic_int phase;             /* enum rota_link_phase */
    _Atomic(const char *) broken; /* why it is to be taken down; NULL while it is whole */

    /* handshake.c: the thread of the callback under way */
    unsigned step;
    size_t step_at;
    uint8_t step_bytes[ROTA_LINK_STEP_BYTES_MAX];

    /* receive.c: the thread of the callback under way; while `stalled`, the supervisor */
    uint8_t *stage; /* ROTA_LINK_STAGE_BYTES of the stream, from the beginning of a frame */
    size_t stage_len;
    uint8_t *large; /* a sealed frame that does not fit the stage, or NULL */
    size_t large_len, large_at;
    struct rota_raw *held; /* opened, and turned away by a full inbox */
    atomic_bool stalled;
    atomic_uint_fast64_t heard_ms;

    /* transmit.c: under peer->mutex */
    bool sending; /* somebody owns what follows below */
    unsigned users;
    bool ping_wanted, pong_wanted;
    uint64_t pong_echo;
    uint64_t ping_value, ping_sent_us; /* the ping that is being timed; 0 = none */
    /* transmit.c: whoever set `sending` */
    struct rota_packet *batch[ROTA_LINK_BATCH_FRAMES];
    unsigned batch_count;
    uint8_t control[ROTA_PING_BYTES + ROTA_PONG_BYTES]; /* plain PING and PONG of this batch */
    bool control_ping, control_pong;
    uint8_t *out; /* out_room bytes */
    size_t out_room, out_len, out_at;
};

struct rota_peer {
    pthread_mutex_t mutex;
    pthread_cond_t unused;  /* link->users of the link under removal fell to 0 */
    struct rota_link *link; /* up, or NULL */
    struct rota_send_ring rings[ROTA_LINK_CLASSES];
    struct rota_peer_info info;

    /* dialler.c: supervisor's; only for those whom we call */
    nng_stream_dialer *dialer;
    struct rota_link_operation dial;
    bool engaged; /* a dialled link exists, in whatever phase */
    uint64_t redial_ms;
    unsigned failures; /* attempts since it was last up */
};

struct rota_peers {
    const struct rota_directory *directory;
    const struct rota_membership *membership; /* of the directory */
    const struct rota_membership *certifiers; /* of the directory */
    uint32_t self, count;                     /* of the directory */
    struct rota_bell *bell;                   /* the loop's */
    struct rota_keyring *keyring;
    struct rota_ed25519_public keys[ROTA_CONTACTS_MAX];
    struct rota_channel_identity identity;
    struct rota_workers *workers;
    uint8_t *room; /* loop thread: frames are encoded here */
    bool corked;   /* loop thread */

    struct rota_bell wake; /* the supervisor's */
    pthread_t supervisor;
    bool supervised; /* the thread runs */
    atomic_bool stopping;

    /* supervisor's */
    struct rota_link *links;
    uint32_t pending; /* inbound links in handshake */
    uint64_t wake_ms; /* earliest deadline of this turn */
    nng_stream_listener *listener;
    struct rota_link_operation accept;
    uint64_t accept_ms; /* not before */

    struct rota_peer peers[ROTA_CONTACTS_MAX];
};

/* ---- operations (supervise.c) --------------------------------------------------------------------------------------- */
ROTA_CHECKED struct rota_status rota_link_operation_init(struct rota_link_operation *operation, struct rota_bell *bell);
void rota_link_operation_free(struct rota_link_operation *operation); /* stops it first; a stream that it brought is freed */
void rota_link_operation_begin(struct rota_link_operation *operation);
/* True once when it is done; *out_error is nng's number, *out_stream the stream that it brought, or NULL. */
bool rota_link_operation_finished(struct rota_link_operation *operation, int *out_error, nng_stream **out_stream);
void rota_link_wake_by(struct rota_peers *peers, uint64_t at_ms);

/* ---- link.c: making, breaking, freeing ------------------------------------------------------------------------------ */
/* Takes over the stream, also on failure. peer: whom we called, UINT32_MAX for an inbound connection. */
ROTA_CHECKED struct rota_status rota_link_new(struct rota_link **out, struct rota_peers *peers, nng_stream *stream,
                                              uint32_t peer);
/* Any thread: asks the supervisor to take the link down. The first reason stays. */
void rota_link_break(struct rota_link *link, const char *why);
/* Supervisor. Off its peer, stopped, freed. */
void rota_link_free(struct rota_link *link);
/* Supervisor. A greeted link becomes its peer's; returns the one it replaces, or NULL. */
struct rota_link *rota_link_install(struct rota_link *link);

/* Any thread but a holder of the peer's mutex: a link with this peer is installed. */
bool rota_link_is_up(struct rota_peers *peers, uint32_t peer);

/* ---- the acts ------------------------------------------------------------------------------------------------------- */
void rota_handshake_start(struct rota_link *link);
void rota_handshake_advance(struct rota_link *link, size_t moved); /* nng: a step's bytes went through */
void rota_receive_start(struct rota_link *link);
void rota_receive_advance(struct rota_link *link, size_t moved);  /* nng: bytes arrived */
void rota_receive_resume(struct rota_link *link);                 /* supervisor, when link->stalled */
void rota_transmit_advance(struct rota_link *link, size_t moved); /* nng: bytes left */
/* Any thread but a holder of the peer's mutex: sends what waits for the peer, unless a write is on its way. */
void rota_transmit_kick(struct rota_peer *peer);
void rota_transmit_drop(struct rota_link *link); /* releases a batch that will not be sent */

ROTA_CHECKED struct rota_status rota_listener_open(struct rota_peers *peers, const char *address);
void rota_listener_close(struct rota_peers *peers);
void rota_listener_tend(struct rota_peers *peers, uint64_t now_ms);
ROTA_CHECKED struct rota_status rota_dialler_open(struct rota_peers *peers, uint32_t peer);
void rota_dialler_close(struct rota_peers *peers, uint32_t peer);
void rota_dialler_tend(struct rota_peers *peers, uint32_t peer, uint64_t now_ms);
/* The dialled link is gone: when to call again. */
void rota_dialler_retry(struct rota_peers *peers, uint32_t peer, bool was_up);
void *rota_supervise(void *peers);

#endif
