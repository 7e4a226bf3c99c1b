/* The entries of one block: their places, their form, their authors. Checks D1 to D6, D9, D10, X1. */
#include "ledger/audit/inside.h"

#include "crypto/broken.h"

#include <inttypes.h>
#include <stdio.h>

static void entry_fail(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry,
                       enum audit_check check, const char *text)
{
    char where[128];
    audit_entry_words(where, sizeof where, audit, entry);
    audit_fail(audit, check, WEIGHT_INVALID, block->height, entry->leaf_index, "%s: %s", where, text);
}

/* The rows that stand where this block's entries should. */
static bool entries_places(struct audit *audit, const struct audit_block *block)
{
    const struct audit_entry *entries = &audit->batch.entries[block->first_entry];
    uint64_t first = audit->next_leaf;
    audit->next_leaf += (uint64_t)block->header.entry_count + 1;
    for (size_t i = 0; i < block->entry_count; i++) {
        const struct audit_entry *entry = &entries[i];
        if (i < block->header.entry_count && entry->leaf_index == first + i && entry->height == block->height &&
            entry->index == i)
            continue;
        if (i >= block->header.entry_count)
            audit_fail(audit, CHECK_D1, WEIGHT_INVALID, block->height, entry->leaf_index,
                       "the file holds more entries for this block than the %" PRIu32 " of its header",
                       block->header.entry_count);
        else
            audit_fail(audit, CHECK_D1, WEIGHT_INVALID, block->height, first + i,
                       "entry %zu of this block is missing or out of place", i);
        return false;
    }
    if (block->entry_count < block->header.entry_count) {
        audit_fail(audit, CHECK_D1, WEIGHT_INVALID, block->height, first + block->entry_count,
                   "the header of this block counts %" PRIu32 " entries, but the file holds %zu", block->header.entry_count,
                   block->entry_count);
        return false;
    }
    audit_pass(audit, CHECK_D1, block->entry_count);
    return true;
}

static bool entries_size(struct audit *audit, const struct audit_block *block)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < block->entry_count; i++)
        bytes += audit->batch.entries[block->first_entry + i].bytes_len;
    if (bytes <= audit->epoch.limits.block_bytes_max)
        return true;
    audit_fail(audit, CHECK_D10, WEIGHT_INVALID, block->height, UINT64_MAX,
               "this block holds %" PRIu64 " bytes of entries, more than the genesis allows", bytes);
    return false;
}

static bool entry_row(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    if (rota_is_ok(entry->row)) {
        audit_pass(audit, CHECK_A6, 1);
        return true;
    }
    audit_fail(audit, CHECK_A6, WEIGHT_INVALID, block->height, entry->leaf_index, "entry %" PRIu32 " of this block: %s",
               entry->index, entry->row.why);
    return false;
}

/* Id and bytes disagree: a good signature over the bytes tells which of them was touched. */
static bool entry_identity(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    char text[128];
    if (rota_hash_equal(&entry->id, &entry->real_id)) {
        audit_pass(audit, CHECK_D2, 1);
        return true;
    }
    struct audit_short said = audit_short_hex(entry->id.b), real = audit_short_hex(entry->real_id.b);
    if (entry->parsed && entry->key_known && rota_is_ok(entry->signature))
        snprintf(text, sizeof text, "the stored id is not that of the text, which is signed and has %s", real.text);
    else
        snprintf(text, sizeof text, "the stored text was altered: it hashes to %s, its id is %s", real.text, said.text);
    entry_fail(audit, block, entry, CHECK_D2, text);
    return false;
}

static bool proposal_form(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    if (entry->parsed) {
        audit_pass(audit, CHECK_D3, 1);
        audit_pass(audit, CHECK_D9, 1);
        audit_pass(audit, CHECK_D10, 1);
        return true;
    }
    if (!rota_is_ok(entry->form))
        entry_fail(audit, block, entry, CHECK_D3, entry->form.why);
    else if (!rota_is_ok(entry->json))
        entry_fail(audit, block, entry, CHECK_D9, entry->json.why);
    else
        entry_fail(audit, block, entry, entry->parse.code == ROTA_BAD_SIGNATURE ? CHECK_D4 : CHECK_D10, entry->parse.why);
    return false;
}

static bool proposal_key(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    struct rota_coordinator author;
    const struct rota_kid *kid = &entry->entry.proposal->jws.kid;
    if (audit->broken)
        return entry->key_known;
    if (!rota_is_ok(rota_state_coordinator(&author, audit->state, kid)) || author.from_height >= block->height) {
        entry_fail(audit, block, entry, CHECK_D5, "signed with a key that may not sign yet, or never, in this ledger");
        return false;
    }
    audit_pass(audit, CHECK_D5, 1);
    return true;
}

static bool proposal_signed(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    if (!rota_is_ok(entry->signature)) {
        entry_fail(audit, block, entry, CHECK_D4, "the signature is not its coordinator's");
        return false;
    }
    audit_pass(audit, CHECK_D4, 1);
    if (!rota_hash_equal(&entry->entry.proposal->ledger_id, &audit->genesis.ledger_id)) {
        entry_fail(audit, block, entry, CHECK_D6, "signed for another ledger");
        return false;
    }
    audit_pass(audit, CHECK_D6, 1);
    return true;
}

static bool entry_proposal(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    return proposal_form(audit, block, entry) && proposal_key(audit, block, entry) && proposal_signed(audit, block, entry);
}

static bool entry_signed_by_members(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    const char *wrong = NULL;
    if (!entry->parsed)
        wrong = entry->parse.why;
    else if (!entry->key_known)
        wrong = "it names a key that this ledger does not know";
    else if (ROTA_BROKEN(audit_takes_any_evidence, !rota_is_ok(entry->signature), false))
        wrong = entry->signature.why;
    if (wrong != NULL)
        entry_fail(audit, block, entry, CHECK_X1, wrong);
    else
        audit_pass(audit, CHECK_X1, 1);
    return wrong == NULL;
}

static bool entry_tick(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    if (!rota_entry_is_tick(&entry->entry))
        return true;
    if (!audit->broken &&
        ROTA_BROKEN(audit_takes_any_tick,
                    !rota_tick_may(block->header.time_ms, audit->parent_time_ms, audit->epoch.timers.tick_ms), false)) {
        entry_fail(audit, block, entry, CHECK_C7, "a TICK, and the block before it is not old enough for one");
        return false;
    }
    audit_pass(audit, CHECK_C7, 1);
    return true;
}

bool audit_entries_judge(struct audit *audit, const struct audit_block *block)
{
    bool sound = audit->broken || entries_places(audit, block);
    for (size_t i = 0; i < block->entry_count && !audit->full; i++) {
        const struct audit_entry *entry = &audit->batch.entries[block->first_entry + i];
        bool fine = entry_row(audit, block, entry) && entry_identity(audit, block, entry);
        if (fine && entry->kind == ROTA_ENTRY_PROPOSAL)
            fine = entry_proposal(audit, block, entry);
        else if (fine && entry->kind == ROTA_ENTRY_CONFIG)
            fine = audit_epoch_change_judge(audit, block, entry);
        else if (fine)
            fine = entry_signed_by_members(audit, block, entry) && entry_tick(audit, block, entry);
        sound = sound && fine;
    }
    return entries_size(audit, block) && sound;
}
