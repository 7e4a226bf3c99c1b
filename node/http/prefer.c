/* "Prefer: wait=SECONDS" (RFC 7240): the first preference of that name counts, in whichever Prefer header it stands. */
#include "node/http/door.h"

#include <ctype.h>

enum { PREFER_WAIT_MAX_S = 30 };

static const char *prefer_skip(const char *text, const char *characters)
{
    return text + strspn(text, characters);
}

/* The value behind "=": digits, perhaps in quotes. 0 when it is something else. */
static uint32_t prefer_seconds(const char *text)
{
    const char *end = text;
    uint32_t seconds = 0;
    bool quoted = *end == '"';
    for (end += quoted; isdigit((unsigned char)*end); end++)
        seconds = seconds > PREFER_WAIT_MAX_S ? seconds : seconds * 10 + (uint32_t)(*end - '0');
    if (end == text + quoted || (quoted && *end++ != '"'))
        return 0;
    end = prefer_skip(end, " \t");
    if (*end != '\0' && *end != ',' && *end != ';')
        return 0;
    return seconds > PREFER_WAIT_MAX_S ? PREFER_WAIT_MAX_S : seconds;
}

/* The next preference of the list; a comma in quotes ends none. */
static const char *prefer_next(const char *text)
{
    bool quoted = false;
    for (; *text && (quoted || *text != ','); text++) {
        if (quoted && *text == '\\' && text[1])
            text++;
        else if (*text == '"')
            quoted = !quoted;
    }
    return *text ? text + 1 : text;
}

uint32_t rota_prefer_parse(const char *prefer, bool *out_found)
{
    *out_found = false;
    for (const char *at = prefer_skip(prefer, " \t"); *at; at = prefer_skip(prefer_next(at), " \t")) {
        if (strncasecmp(at, "wait", 4) != 0)
            continue;
        const char *value = prefer_skip(at + 4, " \t");
        if (*value != '=')
            continue;
        *out_found = true;
        return prefer_seconds(prefer_skip(value + 1, " \t")) * 1000;
    }
    return 0;
}

struct prefer {
    bool found;
    uint32_t wait_ms;
};

static enum MHD_Result prefer_look(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct prefer *prefer = context;
    (void)kind;
    if (!prefer->found && value && strcasecmp(name, "prefer") == 0)
        prefer->wait_ms = rota_prefer_parse(value, &prefer->found);
    return MHD_YES;
}

uint32_t rota_prefer_wait_ms(const struct rota_http_request *request)
{
    struct prefer prefer = {0};
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, prefer_look, &prefer);
    return prefer.wait_ms;
}
