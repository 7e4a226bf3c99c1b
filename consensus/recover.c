/* A replica whose disk may hold less than it once said (PROTOCOL H4, H5, H7, H8): it is silent until a quorum has committed
 * something in a later view than any that it could have voted in. */
#include "consensus/state.h"

bool rota_core_is_silent(const struct rota_core *core)
{
    bool silent = core->greeting || core->durable.standing != ROTA_STANDING_MEMBER;
    return core->halted || ROTA_BROKEN(amnesia_ignored, silent, false);
}

/* H4: so many others that one of them was, whatever view we voted in, among those whose VIEW-CHANGEs made it. A new member
 * waits for a quorum with itself: two such crowds share a correct member that would know of an earlier run. One whose disk
 * is whole waits for a quorum with itself and no longer (H2). */
uint32_t rota_recover_answers_needed(const struct rota_core *core)
{
    if (core->n == 1)
        return 0;
    if (core->durable.standing == ROTA_STANDING_MEMBER)
        return core->quorum - 1;
    uint32_t needed = core->n - core->quorum + (core->f > 1 ? core->f : 1);
    if (core->durable.standing == ROTA_STANDING_NEW && needed < core->quorum - 1)
        needed = core->quorum - 1;
    return needed;
}

/* Whose answer counts: a recovering member knows no more than we; a new one only that it is new. */
static bool answer_counts(const struct rota_core *core, uint32_t member)
{
    const struct rota_greeting *greeting = &core->greetings[member];
    if (!greeting->answered)
        return false;
    if (core->durable.standing == ROTA_STANDING_NEW)
        return greeting->standing != ROTA_STANDING_RECOVERING;
    return core->durable.standing == ROTA_STANDING_MEMBER || greeting->standing == ROTA_STANDING_MEMBER;
}

uint32_t rota_recover_answers(const struct rota_core *core)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < core->n; i++)
        count += answer_counts(core, i);
    return count;
}

/* ---- beginning ------------------------------------------------------------------------------------------------------ */

/* H1: above every number that a lost journal may have used, even where nobody remembers how far it had counted: the clock
 * has gone on further, and the ledger's newest block is older than now. Not before a loss is found out: until then the
 * number has to be one that an earlier life can contradict. */
static void incarnation_leap(struct rota_core *core)
{
    uint64_t now_ms = core->wall_ms > core->committed_time_ms ? core->wall_ms : core->committed_time_ms;
    if (ROTA_BROKEN(number_of_a_lost_journal_used_again, core->durable.incarnation < now_ms, false))
        core->durable.incarnation = now_ms;
}

void rota_recover_begin(struct rota_core *core, const char *why)
{
    struct rota_durable *durable = &core->durable;
    core->lost_memory = true;
    durable->recover_view = UINT64_MAX;
    rota_core_save(core);
    rota_hello_again(core);
    if (durable->standing == ROTA_STANDING_RECOVERING)
        return;
    incarnation_leap(core);
    durable->standing = ROTA_STANDING_RECOVERING;
    core->recovering_why = why;
    core->greeting = core->resign_due = false;
}

/* Somebody has voted in this epoch. */
static bool epoch_has_blocks(const struct rota_core *core)
{
    return core->has_committed_certificate && core->committed_certificate.epoch == core->membership->epoch;
}

static void greeting_end(struct rota_core *core)
{
    core->greeting = false;
    core->hello_ms = 0;
    if (core->resign_due && core->muted && core->durable.active &&
        ROTA_BROKEN(restarted_primary_stays, rota_core_is_primary(core), false))
        rota_suspect_say(core, ROTA_SUSPECT_RESIGN); /* R3: a restarted primary hands over */
    core->resign_due = false;
}

void rota_recover_start(struct rota_core *core, const struct rota_durable *before)
{
    const char *why = core->recovering_why;
    if (before && before->epoch != core->membership->epoch && epoch_has_blocks(core))
        why = "the ledger has blocks of this epoch, and the journal beside it is of an earlier one";
    if (core->durable.standing == ROTA_STANDING_NEW && epoch_has_blocks(core))
        why = "the ledger has blocks, but the journal beside it is new";
    if (core->n == 1) { /* nobody ever heard what is lost */
        core->durable.standing = ROTA_STANDING_MEMBER;
        greeting_end(core);
        if (core->recovering_why)
            rota_core_halt(core, "the ledger file is older than the journal beside it, and there is nobody to fetch from");
    } else if (core->durable.standing == ROTA_STANDING_RECOVERING) {
        core->durable.recover_view =
            UINT64_MAX; /* H4: of this run; the disk may be a copy from before a recovery that ended */
        incarnation_leap(core);
        core->recovering_why = "it was recovering already when it stopped";
        core->lost_memory = true;
        core->greeting = false;
        if (why)
            rota_recover_begin(core, why);
    } else if (why) {
        rota_recover_begin(core, why);
    }
}

/* ---- what others show of our past ----------------------------------------------------------------------------------- */

/* False when our disk should know of this vote and does not. Of views that we left nothing is kept, and nothing counts. */
static bool own_vote_is_known(const struct rota_core *core, const struct rota_vote *vote)
{
    const struct rota_own_vote *own = &core->durable.votes[vote->height % ROTA_SLOTS];
    if (vote->view != core->durable.view)
        return vote->view < core->durable.view;
    if (own->height > vote->height || vote->height <= core->committed)
        return true; /* its place was needed; or it is decided, and the ledger may be a turn ahead of the record (R4) */
    if (own->height != vote->height || own->view != vote->view)
        return false;
    if (vote->kind == ROTA_VOTE_PREPARE && own->crossed)
        return true;
    bool said = vote->kind == ROTA_VOTE_PREPARE ? own->prepared : own->committed;
    return said && rota_hash_equal(&own->block, &vote->block) && rota_hash_equal(&own->nv, &vote->nv);
}

static bool own_change_is_known(const struct rota_core *core, uint64_t view, uint64_t incarnation,
                                const struct rota_hash *content)
{
    if (incarnation < core->durable.floor || view < core->durable.view)
        return true; /* of before the loss, or of a view that we left */
    if (view > core->durable.view || core->own_change_content_view != view)
        return false;
    return rota_hash_equal(&core->own_change_content, content);
}

static bool own_run_is_known(const struct rota_core *core, uint64_t incarnation, uint64_t boot)
{
    return incarnation < core->durable.incarnation || (incarnation == core->durable.incarnation && boot == core->boot);
}

static bool own_hello_is_known(const struct rota_core *core, const struct rota_hello *hello)
{
    return own_run_is_known(core, hello->incarnation, hello->boot);
}

/* Never again a number that was used. True: this run has a new one. */
static bool incarnation_pass(struct rota_core *core, uint64_t used)
{
    if (used < core->durable.incarnation || used == UINT64_MAX)
        return false;
    core->durable.incarnation = used + 1;
    return true;
}

/* H8: at the start it is our disk that is behind; later on it is somebody else who signs. But whoever lost its memory in
 * this run may hear late of an earlier one. Then only its votes tell: all of those before the loss were in views below. */
static void past_is_unknown(struct rota_core *core, bool first, bool voted)
{
    bool settled = core->durable.standing == ROTA_STANDING_MEMBER && !core->greeting;
    if (first || !settled || ROTA_BROKEN(own_past_is_a_twin, core->lost_memory && !voted, false)) {
        rota_recover_begin(core, "others hold statements of this member that its disk does not know of");
        return;
    }
    core->quarantined = true;
    if (ROTA_BROKEN(quarantine_ends_with_the_run, true, false)) { /* whoever starts it again gets one that has to recover */
        core->durable.standing = ROTA_STANDING_RECOVERING;
        core->durable.recover_view = UINT64_MAX;
        core->recovering_why = "somebody else signed with this member's key";
        rota_core_save(core);
    }
    rota_core_halt(core, "somebody else signs with this member's key: a copy of this node is running, or the key is stolen");
}

void rota_past_judge(struct rota_core *core, const struct rota_past *past, bool first)
{
    bool known = true, voted = past->has_vote && !own_vote_is_known(core, &past->vote);
    bool renumbered = false;
    if (past->has_change && past->change_view > core->shown_view)
        core->shown_view = past->change_view;
    if (past->has_hello && !own_hello_is_known(core, &past->hello)) {
        known = false;
        renumbered |= incarnation_pass(core, past->hello.incarnation);
    }
    if (past->has_change && !own_change_is_known(core, past->change_view, past->change_incarnation, &past->change_content)) {
        known = false;
        renumbered |= incarnation_pass(core, past->change_incarnation);
    }
    if ((voted || !known) && (core->durable.standing != ROTA_STANDING_RECOVERING || renumbered)) /* else it knows already */
        past_is_unknown(core, first, voted);
}

void rota_past_judge_certificate(struct rota_core *core, const struct rota_hello_reply *reply, bool first)
{
    if (!reply->has_certificate || core->durable.standing == ROTA_STANDING_RECOVERING)
        return;
    if (core->durable.standing == ROTA_STANDING_NEW)
        rota_recover_begin(core, "the ledger has blocks, but this node's directory is new");
    else if ((reply->certificate.signers >> core->self & 1) && !own_vote_is_known(core, &reply->certificate.vote))
        past_is_unknown(core, first, true);
}

static bool own_new_view_is_known(const struct rota_core *core, const struct rota_message *message)
{
    uint64_t view = message->new_view.view;
    if (view != core->durable.view)
        return view < core->durable.view;
    struct rota_hash nv = rota_new_view_digest(core->membership, &message->new_view);
    return (core->has_new_view || core->new_view_said) && rota_hash_equal(&core->new_view.new_view.nv, &nv);
}

bool rota_twin_check(struct rota_core *core, const struct rota_message *message)
{
    bool known = true, voted = true;
    uint64_t incarnation = 0;
    struct rota_vote vote;
    struct rota_hash content;
    switch (message->kind) {
    case ROTA_MESSAGE_PREPREPARE:
        vote = rota_preprepare_vote(&message->preprepare);
        known = own_vote_is_known(core, &vote);
        break;
    case ROTA_MESSAGE_PREPARE:
    case ROTA_MESSAGE_COMMIT:
        known = own_vote_is_known(core, &message->vote);
        break;
    case ROTA_MESSAGE_VIEW_CHANGE:
        content = rota_view_change_content(message->view_change);
        known = own_change_is_known(core, message->view_change->new_view, message->view_change->incarnation, &content);
        incarnation = message->view_change->incarnation;
        voted = false;
        break;
    case ROTA_MESSAGE_NEW_VIEW:
        known = own_new_view_is_known(core, message);
        break;
    case ROTA_MESSAGE_HELLO:
        known = own_hello_is_known(core, &message->hello);
        incarnation = message->hello.incarnation;
        voted = false;
        break;
    case ROTA_MESSAGE_RECOVERED:
        known = own_run_is_known(core, message->recovered.floor, message->recovered.run);
        incarnation = message->recovered.floor;
        voted = false;
        break;
    case ROTA_MESSAGE_SUSPECT:
    case ROTA_MESSAGE_STATUS:
    case ROTA_MESSAGE_HEARTBEAT:
    case ROTA_MESSAGE_BLOCK:
    case ROTA_MESSAGE_HELLO_REPLY:
    case ROTA_MESSAGE_READ_INDEX:
    case ROTA_MESSAGE_READ_INDEX_REPLY:
        break;
    }
    if (ROTA_BROKEN(twin_ignored, !known, false)) {
        bool renumbered = incarnation_pass(core, incarnation) && !core->halted;
        if (core->durable.standing != ROTA_STANDING_RECOVERING || /* else it knows already */
            ROTA_BROKEN(old_run_heard_late_is_ignored, renumbered, false))
            past_is_unknown(core, false, voted);
    }
    return !known;
}

/* ---- ending --------------------------------------------------------------------------------------------------------- */

/* H4: v_R. With more answers than needed as many of the highest claims may be left out as there are more: a liar's claim
 * counts only while there is no company to outweigh it. */
static uint64_t recover_view_find(const struct rota_core *core)
{
    uint64_t views[ROTA_MEMBERS_MAX];
    uint32_t count = 0, needed = rota_recover_answers_needed(core);
    for (uint32_t i = 0; i < core->n; i++) {
        if (!answer_counts(core, i))
            continue;
        uint32_t at = count++;
        for (; at > 0 && views[at - 1] < core->greetings[i].view; at--)
            views[at] = views[at - 1];
        views[at] = core->greetings[i].view;
    }
    return count < needed ? UINT64_MAX : views[ROTA_BROKEN(lowest_claim_counts, count - needed, count - 1)];
}

static void recover_end(struct rota_core *core)
{
    core->durable.standing = ROTA_STANDING_MEMBER;
    core->durable.floor = core->greetings[core->self].floor = core->durable.incarnation;
    core->recovering_why = NULL;
    core->greeting = false;
    rota_core_save(core);
    rota_hello_again(core); /* so that nobody waits with it any more */
    for (uint32_t i = 0; i < core->n; i++)
        core->greetings[i].ask_again = true;
}

static void recover_consider(struct rota_core *core)
{
    struct rota_durable *durable = &core->durable;
    uint64_t view = recover_view_find(core);
    if (view != UINT64_MAX && view < core->shown_view)
        view = core->shown_view;
    if (view < durable->recover_view || (view != UINT64_MAX && core->shown_view > durable->recover_view)) {
        durable->recover_view = view;
        rota_core_save(core);
        rota_hello_again(core);
    }
    if (durable->recover_view == UINT64_MAX)
        return;
    uint64_t certified = core->committed_certificate.vote.view;
    bool passed = epoch_has_blocks(core) && ROTA_BROKEN(silence_ends_early, certified > durable->recover_view, true);
    bool written = core->quorum == core->n || ROTA_BROKEN(votes_before_its_word, rota_word_is_recorded(core), true);
    if (passed && written) {
        recover_end(core);
    } else if (core->quorum == core->n && rota_recover_answers(core) == core->n - 1) {
        /* H5: a quorum is everybody, so nothing commits without us, and all the others hold whatever lock there is */
        uint64_t next = durable->recover_view > durable->view ? durable->recover_view : durable->view;
        recover_end(core);
        rota_change_view(core, next + 1);
    }
}

void rota_recover_consider(struct rota_core *core)
{
    if (core->halted)
        return;
    uint32_t answers = rota_recover_answers(core);
    switch (core->durable.standing) {
    case ROTA_STANDING_NEW:
        if (epoch_has_blocks(core)) {
            rota_recover_begin(core, "the ledger has blocks, but this node's directory is new");
            return;
        }
        if (answers < rota_recover_answers_needed(core))
            return;
        core->durable.standing = ROTA_STANDING_MEMBER;
        rota_core_save(core);
        greeting_end(core);
        break;
    case ROTA_STANDING_MEMBER:
        if (core->greeting &&
            (answers == core->n - 1 || (answers >= rota_recover_answers_needed(core) && core->now_ms >= core->greeting_ms)))
            greeting_end(core);
        break;
    case ROTA_STANDING_RECOVERING:
        recover_consider(core);
        break;
    }
}
