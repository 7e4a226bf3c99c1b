/* The workers under load: many producers, several workers, one consumer. Order within a peer, the bound, the way out of a
 * full inbox, and the same time for every peer. */
#include "world.h"

#include "node/workers.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CREW_PEERS = 6, CREW_THREADS = 3, CREW_FRAMES = 4000 };

struct crew {
    struct rota_workers *workers;
    struct rota_bell ready, room;
    atomic_uint judged;
};

struct producer {
    struct crew *crew;
    uint32_t peer;
    uint32_t turned_away;
    pthread_t thread;
};

static uint64_t crew_number(struct rota_view plain)
{
    struct rota_reader reader = rota_reader(plain);
    return rota_read_u64(&reader);
}

static struct rota_raw *crew_frame(uint64_t number, size_t len)
{
    struct rota_raw *raw = rota_raw_new(len);
    EXPECT(raw);
    memset(raw->bytes, 0, len);
    struct rota_writer writer = rota_writer(raw->bytes, raw->len);
    rota_write_u64(&writer, number);
    return raw;
}

/* Refuses every seventh frame; takes longer for some than for others, so that they finish out of order. */
static struct rota_frame *crew_judge(void *context, uint32_t peer, struct rota_view plain)
{
    struct crew *crew = context;
    uint64_t number = crew_number(plain);
    atomic_fetch_add(&crew->judged, 1);
    if (number % 7 == 0)
        return NULL;
    uint64_t end_us = rota_clock_monotonic_us() + (number % 5) * 10;
    while (rota_clock_monotonic_us() < end_us)
        ;
    struct rota_frame *frame = calloc(1, sizeof *frame);
    EXPECT(frame);
    *frame = (struct rota_frame){.kind = ROTA_FRAME_FETCH, .peer = peer, .fetch = {.from = number}};
    return frame;
}

static void *crew_produce(void *context)
{
    struct producer *producer = context;
    for (uint64_t number = 1; number <= CREW_FRAMES; number++) {
        struct rota_raw *raw = crew_frame(number, 64);
        while (!rota_workers_put(producer->crew->workers, producer->peer, raw)) {
            producer->turned_away++;
            rota_bell_wait(&producer->crew->room, rota_clock_monotonic_ms() + 10);
        }
    }
    return NULL;
}

static void crew_open(struct crew *crew, uint32_t peers, uint32_t threads, rota_judge_fn *judge)
{
    *crew = (struct crew){0};
    EXPECT(rota_is_ok(rota_bell_open(&crew->ready)) && rota_is_ok(rota_bell_open(&crew->room)));
    EXPECT(rota_is_ok(rota_workers_open(&crew->workers, &(struct rota_workers_setup){.peers = peers,
                                                                                     .threads = threads,
                                                                                     .judge = judge,
                                                                                     .context = crew,
                                                                                     .ready = &crew->ready,
                                                                                     .room = &crew->room})));
}

static void crew_close(struct crew *crew)
{
    rota_workers_close(crew->workers);
    rota_bell_close(&crew->ready);
    rota_bell_close(&crew->room);
}

static void crew_order(void)
{
    struct crew crew;
    struct producer producers[CREW_PEERS];
    uint64_t last[CREW_PEERS] = {0};
    uint32_t taken = 0, expected = CREW_PEERS * (CREW_FRAMES - CREW_FRAMES / 7);
    struct rota_frame frame;
    crew_open(&crew, CREW_PEERS, CREW_THREADS, crew_judge);
    for (uint32_t i = 0; i < CREW_PEERS; i++) {
        producers[i] = (struct producer){.crew = &crew, .peer = i};
        EXPECT(pthread_create(&producers[i].thread, NULL, crew_produce, &producers[i]) == 0);
    }
    WAIT_FOR(4 * WORLD_PATIENCE_MS, taken == expected, {
        rota_bell_wait(&crew.ready, rota_clock_monotonic_ms() + 20);
        while (rota_workers_take(crew.workers, &frame)) {
            EXPECT(frame.fetch.from > last[frame.peer]);
            last[frame.peer] = frame.fetch.from;
            EXPECT(rota_workers_held(crew.workers, frame.peer) <= ROTA_INBOX_BYTES_MAX);
            taken++;
        }
    });
    for (uint32_t i = 0; i < CREW_PEERS; i++)
        EXPECT(pthread_join(producers[i].thread, NULL) == 0);
    EXPECT(atomic_load(&crew.judged) == CREW_PEERS * CREW_FRAMES);
    crew_close(&crew);
}

/* Nobody takes: the inbox fills to its bound in frames, then to its bound in bytes, and no further. */
static void crew_bounds(void)
{
    struct crew crew;
    struct rota_frame frame;
    uint32_t put = 0;
    crew_open(&crew, 1, 2, crew_judge);
    struct rota_raw *raw = crew_frame(1, 64);
    while (rota_workers_put(crew.workers, 0, raw)) {
        put++;
        raw = crew_frame(1, 64);
    }
    EXPECT(put == ROTA_INBOX_FRAMES_MAX);
    WAIT_FOR(WORLD_PATIENCE_MS, atomic_load(&crew.judged) == put,
             rota_bell_wait(&crew.ready, rota_clock_monotonic_ms() + 20));
    for (uint32_t i = 0; i < put; i++)
        WAIT_FOR(WORLD_PATIENCE_MS, rota_workers_take(crew.workers, &frame), rota_bell_wait(&crew.ready, 0));
    EXPECT(rota_workers_held(crew.workers, 0) == 0);
    free(raw);

    raw = crew_frame(1, ROTA_FRAME_BYTES_MAX);
    for (put = 0; rota_workers_put(crew.workers, 0, raw); put++)
        raw = crew_frame(1, ROTA_FRAME_BYTES_MAX);
    EXPECT(put >= 4 && rota_workers_held(crew.workers, 0) <= ROTA_INBOX_BYTES_MAX);
    free(raw);
    crew_close(&crew); /* with frames inside */
}

/* Frames of peer 0 cost 2 ms, those of peer 1 next to nothing. */
static struct rota_frame *crew_judge_dear(void *context, uint32_t peer, struct rota_view plain)
{
    struct crew *crew = context;
    (void)plain;
    atomic_fetch_add(&crew->judged, 1);
    uint64_t end_us = rota_clock_monotonic_us() + (peer == 0 ? 2000 : 1);
    while (rota_clock_monotonic_us() < end_us)
        ;
    struct rota_frame *frame = calloc(1, sizeof *frame);
    EXPECT(frame);
    *frame = (struct rota_frame){.kind = ROTA_FRAME_FETCH, .peer = peer};
    return frame;
}

/* A peer with dear frames does not hold up one with cheap frames: all cheap ones are through after a few dear ones. */
static void crew_fairness(void)
{
    enum { DEAR = 500, CHEAP = 200 };
    struct crew crew;
    struct rota_frame frame;
    uint32_t dear = 0, cheap = 0;
    crew_open(&crew, 2, 1, crew_judge_dear);
    for (uint32_t i = 0; i < DEAR; i++)
        EXPECT(rota_workers_put(crew.workers, 0, crew_frame(1, 64)));
    for (uint32_t i = 0; i < CHEAP; i++)
        EXPECT(rota_workers_put(crew.workers, 1, crew_frame(1, 64)));
    WAIT_FOR(WORLD_PATIENCE_MS, cheap == CHEAP, {
        rota_bell_wait(&crew.ready, rota_clock_monotonic_ms() + 20);
        while (cheap < CHEAP && rota_workers_take(crew.workers, &frame))
            *(frame.peer == 0 ? &dear : &cheap) += 1;
    });
    EXPECT(dear < DEAR / 2);
    crew_close(&crew);
}

int main(void)
{
    crew_order();
    crew_bounds();
    crew_fairness();
    return 0;
}
