#include "node/frame.h"

#include "node/packet.h"
#include "tests/unit/ledger/fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* A four-member ledger and room to encode in; member 1 speaks. */
struct bench {
    struct rota_genesis genesis;
    struct rota_keyring *keyring;
    struct rota_ed25519_secret secret;
    uint8_t *room;
};

static struct bench frame_bench(void)
{
    struct bench bench = {.room = malloc(ROTA_FRAME_PLAIN_MAX)};
    struct rota_es256k_secret coordinator;
    cr_assert(bench.room != NULL);
    fixture_genesis(&bench.genesis, 4);
    fixture_facility_secret(&bench.secret, fixture_member_label(1));
    cr_assert(rota_is_ok(rota_keyring_new(&bench.keyring)));
    fixture_coordinator_secret(&coordinator, "alpha-scheduler");
    rota_keyring_add(bench.keyring, &coordinator.public_key);
    return bench;
}

static void frame_bench_end(struct bench *bench)
{
    rota_keyring_free(bench->keyring);
    rota_genesis_free(&bench->genesis);
    free(bench->room);
}

static void frame_sign(struct bench *bench, struct rota_message *message)
{
    uint8_t preimage[ROTA_MESSAGE_PREIMAGE_MAX];
    size_t len = rota_message_preimage(preimage, &bench->genesis.membership, message);
    rota_ed25519_sign(&message->signature, &bench->secret, rota_view(preimage, len));
}

static struct rota_block *frame_block(struct bench *bench, const char *author, uint64_t seq)
{
    struct fixture_payload payload = {.author = author, .seq = seq, .ops = "[{\"op\":\"code.define\",\"code\":\"X\"}]"};
    struct rota_entry entry = fixture_entry_of_proposal(fixture_proposal(&bench->genesis, &payload));
    struct rota_header header = {.ledger_id = bench->genesis.ledger_id,
                                 .height = 3,
                                 .time_ms = 5,
                                 .config_hash = bench->genesis.membership.config_hash,
                                 .entry_count = 1};
    struct rota_block *block;
    cr_assert(rota_is_ok(rota_block_new(&block, &header, &entry, 1)));
    return block;
}

static struct rota_packet *frame_preprepare(struct bench *bench, const struct rota_block *block)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_PREPREPARE,
                                   .sender = 1,
                                   .preprepare = {.view = 1, .header = block->header, .block = block->hash}};
    frame_sign(bench, &message);
    return rota_packet_of_message(bench->room, &message, block);
}

static struct rota_status frame_judge(struct bench *bench, struct rota_frame *out, uint32_t peer, struct rota_view plain)
{
    ROTA_TRY(rota_frame_decode(out, peer, plain));
    struct rota_status status =
        rota_frame_verify(out, &bench->genesis.membership, &bench->genesis.membership, bench->keyring);
    if (!rota_is_ok(status))
        rota_frame_release(out);
    return status;
}

Test(frame, brings_a_block_with_its_preprepare)
{
    struct bench bench = frame_bench();
    struct rota_block *block = frame_block(&bench, "alpha-scheduler", 1);
    struct rota_packet *packet = frame_preprepare(&bench, block);
    struct rota_frame frame;
    cr_assert(rota_is_ok(frame_judge(&bench, &frame, 1, rota_view(packet->bytes, packet->len))));
    cr_expect_eq(frame.kind, ROTA_FRAME_CONSENSUS);
    cr_expect(rota_hash_equal(&frame.block->hash, &block->hash));
    cr_expect(frame.entries_verified);
    cr_expect_null(frame.scratch);
    rota_frame_release(&frame);
    rota_packet_release(packet);
    rota_block_release(block);
    frame_bench_end(&bench);
}

Test(frame, lets_a_block_with_an_unknown_key_through_unverified)
{
    struct bench bench = frame_bench();
    struct rota_block *block = frame_block(&bench, "bravo-scheduler", 1);
    struct rota_packet *packet = frame_preprepare(&bench, block);
    struct rota_frame frame;
    cr_assert(rota_is_ok(frame_judge(&bench, &frame, 0, rota_view(packet->bytes, packet->len))));
    cr_expect_not(frame.entries_verified);
    rota_frame_release(&frame);
    rota_packet_release(packet);
    rota_block_release(block);
    frame_bench_end(&bench);
}

/* PROTOCOL E9: a proposal's primary has signed for every entry, so one that is none comes through for the chain to judge. In
 * a block that nobody signed for it is refused. */
Test(frame, lets_a_false_entry_through_with_the_primarys_signature_only)
{
    struct bench bench = frame_bench();
    struct rota_block *block = frame_block(&bench, "alpha-scheduler", 1);
    struct rota_frame frame;
    for (int way = 0; way < 2; way++) { /* its signature, then its form */
        struct rota_packet *packet = frame_preprepare(&bench, block);
        packet->bytes[packet->len - (way == 0 ? 40 : 87)] ^= 1;
        cr_assert(rota_is_ok(frame_judge(&bench, &frame, 1, rota_view(packet->bytes, packet->len))), "way %d", way);
        cr_expect_not(frame.entries_verified);
        cr_expect_eq(frame.block->unfit != NULL, way == 1);
        cr_expect_eq(frame.block->entry_count, way == 0);
        rota_frame_release(&frame);
        rota_packet_release(packet);
    }
    struct rota_message message = {
        .kind = ROTA_MESSAGE_BLOCK, .sender = 1, .block = {.header = block->header, .block = block->hash}};
    struct rota_packet *packet = rota_packet_of_message(bench.room, &message, block);
    cr_assert(rota_is_ok(frame_judge(&bench, &frame, 1, rota_view(packet->bytes, packet->len))));
    rota_frame_release(&frame);
    packet->bytes[packet->len - 87] ^= 1;
    cr_expect_not(rota_is_ok(frame_judge(&bench, &frame, 1, rota_view(packet->bytes, packet->len))));
    packet->bytes[packet->len - 87] ^= 1;
    packet->bytes[packet->len - 40] ^= 1;
    cr_expect_not(rota_is_ok(frame_judge(&bench, &frame, 1, rota_view(packet->bytes, packet->len))));
    rota_packet_release(packet);
    rota_block_release(block);
    frame_bench_end(&bench);
}

/* Any changed, missing or added byte is refused; nothing is read beyond the end, nothing leaks. */
Test(frame, refuses_every_changed_byte)
{
    struct bench bench = frame_bench();
    struct rota_block *block = frame_block(&bench, "alpha-scheduler", 1);
    struct rota_packet *packet = frame_preprepare(&bench, block);
    struct rota_frame frame;
    for (size_t i = 0; i < packet->len; i++) {
        packet->bytes[i] ^= 1;
        struct rota_status status = frame_judge(&bench, &frame, 1, rota_view(packet->bytes, packet->len));
        if (rota_is_ok(status)) {
            /* a kid that nobody knows cannot be judged here, and says so */
            cr_expect_not(frame.entries_verified, "byte %zu", i);
            rota_frame_release(&frame);
        }
        packet->bytes[i] ^= 1;
    }
    for (size_t len = 0; len < packet->len; len++)
        cr_expect_not(rota_is_ok(frame_judge(&bench, &frame, 1, rota_view(packet->bytes, len))), "length %zu", len);
    rota_packet_release(packet);
    rota_block_release(block);
    frame_bench_end(&bench);
}

static enum rota_code frame_code(struct bench *bench, uint32_t peer, const struct rota_message *message)
{
    struct rota_frame frame;
    struct rota_packet *packet = rota_packet_of_message(bench->room, message, NULL);
    struct rota_status status = frame_judge(bench, &frame, peer, rota_view(packet->bytes, packet->len));
    if (rota_is_ok(status))
        rota_frame_release(&frame);
    rota_packet_release(packet);
    return status.code;
}

Test(frame, takes_unsigned_statements_only_from_their_sender)
{
    struct bench bench = frame_bench();
    struct rota_message heartbeat = {.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 1};
    struct rota_message status = {.kind = ROTA_MESSAGE_STATUS, .sender = 1};
    cr_expect_eq(frame_code(&bench, 1, &heartbeat), ROTA_OK);
    cr_expect_eq(frame_code(&bench, 2, &heartbeat), ROTA_REFUSED);
    cr_expect_eq(frame_code(&bench, 1, &status), ROTA_OK);
    cr_expect_eq(frame_code(&bench, 0, &status), ROTA_REFUSED);
    frame_bench_end(&bench);
}

Test(frame, takes_signed_statements_from_anybody)
{
    struct bench bench = frame_bench();
    struct rota_message vote = {.kind = ROTA_MESSAGE_COMMIT, .sender = 1, .vote = {.kind = ROTA_VOTE_COMMIT, .height = 4}};
    frame_sign(&bench, &vote);
    for (uint32_t peer = 0; peer < 4; peer++)
        cr_expect_eq(frame_code(&bench, peer, &vote), ROTA_OK);
    vote.sender = 2;
    cr_expect_eq(frame_code(&bench, 2, &vote), ROTA_BAD_SIGNATURE);
    vote.sender = 4;
    cr_expect_eq(frame_code(&bench, 2, &vote), ROTA_UNKNOWN_KEY);
    frame_bench_end(&bench);
}

Test(frame, refuses_what_has_no_form)
{
    struct bench bench = frame_bench();
    struct rota_frame frame;
    static const struct {
        size_t len;
        uint8_t bytes[8];
    } wrong[] = {{0, {0}}, {1, {0}}, {1, {1}}, {1, {2}}, {2, {2, 1}},    {2, {2, 2}},  {2, {2, 3}},
                 {1, {3}}, {1, {4}}, {1, {5}}, {1, {6}}, {3, {1, 6, 0}}, {2, {1, 255}}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_eq(frame_judge(&bench, &frame, 1, rota_view(wrong[i].bytes, wrong[i].len)).code, ROTA_MALFORMED, "%zu", i);
    frame_bench_end(&bench);
}

Test(frame, carries_a_request_for_blocks)
{
    struct bench bench = frame_bench();
    struct rota_fetch fetch = {.from = 7, .to = 9, .block = {{1, 2, 3}}};
    struct rota_frame frame;
    struct rota_packet *packet = rota_packet_of_fetch(bench.room, &fetch);
    cr_assert(rota_is_ok(frame_judge(&bench, &frame, 1, rota_view(packet->bytes, packet->len))));
    cr_expect(frame.fetch.from == 7 && frame.fetch.to == 9 && rota_hash_equal(&frame.fetch.block, &fetch.block));
    rota_packet_release(packet);
    fetch.to = 6;
    packet = rota_packet_of_fetch(bench.room, &fetch);
    cr_expect_eq(frame_judge(&bench, &frame, 1, rota_view(packet->bytes, packet->len)).code, ROTA_MALFORMED);
    rota_packet_release(packet);
    frame_bench_end(&bench);
}

Test(frame, carries_proposals_and_evidence)
{
    struct bench bench = frame_bench();
    struct rota_frame frame;
    struct rota_entry entries[] = {
        fixture_entry_of_evidence(fixture_coordinator_evidence(&bench.genesis, "alpha-scheduler", 5)),
        fixture_entry_of_evidence(fixture_vote_evidence(&bench.genesis, ROTA_VOTE_COMMIT, 2, 0, 9, 1)),
    };
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        struct rota_packet *packet = rota_packet_of_entry(bench.room, &entries[i]);
        cr_assert(rota_is_ok(frame_judge(&bench, &frame, 3, rota_view(packet->bytes, packet->len))));
        cr_expect(frame.entries_verified && rota_hash_equal(&frame.entry.id, &entries[i].id));
        rota_frame_release(&frame);
        packet->bytes[packet->len - 1] ^= 4;
        cr_expect_not(rota_is_ok(frame_judge(&bench, &frame, 3, rota_view(packet->bytes, packet->len))));
        rota_packet_release(packet);
        rota_entry_release(&entries[i]);
    }
    frame_bench_end(&bench);
}

/* PROTOCOL E5, E9: what cannot be, and is signed all the same, becomes the proof of that; from nobody else's signature. */
Test(frame, of_an_impossible_proposal_becomes_evidence)
{
    struct bench bench = frame_bench();
    struct rota_block *block = frame_block(&bench, "alpha-scheduler", 1);
    struct rota_frame frame;
    block->header.proposer = 4; /* of four */
    block->hash = rota_header_hash(&block->header);
    struct rota_packet *packet = frame_preprepare(&bench, block);
    cr_assert(rota_is_ok(frame_judge(&bench, &frame, 2, rota_view(packet->bytes, packet->len))));
    cr_expect_eq(frame.kind, ROTA_FRAME_ENTRY);
    cr_expect(frame.convicts);
    cr_expect_eq(frame.entry.evidence->kind, ROTA_EVIDENCE_INVALID_PROPOSAL);
    cr_expect_eq(frame.entry.evidence->member, 1);
    rota_frame_release(&frame);
    rota_packet_release(packet);
    fixture_facility_secret(&bench.secret, fixture_member_label(3));
    packet = frame_preprepare(&bench, block); /* in the name of member 1, signed by another */
    cr_expect_not(rota_is_ok(frame_judge(&bench, &frame, 2, rota_view(packet->bytes, packet->len))));
    rota_packet_release(packet);
    rota_block_release(block);
    frame_bench_end(&bench);
}
