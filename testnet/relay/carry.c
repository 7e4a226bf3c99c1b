/* Connections and the bytes on their way. A chunk that was read at time t may leave at t + delay; on a limited line it first
 * waits for the line, so the line's speed holds for all connections of the path together. */
#include "testnet/relay/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CARRY_READ_BYTES = 65536,
    CARRY_WAITING_BYTES = 16 * 1024 * 1024, /* on an unlimited line: far more than any delay here can fill */
    CARRY_SLICES = 50,                      /* a limited line is filled in slices of 1/50 s */
    CARRY_QUEUE_SLICES = 10,                /* and at most so many of them wait */
    CARRY_SLICE_BYTES_MIN = 64,
    CARRY_SAME_MAX = 4, /* connections between the same two: a caller that calls again has given up the older ones */
};

uint64_t relay_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static size_t carry_slice(const struct relay_path *path)
{
    size_t slice = path->bytes_per_second / CARRY_SLICES;
    if (path->bytes_per_second == 0 || slice > CARRY_READ_BYTES)
        return CARRY_READ_BYTES;
    return slice < CARRY_SLICE_BYTES_MIN ? CARRY_SLICE_BYTES_MIN : slice;
}

static bool carry_wants_bytes(const struct relay_flow *flow)
{
    size_t room = flow->path->bytes_per_second == 0 ? CARRY_WAITING_BYTES : CARRY_QUEUE_SLICES * carry_slice(flow->path);
    return !flow->ended && !flow->path->stalled && flow->waiting < room;
}

/* ---- opening and closing -------------------------------------------------------------------------------------------- */

static void carry_no_delay(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void carry_reset(int fd)
{
    struct linger linger = {.l_onoff = 1};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
}

static int carry_call(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

static void carry_break_oldest(struct relay *relay, int caller, int called)
{
    struct relay_connection *oldest = NULL;
    size_t same = 0;
    for (struct relay_connection *c = relay->connections; c; c = c->next) {
        if (c->caller != caller || c->called != called || c->broken)
            continue;
        oldest = c; /* new ones are put in front */
        same++;
    }
    if (same >= CARRY_SAME_MAX)
        oldest->broken = true;
}

void relay_accept(struct relay *relay, int called)
{
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    int in = accept4(relay->facilities[called].listener, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (in < 0)
        return;
    int caller = relay_caller(relay, called, ntohs(from.sin_port));
    if (caller == RELAY_NOBODY || caller == called || relay->paths[caller][called].cut ||
        relay->open == RELAY_CONNECTIONS_MAX) {
        carry_reset(in);
        return;
    }
    int out = carry_call(relay->facilities[called].target);
    struct relay_connection *connection = out < 0 ? NULL : calloc(1, sizeof *connection);
    if (!connection) {
        carry_reset(in);
        return;
    }
    carry_no_delay(in);
    carry_no_delay(out);
    carry_break_oldest(relay, caller, called);
    *connection =
        (struct relay_connection){.next = relay->connections, .ends = {in, out}, .caller = caller, .called = called};
    connection->flows[0].path = &relay->paths[caller][called];
    connection->flows[1].path = &relay->paths[called][caller];
    relay->connections = connection;
    relay->open++;
}

static void carry_free(struct relay_connection *connection)
{
    for (size_t i = 0; i < 2; i++) {
        carry_reset(connection->ends[i]);
        for (struct relay_chunk *chunk = connection->flows[i].first, *next; chunk; chunk = next) {
            next = chunk->next;
            free(chunk);
        }
    }
    free(connection);
}

static void carry_sweep(struct relay *relay)
{
    struct relay_connection **at = &relay->connections;
    while (*at) {
        struct relay_connection *connection = *at;
        if (!connection->broken) {
            at = &connection->next;
            continue;
        }
        *at = connection->next;
        carry_free(connection);
        relay->open--;
    }
}

void relay_close_cut(struct relay *relay)
{
    for (struct relay_connection *c = relay->connections; c; c = c->next)
        if (c->flows[0].path->cut || c->flows[1].path->cut)
            c->broken = true;
    carry_sweep(relay);
}

/* ---- carrying ------------------------------------------------------------------------------------------------------- */

/* When what is read now may leave. Never before what was read earlier, also when the delay was lowered in between. */
static uint64_t carry_due(struct relay_flow *flow, size_t len)
{
    struct relay_path *path = flow->path;
    uint64_t leaves = relay_now_ns();
    if (path->bytes_per_second != 0) {
        leaves = (path->free_ns > leaves ? path->free_ns : leaves) + len * 1000000000 / path->bytes_per_second;
        path->free_ns = leaves;
    }
    uint64_t due = leaves + path->delay_ns;
    return flow->last && flow->last->due_ns > due ? flow->last->due_ns : due;
}

static bool carry_read(struct relay_connection *connection, size_t from)
{
    static uint8_t bytes[CARRY_READ_BYTES];
    struct relay_flow *flow = &connection->flows[from];
    ssize_t got = recv(connection->ends[from], bytes, carry_slice(flow->path), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    size_t len = got > 0 ? (size_t)got : 0;
    struct relay_chunk *chunk = malloc(sizeof *chunk + len);
    if (!chunk)
        return false;
    *chunk = (struct relay_chunk){.due_ns = carry_due(flow, len), .len = (uint32_t)len};
    memcpy(chunk->bytes, bytes, len);
    if (flow->last)
        flow->last->next = chunk;
    else
        flow->first = chunk;
    flow->last = chunk;
    flow->waiting += len;
    flow->ended = len == 0;
    return true;
}

static void carry_drop_first(struct relay_flow *flow)
{
    struct relay_chunk *chunk = flow->first;
    flow->first = chunk->next;
    if (!flow->first)
        flow->last = NULL;
    flow->waiting -= chunk->len;
    free(chunk);
}

/* Sends what is due. False when the connection is at its end: the stream ended, or nobody takes it. */
static bool carry_send(struct relay_connection *connection, size_t from)
{
    struct relay_flow *flow = &connection->flows[from];
    while (flow->first && !flow->path->stalled && flow->first->due_ns <= relay_now_ns()) {
        struct relay_chunk *chunk = flow->first;
        if (chunk->len == 0)
            return false;
        ssize_t sent = send(connection->ends[1 - from], chunk->bytes + chunk->at, chunk->len - chunk->at, MSG_NOSIGNAL);
        flow->blocked = sent < 0 && (errno == EAGAIN || errno == EINTR);
        if (sent < 0)
            return flow->blocked;
        chunk->at += (uint32_t)sent;
        flow->path->carried += (uint64_t)sent;
        if (chunk->at == chunk->len)
            carry_drop_first(flow);
    }
    return true;
}

size_t relay_watch(const struct relay *relay, struct pollfd *slots, uint64_t *deadline_ns)
{
    size_t used = 0;
    for (const struct relay_connection *c = relay->connections; c; c = c->next) {
        for (size_t i = 0; i < 2; i++) {
            const struct relay_flow *out = &c->flows[1 - i];
            int events =
                (carry_wants_bytes(&c->flows[i]) ? POLLIN : 0) | (out->blocked && !out->path->stalled ? POLLOUT : 0);
            slots[used++] = (struct pollfd){.fd = events ? c->ends[i] : -1, .events = (short)events};
            if (out->first && !out->blocked && !out->path->stalled && out->first->due_ns < *deadline_ns)
                *deadline_ns = out->first->due_ns;
        }
    }
    return used;
}

void relay_carry(struct relay *relay, const struct pollfd *slots)
{
    for (struct relay_connection *c = relay->connections; c; c = c->next, slots += 2) {
        for (size_t i = 0; i < 2 && !c->broken; i++) {
            if (slots[i].revents & POLLOUT)
                c->flows[1 - i].blocked = false;
            if (slots[i].revents & POLLIN || (slots[i].revents & (POLLHUP | POLLERR) && carry_wants_bytes(&c->flows[i])))
                c->broken = !carry_read(c, i);
            else if (slots[i].revents & POLLERR)
                c->broken = true;
        }
        for (size_t i = 0; i < 2 && !c->broken; i++)
            c->broken = !carry_send(c, i);
    }
    carry_sweep(relay);
}
