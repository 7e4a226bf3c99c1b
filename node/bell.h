/* A bell: many threads ring it, one loop waits for it or for a deadline (eventfd and poll). Rings while nobody waits are
 * kept. */
#ifndef ROTA_NODE_BELL_H
#define ROTA_NODE_BELL_H

#include "crypto/status.h"

#include <stdint.h>

struct rota_bell {
    int fd;
    bool rung; /* atomic: spares the write when nobody has heard the last ring yet */
};

ROTA_CHECKED struct rota_status rota_bell_open(struct rota_bell *bell);
void rota_bell_close(struct rota_bell *bell);
void rota_bell_ring(struct rota_bell *bell); /* any thread, also from a signal handler */
/* Waits until rung or until the monotonic time deadline_ms (UINT64_MAX: for ever); clears the bell. */
void rota_bell_wait(struct rota_bell *bell, uint64_t deadline_ms);

/* The node's clocks: monotonic for timers, wall time for blocks and people. */
uint64_t rota_clock_monotonic_ms(void);
uint64_t rota_clock_monotonic_us(void);
uint64_t rota_clock_wall_ms(void);

#endif
