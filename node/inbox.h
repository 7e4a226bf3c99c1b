/* What came from one peer and waits: a ring in order of arrival, bounded in frames and in bytes. A frame is WAITING, then
 * CLAIMED by one worker, then READY for the loop or REFUSED and forgotten. Nothing overtakes: a READY frame behind a
 * CLAIMED one waits for it. Not locked: the workers' mutex is. */
#ifndef ROTA_NODE_INBOX_H
#define ROTA_NODE_INBOX_H

#include "node/frame.h"

enum {
    ROTA_INBOX_FRAMES_MAX = 1024,
    ROTA_INBOX_BYTES_MAX = 16 * 1024 * 1024, /* sum of rota_raw_cost; room for several of the largest frames */
};

enum rota_inbox_state { ROTA_INBOX_FREE = 0, ROTA_INBOX_WAITING, ROTA_INBOX_CLAIMED, ROTA_INBOX_READY, ROTA_INBOX_REFUSED };

struct rota_inbox_slot {
    enum rota_inbox_state state;
    size_t cost;
    struct rota_raw *raw;     /* WAITING, CLAIMED: owned */
    struct rota_frame *frame; /* READY: owned */
};

struct rota_inbox {
    uint32_t first;
    uint32_t count;
    uint32_t settled; /* of count, those that are no longer WAITING: a prefix */
    size_t bytes;
    bool wanted;       /* somebody was turned away and waits for room */
    uint64_t spent_us; /* what judging its frames has cost, as far as fairness goes: see workers.c */
    struct rota_inbox_slot slots[ROTA_INBOX_FRAMES_MAX];
};

void rota_inbox_init(struct rota_inbox *inbox);
void rota_inbox_clear(struct rota_inbox *inbox); /* frees what waits; nothing may be CLAIMED */
/* Takes over the frame. False when there is no room: the frame stays the caller's, and the inbox is wanted. */
ROTA_CHECKED bool rota_inbox_put(struct rota_inbox *inbox, struct rota_raw *raw);
bool rota_inbox_is_waiting(const struct rota_inbox *inbox); /* a frame can be claimed */
/* The oldest WAITING frame becomes CLAIMED; NULL when there is none. The slot stays where it is until it is settled. */
struct rota_inbox_slot *rota_inbox_claim(struct rota_inbox *inbox);
/* Ends a claim: frame given (READY), or NULL (REFUSED). The raw bytes have been freed by the claimer. */
void rota_inbox_settle(struct rota_inbox *inbox, struct rota_inbox_slot *slot, struct rota_frame *frame);
/* The loop may take one. */
bool rota_inbox_is_ready(const struct rota_inbox *inbox);
/* The oldest frame if it is READY, given to the caller (heap); NULL otherwise. */
struct rota_frame *rota_inbox_take(struct rota_inbox *inbox);
/* True once after the inbox was wanted and is half empty again. */
bool rota_inbox_has_room_again(struct rota_inbox *inbox);

#endif
