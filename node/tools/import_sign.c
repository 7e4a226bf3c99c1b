#include "node/tools/import_sign.h"

#include "crypto/digest.h"
#include "node/tools/payload.h"
#include "node/tools/seq_file.h"

#include <stdlib.h>

enum { IMPORT_BATCH = 64 };

struct rota_hash rota_import_hash(const char *text, uint64_t number)
{
    struct rota_digest digest;
    rota_digest_start(&digest, NULL);
    rota_digest_add_u64(&digest, number);
    rota_digest_add(&digest, text, strlen(text));
    return rota_digest_finish(&digest);
}

static struct rota_status import_sign_one(struct rota_import_run *run, struct rota_import_item *item, uint64_t seq)
{
    static char text[ROTA_JWS_CHARS_MAX + 1];
    size_t len;
    struct rota_payload_facts facts = {.ledger_id = run->ledger_id, .exp = run->exp, .reason = run->reason, .seq = seq};
    ROTA_CLEANUP(rota_json_release) json_t *payload = rota_payload_new(&facts, json_incref(item->ops), NULL);
    char *payload_text = rota_payload_text(payload);
    if (payload_text == NULL)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    struct rota_status status =
        rota_jws_sign(text, &len, sizeof text, rota_view_text(payload_text), ROTA_PROPOSAL_TYP, &run->key->coordinator);
    free(payload_text);
    ROTA_TRY(status);
    ROTA_TRY(rota_import_journal_add(run->journal, &item->key, text));
    free(item->jws);
    item->jws = strdup(text);
    item->signed_before = false;
    return item->jws != NULL ? rota_ok() : rota_fail(ROTA_NO_MEMORY, "out of memory");
}

static struct rota_status import_sign_find_before(struct rota_import_run *run, struct rota_import_item *item)
{
    const char *jws = rota_import_journal_find(run->journal, &item->key);
    if (jws == NULL || item->jws != NULL)
        return rota_ok();
    item->jws = strdup(jws);
    item->signed_before = true;
    return item->jws != NULL ? rota_ok() : rota_fail(ROTA_NO_MEMORY, "out of memory");
}

struct rota_status rota_import_sign_batch(struct rota_import_run *run, size_t first)
{
    size_t unsigned_items[IMPORT_BATCH];
    uint32_t count = 0;
    uint64_t seq;
    for (size_t i = first; i < run->count && i < first + IMPORT_BATCH; i++) {
        ROTA_TRY(import_sign_find_before(run, &run->items[i]));
        if (run->items[i].jws == NULL)
            unsigned_items[count++] = i;
    }
    if (count == 0)
        return rota_ok();
    ROTA_TRY(rota_seq_reserve(&seq, run->key_path, run->seq_highest, count));
    for (uint32_t i = 0; i < count; i++)
        ROTA_TRY(import_sign_one(run, &run->items[unsigned_items[i]], seq + i));
    return rota_import_journal_sync(run->journal);
}

struct rota_status rota_import_sign_again(struct rota_import_run *run, struct rota_import_item *item)
{
    uint64_t seq;
    ROTA_TRY(rota_seq_reserve(&seq, run->key_path, run->seq_highest, 1));
    ROTA_TRY(import_sign_one(run, item, seq));
    return rota_import_journal_sync(run->journal);
}
