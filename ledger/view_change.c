#include "ledger/view_change.h"

#include "crypto/broken.h"

static void header_write(struct rota_writer *writer, const struct rota_header *header)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    rota_header_encode(bytes, header);
    rota_write_bytes(writer, bytes, sizeof bytes);
}

static void header_read(struct rota_reader *reader, struct rota_header *out)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    rota_read_bytes(reader, bytes, sizeof bytes);
    if (reader->bad || !rota_is_ok(rota_header_decode(out, bytes)))
        reader->bad = true;
}

void rota_view_change_encode(struct rota_writer *writer, const struct rota_view_change *change)
{
    rota_write_u64(writer, change->new_view);
    rota_write_u64(writer, change->incarnation);
    rota_write_u8(writer, change->has_best);
    if (change->has_best)
        rota_certificate_encode(writer, &change->best);
    rota_write_u8(writer, change->has_committed);
    if (change->has_committed)
        rota_certificate_encode(writer, &change->committed);
    rota_write_u16(writer, (uint16_t)change->header_count);
    for (uint32_t i = 0; i < change->header_count; i++)
        header_write(writer, &change->headers[i]);
}

void rota_view_change_decode(struct rota_reader *reader, struct rota_view_change *out)
{
    memset(out, 0, sizeof *out);
    out->new_view = rota_read_u64(reader);
    out->incarnation = rota_read_u64(reader);
    out->has_best = rota_read_flag(reader);
    if (out->has_best)
        rota_certificate_decode(reader, &out->best);
    out->has_committed = rota_read_flag(reader);
    if (out->has_committed)
        rota_certificate_decode(reader, &out->committed);
    uint32_t count = rota_read_u16(reader);
    if (count > ROTA_VIEW_CHANGE_HEADERS_MAX)
        reader->bad = true;
    if (reader->bad)
        return;
    out->header_count = count;
    for (uint32_t i = 0; i < count && !reader->bad; i++)
        header_read(reader, &out->headers[i]);
}

/* The hash that stands for a view change's content in its preimage. */
struct rota_hash rota_view_change_content(const struct rota_view_change *change)
{
    uint8_t bytes[ROTA_VIEW_CHANGE_BYTES_MAX];
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    rota_view_change_encode(&writer, change);
    ROTA_ASSERT(!writer.bad);
    return rota_hash_of(ROTA_TAG("viewchange"), rota_view(bytes, writer.len));
}

/* tag || ledger || epoch || config || sender || new view || incarnation || content. */
size_t rota_view_change_preimage_of(uint8_t out[ROTA_VIEW_CHANGE_PREIMAGE_MAX], const struct rota_membership *membership,
                                    uint32_t sender, uint64_t new_view, uint64_t incarnation,
                                    const struct rota_hash *content)
{
    struct rota_writer writer = rota_writer(out, ROTA_VIEW_CHANGE_PREIMAGE_MAX);
    rota_write_bytes(&writer, ROTA_TAG("viewchange"), strlen(ROTA_TAG("viewchange")));
    rota_write_hash(&writer, &membership->ledger_id);
    rota_write_u32(&writer, membership->epoch);
    rota_write_hash(&writer, &membership->config_hash);
    rota_write_u32(&writer, sender);
    rota_write_u64(&writer, new_view);
    rota_write_u64(&writer, incarnation);
    rota_write_hash(&writer, content);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

size_t rota_view_change_preimage(uint8_t out[ROTA_VIEW_CHANGE_PREIMAGE_MAX], const struct rota_membership *membership,
                                 const struct rota_view_change *change)
{
    struct rota_hash content = rota_view_change_content(change);
    return rota_view_change_preimage_of(out, membership, change->sender, change->new_view, change->incarnation, &content);
}

struct rota_status rota_header_check(const struct rota_header *header, const struct rota_membership *membership)
{
    if (!rota_hash_equal(&header->ledger_id, &membership->ledger_id) || header->epoch != membership->epoch ||
        !rota_hash_equal(&header->config_hash, &membership->config_hash))
        return rota_fail(ROTA_WRONG_LEDGER, "a block header of another ledger or epoch");
    if (header->height <= membership->base_height || header->proposer >= membership->count || header->entry_count == 0)
        return rota_fail(ROTA_MALFORMED, "a block header that no primary makes");
    uint32_t most = membership->block_entries_max;
    if (ROTA_BROKEN(header_of_too_many_entries, most != 0 && header->entry_count > most, false))
        return rota_fail(ROTA_TOO_LARGE, "a block header that counts more entries than this ledger allows");
    return rota_ok();
}

bool rota_view_change_is_signed(const struct rota_view_change *change, const struct rota_membership *membership)
{
    uint8_t preimage[ROTA_VIEW_CHANGE_PREIMAGE_MAX];
    size_t len = rota_view_change_preimage(preimage, membership, change);
    return change->sender < membership->count &&
           membership->verify(&membership->members[change->sender].key, rota_view(preimage, len), &change->signature);
}

/* The headers of a view change link its committed block to its best one (V6). */
static struct rota_status view_change_chain_check(const struct rota_view_change *change,
                                                  const struct rota_membership *membership)
{
    uint64_t base = change->has_committed ? change->committed.vote.height : membership->base_height;
    uint64_t top = change->has_best ? change->best.vote.height : 0;
    if (change->header_count != (top > base ? top - base : 0))
        return rota_fail(ROTA_MALFORMED, "a view change whose headers do not span from its committed to its best block");
    struct rota_hash parent = change->has_committed ? change->committed.vote.block : membership->base;
    for (uint32_t i = 0; i < change->header_count; i++) {
        const struct rota_header *header = &change->headers[i];
        ROTA_TRY(rota_header_check(header, membership));
        if (header->height != base + 1 + i || !rota_hash_equal(&header->prev_hash, &parent))
            return rota_fail(ROTA_MALFORMED, "a view change whose headers do not link");
        parent = rota_header_hash(header);
    }
    if (change->header_count > 0 && !rota_hash_equal(&parent, &change->best.vote.block))
        return rota_fail(ROTA_MALFORMED, "a view change whose headers do not end in its best block");
    return rota_ok();
}

static struct rota_status view_change_certificates_check(const struct rota_view_change *change,
                                                         const struct rota_membership *membership)
{
    if (change->has_committed && !change->has_best)
        return rota_fail(ROTA_MALFORMED, "a view change with a committed block and no best certificate");
    if (change->has_best) {
        if (change->best.vote.view >= change->new_view || change->best.vote.height <= membership->base_height)
            return rota_fail(ROTA_REFUSED, "a view change with a certificate that is not older than its view");
        ROTA_TRY(ROTA_BROKEN(lock_uncertified, rota_certificate_verify(membership, &change->best), rota_ok()));
    }
    if (change->has_committed) {
        const struct rota_vote *vote = &change->committed.vote;
        if (vote->kind != ROTA_VOTE_COMMIT || vote->view >= change->new_view || vote->height <= membership->base_height)
            return rota_fail(ROTA_REFUSED,
                             "a view change whose committed block is not shown to be committed before its view");
        ROTA_TRY(rota_certificate_verify(membership, &change->committed));
    }
    return rota_ok();
}

struct rota_status rota_view_change_verify(const struct rota_view_change *change, const struct rota_membership *membership)
{
    if (change->sender >= membership->count)
        return rota_fail(ROTA_UNKNOWN_KEY, "a view change of a stranger");
    if (change->new_view == 0)
        return rota_fail(ROTA_MALFORMED, "a view change to view 0");
    ROTA_TRY(view_change_chain_check(change, membership));
    if (!rota_view_change_is_signed(change, membership))
        return rota_fail(ROTA_BAD_SIGNATURE, "a view change that its sender did not sign");
    return view_change_certificates_check(change, membership);
}
