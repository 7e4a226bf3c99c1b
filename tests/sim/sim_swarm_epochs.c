/* Members that change, in a part of the plans: facilities that join, documents at random moments, and trouble of the
 * joiners' own. Drawn apart from the rest of the plan, which stays as it is. */
#include "tests/sim/sim_plan.h"

enum { EPOCHS_ONE_IN = 4, JOINERS_MAX = 4, CHANGES_MAX = 4, MEMBERS_MAX = 10 };

struct epochs_draw {
    struct sim_plan *plan;
    uint64_t stream;
    uint32_t facilities; /* all, as bits */
    uint32_t members;    /* as the last document wants them */
};

static uint64_t draw(struct epochs_draw *epochs, uint64_t below)
{
    return sim_stream_draw(&epochs->stream, below);
}

/* One of these; 0 when there is none. */
static uint32_t one_of(struct epochs_draw *epochs, uint32_t facilities)
{
    uint32_t left = facilities ? (uint32_t)draw(epochs, (uint32_t)__builtin_popcount(facilities)) : 0;
    for (; left > 0; left--)
        facilities &= facilities - 1;
    return facilities & -facilities;
}

/* Where a liar can be borne it can be borne afterwards, and where one may forget all the others are enough. */
static bool is_enough(const struct epochs_draw *epochs, uint32_t members)
{
    const struct sim_plan *plan = epochs->plan;
    bool bears = plan->options.liars != 0;
    for (uint32_t i = 0; i < plan->count; i++)
        bears |= plan->events[i].fault == SIM_FAULT_FORGET;
    uint32_t least = bears && plan->options.members >= 4 ? 4 : 1;
    return (uint32_t)__builtin_popcount(members) >= least;
}

/* One more, one fewer, one for another, or anybody at all. */
static uint32_t members_draw(struct epochs_draw *epochs)
{
    uint32_t members = epochs->members, others = epochs->facilities & ~members;
    switch (draw(epochs, 5)) {
    case 0:
        members |= one_of(epochs, others);
        break;
    case 1:
        members &= ~one_of(epochs, members);
        break;
    case 2:
        members = (members & ~one_of(epochs, members)) | one_of(epochs, others);
        break;
    case 3:
        members = (uint32_t)draw(epochs, UINT64_C(1) << 31) & epochs->facilities;
        break;
    default: /* the same, in other places or with other keys */
        break;
    }
    return is_enough(epochs, members) ? members : epochs->members;
}

static struct sim_fault_event document_draw(struct epochs_draw *epochs, uint64_t at_ms)
{
    struct sim_fault_event event = {.at_ms = at_ms, .fault = SIM_FAULT_CONFIG, .who = members_draw(epochs)};
    event.value = draw(epochs, 2) ? (int64_t)draw(epochs, 1000000) : 0;
    if (draw(epochs, 3) == 0)
        event.whom = draw(epochs, 2) ? one_of(epochs, event.who) : event.who;
    return event;
}

/* Now and then a second document for the same epoch comes close behind. */
static void changes_draw(struct epochs_draw *epochs)
{
    uint64_t changes = 1 + draw(epochs, CHANGES_MAX), at_ms = 0;
    for (uint64_t i = 0; i < changes; i++) {
        at_ms += draw(epochs, epochs->plan->chaos_ms / changes + 1);
        struct sim_fault_event event = document_draw(epochs, at_ms);
        sim_plan_add(epochs->plan, &event);
        if (draw(epochs, 4) == 0) {
            event = document_draw(epochs, at_ms + draw(epochs, 300));
            sim_plan_add(epochs->plan, &event);
        }
        epochs->members = event.who;
    }
}

static void joiners_trouble_draw(struct epochs_draw *epochs)
{
    uint32_t joiners = epochs->facilities & ~(uint32_t)((UINT64_C(1) << epochs->plan->options.members) - 1);
    for (uint64_t i = draw(epochs, 4); joiners && i > 0; i--) {
        static const enum sim_fault kinds[] = {SIM_FAULT_CRASH, SIM_FAULT_CRASH_SAVE, SIM_FAULT_PAUSE, SIM_FAULT_SPLIT};
        struct sim_fault_event event = {.at_ms = draw(epochs, epochs->plan->chaos_ms),
                                        .fault = kinds[draw(epochs, sizeof kinds / sizeof kinds[0])],
                                        .who = one_of(epochs, joiners),
                                        .for_ms = 1 + (uint32_t)draw(epochs, 4000)};
        if (event.fault == SIM_FAULT_CRASH_SAVE) {
            event.value = 1 + (int64_t)draw(epochs, 20);
            event.point = (uint32_t)draw(epochs, 3);
        }
        sim_plan_add(epochs->plan, &event);
    }
}

/* Clients know everybody, and a liar may be somebody who joins. */
static void others_know(struct epochs_draw *epochs)
{
    struct sim_plan *plan = epochs->plan;
    uint32_t first = (uint32_t)((UINT64_C(1) << plan->options.members) - 1), joiners = epochs->facilities & ~first;
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->events[i].fault == SIM_FAULT_SUBMIT && plan->events[i].who == first)
            plan->events[i].who = epochs->facilities;
    if (plan->options.liars && joiners && draw(epochs, 3) == 0)
        plan->options.liars = (plan->options.liars & (plan->options.liars - 1)) | one_of(epochs, joiners);
    plan->core = epochs->facilities;
}

void sim_epochs_draw(struct sim_plan *plan)
{
    struct sim_options *options = &plan->options;
    uint64_t streams[SIM_STREAMS];
    sim_streams_open(streams, options->seed ^ UINT64_C(0x65706f636873));
    struct epochs_draw epochs = {.plan = plan, .stream = streams[SIM_FAULT]};
    bool forks = (uint32_t)__builtin_popcount(options->liars) > rota_fault_bound(options->members, options->profile);
    if (plan->real || forks || options->members > MEMBERS_MAX || draw(&epochs, EPOCHS_ONE_IN) != 0)
        return;
    options->joiners = (uint32_t)draw(&epochs, JOINERS_MAX + 1);
    epochs.facilities = (uint32_t)((UINT64_C(1) << (options->members + options->joiners)) - 1);
    epochs.members = (uint32_t)((UINT64_C(1) << options->members) - 1);
    changes_draw(&epochs);
    joiners_trouble_draw(&epochs);
    others_know(&epochs);
}
