/* Outcome records byte by byte, written here from FORMATS §9 and from nothing else of ours. */
#include "schedule_play.h"

#include "crypto/digest.h"

#include <stdlib.h>

static struct play play;

static void start(void)
{
    play_start(&play);
}

static void end(void)
{
    play_end(&play);
}

TestSuite(schedule_record, .init = start, .fini = end);

/* Bytes put together by hand. */
struct bytes {
    uint8_t data[4096];
    size_t len;
};

static void put(struct bytes *out, const void *data, size_t len)
{
    cr_assert(out->len + len <= sizeof out->data);
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

static void put_number(struct bytes *out, uint64_t value, unsigned width)
{
    for (unsigned i = width; i-- > 0;) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        put(out, &byte, 1);
    }
}

static void put_token(struct bytes *out, const char *text)
{
    put_number(out, strlen(text), 1);
    put(out, text, strlen(text));
}

static void put_row(struct bytes *out, uint8_t table, const struct bytes *key, const struct bytes *before,
                    const struct bytes *after)
{
    put_number(out, table, 1);
    put_number(out, key->len, 2);
    put(out, key->data, key->len);
    put_number(out, before->len, 2);
    put(out, before->data, before->len);
    put_number(out, after->len, 2);
    put(out, after->data, after->len);
}

static const struct bytes nothing = {.len = 0};

static struct bytes coordinator_value(const char *label, const char *facility, uint32_t roles, uint64_t suspended)
{
    struct bytes value = {.len = 0};
    struct rota_es256k_secret secret;
    fixture_coordinator_secret(&secret, label);
    put_token(&value, label);
    put(&value, secret.public_key.compressed, 33);
    put_token(&value, facility);
    put_number(&value, roles, 4);
    put_number(&value, 0, 8);
    put_number(&value, suspended, 8);
    put_number(&value, 0, 8);
    rota_es256k_secret_wipe(&secret);
    return value;
}

/* Rows of an envelope: the seq, and the seq that left the window (0: none). */
static void put_envelope(struct bytes *out, const char *author, uint64_t seq, const struct rota_hash *id, uint64_t gone,
                         const struct rota_hash *gone_id)
{
    struct rota_kid kid = fixture_kid(author);
    struct bytes key = {.len = 0}, value = {.len = 0};
    put_number(out, gone != 0 ? 2 : 1, 2);
    put(&key, kid.b, 16);
    put_number(&key, seq, 8);
    put(&value, id->b, 32);
    put_row(out, 4, &key, &nothing, &value);
    if (gone == 0)
        return;
    key.len = 16;
    put_number(&key, gone, 8);
    value.len = 0;
    put(&value, gone_id->b, 32);
    put_row(out, 4, &key, &value, &nothing);
}

/* 2026-12-25T08:00Z: 20812 days of 1440 minutes, and 480. */
static const uint64_t START_MINUTE = UINT64_C(20812) * 1440 + 480;

static void put_assign(struct bytes *out, const struct rota_hash *id, uint64_t height)
{
    struct bytes key = {.len = 0}, value = {.len = 0};
    uint8_t assignment[16];
    play_assignment_id(assignment, id, 0);
    put_number(out, 0, 2 + 4 + 1);
    put_number(out, 3, 2);
    put_token(&key, "p-1");
    put_number(&key, START_MINUTE + (UINT64_C(1) << 63), 8);
    put(&key, assignment, 16);
    put_token(&value, "alpha");
    put_token(&value, "DAY");
    put_number(&value, 480, 4);
    put_number(&value, height, 8);
    put_number(&value, 0, 8);
    put(&value, id->b, 32);
    put_row(out, 5, &key, &nothing, &value);
    key.len = value.len = 0;
    put(&key, assignment, 16);
    put_token(&value, "p-1");
    put_number(&value, START_MINUTE + (UINT64_C(1) << 63), 8);
    put_row(out, 6, &key, &nothing, &value);
    key.len = value.len = 0;
    put_token(&key, "p-1");
    put_number(&key, UINT64_C(20812) + (UINT64_C(1) << 31), 4);
    put_number(&value, 1, 4);
    put_row(out, 7, &key, &nothing, &value);
}

static void expect_record(const struct rota_outcomes *outcomes, const struct bytes *expected)
{
    struct bytes leaf = {.len = 0};
    cr_assert_eq(outcomes->count, 1);
    cr_assert_eq(outcomes->items[0].len, expected->len, "%zu, not %zu", outcomes->items[0].len, expected->len);
    cr_expect_arr_eq(outcomes->items[0].record, expected->data, expected->len);
    put(&leaf, "\0rotaledger/v1/outcome\n", 23);
    put(&leaf, expected->data, expected->len);
    struct rota_hash root = rota_hash_of(NULL, rota_view(leaf.data, leaf.len));
    cr_expect(rota_hash_equal(&root, &outcomes->root), "one leaf is the root");
}

Test(schedule_record, an_assignment_is_recorded_as_the_formats_say)
{
    struct fixture_payload payload = {.author = "alpha-scheduler", .seq = 7, .ops = OPS(OP_DAY)};
    struct rota_entry entry = fixture_entry_of_proposal(fixture_proposal(&play.genesis, &payload));
    struct rota_outcomes outcomes;
    struct bytes expected = {.len = 0};
    cr_assert(rota_is_ok(play_block(&play, &outcomes, NULL, &entry, 1)));
    put_number(&expected, 1, 1);
    put_envelope(&expected, "alpha-scheduler", 7, &entry.id, 0, NULL);
    put_number(&expected, 1, 2);
    put_assign(&expected, &entry.id, 1);
    expect_record(&outcomes, &expected);
    rota_outcomes_free(&outcomes);
    rota_entry_release(&entry);
}

Test(schedule_record, a_refusal_is_recorded_with_its_detail_and_the_seq_that_left_the_window)
{
    struct rota_hash first =
        play_propose(&play, &(struct fixture_payload){.author = "alpha-scheduler", .seq = 7, .ops = OPS(OP_DAY)}).id;
    struct fixture_payload payload = {.author = "alpha-scheduler", .seq = 264, .ops = OPS(OP_DAY)};
    struct rota_entry entry = fixture_entry_of_proposal(fixture_proposal(&play.genesis, &payload));
    struct rota_outcomes outcomes;
    struct bytes expected = {.len = 0};
    cr_assert(rota_is_ok(play_block(&play, &outcomes, NULL, &entry, 1)));
    put_number(&expected, 1, 1);
    put_envelope(&expected, "alpha-scheduler", 264, &entry.id, 7, &first);
    put_number(&expected, 1, 2);
    put_number(&expected, 120, 2);
    put_number(&expected, 0, 4);
    put_number(&expected, 32, 1);
    put(&expected, first.b, 32);
    put_number(&expected, 0, 2);
    expect_record(&outcomes, &expected);
    rota_outcomes_free(&outcomes);
    rota_entry_release(&entry);
}

Test(schedule_record, evidence_is_recorded_with_its_row_and_the_key_that_it_suspends)
{
    struct rota_entry entry = fixture_entry_of_evidence(fixture_coordinator_evidence(&play.genesis, "alpha-scheduler", 3));
    struct rota_outcomes outcomes;
    struct bytes expected = {.len = 0}, key = {.len = 0}, value = {.len = 0}, before, after;
    struct rota_kid kid = fixture_kid("alpha-scheduler");
    cr_assert(rota_is_ok(play_block(&play, &outcomes, NULL, &entry, 1)));
    put(&key, kid.b, 16);
    put(&value, entry.id.b, 32);
    before = coordinator_value("alpha-scheduler", "alpha", 1, 0);
    after = coordinator_value("alpha-scheduler", "alpha", 1, 1);
    put_number(&expected, 3, 1);
    put_number(&expected, 2, 2);
    put_row(&expected, 9, &key, &nothing, &value);
    put_row(&expected, 3, &key, &before, &after);
    put_number(&expected, 0, 2);
    expect_record(&outcomes, &expected);
    rota_outcomes_free(&outcomes);
    rota_entry_release(&entry);
}

Test(schedule_record, a_vote_is_recorded_under_its_member_kind_view_and_height)
{
    struct rota_entry entry = fixture_entry_of_evidence(fixture_vote_evidence(&play.genesis, ROTA_VOTE_COMMIT, 2, 5, 9, 0));
    struct rota_outcomes outcomes;
    struct bytes expected = {.len = 0}, key = {.len = 0}, value = {.len = 0};
    cr_assert(rota_is_ok(play_block(&play, &outcomes, NULL, &entry, 1)));
    put_number(&key, 0, 4); /* epoch */
    put_number(&key, 2, 4);
    put_number(&key, 3, 1);
    put_number(&key, 5, 8);
    put_number(&key, 9, 8);
    put(&value, entry.id.b, 32);
    put_number(&expected, 3, 1);
    put_number(&expected, 1, 2);
    put_row(&expected, 8, &key, &nothing, &value);
    put_number(&expected, 0, 2);
    expect_record(&outcomes, &expected);
    rota_outcomes_free(&outcomes);
    rota_entry_release(&entry);
}

Test(schedule_record, the_root_of_a_block_is_the_tree_over_its_entries_in_order)
{
    struct rota_entry entries[3];
    struct rota_outcomes outcomes;
    struct rota_hash leaves[3];
    for (uint32_t i = 0; i < 3; i++) {
        struct fixture_payload payload = {.author = "alpha-scheduler", .seq = i + 1, .ops = OPS(OP_DAY)};
        entries[i] = fixture_entry_of_proposal(fixture_proposal(&play.genesis, &payload));
    }
    cr_assert(rota_is_ok(play_block(&play, &outcomes, NULL, entries, 3)));
    for (uint32_t i = 0; i < 3; i++)
        leaves[i] = rota_outcome_leaf(rota_view(outcomes.items[i].record, outcomes.items[i].len));
    uint8_t node[65] = {1};
    memcpy(node + 1, leaves[0].b, 32);
    memcpy(node + 33, leaves[1].b, 32);
    struct rota_hash left = rota_hash_of(NULL, rota_view(node, sizeof node));
    memcpy(node + 1, left.b, 32);
    memcpy(node + 33, leaves[2].b, 32);
    struct rota_hash root = rota_hash_of(NULL, rota_view(node, sizeof node));
    cr_expect(rota_hash_equal(&root, &outcomes.root));
    rota_outcomes_free(&outcomes);
    for (uint32_t i = 0; i < 3; i++)
        rota_entry_release(&entries[i]);
}
