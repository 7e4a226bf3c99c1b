/* How members go from one view to the next (PROTOCOL V5 to V9): what a member shows when it leaves, and what a primary makes
 * of a quorum of that. Typed values, their bytes (FORMATS §12.3), and everything that can be judged of them without state;
 * the acts are in consensus/. Plain values; nothing allocates. */
#ifndef ROTA_LEDGER_VIEW_CHANGE_H
#define ROTA_LEDGER_VIEW_CHANGE_H

#include "ledger/certificate.h"
#include "ledger/header.h"

enum {
    ROTA_WINDOW = 16,             /* W: uncommitted blocks in flight */
    ROTA_SLOTS = 2 * ROTA_WINDOW, /* heights that a replica keeps votes for */
    ROTA_VIEW_CHANGE_HEADERS_MAX = ROTA_SLOTS,
};

/* A replica leaves for new_view and shows the highest certificate it holds. */
struct rota_view_change {
    uint32_t sender;
    uint64_t new_view;
    uint64_t incarnation; /* the run that said it (H1) */
    bool has_best;
    struct rota_certificate best; /* highest by (view, height), prepare or commit */
    bool has_committed;
    struct rota_certificate committed; /* commit certificate of its committed height */
    uint32_t header_count;             /* heights committed + 1 .. best, ascending; 0 when best is not above committed */
    struct rota_header headers[ROTA_VIEW_CHANGE_HEADERS_MAX];
    struct rota_signature signature;
};

/* Q view changes, ascending senders, and what follows from them. nv = digest = what is signed. */
struct rota_new_view {
    uint64_t view;
    uint32_t change_count;
    struct rota_view_change *changes; /* borrowed */
    uint64_t tip_height;
    struct rota_hash tip;
    struct rota_hash nv; /* filled by decode and by rota_new_view_digest */
};

/* One with its primary's signature, and its view changes beside it: it points to them, so it is not to be copied. Large:
 * for the heap. */
struct rota_signed_new_view {
    struct rota_new_view new_view;
    struct rota_signature signature;
    struct rota_view_change changes[ROTA_QUORUM_MAX];
};

/* A header that a member of this epoch may have made: ledger, epoch, document, proposer. Nothing about its chain. */
ROTA_CHECKED struct rota_status rota_header_check(const struct rota_header *header,
                                                  const struct rota_membership *membership);

/* ---- VIEW-CHANGE ---------------------------------------------------------------------------------------------------- */

enum {
    ROTA_VIEW_CHANGE_BYTES_MAX =
        8 + 8 + 2 * (1 + ROTA_CERTIFICATE_BYTES_MAX) + 2 + ROTA_VIEW_CHANGE_HEADERS_MAX * ROTA_HEADER_BYTES,
    ROTA_VIEW_CHANGE_PREIMAGE_MAX = 192,
};
/* The fields, without sender and signature. Decode is strict; what is wrong makes the reader bad. */
void rota_view_change_encode(struct rota_writer *writer, const struct rota_view_change *change);
void rota_view_change_decode(struct rota_reader *reader, struct rota_view_change *out);
/* H(tag viewchange || encoded fields). */
struct rota_hash rota_view_change_content(const struct rota_view_change *change);
/* What its signature covers. Returns the length. */
size_t rota_view_change_preimage(uint8_t out[ROTA_VIEW_CHANGE_PREIMAGE_MAX], const struct rota_membership *membership,
                                 const struct rota_view_change *change);
/* The same for one that is known by its content's hash alone. */
size_t rota_view_change_preimage_of(uint8_t out[ROTA_VIEW_CHANGE_PREIMAGE_MAX], const struct rota_membership *membership,
                                    uint32_t sender, uint64_t new_view, uint64_t incarnation,
                                    const struct rota_hash *content);
ROTA_CHECKED bool rota_view_change_is_signed(const struct rota_view_change *change,
                                             const struct rota_membership *membership);
/* G4: signature, certificates, headers. */
ROTA_CHECKED struct rota_status rota_view_change_verify(const struct rota_view_change *change,
                                                        const struct rota_membership *membership);

/* ---- NEW-VIEW ------------------------------------------------------------------------------------------------------- */

/* The fields, without sender and signature. Decoding puts the view changes where `changes` says. */
void rota_new_view_encode(struct rota_writer *writer, const struct rota_new_view *new_view);
void rota_new_view_decode(struct rota_reader *reader, struct rota_new_view *out,
                          struct rota_view_change changes[ROTA_QUORUM_MAX]);
/* The digest that binds a view to its justification: H(tag newview || ledger || epoch || config || view || change digests ||
 * tip). */
struct rota_hash rota_new_view_digest(const struct rota_membership *membership, const struct rota_new_view *new_view);
/* Signed by the primary of its view? Says nothing about what it says. */
ROTA_CHECKED bool rota_new_view_is_signed(const struct rota_new_view *new_view, const struct rota_signature *signature,
                                          const struct rota_membership *membership);
/* The fields, and the signature behind them. */
void rota_signed_new_view_decode(struct rota_reader *reader, struct rota_signed_new_view *out);
/* A whole NEW-VIEW message, as it was kept (FORMATS §12.3, §13): of this epoch and view, signed by its primary. False for
 * anything else. */
ROTA_CHECKED bool rota_signed_new_view_read(struct rota_signed_new_view *out, struct rota_view bytes,
                                            const struct rota_membership *membership, uint64_t view);
/* G4, V9: what it says, whoever signed it: a quorum of valid view changes to its view in order, and the tip of V7. Pure. */
ROTA_CHECKED struct rota_status rota_new_view_judge(const struct rota_new_view *new_view,
                                                    const struct rota_membership *membership);

/* Higher by (view, height). */
bool rota_certificate_higher(const struct rota_certificate *a, const struct rota_certificate *b);

/* The selection function V7: pure, over Q valid view changes. ROTA_REFUSED when they contradict each other (more than f
 * liars). */
struct rota_tip {
    uint64_t height; /* the epoch's base: nothing of it was ever certified */
    struct rota_hash block;
    bool committed;       /* somebody showed a commit certificate for it */
    uint32_t source;      /* index in changes[] of the view change that shows the tip */
    uint64_t base;        /* highest committed height shown */
    uint32_t base_source; /* index in changes[] of who showed it */
};
ROTA_CHECKED struct rota_status rota_new_view_select(struct rota_tip *out, const struct rota_membership *membership,
                                                     const struct rota_view_change *changes, uint32_t count);

#endif
