/* Bodies of blocks that are not final yet, by hash. Bounded: when it is full, whoever brought most loses what came first,
 * so a peer that sends rubbish drives out its own. What our votes rest on (kept) goes last.
 *
 * A header's hash does not cover the body directly, its tree root does; so a body is only believed once it was executed
 * (chain.c), and one that does not belong to its header is dropped as if it had never come. Until then the body that came
 * last counts: a liar's that came first, or comes again and again, keeps no answer out. Loop thread only. */
#ifndef ROTA_NODE_BLOCKS_H
#define ROTA_NODE_BLOCKS_H

#include "ledger/body.h"
#include "ledger/evidence.h"

enum { ROTA_BLOCKS_MAX = 96 };

struct rota_held {
    struct rota_block *block; /* one reference; NULL: free */
    uint32_t from;            /* member that brought it; ours: our own index */
    bool verified;            /* every signature in it was checked */
    bool kept;                /* the journal has it: a vote of ours rests on it */
    bool executed;            /* once at least: it is the header's body */
    uint64_t order;
    bool vouched; /* a member signed that it may be a block: this is its PREPARE, verified */
    uint32_t voucher;
    struct rota_signed_vote prepare;
};

struct rota_blocks {
    uint64_t next_order;
    struct rota_held items[ROTA_BLOCKS_MAX];
};

void rota_blocks_free(struct rota_blocks *blocks);
/* Takes a reference of its own, in place of a body for the same header that is neither kept nor executed. Returns the place;
 * borrowed until the next call. */
struct rota_held *rota_blocks_put(struct rota_blocks *blocks, struct rota_block *block, uint32_t from);
struct rota_held *rota_blocks_find(struct rota_blocks *blocks, const struct rota_hash *hash); /* NULL: not here */
void rota_blocks_drop(struct rota_blocks *blocks, struct rota_held *held);
/* Everything up to this height is final. */
void rota_blocks_forget(struct rota_blocks *blocks, uint64_t height);

#endif
