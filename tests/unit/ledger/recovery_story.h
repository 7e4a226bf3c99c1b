/* A ledger of four facilities that lost its quorum and went on with a recovery manifest, made for tests (PROTOCOL M11). */
#ifndef ROTA_TESTS_UNIT_LEDGER_RECOVERY_STORY_H
#define ROTA_TESTS_UNIT_LEDGER_RECOVERY_STORY_H

#include "store_maker.h"

/* Who goes on: two ways, of four each. */
extern const char *const story_survivors[4], *const story_others[4];

#define ASSIGN(day)                                                                                             \
    "[{\"op\":\"assign\",\"person\":\"p-3\",\"code\":\"DAY\",\"facility\":\"charlie\",\"start\":\"2026-12-" day \
    "T07:00Z\",\"minutes\":60}]"

/* One block with this proposal, certified by these members; 0: by none. */
void story_assign(struct maker *maker, uint64_t seq, const char *ops, uint32_t signers);
/* Blocks 1 and 2 of four facilities; these members certify block 2, which a manifest can keep. */
void story_kept(struct maker *maker, const char *name, uint32_t kept_signers);
/* The same, and block 3 begins epoch 1; 5 is the last. The file is closed. */
void story_recovered(struct maker *maker, const char *name, const char *const *labels, uint32_t kept_signers);
void story_close(struct maker *maker);
/* The next block as its makers would have it, certified by the first three of these members and executed by nobody. Takes
 * the entries over. */
void story_forge_block(struct maker *maker, const struct rota_membership *membership, struct rota_entry *entries,
                       uint32_t count);

/* One byte of a value in the closed file is another one. */
void story_spoil_blob(const struct maker *maker, const char *table, const char *column, int64_t row, uint64_t at,
                      uint8_t with);

#endif
