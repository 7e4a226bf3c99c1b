/* Behind SQLite's VFS interface: see sim_vfs.h. One process, one thread: locks are granted, the shared index is memory. */
#include "tests/sim/sim_vfs.h"

#include "crypto/status.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { SHM_REGIONS_MAX = 64 };

/* What SQLite holds open. */
struct handle {
    sqlite3_file base; /* must be the first */
    struct sim_vfs_disk *disk;
    struct sim_vfs_file *file;
    void *shm[SHM_REGIONS_MAX];
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    const char *folder;
    struct sim_vfs_disk *(*find)(const char *name);
    uint64_t (*draw)(void);
    void (*watch)(struct sim_vfs_disk *disk);
} layer;

/* ---- files ---------------------------------------------------------------------------------------------------------- */

static size_t sectors(size_t bytes)
{
    return (bytes + SIM_SECTOR_BYTES - 1) / SIM_SECTOR_BYTES;
}

static void file_reserve(struct sim_vfs_file *file, size_t size)
{
    if (size <= file->room)
        return;
    size_t room = file->room ? file->room : 64 * (size_t)1024;
    while (room < size)
        room *= 2;
    file->data = realloc(file->data, room);
    file->safe = realloc(file->safe, room);
    file->dirty = realloc(file->dirty, sectors(room));
    ROTA_ASSERT(file->data && file->safe && file->dirty);
    memset(file->data + file->room, 0, room - file->room);
    memset(file->safe + file->room, 0, room - file->room);
    memset(file->dirty + sectors(file->room), 0, sectors(room) - sectors(file->room));
    file->room = room;
}

static void file_drop(struct sim_vfs_file *file)
{
    free(file->data);
    free(file->safe);
    free(file->dirty);
    memset(file, 0, sizeof *file);
}

static struct sim_vfs_file *file_find(struct sim_vfs_disk *disk, const char *name)
{
    for (int i = 0; i < SIM_VFS_FILES_MAX; i++)
        if (disk->files[i].name[0] && strcmp(disk->files[i].name, name) == 0)
            return &disk->files[i];
    return NULL;
}

static struct sim_vfs_file *file_make(struct sim_vfs_disk *disk, const char *name)
{
    ROTA_ASSERT(strlen(name) < SIM_VFS_NAME_MAX);
    for (int i = 0; i < SIM_VFS_FILES_MAX; i++)
        if (!disk->files[i].name[0]) {
            memcpy(disk->files[i].name, name, strlen(name) + 1);
            return &disk->files[i];
        }
    return NULL;
}

/* Only what was written since the last time is copied: files are large, turns are small. */
static void file_settle(struct sim_vfs_file *file)
{
    for (size_t sector = 0; sector < sectors(file->room); sector++) {
        if (file->dirty[sector])
            memcpy(file->safe + sector * SIM_SECTOR_BYTES, file->data + sector * SIM_SECTOR_BYTES, SIM_SECTOR_BYTES);
        file->dirty[sector] = 0;
    }
    file->safe_size = file->size;
}

const struct sim_vfs_file *sim_vfs_find(const struct sim_vfs_disk *disk, const char *name)
{
    for (int i = 0; i < SIM_VFS_FILES_MAX; i++)
        if (disk->files[i].name[0] && strcmp(disk->files[i].name, name) == 0)
            return &disk->files[i];
    return NULL;
}

void sim_vfs_put(struct sim_vfs_disk *disk, const char *name, const uint8_t *bytes, size_t len)
{
    struct sim_vfs_file *file = file_find(disk, name);
    if (!file)
        file = file_make(disk, name);
    ROTA_ASSERT(file);
    file_reserve(file, len);
    memcpy(file->data, bytes, len);
    memset(file->dirty, 1, sectors(len));
    file->size = len;
    file_settle(file);
}

void sim_vfs_free(struct sim_vfs_disk *disk)
{
    for (int i = 0; i < SIM_VFS_FILES_MAX; i++)
        file_drop(&disk->files[i]);
}

void sim_vfs_copy(struct sim_vfs_disk *out, const struct sim_vfs_disk *disk)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < SIM_VFS_FILES_MAX; i++) {
        const struct sim_vfs_file *from = &disk->files[i];
        struct sim_vfs_file *to = &out->files[i];
        memcpy(to->name, from->name, sizeof to->name);
        if (from->room == 0)
            continue;
        file_reserve(to, from->room);
        memcpy(to->data, from->data, from->room);
        memcpy(to->safe, from->safe, from->room);
        memcpy(to->dirty, from->dirty, sectors(from->room));
        to->size = from->size;
        to->safe_size = from->safe_size;
    }
}

void sim_vfs_remove(struct sim_vfs_disk *disk, const char *name)
{
    struct sim_vfs_file *file = file_find(disk, name);
    if (file)
        file_drop(file);
}

uint32_t sim_vfs_dirty(const struct sim_vfs_disk *disk)
{
    uint32_t count = 0;
    for (int i = 0; i < SIM_VFS_FILES_MAX; i++)
        for (size_t sector = 0; sector < sectors(disk->files[i].size); sector++)
            count += disk->files[i].dirty[sector];
    return count;
}

void sim_vfs_watch(void (*fn)(struct sim_vfs_disk *disk))
{
    layer.watch = fn;
}

/* ---- the power cut -------------------------------------------------------------------------------------------------- */

static void file_cut(struct sim_vfs_file *file, enum sim_vfs_loss loss, uint64_t (*draw)(void))
{
    size_t size = file->safe_size;
    for (size_t sector = 0; sector < sectors(file->size); sector++) {
        size_t at = sector * SIM_SECTOR_BYTES, end = at + SIM_SECTOR_BYTES;
        if (!file->dirty[sector] || loss == SIM_VFS_LOSES_ALL || (loss == SIM_VFS_LOSES_SOME && draw() % 2 == 0))
            continue;
        end = end < file->size ? end : file->size;
        memcpy(file->safe + at, file->data + at, end - at);
        size = end > size ? end : size;
    }
    memcpy(file->data, file->safe, size);
    if (size < file->room) {
        memset(file->data + size, 0, file->room - size);
        memset(file->safe + size, 0, file->room - size);
    }
    file->size = size;
    file_settle(file);
}

void sim_vfs_power_cut(struct sim_vfs_disk *disk, enum sim_vfs_loss loss, uint64_t (*draw)(void))
{
    for (int i = 0; i < SIM_VFS_FILES_MAX; i++)
        if (disk->files[i].name[0] && disk->files[i].room > 0)
            file_cut(&disk->files[i], loss, draw);
    disk->failure = SIM_VFS_FINE;
    disk->countdown = 0;
    disk->failed = false;
}

/* The armed failure: true when this write (or sync) must not happen. */
static bool disk_fails(struct sim_vfs_disk *disk, bool is_sync)
{
    if (disk->failed)
        return disk->failure == SIM_VFS_POWER || (disk->failure == SIM_VFS_FULL && !is_sync);
    if (disk->countdown == 0)
        return false;
    if (disk->countdown > 1) {
        disk->countdown--;
        return false;
    }
    if ((disk->failure == SIM_VFS_FSYNC && !is_sync) || (disk->failure == SIM_VFS_FULL && is_sync))
        return false; /* its moment is still to come */
    disk->countdown = 0;
    disk->failed = true;
    return true;
}

static int disk_error(const struct sim_vfs_disk *disk, int usual)
{
    return disk->failure == SIM_VFS_FULL ? SQLITE_FULL : usual;
}

/* ---- what SQLite calls ---------------------------------------------------------------------------------------------- */

static struct handle *handle_of(sqlite3_file *file)
{
    return (struct handle *)file;
}

static void shm_drop(struct handle *handle)
{
    for (int i = 0; i < SHM_REGIONS_MAX; i++) {
        free(handle->shm[i]);
        handle->shm[i] = NULL;
    }
}

static int io_close(sqlite3_file *file)
{
    shm_drop(handle_of(file));
    return SQLITE_OK;
}

static int io_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
    const struct sim_vfs_file *of = handle_of(file)->file;
    size_t offset = (size_t)at, want = (size_t)len;
    size_t have = offset < of->size ? of->size - offset : 0;
    size_t got = have < want ? have : want;
    if (got > 0)
        memcpy(out, of->data + offset, got);
    memset((uint8_t *)out + got, 0, want - got);
    return got == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int io_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    struct handle *handle = handle_of(file);
    struct sim_vfs_file *of = handle->file;
    size_t offset = (size_t)at, end = offset + (size_t)len;
    handle->disk->writes++;
    if (disk_fails(handle->disk, false))
        return disk_error(handle->disk, SQLITE_IOERR_WRITE);
    file_reserve(of, end);
    memcpy(of->data + offset, bytes, (size_t)len);
    for (size_t sector = offset / SIM_SECTOR_BYTES; sector < sectors(end); sector++)
        of->dirty[sector] = 1;
    of->size = end > of->size ? end : of->size;
    return SQLITE_OK;
}

static int io_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct sim_vfs_file *of = handle_of(file)->file;
    if (handle_of(file)->disk->failed && handle_of(file)->disk->failure == SIM_VFS_POWER)
        return SQLITE_IOERR_TRUNCATE;
    if ((size_t)size < of->size) {
        memset(of->data + size, 0, of->size - (size_t)size);
        memset(of->dirty + (size_t)size / SIM_SECTOR_BYTES, 1, sectors(of->size) - (size_t)size / SIM_SECTOR_BYTES);
        of->size = (size_t)size;
    }
    return SQLITE_OK;
}

/* A sync that fails leaves pages that look clean and are not safe: asked again, it says that all is well. */
static int io_sync(sqlite3_file *file, int flags)
{
    struct handle *handle = handle_of(file);
    (void)flags;
    if (layer.watch)
        layer.watch(handle->disk);
    handle->disk->syncs++;
    if (!disk_fails(handle->disk, true)) {
        file_settle(handle->file);
        return SQLITE_OK;
    }
    if (handle->disk->failure == SIM_VFS_FSYNC)
        memset(handle->file->dirty, 0, sectors(handle->file->room));
    return SQLITE_IOERR_FSYNC;
}

static int io_size(sqlite3_file *file, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)handle_of(file)->file->size;
    return SQLITE_OK;
}

static int io_lock(sqlite3_file *file, int lock)
{
    (void)file;
    (void)lock;
    return SQLITE_OK;
}

static int io_reserved(sqlite3_file *file, int *out)
{
    (void)file;
    *out = 0;
    return SQLITE_OK;
}

static int io_control(sqlite3_file *file, int op, void *argument)
{
    (void)file;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int io_sector_size(sqlite3_file *file)
{
    (void)file;
    return SIM_SECTOR_BYTES;
}

static int io_traits(sqlite3_file *file)
{
    (void)file;
    return 0;
}

static int io_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    struct handle *handle = handle_of(file);
    ROTA_ASSERT(region < SHM_REGIONS_MAX);
    if (!handle->shm[region] && extend) {
        handle->shm[region] = calloc(1, (size_t)size);
        ROTA_ASSERT(handle->shm[region]);
    }
    *out = handle->shm[region];
    return SQLITE_OK;
}

static int io_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    (void)file;
    (void)offset;
    (void)n;
    (void)flags;
    return SQLITE_OK;
}

static void io_shm_barrier(sqlite3_file *file)
{
    (void)file;
}

static int io_shm_unmap(sqlite3_file *file, int delete_it)
{
    (void)delete_it;
    shm_drop(handle_of(file));
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = io_close,
    .xRead = io_read,
    .xWrite = io_write,
    .xTruncate = io_truncate,
    .xSync = io_sync,
    .xFileSize = io_size,
    .xLock = io_lock,
    .xUnlock = io_lock,
    .xCheckReservedLock = io_reserved,
    .xFileControl = io_control,
    .xSectorSize = io_sector_size,
    .xDeviceCharacteristics = io_traits,
    .xShmMap = io_shm_map,
    .xShmLock = io_shm_lock,
    .xShmBarrier = io_shm_barrier,
    .xShmUnmap = io_shm_unmap,
};

static struct sim_vfs_disk *disk_of(const char *name)
{
    return name && layer.folder && strncmp(name, layer.folder, strlen(layer.folder)) == 0 ? layer.find(name) : NULL;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    struct sim_vfs_disk *disk = disk_of(name);
    (void)vfs;
    if (!disk)
        return layer.real->xOpen(layer.real, name, file, flags, out_flags);
    struct handle *handle = handle_of(file);
    memset(handle, 0, sizeof *handle);
    handle->disk = disk;
    handle->file = file_find(disk, name);
    if (!handle->file && (flags & SQLITE_OPEN_CREATE))
        handle->file = file_make(disk, name);
    if (!handle->file)
        return SQLITE_CANTOPEN;
    handle->base.pMethods = &methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    struct sim_vfs_disk *disk = disk_of(name);
    (void)vfs;
    if (!disk)
        return layer.real->xDelete(layer.real, name, sync);
    struct sim_vfs_file *file = file_find(disk, name);
    if (disk->failed && disk->failure == SIM_VFS_POWER)
        return SQLITE_IOERR_DELETE;
    if (!file)
        return SQLITE_IOERR_DELETE_NOENT;
    file_drop(file);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    struct sim_vfs_disk *disk = disk_of(name);
    (void)vfs;
    if (!disk)
        return layer.real->xAccess(layer.real, name, flags, out);
    *out = file_find(disk, name) != NULL;
    return SQLITE_OK;
}

static int vfs_full_name(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
    (void)vfs;
    if (!disk_of(name))
        return layer.real->xFullPathname(layer.real, name, room, out);
    sqlite3_snprintf(room, out, "%s", name);
    return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    for (int i = 0; i < len; i++)
        out[i] = (char)layer.draw();
    return len;
}

static int vfs_now(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    (void)vfs;
    *out = INT64_C(212000000000000); /* nothing in our files may depend on it */
    return SQLITE_OK;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

void sim_vfs_use(const char *folder, struct sim_vfs_disk *(*find)(const char *name), uint64_t (*draw)(void))
{
    layer.folder = folder;
    layer.find = find;
    layer.draw = draw;
    if (layer.real)
        return;
    layer.real = sqlite3_vfs_find(NULL);
    layer.vfs = *layer.real;
    layer.vfs.zName = "rota-sim";
    layer.vfs.pNext = NULL;
    if (layer.vfs.szOsFile < (int)sizeof(struct handle))
        layer.vfs.szOsFile = (int)sizeof(struct handle);
    layer.vfs.xOpen = vfs_open;
    layer.vfs.xDelete = vfs_delete;
    layer.vfs.xAccess = vfs_access;
    layer.vfs.xFullPathname = vfs_full_name;
    layer.vfs.xRandomness = vfs_randomness;
    layer.vfs.xCurrentTimeInt64 = vfs_now;
    layer.vfs.xSleep = vfs_sleep;
    ROTA_ASSERT(sqlite3_vfs_register(&layer.vfs, 1) == SQLITE_OK);
}
