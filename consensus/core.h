/* The consensus core: how facilities agree. One event in, a bounded list of actions out (PROTOCOL).
 *
 * It is pure (PROTOCOL A1): no clock (every event carries at_ms), no randomness, no I/O, no allocation, no callback. For the
 * same core and the same event there are always the same actions. It never sees a key: it says what is to be signed, and the
 * node signs. It never sees a proposal: it asks for blocks to be built and checked. What it sees of peers has been verified
 * before.
 *
 * Ownership: the caller owns the memory of the core (rota_core_bytes) and of the actions. One thread at a time.
 *
 *   rota_core_init(core, &setup);
 *   rota_core_step(core, &(struct rota_event){.kind = ROTA_EVENT_START, ...}, &actions);   once
 *   for (;;) { event from the world;  rota_core_step(core, &event, &actions);  carry out the actions in order; }
 */
#ifndef ROTA_CONSENSUS_CORE_H
#define ROTA_CONSENSUS_CORE_H

#include "consensus/message.h"
#include "ledger/evidence.h"
#include "ledger/genesis.h"
#include "ledger/record.h"

struct rota_core; /* opaque; rota_core_bytes() bytes, aligned for any type */

struct rota_core_setup {
    const struct rota_membership *membership; /* borrowed for the life of the core */
    struct rota_timers timers;
    struct rota_limits limits; /* window <= ROTA_WINDOW */
    uint32_t self;             /* our member index */
};

/* ---- what must survive a crash ------------------------------------------------------------------------------------ */

/* One height of our own votes. */
struct rota_own_vote {
    uint64_t height;
    bool prepared, committed; /* we said PREPARE, COMMIT */
    bool crossed;             /* our PREPARE was for another block than the quorum's: not to be said again */
    uint64_t view;
    struct rota_hash nv;
    struct rota_hash block;
};

/* The durable part of a replica: one record, written whole (PROTOCOL §5). The view change and new view are records of
 * their own, because they are large and change seldom. */
struct rota_durable {
    uint32_t epoch;       /* a record of an earlier one says nothing about this one (PROTOCOL R5) */
    uint64_t incarnation; /* of the latest run */
    enum rota_standing standing;
    uint64_t recover_view; /* RECOVERING: v_R (H4); UINT64_MAX: not known yet */
    uint64_t floor;        /* what runs before this one said is of before the latest loss (PROTOCOL H7) */
    uint64_t view;
    bool active; /* NEW-VIEW accepted (or view 0) */
    struct rota_hash nv;
    uint64_t tip_height; /* tip accepted with nv */
    struct rota_hash tip;
    bool has_best;
    struct rota_certificate best; /* the lock */
    uint32_t best_header_count;
    struct rota_header best_headers[ROTA_SLOTS]; /* committed + 1 .. best */
    struct rota_own_vote votes[ROTA_SLOTS];      /* ring by height */
};

enum { ROTA_DURABLE_BYTES_MAX = 24 * 1024 };
void rota_durable_encode(struct rota_writer *writer, const struct rota_durable *durable);
ROTA_CHECKED struct rota_status rota_durable_decode(struct rota_durable *out, struct rota_view bytes);

/* ---- events ------------------------------------------------------------------------------------------------------- */

enum rota_event_kind {
    ROTA_EVENT_START = 1, /* first and once: what was recovered */
    ROTA_EVENT_MESSAGE,   /* verified message of a peer, or our own after it was signed (sender = self) */
    ROTA_EVENT_WOKEN,     /* the time asked for by ROTA_ACTION_WAKE_AT has come; harmless when early */
    ROTA_EVENT_DEMAND,    /* what waits in the pool changed */
    ROTA_EVENT_BUILT,     /* answer to ROTA_ACTION_BUILD */
    ROTA_EVENT_CHECKED,   /* answer to ROTA_ACTION_CHECK; also unasked when a missing body has arrived */
    ROTA_EVENT_EVIDENCE,  /* another facility found a member that contradicts itself, and the proof has been verified */
    ROTA_EVENT_SERVED,    /* a block became final whose entries had waited here */
    ROTA_EVENT_READ,      /* somebody wants to read the latest; answer ROTA_ACTION_READ_DONE (PROTOCOL L1) */
    ROTA_EVENT_LINKED,    /* the connection to a member is a new one: a copy of us may have had the last one (PROTOCOL H8) */
    ROTA_EVENT_CONVICTED, /* a NEW-VIEW or a proposal of this view, signed by its primary, cannot be one (E5, E9) */
};

enum rota_check {
    ROTA_CHECK_VALID = 1,
    ROTA_CHECK_INVALID,  /* form, rule, execution or outcome_hash disagrees */
    ROTA_CHECK_UNTIMELY, /* not for a first vote now: its time, or the NEW-VIEW it rests on (N3); may be asked again */
    ROTA_CHECK_MISSING,  /* the body is not here */
};

struct rota_event {
    enum rota_event_kind kind;
    uint64_t at_ms; /* monotonic, never decreasing */
    /* This facility's clock, milliseconds since 1970; may jump. It says when a TICK is due (PROTOCOL T11), and nothing else;
     * 0: not known, then none is. */
    uint64_t wall_ms;
    union {
        struct {
            bool restarted; /* we ran before and may have said things that are lost (PROTOCOL R2); not when an epoch has just
                               ended */
            uint64_t incarnation;             /* number of this run as far as the disk knows; at least 1 */
            uint64_t boot;                    /* drawn for this run: never the same twice, whatever the disk forgets */
            uint64_t committed;               /* last block in the ledger */
            struct rota_hash committed_block; /* zero when committed is 0 */
            uint64_t committed_time_ms;
            struct rota_floors floors; /* what the ledger says of lost memories of this epoch (PROTOCOL H7) */
            /* commit certificate of this epoch that covers `committed`; NULL when that is the block the epoch stands on */
            const struct rota_certificate *certificate;
            const struct rota_durable *durable;     /* NULL when none was ever written */
            const struct rota_message *view_change; /* our own for durable->view, NULL when none */
            const struct rota_message *new_view;    /* the accepted one of durable->view, NULL when none */
        } start;
        const struct rota_message *message;
        struct {
            uint32_t waiting;  /* entries that are in no block in flight */
            bool full;         /* enough of them for a whole block */
            uint64_t since_ms; /* waiting > 0: since when the one waits whose patience ends first (PROTOCOL T4) */
        } demand;
        struct {
            bool empty; /* nothing worth a block after all; then header is unset */
            struct rota_header header;
            struct rota_hash block;
            bool ends_epoch;           /* it holds a CONFIG entry (PROTOCOL M6) */
            bool ticks;                /* it holds a TICK (PROTOCOL T11) */
            struct rota_floors floors; /* after this block */
        } built;
        struct {
            struct rota_hash block;
            uint64_t height;
            enum rota_check verdict;
            bool ends_epoch;           /* VALID: it holds a CONFIG entry (PROTOCOL M6) */
            struct rota_floors floors; /* VALID: after this block */
            bool foreign;              /* MISSING: a body was here, and it is another block's */
            uint32_t brought_by;       /* that one; a member, or beyond them */
        } checked;
        uint64_t waited_ms;      /* the longest that a lane of them waited for this block to be final (PROTOCOL T9) */
        uint64_t read_token;     /* greater than every one before */
        uint32_t linked;         /* member index, not our own */
        uint32_t evidence_epoch; /* whose members the proof is about */
        struct {
            uint32_t epoch; /* it may have come late: views of another epoch have other primaries */
            uint64_t view;
        } convicted;
    };
};

/* ---- actions ------------------------------------------------------------------------------------------------------ */

enum rota_action_kind {
    ROTA_ACTION_SAVE = 1,   /* rota_core_durable(core) must be durable before any later SAY of this or a later step leaves */
    ROTA_ACTION_SAVE_BLOCK, /* the same for this block's header and body (held by the node) */
    ROTA_ACTION_SAVE_MESSAGE, /* the same for a message: our VIEW-CHANGE (sign first) or the accepted NEW-VIEW */
    ROTA_ACTION_SAY, /* sign if it is ours and unsigned, send when everything before is durable. Signed kinds of our own that
                        go to everybody also come back as ROTA_EVENT_MESSAGE */
    ROTA_ACTION_CHECK,    /* check and execute this block on top of its parent; answer ROTA_EVENT_CHECKED */
    ROTA_ACTION_BUILD,    /* build and execute a block on top of the parent; answer ROTA_EVENT_BUILT */
    ROTA_ACTION_ROLLBACK, /* take back what was executed above the ledger: a new view begins (V11), its entries wait again */
    ROTA_ACTION_COMMIT,   /* blocks up to this height are final: append to the ledger with this certificate */
    ROTA_ACTION_FETCH,    /* ask a peer for blocks: heights from..to with certificates, or one block by hash */
    ROTA_ACTION_WAKE_AT,  /* replaces the earlier wish; at most one a step, the last action */
    ROTA_ACTION_ACCUSE,   /* signed messages of one member that contradict each other (§7) */
    ROTA_ACTION_READ_DONE, /* every read up to this token: the ledger now has all that was committed before it was asked for,
                              or that could not be found out */
    ROTA_ACTION_HALT,      /* more than f members lie: stop voting, show why */
    ROTA_ACTION_EPOCH,     /* the CONFIG block is final and this core has ended: begin a new one, with its members (M7) */
};

#define ROTA_TO_ALL UINT32_MAX

struct rota_action {
    enum rota_action_kind kind;
    union {
        struct {
            struct rota_message message;
            uint32_t to;    /* member index, or ROTA_TO_ALL: every other member */
            bool is_signed; /* a message to be passed on as it is: its signature stands */
        } say;              /* also SAVE_MESSAGE: to is unused */
        struct {
            struct rota_hash block;
            uint64_t height;
            struct rota_hash parent;
            bool judge_time;           /* the rules of a first vote apply (N3): time, and the anchor */
            struct rota_anchor anchor; /* where the ledger must stand after it; view 0: no NEW-VIEW yet */
        } check;                       /* also SAVE_BLOCK */
        struct {
            struct rota_hash parent;
            uint64_t height;
            uint64_t after_ms;         /* time_ms must be greater */
            struct rota_anchor anchor; /* goes into the block unless it is in the ledger; view 0: none */
            /* words of members that lost their memory, which go into the block unless they are in the ledger (PROTOCOL H5);
             * the core's, valid until the next step */
            const struct rota_recovered *recovered;
            uint32_t recovered_count;
            bool bare; /* records alone are worth a block (PROTOCOL H5, H6) */
            bool tick; /* if nothing waits, a TICK is; after_ms leaves it the time it needs (PROTOCOL T11) */
        } build;
        struct {
            uint64_t height;
            const struct rota_certificate *certificate; /* the core's; valid until the next step */
        } commit;
        struct {
            uint32_t peer;
            uint64_t from, to;
            struct rota_hash block; /* zero: by height, committed ones; else this very block */
        } fetch;
        uint64_t wake_at_ms;
        struct {
            uint64_t token;
            bool covered;
        } read;
        struct rota_accusation accuse; /* what it borrows is the core's, or the event's; valid until the next step */
        const char *halt;              /* static sentence */
    };
};

/* The longest list that one step can make: the sum of its makers (an assertion keeps watch). */
enum { ROTA_ACTIONS_MAX = 512 };

struct rota_actions {
    uint32_t count;
    struct rota_action items[ROTA_ACTIONS_MAX];
};

/* ---- the core ----------------------------------------------------------------------------------------------------- */

size_t rota_core_bytes(void);
void rota_core_init(struct rota_core *core, const struct rota_core_setup *setup);
/* Deterministic; does not allocate, block, log or read a clock. event: borrowed. actions: emptied first, then filled in the
 * order in which they must be carried out. Borrowed parts of actions are valid until the next step. */
void rota_core_step(struct rota_core *core, const struct rota_event *event, struct rota_actions *actions);
/* What ROTA_ACTION_SAVE makes durable. Valid until the next step. */
const struct rota_durable *rota_core_durable(const struct rota_core *core);

/* For status pages, tests and the simulator; never needed to run. */
enum rota_mode {
    ROTA_MODE_ACTIVE = 1,
    ROTA_MODE_CHANGING,
    ROTA_MODE_HALTED,
    ROTA_MODE_ENDED,
    ROTA_MODE_RECOVERING,  /* silent: it may have said more than its disk holds (PROTOCOL H5) */
    ROTA_MODE_GREETING,    /* silent: it has just started and waits for answers to its HELLO (PROTOCOL H2) */
    ROTA_MODE_QUARANTINED, /* somebody else signs with its key (PROTOCOL H8) */
    ROTA_MODE_FOLLOWING    /* no core: a node that is no member */
};
struct rota_core_view {
    enum rota_mode mode;
    const char *halted; /* NULL, or why it votes no more; static */
    uint64_t view;
    uint32_t primary;
    bool muted; /* does not prepare in this view */
    enum rota_standing standing;
    uint64_t incarnation;
    bool greeting;              /* it waits for answers to its HELLO and says nothing else */
    const char *recovering_why; /* RECOVERING: what showed it; static */
    uint64_t recover_view;      /* RECOVERING: it speaks again after a commit of a later view; UINT64_MAX: not known yet */
    bool recorded;              /* and the ledger holds the word of this run about it (PROTOCOL H5) */
    uint32_t answered;          /* bit i: member i has answered our HELLO */
    uint32_t answers_count;     /* of those that count */
    uint32_t answers_needed;
    uint32_t recovering; /* bit i: member i says that it is recovering */
    uint64_t committed;
    struct rota_hash committed_block;
    uint32_t in_flight;
    uint32_t failed_views;
    uint64_t best_view, best_height;
    uint64_t view_changes; /* views entered since start */
    uint64_t dropped;      /* messages without effect */
    uint32_t heard;        /* bit i: member i was heard within the suspicion time */
};
void rota_core_inspect(struct rota_core_view *out, const struct rota_core *core);

#endif
