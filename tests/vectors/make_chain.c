/* A ledger: seven blocks with a grant, refusals, a suspension and evidence, what became of each entry, the certificates, and
 * receipts. */
#include "tests/vectors/vectors.h"

#include "tests/unit/ledger/store_maker.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static json_t *header_fields(const struct rota_header *header)
{
    return json_pack("{s:i,s:I,s:I,s:o,s:I,s:o,s:o,s:i,s:i}", "epoch", (int)header->epoch, "height",
                     (json_int_t)header->height, "time_ms", (json_int_t)header->time_ms, "prev_hash",
                     vectors_hex(header->prev_hash.b, ROTA_HASH_BYTES), "tree_size", (json_int_t)header->tree_size,
                     "tree_root", vectors_hex(header->tree_root.b, ROTA_HASH_BYTES), "outcome_hash",
                     vectors_hex(header->outcome_hash.b, ROTA_HASH_BYTES), "proposer", (int)header->proposer, "entry_count",
                     (int)header->entry_count);
}

/* Codes of its operations, and the whole outcome record. */
static json_t *outcome_of(struct rota_store *store, uint64_t height, uint32_t index)
{
    static struct rota_op_outcome ops[ROTA_PROPOSAL_OPS_MAX];
    struct rota_outcome outcome;
    uint32_t count;
    json_t *codes = json_array();
    cr_assert(rota_is_ok(rota_store_outcome(&outcome, store, height, index)));
    cr_assert(rota_is_ok(rota_outcome_read(ops, &count, ROTA_PROPOSAL_OPS_MAX, rota_view(outcome.record, outcome.len))));
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(codes, json_integer(ops[i].code));
    json_t *made = json_pack("{s:o,s:o}", "codes", codes, "record", vectors_hex(outcome.record, outcome.len));
    free(outcome.record);
    return made;
}

static json_t *entry_of(struct rota_store *store, const struct rota_block *block, uint32_t index)
{
    const struct rota_entry *entry = &block->entries[index];
    struct rota_hash leaf = rota_entry_leaf(entry);
    return json_pack("{s:i,s:o,s:o,s:o}", "kind", (int)entry->kind, "id", vectors_hex(entry->id.b, ROTA_HASH_BYTES), "leaf",
                     vectors_hex(leaf.b, ROTA_HASH_BYTES), "outcome", outcome_of(store, block->header.height, index));
}

static json_t *block_of(struct rota_store *store, uint64_t height)
{
    static uint8_t bytes[ROTA_HEADER_BYTES + ROTA_BODY_BYTES_MAX];
    struct rota_block *block;
    struct rota_certificate certificate;
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    json_t *entries = json_array();
    cr_assert(rota_is_ok(rota_store_block(&block, store, height)));
    rota_block_encode(&writer, block);
    for (uint32_t i = 0; i < block->entry_count; i++)
        json_array_append_new(entries, entry_of(store, block, i));
    json_t *made =
        json_pack("{s:o,s:o,s:o,s:o,s:o}", "fields", header_fields(&block->header), "header",
                  vectors_hex(bytes, ROTA_HEADER_BYTES), "hash", vectors_hex(block->hash.b, ROTA_HASH_BYTES), "body",
                  vectors_hex(bytes + ROTA_HEADER_BYTES, writer.len - ROTA_HEADER_BYTES), "entries", entries);
    rota_block_release(block);
    if (rota_is_ok(rota_store_certificate(&certificate, store, height)) && certificate.vote.height == height) {
        writer = rota_writer(bytes, sizeof bytes);
        rota_certificate_encode(&writer, &certificate);
        json_object_set_new(made, "certificate", vectors_hex(bytes, writer.len));
    }
    return made;
}

static json_t *receipts_of(struct maker *maker)
{
    json_t *list = json_array();
    char *own = maker_receipt(maker, 3, 3), *above = maker_receipt(maker, 2, 3), *bad = strdup(own);
    cr_assert_not_null(bad);
    vectors_add(list, "of a block with a certificate of its own", json_pack("{s:s}", "receipt", own), NULL);
    vectors_add(list, "of the block below it", json_pack("{s:s}", "receipt", above), NULL);
    char *outcome = strstr(bad, "\"outcome\": \"");
    cr_assert_not_null(outcome);
    outcome[strlen("\"outcome\": \"0")] = '3'; /* the kind, which is 1 */
    vectors_add(list, "with another outcome", json_pack("{s:s}", "receipt", bad),
                "the outcome is not under the header's hash");
    free(own);
    free(above);
    free(bad);
    return list;
}

json_t *vectors_chain(const struct rota_genesis *genesis)
{
    struct maker maker;
    struct rota_store *store;
    json_t *blocks = json_array();
    maker_story(&maker, "vectors", 0);
    cr_assert(rota_hash_equal(&maker.genesis.ledger_id, &genesis->ledger_id));
    cr_assert(rota_is_ok(rota_store_open(&store, maker.path, &maker.genesis)));
    for (uint64_t height = 1; height <= STORY_HEIGHT; height++)
        json_array_append_new(blocks, block_of(store, height));
    rota_store_close(store);
    struct rota_hash digest = rota_state_digest(maker.state);
    json_t *made = json_pack("{s:o,s:o,s:o}", "blocks", blocks, "state_digest", vectors_hex(digest.b, ROTA_HASH_BYTES),
                             "receipts", receipts_of(&maker));
    maker_end(&maker);
    return made;
}
