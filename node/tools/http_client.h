/* Requests to a node's HTTP door over one kept-alive connection (libcurl). One handle belongs to one thread. */
#ifndef ROTA_TOOLS_HTTP_CLIENT_H
#define ROTA_TOOLS_HTTP_CLIENT_H

#include "crypto/bytes.h"

#include <stdatomic.h>

struct rota_http_client; /* opaque, heap */

struct rota_client_request {
    const char *base;         /* "http://127.0.0.1:8101" */
    const char *path;         /* "/v1/status" */
    const char *content_type; /* NULL: GET; otherwise POST with this body */
    struct rota_view body;
    const char *key_id; /* Rota-Key: whose share of the node this counts against; NULL: nobody's */
    uint32_t wait_s;    /* Prefer: wait; 0 = none */
    uint32_t timeout_s; /* for the whole request, 0 = 30 */
};

struct rota_client_answer {
    long status; /* 0: no answer, see error */
    char *body;  /* owned, NUL-terminated, never NULL when status is not 0 */
    size_t len;
    char content_type[64];
    bool has_retry_after;
    uint32_t retry_after_ms; /* Rota-Retry-Ms where a node is that precise, else Retry-After */
    char error[256];         /* what kept us from an answer */
};

/* NULL when the library does not start. */
struct rota_http_client *rota_http_client_open(void);
void rota_http_client_close(struct rota_http_client *http); /* NULL is fine */

/* From now on exchanges of this handle end soon after *stop is set, by a signal handler or another thread. */
void rota_http_client_stop_on(struct rota_http_client *http, const atomic_bool *stop);

/* Always leaves *out to be freed. Follows no redirect, speaks http and https only. */
void rota_http_client_exchange(struct rota_client_answer *out, struct rota_http_client *http,
                               const struct rota_client_request *request);
void rota_client_answer_free(struct rota_client_answer *answer);

#endif
