/* Token buckets, one for each coordinator's key (or address, where no key is named): so many proposals a second, a burst
 * above that. Integer arithmetic, time passed in, a bounded table in which the one idle longest makes room. Not thread-safe:
 * the gate locks. */
#ifndef ROTA_NODE_INTAKE_BUCKETS_H
#define ROTA_NODE_INTAKE_BUCKETS_H

#include "crypto/es256k.h"

enum { ROTA_BUCKETS_MAX = 1024 };

struct rota_bucket {
    struct rota_kid who;
    uint64_t used_ms;     /* 0: free place */
    uint64_t filled_ms;   /* when tokens were last counted */
    uint64_t millitokens; /* a proposal costs 1000 */
};

struct rota_buckets {
    uint32_t rate_per_second, burst;
    uint64_t refused;
    struct rota_bucket items[ROTA_BUCKETS_MAX];
};

void rota_buckets_init(struct rota_buckets *buckets, uint32_t rate_per_second, uint32_t burst);
/* Takes one token. False: *out_wait_ms says when the next one is there. */
ROTA_CHECKED bool rota_buckets_take(struct rota_buckets *buckets, const struct rota_kid *who, uint64_t now_ms,
                                    uint32_t *out_wait_ms);
/* Gives back a token that somebody else took in this name. */
void rota_buckets_give_back(struct rota_buckets *buckets, const struct rota_kid *who);

#endif
