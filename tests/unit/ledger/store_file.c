/* The ledger file as its node sees it: made once, appended to, read back, whole after a crash. */
#include "store_maker.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_OFF(person, day)                                                                                         \
    "[{\"op\":\"assign\",\"person\":\"" person "\",\"code\":\"DAY\",\"facility\":\"alpha\",\"start\":\"2026-12-" day \
    "T07:00Z\",\"minutes\":60}]"

static struct rota_status open_again(struct rota_store **out, const struct maker *maker)
{
    return rota_store_open(out, maker->path, &maker->genesis);
}

Test(store_file, is_never_made_over_another)
{
    struct maker maker;
    maker_begin(&maker, "over");
    cr_assert_eq(rota_store_create(maker.path, &maker.genesis).code, ROTA_EXISTS);
    struct stat info;
    char part[160];
    snprintf(part, sizeof part, "%s.part", maker.path);
    cr_assert_neq(stat(part, &info), 0, "nothing half made is left behind");
    maker_end(&maker);
}

Test(store_file, belongs_to_one_genesis)
{
    struct maker maker;
    struct rota_genesis other;
    struct rota_store *store;
    maker_begin(&maker, "genesis");
    fixture_genesis(&other, 5);
    cr_assert_eq(rota_store_open(&store, maker.path, &other).code, ROTA_WRONG_LEDGER);
    cr_assert_null(store);
    cr_assert_eq(rota_store_open(&store, "/dev/shm/rota-no-such-file", &other).code, ROTA_NOT_FOUND);
    struct rota_view kept = rota_store_genesis(maker.store);
    cr_assert(rota_view_equal(kept, rota_view(maker.genesis.bytes, maker.genesis.len)), "byte for byte");
    rota_genesis_free(&other);
    maker_end(&maker);
}

Test(store_file, gives_back_what_was_put_in)
{
    struct maker maker;
    struct rota_store *store;
    maker_story(&maker, "back", 0);
    cr_assert(rota_is_ok(open_again(&store, &maker)));
    cr_assert_eq(rota_store_height(store), STORY_HEIGHT);
    for (uint64_t height = 1; height <= STORY_HEIGHT; height++) {
        struct rota_block *block;
        struct rota_status status = rota_store_block(&block, store, height);
        cr_assert(rota_is_ok(status), "block %d: %s", (int)height, status.why);
        cr_assert(rota_hash_equal(&block->hash, &maker.hashes[height]));
        for (uint32_t i = 0; i < block->entry_count; i++) {
            struct rota_outcome outcome;
            cr_assert(rota_is_ok(rota_store_outcome(&outcome, store, height, i)));
            cr_assert_eq(outcome.record[0], block->entries[i].kind);
            free(outcome.record);
        }
        rota_block_release(block);
    }
    struct rota_block *none;
    cr_assert_eq(rota_store_block(&none, store, STORY_HEIGHT + 1).code, ROTA_NOT_FOUND);
    cr_assert_eq(rota_store_block(&none, store, 0).code, ROTA_NOT_FOUND);
    cr_assert_eq(rota_store_block(&none, store, UINT64_MAX).code, ROTA_NOT_FOUND);
    rota_store_close(store);
    maker_end(&maker);
}

Test(store_file, keeps_proposals_byte_for_byte)
{
    struct maker maker;
    maker_begin(&maker, "bytes");
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 1, DAY_OFF("p-1", "01")),
                                   maker_proposal(&maker, "alpha-scheduler", 2, DAY_OFF("p-2", "02"))};
    struct rota_proposal *first = rota_proposal_retain(entries[0].proposal);
    struct rota_proposal *second = rota_proposal_retain(entries[1].proposal);
    maker_add(&maker, entries, 2, 0x7);
    struct rota_block *block;
    cr_assert(rota_is_ok(rota_store_block(&block, maker.store, 1)));
    cr_assert(rota_view_equal(rota_entry_bytes(&block->entries[0]), first->jws.text));
    cr_assert(rota_view_equal(rota_entry_bytes(&block->entries[1]), second->jws.text));
    rota_block_release(block);
    rota_proposal_release(first);
    rota_proposal_release(second);
    maker_end(&maker);
}

Test(store_file, finds_the_certificate_that_covers_a_height)
{
    static const uint64_t covered_by[] = {0, 1, 3, 3, 6, 6, 6, 7};
    struct maker maker;
    struct rota_store *store;
    struct rota_certificate certificate;
    maker_story(&maker, "cover", 0);
    cr_assert(rota_is_ok(open_again(&store, &maker)));
    for (uint64_t height = 1; height <= STORY_HEIGHT; height++) {
        cr_assert(rota_is_ok(rota_store_certificate(&certificate, store, height)));
        cr_assert_eq(certificate.vote.height, covered_by[height]);
    }
    cr_assert_eq(rota_store_certificate(&certificate, store, STORY_HEIGHT + 1).code, ROTA_NOT_FOUND);
    rota_store_close(store);
    maker_end(&maker);
}

Test(store_file, refuses_blocks_that_do_not_follow)
{
    struct maker maker;
    struct rota_outcomes outcomes;
    maker_begin(&maker, "follow");
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 1, DAY_OFF("p-1", "01"))};
    struct rota_block *block = maker_block(&maker, &outcomes, entries, 1);
    cr_assert(rota_is_ok(rota_store_begin(maker.store)));
    struct rota_header good = block->header;
    block->header.height = 2;
    cr_expect_eq(rota_store_append(maker.store, block, outcomes.items).code, ROTA_REFUSED, "a height is left out");
    block->header = good;
    block->header.prev_hash.b[0] ^= 1;
    cr_expect_eq(rota_store_append(maker.store, block, outcomes.items).code, ROTA_REFUSED, "another block before it");
    block->header = good;
    block->header.tree_size++;
    cr_expect_eq(rota_store_append(maker.store, block, outcomes.items).code, ROTA_REFUSED, "a leaf is left out");
    block->header = good;
    cr_expect(rota_is_ok(rota_store_append(maker.store, block, outcomes.items)));
    cr_expect_eq(rota_store_append(maker.store, block, outcomes.items).code, ROTA_REFUSED, "the same again");
    cr_expect(rota_is_ok(rota_store_commit(maker.store)));
    cr_expect_eq(rota_store_height(maker.store), 1);
    rota_outcomes_free(&outcomes);
    rota_block_release(block);
    maker_end(&maker);
}

Test(store_file, takes_certificates_of_its_own_blocks_only)
{
    struct maker maker;
    struct rota_certificate certificate;
    maker_begin(&maker, "certify");
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 1, DAY_OFF("p-1", "01"))};
    maker_add(&maker, entries, 1, 0);
    maker_certificate(&certificate, &maker, 1, 0, 0x7);
    cr_assert(rota_is_ok(rota_store_begin(maker.store)));
    certificate.vote.block.b[5] ^= 1;
    cr_expect_eq(rota_store_certify(maker.store, &certificate).code, ROTA_REFUSED);
    certificate.vote.block.b[5] ^= 1;
    certificate.vote.kind = ROTA_VOTE_PREPARE;
    cr_expect_eq(rota_store_certify(maker.store, &certificate).code, ROTA_REFUSED);
    certificate.vote.kind = ROTA_VOTE_COMMIT;
    cr_expect(rota_is_ok(rota_store_certify(maker.store, &certificate)));
    cr_expect(rota_is_ok(rota_store_certify(maker.store, &certificate)), "again: nothing happens");
    certificate.vote.height = 2;
    cr_expect_eq(rota_store_certify(maker.store, &certificate).code, ROTA_REFUSED);
    cr_expect(rota_is_ok(rota_store_commit(maker.store)));
    maker_end(&maker);
}

Test(store_file, forgets_what_was_never_committed)
{
    struct maker maker;
    struct rota_outcomes outcomes;
    struct rota_store *store;
    maker_begin(&maker, "torn");
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 1, DAY_OFF("p-1", "01"))};
    struct rota_block *block = maker_block(&maker, &outcomes, entries, 1);
    cr_assert(rota_is_ok(rota_store_begin(maker.store)));
    cr_assert(rota_is_ok(rota_store_append(maker.store, block, outcomes.items)));
    rota_store_close(maker.store);
    maker.store = NULL;
    cr_assert(rota_is_ok(open_again(&store, &maker)));
    cr_expect_eq(rota_store_height(store), 0);
    rota_store_close(store);
    rota_outcomes_free(&outcomes);
    rota_block_release(block);
    maker_end(&maker);
}

static void file_copy(const char *to, const char *from, off_t cut)
{
    char command[512];
    snprintf(command, sizeof command, "cp %s %s", from, to);
    cr_assert_eq(system(command), 0);
    struct stat info;
    cr_assert_eq(stat(to, &info), 0);
    if (cut > 0)
        cr_assert_eq(truncate(to, info.st_size - cut), 0);
}

/* The power fails while the second transaction is on its way to the log: what is found is the first, whole. */
Test(store_file, drops_a_torn_last_transaction)
{
    struct maker maker;
    struct rota_store *store;
    char copy[160], wal[192], copy_wal[192];
    maker_begin(&maker, "power");
    for (uint64_t seq = 1; seq <= 2; seq++) {
        struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", seq, DAY_OFF("p-1", "01"))};
        maker_add(&maker, entries, 1, 0x7);
    }
    snprintf(copy, sizeof copy, "%s.copy", maker.path);
    snprintf(wal, sizeof wal, "%s-wal", maker.path);
    snprintf(copy_wal, sizeof copy_wal, "%s-wal", copy);
    file_copy(copy, maker.path, 0);
    file_copy(copy_wal, wal, 100);
    cr_assert(rota_is_ok(rota_store_open(&store, copy, &maker.genesis)));
    cr_expect_eq(rota_store_height(store), 1);
    struct rota_block *block;
    cr_expect(rota_is_ok(rota_store_block(&block, store, 1)));
    rota_block_release(block);
    rota_store_close(store);
    maker_remove(copy);
    maker_end(&maker);
}

/* PROTOCOL D4: the last life ended without folding its log. Opening writes all of it into the file, which then has it alone.
 */
Test(store_file, opening_folds_the_log_into_the_file)
{
    struct maker maker;
    struct rota_store *store;
    char copy[160], wal[192], copy_wal[192], alone[192];
    maker_begin(&maker, "fold");
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 1, DAY_OFF("p-1", "01"))};
    maker_add(&maker, entries, 1, 0x7);
    snprintf(copy, sizeof copy, "%s.copy", maker.path);
    snprintf(wal, sizeof wal, "%s-wal", maker.path);
    snprintf(copy_wal, sizeof copy_wal, "%s-wal", copy);
    snprintf(alone, sizeof alone, "%s.alone", copy);
    file_copy(copy, maker.path, 0);
    file_copy(copy_wal, wal, 0);
    cr_assert(rota_is_ok(rota_store_open(&store, copy, &maker.genesis)));
    file_copy(alone, copy, 0);
    rota_store_close(store);
    cr_assert(rota_is_ok(rota_store_open(&store, alone, &maker.genesis)));
    cr_expect_eq(rota_store_height(store), 1);
    rota_store_close(store);
    maker_remove(copy);
    maker_remove(alone);
    maker_end(&maker);
}

/* PROTOCOL D3: given up, a handle writes nothing more: the log stays beside the file even when it is closed. */
Test(store_file, given_up_it_is_not_written_by_closing)
{
    struct maker maker;
    char wal[192];
    struct stat before, after;
    maker_begin(&maker, "given-up");
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 1, DAY_OFF("p-1", "01"))};
    maker_add(&maker, entries, 1, 0x7);
    snprintf(wal, sizeof wal, "%s-wal", maker.path);
    cr_assert_eq(stat(wal, &before), 0);
    rota_store_give_up(maker.store);
    cr_expect_not(rota_is_ok(rota_store_begin(maker.store)));
    rota_store_close(maker.store);
    maker.store = NULL;
    cr_assert_eq(stat(wal, &after), 0, "closing folded the log");
    cr_expect_eq(after.st_size, before.st_size);
    maker_end(&maker);
}

/* The disk is full: the caller hears it, nothing more is written, and the next opening finds the last good state. */
Test(store_file, says_when_a_commit_fails)
{
    struct maker maker;
    struct rota_outcomes outcomes;
    struct rlimit limit;
    maker_begin(&maker, "full");
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 1, DAY_OFF("p-1", "01"))};
    struct rota_block *block = maker_block(&maker, &outcomes, entries, 1);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    struct rlimit tight = {.rlim_cur = 4096, .rlim_max = limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
    struct rota_status status = rota_store_begin(maker.store);
    if (rota_is_ok(status))
        status = rota_store_append(maker.store, block, outcomes.items);
    struct rota_status commit = rota_store_commit(maker.store);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect(!rota_is_ok(commit), "a commit that did not reach the disk is not reported as done");
    cr_expect(rota_is_ok(status));
    struct rota_store *store;
    rota_store_close(maker.store);
    maker.store = NULL;
    cr_assert(rota_is_ok(open_again(&store, &maker)));
    cr_expect_eq(rota_store_height(store), 0);
    rota_store_close(store);
    rota_outcomes_free(&outcomes);
    rota_block_release(block);
    maker_end(&maker);
}
