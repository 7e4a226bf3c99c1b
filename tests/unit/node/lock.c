#include "node/lock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Test(lock, of_a_directory_is_one_s_until_it_is_closed)
{
    char directory[] = "/tmp/rota-unit-XXXXXX", path[ROTA_LOCK_PATH_MAX], again[ROTA_LOCK_PATH_MAX];
    struct stat info;
    cr_assert_not_null(mkdtemp(directory));
    int lock = rota_node_lock(path, directory);
    cr_assert_geq(lock, 0);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 07777, 0600);
    cr_assert_eq(rota_node_lock(again, directory), -1);
    cr_assert_eq(errno, EWOULDBLOCK);
    cr_assert_str_eq(again, path);
    (void)close(lock);
    lock = rota_node_lock(path, directory);
    cr_assert_geq(lock, 0);
    (void)close(lock);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(symlink("/tmp/rota-unit-nowhere", path), 0);
    cr_assert_eq(rota_node_lock(again, directory), -1, "a link in its place is not followed");
    (void)unlink(path);
    (void)rmdir(directory);
}

Test(lock, of_a_directory_that_is_not_there_or_too_long_is_refused)
{
    char path[ROTA_LOCK_PATH_MAX], endless[ROTA_LOCK_PATH_MAX];
    cr_assert_eq(rota_node_lock(path, "/tmp/rota-unit-no-such-directory"), -1);
    cr_assert_eq(errno, ENOENT);
    memset(endless, '/', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    cr_assert_eq(rota_node_lock(path, endless), -1);
    cr_assert_eq(errno, ENAMETOOLONG);
}
