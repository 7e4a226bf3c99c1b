#include "ledger/store/schema.h"

#include "ledger/store/views.h"

#define GUARD(verb, table, why)                                                                                             \
    {                                                                                                                       \
        "trigger", table "_no_" #verb, table,                                                                               \
            "CREATE TRIGGER " table "_no_" #verb " BEFORE " #verb " ON " table " BEGIN SELECT RAISE(ABORT, '" why "'); END" \
    }
#define APPEND_ONLY(table)                                         \
    GUARD(UPDATE, table, table ": a ledger row is never changed"), \
        GUARD(DELETE, table, table ": a ledger row is never removed")
#define CLOSED(table) GUARD(INSERT, table, table ": written once, when the file is made"), APPEND_ONLY(table)
#define IN_ORDER(table, condition, why)                                                    \
    {                                                                                      \
        "trigger", table "_in_order", table,                                               \
            "CREATE TRIGGER " table "_in_order BEFORE INSERT ON " table " WHEN " condition \
            " BEGIN SELECT RAISE(ABORT, '" why "'); END"                                   \
    }

/* Integer keys only: an index over random hashes would cost five times the insert. */
const struct store_object store_schema[] = {
    {"table", "readme", "readme",
     "CREATE TABLE readme(\n"
     "  line INTEGER PRIMARY KEY,\n"
     "  text TEXT NOT NULL\n"
     ") STRICT"},
    {"table", "genesis", "genesis",
     "CREATE TABLE genesis(\n"
     "  one INTEGER PRIMARY KEY CHECK (one = 1),\n"
     "  document TEXT NOT NULL CHECK (length(CAST(document AS BLOB)) BETWEEN 1 AND 4194304)\n"
     ") STRICT"},
    {"table", "block", "block",
     "CREATE TABLE block(\n"
     "  height INTEGER PRIMARY KEY CHECK (height >= 1),\n"
     "  header BLOB NOT NULL CHECK (length(header) = 200)\n"
     ") STRICT"},
    {"table", "entry", "entry",
     "CREATE TABLE entry(\n"
     "  leaf_index INTEGER PRIMARY KEY CHECK (leaf_index >= 0),\n"
     "  height INTEGER NOT NULL CHECK (height >= 1),\n"
     "  idx INTEGER NOT NULL CHECK (idx BETWEEN 0 AND 1023),\n"
     "  kind INTEGER NOT NULL CHECK (kind IN (1, 3, 4, 5)),\n"
     "  id BLOB NOT NULL CHECK (length(id) = 32),\n"
     "  header TEXT CHECK (length(CAST(header AS BLOB)) BETWEEN 1 AND 256),\n"
     "  payload TEXT CHECK (length(CAST(payload AS BLOB)) BETWEEN 1 AND 65536),\n"
     "  signature BLOB CHECK (length(signature) = 64),\n"
     "  evidence BLOB CHECK (length(evidence) BETWEEN 1 AND 262144),\n"
     "  record BLOB CHECK (length(record) BETWEEN 1 AND 1024),\n"
     "  config BLOB CHECK (length(config) BETWEEN 1 AND 131072),\n"
     "  outcome BLOB NOT NULL CHECK (length(outcome) BETWEEN 5 AND 4194304),\n"
     "  CHECK ((kind = 1) = (header IS NOT NULL)),\n"
     "  CHECK ((kind = 1) = (payload IS NOT NULL)),\n"
     "  CHECK ((kind = 1) = (signature IS NOT NULL)),\n"
     "  CHECK ((kind = 3) = (evidence IS NOT NULL)),\n"
     "  CHECK ((kind = 4) = (record IS NOT NULL)),\n"
     "  CHECK ((kind = 5) = (config IS NOT NULL))\n"
     ") STRICT"},
    {"table", "certificate", "certificate",
     "CREATE TABLE certificate(\n"
     "  height INTEGER PRIMARY KEY CHECK (height >= 1),\n"
     "  bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 153 AND 1433)\n"
     ") STRICT"},
    {"table", "new_view", "new_view",
     "CREATE TABLE new_view(\n"
     "  epoch INTEGER NOT NULL CHECK (epoch >= 0),\n"
     "  view INTEGER NOT NULL CHECK (view >= 1),\n"
     "  bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 1 AND 524288),\n"
     "  PRIMARY KEY (epoch, view)\n"
     ") STRICT, WITHOUT ROWID"},
    CLOSED("readme"),
    CLOSED("genesis"),
    APPEND_ONLY("block"),
    IN_ORDER("block", "NEW.height IS NOT (SELECT coalesce(max(height), 0) + 1 FROM block)",
             "block: the next height is the only one that may be added"),
    APPEND_ONLY("entry"),
    IN_ORDER("entry",
             "NEW.leaf_index <= (SELECT coalesce(max(leaf_index), -1) FROM entry)"
             " OR NEW.height IS NOT (SELECT max(height) FROM block)",
             "entry: only behind the last entry, and only in the newest block"),
    APPEND_ONLY("certificate"),
    IN_ORDER("certificate",
             "NEW.height <= (SELECT coalesce(max(height), 0) FROM certificate)"
             " OR NEW.height > (SELECT coalesce(max(height), 0) FROM block)",
             "certificate: only behind the last certificate, and only for a block that is here"),
    APPEND_ONLY("new_view"),
    IN_ORDER("new_view", "EXISTS (SELECT 1 FROM new_view WHERE (epoch, view) >= (NEW.epoch, NEW.view))",
             "new_view: only behind the last one"),
    {"view", "v_block", "v_block", store_view_block},
    {"view", "v_entry", "v_entry", store_view_entry},
    {"view", "v_record", "v_record", store_view_record},
    {"view", "v_epoch", "v_epoch", store_view_epoch},
    {"view", "v_member", "v_member", store_view_member},
    {"view", "v_outcome", "v_outcome", store_view_outcome},
    {"view", "v_operation", "v_operation", store_view_operation},
    {"view", "v_assignment_history", "v_assignment_history", store_view_assignment_history},
    {"view", "v_assignment", "v_assignment", store_view_assignment},
    {NULL, NULL, NULL, NULL},
};

const char *const store_readme[] = {
    "This is a Rotaledger file: the schedule decisions of several hospitals, as they agreed on them. Format version 1.",
    "Nothing in it is ever changed or removed; rows are only added. To check it, run: rota-verify FILE --genesis GENESIS",
    "genesis.document: who the members and the first coordinators are, byte for byte. Its hash is the ledger's name.",
    "block.header: 200 bytes for each height; names the block before it, the tree over all entries, and the outcomes.",
    "entry: a proposal as its coordinator signed it (header, payload, signature), evidence against a key (evidence), or a",
    "  record that the facilities' own protocol left (record), or a change of members with its approvals (config).",
    "  The signed text is base64url(header) || '.' || base64url(payload); id is its SHA-256; the signature is r || s.",
    "entry.outcome: what became of each operation, and every row of the schedule it changed, before and after.",
    "certificate.bytes: signatures of a quorum of members over one block; it also covers the blocks before that one.",
    "new_view.bytes: why the members went from one view to the next, signed by them; kept to find out who lied, if ever.",
    "Views, for people: v_block, v_entry, v_record, v_epoch, v_member, v_outcome, v_operation, v_assignment_history, "
    "v_assignment.",
    "  An outcome below 100 is done (0 ok, 1 flagged); from 100 on it is refused. v_assignment is what holds at the end.",
    "The views decode and do not prove. The format is written down byte by byte in FORMATS, section 13.",
    NULL,
};
