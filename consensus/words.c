/* The word of a member that lost its memory (PROTOCOL H5, H7): RECOVERED, said to all, ordered into the ledger, and learnt
 * from there by everybody alike: from it on what the member said of views before the loss is taken back. */
#include "consensus/state.h"

/* A primary gives a member a place in the ledger not more often than this, but a few at once. */
enum { WORD_PAUSE_MS = 30000, WORDS_AHEAD = 4 };

/* ---- floors --------------------------------------------------------------------------------------------------------- */

/* The ledger knows a run of ours that our disk does not: it is an old copy, and we may have spoken since. */
static void own_floor_judge(struct rota_core *core, const struct rota_floors *floors)
{
    uint64_t floor = floors->floor[core->self];
    bool ours =
        floor < core->durable.incarnation || (floor == core->durable.incarnation && floors->run[core->self] == core->boot);
    if (ours)
        return;
    core->durable.incarnation = floor + 1; /* below 2^64 - 1, as every floor */
    rota_recover_begin(core, "the ledger knows a run of this member that its disk does not know of");
}

void rota_floors_learn(struct rota_core *core, const struct rota_floors *floors)
{
    for (uint32_t i = 0; i < core->n; i++) {
        struct rota_greeting *greeting = &core->greetings[i];
        if (floors->floor[i] > greeting->floor && ROTA_BROKEN(floors_not_learnt, true, false))
            greeting->floor = floors->floor[i];
        if (core->has_change[i] && rota_view_change_is_stale(core, &core->changes[i]))
            core->has_change[i] = false;
    }
    own_floor_judge(core, floors);
}

void rota_floors_commit(struct rota_core *core, const struct rota_floors *floors)
{
    for (uint32_t i = 0; i < core->n; i++) {
        struct rota_greeting *greeting = &core->greetings[i];
        if (floors->floor[i] != core->floors.floor[i])
            greeting->word_ms = (greeting->word_ms > core->now_ms ? greeting->word_ms : core->now_ms) + WORD_PAUSE_MS;
    }
    core->floors = *floors;
}

bool rota_view_change_is_stale(const struct rota_core *core, const struct rota_view_change *change)
{
    return ROTA_BROKEN(words_of_before_the_loss_count, change->incarnation < core->greetings[change->sender].floor, false);
}

/* What the chain says up to the tip of this view; NULL while the tip is not executed here, or lies below the ledger's end:
 * then a quorum voted in this view, and has looked. */
static const struct rota_floors *tip_floors(const struct rota_core *core)
{
    uint64_t tip = core->durable.tip_height;
    const struct rota_slot *slot = &core->slots[tip % ROTA_SLOTS];
    if (core->committed == tip)
        return &core->floors;
    if (core->committed > tip || core->valid_height < tip || !rota_hash_equal(&slot->block, &core->durable.tip))
        return NULL;
    return &slot->floors;
}

/* Judged by the chain that the view goes on from, and by nothing that one member heard and another did not: all come to the
 * same verdict. */
void rota_view_judge(struct rota_core *core)
{
    if (!core->durable.active || !core->has_new_view || core->tip_judged)
        return;
    const struct rota_floors *floors = tip_floors(core);
    if (!floors)
        return;
    core->tip_judged = true;
    for (uint32_t i = 0; i < core->new_view.new_view.change_count; i++) {
        const struct rota_view_change *change = &core->new_view_changes[i];
        core->view_is_void |= change->incarnation < floors->floor[change->sender];
    }
    core->view_is_void = ROTA_BROKEN(void_view_gets_votes, core->view_is_void, false);
    if (core->view_is_void)
        rota_suspect_say(core, rota_core_is_primary(core) ? ROTA_SUSPECT_RESIGN : ROTA_SUSPECT_INVALID);
}

/* ---- words ---------------------------------------------------------------------------------------------------------- */

bool rota_word_is_recorded(const struct rota_core *core)
{
    return core->floors.floor[core->self] == core->durable.incarnation && core->floors.run[core->self] == core->boot;
}

/* Also after the silence where that does not wait for the ledger (n = 2). */
static bool word_is_due(const struct rota_core *core)
{
    const struct rota_durable *durable = &core->durable;
    bool lost = durable->standing == ROTA_STANDING_RECOVERING || durable->floor == durable->incarnation;
    return core->n > 1 && lost && durable->recover_view != UINT64_MAX && !rota_word_is_recorded(core);
}

bool rota_word_say(struct rota_core *core)
{
    if (core->halted || !word_is_due(core))
        return false;
    struct rota_recovered *word = &rota_core_say(core, ROTA_TO_ALL, ROTA_MESSAGE_RECOVERED)->recovered;
    *word = (struct rota_recovered){.epoch = core->membership->epoch,
                                    .member = core->self,
                                    .floor = core->durable.incarnation,
                                    .run = core->boot,
                                    .view = core->durable.recover_view};
    return true;
}

/* One cell a member: its latest run, and of one run the word that the earliest view allows, for v_R sinks. */
void rota_word_admit(struct rota_core *core, const struct rota_message *message)
{
    const struct rota_recovered *word = &message->recovered;
    struct rota_greeting *greeting = &core->greetings[message->sender];
    bool older = greeting->has_word && (word->floor < greeting->word.floor ||
                                        (word->floor == greeting->word.floor && word->view >= greeting->word.view));
    if (older || word->floor <= core->floors.floor[message->sender]) {
        core->dropped++;
        return;
    }
    greeting->has_word = true;
    greeting->word = *word;
    greeting->word.epoch = message->epoch;
    greeting->word.member = message->sender;
    greeting->word.signature = message->signature;
}

/* One that has to get past this view is of no use in it: it waits for a later one anyway, and one block does for both. */
uint32_t rota_words_wanted(const struct rota_core *core, struct rota_recovered *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < core->n; i++) {
        const struct rota_greeting *greeting = &core->greetings[i];
        if (!greeting->has_word || greeting->word.floor <= core->floors.floor[i] ||
            greeting->word.view >= core->durable.view ||
            greeting->word_ms >= core->now_ms + (WORDS_AHEAD - 1) * WORD_PAUSE_MS + 1)
            continue;
        if (out)
            out[count] = greeting->word;
        count++;
    }
    return count;
}
