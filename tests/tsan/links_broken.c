/* Links that break: cut, frozen, spoiled, replaced, the other facility gone and back. A link comes back by itself, and what
 * was queued for the lost one is never delivered late. */
#include "relay.h"
#include "world.h"

static struct world world;
static struct relay relay;
static struct node a, b;

static void broken_crank(void)
{
    (void)node_drain(&a);
    (void)node_drain(&b);
    node_pause(&b);
}

static void broken_wait_up(void)
{
    WAIT_FOR(WORLD_PATIENCE_MS, node_is_up(&a, 1) && node_is_up(&b, 0), broken_crank());
}

static void broken_wait_reconnect(uint64_t connects)
{
    WAIT_FOR(WORLD_PATIENCE_MS, node_info(&a, 1).connects > connects, broken_crank());
    broken_wait_up();
}

/* A frame still goes through, both ways. */
static void broken_expect_traffic(void)
{
    struct rota_message message;
    uint32_t at_a = 0, at_b = 0;
    world_heartbeat(&message, 0, 1);
    rota_peers_send_message(a.peers, 1, &message, NULL);
    world_heartbeat(&message, 1, 1);
    rota_peers_send_message(b.peers, 0, &message, NULL);
    WAIT_FOR(WORLD_PATIENCE_MS, at_a > 0 && at_b > 0, {
        at_a += node_drain(&a);
        at_b += node_drain(&b);
        node_pause(&b);
    });
}

static void broken_cut(void)
{
    for (int i = 0; i < 5; i++) {
        uint64_t connects = node_info(&a, 1).connects;
        relay_set(&relay, RELAY_REFUSE);
        WAIT_FOR(WORLD_PATIENCE_MS, !node_is_up(&a, 1) && !node_is_up(&b, 0), broken_crank());
        EXPECT(node_info(&a, 1).down_reason[0] != '\0');
        relay_set(&relay, RELAY_PASS);
        broken_wait_reconnect(connects);
        broken_expect_traffic();
    }
}

/* Nothing moves and nothing is closed: only the silence tells. What was sent meanwhile stays undelivered. */
static void broken_freeze(void)
{
    struct rota_message message;
    uint64_t connects = node_info(&a, 1).connects, began_ms = rota_clock_monotonic_ms();
    relay_set(&relay, RELAY_FREEZE);
    WAIT_FOR(WORLD_PATIENCE_MS, !node_is_up(&a, 1) && !node_is_up(&b, 0), {
        world_heartbeat(&message, 0, 999);
        rota_peers_send_message(a.peers, 1, &message, NULL);
        node_pause(&b);
    });
    EXPECT(rota_clock_monotonic_ms() - began_ms >= 1000);
    EXPECT(strcmp(node_info(&a, 1).down_reason, "the peer fell silent") == 0);
    (void)node_drain(&b);
    relay_set(&relay, RELAY_REFUSE);
    WAIT_FOR(WORLD_PATIENCE_MS, node_info(&a, 1).refused_handshakes > 0, node_pause(&b));
    relay_set(&relay, RELAY_PASS);
    WAIT_FOR(WORLD_PATIENCE_MS, node_info(&a, 1).connects > connects && node_is_up(&b, 0), node_pause(&b));
    EXPECT(node_drain(&b) == 0);
    broken_expect_traffic();
}

static void broken_spoil(void)
{
    uint64_t connects = node_info(&a, 1).connects;
    relay_set(&relay, RELAY_SPOIL);
    broken_wait_reconnect(connects);
    EXPECT(node_info(&a, 1).refused_in + node_info(&b, 0).refused_in >= 1);
    broken_expect_traffic();
}

/* The same facility calls a second time, while the listener still believes in the first connection: the new one takes its
 * place, and when the second caller leaves, the first comes back. */
static void broken_replace(void)
{
    struct node twin;
    uint64_t connects = node_info(&b, 0).connects;
    (void)snprintf(world.listen[0], sizeof world.listen[0], "tcp://127.0.0.1:%u", world_free_port());
    node_open(&twin, &world, 0);
    WAIT_FOR(WORLD_PATIENCE_MS, strcmp(node_info(&b, 0).down_reason, "a newer connection took its place") == 0,
             broken_crank());
    EXPECT(node_info(&b, 0).connects > connects);
    node_close(&twin);
    broken_wait_up();
    broken_expect_traffic();
}

static void broken_restart(void)
{
    for (int i = 0; i < 5; i++) {
        node_close(&b);
        WAIT_FOR(WORLD_PATIENCE_MS, !node_is_up(&a, 1), node_pause(&a));
        node_open(&b, &world, 1);
        broken_wait_up();
    }
    broken_expect_traffic();
}

static void broken_port_taken(void)
{
    struct rota_peers *third;
    static struct rota_directory directory;
    rota_directory_make(&directory, &world.genesis.membership, NULL, &world.secrets[2].public_key, NULL, 0);
    struct rota_peers_setup setup = {.directory = &directory,
                                     .secret = &world.secrets[2],
                                     .listen = world.listen[1],
                                     .bell = &a.bell,
                                     .keyring = a.keyring,
                                     .workers = 1};
    EXPECT(rota_peers_open(&third, &setup).code == ROTA_IO);
    EXPECT(third == NULL);
}

int main(void)
{
    world_open(&world);
    relay_open(&relay, world.ports[1]);
    world_route(&world, 1, relay.port);
    node_open(&a, &world, 0);
    node_open(&b, &world, 1);
    broken_wait_up();
    broken_expect_traffic();
    broken_port_taken();
    broken_cut();
    broken_freeze();
    broken_spoil();
    broken_replace();
    broken_restart();
    node_close(&a);
    node_close(&b);
    relay_close(&relay);
    return 0;
}
