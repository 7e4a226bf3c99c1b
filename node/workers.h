/* The workers: a few threads between the links and the loop. They judge the frames of the peers' inboxes and leave them for
 * the loop, each peer's in its order. They give every peer the same time, not the same number of frames: a peer whose
 * frames are dear to judge waits for itself. The only lock is theirs, and nothing is judged while it is held. */
#ifndef ROTA_NODE_WORKERS_H
#define ROTA_NODE_WORKERS_H

#include "node/inbox.h"

struct rota_workers; /* opaque, heap */

/* A frame (heap, given), or NULL when it is refused. Called by several threads at a time. */
typedef struct rota_frame *rota_judge_fn(void *context, uint32_t peer, struct rota_view plain);

struct rota_workers_setup {
    uint32_t peers;   /* inboxes 0 .. peers - 1 */
    uint32_t threads; /* 1..ROTA_WORKERS_MAX */
    rota_judge_fn *judge;
    void *context;
    struct rota_bell *ready; /* rung when the loop can take a frame */
    struct rota_bell *room;  /* rung when an inbox that turned a frame away has room again */
};

enum { ROTA_WORKERS_MAX = 8 };

ROTA_CHECKED struct rota_status rota_workers_open(struct rota_workers **out, const struct rota_workers_setup *setup);
void rota_workers_close(struct rota_workers *workers); /* waits for the threads; NULL is fine */

/* Any thread. False: no room, the frame stays the caller's, `room` will be rung. */
ROTA_CHECKED bool rota_workers_put(struct rota_workers *workers, uint32_t peer, struct rota_raw *raw);
/* Loop thread. Peers in turn. False when no frame is ready. */
bool rota_workers_take(struct rota_workers *workers, struct rota_frame *out);
/* Bytes that one peer's frames hold now. Any thread. */
size_t rota_workers_held(struct rota_workers *workers, uint32_t peer);

#endif
