/* Figures of one link over loopback: frames a second and CPU a frame, with sealing, opening, decoding and verifying.
 *   links_bench [frames]      (the test runs it with few, to see that it runs) */
#include "world.h"

#include <sys/resource.h>

static struct world world;
static struct node a, b;

static uint64_t bench_cpu_us(void)
{
    struct rusage usage;
    EXPECT(getrusage(RUSAGE_SELF, &usage) == 0);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* One direction; `ahead` frames may be on their way. 1 measures the way there and back through the loops. */
static void bench_run(const char *name, const struct rota_message *message, const struct rota_block *block, uint64_t frames,
                      uint64_t ahead)
{
    uint64_t sent = 0, taken = 0, began_us = rota_clock_monotonic_us(), cpu_us = bench_cpu_us();
    WAIT_FOR(20 * WORLD_PATIENCE_MS, taken == frames, {
        while (sent < frames && sent - taken < ahead) {
            rota_peers_send_message(a.peers, 1, message, block);
            sent++;
        }
        taken += node_drain(&b);
        if (taken < sent)
            node_pause(&b);
    });
    EXPECT(node_info(&a, 1).dropped_out == 0);
    double us = (double)(rota_clock_monotonic_us() - began_us), cpu = (double)(bench_cpu_us() - cpu_us);
    printf("%-34s %8.0f frames/s  %7.1f us CPU/frame  %7.1f us/frame\n", name, (double)frames / us * 1e6,
           cpu / (double)frames, us / (double)frames);
}

int main(int argc, char **argv)
{
    uint64_t frames = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    struct rota_message message;
    world_open(&world);
    node_open(&a, &world, 0);
    node_open(&b, &world, 1);
    WAIT_FOR(WORLD_PATIENCE_MS, node_is_up(&a, 1) && node_is_up(&b, 0), node_pause(&b));
    world_heartbeat(&message, 0, 1);
    bench_run("heartbeat, pipelined", &message, NULL, frames, 500);
    bench_run("heartbeat, one at a time", &message, NULL, frames / 10, 1);
    world_vote(&world, &message, 0, 1);
    bench_run("prepare, pipelined", &message, NULL, frames / 2, 500);
    bench_run("prepare, one at a time", &message, NULL, frames / 10, 1);
    struct rota_block *block = world_block(&world, 1, 64);
    world_preprepare(&world, &message, block, 0);
    bench_run("block of 64 known entries", &message, block, frames / 100, 8);
    rota_block_release(block);
    node_close(&a);
    node_close(&b);
    return 0;
}
