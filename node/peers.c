/* The public face of the links. */
#include "node/links.h"

#include <sodium.h>
#include <stdlib.h>

/* What may wait for one peer. A block of the usual size is 256 KiB, the largest frame 2 MiB. */
static const struct {
    uint32_t frames;
    size_t bytes;
} peers_ring_bounds[ROTA_LINK_CLASSES] = {
    [ROTA_SEND_CONSENSUS] = {1024, 16 * 1024 * 1024},
    [ROTA_SEND_ENTRY] = {4096, 8 * 1024 * 1024},
    [ROTA_SEND_BULK] = {4 * ROTA_FETCH_BLOCKS_MAX, 24 * 1024 * 1024},
};

/* ---- frames that came: on the workers ------------------------------------------------------------------------------- */

static void peers_note_refusal(struct rota_peers *peers, uint32_t from, const char *why)
{
    struct rota_peer *peer = &peers->peers[from];
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    peer->info.refused_in++;
    peer->info.last_refusal = why;
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
}

static struct rota_status peers_judge_into(struct rota_frame *out, struct rota_peers *peers, uint32_t peer,
                                           struct rota_view plain)
{
    ROTA_TRY(rota_frame_decode(out, peer, plain));
    struct rota_status status = rota_frame_verify(out, peers->membership, peers->certifiers, peers->keyring);
    if (!rota_is_ok(status))
        rota_frame_release(out);
    return status;
}

static struct rota_frame *peers_judge(void *context, uint32_t peer, struct rota_view plain)
{
    struct rota_peers *peers = context;
    struct rota_frame *frame = malloc(sizeof *frame);
    struct rota_status status = frame ? peers_judge_into(frame, peers, peer, plain) : rota_fail(ROTA_NO_MEMORY, "no memory");
    if (rota_is_ok(status))
        return frame;
    peers_note_refusal(peers, peer, status.why);
    free(frame);
    return NULL;
}

/* ---- open and close ------------------------------------------------------------------------------------------------- */

static struct rota_status peers_init_peer(struct rota_peer *peer)
{
    peer->info.last_refusal = peer->info.down_reason = "";
    peer->info.since_ms = rota_clock_monotonic_ms();
    for (size_t i = 0; i < ROTA_LINK_CLASSES; i++)
        ROTA_TRY(rota_send_ring_init(&peer->rings[i], peers_ring_bounds[i].frames, peers_ring_bounds[i].bytes));
    return rota_ok();
}

static void peers_init(struct rota_peers *peers, const struct rota_peers_setup *setup)
{
    peers->directory = setup->directory;
    peers->membership = setup->directory->membership;
    peers->certifiers = setup->directory->certifiers;
    peers->self = setup->directory->self;
    peers->count = setup->directory->count;
    peers->bell = setup->bell;
    peers->keyring = setup->keyring;
    peers->wake.fd = -1;
    atomic_init(&peers->stopping, false);
    for (uint32_t i = 0; i < peers->count; i++) {
        peers->keys[i] = setup->directory->contacts[i].key;
        ROTA_ASSERT(pthread_mutex_init(&peers->peers[i].mutex, NULL) == 0);
        ROTA_ASSERT(pthread_cond_init(&peers->peers[i].unused, NULL) == 0);
    }
    peers->identity = (struct rota_channel_identity){.ledger_id = peers->membership->ledger_id,
                                                     .self = peers->self,
                                                     .secret = setup->secret,
                                                     .member_count = peers->count,
                                                     .members = peers->keys};
}

static struct rota_status peers_start(struct rota_peers *peers, const struct rota_peers_setup *setup)
{
    for (uint32_t i = 0; i < peers->count; i++)
        ROTA_TRY(peers_init_peer(&peers->peers[i]));
    if (peers->count == 1)
        return rota_ok();
    ROTA_TRY(rota_bell_open(&peers->wake));
    ROTA_TRY(rota_workers_open(&peers->workers, &(struct rota_workers_setup){.peers = peers->count,
                                                                             .threads = setup->workers,
                                                                             .judge = peers_judge,
                                                                             .context = peers,
                                                                             .ready = peers->bell,
                                                                             .room = &peers->wake}));
    peers->room = malloc(ROTA_FRAME_PLAIN_MAX);
    if (!peers->room)
        return rota_fail(ROTA_NO_MEMORY, "no memory for frames");
    ROTA_TRY(rota_listener_open(peers, setup->listen));
    for (uint32_t i = 0; i < peers->count; i++)
        if (peers->directory->contacts[i].call)
            ROTA_TRY(rota_dialler_open(peers, i));
    if (pthread_create(&peers->supervisor, NULL, rota_supervise, peers) != 0)
        return rota_fail(ROTA_IO, "no thread for the links: raise the limit of processes");
    peers->supervised = true;
    return rota_ok();
}

struct rota_status rota_peers_open(struct rota_peers **out, const struct rota_peers_setup *setup)
{
    ROTA_ASSERT(setup->directory->self < setup->directory->count && setup->workers >= 1);
    ROTA_ASSERT(sodium_init() >= 0);
    *out = NULL;
    struct rota_peers *peers = calloc(1, sizeof *peers);
    if (!peers)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the links");
    peers_init(peers, setup);
    struct rota_status status = peers_start(peers, setup);
    if (!rota_is_ok(status)) {
        rota_peers_close(peers);
        return status;
    }
    *out = peers;
    return rota_ok();
}

static void peers_free_links(struct rota_peers *peers)
{
    while (peers->links) {
        struct rota_link *link = peers->links;
        peers->links = link->next;
        rota_link_free(link);
    }
}

static void peers_free_peer(struct rota_peer *peer)
{
    for (size_t i = 0; i < ROTA_LINK_CLASSES; i++)
        rota_send_ring_free(&peer->rings[i]);
    pthread_cond_destroy(&peer->unused);
    pthread_mutex_destroy(&peer->mutex);
}

/* First whoever makes links, then the links, then whoever takes what they brought. */
void rota_peers_close(struct rota_peers *peers)
{
    if (!peers)
        return;
    atomic_store(&peers->stopping, true);
    if (peers->supervised) {
        rota_bell_ring(&peers->wake);
        ROTA_ASSERT(pthread_join(peers->supervisor, NULL) == 0);
    }
    rota_listener_close(peers);
    for (uint32_t i = 0; i < peers->count; i++)
        rota_dialler_close(peers, i);
    peers_free_links(peers);
    rota_workers_close(peers->workers);
    for (uint32_t i = 0; i < peers->count; i++)
        peers_free_peer(&peers->peers[i]);
    rota_bell_close(&peers->wake);
    free(peers->room);
    free(peers);
}

/* ---- the loop's calls ----------------------------------------------------------------------------------------------- */

bool rota_peers_take(struct rota_peers *peers, struct rota_frame *out)
{
    return peers->workers && rota_workers_take(peers->workers, out);
}

static void peers_send_one(struct rota_peers *peers, struct rota_peer *peer, enum rota_send_class class,
                           struct rota_packet *packet)
{
    ROTA_ASSERT(pthread_mutex_lock(&peer->mutex) == 0);
    bool waits = peer->link != NULL;
    if (waits && !rota_send_ring_put(&peer->rings[class], packet))
        peer->info.dropped_out++;
    ROTA_ASSERT(pthread_mutex_unlock(&peer->mutex) == 0);
    if (waits && !peers->corked)
        rota_transmit_kick(peer);
}

void rota_peers_cork(struct rota_peers *peers)
{
    peers->corked = true;
}

void rota_peers_uncork(struct rota_peers *peers)
{
    peers->corked = false;
    for (uint32_t i = 0; peers->room && i < peers->count; i++)
        if (i != peers->self)
            rota_transmit_kick(&peers->peers[i]);
}

/* One packet for all who get it. Takes over the reference; NULL (no memory) sends nothing. */
static void peers_send(struct rota_peers *peers, uint32_t to, uint32_t all, enum rota_send_class class,
                       struct rota_packet *packet)
{
    ROTA_ASSERT(to == UINT32_MAX || to < peers->count);
    for (uint32_t i = 0; packet && i < peers->count; i++)
        if (i != peers->self && (to == i || (to == UINT32_MAX && i < all)))
            peers_send_one(peers, &peers->peers[i], class, packet);
    rota_packet_release(packet);
}

static bool peers_carries_block(const struct rota_message *message)
{
    return message->kind == ROTA_MESSAGE_PREPREPARE || message->kind == ROTA_MESSAGE_BLOCK;
}

void rota_peers_send_message(struct rota_peers *peers, uint32_t to, const struct rota_message *message,
                             const struct rota_block *block)
{
    bool carries = peers_carries_block(message);
    if (!peers->room || (carries && !block))
        return;
    enum rota_send_class class = message->kind == ROTA_MESSAGE_BLOCK ? ROTA_SEND_BULK : ROTA_SEND_CONSENSUS;
    bool for_guests = message->kind == ROTA_MESSAGE_STATUS || message->kind == ROTA_MESSAGE_HEARTBEAT;
    uint32_t all = for_guests ? peers->count : peers->membership->count;
    peers_send(peers, to, all, class, rota_packet_of_message(peers->room, message, carries ? block : NULL));
}

void rota_peers_send_entry(struct rota_peers *peers, uint32_t to, const struct rota_entry *entry)
{
    if (peers->room)
        peers_send(peers, to, peers->membership->count, ROTA_SEND_ENTRY, rota_packet_of_entry(peers->room, entry));
}

void rota_peers_send_fetch(struct rota_peers *peers, uint32_t to, const struct rota_fetch *fetch)
{
    if (peers->room)
        peers_send(peers, to, peers->membership->count, ROTA_SEND_CONSENSUS, rota_packet_of_fetch(peers->room, fetch));
}

void rota_peers_info(struct rota_peer_info *out, struct rota_peers *peers, uint32_t peer)
{
    ROTA_ASSERT(peer < peers->count);
    ROTA_ASSERT(pthread_mutex_lock(&peers->peers[peer].mutex) == 0);
    *out = peers->peers[peer].info;
    ROTA_ASSERT(pthread_mutex_unlock(&peers->peers[peer].mutex) == 0);
}
