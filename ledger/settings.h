/* What a genesis and an epoch document have in common: members, profile, limits, timers (FORMATS §4, §16). */
#ifndef ROTA_LEDGER_SETTINGS_H
#define ROTA_LEDGER_SETTINGS_H

#include "ledger/membership.h"

#include <jansson.h>

/* Limits of the ledger, the same at every member. */
struct rota_limits {
    uint32_t block_entries_max; /* default 256 */
    uint32_t block_bytes_max;   /* default 262144: sum of entry bytes */
    uint32_t window;            /* uncommitted blocks in flight, default 16 */
};

/* Protocol timers in milliseconds, the same at every member (PROTOCOL §6). */
struct rota_timers {
    uint32_t heartbeat_ms;   /* 100 */
    uint32_t suspect_ms;     /* 500: silence of the primary */
    uint32_t progress_ms;    /* 1000: an accepted block that does not commit */
    uint32_t request_ms;     /* 1300: a request that no block takes up */
    uint32_t view_change_ms; /* 1000 */
    uint32_t status_ms;      /* 500 */
    uint32_t clock_ms;       /* 500: how far ahead of our clock a block's time may be */
    uint32_t latency_ms;     /* 400: a median below this is never too slow */
    uint32_t rotate_ms;      /* 600000: a primary's turn; 0: without end */
    uint32_t rotate_blocks;  /* 4096: the same in blocks; 0: without end */
    uint32_t tick_ms;        /* 0, never: how old the newest block may be before a TICK follows it (PROTOCOL T11) */
};

/* "members": 1..31 facilities, distinct, each key proven. Fills count and members. ROTA_MALFORMED with the sentence. */
ROTA_CHECKED struct rota_status rota_members_parse(struct rota_membership *out, const json_t *root);
/* "profile": byzantine or crash. */
ROTA_CHECKED struct rota_status rota_profile_parse(enum rota_profile *out, const json_t *root);
/* "limits" and "timers"; where one is missing its presets hold. */
ROTA_CHECKED struct rota_status rota_settings_parse(struct rota_limits *limits, struct rota_timers *timers,
                                                    const json_t *root);
/* The same as JSON, every number listed; given to the caller. NULL when memory is out. */
json_t *rota_limits_json(const struct rota_limits *limits);
json_t *rota_timers_json(const struct rota_timers *timers);

#endif
