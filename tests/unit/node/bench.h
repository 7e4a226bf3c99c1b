/* A ledger of one member in a folder of its own, and what is laid on it: chain, pool. The folder goes with the bench. */
#ifndef ROTA_TESTS_UNIT_NODE_BENCH_H
#define ROTA_TESTS_UNIT_NODE_BENCH_H

#include "node/chain.h"
#include "tests/unit/ledger/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

struct bench_side {
    struct rota_keyring *keyring;
    struct rota_chain *chain;
    struct rota_pool pool;
    uint32_t executed, taken_back, made_final; /* what the observer was told, in blocks */
};

struct bench {
    char folder[64];
    struct rota_genesis genesis;
};

void bench_open(struct bench *bench);
/* The same with TICKs (PROTOCOL T11). */
void bench_open_ticking(struct bench *bench, uint32_t tick_ms);
void bench_close(struct bench *bench);
/* A path in the folder; the buffer is static. */
const char *bench_path(const struct bench *bench, const char *name);

/* A chain on the file of this name, which is made when it is not there. Executed entries leave the pool, as in the node. */
void bench_side_open(struct bench_side *side, const struct bench *bench, const char *name);
void bench_side_close(struct bench_side *side);

/* A proposal that enrols this person; one reference, given to the caller. */
struct rota_proposal *bench_enrol(const struct bench *bench, const char *author, uint64_t seq, const char *person);
/* Into the pool; asserts that there is room. */
void bench_wait(struct bench_side *side, struct rota_proposal *proposal);
/* The certificate of the only member for this block. */
struct rota_certificate bench_certificate(const struct bench *bench, const struct rota_block *block);
/* Builds on the top of the stack. */
const struct rota_block *bench_build(struct bench_side *side);
/* The block's header and body as another node would get them; one reference, given to the caller. */
struct rota_block *bench_copy(const struct rota_block *block);
/* The same header with another body; one reference, given to the caller. Then with a TICK for a body, and with one entry
 * more than the header says. */
struct rota_block *bench_forge_body(const struct bench *bench, const struct rota_block *block);
struct rota_block *bench_forge_tick(const struct rota_block *block);
struct rota_block *bench_forge_longer(const struct bench *bench, const struct rota_block *block);

#endif
