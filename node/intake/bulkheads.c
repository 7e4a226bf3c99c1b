#include "node/intake/bulkheads.h"
#include "crypto/broken.h"

static void bulkhead_add(struct rota_bulkheads *pools, const struct rota_pool_config *config)
{
    ROTA_ASSERT(pools->count < ROTA_POOLS_MAX);
    pools->items[pools->count++].config = *config;
}

static uint32_t bulkhead_index(const struct rota_bulkheads *pools, const char *name)
{
    uint32_t index = 0;
    while (index < pools->count && strcmp(pools->items[index].config.name, name) != 0)
        index++;
    return index;
}

void rota_bulkheads_init(struct rota_bulkheads *pools, const struct rota_intake_config *config)
{
    memset(pools, 0, sizeof *pools);
    for (uint32_t i = 0; i < config->pool_count; i++)
        bulkhead_add(pools, &config->pools[i]);
    if (bulkhead_index(pools, "default") == pools->count && pools->count < ROTA_POOLS_MAX)
        bulkhead_add(pools, &(struct rota_pool_config){.name = "default", .capacity = 64, .reserved = 64});
    pools->flex = bulkhead_index(pools, "flex");
    pools->preset = bulkhead_index(pools, "default");
    if (pools->preset == pools->count)
        pools->preset = 0;
}

uint32_t rota_bulkheads_find(const struct rota_bulkheads *pools, const char *name)
{
    uint32_t index = bulkhead_index(pools, name);
    return index < pools->count ? index : pools->preset;
}

/* What a pool has without borrowing: its capacity less what it may borrow, and never less than what is reserved for it. */
static uint32_t bulkhead_own_places(const struct rota_pool_config *config)
{
    uint32_t left = config->capacity > config->borrow ? config->capacity - config->borrow : 0;
    uint32_t own = left > config->reserved ? left : config->reserved;
    return own < config->capacity ? own : config->capacity;
}

static uint32_t flex_lends(const struct rota_bulkheads *pools)
{
    const struct rota_pool_config *flex = &pools->items[pools->flex].config;
    uint32_t kept = ROTA_BROKEN(flex_lends_its_reserve, flex->reserved, 0);
    return flex->capacity > kept ? flex->capacity - kept : 0;
}

static void bulkheads_check(const struct rota_bulkheads *pools)
{
    uint32_t borrowed = 0;
    for (uint32_t i = 0; i < pools->count; i++) {
        const struct rota_bulkhead *pool = &pools->items[i];
        ROTA_ASSERT(pool->own + pool->borrowed <= pool->config.capacity);
        ROTA_ASSERT(pool->borrowed <= pool->config.borrow);
        borrowed += pool->borrowed;
    }
    ROTA_ASSERT(borrowed == pools->lent);
    if (pools->flex == pools->count)
        return;
    ROTA_ASSERT(pools->lent <= flex_lends(pools));
    ROTA_ASSERT(pools->lent + pools->items[pools->flex].own <= pools->items[pools->flex].config.capacity);
}

static bool flex_is_free(const struct rota_bulkheads *pools)
{
    const struct rota_bulkhead *flex = &pools->items[pools->flex];
    return pools->lent + flex->own < flex->config.capacity;
}

static bool bulkhead_may_borrow(const struct rota_bulkheads *pools, uint32_t index)
{
    const struct rota_bulkhead *pool = &pools->items[index];
    return pools->flex < pools->count && index != pools->flex && pool->borrowed < pool->config.borrow &&
           pool->own + pool->borrowed < pool->config.capacity && pools->lent < flex_lends(pools) && flex_is_free(pools);
}

bool rota_bulkheads_take(struct rota_bulkheads *pools, uint32_t index, struct rota_place *out)
{
    ROTA_ASSERT(index < pools->count);
    struct rota_bulkhead *pool = &pools->items[index];
    bool own = index == pools->flex ? flex_is_free(pools) : pool->own < bulkhead_own_places(&pool->config);
    bool borrow = !own && bulkhead_may_borrow(pools, index);
    *out = (struct rota_place){index, borrow};
    if (own)
        pool->own++;
    else if (borrow)
        pool->borrowed++, pools->lent++;
    else
        pool->refused++;
    pool->admitted += own || borrow;
    bulkheads_check(pools);
    return own || borrow;
}

void rota_bulkheads_give_back(struct rota_bulkheads *pools, const struct rota_place *place)
{
    struct rota_bulkhead *pool = &pools->items[place->pool];
    if (place->borrowed) {
        ROTA_ASSERT(pool->borrowed > 0 && pools->lent > 0);
        pool->borrowed--;
        pools->lent--;
    } else {
        ROTA_ASSERT(pool->own > 0);
        pool->own--;
    }
    bulkheads_check(pools);
}
