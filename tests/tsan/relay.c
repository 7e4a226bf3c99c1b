#include "relay.h"

#include "world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in relay_address(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
}

static void relay_cut(struct relay *relay, size_t pair)
{
    for (size_t side = 0; side < 2; side++) {
        if (relay->pairs[pair][side] >= 0)
            close(relay->pairs[pair][side]);
        relay->pairs[pair][side] = -1;
    }
}

static void relay_accept(struct relay *relay)
{
    struct sockaddr_in address = relay_address(relay->target);
    size_t pair = 0;
    int in = accept(relay->listener, NULL, NULL);
    while (pair < RELAY_PAIRS_MAX && relay->pairs[pair][0] >= 0)
        pair++;
    int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (in < 0 || out < 0 || pair == RELAY_PAIRS_MAX || atomic_load(&relay->mode) == RELAY_REFUSE ||
        connect(out, (struct sockaddr *)&address, sizeof address) != 0) {
        close(in);
        close(out);
        return;
    }
    relay->pairs[pair][0] = in;
    relay->pairs[pair][1] = out;
}

static bool relay_write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

static void relay_carry(struct relay *relay, size_t pair, size_t from)
{
    uint8_t bytes[16384];
    int spoil = RELAY_SPOIL;
    ssize_t got = recv(relay->pairs[pair][from], bytes, sizeof bytes, 0);
    if (got > 0 && atomic_compare_exchange_strong(&relay->mode, &spoil, RELAY_PASS))
        bytes[got - 1] ^= 1;
    if (got <= 0 || !relay_write_all(relay->pairs[pair][1 - from], bytes, (size_t)got))
        relay_cut(relay, pair);
}

static void relay_turn(struct relay *relay)
{
    struct pollfd slots[1 + 2 * RELAY_PAIRS_MAX] = {{.fd = relay->listener, .events = POLLIN}};
    bool frozen = atomic_load(&relay->mode) == RELAY_FREEZE;
    for (size_t i = 0; i < 2 * (size_t)RELAY_PAIRS_MAX; i++)
        slots[1 + i] = (struct pollfd){.fd = frozen ? -1 : relay->pairs[i / 2][i % 2], .events = POLLIN};
    (void)poll(slots, sizeof slots / sizeof slots[0], 5);
    if (slots[0].revents)
        relay_accept(relay);
    for (size_t i = 0; i < 2 * (size_t)RELAY_PAIRS_MAX; i++) {
        if (atomic_load(&relay->mode) == RELAY_REFUSE)
            relay_cut(relay, i / 2);
        else if (slots[1 + i].revents && relay->pairs[i / 2][i % 2] == slots[1 + i].fd)
            relay_carry(relay, i / 2, i % 2);
    }
}

static void *relay_run(void *context)
{
    struct relay *relay = context;
    while (!atomic_load(&relay->stopping)) {
        relay_turn(relay);
        atomic_fetch_add(&relay->turns, 1);
    }
    return NULL;
}

void relay_open(struct relay *relay, uint16_t target)
{
    *relay = (struct relay){.port = world_free_port(), .target = target};
    struct sockaddr_in address = relay_address(relay->port);
    int on = 1;
    memset(relay->pairs, -1, sizeof relay->pairs);
    relay->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(setsockopt(relay->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    EXPECT(bind(relay->listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(relay->listener, 16) == 0);
    EXPECT(pthread_create(&relay->thread, NULL, relay_run, relay) == 0);
}

void relay_close(struct relay *relay)
{
    atomic_store(&relay->stopping, true);
    EXPECT(pthread_join(relay->thread, NULL) == 0);
    for (size_t i = 0; i < RELAY_PAIRS_MAX; i++)
        relay_cut(relay, i);
    close(relay->listener);
}

void relay_set(struct relay *relay, enum relay_mode mode)
{
    atomic_store(&relay->mode, (int)mode);
    unsigned turns = atomic_load(&relay->turns);
    WAIT_FOR(WORLD_PATIENCE_MS, atomic_load(&relay->turns) - turns >= 2, sched_yield());
}
