/* Every route of the door, on one page. Nothing else answers. */
#include "node/http/door.h"

static const struct rota_route routes[] = {
    {"POST", "/v1/proposals", true, rota_answer_submit},
    {"GET", "/v1/proposals/{}", false, rota_answer_proposal},
    {"GET", "/v1/proposals/{}/receipt", false, rota_answer_receipt},
    {"GET", "/v1/schedule", false, rota_answer_schedule},
    {"GET", "/v1/people", false, rota_answer_people},
    {"GET", "/v1/codes", false, rota_answer_codes},
    {"GET", "/v1/coordinators", false, rota_answer_coordinators},
    {"GET", "/v1/blocks/{}", false, rota_answer_block},
    {"GET", "/v1/anomalies", false, rota_answer_anomalies},
    {"GET", "/v1/genesis", false, rota_answer_genesis},
    {"GET", "/v1/status", false, rota_answer_status},
    {"GET", "/livez", false, rota_answer_live},
    {"GET", "/readyz", false, rota_answer_ready},
    {"GET", "/readyz/write", false, rota_answer_ready_write},
    {"GET", "/metrics", false, rota_answer_metrics},
    {"GET", "/version", false, rota_answer_version},
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
