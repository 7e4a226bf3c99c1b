#include "node/tools/people_file.h"

#include "node/tools/csv_rows.h"
#include "node/tools/files.h"

#include <csv.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PEOPLE_TOKEN_RANDOM = 12 };

void rota_people_free(struct rota_people *people)
{
    json_decref(people->tokens);
    *people = (struct rota_people){0};
}

static struct rota_status people_take(struct rota_people *out, const struct rota_csv *csv, uint64_t *out_line)
{
    int name = rota_csv_column(csv, "person");
    int token = rota_csv_column(csv, "token");
    *out_line = 1;
    if (name < 0 || token < 0)
        return rota_fail(ROTA_MALFORMED, "the first line must be person,token");
    for (size_t i = 0; i < csv->row_count; i++) {
        struct rota_token parsed;
        const char *text = rota_csv_field(&csv->rows[i], token);
        *out_line = csv->rows[i].line;
        if (!rota_is_ok(rota_token_parse(&parsed, rota_view_text(text))))
            return rota_fail(ROTA_MALFORMED, "this is no token");
        if (json_object_set_new_nocheck(out->tokens, rota_csv_field(&csv->rows[i], name), json_string(text)) != 0)
            return rota_fail(ROTA_NO_MEMORY, "out of memory");
    }
    return rota_ok();
}

struct rota_status rota_people_read(struct rota_people *out, const char *path, uint64_t *out_line)
{
    struct stat facts;
    ROTA_CLEANUP(rota_csv_free) struct rota_csv csv = {0};
    *out_line = 0;
    *out = (struct rota_people){.tokens = json_object()};
    if (stat(path, &facts) != 0)
        return errno == ENOENT ? rota_ok() : rota_status_of_errno(errno);
    if ((facts.st_mode & 077) != 0)
        return rota_fail(ROTA_PERMISSION, "others may read it and it names people: chmod 600 it");
    struct rota_status status = rota_csv_read(&csv, path, ',');
    *out_line = csv.bad_line;
    return rota_is_ok(status) ? people_take(out, &csv, out_line) : status;
}

bool rota_people_find(struct rota_token *out, const struct rota_people *people, const char *name)
{
    const char *token = json_string_value(json_object_get(people->tokens, name));
    return token != NULL && rota_is_ok(rota_token_parse(out, rota_view_text(token)));
}

void rota_people_add(struct rota_token *out, struct rota_people *people, const char *name)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    *out = (struct rota_token){.text = "p-"};
    for (size_t i = 0; i < PEOPLE_TOKEN_RANDOM; i++)
        out->text[2 + i] = alphabet[randombytes_uniform(32)];
    if (json_object_set_new_nocheck(people->tokens, name, json_string(out->text)) != 0)
        abort();
    people->changed = true;
}

struct rota_status rota_people_write(struct rota_people *people, const char *path)
{
    char *text = NULL;
    size_t len = 0;
    const char *name;
    json_t *token;
    if (!people->changed)
        return rota_ok();
    FILE *stream = open_memstream(&text, &len);
    if (stream == NULL)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    (void)fputs("person,token\n", stream);
    json_object_foreach(people->tokens, name, token)
    {
        (void)csv_fwrite(stream, name, strlen(name));
        (void)fprintf(stream, ",%s\n", json_string_value(token));
    }
    struct rota_status status = fclose(stream) == 0 ? rota_file_replace(path, rota_view(text, len), 0600)
                                                    : rota_fail(ROTA_NO_MEMORY, "out of memory");
    free(text);
    people->changed = !rota_is_ok(status);
    return status;
}
