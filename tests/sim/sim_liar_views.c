/* Lies about views: hidden, stale and false locks, two NEW-VIEWs, false ones, silence after one, absurd view numbers,
 * suspicions all the time, and resignations in another's name. */
#include "tests/sim/sim_liar.h"

/* ---- certificates --------------------------------------------------------------------------------------------------- */

/* Makes a certificate one that must be refused. */
static void certificate_spoil(struct sim *sim, struct rota_certificate *certificate)
{
    uint32_t n = sim->facility_count, lowest = certificate->signers & -certificate->signers;
    uint32_t count = rota_certificate_signer_count(certificate);
    struct rota_signature first = certificate->signatures[0];
    switch (liar_random(sim, 8)) {
    case 0:
        certificate->epoch += liar_random(sim, 2) ? 1 : UINT32_MAX;
        break;
    case 1: /* one signer under two names */
        if (count > 1)
            certificate->signatures[1] = first;
        break;
    case 2: /* */
        certificate->signers &= ~lowest;
        memmove(certificate->signatures, certificate->signatures + 1, (count - 1) * sizeof first);
        break;
    case 3: /* Q+1 */
        for (uint32_t i = 0; i < n && count < ROTA_QUORUM_MAX; i++)
            if (!(certificate->signers >> i & 1)) {
                certificate->signers |= UINT32_C(1) << i;
                certificate->signatures[count] = first;
                break;
            }
        break;
    case 4: /* out of order */
        if (count > 1) {
            certificate->signatures[0] = certificate->signatures[1];
            certificate->signatures[1] = first;
        }
        break;
    case 5: /* the other phase */
        certificate->vote.kind = certificate->vote.kind == ROTA_VOTE_PREPARE ? ROTA_VOTE_COMMIT : ROTA_VOTE_PREPARE;
        break;
    case 6: /* of a later view than anybody's */
        certificate->vote.view = sim->lying->change.new_view - 1;
        break;
    default: /* somebody who is no member */
        certificate->signers = (certificate->signers & ~lowest) | UINT32_C(1) << (n < 31 ? n : 31);
        break;
    }
}

/* ---- VIEW-CHANGE ---------------------------------------------------------------------------------------------------- */

static void change_strip(struct rota_view_change *change)
{
    change->has_best = change->has_committed = false;
    change->header_count = 0;
}

static void change_say(struct sim *sim, uint32_t from, uint32_t to)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .view_change = &sim->lying->change};
    sim->lying->change.sender = sim->replicas[from].member;
    liar_say(sim, from, to, &message, NULL);
}

static bool lie_view_change(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message)
{
    struct rota_view_change *change = &sim->lying->change;
    if (!liar_owns(sim, from, message))
        return false;
    *change = *message->view_change;
    struct rota_certificate stale;
    if (liar_lies(sim, SIM_LIE_HIDE_LOCK)) {
        if (liar_random(sim, 2) && change->has_committed) { /* the lock alone, or everything */
            change->best = change->committed;
            change->header_count = 0;
        } else {
            change_strip(change);
        }
    } else if (liar_lies(sim, SIM_LIE_STALE_LOCK) && liar_stale_certificate(sim, from, &stale)) {
        change_strip(change);
        change->has_best = change->has_committed = true;
        change->best = change->committed = stale;
    } else if (liar_lies(sim, SIM_LIE_BAD_CERTIFICATE) && change->has_best) {
        certificate_spoil(sim, change->has_committed && liar_random(sim, 2) ? &change->committed : &change->best);
    } else {
        return false;
    }
    change_say(sim, from, to);
    return true;
}

/* ---- NEW-VIEW ------------------------------------------------------------------------------------------------------- */

/* Another quorum of the VIEW-CHANGEs that the liars heard, and what follows from it. False when there is no other. */
static bool new_view_other(struct sim *sim, const struct rota_membership *membership, const struct rota_new_view *said,
                           struct rota_message *out)
{
    struct sim_liars *lying = sim->lying;
    uint32_t n = membership->count, count = 0, skip = (uint32_t)liar_random(sim, n);
    for (uint32_t i = 0; i < n && count < said->change_count; i++) {
        const struct rota_view_change *change = NULL;
        for (uint32_t k = 0; k < said->change_count; k++)
            if (said->changes[k].sender == i)
                change = &said->changes[k];
        if (lying->has_heard[i] && lying->heard[i].new_view == said->view)
            change = &lying->heard[i];
        if (lying->has_old[i] && lying->old[i].new_view == said->view && liar_random(sim, 2))
            change = &lying->old[i];
        if (change && i != skip)
            lying->changes[count++] = *change;
    }
    if (count != said->change_count)
        return false;
    struct rota_tip tip;
    if (!rota_is_ok(rota_new_view_select(&tip, membership, lying->changes, count)))
        return false;
    out->new_view.changes = lying->changes;
    out->new_view.tip_height = tip.height;
    out->new_view.tip = tip.block;
    return true;
}

/* The tip that follows from what is in it now. */
static void new_view_follow(struct sim *sim, const struct rota_membership *membership, struct rota_new_view *new_view)
{
    struct rota_tip tip;
    if (!rota_is_ok(rota_new_view_select(&tip, membership, sim->lying->changes, new_view->change_count)))
        return;
    new_view->tip_height = tip.height;
    new_view->tip = tip.block;
}

/* The liar's own VIEW-CHANGE in it; NULL: it has none there. */
static struct rota_view_change *new_view_own(struct sim *sim, uint32_t from, const struct rota_new_view *new_view)
{
    for (uint32_t i = 0; i < new_view->change_count; i++)
        if (sim->lying->changes[i].sender == sim->replicas[from].member)
            return &sim->lying->changes[i];
    return NULL;
}

static void change_sign(struct sim *sim, uint32_t from, struct rota_view_change *change)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .view_change = change};
    (void)liar_sign(sim, from, &message);
}

/* It shows a lock that nobody made. */
static void new_view_invent(struct sim *sim, uint32_t from, struct rota_new_view *new_view)
{
    struct rota_view_change *change = new_view_own(sim, from, new_view);
    if (!change || !change->has_best)
        return;
    sim->lying->change.new_view = new_view->view;
    certificate_spoil(sim, &change->best);
    change_sign(sim, from, change);
}

/* It is of a run that the ledger says was lost, and may show no lock: a vote for this NEW-VIEW would count words that were
 * taken back. False when the ledger says nothing of the kind. */
static bool new_view_void(struct sim *sim, uint32_t from, const struct rota_membership *membership,
                          struct rota_new_view *new_view)
{
    const struct sim_block *tip = sim_block_find(sim, &new_view->tip);
    struct rota_view_change *change;
    memcpy(sim->lying->changes, new_view->changes, new_view->change_count * sizeof sim->lying->changes[0]);
    new_view->changes = sim->lying->changes;
    if (!tip || !(change = new_view_own(sim, from, new_view)))
        return false;
    uint64_t floor = sim_floors_of(tip, &membership->config_hash).floor[change->sender];
    if (floor == 0)
        return false;
    change->incarnation = liar_random(sim, floor);
    if (liar_random(sim, 2))
        change_strip(change);
    change_sign(sim, from, change);
    new_view_follow(sim, membership, new_view);
    new_view->nv = rota_new_view_digest(membership, new_view);
    return true;
}

static void new_view_spoil(struct sim *sim, uint32_t from, const struct rota_membership *membership,
                           struct rota_message *out)
{
    struct sim_liars *lying = sim->lying;
    struct rota_new_view *new_view = &out->new_view;
    uint32_t count = new_view->change_count;
    memcpy(lying->changes, new_view->changes, count * sizeof lying->changes[0]);
    new_view->changes = lying->changes;
    switch (liar_random(sim, 10)) {
    case 0:
    case 1:
        new_view->tip.b[9] ^= 1;
        break;
    case 2:
        new_view->tip_height += liar_random(sim, 2) ? 1 : UINT64_MAX;
        break;
    case 3:
        new_view->change_count--;
        break;
    case 4:
    case 5:
    case 6: /* one member twice, in order */
        if (count > 1)
            lying->changes[count / 2] = lying->changes[count / 2 - 1];
        new_view_follow(sim, membership, new_view);
        break;
    case 7:
        new_view_invent(sim, from, new_view);
        new_view_follow(sim, membership, new_view);
        break;
    case 8:
        lying->changes[0] = new_view->changes[count - 1];
        break;
    default:
        lying->changes[0].new_view++;
        break;
    }
    new_view->nv = rota_new_view_digest(membership, new_view);
}

static bool lie_new_view(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message)
{
    struct sim_liars *lying = sim->lying;
    const struct rota_membership *membership = &sim->replicas[from].epoch->membership;
    struct rota_message other = *message;
    if (!liar_owns(sim, from, message))
        return false;
    lying->new_view_said[from] = true;
    lying->new_view[from] = message->new_view.view;
    if (liar_lies(sim, SIM_LIE_TWO_NEW_VIEWS) && new_view_other(sim, membership, &message->new_view, &other)) {
        if (liar_random(sim, 3) == 0)
            liar_pass_on(sim, from, to, message, NULL);
        other.new_view.nv = rota_new_view_digest(membership, &other.new_view);
        liar_say(sim, from, to, &other, NULL);
        return true;
    }
    if (liar_lies(sim, SIM_LIE_BAD_NEW_VIEW)) {
        new_view_spoil(sim, from, membership, &other);
        liar_say(sim, from, to, &other, NULL);
        return true;
    }
    if (liar_lies(sim, SIM_LIE_OLD_WORDS) && new_view_void(sim, from, membership, &other.new_view)) {
        liar_say(sim, from, to, &other, NULL);
        return true;
    }
    return false;
}

/* NEW-VIEW and then nothing: neither proposals nor signs of life. */
static bool lie_mute(struct sim *sim, uint32_t from, const struct rota_message *message)
{
    struct sim_liars *lying = sim->lying;
    if (!(lying->lies & SIM_LIE(MUTE_PRIMARY)) || !lying->new_view_said[from])
        return false;
    return message->kind == ROTA_MESSAGE_PREPREPARE || message->kind == ROTA_MESSAGE_HEARTBEAT;
}

bool liar_views(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message)
{
    if (lie_mute(sim, from, message)) {
        sim->stats.lies++;
        return true;
    }
    if (message->kind == ROTA_MESSAGE_VIEW_CHANGE)
        return lie_view_change(sim, from, to, message);
    if (message->kind == ROTA_MESSAGE_NEW_VIEW)
        return lie_new_view(sim, from, to, message);
    return false;
}

/* ---- unasked -------------------------------------------------------------------------------------------------------- */

static void say_far_view(struct sim *sim, uint32_t liar)
{
    const uint64_t views[] = {UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1, INT64_MAX,
                              UINT64_MAX,        UINT64_MAX - 1,          sim_view(sim, liar).view + 2};
    uint64_t view = views[liar_random(sim, sizeof views / sizeof views[0])];
    uint32_t to = liar_peer(sim, liar);
    struct rota_message message = {.kind = ROTA_MESSAGE_SUSPECT};
    switch (liar_random(sim, 4)) {
    case 0:
        message.suspect = (struct rota_suspect){view, ROTA_SUSPECT_HEARTBEAT};
        liar_say(sim, liar, to, &message, NULL);
        break;
    case 1:
        memset(&sim->lying->change, 0, sizeof sim->lying->change);
        sim->lying->change.new_view = view;
        change_say(sim, liar, to);
        break;
    case 2:
        message.kind = ROTA_MESSAGE_COMMIT;
        message.vote = (struct rota_vote){.kind = ROTA_VOTE_COMMIT, .view = view, .height = sim->agreed_height + 1};
        liar_say(sim, liar, to, &message, NULL);
        break;
    default:
        message.kind = ROTA_MESSAGE_HEARTBEAT;
        message.heartbeat = (struct rota_heartbeat){view, 0};
        liar_say(sim, liar, to, &message, NULL);
        break;
    }
}

static void say_suspicions(struct sim *sim, uint32_t liar)
{
    uint32_t only = liar_random(sim, 2) ? liar_peer(sim, liar) : UINT32_MAX;
    struct rota_message message = {.kind = ROTA_MESSAGE_SUSPECT};
    message.suspect.reason = ROTA_SUSPECT_PROGRESS;
    for (uint32_t to = 0; to < sim->facility_count; to++) {
        message.suspect.view = sim_view(sim, to).view;
        if (to != liar && (only == UINT32_MAX || only == to))
            liar_say(sim, liar, to, &message, NULL);
    }
}

/* The primary's name, a liar's signature: must be refused. */
static void say_forged_resignation(struct sim *sim, uint32_t liar)
{
    uint32_t to = liar_peer(sim, liar);
    uint64_t view = sim_view(sim, to).view;
    struct rota_message message = {.kind = ROTA_MESSAGE_SUSPECT, .suspect = {view, ROTA_SUSPECT_RESIGN}};
    const struct sim_epoch *epoch = sim->replicas[liar].epoch;
    message.sender = rota_primary(&epoch->membership, view);
    message.epoch = epoch->membership.epoch;
    if (sim_is_liar(sim, epoch->seats[message.sender]))
        return;
    sim_sign(sim, liar, &message);
    liar_pass_on(sim, liar, to, &message, NULL);
}

void liar_keep_old(struct sim *sim, const struct rota_view_change *change)
{
    struct sim_liars *lying = sim->lying;
    struct rota_view_change *old = &lying->old[change->sender];
    if (lying->has_old[change->sender] && (change->incarnation != old->incarnation || change->new_view < old->new_view))
        return;
    *old = *change;
    lying->has_old[change->sender] = true;
}

static void say_old_words(struct sim *sim, uint32_t liar)
{
    struct sim_liars *lying = sim->lying;
    const struct sim_epoch *epoch = sim->replicas[liar].epoch;
    uint32_t member = (uint32_t)liar_random(sim, epoch->membership.count), to = liar_peer(sim, liar);
    const struct sim_disk *disk = &sim->replicas[epoch->seats[member]].disk;
    if (!lying->has_old[member] || epoch->membership.epoch != lying->heard_epoch || epoch->seats[member] == to ||
        disk->durable.floor <= lying->old[member].incarnation)
        return;
    struct rota_message message = {
        .kind = ROTA_MESSAGE_VIEW_CHANGE, .epoch = lying->heard_epoch, .sender = member, .view_change = &lying->old[member]};
    message.signature = lying->old[member].signature;
    liar_pass_on(sim, liar, to, &message, NULL);
}

/* Of a loss that never was, sometimes of a run that has not begun: with it the liar takes back all that it says. */
static void say_word(struct sim *sim, uint32_t liar)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_RECOVERED};
    message.recovered.floor = 1 + liar_random(sim, sim_view(sim, liar).incarnation + 2);
    message.recovered.run = liar_random(sim, 3);
    message.recovered.view = liar_random(sim, 2) ? 0 : sim_view(sim, liar).view + liar_random(sim, 2);
    liar_say(sim, liar, liar_peer(sim, liar), &message, NULL);
}

void liar_views_unasked(struct sim *sim, uint32_t liar)
{
    if (liar_lies(sim, SIM_LIE_OLD_WORDS))
        (liar_random(sim, 2) ? say_old_words : say_word)(sim, liar);
    if (liar_lies(sim, SIM_LIE_FAR_VIEW))
        say_far_view(sim, liar);
    if (liar_lies(sim, SIM_LIE_SUSPECT))
        say_suspicions(sim, liar);
    if (liar_lies(sim, SIM_LIE_FORGED_RESIGN))
        say_forged_resignation(sim, liar);
}
