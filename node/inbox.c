#include "node/inbox.h"

#include <stdlib.h>

void rota_inbox_init(struct rota_inbox *inbox)
{
    memset(inbox, 0, sizeof *inbox);
}

static struct rota_inbox_slot *inbox_slot(struct rota_inbox *inbox, uint32_t index)
{
    return &inbox->slots[(inbox->first + index) % ROTA_INBOX_FRAMES_MAX];
}

/* Frees the oldest slot, whose content has been given away or was refused. */
static void inbox_pop(struct rota_inbox *inbox)
{
    struct rota_inbox_slot *slot = inbox_slot(inbox, 0);
    ROTA_ASSERT(inbox->count > 0 && inbox->settled > 0 && inbox->bytes >= slot->cost);
    inbox->bytes -= slot->cost;
    *slot = (struct rota_inbox_slot){0};
    inbox->first = (inbox->first + 1) % ROTA_INBOX_FRAMES_MAX;
    inbox->count--;
    inbox->settled--;
}

static void inbox_pop_refused(struct rota_inbox *inbox)
{
    while (inbox->count > 0 && inbox_slot(inbox, 0)->state == ROTA_INBOX_REFUSED)
        inbox_pop(inbox);
}

void rota_inbox_clear(struct rota_inbox *inbox)
{
    for (uint32_t i = 0; i < inbox->count; i++) {
        struct rota_inbox_slot *slot = inbox_slot(inbox, i);
        ROTA_ASSERT(slot->state != ROTA_INBOX_CLAIMED);
        free(slot->raw);
        if (slot->frame)
            rota_frame_release(slot->frame);
        free(slot->frame);
    }
    rota_inbox_init(inbox);
}

bool rota_inbox_put(struct rota_inbox *inbox, struct rota_raw *raw)
{
    size_t cost = rota_raw_cost(raw);
    if (inbox->count == ROTA_INBOX_FRAMES_MAX || cost > ROTA_INBOX_BYTES_MAX - inbox->bytes) {
        inbox->wanted = true;
        return false;
    }
    *inbox_slot(inbox, inbox->count) = (struct rota_inbox_slot){.state = ROTA_INBOX_WAITING, .cost = cost, .raw = raw};
    inbox->count++;
    inbox->bytes += cost;
    return true;
}

bool rota_inbox_is_waiting(const struct rota_inbox *inbox)
{
    return inbox->settled < inbox->count;
}

struct rota_inbox_slot *rota_inbox_claim(struct rota_inbox *inbox)
{
    if (!rota_inbox_is_waiting(inbox))
        return NULL;
    struct rota_inbox_slot *slot = inbox_slot(inbox, inbox->settled);
    ROTA_ASSERT(slot->state == ROTA_INBOX_WAITING);
    slot->state = ROTA_INBOX_CLAIMED;
    inbox->settled++;
    return slot;
}

void rota_inbox_settle(struct rota_inbox *inbox, struct rota_inbox_slot *slot, struct rota_frame *frame)
{
    ROTA_ASSERT(slot->state == ROTA_INBOX_CLAIMED);
    slot->raw = NULL;
    slot->frame = frame;
    slot->state = frame ? ROTA_INBOX_READY : ROTA_INBOX_REFUSED;
    inbox_pop_refused(inbox);
}

bool rota_inbox_is_ready(const struct rota_inbox *inbox)
{
    return inbox->count > 0 && inbox->slots[inbox->first].state == ROTA_INBOX_READY;
}

struct rota_frame *rota_inbox_take(struct rota_inbox *inbox)
{
    if (!rota_inbox_is_ready(inbox))
        return NULL;
    struct rota_frame *frame = inbox_slot(inbox, 0)->frame;
    inbox_pop(inbox);
    inbox_pop_refused(inbox);
    return frame;
}

bool rota_inbox_has_room_again(struct rota_inbox *inbox)
{
    if (!inbox->wanted || inbox->count > ROTA_INBOX_FRAMES_MAX / 2 || inbox->bytes > ROTA_INBOX_BYTES_MAX / 2)
        return false;
    inbox->wanted = false;
    return true;
}
