/* The block header: 200 bytes, big-endian (FORMATS §6). The view is not in it: a re-proposed block keeps its
 * identity (PROTOCOL G3). */
#ifndef ROTA_LEDGER_HEADER_H
#define ROTA_LEDGER_HEADER_H

#include "crypto/codec.h"
#include "crypto/digest.h"

enum { ROTA_HEADER_BYTES = 200 };

struct rota_header {
    struct rota_hash ledger_id;
    uint32_t epoch;
    uint64_t height;            /* from 1 */
    uint64_t time_ms;           /* since 1970, strictly increasing */
    struct rota_hash prev_hash; /* zero at height 1 */
    struct rota_hash config_hash;
    uint64_t tree_size; /* leaves including this block's entries, without this block's own leaf */
    struct rota_hash tree_root;
    struct rota_hash outcome_hash;
    uint32_t proposer; /* member index of whoever first proposed it */
    uint32_t entry_count;
};

void rota_header_encode(uint8_t out[ROTA_HEADER_BYTES], const struct rota_header *header);
/* Checks the magic only; everything else is a matter of the chain. */
ROTA_CHECKED struct rota_status rota_header_decode(struct rota_header *out, const uint8_t in[ROTA_HEADER_BYTES]);
/* H(tag block || 200 bytes). */
struct rota_hash rota_header_hash(const struct rota_header *header);

#endif
