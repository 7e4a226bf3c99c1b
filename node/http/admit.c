/* Before the body of a proposal is read: who asks, as far as the header says, and whether there is a place. */
#include "node/http/door.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static const struct rota_problem gate_problems[] = {
    [ROTA_GATE_RATE] = {.status = MHD_HTTP_TOO_MANY_REQUESTS,
                        .code = "rate",
                        .title = "Too many requests",
                        .detail = "this coordinator hands in proposals faster than its share",
                        .next = "Wait as long as Retry-After says and send the same bytes again."},
    [ROTA_GATE_POOL] = {.status = MHD_HTTP_TOO_MANY_REQUESTS,
                        .code = "pool-full",
                        .title = "Too many requests",
                        .detail = "every place of this pool is taken by proposals on their way",
                        .next = "Wait as long as Retry-After says and send the same bytes again; other pools are not "
                                "affected."},
    [ROTA_GATE_QUEUE] = {.status = MHD_HTTP_TOO_MANY_REQUESTS,
                         .code = "queue-full",
                         .title = "Too many requests",
                         .detail = "as many proposals wait at this node as it takes",
                         .next = "Wait as long as Retry-After says, or hand it in at another facility."},
    [ROTA_GATE_NO_QUORUM] = {.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                             .code = "no-quorum",
                             .title = "No quorum",
                             .detail = "this facility does not reach enough others: nothing can be committed now, nothing "
                                       "is lost",
                             .next =
                                 "Reading, exporting and verifying still work. Try again when /readyz/write says ready."},
};

void rota_gate_refuse(struct rota_http_reply *reply, enum rota_gate_verdict verdict, uint32_t wait_ms)
{
    struct rota_problem problem = gate_problems[verdict];
    problem.retry_ms = wait_ms;
    rota_reply_problem(reply, &problem);
}

/* Where no key is named the address has a share of its own; a kid is a hash, no address looks like one. */
static void claim_address(struct rota_http_request *request)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    memset(&request->kid, 0, sizeof request->kid);
    if (info && info->client_addr->sa_family == AF_INET)
        memcpy(request->kid.b, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr, 4);
    else if (info && info->client_addr->sa_family == AF_INET6)
        memcpy(request->kid.b, &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr, 16);
}

static void claim_refuse(struct rota_http_reply *reply, const char *detail)
{
    rota_reply_problem(reply,
                       &(struct rota_problem){
                           .status = MHD_HTTP_BAD_REQUEST, .code = "bad-request", .title = "Bad request", .detail = detail});
}

/* Only keys of this ledger have a share: whoever makes up names gets no new bucket with each of them. */
static void claim_key(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_es256k_public key;
    const char *text = rota_header(request, "Rota-Key");
    request->named_key = text != NULL;
    if (!text)
        claim_address(request);
    else if (!rota_is_ok(rota_hex_decode(request->kid.b, sizeof request->kid.b, rota_view_text(text))))
        claim_refuse(reply, "Rota-Key is a key's id: 32 hex digits in lower case");
    else if (!rota_keyring_find(&key, rota_node_keyring(request->http->node), &request->kid))
        rota_reply_problem(
            reply, &(struct rota_problem){
                       .status = MHD_HTTP_FORBIDDEN,
                       .code = "unknown-key",
                       .title = "Unknown key",
                       .detail = "no coordinator of this ledger has the key that Rota-Key names",
                       .next = "Check that you use the right key and the right ledger; a director can grant a new key."});
}

static void claim_pool(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_token token;
    const char *text = rota_header(request, "Rota-Pool");
    request->named_pool = text != NULL;
    if (text && !rota_is_ok(rota_token_parse(&token, rota_view_text(text))))
        claim_refuse(reply, "Rota-Pool is a pool's name: letters, digits, dot, underscore and minus");
    else if (text)
        snprintf(request->pool_name, sizeof request->pool_name, "%s", token.text);
}

static bool admit_type(const struct rota_http_request *request, struct rota_http_reply *reply)
{
    const char *type = rota_header(request, "Content-Type");
    if (type && strncasecmp(type, "application/jose", 16) == 0 && (type[16] == '\0' || strchr("; \t", type[16])))
        return true;
    rota_reply_problem(reply, &(struct rota_problem){.status = MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                                     .code = "media-type",
                                                     .title = "Unsupported media type",
                                                     .detail = "a proposal is sent as application/jose, in compact form"});
    return false;
}

static void admit_ask(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_http *http = request->http;
    bool dry = rota_query(request, "dry-run") != NULL;
    struct rota_gate_question question = {.who = request->kid,
                                          .pool = request->pool_name,
                                          .has_quorum = dry || rota_node_has_quorum(http->node),
                                          .waiting = rota_node_pending(http->node),
                                          .now_ms = rota_clock_monotonic_ms()};
    struct rota_gate_answer answer = rota_gate_ask(http->gate, &question);
    request->charged = request->named_key && answer.verdict != ROTA_GATE_RATE;
    if (answer.verdict != ROTA_GATE_OPEN) {
        rota_gate_refuse(reply, answer.verdict, answer.wait_ms);
        return;
    }
    request->has_lease = true;
    request->lease = answer.lease;
    request->pool = rota_gate_pool(http->gate, request->pool_name);
}

bool rota_submit_admit(struct rota_http_request *request, struct rota_http_reply *reply)
{
    if (admit_type(request, reply))
        claim_key(request, reply);
    if (reply->status == 0)
        claim_pool(request, reply);
    if (reply->status == 0)
        admit_ask(request, reply);
    reply->close = reply->status != 0;
    return reply->status == 0;
}
