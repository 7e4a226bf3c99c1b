#include "ledger/genesis.h"

#include "crypto/digest.h"
#include "crypto/json.h"
#include "ledger/proposal.h"

#include <stdlib.h>

enum { COORDINATORS_MAX = 1024, PEOPLE_MAX = 65536, CODES_MAX = 4096 };

static struct rota_status malformed(const char *why)
{
    return rota_fail(ROTA_MALFORMED, why);
}

struct rota_hash rota_ledger_id(struct rota_view genesis_bytes)
{
    return rota_hash_of(ROTA_TAG("genesis"), genesis_bytes);
}

static bool facility_is_known(const struct rota_genesis *genesis, const struct rota_token *id)
{
    return rota_member_find(&genesis->membership, id) < genesis->membership.count;
}

/* ---- coordinators, people, codes ----------------------------------------------------------------------------------------
 */

struct rota_status rota_roles_parse(uint32_t *out, const json_t *list)
{
    *out = 0;
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > ROTA_ROLES_MAX)
        return malformed("\"roles\" is a list of scheduler, director or both");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *role = json_string_value(json_array_get(list, i));
        uint32_t bit = !role                            ? 0
                       : strcmp(role, "scheduler") == 0 ? ROTA_ROLE_SCHEDULER
                       : strcmp(role, "director") == 0  ? ROTA_ROLE_DIRECTOR
                                                        : 0;
        if (bit == 0 || (*out & bit))
            return malformed("a role is scheduler or director, each at most once");
        *out |= bit;
    }
    return rota_ok();
}

static struct rota_status coordinator_read(struct rota_genesis_coordinator *out, const struct rota_genesis *genesis,
                                           const json_t *object)
{
    static const char *const names[] = {"label", "key", "possession", "facility", "roles", NULL};
    uint8_t key[ROTA_ES256K_PUBLIC_BYTES];
    struct rota_signature possession;
    if (!rota_json_only(object, names))
        return malformed("a coordinator of the genesis has exactly label, key, possession, facility and roles");
    ROTA_TRY(rota_json_token(&out->label, object, "label"));
    ROTA_TRY(rota_json_hex(key, sizeof key, object, "key"));
    ROTA_TRY(rota_json_hex(possession.b, sizeof possession.b, object, "possession"));
    ROTA_TRY(rota_json_token(&out->facility, object, "facility"));
    ROTA_TRY(rota_es256k_public_parse(&out->key, rota_view(key, sizeof key)));
    ROTA_TRY(rota_roles_parse(&out->roles, json_object_get(object, "roles")));
    if (!rota_possession_verify(ROTA_KEY_COORDINATOR, &out->label, rota_view(key, sizeof key), &possession))
        return malformed("a coordinator's proof that they hold their key does not verify");
    if (!facility_is_known(genesis, &out->facility))
        return malformed("a coordinator belongs to a facility that is no member");
    return rota_ok();
}

static struct rota_status coordinators_read(struct rota_genesis *genesis, const json_t *root)
{
    const json_t *list = json_object_get(root, "coordinators");
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > COORDINATORS_MAX)
        return malformed("\"coordinators\" is a list of 1 to 1024 keys");
    genesis->coordinators = calloc(json_array_size(list), sizeof *genesis->coordinators);
    if (!genesis->coordinators)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a genesis");
    genesis->coordinator_count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < genesis->coordinator_count; i++) {
        struct rota_genesis_coordinator *coordinator = &genesis->coordinators[i];
        ROTA_TRY(coordinator_read(coordinator, genesis, json_array_get(list, i)));
        for (uint32_t k = 0; k < i; k++)
            if (rota_kid_equal(&coordinator->key.kid, &genesis->coordinators[k].key.kid) ||
                rota_token_equal(&coordinator->label, &genesis->coordinators[k].label))
                return malformed("two coordinators of the genesis share a key or a label");
    }
    return rota_ok();
}

static int token_order(const void *a, const void *b)
{
    return memcmp(((const struct rota_token *)a)->text, ((const struct rota_token *)b)->text, sizeof(struct rota_token));
}

/* True when two of `count` tokens are equal; `stride` bytes apart, first member of each item. */
static bool tokens_repeat(const void *items, size_t count, size_t stride)
{
    struct rota_token *sorted = calloc(count ? count : 1, sizeof *sorted);
    if (!sorted)
        return true;
    for (size_t i = 0; i < count; i++)
        memcpy(&sorted[i], (const uint8_t *)items + i * stride, sizeof sorted[i]);
    qsort(sorted, count, sizeof *sorted, token_order);
    bool repeat = false;
    for (size_t i = 1; i < count && !repeat; i++)
        repeat = rota_token_equal(&sorted[i], &sorted[i - 1]);
    free(sorted);
    return repeat;
}

static struct rota_status people_read(struct rota_genesis *genesis, const json_t *root)
{
    static const char *const names[] = {"id", "home", NULL};
    const json_t *list = json_object_get(root, "people");
    if (!list)
        return rota_ok();
    if (!json_is_array(list) || json_array_size(list) > PEOPLE_MAX)
        return malformed("\"people\" is a list of at most 65536 people");
    genesis->people = calloc(json_array_size(list) + 1, sizeof *genesis->people);
    if (!genesis->people)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a genesis");
    genesis->person_count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < genesis->person_count; i++) {
        const json_t *object = json_array_get(list, i);
        if (!rota_json_only(object, names))
            return malformed("a person of the genesis has exactly id and home");
        ROTA_TRY(rota_json_token(&genesis->people[i].id, object, "id"));
        ROTA_TRY(rota_json_token(&genesis->people[i].home, object, "home"));
        if (!facility_is_known(genesis, &genesis->people[i].home))
            return malformed("a person's home is no member of the genesis");
    }
    if (tokens_repeat(genesis->people, genesis->person_count, sizeof *genesis->people))
        return malformed("two people of the genesis share an id");
    return rota_ok();
}

static struct rota_status codes_read(struct rota_genesis *genesis, const json_t *root)
{
    static const char *const names[] = {"id", "pool", NULL};
    const json_t *list = json_object_get(root, "codes");
    if (!list)
        return rota_ok();
    if (!json_is_array(list) || json_array_size(list) > CODES_MAX)
        return malformed("\"codes\" is a list of at most 4096 codes");
    genesis->codes = calloc(json_array_size(list) + 1, sizeof *genesis->codes);
    if (!genesis->codes)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a genesis");
    genesis->code_count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < genesis->code_count; i++) {
        const json_t *object = json_array_get(list, i);
        if (!rota_json_only(object, names))
            return malformed("a code of the genesis has an id and, if wanted, a pool");
        ROTA_TRY(rota_json_token(&genesis->codes[i].id, object, "id"));
        if (json_object_get(object, "pool"))
            ROTA_TRY(rota_json_token(&genesis->codes[i].pool, object, "pool"));
    }
    if (tokens_repeat(genesis->codes, genesis->code_count, sizeof *genesis->codes))
        return malformed("two codes of the genesis share an id");
    return rota_ok();
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static struct rota_status heading_read(struct rota_genesis *genesis, const json_t *root)
{
    static const char *const names[] = {"format", "name",  "created", "profile", "members", "coordinators",
                                        "people", "codes", "limits",  "timers",  NULL};
    struct rota_view format, created;
    int64_t minute;
    if (!json_is_object(root) || !rota_json_only(root, names))
        return malformed("a genesis with a member that this format does not know");
    ROTA_TRY(rota_json_text(&format, root, "format"));
    if (!rota_view_equal(format, rota_view_text("rotaledger/v1")))
        return rota_fail(ROTA_UNSUPPORTED, "a genesis of another format than rotaledger/v1");
    ROTA_TRY(rota_json_token(&genesis->name, root, "name"));
    ROTA_TRY(rota_json_text(&created, root, "created"));
    ROTA_TRY(rota_time_parse_minute(&minute, created));
    genesis->created_ms = (uint64_t)minute * 60000;
    return rota_profile_parse(&genesis->membership.profile, root);
}

static struct rota_status genesis_read(struct rota_genesis *genesis, const json_t *root)
{
    ROTA_TRY(heading_read(genesis, root));
    ROTA_TRY(rota_members_parse(&genesis->membership, root));
    ROTA_TRY(coordinators_read(genesis, root));
    ROTA_TRY(people_read(genesis, root));
    ROTA_TRY(codes_read(genesis, root));
    ROTA_TRY(rota_settings_parse(&genesis->limits, &genesis->timers, root));
    genesis->membership.block_entries_max = genesis->limits.block_entries_max;
    return rota_ok();
}

struct rota_status rota_genesis_parse(struct rota_genesis *out, struct rota_view bytes)
{
    memset(out, 0, sizeof *out);
    json_t *root ROTA_CLEANUP(rota_json_release) = NULL;
    ROTA_TRY(rota_json_parse(&root, bytes, ROTA_GENESIS_BYTES_MAX));
    out->bytes = malloc(bytes.len);
    if (!out->bytes)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a genesis");
    memcpy(out->bytes, bytes.data, bytes.len);
    out->len = bytes.len;
    struct rota_status status = genesis_read(out, root);
    if (!rota_is_ok(status)) {
        rota_genesis_free(out);
        return status;
    }
    out->ledger_id = rota_ledger_id(bytes);
    out->membership.ledger_id = out->ledger_id;
    out->membership.epoch = 0;
    out->membership.config_hash = rota_hash_of(ROTA_TAG("epoch"), bytes);
    out->membership.verify = rota_ed25519_verify;
    return rota_ok();
}

void rota_genesis_free(struct rota_genesis *genesis)
{
    free(genesis->bytes);
    free(genesis->coordinators);
    free(genesis->people);
    free(genesis->codes);
    memset(genesis, 0, sizeof *genesis);
}
