/* Plans from seeds. Each class of faults is in a plan or not, by a coin, with a strength of its own: a run with few kinds of
 * trouble gets deep into them, which a run with all of them at once never does. */
#include "tests/sim/sim_plan.h"

enum swarm_class {
    CLASS_SPREAD,
    CLASS_TAIL,
    CLASS_LOSS,
    CLASS_DUPLICATE,
    CLASS_REORDER,
    CLASS_CORRUPT,
    CLASS_CAPACITY,
    CLASS_SPLIT,
    CLASS_ONE_WAY,
    CLASS_SHAPES, /* rings and bridges */
    CLASS_FLAP,
    CLASS_CLOG,
    CLASS_CRASH,
    CLASS_CRASH_SAVE,
    CLASS_MANY_DOWN,
    CLASS_POWER,
    CLASS_PAUSE,
    CLASS_CLOCK,
    CLASS_DRIFT,
    CLASS_SLOW_DISK,
    CLASS_FORGET,
    CLASS_BAD_DISK, /* in plans with real parts */
    CLASSES,
};

struct swarm {
    struct sim_plan *plan;
    uint64_t stream; /* its own: the run's streams start afresh */
    uint32_t classes;
    uint32_t bad_clocks; /* whose clocks may be far off: no more than may fail, or nobody can say what time it is */
};

static uint64_t draw(struct swarm *swarm, uint64_t below)
{
    return sim_stream_draw(&swarm->stream, below);
}

static uint32_t between(struct swarm *swarm, uint32_t low, uint32_t high)
{
    return low + (uint32_t)draw(swarm, high - low + 1);
}

/* Every power of two between the two is equally likely: most draws are small, some are large. */
static uint32_t strength(struct swarm *swarm, uint32_t low, uint32_t high)
{
    uint32_t doublings = 0;
    while (low << (doublings + 1) <= high)
        doublings++;
    uint32_t base = low << draw(swarm, doublings + 1);
    uint32_t top = 2 * base - 1 < high ? 2 * base - 1 : high;
    return between(swarm, base, top);
}

static bool has(const struct swarm *swarm, enum swarm_class kind)
{
    return swarm->classes >> kind & 1;
}

static uint32_t everybody(const struct swarm *swarm)
{
    return (uint32_t)((UINT64_C(1) << swarm->plan->options.members) - 1);
}

static uint32_t somebody(struct swarm *swarm)
{
    return UINT32_C(1) << draw(swarm, swarm->plan->options.members);
}

static uint32_t some(struct swarm *swarm)
{
    return (uint32_t)draw(swarm, UINT64_C(1) << swarm->plan->options.members);
}

/* ---- the network and its weather ------------------------------------------------------------------------------------ */

static void draw_network(struct swarm *swarm, uint32_t members)
{
    static const struct {
        uint32_t members, weight;
    } sizes[] = {{1, 30}, {2, 40}, {3, 90}, {4, 450}, {5, 130}, {6, 90}, {7, 120}, {10, 48}, {31, 2}};
    uint32_t at = 0;
    for (uint64_t left = draw(swarm, 1000); left >= sizes[at].weight; at++)
        left -= sizes[at].weight;
    swarm->plan->options.members = members ? members : sizes[at].members;
    uint32_t n = swarm->plan->options.members;
    if (draw(swarm, n <= 3 ? 2 : 8) == 0)
        swarm->plan->options.profile = ROTA_PROFILE_CRASH;
    swarm->plan->real = draw(swarm, 4) == 0 && n <= 5;
    swarm->plan->chaos_ms = n > 10 ? 2000 : strength(swarm, 2000, 8000);
}

static void draw_classes(struct swarm *swarm)
{
    uint64_t kind = draw(swarm, 20);
    uint32_t coins = (uint32_t)draw(swarm, UINT64_C(1) << CLASSES);
    swarm->classes = kind == 0 ? 0 : kind == 1 ? UINT32_MAX : coins;
}

static void draw_weather(struct swarm *swarm)
{
    struct sim_options *options = &swarm->plan->options;
    options->delay_min_ms = has(swarm, CLASS_SPREAD) ? between(swarm, 0, 30) : 1;
    options->delay_max_ms = options->delay_min_ms + (has(swarm, CLASS_SPREAD) ? strength(swarm, 1, 200) : 2);
    if (has(swarm, CLASS_TAIL))
        options->tail_percent = between(swarm, 1, 4);
    if (has(swarm, CLASS_LOSS))
        options->loss_percent = strength(swarm, 1, 30);
    if (has(swarm, CLASS_DUPLICATE))
        options->duplicate_percent = strength(swarm, 1, 50);
    if (has(swarm, CLASS_REORDER))
        options->reorder_percent = strength(swarm, 1, 20);
    if (has(swarm, CLASS_CORRUPT))
        options->corrupt_percent = strength(swarm, 1, 10);
    if (has(swarm, CLASS_CAPACITY))
        options->link_capacity = strength(swarm, 2, 64);
}

/* The quorum that is mended first: at least as many as must be enough. */
static void draw_core(struct swarm *swarm)
{
    struct sim_plan *plan = swarm->plan;
    uint32_t n = plan->options.members;
    uint32_t quorum = rota_quorum(n, plan->options.profile);
    uint32_t left_out = (uint32_t)draw(swarm, n - quorum + 1);
    plan->core = everybody(swarm);
    if (plan->options.liars || has(swarm, CLASS_FORGET))
        left_out = 0; /* who is correct and remembers has to be enough already */
    while (left_out > 0) {
        uint32_t member = somebody(swarm);
        if (plan->core & member)
            plan->core &= ~member, left_out--;
    }
}

static void draw_bad_clocks(struct swarm *swarm)
{
    uint32_t f = rota_fault_bound(swarm->plan->options.members, swarm->plan->options.profile);
    swarm->bad_clocks = somebody(swarm);
    for (uint32_t i = 1; i < f; i++)
        swarm->bad_clocks |= somebody(swarm);
}

/* ---- what goes wrong ------------------------------------------------------------------------------------------------ */

void sim_plan_add(struct sim_plan *plan, const struct sim_fault_event *event)
{
    if (plan->count == SIM_PLAN_EVENTS_MAX)
        return;
    uint32_t at = plan->count++;
    for (; at > 0 && plan->events[at - 1].at_ms > event->at_ms; at--)
        plan->events[at] = plan->events[at - 1];
    plan->events[at] = *event;
}

static void add(struct swarm *swarm, struct sim_fault_event event)
{
    sim_plan_add(swarm->plan, &event);
}

static uint64_t some_time(struct swarm *swarm)
{
    return draw(swarm, swarm->plan->chaos_ms);
}

/* One in forty: a network slower than every timer (PROTOCOL T1). Nothing else is wrong with it but that somebody is cut off
 * while view after view fails, and meets the others many views later (V2). */
static bool draw_slow(struct swarm *swarm)
{
    struct sim_plan *plan = swarm->plan;
    struct sim_options *options = &plan->options;
    if (draw(swarm, 20) != 0 || plan->real || options->liars || options->members == 1 || options->members > 7)
        return false;
    options->slow_ms = options->delay_min_ms = between(swarm, 1200, 2000);
    options->delay_max_ms = options->slow_ms + 20;
    plan->chaos_ms = between(swarm, 8000, 30000);
    add(swarm,
        (struct sim_fault_event){.at_ms = 0, .fault = SIM_FAULT_SPLIT, .who = somebody(swarm), .for_ms = plan->chaos_ms});
    swarm->classes = 0;
    return true;
}

static void draw_requests(struct swarm *swarm)
{
    uint32_t bursts = swarm->plan->options.members > 10 ? 5 : strength(swarm, 6, 40), up_to = strength(swarm, 2, 16);
    for (uint32_t i = 0; i < bursts; i++) {
        uint32_t who = draw(swarm, 4) == 0 ? some(swarm) | somebody(swarm) : everybody(swarm);
        add(swarm, (struct sim_fault_event){some_time(swarm), SIM_FAULT_SUBMIT, who, 0, 0, between(swarm, 1, up_to), 0});
    }
}

static void draw_flapping(struct swarm *swarm, enum swarm_class kind)
{
    (void)kind;
    uint32_t side = some(swarm), period_ms = strength(swarm, 50, 1000);
    uint64_t at_ms = some_time(swarm);
    for (uint32_t i = 0; i < 8; i++)
        add(swarm, (struct sim_fault_event){at_ms + i * UINT64_C(2) * period_ms, SIM_FAULT_SPLIT, side, 0, period_ms, 0, 0});
}

static void draw_cuts(struct swarm *swarm, enum swarm_class kind)
{
    struct sim_fault_event event = {.at_ms = some_time(swarm), .for_ms = strength(swarm, 100, 6000)};
    if (kind == CLASS_SPLIT) {
        event.fault = SIM_FAULT_SPLIT;
        event.who = draw(swarm, 2) ? somebody(swarm) : some(swarm);
    } else if (kind == CLASS_ONE_WAY) {
        event.fault = SIM_FAULT_ONE_WAY;
        event.who = somebody(swarm);
        event.whom = draw(swarm, 2) ? somebody(swarm) : everybody(swarm) & ~event.who;
    } else if (kind == CLASS_CLOG) {
        event.fault = SIM_FAULT_CLOG;
        event.who = somebody(swarm);
        event.whom = some(swarm);
    } else {
        event.fault = draw(swarm, 2) ? SIM_FAULT_RING : SIM_FAULT_BRIDGE;
        event.who = some(swarm);
        event.whom = somebody(swarm);
    }
    add(swarm, event);
}

static void draw_crash(struct swarm *swarm, enum swarm_class kind)
{
    struct sim_fault_event event = {
        .at_ms = some_time(swarm), .fault = SIM_FAULT_CRASH, .who = somebody(swarm), .for_ms = strength(swarm, 1, 4000)};
    if (kind == CLASS_CRASH_SAVE) {
        event.fault = SIM_FAULT_CRASH_SAVE;
        event.value = strength(swarm, 1, 40);
        event.point = (uint32_t)draw(swarm, 3);
    } else if (kind == CLASS_MANY_DOWN) {
        event.who = some(swarm);
    } else if (kind == CLASS_POWER) {
        event.who = everybody(swarm);
    }
    add(swarm, event);
}

static void draw_time(struct swarm *swarm, enum swarm_class kind)
{
    struct sim_fault_event event = {.at_ms = some_time(swarm), .who = somebody(swarm)};
    int64_t sign = draw(swarm, 2) ? 1 : -1;
    if (kind == CLASS_PAUSE) {
        event.fault = SIM_FAULT_PAUSE;
        event.for_ms = strength(swarm, 50, 6000);
    } else if (kind == CLASS_CLOCK) {
        event.fault = SIM_FAULT_CLOCK;
        event.who = swarm->bad_clocks;
        event.value = sign * strength(swarm, 50, 3600000);
        if (event.value < -900000)
            event.value = -900000;
    } else if (kind == CLASS_DRIFT) {
        event.fault = SIM_FAULT_DRIFT;
        event.value = sign * strength(swarm, 100, 100000);
    } else {
        event.fault = SIM_FAULT_SLOW_DISK;
        event.value = strength(swarm, 5, 1000);
        event.for_ms = strength(swarm, 200, 6000);
    }
    add(swarm, event);
}

static void draw_forget(struct swarm *swarm, enum swarm_class kind)
{
    (void)kind;
    struct sim_fault_event event = {
        .at_ms = some_time(swarm), .fault = SIM_FAULT_BACKUP, .who = somebody(swarm), .for_ms = strength(swarm, 1, 3000)};
    add(swarm, event);
    event.at_ms += strength(swarm, 50, 3000);
    event.fault = SIM_FAULT_FORGET;
    event.point = (uint32_t)draw(swarm, 3);
    add(swarm, event);
}

static void draw_bad_disk(struct swarm *swarm, enum swarm_class kind)
{
    (void)kind;
    if (!swarm->plan->real)
        return;
    add(swarm, (struct sim_fault_event){.at_ms = some_time(swarm),
                                        .fault = SIM_FAULT_BAD_DISK,
                                        .who = somebody(swarm),
                                        .for_ms = strength(swarm, 1, 3000),
                                        .value = strength(swarm, 1, 100),
                                        .point = (uint32_t)draw(swarm, 4)});
}

/* What draws one event of a class; the classes of the weather have none. */
static void (*const makers[CLASSES])(struct swarm *swarm, enum swarm_class kind) = {
    [CLASS_SPLIT] = draw_cuts,       [CLASS_ONE_WAY] = draw_cuts,    [CLASS_SHAPES] = draw_cuts,
    [CLASS_FLAP] = draw_flapping,    [CLASS_CLOG] = draw_cuts,       [CLASS_CRASH] = draw_crash,
    [CLASS_CRASH_SAVE] = draw_crash, [CLASS_MANY_DOWN] = draw_crash, [CLASS_POWER] = draw_crash,
    [CLASS_PAUSE] = draw_time,       [CLASS_CLOCK] = draw_time,      [CLASS_DRIFT] = draw_time,
    [CLASS_SLOW_DISK] = draw_time,   [CLASS_FORGET] = draw_forget,   [CLASS_BAD_DISK] = draw_bad_disk,
};

/* Turns that end while everything else goes on. */
static void draw_turns(struct swarm *swarm)
{
    struct sim_options *options = &swarm->plan->options;
    if (draw(swarm, 10) != 0 || options->slow_ms != 0)
        return;
    if (draw(swarm, 2))
        options->rotate_blocks = strength(swarm, 2, 64);
    else
        options->rotate_ms = strength(swarm, 200, 2000);
}

void sim_plan_draw(struct sim_plan *plan, uint64_t seed, uint32_t members)
{
    memset(plan, 0, sizeof *plan);
    plan->options.seed = seed;
    plan->options.profile = ROTA_PROFILE_BYZANTINE;
    uint64_t streams[SIM_STREAMS];
    sim_streams_open(streams, ~seed);
    struct swarm swarm = {.plan = plan, .stream = streams[SIM_FAULT]};
    draw_network(&swarm, members);
    sim_liars_draw(&plan->options);
    if (plan->real &&
        (uint32_t)__builtin_popcount(plan->options.liars) > rota_fault_bound(plan->options.members, plan->options.profile))
        plan->options.liars = 0; /* forks are for toys */
    draw_classes(&swarm);
    if (!draw_slow(&swarm))
        draw_weather(&swarm);
    draw_core(&swarm);
    draw_requests(&swarm);
    draw_bad_clocks(&swarm);
    for (uint32_t kind = 0; kind < CLASSES; kind++) {
        if (!makers[kind] || !has(&swarm, (enum swarm_class)kind))
            continue;
        uint32_t times = strength(&swarm, 1, kind == CLASS_POWER || kind == CLASS_FLAP ? 2 : 8);
        for (uint32_t i = 0; i < times; i++)
            makers[kind](&swarm, (enum swarm_class)kind);
    }
    if (draw(&swarm, 8) == 0 && plan->options.slow_ms == 0) /* not faster than a message: somebody would always lag */
        plan->options.tick_ms = SIM_TICK_MS;
    draw_turns(&swarm);
    sim_epochs_draw(plan);
}
