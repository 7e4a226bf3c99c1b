/* Power cuts, enumerated: before every sync of a ledger that grows block by block, the power goes. Whatever part of the
 * unsynced sectors reached the disk, the files must open and hold the state before or after that sync, and nothing else. */
#include "node/chain.h"
#include "node/journal.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_real.h"
#include "tests/sim/sim_run.h"
#include "tests/sim/sim_vfs.h"

enum { RANDOM_STATES = 16, BLOCKS_IN_A_LEDGER = 40 };

static struct {
    struct sim *sim;
    struct sim_vfs_disk *disk; /* the one whose syncs are watched */
    uint64_t random, states, syncs;
    uint32_t sector, missing;
} power;

static uint64_t draw_one_missing(void)
{
    return power.sector++ != power.missing;
}

static uint64_t draw_any(void)
{
    return sim_stream_draw(&power.random, UINT64_MAX);
}

static void ignore_block(void *context, const struct rota_block *block)
{
    (void)context;
    (void)block;
}

static void ignore_final(void *context, const struct rota_executed *executed)
{
    (void)context;
    (void)executed;
}

static bool durable_is(const struct rota_durable *found, const struct rota_durable *wanted)
{
    return found->view == wanted->view && found->tip_height == wanted->tip_height &&
           memcmp(found->votes, wanted->votes, sizeof found->votes) == 0;
}

static void judge_journal(struct rota_journal *journal)
{
    const struct sim_replica *replica = &power.sim->replicas[0];
    struct rota_journal_contents recovered = rota_journal_recovered(journal);
    if (!recovered.durable && !replica->disk.has_durable)
        return;
    if (!recovered.durable || (!durable_is(recovered.durable, &replica->disk.durable) &&
                               !durable_is(recovered.durable, rota_core_durable(replica->core))))
        sim_fail(power.sim, SIM_DURABILITY, "after a power cut the journal holds neither what was nor what came");
}

static void judge_chain(const struct rota_chain *chain)
{
    uint64_t height = chain->height;
    if (height < sim_real_synced(power.sim, 0) || height > power.sim->replicas[0].disk.height)
        sim_fail(power.sim, SIM_DURABILITY, "after a power cut the ledger holds neither what was nor what came");
}

/* What a node that starts on this disk finds. */
static void judge_disk(struct sim_vfs_disk *disk)
{
    struct sim_network *network = sim_network(1, power.sim->membership.profile);
    struct rota_chain_observer observer = {.executed = ignore_block, .taken_back = ignore_block, .is_final = ignore_final};
    struct rota_chain *chain = malloc(sizeof *chain);
    struct rota_journal *journal = NULL;
    char ledger_name[SIM_NETWORK_NAME_MAX], journal_name[SIM_NETWORK_NAME_MAX];
    ROTA_ASSERT(chain);
    sim_network_name(ledger_name, network, 0, 0);
    sim_network_name(journal_name, network, 0, 1);
    sim_real_substitute(disk);
    struct rota_status status = rota_chain_open(chain, ledger_name, &network->genesis, network->keyring, 0, &observer);
    if (!rota_is_ok(status))
        sim_fail(power.sim, SIM_DURABILITY, status.why);
    judge_chain(chain);
    status = rota_journal_open(&journal, journal_name, &power.sim->membership);
    if (!rota_is_ok(status))
        sim_fail(power.sim, SIM_DURABILITY, status.why);
    judge_journal(journal);
    rota_journal_close(journal);
    rota_chain_close(chain);
    sim_real_substitute(NULL);
    free(chain);
}

static void cut(enum sim_vfs_loss loss, uint64_t (*draw)(void))
{
    struct sim_vfs_disk copy;
    sim_vfs_copy(&copy, power.disk);
    power.sector = 0;
    sim_vfs_power_cut(&copy, loss, draw);
    judge_disk(&copy);
    sim_vfs_free(&copy);
    power.states++;
}

/* All is lost, nothing is, each sector alone is, and some mixtures. */
static void before_sync(struct sim_vfs_disk *disk)
{
    if (disk != power.disk)
        return;
    power.syncs++;
    cut(SIM_VFS_LOSES_ALL, draw_any);
    cut(SIM_VFS_LOSES_NOTHING, draw_any);
    uint32_t dirty = sim_vfs_dirty(disk);
    for (power.missing = 0; power.missing < dirty; power.missing++)
        cut(SIM_VFS_LOSES_SOME, draw_one_missing);
    for (uint32_t i = 0; i < RANDOM_STATES; i++)
        cut(SIM_VFS_LOSES_SOME, draw_any);
}

static void one_ledger(uint64_t seed, uint32_t blocks)
{
    power.sim = sim_cluster(.members = 1, .seed = seed, .furnish = sim_real_furnish);
    power.disk = sim_real_disk(power.sim, 0);
    power.random = seed;
    sim_vfs_watch(before_sync);
    for (uint32_t i = 0; i < blocks; i++) {
        sim_submit(power.sim, "all", 1);
        if (!sim_run_until_settled(power.sim, 1000))
            sim_fail(power.sim, SIM_LIVENESS, "a facility alone makes no progress");
    }
    sim_vfs_watch(NULL);
    sim_free(power.sim);
}

int sim_power_run(uint64_t seed, uint32_t blocks)
{
    for (uint32_t done = 0; done < blocks; done += BLOCKS_IN_A_LEDGER, seed++)
        one_ledger(seed, blocks - done < BLOCKS_IN_A_LEDGER ? blocks - done : BLOCKS_IN_A_LEDGER);
    printf("%llu power cuts at %llu syncs of %lu blocks: each disk held a state that was promised\n",
           (unsigned long long)power.states, (unsigned long long)power.syncs, (unsigned long)blocks);
    return 0;
}
