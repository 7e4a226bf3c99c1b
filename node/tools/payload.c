#include "node/tools/payload.h"

#include "ledger/schedule/operation.h"
#include "node/tools/genesis_words.h"
#include "node/tools/output.h"
#include "node/tools/suggest.h"

#include <stdarg.h>
#include <stdlib.h>

enum { PAYLOAD_WORDS_MAX = 2048 };

__attribute__((format(printf, 3, 4))) static json_t *payload_why(char *why, size_t why_size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, why_size, format, arguments);
    va_end(arguments);
    return NULL;
}

static json_t *payload_unknown_operation(char *why, size_t why_size, const char *name)
{
    struct rota_suggestion suggestion = {0};
    for (const struct rota_operation_kind *const *kind = rota_operation_kinds(); *kind != NULL; kind++)
        rota_suggestion_offer(&suggestion, name, (*kind)->name);
    if (suggestion.word != NULL)
        return payload_why(why, why_size, "there is no operation \"%s\"; did you mean \"%s\"?", name, suggestion.word);
    return payload_why(why, why_size, "there is no operation \"%s\"; see rota help proposal new", name);
}

static bool payload_knows_member(const struct rota_operation_kind *kind, const char *name, char *why, size_t why_size)
{
    struct rota_suggestion suggestion = {0};
    for (const char *const *member = kind->members; *member != NULL; member++) {
        if (strcmp(*member, name) == 0 && strcmp(name, "op") != 0)
            return true;
        rota_suggestion_offer(&suggestion, name, *member);
    }
    if (suggestion.word != NULL)
        (void)payload_why(why, why_size, "\"%s\" has no \"%s\"; did you mean \"%s\"?", kind->name, name, suggestion.word);
    else
        (void)payload_why(why, why_size, "\"%s\" has no \"%s\"", kind->name, name);
    return false;
}

/* Numbers and lists where the format has them, text elsewhere. */
static json_t *payload_value(const char *name, const char *text)
{
    char *end = NULL;
    if (strcmp(name, "roles") == 0)
        return rota_roles_from_words(text);
    if (strcmp(name, "minutes") != 0)
        return json_string(text);
    long long number = strtoll(text, &end, 10);
    return end != text && *end == '\0' ? json_integer(number) : NULL;
}

/* One "name=value" into the object. */
static bool payload_add_word(json_t *object, const struct rota_operation_kind *kind, char *word, char *why, size_t why_size)
{
    char *equals = strchr(word, '=');
    if (equals == NULL)
        return payload_why(why, why_size, "\"%s\" should read name=value", word) != NULL;
    *equals = '\0';
    if (!payload_knows_member(kind, word, why, why_size))
        return false;
    if (json_object_get(object, word) != NULL)
        return payload_why(why, why_size, "\"%s\" is given twice", word) != NULL;
    json_t *value = payload_value(word, equals + 1);
    if (value == NULL)
        return payload_why(why, why_size, "\"%s\" cannot be \"%s\"", word, equals + 1) != NULL;
    rota_result_set(object, word, value);
    return true;
}

json_t *rota_operation_from_words(const char *words, char *why, size_t why_size)
{
    char copy[PAYLOAD_WORDS_MAX];
    char *rest = NULL;
    if (strlen(words) >= sizeof copy)
        return payload_why(why, why_size, "the operation is too long");
    memcpy(copy, words, strlen(words) + 1);
    const char *name = strtok_r(copy, " \t", &rest);
    if (name == NULL)
        return payload_why(why, why_size, "the operation is empty");
    const struct rota_operation_kind *kind = rota_operation_kind_find(rota_view_text(name));
    if (kind == NULL)
        return payload_unknown_operation(why, why_size, name);
    json_t *object = json_object();
    rota_result_text(object, "op", name);
    for (char *word = strtok_r(NULL, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest))
        if (!payload_add_word(object, kind, word, why, why_size)) {
            json_decref(object);
            return NULL;
        }
    return object;
}

json_t *rota_expectation_from_words(const char *words, char *why, size_t why_size)
{
    char copy[PAYLOAD_WORDS_MAX];
    char *rest = NULL;
    char *end = NULL;
    if (strlen(words) >= sizeof copy)
        return payload_why(why, why_size, "the expectation is too long");
    memcpy(copy, words, strlen(words) + 1);
    const char *person = strtok_r(copy, ":", &rest);
    const char *day = strtok_r(NULL, ":", &rest);
    const char *rev = strtok_r(NULL, ":", &rest);
    long long number = rev != NULL ? strtoll(rev, &end, 10) : -1;
    if (rev == NULL || *end != '\0' || number < 0)
        return payload_why(why, why_size, "an expectation looks like p-1:2026-12-25:3, not \"%s\"", words);
    json_t *object = json_object();
    rota_result_text(object, "person", person);
    rota_result_text(object, "day", day);
    rota_result_number(object, "rev", (uint64_t)number);
    return object;
}

json_t *rota_payload_new(const struct rota_payload_facts *facts, json_t *ops, json_t *expect)
{
    json_t *payload = json_object();
    rota_result_hex(payload, "ledger", rota_view(facts->ledger_id.b, sizeof facts->ledger_id.b));
    if (facts->seq != 0)
        rota_result_number(payload, "seq", facts->seq);
    rota_result_number(payload, "exp", facts->exp);
    rota_result_text(payload, "reason", facts->reason);
    rota_result_set(payload, "ops", ops);
    if (json_array_size(expect) > 0)
        rota_result_set(payload, "expect", expect);
    else
        json_decref(expect);
    return payload;
}

char *rota_payload_text(const json_t *payload)
{
    return json_dumps(payload, JSON_COMPACT);
}

struct rota_status rota_payload_check(struct rota_proposal **out, uint32_t *out_op, const json_t *payload)
{
    struct rota_proposal *proposal = NULL;
    ROTA_CLEANUP(rota_json_release) json_t *copy = json_copy((json_t *)(uintptr_t)payload);
    bool lacks_seq = json_is_object(copy) && json_object_get(copy, "seq") == NULL;
    if (lacks_seq)
        rota_result_number(copy, "seq", 1);
    char *text = rota_payload_text(copy);
    if (text == NULL)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    struct rota_status status = rota_proposal_parse_payload(&proposal, out_op, rota_view_text(text));
    free(text);
    if (rota_is_ok(status) && lacks_seq)
        proposal->seq = 0;
    if (out != NULL)
        *out = proposal;
    else
        rota_proposal_release(proposal);
    return status;
}
