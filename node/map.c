#include "node/map.h"

#include <stdlib.h>

enum { MAP_ROOM_FIRST = 64 };

void rota_map_init(struct rota_map *map)
{
    memset(map, 0, sizeof *map);
    randombytes_buf(map->secret, sizeof map->secret);
}

void rota_map_free(struct rota_map *map)
{
    free(map->slots);
    memset(map, 0, sizeof *map);
}

static size_t map_home(const struct rota_map *map, const struct rota_hash *key)
{
    uint64_t hash;
    uint8_t out[crypto_shorthash_BYTES];
    crypto_shorthash(out, key->b, sizeof key->b, map->secret);
    memcpy(&hash, out, sizeof hash);
    return (size_t)hash & (map->room - 1);
}

/* The slot of this key, or the free one where it belongs. There is always a free one. */
static struct rota_map_slot *map_slot(const struct rota_map *map, const struct rota_hash *key)
{
    for (size_t at = map_home(map, key);; at = (at + 1) & (map->room - 1)) {
        struct rota_map_slot *slot = &map->slots[at];
        if (slot->value == 0 || rota_hash_equal(&slot->key, key))
            return slot;
    }
}

uint64_t rota_map_get(const struct rota_map *map, const struct rota_hash *key)
{
    return map->count == 0 ? 0 : map_slot(map, key)->value;
}

static struct rota_status map_grow(struct rota_map *map)
{
    struct rota_map grown = *map;
    grown.room = map->room == 0 ? MAP_ROOM_FIRST : map->room * 2;
    grown.slots = calloc(grown.room, sizeof *grown.slots);
    if (!grown.slots)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a table of the node");
    for (size_t i = 0; i < map->room; i++)
        if (map->slots[i].value != 0)
            *map_slot(&grown, &map->slots[i].key) = map->slots[i];
    free(map->slots);
    *map = grown;
    return rota_ok();
}

struct rota_status rota_map_put(struct rota_map *map, const struct rota_hash *key, uint64_t value)
{
    ROTA_ASSERT(value != 0);
    if ((map->count + 1) * 4 > map->room * 3)
        ROTA_TRY(map_grow(map));
    struct rota_map_slot *slot = map_slot(map, key);
    map->count += slot->value == 0;
    *slot = (struct rota_map_slot){*key, value};
    return rota_ok();
}

/* Whoever was pushed on by the key that goes moves back, so that no search ends too early. */
void rota_map_drop(struct rota_map *map, const struct rota_hash *key)
{
    if (map->count == 0 || map_slot(map, key)->value == 0)
        return;
    size_t mask = map->room - 1, hole = (size_t)(map_slot(map, key) - map->slots);
    for (size_t at = (hole + 1) & mask; map->slots[at].value != 0; at = (at + 1) & mask) {
        size_t home = map_home(map, &map->slots[at].key);
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        map->slots[hole] = map->slots[at];
        hole = at;
    }
    map->slots[hole].value = 0;
    map->count--;
}
