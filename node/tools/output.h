/* What a command says: words on stdout, remarks and complaints on stderr, or one JSON object with --json. */
#ifndef ROTA_TOOLS_OUTPUT_H
#define ROTA_TOOLS_OUTPUT_H

#include "crypto/json.h"
#include "node/tools/command.h"
#include "node/tools/exit_code.h"

#include <stdio.h>

/* A new object whose first member is "schema": "rotaledger.<what>/1". Never NULL: without memory the program ends. */
json_t *rota_result_new(const char *what);
/* Adds a member; takes over the value. */
void rota_result_set(json_t *object, const char *name, json_t *value);
void rota_result_text(json_t *object, const char *name, const char *text);
void rota_result_number(json_t *object, const char *name, uint64_t number);
void rota_result_hex(json_t *object, const char *name, struct rota_view bytes);
/* Prints the object on stdout and releases it. */
void rota_result_print(json_t *object);

/* One complaint: what went wrong, and what to do next (may be NULL). With --json also an object on stdout. Returns the
 * exit code, so that a command can say `return rota_wrong(...)`. */
int rota_wrong(const struct rota_common *common, int exit_code, const char *next, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a status; `what` is what was tried: "cannot read alpha.key". */
int rota_wrong_status(const struct rota_common *common, struct rota_status status, const char *next, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A remark on stderr, unless --quiet. */
void rota_remark(const struct rota_common *common, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Asks on the terminal, and adds what may be answered; false without a terminal, and for any answer but y or yes. What can
 * be done about a no is ROTA_ASK_NEXT, of commands that have --yes. */
bool rota_ask(const char *question);
#define ROTA_ASK_NEXT "answer y on a terminal, or give --yes"

/* What turns the terminal red, and back; empty where the stream is no terminal. */
const char *rota_red(FILE *stream);
const char *rota_plain(FILE *stream);

/* A stranger's text made fit for a terminal: control characters become '?'. Returns `out`. */
const char *rota_printable(char *out, size_t out_size, const char *text);

#endif
