#include "node/bell.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void *bell_ring_later(void *context)
{
    usleep(20000);
    rota_bell_ring(context);
    return NULL;
}

Test(bell, keeps_rings_that_nobody_waited_for)
{
    struct rota_bell bell;
    cr_assert(rota_is_ok(rota_bell_open(&bell)));
    for (int i = 0; i < 1000; i++)
        rota_bell_ring(&bell);
    uint64_t began = rota_clock_monotonic_ms();
    rota_bell_wait(&bell, UINT64_MAX);
    cr_expect_lt(rota_clock_monotonic_ms() - began, 1000);
    rota_bell_close(&bell);
}

Test(bell, is_silent_again_after_a_wait)
{
    struct rota_bell bell;
    cr_assert(rota_is_ok(rota_bell_open(&bell)));
    rota_bell_ring(&bell);
    rota_bell_wait(&bell, UINT64_MAX);
    uint64_t began = rota_clock_monotonic_ms();
    rota_bell_wait(&bell, began + 30);
    cr_expect_geq(rota_clock_monotonic_ms(), began + 30);
    rota_bell_close(&bell);
}

Test(bell, does_not_wait_for_a_deadline_that_has_passed)
{
    struct rota_bell bell;
    cr_assert(rota_is_ok(rota_bell_open(&bell)));
    rota_bell_wait(&bell, 0);
    rota_bell_wait(&bell, rota_clock_monotonic_ms());
    rota_bell_close(&bell);
}

Test(bell, wakes_a_waiter_from_another_thread)
{
    struct rota_bell bell;
    pthread_t thread;
    cr_assert(rota_is_ok(rota_bell_open(&bell)));
    cr_assert(pthread_create(&thread, NULL, bell_ring_later, &bell) == 0);
    rota_bell_wait(&bell, UINT64_MAX);
    pthread_join(thread, NULL);
    rota_bell_close(&bell);
}

static struct rota_bell bell_of_signal;

static void bell_on_alarm(int number)
{
    (void)number;
    rota_bell_ring(&bell_of_signal);
}

Test(bell, may_be_rung_by_a_signal_handler)
{
    cr_assert(rota_is_ok(rota_bell_open(&bell_of_signal)));
    struct sigaction action = {.sa_handler = bell_on_alarm};
    cr_assert(sigaction(SIGALRM, &action, NULL) == 0);
    ualarm(20000, 0);
    rota_bell_wait(&bell_of_signal, UINT64_MAX);
    rota_bell_close(&bell_of_signal);
}

Test(bell, clocks_agree_on_how_time_passes)
{
    uint64_t ms = rota_clock_monotonic_ms(), us = rota_clock_monotonic_us();
    cr_expect_leq(ms, us / 1000);
    cr_expect_lt(us / 1000 - ms, 1000);
    cr_expect_gt(rota_clock_wall_ms(), 1600000000000ull);
}
