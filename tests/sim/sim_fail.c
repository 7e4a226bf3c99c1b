/* What is said when something must not be: the name of the checker, the sentence, the cluster, how to see it again. */
#include "tests/sim/sim_liar.h"

#include <unistd.h>

static const char *const checker_names[SIM_CHECKERS] = {
    [SIM_AGREEMENT] = "agreement",
    [SIM_CERTIFICATE] = "certificate",
    [SIM_CHAIN] = "chain",
    [SIM_CHAIN_RULE] = "chain_rule",
    [SIM_DOUBLE_VOTE] = "double_vote",
    [SIM_DURABILITY] = "durability",
    [SIM_EXACTLY_ONCE] = "exactly_once",
    [SIM_SILENCE] = "silence",
    [SIM_MONOTONE] = "monotone",
    [SIM_LIVENESS] = "liveness",
    [SIM_EVIDENCE] = "evidence",
    [SIM_ACCUSATION] = "accusation",
    [SIM_NEW_VIEW] = "new_view",
    [SIM_FORENSICS] = "forensics",
    [SIM_QUIESCENCE] = "quiescence",
    [SIM_BOUNDED] = "bounded",
    [SIM_CODEC] = "codec",
    [SIM_EXECUTION] = "execution",
    [SIM_HALT] = "halt",
    [SIM_AUDIT] = "audit",
    [SIM_DETERMINISM] = "determinism",
    [SIM_READS] = "reads",
    [SIM_EXPECTATION] = "expectation",
    [SIM_LEFT_VIEW] = "left_view",
    [SIM_LOCK] = "lock",
    [SIM_EPOCH] = "epoch",
};

const char *sim_checker_name(enum sim_checker checker)
{
    ROTA_ASSERT(checker > 0 && checker < SIM_CHECKERS && checker_names[checker]);
    return checker_names[checker];
}

static void (*fail_hook)(struct sim *sim, enum sim_checker checker);

void sim_on_fail(void (*fn)(struct sim *sim, enum sim_checker checker))
{
    fail_hook = fn;
}

static char again[512]; /* what was asked for beside a seed */

void sim_again(const char *arguments)
{
    snprintf(again, sizeof again, "%s", arguments);
}

_Noreturn void sim_fail(struct sim *sim, enum sim_checker checker, const char *sentence)
{
    if (fail_hook)
        fail_hook(sim, checker);
    fprintf(stderr, "\nviolation %s %s\n  seed %llu, %u members, at %llu ms, agreed height %llu\n",
            sim_checker_name(checker), sentence, (unsigned long long)sim->options.seed, sim->options.members,
            (unsigned long long)sim->now_ms, (unsigned long long)sim->agreed_height);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        struct rota_core_view view = sim_view(sim, i);
        fprintf(stderr, "  replica %u: %s epoch %u view %llu mode %d muted %d height %llu in flight %u failed views %u\n", i,
                sim->replicas[i].up ? "up  " : "down", sim->replicas[i].epoch->membership.epoch,
                (unsigned long long)view.view, (int)view.mode, view.muted, (unsigned long long)view.committed,
                view.in_flight, view.failed_views);
    }
    sim_liars_print(sim, stderr);
    fprintf(stderr, "  again: rota-sim --seed %llu%s\n", (unsigned long long)sim->options.seed, again);
    fflush(NULL);
    _exit(1);
}
