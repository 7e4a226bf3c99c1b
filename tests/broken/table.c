/* The table of variants as lines for tests/broken/run: id, rows, killer, seeds, checkers, sentence; tabs between. */
#include "tests/broken/variants.h"

#include <stdio.h>

struct variant {
    const char *id, *rows, *sentence, *killer;
    unsigned seeds;
    const char *checkers;
};

#define VARIANT_ROW(id, rows, sentence, killer, seeds, checkers) {#id, rows, sentence, killer, seeds, checkers},
static const struct variant variants[] = {ROTA_BROKEN_VARIANTS(VARIANT_ROW)};

int main(void)
{
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        const struct variant *v = &variants[i];
        printf("%s\t%s\t%s\t%u\t%s\t%s\n", v->id, v->rows, v->killer, v->seeds, v->checkers, v->sentence);
    }
    return 0;
}
