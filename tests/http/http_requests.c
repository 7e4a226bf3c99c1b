/* Routes, methods, framing, parameters: what is no request of this door is refused, the connection ends where a body was
 * left unread, and every refusal is a problem document. */
#include "house.h"

#include <sys/socket.h>
#include <unistd.h>

static struct house house;

static void expect_refused(const char *request, int status, const char *code)
{
    struct answer answer;
    int fd = client_open(&house);
    client_send(fd, request);
    client_read(&answer, fd, false);
    if (answer.status != status || strcmp(answer_problem(&answer), code) != 0) {
        (void)fprintf(stderr, "%.200s\n-> %d %s, not %d %s\n", request, answer.status, answer_text(&answer, "code"), status,
                      code);
        exit(1);
    }
    EXPECT(strcmp(answer_header(&answer, "Connection"), "close") == 0);
    EXPECT(client_is_closed(fd));
    answer_free(&answer);
    close(fd);
}

static void routes(void)
{
    static const char *const reads[] = {
        "/v1/schedule",       "/v1/people", "/v1/codes", "/v1/coordinators", "/v1/anomalies", "/v1/genesis",
        "/v1/status",         "/livez",     "/readyz",   "/readyz/write",    "/metrics",      "/version",
        "/v1/status?digest=1"};
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        struct answer answer, head;
        char request[256];
        ask(&answer, &house, reads[i]);
        EXPECT(answer.status == 200 && answer.len > 0);
        (void)snprintf(request, sizeof request, "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", reads[i]);
        ask_raw(&head, &house, request);
        EXPECT(head.status == 200);
        EXPECT(strcmp(answer_header(&head, "Content-Length"), "0") != 0);
        (void)snprintf(request, sizeof request, "%s", answer_header(&head, "Content-Type"));
        EXPECT(strcmp(request, answer_header(&answer, "Content-Type")) == 0);
        answer_free(&answer);
        answer_free(&head);
    }
}

static void methods(void)
{
    static const struct {
        const char *request, *allow;
    } wrong[] = {
        {"GET /v1/proposals HTTP/1.1\r\nHost: x\r\n\r\n", "POST"},
        {"PUT /v1/proposals HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "POST"},
        {"POST /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "GET, HEAD"},
        {"DELETE /v1/blocks/1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET, HEAD"},
        {"OPTIONS /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "GET, HEAD"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct answer answer;
        ask_raw(&answer, &house, wrong[i].request);
        EXPECT(answer.status == 405);
        EXPECT(strcmp(answer_problem(&answer), "method") == 0);
        EXPECT(strcmp(answer_header(&answer, "Allow"), wrong[i].allow) == 0);
        answer_free(&answer);
    }
    struct answer head;
    ask_raw(&head, &house, "HEAD /v1/proposals HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT(head.status == 405);
    answer_free(&head);
}

static void strangers(void)
{
    static const char *const paths[] = {"/",
                                        "/v1",
                                        "/v1/proposals/",
                                        "/v1/proposals/../status",
                                        "/v1/status/",
                                        "//livez",
                                        "/Livez",
                                        "/v1/blocks/",
                                        "/v1/blocks/1/2",
                                        "/etc/passwd",
                                        "/v1/proposals/0/receipt/x",
                                        "/v1/proposals/%2e%2e"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char request[256];
        (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
        expect_refused(request, 404, "not-found");
    }
}

#define POST "POST /v1/proposals HTTP/1.1\r\n"
#define HOST "Host: x\r\n"
#define JOSE "Content-Type: application/jose\r\n"

static void framing(void)
{
    expect_refused("GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad-request");
    expect_refused("GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 400, "bad-request");
    expect_refused(POST HOST JOSE "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400, "bad-request");
    expect_refused(POST HOST JOSE "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, "bad-request");
    expect_refused(POST HOST JOSE "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 501, "transfer-encoding");
    expect_refused(POST HOST JOSE "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", 501, "transfer-encoding");
    expect_refused(POST HOST JOSE "\r\n", 411, "length-required");
    expect_refused(POST HOST JOSE "Content-Length: 98305\r\n\r\n", 413, "too-large"); /* nothing of the body was sent */
    expect_refused(POST HOST JOSE "Content-Length: 9999999999\r\n\r\n", 413, "too-large");
    expect_refused(POST HOST "Content-Type: application/json\r\nContent-Length: 3\r\n\r\nabc", 415, "media-type");
    expect_refused(POST HOST "Content-Type: application/josephine\r\nContent-Length: 3\r\n\r\nabc", 415, "media-type");
    expect_refused(POST HOST "Content-Length: 3\r\n\r\nabc", 415, "media-type");
}

/* What libmicrohttpd refuses before we see it has no document of ours (0.9.75 even says its header twice), but it is refused
 * and the connection ends. */
static void framing_below_us(void)
{
    static const char *const requests[] = {
        "GET /livez HTTP/1.1\r\n\r\n",
        POST HOST JOSE "Content-Length: +5\r\n\r\nabcde",
        POST HOST JOSE "Content-Length: -5\r\n\r\nabcde",
        POST HOST JOSE "Content-Length: 0x5\r\n\r\nabcde",
        POST HOST JOSE "Content-Length: 99999999999999999999999\r\n\r\nabcde",
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct answer answer;
        int fd = client_open(&house);
        client_send(fd, requests[i]);
        client_read(&answer, fd, false);
        EXPECT(answer.status >= 400 && answer.status < 500);
        char rest[4096] = "";
        size_t len = 0;
        for (ssize_t got = 1; got > 0 && len + 1 < sizeof rest; len += got > 0 ? (size_t)got : 0)
            got = recv(fd, rest + len, sizeof rest - 1 - len, 0);
        EXPECT(len + 1 < sizeof rest && strstr(rest, " 200 ") == NULL);
        answer_free(&answer);
        close(fd);
    }
}

/* A body that was not read must never become the next request. */
static void no_smuggling(void)
{
    static const char *const openings[] = {
        POST HOST JOSE "Transfer-Encoding: chunked\r\n\r\n",
        POST HOST JOSE "Content-Length: 98305\r\n\r\n",
        POST HOST "Content-Type: text/plain\r\nContent-Length: 60\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\n",
        "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof openings / sizeof openings[0]; i++) {
        char text[512];
        struct answer answer, second;
        int fd = client_open(&house);
        (void)snprintf(text, sizeof text, "%sGET /version HTTP/1.1\r\nHost: x\r\n\r\n", openings[i]);
        client_send(fd, text);
        client_read(&answer, fd, false);
        EXPECT(answer.status >= 400);
        client_read(&second, fd, false);
        EXPECT(second.status == 0);
        answer_free(&answer);
        answer_free(&second);
        close(fd);
    }
}

static void parameters(void)
{
    static const char *const wrong[] = {"/v1/schedule?nobody=1",
                                        "/v1/schedule?person=a&person=b",
                                        "/v1/schedule?at=",
                                        "/v1/schedule?at=-1",
                                        "/v1/schedule?at=1x",
                                        "/v1/schedule?at",
                                        "/v1/schedule?limit=0",
                                        "/v1/schedule?limit=10001",
                                        "/v1/schedule?offset=+1",
                                        "/v1/schedule?person=a%20b",
                                        "/v1/schedule?person=",
                                        "/v1/schedule?facility",
                                        "/v1/schedule?ended=0",
                                        "/v1/people?person=a",
                                        "/livez?verbose",
                                        "/v1/anomalies?limit=257",
                                        "/v1/anomalies?offset=x",
                                        "/v1/status?digest=yes",
                                        "/v1/blocks/0",
                                        "/v1/blocks/abc",
                                        "/v1/blocks/99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct answer answer;
        ask(&answer, &house, wrong[i]);
        if (answer.status != 400) {
            (void)fprintf(stderr, "%s -> %d\n", wrong[i], answer.status);
            exit(1);
        }
        EXPECT(strcmp(answer_problem(&answer), "bad-query") == 0);
        answer_free(&answer);
    }
    /* a slip of the pen hands nothing in */
    expect_refused("POST /v1/proposals?dryrun=1 HTTP/1.1\r\n" HOST JOSE "Content-Length: 3\r\n\r\nabc", 400, "bad-query");
    expect_refused("POST /v1/proposals?dry-run=0 HTTP/1.1\r\n" HOST JOSE "Content-Length: 3\r\n\r\nabc", 400, "bad-query");
    EXPECT(fake_node_counts(house.node).submits == 0);
}

static void prefer(void)
{
    static const struct {
        const char *text;
        uint32_t wait_ms;
        bool found;
    } cases[] = {
        {"wait=5", 5000, true},
        {"wait=30", 30000, true},
        {"wait=31", 30000, true},
        {"wait=99999999999", 30000, true},
        {"wait=0", 0, true},
        {"WAIT=2", 2000, true},
        {"respond-async, wait=3", 3000, true},
        {"wait = 4", 4000, true},
        {"wait=\"6\"", 6000, true},
        {"wait=7; foo=bar", 7000, true},
        {"wait=1, wait=9", 1000, true},
        {"wait=-1", 0, true},
        {"wait=abc", 0, true},
        {"wait=5s", 0, true},
        {"wait=", 0, true},
        {"wait=\"5", 0, true},
        {"await=5", 0, false},
        {"nowait=5", 0, false},
        {"x=\"a, wait=5\"", 0, false},
        {"waiting=5", 0, false},
        {"wait", 0, false},
        {"", 0, false},
        {",,, ,wait=8", 8000, true},
        {"x=\"\\\", wait=5\", wait=2", 2000, true},
        {"wait=5 6", 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool found;
        uint32_t wait_ms = rota_prefer_parse(cases[i].text, &found);
        if (wait_ms != cases[i].wait_ms || found != cases[i].found) {
            (void)fprintf(stderr, "Prefer: %s -> %u %d\n", cases[i].text, wait_ms, found);
            exit(1);
        }
    }
}

/* Many requests on one connection, written ahead. */
static void pipeline(void)
{
    int fd = client_open(&house);
    for (int i = 0; i < 50; i++)
        client_send(fd, "GET /version HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 50; i++) {
        struct answer answer;
        client_read(&answer, fd, false);
        EXPECT(answer.status == 200 && strcmp(answer_text(&answer, "name"), "rotaledger") == 0);
        answer_free(&answer);
    }
    close(fd);
}

int main(void)
{
    rota_crypto_init();
    house_open(&house);
    routes();
    methods();
    strangers();
    framing();
    framing_below_us();
    no_smuggling();
    parameters();
    prefer();
    pipeline();
    house_close(&house);
    return 0;
}
