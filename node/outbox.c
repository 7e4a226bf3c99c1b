#include "node/outbox.h"

#include <stdlib.h>

static struct rota_outgoing *outbox_place(struct rota_outbox *outbox, enum rota_outgoing_kind kind, uint32_t to)
{
    if (outbox->count == outbox->room) {
        uint32_t room = outbox->room == 0 ? 64 : outbox->room * 2;
        struct rota_outgoing *items = realloc(outbox->items, room * sizeof *items);
        if (!items)
            return NULL;
        outbox->items = items;
        outbox->room = room;
    }
    struct rota_outgoing *out = &outbox->items[outbox->count++];
    memset(out, 0, sizeof *out);
    out->kind = kind;
    out->to = to;
    return out;
}

/* The large kinds borrow view changes from the core: copied. False: no memory. */
static bool outgoing_own(struct rota_outgoing *out)
{
    struct rota_message *message = &out->message;
    const struct rota_view_change *from = NULL;
    size_t count = 0;
    if (message->kind == ROTA_MESSAGE_VIEW_CHANGE) {
        from = message->view_change;
        count = 1;
    } else if (message->kind == ROTA_MESSAGE_NEW_VIEW) {
        from = message->new_view.changes;
        count = message->new_view.change_count;
    }
    if (count == 0)
        return true;
    out->changes = malloc(count * sizeof *out->changes);
    if (!out->changes)
        return false;
    memcpy(out->changes, from, count * sizeof *out->changes);
    if (message->kind == ROTA_MESSAGE_VIEW_CHANGE)
        message->view_change = out->changes;
    else
        message->new_view.changes = out->changes;
    return true;
}

struct rota_outgoing *rota_outbox_message(struct rota_outbox *outbox, uint32_t to, const struct rota_message *message,
                                          struct rota_block *block)
{
    struct rota_outgoing *out = outbox_place(outbox, ROTA_OUTGOING_MESSAGE, to);
    if (!out)
        return NULL;
    out->message = *message;
    if (!outgoing_own(out)) {
        outbox->count--;
        return NULL;
    }
    out->block = block ? rota_block_retain(block) : NULL;
    return out;
}

void rota_outbox_entry(struct rota_outbox *outbox, uint32_t to, const struct rota_entry *entry)
{
    struct rota_outgoing *out = outbox_place(outbox, ROTA_OUTGOING_ENTRY, to);
    if (out)
        out->entry = rota_entry_share(entry);
}

void rota_outbox_fetch(struct rota_outbox *outbox, uint32_t to, const struct rota_fetch *fetch)
{
    struct rota_outgoing *out = outbox_place(outbox, ROTA_OUTGOING_FETCH, to);
    if (out)
        out->fetch = *fetch;
}

static void outgoing_drop(struct rota_outgoing *out)
{
    if (out->kind == ROTA_OUTGOING_MESSAGE) {
        free(out->changes);
        rota_block_release(out->block);
    } else if (out->kind == ROTA_OUTGOING_ENTRY) {
        rota_entry_release(&out->entry);
    }
}

/* ~ Next hop: node/transmit.c rota_peers_send_message, and from there the peer's socket. */
void rota_outbox_release(struct rota_outbox *outbox, struct rota_peers *peers)
{
    if (outbox->count == 0)
        return;
    rota_peers_cork(peers);
    for (uint32_t i = 0; i < outbox->count; i++) {
        const struct rota_outgoing *out = &outbox->items[i];
        switch (out->kind) {
        case ROTA_OUTGOING_MESSAGE:
            rota_peers_send_message(peers, out->to, &out->message, out->block);
            break;
        case ROTA_OUTGOING_ENTRY:
            rota_peers_send_entry(peers, out->to, &out->entry);
            break;
        case ROTA_OUTGOING_FETCH:
            rota_peers_send_fetch(peers, out->to, &out->fetch);
            break;
        }
    }
    rota_peers_uncork(peers);
    rota_outbox_drop(outbox);
}

void rota_outbox_drop(struct rota_outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->count; i++)
        outgoing_drop(&outbox->items[i]);
    outbox->count = 0;
}

void rota_outbox_free(struct rota_outbox *outbox)
{
    rota_outbox_drop(outbox);
    free(outbox->items);
    memset(outbox, 0, sizeof *outbox);
}
