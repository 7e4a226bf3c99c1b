#include "node/tools/submission.h"

#include "ledger/proposal.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

enum { SUBMISSION_BACKOFF_MS = 200, SUBMISSION_BACKOFF_MAX_MS = 5000, SUBMISSION_SLICE_MS = 50 };

uint64_t rota_monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void rota_submitted_free(struct rota_submitted *submitted)
{
    json_decref(submitted->document);
    *submitted = (struct rota_submitted){0};
}

static bool submission_stopped(const struct rota_submitter *submitter)
{
    return submitter->stop != NULL && atomic_load(submitter->stop);
}

/* Sleeps until then, or until stopped or out of time. */
static void submission_sleep_until(const struct rota_submitter *submitter, uint64_t then_ms)
{
    const struct timespec slice = {.tv_nsec = SUBMISSION_SLICE_MS * 1000000L};
    if (then_ms > submitter->deadline_ms)
        then_ms = submitter->deadline_ms;
    while (rota_monotonic_ms() < then_ms && !submission_stopped(submitter))
        (void)nanosleep(&slice, NULL);
}

static uint64_t submission_jitter(uint64_t ms)
{
    return ms + randombytes_uniform((uint32_t)(ms / 2) + 50);
}

static void submission_hold_back(struct rota_pace *pace, uint64_t until_ms)
{
    unsigned long long known = atomic_load(&pace->not_before_ms);
    while (known < until_ms && !atomic_compare_exchange_weak(&pace->not_before_ms, &known, until_ms))
        continue;
}

/* How long this request may wait on the server's side. */
static uint32_t submission_wait_s(const struct rota_submitter *submitter)
{
    uint64_t now = rota_monotonic_ms();
    uint64_t left_s = submitter->deadline_ms > now ? (submitter->deadline_ms - now) / 1000 : 0;
    return left_s < submitter->wait_s ? (uint32_t)left_s : submitter->wait_s;
}

/* The document of a 2xx answer; what is no document counts as a problem that may pass. */
static enum rota_fate submission_accepted(struct rota_submitted *out, const struct rota_client_answer *answer)
{
    json_decref(out->document);
    out->document = json_loadb(answer->body, answer->len, JSON_REJECT_DUPLICATES, NULL);
    const char *state = json_string_value(json_object_get(out->document, "state"));
    if (state != NULL && strcmp(state, "committed") == 0)
        return ROTA_FATE_COMMITTED;
    return ROTA_FATE_PENDING;
}

/* A node that takes nothing new may still know what became of these bytes earlier. */
static bool submission_look_up(struct rota_submitted *out, const struct rota_submitter *submitter, struct rota_view jws)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    char path[96];
    struct rota_jws parsed;
    struct rota_client_answer answer;
    if (!rota_is_ok(rota_jws_parse(&parsed, jws, ROTA_PROPOSAL_TYP)))
        return false;
    rota_hex_encode(hex, rota_view(parsed.digest.b, sizeof parsed.digest.b));
    (void)snprintf(path, sizeof path, "/v1/proposals/%s", hex);
    struct rota_client_request request = {.base = submitter->nodes[submitter->current], .path = path, .timeout_s = 10};
    rota_http_client_exchange(&answer, submitter->http, &request);
    bool committed = answer.status == 200 && submission_accepted(out, &answer) == ROTA_FATE_COMMITTED;
    rota_client_answer_free(&answer);
    return committed;
}

/* One request. */
static enum rota_fate submission_try(struct rota_submitted *out, struct rota_client_answer *answer,
                                     const struct rota_submitter *submitter, struct rota_view jws)
{
    struct rota_client_request request = {.base = submitter->nodes[submitter->current],
                                          .path = "/v1/proposals",
                                          .content_type = "application/jose",
                                          .body = jws,
                                          .key_id = submitter->key_id,
                                          .wait_s = submission_wait_s(submitter)};
    request.timeout_s = request.wait_s + 10;
    rota_http_client_exchange(answer, submitter->http, &request);
    if (answer->status >= 200 && answer->status < 300)
        return submission_accepted(out, answer);
    rota_client_problem_read(&out->problem, answer);
    if (answer->status == 503 && submission_look_up(out, submitter, jws))
        return ROTA_FATE_COMMITTED;
    return rota_client_problem_passes(&out->problem) ? ROTA_FATE_LATER : ROTA_FATE_TURNED_AWAY;
}

/* A node that is gone, or has lost the others, is left for the next one; a full one is waited for. */
static void submission_change_node(struct rota_submitter *submitter, const struct rota_client_problem *problem)
{
    if (problem->status != 429)
        submitter->current = (submitter->current + 1) % submitter->node_count;
}

static void submission_remark(const struct rota_submitter *submitter, const struct rota_client_problem *problem,
                              uint64_t wait_ms)
{
    char text[1024];
    if (submitter->remark == NULL)
        return;
    (void)snprintf(text, sizeof text, "%s: %s; trying again in %.1f s", submitter->nodes[submitter->current],
                   problem->detail, (double)wait_ms / 1000);
    submitter->remark(submitter->context, text);
}

/* After an answer that may pass: tell, change, wait. */
static void submission_pause(struct rota_submitter *submitter, const struct rota_submitted *out,
                             const struct rota_client_answer *answer, uint32_t attempt)
{
    uint64_t backoff = (uint64_t)SUBMISSION_BACKOFF_MS << (attempt < 5 ? attempt : 5);
    uint64_t wait_ms = backoff < SUBMISSION_BACKOFF_MAX_MS ? backoff : SUBMISSION_BACKOFF_MAX_MS;
    bool others = submitter->node_count > 1 && out->problem.status != 429;
    if (answer->has_retry_after && !others)
        wait_ms = answer->retry_after_ms;
    wait_ms = submission_jitter(wait_ms);
    submission_remark(submitter, &out->problem, wait_ms);
    if (submitter->pace != NULL && out->problem.status == 429)
        submission_hold_back(submitter->pace, rota_monotonic_ms() + wait_ms);
    submission_change_node(submitter, &out->problem);
    submission_sleep_until(submitter, rota_monotonic_ms() + wait_ms);
}

static void submission_name_key(struct rota_submitter *submitter, struct rota_view text)
{
    struct rota_jws jws;
    submitter->key_id[0] = '\0';
    if (rota_is_ok(rota_jws_parse(&jws, text, ROTA_PROPOSAL_TYP)))
        rota_hex_encode(submitter->key_id, rota_view(jws.kid.b, sizeof jws.kid.b));
}

void rota_submit(struct rota_submitted *out, struct rota_submitter *submitter, struct rota_view jws)
{
    *out = (struct rota_submitted){.fate = ROTA_FATE_LATER};
    submission_name_key(submitter, jws);
    for (uint32_t attempt = 0;; attempt++) {
        struct rota_client_answer answer = {0};
        if (submitter->pace != NULL)
            submission_sleep_until(submitter, atomic_load(&submitter->pace->not_before_ms));
        if (submission_stopped(submitter)) {
            out->fate = ROTA_FATE_STOPPED;
            return;
        }
        out->fate = submission_try(out, &answer, submitter, jws);
        if (out->fate == ROTA_FATE_LATER)
            submission_pause(submitter, out, &answer, attempt);
        else if (out->fate == ROTA_FATE_PENDING && submitter->wait_s != 0)
            submission_sleep_until(submitter, rota_monotonic_ms() + submission_jitter(SUBMISSION_BACKOFF_MS));
        rota_client_answer_free(&answer);
        bool again = out->fate == ROTA_FATE_LATER || (out->fate == ROTA_FATE_PENDING && submitter->wait_s != 0);
        if (!again || rota_monotonic_ms() >= submitter->deadline_ms)
            return;
    }
}
