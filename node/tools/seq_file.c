#include "node/tools/seq_file.h"

#include "crypto/folder.h"
#include "node/tools/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* One line of a fixed width, so that a write in place changes digits only. */
enum { SEQ_FILE_BYTES = 17 };
#define SEQ_MAX ((uint64_t)1 << 53)

static void seq_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static int seq_open(const char *key_path, int flags)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s.seq", key_path);
    if (len < 0 || (size_t)len >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, flags | O_CLOEXEC, 0600);
}

static struct rota_status seq_read(uint64_t *out, int fd)
{
    char text[SEQ_FILE_BYTES + 1] = "";
    char *end = NULL;
    *out = 0;
    ssize_t got = pread(fd, text, SEQ_FILE_BYTES, 0);
    if (got == 0)
        return rota_ok();
    if (got != SEQ_FILE_BYTES || text[SEQ_FILE_BYTES - 1] != '\n')
        return rota_fail(ROTA_MALFORMED, "the record of used numbers is damaged");
    *out = strtoull(text, &end, 10);
    if (end != text + SEQ_FILE_BYTES - 1 || *out >= SEQ_MAX)
        return rota_fail(ROTA_MALFORMED, "the record of used numbers is damaged");
    return rota_ok();
}

static struct rota_status seq_write(int fd, uint64_t highest)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%016" PRIu64 "\n", highest);
    if (pwrite(fd, text, SEQ_FILE_BYTES, 0) != SEQ_FILE_BYTES || fsync(fd) != 0)
        return rota_status_of_errno(errno);
    return rota_ok();
}

struct rota_status rota_seq_create(const char *key_path)
{
    ROTA_CLEANUP(seq_close) int fd = seq_open(key_path, O_RDWR | O_CREAT | O_EXCL);
    if (fd < 0)
        return rota_status_of_errno(errno);
    ROTA_TRY(seq_write(fd, 0));
    return rota_folder_sync(key_path);
}

struct rota_status rota_seq_highest(uint64_t *out, const char *key_path)
{
    ROTA_CLEANUP(seq_close) int fd = seq_open(key_path, O_RDONLY);
    if (fd < 0)
        return rota_status_of_errno(errno);
    return seq_read(out, fd);
}

struct rota_status rota_seq_reserve(uint64_t *out_first, const char *key_path, uint64_t at_least, uint32_t count)
{
    uint64_t highest;
    ROTA_CLEANUP(seq_close) int fd = seq_open(key_path, O_RDWR | O_CREAT);
    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        return rota_status_of_errno(errno);
    ROTA_TRY(seq_read(&highest, fd));
    if (highest < at_least)
        highest = at_least;
    if (highest + count >= SEQ_MAX)
        return rota_fail(ROTA_REFUSED, "this key has used up its numbers");
    ROTA_TRY(seq_write(fd, highest + count));
    ROTA_TRY(rota_folder_sync(key_path));
    *out_first = highest + 1;
    return rota_ok();
}
