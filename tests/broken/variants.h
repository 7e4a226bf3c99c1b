/* Every wrong variant of the code that the tests must notice: the permanent proof that they can.
 *
 * V(id, rows, sentence, killer, seeds, checkers)
 *
 * id: the name in ROTA_BROKEN(id, good, bad).
 *
 * rows: which known mistakes it stands for, see variants.md.
 *
 * sentence: what this variant does.
 *
 * killer: who must notice. "sim ARGUMENTS", or a Criterion program and one of its tests: "scenarios restart/everybody".
 *
 * seeds: how many seeds the simulator gets, 0 for a test.
 *
 * checkers: what may end the run, by name: checkers of the simulator, "test" for a failed assertion of the test itself, last
 * "assert:TEXT" for an assertion of the product. */
#ifndef ROTA_TESTS_BROKEN_VARIANTS_H
#define ROTA_TESTS_BROKEN_VARIANTS_H

#define ROTA_BROKEN_VARIANTS(V)                                                                                             \
    V(quorum_2f_plus_1, "b1 b2 p1", "2f+1 members are a quorum, whatever n", "sim --members 6", 3000,                       \
      "new_view agreement certificate chain reads bounded halt")                                                            \
    V(height_before_view, "p3", "of two certificates the higher block wins, not the later view",                            \
      "scenarios carry_over/a_later_view_outweighs_a_longer_chain", 0, "agreement chain new_view")                          \
    V(tip_prepared_last, "p2", "the blocks that a new view takes up are prepared one by one instead of the tip first",      \
      "scenarios carry_over/the_first_lock_of_a_view_covers_all_that_it_took_up", 0, "agreement chain chain_rule")          \
    V(lowest_lock_wins, "b15", "a new view takes up the lock of the lowest view",                                           \
      "scenarios carry_over/a_later_view_outweighs_a_longer_chain", 0, "agreement chain new_view")                          \
    V(locks_ignored, "b14", "a new view takes up what is committed and drops what is prepared",                             \
      "unit_consensus message/a_new_view_carries_a_quorum_and_the_tip_that_follows", 0, "test")                             \
    V(view_change_without_lock, "p4", "VIEW-CHANGE shows the committed block instead of the lock", "sim", 3000, "lock")     \
    V(commit_before_saved, "b5 b6 p5", "COMMIT is said before vote and lock are durable", "sim", 3000, "durability")        \
    V(prepare_before_saved, "b5 b6", "PREPARE is said before the vote is durable", "sim", 3000, "durability")               \
    V(prepare_before_block_saved, "b7", "every sixteenth block is not durable when it is voted for", "sim", 3000,           \
      "durability")                                                                                                         \
    V(view_change_before_saved, "b6 b19", "VIEW-CHANGE is said before the view is durable", "sim", 3000, "durability")      \
    V(lock_forgotten_at_restart, "b18", "a restarted replica has no lock", "sim", 3000,                                     \
      "agreement lock durability monotone")                                                                                 \
    V(prepares_again_after_restart, "b18 p6", "a restarted replica prepares in its old view", "sim", 3000,                  \
      "double_vote chain_rule halt assert:!own->prepared || rota_hash_equal")                                               \
    V(votes_of_any_view, "b9", "votes of all views are counted together", "sim", 3000, "certificate codec")                 \
    V(votes_of_any_block, "b11", "votes for other blocks are counted too",                                                  \
      "scenarios equivocation/votes_for_another_block_do_not_help_this_one", 0, "test certificate codec")                   \
    V(crash_quorum_half, "b2", "half of the members are a majority in the crash profile",                                   \
      "scenarios partition/half_of_a_crash_profile_network_commits_nothing", 0, "agreement certificate test")               \
    V(quorum_2f, "b1 b2", "2f members are a quorum", "sim --members 4", 3000,                                               \
      "new_view agreement certificate chain reads bounded halt")                                                            \
    V(prepared_by_those_who_answer, "b1 b3", "f+1 PREPAREs that came in are enough", "sim --members 4", 3000,               \
      "assert:taken == needed")                                                                                             \
    V(committed_by_those_who_answer, "b2 b3", "f+1 COMMITs that came in are enough", "sim --members 4", 3000,               \
      "assert:taken == needed")                                                                                             \
    V(view_change_counts_twice, "b4 p12", "a NEW-VIEW may hold two VIEW-CHANGEs of one member", "sim", 3000, "new_view")    \
    V(certificate_of_f_plus_1, "b4 b23", "a certificate of f+1 signatures is enough",                                       \
      "unit_ledger audit_quorum/certificates_count_exactly", 0, "test")                                                     \
    V(votes_of_any_height, "b10", "a vote counts for the next height, whatever it says", "sim", 3000,                       \
      "evidence certificate codec")                                                                                         \
    V(anybody_proposes, "b12", "a PREPREPARE of a member that is not the primary is taken", "sim", 3000, "chain_rule")      \
    V(second_proposal_replaces_first, "b13", "the second of two PREPREPAREs for a height replaces the first", "sim", 3000,  \
      "chain_rule")                                                                                                         \
    V(new_view_tip_unchecked, "b16", "a NEW-VIEW may name a tip that does not follow from its VIEW-CHANGEs", "sim", 3000,   \
      "new_view halt agreement")                                                                                            \
    V(lock_uncertified, "p8", "the lock in a VIEW-CHANGE needs no certificate that verifies", "sim", 3000, "new_view lock") \
    V(view_forgotten_at_restart, "b19", "a restarted replica is in view 0 again", "sim", 3000,                              \
      "double_vote chain_rule monotone assert:durable->best.vote.view <= durable->view")                                    \
    V(timeouts_do_not_grow, "b20", "timeouts stay at their base", "sim", 3000, "liveness")                                  \
    V(timeouts_back_at_new_view, "p9", "a NEW-VIEW takes timeouts back to their base",                                      \
      "scenarios stall/a_network_slower_than_every_timer_goes_on", 0, "expectation")                                        \
    V(timeouts_never_back, "b21", "a commit does not take timeouts back to their base",                                     \
      "scenarios stall/patience_is_short_again_after_a_commit", 0, "test")                                                  \
    V(timeouts_grow_without_end, "p11", "timeouts double for ever",                                                         \
      "unit_consensus standing/timeouts_grow_after_the_expected_failures_and_stop_growing", 0, "test")                      \
    V(one_ahead_is_left_alone, "p10", "nobody comes to meet a member that went one view further alone",                     \
      "scenarios view_sync/one_that_went_on_alone_is_met", 0, "test")                                                       \
    V(others_are_not_followed, "p10", "VIEW-CHANGEs of others to later views move nobody", "sim", 3000, "bounded")          \
    V(window_ignored, "b25", "blocks are proposed and prepared beyond the window",                                          \
      "scenarios normal_case/the_window_is_filled_under_load", 0, "bounded test")                                           \
    V(fetched_block_uncertified, "b26", "the certificate of a fetched block is not verified",                               \
      "unit_consensus message/a_block_is_proved_by_a_certificate_that_verifies", 0, "test")                                 \
    V(links_unchecked, "b27", "a block need not link to the one below",                                                     \
      "unit_consensus voting/a_block_beside_our_chain_gets_no_prepare", 0, "test")                                          \
    V(signature_unchecked, "b31", "the signature of a peer's message is not verified",                                      \
      "unit_consensus message/a_prepare_is_no_commit", 0, "test")                                                           \
    V(one_tag_for_both_votes, "b32", "PREPARE and COMMIT sign the same bytes",                                              \
      "unit_consensus message/a_prepare_is_no_commit", 0, "test")                                                           \
    V(seq_used_again, "b29", "a seq that was used is taken again",                                                          \
      "unit_ledger schedule_seq/the_same_proposal_exists_and_another_with_its_seq_is_refused", 0, "test")                   \
    V(seq_window_short_by_one, "b45", "the window of seqs is one too short",                                                \
      "unit_ledger schedule_seq/the_window_has_its_edge_at_257", 0, "test")                                                 \
    V(write_error_ignored, "b36", "a commit that fails on disk counts as done", "sim", 3000, "durability execution")        \
    V(journal_unchecked, "b34 b35", "a damaged record of the journal is taken",                                             \
      "unit_node journal/a_spoiled_record_is_refused", 0, "test")                                                           \
    V(flex_lends_its_reserve, "b39", "flex lends what it reserves for itself",                                              \
      "unit_node bulkheads/flex_does_not_lend_what_it_reserves", 0, "test")                                                 \
    V(high_s_accepted, "p13", "a high-S signature is accepted, so one proposal has two",                                    \
      "unit_crypto es256k/a_high_s_is_refused_and_normalising_brings_it_down", 0, "test")                                   \
    V(left_view_voted_in, "p7", "a replica goes on voting after its VIEW-CHANGE", "sim", 3000, "left_view durability halt") \
    V(read_nonce_of_an_earlier_life, "p17", "an answer to a read of an earlier life counts",                                \
      "scenarios reads/answers_to_earlier_attempts_do_not_count", 0, "test reads")                                          \
    V(read_nonce_used_again, "p17", "an answer to an earlier attempt counts for a later read", "sim", 3000, "reads")        \
    V(read_of_one_replica, "b33", "a read is done when one replica has answered", "sim", 3000, "reads")                     \
    V(read_does_not_wait, "b33", "a read does not wait for what the answers show", "sim", 3000, "reads")                    \
    V(crash_profile_without_lock, "p2.8", "in the crash profile nothing is locked before COMMIT",                           \
      "scenarios crash_profile/a_block_that_one_replica_committed_survives_it", 0, "durability lock")                       \
    V(epoch_goes_on, "b43", "a CONFIG block that is final does not end its epoch", "sim", 3000, "epoch")                    \
    V(block_above_config_checked, "p16", "a block above a CONFIG block in flight is executed and voted for",                \
      "unit_consensus epoch/nothing_stands_above_a_config_block_in_flight", 0, "test")                                      \
    V(block_above_config_proposed, "p16", "a primary proposes above its CONFIG block in flight", "sim", 3000, "epoch")      \
    V(old_epochs_record_resumed, "b43", "a replica starts an epoch with the record of the last one",                        \
      "unit_consensus epoch/a_record_of_an_earlier_epoch_is_not_resumed", 0, "test")                                        \
    V(evidence_is_left_out, "b22", "primaries never put evidence into a block", "sim", 3000, "evidence")                    \
    V(lone_member_is_mute, "b43", "a member that is alone in a later epoch says nothing of its height",                     \
      "scenarios epochs/who_left_hears_of_it_from_who_stays_alone", 0, "test")                                              \
    V(earlier_epoch_trusted, "p18", "a record of an earlier epoch that nobody there could confirm is trusted in this one",  \
      "scenarios epochs/who_is_put_back_into_an_earlier_epoch_asks_in_this_one", 0, "expectation")                          \
    V(schedule_shows_what_is_not_final, "b33", "a reader sees what blocks in flight would do",                              \
      "unit_ledger schedule_query/a_schedule_can_be_seen_as_it_stood_at_any_height", 0, "test")                             \
    V(store_not_synchronous, "b8", "commits to the ledger file are not synchronous", "sim", 3000,                           \
      "durability agreement audit execution")                                                                               \
    V(window_without_slack, "p15", "what is beyond the own window is dropped, although windows are never quite aligned",    \
      "unit_consensus voting/a_proposal_beyond_the_window_is_dropped", 0, "test")                                           \
    V(two_votes_not_accused, "p2.17", "two votes that contradict each other are not evidence",                              \
      "scenarios equivocation/two_prepares_of_one_member_are_evidence", 0, "test accusation")                               \
    V(false_entry_of_another_block, "p2.17", "a primary is convicted of an entry of a block below its own",                 \
      "unit_ledger evidence_entry/an_entry_of_an_earlier_block_is_not_the_primarys", 0, "test")                             \
    V(false_signature_of_another_key, "p2.17", "a proposal is judged by another coordinator's key than its own",            \
      "unit_ledger evidence_entry/a_forged_proposal_convicts_where_its_key_is_known", 0, "test")                            \
    V(false_signature_of_an_unknown_key, "p2.17", "evidence about a signature is ordered where nobody knows the key",       \
      "unit_ledger evidence_entry/what_depends_on_a_key_is_ordered_where_the_key_is_known", 0, "test")                      \
    V(header_of_too_many_entries, "p2.17", "a header may count more entries than the document allows",                      \
      "unit_ledger evidence/a_proposal_that_may_be_a_block_is_none", 0, "test")                                             \
    V(false_entry_not_proven, "p2.17", "a proposal with a false entry is refused, and nobody is accused",                   \
      "unit_node chain_prove/a_false_entry_convicts_who_signed_for_it", 0, "test")                                          \
    V(other_histories_convict, "p2.17", "a NEW-VIEW of the other history convicts its honest primary after a fork",         \
      "unit_ledger evidence/a_new_view_of_the_other_history_convicts_nobody", 0, "test")                                    \
    V(kept_view_not_compared, "p2.17", "a kept NEW-VIEW that is another than the chain's is nothing to the auditor",        \
      "unit_ledger forensics/a_kept_new_view_that_is_not_its_anchors_convicts_the_primary", 0, "test")                      \
    V(end_of_epoch_does_not_bind, "p2.17", "what was certified above the end of an epoch is no second history",             \
      "unit_ledger forensics_epochs/what_is_certified_above_the_end_of_an_epoch_excludes_it", 0, "test")                    \
    V(votes_of_any_nv, "b9", "votes that rest on different NEW-VIEWs are counted together",                                 \
      "unit_consensus voting/votes_of_another_view_or_nv_do_not_count", 0, "test")                                          \
    V(suspicions_not_passed_on, "p2.8", "whoever leaves a view keeps the reason to itself",                                 \
      "unit_consensus leaving/enough_suspicions_are_left_for_and_passed_on", 0, "test")                                     \
    V(old_view_not_taken_back, "p2.8", "what the old view executed stays when a new one begins",                            \
      "unit_consensus leaving/a_new_view_takes_back_what_was_executed", 0, "test")                                          \
    V(crossed_vote_goes_on, "p2.7", "a replica that prepared another block than the quorum goes on preparing",              \
      "unit_consensus voting/a_certificate_against_our_own_vote_counts_and_mutes_us", 0, "test")                            \
    V(crash_hides_two_histories, "p2.7", "a start does not compare what the ledger holds with what this member signed",     \
      "unit_consensus restarting/a_ledger_with_another_block_than_it_committed_to_stops_it", 0, "test")                     \
    V(commit_of_a_left_view_is_forgotten, "p2.7", "once the view is left another block may be decided in it",               \
      "unit_consensus accusing/who_committed_to_another_block_in_a_view_that_it_left_stops", 0, "test")                     \
    V(any_commit_is_progress, "b22", "whatever commits, the patience for a request that is left out starts anew",           \
      "scenarios patience/a_primary_that_leaves_one_request_out_is_replaced_although_it_commits_the_others", 0,             \
      "test expectation")                                                                                                   \
    V(restarted_primary_stays, "p2.11", "a restarted primary does not hand over",                                           \
      "scenarios restart/a_restarted_primary_hands_over_at_once", 0, "test")                                                \
    V(ledger_ahead_ignored, "p2.11", "the view of a ledger that is a turn ahead of the journal is not taken over",          \
      "unit_consensus restarting/a_ledger_ahead_of_the_journal_gives_lock_and_view", 0,                                     \
      "test assert:durable->best.vote.view <= durable->view")                                                               \
    V(journal_not_synchronous, "b8", "the journal is not synchronous", "sim", 3000,                                         \
      "durability double_vote monotone lock execution")                                                                     \
    V(journal_error_ignored, "b36", "a write to the journal that fails counts as done", "sim", 3000,                        \
      "durability double_vote monotone lock execution")                                                                     \
    V(audit_keeps_first_members, "b28", "certificates of every height are judged by the members of the genesis",            \
      "unit_ledger audit_epochs/members_change_and_everything_still_proves_itself", 0, "test")                              \
    V(equal_votes_are_evidence, "b44", "one vote, signed twice, is evidence",                                               \
      "unit_ledger evidence/votes_of_one_chain_are_none", 0, "test")                                                        \
    V(votes_of_one_chain_are_evidence, "b44", "votes for two blocks of one chain are evidence",                             \
      "unit_ledger evidence/votes_of_one_chain_are_none", 0, "test")                                                        \
    V(shown_lock_is_hidden, "b44", "a lock that a VIEW-CHANGE does show counts as hidden",                                  \
      "unit_ledger evidence/a_lock_that_is_shown_is_not_hidden", 0, "test")                                                 \
    V(hidden_lock_convicts_everywhere, "b44", "a hidden lock convicts where a member without memory has to speak",          \
      "unit_ledger evidence/a_hidden_lock_convicts_nobody_where_no_liar_is_tolerated", 0, "test")                           \
    V(answered_before_durable, "b30", "clients are answered before the turn is durable",                                    \
      "unit_node node/what_is_not_durable_is_not_answered", 0, "test")                                                      \
    V(stopping_node_answers, "b30", "what a turn would have answered is said when it could not be made durable",            \
      "unit_node node/what_is_not_durable_is_not_answered", 0, "test")                                                      \
    V(absent_primary_keeps_its_turn, "p2.9", "a primary that nobody hears gets a whole turn",                               \
      "scenarios stall/a_member_known_to_be_dead_gets_a_short_turn", 0, "test expectation")                                 \
    V(old_statements_show_life, "p2.9", "whatever bears a member's signature shows that it is alive, whoever repeats it",   \
      "scenarios stall/old_statements_of_a_dead_primary_show_no_life", 0, "test expectation")                               \
    V(primary_is_its_own_yardstick, "p2.9", "what a primary gave before is part of what it is measured by",                 \
      "scenarios contract/nobody_is_measured_by_what_it_gave_itself", 0, "test expectation")                                \
    V(busy_primary_never_hands_over, "p2.9", "a primary for which something always waits keeps its place",                  \
      "scenarios contract/a_primary_that_is_always_busy_hands_over_a_little_later", 0, "test expectation")                  \
    V(block_counts_from_anybody, "p2.13", "a block without a certificate counts from a peer that was not asked",            \
      "unit_consensus standing/a_block_without_a_certificate_counts_only_from_whom_it_was_asked_of", 0, "test")             \
    V(wrong_blocks_cost_nothing, "p2.13", "a peer that sent wrong blocks is asked like any other",                          \
      "unit_consensus standing/who_sent_a_wrong_block_is_asked_last", 0, "test")                                            \
    V(wrong_block_keeps_its_place, "b27", "a block that a certificate rules out stays where it is", "sim", 3000,            \
      "liveness halt agreement chain certificate assert:rota_hash_equal(&slot->block, &slot->certificate.vote.block)")      \
    V(claims_stand_for_ever, "p2.13", "a height that was claimed and not shown is asked for again and again",               \
      "unit_consensus standing/a_claimed_height_is_probed_and_not_believed", 0, "test")                                     \
    V(lost_block_hides_its_height, "p2.13", "while a block is asked for by its hash its height is not asked for",           \
      "unit_consensus catching_up/a_block_that_nobody_has_does_not_hide_the_one_that_was_decided", 0, "test")               \
    V(read_joins_an_attempt, "p17", "a read that comes while an attempt runs takes what was answered before it", "sim",     \
      3000, "reads")                                                                                                        \
    V(silent_member_answers_readers, "p18", "a member that lost its memory shows readers the lock that is left",            \
      "unit_consensus memory/a_member_that_lost_its_memory_answers_no_reader", 0, "test")                                   \
    V(left_behind_lock_holds_up_reads, "b33", "a lock that a later view passed over holds up reads",                        \
      "scenarios reads/a_lock_that_was_left_behind_holds_up_no_read", 0, "test expectation")                                \
    V(epoch_of_any_past, "p16", "an epoch document may follow from another than the one in force",                          \
      "unit_ledger epoch/a_document_follows_the_one_in_force", 0, "test")                                                   \
    V(dangers_need_no_word, "p16", "fewer tolerated liars, two members or the crash profile need no word of the document",  \
      "unit_ledger epoch/what_may_follow", 0, "test")                                                                       \
    V(approvals_unverified, "b43", "the signatures of approvals are not verified",                                          \
      "unit_ledger epoch/an_approval_is_for_one_document_of_one_epoch", 0, "test")                                          \
    V(another_epochs_word_counts, "b43", "messages of another epoch are heard like those of this one",                      \
      "unit_consensus epoch/a_later_epochs_status_is_a_claim_of_a_height", 0, "test")                                       \
    V(former_members_are_strangers, "p16", "a former member that lags gets no link",                                        \
      "unit_node directory/who_was_a_member_is_a_guest_and_strangers_are_nothing", 0, "test")                               \
    V(two_stories_are_not_compared, "p2.17", "who prepares another block is not shown what its primary said here",          \
      "unit_consensus voting/who_prepares_another_block_is_shown_the_primarys_word", 0, "test")                             \
    V(anchor_of_any_new_view, "p2.17", "a block gets a first vote although its anchor is of another NEW-VIEW",              \
      "unit_node chain/the_first_block_of_a_view_carries_its_anchor", 0, "test")                                            \
    V(anchors_may_fall, "p2.17", "the anchor of an earlier view may follow that of a later one",                            \
      "unit_ledger record/anchors_rise_and_what_is_taken_back_is_gone", 0, "test")                                          \
    V(anchor_unsigned, "p2.17", "the signature of an anchor is not verified",                                               \
      "unit_ledger record/anchor_is_signed_by_the_primary_of_its_view", 0, "test")                                          \
    V(audit_links_unchecked, "b27", "the auditor does not compare a block with the one that it names",                      \
      "unit_ledger audit_tampering/is_called_by_its_name", 0, "test")                                                       \
    V(audit_times_unchecked, "p14", "the auditor does not look at the order of times",                                      \
      "unit_ledger audit_quorum/headers_that_break_the_rules", 0, "test")                                                   \
    V(audit_without_certificates, "b26", "the auditor takes blocks that no certificate covers",                             \
      "unit_ledger audit_tampering/is_called_by_its_name", 0, "test")                                                       \
    V(audit_tree_unchecked, "b26", "the auditor does not compare a block's entries with the root in its header",            \
      "unit_ledger audit_quorum/headers_that_break_the_rules", 0, "test")                                                   \
    V(audit_outcomes_unchecked, "b33", "the auditor does not compare the outcomes of its own execution with the header",    \
      "unit_ledger audit_quorum/headers_that_break_the_rules", 0, "test")                                                   \
    V(audit_takes_any_evidence, "b44", "the auditor does not verify evidence and records",                                  \
      "unit_ledger audit_quorum/evidence_and_records_that_nobody_signed", 0, "test")                                        \
    V(audit_takes_any_new_view, "b16", "the auditor does not judge the NEW-VIEWs that were kept",                           \
      "unit_ledger forensics/the_audit_refuses_a_new_view_that_is_none", 0, "test")                                         \
    V(lost_votes_are_not_said_again, "p2.13", "a vote that was lost is not said again",                                     \
      "unit_consensus standing/a_peer_that_lacks_our_votes_gets_them_again", 0, "test")                                     \
    V(block_of_any_time, "p14", "a block from far in the future gets a first vote",                                         \
      "scenarios normal_case/a_block_from_the_future_gets_no_vote", 0, "test expectation")                                  \
    V(old_log_is_trusted, "b36", "what an earlier life left in the log is not written into the file first",                 \
      "unit_ledger store_file/opening_folds_the_log_into_the_file", 0, "test")                                              \
    V(config_by_a_minority, "b43", "one approval is enough to change the members", "unit_ledger epoch/what_may_follow", 0,  \
      "test")                                                                                                               \
    V(manifest_by_a_minority, "b43", "one approval is enough for a recovery manifest",                                      \
      "unit_ledger discontinuity/what_a_manifest_needs", 0, "test")                                                         \
    V(manifest_keeps_any_block, "b43", "a recovery manifest counts above any block",                                        \
      "unit_ledger discontinuity/what_a_manifest_needs", 0, "test")                                                         \
    V(manifest_of_anybody, "b43", "a block may bring a recovery manifest that nobody put in here",                          \
      "unit_ledger discontinuity/the_document_decides_and_not_who_approved", 0, "test")                                     \
    V(goes_on_from_what_is_given_up, "b43", "a ledger with blocks above the kept one counts as fitting",                    \
      "unit_node manifest/what_it_says_of_a_ledger", 0, "test")                                                             \
    V(beside_the_manifest, "b43", "anything may stand beside a recovery manifest",                                          \
      "unit_ledger discontinuity/its_block_holds_nothing_else", 0, "test")                                                  \
    V(slow_primary_is_kept, "b22", "a primary that is slow but not silent keeps its place",                                 \
      "scenarios contract/a_primary_much_slower_than_the_others_were_is_replaced", 0, "test expectation")                   \
    V(primary_for_ever, "p2.9", "a primary never hands over in time",                                                       \
      "scenarios contract/a_primary_hands_over_after_its_share_of_blocks_when_nothing_waits", 0, "test expectation")        \
    V(amnesia_ignored, "p18", "a replica that lost its memory goes on as if it had not",                                    \
      "scenarios amnesia/a_member_that_forgot_its_lock_does_not_help_to_commit_another_block", 0,                           \
      "silence agreement chain new_view lock double_vote")                                                                  \
    V(silence_ends_early, "p18", "a replica that lost its memory speaks again after any commit",                            \
      "unit_consensus memory/the_silence_ends_with_a_later_view_and_with_the_word_in_the_ledger", 0, "test")                \
    V(lowest_claim_counts, "p18", "a replica that lost its memory believes the lowest view that others stand in",           \
      "scenarios amnesia/one_that_lags_does_not_shorten_the_silence", 0, "silence double_vote test")                        \
    V(words_of_before_the_loss_count, "p18", "what was said before the loss counts for new views",                          \
      "scenarios amnesia/a_view_change_of_before_the_loss_is_refused_once_its_sender_speaks_again", 0, "test expectation")  \
    V(floors_not_learnt, "p18", "what the chain says of lost memories is not learnt",                                       \
      "scenarios old_words/two_liars_do_not_fork_the_ledger_with_the_old_words_of_a_third", 0, "new_view agreement test")   \
    V(void_view_gets_votes, "p18", "a NEW-VIEW may be made of words that the chain below its tip takes back",               \
      "scenarios recovered/a_new_view_out_of_words_of_before_the_loss_gets_no_vote", 0, "new_view")                         \
    V(old_words_stop_others, "p18", "a NEW-VIEW out of words taken back counts as proof that more than f members lie",      \
      "scenarios old_words/nobody_is_made_to_stop_by_a_view_that_rests_on_old_words", 0, "halt")                            \
    V(votes_before_its_word, "p18", "who lost its memory votes before the ledger says so", "sim", 3000, "silence")          \
    V(amnesia_convicts, "p18", "a member that lost its memory and said so is taken for a liar",                             \
      "unit_ledger schedule_evidence/a_member_that_lost_its_memory_and_said_so_is_not_flagged", 0, "test")                  \
    V(twin_ignored, "p18", "a vote of our own that we did not make is no reason to stop",                                   \
      "scenarios amnesia/a_vote_of_our_own_that_we_did_not_make_stops_us", 0, "test expectation")                           \
    V(halted_member_enters_views, "p18", "one that has stopped accepts a NEW-VIEW, which nobody saves",                     \
      "unit_consensus restarting/who_has_stopped_enters_no_view", 0, "test")                                                \
    V(lost_new_view_is_no_loss, "p18", "a journal without the NEW-VIEW of the view it is active in is trusted",             \
      "unit_consensus restarting/an_accepted_view_without_its_new_view_is_lost_memory", 0, "test")                          \
    V(old_run_heard_late_is_ignored, "p18",                                                                                 \
      "a recovering member does not begin again above an earlier run that it hears of",                                     \
      "unit_consensus memory/a_member_that_recovers_counts_above_every_run_of_its_own_that_it_hears_of", 0, "test")         \
    V(number_of_a_lost_journal_used_again, "p18", "the runs of a new journal have numbers that the lost one may have used", \
      "scenarios old_words/two_liars_do_not_fork_the_ledger_with_the_old_words_of_a_third", 0,                              \
      "test halt evidence agreement")                                                                                       \
    V(own_past_is_a_twin, "p18", "a member that lost its memory takes what it said before for somebody else's",             \
      "scenarios amnesia/a_members_own_past_that_shows_late_is_no_twin", 0, "test expectation halt")                        \
    V(readers_are_answered_without_end, "p2.16", "whoever asks to read gets a signature each time",                         \
      "unit_consensus reading/who_asks_without_end_gets_a_thousand_answers_a_second", 0, "test")                            \
    V(status_is_answered_without_end, "p2.13", "whoever says that it lacks everything gets it signed each time",            \
      "unit_consensus one_liar/who_says_all_the_time_that_it_lacks_everything_is_answered_now_and_then", 0, "test")         \
    V(foreign_bodies_cost_nothing, "p2.13", "who sends other blocks' bodies goes on being asked for blocks",                \
      "unit_consensus standing/another_body_under_a_right_header_is_held_against_who_brought_the_body", 0, "test")          \
    V(any_body_makes_invalid, "p2.13", "a block is judged by a body that need not be its own", "sim", 3000,                 \
      "halt liveness evidence")                                                                                             \
    V(old_greetings_count, "p2.13", "a HELLO that is said again takes back what its sender says now",                       \
      "unit_consensus one_liar/what_others_said_when_they_began_does_not_take_back_what_they_say_now", 0, "test")           \
    V(verdict_before_a_certificate_stays, "p2.13", "a block found invalid is not looked at again when it is certified",     \
      "unit_consensus catching_up/a_block_that_was_found_invalid_and_is_certified_then_stops_us", 0, "test")                \
    V(untimely_block_stops_the_clocks, "p2.7", "a block that waits for its time or its anchor is in nobody's way",          \
      "unit_consensus one_liar/a_block_that_stays_untimely_runs_the_clock_of_progress", 0, "test")                          \
    V(new_connection_is_no_reason_to_ask, "p18", "who is connected anew is not asked what others heard of us",              \
      "unit_consensus memory/a_new_connection_is_a_reason_to_ask_who_else_speaks_for_us", 0, "test")                        \
    V(quarantine_ends_with_the_run, "p18", "a member whose key somebody else used votes again after a restart",             \
      "unit_consensus memory/one_that_was_quarantined_comes_back_as_one_that_forgot", 0, "test")                            \
    V(tick_before_it_is_due, "p2.10", "the primary of an idle network proposes one TICK after the other",                   \
      "scenarios ticks/an_idle_network_orders_one_block_in_each_period_and_nothing_else", 0, "execution")                   \
    V(withheld_tick_is_fine, "p2.10", "nobody suspects a primary that never proposes a TICK",                               \
      "scenarios ticks/a_primary_that_withholds_them_is_replaced", 0, "test")                                               \
    V(tick_judged_by_own_clock_alone, "b42", "a TICK is overdue the moment it is due by one's own clock",                   \
      "scenarios ticks/clocks_within_the_tolerance_replace_nobody", 0, "test")                                              \
    V(office_goes_round_by_ticks, "p2.9", "a primary that only ticked hands over",                                          \
      "scenarios ticks/the_office_does_not_go_round_by_them_alone", 0, "test")                                              \
    V(tick_at_any_time, "p2.10", "a block with a TICK is valid whenever it comes",                                          \
      "unit_node chain/a_tick_is_built_when_nothing_else_is_there_and_valid_when_it_is_due", 0, "test")                     \
    V(tick_beside_others, "p2.10", "a TICK may stand beside proposals", "unit_ledger tick/stands_alone_or_behind_records",  \
      0, "test")                                                                                                            \
    V(audit_takes_any_tick, "p2.10", "the auditor does not look whether a TICK was due",                                    \
      "unit_ledger tick/audit_knows_when_one_was_due", 0, "test")

#endif
