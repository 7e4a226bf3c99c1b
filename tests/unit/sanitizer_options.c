/* Criterion ignores the exit code of a leaking test: abort instead, so that a leak fails like a crash. */
#include <stdlib.h>

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "abort_on_error=1:detect_leaks=1";
}

/* Criterion's runner loses a few bytes of its own now and then. Tests run in processes of their own, which are started with
 * this variable: only those are looked at. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return getenv("BXFI_MAP") == NULL;
}
