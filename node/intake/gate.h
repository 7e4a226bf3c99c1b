/* The gate: decides before a body is read whether a proposal may come in (DESIGN of intake: cheapest question first).
 * Thread-safe.
 *
 *   coordinator's bucket -> quorum -> queue -> pool
 *
 * A place in a pool is a lease: it ends when its holder gives it back or when its deadline has passed, so that none is lost.
 */
#ifndef ROTA_NODE_INTAKE_GATE_H
#define ROTA_NODE_INTAKE_GATE_H

#include "node/intake/buckets.h"
#include "node/intake/bulkheads.h"

enum rota_gate_verdict {
    ROTA_GATE_OPEN = 0,
    ROTA_GATE_RATE,      /* this coordinator's share: 429 */
    ROTA_GATE_POOL,      /* its pool is full: 429 */
    ROTA_GATE_QUEUE,     /* the node's queue is full: 429 */
    ROTA_GATE_NO_QUORUM, /* nothing can commit now: 503 */
};

enum { ROTA_LEASES_MAX = 8192, ROTA_LEASE_MS = 30000 };

struct rota_gate; /* opaque, heap */

struct rota_gate_question {
    struct rota_kid who; /* the key named in the request, or a hash of the address */
    const char *pool;    /* the pool named in the request, "" = default */
    bool has_quorum;
    uint32_t waiting; /* proposals that wait in the node */
    uint64_t now_ms;  /* monotonic */
};

struct rota_gate_answer {
    enum rota_gate_verdict verdict;
    uint32_t wait_ms; /* when to come again */
    uint64_t lease;   /* OPEN: handle of the place held */
};

ROTA_CHECKED struct rota_status rota_gate_new(struct rota_gate **out, const struct rota_intake_config *config);
void rota_gate_free(struct rota_gate *gate);

struct rota_gate_answer rota_gate_ask(struct rota_gate *gate, const struct rota_gate_question *question);
/* Moves a lease to the pool that the proposal really belongs to; false when that one is full (the lease is then given back).
 */
ROTA_CHECKED bool rota_gate_move(struct rota_gate *gate, uint64_t lease, const char *pool);
void rota_gate_give_back(struct rota_gate *gate, uint64_t lease);
/* Gives back the token of a request after which nothing came that this key signed: strangers do not use up its share. */
void rota_gate_clear(struct rota_gate *gate, const struct rota_kid *who);
/* Gives back every lease whose deadline has passed; returns how many. */
uint32_t rota_gate_sweep(struct rota_gate *gate, uint64_t now_ms);
/* Index of the pool of this name, as asking or moving would find it. Names never change: no lock is taken. */
uint32_t rota_gate_pool(const struct rota_gate *gate, const char *name);

/* For status and metrics: a copy. */
struct rota_gate_info {
    struct rota_bulkheads pools;
    uint64_t rate_refused, queue_refused, quorum_refused, lease_expired, shares_returned;
    uint32_t leases;
};
void rota_gate_info(struct rota_gate_info *out, struct rota_gate *gate);

#endif
