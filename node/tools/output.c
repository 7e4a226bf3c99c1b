#include "node/tools/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

enum { OUTPUT_LINE_MAX = 1024 };

static void output_need(bool have)
{
    if (have)
        return;
    (void)fputs("rota: out of memory\n", stderr);
    exit(ROTA_EXIT_BUG);
}

json_t *rota_result_new(const char *what)
{
    char schema[64];
    json_t *object = json_object();
    output_need(object != NULL);
    (void)snprintf(schema, sizeof schema, "rotaledger.%s/1", what);
    rota_result_text(object, "schema", schema);
    return object;
}

void rota_result_set(json_t *object, const char *name, json_t *value)
{
    output_need(value != NULL && json_object_set_new(object, name, value) == 0);
}

void rota_result_text(json_t *object, const char *name, const char *text)
{
    rota_result_set(object, name, json_string(text));
}

void rota_result_number(json_t *object, const char *name, uint64_t number)
{
    rota_result_set(object, name, json_integer((json_int_t)number));
}

void rota_result_hex(json_t *object, const char *name, struct rota_view bytes)
{
    char *text = malloc(bytes.len * 2 + 1);
    output_need(text != NULL);
    rota_hex_encode(text, bytes);
    rota_result_text(object, name, text);
    free(text);
}

void rota_result_print(json_t *object)
{
    (void)json_dumpf(object, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    json_decref(object);
}

static int output_complain(const struct rota_common *common, int exit_code, const char *next, const char *line)
{
    (void)fprintf(stderr, "rota %s: %s\n", common->command->name, line);
    if (next != NULL)
        (void)fprintf(stderr, "next: %s\n", next);
    if (!common->json)
        return exit_code;
    json_t *object = rota_result_new("error");
    rota_result_text(object, "command", common->command->name);
    rota_result_number(object, "exit_code", (uint64_t)exit_code);
    rota_result_text(object, "error", line);
    if (next != NULL)
        rota_result_text(object, "next", next);
    rota_result_print(object);
    return exit_code;
}

int rota_wrong(const struct rota_common *common, int exit_code, const char *next, const char *format, ...)
{
    char line[OUTPUT_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return output_complain(common, exit_code, next, line);
}

int rota_wrong_status(const struct rota_common *common, struct rota_status status, const char *next, const char *format, ...)
{
    char what[OUTPUT_LINE_MAX];
    char line[OUTPUT_LINE_MAX * 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    (void)snprintf(line, sizeof line, "%s: %s", what, status.why);
    return output_complain(common, rota_exit_of(status), next, line);
}

void rota_remark(const struct rota_common *common, const char *format, ...)
{
    va_list arguments;
    if (common->quiet)
        return;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

bool rota_ask(const char *question)
{
    char answer[16] = "";
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (terminal == NULL)
        return false;
    (void)fprintf(terminal, "%s [y/N] ", question);
    (void)fflush(terminal);
    bool answered = fgets(answer, sizeof answer, terminal) != NULL;
    (void)fclose(terminal);
    answer[strcspn(answer, "\r\n")] = '\0';
    return answered && (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0);
}

const char *rota_printable(char *out, size_t out_size, const char *text)
{
    size_t len = 0;
    for (; text[len] != '\0' && len + 1 < out_size; len++) {
        unsigned char c = (unsigned char)text[len];
        out[len] = c < 0x20 || c == 0x7f ? '?' : text[len];
    }
    out[len] = '\0';
    return out;
}

const char *rota_red(FILE *stream)
{
    return isatty(fileno(stream)) == 1 ? "\033[1;31m" : "";
}

const char *rota_plain(FILE *stream)
{
    return isatty(fileno(stream)) == 1 ? "\033[0m" : "";
}
