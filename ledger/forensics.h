/* After a fork: who lied (PROTOCOL E11)? From two commit certificates that exclude each other, and from the NEW-VIEWs that
 * any one honest member kept in its ledger file. Everything that names somebody is evidence of FORMATS §8.1, which verifies
 * by itself; a file that lies can therefore hide, but accuse nobody. No network, no node. */
#ifndef ROTA_LEDGER_FORENSICS_H
#define ROTA_LEDGER_FORENSICS_H

#include "ledger/epoch_chain.h"

enum rota_forensics_verdict {
    ROTA_FORENSICS_NO_CONFLICT = 0, /* both belong to one history */
    ROTA_FORENSICS_NAMED,           /* at least 2Q - n members are convicted */
    ROTA_FORENSICS_TOO_FEW,         /* fewer: another member's ledger file, with the NEW-VIEWs between, would tell more */
    ROTA_FORENSICS_UNDECIDED,       /* of different heights, and no headers lead from one to the other: nothing follows */
    ROTA_FORENSICS_GIVEN_UP,        /* administrators gave one of them up (PROTOCOL M11): nobody lied by that */
};

struct rota_forensics {
    enum rota_forensics_verdict verdict;
    struct rota_epoch epoch;                 /* whose members are judged: the last one that both sides share */
    struct rota_certificate certificates[2]; /* of that epoch, the lower height first; both valid */
    bool ends_epoch[2];                      /* this one is of the block that ended it, on its side */
    uint32_t expected;                       /* 2Q - n */
    uint32_t culprits;                       /* bit i: member i */
    uint32_t new_views;                      /* that were looked at */
    uint32_t count;
    uint32_t excused;                /* behind them: E4 of members that had lost their memory and said so, accusing nobody */
    struct rota_evidence **evidence; /* owned; each verifies */
};

/* Where NEW-VIEWs come from: the first one behind this place, as it was kept. ROTA_NOT_FOUND at the end. */
struct rota_kept_new_view {
    uint32_t epoch;
    uint64_t view;
    struct rota_view bytes; /* valid until the next call */
};
struct rota_forensics_witness {
    struct rota_status (*next)(struct rota_kept_new_view *out, void *context, uint32_t epoch, uint64_t view);
    void *context;
};
struct rota_forensics_input {
    const struct rota_membership *membership;
    const struct rota_certificate *certificates[2];
    /* For certificates of different heights: the headers above the lower one's height, up to the higher one's block. */
    uint32_t header_count;
    const struct rota_header *headers;
    bool excluded; /* they exclude each other whatever the headers say: the lower one ended the epoch (PROTOCOL M7) */
    const struct rota_forensics_witness *witnesses;
    uint32_t witness_count;
};

/* Fails when a certificate does not verify, when a witness cannot be read, when memory is out. */
ROTA_CHECKED struct rota_status rota_forensics_run(struct rota_forensics *out, const struct rota_forensics_input *input);
/* Are they on two chains? False also where the headers do not show it. Looks at no signature. */
bool rota_forensics_parts(const struct rota_forensics_input *input);
/* PROTOCOL E4: what a ledger knows of a loss of memory. True: this evidence, which is about a COMMIT in that ledger's
 * history, accuses nobody. */
typedef bool rota_forensics_excuse(const void *context, const struct rota_evidence *evidence);
/* Judges again without what is excused. `side`: the certificate that the ledger holds the block of. */
void rota_forensics_excuse_side(struct rota_forensics *forensics, int side, rota_forensics_excuse *excuse,
                                const void *context);
void rota_forensics_free(struct rota_forensics *forensics);

/* ---- certificates of any two epochs ------------------------------------------------------------------------------------
 */

/* What one side shows, all of it borrowed: a commit certificate, how its epoch came about, and headers that lead to its
 * block, if any are known. */
struct rota_forensics_side {
    struct rota_certificate certificate;
    const struct rota_epoch_chain *epochs;
    uint32_t header_count;
    const struct rota_header *headers; /* ascending; the last one is that of the certificate's block */
};
/* Goes back to the last epoch that both sides share: there its members certified two things that exclude each other, be it
 * that on one side the certificate stands for is of the block that ended the epoch. As rota_forensics_run; INCOMPLETE: the
 * epochs of a side do not lead to the one that its certificate names. */
ROTA_CHECKED struct rota_status rota_forensics_compare(struct rota_forensics *out, const struct rota_forensics_side sides[2],
                                                       const struct rota_forensics_witness *witnesses,
                                                       uint32_t witness_count);

#endif
