#include "ledger/epoch.h"

#include "crypto/broken.h"
#include "crypto/digest.h"
#include "crypto/json.h"

static struct rota_status malformed(const char *why)
{
    return rota_fail(ROTA_MALFORMED, why);
}

static const struct {
    enum rota_consent consent;
    const char *name;
} consent_rows[] = {{ROTA_CONSENT_TWO_MEMBERS, "two-members"},
                    {ROTA_CONSENT_FEWER_LIARS, "fewer-liars"},
                    {ROTA_CONSENT_CRASH_PROFILE, "crash-profile"}};

enum { CONSENT_ROWS = sizeof consent_rows / sizeof consent_rows[0] };

const char *rota_consent_name(enum rota_consent consent)
{
    for (size_t i = 0; i < CONSENT_ROWS; i++)
        if (consent_rows[i].consent == consent)
            return consent_rows[i].name;
    return NULL;
}

void rota_epoch_of_genesis(struct rota_epoch *out, const struct rota_genesis *genesis)
{
    memset(out, 0, sizeof *out);
    out->membership = genesis->membership;
    out->limits = genesis->limits;
    out->timers = genesis->timers;
}

bool rota_epoch_is_discontinuity(const struct rota_epoch *epoch)
{
    return epoch->discontinuity.height > 0;
}

struct rota_hash rota_epoch_hash(struct rota_view document)
{
    return rota_hash_of(ROTA_TAG("epoch"), document);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static struct rota_status consents_read(uint32_t *out, const json_t *root)
{
    const json_t *list = json_object_get(root, "accepts");
    *out = 0;
    if (!list)
        return rota_ok();
    if (!json_is_array(list) || json_array_size(list) > CONSENT_ROWS)
        return malformed("\"accepts\" is a list of two-members, fewer-liars, crash-profile");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        uint32_t bit = 0;
        for (size_t k = 0; name && k < CONSENT_ROWS; k++)
            if (strcmp(name, consent_rows[k].name) == 0)
                bit = (uint32_t)consent_rows[k].consent;
        if (bit == 0 || (*out & bit))
            return malformed("\"accepts\" names two-members, fewer-liars or crash-profile, each at most once");
        *out |= bit;
    }
    return rota_ok();
}

static struct rota_status discontinuity_read(struct rota_epoch *out, const json_t *root)
{
    static const char *const names[] = {"height", "block", NULL};
    const json_t *object = json_object_get(root, "discontinuity");
    if (!object)
        return rota_ok();
    if (!json_is_object(object) || !rota_json_only(object, names))
        return malformed("\"discontinuity\" names the height and the block that are kept, and nothing else");
    ROTA_TRY(rota_json_u64(&out->discontinuity.height, object, "height"));
    ROTA_TRY(rota_json_hex(out->discontinuity.block.b, ROTA_HASH_BYTES, object, "block"));
    if (out->discontinuity.height == 0)
        return malformed("a recovery manifest keeps at least block 1: with no block there is nothing to recover");
    if (out->limits.block_entries_max < 2)
        return malformed("an epoch that begins with a recovery manifest has blocks of at least two entries: the anchor of a "
                         "NEW-VIEW may have to stand beside it");
    return rota_ok();
}

static struct rota_status document_read(struct rota_epoch *out, const json_t *root)
{
    static const char *const names[] = {"format", "ledger", "epoch",   "previous",      "profile", "members",
                                        "limits", "timers", "accepts", "discontinuity", NULL};
    struct rota_view format;
    uint64_t epoch;
    if (!json_is_object(root) || !rota_json_only(root, names))
        return malformed("an epoch document with a member that this format does not know");
    ROTA_TRY(rota_json_text(&format, root, "format"));
    if (!rota_view_equal(format, rota_view_text("rotaledger/epoch/v1")))
        return rota_fail(ROTA_UNSUPPORTED, "an epoch document of another format than rotaledger/epoch/v1");
    ROTA_TRY(rota_json_hex(out->membership.ledger_id.b, ROTA_HASH_BYTES, root, "ledger"));
    ROTA_TRY(rota_json_u64(&epoch, root, "epoch"));
    if (epoch == 0 || epoch > UINT32_MAX)
        return malformed("an epoch document is for epoch 1 or a later one");
    out->membership.epoch = (uint32_t)epoch;
    ROTA_TRY(rota_json_hex(out->previous.b, ROTA_HASH_BYTES, root, "previous"));
    ROTA_TRY(rota_profile_parse(&out->membership.profile, root));
    ROTA_TRY(rota_members_parse(&out->membership, root));
    if (!json_object_get(root, "limits") || !json_object_get(root, "timers"))
        return malformed("an epoch document lists its limits and timers");
    ROTA_TRY(rota_settings_parse(&out->limits, &out->timers, root));
    out->membership.block_entries_max = out->limits.block_entries_max;
    ROTA_TRY(discontinuity_read(out, root));
    return consents_read(&out->consents, root);
}

struct rota_status rota_epoch_parse(struct rota_epoch *out, struct rota_view document)
{
    memset(out, 0, sizeof *out);
    json_t *root ROTA_CLEANUP(rota_json_release) = NULL;
    ROTA_TRY(rota_json_parse(&root, document, ROTA_EPOCH_DOCUMENT_BYTES_MAX));
    ROTA_TRY(document_read(out, root));
    out->membership.config_hash = rota_epoch_hash(document);
    out->membership.verify = rota_ed25519_verify;
    return rota_ok();
}

/* ---- the rule ------------------------------------------------------------------------------------------------------- */

uint32_t rota_epoch_consents_needed(const struct rota_epoch *next, const struct rota_epoch *current)
{
    const struct rota_membership *after = &next->membership, *before = &current->membership;
    uint32_t needed = 0;
    if (after->count == 2 && before->count != 2)
        needed |= ROTA_CONSENT_TWO_MEMBERS;
    if (rota_fault_bound(after->count, after->profile) < rota_fault_bound(before->count, before->profile))
        needed |= ROTA_CONSENT_FEWER_LIARS;
    if (after->profile == ROTA_PROFILE_CRASH && before->profile != ROTA_PROFILE_CRASH)
        needed |= ROTA_CONSENT_CRASH_PROFILE;
    return needed;
}

struct rota_status rota_epoch_follows(const struct rota_epoch *next, const struct rota_epoch *current)
{
    const struct rota_membership *after = &next->membership, *before = &current->membership;
    if (!rota_hash_equal(&after->ledger_id, &before->ledger_id))
        return rota_fail(ROTA_WRONG_LEDGER, "the epoch document is for another ledger");
    if (rota_hash_equal(&after->config_hash, &before->config_hash))
        return rota_fail(ROTA_EXISTS, "this epoch document is in force already");
    if (after->epoch <= before->epoch)
        return rota_fail(ROTA_REFUSED, "the members changed meanwhile: this epoch document is for an epoch that has begun "
                                       "with another one; draft it anew");
    if (after->epoch != before->epoch + 1 ||
        ROTA_BROKEN(epoch_of_any_past, !rota_hash_equal(&next->previous, &before->config_hash), false))
        return rota_fail(ROTA_REFUSED, "the epoch document does not follow from the epoch in force");
    uint32_t missing =
        rota_epoch_consents_needed(next, current) & ~ROTA_BROKEN(dangers_need_no_word, next->consents, UINT32_MAX);
    if (missing & ROTA_CONSENT_TWO_MEMBERS)
        return rota_fail(ROTA_REFUSED, "two members are less available than one: the document must accept two-members");
    if (missing & ROTA_CONSENT_FEWER_LIARS)
        return rota_fail(ROTA_REFUSED, "fewer liars would be tolerated: the document must accept fewer-liars");
    if (missing & ROTA_CONSENT_CRASH_PROFILE)
        return rota_fail(ROTA_REFUSED, "nobody may lie in the crash profile: the document must accept crash-profile");
    return rota_ok();
}
