/* The keeper: one thread that cuts connections which take too long and gives back what came to an end. */
#include "node/http/door.h"

#include <sys/socket.h>
#include <unistd.h>

enum { KEEPER_MS = 50, CROWDED_MS = 250, PROMISES_AT_ONCE = 512 };

/* ---- connections ---------------------------------------------------------------------------------------------------- */

/* The library closes a descriptor after it has told us so, and we tell the keeper under the lock: it never shuts down a
 * descriptor that belongs to somebody else by now. */
void rota_connection_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct rota_http *http = context;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct rota_http_connection *held = *socket_context;
    pthread_mutex_lock(&http->mutex);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (held)
            held->fd = -1;
    } else {
        *socket_context = NULL;
        for (uint32_t i = 0; info && i < http->connection_count; i++) {
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

/* from: ROTA_HTTP_PHASES for any. */
static void connection_change(struct rota_http *http, struct MHD_Connection *connection, enum rota_http_phase from,
                              enum rota_http_phase to)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct rota_http_connection *held = info ? info->socket_context : NULL;
    if (!held)
        return;
    pthread_mutex_lock(&http->mutex);
    if (from == ROTA_HTTP_PHASES || held->phase == from) {
        held->phase = to;
        held->since_ms = rota_clock_monotonic_ms();
    }
    pthread_mutex_unlock(&http->mutex);
}

void rota_connection_enter(struct rota_http *http, struct MHD_Connection *connection, enum rota_http_phase phase)
{
    connection_change(http, connection, ROTA_HTTP_PHASES, phase);
}

void rota_connection_start(struct rota_http *http, struct MHD_Connection *connection)
{
    connection_change(http, connection, ROTA_HTTP_IDLE, ROTA_HTTP_HEADER);
}

/* Three quarters of the connections are taken: whoever says nothing yet makes room for those who have something to say, so
 * that a crowd of half requests keeps nobody out. */
static bool connections_are_crowded(const struct rota_http *http)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < http->connection_count; i++)
        taken += http->connections[i].fd != -1;
    return taken > 1 && taken >= http->config->intake.connections - http->config->intake.connections / 4;
}

static uint64_t connection_may_take(const struct rota_http *http, enum rota_http_phase phase, bool crowded)
{
    uint64_t usual = http->phase_ms[phase];
    bool silent = phase == ROTA_HTTP_HEADER || phase == ROTA_HTTP_IDLE;
    return crowded && silent && usual > CROWDED_MS ? CROWDED_MS : usual;
}

uint32_t rota_connections_answering(struct rota_http *http)
{
    uint32_t count = 0;
    pthread_mutex_lock(&http->mutex);
    for (uint32_t i = 0; i < http->connection_count; i++)
        count += http->connections[i].fd != -1 &&
                 (http->connections[i].phase == ROTA_HTTP_WORK || http->connections[i].phase == ROTA_HTTP_ANSWER);
    pthread_mutex_unlock(&http->mutex);
    return count;
}

/* Whoever drips a header or a body, or reads drop by drop, is cut, however busy that keeps the connection. */
static void connections_cut(struct rota_http *http, uint64_t now_ms)
{
    pthread_mutex_lock(&http->mutex);
    bool crowded = connections_are_crowded(http);
    for (uint32_t i = 0; i < http->connection_count; i++) {
        struct rota_http_connection *held = &http->connections[i];
        if (held->fd == -1 || now_ms < held->since_ms ||
            now_ms - held->since_ms < connection_may_take(http, held->phase, crowded))
            continue;
        shutdown(held->fd, SHUT_RDWR);
        held->since_ms = now_ms;
        __atomic_add_fetch(&http->cut, 1, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&http->mutex);
}

/* ---- promises ------------------------------------------------------------------------------------------------------- */

void rota_promise_make(struct rota_http_request *request, const struct rota_hash *id)
{
    struct rota_http *http = request->http;
    pthread_mutex_lock(&http->mutex);
    if (request->has_lease && http->promise_count < ROTA_HTTP_PROMISES_MAX) {
        http->promises[http->promise_count++] =
            (struct rota_http_promise){*id, request->lease, rota_clock_monotonic_ms() + ROTA_LEASE_MS};
        request->has_lease = false;
    }
    pthread_mutex_unlock(&http->mutex);
}

/* Some promises, looked at together in one visit to the loop. */
struct promises {
    uint32_t count;
    struct rota_http_promise items[PROMISES_AT_ONCE];
    bool ended[PROMISES_AT_ONCE];
};

static void promises_visit(void *context, const struct rota_facts *facts)
{
    struct promises *some = context;
    for (uint32_t i = 0; i < some->count; i++)
        some->ended[i] = rota_facts_find(facts, &some->items[i].id) != ROTA_SUBMISSION_PENDING;
}

static uint32_t promises_take(struct promises *some, struct rota_http *http, uint32_t from)
{
    some->count = 0;
    pthread_mutex_lock(&http->mutex);
    while (from < http->promise_count && some->count < PROMISES_AT_ONCE)
        some->items[some->count++] = http->promises[from++];
    pthread_mutex_unlock(&http->mutex);
    return some->count;
}

/* Leases are unique, so they tell whether a place in the table is still the one that was looked at. */
static uint32_t promises_drop(struct rota_http *http, const struct promises *some, uint32_t from)
{
    uint32_t dropped = 0;
    pthread_mutex_lock(&http->mutex);
    for (uint32_t i = some->count; i-- > 0;) {
        if (!some->ended[i] || from + i >= http->promise_count || http->promises[from + i].lease != some->items[i].lease)
            continue;
        http->promises[from + i] = http->promises[--http->promise_count];
        dropped++;
    }
    pthread_mutex_unlock(&http->mutex);
    return dropped;
}

static void promises_keep(struct rota_http *http, uint64_t now_ms)
{
    struct promises some;
    uint32_t from = 0;
    while (!__atomic_load_n(&http->stopping, __ATOMIC_ACQUIRE) && promises_take(&some, http, from) > 0) {
        if (!rota_is_ok(rota_node_visit(http->node, promises_visit, &some)))
            return;
        for (uint32_t i = 0; i < some.count; i++) {
            some.ended[i] = some.ended[i] || some.items[i].until_ms <= now_ms;
            if (some.ended[i])
                rota_gate_give_back(http->gate, some.items[i].lease);
        }
        from += some.count - promises_drop(http, &some, from);
    }
}

void *rota_keeper_run(void *context)
{
    struct rota_http *http = context;
    while (!__atomic_load_n(&http->stopping, __ATOMIC_ACQUIRE)) {
        uint64_t now_ms = rota_clock_monotonic_ms();
        connections_cut(http, now_ms);
        promises_keep(http, now_ms);
        rota_gate_sweep(http->gate, now_ms);
        usleep(KEEPER_MS * 1000);
    }
    return NULL;
}
