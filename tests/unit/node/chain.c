#include "bench.h"

/* One who builds and one who checks, each with a file of its own. */
struct pair {
    struct bench bench;
    struct bench_side builder, checker;
};

static void pair_open(struct pair *pair)
{
    bench_open(&pair->bench);
    bench_side_open(&pair->builder, &pair->bench, "builder.db");
    bench_side_open(&pair->checker, &pair->bench, "checker.db");
}

static void pair_close(struct pair *pair)
{
    bench_side_close(&pair->checker);
    bench_side_close(&pair->builder);
    bench_close(&pair->bench);
}

static enum rota_check pair_check(struct pair *pair, const struct rota_block *block, uint64_t latest_ms)
{
    struct rota_first_vote first = {latest_ms, &(struct rota_anchor){0}};
    return rota_chain_check(pair->checker.chain, block->header.height, &block->header.prev_hash, &block->hash, &first);
}

/* Hands a block over, as a peer's frame does. */
static void pair_send(struct pair *pair, const struct rota_block *block)
{
    struct rota_block *copy = bench_copy(block);
    rota_chain_hold(pair->checker.chain, copy, 0, false);
    rota_block_release(copy);
}

static const struct rota_block *build(struct bench_side *side, const struct rota_wanted *wanted)
{
    return rota_chain_build(side->chain, &side->pool, wanted);
}

Test(chain, what_is_built_is_valid_elsewhere)
{
    struct pair pair;
    pair_open(&pair);
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-director", 1, "n-1"));
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-both", 1, "n-2"));
    const struct rota_block *block = bench_build(&pair.builder);
    cr_assert(block != NULL);
    cr_expect_eq(block->entry_count, 2);
    cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_MISSING);
    pair_send(&pair, block);
    cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_VALID);
    cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_VALID, "a second question changes nothing");
    cr_expect_eq(pair.checker.executed, 1);
    struct rota_hash a = rota_state_digest(pair.builder.chain->state), b = rota_state_digest(pair.checker.chain->state);
    cr_expect(rota_hash_equal(&a, &b));
    pair_close(&pair);
}

Test(chain, a_late_clock_is_untimely_and_may_be_asked_again)
{
    struct pair pair;
    pair_open(&pair);
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-director", 1, "n-1"));
    const struct rota_block *block = bench_build(&pair.builder);
    pair_send(&pair, block);
    cr_expect_eq(pair_check(&pair, block, block->header.time_ms - 1), ROTA_CHECK_UNTIMELY);
    cr_expect_eq(pair_check(&pair, block, block->header.time_ms), ROTA_CHECK_VALID);
    pair_close(&pair);
}

/* PROTOCOL N3. Every clock went back: the least time after the parent's is accepted, or nothing could follow for as long. */
Test(chain, the_least_time_after_the_parent_is_timely_by_any_clock)
{
    struct pair pair;
    pair_open(&pair);
    const struct rota_block *blocks[3];
    const uint64_t after_ms[] = {1, 1, 2};
    for (uint64_t i = 0; i < 3; i++) {
        uint64_t top, time_ms = pair.builder.chain->head_time_ms;
        const struct rota_hash parent = *rota_chain_top(pair.builder.chain, &top);
        time_ms = (i > 0 ? blocks[i - 1]->header.time_ms : time_ms) + after_ms[i];
        bench_wait(&pair.builder,
                   bench_enrol(&pair.bench, "alpha-director", i + 1, (const char *[]){"n-1", "n-2", "n-3"}[i]));
        blocks[i] = build(&pair.builder, &(struct rota_wanted){top + 1, parent, .time_ms = time_ms});
        cr_assert_not_null(blocks[i]);
        pair_send(&pair, blocks[i]);
    }
    cr_expect_eq(pair_check(&pair, blocks[0], 0), ROTA_CHECK_VALID);
    cr_expect_eq(pair_check(&pair, blocks[1], 0), ROTA_CHECK_VALID);
    cr_expect_eq(pair_check(&pair, blocks[2], 0), ROTA_CHECK_UNTIMELY);
    pair_close(&pair);
}

/* The header's hash covers a body only through its tree root: a liar may send a right header with another body, and must
 * not make us call the block invalid. */
Test(chain, another_body_under_a_right_header_counts_as_missing)
{
    struct pair pair;
    pair_open(&pair);
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-director", 1, "n-1"));
    const struct rota_block *block = bench_build(&pair.builder);
    struct rota_block *forged = bench_forge_body(&pair.bench, block);
    rota_chain_hold(pair.checker.chain, forged, 0, false);
    cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_MISSING);
    pair_send(&pair, block);
    cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_VALID);
    rota_block_release(forged);
    pair_close(&pair);
}

/* Nor by what only its own body may be judged for: a TICK too early, another number of entries. A certified block that
 * is found invalid stops a member for good (PROTOCOL C4), so one liar could stop whom it likes. */
Test(chain, no_other_body_makes_a_block_invalid)
{
    struct pair pair;
    pair_open(&pair);
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-director", 1, "n-1"));
    const struct rota_block *block = bench_build(&pair.builder);
    struct rota_block *forged[] = {bench_forge_tick(block), bench_forge_longer(&pair.bench, block)};
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        rota_chain_hold(pair.checker.chain, forged[i], 3, true);
        cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_MISSING, "body %zu", i);
        cr_expect(pair.checker.chain->foreign && pair.checker.chain->foreign_from == 3);
        rota_block_release(forged[i]);
    }
    pair_send(&pair, block);
    cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_VALID);
    pair_close(&pair);
}

/* PROTOCOL C6. A liar sends another body before and after each right one: whoever is asked brings the right one all the
 * same, since it is looked at in the step that brings it. */
Test(chain, another_body_that_never_stops_coming_keeps_no_right_one_out)
{
    struct pair pair;
    pair_open(&pair);
    for (uint64_t i = 0; i < 3; i++) {
        bench_wait(&pair.builder,
                   bench_enrol(&pair.bench, "alpha-director", i + 1, (const char *[]){"n-1", "n-2", "n-3"}[i]));
        const struct rota_block *block = bench_build(&pair.builder);
        struct rota_block *forged = bench_forge_body(&pair.bench, block);
        rota_chain_hold(pair.checker.chain, forged, 3, true);
        pair_send(&pair, block);
        rota_chain_hold(pair.checker.chain, forged, 3, true);
        cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_MISSING, "it is looked at, and dropped");
        rota_chain_hold(pair.checker.chain, forged, 3, true);
        pair_send(&pair, block); /* the answer */
        cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_VALID);
        rota_chain_hold(pair.checker.chain, forged, 3, true);
        rota_block_release(forged);
    }
    pair_close(&pair);
}

/* What was executed is known to be the header's body: it stays also when it is taken back, or built by ourselves. */
Test(chain, another_body_does_not_replace_one_that_was_executed)
{
    struct pair pair;
    pair_open(&pair);
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-director", 1, "n-1"));
    const struct rota_block *block = bench_build(&pair.builder);
    struct rota_hash hash = block->hash;
    struct rota_block *copy = bench_copy(block), *forged = bench_forge_body(&pair.bench, block);
    pair_send(&pair, block);
    cr_expect_eq(pair_check(&pair, copy, UINT64_MAX), ROTA_CHECK_VALID);
    rota_chain_hold(pair.builder.chain, forged, 3, true);
    rota_chain_hold(pair.checker.chain, forged, 3, true);
    rota_chain_rollback(pair.builder.chain);
    rota_chain_rollback(pair.checker.chain);
    cr_expect_eq(rota_chain_reach(pair.builder.chain, &hash), ROTA_CHECK_VALID);
    cr_expect_eq(pair_check(&pair, copy, UINT64_MAX), ROTA_CHECK_VALID);
    rota_block_release(forged);
    rota_block_release(copy);
    pair_close(&pair);
}

typedef void spoil_fn(struct rota_header *header);

static void spoil_outcome(struct rota_header *header)
{
    header->outcome_hash.b[0] ^= 1;
}
static void spoil_time(struct rota_header *header)
{
    header->time_ms = 1;
}
static void spoil_proposer(struct rota_header *header)
{
    header->proposer = 7;
}
static void spoil_config(struct rota_header *header)
{
    header->config_hash.b[0] ^= 1;
}
static void spoil_tree_size(struct rota_header *header)
{
    header->tree_size++;
}

Test(chain, every_wrong_field_of_a_header_is_invalid)
{
    static spoil_fn *const spoils[] = {spoil_outcome, spoil_time, spoil_proposer, spoil_config, spoil_tree_size};
    struct pair pair;
    pair_open(&pair);
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-director", 1, "n-1"));
    const struct rota_block *block = bench_build(&pair.builder);
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        struct rota_header header = block->header;
        struct rota_entry entry = rota_entry_of_proposal(block->entries[0].proposal);
        struct rota_block *spoiled = NULL;
        spoils[i](&header);
        cr_assert(rota_is_ok(rota_block_new(&spoiled, &header, &entry, 1)));
        rota_chain_hold(pair.checker.chain, spoiled, 0, false);
        cr_expect_eq(pair_check(&pair, spoiled, UINT64_MAX), ROTA_CHECK_INVALID, "field %zu", i);
        rota_block_release(spoiled);
    }
    cr_expect_eq(pair.checker.chain->depth, 0);
    cr_expect_eq(rota_tree_size(&pair.checker.chain->tree), 0);
    pair_send(&pair, block);
    cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_VALID, "nothing of the others stays");
    pair_close(&pair);
}

Test(chain, a_block_given_up_leaves_nothing_and_its_entries_wait_again)
{
    struct bench bench;
    struct bench_side side;
    bench_open(&bench);
    bench_side_open(&side, &bench, "ledger.db");
    struct rota_hash before = rota_state_digest(side.chain->state), ground = {{0}};
    bench_wait(&side, bench_enrol(&bench, "alpha-director", 1, "n-1"));
    const struct rota_block *first = bench_build(&side);
    cr_assert(first != NULL);
    bench_wait(&side, bench_enrol(&bench, "alpha-director", 2, "n-2"));
    cr_assert(bench_build(&side) != NULL);
    cr_expect_eq(side.pool.waiting, 0);
    cr_expect_eq(rota_chain_reach(side.chain, &ground), ROTA_CHECK_VALID);
    cr_expect_eq(side.taken_back, 2);
    cr_expect_eq(side.pool.waiting, 2);
    cr_expect_eq(rota_tree_size(&side.chain->tree), 0);
    struct rota_hash after = rota_state_digest(side.chain->state);
    cr_expect(rota_hash_equal(&before, &after));
    const struct rota_block *again = bench_build(&side);
    cr_assert(again != NULL);
    cr_assert_eq(again->entry_count, 2);
    cr_expect_eq(again->entries[0].proposal->seq, 1, "first come, first served, also after a block was given up");
    bench_side_close(&side);
    bench_close(&bench);
}

Test(chain, what_is_final_is_found_after_reopening)
{
    struct bench bench;
    struct bench_side side;
    uint64_t height;
    uint32_t index;
    bench_open(&bench);
    bench_side_open(&side, &bench, "ledger.db");
    struct rota_proposal *proposal = bench_enrol(&bench, "alpha-director", 7, "n-1");
    struct rota_hash id = proposal->id;
    bench_wait(&side, proposal);
    (void)bench_build(&side);
    bench_wait(&side, bench_enrol(&bench, "alpha-director", 8, "n-2"));
    struct rota_certificate certificate = bench_certificate(&bench, bench_build(&side));
    cr_assert(rota_is_ok(rota_chain_commit(side.chain, &certificate)), "one certificate covers both blocks");
    cr_assert(rota_is_ok(rota_chain_sync(side.chain)));
    cr_expect_eq(side.made_final, 2);
    cr_expect_eq(side.pool.count, 0);
    struct rota_hash head = side.chain->head, digest = rota_state_digest(side.chain->state);
    bench_side_close(&side);

    bench_side_open(&side, &bench, "ledger.db");
    struct rota_hash digest_again = rota_state_digest(side.chain->state);
    cr_expect_eq(side.chain->height, 2);
    cr_expect(rota_hash_equal(&side.chain->head, &head));
    cr_expect(rota_hash_equal(&digest, &digest_again));
    cr_assert(rota_chain_find(side.chain, &id, &height, &index));
    cr_expect(height == 1 && index == 0);
    cr_expect_eq(rota_chain_leaf(side.chain, 2), 2, "an entry and a block's leaf come before");
    struct rota_proposal *found = rota_chain_proposal_of_seq(side.chain, &(struct rota_kid){0}, 7);
    cr_expect_null(found);
    struct rota_kid kid = fixture_kid("alpha-director");
    found = rota_chain_proposal_of_seq(side.chain, &kid, 7);
    cr_assert_not_null(found);
    cr_expect(rota_hash_equal(&found->id, &id));
    rota_proposal_release(found);
    bench_side_close(&side);
    bench_close(&bench);
}

/* A seq that slides the key's window makes an older one impossible behind it: it waits, the others go. */
Test(chain, an_entry_that_cannot_stand_where_it_stands_is_left_out)
{
    struct bench bench;
    struct bench_side side;
    bench_open(&bench);
    bench_side_open(&side, &bench, "ledger.db");
    bench_wait(&side, bench_enrol(&bench, "alpha-director", 900, "n-1"));
    bench_wait(&side, bench_enrol(&bench, "alpha-director", 1, "n-2"));
    bench_wait(&side, bench_enrol(&bench, "alpha-both", 1, "n-3"));
    const struct rota_block *block = bench_build(&side);
    cr_assert(block != NULL);
    cr_expect_eq(block->entry_count, 2);
    cr_expect_eq(side.pool.waiting, 1);
    cr_expect_null(bench_build(&side), "nothing is worth a block now");
    bench_side_close(&side);
    bench_close(&bench);
}

Test(chain, a_dry_run_leaves_nothing)
{
    struct bench bench;
    struct bench_side side;
    struct rota_outcome outcome;
    bench_open(&bench);
    bench_side_open(&side, &bench, "ledger.db");
    struct rota_hash before = rota_state_digest(side.chain->state);
    struct rota_proposal *proposal = bench_enrol(&bench, "alpha-director", 1, "n-1");
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    cr_assert(rota_is_ok(rota_chain_try(side.chain, &outcome, &entry)));
    struct rota_hash after = rota_state_digest(side.chain->state);
    cr_expect(rota_hash_equal(&before, &after));
    cr_expect_eq(rota_tree_size(&side.chain->tree), 0);
    free(outcome.record);
    rota_entry_release(&entry);
    rota_proposal_release(proposal);
    bench_side_close(&side);
    bench_close(&bench);
}

/* PROTOCOL V12: in a view that a NEW-VIEW began, the first block carries its anchor, and nobody votes first for one that
 * rests on another. */
Test(chain, the_first_block_of_a_view_carries_its_anchor)
{
    struct pair pair;
    pair_open(&pair);
    struct rota_record *record = fixture_anchor(&pair.bench.genesis, 4, 1);
    struct rota_anchor mine = record->anchor, other = record->anchor, none = {0};
    other.nv.b[0] ^= 1;
    uint64_t time_ms = pair.builder.chain->genesis->created_ms + 1000;
    struct rota_hash start = {{0}};
    cr_expect_null(build(&pair.builder, &(struct rota_wanted){1, start, time_ms, .anchor = mine}), "an anchor alone");
    const struct rota_block *bare =
        build(&pair.builder, &(struct rota_wanted){1, start, time_ms, .anchor = mine, .bare = true});
    cr_assert(bare && bare->entry_count == 1 && bare->entries[0].kind == ROTA_ENTRY_RECORD, "when it is wanted (H6)");
    rota_chain_rollback(pair.builder.chain);
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-director", 1, "n-1"));
    const struct rota_block *first = build(&pair.builder, &(struct rota_wanted){1, start, time_ms, .anchor = mine});
    cr_assert_not_null(first);
    cr_expect_eq(first->entry_count, 2);
    cr_expect_eq(first->entries[0].kind, ROTA_ENTRY_RECORD);
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-director", 2, "n-2"));
    const struct rota_block *second =
        build(&pair.builder, &(struct rota_wanted){2, first->hash, time_ms + 1, .anchor = mine});
    cr_assert_not_null(second);
    cr_expect_eq(second->entry_count, 1);
    pair_send(&pair, first);
    struct rota_first_vote rules[] = {{UINT64_MAX, &other}, {UINT64_MAX, &none}, {UINT64_MAX, &mine}};
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(rota_chain_check(pair.checker.chain, 1, &start, &first->hash, &rules[i]),
                     i == 2 ? ROTA_CHECK_VALID : ROTA_CHECK_UNTIMELY);
    cr_expect_eq(rota_chain_check(pair.checker.chain, 1, &start, &first->hash, NULL), ROTA_CHECK_VALID);
    rota_record_release(record);
    pair_close(&pair);
}

/* PROTOCOL V12 in a ledger whose blocks hold one entry: the anchor goes ahead alone, and what waits is not shut out for
 * ever. */
Test(chain, where_a_block_holds_one_entry_the_anchor_has_one_of_its_own)
{
    struct bench bench;
    struct bench_side side;
    bench_open(&bench);
    bench.genesis.limits.block_entries_max = 1;
    bench_side_open(&side, &bench, "one.db");
    struct rota_record *record = fixture_anchor(&bench.genesis, 4, 1);
    uint64_t time_ms = side.chain->genesis->created_ms + 1000;
    struct rota_hash start = {{0}};
    bench_wait(&side, bench_enrol(&bench, "alpha-director", 1, "n-1"));
    const struct rota_block *first = build(&side, &(struct rota_wanted){1, start, time_ms, .anchor = record->anchor});
    cr_assert_not_null(first);
    cr_assert_eq(first->entry_count, 1);
    cr_assert_eq(first->entries[0].kind, ROTA_ENTRY_RECORD);
    const struct rota_block *second =
        build(&side, &(struct rota_wanted){2, first->hash, time_ms + 1, .anchor = record->anchor});
    cr_assert_not_null(second);
    cr_assert_eq(second->entries[0].kind, ROTA_ENTRY_PROPOSAL);
    rota_record_release(record);
    bench_side_close(&side);
    bench_close(&bench);
}

/* PROTOCOL T11 */
Test(chain, a_tick_is_built_when_nothing_else_is_there_and_valid_when_it_is_due)
{
    struct pair pair;
    bench_open_ticking(&pair.bench, 60000);
    bench_side_open(&pair.builder, &pair.bench, "builder.db");
    bench_side_open(&pair.checker, &pair.bench, "checker.db");
    struct rota_hash start = {{0}};
    uint64_t due_ms = pair.builder.chain->head_time_ms + 60000;
    const struct rota_block *block = build(&pair.builder, &(struct rota_wanted){1, start, due_ms - 1, .tick = true});
    cr_assert(block && rota_block_is_tick(block));
    pair_send(&pair, block);
    cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_INVALID);
    cr_expect_str_eq(pair.checker.chain->invalid, "it holds a TICK, and the block below it is not old enough");
    rota_chain_rollback(pair.builder.chain);
    block = build(&pair.builder, &(struct rota_wanted){1, start, due_ms, .tick = true});
    cr_assert_not_null(block);
    cr_expect_eq(block->entry_count, 1);
    pair_send(&pair, block);
    cr_expect_eq(pair_check(&pair, block, UINT64_MAX), ROTA_CHECK_VALID);
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-director", 1, "n-1"));
    block = build(&pair.builder, &(struct rota_wanted){2, block->hash, due_ms + 60000, .tick = true});
    cr_assert_not_null(block);
    cr_expect_eq(block->entry_count, 1);
    cr_expect_not(rota_block_is_tick(block), "somebody has something to say");
    pair_close(&pair);
}

/* PROTOCOL T11 */
Test(chain, a_tick_stands_behind_the_anchor_and_leaves_it_the_room)
{
    struct bench bench;
    for (uint32_t room = 1; room <= 2; room++) {
        struct bench_side side;
        bench_open_ticking(&bench, 60000);
        bench.genesis.limits.block_entries_max = room;
        bench_side_open(&side, &bench, "one.db");
        struct rota_record *record = fixture_anchor(&bench.genesis, 4, 1);
        struct rota_hash start = {{0}};
        uint64_t due_ms = side.chain->head_time_ms + 60000;
        const struct rota_block *block =
            build(&side, &(struct rota_wanted){1, start, due_ms, .anchor = record->anchor, .tick = true});
        cr_assert_not_null(block);
        cr_expect_eq(block->entry_count, room);
        cr_expect_eq(block->entries[0].record->kind, ROTA_RECORD_NEW_VIEW);
        cr_expect_eq(rota_block_is_tick(block), room == 2);
        rota_record_release(record);
        bench_side_close(&side);
        bench_close(&bench);
    }
}

/* PROTOCOL H5, H7: the word of a member that lost its memory stands in the next block, once, and alone when nothing waits.
 */
Test(chain, the_word_of_a_member_that_lost_its_memory_is_built_in_once)
{
    struct pair pair;
    pair_open(&pair);
    struct rota_record *record = fixture_recovered(&pair.bench.genesis, 0, 4, 1);
    struct rota_hash start = {{0}};
    uint64_t time_ms = pair.builder.chain->genesis->created_ms + 1000;
    struct rota_wanted wanted = {1, start, time_ms, .bare = true, .recovered = &record->recovered, .recovered_count = 1};
    const struct rota_block *first = build(&pair.builder, &wanted);
    cr_assert(first && first->entry_count == 1 && first->entries[0].kind == ROTA_ENTRY_RECORD);
    cr_expect_eq(rota_chain_floors(pair.builder.chain, &first->hash)->floor[0], 4);
    cr_expect_eq(rota_chain_floors(pair.builder.chain, &start)->floor[0], 0, "not before it");
    wanted.height = 2;
    wanted.parent = first->hash;
    wanted.time_ms++;
    cr_expect_null(build(&pair.builder, &wanted), "it is there already");
    bench_wait(&pair.builder, bench_enrol(&pair.bench, "alpha-director", 1, "n-1"));
    const struct rota_block *second = build(&pair.builder, &wanted);
    cr_assert(second && second->entry_count == 1);
    cr_expect_eq(rota_chain_floors(pair.builder.chain, &second->hash)->floor[0], 4);
    pair_send(&pair, first);
    cr_assert_eq(rota_chain_check(pair.checker.chain, 1, &start, &first->hash, NULL), ROTA_CHECK_VALID);
    cr_expect_eq(rota_chain_floors(pair.checker.chain, &first->hash)->floor[0], 4);
    rota_record_release(record);
    pair_close(&pair);
}
