/* What real parts need and a process makes once for each size of network: the genesis, everybody's keys, signed proposals,
 * files as they are before the first block. Keys are worked out from labels, so every byte is the same in each run. */
#ifndef ROTA_TESTS_SIM_NETWORK_H
#define ROTA_TESTS_SIM_NETWORK_H

#include "ledger/genesis.h"
#include "ledger/proposal.h"
#include "node/keyring.h"
#include "node/map.h"
#include "tests/sim/sim.h"

enum { SIM_COORDINATORS = 4, SIM_FILES = 2 };

struct sim_network {
    struct rota_genesis genesis;
    struct rota_ed25519_secret facilities[ROTA_MEMBERS_MAX];
    struct rota_es256k_secret coordinators[SIM_COORDINATORS];
    struct rota_proposal *proposals[SIM_REQUESTS_MAX]; /* by request; made when first asked for */
    struct rota_map requests;                          /* proposal id -> request + 1 */
    struct rota_keyring *keyring;                      /* shared: what one verified all know */
    uint8_t *images[SIM_FILES];                        /* an empty ledger, an empty journal */
    size_t image_lens[SIM_FILES];
    int files[ROTA_MEMBERS_MAX][SIM_FILES]; /* descriptors whose names stand for the files on simulated disks */
};

/* The process' own, made at the first call. */
struct sim_network *sim_network(uint32_t members, enum rota_profile profile);
struct rota_proposal *sim_network_proposal(struct sim_network *network, uint32_t request); /* borrowed */
/* UINT32_MAX: none of ours. */
uint32_t sim_network_request(const struct sim_network *network, const struct rota_hash *id);
/* "/proc/self/fd/N" of a file; the buffer is the caller's. */
enum { SIM_NETWORK_NAME_MAX = 32 };
void sim_network_name(char out[SIM_NETWORK_NAME_MAX], const struct sim_network *network, uint32_t member, uint32_t file);

#endif
