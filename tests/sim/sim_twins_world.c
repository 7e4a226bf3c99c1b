/* Five real cores of four members, and one round of theirs. Nothing is signed here: nobody forges, and both twins may say
 * whatever their key could have signed. */
#include "tests/sim/sim_twins.h"

#include <stdlib.h>

enum { QUEUE_MAX = 1 << 14, EVENTS_MAX = 256, BUILDS_A_ROUND = 2, STATUS_MS = 1000, NEVER_MS = 1000000000 };

struct letter {
    uint32_t from, to; /* instances */
    uint32_t message;
};

/* What a message borrows, and itself. */
struct paper {
    struct rota_message message;
    struct rota_view_change *changes; /* owned */
};

struct twins_world {
    struct rota_membership membership;
    struct twins_state state;
    uint8_t *cores; /* TWINS_INSTANCES in a row */
    size_t core_bytes;
    const struct twins_choice *choice;
    const char *violation;
    bool building;
    uint32_t letter_first, letter_count, paper_count;
    struct letter letters[QUEUE_MAX];
    struct paper papers[QUEUE_MAX];
    struct rota_actions actions;
    struct twins_counts counts;
};

static struct rota_core *core_of(const struct twins_world *world, uint32_t instance)
{
    return (struct rota_core *)(void *)(world->cores + instance * world->core_bytes);
}

const struct rota_core *twins_core(const struct twins_world *world, uint32_t instance)
{
    return core_of(world, instance);
}

const struct twins_state *twins_state(const struct twins_world *world)
{
    return &world->state;
}

struct twins_counts *twins_counts(struct twins_world *world)
{
    return &world->counts;
}

/* ---- paper ---------------------------------------------------------------------------------------------------------- */

static uint32_t paper_copy(struct twins_world *world, const struct rota_message *message)
{
    ROTA_ASSERT(world->paper_count < QUEUE_MAX);
    struct paper *paper = &world->papers[world->paper_count];
    paper->message = *message;
    paper->changes = NULL;
    size_t count = message->kind == ROTA_MESSAGE_VIEW_CHANGE ? 1
                   : message->kind == ROTA_MESSAGE_NEW_VIEW  ? message->new_view.change_count
                                                             : 0;
    if (count > 0) {
        paper->changes = malloc(count * sizeof *paper->changes);
        ROTA_ASSERT(paper->changes);
        const struct rota_view_change *from =
            message->kind == ROTA_MESSAGE_VIEW_CHANGE ? message->view_change : message->new_view.changes;
        memcpy(paper->changes, from, count * sizeof *paper->changes);
        if (message->kind == ROTA_MESSAGE_VIEW_CHANGE)
            paper->message.view_change = paper->changes;
        else
            paper->message.new_view.changes = paper->changes;
    }
    return world->paper_count++;
}

static void papers_burn(struct twins_world *world)
{
    for (uint32_t i = 0; i < world->paper_count; i++)
        free(world->papers[i].changes);
    world->letter_first = world->letter_count = world->paper_count = 0;
}

static void letter_put(struct twins_world *world, uint32_t from, uint32_t to, uint32_t message)
{
    ROTA_ASSERT(world->letter_count < QUEUE_MAX);
    world->letters[world->letter_count++] = (struct letter){from, to, message};
}

/* ---- blocks --------------------------------------------------------------------------------------------------------- */

static uint32_t block_number(const struct twins_state *state, const struct rota_hash *hash)
{
    for (uint32_t i = 0; i < state->block_count; i++)
        if (rota_hash_equal(&state->blocks[i].hash, hash))
            return i;
    return TWINS_BLOCKS_MAX;
}

static bool holds(const struct twins_world *world, uint32_t instance, const struct rota_hash *hash)
{
    uint32_t number = block_number(&world->state, hash);
    return number < TWINS_BLOCKS_MAX && (world->state.instances[instance].held >> number & 1);
}

static struct rota_event block_build(struct twins_world *world, uint32_t instance, const struct rota_action *action)
{
    struct twins_state *state = &world->state;
    struct twins_instance *self = &state->instances[instance];
    struct rota_event event = {.kind = ROTA_EVENT_BUILT};
    event.built.empty = !world->building || self->built == BUILDS_A_ROUND || state->block_count == TWINS_BLOCKS_MAX;
    if (event.built.empty)
        return event;
    self->built++;
    struct twins_block *block = &state->blocks[state->block_count];
    *block = (struct twins_block){.header = {.ledger_id = world->membership.ledger_id,
                                             .config_hash = world->membership.config_hash,
                                             .height = action->build.height,
                                             .time_ms = action->build.after_ms + 1,
                                             .prev_hash = action->build.parent,
                                             .tree_size = state->block_count, /* no two blocks are the same */
                                             .proposer = self->member,
                                             .entry_count = 1}};
    block->hash = rota_header_hash(&block->header);
    self->held |= UINT64_C(1) << state->block_count++;
    event.built.header = block->header;
    event.built.block = block->hash;
    return event;
}

static void block_commit(struct twins_world *world, uint32_t instance, const struct rota_action *action)
{
    struct twins_state *state = &world->state;
    struct twins_instance *self = &state->instances[instance];
    uint64_t height = action->commit.height;
    ROTA_ASSERT(height > self->height && height < TWINS_HEIGHTS_MAX);
    struct rota_hash at = action->commit.certificate->vote.block;
    for (uint64_t h = height; h > self->height; h--) {
        uint32_t number = block_number(state, &at);
        ROTA_ASSERT(number < TWINS_BLOCKS_MAX);
        self->chain[h] = number;
        self->certified[h] = h == height;
        at = state->blocks[number].header.prev_hash;
    }
    self->certificates[height] = *action->commit.certificate;
    self->height = height;
    world->counts.commits++;
    for (uint32_t other = 0; other < TWINS_INSTANCES; other++) {
        const struct twins_instance *peer = &state->instances[other];
        for (uint64_t h = 1; h <= height && h <= peer->height; h++)
            if (peer->chain[h] != self->chain[h])
                world->violation = "agreement two blocks were committed at one height";
    }
}

/* ---- carrying out --------------------------------------------------------------------------------------------------- */

static void say(struct twins_world *world, uint32_t instance, const struct rota_message *message, uint32_t to)
{
    uint32_t member = world->state.instances[instance].member, paper = paper_copy(world, message);
    for (uint32_t other = 0; other < TWINS_INSTANCES; other++) {
        uint32_t peer = world->state.instances[other].member;
        if (peer != member && (to == ROTA_TO_ALL || to == peer))
            letter_put(world, instance, other, paper);
    }
}

static void answer(struct twins_world *world, uint32_t instance, uint32_t to, uint32_t number,
                   const struct rota_certificate *certificate)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_BLOCK, .sender = world->state.instances[instance].member};
    message.block.header = world->state.blocks[number].header;
    message.block.block = world->state.blocks[number].hash;
    message.block.has_certificate = certificate != NULL;
    if (certificate)
        message.block.certificate = *certificate;
    letter_put(world, instance, to, paper_copy(world, &message));
}

/* Whoever is asked answers at once; whether the question and the answer arrive is a matter of the sides. */
static void fetch(struct twins_world *world, uint32_t instance, const struct rota_action *action)
{
    for (uint32_t other = 0; other < TWINS_INSTANCES; other++) {
        const struct twins_instance *peer = &world->state.instances[other];
        if (peer->member != action->fetch.peer ||
            (world->choice->side >> other & 1) != (world->choice->side >> instance & 1))
            continue;
        uint32_t number = block_number(&world->state, &action->fetch.block);
        if (!rota_hash_is_zero(&action->fetch.block)) {
            if (number < TWINS_BLOCKS_MAX && (peer->held >> number & 1))
                answer(world, other, instance, number, NULL);
            continue;
        }
        for (uint64_t h = action->fetch.from; h > 0 && h <= peer->height; h++)
            answer(world, other, instance, peer->chain[h], peer->certified[h] ? &peer->certificates[h] : NULL);
    }
}

struct step {
    uint32_t first, count;
    struct rota_event events[EVENTS_MAX];
};

static void step_push(struct step *step, const struct rota_event *event)
{
    ROTA_ASSERT(step->count < EVENTS_MAX);
    step->events[step->count++] = *event;
}

static void act(struct twins_world *world, uint32_t instance, const struct rota_action *action, struct step *step)
{
    struct rota_event event;
    if (action->kind == ROTA_ACTION_SAY) {
        const struct rota_message *message = &action->say.message;
        say(world, instance, message, action->say.to);
        if (rota_message_is_signed(message->kind) && !action->say.is_signed && action->say.to == ROTA_TO_ALL)
            step_push(step, &(struct rota_event){.kind = ROTA_EVENT_MESSAGE,
                                                 .message = &world->papers[world->paper_count - 1].message});
    } else if (action->kind == ROTA_ACTION_CHECK) {
        event = (struct rota_event){.kind = ROTA_EVENT_CHECKED};
        event.checked.block = action->check.block;
        event.checked.height = action->check.height;
        event.checked.verdict = holds(world, instance, &action->check.block) ? ROTA_CHECK_VALID : ROTA_CHECK_MISSING;
        step_push(step, &event);
    } else if (action->kind == ROTA_ACTION_BUILD) {
        event = block_build(world, instance, action);
        step_push(step, &event);
    } else if (action->kind == ROTA_ACTION_COMMIT) {
        block_commit(world, instance, action);
    } else if (action->kind == ROTA_ACTION_FETCH) {
        fetch(world, instance, action);
    } else if (action->kind == ROTA_ACTION_ACCUSE) {
        world->counts.accusations++;
        if (action->accuse.member != 0)
            world->violation = "evidence a member without a twin is accused";
    } else if (action->kind == ROTA_ACTION_HALT) {
        world->violation = "halt a member saw more liars than there are";
    }
}

static void instance_step(struct twins_world *world, uint32_t instance, const struct rota_event *first)
{
    struct step step = {.count = 0};
    step_push(&step, first);
    while (step.first < step.count) {
        struct rota_event event = step.events[step.first++];
        event.at_ms = world->state.now_ms;
        rota_core_step(core_of(world, instance), &event, &world->actions);
        for (uint32_t i = 0; i < world->actions.count; i++)
            act(world, instance, &world->actions.items[i], &step);
    }
}

/* ---- a round -------------------------------------------------------------------------------------------------------- */

static bool letter_arrives(const struct twins_world *world, const struct letter *letter)
{
    const struct twins_choice *choice = world->choice;
    const struct rota_message *message = &world->papers[letter->message].message;
    const struct twins_instance *to = &world->state.instances[letter->to];
    if ((choice->side >> letter->from & 1) != (choice->side >> letter->to & 1))
        return false;
    bool greets = message->kind == ROTA_MESSAGE_HELLO || message->kind == ROTA_MESSAGE_HELLO_REPLY;
    if (greets || message->sender == to->member)
        return false; /* twins that hear of each other stop (H8); these here are to lie as long as they can */
    if (message->kind == ROTA_MESSAGE_COMMIT && choice->reach == TWINS_ONE_COMMITS)
        return to->member == rota_primary(&world->membership, world->state.view);
    if (message->kind == ROTA_MESSAGE_COMMIT)
        return choice->reach == TWINS_ALL;
    return message->kind != ROTA_MESSAGE_PREPARE || choice->reach != TWINS_FIRST_PREPARES ||
           message->vote.height <= to->height + 1;
}

static void letter_note(struct twins_world *world, const struct letter *letter)
{
    const struct rota_message *message = &world->papers[letter->message].message;
    struct twins_instance *to = &world->state.instances[letter->to];
    struct rota_vote vote;
    const struct rota_hash *body = message->kind == ROTA_MESSAGE_PREPREPARE ? &message->preprepare.block
                                   : message->kind == ROTA_MESSAGE_BLOCK    ? &message->block.block
                                                                            : NULL;
    if (body)
        to->held |= UINT64_C(1) << block_number(&world->state, body);
    if (message->kind == ROTA_MESSAGE_VIEW_CHANGE && message->view_change->new_view == world->state.view)
        to->changes |= UINT32_C(1) << message->sender;
    if (!rota_message_vote(&vote, message) || vote.view != world->state.view || to->heard_count == TWINS_HEARD_MAX)
        return;
    for (uint32_t i = 0; i < to->heard_count; i++)
        if (to->heard[i].kind == vote.kind && to->heard[i].member == message->sender &&
            rota_hash_equal(&to->heard[i].block, &vote.block))
            return;
    to->heard[to->heard_count++] = (struct twins_heard){vote.kind, message->sender, vote.block};
}

/* The primaries of the views before the wanted one hand over; what their successors say before it comes to nothing. */
static void views_pass(struct twins_world *world, uint32_t count)
{
    for (; count > 0; count--) {
        struct rota_message message = {.kind = ROTA_MESSAGE_SUSPECT,
                                       .sender = rota_primary(&world->membership, world->state.view)};
        message.suspect = (struct rota_suspect){world->state.view, ROTA_SUSPECT_RESIGN};
        papers_burn(world);
        uint32_t paper = paper_copy(world, &message);
        world->state.view++;
        for (uint32_t i = 0; i < TWINS_INSTANCES; i++) {
            instance_step(world, i,
                          &(struct rota_event){.kind = ROTA_EVENT_MESSAGE, .message = &world->papers[paper].message});
            world->state.instances[i].heard_count = world->state.instances[i].changes = 0;
        }
    }
}

const char *twins_round(struct twins_world *world, const struct twins_choice *choice)
{
    world->choice = choice;
    world->violation = NULL;
    world->building = false;
    views_pass(world, choice->advance);
    world->building = true;
    world->state.now_ms += STATUS_MS + 1;
    for (uint32_t i = 0; i < TWINS_INSTANCES; i++) {
        struct rota_event demand = {.kind = ROTA_EVENT_DEMAND};
        demand.demand.waiting = 1;
        demand.demand.full = true;
        demand.demand.since_ms = world->state.now_ms;
        world->state.instances[i].built = 0;
        instance_step(world, i, &demand); /* time has passed: STATUS is said as well */
    }
    while (world->letter_first < world->letter_count && !world->violation) {
        struct letter letter = world->letters[world->letter_first++];
        if (!letter_arrives(world, &letter))
            continue;
        world->counts.messages++;
        letter_note(world, &letter);
        instance_step(world, letter.to,
                      &(struct rota_event){.kind = ROTA_EVENT_MESSAGE, .message = &world->papers[letter.message].message});
    }
    papers_burn(world);
    world->counts.rounds++;
    for (uint32_t i = 0; i < TWINS_INSTANCES && !world->violation; i++)
        if (rota_core_durable(core_of(world, i))->view != world->state.view)
            world->violation = "twins an instance left the round's view";
    return world->violation;
}

/* ---- beginning, saving, going back ---------------------------------------------------------------------------------- */

static bool verify_nothing(const struct rota_ed25519_public *key, struct rota_view message,
                           const struct rota_signature *signature)
{
    (void)key, (void)message, (void)signature;
    return true;
}

/* Everybody has answered this one's HELLO, before the first round (PROTOCOL H4). */
static void instance_greet(struct twins_world *world, uint32_t instance)
{
    uint32_t member = world->state.instances[instance].member;
    for (uint32_t i = 0; i < TWINS_MEMBERS; i++) {
        struct rota_message reply = {.kind = ROTA_MESSAGE_HELLO_REPLY, .sender = i};
        reply.hello_reply = (struct rota_hello_reply){.asker = member, .standing = ROTA_STANDING_NEW};
        if (i != member)
            instance_step(world, instance, &(struct rota_event){.kind = ROTA_EVENT_MESSAGE, .message = &reply});
    }
}

struct twins_world *twins_new(void)
{
    struct twins_world *world = calloc(1, sizeof *world);
    ROTA_ASSERT(world);
    world->membership.profile = ROTA_PROFILE_BYZANTINE;
    world->membership.count = TWINS_MEMBERS;
    world->membership.verify = verify_nothing;
    world->core_bytes = (rota_core_bytes() + 63) / 64 * 64;
    world->cores = aligned_alloc(64, TWINS_INSTANCES * world->core_bytes);
    ROTA_ASSERT(world->cores);
    static const struct twins_choice together = {0, 0, TWINS_ALL};
    world->choice = &together;
    world->state.now_ms = 1;
    for (uint32_t i = 0; i < TWINS_INSTANCES; i++) {
        world->state.instances[i].member = i == 0 ? 0 : i - 1;
        struct rota_core_setup setup = {.membership = &world->membership,
                                        .timers = {NEVER_MS, NEVER_MS, NEVER_MS, NEVER_MS, NEVER_MS, STATUS_MS, 500},
                                        .limits = {8, 262144, ROTA_WINDOW},
                                        .self = world->state.instances[i].member};
        rota_core_init(core_of(world, i), &setup);
        instance_step(world, i, &(struct rota_event){.kind = ROTA_EVENT_START});
        instance_greet(world, i);
    }
    papers_burn(world);
    return world;
}

void twins_free(struct twins_world *world)
{
    papers_burn(world);
    free(world->cores);
    free(world);
}

size_t twins_bytes(void)
{
    return sizeof(struct twins_state) + TWINS_INSTANCES * ((rota_core_bytes() + 63) / 64 * 64);
}

void twins_save(const struct twins_world *world, uint8_t *to)
{
    memcpy(to, &world->state, sizeof world->state);
    memcpy(to + sizeof world->state, world->cores, TWINS_INSTANCES * world->core_bytes);
}

void twins_restore(struct twins_world *world, const uint8_t *from)
{
    memcpy(&world->state, from, sizeof world->state);
    memcpy(world->cores, from + sizeof world->state, TWINS_INSTANCES * world->core_bytes);
}
