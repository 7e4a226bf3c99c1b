/* A genesis in words, for the commands that show, seal or use one. */
#ifndef ROTA_TOOLS_GENESIS_WORDS_H
#define ROTA_TOOLS_GENESIS_WORDS_H

#include "crypto/json.h"
#include "ledger/genesis.h"

#include <stdio.h>

/* One sentence about how many liars and how many absent members this network stands. */
void rota_genesis_tolerance(char *out, size_t out_size, const struct rota_membership *membership);
/* "scheduler+director". */
void rota_roles_in_words(char *out, size_t out_size, uint32_t roles);
/* The same text as the array of a genesis or a grant; NULL when a word is unknown. */
json_t *rota_roles_from_words(const char *text);
/* Hex and words. */
void rota_ledger_id_print(FILE *out, const struct rota_hash *ledger_id);
void rota_ledger_id_result(json_t *result, const struct rota_hash *ledger_id);

#endif
