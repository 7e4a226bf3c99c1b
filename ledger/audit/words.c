#include "ledger/audit/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct audit_short audit_short_hex(const uint8_t *bytes)
{
    char hex[9];
    struct audit_short out;
    rota_hex_encode(hex, rota_view(bytes, 4));
    snprintf(out.text, sizeof out.text, "%s...", hex);
    return out;
}

void audit_member_names(char out[AUDIT_NAMES_MAX], const struct rota_membership *membership, uint32_t mask)
{
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < membership->count; i++) {
        if ((mask >> i & 1) == 0)
            continue;
        bool last = i == 31 || mask >> (i + 1) == 0;
        const char *before = at == 0 ? "" : last ? " and " : ", ";
        int length = snprintf(out + at, AUDIT_NAMES_MAX - at, "%s%s", before, membership->members[i].id.text);
        if (length < 0 || (size_t)length >= AUDIT_NAMES_MAX - at) {
            snprintf(out + at, AUDIT_NAMES_MAX - at, at + 8 < AUDIT_NAMES_MAX ? ", ..." : "");
            return;
        }
        at += (size_t)length;
    }
}

/* "9f3c12ab... (chief-west, west)", from the schedule if the key is known there. */
static void words_key(char *out, size_t size, const struct audit *audit, const struct rota_kid *kid)
{
    struct rota_coordinator known;
    if (audit->state != NULL && rota_is_ok(rota_state_coordinator(&known, audit->state, kid)))
        snprintf(out, size, "%s (%s, %s)", audit_short_hex(kid->b).text, known.label.text, known.facility.text);
    else
        snprintf(out, size, "%s", audit_short_hex(kid->b).text);
}

void audit_entry_words(char *out, size_t size, const struct audit *audit, const struct audit_entry *entry)
{
    char key[96];
    const char *kind = rota_entry_kind_name((enum rota_entry_kind)entry->kind);
    struct audit_short id = audit_short_hex(entry->id.b);
    if (!entry->parsed || entry->kind != ROTA_ENTRY_PROPOSAL) {
        snprintf(out, size, "%s %s", kind, id.text);
        return;
    }
    words_key(key, sizeof key, audit, &entry->entry.proposal->jws.kid);
    snprintf(out, size, "%s %s of key %s", kind, id.text, key);
}

static void words_anomaly(char *out, size_t size, const struct audit *audit, uint64_t height,
                          const struct rota_evidence *evidence)
{
    char key[96];
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR) {
        words_key(key, sizeof key, audit, &evidence->first->jws.kid);
        snprintf(out, size,
                 "key %s signed two different proposals with seq %" PRIu64 ": %s and %s; suspended from block %" PRIu64, key,
                 evidence->first->seq, audit_short_hex(evidence->first->id.b).text,
                 audit_short_hex(evidence->second->id.b).text, height);
        return;
    }
    const struct rota_membership *membership = &rota_state_epoch_number(audit->state, evidence->epoch)->membership;
    if (rota_state_was_amnesia(audit->state, evidence))
        rota_evidence_amnesia_words(out, size, evidence, membership);
    else
        rota_evidence_words(out, size, evidence, membership);
}

static bool anomaly_add(struct audit *audit, const struct rota_audit_anomaly *anomaly)
{
    struct rota_audit_report *report = audit->report;
    struct rota_audit_anomaly *grown = realloc(report->anomalies, (report->anomaly_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    report->anomalies = grown;
    grown[report->anomaly_count++] = *anomaly;
    return true;
}

bool audit_anomaly_add(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    struct rota_audit_anomaly anomaly = {.height = block->height, .leaf_index = entry->leaf_index, .evidence = entry->id};
    anomaly.amnesia = rota_state_was_amnesia(audit->state, entry->entry.evidence);
    words_anomaly(anomaly.text, sizeof anomaly.text, audit, block->height, entry->entry.evidence);
    return anomaly_add(audit, &anomaly);
}

bool audit_recovery_add(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    struct rota_audit_report *report = audit->report;
    const struct rota_record *record = entry->entry.record;
    if (record->kind != ROTA_RECORD_RECOVERED)
        return true;
    struct rota_audit_recovery *grown = realloc(report->recoveries, (report->recovery_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    report->recoveries = grown;
    struct rota_audit_recovery *recovery = &grown[report->recovery_count++];
    *recovery = (struct rota_audit_recovery){.height = block->height, .leaf_index = entry->leaf_index};
    rota_recovered_words(recovery->text, sizeof recovery->text, &record->recovered,
                         &rota_state_epoch_at(audit->state, block->height)->membership);
    return true;
}

bool audit_anomaly_add_found(struct audit *audit, uint64_t height, uint64_t leaf_index, const struct rota_evidence *evidence)
{
    struct rota_audit_anomaly anomaly = {.height = height, .leaf_index = leaf_index, .evidence = evidence->id};
    words_anomaly(anomaly.text, sizeof anomaly.text, audit, height, evidence);
    size_t len = strlen(anomaly.text);
    snprintf(anomaly.text + len, sizeof anomaly.text - len,
             "; the chain rests on one, this file's node kept the other: rota evidence export %.8s",
             audit_short_hex(evidence->id.b).text);
    return anomaly_add(audit, &anomaly);
}
