/* One core alone: the test is the rest of the network, the node and the clock. Every message that the core hears is made
 * by hand, everything that it asks for is kept, so a test can say exactly what follows from what (PROTOCOL §4).
 *
 * Signatures are not checked here: the core never sees a message that was not verified. */
#ifndef ROTA_TESTS_UNIT_CONSENSUS_LONE_H
#define ROTA_TESTS_UNIT_CONSENSUS_LONE_H

#include "consensus/core.h"

enum { LONE_ASKED_MAX = 1024, LONE_OTHERS = -1, LONE_BLOCK_FULL = 100 /* entries that wait fill a block */ };

/* One action, with the view change that it borrowed. */
struct lone_asked {
    struct rota_action action;
    struct rota_view_change change;
};

struct lone {
    struct rota_membership membership;
    struct rota_timers timers;
    uint32_t self, quorum;
    uint64_t now_ms, wake_ms;
    bool ends_epoch;           /* what the node says of the blocks that it checks from now on */
    struct rota_floors floors; /* and of the chain up to them, also of the ledger at a start */
    struct rota_core *core;
    uint32_t count;
    struct lone_asked *asked; /* since the last lone_forget */
    struct rota_actions *actions;
};

/* A block by its header; its hash is rota_header_hash. */
struct lone_block {
    struct rota_header header;
    struct rota_hash hash;
};

/* A network of n whose member `self` is the core; it has started and is in view 0. lone_close frees everything. */
struct lone *lone_open(uint32_t n, uint32_t self);
void lone_close(struct lone *lone);
/* The process ends and starts again with exactly what it asked to save. */
void lone_restart(struct lone *lone);
/* The same, and nobody has answered its HELLO yet. */
void lone_restart_unheard(struct lone *lone);
/* The process ends and starts again with an empty disk; nobody has greeted it yet. */
void lone_wipe(struct lone *lone);
/* The process starts with this record and a ledger that ends with `top`: a block of the present epoch, or the one that it
 * stands on. Nobody has answered its HELLO yet. */
void lone_restart_on(struct lone *lone, const struct lone_block *top, const struct rota_durable *durable);
/* The next epoch begins on this block: a core of its own, which is given `durable` (NULL: nothing) as its past. */
void lone_begin_epoch(struct lone *lone, const struct lone_block *base, const struct rota_durable *durable);
/* What was asked so far is of no interest. */
void lone_forget(struct lone *lone);

/* ---- what the core hears ---------------------------------------------------------------------------------------------- */
void lone_hear(struct lone *lone, const struct rota_message *message);
/* Time passes; the core is woken whenever it wishes. */
void lone_pass(struct lone *lone, uint64_t ms);
void lone_demand(struct lone *lone, uint32_t waiting);
/* The connection to this member is a new one. */
void lone_linked(struct lone *lone, uint32_t member);
/* Somebody wants to read the latest. */
void lone_read(struct lone *lone, uint64_t token);
/* Block `variant` of this height on top of a parent; NULL: on nothing. */
struct lone_block lone_block(const struct lone *lone, uint64_t height, const struct lone_block *parent, uint8_t variant);
/* The primary of the view proposes it. */
void lone_propose(struct lone *lone, uint64_t view, const struct rota_hash *nv, const struct lone_block *block);
/* A member's vote. nv NULL: zero. */
void lone_vote(struct lone *lone, enum rota_vote_kind kind, uint32_t member, uint64_t view, const struct rota_hash *nv,
               const struct lone_block *block);
/* The same vote of every member but the core. */
void lone_votes(struct lone *lone, enum rota_vote_kind kind, uint64_t view, const struct rota_hash *nv,
                const struct lone_block *block);
/* The node answers the latest CHECK. */
void lone_checked(struct lone *lone, enum rota_check verdict);
/* It answers that the body was another block's, and who brought that. */
void lone_checked_foreign(struct lone *lone, uint32_t brought_by);
/* The node answers BUILD with this block. */
void lone_built(struct lone *lone, const struct lone_block *block, bool ends_epoch);
/* The block goes all the way in view 0, or in `view` with nv. */
void lone_decide(struct lone *lone, uint64_t view, const struct rota_hash *nv, const struct lone_block *block);
void lone_suspect(struct lone *lone, uint32_t member, uint64_t view, enum rota_suspicion reason);
/* A certificate of the first Q members. */
struct rota_certificate lone_certificate(const struct lone *lone, enum rota_vote_kind kind, uint64_t view,
                                         const struct rota_hash *nv, const struct lone_block *block);
/* A view change that shows nothing; the test adds to it. Then it is heard from its sender. */
struct rota_view_change lone_change(uint32_t sender, uint64_t new_view);
void lone_hear_change(struct lone *lone, struct rota_view_change *change);
/* The NEW-VIEW that follows from these view changes; returns its nv. `changes` lives as long as the call. */
struct rota_hash lone_hear_new_view(struct lone *lone, uint64_t view, struct rota_view_change *changes);
/* Proof against a member of this epoch was found elsewhere. */
void lone_evidence(struct lone *lone, uint32_t epoch);
/* The node found a NEW-VIEW of this view that is none. */
void lone_convicted(struct lone *lone, uint32_t epoch, uint64_t view);
void lone_hear_status(struct lone *lone, uint32_t peer, const struct rota_status_message *status);
void lone_hear_block(struct lone *lone, uint32_t peer, const struct lone_block *block, const struct rota_certificate *proof);

/* ---- what the core said and asked ------------------------------------------------------------------------------------- */
/* The latest message of this kind since lone_forget, NULL: none. */
const struct rota_message *lone_said(const struct lone *lone, enum rota_message_kind kind);
uint32_t lone_times(const struct lone *lone, enum rota_message_kind kind);
const struct rota_action *lone_did(const struct lone *lone, enum rota_action_kind kind);
/* Was this asked before that: its place, UINT32_MAX when it was not asked. */
uint32_t lone_place(const struct lone *lone, enum rota_action_kind kind, enum rota_message_kind message);
struct rota_core_view lone_view(const struct lone *lone);

#endif
