/* Frames of a hostile facility: decoding and verifying any bytes ends in a verdict; what is accepted has exactly one
 * encoding. Signatures count as good here, so that the search gets behind them. */
#include "node/frame.h"
#include "node/packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fuzz_any_signature(const struct rota_ed25519_public *key, struct rota_view message,
                               const struct rota_signature *signature)
{
    (void)key;
    (void)message;
    (void)signature;
    return true;
}

static struct rota_membership fuzz_membership = {
    .profile = ROTA_PROFILE_BYZANTINE, .count = 4, .verify = fuzz_any_signature};

static struct rota_packet *fuzz_encode(uint8_t *room, const struct rota_frame *frame)
{
    switch (frame->kind) {
    case ROTA_FRAME_CONSENSUS:
        return rota_packet_of_message(room, &frame->message, frame->block);
    case ROTA_FRAME_ENTRY:
        return rota_packet_of_entry(room, &frame->entry);
    case ROTA_FRAME_FETCH:
        return rota_packet_of_fetch(room, &frame->fetch);
    case ROTA_FRAME_PING:
    case ROTA_FRAME_PONG:
        break;
    }
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rota_keyring *keyring;
    static uint8_t room[ROTA_FRAME_PLAIN_MAX];
    struct rota_frame frame;
    if (!keyring)
        ROTA_ASSERT(rota_is_ok(rota_keyring_new(&keyring)));
    if (size > ROTA_FRAME_PLAIN_MAX || !rota_is_ok(rota_frame_decode(&frame, 1, rota_view(data, size))))
        return 0;
    struct rota_packet *again = fuzz_encode(room, &frame);
    ROTA_ASSERT(again && rota_view_equal(rota_view(again->bytes, again->len), rota_view(data, size)));
    rota_packet_release(again);
    (void)!rota_is_ok(rota_frame_verify(&frame, &fuzz_membership, &fuzz_membership, keyring));
    rota_frame_release(&frame);
    return 0;
}
