/* A failing plan made short: each part is left out in turn, and stays out when the same checker still finds a violation
 * without it. Every try is a process of its own. */
#include "tests/sim/sim_run.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SHRINK_SECONDS = 60, TRY_SECONDS = 20, VERDICT_FINE = 0, VERDICT_DIED = SIM_CHECKERS };

struct shrink {
    struct sim_plan *plan; /* the shortest that fails so far */
    struct sim_plan *trial;
    uint32_t wanted; /* the checker that must find it */
    time_t until;
};

static uint32_t *verdict; /* shared with the process that tries */

static void note_verdict(struct sim *sim, enum sim_checker checker)
{
    (void)sim;
    *verdict = checker;
    _exit(1);
}

static _Noreturn void try_child(const struct sim_plan *plan)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ROTA_ASSERT(nowhere >= 0 && dup2(nowhere, 1) == 1 && dup2(nowhere, 2) == 2);
    alarm(TRY_SECONDS);
    sim_on_fail(note_verdict);
    sim_free(sim_play(plan));
    _exit(0);
}

static uint32_t plan_verdict(const struct sim_plan *plan)
{
    *verdict = VERDICT_FINE;
    fflush(NULL);
    pid_t pid = fork();
    ROTA_ASSERT(pid >= 0);
    if (pid == 0)
        try_child(plan);
    int status;
    ROTA_ASSERT(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? VERDICT_DIED : *verdict;
}

/* The trial becomes the plan when it still fails. */
static bool shrink_try(struct shrink *shrink)
{
    if (time(NULL) >= shrink->until || plan_verdict(shrink->trial) != shrink->wanted)
        return false;
    *shrink->plan = *shrink->trial;
    return true;
}

static struct sim_plan *shrink_begin(struct shrink *shrink)
{
    *shrink->trial = *shrink->plan;
    return shrink->trial;
}

static void leave_out(struct sim_plan *plan, uint32_t first, uint32_t count)
{
    memmove(&plan->events[first], &plan->events[first + count], (plan->count - first - count) * sizeof plan->events[0]);
    plan->count -= count;
}

static void shrink_horizon(struct shrink *shrink)
{
    for (uint32_t part = 2; part <= 64;) {
        struct sim_plan *trial = shrink_begin(shrink);
        trial->chaos_ms -= trial->chaos_ms / part;
        while (trial->count > 0 && trial->events[trial->count - 1].at_ms > trial->chaos_ms)
            trial->count--;
        if (trial->chaos_ms == shrink->plan->chaos_ms || !shrink_try(shrink))
            part *= 2;
    }
}

static void shrink_weather(struct shrink *shrink)
{
    for (uint32_t field = 0; field < 7; field++) {
        struct sim_options *options = &shrink_begin(shrink)->options;
        uint32_t *fields[] = {&options->loss_percent, &options->duplicate_percent, &options->reorder_percent,
                              &options->tail_percent, &options->corrupt_percent,   &options->link_capacity,
                              &options->delay_max_ms};
        if (*fields[field] == 0)
            continue;
        *fields[field] = 0;
        if (options->delay_max_ms == 0)
            options->delay_min_ms = options->delay_max_ms = 2;
        shrink_try(shrink);
    }
}

static void shrink_faults(struct shrink *shrink)
{
    for (uint32_t fault = 0; fault < SIM_FAULTS; fault++) {
        struct sim_plan *trial = shrink_begin(shrink);
        for (uint32_t i = trial->count; i-- > 0;)
            if (trial->events[i].fault == fault)
                leave_out(trial, i, 1);
        if (trial->count < shrink->plan->count)
            shrink_try(shrink);
    }
}

/* Larger and larger parts stay, smaller and smaller ones are left out (ddmin). */
static void shrink_events(struct shrink *shrink)
{
    for (uint32_t part = shrink->plan->count / 2; part > 0; part /= 2)
        for (uint32_t at = 0; at + part <= shrink->plan->count;) {
            leave_out(shrink_begin(shrink), at, part);
            if (!shrink_try(shrink))
                at += part;
        }
}

static void shrink_numbers(struct shrink *shrink)
{
    for (uint32_t i = 0; i < shrink->plan->count; i++) {
        struct sim_fault_event *event = &shrink_begin(shrink)->events[i];
        event->for_ms /= 2;
        if (event->fault == SIM_FAULT_SUBMIT)
            event->value = 1;
        if (memcmp(event, &shrink->plan->events[i], sizeof *event) != 0 && shrink_try(shrink) && event->for_ms > 8)
            i--;
    }
}

static void shrink_members(struct shrink *shrink)
{
    for (uint32_t n = 1; n < shrink->plan->options.members; n++) {
        struct sim_plan *trial = shrink_begin(shrink);
        uint32_t all = (UINT32_C(1) << n) - 1;
        trial->options.members = n;
        trial->core = all;
        for (uint32_t i = 0; i < trial->count; i++) {
            trial->events[i].who &= all;
            trial->events[i].whom &= all;
        }
        if (shrink_try(shrink))
            return;
    }
}

bool sim_shrink(struct sim_plan *plan)
{
    verdict = mmap(NULL, sizeof *verdict, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct shrink shrink = {.plan = plan, .trial = malloc(sizeof *plan), .until = time(NULL) + SHRINK_SECONDS};
    ROTA_ASSERT(verdict != MAP_FAILED && shrink.trial);
    shrink.wanted = plan_verdict(plan);
    for (uint32_t before = UINT32_MAX; shrink.wanted != VERDICT_FINE && plan->count < before;) {
        before = plan->count;
        shrink_horizon(&shrink);
        shrink_weather(&shrink);
        shrink_faults(&shrink);
        shrink_events(&shrink);
        shrink_members(&shrink);
        shrink_numbers(&shrink);
    }
    free(shrink.trial);
    munmap(verdict, sizeof *verdict);
    return shrink.wanted != VERDICT_FINE;
}
