#include "bench.h"

static bool everything(void *context, const struct rota_entry *entry)
{
    (void)context;
    (void)entry;
    return true;
}

static bool not_the_first(void *context, const struct rota_entry *entry)
{
    (void)context;
    return entry->kind != ROTA_ENTRY_PROPOSAL || entry->proposal->seq != 1;
}

static struct rota_pool *pool_new(struct bench *bench)
{
    struct rota_pool *pool = malloc(sizeof *pool);
    cr_assert(pool != NULL);
    bench_open(bench);
    cr_assert(rota_is_ok(rota_pool_init(pool, 100)));
    return pool;
}

static void pool_end(struct rota_pool *pool, struct bench *bench)
{
    rota_pool_free(pool);
    free(pool);
    bench_close(bench);
}

static struct rota_status put(struct rota_pool *pool, struct rota_proposal *proposal, bool ours)
{
    struct rota_waiting *waiting = NULL;
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    struct rota_status status = rota_pool_add(pool, &waiting, &entry, ours, 5);
    rota_entry_release(&entry);
    rota_proposal_release(proposal);
    return status;
}

Test(pool, coordinators_are_served_in_turn_and_each_in_order)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    const struct rota_entry *out[8];
    for (uint64_t seq = 1; seq <= 5; seq++)
        cr_assert(rota_is_ok(put(pool, bench_enrol(&bench, "alpha-director", seq, "n-1"), false)));
    cr_assert(rota_is_ok(put(pool, bench_enrol(&bench, "alpha-both", 1, "n-2"), false)));
    struct rota_pick pick = {.entries_max = 4, .bytes_max = 1 << 20, .may = everything};
    cr_assert_eq(rota_pool_pick(pool, out, &pick), 4);
    static const uint64_t expected[] = {1, 1, 2, 3};
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(out[i]->proposal->seq, expected[i], "place %zu", i);
    struct rota_kid busy = fixture_kid("alpha-director");
    cr_expect(rota_kid_equal(&out[0]->proposal->jws.kid, &busy));
    cr_expect(!rota_kid_equal(&out[1]->proposal->jws.kid, &busy), "the one with a single proposal is second");
    cr_expect_eq(rota_pool_pick(pool, out, &pick), 4);
    cr_expect(!rota_kid_equal(&out[0]->proposal->jws.kid, &busy), "and first in the next block");
    pool_end(pool, &bench);
}

Test(pool, bytes_bound_a_pick_and_what_may_not_go_stays)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    const struct rota_entry *out[8];
    for (uint64_t seq = 1; seq <= 3; seq++)
        cr_assert(rota_is_ok(put(pool, bench_enrol(&bench, "alpha-director", seq, "n-1"), false)));
    size_t one = pool->bytes / 3;
    struct rota_pick pick = {.entries_max = 8, .bytes_max = 2 * one + one / 2, .may = everything};
    cr_expect_eq(rota_pool_pick(pool, out, &pick), 2);
    pick.may = not_the_first;
    cr_assert_eq(rota_pool_pick(pool, out, &pick), 2);
    cr_expect_eq(out[0]->proposal->seq, 2);
    cr_expect_eq(pool->waiting, 3, "picking takes nothing");
    pool_end(pool, &bench);
}

Test(pool, one_key_and_seq_is_here_once)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    struct rota_kid kid = fixture_kid("alpha-director");
    cr_assert(rota_is_ok(put(pool, bench_enrol(&bench, "alpha-director", 1, "n-1"), true)));
    cr_expect_eq(put(pool, bench_enrol(&bench, "alpha-director", 1, "n-1"), true).code, ROTA_EXISTS);
    cr_expect_eq(put(pool, bench_enrol(&bench, "alpha-director", 1, "n-2"), true).code, ROTA_EXISTS);
    cr_expect_eq(pool->count, 1);
    struct rota_waiting *waiting = rota_pool_find_seq(pool, &kid, 1);
    cr_assert_not_null(waiting);
    rota_pool_take(pool, waiting, 6);
    cr_expect_eq(pool->waiting, 0);
    cr_expect_eq(rota_pool_find_seq(pool, &kid, 1), waiting, "what is in a block is still known");
    rota_pool_remove(pool, waiting);
    cr_expect_eq(pool->count, 0);
    cr_expect_eq(pool->bytes, 0);
    cr_expect_eq(pool->ours, 0);
    cr_expect_null(rota_pool_find_seq(pool, &kid, 1));
    pool_end(pool, &bench);
}

Test(pool, nobody_crowds_out_the_others)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    for (uint64_t seq = 1; seq <= ROTA_POOL_OF_COORDINATOR_MAX; seq++)
        cr_assert(rota_is_ok(put(pool, bench_enrol(&bench, "alpha-director", seq, "n-1"), false)));
    cr_expect_eq(put(pool, bench_enrol(&bench, "alpha-director", 999, "n-1"), false).code, ROTA_FULL);
    for (uint64_t seq = 1; seq <= 100; seq++)
        cr_assert(rota_is_ok(put(pool, bench_enrol(&bench, "alpha-both", seq, "n-1"), true)));
    cr_expect_eq(put(pool, bench_enrol(&bench, "alpha-both", 101, "n-1"), true).code, ROTA_FULL, "our own clients' bound");
    cr_expect(rota_is_ok(put(pool, bench_enrol(&bench, "alpha-both", 101, "n-1"), false)),
              "another facility's have their own");
    pool_end(pool, &bench);
}

Test(pool, evidence_goes_first_and_is_bounded_in_a_block)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    const struct rota_entry *out[64];
    cr_assert(rota_is_ok(put(pool, bench_enrol(&bench, "alpha-director", 1, "n-1"), false)));
    for (uint32_t i = 0; i < 20; i++) {
        struct rota_waiting *waiting = NULL;
        struct rota_entry entry =
            fixture_entry_of_evidence(fixture_vote_evidence(&bench.genesis, ROTA_VOTE_PREPARE, 0, i, 1, i));
        cr_assert(rota_is_ok(rota_pool_add(pool, &waiting, &entry, false, 0)));
        rota_entry_release(&entry);
    }
    struct rota_pick pick = {.entries_max = 64, .bytes_max = 1 << 20, .may = everything};
    cr_assert_eq(rota_pool_pick(pool, out, &pick), ROTA_POOL_EVIDENCE_IN_BLOCK + 1);
    cr_expect_eq(out[0]->kind, ROTA_ENTRY_EVIDENCE);
    cr_expect_eq(out[ROTA_POOL_EVIDENCE_IN_BLOCK]->kind, ROTA_ENTRY_PROPOSAL);
    pool_end(pool, &bench);
}

static void put_entry(struct rota_pool *pool, struct rota_entry entry)
{
    struct rota_waiting *waiting = NULL;
    cr_assert(rota_is_ok(rota_pool_add(pool, &waiting, &entry, false, 0)));
    rota_entry_release(&entry);
}

/* PROTOCOL M6, E9: it stands last, also where evidence alone would fill the block; one entry too many convicts. */
Test(pool, the_end_of_an_epoch_has_its_place_beside_any_evidence)
{
    static const char *const labels[] = {"bravo"};
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    const struct rota_entry *out[8] = {NULL};
    struct rota_epoch current;
    rota_epoch_of_genesis(&current, &bench.genesis);
    char *document = fixture_epoch_document(&current, labels, 1, "");
    put_entry(pool, fixture_entry_of_change(fixture_epoch_change(&current, document, 1)));
    free(document);
    for (uint32_t i = 0; i < 8; i++)
        put_entry(pool, fixture_entry_of_evidence(fixture_vote_evidence(&bench.genesis, ROTA_VOTE_PREPARE, 0, i, 1, i)));
    for (uint32_t room = 1; room <= 4; room++) {
        struct rota_pick pick = {.entries_max = room, .bytes_max = 1 << 20, .may = everything};
        cr_assert_eq(rota_pool_pick(pool, out, &pick), room);
        cr_expect_eq(out[room - 1]->kind, ROTA_ENTRY_CONFIG);
    }
    pool_end(pool, &bench);
}

/* PROTOCOL §7: one lie is told apart by what it is about; other bytes for it do not fill the pool. */
Test(pool, one_lie_waits_once)
{
    struct bench bench;
    struct rota_pool *pool = pool_new(&bench);
    struct rota_waiting *first = NULL, *waiting = NULL;
    for (uint32_t salt = 0; salt < 3; salt++) {
        struct rota_entry entry =
            fixture_entry_of_evidence(fixture_vote_evidence(&bench.genesis, ROTA_VOTE_PREPARE, 0, 7, 1, salt));
        cr_expect_eq(rota_pool_add(pool, &waiting, &entry, false, 0).code, salt == 0 ? ROTA_OK : ROTA_EXISTS);
        first = salt == 0 ? waiting : first;
        rota_entry_release(&entry);
    }
    rota_pool_remove(pool, first);
    struct rota_entry again =
        fixture_entry_of_evidence(fixture_vote_evidence(&bench.genesis, ROTA_VOTE_PREPARE, 0, 7, 1, 9));
    cr_expect(rota_is_ok(rota_pool_add(pool, &waiting, &again, false, 0)));
    rota_entry_release(&again);
    pool_end(pool, &bench);
}

/* The map under it: against a plain array, with deletions. */
Test(pool, the_map_forgets_and_remembers)
{
    enum { KEYS = 512 };
    static uint64_t expected[KEYS];
    struct rota_map map;
    struct fixture_random random = fixture_random(7);
    rota_map_init(&map);
    for (uint32_t step = 0; step < 20000; step++) {
        uint32_t k = fixture_random_below(&random, KEYS);
        struct rota_hash key = {{(uint8_t)k, (uint8_t)(k >> 8)}};
        cr_assert_eq(rota_map_get(&map, &key), expected[k]);
        if (fixture_random_below(&random, 2) == 0) {
            expected[k] = step + 1;
            cr_assert(rota_is_ok(rota_map_put(&map, &key, expected[k])));
        } else {
            expected[k] = 0;
            rota_map_drop(&map, &key);
        }
    }
    rota_map_free(&map);
}
