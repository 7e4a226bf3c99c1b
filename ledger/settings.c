#include "ledger/settings.h"

#include "crypto/json.h"
#include "crypto/keyfile.h"

static struct rota_status malformed(const char *why)
{
    return rota_fail(ROTA_MALFORMED, why);
}

/* ---- members -------------------------------------------------------------------------------------------------------- */

/* "tcp://host:port": enough to say what is wrong early; the network has the last word. */
static bool address_is_plausible(struct rota_view address)
{
    static const char scheme[] = "tcp://";
    size_t prefix = sizeof scheme - 1;
    if (address.len <= prefix || memcmp(address.data, scheme, prefix) != 0)
        return false;
    for (size_t i = prefix; i < address.len; i++)
        if (address.data[i] <= ' ' || address.data[i] > '~')
            return false;
    return memchr(address.data + prefix, ':', address.len - prefix) != NULL;
}

/* A key under this name and the proof that its maker holds the secret. */
static struct rota_status key_read(struct rota_ed25519_public *out, const json_t *object, enum rota_key_role role,
                                   const struct rota_token *label, const char *key_name, const char *proof_name)
{
    uint8_t key[ROTA_ED25519_PUBLIC_BYTES];
    struct rota_signature proof;
    ROTA_TRY(rota_json_hex(key, sizeof key, object, key_name));
    ROTA_TRY(rota_json_hex(proof.b, sizeof proof.b, object, proof_name));
    ROTA_TRY(rota_ed25519_public_parse(out, rota_view(key, sizeof key)));
    if (!rota_possession_verify(role, label, rota_view(key, sizeof key), &proof))
        return malformed("a facility's proof that it holds its key does not verify (is the id the key's label?)");
    return rota_ok();
}

static struct rota_status member_read(struct rota_member *out, const json_t *object)
{
    static const char *const names[] = {"id", "key", "possession", "address", "admin", "admin_possession", NULL};
    struct rota_view address;
    if (!rota_json_only(object, names))
        return malformed("a member has exactly id, key, possession, address and, if wanted, admin and admin_possession");
    ROTA_TRY(rota_json_token(&out->id, object, "id"));
    ROTA_TRY(key_read(&out->key, object, ROTA_KEY_FACILITY, &out->id, "key", "possession"));
    out->admin = out->key;
    if (json_object_get(object, "admin") || json_object_get(object, "admin_possession"))
        ROTA_TRY(key_read(&out->admin, object, ROTA_KEY_ADMIN, &out->id, "admin", "admin_possession"));
    ROTA_TRY(rota_json_text(&address, object, "address"));
    if (!address_is_plausible(address) || address.len >= sizeof out->address)
        return malformed("a facility's address is written tcp://host:port");
    memcpy(out->address, address.data, address.len);
    return rota_ok();
}

static bool keys_equal(const struct rota_ed25519_public *a, const struct rota_ed25519_public *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static bool members_collide(const struct rota_member *a, const struct rota_member *b)
{
    return rota_token_equal(&a->id, &b->id) || strcmp(a->address, b->address) == 0 || keys_equal(&a->key, &b->key) ||
           keys_equal(&a->admin, &b->admin) || keys_equal(&a->key, &b->admin) || keys_equal(&a->admin, &b->key);
}

struct rota_status rota_members_parse(struct rota_membership *out, const json_t *root)
{
    const json_t *list = json_object_get(root, "members");
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > ROTA_MEMBERS_MAX)
        return malformed("\"members\" is a list of 1 to 31 facilities");
    out->count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < out->count; i++) {
        ROTA_TRY(member_read(&out->members[i], json_array_get(list, i)));
        for (uint32_t k = 0; k < i; k++)
            if (members_collide(&out->members[i], &out->members[k]))
                return malformed("two facilities share an id, a key or an address");
    }
    return rota_ok();
}

struct rota_status rota_profile_parse(enum rota_profile *out, const json_t *root)
{
    struct rota_view profile;
    ROTA_TRY(rota_json_text(&profile, root, "profile"));
    bool crash = rota_view_equal(profile, rota_view_text("crash"));
    *out = crash ? ROTA_PROFILE_CRASH : ROTA_PROFILE_BYZANTINE;
    if (!crash && !rota_view_equal(profile, rota_view_text("byzantine")))
        return malformed("\"profile\" is byzantine or crash");
    return rota_ok();
}

/* ---- limits and timers ---------------------------------------------------------------------------------------------- */

struct number_rule {
    const char *name;
    size_t offset; /* in its struct */
    uint32_t preset, min, max;
};

/* Shorter periods than a second fill a ledger with nothing. */
enum { TICK_MS_MIN = 1000 };

static const struct number_rule limit_rules[] = {
    {"block_entries", offsetof(struct rota_limits, block_entries_max), 256, 1, 1024},
    {"block_bytes", offsetof(struct rota_limits, block_bytes_max), 262144, 131072, 1000000},
    {"window", offsetof(struct rota_limits, window), 16, 1, 16}};

static const struct number_rule timer_rules[] = {
    {"heartbeat_ms", offsetof(struct rota_timers, heartbeat_ms), 100, 10, 60000},
    {"suspect_ms", offsetof(struct rota_timers, suspect_ms), 500, 50, 600000},
    {"progress_ms", offsetof(struct rota_timers, progress_ms), 1000, 50, 600000},
    {"request_ms", offsetof(struct rota_timers, request_ms), 1300, 50, 600000},
    {"view_change_ms", offsetof(struct rota_timers, view_change_ms), 1000, 50, 600000},
    {"status_ms", offsetof(struct rota_timers, status_ms), 500, 10, 60000},
    {"clock_ms", offsetof(struct rota_timers, clock_ms), 500, 1, 600000},
    {"latency_ms", offsetof(struct rota_timers, latency_ms), 400, 10, 600000},
    {"rotate_ms", offsetof(struct rota_timers, rotate_ms), 600000, 0, 86400000},
    {"rotate_blocks", offsetof(struct rota_timers, rotate_blocks), 4096, 0, 1000000000},
    {"tick_ms", offsetof(struct rota_timers, tick_ms), 0, 0, 86400000}};

enum { LIMIT_RULES = sizeof limit_rules / sizeof limit_rules[0], TIMER_RULES = sizeof timer_rules / sizeof timer_rules[0] };

/* How many numbers a document may list: documents that were written before there were more than seven timers, and before
 * there were ticks, are as good as ever. The last is all. */
enum { NUMBER_FORMS = 3 };
static const size_t limit_forms[NUMBER_FORMS] = {LIMIT_RULES, LIMIT_RULES, LIMIT_RULES};
static const size_t timer_forms[NUMBER_FORMS] = {TIMER_RULES - 4, TIMER_RULES - 1, TIMER_RULES};

static uint32_t *number_at(void *numbers, const struct number_rule *rule)
{
    return (uint32_t *)(void *)((uint8_t *)numbers + rule->offset);
}

/* A missing object leaves the presets; a given one has the first so many numbers of the list, as one of `forms` says. */
static struct rota_status numbers_read(void *numbers, const json_t *object, const struct number_rule *rules,
                                       const size_t forms[NUMBER_FORMS])
{
    size_t given = json_object_size(object), form = 0;
    for (size_t i = 0; i < forms[NUMBER_FORMS - 1]; i++)
        *number_at(numbers, &rules[i]) = rules[i].preset;
    if (!object)
        return rota_ok();
    while (form < NUMBER_FORMS && forms[form] != given)
        form++;
    if (!json_is_object(object) || form == NUMBER_FORMS)
        return malformed("\"limits\" and \"timers\", where given, list every number and no other");
    for (size_t i = 0; i < given; i++) {
        uint64_t value;
        ROTA_TRY(rota_json_u64(&value, object, rules[i].name));
        if (value < rules[i].min || value > rules[i].max)
            return malformed("a number of \"limits\" or \"timers\" is outside its range (FORMATS section 4)");
        *number_at(numbers, &rules[i]) = (uint32_t)value;
    }
    return rota_ok();
}

struct rota_status rota_settings_parse(struct rota_limits *limits, struct rota_timers *timers, const json_t *root)
{
    ROTA_TRY(numbers_read(limits, json_object_get(root, "limits"), limit_rules, limit_forms));
    ROTA_TRY(numbers_read(timers, json_object_get(root, "timers"), timer_rules, timer_forms));
    if (timers->tick_ms != 0 && timers->tick_ms < TICK_MS_MIN)
        return malformed("\"tick_ms\" is 0 (never) or at least 1000");
    return rota_ok();
}

static json_t *numbers_json(const void *numbers, const struct number_rule *rules, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        uint32_t value;
        memcpy(&value, (const uint8_t *)numbers + rules[i].offset, sizeof value);
        json_object_set_new(object, rules[i].name, json_integer(value));
    }
    return object;
}

json_t *rota_limits_json(const struct rota_limits *limits)
{
    return numbers_json(limits, limit_rules, LIMIT_RULES);
}

json_t *rota_timers_json(const struct rota_timers *timers)
{
    return numbers_json(timers, timer_rules, TIMER_RULES);
}
