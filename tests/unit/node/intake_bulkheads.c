#include "node/intake/bulkheads.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { PLACES_MAX = 64 };

static struct rota_bulkheads pools;
static struct rota_place held[PLACES_MAX];
static uint32_t held_count;

static struct rota_pool_config pool_of(const char *name, uint32_t capacity, uint32_t reserved, uint32_t borrow)
{
    struct rota_pool_config pool = {.capacity = capacity, .reserved = reserved, .borrow = borrow};
    snprintf(pool.name, sizeof pool.name, "%s", name);
    return pool;
}

static void sample_open(void)
{
    struct rota_intake_config config = {
        .pool_count = 3, .pools = {pool_of("icu", 6, 5, 1), pool_of("clinic", 8, 8, 0), pool_of("flex", 2, 0, 0)}};
    rota_bulkheads_init(&pools, &config);
    held_count = 0;
}

static bool take(const char *name)
{
    struct rota_place place;
    if (!rota_bulkheads_take(&pools, rota_bulkheads_find(&pools, name), &place))
        return false;
    cr_assert_lt(held_count, PLACES_MAX);
    held[held_count++] = place;
    return true;
}

static uint32_t take_all(const char *name)
{
    uint32_t count = 0;
    while (take(name))
        count++;
    return count;
}

Test(bulkheads_sample, icu_has_five_places_and_borrows_one)
{
    sample_open();
    cr_expect_eq(take_all("icu"), 6);
    cr_expect_eq(pools.items[0].own, 5);
    cr_expect_eq(pools.items[0].borrowed, 1);
    cr_expect_eq(pools.items[0].refused, 1);
}

Test(bulkheads_sample, a_surge_of_icu_leaves_clinic_all_of_its_places)
{
    sample_open();
    take_all("icu");
    cr_expect_eq(take_all("clinic"), 8);
    cr_expect_eq(take_all("flex"), 1, "one of flex is lent to icu");
}

Test(bulkheads_sample, a_surge_of_clinic_and_flex_leaves_icu_its_five)
{
    sample_open();
    cr_expect_eq(take_all("clinic"), 8, "clinic borrows nothing");
    cr_expect_eq(take_all("flex"), 2);
    cr_expect_eq(take_all("icu"), 5, "flex has nothing left to lend");
}

Test(bulkheads_sample, a_borrowed_place_goes_back_to_flex)
{
    sample_open();
    take_all("icu");
    cr_assert_eq(take_all("flex"), 1);
    cr_assert(held[5].borrowed);
    rota_bulkheads_give_back(&pools, &held[5]);
    cr_expect_eq(pools.lent, 0);
    cr_expect(take("flex"));
    cr_expect(!take("icu"), "flex serves its own now");
}

Test(bulkheads, what_names_no_pool_goes_to_default)
{
    sample_open();
    uint32_t preset = rota_bulkheads_find(&pools, "default");
    cr_expect_str_eq(pools.items[preset].config.name, "default");
    cr_expect_eq(rota_bulkheads_find(&pools, ""), preset);
    cr_expect_eq(rota_bulkheads_find(&pools, "nobody-configured-this"), preset);
    cr_expect_neq(rota_bulkheads_find(&pools, "icu"), preset);
}

Test(bulkheads, without_flex_nobody_borrows)
{
    struct rota_intake_config config = {.pool_count = 1, .pools = {pool_of("icu", 6, 5, 1)}};
    rota_bulkheads_init(&pools, &config);
    held_count = 0;
    cr_expect_eq(take_all("icu"), 5);
}

Test(bulkheads, a_pool_that_may_borrow_more_than_it_holds_stays_within_its_capacity)
{
    struct rota_intake_config config = {.pool_count = 2, .pools = {pool_of("icu", 2, 0, 5), pool_of("flex", 9, 0, 0)}};
    rota_bulkheads_init(&pools, &config);
    held_count = 0;
    cr_expect_eq(take_all("icu"), 2);
}

Test(bulkheads, what_is_reserved_is_own_however_much_may_be_borrowed)
{
    struct rota_intake_config config = {.pool_count = 2, .pools = {pool_of("icu", 6, 5, 4), pool_of("flex", 3, 0, 0)}};
    rota_bulkheads_init(&pools, &config);
    held_count = 0;
    cr_assert_eq(take_all("flex"), 3);
    cr_expect_eq(take_all("icu"), 5);
}

Test(bulkheads, flex_does_not_lend_what_it_reserves)
{
    struct rota_intake_config config = {.pool_count = 2, .pools = {pool_of("icu", 6, 2, 4), pool_of("flex", 3, 2, 0)}};
    rota_bulkheads_init(&pools, &config);
    held_count = 0;
    cr_expect_eq(take_all("icu"), 3, "two own, one borrowed");
    cr_expect_eq(take_all("flex"), 2);
}

/* ---- every state that take and give can lead to ---------------------------------------------------------------------- */

enum { WALK_POOLS = 3, WALK_BASE = 6 };

/* A state is how many places each pool holds, own and borrowed; the walk visits every reachable one once. */
struct walk {
    bool seen[WALK_BASE * WALK_BASE * WALK_BASE * WALK_BASE * WALK_BASE];
    uint32_t states;
};
static struct walk walk;

static size_t walk_code(void)
{
    size_t code = 0;
    for (uint32_t i = 0; i < WALK_POOLS; i++) {
        code = code * WALK_BASE + pools.items[i].own;
        if (i != pools.flex)
            code = code * WALK_BASE + pools.items[i].borrowed;
    }
    return code;
}

static uint32_t walk_reserved_left(uint32_t index)
{
    const struct rota_bulkhead *pool = &pools.items[index];
    uint32_t used = pool->own + (index == pools.flex ? 0 : pool->borrowed);
    return pool->config.reserved > used ? pool->config.reserved - used : 0;
}

static void walk_check(void)
{
    uint32_t borrowed = 0;
    for (uint32_t i = 0; i < WALK_POOLS; i++) {
        const struct rota_bulkhead *pool = &pools.items[i];
        cr_assert_leq(pool->own + pool->borrowed, pool->config.capacity);
        cr_assert_leq(pool->borrowed, pool->config.borrow);
        borrowed += pool->borrowed;
    }
    cr_assert_eq(borrowed, pools.lent);
    const struct rota_bulkhead *flex = &pools.items[pools.flex];
    cr_assert_leq(pools.lent + flex->own, flex->config.capacity);
    cr_assert_leq(pools.lent, flex->config.capacity - flex->config.reserved);
    /* whoever has reserved places left gets them, whatever the others hold */
    for (uint32_t i = 0; i < WALK_POOLS; i++) {
        struct rota_bulkheads copy = pools;
        struct rota_place place;
        for (uint32_t left = walk_reserved_left(i); left > 0; left--)
            cr_assert(rota_bulkheads_take(&copy, i, &place), "pool %u does not get what is reserved for it", i);
    }
}

static void walk_from_here(void)
{
    size_t code = walk_code();
    if (walk.seen[code])
        return;
    walk.seen[code] = true;
    walk.states++;
    walk_check();
    struct rota_bulkheads before = pools;
    for (uint32_t i = 0; i < WALK_POOLS; i++) {
        struct rota_place place;
        if (rota_bulkheads_take(&pools, i, &place))
            walk_from_here();
        pools = before;
        for (int borrowed = 0; borrowed < 2; borrowed++) {
            place = (struct rota_place){i, borrowed};
            if ((borrowed ? pools.items[i].borrowed : pools.items[i].own) == 0)
                continue;
            rota_bulkheads_give_back(&pools, &place);
            walk_from_here();
            pools = before;
        }
    }
}

Test(bulkheads, keep_their_promises_in_every_state_of_every_small_configuration, .timeout = 120)
{
    uint32_t states = 0, configurations = 0;
    for (uint32_t n = 0; n < 3 * 3 * 3 * 4 * 3 * 4 * 3; n++) {
        uint32_t rest = n;
        uint32_t a_capacity = 1 + rest % 3, a_borrow = (rest /= 3) % 3, a_reserved = (rest /= 3) % 3;
        uint32_t b_capacity = 1 + (rest /= 3) % 4, b_borrow = (rest /= 4) % 3;
        uint32_t flex = 1 + (rest /= 3) % 4, flex_reserved = (rest / 4) % 3;
        if (a_reserved > a_capacity || flex_reserved > flex)
            continue;
        struct rota_intake_config config = {.pool_count = 3,
                                            .pools = {pool_of("default", a_capacity, a_reserved, a_borrow),
                                                      pool_of("b", b_capacity, 1, b_borrow),
                                                      pool_of("flex", flex, flex_reserved, 0)}};
        rota_bulkheads_init(&pools, &config);
        walk = (struct walk){0};
        walk_from_here();
        states += walk.states;
        configurations++;
    }
    cr_expect_gt(configurations, 1000);
    cr_expect_gt(states, 10000, "%u states of %u configurations", states, configurations);
}

Test(bulkheads, every_place_returns)
{
    sample_open();
    take_all("icu");
    take_all("clinic");
    take_all("flex");
    for (uint32_t i = 0; i < held_count; i++)
        rota_bulkheads_give_back(&pools, &held[(i * 7) % held_count]); /* 7 and 15 share no factor */
    cr_expect_eq(held_count, 15);
    for (uint32_t i = 0; i < pools.count; i++)
        cr_expect_eq(pools.items[i].own + pools.items[i].borrowed, 0);
    cr_expect_eq(pools.lent, 0);
    cr_expect_eq(take_all("icu"), 6);
}
