/* Reads the choice before main, so that every test program can be run broken without knowing it. */
#include "tests/broken/chosen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum rota_broken_variant rota_broken;

#define VARIANT_NAME(id, ...) #id,
static const char *const names[] = {"none", ROTA_BROKEN_VARIANTS(VARIANT_NAME)};

__attribute__((constructor)) static void choose(void)
{
    const char *wanted = getenv("ROTA_BROKEN");
    if (!wanted)
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], wanted) == 0) {
            rota_broken = (enum rota_broken_variant)i;
            return;
        }
    fprintf(stderr, "ROTA_BROKEN: there is no variant \"%s\"\n", wanted);
    exit(2);
}
