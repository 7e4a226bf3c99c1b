/* One core alone, see lone.h. */
#include "tests/unit/consensus/lone.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>

static bool never_asked(const struct rota_ed25519_public *key, struct rota_view message,
                        const struct rota_signature *signature)
{
    (void)key, (void)message, (void)signature;
    return true;
}

/* ---- stepping --------------------------------------------------------------------------------------------------------- */

static void asked_keep(struct lone *lone, const struct rota_action *action)
{
    cr_assert_lt(lone->count, LONE_ASKED_MAX);
    struct lone_asked *asked = &lone->asked[lone->count++];
    asked->action = *action;
    bool speaks = action->kind == ROTA_ACTION_SAY || action->kind == ROTA_ACTION_SAVE_MESSAGE;
    if (!speaks || action->say.message.kind != ROTA_MESSAGE_VIEW_CHANGE)
        return;
    asked->change = *action->say.message.view_change;
    asked->action.say.message.view_change = &asked->change;
}

/* Like the node: our own statements to everybody are signed and come back as events. */
static bool comes_back(const struct lone_asked *asked)
{
    const struct rota_action *action = &asked->action;
    return action->kind == ROTA_ACTION_SAY && action->say.to == ROTA_TO_ALL && !action->say.is_signed &&
           rota_message_is_signed(action->say.message.kind);
}

static void lone_step(struct lone *lone, struct rota_event event)
{
    uint32_t first = lone->count;
    event.at_ms = lone->now_ms;
    rota_core_step(lone->core, &event, lone->actions);
    for (uint32_t i = 0; i < lone->actions->count; i++) {
        if (lone->actions->items[i].kind == ROTA_ACTION_WAKE_AT)
            lone->wake_ms = lone->actions->items[i].wake_at_ms;
        else
            asked_keep(lone, &lone->actions->items[i]);
    }
    uint32_t last = lone->count;
    for (uint32_t i = first; i < last; i++) {
        if (!comes_back(&lone->asked[i]))
            continue;
        struct rota_message message = lone->asked[i].action.say.message;
        message.signature.b[0] = (uint8_t)(lone->self + 1);
        lone_step(lone, (struct rota_event){.kind = ROTA_EVENT_MESSAGE, .message = &message});
    }
}

static void core_new(struct lone *lone)
{
    struct rota_core_setup setup = {&lone->membership, lone->timers, {256, 262144, ROTA_WINDOW}, lone->self};
    rota_core_init(lone->core, &setup);
}

/* Everybody answers its HELLO, and knows nothing of it that it does not know itself. */
static void lone_greet(struct lone *lone, enum rota_standing standing)
{
    for (uint32_t i = 0; i < lone->membership.count; i++) {
        struct rota_message reply = {.kind = ROTA_MESSAGE_HELLO_REPLY, .epoch = lone->membership.epoch, .sender = i};
        reply.hello_reply = (struct rota_hello_reply){.asker = lone->self, .standing = standing};
        if (i != lone->self)
            lone_step(lone, (struct rota_event){.kind = ROTA_EVENT_MESSAGE, .message = &reply});
    }
}

struct lone *lone_open(uint32_t n, uint32_t self)
{
    cr_assert_geq(sodium_init(), 0);
    struct lone *lone = calloc(1, sizeof *lone);
    cr_assert(lone);
    lone->membership.profile = ROTA_PROFILE_BYZANTINE;
    lone->membership.count = n;
    lone->membership.verify = never_asked;
    lone->timers = (struct rota_timers){100, 500, 1000, 1300, 1000, 500, 500, 400, 0, 0, 0};
    lone->self = self;
    lone->quorum = rota_quorum(n, ROTA_PROFILE_BYZANTINE);
    lone->now_ms = 1000;
    lone->core = calloc(1, rota_core_bytes());
    lone->actions = calloc(1, sizeof *lone->actions);
    lone->asked = calloc(LONE_ASKED_MAX, sizeof *lone->asked);
    cr_assert(lone->core && lone->actions && lone->asked);
    core_new(lone);
    lone_step(lone, (struct rota_event){.kind = ROTA_EVENT_START});
    lone_greet(lone, ROTA_STANDING_NEW);
    lone_forget(lone);
    return lone;
}

void lone_close(struct lone *lone)
{
    free(lone->core);
    free(lone->actions);
    free(lone->asked);
    free(lone);
}

void lone_restart_unheard(struct lone *lone)
{
    struct rota_durable durable = *rota_core_durable(lone->core);
    struct rota_core_view view = lone_view(lone);
    cr_assert_eq(view.committed, 0, "this restart knows no ledger");
    core_new(lone);
    lone_forget(lone);
    struct rota_event event = {.kind = ROTA_EVENT_START};
    event.start.restarted = true;
    event.start.durable = &durable;
    lone_step(lone, event);
}

void lone_restart(struct lone *lone)
{
    lone_restart_unheard(lone);
    lone_greet(lone, ROTA_STANDING_MEMBER);
}

void lone_wipe(struct lone *lone)
{
    core_new(lone);
    lone_forget(lone);
    lone_step(lone, (struct rota_event){.kind = ROTA_EVENT_START});
}

void lone_restart_on(struct lone *lone, const struct lone_block *top, const struct rota_durable *durable)
{
    struct rota_certificate certificate = lone_certificate(lone, ROTA_VOTE_COMMIT, 0, NULL, top);
    certificate.epoch = lone->membership.epoch;
    core_new(lone);
    lone_forget(lone);
    struct rota_event event = {.kind = ROTA_EVENT_START};
    event.start.restarted = true;
    event.start.committed = top->header.height;
    event.start.committed_block = top->hash;
    event.start.committed_time_ms = top->header.time_ms;
    event.start.certificate = top->header.height > lone->membership.base_height ? &certificate : NULL;
    event.start.durable = durable;
    event.start.floors = lone->floors;
    lone_step(lone, event);
}

void lone_begin_epoch(struct lone *lone, const struct lone_block *base, const struct rota_durable *durable)
{
    lone->membership.epoch++;
    lone->membership.base_height = base->header.height;
    lone->membership.base = base->hash;
    lone->ends_epoch = false;
    core_new(lone);
    lone_forget(lone);
    struct rota_event event = {.kind = ROTA_EVENT_START};
    event.start.committed = base->header.height;
    event.start.committed_block = base->hash;
    event.start.committed_time_ms = base->header.time_ms;
    event.start.durable = durable;
    lone_step(lone, event);
    lone_greet(lone, ROTA_STANDING_MEMBER);
}

void lone_forget(struct lone *lone)
{
    lone->count = 0;
}

/* ---- what the core hears ---------------------------------------------------------------------------------------------- */

void lone_hear(struct lone *lone, const struct rota_message *message)
{
    lone_step(lone, (struct rota_event){.kind = ROTA_EVENT_MESSAGE, .message = message});
}

void lone_pass(struct lone *lone, uint64_t ms)
{
    uint64_t end = lone->now_ms + ms;
    while (lone->wake_ms <= end) {
        lone->now_ms = lone->wake_ms > lone->now_ms ? lone->wake_ms : lone->now_ms;
        lone_step(lone, (struct rota_event){.kind = ROTA_EVENT_WOKEN});
    }
    lone->now_ms = end;
}

void lone_demand(struct lone *lone, uint32_t waiting)
{
    struct rota_event event = {.kind = ROTA_EVENT_DEMAND};
    event.demand.waiting = waiting;
    event.demand.full = waiting >= LONE_BLOCK_FULL;
    lone_step(lone, event);
}

void lone_linked(struct lone *lone, uint32_t member)
{
    lone_step(lone, (struct rota_event){.kind = ROTA_EVENT_LINKED, .linked = member});
}

void lone_read(struct lone *lone, uint64_t token)
{
    lone_step(lone, (struct rota_event){.kind = ROTA_EVENT_READ, .read_token = token});
}

struct lone_block lone_block(const struct lone *lone, uint64_t height, const struct lone_block *parent, uint8_t variant)
{
    struct lone_block block = {.header = {.ledger_id = lone->membership.ledger_id,
                                          .epoch = lone->membership.epoch,
                                          .height = height,
                                          .time_ms = 1000 * height + variant,
                                          .tree_size = height,
                                          .entry_count = 1}};
    if (parent)
        block.header.prev_hash = parent->hash;
    block.hash = rota_header_hash(&block.header);
    return block;
}

static struct rota_signature signature_of(uint32_t member)
{
    return (struct rota_signature){{(uint8_t)(member + 1)}};
}

static struct rota_hash nv_or_zero(const struct rota_hash *nv)
{
    return nv ? *nv : (struct rota_hash){{0}};
}

void lone_propose(struct lone *lone, uint64_t view, const struct rota_hash *nv, const struct lone_block *block)
{
    uint32_t primary = rota_primary(&lone->membership, view);
    struct rota_message message = {.epoch = lone->membership.epoch,
                                   .kind = ROTA_MESSAGE_PREPREPARE,
                                   .sender = primary,
                                   .signature = signature_of(primary)};
    message.preprepare =
        (struct rota_preprepare){.view = view, .nv = nv_or_zero(nv), .header = block->header, .block = block->hash};
    lone_hear(lone, &message);
}

void lone_vote(struct lone *lone, enum rota_vote_kind kind, uint32_t member, uint64_t view, const struct rota_hash *nv,
               const struct lone_block *block)
{
    struct rota_message message = {.epoch = lone->membership.epoch,
                                   .kind = kind == ROTA_VOTE_PREPARE ? ROTA_MESSAGE_PREPARE : ROTA_MESSAGE_COMMIT,
                                   .sender = member,
                                   .signature = signature_of(member)};
    message.vote = (struct rota_vote){
        .kind = kind, .view = view, .nv = nv_or_zero(nv), .height = block->header.height, .block = block->hash};
    lone_hear(lone, &message);
}

void lone_votes(struct lone *lone, enum rota_vote_kind kind, uint64_t view, const struct rota_hash *nv,
                const struct lone_block *block)
{
    for (uint32_t i = 0; i < lone->membership.count; i++)
        if (i != lone->self)
            lone_vote(lone, kind, i, view, nv, block);
}

/* The answer to the latest CHECK, but for what the node says of it. */
static struct rota_event lone_verdict(const struct lone *lone, enum rota_check verdict)
{
    const struct rota_action *check = lone_did(lone, ROTA_ACTION_CHECK);
    cr_assert(check, "nothing was asked to be checked");
    struct rota_event event = {.kind = ROTA_EVENT_CHECKED};
    event.checked.block = check->check.block;
    event.checked.height = check->check.height;
    event.checked.verdict = verdict;
    return event;
}

void lone_checked(struct lone *lone, enum rota_check verdict)
{
    struct rota_event event = lone_verdict(lone, verdict);
    event.checked.ends_epoch = lone->ends_epoch;
    event.checked.floors = lone->floors;
    lone_step(lone, event);
}

void lone_checked_foreign(struct lone *lone, uint32_t brought_by)
{
    struct rota_event event = lone_verdict(lone, ROTA_CHECK_MISSING);
    event.checked.foreign = true;
    event.checked.brought_by = brought_by;
    lone_step(lone, event);
}

void lone_built(struct lone *lone, const struct lone_block *block, bool ends_epoch)
{
    struct rota_event event = {.kind = ROTA_EVENT_BUILT};
    event.built.header = block->header;
    event.built.block = block->hash;
    event.built.ends_epoch = ends_epoch;
    event.built.floors = lone->floors;
    lone_step(lone, event);
}

void lone_decide(struct lone *lone, uint64_t view, const struct rota_hash *nv, const struct lone_block *block)
{
    lone_propose(lone, view, nv, block);
    lone_checked(lone, ROTA_CHECK_VALID);
    lone_votes(lone, ROTA_VOTE_PREPARE, view, nv, block);
    lone_votes(lone, ROTA_VOTE_COMMIT, view, nv, block);
    cr_assert_eq(lone_view(lone).committed, block->header.height);
}

void lone_suspect(struct lone *lone, uint32_t member, uint64_t view, enum rota_suspicion reason)
{
    struct rota_message message = {
        .epoch = lone->membership.epoch, .kind = ROTA_MESSAGE_SUSPECT, .sender = member, .signature = signature_of(member)};
    message.suspect = (struct rota_suspect){view, reason};
    lone_hear(lone, &message);
}

struct rota_certificate lone_certificate(const struct lone *lone, enum rota_vote_kind kind, uint64_t view,
                                         const struct rota_hash *nv, const struct lone_block *block)
{
    struct rota_certificate certificate = {
        .vote = {.kind = kind, .view = view, .nv = nv_or_zero(nv), .height = block->header.height, .block = block->hash}};
    for (uint32_t i = 0; i < lone->quorum; i++) {
        certificate.signers |= UINT32_C(1) << i;
        certificate.signatures[i] = signature_of(i);
    }
    return certificate;
}

struct rota_view_change lone_change(uint32_t sender, uint64_t new_view)
{
    return (struct rota_view_change){.sender = sender, .new_view = new_view, .signature = signature_of(sender)};
}

void lone_hear_change(struct lone *lone, struct rota_view_change *change)
{
    struct rota_message message = {
        .kind = ROTA_MESSAGE_VIEW_CHANGE, .sender = change->sender, .signature = change->signature, .view_change = change};
    lone_hear(lone, &message);
}

struct rota_hash lone_hear_new_view(struct lone *lone, uint64_t view, struct rota_view_change *changes)
{
    uint32_t primary = rota_primary(&lone->membership, view);
    struct rota_tip tip;
    cr_assert(rota_is_ok(rota_new_view_select(&tip, &lone->membership, changes, lone->quorum)));
    struct rota_message message = {.epoch = lone->membership.epoch,
                                   .kind = ROTA_MESSAGE_NEW_VIEW,
                                   .sender = primary,
                                   .signature = signature_of(primary)};
    message.new_view = (struct rota_new_view){
        .view = view, .change_count = lone->quorum, .changes = changes, .tip_height = tip.height, .tip = tip.block};
    message.new_view.nv = rota_new_view_digest(&lone->membership, &message.new_view);
    lone_hear(lone, &message);
    return message.new_view.nv;
}

void lone_evidence(struct lone *lone, uint32_t epoch)
{
    lone_step(lone, (struct rota_event){.kind = ROTA_EVENT_EVIDENCE, .evidence_epoch = epoch});
}

void lone_convicted(struct lone *lone, uint32_t epoch, uint64_t view)
{
    lone_step(lone, (struct rota_event){.kind = ROTA_EVENT_CONVICTED, .convicted = {epoch, view}});
}

void lone_hear_status(struct lone *lone, uint32_t peer, const struct rota_status_message *status)
{
    lone_hear(lone, &(struct rota_message){.kind = ROTA_MESSAGE_STATUS, .sender = peer, .status = *status});
}

void lone_hear_block(struct lone *lone, uint32_t peer, const struct lone_block *block, const struct rota_certificate *proof)
{
    struct rota_message message = {.epoch = lone->membership.epoch, .kind = ROTA_MESSAGE_BLOCK, .sender = peer};
    message.block.header = block->header;
    message.block.block = block->hash;
    message.block.has_certificate = proof != NULL;
    if (proof)
        message.block.certificate = *proof;
    lone_hear(lone, &message);
}

/* ---- what the core said and asked ------------------------------------------------------------------------------------- */

const struct rota_message *lone_said(const struct lone *lone, enum rota_message_kind kind)
{
    for (uint32_t i = lone->count; i-- > 0;)
        if (lone->asked[i].action.kind == ROTA_ACTION_SAY && lone->asked[i].action.say.message.kind == kind)
            return &lone->asked[i].action.say.message;
    return NULL;
}

uint32_t lone_times(const struct lone *lone, enum rota_message_kind kind)
{
    uint32_t times = 0;
    for (uint32_t i = 0; i < lone->count; i++)
        times += lone->asked[i].action.kind == ROTA_ACTION_SAY && lone->asked[i].action.say.message.kind == kind;
    return times;
}

const struct rota_action *lone_did(const struct lone *lone, enum rota_action_kind kind)
{
    for (uint32_t i = lone->count; i-- > 0;)
        if (lone->asked[i].action.kind == kind)
            return &lone->asked[i].action;
    return NULL;
}

uint32_t lone_place(const struct lone *lone, enum rota_action_kind kind, enum rota_message_kind message)
{
    for (uint32_t i = 0; i < lone->count; i++) {
        const struct rota_action *action = &lone->asked[i].action;
        if (action->kind == kind && (kind != ROTA_ACTION_SAY || action->say.message.kind == message))
            return i;
    }
    return UINT32_MAX;
}

struct rota_core_view lone_view(const struct lone *lone)
{
    struct rota_core_view view;
    rota_core_inspect(&view, lone->core);
    return view;
}
