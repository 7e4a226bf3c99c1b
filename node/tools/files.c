#include "node/tools/files.h"

#include "crypto/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_STEP_BYTES = 64 * 1024 };

void rota_blob_free(struct rota_blob *blob)
{
    free(blob->data);
    *blob = (struct rota_blob){0};
}

struct rota_status rota_status_of_errno(int error)
{
    switch (error) {
    case ENOENT:
        return rota_fail(ROTA_NOT_FOUND, "there is no such file");
    case ENOTDIR:
        return rota_fail(ROTA_NOT_FOUND, "a part of the path is not a directory");
    case EEXIST:
        return rota_fail(ROTA_EXISTS, "it is there already and is never overwritten");
    case EACCES:
    case EPERM:
        return rota_fail(ROTA_PERMISSION, "the system does not permit it");
    case EROFS:
        return rota_fail(ROTA_PERMISSION, "the file system is read-only");
    case EISDIR:
        return rota_fail(ROTA_IO, "it is a directory");
    case ENOSPC:
    case EDQUOT:
        return rota_fail(ROTA_FULL, "the disk is full");
    default:
        return rota_fail(ROTA_IO, "the disk gave an error");
    }
}

static void files_close(int *fd)
{
    if (*fd > STDERR_FILENO)
        (void)close(*fd);
}

static struct rota_status files_grow(struct rota_blob *blob, size_t *room)
{
    size_t wanted = *room + FILES_STEP_BYTES + *room / 2;
    uint8_t *data = realloc(blob->data, wanted + 1);
    if (data == NULL)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    blob->data = data;
    *room = wanted;
    return rota_ok();
}

static struct rota_status files_read_all(struct rota_blob *out, int fd, size_t size_max)
{
    size_t room = 0;
    for (;;) {
        if (out->len == room)
            ROTA_TRY(files_grow(out, &room));
        ssize_t got = read(fd, out->data + out->len, room - out->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rota_status_of_errno(errno);
        out->len += (size_t)got;
        out->data[out->len] = '\0';
        if (got == 0)
            return rota_ok();
        if (out->len > size_max)
            return rota_fail(ROTA_TOO_LARGE, "it is larger than such a file may be");
    }
}

struct rota_status rota_file_read(struct rota_blob *out, const char *path, size_t size_max)
{
    *out = (struct rota_blob){0};
    ROTA_CLEANUP(files_close) int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return rota_status_of_errno(errno);
    struct rota_status status = files_read_all(out, fd, size_max);
    if (!rota_is_ok(status))
        rota_blob_free(out);
    return status;
}

static struct rota_status files_write_all(int fd, struct rota_view bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t put = write(fd, bytes.data + done, bytes.len - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return rota_status_of_errno(errno);
        done += (size_t)put;
    }
    return rota_ok();
}

/* Once it holds a file, the standard output is closed to everything else: what is said about the file, before or after, goes
 * to the standard error. */
static struct rota_status files_write_standard(struct rota_view bytes)
{
    ROTA_CLEANUP(files_close) int fd = dup(STDOUT_FILENO);
    if (fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return rota_status_of_errno(errno);
    return files_write_all(fd, bytes);
}

static struct rota_status files_write_new(const char *path, struct rota_view bytes, mode_t mode)
{
    ROTA_CLEANUP(files_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return rota_status_of_errno(errno);
    struct rota_status status = files_write_all(fd, bytes);
    if (rota_is_ok(status) && fsync(fd) != 0)
        status = rota_status_of_errno(errno);
    if (!rota_is_ok(status))
        (void)unlink(path);
    return status;
}

struct rota_status rota_file_create(const char *path, struct rota_view bytes, mode_t mode)
{
    if (strcmp(path, "-") == 0)
        return files_write_standard(bytes);
    ROTA_TRY(files_write_new(path, bytes, mode));
    return rota_folder_sync(path);
}

struct rota_status rota_file_replace(const char *path, struct rota_view bytes, mode_t mode)
{
    char temporary[PATH_MAX];
    if (strcmp(path, "-") == 0)
        return files_write_standard(bytes);
    int len = snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof temporary)
        return rota_fail(ROTA_TOO_LARGE, "the path is too long");
    ROTA_TRY(files_write_new(temporary, bytes, mode));
    if (rename(temporary, path) != 0) {
        struct rota_status status = rota_status_of_errno(errno);
        (void)unlink(temporary);
        return status;
    }
    return rota_folder_sync(path);
}

struct rota_status rota_genesis_load(struct rota_genesis *out, const char *path)
{
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    memset(out, 0, sizeof *out);
    ROTA_TRY(rota_file_read(&blob, path, ROTA_GENESIS_BYTES_MAX));
    return rota_genesis_parse(out, rota_blob_view(&blob));
}

struct rota_status rota_public_key_load(struct rota_public_key *out, const char *path)
{
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    ROTA_TRY(rota_file_read(&blob, path, ROTA_PUBLIC_LINE_CHARS_MAX + 1));
    while (blob.len > 0 && (blob.data[blob.len - 1] == '\n' || blob.data[blob.len - 1] == '\r'))
        blob.len--;
    return rota_public_key_parse(out, rota_blob_view(&blob));
}
