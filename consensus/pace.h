/* A pace for whoever asks: each answer is paid for with time, a few of them in advance. Who asks faster gets no more. */
#ifndef ROTA_CONSENSUS_PACE_H
#define ROTA_CONSENSUS_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* True: answer, it is noted. *paid_ms: until when the answers so far are paid for, 0 at first; one for each peer. */
static inline bool rota_pace(uint64_t *paid_ms, uint64_t now_ms, uint64_t pause_ms, uint64_t ahead)
{
    uint64_t from_ms = *paid_ms > now_ms ? *paid_ms : now_ms;
    if (from_ms - now_ms >= ahead * pause_ms)
        return false;
    *paid_ms = from_ms + pause_ms;
    return true;
}

#endif
