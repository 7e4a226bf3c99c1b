/* E4, E5, E6: what members say when they go from one view to the next (PROTOCOL V5, V9). */
#include "ledger/evidence.h"

#include "crypto/broken.h"

#include <stdlib.h>

/* The fields of a view change and its signature. */
static void change_write(struct rota_writer *writer, const struct rota_view_change *change)
{
    rota_view_change_encode(writer, change);
    rota_write_signature(writer, &change->signature);
}

static void change_read(struct rota_reader *reader, struct rota_view_change *out, uint32_t sender)
{
    rota_view_change_decode(reader, out);
    rota_read_signature(reader, &out->signature);
    out->sender = sender;
}

static size_t change_bytes(const struct rota_view_change *change)
{
    uint8_t bytes[ROTA_VIEW_CHANGE_BYTES_MAX + ROTA_SIGNATURE_BYTES];
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    change_write(&writer, change);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

/* The reader behind the front of evidence that was parsed before. */
static struct rota_reader body_reader(const struct rota_evidence *evidence)
{
    struct rota_reader reader = rota_reader(rota_view(evidence->bytes, evidence->len));
    (void)rota_read_view(&reader, ROTA_EVIDENCE_FRONT_BYTES);
    return reader;
}

static struct rota_status bad_signature(void)
{
    return rota_fail(ROTA_BAD_SIGNATURE, "evidence with a signature that does not verify");
}

/* ---- E4: COMMIT is said with the lock on disk, and whoever leaves shows the lock ------------------------------------- */

static bool lock_is_hidden(const struct rota_vote *commit, const struct rota_view_change *change)
{
    if (commit->kind != ROTA_VOTE_COMMIT || change->new_view <= commit->view)
        return false;
    if (!change->has_best || change->best.vote.view < commit->view)
        return true;
    return change->best.vote.view == commit->view &&
           ROTA_BROKEN(shown_lock_is_hidden, change->best.vote.height < commit->height, true);
}

struct rota_status rota_evidence_of_hidden_lock(struct rota_evidence **out, uint32_t epoch,
                                                const struct rota_signed_vote *commit, const struct rota_view_change *change)
{
    *out = NULL;
    if (!lock_is_hidden(&commit->vote, change))
        return rota_fail(ROTA_REFUSED, "this view change does not hide what was committed");
    struct rota_evidence *evidence =
        rota_evidence_new(ROTA_EVIDENCE_HIDDEN_LOCK,
                          ROTA_EVIDENCE_FRONT_BYTES + ROTA_VOTE_BYTES + ROTA_SIGNATURE_BYTES + change_bytes(change));
    if (!evidence)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    struct rota_writer writer = rota_evidence_write_front(evidence, change->sender, epoch);
    rota_vote_encode(&writer, &commit->vote);
    rota_write_signature(&writer, &commit->signature);
    change_write(&writer, change);
    rota_evidence_close(evidence, &writer);
    evidence->view = commit->vote.view;
    evidence->height = commit->vote.height;
    evidence->incarnation = change->incarnation;
    *out = evidence;
    return rota_ok();
}

static void lock_read(struct rota_reader *reader, struct rota_signed_vote *commit, struct rota_view_change *change,
                      uint32_t member)
{
    rota_vote_decode(reader, &commit->vote);
    rota_read_signature(reader, &commit->signature);
    change_read(reader, change, member);
}

struct rota_status rota_evidence_lock_parse(struct rota_evidence **out, const struct rota_evidence_front *front,
                                            struct rota_reader *reader)
{
    struct rota_signed_vote commit;
    struct rota_view_change change;
    lock_read(reader, &commit, &change, front->member);
    ROTA_TRY(rota_reader_finish(reader));
    return rota_evidence_of_hidden_lock(out, front->epoch, &commit, &change);
}

struct rota_status rota_evidence_lock_verify(const struct rota_evidence *evidence, const struct rota_membership *membership)
{
    struct rota_signed_vote commit;
    struct rota_view_change change;
    struct rota_reader reader = body_reader(evidence);
    if (ROTA_BROKEN(hidden_lock_convicts_everywhere, rota_fault_bound(membership->count, membership->profile) == 0, false))
        return rota_fail(ROTA_REFUSED, "a hidden lock convicts nobody where no liar is tolerated");
    lock_read(&reader, &commit, &change, evidence->member);
    ROTA_ASSERT(!reader.bad);
    bool good = rota_vote_verify(membership, &commit.vote, evidence->member, &commit.signature) &&
                rota_view_change_is_signed(&change, membership);
    return good ? rota_ok() : bad_signature();
}

/* ---- E5: a NEW-VIEW follows from what is in it, and there is one ------------------------------------------------------ */

enum new_view_form { FORM_WHOLE = 1, FORM_ANCHORS = 2 };

static size_t new_view_bytes(const struct rota_new_view *new_view)
{
    size_t bytes = 8 + 8 + ROTA_HASH_BYTES + 1;
    for (uint32_t i = 0; i < new_view->change_count; i++)
        bytes += 4 + change_bytes(&new_view->changes[i]);
    return bytes;
}

static struct rota_status whole_make(struct rota_evidence **out, const struct rota_evidence_front *front,
                                     const struct rota_new_view *new_view, const struct rota_signature *signature)
{
    *out = NULL;
    size_t len = ROTA_EVIDENCE_FRONT_BYTES + 1 + new_view_bytes(new_view) + ROTA_SIGNATURE_BYTES;
    if (len > ROTA_EVIDENCE_BYTES_MAX)
        return rota_fail(ROTA_TOO_LARGE, "a new view too large to be evidence");
    struct rota_evidence *evidence = rota_evidence_new(ROTA_EVIDENCE_NEW_VIEW, len);
    if (!evidence)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    struct rota_writer writer = rota_evidence_write_front(evidence, front->member, front->epoch);
    rota_write_u8(&writer, FORM_WHOLE);
    rota_new_view_encode(&writer, new_view);
    rota_write_signature(&writer, signature);
    rota_evidence_close(evidence, &writer);
    evidence->view = new_view->view;
    *out = evidence;
    return rota_ok();
}

struct rota_status rota_evidence_of_new_view(struct rota_evidence **out, const struct rota_membership *membership,
                                             const struct rota_new_view *new_view, const struct rota_signature *signature)
{
    struct rota_evidence_front front = {
        .kind = ROTA_EVIDENCE_NEW_VIEW, .member = rota_primary(membership, new_view->view), .epoch = membership->epoch};
    return whole_make(out, &front, new_view, signature);
}

static struct rota_status anchors_make(struct rota_evidence **out, const struct rota_evidence_front *front,
                                       const struct rota_anchor *a, const struct rota_anchor *b)
{
    *out = NULL;
    int order = memcmp(a->nv.b, b->nv.b, sizeof a->nv.b);
    if (a->view != b->view || a->view == 0 || order == 0)
        return rota_fail(ROTA_REFUSED, "these are not two new views of one view");
    struct rota_evidence *evidence = rota_evidence_new(
        ROTA_EVIDENCE_NEW_VIEW, ROTA_EVIDENCE_FRONT_BYTES + 1 + 8 + 2 * (ROTA_HASH_BYTES + ROTA_SIGNATURE_BYTES));
    if (!evidence)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    const struct rota_anchor *both[] = {order < 0 ? a : b, order < 0 ? b : a};
    struct rota_writer writer = rota_evidence_write_front(evidence, front->member, front->epoch);
    rota_write_u8(&writer, FORM_ANCHORS);
    rota_write_u64(&writer, a->view);
    for (int i = 0; i < 2; i++) {
        rota_write_hash(&writer, &both[i]->nv);
        rota_write_signature(&writer, &both[i]->signature);
    }
    rota_evidence_close(evidence, &writer);
    evidence->view = a->view;
    *out = evidence;
    return rota_ok();
}

struct rota_status rota_evidence_of_anchors(struct rota_evidence **out, const struct rota_membership *membership,
                                            const struct rota_anchor *a, const struct rota_anchor *b)
{
    struct rota_evidence_front front = {
        .kind = ROTA_EVIDENCE_NEW_VIEW, .member = rota_primary(membership, a->view), .epoch = membership->epoch};
    return anchors_make(out, &front, a, b);
}

static void anchors_read(struct rota_reader *reader, struct rota_anchor out[2])
{
    out[0].view = out[1].view = rota_read_u64(reader);
    for (int i = 0; i < 2; i++) {
        rota_read_hash(reader, &out[i].nv);
        rota_read_signature(reader, &out[i].signature);
    }
}

static struct rota_status whole_parse(struct rota_evidence **out, const struct rota_evidence_front *front,
                                      struct rota_reader *reader)
{
    struct rota_signed_new_view *whole = calloc(1, sizeof *whole);
    if (!whole)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    rota_signed_new_view_decode(reader, whole);
    struct rota_status status = rota_reader_finish(reader);
    if (rota_is_ok(status))
        status = whole_make(out, front, &whole->new_view, &whole->signature);
    free(whole);
    return status;
}

struct rota_status rota_evidence_new_view_parse(struct rota_evidence **out, const struct rota_evidence_front *front,
                                                struct rota_reader *reader)
{
    uint8_t form = rota_read_u8(reader);
    struct rota_anchor anchors[2];
    if (form == FORM_WHOLE)
        return whole_parse(out, front, reader);
    if (form != FORM_ANCHORS)
        return rota_fail(ROTA_MALFORMED, "evidence about a new view in no known form");
    anchors_read(reader, anchors);
    ROTA_TRY(rota_reader_finish(reader));
    return anchors_make(out, front, &anchors[0], &anchors[1]);
}

static bool anchor_is_signed(const struct rota_anchor *anchor, const struct rota_membership *membership, uint32_t member)
{
    uint8_t preimage[ROTA_ANCHOR_PREIMAGE_MAX];
    size_t len = rota_anchor_preimage(preimage, membership, anchor->view, &anchor->nv);
    return membership->verify(&membership->members[member].key, rota_view(preimage, len), &anchor->signature);
}

/* The block that the epoch stands on where this NEW-VIEW was made: what the headers that begin there name, or its tip when
 * nothing was certified. Where every lock is shown from a commit certificate on it is of no account, but lower than these.
 */
static void base_claimed(struct rota_membership *elsewhere, const struct rota_new_view *new_view)
{
    elsewhere->base_height = new_view->tip_height;
    elsewhere->base = new_view->tip;
    for (uint32_t i = 0; i < new_view->change_count; i++) {
        const struct rota_view_change *change = &new_view->changes[i];
        uint64_t committed = change->has_committed ? change->committed.vote.height : 0;
        if (committed > 0 && committed <= elsewhere->base_height)
            elsewhere->base_height = committed - 1;
    }
    for (uint32_t i = 0; i < new_view->change_count; i++) {
        const struct rota_view_change *change = &new_view->changes[i];
        if (change->has_committed || change->header_count == 0 || change->headers[0].height == 0)
            continue;
        elsewhere->base_height = change->headers[0].height - 1;
        elsewhere->base = change->headers[0].prev_hash;
    }
}

/* After a fork where an epoch ended, the next one may stand on two blocks with one document (M7), and nv does not name them.
 * A NEW-VIEW that is as it should be on the one is no lie in the other history, whoever looks (E5, E11). */
static bool whole_holds_elsewhere(const struct rota_new_view *new_view, const struct rota_membership *membership)
{
    if (membership->epoch == 0) /* which begins with nothing, everywhere */
        return false;
    struct rota_membership elsewhere = *membership;
    base_claimed(&elsewhere, new_view);
    return rota_is_ok(rota_new_view_judge(new_view, &elsewhere));
}

static struct rota_status whole_verify(struct rota_reader *reader, const struct rota_membership *membership)
{
    struct rota_signed_new_view *whole = calloc(1, sizeof *whole);
    if (!whole)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    rota_signed_new_view_decode(reader, whole);
    ROTA_ASSERT(!reader->bad);
    struct rota_status status = rota_ok();
    if (!rota_new_view_is_signed(&whole->new_view, &whole->signature, membership))
        status = bad_signature();
    else if (rota_is_ok(rota_new_view_judge(&whole->new_view, membership)))
        status = rota_fail(ROTA_REFUSED, "a new view that is as it should be is no evidence");
    else if (ROTA_BROKEN(other_histories_convict, whole_holds_elsewhere(&whole->new_view, membership), false))
        status =
            rota_fail(ROTA_REFUSED, "a new view that is as it should be on another block than this epoch stands on here");
    free(whole);
    return status;
}

struct rota_status rota_evidence_new_view_verify(const struct rota_evidence *evidence,
                                                 const struct rota_membership *membership)
{
    struct rota_anchor anchors[2];
    struct rota_reader reader = body_reader(evidence);
    if (evidence->member != rota_primary(membership, evidence->view))
        return rota_fail(ROTA_REFUSED, "evidence about a new view against a member that is not its primary");
    if (rota_read_u8(&reader) == FORM_WHOLE)
        return whole_verify(&reader, membership);
    anchors_read(&reader, anchors);
    ROTA_ASSERT(!reader.bad);
    bool good = anchor_is_signed(&anchors[0], membership, evidence->member) &&
                anchor_is_signed(&anchors[1], membership, evidence->member);
    return good ? rota_ok() : bad_signature();
}

/* ---- E6: exactly one VIEW-CHANGE to a view --------------------------------------------------------------------------- */

struct rota_status rota_evidence_of_view_changes(struct rota_evidence **out, uint32_t epoch,
                                                 const struct rota_view_change *a, const struct rota_view_change *b)
{
    *out = NULL;
    struct rota_hash first = rota_view_change_content(a), second = rota_view_change_content(b);
    int order = memcmp(first.b, second.b, sizeof first.b);
    if (a->sender != b->sender || a->new_view != b->new_view || a->incarnation != b->incarnation || order == 0)
        return rota_fail(ROTA_REFUSED, "these are not two view changes of one member to one view");
    struct rota_evidence *evidence =
        rota_evidence_new(ROTA_EVIDENCE_DOUBLE_VIEW_CHANGE, ROTA_EVIDENCE_FRONT_BYTES + change_bytes(a) + change_bytes(b));
    if (!evidence)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    struct rota_writer writer = rota_evidence_write_front(evidence, a->sender, epoch);
    change_write(&writer, order < 0 ? a : b);
    change_write(&writer, order < 0 ? b : a);
    rota_evidence_close(evidence, &writer);
    evidence->view = a->new_view;
    *out = evidence;
    return rota_ok();
}

struct rota_status rota_evidence_changes_parse(struct rota_evidence **out, const struct rota_evidence_front *front,
                                               struct rota_reader *reader)
{
    struct rota_view_change a, b;
    change_read(reader, &a, front->member);
    change_read(reader, &b, front->member);
    ROTA_TRY(rota_reader_finish(reader));
    return rota_evidence_of_view_changes(out, front->epoch, &a, &b);
}

struct rota_status rota_evidence_changes_verify(const struct rota_evidence *evidence,
                                                const struct rota_membership *membership)
{
    struct rota_view_change changes[2];
    struct rota_reader reader = body_reader(evidence);
    for (int i = 0; i < 2; i++) {
        change_read(&reader, &changes[i], evidence->member);
        ROTA_ASSERT(!reader.bad);
        if (!rota_view_change_is_signed(&changes[i], membership))
            return bad_signature();
    }
    return rota_ok();
}
