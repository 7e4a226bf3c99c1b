/* code.define: a new code that people can be assigned to, and the intake pool that its proposals belong to. */
#include "ledger/schedule/private.h"

#include <stdio.h>

static const char *const code_define_members[] = {"op", "code", "pool", NULL};

static struct rota_status code_define_parse(struct rota_operation *out, const json_t *object)
{
    ROTA_TRY(rota_json_token(&out->code, object, "code"));
    if (json_object_get(object, "pool") == NULL)
        return rota_ok();
    return rota_json_token(&out->pool, object, "pool");
}

static struct rota_op_outcome code_define_execute(struct rota_execution *execution, const struct rota_operation *operation)
{
    struct rota_rows *rows = &execution->state->rows;
    struct rota_code_info code;
    if (rota_table_code_get(&code, rows, &operation->code))
        return rota_op_outcome_of(ROTA_OUTCOME_EXISTS);
    code = (struct rota_code_info){.id = operation->code, .pool = operation->pool, .from_height = execution->height};
    rota_table_code_put(rows, &code);
    return rota_op_outcome_of(ROTA_OUTCOME_OK);
}

static void code_define_describe(char *out, size_t out_size, const struct rota_operation *operation)
{
    const char *pool = operation->pool.text[0] != '\0' ? operation->pool.text : "the default";
    (void)snprintf(out, out_size, "define code %s, pool %s", operation->code.text, pool);
}

const struct rota_operation_kind rota_operation_code_define = {.name = "code.define",
                                                               .members = code_define_members,
                                                               .roles = ROTA_ROLE_DIRECTOR,
                                                               .parse = code_define_parse,
                                                               .execute = code_define_execute,
                                                               .describe = code_define_describe};
