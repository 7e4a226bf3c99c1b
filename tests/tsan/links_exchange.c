/* Two facilities, frames of every kind both ways: nothing is lost, nothing overtakes within its class, every block is whole.
 */
#include "world.h"

enum { EXCHANGE_FRAMES = 10000, EXCHANGE_AHEAD = 300, EXCHANGE_KINDS = 9, EXCHANGE_CLASSES = 3 };

struct side {
    struct node node;
    uint32_t other;
    uint64_t sent, taken;
    uint64_t last[EXCHANGE_CLASSES]; /* highest number seen in each class */
    struct rota_message_scratch *scratch;
};

static void exchange_send_block(struct world *world, struct side *side, uint64_t number, bool propose)
{
    struct rota_message message;
    struct rota_block *block = world_block(world, number, 3);
    if (propose)
        world_preprepare(world, &message, block, side->node.self);
    else
        world_block_message(&message, block, side->node.self);
    rota_peers_send_message(side->node.peers, side->other, &message, block);
    rota_block_release(block);
}

static void exchange_send_entry(struct world *world, struct side *side)
{
    struct rota_proposal *proposal = world_proposal(world);
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    rota_peers_send_entry(side->node.peers, side->other, &entry);
    rota_entry_release(&entry);
    rota_proposal_release(proposal);
}

static void exchange_send_fetch(struct side *side, uint64_t number)
{
    struct rota_fetch fetch = {.from = number, .to = number + 1};
    rota_peers_send_fetch(side->node.peers, side->other, &fetch);
}

static void exchange_send_statement(struct world *world, struct side *side, uint64_t number)
{
    struct rota_message message;
    switch (number % EXCHANGE_KINDS) {
    case 0:
        world_heartbeat(&message, side->node.self, number);
        break;
    case 1:
        world_view_change(world, &message, side->scratch, side->node.self, number);
        break;
    case 2:
        world_new_view(world, &message, side->scratch, number);
        break;
    case 3:
        message = (struct rota_message){
            .kind = ROTA_MESSAGE_STATUS, .sender = side->node.self, .status = {.active = true, .committed = number}};
        break;
    case 4:
        message = (struct rota_message){.kind = ROTA_MESSAGE_SUSPECT,
                                        .sender = side->node.self,
                                        .suspect = {.view = number, .reason = ROTA_SUSPECT_HEARTBEAT}};
        world_sign(world, &message);
        break;
    default:
        world_vote(world, &message, side->node.self, number);
    }
    rota_peers_send_message(side->node.peers, side->other, &message, NULL);
}

static void exchange_send(struct world *world, struct side *side)
{
    uint64_t number = ++side->sent;
    switch (number % EXCHANGE_KINDS) {
    case 5:
        exchange_send_entry(world, side);
        break;
    case 6:
        exchange_send_fetch(side, number);
        break;
    case 7:
    case 8:
        exchange_send_block(world, side, number, number % EXCHANGE_KINDS == 7);
        break;
    default:
        exchange_send_statement(world, side, number);
    }
}

static uint64_t exchange_number(const struct rota_message *message)
{
    switch (message->kind) {
    case ROTA_MESSAGE_PREPREPARE:
        return message->preprepare.header.height;
    case ROTA_MESSAGE_PREPARE:
    case ROTA_MESSAGE_COMMIT:
        return message->vote.height;
    case ROTA_MESSAGE_SUSPECT:
        return message->suspect.view;
    case ROTA_MESSAGE_VIEW_CHANGE:
        return message->view_change->new_view;
    case ROTA_MESSAGE_NEW_VIEW:
        return message->new_view.view;
    case ROTA_MESSAGE_STATUS:
        return message->status.committed;
    case ROTA_MESSAGE_HEARTBEAT:
        return message->heartbeat.committed;
    case ROTA_MESSAGE_BLOCK:
        return message->block.header.height;
    case ROTA_MESSAGE_READ_INDEX:
        return message->read_index.count;
    case ROTA_MESSAGE_READ_INDEX_REPLY:
    case ROTA_MESSAGE_HELLO:
    case ROTA_MESSAGE_HELLO_REPLY:
    case ROTA_MESSAGE_RECOVERED:
        return message->read_reply.nonce.count;
    }
    return 0;
}

static void exchange_take(struct side *side, const struct rota_frame *frame)
{
    uint64_t number = 0;
    size_t class = ROTA_SEND_CONSENSUS;
    EXPECT(frame->peer == side->other);
    EXPECT(frame->entries_verified);
    if (frame->kind == ROTA_FRAME_ENTRY) {
        class = ROTA_SEND_ENTRY;
        number = frame->entry.proposal->seq;
    } else if (frame->kind == ROTA_FRAME_FETCH) {
        number = frame->fetch.from;
    } else {
        number = exchange_number(&frame->message);
        if (frame->block) {
            EXPECT(frame->block->entry_count == 3);
            EXPECT(frame->block->header.height == number);
        }
        if (frame->message.kind == ROTA_MESSAGE_BLOCK)
            class = ROTA_SEND_BULK;
    }
    EXPECT(number > side->last[class]);
    side->last[class] = number;
    side->taken++;
}

static void exchange_turn(struct world *world, struct side *side, const struct side *other)
{
    struct rota_frame frame;
    while (rota_peers_take(side->node.peers, &frame)) {
        exchange_take(side, &frame);
        rota_frame_release(&frame);
    }
    for (uint32_t i = 0; i < 32 && side->sent < EXCHANGE_FRAMES && side->sent - other->taken < EXCHANGE_AHEAD; i++)
        exchange_send(world, side);
}

int main(void)
{
    static struct world world;
    static struct side a, b;
    world_open(&world);
    a.other = 1;
    b.other = 0;
    a.scratch = calloc(1, sizeof *a.scratch);
    b.scratch = calloc(1, sizeof *b.scratch);
    EXPECT(a.scratch && b.scratch);
    node_open(&a.node, &world, 0);
    node_open(&b.node, &world, 1);
    WAIT_FOR(WORLD_PATIENCE_MS, node_is_up(&a.node, 1) && node_is_up(&b.node, 0), node_pause(&b.node));
    uint64_t began_ms = rota_clock_monotonic_ms();
    WAIT_FOR(20 * WORLD_PATIENCE_MS, a.taken == EXCHANGE_FRAMES && b.taken == EXCHANGE_FRAMES, {
        exchange_turn(&world, &a, &b);
        exchange_turn(&world, &b, &a);
        if (a.sent - b.taken >= EXCHANGE_AHEAD && b.sent - a.taken >= EXCHANGE_AHEAD)
            node_pause(&b.node);
    });
    EXPECT(node_info(&a.node, 1).connects == 1);
    EXPECT(node_info(&a.node, 1).dropped_out == 0 && node_info(&a.node, 1).refused_in == 0);
    EXPECT(node_info(&b.node, 0).round_trip_us > 0);
    printf("%d frames each way in %llu ms\n", EXCHANGE_FRAMES, (unsigned long long)(rota_clock_monotonic_ms() - began_ms));
    node_close(&a.node);
    node_close(&b.node);
    free(a.scratch);
    free(b.scratch);
    return 0;
}
