#include "store_maker.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST(expression)                                                         \
    do {                                                                         \
        struct rota_status must_status = (expression);                           \
        cr_assert(rota_is_ok(must_status), #expression ": %s", must_status.why); \
    } while (0)

#define TIMES_MS UINT64_C(1798761600000)

void maker_remove(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".part"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[192];
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

static void maker_open(struct maker *maker, const char *name)
{
    snprintf(maker->path, sizeof maker->path, "/dev/shm/rota-%d-%s.db", (int)getpid(), name);
    maker_remove(maker->path);
    rota_tree_init(&maker->tree);
    MUST(rota_state_new(&maker->state, &maker->genesis));
    MUST(rota_store_create(maker->path, &maker->genesis));
    MUST(rota_store_open(&maker->store, maker->path, &maker->genesis));
}

void maker_begin(struct maker *maker, const char *name)
{
    *maker = (struct maker){.height = 0};
    fixture_genesis(&maker->genesis, 4);
    maker_open(maker, name);
}

void maker_begin_ticking(struct maker *maker, const char *name, uint32_t tick_ms)
{
    *maker = (struct maker){.height = 0};
    fixture_genesis_ticking(&maker->genesis, 4, tick_ms);
    maker_open(maker, name);
}

void maker_end(struct maker *maker)
{
    rota_store_close(maker->store);
    rota_state_free(maker->state);
    rota_tree_free(&maker->tree);
    rota_genesis_free(&maker->genesis);
    maker_remove(maker->path);
}

struct rota_entry maker_proposal(const struct maker *maker, const char *author, uint64_t seq, const char *ops)
{
    struct fixture_payload payload = {.author = author, .seq = seq, .ops = ops};
    struct rota_proposal *proposal = fixture_proposal(&maker->genesis, &payload);
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    rota_proposal_release(proposal);
    return entry;
}

struct rota_entry maker_evidence(struct rota_evidence *evidence)
{
    struct rota_entry entry = rota_entry_of_evidence(evidence);
    rota_evidence_release(evidence);
    return entry;
}

struct rota_block *maker_block(struct maker *maker, struct rota_outcomes *out, struct rota_entry *entries, uint32_t count)
{
    uint32_t bad;
    struct rota_block *block = NULL;
    uint64_t height = maker->height + 1;
    cr_assert(height <= MAKER_BLOCKS_MAX);
    MUST(rota_state_execute(maker->state, out, &bad, height, entries, count));
    const struct rota_membership *membership = &rota_state_epoch_at(maker->state, height)->membership;
    rota_state_finalise(maker->state);
    for (uint32_t i = 0; i < count; i++) {
        struct rota_hash leaf = rota_entry_leaf(&entries[i]);
        MUST(rota_tree_append(&maker->tree, &leaf));
    }
    struct rota_header *header = &maker->headers[height];
    *header = (struct rota_header){.ledger_id = maker->genesis.ledger_id,
                                   .epoch = membership->epoch,
                                   .height = height,
                                   .time_ms = TIMES_MS + height * 1000,
                                   .prev_hash = maker->hashes[maker->height],
                                   .config_hash = membership->config_hash,
                                   .tree_size = rota_tree_size(&maker->tree),
                                   .tree_root = rota_tree_root(&maker->tree, rota_tree_size(&maker->tree)),
                                   .outcome_hash = out->root,
                                   .proposer = (uint32_t)(height % membership->count),
                                   .entry_count = count};
    MUST(rota_block_new(&block, header, entries, count));
    struct rota_hash leaf = rota_block_leaf(&block->hash);
    MUST(rota_tree_append(&maker->tree, &leaf));
    maker->hashes[height] = block->hash;
    rota_state_stand(maker->state, &block->hash);
    maker->height = height;
    return block;
}

void maker_discontinue(struct maker *maker, const char *const *labels, uint32_t count, uint32_t approvers, uint32_t signers)
{
    const struct rota_epoch *current = rota_state_epoch(maker->state);
    struct rota_discontinuity kept = {maker->height, maker->hashes[maker->height]};
    char *document = fixture_manifest_document(current, labels, count, "\"fewer-liars\",\"two-members\"", &kept);
    struct rota_entry entry = fixture_entry_of_change(fixture_epoch_change(current, document, approvers));
    MUST(rota_state_discontinue(maker->state, entry.change, &kept.block));
    maker_add(maker, &entry, 1, signers);
    free(document);
}

void maker_keep_new_view(struct maker *maker, const struct rota_new_view *new_view, const struct rota_signature *signature)
{
    static uint8_t bytes[512 * 1024];
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    rota_write_u8(&writer, 6);
    rota_write_u32(&writer, 0);
    rota_write_u32(&writer, rota_primary(&maker->genesis.membership, new_view->view));
    rota_new_view_encode(&writer, new_view);
    rota_write_signature(&writer, signature);
    MUST(rota_store_begin(maker->store));
    MUST(rota_store_keep_new_view(maker->store, 0, new_view->view, rota_view(bytes, writer.len)));
    MUST(rota_store_commit(maker->store));
}

void maker_certificate(struct rota_certificate *out, const struct maker *maker, uint64_t height, uint64_t view,
                       uint32_t signers)
{
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX];
    uint32_t count = 0;
    const struct rota_membership *membership = &rota_state_epoch_at(maker->state, height)->membership;
    *out = (struct rota_certificate){.epoch = membership->epoch, .signers = signers};
    out->vote = (struct rota_vote){.kind = ROTA_VOTE_COMMIT, .view = view, .height = height, .block = maker->hashes[height]};
    if (view > 0)
        memset(out->vote.nv.b, (int)view, sizeof out->vote.nv.b);
    size_t len = rota_vote_preimage(preimage, membership, &out->vote);
    for (uint32_t i = 0; i < membership->count; i++) {
        struct rota_ed25519_secret secret;
        if ((signers >> i & 1) == 0)
            continue;
        fixture_facility_secret(&secret, membership->members[i].id.text);
        rota_ed25519_sign(&out->signatures[count++], &secret, rota_view(preimage, len));
        rota_ed25519_secret_wipe(&secret);
    }
}

void maker_add(struct maker *maker, struct rota_entry *entries, uint32_t count, uint32_t signers)
{
    struct rota_outcomes outcomes;
    struct rota_block *block = maker_block(maker, &outcomes, entries, count);
    MUST(rota_store_begin(maker->store));
    MUST(rota_store_append(maker->store, block, outcomes.items));
    if (signers != 0) {
        struct rota_certificate certificate;
        maker_certificate(&certificate, maker, maker->height, maker->height % 2, signers);
        MUST(rota_store_certify(maker->store, &certificate));
    }
    MUST(rota_store_commit(maker->store));
    rota_outcomes_free(&outcomes);
    rota_block_release(block);
}

#define ASSIGN(person, code, facility, day)                                                       \
    "{\"op\":\"assign\",\"person\":\"" person "\",\"code\":\"" code "\",\"facility\":\"" facility \
    "\",\"start\":\"2026-12-" day "T07:00Z\",\"minutes\":600}"

static void story_grant(struct maker *maker)
{
    char ops[512], key[2 * ROTA_ES256K_PUBLIC_BYTES + 1];
    struct rota_es256k_secret secret;
    fixture_coordinator_secret(&secret, "alpha-new");
    rota_hex_encode(key, rota_view(secret.public_key.compressed, sizeof secret.public_key.compressed));
    rota_es256k_secret_wipe(&secret);
    snprintf(ops, sizeof ops,
             "[{\"op\":\"coordinator.grant\",\"label\":\"alpha-new\",\"key\":\"%s\",\"facility\":\"alpha\","
             "\"roles\":[\"scheduler\"]},{\"op\":\"code.define\",\"code\":\"LATE\"}]",
             key);
    struct rota_entry entries[] = {maker_proposal(maker, "alpha-director", 1, ops),
                                   maker_proposal(maker, "bravo-director", 1,
                                                  "[{\"op\":\"person.enrol\",\"person\":\"p-90\",\"facility\":\"bravo\"}]")};
    maker_add(maker, entries, 2, 0);
}

void maker_story(struct maker *maker, const char *name, int variant)
{
    maker_begin(maker, name);
    struct rota_entry first[] = {
        maker_proposal(maker, "alpha-scheduler", 1,
                       "[" ASSIGN("p-1", "DAY", "alpha", "01") "," ASSIGN("p-2", "NIGHT", "alpha", "02") "]"),
        maker_proposal(maker, "bravo-scheduler", 1, "[" ASSIGN("p-2", "DAY", "bravo", "01") "]")};
    maker_add(maker, first, 2, 0x7);
    story_grant(maker);
    /* The second is refused: p-1 is at alpha that day. */
    struct rota_entry third[] = {
        maker_proposal(maker, "alpha-new", 1,
                       variant == 0 ? "[" ASSIGN("p-3", "LATE", "alpha", "03") "]"
                                    : "[" ASSIGN("p-4", "LATE", "alpha", "03") "]"),
        maker_proposal(maker, "bravo-scheduler", 2, "[" ASSIGN("p-1", "DAY", "bravo", "01") "]"),
        maker_proposal(maker, "charlie-scheduler", 1, "[" ASSIGN("p-5", "DAY", "charlie", "01") "]")};
    maker_add(maker, third, 3, 0xe);
    struct rota_entry fourth[] = {maker_evidence(fixture_coordinator_evidence(&maker->genesis, "charlie-scheduler", 9)),
                                  maker_proposal(maker, "delta-scheduler", 7, "[" ASSIGN("p-6", "DAY", "delta", "04") "]")};
    maker_add(maker, fourth, 2, 0);
    struct rota_entry fifth[] = {
        maker_proposal(maker, "charlie-scheduler", 2, "[" ASSIGN("p-5", "DAY", "charlie", "05") "]")};
    maker_add(maker, fifth, 1, 0);
    struct rota_entry sixth[] = {maker_evidence(fixture_vote_evidence(&maker->genesis, ROTA_VOTE_COMMIT, 2, 5, 4, 1)),
                                 maker_proposal(maker, "alpha-scheduler", 2, "[" ASSIGN("p-1", "DAY", "alpha", "06") "]")};
    maker_add(maker, sixth, 2, 0xd);
    struct rota_entry seventh[] = {
        maker_proposal(maker, "alpha-scheduler", 3, "[" ASSIGN("p-1", "NIGHT", "alpha", "07") "]"),
        maker_proposal(maker, "delta-scheduler", 8, "[" ASSIGN("p-6", "DAY", "delta", "07") "]")};
    maker_add(maker, seventh, 2, 0xb);
    rota_store_close(maker->store);
    maker->store = NULL;
}

static void receipt_outcome_path(struct rota_receipt *receipt, struct rota_store *store, uint64_t height)
{
    struct rota_tree tree;
    rota_tree_init(&tree);
    for (uint32_t i = 0; i < receipt->headers[0].entry_count; i++) {
        struct rota_outcome outcome;
        MUST(rota_store_outcome(&outcome, store, height, i));
        struct rota_hash leaf = rota_outcome_leaf(rota_view(outcome.record, outcome.len));
        MUST(rota_tree_append(&tree, &leaf));
        free(outcome.record);
    }
    rota_tree_path(&receipt->outcome_path, &tree, 0, receipt->headers[0].entry_count);
    rota_tree_free(&tree);
}

static void receipt_epochs(struct rota_receipt *receipt, struct maker *maker, struct rota_store *store)
{
    receipt->epochs = calloc((size_t)receipt->headers[0].epoch + 1, sizeof *receipt->epochs);
    cr_assert_not_null(receipt->epochs);
    for (; receipt->epoch_count < receipt->headers[0].epoch; receipt->epoch_count++) {
        struct rota_receipt_epoch *step = &receipt->epochs[receipt->epoch_count];
        struct rota_block *block;
        const struct rota_epoch *begun = rota_state_epoch_number(maker->state, receipt->epoch_count + 1);
        uint64_t height = begun->membership.base_height;
        MUST(rota_store_block(&block, store, height));
        step->header = block->header;
        step->leaf_index = block->header.tree_size - 1;
        MUST(rota_store_change(&step->change, store, begun));
        rota_tree_path(&step->tree_path, &maker->tree, step->leaf_index, block->header.tree_size);
        MUST(rota_store_certificate(&step->certificate, store, height));
        rota_block_release(block);
    }
}

char *maker_receipt(struct maker *maker, uint64_t height, uint64_t certified_height)
{
    struct rota_store *store;
    struct rota_block *block;
    struct rota_receipt receipt = {.ledger_id = maker->genesis.ledger_id};
    MUST(rota_store_open(&store, maker->path, &maker->genesis));
    MUST(rota_store_block(&block, store, height));
    for (uint64_t at = height; at <= certified_height; at++)
        receipt.headers[receipt.header_count++] = maker->headers[at];
    receipt.proposal = block->entries[0].proposal;
    receipt.leaf_index = receipt.headers[0].tree_size - receipt.headers[0].entry_count;
    rota_tree_path(&receipt.tree_path, &maker->tree, receipt.leaf_index, receipt.headers[0].tree_size);
    MUST(rota_store_outcome(&receipt.outcome, store, height, 0));
    receipt_outcome_path(&receipt, store, height);
    MUST(rota_store_certificate(&receipt.certificate, store, certified_height));
    receipt_epochs(&receipt, maker, store);
    char *text = rota_receipt_format(&receipt);
    cr_assert_not_null(text);
    free(receipt.outcome.record);
    rota_receipt_epochs_free(&receipt);
    rota_block_release(block);
    rota_store_close(store);
    return text;
}

void maker_receipt_read(struct rota_receipt *out, struct maker *maker, uint64_t height, uint64_t certified)
{
    char *text = maker_receipt(maker, height, certified);
    struct rota_status status = rota_receipt_parse(out, rota_view_text(text));
    cr_assert(rota_is_ok(status), "%s", status.why);
    free(text);
}

enum rota_verdict maker_audit(struct rota_audit_report *report, const struct maker *maker,
                              const struct rota_receipt *receipt)
{
    struct rota_audit_options options = {.path = maker->path,
                                         .genesis = rota_view(maker->genesis.bytes, maker->genesis.len),
                                         .receipt_count = receipt ? 1 : 0,
                                         .receipts = receipt,
                                         .jobs = 2};
    rota_audit_run(report, &options);
    return report->verdict;
}
