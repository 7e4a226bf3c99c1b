/* The server around the routes: libmicrohttpd's threads, and what it leaves to us: strict framing, absolute deadlines,
 * refusal before a body is read. */
#include "node/http/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEADER_MS = 5000,
    IDLE_MS = 15000,
    BODY_MS = 10000,
    ANSWER_MS = 60000,
    SILENCE_S = 60,
    CONNECTION_BYTES = 32 * 1024,
    THREAD_STACK_BYTES = 1024 * 1024,
    CONNECTIONS_SPARE = 16,
    CLOSE_MS = 3000,
    CLOSE_LOOK_US = 2000,
};

/* ---- one request ---------------------------------------------------------------------------------------------------- */

static void reply_add_headers(struct MHD_Response *response, const struct rota_http_reply *reply)
{
    char number[24];
    MHD_add_response_header(response, "Content-Type", reply->type);
    MHD_add_response_header(response, "Cache-Control",
                            reply->immutable ? "public, max-age=31536000, immutable" : "no-store");
    if (reply->allow)
        MHD_add_response_header(response, "Allow", reply->allow);
    if (reply->location[0])
        MHD_add_response_header(response, "Location", reply->location);
    if (reply->retry_ms) {
        snprintf(number, sizeof number, "%u", (reply->retry_ms + 999) / 1000);
        MHD_add_response_header(response, "Retry-After", number);
        snprintf(number, sizeof number, "%u", reply->retry_ms);
        MHD_add_response_header(response, "Rota-Retry-Ms", number);
    }
    if (reply->close)
        MHD_add_response_header(response, "Connection", "close");
}

static enum MHD_Result reply_send(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_http *http = request->http;
    if (!reply->body) {
        reply->status = MHD_HTTP_INTERNAL_SERVER_ERROR; /* no memory: every answer has a body */
        reply->len = 0;
        reply->type = "text/plain";
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(reply->len, reply->body, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(reply->body);
        return MHD_NO;
    }
    reply_add_headers(response, reply);
    if (reply->status < ROTA_HTTP_CODES)
        __atomic_add_fetch(&http->answers[reply->status], 1, __ATOMIC_RELAXED);
    rota_connection_enter(http, request->connection, ROTA_HTTP_ANSWER);
    enum MHD_Result queued = MHD_queue_response(request->connection, reply->status, response);
    MHD_destroy_response(response);
    return queued;
}

static struct rota_http_request *request_new(struct rota_http *http, struct MHD_Connection *connection)
{
    struct rota_http_request *request = calloc(1, sizeof *request);
    if (request) {
        request->http = http;
        request->connection = connection;
        request->body_max = http->config->intake.body_bytes_max;
    }
    return request;
}

/* The header is complete: what can be refused now is refused now. */
static enum MHD_Result request_begin(struct rota_http_request *request, const char *method, const char *path)
{
    struct rota_http_reply reply = {0};
    const char *allow;
    request->route = rota_route_find(method, path, request->argument, &allow);
    if (__atomic_load_n(&request->http->stopping, __ATOMIC_ACQUIRE)) {
        rota_submission_refuse(&reply, &(struct rota_submission){.state = ROTA_SUBMISSION_STOPPING});
        reply.close = true;
    } else if (!request->route) {
        rota_reply_problem(&reply, allow ? &(struct rota_problem){.status = MHD_HTTP_METHOD_NOT_ALLOWED,
                                                                  .code = "method",
                                                                  .title = "Method not allowed",
                                                                  .detail = "this address takes another method"}
                                         : &(struct rota_problem){.status = MHD_HTTP_NOT_FOUND,
                                                                  .code = "not-found",
                                                                  .title = "Not found",
                                                                  .detail = "there is nothing at this address"});
        reply.allow = allow;
        reply.close = true;
    } else if (rota_framing_check(request, &reply) && request->route->admit) {
        (void)!request->route->admit(request, &reply);
    }
    if (reply.status != 0) {
        request->refused = true;
        return reply_send(request, &reply);
    }
    rota_connection_enter(request->http, request->connection, request->route->admit ? ROTA_HTTP_BODY : ROTA_HTTP_WORK);
    return MHD_YES;
}

static bool body_take(struct rota_http_request *request, const char *data, size_t len)
{
    if (!request->body)
        request->body = malloc(request->body_max + 1);
    if (!request->body || len > request->body_max - request->body_len)
        return false;
    memcpy(request->body + request->body_len, data, len);
    request->body_len += len;
    return true;
}

/* The gates are told that it is over; what is still pending keeps its place by a promise. */
static void request_leave(struct rota_http_request *request)
{
    struct rota_gate *gate = request->http->gate;
    if (request->has_lease)
        rota_gate_give_back(gate, request->lease);
    if (request->charged && !request->proven)
        rota_gate_clear(gate, &request->kid);
    request->has_lease = request->charged = false;
}

static enum MHD_Result access_handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                                     const char *version, const char *data, size_t *data_len, void **request_context)
{
    struct rota_http *http = context;
    struct rota_http_request *request = *request_context;
    (void)version;
    if (!request) {
        request = request_new(http, connection);
        *request_context = request;
        return request ? request_begin(request, method, path) : MHD_NO;
    }
    if (request->refused) {
        *data_len = 0;
        return MHD_YES;
    }
    if (*data_len > 0) {
        if (!request->route->admit || !body_take(request, data, *data_len))
            return MHD_NO;
        *data_len = 0;
        return MHD_YES;
    }
    struct rota_http_reply reply = {0};
    rota_connection_enter(http, connection, ROTA_HTTP_WORK);
    if (rota_read_latest(request, &reply))
        request->route->answer(request, &reply);
    request_leave(request); /* before the answer: who has it may count on the place */
    return reply_send(request, &reply);
}

static void request_complete(void *context, struct MHD_Connection *connection, void **request_context,
                             enum MHD_RequestTerminationCode code)
{
    struct rota_http *http = context;
    struct rota_http_request *request = *request_context;
    (void)code;
    rota_connection_enter(http, connection, ROTA_HTTP_IDLE);
    if (!request)
        return;
    request_leave(request);
    free(request->body);
    free(request);
    *request_context = NULL;
}

/* The first line of a request has come: from now on its header has a deadline, however long the connection lay idle. */
static void *request_line(void *context, const char *uri, struct MHD_Connection *connection)
{
    (void)uri;
    rota_connection_start(context, connection);
    return NULL;
}

/* As the library would, but "%00" ends no path and no parameter: a control character fits nothing. */
static size_t request_unescape(void *context, struct MHD_Connection *connection, char *text)
{
    size_t len = MHD_http_unescape(text);
    (void)context;
    (void)connection;
    for (size_t i = 0; i < len; i++)
        text[i] = text[i] == '\0' ? '\1' : text[i];
    return len;
}

/* ---- open and close ------------------------------------------------------------------------------------------------- */

/* "127.0.0.1:8101" or "[::1]:8101". */
static struct rota_status address_parse(struct sockaddr_storage *out, const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    struct rota_status wrong = rota_fail(ROTA_USAGE, "http must be written ADDRESS:PORT, such as 127.0.0.1:8101");
    if (!colon || (size_t)(colon - text) >= sizeof host || colon[1] == '\0' ||
        colon[1 + strspn(colon + 1, "0123456789")] != '\0')
        return wrong;
    size_t len = (size_t)(colon - text);
    memcpy(host, text, len);
    host[len] = '\0';
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        memmove(host, host + 1, len - 1);
    }
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return wrong;
    memset(out, 0, sizeof *out);
    memcpy(out, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return rota_ok();
}

static struct rota_status daemon_start(struct rota_http *http)
{
    struct sockaddr_storage address;
    ROTA_TRY(address_parse(&address, http->config->http));
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
    if (address.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, access_handle, http, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)http->config->intake.connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)http->config->intake.connections_per_address, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S, MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, rota_connection_notify, http, MHD_OPTION_NOTIFY_COMPLETED, request_complete, http,
        MHD_OPTION_URI_LOG_CALLBACK, request_line, http, MHD_OPTION_UNESCAPE_CALLBACK, request_unescape, http,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!http->daemon)
        return rota_fail(ROTA_IO, errno == EADDRINUSE
                                      ? "the HTTP port is in use: choose another in rotad.conf, or stop who holds it"
                                      : "the HTTP door cannot be opened");
    return rota_ok();
}

/* A quarter of the connections is never held by somebody who waits: health and status answer also then. */
static struct rota_status tables_open(struct rota_http *http)
{
    const struct rota_intake_config *intake = &http->config->intake;
    uint32_t least =
        intake->connections < intake->connections_per_address ? intake->connections : intake->connections_per_address;
    http->waiting_max = least > 1 ? least - (least + 3) / 4 : 1;
    http->phase_ms[ROTA_HTTP_HEADER] = HEADER_MS;
    http->phase_ms[ROTA_HTTP_IDLE] = IDLE_MS;
    http->phase_ms[ROTA_HTTP_BODY] = BODY_MS;
    http->phase_ms[ROTA_HTTP_WORK] = UINT64_MAX;
    http->phase_ms[ROTA_HTTP_ANSWER] = ANSWER_MS;
    http->connection_count = intake->connections + CONNECTIONS_SPARE;
    http->connections = calloc(http->connection_count, sizeof *http->connections);
    if (!http->connections)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the HTTP door");
    for (uint32_t i = 0; i < http->connection_count; i++)
        http->connections[i].fd = -1;
    return rota_gate_new(&http->gate, intake);
}

static struct rota_status keeper_start(struct rota_http *http)
{
    http->keeping = pthread_create(&http->keeper, NULL, rota_keeper_run, http) == 0;
    return http->keeping ? rota_ok() : rota_fail(ROTA_NO_MEMORY, "no thread for the HTTP door");
}

struct rota_status rota_http_open(struct rota_http **out, struct rota_node *node, const struct rota_config *config)
{
    *out = NULL;
    if (config->http[0] == '\0')
        return rota_ok();
    struct rota_http *http = calloc(1, sizeof *http);
    if (!http)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the HTTP door");
    http->node = node;
    http->config = config;
    pthread_mutex_init(&http->mutex, NULL);
    struct rota_status status = tables_open(http);
    if (rota_is_ok(status))
        status = daemon_start(http);
    if (rota_is_ok(status))
        status = keeper_start(http);
    if (!rota_is_ok(status)) {
        rota_http_close(http);
        return status;
    }
    *out = http;
    return rota_ok();
}

/* Nobody comes in any more, and whoever has asked gets an answer, unless he takes too long to read it. */
static void daemon_stop(struct rota_http *http)
{
    MHD_socket listener = MHD_quiesce_daemon(http->daemon);
    uint64_t until_ms = rota_clock_monotonic_ms() + CLOSE_MS;
    while (rota_connections_answering(http) > 0 && rota_clock_monotonic_ms() < until_ms)
        usleep(CLOSE_LOOK_US);
    MHD_stop_daemon(http->daemon);
    if (listener != MHD_INVALID_SOCKET)
        close(listener);
}

uint16_t rota_http_port(const struct rota_http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void rota_http_close(struct rota_http *http)
{
    if (!http)
        return;
    __atomic_store_n(&http->stopping, true, __ATOMIC_RELEASE);
    if (http->keeping)
        pthread_join(http->keeper, NULL);
    if (http->daemon)
        daemon_stop(http);
    rota_gate_free(http->gate);
    free(http->connections);
    pthread_mutex_destroy(&http->mutex);
    free(http);
}
