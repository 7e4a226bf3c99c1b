/* Random blocks: the schedule agrees with the model, and what is undone was never there. */
#include "schedule_play.h"
#include "schedule_random.h"

#include <signal.h>
#include <stdlib.h>

TestSuite(schedule_property, .timeout = 120);

enum { MODEL_SEEDS = 12, MODEL_BLOCKS = 50, UNDO_SEEDS = 40, UNDO_BLOCKS = 12 };

static uint32_t seen_codes[128];

static void expect_same_ops(const struct random_block *block, const struct rota_outcomes *outcomes, uint64_t seed)
{
    cr_assert_eq(outcomes->count, block->count);
    for (uint32_t i = 0; i < block->count; i++) {
        struct rota_op_outcome ops[RANDOM_OPS_MAX];
        uint32_t count = 0;
        struct rota_view record = rota_view(outcomes->items[i].record, outcomes->items[i].len);
        cr_assert(rota_is_ok(rota_outcome_read(ops, &count, RANDOM_OPS_MAX, record)));
        cr_assert_eq(count, block->entries[i].kind == ROTA_ENTRY_PROPOSAL ? block->entries[i].proposal->op_count : 0);
        for (uint32_t k = 0; k < count; k++) {
            const struct rota_op_outcome *want = &block->ops[i][k];
            seen_codes[ops[k].code]++;
            cr_assert_eq(ops[k].code, want->code, "seed %u: %u, the model says %u", (unsigned)seed, ops[k].code, want->code);
            cr_assert_eq(ops[k].detail_len, want->detail_len);
            cr_assert(memcmp(ops[k].detail, want->detail, want->detail_len) == 0, "seed %u, code %u", (unsigned)seed,
                      want->code);
        }
    }
}

struct walk {
    const struct model *model;
    uint32_t count;
};

static bool walk_assignment(void *context, const struct rota_assignment *assignment)
{
    struct walk *walk = context;
    for (uint32_t i = 0; i < walk->model->assignment_count; i++) {
        const struct rota_assignment *other = &walk->model->assignments[i];
        if (memcmp(other->id, assignment->id, sizeof other->id) != 0)
            continue;
        cr_assert(rota_token_equal(&other->person, &assignment->person) &&
                  rota_token_equal(&other->code, &assignment->code));
        cr_assert(other->start_minute == assignment->start_minute && other->minutes == assignment->minutes);
        cr_assert(other->from_height == assignment->from_height && other->to_height == assignment->to_height);
        walk->count++;
    }
    return true;
}

static void expect_same_rows(const struct rota_state *state, struct model *model)
{
    struct walk walk = {.model = model};
    rota_state_each_assignment(state, NULL, UINT64_MAX, true, walk_assignment, &walk);
    cr_assert_eq(walk.count, model->assignment_count);
    for (uint32_t i = 0; i < model->card_count; i++)
        cr_assert_eq(rota_state_revision(state, &model->cards[i].person, model->cards[i].day), model->cards[i].revision);
    for (uint32_t i = 0; i < model->coordinator_count; i++) {
        const struct rota_coordinator *want = &model->coordinators[i];
        struct rota_coordinator have;
        cr_assert(rota_is_ok(rota_state_coordinator(&have, state, &want->key.kid)));
        cr_assert(have.seq_highest == want->seq_highest && have.revoked_at == want->revoked_at);
        cr_assert(have.suspended_at == want->suspended_at && have.roles == want->roles);
        cr_assert(memcmp(have.key.parsed, want->key.parsed, sizeof have.key.parsed) == 0);
    }
}

/* The proposal that the model turned away, at the end of the block that it let through. */
static void expect_refused(struct play *play, const struct random_block *block, struct rota_proposal *refused)
{
    struct rota_entry entries[RANDOM_ENTRIES_MAX + 1];
    struct rota_hash before = rota_state_digest(play->state), after;
    uint32_t bad = 0;
    memcpy(entries, block->entries, block->count * sizeof entries[0]);
    entries[block->count] = fixture_entry_of_proposal(refused);
    cr_assert_eq(play_block(play, NULL, &bad, entries, block->count + 1).code, ROTA_REFUSED);
    cr_assert_eq(bad, block->count);
    after = rota_state_digest(play->state);
    cr_assert(rota_hash_equal(&before, &after));
    rota_entry_release(&entries[block->count]);
}

static void model_run(uint64_t seed)
{
    struct play play;
    struct fixture_random random = fixture_random(seed);
    play_start(&play);
    struct model *model = model_new(&play.genesis);
    for (uint32_t i = 0; i < MODEL_BLOCKS; i++) {
        struct random_block block;
        struct rota_outcomes outcomes;
        struct rota_proposal *refused;
        random_block(&block, &refused, &random, model, play.height + 1);
        if (refused != NULL)
            expect_refused(&play, &block, refused);
        struct rota_status status = play_block(&play, &outcomes, NULL, block.entries, block.count);
        cr_assert(rota_is_ok(status), "seed %u: %s", (unsigned)seed, status.why);
        expect_same_ops(&block, &outcomes, seed);
        if (rota_state_depth(play.state) > 4)
            rota_state_finalise(play.state);
        rota_outcomes_free(&outcomes);
        random_block_release(&block);
    }
    expect_same_rows(play.state, model);
    model_free(model);
    play_end(&play);
}

Test(schedule_property, random_blocks_come_out_as_the_slow_model_says)
{
    static const uint16_t codes[] = {ROTA_OUTCOME_OK,
                                     ROTA_OUTCOME_EXPIRED,
                                     ROTA_OUTCOME_KEY_SUSPENDED,
                                     ROTA_OUTCOME_KEY_REVOKED,
                                     ROTA_OUTCOME_ROLE_MISSING,
                                     ROTA_OUTCOME_WRONG_FACILITY,
                                     ROTA_OUTCOME_STALE_REVISION,
                                     ROTA_OUTCOME_UNKNOWN_PERSON,
                                     ROTA_OUTCOME_UNKNOWN_CODE,
                                     ROTA_OUTCOME_UNKNOWN_FACILITY,
                                     ROTA_OUTCOME_OVERLAP,
                                     ROTA_OUTCOME_UNKNOWN_ASSIGNMENT,
                                     ROTA_OUTCOME_NOT_ACTIVE,
                                     ROTA_OUTCOME_EXISTS,
                                     ROTA_OUTCOME_UNKNOWN_KEY};
    for (uint64_t seed = 1; seed <= MODEL_SEEDS; seed++)
        model_run(seed);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        cr_expect_gt(seen_codes[codes[i]], 0, "code %u never came up: the blocks are not random enough", codes[i]);
}

/* A chain of blocks, the digest below and above each, and its root. */
struct chain {
    struct random_block blocks[UNDO_BLOCKS];
    struct rota_hash digests[UNDO_BLOCKS + 1];
    struct rota_hash roots[UNDO_BLOCKS];
};

static void chain_build(struct chain *chain, struct play *play, struct fixture_random *random)
{
    struct model *model = model_new(&play->genesis);
    chain->digests[0] = rota_state_digest(play->state);
    for (uint32_t i = 0; i < UNDO_BLOCKS; i++) {
        struct rota_proposal *refused;
        struct rota_outcomes outcomes;
        random_block(&chain->blocks[i], &refused, random, model, i + 1);
        rota_proposal_release(refused);
        cr_assert(rota_is_ok(play_block(play, &outcomes, NULL, chain->blocks[i].entries, chain->blocks[i].count)));
        chain->roots[i] = outcomes.root;
        chain->digests[i + 1] = rota_state_digest(play->state);
        rota_outcomes_free(&outcomes);
    }
    model_free(model);
}

/* One step up or down from the height that play is at; the digest there must be the one of the first time. */
static void chain_step(const struct chain *chain, struct play *play, bool down)
{
    if (down) {
        rota_state_undo(play->state);
        play->height--;
    } else {
        struct rota_outcomes outcomes;
        const struct random_block *block = &chain->blocks[play->height];
        cr_assert(rota_is_ok(play_block(play, &outcomes, NULL, block->entries, block->count)));
        cr_assert(rota_hash_equal(&outcomes.root, &chain->roots[play->height - 1]));
        rota_outcomes_free(&outcomes);
    }
    struct rota_hash digest = rota_state_digest(play->state);
    cr_assert(rota_hash_equal(&digest, &chain->digests[play->height]), "height %u", (unsigned)play->height);
}

static void undo_run(uint64_t seed)
{
    struct play play;
    struct fixture_random random = fixture_random(seed + 1000);
    struct chain *chain = calloc(1, sizeof *chain);
    play_start(&play);
    chain_build(chain, &play, &random);
    while (play.height > 0)
        chain_step(chain, &play, true);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t depth = rota_state_depth(play.state);
        bool down = depth > 0 && (play.height == UNDO_BLOCKS || fixture_random_below(&random, 5) < 2);
        if (down || play.height < UNDO_BLOCKS)
            chain_step(chain, &play, down);
        if (rota_state_depth(play.state) > 1 && fixture_random_below(&random, 20) == 0)
            rota_state_finalise(play.state);
    }
    for (uint32_t i = 0; i < UNDO_BLOCKS; i++)
        random_block_release(&chain->blocks[i]);
    free(chain);
    play_end(&play);
}

Test(schedule_property, what_is_undone_was_never_there_and_what_is_redone_is_the_same)
{
    for (uint64_t seed = 1; seed <= UNDO_SEEDS; seed++)
        undo_run(seed);
}

Test(schedule_property, a_final_block_cannot_be_taken_back, .signal = SIGABRT)
{
    struct play play;
    play_start(&play);
    (void)play_do(&play, "alpha-scheduler", OPS(OP_DAY));
    rota_state_finalise(play.state);
    rota_state_undo(play.state);
}
