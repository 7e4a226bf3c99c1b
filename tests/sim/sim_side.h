/* What one replica has of real parts: between sim_real.c, which carries out, and sim_real_judge.c, which compares. */
#ifndef ROTA_TESTS_SIM_SIDE_H
#define ROTA_TESTS_SIM_SIDE_H

#include "node/chain.h"
#include "node/journal.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_vfs.h"

enum { LEDGER, JOURNAL };

/* What one replica has. */
struct side {
    struct sim *sim;
    struct sim_replica *replica;
    char names[SIM_FILES][SIM_NETWORK_NAME_MAX];
    struct sim_vfs_disk disk, backup;
    bool open;
    struct rota_chain chain;
    struct rota_journal *journal;
    struct rota_pool pool;
    uint64_t synced;           /* height of the ledger at the last sync that returned */
    struct rota_status failed; /* not ok: the node would stop at the end of this turn */
    bool had_durable;          /* before a durable point that failed */
    struct rota_durable old_durable;
};

struct real {
    struct sim_network *network;
    struct side *sides[ROTA_MEMBERS_MAX];
};

static inline struct side *sim_side_of(const struct sim *sim, const struct sim_replica *replica)
{
    return ((struct real *)sim->real)->sides[replica->index];
}

static inline struct sim_network *sim_side_network(const struct sim *sim)
{
    return ((struct real *)sim->real)->network;
}

/* The shell's view of a real block: its requests by number. */
const struct sim_block *sim_side_wrap(struct sim *sim, struct rota_block *block);
/* Files were opened: what they hold is what must be there, and becomes the shell's disk where more than one state may be. */
void sim_side_judge(struct side *side);

#endif
