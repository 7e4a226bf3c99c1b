/* Evidence against members: each kind proves what it says, and nothing else is proof (PROTOCOL E1 to E6, E9, E10). */
#include "evidence_parts.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct rota_genesis genesis;

static void start(void)
{
    fixture_genesis(&genesis, 4);
}

static void end(void)
{
    rota_genesis_free(&genesis);
}

TestSuite(evidence, .init = start, .fini = end);

/* Would anybody be named on the strength of these bytes? */
static bool convicts(struct rota_view bytes, uint32_t *out_member)
{
    struct rota_evidence *evidence = NULL;
    bool good = rota_is_ok(rota_evidence_parse(&evidence, bytes)) &&
                rota_is_ok(rota_evidence_verify(evidence, &genesis.membership, NULL));
    if (good && out_member)
        *out_member = evidence->member;
    rota_evidence_release(evidence);
    return good;
}

Test(evidence, each_kind_names_who_signed)
{
    static const enum rota_evidence_kind kinds[PARTS_FORMS] = {1, 2, 3, 3, 10, 4, 5, 5, 6, 9, 9};
    static const uint32_t members[PARTS_FORMS] = {1, 2, 1, 2, 2, 3, 2, 3, 1, 1, 1};
    static const uint64_t views[PARTS_FORMS] = {5, 5, 5, 5, 5, 4, 6, 7, 6, 5, 5},
                          heights[PARTS_FORMS] = {9, 9, 9, 9, 9, 1, 0, 0, 0, 8, 8};
    for (int form = 0; form < PARTS_FORMS; form++) {
        struct rota_evidence *evidence = parts_evidence(&genesis, form);
        uint32_t member = UINT32_MAX;
        char words[256];
        cr_expect(convicts(rota_view(evidence->bytes, evidence->len), &member), "form %d", form);
        cr_expect_eq(member, members[form], "form %d", form);
        cr_expect_eq(evidence->kind, kinds[form], "form %d", form);
        cr_expect_eq(evidence->view, views[form], "form %d", form);
        cr_expect_eq(evidence->height, heights[form], "form %d", form);
        rota_evidence_words(words, sizeof words, evidence, &genesis.membership);
        cr_expect_not_null(strstr(words, fixture_member_label(members[form])), "%s", words);
        rota_evidence_release(evidence);
    }
}

/* Every byte is covered by a signature, by a hash, or by the form. */
Test(evidence, one_changed_byte_and_it_names_nobody, .timeout = 120)
{
    for (int form = 0; form < PARTS_FORMS; form++) {
        struct rota_evidence *evidence = parts_evidence(&genesis, form);
        for (size_t at = 0; at<evidence->len; at += evidence->len> 1000 ? 7 : 1) {
            evidence->bytes[at] ^= 1;
            cr_expect_not(convicts(rota_view(evidence->bytes, evidence->len), NULL), "form %d, byte %zu", form, at);
            evidence->bytes[at] ^= 1;
        }
        rota_evidence_release(evidence);
    }
}

Test(evidence, no_byte_more_and_none_less)
{
    for (int form = 0; form < PARTS_FORMS; form++) {
        struct rota_evidence *evidence = parts_evidence(&genesis, form);
        uint8_t *longer = calloc(1, evidence->len + 1);
        cr_assert_not_null(longer);
        memcpy(longer, evidence->bytes, evidence->len);
        cr_expect_not(convicts(rota_view(longer, evidence->len + 1), NULL), "form %d", form);
        for (size_t len = 0; len<evidence->len; len += evidence->len> 1000 ? 37 : 1)
            cr_expect_not(convicts(rota_view(evidence->bytes, len), NULL), "form %d, %zu bytes", form, len);
        free(longer);
        rota_evidence_release(evidence);
    }
}

/* Two halves of equal length in the other order are other bytes, and would be counted twice. */
Test(evidence, has_one_order)
{
    static const struct {
        int form;
        size_t first, half;
    } halves[] = {{0, 9, ROTA_VOTE_BYTES + 64},
                  {1, 9, ROTA_VOTE_BYTES + 64},
                  {2, 9, ROTA_VOTE_BYTES + 64},
                  {3, 9, ROTA_VOTE_BYTES + 64},
                  {7, 18, 96}};
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        struct rota_evidence *evidence = parts_evidence(&genesis, halves[i].form);
        uint8_t *a = evidence->bytes + halves[i].first, *b = a + halves[i].half, held[256];
        memcpy(held, a, halves[i].half);
        memmove(a, b, halves[i].half);
        memcpy(b, held, halves[i].half);
        cr_expect_not(convicts(rota_view(evidence->bytes, evidence->len), NULL), "form %d", halves[i].form);
        rota_evidence_release(evidence);
    }
}

/* A member is not the primary because somebody says so: the kind is part of what is told apart. */
Test(evidence, kind_is_what_the_view_says)
{
    for (int form = 0; form < 2; form++) {
        struct rota_evidence *evidence = parts_evidence(&genesis, form);
        evidence->bytes[0] ^= 3; /* 1 for 2, 2 for 1 */
        cr_expect_not(convicts(rota_view(evidence->bytes, evidence->len), NULL));
        rota_evidence_release(evidence);
    }
}

Test(evidence, of_another_epoch_is_none_here)
{
    for (int form = 0; form < PARTS_FORMS; form++) {
        struct rota_evidence *evidence = parts_evidence(&genesis, form);
        genesis.membership.epoch = 1;
        cr_expect_eq(rota_evidence_verify(evidence, &genesis.membership, NULL).code, ROTA_WRONG_LEDGER);
        genesis.membership.epoch = 0;
        rota_evidence_release(evidence);
    }
}

/* ---- what honest members sign together ---------------------------------------------------------------------------------
 */

Test(evidence, votes_of_one_chain_are_none)
{
    struct rota_header headers[3];
    struct rota_hash hashes[3], start = parts_hash(9);
    struct rota_evidence *evidence = NULL;
    parts_chain(headers, hashes, &genesis, 10, 3, &start, 1);
    struct rota_signed_vote low = parts_vote(&genesis, ROTA_VOTE_COMMIT, 1, 5, 10, &hashes[0]),
                            high = parts_vote(&genesis, ROTA_VOTE_COMMIT, 1, 5, 12, &hashes[2]),
                            later = parts_vote(&genesis, ROTA_VOTE_COMMIT, 1, 6, 10, &start),
                            prepare = parts_vote(&genesis, ROTA_VOTE_PREPARE, 1, 5, 10, &start);
    const struct rota_signed_vote *others[] = {&high, &later, &prepare, &low};
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t count = 0; count < 3; count++) {
            struct rota_vote_pair pair = {.votes = {low, *others[i]}, .header_count = count, .headers = headers + 1};
            cr_expect_eq(rota_evidence_of_votes(&evidence, &genesis.membership, 1, &pair).code, ROTA_REFUSED);
        }
}

/* Headers that do not lead to the higher block prove nothing about it. */
Test(evidence, headers_must_reach_from_vote_to_vote)
{
    struct rota_header headers[4];
    struct rota_hash hashes[4], start = parts_hash(9), fork = parts_hash(8);
    struct rota_evidence *evidence = NULL;
    parts_chain(headers, hashes, &genesis, 10, 4, &start, 1);
    struct rota_vote_pair pair = {.votes = {parts_vote(&genesis, ROTA_VOTE_PREPARE, 1, 5, 9, &fork),
                                            parts_vote(&genesis, ROTA_VOTE_PREPARE, 1, 5, 12, &hashes[2])}};
    static const uint32_t from[] = {1, 0, 0, 1}, count[] = {2, 2, 4, 3};
    for (int i = 0; i < 4; i++) {
        pair.headers = headers + from[i];
        pair.header_count = count[i];
        cr_expect_eq(rota_evidence_of_votes(&evidence, &genesis.membership, 1, &pair).code, ROTA_REFUSED, "%d", i);
    }
    pair.headers = headers;
    pair.header_count = 3;
    cr_expect_eq(rota_evidence_of_votes(&evidence, &genesis.membership, 1, &pair).code, ROTA_OK);
    rota_evidence_release(evidence);
}

Test(evidence, a_lock_that_is_shown_is_not_hidden)
{
    struct rota_hash start = {{0}}, hash;
    struct rota_header header;
    struct rota_view_change change;
    struct rota_evidence *evidence = NULL;
    parts_chain(&header, &hash, &genesis, 1, 1, &start, 1);
    struct rota_signed_vote commit = parts_vote(&genesis, ROTA_VOTE_COMMIT, 1, 4, 1, &hash);
    struct rota_certificate same = parts_certificate(&genesis, ROTA_VOTE_PREPARE, 4, 1, &hash);
    parts_change(&change, &genesis, 1, 6, &same, &header);
    cr_expect_eq(rota_evidence_of_hidden_lock(&evidence, 0, &commit, &change).code, ROTA_REFUSED, "shown");
    parts_change(&change, &genesis, 1, 4, NULL, NULL);
    cr_expect_eq(rota_evidence_of_hidden_lock(&evidence, 0, &commit, &change).code, ROTA_REFUSED, "said before");
    parts_change(&change, &genesis, 1, 5, NULL, NULL);
    cr_expect_eq(rota_evidence_of_hidden_lock(&evidence, 0, &commit, &change).code, ROTA_OK);
    rota_evidence_release(evidence);
}

/* There a member that lost its memory may have to speak before any certificate is shown to it. */
Test(evidence, a_hidden_lock_convicts_nobody_where_no_liar_is_tolerated)
{
    struct rota_evidence *evidence = parts_evidence(&genesis, 5);
    struct rota_view bytes = rota_view(evidence->bytes, evidence->len);
    cr_assert_eq(evidence->kind, ROTA_EVIDENCE_HIDDEN_LOCK);
    cr_expect(convicts(bytes, NULL));
    genesis.membership.profile = ROTA_PROFILE_CRASH;
    cr_expect_not(convicts(bytes, NULL));
    rota_evidence_release(evidence);
}

Test(evidence, a_good_new_view_is_none_whoever_says_so)
{
    static struct rota_view_change changes[ROTA_QUORUM_MAX];
    struct rota_new_view new_view;
    struct rota_signature signature;
    struct rota_evidence *evidence = NULL;
    parts_new_view(&new_view, changes, &genesis, 6);
    parts_sign_new_view(&signature, &genesis, &new_view);
    cr_assert(rota_is_ok(rota_new_view_judge(&new_view, &genesis.membership)));
    cr_assert(rota_is_ok(rota_evidence_of_new_view(&evidence, &genesis.membership, &new_view, &signature)));
    cr_expect_not(convicts(rota_view(evidence->bytes, evidence->len), NULL));
    rota_evidence_release(evidence);
}

static bool convicts_on(struct rota_new_view *new_view, uint64_t base_height, uint8_t base)
{
    struct rota_signature signature;
    struct rota_evidence *evidence = NULL;
    parts_sign_new_view(&signature, &genesis, new_view);
    genesis.membership.base_height = base_height;
    memset(genesis.membership.base.b, base, sizeof genesis.membership.base.b);
    cr_assert(rota_is_ok(rota_evidence_of_new_view(&evidence, &genesis.membership, new_view, &signature)));
    bool yes = rota_is_ok(rota_evidence_verify(evidence, &genesis.membership, NULL));
    rota_evidence_release(evidence);
    return yes;
}

/* E5, E11: after a fork where an epoch ended, both histories may have its next document. A NEW-VIEW that is right on the one
 * block is no lie, also where the epoch stands on the other. */
Test(evidence, a_new_view_of_the_other_history_convicts_nobody)
{
    static struct rota_view_change changes[ROTA_QUORUM_MAX];
    struct rota_new_view new_view, moved;
    struct rota_hash base;
    struct rota_header header;
    genesis.membership.epoch = 1;
    genesis.membership.base_height = 7;
    memset(base.b, 0xaa, sizeof base.b);
    genesis.membership.base = base;
    for (uint32_t i = 0; i < 3; i++)
        parts_change(&changes[i], &genesis, i, 6, NULL, NULL);
    new_view = (struct rota_new_view){.view = 6, .tip_height = 7, .tip = base, .change_count = 3, .changes = changes};
    cr_assert(rota_is_ok(rota_new_view_judge(&new_view, &genesis.membership)));
    cr_expect_not(convicts_on(&new_view, 7, 0xaa));
    cr_expect_not(convicts_on(&new_view, 7, 0xbb), "the other block of this height");
    cr_expect_not(convicts_on(&new_view, 9, 0xbb), "one at another height");
    genesis.membership.base_height = 7;
    genesis.membership.base = base;
    struct rota_hash hash;
    parts_chain(&header, &hash, &genesis, 8, 1, &base, 1);
    struct rota_certificate lock = parts_certificate(&genesis, ROTA_VOTE_PREPARE, 4, 8, &hash);
    parts_change(&changes[1], &genesis, 1, 6, &lock, &header);
    new_view.tip_height = 8;
    new_view.tip = hash;
    cr_assert(rota_is_ok(rota_new_view_judge(&new_view, &genesis.membership)));
    cr_expect_not(convicts_on(&new_view, 7, 0xbb));
    moved = new_view;
    moved.tip.b[0] ^= 1;
    cr_expect(convicts_on(&moved, 7, 0xbb), "right nowhere");
    cr_expect(convicts_on(&moved, 7, 0xaa));
}

/* What a NEW-VIEW may be wrong in: too few view changes, one to another view, one twice, one that was never signed. */
Test(evidence, every_way_of_a_bad_new_view)
{
    static struct rota_view_change changes[ROTA_QUORUM_MAX];
    for (int way = 0; way < 4; way++) {
        struct rota_new_view new_view;
        struct rota_signature signature;
        struct rota_evidence *evidence = NULL;
        parts_new_view(&new_view, changes, &genesis, 6);
        if (way == 0)
            new_view.change_count--;
        else if (way == 1)
            parts_change(&changes[1], &genesis, 1, 7, NULL, NULL);
        else if (way == 2)
            changes[1] = changes[0];
        else
            changes[1].signature.b[0] ^= 1;
        parts_sign_new_view(&signature, &genesis, &new_view);
        cr_assert(rota_is_ok(rota_evidence_of_new_view(&evidence, &genesis.membership, &new_view, &signature)));
        cr_expect(convicts(rota_view(evidence->bytes, evidence->len), NULL), "way %d", way);
        rota_evidence_release(evidence);
    }
}

/* E9: by its header alone a block is impossible, or nothing is proven. */
Test(evidence, a_proposal_that_may_be_a_block_is_none)
{
    struct rota_hash start = {{0}}, hash;
    struct rota_header header;
    for (int way = 0; way < 7; way++) {
        struct rota_evidence *evidence = NULL;
        parts_chain(&header, &hash, &genesis, 8, 1, &start, 1);
        if (way == 1)
            header.proposer = 4;
        else if (way == 2)
            header.ledger_id.b[0] ^= 1;
        else if (way == 3)
            header.entry_count = 1025;
        else if (way == 5)
            header.entry_count = genesis.limits.block_entries_max + 1;
        else if (way == 6)
            header.entry_count = genesis.limits.block_entries_max;
        hash = rota_header_hash(&header);
        struct rota_signed_vote prepare = parts_vote(&genesis, ROTA_VOTE_PREPARE, 1, 5, way == 4 ? 9 : 8, &hash);
        cr_assert(rota_is_ok(rota_evidence_of_proposal(&evidence, 0, 1, &prepare, &header)));
        cr_expect_eq(convicts(rota_view(evidence->bytes, evidence->len), NULL), way > 0 && way < 6, "way %d", way);
        rota_evidence_release(evidence);
    }
}
