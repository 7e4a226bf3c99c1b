/* Members that change (PROTOCOL M6, M7, M9, M10), under loss and for many seeds. */
#include "tests/scenario/epoch_world.h"

#include <criterion/criterion.h>

enum { SEEDS = 12 };

/* One change: from these members to those, in the middle of work. */
static void change(const char *before, const char *after, const char *both, uint32_t loss_percent)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct epoch_world *world = epoch_world_open(before, seed, loss_percent);
        cr_assert(epoch_world_reach(world, before, 3, 60000), "%s works, seed %llu", before, (unsigned long long)seed);
        epoch_world_wish(world, after);
        cr_assert(epoch_world_enter(world, both, 1, 60000), "%s to %s, seed %llu", before, after, (unsigned long long)seed);
        uint64_t height = epoch_world_height(world, (uint32_t)(after[0] - '0'));
        cr_assert(epoch_world_reach(world, both, height + 5, 60000), "%s goes on, seed %llu", after,
                  (unsigned long long)seed);
        epoch_world_close(world);
    }
}

Test(membership, four_become_five)
{
    change("0123", "01234", "01234", 0);
    change("0123", "01234", "01234", 10);
}

Test(membership, one_becomes_four)
{
    change("0", "0123", "0123", 5);
}

Test(membership, four_become_seven_and_others_sit_in_other_places)
{
    change("0123", "6543210", "0123456", 5);
}

Test(membership, one_leaves)
{
    change("01234", "0124", "01234", 5);
}

Test(membership, everybody_is_replaced)
{
    change("0123", "4567", "01234567", 5);
}

/* Two wishes for one epoch: one is carried out, the other is stale from then on (M8). */
Test(membership, two_changes_race_and_one_happens)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct epoch_world *world = epoch_world_open("0123", seed, 5);
        epoch_world_wish(world, "01234");
        epoch_world_wish(world, "012345");
        cr_assert(epoch_world_enter(world, "0123", 1, 60000));
        cr_assert(epoch_world_reach(world, "0123", 12, 60000));
        cr_assert_eq(epoch_world_epoch(world, 0), 1);
        cr_assert_eq(epoch_world_members(world, 2), 0);
        epoch_world_close(world);
    }
}

/* The primary dies while the change is in flight: the old members carry it over a view change, or make it anew. */
Test(membership, the_primary_dies_in_the_middle_of_the_change)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct epoch_world *world = epoch_world_open("0123", seed, 5);
        cr_assert(epoch_world_reach(world, "0123", 2, 60000));
        epoch_world_wish(world, "01234");
        (void)epoch_world_reach(world, "0123", 1000, seed); /* a few milliseconds */
        epoch_world_down(world, 0, true);
        cr_assert(epoch_world_enter(world, "1234", 1, 60000), "seed %llu", (unsigned long long)seed);
        epoch_world_down(world, 0, false); /* who joined late may be silent for a while (H5): one away is enough */
        cr_assert(epoch_world_reach(world, "01234", 15, 60000), "back, seed %llu", (unsigned long long)seed);
        epoch_world_close(world);
    }
}

/* PROTOCOL M9: who was away learns where its epoch ended by fetching, three epochs in a row. */
Test(membership, who_was_away_learns_the_boundary_by_fetching)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct epoch_world *world = epoch_world_open("0123", seed, 5);
        cr_assert(epoch_world_reach(world, "0123", 2, 60000));
        epoch_world_down(world, 3, true);
        epoch_world_wish(world, "01234");
        cr_assert(epoch_world_enter(world, "0124", 1, 60000));
        epoch_world_wish(world, "43210");
        cr_assert(epoch_world_enter(world, "0124", 2, 60000));
        epoch_world_wish(world, "012345");
        cr_assert(epoch_world_enter(world, "01245", 3, 60000));
        cr_assert(epoch_world_reach(world, "01245", 30, 60000));
        epoch_world_down(world, 3, false);
        cr_assert(epoch_world_reach(world, "012345", 40, 60000), "seed %llu", (unsigned long long)seed);
        cr_assert_eq(epoch_world_epoch(world, 3), 3);
        epoch_world_close(world);
    }
}

/* PROTOCOL M10: who joins but is away costs no more than one that is silent; who left says nothing (looked at in each step).
 */
Test(membership, a_joiner_that_is_away_is_one_silent_member)
{
    struct epoch_world *world = epoch_world_open("0123", 1, 5);
    cr_assert(epoch_world_reach(world, "0123", 2, 60000));
    epoch_world_down(world, 4, true);
    epoch_world_wish(world, "01234");
    cr_assert(epoch_world_enter(world, "0123", 1, 60000));
    cr_assert(epoch_world_reach(world, "0123", 10, 60000));
    epoch_world_down(world, 4, false);
    cr_assert(epoch_world_reach(world, "01234", 12, 60000));
    cr_assert(epoch_world_is_member(world, 4));
    epoch_world_wish(world, "1234");
    cr_assert(epoch_world_enter(world, "01234", 2, 60000));
    cr_assert(!epoch_world_is_member(world, 0));
    cr_assert(epoch_world_reach(world, "01234", 20, 60000));
    epoch_world_close(world);
}
