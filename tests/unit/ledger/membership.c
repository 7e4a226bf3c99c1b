/* Who counts, and how many of them it takes (PROTOCOL M1, M3, M4). */
#include "ledger/membership.h"

#include <criterion/criterion.h>

/* Worked out by hand, so that a formula that is wrong for n other than 3f+1 cannot pass. */
static const struct {
    uint32_t n, f, quorum, join, majority;
} sizes[] = {
    {1, 0, 1, 1, 1},  {2, 0, 2, 1, 2},   {3, 0, 2, 2, 2},    {4, 1, 3, 2, 3},      {5, 1, 4, 2, 3},
    {6, 1, 4, 2, 4},  {7, 2, 5, 3, 4},   {8, 2, 6, 3, 5},    {9, 2, 6, 3, 5},      {10, 3, 7, 4, 6},
    {13, 4, 9, 5, 7}, {16, 5, 11, 6, 9}, {22, 7, 15, 8, 12}, {31, 10, 21, 11, 16},
};

/* PROTOCOL M3, M4 */
Test(membership, quorums_of_every_size_are_those_worked_out_by_hand)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t n = sizes[i].n;
        cr_assert_eq(rota_fault_bound(n, ROTA_PROFILE_BYZANTINE), sizes[i].f, "f of %u", n);
        cr_assert_eq(rota_quorum(n, ROTA_PROFILE_BYZANTINE), sizes[i].quorum, "Q of %u", n);
        cr_assert_eq(rota_join_threshold(n, ROTA_PROFILE_BYZANTINE), sizes[i].join, "J of %u", n);
        cr_assert_eq(rota_quorum(n, ROTA_PROFILE_CRASH), sizes[i].majority, "majority of %u", n);
        cr_assert_eq(rota_fault_bound(n, ROTA_PROFILE_CRASH), 0);
    }
}

/* PROTOCOL M1, M5: the place in the list is the replica's number, and the office goes round in that order. */
Test(membership, members_are_numbered_by_their_place_and_lead_in_turn)
{
    struct rota_membership membership = {.count = 3, .epoch = 2, .profile = ROTA_PROFILE_CRASH};
    const char *names[] = {"delta", "alpha", "charlie"};
    for (uint32_t i = 0; i < 3; i++)
        cr_assert(rota_is_ok(rota_token_parse(&membership.members[i].id, rota_view_text(names[i]))));
    struct rota_token stranger;
    cr_assert(rota_is_ok(rota_token_parse(&stranger, rota_view_text("bravo"))));
    cr_assert_eq(rota_member_find(&membership, &membership.members[2].id), 2);
    cr_assert_eq(rota_member_find(&membership, &stranger), 3);
    for (uint64_t view = 0; view < 7; view++)
        cr_assert_eq(rota_primary(&membership, view), (view + 2) % 3);
    cr_assert_lt(rota_primary(&membership, UINT64_MAX), 3);
}
