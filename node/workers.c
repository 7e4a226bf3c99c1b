#include "node/workers.h"

#include <pthread.h>
#include <stdlib.h>

struct rota_workers {
    struct rota_workers_setup setup;
    pthread_mutex_t mutex; /* everything below */
    pthread_cond_t work;   /* something is WAITING, or stopping */
    bool stopping;
    uint64_t fair_us;           /* spent_us of whoever was served last: where a peer begins that had nothing to judge */
    uint32_t take_next;         /* peer whose turn it is */
    struct rota_inbox *inboxes; /* setup.peers of them */
    uint32_t thread_count;
    pthread_t threads[ROTA_WORKERS_MAX];
};

static void workers_lock(struct rota_workers *workers)
{
    ROTA_ASSERT(pthread_mutex_lock(&workers->mutex) == 0);
}

static void workers_unlock(struct rota_workers *workers)
{
    ROTA_ASSERT(pthread_mutex_unlock(&workers->mutex) == 0);
}

/* Of the peers with a frame to judge, the one that has cost least; NULL when there is none. */
static struct rota_inbox *workers_choose(struct rota_workers *workers)
{
    struct rota_inbox *chosen = NULL;
    for (uint32_t i = 0; i < workers->setup.peers; i++) {
        struct rota_inbox *inbox = &workers->inboxes[i];
        if (rota_inbox_is_waiting(inbox) && (!chosen || inbox->spent_us < chosen->spent_us))
            chosen = inbox;
    }
    return chosen;
}

/* Waits for a frame to judge; NULL when it is time to go. Locked by the caller. */
static struct rota_inbox_slot *workers_claim(struct rota_workers *workers, struct rota_inbox **out_inbox)
{
    struct rota_inbox *chosen = NULL;
    while (!workers->stopping && !(chosen = workers_choose(workers)))
        ROTA_ASSERT(pthread_cond_wait(&workers->work, &workers->mutex) == 0);
    if (workers->stopping)
        return NULL;
    workers->fair_us = chosen->spent_us;
    *out_inbox = chosen;
    return rota_inbox_claim(chosen);
}

static void workers_ring(const struct rota_workers *workers, bool ready, bool room)
{
    if (ready)
        rota_bell_ring(workers->setup.ready);
    if (room)
        rota_bell_ring(workers->setup.room);
}

/* One frame from WAITING to READY or REFUSED. False when it is time to go. */
static bool workers_step(struct rota_workers *workers)
{
    struct rota_inbox *inbox = NULL;
    workers_lock(workers);
    struct rota_inbox_slot *slot = workers_claim(workers, &inbox);
    struct rota_raw *raw = slot ? slot->raw : NULL;
    workers_unlock(workers);
    if (!slot)
        return false;

    uint64_t began_us = rota_clock_monotonic_us();
    uint32_t peer = (uint32_t)(inbox - workers->inboxes);
    struct rota_frame *frame = workers->setup.judge(workers->setup.context, peer, rota_view(raw->bytes, raw->len));
    free(raw);
    uint64_t cost_us = rota_clock_monotonic_us() - began_us + 1;

    workers_lock(workers);
    inbox->spent_us += cost_us;
    rota_inbox_settle(inbox, slot, frame);
    bool ready = rota_inbox_is_ready(inbox);
    bool room = rota_inbox_has_room_again(inbox);
    workers_unlock(workers);
    workers_ring(workers, ready, room);
    return true;
}

static void *workers_run(void *context)
{
    while (workers_step(context))
        ;
    return NULL;
}

static struct rota_status workers_start(struct rota_workers *workers)
{
    for (uint32_t i = 0; i < workers->setup.threads; i++) {
        if (pthread_create(&workers->threads[i], NULL, workers_run, workers) != 0)
            return rota_fail(ROTA_IO, "no thread for checking signatures: raise the limit of processes");
        workers->thread_count++;
    }
    return rota_ok();
}

struct rota_status rota_workers_open(struct rota_workers **out, const struct rota_workers_setup *setup)
{
    ROTA_ASSERT(setup->threads >= 1 && setup->threads <= ROTA_WORKERS_MAX && setup->peers >= 1);
    *out = NULL;
    struct rota_workers *workers = calloc(1, sizeof *workers);
    struct rota_inbox *inboxes = calloc(setup->peers, sizeof *inboxes);
    if (!workers || !inboxes) {
        free(workers);
        free(inboxes);
        return rota_fail(ROTA_NO_MEMORY, "no memory for the peers' inboxes");
    }
    workers->setup = *setup;
    workers->inboxes = inboxes;
    for (uint32_t i = 0; i < setup->peers; i++)
        rota_inbox_init(&inboxes[i]);
    ROTA_ASSERT(pthread_mutex_init(&workers->mutex, NULL) == 0);
    ROTA_ASSERT(pthread_cond_init(&workers->work, NULL) == 0);
    struct rota_status status = workers_start(workers);
    if (!rota_is_ok(status)) {
        rota_workers_close(workers);
        return status;
    }
    *out = workers;
    return rota_ok();
}

void rota_workers_close(struct rota_workers *workers)
{
    if (!workers)
        return;
    workers_lock(workers);
    workers->stopping = true;
    workers_unlock(workers);
    ROTA_ASSERT(pthread_cond_broadcast(&workers->work) == 0);
    for (uint32_t i = 0; i < workers->thread_count; i++)
        ROTA_ASSERT(pthread_join(workers->threads[i], NULL) == 0);
    for (uint32_t i = 0; i < workers->setup.peers; i++)
        rota_inbox_clear(&workers->inboxes[i]);
    pthread_cond_destroy(&workers->work);
    pthread_mutex_destroy(&workers->mutex);
    free(workers->inboxes);
    free(workers);
}

bool rota_workers_put(struct rota_workers *workers, uint32_t peer, struct rota_raw *raw)
{
    ROTA_ASSERT(peer < workers->setup.peers);
    workers_lock(workers);
    struct rota_inbox *inbox = &workers->inboxes[peer];
    if (!rota_inbox_is_waiting(inbox) && inbox->spent_us < workers->fair_us)
        inbox->spent_us = workers->fair_us; /* idle time is not saved up */
    bool taken = rota_inbox_put(inbox, raw);
    workers_unlock(workers);
    if (taken)
        ROTA_ASSERT(pthread_cond_signal(&workers->work) == 0);
    return taken;
}

bool rota_workers_take(struct rota_workers *workers, struct rota_frame *out)
{
    struct rota_frame *frame = NULL;
    bool room = false;
    workers_lock(workers);
    for (uint32_t i = 0; i < workers->setup.peers && !frame; i++) {
        uint32_t peer = (workers->take_next + i) % workers->setup.peers;
        frame = rota_inbox_take(&workers->inboxes[peer]);
        if (frame) {
            workers->take_next = (peer + 1) % workers->setup.peers;
            room = rota_inbox_has_room_again(&workers->inboxes[peer]);
        }
    }
    workers_unlock(workers);
    workers_ring(workers, false, room);
    if (!frame)
        return false;
    *out = *frame;
    free(frame);
    return true;
}

size_t rota_workers_held(struct rota_workers *workers, uint32_t peer)
{
    ROTA_ASSERT(peer < workers->setup.peers);
    workers_lock(workers);
    size_t held = workers->inboxes[peer].bytes;
    workers_unlock(workers);
    return held;
}
