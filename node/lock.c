#include "node/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

int rota_node_lock(char out_path[ROTA_LOCK_PATH_MAX], const char *directory)
{
    int len = snprintf(out_path, ROTA_LOCK_PATH_MAX, "%s/lock", directory);
    if (len < 0 || len >= ROTA_LOCK_PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int file = open(out_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0 || flock(file, LOCK_EX | LOCK_NB) == 0)
        return file;
    int why = errno;
    (void)close(file);
    errno = why;
    return -1;
}
