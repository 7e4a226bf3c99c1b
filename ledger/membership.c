#include "ledger/membership.h"

#include "crypto/broken.h"

uint32_t rota_fault_bound(uint32_t n, enum rota_profile profile)
{
    ROTA_ASSERT(n >= 1 && n <= ROTA_MEMBERS_MAX);
    return profile == ROTA_PROFILE_CRASH ? 0 : (n - 1) / 3;
}

uint32_t rota_quorum(uint32_t n, enum rota_profile profile)
{
    ROTA_ASSERT(n >= 1 && n <= ROTA_MEMBERS_MAX);
    if (profile == ROTA_PROFILE_CRASH)
        return ROTA_BROKEN(crash_quorum_half, n / 2 + 1, (n + 1) / 2);
    uint32_t quorum = ROTA_BROKEN(quorum_2f_plus_1, (2 * n + 2) / 3, 2 * ((n - 1) / 3) + 1);
    return ROTA_BROKEN(quorum_2f, quorum, n > 3 ? quorum - 1 : quorum);
}

uint32_t rota_prepare_quorum(uint32_t n, enum rota_profile profile)
{
    return profile == ROTA_PROFILE_CRASH ? 1 : rota_quorum(n, profile);
}

uint32_t rota_join_threshold(uint32_t n, enum rota_profile profile)
{
    ROTA_ASSERT(n >= 1 && n <= ROTA_MEMBERS_MAX);
    if (n <= 2)
        return 1;
    if (n == 3 || profile == ROTA_PROFILE_CRASH)
        return 2;
    return rota_fault_bound(n, profile) + 1;
}

uint32_t rota_primary(const struct rota_membership *membership, uint64_t view)
{
    ROTA_ASSERT(membership->count >= 1);
    uint64_t n = membership->count;
    return (uint32_t)((view % n + membership->epoch % n) % n); /* no overflow near the last view */
}

uint32_t rota_member_find(const struct rota_membership *membership, const struct rota_token *id)
{
    uint32_t index = 0;
    while (index < membership->count && !rota_token_equal(&membership->members[index].id, id))
        index++;
    return index;
}
