#include "crypto/status.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void rota_panic(const char *file, int line, const char *invariant)
{
    fprintf(stderr, "rotaledger: %s:%d: this must hold and does not: %s\n", file, line, invariant);
    abort();
}
