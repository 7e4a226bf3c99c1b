#include "house.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

void house_prepare(struct house *house)
{
    static const struct rota_pool_config pools[] = {
        {.name = "icu", .capacity = 2, .reserved = 1, .borrow = 1},
        {.name = "default", .capacity = 16, .reserved = 16},
        {.name = "flex", .capacity = 1},
    };
    memset(house, 0, sizeof *house);
    house->node = fake_node_open();
    (void)snprintf(house->config.http, sizeof house->config.http, "127.0.0.1:0");
    house->config.intake = (struct rota_intake_config){.pool_count = 3,
                                                       .queue = 1000,
                                                       .rate_per_second = 100000,
                                                       .burst = 4096,
                                                       .connections = 256,
                                                       .connections_per_address = 256,
                                                       .body_bytes_max = 96 * 1024};
    memcpy(house->config.intake.pools, pools, sizeof pools);
}

void house_start(struct house *house)
{
    struct rota_status status = rota_http_open(&house->http, house->node, &house->config);
    EXPECT(rota_is_ok(status) && house->http != NULL);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(house->http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    EXPECT(info != NULL && info->port != 0);
    house->port = info->port;
}

void house_open(struct house *house)
{
    house_prepare(house);
    house_start(house);
}

void house_close(struct house *house)
{
    fake_node_stop(house->node);
    rota_http_close(house->http);
    fake_node_close(house->node);
}

uint32_t house_in_use(struct house *house, const char *pool)
{
    struct rota_gate_info info;
    rota_gate_info(&info, house->http->gate);
    const struct rota_bulkhead *found = &info.pools.items[rota_bulkheads_find(&info.pools, pool)];
    return found->own + found->borrowed;
}

uint32_t house_in_use_all(struct house *house)
{
    return house_in_use(house, "icu") + house_in_use(house, "default") + house_in_use(house, "flex");
}

const char *house_key_line(struct house *house, const char *label)
{
    static char line[128];
    char hex[ROTA_KID_CHARS + 1] = "";
    const struct rota_genesis *genesis = rota_node_genesis(house->node);
    for (uint32_t i = 0; i < genesis->coordinator_count; i++)
        if (strcmp(genesis->coordinators[i].label.text, label) == 0)
            rota_hex_encode(hex, rota_view(genesis->coordinators[i].key.kid.b, ROTA_KID_BYTES));
    (void)snprintf(line, sizeof line, "Rota-Key: %s\r\n", hex);
    return line;
}

/* ---- answers -------------------------------------------------------------------------------------------------------- */

void answer_free(struct answer *answer)
{
    json_decref(answer->json);
    free(answer->body);
    memset(answer, 0, sizeof *answer);
}

const char *answer_header(const struct answer *answer, const char *name)
{
    static _Thread_local char value[512];
    char line[128];
    (void)snprintf(line, sizeof line, "\r\n%s:", name);
    const char *found = strcasestr(answer->head, line);
    value[0] = '\0';
    if (found) {
        found += strlen(line);
        found += strspn(found, " ");
        (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(found, "\r"), found);
    }
    return value;
}

const char *answer_text(const struct answer *answer, const char *member)
{
    const char *text = json_string_value(json_object_get(answer->json, member));
    return text ? text : "";
}

const char *answer_problem(const struct answer *answer)
{
    char type[128];
    EXPECT(strcmp(answer_header(answer, "Content-Type"), "application/problem+json") == 0);
    (void)snprintf(type, sizeof type, "urn:rotaledger:problem:%s", answer_text(answer, "code"));
    EXPECT(strcmp(answer_text(answer, "type"), type) == 0);
    EXPECT(json_integer_value(json_object_get(answer->json, "status")) == answer->status);
    EXPECT(answer_text(answer, "title")[0] && answer_text(answer, "detail")[0]);
    EXPECT(strcmp(answer_header(answer, "Cache-Control"), "no-store") == 0);
    return answer_text(answer, "code");
}

void expect_problem(struct answer *answer, int status, const char *code)
{
    if (answer->status != status || strcmp(answer_problem(answer), code) != 0) {
        (void)fprintf(stderr, "%d %s, not %d %s\n", answer->status, answer_text(answer, "code"), status, code);
        exit(1);
    }
    answer_free(answer);
}

void expect_committed(struct answer *answer, int status)
{
    EXPECT(answer->status == status);
    EXPECT(strcmp(answer_text(answer, "state"), "committed") == 0);
    EXPECT(json_integer_value(json_object_get(answer->json, "height")) > 0);
    const json_t *first = json_array_get(json_object_get(answer->json, "outcomes"), 0);
    EXPECT(strcmp(json_string_value(json_object_get(first, "name")), "ok") == 0);
    answer_free(answer);
}

/* ---- clients -------------------------------------------------------------------------------------------------------- */

int client_open(const struct house *house)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(house->port)};
    struct timeval patience = {.tv_sec = 60};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(fd >= 0);
    EXPECT(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    EXPECT(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

void client_send(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* refused and closed before all of it was read: the answer tells */
        text += sent;
        len -= (size_t)sent;
    }
}

/* Byte by byte, so that nothing of the next answer is taken. */
static bool client_read_head(struct answer *out, int fd)
{
    size_t len = 0;
    while (len + 1 < sizeof out->head) {
        if (recv(fd, out->head + len, 1, 0) != 1)
            return false;
        out->head[++len] = '\0';
        if (len < 4 || memcmp(out->head + len - 4, "\r\n\r\n", 4) != 0)
            continue;
        if (strncmp(out->head, "HTTP/1.1 100", 12) != 0)
            return true;
        len = 0;
    }
    return false;
}

void client_read(struct answer *out, int fd, bool head_only)
{
    memset(out, 0, sizeof *out);
    if (!client_read_head(out, fd))
        return;
    EXPECT(sscanf(out->head, "HTTP/1.1 %d ", &out->status) == 1);
    size_t len = strtoul(answer_header(out, "Content-Length"), NULL, 10);
    if (head_only)
        return;
    out->body = calloc(1, len + 1);
    EXPECT(out->body != NULL);
    while (out->len < len) {
        ssize_t got = recv(fd, out->body + out->len, len - out->len, 0);
        EXPECT(got > 0);
        out->len += (size_t)got;
    }
    out->json = json_loadb(out->body, out->len, JSON_REJECT_DUPLICATES, NULL);
}

bool client_is_closed(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) <= 0;
}

void ask_raw(struct answer *out, const struct house *house, const char *request)
{
    int fd = client_open(house);
    client_send(fd, request);
    client_read(out, fd, strncmp(request, "HEAD ", 5) == 0);
    close(fd);
}

void ask(struct answer *out, const struct house *house, const char *path)
{
    char request[1024];
    (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
    ask_raw(out, house, request);
}

void hand_in(struct answer *out, const struct house *house, const char *query, const char *headers, const char *body)
{
    size_t size = strlen(body) + 2048;
    char *request = malloc(size);
    EXPECT(request != NULL);
    (void)snprintf(request, size,
                   "POST /v1/proposals%s HTTP/1.1\r\nHost: test\r\nContent-Type: application/jose\r\n"
                   "Content-Length: %zu\r\n%s\r\n%s",
                   query, strlen(body), headers, body);
    ask_raw(out, house, request);
    free(request);
}
