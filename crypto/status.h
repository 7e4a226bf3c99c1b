/* How Rotaledger says that something went wrong.
 *
 * Three kinds of wrong, three voices:
 *   the programmer  ROTA_ASSERT, on in every build, stops the process;
 *   the world       struct rota_status, returned by value, cannot be ignored;
 *   the adversary   a status or verdict that is counted; bytes of a peer never reach an assertion.
 *
 * A status never owns memory: `why` points to a static sentence in the words of the person who reads it.
 */
#ifndef ROTA_CRYPTO_STATUS_H
#define ROTA_CRYPTO_STATUS_H

#include <stdbool.h>

enum rota_code {
    ROTA_OK = 0,
    ROTA_MALFORMED,     /* bytes that no correct writer makes */
    ROTA_TOO_LARGE,     /* a limit of the format or of a buffer */
    ROTA_BAD_SIGNATURE, /* a signature that does not verify, or is not low-S */
    ROTA_UNKNOWN_KEY,   /* a key or member that this ledger does not know */
    ROTA_WRONG_LEDGER,  /* signed for another ledger, epoch or membership */
    ROTA_REFUSED,       /* well formed, but a rule forbids it */
    ROTA_NOT_FOUND,
    ROTA_EXISTS,      /* would overwrite something */
    ROTA_PERMISSION,  /* file modes, ownership */
    ROTA_PASSPHRASE,  /* missing or wrong passphrase */
    ROTA_IO,          /* disk or network failed */
    ROTA_FULL,        /* no room: disk, queue, table */
    ROTA_NO_MEMORY,   /* the allocator said no */
    ROTA_UNSUPPORTED, /* newer format, other algorithm */
    ROTA_INCOMPLETE,  /* good as far as it goes */
    ROTA_USAGE,       /* a command line or configuration that makes no sense */
};

struct rota_status {
    enum rota_code code;
    const char *why; /* static text, never NULL unless code is ROTA_OK */
};

#define ROTA_CHECKED __attribute__((warn_unused_result))

static inline struct rota_status rota_ok(void)
{
    return (struct rota_status){ROTA_OK, ""};
}

static inline struct rota_status rota_fail(enum rota_code code, const char *why)
{
    return (struct rota_status){code, why};
}

static inline bool rota_is_ok(struct rota_status status)
{
    return status.code == ROTA_OK;
}

/* Stops the process with file, line and the broken invariant. Never returns. */
_Noreturn void rota_panic(const char *file, int line, const char *invariant);

/* The only macros with control flow. */
#define ROTA_ASSERT(invariant) ((invariant) ? (void)0 : rota_panic(__FILE__, __LINE__, #invariant))

#define ROTA_TRY(expression)                               \
    do {                                                   \
        struct rota_status rota_try_status = (expression); \
        if (rota_try_status.code != ROTA_OK)               \
            return rota_try_status;                        \
    } while (0)

/* Calls `fn(&variable)` when the variable leaves its scope. */
#define ROTA_CLEANUP(fn) __attribute__((cleanup(fn)))

#endif
