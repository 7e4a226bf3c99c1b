/* What tests/broken puts in front of every product file that it compiles (-include): ROTA_BROKEN that can choose the wrong
 * variant at run time. The environment variable ROTA_BROKEN names it; unset, everything is as it should be. */
#ifndef ROTA_TESTS_BROKEN_CHOSEN_H
#define ROTA_TESTS_BROKEN_CHOSEN_H

#include "tests/broken/variants.h"

#define ROTA_BROKEN_NUMBER(id, ...) ROTA_BROKEN_##id,
enum rota_broken_variant { ROTA_BROKEN_NONE, ROTA_BROKEN_VARIANTS(ROTA_BROKEN_NUMBER) };
#undef ROTA_BROKEN_NUMBER

extern enum rota_broken_variant rota_broken;

#define ROTA_BROKEN(id, good, bad) (rota_broken == ROTA_BROKEN_##id ? (bad) : (good))

#endif
