/* Evidence against a primary by one entry of what it proposed (PROTOCOL E9): what is wrong by its bytes convicts whoever
 * signed for them, and nobody is convicted of bytes that its block never held. */
#include "evidence_parts.h"

#include "ledger/schedule/state.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct rota_genesis genesis;

static void start(void)
{
    fixture_genesis(&genesis, 4);
}

static void end(void)
{
    rota_genesis_free(&genesis);
}

TestSuite(evidence_entry, .init = start, .fini = end);

/* Whether it is proof against the block's primary: a NULL maker's evidence is none. */
static bool proves(struct rota_evidence *evidence)
{
    struct rota_evidence *read = NULL;
    bool good = evidence && rota_is_ok(rota_evidence_parse(&read, rota_view(evidence->bytes, evidence->len))) &&
                rota_is_ok(rota_evidence_verify(read, &genesis.membership, NULL));
    rota_evidence_release(read);
    rota_evidence_release(evidence);
    return good;
}

/* A block whose only entry this is, on top of three leaves: is its primary convicted? */
static bool convicts(uint8_t kind, struct rota_view bytes)
{
    struct parts_block block;
    struct parts_entry entry = {kind, bytes};
    parts_block_make(&block, &genesis, 3, &entry, 1);
    bool good = proves(parts_block_evidence(&block, &genesis, &entry, 3));
    parts_block_free(&block);
    return good;
}

static struct rota_view view_of(const struct rota_entry *entry)
{
    return rota_entry_bytes(entry);
}

/* ---- entries that may stand in a block ---------------------------------------------------------------------------------
 */

/* One good entry of each kind. */
enum { GOOD_ENTRIES = 5 };
static void good_entries(struct rota_entry out[GOOD_ENTRIES], struct rota_epoch *epoch, char **document)
{
    static const char *const labels[] = {"alpha", "bravo", "charlie", "delta", "m-4"};
    rota_epoch_of_genesis(epoch, &genesis);
    *document = fixture_epoch_document(epoch, labels, 5, "");
    out[0] = fixture_entry_of_proposal(
        fixture_proposal(&genesis, &(struct fixture_payload){.author = "alpha-scheduler", .seq = 1, .ops = PARTS_OPS}));
    out[1] = fixture_entry_of_evidence(fixture_vote_evidence(&genesis, ROTA_VOTE_COMMIT, 2, 1, 3, 7));
    out[2] = fixture_entry_of_evidence(fixture_coordinator_evidence(&genesis, "bravo-scheduler", 4));
    out[3] = fixture_entry_of_record(fixture_anchor(&genesis, 3, 1));
    out[4] = fixture_entry_of_change(fixture_epoch_change(epoch, *document, 0x7));
}

static void entries_release(struct rota_entry *entries, char *document)
{
    for (int i = 0; i < GOOD_ENTRIES; i++)
        rota_entry_release(&entries[i]);
    free(document);
}

Test(evidence_entry, good_entries_of_every_kind_convict_nobody)
{
    struct rota_entry entries[GOOD_ENTRIES];
    struct rota_epoch epoch;
    char *document;
    good_entries(entries, &epoch, &document);
    for (int i = 0; i < GOOD_ENTRIES; i++) {
        struct rota_hash leaf, of_bytes;
        leaf = rota_entry_leaf(&entries[i]);
        cr_assert(rota_entry_leaf_of_bytes(&of_bytes, entries[i].kind, view_of(&entries[i])));
        cr_expect(rota_hash_equal(&leaf, &of_bytes), "entry %d", i);
        cr_expect_not(convicts((uint8_t)entries[i].kind, view_of(&entries[i])), "entry %d", i);
    }
    entries_release(entries, document);
}

/* Only the ledger below knows a key, what it may sign, and whether a seq was used: such faults are of no use here. */
Test(evidence_entry, what_only_the_ledger_can_say_convicts_nobody)
{
    static const char *const authors[] = {"nobody-knows-this-key", "alpha-scheduler"};
    for (int i = 0; i < 2; i++) {
        char *text = fixture_proposal_text(
            &genesis, &(struct fixture_payload){.author = authors[i], .seq = 1, .exp = 1, .ops = PARTS_OPS});
        cr_expect_not(convicts(ROTA_ENTRY_PROPOSAL, rota_view_text(text)), "%s", authors[i]);
        free(text);
    }
}

/* ---- entries that may not ------------------------------------------------------------------------------------------- */

/* The proposal's text with its payload put aside. */
static char *with_payload(const char *text, const char *payload)
{
    const char *first = strchr(text, '.'), *second = strchr(first + 1, '.');
    char *made = calloc(1, strlen(text) + strlen(payload) + 1);
    cr_assert_not_null(made);
    memcpy(made, text, (size_t)(first + 1 - text));
    (void)strcat(made, payload);
    (void)strcat(made, second);
    return made;
}

Test(evidence_entry, a_proposal_that_is_none_convicts)
{
    static const struct {
        const char *what, *payload;
    } ways[] = {{"no base64url", "!!!!"},
                {"one part more", "e30.e30"},
                {"no payload", ""},
                {"an empty object", "e30"},
                {"no JSON", "e30e"}};
    char *text =
        fixture_proposal_text(&genesis, &(struct fixture_payload){.author = "alpha-scheduler", .seq = 1, .ops = PARTS_OPS});
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char *false_text = with_payload(text, ways[i].payload);
        cr_expect(convicts(ROTA_ENTRY_PROPOSAL, rota_view_text(false_text)), "%s", ways[i].what);
        free(false_text);
    }
    free(text);
}

Test(evidence_entry, a_proposal_for_another_ledger_convicts)
{
    struct rota_hash other = parts_hash(3);
    char *text = fixture_proposal_text(
        &genesis, &(struct fixture_payload){.author = "alpha-scheduler", .seq = 1, .ops = PARTS_OPS, .ledger = &other});
    cr_expect(convicts(ROTA_ENTRY_PROPOSAL, rota_view_text(text)));
    free(text);
}

/* n - s for s: the same signature to a verifier that does not insist on low-S. */
static void make_high(struct rota_signature *signature)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
                                      0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - signature->b[32 + i] - borrow;
        borrow = digit < 0;
        signature->b[32 + i] = (uint8_t)(digit + 256 * borrow);
    }
}

Test(evidence_entry, a_high_s_signature_convicts)
{
    struct rota_proposal *proposal =
        fixture_proposal(&genesis, &(struct fixture_payload){.author = "alpha-scheduler", .seq = 1, .ops = PARTS_OPS});
    struct rota_signature high = proposal->jws.signature;
    size_t chars = rota_base64url_chars(sizeof high.b), len = proposal->jws.text.len;
    char *text = calloc(1, len + 1);
    cr_assert_not_null(text);
    make_high(&high);
    memcpy(text, proposal->text, len);
    rota_base64url_encode(text + len - chars, rota_view(high.b, sizeof high.b));
    cr_expect_not(convicts(ROTA_ENTRY_PROPOSAL, proposal->jws.text));
    cr_expect(convicts(ROTA_ENTRY_PROPOSAL, rota_view(text, len)));
    free(text);
    rota_proposal_release(proposal);
}

/* One proposal of this author, with the signature of another one. malloc'd. */
static char *forged_text(const char *author)
{
    char *text = fixture_proposal_text(&genesis, &(struct fixture_payload){.author = author, .seq = 1, .ops = PARTS_OPS});
    char *other = fixture_proposal_text(&genesis, &(struct fixture_payload){.author = author, .seq = 2, .ops = PARTS_OPS});
    memcpy(strrchr(text, '.'), strrchr(other, '.'), strlen(strrchr(text, '.')));
    free(other);
    return text;
}

/* The evidence of a block whose only entry is this text. */
static struct rota_evidence *text_evidence(const char *text)
{
    struct parts_block block;
    struct parts_entry entry = {ROTA_ENTRY_PROPOSAL, rota_view_text(text)};
    parts_block_make(&block, &genesis, 3, &entry, 1);
    struct rota_evidence *evidence = parts_block_evidence(&block, &genesis, &entry, 3);
    cr_assert_not_null(evidence);
    parts_block_free(&block);
    return evidence;
}

static enum rota_code verdict_with(const struct rota_evidence *evidence, const char *author)
{
    struct rota_es256k_secret secret;
    if (!author)
        return rota_evidence_verify(evidence, &genesis.membership, NULL).code;
    fixture_coordinator_secret(&secret, author);
    return rota_evidence_verify(evidence, &genesis.membership, &secret.public_key).code;
}

/* Its key is the coordinator's whom the text names, and no other one. */
Test(evidence_entry, a_forged_proposal_convicts_where_its_key_is_known)
{
    char *text = forged_text("alpha-scheduler");
    struct rota_evidence *forged = text_evidence(text);
    const struct rota_kid *kid = rota_evidence_kid(forged);
    struct rota_kid alpha = fixture_kid("alpha-scheduler");
    cr_assert(kid && rota_kid_equal(kid, &alpha));
    cr_expect_eq(verdict_with(forged, "alpha-scheduler"), ROTA_OK);
    cr_expect_eq(verdict_with(forged, NULL), ROTA_UNKNOWN_KEY);
    cr_expect_eq(verdict_with(forged, "bravo-scheduler"), ROTA_UNKNOWN_KEY, "it would refuse whatever alpha signed");
    free(text);
    rota_evidence_release(forged);
    text =
        fixture_proposal_text(&genesis, &(struct fixture_payload){.author = "alpha-scheduler", .seq = 1, .ops = PARTS_OPS});
    struct rota_evidence *good = text_evidence(text);
    cr_expect_eq(verdict_with(good, "alpha-scheduler"), ROTA_REFUSED);
    cr_expect_eq(verdict_with(good, "bravo-scheduler"), ROTA_UNKNOWN_KEY);
    free(text);
    rota_evidence_release(good);
}

/* Everybody must judge it alike: it is ordered only where the schedule has the key. */
Test(evidence_entry, what_depends_on_a_key_is_ordered_where_the_key_is_known)
{
    static const struct {
        const char *author;
        enum rota_code code;
    } authors[] = {{"alpha-scheduler", ROTA_OK}, {"nobody-knows-this-key", ROTA_UNKNOWN_KEY}};
    struct rota_state *state;
    cr_assert(rota_is_ok(rota_state_new(&state, &genesis)));
    for (int i = 0; i < 2; i++) {
        char *text = forged_text(authors[i].author);
        struct rota_entry entry = fixture_entry_of_evidence(text_evidence(text));
        cr_expect_eq(rota_state_admit(state, &entry).code, authors[i].code, "%s", authors[i].author);
        rota_entry_release(&entry);
        free(text);
    }
    rota_state_free(state);
}

/* Evidence whose accused never signed: to carry it into a block is a lie of the primary. */
Test(evidence_entry, evidence_that_does_not_hold_convicts_who_proposed_it)
{
    struct rota_evidence *inner = fixture_vote_evidence(&genesis, ROTA_VOTE_COMMIT, 2, 1, 3, 7);
    cr_expect_not(convicts(ROTA_ENTRY_EVIDENCE, rota_view(inner->bytes, inner->len)));
    inner->bytes[inner->len - 10] ^= 1; /* in the second signature */
    cr_expect(convicts(ROTA_ENTRY_EVIDENCE, rota_view(inner->bytes, inner->len)));
    cr_expect(convicts(ROTA_ENTRY_EVIDENCE, rota_view(inner->bytes, inner->len - 1)), "no evidence at all");
    rota_evidence_release(inner);
}

Test(evidence_entry, evidence_of_an_epoch_that_has_not_begun_convicts)
{
    genesis.membership.epoch = 4;
    struct rota_evidence *later = fixture_vote_evidence(&genesis, ROTA_VOTE_COMMIT, 2, 1, 3, 7);
    genesis.membership.epoch = 3;
    cr_expect(convicts(ROTA_ENTRY_EVIDENCE, rota_view(later->bytes, later->len)));
    genesis.membership.epoch = 5; /* of one that is over: judged by members who are not these */
    cr_expect_not(convicts(ROTA_ENTRY_EVIDENCE, rota_view(later->bytes, later->len)));
    rota_evidence_release(later);
}

/* A chain of such evidence in such evidence would have no end: the first one within it is left alone. */
Test(evidence_entry, evidence_of_an_entry_within_one_convicts_nobody)
{
    struct parts_block block;
    struct parts_entry good = {ROTA_ENTRY_RECORD, {NULL, 0}};
    struct rota_record *record = fixture_anchor(&genesis, 3, 1);
    good.bytes = rota_view(record->bytes, record->len);
    parts_block_make(&block, &genesis, 3, &good, 1);
    struct rota_evidence *false_one = parts_block_evidence(&block, &genesis, &good, 3);
    cr_assert_not_null(false_one);
    cr_expect_not(convicts(ROTA_ENTRY_EVIDENCE, rota_view(false_one->bytes, false_one->len)));
    rota_evidence_release(false_one);
    parts_block_free(&block);
    rota_record_release(record);
}

Test(evidence_entry, a_record_that_its_member_did_not_sign_convicts)
{
    struct rota_record *record = fixture_anchor(&genesis, 3, 1);
    record->bytes[record->len - 1] ^= 1;
    cr_expect(convicts(ROTA_ENTRY_RECORD, rota_view(record->bytes, record->len)));
    record->bytes[record->len - 1] ^= 1;
    record->bytes[0] = 200;
    cr_expect(convicts(ROTA_ENTRY_RECORD, rota_view(record->bytes, record->len)), "a record of no kind");
    rota_record_release(record);
}

Test(evidence_entry, an_epoch_change_that_does_not_hold_convicts)
{
    static const char *const labels[] = {"alpha", "bravo", "charlie", "delta", "m-4"};
    struct rota_epoch epoch;
    rota_epoch_of_genesis(&epoch, &genesis);
    char *document = fixture_epoch_document(&epoch, labels, 5, "");
    struct rota_epoch_change *few = fixture_epoch_change(&epoch, document, 0x3);
    cr_expect(convicts(ROTA_ENTRY_CONFIG, rota_view(few->bytes, few->len)), "two of four approve");
    rota_epoch_change_release(few);
    struct rota_epoch_change *forged = fixture_epoch_change(&epoch, document, 0x7);
    forged->bytes[forged->len - 1] ^= 1;
    cr_expect(convicts(ROTA_ENTRY_CONFIG, rota_view(forged->bytes, forged->len)), "a forged approval");
    rota_epoch_change_release(forged);
    free(document);
}

/* Its approvals are of members of the epoch before: in the epoch that it begins nobody here can judge it. */
Test(evidence_entry, a_recovery_manifest_convicts_nobody)
{
    static const char *const labels[] = {"alpha", "bravo", "charlie", "delta"};
    struct rota_discontinuity kept = {7, parts_hash(5)};
    struct rota_epoch epoch;
    rota_epoch_of_genesis(&epoch, &genesis);
    char *document = fixture_manifest_document(&epoch, labels, 4, "", &kept);
    struct rota_epoch_change *manifest = fixture_epoch_change(&epoch, document, 0x7);
    const struct rota_membership before = genesis.membership;
    genesis.membership = manifest->next.membership;
    cr_expect_not(convicts(ROTA_ENTRY_CONFIG, rota_view(manifest->bytes, manifest->len)));
    cr_expect(convicts(ROTA_ENTRY_CONFIG, rota_view(manifest->bytes, manifest->len - 1)), "it is none");
    genesis.membership = before;
    rota_epoch_change_release(manifest);
    free(document);
}

/* ---- framing ------------------------------------------------------------------------------------------------------------
 */

/* An honest block: one good proposal on top of three leaves, of which one is an anchor of an earlier epoch. */
static char *honest(struct parts_block *block, struct parts_entry *entry)
{
    char *text =
        fixture_proposal_text(&genesis, &(struct fixture_payload){.author = "alpha-scheduler", .seq = 1, .ops = PARTS_OPS});
    *entry = (struct parts_entry){ROTA_ENTRY_PROPOSAL, rota_view_text(text)};
    parts_block_make(block, &genesis, 3, entry, 1);
    return text;
}

/* The signature's last character has four bits to spare: another character there is another text, but the same 64 bytes. */
Test(evidence_entry, a_text_that_was_never_proposed_has_no_leaf)
{
    struct parts_block block;
    struct parts_entry entry;
    char *text = honest(&block, &entry);
    char *last = text + strlen(text) - 1;
    const char good = *last;
    for (char c = '-'; c <= 'z'; c++) {
        *last = c;
        bool same = c == good;
        cr_expect_eq(parts_block_proves_entry(&block, &genesis, &entry, 3), same, "%c", c);
        cr_expect_not(proves(parts_block_evidence(&block, &genesis, &entry, 3)), "%c", c);
    }
    *last = good;
    parts_block_free(&block);
    free(text);
}

/* The same leaf bytes as another kind of entry, or as the block's own leaf. */
Test(evidence_entry, an_entry_has_its_own_kind)
{
    struct parts_block block;
    struct parts_entry entry;
    char *text = honest(&block, &entry);
    for (uint32_t kind = 0; kind < 256; kind++) {
        entry.kind = (uint8_t)kind;
        cr_expect_eq(parts_block_proves_entry(&block, &genesis, &entry, 3), kind == ROTA_ENTRY_PROPOSAL, "kind %u", kind);
    }
    parts_block_free(&block);
    free(text);
}

/* Below the block's own entries lie those of every block before it: an anchor of the epoch before is no entry of this epoch,
 * and was none of this block. */
Test(evidence_entry, an_entry_of_an_earlier_block_is_not_the_primarys)
{
    struct rota_record *earlier = fixture_anchor(&genesis, 3, 1);
    struct parts_block block;
    struct parts_entry entries[2] = {{ROTA_ENTRY_RECORD, rota_view(earlier->bytes, earlier->len)}};
    char *text =
        fixture_proposal_text(&genesis, &(struct fixture_payload){.author = "alpha-scheduler", .seq = 1, .ops = PARTS_OPS});
    entries[1] = (struct parts_entry){ROTA_ENTRY_PROPOSAL, rota_view_text(text)};
    genesis.membership.epoch = 1;
    parts_block_make(&block, &genesis, 2, entries, 2);
    cr_expect(proves(parts_block_evidence(&block, &genesis, &entries[0], 2)), "if it were its own, it would be one");
    parts_block_free(&block);
    parts_block_make(&block, &genesis, 2, entries, 2);
    block.header.entry_count = 1; /* the honest block: the anchor lies below it */
    parts_block_sign(&block, &genesis);
    cr_expect_not(proves(parts_block_evidence(&block, &genesis, &entries[0], 2)));
    genesis.membership.epoch = 0;
    parts_block_free(&block);
    free(text);
    rota_record_release(earlier);
}

/* What is false was never under this root: not at another place, not by another way. */
Test(evidence_entry, a_false_entry_does_not_get_under_an_honest_root)
{
    struct parts_block block;
    struct parts_entry entry, other = {ROTA_ENTRY_RECORD, rota_view("\x01", 1)};
    char *text = honest(&block, &entry);
    for (uint64_t index = 0; index < 6; index++)
        cr_expect_not(proves(parts_block_evidence(&block, &genesis, &other, index)), "leaf %llu", (unsigned long long)index);
    parts_block_free(&block);
    free(text);
}

/* A VIEW-CHANGE, a COMMIT, somebody else's PREPARE: only a PREPARE of the accused for this very header counts. */
Test(evidence_entry, only_who_signed_for_it_is_convicted)
{
    struct parts_block block;
    struct parts_entry entry = {ROTA_ENTRY_RECORD, rota_view("\x01", 1)};
    parts_block_make(&block, &genesis, 3, &entry, 1);
    cr_expect(proves(parts_block_evidence(&block, &genesis, &entry, 3)));
    block.prepare = parts_vote(&genesis, ROTA_VOTE_COMMIT, 1, 5, block.header.height, &block.prepare.vote.block);
    cr_expect_not(proves(parts_block_evidence(&block, &genesis, &entry, 3)), "a COMMIT");
    block.prepare = parts_vote(&genesis, ROTA_VOTE_PREPARE, 2, 5, block.header.height, &block.prepare.vote.block);
    cr_expect_not(proves(parts_block_evidence(&block, &genesis, &entry, 3)), "of another member");
    struct rota_hash other = parts_hash(4);
    block.prepare = parts_vote(&genesis, ROTA_VOTE_PREPARE, 1, 5, block.header.height, &other);
    cr_expect_not(proves(parts_block_evidence(&block, &genesis, &entry, 3)), "for another block");
    parts_block_free(&block);
}

Test(evidence_entry, is_never_larger_than_evidence_may_be)
{
    size_t len = ROTA_EVIDENCE_BYTES_MAX;
    uint8_t *bytes = calloc(1, len);
    struct parts_block block;
    struct parts_entry entry = {ROTA_ENTRY_EVIDENCE, rota_view(bytes, len)};
    cr_assert_not_null(bytes);
    parts_block_make(&block, &genesis, 3, &entry, 1);
    cr_expect_null(parts_block_evidence(&block, &genesis, &entry, 3));
    parts_block_free(&block);
    entry.bytes = rota_view(bytes, len - 1024);
    parts_block_make(&block, &genesis, 3, &entry, 1);
    cr_expect(proves(parts_block_evidence(&block, &genesis, &entry, 3)));
    parts_block_free(&block);
    free(bytes);
}
