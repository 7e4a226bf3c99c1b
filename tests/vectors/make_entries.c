/* What blocks carry: proposals, evidence, records, epoch changes; and what looks like them and is none. */
#include "tests/vectors/vectors.h"

#include "ledger/epoch_change.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* ---- proposals ------------------------------------------------------------------------------------------------------ */

#define ASSIGN(person, facility, minutes)                                                           \
    "[{\"op\":\"assign\",\"person\":\"" person "\",\"code\":\"DAY\",\"facility\":\"" facility "\"," \
    "\"start\":\"2026-12-01T07:00Z\",\"minutes\":" minutes "}]"

/* Everything that can be said of a text that has the form of a JWS. Takes the text. */
static json_t *proposal_of_text(char *text)
{
    struct rota_jws jws;
    cr_assert(rota_is_ok(rota_jws_parse(&jws, rota_view_text(text), ROTA_PROPOSAL_TYP)));
    struct rota_hash id = rota_hash_of(NULL, jws.signing_input);
    json_t *made = json_pack("{s:s,s:o,s:o}", "jws", text, "kid", vectors_hex(jws.kid.b, sizeof jws.kid.b), "id",
                             vectors_hex(id.b, sizeof id.b));
    free(text);
    return made;
}

static void proposal_add(json_t *list, const struct rota_genesis *genesis, const char *name,
                         const struct fixture_payload *payload, const char *why)
{
    vectors_add(list, name, proposal_of_text(fixture_proposal_text(genesis, payload)), why);
}

/* s becomes n - s: the same signature to whoever does not look. */
static json_t *proposal_high_s(const struct rota_genesis *genesis, const struct fixture_payload *payload)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
                                      0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    char *text = fixture_proposal_text(genesis, payload), encoded[128];
    struct rota_jws jws;
    uint8_t signature[64];
    int borrow = 0;
    cr_assert(rota_is_ok(rota_jws_parse(&jws, rota_view_text(text), ROTA_PROPOSAL_TYP)));
    memcpy(signature, jws.signature.b, sizeof signature);
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - signature[32 + i] - borrow;
        borrow = digit < 0;
        signature[32 + i] = (uint8_t)(digit + 256 * borrow);
    }
    rota_base64url_encode(encoded, rota_view(signature, sizeof signature));
    memcpy(strrchr(text, '.') + 1, encoded, strlen(encoded));
    return proposal_of_text(text);
}

static json_t *proposal_of_another_text(const struct rota_genesis *genesis, const struct fixture_payload *payload)
{
    char *text = fixture_proposal_text(genesis, payload), *payload_text = strchr(text, '.') + 40;
    *payload_text = *payload_text == 'A' ? 'B' : 'A';
    return proposal_of_text(text);
}

json_t *vectors_proposals(const struct rota_genesis *genesis)
{
    json_t *list = json_array();
    struct rota_hash other = {{1, 2, 3}};
    struct fixture_payload usual = {.author = "alpha-scheduler", .seq = 1, .ops = ASSIGN("p-1", "alpha", "600")}, payload;
    proposal_add(list, genesis, "assign", &usual, NULL);
    payload = (struct fixture_payload){
        .author = "bravo-director",
        .seq = (UINT64_C(1) << 53) - 1,
        .exp = 12,
        .reason = "a.B_c-9",
        .ops =
            "[{\"op\":\"person.enrol\",\"person\":\"p-90\",\"facility\":\"bravo\"},{\"op\":\"code.define\",\"code\":\"X\"}]",
        .expect = "[{\"person\":\"p-1\",\"day\":\"2026-12-01\",\"rev\":3}]"};
    proposal_add(list, genesis, "two operations, an expectation, the largest seq", &payload, NULL);
    vectors_add(list, "high s", proposal_high_s(genesis, &usual), "s is the higher of the two: the ledger holds low s only");
    vectors_add(list, "another text", proposal_of_another_text(genesis, &usual), "the text was changed after it was signed");
    payload = usual;
    payload.ledger = &other;
    proposal_add(list, genesis, "another ledger", &payload, "signed well, for another ledger");
    payload = usual;
    payload.author = "nobody";
    proposal_add(list, genesis, "a stranger", &payload, "the genesis does not have this key");
    payload = usual;
    payload.ops = ASSIGN("p-1", "alpha", "600.0");
    proposal_add(list, genesis, "a fraction", &payload, "numbers are integers");
    payload.ops = ASSIGN("p-1", "alpha", "600,\"minutes\":600");
    proposal_add(list, genesis, "a member twice", &payload, "no member stands twice");
    payload.ops = ASSIGN("p-1", "alpha", "600,\"note\":1");
    proposal_add(list, genesis, "an unknown member", &payload, "unknown members are refused");
    payload.ops = ASSIGN("p 1", "alpha", "600");
    proposal_add(list, genesis, "no token", &payload, "a token has no blank");
    payload.ops = "[]";
    proposal_add(list, genesis, "no operation", &payload, "there is at least one");
    return json_pack("{s:o}", "proposals", list);
}

/* ---- evidence ------------------------------------------------------------------------------------------------------- */

/* With `why` the bytes are another's than the evidence says: id and all follow from them. */
static json_t *evidence_of(const struct rota_evidence *evidence, const uint8_t *bytes)
{
    struct rota_hash id = rota_hash_of(ROTA_TAG("evidence"), rota_view(bytes, evidence->len));
    json_t *made = json_pack("{s:i,s:o,s:o}", "kind", bytes[0], "id", vectors_hex(id.b, sizeof id.b), "bytes",
                             vectors_hex(bytes, evidence->len));
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR)
        return made;
    json_object_set_new(made, "member", json_integer(evidence->member));
    json_object_set_new(made, "epoch", json_integer(evidence->epoch));
    json_object_set_new(made, "view", json_integer((json_int_t)evidence->view));
    json_object_set_new(made, "height", json_integer((json_int_t)evidence->height));
    return made;
}

/* The votes of a pair stand behind kind, member and epoch. */
enum { PAIR_AT = 1 + 4 + 4, PAIR_VOTE_BYTES = ROTA_VOTE_BYTES + ROTA_SIGNATURE_BYTES };

static void evidence_add_bad(json_t *list, const struct rota_genesis *genesis)
{
    struct rota_evidence *good = parts_evidence(genesis, 1);
    uint8_t *bytes = malloc(good->len), *first = bytes + PAIR_AT, *second = first + PAIR_VOTE_BYTES;
    cr_assert_not_null(bytes);
    memcpy(bytes, good->bytes, good->len);
    memcpy(second, first, PAIR_VOTE_BYTES);
    vectors_add(list, "E2, one vote twice", evidence_of(good, bytes), "the two votes do not contradict each other");
    memcpy(first, good->bytes + PAIR_AT + PAIR_VOTE_BYTES, PAIR_VOTE_BYTES);
    memcpy(second, good->bytes + PAIR_AT, PAIR_VOTE_BYTES);
    vectors_add(list, "E2, swapped", evidence_of(good, bytes), "the smaller of the two stands first");
    memcpy(bytes, good->bytes, good->len);
    second[PAIR_VOTE_BYTES - 1] ^= 1;
    vectors_add(list, "E2, a wrong signature", evidence_of(good, bytes), "the second signature is nobody's");
    memcpy(bytes, good->bytes, good->len);
    bytes[0] = ROTA_EVIDENCE_DOUBLE_PROPOSAL;
    vectors_add(list, "E1 of one who is not the primary", evidence_of(good, bytes),
                "it is of kind 2: member 2 does not lead view 5");
    free(bytes);
    rota_evidence_release(good);
}

/* E9 of a block of two proposals above three leaves; the second has the signature of the first if it is `forged`. It is
 * about the second one, or, when its header counts one entry only, about the first, which then is of the block below. */
static void evidence_add_entry(json_t *list, const struct rota_genesis *genesis, const char *name, bool forged,
                               const char *why, bool below)
{
    struct parts_block block;
    struct parts_entry entries[2];
    char *texts[2];
    for (uint64_t i = 0; i < 2; i++) {
        texts[i] = fixture_proposal_text(
            genesis, &(struct fixture_payload){.author = "alpha-scheduler", .seq = i + 1, .ops = PARTS_OPS});
        entries[i] = (struct parts_entry){ROTA_ENTRY_PROPOSAL, rota_view_text(texts[i])};
    }
    if (forged)
        memcpy(strrchr(texts[!below], '.'), strrchr(texts[below], '.'), strlen(strrchr(texts[below], '.')));
    parts_block_make(&block, genesis, 3, entries, 2);
    struct rota_evidence *evidence = parts_block_evidence(&block, genesis, &entries[!below], below ? 3 : 4);
    cr_assert_not_null(evidence);
    if (below) { /* the header's last four bytes, and the vote's block and signature */
        enum { VOTE_AT = 1 + 4 + 4, HEADER_AT = VOTE_AT + PAIR_VOTE_BYTES };
        block.header.entry_count = 1;
        parts_block_sign(&block, genesis);
        struct rota_writer writer = rota_writer(evidence->bytes + VOTE_AT, PAIR_VOTE_BYTES);
        rota_vote_encode(&writer, &block.prepare.vote);
        rota_write_signature(&writer, &block.prepare.signature);
        rota_header_encode(evidence->bytes + HEADER_AT, &block.header);
    }
    vectors_add(list, name, evidence_of(evidence, evidence->bytes), why);
    rota_evidence_release(evidence);
    parts_block_free(&block);
    for (int i = 0; i < 2; i++)
        free(texts[i]);
}

json_t *vectors_evidence(const struct rota_genesis *genesis)
{
    json_t *list = json_array();
    for (int form = 0; form <= PARTS_FORMS; form++) {
        struct rota_evidence *evidence = form < PARTS_FORMS ? parts_evidence(genesis, form)
                                                            : fixture_coordinator_evidence(genesis, "charlie-scheduler", 9);
        vectors_add(list, rota_evidence_name(evidence->kind), evidence_of(evidence, evidence->bytes), NULL);
        rota_evidence_release(evidence);
    }
    evidence_add_bad(list, genesis);
    evidence_add_entry(list, genesis, "E9, a forged proposal", true, NULL, false);
    evidence_add_entry(list, genesis, "E9, a good proposal", false, "the entry may stand in a block", false);
    evidence_add_entry(list, genesis, "E9, a forged proposal below", true, "the entry is not one of this block's own", true);
    return json_pack("{s:o}", "evidence", list);
}

/* ---- records -------------------------------------------------------------------------------------------------------- */

/* preimage: what its signer signs; len 0: nobody does. Takes the record. */
static json_t *record_of(struct rota_record *record, const uint8_t *preimage, size_t len)
{
    json_t *made = json_pack("{s:i,s:o,s:o}", "kind", (int)record->kind, "id", vectors_hex(record->id.b, ROTA_HASH_BYTES),
                             "bytes", vectors_hex(record->bytes, record->len));
    if (len > 0)
        json_object_set_new(made, "preimage", vectors_hex(preimage, len));
    rota_record_release(record);
    return made;
}

static json_t *record_of_anchor(const struct rota_genesis *genesis)
{
    uint8_t preimage[ROTA_ANCHOR_PREIMAGE_MAX];
    struct rota_record *record = fixture_anchor(genesis, 6, 9);
    size_t len = rota_anchor_preimage(preimage, &genesis->membership, record->anchor.view, &record->anchor.nv);
    return record_of(record, preimage, len);
}

static json_t *record_of_recovered(const struct rota_genesis *genesis)
{
    uint8_t preimage[ROTA_RECOVERED_PREIMAGE_MAX];
    struct rota_record *record = fixture_recovered(genesis, 2, 3, 5);
    size_t len = rota_recovered_preimage(preimage, &genesis->membership, &record->recovered);
    return record_of(record, preimage, len);
}

static json_t *record_of_tick(void)
{
    struct rota_record *record;
    cr_assert(rota_is_ok(rota_record_of_tick(&record, &(struct rota_tick){.height = 8})));
    return record_of(record, NULL, 0);
}

/* An anchor whose signature is of another view. */
static json_t *record_of_wrong_anchor(const struct rota_genesis *genesis)
{
    struct rota_record *signed_for = fixture_anchor(genesis, 6, 9), *record = NULL;
    struct rota_anchor anchor = signed_for->anchor;
    anchor.view = 10; /* the same primary */
    cr_assert(rota_is_ok(rota_record_of_anchor(&record, &anchor)));
    rota_record_release(signed_for);
    return record_of(record, NULL, 0);
}

json_t *vectors_records(const struct rota_genesis *genesis)
{
    json_t *list = json_array();
    vectors_add(list, "anchor of view 6", record_of_anchor(genesis), NULL);
    vectors_add(list, "RECOVERED of member 2", record_of_recovered(genesis), NULL);
    vectors_add(list, "TICK of block 8", record_of_tick(), NULL);
    vectors_add(list, "anchor with another view's signature", record_of_wrong_anchor(genesis),
                "its primary did not sign this view");
    return json_pack("{s:o}", "records", list);
}

/* ---- epochs --------------------------------------------------------------------------------------------------------- */

/* kept NULL: no recovery manifest. */
static json_t *change_of(const struct rota_epoch *current, uint32_t members, uint32_t approvers, const char *accepts,
                         const struct rota_discontinuity *kept)
{
    static const char *const labels[] = {"alpha", "bravo", "charlie", "delta", "m-4"};
    uint8_t preimage[ROTA_APPROVAL_PREIMAGE_MAX];
    char *document = kept ? fixture_manifest_document(current, labels, members, accepts, kept)
                          : fixture_epoch_document(current, labels, members, accepts);
    struct rota_epoch_change *change = fixture_epoch_change(current, document, approvers);
    size_t len = rota_approval_preimage(preimage, &current->membership, &change->next.membership.config_hash);
    json_t *made = json_pack("{s:s,s:o,s:o,s:o,s:o}", "document", document, "config_hash",
                             vectors_hex(change->next.membership.config_hash.b, ROTA_HASH_BYTES), "approval_preimage",
                             vectors_hex(preimage, len), "id", vectors_hex(change->id.b, ROTA_HASH_BYTES), "bytes",
                             vectors_hex(change->bytes, change->len));
    if (kept)
        json_object_set_new(made, "keeps",
                            json_pack("{s:I,s:o}", "height", (json_int_t)kept->height, "block",
                                      vectors_hex(kept->block.b, ROTA_HASH_BYTES)));
    rota_epoch_change_release(change);
    free(document);
    return made;
}

json_t *vectors_epochs(const struct rota_genesis *genesis)
{
    json_t *list = json_array();
    struct rota_epoch current;
    struct rota_discontinuity kept = {.height = 7, .block = parts_hash(1)};
    rota_epoch_of_genesis(&current, genesis);
    vectors_add(list, "four become five", change_of(&current, 5, 0x7, "", NULL), NULL);
    vectors_add(list, "four become three", change_of(&current, 3, 0xe, "\"fewer-liars\"", NULL), NULL);
    vectors_add(list, "a recovery manifest of two", change_of(&current, 2, 0x7, "\"fewer-liars\",\"two-members\"", &kept),
                NULL);
    vectors_add(list, "two approvals", change_of(&current, 5, 0x3, "", NULL), "fewer than a quorum approve");
    vectors_add(list, "three without a word", change_of(&current, 3, 0xf, "", NULL),
                "fewer liars would be tolerated, and the document does not accept that");
    vectors_add(list, "a stranger approves", change_of(&current, 5, 0x17, "", NULL), "there is no member 4 yet");
    return json_pack("{s:o}", "changes", list);
}
