#include "node/door.h"

#include "crypto/broken.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static void door_lock(struct rota_door *door)
{
    ROTA_ASSERT(pthread_mutex_lock(&door->mutex) == 0);
}

static void door_unlock(struct rota_door *door)
{
    ROTA_ASSERT(pthread_mutex_unlock(&door->mutex) == 0);
}

void rota_door_open(struct rota_door *door, struct rota_bell *bell, uint32_t count_max)
{
    memset(door, 0, sizeof *door);
    ROTA_ASSERT(pthread_mutex_init(&door->mutex, NULL) == 0);
    rota_map_init(&door->waiting);
    door->bell = bell;
    door->count_max = count_max;
    door->next_deadline_ms = UINT64_MAX;
}

void rota_door_free(struct rota_door *door)
{
    pthread_mutex_destroy(&door->mutex);
    rota_map_free(&door->waiting);
}

/* ---- the caller's side ---------------------------------------------------------------------------------------------- */

static void ticket_open(struct rota_ticket *ticket)
{
    pthread_condattr_t attributes;
    ROTA_ASSERT(pthread_condattr_init(&attributes) == 0);
    ROTA_ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    ROTA_ASSERT(pthread_cond_init(&ticket->answered, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    ticket->next = NULL;
    ticket->place = ROTA_TICKET_IN_QUEUE;
}

static bool door_enter(struct rota_door *door, struct rota_ticket *ticket)
{
    if (door->closed || door->count == door->count_max)
        return false;
    *(door->last ? &door->last->next : &door->first) = ticket;
    door->last = ticket;
    door->count++;
    return true;
}

/* The loop did not come: the caller takes its ticket back. */
static void door_take_back(struct rota_door *door, struct rota_ticket *ticket)
{
    struct rota_ticket *before = NULL;
    for (struct rota_ticket *at = door->first; at != ticket; at = at->next)
        before = at;
    *(before ? &before->next : &door->first) = ticket->next;
    if (door->last == ticket)
        door->last = before;
    door->count--;
}

static struct timespec door_deadline(uint64_t patience_ms)
{
    struct timespec until;
    ROTA_ASSERT(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += (time_t)(patience_ms / 1000);
    until.tv_nsec += (long)(patience_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return until;
}

/* Patience ends only while nobody has taken the ticket: what the loop has taken it answers. */
static bool door_await(struct rota_door *door, struct rota_ticket *ticket, uint64_t patience_ms)
{
    struct timespec until = door_deadline(patience_ms);
    while (ticket->place != ROTA_TICKET_ANSWERED) {
        if (ticket->place == ROTA_TICKET_WITH_LOOP) {
            ROTA_ASSERT(pthread_cond_wait(&ticket->answered, &door->mutex) == 0);
        } else if (pthread_cond_timedwait(&ticket->answered, &door->mutex, &until) == ETIMEDOUT &&
                   ticket->place == ROTA_TICKET_IN_QUEUE) {
            door_take_back(door, ticket);
            return false;
        }
    }
    return true;
}

bool rota_door_call(struct rota_door *door, struct rota_ticket *ticket, uint64_t patience_ms, bool *out_closed)
{
    ticket_open(ticket);
    door_lock(door);
    bool answered = door_enter(door, ticket);
    if (answered) {
        rota_bell_ring(door->bell);
        answered = door_await(door, ticket, patience_ms);
    }
    *out_closed = door->closed;
    door_unlock(door);
    pthread_cond_destroy(&ticket->answered);
    return answered;
}

/* ---- the loop's side ------------------------------------------------------------------------------------------------ */

struct rota_ticket *rota_door_take(struct rota_door *door)
{
    door_lock(door);
    struct rota_ticket *ticket = door->first;
    if (ticket) {
        door->first = ticket->next;
        if (!door->first)
            door->last = NULL;
        door->count--;
        ticket->next = NULL;
        ticket->place = ROTA_TICKET_WITH_LOOP;
    }
    door_unlock(door);
    return ticket;
}

void rota_door_ready(struct rota_door *door, struct rota_ticket *ticket)
{
    ticket->next = door->ready;
    door->ready = ticket;
}

void rota_door_wait(struct rota_door *door, struct rota_ticket *ticket, uint64_t now_ms)
{
    ticket->deadline_ms = now_ms + ticket->wait_ms;
    ticket->next = rota_map_pointer(rota_map_get(&door->waiting, &ticket->id));
    if (!rota_is_ok(rota_map_put(&door->waiting, &ticket->id, rota_map_value(ticket)))) {
        rota_door_ready(door, ticket);
        return;
    }
    if (ticket->deadline_ms < door->next_deadline_ms)
        door->next_deadline_ms = ticket->deadline_ms;
}

struct rota_ticket *rota_door_leave(struct rota_door *door, const struct rota_hash *id)
{
    struct rota_ticket *first = rota_map_pointer(rota_map_get(&door->waiting, id));
    rota_map_drop(&door->waiting, id);
    return first;
}

/* Takes the expired ones out of a list; the rest is the result. */
static struct rota_ticket *door_sift(struct rota_door *door, struct rota_ticket *list, uint64_t now_ms)
{
    struct rota_ticket *kept = NULL, *next = NULL;
    for (struct rota_ticket *ticket = list; ticket; ticket = next) {
        next = ticket->next;
        if (ticket->deadline_ms <= now_ms) {
            rota_door_ready(door, ticket);
            continue;
        }
        ticket->next = kept;
        kept = ticket;
        if (ticket->deadline_ms < door->next_deadline_ms)
            door->next_deadline_ms = ticket->deadline_ms;
    }
    return kept;
}

void rota_door_expire(struct rota_door *door, uint64_t now_ms)
{
    if (now_ms < door->next_deadline_ms)
        return;
    door->next_deadline_ms = UINT64_MAX;
    for (size_t i = 0; i < door->waiting.room; i++) {
        struct rota_map_slot *slot = &door->waiting.slots[i];
        if (slot->value == 0)
            continue;
        struct rota_ticket *kept = door_sift(door, rota_map_pointer(slot->value), now_ms);
        if (kept) {
            slot->value = rota_map_value(kept);
        } else {
            struct rota_hash id = slot->key;
            rota_map_drop(&door->waiting, &id);
            i--; /* another one may have moved here; unsigned wrap at 0 is undone by the loop */
        }
    }
}

void rota_door_answer(struct rota_door *door)
{
    if (!door->ready)
        return;
    door_lock(door);
    struct rota_ticket *next = NULL;
    for (struct rota_ticket *ticket = door->ready; ticket; ticket = next) {
        next = ticket->next; /* the ticket is gone as soon as its caller has the mutex */
        ticket->place = ROTA_TICKET_ANSWERED;
        ROTA_ASSERT(pthread_cond_signal(&ticket->answered) == 0);
    }
    door->ready = NULL;
    door_unlock(door);
}

static void ticket_stop(struct rota_ticket *ticket)
{
    ticket->status = rota_fail(ROTA_FULL, "the node is stopping");
    free(ticket->submission.outcome.record); /* was to be said at a durable point that did not come */
    ticket->submission = (struct rota_submission){.state = ROTA_SUBMISSION_STOPPING};
    free(ticket->outcome.record);
    memset(&ticket->outcome, 0, sizeof ticket->outcome);
}

void rota_door_close(struct rota_door *door)
{
    door_lock(door);
    door->closed = true;
    door_unlock(door);
    struct rota_ticket *ticket;
    while ((ticket = rota_door_take(door)) != NULL)
        rota_door_ready(door, ticket);
    for (size_t i = 0; i < door->waiting.room; i++) {
        struct rota_ticket *next = NULL;
        for (ticket = rota_map_pointer(door->waiting.slots[i].value); ticket; ticket = next) {
            next = ticket->next;
            rota_door_ready(door, ticket);
        }
        door->waiting.slots[i].value = 0;
    }
    door->waiting.count = 0;
    for (ticket = door->ready; ticket && ROTA_BROKEN(stopping_node_answers, true, false); ticket = ticket->next)
        ticket_stop(ticket);
    rota_door_answer(door);
}
