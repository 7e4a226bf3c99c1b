/* A hash as twelve words that two people compare by telephone: the first 132 bits, eleven a word, from a fixed list of
 * 2,048 words no two of which share their first four letters. */
#ifndef ROTA_CRYPTO_WORDS_H
#define ROTA_CRYPTO_WORDS_H

#include "crypto/bytes.h"

enum { ROTA_WORDS = 12, ROTA_WORDS_CHARS_MAX = 12 * 9 };

/* "coral anvil ...": lower case, single spaces, NUL-terminated. */
void rota_words_format(char out[ROTA_WORDS_CHARS_MAX], const struct rota_hash *hash);
/* True when the text (case and runs of spaces, dashes or commas do not matter) names this hash. */
ROTA_CHECKED bool rota_words_match(const char *text, const struct rota_hash *hash);

#endif
