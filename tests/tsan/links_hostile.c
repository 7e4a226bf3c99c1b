/* Callers that are no facility, and facilities that are no friends. Whatever they do costs their own connection only. */
#include "world.h"

#include "node/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct world world;
static struct node honest, target; /* members 0 and 2; member 1 is played by hand */

/* ---- a caller made by hand ------------------------------------------------------------------------------------------ */

struct caller {
    int fd;
    struct rota_channel_identity identity;
    struct rota_ed25519_public keys[WORLD_MEMBERS];
    struct rota_channel *channel;
};

static int caller_connect(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(world.ports[2])};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    EXPECT(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

static void caller_write(int fd, const void *bytes, size_t len)
{
    (void)!send(fd, bytes, len, MSG_NOSIGNAL);
}

static bool caller_read(int fd, void *bytes, size_t len)
{
    return recv(fd, bytes, len, MSG_WAITALL) == (ssize_t)len;
}

/* The other end hangs up within the patience of the socket. */
static void caller_expect_hung_up(int fd)
{
    uint8_t bytes[4096];
    ssize_t got;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        ;
    EXPECT(got == 0 || errno == ECONNRESET);
    close(fd);
}

static void caller_open(struct caller *caller, uint32_t self, const struct rota_ed25519_secret *secret)
{
    for (uint32_t i = 0; i < WORLD_MEMBERS; i++)
        caller->keys[i] = world.secrets[i].public_key;
    caller->identity = (struct rota_channel_identity){.ledger_id = world.genesis.ledger_id,
                                                      .self = self,
                                                      .secret = secret,
                                                      .member_count = WORLD_MEMBERS,
                                                      .members = caller->keys};
    EXPECT(rota_is_ok(rota_channel_new_dialler(&caller->channel, &caller->identity, 2)));
    caller->fd = caller_connect();
}

/* False when the other end hung up before the end of the handshake. */
static bool caller_shake(struct caller *caller)
{
    uint8_t bytes[256];
    rota_channel_write_hello(caller->channel, bytes);
    caller_write(caller->fd, bytes, ROTA_CHANNEL_HELLO_BYTES);
    if (!caller_read(caller->fd, bytes, ROTA_CHANNEL_WELCOME_BYTES))
        return false;
    EXPECT(rota_is_ok(rota_channel_read_welcome(caller->channel, bytes)));
    rota_channel_write_proof(caller->channel, bytes);
    rota_channel_write_header(caller->channel, bytes + ROTA_CHANNEL_PROOF_BYTES);
    caller_write(caller->fd, bytes, ROTA_CHANNEL_PROOF_BYTES + ROTA_CHANNEL_HEADER_BYTES);
    if (!caller_read(caller->fd, bytes, ROTA_CHANNEL_HEADER_BYTES))
        return false;
    return rota_is_ok(rota_channel_read_header(caller->channel, bytes));
}

static void caller_send(struct caller *caller, struct rota_view plain)
{
    uint8_t sealed[4096];
    struct rota_writer writer = rota_writer(sealed, sizeof sealed);
    EXPECT(plain.len + 64 < sizeof sealed);
    rota_write_u32(&writer, (uint32_t)(plain.len + ROTA_CHANNEL_SEAL_BYTES));
    rota_channel_seal(caller->channel, sealed + 4, plain);
    caller_write(caller->fd, sealed, 4 + plain.len + ROTA_CHANNEL_SEAL_BYTES);
}

static void caller_close(struct caller *caller)
{
    close(caller->fd);
    rota_channel_free(caller->channel);
}

static void caller_greet(struct caller *caller)
{
    uint64_t connects = node_info(&target, 1).connects;
    caller_open(caller, 1, &world.secrets[1]);
    EXPECT(caller_shake(caller));
    WAIT_FOR(WORLD_PATIENCE_MS, node_info(&target, 1).connects > connects, node_pause(&target));
}

/* ---- strangers ------------------------------------------------------------------------------------------------------ */

static uint64_t hostile_refused(void)
{
    return node_info(&target, 2).refused_handshakes; /* nobody can be blamed */
}

static void hostile_expect_refusal(uint64_t before)
{
    WAIT_FOR(WORLD_PATIENCE_MS, hostile_refused() > before, node_pause(&target));
    EXPECT(node_info(&target, 2).last_refusal[0] != '\0');
}

static void hostile_random_bytes(void)
{
    for (int i = 0; i < 20; i++) {
        uint8_t bytes[512];
        uint64_t before = hostile_refused();
        int fd = caller_connect();
        randombytes_buf(bytes, sizeof bytes);
        caller_write(fd, bytes, sizeof bytes);
        hostile_expect_refusal(before);
        caller_expect_hung_up(fd);
    }
}

static void hostile_wrong_ledger(void)
{
    struct caller caller;
    uint64_t before = hostile_refused();
    caller_open(&caller, 1, &world.secrets[1]);
    caller.identity.ledger_id.b[0] ^= 1;
    EXPECT(!caller_shake(&caller));
    hostile_expect_refusal(before);
    caller_close(&caller);
}

static void hostile_wrong_key(void)
{
    struct caller caller;
    uint64_t before = hostile_refused();
    caller_open(&caller, 1, &world.secrets[3]);
    EXPECT(!caller_shake(&caller));
    hostile_expect_refusal(before);
    caller_close(&caller);
}

/* Whom we call may call us while no link is there: it may be in another epoch. A second call is its mistake. */
static void hostile_wrong_way_round(void)
{
    struct caller first, second;
    caller_open(&first, 3, &world.secrets[3]);
    EXPECT(caller_shake(&first));
    WAIT_FOR(WORLD_PATIENCE_MS, node_is_up(&target, 3), node_pause(&target));
    uint64_t before = hostile_refused();
    caller_open(&second, 3, &world.secrets[3]);
    EXPECT(!caller_shake(&second));
    hostile_expect_refusal(before);
    EXPECT(strcmp(node_info(&target, 2).last_refusal, "the caller is a facility that we have called") == 0);
    caller_close(&second);
    caller_close(&first);
    WAIT_FOR(WORLD_PATIENCE_MS, !node_is_up(&target, 3), node_pause(&target));
}

/* Many silent callers do not keep a facility out, and none is kept longer than the handshake may last. */
static void hostile_silent_crowd(void)
{
    enum { CROWD = 48 };
    int crowd[CROWD];
    struct caller caller;
    uint64_t began_ms = rota_clock_monotonic_ms();
    for (size_t i = 0; i < CROWD; i++)
        crowd[i] = caller_connect();
    caller_greet(&caller);
    for (size_t i = 0; i < CROWD; i++)
        caller_expect_hung_up(crowd[i]);
    EXPECT(rota_clock_monotonic_ms() - began_ms < 15000);
    caller_close(&caller);
}

/* ---- facilities that misbehave -------------------------------------------------------------------------------------- */

static void hostile_length(uint32_t length)
{
    struct caller caller;
    uint8_t bytes[64] = {0};
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    uint64_t refused = node_info(&target, 1).refused_in;
    caller_greet(&caller);
    rota_write_u32(&writer, length);
    caller_write(caller.fd, bytes, sizeof bytes);
    caller_expect_hung_up(caller.fd);
    EXPECT(node_info(&target, 1).refused_in == refused + 1);
    rota_channel_free(caller.channel);
}

/* A declared length is no memory and no reason to wait: the silence ends it. */
static void hostile_half_a_frame(void)
{
    struct caller caller;
    uint8_t bytes[64] = {0};
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    caller_greet(&caller);
    rota_write_u32(&writer, ROTA_FRAME_BYTES_MAX);
    caller_write(caller.fd, bytes, sizeof bytes);
    caller_expect_hung_up(caller.fd);
    EXPECT(strcmp(node_info(&target, 1).down_reason, "the peer fell silent") == 0);
    rota_channel_free(caller.channel);
}

static void hostile_send_encoded(struct caller *caller, struct rota_message *message)
{
    uint8_t bytes[2048];
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    rota_write_u8(&writer, ROTA_FRAME_CONSENSUS);
    rota_message_encode(&writer, message);
    EXPECT(!writer.bad);
    caller_send(caller, rota_view(bytes, writer.len));
}

/* Each is dropped and counted with its reason; the link stays, and the good frame behind them arrives. */
static void hostile_bad_frames(void)
{
    struct caller caller;
    struct rota_message message;
    struct rota_frame frame;
    uint64_t refused = node_info(&target, 1).refused_in;
    caller_greet(&caller);
    caller_send(&caller, rota_view_text("\x09what is this"));
    caller_send(&caller, rota_view_text("\x01\x02"));
    caller_send(&caller, rota_view_text("\x02\x01not a proposal"));
    caller_send(&caller, rota_view_text("\x04"));
    world_heartbeat(&message, 0, 7); /* in another's name */
    hostile_send_encoded(&caller, &message);
    world_vote(&world, &message, 1, 7);
    message.signature.b[3] ^= 1;
    hostile_send_encoded(&caller, &message);
    world_vote(&world, &message, 3, 8); /* relayed: fine */
    hostile_send_encoded(&caller, &message);
    WAIT_FOR(WORLD_PATIENCE_MS, rota_peers_take(target.peers, &frame), node_pause(&target));
    EXPECT(frame.peer == 1 && frame.message.sender == 3 && frame.message.vote.height == 8);
    rota_frame_release(&frame);
    EXPECT(node_info(&target, 1).refused_in == refused + 5);
    EXPECT(node_is_up(&target, 1));
    caller_close(&caller);
}

static void hostile_unknown_coordinator(void)
{
    struct rota_es256k_secret known = world.coordinator;
    struct rota_frame frame;
    struct rota_proposal *proposal;
    EXPECT(rota_is_ok(rota_es256k_generate(&world.coordinator)));
    proposal = world_proposal(&world);
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    rota_peers_send_entry(honest.peers, 2, &entry);
    WAIT_FOR(WORLD_PATIENCE_MS, rota_peers_take(target.peers, &frame), node_pause(&target));
    EXPECT(frame.kind == ROTA_FRAME_ENTRY && !frame.entries_verified);
    rota_frame_release(&frame);
    rota_entry_release(&entry);
    rota_proposal_release(proposal);
    world.coordinator = known;
}

/* A facility pours frames into a node whose loop does not take any: its memory is bounded, nothing is lost that was taken
 * off the link, and the link lives on. */
static void hostile_flood(void)
{
    enum { FLOOD = 6000 };
    struct rota_message message;
    struct rota_frame frame;
    uint64_t dropped = node_info(&honest, 2).dropped_out;
    uint64_t connects = node_info(&honest, 2).connects;
    for (uint64_t i = 1; i <= FLOOD; i++) {
        world_heartbeat(&message, 0, i);
        rota_peers_send_message(honest.peers, 2, &message, NULL);
        if (i % 500 == 0)
            node_pause(&honest);
    }
    dropped = node_info(&honest, 2).dropped_out - dropped;
    uint64_t end_ms = rota_clock_monotonic_ms() + 2500; /* longer than the silence that would end the link */
    while (rota_clock_monotonic_ms() < end_ms)
        node_pause(&honest);
    EXPECT(node_is_up(&honest, 2) && node_is_up(&target, 0));
    uint64_t last = 0, count = 0;
    WAIT_FOR(WORLD_PATIENCE_MS, count + dropped == FLOOD, {
        while (rota_peers_take(target.peers, &frame)) {
            EXPECT(frame.message.heartbeat.committed > last);
            last = frame.message.heartbeat.committed;
            count++;
            rota_frame_release(&frame);
        }
        node_pause(&target);
    });
    EXPECT(node_info(&honest, 2).connects == connects);
}

int main(void)
{
    world_open(&world);
    node_open(&honest, &world, 0);
    node_open(&target, &world, 2);
    WAIT_FOR(WORLD_PATIENCE_MS, node_is_up(&honest, 2) && node_is_up(&target, 0), node_pause(&target));
    hostile_random_bytes();
    hostile_wrong_ledger();
    hostile_wrong_key();
    hostile_wrong_way_round();
    hostile_silent_crowd();
    hostile_length(0);
    hostile_length(ROTA_CHANNEL_SEAL_BYTES);
    hostile_length(ROTA_FRAME_BYTES_MAX + 1);
    hostile_length(UINT32_MAX);
    hostile_half_a_frame();
    hostile_bad_frames();
    hostile_unknown_coordinator();
    hostile_flood();
    EXPECT(node_info(&honest, 2).connects == 1 && node_info(&target, 0).connects == 1);
    node_close(&honest);
    node_close(&target);
    return 0;
}
