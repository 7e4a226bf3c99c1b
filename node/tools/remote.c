#include "node/tools/remote.h"

#include "ledger/genesis.h"

/* One node asked once. 0: a 2xx answer; otherwise *problem says why not. */
static bool remote_ask(struct rota_client_answer *out, struct rota_client_problem *problem, struct rota_http_client *http,
                       const struct rota_common *common, const char *base, const char *path)
{
    struct rota_client_request request = {.base = base, .path = path, .timeout_s = common->timeout_s};
    rota_http_client_exchange(out, http, &request);
    if (out->status >= 200 && out->status < 300)
        return true;
    rota_client_problem_read(problem, out);
    rota_client_answer_free(out);
    return false;
}

static int remote_complain(const struct rota_common *common, const struct rota_client_problem *problem, const char *base,
                           const char *path)
{
    if (problem->status == 0)
        return rota_wrong(common, ROTA_EXIT_LATER,
                          "is rotad running there? Name another node with --node URL, or set ROTA_NODE",
                          "no answer from %s%s: %s", base, path, problem->detail);
    return rota_wrong(common, rota_client_problem_exit(problem), problem->next[0] != '\0' ? problem->next : NULL, "%s%s: %s",
                      base, path, problem->detail);
}

int rota_remote_get(struct rota_client_answer *out, const struct rota_common *common, const char *path)
{
    struct rota_client_problem problem = {0};
    struct rota_http_client *http = rota_http_client_open();
    if (http == NULL)
        return rota_wrong(common, ROTA_EXIT_BUG, NULL, "the HTTP library does not start");
    uint32_t i = 0;
    bool answered = false;
    for (; i < common->node_count; i++) {
        answered = remote_ask(out, &problem, http, common, common->nodes[i], path);
        if (answered || !rota_client_problem_passes(&problem))
            break;
        if (i + 1 < common->node_count)
            rota_remark(common, "%s: %s; asking %s", common->nodes[i], problem.detail, common->nodes[i + 1]);
    }
    rota_http_client_close(http);
    if (answered)
        return 0;
    return remote_complain(common, &problem, common->nodes[i < common->node_count ? i : common->node_count - 1], path);
}

int rota_remote_get_json(json_t **out, const struct rota_common *common, const char *path)
{
    struct rota_client_answer answer = {0};
    *out = NULL;
    int code = rota_remote_get(&answer, common, path);
    if (code != 0)
        return code;
    *out = json_loadb(answer.body, answer.len, JSON_REJECT_DUPLICATES, NULL);
    rota_client_answer_free(&answer);
    if (*out == NULL)
        return rota_wrong(common, ROTA_EXIT_UNREADABLE, "is there really a rotad at that address?",
                          "the answer to %s is no JSON", path);
    return 0;
}

int rota_remote_ledger_id(struct rota_hash *out, const struct rota_common *common)
{
    struct rota_client_answer answer = {0};
    struct rota_genesis genesis;
    int code = rota_remote_get(&answer, common, "/v1/genesis");
    if (code != 0)
        return code;
    struct rota_status status = rota_genesis_parse(&genesis, rota_view(answer.body, answer.len));
    rota_client_answer_free(&answer);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, "is there really a rotad at that address?",
                                 "the node's genesis is not valid");
    *out = genesis.ledger_id;
    rota_genesis_free(&genesis);
    return 0;
}

int rota_remote_height(uint64_t *out, const struct rota_common *common)
{
    json_t *status = NULL;
    int code = rota_remote_get_json(&status, common, "/v1/status");
    if (code != 0)
        return code;
    *out = rota_json_number(status, "height", UINT64_MAX);
    json_decref(status);
    if (*out == UINT64_MAX)
        return rota_wrong(common, ROTA_EXIT_UNREADABLE, NULL, "the node's status names no height");
    return 0;
}

const json_t *rota_json_list(const json_t *document, const char *name)
{
    return json_is_array(document) ? document : json_object_get(document, name);
}

uint64_t rota_json_number(const json_t *object, const char *name, uint64_t otherwise)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) && json_integer_value(value) >= 0 ? (uint64_t)json_integer_value(value) : otherwise;
}

bool rota_known_key_why_not(char *out, size_t out_size, const struct rota_known_key *key)
{
    out[0] = '\0';
    if (!key->known)
        (void)snprintf(out, out_size, "the ledger does not know this key: a director must grant it first");
    else if (key->suspended_at != 0)
        (void)snprintf(out, out_size, "this key is suspended since block %llu: it signed two proposals with one number",
                       (unsigned long long)key->suspended_at);
    else if (key->revoked_at != 0)
        (void)snprintf(out, out_size, "this key was revoked by block %llu", (unsigned long long)key->revoked_at);
    return out[0] != '\0';
}

int rota_remote_find_key(struct rota_known_key *out, const struct rota_common *common, const struct rota_kid *kid)
{
    char hex[ROTA_KID_CHARS + 1];
    size_t index;
    json_t *coordinator;
    json_t *document = NULL;
    *out = (struct rota_known_key){0};
    int code = rota_remote_get_json(&document, common, "/v1/coordinators");
    rota_hex_encode(hex, rota_view(kid->b, sizeof kid->b));
    json_array_foreach(rota_json_list(document, "coordinators"), index, coordinator)
    {
        const char *found = json_string_value(json_object_get(coordinator, "kid"));
        if (found == NULL || strcmp(found, hex) != 0)
            continue;
        *out = (struct rota_known_key){.known = true,
                                       .seq_highest = rota_json_number(coordinator, "seq_highest", 0),
                                       .suspended_at = rota_json_number(coordinator, "suspended_at", 0),
                                       .revoked_at = rota_json_number(coordinator, "revoked_at", 0)};
    }
    json_decref(document);
    return code;
}
