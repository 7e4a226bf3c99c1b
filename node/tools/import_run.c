#include "node/tools/import_run.h"

#include "node/tools/describe.h"
#include "node/tools/import_progress.h"
#include "node/tools/import_sign.h"

#include <stdlib.h>
#include <time.h>

enum { IMPORT_WAIT_S = 5, IMPORT_SPREAD_MAX = 200, IMPORT_PATIENCE_S = 120, IMPORT_JOBS_MAX = 128 };

void rota_import_run_init(struct rota_import_run *run)
{
    run->occurrences = json_object();
    (void)pthread_mutex_init(&run->lock, NULL);
    (void)pthread_cond_init(&run->moved, NULL);
}

void rota_import_run_free(struct rota_import_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        json_decref(run->items[i].ops);
        free(run->items[i].jws);
        free(run->items[i].outcomes);
    }
    free(run->items);
    json_decref(run->occurrences);
    (void)pthread_mutex_destroy(&run->lock);
    (void)pthread_cond_destroy(&run->moved);
}

/* H(operations, and how often they stood before): the same change twice in a file is two items, and a row keeps its key
 * when lines are added elsewhere. */
static struct rota_hash import_run_key(struct rota_import_run *run, const json_t *ops)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    char *text = json_dumps(ops, JSON_COMPACT | JSON_SORT_KEYS);
    ROTA_ASSERT(text != NULL);
    struct rota_hash plain = rota_import_hash(text, 0);
    rota_hex_encode(hex, rota_view(plain.b, sizeof plain.b));
    uint64_t before = (uint64_t)json_integer_value(json_object_get(run->occurrences, hex));
    rota_result_number(run->occurrences, hex, before + 1);
    struct rota_hash key = rota_import_hash(text, before + 1);
    free(text);
    return key;
}

size_t rota_import_run_add(struct rota_import_run *run, json_t *ops)
{
    if (run->count == run->room) {
        run->room = run->room * 2 + 64;
        run->items = realloc(run->items, run->room * sizeof *run->items);
        ROTA_ASSERT(run->items != NULL);
    }
    struct rota_import_item *item = &run->items[run->count];
    *item = (struct rota_import_item){.ops = ops, .count = (uint32_t)json_array_size(ops)};
    item->key = import_run_key(run, ops);
    item->outcomes = calloc(item->count, sizeof *item->outcomes);
    ROTA_ASSERT(item->outcomes != NULL);
    run->ops_total += item->count;
    return run->count++;
}

/* What the node said, at each operation of the item. */
static void import_run_note(struct rota_import_item *item, const struct rota_submitted *submitted)
{
    static _Thread_local struct rota_fate_lines fates;
    struct rota_jws jws;
    bool known_id = rota_is_ok(rota_jws_parse(&jws, rota_view_text(item->jws), ROTA_PROPOSAL_TYP));
    rota_fates_of_document(&fates, submitted->document);
    for (uint32_t i = 0; i < item->count; i++) {
        struct rota_import_outcome *outcome = &item->outcomes[i];
        outcome->fate = submitted->fate;
        if (known_id)
            outcome->proposal = jws.digest;
        outcome->height = (uint64_t)json_integer_value(json_object_get(submitted->document, "height"));
        bool told = submitted->fate == ROTA_FATE_COMMITTED && i < fates.count;
        outcome->refused = told && fates.items[i].refused;
        (void)snprintf(outcome->code, sizeof outcome->code, "%.39s", told ? fates.items[i].name : submitted->problem.code);
        (void)snprintf(outcome->text, sizeof outcome->text, "%.199s",
                       told ? fates.items[i].text : submitted->problem.detail);
    }
}

/* The next item, signed; NULL when there is none to start. Waits while too many numbers are under way: the ledger takes a
 * key's numbers only within a window. Call with the lock. */
static struct rota_import_item *import_run_take(struct rota_import_run *run)
{
    while (run->next < run->count && run->next - run->oldest >= IMPORT_SPREAD_MAX && rota_is_ok(run->failure) &&
           !atomic_load(run->stop))
        (void)pthread_cond_wait(&run->moved, &run->lock);
    if (run->next >= run->count || !rota_is_ok(run->failure) || atomic_load(run->stop))
        return NULL;
    if (run->items[run->next].jws == NULL)
        run->failure = rota_import_sign_batch(run, run->next);
    if (!rota_is_ok(run->failure))
        return NULL;
    return &run->items[run->next++];
}

static void import_run_finish(struct rota_import_run *run, struct rota_import_item *item)
{
    item->done = true;
    run->ops_done += item->count;
    while (run->oldest < run->next && run->items[run->oldest].done)
        run->oldest++;
    (void)pthread_cond_broadcast(&run->moved);
}

/* True when these bytes can never commit any more and never did, so that the same change may be signed once more: their last
 * block has passed, or their number lies below the key's window and no other proposal has it. */
static bool import_run_is_dead(const struct rota_import_item *item, const struct rota_submitted *submitted)
{
    const struct rota_client_problem *problem = &submitted->problem;
    bool expired = strcmp(problem->code, "expired") == 0;
    bool below = strcmp(problem->code, "seq-taken") == 0 && problem->conflict[0] == '\0';
    return item->signed_before && submitted->fate == ROTA_FATE_TURNED_AWAY && (expired || below);
}

static void import_run_submit(struct rota_import_run *run, struct rota_submitter *submitter, struct rota_import_item *item)
{
    struct rota_submitted submitted;
    submitter->deadline_ms =
        rota_monotonic_ms() + 1000ULL * (run->common->timeout_given ? run->common->timeout_s : IMPORT_PATIENCE_S);
    rota_submit(&submitted, submitter, rota_view_text(item->jws));
    if (import_run_is_dead(item, &submitted)) {
        (void)pthread_mutex_lock(&run->lock);
        run->failure = rota_import_sign_again(run, item);
        bool again = rota_is_ok(run->failure);
        (void)pthread_mutex_unlock(&run->lock);
        if (again) {
            rota_submitted_free(&submitted);
            rota_submit(&submitted, submitter, rota_view_text(item->jws));
        }
    }
    import_run_note(item, &submitted);
    rota_submitted_free(&submitted);
}

static void *import_run_worker(void *context)
{
    struct rota_import_run *run = context;
    struct rota_submitter submitter = {.http = rota_http_client_open(),
                                       .nodes = run->common->nodes,
                                       .node_count = run->common->node_count,
                                       .wait_s = IMPORT_WAIT_S,
                                       .stop = run->stop,
                                       .pace = &run->pace};
    struct rota_import_item *item;
    if (submitter.http != NULL)
        rota_http_client_stop_on(submitter.http, run->stop);
    (void)pthread_mutex_lock(&run->lock);
    while (submitter.http != NULL && (item = import_run_take(run)) != NULL) {
        (void)pthread_mutex_unlock(&run->lock);
        import_run_submit(run, &submitter, item);
        (void)pthread_mutex_lock(&run->lock);
        import_run_finish(run, item);
    }
    run->running--;
    (void)pthread_cond_broadcast(&run->moved);
    (void)pthread_mutex_unlock(&run->lock);
    rota_http_client_close(submitter.http);
    return NULL;
}

/* Until the workers are gone: a look at the counters five times a second. */
static void import_run_watch(struct rota_import_run *run, const char *title)
{
    struct rota_import_progress progress;
    rota_import_progress_start(&progress, run->common, title);
    (void)pthread_mutex_lock(&run->lock);
    while (run->running > 0) {
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 200000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&run->moved, &run->lock, &until);
        if (atomic_load(run->stop))
            (void)pthread_cond_broadcast(&run->moved);
        rota_import_progress_show(&progress, run->ops_done, run->ops_total);
    }
    (void)pthread_mutex_unlock(&run->lock);
    rota_import_progress_end(&progress, run->ops_done, run->ops_total);
}

void rota_import_run_all(struct rota_import_run *run, const char *title)
{
    pthread_t threads[IMPORT_JOBS_MAX];
    uint32_t wanted = run->jobs < IMPORT_JOBS_MAX ? run->jobs : IMPORT_JOBS_MAX;
    uint32_t started = 0;
    if (run->next == run->count)
        return;
    (void)pthread_mutex_lock(&run->lock); /* nobody is done before all have begun */
    while (started < wanted && pthread_create(&threads[started], NULL, import_run_worker, run) == 0)
        started++;
    run->running = started;
    if (started == 0)
        run->failure = rota_fail(ROTA_NO_MEMORY, "the system gives no thread");
    (void)pthread_mutex_unlock(&run->lock);
    import_run_watch(run, title);
    for (uint32_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
}
