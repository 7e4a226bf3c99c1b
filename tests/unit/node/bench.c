#include "bench.h"

#include <sys/stat.h>
#include <unistd.h>

const char *bench_path(const struct bench *bench, const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", bench->folder, name);
    return path;
}

void bench_open(struct bench *bench)
{
    (void)snprintf(bench->folder, sizeof bench->folder, "/tmp/rota-unit-XXXXXX");
    cr_assert(mkdtemp(bench->folder) != NULL);
    fixture_genesis(&bench->genesis, 1);
}

void bench_open_ticking(struct bench *bench, uint32_t tick_ms)
{
    bench_open(bench);
    rota_genesis_free(&bench->genesis);
    fixture_genesis_ticking(&bench->genesis, 1, tick_ms);
}

void bench_close(struct bench *bench)
{
    char command[128];
    rota_genesis_free(&bench->genesis);
    (void)snprintf(command, sizeof command, "rm -r '%s'", bench->folder);
    cr_assert(system(command) == 0);
}

static void on_executed(void *context, const struct rota_block *block)
{
    struct bench_side *side = context;
    side->executed++;
    for (uint32_t i = 0; i < block->entry_count; i++) {
        struct rota_waiting *waiting = rota_pool_find(&side->pool, &block->entries[i].id);
        if (waiting)
            rota_pool_take(&side->pool, waiting, 1);
    }
}

static void on_taken_back(void *context, const struct rota_block *block)
{
    struct bench_side *side = context;
    side->taken_back++;
    for (uint32_t i = block->entry_count; i-- > 0;) {
        struct rota_waiting *waiting = rota_pool_find(&side->pool, &block->entries[i].id);
        if (waiting)
            rota_pool_give_back(&side->pool, waiting, 1);
    }
}

static void on_final(void *context, const struct rota_executed *executed)
{
    struct bench_side *side = context;
    side->made_final++;
    for (uint32_t i = 0; i < executed->block->entry_count; i++) {
        struct rota_waiting *waiting = rota_pool_find(&side->pool, &executed->block->entries[i].id);
        if (waiting)
            rota_pool_remove(&side->pool, waiting);
    }
}

void bench_side_open(struct bench_side *side, const struct bench *bench, const char *name)
{
    const char *path = bench_path(bench, name);
    struct rota_chain_observer observer = {
        .context = side, .executed = on_executed, .taken_back = on_taken_back, .is_final = on_final};
    memset(side, 0, sizeof *side);
    side->chain = calloc(1, sizeof *side->chain);
    cr_assert(side->chain != NULL);
    if (access(path, F_OK) != 0)
        cr_assert(rota_is_ok(rota_store_create(path, &bench->genesis)));
    cr_assert(rota_is_ok(rota_keyring_new(&side->keyring)));
    cr_assert(rota_is_ok(rota_pool_init(&side->pool, 1024)));
    struct rota_status status = rota_chain_open(side->chain, path, &bench->genesis, side->keyring, 0, &observer);
    cr_assert(rota_is_ok(status), "opening: %s", status.why);
}

void bench_side_close(struct bench_side *side)
{
    rota_chain_close(side->chain);
    free(side->chain);
    rota_pool_free(&side->pool);
    rota_keyring_free(side->keyring);
}

struct rota_proposal *bench_enrol(const struct bench *bench, const char *author, uint64_t seq, const char *person)
{
    char ops[128];
    (void)snprintf(ops, sizeof ops, "[{\"op\":\"person.enrol\",\"person\":\"%s\",\"facility\":\"alpha\"}]", person);
    return fixture_proposal(&bench->genesis, &(struct fixture_payload){.author = author, .seq = seq, .ops = ops});
}

void bench_wait(struct bench_side *side, struct rota_proposal *proposal)
{
    struct rota_waiting *waiting = NULL;
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    cr_assert(rota_is_ok(rota_pool_add(&side->pool, &waiting, &entry, true, 0)));
    rota_entry_release(&entry);
    rota_proposal_release(proposal);
}

struct rota_certificate bench_certificate(const struct bench *bench, const struct rota_block *block)
{
    struct rota_certificate certificate = {
        .vote = {.kind = ROTA_VOTE_COMMIT, .height = block->header.height, .block = block->hash}, .signers = 1};
    struct rota_ed25519_secret secret;
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX];
    size_t len = rota_vote_preimage(preimage, &bench->genesis.membership, &certificate.vote);
    fixture_facility_secret(&secret, "alpha");
    rota_ed25519_sign(&certificate.signatures[0], &secret, rota_view(preimage, len));
    rota_ed25519_secret_wipe(&secret);
    return certificate;
}

const struct rota_block *bench_build(struct bench_side *side)
{
    uint64_t top;
    struct rota_hash parent = *rota_chain_top(side->chain, &top);
    uint64_t time_ms = side->chain->genesis->created_ms + 1000 * (top + 1);
    return rota_chain_build(side->chain, &side->pool, &(struct rota_wanted){top + 1, parent, .time_ms = time_ms});
}

struct rota_block *bench_copy(const struct rota_block *block)
{
    size_t size = rota_block_encoded_bytes(block);
    uint8_t *bytes = malloc(size);
    struct rota_block *copy = NULL;
    cr_assert(bytes != NULL);
    struct rota_writer writer = rota_writer(bytes, size);
    rota_block_encode(&writer, block);
    cr_assert(rota_is_ok(rota_block_decode(&copy, rota_view(bytes, writer.len))));
    free(bytes);
    return copy;
}

/* The block takes the entries' references over. */
static struct rota_block *bench_forge(const struct rota_block *block, struct rota_entry *entries, uint32_t count)
{
    struct rota_block *forged = NULL;
    cr_assert(rota_is_ok(rota_block_new(&forged, &block->header, entries, count)));
    cr_assert(rota_hash_equal(&forged->hash, &block->hash));
    return forged;
}

static struct rota_entry bench_other_entry(const struct bench *bench, uint64_t seq)
{
    struct rota_proposal *other = bench_enrol(bench, "alpha-director", seq, "n-9");
    struct rota_entry entry = rota_entry_of_proposal(other);
    rota_proposal_release(other);
    return entry;
}

struct rota_block *bench_forge_body(const struct bench *bench, const struct rota_block *block)
{
    struct rota_entry entry = bench_other_entry(bench, 1);
    return bench_forge(block, &entry, 1);
}

struct rota_block *bench_forge_tick(const struct rota_block *block)
{
    struct rota_record *record = NULL;
    struct rota_tick tick = {block->header.epoch, block->header.height};
    cr_assert(rota_is_ok(rota_record_of_tick(&record, &tick)));
    struct rota_entry entry = rota_entry_of_record(record);
    rota_record_release(record);
    return bench_forge(block, &entry, 1);
}

struct rota_block *bench_forge_longer(const struct bench *bench, const struct rota_block *block)
{
    struct rota_entry entries[] = {bench_other_entry(bench, 1), bench_other_entry(bench, 2)};
    return bench_forge(block, entries, 2);
}
