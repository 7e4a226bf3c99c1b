#include "node/keyring.h"

#include "tests/unit/ledger/fixture.h"

#include <criterion/criterion.h>

static struct rota_keyring *keyring_of(const char *label)
{
    struct rota_keyring *keyring;
    struct rota_es256k_secret secret;
    cr_assert(rota_is_ok(rota_keyring_new(&keyring)));
    fixture_coordinator_secret(&secret, label);
    rota_keyring_add(keyring, &secret.public_key);
    rota_es256k_secret_wipe(&secret);
    return keyring;
}

static struct rota_proposal *keyring_proposal(const struct rota_genesis *genesis, const char *author)
{
    struct fixture_payload payload = {.author = author, .seq = 1, .ops = "[{\"op\":\"code.define\",\"code\":\"X\"}]"};
    return fixture_proposal(genesis, &payload);
}

Test(keyring, finds_exactly_the_keys_that_were_added)
{
    struct rota_keyring *keyring;
    struct rota_es256k_public found;
    char label[32];
    cr_assert(rota_is_ok(rota_keyring_new(&keyring)));
    for (int i = 0; i < 600; i++) { /* over several growths */
        struct rota_es256k_secret secret;
        (void)snprintf(label, sizeof label, "key-%d", i);
        fixture_coordinator_secret(&secret, label);
        rota_keyring_add(keyring, &secret.public_key);
        rota_keyring_add(keyring, &secret.public_key);
    }
    for (int i = 0; i < 700; i++) {
        (void)snprintf(label, sizeof label, "key-%d", i);
        struct rota_kid kid = fixture_kid(label);
        cr_assert_eq(rota_keyring_find(&found, keyring, &kid), i < 600);
        if (i < 600)
            cr_assert(rota_kid_equal(&found.kid, &kid));
    }
    rota_keyring_free(keyring);
}

Test(keyring, verifies_a_proposal_of_a_known_key)
{
    struct rota_genesis genesis;
    struct rota_keyring *keyring = keyring_of("alpha-scheduler");
    fixture_genesis(&genesis, 4);
    struct rota_proposal *known = keyring_proposal(&genesis, "alpha-scheduler");
    struct rota_proposal *unknown = keyring_proposal(&genesis, "bravo-scheduler");
    cr_expect(rota_is_ok(rota_keyring_verify(keyring, known)));
    cr_expect(rota_is_ok(rota_keyring_verify(keyring, known)));
    cr_expect_eq(rota_keyring_verify(keyring, unknown).code, ROTA_UNKNOWN_KEY);
    rota_proposal_release(known);
    rota_proposal_release(unknown);
    rota_genesis_free(&genesis);
    rota_keyring_free(keyring);
}

/* The id leaves the signature out: what was good for one signature says nothing about another. */
Test(keyring, remembers_the_signature_and_not_only_the_id)
{
    struct rota_genesis genesis;
    struct rota_keyring *keyring = keyring_of("alpha-scheduler");
    fixture_genesis(&genesis, 4);
    struct rota_proposal *proposal = keyring_proposal(&genesis, "alpha-scheduler");
    cr_expect(rota_is_ok(rota_keyring_verify(keyring, proposal)));
    for (size_t i = 0; i < ROTA_SIGNATURE_BYTES; i += 9) {
        proposal->jws.signature.b[i] ^= 1;
        cr_expect_eq(rota_keyring_verify(keyring, proposal).code, ROTA_BAD_SIGNATURE);
        proposal->jws.signature.b[i] ^= 1;
    }
    cr_expect(rota_is_ok(rota_keyring_verify(keyring, proposal)));
    rota_proposal_release(proposal);
    rota_genesis_free(&genesis);
    rota_keyring_free(keyring);
}

Test(keyring, verifies_entries_of_every_kind)
{
    struct rota_genesis genesis;
    struct rota_keyring *keyring = keyring_of("alpha-scheduler");
    fixture_genesis(&genesis, 4);
    struct rota_entry entries[] = {
        fixture_entry_of_proposal(keyring_proposal(&genesis, "alpha-scheduler")),
        fixture_entry_of_evidence(fixture_coordinator_evidence(&genesis, "alpha-scheduler", 5)),
        fixture_entry_of_evidence(fixture_vote_evidence(&genesis, ROTA_VOTE_PREPARE, 2, 0, 9, 1)),
    };
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        cr_expect(rota_is_ok(rota_keyring_verify_entry(keyring, &genesis.membership, &entries[i])));
        rota_entry_release(&entries[i]);
    }
    struct rota_entry foreign = fixture_entry_of_evidence(fixture_coordinator_evidence(&genesis, "bravo-scheduler", 5));
    cr_expect_eq(rota_keyring_verify_entry(keyring, &genesis.membership, &foreign).code, ROTA_UNKNOWN_KEY);
    rota_entry_release(&foreign);
    rota_genesis_free(&genesis);
    rota_keyring_free(keyring);
}
