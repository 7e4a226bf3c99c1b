/* The chain: the ledger file, and on top of it a stack of executed blocks that are not final yet. Blocks are checked, built,
 * taken back and made final here; schedule, tree and index of proposals always stand where the stack's top stands.
 *
 * The tree holds, for every executed block, its entries and then its own leaf; a header's root is the root between the two.
 * The index of proposals is a table in memory, filled from the ledger at the start: a random hash as a key in a file costs
 * more than everything else that a commit writes, and the replay that fills it happens anyway.
 *
 * It decides nothing about consensus and knows no clients: an observer is told what was executed, taken back, made final.
 * Loop thread only. */
#ifndef ROTA_NODE_CHAIN_H
#define ROTA_NODE_CHAIN_H

#include "consensus/core.h"
#include "ledger/schedule/state.h"
#include "ledger/store/store.h"
#include "ledger/tree.h"
#include "node/blocks.h"
#include "node/keyring.h"
#include "node/map.h"
#include "node/pool.h"

enum { ROTA_STACK_MAX = 2 * ROTA_SLOTS };

struct rota_executed {
    struct rota_block *block; /* one reference */
    struct rota_outcomes outcomes;
    uint64_t leaves_below;     /* size of the tree before its first entry */
    struct rota_floors floors; /* of its epoch, after it (PROTOCOL H7) */
};

/* Told in the order in which it happens; must not call the chain's changing functions. Blocks are borrowed. */
struct rota_chain_observer {
    void *context;
    void (*executed)(void *context, const struct rota_block *block);
    void (*taken_back)(void *context, const struct rota_block *block);
    void (*is_final)(void *context, const struct rota_executed *executed);
    void (*replayed)(void *context, uint64_t height, uint64_t height_max); /* while opening */
};

struct rota_chain {
    const struct rota_genesis *genesis; /* borrowed, as all below that is not marked */
    struct rota_keyring *keyring;
    uint32_t self;
    struct rota_chain_observer observer;
    struct rota_store *store; /* owned */
    struct rota_state *state; /* owned */
    struct rota_tree tree;    /* owned */
    struct rota_map index;    /* proposal or evidence id -> place, see rota_chain_find */
    uint64_t *first_leaves;   /* [height - 1]: leaf index of its first entry; owned */
    size_t first_leaves_room;
    uint64_t *evidence; /* height of each piece of evidence in the ledger, ascending; owned */
    size_t evidence_count, evidence_room;
    struct rota_blocks blocks; /* bodies above the ledger */
    uint64_t height;           /* final */
    struct rota_hash head;
    uint64_t head_time_ms;
    struct rota_floors floors;           /* after the head */
    struct rota_certificate certificate; /* covers height; unset at 0 */
    uint32_t depth;
    struct rota_executed stack[ROTA_STACK_MAX]; /* height + 1 .. height + depth */
    bool in_transaction;                        /* something was appended that is not durable yet */
    struct rota_status failed;                  /* not ok: memory or disk failed inside; the node must stop */
    const char *invalid;                        /* why the latest check said INVALID */
    bool foreign;                               /* the latest check met a body that is not its header's */
    uint32_t foreign_from;                      /* whose link it came by */
    struct rota_evidence *proof;                /* against whoever proposed what is invalid; NULL: none; owned */
    struct rota_epoch_change *manifest;         /* that the latest discontinuity began with; one reference, NULL: none */
    struct rota_entry *picked;                  /* scratch of rota_chain_build; owned */
    const struct rota_entry **candidates;
};

/* Opens the ledger file and replays it. Signatures are not checked again: it is our own file; links, roots and outcomes
 * are. ROTA_MALFORMED when the file does not hold together. */
ROTA_CHECKED struct rota_status rota_chain_open(struct rota_chain *chain, const char *path,
                                                const struct rota_genesis *genesis, struct rota_keyring *keyring,
                                                uint32_t self, const struct rota_chain_observer *observer);
void rota_chain_close(struct rota_chain *chain);

/* A body has come. Too high or already final: nothing happens. */
void rota_chain_hold(struct rota_chain *chain, struct rota_block *block, uint32_t from, bool verified);
/* Whoever proposed a held block has signed for it. Only the first one is remembered. */
void rota_chain_vouch(struct rota_chain *chain, const struct rota_hash *block, uint32_t member,
                      const struct rota_signed_vote *prepare);
/* The body of this hash, above the ledger. Borrowed; NULL: not here. */
struct rota_block *rota_chain_held(struct rota_chain *chain, const struct rota_hash *hash);
/* The same, if it is known to be the header's own: it was executed once, or a vote of ours rests on it. */
struct rota_block *rota_chain_proven(struct rota_chain *chain, const struct rota_hash *hash);

/* What a first vote asks of a block beyond its validity (PROTOCOL N3, V12). */
struct rota_first_vote {
    uint64_t latest_ms;               /* a later time in its header is untimely */
    const struct rota_anchor *anchor; /* where the ledger must stand after it */
};
/* ROTA_ACTION_CHECK. first: NULL when it is judged by validity alone. */
enum rota_check rota_chain_check(struct rota_chain *chain, uint64_t height, const struct rota_hash *parent,
                                 const struct rota_hash *block, const struct rota_first_vote *first);
/* What the checks since the last call prove against a proposer (PROTOCOL E9); given to the caller, NULL: nothing. */
struct rota_evidence *rota_chain_take_proof(struct rota_chain *chain);
/* The block that the core asks for. */
struct rota_wanted {
    uint64_t height;
    struct rota_hash parent;
    uint64_t time_ms;
    struct rota_anchor anchor;
    bool bare; /* records alone are worth a block (PROTOCOL H5, H6) */
    bool tick; /* when nobody has anything to say, a TICK is (PROTOCOL T11) */
    uint32_t recovered_count;
    const struct rota_recovered *recovered; /* borrowed */
};
/* ROTA_ACTION_BUILD: entries of the pool on top of the parent, executed; in front of them the records that the core wants,
 * unless they are in the ledger. NULL when nothing is worth a block. Borrowed. */
const struct rota_block *rota_chain_build(struct rota_chain *chain, struct rota_pool *pool,
                                          const struct rota_wanted *wanted);
/* May this entry be ordered on top of everything executed? Another one in the same block may still be in its way. */
bool rota_chain_may(const struct rota_chain *chain, const struct rota_entry *entry);
/* ROTA_ACTION_COMMIT: everything up to the certified block is final and written; durable after rota_chain_sync. */
ROTA_CHECKED struct rota_status rota_chain_commit(struct rota_chain *chain, const struct rota_certificate *certificate);
/* An accepted NEW-VIEW, encoded: into the ledger file with the next durable point, for ever. */
ROTA_CHECKED struct rota_status rota_chain_keep_new_view(struct rota_chain *chain, uint64_t view, struct rota_view bytes);
/* The durable point of what was committed; nothing to do is fine. */
ROTA_CHECKED struct rota_status rota_chain_sync(struct rota_chain *chain);

/* Where a final entry is; false when it is not. */
bool rota_chain_find(const struct rota_chain *chain, const struct rota_hash *id, uint64_t *out_height, uint32_t *out_index);
/* Leaf index of the first entry of a final block. */
uint64_t rota_chain_leaf(const struct rota_chain *chain, uint64_t height);
/* Is this entry in a block that is executed but not final? */
bool rota_chain_in_flight(const struct rota_chain *chain, const struct rota_hash *id);
/* The proposal with this key and seq that is executed, final or not: one reference for the caller, NULL when there is none
 * or it is below the window of the key. */
struct rota_proposal *rota_chain_proposal_of_seq(struct rota_chain *chain, const struct rota_kid *kid, uint64_t seq);
/* A block on the stack or in the ledger file, by height; one reference for the caller. */
ROTA_CHECKED struct rota_status rota_chain_block(struct rota_block **out, struct rota_chain *chain, uint64_t height);
/* The epoch whose members decide the next block on top of the stack. */
const struct rota_epoch *rota_chain_epoch(const struct rota_chain *chain);
/* PROTOCOL M11: the next epoch begins above the ledger's newest block with this manifest. As rota_state_discontinue;
 * ROTA_MALFORMED when that block has no certificate of its own. Asserts that nothing is executed above the ledger. */
ROTA_CHECKED struct rota_status rota_chain_discontinue(struct rota_chain *chain, struct rota_epoch_change *manifest);
/* Does this block, held or executed, hold an epoch change (PROTOCOL M6)? */
bool rota_chain_ends_epoch(struct rota_chain *chain, const struct rota_hash *hash);
/* Every signature in an entry, against the members of the epoch that it is about. As rota_keyring_verify_entry. */
ROTA_CHECKED struct rota_status rota_chain_verify_entry(const struct rota_chain *chain, const struct rota_entry *entry);
/* What the chain says of lost memories up to this block: the head, or one that is executed. */
const struct rota_floors *rota_chain_floors(const struct rota_chain *chain, const struct rota_hash *hash);
/* Takes back every block above the ledger. Their bodies stay held. */
void rota_chain_rollback(struct rota_chain *chain);
/* Hash and height of the stack's top. */
const struct rota_hash *rota_chain_top(const struct rota_chain *chain, uint64_t *out_height);
/* What the outcome would be on top of everything executed; nothing stays. */
ROTA_CHECKED struct rota_status rota_chain_try(struct rota_chain *chain, struct rota_outcome *out,
                                               const struct rota_entry *entry);

/* ---- between chain.c and its neighbours chain_open.c, chain_build.c, chain_prove.c ----------------------------------- */

ROTA_CHECKED struct rota_status rota_chain_append_leaves(struct rota_chain *chain, const struct rota_entry *entries,
                                                         uint32_t count);
/* The leaves of a body, whatever its entries are worth. On failure some of them may be left: truncate. ROTA_MALFORMED: an
 * entry has none. */
ROTA_CHECKED struct rota_status rota_chain_append_body(struct rota_chain *chain, const struct rota_block *block);
/* An invalid block whose body is its header's, on top of the stack: is one of its entries proof against who proposed it? */
void rota_chain_prove(struct rota_chain *chain, const struct rota_held *held);

/* Executes the entries on top of the stack and appends their leaves; the tree then stands where the header's root is. On
 * failure nothing is left. */
ROTA_CHECKED struct rota_status rota_chain_execute(struct rota_chain *chain, struct rota_executed *out,
                                                   uint32_t *out_bad_entry, uint64_t height,
                                                   const struct rota_entry *entries, uint32_t count);
/* Gives up what rota_chain_execute made. */
void rota_chain_discard(struct rota_chain *chain, struct rota_executed *executed);
/* Puts it on the stack: its own leaf into the tree, keys that it grants into the keyring. Takes over `executed`. */
ROTA_CHECKED struct rota_status rota_chain_push(struct rota_chain *chain, struct rota_executed *executed);
/* Takes blocks back, or executes held ones, until this hash is the top. MISSING: a body is not here. */
enum rota_check rota_chain_reach(struct rota_chain *chain, const struct rota_hash *hash);
/* Index and keys of a block that is final. */
ROTA_CHECKED struct rota_status rota_chain_index(struct rota_chain *chain, const struct rota_block *block);

#endif
