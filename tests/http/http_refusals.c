/* A proposal whose body was read and that is turned away: each reason has its code, and the place comes back. */
#include "house.h"

static struct house house;

static uint32_t in_use(void)
{
    return house_in_use_all(&house);
}

/* A number that no test used before. */
static uint64_t next_seq(void)
{
    static uint64_t seq;
    return ++seq;
}

static void refuses_what_is_wrong_with_it(void)
{
    struct answer answer;
    hand_in(&answer, &house, "", "", "this is no proposal");
    expect_problem(&answer, 400, "malformed");
    hand_in(&answer, &house, "", "", "");
    expect_problem(&answer, 400, "malformed");
    char *jws = fake_assignment(house.node, next_seq(), "DAY");
    hand_in(&answer, &house, "", house_key_line(&house, "alpha-director"), jws);
    expect_problem(&answer, 400, "wrong-key");
    hand_in(&answer, &house, "", "Rota-Pool: icu\r\n", jws);
    expect_problem(&answer, 400, "wrong-pool");
    char *spoiled = strdup(jws);
    spoiled[strlen(spoiled) - 10] = spoiled[strlen(spoiled) - 10] == 'A' ? 'B' : 'A';
    hand_in(&answer, &house, "", "", spoiled);
    expect_problem(&answer, 400, "bad-signature");
    free(spoiled);
    hand_in(&answer, &house, "", house_key_line(&house, "alpha-scheduler"), jws);
    EXPECT(answer.status == 201 || answer.status == 202);
    answer_free(&answer);
    free(jws);
    jws = fake_proposal(house.node, 1, "nobody-knows-me", 0, "[{\"op\":\"code.define\",\"code\":\"X\"}]");
    hand_in(&answer, &house, "", "", jws);
    expect_problem(&answer, 403, "unknown-key");
    free(jws);
    WAIT_FOR(5000, in_use() == 0);
}

static void refuses_a_number_used_twice(void)
{
    struct answer answer;
    char hex[2 * ROTA_HASH_BYTES + 1];
    uint64_t seq = next_seq();
    char *first = fake_assignment(house.node, seq, "DAY"), *second = fake_assignment(house.node, seq, "NIGHT");
    hand_in(&answer, &house, "", "Prefer: wait=9\r\n", first);
    (void)snprintf(hex, sizeof hex, "%s", answer_text(&answer, "id"));
    expect_committed(&answer, 201);
    hand_in(&answer, &house, "", "Prefer: wait=9\r\n", second);
    EXPECT(strcmp(answer_text(&answer, "conflict"), hex) == 0);
    expect_problem(&answer, 409, "seq-taken");
    free(first);
    free(second);
}

static void says_what_the_node_says(void)
{
    static const struct {
        struct rota_submission said;
        int status;
        const char *code;
    } cases[] = {
        {{.state = ROTA_SUBMISSION_REFUSED, .status = {ROTA_REFUSED, "seq"}, .evidence = true}, 409, "equivocation"},
        {{.state = ROTA_SUBMISSION_REFUSED, .status = {ROTA_REFUSED, "below the window"}}, 409, "seq-taken"},
        {{.state = ROTA_SUBMISSION_REFUSED, .status = {ROTA_REFUSED, "too late"}, .expired = true}, 422, "expired"},
        {{.state = ROTA_SUBMISSION_REFUSED, .status = {ROTA_TOO_LARGE, "large"}, .expired = true},
         422,
         "too-large-for-block"},
        {{.state = ROTA_SUBMISSION_REFUSED, .status = {ROTA_UNKNOWN_KEY, "who"}}, 403, "unknown-key"},
        {{.state = ROTA_SUBMISSION_REFUSED, .status = {ROTA_WRONG_LEDGER, "where"}}, 422, "wrong-ledger"},
        {{.state = ROTA_SUBMISSION_FULL}, 429, "queue-full"},
        {{.state = ROTA_SUBMISSION_NO_QUORUM}, 503, "no-quorum"},
        {{.state = ROTA_SUBMISSION_STOPPING}, 503, "stopping"},
        {{.state = ROTA_SUBMISSION_UNKNOWN}, 503, "busy"},
    };
    char *jws = fake_assignment(house.node, next_seq(), "DAY");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer answer;
        fake_node_can(house.node, &cases[i].said);
        hand_in(&answer, &house, "", "Prefer: wait=5\r\n", jws);
        EXPECT((answer_header(&answer, "Retry-After")[0] != '\0') == (cases[i].status == 429 || cases[i].status == 503));
        expect_problem(&answer, cases[i].status, cases[i].code);
        WAIT_FOR(5000, in_use() == 0);
    }
    fake_node_can(house.node, NULL);
    free(jws);
}

static void refuses_keys_that_lost_their_standing(void)
{
    struct answer answer;
    char *known = fake_proposal(house.node, 1, "alpha-both", 0, "[{\"op\":\"code.define\",\"code\":\"EVE\"}]");
    hand_in(&answer, &house, "", "Prefer: wait=9\r\n", known);
    expect_committed(&answer, 201);
    fake_node_accuse(house.node, "alpha-both", 77);
    char *jws = fake_proposal(house.node, 2, "alpha-both", 0, "[{\"op\":\"code.define\",\"code\":\"NOON\"}]");
    hand_in(&answer, &house, "", "", jws);
    expect_problem(&answer, 422, "key-suspended");
    hand_in(&answer, &house, "", "", known); /* what is in the ledger is answered all the same */
    expect_committed(&answer, 200);
    free(jws);
    free(known);
    WAIT_FOR(5000, in_use() == 0);
}

int main(void)
{
    rota_crypto_init();
    house_open(&house);
    refuses_what_is_wrong_with_it();
    refuses_a_number_used_twice();
    says_what_the_node_says();
    refuses_keys_that_lost_their_standing();
    EXPECT(in_use() == 0);
    house_close(&house);
    return 0;
}
