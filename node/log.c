#include "node/log.h"

#include "node/bell.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

enum { LOG_LINE_BYTES = 512, LOG_RECENT = 8, LOG_REPEAT_MS = 10000 };

/* A line that was said lately. */
struct log_recent {
    char line[LOG_LINE_BYTES];
    uint64_t said_ms;
    uint32_t repeats; /* since then */
};

static const char *const log_words[] = {"", "error", "warning", "info", "debug"};
static enum rota_log_level log_level = ROTA_LOG_INFO;
static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct log_recent log_lines[LOG_RECENT];

bool rota_log_level_parse(enum rota_log_level *out, const char *word)
{
    for (unsigned i = ROTA_LOG_ERROR; i <= ROTA_LOG_DEBUG; i++) {
        if (strcmp(word, log_words[i]) == 0) {
            *out = (enum rota_log_level)i;
            return true;
        }
    }
    return false;
}

void rota_log_set_level(enum rota_log_level level)
{
    log_level = level;
}

bool rota_log_wants(enum rota_log_level level)
{
    return level <= log_level;
}

static void log_say(const struct log_recent *recent)
{
    if (recent->repeats > 0)
        (void)fprintf(stderr, "%s repeated=%u\n", recent->line, recent->repeats);
}

static struct log_recent *log_find(const char *line)
{
    for (size_t i = 0; i < LOG_RECENT; i++)
        if (strcmp(log_lines[i].line, line) == 0)
            return &log_lines[i];
    return NULL;
}

static struct log_recent *log_oldest(void)
{
    struct log_recent *oldest = &log_lines[0];
    for (size_t i = 1; i < LOG_RECENT; i++)
        if (log_lines[i].said_ms < oldest->said_ms)
            oldest = &log_lines[i];
    return oldest;
}

/* Says the line, or counts it when it was said within the last seconds. */
static void log_line(const char *line)
{
    uint64_t now = rota_clock_monotonic_ms();
    struct log_recent *recent = log_find(line);
    if (recent && now - recent->said_ms < LOG_REPEAT_MS) {
        recent->repeats++;
        return;
    }
    if (recent && recent->repeats > 0) {
        log_say(recent);
    } else {
        if (!recent) {
            recent = log_oldest();
            log_say(recent); /* what it still had to tell */
            (void)snprintf(recent->line, sizeof recent->line, "%s", line);
        }
        (void)fprintf(stderr, "%s\n", line);
    }
    recent->repeats = 0;
    recent->said_ms = now;
}

void rota_log(enum rota_log_level level, const char *event, const char *format, ...)
{
    char line[LOG_LINE_BYTES];
    if (!rota_log_wants(level))
        return;
    int used = snprintf(line, sizeof line, "level=%s ev=%s ", log_words[level], event);
    va_list arguments;
    va_start(arguments, format);
    if (used > 0 && (size_t)used < sizeof line)
        (void)vsnprintf(line + used, sizeof line - (size_t)used, format, arguments);
    va_end(arguments);
    ROTA_ASSERT(pthread_mutex_lock(&log_mutex) == 0);
    log_line(line);
    ROTA_ASSERT(pthread_mutex_unlock(&log_mutex) == 0);
}

void rota_log_fatal(const char *what, const char *path, const char *why, const char *data, const char *next)
{
    (void)fprintf(stderr, "level=error ev=fatal what=\"%s\" file=\"%s\" why=\"%s\" data=\"%s\" next=\"%s\"\n", what, path,
                  why, data, next);
}

struct rota_log_hash rota_log_hash(const struct rota_hash *hash)
{
    struct rota_log_hash out;
    rota_hex_encode(out.text, rota_view(hash->b, 8));
    return out;
}
