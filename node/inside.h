/* The inside of the node: what the files of the loop share. Nobody else includes this.
 *
 *   node.c     opens top to bottom, closes bottom to top
 *   start.c    what the core is told first       epoch.c  from one epoch into the next    follow.c  without a core
 *   discontinuity.c  recovery manifests
 *   loop.c     one turn after the other
 *   act.c      carries out what the core asks for
 *   durable.c  the durable point, and what is released after it
 *   hear.c     what peers send        tickets.c  what other threads ask      fetch.c  what peers ask
 *   admission.c  how an entry gets into the pool, and out of it unordered    watch.c  equivocation
 *   report.c   what the log says of it    recovery.c  lost memory, in words (node/recovery.h)
 */
#ifndef ROTA_NODE_INSIDE_H
#define ROTA_NODE_INSIDE_H

#include "node/bell.h"
#include "node/chain.h"
#include "node/door.h"
#include "node/journal.h"
#include "node/log.h"
#include "node/node.h"
#include "node/outbox.h"
#include "node/pool.h"

#include <stdatomic.h>

enum {
    LOOP_TICKETS_MAX = 512, /* taken in one turn */
    LOOP_FRAMES_MAX = 512,
    LOOP_FETCHES_MAX = 64,
    LOOP_EVENTS_ROOM = 1024,
};

/* An event of our own making: an answer to the core, or a statement of ours that was signed. */
struct rota_feedback {
    enum rota_event_kind kind;
    uint32_t outgoing; /* MESSAGE: its place in the outbox */
    struct rota_event event;
};

struct rota_asked { /* a FETCH of a peer */
    uint32_t peer;
    struct rota_fetch fetch;
};

struct rota_turn {
    uint64_t now_ms, wall_ms;
    bool save;          /* the core's record changed */
    bool save_evidence; /* what is known of liars changed */
    bool demand_due;    /* what waits has to be told again */
    uint64_t final_before;
    struct rota_outbox outbox;
    uint32_t event_first, event_count, event_room;
    struct rota_feedback *events; /* owned, a queue that is empty at the end of a turn */
    uint32_t asked_count;
    struct rota_asked asked[LOOP_FETCHES_MAX];
    uint32_t visit_count;
    struct rota_ticket *visits[LOOP_TICKETS_MAX];
};

/* What a peer may still ask of the loop: a bucket of bytes to fetch, and evidence of another epoch to be judged. */
struct rota_allowance {
    uint64_t bytes;
    uint64_t filled_ms;
    uint64_t judged_ms; /* what was judged for it so far is paid for at this time */
};

/* What a node that is no member knows of the members (follow.c). */
struct rota_follow {
    uint64_t claimed[ROTA_MEMBERS_MAX]; /* height that each says it has */
    uint32_t behind;                    /* members that are still in an earlier epoch, as bits */
    bool asking, probing;               /* probing: nobody had said that there is more */
    uint32_t peer;                      /* asked last */
    uint64_t asked_to, deadline_ms, probe_ms, say_ms;
};

struct rota_counts {
    uint64_t turns, fsyncs, committed_entries, refused_ops;
    uint64_t last_commit_ms;
};

struct rota_node {
    /* opened top to bottom, closed bottom to top */
    struct rota_config config;
    const struct rota_secret_key *key; /* borrowed */
    struct rota_genesis genesis;
    struct rota_epoch epoch;         /* in force here */
    struct rota_directory directory; /* of the epoch */
    uint32_t self;                   /* our place in the directory; our member index when we are one */
    bool is_member;                  /* of the epoch in force; else there is no core, and the node follows */
    bool epoch_due;                  /* a block of this turn ended the epoch */
    bool has_past;                   /* past is set */
    struct rota_durable past;        /* our record of the latest epoch that is over */
    bool past_untrusted;             /* nobody had told yet whether it is our latest when that epoch ended (PROTOCOL H2) */
    uint32_t quorum;
    struct rota_follow follow;
    struct rota_epoch_change *manifest; /* put in, and the ledger lags below the block that it keeps; NULL: none; owned */
    struct rota_manifest_met met;
    uint64_t manifest_told_ms; /* when former members are told again of the one that this epoch began with */
    struct rota_keyring *keyring;
    struct rota_chain chain;
    struct rota_journal *journal;
    struct rota_pool pool;
    struct rota_core *core;
    struct rota_actions *actions;
    struct rota_bell bell;
    struct rota_door door;
    struct rota_peers *peers;

    struct rota_turn turn;
    struct rota_status failed; /* not ok: the node stops without saying anything more */
    const char *failed_file;
    const char *halted;       /* NULL, or why the core stopped voting */
    uint64_t wake_ms;         /* the core's wish */
    uint64_t quorum_since_ms; /* since when a quorum is heard, 0: none is */
    uint64_t sweep_ms;        /* next look at what waits too long */
    struct {
        bool any;
        uint64_t waited_ms;
    } served;                       /* by the blocks of the commit that is being carried out */
    uint64_t read_asked, read_done; /* tokens of reads that wait for a quorum's word */
    bool review;                    /* something in the pool may not be admissible any more */
    bool dirty;                     /* written since the last checkpoint */
    uint64_t busy_ms;               /* last turn with something to do */
    uint64_t started_ms;
    struct rota_core_view view;     /* as of the last turn */
    struct rota_core_view reported; /* as the log last told it */
    struct {
        bool any;
        uint32_t waiting;
        bool full;
        uint64_t since_ms;
    } told; /* what the core was last told of the pool */
    struct rota_allowance allowances[ROTA_CONTACTS_MAX];
    struct rota_height_said said[ROTA_CONTACTS_MAX];     /* hear.c */
    struct rota_divergence divergence[ROTA_MEMBERS_MAX]; /* diverge.c */
    uint64_t connects[ROTA_CONTACTS_MAX];                /* hear.c: connections to each, as the core knows */
    uint64_t links_ms;                                   /* next look at them */
    struct rota_counts counts;
    struct {
        uint64_t second_ms;
        uint32_t lines, blocks, entries;
        uint64_t height;
    } commits; /* of the current second, for the log */
    atomic_bool stopping;
    atomic_bool has_quorum;
    atomic_uint pending;
};

/* start.c */
ROTA_CHECKED struct rota_status rota_node_start_core(struct rota_node *node);
/* epoch.c */
ROTA_CHECKED struct rota_status rota_node_enter_epoch(struct rota_node *node);
ROTA_CHECKED struct rota_status rota_node_open_links(struct rota_node *node);
ROTA_CHECKED struct rota_status rota_node_next_epoch(struct rota_node *node);
/* discontinuity.c */
ROTA_CHECKED struct rota_status rota_node_check_manifests(struct rota_node *node);
/* The next manifest that was put in, if there is one: its epoch begins, or it is waited for. Nothing is executed above the
 * ledger. */
ROTA_CHECKED struct rota_status rota_node_meet_own_manifest(struct rota_node *node);
/* Until it is in the ledger the manifest waits in the pool like a request (PROTOCOL T4). */
void rota_node_offer_manifest(struct rota_node *node);
/* No block above this height may be taken: that of the kept block while one is waited for. */
uint64_t rota_node_height_max(const struct rota_node *node);
/* Former members hear of the manifest that the present epoch began with, now and then. */
void rota_node_tell_manifest(struct rota_node *node);
void rota_node_hear_manifest(struct rota_node *node, const struct rota_epoch_change *manifest);
/* diverge.c: a member's message that was verified, and our ledger. */
void rota_node_compare(struct rota_node *node, const struct rota_message *message);
/* follow.c */
void rota_follow_step(struct rota_node *node, const struct rota_event *event);
void rota_follow_inspect(struct rota_core_view *out, const struct rota_node *node);
/* loop.c: steps the core and everything that follows from it. */
void rota_loop_step(struct rota_node *node, const struct rota_event *event);
void rota_loop_follow(struct rota_node *node);
/* act.c */
void rota_act(struct rota_node *node, const struct rota_action *action);
/* durable.c: false: the node must stop; it has been said why. */
bool rota_node_make_durable(struct rota_node *node);
/* Says at length why the node ends: node->failed, over node->failed_file, and what to do next. Lets go of what is not
 * durable. False, for the caller to return. */
bool rota_node_give_up(struct rota_node *node, const char *what, const char *next);
bool rota_node_fold_logs(struct rota_node *node); /* false, as above */
/* hear.c */
void rota_node_frame(struct rota_node *node, struct rota_frame *frame);
void rota_node_links(struct rota_node *node);
/* tickets.c */
void rota_node_ticket(struct rota_node *node, struct rota_ticket *ticket);
void rota_node_visits(struct rota_node *node);
void rota_node_committed(struct rota_node *node, struct rota_submission *out, uint64_t height, uint32_t index);
/* Whoever waits for this id is told so at the durable point. Each gets a copy of the outcome record. */
void rota_node_tell(struct rota_node *node, const struct rota_hash *id, const struct rota_submission *what);
/* Reads up to this token are over (PROTOCOL L1). */
void rota_node_read_done(struct rota_node *node, uint64_t token, bool covered);
/* fetch.c */
void rota_node_answer_fetch(struct rota_node *node, const struct rota_asked *asked);
/* admission.c */
bool rota_node_knows(const struct rota_node *node, const struct rota_entry *entry);
void rota_node_take_in(struct rota_node *node, struct rota_submission *out, const struct rota_entry *entry, bool ours);
void rota_node_sweep(struct rota_node *node);
/* How long a request waits before it is sent to everybody again (PROTOCOL T4). */
uint64_t rota_node_forward_ms(const struct rota_node *node);
void rota_node_demand(struct rota_node *node);
struct rota_chain_observer rota_node_observer(struct rota_node *node);
/* watch.c: true when the two are evidence now, or were before. */
bool rota_watch_catch(struct rota_node *node, struct rota_proposal *a, struct rota_proposal *b);
void rota_watch_accuse(struct rota_node *node, const struct rota_accusation *accusation);
/* Evidence that was made here: into the pool, to all, and into the log. */
void rota_watch_convict(struct rota_node *node, struct rota_evidence *evidence);
/* What waits to be ordered survives a crash: all evidence of the pool, as one record of the journal. */
ROTA_CHECKED struct rota_status rota_watch_save(struct rota_node *node);
void rota_watch_recover(struct rota_node *node, struct rota_view saved);
/* PROTOCOL P4. Proof against a member of this epoch, waiting or in the ledger, is told to a core that has just started: what
 * it meant to the run before it means to this one. */
void rota_watch_remind(struct rota_node *node);
void rota_watch_block(struct rota_node *node, const struct rota_block *block);
/* report.c */
void rota_report_commit(struct rota_node *node, const struct rota_executed *executed);
void rota_report_turn(struct rota_node *node);
void rota_report_halt(struct rota_node *node, const char *why);
const char *rota_report_suspicion(enum rota_suspicion reason);

#endif
