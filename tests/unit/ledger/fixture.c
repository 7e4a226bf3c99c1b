#include "fixture.h"

#include "crypto/digest.h"
#include "crypto/keyfile.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIXTURE_TEXT_BYTES = 128 * 1024 };

static struct rota_hash fixture_seed(const char *purpose, const char *label)
{
    char text[128];
    int len = snprintf(text, sizeof text, "fixture %s %s", purpose, label);
    cr_assert(len > 0 && (size_t)len < sizeof text);
    return rota_hash_of(NULL, rota_view_text(text));
}

void fixture_facility_secret(struct rota_ed25519_secret *out, const char *label)
{
    struct rota_hash seed = fixture_seed("facility", label);
    rota_ed25519_from_seed(out, seed.b);
}

void fixture_coordinator_secret(struct rota_es256k_secret *out, const char *label)
{
    struct rota_hash seed = fixture_seed("coordinator", label);
    cr_assert(rota_is_ok(rota_es256k_secret_parse(out, seed.b)));
}

struct rota_kid fixture_kid(const char *label)
{
    struct rota_es256k_secret secret;
    fixture_coordinator_secret(&secret, label);
    struct rota_kid kid = secret.public_key.kid;
    rota_es256k_secret_wipe(&secret);
    return kid;
}

const char *fixture_member_label(uint32_t member)
{
    static const char *const labels[] = {"alpha", "bravo", "charlie", "delta", "m-4",  "m-5",  "m-6",  "m-7",
                                         "m-8",   "m-9",   "m-10",    "m-11",  "m-12", "m-13", "m-14", "m-15",
                                         "m-16",  "m-17",  "m-18",    "m-19",  "m-20", "m-21", "m-22", "m-23",
                                         "m-24",  "m-25",  "m-26",    "m-27",  "m-28", "m-29", "m-30"};
    cr_assert(member < sizeof labels / sizeof labels[0]);
    return labels[member];
}

/* "key" and "possession" of a genesis line. */
static void fixture_key_members(char *out, size_t out_size, enum rota_key_role role, const char *label)
{
    struct rota_secret_key secret = {.role = role};
    struct rota_public_key public;
    char key_hex[2 * ROTA_ES256K_PUBLIC_BYTES + 1], possession_hex[2 * ROTA_SIGNATURE_BYTES + 1];
    cr_assert(rota_is_ok(rota_token_parse(&secret.label, rota_view_text(label))));
    if (role == ROTA_KEY_FACILITY)
        fixture_facility_secret(&secret.facility, label);
    else
        fixture_coordinator_secret(&secret.coordinator, label);
    cr_assert(rota_is_ok(rota_secret_key_public(&public, &secret)));
    rota_hex_encode(key_hex, role == ROTA_KEY_FACILITY
                                 ? rota_view(public.facility.b, sizeof public.facility.b)
                                 : rota_view(public.coordinator.compressed, sizeof public.coordinator.compressed));
    rota_hex_encode(possession_hex, rota_view(public.possession.b, sizeof public.possession.b));
    rota_secret_key_wipe(&secret);
    (void)snprintf(out, out_size, "\"key\":\"%s\",\"possession\":\"%s\"", key_hex, possession_hex);
}

static void fixture_put_members(FILE *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char key[512];
        fixture_key_members(key, sizeof key, ROTA_KEY_FACILITY, fixture_member_label(i));
        fprintf(out, "%s{\"id\":\"%s\",%s,\"address\":\"tcp://127.0.0.1:%u\"}", i > 0 ? "," : "", fixture_member_label(i),
                key, 7101 + i);
    }
}

static void fixture_put_coordinator(FILE *out, const char *member, const char *role, const char *roles)
{
    char label[64], key[512];
    (void)snprintf(label, sizeof label, "%s-%s", member, role);
    fixture_key_members(key, sizeof key, ROTA_KEY_COORDINATOR, label);
    fprintf(out, "{\"label\":\"%s\",%s,\"facility\":\"%s\",\"roles\":[%s]}", label, key, member, roles);
}

static void fixture_put_coordinators(FILE *out, uint32_t member_count)
{
    for (uint32_t i = 0; i < member_count && i < 4; i++) {
        fixture_put_coordinator(out, fixture_member_label(i), "scheduler", "\"scheduler\"");
        fputs(",", out);
        fixture_put_coordinator(out, fixture_member_label(i), "director", "\"director\"");
        fputs(",", out);
    }
    fixture_put_coordinator(out, "alpha", "both", "\"scheduler\",\"director\"");
}

char *fixture_genesis_text(uint32_t member_count)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    cr_assert(out != NULL);
    fprintf(out,
            "{\"format\":\"rotaledger/"
            "v1\",\"name\":\"fixture\",\"created\":\"2026-01-01T00:00Z\",\"profile\":\"%s\",\"members\":[",
            member_count >= 4 ? "byzantine" : "crash");
    fixture_put_members(out, member_count);
    fputs("],\"coordinators\":[", out);
    fixture_put_coordinators(out, member_count);
    fputs("],\"people\":[", out);
    for (uint32_t i = 0; i < 6; i++)
        fprintf(out, "%s{\"id\":\"p-%u\",\"home\":\"%s\"}", i > 0 ? "," : "", i + 1,
                fixture_member_label(i % (member_count < 4 ? member_count : 4)));
    fputs("],\"codes\":[{\"id\":\"DAY\"},{\"id\":\"NIGHT\",\"pool\":\"icu\"}]}", out);
    cr_assert(fclose(out) == 0);
    return text;
}

void fixture_genesis(struct rota_genesis *out, uint32_t member_count)
{
    char *text = fixture_genesis_text(member_count);
    struct rota_status status = rota_genesis_parse(out, rota_view_text(text));
    cr_assert(rota_is_ok(status), "genesis: %s", status.why);
    free(text);
}

void fixture_genesis_ticking(struct rota_genesis *out, uint32_t member_count, uint32_t tick_ms)
{
    char *text = fixture_genesis_text(member_count), *whole = NULL;
    text[strlen(text) - 1] = '\0'; /* the last brace */
    cr_assert(asprintf(&whole,
                       "%s,\"timers\":{\"heartbeat_ms\":100,\"suspect_ms\":500,\"progress_ms\":1000,\"request_ms\":1300,"
                       "\"view_change_ms\":1000,\"status_ms\":500,\"clock_ms\":500,\"latency_ms\":400,\"rotate_ms\":600000,"
                       "\"rotate_blocks\":4096,\"tick_ms\":%u}}",
                       text, tick_ms) > 0);
    struct rota_status status = rota_genesis_parse(out, rota_view_text(whole));
    cr_assert(rota_is_ok(status), "genesis: %s", status.why);
    free(whole);
    free(text);
}

static char *fixture_payload_text(const struct rota_genesis *genesis, const struct fixture_payload *payload)
{
    char *text = malloc(FIXTURE_TEXT_BYTES), ledger[2 * ROTA_HASH_BYTES + 1];
    const struct rota_hash *id = payload->ledger != NULL ? payload->ledger : &genesis->ledger_id;
    rota_hex_encode(ledger, rota_view(id->b, sizeof id->b));
    cr_assert(text != NULL);
    int len = snprintf(text, FIXTURE_TEXT_BYTES,
                       "{\"ledger\":\"%s\",\"seq\":%llu,\"exp\":%llu,\"reason\":\"%s\",\"ops\":%s%s%s}", ledger,
                       (unsigned long long)payload->seq, (unsigned long long)(payload->exp != 0 ? payload->exp : 1000000000),
                       payload->reason != NULL ? payload->reason : "plan", payload->ops,
                       payload->expect != NULL ? ",\"expect\":" : "", payload->expect != NULL ? payload->expect : "");
    cr_assert(len > 0 && len < FIXTURE_TEXT_BYTES);
    return text;
}

char *fixture_proposal_text(const struct rota_genesis *genesis, const struct fixture_payload *payload)
{
    struct rota_es256k_secret secret;
    char *text = fixture_payload_text(genesis, payload);
    char *jws = malloc(ROTA_JWS_CHARS_MAX + 1);
    size_t len = 0;
    cr_assert(jws != NULL);
    fixture_coordinator_secret(&secret, payload->author);
    struct rota_status status =
        rota_jws_sign(jws, &len, ROTA_JWS_CHARS_MAX + 1, rota_view_text(text), ROTA_PROPOSAL_TYP, &secret);
    cr_assert(rota_is_ok(status), "signing: %s", status.why);
    rota_es256k_secret_wipe(&secret);
    free(text);
    return jws;
}

struct rota_proposal *fixture_proposal(const struct rota_genesis *genesis, const struct fixture_payload *payload)
{
    struct rota_proposal *proposal = NULL;
    char *jws = fixture_proposal_text(genesis, payload);
    struct rota_status status = rota_proposal_parse(&proposal, NULL, rota_view_text(jws), false);
    cr_assert(rota_is_ok(status), "proposal %s: %s", payload->ops, status.why);
    free(jws);
    return proposal;
}

struct rota_evidence *fixture_coordinator_evidence(const struct rota_genesis *genesis, const char *author, uint64_t seq)
{
    struct fixture_payload payload = {
        .author = author, .seq = seq, .reason = "one", .ops = "[{\"op\":\"code.define\",\"code\":\"A\"}]"};
    struct rota_proposal *a = fixture_proposal(genesis, &payload);
    payload.reason = "two";
    struct rota_proposal *b = fixture_proposal(genesis, &payload);
    struct rota_evidence *evidence = NULL;
    cr_assert(rota_is_ok(rota_evidence_of_proposals(&evidence, a, b)));
    rota_proposal_release(a);
    rota_proposal_release(b);
    return evidence;
}

static struct rota_signed_vote fixture_vote(const struct rota_genesis *genesis, enum rota_vote_kind kind, uint32_t member,
                                            uint64_t view, uint64_t height, const struct rota_hash *block)
{
    struct rota_signed_vote made = {.vote = {.kind = kind, .view = view, .height = height, .block = *block}};
    struct rota_ed25519_secret secret;
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX];
    size_t len = rota_vote_preimage(preimage, &genesis->membership, &made.vote);
    fixture_facility_secret(&secret, fixture_member_label(member));
    rota_ed25519_sign(&made.signature, &secret, rota_view(preimage, len));
    rota_ed25519_secret_wipe(&secret);
    return made;
}

struct rota_evidence *fixture_vote_evidence(const struct rota_genesis *genesis, enum rota_vote_kind kind, uint32_t member,
                                            uint64_t view, uint64_t height, uint32_t salt)
{
    struct rota_hash blocks[2];
    struct rota_evidence *evidence = NULL;
    for (uint32_t i = 0; i < 2; i++) {
        char label[32];
        (void)snprintf(label, sizeof label, "%u.%u", salt, i);
        blocks[i] = fixture_seed("block", label);
    }
    struct rota_signed_vote a = fixture_vote(genesis, kind, member, view, height, &blocks[0]);
    struct rota_signed_vote b = fixture_vote(genesis, kind, member, view, height, &blocks[1]);
    cr_assert(rota_is_ok(
        rota_evidence_of_votes(&evidence, &genesis->membership, member, &(struct rota_vote_pair){.votes = {a, b}})));
    return evidence;
}

void fixture_sign(struct rota_signature *out, uint32_t member, const uint8_t *preimage, size_t len)
{
    struct rota_ed25519_secret secret;
    fixture_facility_secret(&secret, fixture_member_label(member));
    rota_ed25519_sign(out, &secret, rota_view(preimage, len));
    rota_ed25519_secret_wipe(&secret);
}

struct rota_record *fixture_anchor(const struct rota_genesis *genesis, uint64_t view, uint32_t salt)
{
    uint8_t preimage[ROTA_ANCHOR_PREIMAGE_MAX];
    struct rota_record *record = NULL;
    struct rota_anchor anchor = {.epoch = genesis->membership.epoch, .view = view};
    memset(anchor.nv.b, (int)salt, sizeof anchor.nv.b);
    size_t len = rota_anchor_preimage(preimage, &genesis->membership, view, &anchor.nv);
    fixture_sign(&anchor.signature, rota_primary(&genesis->membership, view), preimage, len);
    cr_assert(rota_is_ok(rota_record_of_anchor(&record, &anchor)));
    return record;
}

struct rota_record *fixture_recovered(const struct rota_genesis *genesis, uint32_t member, uint64_t floor, uint64_t view)
{
    uint8_t preimage[ROTA_RECOVERED_PREIMAGE_MAX];
    struct rota_record *record = NULL;
    struct rota_recovered recovered = {
        .epoch = genesis->membership.epoch, .member = member, .floor = floor, .run = 1000 + floor, .view = view};
    size_t len = rota_recovered_preimage(preimage, &genesis->membership, &recovered);
    fixture_sign(&recovered.signature, member, preimage, len);
    cr_assert(rota_is_ok(rota_record_of_recovered(&record, &recovered)));
    return record;
}

struct rota_entry fixture_entry_of_record(struct rota_record *record)
{
    struct rota_entry entry = rota_entry_of_record(record);
    rota_record_release(record);
    return entry;
}

struct rota_entry fixture_entry_of_proposal(struct rota_proposal *proposal)
{
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    rota_proposal_release(proposal);
    return entry;
}

struct rota_entry fixture_entry_of_evidence(struct rota_evidence *evidence)
{
    struct rota_entry entry = rota_entry_of_evidence(evidence);
    rota_evidence_release(evidence);
    return entry;
}

struct fixture_random fixture_random(uint64_t seed)
{
    return (struct fixture_random){seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
}

/* xorshift64*. */
uint64_t fixture_random_next(struct fixture_random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(0x2545F4914F6CDD1D);
}

uint32_t fixture_random_below(struct fixture_random *random, uint32_t bound)
{
    cr_assert(bound > 0);
    return (uint32_t)((fixture_random_next(random) >> 33) % bound);
}

/* ---- epochs --------------------------------------------------------------------------------------------------------- */

char *fixture_epoch_document(const struct rota_epoch *current, const char *const *labels, uint32_t count,
                             const char *accepts)
{
    char *text = NULL, ledger[2 * ROTA_HASH_BYTES + 1], previous[2 * ROTA_HASH_BYTES + 1];
    size_t len = 0;
    const struct rota_membership *before = &current->membership;
    FILE *out = open_memstream(&text, &len);
    cr_assert(out != NULL);
    rota_hex_encode(ledger, rota_view(before->ledger_id.b, sizeof before->ledger_id.b));
    rota_hex_encode(previous, rota_view(before->config_hash.b, sizeof before->config_hash.b));
    fprintf(out, "{\"format\":\"rotaledger/epoch/v1\",\"ledger\":\"%s\",\"epoch\":%u,\"previous\":\"%s\",\"profile\":\"%s\"",
            ledger, before->epoch + 1, previous, before->profile == ROTA_PROFILE_CRASH ? "crash" : "byzantine");
    fputs(",\"members\":[", out);
    for (uint32_t i = 0; i < count; i++) {
        char key[512];
        fixture_key_members(key, sizeof key, ROTA_KEY_FACILITY, labels[i]);
        fprintf(out, "%s{\"id\":\"%s\",%s,\"address\":\"tcp://127.0.0.1:%u\"}", i > 0 ? "," : "", labels[i], key, 7201 + i);
    }
    json_t *limits = rota_limits_json(&current->limits), *timers = rota_timers_json(&current->timers);
    char *limits_text = json_dumps(limits, JSON_COMPACT), *timers_text = json_dumps(timers, JSON_COMPACT);
    fprintf(out, "],\"limits\":%s,\"timers\":%s,\"accepts\":[%s]}", limits_text, timers_text, accepts);
    cr_assert(fclose(out) == 0);
    free(limits_text);
    free(timers_text);
    json_decref(limits);
    json_decref(timers);
    return text;
}

char *fixture_manifest_document(const struct rota_epoch *current, const char *const *labels, uint32_t count,
                                const char *accepts, const struct rota_discontinuity *kept)
{
    char *plain = fixture_epoch_document(current, labels, count, accepts), *text = NULL, block[2 * ROTA_HASH_BYTES + 1];
    rota_hex_encode(block, rota_view(kept->block.b, sizeof kept->block.b));
    plain[strlen(plain) - 1] = '\0';
    cr_assert(asprintf(&text, "%s,\"discontinuity\":{\"height\":%llu,\"block\":\"%s\"}}", plain,
                       (unsigned long long)kept->height, block) > 0);
    free(plain);
    return text;
}

struct rota_epoch_change *fixture_epoch_change(const struct rota_epoch *current, const char *document, uint32_t approvers)
{
    struct rota_approval approvals[ROTA_MEMBERS_MAX];
    struct rota_epoch_change *change = NULL;
    uint8_t preimage[ROTA_APPROVAL_PREIMAGE_MAX];
    uint32_t count = 0;
    struct rota_hash next = rota_epoch_hash(rota_view_text(document));
    size_t len = rota_approval_preimage(preimage, &current->membership, &next);
    for (uint32_t i = 0; i < ROTA_MEMBERS_MAX; i++) {
        struct rota_ed25519_secret secret;
        if ((approvers >> i & 1) == 0)
            continue;
        fixture_facility_secret(&secret, i < current->membership.count ? current->membership.members[i].id.text : "nobody");
        approvals[count].member = i;
        rota_ed25519_sign(&approvals[count++].signature, &secret, rota_view(preimage, len));
        rota_ed25519_secret_wipe(&secret);
    }
    struct rota_status status = rota_epoch_change_new(&change, rota_view_text(document), approvals, count);
    cr_assert(rota_is_ok(status), "epoch change: %s", status.why);
    return change;
}

struct rota_entry fixture_entry_of_change(struct rota_epoch_change *change)
{
    struct rota_entry entry = rota_entry_of_change(change);
    rota_epoch_change_release(change);
    return entry;
}
