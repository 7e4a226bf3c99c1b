/* A proposal and what became of it, in words. */
#ifndef ROTA_TOOLS_DESCRIBE_H
#define ROTA_TOOLS_DESCRIBE_H

#include "crypto/json.h"
#include "ledger/outcome.h"
#include "ledger/proposal.h"

#include <stdio.h>

enum { ROTA_DESCRIPTION_MAX = 256 };

/* One operation's fate, from a node's answer or from a record; texts are fit for a terminal. */
struct rota_fate_line {
    bool refused;
    char name[40];   /* "ok", "overlap" */
    char text[200];  /* the sentence */
    char detail[80]; /* hex, or "" */
};

struct rota_fate_lines {
    uint32_t count;
    struct rota_fate_line items[ROTA_PROPOSAL_OPS_MAX];
};

void rota_operation_describe(char out[ROTA_DESCRIPTION_MAX], const struct rota_proposal *proposal, uint32_t op_index);
/* Envelope and operations; with their fates when given. Indented lines. */
void rota_proposal_print(FILE *out, const struct rota_proposal *proposal, const struct rota_fate_lines *fates);
/* The same as JSON members of `result`. */
void rota_proposal_result(json_t *result, const struct rota_proposal *proposal, const struct rota_fate_lines *fates);

/* From the array "outcomes" of a node's document. */
void rota_fates_of_document(struct rota_fate_lines *out, const json_t *document);
/* From an outcome record. */
ROTA_CHECKED struct rota_status rota_fates_of_record(struct rota_fate_lines *out, struct rota_view record);
uint32_t rota_fates_refused(const struct rota_fate_lines *fates);

#endif
