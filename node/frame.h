/* A frame on its way in: plain bytes out of the channel become a typed, verified struct rota_frame, or nothing.
 * Peers' bytes end here; whatever is wrong with them is a status with a sentence, never an assertion. */
#ifndef ROTA_NODE_FRAME_H
#define ROTA_NODE_FRAME_H

#include "node/peers.h"

/* Opened, not yet looked at. Heap, freed by free(). */
struct rota_raw {
    size_t len;
    uint8_t bytes[];
};

struct rota_raw *rota_raw_new(size_t len); /* NULL when memory is out */
/* Memory that the frame holds from now until the loop has done with it: its bytes, and what its decoder will need. */
size_t rota_raw_cost(const struct rota_raw *raw);

/* Form only. On failure *out owns nothing. */
ROTA_CHECKED struct rota_status rota_frame_decode(struct rota_frame *out, uint32_t peer, struct rota_view plain);
/* Who may say it, every signature and certificate in it, every entry it carries. certifiers: whose certificates prove a
 * BLOCK; the members themselves, but where the ledger lags below a recovery manifest. */
ROTA_CHECKED struct rota_status rota_frame_verify(struct rota_frame *frame, const struct rota_membership *membership,
                                                  const struct rota_membership *certifiers, struct rota_keyring *keyring);

#endif
