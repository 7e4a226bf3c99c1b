/* The bell is an eventfd: ringing adds to its counter, waiting polls it and reads the counter away. */
#include "node/bell.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct rota_status rota_bell_open(struct rota_bell *bell)
{
    bell->rung = false;
    bell->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (bell->fd < 0)
        return rota_fail(ROTA_IO, "no file descriptor left for a bell: raise the limit of open files");
    return rota_ok();
}

void rota_bell_close(struct rota_bell *bell)
{
    if (bell->fd >= 0)
        close(bell->fd);
    bell->fd = -1;
}

/* Async-signal-safe. Whoever rings while an earlier ring is unheard need not write: the waiter has yet to look. */
void rota_bell_ring(struct rota_bell *bell)
{
    if (__atomic_exchange_n(&bell->rung, true, __ATOMIC_SEQ_CST))
        return;
    int saved = errno;
    uint64_t one = 1;
    ssize_t written = write(bell->fd, &one, sizeof one);
    ROTA_ASSERT(written == (ssize_t)sizeof one || errno == EAGAIN || errno == EINTR);
    errno = saved;
}

static int bell_patience(uint64_t deadline_ms)
{
    if (deadline_ms == UINT64_MAX)
        return -1;
    uint64_t now = rota_clock_monotonic_ms();
    if (now >= deadline_ms)
        return 0;
    return deadline_ms - now > INT_MAX ? INT_MAX : (int)(deadline_ms - now);
}

void rota_bell_wait(struct rota_bell *bell, uint64_t deadline_ms)
{
    struct pollfd slot = {.fd = bell->fd, .events = POLLIN};
    for (;;) {
        int patience = bell_patience(deadline_ms);
        int ready = poll(&slot, 1, patience);
        ROTA_ASSERT(ready >= 0 || errno == EINTR);
        if (ready > 0) {
            uint64_t rings;
            ssize_t got = read(bell->fd, &rings, sizeof rings);
            ROTA_ASSERT(got == (ssize_t)sizeof rings || errno == EAGAIN || errno == EINTR);
            __atomic_store_n(&bell->rung, false,
                             __ATOMIC_SEQ_CST); /* after the read: from here on rings are written again */
            return;
        }
        if (ready == 0 && patience != INT_MAX)
            return;
    }
}

static uint64_t clock_read_us(clockid_t which)
{
    struct timespec now;
    ROTA_ASSERT(clock_gettime(which, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t rota_clock_monotonic_ms(void)
{
    return clock_read_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t rota_clock_monotonic_us(void)
{
    return clock_read_us(CLOCK_MONOTONIC);
}

uint64_t rota_clock_wall_ms(void)
{
    return clock_read_us(CLOCK_REALTIME) / 1000;
}
