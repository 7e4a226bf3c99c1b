#include "node/tools/problem.h"

#include "node/tools/output.h"

void rota_json_printable(char *out, size_t out_size, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    (void)rota_printable(out, out_size, text != NULL ? text : "");
}

static const char *problem_default(long status)
{
    switch (status) {
    case 404:
        return "the node does not know it";
    case 429:
        return "too much at once: your share or your pool is full";
    case 503:
        return "the node cannot take writes now";
    default:
        return "the node refused without saying why";
    }
}

void rota_client_problem_read(struct rota_client_problem *out, const struct rota_client_answer *answer)
{
    *out = (struct rota_client_problem){.status = answer->status};
    if (answer->status == 0) {
        (void)snprintf(out->code, sizeof out->code, "no-answer");
        (void)rota_printable(out->detail, sizeof out->detail, answer->error);
        return;
    }
    json_t *document = json_loadb(answer->body, answer->len, JSON_REJECT_DUPLICATES, NULL);
    rota_json_printable(out->code, sizeof out->code, document, "code");
    rota_json_printable(out->detail, sizeof out->detail, document, "detail");
    rota_json_printable(out->next, sizeof out->next, document, "next");
    rota_json_printable(out->conflict, sizeof out->conflict, document, "conflict");
    if (out->detail[0] == '\0')
        rota_json_printable(out->detail, sizeof out->detail, document, "title");
    json_decref(document);
    if (out->code[0] == '\0')
        (void)snprintf(out->code, sizeof out->code, "http-%ld", answer->status);
    if (out->detail[0] == '\0')
        (void)snprintf(out->detail, sizeof out->detail, "%s (HTTP %ld)", problem_default(answer->status), answer->status);
}

bool rota_client_problem_passes(const struct rota_client_problem *problem)
{
    return problem->status == 0 || problem->status == 408 || problem->status == 429 || problem->status >= 500;
}

int rota_client_problem_exit(const struct rota_client_problem *problem)
{
    if (rota_client_problem_passes(problem))
        return ROTA_EXIT_LATER;
    if (strcmp(problem->code, "equivocation") == 0)
        return ROTA_EXIT_EQUIVOCATION;
    return problem->status == 401 || problem->status == 403 ? ROTA_EXIT_KEY : ROTA_EXIT_NEGATIVE;
}
