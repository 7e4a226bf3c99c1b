/* rota-relay NAME:DOOR:TARGET...
 * Carries what the facilities of a test network say to each other. Commands come on standard input, one a line, and each is
 * answered by "ok" or by "error: ..." once it holds; the program ends with its input. FROM and TO are names, or * for all:
 *   delay FROM TO MS           each byte arrives so much later (fractions allowed)
 *   rate FROM TO BYTES         at most so many bytes a second, 0 = no limit
 *   stall FROM TO              bytes in this direction stand still, connections stay
 *   cut FROM TO                connections between the two are closed, and new ones at once
 *   heal FROM TO               neither stalled nor cut, in both directions
 *   carried FROM TO            answers "ok BYTES" */
#include "testnet/relay/relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct relay_command {
    const char *name;
    void (*apply)(struct relay_path *way, struct relay_path *back, double value);
};

static void command_delay(struct relay_path *way, struct relay_path *back, double value)
{
    (void)back;
    way->delay_ns = (uint64_t)(value * 1e6);
}

static void command_rate(struct relay_path *way, struct relay_path *back, double value)
{
    (void)back;
    way->bytes_per_second = (uint64_t)value;
}

static void command_stall(struct relay_path *way, struct relay_path *back, double value)
{
    (void)back;
    (void)value;
    way->stalled = true;
}

static void command_cut(struct relay_path *way, struct relay_path *back, double value)
{
    (void)value;
    way->cut = back->cut = true;
}

static void command_heal(struct relay_path *way, struct relay_path *back, double value)
{
    (void)value;
    way->cut = back->cut = way->stalled = back->stalled = false;
}

static void command_carried(struct relay_path *way, struct relay_path *back, double value)
{
    (void)way;
    (void)back;
    (void)value;
}

static const struct relay_command commands[] = {
    {"delay", command_delay}, {"rate", command_rate}, {"stall", command_stall},
    {"cut", command_cut},     {"heal", command_heal}, {"carried", command_carried},
};

static bool command_names(const struct relay *relay, size_t facility, const char *word)
{
    return strcmp(word, "*") == 0 || strcmp(word, relay->facilities[facility].name) == 0;
}

/* Applies to every path that the two words name; returns how many. */
static size_t command_apply(struct relay *relay, const struct relay_command *command, const char *from, const char *to,
                            double value, uint64_t *carried)
{
    size_t paths = 0;
    for (size_t i = 0; i < relay->count; i++) {
        for (size_t j = 0; j < relay->count; j++) {
            if (i == j || !command_names(relay, i, from) || !command_names(relay, j, to))
                continue;
            command->apply(&relay->paths[i][j], &relay->paths[j][i], value);
            *carried += relay->paths[i][j].carried;
            paths++;
        }
    }
    return paths;
}

static void command_run(struct relay *relay, const char *line)
{
    char name[16], from[33], to[33];
    double value = 0;
    uint64_t carried = 0;
    if (sscanf(line, "%15s %32s %32s %lf", name, from, to, &value) < 3 || value < 0) {
        puts("error: a command is NAME FROM TO [VALUE]");
        return;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        if (command_apply(relay, &commands[i], from, to, value, &carried) == 0) {
            puts("error: no such facility");
            return;
        }
        relay_close_cut(relay);
        if (commands[i].apply == command_carried)
            printf("ok %llu\n", (unsigned long long)carried);
        else
            puts("ok");
        return;
    }
    puts("error: no such command");
}

/* Reads what is there and runs whole lines; false at the end of the input. */
static bool command_take(struct relay *relay)
{
    static char line[256];
    static size_t len;
    ssize_t got = read(STDIN_FILENO, line + len, sizeof line - 1 - len);
    if (got <= 0)
        return false;
    len += (size_t)got;
    line[len] = '\0';
    for (char *end = strchr(line, '\n'); end; end = strchr(line, '\n')) {
        *end = '\0';
        command_run(relay, line);
        len -= (size_t)(end + 1 - line);
        memmove(line, end + 1, len + 1);
    }
    (void)fflush(stdout);
    return len < sizeof line - 1; /* a line without an end is no command */
}

static bool relay_open_door(struct relay_facility *facility)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(facility->door), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    facility->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return facility->listener >= 0 && setsockopt(facility->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(facility->listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(facility->listener, 64) == 0;
}

static bool relay_add(struct relay *relay, const char *word)
{
    struct relay_facility *facility = &relay->facilities[relay->count];
    if (relay->count == RELAY_FACILITIES_MAX ||
        sscanf(word, "%32[^:]:%hu:%hu", facility->name, &facility->door, &facility->target) != 3) {
        fprintf(stderr, "rota-relay: %s is not NAME:DOOR:TARGET\n", word);
        return false;
    }
    if (!relay_open_door(facility)) {
        fprintf(stderr, "rota-relay: port %u: ", facility->door);
        perror(NULL);
        return false;
    }
    relay->count++;
    return true;
}

/* One wait and what came of it; false when the input has ended. */
static bool relay_turn(struct relay *relay)
{
    static struct pollfd slots[1 + RELAY_FACILITIES_MAX + 2 * RELAY_CONNECTIONS_MAX];
    uint64_t deadline_ns = UINT64_MAX, now_ns = relay_now_ns();
    slots[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    for (size_t i = 0; i < relay->count; i++)
        slots[1 + i] = (struct pollfd){.fd = relay->facilities[i].listener, .events = POLLIN};
    struct pollfd *connections = slots + 1 + relay->count;
    size_t used = 1 + relay->count + relay_watch(relay, connections, &deadline_ns);
    uint64_t wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000), .tv_nsec = (long)(wait_ns % 1000000000)};
    if (ppoll(slots, used, deadline_ns == UINT64_MAX ? NULL : &wait, NULL) < 0)
        return true;
    relay_carry(relay, connections);
    for (size_t i = 0; i < relay->count; i++)
        if (slots[1 + i].revents)
            relay_accept(relay, (int)i);
    return !slots[0].revents || command_take(relay);
}

int main(int argc, char **argv)
{
    static struct relay relay;
    (void)prctl(PR_SET_TIMERSLACK, 1); /* a delay is to be what was asked for */
    for (int i = 1; i < argc; i++)
        if (!relay_add(&relay, argv[i]))
            return 1;
    if (relay.count < 2) {
        fputs("usage: rota-relay NAME:DOOR:TARGET NAME:DOOR:TARGET...\n", stderr);
        return 2;
    }
    puts("ok"); /* the doors are open */
    (void)fflush(stdout);
    while (relay_turn(&relay))
        ;
    return 0;
}
