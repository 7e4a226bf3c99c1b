/* rota node status: is it in sync, who leads, who is missing. */
#include "node/tools/commands.h"
#include "node/tools/remote.h"

struct status_options {
    struct rota_common common;
};

static error_t status_parse(int key, char *arg, struct argp_state *state)
{
    (void)arg;
    (void)state;
    return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp status_argp = {.parser = status_parse,
                                        .doc = "Say how a node is doing: height, who leads, whom it reaches, and whether "
                                               "anything can commit. Exit code 8: it cannot."};

/* A scalar as text; "" for anything else. */
static const char *status_scalar(char *out, size_t out_size, const json_t *value)
{
    out[0] = '\0';
    if (json_is_string(value))
        (void)rota_printable(out, out_size, json_string_value(value));
    else if (json_is_integer(value))
        (void)snprintf(out, out_size, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        (void)snprintf(out, out_size, "%s", json_is_true(value) ? "yes" : "no");
    return out;
}

/* "name value, name value" of an object's scalars. */
static void status_print_members(const json_t *object)
{
    const char *name;
    json_t *value;
    char key[64];
    char text[128];
    bool first = true;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (json_is_object(value) || json_is_array(value) || json_is_null(value))
            continue;
        (void)printf("%s%s %s", first ? "" : ", ", rota_printable(key, sizeof key, name),
                     status_scalar(text, sizeof text, value));
        first = false;
    }
    (void)putchar('\n');
}

static void status_print_list(const char *title, const json_t *list)
{
    size_t index;
    json_t *item;
    char text[128];
    json_array_foreach(list, index, item)
    {
        (void)printf("%-11s ", index == 0 ? title : "");
        if (json_is_object(item))
            status_print_members(item);
        else
            (void)puts(status_scalar(text, sizeof text, item));
    }
}

static void status_print(const json_t *status)
{
    const char *name;
    json_t *value;
    char key[64];
    char text[160];
    json_object_foreach((json_t *)(uintptr_t)status, name, value)
    {
        (void)rota_printable(key, sizeof key, name);
        if (json_is_array(value)) {
            status_print_list(key, value);
        } else if (json_is_object(value)) {
            (void)printf("%-11s ", key);
            status_print_members(value);
        } else if (!json_is_null(value)) {
            (void)printf("%-11s %s\n", key, status_scalar(text, sizeof text, value));
        }
    }
}

static int status_run(void *input)
{
    const struct rota_common *common = &((const struct status_options *)input)->common;
    json_t *status = NULL;
    int code = rota_remote_get_json(&status, common, "/v1/status");
    if (code != 0)
        return code;
    if (common->json) {
        json_t *result = rota_result_new("node-status");
        (void)json_object_update_missing(result, status);
        rota_result_print(result);
    } else {
        status_print(status);
    }
    json_decref(status);
    return ROTA_EXIT_DONE;
}

const struct rota_command rota_command_node_status = {.name = "node status",
                                                      .summary = "say how a node is doing",
                                                      .argp = &status_argp,
                                                      .uses = ROTA_USES_NODE,
                                                      .options_size = sizeof(struct status_options),
                                                      .run = status_run};
