/* Every wrong variant of the code that the tests must notice: the permanent proof that they can.
 *
 * V(id, rows, sentence, killer, seeds, checkers)
 *   id        the name in ROTA_BROKEN(id, good, bad)
 *   rows      which known mistakes it stands for: the rows of variants.md
 *   sentence  what this variant does
 *   killer    who must notice: "sim ARGUMENTS", or a Criterion program and one of its tests: "scenarios
 * view_change/a_dead_primary" seeds     how many seeds the simulator gets; 0 for a test checkers  what may end the run, by
 * name: a checker of the simulator, "test" for a failed assertion of the test itself, "assert:TEXT" for an assertion of the
 * product
 */
#ifndef ROTA_TESTS_BROKEN_VARIANTS_H
#define ROTA_TESTS_BROKEN_VARIANTS_H

/* clang-format off: one variant is one line or two */
#define ROTA_BROKEN_VARIANTS(V)                                                                                         \
    V(quorum_2f_plus_1, "B1 B2 P1", "2f+1 members are a quorum, whatever n", "sim --members 6", 3000, "agreement")      \
    V(height_before_view, "P3", "of two certificates the higher block wins, not the later view",                        \
      "scenarios carry_over/a_later_view_outweighs_a_longer_chain", 0, "agreement chain")                               \
    V(tip_prepared_last, "P2", "the blocks that a new view takes up are prepared one by one instead of the tip first",  \
      "scenarios carry_over/the_first_lock_of_a_view_covers_all_that_it_took_up", 0, "agreement chain")                 \
    V(lowest_lock_wins, "B15", "a new view takes up the lock of the lowest view",                                       \
      "scenarios carry_over/a_later_view_outweighs_a_longer_chain", 0, "agreement chain")                               \
    V(locks_ignored, "B14", "a new view takes up what is committed and drops what is prepared", "sim", 3000,            \
      "agreement chain bounded halt")                                                                                   \
    V(view_change_without_lock, "P4", "VIEW-CHANGE shows the committed block instead of the lock", "sim", 3000, "lock") \
    V(commit_before_saved, "B5 B6 P5", "COMMIT is said before vote and lock are durable", "sim", 3000, "durability")    \
    V(prepare_before_saved, "B5 B6", "PREPARE is said before the vote is durable", "sim", 3000, "durability")           \
    V(prepare_before_block_saved, "B7", "every sixteenth block is not durable when it is voted for", "sim", 3000,       \
      "durability")                                                                                                     \
    V(view_change_before_saved, "B6 B19", "VIEW-CHANGE is said before the view is durable", "sim", 3000, "durability")  \
    V(lock_forgotten_at_restart, "B18", "a restarted replica has no lock", "sim", 3000, "agreement lock durability")    \
    V(prepares_again_after_restart, "B18 P6", "a restarted replica prepares in its old view", "sim", 3000,              \
      "double_vote chain_rule")                                                                                         \
    V(votes_of_any_view, "B9", "votes of all views are counted together", "sim", 3000, "certificate codec")             \
    V(votes_of_any_block, "B11", "votes for other blocks are counted too",                                              \
      "scenarios equivocation/votes_for_another_block_do_not_help_this_one", 0, "test certificate codec")               \
    V(crash_quorum_half, "B2", "half of the members are a majority in the crash profile",                               \
      "scenarios partition/half_of_a_crash_profile_network_commits_nothing", 0, "agreement test")

#endif
