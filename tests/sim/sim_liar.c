/* The liars' plan: who, which lies, and the way of each message through the files that know how to lie. */
#include "tests/sim/sim_liar.h"

static uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t liar_random(struct sim *sim, uint64_t below)
{
    uint64_t drawn = mix(&sim->lying->random);
    return below == 0 ? 0 : drawn % below;
}

bool liar_lies(struct sim *sim, enum sim_lie lie)
{
    return (sim->lying->lies >> lie & 1) && liar_random(sim, 100) < sim->lying->often;
}

bool sim_is_liar(const struct sim *sim, uint32_t facility)
{
    return sim->liars >> facility & 1;
}

bool sim_lies_too_many(const struct sim *sim)
{
    bool too_many = false;
    for (uint32_t i = 0; i < sim->epoch_count && sim->liars != 0; i++) {
        const struct sim_epoch *epoch = &sim->epochs[i];
        uint32_t liars = (uint32_t)__builtin_popcount(sim->liars & epoch->facilities);
        too_many |= liars > rota_fault_bound(epoch->membership.count, epoch->membership.profile);
    }
    return too_many;
}

/* ---- the plan ------------------------------------------------------------------------------------------------------- */

/* Peers that are told something: so many that with the liars exactly f, Q-1 or Q members know. */
static uint32_t favoured_draw(struct sim *sim)
{
    uint32_t n = sim->facility_count, liars = (uint32_t)__builtin_popcount(sim->liars), members = sim->membership.count;
    uint32_t quorum = rota_quorum(members, sim->membership.profile), f = rota_fault_bound(members, sim->membership.profile);
    const uint32_t sizes[] = {f, quorum - 1, quorum};
    uint32_t want = sizes[liar_random(sim, 3)], favoured = sim->liars;
    while ((uint32_t)__builtin_popcount(favoured) < want && want <= n)
        favoured |= UINT32_C(1) << liar_random(sim, n);
    ROTA_ASSERT(liars <= n);
    return favoured;
}

/* Where most is to be gained: each third draw is one of these. */
static const enum sim_lie sharp[] = {SIM_LIE_EQUIVOCATE,    SIM_LIE_DOUBLE_VOTE,  SIM_LIE_HIDE_LOCK, SIM_LIE_BAD_CERTIFICATE,
                                     SIM_LIE_TWO_NEW_VIEWS, SIM_LIE_BAD_NEW_VIEW, SIM_LIE_USURP};

static uint64_t lie_draw(uint64_t *state)
{
    if (mix(state) % 3 == 0)
        return UINT64_C(1) << sharp[mix(state) % (sizeof sharp / sizeof sharp[0])];
    return UINT64_C(1) << mix(state) % SIM_LIES;
}

/* One in ten has one way of lying alone, one in twenty has all. */
static uint64_t lies_draw(uint64_t *state)
{
    uint64_t lies = 0, kind = mix(state) % 20;
    if (kind == 0)
        return (UINT64_C(1) << SIM_LIES) - 1;
    for (uint64_t count = kind < 3 ? 1 : 2 + mix(state) % 6; count > 0; count--)
        lies |= lie_draw(state);
    if ((lies & (SIM_LIE(TWO_NEW_VIEWS) | SIM_LIE(BAD_NEW_VIEW))) && mix(state) % 2)
        lies |= SIM_LIE(SUSPECT); /* views have to change for these */
    return lies;
}

void sim_liars_make(struct sim *sim, uint32_t members, uint64_t lies)
{
    static const uint32_t often[] = {5, 25, 60, 100};
    if (!sim->lying)
        sim->lying = calloc(1, sizeof *sim->lying);
    ROTA_ASSERT(sim->lying);
    struct sim_liars *lying = sim->lying;
    lying->random = sim->options.seed * UINT64_C(0xd1342543de82ef95) + 7;
    lying->members = members;
    sim->liars |= members;
    lying->lies = lies ? lies : lies_draw(&lying->random);
    if (sim_lies_too_many(sim)) { /* enough to stop everything at will; here they are to fork what they can */
        lying->lies &= ~(SIM_LIE(SUSPECT) | SIM_LIE(FAR_VIEW));
        lying->lies |= SIM_LIE(EQUIVOCATE) | (liar_random(sim, 2) ? SIM_LIE(HIDE_LOCK) : SIM_LIE(DOUBLE_VOTE));
    }
    lying->often = often[liar_random(sim, 4)];
    const uint32_t variants[] = {2, 3, sim->facility_count};
    lying->variants = variants[liar_random(sim, 3)];
    lying->favoured = favoured_draw(sim);
    lying->slow_ms = sim->timers.progress_ms * (50 + liar_random(sim, 50)) / 100;
}

void sim_liars_draw(struct sim_options *options)
{
    uint32_t n = options->members, f = rota_fault_bound(n, options->profile);
    uint64_t state = options->seed * UINT64_C(0x9e3779b97f4a7c15);
    if (f == 0 || mix(&state) % 2 == 0)
        return;
    uint32_t count = mix(&state) % 25 == 0 ? f + 1 : 1 + (uint32_t)(mix(&state) % f);
    if (mix(&state) % 2 == 0) /* a liar that leads can do more, and the first two lead in every run that has any trouble */
        options->liars |= UINT32_C(1) << mix(&state) % 2;
    while ((uint32_t)__builtin_popcount(options->liars) < count)
        options->liars |= UINT32_C(1) << mix(&state) % n;
    options->lies = lies_draw(&state);
}

void sim_liars_free(struct sim *sim)
{
    for (uint32_t i = 0; sim->lying && i < LIAR_MEMORY; i++)
        free(sim->lying->memory[i].bytes);
    for (uint32_t i = 0; sim->lying && i < sim->lying->foreign_count; i++) {
        rota_block_release(sim->lying->foreign[i]->real);
        free((void *)(uintptr_t)sim->lying->foreign[i]);
    }
    free(sim->lying);
}

static const char *const lie_names[SIM_LIES] = {
    [SIM_LIE_EQUIVOCATE] = "equivocate",
    [SIM_LIE_SELECT] = "select",
    [SIM_LIE_SLOW] = "slow",
    [SIM_LIE_INVALID_BLOCK] = "invalid_block",
    [SIM_LIE_TIME] = "time",
    [SIM_LIE_CENSOR] = "censor",
    [SIM_LIE_USURP] = "usurp",
    [SIM_LIE_DOUBLE_VOTE] = "double_vote",
    [SIM_LIE_WITHHOLD] = "withhold",
    [SIM_LIE_LATE] = "late",
    [SIM_LIE_HIDE_LOCK] = "hide_lock",
    [SIM_LIE_STALE_LOCK] = "stale_lock",
    [SIM_LIE_BAD_CERTIFICATE] = "bad_certificate",
    [SIM_LIE_TWO_NEW_VIEWS] = "two_new_views",
    [SIM_LIE_BAD_NEW_VIEW] = "bad_new_view",
    [SIM_LIE_MUTE_PRIMARY] = "mute_primary",
    [SIM_LIE_FAR_VIEW] = "far_view",
    [SIM_LIE_SUSPECT] = "suspect",
    [SIM_LIE_FORGED_RESIGN] = "forged_resign",
    [SIM_LIE_GARBAGE] = "garbage",
    [SIM_LIE_FLIP] = "flip",
    [SIM_LIE_MUTATE] = "mutate",
    [SIM_LIE_REPLAY] = "replay",
    [SIM_LIE_FUTURE] = "future",
    [SIM_LIE_FETCH] = "fetch",
    [SIM_LIE_SYNC] = "sync",
    [SIM_LIE_HEIGHT] = "height",
    [SIM_LIE_READ] = "read",
    [SIM_LIE_HELLO] = "hello",
    [SIM_LIE_BODY] = "body",
    [SIM_LIE_OLD_WORDS] = "old_words",
};

void sim_liars_print(const struct sim *sim, FILE *to)
{
    if (!sim->lying)
        return;
    fprintf(to, "  liars:");
    for (uint32_t i = 0; i < sim->facility_count; i++)
        if (sim->lying->members >> i & 1)
            fprintf(to, " %u", i);
    fprintf(to, ", %u %% of the time:", sim->lying->often);
    for (uint32_t lie = 0; lie < SIM_LIES; lie++)
        if (sim->lying->lies >> lie & 1)
            fprintf(to, " %s", lie_names[lie]);
    fprintf(to, "\n");
}

/* ---- saying --------------------------------------------------------------------------------------------------------- */

uint32_t liar_peer(struct sim *sim, uint32_t liar)
{
    uint32_t n = sim->facility_count, peer = (uint32_t)liar_random(sim, n - 1);
    return peer >= liar ? peer + 1 : peer;
}

bool liar_stale_certificate(struct sim *sim, uint32_t liar, struct rota_certificate *out)
{
    const struct sim_disk *disk = &sim->replicas[liar].disk;
    if (disk->height == 0)
        return false;
    uint64_t height = 1 + liar_random(sim, disk->height);
    if (!disk->certificates[height])
        return false;
    *out = *disk->certificates[height];
    return true;
}

const struct sim_block *liar_block(struct sim *sim, struct sim_block *block, bool sealed)
{
    if (sim->parts)
        return sim->parts->forge(sim, block);
    if (!sealed)
        sim_block_seal(block);
    block->hash = rota_header_hash(&block->header);
    return sim_block_add(sim, block);
}

const struct sim_block *liar_foreign(struct sim *sim, const struct sim_block *block)
{
    struct sim_liars *lying = sim->lying;
    struct rota_block *real =
        sim->parts && lying->foreign_count < LIAR_FOREIGN ? sim->parts->foreign(block, liar_random(sim, 2)) : NULL;
    if (!real)
        return NULL;
    struct sim_block *made = malloc(sizeof *made);
    ROTA_ASSERT(made);
    *made = *block;
    made->real = real;
    made->foreign = true;
    return lying->foreign[lying->foreign_count++] = made;
}

bool liar_owns(const struct sim *sim, uint32_t liar, const struct rota_message *message)
{
    return sim_is_own(&sim->replicas[liar], message);
}

void liar_pass_on(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                  const struct sim_block *body)
{
    if (from == to)
        return;
    sim->stats.lies++;
    sim_send(sim, from, to, message, body);
}

bool liar_sign(struct sim *sim, uint32_t from, struct rota_message *message)
{
    const struct sim_replica *replica = &sim->replicas[from];
    if (replica->member == SIM_NOBODY)
        return false;
    message->sender = replica->member;
    message->epoch = replica->epoch->membership.epoch;
    if (rota_message_is_signed(message->kind))
        sim_sign(sim, from, message);
    sim_check_left(sim, replica, message);
    return true;
}

void liar_say(struct sim *sim, uint32_t from, uint32_t to, struct rota_message *message, const struct sim_block *body)
{
    if (liar_sign(sim, from, message))
        liar_pass_on(sim, from, to, message, body);
}

void sim_liar_says(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                   const struct sim_block *body)
{
    struct sim_liars *lying = sim->lying;
    if (!lying || !(lying->members >> from & 1)) {
        sim_send(sim, from, to, message, body);
        return;
    }
    if (liar_bytes(sim, from, to, message, body) || liar_votes(sim, from, to, message, body) ||
        liar_views(sim, from, to, message) || liar_sync(sim, from, to, message))
        return;
    sim_send(sim, from, to, message, body);
}

bool sim_liar_censors(struct sim *sim, uint32_t liar, uint32_t request)
{
    struct sim_liars *lying = sim->lying;
    bool evidence = sim_piece_of(sim, request);
    if (!lying || !(lying->members >> liar & 1) || !(lying->lies & SIM_LIE(CENSOR)) || (request % 3 != 0 && !evidence))
        return false;
    if (evidence)
        sim_reach(sim, SIM_REACHED_EVIDENCE_LEFT_OUT);
    sim->stats.lies++;
    return true;
}

bool sim_liar_withholds_ticks(struct sim *sim, uint32_t liar)
{
    struct sim_liars *lying = sim->lying;
    bool withholds = sim->options.seed % 2 == 0 || (lying && (lying->lies & SIM_LIE(CENSOR)));
    if (!lying || !(lying->members >> liar & 1) || !withholds)
        return false;
    sim->stats.lies++;
    return true;
}

/* ---- hearing -------------------------------------------------------------------------------------------------------- */

static void memory_put(struct sim *sim, const struct sim_delivery *delivery, const struct rota_message *message)
{
    struct sim_liars *lying = sim->lying;
    uint32_t at = lying->memory_count < LIAR_MEMORY ? lying->memory_count++ : (uint32_t)liar_random(sim, LIAR_MEMORY);
    struct liar_memory *memory = &lying->memory[at];
    free(memory->bytes);
    *memory = (struct liar_memory){malloc(delivery->len), delivery->len, delivery->body, message->kind, message->sender};
    ROTA_ASSERT(memory->bytes);
    memcpy(memory->bytes, delivery->bytes, delivery->len);
}

void sim_liar_hears(struct sim *sim, const struct sim_delivery *delivery, const struct rota_message *message)
{
    struct sim_liars *lying = sim->lying;
    if (!lying || !(lying->members >> delivery->to & 1))
        return;
    if (message->kind != ROTA_MESSAGE_STATUS && message->kind != ROTA_MESSAGE_HEARTBEAT && liar_random(sim, 4) == 0)
        memory_put(sim, delivery, message);
    if (message->kind == ROTA_MESSAGE_VIEW_CHANGE) {
        if (message->epoch != lying->heard_epoch)
            memset(lying->has_heard, 0, sizeof lying->has_heard), memset(lying->has_old, 0, sizeof lying->has_old);
        lying->heard_epoch = message->epoch;
        lying->heard[message->sender] = *message->view_change;
        lying->heard[message->sender].signature = message->signature;
        lying->heard[message->sender].sender = message->sender;
        lying->has_heard[message->sender] = true;
        liar_keep_old(sim, &lying->heard[message->sender]);
    }
}

void sim_liar_wakes(struct sim *sim, uint32_t liar)
{
    struct sim_liars *lying = sim->lying;
    if (!lying || !(lying->members >> liar & 1) || sim->facility_count == 1)
        return;
    liar_late_release(sim, liar, sim_view(sim, liar).view);
    if (sim->now_ms - lying->spoke_ms < LIAR_PAUSE_MS)
        return;
    lying->spoke_ms = sim->now_ms;
    liar_votes_unasked(sim, liar);
    liar_views_unasked(sim, liar);
    liar_bytes_unasked(sim, liar);
    liar_sync_unasked(sim, liar);
}
