#include "ledger/schedule/rows.h"

#include <stdlib.h>

enum { ROWS_LOG_ROOM_FIRST = 32 };

static int row_compare(const struct rota_row *a, const struct rota_row *b)
{
    size_t shorter = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = memcmp(a->key, b->key, shorter);
    return order != 0 ? order : (int)a->key_len - (int)b->key_len;
}

RB_GENERATE_INTERNAL(rota_row_tree, rota_row, entry, row_compare, static __attribute__((unused)))

/* The tree of a key's table. The tree macros know no const; searching changes nothing. */
static struct rota_row_tree *rows_tree(const struct rota_rows *rows, struct rota_view key)
{
    ROTA_ASSERT(key.len > 0);
    ROTA_ASSERT(key.data[0] < ROTA_TABLES_MAX);
    return (struct rota_row_tree *)(uintptr_t)&rows->tables[key.data[0]];
}

static struct rota_row rows_probe(struct rota_view key)
{
    ROTA_ASSERT(key.len <= UINT16_MAX);
    return (struct rota_row){.key = key.data, .key_len = (uint16_t)key.len};
}

void rota_rows_init(struct rota_rows *rows)
{
    *rows = (struct rota_rows){.no_memory = false};
    for (unsigned i = 0; i < ROTA_TABLES_MAX; i++)
        RB_INIT(&rows->tables[i]);
}

void rota_rows_free(struct rota_rows *rows)
{
    for (unsigned i = 0; i < ROTA_TABLES_MAX; i++) {
        struct rota_row_tree *tree = &rows->tables[i];
        struct rota_row *row;
        while ((row = RB_ROOT(tree)) != NULL) {
            (void)RB_REMOVE(rota_row_tree, tree, row);
            free(row);
        }
    }
    rota_changes_settle(&rows->log);
}

const struct rota_row *rota_row_get(const struct rota_rows *rows, struct rota_view key)
{
    struct rota_row probe = rows_probe(key);
    return RB_FIND(rota_row_tree, rows_tree(rows, key), &probe);
}

const struct rota_row *rota_row_from(const struct rota_rows *rows, struct rota_view key)
{
    struct rota_row probe = rows_probe(key);
    return RB_NFIND(rota_row_tree, rows_tree(rows, key), &probe);
}

const struct rota_row *rota_row_next(const struct rota_row *row)
{
    return RB_NEXT(rota_row_tree, NULL, (struct rota_row *)(uintptr_t)row);
}

const struct rota_row *rota_row_before(const struct rota_rows *rows, struct rota_view key)
{
    struct rota_row probe = rows_probe(key);
    struct rota_row_tree *tree = rows_tree(rows, key);
    struct rota_row *row = RB_NFIND(rota_row_tree, tree, &probe);
    return row != NULL ? RB_PREV(rota_row_tree, tree, row) : RB_MAX(rota_row_tree, tree);
}

bool rota_row_begins(const struct rota_row *row, struct rota_view prefix)
{
    return row != NULL && row->key_len >= prefix.len && memcmp(row->key, prefix.data, prefix.len) == 0;
}

static struct rota_row *row_new(struct rota_view key, struct rota_view value, struct rota_view side)
{
    ROTA_ASSERT(value.len > 0 && value.len <= UINT16_MAX);
    ROTA_ASSERT(side.len <= UINT16_MAX);
    struct rota_row *row = malloc(sizeof *row + key.len + value.len + side.len);
    if (row == NULL)
        return NULL;
    *row = rows_probe(key);
    row->value_len = (uint16_t)value.len;
    row->side_len = (uint16_t)side.len;
    memcpy(row->bytes, key.data, key.len);
    memcpy(row->bytes + key.len, value.data, value.len);
    if (side.len > 0)
        memcpy(row->bytes + key.len + value.len, side.data, side.len);
    row->key = row->bytes;
    return row;
}

/* Room for one more change, or no_memory. */
static bool rows_reserve(struct rota_rows *rows)
{
    struct rota_changes *log = &rows->log;
    if (rows->no_memory)
        return false;
    if (log->count < log->room)
        return true;
    uint32_t room = log->room == 0 ? ROWS_LOG_ROOM_FIRST : log->room * 2;
    ROTA_ASSERT(room > log->room);
    struct rota_change *items = realloc(log->items, room * sizeof *items);
    rows->no_memory = items == NULL;
    if (items != NULL) {
        log->items = items;
        log->room = room;
    }
    return items != NULL;
}

void rota_row_put(struct rota_rows *rows, struct rota_view key, struct rota_view value, struct rota_view side)
{
    if (!rows_reserve(rows))
        return;
    struct rota_row *row = row_new(key, value, side);
    rows->no_memory = row == NULL;
    if (row == NULL)
        return;
    struct rota_row_tree *tree = rows_tree(rows, key);
    struct rota_row *old = RB_INSERT(rota_row_tree, tree, row);
    if (old != NULL) {
        ROTA_ASSERT(!rota_view_equal(rota_row_value(old), value));
        (void)RB_REMOVE(rota_row_tree, tree, old);
        const struct rota_row *other = RB_INSERT(rota_row_tree, tree, row);
        ROTA_ASSERT(other == NULL);
    }
    rows->log.items[rows->log.count++] = (struct rota_change){.before = old, .after = row};
}

void rota_row_delete(struct rota_rows *rows, struct rota_view key)
{
    if (!rows_reserve(rows))
        return;
    struct rota_row probe = rows_probe(key);
    struct rota_row_tree *tree = rows_tree(rows, key);
    struct rota_row *row = RB_FIND(rota_row_tree, tree, &probe);
    ROTA_ASSERT(row != NULL);
    (void)RB_REMOVE(rota_row_tree, tree, row);
    rows->log.items[rows->log.count++] = (struct rota_change){.before = row, .after = NULL};
}

struct rota_changes rota_rows_take(struct rota_rows *rows)
{
    ROTA_ASSERT(!rows->no_memory);
    struct rota_changes taken = rows->log;
    rows->log = (struct rota_changes){.count = 0};
    return taken;
}

void rota_rows_undo(struct rota_rows *rows, struct rota_changes *changes)
{
    while (changes->count > 0) {
        struct rota_change change = changes->items[--changes->count];
        ROTA_ASSERT(change.before != NULL || change.after != NULL);
        struct rota_row_tree *tree = rows_tree(rows, rota_row_key(change.after != NULL ? change.after : change.before));
        if (change.after != NULL)
            (void)RB_REMOVE(rota_row_tree, tree, change.after);
        free(change.after);
        if (change.before != NULL) {
            const struct rota_row *other = RB_INSERT(rota_row_tree, tree, change.before);
            ROTA_ASSERT(other == NULL);
        }
    }
    if (changes == &rows->log)
        rows->no_memory = false;
    rota_changes_settle(changes);
}

void rota_changes_settle(struct rota_changes *changes)
{
    for (uint32_t i = 0; i < changes->count; i++)
        free(changes->items[i].before);
    free(changes->items);
    *changes = (struct rota_changes){.count = 0};
}
