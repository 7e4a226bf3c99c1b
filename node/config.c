/* Reading rotad.conf with libconfuse. Everything that can be judged while a value is read is judged there, so that the
 * error names file and line. */
#include "node/config.h"

#include "crypto/bytes.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The first error of the file being read; libconfuse's handler has no context of its own. Only at start, one thread. */
static char *config_error_text;
static size_t config_error_size;

__attribute__((format(printf, 2, 0))) static void config_on_error(cfg_t *cfg, const char *format, va_list arguments)
{
    if (!config_error_text || config_error_text[0] != '\0')
        return;
    int used = snprintf(config_error_text, config_error_size, "%s:%d: ", cfg && cfg->filename ? cfg->filename : "rotad.conf",
                        cfg ? cfg->line : 0);
    if (used > 0 && (size_t)used < config_error_size)
        (void)vsnprintf(config_error_text + used, config_error_size - (size_t)used, format, arguments);
}

/* ---- ranges --------------------------------------------------------------------------------------------------------- */

struct config_range {
    const char *name;
    long min, max;
};

static const struct config_range config_ranges[] = {
    {"workers", 1, 8},
    {"queue", 1, 4096},
    {"rate_per_second", 1, 100000},
    {"burst", 1, 4096},
    {"connections", 1, 4096},
    {"connections_per_address", 1, 4096},
    {"body_bytes_max", 1024, 1048576},
    {"capacity", 1, 4096},
    {"reserved", 0, 4096},
    {"borrow", 0, 4096},
};

static int config_check_number(cfg_t *cfg, cfg_opt_t *option)
{
    long value = cfg_opt_getnint(option, 0);
    for (size_t i = 0; i < sizeof config_ranges / sizeof config_ranges[0]; i++) {
        const struct config_range *range = &config_ranges[i];
        if (strcmp(range->name, cfg_opt_name(option)) != 0 || (value >= range->min && value <= range->max))
            continue;
        cfg_error(cfg, "%s is %ld, but must be %ld to %ld", range->name, value, range->min, range->max);
        return -1;
    }
    return 0;
}

/* "HOST:PORT" with a port of 1 to 65535. */
static bool config_is_host_port(const char *text)
{
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || colon[1] < '0' || colon[1] > '9')
        return false;
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    return *end == '\0' && port >= 1 && port <= 65535;
}

static int config_check_listen(cfg_t *cfg, cfg_opt_t *option)
{
    const char *text = cfg_opt_getnstr(option, 0);
    if (*text == '\0' || (strncmp(text, "tcp://", 6) == 0 && config_is_host_port(text + 6) && strlen(text) < 64))
        return 0;
    cfg_error(cfg, "listen is \"%s\", but must look like tcp://0.0.0.0:7101", text);
    return -1;
}

static int config_check_http(cfg_t *cfg, cfg_opt_t *option)
{
    const char *text = cfg_opt_getnstr(option, 0);
    if (*text == '\0' || (config_is_host_port(text) && strlen(text) < 64))
        return 0;
    cfg_error(cfg, "http is \"%s\", but must look like 127.0.0.1:8101, or be empty for no HTTP", text);
    return -1;
}

static int config_check_readers(cfg_t *cfg, cfg_opt_t *option)
{
    const char *text = cfg_opt_getnstr(option, cfg_opt_size(option) - 1);
    uint8_t key[ROTA_ED25519_PUBLIC_BYTES];
    struct rota_ed25519_public parsed;
    if (cfg_opt_size(option) <= ROTA_READERS_MAX && rota_is_ok(rota_hex_decode(key, sizeof key, rota_view_text(text))) &&
        rota_is_ok(rota_ed25519_public_parse(&parsed, rota_view(key, sizeof key))))
        return 0;
    cfg_error(cfg, "readers lists up to %d facility keys of 64 hex digits; \"%s\" is none, or one too many",
              ROTA_READERS_MAX, text);
    return -1;
}

static int config_check_path(cfg_t *cfg, cfg_opt_t *option)
{
    const char *text = cfg_opt_getnstr(option, 0);
    if (*text != '\0')
        return 0;
    cfg_error(cfg, "%s must name a file", cfg_opt_name(option));
    return -1;
}

static int config_check_pool(cfg_t *cfg, cfg_opt_t *option)
{
    cfg_t *pool = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
    struct rota_token name;
    if (!rota_is_ok(rota_token_parse(&name, rota_view_text(cfg_title(pool))))) {
        cfg_error(cfg, "a pool's name is 1 to 32 characters of A-Z a-z 0-9 . _ -, not \"%s\"", cfg_title(pool));
        return -1;
    }
    if (cfg_getint(pool, "reserved") > cfg_getint(pool, "capacity")) {
        cfg_error(cfg, "pool %s: reserved is more than capacity", cfg_title(pool));
        return -1;
    }
    if (cfg_opt_size(option) > ROTA_POOLS_MAX) {
        cfg_error(cfg, "more than %d pools", ROTA_POOLS_MAX);
        return -1;
    }
    return 0;
}

static void config_set_checks(cfg_t *cfg)
{
    static const char *const paths[] = {"genesis", "key", "ledger", "journal"};
    static const char *const numbers[] = {"workers",
                                          "intake|queue",
                                          "intake|rate_per_second",
                                          "intake|burst",
                                          "intake|connections",
                                          "intake|connections_per_address",
                                          "intake|body_bytes_max",
                                          "intake|pool|capacity",
                                          "intake|pool|reserved",
                                          "intake|pool|borrow"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cfg_set_validate_func(cfg, paths[i], config_check_path);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        cfg_set_validate_func(cfg, numbers[i], config_check_number);
    cfg_set_validate_func(cfg, "listen", config_check_listen);
    cfg_set_validate_func(cfg, "http", config_check_http);
    cfg_set_validate_func(cfg, "readers", config_check_readers);
    cfg_set_validate_func(cfg, "intake|pool", config_check_pool);
}

/* ---- taking over ---------------------------------------------------------------------------------------------------- */

static struct rota_status config_path(char out[ROTA_PATH_MAX], const char *directory, const char *path)
{
    int len =
        path[0] == '/' ? snprintf(out, ROTA_PATH_MAX, "%s", path) : snprintf(out, ROTA_PATH_MAX, "%s/%s", directory, path);
    return len > 0 && len < ROTA_PATH_MAX ? rota_ok() : rota_fail(ROTA_USAGE, "a path is too long");
}

static void config_add_pool(struct rota_intake_config *intake, const char *name, uint32_t capacity, uint32_t reserved,
                            uint32_t borrow)
{
    struct rota_pool_config *pool = &intake->pools[intake->pool_count++];
    memset(pool, 0, sizeof *pool);
    (void)snprintf(pool->name, sizeof pool->name, "%s", name);
    pool->capacity = capacity;
    pool->reserved = reserved;
    pool->borrow = borrow;
}

static bool config_has_pool(const struct rota_intake_config *intake, const char *name)
{
    for (uint32_t i = 0; i < intake->pool_count; i++)
        if (strcmp(intake->pools[i].name, name) == 0)
            return true;
    return false;
}

/* Named pools replace the defaults; "default" is always there. It is wide: a roster is imported through it, and two full
 * blocks must fit while the next two are collected. */
static void config_take_pools(struct rota_intake_config *intake, cfg_t *section)
{
    intake->pool_count = 0;
    for (unsigned i = 0; i < cfg_size(section, "pool"); i++) {
        cfg_t *pool = cfg_getnsec(section, "pool", i);
        config_add_pool(intake, cfg_title(pool), (uint32_t)cfg_getint(pool, "capacity"),
                        (uint32_t)cfg_getint(pool, "reserved"), (uint32_t)cfg_getint(pool, "borrow"));
    }
    if (intake->pool_count == 0) {
        config_add_pool(intake, "icu", 6, 5, 1);
        config_add_pool(intake, "clinic", 8, 8, 0);
        config_add_pool(intake, "flex", 2, 0, 0);
    }
    if (!config_has_pool(intake, "default") && intake->pool_count < ROTA_POOLS_MAX)
        config_add_pool(intake, "default", 1024, 0, 0);
}

static void config_take_intake(struct rota_intake_config *intake, cfg_t *section)
{
    intake->queue = (uint32_t)cfg_getint(section, "queue");
    intake->rate_per_second = (uint32_t)cfg_getint(section, "rate_per_second");
    intake->burst = (uint32_t)cfg_getint(section, "burst");
    intake->connections = (uint32_t)cfg_getint(section, "connections");
    intake->connections_per_address = (uint32_t)cfg_getint(section, "connections_per_address");
    intake->body_bytes_max = (uint32_t)cfg_getint(section, "body_bytes_max");
    config_take_pools(intake, section);
}

/* Checked one by one while the file was read. */
static struct rota_status config_take_readers(struct rota_config *out, cfg_t *cfg)
{
    out->reader_count = cfg_size(cfg, "readers");
    for (uint32_t i = 0; i < out->reader_count; i++) {
        uint8_t key[ROTA_ED25519_PUBLIC_BYTES];
        ROTA_TRY(rota_hex_decode(key, sizeof key, rota_view_text(cfg_getnstr(cfg, "readers", i))));
        ROTA_TRY(rota_ed25519_public_parse(&out->readers[i], rota_view(key, sizeof key)));
    }
    return rota_ok();
}

static struct rota_status config_take(struct rota_config *out, cfg_t *cfg, const char *directory)
{
    ROTA_TRY(config_path(out->genesis, directory, cfg_getstr(cfg, "genesis")));
    ROTA_TRY(config_path(out->key, directory, cfg_getstr(cfg, "key")));
    ROTA_TRY(config_path(out->ledger, directory, cfg_getstr(cfg, "ledger")));
    ROTA_TRY(config_path(out->journal, directory, cfg_getstr(cfg, "journal")));
    (void)snprintf(out->listen, sizeof out->listen, "%s", cfg_getstr(cfg, "listen"));
    (void)snprintf(out->http, sizeof out->http, "%s", cfg_getstr(cfg, "http"));
    out->workers = (uint32_t)cfg_getint(cfg, "workers");
    ROTA_TRY(config_take_readers(out, cfg));
    config_take_intake(&out->intake, cfg_getsec(cfg, "intake"));
    return rota_ok();
}

static uint32_t config_default_workers(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : processors > 4 ? 4 : (uint32_t)processors;
}

static cfg_t *config_describe(void)
{
    static cfg_opt_t pool[] = {CFG_INT("capacity", 1, CFGF_NONE), CFG_INT("reserved", 0, CFGF_NONE),
                               CFG_INT("borrow", 0, CFGF_NONE), CFG_END()};
    static cfg_opt_t intake[] = {CFG_INT("queue", 1024, CFGF_NONE),
                                 CFG_INT("rate_per_second", 200, CFGF_NONE),
                                 CFG_INT("burst", 256, CFGF_NONE),
                                 CFG_INT("connections", 256, CFGF_NONE),
                                 CFG_INT("connections_per_address", 64, CFGF_NONE),
                                 CFG_INT("body_bytes_max", 96 * 1024, CFGF_NONE),
                                 CFG_SEC("pool", pool, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                                 CFG_END()};
    cfg_opt_t options[] = {CFG_STR("genesis", "genesis.json", CFGF_NONE),
                           CFG_STR("key", "node.key", CFGF_NONE),
                           CFG_STR("ledger", "ledger.db", CFGF_NONE),
                           CFG_STR("journal", "private.db", CFGF_NONE),
                           CFG_STR("listen", "", CFGF_NONE),
                           CFG_STR("http", "127.0.0.1:8101", CFGF_NONE),
                           CFG_INT("workers", (long)config_default_workers(), CFGF_NONE),
                           CFG_STR_LIST("readers", NULL, CFGF_NONE),
                           CFG_SEC("intake", intake, CFGF_NONE),
                           CFG_END()};
    return cfg_init(options, CFGF_NONE);
}

static struct rota_status config_parse(struct rota_config *out, cfg_t *cfg, const char *directory, char *error,
                                       size_t error_size)
{
    char path[ROTA_PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/rotad.conf", directory);
    int result = cfg_parse(cfg, path);
    if (result == CFG_FILE_ERROR) {
        (void)snprintf(error, error_size, "%s: cannot be read: %s", path, strerror(errno));
        return rota_fail(ROTA_USAGE, "the configuration cannot be read");
    }
    if (result != CFG_SUCCESS) {
        if (error[0] == '\0')
            (void)snprintf(error, error_size, "%s:%d: cannot be understood", path, cfg->line);
        return rota_fail(ROTA_USAGE, "the configuration is wrong");
    }
    struct rota_status status = config_take(out, cfg, directory);
    if (!rota_is_ok(status))
        (void)snprintf(error, error_size, "%s: %s", path, status.why);
    return status;
}

struct rota_status rota_config_read(struct rota_config *out, const char *directory, char *error, size_t error_size)
{
    memset(out, 0, sizeof *out);
    ROTA_ASSERT(error_size > 0);
    error[0] = '\0';
    if (strlen(directory) == 0 || strlen(directory) >= sizeof out->directory) {
        (void)snprintf(error, error_size, "the name of the directory is empty or too long");
        return rota_fail(ROTA_USAGE, "the name of the directory is empty or too long");
    }
    (void)snprintf(out->directory, sizeof out->directory, "%s", directory);
    cfg_t *cfg = config_describe();
    if (!cfg)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the configuration");
    config_error_text = error;
    config_error_size = error_size;
    cfg_set_error_function(cfg, config_on_error);
    config_set_checks(cfg);
    struct rota_status status = config_parse(out, cfg, directory, error, error_size);
    cfg_free(cfg);
    config_error_text = NULL;
    return status;
}
