/* A map from a hash to a number other than zero, made for one thread: open addressing, one allocation, no tombstones.
 * Places are found by a keyed hash whose key nobody outside knows, so no sender can choose what falls together.
 * Owned by whoever holds it; values that are pointers stay the owner's. */
#ifndef ROTA_NODE_MAP_H
#define ROTA_NODE_MAP_H

#include "crypto/digest.h"

struct rota_map_slot {
    struct rota_hash key;
    uint64_t value; /* 0: free */
};

struct rota_map {
    struct rota_map_slot *slots;
    size_t room; /* 0, or a power of two */
    size_t count;
    uint8_t secret[crypto_shorthash_KEYBYTES];
};

void rota_map_init(struct rota_map *map);
void rota_map_free(struct rota_map *map);
/* 0 when the key is not there. */
uint64_t rota_map_get(const struct rota_map *map, const struct rota_hash *key);
/* Adds the key or replaces its value, which is not 0. ROTA_NO_MEMORY. */
ROTA_CHECKED struct rota_status rota_map_put(struct rota_map *map, const struct rota_hash *key, uint64_t value);
/* Nothing happens when the key is not there. */
void rota_map_drop(struct rota_map *map, const struct rota_hash *key);

static inline void *rota_map_pointer(uint64_t value)
{
    return (void *)(uintptr_t)value;
}

static inline uint64_t rota_map_value(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

#endif
