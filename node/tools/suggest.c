#include "node/tools/suggest.h"

#include <string.h>

enum { SUGGEST_CHARS_MAX = 40 };

static size_t suggest_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance in which two swapped neighbours count as one slip. Words beyond the bound are never near. */
static size_t suggest_distance(const char *a, const char *b)
{
    size_t rows[3][SUGGEST_CHARS_MAX + 1];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    if (a_len > SUGGEST_CHARS_MAX || b_len > SUGGEST_CHARS_MAX)
        return SUGGEST_CHARS_MAX;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = suggest_min(suggest_min(row[j - 1], above[j]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = suggest_min(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void rota_suggestion_offer(struct rota_suggestion *suggestion, const char *typed, const char *candidate)
{
    size_t distance = suggest_distance(typed, candidate);
    size_t near = 1 + strlen(candidate) / 3;
    if (distance > near || (suggestion->word != NULL && distance >= suggestion->distance))
        return;
    suggestion->word = candidate;
    suggestion->distance = distance;
}
