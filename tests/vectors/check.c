/* The files against the generator, byte for byte, and the program against the files: what is read here comes from them
 * alone. ROTA_VECTORS_WRITE=1 writes them anew. */
#include "tests/vectors/vectors.h"

#include "ledger/receipt.h"
#include "ledger/schedule/state.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct rota_genesis genesis; /* of genesis.json */

static void path_of(char out[512], const char *name)
{
    snprintf(out, 512, "%s/%s", ROTA_VECTORS_FOLDER, name);
}

static json_t *file_read(const char *name)
{
    char path[512];
    json_error_t error;
    path_of(path, name);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    cr_assert(root, "%s:%d: %s", name, error.line, error.text);
    return root;
}

static void begin(void)
{
    json_t *root = file_read("genesis.json");
    struct rota_status status =
        rota_genesis_parse(&genesis, rota_view_text(json_string_value(json_object_get(root, "document"))));
    cr_assert(rota_is_ok(status), "genesis: %s", status.why);
    json_decref(root);
}

static void end(void)
{
    rota_genesis_free(&genesis);
}

TestSuite(vectors, .init = begin, .fini = end);

/* ---- the generator -------------------------------------------------------------------------------------------------- */

static char *text_made(const struct vectors_file *file, const struct rota_genesis *made_from)
{
    json_t *root = file->make(made_from);
    char *lines = json_dumps(root, JSON_INDENT(1)), *text = NULL;
    cr_assert(lines && asprintf(&text, "%s\n", lines) > 0);
    json_decref(root);
    free(lines);
    return text;
}

static void text_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static char *text_read(const char *path)
{
    char *text = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s is missing", path);
    ssize_t len = getdelim(&text, &room, '\0', file);
    cr_assert_gt(len, 0);
    fclose(file);
    return text;
}

Test(generator, makes_the_files_that_are_here, .timeout = 60)
{
    struct rota_genesis made_from;
    bool write = getenv("ROTA_VECTORS_WRITE") != NULL;
    fixture_genesis(&made_from, 4);
    for (size_t i = 0; i < VECTORS_FILES; i++) {
        char path[512], *text = text_made(&vectors_files[i], &made_from);
        path_of(path, vectors_files[i].name);
        if (write)
            text_write(path, text);
        char *there = text_read(path);
        cr_expect(strcmp(text, there) == 0, "%s is not what the generator makes (README.md says how to write it anew)",
                  vectors_files[i].name);
        free(there);
        free(text);
    }
    rota_genesis_free(&made_from);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* malloc'd: given to the caller. */
static uint8_t *bytes_of(const json_t *item, const char *name, size_t *out_len)
{
    const char *text = json_string_value(json_object_get(item, name));
    cr_assert(text, "no \"%s\"", name);
    *out_len = strlen(text) / 2;
    uint8_t *bytes = malloc(*out_len + 1);
    cr_assert(bytes && rota_is_ok(rota_hex_decode(bytes, *out_len, rota_view_text(text))));
    return bytes;
}

static void expect_bytes(const json_t *item, const char *name, const void *bytes, size_t len)
{
    size_t there_len;
    uint8_t *there = bytes_of(item, name, &there_len);
    cr_expect(there_len == len && memcmp(there, bytes, len) == 0, "%s of %s differs", name,
              json_string_value(json_object_get(item, "name")));
    free(there);
}

static void expect_hash(const json_t *item, const char *name, const struct rota_hash *hash)
{
    expect_bytes(item, name, hash->b, sizeof hash->b);
}

static uint64_t number_of(const json_t *item, const char *name)
{
    cr_assert(json_is_integer(json_object_get(item, name)), "no number \"%s\"", name);
    return (uint64_t)json_integer_value(json_object_get(item, name));
}

/* Each element of the file's list must be taken, or refused, as it says. */
static void judge(const char *file, const char *list, struct rota_status (*read)(const json_t *item))
{
    size_t at, valid = 0;
    json_t *root = file_read(file), *item;
    json_array_foreach(json_object_get(root, list), at, item)
    {
        struct rota_status status = read(item);
        bool expected = json_is_true(json_object_get(item, "valid"));
        valid += expected;
        cr_expect_eq(rota_is_ok(status), expected, "%s, %s: %s", file, json_string_value(json_object_get(item, "name")),
                     rota_is_ok(status) ? "taken" : status.why);
    }
    cr_expect_gt(valid, 0, "%s has no good one", file);
    json_decref(root);
}

/* ---- keys and genesis ----------------------------------------------------------------------------------------------- */

static void key_check(const json_t *item)
{
    size_t len;
    uint8_t *secret = bytes_of(item, "secret", &len);
    cr_assert_eq(len, 32);
    if (strcmp(json_string_value(json_object_get(item, "role")), "facility") == 0) {
        struct rota_ed25519_secret made;
        rota_ed25519_from_seed(&made, secret);
        expect_bytes(item, "public", made.public_key.b, sizeof made.public_key.b);
    } else {
        struct rota_es256k_secret made;
        cr_assert(rota_is_ok(rota_es256k_secret_parse(&made, secret)));
        expect_bytes(item, "public", made.public_key.compressed, sizeof made.public_key.compressed);
        expect_bytes(item, "kid", made.public_key.kid.b, sizeof made.public_key.kid.b);
    }
    free(secret);
}

Test(vectors, keys_and_genesis)
{
    size_t at;
    json_t *keys = file_read("keys.json"), *root = file_read("genesis.json"), *item;
    json_array_foreach(json_object_get(keys, "keys"), at, item) key_check(item);
    cr_expect_gt(at, 4);
    expect_hash(root, "ledger_id", &genesis.ledger_id);
    expect_hash(root, "config_hash", &genesis.membership.config_hash);
    json_decref(keys);
    json_decref(root);
}

/* ---- what is signed ------------------------------------------------------------------------------------------------- */

static struct rota_status proposal_read(const json_t *item)
{
    struct rota_proposal *proposal = NULL;
    struct rota_status status =
        rota_proposal_parse(&proposal, NULL, rota_view_text(json_string_value(json_object_get(item, "jws"))), false);
    if (!rota_is_ok(status))
        return status;
    expect_hash(item, "id", &proposal->id);
    expect_bytes(item, "kid", proposal->jws.kid.b, sizeof proposal->jws.kid.b);
    status = rota_fail(ROTA_UNKNOWN_KEY, "nobody has this key");
    for (uint32_t i = 0; i < genesis.coordinator_count; i++)
        if (rota_kid_equal(&genesis.coordinators[i].key.kid, &proposal->jws.kid))
            status = rota_jws_verify(&proposal->jws, &genesis.coordinators[i].key);
    if (rota_is_ok(status) && !rota_hash_equal(&proposal->ledger_id, &genesis.ledger_id))
        status = rota_fail(ROTA_WRONG_LEDGER, "another ledger");
    rota_proposal_release(proposal);
    return status;
}

Test(vectors, proposals)
{
    judge("proposals.json", "proposals", proposal_read);
}

static struct rota_status vote_read(const json_t *item)
{
    struct rota_vote vote;
    struct rota_signature signature;
    size_t len, signature_len;
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX], *encoded = bytes_of(item, "encoded", &len),
                                              *signed_by = bytes_of(item, "signature", &signature_len);
    struct rota_reader reader = rota_reader(rota_view(encoded, len));
    rota_vote_decode(&reader, &vote);
    cr_assert(rota_is_ok(rota_reader_finish(&reader)) && signature_len == sizeof signature.b);
    memcpy(signature.b, signed_by, signature_len);
    expect_bytes(item, "preimage", preimage, rota_vote_preimage(preimage, &genesis.membership, &vote));
    cr_expect_eq(number_of(item, "view"), vote.view);
    cr_expect_eq(number_of(item, "height"), vote.height);
    expect_hash(item, "block", &vote.block);
    expect_hash(item, "nv", &vote.nv);
    free(encoded);
    free(signed_by);
    bool good = rota_vote_verify(&genesis.membership, &vote, (uint32_t)number_of(item, "member"), &signature);
    return good ? rota_ok() : rota_fail(ROTA_BAD_SIGNATURE, "not signed by that member");
}

Test(vectors, votes)
{
    judge("votes.json", "votes", vote_read);
}

static struct rota_status certificate_read(const json_t *item)
{
    struct rota_certificate certificate;
    size_t len;
    uint8_t *bytes = bytes_of(item, "bytes", &len);
    struct rota_reader reader = rota_reader(rota_view(bytes, len));
    rota_certificate_decode(&reader, &certificate);
    struct rota_status status = rota_reader_finish(&reader);
    free(bytes);
    return rota_is_ok(status) ? rota_certificate_verify(&genesis.membership, &certificate) : status;
}

Test(vectors, certificates)
{
    judge("certificates.json", "certificates", certificate_read);
}

/* ---- what blocks carry ---------------------------------------------------------------------------------------------- */

static const struct rota_es256k_public *key_find(const struct rota_kid *kid)
{
    for (uint32_t i = 0; i < genesis.coordinator_count; i++)
        if (rota_kid_equal(&genesis.coordinators[i].key.kid, kid))
            return &genesis.coordinators[i].key;
    return NULL;
}

static struct rota_status evidence_read(const json_t *item)
{
    struct rota_evidence *evidence = NULL;
    size_t len;
    uint8_t *bytes = bytes_of(item, "bytes", &len);
    struct rota_status status = rota_evidence_parse(&evidence, rota_view(bytes, len));
    free(bytes);
    if (!rota_is_ok(status))
        return status;
    expect_hash(item, "id", &evidence->id);
    cr_expect_eq(number_of(item, "kind"), evidence->kind);
    bool coordinator = evidence->kind == ROTA_EVIDENCE_COORDINATOR;
    const struct rota_kid *kid = rota_evidence_kid(evidence);
    status = rota_evidence_verify(evidence, &genesis.membership, kid ? key_find(kid) : NULL);
    if (rota_is_ok(status) && !coordinator) {
        cr_expect_eq(number_of(item, "member"), evidence->member);
        cr_expect_eq(number_of(item, "epoch"), evidence->epoch);
        cr_expect_eq(number_of(item, "view"), evidence->view);
        cr_expect_eq(number_of(item, "height"), evidence->height);
    }
    rota_evidence_release(evidence);
    return status;
}

Test(vectors, evidence)
{
    judge("evidence.json", "evidence", evidence_read);
}

static struct rota_status record_read(const json_t *item)
{
    struct rota_record *record = NULL;
    size_t len;
    uint8_t *bytes = bytes_of(item, "bytes", &len);
    struct rota_status status = rota_record_parse(&record, rota_view(bytes, len));
    free(bytes);
    if (!rota_is_ok(status))
        return status;
    expect_hash(item, "id", &record->id);
    cr_expect_eq(number_of(item, "kind"), record->kind);
    status = rota_record_verify(record, &genesis.membership);
    rota_record_release(record);
    return status;
}

Test(vectors, records)
{
    judge("records.json", "records", record_read);
}

static struct rota_status change_verify(const json_t *item, const struct rota_epoch_change *change,
                                        const struct rota_epoch *current)
{
    const json_t *keeps = json_object_get(item, "keeps");
    struct rota_discontinuity kept;
    size_t len;
    if (!keeps)
        return rota_epoch_change_verify(change, current);
    uint8_t *block = bytes_of(keeps, "block", &len);
    kept.height = number_of(keeps, "height");
    memcpy(kept.block.b, block, sizeof kept.block.b);
    free(block);
    return rota_discontinuity_verify(change, current, &kept);
}

static struct rota_status change_read(const json_t *item)
{
    struct rota_epoch_change *change = NULL;
    struct rota_epoch current;
    size_t len;
    uint8_t preimage[ROTA_APPROVAL_PREIMAGE_MAX], *bytes = bytes_of(item, "bytes", &len);
    rota_epoch_of_genesis(&current, &genesis);
    struct rota_status status = rota_epoch_change_parse(&change, rota_view(bytes, len));
    free(bytes);
    if (!rota_is_ok(status))
        return status;
    const struct rota_hash *config = &change->next.membership.config_hash;
    expect_hash(item, "id", &change->id);
    expect_hash(item, "config_hash", config);
    expect_bytes(item, "approval_preimage", preimage, rota_approval_preimage(preimage, &current.membership, config));
    cr_expect(rota_view_equal(change->document, rota_view_text(json_string_value(json_object_get(item, "document")))));
    status = change_verify(item, change, &current);
    rota_epoch_change_release(change);
    return status;
}

Test(vectors, epochs)
{
    judge("epochs.json", "changes", change_read);
}

/* ---- the chain ------------------------------------------------------------------------------------------------------ */

/* Rebuilds the ledger from the bodies alone: outcomes, tree, headers, certificates. */
struct rebuilt {
    struct rota_state *state;
    struct rota_tree tree;
    struct rota_hash head;
};

static struct rota_block *block_read(const json_t *item)
{
    size_t header_len, body_len;
    uint8_t *header = bytes_of(item, "header", &header_len), *body = bytes_of(item, "body", &body_len);
    uint8_t *whole = malloc(header_len + body_len);
    struct rota_block *block = NULL;
    cr_assert(whole);
    memcpy(whole, header, header_len);
    memcpy(whole + header_len, body, body_len);
    struct rota_status status = rota_block_decode(&block, rota_view(whole, header_len + body_len));
    cr_assert(rota_is_ok(status), "%s", status.why);
    free(whole);
    free(header);
    free(body);
    return block;
}

static void entries_check(struct rebuilt *rebuilt, const json_t *item, const struct rota_block *block,
                          const struct rota_outcomes *outcomes)
{
    cr_assert_eq(json_array_size(json_object_get(item, "entries")), block->entry_count);
    for (uint32_t i = 0; i < block->entry_count; i++) {
        const json_t *said = json_array_get(json_object_get(item, "entries"), i);
        struct rota_hash leaf = rota_entry_leaf(&block->entries[i]);
        expect_hash(said, "id", &block->entries[i].id);
        expect_hash(said, "leaf", &leaf);
        expect_bytes(json_object_get(said, "outcome"), "record", outcomes->items[i].record, outcomes->items[i].len);
        cr_assert(rota_is_ok(rota_tree_append(&rebuilt->tree, &leaf)));
    }
}

static void certificate_check(const json_t *item, const struct rota_block *block)
{
    struct rota_certificate certificate;
    size_t len;
    if (!json_object_get(item, "certificate"))
        return;
    uint8_t *bytes = bytes_of(item, "certificate", &len);
    struct rota_reader reader = rota_reader(rota_view(bytes, len));
    rota_certificate_decode(&reader, &certificate);
    cr_expect(rota_is_ok(rota_reader_finish(&reader)) &&
              rota_is_ok(rota_certificate_verify(&genesis.membership, &certificate)));
    cr_expect(rota_hash_equal(&certificate.vote.block, &block->hash));
    free(bytes);
}

static void block_check(struct rebuilt *rebuilt, const json_t *item)
{
    uint32_t bad;
    struct rota_outcomes outcomes;
    struct rota_block *block = block_read(item);
    const struct rota_header *header = &block->header;
    expect_hash(item, "hash", &block->hash);
    cr_expect(rota_hash_equal(&header->prev_hash, &rebuilt->head));
    cr_assert(
        rota_is_ok(rota_state_execute(rebuilt->state, &outcomes, &bad, header->height, block->entries, block->entry_count)));
    rota_state_finalise(rebuilt->state);
    entries_check(rebuilt, item, block, &outcomes);
    cr_expect(rota_hash_equal(&outcomes.root, &header->outcome_hash));
    uint64_t size = rota_tree_size(&rebuilt->tree);
    struct rota_hash root = rota_tree_root(&rebuilt->tree, size), own = rota_block_leaf(&block->hash);
    cr_expect(size == header->tree_size && rota_hash_equal(&root, &header->tree_root));
    cr_assert(rota_is_ok(rota_tree_append(&rebuilt->tree, &own)));
    certificate_check(item, block);
    rebuilt->head = block->hash;
    rota_outcomes_free(&outcomes);
    rota_block_release(block);
}

Test(vectors, chain)
{
    struct rebuilt rebuilt = {0};
    json_t *root = file_read("chain.json"), *item;
    size_t at;
    rota_tree_init(&rebuilt.tree);
    cr_assert(rota_is_ok(rota_state_new(&rebuilt.state, &genesis)));
    json_array_foreach(json_object_get(root, "blocks"), at, item) block_check(&rebuilt, item);
    cr_expect_eq(at, 7);
    struct rota_hash digest = rota_state_digest(rebuilt.state);
    expect_hash(root, "state_digest", &digest);
    rota_state_free(rebuilt.state);
    rota_tree_free(&rebuilt.tree);
    json_decref(root);
}

static struct rota_status receipt_read(const json_t *item)
{
    struct rota_receipt receipt;
    ROTA_TRY(rota_receipt_parse(&receipt, rota_view_text(json_string_value(json_object_get(item, "receipt")))));
    struct rota_status status = rota_receipt_verify(&receipt, &genesis, NULL);
    rota_receipt_free(&receipt);
    return status;
}

Test(vectors, receipts)
{
    judge("chain.json", "receipts", receipt_read);
}
