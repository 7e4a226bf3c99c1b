/* Liars are caught by what they sign, and after a fork by what they signed (PROTOCOL §7). In every run the checkers see to
 * it that whoever is accused is a liar and that the accusation is evidence which verifies. */
#include "ledger/forensics.h"
#include "tests/sim/sim_liar.h"

#include <criterion/criterion.h>

/* Member 1 lies in one way; the primary before it goes away for a while. In one of many seeds this kind of evidence comes up
 * within two seconds, and the others go on. */
static void expect_caught(uint64_t lies, enum rota_evidence_kind kind)
{
    uint32_t caught = 0;
    for (uint64_t seed = 1; seed <= 60 && caught == 0; seed++) {
        struct sim *s = sim_cluster(.members = 4, .seed = seed, .liars = 2, .lies = lies);
        sim_submit(s, "all", 10);
        sim_run_ms(s, 20 + seed % 40);
        sim_crash(s, "0");
        sim_submit(s, "up", 8);
        sim_run_ms(s, 2000);
        caught += s->evidence_kinds >> kind & 1;
        sim_restart(s, "0");
        sim_submit(s, "all", 5);
        sim_expect(s, sim_run_until_settled(s, 20000), "a liar that was caught holds the others up");
        sim_free(s);
    }
    cr_assert_gt(caught, 0, "no evidence of kind %u in sixty runs", (unsigned)kind);
}

/* E1 */
Test(forensics, a_primary_that_proposes_twice_is_caught)
{
    expect_caught(SIM_LIE(EQUIVOCATE), ROTA_EVIDENCE_DOUBLE_PROPOSAL);
}

/* E3 */
Test(forensics, a_member_that_commits_twice_is_caught)
{
    expect_caught(SIM_LIE(DOUBLE_VOTE), ROTA_EVIDENCE_DOUBLE_COMMIT);
}

/* E4 */
Test(forensics, a_member_that_hides_its_lock_is_caught)
{
    expect_caught(SIM_LIE(HIDE_LOCK), ROTA_EVIDENCE_HIDDEN_LOCK);
}

/* E5 */
Test(forensics, a_primary_whose_new_view_is_none_is_caught)
{
    expect_caught(SIM_LIE(BAD_NEW_VIEW), ROTA_EVIDENCE_NEW_VIEW);
}

/* ---- more liars than the ledger tolerates ------------------------------------------------------------------------------
 */

static struct rota_status kept_next(struct rota_kept_new_view *out, void *context, uint32_t epoch, uint64_t view)
{
    const struct sim_disk *disk = context;
    for (uint32_t i = 0; i < disk->kept_count; i++) {
        const struct sim_kept_view *kept = &disk->kept_views[i];
        if (kept->view <= view)
            continue;
        *out = (struct rota_kept_new_view){.epoch = epoch, .view = kept->view, .bytes = rota_view(kept->bytes, kept->len)};
        return rota_ok();
    }
    return rota_fail(ROTA_NOT_FOUND, "no more");
}

/* The certificate by which a replica holds the block of this height as final. */
static const struct rota_certificate *covering(const struct sim_replica *replica, uint64_t height)
{
    while (height <= replica->disk.height && !replica->disk.certified[height])
        height++;
    return height <= replica->disk.height ? replica->disk.certificates[height] : NULL;
}

static uint64_t first_difference(const struct sim_replica *a, const struct sim_replica *b)
{
    uint64_t reach = a->disk.height < b->disk.height ? a->disk.height : b->disk.height;
    for (uint64_t height = 1; height <= reach; height++)
        if (a->disk.chain[height] != b->disk.chain[height])
            return height;
    return 0;
}

/* Two honest replicas, their certificates, and the NEW-VIEWs that one of them kept. */
static void expect_liars_named(struct sim *s, struct sim_replica *a, struct sim_replica *b, struct sim_replica *witness)
{
    uint64_t height = first_difference(a, b);
    const struct rota_certificate *certificates[2] = {covering(a, height), covering(b, height)};
    cr_assert(height > 0 && certificates[0] && certificates[1]);
    const struct sim_replica *higher = certificates[0]->vote.height > certificates[1]->vote.height ? a : b;
    uint64_t low = certificates[higher == a]->vote.height, high = certificates[higher == b]->vote.height;
    struct rota_header headers[ROTA_SLOTS];
    uint32_t count = 0;
    for (uint64_t at = low + 1; at <= high && count < ROTA_SLOTS; at++)
        headers[count++] = higher->disk.chain[at]->header;
    struct rota_forensics_witness asked = {kept_next, &witness->disk};
    struct rota_forensics_input input = {.membership = &s->membership,
                                         .certificates = {certificates[0], certificates[1]},
                                         .header_count = count,
                                         .headers = headers,
                                         .witnesses = &asked,
                                         .witness_count = 1};
    struct rota_forensics found;
    struct rota_status status = rota_forensics_run(&found, &input);
    cr_assert(rota_is_ok(status), "%s", status.why);
    cr_assert_eq(found.culprits & ~s->liars, 0, "seed %llu: an honest member is named", (unsigned long long)s->options.seed);
    cr_assert_eq(found.verdict, ROTA_FORENSICS_NAMED, "seed %llu: %x of %u", (unsigned long long)s->options.seed,
                 found.culprits, found.expected);
    cr_assert_eq(found.new_views, witness->disk.kept_count, "a NEW-VIEW that was kept cannot be read");
    rota_forensics_free(&found);
}

/* Two of four lie, so that the ledger comes apart now and then: then at least 2Q - n = 2 are named, and nobody else. */
Test(forensics, after_a_fork_the_liars_are_named_and_nobody_else, .timeout = 120)
{
    uint32_t forks = 0;
    for (uint64_t seed = 1; seed <= 400 && forks < 12; seed++) {
        struct sim *s = sim_cluster(.members = 4, .seed = seed, .liars = 3,
                                    .lies = SIM_LIE(EQUIVOCATE) | SIM_LIE(DOUBLE_VOTE) | SIM_LIE(HIDE_LOCK) |
                                            SIM_LIE(SELECT) | SIM_LIE(WITHHOLD));
        for (int i = 0; i < 6 && !s->forked; i++) {
            sim_submit(s, "all", 4);
            sim_run_ms(s, 1500);
        }
        if (s->forked) {
            forks++;
            for (uint32_t witness = 2; witness < 4; witness++)
                expect_liars_named(s, &s->replicas[2], &s->replicas[3], &s->replicas[witness]);
        }
        sim_free(s);
    }
    cr_assert_geq(forks, 3, "only %u runs came apart", forks);
}
