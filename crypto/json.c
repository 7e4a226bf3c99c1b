#include "crypto/json.h"

#include "crypto/init.h"

#define JSON_INTEGER_MAX INT64_C(9007199254740991) /* 2^53 - 1 */

/* ---- the scan before the parser: what jansson would let through ------------------------------------------------------ */

struct json_scan {
    struct rota_view text;
    size_t at;
    unsigned depth;
};

static bool digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool number_goes_on(uint8_t c)
{
    return digit(c) || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
}

/* -?(0|[1-9][0-9]*) but not -0, at most 2^53 - 1 in size; `at` stands on its first character. */
static bool scan_number(struct json_scan *scan)
{
    bool negative = scan->text.data[scan->at] == '-';
    size_t first = scan->at + negative, end = scan->at;
    while (end < scan->text.len && number_goes_on(scan->text.data[end]))
        end++;
    scan->at = end;
    if (end == first || end - first > 16)
        return false;
    int64_t value = 0;
    for (size_t i = first; i < end; i++) {
        if (!digit(scan->text.data[i]))
            return false;
        value = value * 10 + (scan->text.data[i] - '0');
    }
    if (scan->text.data[first] == '0' && (negative || end - first > 1))
        return false;
    return value <= JSON_INTEGER_MAX;
}

/* An escape that stands for one of U+0000..U+001F; `at` stands behind the backslash. */
static bool escape_is_control(struct rota_view text, size_t at)
{
    if (at >= text.len)
        return false;
    if (text.data[at] != 'u')
        return memchr("bfnrt", text.data[at], 5) != NULL;
    return text.len - at > 3 && text.data[at + 1] == '0' && text.data[at + 2] == '0' && text.data[at + 3] <= '1';
}

/* To behind the closing quote. Raw control characters are the parser's to refuse. */
static struct rota_status scan_string(struct json_scan *scan)
{
    for (scan->at++; scan->at < scan->text.len; scan->at++) {
        if (scan->text.data[scan->at] == '"') {
            scan->at++;
            return rota_ok();
        }
        if (scan->text.data[scan->at] == '\\' && escape_is_control(scan->text, ++scan->at))
            return rota_fail(ROTA_MALFORMED, "JSON with a control character in a string");
    }
    return rota_fail(ROTA_MALFORMED, "JSON that ends inside a string");
}

static struct rota_status json_scan(struct rota_view text)
{
    struct json_scan scan = {.text = text};
    while (scan.at < text.len) {
        uint8_t c = text.data[scan.at];
        if (c == '"') {
            ROTA_TRY(scan_string(&scan));
        } else if (c == '-' || digit(c)) {
            if (!scan_number(&scan))
                return rota_fail(
                    ROTA_MALFORMED,
                    "JSON numbers are integers within 2^53 - 1, without fraction, exponent, leading zero or -0");
        } else {
            if (c == '{' || c == '[')
                scan.depth++;
            else if ((c == '}' || c == ']') && scan.depth > 0)
                scan.depth--;
            else if (c < ' ' && c != '\t' && c != '\n' && c != '\r')
                return rota_fail(ROTA_MALFORMED, "JSON with a control character between its parts");
            if (scan.depth > ROTA_JSON_DEPTH_MAX)
                return rota_fail(ROTA_MALFORMED, "JSON nested deeper than 8");
            scan.at++;
        }
    }
    return rota_ok();
}

/* ---- parsing -------------------------------------------------------------------------------------------------------- */

struct rota_status rota_json_parse(json_t **out, struct rota_view text, size_t size_max)
{
    *out = NULL;
    if (text.len > size_max)
        return rota_fail(ROTA_TOO_LARGE, "JSON larger than its kind may be");
    rota_crypto_init();
    ROTA_TRY(json_scan(text));
    json_error_t error;
    json_t *value = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        enum json_error_code code = json_error_code(&error);
        if (code == json_error_duplicate_key)
            return rota_fail(ROTA_MALFORMED, "JSON with a member that stands twice in one object");
        if (code == json_error_out_of_memory)
            return rota_fail(ROTA_NO_MEMORY, "no memory for JSON");
        return rota_fail(ROTA_MALFORMED, "not JSON: one object or array, UTF-8, nothing after it");
    }
    *out = value;
    return rota_ok();
}

void rota_json_release(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

/* ---- members -------------------------------------------------------------------------------------------------------- */

bool rota_json_only(const json_t *object, const char *const names[])
{
    if (!json_is_object(object))
        return false;
    size_t known = 0;
    for (size_t i = 0; names[i]; i++)
        known += json_object_get(object, names[i]) != NULL;
    return known == json_object_size(object);
}

struct rota_status rota_json_text(struct rota_view *out, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        return rota_fail(ROTA_MALFORMED, "a text member is missing or is no text");
    *out = rota_view(json_string_value(value), json_string_length(value));
    return rota_ok();
}

struct rota_status rota_json_u64(uint64_t *out, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return rota_fail(ROTA_MALFORMED, "a number member is missing or is no number from 0 up");
    *out = (uint64_t)json_integer_value(value);
    return rota_ok();
}

struct rota_status rota_json_token(struct rota_token *out, const json_t *object, const char *name)
{
    struct rota_view text;
    ROTA_TRY(rota_json_text(&text, object, name));
    return rota_token_parse(out, text);
}

struct rota_status rota_json_hex(uint8_t *out, size_t out_len, const json_t *object, const char *name)
{
    struct rota_view text;
    ROTA_TRY(rota_json_text(&text, object, name));
    return rota_hex_decode(out, out_len, text);
}
