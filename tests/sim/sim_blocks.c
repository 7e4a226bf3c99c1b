/* Blocks in the simulator: built from request numbers, executed on a stack that can be taken back, made final by a commit.
 * The execution is a toy, the discipline around it is the node's: what is executed, undone, held and saved when. */
#include "tests/sim/sim_liar.h"

const struct sim_block *sim_block_find(const struct sim *sim, const struct rota_hash *hash)
{
    for (size_t i = sim->block_count; i-- > 0;)
        if (rota_hash_equal(&sim->blocks[i]->hash, hash))
            return sim->blocks[i];
    return NULL;
}

/* ---- words of members that lost their memory (PROTOCOL H5, H7) ------------------------------------------------------ */

struct rota_floors sim_floors_of(const struct sim_block *block, const struct rota_hash *config_hash)
{
    bool counts = block && rota_hash_equal(&block->header.config_hash, config_hash);
    return counts ? block->floors : (struct rota_floors){{0}, {0}};
}

static struct rota_floors parent_floors(const struct sim *sim, const struct sim_block *block)
{
    return sim_floors_of(sim_block_find(sim, &block->header.prev_hash), &block->header.config_hash);
}

static struct rota_floors floors_after(const struct sim *sim, const struct sim_block *block)
{
    struct rota_floors floors = parent_floors(sim, block);
    for (uint32_t i = 0; i < block->word_count; i++) {
        floors.floor[block->words[i].member] = block->words[i].floor;
        floors.run[block->words[i].member] = block->words[i].run;
    }
    return floors;
}

/* Signed, later than the last one of its member, and one of each. */
static bool words_hold(const struct sim *sim, const struct sim_block *block)
{
    struct rota_floors floors = parent_floors(sim, block);
    const struct sim_epoch *epoch = sim_epoch_of(sim, block);
    uint32_t members = 0;
    for (uint32_t i = 0; i < block->word_count; i++) {
        const struct rota_recovered *word = &block->words[i];
        if (!rota_is_ok(rota_recovered_verify(word, &epoch->membership)) || word->floor <= floors.floor[word->member] ||
            (members >> word->member & 1))
            return false;
        members |= UINT32_C(1) << word->member;
    }
    return true;
}

static void words_take(const struct sim *sim, struct sim_block *block, const struct rota_action *action)
{
    struct rota_floors floors = parent_floors(sim, block);
    for (uint32_t i = 0; i < action->build.recovered_count && block->word_count < SIM_BLOCK_WORDS_MAX; i++) {
        const struct rota_recovered *word = &action->build.recovered[i];
        if (word->floor > floors.floor[word->member])
            block->words[block->word_count++] = *word;
    }
}

struct rota_floors sim_block_floors(struct sim *sim, struct sim_replica *replica, const struct rota_hash *block)
{
    const struct sim_block *known = sim_block_find(sim, block);
    struct rota_floors floors = sim_floors_of(known, &replica->epoch->membership.config_hash);
    if (sim->parts && memcmp(&floors, sim->parts->floors(sim, replica, block), sizeof floors) != 0)
        sim_fail(sim, SIM_EXECUTION, "a chain does not say of lost memories what its blocks say");
    return floors;
}

bool sim_is_amnesia(const struct sim *sim, const struct sim_epoch *epoch, uint32_t member, uint64_t incarnation,
                    uint64_t height)
{
    for (uint64_t h = 1; h < height && h <= sim->agreed_height; h++)
        for (uint32_t i = 0; i < sim->agreed[h]->word_count; i++)
            if (sim_epoch_of(sim, sim->agreed[h]) == epoch && sim->agreed[h]->words[i].member == member &&
                sim->agreed[h]->words[i].floor > incarnation)
                return true;
    return false;
}

/* ---- blocks --------------------------------------------------------------------------------------------------------- */

const struct sim_block *sim_block_add(struct sim *sim, const struct sim_block *block)
{
    const struct sim_block *known = sim_block_find(sim, &block->hash);
    if (known)
        return known;
    if (sim->block_count == sim->block_room) {
        sim->block_room = sim->block_room ? 2 * sim->block_room : 256;
        sim->blocks = realloc(sim->blocks, sim->block_room * sizeof sim->blocks[0]);
        ROTA_ASSERT(sim->blocks);
    }
    struct sim_block *copy = malloc(sizeof *copy);
    ROTA_ASSERT(copy);
    *copy = *block;
    copy->floors = floors_after(sim, block);
    sim->blocks[sim->block_count++] = copy;
    return copy;
}

void sim_block_hold(struct sim *sim, struct sim_replica *replica, const struct sim_block *block, uint32_t from)
{
    if (sim->parts)
        sim->parts->hold(sim, replica, block, from);
    if (block->foreign || sim_block_held(replica, &block->hash))
        return;
    if (replica->held_count == SIM_PENDING_MAX) { /* bounded: the oldest goes */
        memmove(replica->held, replica->held + 1, (SIM_PENDING_MAX - 1) * sizeof replica->held[0]);
        replica->held_count--;
    }
    replica->held[replica->held_count++] = block;
}

const struct sim_block *sim_block_held(const struct sim_replica *replica, const struct rota_hash *hash)
{
    for (uint32_t i = 0; i < replica->held_count; i++)
        if (rota_hash_equal(&replica->held[i]->hash, hash))
            return replica->held[i];
    return NULL;
}

static const struct sim_block *stack_top(const struct sim_replica *replica)
{
    if (replica->stack_count > 0)
        return replica->stack[replica->stack_count - 1];
    return replica->disk.height > 0 ? replica->disk.chain[replica->disk.height] : NULL;
}

void sim_block_pop(struct sim *sim, struct sim_replica *replica)
{
    const struct sim_block *block = replica->stack[--replica->stack_count];
    for (uint32_t i = 0; i < block->request_count; i++) {
        replica->executed[block->requests[i]] = 0;
        replica->known[block->requests[i]] = true; /* back to the pool (V11) */
        replica->arrived_ms[block->requests[i]] = sim_local_ms(sim, replica);
    }
}

void sim_block_rollback(struct sim *sim, struct sim_replica *replica)
{
    if (replica->stack_count > 0)
        sim_reach(sim, SIM_REACHED_BLOCK_ABANDONED);
    if (sim->parts)
        sim->parts->rollback(sim, replica);
    while (replica->stack_count > 0)
        sim_block_pop(sim, replica);
}

/* Takes back executed blocks until `parent` is on top; false when it is not there. */
static bool stack_back_to(struct sim *sim, struct sim_replica *replica, const struct rota_hash *parent)
{
    for (;;) {
        const struct sim_block *top = stack_top(replica);
        if (top ? rota_hash_equal(&top->hash, parent) : rota_hash_is_zero(parent))
            return true;
        if (replica->stack_count == 0)
            return false;
        sim_block_pop(sim, replica);
    }
}

static struct rota_hash block_outcome(const struct sim_block *block)
{
    struct rota_digest digest;
    rota_digest_start(&digest, ROTA_TAG("outcome"));
    rota_digest_add_hash(&digest, &block->header.prev_hash);
    if (block->ticks)
        rota_digest_add_u32(&digest, UINT32_MAX);
    for (uint32_t i = 0; i < block->request_count; i++)
        rota_digest_add_u32(&digest, block->requests[i]);
    for (uint32_t i = 0; i < block->word_count; i++) {
        rota_digest_add_u32(&digest, block->words[i].member);
        rota_digest_add(&digest, &block->words[i].floor, sizeof block->words[i].floor);
        rota_digest_add(&digest, &block->words[i].run, sizeof block->words[i].run);
    }
    return rota_digest_finish(&digest);
}

/* A document waits where its epoch would be the next, evidence while there is room for more of its member. */
bool sim_is_waiting(const struct sim *sim, const struct sim_replica *replica, uint32_t request)
{
    if (!replica->known[request] || replica->executed[request])
        return false;
    const struct sim_piece *piece = sim_piece_of(sim, request);
    if (piece)
        return sim_evidence_may(sim, replica, piece);
    const struct sim_document *document = sim->document_count > 0 ? sim_document_of(sim, request) : NULL;
    return !document || rota_hash_equal(&document->before, &replica->epoch->membership.config_hash);
}

/* When the first of those came that wait outside blocks; false: none does. */
static bool first_waiting(const struct sim *sim, const struct sim_replica *replica, uint64_t *out_ms)
{
    *out_ms = UINT64_MAX;
    for (uint32_t r = 0; r < sim->request_count; r++)
        if (sim_is_waiting(sim, replica, r) && replica->arrived_ms[r] < *out_ms)
            *out_ms = replica->arrived_ms[r];
    return *out_ms != UINT64_MAX;
}

/* As in the node's pool (PROTOCOL T4), with one lane for all: patience begins anew unless a much older one still waits. */
static void patience_renew(struct sim *sim, struct sim_replica *replica, const struct sim_block *block)
{
    uint64_t first_ms;
    bool waits = first_waiting(sim, replica, &first_ms);
    for (uint32_t i = 0; i < block->request_count; i++) {
        uint32_t request = block->requests[i];
        if (!waits || (replica->known[request] && replica->arrived_ms[request] <= first_ms + sim->timers.request_ms / 4))
            replica->served_ms = sim_local_ms(sim, replica);
    }
}

static uint64_t patience_since(const struct sim *sim, const struct sim_replica *replica)
{
    uint64_t first_ms;
    if (!first_waiting(sim, replica, &first_ms))
        return sim_local_ms(sim, replica);
    return first_ms > replica->served_ms ? first_ms : replica->served_ms;
}

void sim_block_seal(struct sim_block *block)
{
    block->header.entry_count = block->request_count + block->word_count;
    if (block->header.entry_count == 0)
        block->header.entry_count = 1; /* its anchor, its TICK */
    block->header.outcome_hash = block_outcome(block);
    block->hash = rota_header_hash(&block->header);
}

/* Is the request among the first `count` of the block? */
static bool requests_hold(const struct sim_block *block, uint32_t count, uint32_t request)
{
    for (uint32_t i = 0; i < count; i++)
        if (block->requests[i] == request)
            return true;
    return false;
}

void sim_block_push(struct sim *sim, struct sim_replica *replica, const struct sim_block *block)
{
    for (uint32_t i = 0; i < block->request_count; i++)
        replica->executed[block->requests[i]] = block->header.height + 1;
    for (uint32_t i = 0; i < block->request_count; i++) {
        uint64_t arrived_ms = replica->arrived_ms[block->requests[i]];
        replica->asked_ms[block->requests[i]] = arrived_ms > replica->served_ms ? arrived_ms : replica->served_ms;
    }
    ROTA_ASSERT(replica->stack_count < SIM_PENDING_MAX);
    replica->stack[replica->stack_count++] = block;
    patience_renew(sim, replica, block);
}

/* PROTOCOL T11, as node/chain.c judges a real one. */
static bool tick_may(const struct sim *sim, const struct sim_replica *replica, const struct sim_block *block)
{
    const struct sim_block *parent = stack_top(replica);
    uint64_t parent_ms = parent ? parent->header.time_ms : SIM_CREATED_MS - 1;
    return block->request_count == 0 && rota_tick_may(block->header.time_ms, parent_ms, sim->timers.tick_ms);
}

/* M6, M8: a document stands alone in its block, and is for the epoch after the block's own. */
static bool document_fits(const struct sim *sim, const struct sim_block *block, uint32_t request)
{
    const struct sim_document *document = sim_document_of(sim, request);
    return !document || (block->request_count == 1 && rota_hash_equal(&document->before, &block->header.config_hash));
}

static bool block_execute(struct sim *sim, struct sim_replica *replica, const struct sim_block *block)
{
    struct rota_hash outcome = block_outcome(block);
    if (block->ticks && !tick_may(sim, replica, block))
        return false;
    if (!rota_hash_equal(&outcome, &block->header.outcome_hash) || replica->stack_count == SIM_PENDING_MAX ||
        block->header.epoch != replica->epoch->membership.epoch ||
        !rota_hash_equal(&block->header.config_hash, &replica->epoch->membership.config_hash))
        return false;
    if (!words_hold(sim, block))
        return false;
    for (uint32_t i = 0; i < block->request_count; i++)
        if (replica->executed[block->requests[i]] || requests_hold(block, i, block->requests[i]) ||
            !document_fits(sim, block, block->requests[i]))
            return false;
    if (sim->piece_count > 0 && !sim_evidence_fits(sim, replica, block))
        return false;
    sim_block_push(sim, replica, block);
    return true;
}

/* What this primary would put into a block now. */
static bool may_take(struct sim *sim, const struct sim_replica *replica, uint32_t request)
{
    return sim_is_waiting(sim, replica, request) && !replica->censors[request] &&
           !sim_liar_censors(sim, replica->index, request);
}

/* Not more of one member than may be ordered one after the other. */
static void piece_fill(struct sim *sim, const struct sim_replica *replica, struct sim_block *block,
                       const struct sim_piece *piece)
{
    if (!may_take(sim, replica, piece->request))
        return;
    block->requests[block->request_count++] = piece->request;
    if (!sim_evidence_fits(sim, replica, block))
        block->request_count--;
}

/* A document alone, before all others, then evidence; else as many requests as there is room for. */
static void block_fill(struct sim *sim, const struct sim_replica *replica, struct sim_block *block)
{
    for (uint32_t i = 0; i < sim->document_count && block->request_count == 0; i++)
        if (may_take(sim, replica, sim->documents[i].request))
            block->requests[block->request_count++] = sim->documents[i].request;
    bool alone = block->request_count > 0;
    for (uint32_t i = 0; i < sim->piece_count && block->request_count < SIM_PIECES_IN_BLOCK_MAX && !alone; i++)
        piece_fill(sim, replica, block, &sim->pieces[i]);
    for (uint32_t r = 0; r < sim->request_count && block->request_count < SIM_BLOCK_REQUESTS_MAX && !alone; r++)
        if (!sim_piece_of(sim, r) && may_take(sim, replica, r))
            block->requests[block->request_count++] = r;
}

static bool block_build(struct sim *sim, struct sim_replica *replica, const struct rota_action *action,
                        const struct sim_block **out)
{
    const struct rota_hash *parent = &action->build.parent;
    uint64_t height = action->build.height, after_ms = action->build.after_ms;
    ROTA_ASSERT(stack_back_to(sim, replica, parent));
    struct sim_block block = {.header = {.ledger_id = sim->membership.ledger_id,
                                         .epoch = replica->epoch->membership.epoch,
                                         .config_hash = replica->epoch->membership.config_hash,
                                         .height = height,
                                         .prev_hash = *parent,
                                         .proposer = replica->member}};
    block_fill(sim, replica, &block);
    words_take(sim, &block, action);
    block.ticks = block.request_count == 0 && action->build.tick;
    if ((block.request_count == 0 && !action->build.bare) ||
        (block.ticks && (replica->withholds_ticks || sim_liar_withholds_ticks(sim, replica->index))))
        return false;
    uint64_t clock = sim_wall_ms(sim, replica);
    block.header.time_ms = clock > after_ms ? clock : after_ms + 1;
    block.header.tree_size = height;
    sim_block_seal(&block);
    *out = sim_block_add(sim, &block);
    if (!block_execute(sim, replica, *out))
        sim_fail(sim, SIM_EXECUTION, "a replica builds a block that is not valid");
    sim_block_hold(sim, replica, *out, replica->index);
    return true;
}

bool sim_block_build(struct sim *sim, struct sim_replica *replica, const struct rota_action *action,
                     const struct sim_block **out)
{
    if (!sim->parts)
        return block_build(sim, replica, action, out);
    *out = sim->parts->build(sim, replica, action);
    return *out != NULL;
}

/* Ahead of its clock, and not because it has to be (PROTOCOL N3). */
static bool is_early(const struct sim *sim, const struct sim_replica *replica, const struct sim_block *block)
{
    if (block->header.time_ms <= sim_wall_ms(sim, replica) + sim->timers.clock_ms)
        return false;
    const struct sim_block *parent = sim_block_find(sim, &block->header.prev_hash);
    return !parent || block->header.time_ms != parent->header.time_ms + 1;
}

static enum rota_check block_check(struct sim *sim, struct sim_replica *replica, const struct rota_action *action)
{
    const struct rota_hash *hash = &action->check.block;
    for (uint32_t i = 0; i < replica->stack_count; i++)
        if (rota_hash_equal(&replica->stack[i]->hash, hash))
            return ROTA_CHECK_VALID;
    const struct sim_block *block = sim_block_held(replica, hash);
    if (!block)
        return ROTA_CHECK_MISSING;
    ROTA_ASSERT(block->header.height == action->check.height);
    if (action->check.judge_time && is_early(sim, replica, block))
        return ROTA_CHECK_UNTIMELY;
    if (!stack_back_to(sim, replica, &action->check.parent))
        sim_fail(sim, SIM_EXECUTION, "a check on top of a parent that was never executed");
    return block_execute(sim, replica, block) ? ROTA_CHECK_VALID : ROTA_CHECK_INVALID;
}

enum rota_check sim_block_check(struct sim *sim, struct sim_replica *replica, const struct rota_action *action)
{
    return sim->parts ? sim->parts->check(sim, replica, action) : block_check(sim, replica, action);
}

uint32_t sim_block_waiting(struct sim *sim, struct sim_replica *replica, uint64_t *out_since_ms)
{
    if (sim->parts)
        return sim->parts->waiting(sim, replica, out_since_ms);
    uint32_t waiting = 0;
    for (uint32_t r = 0; r < sim->request_count; r++)
        waiting += sim_is_waiting(sim, replica, r);
    *out_since_ms = patience_since(sim, replica);
    return waiting;
}

void sim_block_commit(struct sim *sim, struct sim_replica *replica, uint64_t height,
                      const struct rota_certificate *certificate)
{
    struct sim_disk *disk = &replica->disk;
    ROTA_ASSERT(height > disk->height && height < SIM_HEIGHTS_MAX);
    if (sim->parts)
        sim->parts->commit(sim, replica, certificate);
    uint32_t count = (uint32_t)(height - disk->height);
    if (count > replica->stack_count)
        sim_fail(sim, SIM_EXECUTION, "a commit of blocks that were not executed");
    for (uint32_t i = 0; i < count; i++)
        disk->chain[disk->height + 1 + i] = replica->stack[i];
    disk->height = height;
    disk->certified[height] = true;
    disk->certificates[height] = malloc(sizeof *certificate);
    ROTA_ASSERT(disk->certificates[height]);
    *disk->certificates[height] = *certificate;
    replica->stack_count -= count;
    memmove(replica->stack, replica->stack + count, replica->stack_count * sizeof replica->stack[0]);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < replica->held_count; i++)
        if (replica->held[i]->header.height > height)
            replica->held[kept++] = replica->held[i];
    replica->held_count = kept;
}

bool sim_block_follow(struct sim *sim, struct sim_replica *replica, const struct rota_certificate *certificate)
{
    const struct sim_block *path[2 * ROTA_WINDOW + 1];
    uint32_t count = 0;
    struct rota_hash at = certificate->vote.block;
    const struct sim_block *top = stack_top(replica);
    while (!(top ? rota_hash_equal(&at, &top->hash) : rota_hash_is_zero(&at))) {
        const struct sim_block *block = sim_block_held(replica, &at);
        if (!block || count == sizeof path / sizeof path[0])
            return false;
        path[count++] = block;
        at = block->header.prev_hash;
    }
    while (count > 0)
        if (!block_execute(sim, replica, path[--count]))
            sim_fail(sim, SIM_EXECUTION, "a follower finds a certified block invalid");
    sim_block_commit(sim, replica, certificate->vote.height, certificate);
    return true;
}

uint64_t sim_block_waited(const struct sim *sim, const struct sim_replica *replica, uint64_t above)
{
    uint64_t longest_ms = 0, now_ms = sim_local_ms(sim, replica);
    for (uint64_t h = above + 1; h <= replica->disk.height && !sim->parts; h++)
        for (uint32_t i = 0; i < replica->disk.chain[h]->request_count; i++) {
            uint32_t request = replica->disk.chain[h]->requests[i];
            if (replica->known[request] && now_ms - replica->asked_ms[request] > longest_ms)
                longest_ms = now_ms - replica->asked_ms[request];
        }
    return longest_ms;
}
