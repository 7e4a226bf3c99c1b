/* Who the members of an epoch are and what a quorum of them is (PROTOCOL M1). Plain values; nothing allocates. */
#ifndef ROTA_LEDGER_MEMBERSHIP_H
#define ROTA_LEDGER_MEMBERSHIP_H

#include "crypto/ed25519.h"

enum { ROTA_MEMBERS_MAX = 31, ROTA_QUORUM_MAX = 21 };

/* The fault profile is a property of the genesis, never of a node's own settings. */
enum rota_profile { ROTA_PROFILE_BYZANTINE = 1, ROTA_PROFILE_CRASH = 2 };

struct rota_member {
    struct rota_token id; /* "alpha" */
    struct rota_ed25519_public key;
    struct rota_ed25519_public admin; /* approves of epoch documents for the facility; its own key where none was named */
    char address[64];                 /* "tcp://127.0.0.1:7101": where peers reach it */
};

/* Checks one Ed25519 signature. The simulator puts a cheap one in its place. */
typedef bool rota_verify_fn(const struct rota_ed25519_public *key, struct rota_view message,
                            const struct rota_signature *signature);

struct rota_membership {
    struct rota_hash ledger_id;
    uint32_t epoch;
    struct rota_hash config_hash; /* H(tag epoch || epoch document); epoch 0's document is the genesis */
    enum rota_profile profile;
    uint32_t count; /* n, 1..ROTA_MEMBERS_MAX; a member's index is its replica number */
    struct rota_member members[ROTA_MEMBERS_MAX];
    uint64_t base_height; /* the block on which the epoch stands: its CONFIG block, 0 and zero in epoch 0 */
    struct rota_hash base;
    uint32_t block_entries_max; /* as the document limits it; 0: by the format alone */
    rota_verify_fn *verify;     /* rota_ed25519_verify outside the simulator */
};

/* f: Byzantine members tolerated, (n-1)/3; 0 in the crash profile. */
uint32_t rota_fault_bound(uint32_t n, enum rota_profile profile);
/* PROTOCOL M3: Q = (2n+2)/3, integer division, for every n; a majority in the crash profile. */
uint32_t rota_quorum(uint32_t n, enum rota_profile profile);
/* Signatures in a prepare certificate: Q; in the crash profile one, the primary's, because nobody lies (PROTOCOL P1). */
uint32_t rota_prepare_quorum(uint32_t n, enum rota_profile profile);
/* PROTOCOL M4. J: so many suspicions hold at least one of a correct member: f+1 for n >= 4, 2 for n = 3, 1 below. */
uint32_t rota_join_threshold(uint32_t n, enum rota_profile profile);
/* PROTOCOL M5. The primary of a view: (view + epoch) mod n. */
uint32_t rota_primary(const struct rota_membership *membership, uint64_t view);

/* The member's index, or membership->count when unknown. */
uint32_t rota_member_find(const struct rota_membership *membership, const struct rota_token *id);

#endif
