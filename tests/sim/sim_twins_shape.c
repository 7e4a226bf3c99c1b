/* When two worlds have the same future: what a later round can depend on, with names taken off. Blocks are numbered as they
 * are met, views of locks by their order, and the two twins, and the three single members, may change places among
 * themselves. The number is the smallest over those changes. */
#include "tests/sim/sim_twins.h"

enum { NAMES_MAX = TWINS_BLOCKS_MAX + 8 };

/* A way of looking at a world: which instance stands where, and the names given so far. */
struct look {
    const struct twins_world *world;
    const struct twins_state *state;
    const uint32_t *order; /* [place]: instance */
    uint32_t place_of_member[TWINS_MEMBERS];
    uint64_t number;
    uint32_t block_names[TWINS_BLOCKS_MAX], block_count; /* 0: none yet */
    struct rota_hash nvs[NAMES_MAX];
    uint32_t nv_count;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = (a ^ b) + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void put(struct look *look, uint64_t word)
{
    look->number = mix(look->number * 31, word);
}

static uint32_t block_index(const struct look *look, const struct rota_hash *hash)
{
    for (uint32_t i = 0; i < look->state->block_count; i++)
        if (rota_hash_equal(&look->state->blocks[i].hash, hash))
            return i;
    return TWINS_BLOCKS_MAX;
}

/* A block's name; a new one is told by its height and its parent. */
static uint32_t block_name(struct look *look, const struct rota_hash *hash)
{
    uint32_t index = block_index(look, hash);
    if (index == TWINS_BLOCKS_MAX)
        return 0;
    if (look->block_names[index] == 0) {
        const struct rota_header *header = &look->state->blocks[index].header;
        uint32_t parent_index = block_index(look, &header->prev_hash);
        look->block_names[index] = ++look->block_count;
        put(look, header->height);
        put(look, parent_index == TWINS_BLOCKS_MAX ? 0 : look->block_names[parent_index]);
    }
    return look->block_names[index];
}

static uint32_t nv_name(struct look *look, const struct rota_hash *nv)
{
    for (uint32_t i = 0; i < look->nv_count; i++)
        if (rota_hash_equal(&look->nvs[i], nv))
            return i;
    ROTA_ASSERT(look->nv_count < NAMES_MAX);
    look->nvs[look->nv_count] = *nv;
    return look->nv_count++;
}

/* How many instances have a lock of a lower view: its place among the locks. */
static uint32_t lock_rank(const struct look *look, uint64_t view)
{
    uint32_t rank = 0;
    for (uint32_t i = 0; i < TWINS_INSTANCES; i++) {
        const struct rota_durable *durable = rota_core_durable(twins_core(look->world, i));
        rank += durable->has_best && durable->best.vote.view < view;
    }
    return rank;
}

static void put_votes(struct look *look, const struct twins_instance *instance, const struct rota_durable *durable)
{
    for (uint64_t h = instance->height + 1; h <= instance->height + ROTA_SLOTS; h++) {
        const struct rota_own_vote *own = &durable->votes[h % ROTA_SLOTS];
        if (own->height == h && own->view == durable->view && (own->prepared || own->committed)) {
            put(look, (h - instance->height) * 4 + own->prepared * 2 + own->committed);
            put(look, block_name(look, &own->block));
        }
    }
    uint64_t heard = 0;
    for (uint32_t i = 0; i < instance->heard_count; i++) {
        const struct twins_heard *one = &instance->heard[i];
        heard += mix(one->kind * 8 + look->place_of_member[one->member], block_name(look, &one->block));
    }
    put(look, heard);
    for (uint32_t member = 0; member < TWINS_MEMBERS; member++)
        if (instance->changes >> member & 1)
            heard |= UINT64_C(1) << look->place_of_member[member];
    put(look, heard);
}

static void put_instance(struct look *look, uint32_t index)
{
    const struct twins_instance *instance = &look->state->instances[index];
    const struct rota_durable *durable = rota_core_durable(twins_core(look->world, index));
    put(look, 0x1000 + instance->height);
    put(look, instance->height ? block_name(look, &look->state->blocks[instance->chain[instance->height]].hash) : 0);
    put(look, (uint64_t)durable->active * 2 + durable->has_best);
    put(look, nv_name(look, &durable->nv));
    put(look, durable->tip_height);
    put(look, block_name(look, &durable->tip));
    if (durable->has_best) {
        put(look, lock_rank(look, durable->best.vote.view) * 2 + (durable->best.vote.view == look->state->view));
        put(look, block_name(look, &durable->best.vote.block));
    }
    put_votes(look, instance, durable);
}

static uint64_t look_at(const struct twins_world *world, const uint32_t order[TWINS_INSTANCES])
{
    struct look look = {.world = world, .state = twins_state(world), .order = order, .number = 7};
    for (uint32_t place = 0; place < TWINS_INSTANCES; place++)
        look.place_of_member[look.state->instances[order[place]].member] = place < 2 ? 0 : place - 1;
    put(&look, look.place_of_member[look.state->view % TWINS_MEMBERS]);
    for (uint32_t place = 0; place < TWINS_INSTANCES; place++)
        put_instance(&look, order[place]);
    return look.number;
}

uint64_t twins_shape(const struct twins_world *world)
{
    static const uint32_t singles[][3] = {{2, 3, 4}, {2, 4, 3}, {3, 2, 4}, {3, 4, 2}, {4, 2, 3}, {4, 3, 2}};
    uint64_t least = UINT64_MAX;
    for (uint32_t twin = 0; twin < 2; twin++)
        for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
            const uint32_t order[] = {twin, 1 - twin, singles[i][0], singles[i][1], singles[i][2]};
            uint64_t number = look_at(world, order);
            least = number < least ? number : least;
        }
    return least;
}
