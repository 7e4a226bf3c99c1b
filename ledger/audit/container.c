#include "ledger/audit/inside.h"

#include <fcntl.h>
#include <unistd.h>

static bool container_hash_bytes(struct audit *audit, int file)
{
    static _Thread_local uint8_t buffer[64 * 1024];
    struct rota_digest digest;
    ssize_t got;
    rota_digest_start(&digest, NULL);
    while ((got = read(file, buffer, sizeof buffer)) > 0) {
        rota_digest_add(&digest, buffer, (size_t)got);
        audit->report->file_bytes += (uint64_t)got;
    }
    audit->report->file_hash = rota_digest_finish(&digest);
    return got == 0;
}

static bool container_hash(struct audit *audit)
{
    int file = open(audit->options->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool fine =
        file >= 0 && fstat(file, &audit->file) == 0 && S_ISREG(audit->file.st_mode) && container_hash_bytes(audit, file);
    if (file >= 0)
        close(file);
    if (fine)
        audit_pass(audit, CHECK_A1, 1);
    else
        audit_fail(audit, CHECK_A1, WEIGHT_UNREADABLE, 0, UINT64_MAX, "the file cannot be read");
    return fine;
}

/* Whoever audits a file that is still written to, or exchanged under our hands, is told so: what was hashed at the
 * beginning is then not what was checked. */
void audit_file_is_same(struct audit *audit)
{
    struct stat now;
    const struct stat *then = &audit->file;
    if (stat(audit->options->path, &now) == 0 && now.st_dev == then->st_dev && now.st_ino == then->st_ino &&
        now.st_size == then->st_size && now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == then->st_mtim.tv_nsec && now.st_ctim.tv_sec == then->st_ctim.tv_sec &&
        now.st_ctim.tv_nsec == then->st_ctim.tv_nsec)
        return;
    audit_fail(audit, CHECK_A1, WEIGHT_UNREADABLE, 0, UINT64_MAX,
               "the file changed while it was being checked; check a copy");
}

static bool container_open(struct audit *audit)
{
    static const struct {
        enum audit_check check;
        enum audit_weight weight;
    } findings[] = {
        [ROTA_STORE_NO_ACCESS] = {CHECK_A1, WEIGHT_UNREADABLE}, [ROTA_STORE_OTHER_FILE] = {CHECK_A2, WEIGHT_UNREADABLE},
        [ROTA_STORE_NEWER] = {CHECK_A2, WEIGHT_UNSUPPORTED},    [ROTA_STORE_DAMAGED] = {CHECK_A3, WEIGHT_UNREADABLE},
        [ROTA_STORE_OTHER_SCHEMA] = {CHECK_A4, WEIGHT_INVALID}, [ROTA_STORE_LEFTOVER] = {CHECK_A5, WEIGHT_UNREADABLE},
    };
    struct rota_store_inspection inspection;
    struct rota_status status = rota_store_inspect(&audit->store, &inspection, audit->options->path);
    if (!rota_is_ok(status)) {
        audit_fail(audit, findings[inspection.finding].check, findings[inspection.finding].weight, 0, UINT64_MAX, "%s",
                   inspection.text[0] != '\0' ? inspection.text : status.why);
        return false;
    }
    for (int check = CHECK_A2; check <= CHECK_A5; check++)
        audit_pass(audit, (enum audit_check)check, 1);
    return true;
}

/* Who the members are was decided at a table where people met; a set that is too small to be safe is worth a word. */
static bool container_members(struct audit *audit)
{
    const struct rota_membership *membership = &audit->genesis.membership;
    uint32_t f = rota_fault_bound(membership->count, membership->profile);
    bool fine = membership->count >= 1 && membership->count <= ROTA_MEMBERS_MAX && membership->count >= 3 * f + 1;
    for (uint32_t i = 0; i < membership->count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const struct rota_member *a = &membership->members[i], *b = &membership->members[j];
            fine = fine && !rota_token_equal(&a->id, &b->id) && memcmp(a->key.b, b->key.b, sizeof a->key.b) != 0;
        }
    }
    if (fine)
        audit_pass(audit, CHECK_B3, 1);
    else
        audit_fail(audit, CHECK_B3, WEIGHT_INVALID, 0, UINT64_MAX,
                   "the members in the genesis are not distinct, or not enough");
    return fine;
}

static bool container_genesis(struct audit *audit)
{
    struct rota_hash ours = rota_ledger_id(audit->options->genesis);
    struct rota_hash theirs = rota_ledger_id(rota_store_genesis(audit->store));
    if (!rota_view_equal(audit->options->genesis, rota_store_genesis(audit->store))) {
        audit_fail(audit, CHECK_B1, WEIGHT_INVALID, 0, UINT64_MAX,
                   "the file belongs to another ledger: its genesis hashes to %s, yours to %s",
                   audit_short_hex(theirs.b).text, audit_short_hex(ours.b).text);
        return false;
    }
    audit_pass(audit, CHECK_B1, 1);
    struct rota_status status = rota_genesis_parse(&audit->genesis, audit->options->genesis);
    if (!rota_is_ok(status)) {
        audit_fail(audit, CHECK_B2, status.code == ROTA_UNSUPPORTED ? WEIGHT_UNSUPPORTED : WEIGHT_INVALID, 0, UINT64_MAX,
                   "the genesis: %s", status.why);
        return false;
    }
    audit_pass(audit, CHECK_B2, 1);
    audit_pass(audit, CHECK_B4, audit->genesis.membership.count + audit->genesis.coordinator_count);
    return container_members(audit);
}

bool audit_container(struct audit *audit)
{
    audit->report->ledger_id = rota_ledger_id(audit->options->genesis);
    return container_hash(audit) && container_open(audit) && container_genesis(audit);
}
