/* The exit codes of rota: one number per meaning, the same for every command; the table is in rota(1). */
#ifndef ROTA_TOOLS_EXIT_CODE_H
#define ROTA_TOOLS_EXIT_CODE_H

#include "crypto/status.h"

enum rota_exit {
    ROTA_EXIT_DONE = 0,
    ROTA_EXIT_NEGATIVE = 1, /* the answer is no: refused, not valid, not found in the ledger */
    ROTA_EXIT_USAGE = 2,    /* command line or configuration */
    ROTA_EXIT_INCONCLUSIVE = 3,
    ROTA_EXIT_EQUIVOCATION = 4,
    ROTA_EXIT_UNREADABLE = 5,
    ROTA_EXIT_UNSUPPORTED = 6,
    ROTA_EXIT_KEY = 7,   /* key, passphrase or permission */
    ROTA_EXIT_LATER = 8, /* no quorum, timeout, rate limit, no node: the same command may work later */
    ROTA_EXIT_BUG = 70,
};

/* What a status means to a shell. */
static inline int rota_exit_of(struct rota_status status)
{
    switch (status.code) {
    case ROTA_OK:
        return ROTA_EXIT_DONE;
    case ROTA_BAD_SIGNATURE:
    case ROTA_UNKNOWN_KEY:
    case ROTA_WRONG_LEDGER:
    case ROTA_REFUSED:
        return ROTA_EXIT_NEGATIVE;
    case ROTA_EXISTS:
    case ROTA_USAGE:
        return ROTA_EXIT_USAGE;
    case ROTA_MALFORMED:
    case ROTA_TOO_LARGE:
    case ROTA_NOT_FOUND:
    case ROTA_IO:
        return ROTA_EXIT_UNREADABLE;
    case ROTA_PERMISSION:
    case ROTA_PASSPHRASE:
        return ROTA_EXIT_KEY;
    case ROTA_UNSUPPORTED:
        return ROTA_EXIT_UNSUPPORTED;
    case ROTA_INCOMPLETE:
        return ROTA_EXIT_INCONCLUSIVE;
    case ROTA_FULL:
        return ROTA_EXIT_LATER;
    case ROTA_NO_MEMORY:
        return ROTA_EXIT_BUG;
    }
    return ROTA_EXIT_BUG;
}

#endif
