/* The door: how other threads reach the loop. A caller leaves a ticket and waits; the loop takes it in one of its turns and
 * answers after that turn's durable point, or later, when what the ticket waits for has happened. Bounded; every ticket is
 * answered, at the latest when the door closes.
 *
 * A ticket lies on its caller's stack. Until the loop takes it the caller may take it back; from then on it is the loop's
 * until it is answered. */
#ifndef ROTA_NODE_DOOR_H
#define ROTA_NODE_DOOR_H

#include "node/map.h"
#include "node/node.h"

#include <pthread.h>

enum rota_ticket_kind {
    ROTA_TICKET_SUBMIT = 1,
    ROTA_TICKET_LOOKUP,
    ROTA_TICKET_VISIT,
    ROTA_TICKET_DRY_RUN,
    ROTA_TICKET_READ
};
enum rota_ticket_place { ROTA_TICKET_IN_QUEUE = 1, ROTA_TICKET_WITH_LOOP, ROTA_TICKET_ANSWERED };

struct rota_ticket {
    enum rota_ticket_kind kind;
    enum rota_ticket_place place; /* under the door's mutex */
    pthread_cond_t answered;
    struct rota_ticket *next; /* in the queue, the list of its id, or the list of those to be answered */
    uint32_t wait_ms;
    uint64_t deadline_ms;             /* set by the loop */
    struct rota_proposal *proposal;   /* SUBMIT, DRY_RUN: borrowed, the caller waits */
    struct rota_epoch_change *change; /* SUBMIT: instead of a proposal */
    struct rota_hash id;              /* SUBMIT, LOOKUP; READ: made of its token */
    void (*visit)(void *context, const struct rota_facts *facts);
    bool (*allow)(void *context, const struct rota_facts *facts); /* SUBMIT; NULL: no question */
    void *context;
    struct rota_status status;         /* answer to VISIT, DRY_RUN, READ */
    struct rota_outcome outcome;       /* answer to DRY_RUN */
    struct rota_submission submission; /* answer to SUBMIT, LOOKUP */
};

struct rota_door {
    pthread_mutex_t mutex; /* queue, count, closed, every ticket's place */
    struct rota_ticket *first, *last;
    uint32_t count, count_max;
    bool closed;
    struct rota_bell *bell; /* borrowed */
    /* the loop's */
    struct rota_map waiting;   /* id -> list of tickets */
    struct rota_ticket *ready; /* to be answered at the durable point */
    uint64_t next_deadline_ms; /* of the waiting ones; UINT64_MAX: none */
};

void rota_door_open(struct rota_door *door, struct rota_bell *bell, uint32_t count_max);
void rota_door_free(struct rota_door *door);

/* Any thread. False: the door is closed, or the loop did not take the ticket within patience_ms; *out_closed says which. */
bool rota_door_call(struct rota_door *door, struct rota_ticket *ticket, uint64_t patience_ms, bool *out_closed);

/* Loop: the next ticket, NULL when none is there. */
struct rota_ticket *rota_door_take(struct rota_door *door);
/* Loop: answer at this turn's durable point. */
void rota_door_ready(struct rota_door *door, struct rota_ticket *ticket);
/* Loop: let it wait for its id until its deadline; without memory it is answered as it is. */
void rota_door_wait(struct rota_door *door, struct rota_ticket *ticket, uint64_t now_ms);
/* Loop: the tickets that wait for this id leave; a list by next, NULL when none. */
struct rota_ticket *rota_door_leave(struct rota_door *door, const struct rota_hash *id);
/* Loop: those whose deadline has come become ready as they are (pending). */
void rota_door_expire(struct rota_door *door, uint64_t now_ms);
/* Loop: the durable point is passed. */
void rota_door_answer(struct rota_door *door);
/* Loop, at its end: no more tickets; everybody who waits is answered: stopping. */
void rota_door_close(struct rota_door *door);

#endif
