#include "node/manifest.h"

#include "crypto/broken.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char manifest_prefix[] = "recovery-", manifest_suffix[] = ".manifest";

bool rota_manifest_path(char *out, size_t size, const char *directory, uint32_t epoch)
{
    int len = snprintf(out, size, "%s/%s%u%s", directory, manifest_prefix, epoch, manifest_suffix);
    return len > 0 && (size_t)len < size;
}

/* The epoch in such a name, as rota_manifest_path writes it; 0: another file. */
static uint32_t manifest_epoch(const char *name)
{
    char again[64], *end = NULL;
    if (strncmp(name, manifest_prefix, strlen(manifest_prefix)) != 0)
        return 0;
    unsigned long number = strtoul(name + strlen(manifest_prefix), &end, 10);
    if (number == 0 || number > UINT32_MAX)
        return 0;
    (void)snprintf(again, sizeof again, "%s%lu%s", manifest_prefix, number, manifest_suffix);
    return strcmp(name, again) == 0 ? (uint32_t)number : 0;
}

/* Not replaced silently: two manifests for one epoch are two ledgers, and nobody can tell which one this was. */
static struct rota_status manifest_damaged(void)
{
    return rota_fail(ROTA_MALFORMED,
                     "a recovery-EPOCH.manifest of this directory is cut or damaged: move it out of there, and "
                     "put it in again with rota node recover");
}

static struct rota_status manifest_read(struct rota_epoch_change **out, const char *path)
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return rota_fail(ROTA_IO, "a recovery manifest of this directory cannot be opened");
    struct rota_status status = manifest_damaged();
    uint8_t *bytes = NULL;
    if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0 &&
        about.st_size <= ROTA_EPOCH_CHANGE_BYTES_MAX)
        bytes = malloc((size_t)about.st_size);
    if (bytes && read(file, bytes, (size_t)about.st_size) == about.st_size)
        status = rota_epoch_change_parse(out, rota_view(bytes, (size_t)about.st_size));
    free(bytes);
    close(file);
    return rota_is_ok(status) || status.code == ROTA_NO_MEMORY ? status : manifest_damaged();
}

static struct rota_status manifest_load(struct rota_epoch_change **out, const char *directory, uint32_t epoch)
{
    char path[4096];
    if (!rota_manifest_path(path, sizeof path, directory, epoch))
        return rota_fail(ROTA_IO, "the name of this directory is too long");
    ROTA_TRY(manifest_read(out, path));
    if ((*out)->next.membership.epoch == epoch && rota_epoch_is_discontinuity(&(*out)->next))
        return rota_ok();
    rota_epoch_change_release(*out);
    *out = NULL;
    return rota_fail(ROTA_MALFORMED, "a recovery manifest of this directory is of another epoch than its name says");
}

struct rota_status rota_manifest_next(struct rota_epoch_change **out, const char *directory, uint32_t after)
{
    uint32_t next = 0;
    const struct dirent *entry;
    *out = NULL;
    DIR *folder = opendir(directory);
    if (!folder)
        return rota_fail(ROTA_IO, "the node's directory cannot be read");
    errno = 0;
    while ((entry = readdir(folder)) != NULL) {
        uint32_t epoch = manifest_epoch(entry->d_name);
        if (epoch > after && (next == 0 || epoch < next))
            next = epoch;
    }
    bool read_whole = errno == 0;
    closedir(folder);
    if (!read_whole)
        return rota_fail(ROTA_IO, "the node's directory cannot be read");
    return next > 0 ? manifest_load(out, directory, next)
                    : rota_fail(ROTA_NOT_FOUND, "no recovery manifest was put into this directory");
}

/* ---- what it says of the ledger here -------------------------------------------------------------------------------- */

static struct rota_manifest_verdict verdict_wrong(const char *why)
{
    return (struct rota_manifest_verdict){.standing = ROTA_MANIFEST_WRONG, .why = rota_fail(ROTA_WRONG_LEDGER, why)};
}

/* Its epoch has begun here, one way or another. */
static struct rota_manifest_verdict judge_begun(const struct rota_chain *chain, const struct rota_membership *manifest)
{
    const struct rota_epoch *begun = rota_state_epoch_number(chain->state, manifest->epoch);
    if (!rota_hash_equal(&begun->membership.config_hash, &manifest->config_hash))
        return verdict_wrong("the epoch of this recovery manifest has begun in this ledger with another document");
    return (struct rota_manifest_verdict){.standing = ROTA_MANIFEST_BEGUN, .approvals_seen = true, .why = rota_ok()};
}

/* The block that is kept, when this ledger has one of that height. */
static struct rota_manifest_verdict judge_kept(struct rota_chain *chain, const struct rota_discontinuity *kept)
{
    struct rota_block *block = NULL;
    if (!rota_is_ok(rota_chain_block(&block, chain, kept->height)))
        return verdict_wrong("the block of the kept height cannot be read from this ledger");
    bool same = rota_hash_equal(&block->hash, &kept->block);
    rota_block_release(block);
    if (!same)
        return verdict_wrong("this ledger holds another block than the one that the recovery manifest keeps");
    if (ROTA_BROKEN(goes_on_from_what_is_given_up, chain->height == kept->height, true))
        return (struct rota_manifest_verdict){.standing = ROTA_MANIFEST_HERE, .why = rota_ok()};
    return (struct rota_manifest_verdict){
        .standing = ROTA_MANIFEST_GIVES_UP,
        .why = rota_fail(ROTA_WRONG_LEDGER, "this ledger holds blocks above the one that the recovery manifest keeps; the "
                                            "manifest gives them up, so the node cannot go on from this file")};
}

void rota_manifest_judge(struct rota_manifest_verdict *out, struct rota_chain *chain,
                         const struct rota_epoch_change *manifest)
{
    const struct rota_epoch *current = rota_chain_epoch(chain), *next = &manifest->next;
    const struct rota_membership *now = &current->membership;
    ROTA_ASSERT(chain->depth == 0);
    if (!rota_hash_equal(&next->membership.ledger_id, &now->ledger_id)) {
        *out = verdict_wrong("the recovery manifest is for another ledger");
        return;
    }
    if (next->membership.epoch <= now->epoch) {
        *out = judge_begun(chain, &next->membership);
        return;
    }
    *out = (struct rota_manifest_verdict){.standing = ROTA_MANIFEST_AHEAD, .why = rota_ok()};
    if (chain->height >= next->discontinuity.height)
        *out = judge_kept(chain, &next->discontinuity);
    bool is_next = next->membership.epoch == now->epoch + 1;
    if (out->standing == ROTA_MANIFEST_WRONG || (!is_next && out->standing == ROTA_MANIFEST_AHEAD))
        return;
    struct rota_status status = rota_discontinuity_verify(manifest, current, NULL);
    if (!rota_is_ok(status))
        *out = (struct rota_manifest_verdict){.standing = ROTA_MANIFEST_WRONG, .why = status};
    out->approvals_seen = rota_is_ok(status);
}
