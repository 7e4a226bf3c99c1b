/* A plan: everything that goes wrong in a run, written down before it is played. Drawn from a seed, shortened when it
 * failed, kept as a short file that plays again without the seed. */
#ifndef ROTA_TESTS_SIM_PLAN_H
#define ROTA_TESTS_SIM_PLAN_H

#include "tests/sim/sim_liar.h"

/* Members are bits. What ends by itself ends `for_ms` later, so that each fault stands alone and may be left out. */
#define SIM_FAULT_LIST(X)                                                                                                  \
    X(SUBMIT, "submit")         /* who: `value` new requests for these */                                                  \
    X(SPLIT, "split")           /* who | the others */                                                                     \
    X(ONE_WAY, "one-way")       /* what who says does not come to whom */                                                  \
    X(RING, "ring")             /* each sees its two neighbours */                                                         \
    X(BRIDGE, "bridge")         /* who | the others, and whom sees both */                                                 \
    X(CLOG, "clog")             /* who to whom: comes when it is over */                                                   \
    X(CRASH, "crash")           /* who; back after for_ms */                                                               \
    X(CRASH_SAVE, "crash-save") /* who, at the value-th durable point, where in it: point; back for_ms later */            \
    X(PAUSE, "pause")           /* who */                                                                                  \
    X(CLOCK, "clock")           /* who: the wall clock jumps to true + value ms */                                         \
    X(DRIFT, "drift")           /* who: value ppm, for good */                                                             \
    X(SLOW_DISK, "slow-disk")   /* who: up to value ms a durable point */                                                  \
    X(BACKUP, "backup")         /* who: its disk is kept aside */                                                          \
    X(FORGET, "forget")     /* who goes down and forgets: point 0 everything, 1 its journal, 2 all since the backup; back  \
                               for_ms later */                                                                             \
    X(CONFIG, "config")     /* who are to be the next epoch's members, in an order by value; whom: these with a new key */ \
    X(BAD_DISK, "bad-disk") /* who, at the value-th write or sync: 0 the power goes, 1 EIO, 2 a sync fails, 3 full; back   \
                               for_ms later */

#define SIM_FAULT_ENUM(name, text) SIM_FAULT_##name,
enum sim_fault { SIM_FAULT_LIST(SIM_FAULT_ENUM) SIM_FAULTS };
#undef SIM_FAULT_ENUM

struct sim_fault_event {
    uint64_t at_ms;
    enum sim_fault fault;
    uint32_t who, whom;
    uint32_t for_ms;
    int64_t value;
    uint32_t point;
};

enum { SIM_PLAN_EVENTS_MAX = 1024 };

struct sim_plan {
    struct sim_options options;
    uint32_t chaos_ms;
    uint32_t core; /* who is mended first and must make progress without the others */
    bool forgets_saves;
    bool real; /* the node's own chain, pool and journal, and SQLite */
    uint32_t count;
    struct sim_fault_event events[SIM_PLAN_EVENTS_MAX]; /* by time */
};

/* sim_swarm.c: from a seed alone. members: 0, or forced. */
void sim_plan_draw(struct sim_plan *plan, uint64_t seed, uint32_t members);
/* sim_swarm_epochs.c: what a part of the plans has beside. */
void sim_epochs_draw(struct sim_plan *plan);
/* In its place by time; of two at one time, the one that is added later comes later. */
void sim_plan_add(struct sim_plan *plan, const struct sim_fault_event *event);
/* sim_play.c: breaks, mends, demands progress. Does not return when something is violated. The caller frees. */
struct sim *sim_play(const struct sim_plan *plan);
/* sim_plan.c: the short file. Reading says what is wrong on stderr and returns false. */
void sim_plan_write(FILE *file, const struct sim_plan *plan);
bool sim_plan_read(struct sim_plan *plan, FILE *file);

#endif
