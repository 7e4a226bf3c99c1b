/* Evidence: signed messages that no honest key makes together; self-contained, checkable offline (FORMATS §8.1). */
#ifndef ROTA_LEDGER_EVIDENCE_H
#define ROTA_LEDGER_EVIDENCE_H

#include "ledger/certificate.h"
#include "ledger/proposal.h"
#include "ledger/record.h"
#include "ledger/tree.h"
#include "ledger/view_change.h"

/* Numbers follow PROTOCOL §7. */
enum rota_evidence_kind {
    ROTA_EVIDENCE_DOUBLE_PROPOSAL = 1,    /* E1: two PREPAREs of a primary in its own view */
    ROTA_EVIDENCE_DOUBLE_PREPARE = 2,     /* E2: two PREPAREs of another member */
    ROTA_EVIDENCE_DOUBLE_COMMIT = 3,      /* E3: two COMMITs of one view that are not on one chain */
    ROTA_EVIDENCE_HIDDEN_LOCK = 4,        /* E4: a COMMIT, and a VIEW-CHANGE that knows nothing of it */
    ROTA_EVIDENCE_NEW_VIEW = 5,           /* E5: a NEW-VIEW that is none, or two of them for one view */
    ROTA_EVIDENCE_DOUBLE_VIEW_CHANGE = 6, /* E6: two VIEW-CHANGEs to one view */
    ROTA_EVIDENCE_COORDINATOR = 7,        /* E7: one key, one seq, two proposals */
    ROTA_EVIDENCE_INVALID_PROPOSAL = 9,   /* E9: a PREPARE for a header or an entry that no block has */
    ROTA_EVIDENCE_BROKEN_CHAIN = 10,      /* E10: two PREPAREs of one view that are not on one chain */
};

enum {
    ROTA_EVIDENCE_BYTES_MAX = 256 * 1024,
    ROTA_EVIDENCE_HEADERS_MAX = ROTA_SLOTS, /* between two votes of one view */
    ROTA_EVIDENCE_IN_BLOCK_MAX = 16,
};

struct rota_signed_vote {
    struct rota_vote vote;
    struct rota_signature signature;
};

/* Heap object, reference counted, immutable. */
struct rota_evidence {
    unsigned references; /* atomic */
    uint8_t *bytes;      /* encoded, owned */
    size_t len;
    struct rota_hash id; /* H(tag evidence || bytes) */
    enum rota_evidence_kind kind;
    /* ROTA_EVIDENCE_COORDINATOR: the smaller id first. Of an entry of ROTA_EVIDENCE_INVALID_PROPOSAL: the first, when it is
     * a proposal by its form; then its signature is what may be false. */
    struct rota_proposal *first, *second;
    /* All others: who is accused, and of what. Two pieces of evidence that agree in all of it count once. */
    uint32_t member;
    uint32_t epoch;
    uint64_t view;
    uint64_t height;      /* 0: not about a height */
    uint64_t incarnation; /* ROTA_EVIDENCE_HIDDEN_LOCK: the run that said the VIEW-CHANGE */
};

/* Each maker puts its parts into the one order in which they are written, and takes its own references. ROTA_REFUSED: they
 * do not contradict each other. Signatures are not checked. */

/* Two proposals with one kid and one seq and different ids. */
ROTA_CHECKED struct rota_status rota_evidence_of_proposals(struct rota_evidence **out, struct rota_proposal *a,
                                                           struct rota_proposal *b);
/* Two votes of one member in one view, both PREPARE or both COMMIT. For votes of different heights: the headers above the
 * lower one's height, up to the higher one's block; none otherwise. */
struct rota_vote_pair {
    struct rota_signed_vote votes[2];
    uint32_t header_count;
    const struct rota_header *headers; /* borrowed */
};
ROTA_CHECKED struct rota_status rota_evidence_of_votes(struct rota_evidence **out, const struct rota_membership *membership,
                                                       uint32_t member, const struct rota_vote_pair *pair);
/* A COMMIT of the sender of that VIEW-CHANGE, which is to a later view and shows no lock as high. */
ROTA_CHECKED struct rota_status rota_evidence_of_hidden_lock(struct rota_evidence **out, uint32_t epoch,
                                                             const struct rota_signed_vote *commit,
                                                             const struct rota_view_change *change);
/* A signed NEW-VIEW; whether it is a good one is for rota_evidence_verify to say. */
ROTA_CHECKED struct rota_status rota_evidence_of_new_view(struct rota_evidence **out,
                                                          const struct rota_membership *membership,
                                                          const struct rota_new_view *new_view,
                                                          const struct rota_signature *signature);
/* Two NEW-VIEWs of one view, by their anchors. */
ROTA_CHECKED struct rota_status rota_evidence_of_anchors(struct rota_evidence **out,
                                                         const struct rota_membership *membership,
                                                         const struct rota_anchor *a, const struct rota_anchor *b);
/* Two VIEW-CHANGEs of one sender to one view. */
ROTA_CHECKED struct rota_status rota_evidence_of_view_changes(struct rota_evidence **out, uint32_t epoch,
                                                              const struct rota_view_change *a,
                                                              const struct rota_view_change *b);

/* A PREPARE for the block of that header; whether it may be one is for rota_evidence_verify to say. */
ROTA_CHECKED struct rota_status rota_evidence_of_proposal(struct rota_evidence **out, uint32_t epoch, uint32_t member,
                                                          const struct rota_signed_vote *prepare,
                                                          const struct rota_header *header);
/* The same, and one entry of that block: its bytes as the block brought them, and the way from its leaf to the header's tree
 * root. Whether it is a false one is for rota_evidence_verify to say. ROTA_REFUSED also when the leaf is not one of this
 * block's own; ROTA_TOO_LARGE when the entry leaves no room. All is borrowed. */
struct rota_entry_proof {
    uint8_t kind; /* enum rota_entry_kind, or anything */
    struct rota_view bytes;
    uint64_t leaf_index;
    struct rota_tree_path path;
};
ROTA_CHECKED struct rota_status rota_evidence_of_entry(struct rota_evidence **out, uint32_t epoch, uint32_t member,
                                                       const struct rota_signed_vote *prepare,
                                                       const struct rota_header *header,
                                                       const struct rota_entry_proof *entry);
/* Is it of this form? */
bool rota_evidence_is_of_entry(const struct rota_evidence *evidence);
/* The same for parts of any kind against a member, as the consensus core hands them out. E1 stands for E2 and E10 too:
 * which of them it is follows from the votes. Everything is borrowed. */
struct rota_accusation {
    enum rota_evidence_kind kind;
    uint32_t member;
    struct rota_vote_pair pair;                /* E1, E3; E4: the first vote, a COMMIT */
    const struct rota_view_change *changes[2]; /* E4: the first; E6 */
    struct rota_anchor anchors[2];             /* E5 */
};
ROTA_CHECKED struct rota_status rota_evidence_of_accusation(struct rota_evidence **out,
                                                            const struct rota_membership *membership,
                                                            const struct rota_accusation *accusation);

/* Strict: canonical order, really in conflict; signatures not yet checked. */
ROTA_CHECKED struct rota_status rota_evidence_parse(struct rota_evidence **out, struct rota_view bytes);
/* Every signature inside, and that it is the accused's. Nobody is to be named before. key: the coordinator's of
 * rota_evidence_kid; NULL when there is none, or when it is not known: ROTA_UNKNOWN_KEY if all depends on it. */
ROTA_CHECKED struct rota_status rota_evidence_verify(const struct rota_evidence *evidence,
                                                     const struct rota_membership *membership,
                                                     const struct rota_es256k_public *key);
/* Whose key it may depend on; NULL: nobody's. */
const struct rota_kid *rota_evidence_kid(const struct rota_evidence *evidence);
struct rota_evidence *rota_evidence_retain(struct rota_evidence *evidence);
void rota_evidence_release(struct rota_evidence *evidence); /* NULL is fine */

/* What it proves of a member, as a sentence: "facility bravo signed two different COMMITs ...". Not for
 * ROTA_EVIDENCE_COORDINATOR. */
void rota_evidence_words(char *out, size_t size, const struct rota_evidence *evidence,
                         const struct rota_membership *membership);
/* The same of evidence that names nobody, because the member had lost its memory and said so (PROTOCOL E4). */
void rota_evidence_amnesia_words(char *out, size_t size, const struct rota_evidence *evidence,
                                 const struct rota_membership *membership);
/* "E3". */
const char *rota_evidence_name(enum rota_evidence_kind kind);

/* ---- between evidence.c and its neighbours evidence_votes.c, evidence_view.c, evidence_proposal.c
 * ------------------------------------------ */

/* Evidence of this many bytes, none of them written; NULL when memory is out. */
struct rota_evidence *rota_evidence_new(enum rota_evidence_kind kind, size_t len);
/* kind, member, epoch: how evidence against a member begins. */
enum { ROTA_EVIDENCE_FRONT_BYTES = 1 + 4 + 4 };
struct rota_writer rota_evidence_write_front(struct rota_evidence *evidence, uint32_t member, uint32_t epoch);
/* Asserts that every byte is written; makes the id. */
void rota_evidence_close(struct rota_evidence *evidence, const struct rota_writer *writer);

/* What a family of kinds has: the part behind the front. `evidence` of verify is parsed, canonical and names a member. */
struct rota_evidence_front {
    enum rota_evidence_kind kind;
    uint32_t member, epoch;
};
ROTA_CHECKED struct rota_status
rota_evidence_votes_parse(struct rota_evidence **out, const struct rota_evidence_front *front, struct rota_reader *reader);
ROTA_CHECKED struct rota_status rota_evidence_votes_verify(const struct rota_evidence *evidence,
                                                           const struct rota_membership *membership);
ROTA_CHECKED struct rota_status rota_evidence_lock_parse(struct rota_evidence **out, const struct rota_evidence_front *front,
                                                         struct rota_reader *reader);
ROTA_CHECKED struct rota_status rota_evidence_lock_verify(const struct rota_evidence *evidence,
                                                          const struct rota_membership *membership);
ROTA_CHECKED struct rota_status rota_evidence_new_view_parse(struct rota_evidence **out,
                                                             const struct rota_evidence_front *front,
                                                             struct rota_reader *reader);
ROTA_CHECKED struct rota_status rota_evidence_new_view_verify(const struct rota_evidence *evidence,
                                                              const struct rota_membership *membership);
ROTA_CHECKED struct rota_status
rota_evidence_changes_parse(struct rota_evidence **out, const struct rota_evidence_front *front, struct rota_reader *reader);
ROTA_CHECKED struct rota_status rota_evidence_changes_verify(const struct rota_evidence *evidence,
                                                             const struct rota_membership *membership);
ROTA_CHECKED struct rota_status rota_evidence_proposal_parse(struct rota_evidence **out,
                                                             const struct rota_evidence_front *front,
                                                             struct rota_reader *reader);
ROTA_CHECKED struct rota_status rota_evidence_proposal_verify(const struct rota_evidence *evidence,
                                                              const struct rota_membership *membership,
                                                              const struct rota_es256k_public *key);

#endif
