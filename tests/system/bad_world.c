/* librota-bad-world: loaded in front of a program, it gives it a bad disk and a bad clock, as the shared file named by
 * ROTA_BAD_WORLD says at that moment. Nothing of the program knows about it. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* tests/system/bad_world.py writes and reads the same fields. */
struct bad_world {
    _Atomic int64_t clock_offset_ns; /* of the time of day; the monotonic clock stays true */
    _Atomic int64_t syncs_left;      /* so many more syncs succeed, then every one fails; negative = no end */
    _Atomic int64_t sync_lies;       /* a sync does nothing and says that it did */
    _Atomic int64_t sync_delay_ms;
    _Atomic int64_t syncs; /* asked for so far */
    _Atomic int64_t failed;
};

static struct bad_world *bad_world_open(void)
{
    static _Atomic(struct bad_world *) world;
    struct bad_world *now = atomic_load(&world);
    const char *path = getenv("ROTA_BAD_WORLD");
    if (now || !path)
        return now;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *now, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (memory == MAP_FAILED)
        abort();
    atomic_store(&world, memory);
    return memory;
}

static int bad_world_sync(long call, int fd)
{
    struct bad_world *world = bad_world_open();
    if (!world)
        return (int)syscall(call, fd);
    atomic_fetch_add(&world->syncs, 1);
    int64_t delay_ms = atomic_load(&world->sync_delay_ms);
    struct timespec delay = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000};
    if (delay_ms > 0)
        (void)nanosleep(&delay, NULL);
    if (atomic_load(&world->syncs_left) == 0) {
        atomic_fetch_add(&world->failed, 1);
        errno = EIO;
        return -1;
    }
    if (atomic_load(&world->syncs_left) > 0)
        atomic_fetch_sub(&world->syncs_left, 1);
    return atomic_load(&world->sync_lies) ? 0 : (int)syscall(call, fd);
}

int fsync(int fd)
{
    return bad_world_sync(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return bad_world_sync(SYS_fdatasync, fd);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    struct bad_world *world = bad_world_open();
    if (result != 0 || !world || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return result;
    int64_t ns = (int64_t)out->tv_sec * 1000000000 + out->tv_nsec + atomic_load(&world->clock_offset_ns);
    out->tv_sec = ns / 1000000000;
    out->tv_nsec = ns % 1000000000;
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}
