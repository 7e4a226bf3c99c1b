/* A proposal on its way through the door: the gates before its body, the wait, and what became of it afterwards. Places come
 * back whatever happened. */
#include "house.h"

#include "ledger/receipt.h"

#include <unistd.h>

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

/* ---- the way in ----------------------------------------------------------------------------------------------------- */

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
    hand_in(&answer, &slow, "", house_key_line(&slow, "alpha-scheduler"), "x"); /* a key has a share of its own */
    EXPECT(answer.status == 400);
    answer_free(&answer);
    house_close(&slow);
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
    receipts();
    asks_the_loop_once();
    EXPECT(in_use() == 0);
    house_close(&house);
    return 0;
}
