/* What the plain-main programs about the links share: a small ledger with all its secrets, nodes that are nothing but their
 * links, statements of every kind, and waiting for facts. No test framework: these run under ThreadSanitizer too. */
#ifndef ROTA_TESTS_TSAN_WORLD_H
#define ROTA_TESTS_TSAN_WORLD_H

#include "node/peers.h"

#include <stdio.h>
#include <stdlib.h>

#define EXPECT(fact)                                                                 \
    do {                                                                             \
        if (!(fact)) {                                                               \
            (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #fact); \
            exit(1);                                                                 \
        }                                                                            \
    } while (0)

/* Turns the crank until the fact holds; fails after `ms`. */
#define WAIT_FOR(ms, fact, crank)                                          \
    for (uint64_t wait_end = rota_clock_monotonic_ms() + (ms); !(fact);) { \
        EXPECT(rota_clock_monotonic_ms() < wait_end && #fact);             \
        crank;                                                             \
    }

enum { WORLD_MEMBERS = 4, WORLD_PATIENCE_MS = 30000 };

struct world {
    struct rota_genesis genesis; /* membership only */
    struct rota_ed25519_secret secrets[WORLD_MEMBERS];
    struct rota_es256k_secret coordinator;
    uint16_t ports[WORLD_MEMBERS]; /* where they listen */
    char listen[WORLD_MEMBERS][64];
    uint64_t seq; /* of the coordinator */
};

void world_open(struct world *world);
/* A member is dialled at another port than it listens at. */
void world_route(struct world *world, uint32_t member, uint16_t port);
uint16_t world_free_port(void);

struct node {
    struct rota_bell bell;
    struct rota_keyring *keyring;
    struct rota_peers *peers;
    uint32_t self;
    struct rota_directory directory;
};

void node_open(struct node *node, struct world *world, uint32_t self);
void node_close(struct node *node);
bool node_is_up(struct node *node, uint32_t peer);
struct rota_peer_info node_info(struct node *node, uint32_t peer);
/* Waits at most a short while for something to happen at this node. */
void node_pause(struct node *node);
/* Takes and drops what is ready; returns how many. */
uint32_t node_drain(struct node *node);

/* Statements that verify. height or a like field carries `number`, so that order can be seen. */
void world_sign(struct world *world, struct rota_message *message);
void world_heartbeat(struct rota_message *out, uint32_t sender, uint64_t number);
void world_vote(struct world *world, struct rota_message *out, uint32_t sender, uint64_t number);
void world_view_change(struct world *world, struct rota_message *out, struct rota_message_scratch *scratch, uint32_t sender,
                       uint64_t number);
/* The sender is the view's primary: number % WORLD_MEMBERS. */
void world_new_view(struct world *world, struct rota_message *out, struct rota_message_scratch *scratch, uint64_t number);
struct rota_proposal *world_proposal(struct world *world);
struct rota_block *world_block(struct world *world, uint64_t number, uint32_t entries);
void world_preprepare(struct world *world, struct rota_message *out, const struct rota_block *block, uint32_t sender);
void world_block_message(struct rota_message *out, const struct rota_block *block, uint32_t sender);

#endif
