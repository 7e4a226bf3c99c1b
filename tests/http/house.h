/* A door with a fake node behind it, and clients that speak HTTP by hand, so that they can also speak it badly. */
#ifndef ROTA_TESTS_HTTP_HOUSE_H
#define ROTA_TESTS_HTTP_HOUSE_H

#include "crypto/init.h"
#include "fake_node.h"
#include "node/http/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct house {
    struct rota_node *node;
    struct rota_config config;
    struct rota_http *http;
    uint16_t port;
};

/* Pools icu 2/1/1, default 16, flex 1; wide rates, 256 connections: change house->config before house_start. */
void house_prepare(struct house *house);
void house_start(struct house *house);
void house_open(struct house *house); /* both */
void house_close(struct house *house);
/* Places in use in a pool; in all of them. */
uint32_t house_in_use(struct house *house, const char *pool);
uint32_t house_in_use_all(struct house *house);
/* "Rota-Key: ..." of this coordinator, with its CRLF; static. */
const char *house_key_line(struct house *house, const char *label);

struct answer {
    int status; /* 0: the connection ended without an answer */
    char head[4096];
    char *body; /* malloc'd, NUL-terminated; NULL when there is none */
    size_t len;
    json_t *json; /* of the body, NULL when it is none */
};
void answer_free(struct answer *answer);
/* A header's value, "" when it is not there; static, one for each thread. */
const char *answer_header(const struct answer *answer, const char *name);
const char *answer_text(const struct answer *answer, const char *member);
/* What is expected; the answer is freed. */
void expect_problem(struct answer *answer, int status, const char *code);
void expect_committed(struct answer *answer, int status);
/* The code of a problem document; checks that it is a whole one. */
const char *answer_problem(const struct answer *answer);

int client_open(const struct house *house);
void client_send(int fd, const char *text);
/* The next answer on this connection. */
void client_read(struct answer *out, int fd, bool head_only);
/* Nothing more comes: the other side has closed. Waits for it. */
bool client_is_closed(int fd);

/* One request on a connection of its own, as written. */
void ask_raw(struct answer *out, const struct house *house, const char *request);
/* GET. */
void ask(struct answer *out, const struct house *house, const char *path);
/* POST /v1/proposals<query>, with further header lines (each ending in CRLF) and this body. */
void hand_in(struct answer *out, const struct house *house, const char *query, const char *headers, const char *body);

#endif
