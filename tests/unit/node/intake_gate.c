#include "node/intake/gate.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct rota_gate *gate;

static struct rota_intake_config gate_config(uint32_t queue, uint32_t burst)
{
    struct rota_intake_config config = {.pool_count = 3, .queue = queue, .rate_per_second = 10, .burst = burst};
    static const struct rota_pool_config sample[] = {
        {.name = "icu", .capacity = 2, .reserved = 1, .borrow = 1},
        {.name = "default", .capacity = 2, .reserved = 2, .borrow = 0},
        {.name = "flex", .capacity = 1},
    };
    memcpy(config.pools, sample, sizeof sample);
    return config;
}

static void gate_open(uint32_t queue, uint32_t burst)
{
    struct rota_intake_config config = gate_config(queue, burst);
    cr_assert(rota_is_ok(rota_gate_new(&gate, &config)));
}

static struct rota_gate_question question_of(const char *pool, uint64_t now_ms)
{
    return (struct rota_gate_question){.pool = pool, .has_quorum = true, .now_ms = now_ms};
}

static struct rota_gate_answer ask(const char *pool, uint64_t now_ms)
{
    struct rota_gate_question question = question_of(pool, now_ms);
    return rota_gate_ask(gate, &question);
}

static struct rota_gate_info info(void)
{
    struct rota_gate_info out;
    rota_gate_info(&out, gate);
    return out;
}

static uint32_t in_use(const char *pool)
{
    struct rota_gate_info now = info();
    const struct rota_bulkhead *found = &now.pools.items[rota_bulkheads_find(&now.pools, pool)];
    return found->own + found->borrowed;
}

Test(gate, asks_bucket_then_quorum_then_queue_then_pool)
{
    struct rota_gate_question question = {.pool = "icu", .has_quorum = false, .waiting = 9, .now_ms = 1000};
    gate_open(9, 2);
    cr_expect_eq(rota_gate_ask(gate, &question).verdict, ROTA_GATE_NO_QUORUM);
    question.has_quorum = true;
    cr_expect_eq(rota_gate_ask(gate, &question).verdict, ROTA_GATE_QUEUE);
    question.has_quorum = false;
    cr_expect_eq(rota_gate_ask(gate, &question).verdict, ROTA_GATE_RATE, "the bucket is asked first: two tokens are gone");
    struct rota_gate_info now = info();
    cr_expect_eq(now.rate_refused, 1);
    cr_expect_eq(now.quorum_refused, 1);
    cr_expect_eq(now.queue_refused, 1);
    cr_expect_eq(now.leases, 0);
    cr_expect_eq(now.pools.items[0].refused, 0, "nobody came as far as the pool");
    rota_gate_free(gate);
}

Test(gate, every_refusal_says_when_to_come_again)
{
    gate_open(1, 100);
    struct rota_gate_question question = question_of("icu", 1);
    question.has_quorum = false;
    cr_expect_gt(rota_gate_ask(gate, &question).wait_ms, 0);
    question.has_quorum = true;
    question.waiting = 1;
    cr_expect_gt(rota_gate_ask(gate, &question).wait_ms, 0);
    cr_assert_eq(ask("icu", 1).verdict, ROTA_GATE_OPEN);
    cr_assert_eq(ask("icu", 1).verdict, ROTA_GATE_OPEN);
    struct rota_gate_answer full = ask("icu", 1);
    cr_expect_eq(full.verdict, ROTA_GATE_POOL);
    cr_expect_gt(full.wait_ms, 0);
    rota_gate_free(gate);
}

Test(gate, a_lease_gives_its_place_back_once)
{
    gate_open(9, 100);
    uint64_t a = ask("icu", 1).lease, b = ask("icu", 1).lease;
    rota_gate_give_back(gate, a);
    rota_gate_give_back(gate, a);
    cr_expect_eq(in_use("icu"), 1, "the second time changes nothing");
    rota_gate_give_back(gate, b);
    cr_expect_eq(in_use("icu"), 0);
    cr_expect_eq(info().leases, 0);
    rota_gate_free(gate);
}

/* Round the whole table, so that a new holder sits in the old one's seat. */
Test(gate, the_handle_of_an_ended_lease_means_nobody_else)
{
    struct rota_intake_config config = gate_config(9, 100);
    config.rate_per_second = 100000;
    config.burst = 4096;
    cr_assert(rota_is_ok(rota_gate_new(&gate, &config)));
    uint64_t old = ask("icu", 1).lease, fresh = 0;
    rota_gate_give_back(gate, old);
    for (uint32_t i = 1; i <= ROTA_LEASES_MAX; i++) {
        fresh = ask("icu", 1 + i).lease;
        if (i < ROTA_LEASES_MAX)
            rota_gate_give_back(gate, fresh);
    }
    cr_assert_eq(fresh % ROTA_LEASES_MAX, old % ROTA_LEASES_MAX, "the test did not come round to the seat");
    cr_expect_neq(fresh, old);
    rota_gate_give_back(gate, old);
    cr_expect(rota_gate_move(gate, old, "default"), "an ended lease has nowhere to go");
    cr_expect_eq(in_use("icu"), 1);
    cr_expect_eq(in_use("default"), 0);
    rota_gate_free(gate);
}

Test(gate, sweep_takes_back_what_nobody_gave_back)
{
    gate_open(9, 100);
    uint64_t lost = ask("icu", 1000).lease;
    cr_assert_eq(ask("icu", 2000).verdict, ROTA_GATE_OPEN);
    cr_expect_eq(rota_gate_sweep(gate, 1000 + ROTA_LEASE_MS - 1), 0);
    cr_expect_eq(rota_gate_sweep(gate, 1000 + ROTA_LEASE_MS), 1);
    cr_expect_eq(in_use("icu"), 1);
    rota_gate_give_back(gate, lost);
    cr_expect_eq(in_use("icu"), 1, "swept and then given back: one place, not two");
    cr_expect_eq(rota_gate_sweep(gate, UINT64_MAX), 1);
    cr_expect_eq(rota_gate_sweep(gate, UINT64_MAX), 0);
    cr_expect_eq(info().lease_expired, 2);
    cr_expect_eq(info().leases, 0);
    rota_gate_free(gate);
}

Test(gate, a_lease_moves_to_the_pool_it_belongs_to)
{
    gate_open(9, 100);
    uint64_t lease = ask("", 1).lease;
    cr_expect_eq(in_use("default"), 1);
    cr_expect(rota_gate_move(gate, lease, "icu"));
    cr_expect_eq(in_use("default"), 0);
    cr_expect_eq(in_use("icu"), 1);
    cr_expect(rota_gate_move(gate, lease, "icu"), "where it is already it may stay");
    cr_expect_eq(in_use("icu"), 1);
    rota_gate_give_back(gate, lease);
    cr_expect_eq(in_use("icu"), 0);
    rota_gate_free(gate);
}

Test(gate, a_lease_that_finds_its_pool_full_ends)
{
    gate_open(9, 100);
    cr_assert_eq(ask("icu", 1).verdict, ROTA_GATE_OPEN);
    cr_assert_eq(ask("icu", 1).verdict, ROTA_GATE_OPEN);
    uint64_t lease = ask("", 1).lease;
    cr_expect(!rota_gate_move(gate, lease, "icu"));
    cr_expect_eq(in_use("default"), 0, "it is in no pool any more");
    cr_expect_eq(info().leases, 2);
    rota_gate_give_back(gate, lease);
    cr_expect_eq(info().leases, 2);
    rota_gate_free(gate);
}

Test(gate, a_lease_may_move_into_the_place_that_it_leaves)
{
    gate_open(9, 100);
    cr_assert_eq(ask("icu", 1).verdict, ROTA_GATE_OPEN);
    uint64_t lent = ask("icu", 1).lease;
    cr_expect(rota_gate_move(gate, lent, "flex"), "it held the place of flex all along");
    cr_expect_eq(in_use("flex"), 1);
    cr_expect_eq(in_use("icu"), 1);
    cr_expect_eq(info().pools.lent, 0);
    rota_gate_free(gate);
}

Test(gate, holds_no_more_leases_than_its_table)
{
    struct rota_intake_config config = {.pool_count = 2, .queue = UINT32_MAX, .rate_per_second = 100000, .burst = 100000};
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(config.pools[i].name, sizeof config.pools[i].name, "%s", i == 0 ? "default" : "other");
        config.pools[i].capacity = ROTA_LEASES_MAX;
    }
    cr_assert(rota_is_ok(rota_gate_new(&gate, &config)));
    for (uint32_t i = 0; i < ROTA_LEASES_MAX; i++)
        cr_assert_eq(ask(i % 2 ? "other" : "", 1).verdict, ROTA_GATE_OPEN);
    cr_expect_eq(ask("", 1).verdict, ROTA_GATE_QUEUE);
    cr_expect_eq(rota_gate_sweep(gate, 1 + ROTA_LEASE_MS), ROTA_LEASES_MAX);
    cr_expect_eq(ask("", 2).verdict, ROTA_GATE_OPEN);
    rota_gate_free(gate);
}

Test(gate, tells_which_pool_a_name_leads_to)
{
    gate_open(9, 100);
    cr_expect_eq(rota_gate_pool(gate, ""), rota_gate_pool(gate, "default"));
    cr_expect_eq(rota_gate_pool(gate, "nobody-configured-this"), rota_gate_pool(gate, "default"));
    cr_expect_neq(rota_gate_pool(gate, "icu"), rota_gate_pool(gate, "default"));
    rota_gate_free(gate);
}
