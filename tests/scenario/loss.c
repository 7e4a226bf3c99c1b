#include "tests/scenario/loss.h"

struct sim *loss_started(uint32_t members, uint64_t seed, enum rota_profile profile)
{
    struct sim *s = sim_cluster(.members = members, .seed = seed, .profile = profile);
    sim_submit(s, "all", 10);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_run_ms(s, 1000);
    return s;
}

bool loss_is_over(struct sim *s, uint32_t member)
{
    return sim_view(s, member).standing == ROTA_STANDING_MEMBER;
}

bool loss_ends(struct sim *s, uint32_t member, uint64_t limit_ms)
{
    uint64_t until_ms = s->now_ms + limit_ms;
    while (!loss_is_over(s, member) && s->now_ms < until_ms) {
        sim_submit(s, "up", 1);
        sim_run_ms(s, 50);
    }
    return loss_is_over(s, member);
}
