#include "node/send_ring.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct rota_packet *ring_packet(size_t len)
{
    struct rota_packet *packet = calloc(1, sizeof *packet + len);
    cr_assert(packet != NULL);
    packet->references = 1;
    packet->len = len;
    return packet;
}

static bool ring_give(struct rota_send_ring *ring, size_t len)
{
    struct rota_packet *packet = ring_packet(len);
    bool taken = rota_send_ring_put(ring, packet);
    rota_packet_release(packet);
    return taken;
}

Test(send_ring, hands_out_in_order_across_its_end)
{
    struct rota_send_ring ring;
    cr_assert(rota_is_ok(rota_send_ring_init(&ring, 3, 1000)));
    for (size_t i = 1; i <= 20; i++) {
        cr_assert(ring_give(&ring, i));
        cr_assert(ring_give(&ring, i + 100));
        struct rota_packet *first = rota_send_ring_take(&ring), *second = rota_send_ring_take(&ring);
        cr_expect_eq(first->len, i);
        cr_expect_eq(second->len, i + 100);
        rota_packet_release(first);
        rota_packet_release(second);
        cr_expect_null(rota_send_ring_take(&ring));
    }
    rota_send_ring_free(&ring);
}

Test(send_ring, is_bounded_in_frames)
{
    struct rota_send_ring ring;
    cr_assert(rota_is_ok(rota_send_ring_init(&ring, 4, 1000)));
    for (int i = 0; i < 4; i++)
        cr_expect(ring_give(&ring, 1));
    cr_expect_not(ring_give(&ring, 1));
    cr_expect_eq(ring.count, 4);
    rota_send_ring_free(&ring);
}

Test(send_ring, is_bounded_in_bytes)
{
    struct rota_send_ring ring;
    cr_assert(rota_is_ok(rota_send_ring_init(&ring, 100, 1000)));
    cr_expect(ring_give(&ring, 600));
    cr_expect_not(ring_give(&ring, 401));
    cr_expect(ring_give(&ring, 400));
    cr_expect_not(ring_give(&ring, 1));
    rota_packet_release(rota_send_ring_take(&ring));
    cr_expect(ring_give(&ring, 600));
    rota_send_ring_free(&ring);
}

Test(send_ring, shares_a_packet_and_lets_go_of_it)
{
    struct rota_send_ring one, two;
    struct rota_packet *packet = ring_packet(10);
    cr_assert(rota_is_ok(rota_send_ring_init(&one, 4, 100)) && rota_is_ok(rota_send_ring_init(&two, 4, 100)));
    cr_expect(rota_send_ring_put(&one, packet));
    cr_expect(rota_send_ring_put(&two, packet));
    cr_expect_eq(packet->references, 3);
    rota_send_ring_clear(&one);
    cr_expect_eq(packet->references, 2);
    rota_send_ring_free(&two);
    rota_send_ring_free(&one);
    cr_expect_eq(packet->references, 1);
    rota_packet_release(packet);
}
