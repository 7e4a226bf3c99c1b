/* Signed messages of members, and the evidence that they make, one of each kind. */
#ifndef ROTA_TESTS_UNIT_LEDGER_EVIDENCE_PARTS_H
#define ROTA_TESTS_UNIT_LEDGER_EVIDENCE_PARTS_H

#include "fixture.h"

/* Headers of height first .. first + count - 1 on top of `parent`, and their hashes. `salt` tells one chain from another. */
void parts_chain(struct rota_header *out, struct rota_hash *out_hashes, const struct rota_genesis *genesis, uint64_t first,
                 uint32_t count, const struct rota_hash *parent, uint32_t salt);
struct rota_hash parts_hash(uint32_t salt);
struct rota_signed_vote parts_vote(const struct rota_genesis *genesis, enum rota_vote_kind kind, uint32_t member,
                                   uint64_t view, uint64_t height, const struct rota_hash *block);
/* A certificate of the first Q members. */
struct rota_certificate parts_certificate(const struct rota_genesis *genesis, enum rota_vote_kind kind, uint64_t view,
                                          uint64_t height, const struct rota_hash *block);
/* Signed by its sender, who shows this lock (NULL: none) on the block of height 1 with this header. */
void parts_change(struct rota_view_change *out, const struct rota_genesis *genesis, uint32_t sender, uint64_t new_view,
                  const struct rota_certificate *best, const struct rota_header *header);
/* A good NEW-VIEW of `view`, of the first Q members, who show nothing; `changes` holds them. Its digest is in it. */
void parts_new_view(struct rota_new_view *out, struct rota_view_change changes[ROTA_QUORUM_MAX],
                    const struct rota_genesis *genesis, uint64_t view);
void parts_sign_new_view(struct rota_signature *out, const struct rota_genesis *genesis, struct rota_new_view *new_view);

/* A proposal's operations. */
#define PARTS_OPS "[{\"op\":\"code.define\",\"code\":\"CALL\"}]"

/* An entry as a body brings it, good or not. Borrowed bytes. */
struct parts_entry {
    uint8_t kind;
    struct rota_view bytes;
};
/* A block of height 8 with these entries on top of `below` leaves, and member 1's PREPARE for it in its view 5. Entries that
 * have no leaf are not for this. */
struct parts_block {
    struct rota_header header;
    struct rota_tree tree;
    struct rota_signed_vote prepare;
};
void parts_block_make(struct parts_block *out, const struct rota_genesis *genesis, uint32_t below,
                      const struct parts_entry *entries, uint32_t count);
/* After a change of its header. */
void parts_block_sign(struct parts_block *block, const struct rota_genesis *genesis);
/* The evidence that this is a false entry of it, at that leaf; NULL when the maker sees that it is no entry of it. */
struct rota_evidence *parts_block_evidence(const struct parts_block *block, const struct rota_genesis *genesis,
                                           const struct parts_entry *entry, uint64_t leaf_index);
bool parts_block_proves_entry(const struct parts_block *block, const struct rota_genesis *genesis,
                              const struct parts_entry *entry, uint64_t leaf_index);
void parts_block_free(struct parts_block *block);

/* One good piece of evidence of each form. */
enum { PARTS_FORMS = 11 };
struct rota_evidence *parts_evidence(const struct rota_genesis *genesis, int form);

#endif
