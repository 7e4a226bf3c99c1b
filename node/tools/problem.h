/* What a node says when it does not do what was asked (RFC 9457). */
#ifndef ROTA_TOOLS_PROBLEM_H
#define ROTA_TOOLS_PROBLEM_H

#include "crypto/json.h"
#include "node/tools/http_client.h"

struct rota_client_problem {
    long status; /* of HTTP; 0: no answer */
    char code[64];
    char detail[512];  /* always a sentence */
    char next[512];    /* "" = the node gave none */
    char conflict[72]; /* id of the proposal in the way, "" = none named */
};

/* Also from an answer that is no problem document, or none at all. Texts are fit for a terminal. */
void rota_client_problem_read(struct rota_client_problem *out, const struct rota_client_answer *answer);
/* The exit code that fits it. */
int rota_client_problem_exit(const struct rota_client_problem *problem);
/* True when the same request may succeed later or elsewhere. */
bool rota_client_problem_passes(const struct rota_client_problem *problem);
/* A member's text, made fit for a terminal; "" when there is none. */
void rota_json_printable(char *out, size_t out_size, const json_t *object, const char *name);

#endif
