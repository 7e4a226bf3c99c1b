/* Disks that forget: wiped, or put back to an older state. The replica must be down; what it once said stays in the shadow.
 */
#include "tests/sim/sim_liar.h"

static uint8_t *bytes_copy(const uint8_t *from, size_t len)
{
    if (!from)
        return NULL;
    uint8_t *copy = malloc(len);
    ROTA_ASSERT(copy);
    memcpy(copy, from, len);
    return copy;
}

void sim_disk_free(struct sim_disk *disk)
{
    for (uint64_t h = 0; h < SIM_HEIGHTS_MAX; h++)
        free(disk->certificates[h]);
    free(disk->view_change);
    free(disk->new_view);
    for (uint32_t k = 0; k < disk->kept_count; k++)
        free(disk->kept_views[k].bytes);
    free(disk->kept_views);
    memset(disk, 0, sizeof *disk);
}

static void disk_copy(struct sim_disk *to, const struct sim_disk *from)
{
    *to = *from;
    for (uint64_t h = 0; h < SIM_HEIGHTS_MAX; h++)
        to->certificates[h] = NULL;
    for (uint64_t h = 1; h <= from->height; h++)
        to->certificates[h] = (void *)bytes_copy((const void *)from->certificates[h], sizeof *from->certificates[h]);
    to->view_change = bytes_copy(from->view_change, from->view_change_len);
    to->new_view = bytes_copy(from->new_view, from->new_view_len);
    to->kept_views = (void *)bytes_copy((const void *)from->kept_views, from->kept_count * sizeof *from->kept_views);
    for (uint32_t k = 0; k < from->kept_count; k++)
        to->kept_views[k].bytes = bytes_copy(from->kept_views[k].bytes, from->kept_views[k].len);
}

void sim_wipe(struct sim *sim, const char *who)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        if (!(members >> i & 1))
            continue;
        ROTA_ASSERT(!sim->replicas[i].up);
        sim_disk_free(&sim->replicas[i].disk);
        if (sim->parts)
            sim->parts->forget(sim, &sim->replicas[i], SIM_FORGET_ALL);
        sim_check_forgot(sim, i);
    }
}

void sim_wipe_journal(struct sim *sim, const char *who)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        struct sim_disk *disk = &sim->replicas[i].disk;
        if (!(members >> i & 1))
            continue;
        ROTA_ASSERT(!sim->replicas[i].up);
        free(disk->view_change);
        free(disk->new_view);
        disk->view_change = disk->new_view = NULL;
        disk->used = disk->has_durable = false;
        disk->pending_count = 0;
        disk->runs = 0;
        memset(disk->pieces, 0, sizeof disk->pieces);
        if (sim->parts)
            sim->parts->forget(sim, &sim->replicas[i], SIM_FORGET_JOURNAL);
        sim_check_forgot(sim, i);
    }
}

void sim_backup(struct sim *sim, const char *who)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        if (!(members >> i & 1))
            continue;
        if (!sim->backups[i]) {
            sim->backups[i] = calloc(1, sizeof *sim->backups[i]);
            ROTA_ASSERT(sim->backups[i]);
        }
        sim_disk_free(sim->backups[i]);
        disk_copy(sim->backups[i], &sim->replicas[i].disk);
        if (sim->parts)
            sim->parts->forget(sim, &sim->replicas[i], SIM_FORGET_BACKUP);
    }
}

void sim_restore(struct sim *sim, const char *who)
{
    uint32_t members = sim_who(sim, who);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        if (!(members >> i & 1))
            continue;
        ROTA_ASSERT(!sim->replicas[i].up && sim->backups[i]);
        sim_disk_free(&sim->replicas[i].disk);
        disk_copy(&sim->replicas[i].disk, sim->backups[i]);
        if (sim->parts)
            sim->parts->forget(sim, &sim->replicas[i], SIM_FORGET_RESTORE);
        sim_check_forgot(sim, i);
        sim->forgetful |= UINT32_C(1) << i;
        sim->put_back |= UINT32_C(1) << i;
    }
}

uint32_t sim_standing(const struct sim *sim)
{
    uint32_t facilities = 0;
    for (uint32_t i = 0; i < sim->latest->membership.count; i++) {
        const struct sim_disk *disk = &sim->replicas[sim->latest->seats[i]].disk;
        if (disk->has_durable && !disk->unsure && disk->durable.standing == ROTA_STANDING_MEMBER &&
            disk->durable.epoch == sim->latest->membership.epoch)
            facilities |= UINT32_C(1) << sim->latest->seats[i];
    }
    return facilities;
}

bool sim_is_founded(const struct sim *sim)
{
    return (sim->latest->facilities & ~(sim_standing(sim) | sim->liars)) == 0;
}

/* One more may lose its memory. */
bool sim_memory_is_whole(const struct sim *sim)
{
    return sim_is_founded(sim) && sim->forgetful == 0;
}
