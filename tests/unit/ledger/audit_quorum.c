/* A quorum of members signs what it should not: the certificates hold, and the audit still says what is wrong. */
#include "audit_spoil.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum lie {
    LIE_NONE,
    LIE_TIME,
    LIE_EPOCH,
    LIE_CONFIG,
    LIE_PROPOSER,
    LIE_ROOT,
    LIE_OUTCOME_HASH,
    LIE_OUTCOME_RECORD,
};

static void lie_outcomes(struct rota_outcomes *out, const struct rota_entry *entries, uint32_t count)
{
    struct rota_tree tree;
    rota_tree_init(&tree);
    out->items = calloc(count, sizeof *out->items);
    out->count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t record[] = {(uint8_t)entries[i].kind, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        out->items[i].record = malloc(sizeof record);
        out->items[i].len = sizeof record;
        memcpy(out->items[i].record, record, sizeof record);
        struct rota_hash leaf = rota_outcome_leaf(rota_view(record, sizeof record));
        cr_assert(rota_is_ok(rota_tree_append(&tree, &leaf)));
    }
    out->root = rota_tree_root(&tree, count);
    rota_tree_free(&tree);
}

static void lie_header(struct rota_header *header, const struct rota_header *before, enum lie lie)
{
    if (lie == LIE_TIME)
        header->time_ms = before->time_ms;
    if (lie == LIE_EPOCH)
        header->epoch = 1;
    if (lie == LIE_CONFIG)
        header->config_hash.b[0] ^= 1;
    if (lie == LIE_PROPOSER)
        header->proposer = 4;
    if (lie == LIE_ROOT)
        header->tree_root.b[0] ^= 1;
    if (lie == LIE_OUTCOME_HASH)
        header->outcome_hash.b[0] ^= 1;
}

/* The eighth block, whatever it holds, with a certificate that verifies. Takes the entries. */
static void lie_add(struct maker *maker, struct rota_entry *entries, uint32_t count, enum lie lie)
{
    struct rota_outcomes outcomes;
    struct rota_certificate certificate;
    struct rota_block *block;
    uint32_t bad;
    bool executed = lie != LIE_OUTCOME_RECORD &&
                    rota_is_ok(rota_state_execute(maker->state, &outcomes, &bad, maker->height + 1, entries, count));
    if (!executed)
        lie_outcomes(&outcomes, entries, count);
    for (uint32_t i = 0; i < count; i++) {
        struct rota_hash leaf = rota_entry_leaf(&entries[i]);
        cr_assert(rota_is_ok(rota_tree_append(&maker->tree, &leaf)));
    }
    struct rota_header header = maker->headers[maker->height];
    header.height = ++maker->height;
    header.time_ms += 1000;
    header.prev_hash = maker->hashes[maker->height - 1];
    header.tree_size = rota_tree_size(&maker->tree);
    header.tree_root = rota_tree_root(&maker->tree, header.tree_size);
    header.outcome_hash = outcomes.root;
    header.entry_count = count;
    lie_header(&header, &maker->headers[maker->height - 1], lie);
    cr_assert(rota_is_ok(rota_block_new(&block, &header, entries, count)));
    maker->headers[maker->height] = header;
    maker->hashes[maker->height] = block->hash;
    maker_certificate(&certificate, maker, maker->height, 0, 0x7);
    cr_assert(rota_is_ok(rota_store_open(&maker->store, maker->path, &maker->genesis)));
    cr_assert(rota_is_ok(rota_store_begin(maker->store)));
    cr_assert(rota_is_ok(rota_store_append(maker->store, block, outcomes.items)));
    cr_assert(rota_is_ok(rota_store_certify(maker->store, &certificate)));
    cr_assert(rota_is_ok(rota_store_commit(maker->store)));
    rota_store_close(maker->store);
    maker->store = NULL;
    rota_outcomes_free(&outcomes);
    rota_block_release(block);
}

#define OPS(person)                                                               \
    "[{\"op\":\"assign\",\"person\":\"" person                                    \
    "\",\"code\":\"DAY\",\"facility\":\"alpha\",\"start\":\"2026-12-20T07:00Z\"," \
    "\"minutes\":60}]"

Test(audit_quorum, headers_that_break_the_rules)
{
    static const struct {
        enum lie lie;
        struct spoil_expected expected;
    } cases[] = {
        {LIE_NONE, {NULL, ROTA_VERDICT_VALID_UNANCHORED, 0, -1, 8, ""}},
        {LIE_TIME, {"C5", ROTA_VERDICT_INVALID, 8, -1, 7, "not younger"}},
        {LIE_EPOCH, {"C6", ROTA_VERDICT_INVALID, 8, -1, 7, "another epoch"}},
        {LIE_CONFIG, {"C6", ROTA_VERDICT_INVALID, 8, -1, 7, "another epoch"}},
        {LIE_PROPOSER, {"C6", ROTA_VERDICT_INVALID, 8, -1, 7, "no member"}},
        {LIE_ROOT, {"F1", ROTA_VERDICT_INVALID, 8, -1, 7, "not the ones whose tree"}},
        {LIE_OUTCOME_HASH, {"D13", ROTA_VERDICT_INVALID, 8, -1, 7, "not the ones that the header binds"}},
        {LIE_OUTCOME_RECORD, {"D13", ROTA_VERDICT_INVALID, 8, 21, 7, "a quorum signed an outcome"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct maker maker;
        maker_story(&maker, "lie", 0);
        struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 20, OPS("p-2"))};
        lie_add(&maker, entries, 1, cases[i].lie);
        spoil_expect(cases[i].expected.words, &maker, &cases[i].expected);
        maker_end(&maker);
    }
}

static struct rota_entry lie_foreign(const struct maker *maker)
{
    struct rota_hash other = {{1, 2, 3}};
    struct fixture_payload payload = {.author = "alpha-scheduler", .seq = 30, .ops = OPS("p-2"), .ledger = &other};
    struct rota_proposal *proposal = fixture_proposal(&maker->genesis, &payload);
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    rota_proposal_release(proposal);
    return entry;
}

static void lie_expect(struct maker *maker, const char *name, struct rota_entry *entries, uint32_t count, const char *check,
                       int64_t leaf, const char *words)
{
    struct spoil_expected expected = {check, ROTA_VERDICT_INVALID, 8, leaf, 7, words};
    lie_add(maker, entries, count, LIE_NONE);
    spoil_expect(name, maker, &expected);
    maker_end(maker);
}

Test(audit_quorum, a_key_that_nobody_granted)
{
    struct maker maker;
    maker_story(&maker, "stranger", 0);
    struct rota_entry entries[] = {maker_proposal(&maker, "nobody", 1, OPS("p-2"))};
    lie_expect(&maker, "unknown key", entries, 1, "D5", 21, "may not sign");
}

Test(audit_quorum, a_proposal_for_another_ledger)
{
    struct maker maker;
    maker_story(&maker, "foreign", 0);
    struct rota_entry entries[] = {lie_foreign(&maker)};
    lie_expect(&maker, "other ledger", entries, 1, "D6", 21, "another ledger");
}

Test(audit_quorum, a_sequence_number_used_again)
{
    struct maker maker;
    maker_story(&maker, "seq", 0);
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 40, OPS("p-2")),
                                   maker_proposal(&maker, "alpha-scheduler", 3, OPS("p-3"))};
    lie_expect(&maker, "seq", entries, 2, "D7", 22, "");
}

Test(audit_quorum, a_sequence_number_twice_in_a_block)
{
    struct maker maker;
    maker_story(&maker, "seq2", 0);
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 40, OPS("p-2")),
                                   maker_proposal(&maker, "alpha-scheduler", 40, OPS("p-3"))};
    lie_expect(&maker, "seq in block", entries, 2, "D7", 22, "");
}

Test(audit_quorum, an_entry_twice)
{
    struct maker maker;
    maker_story(&maker, "twice", 0);
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 40, OPS("p-2")),
                                   maker_proposal(&maker, "alpha-scheduler", 40, OPS("p-2"))};
    lie_expect(&maker, "twice in a block", entries, 2, "D8", 22, "");
    maker_story(&maker, "twice", 0);
    struct rota_entry evidence[] = {maker_evidence(fixture_vote_evidence(&maker.genesis, ROTA_VOTE_COMMIT, 2, 5, 4, 1))};
    lie_expect(&maker, "the same evidence", evidence, 1, "D8", 21, "");
}

Test(audit_quorum, evidence_behind_a_proposal)
{
    struct maker maker;
    maker_story(&maker, "order", 0);
    struct rota_entry entries[] = {maker_proposal(&maker, "alpha-scheduler", 40, OPS("p-2")),
                                   maker_evidence(fixture_vote_evidence(&maker.genesis, ROTA_VOTE_PREPARE, 1, 9, 9, 1))};
    lie_expect(&maker, "order", entries, 2, "D13", 22, "evidence before proposals");
}

/* The same with one byte of its last signature changed, so many from its end. Takes the entry. */
static struct rota_entry lie_unsigned(struct rota_entry entry, size_t from_end)
{
    struct rota_view signed_bytes = rota_entry_bytes(&entry);
    struct rota_entry changed;
    uint8_t *bytes = malloc(signed_bytes.len);
    cr_assert(bytes);
    memcpy(bytes, signed_bytes.data, signed_bytes.len);
    bytes[signed_bytes.len - from_end] ^= 1;
    cr_assert(rota_is_ok(rota_entry_parse(&changed, entry.kind, rota_view(bytes, signed_bytes.len))));
    free(bytes);
    rota_entry_release(&entry);
    return changed;
}

Test(audit_quorum, evidence_and_records_that_nobody_signed)
{
    struct maker maker;
    maker_story(&maker, "record", 0);
    struct rota_entry records[] = {lie_unsigned(fixture_entry_of_record(fixture_anchor(&maker.genesis, 9, 1)), 1)};
    lie_expect(&maker, "record", records, 1, "X1", 21, "did not sign");
    maker_story(&maker, "proof", 0);
    struct rota_entry proofs[] = {
        lie_unsigned(maker_evidence(fixture_vote_evidence(&maker.genesis, ROTA_VOTE_PREPARE, 1, 9, 9, 1)), 3)};
    lie_expect(&maker, "evidence", proofs, 1, "X1", 21, "does not verify");
}

/* Certificates that are signed properly, by too few, too many, or of the wrong kind. */
Test(audit_quorum, certificates_count_exactly)
{
    static const struct {
        uint32_t signers;
        const char *words;
    } cases[] = {{0x3, "has 2 signatures, but exactly 3"}, {0xf, "has 4 signatures, but exactly 3"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct maker maker;
        struct rota_certificate certificate;
        struct spoil_expected expected = {"E1", ROTA_VERDICT_INVALID, 3, -1, 1, cases[i].words};
        maker_story(&maker, "count", 0);
        maker_certificate(&certificate, &maker, 3, 0, cases[i].signers);
        sqlite3 *db = spoil_open(&maker);
        spoil_certificate(db, &certificate);
        spoil_close(db);
        spoil_expect(cases[i].words, &maker, &expected);
        maker_end(&maker);
    }
}

Test(audit_quorum, a_member_does_not_count_twice)
{
    struct maker maker;
    struct rota_certificate certificate;
    struct spoil_expected expected = {"E1", ROTA_VERDICT_INVALID, 3, -1, 1, "the signature of bravo is not theirs"};
    maker_story(&maker, "double", 0);
    maker_certificate(&certificate, &maker, 3, 0, 0x7);
    certificate.signatures[1] = certificate.signatures[0];
    sqlite3 *db = spoil_open(&maker);
    spoil_certificate(db, &certificate);
    spoil_close(db);
    spoil_expect("one signature twice", &maker, &expected);
    maker_end(&maker);
}

Test(audit_quorum, outsiders_do_not_count)
{
    struct maker maker;
    struct rota_certificate certificate;
    struct spoil_expected expected = {"E2", ROTA_VERDICT_INVALID, 3, -1, 1, "no member"};
    maker_story(&maker, "outsider", 0);
    maker_certificate(&certificate, &maker, 3, 0, 0x7);
    certificate.signers = 0x13;
    sqlite3 *db = spoil_open(&maker);
    spoil_certificate(db, &certificate);
    spoil_close(db);
    spoil_expect("outsider", &maker, &expected);
    maker_end(&maker);
}

Test(audit_quorum, prepares_do_not_decide)
{
    struct maker maker;
    struct rota_certificate certificate;
    struct spoil_expected expected = {"E3", ROTA_VERDICT_INVALID, 3, -1, 1, "prepares"};
    maker_story(&maker, "prepares", 0);
    maker_certificate(&certificate, &maker, 3, 0, 0x7);
    certificate.vote.kind = ROTA_VOTE_PREPARE;
    sqlite3 *db = spoil_open(&maker);
    spoil_certificate(db, &certificate);
    spoil_close(db);
    spoil_expect("prepares", &maker, &expected);
    maker_end(&maker);
}
