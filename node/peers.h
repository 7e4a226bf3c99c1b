/* The links to the other facilities: one nng byte stream per pair, the authenticated channel on it, our own frames on that
 * (FORMATS §12). nng's callbacks only move capped frames into bounded per-peer inboxes and ring a bell; a small pool of
 * worker threads decodes and verifies; the loop takes what is ready, each peer's frames in the order in which they came.
 *
 * A slow or hostile peer costs only its own link: its inbox and its send rings are bounded in frames and bytes. When a
 * link breaks, what was queued on it is dropped: the protocol's STATUS brings back what matters.
 */
#ifndef ROTA_NODE_PEERS_H
#define ROTA_NODE_PEERS_H

#include "consensus/message.h"
#include "crypto/channel.h"
#include "ledger/body.h"
#include "ledger/genesis.h"
#include "node/bell.h"
#include "node/directory.h"
#include "node/keyring.h"

/* First byte of a frame's plain text. */
enum rota_frame_kind {
    ROTA_FRAME_CONSENSUS = 1, /* a rota_message; PREPREPARE and BLOCK are followed by the block's body */
    ROTA_FRAME_ENTRY = 2,     /* entry kind u8 || bytes: a proposal or evidence that a facility took in */
    ROTA_FRAME_FETCH = 3,     /* from u64 || to u64 || block hash 32: see ROTA_ACTION_FETCH */
    ROTA_FRAME_PING = 4,      /* u64 sender's clock ms; answered by PONG with the same bytes and ours */
    ROTA_FRAME_PONG = 5,
};

enum { ROTA_FRAME_BYTES_MAX = 2 * 1024 * 1024, ROTA_FETCH_BLOCKS_MAX = 16 };

struct rota_fetch {
    uint64_t from, to; /* at most ROTA_FETCH_BLOCKS_MAX heights are answered */
    struct rota_hash block;
};

/* A frame that passed decode and verify; released by rota_frame_release. */
struct rota_frame {
    enum rota_frame_kind kind;
    uint32_t peer;                        /* the authenticated facility at the other end of the link */
    struct rota_message message;          /* ROTA_FRAME_CONSENSUS; borrowed parts point into scratch */
    struct rota_message_scratch *scratch; /* owned, NULL when not needed */
    struct rota_block *block;             /* with PREPREPARE and BLOCK: owned */
    bool entries_verified;   /* every proposal's signature in block, or the entry's, was checked against a key in
                                the keyring; false: some key was unknown, the loop has to look */
    struct rota_entry entry; /* ROTA_FRAME_ENTRY: owned */
    bool convicts;           /* the entry is evidence that was found in what the peer sent */
    struct rota_fetch fetch;
};
void rota_frame_release(struct rota_frame *frame);

struct rota_peers; /* opaque, heap */

struct rota_peers_setup {
    const struct rota_directory *directory;   /* borrowed */
    const struct rota_ed25519_secret *secret; /* borrowed */
    const char *listen;                       /* "tcp://0.0.0.0:7101" */
    struct rota_bell *bell;                   /* rung when a frame is ready or a link went up or down */
    struct rota_keyring *keyring;             /* coordinators' keys, shared with the loop */
    uint32_t workers;                         /* verification threads, 1..8 */
};

/* Listens, dials whom the directory says, redials with jitter 50..400 ms. ROTA_IO when the port is taken: the
 * sentence says so. With nobody to speak to it does nothing. */
ROTA_CHECKED struct rota_status rota_peers_open(struct rota_peers **out, const struct rota_peers_setup *setup);
void rota_peers_close(struct rota_peers *peers); /* stops threads, closes links; NULL is fine */

/* The next frame that is ready, fairly over peers; false when none is. Loop thread only. */
bool rota_peers_take(struct rota_peers *peers, struct rota_frame *out);

/* Classes of the send ring: consensus frames go before the rest. Never blocks: a full ring drops the frame and counts it. */
enum rota_send_class { ROTA_SEND_CONSENSUS = 0, ROTA_SEND_ENTRY = 1, ROTA_SEND_BULK = 2 };
/* to: index in the directory or ROTA_TO_ALL (UINT32_MAX): every other member, and with STATUS and HEARTBEAT every guest too,
 * so that they know how far the ledger has come. block: its body goes with PREPREPARE and BLOCK, which are not sent without
 * one; ignored with other kinds, may be NULL there. Loop thread only. */
void rota_peers_send_message(struct rota_peers *peers, uint32_t to, const struct rota_message *message,
                             const struct rota_block *block);
void rota_peers_send_entry(struct rota_peers *peers, uint32_t to, const struct rota_entry *entry);
void rota_peers_send_fetch(struct rota_peers *peers, uint32_t to, const struct rota_fetch *fetch);

/* Between the two, what is sent only queues; uncork writes it in batches. Loop thread only. */
void rota_peers_cork(struct rota_peers *peers);
void rota_peers_uncork(struct rota_peers *peers);

/* Counters and state of one link, for status and metrics. Any thread. */
struct rota_peer_info {
    bool up;
    uint64_t since_ms;       /* monotonic: when it went up or down */
    uint64_t round_trip_us;  /* last ping, 0 = none */
    int64_t clock_offset_ms; /* the peer's clock minus ours, from the last ping */
    uint64_t frames_in, frames_out, bytes_in, bytes_out;
    uint64_t dropped_out; /* send ring full */
    uint64_t refused_in;  /* frames that failed decode or verify */
    uint64_t refused_handshakes;
    const char *last_refusal; /* static sentence, "" = none */
    const char *down_reason;  /* why it went down last, static sentence, "" = it never did */
    uint64_t connects;
};
/* peer: index in the directory. peer = self: what cannot be laid at a facility's door, such as callers that did not prove
 * who they are. */
void rota_peers_info(struct rota_peer_info *out, struct rota_peers *peers, uint32_t peer);

#endif
