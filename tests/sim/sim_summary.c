/* What a run of seeds has shown, and whether that is enough. */
#include "tests/sim/sim_run.h"

static bool facts_print(const struct sim_run *run, const uint64_t *counts)
{
    bool enough = true;
    for (uint32_t fact = 0; fact < SIM_FACTS; fact++) {
        bool required = run->require == SIM_REQUIRE_ALL ||
                        (run->require == SIM_REQUIRE_COMMON && sim_fact_is_common((enum sim_fact)fact));
        bool missing = required && counts[fact] == 0;
        printf("  %10llu  %s%s\n", (unsigned long long)counts[fact], sim_fact_text((enum sim_fact)fact),
               missing ? "  (required)" : "");
        enough = enough && !missing;
    }
    return enough;
}

bool sim_summary(const struct sim_run *run, const struct sim_totals *sum, uint64_t took_ms)
{
    const uint64_t *counts = sum->counts;
    bool enough = true, many = counts[SIM_TOTAL_SEEDS] > 1;
    if (many) {
        enough = facts_print(run, counts + SIM_TOTAL_FACTS);
        if (!enough)
            printf("violation reached: states that this run must have seen were not\n");
        if (counts[SIM_TOTAL_SEEDS] >= 100 && counts[SIM_TOTAL_QUIET] * 3 > counts[SIM_TOTAL_SEEDS]) {
            printf("violation vacuous: more than a third of the seeds committed next to nothing\n");
            enough = false;
        }
    }
    printf("%llu seeds from %llu (%llu quiet): %llu blocks agreed, %llu messages (%llu lost, %llu damaged), %llu crashes, "
           "%llu fetches, %llu lies, %llu messages refused, %llu accusations, %llu forks by more than f liars whose "
           "culprits were "
           "named, %llu virtual seconds, no violation; %llu.%llu s\n",
           (unsigned long long)counts[SIM_TOTAL_SEEDS], (unsigned long long)run->first_seed,
           (unsigned long long)counts[SIM_TOTAL_QUIET], (unsigned long long)counts[SIM_TOTAL_BLOCKS],
           (unsigned long long)counts[SIM_TOTAL_MESSAGES], (unsigned long long)counts[SIM_TOTAL_LOST],
           (unsigned long long)counts[SIM_TOTAL_DAMAGED], (unsigned long long)counts[SIM_TOTAL_CRASHES],
           (unsigned long long)counts[SIM_TOTAL_FETCHES], (unsigned long long)counts[SIM_TOTAL_LIES],
           (unsigned long long)counts[SIM_TOTAL_REFUSED], (unsigned long long)counts[SIM_TOTAL_ACCUSATIONS],
           (unsigned long long)counts[SIM_TOTAL_FORKS], (unsigned long long)(counts[SIM_TOTAL_VIRTUAL_MS] / 1000),
           (unsigned long long)(took_ms / 1000), (unsigned long long)(took_ms % 1000 / 100));
    return enough;
}
