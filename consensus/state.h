/* The inside of the core: what its acts share. Nobody outside consensus/ includes this.
 *
 * One file per act, send and receive together: propose, vote, certify, change_view, catch_up, status, timers; window keeps
 * the bounded memory of votes; core dispatches. Handlers follow one shape: look up, decide, update, emit.
 */
#ifndef ROTA_CONSENSUS_STATE_H
#define ROTA_CONSENSUS_STATE_H

#include "consensus/core.h"
#include "crypto/broken.h"

/* One member's vote for one height: first seen in a view wins, a higher view replaces it. */
struct rota_vote_cell {
    bool has;
    uint64_t view;
    struct rota_hash nv;
    struct rota_hash block;
    struct rota_signature signature;
};

/* Who vouches for the header in a slot; a stronger one replaces a weaker one. */
enum rota_slot_source {
    ROTA_SLOT_EMPTY = 0,
    ROTA_SLOT_FETCHED,   /* a peer sent it */
    ROTA_SLOT_PROPOSED,  /* the primary proposed it in this view, or the new view carries it over */
    ROTA_SLOT_PREPARED,  /* a quorum prepared it in this view, whatever the primary told us */
    ROTA_SLOT_CERTIFIED, /* it is wanted by a certificate, or by a certified descendant */
};

enum rota_slot_check {
    ROTA_SLOT_UNCHECKED = 0,
    ROTA_SLOT_ASKED,
    ROTA_SLOT_VALID,
    ROTA_SLOT_INVALID,
    ROTA_SLOT_UNTIMELY,
    ROTA_SLOT_MISSING,
};

/* What we know about one height of the window. */
struct rota_slot {
    uint64_t height;
    enum rota_slot_source source;
    struct rota_header header; /* unless source is EMPTY */
    struct rota_hash block;
    struct rota_hash wanted; /* hash that must stand here, header not known yet; zero: none */
    bool ticks;              /* ours, and nothing but a TICK */
    bool proposed;           /* the primary's PREPREPARE of this view was seen for it */
    bool judge_time;
    enum rota_slot_check check;
    bool ends_epoch;           /* VALID, and holds a CONFIG entry: nothing may stand above it */
    struct rota_floors floors; /* VALID: what the chain says of lost memories up to this block */
    bool saved;                /* SAVE_BLOCK was said */
    bool brought;              /* brought_by sent the header as part of a range: it says that this is committed */
    uint32_t brought_by;
    bool locked;    /* a prepare certificate was formed in this view */
    bool certified; /* certificate holds a commit certificate for `block` or `wanted` */
    struct rota_certificate certificate;
    struct rota_vote_cell prepares[ROTA_MEMBERS_MAX];
    struct rota_vote_cell commits[ROTA_MEMBERS_MAX];
};

struct rota_suspicion_cell {
    bool has;
    struct rota_suspect suspect;
    struct rota_signature signature;
};

/* What a peer last told us of itself, and what we last gave it. */
struct rota_peer_track {
    uint64_t heard_ms;       /* 0: never */
    uint64_t claimed;        /* height it says is committed; a claim, worth one bounded probe */
    uint64_t new_view_ms;    /* when we last passed the NEW-VIEW on to it */
    uint64_t answer_ms;      /* our answers to its readers so far are paid for at this time */
    uint64_t status_paid_ms; /* the same of answers to its STATUS */
    uint64_t shunned_ms;     /* until when it is asked for blocks only when nobody else can be */
};

/* A question under way: heights, or one block by its hash. */
struct rota_fetch_track {
    bool active;
    uint32_t peer;
    uint64_t from, to;
    struct rota_hash block; /* zero: heights */
    uint64_t deadline_ms;
};

enum { ROTA_CONTRACT_BLOCKS = 32 };

/* How long clients waited under this primary, and under the others when it was their turn. */
struct rota_contract {
    uint64_t count;                       /* of marks in this view */
    uint32_t marks[ROTA_CONTRACT_BLOCKS]; /* ring, milliseconds a block */
    uint32_t of_member[ROTA_MEMBERS_MAX]; /* median of its last turn, 0: not known */
};

/* One answer to a read: the lock that it showed. */
struct rota_read_cell {
    bool has;
    bool prepared_only; /* by a prepare certificate */
    uint64_t view, height;
};

/* Reads: one attempt at a time, for all that were wanted when it began. */
struct rota_read {
    uint64_t wanted; /* highest token that was asked for */
    bool active;
    uint64_t token; /* highest token that the latest attempt answers */
    uint64_t count; /* of attempts, the nonce of this one */
    uint64_t deadline_ms, again_ms;
    uint64_t next_ms; /* not before: the next attempt */
    struct rota_read_cell cells[ROTA_MEMBERS_MAX];
};

enum { ROTA_FETCHES = 3 }; /* ranges asked for at a time, each of another peer */

/* What a member's greetings say, and what it answered to ours. */
struct rota_greeting {
    bool has; /* hello: the one of its highest incarnation */
    struct rota_hello hello;
    struct rota_signature signature;
    bool recovering;       /* as it last said */
    uint64_t recover_view; /* which view it has to get past, as it last said */
    uint64_t floor;        /* by the chain, executed or final: its VIEW-CHANGEs of lower incarnations are taken back (H7) */
    bool has_word;         /* word: its RECOVERED of the highest floor, for the ledger */
    struct rota_recovered word;
    uint64_t word_ms;            /* its words in the ledger are paid for at this time */
    uint64_t asked_ms;           /* not before: our next HELLO to it alone */
    uint64_t answer_ms;          /* our answers so far are paid for at this time */
    uint64_t courtesy_ms;        /* not before: the next hand-over at its request (H6) */
    bool answered;               /* it answered the HELLO of this run */
    bool ask_again;              /* all the same it is greeted once more: a new run or connection, or we are back (H1, H7) */
    enum rota_standing standing; /* as it answered */
    uint64_t view;
};

struct rota_core {
    const struct rota_membership *membership;
    struct rota_timers timers;
    uint32_t window;
    uint32_t self, n, f, quorum, join;
    uint32_t prepare_quorum; /* PREPAREs in a prepare certificate; 1 in the crash profile, the primary's */
    bool crash_profile;      /* nobody lies: PREPAREs of backups are not said, a contradiction stops the replica */

    uint64_t now_ms, wall_ms;
    struct rota_actions *actions; /* of the step under way */
    bool save_said;               /* SAVE is already in this step's list */
    uint32_t final_count;         /* certificates of this step's COMMITs: their slots may be reused at once */
    struct rota_certificate final[ROTA_SLOTS];
    const char *halted; /* NULL, or why */
    bool ended;         /* the epoch's CONFIG block is final: nothing is said any more (M7) */
    bool quarantined;   /* halted because another process signs with our key */

    struct rota_greeting greetings[ROTA_MEMBERS_MAX];
    uint64_t own_change_content_view; /* our VIEW-CHANGE for the present view: 0 when there is none */
    struct rota_hash own_change_content;
    bool greeting;              /* HELLO was said and not enough came back yet: silent */
    bool lost_memory;           /* this run began without, or found it out: it may hear late of earlier runs (H8) */
    bool resign_due;            /* R3: once the greeting is over */
    uint64_t greeting_ms;       /* deadline of the greeting for a replica with a whole disk */
    uint64_t shown_view;        /* highest VIEW-CHANGE of our own that an answer showed us (H4) */
    uint64_t hello_ms;          /* next HELLO to everybody, 0: none */
    const char *recovering_why; /* what showed that the disk is behind what was said */

    struct rota_durable durable;
    bool muted;        /* restarted in this view: no PREPARE until the next (R2) */
    bool tip_judged;   /* the view's tip was looked at for words that are taken back below it (H7) */
    bool view_is_void; /* and its NEW-VIEW is made of such words: no vote in this view */

    uint64_t committed;
    struct rota_hash committed_block;
    uint64_t committed_time_ms;
    bool has_committed_certificate;
    struct rota_certificate committed_certificate;
    struct rota_floors floors;                     /* what the ledger says of lost memories */
    struct rota_recovered words[ROTA_MEMBERS_MAX]; /* of the BUILD of this step */
    uint64_t words_ms;                             /* not before: a block for nothing but such a word is asked for again */

    /* The chain of this view: our latest PREPARE, and how far the window is executed. */
    uint64_t voted_height;
    struct rota_hash voted_block;
    bool tip_pending;      /* V10: the tip of the new view has our first PREPARE */
    uint64_t valid_height; /* committed + 1 .. valid_height are linked, present, executed */
    bool building;         /* BUILD is asked */
    uint32_t waiting;      /* demand */
    bool waiting_full;
    uint64_t waiting_since_ms;

    struct rota_slot slots[ROTA_SLOTS];

    struct rota_suspicion_cell suspects[ROTA_MEMBERS_MAX];
    bool has_change[ROTA_MEMBERS_MAX];
    struct rota_view_change changes[ROTA_MEMBERS_MAX]; /* highest new_view of each */
    uint64_t change_ms[ROTA_MEMBERS_MAX];              /* when it came */
    struct rota_view_change own_change;                /* ours, while it is being signed */
    bool has_new_view;
    struct rota_message new_view; /* accepted, or being signed; changes in new_view_changes */
    struct rota_view_change new_view_changes[ROTA_QUORUM_MAX];
    struct rota_tip tip;

    struct rota_peer_track peers[ROTA_MEMBERS_MAX];
    bool suspected;          /* we said SUSPECT in this view */
    bool resigned;           /* and handed it over */
    bool helped;             /* a block for a member that recovers was asked for in this view (H6) */
    bool new_view_said;      /* we said NEW-VIEW for this view */
    uint32_t failed_views;   /* views entered since the last commit in a view */
    uint64_t progress_ms;    /* since when the oldest block in flight waits; 0: none in flight */
    uint64_t request_ms;     /* since when a request waits for this view's primary; 0: none does */
    uint64_t tick_ms;        /* since when a TICK is overdue (T11); 0: none is */
    uint64_t tick_height;    /* of the ledger then: whatever came later is as good as a TICK */
    uint64_t tick_again_ms;  /* not before: the next try to build one */
    uint64_t view_change_ms; /* deadline of the view change, 0: fewer than Q view changes held */
    uint64_t turn_ms;        /* when they were held: the new primary's turn began */
    uint64_t apart_ms;       /* since when fewer than a quorum is heard, 0: a quorum is */
    uint64_t entered_ms;     /* when this view was entered or accepted */
    uint64_t heartbeat_ms;   /* next heartbeat */
    uint64_t status_ms;      /* next status */
    uint64_t untimely_ms;    /* next look at an untimely block, 0: none */

    struct rota_fetch_track fetches[ROTA_FETCHES + 1]; /* the last: a block by its hash */
    uint32_t fetch_peer;                               /* asked last */
    uint64_t lag_ms;                                   /* since when somebody claims more than we have; 0: nobody */

    uint64_t boot;
    struct rota_read read;
    struct rota_contract contract;
    uint64_t entered_height; /* the ledger's when this view was accepted */

    /* Who was accused of what lately, so that one lie does not make a crowd of actions: view + 1 of the chain, the view
     * change that hides a lock. */
    uint64_t accused_prepares[ROTA_MEMBERS_MAX], accused_commits[ROTA_MEMBERS_MAX], accused_locks[ROTA_MEMBERS_MAX];
    bool accused_chain; /* in this step */
    struct rota_header accused_headers[ROTA_SLOTS];

    uint64_t view_changes, dropped;
};

/* ---- core.c: emitting ----------------------------------------------------------------------------------------------- */
struct rota_action *rota_core_emit(struct rota_core *core, enum rota_action_kind kind);
/* The durable record changed: SAVE goes into the list, once a step, before whatever is said next. */
void rota_core_save(struct rota_core *core);
/* A message of our own to `to`; the caller fills the fields. */
struct rota_message *rota_core_say(struct rota_core *core, uint32_t to, enum rota_message_kind kind);
/* Somebody's signed message, passed on. */
struct rota_message *rota_core_relay(struct rota_core *core, uint32_t to, uint32_t signer, enum rota_message_kind kind);
void rota_core_halt(struct rota_core *core, const char *why);
/* A member contradicts itself, with proof. The Byzantine profile goes on; the crash profile rests on nobody doing that (P4).
 */
void rota_core_contradicted(struct rota_core *core);
bool rota_core_is_primary(const struct rota_core *core);
/* The NEW-VIEW that this view rests on; view 0 when there is none. */
struct rota_anchor rota_core_anchor(const struct rota_core *core);

/* ---- window.c ------------------------------------------------------------------------------------------------------- */
/* The slot of a height in committed + 1 .. committed + ROTA_SLOTS, emptied when it held another height; NULL outside. */
struct rota_slot *rota_window_slot(struct rota_core *core, uint64_t height);
/* Puts a header into its slot unless a stronger source holds it. True when the slot now holds exactly this block. */
bool rota_window_put(struct rota_core *core, const struct rota_header *header, const struct rota_hash *block,
                     enum rota_slot_source source);
/* Says what must stand at a height. A different header there is dropped. */
void rota_window_want(struct rota_core *core, uint64_t height, const struct rota_hash *block);
/* A certificate for its height: stored in the slot, its ancestors become wanted. */
void rota_window_certify(struct rota_core *core, const struct rota_certificate *certificate);
/* Forgets the header that stands in a slot. */
void rota_window_clear(struct rota_core *core, struct rota_slot *slot);
/* Records a signed vote; two that contradict each other are evidence. */
void rota_window_vote(struct rota_core *core, uint32_t member, const struct rota_vote *vote,
                      const struct rota_signature *signature);
/* Members whose cell holds this vote, as bits. */
uint32_t rota_window_count(const struct rota_core *core, const struct rota_vote_cell cells[ROTA_MEMBERS_MAX],
                           const struct rota_hash *block);
/* The members whose PREPAREs of this view make a prepare certificate of the block; 0 while they do not suffice. In the crash
 * profile the primary's alone does. */
uint32_t rota_window_prepared(const struct rota_core *core, const struct rota_slot *slot, const struct rota_hash *block);
/* Forgets what belongs to the view that ends: headers without certificate, checks, locks. Votes stay, they carry their view.
 */
void rota_window_new_view(struct rota_core *core);
/* A CONFIG block stands in the executed part of the window: nothing goes above it (M6). */
bool rota_window_ends_epoch(const struct rota_core *core);
/* True when the slot's header follows the block below it. */
bool rota_window_is_linked(struct rota_core *core, const struct rota_slot *slot);

/* ---- acts ----------------------------------------------------------------------------------------------------------- */
/* propose.c */
void rota_propose(struct rota_core *core);
void rota_propose_built(struct rota_core *core, const struct rota_event *event);
void rota_preprepare_admit(struct rota_core *core, const struct rota_message *message);
void rota_preprepare_say(struct rota_core *core, uint32_t to, const struct rota_slot *slot);
/* vote.c */
bool rota_vote_prepare(struct rota_core *core);
void rota_vote_say(struct rota_core *core, uint32_t to, const struct rota_own_vote *own, enum rota_vote_kind kind);
struct rota_own_vote *rota_vote_own(struct rota_core *core, uint64_t height);
void rota_vote_check_next(struct rota_core *core);
void rota_vote_checked(struct rota_core *core, const struct rota_event *event);
/* PROTOCOL N9. Our PREPARE of this view at this height was for another block: the chain rule forbids any further PREPARE in
 * this view. */
void rota_vote_mute_if_crossed(struct rota_core *core, const struct rota_slot *slot);
/* certify.c */
bool rota_certify_prepared(struct rota_core *core);
void rota_certify_committed(struct rota_core *core);
bool rota_certify_commit(struct rota_core *core);
/* After a restart: the ledger's own certificate counts as a lock too, and covers what lies below it. */
void rota_certify_start(struct rota_core *core);
void rota_certify_best(struct rota_core *core, const struct rota_certificate *certificate);
/* change_view.c */
void rota_suspect_say(struct rota_core *core, enum rota_suspicion reason);
void rota_suspect_admit(struct rota_core *core, const struct rota_message *message);
void rota_view_change_admit(struct rota_core *core, const struct rota_message *message);
void rota_new_view_admit(struct rota_core *core, const struct rota_message *message);
void rota_change_view(struct rota_core *core, uint64_t view);
void rota_change_view_consider(struct rota_core *core);
void rota_change_view_fast_forward(struct rota_core *core, uint64_t view);
/* The headers and certificate that the accepted new view carries over, as far as the window reaches. */
void rota_new_view_install(struct rota_core *core);
/* H7: made of words that we took back, or that our ledger takes back, and lower than what is committed. */
bool rota_new_view_is_nothing(const struct rota_core *core, const struct rota_new_view *new_view);
/* Adopts a NEW-VIEW of the current view; halts when it contradicts what is committed. */
void rota_new_view_accept(struct rota_core *core, const struct rota_message *message);
/* catch_up.c */
void rota_catch_up(struct rota_core *core);
void rota_block_admit(struct rota_core *core, const struct rota_message *message);
void rota_fetch_shun(struct rota_core *core, uint32_t peer);
uint64_t rota_catch_up_deadline(const struct rota_core *core);
void rota_claim_hear(struct rota_core *core, uint32_t peer, uint64_t committed);
/* contract.c */
void rota_contract_served(struct rota_core *core, uint64_t waited_ms);
void rota_contract_end(struct rota_core *core);
void rota_contract_run(struct rota_core *core);
/* tick.c */
/* By this facility's clock the newest block is as old as it may be, and slack_ms more. */
bool rota_tick_is_due(const struct rota_core *core, uint64_t slack_ms);
void rota_tick_watch(struct rota_core *core);
uint64_t rota_tick_deadline(const struct rota_core *core); /* 0: time alone changes nothing */
/* read_index.c */
void rota_read_want(struct rota_core *core, uint64_t token);
void rota_read_index_admit(struct rota_core *core, const struct rota_message *message);
void rota_read_reply_admit(struct rota_core *core, const struct rota_message *message);
void rota_read_advance(struct rota_core *core);
uint64_t rota_read_deadline(const struct rota_core *core); /* 0: no read waits */
/* hello.c */
void rota_hello_start(struct rota_core *core, const struct rota_event *event);
void rota_hello_admit(struct rota_core *core, const struct rota_message *message);
void rota_hello_reply_admit(struct rota_core *core, const struct rota_message *message);
void rota_hello_run(struct rota_core *core);   /* time has passed */
void rota_hello_again(struct rota_core *core); /* as soon as time passes */
void rota_hello_linked(struct rota_core *core, uint32_t peer);
void rota_hello_nudge(struct rota_core *core, uint32_t peer);
void rota_courtesy_meet(struct rota_core *core);
/* recover.c */
/* H5: nothing that counts is said. */
bool rota_core_is_silent(const struct rota_core *core);
uint32_t rota_recover_answers_needed(const struct rota_core *core);
uint32_t rota_recover_answers(const struct rota_core *core);
/* before: the record that was found, NULL: none. */
void rota_recover_start(struct rota_core *core, const struct rota_durable *before);
void rota_recover_begin(struct rota_core *core, const char *why);
/* What the answers and the ledger allow by now. */
void rota_recover_consider(struct rota_core *core);
/* Judges what somebody shows of our own past. first: it is the first answer of that member to this run. */
void rota_past_judge(struct rota_core *core, const struct rota_past *past, bool first);
void rota_past_judge_certificate(struct rota_core *core, const struct rota_hello_reply *reply, bool first);
/* H8: a message signed with our key that we did not say. True when it is one: then it must not count. */
bool rota_twin_check(struct rota_core *core, const struct rota_message *message);
/* words.c */
/* H7: the chain was executed up to a block, or the ledger found there. */
void rota_floors_learn(struct rota_core *core, const struct rota_floors *floors);
void rota_floors_commit(struct rota_core *core, const struct rota_floors *floors);
/* H7: its member has taken this VIEW-CHANGE back. */
bool rota_view_change_is_stale(const struct rota_core *core, const struct rota_view_change *change);
/* H7: once the tip of the view is executed, or the end of the ledger. */
void rota_view_judge(struct rota_core *core);
/* H5: the ledger holds the word of this very run. */
bool rota_word_is_recorded(const struct rota_core *core);
/* Ours, to all, while the ledger lacks it. False: it is not wanted, nothing is said. */
bool rota_word_say(struct rota_core *core);
void rota_word_admit(struct rota_core *core, const struct rota_message *message);
/* Words of others that a block of this view should hold. Without `out` they are counted only. */
uint32_t rota_words_wanted(const struct rota_core *core, struct rota_recovered *out);
/* status.c */
void rota_status_say(struct rota_core *core, uint32_t to);
void rota_status_admit(struct rota_core *core, const struct rota_message *message);
/* timers.c */
void rota_peer_hear(struct rota_core *core, uint32_t member);
/* Members that were heard lately, ourselves among them, `besides` left out. */
uint32_t rota_peers_heard(const struct rota_core *core, uint32_t besides);
/* Heard within two rounds of status and grace_ms. */
bool rota_peer_is_heard(const struct rota_core *core, uint32_t member, uint32_t grace_ms);
void rota_timers_run(struct rota_core *core);
void rota_timers_arm(struct rota_core *core);
/* base * 2^min(5, failed views beyond f + 1), saturating (PROTOCOL T1). */
uint64_t rota_timers_grown(const struct rota_core *core, uint64_t base_ms);
/* accuse.c: compare what came with what is held; what contradicts it is ROTA_ACTION_ACCUSE. */
void rota_accuse_vote(struct rota_core *core, uint32_t member, const struct rota_vote_cell *cell,
                      const struct rota_vote *vote, const struct rota_signature *signature);
void rota_accuse_chain(struct rota_core *core, uint32_t member, enum rota_vote_kind kind);
void rota_accuse_chains(struct rota_core *core); /* a header came */
void rota_accuse_commit(struct rota_core *core, uint32_t member, const struct rota_vote *commit,
                        const struct rota_signature *signature);
void rota_accuse_lock(struct rota_core *core, uint32_t member); /* a view change came */
void rota_accuse_new_view(struct rota_core *core, const struct rota_message *message);
void rota_accuse_view_change(struct rota_core *core, const struct rota_message *message);
void rota_accuse_convicted(struct rota_core *core, uint64_t view);
/* invariant.c */
void rota_core_check_invariants(const struct rota_core *core);

#endif
