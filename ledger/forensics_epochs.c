/* Two certificates whose epochs differ, or whose epochs came about in two ways: who is to be asked about it (PROTOCOL E11,
 * M7)? Whatever was certified in a later epoch rests on the block that ended the one before, and on its certificate. So the
 * two sides part in the last epoch that they share, and its members answer for it. */
#include "ledger/forensics.h"

#include "crypto/broken.h"

/* What a side shows for one epoch. */
struct shown {
    const struct rota_certificate *certificate;
    const struct rota_header *headers;
    uint32_t header_count;
    bool ends_epoch; /* its block ended the epoch */
    bool gave_up;    /* it is the block that a recovery manifest kept of it */
};

static bool epochs_are_one(const struct rota_epoch *a, const struct rota_epoch *b)
{
    return rota_hash_equal(&a->membership.config_hash, &b->membership.config_hash) &&
           a->membership.base_height == b->membership.base_height &&
           rota_hash_equal(&a->membership.base, &b->membership.base);
}

/* The epoch of a certificate is no more than its own word, until its side leads there and it verifies. */
static struct rota_status side_check(const struct rota_forensics_side *side)
{
    const struct rota_epoch *own = rota_epoch_chain_find(side->epochs, side->certificate.epoch);
    if (!own)
        return rota_fail(ROTA_INCOMPLETE, "a certificate is of an epoch that its own side does not lead to");
    return rota_certificate_verify(&own->membership, &side->certificate);
}

/* The last one that both sides, which were checked, have and that began alike. The genesis is one of them. */
static uint32_t epochs_shared(const struct rota_forensics_side sides[2])
{
    uint32_t shared = 0;
    while (shared < sides[0].certificate.epoch && shared < sides[1].certificate.epoch &&
           epochs_are_one(&sides[0].epochs->epochs[shared + 1], &sides[1].epochs->epochs[shared + 1]))
        shared++;
    return shared;
}

/* Does the epoch after this one stand on the certificate's block, because that ended this one? */
static bool side_ends(const struct rota_forensics_side *side, uint32_t epoch)
{
    const struct rota_epoch *next = rota_epoch_chain_find(side->epochs, epoch + 1);
    return next && !rota_epoch_is_discontinuity(next) &&
           rota_hash_equal(&next->membership.base, &side->certificate.vote.block);
}

static struct shown side_show(const struct rota_forensics_side *side, uint32_t epoch)
{
    if (side->certificate.epoch == epoch)
        return (struct shown){.certificate = &side->certificate,
                              .headers = side->headers,
                              .header_count = side->header_count,
                              .ends_epoch = side_ends(side, epoch)};
    const struct rota_receipt_epoch *step = &side->epochs->steps[epoch + 1];
    bool gave_up = rota_epoch_is_discontinuity(&step->change->next);
    return (struct shown){.certificate = &step->certificate,
                          .headers = &step->header,
                          .header_count = 1,
                          .ends_epoch = !gave_up,
                          .gave_up = gave_up};
}

/* Those of the higher one that lie above the lower one. */
static void headers_between(struct rota_forensics_input *input, const struct shown shown[2])
{
    int higher = shown[1].certificate->vote.height > shown[0].certificate->vote.height;
    uint64_t low = shown[!higher].certificate->vote.height;
    input->headers = shown[higher].headers;
    input->header_count = shown[higher].header_count;
    while (input->header_count > 0 && input->headers[0].height <= low) {
        input->headers++;
        input->header_count--;
    }
}

/* A certificate above the block that ended the epoch, or two blocks that did. */
static bool end_is_passed(const struct shown shown[2])
{
    uint64_t first = shown[0].certificate->vote.height, second = shown[1].certificate->vote.height;
    return (shown[0].ends_epoch && (second > first || (shown[1].ends_epoch && second < first))) ||
           (shown[1].ends_epoch && first > second);
}

/* A manifest keeps what is at or below its block; of what is above, administrators decided. But what does not stand on that
 * block was there before they did: the members made two histories. */
static bool is_given_up(const struct shown shown[2], const struct rota_forensics_input *input)
{
    if (rota_forensics_parts(input))
        return false;
    for (int i = 0; i < 2; i++)
        if (shown[i].gave_up &&
            (shown[!i].gave_up || shown[!i].certificate->vote.height > shown[i].certificate->vote.height))
            return true;
    return false;
}

struct rota_status rota_forensics_compare(struct rota_forensics *out, const struct rota_forensics_side sides[2],
                                          const struct rota_forensics_witness *witnesses, uint32_t witness_count)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 2; i++)
        ROTA_TRY(side_check(&sides[i]));
    uint32_t epoch = epochs_shared(sides);
    struct shown shown[2] = {side_show(&sides[0], epoch), side_show(&sides[1], epoch)};
    out->epoch = sides[0].epochs->epochs[epoch];
    struct rota_forensics_input input = {.membership = &sides[0].epochs->epochs[epoch].membership,
                                         .certificates = {shown[0].certificate, shown[1].certificate},
                                         .excluded = ROTA_BROKEN(end_of_epoch_does_not_bind, end_is_passed(shown), false),
                                         .witnesses = witnesses,
                                         .witness_count = witness_count};
    headers_between(&input, shown);
    if (is_given_up(shown, &input)) {
        out->verdict = ROTA_FORENSICS_GIVEN_UP;
        out->certificates[0] = *shown[0].certificate;
        out->certificates[1] = *shown[1].certificate;
        return rota_ok();
    }
    ROTA_TRY(rota_forensics_run(out, &input));
    bool swapped = shown[0].certificate->vote.height > shown[1].certificate->vote.height;
    out->epoch = sides[0].epochs->epochs[epoch];
    for (int i = 0; i < 2; i++)
        out->ends_epoch[i] = shown[swapped ? 1 - i : i].ends_epoch;
    return rota_ok();
}
