/* The genesis file: one strict-JSON document, kept byte for byte; its hash is the ledger's identity (FORMATS §4). */
#ifndef ROTA_LEDGER_GENESIS_H
#define ROTA_LEDGER_GENESIS_H

#include "crypto/keyfile.h"
#include "ledger/settings.h"

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
