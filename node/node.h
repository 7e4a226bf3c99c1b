/* The node: one facility's replica. One thread, the loop, owns core, state, tree and files; everybody else comes through one
 * door, the two calls below. ARCHITECTURE tells the path of a proposal through it. */
#ifndef ROTA_NODE_NODE_H
#define ROTA_NODE_NODE_H

#include "consensus/core.h"
#include "ledger/schedule/state.h"
#include "ledger/store/store.h"
#include "ledger/tree.h"
#include "node/config.h"
#include "node/keyring.h"
#include "node/peers.h"

struct rota_node; /* opaque, heap */

/* Opens ledger, journal, peers; replays; does not start the loop. Logs what it finds. */
ROTA_CHECKED struct rota_status rota_node_open(struct rota_node **out, const struct rota_config *config,
                                               const struct rota_secret_key *key);
/* Runs the loop on the calling thread until rota_node_stop. A failed write is fatal: returns ROTA_IO. */
ROTA_CHECKED struct rota_status rota_node_run(struct rota_node *node);
void rota_node_stop(struct rota_node *node);  /* any thread, also a signal handler */
void rota_node_close(struct rota_node *node); /* NULL is fine */

/* Shared, thread-safe. */
struct rota_keyring *rota_node_keyring(struct rota_node *node);
const struct rota_genesis *rota_node_genesis(const struct rota_node *node);

/* ---- the door: any thread ------------------------------------------------------------------------------------------- */

enum rota_submission_state {
    ROTA_SUBMISSION_PENDING = 1, /* taken in, sent to all facilities; not yet in the ledger */
    ROTA_SUBMISSION_COMMITTED,   /* in the ledger, durable here: height, leaf_index, outcome are set */
    ROTA_SUBMISSION_REFUSED,     /* turned away, never ordered: status says why */
    ROTA_SUBMISSION_FULL,        /* the pool of waiting proposals is full: try later */
    ROTA_SUBMISSION_NO_QUORUM,   /* nothing can commit now: fewer than a quorum of facilities is heard */
    ROTA_SUBMISSION_UNKNOWN,     /* never seen here */
    ROTA_SUBMISSION_STOPPING,    /* the node shuts down */
};

struct rota_submission {
    enum rota_submission_state state;
    bool was_known;            /* the same bytes had been taken in before */
    struct rota_status status; /* ROTA_SUBMISSION_REFUSED: as rota_state_admit, or expired */
    struct rota_hash conflict; /* REFUSED because of another proposal with this seq: that one's id */
    bool evidence;             /* REFUSED: the two are evidence now */
    bool expired;              /* REFUSED: the last height at which it may commit is in the past */
    uint64_t height, leaf_index;
    uint32_t entry_index;
    struct rota_outcome outcome; /* COMMITTED: malloc'd record, the caller frees .record */
};

/* Hands in a proposal whose signature has been verified (rota_keyring_verify), and waits until it is in the ledger or
 * wait_ms is over (0: only until the loop has taken it in). Takes its own reference. */
void rota_node_submit(struct rota_submission *out, struct rota_node *node, struct rota_proposal *proposal, uint32_t wait_ms);
/* The same for the door that asks the state first: allow(context, facts) is called on the loop thread for a proposal that is
 * not known here yet. When it says no the proposal is not taken in and *out is ROTA_SUBMISSION_UNKNOWN. Short, and must not
 * call the node. */
struct rota_facts;
void rota_node_submit_if(struct rota_submission *out, struct rota_node *node, struct rota_proposal *proposal,
                         uint32_t wait_ms, bool (*allow)(void *context, const struct rota_facts *facts), void *context);
/* Hands in an epoch change; as rota_node_submit. Its approvals are checked when it is taken in. */
void rota_node_submit_change(struct rota_submission *out, struct rota_node *node, struct rota_epoch_change *change,
                             uint32_t wait_ms);
/* What became of a proposal or an epoch change; waits as above while it is pending. */
void rota_node_lookup(struct rota_submission *out, struct rota_node *node, const struct rota_hash *id, uint32_t wait_ms);

/* How far a contact last said that it is: a claim, for operators to read. */
struct rota_height_said {
    bool any;
    uint64_t height;
};

/* What a member last said of a block that our certified ledger has otherwise (PROTOCOL E8). */
struct rota_divergence {
    bool any;      /* and it has not come round since */
    uint64_t said; /* times */
    uint64_t height;
    struct rota_hash theirs, ours;
    uint64_t logged_ms;
};

/* A recovery manifest that other facilities went on with, and that this node's operator has not put in (PROTOCOL M12). */
struct rota_manifest_met {
    bool any;
    uint32_t epoch; /* that it began */
    struct rota_discontinuity kept;
    struct rota_hash config_hash;
};

/* What the loop lets a visitor see, only inside the call. Borrowed. */
struct rota_facts {
    const struct rota_genesis *genesis;
    const struct rota_state *state; /* as executed up to the tip: use the committed height for answers */
    const struct rota_tree *tree;
    struct rota_store *store; /* reading only */
    struct rota_core_view core;
    const struct rota_membership *membership; /* of the epoch in force */
    uint32_t self;                            /* member index; the count of members when we are none */
    bool is_member;
    const struct rota_directory *directory; /* whom the node speaks to */
    uint64_t height;                        /* committed */
    struct rota_hash head;                  /* hash of the block of that height */
    uint64_t head_time_ms;
    uint32_t tick_ms;    /* of the epoch in force (PROTOCOL T11); 0: no TICKs */
    uint32_t pending;    /* proposals waiting or in flight */
    uint32_t peers_up;   /* facilities reached now, ours included */
    uint64_t started_ms; /* monotonic */
    uint64_t turns, fsyncs, committed_entries, refused_ops;
    const struct rota_divergence *divergence; /* by member */
    uint64_t evidence_count;
    const uint64_t *evidence_heights;    /* of each of them, ascending */
    uint64_t last_commit_ms;             /* monotonic, 0 = none since start */
    struct rota_peers *peers;            /* for rota_peers_info */
    const struct rota_height_said *said; /* of each contact of the directory */
    const struct rota_manifest_met *manifest_met;
    const struct rota_epoch *manifest_awaited; /* put in, and the ledger is not there yet; NULL: none */
    const struct rota_node *node;              /* for rota_facts_find */
};
/* PENDING, COMMITTED or UNKNOWN: what became of many proposals in one visit. */
enum rota_submission_state rota_facts_find(const struct rota_facts *facts, const struct rota_hash *id);
/* Runs visit(context, facts) on the loop thread between turns and waits for it. visit must be short and must not call the
 * node. ROTA_FULL when the loop does not get to it within 5 s or is stopping; then visit is never run. */
ROTA_CHECKED struct rota_status rota_node_visit(struct rota_node *node,
                                                void (*visit)(void *context, const struct rota_facts *facts), void *context);

/* Waits until the ledger here holds everything that was committed anywhere before the call (PROTOCOL L1): a visit afterwards
 * sees it. ROTA_INCOMPLETE: a quorum could not be asked in time; ROTA_FULL as above. */
ROTA_CHECKED struct rota_status rota_node_read_latest(struct rota_node *node);

/* Dry run: what the outcomes would be on top of the present state. *out_record as in rota_submission. */
ROTA_CHECKED struct rota_status rota_node_dry_run(struct rota_outcome *out, struct rota_node *node,
                                                  struct rota_proposal *proposal);

/* A quorum of facilities is heard, as the loop last saw it: cheap, any thread. For the gate before a body is read. */
bool rota_node_has_quorum(const struct rota_node *node);
/* Proposals waiting now against the bound: cheap, any thread. */
uint32_t rota_node_pending(const struct rota_node *node);

#endif
