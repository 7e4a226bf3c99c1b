/* No file descriptor left: the listener pauses instead of turning in circles, and takes callers in again as soon as it can.
 * The callers are a child process, made before nng starts its threads. */
#include "world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLERS = 10, WATCH_MS = 1000 };

/* Calls when told to, hangs up when told to. */
static void descriptors_child(uint16_t port, int orders)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    char order;
    EXPECT(read(orders, &order, 1) == 1);
    for (int i = 0; i < CALLERS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        EXPECT(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    }
    EXPECT(read(orders, &order, 1) == 1);
    _exit(0);
}

static uint64_t descriptors_cpu_ms(void)
{
    struct rusage usage;
    EXPECT(getrusage(RUSAGE_SELF, &usage) == 0);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* The lowest number that is free is the first that cannot be had any more. */
static void descriptors_exhaust(const struct rlimit *usual)
{
    int free_one = dup(STDERR_FILENO);
    EXPECT(free_one >= 0);
    close(free_one);
    struct rlimit tight = {.rlim_cur = (rlim_t)free_one, .rlim_max = usual->rlim_max};
    EXPECT(setrlimit(RLIMIT_NOFILE, &tight) == 0);
}

int main(void)
{
    static struct world world;
    struct node low, high;
    struct rlimit usual;
    int orders[2];
    EXPECT(pipe(orders) == 0 && getrlimit(RLIMIT_NOFILE, &usual) == 0);
    world_open(&world);
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0)
        descriptors_child(world.ports[2], orders[0]);

    node_open(&high, &world, 2);
    descriptors_exhaust(&usual);
    uint64_t cpu_ms = descriptors_cpu_ms(), end_ms = rota_clock_monotonic_ms() + WATCH_MS;
    EXPECT(write(orders[1], "c", 1) == 1);
    while (rota_clock_monotonic_ms() < end_ms)
        rota_bell_wait(&high.bell, end_ms);
    EXPECT(descriptors_cpu_ms() - cpu_ms < WATCH_MS / 4);
    EXPECT(setrlimit(RLIMIT_NOFILE, &usual) == 0);

    node_open(&low, &world, 0);
    WAIT_FOR(WORLD_PATIENCE_MS, node_is_up(&low, 2) && node_is_up(&high, 0), node_pause(&high));
    EXPECT(write(orders[1], "e", 1) == 1);
    EXPECT(waitpid(child, NULL, 0) == child);
    node_close(&low);
    node_close(&high);
    return 0;
}
