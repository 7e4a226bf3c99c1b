/* The loop: one thread, one turn after the other. A turn takes what is ready, steps the core through all of it, makes
 * everything durable once, and only then says anything to anybody. */
#include "node/inside.h"

#include "crypto/broken.h"

enum { LOOP_IDLE_MS = 500 };

/* Our own statements, and answers to what the core asked for, go through the same door as everyone's messages. */
static void loop_event(struct rota_node *node, const struct rota_feedback *feedback)
{
    struct rota_event event = feedback->event;
    event.kind = feedback->kind;
    if (event.kind == ROTA_EVENT_MESSAGE)
        event.message = &node->turn.outbox.items[feedback->outgoing].message;
    rota_loop_step(node, &event);
}

/* ~ Next hop: consensus/core.c rota_core_step; then node/act.c rota_act for each thing it asks for. */
void rota_loop_step(struct rota_node *node, const struct rota_event *event)
{
    struct rota_event timed = *event;
    timed.at_ms = node->turn.now_ms;
    timed.wall_ms = node->turn.wall_ms;
    if (!node->is_member) {
        rota_follow_step(node, &timed);
        return;
    }
    rota_core_step(node->core, &timed, node->actions);
    for (uint32_t i = 0; i < node->actions->count && rota_is_ok(node->failed); i++)
        rota_act(node, &node->actions->items[i]);
}

void rota_loop_follow(struct rota_node *node)
{
    struct rota_turn *turn = &node->turn;
    while (turn->event_first < turn->event_count && rota_is_ok(node->failed)) {
        struct rota_feedback feedback = turn->events[turn->event_first++];
        loop_event(node, &feedback);
        if (turn->event_first == turn->event_count)
            turn->event_first = turn->event_count = 0;
    }
}

/* ~ The door's other side of the thread boundary. Next hop: node/tickets.c rota_node_ticket, or node/hear.c
 * rota_node_frame. True: there may be more. */
static bool loop_take(struct rota_node *node)
{
    uint32_t tickets = 0, frames = 0;
    struct rota_ticket *ticket;
    while (tickets < LOOP_TICKETS_MAX && (ticket = rota_door_take(&node->door)) != NULL) {
        rota_node_ticket(node, ticket);
        tickets++;
    }
    struct rota_frame frame;
    while (frames < LOOP_FRAMES_MAX && rota_is_ok(node->failed) && rota_peers_take(node->peers, &frame)) {
        rota_node_frame(node, &frame);
        rota_loop_follow(node);
        rota_frame_release(&frame);
        frames++;
    }
    if (tickets > 0 || frames > 0)
        node->busy_ms = node->turn.now_ms;
    return tickets == LOOP_TICKETS_MAX || frames == LOOP_FRAMES_MAX;
}

static void loop_time(struct rota_node *node)
{
    if (node->turn.now_ms >= node->sweep_ms || node->review)
        rota_node_sweep(node);
    rota_node_links(node);
    rota_node_demand(node);
    rota_node_tell_manifest(node);
    if (node->turn.now_ms >= node->wake_ms)
        rota_loop_step(node, &(struct rota_event){.kind = ROTA_EVENT_WOKEN});
    do {
        rota_loop_follow(node);
        rota_node_demand(node);
    } while (node->turn.event_first < node->turn.event_count && rota_is_ok(node->failed));
}

/* What other threads may know without asking. */
static void loop_publish(struct rota_node *node)
{
    if (node->is_member)
        rota_core_inspect(&node->view, node->core);
    else
        rota_follow_inspect(&node->view, node);
    uint32_t heard = node->view.heard | (node->is_member ? UINT32_C(1) << node->self : 0);
    bool quorum = node->is_member && (uint32_t)__builtin_popcount(heard) >= node->quorum && !node->view.halted;
    if (!quorum)
        node->quorum_since_ms = 0;
    else if (node->quorum_since_ms == 0)
        node->quorum_since_ms = node->turn.now_ms;
    atomic_store_explicit(&node->has_quorum, quorum, memory_order_relaxed);
    atomic_store_explicit(&node->pending, node->pool.count, memory_order_relaxed);
}

/* A quiet moment: the write-ahead logs go into their files now, and not in the middle of a commit. */
static bool loop_rest(struct rota_node *node)
{
    if (!node->dirty || node->turn.now_ms - node->busy_ms < LOOP_IDLE_MS)
        return true;
    node->dirty = false;
    return rota_node_fold_logs(node);
}

static void turn_begin(struct rota_node *node)
{
    node->turn.now_ms = rota_clock_monotonic_ms();
    node->turn.wall_ms = rota_clock_wall_ms();
    node->turn.save = node->turn.save_evidence = false;
    node->turn.final_before = node->chain.height;
    node->turn.asked_count = node->turn.visit_count = 0;
}

/* Everything is durable: say it. */
static void turn_release(struct rota_node *node)
{
    rota_outbox_release(&node->turn.outbox, node->peers);
    rota_door_expire(&node->door, node->turn.now_ms);
    loop_publish(node);
    rota_node_visits(node);
    rota_door_answer(&node->door);
    for (uint32_t i = 0; i < node->turn.asked_count; i++)
        rota_node_answer_fetch(node, &node->turn.asked[i]);
    rota_report_turn(node);
}

/* What the turn said is on its way; now the next epoch begins, in a turn of its own. */
static bool loop_next_epoch(struct rota_node *node)
{
    turn_begin(node);
    node->failed = rota_node_next_epoch(node);
    if (!rota_is_ok(node->failed))
        return rota_node_give_up(node, "the node stops: the next epoch has begun, and it could not enter it",
                                 "mend what is named here, then start rotad again: it enters the epoch as it starts");
    rota_loop_follow(node);
    if (!rota_node_make_durable(node))
        return false;
    turn_release(node);
    return true;
}

/* One turn; false: the node must stop. *out_more: do not wait before the next one. */
static bool loop_turn(struct rota_node *node, bool *out_more)
{
    turn_begin(node);
    *out_more = loop_take(node);
    if (rota_is_ok(node->failed))
        loop_time(node);
    node->counts.turns++;
    if (ROTA_BROKEN(answered_before_durable, false, true))
        rota_door_answer(&node->door);
    if (!rota_node_make_durable(node))
        return false;
    turn_release(node);
    return loop_rest(node) && (!node->epoch_due || loop_next_epoch(node));
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t loop_deadline(const struct rota_node *node)
{
    uint64_t deadline = earlier(node->wake_ms, node->door.next_deadline_ms);
    deadline = earlier(deadline, node->pool.waiting > 0 ? node->sweep_ms : UINT64_MAX);
    return earlier(deadline, node->dirty ? node->busy_ms + LOOP_IDLE_MS : UINT64_MAX);
}

static bool loop_first(struct rota_node *node)
{
    turn_begin(node);
    node->failed = rota_node_start_core(node);
    rota_loop_follow(node);
    if (!rota_node_make_durable(node))
        return false;
    turn_release(node);
    return true;
}

struct rota_status rota_node_run(struct rota_node *node)
{
    bool more = false;
    bool alive = loop_first(node);
    while (alive && !atomic_load(&node->stopping)) {
        if (!more)
            rota_bell_wait(&node->bell, loop_deadline(node));
        alive = loop_turn(node, &more);
    }
    atomic_store(&node->has_quorum, false);
    rota_door_close(&node->door);
    return alive ? rota_ok() : node->failed;
}
