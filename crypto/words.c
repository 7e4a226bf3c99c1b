#include "crypto/words.h"

#include "crypto/words_list.h"

#include <stdio.h>

/* Bits [11 * i, 11 * i + 11) of the hash, most significant first. */
static unsigned word_index(const struct rota_hash *hash, unsigned i)
{
    unsigned index = 0;
    for (unsigned bit = 11 * i; bit < 11 * i + 11; bit++)
        index = index << 1 | ((unsigned)hash->b[bit / 8] >> (7 - bit % 8) & 1u);
    return index;
}

void rota_words_format(char out[ROTA_WORDS_CHARS_MAX], const struct rota_hash *hash)
{
    size_t len = 0;
    for (unsigned i = 0; i < ROTA_WORDS; i++) {
        int written =
            snprintf(out + len, ROTA_WORDS_CHARS_MAX - len, i == 0 ? "%s" : " %s", rota_words_list[word_index(hash, i)]);
        ROTA_ASSERT(written > 0 && len + (size_t)written < ROTA_WORDS_CHARS_MAX);
        len += (size_t)written;
    }
}

static bool is_gap(char c)
{
    return c == ' ' || c == '-' || c == '\t' || c == '\n' || c == ',';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool rota_words_match(const char *text, const struct rota_hash *hash)
{
    for (unsigned i = 0; i < ROTA_WORDS; i++) {
        while (is_gap(*text))
            text++;
        for (const char *expected = rota_words_list[word_index(hash, i)]; *expected; expected++, text++)
            if (lower(*text) != *expected)
                return false;
        if (*text != '\0' && !is_gap(*text))
            return false;
    }
    while (is_gap(*text))
        text++;
    return *text == '\0';
}
