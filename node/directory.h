/* Whom a node speaks to, and who of each pair calls: the members of the epoch at their index, then guests, who may ask for
 * blocks and say nothing that counts (PROTOCOL M10). Guests are the members of the epoch before, so that none of them misses
 * the end of it, and keys that the operator lets read. Nobody else gets a link. A pure function of what it is given. */
#ifndef ROTA_NODE_DIRECTORY_H
#define ROTA_NODE_DIRECTORY_H

#include "ledger/membership.h"

enum { ROTA_READERS_MAX = 16, ROTA_CONTACTS_MAX = 2 * ROTA_MEMBERS_MAX + ROTA_READERS_MAX + 1 };

struct rota_contact {
    struct rota_token id; /* empty: a guest of whom only the key is known */
    struct rota_ed25519_public key;
    char address[64]; /* "" = not known: it calls */
    bool call;        /* it is for us to call it */
};

struct rota_directory {
    const struct rota_membership *membership; /* borrowed */
    const struct rota_membership *certifiers; /* of the blocks that are fetched: the same, unless the ledger lags below a
                                                 recovery manifest (PROTOCOL M12); borrowed */
    uint32_t self;                            /* our own contact; below membership->count when we are a member */
    uint32_t count;
    struct rota_contact contacts[ROTA_CONTACTS_MAX];
};

/* before: the members of the epoch before, NULL: none. readers: keys that may follow. */
void rota_directory_make(struct rota_directory *out, const struct rota_membership *now, const struct rota_membership *before,
                         const struct rota_ed25519_public *self, const struct rota_ed25519_public *readers,
                         uint32_t reader_count);

#endif
