#include "crypto/keyfile.h"
#include "tests/unit/crypto/place.h"

#include <pty.h>
#include <sys/wait.h>

static const struct rota_passphrase_source nowhere = {.file = NULL, .fd = -1, .terminal = false};

static struct rota_status from_file(char *out, size_t size, const char *path)
{
    struct rota_passphrase_source source = nowhere;
    source.file = path;
    return rota_passphrase_read(out, size, &source, "alpha.key", false);
}

/* ---- file ----------------------------------------------------------------------------------------------------------- */

Test(passphrase, the_first_line_of_a_file_counts)
{
    static const struct {
        const char *text, *passphrase;
    } cases[] = {
        {"secret", "secret"}, {"secret\n", "secret"}, {"se cret \nmore\n", "se cret "}, {"\n", NULL},
        {"", NULL},           {"\nsecret", NULL},
    };
    struct place place = place_make();
    char path[128], out[64];
    place_path(path, &place, "pass");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        place_write(path, rota_view_text(cases[i].text), 0600);
        if (cases[i].passphrase) {
            expect_ok(from_file(out, sizeof out, path));
            cr_assert_str_eq(out, cases[i].passphrase);
        } else {
            expect_code(from_file(out, sizeof out, path), ROTA_PASSPHRASE);
        }
    }
    place_write(path, rota_view("a\0b\n", 4), 0600);
    expect_code(from_file(out, sizeof out, path), ROTA_PASSPHRASE);
    place_remove(&place);
}

Test(passphrase, a_file_that_others_may_read_is_refused)
{
    struct place place = place_make();
    char path[128], out[64];
    place_path(path, &place, "pass");
    place_write(path, rota_view_text("secret\n"), 0604);
    expect_code(from_file(out, sizeof out, path), ROTA_PERMISSION);
    cr_assert_eq(out[0], '\0');
    expect_code(from_file(out, sizeof out, place_path(path, &place, "none")), ROTA_NOT_FOUND);
    place_remove(&place);
}

Test(passphrase, what_does_not_fit_is_refused_and_leaves_nothing)
{
    struct place place = place_make();
    char path[128], out[8];
    place_path(path, &place, "pass");
    place_write(path, rota_view_text("1234567\n"), 0600);
    expect_ok(from_file(out, sizeof out, path));
    place_write(path, rota_view_text("12345678\n"), 0600);
    expect_code(from_file(out, sizeof out, path), ROTA_PASSPHRASE);
    cr_assert_arr_eq(out, "\0\0\0\0\0\0\0\0", 8);
    place_remove(&place);
}

/* ---- descriptor ----------------------------------------------------------------------------------------------------- */

Test(passphrase, a_descriptor_gives_one_line_and_keeps_the_rest)
{
    int ends[2];
    char out[64], rest[16] = "";
    struct rota_passphrase_source source = nowhere;
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "first\nsecond\n", 13), 13);
    source.fd = ends[0];
    expect_ok(rota_passphrase_read(out, sizeof out, &source, "alpha.key", true));
    cr_assert_str_eq(out, "first");
    cr_assert_eq(read(ends[0], rest, sizeof rest), 7);
    cr_assert_str_eq(rest, "second\n");
    cr_assert_eq(write(ends[1], "12345678\n", 9), 9);
    expect_code(rota_passphrase_read(out, 8, &source, "alpha.key", false), ROTA_PASSPHRASE);
    (void)close(ends[1]);
}

Test(passphrase, a_file_goes_before_a_descriptor)
{
    struct place place = place_make();
    char path[128], out[64];
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "descriptor\n", 11), 11);
    place_path(path, &place, "pass");
    place_write(path, rota_view_text("file\n"), 0600);
    struct rota_passphrase_source source = {.file = path, .fd = ends[0], .terminal = true};
    expect_ok(rota_passphrase_read(out, sizeof out, &source, "alpha.key", false));
    cr_assert_str_eq(out, "file");
    place_remove(&place);
}

Test(passphrase, without_any_source_a_sentence_says_what_to_do)
{
    char out[64];
    expect_code(rota_passphrase_read(out, sizeof out, &nowhere, "alpha.key", false), ROTA_PASSPHRASE);
}

/* ---- terminal ------------------------------------------------------------------------------------------------------- */

/* Asks in a child whose controlling terminal we hold. Its exit code: 0 when it got `expected`, otherwise the status code. */
static int ask_on_terminal(const char *typed, const char *expected, bool create, char seen[1024])
{
    int terminal;
    pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    if (child < 0)
        cr_skip_test("this machine gives no pseudo terminal"); /* a bare chroot has none */
    if (child == 0) {
        char out[64];
        struct rota_passphrase_source source = {.file = NULL, .fd = -1, .terminal = true};
        struct rota_status status = rota_passphrase_read(out, sizeof out, &source, "alpha.key", create);
        _exit(rota_is_ok(status) ? (strcmp(out, expected) == 0 ? 0 : 99) : (int)status.code);
    }
    size_t len = 0;
    const char *line = typed;
    ssize_t got;
    while ((got = read(terminal, seen + len, 1023 - len)) > 0) {
        len += (size_t)got;
        seen[len] = '\0';
        if (len > 2 && strcmp(seen + len - 2, ": ") == 0 && *line) { /* a question: answer with the next line */
            size_t chars = strcspn(line, "\n\3") + 1;
            cr_assert_eq(write(terminal, line, chars), (ssize_t)chars);
            line += chars;
        }
    }
    int result = 0;
    cr_assert_eq(waitpid(child, &result, 0), child);
    (void)close(terminal);
    cr_assert(WIFEXITED(result));
    return WEXITSTATUS(result);
}

Test(passphrase, the_terminal_asks_for_the_key_by_name_and_shows_nothing, .timeout = 10)
{
    char seen[1024] = "";
    cr_assert_eq(ask_on_terminal("open sesame\n", "open sesame", false, seen), 0);
    cr_assert_not_null(strstr(seen, "alpha.key"));
    cr_assert_null(strstr(seen, "sesame"), "seen: %s", seen);
}

Test(passphrase, a_new_passphrase_is_asked_for_twice, .timeout = 10)
{
    char seen[1024] = "";
    cr_assert_eq(ask_on_terminal("open sesame\nopen sesame\n", "open sesame", true, seen), 0);
    cr_assert_null(strstr(seen, "sesame"), "seen: %s", seen);
    cr_assert_eq(ask_on_terminal("open sesame\nopen sesam\n", "", true, seen), ROTA_PASSPHRASE);
}

Test(passphrase, an_interrupt_at_the_prompt_gives_no_passphrase, .timeout = 10)
{
    char seen[1024] = "";
    cr_assert_eq(ask_on_terminal("open\3", "", false, seen), ROTA_PASSPHRASE);
}
