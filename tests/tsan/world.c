#include "world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

uint16_t world_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0);
    EXPECT(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    close(fd);
    return ntohs(address.sin_port);
}

void world_route(struct world *world, uint32_t member, uint16_t port)
{
    struct rota_member *routed = &world->genesis.membership.members[member];
    (void)snprintf(routed->address, sizeof routed->address, "tcp://127.0.0.1:%u", port);
}

void world_open(struct world *world)
{
    memset(world, 0, sizeof *world);
    struct rota_membership *membership = &world->genesis.membership;
    world->genesis.ledger_id = rota_hash_of(ROTA_TAG("genesis"), rota_view_text("world"));
    membership->ledger_id = world->genesis.ledger_id;
    membership->config_hash = rota_hash_of(ROTA_TAG("epoch"), rota_view_text("world"));
    membership->profile = ROTA_PROFILE_BYZANTINE;
    membership->count = WORLD_MEMBERS;
    membership->verify = rota_ed25519_verify;
    for (uint32_t i = 0; i < WORLD_MEMBERS; i++) {
        rota_ed25519_generate(&world->secrets[i]);
        membership->members[i].key = world->secrets[i].public_key;
        (void)snprintf(membership->members[i].id.text, sizeof membership->members[i].id.text, "m-%u", i);
        world->ports[i] = world_free_port();
        (void)snprintf(world->listen[i], sizeof world->listen[i], "tcp://127.0.0.1:%u", world->ports[i]);
        world_route(world, i, world->ports[i]);
    }
    EXPECT(rota_is_ok(rota_es256k_generate(&world->coordinator)));
}

void node_open(struct node *node, struct world *world, uint32_t self)
{
    *node = (struct node){.self = self};
    EXPECT(rota_is_ok(rota_bell_open(&node->bell)));
    EXPECT(rota_is_ok(rota_keyring_new(&node->keyring)));
    rota_keyring_add(node->keyring, &world->coordinator.public_key);
    rota_directory_make(&node->directory, &world->genesis.membership, NULL, &world->secrets[self].public_key, NULL, 0);
    struct rota_status status = rota_peers_open(&node->peers, &(struct rota_peers_setup){.directory = &node->directory,
                                                                                         .secret = &world->secrets[self],
                                                                                         .listen = world->listen[self],
                                                                                         .bell = &node->bell,
                                                                                         .keyring = node->keyring,
                                                                                         .workers = 2});
    if (!rota_is_ok(status))
        (void)fprintf(stderr, "member %u at %s: %s\n", self, world->listen[self], status.why);
    EXPECT(rota_is_ok(status));
}

void node_close(struct node *node)
{
    rota_peers_close(node->peers);
    rota_keyring_free(node->keyring);
    rota_bell_close(&node->bell);
}

struct rota_peer_info node_info(struct node *node, uint32_t peer)
{
    struct rota_peer_info info;
    rota_peers_info(&info, node->peers, peer);
    return info;
}

bool node_is_up(struct node *node, uint32_t peer)
{
    return node_info(node, peer).up;
}

void node_pause(struct node *node)
{
    rota_bell_wait(&node->bell, rota_clock_monotonic_ms() + 5);
}

uint32_t node_drain(struct node *node)
{
    struct rota_frame frame;
    uint32_t count = 0;
    while (rota_peers_take(node->peers, &frame)) {
        rota_frame_release(&frame);
        count++;
    }
    return count;
}

/* ---- statements ----------------------------------------------------------------------------------------------------- */

void world_sign(struct world *world, struct rota_message *message)
{
    uint8_t preimage[ROTA_MESSAGE_PREIMAGE_MAX];
    size_t len = rota_message_preimage(preimage, &world->genesis.membership, message);
    EXPECT(len > 0);
    rota_ed25519_sign(&message->signature, &world->secrets[message->sender], rota_view(preimage, len));
}

void world_heartbeat(struct rota_message *out, uint32_t sender, uint64_t number)
{
    *out = (struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = sender, .heartbeat = {.committed = number}};
}

void world_vote(struct world *world, struct rota_message *out, uint32_t sender, uint64_t number)
{
    *out = (struct rota_message){
        .kind = ROTA_MESSAGE_PREPARE, .sender = sender, .vote = {.kind = ROTA_VOTE_PREPARE, .view = 1, .height = number}};
    world_sign(world, out);
}

void world_view_change(struct world *world, struct rota_message *out, struct rota_message_scratch *scratch, uint32_t sender,
                       uint64_t number)
{
    struct rota_view_change *change = &scratch->changes[0];
    *change = (struct rota_view_change){.sender = sender, .new_view = number};
    *out = (struct rota_message){.kind = ROTA_MESSAGE_VIEW_CHANGE, .sender = sender, .view_change = change};
    world_sign(world, out);
    change->signature = out->signature;
}

void world_new_view(struct world *world, struct rota_message *out, struct rota_message_scratch *scratch, uint64_t number)
{
    uint32_t quorum = rota_quorum(WORLD_MEMBERS, ROTA_PROFILE_BYZANTINE);
    for (uint32_t i = 0; i < quorum; i++) {
        struct rota_message change = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .sender = i, .view_change = &scratch->changes[i]};
        scratch->changes[i] = (struct rota_view_change){.sender = i, .new_view = number};
        world_sign(world, &change);
        scratch->changes[i].signature = change.signature;
    }
    *out = (struct rota_message){.kind = ROTA_MESSAGE_NEW_VIEW,
                                 .sender = rota_primary(&world->genesis.membership, number),
                                 .new_view = {.view = number, .change_count = quorum, .changes = scratch->changes}};
    world_sign(world, out);
}

struct rota_proposal *world_proposal(struct world *world)
{
    char payload[512], ledger[2 * ROTA_HASH_BYTES + 1], text[2048];
    size_t len;
    struct rota_proposal *proposal;
    rota_hex_encode(ledger, rota_view(world->genesis.ledger_id.b, ROTA_HASH_BYTES));
    (void)snprintf(
        payload, sizeof payload,
        "{\"ledger\":\"%s\",\"seq\":%llu,\"exp\":1000000,\"reason\":\"plan\",\"ops\":[{\"op\":\"assign\",\"person\":"
        "\"p-1\",\"code\":\"DAY\",\"facility\":\"alpha\",\"start\":\"2026-12-25T07:00Z\",\"minutes\":720}]}",
        ledger, (unsigned long long)++world->seq);
    EXPECT(
        rota_is_ok(rota_jws_sign(text, &len, sizeof text, rota_view_text(payload), ROTA_PROPOSAL_TYP, &world->coordinator)));
    struct rota_status status = rota_proposal_parse(&proposal, NULL, rota_view(text, len), false);
    if (!rota_is_ok(status))
        (void)fprintf(stderr, "%s\n", status.why);
    EXPECT(rota_is_ok(status));
    return proposal;
}

struct rota_block *world_block(struct world *world, uint64_t number, uint32_t entries)
{
    struct rota_entry made[64];
    struct rota_block *block;
    EXPECT(entries >= 1 && entries <= 64);
    for (uint32_t i = 0; i < entries; i++) {
        struct rota_proposal *proposal = world_proposal(world);
        made[i] = rota_entry_of_proposal(proposal);
        rota_proposal_release(proposal);
    }
    struct rota_header header = {.ledger_id = world->genesis.ledger_id,
                                 .height = number,
                                 .time_ms = number,
                                 .config_hash = world->genesis.membership.config_hash,
                                 .entry_count = entries};
    EXPECT(rota_is_ok(rota_block_new(&block, &header, made, entries)));
    return block;
}

void world_preprepare(struct world *world, struct rota_message *out, const struct rota_block *block, uint32_t sender)
{
    *out = (struct rota_message){.kind = ROTA_MESSAGE_PREPREPARE,
                                 .sender = sender,
                                 .preprepare = {.view = sender, .header = block->header, .block = block->hash}};
    world_sign(world, out);
}

void world_block_message(struct rota_message *out, const struct rota_block *block, uint32_t sender)
{
    *out = (struct rota_message){
        .kind = ROTA_MESSAGE_BLOCK, .sender = sender, .block = {.header = block->header, .block = block->hash}};
}
