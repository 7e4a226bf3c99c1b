/* The fake network: a heap of deliveries in virtual time, with delay, loss, duplication and cuts. Messages travel as real
 * bytes through the real codec. */
#include "tests/sim/sim.h"

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

static uint64_t delay_draw(struct sim *sim)
{
    uint64_t min = sim->options.delay_min_ms, max = sim->options.delay_max_ms;
    return max > min ? min + sim_random(sim, max - min + 1) : min;
}

/* One copy, or none, or two: takes over delivery->bytes. */
static void net_carry(struct sim *sim, struct sim_delivery *delivery)
{
    sim->stats.messages++;
    bool lost = sim->cut[delivery->from][delivery->to] || sim_chance(sim, sim->options.loss_percent);
    if (lost) {
        sim->stats.lost++;
        free(delivery->bytes);
        return;
    }
    if (sim_chance(sim, sim->options.duplicate_percent)) {
        struct sim_delivery again = *delivery;
        again.bytes = malloc(delivery->len ? delivery->len : 1);
        ROTA_ASSERT(again.bytes);
        if (delivery->len)
            memcpy(again.bytes, delivery->bytes, delivery->len);
        again.at_ms = sim->now_ms + delay_draw(sim);
        sim_queue_push(sim, &again);
    }
    delivery->at_ms = sim->now_ms + delay_draw(sim);
    sim_queue_push(sim, delivery);
}

void sim_send(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message, const struct sim_block *body)
{
    static uint8_t buffer[ROTA_MESSAGE_BYTES_MAX];
    struct rota_writer writer = rota_writer(buffer, sizeof buffer);
    rota_message_encode(&writer, message);
    ROTA_ASSERT(!writer.bad);
    struct sim_delivery delivery = {.from = from, .to = to, .request = UINT32_MAX, .body = body, .len = writer.len};
    delivery.bytes = malloc(writer.len);
    ROTA_ASSERT(delivery.bytes);
    memcpy(delivery.bytes, buffer, writer.len);
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

/* A client's request: not over the replicas' links, so partitions do not hold it up. */
void sim_send_request(struct sim *sim, uint32_t to, uint32_t request)
{
    struct sim_delivery delivery = {.from = to, .to = to, .request = request, .at_ms = sim->now_ms + delay_draw(sim)};
    sim_queue_push(sim, &delivery);
}
