/* What a turn has to say: kept back until everything that it rests on is durable, then sent in order. Owns copies of what
 * the core's messages borrow. Loop thread only. */
#ifndef ROTA_NODE_OUTBOX_H
#define ROTA_NODE_OUTBOX_H

#include "node/peers.h"

enum rota_outgoing_kind { ROTA_OUTGOING_MESSAGE = 1, ROTA_OUTGOING_ENTRY, ROTA_OUTGOING_FETCH };

struct rota_outgoing {
    enum rota_outgoing_kind kind;
    uint32_t to; /* member, or ROTA_TO_ALL */
    union {
        struct {
            struct rota_message message;
            struct rota_view_change *changes; /* owned: what the message borrows, NULL when nothing */
            struct rota_block *block;         /* one reference, NULL when no body goes along */
        };
        struct rota_entry entry; /* one reference */
        struct rota_fetch fetch;
    };
};

struct rota_outbox {
    struct rota_outgoing *items; /* owned */
    uint32_t count, room;
};

/* A copy of the message, unsent. NULL: no memory. Borrowed until the next call. */
struct rota_outgoing *rota_outbox_message(struct rota_outbox *outbox, uint32_t to, const struct rota_message *message,
                                          struct rota_block *block);
/* Without memory an entry or a question is not sent; both come again by themselves. */
void rota_outbox_entry(struct rota_outbox *outbox, uint32_t to, const struct rota_entry *entry);
void rota_outbox_fetch(struct rota_outbox *outbox, uint32_t to, const struct rota_fetch *fetch);
/* Everything is durable: sends all of it and empties the box. */
void rota_outbox_release(struct rota_outbox *outbox, struct rota_peers *peers);
/* Nothing of it is sent. */
void rota_outbox_drop(struct rota_outbox *outbox);
void rota_outbox_free(struct rota_outbox *outbox);

#endif
