#include "node/tools/csv_map.h"

#include "ledger/proposal.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { MAP_OFFSET_MAX = 18 * 60 };

/* libconfuse reports through a callback that carries only its own context. */
static _Thread_local char map_error_text[256];

__attribute__((format(printf, 2, 0))) static void map_on_error(cfg_t *cfg, const char *format, va_list arguments)
{
    int len = 0;
    if (cfg != NULL && cfg->filename != NULL && cfg->line != 0)
        len = snprintf(map_error_text, sizeof map_error_text, "%s:%d: ", cfg->filename, cfg->line);
    if (len >= 0 && (size_t)len < sizeof map_error_text)
        (void)vsnprintf(map_error_text + len, sizeof map_error_text - (size_t)len, format, arguments);
}

static struct rota_status map_take_column(char out[ROTA_COLUMN_CHARS_MAX], cfg_t *cfg, const char *name)
{
    int len = snprintf(out, ROTA_COLUMN_CHARS_MAX, "%s", cfg_getstr(cfg, name));
    if (len < 0 || len >= ROTA_COLUMN_CHARS_MAX)
        return rota_fail(ROTA_USAGE, "a column's name is too long");
    return rota_ok();
}

/* "" stays empty. */
static struct rota_status map_take_token(struct rota_token *out, cfg_t *cfg, const char *name)
{
    const char *text = cfg_getstr(cfg, name);
    if (text[0] == '\0')
        return rota_ok();
    if (!rota_is_ok(rota_token_parse(out, rota_view_text(text))))
        return rota_fail(ROTA_USAGE, "facility, home, pool and reason must be 1 to 32 of A-Z a-z 0-9 . _ -");
    return rota_ok();
}

static struct rota_status map_take_columns(struct rota_csv_map *out, cfg_t *cfg)
{
    ROTA_TRY(map_take_column(out->person, cfg, "person"));
    ROTA_TRY(map_take_column(out->date, cfg, "date"));
    ROTA_TRY(map_take_column(out->start, cfg, "start"));
    ROTA_TRY(map_take_column(out->end, cfg, "end"));
    ROTA_TRY(map_take_column(out->minutes, cfg, "minutes"));
    ROTA_TRY(map_take_column(out->code, cfg, "code"));
    ROTA_TRY(map_take_column(out->facility_column, cfg, "facility_column"));
    if (out->person[0] == '\0' || out->start[0] == '\0' || out->code[0] == '\0')
        return rota_fail(ROTA_USAGE, "person, start and code must name columns");
    if ((out->end[0] == '\0') == (out->minutes[0] == '\0'))
        return rota_fail(ROTA_USAGE, "name either the column of the end or that of the minutes");
    return rota_ok();
}

static struct rota_status map_take_numbers(struct rota_csv_map *out, cfg_t *cfg)
{
    long offset = cfg_getint(cfg, "utc_offset_minutes");
    long ops = cfg_getint(cfg, "ops_per_proposal");
    const char *delimiter = cfg_getstr(cfg, "delimiter");
    if (offset < -MAP_OFFSET_MAX || offset > MAP_OFFSET_MAX)
        return rota_fail(ROTA_USAGE, "utc_offset_minutes must be -1080 to 1080");
    if (ops < 1 || ops > ROTA_PROPOSAL_OPS_MAX)
        return rota_fail(ROTA_USAGE, "ops_per_proposal must be 1 to 256");
    if (strlen(delimiter) != 1 || delimiter[0] == '"' || delimiter[0] == '\n')
        return rota_fail(ROTA_USAGE, "delimiter is one character");
    out->utc_offset_minutes = (int32_t)offset;
    out->ops_per_proposal = (uint32_t)ops;
    out->delimiter = delimiter[0];
    out->person_is_token = cfg_getbool(cfg, "person_is_token");
    return rota_ok();
}

static struct rota_status map_take(struct rota_csv_map *out, cfg_t *cfg)
{
    ROTA_TRY(map_take_columns(out, cfg));
    ROTA_TRY(map_take_token(&out->facility, cfg, "facility"));
    ROTA_TRY(map_take_token(&out->home, cfg, "home"));
    ROTA_TRY(map_take_token(&out->pool, cfg, "pool"));
    ROTA_TRY(map_take_token(&out->reason, cfg, "reason"));
    if ((out->facility.text[0] == '\0') == (out->facility_column[0] == '\0'))
        return rota_fail(ROTA_USAGE, "give either facility, the same for all rows, or facility_column");
    return map_take_numbers(out, cfg);
}

static struct rota_status map_parse(struct rota_csv_map *out, cfg_t *cfg, const char *path)
{
    cfg_set_error_function(cfg, map_on_error);
    int result = cfg_parse(cfg, path);
    if (result == CFG_FILE_ERROR)
        return rota_fail(ROTA_NOT_FOUND, "there is no such file, or it cannot be read");
    if (result != CFG_SUCCESS)
        return rota_fail(ROTA_USAGE, "not a valid map");
    return map_take(out, cfg);
}

struct rota_status rota_csv_map_read(struct rota_csv_map *out, const char *path, char *error, size_t error_size)
{
    static char empty[] = "", comma[] = ",", reason[] = "import";
    cfg_opt_t options[] = {CFG_STR("person", empty, CFGF_NONE),
                           CFG_STR("date", empty, CFGF_NONE),
                           CFG_STR("start", empty, CFGF_NONE),
                           CFG_STR("end", empty, CFGF_NONE),
                           CFG_STR("minutes", empty, CFGF_NONE),
                           CFG_STR("code", empty, CFGF_NONE),
                           CFG_STR("facility_column", empty, CFGF_NONE),
                           CFG_STR("facility", empty, CFGF_NONE),
                           CFG_STR("home", empty, CFGF_NONE),
                           CFG_STR("pool", empty, CFGF_NONE),
                           CFG_STR("reason", reason, CFGF_NONE),
                           CFG_STR("delimiter", comma, CFGF_NONE),
                           CFG_INT("utc_offset_minutes", 0, CFGF_NONE),
                           CFG_INT("ops_per_proposal", 1, CFGF_NONE),
                           CFG_BOOL("person_is_token", cfg_false, CFGF_NONE),
                           CFG_END()};
    *out = (struct rota_csv_map){0};
    map_error_text[0] = '\0';
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    if (cfg == NULL)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    struct rota_status status = map_parse(out, cfg, path);
    (void)cfg_free(cfg);
    if (!rota_is_ok(status) && map_error_text[0] == '\0')
        (void)snprintf(map_error_text, sizeof map_error_text, "%s: %s", path, status.why);
    (void)snprintf(error, error_size, "%s", map_error_text);
    return status;
}
