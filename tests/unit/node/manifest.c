/* A recovery manifest in a node's directory, and the chain that goes on with it (PROTOCOL M11, M12). The bench's only member
 * is lost; another takes over. */
#include "node/manifest.h"
#include "bench.h"

static const char *const heir[] = {"bravo"};

struct story {
    struct bench bench;
    struct bench_side side, other;
    struct rota_epoch_change *manifest;
};

static void side_commit(struct bench_side *side, const struct rota_certificate *certificate)
{
    cr_assert(rota_is_ok(rota_chain_commit(side->chain, certificate)));
    cr_assert(rota_is_ok(rota_chain_sync(side->chain)));
}

/* A block with this proposal, certified, in both ledgers or in the first alone. */
static void story_block(struct story *story, uint64_t seq, const char *person, bool both)
{
    bench_wait(&story->side, bench_enrol(&story->bench, "alpha-director", seq, person));
    const struct rota_block *block = bench_build(&story->side);
    cr_assert_not_null(block);
    struct rota_block *copy = bench_copy(block);
    struct rota_certificate certificate = bench_certificate(&story->bench, block);
    side_commit(&story->side, &certificate);
    rota_chain_hold(story->other.chain, copy, 0, false);
    if (both)
        side_commit(&story->other, &certificate);
    rota_block_release(copy);
}

static struct rota_epoch_change *story_manifest(const struct story *story, uint64_t height, const struct rota_hash *block)
{
    struct rota_epoch current;
    struct rota_discontinuity kept = {height, *block};
    rota_epoch_of_genesis(&current, &story->bench.genesis);
    char *document = fixture_manifest_document(&current, heir, 1, "", &kept);
    struct rota_epoch_change *manifest = fixture_epoch_change(&current, document, 1);
    free(document);
    return manifest;
}

/* Block 1 is in both ledgers, and is kept. */
static void story_open(struct story *story)
{
    bench_open(&story->bench);
    bench_side_open(&story->side, &story->bench, "side.db");
    bench_side_open(&story->other, &story->bench, "other.db");
    story_block(story, 1, "n-1", true);
    story->manifest = story_manifest(story, 1, &story->side.chain->head);
}

static void story_close(struct story *story)
{
    rota_epoch_change_release(story->manifest);
    bench_side_close(&story->side);
    bench_side_close(&story->other);
    bench_close(&story->bench);
}

static enum rota_manifest_standing standing(struct rota_chain *chain, const struct rota_epoch_change *manifest)
{
    struct rota_manifest_verdict verdict;
    rota_manifest_judge(&verdict, chain, manifest);
    cr_assert_eq(rota_is_ok(verdict.why),
                 verdict.standing != ROTA_MANIFEST_WRONG && verdict.standing != ROTA_MANIFEST_GIVES_UP);
    return verdict.standing;
}

/* PROTOCOL M12: below the kept block it is waited for, at it the epoch can begin, above it this file does not go on. */
Test(manifest, what_it_says_of_a_ledger)
{
    struct story story;
    story_open(&story);
    cr_expect_eq(standing(story.side.chain, story.manifest), ROTA_MANIFEST_HERE);
    struct rota_hash head = story.side.chain->head;
    struct rota_epoch_change *ahead = story_manifest(&story, 5, &head), *other, *weak;
    cr_expect_eq(standing(story.side.chain, ahead), ROTA_MANIFEST_AHEAD);
    head.b[0] ^= 1;
    other = story_manifest(&story, 1, &head);
    cr_expect_eq(standing(story.side.chain, other), ROTA_MANIFEST_WRONG);
    weak = story_manifest(&story, 1, &story.side.chain->head);
    weak->approvals[0].signature.b[0] ^= 1;
    cr_expect_eq(standing(story.side.chain, weak), ROTA_MANIFEST_WRONG);
    story_block(&story, 2, "n-2", false);
    cr_expect_eq(standing(story.side.chain, story.manifest), ROTA_MANIFEST_GIVES_UP);
    cr_expect_eq(standing(story.other.chain, story.manifest), ROTA_MANIFEST_HERE);
    cr_assert(rota_is_ok(rota_chain_discontinue(story.other.chain, story.manifest)));
    cr_expect_eq(standing(story.other.chain, story.manifest), ROTA_MANIFEST_BEGUN);
    cr_expect_eq(standing(story.other.chain, ahead), ROTA_MANIFEST_WRONG, "that epoch has begun otherwise");
    rota_epoch_change_release(ahead);
    rota_epoch_change_release(other);
    rota_epoch_change_release(weak);
    story_close(&story);
}

static void file_write(const char *path, struct rota_view bytes)
{
    FILE *file = fopen(path, "w");
    cr_assert(file && fwrite(bytes.data, 1, bytes.len, file) == bytes.len && fclose(file) == 0);
}

/* Those of later epochs wait for their turn, and a file that only looks like one is not taken for one. */
Test(manifest, the_next_one_of_a_directory)
{
    struct story story;
    char path[256];
    struct rota_epoch_change *found = NULL;
    story_open(&story);
    cr_expect_eq(rota_manifest_next(&found, story.bench.folder, 0).code, ROTA_NOT_FOUND);
    struct rota_view bytes = rota_view(story.manifest->bytes, story.manifest->len);
    file_write(bench_path(&story.bench, "recovery-01.manifest"), bytes);
    file_write(bench_path(&story.bench, "recovery-1.manifest.old"), bytes);
    cr_expect_eq(rota_manifest_next(&found, story.bench.folder, 0).code, ROTA_NOT_FOUND);
    cr_assert(rota_manifest_path(path, sizeof path, story.bench.folder, 1));
    file_write(path, bytes);
    cr_assert(rota_is_ok(rota_manifest_next(&found, story.bench.folder, 0)));
    cr_expect(rota_hash_equal(&found->id, &story.manifest->id));
    rota_epoch_change_release(found);
    cr_expect_eq(rota_manifest_next(&found, story.bench.folder, 1).code, ROTA_NOT_FOUND);
    file_write(bench_path(&story.bench, "recovery-2.manifest"), bytes);
    cr_expect_eq(rota_manifest_next(&found, story.bench.folder, 1).code, ROTA_MALFORMED, "it is of epoch 1");
    for (size_t len = 0; len < bytes.len; len++) { /* a disk that was full when it was copied there by hand */
        file_write(path, rota_view(bytes.data, len));
        struct rota_status cut = rota_manifest_next(&found, story.bench.folder, 0);
        cr_expect(cut.code == ROTA_MALFORMED && strstr(cut.why, "put it in again"), "%zu bytes: %s", len, cut.why);
    }
    story_close(&story);
}

/* PROTOCOL M11: the first block of the epoch is of the manifest alone, whatever waits; the next one is as ever. */
Test(manifest, the_first_block_is_the_manifests_alone)
{
    struct story story;
    story_open(&story);
    cr_assert(rota_is_ok(rota_chain_discontinue(story.side.chain, story.manifest)));
    bench_wait(&story.side, bench_enrol(&story.bench, "alpha-director", 2, "n-2"));
    struct rota_entry waiting = rota_entry_of_change(story.manifest);
    cr_expect(rota_chain_may(story.side.chain, &waiting));
    const struct rota_block *first = bench_build(&story.side);
    cr_assert_not_null(first);
    cr_expect_eq(first->entry_count, 1);
    cr_expect_eq(first->header.epoch, 1);
    cr_expect(rota_hash_equal(&first->entries[0].id, &story.manifest->id));
    cr_expect(!rota_block_ends_epoch(first));
    const struct rota_block *second = bench_build(&story.side);
    cr_assert_not_null(second);
    cr_expect(second->header.epoch == 1 && second->entries[0].kind == ROTA_ENTRY_PROPOSAL);
    /* taken back, it waits again */
    rota_chain_rollback(story.side.chain);
    cr_expect(rota_state_begins_anew(story.side.chain->state));
    cr_assert_not_null(bench_build(&story.side));
    rota_entry_release(&waiting);
    story_close(&story);
}

static enum rota_check other_check(struct story *story, const struct rota_block *block)
{
    struct rota_first_vote first = {UINT64_MAX, &(struct rota_anchor){0}};
    struct rota_block *copy = bench_copy(block);
    rota_chain_hold(story->other.chain, copy, 0, false);
    rota_block_release(copy);
    return rota_chain_check(story->other.chain, block->header.height, &block->header.prev_hash, &block->hash, &first);
}

/* PROTOCOL M12: a block of an epoch that begins so is nothing to who was not given this very document. */
Test(manifest, nobody_votes_for_one_that_was_not_put_in)
{
    struct story story;
    story_open(&story);
    cr_assert(rota_is_ok(rota_chain_discontinue(story.side.chain, story.manifest)));
    const struct rota_block *first = bench_build(&story.side);
    cr_assert_not_null(first);
    cr_expect_eq(other_check(&story, first), ROTA_CHECK_INVALID);
    cr_assert(rota_is_ok(rota_chain_discontinue(story.other.chain, story.manifest)));
    cr_expect_eq(other_check(&story, first), ROTA_CHECK_VALID);
    story_close(&story);
}

/* PROTOCOL V12 in such an epoch: the anchor stands behind the manifest. */
Test(manifest, an_anchor_stands_behind_it)
{
    struct story story;
    story_open(&story);
    cr_assert(rota_is_ok(rota_chain_discontinue(story.side.chain, story.manifest)));
    struct rota_anchor anchor = {.epoch = 1, .view = 3};
    struct rota_hash head = story.side.chain->head;
    struct rota_wanted wanted = {
        .height = 2, .parent = head, .time_ms = story.side.chain->head_time_ms + 1, .anchor = anchor, .tick = true};
    const struct rota_block *first = rota_chain_build(story.side.chain, &story.side.pool, &wanted);
    cr_assert_not_null(first);
    cr_expect_eq(first->entry_count, 2);
    cr_expect_eq(first->entries[0].kind, ROTA_ENTRY_CONFIG);
    cr_expect_eq(first->entries[1].kind, ROTA_ENTRY_RECORD);
    story_close(&story);
}

static struct rota_certificate heir_certificate(const struct rota_chain *chain, const struct rota_block *block)
{
    struct rota_certificate certificate = {
        .vote = {.kind = ROTA_VOTE_COMMIT, .height = block->header.height, .block = block->hash}, .epoch = 1, .signers = 1};
    struct rota_ed25519_secret secret;
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX];
    size_t len = rota_vote_preimage(preimage, &rota_state_epoch_number(chain->state, 1)->membership, &certificate.vote);
    fixture_facility_secret(&secret, heir[0]);
    rota_ed25519_sign(&certificate.signatures[0], &secret, rota_view(preimage, len));
    rota_ed25519_secret_wipe(&secret);
    return certificate;
}

/* The file tells it all again at the next start. */
Test(manifest, a_ledger_with_a_discontinuity_is_replayed)
{
    struct story story;
    story_open(&story);
    cr_assert(rota_is_ok(rota_chain_discontinue(story.side.chain, story.manifest)));
    const struct rota_block *first = bench_build(&story.side);
    struct rota_certificate certificate = heir_certificate(story.side.chain, first);
    side_commit(&story.side, &certificate);
    struct rota_hash head = story.side.chain->head, digest = rota_state_digest(story.side.chain->state);
    bench_side_close(&story.side);
    bench_side_open(&story.side, &story.bench, "side.db");
    struct rota_hash again = rota_state_digest(story.side.chain->state);
    cr_expect(rota_hash_equal(&story.side.chain->head, &head) && rota_hash_equal(&again, &digest));
    cr_expect_eq(rota_chain_epoch(story.side.chain)->membership.epoch, 1);
    cr_expect_eq(standing(story.side.chain, story.manifest), ROTA_MANIFEST_BEGUN);
    cr_expect_eq(standing(story.other.chain, story.manifest), ROTA_MANIFEST_HERE);
    story_close(&story);
}

/* PROTOCOL M11, E9: the words of those that lost their memory wait when they would be too many beside manifest and anchor.
 */
Test(manifest, a_small_block_has_room_for_it_and_its_anchor)
{
    struct story story;
    story_open(&story);
    story.manifest->next.limits.block_entries_max = 2;
    cr_assert(rota_is_ok(rota_chain_discontinue(story.side.chain, story.manifest)));
    struct rota_recovered word = {.epoch = 1, .member = 0, .floor = 4, .run = 1, .view = 0};
    struct rota_wanted wanted = {.height = 2,
                                 .parent = story.side.chain->head,
                                 .time_ms = story.side.chain->head_time_ms + 1,
                                 .anchor = {.epoch = 1, .view = 3},
                                 .recovered = &word,
                                 .recovered_count = 1};
    const struct rota_block *first = rota_chain_build(story.side.chain, &story.side.pool, &wanted);
    cr_assert_not_null(first);
    cr_expect_eq(first->entry_count, 2);
    cr_expect_eq(first->entries[1].record->kind, ROTA_RECORD_NEW_VIEW);
    story_close(&story);
}
