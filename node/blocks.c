#include "node/blocks.h"

#include "ledger/membership.h"

void rota_blocks_drop(struct rota_blocks *blocks, struct rota_held *held)
{
    ROTA_ASSERT(held >= blocks->items && held < blocks->items + ROTA_BLOCKS_MAX);
    rota_block_release(held->block);
    memset(held, 0, sizeof *held);
}

void rota_blocks_free(struct rota_blocks *blocks)
{
    for (size_t i = 0; i < ROTA_BLOCKS_MAX; i++)
        rota_blocks_drop(blocks, &blocks->items[i]);
}

struct rota_held *rota_blocks_find(struct rota_blocks *blocks, const struct rota_hash *hash)
{
    for (size_t i = 0; i < ROTA_BLOCKS_MAX; i++) {
        struct rota_held *held = &blocks->items[i];
        if (held->block && rota_hash_equal(&held->block->hash, hash))
            return held;
    }
    return NULL;
}

/* The member with the most blocks that nothing of ours rests on. */
static uint32_t blocks_greediest(const struct rota_blocks *blocks)
{
    uint32_t counts[ROTA_MEMBERS_MAX + 1] = {0}, most = 0;
    for (size_t i = 0; i < ROTA_BLOCKS_MAX; i++)
        if (blocks->items[i].block && !blocks->items[i].kept)
            counts[blocks->items[i].from % (ROTA_MEMBERS_MAX + 1)]++;
    for (uint32_t i = 1; i <= ROTA_MEMBERS_MAX; i++)
        if (counts[i] > counts[most])
            most = i;
    return most;
}

static struct rota_held *blocks_victim(struct rota_blocks *blocks)
{
    uint32_t greediest = blocks_greediest(blocks);
    struct rota_held *victim = NULL, *oldest = &blocks->items[0];
    for (size_t i = 0; i < ROTA_BLOCKS_MAX; i++) {
        struct rota_held *held = &blocks->items[i];
        if (held->order < oldest->order)
            oldest = held;
        if (!held->kept && held->from == greediest && (!victim || held->order < victim->order))
            victim = held;
    }
    return victim ? victim : oldest;
}

static struct rota_held *blocks_place(struct rota_blocks *blocks)
{
    for (size_t i = 0; i < ROTA_BLOCKS_MAX; i++)
        if (!blocks->items[i].block)
            return &blocks->items[i];
    struct rota_held *victim = blocks_victim(blocks);
    rota_blocks_drop(blocks, victim);
    return victim;
}

/* Nobody knows yet which body is the right one, and the later may be an answer. A vouch is for the header, and stays. */
static void blocks_replace(struct rota_held *held, struct rota_block *block, uint32_t from)
{
    struct rota_block *before = held->block;
    held->block = rota_block_retain(block);
    held->from = from;
    held->verified = false;
    rota_block_release(before);
}

struct rota_held *rota_blocks_put(struct rota_blocks *blocks, struct rota_block *block, uint32_t from)
{
    struct rota_held *held = rota_blocks_find(blocks, &block->hash);
    if (held && !held->kept && !held->executed && held->block != block)
        blocks_replace(held, block, from);
    if (held)
        return held;
    held = blocks_place(blocks);
    *held = (struct rota_held){.block = rota_block_retain(block), .from = from, .order = blocks->next_order++};
    return held;
}

void rota_blocks_forget(struct rota_blocks *blocks, uint64_t height)
{
    for (size_t i = 0; i < ROTA_BLOCKS_MAX; i++)
        if (blocks->items[i].block && blocks->items[i].block->header.height <= height)
            rota_blocks_drop(blocks, &blocks->items[i]);
}
