/* Coordinators' public keys by kid, parsed once, read by many threads (signature workers, HTTP) and added to by the loop
 * when a key enters the ledger. A kid is a hash of its key, so an entry never changes; whether the key may act is the
 * state's business, not the keyring's. Also remembers which proposals were verified lately, so that none is verified twice.
 */
#ifndef ROTA_NODE_KEYRING_H
#define ROTA_NODE_KEYRING_H

#include "ledger/entry.h"

struct rota_keyring; /* opaque, heap */

ROTA_CHECKED struct rota_status rota_keyring_new(struct rota_keyring **out);
void rota_keyring_free(struct rota_keyring *keyring);
void rota_keyring_add(struct rota_keyring *keyring, const struct rota_es256k_public *key);
bool rota_keyring_find(struct rota_es256k_public *out, struct rota_keyring *keyring, const struct rota_kid *kid);
/* Verifies the proposal's signature unless exactly this id and signature was verified lately (bounded memory of 64 Ki).
 * ROTA_UNKNOWN_KEY, ROTA_BAD_SIGNATURE. */
ROTA_CHECKED struct rota_status rota_keyring_verify(struct rota_keyring *keyring, const struct rota_proposal *proposal);
/* The same for an entry; evidence of coordinators: both proposals; evidence of members: against the membership. */
ROTA_CHECKED struct rota_status rota_keyring_verify_entry(struct rota_keyring *keyring,
                                                          const struct rota_membership *membership,
                                                          const struct rota_entry *entry);

#endif
