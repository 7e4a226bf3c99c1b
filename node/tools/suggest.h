/* "Did you mean ...": the nearest known word. */
#ifndef ROTA_TOOLS_SUGGEST_H
#define ROTA_TOOLS_SUGGEST_H

#include <stddef.h>

struct rota_suggestion {
    const char *word; /* the nearest so far that is near enough, or NULL */
    size_t distance;
};

/* Looks at one more candidate for what was typed. */
void rota_suggestion_offer(struct rota_suggestion *suggestion, const char *typed, const char *candidate);

#endif
