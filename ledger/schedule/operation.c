#include "ledger/schedule/private.h"

static const struct rota_operation_kind *const operation_kinds[] = {
    &rota_operation_assign,
    &rota_operation_unassign,
    &rota_operation_person_enrol,
    &rota_operation_code_define,
    &rota_operation_coordinator_grant,
    &rota_operation_coordinator_revoke,
    NULL,
};

const struct rota_operation_kind *rota_operation_kind_find(struct rota_view name)
{
    for (const struct rota_operation_kind *const *kind = operation_kinds; *kind != NULL; kind++)
        if (rota_view_equal(rota_view_text((*kind)->name), name))
            return *kind;
    return NULL;
}

const struct rota_operation_kind *const *rota_operation_kinds(void)
{
    return operation_kinds;
}
