#include "node/journal.h"

#include "ledger/store/journal.h"

#include <stdlib.h>

enum { BOOT_VERSION = 1 };

static const char record_boot[] = "boot", record_durable[] = "durable", record_view_change[] = "view change",
                  record_new_view[] = "new view", record_evidence[] = "evidence";

struct rota_journal {
    struct rota_journal_file *file;
    uint64_t incarnation;
    bool has_durable, has_view_change, has_new_view;
    struct rota_durable durable;
    struct rota_message view_change, new_view;
    struct rota_message_scratch view_change_scratch, new_view_scratch;
    uint8_t *evidence; /* owned, NULL: none */
    size_t evidence_len;
    uint64_t forget_height; /* to be deleted with the next save; 0: nothing */
    uint8_t buffer[ROTA_MESSAGE_BYTES_MAX];
    uint8_t block[ROTA_HEADER_BYTES + ROTA_BODY_BYTES_MAX];
};

struct rota_status rota_journal_create(const char *path, const struct rota_hash *ledger_id)
{
    return rota_journal_file_create(path, ledger_id);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* ROTA_OK and *has = false when the record was never written. */
static struct rota_status journal_read(uint8_t **out, size_t *out_len, bool *has, struct rota_journal *journal,
                                       const char *name)
{
    struct rota_status status = rota_journal_file_record(out, out_len, journal->file, name);
    *has = rota_is_ok(status);
    return status.code == ROTA_NOT_FOUND ? rota_ok() : status;
}

static struct rota_status journal_read_durable(struct rota_journal *journal)
{
    uint8_t *bytes;
    size_t len;
    ROTA_TRY(journal_read(&bytes, &len, &journal->has_durable, journal, record_durable));
    if (!journal->has_durable)
        return rota_ok();
    struct rota_status status = rota_durable_decode(&journal->durable, rota_view(bytes, len));
    free(bytes);
    return status;
}

static struct rota_status journal_read_message(struct rota_message *out, struct rota_message_scratch *scratch, bool *has,
                                               struct rota_journal *journal, const char *name,
                                               const struct rota_membership *membership)
{
    uint8_t *bytes;
    size_t len;
    ROTA_TRY(journal_read(&bytes, &len, has, journal, name));
    if (!*has)
        return rota_ok();
    struct rota_reader reader = rota_reader(rota_view(bytes, len));
    struct rota_status status = rota_message_decode(out, scratch, &reader);
    if (rota_is_ok(status))
        status = rota_reader_finish(&reader);
    *has = rota_is_ok(status) && out->epoch == membership->epoch; /* R5 */
    if (*has)
        status = rota_message_verify(out, membership);
    free(bytes);
    return rota_is_ok(status) ? status
                              : rota_fail(ROTA_MALFORMED, "a message in the journal is not what a node saves there");
}

/* One more run, noted durably before anything is said in it. */
static struct rota_status journal_count_run(struct rota_journal *journal)
{
    uint8_t *bytes, boot[9];
    size_t len;
    bool has;
    ROTA_TRY(journal_read(&bytes, &len, &has, journal, record_boot));
    if (has) {
        struct rota_reader reader = rota_reader(rota_view(bytes, len));
        uint8_t version = rota_read_u8(&reader);
        journal->incarnation = rota_read_u64(&reader);
        struct rota_status status = rota_reader_finish(&reader);
        free(bytes);
        ROTA_TRY(status);
        if (version != BOOT_VERSION)
            return rota_fail(ROTA_UNSUPPORTED, "the journal was written by another version of this program");
    }
    journal->incarnation++;
    struct rota_writer writer = rota_writer(boot, sizeof boot);
    rota_write_u8(&writer, BOOT_VERSION);
    rota_write_u64(&writer, journal->incarnation);
    ROTA_TRY(rota_journal_file_set(journal->file, record_boot, rota_view(boot, writer.len)));
    return rota_journal_file_commit(journal->file, NULL);
}

static struct rota_status journal_recover(struct rota_journal *journal, const char *path,
                                          const struct rota_membership *membership)
{
    struct rota_status status = rota_journal_file_open(&journal->file, path, &membership->ledger_id);
    if (status.code == ROTA_NOT_FOUND)
        return rota_fail(ROTA_NOT_FOUND, "the journal is missing: without it the node cannot know what it has voted");
    ROTA_TRY(status);
    ROTA_TRY(journal_read_durable(journal));
    ROTA_TRY(journal_read_message(&journal->view_change, &journal->view_change_scratch, &journal->has_view_change, journal,
                                  record_view_change, membership));
    ROTA_TRY(journal_read_message(&journal->new_view, &journal->new_view_scratch, &journal->has_new_view, journal,
                                  record_new_view, membership));
    bool has_evidence;
    ROTA_TRY(journal_read(&journal->evidence, &journal->evidence_len, &has_evidence, journal, record_evidence));
    return journal_count_run(journal);
}

struct rota_status rota_journal_open(struct rota_journal **out, const char *path, const struct rota_membership *membership)
{
    *out = NULL;
    struct rota_journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the journal");
    struct rota_status status = journal_recover(journal, path, membership);
    if (rota_is_ok(status))
        *out = journal;
    else
        rota_journal_close(journal);
    return status;
}

void rota_journal_close(struct rota_journal *journal)
{
    if (!journal)
        return;
    rota_journal_file_close(journal->file);
    free(journal->evidence);
    free(journal);
}

struct rota_journal_contents rota_journal_recovered(const struct rota_journal *journal)
{
    return (struct rota_journal_contents){.incarnation = journal->incarnation,
                                          .restarted = journal->incarnation > 1,
                                          .durable = journal->has_durable ? &journal->durable : NULL,
                                          .view_change = journal->has_view_change ? &journal->view_change : NULL,
                                          .new_view = journal->has_new_view ? &journal->new_view : NULL,
                                          .evidence = rota_view(journal->evidence, journal->evidence_len)};
}

struct blocks_walk {
    bool (*fn)(void *context, struct rota_block *block);
    void *context;
};

static bool journal_block(void *context, struct rota_view bytes)
{
    const struct blocks_walk *walk = context;
    struct rota_block *block = NULL;
    if (!rota_is_ok(rota_block_decode(&block, bytes)))
        return true;
    bool more = walk->fn(walk->context, block);
    rota_block_release(block);
    return more;
}

struct rota_status rota_journal_blocks(struct rota_journal *journal, bool (*fn)(void *context, struct rota_block *block),
                                       void *context)
{
    struct blocks_walk walk = {fn, context};
    return rota_journal_file_blocks(journal->file, journal_block, &walk);
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

/* What is final already goes along with a save: a commit alone needs no second wait for the disk. */
static struct rota_status journal_forget_now(struct rota_journal *journal)
{
    uint64_t height = journal->forget_height;
    journal->forget_height = 0;
    return height == 0 ? rota_ok() : rota_journal_file_forget(journal->file, height);
}

struct rota_status rota_journal_save(struct rota_journal *journal, const struct rota_durable *durable)
{
    struct rota_writer writer = rota_writer(journal->buffer, sizeof journal->buffer);
    rota_durable_encode(&writer, durable);
    ROTA_ASSERT(!writer.bad);
    ROTA_TRY(journal_forget_now(journal));
    return rota_journal_file_set(journal->file, record_durable, rota_view(writer.data, writer.len));
}

struct rota_status rota_journal_save_block(struct rota_journal *journal, const struct rota_block *block)
{
    struct rota_writer writer = rota_writer(journal->block, sizeof journal->block);
    rota_block_encode(&writer, block);
    ROTA_ASSERT(!writer.bad);
    return rota_journal_file_add_block(journal->file, block->header.height, &block->hash,
                                       rota_view(writer.data, writer.len));
}

struct rota_status rota_journal_save_message(struct rota_journal *journal, const struct rota_message *message)
{
    ROTA_ASSERT(message->kind == ROTA_MESSAGE_VIEW_CHANGE || message->kind == ROTA_MESSAGE_NEW_VIEW);
    struct rota_writer writer = rota_writer(journal->buffer, sizeof journal->buffer);
    rota_message_encode(&writer, message);
    ROTA_ASSERT(!writer.bad);
    const char *name = message->kind == ROTA_MESSAGE_VIEW_CHANGE ? record_view_change : record_new_view;
    return rota_journal_file_set(journal->file, name, rota_view(writer.data, writer.len));
}

struct rota_status rota_journal_save_evidence(struct rota_journal *journal, struct rota_view bytes)
{
    return rota_journal_file_set(journal->file, record_evidence, bytes);
}

void rota_journal_forget(struct rota_journal *journal, uint64_t height)
{
    journal->forget_height = height;
}

struct rota_status rota_journal_sync(struct rota_journal *journal, bool *out_synced)
{
    return rota_journal_file_commit(journal->file, out_synced);
}

struct rota_status rota_journal_checkpoint(struct rota_journal *journal)
{
    return rota_journal_file_checkpoint(journal->file);
}

void rota_journal_give_up(struct rota_journal *journal)
{
    rota_journal_file_give_up(journal->file);
}
