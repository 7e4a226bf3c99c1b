/* A file is altered after the fact, by somebody with the disk but without the keys. Each case must be called by its name. */
#include "audit_spoil.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct tampering {
    const char *name;
    const char *sql; /* or, when NULL, one byte: */
    const char *table;
    const char *column;
    int64_t key;
    size_t offset;
    uint8_t mask;
    struct spoil_expected expected;
};

#define INVALID(check, height, leaf, intact, words)              \
    {                                                            \
        check, ROTA_VERDICT_INVALID, height, leaf, intact, words \
    }
#define FLIP(name, table, column, key, offset, ...)                     \
    {                                                                   \
        name, NULL, table, column, key, offset, 1, INVALID(__VA_ARGS__) \
    }
#define SQL(name, sql, ...)                                  \
    {                                                        \
        name, sql, NULL, NULL, 0, 0, 0, INVALID(__VA_ARGS__) \
    }
#define ALTERED_SIGNED "altered after a quorum had signed it"
#define ALTERED_LATER "it was altered afterwards"

static const struct tampering tamperings[] = {
    {"nothing", "SELECT 1", NULL, NULL, 0, 0, 0, {NULL, ROTA_VERDICT_VALID_UNANCHORED, 0, -1, STORY_HEIGHT, ""}},
    {"an inner certificate taken out",
     "DELETE FROM certificate WHERE height = 3",
     NULL,
     NULL,
     0,
     0,
     0,
     {NULL, ROTA_VERDICT_VALID_UNANCHORED, 0, -1, STORY_HEIGHT, ""}},
    {"the tail cut off, cleanly",
     "DELETE FROM block WHERE height = 7; DELETE FROM entry WHERE height = 7; DELETE FROM certificate WHERE height = 7",
     NULL,
     NULL,
     0,
     0,
     0,
     {NULL, ROTA_VERDICT_VALID_UNANCHORED, 0, -1, 6, ""}},

    /* Headers with a certificate of their own. */
    FLIP("magic", "block", "header", 3, 0, "C4", 3, -1, 1, ALTERED_SIGNED),
    FLIP("ledger id", "block", "header", 3, 10, "C4", 3, -1, 1, ALTERED_SIGNED),
    FLIP("epoch", "block", "header", 3, 39, "C4", 3, -1, 1, ALTERED_SIGNED),
    FLIP("height", "block", "header", 3, 47, "C3", 3, -1, 1, "says that it is that of block 2"),
    FLIP("time", "block", "header", 3, 55, "C4", 3, -1, 1, ALTERED_SIGNED),
    FLIP("prev_hash", "block", "header", 3, 60, "C4", 3, -1, 1, ALTERED_SIGNED),
    FLIP("config_hash", "block", "header", 3, 90, "C4", 3, -1, 1, ALTERED_SIGNED),
    FLIP("tree_size", "block", "header", 3, 127, "C4", 3, -1, 1, ALTERED_SIGNED),
    FLIP("tree_root", "block", "header", 3, 130, "C4", 3, -1, 1, ALTERED_SIGNED),
    FLIP("outcome_hash", "block", "header", 3, 161, "C4", 3, -1, 1, ALTERED_SIGNED),
    FLIP("proposer", "block", "header", 3, 195, "C4", 3, -1, 1, ALTERED_SIGNED),
    FLIP("entry_count", "block", "header", 3, 199, "C4", 3, -1, 1, ALTERED_SIGNED),
    /* Headers that a later certificate covers. */
    FLIP("covered magic", "block", "header", 5, 0, "C3", 5, -1, 3, "header"),
    FLIP("covered ledger id", "block", "header", 5, 10, "C3", 5, -1, 3, "another ledger"),
    FLIP("covered height", "block", "header", 5, 47, "C3", 5, -1, 3, "says that it is that of block 4"),
    FLIP("covered prev_hash", "block", "header", 5, 60, "C2", 5, -1, 3, "does not follow from block 4"),
    FLIP("covered time", "block", "header", 5, 55, "C2", 5, -1, 3, ALTERED_LATER),
    FLIP("covered tree_root", "block", "header", 5, 130, "C2", 5, -1, 3, ALTERED_LATER),
    FLIP("covered entry_count", "block", "header", 4, 199, "C2", 4, -1, 3, ALTERED_LATER),
    SQL("header cut", "UPDATE block SET header = zeroblob(199) WHERE height = 4", "A6", 4, -1, 3, "200 bytes"),

    /* Blocks taken out, exchanged, renamed. */
    SQL("a block cut out", "DELETE FROM block WHERE height = 5; DELETE FROM entry WHERE height = 5", "C1", 5, -1, 3,
        "block 5 is missing"),
    SQL("a certified block cut out",
        "DELETE FROM block WHERE height = 3; DELETE FROM entry WHERE height = 3; DELETE FROM certificate WHERE height = 3",
        "C1", 3, -1, 1, "block 3 is missing"),
    SQL("the first blocks cut out", "DELETE FROM block WHERE height < 4; DELETE FROM entry WHERE height < 4", "C1", 1, -1, 0,
        "blocks 1 to 3 are missing"),
    SQL("two headers swapped",
        "UPDATE block SET height = 99 WHERE height = 4; UPDATE block SET height = 4 WHERE height = 5;"
        "UPDATE block SET height = 5 WHERE height = 99",
        "C3", 4, -1, 3, "says that it is that of block 5"),
    SQL("two blocks swapped whole",
        "UPDATE block SET height = 99 WHERE height = 4; UPDATE block SET height = 4 WHERE height = 5;"
        "UPDATE block SET height = 5 WHERE height = 99;"
        "UPDATE entry SET height = 99 WHERE height = 4; UPDATE entry SET height = 4 WHERE height = 5;"
        "UPDATE entry SET height = 5 WHERE height = 99",
        "C3", 4, -1, 3, "says that it is that of block 5"),
    SQL("tail cut, entries left", "DELETE FROM block WHERE height = 7; DELETE FROM certificate WHERE height = 7", "D1", 7,
        18, 6, "entries of block 7 are in the file, but the block is not"),
    SQL("tail cut, certificate left", "DELETE FROM block WHERE height = 7; DELETE FROM entry WHERE height = 7", "C1", 7, -1,
        6, "holds a certificate of block 7"),
    SQL("negative height", "UPDATE block SET height = -1 WHERE height = 1", "A6", 1, -1, 0, "a height that cannot be"),

    /* Certificates. */
    SQL("the last certificate gone", "DELETE FROM certificate WHERE height = 7", "E1", 7, -1, 6,
        "no certificate covers block 7"),
    SQL("the last two certificates gone", "DELETE FROM certificate WHERE height > 3", "E1", 4, -1, 3,
        "no certificate covers block 4"),
    SQL("two certificates swapped",
        "UPDATE certificate SET height = 99 WHERE height = 1; UPDATE certificate SET height = 1 WHERE height = 3;"
        "UPDATE certificate SET height = 3 WHERE height = 99",
        "E3", 1, -1, 0, "is about block 3"),
    SQL("a certificate moved", "UPDATE certificate SET height = 5 WHERE height = 6", "E3", 5, -1, 3, "is about block 6"),
    SQL("no certificate at all", "UPDATE certificate SET bytes = zeroblob(300) WHERE height = 3", "E1", 3, -1, 1,
        "form of one"),
    FLIP("certificate of prepares", "certificate", "bytes", 3, 0, "E1", 3, -1, 1, "form of one"),
    FLIP("certificate view", "certificate", "bytes", 3, 8, "E1", 3, -1, 1, "not theirs"),
    FLIP("certificate nv", "certificate", "bytes", 3, 20, "E1", 3, -1, 1, "not theirs"),
    FLIP("certificate height", "certificate", "bytes", 3, 48, "E3", 3, -1, 1, "is about block 2"),
    FLIP("certificate block", "certificate", "bytes", 3, 50, "E3", 3, -1, 1, "names another block than its signatures do"),
    FLIP("certificate epoch", "certificate", "bytes", 3, 84, "E2", 3, -1, 1, "another epoch"),
    FLIP("certificate signers", "certificate", "bytes", 3, 88, "E1", 3, -1, 1, "form of one"),
    FLIP("certificate signature", "certificate", "bytes", 3, 89 + 64 + 5, "E1", 3, -1, 1,
         "the signature of charlie is not theirs"),

    /* Entries. */
    FLIP("payload", "entry", "payload", 6, 90, "D2", 3, 6, 2, "stored text was altered"),
    FLIP("JWS header", "entry", "header", 6, 12, "D2", 3, 6, 2, "stored text was altered"),
    FLIP("id", "entry", "id", 6, 3, "D2", 3, 6, 2, "stored id is not that of the text"),
    FLIP("signature", "entry", "signature", 7, 3, "D4", 3, 7, 2, "signature is not its coordinator's"),
    FLIP("outcome", "entry", "outcome", 7, 20, "D14", 3, 7, 2, "stored outcome was altered"),
    FLIP("evidence", "entry", "evidence", 10, 60, "D2", 4, 10, 3, "stored text was altered"),
    FLIP("outcome of evidence", "entry", "outcome", 15, 9, "D14", 6, 15, 5, "stored outcome was altered"),
    SQL("an entry taken out", "DELETE FROM entry WHERE leaf_index = 7", "D1", 3, 7, 2, "entry 1 of this block is missing"),
    SQL("the last entry of a block taken out", "DELETE FROM entry WHERE leaf_index = 8", "D1", 3, 8, 2, "counts 3 entries"),
    SQL("two entries exchanged",
        "UPDATE entry SET leaf_index = 99 WHERE leaf_index = 6; UPDATE entry SET leaf_index = 6 WHERE leaf_index = 7;"
        "UPDATE entry SET leaf_index = 7 WHERE leaf_index = 99",
        "D1", 3, 6, 2, "out of place"),
    SQL("two entries exchanged and renumbered",
        "UPDATE entry SET leaf_index = 99 WHERE leaf_index = 6; UPDATE entry SET leaf_index = 6, idx = 0 WHERE leaf_index = "
        "7;"
        "UPDATE entry SET leaf_index = 7, idx = 1 WHERE leaf_index = 99",
        "F1", 3, -1, 2, "not the ones whose tree"),
    SQL("an entry smuggled in behind a block",
        "INSERT INTO entry SELECT 9, 3, 3, kind, id, header, payload, signature, evidence, record, config, outcome FROM "
        "entry WHERE "
        "leaf_index = 8",
        "D1", 3, 9, 2, "more entries for this block than the 3"),
    SQL("an entry smuggled in at the end",
        "INSERT INTO entry SELECT 90, 9, 0, kind, id, header, payload, signature, evidence, record, config, outcome FROM "
        "entry "
        "WHERE "
        "leaf_index = 8",
        "D1", 8, 90, 7, "entries of block 9 are in the file"),
    SQL("an entry of another kind", "UPDATE entry SET kind = 3 WHERE leaf_index = 8", "A6", 3, 8, 2,
        "missing or of an impossible"),
    SQL("an entry of an unknown kind", "UPDATE entry SET kind = 7 WHERE leaf_index = 8", "A6", 3, 8, 2, "does not know"),
    SQL("an entry in another block", "UPDATE entry SET height = 2 WHERE leaf_index = 8", "D1", 3, 8, 2, "out of place"),
    SQL("a signature cut", "UPDATE entry SET signature = zeroblob(63) WHERE leaf_index = 8", "A6", 3, 8, 2,
        "impossible length"),
    SQL("an id cut", "UPDATE entry SET id = zeroblob(31) WHERE leaf_index = 8", "A6", 3, 8, 2, "impossible length"),
    SQL("no outcome", "UPDATE entry SET outcome = zeroblob(0) WHERE leaf_index = 8", "A6", 3, 8, 2, "impossible length"),
    SQL("a proposal and evidence in one", "UPDATE entry SET evidence = zeroblob(9) WHERE leaf_index = 8", "A6", 3, 8, 2,
        "missing or of an impossible"),

    /* The genesis. */
    FLIP("genesis", "genesis", "document", 1, 300, "B1", 0, -1, 0, "belongs to another ledger"),
};

Test(audit_tampering, is_called_by_its_name)
{
    for (size_t i = 0; i < sizeof tamperings / sizeof *tamperings; i++) {
        const struct tampering *this = &tamperings[i];
        struct maker maker;
        maker_story(&maker, "tamper", 0);
        sqlite3 *db = spoil_open(&maker);
        if (this->sql != NULL)
            spoil_sql(db, this->sql);
        else
            spoil_flip(db, this->table, this->column, this->key, this->offset, this->mask);
        spoil_close(db);
        spoil_expect(this->name, &maker, &this->expected);
        maker_end(&maker);
    }
}

/* A text and the id that goes with it, but not the signature: what somebody without the key can do. */
Test(audit_tampering, forged_texts_are_called_by_their_name)
{
    static const struct {
        const char *header;
        const char *payload;
        struct spoil_expected expected;
    } forgeries[] = {
        {NULL, "{}", INVALID("D10", 3, 8, 2, "")},
        {NULL, "{\"seq\":1,\"seq\":2}", INVALID("D9", 3, 8, 2, "")},
        {NULL, "{\"seq\":1.5}", INVALID("D9", 3, 8, 2, "")},
        {NULL, "not JSON", INVALID("D9", 3, 8, 2, "")},
        {"{\"alg\":\"none\",\"kid\":\"00\",\"typ\":\"rota-proposal+jws\"}", NULL, INVALID("D3", 3, 8, 2, "")},
        {"{}", NULL, INVALID("D3", 3, 8, 2, "")},
    };
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        struct maker maker;
        maker_story(&maker, "forge", 0);
        sqlite3 *db = spoil_open(&maker);
        spoil_proposal(db, 8, forgeries[i].header, forgeries[i].payload);
        spoil_close(db);
        spoil_expect(forgeries[i].header != NULL ? forgeries[i].header : forgeries[i].payload, &maker,
                     &forgeries[i].expected);
        maker_end(&maker);
    }
}

/* The text of another entry of the same author: well formed, but not what this signature signs. */
Test(audit_tampering, a_text_needs_its_own_signature)
{
    struct maker maker;
    maker_story(&maker, "transplant", 0);
    sqlite3 *db = spoil_open(&maker);
    spoil_sql(db, "UPDATE entry SET payload = replace(payload, 'p-5', 'p-6') WHERE leaf_index = 8");
    spoil_proposal(db, 8, NULL, NULL);
    spoil_close(db);
    struct spoil_expected expected = INVALID("D4", 3, 8, 2, "signature is not its coordinator's");
    spoil_expect("transplanted signature", &maker, &expected);
    maker_end(&maker);
}

/* n - s in place of s verifies under plain ECDSA; the ledger holds only the lower. */
Test(audit_tampering, a_high_s_signature_is_refused)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
                                      0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    struct maker maker;
    maker_story(&maker, "high", 0);
    sqlite3 *db = spoil_open(&maker);
    sqlite3_stmt *get = NULL, *put = NULL;
    uint8_t signature[64];
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT signature FROM entry WHERE leaf_index = 8", -1, &get, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(get), SQLITE_ROW);
    memcpy(signature, sqlite3_column_blob(get, 0), sizeof signature);
    sqlite3_finalize(get);
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int difference = order[i] - signature[32 + i] - borrow;
        borrow = difference < 0;
        signature[32 + i] = (uint8_t)(difference & 0xff);
    }
    cr_assert_eq(sqlite3_prepare_v2(db, "UPDATE entry SET signature = ?1 WHERE leaf_index = 8", -1, &put, NULL), SQLITE_OK);
    sqlite3_bind_blob(put, 1, signature, sizeof signature, SQLITE_STATIC);
    cr_assert_eq(sqlite3_step(put), SQLITE_DONE);
    sqlite3_finalize(put);
    spoil_close(db);
    struct spoil_expected expected = INVALID("D4", 3, 8, 2, "");
    spoil_expect("high s", &maker, &expected);
    maker_end(&maker);
}
