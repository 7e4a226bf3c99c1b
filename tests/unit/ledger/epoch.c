/* Epoch documents, their approvals, and what follows from them (PROTOCOL M8; FORMATS §16). */
#include "fixture.h"

#include "ledger/schedule/state.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const char *const four[] = {"alpha", "bravo", "charlie", "delta", "m-4", "m-5", "m-6"};

struct change_case {
    const char *const *labels;
    uint32_t count;
    const char *accepts;
    uint32_t approvers;
    enum rota_code expected;
};

static enum rota_code change_code(const struct rota_epoch *current, const struct change_case *tried)
{
    char *document = fixture_epoch_document(current, tried->labels, tried->count, tried->accepts);
    struct rota_epoch_change *change = fixture_epoch_change(current, document, tried->approvers), *again = NULL;
    cr_assert(rota_is_ok(rota_epoch_change_parse(&again, rota_view(change->bytes, change->len))));
    cr_assert(rota_hash_equal(&again->id, &change->id));
    enum rota_code code = rota_epoch_change_verify(again, current).code;
    rota_epoch_change_release(change);
    rota_epoch_change_release(again);
    free(document);
    return code;
}

/* PROTOCOL M8: a quorum of this epoch's administrators, and what is dangerous only when the document says so. */
Test(epoch, what_may_follow)
{
    struct rota_genesis genesis;
    struct rota_epoch current;
    fixture_genesis(&genesis, 4);
    rota_epoch_of_genesis(&current, &genesis);
    static const struct change_case cases[] = {
        {four, 5, "", 0x7, ROTA_OK},
        {four, 5, "", 0xf, ROTA_OK},
        {four, 5, "", 0x3, ROTA_INCOMPLETE},
        {four, 5, "", 0x17, ROTA_UNKNOWN_KEY}, /* the one who joins has no voice yet */
        {four, 7, "", 0xe, ROTA_OK},
        {four, 3, "", 0xf, ROTA_REFUSED},
        {four, 3, "\"fewer-liars\"", 0xf, ROTA_OK},
        {four, 2, "\"fewer-liars\"", 0xf, ROTA_REFUSED},
        {four, 2, "\"fewer-liars\",\"two-members\"", 0xf, ROTA_OK},
        {four + 1, 4, "", 0xd, ROTA_OK},
        {four + 3, 4, "", 0xd, ROTA_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(change_code(&current, &cases[i]), cases[i].expected, "case %zu", i);
    rota_genesis_free(&genesis);
}

/* PROTOCOL M8: a document says which one it follows. */
Test(epoch, a_document_follows_the_one_in_force)
{
    struct rota_genesis genesis;
    struct rota_epoch current, another;
    fixture_genesis(&genesis, 4);
    rota_epoch_of_genesis(&current, &genesis);
    another = current;
    another.membership.config_hash.b[0] ^= 1;
    char *document = fixture_epoch_document(&another, four, 5, "");
    struct rota_epoch_change *change = fixture_epoch_change(&current, document, 0xf);
    cr_assert_eq(rota_epoch_change_verify(change, &current).code, ROTA_REFUSED);
    rota_epoch_change_release(change);
    free(document);
    rota_genesis_free(&genesis);
}

Test(epoch, an_approval_is_for_one_document_of_one_epoch)
{
    struct rota_genesis genesis;
    struct rota_epoch current, other;
    fixture_genesis(&genesis, 4);
    rota_epoch_of_genesis(&current, &genesis);
    char *document = fixture_epoch_document(&current, four, 5, ""), *second = fixture_epoch_document(&current, four, 6, "");
    struct rota_epoch_change *change = fixture_epoch_change(&current, document, 0x7), *mixed = NULL;
    cr_assert(rota_is_ok(rota_epoch_change_new(&mixed, rota_view_text(second), change->approvals, change->approval_count)));
    cr_assert_eq(rota_epoch_change_verify(mixed, &current).code, ROTA_BAD_SIGNATURE);
    other = current;
    other.membership.config_hash.b[0] ^= 1;
    cr_assert_eq(rota_epoch_change_verify(change, &other).code, ROTA_REFUSED, "it names the epoch before");
    other = current;
    other.membership.epoch = 1;
    cr_assert_eq(rota_epoch_change_verify(change, &other).code, ROTA_REFUSED, "stale");
    rota_epoch_change_release(change);
    rota_epoch_change_release(mixed);
    free(document);
    free(second);
    rota_genesis_free(&genesis);
}

Test(epoch, approvals_stand_in_order_and_once)
{
    struct rota_genesis genesis;
    struct rota_epoch current;
    fixture_genesis(&genesis, 4);
    rota_epoch_of_genesis(&current, &genesis);
    char *document = fixture_epoch_document(&current, four, 5, "");
    struct rota_epoch_change *change = fixture_epoch_change(&current, document, 0x7), *out;
    struct rota_approval twice[2] = {change->approvals[1], change->approvals[1]};
    cr_assert_eq(rota_epoch_change_new(&out, rota_view_text(document), twice, 2).code, ROTA_MALFORMED);
    twice[1] = change->approvals[0];
    cr_assert_eq(rota_epoch_change_new(&out, rota_view_text(document), twice, 2).code, ROTA_MALFORMED);
    for (size_t cut = 0; cut < change->len; cut++)
        cr_assert(!rota_is_ok(rota_epoch_change_parse(&out, rota_view(change->bytes, cut))));
    rota_epoch_change_release(change);
    free(document);
    rota_genesis_free(&genesis);
}

static struct rota_status execute(struct rota_state *state, uint64_t height, struct rota_entry *entries, uint32_t count)
{
    struct rota_outcomes outcomes;
    uint32_t bad;
    struct rota_status status = rota_state_execute(state, &outcomes, &bad, height, entries, count);
    if (rota_is_ok(status))
        rota_outcomes_free(&outcomes);
    return status;
}

/* PROTOCOL M8: the second of two documents for one epoch is refused; taken back, the first has never been. */
Test(epoch, two_documents_race_and_one_wins)
{
    struct rota_genesis genesis;
    struct rota_state *state;
    fixture_genesis(&genesis, 4);
    cr_assert(rota_is_ok(rota_state_new(&state, &genesis)));
    struct rota_hash before = rota_state_digest(state);
    const struct rota_epoch *current = rota_state_epoch(state);
    char *a = fixture_epoch_document(current, four, 5, ""), *b = fixture_epoch_document(current, four, 6, "");
    struct rota_entry first = fixture_entry_of_change(fixture_epoch_change(current, a, 0x7));
    struct rota_entry second = fixture_entry_of_change(fixture_epoch_change(current, b, 0xe));
    cr_assert(rota_is_ok(execute(state, 1, &first, 1)));
    cr_assert_eq(rota_state_epoch(state)->membership.count, 5);
    cr_assert_eq(rota_state_epoch_at(state, 1)->membership.count, 4, "its own block is the old members'");
    cr_assert_eq(rota_state_admit(state, &second).code, ROTA_REFUSED);
    cr_assert_eq(rota_state_admit(state, &first).code, ROTA_EXISTS);
    rota_state_undo(state);
    struct rota_hash after = rota_state_digest(state);
    cr_assert(rota_hash_equal(&before, &after));
    cr_assert_eq(rota_state_epoch(state)->membership.epoch, 0);
    cr_assert(rota_is_ok(execute(state, 1, &second, 1)));
    cr_assert_eq(rota_state_epoch(state)->membership.count, 6);
    rota_entry_release(&first);
    rota_entry_release(&second);
    free(a);
    free(b);
    rota_state_free(state);
    rota_genesis_free(&genesis);
}

/* PROTOCOL M6: no proposal beside it, nothing after it. */
Test(epoch, a_config_entry_stands_alone)
{
    struct rota_genesis genesis;
    struct rota_state *state;
    fixture_genesis(&genesis, 4);
    cr_assert(rota_is_ok(rota_state_new(&state, &genesis)));
    const struct rota_epoch *current = rota_state_epoch(state);
    char *document = fixture_epoch_document(current, four, 5, "");
    struct fixture_payload payload = {
        .author = "alpha-director", .seq = 1, .ops = "[{\"op\":\"code.define\",\"code\":\"X\"}]"};
    struct rota_entry change = fixture_entry_of_change(fixture_epoch_change(current, document, 0x7));
    struct rota_entry proposal = fixture_entry_of_proposal(fixture_proposal(&genesis, &payload));
    struct rota_entry evidence = fixture_entry_of_evidence(fixture_coordinator_evidence(&genesis, "bravo-scheduler", 4));
    struct rota_entry after[] = {change, proposal}, beside[] = {proposal, change}, twice[] = {change, change};
    struct rota_entry good[] = {evidence, change};
    cr_assert_eq(execute(state, 1, after, 2).code, ROTA_REFUSED);
    cr_assert_eq(execute(state, 1, beside, 2).code, ROTA_REFUSED);
    cr_assert_eq(execute(state, 1, twice, 2).code, ROTA_REFUSED);
    cr_assert_eq(rota_state_epoch(state)->membership.epoch, 0, "nothing of a refused block stays");
    cr_assert(rota_is_ok(execute(state, 1, good, 2)));
    rota_entry_release(&change);
    rota_entry_release(&proposal);
    rota_entry_release(&evidence);
    free(document);
    rota_state_free(state);
    rota_genesis_free(&genesis);
}
