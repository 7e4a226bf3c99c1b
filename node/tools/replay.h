/* A ledger file executed again from its genesis, with no node. It shows what the file says and that the outcomes follow from
 * the entries; that the signatures hold is for rota-verify to say. */
#ifndef ROTA_TOOLS_REPLAY_H
#define ROTA_TOOLS_REPLAY_H

#include "ledger/schedule/state.h"
#include "ledger/store/store.h"
#include "node/tools/command.h"

struct rota_replay {
    struct rota_genesis genesis;
    struct rota_store *store;
    struct rota_state *state;
    uint64_t height; /* of the last block executed */
};

/* Executes common->ledger up to this height (0: all) on top of common->genesis. 0, or the exit code after a complaint. To be
 * closed in any case. */
int rota_replay_open(struct rota_replay *out, const struct rota_common *common, uint64_t height);
void rota_replay_close(struct rota_replay *replay);

#endif
