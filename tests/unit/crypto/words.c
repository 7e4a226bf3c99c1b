#include "crypto/words.h"

#include "crypto/digest.h"
#include "crypto/words_list.h"
#include "tests/unit/crypto/check.h"

#include <ctype.h>

/* ---- the list ------------------------------------------------------------------------------------------------------- */

Test(words, the_list_is_2048_lower_case_words_of_3_to_8_letters_in_order)
{
    for (size_t i = 0; i < ROTA_WORDS_LIST_COUNT; i++) {
        const char *word = rota_words_list[i];
        cr_assert_not_null(word);
        size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz");
        cr_assert(len >= 3 && len <= 8 && word[len] == '\0', "word %zu: %s", i, word);
        cr_assert(i == 0 || strcmp(rota_words_list[i - 1], word) < 0, "order at %s", word);
    }
}

Test(words, no_two_words_share_their_first_four_letters)
{
    for (size_t i = 1; i < ROTA_WORDS_LIST_COUNT; i++)
        cr_assert_neq(strncmp(rota_words_list[i - 1], rota_words_list[i], 4), 0, "%s and %s", rota_words_list[i - 1],
                      rota_words_list[i]);
}

/* A bad line must not turn one word into another. */
Test(words, no_two_words_differ_in_one_letter_only)
{
    for (size_t i = 0; i < ROTA_WORDS_LIST_COUNT; i++)
        for (size_t j = i + 1; j < ROTA_WORDS_LIST_COUNT; j++) {
            const char *a = rota_words_list[i], *b = rota_words_list[j];
            unsigned differences = 0;
            if (strlen(a) != strlen(b))
                continue;
            for (size_t k = 0; a[k] && differences < 2; k++)
                differences += a[k] != b[k];
            cr_assert_geq(differences, 2, "%s and %s", a, b);
        }
}

/* The list is part of the format: a change of it changes what people read to each other. */
Test(words, the_list_is_the_one_of_version_1)
{
    struct rota_digest digest;
    char text[2 * ROTA_HASH_BYTES + 1];
    rota_digest_start(&digest, NULL);
    for (size_t i = 0; i < ROTA_WORDS_LIST_COUNT; i++) {
        rota_digest_add(&digest, rota_words_list[i], strlen(rota_words_list[i]));
        rota_digest_add(&digest, "\n", 1);
    }
    struct rota_hash hash = rota_digest_finish(&digest);
    rota_hex_encode(text, rota_view(hash.b, sizeof hash.b));
    cr_assert_str_eq(text, "0d217bfc5578ff162bcb29f467284803c94c71f56a2792b319efbf78b7e04924");
}

/* ---- hashes as words ------------------------------------------------------------------------------------------------ */

static struct rota_hash hash_filled(uint8_t value)
{
    struct rota_hash hash;
    memset(&hash, value, sizeof hash);
    return hash;
}

Test(words, all_zero_and_all_one_are_the_ends_of_the_list)
{
    char text[ROTA_WORDS_CHARS_MAX], expected[ROTA_WORDS_CHARS_MAX] = "";
    struct rota_hash zero = hash_filled(0), ones = hash_filled(0xff);
    rota_words_format(text, &zero);
    for (int i = 0; i < ROTA_WORDS; i++)
        (void)strcat(strcat(expected, i ? " " : ""), rota_words_list[0]);
    cr_assert_str_eq(text, expected);
    expected[0] = '\0';
    rota_words_format(text, &ones);
    for (int i = 0; i < ROTA_WORDS; i++)
        (void)strcat(strcat(expected, i ? " " : ""), rota_words_list[ROTA_WORDS_LIST_COUNT - 1]);
    cr_assert_str_eq(text, expected);
}

/* Word i is bits 11i .. 11i+10 of the hash, most significant first: each bit of the first 132 moves one word by a power of
 * two. */
Test(words, each_word_is_eleven_bits)
{
    for (unsigned bit = 0; bit < 256; bit++) {
        struct rota_hash hash = hash_filled(0);
        char text[ROTA_WORDS_CHARS_MAX], *rest = text;
        hash.b[bit / 8] = (uint8_t)(0x80 >> bit % 8);
        rota_words_format(text, &hash);
        for (unsigned i = 0; i < ROTA_WORDS; i++) {
            const char *word = strsep(&rest, " ");
            unsigned index = bit / 11 == i ? 1u << (10 - bit % 11) : 0;
            cr_assert_str_eq(word, rota_words_list[index], "bit %u, word %u", bit, i);
        }
        cr_assert_null(rest);
    }
}

Test(words, a_text_names_its_hash_in_any_case_and_spacing)
{
    struct rota_hash hash = rota_hash_of(NULL, rota_view_text("genesis"));
    char text[ROTA_WORDS_CHARS_MAX], other[3 * ROTA_WORDS_CHARS_MAX];
    rota_words_format(text, &hash);
    cr_assert(rota_words_match(text, &hash));
    size_t len = 0;
    other[len++] = ' ';
    for (const char *c = text; *c; c++) {
        other[len++] = *c == ' ' ? '-' : (char)toupper(*c);
        if (*c == ' ')
            other[len++] = ' ';
    }
    (void)strcpy(other + len, " \n");
    cr_assert(rota_words_match(other, &hash), "%s", other);
}

Test(words, a_text_that_is_not_exactly_the_words_does_not_match)
{
    struct rota_hash hash = rota_hash_of(NULL, rota_view_text("genesis")), another = hash;
    char text[ROTA_WORDS_CHARS_MAX], other[2 * ROTA_WORDS_CHARS_MAX];
    rota_words_format(text, &hash);
    another.b[16] ^= 0x10; /* bit 131, the last that the words carry */
    cr_assert_not(rota_words_match(text, &another));
    another = hash;
    another.b[16] ^= 0x08; /* bit 132 is behind them */
    cr_assert(rota_words_match(text, &another));
    cr_assert_not(rota_words_match("", &hash));
    for (size_t cut = 0; cut < strlen(text); cut++) {
        (void)snprintf(other, sizeof other, "%.*s", (int)cut, text);
        cr_assert_not(rota_words_match(other, &hash), "cut at %zu", cut);
    }
    (void)snprintf(other, sizeof other, "%s %s", text, rota_words_list[0]);
    cr_assert_not(rota_words_match(other, &hash), "a thirteenth word");
    (void)snprintf(other, sizeof other, "%ss", text);
    cr_assert_not(rota_words_match(other, &hash), "a longer last word");
    (void)snprintf(other, sizeof other, "%s", text);
    memmove(strchr(other, ' '), strchr(other, ' ') + 1, strlen(strchr(other, ' ')));
    cr_assert_not(rota_words_match(other, &hash), "two words run together");
}

Test(words, the_longest_words_fit)
{
    size_t longest = 0;
    for (size_t i = 0; i < ROTA_WORDS_LIST_COUNT; i++)
        longest = strlen(rota_words_list[i]) > longest ? strlen(rota_words_list[i]) : longest;
    cr_assert_leq(ROTA_WORDS * (longest + 1), ROTA_WORDS_CHARS_MAX);
}
