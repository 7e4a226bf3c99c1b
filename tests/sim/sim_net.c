/* The fake network: a heap of deliveries in virtual time, with delay, loss, duplication and cuts. Messages travel as real
 * bytes through the real codec. */
#include "tests/sim/sim_liar.h"

static bool delivery_before(const struct sim_delivery *a, const struct sim_delivery *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void heap_swap(struct sim *sim, size_t a, size_t b)
{
    struct sim_delivery held = sim->queue[a];
    sim->queue[a] = sim->queue[b];
    sim->queue[b] = held;
}

void sim_queue_push(struct sim *sim, const struct sim_delivery *delivery)
{
    if (sim->queue_count == sim->queue_room) {
        sim->queue_room = sim->queue_room ? 2 * sim->queue_room : 1024;
        sim->queue = realloc(sim->queue, sim->queue_room * sizeof sim->queue[0]);
        ROTA_ASSERT(sim->queue);
    }
    size_t at = sim->queue_count++;
    sim->queue[at] = *delivery;
    sim->queue[at].order = sim->order++;
    for (; at > 0 && delivery_before(&sim->queue[at], &sim->queue[(at - 1) / 2]); at = (at - 1) / 2)
        heap_swap(sim, at, (at - 1) / 2);
}

bool sim_queue_pop(struct sim *sim, struct sim_delivery *out)
{
    if (sim->queue_count == 0)
        return false;
    *out = sim->queue[0];
    sim->queue[0] = sim->queue[--sim->queue_count];
    for (size_t at = 0, child; (child = 2 * at + 1) < sim->queue_count; at = child) {
        if (child + 1 < sim->queue_count && delivery_before(&sim->queue[child + 1], &sim->queue[child]))
            child++;
        if (!delivery_before(&sim->queue[child], &sim->queue[at]))
            break;
        heap_swap(sim, at, child);
    }
    return true;
}

uint64_t sim_queue_next_ms(const struct sim *sim)
{
    return sim->queue_count == 0 ? UINT64_MAX : sim->queue[0].at_ms;
}

bool sim_is_cut(const struct sim *sim, uint32_t from, uint32_t to)
{
    return sim->cut[from][to] || sim->cut_until_ms[from][to] > sim->now_ms;
}

void sim_cut_until(struct sim *sim, uint32_t from, uint32_t to, uint64_t until_ms)
{
    for (uint32_t a = 0; a < sim->facility_count; a++)
        for (uint32_t b = 0; b < sim->facility_count; b++)
            if ((from >> a & 1) && (to >> b & 1) && a != b && sim->cut_until_ms[a][b] < until_ms)
                sim->cut_until_ms[a][b] = until_ms;
}

void sim_split(struct sim *sim, uint32_t side, uint64_t until_ms)
{
    sim_cut_until(sim, side, ~side, until_ms);
    sim_cut_until(sim, ~side, side, until_ms);
}

void sim_clog(struct sim *sim, uint32_t from, uint32_t to, uint64_t until_ms)
{
    if (sim->held_until_ms < until_ms)
        sim->held_until_ms = until_ms;
    for (uint32_t a = 0; a < sim->facility_count; a++)
        for (uint32_t b = 0; b < sim->facility_count; b++)
            if ((from >> a & 1) && (to >> b & 1) && sim->clogged_until_ms[a][b] < until_ms)
                sim->clogged_until_ms[a][b] = until_ms;
}

static uint64_t delay_draw(struct sim *sim)
{
    const struct sim_options *options = &sim->options;
    uint64_t min = options->delay_min_ms, max = options->delay_max_ms;
    uint64_t delay = max > min ? min + sim_draw(sim, SIM_NET, max - min + 1) : min;
    if (sim_chance(sim, SIM_NET, options->reorder_percent))
        delay += sim_draw(sim, SIM_NET, 3 * max + 1);
    if (sim_chance(sim, SIM_NET, options->tail_percent))
        delay += max * 100 / (1 + sim_draw(sim, SIM_NET, 100));
    return delay;
}

static uint8_t *bytes_copy(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    ROTA_ASSERT(copy);
    if (len)
        memcpy(copy, bytes, len);
    return copy;
}

/* On its way, at a time drawn for it. Takes over delivery->bytes. */
static void net_launch(struct sim *sim, struct sim_delivery *delivery)
{
    uint64_t clogged_ms = sim->clogged_until_ms[delivery->from][delivery->to];
    uint64_t start_ms = sim->now_ms > sim->replicas[delivery->from].paused_until_ms
                            ? sim->now_ms
                            : sim->replicas[delivery->from].paused_until_ms; /* its disk is slow: it speaks later */
    delivery->at_ms = (start_ms > clogged_ms ? start_ms : clogged_ms) + delay_draw(sim);
    sim->under_way[delivery->from][delivery->to]++;
    sim_queue_push(sim, delivery);
}

/* One byte flipped, the end cut off, or the middle of the message taken from elsewhere in it. */
static void bytes_damage(struct sim *sim, struct sim_delivery *delivery)
{
    size_t len = delivery->len, at = sim_draw(sim, SIM_NET, len);
    switch (sim_draw(sim, SIM_NET, 3)) {
    case 0:
        delivery->bytes[at] ^= (uint8_t)(1u << sim_draw(sim, SIM_NET, 8));
        break;
    case 1:
        delivery->len = at;
        break;
    default:
        memmove(delivery->bytes + at, delivery->bytes + sim_draw(sim, SIM_NET, at + 1), len - at);
        break;
    }
}

static void net_launch_damaged(struct sim *sim, const struct sim_delivery *delivery)
{
    struct sim_delivery damaged = *delivery;
    damaged.bytes = bytes_copy(delivery->bytes, delivery->len);
    bytes_damage(sim, &damaged);
    damaged.damaged = true;
    if (damaged.len == delivery->len && memcmp(damaged.bytes, delivery->bytes, damaged.len) == 0) {
        free(damaged.bytes);
        return;
    }
    sim->stats.damaged++;
    net_launch(sim, &damaged);
}

static bool net_loses(struct sim *sim, const struct sim_delivery *delivery)
{
    uint32_t capacity = sim->options.link_capacity;
    if (sim_is_cut(sim, delivery->from, delivery->to) || sim_chance(sim, SIM_NET, sim->options.loss_percent))
        return true;
    if (capacity == 0 || sim->under_way[delivery->from][delivery->to] < capacity)
        return false;
    sim_reach(sim, SIM_REACHED_LINK_FULL);
    return true;
}

/* One copy, or none, or two: takes over delivery->bytes. */
static void net_carry(struct sim *sim, struct sim_delivery *delivery)
{
    sim->stats.messages++;
    if (delivery->len > 0 && !sim_is_liar(sim, delivery->from) &&
        sim_chance(sim, SIM_NET, sim->options.corrupt_percent)) /* a liar damages its own */
        net_launch_damaged(sim, delivery);
    if (net_loses(sim, delivery)) {
        sim->stats.lost++;
        free(delivery->bytes);
        return;
    }
    if (sim_chance(sim, SIM_NET, sim->options.duplicate_percent)) {
        struct sim_delivery again = *delivery;
        again.bytes = bytes_copy(delivery->bytes, delivery->len);
        net_launch(sim, &again);
    }
    net_launch(sim, delivery);
}

void sim_send(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message, const struct sim_block *body)
{
    static uint8_t buffer[ROTA_MESSAGE_BYTES_MAX];
    struct rota_writer writer = rota_writer(buffer, sizeof buffer);
    rota_message_encode(&writer, message);
    ROTA_ASSERT(!writer.bad);
    sim_send_bytes(sim, from, to, buffer, writer.len, body);
}

void sim_send_bytes(struct sim *sim, uint32_t from, uint32_t to, const uint8_t *bytes, size_t len,
                    const struct sim_block *body)
{
    struct sim_delivery delivery = {.from = from, .to = to, .request = UINT32_MAX, .body = body, .len = len};
    delivery.bytes = bytes_copy(bytes, len);
    net_carry(sim, &delivery);
}

void sim_send_fetch(struct sim *sim, uint32_t from, uint32_t to, uint64_t first, uint64_t last,
                    const struct rota_hash *block)
{
    struct sim_delivery delivery = {.from = from,
                                    .to = to,
                                    .request = UINT32_MAX,
                                    .is_fetch = true,
                                    .fetch_from = first,
                                    .fetch_to = last,
                                    .fetch_block = *block};
    sim->stats.fetches++;
    net_carry(sim, &delivery);
}

void sim_send_evidence(struct sim *sim, uint32_t from, uint32_t to, uint32_t piece)
{
    struct sim_delivery delivery = {.from = from, .to = to, .request = UINT32_MAX, .is_evidence = true, .piece = piece};
    net_carry(sim, &delivery);
}

/* A client's request: not over the replicas' links, so partitions do not hold it up. */
void sim_send_request(struct sim *sim, uint32_t to, uint32_t request)
{
    struct sim_delivery delivery = {.from = to, .to = to, .request = request, .at_ms = sim->now_ms + delay_draw(sim)};
    sim_queue_push(sim, &delivery);
}
