/* A whole ledger network in one thread and in virtual time: n real cores, a fake network, fake disks, one seed (PROTOCOL
 * §8).
 *
 * The language is the protocol's: who ("0 2", "primary", "all"), break (partition, cut, crash), go (run, run until), expect.
 * After every step, in every test, the checkers of sim_check.c look at everything that was said, saved and committed; the
 * first thing that must not be ends the run with the seed that shows it.
 */
#ifndef ROTA_TESTS_SIM_SIM_H
#define ROTA_TESTS_SIM_SIM_H

#include "consensus/core.h"
#include "ledger/body.h"
#include "tests/sim/sim_reached.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SIM_REQUESTS_MAX = 4096,
    SIM_HEIGHTS_MAX = 4096,
    SIM_BLOCK_REQUESTS_MAX = 8,
    SIM_BLOCK_WORDS_MAX = 16, /* RECOVEREDs */
    SIM_READS_MAX = 64,
    SIM_PENDING_MAX = 512,  /* blocks a replica holds above its ledger */
    SIM_TICK_MS = 1500,     /* where there are TICKs */
    SIM_CREATED_MS = 60000, /* when the ledger was made, by everybody's clock */
    SIM_EPOCHS_MAX = 8,
    SIM_PIECES_MAX = 512, /* of evidence, and so many of each member in each epoch, and in a block */
    SIM_PIECES_OF_MEMBER_MAX = 8,
    SIM_PIECES_OF_REAL_MEMBER_MAX = 64,
    SIM_PIECES_IN_BLOCK_MAX = 4,
};

#define SIM_NOBODY UINT32_MAX

/* A stretch of heights with one list of members. Facilities keep their numbers; a member's index is another in each epoch.
 */
struct sim_epoch {
    struct rota_membership membership;
    uint32_t facilities;              /* of its members, as bits */
    uint32_t seats[ROTA_MEMBERS_MAX]; /* member -> facility */
    uint32_t keys[ROTA_MEMBERS_MAX];  /* facility -> how often its key was changed */
};

/* A document for the epoch after `before`: a request that is ordered in a block of its own (PROTOCOL M6). */
struct sim_document {
    uint32_t request;
    struct rota_hash before; /* the config_hash that it names */
    struct sim_epoch epoch;
};

/* A block's content in the simulator: request numbers. Shared, immutable, found by hash. */
struct sim_block {
    struct rota_block *real; /* NULL unless the replicas have real parts; owned */
    struct rota_hash hash;
    struct rota_header header;
    bool ticks;   /* it holds a TICK and no request */
    bool foreign; /* `real` has this header over another body: a liar's, and known to nobody else */
    uint32_t request_count;
    uint32_t requests[SIM_BLOCK_REQUESTS_MAX];
    uint32_t word_count;
    struct rota_recovered words[SIM_BLOCK_WORDS_MAX];
    struct rota_floors floors; /* after it, by its ancestors and its own words: filled by sim_block_add */
};

/* Chance has one stream for each purpose, all from the seed: a draw for one purpose does not move the others. */
enum sim_stream { SIM_NET, SIM_DISK, SIM_CLOCK, SIM_CLIENT, SIM_FAULT, SIM_LIAR, SIM_STREAMS };

/* An accepted NEW-VIEW, encoded. */
struct sim_kept_view {
    uint64_t view;
    uint8_t *bytes; /* owned */
    size_t len;
};

/* Evidence against a member, on its way into the ledger: a request. Pieces that agree in all of it are one. */
struct sim_piece {
    uint32_t request;
    const struct sim_epoch *epoch;
    uint32_t member;
    enum rota_evidence_kind kind;
    uint64_t view, height;
    struct rota_evidence *proof; /* as it was found first; owned */
};

/* What a replica without a core knows of the others (PROTOCOL M10). */
struct sim_follow {
    uint64_t claimed[ROTA_MEMBERS_MAX]; /* member -> height */
    uint32_t behind;                    /* members that are still in an earlier epoch, as bits */
    uint32_t peer;                      /* whom it asked last */
    bool asking;
    uint64_t asked_to, deadline_ms, say_ms;
};

/* What a replica has durably: survives a crash exactly as it was at the last durable point. */
struct sim_disk {
    bool used;
    bool unsure; /* the real disk failed in the last durable point: it holds what was before it or what came with it */
    uint64_t unsure_height; /* the ledger before it */
    uint64_t runs;          /* counted before each of them */
    bool has_durable;
    struct rota_durable durable;
    uint64_t height;
    const struct sim_block *chain[SIM_HEIGHTS_MAX]; /* [height], from 1 */
    bool certified[SIM_HEIGHTS_MAX];
    struct rota_certificate *certificates[SIM_HEIGHTS_MAX]; /* owned, by height */
    uint32_t pending_count;
    const struct sim_block *pending[SIM_PENDING_MAX];
    uint8_t *view_change, *new_view; /* encoded messages, owned */
    size_t view_change_len, new_view_len;
    uint64_t pieces[SIM_PIECES_MAX / 64]; /* of evidence, as bits */
    /* Every NEW-VIEW that was accepted, in order, for ever, as the ledger file keeps them; owned. */
    struct sim_kept_view *kept_views;
    uint32_t kept_count;
};

/* Where in a turn's end a replica dies. Nothing of the turn leaves in any case. */
enum sim_crash_point {
    SIM_CRASH_BEFORE,  /* nothing of the turn is on disk */
    SIM_CRASH_BETWEEN, /* the ledger took the commits, the journal nothing */
    SIM_CRASH_AFTER,   /* all is on disk */
};

struct sim_replica {
    uint32_t index; /* its facility */
    bool up;
    struct rota_core *core;        /* means nothing while it is no member */
    const struct sim_epoch *epoch; /* of the next block of its ledger */
    uint32_t member;               /* its index there; SIM_NOBODY: it follows */
    uint32_t key;                  /* which of its keys it was started with */
    bool epoch_due;                /* its core has ended */
    /* The record of an epoch that ended in this run, and whether its member was still asking then (PROTOCOL H2). */
    bool has_past, past_untrusted;
    struct rota_durable past;
    struct sim_follow follow;
    uint64_t pieces[SIM_PIECES_MAX / 64], pieces_unsent[SIM_PIECES_MAX / 64]; /* evidence that it holds; that it found */
    bool pieces_unsaved;
    uint64_t pieces_ms; /* before then it does not send them again */
    struct sim_disk disk;
    /* memory: gone with a crash */
    uint32_t held_count;
    const struct sim_block *held[SIM_PENDING_MAX]; /* bodies by hash, above the ledger */
    uint32_t stack_count;
    const struct sim_block *stack[SIM_PENDING_MAX]; /* executed above the ledger */
    bool known[SIM_REQUESTS_MAX];                   /* requests in the pool */
    uint64_t arrived_ms[SIM_REQUESTS_MAX];          /* since when they wait there */
    bool spoils;                                    /* answers a FETCH with blocks that never were */
    bool censors[SIM_REQUESTS_MAX];                 /* never puts these into a block of its own */
    uint64_t asked_ms[SIM_REQUESTS_MAX];            /* executed: since when it had waited, the service before it aside */
    bool withholds_ticks;                           /* a primary that never proposes a TICK */
    uint64_t lazy_ms;                               /* a primary that lets every request wait for so long */
    uint64_t served_ms;                             /* PROTOCOL T4: a block last took one that was not out of order */
    uint64_t executed[SIM_REQUESTS_MAX];            /* height + 1 that executed it, 0: none */
    uint64_t read_asked, read_done;                 /* tokens of reads */
    uint64_t read_floor[SIM_READS_MAX];
    uint32_t waiting; /* what the core was told last */
    uint64_t waiting_since_ms;
    uint64_t heard_ms[ROTA_MEMBERS_MAX]; /* when something last came from each */
    uint64_t wake_ms;                    /* as all times here that are not called local: the simulation's */
    uint64_t paused_until_ms;            /* frozen: what comes waits, timers go stale */
    uint64_t restart_ms;                 /* down, and comes back then; 0: stays down */
    uint32_t restart_after_ms;           /* for the crash that is armed */
    uint32_t disk_ms;                    /* a durable point takes up to this long */
    uint64_t disk_slow_until_ms;
    int64_t clock_offset_ms;
    int32_t drift_ppm; /* of its clocks, since drift_from_ms, when its own clock stood at drift_local_ms */
    uint64_t drift_from_ms, drift_local_ms;
    struct rota_core_view seen; /* after its last turn */
    uint32_t stood;             /* its standing on disk, then */
    uint64_t active_view;       /* the latest that it was active in */
    uint32_t crash_at;          /* countdown of durable points to a crash, 0: none armed */
    enum sim_crash_point crash_point;
};

/* One thing that will happen. */
struct sim_delivery {
    uint64_t at_ms;
    uint64_t order;
    uint32_t from, to;
    uint32_t request; /* UINT32_MAX: none */
    bool is_fetch;
    bool is_evidence; /* the proof that somebody lies, as an entry on its way to be ordered */
    uint32_t piece;
    uint64_t fetch_from, fetch_to;
    struct rota_hash fetch_block;
    bool damaged;                 /* its bytes are not what was sent */
    const struct sim_block *body; /* travels with PREPREPARE and BLOCK */
    uint8_t *bytes;               /* encoded message, owned */
    size_t len;
};

/* Real parts in the place of toys: the node's chain, pool and journal over simulated disks. What is kept of the toys goes on
 * beside them, as what the disk must hold. Set by sim_real.c before the replicas start; the scenarios do without. */
enum sim_forget { SIM_FORGET_ALL, SIM_FORGET_JOURNAL, SIM_FORGET_BACKUP, SIM_FORGET_RESTORE };

struct sim_parts {
    void (*close)(struct sim *sim);
    void (*start)(struct sim *sim, struct sim_replica *replica); /* opens its files and compares them with its sim_disk */
    void (*stop)(struct sim *sim, struct sim_replica *replica);
    void (*sign)(struct sim *sim, uint32_t member, struct rota_signature *out, struct rota_view preimage);
    void (*request)(struct sim *sim, struct sim_replica *replica, uint32_t request);
    uint32_t (*waiting)(struct sim *sim, struct sim_replica *replica, uint64_t *out_since_ms);
    void (*hold)(struct sim *sim, struct sim_replica *replica, const struct sim_block *block, uint32_t from);
    /* The same header over another body, some way or other; one reference. NULL: there is none for it. */
    struct rota_block *(*foreign)(const struct sim_block *block, uint64_t way);
    /* Did the latest check meet such a body, and from whom? */
    bool (*met_foreign)(struct sim *sim, struct sim_replica *replica, uint32_t *out_from);
    /* What a liar makes of a block: its header as it is now, and its entries, fewer if it has fewer requests now. NULL:
     * there is nothing to make it of. */
    const struct sim_block *(*forge)(struct sim *sim, const struct sim_block *block);
    bool (*evidence)(struct sim *sim, struct sim_replica *replica, struct rota_evidence *proof); /* false: not taken in */
    enum rota_check (*check)(struct sim *sim, struct sim_replica *replica, const struct rota_action *action);
    const struct sim_block *(*build)(struct sim *sim, struct sim_replica *replica, const struct rota_action *action);
    void (*rollback)(struct sim *sim, struct sim_replica *replica);
    const struct rota_floors *(*floors)(struct sim *sim, struct sim_replica *replica, const struct rota_hash *block);
    void (*commit)(struct sim *sim, struct sim_replica *replica, const struct rota_certificate *certificate);
    void (*save_block)(struct sim *sim, struct sim_replica *replica, const struct sim_block *block);
    void (*save_message)(struct sim *sim, struct sim_replica *replica, const struct rota_message *message, bool accepted);
    /* The durable point. crash: where it dies in it, NULL: it does not. False: the disk failed, the replica must stop. */
    bool (*sync)(struct sim *sim, struct sim_replica *replica, bool save_durable, const enum sim_crash_point *crash);
    /* Its disk is wiped; its journal alone; kept aside; put back. The replica is down, or, for the third, between two turns.
     */
    void (*forget)(struct sim *sim, struct sim_replica *replica, enum sim_forget what);
    /* At the countdown-th write or sync from now (sim_vfs.h says what the kinds are). */
    void (*break_disk)(struct sim *sim, struct sim_replica *replica, uint32_t countdown, uint32_t kind);
};

struct sim_options {
    uint32_t members; /* facilities 0 .. members - 1 are those of epoch 0 */
    uint32_t joiners; /* further facilities, which follow until a document makes them members */
    uint64_t seed;
    enum rota_profile profile;           /* 0: Byzantine */
    uint32_t delay_min_ms, delay_max_ms; /* 0, 0: 1..3 */
    uint32_t loss_percent, duplicate_percent;
    uint32_t slow_ms;         /* every message takes at least so long, whatever is mended: longer than the timers; 0: none */
    uint32_t reorder_percent; /* messages that take up to four times as long */
    uint32_t tail_percent;    /* messages that take up to a hundred times as long */
    uint32_t corrupt_percent; /* messages that come with damaged bytes, beside the good copy or instead of it */
    uint32_t tick_ms;         /* PROTOCOL T11; 0: never */
    uint32_t rotate_ms, rotate_blocks; /* PROTOCOL T10; 0: a primary's turn has no end */
    uint32_t link_capacity;            /* messages under way on one link, more are lost; 0: no limit */
    uint32_t liars; /* members that lie from the beginning, as bits; how: sim_liar.h, 0: drawn from the seed */
    uint64_t lies;
    bool unfounded; /* begin before the members have met; otherwise a run begins when all of them may vote */
    bool verbose;
    void (*furnish)(struct sim *sim); /* puts real parts in, before the replicas start; NULL: toys */
};

/* Which check found a violation: its name is printed with it, and a broken variant is killed by a name. */
enum sim_checker {
    SIM_AGREEMENT = 1, /* one block a height, everywhere */
    SIM_CERTIFICATE,   /* what is committed is certified */
    SIM_CHAIN,         /* links, heights, times */
    SIM_CHAIN_RULE,    /* PREPAREs of a view form one chain that goes up */
    SIM_DOUBLE_VOTE,   /* one statement a view, height and phase */
    SIM_DURABILITY,    /* nothing leaves that is not on disk */
    SIM_EXACTLY_ONCE,  /* a request is committed once */
    SIM_SILENCE,       /* a replica that may have forgotten something says nothing that counts */
    SIM_MONOTONE,      /* views do not go back over a restart */
    SIM_LIVENESS,      /* progress after everything was mended */
    SIM_EVIDENCE,      /* accusations are proof, and never name a correct replica */
    SIM_ACCUSATION,    /* who held two votes that contradict each other accused */
    SIM_NEW_VIEW,      /* no accepted NEW-VIEW forgets what an earlier view committed */
    SIM_FORENSICS,     /* a fork names at least 2Q-n members, all of them liars */
    SIM_QUIESCENCE,    /* no requests, no blocks, no view changes */
    SIM_BOUNDED,       /* turns end, queues have limits */
    SIM_CODEC,         /* a correct replica's message decodes and verifies */
    SIM_EXECUTION,     /* what is checked, committed and saved is there */
    SIM_HALT,          /* no correct replica sees more than f liars */
    SIM_AUDIT,         /* ledger files are what was agreed, and the auditor finds nothing */
    SIM_DETERMINISM,   /* equal seeds, equal traces */
    SIM_READS,         /* a linearizable read sees all that was final before it was asked for */
    SIM_EXPECTATION,   /* what a scenario expects */
    SIM_LEFT_VIEW,     /* no vote in a view that was left */
    SIM_EPOCH,         /* members of one epoch decide its blocks, and say nothing in or above another */
    SIM_LOCK,          /* a VIEW-CHANGE shows the lock of every COMMIT before it */
    SIM_CHECKERS,
};

struct sim_stats {
    uint64_t steps, messages, lost, damaged, commits, view_changes, crashes, fetches, accusations, reads, reads_failed;
    uint64_t forks;         /* runs with more than f liars that came apart, and named who did it */
    uint64_t lies, refused; /* said by liars' layers; messages that their receiver turned away */
};

struct sim {
    struct sim_options options;
    uint32_t facility_count;
    struct rota_membership membership; /* of epoch 0 */
    uint32_t epoch_count;
    struct sim_epoch epochs[SIM_EPOCHS_MAX]; /* those that have begun somewhere */
    const struct sim_epoch *latest;          /* of the next block that the network agrees on */
    uint32_t document_count;
    struct sim_document documents[SIM_EPOCHS_MAX - 1];
    uint32_t piece_count;
    struct sim_piece pieces[SIM_PIECES_MAX];
    uint16_t piece_of[SIM_REQUESTS_MAX]; /* its number + 1, 0: none */
    struct rota_timers timers;
    struct rota_limits limits;
    uint64_t now_ms;
    uint64_t streams[SIM_STREAMS];
    uint64_t order;
    struct sim_replica replicas[ROTA_MEMBERS_MAX];
    bool cut[ROTA_MEMBERS_MAX][ROTA_MEMBERS_MAX]; /* [from][to] */
    uint64_t cut_until_ms[ROTA_MEMBERS_MAX][ROTA_MEMBERS_MAX];
    uint64_t clogged_until_ms[ROTA_MEMBERS_MAX][ROTA_MEMBERS_MAX]; /* what is sent comes when it is over */
    uint32_t under_way[ROTA_MEMBERS_MAX][ROTA_MEMBERS_MAX];
    struct sim_delivery *queue; /* binary heap */
    size_t queue_count, queue_room;
    struct sim_block **blocks; /* every block ever built, owned */
    size_t block_count, block_room;
    uint32_t request_count;
    uint32_t chaos_requests; /* committed while things went wrong */
    uint64_t request_sent_ms[SIM_REQUESTS_MAX];
    /* what the whole network has agreed on */
    uint64_t held_until_ms; /* what waited at a frozen replica or on a full line has arrived by then */
    uint64_t agreed_height;
    const struct sim_block *agreed[SIM_HEIGHTS_MAX];
    uint64_t committed_at[SIM_REQUESTS_MAX]; /* height, 0: not yet */
    struct sim_shadow *shadow;               /* what was ever signed: sim_check.c */
    struct rota_actions *actions;
    struct turn *turn; /* of sim_replica.c, used again for every turn: it is large */
    struct rota_message_scratch *scratch;
    struct sim_stats stats;
    uint32_t evidence_kinds;        /* bit k: evidence of kind k was made */
    uint32_t halted;                /* members that stopped voting, with a reason */
    bool halts_expected;            /* a replica that halts does not end the run: a test looks for it */
    uint32_t liars;                 /* members that may be accused: a test or a layer of sim_liar.c speaks for them */
    bool forked;                    /* more than f liars lied, and the ledger came apart: the run is over */
    struct sim_signed *ever_signed; /* sim_check_signed.c */
    struct sim_held *held;          /* sim_check_held.c */
    struct sim_liars *lying;        /* NULL: no member has such a layer */
    struct sim_disk *backups[ROTA_MEMBERS_MAX]; /* NULL: none was made */
    uint64_t boots;                             /* every start of every replica */
    uint32_t clock_set;                         /* members whose clock was ever wrong */
    uint32_t put_back;                          /* ever put back to an older state: may meet its own later words and stop */
    uint32_t forgetful;                         /* put back to an older state and not aware of it yet: counts as faulty */
    struct sim_reached *reached;
    const struct sim_parts *parts; /* NULL: toys */
    void *real;                    /* what they need */
    bool forgets_saves;            /* the canary: journals are never written, which the checkers must notice */
    uint64_t trace;                /* folds everything that happens: equal seeds give equal traces */
};

/* Build and end. */
struct sim *sim_new(const struct sim_options *options);
#define sim_cluster(...) sim_new(&(struct sim_options){__VA_ARGS__})
void sim_free(struct sim *sim);

/* Chance. A draw below 0 is 0. */
void sim_streams_open(uint64_t streams[SIM_STREAMS], uint64_t seed);
uint64_t sim_stream_draw(uint64_t *stream, uint64_t below);
uint64_t sim_draw(struct sim *sim, enum sim_stream stream, uint64_t below);
bool sim_chance(struct sim *sim, enum sim_stream stream, uint32_t percent);
uint64_t sim_random(struct sim *sim, uint64_t below); /* of SIM_FAULT */

/* Who: "0 2 3", "primary", "backups", "all", "up", as bits. */
uint32_t sim_who(struct sim *sim, const char *who);

/* Break and mend. */
void sim_partition(struct sim *sim, const char *groups); /* "0 | 1 2 3" */
void sim_cut(struct sim *sim, uint32_t from, uint32_t to);
void sim_heal(struct sim *sim);
void sim_crash(struct sim *sim, const char *who);
void sim_restart(struct sim *sim, const char *who);
/* Crash at the k-th durable point from now. */
void sim_crash_at_save(struct sim *sim, const char *who, uint32_t k, enum sim_crash_point point);

void sim_split(struct sim *sim, uint32_t side, uint64_t until_ms);                  /* side | the others */
void sim_cut_until(struct sim *sim, uint32_t from, uint32_t to, uint64_t until_ms); /* bits; one way */
void sim_clog(struct sim *sim, uint32_t from, uint32_t to, uint64_t until_ms);
void sim_pause(struct sim *sim, uint32_t members, uint64_t until_ms);
void sim_drift(struct sim *sim, uint32_t members, int32_t ppm);
void sim_mend(struct sim *sim); /* everything above, clocks and weather too; who is down stays down */
/* Disks, of replicas that are down: everything gone; the journal alone gone; kept aside, and put back later. */
void sim_wipe(struct sim *sim, const char *who);
void sim_wipe_journal(struct sim *sim, const char *who);
void sim_backup(struct sim *sim, const char *who);
void sim_restore(struct sim *sim, const char *who);
/* Members of the latest epoch that stand by everything that they said in it, as far as their disks are known; are all of
 * them that do not lie among these? */
uint32_t sim_standing(const struct sim *sim);
bool sim_is_founded(const struct sim *sim);
bool sim_memory_is_whole(const struct sim *sim);
void sim_disk_free(struct sim_disk *disk);

/* Go. */
void sim_submit(struct sim *sim, const char *who, uint32_t count); /* new requests, handed to these replicas */
/* A document for the epoch after the latest, handed to everybody: these facilities are its members, in an order that follows
 * from `order` (0: ascending), and of them `rotated` have new keys. False when that may not be. */
bool sim_submit_document(struct sim *sim, uint32_t facilities, uint64_t order, uint32_t rotated);
/* These replicas leave the latest `count` requests out of every block they build. */
void sim_censor(struct sim *sim, const char *who, uint32_t count);
void sim_read(struct sim *sim, const char *who); /* a client of each reads the latest */
void sim_resubmit(struct sim *sim);              /* every request not yet committed, to all that are up */
void sim_run_ms(struct sim *sim, uint64_t ms);
uint32_t sim_committed_requests(const struct sim *sim);
/* Speaks with a member's key: from now on it is a liar. */
void sim_forge(struct sim *sim, uint32_t liar, uint32_t to, struct rota_message *message);
/* Until every request is committed on every replica that is up and their ledgers are equal; false after limit_ms. */
bool sim_run_until_settled(struct sim *sim, uint64_t limit_ms);
bool sim_run_until_height(struct sim *sim, const char *who, uint64_t height, uint64_t limit_ms);

/* Expect: end the run with a sentence when it is not so. */
void sim_expect(struct sim *sim, bool fact, const char *sentence);
void sim_expect_height(struct sim *sim, const char *who, uint64_t at_least);
void sim_expect_one_history(struct sim *sim, const char *who);
struct rota_core_view sim_view(struct sim *sim, uint32_t facility);
/* Prints "violation CHECKER sentence", the cluster and how to run it again, and ends the process with code 1. */
_Noreturn void sim_fail(struct sim *sim, enum sim_checker checker, const char *sentence);
const char *sim_checker_name(enum sim_checker checker);
/* Called first in sim_fail, for whoever wants the checker and no report; NULL: nobody. */
void sim_on_fail(void (*fn)(struct sim *sim, enum sim_checker checker));
/* What the command line that runs a violation again needs beside the seed; each with a space before it. */
void sim_again(const char *arguments);

/* ---- between the simulator's own files ------------------------------------------------------------------------------ */
void sim_trace(struct sim *sim, uint64_t word);
/* sim_clock.c: a replica's own clocks, which may drift. */
uint64_t sim_local_ms(const struct sim *sim, const struct sim_replica *replica);
uint64_t sim_global_ms(const struct sim_replica *replica, uint64_t local_ms); /* when its clock will stand there */
uint64_t sim_wall_ms(const struct sim *sim, const struct sim_replica *replica);
void sim_set_clock(const struct sim *sim, struct sim_replica *replica, int64_t ahead_ms); /* of the true time */
/* sim_epoch.c */
void sim_epochs_open(struct sim *sim);
/* NULL: the request is none, the block ends no epoch. */
const struct sim_document *sim_document_of(const struct sim *sim, uint32_t request);
const struct sim_document *sim_document_in(const struct sim *sim, const struct sim_block *block);
/* A document that can never be ordered any more: its epoch has begun, with this document or another. */
bool sim_document_is_stale(const struct sim *sim, uint32_t request);
/* The epoch of a block, and the one that begins above it. */
const struct sim_epoch *sim_epoch_of(const struct sim *sim, const struct sim_block *block);
const struct sim_epoch *sim_epoch_above(struct sim *sim, const struct sim_block *block);
uint32_t sim_seat(const struct sim_epoch *epoch, uint32_t facility);      /* SIM_NOBODY: no member */
uint32_t sim_facilities(const struct sim_epoch *epoch, uint32_t members); /* bits to bits */
/* Did this replica say it itself, in its present epoch? */
bool sim_is_own(const struct sim_replica *replica, const struct rota_message *message);
/* The epoch of its ledger's end begins for a replica, at its start or because the one before has ended; it has a core then
 * or follows. */
void sim_epoch_enter(struct sim *sim, struct sim_replica *replica);
void sim_epoch_next(struct sim *sim, struct sim_replica *replica);
/* sim_evidence.c */
const struct sim_piece *sim_piece_of(const struct sim *sim, uint32_t request); /* NULL: the request is none */
/* Its number; UINT32_MAX: nobody found such a piece. */
uint32_t sim_piece_find(const struct sim *sim, const struct rota_evidence *evidence);
/* It was verified; it leaves with the turn. */
void sim_evidence_found(struct sim *sim, struct sim_replica *replica, struct rota_evidence *evidence);
bool sim_evidence_heard(struct sim *sim, struct sim_replica *replica, uint32_t from, uint32_t piece); /* true: news */
void sim_evidence_release(struct sim *sim, struct sim_replica *replica);
void sim_evidence_wake(struct sim *sim, struct sim_replica *replica);    /* what waits too long is sent again (T4) */
void sim_evidence_restore(struct sim *sim, struct sim_replica *replica); /* from its disk */
/* May one more of its member be ordered here, on top of what is executed; may this block? */
bool sim_evidence_may(const struct sim *sim, const struct sim_replica *replica, const struct sim_piece *piece);
bool sim_evidence_fits(const struct sim *sim, const struct sim_replica *replica, const struct sim_block *block);
/* Is all that correct members hold in the ledger, as far as there is room for more of the same member? */
bool sim_evidence_is_ordered(const struct sim *sim);
/* sim_follow.c */
void sim_follow_wake(struct sim *sim, struct sim_replica *replica);
void sim_follow_hear(struct sim *sim, struct sim_replica *replica, const struct rota_message *message);
/* sim_net.c */
void sim_queue_push(struct sim *sim, const struct sim_delivery *delivery);
bool sim_queue_pop(struct sim *sim, struct sim_delivery *out);
uint64_t sim_queue_next_ms(const struct sim *sim); /* UINT64_MAX: empty */
bool sim_is_cut(const struct sim *sim, uint32_t from, uint32_t to);
void sim_send(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message, const struct sim_block *body);
void sim_send_bytes(struct sim *sim, uint32_t from, uint32_t to, const uint8_t *bytes, size_t len,
                    const struct sim_block *body);
void sim_send_fetch(struct sim *sim, uint32_t from, uint32_t to, uint64_t first, uint64_t last,
                    const struct rota_hash *block);
void sim_send_evidence(struct sim *sim, uint32_t from, uint32_t to, uint32_t piece);
void sim_send_request(struct sim *sim, uint32_t to, uint32_t request);
/* sim_start.c */
void sim_replica_start(struct sim *sim, struct sim_replica *replica);
void sim_replica_stop(struct sim *sim, struct sim_replica *replica);
void sim_replica_wake(struct sim *sim, struct sim_replica *replica);
void sim_replica_read(struct sim *sim, struct sim_replica *replica, uint64_t token);
/* sim_replica.c */
void sim_replica_room(struct sim *sim);
void sim_replica_turn(struct sim *sim, struct sim_replica *replica, const struct rota_event *event);
void sim_replica_committed(struct sim *sim, struct sim_replica *replica, uint64_t before); /* its ledger grew from there */
void sim_disk_take_back(struct sim_disk *disk, uint64_t height); /* blocks above it were never written */
/* sim_door.c */
void sim_replica_deliver(struct sim *sim, struct sim_replica *replica, const struct sim_delivery *delivery);
/* sim_read.c */
void sim_read_done(struct sim *sim, struct sim_replica *replica, uint64_t token, bool covered);
void sim_sign(struct sim *sim, uint32_t facility, struct rota_message *message); /* as it is in its present epoch */
/* sim_blocks.c */
const struct sim_block *sim_block_add(struct sim *sim, const struct sim_block *block);
/* Fills in count, outcome and hash: what execution makes of the requests. */
void sim_block_seal(struct sim_block *block);
const struct sim_block *sim_block_find(const struct sim *sim, const struct rota_hash *hash);
bool sim_block_build(struct sim *sim, struct sim_replica *replica, const struct rota_action *action,
                     const struct sim_block **out);
enum rota_check sim_block_check(struct sim *sim, struct sim_replica *replica, const struct rota_action *action);
/* One executed block more, or less, on the replica's stack: what real parts tell of theirs. */
void sim_block_push(struct sim *sim, struct sim_replica *replica, const struct sim_block *block);
void sim_block_pop(struct sim *sim, struct sim_replica *replica);
/* In its pool and outside blocks, and could be ordered now. */
bool sim_is_waiting(const struct sim *sim, const struct sim_replica *replica, uint32_t request);
void sim_block_hold(struct sim *sim, struct sim_replica *replica, const struct sim_block *block, uint32_t from);
const struct sim_block *sim_block_held(const struct sim_replica *replica, const struct rota_hash *hash);
void sim_block_commit(struct sim *sim, struct sim_replica *replica, uint64_t height,
                      const struct rota_certificate *certificate);
void sim_block_rollback(struct sim *sim, struct sim_replica *replica);
/* What a block says of lost memories of this epoch: nothing when it is of another one. */
struct rota_floors sim_floors_of(const struct sim_block *block, const struct rota_hash *config_hash);
/* What its chain says of lost memories up to this block, executed or final; zero hash: the beginning. */
struct rota_floors sim_block_floors(struct sim *sim, struct sim_replica *replica, const struct rota_hash *block);
/* PROTOCOL E4, by the ledger that all agreed on: between a VIEW-CHANGE of this run and a COMMIT of this height the member
 * came back from a loss of memory. */
bool sim_is_amnesia(const struct sim *sim, const struct sim_epoch *epoch, uint32_t member, uint64_t incarnation,
                    uint64_t height);
/* Without a core: a certified block and what is under it becomes final. False: something of it is not here. */
bool sim_block_follow(struct sim *sim, struct sim_replica *replica, const struct rota_certificate *certificate);
/* The longest that a request of the blocks above this height, now final, had waited. */
uint64_t sim_block_waited(const struct sim *sim, const struct sim_replica *replica, uint64_t above);
uint32_t sim_block_waiting(struct sim *sim, struct sim_replica *replica, uint64_t *out_since_ms); /* what the core is told */
/* sim_check.c */
void sim_check_open(struct sim *sim);
void sim_check_close(struct sim *sim);
void sim_check_said(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message);
void sim_check_committed(struct sim *sim, const struct sim_replica *replica, uint64_t height,
                         const struct rota_certificate *certificate);
/* A vote of a correct member, said for the first time. */
void sim_check_epoch_end(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote);
void sim_check_forgot_held(struct sim *sim, uint32_t facility);
void sim_check_forgot(struct sim *sim, uint32_t facility);
void sim_check_restarted(struct sim *sim, const struct sim_replica *replica);
/* sim_check_signed.c */
void sim_check_signed_open(struct sim *sim);
void sim_check_signed_close(struct sim *sim);
/* A key was used; and the result may leave. */
void sim_check_signed(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message);
void sim_check_left(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message);
void sim_check_certificate(struct sim *sim, const struct sim_epoch *epoch,
                           const struct rota_certificate *certificate); /* of a stored block */
/* An accepted NEW-VIEW's. */
void sim_check_tip(struct sim *sim, uint32_t epoch, uint64_t view, uint64_t height, const struct rota_hash *tip);
bool sim_check_has_signed(struct sim *sim, const struct sim_epoch *epoch, uint32_t member, const struct rota_vote *vote);
/* Did its signers sign, and are they as many as it takes? */
bool sim_check_is_signed(struct sim *sim, const struct sim_epoch *epoch, const struct rota_certificate *certificate);
/* Did a quorum say this vote, or is its block under a commit certificate? */
bool sim_check_is_vouched_for(struct sim *sim, const struct sim_epoch *epoch, const struct rota_vote *vote);
uint32_t sim_check_quorum(const struct rota_membership *membership);
/* A replica committed another block than was agreed, with more than f liars: who did it? Ends the run. */
void sim_check_fork(struct sim *sim, const struct sim_replica *replica, uint64_t height);
/* Is `below` the ancestor of this height of `block`, or the block itself? */
bool sim_check_extends(const struct sim *sim, const struct rota_hash *block, uint64_t height, const struct rota_hash *below);
/* sim_check_views.c */
void sim_check_new_view(struct sim *sim, const struct sim_replica *replica, const struct rota_new_view *new_view);
void sim_check_proposed(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message,
                        struct rota_vote first[ROTA_SLOTS]);
void sim_check_prepared_first(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote,
                              const struct rota_vote first[ROTA_SLOTS]);
/* sim_check_held.c */
void sim_check_held_open(struct sim *sim);
void sim_check_held_close(struct sim *sim);
void sim_check_saved(struct sim *sim, const struct sim_replica *replica);
void sim_check_prepared(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote);
void sim_check_voted(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote);
void sim_check_started(struct sim *sim, const struct sim_replica *replica);
void sim_check_heard(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message);
/* Has it heard of J others that they came to later views than this one? False where somebody lost its memory. */
bool sim_check_is_overtaken(const struct sim *sim, const struct sim_replica *replica, uint64_t view);
void sim_check_accused(struct sim *sim, const struct sim_replica *replica, uint32_t member, const struct rota_vote *vote);
void sim_check_settled_debt(struct sim *sim, const struct sim_replica *replica);

#endif
