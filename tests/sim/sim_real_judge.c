/* What real files must hold: when they are opened again after a crash, and at the end of a run. */
#include "tests/sim/sim_liar.h"
#include "tests/sim/sim_real.h"
#include "tests/sim/sim_side.h"

#include "ledger/audit/audit.h"

#include <unistd.h>

static bool durable_equal(const struct rota_durable *a, const struct rota_durable *b)
{
    static uint8_t bytes[2][ROTA_DURABLE_BYTES_MAX];
    struct rota_writer writers[2] = {rota_writer(bytes[0], sizeof bytes[0]), rota_writer(bytes[1], sizeof bytes[1])};
    rota_durable_encode(&writers[0], a);
    rota_durable_encode(&writers[1], b);
    return writers[0].len == writers[1].len && memcmp(bytes[0], bytes[1], writers[0].len) == 0;
}

/* The record must be the last one saved, or, after a failure, the one before it. */
static void judge_durable(struct side *side, const struct rota_durable *found)
{
    struct sim_disk *disk = &side->replica->disk;
    bool newest = disk->has_durable ? found && durable_equal(found, &disk->durable) : !found;
    bool older = disk->unsure && (side->had_durable ? found && durable_equal(found, &side->old_durable) : !found);
    if (!newest && !older)
        sim_fail(side->sim, SIM_DURABILITY, "the journal does not hold what was saved last");
    if (disk->unsure && newest)
        sim_reach(side->sim, SIM_REACHED_DISK_WENT_ON);
    disk->has_durable = found != NULL;
    if (found)
        disk->durable = *found;
}

static void judge_ledger(struct side *side)
{
    struct sim_disk *disk = &side->replica->disk;
    uint64_t least = disk->unsure ? disk->unsure_height : disk->height;
    if (side->chain.height < least || side->chain.height > disk->height)
        sim_fail(side->sim, SIM_DURABILITY, "the ledger file does not hold what was committed");
    sim_disk_take_back(disk, side->chain.height);
    if (disk->height > 0 && !rota_hash_equal(&side->chain.head, &disk->chain[disk->height]->hash))
        sim_fail(side->sim, SIM_DURABILITY, "the ledger file holds another block");
}

struct saved_blocks {
    struct side *side;
    uint32_t count;
    const struct sim_block *blocks[SIM_PENDING_MAX];
};

static bool saved_block(void *context, struct rota_block *block)
{
    struct saved_blocks *saved = context;
    if (block->header.height > saved->side->chain.height && saved->count < SIM_PENDING_MAX)
        saved->blocks[saved->count++] = sim_side_wrap(saved->side->sim, block);
    return true;
}

/* Every block that a vote rests on must be there; what the failed turn added may be. */
static void judge_blocks(struct side *side)
{
    struct sim_disk *disk = &side->replica->disk;
    struct saved_blocks saved = {.side = side};
    if (!rota_is_ok(rota_journal_blocks(side->journal, saved_block, &saved)))
        sim_fail(side->sim, SIM_DURABILITY, "the blocks in the journal cannot be read");
    for (uint32_t i = 0; i < disk->pending_count && !disk->unsure; i++) {
        bool found = disk->pending[i]->header.height <= disk->height;
        for (uint32_t k = 0; k < saved.count && !found; k++)
            found = saved.blocks[k] == disk->pending[i];
        if (!found)
            sim_fail(side->sim, SIM_DURABILITY, "the journal lost a block that a vote rests on");
    }
    disk->pending_count = saved.count;
    memcpy(disk->pending, saved.blocks, saved.count * sizeof saved.blocks[0]);
}

static void adopt_message(struct side *side, uint8_t **bytes, size_t *len, const struct rota_message *found)
{
    static uint8_t buffer[ROTA_MESSAGE_BYTES_MAX];
    struct rota_writer writer = rota_writer(buffer, sizeof buffer);
    if (found)
        rota_message_encode(&writer, found);
    bool same = found ? *bytes && *len == writer.len && memcmp(*bytes, buffer, writer.len) == 0 : !*bytes;
    if (!same && !side->replica->disk.unsure)
        sim_fail(side->sim, SIM_DURABILITY, "the journal does not hold the message that was saved last");
    if (same)
        return;
    free(*bytes);
    *bytes = found ? malloc(writer.len) : NULL;
    *len = found ? writer.len : 0;
    ROTA_ASSERT(!found || *bytes);
    if (found)
        memcpy(*bytes, buffer, writer.len);
}

/* What was found before is asked for again, and nothing of it is lost before it is in the ledger. */
static void judge_evidence(struct side *side, struct rota_view saved)
{
    struct sim *sim = side->sim;
    struct sim_disk *disk = &side->replica->disk;
    uint64_t found[SIM_PIECES_MAX / 64] = {0}, waits[SIM_PIECES_MAX / 64] = {0}, height;
    uint32_t index;
    for (struct rota_reader reader = rota_reader(saved); reader.at < reader.len && !reader.bad;) {
        struct rota_evidence *evidence = NULL;
        if (!rota_is_ok(rota_evidence_parse(&evidence, rota_read_long(&reader))))
            sim_fail(sim, SIM_DURABILITY, "the journal holds evidence that cannot be read");
        uint32_t piece = sim_piece_find(sim, evidence);
        if (piece != UINT32_MAX)
            found[piece / 64] |= UINT64_C(1) << (piece % 64);
        if (piece != UINT32_MAX &&
            sim->parts->evidence(sim, side->replica, evidence)) /* not if its member's rows are full */
            waits[piece / 64] |= UINT64_C(1) << (piece % 64);
        rota_evidence_release(evidence);
    }
    for (uint32_t i = 0; i < sim->piece_count && !disk->unsure; i++) {
        bool is_final = rota_chain_find(&side->chain, &sim->pieces[i].proof->id, &height, &index);
        if ((disk->pieces[i / 64] & ~found[i / 64]) >> (i % 64) & 1 && !is_final &&
            !sim->committed_at[sim->pieces[i].request])
            sim_fail(sim, SIM_DURABILITY, "the journal lost evidence that is not in the ledger");
    }
    memcpy(disk->pieces, waits, sizeof waits);
}

void sim_side_judge(struct side *side)
{
    struct sim_replica *replica = side->replica;
    struct rota_journal_contents recovered = rota_journal_recovered(side->journal);
    if (recovered.incarnation != replica->disk.runs + 1)
        sim_fail(side->sim, SIM_DURABILITY, "the journal has miscounted its runs");
    judge_ledger(side);
    judge_durable(side, recovered.durable);
    judge_blocks(side);
    adopt_message(side, &replica->disk.view_change, &replica->disk.view_change_len, recovered.view_change);
    adopt_message(side, &replica->disk.new_view, &replica->disk.new_view_len, recovered.new_view);
    judge_evidence(side, recovered.evidence);
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

static uint8_t *block_bytes(const struct rota_block *block, size_t *out_len)
{
    size_t room = rota_block_encoded_bytes(block);
    uint8_t *bytes = malloc(room);
    ROTA_ASSERT(bytes);
    struct rota_writer writer = rota_writer(bytes, room);
    rota_block_encode(&writer, block);
    *out_len = writer.len;
    return bytes;
}

static void judge_block(struct side *side, uint64_t height)
{
    struct rota_block *stored = NULL;
    size_t lens[2];
    if (!rota_is_ok(rota_store_block(&stored, side->chain.store, height)))
        sim_fail(side->sim, SIM_AUDIT, "a block of the ledger file cannot be read");
    uint8_t *bytes[2] = {block_bytes(stored, &lens[0]), block_bytes(side->sim->agreed[height]->real, &lens[1])};
    if (lens[0] != lens[1] || memcmp(bytes[0], bytes[1], lens[0]) != 0)
        sim_fail(side->sim, SIM_AGREEMENT, "a ledger file holds other bytes than were agreed");
    free(bytes[0]);
    free(bytes[1]);
    rota_block_release(stored);
}

/* The auditor gets the file as a stranger would: closed, and with nothing beside it. */
static void judge_audit(struct side *side)
{
    rota_chain_close(&side->chain);
    const struct sim_vfs_file *file = sim_vfs_find(&side->disk, side->names[LEDGER]);
    const struct rota_genesis *genesis = &sim_side_network(side->sim)->genesis;
    int copy = sim_side_network(side->sim)->files[side->replica->index][LEDGER];
    ROTA_ASSERT(file && ftruncate(copy, 0) == 0 && pwrite(copy, file->data, file->size, 0) == (ssize_t)file->size);
    struct rota_audit_options options = {.path = side->names[LEDGER], .genesis = rota_view(genesis->bytes, genesis->len)};
    struct rota_audit_report report;
    rota_audit_run(&report, &options);
    if (report.verdict != ROTA_VERDICT_VALID_UNANCHORED || report.height != side->sim->agreed_height) {
        fprintf(stderr, "%s at %llu: %s\n", rota_verdict_name(report.verdict), (unsigned long long)report.height,
                report.failure_count > 0 ? report.failures[0].text : "");
        sim_fail(side->sim, SIM_AUDIT, "the auditor finds fault with a ledger file");
    }
    rota_audit_report_free(&report);
}

void sim_real_judge(struct sim *sim)
{
    uint32_t audited = (uint32_t)sim_draw(sim, SIM_DISK, sim->membership.count);
    while (sim_is_liar(sim, audited))
        audited = (audited + 1) % sim->membership.count;
    for (uint32_t i = 0; i < sim->membership.count; i++) {
        struct side *side = sim_side_of(sim, &sim->replicas[i]);
        for (uint64_t h = 1; h <= side->chain.height && !sim_is_liar(sim, i); h++) /* a liar's disk is its own affair */
            judge_block(side, h);
    }
    struct side *side = sim_side_of(sim, &sim->replicas[audited]);
    judge_audit(side);
    rota_journal_close(side->journal);
    rota_pool_free(&side->pool);
    side->open = false;
    side->replica->up = false;
}
