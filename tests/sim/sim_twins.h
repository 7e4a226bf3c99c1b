/* Twins: four members, one of which runs twice with one key; the network is split in two anew each round, and every way of
 * doing that is tried (PROTOCOL §8). No chance and no clock: a round is a choice.
 *
 * The instances are real cores. A round begins with the primaries of the views before the wanted one resigning, so that the
 * round's primary is whom the choice says; what was under way is lost. Then messages travel within the two sides until
 * nothing more follows, or as far as the choice lets them.
 */
#ifndef ROTA_TESTS_SIM_TWINS_H
#define ROTA_TESTS_SIM_TWINS_H

#include "consensus/core.h"

enum {
    TWINS_MEMBERS = 4,
    TWINS_INSTANCES = 5, /* 0 and 1 are member 0, the twins; then members 1, 2, 3 */
    TWINS_ROUNDS_MAX = 6,
    TWINS_BLOCKS_MAX = 64,
    TWINS_HEIGHTS_MAX = 32,
    TWINS_HEARD_MAX = 96,
};

/* How far the messages of a round come. */
enum twins_reach {
    TWINS_ALL,
    TWINS_NO_COMMIT,      /* blocks are prepared, no COMMIT arrives */
    TWINS_FIRST_PREPARES, /* nor a PREPARE for more than the first height above a ledger */
    TWINS_ONE_COMMITS,    /* COMMITs reach the primary alone */
    TWINS_REACHES,
};

struct twins_choice {
    uint32_t side;    /* bit i: instance i is on the other side than instance 0 */
    uint32_t advance; /* views further: 0 to 3, so every member in turn is primary */
    enum twins_reach reach;
};

struct twins_block {
    struct rota_header header;
    struct rota_hash hash;
};

/* A vote of the present view that an instance was told of. */
struct twins_heard {
    enum rota_vote_kind kind;
    uint32_t member;
    struct rota_hash block;
};

struct twins_instance {
    uint32_t member;
    uint64_t held;  /* bit k: the body of block k */
    uint32_t built; /* in this round */
    uint64_t height;
    uint32_t chain[TWINS_HEIGHTS_MAX]; /* by height, from 1: block numbers */
    bool certified[TWINS_HEIGHTS_MAX];
    struct rota_certificate certificates[TWINS_HEIGHTS_MAX];
    uint32_t heard_count, changes; /* changes: members whose VIEW-CHANGE to the present view came here */
    struct twins_heard heard[TWINS_HEARD_MAX];
};

/* What a round starts from and leaves behind; copied whole to go back to it. */
struct twins_state {
    uint64_t view, now_ms;
    uint32_t block_count;
    struct twins_block blocks[TWINS_BLOCKS_MAX];
    struct twins_instance instances[TWINS_INSTANCES];
};

struct twins_counts {
    uint64_t rounds, messages, commits, accusations, states[TWINS_ROUNDS_MAX + 1];
};

struct twins_world;
struct twins_world *twins_new(void);
void twins_free(struct twins_world *world);
/* One round. NULL, or the violation as "checker sentence". */
const char *twins_round(struct twins_world *world, const struct twins_choice *choice);
const struct twins_state *twins_state(const struct twins_world *world);
const struct rota_core *twins_core(const struct twins_world *world, uint32_t instance);
struct twins_counts *twins_counts(struct twins_world *world);
/* Room for what twins_save puts there. */
size_t twins_bytes(void);
void twins_save(const struct twins_world *world, uint8_t *to);
void twins_restore(struct twins_world *world, const uint8_t *from);
/* A number for everything that the future depends on, the same for worlds that differ in names alone. */
uint64_t twins_shape(const struct twins_world *world);

struct twins_run {
    uint32_t rounds;
    uint32_t shard, shards; /* this part of so many */
};
/* Every choice of every round. The exit code of the program. */
int twins_enumerate(const struct twins_run *run);

#endif
