/* rotad-liar: the product's own node, linked anew with this layer between its loop and its links. What the node wants to say
 * passes through here; while the file named by ROTA_LIES names a lie, some of the others hear something else, signed with
 * the node's own key. The node itself knows nothing of it: what it believes, stores and answers is honest.
 *
 *   equivocate    the first half of the others gets each proposal, the rest gets the same entries in another block, and the
 *                 votes that go with it
 *   both          everybody gets both blocks
 *   double-vote   behind each vote the last of the others gets one for a block that nobody knows
 *   mute          the first of the others gets nothing of the consensus at all
 *   false-text    everybody gets each proposal with one entry more, a text that is no proposal of anybody
 *   false-signature  the same with the block's last proposal, and another signature
 *   false-proof   the same with evidence against the next member, who signed nothing of it
 *   foreign-body  the first of the others gets each block with a TICK in the place of its last entry, under the right header
 *   other-ledger  everybody is told of another block at the height that is committed here; readers get no answer */
#include "node/links.h"

#include "consensus/core.h"
#include "node/chain.h"

#include <stdio.h>
#include <stdlib.h>

void __real_rota_peers_send_message(struct rota_peers *peers, uint32_t to, const struct rota_message *message,
                                    const struct rota_block *block);
void __wrap_rota_peers_send_message(struct rota_peers *peers, uint32_t to, const struct rota_message *message,
                                    const struct rota_block *block);

enum lie {
    LIE_NONE = 0,
    LIE_EQUIVOCATE,
    LIE_BOTH,
    LIE_DOUBLE_VOTE,
    LIE_MUTE,
    LIE_FALSE_TEXT,
    LIE_FALSE_SIGNATURE,
    LIE_FALSE_PROOF,
    LIE_FOREIGN_BODY,
    LIE_OTHER_LEDGER,
    LIES
};

static const char *const lie_names[LIES] = {"",           "equivocate",      "both",        "double-vote",  "mute",
                                            "false-text", "false-signature", "false-proof", "foreign-body", "other-ledger"};

static enum lie lie_of_the_day(void)
{
    const char *path = getenv("ROTA_LIES");
    FILE *file = path ? fopen(path, "re") : NULL;
    char word[32] = "";
    if (file && fscanf(file, "%31s", word) != 1)
        word[0] = '\0';
    if (file)
        (void)fclose(file);
    for (int lie = 1; lie < LIES; lie++)
        if (strcmp(word, lie_names[lie]) == 0)
            return (enum lie)lie;
    return LIE_NONE;
}

static void lie_sign(const struct rota_peers *peers, struct rota_message *message)
{
    uint8_t preimage[ROTA_MESSAGE_PREIMAGE_MAX];
    size_t len = rota_message_preimage(preimage, peers->membership, message);
    rota_ed25519_sign(&message->signature, peers->identity.secret, rota_view(preimage, len));
}

/* The other block: the same entries one millisecond later, and everything in it holds. */
enum { OTHERS_KEPT = 64 };
static struct {
    struct rota_hash real, other;
} others[OTHERS_KEPT];
static size_t others_next;

static const struct rota_hash *other_of(const struct rota_hash *real)
{
    for (size_t i = 0; i < OTHERS_KEPT; i++)
        if (rota_hash_equal(&others[i].real, real))
            return &others[i].other;
    return NULL;
}

static struct rota_block *other_block(const struct rota_block *block)
{
    struct rota_block *other = NULL;
    struct rota_header header = block->header;
    struct rota_entry entries[ROTA_BODY_ENTRIES_MAX];
    header.time_ms++;
    for (uint32_t i = 0; i < block->entry_count; i++)
        entries[i] = rota_entry_share(&block->entries[i]);
    if (!rota_is_ok(rota_block_new(&other, &header, entries, block->entry_count)))
        abort();
    others[others_next].real = block->hash;
    others[others_next].other = other->hash;
    others_next = (others_next + 1) % OTHERS_KEPT;
    return other;
}

static void say_other_block(struct rota_peers *peers, uint32_t to, const struct rota_message *message,
                            const struct rota_block *block)
{
    struct rota_message said = *message;
    struct rota_block *other = other_block(block);
    said.preprepare.header = other->header;
    said.preprepare.block = other->hash;
    lie_sign(peers, &said);
    __real_rota_peers_send_message(peers, to, &said, other);
    rota_block_release(other);
}

static void say_other_vote(struct rota_peers *peers, uint32_t to, const struct rota_message *message,
                           const struct rota_hash *block)
{
    struct rota_message said = *message;
    said.vote.block = *block;
    lie_sign(peers, &said);
    __real_rota_peers_send_message(peers, to, &said, NULL);
}

/* ---- a body with an entry that is none: its root is right, so it is the header's
 * ------------------------------------------- */

const struct rota_block *__real_rota_chain_build(struct rota_chain *chain, struct rota_pool *pool,
                                                 const struct rota_wanted *wanted);
const struct rota_block *__wrap_rota_chain_build(struct rota_chain *chain, struct rota_pool *pool,
                                                 const struct rota_wanted *wanted);

static struct rota_chain *built_on; /* whose tree has the leaves below */

const struct rota_block *__wrap_rota_chain_build(struct rota_chain *chain, struct rota_pool *pool,
                                                 const struct rota_wanted *wanted)
{
    built_on = chain;
    return __real_rota_chain_build(chain, pool, wanted);
}

static void must(struct rota_status status)
{
    if (!rota_is_ok(status))
        abort();
}

/* The root of the tree's first `size` leaves and this one; the tree is as it was afterwards. */
static struct rota_hash root_with(struct rota_tree *tree, uint64_t size, const struct rota_hash *leaf)
{
    enum { ABOVE_MAX = 64 * ROTA_BODY_ENTRIES_MAX };
    static struct rota_hash above[ABOVE_MAX];
    uint64_t count = rota_tree_size(tree) - size;
    if (count > ABOVE_MAX)
        abort();
    for (uint64_t i = 0; i < count; i++)
        above[i] = tree->levels[0].hashes[size + i];
    rota_tree_truncate(tree, size);
    must(rota_tree_append(tree, leaf));
    struct rota_hash root = rota_tree_root(tree, size + 1);
    rota_tree_truncate(tree, size);
    for (uint64_t i = 0; i < count; i++)
        must(rota_tree_append(tree, &above[i]));
    return root;
}

/* The block, with one entry more of these bytes. */
static struct rota_block *false_block(const struct rota_block *block, uint8_t kind, struct rota_view more)
{
    struct rota_header header = block->header;
    struct rota_hash leaf;
    struct rota_block *made = NULL;
    size_t len = rota_block_encoded_bytes(block) + 5 + more.len;
    uint8_t *bytes = malloc(len);
    struct rota_writer writer = rota_writer(bytes, len);
    if (!bytes || !rota_entry_leaf_of_bytes(&leaf, (enum rota_entry_kind)kind, more))
        abort();
    header.tree_root = root_with(&built_on->tree, header.tree_size, &leaf);
    header.tree_size++;
    header.entry_count++;
    rota_block_encode(&writer, block);
    rota_header_encode(bytes, &header);
    rota_write_u8(&writer, kind);
    rota_write_long(&writer, more);
    must(rota_block_decode_unfit(&made, rota_view(bytes, len)));
    free(bytes);
    return made;
}

static struct rota_block *block_with_false_text(const struct rota_block *block)
{
    char text[128];
    (void)snprintf(text, sizeof text, "nobody.nothing.%086d", 0);
    (void)memset(text + strlen(text) - 86, 'A', 86);
    return false_block(block, ROTA_ENTRY_PROPOSAL, rota_view_text(text));
}

/* One character of the signature is another one. */
static struct rota_block *block_with_false_signature(const struct rota_block *block)
{
    static char text[ROTA_JWS_CHARS_MAX + 1];
    const struct rota_entry *last = &block->entries[block->entry_count - 1];
    if (last->kind != ROTA_ENTRY_PROPOSAL)
        return block_with_false_text(block);
    struct rota_view honest = rota_entry_bytes(last);
    memcpy(text, honest.data, honest.len);
    char *at = text + honest.len - 60;
    *at = *at == 'A' ? 'B' : 'A';
    text[honest.len] = '\0';
    return false_block(block, ROTA_ENTRY_PROPOSAL, rota_view_text(text));
}

static struct rota_block *block_with_false_proof(const struct rota_peers *peers, const struct rota_block *block)
{
    struct rota_evidence *evidence = NULL;
    struct rota_vote_pair pair = {.votes = {{.vote = {.kind = ROTA_VOTE_COMMIT, .height = 1}},
                                            {.vote = {.kind = ROTA_VOTE_COMMIT, .height = 1, .block = {{1}}}}}};
    must(rota_evidence_of_votes(&evidence, peers->membership, (peers->self + 1) % peers->membership->count, &pair));
    struct rota_block *made = false_block(block, ROTA_ENTRY_EVIDENCE, rota_view(evidence->bytes, evidence->len));
    rota_evidence_release(evidence);
    return made;
}

static void say_false_block(struct rota_peers *peers, uint32_t to, const struct rota_message *message,
                            const struct rota_block *block, enum lie lie)
{
    struct rota_message said = *message;
    if (!built_on || rota_tree_size(&built_on->tree) < block->header.tree_size)
        return; /* said again after it was taken back */
    struct rota_block *made = lie == LIE_FALSE_TEXT        ? block_with_false_text(block)
                              : lie == LIE_FALSE_SIGNATURE ? block_with_false_signature(block)
                                                           : block_with_false_proof(peers, block);
    said.preprepare.header = made->header;
    said.preprepare.block = made->hash;
    lie_sign(peers, &said);
    __real_rota_peers_send_message(peers, to, &said, made);
    rota_block_release(made);
}

/* Its root is another one, so it is not the header's, which shows only when the block below it is executed. */
static void say_foreign_body(struct rota_peers *peers, uint32_t to, const struct rota_message *message,
                             const struct rota_block *block)
{
    struct rota_block *made = NULL;
    struct rota_record *record = NULL;
    struct rota_entry entries[ROTA_BODY_ENTRIES_MAX];
    uint32_t last = block->entry_count - 1;
    must(rota_record_of_tick(&record, &(struct rota_tick){block->header.epoch, block->header.height}));
    for (uint32_t i = 0; i < last; i++)
        entries[i] = rota_entry_share(&block->entries[i]);
    entries[last] = rota_entry_of_record(record);
    rota_record_release(record);
    must(rota_block_new(&made, &block->header, entries, block->entry_count));
    __real_rota_peers_send_message(peers, to, message, made);
    rota_block_release(made);
}

/* ---- telling ---------------------------------------------------------------------------------------------------------- */

static bool is_vote(const struct rota_message *message)
{
    return message->kind == ROTA_MESSAGE_PREPARE || message->kind == ROTA_MESSAGE_COMMIT;
}

/* The peer's place among the others, from 0. */
static uint32_t place_of(const struct rota_peers *peers, uint32_t peer)
{
    return peer < peers->self ? peer : peer - 1;
}

static void lie_to(struct rota_peers *peers, uint32_t to, const struct rota_message *message, const struct rota_block *block,
                   enum lie lie)
{
    uint32_t place = place_of(peers, to), last = peers->membership->count - 2;
    bool proposal = message->kind == ROTA_MESSAGE_PREPREPARE;
    bool misled = lie == LIE_EQUIVOCATE && place > last / 2;
    const struct rota_hash *other = is_vote(message) ? other_of(&message->vote.block) : NULL;
    if (lie == LIE_MUTE && place == 0)
        return;
    if (proposal && (lie == LIE_FALSE_TEXT || lie == LIE_FALSE_SIGNATURE || lie == LIE_FALSE_PROOF)) {
        say_false_block(peers, to, message, block, lie);
        return;
    }
    if (lie == LIE_FOREIGN_BODY && place == 0 && block) {
        say_foreign_body(peers, to, message, block);
        return;
    }
    if (lie == LIE_OTHER_LEDGER && message->kind == ROTA_MESSAGE_READ_INDEX_REPLY)
        return; /* it would name the right block */
    if (lie == LIE_OTHER_LEDGER && message->kind == ROTA_MESSAGE_STATUS) {
        struct rota_message said = *message;
        said.status.committed_block.b[0] ^= 1;
        __real_rota_peers_send_message(peers, to, &said, NULL);
        return;
    }
    if (misled && proposal)
        say_other_block(peers, to, message, block);
    else if (misled && other)
        say_other_vote(peers, to, message, other);
    else
        __real_rota_peers_send_message(peers, to, message, block);
    if (lie == LIE_BOTH && proposal)
        say_other_block(peers, to, message, block);
    if (lie == LIE_DOUBLE_VOTE && is_vote(message) && place == last) {
        struct rota_hash unknown = message->vote.block;
        unknown.b[0] ^= 1;
        say_other_vote(peers, to, message, &unknown);
    }
}

void __wrap_rota_peers_send_message(struct rota_peers *peers, uint32_t to, const struct rota_message *message,
                                    const struct rota_block *block)
{
    enum lie lie = lie_of_the_day();
    if (lie == LIE_NONE) {
        __real_rota_peers_send_message(peers, to, message, block);
        return;
    }
    for (uint32_t peer = 0; peer < peers->membership->count; peer++)
        if (peer != peers->self && (to == ROTA_TO_ALL || to == peer))
            lie_to(peers, peer, message, block, lie);
}
