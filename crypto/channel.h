/* The peer channel: a mutually authenticated X25519 handshake bound to both Ed25519 identities and the ledger, then
 * libsodium's secretstream in each direction (FORMATS §12). Pure byte processing: the caller moves the bytes and keeps
 * the 2 s deadline.
 *
 *   dialler                         listener
 *   hello  (name, ephemeral)  ->
 *                             <-    welcome (name, ephemeral, signature over the transcript)
 *   proof  (signature)        ->
 *   then sealed frames both ways; each side's first key is bound to the whole transcript.
 */
#ifndef ROTA_CRYPTO_CHANNEL_H
#define ROTA_CRYPTO_CHANNEL_H

#include "crypto/ed25519.h"

enum {
    ROTA_CHANNEL_HELLO_BYTES = 4 + 4 + 4 + 32 + 32, /* magic, names of both, ledger id, ephemeral */
    ROTA_CHANNEL_WELCOME_BYTES = 4 + 32 + 64,       /* magic, ephemeral, signature */
    ROTA_CHANNEL_PROOF_BYTES = 4 + 64,              /* magic, signature */
    ROTA_CHANNEL_HEADER_BYTES = 24,                 /* secretstream header: first bytes each side sends after that */
    ROTA_CHANNEL_SEAL_BYTES = 17,                   /* added to each sealed frame */
};

/* Who we are and whom we may speak to: each side's own list, by its own index. On the wire a side is named by the first
 * four bytes of its key, so that two sides need not count alike. Borrowed for the life of the channel. */
struct rota_channel_identity {
    struct rota_hash ledger_id;
    uint32_t self; /* our index in members */
    const struct rota_ed25519_secret *secret;
    uint32_t member_count;
    const struct rota_ed25519_public *members; /* by member index */
};

struct rota_channel; /* opaque, allocated; one per connection; one thread at a time per direction after the handshake */

/* dialler: peer is the member we call (ROTA_UNKNOWN_KEY: no such member, ROTA_REFUSED: ourselves). listener: peer is learned
 * from the hello. Freed by rota_channel_free, also half-way. A step that fails is the last: the caller frees. */
ROTA_CHECKED struct rota_status rota_channel_new_dialler(struct rota_channel **out,
                                                         const struct rota_channel_identity *identity, uint32_t peer);
ROTA_CHECKED struct rota_status rota_channel_new_listener(struct rota_channel **out,
                                                          const struct rota_channel_identity *identity);
void rota_channel_free(struct rota_channel *channel); /* wipes; NULL is fine */

/* Dialler's steps. */
void rota_channel_write_hello(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_HELLO_BYTES]);
ROTA_CHECKED struct rota_status rota_channel_read_welcome(struct rota_channel *channel,
                                                          const uint8_t in[ROTA_CHANNEL_WELCOME_BYTES]);
void rota_channel_write_proof(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_PROOF_BYTES]);
/* Listener's steps. ROTA_UNKNOWN_KEY: no such member; ROTA_WRONG_LEDGER: another ledger, or a call for another member;
 * ROTA_REFUSED: a call in our own name; ROTA_MALFORMED: another protocol, or an ephemeral key of small order;
 * ROTA_BAD_SIGNATURE: not who it says. */
ROTA_CHECKED struct rota_status rota_channel_read_hello(struct rota_channel *channel,
                                                        const uint8_t in[ROTA_CHANNEL_HELLO_BYTES]);
void rota_channel_write_welcome(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_WELCOME_BYTES]);
ROTA_CHECKED struct rota_status rota_channel_read_proof(struct rota_channel *channel,
                                                        const uint8_t in[ROTA_CHANNEL_PROOF_BYTES]);

/* Once the handshake is done on this side: the authenticated peer. */
uint32_t rota_channel_peer(const struct rota_channel *channel);

/* After the handshake each side sends its stream header once, then sealed frames. */
void rota_channel_write_header(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_HEADER_BYTES]);
ROTA_CHECKED struct rota_status rota_channel_read_header(struct rota_channel *channel,
                                                         const uint8_t in[ROTA_CHANNEL_HEADER_BYTES]);
/* out holds plain.len + ROTA_CHANNEL_SEAL_BYTES. */
void rota_channel_seal(struct rota_channel *channel, uint8_t *out, struct rota_view plain);
/* out holds sealed.len - ROTA_CHANNEL_SEAL_BYTES (a shorter sealed writes nothing); ROTA_BAD_SIGNATURE ends the connection,
 * and this direction opens nothing more. */
ROTA_CHECKED struct rota_status rota_channel_open(struct rota_channel *channel, uint8_t *out, size_t *out_len,
                                                  struct rota_view sealed);

#endif
