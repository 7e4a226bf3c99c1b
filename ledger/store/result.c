#include "ledger/store/result.h"

#include <sqlite3.h>

struct rota_status store_result(int result, const struct store_words *words, const char *otherwise)
{
    if (result == SQLITE_IOERR_SHMSIZE) /* the index beside the log, without which a file cannot even be read */
        return rota_fail(ROTA_FULL, words->full);
    switch (result & 0xff) {
    case SQLITE_FULL:
        return rota_fail(ROTA_FULL, words->full);
    case SQLITE_NOMEM:
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return rota_fail(ROTA_MALFORMED, words->damaged);
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return rota_fail(ROTA_PERMISSION, words->permission);
    case SQLITE_BUSY:
        return rota_fail(ROTA_IO, words->locked);
    default:
        return rota_fail(ROTA_IO, otherwise);
    }
}
