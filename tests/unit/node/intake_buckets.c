#include "node/intake/buckets.h"

#include <criterion/criterion.h>
#include <string.h>

static struct rota_buckets buckets;

static struct rota_kid kid_of(uint32_t number)
{
    struct rota_kid kid = {0};
    memcpy(kid.b, &number, sizeof number);
    return kid;
}

static bool taken(uint32_t who, uint64_t now_ms)
{
    uint32_t wait_ms;
    struct rota_kid kid = kid_of(who);
    return rota_buckets_take(&buckets, &kid, now_ms, &wait_ms);
}

static uint32_t wait_of_refusal(uint32_t who, uint64_t now_ms)
{
    uint32_t wait_ms = 0;
    struct rota_kid kid = kid_of(who);
    cr_assert(!rota_buckets_take(&buckets, &kid, now_ms, &wait_ms));
    return wait_ms;
}

static uint32_t taken_until_empty(uint32_t who, uint64_t now_ms)
{
    uint32_t count = 0;
    while (count < 1000000 && taken(who, now_ms))
        count++;
    return count;
}

Test(intake_buckets, a_new_one_holds_the_burst_and_no_more)
{
    rota_buckets_init(&buckets, 10, 7);
    cr_expect_eq(taken_until_empty(1, 1000), 7);
    cr_expect_eq(buckets.refused, 1);
}

Test(intake_buckets, fill_at_the_rate_to_the_millisecond)
{
    rota_buckets_init(&buckets, 10, 1);
    cr_expect(taken(1, 1000));
    cr_expect(!taken(1, 1099));
    cr_expect(taken(1, 1100));
    cr_expect(!taken(1, 1199));
    cr_expect(taken(1, 1200));
}

Test(intake_buckets, lose_no_fraction_however_often_they_are_asked)
{
    uint32_t count = 0;
    rota_buckets_init(&buckets, 300, 2);
    for (uint64_t now = 1; now <= 10000; now++)
        count += taken(1, now);
    cr_expect(count == 300 * 10 + 1 || count == 300 * 10 + 2, "%u", count);
}

Test(intake_buckets, say_when_the_next_token_is_there)
{
    for (uint32_t rate = 1; rate <= 2000; rate += 7) {
        rota_buckets_init(&buckets, rate, 1);
        cr_assert(taken(1, 5000));
        uint32_t wait_ms = wait_of_refusal(1, 5000);
        cr_assert_gt(wait_ms, 0);
        cr_assert(wait_ms == 1 || !taken(1, 5000 + wait_ms - 1), "rate %u: earlier than said", rate);
        cr_assert(taken(1, 5000 + wait_ms), "rate %u: not when said", rate);
    }
}

Test(intake_buckets, never_hold_more_than_the_burst_however_long_they_rest)
{
    static const uint64_t rests_ms[] = {1, 1000, 86400000, UINT64_C(1) << 40, UINT64_C(1) << 62, UINT64_MAX - 10};
    for (size_t i = 0; i < sizeof rests_ms / sizeof rests_ms[0]; i++) {
        rota_buckets_init(&buckets, 100000, 4096);
        cr_assert_eq(taken_until_empty(1, 1), 4096);
        uint64_t gained = rests_ms[i] > 40 ? 4096 : rests_ms[i] * 100;
        cr_expect_eq(taken_until_empty(1, 1 + rests_ms[i]), gained, "after %llu", (unsigned long long)rests_ms[i]);
    }
}

Test(intake_buckets, count_right_at_the_largest_rate_and_burst)
{
    uint32_t wait_ms;
    struct rota_kid kid = kid_of(1);
    rota_buckets_init(&buckets, UINT32_MAX, UINT32_MAX);
    cr_assert(rota_buckets_take(&buckets, &kid, 1, &wait_ms));
    buckets.items[0].millitokens = 0;
    /* a second gives rate tokens, not what is left of the product after it overflowed */
    (void)!rota_buckets_take(&buckets, &kid, 1001, &wait_ms);
    cr_expect_geq(buckets.items[0].millitokens, (uint64_t)(UINT32_MAX - 1) * 1000 - 1000);
    buckets.items[0].millitokens = 0;
    buckets.items[0].filled_ms = 0;
    (void)!rota_buckets_take(&buckets, &kid, UINT64_C(4300000000), &wait_ms);
    cr_expect_eq(buckets.items[0].millitokens, (uint64_t)UINT32_MAX * 1000 - 1000);
}

/* Threads read the clock and then queue for the lock: the one that comes later may bring the earlier time. */
Test(intake_buckets, do_not_fill_up_when_time_seems_to_run_backwards)
{
    rota_buckets_init(&buckets, 1, 5);
    cr_assert_eq(taken_until_empty(1, 1000), 5);
    for (uint64_t now = 999; now > 900; now--)
        cr_expect(!taken(1, now), "at %llu", (unsigned long long)now);
    cr_expect(!taken(1, 1999));
    cr_expect(taken(1, 2000), "the way back and forth is not counted twice");
}

Test(intake_buckets, of_different_keys_do_not_touch_each_other)
{
    rota_buckets_init(&buckets, 1, 3);
    cr_assert_eq(taken_until_empty(1, 1000), 3);
    cr_expect_eq(taken_until_empty(2, 1000), 3);
}

Test(intake_buckets, the_one_idle_longest_makes_room)
{
    rota_buckets_init(&buckets, 1, 1);
    for (uint32_t i = 0; i < ROTA_BUCKETS_MAX; i++)
        cr_assert(taken(i, 1000 + i / 2)); /* all within a second: none fills up */
    cr_assert(!taken(0, 1600));            /* 0 is the newest now, 1 the idlest */
    cr_assert(taken(5000, 1601));
    for (uint32_t i = 2; i < ROTA_BUCKETS_MAX; i++)
        cr_assert(!taken(i, 1602), "bucket %u was forgotten", i);
    cr_assert(!taken(0, 1602), "bucket 0 was forgotten");
    cr_assert(taken(1, 1602), "bucket 1 made room and is new again");
}

Test(intake_buckets, the_table_stays_as_it_is_under_a_flood_of_keys)
{
    rota_buckets_init(&buckets, 1, 1);
    for (uint32_t i = 0; i < 20000; i++)
        cr_assert(taken(i, i + 1));
    uint32_t used = 0;
    for (size_t i = 0; i < ROTA_BUCKETS_MAX; i++)
        used += buckets.items[i].used_ms != 0;
    cr_expect_eq(used, ROTA_BUCKETS_MAX);
}

Test(intake_buckets, work_at_time_zero)
{
    rota_buckets_init(&buckets, 1000, 2);
    cr_expect_eq(taken_until_empty(1, 0), 2);
    cr_expect(taken(1, 1));
}

Test(intake_buckets, get_back_what_others_took_in_their_name_and_never_more_than_they_hold)
{
    struct rota_kid one = kid_of(1), nobody = kid_of(2);
    rota_buckets_init(&buckets, 10, 3);
    cr_expect_eq(taken_until_empty(1, 1000), 3);
    rota_buckets_give_back(&buckets, &one);
    rota_buckets_give_back(&buckets, &nobody);
    cr_expect_eq(taken_until_empty(1, 1000), 1);
    for (int i = 0; i < 9; i++)
        rota_buckets_give_back(&buckets, &one);
    cr_expect_eq(taken_until_empty(1, 1000), 3);
}
