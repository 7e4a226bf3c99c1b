/* Every fact of the schedule as one ordered map from key bytes to value bytes, and the only door for changing it.
 * A row is never altered in place: a change puts another row in its place and notes both. The notes are what an outcome
 * record is made of, and they are the undo; neither needs to copy a byte or to ask for memory when it takes something back.
 *
 * Keys are table u8 || key and are ordered as bytes, a prefix before what it begins. Each table has a tree of its own, so
 * that a small table is quick beside a large one. Knows nothing of what rows mean.
 * Owned by the state; one thread at a time. Rows given out are borrowed until the next change.
 */
#ifndef ROTA_LEDGER_SCHEDULE_ROWS_H
#define ROTA_LEDGER_SCHEDULE_ROWS_H

#include "crypto/bytes.h"

#include <bsd/sys/tree.h>

struct rota_row {
    RB_ENTRY(rota_row) entry;
    const uint8_t *key; /* points into bytes, or at the caller's key while searching */
    uint16_t key_len;
    uint16_t value_len;
    uint16_t side_len;
    uint8_t bytes[]; /* key || value || side */
};

static inline struct rota_view rota_row_key(const struct rota_row *row)
{
    return rota_view(row->key, row->key_len);
}

static inline struct rota_view rota_row_value(const struct rota_row *row)
{
    return rota_view(row->bytes + row->key_len, row->value_len);
}

/* What was worked out from the value once and is kept so that nobody works it out again (a parsed key). Never hashed. */
static inline struct rota_view rota_row_side(const struct rota_row *row)
{
    return rota_view(row->bytes + row->key_len + row->value_len, row->side_len);
}

/* One change. NULL: no such row. Both have the same key. */
struct rota_change {
    struct rota_row *before;
    struct rota_row *after;
};

struct rota_changes {
    struct rota_change *items; /* in the order in which they happened; owned, as are the rows in `before` */
    uint32_t count;
    uint32_t room;
};

RB_HEAD(rota_row_tree, rota_row);

enum { ROTA_TABLES_MAX = 16 };

struct rota_rows {
    struct rota_row_tree tables[ROTA_TABLES_MAX]; /* by the first byte of the key */
    struct rota_changes log;                      /* everything since the last rota_rows_take */
    bool no_memory; /* a change was lost: the log must be undone before anything else happens */
};

void rota_rows_init(struct rota_rows *rows);
void rota_rows_free(struct rota_rows *rows);

/* NULL when there is none. */
const struct rota_row *rota_row_get(const struct rota_rows *rows, struct rota_view key);
/* The first row of the table whose key is not below `key`, and the one after a row; NULL at the end of the table. */
const struct rota_row *rota_row_from(const struct rota_rows *rows, struct rota_view key);
const struct rota_row *rota_row_next(const struct rota_row *row);
/* The last row of the table whose key is below `key`; NULL when there is none. */
const struct rota_row *rota_row_before(const struct rota_rows *rows, struct rota_view key);
/* True when the row (which may be NULL) has a key that begins so. */
bool rota_row_begins(const struct rota_row *row, struct rota_view prefix);

/* Puts a row, in place of the one with its key if there is one; it must differ from that one. When memory is out the
 * rows say so in `no_memory` and this and all later changes do nothing. Key, value and side are copied. */
void rota_row_put(struct rota_rows *rows, struct rota_view key, struct rota_view value, struct rota_view side);
/* Deletes the row with this key. Asserts that there is one. */
void rota_row_delete(struct rota_rows *rows, struct rota_view key);

/* The log so far, given to the caller; a new one begins. */
struct rota_changes rota_rows_take(struct rota_rows *rows);
/* Takes the newest changes back, newest first, and forgets them. Does not allocate. */
void rota_rows_undo(struct rota_rows *rows, struct rota_changes *changes);
/* The changes stand: forgets them and the rows that they replaced. */
void rota_changes_settle(struct rota_changes *changes);

#endif
