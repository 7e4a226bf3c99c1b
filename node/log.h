/* The log: logfmt on standard error, one line an event, made for journald (which adds the time) and for people. A line that
 * repeats is counted and said once a while. No payload, no name, no key ever goes into it. Any thread. */
#ifndef ROTA_NODE_LOG_H
#define ROTA_NODE_LOG_H

#include "crypto/bytes.h"

enum rota_log_level { ROTA_LOG_ERROR = 1, ROTA_LOG_WARNING, ROTA_LOG_INFO, ROTA_LOG_DEBUG };

/* "error", "warning", "info", "debug"; false for another word. */
bool rota_log_level_parse(enum rota_log_level *out, const char *word);
void rota_log_set_level(enum rota_log_level level);
bool rota_log_wants(enum rota_log_level level);

/* event: a stable word for machines ("commit"). format: more fields, key=value. */
void rota_log(enum rota_log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A fatal stop is one paragraph for the person who has to act: what, is the data safe, what to do next. */
void rota_log_fatal(const char *what, const char *path, const char *why, const char *data, const char *next);

/* The first 16 hex digits of a hash, for a line; the buffer is the caller's. */
struct rota_log_hash {
    char text[17];
};
struct rota_log_hash rota_log_hash(const struct rota_hash *hash);

#endif
