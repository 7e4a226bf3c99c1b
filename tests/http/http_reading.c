/* What can be read: pages join to the whole, the past stays the past, evidence is found after a restart, metrics keep to
 * Prometheus' format. */
#include "house.h"

static struct house house;

static json_t *get(const char *path)
{
    struct answer answer;
    ask(&answer, &house, path);
    if (answer.status != 200) {
        (void)fprintf(stderr, "%s -> %d\n", path, answer.status);
        exit(1);
    }
    json_t *document = json_incref(answer.json);
    answer_free(&answer);
    EXPECT(document != NULL);
    return document;
}

static json_int_t number(const json_t *document, const char *name)
{
    return json_integer_value(json_object_get(document, name));
}

static size_t rows(const char *path)
{
    json_t *document = get(path);
    size_t count = json_array_size(json_object_get(document, "assignments"));
    json_decref(document);
    return count;
}

enum { SHIFTS = 60 };

/* SHIFTS assignments of p-1, two of p-2; then the first of p-1 is ended. */
static void fill(void)
{
    struct answer answer;
    char ops[256], id[64];
    for (uint64_t seq = 1; seq <= SHIFTS; seq++) {
        char *jws = fake_assignment(house.node, seq, seq % 2 ? "DAY" : "NIGHT");
        hand_in(&answer, &house, "", "Prefer: wait=9\r\n", jws);
        EXPECT(answer.status == 201);
        answer_free(&answer);
        free(jws);
    }
    json_t *schedule = get("/v1/schedule");
    (void)snprintf(id, sizeof id, "%s",
                   json_string_value(json_object_get(json_array_get(json_object_get(schedule, "assignments"), 0), "id")));
    json_decref(schedule);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(
            ops, sizeof ops,
            "[{\"op\":\"assign\",\"person\":\"p-2\",\"code\":\"DAY\",\"facility\":\"alpha\",\"start\":\"2026-01-%02dT07:"
            "00Z\",\"minutes\":480}]",
            i + 5);
        char *jws = fake_proposal(house.node, SHIFTS + 1 + (uint64_t)i, "alpha-scheduler", 0, ops);
        hand_in(&answer, &house, "", "Prefer: wait=9\r\n", jws);
        EXPECT(answer.status == 201);
        answer_free(&answer);
        free(jws);
    }
    (void)snprintf(ops, sizeof ops, "[{\"op\":\"unassign\",\"assignment\":\"%s\"}]", id);
    char *jws = fake_proposal(house.node, SHIFTS + 3, "alpha-scheduler", 0, ops);
    hand_in(&answer, &house, "", "Prefer: wait=9\r\n", jws);
    EXPECT(answer.status == 201);
    answer_free(&answer);
    free(jws);
}

static void schedule_by_person_and_facility(void)
{
    EXPECT(rows("/v1/schedule") == SHIFTS + 1);
    EXPECT(rows("/v1/schedule?ended") == SHIFTS + 2);
    EXPECT(rows("/v1/schedule?person=p-2") == 2);
    EXPECT(rows("/v1/schedule?person=p-1&ended=1") == SHIFTS);
    EXPECT(rows("/v1/schedule?person=nobody") == 0);
    EXPECT(rows("/v1/schedule?facility=alpha") == SHIFTS + 1);
    EXPECT(rows("/v1/schedule?facility=bravo") == 0);
}

static void schedule_of_the_past(void)
{
    json_t *now = get("/v1/schedule"), *past = get("/v1/schedule?at=10");
    EXPECT(number(past, "at") == 10);
    EXPECT(number(past, "height") == number(now, "height"));
    EXPECT(number(now, "at") == number(now, "height"));
    const json_t *list = json_object_get(past, "assignments");
    EXPECT(json_array_size(list) == 10); /* also the one that was ended later, and as one that is not ended */
    for (size_t i = 0; i < json_array_size(list); i++)
        EXPECT(json_object_get(json_array_get(list, i), "to_height") == NULL);
    EXPECT(rows("/v1/schedule?at=0") == 0);
    EXPECT(rows("/v1/schedule?at=9007199254740991") == SHIFTS + 1);
    json_decref(now);
    json_decref(past);
}

static void pages_join_to_the_whole(void)
{
    static const int limits[] = {1, 7, 31, SHIFTS + 1, SHIFTS + 2};
    json_t *whole = get("/v1/schedule");
    EXPECT(json_object_get(whole, "next_offset") == NULL);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        json_t *joined = json_array();
        json_int_t offset = 0, at = number(whole, "at");
        for (bool more = true; more;) {
            char path[128];
            (void)snprintf(path, sizeof path, "/v1/schedule?limit=%d&offset=%lld&at=%lld", limits[i], (long long)offset,
                           (long long)at);
            json_t *page = get(path);
            EXPECT(json_array_size(json_object_get(page, "assignments")) <= (size_t)limits[i]);
            EXPECT(json_array_extend(joined, json_object_get(page, "assignments")) == 0);
            more = json_object_get(page, "next_offset") != NULL;
            EXPECT(!more || number(page, "next_offset") > offset);
            offset = number(page, "next_offset");
            json_decref(page);
        }
        EXPECT(json_equal(joined, json_object_get(whole, "assignments")));
        json_decref(joined);
    }
    EXPECT(rows("/v1/schedule?offset=1000000") == 0);
    json_decref(whole);
}

static void anomalies(void)
{
    json_t *none = get("/v1/anomalies");
    EXPECT(number(none, "count") == 0 && json_array_size(json_object_get(none, "anomalies")) == 0);
    json_decref(none);
    fake_node_accuse(house.node, "alpha-both", 500);
    fake_node_accuse(house.node, "alpha-director", 501);
    json_t *both = get("/v1/anomalies"), *second = get("/v1/anomalies?offset=1"), *first = get("/v1/anomalies?limit=1");
    const json_t *list = json_object_get(both, "anomalies");
    EXPECT(number(both, "count") == 2 && json_array_size(list) == 2);
    EXPECT(strstr(json_string_value(json_object_get(json_array_get(list, 0), "text")), "alpha-both of alpha"));
    EXPECT(number(json_array_get(list, 0), "height") < number(json_array_get(list, 1), "height"));
    EXPECT(json_array_size(json_object_get(second, "anomalies")) == 1);
    EXPECT(json_equal(json_array_get(json_object_get(second, "anomalies"), 0), json_array_get(list, 1)));
    EXPECT(json_equal(json_array_get(json_object_get(first, "anomalies"), 0), json_array_get(list, 0)));
    EXPECT(number(first, "next_offset") == 1 && json_object_get(second, "next_offset") == NULL);
    json_decref(both);
    json_decref(second);
    json_decref(first);
}

static void lists_and_blocks(void)
{
    struct answer answer;
    json_t *people = get("/v1/people"), *codes = get("/v1/codes"), *coordinators = get("/v1/coordinators");
    EXPECT(json_array_size(json_object_get(people, "people")) == 6);
    EXPECT(json_array_size(json_object_get(codes, "codes")) == 2);
    EXPECT(json_array_size(json_object_get(coordinators, "coordinators")) == 3);
    json_decref(people);
    json_decref(codes);
    json_decref(coordinators);
    ask(&answer, &house, "/v1/blocks/1");
    EXPECT(answer.status == 200 && strstr(answer_header(&answer, "Cache-Control"), "immutable"));
    EXPECT(json_array_size(json_object_get(answer.json, "entries")) == 1);
    answer_free(&answer);
    ask(&answer, &house, "/v1/blocks/100000");
    EXPECT(answer.status == 404 && strcmp(answer_problem(&answer), "no-block") == 0);
    answer_free(&answer);
    ask(&answer, &house, "/v1/genesis");
    EXPECT(answer.len == rota_node_genesis(house.node)->len);
    EXPECT(memcmp(answer.body, rota_node_genesis(house.node)->bytes, answer.len) == 0);
    answer_free(&answer);
}

static void health(void)
{
    struct answer answer;
    fake_node_set_quorum(house.node, false);
    ask(&answer, &house, "/readyz/write");
    EXPECT(answer.status == 503 && strstr(answer.body, "quorum"));
    answer_free(&answer);
    ask(&answer, &house, "/readyz");
    EXPECT(answer.status == 200);
    answer_free(&answer);
    fake_node_set_quorum(house.node, true);
    ask(&answer, &house, "/readyz/write");
    EXPECT(answer.status == 200);
    answer_free(&answer);
    fake_node_set_deaf(house.node, true);
    static const char *const paths[] = {"/livez",       "/readyz",    "/readyz/write", "/v1/status",
                                        "/v1/schedule", "/v1/people", "/v1/anomalies"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ask(&answer, &house, paths[i]);
        EXPECT(answer.status == 503);
        answer_free(&answer);
    }
    ask(&answer, &house, "/metrics"); /* what the door counts itself it says also then */
    EXPECT(answer.status == 200 && strstr(answer.body, "rota_http_answers_total") && !strstr(answer.body, "rota_height"));
    answer_free(&answer);
    fake_node_set_deaf(house.node, false);
}

/* Of a family: HELP and TYPE once, before its lines, and all its lines together. */
static void metrics(void)
{
    struct answer answer;
    char seen[128][64], family[64] = "";
    size_t count = 0;
    ask(&answer, &house, "/metrics");
    EXPECT(strncmp(answer_header(&answer, "Content-Type"), "text/plain; version=0.0.4", 25) == 0);
    for (char *line = strtok(answer.body, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# TYPE ", 7) == 0) {
            (void)snprintf(family, sizeof family, "%.*s", (int)strcspn(line + 7, " "), line + 7);
            for (size_t i = 0; i < count; i++)
                EXPECT(strcmp(seen[i], family) != 0);
            EXPECT(count < 128);
            (void)snprintf(seen[count++], sizeof seen[0], "%s", family);
        } else if (line[0] != '#') {
            EXPECT(family[0] && strncmp(line, family, strlen(family)) == 0);
            const char *value = strrchr(line, ' ');
            EXPECT(value && value[1] >= '0' && value[1] <= '9');
        }
    }
    EXPECT(count > 25);
    answer_free(&answer);
}

int main(void)
{
    rota_crypto_init();
    house_open(&house);
    fill();
    schedule_by_person_and_facility();
    schedule_of_the_past();
    pages_join_to_the_whole();
    anomalies();
    lists_and_blocks();
    health();
    metrics();
    house_close(&house);
    return 0;
}
