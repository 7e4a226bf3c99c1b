/* What the shell asks for, carried out by the node's own chain, pool and journal, as node/act.c and node/durable.c do. The
 * shell's sim_disk goes on beside them: it says what the files must hold when they are opened again. */
#include "tests/sim/sim_real.h"

#include "tests/sim/sim_side.h"

#include <sqlite3.h>

enum { POSTPONED_MAX = 16, EVIDENCE_BYTES_MAX = 16 * 1024 * 1024 };

static struct sim *current; /* SQLite knows no simulation: there is one at a time */
static struct sim_vfs_disk *substitute;

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
    rota_ed25519_sign(out, &sim_side_network(sim)->facilities[member], preimage);
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

static uint32_t entry_request(const struct sim *sim, const struct rota_entry *entry)
{
    if (entry->kind != ROTA_ENTRY_EVIDENCE)
        return sim_network_request(sim_side_network(sim), &entry->id);
    uint32_t piece = sim_piece_find(sim, entry->evidence);
    return piece == UINT32_MAX ? UINT32_MAX : sim->pieces[piece].request;
}

const struct sim_block *sim_side_wrap(struct sim *sim, struct rota_block *block)
{
    const struct sim_block *known = sim_block_find(sim, &block->hash);
    if (known)
        return known;
    struct sim_block wrapped = {
        .hash = block->hash, .header = block->header, .real = rota_block_retain(block), .ticks = rota_block_is_tick(block)};
    for (uint32_t i = 0; i < block->entry_count; i++) {
        uint32_t request = entry_request(sim, &block->entries[i]);
        if (request != UINT32_MAX && wrapped.request_count < SIM_BLOCK_REQUESTS_MAX)
            wrapped.requests[wrapped.request_count++] = request;
        if (block->entries[i].kind == ROTA_ENTRY_RECORD && block->entries[i].record->kind == ROTA_RECORD_RECOVERED) {
            ROTA_ASSERT(wrapped.word_count < SIM_BLOCK_WORDS_MAX);
            wrapped.words[wrapped.word_count++] = block->entries[i].record->recovered;
        }
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
    sim_block_push(side->sim, side->replica, sim_side_wrap(side->sim, top->block));
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

static void real_hold(struct sim *sim, struct sim_replica *replica, const struct sim_block *block, uint32_t from)
{
    struct side *side = sim_side_of(sim, replica);
    if (side->open)
        rota_chain_hold(&side->chain, block->real, from, false);
}

/* A TICK in the place of the last entry, or two entries that change places. Its root is another one. */
static struct rota_block *real_foreign(const struct sim_block *block, uint64_t way)
{
    uint32_t count = block->real ? block->real->entry_count : 0;
    if (count == 0 || rota_block_is_tick(block->real))
        return NULL;
    struct rota_entry *entries = calloc(count, sizeof *entries), first;
    struct rota_record *tick = NULL;
    struct rota_block *made = NULL;
    ROTA_ASSERT(entries);
    for (uint32_t i = 0; i < count; i++)
        entries[i] = rota_entry_share(&block->real->entries[i]);
    first = entries[0];
    if (count > 1 && way % 2) {
        entries[0] = entries[count - 1];
        entries[count - 1] = first;
    } else {
        ROTA_ASSERT(rota_is_ok(rota_record_of_tick(&tick, &(struct rota_tick){block->header.epoch, block->header.height})));
        rota_entry_release(&entries[count - 1]);
        entries[count - 1] = rota_entry_of_record(tick);
        rota_record_release(tick);
    }
    ROTA_ASSERT(rota_is_ok(rota_block_new(&made, &block->header, entries, count)));
    free(entries);
    return made;
}

static bool real_met_foreign(struct sim *sim, struct sim_replica *replica, uint32_t *out_from)
{
    const struct side *side = sim_side_of(sim, replica);
    *out_from = side->chain.foreign_from;
    return side->chain.foreign;
}

static const struct sim_block *real_forge(struct sim *sim, const struct sim_block *block)
{
    const struct sim_block *of = block->real ? sim_block_find(sim, &block->real->hash) : NULL;
    if (!of || of->real->entry_count == 0)
        return NULL;
    uint32_t count = of->real->entry_count, fewer = of->request_count - block->request_count;
    count -= fewer < count ? fewer : count - 1;
    struct rota_entry *entries = calloc(count, sizeof *entries);
    ROTA_ASSERT(entries);
    for (uint32_t i = 0; i < count; i++)
        entries[i] = rota_entry_share(&of->real->entries[i]);
    struct rota_header header = block->header;
    header.entry_count = count;
    header.tree_size -= of->real->entry_count - count;
    struct rota_block *made = NULL;
    ROTA_ASSERT(rota_is_ok(rota_block_new(&made, &header, entries, count)));
    free(entries);
    const struct sim_block *wrapped = sim_side_wrap(sim, made);
    rota_block_release(made);
    return wrapped;
}

static enum rota_check real_check(struct sim *sim, struct sim_replica *replica, const struct rota_action *action)
{
    struct side *side = sim_side_of(sim, replica);
    struct rota_first_vote first = {sim_wall_ms(sim, replica) + sim->timers.clock_ms, &action->check.anchor};
    enum rota_check verdict = rota_chain_check(&side->chain, action->check.height, &action->check.parent,
                                               &action->check.block, action->check.judge_time ? &first : NULL);
    side_fail(side, side->chain.failed);
    return verdict;
}

static const struct sim_block *real_build(struct sim *sim, struct sim_replica *replica, const struct rota_action *action)
{
    struct side *side = sim_side_of(sim, replica);
    uint64_t wall_ms = sim_wall_ms(sim, replica), after_ms = action->build.after_ms;
    const struct rota_wanted wanted = {.height = action->build.height,
                                       .parent = action->build.parent,
                                       .time_ms = wall_ms > after_ms ? wall_ms : after_ms + 1,
                                       .anchor = action->build.anchor,
                                       .bare = action->build.bare,
                                       .tick = action->build.tick,
                                       .recovered = action->build.recovered,
                                       .recovered_count = action->build.recovered_count};
    const struct rota_block *block = rota_chain_build(&side->chain, &side->pool, &wanted);
    side_fail(side, side->chain.failed);
    if (!block)
        return NULL;
    const struct sim_block *wrapped = sim_block_find(sim, &block->hash);
    ROTA_ASSERT(wrapped);
    sim_block_hold(sim, replica, wrapped, replica->index);
    return wrapped;
}

static void real_rollback(struct sim *sim, struct sim_replica *replica)
{
    rota_chain_rollback(&sim_side_of(sim, replica)->chain);
}

static const struct rota_floors *real_floors(struct sim *sim, struct sim_replica *replica, const struct rota_hash *block)
{
    return rota_chain_floors(&sim_side_of(sim, replica)->chain, block);
}

static void real_commit(struct sim *sim, struct sim_replica *replica, const struct rota_certificate *certificate)
{
    struct side *side = sim_side_of(sim, replica);
    struct rota_status status = rota_chain_commit(&side->chain, certificate);
    if (status.code == ROTA_INCOMPLETE)
        sim_fail(sim, SIM_EXECUTION, status.why);
    side_fail(side, status);
}

/* ---- requests ------------------------------------------------------------------------------------------------------- */

static void real_request(struct sim *sim, struct sim_replica *replica, uint32_t request)
{
    struct side *side = sim_side_of(sim, replica);
    struct rota_entry entry = rota_entry_of_proposal(sim_network_proposal(sim_side_network(sim), request));
    struct rota_waiting *waiting;
    uint64_t height;
    uint32_t index;
    if (!rota_chain_find(&side->chain, &entry.id, &height, &index) &&
        rota_is_ok(rota_state_admit(side->chain.state, &entry)))
        (void)!rota_is_ok(rota_pool_add(&side->pool, &waiting, &entry, true, sim_local_ms(sim, replica)));
    rota_entry_release(&entry);
}

/* As node/watch.c takes in what it finds and what it is sent. */
static bool real_evidence(struct sim *sim, struct sim_replica *replica, struct rota_evidence *proof)
{
    struct side *side = sim_side_of(sim, replica);
    struct rota_entry entry = rota_entry_of_evidence(proof);
    struct rota_waiting *waiting;
    uint64_t height;
    uint32_t index;
    bool good = side->open && !rota_pool_find(&side->pool, &entry.id) &&
                !rota_chain_find(&side->chain, &entry.id, &height, &index) &&
                rota_is_ok(rota_chain_verify_entry(&side->chain, &entry)) &&
                rota_is_ok(rota_state_admit(side->chain.state, &entry)) &&
                rota_is_ok(rota_pool_add(&side->pool, &waiting, &entry, false, sim_local_ms(sim, replica)));
    rota_entry_release(&entry);
    return good;
}

/* As node/admission.c tells the core: one that no primary could order now is put off. */
static uint32_t real_waiting(struct sim *sim, struct sim_replica *replica, uint64_t *out_since_ms)
{
    struct side *side = sim_side_of(sim, replica);
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
    struct side *side = sim_side_of(sim, replica);
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
    struct side *side = sim_side_of(sim, replica);
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

static void evidence_put(struct rota_writer *writer, const struct rota_entry *entry)
{
    if (entry->kind == ROTA_ENTRY_EVIDENCE)
        rota_write_long(writer, rota_entry_bytes(entry));
}

static bool evidence_write(void *context, struct rota_waiting *waiting)
{
    evidence_put(context, &waiting->entry);
    return true;
}

static struct rota_status side_save_evidence(struct side *side)
{
    uint8_t *bytes = malloc(EVIDENCE_BYTES_MAX);
    ROTA_ASSERT(bytes);
    struct rota_writer writer = rota_writer(bytes, EVIDENCE_BYTES_MAX);
    rota_pool_each(&side->pool, evidence_write, &writer);
    for (uint32_t i = 0; i < side->chain.depth; i++)
        for (uint32_t k = 0; k < side->chain.stack[i].block->entry_count; k++)
            evidence_put(&writer, &side->chain.stack[i].block->entries[k]);
    struct rota_status status = rota_journal_save_evidence(side->journal, rota_view(bytes, writer.len));
    ROTA_ASSERT(!writer.bad);
    free(bytes);
    return status;
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
    if (side->replica->pieces_unsaved)
        ROTA_TRY(side_save_evidence(side));
    return rota_journal_sync(side->journal, &synced);
}

static bool real_sync(struct sim *sim, struct sim_replica *replica, bool save_durable, const enum sim_crash_point *crash)
{
    struct side *side = sim_side_of(sim, replica);
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
    struct sim_vfs_disk *disk = &sim_side_of(sim, replica)->disk;
    static const enum sim_vfs_failure kinds[] = {SIM_VFS_POWER, SIM_VFS_EIO, SIM_VFS_FSYNC, SIM_VFS_FULL};
    disk->failure = kinds[kind % (sizeof kinds / sizeof kinds[0])];
    disk->countdown = countdown;
    disk->failed = false;
}

/* ---- dying and coming back ------------------------------------------------------------------------------------------ */

/* The handles are closed on a dead disk, so that closing saves nothing; then the disk is what the power left of it. */
static void real_stop(struct sim *sim, struct sim_replica *replica)
{
    struct side *side = sim_side_of(sim, replica);
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

static void side_open(struct side *side)
{
    struct sim *sim = side->sim;
    const struct rota_genesis *genesis = &sim_side_network(sim)->genesis;
    struct rota_chain_observer observer = {
        .context = side, .executed = on_executed, .taken_back = on_taken_back, .is_final = on_final};
    ROTA_ASSERT(rota_is_ok(rota_pool_init(&side->pool, ROTA_POOL_ENTRIES_MAX)));
    side->pool.slack_ms = sim->timers.request_ms / 4;
    side->failed = rota_ok();
    struct rota_status status = rota_chain_open(&side->chain, side->names[LEDGER], genesis, sim_side_network(sim)->keyring,
                                                side->replica->index, &observer);
    if (rota_is_ok(status))
        status = rota_journal_open(&side->journal, side->names[JOURNAL], &sim->membership);
    if (!rota_is_ok(status))
        sim_fail(sim, SIM_DURABILITY, status.why);
    side->open = true;
}

static void real_start(struct sim *sim, struct sim_replica *replica)
{
    struct side *side = sim_side_of(sim, replica);
    replica->stack_count = 0;
    side_open(side);
    sim_side_judge(side);
}

/* An empty file, as it was made for this member. */
static void file_renew(struct side *side, uint32_t file)
{
    const struct sim_network *network = sim_side_network(side->sim);
    char log[SIM_NETWORK_NAME_MAX + 8];
    snprintf(log, sizeof log, "%s-wal", side->names[file]);
    sim_vfs_remove(&side->disk, log);
    sim_vfs_put(&side->disk, side->names[file], network->images[file], network->image_lens[file]);
}

static void real_forget(struct sim *sim, struct sim_replica *replica, enum sim_forget what)
{
    struct side *side = sim_side_of(sim, replica);
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
    .foreign = real_foreign,
    .met_foreign = real_met_foreign,
    .forge = real_forge,
    .evidence = real_evidence,
    .check = real_check,
    .build = real_build,
    .rollback = real_rollback,
    .floors = real_floors,
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
