#include "ledger/store/handle.h"

static bool authorize_named(const char *name, const char *const names[])
{
    for (; name != NULL && *names != NULL; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

static const char *const tables_read[] = {"genesis",  "block",  "entry",         "certificate",
                                          "new_view", "readme", "sqlite_master", NULL};
static const char *const tables_grown[] = {"block", "entry", "certificate", "new_view", NULL};
static const char *const functions_used[] = {"max", "min", "coalesce", "length", NULL};

int store_authorize_reader(void *context, int action, const char *a, const char *b, const char *database,
                           const char *trigger)
{
    (void)context;
    (void)database;
    (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
        return SQLITE_OK;
    case SQLITE_READ:
        return authorize_named(a, tables_read) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_FUNCTION:
        return authorize_named(b, functions_used) ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

int store_authorize_writer(void *context, int action, const char *a, const char *b, const char *database,
                           const char *trigger)
{
    switch (action) {
    case SQLITE_TRANSACTION:
        return SQLITE_OK;
    case SQLITE_INSERT:
        return authorize_named(a, tables_grown) ? SQLITE_OK : SQLITE_DENY;
    default:
        return store_authorize_reader(context, action, a, b, database, trigger);
    }
}
