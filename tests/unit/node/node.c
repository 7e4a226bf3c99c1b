/* A whole node of a ledger with one member: its own messages make the quorum. */
#include "node/node.h"

#include "bench.h"
#include "node/journal.h"
#include "node/log.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

struct alone {
    struct bench bench;
    struct rota_config config;
    struct rota_secret_key key;
    struct rota_node *node;
    pthread_t thread;
    struct rota_status ended; /* how the loop ended, once the thread has been joined */
};

static void *alone_run(void *context)
{
    struct alone *alone = context;
    alone->ended = rota_node_run(alone->node);
    return NULL;
}

static void alone_start(struct alone *alone)
{
    rota_log_set_level(ROTA_LOG_ERROR);
    struct rota_status status = rota_node_open(&alone->node, &alone->config, &alone->key);
    cr_assert(rota_is_ok(status), "%s", status.why);
    cr_assert(pthread_create(&alone->thread, NULL, alone_run, alone) == 0);
    for (int i = 0; i < 500 && !rota_node_has_quorum(alone->node); i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    cr_assert(rota_node_has_quorum(alone->node));
}

static void alone_stop(struct alone *alone)
{
    rota_node_stop(alone->node);
    cr_assert(pthread_join(alone->thread, NULL) == 0);
    cr_assert(rota_is_ok(alone->ended), "%s", alone->ended.why);
    rota_node_close(alone->node);
}

static struct alone *alone_open(void)
{
    struct alone *alone = calloc(1, sizeof *alone);
    char error[256];
    cr_assert(alone != NULL);
    bench_open(&alone->bench);
    FILE *file = fopen(bench_path(&alone->bench, "genesis.json"), "w");
    cr_assert(file && fwrite(alone->bench.genesis.bytes, 1, alone->bench.genesis.len, file) && fclose(file) == 0);
    file = fopen(bench_path(&alone->bench, "rotad.conf"), "w");
    cr_assert(file && fputs("http = \"\"\n", file) >= 0 && fclose(file) == 0);
    cr_assert(rota_is_ok(rota_store_create(bench_path(&alone->bench, "ledger.db"), &alone->bench.genesis)));
    cr_assert(rota_is_ok(rota_journal_create(bench_path(&alone->bench, "private.db"), &alone->bench.genesis.ledger_id)));
    cr_assert(rota_is_ok(rota_config_read(&alone->config, alone->bench.folder, error, sizeof error)), "%s", error);
    alone->key.role = ROTA_KEY_FACILITY;
    fixture_facility_secret(&alone->key.facility, "alpha");
    alone_start(alone);
    return alone;
}

static void alone_end(struct alone *alone)
{
    alone_stop(alone);
    bench_close(&alone->bench);
    free(alone);
}

/* Verified first, as the gate does. */
static struct rota_submission submit(struct alone *alone, struct rota_proposal *proposal, uint32_t wait_ms)
{
    struct rota_submission out;
    cr_assert(rota_is_ok(rota_keyring_verify(rota_node_keyring(alone->node), proposal)));
    rota_node_submit(&out, alone->node, proposal, wait_ms);
    free(out.outcome.record);
    out.outcome.record = NULL;
    return out;
}

struct picture {
    uint64_t height, evidence;
    uint32_t pending;
    struct rota_hash digest;
};

static void take_picture(void *context, const struct rota_facts *facts)
{
    struct picture *picture = context;
    *picture = (struct picture){facts->height, facts->evidence_count, facts->pending, rota_state_digest(facts->state)};
}

static struct picture picture_of(struct alone *alone)
{
    struct picture picture = {0};
    cr_assert(rota_is_ok(rota_node_visit(alone->node, take_picture, &picture)));
    return picture;
}

Test(node, commits_answers_and_remembers)
{
    struct alone *alone = alone_open();
    struct rota_proposal *proposal = bench_enrol(&alone->bench, "alpha-director", 1, "n-1");
    struct rota_submission first = submit(alone, proposal, 5000);
    cr_assert_eq(first.state, ROTA_SUBMISSION_COMMITTED);
    cr_expect_eq(first.height, 1);
    cr_expect_not(first.was_known);
    struct rota_submission again = submit(alone, proposal, 0);
    cr_expect_eq(again.state, ROTA_SUBMISSION_COMMITTED);
    cr_expect(again.was_known, "the same bytes get the same answer");
    struct rota_hash digest = picture_of(alone).digest;
    alone_stop(alone);

    alone_start(alone);
    struct rota_submission found;
    rota_node_lookup(&found, alone->node, &proposal->id, 0);
    cr_expect_eq(found.state, ROTA_SUBMISSION_COMMITTED);
    cr_expect_eq(found.leaf_index, 0);
    free(found.outcome.record);
    struct rota_hash digest_again = picture_of(alone).digest;
    cr_expect(rota_hash_equal(&digest, &digest_again));
    struct rota_proposal *next = bench_enrol(&alone->bench, "alpha-director", 2, "n-2");
    cr_expect_eq(submit(alone, next, 5000).state, ROTA_SUBMISSION_COMMITTED, "a restarted node alone goes on");
    rota_proposal_release(next);
    rota_proposal_release(proposal);
    alone_end(alone);
}

static void expect_evidence(struct alone *alone, uint64_t count)
{
    struct picture picture = {0};
    for (int i = 0; i < 500 && picture.evidence < count; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        picture = picture_of(alone);
    }
    cr_expect_eq(picture.evidence, count);
    cr_expect_eq(picture.pending, 0);
}

Test(node, two_proposals_with_one_seq_are_evidence_in_either_order)
{
    static const char *const authors[] = {"alpha-director", "alpha-both"};
    struct alone *alone = alone_open();
    for (uint32_t order = 0; order < 2; order++) {
        struct rota_proposal *pair[2] = {bench_enrol(&alone->bench, authors[order], 5, "n-1"),
                                         bench_enrol(&alone->bench, authors[order], 5, "n-2")};
        struct rota_proposal *first = pair[order], *second = pair[1 - order];
        cr_assert_eq(submit(alone, first, 5000).state, ROTA_SUBMISSION_COMMITTED);
        struct rota_submission refused = submit(alone, second, 5000);
        cr_expect_eq(refused.state, ROTA_SUBMISSION_REFUSED);
        cr_expect(refused.evidence);
        cr_expect(rota_hash_equal(&refused.conflict, &first->id));
        expect_evidence(alone, order + 1);
        rota_proposal_release(pair[0]);
        rota_proposal_release(pair[1]);
    }
    alone_stop(alone);
    alone_start(alone);
    expect_evidence(alone, 2); /* it is in the ledger, whoever was awake when it came in */
    alone_end(alone);
}

Test(node, turns_away_what_can_never_be_ordered)
{
    struct alone *alone = alone_open();
    struct rota_proposal *good = bench_enrol(&alone->bench, "alpha-director", 1000, "n-1");
    cr_assert_eq(submit(alone, good, 5000).state, ROTA_SUBMISSION_COMMITTED);
    struct rota_proposal *below = bench_enrol(&alone->bench, "alpha-director", 1, "n-2");
    struct rota_submission refused = submit(alone, below, 5000);
    cr_expect_eq(refused.state, ROTA_SUBMISSION_REFUSED);
    cr_expect_not(refused.evidence);
    cr_expect_not(refused.expired);
    struct rota_proposal *late = fixture_proposal(
        &alone->bench.genesis,
        &(struct fixture_payload){
            .author = "alpha-director", .seq = 1001, .exp = 1, .ops = "[{\"op\":\"code.define\",\"code\":\"X\"}]"});
    refused = submit(alone, late, 5000);
    cr_expect_eq(refused.state, ROTA_SUBMISSION_REFUSED);
    cr_expect(refused.expired);
    struct rota_hash nothing = {{9}};
    struct rota_submission unknown;
    rota_node_lookup(&unknown, alone->node, &nothing, 1000);
    cr_expect_eq(unknown.state, ROTA_SUBMISSION_UNKNOWN);
    rota_proposal_release(good);
    rota_proposal_release(below);
    rota_proposal_release(late);
    alone_end(alone);
}

struct question {
    bool answer;
    uint32_t asked;
    uint64_t height;
};

static bool question_ask(void *context, const struct rota_facts *facts)
{
    struct question *question = context;
    question->asked++;
    question->height = facts->height;
    return question->answer;
}

Test(node, takes_in_only_what_the_door_allows_and_asks_once)
{
    struct alone *alone = alone_open();
    struct rota_submission out;
    struct question no = {.answer = false}, yes = {.answer = true};
    struct rota_proposal *proposal = bench_enrol(&alone->bench, "alpha-director", 1, "n-1");
    cr_assert(rota_is_ok(rota_keyring_verify(rota_node_keyring(alone->node), proposal)));
    rota_node_submit_if(&out, alone->node, proposal, 1000, question_ask, &no);
    cr_expect_eq(out.state, ROTA_SUBMISSION_UNKNOWN);
    cr_expect_eq(no.asked, 1);
    rota_node_lookup(&out, alone->node, &proposal->id, 0);
    cr_expect_eq(out.state, ROTA_SUBMISSION_UNKNOWN, "it was not taken in");
    rota_node_submit_if(&out, alone->node, proposal, 5000, question_ask, &yes);
    cr_assert_eq(out.state, ROTA_SUBMISSION_COMMITTED);
    free(out.outcome.record);
    rota_node_submit_if(&out, alone->node, proposal, 5000, question_ask, &no);
    cr_expect_eq(out.state, ROTA_SUBMISSION_COMMITTED, "what is in the ledger is answered, whatever the door thinks now");
    cr_expect(out.was_known);
    cr_expect_eq(no.asked, 1);
    free(out.outcome.record);
    rota_proposal_release(proposal);
    alone_end(alone);
}

Test(node, a_dry_run_says_what_would_happen)
{
    struct alone *alone = alone_open();
    struct rota_outcome outcome;
    struct rota_op_outcome ops[4];
    uint32_t count = 0;
    struct rota_proposal *proposal = bench_enrol(&alone->bench, "alpha-director", 1, "p-1");
    cr_assert(rota_is_ok(rota_node_dry_run(&outcome, alone->node, proposal)));
    cr_assert(rota_is_ok(rota_outcome_read(ops, &count, 4, rota_view(outcome.record, outcome.len))));
    cr_assert_eq(count, 1);
    cr_expect_eq(ops[0].code, ROTA_OUTCOME_EXISTS);
    cr_expect_eq(picture_of(alone).height, 0);
    free(outcome.record);
    rota_proposal_release(proposal);
    alone_end(alone);
}

struct crowd {
    struct alone *alone;
    const char *author;
    uint32_t committed;
};

static void *crowd_submit(void *context)
{
    struct crowd *crowd = context;
    for (uint64_t seq = 1; seq <= 40; seq++) {
        char person[16];
        (void)snprintf(person, sizeof person, "%.8s-%u", crowd->author + 6, (unsigned)seq);
        struct rota_proposal *proposal = bench_enrol(&crowd->alone->bench, crowd->author, seq, person);
        crowd->committed += submit(crowd->alone, proposal, 10000).state == ROTA_SUBMISSION_COMMITTED;
        rota_proposal_release(proposal);
    }
    return NULL;
}

Test(node, many_at_once_all_get_their_answer)
{
    static const char *const authors[] = {"alpha-director", "alpha-both", "alpha-scheduler"};
    struct alone *alone = alone_open();
    struct crowd crowds[3];
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        crowds[i] = (struct crowd){.alone = alone, .author = authors[i]};
        cr_assert(pthread_create(&threads[i], NULL, crowd_submit, &crowds[i]) == 0);
    }
    for (size_t i = 0; i < 3; i++) {
        cr_assert(pthread_join(threads[i], NULL) == 0);
        cr_expect_eq(crowds[i].committed, 40, "%s", authors[i]);
    }
    alone_end(alone);
}

Test(node, a_door_that_is_closed_says_so)
{
    struct alone *alone = alone_open();
    struct rota_proposal *proposal = bench_enrol(&alone->bench, "alpha-director", 1, "n-1");
    rota_node_stop(alone->node);
    cr_assert(pthread_join(alone->thread, NULL) == 0);
    cr_expect_eq(submit(alone, proposal, 5000).state, ROTA_SUBMISSION_STOPPING);
    struct picture picture;
    cr_expect_eq(rota_node_visit(alone->node, take_picture, &picture).code, ROTA_FULL);
    rota_proposal_release(proposal);
    rota_node_close(alone->node);
    bench_close(&alone->bench);
    free(alone);
}

/* PROTOCOL D2: the disk is full in the middle of a turn. Its client hears that the node stops, and nothing of what the turn
 * had made final. */
Test(node, what_is_not_durable_is_not_answered)
{
    struct alone *alone = alone_open();
    struct rota_proposal *before = bench_enrol(&alone->bench, "alpha-director", 1, "n-1");
    struct rota_proposal *proposal = bench_enrol(&alone->bench, "alpha-director", 2, "n-2");
    struct rota_submission found;
    struct rlimit limit;
    cr_assert_eq(submit(alone, before, 5000).state, ROTA_SUBMISSION_COMMITTED);
    rota_node_lookup(&found, alone->node, &before->id, 0); /* of a later turn: the first one is over */
    free(found.outcome.record);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 4096, .rlim_max = limit.rlim_max}), 0);
    struct rota_submission answer = submit(alone, proposal, 5000);
    cr_assert(pthread_join(alone->thread, NULL) == 0);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(answer.state, ROTA_SUBMISSION_STOPPING);
    cr_expect(!rota_is_ok(alone->ended));
    rota_node_close(alone->node);
    rota_proposal_release(proposal);
    rota_proposal_release(before);
    bench_close(&alone->bench);
    free(alone);
}
