/* What the shell asks for, carried out by the node's own chain, pool and journal, as node/act.c and node/durable.c do. The
 * shell's sim_disk goes on beside them: it says what the files must hold when they are opened again. */
#include "tests/sim/sim_real.h"

#include "ledger/audit/audit.h"
#include "node/chain.h"
#include "node/journal.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_vfs.h"

#include <sqlite3.h>
#include <unistd.h>

enum { LEDGER, JOURNAL, POSTPONED_MAX = 16 };

/* What one replica has. */
struct side {
    struct sim *sim;
    struct sim_replica *replica;
    char names[SIM_FILES][SIM_NETWORK_NAME_MAX];
    struct sim_vfs_disk disk, backup;
    bool open;
    struct rota_chain chain;
    struct rota_journal *journal;
    struct rota_pool pool;
    uint64_t synced;           /* height of the ledger at the last sync that returned */
    struct rota_status failed; /* not ok: the node would stop at the end of this turn */
    bool had_durable;          /* before a durable point that failed */
    struct rota_durable old_durable;
};

struct real {
    struct sim_network *network;
    struct side *sides[ROTA_MEMBERS_MAX];
};

static struct sim *current; /* SQLite knows no simulation: there is one at a time */
static struct sim_vfs_disk *substitute;

static struct side *side_of(const struct sim *sim, const struct sim_replica *replica)
{
    return ((struct real *)sim->real)->sides[replica->index];
}

static struct sim_network *network_of(const struct sim *sim)
{
    return ((struct real *)sim->real)->network;
}

static uint64_t disk_draw(void)
{
    return sim_draw(current, SIM_DISK, UINT64_MAX);
}

/* "NAME", "NAME-wal", "NAME-journal". */
static bool name_belongs(const char *file, const char *name)
{
    size_t len = strlen(name);
    return strncmp(file, name, len) == 0 && (file[len] == '\0' || file[len] == '-');
}

static struct sim_vfs_disk *disk_find(const char *name)
{
    if (substitute)
        return substitute;
    for (uint32_t i = 0; current && i < current->membership.count; i++) {
        struct side *side = ((struct real *)current->real)->sides[i];
        if (side && (name_belongs(name, side->names[LEDGER]) || name_belongs(name, side->names[JOURNAL])))
            return &side->disk;
    }
    return NULL;
}

/* ---- signatures ----------------------------------------------------------------------------------------------------- */

static void real_sign(struct sim *sim, uint32_t member, struct rota_signature *out, struct rota_view preimage)
{
    rota_ed25519_sign(out, &network_of(sim)->facilities[member], preimage);
}

/* Good signatures are remembered: n replicas look at each of them again and again. */
static bool memo_verify(const struct rota_ed25519_public *key, struct rota_view message,
                        const struct rota_signature *signature)
{
    static struct rota_hash known[1 << 14];
    struct rota_digest digest;
    rota_digest_start(&digest, NULL);
    rota_digest_add(&digest, key->b, sizeof key->b);
    rota_digest_add(&digest, signature->b, sizeof signature->b);
    rota_digest_add(&digest, message.data, message.len);
    struct rota_hash name = rota_digest_finish(&digest);
    struct rota_hash *slot = &known[(name.b[0] | (uint32_t)name.b[1] << 8) % (1 << 14)];
    if (rota_hash_equal(slot, &name))
        return true;
    if (!rota_ed25519_verify(key, message, signature))
        return false;
    *slot = name;
    return true;
}

/* ---- blocks --------------------------------------------------------------------------------------------------------- */

/* The shell's view of a real block: its requests by number. */
static const struct sim_block *block_wrap(struct sim *sim, struct rota_block *block)
{
    const struct sim_block *known = sim_block_find(sim, &block->hash);
    if (known)
        return known;
    struct sim_block wrapped = {.hash = block->hash, .header = block->header, .real = rota_block_retain(block)};
    for (uint32_t i = 0; i < block->entry_count; i++) {
        uint32_t request = sim_network_request(network_of(sim), &block->entries[i].id);
        if (request != UINT32_MAX && wrapped.request_count < SIM_BLOCK_REQUESTS_MAX)
            wrapped.requests[wrapped.request_count++] = request;
    }
    return sim_block_add(sim, &wrapped);
}

static void on_executed(void *context, const struct rota_block *block)
{
    struct side *side = context;
    uint64_t now_ms = sim_local_ms(side->sim, side->replica);
    for (uint32_t i = 0; i < block->entry_count; i++) {
        struct rota_waiting *waiting = rota_pool_find(&side->pool, &block->entries[i].id);
        if (waiting)
            rota_pool_take(&side->pool, waiting, now_ms);
    }
    const struct rota_executed *top = &side->chain.stack[side->chain.depth - 1];
    ROTA_ASSERT(top->block == block);
    sim_block_push(side->sim, side->replica, block_wrap(side->sim, top->block));
}

static void on_taken_back(void *context, const struct rota_block *block)
{
    struct side *side = context;
    uint64_t now_ms = sim_local_ms(side->sim, side->replica);
    sim_block_pop(side->sim, side->replica);
    for (uint32_t i = block->entry_count; i-- > 0;) {
        if (block->entries[i].kind == ROTA_ENTRY_RECORD)
            continue;
        struct rota_waiting *waiting = rota_pool_find(&side->pool, &block->entries[i].id);
        if (waiting)
            rota_pool_give_back(&side->pool, waiting, now_ms);
        else
            (void)!rota_is_ok(rota_pool_add(&side->pool, &waiting, &block->entries[i], false, now_ms));
    }
}

static void on_final(void *context, const struct rota_executed *executed)
{
    struct side *side = context;
    for (uint32_t i = 0; i < executed->block->entry_count; i++) {
        struct rota_waiting *waiting = rota_pool_find(&side->pool, &executed->block->entries[i].id);
        if (waiting)
            rota_pool_remove(&side->pool, waiting);
    }
}

static void side_fail(struct side *side, struct rota_status status)
{
    if (!rota_is_ok(status) && rota_is_ok(side->failed))
        side->failed = status;
}

static void real_hold(struct sim *sim, struct sim_replica *replica, const struct sim_block *block)
{
    struct side *side = side_of(sim, replica);
    if (side->open)
        rota_chain_hold(&side->chain, block->real, block->header.proposer, false);
}

static enum rota_check real_check(struct sim *sim, struct sim_replica *replica, const struct rota_action *action)
{
    struct side *side = side_of(sim, replica);
    struct rota_first_vote first = {sim_wall_ms(sim, replica) + sim->timers.clock_ms, &action->check.anchor};
    enum rota_check verdict = rota_chain_check(&side->chain, action->check.height, &action->check.parent,
                                               &action->check.block, action->check.judge_time ? &first : NULL);
    side_fail(side, side->chain.failed);
    return verdict;
}

static const struct sim_block *real_build(struct sim *sim, struct sim_replica *replica, const struct rota_action *action)
{
    struct side *side = side_of(sim, replica);
    uint64_t wall_ms = sim_wall_ms(sim, replica), after_ms = action->build.after_ms;
    const struct rota_block *block = rota_chain_build(&side->chain, &side->pool, action->build.height, &action->build.parent,
                                                      wall_ms > after_ms ? wall_ms : after_ms + 1, &action->build.anchor);
    side_fail(side, side->chain.failed);
    if (!block)
        return NULL;
    const struct sim_block *wrapped = sim_block_find(sim, &block->hash);
    ROTA_ASSERT(wrapped);
    sim_block_hold(sim, replica, wrapped);
    return wrapped;
}

static void real_rollback(struct sim *sim, struct sim_replica *replica)
{
    rota_chain_rollback(&side_of(sim, replica)->chain);
}

static void real_commit(struct sim *sim, struct sim_replica *replica, const struct rota_certificate *certificate)
{
    struct side *side = side_of(sim, replica);
    struct rota_status status = rota_chain_commit(&side->chain, certificate);
    if (status.code == ROTA_INCOMPLETE)
        sim_fail(sim, SIM_EXECUTION, status.why);
    side_fail(side, status);
}

/* ---- requests ------------------------------------------------------------------------------------------------------- */

static void real_request(struct sim *sim, struct sim_replica *replica, uint32_t request)
{
    struct side *side = side_of(sim, replica);
    struct rota_entry entry = rota_entry_of_proposal(sim_network_proposal(network_of(sim), request));
    struct rota_waiting *waiting;
    uint64_t height;
    uint32_t index;
    if (!rota_chain_find(&side->chain, &entry.id, &height, &index) &&
        rota_is_ok(rota_state_admit(side->chain.state, &entry)))
        (void)!rota_is_ok(rota_pool_add(&side->pool, &waiting, &entry, true, sim_local_ms(sim, replica)));
    rota_entry_release(&entry);
}

/* As node/admission.c tells the core: one that no primary could order now is put off. */
static uint32_t real_waiting(struct sim *sim, struct sim_replica *replica, uint64_t *out_since_ms)
{
    struct side *side = side_of(sim, replica);
    uint64_t now_ms = sim_local_ms(sim, replica);
    const struct rota_lane *lane = NULL;
    for (int i = 0; i < POSTPONED_MAX && (lane = side->pool.oldest) != NULL; i++) {
        if (now_ms - lane->since_ms < side->pool.slack_ms || rota_chain_may(&side->chain, &lane->first->entry))
            break;
        rota_pool_postpone(&side->pool, lane->first, now_ms);
    }
    *out_since_ms = lane ? lane->since_ms : now_ms;
    return side->pool.waiting;
}

/* ---- the durable point ---------------------------------------------------------------------------------------------- */

static void real_save_block(struct sim *sim, struct sim_replica *replica, const struct sim_block *block)
{
    struct side *side = side_of(sim, replica);
    if (!rota_chain_held(&side->chain, &block->hash))
        sim_fail(sim, SIM_EXECUTION, "a vote would rest on a block whose body is not held any more");
    struct rota_held *held = rota_blocks_find(&side->chain.blocks, &block->hash);
    if (held)
        held->kept = true;
    side_fail(side, rota_journal_save_block(side->journal, block->real));
}

static void real_save_message(struct sim *sim, struct sim_replica *replica, const struct rota_message *message,
                              bool accepted)
{
    struct side *side = side_of(sim, replica);
    side_fail(side, rota_journal_save_message(side->journal, message));
    if (!accepted)
        return;
    uint8_t *bytes = malloc(ROTA_MESSAGE_BYTES_MAX);
    ROTA_ASSERT(bytes);
    struct rota_writer writer = rota_writer(bytes, ROTA_MESSAGE_BYTES_MAX);
    rota_message_encode(&writer, message);
    side_fail(side, rota_chain_keep_new_view(&side->chain, message->new_view.view, rota_view(bytes, writer.len)));
    free(bytes);
}

static struct rota_status side_sync(struct side *side, bool save_durable, bool journal_too)
{
    bool ledger_changed = side->chain.in_transaction, synced;
    ROTA_TRY(side->failed);
    ROTA_TRY(rota_chain_sync(&side->chain));
    side->synced = side->chain.height;
    if (!journal_too)
        return rota_ok();
    if (ledger_changed)
        rota_journal_forget(side->journal, side->chain.height);
    if (save_durable)
        ROTA_TRY(rota_journal_save(side->journal, rota_core_durable(side->replica->core)));
    return rota_journal_sync(side->journal, &synced);
}

static bool real_sync(struct sim *sim, struct sim_replica *replica, bool save_durable, const enum sim_crash_point *crash)
{
    struct side *side = side_of(sim, replica);
    if (crash && *crash == SIM_CRASH_BEFORE)
        return true;
    struct rota_status status = side_sync(side, save_durable && !sim->forgets_saves, !crash || *crash == SIM_CRASH_AFTER);
    if (rota_is_ok(status))
        return true;
    if (!side->disk.failed)
        sim_fail(sim, SIM_DURABILITY, status.why);
    side->had_durable = replica->disk.has_durable;
    side->old_durable = replica->disk.durable;
    return false;
}

static void real_break(struct sim *sim, struct sim_replica *replica, uint32_t countdown, uint32_t kind)
{
    struct sim_vfs_disk *disk = &side_of(sim, replica)->disk;
    static const enum sim_vfs_failure kinds[] = {SIM_VFS_POWER, SIM_VFS_EIO, SIM_VFS_FSYNC, SIM_VFS_FULL};
    disk->failure = kinds[kind % (sizeof kinds / sizeof kinds[0])];
    disk->countdown = countdown;
    disk->failed = false;
}

/* ---- dying and coming back ------------------------------------------------------------------------------------------ */

/* The handles are closed on a dead disk, so that closing saves nothing; then the disk is what the power left of it. */
static void real_stop(struct sim *sim, struct sim_replica *replica)
{
    struct side *side = side_of(sim, replica);
    if (!side->open)
        return;
    side->open = false;
    side->disk.failure = SIM_VFS_POWER;
    side->disk.failed = true;
    rota_chain_close(&side->chain);
    rota_journal_close(side->journal);
    rota_pool_free(&side->pool);
    sim_vfs_power_cut(&side->disk, (enum sim_vfs_loss)sim_draw(sim, SIM_DISK, 3), disk_draw);
}

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
        saved->blocks[saved->count++] = block_wrap(saved->side->sim, block);
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

static void side_open(struct side *side)
{
    struct sim *sim = side->sim;
    const struct rota_genesis *genesis = &network_of(sim)->genesis;
    struct rota_chain_observer observer = {
        .context = side, .executed = on_executed, .taken_back = on_taken_back, .is_final = on_final};
    ROTA_ASSERT(rota_is_ok(rota_pool_init(&side->pool, ROTA_POOL_ENTRIES_MAX)));
    side->pool.slack_ms = sim->timers.request_ms / 4;
    side->failed = rota_ok();
    struct rota_status status = rota_chain_open(&side->chain, side->names[LEDGER], genesis, network_of(sim)->keyring,
                                                side->replica->index, &observer);
    if (rota_is_ok(status))
        status = rota_journal_open(&side->journal, side->names[JOURNAL], &sim->membership);
    if (!rota_is_ok(status))
        sim_fail(sim, SIM_DURABILITY, status.why);
    side->open = true;
}

static void real_start(struct sim *sim, struct sim_replica *replica)
{
    struct side *side = side_of(sim, replica);
    replica->stack_count = 0;
    side_open(side);
    struct rota_recovered recovered = rota_journal_recovered(side->journal);
    if (recovered.incarnation != replica->disk.runs + 1)
        sim_fail(sim, SIM_DURABILITY, "the journal has miscounted its runs");
    judge_ledger(side);
    judge_durable(side, recovered.durable);
    judge_blocks(side);
    adopt_message(side, &replica->disk.view_change, &replica->disk.view_change_len, recovered.view_change);
    adopt_message(side, &replica->disk.new_view, &replica->disk.new_view_len, recovered.new_view);
}

/* An empty file, as it was made for this member. */
static void file_renew(struct side *side, uint32_t file)
{
    const struct sim_network *network = network_of(side->sim);
    char log[SIM_NETWORK_NAME_MAX + 8];
    snprintf(log, sizeof log, "%s-wal", side->names[file]);
    sim_vfs_remove(&side->disk, log);
    sim_vfs_put(&side->disk, side->names[file], network->images[file], network->image_lens[file]);
}

static void real_forget(struct sim *sim, struct sim_replica *replica, enum sim_forget what)
{
    struct side *side = side_of(sim, replica);
    if (what == SIM_FORGET_ALL)
        file_renew(side, LEDGER);
    if (what == SIM_FORGET_ALL || what == SIM_FORGET_JOURNAL) {
        file_renew(side, JOURNAL);
    } else if (what == SIM_FORGET_BACKUP) {
        sim_vfs_free(&side->backup);
        sim_vfs_copy(&side->backup, &side->disk);
        sim_vfs_power_cut(&side->backup, SIM_VFS_LOSES_ALL, disk_draw);
    } else {
        sim_vfs_free(&side->disk);
        sim_vfs_copy(&side->disk, &side->backup);
    }
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static void real_close(struct sim *sim)
{
    struct real *real = sim->real;
    for (uint32_t i = 0; i < sim->membership.count; i++) {
        real_stop(sim, &sim->replicas[i]);
        sim_vfs_free(&real->sides[i]->disk);
        sim_vfs_free(&real->sides[i]->backup);
        free(real->sides[i]);
    }
    free(real);
    current = NULL;
}

static const struct sim_parts parts = {
    .close = real_close,
    .start = real_start,
    .stop = real_stop,
    .sign = real_sign,
    .request = real_request,
    .waiting = real_waiting,
    .hold = real_hold,
    .check = real_check,
    .build = real_build,
    .rollback = real_rollback,
    .commit = real_commit,
    .save_block = real_save_block,
    .save_message = real_save_message,
    .sync = real_sync,
    .break_disk = real_break,
    .forget = real_forget,
};

void sim_real_furnish(struct sim *sim)
{
    ROTA_ASSERT(!current);
    struct real *real = calloc(1, sizeof *real);
    ROTA_ASSERT(real);
    real->network = sim_network(sim->options.members, sim->membership.profile);
    real->network->genesis.membership.verify = memo_verify;
    real->network->genesis.limits.block_entries_max = SIM_BLOCK_REQUESTS_MAX;
    sim->membership = real->network->genesis.membership;
    sim->real = real;
    sim->parts = &parts;
    for (uint32_t i = 0; i < sim->membership.count; i++) {
        struct side *side = calloc(1, sizeof *side);
        ROTA_ASSERT(side);
        side->sim = sim;
        side->replica = &sim->replicas[i];
        for (uint32_t file = 0; file < SIM_FILES; file++) {
            sim_network_name(side->names[file], real->network, i, file);
            sim_vfs_put(&side->disk, side->names[file], real->network->images[file], real->network->image_lens[file]);
        }
        real->sides[i] = side;
    }
    current = sim;
    sim_vfs_use("/proc/self/fd/", disk_find, disk_draw);
    sqlite3_randomness(0, NULL); /* starts again from our draws */
}

struct sim_vfs_disk *sim_real_disk(struct sim *sim, uint32_t member)
{
    return &((struct real *)sim->real)->sides[member]->disk;
}

uint64_t sim_real_synced(const struct sim *sim, uint32_t member)
{
    return ((const struct real *)sim->real)->sides[member]->synced;
}

void sim_real_substitute(struct sim_vfs_disk *disk)
{
    substitute = disk;
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
    const struct rota_genesis *genesis = &network_of(side->sim)->genesis;
    int copy = network_of(side->sim)->files[side->replica->index][LEDGER];
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
    for (uint32_t i = 0; i < sim->membership.count; i++) {
        struct side *side = side_of(sim, &sim->replicas[i]);
        for (uint64_t h = 1; h <= side->chain.height; h++)
            judge_block(side, h);
    }
    struct side *side = side_of(sim, &sim->replicas[audited]);
    judge_audit(side);
    rota_journal_close(side->journal);
    rota_pool_free(&side->pool);
    side->open = false;
    side->replica->up = false;
}
