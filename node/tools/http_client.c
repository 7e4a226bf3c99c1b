#include "node/tools/http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
    HTTP_BODY_BYTES_MAX = 256 * 1024 * 1024,
    HTTP_CONNECT_MS = 3000,
    HTTP_TIMEOUT_S = 30,
    HTTP_RETRY_AFTER_MAX_MS = 3600 * 1000
};

struct rota_http_client {
    CURL *curl;
    const atomic_bool *stop;
    char error[CURL_ERROR_SIZE];
};

static int http_on_progress(void *context, curl_off_t down_max, curl_off_t down, curl_off_t up_max, curl_off_t up)
{
    const struct rota_http_client *http = context;
    (void)down_max, (void)down, (void)up_max, (void)up;
    return http->stop != NULL && atomic_load(http->stop);
}

void rota_http_client_stop_on(struct rota_http_client *http, const atomic_bool *stop)
{
    http->stop = stop;
}

struct rota_http_client *rota_http_client_open(void)
{
    struct rota_http_client *http = calloc(1, sizeof *http);
    if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(http);
        return NULL;
    }
    http->curl = curl_easy_init();
    if (http->curl == NULL) {
        rota_http_client_close(http);
        return NULL;
    }
    return http;
}

void rota_http_client_close(struct rota_http_client *http)
{
    if (http == NULL)
        return;
    curl_easy_cleanup(http->curl);
    curl_global_cleanup();
    free(http);
}

void rota_client_answer_free(struct rota_client_answer *answer)
{
    free(answer->body);
    *answer = (struct rota_client_answer){0};
}

static size_t http_on_body(char *data, size_t size, size_t count, void *context)
{
    struct rota_client_answer *answer = context;
    size_t len = size * count;
    if (len > HTTP_BODY_BYTES_MAX - answer->len)
        return 0;
    char *body = realloc(answer->body, answer->len + len + 1);
    if (body == NULL)
        return 0;
    memcpy(body + answer->len, data, len);
    answer->body = body;
    answer->len += len;
    answer->body[answer->len] = '\0';
    return len;
}

static void http_configure(struct rota_http_client *http, struct rota_client_answer *out,
                           const struct rota_client_request *request, const char *url, struct curl_slist *headers)
{
    CURL *curl = http->curl;
    curl_easy_reset(curl);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)(request->timeout_s != 0 ? request->timeout_s : HTTP_TIMEOUT_S));
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "rota/" ROTA_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->error);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, http_on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, http_on_progress);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
    if (request->content_type == NULL)
        return;
    (void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
}

/* Our own headers, or NULL without memory. "Expect:" is emptied: a round trip for nothing. */
static struct curl_slist *http_headers(const struct rota_client_request *request)
{
    char line[128];
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    if (request->content_type != NULL) {
        (void)snprintf(line, sizeof line, "Content-Type: %s", request->content_type);
        headers = curl_slist_append(headers, line);
    }
    if (request->key_id != NULL) {
        (void)snprintf(line, sizeof line, "Rota-Key: %s", request->key_id);
        headers = curl_slist_append(headers, line);
    }
    if (request->wait_s != 0) {
        (void)snprintf(line, sizeof line, "Prefer: wait=%u", request->wait_s);
        headers = curl_slist_append(headers, line);
    }
    return headers;
}

static void http_read_retry(struct rota_client_answer *out, CURL *curl, const char *name, uint32_t unit_ms)
{
    struct curl_header *header = NULL;
    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return;
    unsigned long value = strtoul(header->value, NULL, 10);
    unsigned long most = HTTP_RETRY_AFTER_MAX_MS / unit_ms;
    out->has_retry_after = true;
    out->retry_after_ms = (uint32_t)(value < most ? value : most) * unit_ms;
}

static void http_read_facts(struct rota_client_answer *out, CURL *curl)
{
    const char *type = NULL;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
    (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    if (type != NULL)
        (void)snprintf(out->content_type, sizeof out->content_type, "%.*s", (int)strcspn(type, "; "), type);
    http_read_retry(out, curl, "Retry-After", 1000);
    http_read_retry(out, curl, "Rota-Retry-Ms", 1);
}

void rota_http_client_exchange(struct rota_client_answer *out, struct rota_http_client *http,
                               const struct rota_client_request *request)
{
    char url[4096];
    size_t base_len = strlen(request->base);
    *out = (struct rota_client_answer){0};
    while (base_len > 0 && request->base[base_len - 1] == '/')
        base_len--;
    (void)snprintf(url, sizeof url, "%.*s%s", (int)base_len, request->base, request->path);
    struct curl_slist *headers = http_headers(request);
    http->error[0] = '\0';
    http_configure(http, out, request, url, headers);
    CURLcode code = curl_easy_perform(http->curl);
    if (code == CURLE_OK)
        http_read_facts(out, http->curl);
    else
        (void)snprintf(out->error, sizeof out->error, "%s", http->error[0] != '\0' ? http->error : curl_easy_strerror(code));
    curl_slist_free_all(headers);
    if (out->status != 0 && out->body == NULL) {
        out->body = calloc(1, 1);
        out->status = out->body != NULL ? out->status : 0;
    }
}
