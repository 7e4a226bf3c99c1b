#include "node/directory.h"

#include "crypto/broken.h"

static bool keys_equal(const struct rota_ed25519_public *a, const struct rota_ed25519_public *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static bool directory_has(const struct rota_directory *directory, const struct rota_ed25519_public *key)
{
    for (uint32_t i = 0; i < directory->count; i++)
        if (keys_equal(&directory->contacts[i].key, key))
            return true;
    return false;
}

static void directory_add(struct rota_directory *directory, const struct rota_ed25519_public *key,
                          const struct rota_member *member)
{
    if (directory_has(directory, key))
        return;
    ROTA_ASSERT(directory->count < ROTA_CONTACTS_MAX);
    struct rota_contact *contact = &directory->contacts[directory->count++];
    *contact = (struct rota_contact){.key = *key};
    if (!member)
        return;
    contact->id = member->id;
    memcpy(contact->address, member->address, sizeof contact->address);
}

/* Of the members before: an id that somebody else's key bears now says nothing about where this key is reached. */
static void directory_add_former(struct rota_directory *directory, const struct rota_membership *before)
{
    for (uint32_t i = 0; before && i < before->count; i++) {
        const struct rota_member *former = &before->members[i];
        bool in_use = rota_member_find(directory->membership, &former->id) < directory->membership->count;
        if (ROTA_BROKEN(former_members_are_strangers, true, false))
            directory_add(directory, &former->key, in_use ? NULL : former);
    }
}

/* Of two who know each other by name the smaller name calls, in whatever epoch each of them is. A guest without a name calls
 * the members. */
static bool directory_calls(const struct rota_directory *directory, uint32_t i)
{
    const struct rota_contact *ours = &directory->contacts[directory->self], *theirs = &directory->contacts[i];
    if (i == directory->self || theirs->address[0] == '\0')
        return false;
    if (ours->id.text[0] == '\0')
        return i < directory->membership->count;
    return strcmp(ours->id.text, theirs->id.text) < 0;
}

void rota_directory_make(struct rota_directory *out, const struct rota_membership *now, const struct rota_membership *before,
                         const struct rota_ed25519_public *self, const struct rota_ed25519_public *readers,
                         uint32_t reader_count)
{
    ROTA_ASSERT(reader_count <= ROTA_READERS_MAX);
    memset(out, 0, sizeof *out);
    out->membership = out->certifiers = now;
    for (uint32_t i = 0; i < now->count; i++)
        directory_add(out, &now->members[i].key, &now->members[i]);
    directory_add_former(out, before);
    directory_add(out, self, NULL);
    for (uint32_t i = 0; i < reader_count; i++)
        directory_add(out, &readers[i], NULL);
    while (!keys_equal(&out->contacts[out->self].key, self))
        out->self++;
    for (uint32_t i = 0; i < out->count; i++)
        out->contacts[i].call = directory_calls(out, i);
}
