/* A record: what the primary puts into a block from facts that members signed, and nobody else asked for (FORMATS §8.2).
 * A new kind is: a number, a member of the union, a row in record.c (bytes, signatures), a row in schedule/record.c (when it
 * may stand in a block, and what it leaves in the state), and its bytes in FORMATS. */
#ifndef ROTA_LEDGER_RECORD_H
#define ROTA_LEDGER_RECORD_H

#include "crypto/codec.h"
#include "crypto/digest.h"
#include "ledger/membership.h"

/* Stable numbers; never reused. */
enum rota_record_kind {
    ROTA_RECORD_NEW_VIEW = 1,  /* which NEW-VIEW the blocks from here on rest on */
    ROTA_RECORD_RECOVERED = 2, /* a member had lost its memory, and is back (PROTOCOL H7) */
    ROTA_RECORD_TICK = 3,      /* the network stands and has nothing to order (PROTOCOL T11) */
};

enum { ROTA_RECORD_BYTES_MAX = 1024 };

/* The NEW-VIEW of a view: its digest, and its primary's signature. */
struct rota_anchor {
    uint32_t epoch;
    uint64_t view; /* from 1 */
    struct rota_hash nv;
    struct rota_signature signature;
};

/* The word of a member that lost its memory: what its runs below `floor` said of later views counts no more. */
struct rota_recovered {
    uint32_t epoch;
    uint32_t member;
    uint64_t floor; /* number of the run that says this; 1 .. 2^64 - 2 */
    uint64_t run;   /* drawn for that run: tells two runs with one number apart */
    uint64_t view;  /* which it has to get past (v_R, PROTOCOL H4); below 2^64 - 1 */
    struct rota_signature signature;
};

/* What the newest RECOVERED of each member says; 0: there is none. */
struct rota_floors {
    uint64_t floor[ROTA_MEMBERS_MAX];
    uint64_t run[ROTA_MEMBERS_MAX];
};

/* Of which block it is, so that no two of them are the same entry. Nobody signs it: it says what its block's header shows.
 */
struct rota_tick {
    uint32_t epoch;
    uint64_t height; /* from 1 */
};

/* Heap object, reference counted, immutable. */
struct rota_record {
    unsigned references; /* atomic */
    struct rota_hash id; /* H(tag record || bytes) */
    enum rota_record_kind kind;
    union {
        struct rota_anchor anchor;
        struct rota_recovered recovered;
        struct rota_tick tick;
    };
    size_t len;
    uint8_t bytes[ROTA_RECORD_BYTES_MAX];
};

ROTA_CHECKED struct rota_status rota_record_of_anchor(struct rota_record **out, const struct rota_anchor *anchor);
ROTA_CHECKED struct rota_status rota_record_of_recovered(struct rota_record **out, const struct rota_recovered *recovered);
ROTA_CHECKED struct rota_status rota_record_of_tick(struct rota_record **out, const struct rota_tick *tick);
/* Strict. Signatures are not checked. */
ROTA_CHECKED struct rota_status rota_record_parse(struct rota_record **out, struct rota_view bytes);
/* Every signature inside, under the members of its epoch. */
ROTA_CHECKED struct rota_status rota_record_verify(const struct rota_record *record,
                                                   const struct rota_membership *membership);
/* "facility bravo lost its memory and came back ...". `membership` is that of its epoch. */
void rota_recovered_words(char *out, size_t size, const struct rota_recovered *recovered,
                          const struct rota_membership *membership);
struct rota_record *rota_record_retain(struct rota_record *record);
void rota_record_release(struct rota_record *record); /* NULL is fine */

/* PROTOCOL T11. May a block of this time hold a TICK? tick_ms is that of its epoch, 0: never. */
bool rota_tick_may(uint64_t time_ms, uint64_t parent_ms, uint32_t tick_ms);

/* What a NEW-VIEW's signature covers: tag newview || ledger || epoch u32 || config || view u64 || nv. Returns its length. */
enum { ROTA_ANCHOR_PREIMAGE_MAX = 192 };
size_t rota_anchor_preimage(uint8_t out[ROTA_ANCHOR_PREIMAGE_MAX], const struct rota_membership *membership, uint64_t view,
                            const struct rota_hash *nv);

/* The fields of a RECOVERED behind epoch and member: floor u64 || run u64 || view u64. A number that none may have makes the
 * reader bad. */
void rota_recovered_write(struct rota_writer *writer, const struct rota_recovered *recovered);
void rota_recovered_read(struct rota_reader *reader, struct rota_recovered *out);
/* What its signature covers: tag recovered || ledger || epoch u32 || config || member u32 || its fields. Returns its length.
 */
enum { ROTA_RECOVERED_PREIMAGE_MAX = 192 };
size_t rota_recovered_preimage(uint8_t out[ROTA_RECOVERED_PREIMAGE_MAX], const struct rota_membership *membership,
                               const struct rota_recovered *recovered);
/* Of this epoch, a member's, and signed by it. */
ROTA_CHECKED struct rota_status rota_recovered_verify(const struct rota_recovered *recovered,
                                                      const struct rota_membership *membership);

#endif
