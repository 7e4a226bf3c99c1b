/* NEW-VIEW: its bytes, its digest, and the selection function V7: pure, over the view changes alone. */
#include "crypto/broken.h"
#include "ledger/record.h"
#include "ledger/view_change.h"

void rota_new_view_encode(struct rota_writer *writer, const struct rota_new_view *new_view)
{
    rota_write_u64(writer, new_view->view);
    rota_write_u64(writer, new_view->tip_height);
    rota_write_hash(writer, &new_view->tip);
    rota_write_u8(writer, (uint8_t)new_view->change_count);
    for (uint32_t i = 0; i < new_view->change_count; i++) {
        rota_write_u32(writer, new_view->changes[i].sender);
        rota_view_change_encode(writer, &new_view->changes[i]);
        rota_write_signature(writer, &new_view->changes[i].signature);
    }
}

void rota_new_view_decode(struct rota_reader *reader, struct rota_new_view *out,
                          struct rota_view_change changes[ROTA_QUORUM_MAX])
{
    out->view = rota_read_u64(reader);
    out->tip_height = rota_read_u64(reader);
    rota_read_hash(reader, &out->tip);
    uint32_t count = rota_read_u8(reader);
    if (count > ROTA_QUORUM_MAX)
        reader->bad = true;
    out->changes = changes;
    for (uint32_t i = 0; i < count && !reader->bad; i++) {
        uint32_t sender = rota_read_u32(reader);
        rota_view_change_decode(reader, &out->changes[i]);
        out->changes[i].sender = sender;
        rota_read_signature(reader, &out->changes[i].signature);
    }
    out->change_count = reader->bad ? 0 : count;
}

/* A view change with its signature, in one hash. */
static struct rota_hash change_digest(const struct rota_membership *membership, const struct rota_view_change *change)
{
    uint8_t preimage[ROTA_VIEW_CHANGE_PREIMAGE_MAX];
    size_t len = rota_view_change_preimage(preimage, membership, change);
    struct rota_digest digest;
    rota_digest_start(&digest, NULL); /* the preimage begins with its tag */
    rota_digest_add(&digest, preimage, len);
    rota_digest_add(&digest, change->signature.b, sizeof change->signature.b);
    return rota_digest_finish(&digest);
}

struct rota_hash rota_new_view_digest(const struct rota_membership *membership, const struct rota_new_view *new_view)
{
    struct rota_digest digest;
    rota_digest_start(&digest, ROTA_TAG("newview"));
    rota_digest_add_hash(&digest, &membership->ledger_id);
    rota_digest_add_u32(&digest, membership->epoch);
    rota_digest_add_hash(&digest, &membership->config_hash);
    rota_digest_add_u64(&digest, new_view->view);
    for (uint32_t i = 0; i < new_view->change_count; i++) {
        struct rota_hash change = change_digest(membership, &new_view->changes[i]);
        rota_digest_add_hash(&digest, &change);
    }
    rota_digest_add_u64(&digest, new_view->tip_height);
    rota_digest_add_hash(&digest, &new_view->tip);
    return rota_digest_finish(&digest);
}

bool rota_new_view_is_signed(const struct rota_new_view *new_view, const struct rota_signature *signature,
                             const struct rota_membership *membership)
{
    uint8_t preimage[ROTA_ANCHOR_PREIMAGE_MAX];
    struct rota_hash nv = rota_new_view_digest(membership, new_view);
    size_t len = rota_anchor_preimage(preimage, membership, new_view->view, &nv);
    const struct rota_member *primary = &membership->members[rota_primary(membership, new_view->view)];
    return membership->verify(&primary->key, rota_view(preimage, len), signature);
}

/* Is certificate a higher than b, by view and then height? */
bool rota_certificate_higher(const struct rota_certificate *a, const struct rota_certificate *b)
{
    if (ROTA_BROKEN(height_before_view, a->vote.view != b->vote.view, a->vote.height == b->vote.height))
        return a->vote.view > b->vote.view;
    return a->vote.height > b->vote.height;
}

/* The block of this height on the chain that a view change shows; false when it does not reach there. */
static bool change_block_at(struct rota_hash *out, const struct rota_membership *membership,
                            const struct rota_view_change *change, uint64_t height)
{
    uint64_t base = change->has_committed ? change->committed.vote.height : membership->base_height;
    if (height == base && change->has_committed)
        *out = change->committed.vote.block;
    else if (height > base && height <= base + change->header_count)
        *out = rota_header_hash(&change->headers[height - base - 1]);
    else
        return false;
    return true;
}

struct rota_status rota_new_view_select(struct rota_tip *out, const struct rota_membership *membership,
                                        const struct rota_view_change *changes, uint32_t count)
{
    const struct rota_view_change *best = NULL, *committed = NULL;
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < count; i++) {
        const struct rota_view_change *change = &changes[i];
        if (change->has_best && (!best || ROTA_BROKEN(lowest_lock_wins, rota_certificate_higher(&change->best, &best->best),
                                                      rota_certificate_higher(&best->best, &change->best)))) {
            best = change;
            out->source = i;
        }
        if (change->has_committed && (!committed || change->committed.vote.height > committed->committed.vote.height)) {
            committed = change;
            out->base_source = i;
        }
    }
    out->base = committed ? committed->committed.vote.height : membership->base_height;
    if (!best) { /* nothing of this epoch was ever certified: it goes on from where it stands (M7) */
        out->height = membership->base_height;
        out->block = membership->base;
        out->committed = out->height > 0;
        return rota_ok();
    }
    if (committed && ROTA_BROKEN(locks_ignored, out->base >= best->best.vote.height, true)) {
        out->height = out->base;
        out->block = committed->committed.vote.block;
        out->committed = true;
        out->source = out->base_source;
        return rota_ok();
    }
    struct rota_hash at_base;
    if (committed && change_block_at(&at_base, membership, best, out->base) &&
        !rota_hash_equal(&at_base, &committed->committed.vote.block))
        return rota_fail(ROTA_REFUSED, "view changes that show two histories: more members lie than the ledger tolerates");
    out->height = best->best.vote.height;
    out->block = best->best.vote.block;
    out->committed = best->best.vote.kind == ROTA_VOTE_COMMIT;
    return rota_ok();
}

void rota_signed_new_view_decode(struct rota_reader *reader, struct rota_signed_new_view *out)
{
    rota_new_view_decode(reader, &out->new_view, out->changes);
    rota_read_signature(reader, &out->signature);
}

bool rota_signed_new_view_read(struct rota_signed_new_view *out, struct rota_view bytes,
                               const struct rota_membership *membership, uint64_t view)
{
    enum { KIND_NEW_VIEW = 6 };
    struct rota_reader reader = rota_reader(bytes);
    uint8_t kind = rota_read_u8(&reader);
    uint32_t epoch = rota_read_u32(&reader), sender = rota_read_u32(&reader);
    rota_signed_new_view_decode(&reader, out);
    return rota_is_ok(rota_reader_finish(&reader)) && kind == KIND_NEW_VIEW && epoch == membership->epoch &&
           out->new_view.view == view && sender == rota_primary(membership, view) &&
           rota_new_view_is_signed(&out->new_view, &out->signature, membership);
}

struct rota_status rota_new_view_judge(const struct rota_new_view *new_view, const struct rota_membership *membership)
{
    if (new_view->change_count != rota_quorum(membership->count, membership->profile))
        return rota_fail(ROTA_INCOMPLETE, "a new view without exactly a quorum of view changes");
    for (uint32_t i = 0; i < new_view->change_count; i++) {
        const struct rota_view_change *change = &new_view->changes[i];
        if (change->new_view != new_view->view)
            return rota_fail(ROTA_REFUSED, "a new view made of view changes to another view");
        if (i > 0 && ROTA_BROKEN(view_change_counts_twice, change->sender <= new_view->changes[i - 1].sender,
                                 change->sender < new_view->changes[i - 1].sender))
            return rota_fail(ROTA_MALFORMED, "a new view whose view changes are not of distinct members in order");
        ROTA_TRY(rota_view_change_verify(change, membership));
    }
    struct rota_tip tip;
    ROTA_TRY(rota_new_view_select(&tip, membership, new_view->changes, new_view->change_count));
    bool follows = tip.height == new_view->tip_height && rota_hash_equal(&tip.block, &new_view->tip);
    if (ROTA_BROKEN(new_view_tip_unchecked, !follows, false))
        return rota_fail(ROTA_REFUSED, "a new view with another tip than its view changes call for");
    return rota_ok();
}
