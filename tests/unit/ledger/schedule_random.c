#include "schedule_random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const random_authors[] = {"alpha-scheduler", "bravo-scheduler", "alpha-both",
                                             "alpha-both",      "alpha-director",  "bravo-director",
                                             "granted-0",       "granted-1",       "bravo-scheduler"};
static const char *const random_facilities[] = {"alpha", "alpha", "alpha", "bravo", "bravo", "charlie", "echo"};
static const char *const random_codes[] = {"DAY", "NIGHT", "DAY", "NIGHT", "C-0", "C-1", "C-2"};
static const uint32_t random_minutes[] = {1, 30, 240, 480, 1440, 2880};

#define RANDOM_PICK(random, list) (list)[fixture_random_below((random), sizeof(list) / sizeof(list)[0])]

/* The author's own facility most of the time. */
static const char *random_facility(struct fixture_random *random, const char *author)
{
    if (fixture_random_below(random, 8) == 0)
        return RANDOM_PICK(random, random_facilities);
    return strncmp(author, "bravo", 5) == 0 ? "bravo" : "alpha";
}

static void random_put_assign(FILE *out, struct fixture_random *random, const char *author)
{
    char start[ROTA_TIME_CHARS_MAX];
    rota_time_format_minute(start, INT64_C(20812) * 1440 + 30 * (int64_t)fixture_random_below(random, 48 * 6));
    fprintf(out,
            "{\"op\":\"assign\",\"person\":\"p-%u\",\"code\":\"%s\",\"facility\":\"%s\",\"start\":\"%s\",\"minutes\":%u}",
            fixture_random_below(random, 9) + 1, RANDOM_PICK(random, random_codes), random_facility(random, author), start,
            RANDOM_PICK(random, random_minutes));
}

static void random_put_unassign(FILE *out, struct fixture_random *random, const struct model *model)
{
    char id[2 * ROTA_ASSIGNMENT_ID_BYTES + 1] = "00000000000000000000000000000000";
    if (model->assignment_count > 0 && fixture_random_below(random, 16) > 0) {
        const struct rota_assignment *assignment =
            &model->assignments[fixture_random_below(random, model->assignment_count)];
        rota_hex_encode(id, rota_view(assignment->id, sizeof assignment->id));
    }
    fprintf(out, "{\"op\":\"unassign\",\"assignment\":\"%s\"}", id);
}

static void random_put_key(FILE *out, struct fixture_random *random, const char *author)
{
    static const char *const labels[] = {"granted-0", "granted-1", "granted-2", "alpha-both", "nobody"};
    static const char *const roles[] = {"\"scheduler\"", "\"director\"", "\"scheduler\",\"director\""};
    const char *label = RANDOM_PICK(random, labels);
    struct rota_es256k_secret secret;
    char key[2 * ROTA_ES256K_PUBLIC_BYTES + 1], kid[ROTA_KID_CHARS + 1];
    fixture_coordinator_secret(&secret, label);
    rota_hex_encode(key, rota_view(secret.public_key.compressed, sizeof secret.public_key.compressed));
    rota_hex_encode(kid, rota_view(secret.public_key.kid.b, sizeof secret.public_key.kid.b));
    if (fixture_random_below(random, 4) > 0)
        fprintf(out, "{\"op\":\"coordinator.grant\",\"label\":\"%s\",\"key\":\"%s\",\"facility\":\"%s\",\"roles\":[%s]}",
                label, key, random_facility(random, author), RANDOM_PICK(random, roles));
    else
        fprintf(out, "{\"op\":\"coordinator.revoke\",\"kid\":\"%s\"}", kid);
}

static void random_put_op(FILE *out, struct fixture_random *random, const struct model *model, const char *author)
{
    uint32_t dice = fixture_random_below(random, 32);
    if (dice < 18)
        random_put_assign(out, random, author);
    else if (dice < 27)
        random_put_unassign(out, random, model);
    else if (dice < 29)
        fprintf(out, "{\"op\":\"person.enrol\",\"person\":\"p-%u\",\"facility\":\"%s\"}",
                fixture_random_below(random, 9) + 1, random_facility(random, author));
    else if (dice < 30)
        fprintf(out, "{\"op\":\"code.define\",\"code\":\"C-%u\"}", fixture_random_below(random, 3));
    else
        random_put_key(out, random, author);
}

static char *random_ops(struct fixture_random *random, const struct model *model, const char *author)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    cr_assert(out != NULL);
    uint32_t count = 1 + fixture_random_below(random, RANDOM_OPS_MAX);
    fputs("[", out);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i > 0 ? "," : "", out);
        random_put_op(out, random, model, author);
    }
    fputs("]", out);
    cr_assert(fclose(out) == 0);
    return text;
}

/* Two expectations, right most of the time. */
static char *random_expect(struct fixture_random *random, const struct model *model)
{
    char *text = NULL, day_text[2][ROTA_TIME_CHARS_MAX];
    uint32_t people[2], revisions[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct rota_token person = {.text = "p-0"};
        people[i] = 1 + 3 * i + fixture_random_below(random, 3);
        person.text[2] = (char)('0' + people[i]);
        int32_t day = 20812 + (int32_t)fixture_random_below(random, 6);
        rota_time_format_day(day_text[i], day);
        revisions[i] = model_revision(model, &person, day) + (fixture_random_below(random, 4) == 0 ? 1 : 0);
    }
    cr_assert(asprintf(&text,
                       "[{\"person\":\"p-%u\",\"day\":\"%s\",\"rev\":%u},{\"person\":\"p-%u\",\"day\":\"%s\",\"rev\":%u}]",
                       people[0], day_text[0], revisions[0], people[1], day_text[1], revisions[1]) > 0);
    return text;
}

static uint64_t random_seq(struct fixture_random *random, struct model *model, const char *author)
{
    struct rota_kid kid = fixture_kid(author);
    const struct rota_coordinator *coordinator = model_coordinator(model, &kid);
    uint64_t highest = coordinator != NULL ? coordinator->seq_highest : 0;
    uint32_t dice = fixture_random_below(random, 16), back = fixture_random_below(random, 270);
    if (dice < 2 && highest > back)
        return highest - back;
    return highest + (dice < 15 ? 1 + fixture_random_below(random, 3) : 1 + fixture_random_below(random, 400));
}

struct rota_proposal *random_proposal(struct fixture_random *random, struct model *model, uint64_t height)
{
    static const struct rota_hash elsewhere = {{9}};
    struct fixture_payload payload = {.author = RANDOM_PICK(random, random_authors)};
    char *ops = random_ops(random, model, payload.author);
    char *expect = fixture_random_below(random, 8) == 0 ? random_expect(random, model) : NULL;
    payload.ops = ops;
    payload.expect = expect;
    payload.seq = random_seq(random, model, payload.author);
    payload.exp = fixture_random_below(random, 8) > 0 ? 0 : height + 1 - fixture_random_below(random, 3);
    payload.ledger = fixture_random_below(random, 64) == 0 ? &elsewhere : NULL;
    struct rota_proposal *proposal = fixture_proposal(model->genesis, &payload);
    free(ops);
    free(expect);
    return proposal;
}

/* Now and then a key is suspended: a granted one, so that the others stay in the game. */
static void random_accuse(struct random_block *out, struct fixture_random *random, struct model *model, uint64_t height)
{
    struct rota_kid kid = fixture_kid("granted-1");
    const struct rota_coordinator *coordinator = model_coordinator(model, &kid);
    if (coordinator == NULL || coordinator->suspended_at != 0 || fixture_random_below(random, 16) > 0)
        return;
    out->entries[out->count++] = fixture_entry_of_evidence(fixture_coordinator_evidence(model->genesis, "granted-1", 1000));
    model_suspend(model, height, &kid);
}

void random_block(struct random_block *out, struct rota_proposal **refused, struct fixture_random *random,
                  struct model *model, uint64_t height)
{
    *refused = NULL;
    out->count = 0;
    random_accuse(out, random, model, height);
    uint32_t wanted = out->count + 1 + fixture_random_below(random, RANDOM_ENTRIES_MAX - 1);
    while (out->count < wanted && out->count < RANDOM_ENTRIES_MAX) {
        struct rota_proposal *proposal = random_proposal(random, model, height);
        if (!model_admits(model, height, proposal)) {
            rota_proposal_release(*refused);
            *refused = proposal;
            continue;
        }
        cr_assert(proposal->op_count <= RANDOM_OPS_MAX);
        model_execute(model, height, proposal, out->ops[out->count]);
        out->entries[out->count++] = fixture_entry_of_proposal(proposal);
    }
    if (*refused != NULL && model_admits(model, height, *refused)) {
        rota_proposal_release(*refused);
        *refused = NULL;
    }
}

void random_block_release(struct random_block *block)
{
    for (uint32_t i = 0; i < block->count; i++)
        rota_entry_release(&block->entries[i]);
    block->count = 0;
}
