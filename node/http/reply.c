#include "node/http/door.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUSY_RETRY_MS = 1000 };

json_t *rota_json_hex_new(const void *bytes, size_t len)
{
    char text[2 * 256 + 1];
    if (len > 256)
        return json_null();
    rota_hex_encode(text, rota_view(bytes, len));
    return json_string(text);
}

void rota_reply_text(struct rota_http_reply *reply, unsigned status, const char *type, char *text)
{
    reply->status = text ? status : MHD_HTTP_INTERNAL_SERVER_ERROR;
    reply->type = type;
    reply->body = text;
    reply->len = text ? strlen(text) : 0;
}

void rota_reply_json(struct rota_http_reply *reply, unsigned status, json_t *document)
{
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    rota_reply_text(reply, status, "application/json", text);
}

void rota_reply_problem(struct rota_http_reply *reply, const struct rota_problem *problem)
{
    char type[96];
    snprintf(type, sizeof type, "urn:rotaledger:problem:%s", problem->code);
    json_t *document = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", type, "title", problem->title, "status",
                                 (int)problem->status, "code", problem->code, "detail", problem->detail);
    if (problem->next)
        json_object_set_new(document, "next", json_string(problem->next));
    if (problem->conflict)
        json_object_set_new(document, "conflict", rota_json_hex_new(problem->conflict->b, ROTA_HASH_BYTES));
    if (problem->expected)
        json_object_set_new(document, "expected", json_string(problem->expected));
    if (problem->operation)
        json_object_set_new(document, "operation", json_integer(*problem->operation));
    rota_reply_json(reply, problem->status, document);
    reply->type = "application/problem+json";
    reply->retry_ms = problem->retry_ms;
}

void rota_reply_busy(struct rota_http_reply *reply)
{
    rota_reply_problem(reply, &(struct rota_problem){.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                                                     .code = "busy",
                                                     .title = "Busy",
                                                     .detail = "the node does not get to it now",
                                                     .next = "Ask again.",
                                                     .retry_ms = BUSY_RETRY_MS});
}

void rota_reply_bad_query(struct rota_http_reply *reply, const char *detail)
{
    rota_reply_problem(reply,
                       &(struct rota_problem){
                           .status = MHD_HTTP_BAD_REQUEST, .code = "bad-query", .title = "Bad request", .detail = detail});
}

const char *rota_header(const struct rota_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *rota_query(const struct rota_http_request *request, const char *name)
{
    const char *value = NULL;
    size_t len = 0;
    if (MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value, &len) !=
        MHD_YES)
        return NULL;
    return value ? value : "";
}

bool rota_query_number(uint64_t *out, const struct rota_http_request *request, struct rota_http_reply *reply,
                       const char *name, uint64_t min, uint64_t max)
{
    char detail[96];
    const char *text = rota_query(request, name);
    if (!text)
        return true;
    uint64_t value = 0;
    bool good = *text != '\0' && strlen(text) <= 18 && text[strspn(text, "0123456789")] == '\0';
    if (good)
        value = strtoull(text, NULL, 10);
    if (good && value >= min && value <= max) {
        *out = value;
        return true;
    }
    snprintf(detail, sizeof detail, "%s is a number from %llu to %llu", name, (unsigned long long)min,
             (unsigned long long)max);
    rota_reply_bad_query(reply, detail);
    return false;
}
