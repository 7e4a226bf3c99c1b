#include "node/intake/gate.h"

#include <pthread.h>
#include <stdlib.h>

struct lease {
    bool held;
    uint32_t generation; /* tells this holder from the one before */
    struct rota_place place;
    uint64_t deadline_ms;
};

struct rota_gate {
    pthread_mutex_t mutex;
    struct rota_buckets buckets;
    struct rota_bulkheads pools;
    uint32_t queue;
    uint64_t queue_refused, quorum_refused, lease_expired, shares_returned;
    uint32_t lease_count, lease_next;
    struct lease leases[ROTA_LEASES_MAX];
};

struct rota_status rota_gate_new(struct rota_gate **out, const struct rota_intake_config *config)
{
    struct rota_gate *gate = calloc(1, sizeof *gate);
    if (!gate)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the intake gate");
    pthread_mutex_init(&gate->mutex, NULL);
    rota_buckets_init(&gate->buckets, config->rate_per_second, config->burst);
    rota_bulkheads_init(&gate->pools, config);
    gate->queue = config->queue;
    *out = gate;
    return rota_ok();
}

void rota_gate_free(struct rota_gate *gate)
{
    if (!gate)
        return;
    pthread_mutex_destroy(&gate->mutex);
    free(gate);
}

/* A free place for a lease; ROTA_LEASES_MAX when all are held. */
static uint32_t lease_find(struct rota_gate *gate)
{
    for (uint32_t i = 0; i < ROTA_LEASES_MAX; i++) {
        uint32_t at = (gate->lease_next + i) % ROTA_LEASES_MAX;
        if (!gate->leases[at].held) {
            gate->lease_next = (at + 1) % ROTA_LEASES_MAX;
            return at;
        }
    }
    return ROTA_LEASES_MAX;
}

/* The lease of a handle, NULL when it ended meanwhile. */
static struct lease *lease_of(struct rota_gate *gate, uint64_t handle)
{
    struct lease *lease = &gate->leases[handle % ROTA_LEASES_MAX];
    return lease->held && lease->generation == handle / ROTA_LEASES_MAX ? lease : NULL;
}

static void lease_drop(struct rota_gate *gate, struct lease *lease)
{
    lease->held = false;
    gate->lease_count--;
}

static void lease_end(struct rota_gate *gate, struct lease *lease)
{
    rota_bulkheads_give_back(&gate->pools, &lease->place);
    lease_drop(gate, lease);
}

static struct rota_gate_answer refuse(enum rota_gate_verdict verdict, uint32_t wait_ms)
{
    return (struct rota_gate_answer){.verdict = verdict, .wait_ms = wait_ms};
}

/* A pool's place comes free when something commits: soon. */
enum { POOL_WAIT_MS = 50, QUEUE_WAIT_MS = 500, QUORUM_WAIT_MS = 2000 };

static struct rota_gate_answer gate_decide(struct rota_gate *gate, const struct rota_gate_question *question)
{
    uint32_t wait_ms;
    if (!rota_buckets_take(&gate->buckets, &question->who, question->now_ms, &wait_ms))
        return refuse(ROTA_GATE_RATE, wait_ms);
    if (!question->has_quorum) {
        gate->quorum_refused++;
        return refuse(ROTA_GATE_NO_QUORUM, QUORUM_WAIT_MS);
    }
    uint32_t at = lease_find(gate);
    if (question->waiting >= gate->queue || at == ROTA_LEASES_MAX) {
        gate->queue_refused++;
        return refuse(ROTA_GATE_QUEUE, QUEUE_WAIT_MS);
    }
    struct lease *lease = &gate->leases[at];
    if (!rota_bulkheads_take(&gate->pools, rota_bulkheads_find(&gate->pools, question->pool), &lease->place))
        return refuse(ROTA_GATE_POOL, POOL_WAIT_MS);
    lease->held = true;
    lease->generation++;
    lease->deadline_ms = question->now_ms + ROTA_LEASE_MS;
    gate->lease_count++;
    return (struct rota_gate_answer){.verdict = ROTA_GATE_OPEN, .lease = (uint64_t)lease->generation * ROTA_LEASES_MAX + at};
}

struct rota_gate_answer rota_gate_ask(struct rota_gate *gate, const struct rota_gate_question *question)
{
    pthread_mutex_lock(&gate->mutex);
    struct rota_gate_answer answer = gate_decide(gate, question);
    pthread_mutex_unlock(&gate->mutex);
    return answer;
}

bool rota_gate_move(struct rota_gate *gate, uint64_t handle, const char *pool)
{
    bool moved = true;
    pthread_mutex_lock(&gate->mutex);
    struct lease *lease = lease_of(gate, handle);
    uint32_t to = rota_bulkheads_find(&gate->pools, pool);
    if (lease && lease->place.pool != to) {
        rota_bulkheads_give_back(&gate->pools, &lease->place); /* first: it may be the very place that it moves to */
        moved = rota_bulkheads_take(&gate->pools, to, &lease->place);
        if (!moved)
            lease_drop(gate, lease);
    }
    pthread_mutex_unlock(&gate->mutex);
    return moved;
}

void rota_gate_give_back(struct rota_gate *gate, uint64_t handle)
{
    pthread_mutex_lock(&gate->mutex);
    struct lease *lease = lease_of(gate, handle);
    if (lease)
        lease_end(gate, lease);
    pthread_mutex_unlock(&gate->mutex);
}

void rota_gate_clear(struct rota_gate *gate, const struct rota_kid *who)
{
    pthread_mutex_lock(&gate->mutex);
    rota_buckets_give_back(&gate->buckets, who);
    gate->shares_returned++;
    pthread_mutex_unlock(&gate->mutex);
}

uint32_t rota_gate_sweep(struct rota_gate *gate, uint64_t now_ms)
{
    uint32_t ended = 0;
    pthread_mutex_lock(&gate->mutex);
    for (uint32_t i = 0; i < ROTA_LEASES_MAX && gate->lease_count > 0; i++) {
        if (!gate->leases[i].held || gate->leases[i].deadline_ms > now_ms)
            continue;
        lease_end(gate, &gate->leases[i]);
        gate->lease_expired++;
        ended++;
    }
    pthread_mutex_unlock(&gate->mutex);
    return ended;
}

uint32_t rota_gate_pool(const struct rota_gate *gate, const char *name)
{
    return rota_bulkheads_find(&gate->pools, name);
}

void rota_gate_info(struct rota_gate_info *out, struct rota_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    *out = (struct rota_gate_info){.pools = gate->pools,
                                   .rate_refused = gate->buckets.refused,
                                   .queue_refused = gate->queue_refused,
                                   .quorum_refused = gate->quorum_refused,
                                   .lease_expired = gate->lease_expired,
                                   .shares_returned = gate->shares_returned,
                                   .leases = gate->lease_count};
    pthread_mutex_unlock(&gate->mutex);
}
