#include "node/tools/ledger_file.h"

#include "node/tools/files.h"
#include "node/tools/output.h"

int rota_ledger_file_open(struct rota_store **out, struct rota_genesis *genesis, const struct rota_common *common,
                          const char *path)
{
    struct rota_store_inspection inspection;
    *out = NULL;
    struct rota_status status = genesis->bytes == NULL ? rota_genesis_load(genesis, common->genesis) : rota_ok();
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "%s is no valid genesis", common->genesis);
    status = rota_store_inspect(out, &inspection, path);
    if (!rota_is_ok(status))
        return rota_wrong(common, rota_exit_of(status), "rota-verify says more", "cannot read %s: %s", path,
                          inspection.text[0] != '\0' ? inspection.text : status.why);
    if (rota_view_equal(rota_store_genesis(*out), rota_view(genesis->bytes, genesis->len)))
        return 0;
    rota_store_close(*out);
    *out = NULL;
    return rota_wrong(common, ROTA_EXIT_NEGATIVE, NULL, "%s is a file of another ledger", path);
}
