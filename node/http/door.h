/* Inside the HTTP door: a request on its way through the gates, and the reply it gets. One thread for each connection; what
 * they share is in struct rota_http.
 *
 *   server.c     libmicrohttpd and the way of a request      keeper.c  deadlines of connections, ends of promises
 *   routes.c     every address        framing.c  strictness     prefer.c  "Prefer: wait"     reply.c  documents
 *   admit.c      before the body      submit.c   after it       submission.c  what became of a proposal, in JSON
 *   receipt.c    asking afterwards
 *   schedule.c   people.c   blocks.c   membership.c   anomalies.c   status.c   metrics.c   what can be read */
#ifndef ROTA_NODE_HTTP_DOOR_H
#define ROTA_NODE_HTTP_DOOR_H

#include "node/http.h"
#include "node/intake/gate.h"

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>

enum { ROTA_HTTP_PROMISES_MAX = 8192, ROTA_HTTP_CODES = 600, ROTA_HTTP_LATENCIES = 8 };

/* A connection that we time ourselves: the library's own timeout is for silent ones only. */
enum rota_http_phase {
    ROTA_HTTP_HEADER, /* a header is coming in, or the first one is waited for */
    ROTA_HTTP_IDLE,   /* an answer went out; the next request may come on the same connection */
    ROTA_HTTP_BODY,   /* a body is coming in */
    ROTA_HTTP_WORK,   /* a handler works on it: that ends by itself */
    ROTA_HTTP_ANSWER, /* the answer is going out */
    ROTA_HTTP_PHASES,
};

struct rota_http_connection {
    int fd; /* -1: free place */
    enum rota_http_phase phase;
    uint64_t since_ms; /* when the phase began */
};

/* A proposal that was answered "pending": its lease is given back when it has an end. */
struct rota_http_promise {
    struct rota_hash id;
    uint64_t lease;
    uint64_t until_ms;
};

enum rota_http_result { ROTA_HTTP_TAKEN, ROTA_HTTP_KNOWN, ROTA_HTTP_REFUSED, ROTA_HTTP_MALFORMED, ROTA_HTTP_RESULTS };

struct rota_http {
    struct rota_node *node;
    const struct rota_config *config;
    struct rota_gate *gate;
    struct MHD_Daemon *daemon;
    pthread_t keeper;
    bool keeping;
    bool stopping;                 /* atomic */
    uint32_t waiting, waiting_max; /* handlers that wait for a commit; waiting is atomic */
    pthread_mutex_t mutex;         /* all of the following but the counters */
    uint64_t phase_ms[ROTA_HTTP_PHASES];
    uint32_t connection_count;
    struct rota_http_connection *connections;
    uint32_t promise_count;
    struct rota_http_promise promises[ROTA_HTTP_PROMISES_MAX];
    /* counters, atomic */
    uint64_t answers[ROTA_HTTP_CODES];
    uint64_t results[ROTA_HTTP_RESULTS];
    uint64_t cut, not_waited;
    uint64_t latencies[ROTA_HTTP_LATENCIES]; /* from the door to the ledger, of those that waited */
    uint64_t latency_sum_us, latency_count;
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
    uint32_t pool; /* where the lease is */
    bool named_pool, named_key;
    bool charged, proven; /* the named key's bucket gave a token; what came is signed by that key */
    char pool_name[ROTA_TOKEN_CHARS_MAX + 1];
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
    const char *query;   /* names of the parameters it knows, each followed by a space */
    void (*answer)(struct rota_http_request *request, struct rota_http_reply *reply);
    /* NULL: the request takes no body. Else asked before it: false and a reply when it is not wanted. */
    bool (*admit)(struct rota_http_request *request, struct rota_http_reply *reply);
};

/* routes.c */
const struct rota_route *rota_route_find(const char *method, const char *path, char out_argument[72],
                                         const char **out_allow);

/* framing.c: false and a reply when a request could be read in two ways, or is not one that the route takes. */
ROTA_CHECKED bool rota_framing_check(struct rota_http_request *request, struct rota_http_reply *reply);

/* prefer.c: "wait=20" of all Prefer headers in ms, at most 30 s; 0 when there is none that makes sense. */
uint32_t rota_prefer_wait_ms(const struct rota_http_request *request);
uint32_t rota_prefer_parse(const char *prefer, bool *out_found);

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
    const uint32_t *operation; /* NULL: none */
    const char *expected;      /* what the request should have said; NULL: none */
    uint32_t retry_ms;
};
void rota_reply_problem(struct rota_http_reply *reply, const struct rota_problem *problem);
void rota_reply_busy(struct rota_http_reply *reply); /* the loop did not get to it */
void rota_reply_bad_query(struct rota_http_reply *reply, const char *detail);
json_t *rota_json_hex_new(const void *bytes, size_t len);
const char *rota_header(const struct rota_http_request *request, const char *name); /* NULL: not there */
const char *rota_query(const struct rota_http_request *request, const char *name);  /* NULL: not there; "": no value */
/* False and a reply when the parameter is there and is no number from min to max; *out keeps its value when it is missing.
 */
ROTA_CHECKED bool rota_query_number(uint64_t *out, const struct rota_http_request *request, struct rota_http_reply *reply,
                                    const char *name, uint64_t min, uint64_t max);

/* admit.c: before the body. False and a reply when there is no place. */
ROTA_CHECKED bool rota_submit_admit(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_gate_refuse(struct rota_http_reply *reply, enum rota_gate_verdict verdict, uint32_t wait_ms);
/* read.c: "?read=linearizable" waits until this node has everything that was committed anywhere before. False and a reply
 * when it cannot be known. */
ROTA_CHECKED bool rota_read_latest(const struct rota_http_request *request, struct rota_http_reply *reply);
/* submit.c */
void rota_answer_submit(struct rota_http_request *request, struct rota_http_reply *reply);
/* submission.c */
json_t *rota_outcomes_json(const struct rota_outcome *outcome);
json_t *rota_submission_json(const struct rota_hash *id, const struct rota_submission *submission);
/* For every state that is neither committed nor pending nor unknown. */
void rota_submission_refuse(struct rota_http_reply *reply, const struct rota_submission *submission);
/* Waits on while it is pending, until wait_ms are over since began_ms or the door closes. */
void rota_submission_wait(struct rota_submission *submission, struct rota_http *http, const struct rota_hash *id,
                          uint64_t began_ms, uint32_t wait_ms);
/* The first part of such a wait: what the node is asked to wait at once. */
uint32_t rota_submission_slice(uint32_t wait_ms);
/* A handler that waits holds a thread and a connection; some are kept free for those who only ask. Without a place the
 * result is 0, as if nobody had asked to wait. */
uint32_t rota_wait_begin(struct rota_http *http, uint32_t wait_ms);
void rota_wait_end(struct rota_http *http, uint32_t wait_ms);
/* receipt.c */
void rota_answer_proposal(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_receipt(struct rota_http_request *request, struct rota_http_reply *reply);

/* keeper.c */
void rota_connection_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code);
void rota_connection_enter(struct rota_http *http, struct MHD_Connection *connection, enum rota_http_phase phase);
/* From IDLE to HEADER; elsewhere the clock runs on. */
void rota_connection_start(struct rota_http *http, struct MHD_Connection *connection);
/* Connections whose request is being worked on, or whose answer is going out. */
uint32_t rota_connections_answering(struct rota_http *http);
/* Takes over the request's lease. */
void rota_promise_make(struct rota_http_request *request, const struct rota_hash *id);
void *rota_keeper_run(void *http);

/* schedule.c */
void rota_answer_schedule(struct rota_http_request *request, struct rota_http_reply *reply);
/* people.c */
void rota_answer_people(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_codes(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_coordinators(struct rota_http_request *request, struct rota_http_reply *reply);
/* blocks.c */
void rota_answer_block(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_genesis(struct rota_http_request *request, struct rota_http_reply *reply);
/* membership.c */
void rota_answer_membership(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_epoch(struct rota_http_request *request, struct rota_http_reply *reply);
ROTA_CHECKED bool rota_change_admit(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_change(struct rota_http_request *request, struct rota_http_reply *reply);
/* anomalies.c */
void rota_answer_anomalies(struct rota_http_request *request, struct rota_http_reply *reply);
/* status.c */
/* Members that name another block than the certified one here (PROTOCOL E8): a list, usually empty. */
json_t *rota_divergence_json(const struct rota_facts *facts);
uint32_t rota_heard_count(const struct rota_facts *facts); /* members heard now, this one included */
void rota_answer_status(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_live(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_ready(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_ready_write(struct rota_http_request *request, struct rota_http_reply *reply);
void rota_answer_version(struct rota_http_request *request, struct rota_http_reply *reply);
/* metrics.c */
void rota_answer_metrics(struct rota_http_request *request, struct rota_http_reply *reply);

#endif
