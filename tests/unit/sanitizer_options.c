/* Criterion ignores the exit code of a leaking test: abort instead, so that a leak fails like a crash. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "abort_on_error=1:detect_leaks=1";
}
