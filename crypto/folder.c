#include "crypto/folder.h"

#include "crypto/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static void folder_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

struct rota_status rota_folder_sync(const char *path_of_file)
{
    char copy[PATH_MAX];
    int len = snprintf(copy, sizeof copy, "%s", path_of_file);
    if (len < 0 || (size_t)len >= sizeof copy)
        return rota_fail(ROTA_IO, "the path is too long");
    ROTA_CLEANUP(folder_close) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && (errno == EACCES || errno == EPERM))
        return rota_fail(ROTA_PERMISSION, "this user may not read the folder of the file, and so not make it durable");
    return fd >= 0 && fsync(fd) == 0 ? rota_ok() : rota_fail(ROTA_IO, "the folder of the file could not be synced");
}
