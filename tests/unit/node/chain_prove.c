/* A primary signs for a block with an entry that is none: whoever is to vote for it holds the proof (PROTOCOL E9), and
 * whoever sends another body under an honest header proves nothing. */
#include "bench.h"

/* One who builds and one who checks. */
struct trial {
    struct bench bench;
    struct bench_side builder, checker;
};

static void trial_open(struct trial *trial)
{
    bench_open(&trial->bench);
    bench_side_open(&trial->builder, &trial->bench, "builder.db");
    bench_side_open(&trial->checker, &trial->bench, "checker.db");
}

static void trial_close(struct trial *trial)
{
    bench_side_close(&trial->checker);
    bench_side_close(&trial->builder);
    bench_close(&trial->bench);
}

/* The next block of the builder, whose only entry enrols somebody. */
static const struct rota_block *trial_build(struct trial *trial, uint64_t seq, const char *person)
{
    bench_wait(&trial->builder, bench_enrol(&trial->bench, "alpha-director", seq, person));
    const struct rota_block *block = bench_build(&trial->builder);
    cr_assert_not_null(block);
    return block;
}

/* That block with one entry more at its end, of which the header knows. */
static struct rota_block *with_entry(struct trial *trial, const struct rota_block *block, uint8_t kind,
                                     struct rota_view more)
{
    struct rota_header header = block->header;
    struct rota_tree *tree = &trial->builder.chain->tree;
    struct rota_block *made = NULL;
    struct rota_hash leaf;
    size_t len = rota_block_encoded_bytes(block) + 5 + more.len;
    uint8_t *bytes = malloc(len);
    struct rota_writer writer = rota_writer(bytes, len);
    cr_assert_not_null(bytes);
    cr_assert(rota_entry_leaf_of_bytes(&leaf, (enum rota_entry_kind)kind, more));
    header.entry_count++;
    rota_tree_truncate(tree, header.tree_size); /* the builder's tree holds the block's own leaf there */
    cr_assert(rota_is_ok(rota_tree_append(tree, &leaf)));
    header.tree_root = rota_tree_root(tree, ++header.tree_size);
    rota_tree_truncate(tree, header.tree_size - 1);
    leaf = rota_block_leaf(&block->hash);
    cr_assert(rota_is_ok(rota_tree_append(tree, &leaf)));
    rota_block_encode(&writer, block);
    rota_header_encode(bytes, &header);
    rota_write_u8(&writer, kind);
    rota_write_long(&writer, more);
    struct rota_status status = rota_block_decode(&made, rota_view(bytes, len));
    if (!rota_is_ok(status))
        cr_assert(rota_is_ok(rota_block_decode_unfit(&made, rota_view(bytes, len))));
    free(bytes);
    return made;
}

/* As a PRE-PREPARE brings it: the body, and the only member's signature. */
static enum rota_check trial_propose(struct trial *trial, struct rota_block *block)
{
    struct rota_signed_vote prepare = {
        .vote = {.kind = ROTA_VOTE_PREPARE, .view = 2, .height = block->header.height, .block = block->hash}};
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX];
    size_t len = rota_vote_preimage(preimage, &trial->bench.genesis.membership, &prepare.vote);
    fixture_sign(&prepare.signature, 0, preimage, len);
    rota_chain_hold(trial->checker.chain, block, 0, false);
    rota_chain_vouch(trial->checker.chain, &block->hash, 0, &prepare);
    struct rota_first_vote first = {UINT64_MAX, &(struct rota_anchor){0}};
    return rota_chain_check(trial->checker.chain, block->header.height, &block->header.prev_hash, &block->hash, &first);
}

static bool trial_verifies(struct trial *trial, struct rota_evidence *evidence)
{
    struct rota_entry entry = rota_entry_of_evidence(evidence);
    bool good = rota_is_ok(rota_chain_verify_entry(trial->builder.chain, &entry));
    rota_entry_release(&entry);
    return good;
}

/* Is there proof against member 0, about this height? */
static bool trial_proves(struct trial *trial, uint64_t height)
{
    struct rota_evidence *proof = rota_chain_take_proof(trial->checker.chain);
    bool proves = proof && proof->kind == ROTA_EVIDENCE_INVALID_PROPOSAL && proof->member == 0 && proof->height == height &&
                  proof->view == 2 && trial_verifies(trial, proof);
    cr_expect(proves || !proof);
    cr_expect_null(rota_chain_take_proof(trial->checker.chain), "given once");
    rota_evidence_release(proof);
    return proves;
}

/* A proposal of alpha's scheduler with the signature of another one. malloc'd. */
static char *trial_forge(const struct trial *trial, uint64_t seq)
{
    struct fixture_payload payload = {
        .author = "alpha-scheduler", .seq = seq, .ops = "[{\"op\":\"code.define\",\"code\":\"X\"}]"};
    char *text = fixture_proposal_text(&trial->bench.genesis, &payload);
    payload.seq++;
    char *other = fixture_proposal_text(&trial->bench.genesis, &payload);
    memcpy(strrchr(text, '.'), strrchr(other, '.'), strlen(strrchr(text, '.')));
    free(other);
    return text;
}

/* What cannot be read, what can but is signed by nobody, and what has the signature of another. */
Test(chain_prove, a_false_entry_convicts_who_signed_for_it)
{
    struct trial trial;
    trial_open(&trial);
    struct rota_record *forged = fixture_anchor(&trial.bench.genesis, 3, 1);
    forged->bytes[forged->len - 1] ^= 1;
    char *text = trial_forge(&trial, 7);
    const struct {
        uint8_t kind;
        struct rota_view bytes;
    } entries[] = {{ROTA_ENTRY_RECORD, rota_view("\x01", 1)},
                   {ROTA_ENTRY_RECORD, rota_view(forged->bytes, forged->len)},
                   {ROTA_ENTRY_PROPOSAL, rota_view_text(text)}};
    const struct rota_block *block = NULL;
    for (uint64_t height = 1; height <= 3; height++) {
        char person[8];
        (void)snprintf(person, sizeof person, "n-%u", (unsigned)height);
        block = trial_build(&trial, height, person);
        for (int i = 0; i < 3; i++) {
            struct rota_block *false_one = with_entry(&trial, block, entries[i].kind, entries[i].bytes);
            cr_expect_eq(trial_propose(&trial, false_one), ROTA_CHECK_INVALID);
            cr_expect(trial_proves(&trial, height), "height %u, entry %d", (unsigned)height, i);
            rota_block_release(false_one);
        }
        struct rota_block *copy = bench_copy(block);
        cr_expect_eq(trial_propose(&trial, copy), ROTA_CHECK_VALID, "nothing of the others stays");
        cr_expect_not(trial_proves(&trial, height));
        rota_block_release(copy);
    }
    rota_record_release(forged);
    free(text);
    trial_close(&trial);
}

/* The header is the honest primary's, the entry another's: the body is dropped, and the right one is waited for. */
Test(chain_prove, another_body_under_an_honest_header_proves_nothing)
{
    struct trial trial;
    trial_open(&trial);
    const struct rota_block *block = trial_build(&trial, 1, "n-1");
    uint8_t bytes[ROTA_HEADER_BYTES + 6] = {0};
    struct rota_writer writer = rota_writer(bytes + ROTA_HEADER_BYTES, 6);
    struct rota_block *false_one = NULL;
    rota_header_encode(bytes, &block->header);
    rota_write_u8(&writer, ROTA_ENTRY_RECORD);
    rota_write_long(&writer, rota_view("\x01", 1));
    cr_assert(rota_is_ok(rota_block_decode_unfit(&false_one, rota_view(bytes, sizeof bytes))));
    cr_expect_eq(trial_propose(&trial, false_one), ROTA_CHECK_MISSING);
    cr_expect_not(trial_proves(&trial, 1));
    struct rota_block *copy = bench_copy(block);
    cr_expect_eq(trial_propose(&trial, copy), ROTA_CHECK_VALID);
    rota_block_release(copy);
    rota_block_release(false_one);
    trial_close(&trial);
}

/* Another outcome than the entries come to: whoever has another ledger below would say the same of an honest primary. */
Test(chain_prove, what_depends_on_the_ledger_proves_nothing)
{
    struct trial trial;
    trial_open(&trial);
    struct rota_block *block = bench_copy(trial_build(&trial, 1, "n-1"));
    block->header.outcome_hash.b[0] ^= 1;
    block->hash = rota_header_hash(&block->header);
    cr_expect_eq(trial_propose(&trial, block), ROTA_CHECK_INVALID);
    cr_expect_not(trial_proves(&trial, 1));
    rota_block_release(block);
    trial_close(&trial);
}

/* A body that came by itself, such as one that was asked for: it is invalid, and nobody is known to have signed for it. */
Test(chain_prove, nobody_is_convicted_without_a_signature)
{
    struct trial trial;
    trial_open(&trial);
    const struct rota_block *block = trial_build(&trial, 1, "n-1");
    struct rota_block *false_one = with_entry(&trial, block, ROTA_ENTRY_RECORD, rota_view("\x01", 1));
    rota_chain_hold(trial.checker.chain, false_one, 0, false);
    struct rota_first_vote first = {UINT64_MAX, &(struct rota_anchor){0}};
    cr_expect_eq(rota_chain_check(trial.checker.chain, 1, &false_one->header.prev_hash, &false_one->hash, &first),
                 ROTA_CHECK_INVALID);
    cr_expect_not(trial_proves(&trial, 1));
    rota_block_release(false_one);
    trial_close(&trial);
}
