/* Members that lie (PROTOCOL M2). A liar is a real core with a layer around it: the layer sees all that the core says and
 * hears, may drop, delay, change or double it, signs whatever it likes with the liar's own key, and speaks unasked. The
 * liars of one run share this plan, so they lie together. Everything is drawn from the seed, on a stream of its own.
 *
 * What the layer cannot do is forge: it signs with a liar's key only, and everything else it says has been said before.
 */
#ifndef ROTA_TESTS_SIM_LIAR_H
#define ROTA_TESTS_SIM_LIAR_H

#include "tests/sim/sim.h"

/* One way of lying, a bit each. A run switches some of them on. */
enum sim_lie {
    /* a primary's */
    SIM_LIE_EQUIVOCATE,    /* 2, 3 or n variants of a block, a group of peers each or two to one; votes that fit each */
    SIM_LIE_SELECT,        /* proposals and votes to so few that exactly f, Q-1 or Q prepare */
    SIM_LIE_SLOW,          /* proposals late, just inside the timers */
    SIM_LIE_INVALID_BLOCK, /* a request again, a wrong outcome, another's parent */
    SIM_LIE_TIME,          /* block times far ahead, or behind the parent's */
    SIM_LIE_CENSOR,        /* every third request and all evidence is never taken up */
    SIM_LIE_USURP,         /* proposals in views that are led by another */
    /* votes */
    SIM_LIE_DOUBLE_VOTE, /* another block's PREPARE or COMMIT to half of the peers */
    SIM_LIE_WITHHOLD,    /* no votes to some peers */
    SIM_LIE_LATE,        /* votes kept back and let go after the view has changed */
    /* views */
    SIM_LIE_HIDE_LOCK,       /* VIEW-CHANGE without the lock */
    SIM_LIE_STALE_LOCK,      /* VIEW-CHANGE with an old, valid certificate */
    SIM_LIE_BAD_CERTIFICATE, /* wrong epoch, signer twice, Q-1, Q+1, out of order, another phase */
    SIM_LIE_TWO_NEW_VIEWS,   /* NEW-VIEWs of one view made of different VIEW-CHANGEs */
    SIM_LIE_BAD_NEW_VIEW,    /* wrong tip, Q-1, one twice, out of order, of another view */
    SIM_LIE_MUTE_PRIMARY,    /* NEW-VIEW and then nothing */
    SIM_LIE_FAR_VIEW,        /* views 2^32, 2^63-1, 2^64-1 */
    SIM_LIE_SUSPECT,         /* suspicions all the time, to all or to one */
    SIM_LIE_FORGED_RESIGN,   /* the primary's resignation under a liar's signature */
    /* bytes */
    SIM_LIE_GARBAGE, /* empty, random, cut, as large as may be */
    SIM_LIE_FLIP,    /* one bit of a real message */
    SIM_LIE_MUTATE,  /* a field of a real message +-1 or of another one, signed again */
    SIM_LIE_REPLAY,  /* whatever was heard before, from anybody, again, or a vote of it as one of the other phase */
    SIM_LIE_FUTURE,  /* votes and proposals for heights far ahead */
    /* catching up */
    SIM_LIE_FETCH,  /* fetches all the time */
    SIM_LIE_SYNC,   /* no answer, another block, a wrong body, a certificate of another */
    SIM_LIE_HEIGHT, /* STATUS and HEARTBEAT that claim heights and holdings */
    SIM_LIE_READ,   /* answers to reads without the lock, with an old one, for another question, twice */
    SIM_LIE_HELLO,  /* greetings without need, and answers with false views, heights and pasts */
    SIM_LIE_BODY,   /* proposals and blocks without their body, or with a wrong one */
    /* others' lost memory */
    SIM_LIE_OLD_WORDS, /* VIEW-CHANGEs of a member's first run, kept until it has lost its memory; words of a loss that never
                          was, and NEW-VIEWs with what these took back */
    SIM_LIES,
};

#define SIM_LIE(name) (UINT64_C(1) << SIM_LIE_##name)

enum {
    LIAR_MEMORY = 48,   /* messages that the liars remember, for replay and change */
    LIAR_LATE = 64,     /* votes kept back */
    LIAR_VARIANTS = 64, /* heights with more than one block */
    LIAR_FOREIGN = 512  /* right headers over other bodies, in a run */
};

/* Bytes that somebody said once. */
struct liar_memory {
    uint8_t *bytes; /* owned */
    size_t len;
    const struct sim_block *body;
    enum rota_message_kind kind;
    uint32_t sender;
};

struct liar_late {
    uint32_t from, to;
    uint64_t view;
    struct rota_message message; /* a vote */
};

/* One height of one view with several blocks: which peer was given which. */
struct liar_variants {
    uint64_t view, height;
    const struct sim_block *given[ROTA_MEMBERS_MAX];
};

enum { LIAR_PAUSE_MS = 10 };

struct sim_liars {
    uint32_t members; /* facilities, as bits */
    uint64_t lies;    /* bits of enum sim_lie */
    uint64_t random;
    uint32_t often;    /* percent of the occasions that are taken */
    uint32_t variants; /* 2, 3 or n */
    uint32_t favoured; /* peers that are told something, as bits: SELECT, WITHHOLD */
    uint64_t slow_ms;
    uint64_t spoke_ms; /* when one of them last spoke unasked: a flood ten times what is usual, not a thousand times */
    bool speaking;     /* what the layer says is not heard by the layer */
    uint32_t memory_count, late_count, variants_next;
    struct liar_memory memory[LIAR_MEMORY];
    struct liar_late late[LIAR_LATE];
    struct liar_variants split[LIAR_VARIANTS];
    const struct sim_block *foreign[LIAR_FOREIGN]; /* owned */
    uint32_t foreign_count;
    uint32_t heard_epoch;
    struct rota_view_change heard[ROTA_MEMBERS_MAX]; /* the latest VIEW-CHANGE of each member, there */
    bool has_heard[ROTA_MEMBERS_MAX];
    struct rota_view_change old[ROTA_MEMBERS_MAX]; /* the highest one of the first run that was heard of */
    bool has_old[ROTA_MEMBERS_MAX];
    bool new_view_said[ROTA_MEMBERS_MAX]; /* MUTE_PRIMARY: what follows is kept back */
    uint64_t new_view[ROTA_MEMBERS_MAX];
    struct rota_view_change change;                   /* room for a changed one */
    struct rota_view_change changes[ROTA_QUORUM_MAX]; /* room for another NEW-VIEW */
    struct rota_message_scratch scratch;
};

/* Makes liars of these members, for good. lies: bits, 0: drawn from the seed. Before anything was said. */
void sim_liars_make(struct sim *sim, uint32_t members, uint64_t lies);
/* Half of the seeds have up to f liars, one in fifty f+1; none in the crash profile or below four members. */
void sim_liars_draw(struct sim_options *options);
void sim_liars_free(struct sim *sim);
bool sim_is_liar(const struct sim *sim, uint32_t facility);
/* True when more members of an epoch lie than it tolerates: agreement and progress are not promised then. */
bool sim_lies_too_many(const struct sim *sim);

/* Who lies and how, one line. */
void sim_liars_print(const struct sim *sim, FILE *to);

/* ---- called by the shell -------------------------------------------------------------------------------------------- */
/* In the place of sim_send for a liar's core. */
void sim_liar_says(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                   const struct sim_block *body);
/* A message for a liar's core, as it arrived. */
void sim_liar_hears(struct sim *sim, const struct sim_delivery *delivery, const struct rota_message *message);
/* Unasked, each time a liar's core is woken. */
void sim_liar_wakes(struct sim *sim, uint32_t liar);
/* A primary's choice of what goes into a block: true when this request is left out. */
bool sim_liar_censors(struct sim *sim, uint32_t liar, uint32_t request);
/* This liar never proposes a TICK: censors do not, and in half of the runs no liar does. */
bool sim_liar_withholds_ticks(struct sim *sim, uint32_t liar);
/* A FETCH: true when the lie was the answer. */
bool sim_liar_answers(struct sim *sim, uint32_t liar, const struct sim_delivery *delivery);

/* ---- between the files of the liars --------------------------------------------------------------------------------- */
uint64_t liar_random(struct sim *sim, uint64_t below);
/* Is this lie on, and is this one of the times? */
bool liar_lies(struct sim *sim, enum sim_lie lie);
/* Was it the liar's own core that said it, now? */
bool liar_owns(const struct sim *sim, uint32_t liar, const struct rota_message *message);
/* Signs as `from` in its present epoch; false: it is no member there. The message will leave. */
bool liar_sign(struct sim *sim, uint32_t from, struct rota_message *message);
/* The same, and sends. For a message that already carries another's
 * signature: liar_pass_on. */
void liar_say(struct sim *sim, uint32_t from, uint32_t to, struct rota_message *message, const struct sim_block *body);
void liar_pass_on(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                  const struct sim_block *body);
uint32_t liar_peer(struct sim *sim, uint32_t liar);
/* A block that is made up: sealed as it is, or as it stands when it was sealed already. NULL: it cannot be made here. */
const struct sim_block *liar_block(struct sim *sim, struct sim_block *block, bool sealed);
/* The block's header over another body; it is there until the run is over. NULL: none can be made. */
const struct sim_block *liar_foreign(struct sim *sim, const struct sim_block *block);
/* The certificate of any block of the liar's ledger: valid, and old. False when it has none. */
bool liar_stale_certificate(struct sim *sim, uint32_t liar, struct rota_certificate *out);
/* sim_liar_votes.c: true when the message was dealt with. */
bool liar_votes(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                const struct sim_block *body);
void liar_votes_unasked(struct sim *sim, uint32_t liar);
void liar_late_release(struct sim *sim, uint32_t liar, uint64_t view);
/* sim_liar_views.c */
bool liar_views(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message);
void liar_views_unasked(struct sim *sim, uint32_t liar);
void liar_keep_old(struct sim *sim, const struct rota_view_change *change);
/* sim_liar_bytes.c */
bool liar_bytes(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                const struct sim_block *body);
void liar_bytes_unasked(struct sim *sim, uint32_t liar);
/* sim_liar_sync.c */
bool liar_sync(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message);
void liar_sync_unasked(struct sim *sim, uint32_t liar);

#endif
