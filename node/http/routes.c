/* Every route of the door, on one page. Nothing else answers. */
#include "node/http/door.h"

static const struct rota_route routes[] = {
    {"POST", "/v1/proposals", "dry-run ", rota_answer_submit, rota_submit_admit},
    {"GET", "/v1/proposals/{}", "read ", rota_answer_proposal, NULL},
    {"GET", "/v1/proposals/{}/receipt", "read ", rota_answer_receipt, NULL},
    {"GET", "/v1/schedule", "person facility at ended limit offset read ", rota_answer_schedule, NULL},
    {"GET", "/v1/people", "read ", rota_answer_people, NULL},
    {"GET", "/v1/codes", "read ", rota_answer_codes, NULL},
    {"GET", "/v1/coordinators", "kid read ", rota_answer_coordinators, NULL},
    {"GET", "/v1/blocks/{}", "read ", rota_answer_block, NULL},
    {"GET", "/v1/anomalies", "limit offset read ", rota_answer_anomalies, NULL},
    {"GET", "/v1/genesis", "", rota_answer_genesis, NULL},
    {"GET", "/v1/membership", "", rota_answer_membership, NULL},
    {"GET", "/v1/membership/{}", "", rota_answer_epoch, NULL},
    {"POST", "/v1/membership", "", rota_answer_change, rota_change_admit},
    {"GET", "/v1/status", "digest ", rota_answer_status, NULL},
    {"GET", "/livez", "", rota_answer_live, NULL},
    {"GET", "/readyz", "verbose ", rota_answer_ready, NULL},
    {"GET", "/readyz/write", "verbose ", rota_answer_ready_write, NULL},
    {"GET", "/metrics", "", rota_answer_metrics, NULL},
    {"GET", "/version", "", rota_answer_version, NULL},
};

/* Does the path fit, with at most 64 letters and digits where the pattern has {}? */
static bool route_fits(const char *pattern, const char *path, char out_argument[72])
{
    out_argument[0] = '\0';
    const char *hole = strstr(pattern, "{}");
    if (!hole)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(hole - pattern);
    if (strncmp(pattern, path, before) != 0)
        return false;
    const char *argument = path + before;
    size_t len = strspn(argument, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (len == 0 || len > 64 || strcmp(argument + len, hole + 2) != 0)
        return false;
    memcpy(out_argument, argument, len);
    out_argument[len] = '\0';
    return true;
}

const struct rota_route *rota_route_find(const char *method, const char *path, char out_argument[72], const char **out_allow)
{
    *out_allow = NULL;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!route_fits(routes[i].pattern, path, out_argument))
            continue;
        if (strcmp(routes[i].method, method) == 0 || (strcmp(method, "HEAD") == 0 && strcmp(routes[i].method, "GET") == 0))
            return &routes[i];
        *out_allow = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
    }
    return NULL;
}
