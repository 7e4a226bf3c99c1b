/* Framing that two readers could take differently is refused before anything else; so are parameters that the route does not
 * know, because "?dryrun=1" must not hand in a proposal for good. */
#include "node/http/door.h"

#include <stdio.h>
#include <stdlib.h>

struct framing {
    unsigned hosts, lengths, transfers;
    const char *length;
};

static enum MHD_Result framing_count(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct framing *framing = context;
    (void)kind;
    if (strcasecmp(name, "host") == 0)
        framing->hosts++;
    else if (strcasecmp(name, "transfer-encoding") == 0)
        framing->transfers++;
    else if (strcasecmp(name, "content-length") == 0) {
        framing->lengths++;
        framing->length = value;
    }
    return MHD_YES;
}

static bool framing_is_number(const char *text)
{
    return text && *text && strlen(text) <= 10 && text[strspn(text, "0123456789")] == '\0';
}

static void framing_refuse(struct rota_http_reply *reply, unsigned status, const char *code, const char *title,
                           const char *detail)
{
    rota_reply_problem(reply, &(struct rota_problem){.status = status, .code = code, .title = title, .detail = detail});
    reply->close = true;
}

static void framing_check_headers(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct framing framing = {0};
    bool body = request->route->admit != NULL;
    char detail[96];
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, framing_count, &framing);
    bool number = framing_is_number(framing.length);
    unsigned long length = number ? strtoul(framing.length, NULL, 10) : 0;
    if (framing.hosts != 1) {
        framing_refuse(reply, MHD_HTTP_BAD_REQUEST, "bad-request", "Bad request", "a request has exactly one Host header");
    } else if (framing.transfers > 0) {
        framing_refuse(reply, MHD_HTTP_NOT_IMPLEMENTED, "transfer-encoding", "Not implemented",
                       "send a Content-Length; chunked bodies are not taken");
    } else if (framing.lengths > 1 || (framing.lengths == 1 && !number)) {
        framing_refuse(reply, MHD_HTTP_BAD_REQUEST, "bad-request", "Bad request",
                       "a request has at most one Content-Length, in digits");
    } else if (body && framing.lengths == 0) {
        framing_refuse(reply, MHD_HTTP_LENGTH_REQUIRED, "length-required", "Length required",
                       "say how long the body is: Content-Length");
    } else if (body && length > request->body_max) {
        snprintf(detail, sizeof detail, "a body may have %zu bytes at most", request->body_max);
        framing_refuse(reply, MHD_HTTP_CONTENT_TOO_LARGE, "too-large", "Too large", detail);
    } else if (!body && length > 0) {
        framing_refuse(reply, MHD_HTTP_BAD_REQUEST, "bad-request", "Bad request", "this request takes no body");
    }
}

/* ---- parameters ----------------------------------------------------------------------------------------------------- */

struct parameters {
    const char *known;
    unsigned seen; /* bit: place of the name in known */
    bool unknown, twice, wrong;
};

/* Flags are written "?ended" or "?ended=1". */
static bool parameter_is_flag(const char *name)
{
    return strcmp(name, "dry-run") == 0 || strcmp(name, "ended") == 0 || strcmp(name, "digest") == 0 ||
           strcmp(name, "verbose") == 0;
}

static enum MHD_Result parameter_look(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct parameters *parameters = context;
    const char *known = parameters->known;
    unsigned place = 0;
    size_t len = strlen(name);
    (void)kind;
    while (*known && (strncmp(known, name, len) != 0 || known[len] != ' ')) {
        known = strchr(known, ' ') + 1;
        place++;
    }
    parameters->unknown |= *known == '\0' || len == 0;
    parameters->twice |= parameters->seen >> place & 1;
    parameters->seen |= 1U << place;
    parameters->wrong |= parameter_is_flag(name) && value && *value && strcmp(value, "1") != 0;
    return MHD_YES;
}

static void framing_check_query(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct parameters parameters = {.known = request->route->query};
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, parameter_look, &parameters);
    if (parameters.unknown)
        rota_reply_bad_query(reply, "this address does not know one of these parameters");
    else if (parameters.twice)
        rota_reply_bad_query(reply, "a parameter is there twice");
    else if (parameters.wrong)
        rota_reply_bad_query(reply, "a flag is there or not; its value, if any, is 1");
    reply->close = reply->status != 0;
}

bool rota_framing_check(struct rota_http_request *request, struct rota_http_reply *reply)
{
    framing_check_headers(request, reply);
    if (reply->status == 0)
        framing_check_query(request, reply);
    return reply->status == 0;
}
