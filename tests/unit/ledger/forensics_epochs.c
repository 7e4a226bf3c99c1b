/* Two histories whose members changed, or changed on one side only: who is to blame follows from the last epoch that both
 * share (PROTOCOL E11, M7). Epoch 0 has four members and quorums of three; epoch 1 five and quorums of four. */
#include "evidence_parts.h"
#include "ledger/audit/epoch_chain.h"
#include "ledger/audit/forensics.h"
#include "store_maker.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const char *const grown[] = {"alpha", "bravo", "charlie", "delta", "m-4"};

static struct maker left, right;
static struct rota_epoch_chain chains[2];

static void begin(void)
{
    maker_begin(&left, "part-left");
    maker_begin(&right, "part-right");
}

static void end(void)
{
    for (int i = 0; i < 2; i++)
        rota_epoch_chain_free(&chains[i]);
    maker_end(&left);
    maker_end(&right);
}

TestSuite(forensics_epochs, .init = begin, .fini = end);

static struct rota_status compare_files(struct rota_forensics *out)
{
    struct rota_store *const ledgers[2] = {left.store, right.store};
    const struct rota_epoch_chain *const epochs[2] = {&chains[0], &chains[1]};
    const struct rota_forensics_witness witnesses[2] = {rota_forensics_witness_of(left.store),
                                                        rota_forensics_witness_of(right.store)};
    return rota_forensics_of_ledgers(out, epochs, ledgers, witnesses, 2);
}

/* The next block: a code is defined. Blocks of odd heights are certified in view 1, the others in view 0. */
static void define(struct maker *maker, const char *code, uint32_t signers)
{
    char ops[64];
    (void)snprintf(ops, sizeof ops, "[{\"op\":\"code.define\",\"code\":\"%s\"}]", code);
    struct rota_entry entry = maker_proposal(maker, "alpha-director", maker->height + 1, ops);
    maker_add(maker, &entry, 1, signers);
}

static void change(struct maker *maker, uint32_t signers)
{
    const struct rota_epoch *current = rota_state_epoch(maker->state);
    char *document = fixture_epoch_document(current, grown, 5, "");
    struct rota_entry entry = fixture_entry_of_change(fixture_epoch_change(current, document, 0x7));
    maker_add(maker, &entry, 1, signers);
    free(document);
}

static void chains_read(void)
{
    cr_assert(rota_is_ok(rota_epoch_chain_of_ledger(&chains[0], &left.genesis, left.store)));
    cr_assert(rota_is_ok(rota_epoch_chain_of_ledger(&chains[1], &left.genesis, right.store)));
}

/* Nobody is named but by evidence that holds in the epoch that is judged. */
static void expect_proven(const struct rota_forensics *found)
{
    for (uint32_t i = 0; i < found->count; i++)
        cr_expect(rota_is_ok(rota_evidence_verify(found->evidence[i], &found->epoch.membership, NULL)));
}

/* From the two files, or from their certificates of these heights alone (0: the files). */
static struct rota_forensics find(uint64_t left_height, uint64_t right_height)
{
    struct rota_forensics found;
    const struct rota_forensics_witness witnesses[2] = {rota_forensics_witness_of(left.store),
                                                        rota_forensics_witness_of(right.store)};
    struct rota_status status;
    if (left_height == 0) {
        status = compare_files(&found);
    } else {
        struct rota_forensics_side sides[2] = {{.epochs = &chains[0]}, {.epochs = &chains[1]}};
        cr_assert(rota_is_ok(rota_store_certificate(&sides[0].certificate, left.store, left_height)));
        cr_assert(rota_is_ok(rota_store_certificate(&sides[1].certificate, right.store, right_height)));
        status = rota_forensics_compare(&found, sides, witnesses, 2);
    }
    cr_assert(rota_is_ok(status), "%s", status.why);
    expect_proven(&found);
    return found;
}

Test(forensics_epochs, a_fork_of_a_later_epoch_is_judged_by_its_members)
{
    define(&left, "ONE", 0x7);
    define(&right, "ONE", 0x7);
    change(&left, 0xb);
    change(&right, 0xb);
    define(&left, "LEFT", 0x1d);
    define(&right, "RIGHT", 0x1b);
    chains_read();
    cr_expect_eq(chains[0].count, 2);
    for (int way = 0; way < 2; way++) {
        struct rota_forensics found = find(way == 0 ? 0 : 3, 3);
        cr_expect_eq(found.verdict, ROTA_FORENSICS_NAMED);
        cr_expect_eq(found.epoch.membership.epoch, 1);
        cr_expect_eq(found.expected, 3);
        cr_expect_eq(found.culprits, 0x19, "%x", found.culprits);
        rota_forensics_free(&found);
    }
}

/* On the right block 2 ends the epoch; on the left it is another one. What the right certified later, in epoch 1, rests on
 * its block 2: whoever signed that and the left's is to blame, and the members of epoch 1 are not. */
Test(forensics_epochs, who_ended_an_epoch_and_went_on_in_it_is_named)
{
    define(&left, "ONE", 0x7);
    define(&right, "ONE", 0x7);
    define(&left, "LEFT", 0x7);
    change(&right, 0xb);
    define(&right, "RIGHT", 0x1b);
    chains_read();
    for (int way = 0; way < 2; way++) {
        struct rota_forensics found = find(way == 0 ? 0 : 2, 3);
        cr_expect_eq(found.verdict, ROTA_FORENSICS_NAMED);
        cr_expect_eq(found.epoch.membership.epoch, 0);
        cr_expect_eq(found.culprits, 0x3, "%x", found.culprits);
        cr_expect_eq(found.ends_epoch[way], way == 1);
        rota_forensics_free(&found);
    }
}

/* The left went on in epoch 0 above the block that ended it on the right, in a later view. Alone the two certificates name
 * nobody; a NEW-VIEW between the views shows who hid what had been decided. */
Test(forensics_epochs, what_is_certified_above_the_end_of_an_epoch_excludes_it)
{
    static struct rota_view_change changes[ROTA_QUORUM_MAX];
    struct rota_new_view new_view = {.view = 1, .change_count = 3, .changes = changes};
    struct rota_signature signature;
    define(&left, "ONE", 0x7);
    define(&right, "ONE", 0x7);
    define(&left, "LEFT", 0);
    define(&left, "MORE", 0xe);
    change(&right, 0xb);
    define(&right, "RIGHT", 0x1b);
    chains_read();
    for (int way = 0; way < 2; way++) {
        struct rota_forensics found = find(way == 0 ? 0 : 3, 3);
        cr_expect_eq(found.verdict, ROTA_FORENSICS_TOO_FEW);
        cr_expect_eq(found.culprits, 0);
        cr_expect(found.ends_epoch[0] && !found.ends_epoch[1]);
        rota_forensics_free(&found);
    }
    for (uint32_t i = 0; i < 3; i++)
        parts_change(&changes[i], &left.genesis, i + 1, 1, NULL, NULL);
    parts_sign_new_view(&signature, &left.genesis, &new_view);
    maker_keep_new_view(&left, &new_view, &signature);
    struct rota_forensics found = find(3, 3);
    cr_expect_eq(found.verdict, ROTA_FORENSICS_NAMED);
    cr_expect_eq(found.culprits, 0xa, "1 and 3 committed the end of the epoch and showed nothing of it: %x", found.culprits);
    rota_forensics_free(&found);
}

Test(forensics_epochs, one_history_over_two_epochs_is_one)
{
    define(&left, "ONE", 0x7);
    define(&right, "ONE", 0x7);
    change(&left, 0xb);
    change(&right, 0xe);
    define(&right, "RIGHT", 0x1b);
    chains_read();
    struct rota_forensics found = find(2, 3);
    cr_expect_eq(found.verdict, ROTA_FORENSICS_NO_CONFLICT, "two certificates of the block that ended it");
    rota_forensics_free(&found);
}

/* Nothing is said that does not follow. */
Test(forensics_epochs, different_heights_without_headers_are_undecided)
{
    define(&left, "ONE", 0x7);
    define(&right, "ONE", 0x7);
    define(&right, "TWO", 0x7);
    chains_read();
    struct rota_forensics found = find(1, 2);
    cr_expect_eq(found.verdict, ROTA_FORENSICS_UNDECIDED);
    cr_expect_eq(found.culprits, 0);
    rota_forensics_free(&found);
}

/* PROTOCOL M11: what a manifest gives up nobody lied about. */
Test(forensics_epochs, what_a_manifest_gave_up_names_nobody)
{
    define(&left, "ONE", 0x7);
    define(&right, "ONE", 0x7);
    define(&left, "LEFT", 0x7);
    maker_discontinue(&right, grown, 4, 0x7, 0x7);
    chains_read();
    for (int way = 0; way < 2; way++) {
        struct rota_forensics found = find(way == 0 ? 0 : 2, 2);
        cr_expect_eq(found.verdict, ROTA_FORENSICS_GIVEN_UP);
        cr_expect_eq(found.culprits, 0);
        rota_forensics_free(&found);
    }
}

/* As two receipts show it: on the left the certificate of the newest block and the headers from this height up to it, on the
 * right the kept block. */
static struct rota_forensics find_from(uint64_t height, bool swapped)
{
    struct rota_forensics found;
    struct rota_forensics_side sides[2];
    sides[swapped] = (struct rota_forensics_side){
        .epochs = &chains[0], .header_count = (uint32_t)(left.height + 1 - height), .headers = &left.headers[height]};
    sides[!swapped] =
        (struct rota_forensics_side){.epochs = &chains[1], .header_count = 1, .headers = &right.headers[right.height]};
    cr_assert(rota_is_ok(rota_store_certificate(&sides[swapped].certificate, left.store, left.height)));
    cr_assert(rota_is_ok(rota_store_certificate(&sides[!swapped].certificate, right.store, right.height)));
    struct rota_status status = rota_forensics_compare(&found, sides, NULL, 0);
    cr_assert(rota_is_ok(status), "%s", status.why);
    expect_proven(&found);
    return found;
}

/* The left has another block 2 than the one that the right's manifest keeps, or the same, and goes on to block 4. */
static void begin_beside_manifest(const char *second)
{
    define(&left, "ONE", 0x7);
    define(&right, "ONE", 0x7);
    define(&left, second, 0);
    define(&left, "MORE", 0);
    define(&left, "LAST", 0x7);
    define(&right, "TWO", 0xe);
    maker_discontinue(&right, grown, 4, 0x7, 0x7);
    chains_read();
}

/* PROTOCOL M11: it gives up what is above the kept block, and not another block in its place. */
Test(forensics_epochs, a_fork_at_the_kept_block_was_not_given_up)
{
    begin_beside_manifest("OTHER");
    for (int way = 0; way < 5; way++) {
        struct rota_forensics found = way == 4 ? find(0, 0) : find_from(2 + (way & 1), way >= 2);
        cr_expect_eq(found.verdict, ROTA_FORENSICS_NAMED, "way %d: %d", way, (int)found.verdict);
        cr_expect_eq(found.epoch.membership.epoch, 0);
        cr_expect_eq(found.culprits, 0x6, "%x", found.culprits);
        rota_forensics_free(&found);
    }
}

/* Headers that reach no further down than this, or that are no chain, show no fork. */
Test(forensics_epochs, what_shows_no_fork_at_the_kept_block_was_given_up)
{
    begin_beside_manifest("OTHER");
    for (uint64_t height = 3; height <= 4; height++) {
        left.headers[4].time_ms += height == 3; /* no certificate names this one */
        struct rota_forensics found = find_from(height, false);
        left.headers[4].time_ms -= height == 3;
        cr_expect_eq(found.verdict, ROTA_FORENSICS_GIVEN_UP, "%d", (int)found.verdict);
        rota_forensics_free(&found);
    }
}

Test(forensics_epochs, what_stands_on_the_kept_block_was_given_up)
{
    begin_beside_manifest("TWO");
    for (int way = 0; way < 4; way++) {
        struct rota_forensics found = find_from(2 + (way & 1), way >= 2);
        cr_expect_eq(found.verdict, ROTA_FORENSICS_GIVEN_UP, "way %d: %d", way, (int)found.verdict);
        cr_expect_eq(found.culprits, 0);
        rota_forensics_free(&found);
    }
}

/* Two manifests that keep two blocks of one height: whoever approved of them, two quorums certified these. */
Test(forensics_epochs, two_blocks_that_two_manifests_keep_are_a_fork)
{
    define(&left, "LEFT", 0x7);
    define(&right, "RIGHT", 0xe);
    maker_discontinue(&left, grown, 4, 0x7, 0x7);
    maker_discontinue(&right, grown, 4, 0x7, 0x7);
    chains_read();
    struct rota_forensics found = find(2, 2);
    cr_expect_eq(found.verdict, ROTA_FORENSICS_NAMED, "%d", (int)found.verdict);
    cr_expect_eq(found.culprits, 0x6, "%x", found.culprits);
    rota_forensics_free(&found);
}

/* Whoever made the file: an epoch counts only with the certificate of the block that it stands on, by the members before. */
Test(forensics_epochs, a_file_does_not_make_up_members)
{
    struct rota_epoch_chain chain;
    define(&left, "ONE", 0x7);
    change(&left, 0);
    cr_expect_neq(rota_epoch_chain_of_ledger(&chain, &left.genesis, left.store).code, ROTA_OK, "it was never certified");
    cr_expect_null(chain.epochs);
    define(&right, "ONE", 0x7);
    change(&right, 0x3);
    cr_expect_neq(rota_epoch_chain_of_ledger(&chain, &left.genesis, right.store).code, ROTA_OK, "by fewer than a quorum");
    cr_expect_null(chain.epochs);
}

/* A certificate of the newest block that claims to be of this epoch. */
static void claim(struct maker *maker, uint32_t epoch)
{
    struct rota_certificate certificate;
    maker_certificate(&certificate, maker, maker->height, maker->height % 2, 0x7);
    certificate.epoch = epoch;
    cr_assert(rota_is_ok(rota_store_begin(maker->store)) && rota_is_ok(rota_store_certify(maker->store, &certificate)) &&
              rota_is_ok(rota_store_commit(maker->store)));
}

static void expect_incomplete(void)
{
    struct rota_forensics found;
    chains_read();
    struct rota_status status = compare_files(&found);
    cr_expect_eq(status.code, ROTA_INCOMPLETE, "%d: %s", (int)status.code, status.why);
}

/* The epoch in a file's certificate is no more than a claim: nothing is looked up by it before the file's own blocks lead
 * there, and it is not taken for one history that they do not. */
Test(forensics_epochs, a_certificate_of_an_epoch_that_its_file_never_had_says_nothing)
{
    define(&left, "ONE", 0x7);
    define(&right, "ONE", 0x7);
    define(&left, "LEFT", 0x7);
    define(&right, "RIGHT", 0);
    claim(&right, 7);
    expect_incomplete();
}

Test(forensics_epochs, it_says_nothing_beside_a_file_that_had_the_epoch)
{
    define(&left, "ONE", 0x7);
    define(&right, "ONE", 0x7);
    maker_discontinue(&left, grown, 4, 0x7, 0x7);
    define(&right, "RIGHT", 0);
    claim(&right, 1);
    expect_incomplete();
}

Test(forensics_epochs, a_receipt_leads_to_its_epoch_by_itself)
{
    struct rota_receipt receipt;
    define(&left, "ONE", 0x7);
    change(&left, 0xb);
    define(&left, "TWO", 0x1d);
    rota_store_close(left.store);
    left.store = NULL;
    char *text = maker_receipt(&left, 3, 3);
    cr_assert(rota_is_ok(rota_receipt_parse(&receipt, rota_view_text(text))));
    cr_assert(rota_is_ok(rota_epoch_chain_of_receipt(&chains[0], &left.genesis, &receipt)));
    cr_expect_eq(chains[0].count, 2);
    const struct rota_epoch *epoch = rota_epoch_chain_find(&chains[0], 1);
    cr_assert_not_null(epoch);
    cr_expect_null(rota_epoch_chain_find(&chains[0], 2));
    cr_expect(rota_is_ok(rota_certificate_verify(&epoch->membership, &receipt.certificate)));
    cr_expect(rota_hash_equal(&epoch->membership.base, &left.hashes[2]));
    rota_receipt_free(&receipt);
    free(text);
}
