/* Real parts for the simulator's replicas: the node's chain, pool and journal, with SQLite, over disks that lose power. */
#ifndef ROTA_TESTS_SIM_REAL_H
#define ROTA_TESTS_SIM_REAL_H

#include "tests/sim/sim.h"

/* An option of sim_new: see sim_options. One simulation with real parts at a time in a process. */
void sim_real_furnish(struct sim *sim);
/* At the end: every ledger file holds what was agreed, byte for byte, and the auditor finds nothing. */
void sim_real_judge(struct sim *sim);
/* For power cuts that are enumerated: a member's disk; the height of its ledger at the last sync that returned; and another
 * disk to which its names lead for a while (NULL: no more). */
struct sim_vfs_disk;
struct sim_vfs_disk *sim_real_disk(struct sim *sim, uint32_t member);
uint64_t sim_real_synced(const struct sim *sim, uint32_t member);
void sim_real_substitute(struct sim_vfs_disk *disk);

#endif
