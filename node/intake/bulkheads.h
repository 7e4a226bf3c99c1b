/* Bulkheads: each pool has places for proposals that are on their way. A pool's own places are its capacity less what it may
 * borrow, at least what is reserved for it; nobody else uses them. When they are taken it borrows, up to its limit and its
 * capacity, from the pool "flex", which also serves its own requests and lends what it does not reserve. So a surge in one
 * pool costs its neighbours at most flex places (sample: ICU 6/5/1, Clinic 8, Flex 2). Not thread-safe: the gate locks. */
#ifndef ROTA_NODE_INTAKE_BULKHEADS_H
#define ROTA_NODE_INTAKE_BULKHEADS_H

#include "crypto/bytes.h"
#include "node/config.h"

struct rota_bulkhead {
    struct rota_pool_config config;
    uint32_t own;      /* own places in use */
    uint32_t borrowed; /* places of flex in use by this pool */
    uint64_t admitted, refused;
};

struct rota_bulkheads {
    uint32_t count;
    struct rota_bulkhead items[ROTA_POOLS_MAX];
    uint32_t flex;   /* index of the pool that lends, count: none */
    uint32_t preset; /* index of the pool for what names none */
    uint32_t lent;   /* places of flex in use by others */
};

/* A place that somebody holds. */
struct rota_place {
    uint32_t pool; /* index */
    bool borrowed;
};

/* Adds a pool "default" when the configuration has none. */
void rota_bulkheads_init(struct rota_bulkheads *pools, const struct rota_intake_config *config);
/* Index of the pool of this name; the default pool for "" and for names that are not configured. */
uint32_t rota_bulkheads_find(const struct rota_bulkheads *pools, const char *name);
/* False: no place. */
ROTA_CHECKED bool rota_bulkheads_take(struct rota_bulkheads *pools, uint32_t pool, struct rota_place *out);
void rota_bulkheads_give_back(struct rota_bulkheads *pools, const struct rota_place *place);

#endif
