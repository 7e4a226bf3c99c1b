#include "node/tools/forensics_input.h"

#include "node/tools/files.h"
#include "node/tools/ledger_file.h"
#include "node/tools/output.h"

#include <stdio.h>

void rota_forensics_files_close(struct rota_forensics_files *files)
{
    for (uint32_t i = 0; i < files->count; i++) {
        rota_store_close(files->stores[i]);
        rota_epoch_chain_free(&files->epochs[i]);
    }
    for (int i = 0; i < 2; i++) {
        rota_receipt_free(&files->receipts[i]);
        rota_epoch_chain_free(&files->led_to[i]);
    }
    rota_genesis_free(&files->genesis);
}

static int files_ledger(struct rota_forensics_files *files, const struct rota_common *common, const char *path)
{
    uint32_t at = files->count;
    int code = rota_ledger_file_open(&files->stores[at], &files->genesis, common, path);
    if (code != 0)
        return code;
    files->count++;
    struct rota_status status = rota_epoch_chain_of_ledger(&files->epochs[at], &files->genesis, files->stores[at]);
    return rota_is_ok(status) ? 0
                              : rota_wrong_status(common, status, "rota-verify says more",
                                                  "the changes of members in %s do not hold", path);
}

/* ---- certificates and receipts ------------------------------------------------------------------------------------------
 */

static bool file_is_ledger(const char *path)
{
    static const char magic[] = "SQLite format 3";
    char begins[sizeof magic] = "";
    FILE *file = fopen(path, "rbe");
    bool is =
        file != NULL && fread(begins, 1, sizeof magic, file) == sizeof magic && memcmp(begins, magic, sizeof magic) == 0;
    if (file != NULL)
        (void)fclose(file);
    return is;
}

static struct rota_status side_receipt(struct rota_forensics_files *files, int i, struct rota_view text)
{
    struct rota_receipt *receipt = &files->receipts[i];
    ROTA_TRY(rota_receipt_parse(receipt, text));
    ROTA_TRY(rota_receipt_verify(receipt, &files->genesis, NULL));
    files->sides[i] = (struct rota_forensics_side){
        .certificate = receipt->certificate, .header_count = receipt->header_count, .headers = receipt->headers};
    return rota_epoch_chain_of_receipt(&files->led_to[i], &files->genesis, receipt);
}

/* As FORMATS §7 writes it, or in a receipt. */
static struct rota_status side_read(struct rota_forensics_files *files, int i, const char *path)
{
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    ROTA_TRY(rota_file_read(&blob, path, ROTA_RECEIPT_BYTES_MAX));
    if (blob.len > 0 && blob.data[0] == '{')
        return side_receipt(files, i, rota_blob_view(&blob));
    struct rota_reader reader = rota_reader(rota_blob_view(&blob));
    rota_certificate_decode(&reader, &files->sides[i].certificate);
    ROTA_TRY(rota_reader_finish(&reader));
    return rota_epoch_chain_begin(&files->led_to[i], &files->genesis);
}

static bool chain_explains(const struct rota_epoch_chain *epochs, const struct rota_certificate *certificate)
{
    const struct rota_epoch *epoch = rota_epoch_chain_find(epochs, certificate->epoch);
    return epoch != NULL && rota_is_ok(rota_certificate_verify(&epoch->membership, certificate));
}

/* Whose members signed it? Its own receipt says so, the other one's, or a witness. NULL: none of them does. */
static const struct rota_epoch_chain *side_epochs(const struct rota_forensics_files *files, int i)
{
    const struct rota_certificate *certificate = &files->sides[i].certificate;
    for (int k = 0; k < 2; k++)
        if (chain_explains(&files->led_to[k == 0 ? i : 1 - i], certificate))
            return &files->led_to[k == 0 ? i : 1 - i];
    for (uint32_t k = 0; k < files->count; k++)
        if (chain_explains(&files->epochs[k], certificate))
            return &files->epochs[k];
    return NULL;
}

static int files_sides(struct rota_forensics_files *files, const struct rota_common *common, const char *const sides[2])
{
    for (int i = 0; i < 2; i++) {
        files->sides[i].epochs = side_epochs(files, i);
        if (files->sides[i].epochs == NULL)
            return rota_wrong(common, ROTA_EXIT_INCONCLUSIVE,
                              "a ledger file of the same history, given with --witness, says who the members were",
                              "%s is no certificate of epoch %u by members that are known here", sides[i],
                              files->sides[i].certificate.epoch);
    }
    return 0;
}

/* ---- opening ------------------------------------------------------------------------------------------------------------
 */

int rota_forensics_files_open(struct rota_forensics_files *files, const struct rota_common *common,
                              const char *const sides[2], const char *const *witnesses, uint32_t witness_count)
{
    struct rota_status status = rota_genesis_load(&files->genesis, common->genesis);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "%s is no valid genesis", common->genesis);
    files->ledgers = file_is_ledger(sides[0]) && file_is_ledger(sides[1]);
    int code = 0;
    for (int i = 0; i < 2 && code == 0; i++) {
        if (files->ledgers)
            code = files_ledger(files, common, sides[i]);
        else if (!rota_is_ok(status = side_read(files, i, sides[i])))
            code = rota_wrong_status(common, status, "give two ledger files, or two certificates or receipts",
                                     "%s is no certificate", sides[i]);
    }
    for (uint32_t i = 0; i < witness_count && code == 0; i++)
        code = files_ledger(files, common, witnesses[i]);
    return code == 0 && !files->ledgers ? files_sides(files, common, sides) : code;
}

struct rota_status rota_forensics_files_judge(struct rota_forensics *out, const struct rota_forensics_files *files)
{
    struct rota_forensics_witness witnesses[2 + FORENSICS_WITNESSES_MAX];
    for (uint32_t i = 0; i < files->count; i++)
        witnesses[i] = rota_forensics_witness_of(files->stores[i]);
    const struct rota_epoch_chain *const epochs[] = {&files->epochs[0], &files->epochs[1]};
    if (files->ledgers)
        ROTA_TRY(rota_forensics_of_ledgers(out, epochs, files->stores, witnesses, files->count));
    else
        ROTA_TRY(rota_forensics_compare(out, files->sides, witnesses, files->count));
    for (uint32_t i = 0; i < files->count && out->count > 0; i++)
        ROTA_TRY(rota_forensics_ask_ledger(out, &files->epochs[i], files->stores[i]));
    return rota_ok();
}
