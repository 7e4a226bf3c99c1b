/* A node for the door's tests: a real chain on a file, of a ledger with one member, but no loop: what the door asks is done
 * on the spot, under one lock. Tests tell it when to commit, when to be without quorum, when not to answer. */
#ifndef ROTA_TESTS_HTTP_FAKE_NODE_H
#define ROTA_TESTS_HTTP_FAKE_NODE_H

#include "node/node.h"

#define EXPECT(fact)                                                                 \
    do {                                                                             \
        if (!(fact)) {                                                               \
            (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #fact); \
            exit(1);                                                                 \
        }                                                                            \
    } while (0)

/* Looks again and again until the fact holds. */
#define WAIT_FOR(ms, fact)                                                 \
    for (uint64_t wait_end = rota_clock_monotonic_ms() + (ms); !(fact);) { \
        EXPECT(rota_clock_monotonic_ms() < wait_end && #fact);             \
        (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);     \
    }

struct rota_node *fake_node_open(void);
void fake_node_close(struct rota_node *node);
/* What the loop's end does: everybody who waits is answered, nobody is taken any more. */
void fake_node_stop(struct rota_node *node);

/* While it holds, what is handed in stays pending. */
void fake_node_hold(struct rota_node *node, bool hold);
/* Commits what is pending. */
void fake_node_commit(struct rota_node *node);
/* Everything that is pending is gone, as if it had been turned away. */
void fake_node_forget(struct rota_node *node);
void fake_node_set_quorum(struct rota_node *node, bool has_quorum);
void fake_node_set_pending(struct rota_node *node, uint32_t pending); /* what the gate is told */
/* Does not get to anything: visits fail, submissions find it full. */
void fake_node_set_deaf(struct rota_node *node, bool deaf);
/* The answer to every submission from now on; NULL: none. */
void fake_node_can(struct rota_node *node, const struct rota_submission *answer);
/* Commits evidence: this author has signed twice with this number. */
void fake_node_accuse(struct rota_node *node, const char *author, uint64_t seq);

/* The compact JWS of a proposal, malloc'd; author "alpha-scheduler", operations as in fixture.h. */
char *fake_proposal(struct rota_node *node, uint64_t seq, const char *author, uint64_t exp, const char *ops);
/* An assignment of p-1 on the given day of a long series, code DAY or NIGHT (pool icu). */
char *fake_assignment(struct rota_node *node, uint64_t seq, const char *code);

struct fake_counts {
    uint32_t submits, lookups, visits;
};
struct fake_counts fake_node_counts(struct rota_node *node);

#endif
