/* What stories about lost memory share: a network that has committed something, and the way back of one of its members. */
#ifndef ROTA_TESTS_SCENARIO_LOSS_H
#define ROTA_TESTS_SCENARIO_LOSS_H

#include "tests/sim/sim.h"

/* A network with ten requests in its ledger and nothing to do; sim_free ends it. */
struct sim *loss_started(uint32_t members, uint64_t seed, enum rota_profile profile);
/* May this member vote (PROTOCOL H5)? */
bool loss_is_over(struct sim *s, uint32_t member);
/* A little work again and again, as a recovering member waits for a commit and not for a time. False: it is not back within
 * limit_ms. */
bool loss_ends(struct sim *s, uint32_t member, uint64_t limit_ms);

#endif
