#include "node/http/door.h"

#include <stdio.h>
#include <stdlib.h>

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
    if (problem->operation != UINT32_MAX)
        json_object_set_new(document, "operation", json_integer(problem->operation));
    rota_reply_json(reply, problem->status, document);
    reply->type = "application/problem+json";
    reply->retry_ms = problem->retry_ms;
}

const char *rota_query(const struct rota_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}
