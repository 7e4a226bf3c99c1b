/* Recovery manifests: an epoch that begins without an end of the one before (PROTOCOL M11; FORMATS §16). */
#include "fixture.h"

#include "ledger/schedule/state.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const char *const four[] = {"alpha", "bravo", "charlie", "delta", "m-4", "m-5"};
static const char smaller[] = "\"fewer-liars\",\"two-members\"";

static struct rota_discontinuity kept_block(uint64_t height, uint8_t salt)
{
    struct rota_discontinuity kept = {.height = height};
    memset(kept.block.b, salt, sizeof kept.block.b);
    return kept;
}

static struct rota_epoch_change *manifest(const struct rota_epoch *current, uint32_t count, uint32_t approvers,
                                          const struct rota_discontinuity *kept)
{
    char *document = fixture_manifest_document(current, four, count, smaller, kept);
    struct rota_epoch_change *change = fixture_epoch_change(current, document, approvers), *again = NULL;
    cr_assert(rota_is_ok(rota_epoch_change_parse(&again, rota_view(change->bytes, change->len))));
    rota_epoch_change_release(change);
    free(document);
    return again;
}

static enum rota_code manifest_code(const struct rota_epoch *current, uint32_t approvers,
                                    const struct rota_discontinuity *kept, const struct rota_discontinuity *tip)
{
    struct rota_epoch_change *change = manifest(current, 2, approvers, kept);
    enum rota_code code = rota_discontinuity_verify(change, current, tip).code;
    rota_epoch_change_release(change);
    return code;
}

/* PROTOCOL M11: two thirds of the administrators, and the very block that the ledger ends with. */
Test(discontinuity, what_a_manifest_needs)
{
    struct rota_genesis genesis;
    struct rota_epoch current;
    fixture_genesis(&genesis, 4);
    rota_epoch_of_genesis(&current, &genesis);
    struct rota_discontinuity kept = kept_block(3, 7), higher = kept_block(4, 7), other = kept_block(3, 8);
    cr_assert_eq(manifest_code(&current, 0x7, &kept, &kept), ROTA_OK);
    cr_assert_eq(manifest_code(&current, 0xf, &kept, NULL), ROTA_OK, "where the ledger ends is not known everywhere");
    cr_assert_eq(manifest_code(&current, 0x3, &kept, &kept), ROTA_INCOMPLETE);
    cr_assert_eq(manifest_code(&current, 0x13, &kept, &kept), ROTA_UNKNOWN_KEY);
    cr_assert_eq(manifest_code(&current, 0x7, &kept, &higher), ROTA_REFUSED);
    cr_assert_eq(manifest_code(&current, 0x7, &kept, &other), ROTA_REFUSED);
    struct rota_epoch_change *change = manifest(&current, 2, 0x7, &kept);
    change->approvals[1].signature.b[0] ^= 1;
    cr_assert_eq(rota_discontinuity_verify(change, &current, &kept).code, ROTA_BAD_SIGNATURE);
    rota_epoch_change_release(change);
    struct rota_epoch later = current;
    later.membership.epoch = 1;
    change = manifest(&later, 2, 0x7, &kept);
    cr_assert_eq(rota_discontinuity_verify(change, &current, &kept).code, ROTA_REFUSED, "made for another epoch");
    rota_epoch_change_release(change);
    rota_genesis_free(&genesis);
}

/* PROTOCOL M11: where a majority decides about blocks, two thirds of the administrators decide about this. */
Test(discontinuity, the_crash_profile_needs_two_thirds_as_well)
{
    struct rota_genesis genesis;
    struct rota_epoch current;
    fixture_genesis(&genesis, 5);
    rota_epoch_of_genesis(&current, &genesis);
    current.membership.profile = ROTA_PROFILE_CRASH;
    struct rota_discontinuity kept = kept_block(3, 7);
    cr_assert_eq(rota_quorum(5, ROTA_PROFILE_CRASH), 3);
    cr_assert_eq(manifest_code(&current, 0x7, &kept, &kept), ROTA_INCOMPLETE);
    cr_assert_eq(manifest_code(&current, 0xf, &kept, &kept), ROTA_OK);
    rota_genesis_free(&genesis);
}

/* PROTOCOL M11: a block of the epoch that is given up, or the one on which that epoch stands. */
Test(discontinuity, what_an_epoch_stands_on_is_not_given_up)
{
    struct rota_genesis genesis;
    struct rota_epoch current;
    fixture_genesis(&genesis, 4);
    rota_epoch_of_genesis(&current, &genesis);
    struct rota_discontinuity base = kept_block(5, 1), below = kept_block(4, 1), another = kept_block(5, 2);
    current.membership.epoch = 2;
    current.membership.base_height = base.height;
    current.membership.base = base.block;
    cr_assert_eq(manifest_code(&current, 0x7, &base, NULL), ROTA_OK);
    cr_assert_eq(manifest_code(&current, 0x7, &below, NULL), ROTA_REFUSED);
    cr_assert_eq(manifest_code(&current, 0x7, &another, NULL), ROTA_REFUSED);
    current.discontinuity = base;
    cr_assert_eq(manifest_code(&current, 0x7, &base, NULL), ROTA_REFUSED, "its own manifest is in no block");
    rota_genesis_free(&genesis);
}

static void form_is_refused(const char *document, const char *from, const char *to)
{
    struct rota_epoch out;
    const char *at = strstr(document, from);
    char *changed = NULL;
    cr_assert_not_null(at, "%s", from);
    cr_assert(asprintf(&changed, "%.*s%s%s", (int)(at - document), document, to, at + strlen(from)) > 0);
    cr_assert(!rota_is_ok(rota_epoch_parse(&out, rota_view_text(changed))), "%s", to);
    free(changed);
}

Test(discontinuity, its_form_is_strict)
{
    struct rota_genesis genesis;
    struct rota_epoch current, out;
    fixture_genesis(&genesis, 4);
    rota_epoch_of_genesis(&current, &genesis);
    struct rota_discontinuity kept = kept_block(3, 0xab);
    char *document = fixture_manifest_document(&current, four, 2, smaller, &kept);
    cr_assert(rota_is_ok(rota_epoch_parse(&out, rota_view_text(document))));
    cr_assert(out.discontinuity.height == 3 && rota_hash_equal(&out.discontinuity.block, &kept.block));
    form_is_refused(document, "\"height\":3", "\"height\":0");
    form_is_refused(document, "\"height\":3", "\"height\":-3");
    form_is_refused(document, "\"height\":3,", "");
    form_is_refused(document, "\"height\":3", "\"height\":3,\"force\":true");
    form_is_refused(document, "\"block\":\"ab", "\"block\":\"AB");
    form_is_refused(document, "\"discontinuity\":{", "\"discontinuity\":[],\"x\":{");
    form_is_refused(document, "\"block_entries\":256", "\"block_entries\":1");
    free(document);
    rota_genesis_free(&genesis);
}

/* ---- in the state --------------------------------------------------------------------------------------------------- */

static struct rota_status execute(struct rota_state *state, struct rota_entry *entries, uint32_t count)
{
    struct rota_outcomes outcomes;
    uint32_t bad;
    struct rota_status status = rota_state_execute(state, &outcomes, &bad, 2, entries, count);
    if (rota_is_ok(status))
        rota_outcomes_free(&outcomes);
    return status;
}

/* A ledger of one block, and a manifest that keeps it. */
struct story {
    struct rota_genesis genesis;
    struct rota_state *state;
    struct rota_discontinuity kept;
    struct rota_entry manifest, proposal;
};

static void story_begin(struct story *story)
{
    struct rota_outcomes outcomes;
    uint32_t bad;
    fixture_genesis(&story->genesis, 4);
    cr_assert(rota_is_ok(rota_state_new(&story->state, &story->genesis)));
    struct fixture_payload payload = {
        .author = "alpha-director", .seq = 1, .ops = "[{\"op\":\"code.define\",\"code\":\"X\"}]"};
    struct rota_entry first = fixture_entry_of_proposal(fixture_proposal(&story->genesis, &payload));
    cr_assert(rota_is_ok(rota_state_execute(story->state, &outcomes, &bad, 1, &first, 1)));
    rota_outcomes_free(&outcomes);
    rota_entry_release(&first);
    rota_state_finalise(story->state);
    story->kept = kept_block(1, 9);
    story->manifest = fixture_entry_of_change(manifest(rota_state_epoch(story->state), 2, 0x7, &story->kept));
    payload.seq = 2;
    payload.ops = "[{\"op\":\"code.define\",\"code\":\"Y\"}]";
    story->proposal = fixture_entry_of_proposal(fixture_proposal(&story->genesis, &payload));
}

static void story_end(struct story *story)
{
    rota_entry_release(&story->manifest);
    rota_entry_release(&story->proposal);
    rota_state_free(story->state);
    rota_genesis_free(&story->genesis);
}

/* PROTOCOL M11: no block of the old epoch holds it; the new one begins above the kept block and not above the manifest. */
Test(discontinuity, it_begins_an_epoch_and_ends_none)
{
    struct story story;
    story_begin(&story);
    cr_assert_eq(execute(story.state, &story.manifest, 1).code, ROTA_REFUSED, "not as a change that ends an epoch");
    cr_assert_eq(rota_epoch_change_verify(story.manifest.change, rota_state_epoch(story.state)).code, ROTA_REFUSED);
    char *plain = fixture_epoch_document(rota_state_epoch(story.state), four, 2, smaller);
    struct rota_epoch_change *change = fixture_epoch_change(rota_state_epoch(story.state), plain, 0x7);
    cr_assert_eq(rota_state_discontinue(story.state, change, &story.kept.block).code, ROTA_REFUSED, "nor an ordinary one");
    struct rota_hash other = kept_block(1, 1).block;
    cr_assert_eq(rota_state_discontinue(story.state, story.manifest.change, &other).code, ROTA_REFUSED);
    cr_assert(rota_is_ok(rota_state_discontinue(story.state, story.manifest.change, &story.kept.block)));
    cr_assert_eq(rota_state_discontinue(story.state, story.manifest.change, &story.kept.block).code, ROTA_EXISTS);
    cr_assert_eq(rota_state_epoch(story.state)->membership.count, 2);
    cr_assert_eq(rota_state_epoch_at(story.state, 1)->membership.epoch, 0);
    cr_assert_eq(rota_state_epoch_at(story.state, 2)->membership.epoch, 1);
    struct rota_hash before = rota_state_digest(story.state);
    cr_assert(rota_is_ok(execute(story.state, &story.manifest, 1)));
    cr_assert_eq(rota_state_admit(story.state, &story.manifest).code, ROTA_EXISTS);
    rota_state_undo(story.state);
    struct rota_hash after = rota_state_digest(story.state);
    cr_assert(rota_hash_equal(&before, &after));
    cr_assert(rota_state_begins_anew(story.state), "its block is taken back; the manifest still waits for one");
    rota_epoch_change_release(change);
    free(plain);
    story_end(&story);
}

/* PROTOCOL M11: the first block of the epoch holds the manifest; an anchor of the new epoch may follow it, and nothing else.
 */
Test(discontinuity, its_block_holds_nothing_else)
{
    struct story story;
    story_begin(&story);
    cr_assert(rota_is_ok(rota_state_discontinue(story.state, story.manifest.change, &story.kept.block)));
    struct rota_record *record = NULL;
    struct rota_anchor anchor = {.epoch = 1, .view = 4};
    cr_assert(rota_is_ok(rota_record_of_anchor(&record, &anchor)));
    struct rota_entry note = fixture_entry_of_record(record);
    struct rota_entry evidence =
        fixture_entry_of_evidence(fixture_coordinator_evidence(&story.genesis, "bravo-scheduler", 4));
    struct rota_entry without[] = {story.proposal}, beside[] = {story.manifest, story.proposal},
                      above[] = {story.proposal, story.manifest}, twice[] = {story.manifest, story.manifest},
                      proof[] = {story.manifest, evidence}, early[] = {note, story.manifest},
                      good[] = {story.manifest, note};
    cr_assert_eq(execute(story.state, without, 1).code, ROTA_REFUSED);
    cr_assert_eq(execute(story.state, beside, 2).code, ROTA_REFUSED);
    cr_assert_eq(execute(story.state, above, 2).code, ROTA_REFUSED);
    cr_assert_eq(execute(story.state, twice, 2).code, ROTA_REFUSED);
    cr_assert_eq(execute(story.state, proof, 2).code, ROTA_REFUSED);
    cr_assert_eq(execute(story.state, early, 2).code, ROTA_REFUSED);
    cr_assert(rota_state_begins_anew(story.state), "nothing of a refused block stays");
    cr_assert(rota_is_ok(execute(story.state, good, 2)));
    cr_assert(rota_is_ok(rota_state_admit(story.state, &story.proposal)), "what waits goes into the next block");
    rota_entry_release(&note);
    rota_entry_release(&evidence);
    story_end(&story);
}

/* PROTOCOL M11: another set of good approvals is the same manifest; another document is none that this node was given. */
Test(discontinuity, the_document_decides_and_not_who_approved)
{
    struct story story;
    story_begin(&story);
    struct rota_entry same = fixture_entry_of_change(manifest(rota_state_epoch(story.state), 2, 0xe, &story.kept));
    struct rota_entry other = fixture_entry_of_change(manifest(rota_state_epoch(story.state), 5, 0xf, &story.kept));
    struct rota_entry weak = fixture_entry_of_change(manifest(rota_state_epoch(story.state), 2, 0x6, &story.kept));
    cr_assert(rota_is_ok(rota_state_discontinue(story.state, story.manifest.change, &story.kept.block)));
    cr_assert_eq(execute(story.state, &other, 1).code, ROTA_REFUSED);
    cr_assert_eq(execute(story.state, &weak, 1).code, ROTA_REFUSED);
    cr_assert(rota_is_ok(execute(story.state, &same, 1)));
    cr_assert_eq(rota_state_admit(story.state, &story.manifest).code, ROTA_EXISTS);
    rota_entry_release(&same);
    rota_entry_release(&other);
    rota_entry_release(&weak);
    story_end(&story);
}
