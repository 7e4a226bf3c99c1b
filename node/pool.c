#include "node/pool.h"

#include "crypto/broken.h"

#include <stdlib.h>

static struct rota_hash pool_name(const struct rota_kid *kid)
{
    struct rota_hash name = {{0}};
    memcpy(name.b, kid->b, sizeof kid->b);
    return name;
}

static struct rota_hash pool_seq_key(const struct rota_kid *kid, uint64_t seq)
{
    struct rota_hash key = pool_name(kid);
    memcpy(key.b + sizeof kid->b, &seq, sizeof seq);
    return key;
}

/* What may wait once, whatever its bytes: a coordinator's number, or one lie of a member (PROTOCOL §7). False: nothing but
 * its id tells it apart. */
static bool pool_claim(struct rota_hash *out, const struct rota_entry *entry)
{
    if (entry->kind == ROTA_ENTRY_PROPOSAL) {
        *out = pool_seq_key(&entry->proposal->jws.kid, entry->proposal->seq);
        return true;
    }
    if (entry->kind != ROTA_ENTRY_EVIDENCE || entry->evidence->kind == ROTA_EVIDENCE_COORDINATOR)
        return false;
    struct rota_digest digest;
    rota_digest_start(&digest, ROTA_TAG("evidence"));
    rota_digest_add_u32(&digest, entry->evidence->epoch);
    rota_digest_add_u32(&digest, entry->evidence->member);
    rota_digest_add_u8(&digest, (uint8_t)entry->evidence->kind);
    rota_digest_add_u64(&digest, entry->evidence->view);
    rota_digest_add_u64(&digest, entry->evidence->height);
    *out = rota_digest_finish(&digest);
    return true;
}

struct rota_status rota_pool_init(struct rota_pool *pool, uint32_t ours_max)
{
    memset(pool, 0, sizeof *pool);
    rota_map_init(&pool->by_id);
    rota_map_init(&pool->by_seq);
    rota_map_init(&pool->by_name);
    pool->entries_max = ROTA_POOL_ENTRIES_MAX;
    pool->ours_max = ours_max;
    pool->exp_min = UINT64_MAX;
    return rota_ok();
}

/* ---- patience (PROTOCOL T4) ------------------------------------------------------------------------------------------- */

static bool lane_is_timed(const struct rota_pool *pool, const struct rota_lane *lane)
{
    return lane->older || pool->oldest == lane;
}

static void lane_untime(struct rota_pool *pool, struct rota_lane *lane)
{
    if (!lane_is_timed(pool, lane))
        return;
    *(lane->older ? &lane->older->younger : &pool->oldest) = lane->younger;
    *(lane->younger ? &lane->younger->older : &pool->youngest) = lane->older;
    lane->older = lane->younger = NULL;
}

/* The list is in order; nearly always the lane's place is its end. */
static void lane_time(struct rota_pool *pool, struct rota_lane *lane, uint64_t since_ms)
{
    lane_untime(pool, lane);
    lane->since_ms = since_ms;
    struct rota_lane *older = pool->youngest;
    while (older && older->since_ms > since_ms)
        older = older->older;
    lane->older = older;
    lane->younger = older ? older->younger : pool->oldest;
    *(older ? &older->younger : &pool->oldest) = lane;
    *(lane->younger ? &lane->younger->older : &pool->youngest) = lane;
}

/* Its first entry went away, and no block took it: the next one's patience counts. */
static void lane_time_anew(struct rota_pool *pool, struct rota_lane *lane)
{
    if (!lane->first)
        lane_untime(pool, lane);
    else if (lane->first->since_ms > lane->served_ms)
        lane_time(pool, lane, lane->first->since_ms);
    else
        lane_time(pool, lane, lane->served_ms);
}

/* ---- lanes ---------------------------------------------------------------------------------------------------------- */

static void lane_join_ring(struct rota_pool *pool, struct rota_lane *lane)
{
    if (!pool->turn) {
        pool->turn = lane->next = lane->previous = lane;
        return;
    }
    lane->next = pool->turn; /* behind everybody who is there */
    lane->previous = pool->turn->previous;
    lane->previous->next = lane;
    pool->turn->previous = lane;
}

static void lane_drop_if_empty(struct rota_pool *pool, struct rota_lane *lane)
{
    if (lane->count > 0 || lane == &pool->evidence)
        return;
    if (pool->turn == lane)
        pool->turn = lane->next == lane ? NULL : lane->next;
    lane->previous->next = lane->next;
    lane->next->previous = lane->previous;
    rota_map_drop(&pool->by_name, &lane->name);
    free(lane);
}

static struct rota_lane *lane_find(const struct rota_pool *pool, const struct rota_kid *kid)
{
    struct rota_hash name = pool_name(kid);
    return rota_map_pointer(rota_map_get(&pool->by_name, &name));
}

/* The lane of an entry, made when it is the first of its coordinator. */
static struct rota_status lane_of(struct rota_lane **out, struct rota_pool *pool, const struct rota_entry *entry)
{
    if (entry->kind != ROTA_ENTRY_PROPOSAL) {
        *out = &pool->evidence;
        return rota_ok();
    }
    *out = lane_find(pool, &entry->proposal->jws.kid);
    if (*out)
        return rota_ok();
    struct rota_lane *lane = calloc(1, sizeof *lane);
    if (!lane)
        return rota_fail(ROTA_NO_MEMORY, "no memory for what waits");
    lane->name = pool_name(&entry->proposal->jws.kid);
    struct rota_status status = rota_map_put(&pool->by_name, &lane->name, rota_map_value(lane));
    if (!rota_is_ok(status)) {
        free(lane);
        return status;
    }
    lane_join_ring(pool, lane);
    *out = lane;
    return rota_ok();
}

static void lane_append(struct rota_pool *pool, struct rota_waiting *waiting)
{
    struct rota_lane *lane = waiting->lane;
    waiting->next = NULL;
    waiting->previous = lane->last;
    *(lane->last ? &lane->last->next : &lane->first) = waiting;
    lane->last = waiting;
    if (lane->first == waiting)
        lane_time(pool, lane, waiting->since_ms);
    pool->waiting++;
    pool->waiting_bytes += rota_entry_bytes(&waiting->entry).len;
}

static void lane_prepend(struct rota_pool *pool, struct rota_waiting *waiting)
{
    struct rota_lane *lane = waiting->lane;
    waiting->previous = NULL;
    waiting->next = lane->first;
    *(lane->first ? &lane->first->previous : &lane->last) = waiting;
    lane->first = waiting;
    lane_time(pool, lane, waiting->since_ms);
    pool->waiting++;
    pool->waiting_bytes += rota_entry_bytes(&waiting->entry).len;
}

static void lane_unlink(struct rota_pool *pool, struct rota_waiting *waiting)
{
    struct rota_lane *lane = waiting->lane;
    *(waiting->previous ? &waiting->previous->next : &lane->first) = waiting->next;
    *(waiting->next ? &waiting->next->previous : &lane->last) = waiting->previous;
    waiting->next = waiting->previous = NULL;
    pool->waiting--;
    pool->waiting_bytes -= rota_entry_bytes(&waiting->entry).len;
}

/* ---- in and out ----------------------------------------------------------------------------------------------------- */

struct rota_waiting *rota_pool_find(const struct rota_pool *pool, const struct rota_hash *id)
{
    return rota_map_pointer(rota_map_get(&pool->by_id, id));
}

struct rota_waiting *rota_pool_find_seq(const struct rota_pool *pool, const struct rota_kid *kid, uint64_t seq)
{
    struct rota_hash key = pool_seq_key(kid, seq);
    return rota_map_pointer(rota_map_get(&pool->by_seq, &key));
}

static struct rota_status pool_has_room(const struct rota_pool *pool, const struct rota_entry *entry, bool ours)
{
    if (entry->kind != ROTA_ENTRY_PROPOSAL)
        return pool->evidence.count < ROTA_POOL_EVIDENCE_MAX ? rota_ok()
                                                             : rota_fail(ROTA_FULL, "enough evidence waits already");
    const struct rota_lane *lane = lane_find(pool, &entry->proposal->jws.kid);
    if (lane && lane->count >= ROTA_POOL_OF_COORDINATOR_MAX)
        return rota_fail(ROTA_FULL, "this key has as many proposals waiting as one key may have");
    if (pool->count - pool->evidence.count >= pool->entries_max || (ours && pool->ours >= pool->ours_max))
        return rota_fail(ROTA_FULL, "as many proposals wait as the node holds");
    if (pool->bytes + rota_entry_bytes(entry).len > ROTA_POOL_BYTES_MAX)
        return rota_fail(ROTA_FULL, "the proposals that wait take as much memory as the node gives them");
    return rota_ok();
}

/* The latest entry of the longest lane that may be given up; NULL when no lane is long. */
static struct rota_waiting *pool_victim(const struct rota_pool *pool)
{
    struct rota_lane *longest = NULL, *lane = pool->turn;
    for (size_t i = 0; i < pool->by_name.count; i++, lane = lane->next)
        if (lane->count > ROTA_POOL_OF_COORDINATOR_MIN && (!longest || lane->count > longest->count) && lane->last &&
            !lane->last->ours)
            longest = lane;
    return longest ? longest->last : NULL;
}

static struct rota_status pool_make_room(struct rota_pool *pool, const struct rota_entry *entry, bool ours)
{
    struct rota_status status = pool_has_room(pool, entry, ours);
    if (rota_is_ok(status) || entry->kind != ROTA_ENTRY_PROPOSAL || (ours && pool->ours >= pool->ours_max))
        return status;
    const struct rota_lane *lane = lane_find(pool, &entry->proposal->jws.kid);
    if (lane && lane->count >= ROTA_POOL_OF_COORDINATOR_MIN)
        return status;
    struct rota_waiting *victim;
    while (!rota_is_ok(status) && (victim = pool_victim(pool)) != NULL) {
        rota_pool_remove(pool, victim);
        status = pool_has_room(pool, entry, ours);
    }
    return status;
}

static struct rota_status pool_index(struct rota_pool *pool, struct rota_waiting *waiting)
{
    const struct rota_entry *entry = &waiting->entry;
    struct rota_hash claim;
    ROTA_TRY(rota_map_put(&pool->by_id, &entry->id, rota_map_value(waiting)));
    if (!pool_claim(&claim, entry))
        return rota_ok();
    struct rota_status status = rota_map_put(&pool->by_seq, &claim, rota_map_value(waiting));
    if (!rota_is_ok(status))
        rota_map_drop(&pool->by_id, &entry->id);
    return status;
}

static void pool_enter(struct rota_pool *pool, struct rota_waiting *waiting)
{
    pool->count++;
    pool->ours += waiting->ours;
    waiting->lane->count++;
    pool->bytes += rota_entry_bytes(&waiting->entry).len;
    lane_append(pool, waiting);
    if (waiting->entry.kind == ROTA_ENTRY_PROPOSAL && waiting->entry.proposal->exp < pool->exp_min)
        pool->exp_min = waiting->entry.proposal->exp;
}

struct rota_status rota_pool_add(struct rota_pool *pool, struct rota_waiting **out, const struct rota_entry *entry,
                                 bool ours, uint64_t now_ms)
{
    *out = NULL;
    struct rota_hash claim;
    bool known = rota_pool_find(pool, &entry->id) != NULL;
    if (!known && pool_claim(&claim, entry))
        known = rota_map_get(&pool->by_seq, &claim) != 0;
    if (known)
        return rota_fail(ROTA_EXISTS, "this key and seq, or this lie, wait already");
    ROTA_TRY(pool_make_room(pool, entry, ours));
    struct rota_lane *lane = NULL;
    ROTA_TRY(lane_of(&lane, pool, entry));
    struct rota_waiting *waiting = calloc(1, sizeof *waiting);
    struct rota_status status = rota_fail(ROTA_NO_MEMORY, "no memory for what waits");
    if (waiting) {
        *waiting = (struct rota_waiting){.entry = *entry, .lane = lane, .ours = ours, .since_ms = now_ms, .sent_ms = now_ms};
        status = pool_index(pool, waiting);
    }
    if (!rota_is_ok(status)) {
        free(waiting);
        lane_drop_if_empty(pool, lane);
        return status;
    }
    waiting->entry = rota_entry_share(entry);
    pool_enter(pool, waiting);
    *out = waiting;
    return rota_ok();
}

void rota_pool_remove(struct rota_pool *pool, struct rota_waiting *waiting)
{
    struct rota_lane *lane = waiting->lane;
    if (!waiting->taken) {
        bool first = lane->first == waiting;
        lane_unlink(pool, waiting);
        if (first)
            lane_time_anew(pool, lane);
    }
    rota_map_drop(&pool->by_id, &waiting->entry.id);
    struct rota_hash claim;
    if (pool_claim(&claim, &waiting->entry))
        rota_map_drop(&pool->by_seq, &claim);
    pool->count--;
    pool->ours -= waiting->ours;
    pool->bytes -= rota_entry_bytes(&waiting->entry).len;
    lane->count--;
    rota_entry_release(&waiting->entry);
    free(waiting);
    lane_drop_if_empty(pool, lane);
}

void rota_pool_take(struct rota_pool *pool, struct rota_waiting *waiting, uint64_t now_ms)
{
    struct rota_lane *lane = waiting->lane;
    if (waiting->taken)
        return;
    waiting->asked_ms = waiting->since_ms > lane->since_ms ? waiting->since_ms : lane->since_ms;
    lane_unlink(pool, waiting);
    waiting->taken = true;
    lane->served_ms = now_ms;
    if (!lane->first)
        lane_untime(pool, lane);
    else if (waiting->since_ms <= lane->first->since_ms + pool->slack_ms)
        lane_time(pool, lane, now_ms);
}

void rota_pool_postpone(struct rota_pool *pool, struct rota_waiting *waiting, uint64_t now_ms)
{
    struct rota_lane *lane = waiting->lane;
    ROTA_ASSERT(!waiting->taken);
    lane_unlink(pool, waiting);
    waiting->since_ms = now_ms;
    lane_append(pool, waiting);
    lane_time_anew(pool, lane);
}

void rota_pool_give_back(struct rota_pool *pool, struct rota_waiting *waiting, uint64_t now_ms)
{
    if (!waiting->taken)
        return;
    waiting->taken = false;
    waiting->since_ms = waiting->sent_ms = now_ms;
    lane_prepend(pool, waiting);
}

/* ---- walking -------------------------------------------------------------------------------------------------------- */

static bool lane_each(struct rota_lane *lane, bool (*fn)(void *context, struct rota_waiting *waiting), void *context)
{
    struct rota_waiting *next = NULL;
    for (struct rota_waiting *waiting = lane->first; waiting; waiting = next) {
        next = waiting->next; /* read first: fn may remove the entry, and the last one takes its lane along */
        if (!fn(context, waiting))
            return false;
    }
    return true;
}

void rota_pool_each(struct rota_pool *pool, bool (*fn)(void *context, struct rota_waiting *waiting), void *context)
{
    bool more = lane_each(&pool->evidence, fn, context);
    size_t lanes = pool->by_name.count;
    struct rota_lane *lane = pool->turn;
    for (size_t i = 0; more && i < lanes; i++) {
        struct rota_lane *next = lane->next; /* stays: fn only removes from the lane it is called for */
        more = lane_each(lane, fn, context);
        lane = next;
    }
}

void rota_pool_each_of(struct rota_pool *pool, const struct rota_kid *kid,
                       bool (*fn)(void *context, struct rota_waiting *waiting), void *context)
{
    struct rota_lane *lane = lane_find(pool, kid);
    if (lane)
        (void)lane_each(lane, fn, context);
}

struct picking {
    const struct rota_pick *pick;
    const struct rota_entry **out;
    uint32_t count;
    size_t bytes;
    bool first_round;
    struct rota_lane *passed_over; /* the first that had something and found no room */
};

/* Moves the lane's cursor to its next entry that may be ordered, and picks it; false when the lane has nothing more to give.
 */
static bool pick_from(struct picking *picking, struct rota_lane *lane)
{
    const struct rota_pick *pick = picking->pick;
    while (lane->cursor) {
        const struct rota_entry *entry = &lane->cursor->entry;
        lane->cursor = lane->cursor->next;
        if (!pick->may(pick->context, entry))
            continue;
        size_t bytes = rota_entry_bytes(entry).len;
        if (picking->count == pick->entries_max || bytes > pick->bytes_max - picking->bytes) {
            lane->cursor = NULL; /* it waits for the next block, and nobody of its lane overtakes it */
            if (picking->first_round && !picking->passed_over)
                picking->passed_over = lane;
        } else {
            picking->out[picking->count++] = entry;
            picking->bytes += bytes;
            return true;
        }
    }
    return false;
}

static void pick_in_turn(struct picking *picking, struct rota_pool *pool)
{
    if (!pool->turn)
        return;
    struct rota_lane *lane = pool->turn;
    do
        lane->cursor = lane->first;
    while ((lane = lane->next) != pool->turn);
    bool more = true;
    picking->first_round = true;
    while (more && picking->count < picking->pick->entries_max) {
        more = false;
        do
            more |= pick_from(picking, lane);
        while ((lane = lane->next) != pool->turn);
        picking->first_round = false;
    }
    pool->turn = picking->passed_over ? picking->passed_over : pool->turn->next;
}

uint32_t rota_pool_pick(struct rota_pool *pool, const struct rota_entry **out, const struct rota_pick *pick)
{
    struct picking picking = {.pick = pick, .out = out};
    pool->evidence.cursor = pool->evidence.first;
    const struct rota_entry *change = NULL;
    while (picking.count < ROTA_BROKEN(evidence_is_left_out, ROTA_POOL_EVIDENCE_IN_BLOCK, 0) &&
           pick_from(&picking, &pool->evidence)) {
        const struct rota_entry *picked = out[picking.count - 1];
        if (picked->kind != ROTA_ENTRY_CONFIG)
            continue;
        picking.count--;
        change = change ? change : picked; /* a rival waits, and will be refused */
    }
    if (change) { /* PROTOCOL M6: it ends the epoch, so it stands last and without proposals */
        picking.count -= picking.count == pick->entries_max; /* evidence that came behind it waits */
        out[picking.count++] = change;
        return picking.count;
    }
    pick_in_turn(&picking, pool);
    return picking.count;
}

static bool pool_release(void *context, struct rota_waiting *waiting)
{
    rota_pool_remove(context, waiting);
    return true;
}

void rota_pool_free(struct rota_pool *pool)
{
    for (size_t i = 0; i < pool->by_id.room; i++) { /* taken ones are in no lane */
        struct rota_waiting *waiting = rota_map_pointer(pool->by_id.slots[i].value);
        if (waiting)
            rota_pool_give_back(pool, waiting, 0);
    }
    rota_pool_each(pool, pool_release, pool);
    rota_map_free(&pool->by_id);
    rota_map_free(&pool->by_seq);
    rota_map_free(&pool->by_name);
}
