#include "recovery_story.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>

const char *const story_survivors[] = {"charlie", "delta", "m-4", "m-5"};
const char *const story_others[] = {"charlie", "delta", "m-4", "m-6"};

void story_close(struct maker *maker)
{
    rota_store_close(maker->store);
    maker->store = NULL;
}

void story_assign(struct maker *maker, uint64_t seq, const char *ops, uint32_t signers)
{
    struct rota_entry entry = maker_proposal(maker, "charlie-scheduler", seq, ops);
    maker_add(maker, &entry, 1, signers);
}

void story_kept(struct maker *maker, const char *name, uint32_t kept_signers)
{
    maker_begin(maker, name);
    story_assign(maker, 1, ASSIGN("01"), 0x7);
    story_assign(maker, 2, ASSIGN("02"), kept_signers);
}

void story_recovered(struct maker *maker, const char *name, const char *const *labels, uint32_t kept_signers)
{
    story_kept(maker, name, kept_signers);
    maker_discontinue(maker, labels, 4, 0xe, 0x7);
    story_assign(maker, 3, ASSIGN("03"), 0);
    story_assign(maker, 4, ASSIGN("04"), 0xb);
    story_close(maker);
}

void story_forge_block(struct maker *maker, const struct rota_membership *membership, struct rota_entry *entries,
                       uint32_t count)
{
    uint64_t height = maker->height + 1;
    struct rota_block *block;
    uint8_t nothing[] = {5, 0, 0, 0, 0}, preimage[ROTA_VOTE_PREIMAGE_MAX];
    struct rota_outcome outcomes[2] = {{nothing, sizeof nothing}, {nothing, sizeof nothing}};
    for (uint32_t i = 0; i < count; i++) {
        struct rota_hash leaf = rota_entry_leaf(&entries[i]);
        cr_assert(rota_is_ok(rota_tree_append(&maker->tree, &leaf)));
    }
    struct rota_header header = {.ledger_id = membership->ledger_id,
                                 .epoch = membership->epoch,
                                 .height = height,
                                 .time_ms = maker->headers[maker->height].time_ms + 1000,
                                 .prev_hash = maker->hashes[maker->height],
                                 .config_hash = membership->config_hash,
                                 .tree_size = rota_tree_size(&maker->tree),
                                 .tree_root = rota_tree_root(&maker->tree, rota_tree_size(&maker->tree)),
                                 .entry_count = count};
    cr_assert(rota_is_ok(rota_block_new(&block, &header, entries, count)));
    struct rota_certificate certificate = {.vote = {.kind = ROTA_VOTE_COMMIT, .height = height, .block = block->hash},
                                           .epoch = membership->epoch,
                                           .signers = 0x7};
    size_t len = rota_vote_preimage(preimage, membership, &certificate.vote);
    for (uint32_t i = 0; i < 3; i++) {
        struct rota_ed25519_secret secret;
        fixture_facility_secret(&secret, membership->members[i].id.text);
        rota_ed25519_sign(&certificate.signatures[i], &secret, rota_view(preimage, len));
        rota_ed25519_secret_wipe(&secret);
    }
    cr_assert(rota_is_ok(rota_store_begin(maker->store)) && rota_is_ok(rota_store_append(maker->store, block, outcomes)) &&
              rota_is_ok(rota_store_certify(maker->store, &certificate)) && rota_is_ok(rota_store_commit(maker->store)));
    struct rota_hash leaf = rota_block_leaf(&block->hash);
    cr_assert(rota_is_ok(rota_tree_append(&maker->tree, &leaf)));
    maker->height = height;
    maker->headers[height] = header;
    maker->hashes[height] = block->hash;
    rota_block_release(block);
}

void story_spoil_blob(const struct maker *maker, const char *table, const char *column, int64_t row, uint64_t at,
                      uint8_t with)
{
    sqlite3 *db;
    sqlite3_blob *blob;
    cr_assert_eq(sqlite3_open(maker->path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_blob_open(db, "main", table, column, row, 1, &blob), SQLITE_OK, "%s", sqlite3_errmsg(db));
    uint8_t byte;
    cr_assert_eq(sqlite3_blob_read(blob, &byte, 1, (int)at), SQLITE_OK);
    byte ^= with;
    cr_assert_eq(sqlite3_blob_write(blob, &byte, 1, (int)at), SQLITE_OK);
    sqlite3_blob_close(blob);
    sqlite3_close(db);
}
