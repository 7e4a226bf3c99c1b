/* PEOPLE.csv: who is which token. The ledger knows people only as tokens drawn at random; this file, 0600 and never sent
 * anywhere, is what ties them to the names of a roster. */
#ifndef ROTA_TOOLS_PEOPLE_FILE_H
#define ROTA_TOOLS_PEOPLE_FILE_H

#include "crypto/bytes.h"

#include <jansson.h>

struct rota_people {
    json_t *tokens; /* name -> token; owned */
    bool changed;
};

/* A file that is not there yet is empty. ROTA_PERMISSION when others may read it. *out_line: of a bad line. */
ROTA_CHECKED struct rota_status rota_people_read(struct rota_people *out, const char *path, uint64_t *out_line);
void rota_people_free(struct rota_people *people);
/* The person's token; false when the name is not known. */
bool rota_people_find(struct rota_token *out, const struct rota_people *people, const char *name);
/* Draws a token for a new name. */
void rota_people_add(struct rota_token *out, struct rota_people *people, const char *name);
/* Writes the file if something was added; durable before anybody is enrolled. */
ROTA_CHECKED struct rota_status rota_people_write(struct rota_people *people, const char *path);

#endif
