#include "schedule_play.h"

#include "crypto/digest.h"

#include <stdio.h>
#include <stdlib.h>

void play_start(struct play *play)
{
    *play = (struct play){.height = 0};
    fixture_genesis(&play->genesis, 4);
    cr_assert(rota_is_ok(rota_state_new(&play->state, &play->genesis)));
}

void play_end(struct play *play)
{
    rota_state_free(play->state);
    rota_genesis_free(&play->genesis);
}

struct rota_status play_block(struct play *play, struct rota_outcomes *out, uint32_t *out_bad,
                              const struct rota_entry *entries, uint32_t count)
{
    struct rota_outcomes outcomes;
    uint32_t bad;
    struct rota_status status = rota_state_execute(play->state, &outcomes, &bad, play->height + 1, entries, count);
    if (status.code == ROTA_OK)
        play->height++;
    if (out_bad != NULL)
        *out_bad = bad;
    if (out != NULL)
        *out = outcomes;
    else
        rota_outcomes_free(&outcomes);
    return status;
}

struct play_result play_propose(struct play *play, const struct fixture_payload *payload)
{
    struct play_result result;
    struct rota_outcomes outcomes;
    struct rota_entry entry = fixture_entry_of_proposal(fixture_proposal(&play->genesis, payload));
    struct rota_status status = play_block(play, &outcomes, NULL, &entry, 1);
    cr_assert(rota_is_ok(status), "%s", status.why);
    result.id = entry.id;
    struct rota_view record = rota_view(outcomes.items[0].record, outcomes.items[0].len);
    cr_assert(rota_is_ok(rota_outcome_read(result.ops, &result.count, ROTA_PROPOSAL_OPS_MAX, record)));
    rota_outcomes_free(&outcomes);
    rota_entry_release(&entry);
    return result;
}

struct play_result play_do(struct play *play, const char *author, const char *ops)
{
    return play_propose(play, &(struct fixture_payload){.author = author, .seq = ++play->seq, .ops = ops});
}

uint16_t play_code(struct play *play, const char *author, const char *ops)
{
    return play_do(play, author, ops).ops[0].code;
}

enum rota_code play_admit(struct play *play, const struct fixture_payload *payload)
{
    struct rota_entry entry = fixture_entry_of_proposal(fixture_proposal(&play->genesis, payload));
    enum rota_code code = rota_state_admit(play->state, &entry).code;
    rota_entry_release(&entry);
    return code;
}

enum rota_code play_admit_evidence(struct play *play, struct rota_evidence *evidence)
{
    struct rota_entry entry = fixture_entry_of_evidence(evidence);
    enum rota_code code = rota_state_admit(play->state, &entry).code;
    rota_entry_release(&entry);
    return code;
}

enum rota_code play_accuse(struct play *play, struct rota_evidence *evidence)
{
    struct rota_entry entry = fixture_entry_of_evidence(evidence);
    enum rota_code code = play_block(play, NULL, NULL, &entry, 1).code;
    rota_entry_release(&entry);
    return code;
}

void play_assignment_id(uint8_t out[ROTA_ASSIGNMENT_ID_BYTES], const struct rota_hash *proposal, uint32_t op_index)
{
    uint8_t bytes[ROTA_HASH_BYTES + 4] = {0};
    memcpy(bytes, proposal->b, ROTA_HASH_BYTES);
    bytes[ROTA_HASH_BYTES + 2] = (uint8_t)(op_index >> 8);
    bytes[ROTA_HASH_BYTES + 3] = (uint8_t)op_index;
    struct rota_hash hash = rota_hash_of("rotaledger/v1/assignment\n", rota_view(bytes, sizeof bytes));
    memcpy(out, hash.b, ROTA_ASSIGNMENT_ID_BYTES);
}

char *play_unassign(const struct play_result *made, uint32_t op_index)
{
    uint8_t id[ROTA_ASSIGNMENT_ID_BYTES];
    char hex[2 * ROTA_ASSIGNMENT_ID_BYTES + 1], *ops = NULL;
    play_assignment_id(id, &made->id, op_index);
    rota_hex_encode(hex, rota_view(id, sizeof id));
    cr_assert(asprintf(&ops, "[{\"op\":\"unassign\",\"assignment\":\"%s\"}]", hex) > 0);
    return ops;
}

char *play_grant(const char *label, const char *facility, const char *roles)
{
    struct rota_es256k_secret secret;
    char hex[2 * ROTA_ES256K_PUBLIC_BYTES + 1], *ops = NULL;
    fixture_coordinator_secret(&secret, label);
    rota_hex_encode(hex, rota_view(secret.public_key.compressed, sizeof secret.public_key.compressed));
    rota_es256k_secret_wipe(&secret);
    cr_assert(asprintf(&ops,
                       "[{\"op\":\"coordinator.grant\",\"label\":\"%s\",\"key\":\"%s\",\"facility\":\"%s\",\"roles\":[%s]}]",
                       label, hex, facility, roles) > 0);
    return ops;
}

char *play_revoke(const char *label)
{
    struct rota_kid kid = fixture_kid(label);
    char hex[ROTA_KID_CHARS + 1], *ops = NULL;
    rota_hex_encode(hex, rota_view(kid.b, sizeof kid.b));
    cr_assert(asprintf(&ops, "[{\"op\":\"coordinator.revoke\",\"kid\":\"%s\"}]", hex) > 0);
    return ops;
}

uint16_t play_code_of(struct play *play, const char *author, char *ops)
{
    uint16_t code = play_code(play, author, ops);
    free(ops);
    return code;
}

struct rota_coordinator play_coordinator(const struct play *play, const char *label)
{
    struct rota_coordinator coordinator = {.roles = 0};
    struct rota_kid kid = fixture_kid(label);
    cr_assert(rota_is_ok(rota_state_coordinator(&coordinator, play->state, &kid)));
    return coordinator;
}

struct rota_token play_token(const char *text)
{
    struct rota_token token;
    cr_assert(rota_is_ok(rota_token_parse(&token, rota_view_text(text))));
    return token;
}
