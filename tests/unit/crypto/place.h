/* A directory of its own for each test that writes files; removed at the end. */
#ifndef ROTA_TESTS_CRYPTO_PLACE_H
#define ROTA_TESTS_CRYPTO_PLACE_H

#include "tests/unit/crypto/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char directory[64];
};

static inline struct place place_make(void)
{
    struct place place = {"/tmp/rota-crypto-XXXXXX"};
    cr_assert_not_null(mkdtemp(place.directory));
    return place;
}

/* Name inside the place; the text lives until the next call with the same buffer. */
static inline const char *place_path(char out[128], const struct place *place, const char *name)
{
    (void)snprintf(out, 128, "%s/%s", place->directory, name);
    return out;
}

static inline void place_write(const char *path, struct rota_view bytes, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, bytes.data, bytes.len), (ssize_t)bytes.len);
    cr_assert_eq(fchmod(fd, mode), 0);
    (void)close(fd);
}

static inline unsigned place_count(const struct place *place)
{
    unsigned count = 0;
    DIR *directory = opendir(place->directory);
    cr_assert_not_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    (void)closedir(directory);
    return count;
}

static inline void place_remove(const struct place *place)
{
    char path[sizeof place->directory + 260];
    DIR *directory = opendir(place->directory);
    cr_assert_not_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        (void)snprintf(path, sizeof path, "%s/%s", place->directory, entry->d_name);
        (void)unlink(path);
    }
    (void)closedir(directory);
    (void)rmdir(place->directory);
}

#endif
