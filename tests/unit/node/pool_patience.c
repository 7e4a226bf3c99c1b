/* Whose patience ends first (PROTOCOL T4): a backlog that is worked off in order accuses nobody, an entry left out does. */
#include "bench.h"

enum { SLACK_MS = 300 };

static struct rota_pool *pool_new(struct bench *bench)
{
    struct rota_pool *pool = malloc(sizeof *pool);
    cr_assert(pool != NULL);
    bench_open(bench);
    cr_assert(rota_is_ok(rota_pool_init(pool, 100)));
    pool->slack_ms = SLACK_MS;
    return pool;
}

static void pool_end(struct rota_pool *pool, struct bench *bench)
{
    rota_pool_free(pool);
    free(pool);
    bench_close(bench);
}

static struct rota_waiting *put(struct rota_pool *pool, struct bench *bench, const char *author, uint64_t seq,
                                uint64_t at_ms)
{
    struct rota_waiting *waiting = NULL;
    struct rota_proposal *proposal = bench_enrol(bench, author, seq, "n-1");
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    cr_assert(rota_is_ok(rota_pool_add(pool, &waiting, &entry, false, at_ms)));
    rota_entry_release(&entry);
    rota_proposal_release(proposal);
    return waiting;
}

static uint64_t oldest(const struct rota_pool *pool)
{
    return pool->oldest ? pool->oldest->since_ms : 0;
}

Test(pool_patience, a_lane_that_is_served_in_order_starts_anew_each_time)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    struct rota_waiting *waiting[4];
    for (uint64_t i = 0; i < 4; i++)
        waiting[i] = put(pool, &bench, "alpha-director", i + 1, 10);
    cr_assert_eq(oldest(pool), 10);
    for (uint64_t i = 0; i < 4; i++) {
        rota_pool_take(pool, waiting[i], 1000 * (i + 1));
        cr_assert_eq(oldest(pool), i < 3 ? 1000 * (i + 1) : 0, "after taking %llu", (unsigned long long)i);
    }
    pool_end(pool, &bench);
}

Test(pool_patience, an_entry_that_later_ones_of_its_lane_pass_keeps_its_age)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    struct rota_waiting *left_out = put(pool, &bench, "alpha-director", 1, 10);
    struct rota_waiting *close = put(pool, &bench, "alpha-director", 2, 10 + SLACK_MS);
    struct rota_waiting *late = put(pool, &bench, "alpha-director", 3, 11 + SLACK_MS);
    rota_pool_take(pool, close, 2000);
    cr_assert_eq(oldest(pool), 2000, "messages may cross each other by this much");
    rota_pool_take(pool, late, 3000);
    cr_assert_eq(oldest(pool), 2000, "but not by more");
    rota_pool_take(pool, left_out, 4000);
    cr_assert_eq(oldest(pool), 0);
    pool_end(pool, &bench);
}

Test(pool_patience, a_lane_that_is_left_out_keeps_its_age_whatever_the_others_get)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    put(pool, &bench, "alpha-director", 1, 50);
    for (uint64_t i = 1; i < 20; i++)
        rota_pool_take(pool, put(pool, &bench, "alpha-both", i, 100 * i), 100 * i + 10);
    cr_assert_eq(oldest(pool), 50);
    pool_end(pool, &bench);
}

Test(pool_patience, what_may_not_go_or_went_away_does_not_age_the_others)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    struct rota_waiting *first = put(pool, &bench, "alpha-director", 1, 10);
    struct rota_waiting *second = put(pool, &bench, "alpha-director", 2, 700);
    struct rota_waiting *other = put(pool, &bench, "alpha-both", 1, 600);
    rota_pool_postpone(pool, first, 800);
    cr_assert_eq(oldest(pool), 600);
    rota_pool_remove(pool, other);
    cr_assert_eq(oldest(pool), 700);
    rota_pool_remove(pool, second);
    cr_assert_eq(oldest(pool), 800);
    rota_pool_take(pool, first, 900);
    cr_assert_eq(oldest(pool), 0);
    rota_pool_give_back(pool, first, 1000);
    cr_assert_eq(oldest(pool), 1000);
    pool_end(pool, &bench);
}

static bool everything(void *context, const struct rota_entry *entry)
{
    (void)context;
    (void)entry;
    return true;
}

/* The argument of T4 needs it: whoever found no room is first in the next block. */
Test(pool_patience, a_lane_that_found_no_room_is_first_in_the_next_block)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    const struct rota_entry *out[2];
    static const char *const authors[] = {"alpha-director", "alpha-both", "alpha-scheduler", "bravo-director"};
    for (size_t i = 0; i < 4; i++)
        put(pool, &bench, authors[i], 1, 10);
    struct rota_pick pick = {.entries_max = 2, .bytes_max = 1 << 20, .may = everything};
    cr_assert_eq(rota_pool_pick(pool, out, &pick), 2);
    cr_assert_eq(rota_pool_pick(pool, out, &pick), 2);
    struct rota_kid third = fixture_kid("alpha-scheduler");
    cr_expect(rota_kid_equal(&out[0]->proposal->jws.kid, &third));
    pool_end(pool, &bench);
}

/* Nor can anybody fill the pool, so that a primary would never hold what the others wait for. */
Test(pool_patience, a_full_pool_makes_room_for_who_has_little_in_it)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    struct rota_waiting *waiting = NULL;
    pool->entries_max = 20;
    for (uint64_t seq = 1; seq <= 20; seq++)
        put(pool, &bench, "alpha-director", seq, 10);
    struct rota_kid flooder = fixture_kid("alpha-director");
    put(pool, &bench, "alpha-both", 1, 20);
    cr_assert_eq(pool->count, 20);
    cr_assert_null(rota_pool_find_seq(pool, &flooder, 20), "the latest of the longest lane went");
    cr_assert_not_null(rota_pool_find_seq(pool, &flooder, 19));
    struct rota_proposal *proposal = bench_enrol(&bench, "alpha-director", 20, "n-1");
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    cr_assert_eq(rota_pool_add(pool, &waiting, &entry, false, 30).code, ROTA_FULL, "who has much there waits");
    rota_entry_release(&entry);
    rota_proposal_release(proposal);
    pool_end(pool, &bench);
}
