/* A small world for members that change: up to 8 facilities, real cores, one list of messages on their way, one seed. What
 * the simulator does not have is here: a facility's member index differs from epoch to epoch, and one that is no member has
 * no core and follows. Blocks are headers; a body is wherever its header is. Nothing crashes here; the simulator does that.
 *
 * After every step it is looked at that no two ledgers differ, and that nobody says PREPARE or COMMIT above the block that
 * ends its epoch (PROTOCOL M7). */
#ifndef ROTA_TESTS_SCENARIO_EPOCH_WORLD_H
#define ROTA_TESTS_SCENARIO_EPOCH_WORLD_H

#include "consensus/core.h"

enum { EPOCH_FACILITIES_MAX = 8, EPOCH_HEIGHTS_MAX = 4096, EPOCHS_MAX = 8 };

struct epoch_world; /* opaque, heap */

/* seats: facilities of epoch 0 as digits, "0123". loss_percent of the messages are lost. */
struct epoch_world *epoch_world_open(const char *seats, uint64_t seed, uint32_t loss_percent);
void epoch_world_close(struct epoch_world *world);
/* From now on the members wish these to be the next epoch's; of two wishes for one epoch whichever a primary takes up first
 * wins, and the other is nothing any more. */
void epoch_world_wish(struct epoch_world *world, const char *seats);
/* Whoever is down hears and says nothing; up again, it goes on with what it knew. */
void epoch_world_down(struct epoch_world *world, uint32_t facility, bool down);
/* Until each of these facilities that is up has this height, with work offered all the time; false after limit_ms. */
bool epoch_world_reach(struct epoch_world *world, const char *facilities, uint64_t height, uint64_t limit_ms);
/* The same for an epoch. */
bool epoch_world_enter(struct epoch_world *world, const char *facilities, uint32_t epoch, uint64_t limit_ms);
uint32_t epoch_world_epoch(const struct epoch_world *world, uint32_t facility);
uint64_t epoch_world_height(const struct epoch_world *world, uint32_t facility);
bool epoch_world_is_member(const struct epoch_world *world, uint32_t facility);
/* Members of an epoch that has begun. */
uint32_t epoch_world_members(const struct epoch_world *world, uint32_t epoch);

#endif
