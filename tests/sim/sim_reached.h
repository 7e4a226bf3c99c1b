/* States that random runs must have been in: a run that never saw them has proved nothing about them. Noted by the shell,
 * from what it sees; the core knows nothing of it. */
#ifndef ROTA_TESTS_SIM_REACHED_H
#define ROTA_TESTS_SIM_REACHED_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_REACHED_LIST(X)                                                             \
    X(VIEW_CHANGED, COMMON, "a view entered")                                           \
    X(VIEWS_SKIPPED, COMMON, "a view entered more than one above the last")             \
    X(CHANGE_IN_CATCH_UP, COMMON, "view change during catch-up")                        \
    X(CHANGE_TIMED_OUT, COMMON, "a view change that timed out")                         \
    X(BACK_OFF_GREW, COMMON, "more than f + 1 views failed in a row")                   \
    X(TIP_REPROPOSED, COMMON, "an uncommitted tip proposed again")                      \
    X(TIP_REPROPOSED_TWICE, RARE, "a tip proposed again in two views")                  \
    X(LOCK_CARRIED, COMMON, "a lock shown in a view change")                            \
    X(LOCK_CARRIED_TWICE, RARE, "a lock carried over two views")                        \
    X(NEW_VIEW_RELAYED, COMMON, "a NEW-VIEW passed on")                                 \
    X(SUSPECT_RELAYED, COMMON, "a SUSPECT passed on")                                   \
    X(SUSPECT_HEARTBEAT, COMMON, "a primary suspected of silence")                      \
    X(SUSPECT_PROGRESS, COMMON, "a primary suspected of no progress")                   \
    X(SUSPECT_REQUEST, COMMON, "a primary suspected of leaving a request")              \
    X(PRIMARY_RESIGNED, COMMON, "a primary resigned")                                   \
    X(TURN_ENDED, COMMON, "a primary resigned where the office goes round")             \
    X(TWO_PRIMARIES, COMMON, "two primaries active at once, in two views")              \
    X(COMMIT_BY_DESCENDANT, COMMON, "blocks committed by the certificate of one above") \
    X(COMMIT_WHILE_MUTED, COMMON, "a muted replica commits")                            \
    X(COMMIT_WHILE_CHANGING, COMMON, "a replica commits between views")                 \
    X(WINDOW_FULL, RARE, "as many blocks in flight as the window allows")               \
    X(BLOCK_ABANDONED, COMMON, "an executed block given up")                            \
    X(BLOCK_UNTIMELY, COMMON, "a block from the future refused")                        \
    X(UNTIMELY_ACCEPTED, COMMON, "an untimely block accepted later")                    \
    X(BODY_MISSING, COMMON, "a vote waits for a body")                                  \
    X(BODY_FOREIGN, COMMON, "a right header over another block's body")                 \
    X(BODY_FETCHED, COMMON, "a body fetched by its hash")                               \
    X(RANGE_FETCHED, COMMON, "a range of blocks fetched")                               \
    X(FETCH_UNANSWERED, COMMON, "a fetch answered by nobody")                           \
    X(CRASH_BEFORE, COMMON, "a crash before anything of the turn was durable")          \
    X(CRASH_BETWEEN, COMMON, "a crash between ledger and journal")                      \
    X(CRASH_AFTER, COMMON, "a crash after the durable point, before anything left")     \
    X(RESTART_CHANGING, COMMON, "a restart between views")                              \
    X(RESTART_LOCKED, COMMON, "a restart with a lock above the ledger")                 \
    X(PRIMARY_RESTARTED, COMMON, "a primary restarted in its view")                     \
    X(MORE_THAN_F_DOWN, COMMON, "more than f down at once")                             \
    X(ALL_DOWN, COMMON, "all down at once")                                             \
    X(WOKE_STALE, COMMON, "a frozen replica woke with an overdue timer")                \
    X(DAMAGE_REFUSED, COMMON, "damaged bytes refused")                                  \
    X(LINK_FULL, COMMON, "a message lost on a full link")                               \
    X(DISK_FAILED, COMMON, "a disk failed in a durable point")                          \
    X(DISK_WENT_ON, COMMON, "a disk held a turn that had seemed lost")                  \
    X(MEMORY_LOST, COMMON, "a member lost its memory")                                  \
    X(RECOVERING, COMMON, "a member found out that it may have forgotten something")    \
    X(RECOVERED, COMMON, "a member may vote again after losing its memory")             \
    X(TICKED, COMMON, "a TICK in an idle network")                                      \
    X(WORD_ORDERED, COMMON, "a member's word that it lost its memory becomes final")    \
    X(VIEW_VOID, RARE, "a NEW-VIEW made of words that their sender took back")          \
    X(AMNESIA, RARE, "evidence against a member that had lost its memory and said so")  \
    X(FORKED, RARE, "more than f liars parted the ledger")                              \
    X(ACCUSED, RARE, "a liar accused with proof")                                       \
    X(EVIDENCE_ORDERED, COMMON, "evidence in the ledger")                               \
    X(EVIDENCE_LEFT_OUT, COMMON, "a liar leaves evidence out of its block")             \
    X(EVIDENCE_RESTORED, RARE, "evidence found on disk after a crash")                  \
    X(EVIDENCE_OF_BEFORE, RARE, "evidence of an earlier epoch in the ledger")           \
    X(EPOCH_CHANGED, COMMON, "an epoch changed")                                        \
    X(EPOCH_IN_VIEW_CHANGE, COMMON, "an epoch changed during a view change")            \
    X(EPOCH_IN_LATER_VIEW, COMMON, "an epoch ended in a view other than its first")     \
    X(EPOCH_LEARNED_LATE, COMMON, "a replica enters an epoch that is over")             \
    X(DOCUMENT_REPROPOSED, RARE, "the end of an epoch as a tip proposed again")         \
    X(DOCUMENT_BEATEN, COMMON, "two documents for one epoch, and one of them is stale") \
    X(JOINED, COMMON, "a facility became a member")                                     \
    X(JOINED_WHILE_DOWN, COMMON, "a facility became a member while another was down")   \
    X(JOINED_LATE, RARE, "a new member had to recover: its epoch had blocks")           \
    X(REMOVED, COMMON, "a member that was removed follows")                             \
    X(KEY_CHANGED, COMMON, "a member came back with a new key")                         \
    X(LOST_IN_EARLIER_EPOCH, RARE, "a member that forgot comes through earlier epochs")

#define SIM_REACHED_ENUM(name, how_often, text) SIM_REACHED_##name,
enum sim_fact { SIM_REACHED_LIST(SIM_REACHED_ENUM) SIM_FACTS };
#undef SIM_REACHED_ENUM

struct sim;
struct sim_replica;
struct rota_message;
struct rota_event;

/* How often, and what has to be remembered to know. */
struct sim_reached {
    uint64_t counts[SIM_FACTS];
    uint64_t tip_views[64]; /* by a tip's first hash byte: the view it was last proposed again in */
    uint64_t untimely[64];  /* by hash: words of blocks that were refused */
};

bool sim_fact_is_common(enum sim_fact fact); /* some thousand seeds must show it */
const char *sim_fact_text(enum sim_fact fact);
void sim_reach(struct sim *sim, enum sim_fact fact);
/* What a message that leaves shows. */
void sim_reached_said(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message);
void sim_reached_checked(struct sim *sim, const struct sim_replica *replica, const struct rota_event *checked);
void sim_reached_commits(struct sim *sim, const struct sim_replica *replica, uint64_t height);
struct sim_block;
struct sim_piece;
void sim_reached_evidence(struct sim *sim, const struct sim_block *block, const struct sim_piece *piece); /* NULL: none */
/* The network agreed on the end of an epoch; a replica went from one into the next. */
void sim_reached_new_epoch(struct sim *sim);
void sim_reached_epoch(struct sim *sim, const struct sim_replica *replica);
/* After a turn, before a start, after somebody went down. */
void sim_reached_turn(struct sim *sim, struct sim_replica *replica);
void sim_reached_restart(struct sim *sim, const struct sim_replica *replica);
void sim_reached_down(struct sim *sim);

#endif
