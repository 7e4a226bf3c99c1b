/* What waits to be ordered: proposals in one lane for each coordinator, first come first served, the lanes in turn; evidence
 * before all of them. Bounded in entries, in bytes, and for each coordinator, so that nobody crowds out the others.
 *
 * An entry waits (in its lane) or is taken (in a block that is executed but not final). It knows nothing of consensus, the
 * schedule or clients: whoever adds has verified, whoever removes answers. Loop thread only. */
#ifndef ROTA_NODE_POOL_H
#define ROTA_NODE_POOL_H

#include "ledger/entry.h"
#include "node/map.h"

enum {
    ROTA_POOL_ENTRIES_MAX = 4096,
    ROTA_POOL_OF_COORDINATOR_MAX = 256, /* a key's seq window is no wider */
    ROTA_POOL_OF_COORDINATOR_MIN = 8,   /* for so many a full pool makes room, out of the longest lane */
    ROTA_POOL_EVIDENCE_MAX = 256,
    ROTA_POOL_BYTES_MAX = 64 * 1024 * 1024,
    ROTA_POOL_EVIDENCE_IN_BLOCK = ROTA_EVIDENCE_IN_BLOCK_MAX,
};

struct rota_lane;

struct rota_waiting {
    struct rota_entry entry; /* one reference */
    struct rota_lane *lane;
    struct rota_waiting *next, *previous; /* in the lane, while it waits */
    bool ours;                            /* a client handed it in here */
    bool taken;
    uint64_t since_ms; /* waits since: it came, its block was given up, or it was put off */
    uint64_t asked_ms; /* taken: since when its lane had waited */
    uint64_t sent_ms;  /* last sent to the others */
    uint32_t sent_count;
};

struct rota_lane {
    struct rota_hash name; /* kid, padded; zero: evidence */
    struct rota_waiting *first, *last;
    struct rota_waiting *cursor;       /* while a block is being picked */
    uint32_t count;                    /* waiting and taken */
    struct rota_lane *next, *previous; /* ring of all lanes of coordinators */
    uint64_t since_ms;  /* its patience (PROTOCOL T4): since when its first waits and nothing came before it */
    uint64_t served_ms; /* a block last took one of its entries */
    struct rota_lane *older, *younger; /* list of the lanes in which something waits, by since_ms */
};

struct rota_pool {
    struct rota_map by_id;               /* struct rota_waiting */
    struct rota_map by_seq;              /* struct rota_waiting, by what may wait once: (kid, seq), or a member's lie */
    struct rota_map by_name;             /* struct rota_lane */
    struct rota_lane evidence;           /* and epoch changes: what goes before proposals */
    struct rota_lane *turn;              /* the lane that is served first next time; NULL: none */
    struct rota_lane *oldest, *youngest; /* by patience; NULL: nothing waits */
    uint64_t slack_ms;                   /* entries of one lane that came this close may be taken in any order */
    uint32_t entries_max;
    uint32_t ours_max;    /* config: entries of our own clients */
    uint32_t count, ours; /* waiting and taken */
    uint32_t waiting;
    size_t bytes, waiting_bytes;
    uint64_t exp_min; /* no proposal here expires below this height */
};

ROTA_CHECKED struct rota_status rota_pool_init(struct rota_pool *pool, uint32_t ours_max);
void rota_pool_free(struct rota_pool *pool);

/* Takes a reference of its own. ROTA_EXISTS: this id, or this kid and seq, is here; ROTA_FULL. A coordinator with few
 * entries here takes the place of the latest one in the longest lane, unless our own client handed that in: whoever did has
 * it still and sends it again. So nobody fills a pool against the others (PROTOCOL T4). */
ROTA_CHECKED struct rota_status rota_pool_add(struct rota_pool *pool, struct rota_waiting **out,
                                              const struct rota_entry *entry, bool ours, uint64_t now_ms);
struct rota_waiting *rota_pool_find(const struct rota_pool *pool, const struct rota_hash *id);
/* The proposal of this key and seq, whichever it is. NULL: none. */
struct rota_waiting *rota_pool_find_seq(const struct rota_pool *pool, const struct rota_kid *kid, uint64_t seq);
void rota_pool_remove(struct rota_pool *pool, struct rota_waiting *waiting);

/* Into a block, and out of one that was given up: then in front of its lane, so walk a block from its end. Taking one lets
 * its lane's patience begin anew, unless one that came more than slack_ms earlier still waits there. */
void rota_pool_take(struct rota_pool *pool, struct rota_waiting *waiting, uint64_t now_ms);
void rota_pool_give_back(struct rota_pool *pool, struct rota_waiting *waiting, uint64_t now_ms);

/* What may not be ordered now: behind the others of its lane, as if it came now. */
void rota_pool_postpone(struct rota_pool *pool, struct rota_waiting *waiting, uint64_t now_ms);

/* Picks entries for a block without taking them: evidence, then the lanes in turn, oldest first. out is borrowed from the
 * pool. `may` says whether an entry may be ordered now; others are left where they are. */
struct rota_pick {
    uint32_t entries_max;
    size_t bytes_max; /* sum of entry bytes */
    bool (*may)(void *context, const struct rota_entry *entry);
    void *context;
};
uint32_t rota_pool_pick(struct rota_pool *pool, const struct rota_entry **out, const struct rota_pick *pick);

/* Calls fn for each waiting entry, evidence first; fn may remove the one it is given. Ends when fn says false. */
void rota_pool_each(struct rota_pool *pool, bool (*fn)(void *context, struct rota_waiting *waiting), void *context);
/* The same for the waiting proposals of one key. */
void rota_pool_each_of(struct rota_pool *pool, const struct rota_kid *kid,
                       bool (*fn)(void *context, struct rota_waiting *waiting), void *context);

#endif
