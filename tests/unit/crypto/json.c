#include "crypto/json.h"

#include "tests/unit/crypto/check.h"

enum { ROOM = 64 * 1024 };

static struct rota_status parse(const char *text)
{
    json_t *value ROTA_CLEANUP(rota_json_release) = NULL;
    struct rota_status status = rota_json_parse(&value, rota_view_text(text), ROOM);
    cr_assert_eq(value != NULL, rota_is_ok(status), "a value exactly when it is good");
    return status;
}

/* Each rule with its two neighbours: the last text that is good, the first that is not. */
Test(json, every_rule_has_an_accepting_and_a_refusing_neighbour)
{
    static const struct {
        const char *good, *bad;
    } cases[] = {
        {"{\"a\":1}", "{\"a\":1"},
        {"[]", ""},
        {"[1]", "1"},
        {"{}", "\"text\""},
        {"[null]", "null"},
        {" \t\r\n[] \t\r\n", "[] x"},
        {"[[],[]]", "[] []"},
        {"{\"a\":1,\"b\":1}", "{\"a\":1,\"a\":1}"},
        {"{\"a\":{\"a\":1}}", "{\"a\":1,\"\\u0061\":2}"},
        {"[9007199254740991]", "[9007199254740992]"},
        {"[-9007199254740991]", "[-9007199254740992]"},
        {"[9007199254740990]", "[18446744073709551617]"},
        {"[0]", "[-0]"},
        {"[10]", "[010]"},
        {"[-1]", "[-01]"},
        {"[1]", "[1.0]"},
        {"[100]", "[1e2]"},
        {"[100]", "[1E2]"},
        {"[1]", "[+1]"},
        {"[1]", "[1-]"},
        {"[1,2]", "[1 2]"},
        {"[1]", "[.1]"},
        {"[1]", "[1.]"},
        {"[-1]", "[-]"},
        {"[-1]", "[--1]"},
        {"[1]", "[0x1]"},
        {"[1]", "[1,]"},
        {"{\"a\":1}", "{\"a\":1,}"},
        {"{\"a\":1}", "{a:1}"},
        {"{\"a\":1}", "{'a':1}"},
        {"[true,false]", "[True]"},
        {"[null]", "[NaN]"},
        {"[1]", "[Infinity]"},
        {"[1]", "[1]//"},
        {"[1]", "[1/**/]"},
        {"[\"1.5e3 -0 00\"]", "[1.5e3]"},
        {"[\"[[[[[[[[[[[[\"]", "[\"]"},
        {"[\"\\\\\"]", "[\"\\\"]"},
        {"[\"\\\"\"]", "[\"\"\"]"},
        {"[\"\\u0041\"]", "[\"\\u004\"]"},
        {"[\"\\u0020\"]", "[\"\\u001f\"]"},
        {"[\"\\u0020\"]", "[\"\\u0000\"]"},
        {"[\"\\u0100\"]", "[\"\\u0010\"]"},
        {"[\"\\\\u0000\"]", "[\"\\\\\\u0000\"]"},
        {"[\"\\/\"]", "[\"\\n\"]"},
        {"[\"\\/\"]", "[\"\\r\"]"},
        {"[\"\\/\"]", "[\"\\t\"]"},
        {"[\"\\/\"]", "[\"\\b\"]"},
        {"[\"\\/\"]", "[\"\\f\"]"},
        {"[\"\\/\"]", "[\"\\v\"]"},
        {"[\" \"]", "[\"\n\"]"},
        {"[\" \"]", "[\"\x1f\"]"},
        {"[\"\\ud83d\\ude00\"]", "[\"\\ud83d\"]"},
        {"[\"\\ud83d\\ude00\"]", "[\"\\ude00\"]"},
        {"[\"\xc3\xa9\"]", "[\"\xc3\"]"},
        {"[\"\xc3\xa9\"]", "[\"\xe9\"]"},
        {"[\"\xe2\x82\xac\"]", "[\"\xc0\xaf\"]"},
        {"[\"\xef\xbf\xbd\"]", "[\"\xed\xa0\x80\"]"},
        {"[\"\xf4\x8f\xbf\xbf\"]", "[\"\xf4\x90\x80\x80\"]"},
        {"[1]", "\xef\xbb\xbf[1]"},
        {"[[[[[[[[1]]]]]]]]", "[[[[[[[[[1]]]]]]]]]"},
        {"{\"a\":[{\"a\":[{\"a\":[{\"a\":[]}]}]}]}", "{\"a\":[{\"a\":[{\"a\":[{\"a\":[{}]}]}]}]}"},
        {"[[1],[[1]],[1]]", "[[1]],[[1]]"},
        {"[{}]", "[{]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rota_status good = parse(cases[i].good);
        cr_assert(rota_is_ok(good), "%s is good, but: %s", cases[i].good, good.why);
        struct rota_status bad = parse(cases[i].bad);
        cr_assert_eq(bad.code, ROTA_MALFORMED, "%s is bad", cases[i].bad);
    }
}

Test(json, a_nul_byte_is_refused_wherever_it_stands)
{
    static const char text[] = "[\"ab\", 1]";
    json_t *value = NULL;
    for (size_t at = 0; at <= sizeof text - 1; at++) {
        char copy[sizeof text + 1];
        memcpy(copy, text, at);
        copy[at] = '\0';
        memcpy(copy + at + 1, text + at, sizeof text - 1 - at);
        expect_code(rota_json_parse(&value, rota_view(copy, sizeof text), ROOM), ROTA_MALFORMED);
        cr_assert_null(value);
    }
}

Test(json, a_text_cut_at_any_byte_is_refused)
{
    static const char text[] = "{\"ledger\":\"ab\\u00e9\",\"ops\":[{\"op\":\"assign\",\"minutes\":-480},true,null]}";
    json_t *value = NULL;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        char *exact = malloc(len ? len : 1);
        memcpy(exact, text, len);
        expect_code(rota_json_parse(&value, rota_view(exact, len), ROOM), ROTA_MALFORMED);
        free(exact);
    }
    expect_ok(parse(text));
}

Test(json, the_size_limit_is_exact)
{
    json_t *value = NULL;
    expect_code(rota_json_parse(&value, rota_view_text("[1,2]"), 4), ROTA_TOO_LARGE);
    cr_assert_null(value);
    expect_ok(rota_json_parse(&value, rota_view_text("[1,2]"), 5));
    rota_json_release(&value);
    cr_assert_null(value);
}

/* A million opening brackets: refused at the ninth, without recursion. */
Test(json, hostile_depth_costs_nothing, .timeout = 5)
{
    enum { DEPTH = 1000000 };
    char *text = malloc(DEPTH);
    json_t *value = NULL;
    memset(text, '[', DEPTH);
    expect_code(rota_json_parse(&value, rota_view(text, DEPTH), DEPTH), ROTA_MALFORMED);
    for (size_t i = 0; i < DEPTH; i += 2)
        text[i] = ']'; /* closing ones in between do not make it any deeper, nor any better */
    expect_code(rota_json_parse(&value, rota_view(text, DEPTH), DEPTH), ROTA_MALFORMED);
    free(text);
}

/* ---- members -------------------------------------------------------------------------------------------------------- */

static json_t *object_of(const char *text)
{
    json_t *value = NULL;
    expect_ok(rota_json_parse(&value, rota_view_text(text), ROOM));
    return value;
}

Test(json, only_named_members_are_allowed)
{
    static const char *const names[] = {"a", "b", NULL};
    static const struct {
        const char *text;
        bool only;
    } cases[] = {{"{}", true},         {"{\"a\":1}", true}, {"{\"b\":1,\"a\":null}", true}, {"{\"a\":1,\"c\":1}", false},
                 {"{\"A\":1}", false}, {"[\"a\"]", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *object ROTA_CLEANUP(rota_json_release) = object_of(cases[i].text);
        cr_assert_eq(rota_json_only(object, names), cases[i].only, "%s", cases[i].text);
    }
}

Test(json, members_are_taken_by_their_exact_type)
{
    json_t *object ROTA_CLEANUP(rota_json_release) = object_of(
        "{\"t\":\"a "
        "b\",\"k\":\"alpha\",\"n\":9007199254740991,\"z\":0,\"m\":-1,\"h\":\"00ff\",\"H\":\"00FF\",\"x\":null,\"e\":\"\"}");
    struct rota_view text;
    struct rota_token token;
    uint64_t number;
    uint8_t bytes[2];
    expect_ok(rota_json_text(&text, object, "t"));
    cr_assert(rota_view_equal(text, rota_view_text("a b")));
    expect_ok(rota_json_text(&text, object, "e"));
    cr_assert_eq(text.len, 0);
    expect_ok(rota_json_u64(&number, object, "n"));
    cr_assert_eq(number, UINT64_C(9007199254740991));
    expect_ok(rota_json_u64(&number, object, "z"));
    expect_ok(rota_json_token(&token, object, "k"));
    cr_assert_str_eq(token.text, "alpha");
    expect_ok(rota_json_hex(bytes, 2, object, "h"));
    cr_assert_arr_eq(bytes, "\x00\xff", 2);

    expect_code(rota_json_text(&text, object, "n"), ROTA_MALFORMED);
    expect_code(rota_json_text(&text, object, "x"), ROTA_MALFORMED);
    expect_code(rota_json_text(&text, object, "absent"), ROTA_MALFORMED);
    expect_code(rota_json_u64(&number, object, "m"), ROTA_MALFORMED);
    expect_code(rota_json_u64(&number, object, "t"), ROTA_MALFORMED);
    expect_code(rota_json_u64(&number, object, "absent"), ROTA_MALFORMED);
    expect_code(rota_json_token(&token, object, "t"), ROTA_MALFORMED);
    expect_code(rota_json_token(&token, object, "e"), ROTA_MALFORMED);
    expect_code(rota_json_hex(bytes, 2, object, "H"), ROTA_MALFORMED);
    expect_code(rota_json_hex(bytes, 1, object, "h"), ROTA_MALFORMED);
}
