/* E9: a PREPARE for a block that cannot be one: by its header alone, or by one of its entries alone (PROTOCOL N3). An entry
 * is judged by its bytes, and a proposal's signature by its coordinator's key, which the ledger knows. What else makes a
 * block invalid depends on the state below it and convicts nobody.
 *
 * The vote covers the header's hash, the header the root of the tree, the root each leaf, and a leaf exactly one text: so
 * whoever signed the vote has signed for the very bytes that are shown. */
#include "crypto/broken.h"
#include "ledger/body.h"
#include "ledger/evidence.h"

enum { PROPOSAL_BYTES = ROTA_EVIDENCE_FRONT_BYTES + ROTA_VOTE_BYTES + ROTA_SIGNATURE_BYTES + ROTA_HEADER_BYTES };

/* The parts of either form. */
struct proposal_parts {
    struct rota_signed_vote prepare;
    struct rota_header header;
    const struct rota_entry_proof *entry; /* NULL: the header alone */
};

/* ---- making --------------------------------------------------------------------------------------------------------- */

/* Is it an entry of the block itself? The tree holds those of all blocks below it too. */
static bool entry_is_of_block(const struct rota_entry_proof *entry, const struct rota_header *header)
{
    struct rota_hash leaf;
    bool own = header->entry_count <= header->tree_size && entry->leaf_index < header->tree_size &&
               entry->leaf_index >= header->tree_size - header->entry_count;
    return ROTA_BROKEN(false_entry_of_another_block, own, true) &&
           rota_entry_leaf_of_bytes(&leaf, (enum rota_entry_kind)entry->kind, entry->bytes) &&
           rota_tree_path_verify(&entry->path, &leaf, entry->leaf_index, header->tree_size, &header->tree_root);
}

static size_t entry_bytes(const struct rota_entry_proof *entry)
{
    return 1 + 8 + 1 + (size_t)entry->path.count * ROTA_HASH_BYTES + 4 + entry->bytes.len;
}

static void entry_write(struct rota_writer *writer, const struct rota_entry_proof *entry)
{
    rota_write_u8(writer, entry->kind);
    rota_write_u64(writer, entry->leaf_index);
    rota_write_u8(writer, (uint8_t)entry->path.count);
    for (uint32_t i = 0; i < entry->path.count; i++)
        rota_write_hash(writer, &entry->path.hashes[i]);
    rota_write_long(writer, entry->bytes);
}

/* A proposal by its form is kept: whether its signature holds is for its coordinator's key to say. */
static struct rota_status entry_keep(struct rota_evidence *evidence, const struct rota_entry_proof *entry)
{
    if (!entry || entry->kind != ROTA_ENTRY_PROPOSAL)
        return rota_ok();
    struct rota_status status = rota_proposal_parse(&evidence->first, NULL, entry->bytes, false);
    return status.code == ROTA_NO_MEMORY ? status : rota_ok();
}

static struct rota_status proposal_make(struct rota_evidence **out, const struct rota_evidence_front *front,
                                        const struct proposal_parts *parts)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    struct rota_hash block = rota_header_hash(&parts->header);
    const struct rota_vote *vote = &parts->prepare.vote;
    size_t len = PROPOSAL_BYTES + (parts->entry ? entry_bytes(parts->entry) : 0);
    *out = NULL;
    if (vote->kind != ROTA_VOTE_PREPARE || !rota_hash_equal(&vote->block, &block))
        return rota_fail(ROTA_REFUSED, "this is not a PREPARE for that header");
    if (len > ROTA_EVIDENCE_BYTES_MAX)
        return rota_fail(ROTA_TOO_LARGE, "an entry too large to be evidence");
    if (parts->entry && !entry_is_of_block(parts->entry, &parts->header))
        return rota_fail(ROTA_REFUSED, "this is not an entry of that block");
    struct rota_evidence *evidence = rota_evidence_new(ROTA_EVIDENCE_INVALID_PROPOSAL, len);
    if (!evidence)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    struct rota_status kept = entry_keep(evidence, parts->entry);
    if (!rota_is_ok(kept)) {
        rota_evidence_release(evidence);
        return kept;
    }
    struct rota_writer writer = rota_evidence_write_front(evidence, front->member, front->epoch);
    rota_vote_encode(&writer, vote);
    rota_write_signature(&writer, &parts->prepare.signature);
    rota_header_encode(bytes, &parts->header);
    rota_write_bytes(&writer, bytes, sizeof bytes);
    if (parts->entry)
        entry_write(&writer, parts->entry);
    rota_evidence_close(evidence, &writer);
    evidence->view = vote->view;
    evidence->height = vote->height;
    *out = evidence;
    return rota_ok();
}

struct rota_status rota_evidence_of_proposal(struct rota_evidence **out, uint32_t epoch, uint32_t member,
                                             const struct rota_signed_vote *prepare, const struct rota_header *header)
{
    struct rota_evidence_front front = {.kind = ROTA_EVIDENCE_INVALID_PROPOSAL, .member = member, .epoch = epoch};
    return proposal_make(out, &front, &(struct proposal_parts){.prepare = *prepare, .header = *header});
}

struct rota_status rota_evidence_of_entry(struct rota_evidence **out, uint32_t epoch, uint32_t member,
                                          const struct rota_signed_vote *prepare, const struct rota_header *header,
                                          const struct rota_entry_proof *entry)
{
    struct rota_evidence_front front = {.kind = ROTA_EVIDENCE_INVALID_PROPOSAL, .member = member, .epoch = epoch};
    return proposal_make(out, &front, &(struct proposal_parts){*prepare, *header, entry});
}

bool rota_evidence_is_of_entry(const struct rota_evidence *evidence)
{
    return evidence->kind == ROTA_EVIDENCE_INVALID_PROPOSAL && evidence->len > PROPOSAL_BYTES;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static void entry_read(struct rota_reader *reader, struct rota_entry_proof *out)
{
    out->kind = rota_read_u8(reader);
    out->leaf_index = rota_read_u64(reader);
    out->path.count = rota_read_u8(reader);
    if (out->path.count > ROTA_TREE_PATH_MAX)
        reader->bad = true;
    for (uint32_t i = 0; i < out->path.count && !reader->bad; i++)
        rota_read_hash(reader, &out->path.hashes[i]);
    out->bytes = rota_read_long(reader);
}

/* entry: where one is read to, if there is one. */
static void proposal_read(struct rota_reader *reader, struct proposal_parts *out, struct rota_entry_proof *entry)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    rota_vote_decode(reader, &out->prepare.vote);
    rota_read_signature(reader, &out->prepare.signature);
    rota_read_bytes(reader, bytes, sizeof bytes);
    if (reader->bad || !rota_is_ok(rota_header_decode(&out->header, bytes)))
        reader->bad = true;
    out->entry = !reader->bad && reader->at < reader->len ? entry : NULL;
    if (out->entry)
        entry_read(reader, entry);
}

struct rota_status rota_evidence_proposal_parse(struct rota_evidence **out, const struct rota_evidence_front *front,
                                                struct rota_reader *reader)
{
    struct proposal_parts parts;
    struct rota_entry_proof entry;
    proposal_read(reader, &parts, &entry);
    ROTA_TRY(rota_reader_finish(reader));
    return proposal_make(out, front, &parts);
}

/* ---- judging -------------------------------------------------------------------------------------------------------- */

static struct rota_status entry_is_fine(void)
{
    return rota_fail(ROTA_REFUSED, "an entry that may stand in a block is no evidence");
}

/* A proposal that is one but for its signature. */
static struct rota_status signature_verify(const struct rota_proposal *proposal, const struct rota_es256k_public *key)
{
    if (!key || ROTA_BROKEN(false_signature_of_another_key, !rota_kid_equal(&key->kid, &proposal->jws.kid), false))
        return rota_fail(ROTA_UNKNOWN_KEY, "evidence about the signature of a key that is not known here");
    return rota_is_ok(rota_jws_verify(&proposal->jws, key)) ? entry_is_fine() : rota_ok();
}

/* ROTA_NO_MEMORY says nothing about an entry, so it proves nothing either. */
static struct rota_status entry_verify(const struct rota_evidence *evidence, const struct rota_entry_proof *entry,
                                       const struct rota_membership *membership, const struct rota_es256k_public *key)
{
    struct rota_status wrong = rota_entry_judge((enum rota_entry_kind)entry->kind, entry->bytes, membership);
    if (wrong.code == ROTA_NO_MEMORY)
        return wrong;
    if (!rota_is_ok(wrong))
        return rota_ok();
    return evidence->first ? signature_verify(evidence->first, key) : entry_is_fine();
}

struct rota_status rota_evidence_proposal_verify(const struct rota_evidence *evidence,
                                                 const struct rota_membership *membership,
                                                 const struct rota_es256k_public *key)
{
    struct proposal_parts parts;
    struct rota_entry_proof entry;
    struct rota_reader reader = rota_reader(rota_view(evidence->bytes, evidence->len));
    (void)rota_read_view(&reader, ROTA_EVIDENCE_FRONT_BYTES);
    proposal_read(&reader, &parts, &entry);
    ROTA_ASSERT(!reader.bad); /* parsed before */
    const struct rota_vote *vote = &parts.prepare.vote;
    const struct rota_header *header = &parts.header;
    if (!rota_vote_verify(membership, vote, evidence->member, &parts.prepare.signature))
        return rota_fail(ROTA_BAD_SIGNATURE, "evidence with a signature that does not verify");
    bool possible = rota_is_ok(rota_header_check(header, membership)) && header->height == vote->height &&
                    header->entry_count <= ROTA_BODY_ENTRIES_MAX;
    if (!possible) /* then the header is enough, and one form for one fault is too */
        return parts.entry ? rota_fail(ROTA_REFUSED, "evidence about an entry of what is no block by its header")
                           : rota_ok();
    if (!parts.entry)
        return rota_fail(ROTA_REFUSED, "a proposal whose header may be a block's is no evidence");
    return entry_verify(evidence, parts.entry, membership, key);
}
