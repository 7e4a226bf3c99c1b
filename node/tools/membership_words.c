#include "node/tools/membership_words.h"

#include <stdarg.h>

enum { WORDS_LINE_MAX = 36 * ROTA_MEMBERS_MAX, WORDS_KEY_CHARS = 2 * ROTA_ED25519_PUBLIC_BYTES + 1 };

/* Two epochs, and the lines that are made of them. A member that stays is the one with the same id. */
struct words {
    const struct rota_membership *before, *after;
    json_t *lines;
};

__attribute__((format(printf, 3, 4))) static void words_add(const struct words *words, const char *what, const char *format,
                                                            ...)
{
    char text[WORDS_LINE_MAX];
    va_list arguments;
    json_t *line = json_object();
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rota_result_text(line, "what", what);
    rota_result_text(line, "text", text);
    (void)json_array_append_new(words->lines, line);
}

/* ---- one member ----------------------------------------------------------------------------------------------------- */

static bool key_same(const struct rota_ed25519_public *a, const struct rota_ed25519_public *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static void key_hex(char out[WORDS_KEY_CHARS], const struct rota_ed25519_public *key)
{
    rota_hex_encode(out, rota_view(key->b, sizeof key->b));
}

/* Keys are written out, as rota key show writes them: two that begin alike can be made. */
static void key_change(const struct words *words, const char *what, const char *id, const struct rota_ed25519_public *was,
                       const struct rota_ed25519_public *is)
{
    char old[WORDS_KEY_CHARS], new[WORDS_KEY_CHARS];
    key_hex(old, was);
    key_hex(new, is);
    if (!key_same(was, is))
        words_add(words, what, "%s: %s -> %s", id, old, new);
}

static void member_join(const struct words *words, const struct rota_member *member)
{
    char key[WORDS_KEY_CHARS], admin[WORDS_KEY_CHARS];
    key_hex(key, &member->key);
    key_hex(admin, &member->admin);
    words_add(words, "joins", "%s at %s", member->id.text, member->address);
    words_add(words, "key", "%s: %s", member->id.text, key);
    words_add(words, "admin key", "%s: %s", member->id.text, key_same(&member->key, &member->admin) ? "its own key" : admin);
}

static void member_stay(const struct words *words, const struct rota_member *was, const struct rota_member *is)
{
    key_change(words, "key", is->id.text, &was->key, &is->key);
    key_change(words, "admin key", is->id.text, &was->admin, &is->admin);
    if (strcmp(was->address, is->address) != 0)
        words_add(words, "moves", "%s from %s to %s", is->id.text, was->address, is->address);
}

/* NULL: it is no member there. */
static const struct rota_member *member_in(const struct rota_membership *membership, const struct rota_member *member)
{
    uint32_t index = rota_member_find(membership, &member->id);
    return index < membership->count ? &membership->members[index] : NULL;
}

static void words_members(const struct words *words)
{
    for (uint32_t i = 0; i < words->after->count; i++) {
        const struct rota_member *is = &words->after->members[i], *was = member_in(words->before, is);
        if (was)
            member_stay(words, was, is);
        else
            member_join(words, is);
    }
    for (uint32_t i = 0; i < words->before->count; i++)
        if (!member_in(words->after, &words->before->members[i]))
            words_add(words, "leaves", "%s", words->before->members[i].id.text);
}

/* A place in the list is a turn to lead. Those who only move up because somebody left are in no other order. */
static void words_order(const struct words *words)
{
    char list[WORDS_LINE_MAX] = "";
    size_t len = 0;
    uint32_t last = 0;
    bool another = false;
    for (uint32_t i = 0; i < words->after->count; i++) {
        const struct rota_member *is = &words->after->members[i];
        uint32_t place = rota_member_find(words->before, &is->id);
        another = another || place < last;
        last = place; /* of one that joins: behind all others */
        if (len < sizeof list)
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i == 0 ? "" : ", ", is->id.text);
    }
    if (another)
        words_add(words, "order", "%s", list);
}

/* ---- the rest of the document --------------------------------------------------------------------------------------- */

static void words_numbers(const struct words *words, const char *what, json_t *before, json_t *after)
{
    const char *name;
    json_t *is;
    json_object_foreach(after, name, is)
    {
        const json_t *was = json_object_get(before, name);
        if (!json_equal(was, is))
            words_add(words, what, "%s: %lld -> %lld", name, (long long)json_integer_value(was),
                      (long long)json_integer_value(is));
    }
    json_decref(before);
    json_decref(after);
}

static const char *profile_name(enum rota_profile profile)
{
    return profile == ROTA_PROFILE_CRASH ? "crash" : "byzantine";
}

static void words_counts(const struct words *words)
{
    const struct rota_membership *before = words->before, *after = words->after;
    uint32_t quorum = rota_quorum(after->count, after->profile);
    words_add(words, "epoch", "%u -> %u", before->epoch, after->epoch);
    words_add(words, "facilities", "%u -> %u", before->count, after->count);
    words_add(words, "may lie", "%u -> %u", rota_fault_bound(before->count, before->profile),
              rota_fault_bound(after->count, after->profile));
    words_add(words, "decide", "%u -> %u (so %u may be away)", rota_quorum(before->count, before->profile), quorum,
              after->count - quorum);
    if (before->profile != after->profile)
        words_add(words, "profile", "%s -> %s", profile_name(before->profile), profile_name(after->profile));
}

static void words_accepts(const struct words *words, uint32_t consents)
{
    for (uint32_t bit = 1; bit <= ROTA_CONSENT_CRASH_PROFILE; bit <<= 1)
        if (consents & bit)
            words_add(words, "accepts", "%s", rota_consent_name((enum rota_consent)bit));
}

/* ---- warnings ------------------------------------------------------------------------------------------------------- */

/* Who loses what, and the number of those whose votes are not the votes of a present key. */
static uint32_t warn_of_members(const struct words *words)
{
    uint32_t fresh = 0;
    for (uint32_t i = 0; i < words->before->count; i++) {
        const struct rota_member *was = &words->before->members[i], *is = member_in(words->after, was);
        if (!is)
            words_add(words, "WARNING", "%s votes and approves no more", was->id.text);
        if (is && !key_same(&was->key, &is->key))
            words_add(words, "WARNING", "who holds the new key votes as %s: ask %s whether it is theirs", was->id.text,
                      was->id.text);
        if (is && !key_same(&was->admin, &is->admin))
            words_add(words, "WARNING", "who holds the new admin key approves of members as %s: ask %s whether it is theirs",
                      was->id.text, was->id.text);
    }
    for (uint32_t i = 0; i < words->after->count; i++) {
        const struct rota_member *was = member_in(words->before, &words->after->members[i]);
        fresh += !was || !key_same(&was->key, &words->after->members[i].key);
    }
    return fresh;
}

static void warn_of_numbers(const struct words *words, const struct rota_epoch *current, const struct rota_epoch *next)
{
    const struct rota_membership *before = words->before, *after = words->after;
    if (rota_fault_bound(after->count, after->profile) < rota_fault_bound(before->count, before->profile))
        words_add(words, "WARNING", "fewer facilities may lie than now");
    if (after->profile == ROTA_PROFILE_CRASH && before->profile != ROTA_PROFILE_CRASH)
        words_add(words, "WARNING",
                  "nobody may lie in the crash profile: one facility that does can make the others hold different ledgers");
    if (after->count == 2)
        words_add(words, "WARNING", "two facilities are less available than one: if either is away, nothing is decided");
    if (after->count == 3 && after->profile == ROTA_PROFILE_BYZANTINE)
        words_add(words, "WARNING", "of three facilities none may lie; four are the smallest number that tolerates a liar");
    if (next->timers.tick_ms == 0 && current->timers.tick_ms != 0)
        words_add(words, "WARNING", "without TICKs nobody can tell from a file whether its end was cut off");
}

static void words_warnings(const struct words *words, const struct rota_epoch *current, const struct rota_epoch *next)
{
    uint32_t fresh = warn_of_members(words), quorum = rota_quorum(words->after->count, words->after->profile);
    if (fresh >= quorum)
        words_add(words, "WARNING", "%u facilities have keys that have no vote now, and %u decide: they can do so alone",
                  fresh, quorum);
    warn_of_numbers(words, current, next);
}

/* ---- all of it ------------------------------------------------------------------------------------------------------ */

json_t *rota_epoch_differences(const struct rota_epoch *current, const struct rota_epoch *next)
{
    char document[2 * ROTA_HASH_BYTES + 1];
    struct words words = {.before = &current->membership, .after = &next->membership, .lines = json_array()};
    rota_hex_encode(document, rota_view(next->membership.config_hash.b, ROTA_HASH_BYTES));
    words_add(&words, "document", "%s", document);
    words_members(&words);
    words_order(&words);
    words_counts(&words);
    words_numbers(&words, "limit", rota_limits_json(&current->limits), rota_limits_json(&next->limits));
    words_numbers(&words, "timer", rota_timers_json(&current->timers), rota_timers_json(&next->timers));
    words_accepts(&words, next->consents);
    words_warnings(&words, current, next);
    return words.lines;
}

void rota_epoch_explain(FILE *out, const struct rota_epoch *current, const struct rota_epoch *next)
{
    size_t index;
    json_t *line;
    ROTA_CLEANUP(rota_json_release) json_t *lines = rota_epoch_differences(current, next);
    json_array_foreach(lines, index, line)
    {
        const char *what = json_string_value(json_object_get(line, "what"));
        bool warning = strcmp(what, "WARNING") == 0;
        (void)fprintf(out, "%s%-11s%s %s\n", warning ? rota_red(out) : "", what, warning ? rota_plain(out) : "",
                      json_string_value(json_object_get(line, "text")));
    }
}

void rota_discontinuity_explain(FILE *out, const struct rota_epoch *next)
{
    char block[2 * ROTA_HASH_BYTES + 1];
    unsigned long long height = next->discontinuity.height;
    if (!rota_epoch_is_discontinuity(next))
        return;
    rota_hex_encode(block, rota_view(next->discontinuity.block.b, ROTA_HASH_BYTES));
    (void)fprintf(out,
                  "\nDISCONTINUITY: this is a recovery manifest. It is for the case that a quorum is lost for good.\n"
                  "kept        block %llu and everything below it; block %llu is\n            %s\n"
                  "given up    whatever anybody holds above block %llu, also if a quorum certified it and its authors hold\n"
                  "            receipts; such a file no longer goes on\n"
                  "ask         which survivors' ledgers were compared, and that block %llu is the highest that any of them\n"
                  "            holds with its certificate; do not go on without an answer\n"
                  "sign once   an administrator signs at most one recovery manifest for epoch %u: two of them are two\n"
                  "            ledgers, and name whoever signed both\n"
                  "for ever    every audit and every later receipt shows it\n",
                  height, height, block, height, height, next->membership.epoch);
    for (uint32_t i = 0; i < next->membership.count; i++)
        (void)fprintf(out, "%s%s at %s\n", i == 0 ? "go on       " : "            ", next->membership.members[i].id.text,
                      next->membership.members[i].address);
    (void)fputc('\n', out);
}
