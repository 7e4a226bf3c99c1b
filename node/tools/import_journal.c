#include "node/tools/import_journal.h"

#include "crypto/folder.h"
#include "node/tools/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum { IMPORT_JOURNAL_BYTES_MAX = 1024 * 1024 * 1024, IMPORT_JOURNAL_TITLE_MAX = 160, IMPORT_KEY_CHARS = 64 };

static void import_journal_title(char out[IMPORT_JOURNAL_TITLE_MAX], const struct rota_hash *ledger_id,
                                 const struct rota_kid *kid)
{
    char ledger[2 * ROTA_HASH_BYTES + 1];
    char key[ROTA_KID_CHARS + 1];
    rota_hex_encode(ledger, rota_view(ledger_id->b, sizeof ledger_id->b));
    rota_hex_encode(key, rota_view(kid->b, sizeof kid->b));
    (void)snprintf(out, IMPORT_JOURNAL_TITLE_MAX, "rota-import-journal 1 %s %s\n", ledger, key);
}

static struct rota_status import_journal_write(int fd, const char *text)
{
    size_t len = strlen(text);
    if (write(fd, text, len) != (ssize_t)len)
        return rota_status_of_errno(errno);
    return rota_ok();
}

/* Whole lines only; the last one may have been torn by a crash and was then never sent. */
static struct rota_status import_journal_take(struct rota_import_journal *journal, char *text, size_t *out_whole)
{
    *out_whole = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        *out_whole = (size_t)(end + 1 - text);
        if (line == text)
            continue;
        if (strlen(line) <= IMPORT_KEY_CHARS + 1 || line[IMPORT_KEY_CHARS] != ' ')
            return rota_fail(ROTA_MALFORMED, "the journal of the import is damaged");
        line[IMPORT_KEY_CHARS] = '\0';
        if (json_object_set_new(journal->signed_before, line, json_string(line + IMPORT_KEY_CHARS + 1)) != 0)
            return rota_fail(ROTA_MALFORMED, "the journal of the import is damaged");
    }
    return rota_ok();
}

static struct rota_status import_journal_load(struct rota_import_journal *journal, const char *path, const char *title)
{
    size_t whole = 0;
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    ROTA_TRY(rota_file_read(&blob, path, IMPORT_JOURNAL_BYTES_MAX));
    bool torn_title = blob.len < strlen(title) && strncmp((const char *)blob.data, title, blob.len) == 0;
    if (torn_title) {
        if (ftruncate(journal->fd, 0) != 0)
            return rota_status_of_errno(errno);
        ROTA_TRY(import_journal_write(journal->fd, title));
        return rota_folder_sync(path);
    }
    if (strncmp((const char *)blob.data, title, strlen(title)) != 0)
        return rota_fail(ROTA_WRONG_LEDGER, "it belongs to an import into another ledger, or with another key");
    ROTA_TRY(import_journal_take(journal, (char *)blob.data, &whole));
    if (ftruncate(journal->fd, (off_t)whole) != 0)
        return rota_status_of_errno(errno);
    return rota_ok();
}

struct rota_status rota_import_journal_open(struct rota_import_journal *out, const char *path,
                                            const struct rota_hash *ledger_id, const struct rota_kid *kid)
{
    char title[IMPORT_JOURNAL_TITLE_MAX];
    import_journal_title(title, ledger_id, kid);
    *out = (struct rota_import_journal){.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
                                        .signed_before = json_object()};
    if (out->fd < 0)
        return rota_status_of_errno(errno);
    if (flock(out->fd, LOCK_EX | LOCK_NB) != 0)
        return rota_fail(ROTA_REFUSED, "another import of this file is running");
    return import_journal_load(out, path, title);
}

void rota_import_journal_close(struct rota_import_journal *journal)
{
    if (journal->fd >= 0)
        (void)close(journal->fd);
    json_decref(journal->signed_before);
    *journal = (struct rota_import_journal){0};
}

const char *rota_import_journal_find(const struct rota_import_journal *journal, const struct rota_hash *key)
{
    char hex[IMPORT_KEY_CHARS + 1];
    rota_hex_encode(hex, rota_view(key->b, sizeof key->b));
    return json_string_value(json_object_get(journal->signed_before, hex));
}

struct rota_status rota_import_journal_add(struct rota_import_journal *journal, const struct rota_hash *key, const char *jws)
{
    char hex[IMPORT_KEY_CHARS + 1];
    char *line = NULL;
    rota_hex_encode(hex, rota_view(key->b, sizeof key->b));
    if (asprintf(&line, "%s %s\n", hex, jws) < 0)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    struct rota_status status = import_journal_write(journal->fd, line);
    free(line);
    return status;
}

struct rota_status rota_import_journal_sync(struct rota_import_journal *journal)
{
    return fsync(journal->fd) == 0 ? rota_ok() : rota_status_of_errno(errno);
}
