/* The genesis file: one strict-JSON document, kept byte for byte; its hash is the ledger's identity (FORMATS §4). */
#ifndef ROTA_LEDGER_GENESIS_H
#define ROTA_LEDGER_GENESIS_H

#include "crypto/keyfile.h"
#include "ledger/membership.h"

#include <jansson.h>

enum { ROTA_GENESIS_BYTES_MAX = 4 * 1024 * 1024, ROTA_ROLES_MAX = 4 };

/* What a coordinator may do. Bits of a mask. */
enum rota_role { ROTA_ROLE_SCHEDULER = 1, ROTA_ROLE_DIRECTOR = 2 };

struct rota_genesis_coordinator {
    struct rota_token label;
    struct rota_es256k_public key;
    struct rota_token facility;
    uint32_t roles; /* mask of enum rota_role */
};

struct rota_genesis_person {
    struct rota_token id; /* opaque, drawn at random by whoever enrols */
    struct rota_token home;
};

struct rota_genesis_code {
    struct rota_token id;
    struct rota_token pool; /* the intake pool its proposals belong to, "" = the default pool */
};

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
};

struct rota_genesis {
    uint8_t *bytes; /* the file, verbatim; owned */
    size_t len;
    struct rota_hash ledger_id;
    struct rota_token name;
    uint64_t created_ms;               /* lower bound of the first block's time */
    struct rota_membership membership; /* epoch 0 */
    struct rota_limits limits;
    struct rota_timers timers;
    uint32_t coordinator_count;
    struct rota_genesis_coordinator *coordinators; /* owned */
    uint32_t person_count;
    struct rota_genesis_person *people; /* owned */
    uint32_t code_count;
    struct rota_genesis_code *codes; /* owned */
};

/* Parses and checks everything (members distinct, possession proofs, facilities known, n within bounds, sealed form).
 * The bytes are copied. ROTA_MALFORMED with a sentence that names the member at fault; *out is zero on failure. */
ROTA_CHECKED struct rota_status rota_genesis_parse(struct rota_genesis *out, struct rota_view bytes);
void rota_genesis_free(struct rota_genesis *genesis);
/* A JSON list of role names as a mask of enum rota_role; at least one, none twice. */
ROTA_CHECKED struct rota_status rota_roles_parse(uint32_t *out, const json_t *list);
/* H(tag genesis || bytes), without parsing. */
struct rota_hash rota_ledger_id(struct rota_view genesis_bytes);

#endif
