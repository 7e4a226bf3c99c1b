#include "evidence_parts.h"

#include <criterion/criterion.h>

struct rota_hash parts_hash(uint32_t salt)
{
    struct rota_hash hash = {{0}};
    memset(hash.b, (int)(salt + 1), sizeof hash.b);
    return hash;
}

void parts_chain(struct rota_header *out, struct rota_hash *out_hashes, const struct rota_genesis *genesis, uint64_t first,
                 uint32_t count, const struct rota_hash *parent, uint32_t salt)
{
    struct rota_hash at = *parent;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (struct rota_header){.ledger_id = genesis->ledger_id,
                                      .epoch = genesis->membership.epoch,
                                      .config_hash = genesis->membership.config_hash,
                                      .height = first + i,
                                      .time_ms = 1000 * (first + i),
                                      .prev_hash = at,
                                      .tree_root = parts_hash(salt),
                                      .entry_count = 1};
        at = out_hashes[i] = rota_header_hash(&out[i]);
    }
}

struct rota_signed_vote parts_vote(const struct rota_genesis *genesis, enum rota_vote_kind kind, uint32_t member,
                                   uint64_t view, uint64_t height, const struct rota_hash *block)
{
    struct rota_signed_vote made = {.vote = {.kind = kind, .view = view, .height = height, .block = *block}};
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX];
    size_t len = rota_vote_preimage(preimage, &genesis->membership, &made.vote);
    fixture_sign(&made.signature, member, preimage, len);
    return made;
}

struct rota_certificate parts_certificate(const struct rota_genesis *genesis, enum rota_vote_kind kind, uint64_t view,
                                          uint64_t height, const struct rota_hash *block)
{
    uint32_t quorum = rota_quorum(genesis->membership.count, genesis->membership.profile);
    struct rota_certificate made = {.epoch = genesis->membership.epoch, .signers = (UINT32_C(1) << quorum) - 1};
    for (uint32_t i = 0; i < quorum; i++) {
        struct rota_signed_vote vote = parts_vote(genesis, kind, i, view, height, block);
        made.vote = vote.vote;
        made.signatures[i] = vote.signature;
    }
    return made;
}

void parts_change(struct rota_view_change *out, const struct rota_genesis *genesis, uint32_t sender, uint64_t new_view,
                  const struct rota_certificate *best, const struct rota_header *header)
{
    uint8_t preimage[ROTA_VIEW_CHANGE_PREIMAGE_MAX];
    memset(out, 0, sizeof *out);
    out->sender = sender;
    out->new_view = new_view;
    if (best) {
        out->has_best = true;
        out->best = *best;
        out->header_count = 1;
        out->headers[0] = *header;
    }
    size_t len = rota_view_change_preimage(preimage, &genesis->membership, out);
    fixture_sign(&out->signature, sender, preimage, len);
}

void parts_sign_new_view(struct rota_signature *out, const struct rota_genesis *genesis, struct rota_new_view *new_view)
{
    uint8_t preimage[ROTA_ANCHOR_PREIMAGE_MAX];
    new_view->nv = rota_new_view_digest(&genesis->membership, new_view);
    size_t len = rota_anchor_preimage(preimage, &genesis->membership, new_view->view, &new_view->nv);
    fixture_sign(out, rota_primary(&genesis->membership, new_view->view), preimage, len);
}

void parts_new_view(struct rota_new_view *out, struct rota_view_change changes[ROTA_QUORUM_MAX],
                    const struct rota_genesis *genesis, uint64_t view)
{
    uint32_t quorum = rota_quorum(genesis->membership.count, genesis->membership.profile);
    *out = (struct rota_new_view){.view = view, .change_count = quorum, .changes = changes};
    for (uint32_t i = 0; i < quorum; i++)
        parts_change(&changes[i], genesis, i, view, NULL, NULL);
}

/* ---- a block and its entries ----------------------------------------------------------------------------------------- */

void parts_block_sign(struct parts_block *block, const struct rota_genesis *genesis)
{
    struct rota_hash hash = rota_header_hash(&block->header);
    block->prepare = parts_vote(genesis, ROTA_VOTE_PREPARE, 1, 5, block->header.height, &hash);
}

void parts_block_make(struct parts_block *out, const struct rota_genesis *genesis, uint32_t below,
                      const struct parts_entry *entries, uint32_t count)
{
    struct rota_hash start = {{0}}, hash;
    memset(out, 0, sizeof *out);
    parts_chain(&out->header, &hash, genesis, 8, 1, &start, 1);
    rota_tree_init(&out->tree);
    for (uint32_t i = 0; i < below; i++) {
        hash = parts_hash(100 + i);
        hash = rota_block_leaf(&hash);
        cr_assert(rota_is_ok(rota_tree_append(&out->tree, &hash)));
    }
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(rota_entry_leaf_of_bytes(&hash, (enum rota_entry_kind)entries[i].kind, entries[i].bytes));
        cr_assert(rota_is_ok(rota_tree_append(&out->tree, &hash)));
    }
    out->header.tree_size = below + count;
    out->header.tree_root = rota_tree_root(&out->tree, below + count);
    out->header.entry_count = count;
    parts_block_sign(out, genesis);
}

void parts_block_free(struct parts_block *block)
{
    rota_tree_free(&block->tree);
}

struct rota_evidence *parts_block_evidence(const struct parts_block *block, const struct rota_genesis *genesis,
                                           const struct parts_entry *entry, uint64_t leaf_index)
{
    struct rota_entry_proof proof = {.kind = entry->kind, .bytes = entry->bytes, .leaf_index = leaf_index};
    struct rota_evidence *evidence = NULL;
    if (leaf_index < rota_tree_size(&block->tree))
        rota_tree_path(&proof.path, &block->tree, leaf_index, rota_tree_size(&block->tree));
    struct rota_status status =
        rota_evidence_of_entry(&evidence, genesis->membership.epoch, 1, &block->prepare, &block->header, &proof);
    cr_assert(rota_is_ok(status) || status.code == ROTA_REFUSED || status.code == ROTA_TOO_LARGE, "%s", status.why);
    return evidence;
}

bool parts_block_proves_entry(const struct parts_block *block, const struct rota_genesis *genesis,
                              const struct parts_entry *entry, uint64_t leaf_index)
{
    struct rota_evidence *evidence = parts_block_evidence(block, genesis, entry, leaf_index);
    rota_evidence_release(evidence);
    return evidence != NULL;
}

/* ---- one of each form ----------------------------------------------------------------------------------------------- */

/* Two votes for one height. */
static struct rota_evidence *pair_evidence(const struct rota_genesis *genesis, enum rota_vote_kind kind, uint32_t member)
{
    struct rota_hash a = parts_hash(1), b = parts_hash(2);
    struct rota_evidence *evidence = NULL;
    struct rota_vote_pair pair = {
        .votes = {parts_vote(genesis, kind, member, 5, 9, &a), parts_vote(genesis, kind, member, 5, 9, &b)}};
    cr_assert(rota_is_ok(rota_evidence_of_votes(&evidence, &genesis->membership, member, &pair)));
    return evidence;
}

/* A vote at height 9, and one at height 12 whose chain goes past it. */
static struct rota_evidence *chain_evidence(const struct rota_genesis *genesis, enum rota_vote_kind kind)
{
    struct rota_header headers[3];
    struct rota_hash hashes[3], fork = parts_hash(1), own = parts_hash(2);
    struct rota_evidence *evidence = NULL;
    parts_chain(headers, hashes, genesis, 10, 3, &own, 3);
    struct rota_vote_pair pair = {
        .votes = {parts_vote(genesis, kind, 2, 5, 12, &hashes[2]), parts_vote(genesis, kind, 2, 5, 9, &fork)},
        .header_count = 3,
        .headers = headers};
    cr_assert(rota_is_ok(rota_evidence_of_votes(&evidence, &genesis->membership, 2, &pair)));
    return evidence;
}

static struct rota_evidence *lock_evidence(const struct rota_genesis *genesis)
{
    struct rota_hash start = {{0}}, hash;
    struct rota_header header;
    struct rota_view_change change;
    struct rota_evidence *evidence = NULL;
    parts_chain(&header, &hash, genesis, 1, 1, &start, 1);
    struct rota_signed_vote commit = parts_vote(genesis, ROTA_VOTE_COMMIT, 3, 4, 1, &hash);
    struct rota_certificate older = parts_certificate(genesis, ROTA_VOTE_PREPARE, 2, 1, &hash);
    parts_change(&change, genesis, 3, 6, &older, &header);
    cr_assert(rota_is_ok(rota_evidence_of_hidden_lock(&evidence, genesis->membership.epoch, &commit, &change)));
    return evidence;
}

static struct rota_evidence *new_view_evidence(const struct rota_genesis *genesis)
{
    static struct rota_view_change changes[ROTA_QUORUM_MAX];
    struct rota_new_view new_view;
    struct rota_signature signature;
    struct rota_evidence *evidence = NULL;
    parts_new_view(&new_view, changes, genesis, 6);
    new_view.tip_height = 3; /* nobody showed such a block */
    parts_sign_new_view(&signature, genesis, &new_view);
    cr_assert(rota_is_ok(rota_evidence_of_new_view(&evidence, &genesis->membership, &new_view, &signature)));
    return evidence;
}

static struct rota_evidence *anchors_evidence(const struct rota_genesis *genesis)
{
    struct rota_record *a = fixture_anchor(genesis, 7, 1), *b = fixture_anchor(genesis, 7, 2);
    struct rota_evidence *evidence = NULL;
    cr_assert(rota_is_ok(rota_evidence_of_anchors(&evidence, &genesis->membership, &b->anchor, &a->anchor)));
    rota_record_release(a);
    rota_record_release(b);
    return evidence;
}

static struct rota_evidence *changes_evidence(const struct rota_genesis *genesis)
{
    struct rota_hash start = {{0}}, hash;
    struct rota_header header;
    struct rota_view_change one, two;
    struct rota_evidence *evidence = NULL;
    parts_chain(&header, &hash, genesis, 1, 1, &start, 1);
    struct rota_certificate best = parts_certificate(genesis, ROTA_VOTE_PREPARE, 2, 1, &hash);
    parts_change(&one, genesis, 1, 6, &best, &header);
    parts_change(&two, genesis, 1, 6, NULL, NULL);
    cr_assert(rota_is_ok(rota_evidence_of_view_changes(&evidence, genesis->membership.epoch, &one, &two)));
    return evidence;
}

/* A block without entries. */
static struct rota_evidence *proposal_evidence(const struct rota_genesis *genesis)
{
    struct rota_hash start = {{0}}, hash;
    struct rota_header header;
    struct rota_evidence *evidence = NULL;
    parts_chain(&header, &hash, genesis, 8, 1, &start, 1);
    header.entry_count = 0;
    hash = rota_header_hash(&header);
    struct rota_signed_vote prepare = parts_vote(genesis, ROTA_VOTE_PREPARE, 1, 5, 8, &hash);
    cr_assert(rota_is_ok(rota_evidence_of_proposal(&evidence, genesis->membership.epoch, 1, &prepare, &header)));
    return evidence;
}

/* The second of two entries is a record that its member never signed. */
static struct rota_evidence *entry_evidence(const struct rota_genesis *genesis)
{
    struct rota_record *good = fixture_anchor(genesis, 2, 1), *bad = fixture_anchor(genesis, 3, 1);
    struct parts_block block;
    bad->bytes[bad->len - 1] ^= 1;
    struct parts_entry entries[] = {{ROTA_ENTRY_RECORD, rota_view(good->bytes, good->len)},
                                    {ROTA_ENTRY_RECORD, rota_view(bad->bytes, bad->len)}};
    parts_block_make(&block, genesis, 3, entries, 2);
    struct rota_evidence *evidence = parts_block_evidence(&block, genesis, &entries[1], 4);
    cr_assert_not_null(evidence);
    parts_block_free(&block);
    rota_record_release(good);
    rota_record_release(bad);
    return evidence;
}

struct rota_evidence *parts_evidence(const struct rota_genesis *genesis, int form)
{
    switch (form) {
    case 0: /* E1: member 1 is the primary of view 5 */
        return pair_evidence(genesis, ROTA_VOTE_PREPARE, 1);
    case 1:
        return pair_evidence(genesis, ROTA_VOTE_PREPARE, 2);
    case 2:
        return pair_evidence(genesis, ROTA_VOTE_COMMIT, 1);
    case 3:
        return chain_evidence(genesis, ROTA_VOTE_COMMIT);
    case 4:
        return chain_evidence(genesis, ROTA_VOTE_PREPARE);
    case 5:
        return lock_evidence(genesis);
    case 6:
        return new_view_evidence(genesis);
    case 7:
        return anchors_evidence(genesis);
    case 8:
        return changes_evidence(genesis);
    case 9:
        return proposal_evidence(genesis);
    default:
        return entry_evidence(genesis);
    }
}
