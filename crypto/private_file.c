#include "crypto/private_file.h"

#include "crypto/folder.h"
#include "crypto/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void file_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static struct rota_status file_check_mode(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return rota_fail(ROTA_IO, "the file cannot be examined");
    if (!S_ISREG(info.st_mode))
        return rota_fail(ROTA_PERMISSION, "a secret is kept in a plain file, and this is none");
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return rota_fail(ROTA_PERMISSION, "group or others may reach this secret file: chmod 600 it");
    return rota_ok();
}

struct rota_status rota_private_file_read(uint8_t *out, size_t *out_len, size_t out_size, const char *path)
{
    *out_len = 0;
    /* O_NONBLOCK: a FIFO in the place of the file does not hold us up. */
    int fd ROTA_CLEANUP(file_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return rota_fail(ROTA_NOT_FOUND, "there is no such file");
    if (fd < 0)
        return errno == EACCES ? rota_fail(ROTA_PERMISSION, "we may not read this file")
                               : rota_fail(ROTA_IO, "the file cannot be opened");
    ROTA_TRY(file_check_mode(fd));
    while (*out_len < out_size) {
        ssize_t got = read(fd, out + *out_len, out_size - *out_len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rota_fail(ROTA_IO, "the file cannot be read");
        if (got == 0)
            return rota_ok();
        *out_len += (size_t)got;
    }
    uint8_t more;
    return read(fd, &more, 1) == 0 ? rota_ok() : rota_fail(ROTA_TOO_LARGE, "the file is larger than its kind may be");
}

/* ---- creating ------------------------------------------------------------------------------------------------------- */

static bool file_write_all(int fd, struct rota_view bytes)
{
    size_t at = 0;
    while (at < bytes.len) {
        ssize_t put = write(fd, bytes.data + at, bytes.len - at);
        if (put < 0 && errno != EINTR)
            return false;
        at += put > 0 ? (size_t)put : 0;
    }
    return true;
}

static struct rota_status file_write_new(const char *path, struct rota_view bytes)
{
    int fd ROTA_CLEANUP(file_close) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return errno == EACCES ? rota_fail(ROTA_PERMISSION, "we may not write into this directory")
                               : rota_fail(ROTA_IO, "a file cannot be made in this directory");
    if (fchmod(fd, S_IRUSR | S_IWUSR) == 0 && file_write_all(fd, bytes) && fsync(fd) == 0)
        return rota_ok();
    (void)unlink(path);
    return rota_fail(ROTA_IO, "the file cannot be written");
}

/* Gives the file its name unless the name is taken, in one step. Some file systems know only the older call. */
static int file_rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    return link(from, to) == 0 ? unlink(from) : -1;
}

struct rota_status rota_private_file_create(const char *path, struct rota_view bytes)
{
    char temporary[PATH_MAX];
    rota_crypto_init();
    int len = snprintf(temporary, sizeof temporary, "%s.new-%08x", path, (unsigned)randombytes_random());
    if (len < 0 || (size_t)len >= sizeof temporary)
        return rota_fail(ROTA_USAGE, "the path is too long");
    ROTA_TRY(file_write_new(temporary, bytes));
    if (file_rename_new(temporary, path) != 0) {
        bool taken = errno == EEXIST;
        (void)unlink(temporary);
        return taken ? rota_fail(ROTA_EXISTS, "there is a file of this name already; it is not replaced")
                     : rota_fail(ROTA_IO, "the new file cannot be given its name");
    }
    return rota_folder_sync(path);
}
