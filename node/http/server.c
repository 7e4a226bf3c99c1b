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

enum { HEADER_MS = 15000, BODY_MS = 10000, KEEPER_MS = 50, CONNECTION_BYTES = 32 * 1024, THREAD_STACK_BYTES = 1024 * 1024 };

/* ---- connections and their deadlines -------------------------------------------------------------------------------- */

static void connection_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                              enum MHD_ConnectionNotificationCode code)
{
    struct rota_http *http = context;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    pthread_mutex_lock(&http->mutex);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct rota_http_connection *held = *socket_context;
        if (held)
            held->fd = -1;
    } else {
        *socket_context = NULL;
        for (size_t i = 0; info && i < ROTA_HTTP_CONNECTIONS_MAX; i++) {
            if (http->connections[i].fd != -1)
                continue;
            http->connections[i] =
                (struct rota_http_connection){.fd = info->connect_fd, .since_ms = rota_clock_monotonic_ms()};
            *socket_context = &http->connections[i];
            break;
        }
    }
    pthread_mutex_unlock(&http->mutex);
}

static void connection_phase(struct rota_http *http, struct MHD_Connection *connection, bool in_body, bool in_answer)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct rota_http_connection *held = info ? info->socket_context : NULL;
    if (!held)
        return;
    pthread_mutex_lock(&http->mutex);
    held->in_body = in_body;
    held->in_answer = in_answer;
    held->since_ms = rota_clock_monotonic_ms();
    pthread_mutex_unlock(&http->mutex);
}

/* Whoever drips a header or a body is cut, however busy the drip keeps the connection. */
static void connections_cut(struct rota_http *http, uint64_t now_ms)
{
    pthread_mutex_lock(&http->mutex);
    for (size_t i = 0; i < ROTA_HTTP_CONNECTIONS_MAX; i++) {
        struct rota_http_connection *held = &http->connections[i];
        if (held->fd == -1 || held->in_answer || now_ms - held->since_ms < (held->in_body ? BODY_MS : HEADER_MS))
            continue;
        shutdown(held->fd, SHUT_RDWR);
        held->since_ms = now_ms;
        __atomic_add_fetch(&http->slow_cut, 1, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&http->mutex);
}

static void *keeper_run(void *context)
{
    struct rota_http *http = context;
    while (!__atomic_load_n(&http->stopping, __ATOMIC_ACQUIRE)) {
        uint64_t now_ms = rota_clock_monotonic_ms();
        connections_cut(http, now_ms);
        rota_promise_keep(http, now_ms);
        rota_gate_sweep(http->gate, now_ms);
        usleep(KEEPER_MS * 1000);
    }
    return NULL;
}

/* ---- strictness ----------------------------------------------------------------------------------------------------- */

struct framing {
    unsigned hosts, lengths, transfers, others;
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

static bool all_digits(const char *text)
{
    return text && *text && strlen(text) <= 10 && text[strspn(text, "0123456789")] == '\0';
}

static void refuse(struct rota_http_reply *reply, unsigned status, const char *code, const char *title, const char *detail)
{
    rota_reply_problem(reply, &(struct rota_problem){status, code, title, detail, NULL, NULL, UINT32_MAX, 0});
    reply->close = true;
}

/* Framing that two readers could take differently is refused before anything else. */
static bool framing_check(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct framing framing = {0};
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, framing_count, &framing);
    if (framing.hosts != 1)
        refuse(reply, MHD_HTTP_BAD_REQUEST, "bad-request", "Bad request", "a request has exactly one Host header");
    else if (framing.transfers > 0)
        refuse(reply, MHD_HTTP_NOT_IMPLEMENTED, "transfer-encoding", "Not implemented",
               "send a Content-Length; chunked bodies are not taken");
    else if (framing.lengths > 1 || (framing.lengths == 1 && !all_digits(framing.length)))
        refuse(reply, MHD_HTTP_BAD_REQUEST, "bad-request", "Bad request",
               "a request has at most one Content-Length, in digits");
    else if (request->route->takes_body && framing.lengths == 0)
        refuse(reply, MHD_HTTP_LENGTH_REQUIRED, "length-required", "Length required",
               "say how long the body is: Content-Length");
    else if (request->route->takes_body && strtoul(framing.length, NULL, 10) > request->body_max)
        refuse(reply, MHD_HTTP_CONTENT_TOO_LARGE, "too-large", "Too large", "a proposal has at most 64 KiB of payload");
    else if (!request->route->takes_body && framing.lengths == 1 && strtoul(framing.length, NULL, 10) > 0)
        refuse(reply, MHD_HTTP_BAD_REQUEST, "bad-request", "Bad request", "this request takes no body");
    return reply->status == 0;
}

/* ---- one request ---------------------------------------------------------------------------------------------------- */

static enum MHD_Result reply_send(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_http *http = request->http;
    char number[24];
    if (!reply->body) {
        reply->body = strdup("");
        reply->len = 0;
        reply->type = reply->type ? reply->type : "text/plain";
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(reply->len, reply->body, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(reply->body);
        return MHD_NO;
    }
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
    if (reply->status < ROTA_HTTP_CODES)
        __atomic_add_fetch(&http->answers[reply->status], 1, __ATOMIC_RELAXED);
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
    if (!request->route && allow) {
        refuse(&reply, MHD_HTTP_METHOD_NOT_ALLOWED, "method", "Method not allowed", "this address takes another method");
        reply.allow = allow;
    } else if (!request->route) {
        refuse(&reply, MHD_HTTP_NOT_FOUND, "not-found", "Not found", "there is nothing at this address");
    } else if (framing_check(request, &reply) && request->route->takes_body) {
        (void)rota_submit_admit(request, &reply);
    }
    if (reply.status != 0) {
        request->refused = true;
        return reply_send(request, &reply);
    }
    connection_phase(request->http, request->connection, request->route->takes_body, !request->route->takes_body);
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
        if (!request->route->takes_body || !body_take(request, data, *data_len))
            return MHD_NO;
        *data_len = 0;
        return MHD_YES;
    }
    struct rota_http_reply reply = {0};
    connection_phase(http, connection, false, true);
    request->route->answer(request, &reply);
    return reply_send(request, &reply);
}

static void request_complete(void *context, struct MHD_Connection *connection, void **request_context,
                             enum MHD_RequestTerminationCode code)
{
    struct rota_http *http = context;
    struct rota_http_request *request = *request_context;
    (void)code;
    connection_phase(http, connection, false, false);
    if (!request)
        return;
    if (request->has_lease)
        rota_gate_give_back(http->gate, request->lease);
    free(request->body);
    free(request);
    *request_context = NULL;
}

/* ---- open and close ------------------------------------------------------------------------------------------------- */

/* "127.0.0.1:8101" or "[::1]:8101". */
static struct rota_status address_parse(struct sockaddr_storage *out, const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    struct rota_status wrong = rota_fail(ROTA_USAGE, "http must be written ADDRESS:PORT, such as 127.0.0.1:8101");
    if (!colon || (size_t)(colon - text) >= sizeof host || !all_digits(colon + 1))
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
        MHD_OPTION_CONNECTION_TIMEOUT, 60U, MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, connection_notify, http, MHD_OPTION_NOTIFY_COMPLETED, request_complete, http,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!http->daemon)
        return rota_fail(ROTA_IO, errno == EADDRINUSE
                                      ? "the HTTP port is in use: choose another in rotad.conf, or stop who holds it"
                                      : "the HTTP door cannot be opened");
    return rota_ok();
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
    for (size_t i = 0; i < ROTA_HTTP_CONNECTIONS_MAX; i++)
        http->connections[i].fd = -1;
    struct rota_status status = rota_gate_new(&http->gate, &config->intake);
    if (rota_is_ok(status))
        status = daemon_start(http);
    if (rota_is_ok(status)) {
        http->keeping = pthread_create(&http->keeper, NULL, keeper_run, http) == 0;
        if (!http->keeping)
            status = rota_fail(ROTA_NO_MEMORY, "no thread for the HTTP door");
    }
    if (!rota_is_ok(status)) {
        rota_http_close(http);
        return status;
    }
    *out = http;
    return rota_ok();
}

void rota_http_close(struct rota_http *http)
{
    if (!http)
        return;
    __atomic_store_n(&http->stopping, true, __ATOMIC_RELEASE);
    if (http->keeping)
        pthread_join(http->keeper, NULL);
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    rota_gate_free(http->gate);
    pthread_mutex_destroy(&http->mutex);
    free(http);
}
