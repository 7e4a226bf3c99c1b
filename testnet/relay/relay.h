/* rota-relay stands between the facilities of a test network on 127.0.0.1 and can be told to delay, slow down, stall or cut
 * what it carries, for each ordered pair of facilities by itself.
 *
 *   main.c      command line, commands, the loop
 *   callers.c   which facility is calling
 *   carry.c     connections and the bytes on their way
 *
 * One thread. A facility calls another at the address in the genesis, which is the relay's; the relay calls the address at
 * which that one really listens (`listen` in its rotad.conf). */
#ifndef ROTA_TESTNET_RELAY_H
#define ROTA_TESTNET_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RELAY_FACILITIES_MAX = 31, RELAY_CONNECTIONS_MAX = 1024, RELAY_NOBODY = -1 };

struct relay_facility {
    char name[33];
    uint16_t door;   /* port of the relay at which the others call it */
    uint16_t target; /* port at which it listens itself */
    int listener;    /* the door's socket */
    int process;     /* id, as last seen; 0 = not known */
};

/* The way from one facility to another, whatever connection carries it. */
struct relay_path {
    uint64_t delay_ns;
    uint64_t bytes_per_second; /* 0 = no limit */
    bool stalled;              /* bytes stand still */
    bool cut;                  /* connections are closed, in both directions */
    uint64_t free_ns;          /* a limited line is busy until then */
    uint64_t carried;          /* bytes */
};

struct relay_chunk {
    struct relay_chunk *next;
    uint64_t due_ns;
    uint32_t len, at; /* len 0: the end of the stream */
    uint8_t bytes[];
};

/* One direction of a connection. */
struct relay_flow {
    struct relay_path *path;
    struct relay_chunk *first, *last;
    size_t waiting; /* bytes */
    bool ended;     /* nothing more comes */
    bool blocked;   /* the receiver takes nothing now */
};

/* ends[0] is the caller's, ends[1] the one called; flows[i] begins at ends[i]. */
struct relay_connection {
    struct relay_connection *next;
    int ends[2];
    int caller, called;
    struct relay_flow flows[2];
    bool broken;
};

struct relay {
    size_t count;
    struct relay_facility facilities[RELAY_FACILITIES_MAX];
    struct relay_path paths[RELAY_FACILITIES_MAX][RELAY_FACILITIES_MAX]; /* [from][to] */
    struct relay_connection *connections;
    size_t open; /* connections */
};

uint64_t relay_now_ns(void);

/* Which facility holds the calling end of a connection to `called`'s door that comes from this port, or RELAY_NOBODY. */
int relay_caller(struct relay *relay, int called, uint16_t port);

/* Takes in one waiting caller at a door. */
void relay_accept(struct relay *relay, int called);
/* Fills two slots for each connection, in the order of the list, and returns how many; *deadline_ns sinks to the first chunk
 * that is due. */
size_t relay_watch(const struct relay *relay, struct pollfd *slots, uint64_t *deadline_ns);
/* Reads, sends what is due, and frees what is broken; `slots` as relay_watch filled them. */
void relay_carry(struct relay *relay, const struct pollfd *slots);
/* Closes every connection on a path that is cut. */
void relay_close_cut(struct relay *relay);

#endif
