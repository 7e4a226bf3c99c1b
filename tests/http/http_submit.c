/* A proposal on its way through the door: each gate says no in its own words, and each answer says what became of it. Places
 * come back whatever happened. */
#include "house.h"

#include "ledger/receipt.h"

#include <unistd.h>

static struct house house;

static void expect_problem(struct answer *answer, int status, const char *code)
{
    if (answer->status != status || strcmp(answer_problem(answer), code) != 0) {
        (void)fprintf(stderr, "%d %s, not %d %s\n", answer->status, answer_text(answer, "code"), status, code);
        exit(1);
    }
    answer_free(answer);
}

static uint32_t in_use(void)
{
    return house_in_use(&house, "icu") + house_in_use(&house, "default") + house_in_use(&house, "flex");
}

/* A number that no test used before. */
static uint64_t next_seq(void)
{
    static uint64_t seq;
    return ++seq;
}

static char *kid_line(const char *label)
{
    static char line[128];
    char hex[ROTA_KID_CHARS + 1];
    struct rota_genesis genesis = *rota_node_genesis(house.node);
    hex[0] = '\0';
    for (uint32_t i = 0; i < genesis.coordinator_count; i++)
        if (strcmp(genesis.coordinators[i].label.text, label) == 0)
            rota_hex_encode(hex, rota_view(genesis.coordinators[i].key.kid.b, ROTA_KID_BYTES));
    (void)snprintf(line, sizeof line, "Rota-Key: %s\r\n", hex);
    return line;
}

/* ---- the way in ----------------------------------------------------------------------------------------------------- */

static void expect_committed(struct answer *answer, int status)
{
    EXPECT(answer->status == status);
    EXPECT(strcmp(answer_text(answer, "state"), "committed") == 0);
    EXPECT(json_integer_value(json_object_get(answer->json, "height")) > 0);
    const json_t *first = json_array_get(json_object_get(answer->json, "outcomes"), 0);
    EXPECT(strcmp(json_string_value(json_object_get(first, "name")), "ok") == 0);
    answer_free(answer);
}

static void waits_and_says_committed(void)
{
    struct answer answer;
    char *jws = fake_assignment(house.node, next_seq(), "DAY");
    hand_in(&answer, &house, "", "Prefer: wait=20\r\n", jws);
    expect_committed(&answer, 201);
    hand_in(&answer, &house, "", "Prefer: wait=20\r\n", jws);
    expect_committed(&answer, 200); /* the same bytes, the same answer */
    hand_in(&answer, &house, "", "", jws);
    expect_committed(&answer, 200);
    WAIT_FOR(5000, in_use() == 0);
    free(jws);
}

static void says_pending_and_later_committed(void)
{
    struct answer answer, later;
    char path[128];
    char *jws = fake_assignment(house.node, next_seq(), "DAY");
    fake_node_hold(house.node, true);
    hand_in(&answer, &house, "", "", jws);
    EXPECT(answer.status == 202);
    EXPECT(strcmp(answer_text(&answer, "state"), "pending") == 0);
    (void)snprintf(path, sizeof path, "/v1/proposals/%s", answer_text(&answer, "id"));
    EXPECT(strcmp(answer_header(&answer, "Location"), path) == 0);
    EXPECT(house_in_use(&house, "default") == 1); /* it holds its place until it has an end */
    hand_in(&later, &house, "", "", jws);
    EXPECT(later.status == 202);
    answer_free(&later);
    WAIT_FOR(5000, house_in_use(&house, "default") == 1); /* the second copy holds none */
    ask(&later, &house, path);
    EXPECT(later.status == 200 && strcmp(answer_text(&later, "state"), "pending") == 0);
    answer_free(&later);
    fake_node_hold(house.node, false);
    fake_node_commit(house.node);
    WAIT_FOR(5000, in_use() == 0);
    ask(&later, &house, path);
    expect_committed(&later, 200);
    answer_free(&answer);
    free(jws);
}

static void gives_the_place_back_when_it_was_turned_away_later(void)
{
    struct answer answer;
    char *jws = fake_assignment(house.node, next_seq(), "DAY");
    fake_node_hold(house.node, true);
    hand_in(&answer, &house, "", "", jws);
    EXPECT(answer.status == 202);
    answer_free(&answer);
    fake_node_forget(house.node);
    WAIT_FOR(5000, in_use() == 0);
    fake_node_hold(house.node, false);
    free(jws);
}

static void a_wait_that_is_over_says_pending(void)
{
    struct answer answer;
    char *jws = fake_assignment(house.node, next_seq(), "DAY");
    fake_node_hold(house.node, true);
    uint64_t began = rota_clock_monotonic_ms();
    hand_in(&answer, &house, "", "Prefer: wait=2\r\n", jws);
    EXPECT(answer.status == 202);
    EXPECT(rota_clock_monotonic_ms() - began >= 2000);
    answer_free(&answer);
    fake_node_hold(house.node, false);
    fake_node_commit(house.node);
    WAIT_FOR(5000, in_use() == 0);
    free(jws);
}

static void dry_run_changes_nothing(void)
{
    struct answer answer;
    static const char *const forms[] = {"?dry-run", "?dry-run=", "?dry-run=1"};
    uint64_t seq = next_seq();
    char *jws = fake_assignment(house.node, seq, "DAY");
    uint32_t submits = fake_node_counts(house.node).submits;
    fake_node_set_quorum(house.node, false); /* nothing is going to be committed: no quorum is needed */
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        hand_in(&answer, &house, forms[i], "", jws);
        EXPECT(answer.status == 200 && strcmp(answer_text(&answer, "state"), "dry-run") == 0);
        answer_free(&answer);
    }
    fake_node_set_quorum(house.node, true);
    EXPECT(fake_node_counts(house.node).submits == submits);
    WAIT_FOR(5000, in_use() == 0);
    fake_node_set_deaf(house.node, true);
    hand_in(&answer, &house, "?dry-run", "", jws);
    expect_problem(&answer, 503, "busy");
    fake_node_set_deaf(house.node, false);
    free(jws);
}

/* ---- no, before the body -------------------------------------------------------------------------------------------- */

/* Only the header is sent: the answer must come without a byte of the body. */
static void expect_refused_before_body(const char *headers, int status, const char *code, bool retry)
{
    struct answer answer;
    char request[1024];
    int fd = client_open(&house);
    (void)snprintf(
        request, sizeof request,
        "POST /v1/proposals HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: 500\r\n%s\r\n",
        headers);
    client_send(fd, request);
    client_read(&answer, fd, false);
    if (retry) {
        long seconds = strtol(answer_header(&answer, "Retry-After"), NULL, 10);
        long ms = strtol(answer_header(&answer, "Rota-Retry-Ms"), NULL, 10);
        EXPECT(ms > 0 && seconds == (ms + 999) / 1000);
    }
    EXPECT(strcmp(answer_header(&answer, "Connection"), "close") == 0);
    EXPECT(client_is_closed(fd));
    expect_problem(&answer, status, code);
    close(fd);
}

static void refuses_before_the_body(void)
{
    expect_refused_before_body("Rota-Key: 00112233445566778899aabbccddeeff\r\n", 403, "unknown-key", false);
    expect_refused_before_body("Rota-Key: nonsense\r\n", 400, "bad-request", false);
    expect_refused_before_body("Rota-Pool: no/name\r\n", 400, "bad-request", false);
    fake_node_set_quorum(house.node, false);
    expect_refused_before_body("", 503, "no-quorum", true);
    expect_refused_before_body("Expect: 100-continue\r\n", 503, "no-quorum", true);
    fake_node_set_quorum(house.node, true);
    fake_node_set_pending(house.node, 1000);
    expect_refused_before_body("", 429, "queue-full", true);
    fake_node_set_pending(house.node, 0);
    EXPECT(in_use() == 0);
}

static void refuses_when_the_pool_is_full(void)
{
    struct answer answer;
    char *jws[3];
    fake_node_hold(house.node, true);
    for (int i = 0; i < 2; i++) { /* one of its own, one of flex */
        jws[i] = fake_assignment(house.node, next_seq(), "NIGHT");
        hand_in(&answer, &house, "", "Rota-Pool: icu\r\n", jws[i]);
        EXPECT(answer.status == 202);
        answer_free(&answer);
    }
    expect_refused_before_body("Rota-Pool: icu\r\n", 429, "pool-full", true);
    jws[2] = fake_assignment(house.node, next_seq(), "NIGHT"); /* names no pool: found out after the body */
    hand_in(&answer, &house, "", "", jws[2]);
    EXPECT(answer.status == 429 && answer_header(&answer, "Rota-Retry-Ms")[0] != '\0');
    expect_problem(&answer, 429, "pool-full");
    EXPECT(house_in_use(&house, "default") == 0);
    fake_node_hold(house.node, false);
    fake_node_commit(house.node);
    WAIT_FOR(5000, in_use() == 0);
    hand_in(&answer, &house, "", "Prefer: wait=9\r\n", jws[2]);
    expect_committed(&answer, 201);
    for (int i = 0; i < 3; i++)
        free(jws[i]);
}

static void keeps_to_the_rate(void)
{
    struct house slow;
    struct answer answer;
    house_prepare(&slow);
    slow.config.intake.rate_per_second = 1;
    slow.config.intake.burst = 2;
    house_start(&slow);
    for (int i = 0; i < 3; i++) {
        hand_in(&answer, &slow, "", "", "x");
        EXPECT(answer.status == (i < 2 ? 400 : 429));
        if (i == 2) {
            EXPECT(strcmp(answer_problem(&answer), "rate") == 0);
            EXPECT(strtol(answer_header(&answer, "Rota-Retry-Ms"), NULL, 10) > 0);
            EXPECT(strtol(answer_header(&answer, "Rota-Retry-Ms"), NULL, 10) <= 1000);
            EXPECT(strcmp(answer_header(&answer, "Retry-After"), "1") == 0);
        }
        answer_free(&answer);
    }
    hand_in(&answer, &slow, "", kid_line("alpha-scheduler"), "x"); /* a key has a share of its own */
    EXPECT(answer.status == 400);
    answer_free(&answer);
    house_close(&slow);
}

/* ---- no, after the body --------------------------------------------------------------------------------------------- */

static void refuses_what_is_wrong_with_it(void)
{
    struct answer answer;
    hand_in(&answer, &house, "", "", "this is no proposal");
    expect_problem(&answer, 400, "malformed");
    hand_in(&answer, &house, "", "", "");
    expect_problem(&answer, 400, "malformed");
    char *jws = fake_assignment(house.node, next_seq(), "DAY");
    hand_in(&answer, &house, "", kid_line("alpha-director"), jws);
    expect_problem(&answer, 400, "wrong-key");
    hand_in(&answer, &house, "", "Rota-Pool: icu\r\n", jws);
    expect_problem(&answer, 400, "wrong-pool");
    char *spoiled = strdup(jws);
    spoiled[strlen(spoiled) - 10] = spoiled[strlen(spoiled) - 10] == 'A' ? 'B' : 'A';
    hand_in(&answer, &house, "", "", spoiled);
    expect_problem(&answer, 400, "bad-signature");
    free(spoiled);
    hand_in(&answer, &house, "", kid_line("alpha-scheduler"), jws);
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

/* ---- afterwards ----------------------------------------------------------------------------------------------------- */

static void receipts(void)
{
    struct answer answer;
    char path[160], unknown[2 * ROTA_HASH_BYTES + 1];
    char *jws = fake_assignment(house.node, next_seq(), "DAY");
    fake_node_hold(house.node, true);
    hand_in(&answer, &house, "", "", jws);
    (void)snprintf(path, sizeof path, "/v1/proposals/%s/receipt", answer_text(&answer, "id"));
    answer_free(&answer);
    ask(&answer, &house, path);
    EXPECT(answer.status == 202 && strcmp(answer_text(&answer, "state"), "pending") == 0);
    EXPECT(answer_header(&answer, "Retry-After")[0] != '\0');
    answer_free(&answer);
    fake_node_hold(house.node, false);
    fake_node_commit(house.node);
    ask(&answer, &house, path);
    EXPECT(answer.status == 200 && strstr(answer_header(&answer, "Cache-Control"), "immutable"));
    struct rota_receipt receipt;
    EXPECT(rota_is_ok(rota_receipt_parse(&receipt, rota_view(answer.body, answer.len))));
    EXPECT(rota_is_ok(rota_receipt_verify(&receipt, rota_node_genesis(house.node), NULL)));
    rota_receipt_free(&receipt);
    answer_free(&answer);
    memset(unknown, 'a', sizeof unknown);
    unknown[sizeof unknown - 1] = '\0';
    (void)snprintf(path, sizeof path, "/v1/proposals/%s/receipt", unknown);
    ask(&answer, &house, path);
    expect_problem(&answer, 404, "unknown-proposal");
    (void)snprintf(path, sizeof path, "/v1/proposals/%s", unknown);
    ask(&answer, &house, path);
    EXPECT(answer.status == 404 && strcmp(answer_text(&answer, "state"), "unknown") == 0);
    answer_free(&answer);
    ask(&answer, &house, "/v1/proposals/abc");
    expect_problem(&answer, 400, "bad-id");
    fake_node_set_deaf(house.node, true); /* busy is not unknown */
    ask(&answer, &house, path);
    expect_problem(&answer, 503, "busy");
    (void)snprintf(path, sizeof path, "/v1/proposals/%s/receipt", unknown);
    ask(&answer, &house, path);
    expect_problem(&answer, 503, "busy");
    ask(&answer, &house, "/v1/blocks/1");
    expect_problem(&answer, 503, "busy");
    fake_node_set_deaf(house.node, false);
    free(jws);
}

/* One visit of the loop for a proposal; a second one only when its place has to move. */
static void asks_the_loop_once(void)
{
    struct answer answer;
    char *day = fake_assignment(house.node, next_seq(), "DAY"), *night = fake_assignment(house.node, next_seq(), "NIGHT");
    WAIT_FOR(5000, in_use() == 0);
    struct fake_counts before = fake_node_counts(house.node);
    hand_in(&answer, &house, "", "Prefer: wait=9\r\n", day);
    expect_committed(&answer, 201);
    struct fake_counts after = fake_node_counts(house.node);
    EXPECT(after.submits == before.submits + 1 && after.lookups == before.lookups);
    hand_in(&answer, &house, "", "Prefer: wait=9\r\n", night);
    expect_committed(&answer, 201);
    EXPECT(fake_node_counts(house.node).submits == after.submits + 2);
    free(day);
    free(night);
}

int main(void)
{
    rota_crypto_init();
    house_open(&house);
    waits_and_says_committed();
    says_pending_and_later_committed();
    gives_the_place_back_when_it_was_turned_away_later();
    a_wait_that_is_over_says_pending();
    dry_run_changes_nothing();
    refuses_before_the_body();
    refuses_when_the_pool_is_full();
    keeps_to_the_rate();
    refuses_what_is_wrong_with_it();
    refuses_a_number_used_twice();
    says_what_the_node_says();
    refuses_keys_that_lost_their_standing();
    receipts();
    asks_the_loop_once();
    EXPECT(in_use() == 0);
    house_close(&house);
    return 0;
}
