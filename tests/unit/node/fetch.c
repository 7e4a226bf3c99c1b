/* Who asks for blocks pays for the looking, found or not. */
#include "bench.h"
#include "node/inside.h"

static void commit_one(struct bench_side *side, const struct bench *bench)
{
    bench_wait(side, bench_enrol(bench, "alpha-director", 1, "n-1"));
    const struct rota_block *block = bench_build(side);
    cr_assert_not_null(block);
    struct rota_certificate certificate = bench_certificate(bench, block);
    cr_assert(rota_is_ok(rota_chain_commit(side->chain, &certificate)));
    cr_assert(rota_is_ok(rota_chain_sync(side->chain)));
}

Test(fetch, hashes_that_are_nowhere_use_up_what_a_peer_may_ask)
{
    struct bench bench;
    struct bench_side side;
    struct rota_node *node = calloc(1, sizeof *node);
    cr_assert_not_null(node);
    bench_open(&bench);
    bench_side_open(&side, &bench, "side.db");
    commit_one(&side, &bench);
    node->chain = *side.chain; /* borrowed */
    node->directory.count = 2;
    node->turn.now_ms = 10000;
    struct rota_asked asked = {.peer = 1, .fetch = {.from = 1, .to = 1}};
    asked.fetch.block.b[0] = 1;
    for (uint32_t i = 0; i < 10000; i++)
        rota_node_answer_fetch(node, &asked);
    uint64_t left = node->allowances[1].bytes;
    cr_expect_lt(left, ROTA_BODY_BYTES_MAX, "what is asked for last is not even looked up");
    node->turn.now_ms += 2000;
    rota_node_answer_fetch(node, &asked);
    cr_expect_gt(node->allowances[1].bytes, left, "with time it may ask again");
    bench_side_close(&side);
    bench_close(&bench);
    free(node);
}
