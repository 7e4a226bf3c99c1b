/* Inside the HTTP door: a request on its way through the gates, and the reply it gets. */
#ifndef ROTA_NODE_HTTP_DOOR_H
#define ROTA_NODE_HTTP_DOOR_H

#include "node/http.h"
#include "node/intake/gate.h"

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>

enum { ROTA_HTTP_CONNECTIONS_MAX = 1024, ROTA_HTTP_PROMISES_MAX = 8192, ROTA_HTTP_CODES = 600 };

/* A connection that we time ourselves: the library's own timeout is for idle ones only. */
struct rota_http_connection {
    int fd;            /* -1: free place */
    uint64_t since_ms; /* when the present phase began */
    bool in_body;      /* a body is being read; else a header is waited for */
    bool in_answer;    /* a handler works on it */
};

/* A proposal that was answered "pending": its lease is given back when it has an end. */
struct rota_http_promise {
    bool used;
    struct rota_hash id;
    uint64_t lease;
    uint64_t until_ms;
};

struct rota_http {
    struct rota_node *node;
    const struct rota_config *config;
    struct rota_gate *gate;
    struct MHD_Daemon *daemon;
    pthread_t keeper; /* cuts slow connections, gives leases back */
    bool keeping;
    bool stopping; /* atomic */
    pthread_mutex_t mutex;
    struct rota_http_connection connections[ROTA_HTTP_CONNECTIONS_MAX];
    struct rota_http_promise promises[ROTA_HTTP_PROMISES_MAX];
    /* counters, atomic */
    uint64_t answers[ROTA_HTTP_CODES];
    uint64_t slow_cut, proposals_taken, bad_signatures;
    uint64_t wait_buckets[8]; /* commit latency as the door sees it */
    uint64_t wait_sum_us, wait_count;
};

struct rota_route;

/* One request, from its header to its answer. */
struct rota_http_request {
    struct rota_http *http;
    struct MHD_Connection *connection;
    const struct rota_route *route;
    char argument[72]; /* the {} of the route */
    bool refused;      /* answered before its body was read */
    bool has_lease;
    uint64_t lease;
    bool named_pool, named_key;
    char pool[33];
    struct rota_kid kid;
    char *body;
    size_t body_len, body_max;
};

struct rota_http_reply {
    unsigned status;
    const char *type; /* content type */
    char *body;       /* malloc'd, given */
    size_t len;
    const char *allow; /* 405 */
    char location[96];
    uint32_t retry_ms; /* 0: none */
    bool close;        /* the body was not read: end the connection */
    bool immutable;
};

struct rota_route {
    const char *method;
    const char *pattern; /* "/v1/proposals/{}" */
    bool takes_body;
    void (*answer)(struct rota_http_request *request, struct rota_http_reply *reply);
};

/* routes.c */
const struct rota_route *rota_route_find(const char *method, const char *path, char out_argument[72],
                                         const char **out_allow);

/* reply.c */
void rota_reply_json(struct rota_http_reply *reply, unsigned status, json_t *document);             /* takes the document */
void rota_reply_text(struct rota_http_reply *reply, unsigned status, const char *type, char *text); /* takes the text */
/* application/problem+json; next and conflict may be NULL. */
struct rota_problem {
    unsigned status;
    const char *code; /* "overlap", part of the type's URI */
    const char *title;
    const char *detail;
    const char *next;
    const struct rota_hash *conflict;
    uint32_t operation; /* UINT32_MAX: none */
    uint32_t retry_ms;
};
void rota_reply_problem(struct rota_http_reply *reply, const struct rota_problem *problem);
json_t *rota_json_hex_new(const void *bytes, size_t len);
const char *rota_query(const struct rota_http_request *request, const char *name); /* NULL: not there */

/* proposals.c */
void rota_answer_submit(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_proposal(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_receipt(struct rota_http_request *request, struct rota_http_reply *reply);
/* Before the body: false and a reply when there is no place. */
bool rota_submit_admit(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_promise_keep(struct rota_http *http, uint64_t now_ms);

/* reading.c */
void rota_answer_schedule(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_people(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_codes(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_coordinators(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_block(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_anomalies(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_genesis(struct rota_http_request *request, struct rota_http_reply *reply);

/* status.c */
void rota_answer_status(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_live(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_ready(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_ready_write(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_version(struct rota_http_request *request, struct rota_http_reply *reply);
/* metrics.c */
void rota_answer_metrics(struct rota_http_request *request, struct rota_http_reply *reply);

#endif
