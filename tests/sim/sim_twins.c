/* Every choice of every round, depth first. A world that looks like one met before in the same round is not followed again
 * (sim_twins_shape.c says what that means). */
#include "tests/sim/sim_twins.h"

#include <stdio.h>
#include <stdlib.h>

/* Numbers met before: open addressing, 0 is an empty place. */
struct shapes {
    uint64_t *places;
    size_t room, count;
};

struct search {
    const struct twins_run *run;
    struct twins_world *world;
    uint8_t *saved[TWINS_ROUNDS_MAX + 1];
    struct shapes shapes[TWINS_ROUNDS_MAX + 1];
    struct twins_choice path[TWINS_ROUNDS_MAX];
};

static void shapes_grow(struct shapes *shapes);

/* True when it is new. */
static bool shapes_add(struct shapes *shapes, uint64_t shape)
{
    if (2 * shapes->count >= shapes->room)
        shapes_grow(shapes);
    shape = shape ? shape : 1;
    size_t at = shape % shapes->room;
    for (; shapes->places[at]; at = (at + 1) % shapes->room)
        if (shapes->places[at] == shape)
            return false;
    shapes->places[at] = shape;
    shapes->count++;
    return true;
}

static void shapes_grow(struct shapes *shapes)
{
    struct shapes larger = {.room = shapes->room ? 2 * shapes->room : 1024};
    larger.places = calloc(larger.room, sizeof larger.places[0]);
    ROTA_ASSERT(larger.places);
    for (size_t i = 0; i < shapes->room; i++)
        if (shapes->places[i])
            (void)shapes_add(&larger, shapes->places[i]);
    free(shapes->places);
    *shapes = larger;
}

static void path_print(const struct search *search, uint32_t count)
{
    static const char *const reaches[TWINS_REACHES] = {"all", "no COMMIT", "PREPAREs of the first height",
                                                       "COMMITs to the primary alone"};
    static const char *const names[TWINS_INSTANCES] = {"0", "0'", "1", "2", "3"};
    for (uint32_t round = 0; round < count; round++) {
        const struct twins_choice *choice = &search->path[round];
        fprintf(stderr, "  round %u: %u views on,", round + 1, choice->advance);
        for (uint32_t side = 0; side < 2; side++) {
            for (uint32_t i = 0; i < TWINS_INSTANCES; i++)
                if ((choice->side >> i & 1) == side)
                    fprintf(stderr, " %s", names[i]);
            fprintf(stderr, "%s", side == 0 ? " |" : "; what arrives: ");
        }
        fprintf(stderr, "%s\n", reaches[choice->reach]);
    }
}

static bool explore(struct search *search, uint32_t round);

/* False: a violation was found, and said. */
static bool choice_try(struct search *search, uint32_t round, const struct twins_choice *choice)
{
    search->path[round] = *choice;
    twins_restore(search->world, search->saved[round]);
    const char *violation = twins_round(search->world, choice);
    if (violation) {
        fprintf(stderr, "\nviolation %s\n", violation);
        path_print(search, round + 1);
        return false;
    }
    if (round + 1 == search->run->rounds)
        return true;
    uint64_t shape = twins_shape(search->world);
    if (!shapes_add(&search->shapes[round + 1], shape))
        return true;
    if (round + 1 == search->run->rounds - 1 && shape % search->run->shards != search->run->shard)
        return true; /* another part's */
    twins_counts(search->world)->states[round + 1]++;
    twins_save(search->world, search->saved[round + 1]);
    return explore(search, round + 1);
}

static bool explore(struct search *search, uint32_t round)
{
    bool last = round + 1 == search->run->rounds;
    for (uint32_t side = 0; side < 1u << TWINS_INSTANCES; side += 2) /* instance 0 is always on the first side */
        for (uint32_t advance = 0; advance < TWINS_MEMBERS; advance++)
            for (uint32_t reach = 0; reach < (last ? 1 : TWINS_REACHES); reach++) /* in the last round only commits tell */
                if (!choice_try(search, round, &(struct twins_choice){side, advance, (enum twins_reach)reach}))
                    return false;
    return true;
}

int twins_enumerate(const struct twins_run *run)
{
    struct search search = {.run = run, .world = twins_new()};
    ROTA_ASSERT(run->rounds >= 1 && run->rounds <= TWINS_ROUNDS_MAX && run->shard < run->shards);
    for (uint32_t i = 0; i < run->rounds; i++) {
        search.saved[i] = malloc(twins_bytes());
        ROTA_ASSERT(search.saved[i]);
    }
    twins_save(search.world, search.saved[0]);
    bool good = explore(&search, 0);
    const struct twins_counts *counts = twins_counts(search.world);
    if (good) {
        printf(
            "twins: %u members, one of them twice, %u rounds, part %u of %u: %llu rounds played, states after each round:",
            TWINS_MEMBERS, run->rounds, run->shard, run->shards, (unsigned long long)counts->rounds);
        for (uint32_t i = 1; i < run->rounds; i++)
            printf(" %llu", (unsigned long long)counts->states[i]);
        printf("; %llu messages, %llu commits, %llu accusations of the twin, no violation\n",
               (unsigned long long)counts->messages, (unsigned long long)counts->commits,
               (unsigned long long)counts->accusations);
    }
    for (uint32_t i = 0; i < TWINS_ROUNDS_MAX + 1; i++) {
        free(search.saved[i]);
        free(search.shapes[i].places);
    }
    twins_free(search.world);
    return good ? 0 : 1;
}
