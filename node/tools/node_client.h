/* Questions to the nodes that the command line names, in that order, until one answers. */
#ifndef ROTA_TOOLS_NODE_CLIENT_H
#define ROTA_TOOLS_NODE_CLIENT_H

#include "node/tools/output.h"
#include "node/tools/problem.h"

/* 0 and an answer with a 2xx status, to be freed; or the exit code after a complaint that says what was tried. */
int rota_node_get(struct rota_http_answer *out, const struct rota_common *common, const char *path);
/* The same for a JSON object; given to the caller. */
int rota_node_get_json(json_t **out, const struct rota_common *common, const char *path);
/* The identity of the ledger, from the genesis bytes that the node serves. */
int rota_node_ledger_id(struct rota_hash *out, const struct rota_common *common);
/* Height of the node's ledger. */
int rota_node_height(uint64_t *out, const struct rota_common *common);
/* Highest seq that the ledger has of this key, 0 when it knows none; complains when the key is unknown, suspended or
 * revoked. */
int rota_node_seq_highest(uint64_t *out, const struct rota_common *common, const struct rota_kid *kid);
/* A list of the node's: the array `name` of the answer, or the answer when it is an array. Borrowed from `document`. */
const json_t *rota_json_list(const json_t *document, const char *name);
/* A member as a number; `otherwise` when it is missing or none. */
uint64_t rota_json_number(const json_t *object, const char *name, uint64_t otherwise);

#endif
