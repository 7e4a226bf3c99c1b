/* The fixed list of words; its order is part of the format (FORMATS §4): never change it. */
#ifndef ROTA_CRYPTO_WORDS_LIST_H
#define ROTA_CRYPTO_WORDS_LIST_H

enum { ROTA_WORDS_LIST_COUNT = 2048 };

extern const char *const rota_words_list[ROTA_WORDS_LIST_COUNT];

#endif
