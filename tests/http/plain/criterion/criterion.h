/* For programs with a plain main, which run under ThreadSanitizer where Criterion does not start: as much of its name as the
 * fixtures use. */
#ifndef ROTA_TESTS_HTTP_PLAIN_CRITERION_H
#define ROTA_TESTS_HTTP_PLAIN_CRITERION_H

#include <stdio.h>
#include <stdlib.h>

#define PLAIN_FACT(fact, ...) (fact)
#define cr_assert(...)                                                                      \
    do {                                                                                    \
        if (!PLAIN_FACT(__VA_ARGS__, 0)) {                                                  \
            (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #__VA_ARGS__); \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

#endif
