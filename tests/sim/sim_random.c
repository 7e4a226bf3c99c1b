/* Chance, and the trace that shows that nothing else was at work. */
#include "tests/sim/sim.h"

static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void sim_streams_open(uint64_t streams[SIM_STREAMS], uint64_t seed)
{
    for (uint64_t i = 0; i < SIM_STREAMS; i++) {
        uint64_t start = seed * UINT64_C(0x2545f4914f6cdd1d) + (i + 1) * UINT64_C(0xd6e8feb86659fd93);
        streams[i] = split_mix(&start);
    }
}

uint64_t sim_stream_draw(uint64_t *stream, uint64_t below)
{
    return below == 0 ? 0 : split_mix(stream) % below;
}

uint64_t sim_draw(struct sim *sim, enum sim_stream stream, uint64_t below)
{
    return sim_stream_draw(&sim->streams[stream], below);
}

bool sim_chance(struct sim *sim, enum sim_stream stream, uint32_t percent)
{
    return percent != 0 && sim_draw(sim, stream, 100) < percent;
}

uint64_t sim_random(struct sim *sim, uint64_t below)
{
    return sim_draw(sim, SIM_FAULT, below);
}

void sim_trace(struct sim *sim, uint64_t word)
{
    uint64_t mixed = sim->trace ^ word;
    sim->trace = split_mix(&mixed);
}
