/* Many at once, and those who do not behave: two hundred connections, waits that find no place, drips, and a door that
 * closes while all of them hang on. */
#include "house.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CROWD = 200, CLOSE_MS = 5000 };

static struct house house;

static uint64_t counted(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void set_patience(uint64_t header_ms, uint64_t body_ms, uint64_t answer_ms)
{
    pthread_mutex_lock(&house.http->mutex);
    house.http->phase_ms[ROTA_HTTP_HEADER] = header_ms;
    house.http->phase_ms[ROTA_HTTP_BODY] = body_ms;
    house.http->phase_ms[ROTA_HTTP_ANSWER] = answer_ms;
    pthread_mutex_unlock(&house.http->mutex);
}

static uint32_t connections(void)
{
    uint32_t count = 0;
    pthread_mutex_lock(&house.http->mutex);
    for (uint32_t i = 0; i < house.http->connection_count; i++)
        count += house.http->connections[i].fd != -1;
    pthread_mutex_unlock(&house.http->mutex);
    return count;
}

/* ---- a crowd that behaves ------------------------------------------------------------------------------------------- */

struct guest {
    pthread_t thread;
    char *jws;
    int status;
};

static void *guest_run(void *context)
{
    struct guest *guest = context;
    struct answer answer;
    int fd = client_open(&house);
    for (int i = 0; i < 3; i++) {
        client_send(fd, "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n");
        client_read(&answer, fd, false);
        EXPECT(answer.status == 200);
        answer_free(&answer);
    }
    close(fd);
    for (;;) {
        hand_in(&answer, &house, "", "Prefer: wait=20\r\n", guest->jws);
        guest->status = answer.status;
        answer_free(&answer);
        if (guest->status != 429)
            return NULL;
        usleep(5000); /* as it was told to */
    }
}

static void everybody_is_served(void)
{
    static struct guest guests[CROWD];
    for (uint32_t i = 0; i < CROWD; i++) {
        guests[i].jws = fake_assignment(house.node, i + 1, i % 2 ? "DAY" : "NIGHT");
        EXPECT(pthread_create(&guests[i].thread, NULL, guest_run, &guests[i]) == 0);
    }
    for (uint32_t i = 0; i < CROWD; i++) {
        EXPECT(pthread_join(guests[i].thread, NULL) == 0);
        EXPECT(guests[i].status == 201);
        free(guests[i].jws);
    }
    EXPECT(counted(&house.http->results[ROTA_HTTP_TAKEN]) == CROWD);
    WAIT_FOR(10000, house_in_use(&house, "icu") + house_in_use(&house, "default") + house_in_use(&house, "flex") == 0);
    WAIT_FOR(10000, connections() == 0); /* every place in the table came back */
}

/* ---- waits that find no place --------------------------------------------------------------------------------------- */

static void *waiter_run(void *context)
{
    struct guest *guest = context;
    struct answer answer;
    hand_in(&answer, &house, "", "Prefer: wait=30\r\n", guest->jws);
    guest->status = answer.status;
    answer_free(&answer);
    return NULL;
}

static void some_connections_are_never_for_waiting(void)
{
    enum { PLACES = 3 };
    struct guest guests[PLACES + 1];
    struct answer answer;
    house_prepare(&house);
    house.config.intake.connections = house.config.intake.connections_per_address = 5;
    house_start(&house);
    EXPECT(house.http->waiting_max == PLACES);
    fake_node_hold(house.node, true);
    for (uint32_t i = 0; i < PLACES; i++) {
        guests[i].jws = fake_assignment(house.node, i + 1, "DAY");
        EXPECT(pthread_create(&guests[i].thread, NULL, waiter_run, &guests[i]) == 0);
    }
    WAIT_FOR(10000, __atomic_load_n(&house.http->waiting, __ATOMIC_RELAXED) == PLACES);
    ask(&answer, &house, "/livez");
    EXPECT(answer.status == 200);
    answer_free(&answer);
    WAIT_FOR(10000, connections() == PLACES);
    guests[PLACES].jws = fake_assignment(house.node, PLACES + 1, "DAY");
    (void)waiter_run(&guests[PLACES]);
    EXPECT(guests[PLACES].status == 202); /* at once, as if it had not asked to wait */
    EXPECT(counted(&house.http->not_waited) == 1);
    fake_node_hold(house.node, false);
    fake_node_commit(house.node);
    for (uint32_t i = 0; i <= PLACES; i++) {
        if (i < PLACES)
            EXPECT(pthread_join(guests[i].thread, NULL) == 0);
        EXPECT(guests[i].status == (i < PLACES ? 201 : 202));
        free(guests[i].jws);
    }
    EXPECT(__atomic_load_n(&house.http->waiting, __ATOMIC_RELAXED) == 0);
    house_close(&house);
}

/* ---- those who take their time -------------------------------------------------------------------------------------- */

/* Sends a byte every few milliseconds, so that the connection is never silent; true when it was cut. */
static bool drip_is_cut(const char *opening)
{
    struct timeval patience = {.tv_usec = 10000};
    int fd = client_open(&house);
    uint64_t until = rota_clock_monotonic_ms() + 20000;
    bool cut = false;
    EXPECT(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    client_send(fd, opening);
    while (!cut && rota_clock_monotonic_ms() < until) {
        char byte;
        cut = send(fd, "a", 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) == 0;
    }
    close(fd);
    return cut;
}

static void drips_are_cut(void)
{
    set_patience(300, 300, 60000);
    uint64_t before = counted(&house.http->cut);
    EXPECT(drip_is_cut(""));
    EXPECT(drip_is_cut("GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: "));
    EXPECT(drip_is_cut(
        "POST /v1/proposals HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: 90000\r\n\r\n"));
    WAIT_FOR(10000, counted(&house.http->cut) >= before + 3); /* noted after the connection is gone */
    WAIT_FOR(10000, house_in_use(&house, "default") == 0);    /* the body that never came holds no place */
    WAIT_FOR(10000, connections() == 0);
}

/* Asks for much and reads nothing. */
static void those_who_do_not_read_are_cut(void)
{
    enum { REQUESTS = 4000 };
    static const char request[] = "GET /v1/genesis HTTP/1.1\r\nHost: x\r\n\r\n";
    set_patience(60000, 60000, 300);
    uint64_t before = counted(&house.http->cut);
    int fd = client_open(&house), small = 4096;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    for (int i = 0; i < REQUESTS; i++)
        if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof request - 1)
            break;
    WAIT_FOR(20000, counted(&house.http->cut) > before);
    close(fd);
    WAIT_FOR(10000, connections() == 0);
    set_patience(15000, 10000, 60000);
}

/* ---- closing -------------------------------------------------------------------------------------------------------- */

/* Waiting submitters, idle connections, half a header and half a body: the door closes at once all the same. The node may be
 * stopped, or still be running. */
static void closes_while_everybody_hangs_on(bool node_stops)
{
    enum { WAITERS = 5, IDLERS = 20 };
    struct guest waiters[WAITERS];
    int idlers[IDLERS];
    static const char *const beginnings[] = {
        "", "GET /li", "GET /version HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /v1/proposals HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: 90\r\n\r\nabc"};
    house_open(&house);
    fake_node_hold(house.node, true);
    for (uint32_t i = 0; i < WAITERS; i++) {
        waiters[i].jws = fake_assignment(house.node, i + 1, "DAY");
        EXPECT(pthread_create(&waiters[i].thread, NULL, waiter_run, &waiters[i]) == 0);
    }
    for (uint32_t i = 0; i < IDLERS; i++) {
        idlers[i] = client_open(&house);
        client_send(idlers[i], beginnings[i % 4]);
    }
    WAIT_FOR(10000, __atomic_load_n(&house.http->waiting, __ATOMIC_RELAXED) == WAITERS);
    WAIT_FOR(10000, connections() == WAITERS + IDLERS);
    if (node_stops)
        fake_node_stop(house.node);
    uint64_t began = rota_clock_monotonic_ms();
    rota_http_close(house.http);
    EXPECT(rota_clock_monotonic_ms() - began < CLOSE_MS);
    for (uint32_t i = 0; i < WAITERS; i++) {
        EXPECT(pthread_join(waiters[i].thread, NULL) == 0);
        EXPECT(waiters[i].status == (node_stops ? 503 : 202)); /* each has an answer */
        free(waiters[i].jws);
    }
    for (uint32_t i = 0; i < IDLERS; i++)
        close(idlers[i]);
    fake_node_close(house.node);
}

int main(void)
{
    rota_crypto_init();
    house_open(&house);
    everybody_is_served();
    drips_are_cut();
    those_who_do_not_read_are_cut();
    house_close(&house);
    some_connections_are_never_for_waiting();
    closes_while_everybody_hangs_on(true);
    closes_while_everybody_hangs_on(false);
    return 0;
}
