/* Reads in the simulator: what a read must see is everything that was final anywhere when it was asked for (PROTOCOL L1). */
#include "tests/sim/sim.h"
#include "tests/sim/sim_liar.h"

void sim_read(struct sim *sim, const char *who)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        struct sim_replica *replica = &sim->replicas[i];
        if (!(members >> i & 1) || !replica->up || replica->member == SIM_NOBODY ||
            replica->read_asked - replica->read_done == SIM_READS_MAX)
            continue;
        uint64_t token = ++replica->read_asked;
        replica->read_floor[token % SIM_READS_MAX] = sim->agreed_height;
        sim_replica_read(sim, replica, token);
    }
}

void sim_read_done(struct sim *sim, struct sim_replica *replica, uint64_t token, bool covered)
{
    while (replica->read_done < token) {
        uint64_t floor = replica->read_floor[++replica->read_done % SIM_READS_MAX];
        *(covered ? &sim->stats.reads : &sim->stats.reads_failed) += 1;
        bool promised = !sim_is_liar(sim, replica->index) && !sim_lies_too_many(sim);
        if (covered && promised && replica->disk.height < floor)
            sim_fail(sim, SIM_READS, "a read does not see a block that was final before it was asked for");
    }
}
