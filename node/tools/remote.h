/* Questions to the nodes that the command line names, in that order, until one answers. */
#ifndef ROTA_TOOLS_REMOTE_H
#define ROTA_TOOLS_REMOTE_H

#include "node/tools/output.h"
#include "node/tools/problem.h"

/* 0 and an answer with a 2xx status, to be freed; or the exit code after a complaint that says what was tried. */
int rota_remote_get(struct rota_client_answer *out, const struct rota_common *common, const char *path);
/* The same for a JSON object; given to the caller. */
int rota_remote_get_json(json_t **out, const struct rota_common *common, const char *path);
/* The identity of the ledger, from the genesis bytes that the node serves. */
int rota_remote_ledger_id(struct rota_hash *out, const struct rota_common *common);
/* Height of the node's ledger. */
int rota_remote_height(uint64_t *out, const struct rota_common *common);
/* What the node's ledger knows of a coordinator's key. */
struct rota_known_key {
    bool known;
    uint64_t seq_highest, suspended_at, revoked_at; /* 0: none */
};
int rota_remote_find_key(struct rota_known_key *out, const struct rota_common *common, const struct rota_kid *kid);
/* Why a key may not act, as a sentence; false when it may. */
bool rota_known_key_why_not(char *out, size_t out_size, const struct rota_known_key *key);
/* A list of the node's: the array `name` of the answer, or the answer when it is an array. Borrowed from `document`. */
const json_t *rota_json_list(const json_t *document, const char *name);
/* A member as a number; `otherwise` when it is missing or none. */
uint64_t rota_json_number(const json_t *object, const char *name, uint64_t otherwise);

#endif
