/* What can be checked of each row on its own, by as many threads as were asked for. The threads only read what they share
 * and write to their own row, so the findings do not depend on who came first. */
#include "crypto/json.h"
#include "ledger/audit/inside.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct audit_crew {
    struct audit *audit;
    atomic_size_t next;
};

static size_t key_place(const struct audit_keys *keys, const struct rota_kid *kid)
{
    size_t low = 0, high = keys->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(keys->items[middle].kid.b, kid->b, ROTA_KID_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct rota_es256k_public *audit_key_find(const struct audit_keys *keys, const struct rota_kid *kid)
{
    size_t place = key_place(keys, kid);
    bool found = place < keys->count && rota_kid_equal(&keys->items[place].kid, kid);
    return found ? &keys->items[place] : NULL;
}

bool audit_key_add(struct audit_keys *keys, const struct rota_es256k_public *key)
{
    if (audit_key_find(keys, &key->kid) != NULL)
        return true;
    if (keys->count == keys->room) {
        size_t room = keys->room == 0 ? 64 : 2 * keys->room;
        struct rota_es256k_public *items = realloc(keys->items, room * sizeof *items);
        if (items == NULL)
            return false;
        keys->items = items;
        keys->room = room;
    }
    size_t place = key_place(keys, &key->kid);
    memmove(&keys->items[place + 1], &keys->items[place], (keys->count - place) * sizeof *keys->items);
    keys->items[place] = *key;
    keys->count++;
    return true;
}

/* Why the whole did not parse: the signed form, the JSON, or what the JSON says. */
static void crew_diagnose(struct audit_entry *entry, struct rota_view text)
{
    size_t len = 0;
    struct rota_jws jws;
    entry->form = rota_jws_parse(&jws, text, ROTA_PROPOSAL_TYP);
    if (!rota_is_ok(entry->form))
        return;
    json_t *json = NULL;
    uint8_t *payload = malloc(ROTA_JWS_PAYLOAD_BYTES_MAX);
    entry->json = rota_fail(ROTA_NO_MEMORY, "memory is out");
    if (payload != NULL)
        entry->json = rota_jws_payload(payload, &len, ROTA_JWS_PAYLOAD_BYTES_MAX, &jws);
    if (rota_is_ok(entry->json))
        entry->json = rota_json_parse(&json, rota_view(payload, len), ROTA_JWS_PAYLOAD_BYTES_MAX);
    json_decref(json);
    free(payload);
}

static void crew_proposal_form(struct audit_entry *entry)
{
    struct rota_view text = rota_view(entry->bytes, entry->bytes_len);
    if (entry->parsed) {
        entry->real_id = entry->entry.id; /* hashed by the parser, from these bytes */
        return;
    }
    /* The signed text is everything before the last dot. */
    size_t length = text.len;
    while (length > 0 && text.data[length - 1] != '.')
        length--;
    entry->real_id = rota_hash_of(NULL, rota_view(text.data, length > 0 ? length - 1 : 0));
    crew_diagnose(entry, text);
}

/* Against the members of the epoch that the evidence is about. */
static struct rota_status crew_evidence(const struct rota_evidence *evidence, const struct audit *audit,
                                        const struct rota_es256k_public *key)
{
    bool coordinator = evidence->kind == ROTA_EVIDENCE_COORDINATOR;
    const struct rota_epoch *epoch = coordinator ? &audit->epoch : rota_state_epoch_number(audit->state, evidence->epoch);
    if (epoch == NULL)
        return rota_fail(ROTA_WRONG_LEDGER, "evidence of an epoch that has not begun");
    return rota_evidence_verify(evidence, &epoch->membership, key);
}

static void crew_signature(struct audit_entry *entry, const struct audit *audit)
{
    if (!entry->parsed || entry->kind == ROTA_ENTRY_CONFIG) /* approvals are judged one by one, in order */
        return;
    const struct rota_es256k_public *key = NULL;
    if (entry->kind == ROTA_ENTRY_PROPOSAL)
        key = audit_key_find(&audit->keys, &entry->entry.proposal->jws.kid);
    else if (entry->kind == ROTA_ENTRY_EVIDENCE && rota_evidence_kid(entry->entry.evidence) != NULL)
        key = audit_key_find(&audit->keys, rota_evidence_kid(entry->entry.evidence));
    bool facility = entry->kind == ROTA_ENTRY_RECORD ||
                    (entry->kind == ROTA_ENTRY_EVIDENCE && entry->entry.evidence->kind != ROTA_EVIDENCE_COORDINATOR);
    entry->key_known = facility || key != NULL;
    if (!entry->key_known)
        return;
    if (entry->kind == ROTA_ENTRY_PROPOSAL)
        entry->signature = rota_jws_verify(&entry->entry.proposal->jws, key);
    else if (entry->kind == ROTA_ENTRY_RECORD)
        entry->signature = rota_record_verify(entry->entry.record, &audit->epoch.membership);
    else
        entry->signature = crew_evidence(entry->entry.evidence, audit, key);
}

static const char *crew_tag(uint32_t kind)
{
    return kind == ROTA_ENTRY_RECORD   ? ROTA_TAG("record")
           : kind == ROTA_ENTRY_CONFIG ? ROTA_TAG("config")
                                       : ROTA_TAG("evidence");
}

static void crew_entry(struct audit_entry *entry, const struct audit *audit)
{
    if (!rota_is_ok(entry->row))
        return;
    struct rota_view bytes = rota_view(entry->bytes, entry->bytes_len);
    entry->parse = rota_entry_parse(&entry->entry, (enum rota_entry_kind)entry->kind, bytes);
    entry->parsed = rota_is_ok(entry->parse);
    if (entry->kind == ROTA_ENTRY_PROPOSAL)
        crew_proposal_form(entry);
    else
        entry->real_id = rota_hash_of(crew_tag(entry->kind), bytes);
    crew_signature(entry, audit);
}

static void *crew_run(void *context)
{
    struct audit_crew *crew = context;
    struct audit *audit = crew->audit;
    struct audit_batch *batch = &audit->batch;
    for (;;) {
        size_t at = atomic_fetch_add(&crew->next, 1);
        if (at < batch->entry_count)
            crew_entry(&batch->entries[at], audit);
        else if (at - batch->entry_count < batch->block_count) {
            struct audit_block *block = &batch->blocks[at - batch->entry_count];
            if (block->has_certificate && rota_is_ok(block->certificate_form))
                block->certificate_status = rota_certificate_verify(&audit->epoch.membership, &block->certificate);
        } else
            return NULL;
    }
}

/* Keys granted inside the batch: their signatures come after the fact. */
static void crew_late_keys(struct audit *audit)
{
    for (size_t i = 0; i < audit->batch.entry_count; i++) {
        struct audit_entry *entry = &audit->batch.entries[i];
        if (!entry->parsed)
            continue;
        if (!entry->key_known)
            crew_signature(entry, audit);
        const struct rota_proposal *proposal = entry->kind == ROTA_ENTRY_PROPOSAL ? entry->entry.proposal : NULL;
        for (uint32_t op = 0; proposal != NULL && op < proposal->op_count; op++) {
            if (strcmp(proposal->ops[op].kind->name, "coordinator.grant") == 0 &&
                !audit_key_add(&audit->keys, &proposal->ops[op].key))
                audit_out_of_memory(audit);
        }
    }
}

void audit_crew_check(struct audit *audit)
{
    pthread_t threads[AUDIT_JOBS_MAX];
    struct audit_crew crew = {.audit = audit};
    uint32_t wanted = audit->options->jobs > AUDIT_JOBS_MAX ? AUDIT_JOBS_MAX : audit->options->jobs;
    uint32_t started = 0;
    atomic_init(&crew.next, 0);
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, crew_run, &crew) == 0)
        started++;
    crew_run(&crew);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    crew_late_keys(audit);
}
