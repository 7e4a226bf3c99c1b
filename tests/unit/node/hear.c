/* What a node takes from its peers, and how much of it. */
#include "bench.h"
#include "node/inside.h"

struct story {
    struct bench bench;
    struct bench_side builder, follower;
    struct rota_node *node; /* borrows the follower's chain */
    struct rota_block *right, *forged;
};

static void story_open(struct story *story)
{
    bench_open(&story->bench);
    bench_side_open(&story->builder, &story->bench, "builder.db");
    bench_side_open(&story->follower, &story->bench, "follower.db");
    bench_wait(&story->builder, bench_enrol(&story->bench, "alpha-director", 1, "n-1"));
    const struct rota_block *block = bench_build(&story->builder);
    cr_assert_not_null(block);
    story->right = bench_copy(block);
    story->forged = bench_forge_body(&story->bench, block);
    cr_assert_not_null(story->node = calloc(1, sizeof *story->node));
    story->node->chain = *story->follower.chain;
    rota_epoch_of_genesis(&story->node->epoch, &story->bench.genesis);
    story->node->turn.now_ms = 1000;
    story->node->follow = (struct rota_follow){.asking = true, .peer = 1, .deadline_ms = 2000, .say_ms = 2000};
}

static void story_close(struct story *story)
{
    *story->follower.chain = story->node->chain;
    rota_block_release(story->right);
    rota_block_release(story->forged);
    free(story->node);
    bench_side_close(&story->builder);
    bench_side_close(&story->follower);
    bench_close(&story->bench);
}

static void hear(struct story *story, uint32_t peer, struct rota_block *block)
{
    struct rota_frame frame = {.kind = ROTA_FRAME_CONSENSUS, .peer = peer, .block = block, .entries_verified = true};
    frame.message = (struct rota_message){.kind = ROTA_MESSAGE_BLOCK, .sender = peer};
    frame.message.block.header = block->header;
    frame.message.block.block = block->hash;
    rota_node_frame(story->node, &frame);
}

static bool holds(struct story *story, const struct rota_block *block)
{
    return rota_chain_held(&story->node->chain, &block->hash) == block;
}

/* PROTOCOL C6, M10: a node that is no member and lags. */
Test(hear, an_answer_stays_whatever_others_send)
{
    struct story story;
    story_open(&story);
    story.node->epoch.membership.count = 3;
    hear(&story, 1, story.right);
    cr_assert(holds(&story, story.right));
    hear(&story, 2, story.forged);
    cr_expect(holds(&story, story.right), "nobody asked for that");
    story_close(&story);
}

Test(hear, an_answer_takes_the_place_of_what_others_sent)
{
    struct story story;
    story_open(&story);
    story.node->epoch.membership.count = 3;
    hear(&story, 2, story.forged);
    hear(&story, 1, story.right);
    cr_expect(holds(&story, story.right));
    story_close(&story);
}

/* PROTOCOL T4: whoever holds evidence says it again. Where it is of another epoch the loop has to judge it, and no peer
 * keeps it at that. */
Test(hear, evidence_of_another_epoch_is_judged_now_and_then)
{
    struct story story;
    story_open(&story);
    struct rota_node *node = story.node;
    cr_assert(rota_is_ok(rota_pool_init(&node->pool, 16)));
    struct rota_evidence *evidence = fixture_vote_evidence(&story.bench.genesis, ROTA_VOTE_PREPARE, 0, 7, 1, 0);
    evidence->epoch = 1; /* none that holds */
    struct rota_frame frame = {.kind = ROTA_FRAME_ENTRY, .entry = fixture_entry_of_evidence(evidence)};
    for (uint32_t peer = 1; peer <= 2; peer++)
        for (uint32_t i = 0; i < 1000; i++) {
            frame.peer = peer;
            rota_node_frame(node, &frame);
        }
    for (uint32_t peer = 1; peer <= 2; peer++) {
        cr_expect_gt(node->allowances[peer].judged_ms, node->turn.now_ms, "each has something of its own");
        cr_expect_leq(node->allowances[peer].judged_ms, node->turn.now_ms + 1000);
    }
    rota_entry_release(&frame.entry);
    rota_pool_free(&node->pool);
    story_close(&story);
}
