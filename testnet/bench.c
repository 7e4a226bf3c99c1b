/* rota-bench: loads a running testnet with signed proposals and measures it, beside the limits of the machine in the same
 * run.
 *
 *   rota-bench prepare DIRECTORY     genesis.json, four facility keys and a passphrase, for testnet/bench
 *   rota-bench run URL...            load at saturation, then one at a time; JSON on standard output
 *
 * Coordinators' keys are derived from their number, so that both halves agree without a file of secrets.
 */
#include "crypto/jws.h"
#include "crypto/keyfile.h"
#include "ledger/genesis.h"
#include "ledger/proposal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 240, FACILITIES = 4, LATENCIES_MAX = 1 << 20, REQUEST_MAX = 4096 };

static const char *const facility_names[FACILITIES] = {"alpha", "bravo", "charlie", "delta"};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void fail(const char *what, struct rota_status status)
{
    fprintf(stderr, "rota-bench: %s: %s\n", what, status.why);
    exit(1);
}

static void coordinator_secret(struct rota_es256k_secret *out, unsigned number)
{
    uint8_t seed[32];
    char text[32];
    int len = snprintf(text, sizeof text, "bench coordinator %u", number);
    crypto_hash_sha256(seed, (const uint8_t *)text, (unsigned long long)len);
    struct rota_status status = rota_es256k_secret_parse(out, seed);
    if (!rota_is_ok(status))
        fail("key", status);
}

/* ---- prepare -------------------------------------------------------------------------------------------------------- */

static void hex_member(json_t *object, const char *name, const void *bytes, size_t len)
{
    char text[2 * 64 + 8];
    rota_hex_encode(text, rota_view(bytes, len));
    json_object_set_new(object, name, json_string(text));
}

static json_t *member_make(const char *directory, const char *passphrase, unsigned i, const char *port)
{
    struct rota_secret_key key;
    struct rota_public_key public_key;
    struct rota_token label;
    char path[512], address[64];
    struct rota_status status = rota_token_parse(&label, rota_view_text(facility_names[i]));
    if (rota_is_ok(status))
        status = rota_secret_key_generate(&key, ROTA_KEY_FACILITY, &label);
    snprintf(path, sizeof path, "%s/%s.key", directory, facility_names[i]);
    if (rota_is_ok(status))
        status = rota_keyfile_write(path, &key, passphrase, "2026-01-01");
    if (rota_is_ok(status))
        status = rota_secret_key_public(&public_key, &key);
    if (!rota_is_ok(status))
        fail(path, status);
    rota_secret_key_wipe(&key);
    json_t *member = json_object();
    snprintf(address, sizeof address, "tcp://127.0.0.1:%s", port);
    json_object_set_new(member, "id", json_string(label.text));
    hex_member(member, "key", public_key.facility.b, sizeof public_key.facility.b);
    hex_member(member, "possession", public_key.possession.b, sizeof public_key.possession.b);
    json_object_set_new(member, "address", json_string(address));
    return member;
}

static json_t *coordinator_make(unsigned number)
{
    struct rota_secret_key key = {.role = ROTA_KEY_COORDINATOR};
    struct rota_public_key public_key;
    snprintf(key.label.text, sizeof key.label.text, "bench-%u", number);
    coordinator_secret(&key.coordinator, number);
    struct rota_status status = rota_secret_key_public(&public_key, &key);
    if (!rota_is_ok(status))
        fail("coordinator", status);
    json_t *coordinator = json_object();
    json_object_set_new(coordinator, "label", json_string(key.label.text));
    hex_member(coordinator, "key", public_key.coordinator.compressed, sizeof public_key.coordinator.compressed);
    hex_member(coordinator, "possession", public_key.possession.b, sizeof public_key.possession.b);
    json_object_set_new(coordinator, "facility", json_string(facility_names[number % FACILITIES]));
    json_object_set_new(coordinator, "roles", json_pack("[s]", "scheduler"));
    return coordinator;
}

static void prepare(const char *directory, const char *passphrase, char **ports)
{
    json_t *root = json_pack("{s:s, s:s, s:s, s:s}", "format", "rotaledger/v1", "name", "bench", "created",
                             "2026-01-01T00:00Z", "profile", "byzantine");
    json_t *members = json_array(), *coordinators = json_array(), *people = json_array();
    for (unsigned i = 0; i < FACILITIES; i++)
        json_array_append_new(members, member_make(directory, passphrase, i, ports[i]));
    for (unsigned i = 0; i < THREADS; i++) {
        char person[32];
        snprintf(person, sizeof person, "p-%u", i);
        json_array_append_new(coordinators, coordinator_make(i));
        json_array_append_new(people, json_pack("{s:s, s:s}", "id", person, "home", facility_names[i % FACILITIES]));
    }
    json_object_set_new(root, "members", members);
    json_object_set_new(root, "coordinators", coordinators);
    json_object_set_new(root, "people", people);
    json_object_set_new(root, "codes", json_pack("[{s:s}]", "id", "DAY"));
    char path[512];
    snprintf(path, sizeof path, "%s/genesis.json", directory);
    if (json_dump_file(root, path, JSON_COMPACT) != 0) {
        fprintf(stderr, "rota-bench: %s cannot be written\n", path);
        exit(1);
    }
    json_decref(root);
}

/* ---- one connection ------------------------------------------------------------------------------------------------- */

struct client {
    unsigned number;
    uint16_t port;
    int fd;
    struct rota_es256k_secret secret;
    uint64_t seq;
    uint64_t committed, retried, failed;
    double until;
    double *latencies; /* seconds; room for LATENCIES_MAX / THREADS */
    size_t latency_count, latency_room;
    const char *ledger;
};

static bool client_connect(struct client *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(client->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return client->fd >= 0 && connect(client->fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

/* The whole answer of one request; its status code, 0 when the connection broke. */
static int client_ask(struct client *client, const char *request, size_t len)
{
    char answer[16384];
    size_t got = 0;
    if (send(client->fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
        return 0;
    for (;;) {
        ssize_t more = recv(client->fd, answer + got, sizeof answer - 1 - got, 0);
        if (more <= 0)
            return 0;
        got += (size_t)more;
        answer[got] = '\0';
        const char *end = strstr(answer, "\r\n\r\n"), *length = strcasestr(answer, "content-length:");
        if (end && length && length < end && got >= (size_t)(end + 4 - answer) + strtoul(length + 15, NULL, 10))
            break;
        if (got + 1 >= sizeof answer)
            return 0;
    }
    return atoi(answer + 9);
}

static size_t proposal_make(struct client *client, char *out, size_t size)
{
    char payload[512], jws[2048], kid[ROTA_KID_CHARS + 1], start[ROTA_TIME_CHARS_MAX];
    size_t jws_len;
    client->seq++;
    rota_time_format_minute(start, 30000000 + (int64_t)client->seq * 480);
    int payload_len = snprintf(
        payload, sizeof payload,
        "{\"ledger\":\"%s\",\"seq\":%llu,\"exp\":1000000000,\"reason\":\"bench\",\"ops\":[{\"op\":\"assign\",\"person\":"
        "\"p-%u\",\"code\":\"DAY\",\"facility\":\"%s\",\"start\":\"%s\",\"minutes\":480}]}",
        client->ledger, (unsigned long long)client->seq, client->number, facility_names[client->number % FACILITIES], start);
    struct rota_status status = rota_jws_sign(jws, &jws_len, sizeof jws, rota_view(payload, (size_t)payload_len),
                                              ROTA_PROPOSAL_TYP, &client->secret);
    if (!rota_is_ok(status))
        fail("signing", status);
    rota_hex_encode(kid, rota_view(client->secret.public_key.kid.b, ROTA_KID_BYTES));
    int len = snprintf(
        out, size,
        "POST /v1/proposals HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/jose\r\nContent-Length: %zu\r\n"
        "Rota-Key: %s\r\nPrefer: wait=20\r\n\r\n%s",
        jws_len, kid, jws);
    return (size_t)len;
}

static void *client_run(void *context)
{
    struct client *client = context;
    char request[REQUEST_MAX];
    if (!client_connect(client))
        return NULL;
    while (now_s() < client->until) {
        size_t len = proposal_make(client, request, sizeof request);
        double before = now_s();
        int code;
        while ((code = client_ask(client, request, len)) == 429 || code == 503) {
            client->retried++;
            usleep(20000);
        }
        if (code == 0) {
            close(client->fd);
            if (!client_connect(client))
                return NULL;
        }
        if (code != 201 && code != 200) {
            client->failed++;
            continue;
        }
        client->committed++;
        if (client->latency_count < client->latency_room)
            client->latencies[client->latency_count++] = now_s() - before;
    }
    close(client->fd);
    return NULL;
}

/* ---- phases --------------------------------------------------------------------------------------------------------- */

static int double_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct result {
    double seconds, per_second, p50_ms, p99_ms;
    uint64_t committed, retried, failed;
};

static struct result phase(struct client *clients, unsigned count, double seconds)
{
    pthread_t threads[THREADS];
    struct result result = {0};
    double before = now_s();
    for (unsigned i = 0; i < count; i++) {
        clients[i].until = before + seconds;
        clients[i].committed = clients[i].retried = clients[i].failed = clients[i].latency_count = 0;
        pthread_create(&threads[i], NULL, client_run, &clients[i]);
    }
    size_t total = 0;
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        result.committed += clients[i].committed;
        result.retried += clients[i].retried;
        result.failed += clients[i].failed;
        total += clients[i].latency_count;
    }
    result.seconds = now_s() - before;
    result.per_second = (double)result.committed / result.seconds;
    double *all = malloc((total + 1) * sizeof *all);
    size_t at = 0;
    for (unsigned i = 0; all && i < count; i++)
        for (size_t k = 0; k < clients[i].latency_count; k++)
            all[at++] = clients[i].latencies[k];
    if (all && total > 0) {
        qsort(all, total, sizeof *all, double_order);
        result.p50_ms = 1000 * all[total / 2];
        result.p99_ms = 1000 * all[total * 99 / 100];
    }
    free(all);
    return result;
}

/* ---- limits of the machine ------------------------------------------------------------------------------------------ */

static double limit_verify(void)
{
    struct rota_es256k_secret secret;
    struct rota_hash digest = {{1, 2, 3}};
    struct rota_signature signature;
    coordinator_secret(&secret, 0);
    rota_es256k_sign(&signature, &secret, &digest);
    double before = now_s();
    unsigned count = 0;
    while (now_s() - before < 1.0)
        for (unsigned i = 0; i < 64; i++, count++)
            if (!rota_is_ok(rota_es256k_verify(&secret.public_key, &digest, &signature)))
                return 0;
    return count / (now_s() - before);
}

/* fdatasync after an append of 4 KiB, in the directory of the ledgers. */
static double limit_sync(const char *directory)
{
    char path[512], block[4096] = {0};
    snprintf(path, sizeof path, "%s/sync-probe", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    double before = now_s();
    unsigned count = 0;
    while (now_s() - before < 1.0) {
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block || fdatasync(fd) != 0)
            break;
        count++;
    }
    double rate = count / (now_s() - before);
    close(fd);
    unlink(path);
    return rate;
}

/* CPU seconds that these processes used so far. */
static double cpu_seconds(char **pids, int count)
{
    double total = 0;
    for (int i = 0; i < count; i++) {
        char path[64], text[1024];
        snprintf(path, sizeof path, "/proc/%s/stat", pids[i]);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        size_t len = fread(text, 1, sizeof text - 1, file);
        fclose(file);
        text[len] = '\0';
        const char *rest = strrchr(text, ')');
        unsigned long user = 0, kernel = 0;
        if (rest && sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) == 2)
            total += (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
    }
    return total;
}

static void result_print(const char *name, const struct result *result)
{
    printf("  \"%s\": {\"seconds\": %.2f, \"committed\": %llu, \"per_second\": %.0f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, "
           "\"told_to_wait\": %llu, "
           "\"failed\": %llu},\n",
           name, result->seconds, (unsigned long long)result->committed, result->per_second, result->p50_ms, result->p99_ms,
           (unsigned long long)result->retried, (unsigned long long)result->failed);
}

static void run(const char *directory, double seconds, char **ports, char **pids)
{
    static struct client clients[THREADS];
    char ledger[2 * ROTA_HASH_BYTES + 1], path[512];
    snprintf(path, sizeof path, "%s/genesis.json", directory);
    FILE *file = fopen(path, "rb");
    static uint8_t bytes[ROTA_GENESIS_BYTES_MAX];
    size_t len = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
    struct rota_hash id = rota_ledger_id(rota_view(bytes, len));
    rota_hex_encode(ledger, rota_view(id.b, sizeof id.b));
    for (unsigned i = 0; i < THREADS; i++) {
        clients[i] = (struct client){.number = i, .port = (uint16_t)atoi(ports[i % FACILITIES]), .ledger = ledger};
        clients[i].latency_room = LATENCIES_MAX / THREADS;
        clients[i].latencies = malloc(clients[i].latency_room * sizeof(double));
        coordinator_secret(&clients[i].secret, i);
    }
    double verify = limit_verify(), sync = limit_sync(directory);
    struct result warm = phase(clients, 8, 1);
    struct result light = phase(clients, 1, seconds / 2);
    double cpu = cpu_seconds(pids, FACILITIES);
    struct result full = phase(clients, THREADS, seconds);
    cpu = cpu_seconds(pids, FACILITIES) - cpu;
    printf("{\n");
    result_print("warm_up", &warm);
    result_print("one_at_a_time", &light);
    result_print("saturation", &full);
    printf("  \"cpu_seconds_per_proposal_all_nodes\": %.6f,\n", full.committed ? cpu / (double)full.committed : 0);
    printf("  \"limits\": {\"es256k_verify_per_second_one_core\": %.0f, \"fdatasync_per_second\": %.0f},\n", verify, sync);
    printf("  \"ratios\": {\"saturation_to_verify_limit\": %.3f, \"light_p50_in_fdatasyncs\": %.1f}\n}\n",
           full.per_second / verify, light.p50_ms / 1000 * sync);
    for (unsigned i = 0; i < THREADS; i++)
        free(clients[i].latencies);
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0)
        return 1;
    if (argc == 4 + FACILITIES && strcmp(argv[1], "prepare") == 0)
        prepare(argv[2], argv[3], argv + 4);
    else if (argc == 4 + 2 * FACILITIES && strcmp(argv[1], "run") == 0)
        run(argv[2], atof(argv[3]), argv + 4, argv + 4 + FACILITIES);
    else {
        fprintf(stderr, "usage: rota-bench prepare DIRECTORY PASSPHRASE 4 PEER PORTS\n"
                        "       rota-bench run DIRECTORY SECONDS 4 HTTP PORTS, 4 PROCESS IDS\n");
        return 2;
    }
    return 0;
}
