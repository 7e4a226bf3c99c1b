/* Who gets a link and who of each pair calls (PROTOCOL M10). */
#include "node/directory.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct rota_ed25519_public key_of(const char *id, uint8_t turn)
{
    struct rota_ed25519_public key = {{0}};
    memcpy(key.b, id, strlen(id));
    key.b[31] = turn;
    return key;
}

static void member_add(struct rota_membership *membership, const char *id, uint8_t turn)
{
    struct rota_member *member = &membership->members[membership->count++];
    cr_assert(rota_is_ok(rota_token_parse(&member->id, rota_view_text(id))));
    member->key = key_of(id, turn);
    (void)snprintf(member->address, sizeof member->address, "tcp://%s:1", id);
}

static const struct rota_contact *contact_of(const struct rota_directory *directory, const char *id, uint8_t turn)
{
    struct rota_ed25519_public key = key_of(id, turn);
    for (uint32_t i = 0; i < directory->count; i++)
        if (memcmp(directory->contacts[i].key.b, key.b, sizeof key.b) == 0)
            return &directory->contacts[i];
    return NULL;
}

static void make(struct rota_directory *out, const struct rota_membership *now, const struct rota_membership *before,
                 const char *self, uint8_t turn)
{
    struct rota_ed25519_public key = key_of(self, turn), reader = key_of("reader", 0);
    rota_directory_make(out, now, before, &key, &reader, 1);
}

Test(directory, the_smaller_name_calls_in_whatever_epoch_either_is)
{
    struct rota_membership before = {0}, now = {0};
    static struct rota_directory old, young;
    member_add(&before, "delta", 0);
    member_add(&before, "alpha", 0);
    member_add(&now, "alpha", 0);
    member_add(&now, "delta", 0);
    make(&old, &before, NULL, "delta", 0);
    make(&young, &now, &before, "alpha", 0);
    cr_assert(!contact_of(&old, "alpha", 0)->call);
    cr_assert(contact_of(&young, "delta", 0)->call);
    cr_assert_eq(old.self, 0);
    cr_assert_eq(young.self, 0);
}

Test(directory, who_was_a_member_is_a_guest_and_strangers_are_nothing)
{
    struct rota_membership before = {0}, now = {0};
    static struct rota_directory directory;
    member_add(&before, "alpha", 0);
    member_add(&before, "bravo", 0);
    member_add(&before, "delta", 0);
    member_add(&now, "alpha", 0);
    member_add(&now, "delta", 1); /* another key */
    make(&directory, &now, &before, "alpha", 0);
    cr_assert_eq(directory.count, 5, "two members, two keys of before, one reader");
    cr_assert(contact_of(&directory, "bravo", 0)->call, "reached where it was");
    cr_assert(!contact_of(&directory, "delta", 0)->call, "its name leads to another key now: it has to call");
    cr_assert(!contact_of(&directory, "reader", 0)->call);
    cr_assert(!contact_of(&directory, "echo", 0));
}

Test(directory, a_follower_calls_the_members)
{
    struct rota_membership now = {0};
    static struct rota_directory directory;
    member_add(&now, "alpha", 0);
    member_add(&now, "zulu", 0);
    make(&directory, &now, NULL, "mike", 0);
    cr_assert_eq(directory.self, 2);
    cr_assert(contact_of(&directory, "alpha", 0)->call && contact_of(&directory, "zulu", 0)->call);
    make(&directory, &now, NULL, "alpha", 0);
    cr_assert(!contact_of(&directory, "mike", 0), "and they do not know it unless they are told");
}
