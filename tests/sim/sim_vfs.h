/* A disk for SQLite that can lose power: files in memory, of which only what was synced is safe. What was written since is,
 * after a power cut, there, lost, or there in part, by sectors of 512 bytes. */
#ifndef ROTA_TESTS_SIM_VFS_H
#define ROTA_TESTS_SIM_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_SECTOR_BYTES = 512, SIM_VFS_FILES_MAX = 8, SIM_VFS_NAME_MAX = 128 };

struct sim_vfs_file {
    char name[SIM_VFS_NAME_MAX]; /* empty: free */
    uint8_t *data;               /* what reads see */
    uint8_t *safe;               /* what a power cut cannot take */
    uint8_t *dirty;              /* [sector]: written since the last sync */
    size_t size, safe_size, room;
};

/* What goes wrong at the `countdown`-th write or sync from now. */
enum sim_vfs_failure {
    SIM_VFS_FINE,
    SIM_VFS_POWER, /* the power goes: everything from here on fails */
    SIM_VFS_EIO,   /* this one fails */
    SIM_VFS_FSYNC, /* the next sync fails, and what it was to save is not saved, though reads still show it */
    SIM_VFS_FULL,  /* no room, for good */
};

/* One machine's disk. */
struct sim_vfs_disk {
    struct sim_vfs_file files[SIM_VFS_FILES_MAX];
    enum sim_vfs_failure failure;
    uint32_t countdown; /* 0: nothing is armed */
    bool failed;        /* it has happened */
    uint64_t writes, syncs;
};

/* What is left of writes that were not synced. */
enum sim_vfs_loss { SIM_VFS_LOSES_ALL, SIM_VFS_LOSES_SOME, SIM_VFS_LOSES_NOTHING };

/* SQLite's default from now on, in this process: files whose name begins with `folder` live on the disk that `find` names,
 * all others where they always did. */
void sim_vfs_use(const char *folder, struct sim_vfs_disk *(*find)(const char *name), uint64_t (*draw)(void));
/* Nobody has its files open any more. */
void sim_vfs_power_cut(struct sim_vfs_disk *disk, enum sim_vfs_loss loss, uint64_t (*draw)(void));
void sim_vfs_put(struct sim_vfs_disk *disk, const char *name, const uint8_t *bytes, size_t len); /* safe at once */
const struct sim_vfs_file *sim_vfs_find(const struct sim_vfs_disk *disk, const char *name);
void sim_vfs_free(struct sim_vfs_disk *disk);
/* A disk with the same files, safe and unsafe; nothing is armed on it. */
void sim_vfs_copy(struct sim_vfs_disk *out, const struct sim_vfs_disk *disk);
void sim_vfs_remove(struct sim_vfs_disk *disk, const char *name); /* nothing happens when it is not there */
uint32_t sim_vfs_dirty(const struct sim_vfs_disk *disk);          /* sectors that are not safe */
/* Called before every sync; NULL: nobody. It may open files of other disks. */
void sim_vfs_watch(void (*fn)(struct sim_vfs_disk *disk));

#endif
