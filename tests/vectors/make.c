/* Keys, genesis, votes and certificates, and the list of all files. */
#include "tests/vectors/vectors.h"

#include "crypto/digest.h"
#include "crypto/words.h"

#include <criterion/criterion.h>
#include <stdlib.h>

json_t *vectors_hex(const void *bytes, size_t len)
{
    char *text = malloc(2 * len + 1);
    cr_assert_not_null(text);
    rota_hex_encode(text, rota_view(bytes, len));
    json_t *made = json_string(text);
    free(text);
    return made;
}

void vectors_add(json_t *list, const char *name, json_t *item, const char *why)
{
    json_t *named = json_pack("{s:s}", "name", name);
    cr_assert(json_object_update_new(named, item) == 0);
    cr_assert(json_object_set_new(named, "valid", json_boolean(why == NULL)) == 0);
    if (why)
        cr_assert(json_object_set_new(named, "why", json_string(why)) == 0);
    cr_assert(json_array_append_new(list, named) == 0);
}

/* ---- keys ----------------------------------------------------------------------------------------------------------- */

static json_t *key_of_facility(const char *label)
{
    struct rota_ed25519_secret secret;
    fixture_facility_secret(&secret, label);
    return json_pack("{s:s,s:s,s:o,s:o}", "label", label, "role", "facility", "secret",
                     vectors_hex(secret.b, ROTA_ED25519_SEED_BYTES), "public",
                     vectors_hex(secret.public_key.b, sizeof secret.public_key.b));
}

static json_t *key_of_coordinator(const char *label)
{
    struct rota_es256k_secret secret;
    fixture_coordinator_secret(&secret, label);
    return json_pack("{s:s,s:s,s:o,s:o,s:o}", "label", label, "role", "coordinator", "secret",
                     vectors_hex(secret.b, sizeof secret.b), "public",
                     vectors_hex(secret.public_key.compressed, sizeof secret.public_key.compressed), "kid",
                     vectors_hex(secret.public_key.kid.b, sizeof secret.public_key.kid.b));
}

/* Secret keys, for everybody to see: nobody may use them for anything else. */
static json_t *keys_make(const struct rota_genesis *genesis)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < genesis->membership.count; i++)
        json_array_append_new(list, key_of_facility(genesis->membership.members[i].id.text));
    json_array_append_new(list, key_of_facility(fixture_member_label(4))); /* joins in epochs.json */
    for (uint32_t i = 0; i < genesis->coordinator_count; i++)
        json_array_append_new(list, key_of_coordinator(genesis->coordinators[i].label.text));
    json_array_append_new(list, key_of_coordinator("alpha-new")); /* is granted in chain.json */
    return json_pack("{s:s,s:o}", "about", "Published keys, for tests alone. Whoever uses them for anything else is undone.",
                     "keys", list);
}

/* ---- genesis -------------------------------------------------------------------------------------------------------- */

static json_t *genesis_make(const struct rota_genesis *genesis)
{
    char words[ROTA_WORDS_CHARS_MAX];
    rota_words_format(words, &genesis->ledger_id);
    return json_pack("{s:s%,s:o,s:o,s:s}", "document", (const char *)genesis->bytes, genesis->len, "ledger_id",
                     vectors_hex(genesis->ledger_id.b, ROTA_HASH_BYTES), "config_hash",
                     vectors_hex(genesis->membership.config_hash.b, ROTA_HASH_BYTES), "words", words);
}

/* ---- votes ---------------------------------------------------------------------------------------------------------- */

static json_t *vote_made(const struct rota_genesis *genesis, const struct rota_vote *vote, uint32_t member)
{
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX], encoded[ROTA_VOTE_BYTES];
    struct rota_signature signature;
    struct rota_writer writer = rota_writer(encoded, sizeof encoded);
    size_t len = rota_vote_preimage(preimage, &genesis->membership, vote);
    rota_vote_encode(&writer, vote);
    fixture_sign(&signature, member, preimage, len);
    return json_pack("{s:s,s:I,s:o,s:I,s:o,s:i,s:o,s:o,s:o}", "kind", vote->kind == ROTA_VOTE_PREPARE ? "prepare" : "commit",
                     "view", (json_int_t)vote->view, "nv", vectors_hex(vote->nv.b, ROTA_HASH_BYTES), "height",
                     (json_int_t)vote->height, "block", vectors_hex(vote->block.b, ROTA_HASH_BYTES), "member", (int)member,
                     "preimage", vectors_hex(preimage, len), "encoded", vectors_hex(encoded, writer.len), "signature",
                     vectors_hex(signature.b, sizeof signature.b));
}

static json_t *votes_make(const struct rota_genesis *genesis)
{
    json_t *list = json_array();
    struct rota_vote prepare = {.kind = ROTA_VOTE_PREPARE, .height = 1, .block = parts_hash(1)};
    struct rota_vote commit = {
        .kind = ROTA_VOTE_COMMIT, .view = 3, .nv = parts_hash(7), .height = 9, .block = parts_hash(1)};
    vectors_add(list, "prepare of view 0", vote_made(genesis, &prepare, 1), NULL);
    vectors_add(list, "commit of view 3", vote_made(genesis, &commit, 2), NULL);
    commit.view = (UINT64_C(1) << 53) - 1;
    vectors_add(list, "commit of a far view", vote_made(genesis, &commit, 3), NULL);
    json_t *wrong = vote_made(genesis, &prepare, 1);
    json_object_set_new(wrong, "member", json_integer(2));
    vectors_add(list, "prepare in another's name", wrong, "member 1 signed it, not member 2");
    return json_pack("{s:o}", "votes", list);
}

/* ---- certificates --------------------------------------------------------------------------------------------------- */

static void certificate_add(json_t *list, const char *name, const struct rota_certificate *certificate, const char *why)
{
    uint8_t bytes[ROTA_CERTIFICATE_BYTES_MAX];
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    rota_certificate_encode(&writer, certificate);
    vectors_add(list, name, json_pack("{s:o}", "bytes", vectors_hex(bytes, writer.len)), why);
}

static json_t *certificates_make(const struct rota_genesis *genesis)
{
    json_t *list = json_array();
    struct rota_hash block = parts_hash(1);
    struct rota_certificate good = parts_certificate(genesis, ROTA_VOTE_COMMIT, 2, 9, &block), bad = good;
    certificate_add(list, "commit", &good, NULL);
    struct rota_certificate prepare = parts_certificate(genesis, ROTA_VOTE_PREPARE, 2, 9, &block);
    certificate_add(list, "prepare", &prepare, NULL);
    bad.signers = 3;
    certificate_add(list, "two of four", &bad, "a quorum of four is three");
    bad = parts_certificate(genesis, ROTA_VOTE_COMMIT, 2, 9, &block);
    bad.signers = 0xf;
    bad.signatures[3] = parts_vote(genesis, ROTA_VOTE_COMMIT, 3, 2, 9, &block).signature;
    certificate_add(list, "four of four", &bad, "exactly a quorum: one more is none");
    bad = good;
    bad.signatures[1] = good.signatures[0];
    certificate_add(list, "one member twice", &bad, "the second signature is not member 1's");
    bad = good;
    bad.signatures[0] = good.signatures[1];
    bad.signatures[1] = good.signatures[0];
    certificate_add(list, "out of order", &bad, "signatures stand in the order of members");
    bad = good;
    bad.signers = 0x13;
    certificate_add(list, "a stranger", &bad, "there is no member 4");
    bad = good;
    bad.epoch = 1;
    certificate_add(list, "another epoch", &bad, "these are the members of epoch 0");
    bad = prepare;
    bad.vote.kind = ROTA_VOTE_COMMIT;
    certificate_add(list, "prepares for commits", &bad, "a PREPARE's signature is none of a COMMIT");
    return json_pack("{s:o}", "certificates", list);
}

/* ---- all files ------------------------------------------------------------------------------------------------------ */

const struct vectors_file vectors_files[VECTORS_FILES] = {
    {"keys.json", keys_make},          {"genesis.json", genesis_make},           {"proposals.json", vectors_proposals},
    {"votes.json", votes_make},        {"certificates.json", certificates_make}, {"evidence.json", vectors_evidence},
    {"records.json", vectors_records}, {"epochs.json", vectors_epochs},          {"chain.json", vectors_chain},
};
