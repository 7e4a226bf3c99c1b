/* The watch for equivocation: two proposals of one key with one seq, wherever and in whatever order they meet; two votes of
 * one member (PROTOCOL E7, E1, E2, E3). Both messages are verified before anybody is named, and what is found goes to every
 * facility. */
#include "node/inside.h"

#include <stdlib.h>

/* Into the pool and to all. True when it is evidence now, or was before; false when the ledger would not take it. */
static bool watch_publish(struct rota_node *node, struct rota_evidence *evidence)
{
    struct rota_entry entry = rota_entry_of_evidence(evidence);
    struct rota_waiting *waiting = NULL;
    uint64_t height;
    uint32_t index;
    bool known = rota_pool_find(&node->pool, &entry.id) || rota_chain_find(&node->chain, &entry.id, &height, &index);
    bool good = known || rota_is_ok(rota_chain_verify_entry(&node->chain, &entry));
    if (good && !known) {
        good = rota_is_ok(rota_state_admit(node->chain.state, &entry)) &&
               rota_is_ok(rota_pool_add(&node->pool, &waiting, &entry, false, node->turn.now_ms));
        if (good) {
            node->turn.save_evidence = true;
            rota_outbox_entry(&node->turn.outbox, ROTA_TO_ALL, &entry);
        }
    }
    rota_entry_release(&entry);
    return good;
}

bool rota_watch_catch(struct rota_node *node, struct rota_proposal *a, struct rota_proposal *b)
{
    struct rota_evidence *evidence = NULL;
    if (!rota_is_ok(rota_evidence_of_proposals(&evidence, a, b)))
        return false;
    char kid[ROTA_KID_CHARS + 1];
    rota_hex_encode(kid, rota_view(a->jws.kid.b, sizeof a->jws.kid.b));
    bool good = watch_publish(node, evidence);
    if (good)
        rota_log(ROTA_LOG_WARNING, "equivocation", "kid=%s seq=%llu evidence=%s", kid, (unsigned long long)a->seq,
                 rota_log_hash(&evidence->id).text);
    rota_evidence_release(evidence);
    return good;
}

void rota_watch_accuse(struct rota_node *node, const struct rota_accusation *accusation)
{
    struct rota_evidence *evidence = NULL;
    if (!rota_is_ok(rota_evidence_of_accusation(&evidence, &node->epoch.membership, accusation)))
        return;
    rota_watch_convict(node, evidence);
    rota_evidence_release(evidence);
}

void rota_watch_convict(struct rota_node *node, struct rota_evidence *evidence)
{
    char words[256];
    if (!watch_publish(node, evidence))
        return;
    if (rota_state_is_amnesia(node->chain.state, evidence)) {
        rota_evidence_amnesia_words(words, sizeof words, evidence, &node->epoch.membership);
        rota_log(ROTA_LOG_INFO, "amnesia", "evidence=%s what=\"%s\"", rota_log_hash(&evidence->id).text, words);
        return;
    }
    rota_evidence_words(words, sizeof words, evidence, &node->epoch.membership);
    rota_log(ROTA_LOG_WARNING, "liar", "kind=%s evidence=%s what=\"%s\"", rota_evidence_name(evidence->kind),
             rota_log_hash(&evidence->id).text, words);
}

/* ---- across a crash --------------------------------------------------------------------------------------------------- */

enum { WATCH_SAVED_BYTES_MAX = 1024 * 1024 };

static bool watch_put(struct rota_writer *writer, const struct rota_entry *entry)
{
    struct rota_view bytes = rota_entry_bytes(entry);
    if (entry->kind != ROTA_ENTRY_EVIDENCE)
        return true;
    if (writer->len + 4 + bytes.len > writer->size)
        return false; /* what has no room others have too */
    rota_write_long(writer, bytes);
    return true;
}

static bool watch_write(void *context, struct rota_waiting *waiting)
{
    return watch_put(context, &waiting->entry);
}

/* What a block in flight has taken waits no more, and may yet be given up with it. */
static void watch_write_taken(struct rota_writer *writer, const struct rota_chain *chain)
{
    for (uint32_t i = 0; i < chain->depth; i++)
        for (uint32_t k = 0; k < chain->stack[i].block->entry_count; k++)
            if (!watch_put(writer, &chain->stack[i].block->entries[k]))
                return;
}

struct rota_status rota_watch_save(struct rota_node *node)
{
    uint8_t *bytes = malloc(WATCH_SAVED_BYTES_MAX);
    if (!bytes)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    struct rota_writer writer = rota_writer(bytes, WATCH_SAVED_BYTES_MAX);
    rota_pool_each(&node->pool, watch_write, &writer);
    watch_write_taken(&writer, &node->chain);
    struct rota_status status = rota_journal_save_evidence(node->journal, rota_view(bytes, writer.len));
    free(bytes);
    return status;
}

void rota_watch_recover(struct rota_node *node, struct rota_view saved)
{
    struct rota_reader reader = rota_reader(saved);
    while (reader.at < reader.len && !reader.bad) {
        struct rota_evidence *evidence = NULL;
        struct rota_view bytes = rota_read_long(&reader);
        if (!reader.bad && rota_is_ok(rota_evidence_parse(&evidence, bytes)))
            (void)watch_publish(node, evidence); /* unless the ledger has it */
        rota_evidence_release(evidence);
    }
}

struct watch_search {
    uint32_t epoch;
    bool found;
};

/* Ends at the first piece against a member of this epoch. */
static bool watch_acquits(void *context, struct rota_waiting *waiting)
{
    struct watch_search *search = context;
    const struct rota_entry *entry = &waiting->entry;
    search->found = entry->kind == ROTA_ENTRY_EVIDENCE && entry->evidence->kind != ROTA_EVIDENCE_COORDINATOR &&
                    entry->evidence->epoch == search->epoch;
    return !search->found;
}

void rota_watch_remind(struct rota_node *node)
{
    uint32_t epoch = node->epoch.membership.epoch;
    struct watch_search search = {epoch, rota_state_has_evidence(node->chain.state, epoch)};
    if (!search.found)
        rota_pool_each(&node->pool, watch_acquits, &search);
    if (search.found)
        rota_loop_step(node, &(struct rota_event){.kind = ROTA_EVENT_EVIDENCE, .evidence_epoch = epoch});
}

/* A block brings a rival of what waits here. */
void rota_watch_block(struct rota_node *node, const struct rota_block *block)
{
    for (uint32_t i = 0; i < block->entry_count; i++) {
        const struct rota_entry *entry = &block->entries[i];
        if (entry->kind != ROTA_ENTRY_PROPOSAL)
            continue;
        const struct rota_waiting *rival = rota_pool_find_seq(&node->pool, &entry->proposal->jws.kid, entry->proposal->seq);
        if (rival && !rota_hash_equal(&rival->entry.id, &entry->id))
            (void)rota_watch_catch(node, entry->proposal, rival->entry.proposal);
    }
}
