/* Messages survive the wire byte for byte, and nothing else does (FORMATS §12). */
#include "consensus/core.h"

#include <criterion/criterion.h>
#include <sodium.h>

static struct rota_membership membership;
static struct rota_ed25519_secret secrets[4];

static void network_make(void)
{
    cr_assert_geq(sodium_init(), 0);
    memset(&membership, 0, sizeof membership);
    membership.profile = ROTA_PROFILE_BYZANTINE;
    membership.count = 4;
    membership.verify = rota_ed25519_verify;
    membership.ledger_id.b[0] = 7;
    for (uint32_t i = 0; i < 4; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        rota_ed25519_from_seed(&secrets[i], seed);
        membership.members[i].key = secrets[i].public_key;
    }
}

static void sign(struct rota_message *message)
{
    uint8_t preimage[ROTA_MESSAGE_PREIMAGE_MAX];
    size_t len = rota_message_preimage(preimage, &membership, message);
    rota_ed25519_sign(&message->signature, &secrets[message->sender], rota_view(preimage, len));
}

static struct rota_header header_at(uint64_t height, const struct rota_hash *parent)
{
    return (struct rota_header){.ledger_id = membership.ledger_id,
                                .height = height,
                                .time_ms = 1000 * height,
                                .prev_hash = *parent,
                                .tree_size = height,
                                .entry_count = 1};
}

/* A certificate of members 0, 1, 2. */
static struct rota_certificate certify(enum rota_vote_kind kind, uint64_t view, uint64_t height,
                                       const struct rota_hash *block)
{
    struct rota_certificate certificate = {.vote = {.kind = kind, .view = view, .height = height, .block = *block},
                                           .signers = 7};
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX];
    size_t len = rota_vote_preimage(preimage, &membership, &certificate.vote);
    for (uint32_t i = 0; i < 3; i++)
        rota_ed25519_sign(&certificate.signatures[i], &secrets[i], rota_view(preimage, len));
    return certificate;
}

/* A view change of a replica that committed height 1 and is prepared at height 2. */
static void view_change_make(struct rota_view_change *out, uint32_t sender, uint64_t new_view)
{
    struct rota_hash zero = {{0}};
    struct rota_header one = header_at(1, &zero);
    struct rota_hash one_hash = rota_header_hash(&one);
    struct rota_header two = header_at(2, &one_hash);
    struct rota_hash two_hash = rota_header_hash(&two);
    memset(out, 0, sizeof *out);
    out->sender = sender;
    out->new_view = new_view;
    out->has_best = out->has_committed = true;
    out->best = certify(ROTA_VOTE_PREPARE, 0, 2, &two_hash);
    out->committed = certify(ROTA_VOTE_COMMIT, 0, 1, &one_hash);
    out->header_count = 1;
    out->headers[0] = two;
    struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .sender = sender, .view_change = out};
    sign(&message);
    out->signature = message.signature;
}

static uint8_t wire[ROTA_MESSAGE_BYTES_MAX], again[ROTA_MESSAGE_BYTES_MAX];
static struct rota_message_scratch scratch;

/* Encodes, decodes, encodes: equal bytes, and the decoded message verifies. Returns the length. */
static size_t round_trip(const struct rota_message *message, struct rota_message *out)
{
    struct rota_writer writer = rota_writer(wire, sizeof wire);
    rota_message_encode(&writer, message);
    cr_assert(!writer.bad);
    struct rota_reader reader = rota_reader(rota_view(wire, writer.len));
    cr_assert(rota_is_ok(rota_message_decode(out, &scratch, &reader)));
    cr_assert(rota_is_ok(rota_reader_finish(&reader)));
    struct rota_writer second = rota_writer(again, sizeof again);
    rota_message_encode(&second, out);
    cr_assert_eq(writer.len, second.len);
    cr_assert_arr_eq(wire, again, writer.len);
    struct rota_status status = rota_message_verify(out, &membership);
    cr_assert(rota_is_ok(status), "%s", status.why);
    return writer.len;
}

Test(message, a_vote_keeps_its_bytes_and_its_signature)
{
    network_make();
    struct rota_message message = {
        .kind = ROTA_MESSAGE_COMMIT, .sender = 2, .vote = {.kind = ROTA_VOTE_COMMIT, .view = 3, .height = 9}};
    struct rota_message out;
    sign(&message);
    round_trip(&message, &out);
    out.vote.height++;
    cr_assert(!rota_is_ok(rota_message_verify(&out, &membership)));
}

/* PROTOCOL G1: the purpose is signed too, so a PREPARE cannot be passed off as a COMMIT. */
Test(message, a_prepare_is_no_commit)
{
    network_make();
    struct rota_message message = {
        .kind = ROTA_MESSAGE_PREPARE, .sender = 2, .vote = {.kind = ROTA_VOTE_PREPARE, .view = 3, .height = 9}};
    sign(&message);
    message.kind = ROTA_MESSAGE_COMMIT;
    message.vote.kind = ROTA_VOTE_COMMIT;
    cr_assert_eq(rota_message_verify(&message, &membership).code, ROTA_BAD_SIGNATURE);
}

/* PROTOCOL G2, C2 */
Test(message, a_block_is_proved_by_a_certificate_that_verifies)
{
    network_make();
    struct rota_hash zero = {{0}};
    struct rota_message message = {.kind = ROTA_MESSAGE_BLOCK, .sender = 1, .block = {.has_certificate = true}}, out;
    message.block.header = header_at(1, &zero);
    message.block.block = rota_header_hash(&message.block.header);
    message.block.certificate = certify(ROTA_VOTE_COMMIT, 0, 1, &message.block.block);
    round_trip(&message, &out);
    message.block.certificate.signatures[2].b[0] ^= 1;
    cr_assert_eq(rota_message_verify(&message, &membership).code, ROTA_BAD_SIGNATURE);
    message.block.certificate = certify(ROTA_VOTE_COMMIT, 0, 1, &zero);
    cr_assert_eq(rota_message_verify(&message, &membership).code, ROTA_REFUSED);
}

/* PROTOCOL M5 */
Test(message, a_proposal_counts_only_from_the_primary_of_its_view)
{
    network_make();
    struct rota_hash zero = {{0}};
    struct rota_message message = {.kind = ROTA_MESSAGE_PREPREPARE, .sender = 1, .preprepare = {.view = 5}}, out;
    message.preprepare.header = header_at(1, &zero);
    message.preprepare.block = rota_header_hash(&message.preprepare.header);
    sign(&message);
    round_trip(&message, &out);
    message.sender = 2;
    sign(&message);
    cr_assert_eq(rota_message_verify(&message, &membership).code, ROTA_REFUSED);
}

Test(message, only_the_primary_resigns)
{
    network_make();
    struct rota_message message = {.kind = ROTA_MESSAGE_SUSPECT, .sender = 0, .suspect = {0, ROTA_SUSPECT_RESIGN}}, out;
    sign(&message);
    round_trip(&message, &out);
    message.sender = 3;
    sign(&message);
    cr_assert_eq(rota_message_verify(&message, &membership).code, ROTA_REFUSED);
    message.suspect.reason = ROTA_SUSPECT_PROGRESS;
    sign(&message);
    cr_assert(rota_is_ok(rota_message_verify(&message, &membership)));
}

Test(message, a_new_view_carries_a_quorum_and_the_tip_that_follows)
{
    network_make();
    struct rota_view_change changes[3];
    for (uint32_t i = 0; i < 3; i++)
        view_change_make(&changes[i], i, 1);
    struct rota_message message = {.kind = ROTA_MESSAGE_NEW_VIEW, .sender = 1}, out;
    message.new_view = (struct rota_new_view){
        .view = 1, .change_count = 3, .changes = changes, .tip_height = 2, .tip = changes[0].best.vote.block};
    sign(&message);
    round_trip(&message, &out);
    struct rota_new_view right = message.new_view;
    message.new_view.tip_height = 1;
    sign(&message);
    cr_assert_eq(rota_message_verify(&message, &membership).code, ROTA_REFUSED, "another tip");
    message.new_view = right;
    message.new_view.change_count = 2;
    sign(&message);
    cr_assert_eq(rota_message_verify(&message, &membership).code, ROTA_INCOMPLETE, "fewer than a quorum");
    message.new_view = right;
    changes[2] = changes[1];
    sign(&message);
    cr_assert_eq(rota_message_verify(&message, &membership).code, ROTA_MALFORMED, "one member twice");
}

/* Each lie, and the honest neighbour that view_change_make makes. */
/* PROTOCOL G4, V6 */
Test(message, a_view_change_that_lies_is_refused)
{
    network_make();
    struct rota_view_change change;
    struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .sender = 2, .view_change = &change};
    for (int lie = 0; lie < 7; lie++) {
        view_change_make(&change, 2, 1);
        switch (lie) {
        case 1:
            change.best.signers = 3;
            break;
        case 2:
            change.best.vote.view = 1;
            break;
        case 3:
            change.header_count = 0;
            break;
        case 4:
            change.headers[0].time_ms++;
            break;
        case 5:
            change.committed.vote.kind = ROTA_VOTE_PREPARE;
            break;
        case 6:
            change.best.signatures[1].b[0] ^= 1;
            break;
        default:
            break;
        }
        sign(&message);
        change.signature = message.signature;
        cr_assert_eq(rota_is_ok(rota_message_verify(&message, &membership)), lie == 0, "lie %d", lie);
    }
}

static struct rota_message hello_make(uint32_t sender, uint64_t incarnation)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_HELLO, .sender = sender};
    message.hello = (struct rota_hello){.incarnation = incarnation,
                                        .boot = 77,
                                        .standing = ROTA_STANDING_RECOVERING,
                                        .recover_view = UINT64_MAX,
                                        .committed = 3,
                                        .committed_block = {{5}}};
    sign(&message);
    return message;
}

/* PROTOCOL H1, H3: what is shown as the asker's past must be the asker's own words, each of them. */
Test(message, a_reply_to_a_greeting_shows_only_what_the_asker_signed)
{
    network_make();
    static struct rota_message reply, out, bent;
    static struct rota_view_change change;
    struct rota_hash block = {{9}};
    struct rota_message hello = hello_make(1, 4);
    view_change_make(&change, 1, 6);
    struct rota_message vote = {.kind = ROTA_MESSAGE_COMMIT, .sender = 1};
    vote.vote = (struct rota_vote){.kind = ROTA_VOTE_COMMIT, .view = 5, .height = 4, .block = block};
    sign(&vote);
    reply = (struct rota_message){.kind = ROTA_MESSAGE_HELLO_REPLY, .sender = 2};
    reply.hello_reply = (struct rota_hello_reply){
        .asker = 1, .boot = 77, .standing = ROTA_STANDING_MEMBER, .view = 6, .committed = 3, .committed_block = block};
    reply.hello_reply.has_certificate = true;
    reply.hello_reply.certificate = certify(ROTA_VOTE_COMMIT, 5, 3, &block);
    struct rota_past *past = &reply.hello_reply.past;
    past->has_hello = past->has_change = past->has_vote = true;
    past->hello = hello.hello;
    past->hello_signature = hello.signature;
    past->change_view = 6;
    past->change_content = rota_view_change_content(&change);
    past->change_signature = change.signature;
    past->vote = vote.vote;
    past->vote_signature = vote.signature;
    sign(&reply);
    (void)round_trip(&hello, &out);
    cr_assert(rota_is_ok(rota_message_verify(&out, &membership)));
    (void)round_trip(&reply, &out);
    cr_assert(rota_is_ok(rota_message_verify(&out, &membership)));
    for (int lie = 0; lie < 5; lie++) {
        bent = reply;
        bent.hello_reply.past.hello.incarnation += lie == 0;
        bent.hello_reply.past.change_view += lie == 1;
        bent.hello_reply.past.change_incarnation += lie == 2;
        bent.hello_reply.past.vote.view += lie == 3;
        bent.hello_reply.committed += lie == 4;
        sign(&bent);
        cr_assert(!rota_is_ok(rota_message_verify(&bent, &membership)), "lie %d", lie);
    }
}

/* PROTOCOL H5: what the member signs is what the ledger keeps. */
Test(message, a_recovered_carries_the_signature_of_the_record)
{
    network_make();
    static struct rota_message message, out;
    message = (struct rota_message){.kind = ROTA_MESSAGE_RECOVERED, .sender = 2};
    message.recovered = (struct rota_recovered){.floor = 4, .run = 77, .view = 9};
    sign(&message);
    (void)round_trip(&message, &out);
    cr_assert(rota_is_ok(rota_message_verify(&out, &membership)));
    cr_assert(rota_is_ok(rota_recovered_verify(&out.recovered, &membership)));
    cr_expect(out.recovered.member == 2 && out.recovered.floor == 4 && out.recovered.run == 77 && out.recovered.view == 9);
    out.recovered.view++;
    cr_expect_eq(rota_message_verify(&out, &membership).code, ROTA_BAD_SIGNATURE);
}

/* PROTOCOL P1: one signature is a lock where nobody lies, and only there, and only the primary's. */
Test(message, the_word_of_the_primary_is_a_prepare_certificate_in_the_crash_profile_alone)
{
    network_make();
    struct rota_hash block = {{9}};
    struct rota_certificate alone = certify(ROTA_VOTE_PREPARE, 4, 2, &block); /* view 4: member 0 leads */
    struct rota_certificate committed = certify(ROTA_VOTE_COMMIT, 4, 2, &block);
    alone.signers = 1;
    cr_assert_eq(rota_certificate_verify(&membership, &alone).code, ROTA_INCOMPLETE);
    membership.profile = ROTA_PROFILE_CRASH;
    cr_assert(rota_is_ok(rota_certificate_verify(&membership, &alone)));
    cr_assert(rota_is_ok(rota_certificate_verify(&membership, &committed)), "three of four are a majority");
    alone.vote.view = 5;
    cr_assert_eq(rota_certificate_verify(&membership, &alone).code, ROTA_INCOMPLETE, "member 0 does not lead view 5");
    committed.signers = 1;
    cr_assert_eq(rota_certificate_verify(&membership, &committed).code, ROTA_INCOMPLETE, "one COMMIT is no majority");
}

/* PROTOCOL A3 */
Test(message, truncated_or_changed_bytes_never_verify)
{
    network_make();
    struct rota_view_change change;
    view_change_make(&change, 2, 1);
    struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE,
                                   .sender = 2,
                                   .view_change = &change,
                                   .signature = change.signature},
                        out;
    size_t len = round_trip(&message, &out);
    for (size_t cut = 0; cut < len; cut++) {
        struct rota_reader reader = rota_reader(rota_view(wire, cut));
        cr_assert(!rota_is_ok(rota_message_decode(&out, &scratch, &reader)), "cut at %zu", cut);
    }
    for (size_t at = 0; at < len; at++) {
        wire[at] ^= 1;
        struct rota_reader reader = rota_reader(rota_view(wire, len));
        bool decoded = rota_is_ok(rota_message_decode(&out, &scratch, &reader)) && rota_is_ok(rota_reader_finish(&reader));
        cr_assert(!decoded || !rota_is_ok(rota_message_verify(&out, &membership)), "changed at %zu", at);
        wire[at] ^= 1;
    }
}

Test(select, the_highest_view_wins_before_the_highest_height)
{
    network_make();
    struct rota_hash a = {{1}}, b = {{2}};
    struct rota_view_change changes[3] = {0};
    struct rota_tip tip;
    changes[0].has_best = changes[1].has_best = true;
    changes[0].best = certify(ROTA_VOTE_PREPARE, 3, 12, &a);
    changes[1].best = certify(ROTA_VOTE_PREPARE, 5, 10, &b);
    cr_assert(rota_is_ok(rota_new_view_select(&tip, &membership, changes, 3)));
    cr_assert_eq(tip.height, 10);
    cr_assert_eq(tip.source, 1);
    cr_assert(!tip.committed);
}

Test(select, a_committed_block_at_least_as_high_is_the_tip)
{
    network_make();
    struct rota_hash a = {{1}};
    struct rota_view_change changes[3] = {0};
    struct rota_tip tip;
    changes[0].has_best = changes[2].has_best = changes[2].has_committed = true;
    changes[0].best = certify(ROTA_VOTE_PREPARE, 2, 8, &a);
    changes[2].best = changes[2].committed = certify(ROTA_VOTE_COMMIT, 1, 8, &a);
    cr_assert(rota_is_ok(rota_new_view_select(&tip, &membership, changes, 3)));
    cr_assert(tip.committed);
    cr_assert_eq(tip.height, 8);
    cr_assert_eq(tip.base, 8);
}

Test(select, nothing_certified_gives_no_tip)
{
    struct rota_view_change changes[3] = {0};
    struct rota_tip tip;
    cr_assert(rota_is_ok(rota_new_view_select(&tip, &membership, changes, 3)));
    cr_assert_eq(tip.height, 0);
}

/* PROTOCOL M3, M4 */
Test(quorum, two_quorums_of_any_size_share_a_correct_member)
{
    for (uint32_t n = 1; n <= ROTA_MEMBERS_MAX; n++) {
        uint32_t q = rota_quorum(n, ROTA_PROFILE_BYZANTINE), f = rota_fault_bound(n, ROTA_PROFILE_BYZANTINE);
        cr_assert_geq(2 * q, n + f + 1, "n = %u", n);
        cr_assert_leq(q, n - f, "n = %u", n);
        cr_assert_eq(q, (n + f) / 2 + 1, "n = %u", n);
    }
}

Test(durable, the_record_survives_encoding)
{
    network_make();
    static struct rota_durable durable, out;
    static uint8_t bytes[ROTA_DURABLE_BYTES_MAX];
    struct rota_hash block = {{9}};
    durable.incarnation = 9;
    durable.standing = ROTA_STANDING_RECOVERING;
    durable.recover_view = 3;
    durable.floor = 8;
    durable.view = 4;
    durable.has_best = true;
    durable.best = certify(ROTA_VOTE_PREPARE, 3, 2, &block);
    durable.best_header_count = 2;
    durable.best_headers[0] = header_at(1, &block);
    durable.best_headers[1] = header_at(2, &block);
    durable.votes[5] = (struct rota_own_vote){.height = 5, .prepared = true, .view = 4, .block = block};
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    rota_durable_encode(&writer, &durable);
    cr_assert(!writer.bad);
    cr_assert(rota_is_ok(rota_durable_decode(&out, rota_view(bytes, writer.len))));
    cr_assert_eq(out.view, 4);
    cr_assert(out.incarnation == 9 && out.standing == ROTA_STANDING_RECOVERING && out.recover_view == 3 && out.floor == 8);
    cr_assert(out.votes[5].prepared);
    cr_assert(!out.votes[5].committed);
    cr_assert(rota_vote_equal(&out.best.vote, &durable.best.vote));
    cr_assert_eq(out.best_headers[1].height, 2);
    for (size_t cut = 0; cut < writer.len; cut++)
        cr_assert(!rota_is_ok(rota_durable_decode(&out, rota_view(bytes, cut))));
}

Test(message, another_epochs_word_is_a_claim_of_a_height_at_most)
{
    network_make();
    struct rota_message status = {.kind = ROTA_MESSAGE_STATUS, .epoch = 1, .sender = 3, .status = {.committed = 9}};
    cr_assert(rota_is_ok(rota_message_verify(&status, &membership)));
    struct rota_message vote = {
        .kind = ROTA_MESSAGE_COMMIT, .epoch = 1, .sender = 2, .vote = {.kind = ROTA_VOTE_COMMIT, .view = 3, .height = 9}};
    sign(&vote);
    cr_assert_eq(rota_message_verify(&vote, &membership).code, ROTA_WRONG_LEDGER);
    vote.epoch = 0;
    cr_assert(rota_is_ok(rota_message_verify(&vote, &membership)), "the same signature, in its own epoch");
}

Test(message, an_epoch_in_which_nothing_is_certified_goes_on_from_its_config_block)
{
    network_make();
    membership.epoch = 1;
    membership.base_height = 7;
    membership.base.b[0] = 9;
    static struct rota_view_change changes[3];
    memset(changes, 0, sizeof changes);
    for (uint32_t i = 0; i < 3; i++) {
        changes[i] = (struct rota_view_change){.sender = i, .new_view = 1};
        struct rota_message message = {
            .kind = ROTA_MESSAGE_VIEW_CHANGE, .epoch = 1, .sender = i, .view_change = &changes[i]};
        sign(&message);
        changes[i].signature = message.signature;
        cr_assert(rota_is_ok(rota_message_verify(&message, &membership)));
    }
    struct rota_tip tip;
    cr_assert(rota_is_ok(rota_new_view_select(&tip, &membership, changes, 3)));
    cr_assert(tip.height == 7 && tip.committed && rota_hash_equal(&tip.block, &membership.base));
}
