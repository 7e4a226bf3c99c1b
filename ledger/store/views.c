/* Only functions that SQLite allows in an untrusted schema: json_each, but none of json_extract and its like. */
#include "ledger/store/views.h"

/* A big-endian number of `bytes` bytes in a blob; `at` counts from 1. */
#define SQL_NUMBER(blob, at, bytes)                                                                                        \
    "(WITH RECURSIVE digit(n, value) AS (SELECT 0, 0 UNION ALL SELECT n + 1, value * 16 + "                                \
    "instr('123456789ABCDEF', substr(hex(substr(" blob ", " at ", " bytes ")), n + 1, 1)) FROM digit WHERE n < 2 * " bytes \
    ") SELECT value FROM digit WHERE n = 2 * " bytes ")"
#define SQL_HEX(blob, at, bytes) "lower(hex(substr(" blob ", " at ", " bytes ")))"
#define SQL_MEMBER(object, name) "(SELECT m.value FROM json_each(" object ") AS m WHERE m.key = '" name "')"

/* Every byte once, in order: the place of a byte in it is its value. The view names it z.b. */
#define SQL_BYTES                                                      \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f" \
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f" \
    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f" \
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f" \
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf" \
    "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf" \
    "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define SQL_U8(blob, at) "(instr(z.b, substr(" blob ", " at ", 1)) - 1)"
#define SQL_U16(blob, at) "(" SQL_U8(blob, at) " * 256 + " SQL_U8(blob, at " + 1") ")"

/* clang-format off */
const char store_view_block[] =
    "CREATE VIEW v_block AS SELECT b.height,\n"
    "  strftime('%Y-%m-%dT%H:%M:%fZ', " SQL_NUMBER("b.header", "49", "8") " / 1000.0, 'unixepoch') AS time,\n"
    "  coalesce((SELECT " SQL_HEX("c.bytes", "50", "32") " FROM certificate AS c WHERE c.height = b.height),\n"
    "           (SELECT " SQL_HEX("n.header", "57", "32") " FROM block AS n WHERE n.height = b.height + 1)) AS hash,\n"
    "  " SQL_HEX("b.header", "57", "32") " AS prev_hash,\n"
    "  " SQL_NUMBER("b.header", "37", "4") " AS epoch,\n"
    "  " SQL_NUMBER("b.header", "193", "4") " AS proposer,\n"
    "  " SQL_NUMBER("b.header", "197", "4") " AS entry_count,\n"
    "  " SQL_NUMBER("b.header", "121", "8") " AS tree_size,\n"
    "  " SQL_HEX("b.header", "129", "32") " AS tree_root,\n"
    "  " SQL_HEX("b.header", "161", "32") " AS outcome_hash,\n"
    "  (SELECT min(c.height) FROM certificate AS c WHERE c.height >= b.height) AS certified_by_height\n"
    "FROM block AS b";

const char store_view_entry[] =
    "CREATE VIEW v_entry AS SELECT e.leaf_index, e.height, e.idx,\n"
    "  CASE e.kind WHEN 1 THEN 'proposal' WHEN 3 THEN 'evidence' WHEN 4 THEN 'record' ELSE 'config' END AS kind, lower(hex(e.id)) AS id,\n"
    "  " SQL_MEMBER("e.header", "kid") " AS kid,\n"
    "  " SQL_MEMBER("e.payload", "seq") " AS seq,\n"
    "  " SQL_MEMBER("e.payload", "exp") " AS exp,\n"
    "  " SQL_MEMBER("e.payload", "reason") " AS reason,\n"
    "  e.payload, lower(hex(e.signature)) AS signature, lower(hex(e.evidence)) AS evidence,\n"
    "  lower(hex(e.record)) AS record,\n"
    "  lower(hex(e.outcome)) AS outcome\n"
    "FROM entry AS e";

/* The document of a CONFIG entry lies behind its length (FORMATS §16); its epoch rules from the next block on, or, when it is a
 * recovery manifest, from its own. */
const char store_view_epoch[] =
    "CREATE VIEW v_epoch AS\n"
    "SELECT 0 AS epoch, 1 AS from_height, NULL AS discontinuity, document FROM genesis\n"
    "UNION ALL SELECT " SQL_MEMBER("d.document", "epoch") ",\n"
    "  d.height + (" SQL_MEMBER("d.document", "discontinuity") " IS NULL),\n"
    "  " SQL_MEMBER("d.document", "discontinuity") ", d.document FROM\n"
    "(SELECT height, CAST(substr(config, 5, " SQL_NUMBER("config", "1", "4") ") AS TEXT) AS document\n"
    " FROM entry WHERE kind = 5) AS d";

/* The kinds of FORMATS §8.2. Of a RECOVERED: whose, from which run on it counts, and the view that it had to get past. */
const char store_view_record[] =
    "CREATE VIEW v_record AS SELECT e.leaf_index, e.height,\n"
    "  CASE substr(e.record, 1, 1) WHEN x'01' THEN 'new-view' WHEN x'02' THEN 'recovered'\n"
    "    WHEN x'03' THEN 'tick' ELSE 'other' END AS kind,\n"
    "  " SQL_NUMBER("e.record", "2", "4") " AS epoch,\n"
    "  CASE substr(e.record, 1, 1) WHEN x'02' THEN " SQL_NUMBER("e.record", "6", "4") " END AS member,\n"
    "  CASE substr(e.record, 1, 1) WHEN x'02' THEN " SQL_NUMBER("e.record", "10", "8") " END AS floor,\n"
    "  CASE substr(e.record, 1, 1) WHEN x'01' THEN " SQL_NUMBER("e.record", "6", "8") "\n"
    "                              WHEN x'02' THEN " SQL_NUMBER("e.record", "26", "8") " END AS view,\n"
    "  CASE substr(e.record, 1, 1) WHEN x'01' THEN " SQL_HEX("e.record", "14", "32") " END AS nv,\n"
    "  lower(hex(e.record)) AS record, lower(hex(e.id)) AS id\n"
    "FROM entry AS e WHERE e.kind = 4";

const char store_view_member[] =
    "CREATE VIEW v_member AS SELECT g.epoch, o.key AS member,\n"
    "  " SQL_MEMBER("o.value", "id") " AS id,\n"
    "  " SQL_MEMBER("o.value", "key") " AS key,\n"
    "  " SQL_MEMBER("o.value", "address") " AS address\n"
    "FROM v_epoch AS g, json_each(g.document, '$.members') AS o";

/* Walks through the outcome records byte by byte. fields: parts of a row still to pass (key, before, after); rows and ops:
 * how many still to come; op is -1 for the rows of the envelope. Shown are the steps that stand on an operation ('op') or
 * on a changed row ('row'). */
const char store_view_outcome[] =
    "CREATE VIEW v_outcome AS\n"
    "WITH RECURSIVE z(b) AS (SELECT x'" SQL_BYTES "'),\n"
    "walk(leaf_index, at, fields, rows, op, ops, step, place) AS (\n"
    "  SELECT leaf_index, 4, 0, " SQL_U16("outcome", "2") ", -1, NULL, 'start', 0 FROM entry JOIN z\n"
    "  UNION ALL SELECT w.leaf_index,\n"
    "    CASE WHEN w.fields > 0 THEN w.at + 2 + " SQL_U16("e.outcome", "w.at") "\n"
    "         WHEN w.rows > 0 THEN w.at + 1\n"
    "         WHEN w.ops IS NULL THEN w.at + 2\n"
    "         ELSE w.at + 9 + " SQL_U8("e.outcome", "w.at + 6") " END,\n"
    "    CASE WHEN w.fields > 0 THEN w.fields - 1 WHEN w.rows > 0 THEN 3 ELSE 0 END,\n"
    "    CASE WHEN w.fields > 0 THEN w.rows WHEN w.rows > 0 THEN w.rows - 1 WHEN w.ops IS NULL THEN 0\n"
    "         ELSE " SQL_U16("e.outcome", "w.at + 7 + " SQL_U8("e.outcome", "w.at + 6")) " END,\n"
    "    CASE WHEN w.fields > 0 OR w.rows > 0 OR w.ops IS NULL THEN w.op ELSE w.op + 1 END,\n"
    "    CASE WHEN w.fields > 0 OR w.rows > 0 OR w.ops IS NOT NULL THEN w.ops\n"
    "         ELSE " SQL_U16("e.outcome", "w.at") " END,\n"
    "    CASE WHEN w.fields > 0 THEN 'field' WHEN w.rows > 0 THEN 'row' WHEN w.ops IS NULL THEN 'ops' ELSE 'op' END,\n"
    "    w.at\n"
    "  FROM walk AS w JOIN entry AS e ON e.leaf_index = w.leaf_index JOIN z\n"
    "  WHERE (w.fields > 0 OR w.rows > 0 OR w.ops IS NULL OR w.op + 1 < w.ops) AND w.at <= length(e.outcome))\n"
    "SELECT w.leaf_index, e.height, w.op, w.step,\n"
    "  CASE w.step WHEN 'op' THEN " SQL_U16("e.outcome", "w.place") " END AS code,\n"
    "  CASE w.step WHEN 'op' THEN substr(e.outcome, w.place + 7, " SQL_U8("e.outcome", "w.place + 6") ") END AS detail,\n"
    "  CASE w.step WHEN 'row' THEN " SQL_U8("e.outcome", "w.place") " END AS table_number,\n"
    "  CASE w.step WHEN 'row'\n"
    "       THEN substr(e.outcome, w.place + 3, " SQL_U16("e.outcome", "w.place + 1") ") END AS row_key\n"
    "FROM walk AS w JOIN entry AS e ON e.leaf_index = w.leaf_index JOIN z WHERE w.step IN ('op', 'row')";

const char store_view_operation[] =
    "CREATE VIEW v_operation AS SELECT e.leaf_index, e.height, e.idx, o.key AS op_index,\n"
    "  " SQL_MEMBER("o.value", "op") " AS op,\n"
    "  CASE WHEN r.code < 100 THEN 'done' ELSE 'refused' END AS state, r.code, lower(hex(r.detail)) AS detail,\n"
    "  " SQL_MEMBER("o.value", "person") " AS person,\n"
    "  " SQL_MEMBER("o.value", "code") " AS schedule_code,\n"
    "  " SQL_MEMBER("o.value", "facility") " AS facility,\n"
    "  " SQL_MEMBER("o.value", "start") " AS start,\n"
    "  " SQL_MEMBER("o.value", "minutes") " AS minutes,\n"
    "  " SQL_MEMBER("o.value", "assignment") " AS assignment,\n"
    "  o.value AS text, " SQL_MEMBER("e.header", "kid") " AS kid, lower(hex(e.id)) AS proposal\n"
    "FROM entry AS e JOIN json_each(e.payload, '$.ops') AS o\n"
    "LEFT JOIN v_outcome AS r ON r.leaf_index = e.leaf_index AND r.op = o.key AND r.step = 'op'";

/* An assignment's id is the end of the key of the row that its operation made, in the schedule's table 5. */
const char store_view_assignment_history[] =
    "CREATE VIEW v_assignment_history AS SELECT a.id, p.person, p.facility, p.schedule_code, p.start, p.minutes,\n"
    "  p.height AS from_height, u.height AS to_height, p.kid, p.proposal\n"
    "FROM v_operation AS p\n"
    "JOIN (SELECT leaf_index, op, lower(hex(substr(row_key, -16))) AS id FROM v_outcome WHERE table_number = 5) AS a\n"
    "  ON a.leaf_index = p.leaf_index AND a.op = p.op_index\n"
    "LEFT JOIN v_operation AS u ON u.op = 'unassign' AND u.state = 'done' AND u.assignment = a.id\n"
    "WHERE p.op = 'assign' AND p.state = 'done'";

const char store_view_assignment[] =
    "CREATE VIEW v_assignment AS SELECT id, person, facility, schedule_code, start, minutes, from_height, kid, proposal\n"
    "FROM v_assignment_history WHERE to_height IS NULL";
/* clang-format on */
